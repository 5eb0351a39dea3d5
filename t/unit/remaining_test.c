/* unit: ngx_gw_ratelimit/ngx_gw_remaining.c */

/*
 * ngx_gw_remaining: what fields say, and inputs that end at a page that must
 * not be touched.
 */


#include "ngx_gw_remaining.h"


typedef struct {
    const char  *text;
    int64_t      least;
} remaining_case_t;


static const remaining_case_t  ietf[] = {
    { "\"default\";r=50;t=30", 50 },
    { "\"a\";r=5, \"b\";r=3;t=1", 3 },
    { "\"a\"; r=5", 5 },
    { "\"a\";t=1;r=0", 0 },
    { "\"a;r=1\";r=7", 7 },
    { "\"a\\\";r=1\";r=9", 9 },
    { "\"a\";pk=:cg==:;r=999999999999999", 999999999999999 },
    { "\"a\";r=9999999999999999", 999999999999999 },
    { "a;r=4", 4 },
    { "\"a\"", -1 },
    { "\"a\";rr=4", -1 },
    { "\"a\";r=", -1 },
    { "\"a\";r", -1 },
    { "\"a\";r=-1", -1 },
    { "\"a\";r=x", -1 },
    { "\"a;r=4", -1 },
    { "\"a\\", -1 },
    { ";", -1 },
    { "; ", -1 },
    { ";r=", -1 },
    { ";r=1", 1 },
    { "", -1 }
};

static const remaining_case_t  number[] = {
    { "0", 0 },
    { "42", 42 },
    { "42, 17", 42 },
    { "999999999999999", 999999999999999 },
    { "9999999999999999", 999999999999999 },
    { "-1", -1 },
    { " 1", -1 },
    { "", -1 }
};


static void
check(const char *name, int64_t (*parse)(u_char *p, u_char *last),
    const remaining_case_t *c, ngx_uint_t n)
{
    size_t      len;
    u_char     *p;
    int64_t     least;
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        len = strlen(c[i].text);
        p = unit_guard_end(c[i].text, len);

        least = parse(p, p + len);

        unit_ok(least == c[i].least, "%s %s: %lld", name, c[i].text,
                (long long) least);
    }
}


int
main(void)
{
    check("RateLimit", ngx_gw_remaining_ietf, ietf,
          sizeof(ietf) / sizeof(ietf[0]));
    check("X-RateLimit-Remaining", ngx_gw_remaining_number, number,
          sizeof(number) / sizeof(number[0]));

    return unit_done();
}
