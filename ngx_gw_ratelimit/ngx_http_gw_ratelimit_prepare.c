
/*
 * What a rule is for this request: whose allowance, how much of it, and by
 * which limit.
 */


#include "ngx_http_gw_ratelimit.h"
#include "ngx_gw_siphash.h"

#include <openssl/sha.h>


static ngx_int_t ngx_http_gw_ratelimit_cost(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o);
static ngx_int_t ngx_http_gw_ratelimit_rate(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o);
static ngx_int_t ngx_http_gw_ratelimit_key(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o, ngx_str_t *key);


ngx_int_t
ngx_http_gw_ratelimit_prepare(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_str_t                      key;
    ngx_http_gw_ratelimit_rule_t  *rule;
    ngx_http_gw_ratelimit_zone_t  *zone;

    rule = o->rule;
    zone = o->zone;

    if (ngx_http_complex_value(r, &zone->key, &key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (key.len == 0) {
        return NGX_DECLINED;
    }

    o->cost = rule->constant;

    if (rule->cost) {
        switch (ngx_http_gw_ratelimit_cost(r, o)) {

        case NGX_ERROR:
            return NGX_ERROR;

        case NGX_DECLINED:
            return NGX_DECLINED;
        }
    }

    if (!zone->concurrency) {
        o->limit = rule->limit ? rule->limit : &zone->limit;

        if (rule->rate && ngx_http_gw_ratelimit_rate(r, o) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_gw_siphash(zone->seed, key.data, key.len, o->hash);

    return zone->redis ? ngx_http_gw_ratelimit_key(r, o, &key) : NGX_OK;
}


static ngx_int_t
ngx_http_gw_ratelimit_cost(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_int_t   n;
    ngx_str_t   value;

    if (ngx_http_complex_value(r, o->rule->cost, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0 && !o->rule->concurrency) {
        o->cost = 1;
        return NGX_OK;
    }

    n = ngx_http_gw_ratelimit_number(&value, NGX_GW_LIMIT_MAX_COST);

    if (n == NGX_ERROR || (n == 0 && o->rule->concurrency)) {

        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "malformed %s \"%V\" for zone \"%V\", %s",
                      o->rule->concurrency ? "limit" : "cost", &value,
                      &o->zone->name,
                      o->rule->concurrency ? "not limited" : "taken as 1");

        if (o->rule->concurrency) {
            return NGX_DECLINED;
        }

        n = 1;
    }

    o->cost = n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_ratelimit_rate(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_str_t                       value;
    ngx_http_gw_ratelimit_limit_t  *limit;

    if (ngx_http_complex_value(r, o->rule->rate, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        return NGX_OK;
    }

    limit = ngx_palloc(r->pool, sizeof(ngx_http_gw_ratelimit_limit_t));
    if (limit == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_gw_ratelimit_parse_limit(&value, &o->zone->limit.limit,
                                          &limit->limit)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "malformed rate \"%V\" for zone \"%V\", "
                      "taken as the zone's", &value, &o->zone->name);
        return NGX_OK;
    }

    o->limit = limit;

    return o->zone->redis ? ngx_http_gw_ratelimit_set_args(r->pool, limit)
                          : NGX_OK;
}


/* the name of the key in Redis; long ones are hashed */

static ngx_int_t
ngx_http_gw_ratelimit_key(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o, ngx_str_t *key)
{
    u_char     *p, hash[SHA256_DIGEST_LENGTH];
    size_t      len;
    ngx_str_t  *prefix;

    prefix = &o->zone->redis_key;

    len = key->len > NGX_HTTP_GW_RATELIMIT_MAX_KEY ? 2 * SHA256_DIGEST_LENGTH
                                                   : key->len;

    p = ngx_pnalloc(r->pool, prefix->len + len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    o->key.data = p;
    o->key.len = prefix->len + len;

    p = ngx_cpymem(p, prefix->data, prefix->len);

    if (key->len > NGX_HTTP_GW_RATELIMIT_MAX_KEY) {
        SHA256(key->data, key->len, hash);
        ngx_hex_dump(p, hash, SHA256_DIGEST_LENGTH);

    } else {
        ngx_memcpy(p, key->data, key->len);
    }

    return NGX_OK;
}
