/* unit: ngx_gw_ratelimit/ngx_gw_limit.c */

/*
 * ngx_gw_limit: rates and quotas as text, GCRA and windows against their
 * definitions, and that what clients are told is right to the microsecond.
 */


#include "ngx_gw_limit.h"


#define SECOND  ((int64_t) 1000000)
#define HOUR    (3600 * SECOND)
#define DAY     (24 * HOUR)
#define MONTH   (31 * DAY)

/* a Wednesday */
#define NOON    ((int64_t) 1700049600 * SECOND)

#define count(a)  (sizeof(a) / sizeof((a)[0]))


__extension__ typedef __int128  wide_t;


typedef struct {
    const char  *text;
    uint32_t     number;
    int64_t      period;
    unsigned     month:1;
    unsigned     week:1;
} text_t;


static const text_t  rates[] = {
    { "1r/s", 1, SECOND, 0, 0 },
    { "10r/s", 10, SECOND, 0, 0 },
    { "600r/m", 600, 60 * SECOND, 0, 0 },
    { "7r/h", 7, HOUR, 0, 0 },
    { "1r/d", 1, DAY, 0, 0 },
    { "1000000000r/s", 1000000000, SECOND, 0, 0 },
};

static const char  *bad_rates[] = {
    "", "r/s", "0r/s", "10", "10r", "10r/", "10r/x", "10/s", "10r/w", "10r/M",
    "10r/ss", "10r/second", "-1r/s", "1.5r/s", "1e3r/s", " 1r/s", "1r/s ",
    "1000000001r/s", "18446744073709551617r/s", "1r/1s",
};

static const text_t  quotas[] = {
    { "1/s", 1, SECOND, 0, 0 },
    { "100/m", 100, 60 * SECOND, 0, 0 },
    { "100/h", 100, HOUR, 0, 0 },
    { "1000/d", 1000, DAY, 0, 0 },
    { "1000/w", 1000, 7 * DAY, 0, 1 },
    { "5/M", 5, MONTH, 1, 0 },
    { "5/month", 5, MONTH, 1, 0 },
    { "5/week", 5, 7 * DAY, 0, 1 },
    { "5/day", 5, DAY, 0, 0 },
    { "5/hour", 5, HOUR, 0, 0 },
    { "5/minute", 5, 60 * SECOND, 0, 0 },
    { "5/second", 5, SECOND, 0, 0 },
    { "100/10s", 100, 10 * SECOND, 0, 0 },
    { "100/15m", 100, 900 * SECOND, 0, 0 },
    { "1/1w", 1, 7 * DAY, 0, 1 },
    { "1/2w", 1, 14 * DAY, 0, 0 },
    { "1/31d", 1, MONTH, 0, 0 },
    { "1000000000/2678400s", 1000000000, MONTH, 0, 0 },
};

static const char  *bad_quotas[] = {
    "", "/s", "0/s", "10", "10/", "10/x", "10/0s", "10/1", "10/-1s", "10r/s",
    "10/1M", "10/32d", "10/5w", "10/2678401s", "10/ s", "10/months", "10/sec",
    "10/10second", "1000000001/s", "10/99999999999999999999s", "10/1000000001s",
};

static uint64_t  seed = 88172645463325252;


static uint64_t
below(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return n ? seed % n : 0;
}


static ngx_str_t
string(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = unit_guard_end(text, s.len);

    return s;
}


static void
texts(void)
{
    ngx_str_t       s;
    ngx_uint_t      i;
    ngx_gw_limit_t  l;

    for (i = 0; i < count(rates); i++) {
        s = string(rates[i].text);
        memset(&l, 0xff, sizeof(l));

        unit_ok(ngx_gw_limit_parse_rate(&l, &s) == NGX_OK
                && l.number == rates[i].number && l.period == rates[i].period
                && !l.month && !l.week,
                "rate %s", rates[i].text);
    }

    for (i = 0; i < count(bad_rates); i++) {
        s = string(bad_rates[i]);
        unit_ok(ngx_gw_limit_parse_rate(&l, &s) == NGX_ERROR,
                "no rate: \"%s\"", bad_rates[i]);
    }

    for (i = 0; i < count(quotas); i++) {
        s = string(quotas[i].text);
        memset(&l, 0xff, sizeof(l));

        unit_ok(ngx_gw_limit_parse_quota(&l, &s) == NGX_OK
                && l.number == quotas[i].number
                && l.period == quotas[i].period
                && l.month == quotas[i].month && l.week == quotas[i].week,
                "quota %s", quotas[i].text);
    }

    for (i = 0; i < count(bad_quotas); i++) {
        s = string(bad_quotas[i]);
        unit_ok(ngx_gw_limit_parse_quota(&l, &s) == NGX_ERROR,
                "no quota: \"%s\"", bad_quotas[i]);
    }
}


