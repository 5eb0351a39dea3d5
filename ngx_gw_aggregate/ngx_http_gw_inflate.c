
#include "ngx_http_gw_inflate.h"

#include <zlib.h>


/* decoded bytes that are handed on at a time */
#define NGX_HTTP_GW_INFLATE_SIZE  16384


struct ngx_http_gw_inflate_s {
    z_stream                     stream;
    unsigned                     open:1;
    unsigned                     done:1;   /* at the end of a member */
    u_char                       out[NGX_HTTP_GW_INFLATE_SIZE];
};


static void ngx_http_gw_inflate_cleanup(void *data);


ngx_http_gw_inflate_t *
ngx_http_gw_inflate_create(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_gw_inflate_t  *in;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    in = ngx_palloc(pool, sizeof(ngx_http_gw_inflate_t));
    if (in == NULL) {
        return NULL;
    }

    ngx_memzero(in, offsetof(ngx_http_gw_inflate_t, out));

    /* 16: a gzip header is wanted, not one of zlib */

    if (inflateInit2(&in->stream, MAX_WBITS + 16) != Z_OK) {
        return NULL;
    }

    in->open = 1;

    cln->handler = ngx_http_gw_inflate_cleanup;
    cln->data = in;

    return in;
}


static void
ngx_http_gw_inflate_cleanup(void *data)
{
    ngx_http_gw_inflate_t *in = data;

    if (in->open) {
        (void) inflateEnd(&in->stream);
        in->open = 0;
    }
}


ngx_int_t
ngx_http_gw_inflate(ngx_http_gw_inflate_t *in, u_char *p, size_t len,
    ngx_http_gw_inflate_pt handler, void *data)
{
    int         rc;
    size_t      n;
    ngx_int_t   rv;
    z_stream   *zs;

    zs = &in->stream;
    zs->next_in = p;
    zs->avail_in = len;

    for ( ;; ) {

        if (in->done) {

            if (zs->avail_in == 0) {
                return NGX_OK;
            }

            /* members of a file may follow each other (section 2.2) */

            if (inflateReset(zs) != Z_OK) {
                return NGX_DECLINED;
            }

            in->done = 0;
        }

        zs->next_out = in->out;
        zs->avail_out = NGX_HTTP_GW_INFLATE_SIZE;

        rc = inflate(zs, Z_NO_FLUSH);

        n = NGX_HTTP_GW_INFLATE_SIZE - zs->avail_out;

        if (n) {
            rv = handler(data, in->out, n);

            if (rv != NGX_OK) {
                return rv;
            }
        }

        if (rc == Z_STREAM_END) {
            in->done = 1;
            continue;
        }

        if (rc == Z_BUF_ERROR || (rc == Z_OK && zs->avail_out)) {
            return NGX_OK;
        }

        if (rc != Z_OK) {
            return NGX_DECLINED;
        }
    }
}


ngx_uint_t
ngx_http_gw_inflate_end(ngx_http_gw_inflate_t *in)
{
    ngx_http_gw_inflate_cleanup(in);

    return in->done;
}
