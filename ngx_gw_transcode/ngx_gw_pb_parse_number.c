
/*
 * ngx_gw_pb_parse, numbers: decimal to integers and, rounded as IEEE 754 has
 * it, to doubles and floats.
 *
 * A double is made of 64 bits of digits times 64 bits of the power of five,
 * which is cut where it is none of the first 28: the product is exact but for
 * one in its upper half.  Where that may round either way, and for numbers
 * that are very large, very small or have many digits, strtod() is asked.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json_internal.h"

#include <float.h>
#include <math.h>


#if (__SIZEOF_INT128__ && !NGX_GW_PORTABLE)
#define NGX_GW_PB_INT128       1
#endif

/* more digits than decide on how a double is rounded */
#define NGX_GW_PB_MAX_DIGITS   800

#define NGX_GW_PB_MAX_EXP      99999

/* powers of five in the table, and those that are exact in it */
#define NGX_GW_PB_MAX_POWER    65
#define NGX_GW_PB_EXACT_POWER  27


static double ngx_gw_pb_strtod(const u_char *p, const u_char *end,
    float *single);


#if (NGX_GW_PB_INT128)

/* 5^-65 to 5^65, of each the first 64 bits */
static const uint64_t  ngx_gw_pb_powers[2 * NGX_GW_PB_MAX_POWER + 1] = {
    0x86ccbb52ea94baeaull, 0xa87fea27a539e9a5ull, 0xd29fe4b18e88640eull,
    0x83a3eeeef9153e89ull, 0xa48ceaaab75a8e2bull, 0xcdb02555653131b6ull,
    0x808e17555f3ebf11ull, 0xa0b19d2ab70e6ed6ull, 0xc8de047564d20a8bull,
    0xfb158592be068d2eull, 0x9ced737bb6c4183dull, 0xc428d05aa4751e4cull,
    0xf53304714d9265dfull, 0x993fe2c6d07b7fabull, 0xbf8fdb78849a5f96ull,
    0xef73d256a5c0f77cull, 0x95a8637627989aadull, 0xbb127c53b17ec159ull,
    0xe9d71b689dde71afull, 0x9226712162ab070dull, 0xb6b00d69bb55c8d1ull,
    0xe45c10c42a2b3b05ull, 0x8eb98a7a9a5b04e3ull, 0xb267ed1940f1c61cull,
    0xdf01e85f912e37a3ull, 0x8b61313bbabce2c6ull, 0xae397d8aa96c1b77ull,
    0xd9c7dced53c72255ull, 0x881cea14545c7575ull, 0xaa242499697392d2ull,
    0xd4ad2dbfc3d07787ull, 0x84ec3c97da624ab4ull, 0xa6274bbdd0fadd61ull,
    0xcfb11ead453994baull, 0x81ceb32c4b43fcf4ull, 0xa2425ff75e14fc31ull,
    0xcad2f7f5359a3b3eull, 0xfd87b5f28300ca0dull, 0x9e74d1b791e07e48ull,
    0xc612062576589ddaull, 0xf79687aed3eec551ull, 0x9abe14cd44753b52ull,
    0xc16d9a0095928a27ull, 0xf1c90080baf72cb1ull, 0x971da05074da7beeull,
    0xbce5086492111aeaull, 0xec1e4a7db69561a5ull, 0x9392ee8e921d5d07ull,
    0xb877aa3236a4b449ull, 0xe69594bec44de15bull, 0x901d7cf73ab0acd9ull,
    0xb424dc35095cd80full, 0xe12e13424bb40e13ull, 0x8cbccc096f5088cbull,
    0xafebff0bcb24aafeull, 0xdbe6fecebdedd5beull, 0x89705f4136b4a597ull,
    0xabcc77118461cefcull, 0xd6bf94d5e57a42bcull, 0x8637bd05af6c69b5ull,
    0xa7c5ac471b478423ull, 0xd1b71758e219652bull, 0x83126e978d4fdf3bull,
    0xa3d70a3d70a3d70aull, 0xccccccccccccccccull, 0x8000000000000000ull,
    0xa000000000000000ull, 0xc800000000000000ull, 0xfa00000000000000ull,
    0x9c40000000000000ull, 0xc350000000000000ull, 0xf424000000000000ull,
    0x9896800000000000ull, 0xbebc200000000000ull, 0xee6b280000000000ull,
    0x9502f90000000000ull, 0xba43b74000000000ull, 0xe8d4a51000000000ull,
    0x9184e72a00000000ull, 0xb5e620f480000000ull, 0xe35fa931a0000000ull,
    0x8e1bc9bf04000000ull, 0xb1a2bc2ec5000000ull, 0xde0b6b3a76400000ull,
    0x8ac7230489e80000ull, 0xad78ebc5ac620000ull, 0xd8d726b7177a8000ull,
    0x878678326eac9000ull, 0xa968163f0a57b400ull, 0xd3c21bcecceda100ull,
    0x84595161401484a0ull, 0xa56fa5b99019a5c8ull, 0xcecb8f27f4200f3aull,
    0x813f3978f8940984ull, 0xa18f07d736b90be5ull, 0xc9f2c9cd04674edeull,
    0xfc6f7c4045812296ull, 0x9dc5ada82b70b59dull, 0xc5371912364ce305ull,
    0xf684df56c3e01bc6ull, 0x9a130b963a6c115cull, 0xc097ce7bc90715b3ull,
    0xf0bdc21abb48db20ull, 0x96769950b50d88f4ull, 0xbc143fa4e250eb31ull,
    0xeb194f8e1ae525fdull, 0x92efd1b8d0cf37beull, 0xb7abc627050305adull,
    0xe596b7b0c643c719ull, 0x8f7e32ce7bea5c6full, 0xb35dbf821ae4f38bull,
    0xe0352f62a19e306eull, 0x8c213d9da502de45ull, 0xaf298d050e4395d6ull,
    0xdaf3f04651d47b4cull, 0x88d8762bf324cd0full, 0xab0e93b6efee0053ull,
    0xd5d238a4abe98068ull, 0x85a36366eb71f041ull, 0xa70c3c40a64e6c51ull,
    0xd0cf4b50cfe20765ull, 0x82818f1281ed449full, 0xa321f2d7226895c7ull,
    0xcbea6f8ceb02bb39ull, 0xfee50b7025c36a08ull, 0x9f4f2726179a2245ull,
    0xc722f0ef9d80aad6ull, 0xf8ebad2b84e0d58bull, 0x9b934c3b330c8577ull,
    0xc2781f49ffcfa6d5ull, 0xf316271c7fc3908aull
};


