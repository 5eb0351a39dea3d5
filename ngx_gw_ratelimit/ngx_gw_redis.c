
/*
 * Calls: made, sent, answered or given up.
 */


#include "ngx_gw_redis_internal.h"

#include <openssl/sha.h>


/* calls that are kept for reuse */
#define NGX_GW_REDIS_KEPT_CALLS  1024

/* milliseconds between heartbeats of a gateway, and from the first to the
   second */
#define NGX_GW_REDIS_BEAT        2000
#define NGX_GW_REDIS_FIRST_BEAT  1000


static void ngx_gw_redis_log(ngx_log_t *log, ngx_uint_t level, u_char *buf,
    size_t len);
static ngx_gw_redis_call_t *ngx_gw_redis_make(ngx_gw_redis_t *redis,
    ngx_gw_redis_script_t *script, ngx_str_t *key, ngx_str_t *args,
    ngx_uint_t nargs, ngx_gw_redis_handler_pt handler, void *data,
    ngx_uint_t background);
static ngx_gw_redis_call_t *ngx_gw_redis_script_call(ngx_gw_redis_t *redis,
    ngx_gw_redis_script_t *script, ngx_str_t *key, ngx_str_t *args,
    ngx_uint_t nargs);
static ngx_gw_redis_call_t *ngx_gw_redis_alloc(ngx_gw_redis_t *redis,
    ngx_uint_t argc, size_t size);
static void ngx_gw_redis_answered(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);
static void ngx_gw_redis_refused(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply);
static void ngx_gw_redis_wait(ngx_gw_redis_call_t *call, uint64_t now);
static void ngx_gw_redis_unwait(ngx_gw_redis_call_t *call);
static void ngx_gw_redis_timer_handler(ngx_event_t *ev);
static void ngx_gw_redis_expire(ngx_gw_redis_call_t *call);
static void ngx_gw_redis_sweep_handler(ngx_event_t *ev);
static void ngx_gw_redis_beat(ngx_gw_redis_t *redis, uint64_t now);
static void ngx_gw_redis_send_beat(ngx_gw_redis_t *redis);
static void ngx_gw_redis_second_beat(ngx_event_t *ev);
static void ngx_gw_redis_beat_handler(void *data, ngx_gw_redis_reply_t *reply);


static ngx_gw_redis_script_t  ngx_gw_redis_beat_script = {
    ngx_string(
        "local time = redis.call('TIME')\n"
        "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
        "redis.call('ZADD', KEYS[1], now, ARGV[1])\n"
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 10000)\n"
        "redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 10000, '+inf')\n"
        "redis.call('PEXPIRE', KEYS[1], 20000)\n"
        "return redis.call('ZCARD', KEYS[1])\n"),
    { 0 }
};


uint64_t
ngx_gw_redis_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


void
ngx_gw_redis_script_init(ngx_gw_redis_script_t *script)
{
    u_char  hash[SHA_DIGEST_LENGTH];

    (void) SHA1(script->text.data, script->text.len, hash);
    (void) ngx_hex_dump(script->sha1, hash, SHA_DIGEST_LENGTH);
}


