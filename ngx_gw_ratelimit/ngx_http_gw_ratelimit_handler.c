
/*
 * Which rules a request is asked, and what becomes of it.
 */


#include "ngx_http_gw_ratelimit.h"


/* rules that a ctx has room for, and so many of them are kept */
#define NGX_HTTP_GW_RATELIMIT_FIRST  2
#define NGX_HTTP_GW_RATELIMIT_FREE   1024

#define ngx_http_gw_ratelimit_batch_size(n)                                   \
    (offsetof(ngx_http_gw_ratelimit_batch_t, outcomes)                        \
     + (n) * sizeof(ngx_http_gw_ratelimit_outcome_t))

#define NGX_HTTP_GW_RATELIMIT_CTX_SIZE                                        \
    (sizeof(ngx_http_gw_ratelimit_ctx_t)                                      \
     + ngx_http_gw_ratelimit_batch_size(NGX_HTTP_GW_RATELIMIT_FIRST))

/* the order in which rules are asked */
#define NGX_HTTP_GW_RATELIMIT_STEP_LOCAL   0
#define NGX_HTTP_GW_RATELIMIT_STEP_LEASED  1
#define NGX_HTTP_GW_RATELIMIT_STEP_EXACT   2

/* another worker's call for a lease is looked after so often */
#define NGX_HTTP_GW_RATELIMIT_POLL  1


static ngx_int_t ngx_http_gw_ratelimit_handler(ngx_http_request_t *r,
    ngx_array_t *rules);
static ngx_http_gw_ratelimit_ctx_t *ngx_http_gw_ratelimit_make_ctx(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_ratelimit_collect(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_array_t *rules);
static ngx_uint_t ngx_http_gw_ratelimit_asked(
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_http_gw_ratelimit_rule_t *rule);
static void ngx_http_gw_ratelimit_decide(ngx_http_gw_ratelimit_ctx_t *ctx);
static ngx_uint_t ngx_http_gw_ratelimit_step(
    ngx_http_gw_ratelimit_outcome_t *o);
static void ngx_http_gw_ratelimit_decide_local(
    ngx_http_gw_ratelimit_outcome_t *o);
static ngx_uint_t ngx_http_gw_ratelimit_rejects(
    ngx_http_gw_ratelimit_outcome_t *o);
static ngx_int_t ngx_http_gw_ratelimit_wait(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx);
static ngx_int_t ngx_http_gw_ratelimit_finish(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx);
static ngx_int_t ngx_http_gw_ratelimit_hold(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_http_gw_ratelimit_batch_t *batch);
static ngx_int_t ngx_http_gw_ratelimit_reject(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx);
static int64_t ngx_http_gw_ratelimit_delay(
    ngx_http_gw_ratelimit_outcome_t *o);
static void ngx_http_gw_ratelimit_log(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o, const char *what);
static void ngx_http_gw_ratelimit_wake(ngx_event_t *ev);
static void ngx_http_gw_ratelimit_timer(ngx_event_t *ev);
static void ngx_http_gw_ratelimit_cleanup(void *data);


ngx_int_t
ngx_http_gw_ratelimit_preaccess_handler(ngx_http_request_t *r)
{
    ngx_http_gw_ratelimit_loc_conf_t  *rlcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_ratelimit_module);

    return ngx_http_gw_ratelimit_handler(r, &rlcf->before);
}


ngx_int_t
ngx_http_gw_ratelimit_precontent_handler(ngx_http_request_t *r)
{
    ngx_http_gw_ratelimit_loc_conf_t  *rlcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_ratelimit_module);

    return ngx_http_gw_ratelimit_handler(r, &rlcf->after);
}


static ngx_int_t
ngx_http_gw_ratelimit_handler(ngx_http_request_t *r, ngx_array_t *rules)
{
    ngx_int_t                     rc;
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    if (rules->nelts == 0 || r != r->main) {
        return NGX_DECLINED;
    }

    /* who has been refused takes nothing by way of the page that says so */

    if (r->err_status == NGX_HTTP_UNAUTHORIZED
        || r->err_status == NGX_HTTP_FORBIDDEN)
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_gw_ratelimit_get_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_http_gw_ratelimit_make_ctx(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ctx->waiting) {
        return NGX_AGAIN;
    }

    if (ctx->rejected) {
        return NGX_DECLINED;
    }

    if (ctx->current == NULL) {
        rc = ngx_http_gw_ratelimit_collect(r, ctx, rules);

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_http_gw_ratelimit_decide(ctx);

        if (ctx->pending) {
            return ngx_http_gw_ratelimit_wait(r, ctx);
        }
    }

    return ngx_http_gw_ratelimit_finish(r, ctx);
}


