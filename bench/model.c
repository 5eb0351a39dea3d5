/*
 * Many gateways with one limit in one Redis, event by event: each runs the
 * module's own ngx_gw_lease.c, and Redis does what its script does.  An ideal
 * GCRA is fed with the same arrivals.  Prints what of them passed, and what it
 * cost, as a line of name=value.
 *
 * model NAME=VALUE ...
 *     gateways=4  rate=1000  (a second)  burst=100
 *     load=1      offered, in parts of the rate
 *     skew=0      so much of the load at the first of four gateways, or at a
 *                 tenth of more; 0: the same at all
 *     arrivals=poisson   or even, one behind the other, or burst: in clusters
 *     mode=leased        or exact
 *     horizon=100 (ms)   rtt=300 (us, on average)   cost=1
 *     seconds=60  seed=1
 */


#include <math.h>

#include "ngx_gw_lease.h"


#define SECOND    1000000
#define PATIENCE  (20 * 1000)

/* members of a cluster come so close together, in us */
#define CLUSTER         16
#define CLUSTER_SPREAD  2000

#define POISSON  0
#define EVEN     1
#define BURST    2

/* events */
#define ARRIVAL  0
#define CALL     1          /* reaches Redis */
#define ANSWER   2          /* reaches the gateway */


typedef struct {
    int64_t                t;
    int                    what;
    int                    gateway;

    int64_t                sent;
    ngx_gw_lease_ask_t     ask;
    ngx_gw_lease_reply_t   reply;
    ngx_uint_t             admitted;
} event_t;


typedef struct {
    ngx_gw_lease_t         lease;

    double                 rate;        /* of arrivals, a second */
    double                 next;
    int                    cluster;     /* arrivals left in it */

    int64_t               *waiting;     /* when they came */
    size_t                 nwaiting;
    size_t                 size;

    unsigned long          requests;
    unsigned long          admitted;
    unsigned long          calls;
    unsigned long          waits;
} gateway_t;


static int                   gateways = 4;
static double                rate = 1000;
static double                burst = 100;
static double                load = 1;
static double                skew = 0;
static int                   arrivals = POISSON;
static int                   exact = 0;
static int64_t               horizon = 100 * 1000;
static int64_t               rtt = 300;
static uint32_t              cost = 1;
static double                seconds = 60;

static uint64_t              seed = 1;

static ngx_gw_limit_t        limit;
static gateway_t            *all;

static event_t              *heap;
static size_t                nheap;
static size_t                heap_size;

/* what Redis keeps: the arrival time as the script has it */
static struct {
    int64_t                  tat;
    uint32_t                 fraction;
    int64_t                  most;
} state;

static ngx_gw_limit_state_t  counted;    /* in mode exact */
static ngx_gw_limit_state_t  ideal;
static unsigned long         ideal_admitted;

/* GCRA of what has passed, never refusing */
static int64_t               line;
static uint32_t              line_fraction;
static int64_t               worst = INT64_MIN;

static double               *delays;
static size_t                ndelays;


static uint64_t
next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed * 0x2545f4914f6cdd1d;
}


static double
uniform(void)
{
    return ((next_random() >> 11) + 0.5) / 9007199254740992.0;
}


/* a way to Redis or back */

static int64_t
way(void)
{
    return (int64_t) (rtt * (0.25 + 0.5 * uniform()));
}


static void
push(event_t *e)
{
    size_t  i, parent;

    if (nheap == heap_size) {
        heap_size = 2 * heap_size + 1024;
        heap = realloc(heap, heap_size * sizeof(event_t));

        if (heap == NULL) {
            abort();
        }
    }

    for (i = nheap++; i; i = parent) {
        parent = (i - 1) / 2;

        if (heap[parent].t <= e->t) {
            break;
        }

        heap[i] = heap[parent];
    }

    heap[i] = *e;
}


