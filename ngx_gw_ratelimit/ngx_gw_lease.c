
#include "ngx_gw_lease.h"


/*
 * All of these were chosen by bench/model.  Demand is in requests in 1000
 * horizons, which are a thousandth of one each.
 */

/* with less demand each request makes a call of its own */
#define NGX_GW_LEASE_FEW    4500

/* what is kept for chance is at most such a part of all slots */
#define NGX_GW_LEASE_SHARE  6

/* with less, nothing is kept in stock for chance: it would mostly lapse */
#define NGX_GW_LEASE_LITTLE  7000

/* above it is not estimated */
#define NGX_GW_LEASE_MOST   4000000000U

/* the least time between calls in the long run, and the time from a call to
   that which takes its place, in 1/1000 of a horizon */
#define NGX_GW_LEASE_PAY    503
#define NGX_GW_LEASE_TURN   515

/* the latest time for it, a bit before slots lapse */
#define NGX_GW_LEASE_LATE   550

/* slots in a call, as many as the script can reckon with */
#define NGX_GW_LEASE_COUNT  8000000

/* how far slots may fall due ahead, beyond the time to the next call */
#define NGX_GW_LEASE_AHEAD  800

/* a slot that is granted can be spent at least for so long */
#define NGX_GW_LEASE_LEAST  1000

/* after a failure no call in the background for so long */
#define NGX_GW_LEASE_PAUSE  50000


/* holds the product of a time and a number */
__extension__ typedef unsigned __int128  ngx_gw_lease_wide_t;


static void ngx_gw_lease_adopt(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t patience, int64_t now);
static void ngx_gw_lease_drop(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t now);
static void ngx_gw_lease_remove(ngx_gw_lease_t *lease, ngx_uint_t i);
static void ngx_gw_lease_advance(ngx_gw_grant_t *grant,
    const ngx_gw_limit_t *limit, uint32_t n);
static void ngx_gw_lease_count(ngx_gw_lease_t *lease, int64_t horizon,
    int64_t now, uint32_t cost);
static uint32_t ngx_gw_lease_due(const ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t now);
static void ngx_gw_lease_spend(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v);
static ngx_uint_t ngx_gw_lease_hope(const ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t now, uint32_t missing,
    ngx_uint_t again);
static void ngx_gw_lease_verdict(const ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t now, uint32_t cost, uint32_t due,
    ngx_gw_verdict_t *v);
static void ngx_gw_lease_retry(const ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v);
static int64_t ngx_gw_lease_falls_due(const ngx_gw_grant_t *grant,
    const ngx_gw_limit_t *limit, uint32_t n);
static void ngx_gw_lease_ask(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t horizon, int64_t now,
    uint32_t missing, ngx_gw_lease_ask_t *ask);
static void ngx_gw_lease_ask_ahead(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t horizon, int64_t now,
    ngx_gw_lease_ask_t *ask);
static void ngx_gw_lease_ahead(const ngx_gw_limit_t *limit, int64_t horizon,
    uint64_t demand, uint64_t stock, ngx_gw_lease_ask_t *ask);
static uint64_t ngx_gw_lease_demand(const ngx_gw_lease_t *lease,
    int64_t horizon, int64_t now);
static uint64_t ngx_gw_lease_target(const ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t horizon, uint64_t demand);
static uint64_t ngx_gw_lease_surge(const ngx_gw_lease_t *lease,
    uint64_t demand);
static uint64_t ngx_gw_lease_weight(const ngx_gw_lease_t *lease);
static uint64_t ngx_gw_lease_root(uint64_t n);
static uint64_t ngx_gw_lease_stock(const ngx_gw_lease_t *lease);
static void ngx_gw_lease_plan(ngx_gw_lease_t *lease, int64_t horizon,
    int64_t sent, int64_t now, int64_t wait);


/* how much of a horizon makes up for reserving in advance */
#define ngx_gw_lease_early(horizon)  ((horizon) / 5 * 3)


