
/*
 * Requests in flight.
 *
 * A key's node counts those of this gateway.  Beside it a node for each
 * worker that has some says how many: when a worker has died, another takes
 * them off.  In Redis each request is a member of the key's set, and stands
 * there for as long as its gateway renews it: at first for a moment, so that
 * one that nobody could take back does not count for long.
 */


#include "ngx_http_gw_ratelimit.h"
#include "ngx_gw_script.h"


/* looked at with the lock held, renewed in one turn */
#define NGX_HTTP_GW_CONCURRENCY_NODES  1024
#define NGX_HTTP_GW_CONCURRENCY_RENEW  512

/* when room will be is not known: s */
#define NGX_HTTP_GW_CONCURRENCY_RETRY  1

/* for so long a member stands at first: ms */
#define NGX_HTTP_GW_CONCURRENCY_FIRST  3000

/* members of which it is not known that they are gone: tried again so often,
   and so many of a zone are kept */
#define NGX_HTTP_GW_CONCURRENCY_AGAIN  1000
#define NGX_HTTP_GW_CONCURRENCY_LOST   4096


struct ngx_http_gw_ratelimit_held_s {
    ngx_queue_t                    queue;      /* of the zone, if asked */
    ngx_http_gw_ratelimit_zone_t  *zone;
    ngx_gw_redis_call_t           *renewal;    /* under way */
    ngx_msec_t                     due;        /* to be renewed */
    ngx_str_t                      key;
    ngx_str_t                      member;
    unsigned                       asked:1;    /* Redis counts it, or will */
    unsigned                       sent:1;     /* it may do so already */
    unsigned                       added:1;    /* by a renewal */
};


/* a member that is to go; outlives its request */
typedef struct {
    ngx_queue_t                    queue;      /* of the zone: while waiting,
                                                  or while called for */
    ngx_http_gw_ratelimit_zone_t  *zone;
    ngx_msec_t                     end;        /* it has gone by itself */
    ngx_str_t                      key;
    ngx_str_t                      member;
} ngx_http_gw_concurrency_lost_t;


static ngx_int_t ngx_http_gw_concurrency_count(
    ngx_http_gw_ratelimit_outcome_t *o, uint32_t limit, uint32_t *count);
static void ngx_http_gw_concurrency_uncount(
    ngx_http_gw_ratelimit_outcome_t *o);
static void ngx_http_gw_concurrency_worker_hash(const uint64_t key[2],
    int32_t pid, uint64_t hash[2]);
static void ngx_http_gw_concurrency_verdict(
    ngx_http_gw_ratelimit_outcome_t *o, ngx_uint_t admitted,
    uint32_t limit, uint32_t count);
static ngx_int_t ngx_http_gw_concurrency_ask(
    ngx_http_gw_ratelimit_outcome_t *o);
static void ngx_http_gw_concurrency_answer(void *data,
    ngx_gw_redis_reply_t *reply);
static void ngx_http_gw_concurrency_hold(ngx_http_gw_ratelimit_outcome_t *o);
static void ngx_http_gw_concurrency_release(
    ngx_http_gw_ratelimit_zone_t *zone, ngx_http_gw_ratelimit_held_t *held);
static void ngx_http_gw_concurrency_send_release(
    ngx_http_gw_concurrency_lost_t *lost);
static void ngx_http_gw_concurrency_released(void *data,
    ngx_gw_redis_reply_t *reply);
static void ngx_http_gw_concurrency_keep(
    ngx_http_gw_concurrency_lost_t *lost);
static void ngx_http_gw_concurrency_again(ngx_event_t *ev);
static void ngx_http_gw_concurrency_renew(ngx_event_t *ev);
static void ngx_http_gw_concurrency_renewed(void *data,
    ngx_gw_redis_reply_t *reply);
static void ngx_http_gw_concurrency_soon(ngx_http_gw_ratelimit_held_t *held);
static void ngx_http_gw_concurrency_schedule(
    ngx_http_gw_ratelimit_zone_t *zone);
static void ngx_http_gw_concurrency_register(
    ngx_http_gw_ratelimit_zone_t *zone, ngx_uint_t enter);
static void ngx_http_gw_concurrency_look(ngx_http_gw_ratelimit_zone_t *zone);
static uint32_t ngx_http_gw_concurrency_reclaim(
    ngx_http_gw_ratelimit_zone_t *zone, int32_t pid, uint32_t i);


