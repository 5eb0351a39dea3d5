
/*
 * Decisions made in Redis: exact ones by a call each, leased ones by what
 * a call has reserved.
 */


#include "ngx_http_gw_ratelimit.h"
#include "ngx_gw_script.h"


/* beyond what a script can say */
#define NGX_HTTP_GW_RATELIMIT_FAR  ((int64_t) 1 << 53)


/* a call for a lease: it ends whether or not a request waits for it */
struct ngx_http_gw_ratelimit_reserve_s {
    ngx_queue_t                       queue;         /* of the zone */
    ngx_http_gw_ratelimit_zone_t     *zone;
    ngx_gw_limit_t                    limit;
    uint64_t                          hash[2];
    int64_t                           sent;
    uint32_t                          count;         /* asked for */
    ngx_http_gw_ratelimit_outcome_t  *outcome;       /* that waits, or NULL */
};


static ngx_gw_redis_call_t *ngx_http_gw_ratelimit_call(
    ngx_http_gw_ratelimit_outcome_t *o, ngx_gw_redis_script_t *script,
    ngx_gw_redis_handler_pt handler, int64_t charged);
static void ngx_http_gw_ratelimit_answer(void *data,
    ngx_gw_redis_reply_t *reply);
static ngx_int_t ngx_http_gw_ratelimit_read(
    ngx_http_gw_ratelimit_outcome_t *o, ngx_gw_redis_reply_t *reply);
static ngx_int_t ngx_http_gw_ratelimit_integers(ngx_gw_redis_reply_t *reply,
    ngx_uint_t n);
static ngx_int_t ngx_http_gw_ratelimit_reserve(
    ngx_http_gw_ratelimit_outcome_t *o, ngx_gw_lease_ask_t *ask,
    ngx_uint_t wait);
static void ngx_http_gw_ratelimit_reserved(void *data,
    ngx_gw_redis_reply_t *reply);
static void ngx_http_gw_ratelimit_unwait(ngx_http_gw_ratelimit_outcome_t *o);
static ngx_int_t ngx_http_gw_ratelimit_grant(
    ngx_http_gw_ratelimit_zone_t *zone, const uint64_t hash[2],
    const ngx_gw_limit_t *limit, int64_t sent, uint32_t count,
    ngx_gw_redis_reply_t *reply);


#define ngx_http_gw_ratelimit_script(o, gcra, window)                         \
    &ngx_gw_scripts[(o)->limit->limit.algorithm == NGX_GW_LIMIT_GCRA          \
                    ? (gcra) : (window)]


void
ngx_http_gw_ratelimit_ask(ngx_http_gw_ratelimit_outcome_t *o)
{
    if (ngx_http_gw_ratelimit_pend(o) == NGX_OK) {

        o->call = ngx_http_gw_ratelimit_call(o,
                                   ngx_http_gw_ratelimit_script(o,
                                                     NGX_GW_SCRIPT_GCRA,
                                                     NGX_GW_SCRIPT_WINDOW),
                                   ngx_http_gw_ratelimit_answer, 0);
        if (o->call) {
            return;
        }

        ngx_http_gw_ratelimit_decided(o);
    }

    ngx_http_gw_ratelimit_fall_back(o);
}


/* the limit, the cost, and to take it back what was charged */

static ngx_gw_redis_call_t *
ngx_http_gw_ratelimit_call(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_gw_redis_script_t *script, ngx_gw_redis_handler_pt handler,
    int64_t charged)
{
    u_char     *p, buf[NGX_INT32_LEN + NGX_INT64_LEN];
    ngx_str_t   args[NGX_HTTP_GW_RATELIMIT_ARGS + 3], *arg;

    ngx_memcpy(args, o->limit->args, o->limit->nargs * sizeof(ngx_str_t));
    arg = args + o->limit->nargs;

    arg->data = buf;
    p = ngx_sprintf(buf, "%uD", o->cost);
    arg->len = p - buf;
    arg++;

    if (handler == NULL) {

        if (o->limit->limit.algorithm == NGX_GW_LIMIT_GCRA) {
            ngx_str_set(arg, "0");
            arg++;
        }

        arg->data = p;
        arg->len = ngx_sprintf(p, "%L", charged) - p;
        arg++;
    }

    return ngx_gw_redis_call(o->zone->redis->redis, script, &o->key, args,
                             arg - args, handler, o);
}


