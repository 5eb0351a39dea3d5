
/*
 * gw_jwt_key_request: when keys are fetched, who waits for them, and how what
 * comes is put to use.  ngx_http_gw_jwt_request.c is the fetch itself.
 */


#include "ngx_http_gw_jwt_fetch.h"


/* loaded at a time, some 20 us each, more if they name no algorithm */
#define NGX_HTTP_GW_JWT_FETCH_KEYS     16


static ngx_uint_t ngx_http_gw_jwt_fetch_same(ngx_str_t *a, ngx_str_t *b);
static void ngx_http_gw_jwt_fetch_waiting(ngx_http_request_t *r);
static void ngx_http_gw_jwt_fetch_start(ngx_event_t *ev);
static ngx_int_t ngx_http_gw_jwt_fetch_load(ngx_http_gw_jwt_fetch_t *f);
static void ngx_http_gw_jwt_fetch_step(ngx_event_t *ev);
static void ngx_http_gw_jwt_fetch_loaded(ngx_http_gw_jwt_fetch_t *f,
    ngx_int_t rc);
static void ngx_http_gw_jwt_fetch_finish(ngx_http_gw_jwt_fetch_t *f);
static void ngx_http_gw_jwt_fetch_report(ngx_http_gw_jwt_fetch_t *f);
static void ngx_http_gw_jwt_fetch_schedule(ngx_http_gw_jwt_fetch_t *f);
static void ngx_http_gw_jwt_fetch_drop(ngx_http_gw_jwt_fetch_t *f);
static void ngx_http_gw_jwt_fetch_expire(ngx_event_t *ev);
static void ngx_http_gw_jwt_fetch_wake(ngx_event_t *ev);
static void ngx_http_gw_jwt_fetch_leave(void *data);
static void ngx_http_gw_jwt_fetch_done(void *data);


ngx_gw_jwt_source_t *
ngx_http_gw_jwt_fetch_source(ngx_conf_t *cf, ngx_http_gw_jwt_key_request_t *kr)
{
    u_char                        *q;
    ngx_uint_t                     i;
    ngx_pool_cleanup_t            *cln;
    ngx_http_gw_jwt_fetch_t       *f, **p;
    ngx_http_core_srv_conf_t      *cscf;
    ngx_http_gw_jwt_main_conf_t   *jmcf;

    jmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_gw_auth_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    p = jmcf->fetches.elts;

    for (i = 0; i < jmcf->fetches.nelts; i++) {
        f = p[i];

        if (f->cscf == cscf
            && ngx_http_gw_jwt_fetch_same(&f->conf.uri, &kr->uri)
            && ngx_http_gw_jwt_fetch_same(&f->conf.issuer, &kr->issuer)
            && f->conf.interval == kr->interval
            && f->conf.stale == kr->stale
            && f->conf.cooldown == kr->cooldown
            && f->conf.max_size == kr->max_size)
        {
            return &f->source;
        }
    }

    p = ngx_array_push(&jmcf->fetches);
    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_http_gw_jwt_fetch_t));

    if (p == NULL || cln == NULL) {
        return NULL;
    }

    f = cln->data;
    ngx_memzero(f, sizeof(ngx_http_gw_jwt_fetch_t));
    cln->handler = ngx_http_gw_jwt_fetch_done;

    *p = f;

    f->source.issuer = kr->issuer;
    f->source.request = f;
    f->conf = *kr;
    f->uri = kr->uri;
    f->cscf = cscf;

    q = ngx_strlchr(kr->uri.data, kr->uri.data + kr->uri.len, '?');

    if (q) {
        f->uri.len = q - kr->uri.data;
        f->args.data = q + 1;
        f->args.len = kr->uri.len - f->uri.len - 1;
    }

    ngx_queue_init(&f->waiters);

    f->start.data = f;
    f->start.handler = ngx_http_gw_jwt_fetch_start;
    f->start.log = &cf->cycle->new_log;
    f->start.cancelable = 1;

    f->expire.data = f;
    f->expire.handler = ngx_http_gw_jwt_fetch_expire;
    f->expire.log = &cf->cycle->new_log;
    f->expire.cancelable = 1;

    f->step.data = f;
    f->step.handler = ngx_http_gw_jwt_fetch_step;
    f->step.log = &cf->cycle->new_log;

    return &f->source;
}


