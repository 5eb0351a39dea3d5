
#include "ngx_gw_grpc.h"


/* in place of a value: the character is "=" */
#define NGX_GW_BASE64_PAD  0x40


struct ngx_gw_base64_s {
    u_char                    quad[4];   /* values of what is not complete */
    ngx_uint_t                n;
    ngx_uint_t                failed;
};


static u_char *ngx_gw_base64_byte(ngx_gw_base64_t *base64, u_char *dst,
    u_char c);


/* values of base64's characters; of others the high bit is set */

#define NO  0x80

static const u_char  ngx_gw_grpc_base64[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO
};

#undef NO


ngx_gw_base64_t *
ngx_gw_base64_create(ngx_pool_t *pool)
{
    return ngx_pcalloc(pool, sizeof(ngx_gw_base64_t));
}


u_char *
ngx_gw_base64_decode(ngx_gw_base64_t *base64, u_char *dst, const u_char *src,
    size_t len)
{
    u_char         a, b, c, d;
    const u_char  *value, *last;

    if (base64->failed) {
        return NULL;
    }

    value = ngx_gw_grpc_base64;
    last = src + len;

    while (src < last) {

        if (base64->n == 0) {

            while (last - src >= 4) {
                a = value[src[0]];
                b = value[src[1]];
                c = value[src[2]];
                d = value[src[3]];

                if ((a | b | c | d) & 0x80) {
                    break;
                }

                *dst++ = (u_char) (a << 2 | b >> 4);
                *dst++ = (u_char) (b << 4 | c >> 2);
                *dst++ = (u_char) (c << 6 | d);

                src += 4;
            }

            if (src == last) {
                break;
            }
        }

        dst = ngx_gw_base64_byte(base64, dst, *src++);

        if (dst == NULL) {
            base64->failed = 1;
            return NULL;
        }
    }

    return dst;
}


/* a quadruple that is cut in pieces, or padded */

static u_char *
ngx_gw_base64_byte(ngx_gw_base64_t *base64, u_char *dst, u_char c)
{
    u_char      v, *quad;
    ngx_uint_t  n;

    quad = base64->quad;
    n = base64->n;

    if (c == '=') {

        if (n < 2) {
            return NULL;
        }

        v = NGX_GW_BASE64_PAD;

    } else {
        v = ngx_gw_grpc_base64[c];

        if ((v & 0x80) || (n == 3 && quad[2] == NGX_GW_BASE64_PAD)) {
            return NULL;
        }
    }

    quad[n] = v;

    if (n < 3) {
        base64->n++;
        return dst;
    }

    base64->n = 0;

    *dst++ = (u_char) (quad[0] << 2 | quad[1] >> 4);

    if (quad[2] != NGX_GW_BASE64_PAD) {
        *dst++ = (u_char) (quad[1] << 4 | quad[2] >> 2);
    }

    if (v != NGX_GW_BASE64_PAD) {
        *dst++ = (u_char) (quad[2] << 6 | v);
    }

    return dst;
}


ngx_uint_t
ngx_gw_base64_whole(const ngx_gw_base64_t *base64)
{
    return base64->n == 0 && !base64->failed;
}


ngx_int_t
ngx_gw_grpc_decode_bin(ngx_pool_t *pool, const ngx_str_t *src, ngx_str_t *dst)
{
    u_char           *p, *end;
    size_t            len;
    ngx_gw_base64_t   base64;

    /* what would follow is another value */

    p = memchr(src->data, '=', src->len);

    if (p && src->data + src->len - p > 2) {
        return NGX_DECLINED;
    }

    len = src->len;

    p = ngx_pnalloc(pool, len / 4 * 3 + 3);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&base64, sizeof(ngx_gw_base64_t));

    end = ngx_gw_base64_decode(&base64, p, src->data, len);

    /* as if it were padded */

    if (end && base64.n > 1 && src->data[len - 1] != '=') {

        while (end && base64.n) {
            end = ngx_gw_base64_byte(&base64, end, '=');
        }
    }

    if (end == NULL || base64.n) {
        return NGX_DECLINED;
    }

    dst->data = p;
    dst->len = end - p;

    return NGX_OK;
}
