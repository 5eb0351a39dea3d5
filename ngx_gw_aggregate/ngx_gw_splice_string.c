
/*
 * ngx_gw_splice: strings that are known to be valid, with all escapes that RFC
 * 8259 allows.
 */


#include "ngx_gw_splice.h"
#include "ngx_gw_splice_internal.h"


#define ngx_gw_splice_is_high(ch)  ((ch) >= 0xd800 && (ch) <= 0xdbff)
#define ngx_gw_splice_is_low(ch)   ((ch) >= 0xdc00 && (ch) <= 0xdfff)


static u_char *ngx_gw_splice_decode(u_char *dst, const u_char *src,
    size_t len, ngx_uint_t replace);
static const u_char *ngx_gw_splice_character(const u_char *p,
    const u_char *last, u_char **dst, ngx_uint_t replace);
static uint32_t ngx_gw_splice_hex(const u_char *p);


u_char *
ngx_gw_json_string_decode(u_char *dst, const u_char *src, size_t len)
{
    return ngx_gw_splice_decode(dst, src + 1, len - 2, 1);
}


u_char *
ngx_gw_splice_unescape(u_char *dst, const u_char *src, size_t len)
{
    return ngx_gw_splice_decode(dst, src, len, 0);
}


static u_char *
ngx_gw_splice_decode(u_char *dst, const u_char *src, size_t len,
    ngx_uint_t replace)
{
    size_t         n;
    const u_char  *p, *last;

    last = src + len;

    while (src < last) {
        p = memchr(src, '\\', last - src);
        n = (p ? p : last) - src;

        if (n) {
            dst = ngx_cpymem(dst, src, n);
            src += n;
        }

        if (p) {
            src = ngx_gw_splice_character(p, last, &dst, replace);
        }
    }

    return dst;
}


/*
 * Writes what the escape at p stands for, 1 to 4 bytes and less than the
 * escape itself, and returns what is behind the escape.
 */

static const u_char *
ngx_gw_splice_character(const u_char *p, const u_char *last, u_char **dst,
    ngx_uint_t replace)
{
    u_char    *d;
    uint32_t   ch, low;

    d = *dst;

    if (p[1] != 'u') {

        switch (p[1]) {

        case 'b':
            *d++ = '\b';
            break;

        case 'f':
            *d++ = '\f';
            break;

        case 'n':
            *d++ = '\n';
            break;

        case 'r':
            *d++ = '\r';
            break;

        case 't':
            *d++ = '\t';
            break;

        default:
            *d++ = p[1];
        }

        *dst = d;

        return p + 2;
    }

    ch = ngx_gw_splice_hex(p + 2);
    p += 6;

    if (ngx_gw_splice_is_high(ch)
        && last - p >= 6
        && p[0] == '\\'
        && p[1] == 'u')
    {
        low = ngx_gw_splice_hex(p + 2);

        if (ngx_gw_splice_is_low(low)) {
            ch = 0x10000 + ((ch - 0xd800) << 10) + (low - 0xdc00);
            p += 6;
        }
    }

    if (replace && (ngx_gw_splice_is_high(ch) || ngx_gw_splice_is_low(ch))) {
        ch = 0xfffd;
    }

    if (ch >= 0x10000) {
        *d++ = (u_char) (0xf0 | (ch >> 18));
        *d++ = (u_char) (0x80 | ((ch >> 12) & 0x3f));
        *d++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        *d++ = (u_char) (0x80 | (ch & 0x3f));

    } else if (ch >= 0x800) {
        *d++ = (u_char) (0xe0 | (ch >> 12));
        *d++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        *d++ = (u_char) (0x80 | (ch & 0x3f));

    } else if (ch >= 0x80) {
        *d++ = (u_char) (0xc0 | (ch >> 6));
        *d++ = (u_char) (0x80 | (ch & 0x3f));

    } else {
        *d++ = (u_char) ch;
    }

    *dst = d;

    return p;
}