ngx_int_t
ngx_gw_redis_init(ngx_gw_redis_conf_t *conf, ngx_cycle_t *cycle)
{
    ngx_uint_t                i;
    ngx_gw_redis_t           *redis;
    ngx_slab_pool_t          *shpool;
    ngx_gw_redis_server_t    *server;

    redis = ngx_pcalloc(cycle->pool, sizeof(ngx_gw_redis_t));
    if (redis == NULL) {
        return NGX_ERROR;
    }

    shpool = (ngx_slab_pool_t *) conf->shm_zone->shm.addr;

    redis->conf = conf;
    redis->shared = shpool->data;
    redis->cycle = cycle;
    redis->log = *cycle->log;

    redis->conn_log = *cycle->log;
    redis->conn_log.next = NULL;
    redis->conn_log.writer = ngx_gw_redis_log;
    redis->conn_log.wdata = redis;

    ngx_queue_init(&redis->nodes);
    ngx_queue_init(&redis->waiting);
    ngx_queue_init(&redis->free);

    redis->timer.data = redis;
    redis->timer.handler = ngx_gw_redis_timer_handler;
    redis->timer.log = &redis->log;
    redis->timer.cancelable = 1;

    redis->sweep.data = redis;
    redis->sweep.handler = ngx_gw_redis_sweep_handler;
    redis->sweep.log = &redis->log;

    redis->beat.data = redis;
    redis->beat.handler = ngx_gw_redis_second_beat;
    redis->beat.log = &redis->log;
    redis->beat.cancelable = 1;

    ngx_str_set(&redis->gateways, "gateways");

    ngx_gw_redis_script_init(&ngx_gw_redis_beat_script);

    server = conf->servers.elts;

    redis->seeds = ngx_pcalloc(cycle->pool, conf->servers.nelts
                                            * sizeof(ngx_gw_redis_node_t *));
    if (redis->seeds == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < conf->servers.nelts; i++) {
        redis->seeds[i] = ngx_gw_redis_node_get(redis,
                                     server[i].addr.sockaddr,
                                     server[i].addr.socklen, &server[i].host,
                                     conf->master.len != 0);
        if (redis->seeds[i] == NULL) {
            return NGX_ERROR;
        }

        redis->seeds[i]->seed = 1;
    }

    conf->redis = redis;

    if (conf->cluster || conf->master.len) {
        return ngx_gw_redis_ask_init(redis);
    }

    redis->master = redis->seeds[0];
    redis->master->used = 1;

    return NGX_OK;
}


/*
 * To nginx the failure of a connection is an error.  Here it is one of many,
 * until the breaker says otherwise.
 */

static void
ngx_gw_redis_log(ngx_log_t *log, ngx_uint_t level, u_char *buf, size_t len)
{
    u_char          *p, *last;
    ngx_gw_redis_t  *redis;

    redis = log->wdata;
    last = buf + len;

    while (last > buf && (last[-1] == LF || last[-1] == CR)) {
        last--;
    }

    /* behind time, level and process, which are written again */

    for (p = buf; p < last && *p != '#'; p++) { /* void */ }
    for ( /* void */ ; p < last && *p != ' '; p++) { /* void */ }

    if (p == last) {
        return;
    }

    p++;

    if (level == NGX_LOG_CRIT || level == NGX_LOG_ERR) {
        level = NGX_LOG_INFO;
    }

    if (level == NGX_LOG_DEBUG) {
        ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &redis->log, 0, "%*s",
                       (size_t) (last - p), p);
        return;
    }

    ngx_log_error(level, &redis->log, 0, "gw_redis \"%V\": %*s",
                  &redis->conf->name, (size_t) (last - p), p);
}


void
ngx_gw_redis_done(ngx_gw_redis_conf_t *conf)
{
    ngx_uint_t            i;
    ngx_queue_t          *q;
    ngx_gw_redis_t       *redis;
    ngx_gw_redis_call_t  *call;
    ngx_gw_redis_node_t  *node;

    redis = conf->redis;

    if (redis == NULL) {
        return;
    }

    conf->redis = NULL;
    redis->exiting = 1;

    for (q = ngx_queue_head(&redis->waiting);
         q != ngx_queue_sentinel(&redis->waiting);
         q = ngx_queue_next(q))
    {
        call = ngx_queue_data(q, ngx_gw_redis_call_t, waiting);
        call->handler = NULL;
    }

    if (conf->cluster || conf->master.len) {
        ngx_gw_redis_ask_done(redis);
    }

    while (!ngx_queue_empty(&redis->nodes)) {
        q = ngx_queue_head(&redis->nodes);
        node = ngx_queue_data(q, ngx_gw_redis_node_t, queue);

        for (i = 0; i < node->nconns; i++) {
            if (node->conns[i].state != NGX_GW_REDIS_CLOSED) {
                ngx_gw_redis_conn_done(&node->conns[i]);
            }
        }

        ngx_gw_redis_node_destroy(node);
    }

    if (redis->timer.timer_set) {
        ngx_del_timer(&redis->timer);
    }

    if (redis->beat.timer_set) {
        ngx_del_timer(&redis->beat);
    }

    if (redis->sweep.posted) {
        ngx_delete_posted_event(&redis->sweep);
    }

    while (!ngx_queue_empty(&redis->free)) {
        q = ngx_queue_head(&redis->free);
        ngx_queue_remove(q);

        ngx_free(ngx_queue_data(q, ngx_gw_redis_call_t, queue));
    }
}