static event_t
pop(void)
{
    size_t   i, child;
    event_t  first, last;

    first = heap[0];
    last = heap[--nheap];

    for (i = 0; 2 * i + 1 < nheap; i = child) {
        child = 2 * i + 1;

        if (child + 1 < nheap && heap[child + 1].t < heap[child].t) {
            child++;
        }

        if (heap[child].t >= last.t) {
            break;
        }

        heap[i] = heap[child];
    }

    heap[i] = last;

    return first;
}


static void
add(int64_t *whole, uint32_t *fraction, uint32_t n)
{
    int64_t   more;
    uint32_t  part;

    ngx_gw_limit_intervals(&limit, n, &more, &part);

    *whole += more;
    *fraction += part;

    if (*fraction >= limit.number) {
        *fraction -= limit.number;
        (*whole)++;
    }
}


/* NGX_GW_SCRIPT_LEASE */

static void
reserve(int64_t now, const ngx_gw_lease_ask_t *ask,
    ngx_gw_lease_reply_t *reply)
{
    int64_t            most, sooner, reach, slack, part;
    uint32_t           n;
    unsigned __int128  fit;

    most = limit.tolerance + limit.whole + 2 + ask->reach;

    if (state.tat < now) {
        state.tat = now;
        state.fraction = 0;

    } else {
        most = ngx_max(most, state.most);
    }

    if (state.tat < now + ask->from) {
        state.tat = now + ask->from;
        state.fraction = 0;
    }

    sooner = most > limit.tolerance + limit.whole + 2 ? ask->early : 0;
    reach = ngx_max(ask->reach, sooner);
    slack = now + limit.tolerance + reach - state.tat;
    part = (int64_t) limit.tolerance_fraction - state.fraction;

    if (part < 0) {
        slack--;
        part += limit.number;
    }

    n = 0;

    if (slack >= 0) {
        fit = ((unsigned __int128) slack * limit.number + part) / limit.period;
        n = fit + 1 < ask->count ? (uint32_t) fit + 1 : ask->count;
    }

    reply->granted = n;
    reply->first = state.tat - ask->early - now;
    reply->fraction = state.fraction;

    add(&state.tat, &state.fraction, n);

    if (n) {
        state.most = most;
    }

    reply->tat = state.tat - sooner - now;
    reply->wait = 0;

    if (n < ask->count) {
        reply->wait = state.tat - now - limit.tolerance - reach
                      + (state.fraction > limit.tolerance_fraction);
        reply->wait = ngx_max(reply->wait, 0);
    }
}


static void
call(int i, const ngx_gw_lease_ask_t *ask, int64_t now)
{
    event_t  e;

    memset(&e, 0, sizeof(e));

    if (ask) {
        e.ask = *ask;
    }

    e.what = CALL;
    e.gateway = i;
    e.sent = now;
    e.t = now + way();

    all[i].calls++;

    push(&e);
}


static void
pass(gateway_t *g, int64_t now)
{
    g->admitted++;

    if (line < now) {
        line = now;
        line_fraction = 0;
    }

    add(&line, &line_fraction, cost - 1);

    worst = ngx_max(worst, line - now - limit.tolerance);

    add(&line, &line_fraction, 1);
}


static void
hold(gateway_t *g, int64_t came)
{
    if (g->nwaiting == g->size) {
        g->size = 2 * g->size + 16;
        g->waiting = realloc(g->waiting, g->size * sizeof(int64_t));

        if (g->waiting == NULL) {
            abort();
        }
    }

    g->waiting[g->nwaiting++] = came;
}


static void
waited(int64_t time)
{
    static size_t  size;

    if (ndelays == size) {
        size = 2 * size + 1024;
        delays = realloc(delays, size * sizeof(double));

        if (delays == NULL) {
            abort();
        }
    }

    delays[ndelays++] = time;
}


static void
request(int i, int64_t came, int64_t now, ngx_uint_t again)
{
    gateway_t           *g;
    ngx_uint_t           rc;
    ngx_gw_verdict_t     v;
    ngx_gw_lease_ask_t   ask;

    g = &all[i];

    rc = ngx_gw_lease_take(&g->lease, &limit, horizon,
                           ngx_max(PATIENCE, 4 * rtt), now, cost, again, &ask,
                           &v);

    if (rc == NGX_GW_LEASE_WAIT) {
        hold(g, came);

        if (!again) {
            g->waits++;
        }

    } else {
        waited(now - came);

        if (rc == NGX_GW_LEASE_ADMITTED) {
            pass(g, now);
        }
    }

    if (ask.call) {
        call(i, &ask, now);
    }
}


