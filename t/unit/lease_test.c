/* unit: ngx_gw_ratelimit/ngx_gw_lease.c ngx_gw_ratelimit/ngx_gw_limit.c */

/*
 * ngx_gw_lease: slots are spent when they are due and before they lapse, calls
 * are made in time and not too often, and whatever gateways do and whatever
 * becomes of their calls, they never pass more than the bound.
 */


#include "ngx_gw_lease.h"


#define SECOND    ((int64_t) 1000000)
#define DAY       (86400 * SECOND)
#define HORIZON   ((int64_t) 100000)
#define PATIENCE  ((int64_t) 20000)
#define START     (1000 * SECOND)

#define count(a)  (sizeof(a) / sizeof((a)[0]))


/* what Redis keeps of a key */
typedef struct {
    int64_t               tat;
    uint32_t              fraction;
    int64_t               most;
} key_t_;


static uint64_t  seed = 88172645463325252;


static uint64_t
below(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return n ? seed % n : 0;
}


static ngx_gw_limit_t
limit(uint32_t number, int64_t period, uint32_t burst)
{
    ngx_gw_limit_t  l;

    memset(&l, 0, sizeof(l));

    l.algorithm = NGX_GW_LIMIT_GCRA;
    l.number = number;
    l.period = period;
    l.burst = burst;

    if (ngx_gw_limit_init(&l) != NGX_OK) {
        abort();
    }

    return l;
}


static void
advance(const ngx_gw_limit_t *l, int64_t *t, uint32_t *fraction, uint32_t n)
{
    int64_t   whole;
    uint32_t  part;

    ngx_gw_limit_intervals(l, n, &whole, &part);

    *t += whole;
    *fraction += part;

    if (*fraction >= l->number) {
        *fraction -= l->number;
        (*t)++;
    }
}


/* the script, by counting slots one by one */

static void
reserve(const ngx_gw_limit_t *l, key_t_ *key, int64_t now,
    const ngx_gw_lease_ask_t *ask, ngx_gw_lease_reply_t *reply)
{
    int64_t   most, sooner, reach;
    uint32_t  n;

    most = l->tolerance + l->whole + 2 + ask->reach;

    if (key->tat < now) {
        key->tat = now;
        key->fraction = 0;

    } else {
        most = ngx_max(most, key->most);
    }

    if (key->tat < now + ask->from) {
        key->tat = now + ask->from;
        key->fraction = 0;
    }

    sooner = most > l->tolerance + l->whole + 2 ? ask->early : 0;
    reach = now + l->tolerance + ngx_max(ask->reach, sooner);

    reply->first = key->tat - ask->early - now;
    reply->fraction = key->fraction;

    for (n = 0; n < ask->count; n++) {

        if (key->tat > reach
            || (key->tat == reach && key->fraction > l->tolerance_fraction))
        {
            break;
        }

        advance(l, &key->tat, &key->fraction, 1);
    }

    if (n) {
        key->most = most;
    }

    reply->granted = n;
    reply->tat = key->tat - sooner - now;
    reply->wait = (n < ask->count)
                  ? ngx_max(key->tat - reach
                            + (key->fraction > l->tolerance_fraction), 0) : 0;
}


/* a gateway whose calls take some time, one after the other */

typedef struct {
    ngx_gw_lease_t        lease;
    ngx_gw_lease_ask_t    ask;
    int64_t               sent;
    ngx_uint_t            ran;
    ngx_gw_lease_reply_t  reply;
    ngx_uint_t            calls;
} gateway_t;


static ngx_uint_t
take(gateway_t *g, const ngx_gw_limit_t *l, int64_t now, uint32_t cost,
    ngx_uint_t again, ngx_gw_verdict_t *v)
{
    ngx_uint_t          rc;
    ngx_gw_lease_ask_t  ask;

    memset(v, 0, sizeof(ngx_gw_verdict_t));

    rc = ngx_gw_lease_take(&g->lease, l, HORIZON, PATIENCE, now, cost, again,
                           &ask, v);
    ngx_gw_limit_complete(l, v);

    if (ask.call) {
        g->calls++;
        g->ask = ask;
        g->sent = now;
        g->ran = 0;
    }

    return rc;
}