ngx_gw_redis_call_t *
ngx_gw_redis_call(ngx_gw_redis_t *redis, ngx_gw_redis_script_t *script,
    ngx_str_t *key, ngx_str_t *args, ngx_uint_t nargs,
    ngx_gw_redis_handler_pt handler, void *data)
{
    return ngx_gw_redis_make(redis, script, key, args, nargs, handler, data,
                             0);
}


static ngx_gw_redis_call_t *
ngx_gw_redis_make(ngx_gw_redis_t *redis, ngx_gw_redis_script_t *script,
    ngx_str_t *key, ngx_str_t *args, ngx_uint_t nargs,
    ngx_gw_redis_handler_pt handler, void *data, ngx_uint_t background)
{
    uint64_t              now;
    ngx_uint_t            slot, trial;
    ngx_gw_redis_call_t  *call;
    ngx_gw_redis_conn_t  *conn;
    ngx_gw_redis_node_t  *node;

    if (redis == NULL || nargs > NGX_GW_REDIS_MAX_ARGS) {
        return NULL;
    }

    now = ngx_gw_redis_now();
    conn = NULL;
    slot = 0;
    trial = 0;

    node = redis->master;

    if (redis->map || redis->conf->connections > 1) {
        slot = ngx_gw_redis_key_slot(&redis->conf->prefix, key);
    }

    if (redis->map) {
        node = redis->map[slot];

        if (node == NULL && redis->mapped) {
            ngx_gw_redis_ask(redis);
            return NULL;
        }
    }

    if (node) {
        conn = ngx_gw_redis_node_conn(node, slot, now / 1000, &trial);

        if (conn == NULL) {
            ngx_gw_redis_ask(redis);
            return NULL;
        }
    }

    call = ngx_gw_redis_script_call(redis, script, key, args, nargs);

    if (call) {
        call->handler = handler;
        call->data = data;
        call->start = now;
        call->slot = (uint16_t) slot;
        call->trial = trial;
        call->background = background;
    }

    if (call == NULL
        || (conn ? ngx_gw_redis_conn_add(conn, call)
                 : ngx_gw_redis_ask_wait(redis, call, now / 1000))
           != NGX_OK)
    {
        if (call) {
            ngx_gw_redis_free(call);
        }

        if (trial) {
            ngx_gw_redis_guard_release(&node->guard);
        }

        return NULL;
    }

    ngx_gw_redis_wait(call, now);

    if (!background) {
        ngx_gw_redis_beat(redis, now / 1000);
    }

    if (redis->conf->master.len
        && now / 1000 - redis->ask.started >= NGX_GW_REDIS_ASK_AGAIN)
    {
        ngx_gw_redis_ask(redis);
    }

    return call;
}


static ngx_gw_redis_call_t *
ngx_gw_redis_script_call(ngx_gw_redis_t *redis, ngx_gw_redis_script_t *script,
    ngx_str_t *key, ngx_str_t *args, ngx_uint_t nargs)
{
    u_char               *p;
    size_t                size;
    ngx_str_t            *prefix;
    ngx_uint_t            i;
    ngx_gw_redis_call_t  *call;

    prefix = &redis->conf->prefix;
    size = prefix->len + key->len;

    for (i = 0; i < nargs; i++) {
        size += args[i].len;
    }

    call = ngx_gw_redis_alloc(redis, nargs + 4, size);
    if (call == NULL) {
        return NULL;
    }

    call->script = script;
    call->done = ngx_gw_redis_answered;

    call->argv[2] = "1";
    call->argvlen[2] = 1;

    p = (u_char *) &call->argvlen[call->argc];

    call->argv[3] = (char *) p;
    call->argvlen[3] = prefix->len + key->len;
    p = ngx_cpymem(p, prefix->data, prefix->len);
    p = ngx_cpymem(p, key->data, key->len);

    for (i = 0; i < nargs; i++) {
        call->argv[4 + i] = (char *) p;
        call->argvlen[4 + i] = args[i].len;
        p = ngx_cpymem(p, args[i].data, args[i].len);
    }

    return call;
}


