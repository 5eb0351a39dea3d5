
/*
 * Zones as they are configured.
 */


#include "ngx_http_gw_ratelimit.h"
#include "ngx_http_gw_redis.h"


static ngx_http_gw_ratelimit_zone_t *ngx_http_gw_ratelimit_add_zone(
    ngx_conf_t *cf);
static char *ngx_http_gw_ratelimit_zone_name(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value);
static char *ngx_http_gw_ratelimit_zone_parameter(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value, ngx_uint_t *mode);
static char *ngx_http_gw_ratelimit_zone_rate(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value);
static char *ngx_http_gw_ratelimit_zone_quota(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value);
static char *ngx_http_gw_ratelimit_zone_burst(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value);
static char *ngx_http_gw_ratelimit_zone_algorithm(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value);
static char *ngx_http_gw_ratelimit_zone_horizon(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value);
static char *ngx_http_gw_ratelimit_zone_gateways(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value);
static char *ngx_http_gw_ratelimit_zone_check(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone);
static char *ngx_http_gw_ratelimit_zone_memory(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone);
static ngx_int_t ngx_http_gw_ratelimit_resolve_zone(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_main_conf_t *rmcf,
    ngx_http_gw_ratelimit_zone_t *zone);


/* of zones whose nodes differ in size, so that a reload never mixes them */
static char  ngx_http_gw_ratelimit_local_tag;
static char  ngx_http_gw_ratelimit_leased_tag;
static char  ngx_http_gw_concurrency_tag;


char *
ngx_http_gw_ratelimit_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                          *rv;
    ngx_str_t                     *value;
    ngx_uint_t                     i, mode;
    ngx_http_gw_ratelimit_zone_t  *zone;

    zone = ngx_http_gw_ratelimit_add_zone(cf);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    mode = NGX_CONF_UNSET_UINT;
    zone->fallback = NGX_CONF_UNSET_UINT;
    zone->gateways = NGX_CONF_UNSET_UINT;
    zone->horizon = -1;
    zone->limit.limit.algorithm = NGX_CONF_UNSET_UINT;
    zone->limit.limit.burst = (uint32_t) -1;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_gw_ratelimit_zone_parameter(cf, zone, &value[i], &mode);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (zone->redis_name.len == 0
        && (mode != NGX_CONF_UNSET_UINT
            || zone->fallback != NGX_CONF_UNSET_UINT
            || zone->gateways != NGX_CONF_UNSET_UINT))
    {
        return "has \"mode\", \"fallback\" or \"gateways\" without \"redis\"";
    }

    ngx_conf_init_uint_value(mode, NGX_HTTP_GW_RATELIMIT_EXACT);
    ngx_conf_init_uint_value(zone->fallback, NGX_HTTP_GW_RATELIMIT_LOCAL);
    ngx_conf_init_uint_value(zone->gateways, 0);

    zone->mode = mode;

    rv = ngx_http_gw_ratelimit_zone_check(cf, zone);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    zone->data = mode == NGX_HTTP_GW_RATELIMIT_LEASED
                 ? sizeof(ngx_http_gw_ratelimit_leased_t)
                 : sizeof(ngx_http_gw_ratelimit_local_t);

    return ngx_http_gw_ratelimit_zone_memory(cf, zone);
}


/* what both kinds of zones begin with */

static ngx_http_gw_ratelimit_zone_t *
ngx_http_gw_ratelimit_add_zone(ngx_conf_t *cf)
{
    ngx_str_t                           *value;
    ngx_http_gw_ratelimit_zone_t        *zone, **z;
    ngx_http_compile_complex_value_t     ccv;
    ngx_http_gw_ratelimit_main_conf_t   *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_ratelimit_module);

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_ratelimit_zone_t));
    z = ngx_array_push(&rmcf->zones);

    if (zone == NULL || z == NULL) {
        return NULL;
    }

    *z = zone;

    value = cf->args->elts;

    zone->key_text = value[1];
    zone->file = cf->conf_file->file.name.data;
    zone->line = cf->conf_file->line;

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = &zone->key;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NULL;
    }

    return zone;
}