static ngx_gw_limit_t
limit(ngx_uint_t algorithm, uint32_t number, int64_t period, uint32_t burst)
{
    ngx_gw_limit_t  l;

    memset(&l, 0, sizeof(l));

    l.algorithm = algorithm;
    l.number = number;
    l.period = period;
    l.burst = burst;
    l.month = (algorithm != NGX_GW_LIMIT_GCRA && period == MONTH);

    if (ngx_gw_limit_init(&l) != NGX_OK) {
        abort();
    }

    return l;
}


static ngx_uint_t
take(ngx_gw_limit_t *l, ngx_gw_limit_state_t *state, int64_t now,
    uint32_t cost)
{
    ngx_gw_verdict_t  v;

    ngx_gw_limit_take(l, state, now, cost, &v);

    return v.admitted;
}


static void
bounds(void)
{
    int64_t         whole;
    uint32_t        fraction;
    ngx_gw_limit_t  l, share;

    memset(&l, 0, sizeof(l));

    l.number = 1;
    l.period = DAY;
    l.burst = 365;
    unit_ok(ngx_gw_limit_init(&l) == NGX_OK, "a burst of 366 days");

    l.burst = 366;
    unit_ok(ngx_gw_limit_init(&l) == NGX_ERROR, "a burst of 367 days");

    l.number = NGX_GW_LIMIT_MAX_NUMBER;
    l.period = SECOND;
    l.burst = NGX_GW_LIMIT_MAX_NUMBER;
    unit_ok(ngx_gw_limit_init(&l) == NGX_OK && l.whole == 0
            && l.fraction == 1000000 && l.tolerance == SECOND
            && l.tolerance_fraction == 0,
            "the largest numbers");

    l.number = 0;
    unit_ok(ngx_gw_limit_init(&l) == NGX_ERROR, "no rate");

    l = limit(NGX_GW_LIMIT_GCRA, 7, SECOND, 10);
    ngx_gw_limit_intervals(&l, 1000000000, &whole, &fraction);
    unit_ok(whole == 142857142857142 && fraction == 6, "many intervals");

    l = limit(NGX_GW_LIMIT_GCRA, 100, SECOND, 40);
    ngx_gw_limit_share(&share, &l, 4);
    unit_ok(share.number == 100 && share.period == 4 * SECOND
            && share.burst == 9,
            "a share");

    ngx_gw_limit_share(&share, &l, 1000);
    unit_ok(share.whole == 10 * SECOND && share.burst == 0,
            "a share of less than one");

    l = limit(NGX_GW_LIMIT_GCRA, 1, DAY, 365);
    ngx_gw_limit_share(&share, &l, 1000000);
    unit_ok(share.whole == NGX_GW_LIMIT_MAX_TIME && share.burst == 0,
            "the smallest share");

    l = limit(NGX_GW_LIMIT_FIXED, 10, HOUR, 0);
    ngx_gw_limit_share(&share, &l, 3);
    unit_ok(share.number == 3 && share.period == HOUR, "a share of a quota");

    ngx_gw_limit_share(&share, &l, 30);
    unit_ok(share.number == 1, "a share of less than one of a quota");
}


/* what passes in a day, of requests that come much faster */

