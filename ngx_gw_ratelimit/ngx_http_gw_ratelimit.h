
/*
 * Between the files of ngx_http_gw_ratelimit_module:
 *
 *   _module.c       tables, merging, start and end of a process
 *   _conf.c         zones as they are configured
 *   _rules.c        rules as they are configured
 *   _zone.c         zones in shared memory: decisions made there
 *   _handler.c      which rules a request is asked, and what becomes of it
 *   _prepare.c      what a rule is for a request: key, cost and limit
 *   _calls.c        decisions made in Redis
 *   _concurrency.c  requests in flight
 *   _reply.c        what the client is told
 *   _variables.c
 */


#ifndef _NGX_HTTP_GW_RATELIMIT_H_INCLUDED_
#define _NGX_HTTP_GW_RATELIMIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_gw_keys.h"
#include "ngx_gw_lease.h"
#include "ngx_gw_limit.h"
#include "ngx_gw_redis.h"
#include "ngx_http_gw_problem.h"


#define NGX_HTTP_GW_RATELIMIT_EXACT   0
#define NGX_HTTP_GW_RATELIMIT_LEASED  1

#define NGX_HTTP_GW_RATELIMIT_LOCAL   0
#define NGX_HTTP_GW_RATELIMIT_ALLOW   1
#define NGX_HTTP_GW_RATELIMIT_DENY    2

#define NGX_HTTP_GW_RATELIMIT_IETF    2
#define NGX_HTTP_GW_RATELIMIT_LEGACY  4

/* results, of several the greatest is that of the request */
#define NGX_HTTP_GW_RATELIMIT_NONE      0
#define NGX_HTTP_GW_RATELIMIT_PASSED    1
#define NGX_HTTP_GW_RATELIMIT_DELAYED   2
#define NGX_HTTP_GW_RATELIMIT_DRY_RUN   3
#define NGX_HTTP_GW_RATELIMIT_ERROR     4
#define NGX_HTTP_GW_RATELIMIT_REJECTED  5

/* longer keys are hashed, in Redis */
#define NGX_HTTP_GW_RATELIMIT_MAX_KEY  128

/* arguments of a limit to a script; the cost comes after them */
#define NGX_HTTP_GW_RATELIMIT_ARGS  5


typedef struct ngx_http_gw_ratelimit_ctx_s      ngx_http_gw_ratelimit_ctx_t;
typedef struct ngx_http_gw_ratelimit_outcome_s
    ngx_http_gw_ratelimit_outcome_t;
typedef struct ngx_http_gw_ratelimit_held_s     ngx_http_gw_ratelimit_held_t;
typedef struct ngx_http_gw_ratelimit_reserve_s
    ngx_http_gw_ratelimit_reserve_t;


/* a limit, and as the scripts take it */
typedef struct {
    ngx_gw_limit_t              limit;
    ngx_str_t                   args[NGX_HTTP_GW_RATELIMIT_ARGS];
    ngx_uint_t                  nargs;
} ngx_http_gw_ratelimit_limit_t;


/* gw_ratelimit_zone or gw_concurrency_zone; const but for what init_zone and
   init_process set */
typedef struct {
    ngx_str_t                       name;
    ngx_http_complex_value_t        key;
    ngx_str_t                       key_text;
    ngx_http_gw_ratelimit_limit_t   limit;

    ngx_uint_t                      mode;
    ngx_uint_t                      fallback;
    ngx_uint_t                      gateways;        /* 0: as seen */
    int64_t                         horizon;         /* us */
    int64_t                         ttl;             /* us */

    ngx_str_t                       redis_name;
    ngx_gw_redis_conf_t            *redis;           /* NULL: local */
    ngx_str_t                       redis_key;       /* before a key */

    size_t                          size;            /* of the zone */
    ngx_shm_zone_t                 *shm_zone;
    ngx_slab_pool_t                *shpool;
    ngx_gw_keys_t                  *keys;
    size_t                          data;            /* of a node */
    uint64_t                        seed[2];         /* of hashes of keys */

    u_char                         *file;
    ngx_uint_t                      line;

    unsigned                        concurrency:1;
    unsigned                        quota:1;         /* not a rate */

    /* the worker's */
    uint64_t                        forgotten;       /* keys, that have been
                                                        warned of */
    ngx_queue_t                     calls;           /* that have memory of
                                                        their own */
    ngx_queue_t                     held;            /* to be renewed for the
                                                        first time, */
    ngx_queue_t                     renewed;         /* and again */
    ngx_event_t                     renew;
    ngx_queue_t                     lost;            /* to be released */
    ngx_queue_t                     releasing;       /* are */
    ngx_uint_t                      nlost;
    ngx_event_t                     again;
    uint64_t                        entered;         /* requests, so far */
    ngx_uint_t                      inside;          /* now */
    time_t                          looked;          /* for the dead */
} ngx_http_gw_ratelimit_zone_t;


