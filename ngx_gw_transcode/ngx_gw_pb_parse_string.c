
/*
 * ngx_gw_pb_parse, strings: found, copied, freed from escapes; and base64.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json_internal.h"


static u_char *ngx_gw_pb_unescape(u_char *dst, const u_char *p,
    const u_char *end);
static uint32_t ngx_gw_pb_hex4(const u_char *p);


/* characters of a string that need no look: ASCII but for '"' and '\' */
static const u_char  ngx_gw_pb_plain_char[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
};


/* both alphabets; 64: none of them */
static const u_char  ngx_gw_pb_base64_value[256] = {
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 62, 64, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
    64,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 63,
    64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64
};


#if (NGX_GW_PB_SSE2)

/* a bit for each of 16 characters that needs a look */

static ngx_inline unsigned int
ngx_gw_pb_special(__m128i x)
{
    /* as signed numbers, control characters and all above 0x7f are < 32 */

    return (unsigned int) _mm_movemask_epi8(
               _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(0x20)),
                   _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')))));
}

#endif


static ngx_inline const u_char *
ngx_gw_pb_skip_plain(const u_char *p, const u_char *end)
{
#if (NGX_GW_PB_SSE2)

    unsigned int  mask;

    while (end - p >= 16) {
        mask = ngx_gw_pb_special(_mm_loadu_si128((const __m128i *) p));

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }

#else

    uint64_t  x, q, b;

    const uint64_t  ones = 0x0101010101010101ull;

    while (end - p >= 8) {
        ngx_memcpy(&x, p, 8);

        q = x ^ (ones * '"');
        b = x ^ (ones * '\\');

        /* a borrow may set a high bit too many, but only above a true one */

        if (((x - ones * 0x20) | (q - ones) | (b - ones) | x) & (ones * 0x80))
        {
            break;
        }

        p += 8;
    }

#endif

    while (p < end && ngx_gw_pb_plain_char[*p]) {
        p++;
    }

    return p;
}


const u_char *
ngx_gw_pb_scan_string(ngx_gw_pb_parser_t *parser, const u_char *p,
    ngx_uint_t *escaped)
{
    u_char        *next;
    const char    *reason;
    const u_char  *end;

    end = parser->end;
    *escaped = 0;

    for ( ;; ) {

        p = ngx_gw_pb_skip_plain(p, end);

        if (p == end) {
            reason = "a string is not closed";
            break;
        }

        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\') {
            *escaped = 1;

            next = ngx_gw_json_escape((u_char *) p, (u_char *) end);
            reason = "invalid escape in a string";

        } else if (*p < 0x20) {
            reason = "control character in a string";
            break;

        } else {
            next = ngx_gw_json_utf8((u_char *) p, (u_char *) end);
            reason = "invalid UTF-8 in a string";
        }

        if (next == NULL) {
            break;
        }

        p = next;
    }

    ngx_gw_pb_failed(parser, p, reason);

    return NULL;
}


const u_char *
ngx_gw_pb_parse_text(ngx_gw_pb_parser_t *parser, const u_char *p,
    ngx_str_t *text)
{
    u_char        *dst;
    ngx_uint_t     escaped;
    const u_char  *last;

    last = ngx_gw_pb_scan_string(parser, ++p, &escaped);
    if (last == NULL) {
        return NULL;
    }

    text->data = (u_char *) p;
    text->len = last - 1 - p;

    if (!escaped) {
        return last;
    }

    dst = ngx_gw_pb_scratch(parser, text->len);
    if (dst == NULL) {
        return NULL;
    }

    text->data = dst;
    text->len = ngx_gw_pb_unescape(dst, p, last - 1) - dst;

    return last;
}


const u_char *
ngx_gw_pb_parse_string(ngx_gw_pb_parser_t *parser, const u_char *tag,
    ngx_uint_t ntag, const u_char *p, ngx_uint_t force)
{
    size_t         len, room;
    u_char        *dst, *start;
    ngx_str_t      text;
    ngx_uint_t     escaped, n;
    const u_char  *last;

    if (*p != '"') {
        ngx_gw_pb_bad(parser, p, "is no string");
        return NULL;
    }

    p++;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM + NGX_GW_PB_SHORT + 16)
        != NGX_OK)
    {
        return NULL;
    }

#if (NGX_GW_PB_SSE2)

    {
        __m128i        x;
        unsigned int   mask;
        const u_char  *q;

        dst = parser->last + ntag + 1;
        q = p;

        while (parser->end - q >= 16 && q - p < NGX_GW_PB_SHORT) {
            x = _mm_loadu_si128((const __m128i *) q);
            _mm_storeu_si128((__m128i *) dst, x);

            mask = ngx_gw_pb_special(x);

            if (mask == 0) {
                q += 16;
                dst += 16;
                continue;
            }

            q += __builtin_ctz(mask);

            if (*q != '"') {
                break;
            }

            len = q - p;

            if (len || force) {
                dst = ngx_gw_pb_put_tag(parser->last, tag, ntag);
                *dst++ = (u_char) len;
                parser->last = dst + len;
            }

            return q + 1;
        }
    }

