
/*
 * What a limit is, and its arithmetic: GCRA and windows over a state of 16
 * bytes, in shared memory or from Redis.  Nothing here knows where the state
 * is kept; whoever keeps it in shared memory holds the lock of its zone.
 *
 * Times are microseconds.  GCRA takes any clock that does not step (the
 * monotonic one), windows the time since 1970.
 */


#ifndef _NGX_GW_LIMIT_H_INCLUDED_
#define _NGX_GW_LIMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#if (NGX_PTR_SIZE != 8)
#error "ngx_http_gw_ratelimit_module needs a 64-bit system"
#endif


#define NGX_GW_LIMIT_GCRA     0
#define NGX_GW_LIMIT_FIXED    1
#define NGX_GW_LIMIT_SLIDING  2

#define NGX_GW_LIMIT_MAX_NUMBER  1000000000
#define NGX_GW_LIMIT_MAX_COST    1000000

/* how long a full burst may take to be earned, and the longest period */
#define NGX_GW_LIMIT_MAX_TIME  ((int64_t) 366 * 86400 * 1000000)


/*
 * number requests a period.  With GCRA they come an emission interval apart,
 * which is kept exactly, as whole + fraction / number microseconds, and
 * a request passes while the theoretical arrival time is not further ahead
 * than the tolerance, burst intervals.
 */
typedef struct {
    ngx_uint_t    algorithm;     /* NGX_GW_LIMIT_... */
    uint32_t      number;        /* 1 to NGX_GW_LIMIT_MAX_NUMBER */
    uint32_t      burst;         /* GCRA: requests beyond the first */
    int64_t       period;        /* a month: 31 days */
    unsigned      month:1;       /* calendar months */
    unsigned      week:1;        /* from Monday */

    int64_t       whole;
    uint32_t      fraction;
    int64_t       tolerance;     /* whole microseconds of it */
    uint32_t      tolerance_fraction;
    uint32_t      rate;          /* tells rates apart, with few mistakes */
} ngx_gw_limit_t;


/* all zero: the full allowance */
typedef union {
    struct {
        int64_t   tat;           /* theoretical arrival time */
        uint32_t  fraction;      /* of a microsecond, in 1/number */
        uint32_t  rate;          /* of the limit that it was reckoned by */
    } gcra;

    struct {
        int64_t   id;            /* number of the window, from 1970 */
        uint32_t  count;
        uint32_t  last;          /* count of the window before */
    } window;
} ngx_gw_limit_state_t;


typedef struct {
    ngx_uint_t    admitted;
    uint32_t      limit;         /* q: burst + 1, or the quota */
    uint32_t      remaining;     /* r: requests that would pass now */
    int64_t       reset;         /* t: until r + 1 would; 0: r is q already */
    int64_t       retry;         /* not admitted: until it would be */
    int64_t       excess;        /* GCRA, admitted: how far ahead of the
                                    rate the request is */
    int64_t       charged;       /* admitted: what tells the charge: the
                                    arrival time after it, or its window */
    int64_t       ahead;         /* not complete: what the rest is made of */
    uint32_t      fraction;
    uint32_t      more;          /* of a lease: slots that are due as well, */
    int64_t       later;         /* and until another is, or 0 */
    unsigned      incomplete:1;
} ngx_gw_verdict_t;


/*
 * "10r/s", "600r/m": sets number and period.  NGX_OK, or NGX_ERROR if it is
 * no rate from 1 to NGX_GW_LIMIT_MAX_NUMBER.
 */
ngx_int_t ngx_gw_limit_parse_rate(ngx_gw_limit_t *limit, ngx_str_t *value);

/* "1000/d", "100/10s", "5/month" */
ngx_int_t ngx_gw_limit_parse_quota(ngx_gw_limit_t *limit, ngx_str_t *value);

/*
 * Reckons the rest from algorithm, number, period and burst.  NGX_ERROR if
 * burst + 1 would take longer than NGX_GW_LIMIT_MAX_TIME.
 */
ngx_int_t ngx_gw_limit_init(ngx_gw_limit_t *limit);

/* share of 1 in n of the limit, at least 1 request */
void ngx_gw_limit_share(ngx_gw_limit_t *share, const ngx_gw_limit_t *limit,
    ngx_uint_t n);

/*
 * Decides on a request of this cost and charges it if it is admitted; a cost
 * of 0 asks whether one of 1 would be.  A request that costs more than all
 * there ever is gets the time of that as its retry.
 */
void ngx_gw_limit_take(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v);

/*
 * The same, in less time: remaining and reset of a request that is admitted
 * may be left to be reckoned, by ngx_gw_limit_complete(), if anybody asks.
 */
void ngx_gw_limit_charge(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    ngx_gw_verdict_t *v);
void ngx_gw_limit_complete(const ngx_gw_limit_t *limit, ngx_gw_verdict_t *v);

/* undoes a charge, as far as it has not been earned again meanwhile */
void ngx_gw_limit_give_back(const ngx_gw_limit_t *limit,
    ngx_gw_limit_state_t *state, int64_t now, uint32_t cost,
    int64_t charged);

/* the moment from which on the state holds nothing, by the clock of now */
int64_t ngx_gw_limit_expires(const ngx_gw_limit_t *limit,
    const ngx_gw_limit_state_t *state, int64_t now);

/*
 * What a decision means that was made elsewhere, with the state after it:
 * ahead is the arrival time as seen from now (less than 0: past), of a window
 * elapsed and length say where in it now is.  v->admitted is set before.
 */
void ngx_gw_limit_gcra_verdict(const ngx_gw_limit_t *limit, int64_t ahead,
    uint32_t fraction, uint32_t cost, ngx_gw_verdict_t *v);
void ngx_gw_limit_window_verdict(const ngx_gw_limit_t *limit, uint32_t count,
    uint32_t last, int64_t elapsed, int64_t length, uint32_t cost,
    ngx_gw_verdict_t *v);

/* the window that now is in: its number, beginning and length */
int64_t ngx_gw_limit_window(const ngx_gw_limit_t *limit, int64_t now,
    int64_t *start, int64_t *length);

/*
 * n emission intervals, as whole microseconds and a fraction in 1/number;
 * n up to NGX_GW_LIMIT_MAX_NUMBER, for limits that ngx_gw_limit_init() took.
 */
void ngx_gw_limit_intervals(const ngx_gw_limit_t *limit, uint64_t n,
    int64_t *whole, uint32_t *fraction);


#endif /* _NGX_GW_LIMIT_H_INCLUDED_ */
