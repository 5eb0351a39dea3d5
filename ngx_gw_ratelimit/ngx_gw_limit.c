
#include "ngx_gw_limit.h"


#define NGX_GW_LIMIT_SECOND  ((int64_t) 1000000)
#define NGX_GW_LIMIT_DAY     (86400 * NGX_GW_LIMIT_SECOND)
#define NGX_GW_LIMIT_WEEK    (7 * NGX_GW_LIMIT_DAY)
#define NGX_GW_LIMIT_MONTH   (31 * NGX_GW_LIMIT_DAY)

/* the Monday before 1970 began */
#define NGX_GW_LIMIT_MONDAY  (3 * NGX_GW_LIMIT_DAY)

/* what is not known better is no further ahead, and can be added to a time */
#define NGX_GW_LIMIT_FAR     ((int64_t) 1 << 60)


/* holds the product of a time and a number */
__extension__ typedef unsigned __int128  ngx_gw_limit_wide_t;


static ngx_uint_t ngx_gw_limit_parse_number(u_char **pos, u_char *last);
static int64_t ngx_gw_limit_unit(u_char *p, size_t len);
static uint32_t ngx_gw_limit_rate(const ngx_gw_limit_t *limit);

static void ngx_gw_limit_gcra_take(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v);
static void ngx_gw_limit_gcra_adopt(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now);
static ngx_inline int64_t ngx_gw_limit_gcra_excess(
    const ngx_gw_limit_t *limit, int64_t ahead, uint32_t fraction);
static ngx_inline void ngx_gw_limit_gcra_left(const ngx_gw_limit_t *limit,
    int64_t ahead, uint32_t fraction, ngx_gw_verdict_t *v);
static int64_t ngx_gw_limit_gcra_retry(const ngx_gw_limit_t *limit,
    int64_t ahead, uint32_t fraction, uint32_t cost);
static void ngx_gw_limit_window_take(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v);
static void ngx_gw_limit_window_adopt(ngx_gw_limit_state_t *state, int64_t id);
static uint32_t ngx_gw_limit_window_left(const ngx_gw_limit_t *limit,
    uint32_t count, uint32_t last, int64_t elapsed, int64_t length);
static int64_t ngx_gw_limit_window_wait(const ngx_gw_limit_t *limit,
    uint32_t count, uint32_t last, int64_t elapsed, int64_t length,
    int64_t next, uint32_t cost);
static void ngx_gw_limit_window_reckon(const ngx_gw_limit_t *limit,
    uint32_t count, uint32_t last, int64_t elapsed, int64_t length,
    int64_t next, uint32_t cost, ngx_gw_verdict_t *v);
static int64_t ngx_gw_limit_month(int64_t now, int64_t *start,
    int64_t *length);
static int64_t ngx_gw_limit_first_day(int64_t month);


ngx_int_t
ngx_gw_limit_parse_rate(ngx_gw_limit_t *limit, ngx_str_t *value)
{
    u_char      *p, *last;
    int64_t      period;
    ngx_uint_t   number;

    p = value->data;
    last = p + value->len;

    number = ngx_gw_limit_parse_number(&p, last);

    if (number == 0 || last - p != 3 || p[0] != 'r' || p[1] != '/') {
        return NGX_ERROR;
    }

    period = ngx_gw_limit_unit(p + 2, 1);

    if (period == 0 || period > NGX_GW_LIMIT_DAY) {
        return NGX_ERROR;
    }

    limit->number = (uint32_t) number;
    limit->period = period;
    limit->month = 0;
    limit->week = 0;

    return NGX_OK;
}


ngx_int_t
ngx_gw_limit_parse_quota(ngx_gw_limit_t *limit, ngx_str_t *value)
{
    u_char      *p, *last;
    int64_t      period;
    ngx_uint_t   number, n;

    p = value->data;
    last = p + value->len;

    number = ngx_gw_limit_parse_number(&p, last);

    if (number == 0 || p == last || *p++ != '/') {
        return NGX_ERROR;
    }

    n = 1;

    if (p < last && *p >= '0' && *p <= '9') {
        n = ngx_gw_limit_parse_number(&p, last);

        if (n == 0 || last - p != 1 || *p == 'M') {
            return NGX_ERROR;
        }
    }

    period = ngx_gw_limit_unit(p, last - p);

    if (period == 0
        || (int64_t) n > NGX_GW_LIMIT_MONTH / NGX_GW_LIMIT_SECOND
        || (int64_t) n * period > NGX_GW_LIMIT_MONTH)
    {
        return NGX_ERROR;
    }

    limit->number = (uint32_t) number;
    limit->period = n * period;
    limit->month = (period == NGX_GW_LIMIT_MONTH);
    limit->week = (period == NGX_GW_LIMIT_WEEK && n == 1);

    return NGX_OK;
}


