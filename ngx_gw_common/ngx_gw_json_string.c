
/*
 * ngx_gw_json, strings: hashes, escapes and UTF-8, and what is done with
 * strings and names that may have escapes.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


#define NGX_GW_JSON_K1  0x9e3779b97f4a7c15ull
#define NGX_GW_JSON_K2  0xc2b2ae3d27d4eb4full


/* reads a string or name byte by byte, unescaped */
typedef struct {
    const u_char         *pos;
    const u_char         *last;
    ngx_uint_t            n;       /* bytes in buf, read up to i */
    ngx_uint_t            i;
    u_char                buf[4];
} ngx_gw_json_cursor_t;


static ngx_int_t ngx_gw_json_hex4(const u_char *p, const u_char *end);
static void ngx_gw_json_cursor(ngx_gw_json_cursor_t *cur, const u_char *raw,
    size_t len);
static ngx_int_t ngx_gw_json_read(ngx_gw_json_cursor_t *cur);
static const u_char *ngx_gw_json_decode(const u_char *p, const u_char *last,
    u_char **dst);


/* set once by ngx_gw_json_init(), before anything is hashed */
static uint64_t    ngx_gw_json_seed[2] = { NGX_GW_JSON_K1, NGX_GW_JSON_K2 };
static ngx_uint_t  ngx_gw_json_seeded;


/* folds the 128 bits of the product */

static ngx_inline uint64_t
ngx_gw_json_mix(uint64_t a, uint64_t b)
{
#if (__SIZEOF_INT128__ && !NGX_GW_PORTABLE)

    unsigned __int128  r;

    r = (unsigned __int128) a * b;

    return (uint64_t) r ^ (uint64_t) (r >> 64);

#else

    uint64_t  ll, lh, hl, hh, mid;

    ll = (a & 0xffffffff) * (b & 0xffffffff);
    lh = (a & 0xffffffff) * (b >> 32);
    hl = (a >> 32) * (b & 0xffffffff);
    hh = (a >> 32) * (b >> 32);

    mid = (ll >> 32) + (lh & 0xffffffff) + (hl & 0xffffffff);

    return ((mid << 32) | (ll & 0xffffffff))
           ^ (hh + (lh >> 32) + (hl >> 32) + (mid >> 32));

#endif
}


static ngx_inline uint64_t
ngx_gw_json_load64(const u_char *p)
{
    uint64_t  x;

    ngx_memcpy(&x, p, 8);

    return x;
}


static ngx_inline uint64_t
ngx_gw_json_load32(const u_char *p)
{
    uint32_t  x;

    ngx_memcpy(&x, p, 4);

    return x;
}


static ngx_inline uint64_t
ngx_gw_json_hash_block(uint64_t h, const u_char *p)
{
    return ngx_gw_json_mix(ngx_gw_json_load64(p) ^ ngx_gw_json_seed[0],
                           ngx_gw_json_load64(p + 8) ^ h);
}


/* the last n bytes, 0 to 16, of a name of len bytes */

static ngx_inline uint32_t
ngx_gw_json_hash_tail(uint64_t h, const u_char *p, size_t n, size_t len)
{
    uint64_t  a, b;

    if (n >= 8) {
        a = ngx_gw_json_load64(p);
        b = ngx_gw_json_load64(p + n - 8);

    } else if (n >= 4) {
        a = ngx_gw_json_load32(p);
        b = ngx_gw_json_load32(p + n - 4);

    } else if (n > 0) {
        a = ((uint64_t) p[0] << 16) | ((uint64_t) p[n / 2] << 8) | p[n - 1];
        b = 0;

    } else {
        a = 0;
        b = 0;
    }

    h = ngx_gw_json_mix(a ^ ngx_gw_json_seed[0], b ^ h);
    h = ngx_gw_json_mix(h ^ NGX_GW_JSON_K1, len ^ ngx_gw_json_seed[1]);
    h ^= h >> 32;

    return (uint32_t) h ? (uint32_t) h : 1;
}