ngx_uint_t
ngx_gw_lease_take(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t horizon, int64_t patience, int64_t now, uint32_t cost,
    ngx_uint_t again, ngx_gw_lease_ask_t *ask, ngx_gw_verdict_t *v)
{
    uint32_t    need, due;
    ngx_uint_t  rc;

    ask->call = 0;

    ngx_gw_lease_adopt(lease, limit, patience, now);
    ngx_gw_lease_drop(lease, limit, now);

    if (!again) {
        ngx_gw_lease_count(lease, horizon, now, cost);
    }

    need = ngx_max(cost, 1);
    due = ngx_gw_lease_due(lease, limit, now);

    v->excess = 0;

    if (need > (uint64_t) limit->burst + 1) {
        rc = NGX_GW_LEASE_REJECTED;

    } else if (due >= need) {
        rc = NGX_GW_LEASE_ADMITTED;
        due -= cost;

        if (cost) {
            ngx_gw_lease_spend(lease, limit, now, cost, v);
        }

    } else if (!ngx_gw_lease_hope(lease, limit, now, need - due, again)) {
        rc = NGX_GW_LEASE_REJECTED;

    } else if (cost == 0 && again && !lease->asked) {

        /* Redis has just said so */

        rc = NGX_GW_LEASE_ADMITTED;

    } else {
        rc = NGX_GW_LEASE_WAIT;
    }

    if (rc == NGX_GW_LEASE_WAIT) {

        if (!again) {
            lease->waiting += ngx_min(cost, UINT32_MAX - lease->waiting);
        }

        /* where calls fail no request relies on that of another */

        if (!lease->asked || lease->failed) {
            ngx_gw_lease_ask(lease, limit, horizon, now,
                             cost ? need - due : 0, ask);
        }

        return rc;
    }

    if (again) {
        lease->waiting -= ngx_min(cost, lease->waiting);
    }

    if (!lease->asked) {
        ngx_gw_lease_ask_ahead(lease, limit, horizon, now, ask);
    }

    v->admitted = (rc == NGX_GW_LEASE_ADMITTED);
    ngx_gw_lease_verdict(lease, limit, now, cost, due, v);

    return rc;
}


/* slots and knowledge of another rate are of no use for this one */

static void
ngx_gw_lease_adopt(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t patience, int64_t now)
{
    if (lease->rate != limit->rate) {
        lease->rate = limit->rate;
        lease->ngrants = 0;
        lease->next = 0;
        lease->tat = 0;
        lease->pressed = 0;
    }

    if (lease->asked && now - lease->asked >= patience) {
        ngx_gw_lease_failed(lease, now);
    }
}


static void
ngx_gw_lease_drop(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now)
{
    int64_t              behind;
    ngx_uint_t           i;
    ngx_gw_grant_t      *grant;
    ngx_gw_lease_wide_t  n;

    for (i = 0; i < lease->ngrants; i++) {
        grant = &lease->grants[i];
        behind = now - grant->lapse - grant->first;

        if (behind <= 0) {
            continue;
        }

        /* those whose position is earlier by as much */

        n = (ngx_gw_lease_wide_t) behind * limit->number - grant->fraction
            + limit->period - 1;

        if (n / limit->period < grant->count) {
            ngx_gw_lease_advance(grant, limit, (uint32_t) (n / limit->period));
            grant->spent = 0;
            continue;
        }

        ngx_gw_lease_remove(lease, i--);
    }
}


static void
ngx_gw_lease_remove(ngx_gw_lease_t *lease, ngx_uint_t i)
{
    lease->ngrants--;

    ngx_memmove(&lease->grants[i], &lease->grants[i + 1],
                (lease->ngrants - i) * sizeof(ngx_gw_grant_t));
}


static void
ngx_gw_lease_advance(ngx_gw_grant_t *grant, const ngx_gw_limit_t *limit,
    uint32_t n)
{
    int64_t   whole;
    uint32_t  fraction;

    whole = limit->whole;
    fraction = limit->fraction;

    if (n != 1) {
        ngx_gw_limit_intervals(limit, n, &whole, &fraction);
    }

    grant->first += whole;
    grant->fraction += fraction;

    if (grant->fraction >= limit->number) {
        grant->first++;
        grant->fraction -= limit->number;
    }

    grant->count -= n;
}


/* demand over a horizon or more; a surge counts at once, less only in time */

