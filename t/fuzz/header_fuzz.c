/* fuzz: ngx_gw_auth/ngx_http_gw_jwt_token.c */

/*
 * Where the token is: lines of the input are the kind of place (a digit), its
 * name, the arguments of the request, and its header fields.
 *
 * A token is taken only where a service that reads the request in another way
 * than nginx would read the same; once it has been stripped no such service
 * finds it, everything else is as it was, and it can be put back.
 */


#include "ngx_http_gw_jwt.h"


#define MAX_FIELDS  32
#define MAX_PAIRS   4096    /* of inputs as long as libFuzzer makes them */

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


typedef struct {
    ngx_str_t   name;
    ngx_str_t   value;
} pair_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_http_gw_jwt_policy_t   policy;
static ngx_http_variable_value_t  variable;


ngx_http_variable_value_t *
ngx_http_get_indexed_variable(ngx_http_request_t *r, ngx_uint_t index)
{
    return &variable;
}


ngx_http_variable_value_t *
ngx_http_get_flushed_variable(ngx_http_request_t *r, ngx_uint_t index)
{
    return &variable;
}


static void
found(u_char *p, u_char *last)
{
    variable.not_found = 0;
    variable.data = p;
    variable.len = last - p;
}


static ngx_table_elt_t *
field(ngx_http_request_t *r, ngx_uint_t i)
{
    ngx_list_part_t  *part;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        if (i < part->nelts) {
            return (ngx_table_elt_t *) part->elts + i;
        }

        i -= part->nelts;
    }

    return NULL;
}


static ngx_uint_t
field_is(ngx_table_elt_t *h, const char *name, size_t len)
{
    size_t  i;
    u_char  c;

    if (h->key.len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        c = tolower(h->key.data[i]);

        if ((c == '-' ? '_' : c) != (u_char) (name[i] == '-' ? '_' : name[i]))
        {
            return 0;
        }
    }

    return 1;
}


/* what nginx makes of $http_name, $cookie_name and $arg_name */

static void
read_header(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_table_elt_t  *h;

    for (i = 0; (h = field(r, i)) != NULL; i++) {
        if (field_is(h, (char *) policy.name.data, policy.name.len)) {
            found(h->value.data, h->value.data + h->value.len);
            return;
        }
    }
}


static void
read_cookie(ngx_http_request_t *r)
{
    u_char           *p, *q, *last;
    ngx_uint_t        i;
    ngx_table_elt_t  *h;

    for (i = 0; (h = field(r, i)) != NULL; i++) {

        if (!field_is(h, "cookie", 6)) {
            continue;
        }

        p = h->value.data;
        last = p + h->value.len;

        while (p < last) {

            if ((size_t) (last - p) > policy.name.len
                && strncasecmp((char *) p, (char *) policy.name.data,
                               policy.name.len) == 0)
            {
                for (q = p + policy.name.len; q < last && *q == ' '; q++) { }

                if (q < last && *q == '=') {
                    for (q++; q < last && *q == ' '; q++) { }

                    for (p = q; p < last && *p != ';'; p++) { }

                    found(q, p);
                    return;
                }
            }

            while (p < last && *p != ';' && *p != ',') {
                p++;
            }

            if (p < last) {
                p++;
            }

            while (p < last && *p == ' ') {
                p++;
            }
        }
    }
}


static void
read_arg(ngx_http_request_t *r)
{
    u_char  *p, *last, *end;
    size_t   n;

    p = r->args.data;
    last = p + r->args.len;
    n = policy.name.len;

    for ( /* void */ ; p < last; p = end + 1) {
        end = memchr(p, '&', last - p);

        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > n && p[n] == '='
            && strncasecmp((char *) p, (char *) policy.name.data, n) == 0)
        {
            found(p + n + 1, end);
            return;
        }

        if (end == last) {
            return;
        }
    }
}


static ngx_uint_t
blank(u_char c)
{
    return c == ' ' || c == '\t';
}


