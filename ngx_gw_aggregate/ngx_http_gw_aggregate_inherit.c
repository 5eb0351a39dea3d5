
/*
 * Values that a part's request has of the aggregate.
 *
 * A part has variables of its own, so that what one has cached steers no
 * other.  But some have no value that could be found anew: those of "set", of
 * captures (in server_name, in the aggregate's location) and of
 * auth_request_set.  Their getters find nothing, and are put behind one that
 * then looks at the aggregate.  nginx does not tell what a getter is of, only
 * that its variable may be set (CHANGEABLE), so map and geo get it as well,
 * which always find something themselves.
 *
 * $request_id, which would be another one, is the aggregate's too: one
 * request, one id.
 */


#include "ngx_http_gw_aggregate.h"


typedef struct {
    ngx_http_get_variable_pt     get;
    uintptr_t                    data;
    ngx_uint_t                   index;
    ngx_uint_t                   always;   /* the aggregate's, if it has one */
} ngx_http_gw_inherit_t;


static ngx_int_t ngx_http_gw_inherit(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


/* in postconfiguration: getters are copied to the table of indexes later */

ngx_int_t
ngx_http_gw_inherit_init(ngx_conf_t *cf)
{
    ngx_uint_t                          i, n;
    ngx_hash_key_t                     *key;
    ngx_http_variable_t                *var, *indexed;
    ngx_http_gw_inherit_t              *in;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_gw_aggregate_main_conf_t  *amcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    amcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_aggregate_module);

    key = cmcf->variables_keys->keys.elts;
    indexed = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        for (n = 0; n < cmcf->variables_keys->keys.nelts; n++) {
            var = key[n].value;

            if (var->name.len == indexed[i].name.len
                && ngx_strncmp(var->name.data, indexed[i].name.data,
                               var->name.len)
                   == 0)
            {
                break;
            }
        }

        if (n == cmcf->variables_keys->keys.nelts) {
            continue;
        }

        var = key[n].value;

        if (i != (ngx_uint_t) amcf->request_id
            && (!(var->flags & NGX_HTTP_VAR_CHANGEABLE)
                || (var->flags & NGX_HTTP_VAR_NOCACHEABLE)
                || var->set_handler || var->get_handler == NULL))
        {
            continue;
        }

        in = ngx_palloc(cf->pool, sizeof(ngx_http_gw_inherit_t));
        if (in == NULL) {
            return NGX_ERROR;
        }

        in->get = var->get_handler;
        in->data = var->data;
        in->index = i;

        /* what "set" gives its getter is the index of the variable, others
           give a pointer: that getter does not say "not found", but warns */

        in->always = (i == (ngx_uint_t) amcf->request_id || var->data == i);

        var->get_handler = ngx_http_gw_inherit;
        var->data = (uintptr_t) in;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_inherit(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_int_t                   rc;
    ngx_http_request_t         *pr;
    ngx_http_gw_run_t          *run;
    ngx_http_gw_inherit_t      *in;
    ngx_http_variable_value_t  *value;

    in = (ngx_http_gw_inherit_t *) data;
    run = NULL;

    for (pr = r; pr && run == NULL; pr = pr->parent) {
        run = ngx_http_gw_part_get(pr);
    }

    if (run == NULL || !in->always) {
        rc = in->get(r, v, in->data);

        if (run == NULL || rc != NGX_OK || !v->not_found) {
            return rc;
        }
    }

    value = ngx_http_get_indexed_variable(run->aggregate->request, in->index);

    if (value == NULL) {
        return NGX_ERROR;
    }

    *v = *value;

    return NGX_OK;
}
