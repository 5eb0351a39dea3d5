
/*
 * Where the token is, that there is one only, and how to take it out again.
 */


#include "ngx_http_gw_jwt.h"
#include "ngx_gw_compat.h"


static ngx_int_t ngx_http_gw_jwt_bearer(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_uint_t ngx_http_gw_jwt_is_tchar(u_char c);
static ngx_uint_t ngx_http_gw_jwt_header_is(ngx_table_elt_t *h,
    ngx_str_t *name);
static ngx_uint_t ngx_http_gw_jwt_count_headers(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_uint_t ngx_http_gw_jwt_count_cookies(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_uint_t ngx_http_gw_jwt_count_args(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_uint_t ngx_http_gw_jwt_arg_is(u_char *p, u_char *last,
    ngx_str_t *name);
static ngx_table_elt_t *ngx_http_gw_jwt_next_header(ngx_list_part_t **part,
    ngx_uint_t *i);
static u_char *ngx_http_gw_jwt_next_cookie(u_char *p, u_char *last,
    ngx_str_t *name);
static ngx_uint_t ngx_http_gw_jwt_holds(ngx_str_t *value, ngx_str_t *token);
static ngx_int_t ngx_http_gw_jwt_strip_cookie(ngx_http_request_t *r,
    ngx_str_t *cookie, ngx_str_t *name);


/* around a cookie; nginx knows no tab there, other readers do (RFC 6265) */
#define ngx_http_gw_jwt_space(c)  ((c) == ' ' || (c) == '\t')


static ngx_str_t  ngx_http_gw_jwt_authorization = ngx_string("authorization");
static ngx_str_t  ngx_http_gw_jwt_cookie = ngx_string("cookie");


ngx_int_t
ngx_http_gw_jwt_get_token(ngx_http_request_t *r,
    ngx_http_gw_jwt_policy_t *policy, ngx_str_t *token)
{
    ngx_uint_t                  n;
    ngx_http_variable_value_t  *vv;

    if (policy->from == NGX_HTTP_GW_JWT_BEARER) {
        return ngx_http_gw_jwt_bearer(r, token);
    }

    /* not what a rewrite or another subrequest has left there */

    vv = ngx_http_get_flushed_variable(r, policy->index);

    if (vv == NULL) {
        return NGX_ABORT;
    }

    switch (policy->from) {

    case NGX_HTTP_GW_JWT_HEADER:
        n = ngx_http_gw_jwt_count_headers(r, &policy->name);
        break;

    case NGX_HTTP_GW_JWT_COOKIE:
        n = ngx_http_gw_jwt_count_cookies(r, &policy->name);
        break;

    case NGX_HTTP_GW_JWT_ARG:
        n = ngx_http_gw_jwt_count_args(r, &policy->name);
        break;

    default: /* NGX_HTTP_GW_JWT_VARIABLE */
        n = !vv->not_found;
        break;
    }

    /* the service might read another one, or one that nginx does not see */

    if (n > 1 || (n == 1 && vv->not_found)) {
        return NGX_ABORT;
    }

    if (vv->not_found) {
        return NGX_DECLINED;
    }

    token->data = vv->data;
    token->len = vv->len;

    if (policy->from == NGX_HTTP_GW_JWT_COOKIE) {

        /* nginx takes a pair up to its ";" */

        while (token->len
               && ngx_http_gw_jwt_space(token->data[token->len - 1]))
        {
            token->len--;
        }
    }

    return token->len ? NGX_OK : NGX_DECLINED;
}


/* RFC 6750 section 2.1 */

static ngx_int_t
ngx_http_gw_jwt_bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    u_char           *p, *last;
    ngx_table_elt_t  *h;

    h = r->headers_in.authorization;

    if (h == NULL) {
        return NGX_DECLINED;
    }

#if !(NGX_GW_HEADER_NEXT)

    /* newer nginx refuses such a request itself */

    if (ngx_http_gw_jwt_count_headers(r, &ngx_http_gw_jwt_authorization) > 1) {
        return NGX_ABORT;
    }

#endif

    p = h->value.data;
    last = p + h->value.len;

    /* nginx trims spaces only, others trim more */

    while (p < last && *p <= ' ') {
        p++;
    }

    if (last - p < 6
        || (ngx_memcmp(p, "Bearer", 6) != 0
            && ngx_strncasecmp(p, (u_char *) "Bearer", 6) != 0))
    {
        /* "Basic x, Bearer y": others may find what is no beginning here */

        while ((p = ngx_strlcasestrn(p, last, (u_char *) "bearer", 6 - 1))
               != NULL)
        {
            if (p == h->value.data || !ngx_http_gw_jwt_is_tchar(p[-1])) {
                return NGX_ABORT;
            }

            p++;
        }

        return NGX_DECLINED;
    }

    p += 6;

    if (p < last && ngx_http_gw_jwt_is_tchar(*p)) {
        /* the beginning of another scheme's name */
        return NGX_DECLINED;
    }

    if (p == last || *p != ' ') {
        return NGX_ABORT;
    }

    while (p < last && *p == ' ') {
        p++;
    }

    if (p == last) {
        return NGX_ABORT;
    }

    token->data = p;
    token->len = last - p;

    return NGX_OK;
}


/* may stand in the name of a scheme (RFC 9110 section 5.6.2) */

static ngx_uint_t
ngx_http_gw_jwt_is_tchar(u_char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
           || (c && ngx_strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


/* name as in $http_name: "-" of the header is "_" */

static ngx_uint_t
ngx_http_gw_jwt_header_is(ngx_table_elt_t *h, ngx_str_t *name)
{
    u_char      c;
    ngx_uint_t  i;

    if (h->key.len != name->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        c = h->lowcase_key[i];

        if (c != name->data[i] && !(c == '-' && name->data[i] == '_')) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_gw_jwt_count_headers(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;
    i = 0;
    part = &r->headers_in.headers.part;

    while ((h = ngx_http_gw_jwt_next_header(&part, &i)) != NULL) {
        n += ngx_http_gw_jwt_header_is(h, name);
    }

    return n;
}


static ngx_uint_t
ngx_http_gw_jwt_count_cookies(ngx_http_request_t *r, ngx_str_t *name)
{
    u_char           *p, *last;
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;
    i = 0;
    part = &r->headers_in.headers.part;

    while ((h = ngx_http_gw_jwt_next_header(&part, &i)) != NULL) {

        if (!ngx_http_gw_jwt_header_is(h, &ngx_http_gw_jwt_cookie)) {
            continue;
        }

        p = h->value.data;
        last = p + h->value.len;

        while ((p = ngx_http_gw_jwt_next_cookie(p, last, name)) != NULL) {
            n++;
            p += name->len;
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_gw_jwt_count_args(ngx_http_request_t *r, ngx_str_t *name)
{
    u_char      *p, *last;
    ngx_uint_t   n;

    n = 0;
    p = r->args.data;
    last = p + r->args.len;

    while (p < last) {

        n += ngx_http_gw_jwt_arg_is(p, last, name);

        p = ngx_strlchr(p, last, '&');

        if (p == NULL) {
            break;
        }

        p++;
    }

    return n;
}


/* 1 if the argument at p has that name, in any case, escaped or not */

static ngx_uint_t
ngx_http_gw_jwt_arg_is(u_char *p, u_char *last, ngx_str_t *name)
{
    u_char      c;
    ngx_int_t   hex;
    ngx_uint_t  i;

    for (i = 0; i < name->len; i++) {

        if (p == last) {
            return 0;
        }

        c = *p++;

        if (c == '%' && last - p >= 2) {
            hex = ngx_hextoi(p, 2);

            if (hex != NGX_ERROR) {
                c = (u_char) hex;
                p += 2;
            }
        }

        if (ngx_tolower(c) != ngx_tolower(name->data[i])) {
            return 0;
        }
    }

    return p < last && *p == '=';
}


/* the next header of a list, or NULL; *part and *i say where it goes on */

static ngx_table_elt_t *
ngx_http_gw_jwt_next_header(ngx_list_part_t **part, ngx_uint_t *i)
{
    ngx_table_elt_t  *h;

    while (*i >= (*part)->nelts) {
        if ((*part)->next == NULL) {
            return NULL;
        }

        *part = (*part)->next;
        *i = 0;
    }

    h = (*part)->elts;

    return &h[(*i)++];
}


/* where the next pair of that name begins, or NULL */

static u_char *
ngx_http_gw_jwt_next_cookie(u_char *p, u_char *last, ngx_str_t *name)
{
    u_char  *q;

    while (p < last) {

        while (p < last && (ngx_http_gw_jwt_space(*p) || *p == ';'
                            || *p == ','))
        {
            p++;
        }

        if ((size_t) (last - p) > name->len
            && ngx_strncasecmp(p, name->data, name->len) == 0)
        {
            for (q = p + name->len;
                 q < last && ngx_http_gw_jwt_space(*q);
                 q++)
            {
                /* void */
            }

            if (q < last && *q == '=') {
                return p;
            }
        }

        while (p < last && *p != ';' && *p != ',') {
            p++;
        }
    }

    return NULL;
}


/*
 * The list is built anew without the field rather than cut: other lists
 * (subrequests') and r->headers_in's pointers share its parts.
 */

ngx_int_t
ngx_http_gw_jwt_strip_token(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_str_t *token)
{
    ngx_str_t                  value;
    ngx_uint_t                 i, n;
    ngx_list_t                 list;
    ngx_list_part_t           *part;
    ngx_table_elt_t           *h, *copy;
    ngx_http_gw_jwt_policy_t  *policy;

    policy = ctx->policy;
    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        n += part->nelts;
    }

    if (ngx_list_init(&list, r->pool, n + 1, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    i = 0;
    part = &r->headers_in.headers.part;

    while ((h = ngx_http_gw_jwt_next_header(&part, &i)) != NULL) {

        value = h->value;

        switch (policy->from) {

        case NGX_HTTP_GW_JWT_BEARER:
            if (ngx_http_gw_jwt_header_is(h, &ngx_http_gw_jwt_authorization)) {
                continue;
            }

            break;

        case NGX_HTTP_GW_JWT_HEADER:
            if (ngx_http_gw_jwt_header_is(h, &policy->name)) {
                continue;
            }

            break;

        case NGX_HTTP_GW_JWT_COOKIE:
            if (ngx_http_gw_jwt_header_is(h, &ngx_http_gw_jwt_cookie)) {

                if (ngx_http_gw_jwt_strip_cookie(r, &value, &policy->name)
                    != NGX_OK)
                {
                    return NGX_HTTP_INTERNAL_SERVER_ERROR;
                }

                if (value.len == 0) {
                    continue;
                }
            }

            break;

        case NGX_HTTP_GW_JWT_VARIABLE:
            /* a map of headers, say, which has copied it */

            if (ngx_http_gw_jwt_holds(&value, token)) {
                continue;
            }

            break;
        }

        copy = ngx_list_push(&list);
        if (copy == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        *copy = *h;
        copy->value = value;
    }

    ctx->headers = ngx_palloc(r->pool, sizeof(ngx_list_t));
    if (ctx->headers == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *ctx->headers = r->headers_in.headers;
    /* one part had room for all; it was on this function's stack */

    r->headers_in.headers = list;
    r->headers_in.headers.last = &r->headers_in.headers.part;

    return NGX_OK;
}


/* the token is never empty */

static ngx_uint_t
ngx_http_gw_jwt_holds(ngx_str_t *value, ngx_str_t *token)
{
    u_char  *p, *last;

    if (value->len < token->len) {
        return 0;
    }

    last = value->data + value->len - token->len + 1;

    for (p = value->data;
         p < last && (p = memchr(p, token->data[0], last - p)) != NULL;
         p++)
    {
        if (ngx_memcmp(p, token->data, token->len) == 0) {
            return 1;
        }
    }

    return 0;
}


void
ngx_http_gw_jwt_restore_token(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx)
{
    /* into the place it was in, which its "last" may point to */

    r->headers_in.headers = *ctx->headers;
    ctx->headers = NULL;
}


static ngx_int_t
ngx_http_gw_jwt_strip_cookie(ngx_http_request_t *r, ngx_str_t *cookie,
    ngx_str_t *name)
{
    u_char  *p, *q, *last, *dst;

    p = cookie->data;
    last = p + cookie->len;

    q = ngx_http_gw_jwt_next_cookie(p, last, name);

    if (q == NULL) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, cookie->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    cookie->data = dst;

    do {
        dst = ngx_cpymem(dst, p, q - p);

        for (p = q; p < last && *p != ';'; p++) { /* void */ }

        while (p < last && (ngx_http_gw_jwt_space(*p) || *p == ';'
                            || *p == ','))
        {
            p++;
        }

        q = ngx_http_gw_jwt_next_cookie(p, last, name);

    } while (q);

    dst = ngx_cpymem(dst, p, last - p);

    while (dst > cookie->data
           && (ngx_http_gw_jwt_space(dst[-1]) || dst[-1] == ';'
               || dst[-1] == ','))
    {
        dst--;
    }

    cookie->len = dst - cookie->data;

    return NGX_OK;
}