static void
days(void)
{
    int64_t               now, step, wrong;
    ngx_uint_t            i, n;
    ngx_gw_limit_t        l;
    ngx_gw_verdict_t      v;
    ngx_gw_limit_state_t  state;

    static const struct {
        uint32_t  number;
        int64_t   period;
        uint32_t  burst;
    } all[] = {
        { 7, SECOND, 0 },
        { 7, SECOND, 13 },
        { 11, 60 * SECOND, 3 },
        { 1, DAY, 0 },
        { 999983, DAY, 5 },
    };

    for (i = 0; i < count(all); i++) {
        l = limit(NGX_GW_LIMIT_GCRA, all[i].number, all[i].period,
                  all[i].burst);
        memset(&state, 0, sizeof(state));
        step = l.whole / 3 + 1;
        n = 0;

        for (now = NOON; now < NOON + DAY; now += step) {
            n += take(&l, &state, now, 1);
        }

        wrong = DAY / all[i].period * all[i].number + all[i].burst - n;

        /* without a burst what comes late is lost, here some microseconds */

        unit_ok(ngx_abs(wrong) <= (all[i].burst ? 1 : (int64_t) n / 10000 + 1),
                "%u in %lds, burst %u: %lu in a day", all[i].number,
                (long) (all[i].period / SECOND), all[i].burst,
                (unsigned long) n);

        /* so are parts of one when requests come as they were told */

        memset(&state, 0, sizeof(state));
        n = 0;
        now = NOON;

        while (now < NOON + DAY) {
            ngx_gw_limit_take(&l, &state, now, 1, &v);
            n += v.admitted;
            now += v.retry;
        }

        wrong = DAY / all[i].period * all[i].number + all[i].burst - n;

        unit_ok(wrong >= 0 && wrong <= (int64_t) n / 100000,
                "as many when they come as told: %lu", (unsigned long) n);
    }

    l = limit(NGX_GW_LIMIT_GCRA, 10, SECOND, 5);
    memset(&state, 0, sizeof(state));

    for (n = 0; take(&l, &state, NOON, 1); n++) { /* void */ }

    unit_ok(n == 6, "the burst and one");

    ngx_gw_limit_give_back(&l, &state, NOON, 2, state.gcra.tat);
    for (n = 0; take(&l, &state, NOON, 1); n++) { /* void */ }
    unit_ok(n == 2, "what was given back");

    unit_ok(!take(&l, &state, NOON + 6 * SECOND, 7)
            && take(&l, &state, NOON + 6 * SECOND, 6),
            "a cost of all there is");

    ngx_gw_limit_take(&l, &state, NOON + 6 * SECOND, 7, &v);
    unit_ok(v.retry == 600000, "a cost of more: when all is earned again");

    ngx_gw_limit_take(&l, &state, NOON + 6 * SECOND + 100000, 0, &v);
    unit_ok(v.admitted && v.remaining == 1 && v.excess == 0,
            "a cost of nothing");

    ngx_gw_limit_take(&l, &state, NOON + 6 * SECOND + 100000, 1, &v);
    unit_ok(v.admitted && v.remaining == 0 && v.reset == 100000
            && v.excess == 500000,
            "the last one");

    /* of another rate: rounded up, and no more than this one could owe */

    l = limit(NGX_GW_LIMIT_GCRA, 3, SECOND, 0);
    memset(&state, 0, sizeof(state));
    (void) take(&l, &state, NOON, 1);
    l = limit(NGX_GW_LIMIT_GCRA, 2, SECOND, 0);
    ngx_gw_limit_take(&l, &state, NOON, 1, &v);
    unit_ok(v.retry == 333334, "a fraction of another rate");

    l = limit(NGX_GW_LIMIT_GCRA, 1, HOUR, 100);
    memset(&state, 0, sizeof(state));
    while (take(&l, &state, NOON, 1)) { /* void */ }
    l = limit(NGX_GW_LIMIT_GCRA, 10, SECOND, 1);
    ngx_gw_limit_take(&l, &state, NOON, 1, &v);
    unit_ok(!v.admitted && v.retry == 100000, "a debt of another rate");
    unit_ok(take(&l, &state, NOON + 100000, 1), "which is soon paid");
}


/*
 * What is told of any state must hold: so many pass, no more, and at the times
 * that are named, not a microsecond before.
 */

