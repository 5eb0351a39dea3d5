
/*
 * What the URL gives fields of the request: variables of the path, then
 * parameters of the query.
 */


#include "ngx_http_gw_transcode.h"


static ngx_int_t ngx_http_gw_transcode_bind_query(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser,
    u_char *p, u_char *last);
static void ngx_http_gw_transcode_bound(ngx_http_gw_transcode_ctx_t *ctx,
    ngx_str_t *name);
static ngx_uint_t ngx_http_gw_transcode_is_of(ngx_gw_pb_field_t *field,
    ngx_str_t *name);
static ngx_uint_t ngx_http_gw_transcode_ignored(
    ngx_http_gw_transcode_loc_conf_t *conf, ngx_str_t *name);
static ngx_int_t ngx_http_gw_transcode_unescape(ngx_pool_t *pool, u_char *p,
    u_char *last, ngx_str_t *text);


ngx_int_t
ngx_http_gw_transcode_bind(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser)
{
    u_char          *p, *q, *last;
    ngx_int_t        rc;
    ngx_uint_t       i;
    ngx_gw_route_t  *route;

    route = ctx->match.route;

    for (i = 0; i < route->nvariables; i++) {

        rc = ngx_gw_pb_bind(parser, &route->variables[i].path,
                            &ctx->match.values[i], 0);

        if (rc == NGX_OK) {
            ngx_http_gw_transcode_bound(ctx, &route->variables[i].path);
            continue;
        }

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_gw_transcode_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                            "path",
                                            ngx_gw_pb_parser_error(parser));
    }

    p = r->args.data;
    last = p + r->args.len;

    while (p < last) {
        q = ngx_strlchr(p, last, '&');
        q = q ? q : last;

        if (q > p) {
            rc = ngx_http_gw_transcode_bind_query(r, ctx, parser, p, q);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        p = q + 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_bind_query(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser,
    u_char *p, u_char *last)
{
    u_char      *q;
    ngx_int_t    rc, known;
    ngx_str_t    name, value;
    ngx_pool_t  *pool;

    q = ngx_strlchr(p, last, '=');
    q = q ? q : last;

    /* a stream binds with each of its elements */

    pool = ctx->pool ? ctx->pool : r->pool;

    rc = ngx_http_gw_transcode_unescape(pool, p, q, &name);

    if (rc == NGX_OK) {
        rc = ngx_http_gw_transcode_unescape(pool, q < last ? q + 1 : last,
                                            last, &value);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_REQUEST,
                                                 "query",
                                                 "a malformed escape in the "
                                                 "query");
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    known = 0;

    if (name.len && !ctx->binding->whole
        && !(ctx->binding->body
             && ngx_http_gw_transcode_is_of(ctx->binding->body, &name)))
    {
        rc = ngx_gw_pb_bind(parser, &name, &value, 1);

        switch (rc) {

        case NGX_OK:
            ngx_http_gw_transcode_bound(ctx, &name);
            return NGX_OK;

        case NGX_ERROR:
            return NGX_HTTP_INTERNAL_SERVER_ERROR;

        case NGX_DECLINED:
            known = 1;
            break;

        default: /* NGX_ABORT */
            break;
        }
    }

    if (known) {
        return ngx_http_gw_transcode_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                            "query",
                                            ngx_gw_pb_parser_error(parser));
    }

    if (ngx_http_gw_transcode_ignored(ctx->conf, &name)) {
        return NGX_OK;
    }

    value.len = ngx_min(name.len, 100);
    value.data = ngx_pnalloc(r->pool, value.len
                                      + sizeof("no parameter \"\"") - 1);
    if (value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    value.len = ngx_sprintf(value.data, "no parameter \"%*s\"", value.len,
                            name.data)
                - value.data;

    return ngx_http_gw_transcode_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                        "parameter", &value);
}


/* a mask that the URL gives is not made from the body */

static void
ngx_http_gw_transcode_bound(ngx_http_gw_transcode_ctx_t *ctx, ngx_str_t *name)
{
    if (ctx->binding->mask
        && ngx_http_gw_transcode_is_of(ctx->binding->mask, name))
    {
        ctx->mask_given = 1;
    }
}


/* 1: the parameter is that field, or one in it */

static ngx_uint_t
ngx_http_gw_transcode_is_of(ngx_gw_pb_field_t *field, ngx_str_t *name)
{
    u_char  *p;
    size_t   len;

    p = ngx_strlchr(name->data, name->data + name->len, '.');
    len = p ? (size_t) (p - name->data) : name->len;

    return (len == field->name.len
            && ngx_strncmp(name->data, field->name.data, len) == 0)
           || (len == field->json_name.len
               && ngx_strncmp(name->data, field->json_name.data, len) == 0);
}


static ngx_uint_t
ngx_http_gw_transcode_ignored(ngx_http_gw_transcode_loc_conf_t *conf,
    ngx_str_t *name)
{
    ngx_str_t   *ignored;
    ngx_uint_t   i;

    if (conf->unknown_query == NGX_HTTP_GW_TRANSCODE_IGNORE) {
        return 1;
    }

    if (conf->ignored == NULL) {
        return 0;
    }

    ignored = conf->ignored->elts;

    for (i = 0; i < conf->ignored->nelts; i++) {
        if (ignored[i].len == name->len
            && ngx_strncmp(ignored[i].data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/*
 * application/x-www-form-urlencoded, as queries are: "+" is a space.  What has
 * nothing to decode is referred to.
 */

static ngx_int_t
ngx_http_gw_transcode_unescape(ngx_pool_t *pool, u_char *p, u_char *last,
    ngx_str_t *text)
{
    u_char     *q, *dst;
    ngx_int_t   n;

    for (q = p; q < last && *q != '%' && *q != '+'; q++) { /* void */ }

    text->data = p;
    text->len = last - p;

    if (q == last) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(pool, text->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    text->data = dst;

    while (p < last) {

        if (*p == '+') {
            *dst++ = ' ';
            p++;
            continue;
        }

        if (*p != '%') {
            *dst++ = *p++;
            continue;
        }

        if (last - p < 3) {
            return NGX_DECLINED;
        }

        n = ngx_hextoi(p + 1, 2);
        if (n == NGX_ERROR) {
            return NGX_DECLINED;
        }

        *dst++ = (u_char) n;
        p += 3;
    }

    text->len = dst - text->data;

    return NGX_OK;
}
