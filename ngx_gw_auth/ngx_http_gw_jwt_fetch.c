
/*
 * gw_jwt_key_request: keys that come through a location.
 *
 * A fetch is a subrequest of a main request of our own, whose connection is one
 * end of a pair of sockets: nginx may treat it like any other, yet nobody is
 * at the other end.  Two filters take the answer.  Whatever becomes of the
 * fetch, it ends in the cleanup of that main request's pool.
 */


#include "ngx_http_gw_jwt.h"


/* an answer that takes longer is none; the location's timeouts apply too */
#define NGX_HTTP_GW_JWT_FETCH_TIMEOUT  30000

/* loaded at a time, some 20 us each */
#define NGX_HTTP_GW_JWT_FETCH_KEYS     32


struct ngx_http_gw_jwt_fetch_s {
    ngx_gw_jwt_source_t             source;
    ngx_http_gw_jwt_key_request_t   conf;
    ngx_str_t                       uri;         /* conf.uri without args */
    ngx_str_t                       args;
    ngx_http_core_srv_conf_t       *cscf;        /* whose location it is */

    /* the worker's; the set in use */
    ngx_pool_t                     *pool;
    ngx_str_t                       text;        /* it was loaded from */
    ngx_event_t                     expire;      /* drops it */

    ngx_event_t                     start;       /* the next fetch */
    time_t                          cooled;      /* when one may be asked for */
    ngx_queue_t                     waiters;     /* ngx_http_gw_jwt_ctx_t */
    unsigned                        failing:1;   /* and that has been said */

    /* the fetch under way */
    ngx_http_request_t             *request;     /* main, NULL: none */
    ngx_socket_t                    peer;
    ngx_event_t                     timeout;
    ngx_buf_t                      *body;
    const char                     *failure;
    ngx_uint_t                      status;      /* that came */
    unsigned                        busy:1;      /* under way, or will be */
    unsigned                        asked:1;     /* for by a request */
    unsigned                        complete:1;  /* the last byte has come */

    /* the loading of what came */
    ngx_event_t                     step;
    ngx_gw_jwk_load_t               load;
    ngx_str_t                       new_text;
    unsigned                        loading:1;
};


static void ngx_http_gw_jwt_fetch_start(ngx_event_t *ev);
static ngx_int_t ngx_http_gw_jwt_fetch_open(ngx_http_gw_jwt_fetch_t *f);
static ngx_int_t ngx_http_gw_jwt_fetch_connection(ngx_http_gw_jwt_fetch_t *f,
    ngx_connection_t *c);
static ngx_http_request_t *ngx_http_gw_jwt_fetch_request(
    ngx_http_gw_jwt_fetch_t *f, ngx_connection_t *c);
static u_char *ngx_http_gw_jwt_fetch_log(ngx_log_t *log, u_char *buf,
    size_t len);
static void ngx_http_gw_jwt_fetch_event(ngx_event_t *ev);
static void ngx_http_gw_jwt_fetch_empty(ngx_event_t *ev);
static void ngx_http_gw_jwt_fetch_timeout(ngx_event_t *ev);
static void ngx_http_gw_jwt_fetch_answered(ngx_http_request_t *r);
static void ngx_http_gw_jwt_fetch_ended(void *data);
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
static ngx_int_t ngx_http_gw_jwt_fetch_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_jwt_fetch_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_gw_jwt_fetch_append(ngx_http_gw_jwt_fetch_t *f,
    u_char *data, size_t len);