static void
ngx_gw_lease_count(ngx_gw_lease_t *lease, int64_t horizon, int64_t now,
    uint32_t cost)
{
    int64_t   elapsed, n, seen, demand;

    if (lease->since == 0) {
        lease->since = now;
    }

    elapsed = now - lease->since;

    if (elapsed >= horizon) {
        seen = (int64_t) lease->requests * 1000 * horizon / elapsed;
        demand = lease->demand;

        if (seen > (int64_t) ngx_gw_lease_surge(lease, demand)) {
            demand = seen;

        } else {
            for (n = ngx_min(elapsed / horizon, 16); n; n--) {
                demand += (seen - demand) / 4;
            }
        }

        lease->demand = (uint32_t) ngx_min(demand, NGX_GW_LEASE_MOST);
        lease->requests = 0;
        lease->since = now;
    }

    if (cost) {
        lease->cost = (uint32_t) (lease->cost
                                  + ((int64_t) cost * 256 - lease->cost) / 16);
    }

    lease->requests += ngx_min(cost,
                               NGX_GW_LEASE_MOST / 1000 - lease->requests);
}


static uint32_t
ngx_gw_lease_due(const ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now)
{
    int64_t                slack, part;
    uint64_t               due;
    ngx_uint_t             i;
    ngx_gw_lease_wide_t    all;
    const ngx_gw_grant_t  *grant;

    due = 0;

    for (i = 0; i < lease->ngrants; i++) {
        grant = &lease->grants[i];

        if (grant->count == 0) {
            continue;
        }

        slack = now + limit->tolerance - grant->first;
        part = (int64_t) limit->tolerance_fraction - grant->fraction;

        if (part < 0) {
            slack--;
            part += limit->number;
        }

        if (slack < 0) {
            break;
        }

        all = (ngx_gw_lease_wide_t) slack * limit->number + part;

        if (all < (ngx_gw_lease_wide_t) (grant->count - 1) * limit->period) {
            due += (uint64_t) (all / limit->period) + 1;
            break;
        }

        due += grant->count;
    }

    return (uint32_t) ngx_min(due, UINT32_MAX);
}


static void
ngx_gw_lease_spend(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now, uint32_t cost, ngx_gw_verdict_t *v)
{
    uint32_t         n;
    ngx_gw_grant_t  *grant;

    /* what is spent is kept for a while: some may be given back */

    for (grant = lease->grants; /* void */ ; grant++) {
        n = ngx_min(cost, grant->count);

        if (n == 0) {
            continue;
        }

        ngx_gw_lease_advance(grant, limit, n);

        grant->spent += n;
        cost -= n;

        if (cost == 0) {
            break;
        }
    }

    v->excess = grant->first - limit->whole - now
                + (grant->fraction > limit->fraction);
    v->excess = ngx_max(v->excess, 0);
}


/* whether Redis may have so many slots that are due; 0: it does not */

static ngx_uint_t
ngx_gw_lease_hope(const ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now, uint32_t missing, ngx_uint_t again)
{
    int64_t   tat, whole;
    uint32_t  fraction;

    tat = lease->tat;

    if (again) {

        /* what Redis found not to be due it need not be asked again */

        tat += lease->rtt;
    }

    tat = ngx_max(tat, now);

    ngx_gw_limit_intervals(limit, missing - 1, &whole, &fraction);

    return tat + whole - limit->tolerance <= now;
}


/* what is due here, and what Redis had */

static void
ngx_gw_lease_verdict(const ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now, uint32_t cost, uint32_t due, ngx_gw_verdict_t *v)
{
    ngx_uint_t             i;
    const ngx_gw_grant_t  *grant;

    v->limit = limit->burst + 1;
    v->retry = 0;
    v->later = 0;
    v->more = due;

    for (i = 0; i < lease->ngrants; i++) {
        grant = &lease->grants[i];

        if (due < grant->count) {
            v->later = ngx_gw_lease_falls_due(grant, limit, due) - now;
            v->later = ngx_max(v->later, 1);
            break;
        }

        due -= grant->count;
    }

    if (!v->admitted) {
        ngx_gw_lease_retry(lease, limit, now, cost, v);
    }

    v->ahead = ngx_max(lease->tat - now, 0);
    v->fraction = 0;
    v->incomplete = 1;

    if (!v->admitted) {
        ngx_gw_limit_complete(limit, v);
    }
}


/* which slot of those here or, behind them, in Redis is the last it needs */