static void
answer(gateway_t *g, const ngx_gw_limit_t *l, key_t_ *key, int64_t ran,
    int64_t now)
{
    ngx_gw_lease_reply_t  reply;

    reserve(l, key, ran, &g->ask, &reply);
    ngx_gw_lease_granted(&g->lease, l, HORIZON, g->sent, now, &reply);

    g->ask.call = 0;
}


/* a request, and the call that it may wait for, which takes 200 us */

static ngx_uint_t
request(gateway_t *g, const ngx_gw_limit_t *l, key_t_ *key, int64_t now,
    uint32_t cost, ngx_gw_verdict_t *v)
{
    ngx_uint_t  i, rc;

    rc = take(g, l, now, cost, 0, v);

    for (i = 0; g->ask.call && i < 5; i++) {
        answer(g, l, key, now + 100, now + 200);
        now += 200;

        if (rc == NGX_GW_LEASE_WAIT) {
            rc = take(g, l, now, cost, 1, v);
        }
    }

    return rc;
}


static void
few(void)
{
    int64_t           now;
    key_t_            key;
    gateway_t         g;
    ngx_uint_t        i, n, calls;
    ngx_gw_limit_t    l;
    ngx_gw_verdict_t  v;

    memset(&g, 0, sizeof(g));
    memset(&key, 0, sizeof(key));
    l = limit(10, SECOND, 4);
    now = START;

    unit_ok(take(&g, &l, now, 1, 0, &v) == NGX_GW_LEASE_WAIT && g.ask.call
            && g.ask.count == 1 && g.ask.reach == 0 && g.ask.from == 0,
            "the first request asks for one slot, and waits");

    g.ask.call = 0;
    unit_ok(take(&g, &l, now + 10, 1, 0, &v) == NGX_GW_LEASE_WAIT
            && !g.ask.call,
            "another waits for the same call");
    unit_ok(take(&g, &l, now + 20, 1, 1, &v) == NGX_GW_LEASE_WAIT
            && !g.ask.call && take(&g, &l, now + 30, 1, 0, &v)
                              == NGX_GW_LEASE_WAIT,
            "and waits on, with one more");

    answer(&g, &l, &key, now + 100, now + 200);
    unit_ok(take(&g, &l, now + 200, 1, 1, &v) == NGX_GW_LEASE_ADMITTED
            && v.admitted && v.limit == 5 && v.remaining == 4,
            "one of them has it");
    unit_ok(take(&g, &l, now + 200, 1, 1, &v) == NGX_GW_LEASE_WAIT
            && g.ask.call && g.ask.count == 2,
            "the next asks, for all who wait");

    answer(&g, &l, &key, now + 300, now + 400);
    unit_ok(take(&g, &l, now + 400, 1, 1, &v) == NGX_GW_LEASE_ADMITTED
            && take(&g, &l, now + 400, 1, 1, &v) == NGX_GW_LEASE_ADMITTED,
            "and all have one");

    /* few a horizon: each by itself, and as many as without leases */

    memset(&g, 0, sizeof(g));
    memset(&key, 0, sizeof(key));
    n = 0;

    for (i = 0; i < 60; i++) {
        n += (request(&g, &l, &key, now + (int64_t) i * 40000, 1, &v)
              == NGX_GW_LEASE_ADMITTED);
    }

    unit_ok(n == 5 + 23, "few requests are limited exactly (%lu)",
            (unsigned long) n);

    /* a refusal is remembered */

    now += 60 * 40000;

    while (request(&g, &l, &key, now, 1, &v) == NGX_GW_LEASE_ADMITTED) {
        now++;
    }

    calls = g.calls;
    unit_ok(!v.admitted && v.retry > 0 && v.retry <= 100000
            && v.remaining == 0,
            "it says when to come again");

    for (i = 0; i < 1000; i++) {
        (void) take(&g, &l, now + (v.retry - 1000) * (int64_t) i / 1000, 1, 0,
                    &v);
    }

    /* but in advance, as they are many now */

    unit_ok(g.calls <= calls + 2, "until then nobody asks (%lu calls)",
            (unsigned long) (g.calls - calls));
}


