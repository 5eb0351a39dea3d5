
/*
 * ngx_gw_pb_print, numbers.  Floating point numbers are printed with as few
 * digits as tell them from their neighbours, and of those that do, the ones
 * nearest to the number: the method is Raffaello Giulietti's ("The Schubfach
 * way to render doubles"), with 128 bits of each power of ten.
 */


#include "ngx_gw_pb_print_internal.h"
#include "ngx_gw_pb_print_pow10.h"


/* a number is digits * 10^exponent */
typedef struct {
    uint64_t                  digits;
    ngx_int_t                 exponent;
} ngx_gw_pb_decimal_t;


static u_char *ngx_gw_pb_print_special(u_char *dst, ngx_uint_t minus,
    ngx_uint_t nan);
static u_char *ngx_gw_pb_print_zero(u_char *dst, ngx_uint_t minus);
static void ngx_gw_pb_shortest(uint64_t c, ngx_int_t q, ngx_uint_t uneven,
    ngx_gw_pb_decimal_t *decimal);
static u_char *ngx_gw_pb_print_decimal(u_char *dst,
    ngx_gw_pb_decimal_t *decimal);


const u_char  ngx_gw_pb_print_digits[200] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";


#if (NGX_HAVE_LITTLE_ENDIAN && !NGX_GW_PORTABLE)


/* the digits of a number below 10^8, the first one in the lowest byte */

static ngx_inline uint64_t
ngx_gw_pb_8_digits(uint32_t v)
{
    uint64_t  x, tens;

    x = v / 10000;
    x |= (uint64_t) (v - (uint32_t) x * 10000) << 32;

    /* two numbers below 10^4 become four below 100, and these eight digits */

    tens = ((x * 10486) >> 20) & 0x0000007f0000007full;
    x = tens + ((x - 100 * tens) << 16);

    tens = ((x * 103) >> 10) & 0x000f000f000f000full;

    return tens + ((x - 10 * tens) << 8);
}


/* up to 7 bytes more than meant are written */

static ngx_inline u_char *
ngx_gw_pb_print_below_8(u_char *dst, uint32_t v)
{
    uint64_t    x;
    ngx_uint_t  zeros;

    x = ngx_gw_pb_8_digits(v);

    zeros = __builtin_ctzll(x | 1ull << 56) & ~7;

    x = (x + 0x3030303030303030ull) >> zeros;

    ngx_memcpy(dst, &x, 8);

    return dst + 8 - zeros / 8;
}


static ngx_inline u_char *
ngx_gw_pb_print_all_8(u_char *dst, uint32_t v)
{
    uint64_t  x;

    x = ngx_gw_pb_8_digits(v) + 0x3030303030303030ull;

    ngx_memcpy(dst, &x, 8);

    return dst + 8;
}


#else


static u_char *
ngx_gw_pb_print_below_8(u_char *dst, uint32_t v)
{
    u_char      text[10];
    ngx_uint_t  i;

    i = 10;

    do {
        i -= 2;
        ngx_memcpy(text + i, &ngx_gw_pb_print_digits[v % 100 * 2], 2);
        v /= 100;
    } while (v);

    i += (text[i] == '0' && i < 9);

    return ngx_cpymem(dst, text + i, 10 - i);
}


static u_char *
ngx_gw_pb_print_all_8(u_char *dst, uint32_t v)
{
    ngx_uint_t  i;

    for (i = 8; i > 0; /* void */) {
        i -= 2;
        ngx_memcpy(dst + i, &ngx_gw_pb_print_digits[v % 100 * 2], 2);
        v /= 100;
    }

    return dst + 8;
}


#endif


u_char *
ngx_gw_pb_print_uint64(u_char *dst, uint64_t v)
{
    uint64_t  high;

    if (v < 100000000) {
        return ngx_gw_pb_print_below_8(dst, (uint32_t) v);
    }

    high = v / 100000000;
    v -= high * 100000000;

    if (high < 100000000) {
        dst = ngx_gw_pb_print_below_8(dst, (uint32_t) high);

    } else {
        dst = ngx_gw_pb_print_below_8(dst, (uint32_t) (high / 100000000));
        dst = ngx_gw_pb_print_all_8(dst, (uint32_t) (high % 100000000));
    }

    return ngx_gw_pb_print_all_8(dst, (uint32_t) v);
}


