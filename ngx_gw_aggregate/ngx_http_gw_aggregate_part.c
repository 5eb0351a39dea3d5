
/*
 * The request of a part: a background subrequest with variables, header
 * fields and a body of its own.
 */


#include "ngx_http_gw_aggregate.h"
#include "ngx_gw_compat.h"


static ngx_int_t ngx_http_gw_part_headers(ngx_http_gw_run_t *run,
    ngx_http_request_t *sr);
static ngx_int_t ngx_http_gw_part_base_headers(ngx_http_gw_aggregate_t *ag);
static ngx_uint_t ngx_http_gw_part_drops(ngx_table_elt_t *h);
static ngx_table_elt_t *ngx_http_gw_part_add(ngx_http_request_t *r,
    ngx_list_t *list, const ngx_str_t *name, const ngx_str_t *lowcase,
    ngx_uint_t hash, ngx_str_t *value);
static void ngx_http_gw_part_refer(ngx_http_request_t *sr,
    ngx_http_gw_part_header_t *h, ngx_table_elt_t *elt);
static ngx_int_t ngx_http_gw_part_request_body(ngx_http_gw_run_t *run,
    ngx_http_request_t *sr, ngx_str_t *body);
static ngx_int_t ngx_http_gw_part_variables(ngx_http_request_t *sr);
static ngx_int_t ngx_http_gw_part_handler(ngx_http_request_t *r, void *data,
    ngx_int_t rc);
