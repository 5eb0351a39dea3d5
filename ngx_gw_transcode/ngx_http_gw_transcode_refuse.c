
/*
 * The form of errors in a transcoding location: google.rpc.Status in JSON, for
 * what this module refuses and for what nginx itself answers with there.
 * What other modules refuse they put into this form themselves, as
 * $gw_error_code tells them.
 */


#include "ngx_http_gw_transcode.h"


static ngx_int_t ngx_http_gw_transcode_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_transcode_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_gw_transcode_status(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_uint_t ngx_http_gw_transcode_claimed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_gw_transcode_refuse(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status, const char *reason,
    const ngx_str_t *detail)
{
    /* a fault of the service was logged where it was found */

    if (status < NGX_HTTP_INTERNAL_SERVER_ERROR) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "gw transcode: request refused with %ui (%s)", status,
                      reason);
    }

    ctx->refused = status;
    ctx->reason = reason;
    ctx->code = ngx_gw_grpc_code(status);

    /* a text may be of a pool that is emptied before the answer is made */

    ctx->detail.len = detail->len;
    ctx->detail.data = ngx_pnalloc(r->pool, detail->len + 1);
    if (ctx->detail.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(ctx->detail.data, detail->data, detail->len);

    return status;
}


ngx_int_t
ngx_http_gw_transcode_refuse_text(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status, const char *reason,
    const char *text)
{
    ngx_str_t  detail;

    detail.data = (u_char *) text;
    detail.len = ngx_strlen(text);

    return ngx_http_gw_transcode_refuse(r, ctx, status, reason, &detail);
}


static ngx_int_t
ngx_http_gw_transcode_header_filter(ngx_http_request_t *r)
{
    ngx_http_gw_transcode_ctx_t       *ctx;
    ngx_http_gw_transcode_loc_conf_t  *tlcf;

    ctx = ngx_http_gw_transcode_get_ctx(r);

    if (ctx == NULL) {

        /* refused before there was a call, by nginx or another module */

        tlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_transcode_module);

        if (tlcf->routes == NULL || tlcf->grpc == NULL
            || r->headers_out.status < NGX_HTTP_BAD_REQUEST
            || r->err_status == 0
            || ngx_http_gw_is_grpc(r))
        {
            return ngx_http_next_header_filter(r);
        }

        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_gw_transcode_ctx_t));
        if (ctx == NULL) {
            return NGX_ERROR;
        }

        ctx->request = r;
        ctx->conf = tlcf;
        ctx->code = -1;

        ngx_http_set_ctx(r, ctx, ngx_http_gw_transcode_module);
    }

    if (r->headers_out.status < NGX_HTTP_BAD_REQUEST || ctx->began) {
        return ngx_http_next_header_filter(r);
    }

    if (ctx->allow.len && r->headers_out.status == NGX_HTTP_NOT_ALLOWED
        && ngx_http_gw_header(r, "Allow", &ctx->allow) == NULL)
    {
        return NGX_ERROR;
    }

    /* an error_page has another body */

    if (ctx != ngx_http_get_module_ctx(r, ngx_http_gw_transcode_module)
        || ngx_http_gw_transcode_claimed(r, ctx))
    {
        return ngx_http_next_header_filter(r);
    }

    if (ngx_http_gw_transcode_status(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * Behind a 400 nginx closes the connection, as what follows could be
     * anything.  Here the request was read to its end, and is only wrong.
     */

    if (ctx->refused == NGX_HTTP_BAD_REQUEST
        && r->headers_out.status == NGX_HTTP_BAD_REQUEST
        && ctx->keepalive && !ctx->streaming_in && !r->reading_body)
    {
        r->keepalive = 1;
    }

    return ngx_http_next_header_filter(r);
}


/*
 * 1: another module answers for the status.  It may have been loaded behind
 * this one, so that the variable is asked as a whole.
 */

static ngx_uint_t
ngx_http_gw_transcode_claimed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_http_variable_value_t          *v;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    if (ctx->refused) {
        return 0;
    }

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_transcode_module);

    v = ngx_http_get_flushed_variable(r, tmcf->gw_error);

    return v && !v->not_found && v->len;
}


static ngx_int_t
ngx_http_gw_transcode_status(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_str_t   detail;
    ngx_uint_t  status;

    status = r->headers_out.status;

    if (ctx->refused == status && ctx->detail.len) {
        detail.len = ctx->detail.len
                     + ngx_escape_json(NULL, ctx->detail.data,
                                       ctx->detail.len);
        detail.data = ngx_pnalloc(r->pool, detail.len);
        if (detail.data == NULL) {
            return NGX_ERROR;
        }

        (void) ngx_escape_json(detail.data, ctx->detail.data,
                               ctx->detail.len);

    } else {
        ctx->code = ngx_gw_grpc_code(status);
        detail = *ngx_http_gw_problem_title(status);
    }

    /* a browser's gRPC client looks for the status in the header */

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {
        return ngx_http_gw_problem_grpc(r, ctx->code, &detail);
    }

    return ngx_http_gw_problem_status(r, &ctx->problem, ctx->code, &detail);
}


static ngx_int_t
ngx_http_gw_transcode_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_uint_t                    i;
    ngx_list_part_t              *part;
    ngx_table_elt_t              *h;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_transcode_module);

    if (ctx == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    if (ctx->began && in) {

        /*
         * grpc_pass hands trailers on; what they say the client has been told.
         * They are left where $upstream_trailer_... looks for them.  Those
         * of add_trailer come later, and may wait to be sent.
         */

        part = &r->headers_out.trailers.part;
        h = part->elts;

        for (i = 0; /* void */; i++) {

            if (i >= part->nelts) {
                if (part->next == NULL) {
                    break;
                }

                part = part->next;
                h = part->elts;
                i = 0;
            }

            h[i].hash = 0;
        }
    }

    if (ctx->problem.body == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    return ngx_http_gw_problem_body(r, &ctx->problem, in,
                                    ngx_http_next_body_filter);
}


ngx_int_t
ngx_http_gw_transcode_refuse_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_gw_transcode_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_gw_transcode_body_filter;

    return NGX_OK;
}
