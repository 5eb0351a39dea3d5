
#include "ngx_gw_grpc.h"

#include <zlib.h>


/* memory that is asked for at first, whatever length is claimed */
#define NGX_GW_DEFRAMER_SIZE   4096
#define NGX_GW_DEFRAMER_TRUST  65536

/* longest message of Protocol Buffers */
#define NGX_GW_DEFRAMER_MAX    0x7fffffff

/* bytes that one byte of deflate can stand for, at most */
#define NGX_GW_DEFRAMER_RATIO  1032


typedef struct {
    u_char                   *data;
    size_t                    size;
    size_t                    len;
} ngx_gw_deframer_buf_t;


struct ngx_gw_deframer_s {
    ngx_pool_t               *pool;
    size_t                    max;

    u_char                    head[NGX_GW_GRPC_HEAD];
    ngx_uint_t                nhead;     /* bytes of head that have come */
    size_t                    len;       /* of the message, once it is known */

    ngx_gw_deframer_buf_t     buf;       /* of a message in pieces */
    ngx_gw_deframer_buf_t     inflated;

    z_stream                  stream;
    unsigned                  open:1;    /* stream is to be ended */
    unsigned                  failed:1;

    ngx_str_t                 error;
    u_char                    text[64];
};


static ngx_int_t ngx_gw_deframer_head(ngx_gw_deframer_t *df);
static ngx_int_t ngx_gw_deframer_reserve(ngx_gw_deframer_t *df,
    ngx_gw_deframer_buf_t *buf, size_t size);
static ngx_int_t ngx_gw_deframer_open(ngx_gw_deframer_t *df);
static void ngx_gw_deframer_cleanup(void *data);
static size_t ngx_gw_deframer_guess(ngx_gw_deframer_t *df,
    const ngx_str_t *message);
static ngx_int_t ngx_gw_deframer_failed(ngx_gw_deframer_t *df,
    const char *fmt, ...);


ngx_gw_deframer_t *
ngx_gw_deframer_create(ngx_pool_t *pool, size_t max)
{
    ngx_gw_deframer_t  *df;

    df = ngx_pcalloc(pool, sizeof(ngx_gw_deframer_t));
    if (df == NULL) {
        return NULL;
    }

    df->pool = pool;
    df->max = ngx_min(max, NGX_GW_DEFRAMER_MAX);

    return df;
}


void
ngx_gw_deframer_reset(ngx_gw_deframer_t *df)
{
    df->nhead = 0;
    df->buf.len = 0;
    df->failed = 0;
    df->error.len = 0;
}


