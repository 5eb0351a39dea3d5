/*
 * How long ngx_gw_route takes to find the route of a request, by the number of
 * routes.
 *
 * route [ROUNDS]
 *
 * A line for each kind of request and number of services, of which each has
 * five routes (the first line has one service and one route):
 *
 *     NAME ROUTES NS RATIO
 *
 * NS is nanoseconds a request, the median of the rounds; requests of a round
 * go to all services in no order.  RATIO is that of the first line of the kind
 * divided by it: 1 where the number of routes costs nothing.
 */


#include <time.h>

#include "ngx_gw_route.h"


#define ROUNDS    201
#define REQUESTS  4096
#define PER       5                /* routes of a service */


typedef struct {
    const char       *name;
    const char       *method;
    const char       *path;        /* %d: the service */
} kind_t;


static ngx_gw_routes_t *routes_of(int services, int per);
static void run(const kind_t *kind, ngx_gw_routes_t *routes, int services,
    int rounds, double *ns);
static double now(void);
static int by_value(const void *one, const void *two);


static ngx_pool_t  pool_of_all;
static ngx_pool_t *pool = &pool_of_all;
static u_char      values[4096];   /* what is decoded, again and again */
static int         running;


static const char  *templates[PER] = {
    "GET /v1/{name=projects/*/things%d/*}",
    "GET /v1/{parent=projects/*}/things%d",
    "POST /v1/{parent=projects/*}/things%d",
    "PATCH /v1/{thing.name=projects/*/things%d/*}",
    "POST /v1/{name=projects/*/things%d/*}:cancel%d"
};


static const kind_t  kinds[] = {
    { "found", "GET", "/v1/projects/my-project/things%d/a-thing" },
    { "decoded", "GET", "/v1/projects/my-project/things%d/a%%20thing" },
    { "none", "GET", "/v1/projects/my-project/thing%d/a-thing" }
};


int
main(int argc, char **argv)
{
    int                 i, k, rounds, n;
    double              ns, first;
    ngx_gw_routes_t    *routes;

    static const int    sizes[] = { 1, 1, 20, 200, 2000, 20000 };

    rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;

    if (rounds < 1) {
        fprintf(stderr, "usage: route [ROUNDS]\n");
        return 2;
    }

    for (k = 0; k < (int) (sizeof(kinds) / sizeof(kinds[0])); k++) {
        first = 0;

        for (i = 0; i < (int) (sizeof(sizes) / sizeof(sizes[0])); i++) {
            n = i ? PER : 1;
            routes = routes_of(sizes[i], n);

            run(&kinds[k], routes, sizes[i], rounds, &ns);

            if (i == 0) {
                first = ns;
            }

            printf("%-8s %7d %8.1f %6.2f\n", kinds[k].name, sizes[i] * n, ns,
                   first / ns);
        }
    }

    return 0;
}


static ngx_gw_routes_t *
routes_of(int services, int per)
{
    int               i, k;
    char              text[256], *space;
    ngx_str_t         method, template, error;
    ngx_gw_route_t   *route;
    ngx_gw_routes_t  *routes;

    running = 0;
    routes = ngx_gw_routes_create(pool);

    for (i = 0; i < services; i++) {
        for (k = 0; k < per; k++) {
            /* verbs are shared by some of the services */
            sprintf(text, templates[k], i, i % 20);

            space = strchr(text, ' ');
            method.data = (u_char *) text;
            method.len = space - text;
            template.data = (u_char *) space + 1;
            template.len = strlen(space + 1);

            if (ngx_gw_routes_add(routes, &method, &template, routes, &route,
                                  &error)
                != NGX_OK)
            {
                fprintf(stderr, "%.*s\n", (int) error.len,
                        (char *) error.data);
                exit(1);
            }
        }
    }

    (void) ngx_gw_routes_finish(routes);
    running = 1;

    return routes;
}


static void
run(const kind_t *kind, ngx_gw_routes_t *routes, int services, int rounds,
    double *ns)
{
    int                    i, k, want;
    char                   text[256];
    double                 start, *times;
    uint32_t               random;
    ngx_str_t              method, allow, *paths;
    ngx_gw_route_match_t   match;

    method.data = (u_char *) kind->method;
    method.len = strlen(kind->method);

    paths = malloc(REQUESTS * sizeof(ngx_str_t));
    times = malloc(rounds * sizeof(double));
    random = 1;

    for (i = 0; i < REQUESTS; i++) {
        random = random * 1664525 + 1013904223;
        paths[i].len = sprintf(text, kind->path, (random >> 8) % services);
        paths[i].data = (u_char *) strdup(text);
    }

    want = strcmp(kind->name, "none") ? NGX_OK : NGX_DECLINED;

    for (k = 0; k < rounds; k++) {
        start = now();

        for (i = 0; i < REQUESTS; i++) {
            if (ngx_gw_routes_match(routes, pool, &method, &paths[i], 1,
                                    &match, &allow)
                != want)
            {
                fprintf(stderr, "%s: not as it should be\n",
                        (char *) paths[i].data);
                exit(1);
            }
        }

        times[k] = (now() - start) / REQUESTS;
    }

    qsort(times, rounds, sizeof(double), by_value);
    *ns = times[rounds / 2];

    for (i = 0; i < REQUESTS; i++) {
        free(paths[i].data);
    }

    free(paths);
    free(times);
}


/* routes stay until the end, values until the next one */

void *
ngx_palloc(ngx_pool_t *p, size_t size)
{
    return running ? values : malloc(size);
}


void *
ngx_pnalloc(ngx_pool_t *p, size_t size)
{
    return ngx_palloc(p, size);
}


void *
ngx_pcalloc(ngx_pool_t *p, size_t size)
{
    return running ? values : calloc(1, size);
}


ngx_int_t
ngx_pfree(ngx_pool_t *p, void *data)
{
    free(data);

    return NGX_OK;
}


/* no template here has escapes */

ngx_int_t
ngx_hextoi(u_char *line, size_t n)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_memn2cmp(u_char *s1, u_char *s2, size_t n1, size_t n2)
{
    int  rc;

    rc = memcmp(s1, s2, ngx_min(n1, n2));

    return rc || n1 == n2 ? rc : n1 < n2 ? -1 : 1;
}


u_char *
ngx_vslprintf(u_char *buf, u_char *last, const char *fmt, va_list args)
{
    return buf;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1e9 + ts.tv_nsec;
}


static int
by_value(const void *one, const void *two)
{
    double  a, b;

    a = *(const double *) one;
    b = *(const double *) two;

    return (a > b) - (a < b);
}
