
/*
 * The request of a fetch of keys, which belongs to no client.
 *
 * It is a subrequest of a main request of our own, whose connection is one end
 * of a pair of sockets: nginx may treat it like any other, yet nobody is at
 * the other end.  Two filters take the answer.  Whatever becomes of it, it ends
 * in the cleanup of that main request's pool.
 */


#include "ngx_http_gw_jwt_fetch.h"


/* an answer that takes longer is none; the location's timeouts apply too */
#define NGX_HTTP_GW_JWT_REQUEST_TIMEOUT  30000


static ngx_int_t ngx_http_gw_jwt_request_connection(ngx_http_gw_jwt_fetch_t *f,
    ngx_connection_t *c);
static ngx_int_t ngx_http_gw_jwt_request_create(ngx_http_gw_jwt_fetch_t *f,
    ngx_connection_t *c);
static u_char *ngx_http_gw_jwt_request_log(ngx_log_t *log, u_char *buf,
    size_t len);
static void ngx_http_gw_jwt_request_event(ngx_event_t *ev);
static void ngx_http_gw_jwt_request_write(ngx_event_t *ev);
static void ngx_http_gw_jwt_request_timeout(ngx_event_t *ev);
static void ngx_http_gw_jwt_request_answered(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_jwt_request_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_jwt_request_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_gw_jwt_request_append(ngx_http_gw_jwt_fetch_t *f,
    u_char *data, size_t len);
static void ngx_http_gw_jwt_request_cleanup(void *data);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_gw_jwt_request_open(ngx_http_gw_jwt_fetch_t *f)
{
    ngx_pool_t        *pool;
    ngx_socket_t       s[2];
    ngx_connection_t  *c;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_socket_errno,
                      "socketpair() failed");
        return NGX_ERROR;
    }

    if (ngx_nonblocking(s[0]) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_socket_errno,
                      ngx_nonblocking_n " failed");
        c = NULL;

    } else {
        c = ngx_get_connection(s[0], ngx_cycle->log);
    }

    if (c == NULL) {
        (void) ngx_close_socket(s[0]);
        (void) ngx_close_socket(s[1]);
        return NGX_ERROR;
    }

    f->peer = s[1];

    if (ngx_http_gw_jwt_request_connection(f, c) != NGX_OK) {
        pool = c->pool;
        ngx_close_connection(c);

        if (pool) {
            ngx_destroy_pool(pool);
        }

        (void) ngx_close_socket(f->peer);
        return NGX_ERROR;
    }

#if (NGX_STAT_STUB)
    /* closing takes one off */
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    if (ngx_http_gw_jwt_request_create(f, c) != NGX_OK) {
        ngx_http_close_connection(c);
        (void) ngx_close_socket(f->peer);
        return NGX_ERROR;
    }

    f->timeout.data = f;
    f->timeout.handler = ngx_http_gw_jwt_request_timeout;
    f->timeout.log = ngx_cycle->log;

    ngx_add_timer(&f->timeout, NGX_HTTP_GW_JWT_REQUEST_TIMEOUT);

    ngx_http_run_posted_requests(c);

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_request_connection(ngx_http_gw_jwt_fetch_t *f,
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
    log->handler = ngx_http_gw_jwt_request_log;
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

    c->read->handler = ngx_http_gw_jwt_request_event;
    c->write->handler = ngx_http_gw_jwt_request_write;
    c->write->ready = 1;

    /* it is no TCP */
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;

    /* told to close when the worker is to exit */
    c->idle = 1;

    addr_conf->default_server = f->cscf;
    hc->addr_conf = addr_conf;
    hc->conf_ctx = f->cscf->ctx;
    c->data = hc;

    return NGX_OK;
}


/* the main request, f->request, and its subrequest, posted */

static ngx_int_t
ngx_http_gw_jwt_request_create(ngx_http_gw_jwt_fetch_t *f, ngx_connection_t *c)
{
    u_char                 *p;
    ngx_pool_cleanup_t     *cln;
    ngx_http_request_t     *r, *sr;
    ngx_http_gw_jwt_ctx_t  *ctx;

    r = ngx_http_create_request(c);
    if (r == NULL) {
        return NGX_ERROR;
    }

    c->data = r;

#if (NGX_STAT_STUB)
    /* nobody has made it */
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

    /* no client's limits are its own: as if passed */
    r->limit_conn_status = 1;
    r->limit_req_status = 1;

    r->write_event_handler = ngx_http_gw_jwt_request_answered;

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

    cln->handler = ngx_http_gw_jwt_request_cleanup;
    cln->data = f;

    f->request = r;

    return NGX_OK;

failed:

    ngx_http_free_request(r, 0);

    return NGX_ERROR;
}


static u_char *
ngx_http_gw_jwt_request_log(ngx_log_t *log, u_char *buf, size_t len)
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
ngx_http_gw_jwt_request_event(ngx_event_t *ev)
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

    /* requests that wait are still to be served, if there is time */

    if (c->error || ngx_queue_empty(&f->waiters)) {
        ngx_http_gw_jwt_request_abort(f, "was not waited for");
    }
}


/* nothing is ever written, but modules have requests that wait woken so */

static void
ngx_http_gw_jwt_request_write(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ev->data;
    r = c->data;

    if (ev->delayed && ev->timedout) {
        ev->delayed = 0;
        ev->timedout = 0;
    }

    ngx_http_set_log_request(c->log, r);

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_gw_jwt_request_timeout(ngx_event_t *ev)
{
    ngx_http_gw_jwt_request_abort(ev->data,
                                  "did not answer within 30 seconds");
}


void
ngx_http_gw_jwt_request_abort(ngx_http_gw_jwt_fetch_t *f, const char *why)
{
    ngx_connection_t  *c;

    if (f->request) {
        f->failure = why;
        c = f->request->connection;

        ngx_http_finalize_request(f->request, NGX_HTTP_CLOSE);
        ngx_http_run_posted_requests(c);
    }
}


/* the main request goes on when its subrequest has come to an end */

static void
ngx_http_gw_jwt_request_answered(ngx_http_request_t *r)
{
    /* what there is to do stands in the pool's cleanup */

    ngx_http_finalize_request(r, NGX_HTTP_CLOSE);
}


static void
ngx_http_gw_jwt_request_cleanup(void *data)
{
    ngx_http_gw_jwt_fetch_t *f = data;

    f->request = NULL;

    (void) ngx_close_socket(f->peer);

    ngx_http_gw_jwt_fetch_ended(f);
}


/* a request of which nothing must leave: NGX_OK without the next filter */

static ngx_int_t
ngx_http_gw_jwt_request_header_filter(ngx_http_request_t *r)
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
ngx_http_gw_jwt_request_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t                    len;
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
        len = ngx_buf_in_memory(b) ? b->last - b->pos : 0;

        if (r->parent == r->main) {

            if (len && ngx_http_gw_jwt_request_append(f, b->pos, len)
                       != NGX_OK)
            {
                return NGX_ERROR;
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
ngx_http_gw_jwt_request_append(ngx_http_gw_jwt_fetch_t *f, u_char *data,
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
ngx_http_gw_jwt_request_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_gw_jwt_request_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_gw_jwt_request_body_filter;

    return NGX_OK;
}