static void
trim(ngx_str_t *s)
{
    while (s->len && blank(s->data[0])) {
        s->data++;
        s->len--;
    }

    while (s->len && blank(s->data[s->len - 1])) {
        s->len--;
    }
}


static ngx_uint_t
same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0
               || strncasecmp((char *) a->data, (char *) b->data, a->len)
                  == 0);
}


/* the pairs of all cookie fields, as another reader takes them apart */

static ngx_uint_t
pairs(ngx_http_request_t *r, const char *separators, pair_t *list)
{
    u_char           *p, *last, *end, *eq;
    ngx_uint_t        i, n;
    ngx_table_elt_t  *h;

    n = 0;

    for (i = 0; (h = field(r, i)) != NULL; i++) {

        if (!field_is(h, "cookie", 6)) {
            continue;
        }

        p = h->value.data;
        last = p + h->value.len;

        for ( /* void */ ; p < last; p = end + 1) {

            for (end = p; end < last && !strchr(separators, *end); end++) { }

            eq = memchr(p, '=', end - p);

            if (eq) {
                must(n < MAX_PAIRS);
                list[n].name.data = p;
                list[n].name.len = eq - p;
                list[n].value.data = eq + 1;
                list[n].value.len = end - eq - 1;

                trim(&list[n].name);
                trim(&list[n].value);
                n++;
            }

            if (end == last) {
                break;
            }
        }
    }

    return n;
}


/* as another reader sees it there is one pair, or none, and it is the token */

static void
check_cookies(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_str_t            value;
    ngx_uint_t           i, j, n, count;

    static pair_t        list[MAX_PAIRS];
    static const char   *separators[] = { ";", ";," };

    for (i = 0; i < 2; i++) {
        n = pairs(r, separators[i], list);
        count = 0;

        for (j = 0; j < n; j++) {

            if (!same(&list[j].name, &policy.name)) {
                continue;
            }

            count++;

            value = *token;
            trim(&value);

            must(memchr(value.data, ',', value.len)
                 || (list[j].value.len == value.len
                     && memcmp(list[j].value.data, value.data, value.len)
                        == 0));
        }

        must(count <= 1);
    }
}


/* without the token the other pairs are those of before */

static void
check_stripped_cookies(ngx_http_request_t *r, ngx_list_t *before)
{
    ngx_uint_t      i, j, n, m;
    ngx_list_t      after;

    static pair_t   was[MAX_PAIRS], is[MAX_PAIRS];

    after = r->headers_in.headers;
    r->headers_in.headers = *before;
    n = pairs(r, ";", was);
    r->headers_in.headers = after;
    m = pairs(r, ";", is);

    for (i = 0, j = 0; i < n; i++) {

        if (same(&was[i].name, &policy.name)) {
            continue;
        }

        /* nginx reads on behind a comma within a value, other readers do not */

        if (memchr(was[i].value.data, ',', was[i].value.len)
            || memchr(was[i].name.data, ',', was[i].name.len))
        {
            return;
        }

        must(j < m);
        must(same(&was[i].name, &is[j].name));
        must(same(&was[i].value, &is[j].value));
        j++;
    }

    must(j == m);
}


