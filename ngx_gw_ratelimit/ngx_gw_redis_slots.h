
/*
 * What of the protocol is about a Cluster: which slot a key is in, where
 * a redirection points to, and what CLUSTER SLOTS says.
 */


#ifndef _NGX_GW_REDIS_SLOTS_H_INCLUDED_
#define _NGX_GW_REDIS_SLOTS_H_INCLUDED_


#include "ngx_gw_redis_reply.h"


#define NGX_GW_REDIS_SLOTS  16384


/* slots and their master */
typedef struct {
    ngx_uint_t    first;
    ngx_uint_t    last;
    ngx_str_t     endpoint;      /* address or name; empty: where we asked */
    ngx_str_t     ip;            /* where the endpoint is a name, or empty */
    ngx_str_t     hostname;      /* where it is an address, or empty */
    ngx_uint_t    port;
} ngx_gw_redis_range_t;


/* the slot of a key, given in two parts: of "{tag}" within it the tag's */
ngx_uint_t ngx_gw_redis_key_slot(ngx_str_t *prefix, ngx_str_t *key);

/*
 * "MOVED 3999 127.0.0.1:6381" or "ASK ...": sets first, endpoint and port.
 * NGX_DECLINED: malformed.
 */
ngx_int_t ngx_gw_redis_redirection(ngx_str_t *text,
    ngx_gw_redis_range_t *range);

/* element n of the answer to CLUSTER SLOTS; NGX_DECLINED: malformed */
ngx_int_t ngx_gw_redis_slots_range(ngx_gw_redis_reply_t *reply, ngx_uint_t n,
    ngx_gw_redis_range_t *range);


#endif /* _NGX_GW_REDIS_SLOTS_H_INCLUDED_ */
