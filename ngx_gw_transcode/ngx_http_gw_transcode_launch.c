
/*
 * How a call is begun: grpc_pass sets up its upstream, and makes its request
 * of what is the call's for as long as that takes.
 */


#include "ngx_http_gw_transcode.h"


/* how the configuration of grpc_pass begins, in all versions of it so far */
typedef struct {
    ngx_http_upstream_conf_t       upstream;
    ngx_array_t                   *flushes;    /* indexes of the variables of
                                                  grpc_set_header, or NULL */
} ngx_http_gw_transcode_grpc_conf_t;


static ngx_int_t ngx_http_gw_transcode_create(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static void ngx_http_gw_transcode_evaluate(ngx_http_request_t *r,
    ngx_uint_t keep);


static ngx_str_t  ngx_http_gw_transcode_post = ngx_string("POST");


/*
 * grpc_pass's handler would send the request at once.  With r->aio set nginx
 * does not begin, as if it waited for a file; the callbacks are there then,
 * are wrapped, and it is begun.
 */

ngx_int_t
ngx_http_gw_transcode_launch(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_gw_transcode_request_fields(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    r->aio = 1;
    rc = ctx->conf->grpc(r);
    r->aio = 0;

    if (rc != NGX_DONE) {
        return rc;
    }

    if (ctx->streaming_in || ctx->text_mode) {
        ctx->converts = 1;

        /* a body that was there already is taken as a whole */

        if (!r->request_body_no_buffering) {
            rc = ngx_http_gw_transcode_convert(r, ctx);

            if (rc != NGX_OK) {
                r->main->count--;
                return rc;
            }
        }

    } else {
        ctx->converts = (ctx->kind != NGX_HTTP_GW_TRANSCODE_WEB);
    }

    ngx_http_gw_transcode_wrap(r, ctx);

    ngx_http_upstream_init(r);

    return NGX_DONE;
}


ngx_int_t
ngx_http_gw_transcode_create_request(ngx_http_request_t *r)
{
    ngx_http_upstream_t          *u;
    ngx_http_gw_transcode_ctx_t  *ctx;

    u = r->upstream;
    ctx = u->input_filter_ctx;

    if (ctx->converts && !r->request_body_no_buffering) {
        u->request_bufs = ctx->out;
    }

    if (ngx_http_gw_transcode_create(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->converts && r->request_body_no_buffering) {
        ctx->output_filter = u->output.output_filter;
        u->output.output_filter = ngx_http_gw_transcode_output;
    }

    /* finalize_request() ends it */

    if (ctx->timeout) {
        ctx->deadline.handler = ngx_http_gw_transcode_deadline;
        ctx->deadline.data = ctx;
        ctx->deadline.log = r->connection->log;

        ngx_add_timer(&ctx->deadline, ctx->timeout);
    }

    return NGX_OK;
}


/* what grpc_pass makes its header of is ours for as long as it does so */

static ngx_int_t
ngx_http_gw_transcode_create(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_int_t                           rc;
    ngx_str_t                           uri, args, method_name;
    ngx_uint_t                          method, valid;
    ngx_table_elt_t                     te;
    ngx_http_headers_in_t               headers_in;
    ngx_http_variable_value_t           length, trailers;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_transcode_module);

    ngx_http_gw_transcode_evaluate(r, 1);

    method = r->method;
    method_name = r->method_name;
    valid = r->valid_unparsed_uri;
    uri = r->uri;
    args = r->args;
    headers_in = r->headers_in;
    length = r->variables[tmcf->content_length];
    trailers = r->variables[tmcf->internal_trailers];

    ngx_memzero(&te, sizeof(ngx_table_elt_t));
    ngx_str_set(&te.key, "TE");
    ngx_str_set(&te.value, "trailers");

    r->method = NGX_HTTP_POST;
    r->method_name = ngx_http_gw_transcode_post;

    if (ctx->method) {
        r->valid_unparsed_uri = 0;
        r->uri = ctx->method->path;
        ngx_str_null(&r->args);
    }

    r->headers_in.headers = ctx->fields;
    r->headers_in.content_length = NULL;
    r->headers_in.content_length_n = -1;
    r->headers_in.te = &te;

    r->variables[tmcf->content_length].valid = 0;
    r->variables[tmcf->content_length].not_found = 0;
    r->variables[tmcf->internal_trailers].valid = 0;
    r->variables[tmcf->internal_trailers].not_found = 0;

    rc = ctx->create_request(r);

    r->method = method;
    r->method_name = method_name;
    r->valid_unparsed_uri = valid;
    r->uri = uri;
    r->args = args;
    r->headers_in = headers_in;
    r->variables[tmcf->content_length] = length;
    r->variables[tmcf->internal_trailers] = trailers;

    ngx_http_gw_transcode_evaluate(r, 0);

    return rc;
}


/*
 * Variables of grpc_set_header are about the client's request: they get their
 * values before that looks otherwise, and keep them meanwhile.
 */

static void
ngx_http_gw_transcode_evaluate(ngx_http_request_t *r, ngx_uint_t keep)
{
    ngx_uint_t                          i, n, *index;
    ngx_http_variable_t                *v;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_gw_transcode_grpc_conf_t  *glcf;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    glcf = ngx_http_get_module_loc_conf(r, ngx_http_grpc_module);

    if (glcf->flushes == NULL) {
        return;
    }

    tmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_transcode_module);
    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    v = cmcf->variables.elts;
    index = glcf->flushes->elts;

    for (i = 0; i < glcf->flushes->nelts; i++) {
        n = index[i];

        if (n == (ngx_uint_t) tmcf->content_length
            || n == (ngx_uint_t) tmcf->internal_trailers)
        {
            continue;
        }

        if (keep) {
            (void) ngx_http_get_flushed_variable(r, n);
            r->variables[n].no_cacheable = 0;

        } else if (v[n].flags & NGX_HTTP_VAR_NOCACHEABLE) {
            r->variables[n].no_cacheable = 1;
        }
    }
}