/* a node's data: of a zone with mode=leased, and of others */

typedef struct {
    ngx_gw_limit_state_t            state;           /* local, or fallback */
    ngx_gw_lease_t                  lease;
} ngx_http_gw_ratelimit_leased_t;

typedef struct {
    ngx_gw_limit_state_t            state;
} ngx_http_gw_ratelimit_local_t;


typedef struct {
    uint32_t                        count;           /* in flight */
    int32_t                         pid;             /* in this worker, or
                                                        0: in all */
    uint64_t                        hash[2];         /* of the node of all */
} ngx_http_gw_ratelimit_in_flight_t;


/* gw_ratelimit or gw_concurrency, one line of them */
typedef struct {
    ngx_str_t                       zone_name;
    ngx_http_gw_ratelimit_zone_t   *zone;

    ngx_http_complex_value_t       *cost;            /* NULL: constant */
    uint32_t                        constant;        /* cost, or limit of
                                                        requests in flight */
    ngx_http_complex_value_t       *rate;            /* NULL: constant */
    ngx_http_gw_ratelimit_limit_t  *limit;           /* NULL: the zone's */
    ngx_int_t                       delay;           /* -1: nodelay */
    ngx_str_t                       policy;          /* its item of
                                                        RateLimit-Policy;
                                                        empty: it varies */

    u_char                         *file;
    ngx_uint_t                      line;
    ngx_uint_t                      order;           /* among all lines */

    unsigned                        before_auth:1;
    unsigned                        dry_run:1;
    unsigned                        concurrency:1;
} ngx_http_gw_ratelimit_rule_t;


typedef struct {
    ngx_array_t                     zones;           /* of pointers */
    ngx_array_t                     rules;           /* of pointers: all */
    ngx_array_t                     redis;           /* of pointers */

    ngx_int_t                       request_id;      /* index of variable */

    ngx_http_gw_error_t             error;

    /* the worker's */
    ngx_http_gw_ratelimit_ctx_t    *free;
    ngx_uint_t                      nfree;

    unsigned                        before:1;        /* some rule is */
    unsigned                        after:1;
} ngx_http_gw_ratelimit_main_conf_t;


typedef struct {
    ngx_array_t                    *rules;           /* of pointers, or NULL */
    ngx_array_t                    *concurrency;

    ngx_array_t                     before;          /* both, as they are */
    ngx_array_t                     after;           /* asked; those of the
                                                        level above, if all
                                                        are inherited */
    ngx_uint_t                      status;
    ngx_uint_t                      headers;
    ngx_uint_t                      log_level;

    unsigned                        merged:1;
} ngx_http_gw_ratelimit_loc_conf_t;


/* a rule that is asked */
struct ngx_http_gw_ratelimit_outcome_s {
    ngx_http_gw_ratelimit_rule_t   *rule;
    ngx_http_gw_ratelimit_zone_t   *zone;
    ngx_http_gw_ratelimit_limit_t  *limit;           /* NULL: in flight */
    ngx_http_gw_ratelimit_ctx_t    *ctx;

    uint64_t                        hash[2];         /* of the key */
    ngx_str_t                       key;             /* as in Redis, if the
                                                        zone is there */
    uint32_t                        cost;            /* or what may be in
                                                        flight */
    ngx_uint_t                      divisor;         /* of the limit, where
                                                        it was taken locally */
    ngx_uint_t                      result;
    ngx_gw_verdict_t                verdict;

    ngx_gw_redis_call_t            *call;            /* waited for */
    ngx_http_gw_ratelimit_reserve_t *reserve;        /* likewise */
    ngx_http_gw_ratelimit_held_t   *held;            /* in flight */

    unsigned                        pending:1;
    unsigned                        taken:1;         /* cost was: */
    unsigned                        local:1;         /* from the zone */
    unsigned                        again:1;         /* it has waited for a
                                                        lease */
    unsigned                        deny:1;          /* an error that does */
    unsigned                        full:1;          /* its cause: no room for
                                                        the key */
};


/* rules that are asked together */
typedef struct ngx_http_gw_ratelimit_batch_s  ngx_http_gw_ratelimit_batch_t;