u_char *
ngx_gw_pb_print_double(u_char *dst, double v)
{
    uint64_t             bits, c;
    ngx_int_t            q;
    ngx_gw_pb_decimal_t  decimal;

    ngx_memcpy(&bits, &v, 8);

    c = bits & 0xfffffffffffffull;
    q = (bits >> 52) & 0x7ff;

    if (q == 0x7ff) {
        return ngx_gw_pb_print_special(dst, bits >> 63, c != 0);
    }

    *dst = '-';
    dst += bits >> 63;

    if (q == 0) {

        if (c == 0) {
            return ngx_gw_pb_print_zero(dst, bits >> 63);
        }

        ngx_gw_pb_shortest(c, -1074, 0, &decimal);

        return ngx_gw_pb_print_decimal(dst, &decimal);
    }

    c |= 1ull << 52;
    q -= 1075;

    /* an integer that no other number rounds to */

    if (q <= 0 && q > -53 && (c & ((1ull << -q) - 1)) == 0) {
        return ngx_gw_pb_print_uint64(dst, c >> -q);
    }

    ngx_gw_pb_shortest(c, q, c == 1ull << 52 && q != -1074, &decimal);

    return ngx_gw_pb_print_decimal(dst, &decimal);
}


u_char *
ngx_gw_pb_print_float(u_char *dst, float v)
{
    uint32_t             bits, c;
    ngx_int_t            q;
    ngx_gw_pb_decimal_t  decimal;

    ngx_memcpy(&bits, &v, 4);

    c = bits & 0x7fffff;
    q = (bits >> 23) & 0xff;

    if (q == 0xff) {
        return ngx_gw_pb_print_special(dst, bits >> 31, c != 0);
    }

    *dst = '-';
    dst += bits >> 31;

    if (q == 0) {

        if (c == 0) {
            return ngx_gw_pb_print_zero(dst, bits >> 31);
        }

        ngx_gw_pb_shortest(c, -149, 0, &decimal);

        return ngx_gw_pb_print_decimal(dst, &decimal);
    }

    c |= 1u << 23;
    q -= 150;

    if (q <= 0 && q > -24 && (c & ((1u << -q) - 1)) == 0) {
        return ngx_gw_pb_print_uint64(dst, c >> -q);
    }

    ngx_gw_pb_shortest(c, q, c == 1u << 23 && q != -149, &decimal);

    return ngx_gw_pb_print_decimal(dst, &decimal);
}


static u_char *
ngx_gw_pb_print_special(u_char *dst, ngx_uint_t minus, ngx_uint_t nan)
{
    if (nan) {
        return ngx_cpymem(dst, "\"NaN\"", sizeof("\"NaN\"") - 1);
    }

    if (minus) {
        return ngx_cpymem(dst, "\"-Infinity\"", sizeof("\"-Infinity\"") - 1);
    }

    return ngx_cpymem(dst, "\"Infinity\"", sizeof("\"Infinity\"") - 1);
}


/* as integers, many parsers take "-0" for "0": dst is behind the sign */

static u_char *
ngx_gw_pb_print_zero(u_char *dst, ngx_uint_t minus)
{
    *dst++ = '0';

    if (minus) {
        *dst++ = '.';
        *dst++ = '0';
    }

    return dst;
}


/*
 * The upper bits of g * c, g being of 128 bits; the last bit is set if any
 * beyond it is, but for what the error of g may be.
 */