ngx_http_gw_ratelimit_ctx_t *
ngx_http_gw_ratelimit_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    r = r->main;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_ratelimit_module);

    if (ctx || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_gw_ratelimit_cleanup) {
            ctx = cln->data;
            ctx->here = 0;

            ngx_http_set_ctx(r, ctx, ngx_http_gw_ratelimit_module);

            return ctx;
        }
    }

    return NULL;
}


/*
 * A ctx comes from the worker's own, with room for the first rules: from the
 * pool of a request it would often need another block of memory.
 */

static ngx_http_gw_ratelimit_ctx_t *
ngx_http_gw_ratelimit_make_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t                 *cln;
    ngx_http_gw_ratelimit_ctx_t        *ctx;
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    rmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_ratelimit_module);

    ctx = rmcf->free;

    if (ctx) {
        rmcf->free = ctx->next;
        rmcf->nfree--;

    } else {
        ctx = ngx_alloc(NGX_HTTP_GW_RATELIMIT_CTX_SIZE, r->connection->log);
        if (ctx == NULL) {
            return NULL;
        }
    }

    ngx_memzero(ctx, sizeof(ngx_http_gw_ratelimit_ctx_t));

    ctx->request = r;

    cln->data = ctx;
    cln->handler = ngx_http_gw_ratelimit_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_gw_ratelimit_module);

    return ctx;
}


/*
 * The rules that are to be asked now, as ctx->current.  NGX_OK, NGX_DECLINED:
 * there are none, or a status.
 */