static void
ngx_http_gw_ratelimit_answer(void *data, ngx_gw_redis_reply_t *reply)
{
    ngx_http_gw_ratelimit_outcome_t *o = data;

    o->call = NULL;

    if (reply == NULL || ngx_http_gw_ratelimit_read(o, reply) != NGX_OK) {
        ngx_http_gw_ratelimit_fall_back(o);

    } else {
        o->taken = o->verdict.admitted && o->cost;
        ngx_http_gw_ratelimit_judge(o);
    }

    ngx_http_gw_ratelimit_decided(o);
}


/* o->verdict by what a script returned; NGX_ERROR: it is no such thing */

static ngx_int_t
ngx_http_gw_ratelimit_read(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_gw_redis_reply_t *reply)
{
    int64_t                 length, elapsed, a, b;
    ngx_gw_limit_t         *limit;
    ngx_gw_redis_reply_t  **elt;

    limit = &o->limit->limit;
    elt = reply->elts;

    if (limit->algorithm == NGX_GW_LIMIT_GCRA) {

        if (ngx_http_gw_ratelimit_integers(reply, 3) != NGX_OK) {
            return NGX_ERROR;
        }

        a = elt[1]->integer;
        b = elt[2]->integer;

        /* no further ahead than a request of this limit can bring it, or, if
           it is not admitted, another of the key's */

        if (b < 0 || b >= (int64_t) limit->number
            || a > (elt[0]->integer == 1
                    ? limit->tolerance + limit->whole + 2
                    : NGX_GW_LIMIT_MAX_TIME + 2 * limit->whole))
        {
            return NGX_ERROR;
        }

        o->verdict.admitted = (elt[0]->integer == 1);
        o->verdict.charged = ngx_http_gw_ratelimit_now() + a;

        ngx_gw_limit_gcra_verdict(limit, a, (uint32_t) b, o->cost,
                                  &o->verdict);

        return NGX_OK;
    }

    if (ngx_http_gw_ratelimit_integers(reply, 6) != NGX_OK) {
        return NGX_ERROR;
    }

    a = elt[1]->integer;
    b = elt[2]->integer;
    elapsed = elt[3]->integer;
    length = elt[4]->integer;

    if (a < 0 || a > 0xffffffff || b < 0 || b > 0xffffffff
        || elapsed < 0 || length <= elapsed || length > NGX_GW_LIMIT_MAX_TIME
        || (elt[0]->integer == 1 && a > (int64_t) limit->number))
    {
        return NGX_ERROR;
    }

    o->verdict.admitted = (elt[0]->integer == 1);
    o->verdict.charged = elt[5]->integer;

    ngx_gw_limit_window_verdict(limit, (uint32_t) a, (uint32_t) b, elapsed,
                                length, o->cost, &o->verdict);

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_ratelimit_integers(ngx_gw_redis_reply_t *reply, ngx_uint_t n)
{
    ngx_uint_t  i;

    if (reply->type != NGX_GW_REDIS_ARRAY || reply->nelts != n) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (reply->elts[i]->type != NGX_GW_REDIS_INTEGER
            || reply->elts[i]->integer < -NGX_HTTP_GW_RATELIMIT_FAR
            || reply->elts[i]->integer > NGX_HTTP_GW_RATELIMIT_FAR)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_gw_ratelimit_call_back(ngx_http_gw_ratelimit_outcome_t *o)
{
    int64_t  charged;

    charged = o->verdict.charged;

    if (o->limit->limit.algorithm == NGX_GW_LIMIT_GCRA) {
        charged -= ngx_http_gw_ratelimit_now();

        if (charged <= 0) {
            return;
        }
    }

    (void) ngx_http_gw_ratelimit_call(o,
                                   ngx_http_gw_ratelimit_script(o,
                                                NGX_GW_SCRIPT_GCRA_BACK,
                                                NGX_GW_SCRIPT_WINDOW_BACK),
                                   NULL, charged);
}


void
ngx_http_gw_ratelimit_fall_back(ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_http_gw_ratelimit_zone_t  *zone;

    zone = o->zone;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, o->ctx->request->connection->log, 0,
                   "gw ratelimit falls back for zone \"%V\"", &zone->name);

    switch (zone->fallback) {

    case NGX_HTTP_GW_RATELIMIT_LOCAL:

        if (ngx_http_gw_ratelimit_take(o, ngx_http_gw_ratelimit_divisor(zone))
            == NGX_OK)
        {
            ngx_http_gw_ratelimit_judge(o);
            return;
        }

        o->deny = 1;
        break;

    case NGX_HTTP_GW_RATELIMIT_DENY:
        o->deny = 1;
        break;

    default:
        break;
    }

    ngx_memzero(&o->verdict, sizeof(ngx_gw_verdict_t));
    o->result = NGX_HTTP_GW_RATELIMIT_ERROR;
}


ngx_uint_t
ngx_http_gw_ratelimit_divisor(ngx_http_gw_ratelimit_zone_t *zone)
{
    return zone->gateways ? zone->gateways
                          : ngx_gw_redis_gateways(zone->redis->redis);
}


void
ngx_http_gw_ratelimit_ask_lease(ngx_http_gw_ratelimit_outcome_t *o)
{
    int64_t                       now;
    ngx_int_t                     rc;
    ngx_gw_lease_ask_t            ask;
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    ctx = o->ctx;

    rc = ngx_http_gw_ratelimit_take_lease(o, o->again, &ask);

    o->again = (rc == NGX_GW_LEASE_WAIT);

    if (ask.call
        && ngx_http_gw_ratelimit_reserve(o, &ask, rc == NGX_GW_LEASE_WAIT)
           != NGX_OK
        && rc == NGX_GW_LEASE_WAIT)
    {
        ngx_http_gw_ratelimit_unwait(o);
        ngx_http_gw_ratelimit_fall_back(o);
        ngx_http_gw_ratelimit_decided(o);
        return;
    }

    if (rc != NGX_GW_LEASE_WAIT) {

        if (rc == NGX_ERROR) {
            o->result = NGX_HTTP_GW_RATELIMIT_ERROR;
            o->deny = 1;

        } else {
            ngx_http_gw_ratelimit_judge(o);
        }

        ngx_http_gw_ratelimit_decided(o);
        return;
    }

    /* for a call of this request, or of another, maybe in another worker */

    now = ngx_http_gw_ratelimit_now();

    if (ctx->deadline == 0) {
        ctx->deadline = now + (int64_t) o->zone->redis->timeout * 1000;
    }

    if (now >= ctx->deadline || ngx_http_gw_ratelimit_pend(o) != NGX_OK) {
        ngx_http_gw_ratelimit_forget(o);
        ngx_http_gw_ratelimit_fall_back(o);
        return;
    }

    if (o->reserve == NULL) {
        ngx_http_gw_ratelimit_poll(ctx);
    }
}


/* asks Redis for a lease; NGX_ERROR: it cannot be asked */

static ngx_int_t
ngx_http_gw_ratelimit_reserve(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_gw_lease_ask_t *ask, ngx_uint_t wait)
{
    u_char                           *p, buf[4 * NGX_INT64_LEN];
    int64_t                           number[4];
    ngx_str_t                         args[NGX_HTTP_GW_RATELIMIT_ARGS + 4];
    ngx_uint_t                        i, n;
    ngx_http_gw_ratelimit_zone_t     *zone;
    ngx_http_gw_ratelimit_reserve_t  *reserve;

    zone = o->zone;
    n = o->limit->nargs;

    reserve = ngx_alloc(sizeof(ngx_http_gw_ratelimit_reserve_t),
                        ngx_cycle->log);
    if (reserve == NULL) {
        goto failed;
    }

    reserve->zone = zone;
    reserve->limit = o->limit->limit;
    reserve->hash[0] = o->hash[0];
    reserve->hash[1] = o->hash[1];
    reserve->sent = ngx_http_gw_ratelimit_now();
    reserve->count = ask->count;
    reserve->outcome = wait ? o : NULL;

    ngx_memcpy(args, o->limit->args, n * sizeof(ngx_str_t));

    number[0] = ask->count;
    number[1] = ask->reach;
    number[2] = ask->from;
    number[3] = ask->early;

    p = buf;

    for (i = 0; i < 4; i++) {
        args[n + i].data = p;
        p = ngx_sprintf(p, "%L", number[i]);
        args[n + i].len = p - args[n + i].data;
    }

    if (ngx_gw_redis_call(zone->redis->redis,
                          &ngx_gw_scripts[NGX_GW_SCRIPT_LEASE], &o->key, args,
                          n + 4, ngx_http_gw_ratelimit_reserved, reserve)
        == NULL)
    {
        ngx_free(reserve);
        goto failed;
    }

    ngx_queue_insert_tail(&zone->calls, &reserve->queue);

    if (wait) {
        o->reserve = reserve;
    }

    return NGX_OK;

failed:

    (void) ngx_http_gw_ratelimit_grant(zone, o->hash, &o->limit->limit, 0, 0,
                                       NULL);

    return NGX_ERROR;
}


static void
ngx_http_gw_ratelimit_reserved(void *data, ngx_gw_redis_reply_t *reply)
{
    ngx_http_gw_ratelimit_reserve_t *reserve = data;

    ngx_http_gw_ratelimit_outcome_t  *o;

    if (reply && ngx_http_gw_ratelimit_integers(reply, 5) != NGX_OK) {
        reply = NULL;
    }

    if (ngx_http_gw_ratelimit_grant(reserve->zone, reserve->hash,
                                    &reserve->limit, reserve->sent,
                                    reserve->count, reply)
        != NGX_OK)
    {
        reply = NULL;
    }

    o = reserve->outcome;

    ngx_queue_remove(&reserve->queue);
    ngx_free(reserve);

    if (o == NULL) {
        return;
    }

    o->reserve = NULL;

    if (reply) {
        ngx_http_gw_ratelimit_ask_lease(o);
        return;
    }

    ngx_http_gw_ratelimit_unwait(o);
    ngx_http_gw_ratelimit_fall_back(o);
    ngx_http_gw_ratelimit_decided(o);
}


void
ngx_http_gw_ratelimit_calls_done(ngx_http_gw_ratelimit_zone_t *zone)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&zone->calls)) {
        q = ngx_queue_head(&zone->calls);
        ngx_queue_remove(q);

        ngx_free(ngx_queue_data(q, ngx_http_gw_ratelimit_reserve_t, queue));
    }
}