/* many requests a horizon: few calls, hardly any waits */

static void
many(void)
{
    int64_t           t, now;
    key_t_            key;
    gateway_t         g;
    ngx_uint_t        i, j, rc, waits, rejected, calls, largest;
    ngx_gw_limit_t    l;
    ngx_gw_verdict_t  v;

    static const struct {
        int64_t   gap;
        uint32_t  cost;
    } all[] = {
        { 10000, 1 }, { 5000, 1 }, { 1000, 1 }, { 100, 1 }, { 5000, 7 },
    };

    for (i = 0; i < count(all); i++) {
        memset(&g, 0, sizeof(g));
        memset(&key, 0, sizeof(key));
        l = limit(20000, SECOND, 100);
        waits = rejected = largest = 0;
        calls = 0;

        for (j = 0, t = START; t < START + 20 * SECOND; j++, t += all[i].gap)
        {

            /* as if by chance */

            now = t + (int64_t) below(all[i].gap);

            if (g.ask.call && now >= g.sent + 200) {
                answer(&g, &l, &key, g.sent + 100, g.sent + 200);
            }

            rc = take(&g, &l, now, all[i].cost, 0, &v);

            if (rc == NGX_GW_LEASE_WAIT) {
                waits++;

                if (g.ask.call) {
                    answer(&g, &l, &key, g.sent + 100, g.sent + 200);
                    rc = take(&g, &l, g.sent + 200, all[i].cost, 1, &v);
                }
            }

            rejected += (rc == NGX_GW_LEASE_REJECTED);

            if (t < START + SECOND) {
                waits = 0;
                calls = g.calls;
            }

            largest = ngx_max(largest, g.lease.ngrants);
        }

        calls = g.calls - calls;

        unit_ok(calls <= 19 * 20 && calls >= 19 * 15,
                "every %ld us, cost %u: %.1f calls a second",
                (long) all[i].gap, all[i].cost, (double) calls / 19);
        unit_ok(waits * 1000 <= j, "%lu of %lu wait", (unsigned long) waits,
                (unsigned long) j);
        unit_ok(rejected == 0, "all pass");
    }
}


/* what is left in stock is due in time, and lapses in time */

