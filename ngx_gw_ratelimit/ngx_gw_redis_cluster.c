
/*
 * A Cluster: its slot map, and redirections.
 */


#include "ngx_gw_redis_internal.h"


static ngx_gw_redis_node_t *ngx_gw_redis_cluster_node(ngx_gw_redis_t *redis,
    ngx_gw_redis_node_t *asked, ngx_gw_redis_range_t *range);


/* the servers of the configuration, behind them the nodes of the map */

ngx_uint_t
ngx_gw_redis_cluster_seeds(ngx_gw_redis_t *redis)
{
    ngx_uint_t            n;
    ngx_queue_t          *q;
    ngx_gw_redis_node_t  *node;

    n = redis->conf->servers.nelts;

    if (redis->map == NULL) {
        return n;
    }

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_gw_redis_node_t, queue);
        n += (node->used && !node->seed);
    }

    return n;
}


ngx_gw_redis_node_t *
ngx_gw_redis_cluster_seed(ngx_gw_redis_t *redis, ngx_uint_t n)
{
    ngx_queue_t          *q;
    ngx_gw_redis_node_t  *node;

    n %= ngx_gw_redis_cluster_seeds(redis);

    if (n < redis->conf->servers.nelts) {
        return redis->seeds[n];
    }

    n -= redis->conf->servers.nelts;

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_gw_redis_node_t, queue);

        if (node->used && !node->seed && n-- == 0) {
            return node;
        }
    }

    return redis->seeds[0];
}


ngx_gw_redis_call_t *
ngx_gw_redis_cluster_command(ngx_gw_redis_t *redis, ngx_gw_redis_done_pt done)
{
    ngx_str_t             argv[2];
    ngx_gw_redis_call_t  *call;

    ngx_str_set(&argv[0], "CLUSTER");
    ngx_str_set(&argv[1], "SLOTS");

    call = ngx_gw_redis_command(redis, done, 2, argv);

    if (call) {
        call->map = 1;
    }

    return call;
}


/* all of the answer is looked at before any of it is put to use */

ngx_int_t
ngx_gw_redis_cluster_reply(ngx_gw_redis_t *redis, ngx_gw_redis_node_t *asked,
    ngx_gw_redis_reply_t *reply)
{
    ngx_uint_t             i, n;
    ngx_queue_t           *q;
    ngx_gw_redis_node_t   *node;
    ngx_gw_redis_range_t   range;

    if (reply->type != NGX_GW_REDIS_ARRAY || reply->nelts == 0) {
        goto refused;
    }

    for (i = 0; i < reply->nelts; i++) {
        if (ngx_gw_redis_slots_range(reply, i, &range) != NGX_OK) {
            goto refused;
        }
    }

    for (q = ngx_queue_head(&redis->nodes);
         q != ngx_queue_sentinel(&redis->nodes);
         q = ngx_queue_next(q))
    {
        node = ngx_queue_data(q, ngx_gw_redis_node_t, queue);
        node->used = 0;
    }

    ngx_memzero(redis->map, NGX_GW_REDIS_SLOTS
                            * sizeof(ngx_gw_redis_node_t *));

    for (i = 0; i < reply->nelts; i++) {
        (void) ngx_gw_redis_slots_range(reply, i, &range);

        node = ngx_gw_redis_cluster_node(redis, asked, &range);

        if (node == NULL) {
            continue;
        }

        node->used = 1;

        for (n = range.first; n <= range.last; n++) {
            redis->map[n] = node;
        }
    }

    redis->mapped = 1;

    /* not now: the node that has answered may be one of them */

    ngx_post_event(&redis->sweep, &ngx_posted_events);

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, &redis->log, 0,
                   "gw redis \"%V\": a slot map of %ui ranges",
                   &redis->conf->name, reply->nelts);

    return NGX_OK;

refused:

    ngx_log_error(NGX_LOG_INFO, &redis->log, 0,
                  "gw_redis \"%V\": %V told no slot map",
                  &redis->conf->name, &asked->name);

    return NGX_DECLINED;
}


static ngx_gw_redis_node_t *
ngx_gw_redis_cluster_node(ngx_gw_redis_t *redis, ngx_gw_redis_node_t *asked,
    ngx_gw_redis_range_t *range)
{
    ngx_gw_redis_node_t  *node;

    if (range->endpoint.len == 0) {
        /* "where you have asked", by the port that is told */

        ngx_str_t       text;
        u_char          buf[NGX_SOCKADDR_STRLEN];

        if (asked->port == range->port
            || asked->sockaddr.sockaddr.sa_family == AF_UNIX)
        {
            return asked;
        }

        text.data = buf;
        text.len = ngx_sock_ntop(&asked->sockaddr.sockaddr, asked->socklen,
                                 buf, NGX_SOCKADDR_STRLEN, 0);

        return ngx_gw_redis_node_find(redis, &text, range->port,
                                      &asked->host);
    }

    if (range->ip.len) {
        /* the endpoint is a name, which TLS goes by */

        node = ngx_gw_redis_node_find(redis, &range->ip, range->port,
                                      &range->endpoint);
        if (node) {
            return node;
        }
    }

    return ngx_gw_redis_node_find(redis, &range->endpoint, range->port,
                                  &range->hostname);
}


ngx_int_t
ngx_gw_redis_cluster_redirect(ngx_gw_redis_call_t *call,
    ngx_gw_redis_reply_t *reply)
{
    ngx_uint_t             moved;
    ngx_gw_redis_t        *redis;
    ngx_gw_redis_node_t   *node, *from;
    ngx_gw_redis_range_t   range;

    redis = call->redis;
    from = call->conn->node;
    moved = ngx_gw_redis_fault_is(reply, "MOVED");

    if (!moved && !ngx_gw_redis_fault_is(reply, "ASK")) {
        return NGX_DECLINED;
    }

    if (ngx_gw_redis_redirection(&reply->str, &range) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* it has answered, if not what was asked */

    ngx_gw_redis_guard_answered(redis, &from->guard, call->trial);
    call->trial = 0;

    node = ngx_gw_redis_cluster_node(redis, from, &range);

    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, &redis->log, 0,
                   "gw redis \"%V\": slot %ui is at %V",
                   &redis->conf->name, range.first, &range.endpoint);

    if (moved) {
        ngx_gw_redis_ask(redis);
    }

    if (node == NULL || call->hops >= NGX_GW_REDIS_MAX_HOPS) {
        ngx_gw_redis_end(call, NULL);
        return NGX_OK;
    }

    /* at the latest the next map says whether it stays */

    node->used = 1;

    if (moved) {
        redis->map[range.first] = node;
    }

    call->hops++;
    call->eval = 0;
    call->asking = !moved;

    ngx_gw_redis_resend(call, node);

    return NGX_OK;
}
