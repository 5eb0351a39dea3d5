
/*
 * The course of an aggregate: which parts are asked when, what their ends
 * mean for the others, when the answer is due.
 *
 * All of that is decided in one function, ngx_http_gw_aggregate_run(), which
 * is the aggregate's write event handler.  What happens to a part only marks
 * it and posts the aggregate's request, so that no part's request is ever
 * ended by code that is called by it.
 */


#include "ngx_http_gw_aggregate.h"


static ngx_int_t ngx_http_gw_aggregate_within(ngx_http_request_t *r,
    ngx_http_gw_aggregate_loc_conf_t *alcf);
static ngx_int_t ngx_http_gw_aggregate_not_allowed(ngx_http_request_t *r);
static void ngx_http_gw_aggregate_begin(ngx_http_request_t *r);
static void ngx_http_gw_aggregate_discard(ngx_http_request_t *r);
static void ngx_http_gw_aggregate_read(ngx_http_request_t *r);
static ngx_http_gw_aggregate_t *ngx_http_gw_aggregate_create(
    ngx_http_request_t *r);
static void ngx_http_gw_aggregate_leave(void *data);
static void ngx_http_gw_aggregate_cleanup(void *data);
static void ngx_http_gw_aggregate_run(ngx_http_request_t *r);
static ngx_uint_t ngx_http_gw_aggregate_drained(ngx_http_gw_aggregate_t *ag);
static void ngx_http_gw_aggregate_wake(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_start(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_start_part(ngx_http_gw_run_t *run);
static ngx_int_t ngx_http_gw_aggregate_failed(ngx_http_gw_aggregate_t *ag,
    ngx_http_gw_run_t *run);
static void ngx_http_gw_aggregate_stop(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_status(ngx_http_gw_run_t *run);
static void ngx_http_gw_aggregate_finish(ngx_http_gw_aggregate_t *ag,
    ngx_int_t rc);
static void ngx_http_gw_aggregate_set_timer(ngx_http_gw_aggregate_t *ag);
static void ngx_http_gw_aggregate_timer_handler(ngx_event_t *ev);
static void ngx_http_gw_aggregate_next_handler(ngx_event_t *ev);
static void ngx_http_gw_aggregate_skip(ngx_http_gw_run_t *run,
    ngx_http_gw_reason_e reason);
static void ngx_http_gw_aggregate_end(ngx_http_gw_run_t *run,
    ngx_http_gw_state_e state);


const ngx_str_t  ngx_http_gw_aggregate_reasons[] = {
    ngx_string("ok"),
    ngx_string("timeout"),
    ngx_string("connect"),
    ngx_string("status"),
    ngx_string("truncated"),
    ngx_string("encoding"),
    ngx_string("charset"),
    ngx_string("json"),
    ngx_string("depth"),
    ngx_string("size"),
    ngx_string("duplicate"),
    ngx_string("uri"),
    ngx_string("dependency")
};


ngx_int_t
ngx_http_gw_aggregate_handler(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_http_gw_aggregate_loc_conf_t  *alcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_http_gw_aggregate_not_allowed(r);
    }

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_aggregate_module);

    if (ngx_http_gw_aggregate_within(r, alcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (alcf->pass_body) {
        rc = ngx_http_read_client_request_body(r, ngx_http_gw_aggregate_begin);

        return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;

    ngx_http_gw_aggregate_begin(r);

    return NGX_DONE;
}


/*
 * An aggregate may be a part, but of no more than so many others, and never
 * of itself: a service can send its part there by X-Accel-Redirect, and all
 * parts of that one again.
 */

static ngx_int_t
ngx_http_gw_aggregate_within(ngx_http_request_t *r,
    ngx_http_gw_aggregate_loc_conf_t *alcf)
{
    ngx_uint_t           level;
    ngx_http_gw_run_t   *run, *own;
    ngx_http_request_t  *pr;

    level = 0;
    own = ngx_http_gw_part_get(r);

    for (pr = r; pr; pr = pr->parent) {
        run = ngx_http_gw_part_get(pr);

        if (run == NULL) {
            continue;
        }

        level++;

        /* blocks of "if" have a configuration of their own, of these parts */

        if (run->aggregate->conf->parts == alcf->parts) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "aggregate within itself");

            if (own) {
                ngx_http_gw_aggregate_fail(own, NGX_HTTP_GW_URI);
            }

            return NGX_DECLINED;
        }
    }

    if (level >= NGX_HTTP_GW_AGGREGATE_MAX_LEVEL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "more than %d aggregates within each other",
                      NGX_HTTP_GW_AGGREGATE_MAX_LEVEL);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_aggregate_not_allowed(ngx_http_request_t *r)
{
    static const ngx_str_t  methods = ngx_string("GET, HEAD, POST");

    if (ngx_http_gw_header(r, "Allow", &methods) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_HTTP_NOT_ALLOWED;
}


static void
ngx_http_gw_aggregate_begin(ngx_http_request_t *r)
{
    ngx_http_gw_aggregate_t  *ag;

    ag = ngx_http_gw_aggregate_create(r);

    if (ag == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (r == r->main && r->discard_body) {

        /* nginx has still to set a read handler and a timer, see below */

        r->write_event_handler = ngx_http_gw_aggregate_discard;

        if (ngx_http_post_request(r, NULL) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        }

        return;
    }

    /* a client that leaves is noticed, also by an aggregate that is included */

    r->read_event_handler = ngx_http_test_reading;

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    r->write_event_handler = ngx_http_gw_aggregate_run;

    ngx_http_gw_aggregate_run(r);
}


/*
 * While a body is discarded nginx treats the request as one that has been
 * answered: it ends with a timer, and not when the client leaves.
 */

static void
ngx_http_gw_aggregate_discard(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    rev = r->connection->read;

    if (rev->timer_set) {
        ngx_del_timer(rev);
    }

    r->lingering_time = 0;
    r->read_event_handler = ngx_http_gw_aggregate_read;
    r->write_event_handler = ngx_http_gw_aggregate_run;

    ngx_http_gw_aggregate_run(r);
}


static void
ngx_http_gw_aggregate_read(ngx_http_request_t *r)
{
    ngx_http_discarded_request_body_handler(r);

    if (r->discard_body || r->connection->error) {
        return;
    }

    r->read_event_handler = ngx_http_test_reading;

    ngx_http_test_reading(r);
}


static ngx_http_gw_aggregate_t *
ngx_http_gw_aggregate_create(ngx_http_request_t *r)
{
    ngx_uint_t                         i;
    ngx_http_gw_part_t                *part;
    ngx_pool_cleanup_t                *cln;
    ngx_http_cleanup_t                *hcln;
    ngx_http_gw_aggregate_t           *ag;
    ngx_http_gw_aggregate_ctx_t       *ctx;
    ngx_http_gw_aggregate_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_aggregate_module);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_gw_aggregate_t));
    if (cln == NULL) {
        return NULL;
    }

    hcln = ngx_http_cleanup_add(r, 0);
    if (hcln == NULL) {
        return NULL;
    }

    ag = cln->data;
    ngx_memzero(ag, sizeof(ngx_http_gw_aggregate_t));

    ag->request = r;
    ag->conf = alcf;
    ag->nruns = alcf->parts->nelts;
    ag->begin = ngx_current_msec;
    ag->deadline = ag->begin + alcf->timeout;

    ag->runs = ngx_pcalloc(r->pool, ag->nruns * sizeof(ngx_http_gw_run_t));
    if (ag->runs == NULL) {
        return NULL;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_gw_aggregate_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    part = alcf->parts->elts;

    for (i = 0; i < ag->nruns; i++) {
        ag->runs[i].part = &part[i];
        ag->runs[i].aggregate = ag;
    }

    ag->timer.handler = ngx_http_gw_aggregate_timer_handler;
    ag->timer.data = ag;
    ag->timer.log = r->connection->log;

    ag->next.handler = ngx_http_gw_aggregate_next_handler;
    ag->next.data = ag;
    ag->next.log = r->connection->log;

    cln->handler = ngx_http_gw_aggregate_cleanup;

    hcln->handler = ngx_http_gw_aggregate_leave;
    hcln->data = ag;

    ctx->aggregate = ag;
    ngx_http_set_ctx(r, ctx, ngx_http_gw_aggregate_module);

    return ag;
}


/* called when the client has gone, or else when the request is freed */

static void
ngx_http_gw_aggregate_leave(void *data)
{
    ngx_http_gw_aggregate_t *ag = data;

    ngx_uint_t  i;

    ag->finished = 1;

    if (ag->timer.timer_set) {
        ngx_del_timer(&ag->timer);
    }

    for (i = 0; i < ag->nruns; i++) {
        if (ag->runs[i].request) {
            ngx_http_gw_part_leave(&ag->runs[i]);
        }
    }
}


static void
ngx_http_gw_aggregate_cleanup(void *data)
{
    ngx_http_gw_aggregate_t *ag = data;

    if (ag->timer.timer_set) {
        ngx_del_timer(&ag->timer);
    }

    if (ag->next.posted) {
        ngx_delete_posted_event(&ag->next);
    }

    if (ag->pool) {
        ngx_destroy_pool(ag->pool);
        ag->pool = NULL;
    }
}


ngx_http_gw_aggregate_t *
ngx_http_gw_aggregate_get(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_gw_aggregate_t      *ag;
    ngx_http_gw_aggregate_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_aggregate_module);

    if (ctx) {
        return ctx->aggregate;
    }

    /* an internal redirect has cleared it */

    if (!r->internal && !r->filter_finalize) {
        return NULL;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler == ngx_http_gw_aggregate_cleanup) {
            ag = cln->data;

            if (ag->request == r) {
                return ag;
            }
        }
    }

    return NULL;
}


static void
ngx_http_gw_aggregate_run(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_gw_run_t        *run;
    ngx_http_gw_aggregate_t  *ag;

    ag = ngx_http_gw_aggregate_get(r);

    if (ag == NULL) {
        return;
    }

    ag->posted = 0;

    if (ag->finished || ag->next.posted) {
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "gw aggregate: %ui running, settled %xL",
                   ag->nrunning, ag->settled);

    ngx_http_gw_aggregate_wake(ag);

    do {
        for (i = 0; i < ag->nruns; i++) {
            run = &ag->runs[i];

            if (run->state != NGX_HTTP_GW_FAILED) {
                continue;
            }

            if (run->request) {
                ngx_http_gw_part_cancel(run);
            }

            if (!run->part->optional && ag->failed == NULL) {
                ag->failed = run;
            }
        }

        if (ag->failed) {
            ngx_http_gw_aggregate_finish(ag,
                                     ngx_http_gw_aggregate_status(ag->failed));
            return;
        }

        rc = ngx_http_gw_aggregate_start(ag);

        if (rc == NGX_ERROR) {
            ngx_http_gw_aggregate_finish(ag, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

    } while (rc == NGX_AGAIN);

    if (ngx_http_gw_aggregate_drained(ag)) {
        ngx_http_gw_aggregate_run(r);
        return;
    }

    if (ag->nrunning == 0) {

        /* nothing waits either: what it waits for would have been started */

        rc = ngx_http_gw_aggregate_join(ag);

        /* what took several steps is sent in one of its own */

        if (rc == NGX_AGAIN || rc == NGX_DECLINED
            || (rc == NGX_OK && ag->joining))
        {
            ag->joining = (rc != NGX_OK);
            ngx_post_event(&ag->next, &ngx_posted_next_events);
            return;
        }

        ngx_http_gw_aggregate_finish(ag, rc == NGX_ERROR
                                         ? NGX_HTTP_INTERNAL_SERVER_ERROR
                                         : rc);
        return;
    }

    ngx_http_gw_aggregate_set_timer(ag);
}


/*
 * When nothing else is waited for, the bodies of answers that were no success
 * are not either.  1: there were some, and their parts have failed now.
 */

static ngx_uint_t
ngx_http_gw_aggregate_drained(ngx_http_gw_aggregate_t *ag)
{
    ngx_uint_t          i;
    ngx_http_gw_run_t  *run;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->state == NGX_HTTP_GW_RUNNING && !run->discard) {
            return 0;
        }
    }

    if (ag->nrunning == 0) {
        return 0;
    }

    for (i = 0; i < ag->nruns; i++) {
        if (ag->runs[i].state == NGX_HTTP_GW_RUNNING) {
            ngx_http_gw_aggregate_fail(&ag->runs[i], NGX_HTTP_GW_STATUS);
        }
    }

    return 1;
}


/*
 * Some handlers wait by the timer of the client's connection, as that of
 * limit_req does, and nginx then wakes the request that is to be sent next,
 * the aggregate's.  A handler that is woken for nothing just waits on.
 */

static void
ngx_http_gw_aggregate_wake(ngx_http_gw_aggregate_t *ag)
{
    ngx_uint_t           i;
    ngx_http_request_t  *sr;

    if (ag->nrunning == 0 || ag->request->connection->write->delayed) {
        return;
    }

    for (i = 0; i < ag->nruns; i++) {
        sr = ag->runs[i].request;

        if (sr && sr->upstream == NULL
            && sr->write_event_handler != ngx_http_handler
            && sr->write_event_handler != ngx_http_gw_aggregate_run)
        {
            (void) ngx_http_post_request(sr, NULL);
        }
    }
}


/* NGX_OK; NGX_AGAIN: some part was settled at once, so look again */

static ngx_int_t
ngx_http_gw_aggregate_start(ngx_http_gw_aggregate_t *ag)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_http_gw_run_t  *run;

    rc = NGX_OK;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->state != NGX_HTTP_GW_WAITING
            || (run->part->after & ~ag->settled))
        {
            continue;
        }

        if (ag->nrunning >= (ngx_uint_t) ag->conf->concurrency) {
            break;
        }

        if (ngx_http_gw_aggregate_start_part(run) != NGX_OK) {
            return NGX_ERROR;
        }

        if (run->state != NGX_HTTP_GW_RUNNING) {
            rc = NGX_AGAIN;
        }
    }

    return rc;
}


