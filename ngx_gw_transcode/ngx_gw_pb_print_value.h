
/*
 * ngx_gw_pb_print: single values, read and written.
 */


#ifndef _NGX_GW_PB_PRINT_VALUE_H_INCLUDED_
#define _NGX_GW_PB_PRINT_VALUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_pb_print_internal.h"


#define NGX_GW_PB_PRINT_NUMBER(tag)  ((uint32_t) ((tag) >> 3))
#define NGX_GW_PB_PRINT_WIRE(tag)    ((ngx_uint_t) ((tag) & 7))


static ngx_inline uint32_t
ngx_gw_pb_print_load32(const u_char *p)
{
#if (NGX_HAVE_LITTLE_ENDIAN)

    uint32_t  n;

    ngx_memcpy(&n, p, 4);

    return n;

#else

    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t) p[3] << 24;

#endif
}


/* eight times seven bits */

static ngx_inline uint64_t
ngx_gw_pb_print_squeeze(uint64_t x)
{
    x = (x & 0x007f007f007f007full) | ((x & 0x7f007f007f007f00ull) >> 1);
    x = (x & 0x00003fff00003fffull) | ((x & 0x3fff00003fff0000ull) >> 2);
    x = (x & 0x000000000fffffffull) | ((x & 0x0fffffff00000000ull) >> 4);

    return x;
}


/* a varint; p may be at the end */

static ngx_inline const u_char *
ngx_gw_pb_print_varint(const u_char *p, const u_char *end, uint64_t *v)
{
#if (NGX_HAVE_LITTLE_ENDIAN)

    uint64_t    x, m;
    ngx_uint_t  n;

#endif

    if (p < end && *p < 0x80) {
        *v = *p;
        return p + 1;
    }

#if (NGX_HAVE_LITTLE_ENDIAN)

    if (end - p >= 8) {
        ngx_memcpy(&x, p, 8);

        m = ~x & 0x8080808080808080ull;

        if (m) {
            n = __builtin_ctzll(m);

            /* its bytes, without the bits that say whether it goes on */

            *v = ngx_gw_pb_print_squeeze(x & (m ^ (m - 1))
                                         & 0x7f7f7f7f7f7f7f7full);

            return p + (n >> 3) + 1;
        }

        /* a negative number of 32 bits, most likely */

        if (end - p >= 10 && p[8] >= 0x80 && p[9] < 2) {
            x = ngx_gw_pb_print_squeeze(x & 0x7f7f7f7f7f7f7f7full);

            *v = x | (uint64_t) (p[8] & 0x7f) << 56 | (uint64_t) p[9] << 63;

            return p + 10;
        }
    }

#endif

    return ngx_gw_pb_read_varint_slow(p, end, v);
}


/* the value behind a tag, of strings and messages its length; NULL: cut */

static ngx_inline const u_char *
ngx_gw_pb_print_value(const u_char *p, const u_char *end, ngx_uint_t wire,
    uint64_t *v)
{
    switch (wire) {

    case NGX_GW_PB_VARINT:
        return ngx_gw_pb_print_varint(p, end, v);

    case NGX_GW_PB_LEN:
        p = ngx_gw_pb_print_varint(p, end, v);

        if (p == NULL || *v > (uint64_t) (end - p)) {
            return NULL;
        }

        return p;

    case NGX_GW_PB_I64:

        if (end - p < 8) {
            return NULL;
        }

        *v = ngx_gw_pb_print_load32(p)
             | (uint64_t) ngx_gw_pb_print_load32(p + 4) << 32;

        return p + 8;

    case NGX_GW_PB_I32:

        if (end - p < 4) {
            return NULL;
        }

        *v = ngx_gw_pb_print_load32(p);

        return p + 4;

    default: /* NGX_GW_PB_SGROUP */
        *v = 1;
        return p;
    }
}


static ngx_inline u_char *
ngx_gw_pb_print_signed(u_char *dst, int64_t v)
{
    if (v < 0) {
        *dst++ = '-';
        return ngx_gw_pb_print_uint64(dst, 0 - (uint64_t) v);
    }

    return ngx_gw_pb_print_uint64(dst, v);
}


