
/*
 * $gw_ratelimit_..., $gw_error
 */


#include "ngx_http_gw_ratelimit.h"


/* which value of the nearest rule */
#define NGX_HTTP_GW_RATELIMIT_VAR_LIMIT      0
#define NGX_HTTP_GW_RATELIMIT_VAR_REMAINING  1
#define NGX_HTTP_GW_RATELIMIT_VAR_RESET      2


static ngx_int_t ngx_http_gw_ratelimit_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_ratelimit_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_ratelimit_zone_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_ratelimit_results_variable(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_ratelimit_sort(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx,
    ngx_http_gw_ratelimit_outcome_t ***sorted, ngx_uint_t *count);
static ngx_int_t ngx_http_gw_ratelimit_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_gw_ratelimit_outcome_t *ngx_http_gw_ratelimit_any_nearest(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_ratelimit_set_variable(
    ngx_http_variable_value_t *v, const ngx_str_t *value);


/* by NGX_HTTP_GW_RATELIMIT_NONE and so on */
static const ngx_str_t  ngx_http_gw_ratelimit_results[] = {
    ngx_null_string,
    ngx_string("passed"),
    ngx_string("delayed"),
    ngx_string("dry_run_rejected"),
    ngx_string("error"),
    ngx_string("rejected")
};


static ngx_http_variable_t  ngx_http_gw_ratelimit_vars[] = {

    { ngx_string("gw_ratelimit_status"), NULL,
      ngx_http_gw_ratelimit_status_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_ratelimit_limit"), NULL,
      ngx_http_gw_ratelimit_number_variable,
      NGX_HTTP_GW_RATELIMIT_VAR_LIMIT, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_ratelimit_remaining"), NULL,
      ngx_http_gw_ratelimit_number_variable,
      NGX_HTTP_GW_RATELIMIT_VAR_REMAINING, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_ratelimit_reset"), NULL,
      ngx_http_gw_ratelimit_number_variable,
      NGX_HTTP_GW_RATELIMIT_VAR_RESET, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_ratelimit_zone"), NULL,
      ngx_http_gw_ratelimit_zone_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("gw_ratelimit_results"), NULL,
      ngx_http_gw_ratelimit_results_variable, 0, NGX_HTTP_VAR_NOCACHEABLE,
      0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_gw_ratelimit_status_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    ctx = ngx_http_gw_ratelimit_get_ctx(r);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_gw_ratelimit_set_variable(v,
                &ngx_http_gw_ratelimit_results[
                                       ngx_http_gw_ratelimit_result(ctx)]);
}


static ngx_int_t
ngx_http_gw_ratelimit_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    int64_t                           value;
    ngx_str_t                         s;
    ngx_http_gw_ratelimit_outcome_t  *o;

    o = ngx_http_gw_ratelimit_any_nearest(r);

    if (o == NULL || o->verdict.limit == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    switch (data) {

    case NGX_HTTP_GW_RATELIMIT_VAR_LIMIT:
        value = o->verdict.limit;
        break;

    case NGX_HTTP_GW_RATELIMIT_VAR_REMAINING:
        value = o->verdict.remaining;
        break;

    default:
        value = ngx_http_gw_ratelimit_seconds(o->verdict.reset);
        break;
    }

    s.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (s.data == NULL) {
        return NGX_ERROR;
    }

    s.len = ngx_sprintf(s.data, "%L", value) - s.data;

    return ngx_http_gw_ratelimit_set_variable(v, &s);
}


static ngx_int_t
ngx_http_gw_ratelimit_zone_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_gw_ratelimit_outcome_t  *o;

    o = ngx_http_gw_ratelimit_any_nearest(r);

    if (o == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_gw_ratelimit_set_variable(v, &o->zone->name);
}


static ngx_int_t
ngx_http_gw_ratelimit_results_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                            *p;
    size_t                             len;
    ngx_str_t                          value;
    ngx_uint_t                         i, n;
    ngx_http_gw_ratelimit_ctx_t       *ctx;
    ngx_http_gw_ratelimit_outcome_t  **o;

    ctx = ngx_http_gw_ratelimit_get_ctx(r);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_http_gw_ratelimit_sort(r, ctx, &o, &n) != NGX_OK) {
        return NGX_ERROR;
    }

    len = 0;

    for (i = 0; i < n; i++) {
        len += o[i]->zone->name.len + sizeof("=dry_run_rejected,") - 1;
    }

    p = ngx_pnalloc(r->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    for (i = 0; i < n; i++) {
        p = ngx_sprintf(p, "%s%V=%V", i ? "," : "", &o[i]->zone->name,
                        &ngx_http_gw_ratelimit_results[o[i]->result]);
    }

    value.len = p - value.data;

    return ngx_http_gw_ratelimit_set_variable(v, &value);
}


/* those that have been decided, of each location in the order of the lines */

static ngx_int_t
ngx_http_gw_ratelimit_sort(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx,
    ngx_http_gw_ratelimit_outcome_t ***sorted, ngx_uint_t *count)
{
    void                              *place;
    ngx_uint_t                         i, j, n, first;
    ngx_http_gw_ratelimit_batch_t     *batch;
    ngx_http_gw_ratelimit_outcome_t  **o, *each;

    n = 0;

    for (batch = ctx->batches; batch; batch = batch->next) {
        n += batch->n;
    }

    o = ngx_palloc(r->pool, (n + 1) * sizeof(void *));
    if (o == NULL) {
        return NGX_ERROR;
    }

    n = 0;
    first = 0;
    place = NULL;

    for (batch = ctx->batches; batch; batch = batch->next) {

        if (batch->place != place) {
            place = batch->place;
            first = n;
        }

        for (i = 0; i < batch->n; i++) {
            each = &batch->outcomes[i];

            if (each->result == NGX_HTTP_GW_RATELIMIT_NONE) {
                continue;
            }

            for (j = n; j > first; j--) {
                if (o[j - 1]->rule->order < each->rule->order) {
                    break;
                }

                o[j] = o[j - 1];
            }

            o[j] = each;
            n++;
        }
    }

    *sorted = o;
    *count = n;

    return NGX_OK;
}


static ngx_http_gw_ratelimit_outcome_t *
ngx_http_gw_ratelimit_any_nearest(ngx_http_request_t *r)
{
    ngx_http_gw_ratelimit_ctx_t      *ctx;
    ngx_http_gw_ratelimit_outcome_t  *o;

    ctx = ngx_http_gw_ratelimit_get_ctx(r);

    if (ctx == NULL) {
        return NULL;
    }

    o = ngx_http_gw_ratelimit_nearest(ctx, 0);

    return o ? o : ngx_http_gw_ratelimit_nearest(ctx, 1);
}


static ngx_int_t
ngx_http_gw_ratelimit_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_gw_error_t *error = (ngx_http_gw_error_t *) data;

    u_char                       *p;
    ngx_str_t                     reason;
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    ctx = ngx_http_gw_ratelimit_get_ctx(r);

    if (ctx == NULL || ctx->rejected == NULL) {
        return ngx_http_gw_error_next(r, v, error);
    }

    reason.len = sizeof("ratelimit ") - 1 + ctx->rejected->zone->name.len;
    reason.data = ngx_pnalloc(r->pool, reason.len);
    if (reason.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(reason.data, "ratelimit ", sizeof("ratelimit ") - 1);
    ngx_memcpy(p, ctx->rejected->zone->name.data,
               ctx->rejected->zone->name.len);

    return ngx_http_gw_error_set(r, v, ctx->denied, &reason);
}


static ngx_int_t
ngx_http_gw_ratelimit_set_variable(ngx_http_variable_value_t *v,
    const ngx_str_t *value)
{
    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_ratelimit_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t                *var, *v;
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    for (v = ngx_http_gw_ratelimit_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_ratelimit_module);

    return ngx_http_gw_error_add(cf, &rmcf->error,
                                 ngx_http_gw_ratelimit_error_variable);
}