ngx_gw_redis_call_t *
ngx_gw_redis_command(ngx_gw_redis_t *redis, ngx_gw_redis_done_pt done,
    ngx_uint_t argc, ngx_str_t *argv)
{
    u_char               *p;
    size_t                size;
    ngx_uint_t            i;
    ngx_gw_redis_call_t  *call;

    size = 0;

    for (i = 0; i < argc; i++) {
        size += argv[i].len;
    }

    call = ngx_gw_redis_alloc(redis, argc, size);
    if (call == NULL) {
        return NULL;
    }

    call->done = done;
    call->start = ngx_gw_redis_now();
    p = (u_char *) &call->argvlen[argc];

    for (i = 0; i < argc; i++) {
        call->argv[i] = (char *) p;
        call->argvlen[i] = argv[i].len;
        p = ngx_cpymem(p, argv[i].data, argv[i].len);
    }

    return call;
}


/* with room for argc words of size bytes in all, behind their lengths */

static ngx_gw_redis_call_t *
ngx_gw_redis_alloc(ngx_gw_redis_t *redis, ngx_uint_t argc, size_t size)
{
    ngx_uint_t            large;
    ngx_queue_t          *q;
    ngx_gw_redis_call_t  *call;

    size += argc * (sizeof(char *) + sizeof(size_t));
    large = (size > sizeof(call->space));

    if (!large && !ngx_queue_empty(&redis->free)) {
        q = ngx_queue_head(&redis->free);
        ngx_queue_remove(q);
        redis->nfree--;

        call = ngx_queue_data(q, ngx_gw_redis_call_t, queue);

    } else {
        call = ngx_alloc(offsetof(ngx_gw_redis_call_t, space)
                         + ngx_max(size, sizeof(call->space)), &redis->log);
        if (call == NULL) {
            return NULL;
        }
    }

    ngx_memzero(call, offsetof(ngx_gw_redis_call_t, space));

    call->redis = redis;
    call->large = large;
    call->argc = argc;
    call->argv = (const char **) call->space;
    call->argvlen = (size_t *) (call->argv + argc);

    return call;
}


void
ngx_gw_redis_free(ngx_gw_redis_call_t *call)
{
    ngx_gw_redis_t  *redis;

    redis = call->redis;

    if (call->large || redis->nfree >= NGX_GW_REDIS_KEPT_CALLS) {
        ngx_free(call);
        return;
    }

    ngx_queue_insert_head(&redis->free, &call->queue);
    redis->nfree++;
}


void
ngx_gw_redis_forget(ngx_gw_redis_call_t *call)
{
    call->handler = NULL;
    call->forgotten = 1;

    if (call->awaited) {
        call->awaited = 0;

        if (--call->redis->awaited == 0) {
            call->redis->timer.cancelable = 1;
        }
    }
}


/* a script's reply, or NULL */

static void
ngx_gw_redis_answered(ngx_gw_redis_call_t *call, ngx_gw_redis_reply_t *reply)
{
    ngx_gw_redis_t        *redis;
    ngx_gw_redis_conn_t   *conn;
    ngx_gw_redis_node_t   *node;

    if (call->expired) {
        ngx_gw_redis_free(call);
        return;
    }

    redis = call->redis;
    conn = call->conn;

    if (reply == NULL) {

        if (call->trial) {
            ngx_gw_redis_guard_failed(redis, &conn->node->guard, 1, 0, NULL);
        }

        ngx_gw_redis_end(call, NULL);
        return;
    }

    if (reply->type == NGX_GW_REDIS_FAULT) {
        ngx_gw_redis_refused(call, reply);
        return;
    }

    node = conn->node;
    node->backoff = 0;

    ngx_gw_redis_guard_answered(redis, &node->guard, call->trial);

    ngx_gw_redis_end(call, reply);
}


