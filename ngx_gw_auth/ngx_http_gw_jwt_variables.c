
#include "ngx_http_gw_jwt.h"


static ngx_http_gw_jwt_ctx_t *ngx_http_gw_jwt_subject(ngx_http_request_t *r);
static ngx_gw_jwt_t *ngx_http_gw_jwt_token(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_jwt_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_jwt_header_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_jwt_member_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_str_t *name, size_t prefix,
    ngx_uint_t header);
static ngx_int_t ngx_http_gw_jwt_path_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_jwt_claims_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_jwt_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_jwt_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_jwt_value(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_gw_json_t *json, ngx_uint_t node);
static void ngx_http_gw_jwt_set_value(ngx_http_variable_value_t *v,
    ngx_str_t *text);


static ngx_http_variable_t  ngx_http_gw_jwt_vars[] = {

    { ngx_string("gw_jwt_claim_"), NULL, ngx_http_gw_jwt_claim_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("gw_jwt_header_"), NULL, ngx_http_gw_jwt_header_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("gw_jwt_claims"), NULL, ngx_http_gw_jwt_claims_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_jwt_status"), NULL, ngx_http_gw_jwt_status_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_gw_jwt_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t          *var, *v;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    for (v = ngx_http_gw_jwt_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    jmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_gw_auth_module);

    return ngx_http_gw_error_add(cf, &jmcf->error,
                                 ngx_http_gw_jwt_error_variable);
}


/* a subrequest that was asked for no token of its own speaks for its parent */

static ngx_http_gw_jwt_ctx_t *
ngx_http_gw_jwt_subject(ngx_http_request_t *r)
{
    ngx_http_gw_jwt_ctx_t  *ctx;

    for ( /* void */ ; r; r = r->parent) {
        ctx = ngx_http_gw_jwt_get_ctx(r);

        if (ctx && !ctx->exempt) {
            return ctx;
        }
    }

    return NULL;
}


/*
 * The token whose claims may be read: an accepted one, or one that a rule has
 * refused, for logs and error pages; not if another module then let it pass.
 */

static ngx_gw_jwt_t *
ngx_http_gw_jwt_token(ngx_http_request_t *r)
{
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_gw_jwt_subject(r);

    if (ctx && ctx->claims
        && (ctx->status != NGX_GW_JWT_REFUSED || ctx->denied))
    {
        return &ctx->entry->jwt;
    }

    return NULL;
}


static ngx_int_t
ngx_http_gw_jwt_claim_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_gw_jwt_member_variable(r, v, (ngx_str_t *) data,
                                           sizeof("gw_jwt_claim_") - 1, 0);
}


static ngx_int_t
ngx_http_gw_jwt_header_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_gw_jwt_member_variable(r, v, (ngx_str_t *) data,
                                           sizeof("gw_jwt_header_") - 1, 1);
}


static ngx_int_t
ngx_http_gw_jwt_member_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_str_t *name, size_t prefix,
    ngx_uint_t header)
{
    ngx_str_t       member;
    ngx_uint_t      node;
    ngx_gw_jwt_t   *jwt;
    ngx_gw_json_t  *json;

    jwt = ngx_http_gw_jwt_token(r);

    if (jwt == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    member.data = name->data + prefix;
    member.len = name->len - prefix;

    json = header ? &jwt->header : &jwt->payload;

    node = ngx_gw_json_find(json, 0, &member,
                            ngx_gw_json_hash(member.data, member.len));

    return ngx_http_gw_jwt_value(r, v, json, node);
}


static ngx_int_t
ngx_http_gw_jwt_path_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_gw_json_path_t *path = (ngx_gw_json_path_t *) data;

    ngx_uint_t      node;
    ngx_gw_jwt_t   *jwt;
    ngx_gw_json_t  *json;

    jwt = ngx_http_gw_jwt_token(r);

    if (jwt == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    json = &jwt->payload;

    if (ngx_gw_json_path_get(json, path, &node) != NGX_OK) {
        node = NGX_GW_JSON_NONE;
    }

    return ngx_http_gw_jwt_value(r, v, json, node);
}


static ngx_int_t
ngx_http_gw_jwt_claims_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t      text;
    ngx_gw_jwt_t  *jwt;

    jwt = ngx_http_gw_jwt_token(r);

    if (jwt == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_gw_jwt_claim_json(&jwt->payload, 0, r->pool, &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_gw_jwt_set_value(v, &text);

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_gw_jwt_subject(r);

    ngx_http_gw_jwt_set_value(v, (ngx_str_t *)
                      &ngx_gw_jwt_names[ctx ? ctx->status : NGX_GW_JWT_OFF]);

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_gw_error_t *error = (ngx_http_gw_error_t *) data;

    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_gw_jwt_get_ctx(r);

    if (ctx == NULL || ctx->denied == 0) {
        return ngx_http_gw_error_next(r, v, error);
    }

    return ngx_http_gw_error_set(r, v, ctx->denied,
                                 &ngx_gw_jwt_names[ctx->reason]);
}


static ngx_int_t
ngx_http_gw_jwt_value(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    ngx_gw_json_t *json, ngx_uint_t node)
{
    ngx_str_t  text;

    if (node == NGX_GW_JSON_NONE
        || json->nodes[node].type == NGX_GW_JSON_NULL)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_gw_jwt_claim_text(json, node, r->pool, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_gw_jwt_set_value(v, &text);

    return NGX_OK;
}


static void
ngx_http_gw_jwt_set_value(ngx_http_variable_value_t *v, ngx_str_t *text)
{
    v->data = text->data;
    v->len = text->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
}


char *
ngx_http_gw_jwt_claim_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t             rc;
    ngx_str_t            *value, name;
    ngx_gw_json_path_t   *path;
    ngx_http_variable_t  *v;

    value = cf->args->elts;
    name = value[1];

    if (name.len < 2 || name.data[0] != '$') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid variable name \"%V\"", &name);
        return NGX_CONF_ERROR;
    }

    name.data++;
    name.len--;

    path = ngx_palloc(cf->pool, sizeof(ngx_gw_json_path_t));
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_gw_json_path_compile(cf->pool, &value[2], path);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid path \"%V\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    v = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
    if (v == NULL) {
        return NGX_CONF_ERROR;
    }

    v->get_handler = ngx_http_gw_jwt_path_variable;
    v->data = (uintptr_t) path;

    return NGX_CONF_OK;
}