static void
slots(void)
{
    int64_t               expires;
    ngx_uint_t            i, rc;
    ngx_gw_limit_t        l;
    ngx_gw_lease_t        lease;
    ngx_gw_verdict_t      v;
    ngx_gw_lease_ask_t    ask;
    ngx_gw_lease_reply_t  reply;

#define spend(t, c)  spend_again(t, c, 0)

#define spend_again(t, c, again)                                              \
    (rc = ngx_gw_lease_take(&lease, &l, HORIZON, PATIENCE, (t), (c), (again), \
                            &ask, &v),                                        \
     (void) (rc != NGX_GW_LEASE_WAIT && (ngx_gw_limit_complete(&l, &v), 0)),  \
     rc)

    l = limit(100, SECOND, 1);

    /* four slots: 10 ms ago, now, in 10 ms and in 20; tolerance 10 ms */

    memset(&lease, 0, sizeof(lease));
    lease.rate = l.rate;
    lease.asked = START - 200;

    reply.granted = 4;
    reply.first = -10000;
    reply.fraction = 0;
    reply.tat = 30000;
    reply.wait = 0;

    ngx_gw_lease_granted(&lease, &l, HORIZON, START - 200, START, &reply);

    unit_ok(lease.asked == 0 && lease.rtt == 200, "the call has ended");

    expires = ngx_gw_lease_expires(&lease, &l, START);
    unit_ok(expires > START + 100000 && expires < START + 130000,
            "when nothing is left");

    unit_ok(spend(START, 0) == NGX_GW_LEASE_ADMITTED && v.remaining == 2
            && v.limit == 2 && v.reset == 0,
            "three are due, two is all there ever is");
    unit_ok(spend(START, 2) == NGX_GW_LEASE_ADMITTED && v.remaining == 1
            && v.excess == 0 && v.reset == 10000,
            "two are spent");
    unit_ok(spend(START, 1) == NGX_GW_LEASE_ADMITTED && v.excess == 10000
            && v.remaining == 0 && v.reset == 10000,
            "the third, ahead of the rate");
    unit_ok(spend(START, 1) == NGX_GW_LEASE_REJECTED && v.retry == 10000
            && !ask.call,
            "the fourth is not due");
    unit_ok(spend(START + 9999, 1) == NGX_GW_LEASE_REJECTED && v.retry == 1,
            "nor a microsecond before");
    unit_ok(spend(START + 10000, 2) == NGX_GW_LEASE_REJECTED
            && v.retry == 9800,
            "two are not to be had before Redis has the other");
    unit_ok(spend(START + 10000, 1) == NGX_GW_LEASE_ADMITTED, "then it is");

    ngx_gw_lease_give_back(&lease, &l, START + 10000, 2);
    unit_ok(spend(START + 10000, 2) == NGX_GW_LEASE_ADMITTED
            && spend(START + 10000, 1) == NGX_GW_LEASE_REJECTED,
            "two come back");

    ngx_gw_lease_give_back(&lease, &l, START + 10000, 10);
    unit_ok(spend(START + 10000, 4) == NGX_GW_LEASE_REJECTED
            && spend(START + 10000, 2) == NGX_GW_LEASE_ADMITTED
            && spend(START + 10000, 2) == NGX_GW_LEASE_ADMITTED,
            "four at the most, of which a burst at once");

    /* the slot of START lapses a horizon after it, less 10 ms and the call */

    for (i = 0; i < 2; i++) {
        memset(&lease, 0, sizeof(lease));
        lease.rate = l.rate;
        reply.granted = 1;
        reply.first = 0;
        reply.tat = 50000;

        ngx_gw_lease_granted(&lease, &l, HORIZON, START - 200, START, &reply);

        unit_ok(spend(START + 89799 + (int64_t) i, 1)
                == (i ? NGX_GW_LEASE_WAIT : NGX_GW_LEASE_ADMITTED),
                "a slot %s", i ? "lapses" : "just before it lapses");
    }

    /* a cost of slots that came in two calls */

    memset(&lease, 0, sizeof(lease));
    lease.rate = l.rate;
    reply.granted = 1;
    reply.first = -50000;
    reply.tat = 50000;
    ngx_gw_lease_granted(&lease, &l, HORIZON, START - 200, START, &reply);
    reply.granted = 2;
    reply.first = -10000;
    ngx_gw_lease_granted(&lease, &l, HORIZON, START - 200, START, &reply);

    unit_ok(spend(START, 2) == NGX_GW_LEASE_ADMITTED && v.remaining == 1
            && spend(START, 1) == NGX_GW_LEASE_ADMITTED && v.remaining == 0
            && spend(START, 1) == NGX_GW_LEASE_REJECTED,
            "slots of two grants together");

    ngx_gw_lease_give_back(&lease, &l, START, 3);
    unit_ok(spend(START, 2) == NGX_GW_LEASE_ADMITTED
            && spend(START, 1) == NGX_GW_LEASE_ADMITTED
            && spend(START, 1) == NGX_GW_LEASE_REJECTED,
            "and back to both");

    /* what Redis found not to be due is not asked for again */

    memset(&lease, 0, sizeof(lease));
    lease.rate = l.rate;
    reply.granted = 0;
    reply.tat = l.tolerance + 100;
    ngx_gw_lease_granted(&lease, &l, HORIZON, START - 200, START, &reply);
    unit_ok(spend_again(START, 1, 1)
            == NGX_GW_LEASE_REJECTED && !ask.call
            && spend(START, 1) == NGX_GW_LEASE_WAIT && ask.call,
            "who has waited is rejected, who comes now may ask");

    /* another rate */

    memset(&lease, 0, sizeof(lease));
    lease.rate = l.rate;
    reply.granted = 4;
    ngx_gw_lease_granted(&lease, &l, HORIZON, START - 200, START, &reply);
    l = limit(200, SECOND, 1);
    unit_ok(spend(START, 1) == NGX_GW_LEASE_WAIT && lease.ngrants == 0,
            "slots of another rate are dropped");

    l = limit(100, SECOND, 1);
    ngx_gw_lease_granted(&lease, &l, HORIZON, START - 200, START, &reply);
    unit_ok(lease.ngrants == 0 && lease.asked == 0,
            "and are not taken when they come late");

    /* costs beyond everything */

    memset(&lease, 0, sizeof(lease));
    unit_ok(spend(START, 3) == NGX_GW_LEASE_REJECTED && v.retry >= 1
            && !ask.call,
            "a cost of more than there ever is");

    /* a cost of 0 */

    memset(&lease, 0, sizeof(lease));
    unit_ok(spend(START, 0) == NGX_GW_LEASE_WAIT && ask.call
            && ask.count == 0,
            "a cost of nothing asks what there is");

    memset(&reply, 0, sizeof(reply));
    reply.tat = -500;
    ngx_gw_lease_granted(&lease, &l, HORIZON, START, START + 200, &reply);
    unit_ok(spend_again(START + 200, 0, 1)
            == NGX_GW_LEASE_ADMITTED && v.remaining == 2 && !ask.call,
            "and is admitted by that");
    unit_ok(spend(START + 300, 0) == NGX_GW_LEASE_WAIT && ask.call,
            "but the next has to ask again");
    unit_ok(spend_again(START + 400, 0, 1)
            == NGX_GW_LEASE_WAIT && !ask.call,
            "and to wait until it is told");
}