struct ngx_http_gw_ratelimit_batch_s {
    ngx_http_gw_ratelimit_batch_t     *next;         /* asked later */
    void                              *place;        /* loc conf */
    ngx_uint_t                         n;
    ngx_http_gw_ratelimit_outcome_t    outcomes[1];
};


/*
 * What is known of a request.  It is found again after an internal redirect,
 * which clears the module's ctx, by a cleanup of the request's pool.
 */
struct ngx_http_gw_ratelimit_ctx_s {
    ngx_http_gw_ratelimit_ctx_t       *next;         /* while it is free */
    ngx_http_request_t                *request;
    ngx_http_gw_ratelimit_batch_t     *batches;
    ngx_http_gw_ratelimit_batch_t     *current;      /* not decided yet */

    ngx_http_gw_ratelimit_outcome_t   *rejected;     /* who did it, or NULL */
    ngx_uint_t                         denied;       /* status, or 0 */

    ngx_uint_t                         pending;      /* outcomes */
    int64_t                            deadline;     /* of waiting for leases,
                                                        0: none yet */
    ngx_event_t                       *wake;         /* the first of two, the
                                                        other is a timer */
    ngx_http_gw_problem_t              problem;

    unsigned                           waiting:1;
    unsigned                           delayed:1;    /* that it is known */
    unsigned                           here:1;       /* denied since the last
                                                        redirect, if any */
};


extern ngx_module_t  ngx_http_gw_ratelimit_module;


/* microseconds of the monotonic clock, and since 1970 */
int64_t ngx_http_gw_ratelimit_now(void);
int64_t ngx_http_gw_ratelimit_utc(void);


#define ngx_http_gw_ratelimit_is(value, text)                                 \
    ((value)->len == sizeof(text) - 1                                         \
     && ngx_strncmp((value)->data, text, sizeof(text) - 1) == 0)

/* value begins with text: the rest of it */
#define ngx_http_gw_ratelimit_prefix(value, text, rest)                       \
    ((value)->len >= sizeof(text) - 1                                         \
     && ngx_strncmp((value)->data, text, sizeof(text) - 1) == 0               \
     && ((rest)->data = (value)->data + sizeof(text) - 1,                     \
         (rest)->len = (value)->len - (sizeof(text) - 1), 1))


/* _conf.c */

char *ngx_http_gw_ratelimit_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_gw_concurrency_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* finds what zones and rules name; NGX_ERROR, and a message, if it is not */
ngx_int_t ngx_http_gw_ratelimit_resolve(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_main_conf_t *rmcf);

/* the arguments of a limit to the scripts */
ngx_int_t ngx_http_gw_ratelimit_set_args(ngx_pool_t *pool,
    ngx_http_gw_ratelimit_limit_t *limit);

/*
 * The value of rate=: "100r/s", "100r/s burst=20", "5000/d", for a zone with
 * this limit.  NGX_ERROR if it is malformed; limit may be NULL.
 */
ngx_int_t ngx_http_gw_ratelimit_parse_limit(ngx_str_t *value,
    const ngx_gw_limit_t *zone, ngx_gw_limit_t *limit);

/* a number from 0 to max without sign; NGX_ERROR if it is none */
ngx_int_t ngx_http_gw_ratelimit_number(ngx_str_t *value, ngx_uint_t max);


/* _rules.c */

char *ngx_http_gw_ratelimit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_concurrency(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

ngx_int_t ngx_http_gw_ratelimit_resolve_rule(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_main_conf_t *rmcf,
    ngx_http_gw_ratelimit_rule_t *rule);


/* _zone.c */

ngx_int_t ngx_http_gw_ratelimit_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);

/*
 * Decides in shared memory, by the share of 1 in divisor of the limit.
 * NGX_OK, with o->verdict; NGX_ERROR: no node could be had.
 */
ngx_int_t ngx_http_gw_ratelimit_take(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_uint_t divisor);

/* spends from a lease: NGX_GW_LEASE_..., or NGX_ERROR as above */
ngx_int_t ngx_http_gw_ratelimit_take_lease(ngx_http_gw_ratelimit_outcome_t *o,
    ngx_uint_t again, ngx_gw_lease_ask_t *ask);

/* the node of a key, made if need be, with the zone locked; NULL: full */
ngx_gw_keys_node_t *ngx_http_gw_ratelimit_node(
    ngx_http_gw_ratelimit_zone_t *zone, uint64_t hash[2], int64_t now);

/* warns, of all workers once a second, of keys that a zone has forgotten */
void ngx_http_gw_ratelimit_check_full(ngx_http_gw_ratelimit_zone_t *zone,
    int64_t now);