/* starts, skips or fails a part.  NGX_ERROR: no memory */

static ngx_int_t
ngx_http_gw_aggregate_start_part(ngx_http_gw_run_t *run)
{
    ngx_int_t                 rc;
    ngx_str_t                 cond;
    ngx_uint_t                i, skip;
    ngx_http_gw_aggregate_t  *ag;

    ag = run->aggregate;
    skip = 0;

    run->start = ngx_current_msec;

    for (i = 0; i < ag->nruns; i++) {

        if (!(run->part->uses & ngx_http_gw_part_bit(i))) {
            continue;
        }

        if (ag->runs[i].state == NGX_HTTP_GW_FAILED) {
            ngx_http_gw_aggregate_fail(run, NGX_HTTP_GW_DEPENDENCY);
            return NGX_OK;
        }

        if (ag->runs[i].state == NGX_HTTP_GW_SKIPPED) {
            skip = 1;
        }
    }

    if (skip) {
        ngx_http_gw_aggregate_skip(run, NGX_HTTP_GW_DEPENDENCY);
        return NGX_OK;
    }

    if (run->part->cond.source.data) {
        rc = ngx_http_gw_text(ag, &run->part->cond, NGX_HTTP_GW_TEXT_PLAIN,
                              &cond, NULL);
        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

        if (cond.len == 0 || (cond.len == 1 && cond.data[0] == '0')) {
            ngx_http_gw_aggregate_skip(run, NGX_HTTP_GW_OK);
            return NGX_OK;
        }
    }

    run->deadline = run->part->timeout == NGX_CONF_UNSET_MSEC
                    ? ag->deadline
                    : ngx_current_msec + run->part->timeout;

    if ((ngx_msec_int_t) (ag->deadline - run->deadline) < 0) {
        run->deadline = ag->deadline;
    }

    rc = ngx_http_gw_part_start(run);

    if (rc == NGX_DECLINED) {
        ngx_http_gw_aggregate_fail(run, NGX_HTTP_GW_URI);
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        run->state = NGX_HTTP_GW_RUNNING;
        ag->nrunning++;
    }

    return rc;
}


