
/*
 * Compares what gateways admitted with one ideal GCRA that sees the same
 * requests.
 *
 * check FILE RATE BURST HORIZON
 *
 * FILE is bench/offer's: of the streams "limited" and "free" (no limit, for
 * comparing times).  RATE is requests a second, HORIZON the milliseconds for
 * which a gateway may reserve, 0 if it does not.  Printed are, on a line:
 *
 *     OFFERED ADMITTED IDEAL UNDER OVER ERRORS P50 P99 FREE_P50 FREE_P99
 *
 * When a gateway decided is not known, only that it did between the times
 * of sending and of the answer.  So the ideal limit is fed twice, with the
 * one and with the other, and IDEAL is the greater number.  UNDER is the
 * percentage of it that ADMITTED is short of, less than 0 if it is more.
 *
 * OVER is about windows: from a to b, whatever they are, no more than
 *
 *     RATE * (b - a) + BURST + 1 + RATE * HORIZON
 *
 * may be admitted.  Counted are requests that surely were in the window: sent
 * at a or later and answered by b.  OVER is the most by which any window has
 * more, less than 0 if none has: the room left in the fullest.
 */


#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef struct {
    int64_t   sent;
    int64_t   answered;
    int       status;
} request_t;


typedef struct {
    request_t   *elts;
    long         n;
    long         allocated;
} requests_t;


static void load(const char *path);
static void push(requests_t *all, request_t *r);
static long ideal(requests_t *all, double interval, double burst,
    int answered);
static double fullest(requests_t *admitted, double rate);
static void add_one(long node, long from, long to, long last);
static double most(long node, long from, long to, long last);
static void build(long node, long from, long to, requests_t *all,
    double rate);
static int64_t percentile(requests_t *all, double share);
static int by_sent(const void *one, const void *two);
static int by_answered(const void *one, const void *two);
static int by_latency(const void *one, const void *two);
static void die(const char *what);


static requests_t   limited, unlimited, admitted;
static double      *tree, *added;
static long         errors;


int
main(int argc, char **argv)
{
    long     most_ideal, n;
    double   rate, burst, horizon, over;

    if (argc != 5) {
        fprintf(stderr, "check: FILE RATE BURST HORIZON\n");
        return 2;
    }

    load(argv[1]);

    rate = atof(argv[2]) / 1e6;
    burst = atof(argv[3]);
    horizon = atof(argv[4]) * 1e3;

    if (rate <= 0 || limited.n == 0 || unlimited.n == 0) {
        fprintf(stderr, "check: %s has no requests\n", argv[1]);
        return 1;
    }

    qsort(limited.elts, limited.n, sizeof(request_t), by_answered);

    most_ideal = ideal(&limited, 1 / rate, burst, 1);

    qsort(limited.elts, limited.n, sizeof(request_t), by_sent);

    n = ideal(&limited, 1 / rate, burst, 0);

    if (n > most_ideal) {
        most_ideal = n;
    }

    over = fullest(&admitted, rate) - burst - 1 - rate * horizon;

    printf("%ld %ld %ld %.3f %.2f %ld", limited.n, admitted.n, most_ideal,
           100.0 * (most_ideal - admitted.n) / most_ideal, over, errors);
    printf(" %lld %lld",
           (long long) percentile(&limited, 0.5),
           (long long) percentile(&limited, 0.99));
    printf(" %lld %lld\n",
           (long long) percentile(&unlimited, 0.5),
           (long long) percentile(&unlimited, 0.99));

    return 0;
}


static void
load(const char *path)
{
    int         n;
    char        name[16];
    FILE       *f;
    long long   sent, answered;
    request_t   r;

    f = fopen(path, "r");

    if (f == NULL) {
        die(path);
    }

    for ( ;; ) {
        n = fscanf(f, "%15s %lld %lld %d", name, &sent, &answered, &r.status);

        if (n == EOF) {
            break;
        }

        if (n != 4 || answered < sent) {
            fprintf(stderr, "check: %s is malformed\n", path);
            exit(1);
        }

        r.sent = sent;
        r.answered = answered;

        if (strcmp(name, "free") == 0) {
            push(&unlimited, &r);
            errors += (r.status != 200);
            continue;
        }

        push(&limited, &r);

        if (r.status == 200) {
            push(&admitted, &r);

        } else if (r.status != 429) {
            errors++;
        }
    }

    fclose(f);
}


static void
push(requests_t *all, request_t *r)
{
    if (all->n == all->allocated) {
        all->allocated = all->allocated ? 2 * all->allocated : 65536;
        all->elts = realloc(all->elts, all->allocated * sizeof(request_t));

        if (all->elts == NULL) {
            die("memory");
        }
    }

    all->elts[all->n++] = *r;
}