static ngx_int_t
ngx_http_gw_ratelimit_collect(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_array_t *rules)
{
    size_t                            size;
    ngx_int_t                         rc;
    ngx_uint_t                        i;
    ngx_http_gw_ratelimit_rule_t    **rule;
    ngx_http_gw_ratelimit_batch_t    *batch, **last;
    ngx_http_gw_ratelimit_outcome_t  *o;

    size = ngx_http_gw_ratelimit_batch_size(rules->nelts);

    if (ctx->batches == NULL
        && rules->nelts <= NGX_HTTP_GW_RATELIMIT_FIRST)
    {
        batch = (ngx_http_gw_ratelimit_batch_t *) (ctx + 1);

    } else {
        batch = ngx_palloc(r->pool, size);
        if (batch == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    ngx_memzero(batch, size);

    rule = rules->elts;
    o = batch->outcomes;

    for (i = 0; i < rules->nelts; i++) {

        if (ctx->batches && ngx_http_gw_ratelimit_asked(ctx, rule[i])) {
            continue;
        }

        o->rule = rule[i];
        o->zone = rule[i]->zone;
        o->ctx = ctx;

        rc = ngx_http_gw_ratelimit_prepare(r, o);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_DECLINED) {
            ngx_memzero(o, sizeof(ngx_http_gw_ratelimit_outcome_t));
            continue;
        }

        o++;
    }

    batch->n = o - batch->outcomes;
    batch->place = ngx_http_get_module_loc_conf(r,
                                                ngx_http_gw_ratelimit_module);

    if (batch->n == 0) {
        return NGX_DECLINED;
    }

    for (last = &ctx->batches; *last; last = &(*last)->next) { /* void */ }

    *last = batch;
    ctx->current = batch;
    ctx->deadline = 0;

    return NGX_OK;
}


/* whether the request has been asked already, before a redirect */

static ngx_uint_t
ngx_http_gw_ratelimit_asked(ngx_http_gw_ratelimit_ctx_t *ctx,
    ngx_http_gw_ratelimit_rule_t *rule)
{
    ngx_uint_t                      i;
    ngx_http_gw_ratelimit_rule_t   *asked;
    ngx_http_gw_ratelimit_batch_t  *batch;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            asked = batch->outcomes[i].rule;

            if (asked->zone == rule->zone
                && asked->before_auth == rule->before_auth)
            {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * What can be decided here goes first, and what has been reserved before what
 * has not: where one of these rejects the request, the next are not asked.
 */

static void
ngx_http_gw_ratelimit_decide(ngx_http_gw_ratelimit_ctx_t *ctx)
{
    ngx_uint_t                        i, step, left, rejected;
    ngx_http_gw_ratelimit_batch_t    *batch;
    ngx_http_gw_ratelimit_outcome_t  *o;

    batch = ctx->current;
    left = batch->n;
    rejected = 0;

    for (step = 0; left && !rejected; step++) {

        for (i = 0; i < batch->n; i++) {
            o = &batch->outcomes[i];

            if (ngx_http_gw_ratelimit_step(o) != step) {
                continue;
            }

            left--;

            switch (step) {

            case NGX_HTTP_GW_RATELIMIT_STEP_LOCAL:
                ngx_http_gw_ratelimit_decide_local(o);
                break;

            case NGX_HTTP_GW_RATELIMIT_STEP_LEASED:
                ngx_http_gw_ratelimit_ask_lease(o);
                break;

            default:
                if (o->zone->concurrency) {
                    ngx_http_gw_concurrency_enter(o);

                } else {
                    ngx_http_gw_ratelimit_ask(o);
                }
            }

            rejected |= ngx_http_gw_ratelimit_rejects(o);
        }
    }

    if (!rejected) {
        return;
    }

    /* what a call takes can be returned only when that is known */

    for (i = 0; i < batch->n; i++) {
        if (batch->outcomes[i].call == NULL) {
            ngx_http_gw_ratelimit_forget(&batch->outcomes[i]);
        }
    }
}


static ngx_uint_t
ngx_http_gw_ratelimit_step(ngx_http_gw_ratelimit_outcome_t *o)
{
    if (o->zone->redis == NULL) {
        return NGX_HTTP_GW_RATELIMIT_STEP_LOCAL;
    }

    return o->zone->mode == NGX_HTTP_GW_RATELIMIT_LEASED
           ? NGX_HTTP_GW_RATELIMIT_STEP_LEASED
           : NGX_HTTP_GW_RATELIMIT_STEP_EXACT;
}


static void
ngx_http_gw_ratelimit_decide_local(ngx_http_gw_ratelimit_outcome_t *o)
{
    if (o->zone->concurrency) {
        ngx_http_gw_concurrency_enter(o);
        return;
    }

    if (ngx_http_gw_ratelimit_take(o, 1) == NGX_OK) {
        ngx_http_gw_ratelimit_judge(o);
        return;
    }

    o->result = NGX_HTTP_GW_RATELIMIT_ERROR;
    o->deny = 1;
}


void
ngx_http_gw_ratelimit_judge(ngx_http_gw_ratelimit_outcome_t *o)
{
    if (o->verdict.admitted) {
        o->result = NGX_HTTP_GW_RATELIMIT_PASSED;

    } else if (o->rule->dry_run) {
        o->result = NGX_HTTP_GW_RATELIMIT_DRY_RUN;

    } else {
        o->result = NGX_HTTP_GW_RATELIMIT_REJECTED;
    }
}


static ngx_uint_t
ngx_http_gw_ratelimit_rejects(ngx_http_gw_ratelimit_outcome_t *o)
{
    return o->result == NGX_HTTP_GW_RATELIMIT_REJECTED
           || (o->deny && !o->rule->dry_run);
}


ngx_int_t
ngx_http_gw_ratelimit_pend(ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_event_t                  *ev;
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    ctx = o->ctx;

    if (ctx->wake == NULL) {
        ev = ngx_pcalloc(ctx->request->pool, 2 * sizeof(ngx_event_t));
        if (ev == NULL) {
            return NGX_ERROR;
        }

        ev[0].data = ctx;
        ev[0].handler = ngx_http_gw_ratelimit_wake;
        ev[0].log = ctx->request->connection->log;

        ev[1].data = ctx;
        ev[1].handler = ngx_http_gw_ratelimit_timer;
        ev[1].log = ctx->request->connection->log;

        ctx->wake = ev;
    }

    if (!o->pending) {
        o->pending = 1;
        ctx->pending++;
    }

    return NGX_OK;
}


void
ngx_http_gw_ratelimit_decided(ngx_http_gw_ratelimit_outcome_t *o)
{
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    if (!o->pending) {
        return;
    }

    ctx = o->ctx;

    o->pending = 0;

    if (--ctx->pending) {
        return;
    }

    /* leases need not be asked again */

    if (ctx->wake[1].timer_set) {
        ngx_del_timer(&ctx->wake[1]);
    }

    if (ctx->waiting) {
        ngx_post_event(ctx->wake, &ngx_posted_events);
    }
}


void
ngx_http_gw_ratelimit_poll(ngx_http_gw_ratelimit_ctx_t *ctx)
{
    if (!ctx->wake[1].timer_set) {
        ngx_add_timer(&ctx->wake[1], NGX_HTTP_GW_RATELIMIT_POLL);
    }
}


static ngx_int_t
ngx_http_gw_ratelimit_wait(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "gw ratelimit waits, %ui pending", ctx->pending);

    /* a client that leaves is noticed */

    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);

    } else if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    ctx->waiting = 1;

    return NGX_AGAIN;
}