static void
promises(ngx_uint_t algorithm)
{
    int64_t               now, expires;
    uint32_t              cost;
    ngx_uint_t            i, j, asked, wrong;
    ngx_gw_limit_t        l;
    ngx_gw_verdict_t      v, w;
    ngx_gw_limit_state_t  state, copy;

    static const int64_t  periods[] = {
        SECOND, 60 * SECOND, HOUR, DAY, 10 * SECOND, 7 * DAY, MONTH
    };

#define probe(t, c)  (copy = state, take(&l, &copy, (t), (c)))

    asked = 0;
    wrong = 0;

    for (i = 0; i < 20000; i++) {
        memset(&l, 0, sizeof(l));
        l.algorithm = algorithm;
        l.number = (uint32_t) (1 + below(below(3) ? 20 : 1000000000));
        l.burst = (uint32_t) below(below(3) ? 10 : 1000000000);
        l.period = periods[below(algorithm == NGX_GW_LIMIT_GCRA ? 4 : 7)];
        l.month = (l.period == MONTH);
        l.week = (l.period == 7 * DAY);

        if (ngx_gw_limit_init(&l) != NGX_OK) {
            continue;
        }

        memset(&state, 0, sizeof(state));
        now = NOON + (int64_t) below(400 * DAY);

        for (j = 0; j < 20; j++) {
            cost = (uint32_t) (below(3) ? below(3) : below(1000001));

            ngx_gw_limit_take(&l, &state, now, cost, &v);
            asked++;

            if (!v.admitted && (v.retry < 1
                                || (cost <= v.limit
                                    && (!probe(now + v.retry, cost)
                                        || probe(now + v.retry - 1, cost)))))
            {
                wrong++;
            }

            if (v.remaining && v.remaining <= NGX_GW_LIMIT_MAX_COST
                && !probe(now, v.remaining))
            {
                wrong++;
            }

            if (v.remaining < NGX_GW_LIMIT_MAX_COST
                && (probe(now, v.remaining + 1)
                    || (v.remaining < v.limit
                        && (v.reset < 1
                            || !probe(now + v.reset, v.remaining + 1)
                            || probe(now + v.reset - 1, v.remaining + 1)))))
            {
                wrong++;
            }

            if (v.remaining == v.limit && v.reset != 0) {
                wrong++;
            }

            expires = ngx_gw_limit_expires(&l, &state, now);
            copy = state;
            ngx_gw_limit_take(&l, &copy, ngx_max(expires, now), 0, &w);

            if (w.remaining != w.limit) {
                wrong++;
            }

            switch (below(4)) {

            case 0:
                now += (int64_t) below(2 * l.period / l.number + 2);
                break;

            case 1:
                now += v.admitted ? v.reset : v.retry;
                break;

            case 2:
                now += (int64_t) below(l.period);
                break;

            default:
                break;
            }
        }
    }

    unit_ok(asked > 100000 && wrong == 0,
            "what %s promises holds (%lu wrong of %lu)",
            algorithm == NGX_GW_LIMIT_GCRA ? "GCRA"
            : algorithm == NGX_GW_LIMIT_FIXED ? "a window"
                                              : "a sliding window",
            (unsigned long) wrong, (unsigned long) asked);
}


/* a verdict on what Redis says is that on a state here */

