
#include "ngx_gw_grpc.h"


/* most digits of a grpc-timeout */
#define NGX_GW_GRPC_TIMEOUT_DIGITS  8
#define NGX_GW_GRPC_TIMEOUT_MAX     99999999


typedef struct {
    ngx_str_t                 name;
    ngx_uint_t                status;    /* of HTTP */
} ngx_gw_grpc_code_t;


/* google/rpc/code.proto */

static const ngx_gw_grpc_code_t  ngx_gw_grpc_codes[] = {
    { ngx_string("OK"), 200 },
    { ngx_string("CANCELLED"), 499 },
    { ngx_string("UNKNOWN"), 500 },
    { ngx_string("INVALID_ARGUMENT"), 400 },
    { ngx_string("DEADLINE_EXCEEDED"), 504 },
    { ngx_string("NOT_FOUND"), 404 },
    { ngx_string("ALREADY_EXISTS"), 409 },
    { ngx_string("PERMISSION_DENIED"), 403 },
    { ngx_string("RESOURCE_EXHAUSTED"), 429 },
    { ngx_string("FAILED_PRECONDITION"), 400 },
    { ngx_string("ABORTED"), 409 },
    { ngx_string("OUT_OF_RANGE"), 400 },
    { ngx_string("UNIMPLEMENTED"), 501 },
    { ngx_string("INTERNAL"), 500 },
    { ngx_string("UNAVAILABLE"), 503 },
    { ngx_string("DATA_LOSS"), 500 },
    { ngx_string("UNAUTHENTICATED"), 401 }
};

#define NGX_GW_GRPC_NCODES                                                    \
    (sizeof(ngx_gw_grpc_codes) / sizeof(ngx_gw_grpc_codes[0]))


static const u_char  ngx_gw_grpc_hex[] = "0123456789ABCDEF";


ngx_uint_t
ngx_gw_grpc_http_status(ngx_uint_t code)
{
    return code < NGX_GW_GRPC_NCODES ? ngx_gw_grpc_codes[code].status : 500;
}


ngx_uint_t
ngx_gw_grpc_code(ngx_uint_t http_status)
{
    switch (http_status) {

    case 400:
    case 406:
    case 411:
    case 414:
    case 415:
    case 422:
        return NGX_GW_GRPC_INVALID_ARGUMENT;

    case 401:
        return NGX_GW_GRPC_UNAUTHENTICATED;

    case 403:
        return NGX_GW_GRPC_PERMISSION_DENIED;

    case 404:
        return NGX_GW_GRPC_NOT_FOUND;

    case 405:
    case 501:
        return NGX_GW_GRPC_UNIMPLEMENTED;

    case 408:
    case 504:
        return NGX_GW_GRPC_DEADLINE_EXCEEDED;

    case 409:
        return NGX_GW_GRPC_ABORTED;

    case 412:
        return NGX_GW_GRPC_FAILED_PRECONDITION;

    case 413:

        /* what gRPC's libraries say of a message that is too large */

    case 429:
        return NGX_GW_GRPC_RESOURCE_EXHAUSTED;

    case 416:
        return NGX_GW_GRPC_OUT_OF_RANGE;

    case 499:
        return NGX_GW_GRPC_CANCELLED;

    case 500:
        return NGX_GW_GRPC_INTERNAL;

    case 502:
    case 503:
        return NGX_GW_GRPC_UNAVAILABLE;
    }

    return (http_status >= 200 && http_status < 300) ? NGX_GW_GRPC_OK
                                                     : NGX_GW_GRPC_UNKNOWN;
}


ngx_uint_t
ngx_gw_grpc_code_of_answer(ngx_uint_t http_status)
{
    switch (http_status) {

    case 400:
        return NGX_GW_GRPC_INTERNAL;

    case 401:
        return NGX_GW_GRPC_UNAUTHENTICATED;

    case 403:
        return NGX_GW_GRPC_PERMISSION_DENIED;

    case 404:
        return NGX_GW_GRPC_UNIMPLEMENTED;

    case 429:
    case 502:
    case 503:
    case 504:
        return NGX_GW_GRPC_UNAVAILABLE;
    }

    return NGX_GW_GRPC_UNKNOWN;
}