static ngx_inline uint64_t
ngx_gw_pb_scale(const ngx_gw_pb_pow10_t *g, uint64_t c)
{
#if (__SIZEOF_INT128__ && !NGX_GW_PORTABLE)

    unsigned __int128  x;

    x = (unsigned __int128) g->low * c;
    x = (unsigned __int128) g->high * c + (uint64_t) (x >> 64);

    return (uint64_t) (x >> 64) | ((uint64_t) x > 1);

#else

    uint64_t    c0, c1, g0, g1, mid, low, carry, high;
    ngx_uint_t  i;

    c0 = c & 0xffffffff;
    c1 = c >> 32;
    carry = 0;
    low = 0;
    high = 0;

    for (i = 0; i < 2; i++) {
        g0 = (i ? g->high : g->low) & 0xffffffff;
        g1 = (i ? g->high : g->low) >> 32;

        mid = ((g0 * c0) >> 32) + ((g1 * c0) & 0xffffffff)
              + ((g0 * c1) & 0xffffffff);

        low = (mid << 32) | ((g0 * c0) & 0xffffffff);
        high = g1 * c1 + ((g1 * c0) >> 32) + ((g0 * c1) >> 32) + (mid >> 32);

        low += carry;
        high += (low < carry);

        carry = high;
    }

    return high | (low > 1);

#endif
}


/*
 * The number is c * 2^q; with uneven, the one below is half as far away as
 * the one above.
 */

static void
ngx_gw_pb_shortest(uint64_t c, ngx_int_t q, ngx_uint_t uneven,
    ngx_gw_pb_decimal_t *decimal)
{
    uint64_t                  s, t, v, below, above, odd, tens;
    ngx_int_t                 k, h;
    ngx_uint_t                low, high;
    const ngx_gw_pb_pow10_t  *g;

    odd = c & 1;

    /* k = floor(log10(2^q)), uneven: of 3/4 of that */

    k = q * 1262611 - (uneven ? 524031 : 0);
    k >>= 22;

    /* h = q + floor(log2(10^-k)) + 1 */

    h = q + ((-k * 1741647) >> 19) + 1;

    g = &ngx_gw_pb_pow10[-k - NGX_GW_PB_POW10_MIN];

    /* four times the number and what is halfway to those beside it, / 10^k */

    v = ngx_gw_pb_scale(g, (4 * c) << h);
    below = ngx_gw_pb_scale(g, (4 * c - 2 + uneven) << h) + odd;
    above = ngx_gw_pb_scale(g, (4 * c + 2) << h) - odd;

    s = v / 4;

    decimal->exponent = k;

    /* a digit less */

    tens = s / 10;

    low = (below <= 40 * tens);
    high = (40 * tens + 40 <= above);

    if (low != high) {
        decimal->digits = tens + high;
        decimal->exponent = k + 1;
        return;
    }

    t = s + 1;

    low = (below <= 4 * s);
    high = (4 * t <= above);

    if (low != high) {
        decimal->digits = s + high;
        return;
    }

    /* both will do, or none: the one that is nearer, an even one if none is */

    if (v == 4 * s + 2) {
        decimal->digits = s + (s & 1);

    } else {
        decimal->digits = s + (v > 4 * s + 2);
    }
}


static u_char *
ngx_gw_pb_print_decimal(u_char *dst, ngx_gw_pb_decimal_t *decimal)
{
    u_char     *last;
    uint64_t    digits, q;
    ngx_int_t   n, e;

    digits = decimal->digits;
    e = decimal->exponent;

    for ( ;; ) {
        q = digits / 10;

        if (q * 10 != digits) {
            break;
        }

        digits = q;
        e++;
    }

    last = ngx_gw_pb_print_uint64(dst, digits);
    n = last - dst;

    if (e >= 0 && n + e <= 16) {

        /* 12300 */

        ngx_memset(last, '0', e);

        return last + e;
    }

    if (e < 0 && n + e > 0) {

        /* 1.23 */

        ngx_memmove(last + e + 1, last + e, -e);
        last[e] = '.';

        return last + 1;
    }

    if (e < 0 && n + e > -4) {

        /* 0.000123 */

        ngx_memmove(dst + 2 - e - n, dst, n);
        ngx_memset(dst, '0', 2 - e - n);
        dst[1] = '.';

        return dst + 2 - e;
    }

    /* 1.23e45 */

    e += n - 1;

    if (n > 1) {
        ngx_memmove(dst + 2, dst + 1, n - 1);
        dst[1] = '.';
        dst++;
    }

    dst += n;

    *dst++ = 'e';

    if (e < 0) {
        *dst++ = '-';
        e = -e;
    }

    return ngx_gw_pb_print_uint64(dst, e);
}