static ngx_uint_t
ngx_http_gw_jwt_fetch_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || ngx_memcmp(a->data, b->data, a->len) == 0);
}


ngx_int_t
ngx_http_gw_jwt_fetch_init_process(ngx_cycle_t *cycle,
    ngx_http_gw_jwt_main_conf_t *jmcf)
{
    ngx_uint_t                 i;
    ngx_http_gw_jwt_fetch_t  **f;

    /* the cache's helpers serve no request */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    f = jmcf->fetches.elts;

    for (i = 0; i < jmcf->fetches.nelts; i++) {
        /* many servers may have one each */
        ngx_add_timer(&f[i]->start, 1 + 5 * i);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_jwt_fetch_wait(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_gw_jwt_source_t *source)
{
    time_t                     retry;
    ngx_http_cleanup_t        *cln;
    ngx_http_gw_jwt_fetch_t   *f;
    ngx_http_gw_jwt_waiter_t  *waiter;

    f = source->request;

    if (!f->busy) {

        if (ngx_time() < f->cooled) {
            retry = f->cooled - ngx_time();

            if (ctx->retry == 0 || retry < ctx->retry) {
                ctx->retry = retry;
            }

            return NGX_DECLINED;
        }

        f->busy = 1;
        f->asked = 1;

        if (f->start.timer_set) {
            ngx_del_timer(&f->start);
        }

        /* not from within another's request */

        ngx_post_event(&f->start, &ngx_posted_events);
    }

    waiter = ctx->waiter;

    if (waiter == NULL) {
        cln = ngx_http_cleanup_add(r, sizeof(ngx_http_gw_jwt_waiter_t));
        if (cln == NULL) {
            return NGX_ERROR;
        }

        waiter = cln->data;
        ngx_memzero(waiter, sizeof(ngx_http_gw_jwt_waiter_t));
        cln->handler = ngx_http_gw_jwt_fetch_leave;

        waiter->request = r;
        waiter->wake.data = waiter;
        waiter->wake.handler = ngx_http_gw_jwt_fetch_wake;
        waiter->wake.log = r->connection->log;

        ctx->waiter = waiter;
    }

    if (r == r->main
        && ngx_handle_read_event(r->connection->read, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    waiter->queued = 1;
    ngx_queue_insert_tail(&f->waiters, &waiter->queue);

    r->write_event_handler = ngx_http_gw_jwt_fetch_waiting;

    if (r == r->main) {
        r->read_event_handler = ngx_http_test_reading;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "gw jwt waits for keys of \"%V\"", &f->conf.uri);

    return NGX_AGAIN;
}


/* does nothing; whoever cancels a subrequest that waits gives it another */

static void
ngx_http_gw_jwt_fetch_waiting(ngx_http_request_t *r)
{
}


static void
ngx_http_gw_jwt_fetch_start(ngx_event_t *ev)
{
    ngx_http_gw_jwt_fetch_t *f = ev->data;

    if (f->request || f->loading) {
        return;
    }

    f->busy = 1;
    f->complete = 0;
    f->failure = NULL;
    f->status = 0;
    f->body = NULL;

    if (ngx_http_gw_jwt_request_open(f) != NGX_OK) {
        f->failure = "could not be asked";
        ngx_http_gw_jwt_fetch_ended(f);
    }
}


void
ngx_http_gw_jwt_fetch_ended(ngx_http_gw_jwt_fetch_t *f)
{
    if (f->failure == NULL) {

        if (f->status == 0) {
            f->failure = "did not answer";

        } else if (!f->complete) {
            f->failure = "answered in part";

        } else if (f->body == NULL || f->body->last == f->body->pos) {
            f->failure = "answered nothing";
        }
    }

    if (f->failure || ngx_http_gw_jwt_fetch_load(f) != NGX_AGAIN) {
        ngx_http_gw_jwt_fetch_finish(f);
    }
}


/*
 * Begins to load what has come, in pieces: a set may be large.  NGX_AGAIN: it
 * goes on; NGX_DECLINED: it need not, or cannot, and then f->failure says so.
 */

static ngx_int_t
ngx_http_gw_jwt_fetch_load(ngx_http_gw_jwt_fetch_t *f)
{
    ngx_str_t   text;
    ngx_pool_t *pool;

    text.data = f->body->pos;
    text.len = f->body->last - f->body->pos;

    if (f->source.set && text.len == f->text.len
        && ngx_memcmp(text.data, f->text.data, text.len) == 0)
    {
        return NGX_DECLINED;
    }

    f->failure = "found no memory";

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_DECLINED;
    }

    /* the request's memory goes now */

    text.data = ngx_pstrdup(pool, &text);

    if (text.data == NULL) {
        ngx_destroy_pool(pool);
        return NGX_DECLINED;
    }

    f->failure = NULL;
    f->new_text = text;

    f->load.pool = pool;
    f->load.log = ngx_cycle->log;
    f->load.name = f->conf.uri;
    f->load.strict = 0;

    f->loading = 1;

    if (ngx_gw_jwk_load_begin(&f->load, &f->new_text) == NGX_AGAIN) {
        ngx_post_event(&f->step, &ngx_posted_next_events);
        return NGX_AGAIN;
    }

    ngx_http_gw_jwt_fetch_loaded(f, NGX_ERROR);

    return NGX_DECLINED;
}


static void
ngx_http_gw_jwt_fetch_step(ngx_event_t *ev)
{
    ngx_int_t                 rc;
    ngx_http_gw_jwt_fetch_t  *f;

    f = ev->data;

    rc = ngx_gw_jwk_load_step(&f->load, NGX_HTTP_GW_JWT_FETCH_KEYS);

    if (rc == NGX_AGAIN) {
        ngx_post_event(&f->step, &ngx_posted_next_events);
        return;
    }

    ngx_http_gw_jwt_fetch_loaded(f, rc);
    ngx_http_gw_jwt_fetch_finish(f);
}


/* what has been loaded becomes the set in use, if it is fit for that */

static void
ngx_http_gw_jwt_fetch_loaded(ngx_http_gw_jwt_fetch_t *f, ngx_int_t rc)
{
    f->loading = 0;
    ngx_gw_jwk_load_end(&f->load);

    if (rc != NGX_OK) {
        f->failure = "answered no usable keys";

        ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0, "keys: %V",
                      &f->load.error);
        ngx_destroy_pool(f->load.pool);

        return;
    }

    if (f->pool) {
        ngx_destroy_pool(f->pool);
    }

    f->pool = f->load.pool;
    f->text = f->new_text;
    f->source.set = f->load.set;
    f->source.generation++;

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "keys of \"%V\" loaded: %ui", &f->conf.uri,
                  f->source.set->nkeys);
}


/* a fetch is over, with f->failure or without */

static void
ngx_http_gw_jwt_fetch_finish(ngx_http_gw_jwt_fetch_t *f)
{
    ngx_queue_t               *q;
    ngx_http_gw_jwt_waiter_t  *waiter;

    ngx_http_gw_jwt_fetch_report(f);

    /* until now this timer has kept an exiting worker, for those who wait */

    if (f->timeout.timer_set) {
        ngx_del_timer(&f->timeout);
    }

    if (f->asked || (f->failure && !ngx_exiting)) {
        f->cooled = ngx_time() + f->conf.cooldown;
    }

    f->busy = 0;
    f->asked = 0;
    f->body = NULL;

    ngx_http_gw_jwt_fetch_schedule(f);

    while (!ngx_queue_empty(&f->waiters)) {
        q = ngx_queue_head(&f->waiters);
        waiter = ngx_queue_data(q, ngx_http_gw_jwt_waiter_t, queue);

        ngx_queue_remove(q);
        waiter->queued = 0;

        ngx_post_event(&waiter->wake, &ngx_posted_events);
    }
}


/* one message from the first failure to the next success */

static void
ngx_http_gw_jwt_fetch_report(ngx_http_gw_jwt_fetch_t *f)
{
    if (f->failure == NULL) {

        if (f->failing) {
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "keys of \"%V\" can be fetched again",
                          &f->conf.uri);
        }

        f->failing = 0;
        return;
    }

    if (!f->failing && !ngx_exiting) {
        ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                      "keys of \"%V\" could not be fetched: it %s, "
                      "status %ui; %s", &f->conf.uri, f->failure, f->status,
                      f->source.set ? "the last good ones stay in use"
                                    : "there are none");

        f->failing = 1;
    }
}


