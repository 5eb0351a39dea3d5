/* unit: ngx_gw_ratelimit/ngx_gw_redis_encode.c */

/*
 * ngx_gw_redis_encode: commands of every length of arguments are those of
 * hiredis, and fit where they are said to.
 */


#include "ngx_gw_redis_encode.h"

#include <hiredis/hiredis.h>


#define ARGS  16
#define LONG  20000


static int
same(ngx_uint_t argc, const char **argv, const size_t *argvlen)
{
    int        rc;
    char      *command;
    size_t     size;
    u_char    *p, *last;
    long long  len;

    len = redisFormatCommandArgv(&command, (int) argc, argv, argvlen);
    size = ngx_gw_redis_encoded_size(argc, argvlen);

    p = malloc(size);
    last = ngx_gw_redis_encode(p, argc, argv, argvlen);

    rc = last - p == len && (size_t) len <= size
         && memcmp(p, command, len) == 0;

    free(p);
    redisFreeCommand(command);

    return rc;
}


int
main(void)
{
    char         text[LONG];
    size_t       i, len, argvlen[ARGS];
    ngx_uint_t   wrong;
    const char  *argv[ARGS];

    for (i = 0; i < LONG; i++) {
        text[i] = (char) (i * 7);
    }

    wrong = 0;

    for (len = 0; len <= 1100; len++) {
        argv[0] = text;
        argvlen[0] = len;
        wrong += !same(1, argv, argvlen);
    }

    unit_ok(wrong == 0, "one argument of each length up to 1100");

    argv[0] = text;
    argvlen[0] = LONG;
    unit_ok(same(1, argv, argvlen), "a long one");

    wrong = 0;

    for (i = 0; i < ARGS; i++) {
        argv[i] = text + i * 3;
        argvlen[i] = i * i;
        wrong += !same(i + 1, argv, argvlen);
    }

    unit_ok(wrong == 0, "up to %d of them", ARGS);

    return unit_done();
}