static void
check_stripped(ngx_http_request_t *r, ngx_list_t *before, ngx_str_t *token)
{
    ngx_uint_t        i, j, n, gone;
    ngx_list_t        after;
    ngx_table_elt_t  *h, *was, *added;

    static pair_t     list[MAX_PAIRS];

    for (i = 0; (h = field(r, i)) != NULL; i++) {

        must(policy.from != NGX_HTTP_GW_JWT_BEARER
             || !field_is(h, "authorization", 13));
        must(policy.from != NGX_HTTP_GW_JWT_HEADER
             || !field_is(h, (char *) policy.name.data, policy.name.len));
        must(policy.from != NGX_HTTP_GW_JWT_VARIABLE
             || memmem(h->value.data, h->value.len, token->data, token->len)
                == NULL);
    }

    if (policy.from == NGX_HTTP_GW_JWT_COOKIE) {

        n = pairs(r, ";", list);

        for (i = 0; i < n; i++) {
            must(!same(&list[i].name, &policy.name));
        }

        n = pairs(r, ";,", list);

        for (i = 0; i < n; i++) {
            must(!same(&list[i].name, &policy.name));
        }

        check_stripped_cookies(r, before);
    }

    /* the other fields in their order */

    after = r->headers_in.headers;

    for (i = 0, j = 0; /* void */ ; i++) {
        r->headers_in.headers = *before;
        was = field(r, i);
        r->headers_in.headers = after;

        if (was == NULL) {
            break;
        }

        gone = (policy.from == NGX_HTTP_GW_JWT_BEARER
                && field_is(was, "authorization", 13))
               || (policy.from == NGX_HTTP_GW_JWT_HEADER
                   && field_is(was, (char *) policy.name.data,
                               policy.name.len))
               || (policy.from == NGX_HTTP_GW_JWT_VARIABLE
                   && memmem(was->value.data, was->value.len, token->data,
                             token->len)
                      != NULL);

        if (gone) {
            continue;
        }

        h = field(r, j);

        if (policy.from == NGX_HTTP_GW_JWT_COOKIE && field_is(was, "cookie", 6))
        {
            /* the field is dropped if nothing is left of it */

            if (h && h->key.data == was->key.data) {
                j++;
            }

            continue;
        }

        must(h && h->key.data == was->key.data
             && h->value.data == was->value.data
             && h->value.len == was->value.len
             && h->lowcase_key == was->lowcase_key && h->hash == was->hash);
        j++;
    }

    must(field(r, j) == NULL);

    /* the list can grow */

    added = ngx_list_push(&r->headers_in.headers);
    must(added);
    ngx_memzero(added, sizeof(ngx_table_elt_t));
    must(field(r, j) == added && field(r, j + 1) == NULL);
}


static u_char *
line(u_char **p, u_char *last, ngx_str_t *s)
{
    u_char  *end;

    end = memchr(*p, '\n', last - *p);

    if (end == NULL) {
        end = last;
    }

    s->data = *p;
    s->len = end - *p;
    *p = end < last ? end + 1 : last;

    return s->data;
}


/* nginx lets in no NUL, and ends a value in one */

static void
add_field(ngx_http_request_t *r, ngx_str_t *s)
{
    u_char           *colon;
    size_t            i;
    ngx_table_elt_t  *h;

    colon = memchr(s->data, ':', s->len);

    if (colon == NULL || colon == s->data || memchr(s->data, '\0', s->len)) {
        return;
    }

    h = ngx_list_push(&r->headers_in.headers);
    must(h);
    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.len = colon - s->data;
    h->key.data = ngx_pnalloc(r->pool, h->key.len + 1);
    h->lowcase_key = ngx_pnalloc(r->pool, h->key.len + 1);

    for (i = 0; i < h->key.len; i++) {
        h->key.data[i] = s->data[i];
        h->lowcase_key[i] = tolower(s->data[i]);
    }

    for (colon++; colon < s->data + s->len && *colon == ' '; colon++) { }

    h->value.len = s->data + s->len - colon;

    while (h->value.len && colon[h->value.len - 1] == ' ') {
        h->value.len--;
    }

    h->value.data = ngx_pnalloc(r->pool, h->value.len + 1);
    memcpy(h->value.data, colon, h->value.len);
    h->value.data[h->value.len] = '\0';

    if (r->headers_in.authorization == NULL
        && h->key.len == 13
        && memcmp(h->lowcase_key, "authorization", 13) == 0)
    {
        r->headers_in.authorization = h;
    }
}


