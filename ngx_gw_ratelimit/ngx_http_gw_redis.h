
/*
 * gw_redis blocks: what of the client belongs to the configuration of http.
 */


#ifndef _NGX_HTTP_GW_REDIS_H_INCLUDED_
#define _NGX_HTTP_GW_REDIS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_gw_redis.h"


/* the setter of gw_redis name { ... } */
char *ngx_http_gw_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* the block of this name, or NULL */
ngx_gw_redis_conf_t *ngx_http_gw_redis_find(ngx_array_t *blocks,
    ngx_str_t *name);

/* the module's own: where it keeps blocks, ngx_gw_redis_conf_t * each */
ngx_array_t *ngx_http_gw_redis_blocks(ngx_conf_t *cf);


#endif /* _NGX_HTTP_GW_REDIS_H_INCLUDED_ */
