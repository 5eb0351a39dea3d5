
/*
 * $gw_grpc_method, $gw_grpc_status, $gw_grpc_message, $gw_error and
 * $gw_error_code.
 */


#include "ngx_http_gw_transcode.h"


static ngx_int_t ngx_http_gw_transcode_method_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_transcode_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_transcode_message_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_transcode_code_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_transcode_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_transcode_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_uint_t n);


static ngx_http_variable_t  ngx_http_gw_transcode_vars[] = {

    { ngx_string("gw_grpc_method"), NULL,
      ngx_http_gw_transcode_method_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_grpc_status"), NULL,
      ngx_http_gw_transcode_status_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_grpc_message"), NULL,
      ngx_http_gw_transcode_message_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_error_code"), NULL,
      ngx_http_gw_transcode_code_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_gw_transcode_method_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                    *path;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_gw_transcode_get_ctx(r);

    if (ctx == NULL
        || (ctx->method == NULL && ctx->kind != NGX_HTTP_GW_TRANSCODE_WEB))
    {
        v->not_found = 1;
        return NGX_OK;
    }

    path = ctx->method ? &ctx->method->path : &r->uri;

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = path->data + 1;
    v->len = path->len - 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_gw_transcode_get_ctx(r);

    if (ctx == NULL || ctx->code < 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_gw_transcode_number(r, v, ctx->code);
}


/* whatever a log does with it, a control character has no place there */

static ngx_int_t
ngx_http_gw_transcode_message_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                       *p;
    size_t                        i;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_gw_transcode_get_ctx(r);

    if (ctx == NULL || ctx->message.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, ctx->message.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;

    for (i = 0; i < ctx->message.len; i++) {
        if (ctx->message.data[i] >= 0x20 && ctx->message.data[i] != 0x7f) {
            *p++ = ctx->message.data[i];
        }
    }

    v->len = p - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_code_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_gw_transcode_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_transcode_module);

    if (tlcf->routes == NULL || tlcf->grpc == NULL
        || r->headers_out.status < NGX_HTTP_BAD_REQUEST
        || ngx_http_gw_is_grpc(r))
    {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_gw_transcode_number(r, v,
                                    ngx_gw_grpc_code(r->headers_out.status));
}


static ngx_int_t
ngx_http_gw_transcode_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                     reason;
    ngx_http_gw_error_t          *error = (ngx_http_gw_error_t *) data;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_gw_transcode_get_ctx(r);

    if (ctx == NULL || ctx->refused == 0) {
        return ngx_http_gw_error_next(r, v, error);
    }

    reason.data = (u_char *) ctx->reason;
    reason.len = ngx_strlen(ctx->reason);

    return ngx_http_gw_error_set(r, v, ctx->refused, &reason);
}


static ngx_int_t
ngx_http_gw_transcode_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_uint_t n)
{
    v->data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(v->data, "%ui", n) - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_transcode_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t                *var, *v;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    for (v = ngx_http_gw_transcode_vars; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    tmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_transcode_module);

    return ngx_http_gw_error_add(cf, &tmcf->error,
                                 ngx_http_gw_transcode_error_variable);
}