static void
ngx_http_gw_jwt_fetch_schedule(ngx_http_gw_jwt_fetch_t *f)
{
    ngx_msec_t  interval;

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        return;
    }

    if (f->start.timer_set) {
        ngx_del_timer(&f->start);
    }

    if (f->failure) {
        ngx_add_timer(&f->start, (ngx_msec_t) f->conf.cooldown * 1000);
        return;
    }

    /* early by up to a fifth, so that workers and gateways do not agree */

    interval = (ngx_msec_t) f->conf.interval * 1000;

    ngx_add_timer(&f->start, interval - interval / 1000 * (ngx_random() % 200)
                             - interval / 20);

    ngx_add_timer(&f->expire,
                  interval + (ngx_msec_t) f->conf.stale * 1000);
}


static void
ngx_http_gw_jwt_fetch_drop(ngx_http_gw_jwt_fetch_t *f)
{
    f->source.set = NULL;
    f->source.generation++;

    if (f->pool) {
        ngx_destroy_pool(f->pool);
        f->pool = NULL;
    }

    ngx_str_null(&f->text);
}


static void
ngx_http_gw_jwt_fetch_expire(ngx_event_t *ev)
{
    ngx_http_gw_jwt_fetch_t *f = ev->data;

    ngx_log_error(NGX_LOG_WARN, ev->log, 0,
                  "keys of \"%V\" are too old and not used any more",
                  &f->conf.uri);

    ngx_http_gw_jwt_fetch_drop(f);
}