static void
ngx_gw_redis_refused(ngx_gw_redis_call_t *call, ngx_gw_redis_reply_t *reply)
{
    u_char                buf[160];
    ngx_str_t             text, fault;
    ngx_gw_redis_t       *redis;
    ngx_gw_redis_conn_t  *conn;
    ngx_gw_redis_node_t  *node;

    redis = call->redis;
    conn = call->conn;
    node = conn->node;

    /* what has not been done is not wanted any more */

    if (call->forgotten
        && (ngx_gw_redis_fault_is(reply, "NOSCRIPT")
            || ngx_gw_redis_fault_is(reply, "MOVED")
            || ngx_gw_redis_fault_is(reply, "ASK")))
    {
        if (call->trial) {
            ngx_gw_redis_guard_answered(redis, &node->guard, 1);
        }

        ngx_gw_redis_end(call, NULL);
        return;
    }

    if (!call->eval && ngx_gw_redis_fault_is(reply, "NOSCRIPT")) {
        call->eval = 1;

        if (ngx_gw_redis_conn_add(conn, call) == NGX_OK) {
            return;
        }
    }

    if (redis->map
        && ngx_gw_redis_cluster_redirect(call, reply) == NGX_OK)
    {
        return;
    }

    fault = ngx_gw_redis_fault_text(reply);
    text.data = buf;
    text.len = ngx_snprintf(buf, sizeof(buf), "refused the call: \"%V\"",
                            &fault)
               - buf;

    ngx_gw_redis_guard_failed(redis, &node->guard, call->trial, 0, &text);

    if (ngx_gw_redis_fault_is(reply, "NOAUTH")) {
        /* it knows no longer who we are */
        conn->broken = "forgot the password";
    }

    if (ngx_gw_redis_fault_is(reply, "READONLY")
        || ngx_gw_redis_fault_is(reply, "CLUSTERDOWN")
        || ngx_gw_redis_fault_is(reply, "MASTERDOWN"))
    {
        ngx_gw_redis_ask(redis);
    }

    ngx_gw_redis_end(call, NULL);
}


void
ngx_gw_redis_resend(ngx_gw_redis_call_t *call, ngx_gw_redis_node_t *node)
{
    ngx_uint_t            trial;
    ngx_gw_redis_conn_t  *conn;

    trial = 0;
    call->trial = 0;

    conn = ngx_gw_redis_node_conn(node, call->slot, ngx_gw_redis_now_ms(),
                                  &trial);

    if (conn) {
        call->trial = trial;

        if (ngx_gw_redis_conn_add(conn, call) == NGX_OK) {
            return;
        }

        if (trial) {
            ngx_gw_redis_guard_release(&node->guard);
        }
    }

    ngx_gw_redis_end(call, NULL);
}


void
ngx_gw_redis_end(ngx_gw_redis_call_t *call, ngx_gw_redis_reply_t *reply)
{
    void                     *data;
    ngx_gw_redis_handler_pt   handler;

    if (call->queued) {
        ngx_gw_redis_unwait(call);
    }

    handler = call->handler;
    data = call->data;

    ngx_gw_redis_free(call);

    if (handler) {
        handler(data, reply);
    }
}


/*
 * All calls have the same time, so the first that was made is the first that
 * ends.  The worker does not exit while somebody waits.
 */

static void
ngx_gw_redis_wait(ngx_gw_redis_call_t *call, uint64_t now)
{
    ngx_gw_redis_t  *redis;

    redis = call->redis;

    call->queued = 1;
    ngx_queue_insert_tail(&redis->waiting, &call->waiting);

    if (call->handler && !call->background) {
        call->awaited = 1;
        redis->awaited++;
        redis->timer.cancelable = 0;
    }

    if (!redis->timer.timer_set) {
        ngx_add_timer(&redis->timer, redis->conf->timeout);
    }
}


static void
ngx_gw_redis_unwait(ngx_gw_redis_call_t *call)
{
    call->queued = 0;
    ngx_queue_remove(&call->waiting);

    if (call->awaited) {
        call->awaited = 0;

        if (--call->redis->awaited == 0) {
            call->redis->timer.cancelable = 1;
        }
    }
}


/*
 * nginx's cached time may lag behind: neither is a call given up early, nor
 * does one wait for longer because of it.
 */