/* of a refused request, by the part that decides */

static ngx_int_t
ngx_http_gw_aggregate_status(ngx_http_gw_run_t *run)
{
    if (run->part->status_from && run->reason == NGX_HTTP_GW_STATUS
        && (run->status == NGX_HTTP_UNAUTHORIZED
            || run->status == NGX_HTTP_FORBIDDEN
            || run->status == NGX_HTTP_NOT_FOUND
            || run->status == NGX_HTTP_TOO_MANY_REQUESTS))
    {
        return run->status;
    }

    if (run->reason == NGX_HTTP_GW_TIMEOUT) {
        return NGX_HTTP_GATEWAY_TIME_OUT;
    }

    return NGX_HTTP_BAD_GATEWAY;
}


static void
ngx_http_gw_aggregate_finish(ngx_http_gw_aggregate_t *ag, ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = ag->request;

    ag->finished = 1;

    if (ag->timer.timer_set) {
        ngx_del_timer(&ag->timer);
    }

    ngx_http_gw_aggregate_stop(ag);

    /* a part that was delayed would delay the answer */

    if (r == r->main && r->connection->write->delayed) {
        r->connection->write->delayed = 0;

        if (r->connection->write->timer_set) {
            ngx_del_timer(r->connection->write);
        }
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (rc == NGX_OK) {
        rc = ngx_http_gw_aggregate_answer(ag);
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        ag->status = rc;

        if (ag->failed
            && ngx_http_gw_aggregate_failed(ag, ag->failed) != NGX_OK)
        {
            rc = NGX_ERROR;
        }
    }

    ngx_http_finalize_request(r, rc);
}


/* says so in the log, and passes on what belongs to the status */

static ngx_int_t
ngx_http_gw_aggregate_failed(ngx_http_gw_aggregate_t *ag,
    ngx_http_gw_run_t *run)
{
    ngx_uint_t           level;
    ngx_http_request_t  *r;

    r = ag->request;

    /* what a client may cause is no error of ours */

    level = ag->status < 500 || run->reason == NGX_HTTP_GW_URI ? NGX_LOG_INFO
                                                               : NGX_LOG_ERR;

    ngx_log_error(level, r->connection->log, 0,
                  "part \"%V\" failed: %V, status %ui", &run->part->name,
                  &ngx_http_gw_aggregate_reasons[run->reason], run->status);

    if (ag->status != (ngx_int_t) run->status) {
        return NGX_OK;
    }

    if (ngx_http_gw_aggregate_fields(r, "WWW-Authenticate", 16,
                                     run->authenticate)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_gw_aggregate_fields(r, "Retry-After", 11,
                                        run->retry_after);
}


/* ends what still runs; what has not begun is not going to */

static void
ngx_http_gw_aggregate_stop(ngx_http_gw_aggregate_t *ag)
{
    ngx_uint_t          i;
    ngx_http_gw_run_t  *run;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->request) {
            ngx_http_gw_part_cancel(run);
        }

        if (run->state == NGX_HTTP_GW_RUNNING
            || run->state == NGX_HTTP_GW_WAITING)
        {
            ngx_http_gw_aggregate_skip(run, NGX_HTTP_GW_OK);
        }
    }
}


