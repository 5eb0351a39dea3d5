
/*
 * ngx_gw_pb_print, strings and bytes.
 */


#include "ngx_gw_json_internal.h"
#include "ngx_gw_pb_print_internal.h"

#if (__SSE2__ && !NGX_GW_PORTABLE)
#include <emmintrin.h>
#define NGX_GW_PB_SSE2  1
#endif


/* at most that much of a string is copied without looking for room again */
#define NGX_GW_PB_PRINT_PIECE  1024


static u_char *ngx_gw_pb_print_escape(u_char *dst, u_char c);


#define U  'u'

/* what is behind the backslash; 1: not ASCII */
static const u_char  ngx_gw_pb_print_escapes[256] = {
    U, U, U, U, U, U, U, U, 'b', 't', 'n', U, 'f', 'r', U, U,
    U, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U,
    0, 0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\\', 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
};

#undef U


static const u_char  ngx_gw_pb_print_hex[] = "0123456789abcdef";

static const u_char  ngx_gw_pb_print_basis64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


/*
 * Copies what needs no escape, up to last or the first character that does or
 * is not ASCII.  Up to limit there may be read, and 16 bytes more than meant
 * may be written.  Returns the end of what was copied.
 */

static ngx_inline const u_char *
ngx_gw_pb_print_plain(const u_char *p, const u_char *last,
    const u_char *limit, u_char *dst)
{
#if (NGX_GW_PB_SSE2)

    size_t        n;
    __m128i       x, special;
    unsigned int  mask;

    while (limit - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) p);
        _mm_storeu_si128((__m128i *) dst, x);

        /* as signed numbers, control characters and all above 0x7f are < 32 */
        special = _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(0x20)),
                      _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                   _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));

        mask = (unsigned int) _mm_movemask_epi8(special);

        n = last - p;

        if (n <= 16) {
            mask |= 1u << n;
            return p + __builtin_ctz(mask);
        }

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
        dst += 16;
    }

#else

    uint64_t  x, q, b;

    const uint64_t  ones = 0x0101010101010101ull;

    while (last - p >= 8) {
        ngx_memcpy(&x, p, 8);

        q = x ^ (ones * '"');
        b = x ^ (ones * '\\');

        /* a borrow may set a high bit too many, but only above a true one */

        if (((x - ones * 0x20) | (q - ones) | (b - ones) | x) & (ones * 0x80))
        {
            break;
        }

        ngx_memcpy(dst, &x, 8);

        p += 8;
        dst += 8;
    }

#endif

    while (p < last && ngx_gw_pb_print_escapes[*p] == 0) {
        *dst++ = *p++;
    }

    return p;
}


u_char *
ngx_gw_pb_print_string(ngx_gw_pb_printer_t *pr, const u_char *p, size_t len,
    const u_char *limit, u_char *dst)
{
    size_t         n;
    const u_char  *q, *last, *end;

    last = p + len;

    dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
    if (dst == NULL) {
        return NULL;
    }

    *dst++ = '"';

    while (p < last) {
        n = ngx_min(last - p, NGX_GW_PB_PRINT_PIECE);

        dst = ngx_gw_pb_print_room(pr, dst, n + NGX_GW_PB_PRINT_ROOM);
        if (dst == NULL) {
            return NULL;
        }

        /* all the room there is may be used */

        n = pr->end - dst - NGX_GW_PB_PRINT_ROOM;
        n = ngx_min((size_t) (last - p), n);

        end = p + n;

        do {
            q = ngx_gw_pb_print_plain(p, end, limit, dst);

            dst += q - p;
            p = q;

            if (p == end) {
                break;
            }

            if (*p < 0x80) {

                /* up to five bytes more: there is an end to the room */

                dst = ngx_gw_pb_print_escape(dst, *p++);

                if (pr->end - dst < end - p + NGX_GW_PB_PRINT_ROOM / 2) {
                    break;
                }

                continue;
            }

            q = ngx_gw_json_utf8((u_char *) p, (u_char *) last);

            if (q == NULL) {
                pr->rc = NGX_DECLINED;
                return NULL;
            }

            if (q > end) {
                dst = ngx_gw_pb_print_text(pr, p, q - p, dst);
                if (dst == NULL) {
                    return NULL;
                }

                p = q;
                break;
            }

            dst = ngx_gw_pb_print_copy(dst, p, q - p);
            p = q;

        } while (p < end);
    }

    dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);

    if (dst) {
        *dst++ = '"';
    }

    return dst;
}


