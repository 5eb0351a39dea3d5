
#include "ngx_gw_redis_encode.h"


static u_char *ngx_gw_redis_encode_number(u_char *p, u_char type, size_t n);


size_t
ngx_gw_redis_encoded_size(ngx_uint_t argc, const size_t *argvlen)
{
    size_t      size;
    ngx_uint_t  i;

    size = sizeof("*" CRLF) - 1 + NGX_SIZE_T_LEN;

    for (i = 0; i < argc; i++) {
        size += sizeof("$" CRLF CRLF) - 1 + NGX_SIZE_T_LEN + argvlen[i];
    }

    return size;
}


u_char *
ngx_gw_redis_encode(u_char *p, ngx_uint_t argc, const char **argv,
    const size_t *argvlen)
{
    ngx_uint_t  i;

    p = ngx_gw_redis_encode_number(p, '*', argc);

    for (i = 0; i < argc; i++) {
        p = ngx_gw_redis_encode_number(p, '$', argvlen[i]);
        p = ngx_cpymem(p, argv[i], argvlen[i]);
        *p++ = CR;
        *p++ = LF;
    }

    return p;
}


static u_char *
ngx_gw_redis_encode_number(u_char *p, u_char type, size_t n)
{
    u_char  *digit, digits[NGX_SIZE_T_LEN];

    *p++ = type;

    digit = digits + sizeof(digits);

    do {
        *--digit = (u_char) ('0' + n % 10);
        n /= 10;
    } while (n);

    p = ngx_cpymem(p, digit, digits + sizeof(digits) - digit);
    *p++ = CR;
    *p++ = LF;

    return p;
}