static void
arrive(event_t *e)
{
    gateway_t         *g;
    ngx_gw_verdict_t   v;

    g = &all[e->gateway];
    g->requests++;

    ngx_gw_limit_take(&limit, &ideal, e->t, cost, &v);
    ideal_admitted += v.admitted;

    if (exact) {
        g->waits++;
        hold(g, e->t);
        call(e->gateway, NULL, e->t);

    } else {
        request(e->gateway, e->t, e->t, 0);
    }

    switch (arrivals) {

    case EVEN:
        g->next += SECOND / g->rate;
        break;

    case BURST:

        if (--g->cluster > 0) {
            g->next += uniform() * 2 * CLUSTER_SPREAD / CLUSTER;
            break;
        }

        g->cluster = CLUSTER;
        g->next += -log(uniform()) * CLUSTER * SECOND / g->rate;
        break;

    default:
        g->next += -log(uniform()) * SECOND / g->rate;
    }

    e->t = (int64_t) g->next;
    push(e);
}


static void
answer(event_t *e)
{
    size_t      i, n;
    int64_t    *waiting;
    gateway_t  *g;

    g = &all[e->gateway];

    if (exact) {
        waited(e->t - e->sent);
        g->nwaiting--;

        if (e->admitted) {
            g->admitted++;
        }

        return;
    }

    ngx_gw_lease_granted(&g->lease, &limit, horizon, e->sent, e->t, &e->reply);

    waiting = g->waiting;
    n = g->nwaiting;

    g->waiting = NULL;
    g->nwaiting = 0;
    g->size = 0;

    for (i = 0; i < n; i++) {
        request(e->gateway, waiting[i], e->t, 1);
    }

    free(waiting);
}


static void
run(void)
{
    event_t           e;
    int64_t           end;
    gateway_t         none;
    ngx_gw_verdict_t  v;

    end = (int64_t) ((seconds + 1) * SECOND);
    memset(&none, 0, sizeof(none));

    while (nheap) {
        e = pop();

        if (e.what == ARRIVAL) {

            if (e.t < end) {
                arrive(&e);
            }

            continue;
        }

        if (e.what == ANSWER) {
            answer(&e);
            continue;
        }

        if (exact) {
            ngx_gw_limit_take(&limit, &counted, e.t, cost, &v);
            e.admitted = v.admitted;

            if (v.admitted) {
                pass(&none, e.t);
            }

        } else {
            reserve(e.t, &e.ask, &e.reply);
        }

        e.what = ANSWER;
        e.t += way();
        push(&e);
    }
}


static void
set_up(void)
{
    int      i, big;
    double   share;
    event_t  e;

    limit.algorithm = NGX_GW_LIMIT_GCRA;
    limit.number = (uint32_t) rate;
    limit.period = SECOND;
    limit.burst = (uint32_t) burst;

    if (rate < 1 || gateways < 1 || ngx_gw_limit_init(&limit) != NGX_OK) {
        fprintf(stderr, "no such limit\n");
        exit(2);
    }

    seed = seed * 0x9e3779b97f4a7c15 + 1;

    for (i = 0; i < 8; i++) {
        (void) next_random();
    }

    all = calloc(gateways, sizeof(gateway_t));

    if (all == NULL) {
        abort();
    }

    big = gateways < 10 ? 1 : gateways / 10;
    memset(&e, 0, sizeof(e));

    for (i = 0; i < gateways; i++) {
        share = 1.0 / gateways;

        if (skew > 0) {
            share = i < big ? skew / big : (1 - skew) / (gateways - big);
        }

        all[i].rate = rate * load * share / cost;
        all[i].cluster = CLUSTER;
        all[i].next = SECOND;

        if (arrivals == EVEN) {
            all[i].next += SECOND / all[i].rate * (i + 0.5) / gateways;

        } else {
            all[i].next += -log(uniform()) * SECOND / all[i].rate
                           * (arrivals == BURST ? CLUSTER : 1);
        }

        e.gateway = i;
        e.t = (int64_t) all[i].next;
        push(&e);
    }
}