static void
failures(void)
{
    key_t_              key;
    gateway_t           g;
    ngx_uint_t          i;
    ngx_gw_limit_t      l;
    ngx_gw_verdict_t    v;

    l = limit(1000, SECOND, 10);

    /* a lost call */

    memset(&g, 0, sizeof(g));
    (void) take(&g, &l, START, 1, 0, &v);
    g.ask.call = 0;
    (void) take(&g, &l, START + PATIENCE - 1, 1, 0, &v);
    unit_ok(!g.ask.call, "a call that is late");
    (void) take(&g, &l, START + PATIENCE, 1, 0, &v);
    unit_ok(g.ask.call, "a call that is lost");

    /* after a failure nobody waits for another's call */

    memset(&g, 0, sizeof(g));
    (void) take(&g, &l, START, 1, 0, &v);
    ngx_gw_lease_failed(&g.lease, START + 10);
    g.ask.call = 0;
    (void) take(&g, &l, START + 20, 1, 0, &v);
    unit_ok(g.ask.call, "after a failure the next tries");
    g.ask.call = 0;
    (void) take(&g, &l, START + 30, 1, 0, &v);
    unit_ok(g.ask.call, "and so does one after it");

    memset(&key, 0, sizeof(key));
    answer(&g, &l, &key, START + 40, START + 50);
    (void) take(&g, &l, START + 50, 1, 1, &v);
    (void) take(&g, &l, START + 60, 1, 0, &v);
    g.ask.call = 0;
    (void) take(&g, &l, START + 60, 1, 0, &v);
    unit_ok(!g.ask.call, "until it answers");

    /* what is in stock is spent, without many calls */

    memset(&g, 0, sizeof(g));
    memset(&key, 0, sizeof(key));

    for (i = 0; i < 1000; i++) {
        (void) request(&g, &l, &key, START + 2000 * (int64_t) i, 1, &v);
    }

    g.calls = 0;

    for (i = 0; i < 100; i++) {

        if (take(&g, &l, START + 2 * SECOND + 100 * (int64_t) i, 1, 0, &v)
            != NGX_GW_LEASE_ADMITTED)
        {
            break;
        }

        if (g.ask.call) {
            g.ask.call = 0;
            ngx_gw_lease_failed(&g.lease,
                                START + 2 * SECOND + 100 * (int64_t) i);
        }
    }

    unit_ok(i >= 10 && g.calls <= 2, "%lu pass while %lu calls fail",
            (unsigned long) i, (unsigned long) g.calls);

    /* long pauses, and a server that has lost the key */

    memset(&g, 0, sizeof(g));
    memset(&key, 0, sizeof(key));

    for (i = 0; i < 200; i++) {
        (void) request(&g, &l, &key, START + 1000 * (int64_t) i, 1, &v);
    }

    unit_ok(request(&g, &l, &key, START + 400 * DAY, 1, &v)
            == NGX_GW_LEASE_ADMITTED,
            "a year later");

    memset(&key, 0, sizeof(key));
    key.tat = START;
    unit_ok(request(&g, &l, &key, START + 401 * DAY, 11, &v)
            == NGX_GW_LEASE_ADMITTED,
            "all that there is, at once");
}