void
ngx_http_gw_concurrency_enter(ngx_http_gw_ratelimit_outcome_t *o)
{
    uint32_t                       limit, count;
    ngx_int_t                      rc;
    ngx_http_gw_ratelimit_held_t  *held;

    held = ngx_pcalloc(o->ctx->request->pool,
                       sizeof(ngx_http_gw_ratelimit_held_t));
    if (held == NULL) {
        goto failed;
    }

    /* with Redis it is Redis that decides */

    limit = (o->zone->redis || o->rule->dry_run) ? NGX_MAX_UINT32_VALUE
                                                 : o->cost;

    rc = ngx_http_gw_concurrency_count(o, limit, &count);

    if (rc == NGX_ERROR) {
        o->full = 1;
        goto failed;
    }

    if (rc == NGX_OK) {
        o->held = held;
    }

    if (o->zone->redis == NULL) {
        ngx_http_gw_concurrency_verdict(o, count <= o->cost, o->cost, count);
        return;
    }

    held->zone = o->zone;
    held->key = o->key;

    if (ngx_http_gw_concurrency_ask(o) != NGX_OK) {
        ngx_http_gw_concurrency_fall_back(o);
    }

    return;

failed:

    o->result = NGX_HTTP_GW_RATELIMIT_ERROR;
    o->deny = 1;
}


/*
 * Counts the request in, unless limit are in flight.  *count is their number,
 * this one included.  NGX_OK; NGX_DECLINED: there are as many already;
 * NGX_ERROR: the zone is full.
 */

static ngx_int_t
ngx_http_gw_concurrency_count(ngx_http_gw_ratelimit_outcome_t *o,
    uint32_t limit, uint32_t *count)
{
    int64_t                             now;
    uint64_t                            hash[2];
    ngx_gw_keys_node_t                 *node, *mine;
    ngx_http_gw_ratelimit_zone_t       *zone;
    ngx_http_gw_ratelimit_in_flight_t  *all, *own;

    zone = o->zone;
    now = ngx_http_gw_ratelimit_now();

    ngx_http_gw_concurrency_worker_hash(o->hash, (int32_t) ngx_pid, hash);

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = ngx_gw_keys_get(zone->keys, o->hash, now);

    if (node == NULL) {
        ngx_shmtx_unlock(&zone->shpool->mutex);
        return NGX_ERROR;
    }

    all = ngx_gw_keys_data(node);
    *count = all->count + 1;

    if (all->count >= limit) {
        ngx_shmtx_unlock(&zone->shpool->mutex);
        ngx_http_gw_concurrency_look(zone);
        return NGX_DECLINED;
    }

    node->expires = NGX_GW_KEYS_PINNED;

    mine = ngx_gw_keys_get(zone->keys, hash, now);

    if (mine == NULL) {
        node->expires = all->count ? NGX_GW_KEYS_PINNED : 0;
        ngx_shmtx_unlock(&zone->shpool->mutex);
        return NGX_ERROR;
    }

    mine->expires = NGX_GW_KEYS_PINNED;

    own = ngx_gw_keys_data(mine);

    own->pid = (int32_t) ngx_pid;
    own->hash[0] = o->hash[0];
    own->hash[1] = o->hash[1];

    own->count++;
    all->count++;

    ngx_shmtx_unlock(&zone->shpool->mutex);

    zone->inside++;

    return NGX_OK;
}