/* NGX_DECLINED: undecided */

static ngx_inline ngx_int_t
ngx_gw_pb_multiply(uint64_t digits, int64_t power, double *value)
{
    uint64_t           high, low, half, rest;
    ngx_int_t          lead, shift, exp;
    ngx_uint_t         exact, carry;
    unsigned __int128  product;

    lead = __builtin_clzll(digits);
    digits <<= lead;

    exact = (power >= 0 && power <= NGX_GW_PB_EXACT_POWER);

    product = (unsigned __int128) digits
              * ngx_gw_pb_powers[power + NGX_GW_PB_MAX_POWER];

    high = (uint64_t) (product >> 64);
    low = (uint64_t) product;

    /* what was cut may add one to high */
    carry = (!exact && low + digits < low);

    /* 53 bits are kept */

    shift = 10 + (high >> 63);
    half = (uint64_t) 1 << (shift - 1);
    rest = high & (2 * half - 1);
    high >>= shift;

    if (rest >= half) {

        if (rest > half || low) {
            high++;

        } else if (exact) {
            high += high & 1;

        } else {
            return NGX_DECLINED;
        }

    } else if (rest + carry >= half) {
        return NGX_DECLINED;
    }

    /* 152170 / 2^16 is log2(5), near enough for these powers */

    exp = shift + 64 - lead + ((power * 152170) >> 16) - 63 + power;

    if (high >> 53) {
        high >>= 1;
        exp++;
    }

    /* normal ones all, since powers are few: 2^-221 at least */

    high = (high & ~((uint64_t) 1 << 52)) | ((uint64_t) (exp + 1075) << 52);

    ngx_memcpy(value, &high, sizeof(double));

    return NGX_OK;
}