/*
 * Several gateways do as they like, calls take their time, come late or not
 * at all, some is given back: in no window is there more than the bound.
 */

static void
bound(void)
{
    int64_t           now, line, over, worst, lapse;
    key_t_            key;
    uint32_t          cost, part;
    gateway_t         g[4];
    ngx_uint_t        i, j, k, rc, wrong, passed, ring;
    ngx_gw_limit_t    l;
    ngx_gw_verdict_t  v;

    static const struct {
        uint32_t  number;
        int64_t   period;
    } rates[] = {
        { 10000, SECOND }, { 1000, SECOND }, { 70, SECOND }, { 30, SECOND },
        { 7, SECOND }, { 9999, 60 * SECOND },
    };

    wrong = passed = ring = 0;
    worst = 0;

    for (i = 0; i < 600; i++) {
        l = limit(rates[i % count(rates)].number,
                  rates[i % count(rates)].period,
                  (uint32_t) (below(2) ? 0 : below(100)));
        memset(g, 0, sizeof(g));
        memset(&key, 0, sizeof(key));

        now = START;
        line = 0;
        part = 0;

        for (j = 0; j < 3000; j++) {
            k = below(below(2) ? 4 : 1);

            if (g[k].ask.call) {

                if (below(50) == 0 || now - g[k].sent > PATIENCE) {
                    ngx_gw_lease_failed(&g[k].lease, now);
                    g[k].ask.call = 0;

                } else if (!g[k].ran && below(3)) {
                    reserve(&l, &key, now, &g[k].ask, &g[k].reply);
                    g[k].ran = 1;

                } else if (g[k].ran && below(3)) {
                    ngx_gw_lease_granted(&g[k].lease, &l, HORIZON, g[k].sent,
                                         now, &g[k].reply);
                    g[k].ask.call = 0;
                }
            }

            cost = below(10) ? 1 : (uint32_t) below(5);
            rc = take(&g[k], &l, now, cost, below(10) == 0, &v);
            ring = ngx_max(ring, g[k].lease.ngrants);

            if (rc == NGX_GW_LEASE_ADMITTED && cost) {

                if (below(20) == 0) {
                    ngx_gw_lease_give_back(&g[k].lease, &l, now, cost);
                    continue;
                }

                passed += cost;

                if (line < now) {
                    line = now;
                    part = 0;
                }

                advance(&l, &line, &part, cost - 1);

                /* without the one more only where slots lapse as much sooner */

                over = line + (part > l.tolerance_fraction) - now
                       - l.tolerance;
                lapse = l.whole < HORIZON / 4 ? HORIZON - l.whole : HORIZON;

                worst = ngx_max(worst, over);
                wrong += (over > lapse);

                advance(&l, &line, &part, 1);
            }

            switch (below(8)) {

            case 0:
                now += (int64_t) below(30000);
                break;

            case 1:
                now += (int64_t) below(below(20) ? 3000 : 200000);
                break;

            default:
                now += (int64_t) below(300);
            }
        }
    }

    unit_ok(wrong == 0 && passed > 100000 && worst > HORIZON / 2
            && ring == NGX_GW_LEASE_GRANTS,
            "%lu passed, at most %ld us ahead of the bound of %ld",
            (unsigned long) passed, (long) worst, (long) HORIZON);
}