static u_char *
ngx_gw_pb_print_escape(u_char *dst, u_char c)
{
    u_char  e;

    e = ngx_gw_pb_print_escapes[c];

    *dst++ = '\\';
    *dst++ = e;

    if (e == 'u') {
        *dst++ = '0';
        *dst++ = '0';
        *dst++ = ngx_gw_pb_print_hex[c >> 4];
        *dst++ = ngx_gw_pb_print_hex[c & 15];
    }

    return dst;
}


u_char *
ngx_gw_pb_print_lossy(ngx_gw_pb_printer_t *pr, const u_char *p, size_t len,
    u_char *dst)
{
    const u_char  *q, *last;

    last = p + len;

    dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
    if (dst == NULL) {
        return NULL;
    }

    *dst++ = '"';

    while (p < last) {
        dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
        if (dst == NULL) {
            return NULL;
        }

        if (*p < 0x80) {

            if (ngx_gw_pb_print_escapes[*p]) {
                dst = ngx_gw_pb_print_escape(dst, *p++);

            } else {
                *dst++ = *p++;
            }

            continue;
        }

        /* a character at a time */

        q = p + 1;

        while (q < last && q - p < 4 && (*q & 0xc0) == 0x80) {
            q++;
        }

        if (ngx_gw_json_utf8((u_char *) p, (u_char *) q) == q) {
            dst = ngx_cpymem(dst, p, q - p);
            p = q;

        } else {
            dst = ngx_cpymem(dst, "\xef\xbf\xbd", 3);
            p++;
        }
    }

    dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);

    if (dst) {
        *dst++ = '"';
    }

    return dst;
}


u_char *
ngx_gw_pb_print_base64(ngx_gw_pb_printer_t *pr, const u_char *p, size_t len,
    u_char *dst)
{
    size_t         n;
    uint32_t       v;
    const u_char  *last;

    dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
    if (dst == NULL) {
        return NULL;
    }

    *dst++ = '"';

    while (len >= 3) {
        n = ngx_min(len / 3, NGX_GW_PB_PRINT_PIECE / 4);

        dst = ngx_gw_pb_print_room(pr, dst, 4 * n + NGX_GW_PB_PRINT_ROOM);
        if (dst == NULL) {
            return NULL;
        }

        last = p + 3 * n;
        len -= 3 * n;

        do {
            v = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];

            dst[0] = ngx_gw_pb_print_basis64[v >> 18];
            dst[1] = ngx_gw_pb_print_basis64[(v >> 12) & 63];
            dst[2] = ngx_gw_pb_print_basis64[(v >> 6) & 63];
            dst[3] = ngx_gw_pb_print_basis64[v & 63];

            dst += 4;
            p += 3;
        } while (p < last);
    }

    dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
    if (dst == NULL) {
        return NULL;
    }

    if (len) {
        v = (uint32_t) p[0] << 16 | (len == 2 ? (uint32_t) p[1] << 8 : 0);

        dst[0] = ngx_gw_pb_print_basis64[v >> 18];
        dst[1] = ngx_gw_pb_print_basis64[(v >> 12) & 63];
        dst[2] = len == 2 ? ngx_gw_pb_print_basis64[(v >> 6) & 63] : '=';
        dst[3] = '=';

        dst += 4;
    }

    *dst++ = '"';

    return dst;
}
