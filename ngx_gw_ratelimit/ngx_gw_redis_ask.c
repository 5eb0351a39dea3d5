
/*
 * Where nodes are: the servers of the configuration, and those of a Cluster
 * that are known, are asked in turn, one at a time, until one answers; again
 * whenever something says that it has changed, but not more often than once
 * a second.  Calls wait for the first answer.
 */


#include "ngx_gw_redis_internal.h"


static void ngx_gw_redis_ask_handler(ngx_event_t *ev);
static void ngx_gw_redis_ask_next(ngx_gw_redis_t *redis);
static ngx_int_t ngx_gw_redis_ask_node(ngx_gw_redis_t *redis,
    ngx_gw_redis_node_t *node);
static void ngx_gw_redis_ask_answered(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);
static void ngx_gw_redis_ask_failed(ngx_gw_redis_t *redis);
static void ngx_gw_redis_ask_end(ngx_gw_redis_t *redis);
static ngx_uint_t ngx_gw_redis_ask_known(ngx_gw_redis_t *redis);


ngx_int_t
ngx_gw_redis_ask_init(ngx_gw_redis_t *redis)
{
    u_char                *p;
    ngx_str_t             *name;
    ngx_gw_redis_conf_t   *conf;

    conf = redis->conf;
    name = &redis->ask.guard.name;

    ngx_queue_init(&redis->ask.calls);

    redis->ask.timer.data = redis;
    redis->ask.timer.handler = ngx_gw_redis_ask_handler;
    redis->ask.timer.log = &redis->log;
    redis->ask.timer.cancelable = 1;

    name->data = ngx_pnalloc(redis->cycle->pool,
                             sizeof("the sentinels of \"\"") + conf->master.len
                             + conf->name.len);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    p = conf->cluster ? ngx_sprintf(name->data, "the cluster")
                      : ngx_sprintf(name->data, "the sentinels of \"%V\"",
                                    &conf->master);
    name->len = p - name->data;

    ngx_gw_redis_guard_init(redis, &redis->ask.guard);

    /* workers begin with different servers */

    redis->ask.next = ngx_random() % conf->servers.nelts;

    if (!conf->cluster) {
        return NGX_OK;
    }

    redis->map = ngx_pcalloc(redis->cycle->pool,
                             NGX_GW_REDIS_SLOTS
                             * sizeof(ngx_gw_redis_node_t *));

    return redis->map ? NGX_OK : NGX_ERROR;
}


void
ngx_gw_redis_ask_done(ngx_gw_redis_t *redis)
{
    ngx_queue_t          *q;
    ngx_gw_redis_call_t  *call;

    if (redis->ask.timer.timer_set) {
        ngx_del_timer(&redis->ask.timer);
    }

    if (redis->ask.timer.posted) {
        ngx_delete_posted_event(&redis->ask.timer);
    }

    while (!ngx_queue_empty(&redis->ask.calls)) {
        q = ngx_queue_head(&redis->ask.calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);
        call->handler = NULL;
        ngx_gw_redis_end(call, NULL);
    }
}


/* nothing is done at once: the caller may be anywhere */

void
ngx_gw_redis_ask(ngx_gw_redis_t *redis)
{
    uint64_t             now, next;
    ngx_gw_redis_ask_t  *ask;

    ask = &redis->ask;

    if (ask->timer.handler == NULL || redis->exiting || ask->again) {
        /* there is nothing to ask, or it is as good as done */
        return;
    }

    ask->again = 1;

    if (ask->busy) {
        return;
    }

    now = ngx_gw_redis_now_ms();
    next = ask->started + NGX_GW_REDIS_ASK_EVERY;

    if (ask->started && now < next) {
        ngx_add_timer(&ask->timer, (ngx_msec_t) (next - now));
        return;
    }

    ngx_post_event(&ask->timer, &ngx_posted_events);
}


ngx_int_t
ngx_gw_redis_ask_wait(ngx_gw_redis_t *redis, ngx_gw_redis_call_t *call,
    uint64_t now)
{
    ngx_int_t            rc;
    ngx_gw_redis_ask_t  *ask;

    ask = &redis->ask;

    if (ask->ncalls >= NGX_GW_REDIS_MAX_CALLS) {
        return NGX_ERROR;
    }

    if (!ask->busy && !ask->timer.posted) {
        rc = ngx_gw_redis_guard_allow(redis, &ask->guard, now);

        if (rc == NGX_DECLINED) {
            return NGX_ERROR;
        }

        if (rc == NGX_AGAIN) {
            ask->trial = 1;
        }

        if (ask->timer.timer_set) {
            ngx_del_timer(&ask->timer);
        }

        ask->again = 1;
        ngx_post_event(&ask->timer, &ngx_posted_events);
    }

    call->conn = NULL;
    ngx_queue_insert_tail(&ask->calls, &call->queue);
    ask->ncalls++;

    return NGX_OK;
}


/* to begin, or because the node that was asked has not answered */

static void
ngx_gw_redis_ask_handler(ngx_event_t *ev)
{
    ngx_gw_redis_t      *redis;
    ngx_gw_redis_ask_t  *ask;

    redis = ev->data;
    ask = &redis->ask;

    if (!ask->busy) {
        ask->busy = 1;
        ask->again = 0;
        ask->started = ngx_gw_redis_now_ms();
        ask->tries = ngx_gw_redis_cluster_seeds(redis);

    } else if (ask->call) {
        /* what it says may yet come, and is then of no more use */
        ask->call = NULL;
        ask->next++;
    }

    ngx_gw_redis_ask_next(redis);
}


