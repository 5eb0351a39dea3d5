
#include "ngx_gw_remaining.h"


int64_t
ngx_gw_remaining_ietf(u_char *p, u_char *last)
{
    int64_t     n, least;
    ngx_uint_t  quoted;

    least = -1;
    quoted = 0;

    for ( /* void */ ; p < last; p++) {

        if (quoted) {
            if (*p == '\\' && p + 1 < last) {
                p++;

            } else if (*p == '"') {
                quoted = 0;
            }

            continue;
        }

        if (*p == '"') {
            quoted = 1;
            continue;
        }

        if (*p != ';') {
            continue;
        }

        while (p + 1 < last && p[1] == ' ') {
            p++;
        }

        if (last - p > 3 && p[1] == 'r' && p[2] == '=') {
            n = ngx_gw_remaining_number(p + 3, last);

            if (n >= 0 && (least < 0 || n < least)) {
                least = n;
            }
        }
    }

    return least;
}


int64_t
ngx_gw_remaining_number(u_char *p, u_char *last)
{
    u_char   *start;
    int64_t   n;

    n = 0;

    for (start = p; p < last && p < start + 15; p++) {

        if (*p < '0' || *p > '9') {
            break;
        }

        n = n * 10 + (*p - '0');
    }

    return p == start ? -1 : n;
}