/* nothing of ctx->current is pending any more */

static ngx_int_t
ngx_http_gw_ratelimit_finish(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx)
{
    ngx_uint_t                        i;
    ngx_http_gw_ratelimit_batch_t    *batch;
    ngx_http_gw_ratelimit_outcome_t  *o;

    batch = ctx->current;

    if (ctx->delayed) {
        ctx->delayed = 0;
        ctx->current = NULL;
        return NGX_DECLINED;
    }

    for (i = 0; i < batch->n; i++) {
        o = &batch->outcomes[i];

        if (o->result == NGX_HTTP_GW_RATELIMIT_PASSED) {
            continue;
        }

        /* of several that reject the one that does so for longest */

        if (ngx_http_gw_ratelimit_rejects(o)
            && (ctx->rejected == NULL
                || o->verdict.retry > ctx->rejected->verdict.retry))
        {
            ctx->rejected = o;
        }

        if (o->result == NGX_HTTP_GW_RATELIMIT_DRY_RUN
            || (o->full && o->rule->dry_run))
        {
            ngx_http_gw_ratelimit_log(r, o, "would be rejected, dry run,");
        }
    }

    if (ctx->rejected) {
        return ngx_http_gw_ratelimit_reject(r, ctx);
    }

    return ngx_http_gw_ratelimit_hold(r, ctx, batch);
}


/* the request passes, at once or when the slowest of its rules admits it */

static ngx_int_t
ngx_http_gw_ratelimit_hold(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_http_gw_ratelimit_batch_t *batch)
{
    int64_t                           wait, longest;
    ngx_uint_t                        i;
    ngx_http_gw_ratelimit_outcome_t  *o, *slowest;

    slowest = NULL;
    longest = 0;

    for (i = 0; i < batch->n; i++) {
        o = &batch->outcomes[i];

        wait = ngx_http_gw_ratelimit_delay(o);

        if (wait <= 0) {
            continue;
        }

        o->result = NGX_HTTP_GW_RATELIMIT_DELAYED;

        if (wait > longest) {
            longest = wait;
            slowest = o;
        }
    }

    if (slowest == NULL) {
        ctx->current = NULL;
        return NGX_DECLINED;
    }

    ngx_http_gw_ratelimit_log(r, slowest, "is delayed");

    if (ngx_http_gw_ratelimit_pend(slowest) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_gw_ratelimit_wait(r, ctx) != NGX_AGAIN) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->delayed = 1;
    ngx_add_timer(&ctx->wake[1], (ngx_msec_t) ((longest + 999) / 1000));

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_gw_ratelimit_reject(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx)
{
    ngx_uint_t                         i;
    ngx_http_gw_ratelimit_batch_t     *batch;
    ngx_http_gw_ratelimit_outcome_t   *o;
    ngx_http_gw_ratelimit_loc_conf_t  *rlcf;

    /* a rejected request takes nothing from anyone's allowance */

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            o = &batch->outcomes[i];

            if (o->held) {
                ngx_http_gw_concurrency_leave(o);
            }

            if (!o->taken) {
                continue;
            }

            o->taken = 0;

            if (o->local) {
                ngx_http_gw_ratelimit_give_back(o);

            } else {
                ngx_http_gw_ratelimit_call_back(o);
            }
        }
    }

    ngx_http_gw_ratelimit_log(r, ctx->rejected, "is rejected");

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_ratelimit_module);

    ctx->current = NULL;
    ctx->denied = rlcf->status;
    ctx->here = 1;

    return rlcf->status;
}


/* for how long the request has to be held for o, microseconds */

static int64_t
ngx_http_gw_ratelimit_delay(ngx_http_gw_ratelimit_outcome_t *o)
{
    int64_t   free;
    uint32_t  fraction;

    if (o->rule->delay == -1 || o->rule->dry_run
        || o->result != NGX_HTTP_GW_RATELIMIT_PASSED
        || o->verdict.excess <= 0)
    {
        return 0;
    }

    ngx_gw_limit_intervals(&o->limit->limit, o->rule->delay, &free,
                           &fraction);

    return o->verdict.excess - free;
}