#endif


const u_char *
ngx_gw_pb_decimal(const u_char *p, const u_char *end,
    ngx_gw_pb_decimal_t *decimal)
{
    u_char         c;
    int64_t        exp, e;
    uint64_t       digits;
    ngx_uint_t     n, minus;
    const u_char  *start, *first;

    decimal->minus = 0;
    decimal->more = 0;

    if (p < end && *p == '-') {
        decimal->minus = 1;
        p++;
    }

    if (p == end || !ngx_gw_json_is_digit(*p)) {
        return NULL;
    }

    exp = 0;
    digits = 0;

    /* 19 digits fit, whatever they are */

    first = p;
    p = ngx_gw_pb_read_digits(p, end, &digits);

    n = p - first;

    if (*first == '0' && n > 1) {
        return NULL;
    }

    if (p < end && *p == '.') {
        start = ++p;
        p = ngx_gw_pb_read_digits(p, end, &digits);

        if (p == start) {
            return NULL;
        }

        exp = start - p;
        n += p - start;
    }

    if (n > 19) {

        /* again, with care */

        digits = 0;
        exp = 0;
        n = 0;
        c = 0;

        for (start = first; start < p; start++) {

            if (*start == '.') {
                c = '.';
                continue;
            }

            if (!decimal->more
                && (n < 19
                    || (n == 19
                        && digits <= (UINT64_MAX - (*start - '0')) / 10)))
            {
                digits = digits * 10 + (*start - '0');
                n += (digits != 0);
                exp -= (c == '.');
                continue;
            }

            n = 20;
            decimal->more |= (*start != '0');
            exp += (c != '.');
        }
    }

    if (p < end && (*p | 0x20) == 'e') {
        p++;
        minus = 0;

        if (p < end && (*p == '+' || *p == '-')) {
            minus = (*p++ == '-');
        }

        if (p == end || !ngx_gw_json_is_digit(*p)) {
            return NULL;
        }

        for (e = 0; p < end && ngx_gw_json_is_digit(*p); p++) {

            /* much more than a text has digits */

            if (e < (int64_t) 1 << 40) {
                e = e * 10 + (*p - '0');
            }
        }

        exp += minus ? -e : e;
    }

    decimal->digits = digits;
    decimal->exp = exp;

    return p;
}


const char *
ngx_gw_pb_double(const u_char *p, const u_char *end,
    const ngx_gw_pb_decimal_t *decimal, double *value)
{
    double  d;

    if (decimal->digits == 0) {
        *value = decimal->minus ? -0.0 : 0.0;
        return NULL;
    }

#if (NGX_GW_PB_INT128)

    if (!decimal->more
        && decimal->exp >= -NGX_GW_PB_MAX_POWER
        && decimal->exp <= NGX_GW_PB_MAX_POWER
        && ngx_gw_pb_multiply(decimal->digits, decimal->exp, &d) == NGX_OK)
    {
        *value = decimal->minus ? -d : d;
        return NULL;
    }

#endif

    d = ngx_gw_pb_strtod(p, end, NULL);

    if (isinf(d)) {
        return "is out of range";
    }

    *value = d;

    return NULL;
}


const char *
ngx_gw_pb_float(const u_char *p, const u_char *end,
    const ngx_gw_pb_decimal_t *decimal, float *value)
{
    double       d, a;
    float        f;
    uint64_t     bits;
    const char  *reason;

    reason = ngx_gw_pb_double(p, end, decimal, &d);

    if (reason) {
        return reason;
    }

    a = fabs(d);

    if (a > 2.0 * FLT_MAX) {
        return "is out of range";
    }

    ngx_memcpy(&bits, &d, sizeof(double));
    bits &= 0x1fffffff;

    /* 29 bits are cut: near the middle, the first rounding decided */

    if (a != 0 && (a < FLT_MIN || (bits >= 0xfffffff && bits <= 0x10000001))) {
        (void) ngx_gw_pb_strtod(p, end, &f);

    } else {
        f = (float) d;
    }

    if (isinf(f)) {
        return "is out of range";
    }

    *value = f;

    return NULL;
}