static void
ngx_gw_lease_retry(const ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now, uint32_t cost, ngx_gw_verdict_t *v)
{
    uint32_t               missing;
    ngx_uint_t             i;
    const ngx_gw_grant_t  *grant;

    missing = ngx_max(cost, 1);

    for (i = 0; i < lease->ngrants && cost <= limit->burst + 1; i++) {
        grant = &lease->grants[i];

        if (missing <= grant->count) {
            v->retry = ngx_gw_lease_falls_due(grant, limit, missing - 1) - now;
            v->retry = ngx_max(v->retry, 1);
            return;
        }

        missing -= grant->count;
    }

    ngx_gw_limit_gcra_verdict(limit, lease->tat - now, 0, missing, v);
}


/* the slot n behind the first */

static int64_t
ngx_gw_lease_falls_due(const ngx_gw_grant_t *grant,
    const ngx_gw_limit_t *limit, uint32_t n)
{
    int64_t   whole;
    uint64_t  part;
    uint32_t  fraction;

    ngx_gw_limit_intervals(limit, n, &whole, &fraction);

    whole += grant->first - limit->tolerance;
    part = (uint64_t) fraction + grant->fraction;

    if (part >= limit->number) {
        whole++;
        part -= limit->number;
    }

    return whole + (part > limit->tolerance_fraction);
}


/* a request waits for this call, as may others that came meanwhile */

static void
ngx_gw_lease_ask(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t horizon, int64_t now, uint32_t missing, ngx_gw_lease_ask_t *ask)
{
    uint64_t    demand, count;
    ngx_uint_t  many;

    ask->call = 1;
    ask->reach = 0;
    ask->from = 0;
    ask->early = ngx_gw_lease_early(horizon);

    lease->asked = now;

    demand = ngx_gw_lease_demand(lease, horizon, now);
    many = missing && !lease->failed
           && demand >= NGX_GW_LEASE_FEW * ngx_gw_lease_weight(lease);

    count = missing;

    if (count && !lease->failed) {
        count = ngx_max(count, lease->waiting);

        if (many) {
            count += ngx_gw_lease_target(lease, limit, horizon, demand);
        }
    }

    ask->count = (uint32_t) ngx_min(count, NGX_GW_LEASE_COUNT);

    if (many) {
        ngx_gw_lease_ahead(limit, horizon, demand, 0, ask);
    }
}


/* nobody waits for this one, if it is time for it */

static void
ngx_gw_lease_ask_ahead(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t horizon, int64_t now, ngx_gw_lease_ask_t *ask)
{
    uint64_t  demand, stock, target, few;

    few = NGX_GW_LEASE_FEW * ngx_gw_lease_weight(lease);

    if (lease->demand < few && lease->requests < few / 1000) {
        return;
    }

    stock = ngx_gw_lease_stock(lease);

    if (now < lease->next && stock >= lease->low) {
        return;
    }

    demand = ngx_gw_lease_demand(lease, horizon, now);

    if (demand < few) {
        return;
    }

    target = ngx_gw_lease_target(lease, limit, horizon, demand);

    if (target <= stock) {
        lease->next = now + horizon / 8;
        return;
    }

    ask->call = 1;
    ask->count = (uint32_t) ngx_min(target - stock, NGX_GW_LEASE_COUNT);
    ask->early = ngx_gw_lease_early(horizon);

    lease->asked = now;

    ngx_gw_lease_ahead(limit, horizon, demand, stock, ask);
}


/*
 * Slots for a while should begin as early as they can without lapsing before
 * they are spent, behind those that are in stock: so they end soon, and leave
 * most of the tolerance to others.
 */

static void
ngx_gw_lease_ahead(const ngx_gw_limit_t *limit, int64_t horizon,
    uint64_t demand, uint64_t stock, ngx_gw_lease_ask_t *ask)
{
    int64_t   span, behind;
    uint32_t  fraction;

    ngx_gw_limit_intervals(limit, ask->count, &span, &fraction);

    behind = (int64_t) ngx_min(stock * 1000 * horizon / demand,
                               (uint64_t) ask->early);

    ask->from = ngx_max(ask->early - span, behind);
    ask->from = ngx_max(ask->from, 0);
    ask->reach = ask->early + horizon / 1000 * NGX_GW_LEASE_AHEAD;
}


/* what has come since the last estimate counts where it is no chance */