static void
ngx_http_gw_ratelimit_log(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o, const char *what)
{
    ngx_uint_t                         level;
    const char                        *why;
    ngx_http_gw_ratelimit_loc_conf_t  *rlcf;

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_ratelimit_module);

    level = rlcf->log_level;

    if (o != o->ctx->rejected && level < NGX_LOG_INFO) {
        level++;
    }

    if (o->full) {
        why = ", which is full of requests in flight";

    } else {
        why = o->deny ? ", which could not be asked" : "";
    }

    ngx_log_error(level, r->connection->log, 0,
                  "request %s by zone \"%V\"%s", what, &o->zone->name, why);
}


ngx_uint_t
ngx_http_gw_ratelimit_result(ngx_http_gw_ratelimit_ctx_t *ctx)
{
    ngx_uint_t                      i, result;
    ngx_http_gw_ratelimit_batch_t  *batch;

    result = NGX_HTTP_GW_RATELIMIT_NONE;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            result = ngx_max(result, batch->outcomes[i].result);
        }
    }

    return result;
}


ngx_http_gw_ratelimit_outcome_t *
ngx_http_gw_ratelimit_nearest(ngx_http_gw_ratelimit_ctx_t *ctx,
    ngx_uint_t dry_run)
{
    ngx_uint_t                        i;
    ngx_http_gw_ratelimit_batch_t    *batch;
    ngx_http_gw_ratelimit_outcome_t  *o, *nearest;

    if (ctx->rejected) {
        return ctx->rejected;
    }

    nearest = NULL;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            o = &batch->outcomes[i];

            if (o->verdict.limit == 0 || o->rule->dry_run != dry_run) {
                continue;
            }

            if (o->verdict.incomplete) {
                ngx_gw_limit_complete(&o->limit->limit, &o->verdict);
            }

            if (nearest == NULL
                || o->verdict.remaining < nearest->verdict.remaining
                || (o->verdict.remaining == nearest->verdict.remaining
                    && o->verdict.reset > nearest->verdict.reset))
            {
                nearest = o;
            }
        }
    }

    return nearest;
}


static void
ngx_http_gw_ratelimit_wake(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_http_request_t           *r;
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ctx->waiting = 0;

    if (ctx->wake[1].timer_set) {
        ngx_del_timer(&ctx->wake[1]);
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        ngx_http_run_posted_requests(c);
        return;
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(c);
}


/* a delay is over, or a lease is to be asked again */

static void
ngx_http_gw_ratelimit_timer(ngx_event_t *ev)
{
    ngx_uint_t                        i;
    ngx_http_gw_ratelimit_ctx_t      *ctx;
    ngx_http_gw_ratelimit_batch_t    *batch;
    ngx_http_gw_ratelimit_outcome_t  *o;

    ctx = ev->data;
    batch = ctx->current;

    if (batch == NULL) {
        return;
    }

    for (i = 0; i < batch->n; i++) {
        o = &batch->outcomes[i];

        if (ctx->delayed) {
            ngx_http_gw_ratelimit_decided(o);

        } else if (o->pending && o->call == NULL && o->reserve == NULL) {
            ngx_http_gw_ratelimit_ask_lease(o);
        }
    }
}


static void
ngx_http_gw_ratelimit_cleanup(void *data)
{
    ngx_http_gw_ratelimit_ctx_t *ctx = data;

    ngx_uint_t                          i;
    ngx_http_gw_ratelimit_batch_t      *batch;
    ngx_http_gw_ratelimit_outcome_t    *o;
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            o = &batch->outcomes[i];

            ngx_http_gw_ratelimit_forget(o);

            if (o->held) {
                ngx_http_gw_concurrency_leave(o);
            }
        }
    }

    if (ctx->wake) {
        if (ctx->wake[0].posted) {
            ngx_delete_posted_event(&ctx->wake[0]);
        }

        if (ctx->wake[1].timer_set) {
            ngx_del_timer(&ctx->wake[1]);
        }
    }

    rmcf = ngx_http_get_module_main_conf(ctx->request,
                                         ngx_http_gw_ratelimit_module);

    if (rmcf->nfree >= NGX_HTTP_GW_RATELIMIT_FREE) {
        ngx_free(ctx);
        return;
    }

    ctx->next = rmcf->free;
    rmcf->free = ctx;
    rmcf->nfree++;
}