/* hands an answer, or with NULL that there is none, to the key's lease;
   NGX_ERROR: it is none */

static ngx_int_t
ngx_http_gw_ratelimit_grant(ngx_http_gw_ratelimit_zone_t *zone,
    const uint64_t hash[2], const ngx_gw_limit_t *limit, int64_t sent,
    uint32_t count, ngx_gw_redis_reply_t *reply)
{
    int64_t                          now, most;
    ngx_gw_keys_node_t              *node;
    ngx_gw_lease_reply_t             grant;
    ngx_http_gw_ratelimit_leased_t  *leased;

    ngx_memzero(&grant, sizeof(ngx_gw_lease_reply_t));

    /*
     * No request can bring a key further ahead than this; a rule with a larger
     * burst can, and then Redis is asked again a little early.
     */

    most = limit->tolerance + limit->whole + 4 * zone->horizon;

    if (reply) {
        if (reply->elts[0]->integer < 0
            || reply->elts[0]->integer > count
            || (reply->elts[0]->integer && reply->elts[1]->integer > most)
            || reply->elts[2]->integer < 0
            || reply->elts[2]->integer >= (int64_t) limit->number)
        {
            reply = NULL;

        } else {
            grant.granted = (uint32_t) reply->elts[0]->integer;
            grant.first = reply->elts[1]->integer;
            grant.fraction = (uint32_t) reply->elts[2]->integer;
            grant.tat = ngx_min(reply->elts[3]->integer, most);
            grant.wait = ngx_min(reply->elts[4]->integer, most);
        }
    }

    now = ngx_http_gw_ratelimit_now();

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = ngx_gw_keys_find(zone->keys, hash);

    if (node) {
        leased = ngx_gw_keys_data(node);

        if (reply) {
            ngx_gw_lease_granted(&leased->lease, limit, zone->horizon, sent,
                                 now, &grant);

        } else {
            ngx_gw_lease_failed(&leased->lease, now);
        }

        node->expires = ngx_max(node->expires,
                                ngx_gw_lease_expires(&leased->lease, limit,
                                                     now));
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return reply ? NGX_OK : NGX_ERROR;
}


void
ngx_http_gw_ratelimit_forget(ngx_http_gw_ratelimit_outcome_t *o)
{
    if (o->call) {
        ngx_gw_redis_forget(o->call);
        o->call = NULL;
    }

    if (o->reserve) {
        o->reserve->outcome = NULL;
        o->reserve = NULL;
    }

    ngx_http_gw_ratelimit_unwait(o);
    ngx_http_gw_ratelimit_decided(o);
}


/* nothing more is to be reserved for it */

static void
ngx_http_gw_ratelimit_unwait(ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_gw_keys_node_t              *node;
    ngx_http_gw_ratelimit_zone_t    *zone;
    ngx_http_gw_ratelimit_leased_t  *leased;

    if (!o->again) {
        return;
    }

    o->again = 0;
    zone = o->zone;

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = ngx_gw_keys_find(zone->keys, o->hash);

    if (node) {
        leased = ngx_gw_keys_data(node);
        leased->lease.waiting -= ngx_min(leased->lease.waiting, o->cost);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);
}