static uint64_t
ngx_gw_lease_demand(const ngx_gw_lease_t *lease, int64_t horizon, int64_t now)
{
    int64_t   elapsed;
    uint64_t  seen, chance, weight;

    weight = ngx_gw_lease_weight(lease);
    seen = (uint64_t) lease->requests * 1000;

    if (lease->pressed) {

        /* what would lapse is taken from others: wait until it is sure */

        chance = 2500 * ngx_gw_lease_root(lease->requests * weight);
        seen -= ngx_min(seen, chance);
    }

    if (lease->demand >= NGX_GW_LEASE_FEW * weight) {

        /* a few at once are no surge */

        elapsed = ngx_max(now - lease->since, horizon / 2);
        seen = ngx_min(seen * horizon / elapsed, NGX_GW_LEASE_MOST);
    }

    return seen > ngx_gw_lease_surge(lease, lease->demand) ? seen
                                                          : lease->demand;
}


/* so many slots should be in stock right after a call */

static uint64_t
ngx_gw_lease_target(const ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t horizon, uint64_t demand)
{
    uint64_t  spent, chance, most, weight;

    weight = ngx_gw_lease_weight(lease);
    spent = demand * (horizon / 1000 * NGX_GW_LEASE_TURN
                      + ngx_min(lease->rtt, horizon)) / horizon;

    if (demand > lease->demand || demand < NGX_GW_LEASE_LITTLE * weight) {
        return (spent + 500) / 1000;
    }

    /* but not much of all there is in a horizon */

    chance = ngx_gw_lease_root(spent * weight * 1000);
    most = (uint64_t) horizon * limit->number / limit->period * 1000;
    chance = ngx_min(chance + chance / 2, most / NGX_GW_LEASE_SHARE);

    return (spent + chance + 999) / 1000;
}


/* so much in a horizon is no chance */

static uint64_t
ngx_gw_lease_surge(const ngx_gw_lease_t *lease, uint64_t demand)
{
    uint64_t  weight;

    weight = ngx_gw_lease_weight(lease);

    return demand + 4 * ngx_gw_lease_root(demand * weight * 1000)
           + 2000 * weight;
}


/* the cost of a request: the larger, the fewer make the same demand */

static uint64_t
ngx_gw_lease_weight(const ngx_gw_lease_t *lease)
{
    return ngx_max((lease->cost + 128) / 256, 1);
}


static uint64_t
ngx_gw_lease_root(uint64_t n)
{
    uint64_t  root, bit;

    root = 0;

    for (bit = (uint64_t) 1 << (n >> 32 ? 31 : 15); bit; bit >>= 1) {
        if ((root + bit) * (root + bit) <= n) {
            root += bit;
        }
    }

    return root;
}


static uint64_t
ngx_gw_lease_stock(const ngx_gw_lease_t *lease)
{
    uint64_t    stock;
    ngx_uint_t  i;

    stock = 0;

    for (i = 0; i < lease->ngrants; i++) {
        stock += lease->grants[i].count;
    }

    return stock;
}


void
ngx_gw_lease_granted(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t horizon, int64_t sent, int64_t received,
    const ngx_gw_lease_reply_t *reply)
{
    int64_t          rtt, lapse;
    ngx_uint_t       i;
    ngx_gw_grant_t  *grant;

    lease->asked = 0;
    lease->failed = 0;

    if (lease->rate != limit->rate) {
        return;
    }

    rtt = ngx_min(received - sent, UINT32_MAX);
    lease->rtt = (uint32_t) ngx_max(rtt, lease->rtt - lease->rtt / 8);

    lease->tat = sent + reply->tat;
    lease->pressed = (reply->first > limit->tolerance / 2);

    ngx_gw_lease_plan(lease, horizon, sent, received, reply->wait);

    if (reply->granted == 0) {
        return;
    }

    if (lease->demand >= NGX_GW_LEASE_FEW) {

        /* of grants that are large one that is spent is enough */

        while (lease->ngrants > 1 && lease->grants[0].count == 0
               && lease->grants[1].count == 0)
        {
            ngx_gw_lease_remove(lease, 0);
        }
    }

    if (lease->ngrants == NGX_GW_LEASE_GRANTS) {

        /* one that is spent, or else the oldest */

        i = 0;

        while (i < lease->ngrants && lease->grants[i].count) {
            i++;
        }

        ngx_gw_lease_remove(lease, i < lease->ngrants ? i : 0);
    }

    /* as a rule the last; earlier if Redis has lost the key */

    for (i = lease->ngrants; i; i--) {
        if (lease->grants[i - 1].first <= received + reply->first) {
            break;
        }

        lease->grants[i] = lease->grants[i - 1];
    }

    lapse = horizon - rtt;

    if (limit->whole < horizon / 4) {
        lapse -= limit->whole + 1;
    }

    grant = &lease->grants[i];

    grant->first = received + reply->first;
    grant->fraction = reply->fraction;
    grant->count = reply->granted;
    grant->spent = 0;
    grant->lapse = (uint32_t) ngx_max(lapse, NGX_GW_LEASE_LEAST);

    lease->ngrants++;
}