static void
elsewhere(void)
{
    int64_t               now, id, start, length;
    uint32_t              cost;
    ngx_uint_t            i, wrong;
    ngx_gw_limit_t        l;
    ngx_gw_verdict_t      v, w;
    ngx_gw_limit_state_t  state;

    wrong = 0;
    now = NOON;

    for (i = 0; i < 100000; i++) {
        if (i % 100 == 0) {
            l = limit(i / 100 % 3, (uint32_t) (1 + below(50)),
                      below(2) ? SECOND : HOUR, (uint32_t) below(50));
            memset(&state, 0, sizeof(state));
        }

        cost = (uint32_t) below(4);
        memset(&w, 0, sizeof(w));
        ngx_gw_limit_take(&l, &state, now, cost, &v);

        w.admitted = v.admitted;

        if (l.algorithm == NGX_GW_LIMIT_GCRA) {
            ngx_gw_limit_gcra_verdict(&l, state.gcra.tat - now,
                                      state.gcra.fraction, cost, &w);
        } else {
            id = ngx_gw_limit_window(&l, now, &start, &length);
            wrong += (id != state.window.id);
            ngx_gw_limit_window_verdict(&l, state.window.count,
                                        state.window.last, now - start, length,
                                        cost, &w);
        }

        wrong += v.limit != w.limit || v.remaining != w.remaining
                 || v.reset != w.reset || v.retry != w.retry
                 || v.excess != w.excess;

        now += (int64_t) below(2 * l.period / l.number);
    }

    unit_ok(wrong == 0, "decisions made elsewhere (%lu wrong)",
            (unsigned long) wrong);

    /* any answer of a server must do no harm */

    l = limit(NGX_GW_LIMIT_GCRA, 1000000000, SECOND, 1000000000);
    v.admitted = 0;
    ngx_gw_limit_gcra_verdict(&l, INT64_MAX, 999999999, 1000000, &v);
    unit_ok(v.remaining == 0 && v.retry > 0, "an absurd time");
    ngx_gw_limit_gcra_verdict(&l, INT64_MIN, 0, 1, &v);
    unit_ok(v.remaining == v.limit && v.retry == 1, "one long past");

    l = limit(NGX_GW_LIMIT_SLIDING, 1000000000, MONTH, 0);
    ngx_gw_limit_window_verdict(&l, UINT32_MAX, UINT32_MAX, INT64_MIN,
                                INT64_MAX, 1000000, &v);
    unit_ok(v.remaining == 0 && v.retry > 0 && v.retry <= 2 * MONTH,
            "absurd counts");
}


static void
calendar(void)
{
    time_t          t, first;
    int64_t         id, start, length;
    struct tm       tm;
    ngx_uint_t      i, wrong, weeks;
    ngx_gw_limit_t  month, week, day, odd;

    month = limit(NGX_GW_LIMIT_FIXED, 1, MONTH, 0);
    week = limit(NGX_GW_LIMIT_FIXED, 1, 7 * DAY, 0);
    week.week = 1;
    day = limit(NGX_GW_LIMIT_FIXED, 1, DAY, 0);
    odd = limit(NGX_GW_LIMIT_FIXED, 1, 7 * SECOND, 0);

    wrong = 0;
    weeks = 0;
    t = 0;

    for (i = 0; i < 100000; i++) {
        gmtime_r(&t, &tm);

        id = ngx_gw_limit_window(&month, t * SECOND + SECOND - 1, &start,
                                 &length);
        wrong += (id != (tm.tm_year - 70) * 12 + tm.tm_mon);

        tm.tm_mday = 1;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        first = timegm(&tm);
        tm.tm_mon++;

        wrong += (start != first * SECOND
                  || start + length != timegm(&tm) * SECOND);

        (void) ngx_gw_limit_window(&week, t * SECOND, &start, &length);
        first = start / SECOND;
        gmtime_r(&first, &tm);
        weeks += (start > t * SECOND || start + length <= t * SECOND
                  || length != 7 * DAY
                  || (start >= 0 && (tm.tm_wday != 1 || first % 86400)));

        (void) ngx_gw_limit_window(&day, t * SECOND, &start, &length);
        wrong += (start / SECOND != t / 86400 * 86400 || length != DAY);

        (void) ngx_gw_limit_window(&odd, t * SECOND, &start, &length);
        wrong += (start / SECOND != t / 7 * 7 || length != 7 * SECOND);

        /* the ends of days, and anything between */

        if (i % 2) {
            t += 1 + (time_t) below(2 * 86400);

        } else {
            t += 86399 - t % 86400;
        }
    }

    unit_ok(wrong == 0, "months, days and others until %d (%lu wrong)",
            tm.tm_year + 1900, (unsigned long) wrong);
    unit_ok(weeks == 0, "weeks begin on Monday (%lu wrong)",
            (unsigned long) weeks);

    (void) ngx_gw_limit_window(&month, -5, &start, &length);
    unit_ok(start == 0 && length == MONTH, "a clock before 1970");
}


/* a request passes if it fits, reckoned with nothing rounded */