static void
ngx_http_gw_concurrency_uncount(ngx_http_gw_ratelimit_outcome_t *o)
{
    uint64_t                            hash[2];
    ngx_uint_t                          i;
    ngx_gw_keys_node_t                 *node[2];
    ngx_http_gw_ratelimit_zone_t       *zone;
    ngx_http_gw_ratelimit_in_flight_t  *in_flight;

    zone = o->zone;

    ngx_http_gw_concurrency_worker_hash(o->hash, (int32_t) ngx_pid, hash);

    ngx_shmtx_lock(&zone->shpool->mutex);

    node[0] = ngx_gw_keys_find(zone->keys, o->hash);
    node[1] = ngx_gw_keys_find(zone->keys, hash);

    for (i = 0; i < 2; i++) {

        if (node[i] == NULL) {
            continue;
        }

        in_flight = ngx_gw_keys_data(node[i]);

        if (in_flight->count && --in_flight->count == 0) {
            node[i]->expires = 0;
        }
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    zone->inside--;
}


/* as good a hash as the key's is, of the two */

static void
ngx_http_gw_concurrency_worker_hash(const uint64_t key[2], int32_t pid,
    uint64_t hash[2])
{
    hash[0] = key[0] ^ (uint64_t) (uint32_t) pid * 0x9e3779b97f4a7c15;
    hash[1] = ~key[1];
}


/* count: in flight, the request included */

static void
ngx_http_gw_concurrency_verdict(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_uint_t admitted, uint32_t limit, uint32_t count)
{
    o->verdict.admitted = admitted;
    o->verdict.limit = limit;
    o->verdict.remaining = (count < limit) ? limit - count : 0;
    o->verdict.reset = o->verdict.remaining
                       ? 0 : NGX_HTTP_GW_CONCURRENCY_RETRY * 1000000;
    o->verdict.retry = admitted
                       ? 0 : NGX_HTTP_GW_CONCURRENCY_RETRY * 1000000;

    ngx_http_gw_ratelimit_judge(o);
}


/* NGX_ERROR: Redis cannot be asked */

static ngx_int_t
ngx_http_gw_concurrency_ask(ngx_http_gw_ratelimit_outcome_t *o)
{
    u_char                        *p, id[16], buf[3 * NGX_INT64_LEN];
    ngx_str_t                      args[4];
    ngx_http_gw_ratelimit_zone_t  *zone;
    ngx_http_gw_ratelimit_held_t  *held;

    zone = o->zone;
    held = o->held;

    held->member.data = ngx_pnalloc(o->ctx->request->pool,
                                    16 + 2 * (1 + NGX_INT64_LEN));
    if (held->member.data == NULL || ngx_http_gw_ratelimit_pend(o) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_gw_redis_id(zone->redis->redis, id);

    held->member.len = ngx_sprintf(held->member.data, "%*s-%P-%uL",
                                   (size_t) 16, id, ngx_pid, zone->entered++)
                       - held->member.data;

    args[0] = held->member;

    p = buf;
    args[1].data = p;
    p = ngx_sprintf(p, "%uD", o->cost);
    args[1].len = p - args[1].data;

    args[2].data = p;
    p = ngx_sprintf(p, "%L", ngx_min(zone->ttl,
                                     NGX_HTTP_GW_CONCURRENCY_FIRST * 1000));
    args[2].len = p - args[2].data;

    args[3].data = (u_char *) (o->rule->dry_run ? "1" : "0");
    args[3].len = 1;

    o->call = ngx_gw_redis_call(zone->redis->redis,
                                &ngx_gw_scripts[NGX_GW_SCRIPT_ACQUIRE],
                                &o->key, args, 4,
                                ngx_http_gw_concurrency_answer, o);

    /* it may be counted even if it is not answered, and if it could not be
       asked it will be by the first renewal */

    held->sent = (o->call != NULL);
    ngx_http_gw_concurrency_hold(o);

    if (o->call == NULL) {
        ngx_http_gw_ratelimit_decided(o);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_gw_concurrency_answer(void *data, ngx_gw_redis_reply_t *reply)
{
    ngx_http_gw_ratelimit_outcome_t *o = data;

    int64_t                        count;
    ngx_uint_t                     admitted;
    ngx_http_gw_ratelimit_held_t  *held;

    held = o->held;
    o->call = NULL;

    if (reply == NULL
        || reply->type != NGX_GW_REDIS_ARRAY
        || reply->nelts != 2
        || reply->elts[0]->type != NGX_GW_REDIS_INTEGER
        || reply->elts[1]->type != NGX_GW_REDIS_INTEGER
        || reply->elts[1]->integer < 0)
    {
        ngx_http_gw_concurrency_fall_back(o);
        ngx_http_gw_ratelimit_decided(o);
        return;
    }

    count = ngx_min(reply->elts[1]->integer, NGX_MAX_INT32_VALUE);
    admitted = (reply->elts[0]->integer == 1);

    if (!admitted && !o->rule->dry_run) {

        if (!held->added) {
            ngx_queue_remove(&held->queue);
            held->asked = 0;
        }

        ngx_http_gw_concurrency_leave(o);
    }

    ngx_http_gw_concurrency_verdict(o, admitted, o->cost, (uint32_t) count);

    ngx_http_gw_ratelimit_decided(o);
}


void
ngx_http_gw_concurrency_fall_back(ngx_http_gw_ratelimit_outcome_t *o)
{
    uint32_t                            limit, count;
    ngx_gw_keys_node_t                 *node;
    ngx_http_gw_ratelimit_zone_t       *zone;
    ngx_http_gw_ratelimit_in_flight_t  *all;

    zone = o->zone;

    limit = o->cost / ngx_http_gw_ratelimit_divisor(zone);
    limit = ngx_max(limit, 1);

    count = 1;

    ngx_shmtx_lock(&zone->shpool->mutex);

    node = ngx_gw_keys_find(zone->keys, o->hash);

    if (node) {
        all = ngx_gw_keys_data(node);
        count = all->count;
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (count > limit && !o->rule->dry_run) {
        ngx_http_gw_concurrency_leave(o);
    }

    ngx_http_gw_concurrency_verdict(o, count <= limit, limit, count);
}


/*
 * Is renewed from now on.  Requests are held for times of their own, but
 * nearly all of the queue is in the order of when they are due: what has been
 * renewed once goes to another.
 */

static void
ngx_http_gw_concurrency_hold(ngx_http_gw_ratelimit_outcome_t *o)
{
    o->held->asked = 1;

    ngx_http_gw_concurrency_soon(o->held);
    ngx_http_gw_concurrency_schedule(o->zone);
}


void
ngx_http_gw_concurrency_leave(ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_http_gw_ratelimit_held_t  *held;

    held = o->held;

    ngx_http_gw_concurrency_uncount(o);

    if (held->asked) {
        ngx_queue_remove(&held->queue);

        /* else a renewal that is sent again could come after its release */

        if (held->renewal) {
            ngx_gw_redis_forget(held->renewal);
        }

        if (held->sent) {
            ngx_http_gw_concurrency_release(o->zone, held);
        }
    }

    o->held = NULL;
}


/* it is waited for: a worker does not exit before, and asks again if need be */

static void
ngx_http_gw_concurrency_release(ngx_http_gw_ratelimit_zone_t *zone,
    ngx_http_gw_ratelimit_held_t *held)
{
    u_char                          *p;
    ngx_http_gw_concurrency_lost_t  *lost;

    lost = ngx_alloc(sizeof(ngx_http_gw_concurrency_lost_t)
                     + held->key.len + held->member.len, ngx_cycle->log);
    if (lost == NULL) {
        return;
    }

    p = (u_char *) (lost + 1);

    lost->zone = zone;
    lost->end = ngx_current_msec + (ngx_msec_t) (zone->ttl / 1000);

    lost->key.len = held->key.len;
    lost->key.data = p;
    p = ngx_cpymem(p, held->key.data, held->key.len);

    lost->member.len = held->member.len;
    lost->member.data = p;
    ngx_memcpy(p, held->member.data, held->member.len);

    ngx_http_gw_concurrency_send_release(lost);
}


static void
ngx_http_gw_concurrency_send_release(ngx_http_gw_concurrency_lost_t *lost)
{
    if (ngx_gw_redis_call(lost->zone->redis->redis,
                          &ngx_gw_scripts[NGX_GW_SCRIPT_RELEASE], &lost->key,
                          &lost->member, 1, ngx_http_gw_concurrency_released,
                          lost)
        == NULL)
    {
        ngx_http_gw_concurrency_keep(lost);
        return;
    }

    ngx_queue_insert_tail(&lost->zone->releasing, &lost->queue);
}


static void
ngx_http_gw_concurrency_released(void *data, ngx_gw_redis_reply_t *reply)
{
    ngx_http_gw_concurrency_lost_t *lost = data;

    ngx_queue_remove(&lost->queue);

    if (reply) {
        ngx_free(lost);
        return;
    }

    ngx_http_gw_concurrency_keep(lost);
}


static void
ngx_http_gw_concurrency_keep(ngx_http_gw_concurrency_lost_t *lost)
{
    ngx_http_gw_ratelimit_zone_t  *zone;

    zone = lost->zone;

    if (zone->nlost >= NGX_HTTP_GW_CONCURRENCY_LOST || ngx_exiting) {
        ngx_free(lost);
        return;
    }

    zone->nlost++;
    ngx_queue_insert_tail(&zone->lost, &lost->queue);

    if (!zone->again.timer_set) {
        ngx_add_timer(&zone->again, NGX_HTTP_GW_CONCURRENCY_AGAIN);
    }
}


static void
ngx_http_gw_concurrency_again(ngx_event_t *ev)
{
    ngx_uint_t                       n;
    ngx_queue_t                     *q;
    ngx_http_gw_ratelimit_zone_t    *zone;
    ngx_http_gw_concurrency_lost_t  *lost;

    zone = ev->data;

    for (n = zone->nlost; n; n--) {
        q = ngx_queue_head(&zone->lost);
        lost = ngx_queue_data(q, ngx_http_gw_concurrency_lost_t, queue);

        ngx_queue_remove(q);
        zone->nlost--;

        if ((ngx_msec_int_t) (lost->end - ngx_current_msec) <= 0) {
            ngx_free(lost);
            continue;
        }

        ngx_http_gw_concurrency_send_release(lost);
    }
}


static void
ngx_http_gw_concurrency_renew(ngx_event_t *ev)
{
    u_char                         ttl[NGX_INT64_LEN];
    ngx_str_t                      args[2];
    ngx_uint_t                     n;
    ngx_queue_t                   *q, *queue;
    ngx_http_gw_ratelimit_zone_t  *zone;
    ngx_http_gw_ratelimit_held_t  *held;

    zone = ev->data;

    args[1].data = ttl;
    args[1].len = ngx_sprintf(ttl, "%L", zone->ttl) - ttl;

    queue = &zone->held;

    for (n = 0; n < NGX_HTTP_GW_CONCURRENCY_RENEW; /* void */ ) {

        q = ngx_queue_head(queue);
        held = ngx_queue_data(q, ngx_http_gw_ratelimit_held_t, queue);

        if (q == ngx_queue_sentinel(queue)
            || (ngx_msec_int_t) (held->due - ngx_current_msec) > 0)
        {
            if (queue == &zone->renewed) {
                break;
            }

            queue = &zone->renewed;
            continue;
        }

        n++;
        args[0] = held->member;

        ngx_queue_remove(q);

        if (held->renewal) {
            ngx_gw_redis_forget(held->renewal);
        }

        held->renewal = ngx_gw_redis_call(zone->redis->redis,
                                       &ngx_gw_scripts[NGX_GW_SCRIPT_RENEW],
                                       &held->key, args, 2,
                                       ngx_http_gw_concurrency_renewed, held);

        if (held->renewal == NULL) {
            ngx_http_gw_concurrency_soon(held);
            continue;
        }

        held->sent = 1;
        held->added = 1;
        held->due = ngx_current_msec + (ngx_msec_t) (zone->ttl / 3000);
        ngx_queue_insert_tail(&zone->renewed, q);
    }

    ngx_http_gw_concurrency_schedule(zone);
}


static void
ngx_http_gw_concurrency_renewed(void *data, ngx_gw_redis_reply_t *reply)
{
    ngx_http_gw_ratelimit_held_t *held = data;

    held->renewal = NULL;

    if (reply) {
        return;
    }

    ngx_queue_remove(&held->queue);

    ngx_http_gw_concurrency_soon(held);
    ngx_http_gw_concurrency_schedule(held->zone);
}


/* it may stand for its first moment only */

static void
ngx_http_gw_concurrency_soon(ngx_http_gw_ratelimit_held_t *held)
{
    ngx_msec_t  first;

    first = (ngx_msec_t) ngx_min(held->zone->ttl / 1000,
                                 NGX_HTTP_GW_CONCURRENCY_FIRST);

    held->due = ngx_current_msec + first / 3;

    ngx_queue_insert_tail(&held->zone->held, &held->queue);
}


/* for the first that is due */

static void
ngx_http_gw_concurrency_schedule(ngx_http_gw_ratelimit_zone_t *zone)
{
    ngx_uint_t                     i;
    ngx_queue_t                   *queue;
    ngx_msec_int_t                 wait, least;
    ngx_http_gw_ratelimit_held_t  *held;

    least = -1;

    for (i = 0; i < 2; i++) {
        queue = i ? &zone->renewed : &zone->held;

        if (ngx_queue_empty(queue)) {
            continue;
        }

        held = ngx_queue_data(ngx_queue_head(queue),
                              ngx_http_gw_ratelimit_held_t, queue);

        wait = (ngx_msec_int_t) (held->due - ngx_current_msec);
        wait = ngx_max(wait, 1);

        least = (least == -1) ? wait : ngx_min(least, wait);
    }

    if (least != -1) {
        ngx_add_timer(&zone->renew, (ngx_msec_t) least);
    }
}


ngx_int_t
ngx_http_gw_concurrency_init_process(ngx_cycle_t *cycle,
    ngx_http_gw_ratelimit_zone_t *zone)
{
    ngx_queue_init(&zone->held);
    ngx_queue_init(&zone->renewed);
    ngx_queue_init(&zone->lost);
    ngx_queue_init(&zone->releasing);

    zone->renew.data = zone;
    zone->renew.handler = ngx_http_gw_concurrency_renew;
    zone->renew.log = cycle->log;
    zone->renew.cancelable = 1;

    zone->again.data = zone;
    zone->again.handler = ngx_http_gw_concurrency_again;
    zone->again.log = cycle->log;
    zone->again.cancelable = 1;

    ngx_http_gw_concurrency_register(zone, 1);
    ngx_http_gw_concurrency_look(zone);

    return NGX_OK;
}


void
ngx_http_gw_concurrency_exit_process(ngx_http_gw_ratelimit_zone_t *zone)
{
    ngx_uint_t    i;
    ngx_queue_t  *q, *queue;

    /* what it still has in flight, when it is killed, another looks for */

    if (zone->inside == 0) {
        ngx_http_gw_concurrency_register(zone, 0);
    }

    for (i = 0; i < 2; i++) {
        queue = i ? &zone->lost : &zone->releasing;

        while (!ngx_queue_empty(queue)) {
            q = ngx_queue_head(queue);
            ngx_queue_remove(q);

            ngx_free(ngx_queue_data(q, ngx_http_gw_concurrency_lost_t,
                                    queue));
        }
    }
}


/* this worker among those that use the zone, or no more */

static void
ngx_http_gw_concurrency_register(ngx_http_gw_ratelimit_zone_t *zone,
    ngx_uint_t enter)
{
    int32_t     *pid;
    ngx_uint_t   i;

    ngx_shmtx_lock(&zone->shpool->mutex);

    pid = zone->keys->pids;

    for (i = 0; i < NGX_GW_KEYS_PIDS; i++) {
        if (pid[i] == (enter ? 0 : (int32_t) ngx_pid)) {
            pid[i] = enter ? (int32_t) ngx_pid : 0;
            break;
        }
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    if (enter && i == NGX_GW_KEYS_PIDS) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "zone \"%V\" has more than %d workers: if this one "
                      "dies, its requests in flight stay counted",
                      &zone->name, NGX_GW_KEYS_PIDS);
    }
}


/* for workers that have died, and what they had in flight */

static void
ngx_http_gw_concurrency_look(ngx_http_gw_ratelimit_zone_t *zone)
{
    int32_t     *pid, dead;
    uint32_t     node;
    ngx_uint_t   i;

    if (zone->looked == ngx_time()) {
        return;
    }

    zone->looked = ngx_time();
    pid = zone->keys->pids;

    for (i = 0; i < NGX_GW_KEYS_PIDS; i++) {
        dead = pid[i];

        if (dead == 0 || kill((ngx_pid_t) dead, 0) == 0
            || ngx_errno != NGX_ESRCH)
        {
            continue;
        }

        node = 1;

        while (node) {
            node = ngx_http_gw_concurrency_reclaim(zone, dead, node);
        }

        ngx_shmtx_lock(&zone->shpool->mutex);

        if (pid[i] == dead) {
            pid[i] = 0;
        }

        ngx_shmtx_unlock(&zone->shpool->mutex);
    }
}


/*
 * Takes off what a worker had in flight that has died, beginning with the
 * i-th node.  Where to go on, or 0.
 */

static uint32_t
ngx_http_gw_concurrency_reclaim(ngx_http_gw_ratelimit_zone_t *zone,
    int32_t pid, uint32_t i)
{
    uint32_t                            last;
    ngx_gw_keys_node_t                 *node, *key;
    ngx_http_gw_ratelimit_in_flight_t  *own, *all;

    ngx_shmtx_lock(&zone->shpool->mutex);

    last = ngx_min(zone->keys->used, i + NGX_HTTP_GW_CONCURRENCY_NODES - 1);

    for ( /* void */ ; i <= last; i++) {
        node = ngx_gw_keys_at(zone->keys, i);
        own = ngx_gw_keys_data(node);

        if (own->pid != pid || own->count == 0) {
            continue;
        }

        key = ngx_gw_keys_find(zone->keys, own->hash);

        if (key) {
            all = ngx_gw_keys_data(key);
            all->count -= ngx_min(all->count, own->count);

            if (all->count == 0) {
                key->expires = 0;
            }
        }

        own->count = 0;
        node->expires = 0;
    }

    if (i > zone->keys->used) {
        i = 0;
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return i;
}