/* "name:size" */

static char *
ngx_http_gw_ratelimit_zone_name(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value)
{
    u_char     *p, *last;
    ssize_t     size;
    ngx_str_t   s;

    last = value->data + value->len;
    p = ngx_strlchr(value->data, last, ':');

    if (zone->name.len) {
        return "has two zones";
    }

    if (p == NULL || p == value->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    zone->name.data = value->data;
    zone->name.len = p - value->data;

    /* it stands in header fields and in JSON as it is */

    for (p = zone->name.data; p < zone->name.data + zone->name.len; p++) {
        if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '\\' || *p == ','
            || *p == '=')
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid zone name \"%V\"", &zone->name);
            return NGX_CONF_ERROR;
        }
    }

    s.data = p + 1;
    s.len = last - s.data;

    size = ngx_parse_size(&s);

    if (size == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid zone size \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    if (size < (ssize_t) (8 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is too small", value);
        return NGX_CONF_ERROR;
    }

    zone->size = size;

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_ratelimit_zone_parameter(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value, ngx_uint_t *mode)
{
    ngx_str_t  s;

    if (ngx_http_gw_ratelimit_prefix(value, "zone=", &s)) {
        return ngx_http_gw_ratelimit_zone_name(cf, zone, &s);
    }

    if (ngx_http_gw_ratelimit_prefix(value, "rate=", &s)) {
        return ngx_http_gw_ratelimit_zone_rate(cf, zone, &s);
    }

    if (ngx_http_gw_ratelimit_prefix(value, "quota=", &s)) {
        return ngx_http_gw_ratelimit_zone_quota(cf, zone, &s);
    }

    if (ngx_http_gw_ratelimit_prefix(value, "burst=", &s)) {
        return ngx_http_gw_ratelimit_zone_burst(cf, zone, &s);
    }

    if (ngx_http_gw_ratelimit_prefix(value, "algorithm=", &s)) {
        return ngx_http_gw_ratelimit_zone_algorithm(cf, zone, &s);
    }

    if (ngx_http_gw_ratelimit_prefix(value, "redis=", &s) && s.len) {
        zone->redis_name = s;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_ratelimit_is(value, "mode=exact")) {
        *mode = NGX_HTTP_GW_RATELIMIT_EXACT;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_ratelimit_is(value, "mode=leased")) {
        *mode = NGX_HTTP_GW_RATELIMIT_LEASED;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_ratelimit_prefix(value, "horizon=", &s)) {
        return ngx_http_gw_ratelimit_zone_horizon(cf, zone, &s);
    }

    if (ngx_http_gw_ratelimit_is(value, "fallback=local")) {
        zone->fallback = NGX_HTTP_GW_RATELIMIT_LOCAL;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_ratelimit_is(value, "fallback=allow")) {
        zone->fallback = NGX_HTTP_GW_RATELIMIT_ALLOW;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_ratelimit_is(value, "fallback=deny")) {
        zone->fallback = NGX_HTTP_GW_RATELIMIT_DENY;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_ratelimit_prefix(value, "gateways=", &s)) {
        return ngx_http_gw_ratelimit_zone_gateways(cf, zone, &s);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\"", value);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_gw_ratelimit_zone_rate(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value)
{
    ngx_gw_limit_t  *limit;

    limit = &zone->limit.limit;

    if (limit->number) {
        return "has two of \"rate\" and \"quota\"";
    }

    if (ngx_gw_limit_parse_rate(limit, value) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid rate \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    if (limit->algorithm == NGX_CONF_UNSET_UINT) {
        limit->algorithm = NGX_GW_LIMIT_GCRA;

    } else if (limit->algorithm != NGX_GW_LIMIT_GCRA) {
        return "takes \"quota\" with a window, not \"rate\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_ratelimit_zone_quota(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value)
{
    if (zone->limit.limit.number) {
        return "has two of \"rate\" and \"quota\"";
    }

    if (ngx_gw_limit_parse_quota(&zone->limit.limit, value) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid quota \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    zone->quota = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_ratelimit_zone_burst(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_http_gw_ratelimit_number(value, NGX_GW_LIMIT_MAX_NUMBER - 1);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid burst \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    zone->limit.limit.burst = n;

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_ratelimit_zone_algorithm(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value)
{
    ngx_uint_t       algorithm;
    ngx_gw_limit_t  *limit;

    limit = &zone->limit.limit;

    if (ngx_http_gw_ratelimit_is(value, "gcra")) {
        algorithm = NGX_GW_LIMIT_GCRA;

    } else if (ngx_http_gw_ratelimit_is(value, "fixed_window")) {
        algorithm = NGX_GW_LIMIT_FIXED;

    } else if (ngx_http_gw_ratelimit_is(value, "sliding_window")) {
        algorithm = NGX_GW_LIMIT_SLIDING;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid algorithm \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    if (limit->algorithm == NGX_GW_LIMIT_GCRA
        && algorithm != NGX_GW_LIMIT_GCRA)
    {
        return "takes \"quota\" with a window, not \"rate\"";
    }

    limit->algorithm = algorithm;

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_ratelimit_zone_horizon(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_parse_time(value, 0);

    if (n < 20 || n > 10000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid horizon \"%V\", "
                           "it must be between 20ms and 10s", value);
        return NGX_CONF_ERROR;
    }

    zone->horizon = (int64_t) n * 1000;

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_ratelimit_zone_gateways(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_http_gw_ratelimit_number(value, 1000000);

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid number of gateways \"%V\"", value);
        return NGX_CONF_ERROR;
    }

    zone->gateways = n;

    return NGX_CONF_OK;
}


/* what parameters are to each other */

static char *
ngx_http_gw_ratelimit_zone_check(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone)
{
    ngx_gw_limit_t  *limit;

    limit = &zone->limit.limit;

    if (zone->name.len == 0) {
        return "needs a \"zone\"";
    }

    ngx_conf_init_uint_value(limit->algorithm, NGX_GW_LIMIT_GCRA);

    if (limit->algorithm == NGX_GW_LIMIT_GCRA) {

        if (zone->quota) {
            return "takes \"quota\" with a window alone";
        }

        if (limit->number == 0) {
            return "needs a \"rate\"";
        }

        if (limit->burst == (uint32_t) -1) {
            limit->burst = 0;
        }

    } else {

        if (limit->number == 0) {
            return "needs a \"quota\" with a window";
        }

        if (limit->burst != (uint32_t) -1) {
            return "takes \"burst\" with \"algorithm=gcra\" alone";
        }

        if (zone->mode == NGX_HTTP_GW_RATELIMIT_LEASED) {
            return "takes \"mode=leased\" with \"algorithm=gcra\" alone";
        }

        limit->burst = 0;
    }

    if (zone->mode == NGX_HTTP_GW_RATELIMIT_LEASED) {
        if (zone->horizon == -1) {
            zone->horizon = 100000;
        }

    } else {
        if (zone->horizon != -1) {
            return "takes \"horizon\" with \"mode=leased\" alone";
        }

        zone->horizon = 0;
    }

    if (ngx_gw_limit_init(limit) != NGX_OK) {
        return "has a \"burst\" that would take longer than a year to earn";
    }

    if (ngx_http_gw_ratelimit_set_args(cf->pool, &zone->limit) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_ratelimit_zone_memory(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_zone_t *zone)
{
    void  *tag;

    if (zone->concurrency) {
        tag = &ngx_http_gw_concurrency_tag;

    } else if (zone->mode == NGX_HTTP_GW_RATELIMIT_LEASED) {
        tag = &ngx_http_gw_ratelimit_leased_tag;

    } else {
        tag = &ngx_http_gw_ratelimit_local_tag;
    }

    zone->shm_zone = ngx_shared_memory_add(cf, &zone->name, zone->size, tag);
    if (zone->shm_zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (zone->shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "zone \"%V\" is already defined", &zone->name);
        return NGX_CONF_ERROR;
    }

    zone->shm_zone->init = ngx_http_gw_ratelimit_init_zone;
    zone->shm_zone->data = zone;

    return NGX_CONF_OK;
}


/* what the scripts are given, so that it is not printed for each request */

ngx_int_t
ngx_http_gw_ratelimit_set_args(ngx_pool_t *pool,
    ngx_http_gw_ratelimit_limit_t *limit)
{
    u_char          *p;
    ngx_str_t       *arg;
    ngx_gw_limit_t  *l;

    l = &limit->limit;
    arg = limit->args;

    p = ngx_pnalloc(pool,
                    NGX_HTTP_GW_RATELIMIT_ARGS * (NGX_INT64_LEN + 1));
    if (p == NULL) {
        return NGX_ERROR;
    }

#define ngx_http_gw_ratelimit_arg(fmt, value)                                 \
    arg->data = p;                                                            \
    p = ngx_sprintf(p, fmt, value);                                           \
    arg->len = p - arg->data;                                                 \
    arg++

    if (l->algorithm == NGX_GW_LIMIT_GCRA) {
        ngx_http_gw_ratelimit_arg("%L", l->whole);
        ngx_http_gw_ratelimit_arg("%uD", l->fraction);
        ngx_http_gw_ratelimit_arg("%uD", l->number);
        ngx_http_gw_ratelimit_arg("%L", l->tolerance);
        ngx_http_gw_ratelimit_arg("%uD", l->tolerance_fraction);

    } else {
        ngx_http_gw_ratelimit_arg("%s",
                                  l->algorithm == NGX_GW_LIMIT_SLIDING
                                  ? "s" : "f");
        ngx_http_gw_ratelimit_arg("%L", l->month ? 0 : l->period);
        ngx_http_gw_ratelimit_arg("%L", l->week
                                        ? (int64_t) 3 * 86400 * 1000000 : 0);
        ngx_http_gw_ratelimit_arg("%uD", l->number);
    }

#undef ngx_http_gw_ratelimit_arg

    limit->nargs = arg - limit->args;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_ratelimit_parse_limit(ngx_str_t *value, const ngx_gw_limit_t *zone,
    ngx_gw_limit_t *limit)
{
    u_char          *p;
    ngx_int_t        burst;
    ngx_str_t        rate, s;
    ngx_gw_limit_t   l;

    ngx_memzero(&l, sizeof(ngx_gw_limit_t));

    l.algorithm = zone->algorithm;
    l.burst = zone->burst;

    rate = *value;

    if (zone->algorithm != NGX_GW_LIMIT_GCRA) {

        if (ngx_gw_limit_parse_quota(&l, &rate) != NGX_OK
            || l.period != zone->period || l.month != zone->month
            || l.week != zone->week)
        {
            return NGX_ERROR;
        }

    } else {
        p = ngx_strlchr(rate.data, rate.data + rate.len, ' ');

        if (p) {
            s.data = p + 1;
            s.len = rate.data + rate.len - s.data;
            rate.len = p - rate.data;

            if (!ngx_http_gw_ratelimit_prefix(&s, "burst=", &s)) {
                return NGX_ERROR;
            }

            burst = ngx_http_gw_ratelimit_number(&s,
                                                 NGX_GW_LIMIT_MAX_NUMBER - 1);
            if (burst == NGX_ERROR) {
                return NGX_ERROR;
            }

            l.burst = burst;
        }

        if (ngx_gw_limit_parse_rate(&l, &rate) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_gw_limit_init(&l) != NGX_OK) {
        return NGX_ERROR;
    }

    if (limit) {
        *limit = l;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_ratelimit_number(ngx_str_t *value, ngx_uint_t max)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    return (n == NGX_ERROR || (ngx_uint_t) n > max) ? NGX_ERROR : n;
}


char *
ngx_http_gw_concurrency_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                          *rv;
    ngx_int_t                      n;
    ngx_str_t                     *value, s;
    ngx_uint_t                     i;
    ngx_http_gw_ratelimit_zone_t  *zone;

    zone = ngx_http_gw_ratelimit_add_zone(cf);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    zone->concurrency = 1;

    value = cf->args->elts;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_gw_ratelimit_prefix(&value[i], "zone=", &s)) {
            rv = ngx_http_gw_ratelimit_zone_name(cf, zone, &s);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            continue;
        }

        if (ngx_http_gw_ratelimit_prefix(&value[i], "redis=", &s) && s.len) {
            zone->redis_name = s;
            continue;
        }

        if (ngx_http_gw_ratelimit_prefix(&value[i], "ttl=", &s)) {
            n = ngx_parse_time(&s, 0);

            if (n < 1000 || n > 3600000) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid ttl \"%V\", "
                                   "it must be between 1s and 1h", &s);
                return NGX_CONF_ERROR;
            }

            zone->ttl = (int64_t) n * 1000;
            continue;
        }

        if (ngx_http_gw_ratelimit_prefix(&value[i], "gateways=", &s)) {
            rv = ngx_http_gw_ratelimit_zone_gateways(cf, zone, &s);

            if (rv != NGX_CONF_OK) {
                return rv;
            }

            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    if (zone->name.len == 0) {
        return "needs a \"zone\"";
    }

    if (zone->redis_name.len == 0 && (zone->ttl || zone->gateways)) {
        return "has \"ttl\" or \"gateways\" without \"redis\"";
    }

    if (zone->ttl == 0) {
        zone->ttl = (int64_t) 60 * 1000000;
    }

    zone->data = sizeof(ngx_http_gw_ratelimit_in_flight_t);

    return ngx_http_gw_ratelimit_zone_memory(cf, zone);
}


ngx_int_t
ngx_http_gw_ratelimit_resolve(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_main_conf_t *rmcf)
{
    ngx_uint_t                      i;
    ngx_http_gw_ratelimit_zone_t  **zone;
    ngx_http_gw_ratelimit_rule_t  **rule;

    zone = rmcf->zones.elts;

    for (i = 0; i < rmcf->zones.nelts; i++) {
        if (ngx_http_gw_ratelimit_resolve_zone(cf, rmcf, zone[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    rule = rmcf->rules.elts;

    for (i = 0; i < rmcf->rules.nelts; i++) {
        if (ngx_http_gw_ratelimit_resolve_rule(cf, rmcf, rule[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_ratelimit_resolve_zone(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_main_conf_t *rmcf,
    ngx_http_gw_ratelimit_zone_t *zone)
{
    size_t           len;
    u_char          *p;
    ngx_gw_limit_t  *limit;

    if (zone->redis_name.len == 0) {
        return NGX_OK;
    }

    zone->redis = ngx_http_gw_redis_find(&rmcf->redis, &zone->redis_name);

    if (zone->redis == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "unknown gw_redis \"%V\" in %s:%ui",
                      &zone->redis_name, zone->file, zone->line);
        return NGX_ERROR;
    }

    len = sizeof("w:::") - 1 + zone->name.len + NGX_INT64_LEN;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    zone->redis_key.data = p;
    limit = &zone->limit.limit;

    if (zone->concurrency) {
        p = ngx_sprintf(p, "c:%V:", &zone->name);

    } else if (limit->algorithm == NGX_GW_LIMIT_GCRA) {
        p = ngx_sprintf(p, "g:%V:", &zone->name);

    } else if (limit->month) {
        p = ngx_sprintf(p, "w:%V:month:", &zone->name);

    } else if (limit->week) {
        p = ngx_sprintf(p, "w:%V:week:", &zone->name);

    } else {
        p = ngx_sprintf(p, "w:%V:%L:", &zone->name, limit->period / 1000000);
    }

    zone->redis_key.len = p - zone->redis_key.data;

    return NGX_OK;
}
