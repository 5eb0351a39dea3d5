
/*
 * Rules as they are configured.
 */


#include "ngx_http_gw_ratelimit.h"


static ngx_http_gw_ratelimit_rule_t *ngx_http_gw_ratelimit_add_rule(
    ngx_conf_t *cf, ngx_array_t **rules);
static ngx_int_t ngx_http_gw_ratelimit_off(ngx_conf_t *cf,
    ngx_array_t **rules);
static char *ngx_http_gw_ratelimit_value(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_complex_value_t **cv);
static ngx_int_t ngx_http_gw_ratelimit_duplicate(ngx_array_t *rules,
    ngx_http_gw_ratelimit_rule_t *rule);
static ngx_int_t ngx_http_gw_ratelimit_resolve_rate(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_rule_t *rule);


char *
ngx_http_gw_ratelimit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_ratelimit_loc_conf_t *rlcf = conf;

    char                          *rv;
    ngx_int_t                      n, rc;
    ngx_str_t                     *value, s;
    ngx_uint_t                     i, nodelay;
    ngx_http_gw_ratelimit_rule_t  *rule;

    value = cf->args->elts;

    rc = ngx_http_gw_ratelimit_off(cf, &rlcf->rules);

    if (rc != NGX_DECLINED) {
        return rc == NGX_OK ? NGX_CONF_OK : "is \"off\" beside others";
    }

    rule = ngx_http_gw_ratelimit_add_rule(cf, &rlcf->rules);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    rule->constant = 1;
    rule->delay = -1;
    nodelay = 0;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_gw_ratelimit_prefix(&value[i], "zone=", &s) && s.len) {
            rule->zone_name = s;
            continue;
        }

        if (ngx_http_gw_ratelimit_prefix(&value[i], "cost=", &s)) {
            rv = ngx_http_gw_ratelimit_value(cf, &s, &rule->cost);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            if (rule->cost->lengths == NULL) {
                n = ngx_http_gw_ratelimit_number(&s, NGX_GW_LIMIT_MAX_COST);

                if (n == NGX_ERROR) {
                    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                       "invalid cost \"%V\"", &s);
                    return NGX_CONF_ERROR;
                }

                rule->cost = NULL;
                rule->constant = n;
            }

            continue;
        }

        if (ngx_http_gw_ratelimit_prefix(&value[i], "rate=", &s)) {
            rv = ngx_http_gw_ratelimit_value(cf, &s, &rule->rate);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            continue;
        }

        if (ngx_http_gw_ratelimit_is(&value[i], "nodelay")) {
            nodelay = 1;
            continue;
        }

        if (ngx_http_gw_ratelimit_prefix(&value[i], "delay=", &s)) {
            n = ngx_http_gw_ratelimit_number(&s, NGX_GW_LIMIT_MAX_NUMBER);

            if (n == NGX_ERROR) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid delay \"%V\"", &s);
                return NGX_CONF_ERROR;
            }

            rule->delay = n;
            continue;
        }

        if (ngx_http_gw_ratelimit_is(&value[i], "before_auth")) {
            rule->before_auth = 1;
            continue;
        }

        if (ngx_http_gw_ratelimit_is(&value[i], "dry_run")) {
            rule->dry_run = 1;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (rule->zone_name.len == 0) {
        return "needs a \"zone\"";
    }

    if (nodelay && rule->delay != -1) {
        return "has both \"nodelay\" and \"delay\"";
    }

    if (ngx_http_gw_ratelimit_duplicate(rlcf->rules, rule) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is limited by already",
                           &rule->zone_name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_gw_concurrency(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_ratelimit_loc_conf_t *rlcf = conf;

    char                          *rv;
    ngx_int_t                      n, rc;
    ngx_str_t                     *value, s;
    ngx_uint_t                     i;
    ngx_http_gw_ratelimit_rule_t  *rule;

    value = cf->args->elts;

    rc = ngx_http_gw_ratelimit_off(cf, &rlcf->concurrency);

    if (rc != NGX_DECLINED) {
        return rc == NGX_OK ? NGX_CONF_OK : "is \"off\" beside others";
    }

    rule = ngx_http_gw_ratelimit_add_rule(cf, &rlcf->concurrency);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    rule->concurrency = 1;
    rule->delay = -1;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_gw_ratelimit_prefix(&value[i], "zone=", &s) && s.len) {
            rule->zone_name = s;
            continue;
        }

        if (ngx_http_gw_ratelimit_prefix(&value[i], "limit=", &s)) {
            rv = ngx_http_gw_ratelimit_value(cf, &s, &rule->cost);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            if (rule->cost->lengths == NULL) {
                n = ngx_http_gw_ratelimit_number(&s, NGX_GW_LIMIT_MAX_COST);

                if (n == NGX_ERROR || n == 0) {
                    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                       "invalid limit \"%V\"", &s);
                    return NGX_CONF_ERROR;
                }

                rule->cost = NULL;
                rule->constant = n;
            }

            continue;
        }

        if (ngx_http_gw_ratelimit_is(&value[i], "dry_run")) {
            rule->dry_run = 1;
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (rule->zone_name.len == 0) {
        return "needs a \"zone\"";
    }

    if (rule->cost == NULL && rule->constant == 0) {
        return "needs a \"limit\"";
    }

    if (ngx_http_gw_ratelimit_duplicate(rlcf->concurrency, rule) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is limited by already",
                           &rule->zone_name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* NGX_OK: it is "off", no rules here; NGX_ERROR: but there are others */

static ngx_int_t
ngx_http_gw_ratelimit_off(ngx_conf_t *cf, ngx_array_t **rules)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_http_gw_ratelimit_is(&value[1], "off")) {
        if (*rules != NGX_CONF_UNSET_PTR) {
            return NGX_ERROR;
        }

        *rules = NULL;
        return NGX_OK;
    }

    return *rules == NULL ? NGX_ERROR : NGX_DECLINED;
}


static ngx_http_gw_ratelimit_rule_t *
ngx_http_gw_ratelimit_add_rule(ngx_conf_t *cf, ngx_array_t **rules)
{
    ngx_http_gw_ratelimit_rule_t       *rule, **p;
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_ratelimit_module);

    if (*rules == NGX_CONF_UNSET_PTR) {
        *rules = ngx_array_create(cf->pool, 2, sizeof(void *));
        if (*rules == NULL) {
            return NULL;
        }
    }

    rule = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_ratelimit_rule_t));
    if (rule == NULL) {
        return NULL;
    }

    p = ngx_array_push(*rules);
    if (p == NULL) {
        return NULL;
    }

    *p = rule;

    p = ngx_array_push(&rmcf->rules);
    if (p == NULL) {
        return NULL;
    }

    *p = rule;

    rule->file = cf->conf_file->file.name.data;
    rule->line = cf->conf_file->line;
    rule->order = rmcf->rules.nelts;

    return rule;
}


