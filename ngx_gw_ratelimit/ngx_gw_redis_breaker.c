
/*
 * What workers share: who this gateway is, how many there are, and of each
 * node whether it is asked at all.
 */


#include "ngx_gw_redis_internal.h"

#include <openssl/rand.h>


#define NGX_GW_REDIS_LAYOUT                                                   \
    (((uint64_t) 2 << 32) | sizeof(ngx_gw_redis_shared_t))


/* a trial has not ended when its worker has: another is made after this */
#define NGX_GW_REDIS_TRIAL  1000


static ngx_gw_redis_breaker_t *ngx_gw_redis_breaker_find(
    ngx_gw_redis_t *redis, ngx_gw_redis_guard_t *guard);
static ngx_atomic_uint_t ngx_gw_redis_breaker_time(uint64_t time);


size_t
ngx_gw_redis_zone_size(void)
{
    return ngx_align(sizeof(ngx_gw_redis_shared_t), ngx_pagesize)
           + 8 * ngx_pagesize;
}


ngx_int_t
ngx_gw_redis_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    u_char                  random[8];
    ngx_slab_pool_t        *shpool;
    ngx_gw_redis_conf_t    *conf;
    ngx_gw_redis_shared_t  *shared;

    conf = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data || shm_zone->shm.exists) {
        shared = shpool->data;

        if (shared == NULL || shared->layout != NGX_GW_REDIS_LAYOUT) {
            ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                          "gw_redis \"%V\": what its workers share is of "
                          "another version of this module: nginx must be "
                          "started anew", &conf->name);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    shared = ngx_slab_calloc(shpool, sizeof(ngx_gw_redis_shared_t));

    if (shared == NULL || RAND_bytes(random, sizeof(random)) != 1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "gw_redis \"%V\": no memory or no random number",
                      &conf->name);
        return NGX_ERROR;
    }

    shared->layout = NGX_GW_REDIS_LAYOUT;
    shared->gateways = 1;
    (void) ngx_hex_dump(shared->id, random, sizeof(random));

    shpool->data = shared;

    return NGX_OK;
}


/* a breaker belongs to an address, for all workers of all configurations */

void
ngx_gw_redis_guard_init(ngx_gw_redis_t *redis, ngx_gw_redis_guard_t *guard)
{
    ngx_gw_redis_conf_t  *conf;

    conf = redis->conf;

    guard->key = ngx_murmur_hash2(guard->name.data, guard->name.len);
    guard->key |= (ngx_atomic_uint_t) ngx_crc32_long(guard->name.data,
                                                     guard->name.len) << 32;

    if (guard->key == 0) {
        guard->key = 1;
    }

    guard->breaker = &guard->own;

    if (!guard->quiet && conf->shm_zone) {
        guard->breaker = ngx_gw_redis_breaker_find(redis, guard);
    }
}


/* where all are taken, the one goes that is closed and was not used longest */

static ngx_gw_redis_breaker_t *
ngx_gw_redis_breaker_find(ngx_gw_redis_t *redis, ngx_gw_redis_guard_t *guard)
{
    ngx_uint_t               i;
    ngx_slab_pool_t         *shpool;
    ngx_atomic_uint_t        now;
    ngx_gw_redis_breaker_t  *b, *oldest;

    shpool = (ngx_slab_pool_t *) redis->conf->shm_zone->shm.addr;
    now = ngx_gw_redis_breaker_time(ngx_gw_redis_now_ms());
    oldest = NULL;

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < NGX_GW_REDIS_BREAKERS; i++) {
        b = &redis->shared->breakers[i];

        if (b->key == guard->key) {
            goto found;
        }

        if (b->key == 0) {
            break;
        }

        if (b->until == 0
            && (oldest == NULL
                || (ngx_atomic_int_t) (b->used - oldest->used) < 0))
        {
            oldest = b;
        }
    }

    if (i == NGX_GW_REDIS_BREAKERS) {

        if (oldest == NULL) {
            ngx_shmtx_unlock(&shpool->mutex);
            return &guard->own;
        }

        b = oldest;
    }

    b->failures = 0;
    b->until = 0;
    b->trial = 0;
    b->told = 0;
    b->key = guard->key;

found:

    b->used = now;

    ngx_shmtx_unlock(&shpool->mutex);

    return b;
}


/* 0 means none */