#endif

    last = ngx_gw_pb_scan_string(parser, p, &escaped);
    if (last == NULL) {
        return NULL;
    }

    len = last - 1 - p;

    if (len == 0 && !force) {
        return last;
    }

    text.data = (u_char *) p;
    text.len = len;

    room = parser->limit - parser->last;

    if (escaped && room < len + NGX_GW_PB_ROOM
        && (size_t) (parser->last - parser->start) + len
           > parser->conf.max_size)
    {
        /* it may be much shorter, so that it fits after all */

        dst = ngx_gw_pb_scratch(parser, len);
        if (dst == NULL) {
            return NULL;
        }

        text.data = dst;
        text.len = ngx_gw_pb_unescape(dst, p, last - 1) - dst;
        escaped = 0;
    }

    if (ngx_gw_pb_room(parser, text.len + NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    dst = ngx_gw_pb_put_tag(parser->last, tag, ntag);
    start = ngx_gw_pb_write_varint(dst, text.len);

    if (!escaped) {
        parser->last = ngx_cpymem(start, text.data, text.len);
        return last;
    }

    len = ngx_gw_pb_unescape(start, p, last - 1) - start;
    n = ngx_gw_pb_varint_len(len);

    if (dst + n != start) {
        ngx_memmove(dst + n, start, len);
    }

    parser->last = ngx_gw_pb_write_varint(dst, len) + len;

    return last;
}


/* [p, end) is known to be valid; what is written is never longer */

static u_char *
ngx_gw_pb_unescape(u_char *dst, const u_char *p, const u_char *end)
{
    uint32_t       ch;
    const u_char  *start;

    for ( ;; ) {

        start = p;

        /* plain but for what is beyond ASCII */

        for ( ;; ) {
            p = ngx_gw_pb_skip_plain(p, end);

            if (p == end || *p == '\\') {
                break;
            }

            p++;
        }

        dst = ngx_cpymem(dst, start, p - start);

        if (p == end) {
            return dst;
        }

        p += 2;

        switch (p[-1]) {

        case 'b':
            *dst++ = '\b';
            continue;

        case 'f':
            *dst++ = '\f';
            continue;

        case 'n':
            *dst++ = '\n';
            continue;

        case 'r':
            *dst++ = '\r';
            continue;

        case 't':
            *dst++ = '\t';
            continue;

        case 'u':
            break;

        default:
            *dst++ = p[-1];
            continue;
        }

        ch = ngx_gw_pb_hex4(p);
        p += 4;

        if (ch < 0x80) {
            *dst++ = (u_char) ch;
            continue;
        }

        if (ch < 0x800) {
            *dst++ = (u_char) (0xc0 | (ch >> 6));
            *dst++ = (u_char) (0x80 | (ch & 0x3f));
            continue;
        }

        if ((ch & 0xf800) != 0xd800) {
            *dst++ = (u_char) (0xe0 | (ch >> 12));
            *dst++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
            *dst++ = (u_char) (0x80 | (ch & 0x3f));
            continue;
        }

        /* surrogates come in pairs */

        ch = 0x10000 + ((ch & 0x3ff) << 10) + (ngx_gw_pb_hex4(p + 2) & 0x3ff);
        p += 6;

        *dst++ = (u_char) (0xf0 | (ch >> 18));
        *dst++ = (u_char) (0x80 | ((ch >> 12) & 0x3f));
        *dst++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        *dst++ = (u_char) (0x80 | (ch & 0x3f));
    }
}


static uint32_t
ngx_gw_pb_hex4(const u_char *p)
{
    u_char      c;
    uint32_t    ch;
    ngx_uint_t  i;

    ch = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];
        ch = ch * 16 + (ngx_gw_json_is_digit(c) ? c - '0'
                                                : (c | 0x20) - 'a' + 10);
    }

    return ch;
}


ngx_uint_t
ngx_gw_pb_is_utf8(const u_char *p, size_t len)
{
    const u_char  *end;

    end = p + len;

    while (p < end) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        p = ngx_gw_json_utf8((u_char *) p, (u_char *) end);

        if (p == NULL) {
            return 0;
        }
    }

    return 1;
}


size_t
ngx_gw_pb_base64_len(const u_char *src, size_t len)
{
    if (len % 4 == 0 && len && src[len - 1] == '=') {
        len -= (src[len - 2] == '=') ? 2 : 1;
    }

    return len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0);
}


u_char *
ngx_gw_pb_base64(u_char *dst, const u_char *src, size_t len)
{
    u_char         a, b, c, d;
    const u_char  *end, *table;

    table = ngx_gw_pb_base64_value;

    /* padding may be missing, but not be wrong */

    if (len % 4 == 0 && len && src[len - 1] == '=') {
        len -= (src[len - 2] == '=') ? 2 : 1;
    }

    if (len % 4 == 1) {
        return NULL;
    }

    for (end = src + (len & ~(size_t) 3); src < end; src += 4) {
        a = table[src[0]];
        b = table[src[1]];
        c = table[src[2]];
        d = table[src[3]];

        if ((a | b | c | d) & 64) {
            return NULL;
        }

        *dst++ = (u_char) (a << 2 | b >> 4);
        *dst++ = (u_char) (b << 4 | c >> 2);
        *dst++ = (u_char) (c << 6 | d);
    }

    len %= 4;

    if (len == 0) {
        return dst;
    }

    a = table[src[0]];
    b = table[src[1]];
    c = (len == 3) ? table[src[2]] : 0;

    if ((a | b | c) & 64) {
        return NULL;
    }

    *dst++ = (u_char) (a << 2 | b >> 4);

    if (len == 3) {
        *dst++ = (u_char) (b << 4 | c >> 2);
    }

    return dst;
}