static void
ngx_gw_redis_ask_next(ngx_gw_redis_t *redis)
{
    ngx_gw_redis_ask_t   *ask;
    ngx_gw_redis_node_t  *node;

    ask = &redis->ask;

    while (ask->tries) {
        ask->tries--;

        node = ngx_gw_redis_cluster_seed(redis, ask->next);

        if (ngx_gw_redis_ask_node(redis, node) == NGX_OK) {
            return;
        }

        ask->next++;
    }

    ngx_gw_redis_ask_failed(redis);
}


static ngx_int_t
ngx_gw_redis_ask_node(ngx_gw_redis_t *redis, ngx_gw_redis_node_t *node)
{
    ngx_uint_t            trial;
    ngx_gw_redis_ask_t   *ask;
    ngx_gw_redis_call_t  *call;
    ngx_gw_redis_conn_t  *conn;

    ask = &redis->ask;
    trial = 0;

    conn = ngx_gw_redis_node_conn(node, 0, ngx_gw_redis_now_ms(),
                                  &trial);

    if (conn == NULL) {
        return NGX_DECLINED;
    }

    if (trial) {
        /* it is for a call to find out */
        ngx_gw_redis_guard_release(&node->guard);
    }

    call = redis->map
           ? ngx_gw_redis_cluster_command(redis, ngx_gw_redis_ask_answered)
           : ngx_gw_redis_sentinel_command(redis, ngx_gw_redis_ask_answered);

    if (call == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_gw_redis_conn_add(conn, call) != NGX_OK) {
        ngx_gw_redis_free(call);
        return NGX_DECLINED;
    }

    ask->call = call;

    if (ask->timer.timer_set) {
        ngx_del_timer(&ask->timer);
    }

    ngx_add_timer(&ask->timer, redis->conf->connect_timeout
                               + redis->conf->timeout);

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &redis->log, 0,
                   "gw redis \"%V\": asking %V", &redis->conf->name,
                   &node->name);

    return NGX_OK;
}


static void
ngx_gw_redis_ask_answered(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply)
{
    ngx_int_t             rc;
    ngx_uint_t            current;
    ngx_gw_redis_t       *redis;
    ngx_gw_redis_ask_t   *ask;
    ngx_gw_redis_node_t  *node;

    redis = call->redis;
    ask = &redis->ask;
    node = call->conn->node;
    current = (ask->call == call);

    ngx_gw_redis_free(call);

    if (!current) {
        return;
    }

    ask->call = NULL;

    if (redis->exiting) {
        return;
    }

    rc = NGX_DECLINED;

    if (reply) {
        node->backoff = 0;

        if (node->sentinel) {
            /* nothing but this is asked of it */
            ngx_gw_redis_guard_answered(redis, &node->guard, 1);
        }

        rc = redis->map ? ngx_gw_redis_cluster_reply(redis, node, reply)
                        : ngx_gw_redis_sentinel_reply(redis, node, reply);
    }

    if (rc == NGX_OK) {
        ngx_gw_redis_guard_answered(redis, &ask->guard, ask->trial);
        ngx_gw_redis_ask_end(redis);
        return;
    }

    ask->next++;

    if (reply) {
        ngx_gw_redis_ask_next(redis);
        return;
    }

    /* its connection is being closed: not from there */

    if (ask->timer.timer_set) {
        ngx_del_timer(&ask->timer);
    }

    ngx_post_event(&ask->timer, &ngx_posted_events);
}


static void
ngx_gw_redis_ask_failed(ngx_gw_redis_t *redis)
{
    ngx_str_t            text;
    ngx_uint_t           known;
    ngx_gw_redis_ask_t  *ask;

    ask = &redis->ask;
    known = ngx_gw_redis_ask_known(redis);

    if (redis->map) {
        ngx_str_set(&text, "no server told the slot map");

    } else {
        ngx_str_set(&text, "none told the address of the master");
    }

    /* what was known goes on to be used */

    if (known && !ask->trial) {
        ngx_log_error(NGX_LOG_INFO, &redis->log, 0,
                      "gw_redis \"%V\": %V", &redis->conf->name, &text);

    } else {
        ngx_gw_redis_guard_failed(redis, &ask->guard, ask->trial, 1, &text);
    }

    ngx_gw_redis_ask_end(redis);
}


static void
ngx_gw_redis_ask_end(ngx_gw_redis_t *redis)
{
    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_gw_redis_ask_t   *ask;
    ngx_gw_redis_call_t  *call;
    ngx_gw_redis_node_t  *node;

    ask = &redis->ask;

    ask->busy = 0;
    ask->trial = 0;

    if (ask->timer.timer_set) {
        ngx_del_timer(&ask->timer);
    }

    if (ask->again) {
        ask->again = 0;
        ngx_gw_redis_ask(redis);
    }

    /* those that come while these end wait for the next answer */

    n = ask->ncalls;

    while (n-- && !ngx_queue_empty(&ask->calls)) {
        q = ngx_queue_head(&ask->calls);
        ngx_queue_remove(q);
        ask->ncalls--;

        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);
        node = redis->map ? redis->map[call->slot] : redis->master;

        if (node) {
            ngx_gw_redis_resend(call, node);

        } else {
            ngx_gw_redis_end(call, NULL);
        }
    }
}


static ngx_uint_t
ngx_gw_redis_ask_known(ngx_gw_redis_t *redis)
{
    return redis->map ? redis->mapped : (redis->master != NULL);
}
