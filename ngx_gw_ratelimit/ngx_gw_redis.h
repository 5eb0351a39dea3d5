
/*
 * A client of Redis and Valkey on nginx's event loop: alone, behind Sentinel,
 * or a Cluster; TLS, AUTH, deadlines, a breaker.  A worker has one
 * ngx_gw_redis_t for each gw_redis block.  Encoding and parsing are
 * hiredis's, sockets and timers nginx's.
 */


#ifndef _NGX_GW_REDIS_H_INCLUDED_
#define _NGX_GW_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_gw_redis_reply.h"


typedef struct ngx_gw_redis_s       ngx_gw_redis_t;
typedef struct ngx_gw_redis_call_s  ngx_gw_redis_call_t;


/* a gw_redis block; const after configuration */
typedef struct {
    ngx_str_t                name;
    ngx_array_t              servers;        /* ngx_gw_redis_server_t */
    ngx_str_t                master;         /* for Sentinel, or empty */
    ngx_str_t                username;
    ngx_str_t                password;       /* never logged */
    ngx_str_t                sentinel_username;
    ngx_str_t                sentinel_password;
    ngx_str_t                prefix;
    ngx_uint_t               database;
    ngx_flag_t               cluster;
    ngx_msec_t               connect_timeout;
    ngx_msec_t               timeout;
    ngx_uint_t               connections;
    ngx_uint_t               failures;       /* the breaker's */
    ngx_msec_t               open;

#if (NGX_SSL)
    ngx_ssl_t               *ssl;            /* NULL: without */
    ngx_str_t                ssl_name;
    ngx_flag_t               ssl_verify;
    ngx_flag_t               ssl_server_name;
    ngx_flag_t               ssl_session_reuse;
#endif

    ngx_shm_zone_t          *shm_zone;       /* what workers share: breakers,
                                                the number of gateways */
    ngx_gw_redis_t          *redis;          /* the worker's */
} ngx_gw_redis_conf_t;


typedef struct {
    ngx_addr_t               addr;
    ngx_str_t                host;
} ngx_gw_redis_server_t;


typedef struct {
    ngx_str_t                text;           /* Lua */
    u_char                   sha1[40];       /* its hex SHA-1 */
} ngx_gw_redis_script_t;


/*
 * The end of a call: reply is what the script returned, or NULL, when the
 * call has failed in any way (error replies included) or was not answered
 * within the timeout.
 */
typedef void (*ngx_gw_redis_handler_pt)(void *data,
    ngx_gw_redis_reply_t *reply);


/*
 * Makes the worker's redis of the block; opens nothing.  NGX_ERROR: no
 * memory.  _done() writes what is still to be written, as far as it goes at
 * once, and closes all; calls under way end without their handlers.
 */
ngx_int_t ngx_gw_redis_init(ngx_gw_redis_conf_t *conf, ngx_cycle_t *cycle);
void ngx_gw_redis_done(ngx_gw_redis_conf_t *conf);

/*
 * The callback for shm_zone->init, whose data is the ngx_gw_redis_conf_t.  Of
 * the zone of a former configuration everything is kept.
 */
ngx_int_t ngx_gw_redis_init_zone(ngx_shm_zone_t *shm_zone, void *data);
size_t ngx_gw_redis_zone_size(void);

/* sets sha1 */
void ngx_gw_redis_script_init(ngx_gw_redis_script_t *script);

#define NGX_GW_REDIS_MAX_ARGS  16

/*
 * Runs a script on one key: EVALSHA, on NOSCRIPT EVAL.  The key is prefixed.
 * All calls of a turn of the event loop leave in one write for each
 * connection, at its end.  NULL: Redis cannot be asked now (its breaker is
 * open, it cannot be reached, too much is under way, no memory); handler is
 * not called then.  Otherwise it is called once, never from within, and
 * not later than the block's timeout.  Without a handler nobody waits, and
 * what is returned says no more than that the call is under way.
 *
 * key and args are copied; up to NGX_GW_REDIS_MAX_ARGS of them.
 */
ngx_gw_redis_call_t *ngx_gw_redis_call(ngx_gw_redis_t *redis,
    ngx_gw_redis_script_t *script, ngx_str_t *key, ngx_str_t *args,
    ngx_uint_t nargs, ngx_gw_redis_handler_pt handler, void *data);

/*
 * The caller goes away: handler is not called; the call itself goes on.  Not
 * for a call without a handler, nor after the handler was called.
 */
void ngx_gw_redis_forget(ngx_gw_redis_call_t *call);

/*
 * Gateways seen within 10 s when Redis was last asked, at least 1, this one
 * included.  It is asked every 2 s while there are calls, and at the start
 * again after 1 s.
 */
ngx_uint_t ngx_gw_redis_gateways(ngx_gw_redis_t *redis);

/* this gateway among those: 16 hex digits, the same in all workers */
void ngx_gw_redis_id(ngx_gw_redis_t *redis, u_char id[16]);


#endif /* _NGX_GW_REDIS_H_INCLUDED_ */
