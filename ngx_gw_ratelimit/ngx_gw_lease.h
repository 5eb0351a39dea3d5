
/*
 * A lease: emission slots of a GCRA limit that this gateway has reserved in
 * Redis for one key, and when to reserve more.  It lives in shared memory,
 * under the lock of its zone; nothing here blocks, allocates or logs.
 *
 * A slot has a position s on the line of arrival times (see ngx_gw_limit.h).
 * It belongs to one gateway and can be spent from s - tolerance, when it
 * falls due, until it lapses a horizon after s; an emission interval earlier,
 * where that is not more than a quarter of the horizon.  Positions are unique,
 * so no window W sees more than rate * W + burst + rate * horizon slots spent,
 * and the one that GCRA admits beyond.
 *
 * Some of the horizon makes up for reserving in advance: in Redis positions
 * are "early" later than here.  What others have reserved but not yet spent
 * would stand before a request as if it had come; up to early it does not.
 *
 * A key with few requests a horizon reserves for each request as it comes,
 * only what is due, and is then as exact as exact limits are, unless others
 * reserve in advance.
 *
 * Times are microseconds of the monotonic clock.
 */


#ifndef _NGX_GW_LEASE_H_INCLUDED_
#define _NGX_GW_LEASE_H_INCLUDED_


#include "ngx_gw_limit.h"


#define NGX_GW_LEASE_GRANTS  6


/* what ngx_gw_lease_take() says */
#define NGX_GW_LEASE_ADMITTED  0
#define NGX_GW_LEASE_REJECTED  1
#define NGX_GW_LEASE_WAIT      2     /* for the call under way */


/* count slots, an emission interval apart */
typedef struct {
    int64_t             first;       /* position, by this gateway's clock */
    uint32_t            fraction;    /* and its fraction, in 1/number */
    uint32_t            count;
    uint32_t            spent;       /* the slots right before the first */
    uint32_t            lapse;       /* so long after its position */
} ngx_gw_grant_t;


/* all zero: nothing is known of the key */
typedef struct {
    ngx_gw_grant_t      grants[NGX_GW_LEASE_GRANTS];     /* by position */
    uint32_t            ngrants;

    uint32_t            rate;        /* ngx_gw_limit_t.rate of them */

    int64_t             asked;       /* when the call under way left, or 0 */
    int64_t             next;        /* no call in the background before, */
    uint32_t            low;         /* unless fewer slots are left */
    uint32_t            rtt;         /* of calls, rather more than less */
    int64_t             paid;        /* calls made so far allow no other */

    /* demand */
    int64_t             since;       /* requests are counted */
    uint32_t            requests;    /* their cost */
    uint32_t            demand;      /* estimate, requests in 1000 horizons */
    uint32_t            cost;        /* of a request on average, in 1/256 */
    uint32_t            waiting;     /* cost of those that wait */

    unsigned            pressed:1;   /* others have taken most of the burst */
    unsigned            failed:1;    /* the last call */

    /* the key's arrival time when Redis last answered; 0: not yet */
    int64_t             tat;
} ngx_gw_lease_t;


/*
 * A call of NGX_GW_SCRIPT_LEASE; its arguments are those of the limit, whole
 * fraction number tolerance tolerance_fraction, and then count reach from
 * early.
 */
typedef struct {
    ngx_uint_t          call;        /* 0: none */
    uint32_t            count;       /* slots; 0: only what is known of it */
    int64_t             reach;       /* how far beyond the tolerance they may
                                        lie; 0: only those that are due */
    int64_t             from;        /* how far ahead they begin */
    int64_t             early;
} ngx_gw_lease_ask_t;


/* what the script returns, in this order; times as seen from its now */
typedef struct {
    uint32_t            granted;
    int64_t             first;       /* position of the first slot */
    uint32_t            fraction;
    int64_t             tat;         /* arrival time after it */
    int64_t             wait;        /* fewer than were asked for: until the
                                        next slot can be reserved */
} ngx_gw_lease_reply_t;


/*
 * Spends cost slots that are due, if there are as many.  If ask->call is set
 * then the caller is to ask Redis now: the call is then under way, and ends
 * with ngx_gw_lease_granted() or _failed().  It can be set together with any
 * of the three results.  A cost of 0 spends nothing and asks whether 1 would
 * be admitted.
 *
 * A request that was told to wait takes again when a call has ended, or
 * before; again is then set.  v is filled in as by ngx_gw_limit_charge(), but
 * not for WAIT.  v->excess is how far ahead of the rate the last slot spent is.
 * A call under way for longer than patience counts as failed.
 */
ngx_uint_t ngx_gw_lease_take(ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t horizon, int64_t patience,
    int64_t now, uint32_t cost, ngx_uint_t again, ngx_gw_lease_ask_t *ask,
    ngx_gw_verdict_t *v);

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
    const ngx_gw_limit_t *limit, int64_t now, uint32_t cost);

/* the moment from which on the lease holds nothing */
int64_t ngx_gw_lease_expires(const ngx_gw_lease_t *lease,
    const ngx_gw_limit_t *limit, int64_t now);


#endif /* _NGX_GW_LEASE_H_INCLUDED_ */