static ngx_int_t
prepare(ngx_http_request_t *r, u_char *p, u_char *last)
{
    size_t      i;
    ngx_str_t   s;
    ngx_uint_t  n;

    line(&p, last, &s);
    policy.from = s.len ? (u_char) (s.data[0] - '0') % 5 : 0;

    line(&p, last, &policy.name);

    for (i = 0; i < policy.name.len; i++) {
        if (!isdigit(policy.name.data[i]) && !islower(policy.name.data[i])
            && policy.name.data[i] != '_')
        {
            return NGX_DECLINED;
        }
    }

    if (policy.name.len == 0 || policy.name.len > 64) {
        return NGX_DECLINED;
    }

    line(&p, last, &s);
    r->args.len = s.len;
    r->args.data = ngx_pnalloc(r->pool, s.len + 1);
    memcpy(r->args.data, s.data, s.len);
    r->args.data[s.len] = '\0';

    for (n = 0; p < last && n < MAX_FIELDS; n++) {
        line(&p, last, &s);
        add_field(r, &s);
    }

    return NGX_OK;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *copy, *p;
    ngx_int_t               rc;
    ngx_str_t               token;
    ngx_uint_t              i;
    ngx_list_t              before;
    ngx_table_elt_t        *h;
    ngx_http_request_t      request, *r;
    ngx_http_gw_jwt_ctx_t   ctx;

    r = &request;
    ngx_memzero(r, sizeof(ngx_http_request_t));
    ngx_memzero(&ctx, sizeof(ngx_http_gw_jwt_ctx_t));
    ngx_memzero(&policy, sizeof(ngx_http_gw_jwt_policy_t));
    ngx_memzero(&variable, sizeof(ngx_http_variable_value_t));

    variable.valid = 1;
    variable.not_found = 1;

    copy = malloc(size + 1);
    memcpy(copy, data, size);

    r->main = r;
    r->pool = ngx_create_pool(4096, &ngx_stub_log);

    /* parts of 4 fields, so that there are several */

    must(ngx_list_init(&r->headers_in.headers, r->pool, 4,
                       sizeof(ngx_table_elt_t))
         == NGX_OK);

    if (prepare(r, copy, copy + size) != NGX_OK) {
        goto done;
    }

    switch (policy.from) {

    case NGX_HTTP_GW_JWT_HEADER:
        read_header(r);
        break;

    case NGX_HTTP_GW_JWT_COOKIE:
        read_cookie(r);
        break;

    case NGX_HTTP_GW_JWT_ARG:
        read_arg(r);
        break;

    case NGX_HTTP_GW_JWT_VARIABLE:

        /* a part of some field */

        h = field(r, size % 3);

        if (h) {
            i = h->value.len / 3;
            found(h->value.data + i, h->value.data + h->value.len);
        }
    }

    ngx_str_null(&token);
    rc = ngx_http_gw_jwt_get_token(r, &policy, &token);

    must(rc == NGX_OK || rc == NGX_DECLINED || rc == NGX_ABORT);
    must(policy.from == NGX_HTTP_GW_JWT_BEARER || !variable.not_found
         || rc != NGX_OK);

    if (rc != NGX_OK) {
        goto done;
    }

    must(token.len);

    if (policy.from == NGX_HTTP_GW_JWT_BEARER) {
        h = r->headers_in.authorization;
        must(h && token.data + token.len == h->value.data + h->value.len);

        for (p = h->value.data; *p && *p <= ' '; p++) { }

        must(strncasecmp((char *) p, "bearer ", 7) == 0);

        for (p += 6; p < token.data; p++) {
            must(*p == ' ');
        }
    }

    if (policy.from == NGX_HTTP_GW_JWT_COOKIE) {
        check_cookies(r, &token);
    }

    before = r->headers_in.headers;

    if (before.last == &r->headers_in.headers.part) {
        before.last = &before.part;
    }

    ctx.request = r;
    ctx.policy = &policy;

    must(ngx_http_gw_jwt_strip_token(r, &ctx, &token) == NGX_OK);

    check_stripped(r, &before, &token);

    ngx_http_gw_jwt_restore_token(r, &ctx);

    must(r->headers_in.headers.part.elts == before.part.elts
         && r->headers_in.headers.part.nelts == before.part.nelts
         && r->headers_in.headers.part.next == before.part.next);
    must(ngx_list_push(&r->headers_in.headers));

done:

    ngx_destroy_pool(r->pool);
    free(copy);

    return 0;
}