static ngx_atomic_uint_t
ngx_gw_redis_breaker_time(uint64_t time)
{
    return (ngx_atomic_uint_t) time ? (ngx_atomic_uint_t) time : 1;
}


ngx_int_t
ngx_gw_redis_guard_allow(ngx_gw_redis_t *redis, ngx_gw_redis_guard_t *guard,
    uint64_t now)
{
    ngx_atomic_uint_t        until, trial, time;
    ngx_gw_redis_breaker_t  *b;

    b = guard->breaker;

    if (b->key != guard->key && b != &guard->own) {
        /* it has been given to another */
        ngx_gw_redis_guard_init(redis, guard);
        b = guard->breaker;
    }

    until = b->until;

    if (until == 0) {
        return NGX_OK;
    }

    guard->seen_open = 1;
    time = (ngx_atomic_uint_t) now;

    if ((ngx_atomic_int_t) (until - time) > 0) {
        return NGX_DECLINED;
    }

    trial = b->trial;

    if (trial && (ngx_atomic_int_t) (trial - time) > 0) {
        return NGX_DECLINED;
    }

    time = ngx_gw_redis_breaker_time(now + redis->conf->connect_timeout
                                     + redis->conf->timeout
                                     + NGX_GW_REDIS_TRIAL);

    if (!ngx_atomic_cmp_set(&b->trial, trial, time)) {
        return NGX_DECLINED;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &redis->log, 0,
                   "gw redis \"%V\": %V is tried",
                   &redis->conf->name, &guard->name);

    return NGX_AGAIN;
}


/* while it is open only a trial closes it */

void
ngx_gw_redis_guard_answered(ngx_gw_redis_t *redis,
    ngx_gw_redis_guard_t *guard, ngx_uint_t trial)
{
    ngx_atomic_uint_t        until;
    ngx_gw_redis_breaker_t  *b;

    b = guard->breaker;

    if (b->failures == 0 && b->told == 0 && !trial) {
        return;
    }

    until = b->until;

    if (until && !trial) {
        return;
    }

    b->failures = 0;
    b->told = 0;

    if (until && ngx_atomic_cmp_set(&b->until, until, 0) && !guard->quiet) {
        ngx_log_error(NGX_LOG_WARN, &redis->log, 0,
                      "gw_redis \"%V\": %V answers again",
                      &redis->conf->name, &guard->name);
    }

    if (trial) {
        b->trial = 0;
    }
}


void
ngx_gw_redis_guard_failed(ngx_gw_redis_t *redis, ngx_gw_redis_guard_t *guard,
    ngx_uint_t trial, ngx_uint_t enough, ngx_str_t *what)
{
    ngx_atomic_uint_t        n, until;
    ngx_gw_redis_conf_t     *conf;
    ngx_gw_redis_breaker_t  *b;

    b = guard->breaker;
    conf = redis->conf;

    until = ngx_gw_redis_breaker_time(ngx_gw_redis_now_ms() + conf->open);

    if (what) {
        ngx_log_error(NGX_LOG_INFO, &redis->log, 0,
                      "gw_redis \"%V\": %V: %V",
                      &conf->name, &guard->name, what);
    }

    if (trial) {

        if (b->until) {
            b->until = until;
        }

        b->trial = 0;
        return;
    }

    n = ngx_atomic_fetch_add(&b->failures, 1) + 1;

    if (b->until || (n < conf->failures && !enough)
        || !ngx_atomic_cmp_set(&b->until, 0, until))
    {
        return;
    }

    b->trial = 0;

    if (guard->quiet) {
        return;
    }

    if (enough) {
        ngx_log_error(NGX_LOG_WARN, &redis->log, 0,
                      "gw_redis \"%V\": %V: %V; not asked for %M ms",
                      &conf->name, &guard->name, what, conf->open);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, &redis->log, 0,
                  "gw_redis \"%V\": %V failed %uA times in a row, the last: "
                  "%V; not asked for %M ms",
                  &conf->name, &guard->name, n, what, conf->open);
}


void
ngx_gw_redis_guard_release(ngx_gw_redis_guard_t *guard)
{
    guard->breaker->trial = 0;
}


ngx_uint_t
ngx_gw_redis_guard_tell(ngx_gw_redis_guard_t *guard)
{
    return ngx_atomic_cmp_set(&guard->breaker->told, 0, 1);
}
