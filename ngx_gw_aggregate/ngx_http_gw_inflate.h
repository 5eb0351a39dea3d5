
/* Bodies with Content-Encoding: gzip, decoded as they come (RFC 1952). */


#ifndef _NGX_HTTP_GW_INFLATE_H_INCLUDED_
#define _NGX_HTTP_GW_INFLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct ngx_http_gw_inflate_s  ngx_http_gw_inflate_t;

/* gets decoded bytes; what it returns other than NGX_OK ends the decoding */
typedef ngx_int_t (*ngx_http_gw_inflate_pt)(void *data, u_char *p, size_t len);


/* what it holds is freed with the pool, or at the end of the body */
ngx_http_gw_inflate_t *ngx_http_gw_inflate_create(ngx_pool_t *pool);

/*
 * Decodes the next len bytes.  NGX_OK, NGX_DECLINED: these are no gzip, or
 * what the handler has returned.
 */
ngx_int_t ngx_http_gw_inflate(ngx_http_gw_inflate_t *inflate, u_char *p,
    size_t len, ngx_http_gw_inflate_pt handler, void *data);

/* 1 if what came is complete */
ngx_uint_t ngx_http_gw_inflate_end(ngx_http_gw_inflate_t *inflate);


#endif /* _NGX_HTTP_GW_INFLATE_H_INCLUDED_ */
