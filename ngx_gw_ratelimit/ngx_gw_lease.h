
/*
 * A lease: emission slots of a GCRA limit that this gateway has reserved in
 * Redis for one key, and when to reserve more.  It lives in shared memory,
 * under the lock of its zone; nothing here blocks, allocates or logs.
 *
 * A slot has a position s on the line of arrival times (see ngx_gw_limit.h).
 * It belongs to one gateway and can be spent from s - tolerance, when it
 * falls due, until it lapses a horizon, less an emission interval, after s.
 * Positions are unique, so no window W sees more than rate * W + burst +
 * rate * horizon (and the one that GCRA admits beyond) slots spent.
 *
 * Times are microseconds of the monotonic clock.
 */


#ifndef _NGX_GW_LEASE_H_INCLUDED_
#define _NGX_GW_LEASE_H_INCLUDED_


#include "ngx_gw_limit.h"


#define NGX_GW_LEASE_GRANTS  4


/* what ngx_gw_lease_take() says */
#define NGX_GW_LEASE_ADMITTED  0
#define NGX_GW_LEASE_REJECTED  1
#define NGX_GW_LEASE_WAIT      2     /* for the call under way */


/* count slots, an emission interval apart */
typedef struct {
    int64_t             first;       /* position, by this gateway's clock */
    uint32_t            fraction;    /* and its fraction, in 1/number */
    uint32_t            count;
    int64_t             lapse;       /* after its position a slot lapses */
} ngx_gw_grant_t;


/* all zero: nothing is known of the key */
typedef struct {
    ngx_gw_grant_t      grants[NGX_GW_LEASE_GRANTS];     /* oldest first */
    ngx_uint_t          ngrants;

    uint32_t            number;      /* the rate that they were reserved at */
    int64_t             period;

    int64_t             asked;       /* when the call under way left, or 0 */
    int64_t             next;        /* no call in the background before */
    int64_t             refused;     /* no slot is to be had before */

    /* the key in Redis when it last answered, by our clock */
    int64_t             tat;

    /* demand */
    int64_t             since;       /* requests are counted */
    uint32_t            requests;    /* their cost */
    uint32_t            demand;      /* estimate, requests in 1000 horizons */
} ngx_gw_lease_t;


/* the answer to a call: times as seen from the moment when Redis ran it */
typedef struct {
    uint32_t            granted;
    int64_t             first;       /* position of the first slot */
    uint32_t            fraction;
    int64_t             tat;         /* arrival time after it */
    int64_t             wait;        /* fewer than were asked for: until the
                                        next slot can be reserved */
} ngx_gw_lease_reply_t;


/*
 * Spends cost slots that are due, if there are as many.  *ask is the number
 * of slots that the caller is to ask Redis for now, 0 if none: the call is
 * then under way, and ends with ngx_gw_lease_granted() or _failed().  It can
 * be asked for together with any of the three results.  A cost of 0 spends
 * nothing and asks whether 1 would be admitted.
 *
 * v is filled in as by ngx_gw_limit_take(), except for WAIT.  v->excess is
 * how far ahead of the rate the last slot spent is.  A call under way for
 * longer than patience counts as failed.
 */
ngx_uint_t ngx_gw_lease_take(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t horizon, int64_t patience,
    int64_t now, uint32_t cost, uint32_t *ask, ngx_gw_verdict_t *v);

/*
 * The answer to a call that left at sent and came at received.  Slots fall
 * due by the time of receipt and lapse by that of sending, whenever between
 * them Redis ran it.
 */
void ngx_gw_lease_granted(ngx_gw_lease_t *lease, const ngx_gw_limit_t *limit,
    int64_t horizon, int64_t sent, int64_t received,
    const ngx_gw_lease_reply_t *reply);

void ngx_gw_lease_failed(ngx_gw_lease_t *lease, int64_t now);

/* returns slots that were spent for a request that was rejected after all */
void ngx_gw_lease_give_back(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t horizon, int64_t now, uint32_t cost);

/* the moment from which on the lease holds nothing */
int64_t ngx_gw_lease_expires(const ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t horizon, int64_t now);


#endif /* _NGX_GW_LEASE_H_INCLUDED_ */
