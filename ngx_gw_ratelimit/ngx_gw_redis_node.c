
/*
 * Nodes: servers of a redis, each with its connections.
 */


#include "ngx_gw_redis_internal.h"


/*
 * Milliseconds: that another worker is answered need not mean that we are, so
 * it is not tried all the time because of that.
 */
#define NGX_GW_REDIS_ANSWERS  10


static ngx_gw_redis_node_t *ngx_gw_redis_node_create(ngx_gw_redis_t *redis,
    struct sockaddr *sockaddr, socklen_t socklen, ngx_str_t *host,
    ngx_uint_t sentinel);
static ngx_uint_t ngx_gw_redis_node_answers(ngx_gw_redis_node_t *node,
    uint64_t now);


ngx_gw_redis_node_t *
ngx_gw_redis_node_get(ngx_gw_redis_t *redis, struct sockaddr *sockaddr,
    socklen_t socklen, ngx_str_t *host, ngx_uint_t sentinel)
{
    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_gw_redis_node_t  *node;

    n = 0;

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_gw_redis_node_t, queue);

        if (node->sentinel == sentinel
            && ngx_cmp_sockaddr(&node->sockaddr.sockaddr, node->socklen,
                                sockaddr, socklen, 1)
               == NGX_OK)
        {
            return node;
        }

        n++;
    }

    if (n >= NGX_GW_REDIS_MAX_NODES) {
        return NULL;
    }

    return ngx_gw_redis_node_create(redis, sockaddr, socklen, host, sentinel);
}


ngx_gw_redis_node_t *
ngx_gw_redis_node_find(ngx_gw_redis_t *redis, ngx_str_t *text, ngx_uint_t port,
    ngx_str_t *host)
{
    u_char                buf[NGX_SOCKADDR_STRLEN + 1];
    ngx_addr_t            addr;
    ngx_int_t             rc;
    ngx_pool_t           *pool;
    ngx_queue_t          *q;
    ngx_gw_redis_node_t  *node;

    if (text->len == 0 || text->len >= sizeof(buf)) {
        return NULL;
    }

    pool = ngx_create_pool(512, &redis->log);
    if (pool == NULL) {
        return NULL;
    }

    rc = ngx_parse_addr(pool, &addr, text->data, text->len);

    if (rc == NGX_OK) {
        ngx_inet_set_port(addr.sockaddr, (in_port_t) port);

        node = ngx_gw_redis_node_get(redis, addr.sockaddr, addr.socklen,
                                     host->len ? host : text, 0);
        ngx_destroy_pool(pool);

        return node;
    }

    ngx_destroy_pool(pool);

    /* names are not resolved, but a map may have said what this one means */

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_gw_redis_node_t, queue);

        if (!node->sentinel && node->port == port
            && node->host.len == text->len
            && ngx_strncasecmp(node->host.data, text->data, text->len) == 0)
        {
            return node;
        }
    }

    return NULL;
}


static ngx_gw_redis_node_t *
ngx_gw_redis_node_create(ngx_gw_redis_t *redis, struct sockaddr *sockaddr,
    socklen_t socklen, ngx_str_t *host, ngx_uint_t sentinel)
{
    size_t                len;
    u_char               *p, text[NGX_SOCKADDR_STRLEN];
    ngx_uint_t            i, n;
    ngx_gw_redis_conn_t  *conn;
    ngx_gw_redis_node_t  *node;

    n = sentinel ? 1 : redis->conf->connections;
    len = ngx_sock_ntop(sockaddr, socklen, text, NGX_SOCKADDR_STRLEN, 1);

    node = ngx_calloc(sizeof(ngx_gw_redis_node_t)
                      + (n - 1) * sizeof(ngx_gw_redis_conn_t)
                      + len + host->len + 1, &redis->log);
    if (node == NULL) {
        return NULL;
    }

    node->redis = redis;
    node->sentinel = sentinel;
    node->nconns = n;

    ngx_memcpy(&node->sockaddr, sockaddr, socklen);
    node->socklen = socklen;
    node->port = ngx_inet_get_port(sockaddr);

    p = (u_char *) &node->conns[n];

    node->name.len = len;
    node->name.data = p;
    p = ngx_cpymem(p, text, len);

    node->host.len = host->len;
    node->host.data = p;
    p = ngx_cpymem(p, host->data, host->len);
    *p = '\0';

    node->guard.name = node->name;
    node->guard.quiet = sentinel;
    ngx_gw_redis_guard_init(redis, &node->guard);

    for (i = 0; i < n; i++) {
        conn = &node->conns[i];
        conn->node = node;
        ngx_queue_init(&conn->calls);
        ngx_queue_init(&conn->pending);
    }

    ngx_queue_insert_tail(&redis->nodes, &node->queue);

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &redis->log, 0,
                   "gw redis \"%V\": node %V", &redis->conf->name,
                   &node->name);

    return node;
}