/* four digits that are known to be some */

static uint32_t
ngx_gw_splice_hex(const u_char *p)
{
    u_char      c;
    uint32_t    ch;
    ngx_uint_t  i;

    ch = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];
        ch = ch * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }

    return ch;
}


ngx_uint_t
ngx_gw_json_string_same(const u_char *a, size_t alen, const u_char *b,
    size_t blen)
{
    size_t         i, n, m;
    u_char        *d, x[4], y[4];
    const u_char  *alast, *blast;

    alast = a + alen;
    blast = b + blen;

    /* what is left of a character of one, the other one's may be raw */

    n = 0;
    m = 0;
    i = 0;

    for ( ;; ) {

        if (n == 0) {

            if (a == alast) {
                return m == 0 && b == blast;
            }

            if (*a == '\\') {
                d = x;
                a = ngx_gw_splice_character(a, alast, &d, 0);
                n = d - x;
                ngx_memmove(x + 4 - n, x, n);

            } else {
                x[3] = *a++;
                n = 1;
            }
        }

        if (m == 0) {

            if (b == blast) {
                return 0;
            }

            if (*b == '\\') {
                d = y;
                b = ngx_gw_splice_character(b, blast, &d, 0);
                m = d - y;
                ngx_memmove(y + 4 - m, y, m);

            } else {
                y[3] = *b++;
                m = 1;
            }
        }

        i = ngx_min(n, m);

        if (ngx_memcmp(x + 4 - n, y + 4 - m, i) != 0) {
            return 0;
        }

        n -= i;
        m -= i;
    }
}


u_char *
ngx_gw_json_string_encode(u_char *dst, const u_char *src, size_t len)
{
    u_char         c;
    const u_char  *p, *last;

    static const u_char  hex[] = "0123456789abcdef";

    *dst++ = '"';

    last = src + len;

    while (src < last) {

        for (p = src; p < last; p++) {
            if (*p < 0x20 || *p == '"' || *p == '\\') {
                break;
            }
        }

        if (p != src) {
            dst = ngx_cpymem(dst, src, p - src);

            if (p == last) {
                break;
            }
        }

        c = *p;
        src = p + 1;

        *dst++ = '\\';

        switch (c) {

        case '"':
        case '\\':
            *dst++ = c;
            break;

        case '\b':
            *dst++ = 'b';
            break;

        case '\f':
            *dst++ = 'f';
            break;

        case '\n':
            *dst++ = 'n';
            break;

        case '\r':
            *dst++ = 'r';
            break;

        case '\t':
            *dst++ = 't';
            break;

        default:
            *dst++ = 'u';
            *dst++ = '0';
            *dst++ = '0';
            *dst++ = hex[c >> 4];
            *dst++ = hex[c & 0xf];
        }
    }

    *dst++ = '"';

    return dst;
}


ngx_uint_t
ngx_gw_utf8_valid(const u_char *src, size_t len)
{
    u_char         c;
    uint64_t       x;
    ngx_uint_t     n, i;
    const u_char  *p, *last;

    p = src;
    last = src + len;

    while (p < last) {

        if (last - p >= 8) {
            ngx_memcpy(&x, p, 8);

            if ((x & 0x8080808080808080ull) == 0) {
                p += 8;
                continue;
            }
        }

        c = *p++;

        if (c < 0x80) {
            continue;
        }

        if (c < 0xc2 || c > 0xf4) {
            return 0;
        }

        n = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

        if ((size_t) (last - p) < n
            || (c == 0xe0 && *p < 0xa0)
            || (c == 0xed && *p > 0x9f)
            || (c == 0xf0 && *p < 0x90)
            || (c == 0xf4 && *p > 0x8f))
        {
            return 0;
        }

        for (i = 0; i < n; i++) {
            if ((*p++ & 0xc0) != 0x80) {
                return 0;
            }
        }
    }

    return 1;
}