/* undoes what o has taken from shared memory */
void ngx_http_gw_ratelimit_give_back(ngx_http_gw_ratelimit_outcome_t *o);


/* _calls.c */

/* asks Redis, or decides at once by the fallback when it cannot be asked */
void ngx_http_gw_ratelimit_ask(ngx_http_gw_ratelimit_outcome_t *o);

/* decides by a lease; may leave o pending */
void ngx_http_gw_ratelimit_ask_lease(ngx_http_gw_ratelimit_outcome_t *o);

/* Redis does not answer: decides without it */
void ngx_http_gw_ratelimit_fall_back(ngx_http_gw_ratelimit_outcome_t *o);

/* returns, by a call nobody waits for, what o has taken in Redis */
void ngx_http_gw_ratelimit_call_back(ngx_http_gw_ratelimit_outcome_t *o);

/* the worker exits: frees what calls under way have */
void ngx_http_gw_ratelimit_calls_done(ngx_http_gw_ratelimit_zone_t *zone);

/* the request does not wait for o any more */
void ngx_http_gw_ratelimit_forget(ngx_http_gw_ratelimit_outcome_t *o);

/* by how many gateways a limit is divided without Redis */
ngx_uint_t ngx_http_gw_ratelimit_divisor(ngx_http_gw_ratelimit_zone_t *zone);


/* _concurrency.c */

/* counts the request in, here and, if the zone is there, in Redis */
void ngx_http_gw_concurrency_enter(ngx_http_gw_ratelimit_outcome_t *o);

/* counts it out */
void ngx_http_gw_concurrency_leave(ngx_http_gw_ratelimit_outcome_t *o);

/* decides by the count of this gateway, Redis does not answer */
void ngx_http_gw_concurrency_fall_back(ngx_http_gw_ratelimit_outcome_t *o);

ngx_int_t ngx_http_gw_concurrency_init_process(ngx_cycle_t *cycle,
    ngx_http_gw_ratelimit_zone_t *zone);
void ngx_http_gw_concurrency_exit_process(ngx_http_gw_ratelimit_zone_t *zone);


/* _prepare.c */

/*
 * Fills in o, whose rule and zone are set.  NGX_OK; NGX_ERROR: no memory;
 * NGX_DECLINED: the rule does not apply.
 */
ngx_int_t ngx_http_gw_ratelimit_prepare(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o);


/* _handler.c */

ngx_int_t ngx_http_gw_ratelimit_preaccess_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_gw_ratelimit_precontent_handler(ngx_http_request_t *r);

/* the request waits for o; NGX_ERROR: no memory */
ngx_int_t ngx_http_gw_ratelimit_pend(ngx_http_gw_ratelimit_outcome_t *o);

/* and does no more; goes on after the last, but not from within */
void ngx_http_gw_ratelimit_decided(ngx_http_gw_ratelimit_outcome_t *o);

/* asks leases again in a moment, for which another's call is under way */
void ngx_http_gw_ratelimit_poll(ngx_http_gw_ratelimit_ctx_t *ctx);

/* sets o->result by its verdict */
void ngx_http_gw_ratelimit_judge(ngx_http_gw_ratelimit_outcome_t *o);

/* the greatest result of all that were asked */
ngx_uint_t ngx_http_gw_ratelimit_result(ngx_http_gw_ratelimit_ctx_t *ctx);

/* what is known of the client's request that r belongs to, or NULL */
ngx_http_gw_ratelimit_ctx_t *ngx_http_gw_ratelimit_get_ctx(
    ngx_http_request_t *r);

/* the rule nearest to exhaustion, with dry_run only if there is no other and
   dry_run is set; NULL: none */
ngx_http_gw_ratelimit_outcome_t *ngx_http_gw_ratelimit_nearest(
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_uint_t dry_run);

/* microseconds to whole seconds, rounded up */
#define ngx_http_gw_ratelimit_seconds(us)                                     \
    (((us) + 999999) / 1000000)


/* _reply.c */

ngx_int_t ngx_http_gw_ratelimit_reply_init(ngx_conf_t *cf);

/* what clients are told of the rule, as far as it is the same for all */
ngx_int_t ngx_http_gw_ratelimit_set_policy(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_rule_t *rule);


/* _variables.c */

ngx_int_t ngx_http_gw_ratelimit_add_variables(ngx_conf_t *cf);



#endif /* _NGX_HTTP_GW_RATELIMIT_H_INCLUDED_ */