static ngx_uint_t ngx_http_gw_part_own_error(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_gw_part_free(ngx_http_gw_run_t *run);
static void ngx_http_gw_part_unlock(ngx_http_request_t *r);
static void ngx_http_gw_part_release(ngx_http_request_t *r);


/* what the client says of its own request, and not of the parts' */

static const ngx_str_t  ngx_http_gw_part_dropped[] = {
    ngx_string("accept-encoding"),
    ngx_string("connection"),
    ngx_string("expect"),
    ngx_string("if-match"),
    ngx_string("if-modified-since"),
    ngx_string("if-none-match"),
    ngx_string("if-range"),
    ngx_string("if-unmodified-since"),
    ngx_string("keep-alive"),
    ngx_string("range"),
    ngx_string("te"),
    ngx_string("trailer"),
    ngx_string("transfer-encoding"),
    ngx_string("upgrade"),
    ngx_null_string
};


ngx_int_t
ngx_http_gw_part_start(ngx_http_gw_run_t *run)
{
    ngx_int_t                    rc;
    ngx_str_t                    uri, args, body;
    ngx_http_request_t          *r, *sr;
    ngx_http_gw_part_t          *part;
    ngx_http_post_subrequest_t  *ps;

    part = run->part;
    r = run->aggregate->request;

    rc = ngx_http_gw_text(run->aggregate, &part->uri, NGX_HTTP_GW_TEXT_URI,
                          &uri, &args);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_str_null(&body);

    if (part->body.source.data) {
        rc = ngx_http_gw_text(run->aggregate, &part->body,
                              part->template ? NGX_HTTP_GW_TEXT_JSON
                                             : NGX_HTTP_GW_TEXT_PLAIN,
                              &body, NULL);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ps = ngx_palloc(r->pool, sizeof(ngx_http_post_subrequest_t));
    if (ps == NULL) {
        return NGX_ERROR;
    }

    ps->handler = ngx_http_gw_part_handler;
    ps->data = run;

    if (ngx_http_subrequest(r, &uri, args.data ? &args : NULL, &sr, ps,
                            NGX_HTTP_SUBREQUEST_BACKGROUND)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    run->request = sr;

    sr->method = part->method;
    sr->method_name = part->method_name;
    sr->discard_body = 0;

    /* "rewrite" then escapes what it moves from the path to the query */

    sr->quoted_uri = 1;

    /* nginx updates no cache for one; ngx_http_gw_part_handler() sets it */

    sr->background = 0;

    rc = ngx_http_gw_part_headers(run, sr);

    if (rc == NGX_OK) {
        rc = ngx_http_gw_part_request_body(run, sr, &body);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_gw_part_variables(sr);
    }

    if (rc != NGX_OK) {
        ngx_http_gw_part_cancel(run);
        return rc;
    }

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "gw aggregate part \"%V\": \"%V?%V\"",
                   &part->name, &uri, &args);

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_part_headers(ngx_http_gw_run_t *run, ngx_http_request_t *sr)
{
    ngx_int_t                   rc;
    ngx_str_t                   value;
    ngx_uint_t                  i, j;
    ngx_list_part_t            *lp;
    ngx_table_elt_t            *from, *elt;
    ngx_http_request_t         *r;
    ngx_http_gw_aggregate_t    *ag;
    ngx_http_gw_part_header_t  *h;

    ag = run->aggregate;
    r = ag->request;

    if (!ag->has_headers) {
        if (ngx_http_gw_part_base_headers(ag) != NGX_OK) {
            return NGX_ERROR;
        }

        ag->has_headers = 1;
    }

    sr->headers_in.headers = ag->headers;

    sr->headers_in.if_modified_since = NULL;
    sr->headers_in.if_unmodified_since = NULL;
    sr->headers_in.if_match = NULL;
    sr->headers_in.if_none_match = NULL;
    sr->headers_in.if_range = NULL;
    sr->headers_in.range = NULL;
    sr->headers_in.expect = NULL;
    sr->headers_in.te = NULL;
    sr->headers_in.transfer_encoding = NULL;
    sr->headers_in.upgrade = NULL;
    sr->headers_in.connection = NULL;
    sr->headers_in.keep_alive = NULL;
    sr->headers_in.content_range = NULL;
    sr->headers_in.content_type = NULL;
    sr->headers_in.content_length = NULL;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.chunked = 0;

#if (NGX_HTTP_GZIP)
    sr->headers_in.accept_encoding = ag->headers.part.elts;
#endif

    if (run->part->headers == NULL && !run->part->pass_body
        && run->part->body.source.data == NULL)
    {
        return NGX_OK;
    }

    /* a list of its own */

    if (ngx_list_init(&sr->headers_in.headers, r->pool, 20,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    h = run->part->headers ? run->part->headers->elts : NULL;

    for (lp = &ag->headers.part; lp; lp = lp->next) {
        from = lp->elts;

        for (i = 0; i < lp->nelts; i++) {

            for (j = 0; h && j < run->part->headers->nelts; j++) {
                if (h[j].lowcase.len == from[i].key.len
                    && ngx_strncasecmp(h[j].lowcase.data, from[i].key.data,
                                       from[i].key.len)
                       == 0)
                {
                    break;
                }
            }

            if (h && j < run->part->headers->nelts) {
                continue;
            }

            elt = ngx_list_push(&sr->headers_in.headers);
            if (elt == NULL) {
                return NGX_ERROR;
            }

            *elt = from[i];
        }
    }

    for (j = 0; h && j < run->part->headers->nelts; j++) {
        rc = ngx_http_gw_text(ag, &h[j].value, NGX_HTTP_GW_TEXT_FIELD, &value,
                              NULL);
        if (rc != NGX_OK) {
            return rc;
        }

        elt = NULL;

        if (value.len) {
            elt = ngx_http_gw_part_add(r, &sr->headers_in.headers, &h[j].name,
                                       &h[j].lowcase, h[j].hash, &value);
            if (elt == NULL) {
                return NGX_ERROR;
            }
        }

        ngx_http_gw_part_refer(sr, &h[j], elt);
    }

    return NGX_OK;
}


/* the first one is Accept-Encoding */

static ngx_int_t
ngx_http_gw_part_base_headers(ngx_http_gw_aggregate_t *ag)
{
    ngx_uint_t           i;
    ngx_list_part_t     *lp;
    ngx_table_elt_t     *from, *h;
    ngx_http_request_t  *r;

    static const ngx_str_t  name = ngx_string("Accept-Encoding");
    static const ngx_str_t  lowcase = ngx_string("accept-encoding");
    static ngx_str_t        gzip = ngx_string("gzip");

    r = ag->request;

    if (ngx_list_init(&ag->headers, r->pool, 20, sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_gw_part_add(r, &ag->headers, &name, &lowcase,
                             ngx_hash_key(lowcase.data, lowcase.len), &gzip)
        == NULL)
    {
        return NGX_ERROR;
    }

    for (lp = &r->headers_in.headers.part; lp; lp = lp->next) {
        from = lp->elts;

        for (i = 0; i < lp->nelts; i++) {
            if (ngx_http_gw_part_drops(&from[i])) {
                continue;
            }

            h = ngx_list_push(&ag->headers);
            if (h == NULL) {
                return NGX_ERROR;
            }

            *h = from[i];
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_gw_part_drops(ngx_table_elt_t *h)
{
    const ngx_str_t  *name;

    if (h->key.len >= 8
        && ngx_strncasecmp(h->key.data, (u_char *) "content-", 8) == 0)
    {
        return 1;
    }

    for (name = ngx_http_gw_part_dropped; name->len; name++) {
        if (h->key.len == name->len
            && ngx_strncasecmp(h->key.data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_table_elt_t *
ngx_http_gw_part_add(ngx_http_request_t *r, ngx_list_t *list,
    const ngx_str_t *name, const ngx_str_t *lowcase, ngx_uint_t hash,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(list);
    if (h == NULL) {
        return NULL;
    }

    h->hash = hash;
    h->key = *name;
    h->lowcase_key = lowcase->data;
    h->value = *value;

#if (NGX_GW_HEADER_NEXT)
    h->next = NULL;
#endif

    return h;
}


/*
 * Some fields are also referred to by name (headers_in.host).  Before 1.23 two
 * of them are arrays; these keep what the client has sent, for $cookie_NAME
 * and the address of the client.
 */

static void
ngx_http_gw_part_refer(ngx_http_request_t *sr, ngx_http_gw_part_header_t *h,
    ngx_table_elt_t *elt)
{
    ngx_http_header_t          *hh;
    ngx_table_elt_t           **field;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    hh = ngx_hash_find(&cmcf->headers_in_hash, h->hash, h->lowcase.data,
                       h->lowcase.len);
    if (hh == NULL || hh->offset == 0) {
        return;
    }

#if !(NGX_GW_HEADER_NEXT)

    if (hh->offset == offsetof(ngx_http_headers_in_t, cookies)) {
        return;
    }

#if (NGX_HTTP_X_FORWARDED_FOR)
    if (hh->offset == offsetof(ngx_http_headers_in_t, x_forwarded_for)) {
        return;
    }
#endif

#endif

    field = (ngx_table_elt_t **) ((char *) &sr->headers_in + hh->offset);
    *field = elt;
}


static ngx_int_t
ngx_http_gw_part_request_body(ngx_http_gw_run_t *run, ngx_http_request_t *sr,
    ngx_str_t *body)
{
    u_char                   *p;
    ngx_str_t                 value;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_table_elt_t          *h;
    ngx_http_request_t       *r;
    ngx_http_request_body_t  *rb;

    static const ngx_str_t  type = ngx_string("Content-Type");
    static const ngx_str_t  type_lowcase = ngx_string("content-type");
    static const ngx_str_t  length = ngx_string("Content-Length");
    static const ngx_str_t  length_lowcase = ngx_string("content-length");
    static ngx_str_t        json = ngx_string("application/json");

    r = run->aggregate->request;

    if (run->part->pass_body) {
        rb = r->request_body;
        sr->headers_in.content_length_n = 0;

        for (cl = rb ? rb->bufs : NULL; cl; cl = cl->next) {
            sr->headers_in.content_length_n += ngx_buf_size(cl->buf);
        }

        h = r->headers_in.content_type;

    } else if (run->part->body.source.data) {
        rb = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));
        if (rb == NULL) {
            return NGX_ERROR;
        }

        sr->request_body = rb;
        sr->headers_in.content_length_n = body->len;

        if (body->len) {
            b = ngx_calloc_buf(r->pool);
            if (b == NULL) {
                return NGX_ERROR;
            }

            b->start = b->pos = body->data;
            b->end = b->last = body->data + body->len;
            b->memory = 1;
            b->last_buf = 1;

            rb->bufs = ngx_alloc_chain_link(r->pool);
            if (rb->bufs == NULL) {
                return NGX_ERROR;
            }

            rb->bufs->buf = b;
            rb->bufs->next = NULL;
            rb->buf = b;
        }

        h = NULL;

    } else {
        sr->request_body = NULL;
        return NGX_OK;
    }

    /* a Content-Type of gw_part_header is there already */

    if (sr->headers_in.content_type == NULL && (h || run->part->template)) {
        sr->headers_in.content_type =
            ngx_http_gw_part_add(r, &sr->headers_in.headers, &type,
                                 &type_lowcase,
                                 ngx_hash_key(type_lowcase.data,
                                              type_lowcase.len),
                                 h ? &h->value : &json);
        if (sr->headers_in.content_type == NULL) {
            return NGX_ERROR;
        }
    }

    p = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%O", sr->headers_in.content_length_n) - p;

    sr->headers_in.content_length =
        ngx_http_gw_part_add(r, &sr->headers_in.headers, &length,
                             &length_lowcase,
                             ngx_hash_key(length_lowcase.data,
                                          length_lowcase.len),
                             &value);

    return sr->headers_in.content_length ? NGX_OK : NGX_ERROR;
}


/* subrequests share the values of their parent; these must not */

static ngx_int_t
ngx_http_gw_part_variables(ngx_http_request_t *sr)
{
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(sr, ngx_http_core_module);

    sr->variables = ngx_pcalloc(sr->pool, cmcf->variables.nelts
                                          * sizeof(ngx_http_variable_value_t));

    return sr->variables ? NGX_OK : NGX_ERROR;
}


ngx_http_gw_run_t *
ngx_http_gw_part_get(ngx_http_request_t *r)
{
    if (r == r->main || r->post_subrequest == NULL
        || r->post_subrequest->handler != ngx_http_gw_part_handler)
    {
        return NULL;
    }

    return r->post_subrequest->data;
}


/* called by ngx_http_finalize_request() of the part's request */

static ngx_int_t
ngx_http_gw_part_handler(ngx_http_request_t *r, void *data, ngx_int_t rc)
{
    ngx_http_gw_run_t *run = data;

    ngx_http_upstream_state_t  *state;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "gw aggregate part \"%V\" ended: %i",
                   &run->part->name, rc);

    r->background = 1;

    if (r->connection->error && !ngx_http_gw_part_own_error(r, rc)) {
        return rc;
    }

    /* cancelled, and run all the same: its count has been given back */

    if (run->request != r) {
        r->main->count++;
        return NGX_OK;
    }

    if (r->upstream_states && r->upstream_states->nelts) {
        state = r->upstream_states->elts;
        state += r->upstream_states->nelts - 1;

        if (state->peer) {
            run->address = *state->peer;
        }
    }

    /*
     * nginx answers itself: an error_page of the part's location may do so in
     * its place, else its page comes through the filters
     */

    if (!run->header
        && (rc >= NGX_HTTP_SPECIAL_RESPONSE || rc == NGX_HTTP_CREATED
            || rc == NGX_HTTP_NO_CONTENT)
        && rc != NGX_HTTP_CLOSE
        && rc != NGX_HTTP_REQUEST_TIME_OUT
        && rc != NGX_HTTP_CLIENT_CLOSED_REQUEST)
    {
        run->refused = rc;
        return rc;
    }

    /* a file is still being read; nginx calls again, ngx_http_writer() does */

    if ((rc == NGX_OK || rc == NGX_AGAIN) && (r->buffered || r->postponed)) {
        return rc;
    }

    /* a file that cannot be read on is not going to be */

    r->buffered = 0;

    ngx_http_gw_part_free(run);

    run->request = NULL;

    if (run->state == NGX_HTTP_GW_RUNNING
        && ngx_http_gw_part_end(run) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* whatever has become of it, the client's request goes on */

    return ngx_http_gw_aggregate_post(run->aggregate);
}


/*
 * A file that cannot be read on makes ngx_http_output_filter() say that the
 * client's connection has failed.  With HTTP/3 the two cannot be told apart.
 */

static ngx_uint_t
ngx_http_gw_part_own_error(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = r->connection;

    if (rc != NGX_ERROR || r->http_version > NGX_HTTP_VERSION_20
        || c->read->eof || c->read->error || c->write->error || c->timedout)
    {
        return 0;
    }

    if (r->http_version == NGX_HTTP_VERSION_20) {

#if (NGX_HTTP_V2)

        /* a stream that was reset is closed, a failed connection says so */

        if (r->stream->out_closed
            || r->stream->connection->connection->error)
        {
            return 0;
        }

#else
        return 0;
#endif
    }

    c->error = 0;

    return 1;
}


/* also the timer that nginx has set for a client that it did not write to */

static void
ngx_http_gw_part_free(ngx_http_gw_run_t *run)
{
    ngx_event_t  *wev;

    wev = run->request->connection->write;

    if (wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    if (run->buffer) {
        (void) ngx_pfree(run->request->pool, run->buffer);
        run->buffer = NULL;
    }
}


/*
 * Takes the part's request off the client's.  What it waits for may be a
 * service, then its connection is closed, or parts of its own, or anything
 * else, which finds a request that does nothing any more.
 */

void
ngx_http_gw_part_cancel(ngx_http_gw_run_t *run)
{
    ngx_uint_t                    i;
    ngx_http_request_t           *sr;
    ngx_http_upstream_t          *u;
    ngx_http_gw_aggregate_t      *inner;

    sr = run->request;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, sr->connection->log, 0,
                   "gw aggregate part \"%V\" cancelled", &run->part->name);

    sr->read_event_handler = ngx_http_request_empty_handler;
    sr->write_event_handler = ngx_http_request_empty_handler;

    inner = ngx_http_gw_aggregate_get(sr);

    if (inner && !inner->finished) {
        inner->finished = 1;

        if (inner->timer.timer_set) {
            ngx_del_timer(&inner->timer);
        }

        if (inner->next.posted) {
            ngx_delete_posted_event(&inner->next);
        }

        for (i = 0; i < inner->nruns; i++) {
            if (inner->runs[i].request) {
                ngx_http_gw_part_cancel(&inner->runs[i]);
            }
        }
    }

    ngx_http_gw_part_unlock(sr);

    /* a thread is at work for it, and the memory has to stay */

    if (sr->aio) {
        sr->main->count++;
        sr->write_event_handler = ngx_http_gw_part_release;
    }

    u = sr->upstream;

    if (u && u->cleanup) {
        if (u->state && u->state->peer && run->address.len == 0) {
            run->address = *u->state->peer;
        }

        /* ends in ngx_http_finalize_request(sr, NGX_DONE) */

        (*u->cleanup)(sr);

    } else {
        ngx_http_finalize_request(sr, NGX_DONE);
    }

    if (!sr->aio) {
        ngx_http_gw_part_free(run);
    }

    run->request = NULL;
}


/* what waits for another request to fill the cache counts as blocked */

static void
ngx_http_gw_part_unlock(ngx_http_request_t *r)
{
#if (NGX_HTTP_CACHE)

    if (r->cache == NULL || !r->cache->waiting) {
        return;
    }

    if (r->cache->wait_event.timer_set) {
        ngx_del_timer(&r->cache->wait_event);
    }

    r->cache->waiting = 0;
    r->main->blocked--;

#endif
}


/*
 * The client has gone, and nginx ends all of its requests.  That waits for
 * what is blocked, and before 1.25.4 the handler of a subrequest that a thread
 * has worked for went on with a connection which was closed meanwhile.
 */

void
ngx_http_gw_part_leave(ngx_http_gw_run_t *run)
{
    ngx_http_request_t  *sr;

    sr = run->request;

    ngx_http_gw_part_unlock(sr);

    if (sr->aio) {
        sr->write_event_handler = ngx_http_gw_part_release;
    }
}


/* also called when another event has woken the request: not before its time */

static void
ngx_http_gw_part_release(ngx_http_request_t *r)
{
    if (r->aio) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    if (r->connection->error) {
        ngx_http_finalize_request(r->main, NGX_ERROR);
        return;
    }

    ngx_http_finalize_request(r, NGX_DONE);
}