const ngx_str_t *
ngx_gw_grpc_code_name(ngx_uint_t code)
{
    if (code >= NGX_GW_GRPC_NCODES) {
        code = NGX_GW_GRPC_UNKNOWN;
    }

    return &ngx_gw_grpc_codes[code].name;
}


void
ngx_gw_grpc_write_head(u_char *dst, size_t len)
{
    dst[0] = 0;
    dst[1] = (u_char) (len >> 24);
    dst[2] = (u_char) (len >> 16);
    dst[3] = (u_char) (len >> 8);
    dst[4] = (u_char) len;
}


u_char *
ngx_gw_grpc_decode_message(u_char *dst, const ngx_str_t *src)
{
    u_char     *p, *last;
    ngx_int_t   c;

    p = src->data;
    last = p + src->len;

    while (p < last) {

        if (*p == '%' && last - p > 2) {
            c = ngx_hextoi(p + 1, 2);

            if (c != NGX_ERROR) {
                *dst++ = (u_char) c;
                p += 3;
                continue;
            }
        }

        *dst++ = *p++;
    }

    return dst;
}


/* printable ASCII stays as it is, apart from "%" */

u_char *
ngx_gw_grpc_encode_message(u_char *dst, const ngx_str_t *src)
{
    u_char  c, *p, *last;

    p = src->data;
    last = p + src->len;

    while (p < last) {
        c = *p++;

        if (c >= 0x20 && c <= 0x7e && c != '%') {
            *dst++ = c;
            continue;
        }

        *dst++ = '%';
        *dst++ = ngx_gw_grpc_hex[c >> 4];
        *dst++ = ngx_gw_grpc_hex[c & 0xf];
    }

    return dst;
}


ngx_msec_t
ngx_gw_grpc_timeout(const ngx_str_t *value)
{
    size_t    i, n;
    uint64_t  ms;

    if (value->len < 2 || value->len > NGX_GW_GRPC_TIMEOUT_DIGITS + 1) {
        return 0;
    }

    n = value->len - 1;

    for (ms = 0, i = 0; i < n; i++) {

        if (value->data[i] < '0' || value->data[i] > '9') {
            return 0;
        }

        ms = ms * 10 + (value->data[i] - '0');
    }

    switch (value->data[n]) {

    case 'H':
        ms *= 3600 * 1000;
        break;

    case 'M':
        ms *= 60 * 1000;
        break;

    case 'S':
        ms *= 1000;
        break;

    case 'm':
        break;

    case 'u':
        ms = (ms + 999) / 1000;
        break;

    case 'n':
        ms = (ms + 999999) / 1000000;
        break;

    default:
        return 0;
    }

    if (ms > NGX_MAX_INT_T_VALUE) {
        ms = NGX_MAX_INT_T_VALUE;
    }

    return ms ? ms : 1;
}


/* in the least unit that has no more than 8 digits, rounded up */

u_char *
ngx_gw_grpc_write_timeout(u_char *dst, ngx_msec_t timeout)
{
    u_char       *p, buf[NGX_GW_GRPC_TIMEOUT_DIGITS];
    uint64_t      n;
    ngx_uint_t    i;

    static const struct {
        u_char    name;
        uint64_t  ms;
    } units[] = {
        { 'm', 1 },
        { 'S', 1000 },
        { 'M', 60 * 1000 },
        { 'H', 3600 * 1000 }
    };

    for (i = 0; /* void */ ; i++) {
        n = timeout / units[i].ms + (timeout % units[i].ms ? 1 : 0);

        if (n <= NGX_GW_GRPC_TIMEOUT_MAX) {
            break;
        }

        if (i == 3) {
            n = NGX_GW_GRPC_TIMEOUT_MAX;
            break;
        }
    }

    p = buf + sizeof(buf);

    do {
        *--p = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    dst = ngx_cpymem(dst, p, buf + sizeof(buf) - p);
    *dst++ = units[i].name;

    return dst;
}