void
ngx_gw_json_init(uint64_t seed)
{
    if (ngx_gw_json_seeded) {
        return;
    }

    ngx_gw_json_seed[0] = ngx_gw_json_mix(seed ^ NGX_GW_JSON_K1,
                                          NGX_GW_JSON_K2);
    ngx_gw_json_seed[1] = ngx_gw_json_mix(seed ^ NGX_GW_JSON_K2,
                                          NGX_GW_JSON_K1);
    ngx_gw_json_seeded = 1;
}


uint32_t
ngx_gw_json_hash(const u_char *name, size_t len)
{
    size_t    n;
    uint64_t  h;

    h = ngx_gw_json_seed[1];

    for (n = len; n > 16; n -= 16) {
        h = ngx_gw_json_hash_block(h, name);
        name += 16;
    }

    return ngx_gw_json_hash_tail(h, name, n, len);
}


uint32_t
ngx_gw_json_hash_escaped(const u_char *name, size_t len)
{
    size_t                total;
    uint64_t              h;
    ngx_int_t             c;
    ngx_uint_t            n;
    u_char                block[16];
    ngx_gw_json_cursor_t  cur;

    ngx_gw_json_cursor(&cur, name, len);

    h = ngx_gw_json_seed[1];
    n = 0;

    for (total = 0; (c = ngx_gw_json_read(&cur)) >= 0; total++) {

        if (n == 16) {
            h = ngx_gw_json_hash_block(h, block);
            n = 0;
        }

        block[n++] = (u_char) c;
    }

    return ngx_gw_json_hash_tail(h, block, n, total);
}


u_char *
ngx_gw_json_escape(u_char *p, u_char *end)
{
    ngx_int_t  ch;

    if (end - p < 2) {
        return NULL;
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;

    case 'u':
        break;

    default:
        return NULL;
    }

    ch = ngx_gw_json_hex4(p + 2, end);

    if (ch < 0 || (ch >= 0xdc00 && ch <= 0xdfff)) {
        return NULL;
    }

    p += 6;

    if (ch < 0xd800 || ch > 0xdbff) {
        return p;
    }

    /* a high surrogate is half a character */

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return NULL;
    }

    ch = ngx_gw_json_hex4(p + 2, end);

    if (ch < 0xdc00 || ch > 0xdfff) {
        return NULL;
    }

    return p + 6;
}


static ngx_int_t
ngx_gw_json_hex4(const u_char *p, const u_char *end)
{
    u_char      c;
    ngx_int_t   ch;
    ngx_uint_t  i;

    if (end - p < 4) {
        return -1;
    }

    ch = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];

        if (ngx_gw_json_is_digit(c)) {
            ch = ch * 16 + (c - '0');
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return -1;
        }

        ch = ch * 16 + (c - 'a' + 10);
    }

    return ch;
}


u_char *
ngx_gw_json_utf8(u_char *p, u_char *end)
{
    u_char  c;

    while (p < end && *p >= 0x80) {

        c = *p;

        if (c < 0xe0) {

            if (c < 0xc2 || end - p < 2 || (p[1] & 0xc0) != 0x80) {
                return NULL;
            }

            p += 2;
            continue;
        }

        if (c < 0xf0) {

            if (end - p < 3
                || (p[1] & 0xc0) != 0x80
                || (p[2] & 0xc0) != 0x80
                || (c == 0xe0 && p[1] < 0xa0)
                || (c == 0xed && p[1] > 0x9f))
            {
                return NULL;
            }

            p += 3;
            continue;
        }

        if (c > 0xf4
            || end - p < 4
            || (p[1] & 0xc0) != 0x80
            || (p[2] & 0xc0) != 0x80
            || (p[3] & 0xc0) != 0x80
            || (c == 0xf0 && p[1] < 0x90)
            || (c == 0xf4 && p[1] > 0x8f))
        {
            return NULL;
        }

        p += 4;
    }

    return p;
}


u_char *
ngx_gw_json_unescape(ngx_gw_json_t *json, ngx_uint_t node, u_char *dst)
{
    const u_char        *p, *last;
    ngx_gw_json_node_t  *str;

    str = &json->nodes[node];

    p = json->data + str->pos;
    last = p + str->len;

    if ((str->flags & NGX_GW_JSON_VALUE_ESC) == 0) {
        return ngx_cpymem(dst, p, str->len);
    }

    while (p < last) {

        if (*p != '\\') {
            *dst++ = *p++;
            continue;
        }

        p = ngx_gw_json_decode(p, last, &dst);
    }

    return dst;
}


