
#include "ngx_gw_jwt_claims.h"


/* RFC 6838 section 4.2 lets a type have 127 and a subtype 127 characters */
#define NGX_GW_JWT_MAX_TYPE    256

#define ngx_gw_jwt_control(c)  ((c) < 0x20 || (c) == 0x7f)


static ngx_uint_t ngx_gw_jwt_type_match(ngx_gw_jwt_t *jwt,
    ngx_array_t *types);
static ngx_uint_t ngx_gw_jwt_listed(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_array_t *list);
static ngx_uint_t ngx_gw_jwt_equal(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_str_t *value);
static ngx_uint_t ngx_gw_jwt_compare(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_uint_t op, ngx_str_t *value);
static ngx_uint_t ngx_gw_jwt_contains(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_str_t *value);
static ngx_uint_t ngx_gw_jwt_word(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_str_t *value);
static size_t ngx_gw_jwt_text_len(ngx_gw_json_t *json, ngx_uint_t node);
static u_char *ngx_gw_jwt_text_write(ngx_gw_json_t *json, ngx_uint_t node,
    u_char *dst);
static u_char *ngx_gw_jwt_json_write(u_char *src, size_t len, u_char *dst);


const ngx_str_t  ngx_gw_jwt_ops[NGX_GW_JWT_NOPS] = {
    ngx_string("eq"),
    ngx_string("ne"),
    ngx_string("gt"),
    ngx_string("ge"),
    ngx_string("lt"),
    ngx_string("le"),
    ngx_string("has"),
    ngx_string("any"),
    ngx_string("all")
};


ngx_uint_t
ngx_gw_jwt_judge(ngx_gw_jwt_t *jwt, ngx_gw_jwt_rules_t *rules, int64_t now)
{
    ngx_uint_t      i, status;
    ngx_str_t      *audience;
    ngx_gw_json_t  *json;

    json = &jwt->payload;

    if (rules->types && !ngx_gw_jwt_type_match(jwt, rules->types)) {
        return NGX_GW_JWT_BAD_TYPE;
    }

    if (jwt->exp == NGX_GW_JWT_NO_TIME && rules->require_exp) {
        return NGX_GW_JWT_TOO_LONG_LIVED;
    }

    status = ngx_gw_jwt_judge_times(jwt, rules, now);

    if (status != NGX_GW_JWT_PASSED) {
        return status;
    }

    if (rules->max_lifetime
        && (jwt->iat == NGX_GW_JWT_NO_TIME || jwt->exp == NGX_GW_JWT_NO_TIME
            || jwt->exp - jwt->iat > (int64_t) rules->max_lifetime * 1000))
    {
        return NGX_GW_JWT_TOO_LONG_LIVED;
    }

    if (rules->issuers
        && (jwt->iss == NGX_GW_JSON_NONE
            || !ngx_gw_jwt_listed(json, jwt->iss, rules->issuers)))
    {
        return NGX_GW_JWT_BAD_ISSUER;
    }

    if (rules->audiences == NULL) {
        return NGX_GW_JWT_PASSED;
    }

    if (jwt->aud == NGX_GW_JSON_NONE) {
        return NGX_GW_JWT_BAD_AUDIENCE;
    }

    if (json->nodes[jwt->aud].type != NGX_GW_JSON_ARRAY) {
        return ngx_gw_jwt_listed(json, jwt->aud, rules->audiences)
               ? NGX_GW_JWT_PASSED : NGX_GW_JWT_BAD_AUDIENCE;
    }

    audience = rules->audiences->elts;

    for (i = 0; i < rules->audiences->nelts; i++) {
        if (ngx_gw_jwt_contains(json, jwt->aud, &audience[i])) {
            return NGX_GW_JWT_PASSED;
        }
    }

    return NGX_GW_JWT_BAD_AUDIENCE;
}