/* of a text without a dot, so that no locale matters */

static double
ngx_gw_pb_strtod(const u_char *p, const u_char *end, float *single)
{
    char        *dst, text[NGX_GW_PB_MAX_DIGITS + 32];
    double       value;
    int64_t      exp, e;
    ngx_uint_t   n, dot, minus, more;

    value = 0;
    dst = text;

    if (*p == '-') {
        *dst++ = '-';
        p++;
    }

    exp = 0;
    n = 0;
    dot = 0;
    more = 0;

    for ( /* void */ ; p < end && (*p | 0x20) != 'e'; p++) {

        if (*p == '.') {
            dot = 1;
            continue;
        }

        if (n == 0 && *p == '0') {
            exp -= dot;
            continue;
        }

        if (n == NGX_GW_PB_MAX_DIGITS) {
            more |= (*p != '0');
            exp += !dot;
            continue;
        }

        *dst++ = (char) *p;
        n++;
        exp -= dot;
    }

    if (n == 0) {
        *dst++ = '0';
    }

    if (more) {
        *dst++ = '1';
        exp--;
    }

    if (p < end) {
        p++;
        minus = 0;

        if (*p == '+' || *p == '-') {
            minus = (*p++ == '-');
        }

        for (e = 0; p < end && e < (int64_t) 1 << 40; p++) {
            e = e * 10 + (*p - '0');
        }

        exp += minus ? -e : e;
    }

    exp = ngx_min(exp, NGX_GW_PB_MAX_EXP);
    exp = ngx_max(exp, -NGX_GW_PB_MAX_EXP);

    *dst++ = 'e';

    if (exp < 0) {
        *dst++ = '-';
        exp = -exp;
    }

    dst = (char *) ngx_sprintf((u_char *) dst, "%L", exp);
    *dst = '\0';

    if (single) {
        *single = strtof(text, NULL);

    } else {
        value = strtod(text, NULL);
    }

    return value;
}


const char *
ngx_gw_pb_integer(const ngx_gw_pb_decimal_t *decimal, uint64_t *value)
{
    int64_t   exp;
    uint64_t  v;

    v = decimal->digits;
    exp = decimal->exp;

    if (v == 0) {
        *value = 0;
        return NULL;
    }

    /* 20 digits, and more of which one is not 0 */

    if (decimal->more) {
        return exp <= 0 ? "is no integer" : "is out of range";
    }

    while (exp < 0) {

        if (v % 10) {
            return "is no integer";
        }

        v /= 10;
        exp++;
    }

    while (exp > 0) {

        if (v > UINT64_MAX / 10) {
            return "is out of range";
        }

        v *= 10;
        exp--;
    }

    *value = v;

    return NULL;
}


const char *
ngx_gw_pb_fit(ngx_uint_t type, ngx_uint_t minus, uint64_t *value)
{
    uint64_t  v, max;

    v = *value;

    switch (type) {

    case NGX_GW_PB_UINT32:
    case NGX_GW_PB_FIXED32:
        max = minus ? 0 : UINT32_MAX;
        break;

    case NGX_GW_PB_UINT64:
    case NGX_GW_PB_FIXED64:
        max = minus ? 0 : UINT64_MAX;
        break;

    case NGX_GW_PB_INT64:
    case NGX_GW_PB_SINT64:
    case NGX_GW_PB_SFIXED64:
        max = (uint64_t) INT64_MAX + minus;
        break;

    default: /* INT32, SINT32, SFIXED32, ENUM */
        max = (uint64_t) INT32_MAX + minus;
    }

    if (v > max) {
        return "is out of range";
    }

    *value = minus ? 0 - v : v;

    return NULL;
}