static void
ngx_http_gw_jwt_fetch_wake(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_gw_jwt_waiter_t  *waiter;

    waiter = ev->data;
    r = waiter->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (r->write_event_handler != ngx_http_gw_jwt_fetch_waiting) {
        return;
    }

    if (r == r->main) {
        r->read_event_handler = ngx_http_block_reading;
    }

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


/* the request ends before its keys have come */

static void
ngx_http_gw_jwt_fetch_leave(void *data)
{
    ngx_http_gw_jwt_waiter_t *waiter = data;

    if (waiter->queued) {
        ngx_queue_remove(&waiter->queue);
        waiter->queued = 0;
    }

    if (waiter->wake.posted) {
        ngx_delete_posted_event(&waiter->wake);
    }
}


/* the configuration goes: a worker ends, or a single process has another */

static void
ngx_http_gw_jwt_fetch_done(void *data)
{
    ngx_http_gw_jwt_fetch_t *f = data;

    /* in a process that ends a request's memory is never looked at again */

    if (ngx_process == NGX_PROCESS_SINGLE) {
        ngx_http_gw_jwt_request_abort(f, "was not waited for");
    }

    if (f->start.timer_set) {
        ngx_del_timer(&f->start);
    }

    if (f->start.posted) {
        ngx_delete_posted_event(&f->start);
    }

    if (f->step.posted) {
        ngx_delete_posted_event(&f->step);
    }

    if (f->expire.timer_set) {
        ngx_del_timer(&f->expire);
    }

    if (f->timeout.timer_set) {
        ngx_del_timer(&f->timeout);
    }

    if (f->loading) {
        ngx_gw_jwk_load_end(&f->load);
        ngx_destroy_pool(f->load.pool);
    }

    ngx_http_gw_jwt_fetch_drop(f);
}