/*
 * How many one GCRA admits that sees each when it was sent, or answered; they
 * are in that order.
 */

static long
ideal(requests_t *all, double interval, double burst, int answered)
{
    long        i, n;
    double      now, tat;
    request_t  *r;

    n = 0;
    tat = 0;
    r = all->elts;

    for (i = 0; i < all->n; i++) {
        now = answered ? r[i].answered - r[0].answered
                       : r[i].sent - r[0].sent;

        if (tat < now) {
            tat = now;
        }

        if (tat - now <= burst * interval) {
            tat += interval;
            n++;
        }
    }

    return n;
}


/*
 * The most of count - rate * (b - a) of any window.  Only windows count that
 * begin when a request is sent and end when one is answered, and which have
 * that one in them: any other has no more requests than a shorter one of
 * these.  In the order of answers, each request is added to all windows that
 * begin no later than it; a tree over beginnings a keeps count + rate * a.
 */

static double
fullest(requests_t *all, double rate)
{
    long        i, n, low, high, mid;
    double      value, best;
    int64_t    *begins, start;
    request_t  *r;

    n = all->n;

    if (n == 0) {
        return 0;
    }

    qsort(all->elts, n, sizeof(request_t), by_sent);

    start = all->elts[0].sent;
    begins = malloc(n * sizeof(int64_t));
    tree = calloc(4 * n, sizeof(double));
    added = calloc(4 * n, sizeof(double));

    if (begins == NULL || tree == NULL || added == NULL) {
        die("memory");
    }

    for (i = 0; i < n; i++) {
        all->elts[i].sent -= start;
        all->elts[i].answered -= start;
        begins[i] = all->elts[i].sent;
    }

    build(1, 0, n - 1, all, rate);

    qsort(all->elts, n, sizeof(request_t), by_answered);

    best = -INFINITY;

    for (i = 0; i < n; i++) {
        r = &all->elts[i];

        /* the last window that it is in */

        low = 0;
        high = n - 1;

        while (low < high) {
            mid = (low + high + 1) / 2;

            if (begins[mid] <= r->sent) {
                low = mid;

            } else {
                high = mid - 1;
            }
        }

        add_one(1, 0, n - 1, low);

        value = most(1, 0, n - 1, low) - rate * r->answered;

        if (value > best) {
            best = value;
        }
    }

    free(begins);
    free(tree);
    free(added);

    return best;
}


static void
build(long node, long from, long to, requests_t *all, double rate)
{
    long  mid;

    if (from == to) {
        tree[node] = rate * all->elts[from].sent;
        return;
    }

    mid = (from + to) / 2;

    build(2 * node, from, mid, all, rate);
    build(2 * node + 1, mid + 1, to, all, rate);

    tree[node] = fmax(tree[2 * node], tree[2 * node + 1]);
}


/* to all from the first to last */

static void
add_one(long node, long from, long to, long last)
{
    long  mid;

    if (to <= last) {
        tree[node]++;
        added[node]++;
        return;
    }

    mid = (from + to) / 2;

    add_one(2 * node, from, mid, last);

    if (last > mid) {
        add_one(2 * node + 1, mid + 1, to, last);
    }

    tree[node] = fmax(tree[2 * node], tree[2 * node + 1]) + added[node];
}


static double
most(long node, long from, long to, long last)
{
    long    mid;
    double  value;

    if (to <= last) {
        return tree[node];
    }

    mid = (from + to) / 2;

    value = most(2 * node, from, mid, last);

    if (last > mid) {
        value = fmax(value, most(2 * node + 1, mid + 1, to, last));
    }

    return value + added[node];
}


static int64_t
percentile(requests_t *all, double share)
{
    request_t  *r;

    qsort(all->elts, all->n, sizeof(request_t), by_latency);

    r = &all->elts[(long) (share * (all->n - 1))];

    return r->answered - r->sent;
}


static int
by_sent(const void *one, const void *two)
{
    const request_t  *a = one, *b = two;

    return (a->sent > b->sent) - (a->sent < b->sent);
}


static int
by_answered(const void *one, const void *two)
{
    const request_t  *a = one, *b = two;

    return (a->answered > b->answered) - (a->answered < b->answered);
}


static int
by_latency(const void *one, const void *two)
{
    const request_t  *a = one, *b = two;

    return (a->answered - a->sent > b->answered - b->sent)
           - (a->answered - a->sent < b->answered - b->sent);
}


static void
die(const char *what)
{
    perror(what);
    exit(1);
}