static ngx_inline u_char *
ngx_gw_pb_print_enum(ngx_gw_pb_printer_t *pr, const ngx_gw_pb_field_t *field,
    int32_t n, u_char *dst)
{
    uint32_t                 i;
    const ngx_gw_pb_enum_t  *e;
    const ngx_gw_pb_value_t *value;

    e = field->enumeration;

    if (e->null_value) {
        return ngx_cpymem(dst, "null", 4);
    }

    if (pr->conf.enum_numbers) {
        return ngx_gw_pb_print_signed(dst, n);
    }

    i = (uint32_t) n - (uint32_t) e->dense_min;

    if (i < e->ndense) {
        value = e->dense[i] ? &e->values[e->dense[i] - 1] : NULL;

    } else {
        value = ngx_gw_pb_find_number(e, n);
    }

    if (value == NULL) {
        return ngx_gw_pb_print_signed(dst, n);
    }

    if (value->print.len > NGX_GW_PB_PRINT_SHORT) {
        return ngx_gw_pb_print_text(pr, value->print.data, value->print.len,
                                    dst);
    }

    return ngx_gw_pb_print_copy(dst, value->print.data, value->print.len);
}


/* a number, bool or enum, and the comma; there is room for it */

static ngx_inline u_char *
ngx_gw_pb_print_scalar(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, uint64_t v, u_char *dst)
{
    float     f;
    double    d;
    uint32_t  n;

    switch (field->type) {

    case NGX_GW_PB_INT32:
    case NGX_GW_PB_SFIXED32:
        dst = ngx_gw_pb_print_signed(dst, (int32_t) v);
        break;

    case NGX_GW_PB_UINT32:
    case NGX_GW_PB_FIXED32:
        dst = ngx_gw_pb_print_uint64(dst, (uint32_t) v);
        break;

    case NGX_GW_PB_SINT32:
        n = (uint32_t) v;
        dst = ngx_gw_pb_print_signed(dst, (int32_t) ((n >> 1) ^ (0 - (n & 1))));
        break;

    case NGX_GW_PB_INT64:
    case NGX_GW_PB_SFIXED64:
        *dst++ = '"';
        dst = ngx_gw_pb_print_signed(dst, (int64_t) v);
        *dst++ = '"';
        break;

    case NGX_GW_PB_UINT64:
    case NGX_GW_PB_FIXED64:
        *dst++ = '"';
        dst = ngx_gw_pb_print_uint64(dst, v);
        *dst++ = '"';
        break;

    case NGX_GW_PB_SINT64:
        *dst++ = '"';
        dst = ngx_gw_pb_print_signed(dst, (int64_t) ((v >> 1) ^ (0 - (v & 1))));
        *dst++ = '"';
        break;

    case NGX_GW_PB_BOOL:

        if (v) {
            ngx_memcpy(dst, "true", 4);
            dst += 4;

        } else {
            ngx_memcpy(dst, "false", 5);
            dst += 5;
        }

        break;

    case NGX_GW_PB_ENUM:
        dst = ngx_gw_pb_print_enum(pr, field, (int32_t) v, dst);

        if (dst == NULL) {
            return NULL;
        }

        break;

    case NGX_GW_PB_FLOAT:
        n = (uint32_t) v;
        ngx_memcpy(&f, &n, 4);
        dst = ngx_gw_pb_print_float(dst, f);
        break;

    default: /* NGX_GW_PB_DOUBLE */
        ngx_memcpy(&d, &v, 8);
        dst = ngx_gw_pb_print_double(dst, d);

        /* only infinity and what is no number have quotes */

        if (dst[-1] == '"'
            && pr->frame->message->kind == NGX_GW_PB_VALUE)
        {
            return ngx_gw_pb_print_refuse(pr, pr->frame->message, field,
                                          "not a number that JSON has");
        }
    }

    *dst++ = ',';

    return dst;
}


#endif /* _NGX_GW_PB_PRINT_VALUE_H_INCLUDED_ */