ngx_uint_t
ngx_gw_jwt_judge_times(ngx_gw_jwt_t *jwt, ngx_gw_jwt_rules_t *rules,
    int64_t now)
{
    int64_t  leeway;

    leeway = (int64_t) rules->leeway * 1000;

    if (jwt->exp != NGX_GW_JWT_NO_TIME && jwt->exp <= now - leeway) {
        return NGX_GW_JWT_EXPIRED;
    }

    /* no time at all is less than any */

    if (jwt->nbf > now + leeway || jwt->iat > now + leeway) {
        return NGX_GW_JWT_NOT_YET_VALID;
    }

    return NGX_GW_JWT_PASSED;
}


/* typ is a media type, whose "application/" may be left out (RFC 7515) */

static ngx_uint_t
ngx_gw_jwt_type_match(ngx_gw_jwt_t *jwt, ngx_array_t *types)
{
    u_char               buf[NGX_GW_JWT_MAX_TYPE];
    ngx_str_t            typ, *type;
    ngx_uint_t           i;

    if (jwt->typ == NGX_GW_JSON_NONE
        || jwt->header.nodes[jwt->typ].len > NGX_GW_JWT_MAX_TYPE)
    {
        return 0;
    }

    typ.data = buf;
    typ.len = ngx_gw_json_unescape(&jwt->header, jwt->typ, buf) - buf;

    if (typ.len > 12
        && ngx_strncasecmp(typ.data, (u_char *) "application/", 12) == 0)
    {
        typ.data += 12;
        typ.len -= 12;
    }

    type = types->elts;

    for (i = 0; i < types->nelts; i++) {
        if (type[i].len == typ.len
            && ngx_strncasecmp(type[i].data, typ.data, typ.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_gw_jwt_listed(ngx_gw_json_t *json, ngx_uint_t node, ngx_array_t *list)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = list->elts;

    for (i = 0; i < list->nelts; i++) {
        if (ngx_gw_json_equal(json, node, &value[i])) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_gw_jwt_claim_test(ngx_gw_json_t *json, ngx_gw_json_path_t *path,
    ngx_uint_t op, ngx_str_t *values, ngx_uint_t n)
{
    ngx_uint_t  i, node, found, type;

    if (ngx_gw_json_path_get(json, path, &node) != NGX_OK) {
        return 0;
    }

    if (op >= NGX_GW_JWT_OP_GT && op <= NGX_GW_JWT_OP_LE) {
        return ngx_gw_jwt_compare(json, node, op, &values[0]);
    }

    type = json->nodes[node].type;

    /* null and containers are neither equal nor unequal to a text */

    if (op <= NGX_GW_JWT_OP_NE
        && (type == NGX_GW_JSON_NULL || type == NGX_GW_JSON_ARRAY
            || type == NGX_GW_JSON_OBJECT))
    {
        return 0;
    }

    for (i = 0; i < n; i++) {
        found = (op <= NGX_GW_JWT_OP_NE)
                ? ngx_gw_jwt_equal(json, node, &values[i])
                : ngx_gw_jwt_contains(json, node, &values[i]);

        if (op == NGX_GW_JWT_OP_ALL) {
            if (!found) {
                return 0;
            }

        } else if (found) {
            return op != NGX_GW_JWT_OP_NE;
        }
    }

    return op == NGX_GW_JWT_OP_NE || op == NGX_GW_JWT_OP_ALL;
}


static ngx_uint_t
ngx_gw_jwt_equal(ngx_gw_json_t *json, ngx_uint_t node, ngx_str_t *value)
{
    ngx_str_t            text;
    ngx_gw_json_node_t  *n;

    n = &json->nodes[node];

    text.data = json->data + n->pos;
    text.len = n->len;

    switch (n->type) {

    case NGX_GW_JSON_STRING:
        return ngx_gw_json_equal(json, node, value);

    case NGX_GW_JSON_NUMBER:
        return ngx_gw_json_is_number(value)
               && ngx_gw_json_number_cmp(&text, value) == 0;

    case NGX_GW_JSON_TRUE:
    case NGX_GW_JSON_FALSE:
        return text.len == value->len
               && ngx_memcmp(text.data, value->data, text.len) == 0;

    default:
        return 0;
    }
}


static ngx_uint_t
ngx_gw_jwt_compare(ngx_gw_json_t *json, ngx_uint_t node, ngx_uint_t op,
    ngx_str_t *value)
{
    ngx_int_t            rc;
    ngx_str_t            text;
    ngx_gw_json_node_t  *n;

    n = &json->nodes[node];

    if (n->type != NGX_GW_JSON_NUMBER || !ngx_gw_json_is_number(value)) {
        return 0;
    }

    text.data = json->data + n->pos;
    text.len = n->len;

    rc = ngx_gw_json_number_cmp(&text, value);

    switch (op) {

    case NGX_GW_JWT_OP_GT:
        return rc > 0;

    case NGX_GW_JWT_OP_GE:
        return rc >= 0;

    case NGX_GW_JWT_OP_LT:
        return rc < 0;

    default: /* NGX_GW_JWT_OP_LE */
        return rc <= 0;
    }
}


static ngx_uint_t
ngx_gw_jwt_contains(ngx_gw_json_t *json, ngx_uint_t node, ngx_str_t *value)
{
    ngx_uint_t  i, item;

    if (json->nodes[node].type == NGX_GW_JSON_STRING) {
        return ngx_gw_jwt_word(json, node, value);
    }

    if (json->nodes[node].type != NGX_GW_JSON_ARRAY) {
        return 0;
    }

    item = node + 1;

    for (i = json->nodes[node].count; i; i--) {
        if (ngx_gw_jwt_equal(json, item, value)) {
            return 1;
        }

        item = json->nodes[item].next;
    }

    return 0;
}


/* words stand between spaces, as in scope (RFC 8693 section 4.2) */

static ngx_uint_t
ngx_gw_jwt_word(ngx_gw_json_t *json, ngx_uint_t node, ngx_str_t *value)
{
    u_char              *p, *end, *last;
    ngx_gw_json_node_t  *n, word[2];
    ngx_gw_json_t        part;

    n = &json->nodes[node];

    if (value->len == 0 || ngx_strlchr(value->data, value->data + value->len,
                                       ' ') != NULL)
    {
        return 0;
    }

    /* an escaped string is cut the same way: "\u0020" counts as no separator,
     * each word is compared without its escapes */

    part = *json;
    part.nodes = word;

    p = json->data + n->pos;
    last = p + n->len;

    for ( /* void */ ; p < last; p = end + 1) {
        end = memchr(p, ' ', last - p);

        if (end == NULL) {
            end = last;
        }

        word[1] = *n;
        word[1].pos = p - json->data;
        word[1].len = end - p;

        if (ngx_gw_json_equal(&part, 1, value)) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_gw_jwt_claim_text(ngx_gw_json_t *json, ngx_uint_t node, ngx_pool_t *pool,
    ngx_str_t *text)
{
    u_char              *p;
    size_t               len;
    ngx_uint_t           i, item;
    ngx_gw_json_node_t  *n;

    n = &json->nodes[node];

    switch (n->type) {

    case NGX_GW_JSON_NULL:
        ngx_str_null(text);
        return NGX_OK;

    case NGX_GW_JSON_STRING:
        if ((n->flags & NGX_GW_JSON_VALUE_ESC)
            || memchr(json->data + n->pos, 0x7f, n->len) != NULL)
        {
            break;
        }

        /* fall through */

    case NGX_GW_JSON_NUMBER:
    case NGX_GW_JSON_TRUE:
    case NGX_GW_JSON_FALSE:
        text->data = json->data + n->pos;
        text->len = n->len;
        return NGX_OK;

    case NGX_GW_JSON_OBJECT:
        return ngx_gw_jwt_claim_json(json, node, pool, text);

    default: /* NGX_GW_JSON_ARRAY */
        break;
    }

    len = 0;

    if (n->type == NGX_GW_JSON_STRING) {
        len = ngx_gw_jwt_text_len(json, node);
    }

    if (n->type == NGX_GW_JSON_ARRAY) {
        item = node + 1;

        for (i = n->count; i; i--) {
            len += ngx_gw_jwt_text_len(json, item) + 1;
            item = json->nodes[item].next;
        }
    }

    p = ngx_pnalloc(pool, len ? len : 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;

    if (n->type == NGX_GW_JSON_STRING) {
        p = ngx_gw_jwt_text_write(json, node, p);

    } else {
        item = node + 1;

        for (i = n->count; i; i--) {
            p = ngx_gw_jwt_text_write(json, item, p);

            if (i > 1) {
                *p++ = ',';
            }

            item = json->nodes[item].next;
        }
    }

    text->len = p - text->data;

    return NGX_OK;
}


/* room for what ngx_gw_jwt_text_write() writes */

static size_t
ngx_gw_jwt_text_len(ngx_gw_json_t *json, ngx_uint_t node)
{
    ngx_gw_json_node_t  *n;

    n = &json->nodes[node];

    switch (n->type) {

    case NGX_GW_JSON_STRING:
        return 3 * (size_t) n->len;              /* %XX */

    case NGX_GW_JSON_ARRAY:
    case NGX_GW_JSON_OBJECT:
        return 6 * (size_t) n->len;              /* \u00XX */

    default:
        return n->len;
    }
}


static u_char *
ngx_gw_jwt_text_write(ngx_gw_json_t *json, ngx_uint_t node, u_char *dst)
{
    u_char              *p, *last;
    ngx_uint_t           controls;
    ngx_gw_json_node_t  *n;

    static u_char        hex[] = "0123456789ABCDEF";

    n = &json->nodes[node];

    switch (n->type) {

    case NGX_GW_JSON_NULL:
        return dst;

    case NGX_GW_JSON_STRING:
        break;

    default:
        return ngx_gw_jwt_json_write(json->data + n->pos, n->len, dst);
    }

    last = ngx_gw_json_unescape(json, node, dst);
    controls = 0;

    for (p = dst; p < last; p++) {
        if (ngx_gw_jwt_control(*p)) {
            controls++;
        }
    }

    if (controls == 0) {
        return last;
    }

    /* widened in place, from the end */

    p = last + 2 * controls;
    dst = p;

    while (controls) {
        last--;

        if (ngx_gw_jwt_control(*last)) {
            *--p = hex[*last & 0xf];
            *--p = hex[*last >> 4];
            *--p = '%';
            controls--;

        } else {
            *--p = *last;
        }
    }

    return dst;
}


ngx_int_t
ngx_gw_jwt_claim_json(ngx_gw_json_t *json, ngx_uint_t node, ngx_pool_t *pool,
    ngx_str_t *text)
{
    u_char              *p, *last;
    ngx_uint_t           controls;
    ngx_gw_json_node_t  *n;

    n = &json->nodes[node];
    text->data = json->data + n->pos;
    text->len = n->len;

    controls = 0;
    last = text->data + text->len;

    for (p = text->data; p < last; p++) {
        if (ngx_gw_jwt_control(*p)) {
            controls++;
        }
    }

    if (controls == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, text->len + 5 * controls);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_gw_jwt_json_write(text->data, text->len, p);

    text->data = p;
    text->len = last - p;

    return NGX_OK;
}


/* in valid JSON a raw control character is white space, or a DEL in a string */

static u_char *
ngx_gw_jwt_json_write(u_char *src, size_t len, u_char *dst)
{
    u_char  *last;

    for (last = src + len; src < last; src++) {

        if (*src == 0x7f) {
            dst = ngx_cpymem(dst, "\\u007f", 6);

        } else {
            *dst++ = (*src < 0x20) ? ' ' : *src;
        }
    }

    return dst;
}
