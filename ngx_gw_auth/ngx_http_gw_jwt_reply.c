
/*
 * What a refused client is told.  nginx settles status and body first (under
 * "satisfy any" no handler knows the outcome); these filters then add the
 * challenge and put our body in place of nginx's own error page.
 */


#include "ngx_http_gw_jwt.h"
#include "ngx_gw_compat.h"


static ngx_int_t ngx_http_gw_jwt_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_jwt_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_gw_jwt_challenge(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);
static ngx_int_t ngx_http_gw_jwt_retry_after(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);
static ngx_int_t ngx_http_gw_jwt_grpc(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);
static ngx_int_t ngx_http_gw_jwt_problem(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_int_t
ngx_http_gw_jwt_header_filter(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_uint_t              status;
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_gw_jwt_get_ctx(r);

    if (ctx == NULL || ctx->denied == 0) {
        return ngx_http_next_header_filter(r);
    }

    status = r->headers_out.status;

    /* under "satisfy any" a 401 of another module wins over a 403 of ours */

    if (status != ctx->denied
        && !(status == NGX_HTTP_UNAUTHORIZED
             && ctx->denied == NGX_HTTP_FORBIDDEN && ctx->here))
    {
        return ngx_http_next_header_filter(r);
    }

    rc = (status == NGX_HTTP_SERVICE_UNAVAILABLE)
         ? ngx_http_gw_jwt_retry_after(r, ctx)
         : ngx_http_gw_jwt_challenge(r, ctx);

    /* an error_page clears "here": then the body is its location's */

    if (rc == NGX_OK
        && ctx->here
        && ctx == ngx_http_get_module_ctx(r, ngx_http_gw_auth_module))
    {
        rc = ngx_http_gw_is_grpc(r) ? ngx_http_gw_jwt_grpc(r, ctx)
                                    : ngx_http_gw_jwt_problem(r, ctx);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


/* RFC 6750 section 3 */

static ngx_int_t
ngx_http_gw_jwt_challenge(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    u_char           *p;
    size_t            len;
    ngx_str_t         value;
    const char       *error;
    const ngx_str_t  *realm, *detail;
    ngx_table_elt_t  *h;
#if (NGX_GW_HEADER_NEXT)
    ngx_table_elt_t  *last;
#endif

    realm = &ctx->policy->realm;
    detail = &ngx_gw_jwt_details[ctx->reason];
    error = (ctx->denied == NGX_HTTP_FORBIDDEN) ? "insufficient_scope"
                                                : "invalid_token";

    len = sizeof("Bearer realm=\"\", error=\"insufficient_scope\", "
                 "error_description=\"\"") - 1
          + realm->len + detail->len;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    p = ngx_sprintf(p, "Bearer realm=\"%V\"", realm);

    if (ctx->reason != NGX_GW_JWT_MISSING) {
        p = ngx_sprintf(p, ", error=\"%s\", error_description=\"%V\"", error,
                        detail);
    }

    value.len = p - value.data;

    h = ngx_http_gw_header(r, "WWW-Authenticate", &value);
    if (h == NULL) {
        return NGX_ERROR;
    }

    /* auth_request hands the challenge of its subrequest on from here */

#if (NGX_GW_HEADER_NEXT)

    last = r->headers_out.www_authenticate;

    if (last) {
        while (last->next) {
            last = last->next;
        }

        last->next = h;
        return NGX_OK;
    }

#endif

    if (r->headers_out.www_authenticate == NULL) {
        r->headers_out.www_authenticate = h;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_retry_after(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%T", ngx_max(ctx->retry, 1))
                - value.data;

    return ngx_http_gw_header(r, "Retry-After", &value) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_gw_jwt_grpc(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    ngx_uint_t  code;

    switch (ctx->denied) {

    case NGX_HTTP_UNAUTHORIZED:
        code = NGX_HTTP_GW_GRPC_UNAUTHENTICATED;
        break;

    case NGX_HTTP_FORBIDDEN:
        code = NGX_HTTP_GW_GRPC_PERMISSION_DENIED;
        break;

    default:
        code = NGX_HTTP_GW_GRPC_UNAVAILABLE;
        break;
    }

    return ngx_http_gw_problem_grpc(r, code, &ngx_gw_jwt_details[ctx->reason]);
}


static ngx_int_t
ngx_http_gw_jwt_problem(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    ngx_str_t                     members;
    const ngx_str_t              *reason;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    jmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_auth_module);
    reason = &ngx_gw_jwt_names[ctx->reason];

    members.data = ngx_pnalloc(r->pool,
                               sizeof("\"reason\":\"\"") - 1 + reason->len);
    if (members.data == NULL) {
        return NGX_ERROR;
    }

    members.len = ngx_sprintf(members.data, "\"reason\":\"%V\"", reason)
                  - members.data;

    return ngx_http_gw_problem_json(r, &ctx->problem, NULL,
                                    &ngx_gw_jwt_details[ctx->reason],
                                    &members, jmcf->request_id);
}


static ngx_int_t
ngx_http_gw_jwt_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_auth_module);

    if (ctx == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    return ngx_http_gw_problem_body(r, &ctx->problem, in,
                                    ngx_http_next_body_filter);
}


ngx_int_t
ngx_http_gw_jwt_reply_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_gw_jwt_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_gw_jwt_body_filter;

    return NGX_OK;
}
