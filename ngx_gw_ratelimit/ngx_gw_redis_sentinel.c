
/*
 * Sentinel: which server is the master now.
 */


#include "ngx_gw_redis_internal.h"


ngx_gw_redis_call_t *
ngx_gw_redis_sentinel_command(ngx_gw_redis_t *redis, ngx_gw_redis_done_pt done)
{
    ngx_str_t  argv[3];

    ngx_str_set(&argv[0], "SENTINEL");
    ngx_str_set(&argv[1], "GET-MASTER-ADDR-BY-NAME");
    argv[2] = redis->conf->master;

    return ngx_gw_redis_command(redis, done, 3, argv);
}


ngx_int_t
ngx_gw_redis_sentinel_reply(ngx_gw_redis_t *redis, ngx_gw_redis_node_t *asked,
    ngx_gw_redis_reply_t *reply)
{
    ngx_int_t             port;
    ngx_str_t             none, *host, *text;
    ngx_gw_redis_node_t  *node;

    if (reply->type != NGX_GW_REDIS_ARRAY || reply->nelts < 2
        || reply->elts[0]->type != NGX_GW_REDIS_STRING
        || reply->elts[1]->type != NGX_GW_REDIS_STRING)
    {
        goto refused;
    }

    host = &reply->elts[0]->str;
    text = &reply->elts[1]->str;
    port = ngx_atoi(text->data, text->len);

    if (port < 1 || port > 65535) {
        goto refused;
    }

    ngx_str_null(&none);
    node = ngx_gw_redis_node_find(redis, host, port, &none);

    if (node == NULL) {
        goto refused;
    }

    if (node == redis->master) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_NOTICE, &redis->log, 0,
                  "gw_redis \"%V\": the master \"%V\" is %V",
                  &redis->conf->name, &redis->conf->master, &node->name);

    /* calls under way at the former one end there, and its connections then */

    if (redis->master) {
        redis->master->used = 0;
    }

    node->used = 1;
    redis->master = node;

    ngx_post_event(&redis->sweep, &ngx_posted_events);

    return NGX_OK;

refused:

    ngx_log_error(NGX_LOG_INFO, &redis->log, 0,
                  "gw_redis \"%V\": sentinel %V told no address of \"%V\"",
                  &redis->conf->name, &asked->name, &redis->conf->master);

    return NGX_DECLINED;
}