/* calls of one key keep to one connection, and so to their order */

ngx_gw_redis_conn_t *
ngx_gw_redis_node_conn(ngx_gw_redis_node_t *node, ngx_uint_t slot,
    uint64_t now, ngx_uint_t *trial)
{
    ngx_int_t             rc;
    ngx_gw_redis_conn_t  *conn;

    rc = ngx_gw_redis_guard_allow(node->redis, &node->guard, now);

    if (rc == NGX_DECLINED) {
        return NULL;
    }

    *trial = (rc == NGX_AGAIN);

    if (now < node->retry && rc == NGX_OK
        && ngx_gw_redis_node_answers(node, now))
    {
        node->backoff = 0;
        node->retry = 0;
    }

    conn = &node->conns[slot % node->nconns];

    if (*trial && conn->state != NGX_GW_REDIS_CLOSED
        && ngx_gw_redis_conn_stuck(conn))
    {
        /* it may be the connection that does not answer, not the node */
        ngx_gw_redis_conn_close(conn);
    }

    if (conn->state == NGX_GW_REDIS_CLOSED
        && (*trial || now >= node->retry))
    {
        conn->trial = (*trial != 0);

        if (ngx_gw_redis_conn_open(conn) != NGX_OK && conn->trial) {
            /* it has ended with that */
            *trial = 0;
        }

        conn->trial = 0;
    }

    if (conn->state != NGX_GW_REDIS_CLOSED
        && conn->ncalls < NGX_GW_REDIS_MAX_CALLS)
    {
        return conn;
    }

    if (*trial) {
        ngx_gw_redis_guard_release(&node->guard);
    }

    return NULL;
}


/* another worker has found that it answers again, after we have failed */

static ngx_uint_t
ngx_gw_redis_node_answers(ngx_gw_redis_node_t *node, uint64_t now)
{
    if (node->guard.seen_open) {
        node->guard.seen_open = 0;
        return 1;
    }

    return node->guard.breaker->failures == 0
           && now >= node->failed + NGX_GW_REDIS_ANSWERS;
}


/* until the next attempt to connect: twice as long as after the last */

void
ngx_gw_redis_node_backoff(ngx_gw_redis_node_t *node)
{
    ngx_msec_t  time;

    time = node->backoff ? node->backoff * 2 : NGX_GW_REDIS_MIN_BACKOFF;
    time = ngx_min(time, NGX_GW_REDIS_MAX_BACKOFF);

    node->backoff = time;
    node->failed = ngx_gw_redis_now_ms();
    node->retry = node->failed + time / 2
                  + (ngx_msec_t) ngx_random() % (time / 2 + 1);
}


void
ngx_gw_redis_node_sweep(ngx_gw_redis_t *redis)
{
    ngx_uint_t            i, busy;
    ngx_queue_t          *q;
    ngx_gw_redis_conn_t  *conn;
    ngx_gw_redis_node_t  *node;

    q = ngx_queue_head(&redis->nodes);

    while (q != ngx_queue_sentinel(&redis->nodes)) {
        node = ngx_queue_data(q, ngx_gw_redis_node_t, queue);
        q = ngx_queue_next(q);

        if (node->used || node->sentinel) {
            continue;
        }

        busy = 0;

        for (i = 0; i < node->nconns; i++) {
            conn = &node->conns[i];

            if (conn->ncalls) {
                busy = 1;

            } else if (conn->state != NGX_GW_REDIS_CLOSED) {
                ngx_gw_redis_conn_close(conn);
            }
        }

        if (!busy && !node->seed) {
            ngx_gw_redis_node_destroy(node);
        }
    }
}


void
ngx_gw_redis_node_destroy(ngx_gw_redis_node_t *node)
{
    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &node->redis->log, 0,
                   "gw redis \"%V\": node %V is gone",
                   &node->redis->conf->name, &node->name);

#if (NGX_SSL)
    if (node->session) {
        ngx_ssl_free_session(node->session);
    }
#endif

    ngx_queue_remove(&node->queue);
    ngx_free(node);
}
