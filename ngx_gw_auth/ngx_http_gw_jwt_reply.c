
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
static ngx_uint_t ngx_http_gw_jwt_is_grpc(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_jwt_grpc(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);
static ngx_int_t ngx_http_gw_jwt_problem(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);
static ngx_table_elt_t *ngx_http_gw_jwt_add_header(ngx_http_request_t *r,
    const char *name, size_t len, ngx_str_t *value);


#define ngx_http_gw_jwt_header(r, name, value)                                \
    ngx_http_gw_jwt_add_header(r, name, sizeof(name) - 1, value)


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
        rc = ngx_http_gw_jwt_is_grpc(r) ? ngx_http_gw_jwt_grpc(r, ctx)
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

    h = ngx_http_gw_jwt_header(r, "WWW-Authenticate", &value);
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

    return ngx_http_gw_jwt_header(r, "Retry-After", &value) ? NGX_OK
                                                            : NGX_ERROR;
}


/*
 * Its answer has status 200: never for a subrequest, whose status decides on
 * another request, nor for what is no gRPC call in spite of its type, since
 * caches and callers in front would take a refused GET for a success.
 */

static ngx_uint_t
ngx_http_gw_jwt_is_grpc(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = r->headers_in.content_type;

    return r == r->main && r->method == NGX_HTTP_POST && h && h->value.len >= 16
           && ngx_strncasecmp(h->value.data, (u_char *) "application/grpc",
                              16)
              == 0;
}


/* a gRPC client takes the status from the trailers, here sent as headers */

static ngx_int_t
ngx_http_gw_jwt_grpc(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    u_char           *p;
    size_t            len;
    uintptr_t         escape;
    ngx_str_t         code, message;
    const ngx_str_t  *detail;

    switch (ctx->denied) {

    case NGX_HTTP_UNAUTHORIZED:
        ngx_str_set(&code, "16");              /* UNAUTHENTICATED */
        break;

    case NGX_HTTP_FORBIDDEN:
        ngx_str_set(&code, "7");               /* PERMISSION_DENIED */
        break;

    default:
        ngx_str_set(&code, "14");              /* UNAVAILABLE */
        break;
    }

    detail = &ngx_gw_jwt_details[ctx->reason];
    escape = ngx_escape_uri(NULL, detail->data, detail->len,
                            NGX_ESCAPE_URI_COMPONENT);
    len = detail->len + 2 * escape;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_escape_uri(p, detail->data, detail->len,
                          NGX_ESCAPE_URI_COMPONENT);
    message.data = p;
    message.len = len;

    if (ngx_http_gw_jwt_header(r, "grpc-status", &code) == NULL
        || ngx_http_gw_jwt_header(r, "grpc-message", &message) == NULL)
    {
        return NGX_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.status_line.len = 0;
    r->headers_out.content_type = r->headers_in.content_type->value;
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return NGX_OK;
}


/* RFC 9457 */

static ngx_int_t
ngx_http_gw_jwt_problem(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    u_char                       *p, *last;
    ngx_buf_t                    *b;
    ngx_str_t                     title;
    ngx_uint_t                    status;
    const ngx_str_t              *reason, *detail;
    ngx_http_variable_value_t    *id;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    jmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_auth_module);
    status = r->headers_out.status;

    switch (status) {

    case NGX_HTTP_UNAUTHORIZED:
        ngx_str_set(&title, "Unauthorized");
        break;

    case NGX_HTTP_FORBIDDEN:
        ngx_str_set(&title, "Forbidden");
        break;

    default:
        ngx_str_set(&title, "Service Unavailable");
        break;
    }

    id = ngx_http_get_indexed_variable(r, jmcf->request_id);
    if (id == NULL) {
        return NGX_ERROR;
    }

    reason = &ngx_gw_jwt_names[ctx->reason];
    detail = &ngx_gw_jwt_details[ctx->reason];

    b = ngx_create_temp_buf(r->pool, 256 + detail->len + id->len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    p = b->last;
    last = b->end;

    b->last = ngx_slprintf(p, last,
                           "{\"type\":\"about:blank\",\"title\":\"%V\","
                           "\"status\":%ui,\"detail\":\"%V\","
                           "\"reason\":\"%V\",\"instance\":\"%v\"}" CRLF,
                           &title, status, detail, reason, id);

    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    ctx->body = b;

    ngx_str_set(&r->headers_out.content_type, "application/problem+json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_length_n = b->last - b->pos;

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_gw_jwt_add_header(ngx_http_request_t *r, const char *name,
    size_t len, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = len;
    h->value = *value;
    h->lowcase_key = NULL;

#if (NGX_GW_HEADER_NEXT)
    h->next = NULL;
#endif

    return h;
}


/* nginx's own page is dropped, ours sent once in its place */

static ngx_int_t
ngx_http_gw_jwt_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t            *cl, out;
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_auth_module);

    if (ctx == NULL || ctx->body == NULL || in == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    if (ctx->sent) {
        return ngx_http_next_body_filter(r, NULL);
    }

    ctx->sent = 1;

    out.buf = ctx->body;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
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