ngx_uint_t
ngx_gw_json_equal(ngx_gw_json_t *json, ngx_uint_t node, ngx_str_t *text)
{
    ngx_gw_json_node_t  *str;

    str = &json->nodes[node];

    if (str->type != NGX_GW_JSON_STRING) {
        return 0;
    }

    return ngx_gw_json_same(json->data + str->pos, str->len,
                            str->flags & NGX_GW_JSON_VALUE_ESC, text);
}


ngx_uint_t
ngx_gw_json_same(const u_char *raw, size_t len, ngx_uint_t escaped,
    ngx_str_t *text)
{
    size_t                i;
    ngx_gw_json_cursor_t  cur;

    if (!escaped) {
        return len == text->len
               && (len == 0 || ngx_memcmp(raw, text->data, len) == 0);
    }

    if (text->len > len) {
        return 0;
    }

    ngx_gw_json_cursor(&cur, raw, len);

    for (i = 0; i < text->len; i++) {
        if (ngx_gw_json_read(&cur) != text->data[i]) {
            return 0;
        }
    }

    return ngx_gw_json_read(&cur) < 0;
}


ngx_uint_t
ngx_gw_json_same_escaped(const u_char *a, size_t alen, const u_char *b,
    size_t blen)
{
    ngx_int_t             c;
    ngx_gw_json_cursor_t  x, y;

    ngx_gw_json_cursor(&x, a, alen);
    ngx_gw_json_cursor(&y, b, blen);

    for ( ;; ) {
        c = ngx_gw_json_read(&x);

        if (c != ngx_gw_json_read(&y)) {
            return 0;
        }

        if (c < 0) {
            return 1;
        }
    }
}


static void
ngx_gw_json_cursor(ngx_gw_json_cursor_t *cur, const u_char *raw, size_t len)
{
    cur->pos = raw;
    cur->last = raw + len;
    cur->n = 0;
    cur->i = 0;
}


/* the next byte, or -1 at the end */

static ngx_int_t
ngx_gw_json_read(ngx_gw_json_cursor_t *cur)
{
    u_char  *dst;

    if (cur->i < cur->n) {
        return cur->buf[cur->i++];
    }

    if (cur->pos == cur->last) {
        return -1;
    }

    if (*cur->pos != '\\') {
        return *cur->pos++;
    }

    dst = cur->buf;

    cur->pos = ngx_gw_json_decode(cur->pos, cur->last, &dst);

    cur->n = dst - cur->buf;
    cur->i = 1;

    return cur->buf[0];
}


/*
 * Writes what the valid escape at p stands for, 1 to 4 bytes and less than
 * the escape itself, and returns what is behind the escape.  parse() has
 * refused unpaired surrogates; of texts read by others they are 3 bytes, as
 * if they were characters, so that names are told apart.
 */

static const u_char *
ngx_gw_json_decode(const u_char *p, const u_char *last, u_char **dst)
{
    u_char     *d;
    ngx_int_t   ch, low;

    d = *dst;

    if (p[1] != 'u') {
        *dst = d + 1;

        switch (p[1]) {

        case 'b':
            *d = '\b';
            break;

        case 'f':
            *d = '\f';
            break;

        case 'n':
            *d = '\n';
            break;

        case 'r':
            *d = '\r';
            break;

        case 't':
            *d = '\t';
            break;

        default:
            *d = p[1];
        }

        return p + 2;
    }

    ch = ngx_gw_json_hex4(p + 2, last);
    low = -1;
    p += 6;

    if (ch >= 0xd800 && ch <= 0xdbff
        && last - p >= 6 && p[0] == '\\' && p[1] == 'u')
    {
        low = ngx_gw_json_hex4(p + 2, last);
    }

    if (low >= 0xdc00 && low <= 0xdfff) {
        p += 6;

        ch = 0x10000 + ((ch - 0xd800) << 10) + (low - 0xdc00);

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