/* to the next deadline of what runs */

static void
ngx_http_gw_aggregate_set_timer(ngx_http_gw_aggregate_t *ag)
{
    ngx_msec_t          next;
    ngx_uint_t          i;
    ngx_msec_int_t      delay;
    ngx_http_gw_run_t  *run;

    next = ag->deadline;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->state == NGX_HTTP_GW_RUNNING
            && (ngx_msec_int_t) (run->deadline - next) < 0)
        {
            next = run->deadline;
        }
    }

    delay = (ngx_msec_int_t) (next - ngx_current_msec);

    /* one that is less than 300 ms too late would be left by ngx_add_timer() */

    if (ag->timer.timer_set
        && (ngx_msec_int_t) (ag->timer.timer.key - next) > 0)
    {
        ngx_del_timer(&ag->timer);
    }

    ngx_add_timer(&ag->timer, (ngx_msec_t) ngx_max(delay, 0));
}


static void
ngx_http_gw_aggregate_timer_handler(ngx_event_t *ev)
{
    ngx_uint_t                i;
    ngx_connection_t         *c;
    ngx_http_gw_run_t        *run;
    ngx_http_gw_aggregate_t  *ag;

    ag = ev->data;
    c = ag->request->connection;

    ngx_http_set_log_request(c->log, ag->request);

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if ((run->state == NGX_HTTP_GW_RUNNING
             && (ngx_msec_int_t) (run->deadline - ngx_current_msec) <= 0)
            || (run->state == NGX_HTTP_GW_WAITING
                && (ngx_msec_int_t) (ag->deadline - ngx_current_msec) <= 0))
        {
            ngx_http_gw_aggregate_fail(run, NGX_HTTP_GW_TIMEOUT);
        }
    }

    ngx_http_gw_aggregate_run(ag->request);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_gw_aggregate_next_handler(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_http_gw_aggregate_t  *ag;

    ag = ev->data;
    c = ag->request->connection;

    ngx_http_set_log_request(c->log, ag->request);

    ngx_http_gw_aggregate_run(ag->request);

    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_gw_aggregate_post(ngx_http_gw_aggregate_t *ag)
{
    if (ag->finished || ag->posted) {
        return NGX_OK;
    }

    ag->posted = 1;

    return ngx_http_post_request(ag->request, NULL);
}


void
ngx_http_gw_aggregate_fail(ngx_http_gw_run_t *run, ngx_http_gw_reason_e reason)
{
    if (run->state != NGX_HTTP_GW_RUNNING && run->state != NGX_HTTP_GW_WAITING)
    {
        return;
    }

    /* the body of an answer that has failed already was waited for */

    run->reason = run->discard ? NGX_HTTP_GW_STATUS : reason;

    ngx_http_gw_aggregate_end(run, NGX_HTTP_GW_FAILED);
}


void
ngx_http_gw_aggregate_settle(ngx_http_gw_run_t *run)
{
    if (run->state == NGX_HTTP_GW_RUNNING) {
        ngx_http_gw_aggregate_end(run, NGX_HTTP_GW_DONE);
    }
}


static void
ngx_http_gw_aggregate_skip(ngx_http_gw_run_t *run, ngx_http_gw_reason_e reason)
{
    run->reason = reason;

    ngx_http_gw_aggregate_end(run, NGX_HTTP_GW_SKIPPED);
}


static void
ngx_http_gw_aggregate_end(ngx_http_gw_run_t *run, ngx_http_gw_state_e state)
{
    ngx_http_gw_aggregate_t  *ag;

    ag = run->aggregate;

    if (run->state == NGX_HTTP_GW_RUNNING) {
        ag->nrunning--;
        run->time = ngx_current_msec - run->start;
    }

    run->state = state;
    ag->settled |= ngx_http_gw_part_bit(run - ag->runs);
}