ngx_int_t
ngx_gw_deframer_take(ngx_gw_deframer_t *df, u_char **pos, u_char *last,
    ngx_str_t *message, ngx_uint_t *compressed)
{
    size_t                  n, size;
    u_char                 *p;
    ngx_gw_deframer_buf_t  *buf;

    if (df->failed) {
        return NGX_DECLINED;
    }

    p = *pos;
    buf = &df->buf;

    if (df->nhead < NGX_GW_GRPC_HEAD) {

        n = ngx_min((size_t) (last - p), NGX_GW_GRPC_HEAD - df->nhead);

        if (n) {
            ngx_memcpy(df->head + df->nhead, p, n);
        }

        df->nhead += n;
        p += n;
        *pos = p;

        if (df->nhead && df->head[0] > 1) {
            return ngx_gw_deframer_failed(df, "a flag of %ui",
                                          (ngx_uint_t) df->head[0]);
        }

        if (df->nhead < NGX_GW_GRPC_HEAD) {
            return NGX_AGAIN;
        }

        if (ngx_gw_deframer_head(df) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    n = ngx_min((size_t) (last - p), df->len - buf->len);

    if (n == df->len) {

        /* all of it is here; p is not NULL where there is nothing of it */

        message->data = p ? p : df->head;

    } else if (n) {

        size = ngx_max(buf->len + n, NGX_GW_DEFRAMER_TRUST);
        size = ngx_min(size, df->len);

        if (ngx_gw_deframer_reserve(df, buf, size) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_memcpy(buf->data + buf->len, p, n);
        buf->len += n;

        message->data = buf->data;
    }

    *pos = p + n;

    if (n < df->len && buf->len < df->len) {
        return NGX_AGAIN;
    }

    message->len = df->len;
    *compressed = df->head[0];

    df->nhead = 0;
    buf->len = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_deframer_head(ngx_gw_deframer_t *df)
{
    u_char  *head;

    head = df->head;

    df->len = (size_t) head[1] << 24 | (size_t) head[2] << 16
              | (size_t) head[3] << 8 | (size_t) head[4];

    if (df->len > df->max) {
        return ngx_gw_deframer_failed(df, "a message of %uz bytes", df->len);
    }

    return NGX_OK;
}


/* room for size bytes, max + 1 at most; what is there stays */

static ngx_int_t
ngx_gw_deframer_reserve(ngx_gw_deframer_t *df, ngx_gw_deframer_buf_t *buf,
    size_t size)
{
    u_char  *p;

    if (size <= buf->size) {
        return NGX_OK;
    }

    size = ngx_max(size, NGX_GW_DEFRAMER_SIZE);
    size = ngx_max(size, buf->size * 2);
    size = ngx_min(size, df->max + 1);

    p = ngx_pnalloc(df->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (buf->data) {
        ngx_memcpy(p, buf->data, buf->len);
        (void) ngx_pfree(df->pool, buf->data);
    }

    buf->data = p;
    buf->size = size;

    return NGX_OK;
}


ngx_uint_t
ngx_gw_deframer_partial(const ngx_gw_deframer_t *df)
{
    return df->nhead > 0;
}


ngx_int_t
ngx_gw_deframer_inflate(ngx_gw_deframer_t *df, const ngx_str_t *message,
    ngx_str_t *inflated)
{
    int                     rc;
    size_t                  size;
    ngx_uint_t              cut;
    z_stream               *zs;
    ngx_gw_deframer_buf_t  *buf;

    if (ngx_gw_deframer_open(df) != NGX_OK) {
        return NGX_ERROR;
    }

    zs = &df->stream;
    buf = &df->inflated;
    buf->len = 0;

    size = ngx_gw_deframer_guess(df, message);

    zs->next_in = message->data;
    zs->avail_in = message->len;
    cut = 1;

    for ( ;; ) {

        if (ngx_gw_deframer_reserve(df, buf, size) != NGX_OK) {
            return NGX_ERROR;
        }

        zs->next_out = buf->data + buf->len;
        zs->avail_out = buf->size - buf->len;

        rc = inflate(zs, Z_NO_FLUSH);

        buf->len = zs->next_out - buf->data;

        if (buf->len > df->max) {
            return ngx_gw_deframer_failed(df, "a message of more than %uz "
                                          "bytes, inflated", df->max);
        }

        if (rc == Z_STREAM_END) {

            cut = 0;

            if (zs->avail_in == 0) {
                break;
            }

            /* members may follow each other (RFC 1952 section 2.2) */

            if (inflateReset(zs) != Z_OK) {
                return NGX_ERROR;
            }

            cut = 1;
            continue;
        }

        if (rc == Z_MEM_ERROR) {
            return NGX_ERROR;
        }

        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return ngx_gw_deframer_failed(df, "gzip that is none");
        }

        if (zs->avail_out) {
            break;
        }

        size = buf->size + 1;
    }

    if (cut) {
        return ngx_gw_deframer_failed(df, "gzip that is cut");
    }

    inflated->data = buf->data;
    inflated->len = buf->len;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_deframer_open(ngx_gw_deframer_t *df)
{
    ngx_pool_cleanup_t  *cln;

    if (df->open) {
        return inflateReset(&df->stream) == Z_OK ? NGX_OK : NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(df->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    /* 16: a gzip header is wanted, not one of zlib */

    if (inflateInit2(&df->stream, MAX_WBITS + 16) != Z_OK) {
        return NGX_ERROR;
    }

    df->open = 1;

    cln->handler = ngx_gw_deframer_cleanup;
    cln->data = df;

    return NGX_OK;
}


static void
ngx_gw_deframer_cleanup(void *data)
{
    ngx_gw_deframer_t *df = data;

    (void) inflateEnd(&df->stream);
}


/* the last bytes say how long it is, which is believed if it can be so */

static size_t
ngx_gw_deframer_guess(ngx_gw_deframer_t *df, const ngx_str_t *message)
{
    size_t   len;
    u_char  *p;

    if (message->len < 4) {
        return 1;
    }

    p = message->data + message->len - 4;

    len = (size_t) p[3] << 24 | (size_t) p[2] << 16 | (size_t) p[1] << 8
          | (size_t) p[0];

    if (len > df->max || len / NGX_GW_DEFRAMER_RATIO > message->len) {
        return 1;
    }

    return len + 1;
}


static ngx_int_t
ngx_gw_deframer_failed(ngx_gw_deframer_t *df, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(df->text, df->text + sizeof(df->text), fmt, args);
    va_end(args);

    df->error.data = df->text;
    df->error.len = p - df->text;
    df->failed = 1;

    return NGX_DECLINED;
}


const ngx_str_t *
ngx_gw_deframer_error(const ngx_gw_deframer_t *df)
{
    return &df->error;
}