static int
by_size(const void *a, const void *b)
{
    double  x, y;

    x = *(const double *) a;
    y = *(const double *) b;

    return (x > y) - (x < y);
}


static double
share(gateway_t *g)
{
    return g->requests ? (double) g->admitted / g->requests : 0;
}


static void
report(void)
{
    int            i, busy;
    double         most_calls, most_waits, over;
    unsigned long  requests, admitted, calls, waits, busy_requests, busy_waits;

    requests = admitted = calls = waits = busy_requests = busy_waits = 0;
    most_calls = most_waits = 0;
    busy = 0;

    for (i = 0; i < gateways; i++) {
        requests += all[i].requests;
        admitted += all[i].admitted;
        calls += all[i].calls;
        waits += all[i].waits;

        /* ten requests a horizon or more */

        if (all[i].rate * horizon < 9.999 * SECOND) {
            continue;
        }

        busy++;
        busy_requests += all[i].requests;
        busy_waits += all[i].waits;
        most_calls = fmax(most_calls, all[i].calls / seconds);
        most_waits = fmax(most_waits,
                          (double) all[i].waits / all[i].requests);
    }

    qsort(delays, ndelays, sizeof(double), by_size);

    /* of what the horizon allows; in exact mode of one request */
    over = exact ? (double) worst / (limit.whole ? limit.whole : 1)
                 : (double) worst / horizon;

    printf("requests=%lu ideal=%lu admitted=%lu under=%.3f over=%.2f "
           "calls=%.2f calls_s=%.1f waits=%.3f busy=%d busy_calls_s=%.1f "
           "busy_waits=%.3f busy_waits_max=%.3f p50=%.0f p99=%.0f "
           "first=%.3f last=%.3f\n",
           requests, ideal_admitted, admitted,
           100 * (1 - (double) admitted / ideal_admitted), over,
           100.0 * calls / requests, calls / seconds / gateways,
           100.0 * waits / requests, busy, most_calls,
           busy_requests ? 100.0 * busy_waits / busy_requests : 0,
           100 * most_waits, delays[ndelays / 2], delays[ndelays * 99 / 100],
           share(&all[0]), share(&all[gateways - 1]));
}


static void
set(const char *name, const char *value)
{
    size_t  i;

    static const struct {
        const char  *name;
        double      *value;
    } numbers[] = {
        { "rate", &rate },
        { "burst", &burst },
        { "load", &load },
        { "skew", &skew },
        { "seconds", &seconds },
    };

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].value = atof(value);
            return;
        }
    }

    if (strcmp(name, "gateways") == 0) {
        gateways = atoi(value);

    } else if (strcmp(name, "horizon") == 0) {
        horizon = atoi(value) * 1000;

    } else if (strcmp(name, "rtt") == 0) {
        rtt = atoi(value);

    } else if (strcmp(name, "cost") == 0) {
        cost = (uint32_t) atoi(value);

    } else if (strcmp(name, "seed") == 0) {
        seed = (uint64_t) atoll(value);

    } else if (strcmp(name, "mode") == 0) {
        exact = (strcmp(value, "exact") == 0);

    } else if (strcmp(name, "arrivals") == 0) {
        arrivals = strcmp(value, "even") == 0 ? EVEN
                   : strcmp(value, "burst") == 0 ? BURST : POISSON;

    } else {
        fprintf(stderr, "what is %s?\n", name);
        exit(2);
    }
}


int
main(int argc, char **argv)
{
    int    i;
    char  *value;

    for (i = 1; i < argc; i++) {
        value = strchr(argv[i], '=');

        if (value == NULL) {
            fprintf(stderr, "what is %s?\n", argv[i]);
            return 2;
        }

        *value++ = '\0';
        set(argv[i], value);
    }

    set_up();
    run();
    report();

    return 0;
}
