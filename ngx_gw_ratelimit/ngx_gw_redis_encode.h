
/*
 * Commands as they are sent: hiredis's redisFormatCommandArgv() into memory
 * that is there already, and without a printf() for each argument, which
 * took more than half of the time of a call.
 */


#ifndef _NGX_GW_REDIS_ENCODE_H_INCLUDED_
#define _NGX_GW_REDIS_ENCODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* at most so many bytes */
size_t ngx_gw_redis_encoded_size(ngx_uint_t argc, const size_t *argvlen);

/* an array of bulk strings (RESP), at p; returns its end */
u_char *ngx_gw_redis_encode(u_char *p, ngx_uint_t argc, const char **argv,
    const size_t *argvlen);


#endif /* _NGX_GW_REDIS_ENCODE_H_INCLUDED_ */
