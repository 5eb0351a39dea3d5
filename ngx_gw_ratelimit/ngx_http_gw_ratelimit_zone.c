
/*
 * Zones in shared memory, and decisions made there.
 */


#include "ngx_http_gw_ratelimit.h"
#include "ngx_gw_siphash.h"


ngx_int_t
ngx_http_gw_ratelimit_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_gw_ratelimit_zone_t *ozone = data;

    uint64_t                       kind[2];
    ngx_gw_limit_t                *limit;
    ngx_http_gw_ratelimit_zone_t  *zone;

    zone = shm_zone->data;
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (ozone) {
        zone->keys = ozone->keys;

    } else if (shm_zone->shm.exists) {
        zone->keys = zone->shpool->data;

    } else {
        zone->shpool->log_nomem = 0;

        zone->keys = ngx_gw_keys_create(zone->shpool, zone->data);
        if (zone->keys == NULL) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "zone \"%V\" could not be set up", &zone->name);
            return NGX_ERROR;
        }

        zone->shpool->data = zone->keys;
    }

    if (!ngx_gw_keys_fit(zone->keys, zone->data)) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "zone \"%V\" was set up by another version of this "
                      "module: restart nginx, or rename the zone",
                      &zone->name);
        return NGX_ERROR;
    }

    zone->forgotten = zone->keys->told;

    /* state of another kind, or of another key, is never found */

    limit = &zone->limit.limit;

    ngx_gw_siphash(zone->keys->seed, zone->key_text.data, zone->key_text.len,
                   zone->seed);

    kind[0] = limit->algorithm;
    kind[1] = limit->algorithm == NGX_GW_LIMIT_GCRA
              ? 0 : limit->period + limit->month + limit->week;

    ngx_gw_siphash(zone->seed, (u_char *) kind, sizeof(kind), zone->seed);

    return NGX_OK;
}


ngx_gw_keys_node_t *
ngx_http_gw_ratelimit_node(ngx_http_gw_ratelimit_zone_t *zone,
    uint64_t hash[2], int64_t now)
{
    return ngx_gw_keys_get(zone->keys, hash, now);
}


void
ngx_http_gw_ratelimit_check_full(ngx_http_gw_ratelimit_zone_t *zone,
    int64_t now)
{
    uint64_t        n;
    ngx_gw_keys_t  *keys;

    keys = zone->keys;

    /* without the lock: numbers of the last moment will do */

    if (*(volatile uint64_t *) &keys->forgotten == zone->forgotten
        || now - *(volatile int64_t *) &keys->warned < 1000000)
    {
        return;
    }

    n = 0;

    ngx_shmtx_lock(&zone->shpool->mutex);

    if (now - keys->warned >= 1000000) {
        n = keys->forgotten - keys->told;

        if (n) {
            keys->told = keys->forgotten;
            keys->warned = now;
        }

        zone->forgotten = keys->forgotten;
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (n) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "zone \"%V\" is full: %uL keys that had less than "
                      "their full allowance were forgotten", &zone->name, n);
    }
}


/*
 * The state begins a node's data in zones with leases as in others.  Nodes
 * of windows expire by the monotonic clock too.
 */

ngx_int_t
ngx_http_gw_ratelimit_take(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_uint_t divisor)
{
    int64_t                        now, time, expires;
    ngx_gw_limit_t                *limit, share;
    ngx_gw_keys_node_t            *node;
    ngx_gw_limit_state_t          *state;
    ngx_http_gw_ratelimit_zone_t  *zone;

    zone = o->zone;
    limit = &o->limit->limit;

    if (divisor > 1) {
        ngx_gw_limit_share(&share, limit, divisor);
        limit = &share;
    }

    now = ngx_http_gw_ratelimit_now();
    time = limit->algorithm == NGX_GW_LIMIT_GCRA ? now
                                                 : ngx_http_gw_ratelimit_utc();

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = ngx_gw_keys_get(zone->keys, o->hash, now);

    if (node == NULL) {
        ngx_shmtx_unlock(&zone->shpool->mutex);
        return NGX_ERROR;
    }

    state = ngx_gw_keys_data(node);

    ngx_gw_limit_charge(limit, state, time, o->cost, &o->verdict);

    expires = (limit->algorithm == NGX_GW_LIMIT_GCRA)
              ? state->gcra.tat + 1
              : ngx_gw_limit_expires(limit, state, time) - time + now;

    /* a lease of the node may hold something for longer */

    node->expires = ngx_max(node->expires, expires);

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (divisor > 1) {
        ngx_gw_limit_complete(limit, &o->verdict);
    }

    if (o->verdict.admitted && o->cost) {
        o->taken = 1;
        o->local = 1;
        o->divisor = divisor;
    }

    ngx_http_gw_ratelimit_check_full(zone, now);

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_ratelimit_take_lease(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_uint_t again, ngx_gw_lease_ask_t *ask)
{
    int64_t                          now;
    ngx_int_t                        rc;
    ngx_gw_limit_t                  *limit;
    ngx_gw_keys_node_t              *node;
    ngx_http_gw_ratelimit_zone_t    *zone;
    ngx_http_gw_ratelimit_leased_t  *leased;

    zone = o->zone;
    limit = &o->limit->limit;

    now = ngx_http_gw_ratelimit_now();

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = ngx_gw_keys_get(zone->keys, o->hash, now);

    if (node == NULL) {
        ngx_shmtx_unlock(&zone->shpool->mutex);
        ask->call = 0;
        return NGX_ERROR;
    }

    leased = ngx_gw_keys_data(node);

    rc = ngx_gw_lease_take(&leased->lease, limit, zone->horizon,
                           (int64_t) zone->redis->timeout * 1000, now,
                           o->cost, again, ask, &o->verdict);

    node->expires = ngx_max(node->expires,
                            ngx_gw_lease_expires(&leased->lease, limit, now));

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (rc == NGX_GW_LEASE_ADMITTED && o->cost) {
        o->taken = 1;
        o->local = 1;
        o->divisor = 0;
    }

    ngx_http_gw_ratelimit_check_full(zone, now);

    return rc;
}


void
ngx_http_gw_ratelimit_give_back(ngx_http_gw_ratelimit_outcome_t *o)
{
    int64_t                          now, time;
    ngx_gw_limit_t                  *limit, share;
    ngx_gw_keys_node_t              *node;
    ngx_http_gw_ratelimit_zone_t    *zone;
    ngx_http_gw_ratelimit_leased_t  *leased;

    zone = o->zone;
    limit = &o->limit->limit;

    now = ngx_http_gw_ratelimit_now();
    time = limit->algorithm == NGX_GW_LIMIT_GCRA ? now
                                                 : ngx_http_gw_ratelimit_utc();
    if (o->divisor > 1) {
        ngx_gw_limit_share(&share, limit, o->divisor);
        limit = &share;
    }

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = ngx_gw_keys_find(zone->keys, o->hash);

    if (node) {
        leased = ngx_gw_keys_data(node);

        if (o->divisor == 0) {
            ngx_gw_lease_give_back(&leased->lease, limit, now, o->cost);

        } else {
            ngx_gw_limit_give_back(limit, &leased->state, time, o->cost,
                                   o->verdict.charged);
        }
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);
}
