
/*
 * ngx_gw_base64url: see the header for the contract.
 */


#include "ngx_gw_base64url.h"


#if (__SSE2__ && __x86_64__ && !NGX_GW_PORTABLE)
#include <emmintrin.h>
#define NGX_GW_BASE64URL_SSE2  1
#endif


#define NO  0xff


/* the value of each character; its high bits are set if there is none */
static const u_char  ngx_gw_base64url_value[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63,
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


#if (NGX_GW_BASE64URL_SSE2)

/*
 * Sixteen characters at p to twelve bytes at dst.  Characters that are not of
 * the alphabet have their bytes of *bad set.
 */

static ngx_inline void
ngx_gw_base64url_block(u_char *dst, const u_char *src, __m128i *bad)
{
    __m128i   x, upper, lower, digit, minus, under, valid, add;
    uint64_t  a, b;
    uint32_t  c;

    x = _mm_loadu_si128((const __m128i *) src);

    /* bytes above 0x7f are negative here and in none of the ranges */

    upper = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('A' - 1)),
                          _mm_cmplt_epi8(x, _mm_set1_epi8('Z' + 1)));
    lower = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('a' - 1)),
                          _mm_cmplt_epi8(x, _mm_set1_epi8('z' + 1)));
    digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)),
                          _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
    minus = _mm_cmpeq_epi8(x, _mm_set1_epi8('-'));
    under = _mm_cmpeq_epi8(x, _mm_set1_epi8('_'));

    valid = _mm_or_si128(_mm_or_si128(upper, lower),
                _mm_or_si128(digit, _mm_or_si128(minus, under)));

    *bad = _mm_or_si128(*bad, _mm_xor_si128(valid, _mm_set1_epi8(-1)));

    add = _mm_or_si128(
              _mm_or_si128(_mm_and_si128(upper, _mm_set1_epi8(0 - 'A')),
                           _mm_and_si128(lower, _mm_set1_epi8(26 - 'a'))),
              _mm_or_si128(_mm_and_si128(digit, _mm_set1_epi8(52 - '0')),
                  _mm_or_si128(_mm_and_si128(minus, _mm_set1_epi8(62 - '-')),
                               _mm_and_si128(under,
                                             _mm_set1_epi8(63 - '_')))));

    x = _mm_add_epi8(x, add);

    /* 6 bits in each 8, the first lowest: 12 in each 16, 24 in each 32 */

    x = _mm_or_si128(
            _mm_slli_epi16(_mm_and_si128(x, _mm_set1_epi16(0x00ff)), 6),
            _mm_srli_epi16(x, 8));

    x = _mm_madd_epi16(x, _mm_set1_epi32(0x00011000));

    /* 48 in each 64, the first highest */

    x = _mm_or_si128(_mm_slli_epi64(x, 40),
                     _mm_slli_epi64(_mm_srli_epi64(x, 32), 16));

    a = (uint64_t) _mm_cvtsi128_si64(x);
    b = (uint64_t) _mm_cvtsi128_si64(_mm_unpackhi_epi64(x, x));

    a = __builtin_bswap64(a | (b >> 48));
    c = __builtin_bswap32((uint32_t) (b >> 16));

    ngx_memcpy(dst, &a, 8);
    ngx_memcpy(dst + 8, &c, 4);
}

#endif


ngx_int_t
ngx_gw_base64url_decode(u_char *dst, const u_char *src, size_t len)
{
    u_char         c[4];
    uint32_t       bits, bad;
    const u_char  *value;

#if (NGX_GW_BASE64URL_SSE2)

    __m128i        invalid;

    invalid = _mm_setzero_si128();

    for ( /* void */ ; len >= 16; len -= 16) {
        ngx_gw_base64url_block(dst, src, &invalid);
        src += 16;
        dst += 12;
    }

    if (_mm_movemask_epi8(invalid)) {
        return NGX_DECLINED;
    }

#endif

    value = ngx_gw_base64url_value;
    bad = 0;

    for ( /* void */ ; len >= 4; len -= 4) {
        c[0] = value[src[0]];
        c[1] = value[src[1]];
        c[2] = value[src[2]];
        c[3] = value[src[3]];

        bad |= c[0] | c[1] | c[2] | c[3];
        bits = (c[0] << 18) | (c[1] << 12) | (c[2] << 6) | c[3];

        *dst++ = (u_char) (bits >> 16);
        *dst++ = (u_char) (bits >> 8);
        *dst++ = (u_char) bits;

        src += 4;
    }

    if (len == 1) {
        return NGX_DECLINED;
    }

    if (len) {
        c[0] = value[src[0]];
        c[1] = value[src[1]];
        c[2] = (len == 3) ? value[src[2]] : 0;

        bad |= c[0] | c[1] | c[2];
        bits = (c[0] << 18) | (c[1] << 12) | (c[2] << 6);

        *dst++ = (u_char) (bits >> 16);

        if (len == 3) {
            *dst++ = (u_char) (bits >> 8);
            bits <<= 8;
        }

        /* what is left of the last character must be zero */

        if (bits & 0xffff) {
            return NGX_DECLINED;
        }
    }

    return (bad & 0xc0) ? NGX_DECLINED : NGX_OK;
}
