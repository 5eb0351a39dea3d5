
/*
 * grpc_pass's upstream with our callbacks around its own.
 *
 * The service's response is read inside of process_header() until its first
 * message has come, or its end: nginx then sees a header that says what became
 * of the call, and retries, intercepts and times out as for any upstream.
 * What comes later goes through the input filter.
 */


#include "ngx_http_gw_transcode.h"


static ngx_int_t ngx_http_gw_transcode_reinit_request(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_transcode_process_header(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_transcode_first_header(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_init_filter(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_receive(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ssize_t bytes);
static ngx_int_t ngx_http_gw_transcode_ready(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t over);
static ngx_int_t ngx_http_gw_transcode_input_filter_init(void *data);
static ngx_int_t ngx_http_gw_transcode_input_filter(void *data,
    ssize_t bytes);
static ngx_int_t ngx_http_gw_transcode_stream_filter(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ssize_t bytes);
static void ngx_http_gw_transcode_finalize_request(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_gw_transcode_give_up(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status);
static void ngx_http_gw_transcode_abort_event(ngx_event_t *ev);


void
ngx_http_gw_transcode_wrap(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    ctx->create_request = u->create_request;
    ctx->reinit_request = u->reinit_request;
    ctx->process_header = u->process_header;
    ctx->finalize_request = u->finalize_request;
    ctx->input_filter_init = u->input_filter_init;
    ctx->input_filter = u->input_filter;
    ctx->input_filter_ctx = u->input_filter_ctx;

    u->create_request = ngx_http_gw_transcode_create_request;
    u->reinit_request = ngx_http_gw_transcode_reinit_request;
    u->process_header = ngx_http_gw_transcode_process_header;
    u->finalize_request = ngx_http_gw_transcode_finalize_request;
    u->input_filter_init = ngx_http_gw_transcode_input_filter_init;
    u->input_filter = ngx_http_gw_transcode_input_filter;
    u->input_filter_ctx = ctx;
}


/* the next server is tried: what has come from this one is forgotten */

static ngx_int_t
ngx_http_gw_transcode_reinit_request(ngx_http_request_t *r)
{
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = r->upstream->input_filter_ctx;

    ctx->header_read = 0;
    ctx->trailers_read = 0;
    ctx->primed = 0;
    ctx->began = 0;
    ctx->ended = 0;
    ctx->grpc = 0;
    ctx->messages = 0;
    ctx->encoding = NULL;
    ctx->body = NULL;
    ctx->body_len = 0;
    ctx->code = -1;
    ctx->refused = 0;
    ctx->told = 0;
    ngx_str_null(&ctx->type);
    ngx_str_null(&ctx->message);
    ngx_str_null(&ctx->details);

    if (ctx->deframer) {
        ngx_gw_deframer_reset(ctx->deframer);
    }

    r->upstream->out_bufs = NULL;

    ngx_http_gw_transcode_again(r);

    return ctx->reinit_request(r);
}


static ngx_int_t
ngx_http_gw_transcode_process_header(ngx_http_request_t *r)
{
    ssize_t                       n;
    ngx_int_t                     rc;
    ngx_uint_t                    over;
    ngx_http_upstream_t          *u;
    ngx_http_gw_transcode_ctx_t  *ctx;

    u = r->upstream;
    ctx = u->input_filter_ctx;

    if (!ctx->header_read) {

        rc = ctx->process_header(r);
        if (rc != NGX_OK) {
            return rc;
        }

        ctx->header_read = 1;

        if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {
            ctx->began = 1;
            return ngx_http_gw_transcode_web_header(r, ctx);
        }

        rc = ngx_http_gw_transcode_first_header(r, ctx);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    n = u->buffer.last - u->buffer.pos;
    over = 0;

    if (n) {
        u->buffer.last = u->buffer.pos;

        rc = ngx_http_gw_transcode_receive(r, ctx, n);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            return NGX_HTTP_UPSTREAM_INVALID_HEADER;
        }

        over = (rc == NGX_DONE);
    }

    u->buffer.pos = u->buffer.start;
    u->buffer.last = u->buffer.start;

    over |= (u->length == 0);

    if (over
        || (ctx->kind == NGX_HTTP_GW_TRANSCODE_STREAM
            && ctx->method->server_streaming && ctx->messages))
    {
        return ngx_http_gw_transcode_ready(r, ctx, over);
    }

    /* nginx sets this timer but once, for a header that comes as a whole */

    if (u->peer.connection->read->timer_set) {
        ngx_add_timer(u->peer.connection->read, u->conf->read_timeout);
    }

    return NGX_AGAIN;
}


/*
 * The header is there.  NGX_DECLINED: go on with what follows it; NGX_OK: it is
 * no gRPC, and the answer is made.
 */

static ngx_int_t
ngx_http_gw_transcode_first_header(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_str_t             type;
    ngx_uint_t            status;
    ngx_table_elt_t      *encoding;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    status = u->headers_in.status_n;

    ngx_str_null(&type);

    if (u->headers_in.content_type) {
        type = u->headers_in.content_type->value;
    }

    if (status != NGX_HTTP_OK) {

        /* a balancer in between, most likely */

        ctx->code = ngx_gw_grpc_code_of_answer(status);
        ctx->trailers_read = 1;

        u->length = 0;
        u->keepalive = 0;

        ngx_str_set(&ctx->message, "the service did not answer with gRPC");

        return ngx_http_gw_transcode_ready(r, ctx, 1);
    }

    if (type.len < 16
        || ngx_strncasecmp(type.data, (u_char *) "application/grpc", 16) != 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "upstream sent no gRPC but content type \"%V\"", &type);

        (void) ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_GATEWAY,
                                  "protocol", "the service sent no gRPC");

        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    encoding = ngx_http_gw_transcode_find(&u->headers_in.headers,
                                          "grpc-encoding", 13);
    ctx->encoding = encoding ? &encoding->value : NULL;

    return ngx_http_gw_transcode_init_filter(r, ctx);
}


static ngx_int_t
ngx_http_gw_transcode_init_filter(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_int_t   rc;
    ngx_uint_t  method;

    /* that of the service is no HEAD */

    method = r->method;
    r->method = NGX_HTTP_POST;

    rc = ctx->input_filter_init(ctx->input_filter_ctx);

    r->method = method;

    return (rc == NGX_OK) ? NGX_DECLINED : NGX_HTTP_UPSTREAM_INVALID_HEADER;
}


/*
 * Bytes from the service: frames are grpc_pass's to read, messages ours.
 * NGX_OK; NGX_DONE: the call is over; NGX_ERROR: no memory; NGX_DECLINED: the
 * service is at fault.
 */

static ngx_int_t
ngx_http_gw_transcode_receive(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ssize_t bytes)
{
    ngx_int_t             rc, taken;
    ngx_chain_t          *cl, *in;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    /* what is waiting for the client to be sent is not for us to see */

    in = u->out_bufs;
    u->out_bufs = NULL;

    rc = ctx->input_filter(ctx->input_filter_ctx, bytes);

    cl = u->out_bufs;
    u->out_bufs = in;

    taken = ngx_http_gw_transcode_take(r, ctx, cl);

    while (cl) {
        in = cl;
        cl = cl->next;

        in->next = u->free_bufs;
        u->free_bufs = in;
    }

    if (taken != NGX_OK) {
        return taken;
    }

    if (rc == NGX_ERROR) {
        if (ctx->refused == 0) {
            (void) ngx_http_gw_transcode_refuse_text(r, ctx,
                                 NGX_HTTP_BAD_GATEWAY, "broken",
                                 "the service broke off in the middle");
        }

        return NGX_DECLINED;
    }

    if (!ngx_http_gw_transcode_over(r, ctx)) {
        return NGX_OK;
    }

    if (!ctx->trailers_read
        && ngx_http_gw_transcode_read_status(r, ctx, &u->headers_in.trailers)
           == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_DONE;
}


/*
 * Trailers may come in pieces, or not at all.  grpc_pass says by u->length that
 * it has read all there is, but not before its own frames have been sent, which
 * it leaves to the next write event; here they are sent at once.
 */

ngx_uint_t
ngx_http_gw_transcode_over(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (u->length != 0 && u->peer.connection->write->posted) {

        if (ctx->output_filter) {
            (void) ctx->output_filter(r, NULL);

        } else {
            (void) u->output.output_filter(r, NULL);
        }
    }

    return u->length == 0;
}


/*
 * All that is needed for a header is known.  The body is handed out by the
 * input filter, which nginx calls if there is anything in its buffer.
 */

static ngx_int_t
ngx_http_gw_transcode_ready(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t over)
{
    ngx_int_t             rc;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (over && !ctx->trailers_read
        && ngx_http_gw_transcode_read_status(r, ctx, &u->headers_in.headers)
           == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_gw_transcode_answer(r, ctx, over);

    if (rc == NGX_DECLINED) {
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->length = u->length;
    ctx->primed = 1;
    ctx->began = 1;

    u->buffer.pos = u->buffer.start;
    u->buffer.last = u->buffer.start + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_input_filter_init(void *data)
{
    ngx_http_gw_transcode_ctx_t *ctx = data;

    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {
        return ctx->input_filter_init(ctx->input_filter_ctx);
    }

    /* done before the header was made; nginx has changed this since */

    r->upstream->length = ctx->length;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_input_filter(void *data, ssize_t bytes)
{
    ngx_http_gw_transcode_ctx_t *ctx = data;

    ngx_chain_t          *cl, **ll;
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = r->upstream;

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {
        return ngx_http_gw_transcode_web_filter(r, ctx, bytes);
    }

    if (!ctx->primed) {
        return ngx_http_gw_transcode_stream_filter(r, ctx, bytes);
    }

    /* the byte that was put there by _ready() */

    ctx->primed = 0;
    u->state->response_length -= bytes;

    u->buffer.pos = u->buffer.start;
    u->buffer.last = u->buffer.start;

    if (r->header_only) {
        ctx->body = NULL;
        return NGX_OK;
    }

    for (ll = &u->out_bufs; *ll; ll = &(*ll)->next) { /* void */ }

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_UNARY
        || !ctx->method->server_streaming || ctx->ended)
    {
        /* nobody but the end of the response is waited for: no flush */

        for (cl = ctx->body; cl; cl = cl->next) {
            cl->buf->tag = (ngx_buf_tag_t) &ngx_http_gw_transcode_module;
        }

        *ll = ctx->body;
        ctx->body = NULL;

        return NGX_OK;
    }

    if (ctx->binding->raw_out && ctx->trailers_read && r != r->main) {

        /* an error; the main request goes on without this one */

        return NGX_ERROR;
    }

    return ngx_http_gw_transcode_hand_out(r, ctx, ll);
}


/* messages of a stream whose header was sent */

static ngx_int_t
ngx_http_gw_transcode_stream_filter(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ssize_t bytes)
{
    ngx_int_t             rc;
    ngx_chain_t         **ll;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (u->busy_bufs == NULL && u->out_bufs == NULL && ctx->recycled) {
        ngx_gw_pb_printer_release(ctx->printer, ctx->recycled);
        ctx->recycled = NULL;
    }

    rc = ngx_http_gw_transcode_receive(r, ctx, bytes);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (ctx->ended) {
        ctx->body = NULL;
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {

        /* the client is told in band; the connection is not used again */

        ctx->code = (ctx->refused) ? NGX_GW_GRPC_INTERNAL
                                   : NGX_GW_GRPC_UNAVAILABLE;
        ctx->message = ctx->detail;
        ctx->trailers_read = 1;

        u->length = 0;
        u->keepalive = 0;
    }

    if (rc != NGX_OK) {

        if (!ctx->trailers_read) {
            ctx->trailers_read = 1;
            ctx->code = NGX_GW_GRPC_INTERNAL;
            ngx_str_set(&ctx->message, "the service sent no status");
        }

        if (ngx_http_gw_transcode_end(r, ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        /* bytes have no place for an error: the response is broken off */

        if (ctx->binding->raw_out && ctx->code != NGX_GW_GRPC_OK) {
            return NGX_ERROR;
        }
    }

    if (r->header_only) {
        ctx->body = NULL;
        return NGX_OK;
    }

    for (ll = &u->out_bufs; *ll; ll = &(*ll)->next) { /* void */ }

    return ngx_http_gw_transcode_hand_out(r, ctx, ll);
}


/*
 * nginx is done with the service, whatever the reason.  A stream that has not
 * ended as it should ends here, and so that its client sees it.
 */

static void
ngx_http_gw_transcode_finalize_request(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = r->upstream->input_filter_ctx;

    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }

    if (ctx->event.posted) {
        ngx_delete_posted_event(&ctx->event);
    }

    ctx->finalize_request(r, rc);

    if (!r->upstream->header_sent) {

        /* what was made of the response is not what the client gets */

        ctx->began = 0;
        return;
    }

    if (ctx->began && !ctx->ended && rc != NGX_DONE) {
        ngx_http_gw_transcode_give_up(r, ctx, rc > 0 ? rc : 0);
    }
}


/* the error in band and, with it, the end of the response */

static void
ngx_http_gw_transcode_give_up(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status)
{
    ngx_chain_t  *cl, *last, **ll;

    if (r->connection->error || r->header_only) {
        return;
    }

    if (ctx->kind != NGX_HTTP_GW_TRANSCODE_WEB && ctx->binding->raw_out) {

        /* bytes have no place for an error: the response is broken off */

        r->connection->error = 1;
        ctx->ended = 1;
        return;
    }

    if (!ctx->trailers_read) {
        ctx->trailers_read = 1;
        ctx->code = status ? ngx_gw_grpc_code(status) : NGX_GW_GRPC_INTERNAL;

        if (ctx->refused == status && ctx->detail.len) {
            ctx->message = ctx->detail;

        } else if (status == NGX_HTTP_GATEWAY_TIME_OUT) {
            ngx_str_set(&ctx->message, "the call took too long");

        } else {
            ngx_str_set(&ctx->message, "the service broke off in the middle");
        }
    }

    cl = NULL;
    ll = &cl;

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {
        if (ngx_http_gw_transcode_web_end(r, ctx, ll) != NGX_OK) {
            return;
        }

    } else {
        if (ngx_http_gw_transcode_end(r, ctx) != NGX_OK
            || ngx_http_gw_transcode_hand_out(r, ctx, ll) != NGX_OK)
        {
            return;
        }
    }

    ctx->ended = 1;

    if (cl == NULL) {
        return;
    }

    for (last = cl; last->next; last = last->next) { /* void */ }

    /* unless nginx is to end it, which it does not do behind a failure */

    last->buf->last_buf = (status && r == r->main);

    (void) ngx_http_output_filter(r, cl);
}


/*
 * From within nginx's upstream code nothing can be finalized with a status of
 * our choice.  It can from an event of our own.
 */

void
ngx_http_gw_transcode_abort(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status)
{
    ctx->abort_status = status;

    ctx->event.handler = ngx_http_gw_transcode_abort_event;
    ctx->event.data = ctx;
    ctx->event.log = r->connection->log;

    if (!ctx->event.posted) {
        ngx_post_event(&ctx->event, &ngx_posted_events);
    }
}


static void
ngx_http_gw_transcode_abort_event(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_http_request_t           *r;
    ngx_http_upstream_t          *u;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;
    c = r->connection;
    u = r->upstream;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "gw transcode abort: %ui", ctx->abort_status);

    if (u && u->cleanup) {

        if (ctx->began && !ctx->ended && u->header_sent) {
            ngx_http_gw_transcode_give_up(r, ctx, ctx->abort_status);
        }

        ctx->ended = u->header_sent;

        /* as ngx_http_upstream_create() ends an upstream that there was */

        r->main->count++;
        (*u->cleanup)(r);
    }

    if (u && u->header_sent) {

        /* bytes have no place for an error: the response is broken off */

        ngx_http_finalize_request(r, (ctx->binding && ctx->binding->raw_out)
                                     ? NGX_ERROR : NGX_OK);

    } else {
        ngx_http_finalize_request(r, ctx->abort_status);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_http_gw_transcode_deadline(ngx_event_t *ev)
{
    ngx_http_request_t           *r;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;

    ngx_http_set_log_request(r->connection->log, r);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, NGX_ETIMEDOUT,
                  "gw transcode: call of \"%V\" past its deadline",
                  &ctx->method->path);

    (void) ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_GATEWAY_TIME_OUT,
                                             "deadline",
                                             "the call took too long");

    ngx_http_gw_transcode_abort(r, ctx, NGX_HTTP_GATEWAY_TIME_OUT);
}