static void
ngx_gw_redis_timer_handler(ngx_event_t *ev)
{
    uint64_t              now, timeout, waited;
    ngx_queue_t          *q;
    ngx_gw_redis_t       *redis;
    ngx_gw_redis_call_t  *call;

    redis = ev->data;
    timeout = (uint64_t) redis->conf->timeout * 1000;
    now = ngx_gw_redis_now();

    while (!ngx_queue_empty(&redis->waiting)) {
        q = ngx_queue_head(&redis->waiting);
        call = ngx_queue_data(q, ngx_gw_redis_call_t, waiting);

        waited = now - call->start;

        if (waited >= timeout) {
            ngx_gw_redis_expire(call);
            continue;
        }

        /* a handler may have made a call, and set it for that */

        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

        ngx_add_timer(ev, (ngx_msec_t) ((timeout - waited + 999) / 1000));

        return;
    }
}


static void
ngx_gw_redis_expire(ngx_gw_redis_call_t *call)
{
    void                     *data;
    ngx_str_t                 text;
    ngx_gw_redis_t           *redis;
    ngx_gw_redis_conn_t      *conn;
    ngx_gw_redis_handler_pt   handler;

    redis = call->redis;
    conn = call->conn;

    ngx_str_set(&text, "did not answer in time");

    if (conn == NULL) {
        ngx_queue_remove(&call->queue);
        redis->ask.ncalls--;

        ngx_gw_redis_guard_failed(redis, &redis->ask.guard, 0, 0, &text);
        ngx_gw_redis_end(call, NULL);
        return;
    }

    ngx_gw_redis_guard_failed(redis, &conn->node->guard, call->trial, 0,
                              &text);
    ngx_gw_redis_ask(redis);

    if (conn->state != NGX_GW_REDIS_READY) {
        ngx_queue_remove(&call->queue);
        conn->ncalls--;

        ngx_gw_redis_end(call, NULL);
        return;
    }

    /* its reply may still come, and is then dropped */

    ngx_gw_redis_unwait(call);

    handler = call->handler;
    data = call->data;

    call->expired = 1;
    call->handler = NULL;

    if (handler) {
        handler(data, NULL);
    }

    ngx_gw_redis_conn_late(conn);
}


static void
ngx_gw_redis_sweep_handler(ngx_event_t *ev)
{
    ngx_gw_redis_node_sweep(ev->data);
}


ngx_uint_t
ngx_gw_redis_gateways(ngx_gw_redis_t *redis)
{
    ngx_atomic_uint_t  n;

    n = redis->shared->gateways;

    return n ? n : 1;
}


void
ngx_gw_redis_id(ngx_gw_redis_t *redis, u_char id[16])
{
    ngx_memcpy(id, redis->shared->id, 16);
}


/* one worker says that this gateway lives, and hears how many others do */

static void
ngx_gw_redis_beat(ngx_gw_redis_t *redis, uint64_t now)
{
    ngx_atomic_uint_t  beat;

    beat = redis->shared->beat;

    if ((ngx_atomic_int_t) (beat - (ngx_atomic_uint_t) now) > 0
        || !ngx_atomic_cmp_set(&redis->shared->beat, beat,
                               (ngx_atomic_uint_t) now + NGX_GW_REDIS_BEAT))
    {
        return;
    }

    ngx_gw_redis_send_beat(redis);
}


static void
ngx_gw_redis_send_beat(ngx_gw_redis_t *redis)
{
    ngx_str_t  id;

    id.data = redis->shared->id;
    id.len = sizeof(redis->shared->id);

    (void) ngx_gw_redis_make(redis, &ngx_gw_redis_beat_script,
                             &redis->gateways, &id, 1,
                             ngx_gw_redis_beat_handler, redis, 1);
}


static void
ngx_gw_redis_beat_handler(void *data, ngx_gw_redis_reply_t *reply)
{
    ngx_gw_redis_t *redis = data;

    if (reply == NULL || reply->type != NGX_GW_REDIS_INTEGER
        || reply->integer <= 0 || reply->integer >= NGX_MAX_INT32_VALUE)
    {
        return;
    }

    redis->shared->gateways = (ngx_atomic_uint_t) reply->integer;

    /* others may have been started with this one, and not have called yet */

    if (redis->shared->heard == 0
        && ngx_atomic_cmp_set(&redis->shared->heard, 0, 1))
    {
        ngx_add_timer(&redis->beat, NGX_GW_REDIS_FIRST_BEAT);
    }
}


static void
ngx_gw_redis_second_beat(ngx_event_t *ev)
{
    ngx_gw_redis_send_beat(ev->data);
}