static void ngx_http_gw_jwt_fetch_done(void *data);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


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
            && f->conf.uri.len == kr->uri.len
            && ngx_memcmp(f->conf.uri.data, kr->uri.data, kr->uri.len) == 0
            && f->conf.issuer.len == kr->issuer.len
            && ngx_memcmp(f->conf.issuer.data, kr->issuer.data,
                          kr->issuer.len)
               == 0
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
    f->peer = (ngx_socket_t) -1;

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

    f->timeout.data = f;
    f->timeout.handler = ngx_http_gw_jwt_fetch_timeout;
    f->timeout.log = &cf->cycle->new_log;

    return &f->source;
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
        ngx_add_timer(&f[i]->start, 1);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_jwt_fetch_wait(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_gw_jwt_source_t *source)
{
    ngx_http_cleanup_t       *cln;
    ngx_http_gw_jwt_fetch_t  *f;

    f = source->request;

    if (!f->busy) {

        if (ngx_time() < f->cooled) {
            ctx->retry = f->cooled - ngx_time();
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

    if (!ctx->cleanup) {
        cln = ngx_http_cleanup_add(r, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_http_gw_jwt_fetch_leave;
        cln->data = ctx;

        ctx->cleanup = 1;
        ctx->wake.data = ctx;
        ctx->wake.handler = ngx_http_gw_jwt_fetch_wake;
        ctx->wake.log = r->connection->log;
    }

    ctx->waiting = 1;
    ngx_queue_insert_tail(&f->waiters, &ctx->queue);

    r->write_event_handler = ngx_http_request_empty_handler;

    if (r == r->main) {
        r->read_event_handler = ngx_http_test_reading;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "gw jwt waits for keys of \"%V\"", &f->conf.uri);

    return NGX_AGAIN;
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

    if (ngx_http_gw_jwt_fetch_open(f) != NGX_OK) {
        f->failure = "could not be asked";
        ngx_http_gw_jwt_fetch_ended(f);
    }
}


/*
 * NGX_OK: the fetch is under way, or has come to its end already.
 * NGX_ERROR: it has not begun.
 */

static ngx_int_t
ngx_http_gw_jwt_fetch_open(ngx_http_gw_jwt_fetch_t *f)
{
    ngx_socket_t         s[2];
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_socket_errno,
                      "socketpair() failed");
        return NGX_ERROR;
    }

    f->peer = s[1];

    if (ngx_nonblocking(s[0]) == -1 || ngx_nonblocking(s[1]) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_socket_errno,
                      ngx_nonblocking_n " failed");
        goto failed;
    }

    c = ngx_get_connection(s[0], ngx_cycle->log);
    if (c == NULL) {
        goto failed;
    }

    if (ngx_http_gw_jwt_fetch_connection(f, c) != NGX_OK) {
        goto close;
    }

    r = ngx_http_gw_jwt_fetch_request(f, c);

    if (r == NULL) {
        goto close;
    }

    ngx_add_timer(&f->timeout, NGX_HTTP_GW_JWT_FETCH_TIMEOUT);

    ngx_http_run_posted_requests(c);

    return NGX_OK;

close:

    if (c->pool) {
        ngx_destroy_pool(c->pool);
    }

    ngx_close_connection(c);
    s[0] = (ngx_socket_t) -1;

failed:

    if (s[0] != (ngx_socket_t) -1) {
        (void) ngx_close_socket(s[0]);
    }

    (void) ngx_close_socket(s[1]);
    f->peer = (ngx_socket_t) -1;

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_gw_jwt_fetch_connection(ngx_http_gw_jwt_fetch_t *f,
    ngx_connection_t *c)
{
    ngx_log_t              *log;
    ngx_http_log_ctx_t     *lctx;
    ngx_http_addr_conf_t   *addr_conf;
    ngx_http_connection_t  *hc;

    static struct sockaddr  unix_address = { .sa_family = AF_UNIX };

    c->pool = ngx_create_pool(512, ngx_cycle->log);
    if (c->pool == NULL) {
        return NGX_ERROR;
    }

    log = ngx_palloc(c->pool, sizeof(ngx_log_t));
    lctx = ngx_pcalloc(c->pool, sizeof(ngx_http_log_ctx_t));
    hc = ngx_pcalloc(c->pool, sizeof(ngx_http_connection_t));
    addr_conf = ngx_pcalloc(c->pool, sizeof(ngx_http_addr_conf_t));
    c->buffer = ngx_create_temp_buf(c->pool, 1);

    if (log == NULL || lctx == NULL || hc == NULL || addr_conf == NULL
        || c->buffer == NULL)
    {
        return NGX_ERROR;
    }

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    *log = *ngx_cycle->log;
    log->handler = ngx_http_gw_jwt_fetch_log;
    log->data = lctx;
    log->action = "fetching keys";
    log->connection = c->number;

    lctx->connection = c;

    c->log = log;
    c->pool->log = log;
    c->read->log = log;
    c->write->log = log;
    c->log_error = NGX_ERROR_INFO;

    c->sockaddr = &unix_address;
    c->socklen = sizeof(sa_family_t);
    ngx_str_set(&c->addr_text, "unix:");

    c->read->handler = ngx_http_gw_jwt_fetch_event;
    c->write->handler = ngx_http_gw_jwt_fetch_empty;
    c->write->ready = 1;

    /* told to close when the worker is to exit */
    c->idle = 1;

    addr_conf->default_server = f->cscf;
    hc->addr_conf = addr_conf;
    hc->conf_ctx = f->cscf->ctx;
    c->data = hc;

    return NGX_OK;
}


/* the main request, and its subrequest posted; NULL: neither is left */

static ngx_http_request_t *
ngx_http_gw_jwt_fetch_request(ngx_http_gw_jwt_fetch_t *f, ngx_connection_t *c)
{
    u_char                 *p;
    ngx_pool_cleanup_t     *cln;
    ngx_http_request_t     *r, *sr;
    ngx_http_gw_jwt_ctx_t  *ctx;

    r = ngx_http_create_request(c);
    if (r == NULL) {
        return NULL;
    }

    c->data = r;

#if (NGX_STAT_STUB)
    /* closing takes one off the active; and nobody has made this request */
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
    (void) ngx_atomic_fetch_add(ngx_stat_requests, -1);
#endif

    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;
    r->method = NGX_HTTP_GET;
    r->method_name = ngx_http_core_get_method;
    r->http_version = NGX_HTTP_VERSION_11;
    ngx_str_set(&r->http_protocol, "HTTP/1.1");
    r->uri = f->uri;
    r->args = f->args;
    r->unparsed_uri = f->conf.uri;
    r->internal = 1;
    r->discard_body = 1;
    r->logged = 1;
    r->write_event_handler = ngx_http_gw_jwt_fetch_answered;

    r->request_line.len = sizeof("GET  HTTP/1.1") - 1 + f->conf.uri.len;

    p = ngx_pnalloc(r->pool, r->request_line.len);
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (p == NULL || cln == NULL
        || ngx_list_init(&r->headers_in.headers, r->pool, 1,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        goto failed;
    }

    r->request_line.data = p;
    (void) ngx_sprintf(p, "GET %V HTTP/1.1", &f->conf.uri);

    ctx = ngx_http_gw_jwt_make_ctx(r);
    if (ctx == NULL) {
        goto failed;
    }

    ctx->exempt = 1;
    ctx->fetch = f;

    if (ngx_http_subrequest(r, &f->uri, &f->args, &sr, NULL,
                            NGX_HTTP_SUBREQUEST_WAITED)
        != NGX_OK)
    {
        goto failed;
    }

    cln->handler = ngx_http_gw_jwt_fetch_ended;
    cln->data = f;

    f->request = r;

    return r;

failed:

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, -1);
#endif

    ngx_http_free_request(r, 0);

    return NULL;
}


static u_char *
ngx_http_gw_jwt_fetch_log(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_log_ctx_t  *ctx;

    p = ngx_snprintf(buf, len, " while %s", log->action ? log->action
                                                        : "fetching keys");
    len -= p - buf;
    buf = p;

    ctx = log->data;

    if (ctx->request) {
        p = ngx_snprintf(buf, len, ", keys: \"%V\"",
                         &ctx->request->unparsed_uri);
    }

    return p;
}


/* nobody writes to the other end: this is nginx closing idle connections */

static void
ngx_http_gw_jwt_fetch_event(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_gw_jwt_ctx_t    *ctx;
    ngx_http_gw_jwt_fetch_t  *f;

    c = ev->data;

    if (!c->close) {
        return;
    }

    r = c->data;
    ctx = ngx_http_get_module_ctx(r->main, ngx_http_gw_auth_module);
    f = ctx->fetch;

    /* requests that wait are still to be served */

    if (ngx_queue_empty(&f->waiters)) {
        f->failure = "was not waited for";
        ngx_http_finalize_request(f->request, NGX_HTTP_CLOSE);
        ngx_http_run_posted_requests(c);
    }
}


static void
ngx_http_gw_jwt_fetch_empty(ngx_event_t *ev)
{
    return;
}


static void
ngx_http_gw_jwt_fetch_timeout(ngx_event_t *ev)
{
    ngx_connection_t         *c;
    ngx_http_gw_jwt_fetch_t  *f;

    f = ev->data;

    if (f->request == NULL) {
        return;
    }

    f->failure = "did not answer within 30 seconds";
    c = f->request->connection;

    ngx_http_finalize_request(f->request, NGX_HTTP_CLOSE);
    ngx_http_run_posted_requests(c);
}


/* the main request goes on when its subrequest has come to an end */

static void
ngx_http_gw_jwt_fetch_answered(ngx_http_request_t *r)
{
    /* what there is to do stands in the pool's cleanup */

    ngx_http_finalize_request(r, NGX_HTTP_CLOSE);
}


static void
ngx_http_gw_jwt_fetch_ended(void *data)
{
    ngx_http_gw_jwt_fetch_t *f = data;

    f->request = NULL;

    if (f->timeout.timer_set) {
        ngx_del_timer(&f->timeout);
    }

    if (f->peer != (ngx_socket_t) -1) {
        (void) ngx_close_socket(f->peer);
        f->peer = (ngx_socket_t) -1;
    }

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
    ngx_queue_t            *q;
    ngx_http_gw_jwt_ctx_t  *ctx;

    ngx_http_gw_jwt_fetch_report(f);

    if (f->asked || f->failure) {
        f->cooled = ngx_time() + f->conf.cooldown;
    }

    f->busy = 0;
    f->asked = 0;
    f->body = NULL;

    ngx_http_gw_jwt_fetch_schedule(f);

    while (!ngx_queue_empty(&f->waiters)) {
        q = ngx_queue_head(&f->waiters);
        ctx = ngx_queue_data(q, ngx_http_gw_jwt_ctx_t, queue);

        ngx_queue_remove(q);
        ctx->waiting = 0;

        ngx_post_event(&ctx->wake, &ngx_posted_events);
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
    ngx_connection_t       *c;
    ngx_http_request_t     *r;
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

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
    ngx_http_gw_jwt_ctx_t *ctx = data;

    if (ctx->waiting) {
        ngx_queue_remove(&ctx->queue);
        ctx->waiting = 0;
    }

    if (ctx->wake.posted) {
        ngx_delete_posted_event(&ctx->wake);
    }
}


/* a request of which nothing must leave: NGX_OK without the next filter */

static ngx_int_t
ngx_http_gw_jwt_fetch_header_filter(ngx_http_request_t *r)
{
    ngx_http_gw_jwt_ctx_t    *ctx;
    ngx_http_gw_jwt_fetch_t  *f;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_gw_auth_module);

    if (ctx == NULL || !ctx->exempt) {
        return ngx_http_next_header_filter(r);
    }

    r->header_sent = 1;

    if (r->parent != r->main) {
        return NGX_OK;
    }

    f = ctx->fetch;
    f->status = r->headers_out.status;

    if (f->status != NGX_HTTP_OK) {
        f->failure = "refused";
        return NGX_ERROR;
    }

    if (r->headers_out.content_encoding
        && r->headers_out.content_encoding->hash
        && r->headers_out.content_encoding->value.len)
    {
        f->failure = "answered compressed";
        return NGX_ERROR;
    }

    if (r->headers_out.content_length_n > (off_t) f->conf.max_size) {
        f->failure = "answered more than max_size";
        return NGX_ERROR;
    }

    r->filter_need_in_memory = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_fetch_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                 rc;
    ngx_buf_t                *b;
    ngx_http_gw_jwt_ctx_t    *ctx;
    ngx_http_gw_jwt_fetch_t  *f;

    ctx = ngx_http_get_module_ctx(r->main, ngx_http_gw_auth_module);

    if (ctx == NULL || !ctx->exempt) {
        return ngx_http_next_body_filter(r, in);
    }

    f = ctx->fetch;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        if (r->parent == r->main) {

            if (ngx_buf_in_memory(b) && b->last > b->pos) {
                rc = ngx_http_gw_jwt_fetch_append(f, b->pos, b->last - b->pos);

                if (rc != NGX_OK) {
                    return rc;
                }
            }

            if (b->last_in_chain || b->last_buf) {
                f->complete = 1;
            }
        }

        b->pos = b->last;
        b->file_pos = b->file_last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_fetch_append(ngx_http_gw_jwt_fetch_t *f, u_char *data,
    size_t len)
{
    size_t      used, size;
    ngx_buf_t  *b;

    used = f->body ? f->body->last - f->body->pos : 0;

    if (len > f->conf.max_size - used) {
        f->failure = "answered more than max_size";
        return NGX_ERROR;
    }

    if (f->body == NULL || len > (size_t) (f->body->end - f->body->last)) {
        size = ngx_max(2 * used, 4096);
        size = ngx_max(size, used + len);

        b = ngx_create_temp_buf(f->request->pool, size);
        if (b == NULL) {
            return NGX_ERROR;
        }

        if (used) {
            b->last = ngx_cpymem(b->last, f->body->pos, used);
            (void) ngx_pfree(f->request->pool, f->body->start);
        }

        f->body = b;
    }

    f->body->last = ngx_cpymem(f->body->last, data, len);

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_jwt_fetch_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_gw_jwt_fetch_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_gw_jwt_fetch_body_filter;

    return NGX_OK;
}


/* the configuration goes: a worker ends, or a single process has another */

static void
ngx_http_gw_jwt_fetch_done(void *data)
{
    ngx_http_gw_jwt_fetch_t *f = data;

    ngx_connection_t  *c;

    /* in a process that ends a request's memory is never looked at again */

    if (f->request && ngx_process == NGX_PROCESS_SINGLE) {
        f->failure = "was not waited for";
        c = f->request->connection;

        ngx_http_finalize_request(f->request, NGX_HTTP_CLOSE);
        ngx_http_run_posted_requests(c);
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