static char *
ngx_http_gw_ratelimit_value(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_complex_value_t **cv)
{
    ngx_http_compile_complex_value_t  ccv;

    *cv = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (*cv == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = *cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the rule is the last of them */

static ngx_int_t
ngx_http_gw_ratelimit_duplicate(ngx_array_t *rules,
    ngx_http_gw_ratelimit_rule_t *rule)
{
    ngx_uint_t                      i;
    ngx_http_gw_ratelimit_rule_t  **p;

    p = rules->elts;

    for (i = 0; i < rules->nelts - 1; i++) {
        if (p[i]->before_auth == rule->before_auth
            && p[i]->zone_name.len == rule->zone_name.len
            && ngx_strncmp(p[i]->zone_name.data, rule->zone_name.data,
                           rule->zone_name.len)
               == 0)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_ratelimit_resolve_rule(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_main_conf_t *rmcf,
    ngx_http_gw_ratelimit_rule_t *rule)
{
    ngx_uint_t                      i;
    ngx_http_gw_ratelimit_zone_t  **zone;

    zone = rmcf->zones.elts;

    for (i = 0; i < rmcf->zones.nelts; i++) {

        if (zone[i]->concurrency == rule->concurrency
            && zone[i]->name.len == rule->zone_name.len
            && ngx_strncmp(zone[i]->name.data, rule->zone_name.data,
                           rule->zone_name.len)
               == 0)
        {
            rule->zone = zone[i];
            break;
        }
    }

    if (rule->zone == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "unknown %s \"%V\" in %s:%ui",
                      rule->concurrency ? "gw_concurrency_zone"
                                        : "gw_ratelimit_zone",
                      &rule->zone_name, rule->file, rule->line);
        return NGX_ERROR;
    }

    if (rule->delay != -1
        && rule->zone->limit.limit.algorithm != NGX_GW_LIMIT_GCRA)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"delay\" needs a zone with \"algorithm=gcra\" "
                      "in %s:%ui", rule->file, rule->line);
        return NGX_ERROR;
    }

    if (rule->rate && rule->rate->lengths == NULL
        && ngx_http_gw_ratelimit_resolve_rate(cf, rule) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_gw_ratelimit_set_policy(cf, rule);
}


/* a rate without variables */

static ngx_int_t
ngx_http_gw_ratelimit_resolve_rate(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_rule_t *rule)
{
    ngx_str_t  value;

    value = rule->rate->value;

    rule->limit = ngx_palloc(cf->pool, sizeof(ngx_http_gw_ratelimit_limit_t));
    if (rule->limit == NULL) {
        return NGX_ERROR;
    }

    rule->rate = NULL;

    if (ngx_http_gw_ratelimit_parse_limit(&value, &rule->zone->limit.limit,
                                          &rule->limit->limit)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "invalid rate \"%V\" in %s:%ui",
                      &value, rule->file, rule->line);
        return NGX_ERROR;
    }

    return ngx_http_gw_ratelimit_set_args(cf->pool, rule->limit);
}
