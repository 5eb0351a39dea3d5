
/*
 * ngx_gw_document: values of valid JSON, passed as quickly as possible by
 * their brackets and quotes.  Nothing behind end is read.
 */


#ifndef _NGX_GW_DOCUMENT_SCAN_H_INCLUDED_
#define _NGX_GW_DOCUMENT_SCAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_splice.h"
#include "ngx_gw_splice_scan.h"


/*
 * p is behind a quote; what is behind the one that ends the string.  *escaped
 * is set if there is a backslash.
 */

static ngx_inline u_char *
ngx_gw_document_string(u_char *p, u_char *end, ngx_uint_t *escaped)
{
#if (NGX_GW_SPLICE_SSE2)

    __m128i       x;
    unsigned int  mask;

    while (end - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) p);

        mask = (unsigned int) _mm_movemask_epi8(
                   _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));

        if (mask == 0) {
            p += 16;
            continue;
        }

        p += __builtin_ctz(mask);

        if (*p == '"') {
            return p + 1;
        }

        *escaped = 1;
        p += 2;
    }

#endif

    for ( ;; ) {

        if (*p == '"') {
            return p + 1;
        }

        if (*p == '\\') {
            *escaped = 1;
            p++;
        }

        p++;
    }
}


#if (NGX_GW_SPLICE_SSE2)

/* of 64 bytes, a bit for each */
typedef struct {
    uint64_t  quote;
    uint64_t  backslash;
    uint64_t  open;
    uint64_t  close;
} ngx_gw_document_bits_t;


static ngx_inline uint64_t
ngx_gw_document_equal(__m128i x, char c, ngx_uint_t shift)
{
    return (uint64_t) (unsigned int)
               _mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(c)))
           << shift;
}


static ngx_inline void
ngx_gw_document_bits(const u_char *p, ngx_gw_document_bits_t *bits)
{
    __m128i     x, bracket;
    ngx_uint_t  i;

    ngx_memzero(bits, sizeof(ngx_gw_document_bits_t));

    for (i = 0; i < 64; i += 16) {
        x = _mm_loadu_si128((const __m128i *) (p + i));

        /* "[" and "{" differ in one bit, as "]" and "}" do */
        bracket = _mm_or_si128(x, _mm_set1_epi8(0x20));

        bits->quote |= ngx_gw_document_equal(x, '"', i);
        bits->backslash |= ngx_gw_document_equal(x, '\\', i);
        bits->open |= ngx_gw_document_equal(bracket, '{', i);
        bits->close |= ngx_gw_document_equal(bracket, '}', i);
    }
}


/* what stands behind a backslash that is not escaped itself */

static ngx_inline uint64_t
ngx_gw_document_escaped(uint64_t backslash)
{
    uint64_t  first, escaped;

    for (escaped = 0; backslash; backslash &= ~(first | first << 1)) {
        first = backslash & -backslash;
        escaped |= first << 1;
    }

    return escaped;
}


/* from each quote that begins a string to the one that ends it */

static ngx_inline uint64_t
ngx_gw_document_within(uint64_t quote)
{
    quote ^= quote << 1;
    quote ^= quote << 2;
    quote ^= quote << 4;
    quote ^= quote << 8;
    quote ^= quote << 16;
    quote ^= quote << 32;

    return quote;
}

#endif


/*
 * Passes what is within an object or array, of which *depth brackets are open.
 * What is behind the bracket that closes all, *depth is 0 then; or else some
 * place behind limit that is in no string.
 */

static ngx_inline u_char *
ngx_gw_document_nested(u_char *p, u_char *end, u_char *limit, size_t *depth)
{
    size_t      n;
    ngx_uint_t  escaped;

#if (NGX_GW_SPLICE_SSE2)

    size_t                   len;
    u_char                   rest[64];
    uint64_t                 within, below, behind;
    ngx_gw_document_bits_t   bits;

#endif

    n = *depth;
    escaped = 0;

    while (p < limit) {

#if (NGX_GW_SPLICE_SSE2)

        len = 64;

        if (end - p >= 64) {
            ngx_gw_document_bits(p, &bits);

        } else {
            len = end - p;
            ngx_memzero(rest, 64);
            ngx_memcpy(rest, p, len);
            ngx_gw_document_bits(rest, &bits);
        }

        behind = ngx_gw_document_escaped(bits.backslash);
        within = ngx_gw_document_within(bits.quote & ~behind);

        bits.open &= ~within;
        bits.close &= ~within;

        for ( /* void */ ; bits.close; bits.close &= bits.close - 1) {

            below = bits.open & ((bits.close & -bits.close) - 1);
            bits.open ^= below;

            for ( /* void */ ; below; below &= below - 1) {
                n++;
            }

            if (--n == 0) {
                *depth = 0;
                return p + __builtin_ctzll(bits.close) + 1;
            }
        }

        for ( /* void */ ; bits.open; bits.open &= bits.open - 1) {
            n++;
        }

        p += len;

        if (within >> 63) {

            /* a string goes on, perhaps with what a backslash stands before */

            if (p[-1] == '\\' && !(behind >> 63)) {
                p++;
            }

            p = ngx_gw_document_string(p, end, &escaped);
        }

#else

        switch (*p++) {

        case '[':
        case '{':
            n++;
            break;

        case ']':
        case '}':
            if (--n == 0) {
                *depth = 0;
                return p;
            }

            break;

        case '"':
            p = ngx_gw_document_string(p, end, &escaped);
            break;
        }

#endif
    }

    *depth = n;

    return p;
}


/* what is behind a number or a literal, which does not end the text */

static ngx_inline u_char *
ngx_gw_document_scalar(u_char *p)
{
    while (*p > ' ' && *p != ',' && *p != '}' && *p != ']') {
        p++;
    }

    return p;
}


#endif /* _NGX_GW_DOCUMENT_SCAN_H_INCLUDED_ */
