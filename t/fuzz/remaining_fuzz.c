/* fuzz: ngx_gw_ratelimit/ngx_gw_remaining.c */

/*
 * ngx_gw_remaining on any text: reads no further than its end, and finds no
 * number that the text does not have.
 */


#include "ngx_gw_remaining.h"


#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char     text[32];
    u_char  *p;
    size_t   i;
    int64_t  n;

    p = malloc(size ? size : 1);

    if (size) {
        memcpy(p, data, size);
    }

    n = ngx_gw_remaining_number(p, p + size);

    must(n == -1
         || (n >= 0 && n <= 999999999999999 && p[0] >= '0' && p[0] <= '9'));

    n = ngx_gw_remaining_ietf(p, p + size);

    must(n >= -1 && n <= 999999999999999);

    if (n > 0) {

        /* its last digits stand somewhere behind an r= */

        snprintf(text, sizeof(text), "%lld", (long long) n);

        for (i = 0; i + strlen(text) <= size; i++) {
            if (memcmp(p + i, text, strlen(text)) == 0) {
                break;
            }
        }

        must(i + strlen(text) <= size);
    }

    free(p);

    return 0;
}