/* 0 if there is none, or one that is 0 or too large */

static ngx_uint_t
ngx_gw_limit_parse_number(u_char **pos, u_char *last)
{
    u_char      *p;
    ngx_uint_t   n;

    n = 0;

    for (p = *pos; p < last && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');

        if (n > NGX_GW_LIMIT_MAX_NUMBER) {
            return 0;
        }
    }

    *pos = p;

    return n;
}


static int64_t
ngx_gw_limit_unit(u_char *p, size_t len)
{
    ngx_uint_t  i;

    static const struct {
        ngx_str_t  name;
        u_char     letter;
        int64_t    period;
    } units[] = {
        { ngx_string("second"), 's', NGX_GW_LIMIT_SECOND },
        { ngx_string("minute"), 'm', 60 * NGX_GW_LIMIT_SECOND },
        { ngx_string("hour"), 'h', 3600 * NGX_GW_LIMIT_SECOND },
        { ngx_string("day"), 'd', NGX_GW_LIMIT_DAY },
        { ngx_string("week"), 'w', NGX_GW_LIMIT_WEEK },
        { ngx_string("month"), 'M', NGX_GW_LIMIT_MONTH },
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {

        if (len == 1 && *p == units[i].letter) {
            return units[i].period;
        }

        if (len == units[i].name.len
            && ngx_strncmp(p, units[i].name.data, len) == 0)
        {
            return units[i].period;
        }
    }

    return 0;
}


ngx_int_t
ngx_gw_limit_init(ngx_gw_limit_t *limit)
{
    ngx_gw_limit_wide_t  all;

    if (limit->number == 0 || limit->number > NGX_GW_LIMIT_MAX_NUMBER
        || limit->period <= 0 || limit->period > NGX_GW_LIMIT_MAX_TIME)
    {
        return NGX_ERROR;
    }

    limit->whole = limit->period / limit->number;
    limit->fraction = (uint32_t) (limit->period % limit->number);
    limit->tolerance = 0;
    limit->tolerance_fraction = 0;

    if (limit->algorithm != NGX_GW_LIMIT_GCRA) {
        return NGX_OK;
    }

    all = (ngx_gw_limit_wide_t) limit->period * (limit->burst + (uint64_t) 1);

    if (limit->burst > NGX_GW_LIMIT_MAX_NUMBER
        || all > (ngx_gw_limit_wide_t) NGX_GW_LIMIT_MAX_TIME * limit->number)
    {
        return NGX_ERROR;
    }

    ngx_gw_limit_intervals(limit, limit->burst, &limit->tolerance,
                           &limit->tolerance_fraction);

    limit->rate = ngx_gw_limit_rate(limit);

    return NGX_OK;
}


static uint32_t
ngx_gw_limit_rate(const ngx_gw_limit_t *limit)
{
    uint64_t  mixed;

    /* 2^64 over the golden ratio spreads the bits of what it multiplies */

    mixed = (uint64_t) limit->period * 0x9e3779b97f4a7c15 + limit->number;

    return (uint32_t) (mixed >> 32 ^ mixed);
}


/*
 * A rate is divided by making its period longer, which is exact; the one
 * request that always passes first is the least of any share.
 */

void
ngx_gw_limit_share(ngx_gw_limit_t *share, const ngx_gw_limit_t *limit,
    ngx_uint_t n)
{
    ngx_gw_limit_wide_t  period, most;

    *share = *limit;

    if (n <= 1) {
        return;
    }

    if (limit->algorithm != NGX_GW_LIMIT_GCRA) {
        share->number = (uint32_t) ngx_max(limit->number / n, 1);
        (void) ngx_gw_limit_init(share);
        return;
    }

    share->burst = (uint32_t) ((limit->burst + (uint64_t) 1) / n);

    if (share->burst) {
        share->burst--;
    }

    period = (ngx_gw_limit_wide_t) limit->period * n;
    most = (ngx_gw_limit_wide_t) NGX_GW_LIMIT_MAX_TIME * limit->number
           / (share->burst + (uint64_t) 1);
    most = ngx_min(most, (ngx_gw_limit_wide_t) NGX_GW_LIMIT_MAX_TIME);

    share->period = (int64_t) ngx_min(period, most);

    (void) ngx_gw_limit_init(share);
}


void
ngx_gw_limit_intervals(const ngx_gw_limit_t *limit, uint64_t n,
    int64_t *whole, uint32_t *fraction)
{
    uint64_t             parts;
    ngx_gw_limit_wide_t  wide;

    parts = n * limit->fraction;
    wide = (ngx_gw_limit_wide_t) limit->whole * n;

    if (parts >= limit->number) {
        wide += parts / limit->number;
        parts %= limit->number;
    }

    if (wide > NGX_GW_LIMIT_FAR) {
        wide = NGX_GW_LIMIT_FAR;
        parts = 0;
    }

    *whole = (int64_t) wide;
    *fraction = (uint32_t) parts;
}


void
ngx_gw_limit_take(const ngx_gw_limit_t *limit, ngx_gw_limit_state_t *state,
    int64_t now, uint32_t cost, ngx_gw_verdict_t *v)
{
    ngx_gw_limit_charge(limit, state, now, cost, v);
    ngx_gw_limit_complete(limit, v);
}


void
ngx_gw_limit_charge(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v)
{
    v->incomplete = 0;

    if (limit->algorithm == NGX_GW_LIMIT_GCRA) {
        ngx_gw_limit_gcra_take(limit, state, now, cost, v);
        return;
    }

    ngx_gw_limit_window_take(limit, state, now, cost, v);
}


void
ngx_gw_limit_complete(const ngx_gw_limit_t *limit, ngx_gw_verdict_t *v)
{
    if (!v->incomplete) {
        return;
    }

    v->incomplete = 0;

    ngx_gw_limit_gcra_left(limit, v->ahead, v->fraction, v);

    v->remaining += ngx_min(v->more, v->limit - v->remaining);

    if (v->remaining == v->limit) {
        v->reset = 0;

    } else if (v->later) {
        v->reset = ngx_min(v->reset, v->later);
    }
}


void
ngx_gw_limit_give_back(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost, int64_t charged)
{
    int64_t   whole;
    uint32_t  fraction;

    if (limit->algorithm != NGX_GW_LIMIT_GCRA) {

        if (state->window.id == charged) {
            state->window.count -= ngx_min(cost, state->window.count);

        } else if (state->window.id == charged + 1) {
            state->window.last -= ngx_min(cost, state->window.last);
        }

        return;
    }

    if (cost > (uint64_t) limit->burst + 1 || charged <= now) {
        return;
    }

    ngx_gw_limit_gcra_adopt(limit, state, now);
    ngx_gw_limit_intervals(limit, cost, &whole, &fraction);

    if (whole > charged - now) {
        whole = charged - now;
        fraction = 0;
    }

    state->gcra.tat -= whole;

    if (state->gcra.fraction < fraction) {
        state->gcra.tat--;
        state->gcra.fraction += limit->number;
    }

    state->gcra.fraction -= fraction;
}


int64_t
ngx_gw_limit_expires(const ngx_gw_limit_t *limit,
    const ngx_gw_limit_state_t *state, int64_t now)
{
    int64_t               id, start, length;
    ngx_gw_limit_state_t  copy;

    copy = *state;

    if (limit->algorithm == NGX_GW_LIMIT_GCRA) {
        ngx_gw_limit_gcra_adopt(limit, &copy, now);
        return copy.gcra.tat + (copy.gcra.fraction != 0);
    }

    id = ngx_gw_limit_window(limit, now, &start, &length);

    ngx_gw_limit_window_adopt(&copy, id);

    if (limit->algorithm == NGX_GW_LIMIT_FIXED) {
        return copy.window.count ? start + length : now;
    }

    if (copy.window.count) {
        (void) ngx_gw_limit_window(limit, start + length, &start, &length);
        return start + length;
    }

    return copy.window.last ? start + length : now;
}


static void
ngx_gw_limit_gcra_take(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v)
{
    int64_t   ahead, whole;
    uint32_t  fraction, part;

    ngx_gw_limit_gcra_adopt(limit, state, now);

    ahead = state->gcra.tat - now;
    fraction = state->gcra.fraction;

    v->admitted = (ngx_gw_limit_gcra_retry(limit, ahead, fraction, cost) == 0);

    if (v->admitted && cost) {
        whole = limit->whole;
        part = limit->fraction;

        if (cost > 1) {
            ngx_gw_limit_intervals(limit, cost, &whole, &part);
        }

        ahead += whole;
        fraction += part;

        if (fraction >= limit->number) {
            ahead++;
            fraction -= limit->number;
        }

        state->gcra.tat = now + ahead;
        state->gcra.fraction = fraction;

        v->charged = state->gcra.tat;
    }

    if (!v->admitted) {
        ngx_gw_limit_gcra_verdict(limit, ahead, fraction, cost, v);
        return;
    }

    v->limit = limit->burst + 1;
    v->retry = 0;
    v->excess = cost ? ngx_gw_limit_gcra_excess(limit, ahead, fraction) : 0;

    v->incomplete = 1;
    v->ahead = ahead;
    v->fraction = fraction;
    v->more = 0;
    v->later = 0;
}


/* of a request that has been charged */

static ngx_inline int64_t
ngx_gw_limit_gcra_excess(const ngx_gw_limit_t *limit, int64_t ahead,
    uint32_t fraction)
{
    int64_t  excess;

    excess = ahead - limit->whole + (fraction > limit->fraction);

    return ngx_max(excess, 0);
}


/*
 * Makes the state one of this limit, not before now, and not further ahead
 * than the limit itself could have taken it.
 */

static void
ngx_gw_limit_gcra_adopt(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now)
{
    int64_t   ahead;
    uint32_t  fraction;

    if (state->gcra.tat < now) {
        state->gcra.tat = now;
        state->gcra.fraction = 0;
        state->gcra.rate = limit->rate;
        return;
    }

    /* by a rule of the same rate and a larger burst it may be far ahead */

    if (state->gcra.rate == limit->rate) {
        return;
    }

    state->gcra.rate = limit->rate;

    if (state->gcra.fraction) {
        state->gcra.tat++;
        state->gcra.fraction = 0;
    }

    ahead = limit->tolerance + limit->whole;

    if (state->gcra.tat - now < ahead) {
        return;
    }

    fraction = limit->tolerance_fraction + limit->fraction;

    if (fraction >= limit->number) {
        ahead++;
        fraction -= limit->number;
    }

    if (state->gcra.tat - now > ahead
        || (state->gcra.tat - now == ahead && state->gcra.fraction > fraction))
    {
        state->gcra.tat = now + ahead;
        state->gcra.fraction = fraction;
    }
}


void
ngx_gw_limit_gcra_verdict(const ngx_gw_limit_t *limit, int64_t ahead,
    uint32_t fraction, uint32_t cost, ngx_gw_verdict_t *v)
{
    if (ahead < 0) {
        ahead = 0;
        fraction = 0;
    }

    ahead = ngx_min(ahead, NGX_GW_LIMIT_FAR);

    v->limit = limit->burst + 1;
    v->retry = 0;
    v->excess = 0;
    v->incomplete = 0;

    ngx_gw_limit_gcra_left(limit, ahead, fraction, v);

    if (!v->admitted) {
        v->retry = ngx_gw_limit_gcra_retry(limit, ahead, fraction, cost);

        /* meanwhile it would be: whoever decided knew more */
        v->retry = ngx_max(v->retry, 1);
        return;
    }

    if (cost) {
        v->excess = ngx_gw_limit_gcra_excess(limit, ahead, fraction);
    }
}


/*
 * In 1/number of a microsecond an emission interval is the period, a whole
 * number, and the slack is n of them and a rest.  Integers are slow to divide:
 * quotients are estimated and set right.
 */

static ngx_inline void
ngx_gw_limit_gcra_left(const ngx_gw_limit_t *limit, int64_t ahead,
    uint32_t fraction, ngx_gw_verdict_t *v)
{
    int64_t              slack, part, all, n, rest, reset;
    ngx_gw_limit_wide_t  wide;

    slack = limit->tolerance - ahead;
    part = (int64_t) limit->tolerance_fraction - fraction;

    if (slack < 0 || (slack == 0 && part < 0)) {
        v->remaining = 0;
        v->reset = (part < 0) - slack;
        return;
    }

    if (part < 0) {
        slack--;
        part += limit->number;
    }

    if (slack < INT64_MAX / NGX_GW_LIMIT_MAX_NUMBER - 1) {
        all = slack * limit->number + part;
        n = (int64_t) ((double) all / (double) limit->period);
        rest = all - n * limit->period;

        if (rest < 0) {
            n--;
            rest += limit->period;

        } else if (rest >= limit->period) {
            n++;
            rest -= limit->period;
        }

    } else {
        wide = (ngx_gw_limit_wide_t) slack * limit->number + part;
        n = (int64_t) (wide / limit->period);
        rest = (int64_t) (wide % limit->period);
    }

    v->remaining = (uint32_t) n + 1;

    if (n == limit->burst) {
        v->reset = 0;
        return;
    }

    /* what is missing of one more interval, rounded up */

    rest = limit->period - rest;
    reset = (int64_t) ((double) rest / (double) limit->number);

    v->reset = reset + (reset * limit->number < rest);
}


/* until a request of this cost is admitted; 0: now */

static int64_t
ngx_gw_limit_gcra_retry(const ngx_gw_limit_t *limit, int64_t ahead,
    uint32_t fraction, uint32_t cost)
{
    int64_t   retry, whole;
    uint32_t  part;

    if (cost > (uint64_t) limit->burst + 1) {
        return ngx_max(ahead + (fraction != 0), 1);
    }

    retry = ahead - limit->tolerance;

    if (cost > 1) {
        ngx_gw_limit_intervals(limit, cost - 1, &whole, &part);

        retry += whole;
        fraction += part;

        if (fraction >= limit->number) {
            retry++;
            fraction -= limit->number;
        }
    }

    retry += (fraction > limit->tolerance_fraction);

    return ngx_max(retry, 0);
}


static void
ngx_gw_limit_window_take(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v)
{
    int64_t   id, start, length, after, next;
    uint32_t  left;

    now = ngx_max(now, 0);
    id = ngx_gw_limit_window(limit, now, &start, &length);

    ngx_gw_limit_window_adopt(state, id);

    left = ngx_gw_limit_window_left(limit, state->window.count,
                                    state->window.last, now - start, length);

    v->admitted = (ngx_max(cost, 1) <= left);

    if (v->admitted) {
        state->window.count += cost;
        v->charged = id;
    }

    next = limit->period;

    if (limit->month && limit->algorithm == NGX_GW_LIMIT_SLIDING) {
        (void) ngx_gw_limit_window(limit, start + length, &after, &next);
    }

    ngx_gw_limit_window_reckon(limit, state->window.count, state->window.last,
                               now - start, length, next, cost, v);
}


/*
 * Rolls the state on to the window of this id.  One from a later window, from
 * before the clock stepped back, is taken as one of this window: its count
 * holds no longer than until the end of it.
 */

static void
ngx_gw_limit_window_adopt(ngx_gw_limit_state_t *state, int64_t id)
{
    if (state->window.id < id) {
        state->window.last = (state->window.id == id - 1)
                             ? state->window.count : 0;
        state->window.count = 0;
    }

    state->window.id = id;
}


void
ngx_gw_limit_window_verdict(const ngx_gw_limit_t *limit, uint32_t count,
    uint32_t last, int64_t elapsed, int64_t length, uint32_t cost,
    ngx_gw_verdict_t *v)
{
    length = ngx_min(ngx_max(length, 1), NGX_GW_LIMIT_MONTH);
    elapsed = ngx_min(ngx_max(elapsed, 0), length - 1);

    /* of months the next may be a day or more shorter */
    ngx_gw_limit_window_reckon(limit, count, last, elapsed, length,
                               limit->period, cost, v);
}


static void
ngx_gw_limit_window_reckon(const ngx_gw_limit_t *limit, uint32_t count,
    uint32_t last, int64_t elapsed, int64_t length, int64_t next,
    uint32_t cost, ngx_gw_verdict_t *v)
{
    v->limit = limit->number;
    v->excess = 0;
    v->retry = 0;
    v->reset = 0;

    v->remaining = ngx_gw_limit_window_left(limit, count, last, elapsed,
                                            length);

    if (v->remaining < limit->number) {
        v->reset = ngx_gw_limit_window_wait(limit, count, last, elapsed,
                                            length, next, v->remaining + 1);
    }

    if (!v->admitted) {
        v->retry = ngx_gw_limit_window_wait(limit, count, last, elapsed,
                                            length, next, ngx_max(cost, 1));
        v->retry = ngx_max(v->retry, 1);
    }
}


static uint32_t
ngx_gw_limit_window_left(const ngx_gw_limit_t *limit, uint32_t count,
    uint32_t last, int64_t elapsed, int64_t length)
{
    uint64_t             used;
    ngx_gw_limit_wide_t  weight;

    used = count;

    if (limit->algorithm == NGX_GW_LIMIT_SLIDING && last) {
        weight = (ngx_gw_limit_wide_t) last * (length - elapsed);

        if (weight >> 64) {
            used += (uint64_t) ((weight + length - 1) / length);

        } else {
            used += (uint64_t) weight / length
                    + ((uint64_t) weight % length != 0);
        }
    }

    return used < limit->number ? (uint32_t) (limit->number - used) : 0;
}


/*
 * Until a request of this cost passes, if there is no other before; next is
 * the length of the window after this one.
 */

static int64_t
ngx_gw_limit_window_wait(const ngx_gw_limit_t *limit, uint32_t count,
    uint32_t last, int64_t elapsed, int64_t length, int64_t next,
    uint32_t cost)
{
    int64_t  left, wait;

    left = (int64_t) limit->number - cost;

    if (limit->algorithm == NGX_GW_LIMIT_FIXED) {
        return (left >= count) ? 0 : length - elapsed;
    }

    if (left < 0) {

        /* never: until nothing counts any more */

        return length - elapsed + (count ? next : 0);
    }

    if (left >= count) {
        left -= count;

        if (left >= last) {
            return 0;
        }

        wait = length - elapsed
               - (int64_t) ((ngx_gw_limit_wide_t) left * length / last);

        return ngx_max(wait, 0);
    }

    return length - elapsed + next
           - (int64_t) ((ngx_gw_limit_wide_t) left * next / count);
}


int64_t
ngx_gw_limit_window(const ngx_gw_limit_t *limit, int64_t now, int64_t *start,
    int64_t *length)
{
    int64_t  id, offset;

    now = ngx_max(now, 0);

    if (limit->month) {
        return ngx_gw_limit_month(now, start, length);
    }

    offset = limit->week ? NGX_GW_LIMIT_MONDAY : 0;
    id = (now + offset) / limit->period;

    *start = id * limit->period - offset;
    *length = limit->period;

    return id;
}


/* months since 1970 */

static int64_t
ngx_gw_limit_month(int64_t now, int64_t *start, int64_t *length)
{
    int64_t  day, month, first, next;

    day = now / NGX_GW_LIMIT_DAY;

    /* 146097 days are 4800 months: this one, or next to it */

    month = day * 4800 / 146097;

    first = ngx_gw_limit_first_day(month);

    while (first > day) {
        first = ngx_gw_limit_first_day(--month);
    }

    next = ngx_gw_limit_first_day(month + 1);

    while (next <= day) {
        first = next;
        next = ngx_gw_limit_first_day(++month + 1);
    }

    *start = first * NGX_GW_LIMIT_DAY;
    *length = (next - first) * NGX_GW_LIMIT_DAY;

    return month;
}


/* of the month, in days since 1970 */

static int64_t
ngx_gw_limit_first_day(int64_t month)
{
    int64_t  y;

    static const int64_t  days[] = {
        0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
    };

    /* the year whose leap day, if it has one, is not behind us */
    y = 1970 + month / 12 - (month % 12 < 2);

    return (month / 12) * 365 + days[month % 12]
           + y / 4 - y / 100 + y / 400
           - (1969 / 4 - 1969 / 100 + 1969 / 400);
}
