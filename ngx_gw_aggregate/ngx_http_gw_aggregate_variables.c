
/*
 * $gw_part_..., $gw_aggregate_trace, $gw_error and variables of gw_part_set.
 * They are those of the aggregate that a request is, or is made for.
 */


#include "ngx_http_gw_aggregate.h"


static ngx_int_t ngx_http_gw_part_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_part_set_value(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_aggregate_trace_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_gw_aggregate_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_http_gw_aggregate_t *ngx_http_gw_aggregate_of(
    ngx_http_request_t *r);
static ngx_http_gw_run_t *ngx_http_gw_part_of(ngx_http_gw_aggregate_t *ag,
    u_char *name, size_t len);
static ngx_int_t ngx_http_gw_variable_data(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_str_t *value, ngx_uint_t json);
static void ngx_http_gw_variable_set(ngx_http_variable_value_t *v,
    ngx_str_t *value);


#define ngx_http_gw_variable_control(c)  ((c) < 0x20 || (c) == 0x7f)


static ngx_http_variable_t  ngx_http_gw_aggregate_vars[] = {

    { ngx_string("gw_part_"), NULL, ngx_http_gw_part_variable, 0,
      NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("gw_aggregate_trace"), NULL,
      ngx_http_gw_aggregate_trace_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* $gw_part_NAME, $gw_part_NAME_status, $gw_part_NAME_time */

static ngx_int_t
ngx_http_gw_part_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    u_char                   *p;
    size_t                    len;
    ngx_str_t                *name, value;
    ngx_http_gw_run_t        *run;
    ngx_http_gw_aggregate_t  *ag;

    name = (ngx_str_t *) data;
    p = name->data + sizeof("gw_part_") - 1;
    len = name->len - (sizeof("gw_part_") - 1);

    v->not_found = 1;

    ag = ngx_http_gw_aggregate_of(r);

    if (ag == NULL) {
        return NGX_OK;
    }

    run = ngx_http_gw_part_of(ag, p, len);

    if (run) {
        if (run->state == NGX_HTTP_GW_DONE) {
            return ngx_http_gw_variable_data(r, v, &run->value, 1);
        }

        return NGX_OK;
    }

    value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN + 4);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

#define ngx_http_gw_part_suffix(text)                                         \
    (len > sizeof(text) - 1                                                   \
     && ngx_strncmp(p + len - (sizeof(text) - 1), text, sizeof(text) - 1)     \
        == 0                                                                  \
     && (run = ngx_http_gw_part_of(ag, p, len - (sizeof(text) - 1))) != NULL)

    if (ngx_http_gw_part_suffix("_status") && run->status) {
        value.len = ngx_sprintf(value.data, "%ui", run->status) - value.data;
        ngx_http_gw_variable_set(v, &value);

    } else if (ngx_http_gw_part_suffix("_time")
               && (run->state == NGX_HTTP_GW_DONE
                   || run->state == NGX_HTTP_GW_FAILED))
    {
        value.len = ngx_sprintf(value.data, "%M.%03M", run->time / 1000,
                                run->time % 1000)
                    - value.data;
        ngx_http_gw_variable_set(v, &value);
    }

#undef ngx_http_gw_part_suffix

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_part_set_value(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_str_t                *name, value;
    ngx_uint_t                type;
    ngx_http_gw_run_t        *run;
    ngx_http_gw_part_set_t   *set;
    ngx_http_gw_aggregate_t  *ag;

    name = (ngx_str_t *) data;
    ag = ngx_http_gw_aggregate_of(r);

    v->not_found = 1;

    set = ngx_http_gw_part_set_find(&ag, name);

    if (set == NULL) {
        return NGX_OK;
    }

    if (ngx_http_gw_picked(ag, set->part, set->pick, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.data == NULL) {
        return NGX_OK;
    }

    run = &ag->runs[set->part];
    type = ngx_gw_splice_picked(run->splice, set->pick)->type;

    return ngx_http_gw_variable_data(r, v, &value,
                                     type != NGX_GW_SPLICE_STRING);
}


/* user;status=200;reason=ok;start=0.000;time=0.012;address=127.0.0.1:1 */

static ngx_int_t
ngx_http_gw_aggregate_trace_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                   *p;
    size_t                    len;
    ngx_str_t                 value;
    ngx_uint_t                i;
    ngx_msec_t                start;
    const ngx_str_t          *reason;
    ngx_http_gw_run_t        *run;
    ngx_http_gw_aggregate_t  *ag;

    static const ngx_str_t  skipped = ngx_string("skipped");

    v->not_found = 1;

    ag = ngx_http_gw_aggregate_of(r);

    if (ag == NULL) {
        return NGX_OK;
    }

    len = 0;

    for (i = 0; i < ag->nruns; i++) {
        len += sizeof(", ;status=;reason=dependency;start=.000;time=.000;"
                      "address=") - 1
               + ag->runs[i].part->name.len + 3 * NGX_INT_T_LEN
               + ag->runs[i].address.len;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];
        start = run->start ? run->start - ag->begin : 0;

        reason = &ngx_http_gw_aggregate_reasons[run->reason];

        if (run->state == NGX_HTTP_GW_SKIPPED
            && run->reason == NGX_HTTP_GW_OK)
        {
            reason = &skipped;
        }

        p = ngx_sprintf(p, "%s%V;status=%ui;reason=%V;start=%M.%03M;"
                        "time=%M.%03M;address=%V",
                        i ? ", " : "", &run->part->name, run->status, reason,
                        start / 1000, start % 1000,
                        run->time / 1000, run->time % 1000, &run->address);
    }

    value.len = p - value.data;

    ngx_http_gw_variable_set(v, &value);

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_aggregate_error_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                   *p;
    ngx_str_t                 text;
    ngx_http_gw_run_t        *run;
    ngx_http_gw_error_t      *error;
    ngx_http_gw_aggregate_t  *ag;

    error = (ngx_http_gw_error_t *) data;
    ag = ngx_http_gw_aggregate_get(r);

    if (ag == NULL || ag->status == 0) {
        return ngx_http_gw_error_next(r, v, error);
    }

    run = ag->failed;

    if (run == NULL) {
        if (ag->too_large) {
            ngx_str_set(&text, "size");

        } else {
            ngx_str_set(&text, "internal");
        }

    } else {
        text.len = run->part->name.len + 1
                   + ngx_http_gw_aggregate_reasons[run->reason].len;

        p = ngx_pnalloc(r->pool, text.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        text.data = p;

        (void) ngx_sprintf(p, "%V %V", &run->part->name,
                           &ngx_http_gw_aggregate_reasons[run->reason]);
    }

    return ngx_http_gw_error_set(r, v, ag->status, &text);
}


/* the aggregate that r is, or else the innermost that it is made for */

static ngx_http_gw_aggregate_t *
ngx_http_gw_aggregate_of(ngx_http_request_t *r)
{
    ngx_http_gw_run_t        *run;
    ngx_http_gw_aggregate_t  *ag;

    for ( /* void */ ; r; r = r->parent) {
        ag = ngx_http_gw_aggregate_get(r);

        if (ag) {
            return ag;
        }

        run = ngx_http_gw_part_get(r);

        if (run) {
            return run->aggregate;
        }
    }

    return NULL;
}


static ngx_http_gw_run_t *
ngx_http_gw_part_of(ngx_http_gw_aggregate_t *ag, u_char *name, size_t len)
{
    ngx_str_t            s;
    ngx_http_gw_part_t  *part;

    s.data = name;
    s.len = len;

    part = ngx_http_gw_part_find(ag->conf, &s);

    return part ? &ag->runs[part - ag->runs[0].part] : NULL;
}


/*
 * nginx puts values of variables into header fields as they are: none has a
 * control character.  In JSON a raw one is white space, or a DEL in a string.
 */

static ngx_int_t
ngx_http_gw_variable_data(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    ngx_str_t *value, ngx_uint_t json)
{
    u_char      c, *p, *last;
    ngx_str_t   text;
    ngx_uint_t  controls;

    controls = 0;
    last = value->data + value->len;

    for (p = value->data; p < last; p++) {
        controls += ngx_http_gw_variable_control(*p);
    }

    if (controls == 0) {
        ngx_http_gw_variable_set(v, value);
        return NGX_OK;
    }

    text.data = ngx_pnalloc(r->pool, value->len + 5 * controls);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    last = text.data;

    for (p = value->data; p < value->data + value->len; p++) {
        c = *p;

        if (!ngx_http_gw_variable_control(c)) {
            *last++ = c;

        } else if (!json) {
            last = ngx_sprintf(last, "%%%02Xd", (ngx_uint_t) c);

        } else if (c == 0x7f) {
            last = ngx_cpymem(last, "\\u007f", 6);

        } else {
            *last++ = ' ';
        }
    }

    text.len = last - text.data;

    ngx_http_gw_variable_set(v, &text);

    return NGX_OK;
}


static void
ngx_http_gw_variable_set(ngx_http_variable_value_t *v, ngx_str_t *value)
{
    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
}


ngx_http_gw_part_set_t *
ngx_http_gw_part_set_find(ngx_http_gw_aggregate_t **ag, ngx_str_t *name)
{
    ngx_uint_t               i;
    ngx_array_t             *sets;
    ngx_http_gw_part_set_t  *set;

    while (*ag) {
        sets = (*ag)->conf->sets;

        for (i = 0; sets && i < sets->nelts; i++) {
            set = (ngx_http_gw_part_set_t *) sets->elts + i;

            if (set->name.len == name->len
                && ngx_strncmp(set->name.data, name->data, name->len) == 0)
            {
                return set;
            }
        }

        *ag = ngx_http_gw_aggregate_of((*ag)->request->parent);
    }

    return NULL;
}


ngx_uint_t
ngx_http_gw_part_set_known(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                  i;
    ngx_hash_key_t             *key;
    ngx_http_variable_t        *var;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    key = cmcf->variables_keys->keys.elts;

    for (i = 0; i < cmcf->variables_keys->keys.nelts; i++) {
        var = key[i].value;

        if (var->get_handler == ngx_http_gw_part_set_value
            && var->name.len == name->len
            && ngx_strncmp(var->name.data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* the variable of a gw_part_set; locations may have one of the same name */

ngx_int_t
ngx_http_gw_part_set_variable(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t            *copy;
    ngx_http_variable_t  *var;

    var = ngx_http_add_variable(cf, name, NGX_HTTP_VAR_CHANGEABLE
                                          |NGX_HTTP_VAR_NOCACHEABLE);
    if (var == NULL) {
        return NGX_ERROR;
    }

    if (var->get_handler == ngx_http_gw_part_set_value) {
        *name = var->name;
        return NGX_OK;
    }

    if (var->get_handler || var->set_handler) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the variable \"$%V\" is another directive's",
                           name);
        return NGX_ERROR;
    }

    copy = ngx_palloc(cf->pool, sizeof(ngx_str_t));
    if (copy == NULL) {
        return NGX_ERROR;
    }

    /* as nginx has it: in lower case */

    *copy = var->name;
    *name = var->name;

    var->get_handler = ngx_http_gw_part_set_value;
    var->data = (uintptr_t) copy;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_aggregate_add_variables(ngx_conf_t *cf)
{
    ngx_str_t                          name;
    ngx_http_variable_t               *var, *v;
    ngx_http_gw_aggregate_main_conf_t *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_aggregate_module);

    for (v = ngx_http_gw_aggregate_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    ngx_str_set(&name, "request_id");

    amcf->request_id = ngx_http_get_variable_index(cf, &name);
    if (amcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_gw_error_add(cf, &amcf->error,
                                 ngx_http_gw_aggregate_error_variable);
}