/* the largest numbers do no harm, nor does any answer */

static void
extremes(void)
{
    int64_t               now, horizon, patience;
    uint32_t              cost;
    ngx_uint_t            i, j, rc, wrong, asked;
    ngx_gw_limit_t        l;
    ngx_gw_lease_t        lease;
    ngx_gw_verdict_t      v;
    ngx_gw_lease_ask_t    ask;
    ngx_gw_lease_reply_t  reply;

    static const int64_t   periods[] = { SECOND, 60 * SECOND, DAY };
    static const uint32_t  numbers[] = { 1, 3, 1000, 999999937, 1000000000 };

    wrong = asked = 0;

    for (i = 0; i < 2000; i++) {
        memset(&l, 0, sizeof(l));
        l.algorithm = NGX_GW_LIMIT_GCRA;
        l.number = numbers[below(count(numbers))];
        l.period = periods[below(count(periods))];
        l.burst = (uint32_t) below(below(2) ? 10 : 1000000000);

        if (ngx_gw_limit_init(&l) != NGX_OK) {
            continue;
        }

        memset(&lease, 0, sizeof(lease));
        horizon = below(2) ? 20000 : 10 * SECOND;
        patience = below(2) ? 1000 : 10 * SECOND;
        now = below(2) ? 1 : START * 1000000;

        for (j = 0; j < 300; j++) {
            cost = (uint32_t) (below(2) ? below(3) : below(1000001));

            rc = ngx_gw_lease_take(&lease, &l, horizon, patience, now, cost,
                                   below(3) == 0, &ask, &v);

            if (rc != NGX_GW_LEASE_WAIT) {
                ngx_gw_limit_complete(&l, &v);

                wrong += v.limit != l.burst + 1 || v.remaining > v.limit
                         || v.reset < 0 || v.retry < 0 || v.excess < 0
                         || v.admitted != (rc == NGX_GW_LEASE_ADMITTED)
                         || (!v.admitted && v.retry == 0);
            }

            if (ask.call) {
                asked++;
                wrong += ask.count > 9000000 || ask.from < 0 || ask.reach < 0
                         || ask.from > ask.early || ask.early > horizon;

                reply.granted = below(2) ? ask.count : (uint32_t) below(9);
                reply.first = (int64_t) (below(2) ? below(horizon)
                                                  : below(1ULL << 53))
                              - (int64_t) (below(2) ? horizon : 1LL << 52);
                reply.fraction = (uint32_t) below(l.number);
                reply.tat = reply.first + (int64_t) below(horizon);
                reply.wait = (int64_t) (below(2) ? 0 : below(1ULL << 53));

                ngx_gw_lease_granted(&lease, &l, horizon, now,
                                     now + (int64_t) below(2 * patience),
                                     &reply);
            }

            if (below(10) == 0) {
                ngx_gw_lease_give_back(&lease, &l, now, cost);
            }

            wrong += ngx_gw_lease_expires(&lease, &l, now) < now;

            now += (int64_t) (below(10) ? below(1000) : below(400 * DAY));
        }
    }

    unit_ok(wrong == 0 && asked > 5000,
            "the largest numbers (%lu wrong, %lu calls)",
            (unsigned long) wrong, (unsigned long) asked);
}


int
main(void)
{
    few();
    many();
    slots();
    failures();
    bound();
    extremes();

    return unit_done();
}
