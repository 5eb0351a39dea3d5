
/*
 * ngx_gw_splice: runs of characters, passed as quickly as possible.  Nothing
 * behind end is read.
 */


#ifndef _NGX_GW_SPLICE_SCAN_H_INCLUDED_
#define _NGX_GW_SPLICE_SCAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_splice.h"

#if (__SSE2__ && !NGX_GW_PORTABLE)
#include <emmintrin.h>
#define NGX_GW_SPLICE_SSE2  1
#endif


#define ngx_gw_splice_is_digit(c)  ((u_char) ((c) - '0') <= 9)


#define S  NGX_GW_SPLICE_STRING
#define N  NGX_GW_SPLICE_NUMBER
#define A  NGX_GW_SPLICE_ARRAY
#define O  NGX_GW_SPLICE_OBJECT
#define T  NGX_GW_SPLICE_TRUE
#define F  NGX_GW_SPLICE_FALSE
#define L  NGX_GW_SPLICE_NULL

/* types of values by their first character */
static const u_char  ngx_gw_splice_types[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, S, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, N, 0, 0,
    N, N, N, N, N, N, N, N, N, N, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, A, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, F, 0, 0, 0, 0, 0, 0, 0, L, 0,
    0, 0, 0, 0, T, 0, 0, 0, 0, 0, 0, O, 0, 0, 0, 0
};

#undef S
#undef N
#undef A
#undef O
#undef T
#undef F
#undef L

/* characters of a string that need no look: ASCII but for '"' and '\' */
static const u_char  ngx_gw_splice_plain[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
};


/* skips plain characters of a string */

static ngx_inline const u_char *
ngx_gw_splice_skip_plain(const u_char *p, const u_char *end)
{
#if (NGX_GW_SPLICE_SSE2)

    __m128i       x, special;
    unsigned int  mask;

    while (end - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) p);

        /* as signed numbers, control characters and all above 0x7f are < 32 */
        special = _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(0x20)),
                      _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                   _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));

        mask = (unsigned int) _mm_movemask_epi8(special);

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

    while (p < end && ngx_gw_splice_plain[*p]) {
        p++;
    }

    return p;
}


static ngx_inline const u_char *
ngx_gw_splice_spaces(const u_char *p, const u_char *end)
{
#if (NGX_GW_SPLICE_SSE2)

    __m128i       x, space;
    unsigned int  mask;

    /* lines are often indented by more than that */

    while (end - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) p);

        space = _mm_or_si128(
                    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(' ')),
                                 _mm_cmpeq_epi8(x, _mm_set1_epi8('\n'))),
                    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\r')),
                                 _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'))));

        mask = (unsigned int) _mm_movemask_epi8(space) ^ 0xffff;

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }

#endif

    while (p < end
           && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    {
        p++;
    }

    return p;
}


/*
 * What is behind the number at p; NULL if it goes on behind the piece, or is
 * none.  A digit behind a zero is found by what comes next.
 */

static ngx_inline const u_char *
ngx_gw_splice_skip_number(const u_char *p, const u_char *end)
{
    p += (*p == '-');

    if (p == end || !ngx_gw_splice_is_digit(*p)) {
        return NULL;
    }

    if (*p++ != '0') {
        while (p < end && ngx_gw_splice_is_digit(*p)) {
            p++;
        }
    }

    if (p < end && *p == '.') {
        p++;

        if (p == end || !ngx_gw_splice_is_digit(*p)) {
            return NULL;
        }

        do {
            p++;
        } while (p < end && ngx_gw_splice_is_digit(*p));
    }

    if (p < end && (*p | 0x20) == 'e') {
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        if (p == end || !ngx_gw_splice_is_digit(*p)) {
            return NULL;
        }

        do {
            p++;
        } while (p < end && ngx_gw_splice_is_digit(*p));
    }

    return p == end ? NULL : p;
}


#endif /* _NGX_GW_SPLICE_SCAN_H_INCLUDED_ */