static void
sliding(void)
{
    wide_t                used;
    int64_t               now, id, start, length, current;
    uint32_t              cost, n, last;
    ngx_uint_t            i, wrong, passed;
    ngx_gw_limit_t        l;
    ngx_gw_limit_state_t  state;

    wrong = 0;
    passed = 0;
    now = NOON;
    current = n = last = 0;

    for (i = 0; i < 1000000; i++) {

        if (i % 1000 == 0) {
            l = limit(NGX_GW_LIMIT_SLIDING,
                      (uint32_t) (1 + below(below(2) ? 30 : 1000000000)),
                      below(2) ? 10 * SECOND : MONTH, 0);
            memset(&state, 0, sizeof(state));
            current = n = last = 0;
        }

        id = ngx_gw_limit_window(&l, now, &start, &length);

        if (id != current) {
            last = (id == current + 1) ? n : 0;
            n = 0;
            current = id;
        }

        cost = (uint32_t) ngx_min(1 + below(l.number / 4 + 1), 1000000);
        used = ((wide_t) n + cost) * length
               + (wide_t) last * (length - (now - start));

        if (take(&l, &state, now, cost)) {
            wrong += (used > (wide_t) l.number * length);
            n += cost;
            passed++;

        } else {
            wrong += (used <= (wide_t) l.number * length);
        }

        now += (int64_t) below(l.period / 4);
    }

    unit_ok(wrong == 0 && passed > 100000 && passed < 900000,
            "a sliding window (%lu wrong, %lu passed)", (unsigned long) wrong,
            (unsigned long) passed);
}


static void
windows(void)
{
    ngx_uint_t            n;
    ngx_gw_limit_t        l;
    ngx_gw_verdict_t      v;
    ngx_gw_limit_state_t  state;

    l = limit(NGX_GW_LIMIT_FIXED, 10, HOUR, 0);
    memset(&state, 0, sizeof(state));

    for (n = 0; take(&l, &state, NOON + 5, 1); n++) { /* void */ }
    unit_ok(n == 10, "a quota");

    ngx_gw_limit_take(&l, &state, NOON + 5, 1, &v);
    unit_ok(v.retry == HOUR - 5 && v.reset == HOUR - 5 && v.remaining == 0,
            "until the next window");

    ngx_gw_limit_give_back(&l, &state, NOON + 5, 3, state.window.id);
    unit_ok(take(&l, &state, NOON + 5, 3) && !take(&l, &state, NOON + 5, 1),
            "what was given back");

    unit_ok(!take(&l, &state, NOON + 7, 11)
            && take(&l, &state, NOON + HOUR, 10),
            "the next window");

    /* steps back */

    unit_ok(!take(&l, &state, NOON + HOUR - 1, 1), "a small step back");
    unit_ok(take(&l, &state, NOON + HOUR, 1), "forward again");

    (void) take(&l, &state, NOON + HOUR, 9);
    unit_ok(!take(&l, &state, NOON - 1000 * DAY, 1)
            && !take(&l, &state, NOON - 1000 * DAY + HOUR - 1, 1),
            "a large step back");
    unit_ok(take(&l, &state, NOON - 1000 * DAY + HOUR, 10),
            "holds for a period");

    l = limit(NGX_GW_LIMIT_SLIDING, 10, HOUR, 0);
    memset(&state, 0, sizeof(state));
    (void) take(&l, &state, NOON, 10);
    unit_ok(!take(&l, &state, NOON + HOUR, 1)
            && !take(&l, &state, NOON + HOUR + HOUR / 10 - 1, 1)
            && take(&l, &state, NOON + HOUR + HOUR / 10, 1)
            && !take(&l, &state, NOON + HOUR + HOUR / 10, 1),
            "the last window counts by what is left of it");
    unit_ok(take(&l, &state, NOON + 4 * HOUR, 10), "those before do not");
}


int
main(void)
{
    texts();
    bounds();
    days();
    promises(NGX_GW_LIMIT_GCRA);
    promises(NGX_GW_LIMIT_FIXED);
    promises(NGX_GW_LIMIT_SLIDING);
    elsewhere();
    calendar();
    sliding();
    windows();

    return unit_done();
}