/*
 * When to call again.  Only a request can make a call: one comes about 1 /
 * demand after its time.
 */

static void
ngx_gw_lease_plan(ngx_gw_lease_t *lease, int64_t horizon, int64_t sent,
    int64_t now, int64_t wait)
{
    int64_t   turn, late;
    uint64_t  demand, spent, chance, weight;

    lease->paid = ngx_max(lease->paid, sent - horizon / 2)
                  + horizon / 1000 * NGX_GW_LEASE_PAY;

    demand = ngx_gw_lease_demand(lease, horizon, now);
    weight = ngx_gw_lease_weight(lease);

    if (demand < NGX_GW_LEASE_FEW * weight) {
        lease->next = 0;
        lease->low = 0;
        return;
    }

    turn = horizon / 1000 * NGX_GW_LEASE_TURN
           - (int64_t) (horizon * weight * 1000 / demand);
    late = horizon / 1000 * NGX_GW_LEASE_LATE;

    lease->next = sent + ngx_max(turn, horizon / 4);
    lease->next = ngx_min(ngx_max(lease->next, lease->paid), sent + late);

    if (wait > 0) {

        /* others take what there is: more often does not get more */

        lease->next = ngx_max(lease->next, sent + wait);
        lease->low = 0;
        return;
    }

    spent = demand * ngx_min(lease->rtt, horizon) / horizon;

    chance = 3 * ngx_gw_lease_root(spent * weight * 1000);

    lease->low = (uint32_t) ((spent + chance + 999) / 1000 + 2 * weight);
}


void
ngx_gw_lease_failed(ngx_gw_lease_t *lease, int64_t now)
{
    lease->asked = 0;
    lease->failed = 1;
    lease->waiting = 0;
    lease->low = 0;
    lease->next = ngx_max(lease->next, now + NGX_GW_LEASE_PAUSE);
}


void
ngx_gw_lease_give_back(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now, uint32_t cost)
{
    int64_t          whole;
    uint32_t         n, fraction;
    ngx_uint_t       i;
    ngx_gw_grant_t  *grant;

    if (lease->rate != limit->rate) {
        return;
    }

    for (i = lease->ngrants; i && cost; i--) {
        grant = &lease->grants[i - 1];
        n = ngx_min(cost, grant->spent);

        ngx_gw_limit_intervals(limit, n, &whole, &fraction);

        grant->first -= whole;

        if (grant->fraction < fraction) {
            grant->first--;
            grant->fraction += limit->number;
        }

        grant->fraction -= fraction;
        grant->spent -= n;
        grant->count += n;
        cost -= n;
    }

    ngx_gw_lease_drop(lease, limit, now);
}


int64_t
ngx_gw_lease_expires(const ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t now)
{
    int64_t                expires, whole;
    uint32_t               fraction;
    ngx_uint_t             i;
    const ngx_gw_grant_t  *grant;

    /* that there is no hope is worth knowing */

    expires = ngx_max(now, lease->tat - limit->tolerance);

    if (lease->asked) {
        expires = ngx_max(expires, now + NGX_GW_LEASE_PAUSE);
    }

    for (i = 0; i < lease->ngrants; i++) {
        grant = &lease->grants[i];

        if (grant->count) {
            ngx_gw_limit_intervals(limit, grant->count, &whole, &fraction);
            expires = ngx_max(expires, grant->first + whole + grant->lapse);
        }
    }

    return expires;
}
