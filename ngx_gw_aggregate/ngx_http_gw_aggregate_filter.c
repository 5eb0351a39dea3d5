
/*
 * What comes from parts: header and body of their requests end here.
 */


#include "ngx_http_gw_aggregate.h"


/* an answer that is no success is waited for up to this many bytes, so that
   the connection to the service can be kept */
#define NGX_HTTP_GW_AGGREGATE_DRAIN  16384

/* longer bodies than the service's buffer holds are read in such pieces */
#define NGX_HTTP_GW_AGGREGATE_READ  16384

/* what a buffer counts for in a step: a chunk may be of one byte */
#define NGX_HTTP_GW_AGGREGATE_BUF  64


static ngx_int_t ngx_http_gw_aggregate_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_aggregate_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_gw_part_header_filter(ngx_http_request_t *r,
    ngx_http_gw_run_t *run);
static ngx_int_t ngx_http_gw_part_no_success(ngx_http_request_t *r,
    ngx_http_gw_run_t *run, off_t length);
static void ngx_http_gw_part_finalize(ngx_http_request_t *r, ngx_int_t rc);
static ngx_uint_t ngx_http_gw_part_unbuffer(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_part_buffer(ngx_http_request_t *r,
    ngx_http_gw_run_t *run, off_t length);
static void ngx_http_gw_part_refuse(ngx_http_gw_run_t *run,
    ngx_http_gw_reason_e reason);
static ngx_int_t ngx_http_gw_part_encoding(ngx_http_request_t *r,
    ngx_http_gw_run_t *run);
static ngx_uint_t ngx_http_gw_part_charset(ngx_str_t *charset);
static ngx_int_t ngx_http_gw_part_fields_of(ngx_http_request_t *r,
    const char *name, size_t len, ngx_array_t **values);
static void ngx_http_gw_part_pause(ngx_http_request_t *r,
    ngx_http_gw_run_t *run, size_t len);
static ngx_int_t ngx_http_gw_part_data(void *data, u_char *p, size_t len);
static ngx_int_t ngx_http_gw_part_raw(ngx_http_gw_run_t *run, u_char *p,
    size_t len);
static ngx_int_t ngx_http_gw_part_raw_end(ngx_http_gw_run_t *run);
static ngx_http_gw_reason_e ngx_http_gw_part_splice_reason(
    ngx_gw_splice_t *splice);


#define ngx_http_gw_part_fields(r, name, values)                              \
    ngx_http_gw_part_fields_of(r, name, sizeof(name) - 1, values)


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_int_t
ngx_http_gw_aggregate_header_filter(ngx_http_request_t *r)
{
    ngx_http_gw_run_t            *run;
    ngx_http_gw_aggregate_ctx_t  *ctx;

    run = ngx_http_gw_part_get(r);

    if (run) {
        return ngx_http_gw_part_header_filter(r, run);
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_aggregate_module);

    if (ctx && ctx->aggregate->status
        && ctx->aggregate->status == (ngx_int_t) r->headers_out.status
        && ngx_http_gw_aggregate_refuse(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_gw_part_header_filter(ngx_http_request_t *r, ngx_http_gw_run_t *run)
{
    off_t                              length;
    ngx_uint_t                         status, unbuffered;
    ngx_http_gw_aggregate_loc_conf_t  *alcf;

    /* nothing is sent, and the body is wanted in memory */

    r->header_sent = 1;
    r->filter_need_in_memory = 1;

    if (run->header) {
        return NGX_OK;
    }

    run->header = 1;

    unbuffered = ngx_http_gw_part_unbuffer(r);

    if (r->upstream && r->upstream->cleanup) {
        run->finalize = r->upstream->finalize_request;
        r->upstream->finalize_request = ngx_http_gw_part_finalize;
    }

    if (run->state != NGX_HTTP_GW_RUNNING) {
        run->discard = 1;
        return NGX_OK;
    }

    status = r->headers_out.status;
    length = r->headers_out.content_length_n;
    run->status = status;
    run->length = length;

    /* nginx then ends a subrequest without a word to the body filters */

    run->complete = (length == 0);

    if (run->refused == (ngx_int_t) status && status >= 500) {
        run->status = 0;
        ngx_http_gw_part_refuse(run, status == NGX_HTTP_GATEWAY_TIME_OUT
                                     ? NGX_HTTP_GW_TIMEOUT
                                     : NGX_HTTP_GW_CONNECT);
        return NGX_OK;
    }

    if (status < 100 || status >= 640
        || !(run->part->success[status / 32] & (uint32_t) 1 << (status % 32)))
    {
        return ngx_http_gw_part_no_success(r, run, length);
    }

    if (unbuffered && ngx_http_gw_part_buffer(r, run, length) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_gw_cache_control_read(r, run);

    if (ngx_http_gw_part_fields(r, "Vary", &run->vary) != NGX_OK) {
        return NGX_ERROR;
    }

    if (run->part->cookies
        && ngx_http_gw_part_fields(r, "Set-Cookie", &run->cookies) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_gw_part_charset(&r->headers_out.charset)) {
        ngx_http_gw_part_refuse(run, NGX_HTTP_GW_CHARSET);
        return NGX_OK;
    }

    alcf = run->aggregate->conf;

    switch (ngx_http_gw_part_encoding(r, run)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_http_gw_part_refuse(run, NGX_HTTP_GW_ENCODING);
        return NGX_OK;

    default: /* NGX_ERROR */
        return NGX_ERROR;
    }

    if (run->inflate) {
        length = 0;

    } else if (length > (off_t) alcf->max_part_size) {
        ngx_http_gw_part_refuse(run, NGX_HTTP_GW_SIZE);
        return NGX_OK;
    }

    if (run->part->as == NGX_HTTP_GW_AS_STRING) {
        return NGX_OK;
    }

    run->splice = ngx_gw_splice_create(r->pool, run->part->plan,
                                       alcf->max_part_size,
                                       length > 0 ? (size_t) length : 0,
                                       alcf->max_depth);

    return run->splice ? NGX_OK : NGX_ERROR;
}


/* a status that is no success */

static ngx_int_t
ngx_http_gw_part_no_success(ngx_http_request_t *r, ngx_http_gw_run_t *run,
    off_t length)
{
    /* without them a 401 or a 429 is of little use */

    if (run->part->status_from
        && (ngx_http_gw_part_fields(r, "WWW-Authenticate", &run->authenticate)
            != NGX_OK
            || ngx_http_gw_part_fields(r, "Retry-After", &run->retry_after)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (!run->part->optional || length < 0
        || length > NGX_HTTP_GW_AGGREGATE_DRAIN)
    {
        ngx_http_gw_part_refuse(run, NGX_HTTP_GW_STATUS);
    }

    run->discard = 1;

    /* if nothing else is waited for, it is not either */

    return ngx_http_gw_aggregate_post(run->aggregate);
}


/* the only one that is told why a body ends before its time */

static void
ngx_http_gw_part_finalize(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_gw_run_t  *run;

    run = ngx_http_gw_part_get(r);

    run->timedout = (rc == NGX_HTTP_GATEWAY_TIME_OUT);

    run->finalize(r, rc);
}


/*
 * What a service sends is wanted as it comes.  Of a subrequest that is not the
 * one to be sent next, nginx would pass nothing on before the end, and put it
 * into a file meanwhile.  What is to be cached or stored is in one anyway; it
 * may turn out later that it is not, and then needs a file without a cache.
 */

static ngx_uint_t
ngx_http_gw_part_unbuffer(ngx_http_request_t *r)
{
    ngx_http_upstream_t       *u;
#if (NGX_HTTP_CACHE)
    ngx_http_upstream_conf_t  *ucf;
#endif

    u = r->upstream;

    /* one that has ended may have left the answer to an error_page */

    if (u == NULL || u->cleanup == NULL) {
        return 0;
    }

#if (NGX_HTTP_CACHE)

    if (r->cached) {
        return 0;
    }

    if (u->cacheable && u->conf->max_temp_file_size == 0) {
        ucf = ngx_palloc(r->pool, sizeof(ngx_http_upstream_conf_t));

        if (ucf) {
            *ucf = *u->conf;
            ucf->max_temp_file_size = NGX_MAX_INT32_VALUE;
            u->conf = ucf;
        }
    }

    if (u->cacheable) {
        return 0;
    }

#endif

    if (u->store) {
        return 0;
    }

    if (!u->buffering) {
        return 0;
    }

    u->buffering = 0;

    return 1;
}


/* the buffer of the header, usually 4k, would take many reads */

static ngx_int_t
ngx_http_gw_part_buffer(ngx_http_request_t *r, ngx_http_gw_run_t *run,
    off_t length)
{
    size_t      n;
    u_char     *p;
    ngx_buf_t  *b;

    b = &r->upstream->buffer;
    n = b->last - b->pos;

    if ((length >= 0 && length <= b->end - b->pos)
        || b->end - b->start >= NGX_HTTP_GW_AGGREGATE_READ
        || n > NGX_HTTP_GW_AGGREGATE_READ)
    {
        return NGX_OK;
    }

    p = ngx_palloc(r->pool, NGX_HTTP_GW_AGGREGATE_READ);
    if (p == NULL) {
        return NGX_ERROR;
    }

    run->buffer = p;

    if (n) {
        ngx_memcpy(p, b->pos, n);
    }

    b->start = p;
    b->pos = p;
    b->last = p + n;
    b->end = p + NGX_HTTP_GW_AGGREGATE_READ;

    return NGX_OK;
}


/* the part has failed: the aggregate is told when this request has returned */

static void
ngx_http_gw_part_refuse(ngx_http_gw_run_t *run, ngx_http_gw_reason_e reason)
{
    ngx_http_gw_aggregate_fail(run, reason);

    run->discard = 1;

    /* an entry of the main request's list, which does not fail but by memory;
       the timer of the aggregate is there still */

    (void) ngx_http_gw_aggregate_post(run->aggregate);
}


/* NGX_DECLINED: an encoding that was not asked for */

static ngx_int_t
ngx_http_gw_part_encoding(ngx_http_request_t *r, ngx_http_gw_run_t *run)
{
    ngx_table_elt_t  *h;

    h = r->headers_out.content_encoding;

    if (h == NULL || h->value.len == 0
        || (h->value.len == 8
            && ngx_strncasecmp(h->value.data, (u_char *) "identity", 8) == 0))
    {
        return NGX_OK;
    }

    if ((h->value.len != 4
         || ngx_strncasecmp(h->value.data, (u_char *) "gzip", 4) != 0)
        && (h->value.len != 6
            || ngx_strncasecmp(h->value.data, (u_char *) "x-gzip", 6) != 0))
    {
        return NGX_DECLINED;
    }

    run->inflate = ngx_http_gw_inflate_create(r->pool);

    return run->inflate ? NGX_OK : NGX_ERROR;
}


/* 1: a charset that is neither UTF-8 nor a part of it */

static ngx_uint_t
ngx_http_gw_part_charset(ngx_str_t *charset)
{
    size_t     n;
    ngx_str_t  s;

    s = *charset;

    if (s.len && *s.data == '"') {
        s.data++;
        s.len--;
    }

    /* nginx takes all parameters that follow for a part of it */

    for (n = 0; n < s.len; n++) {
        if (s.data[n] == '"' || s.data[n] == ';' || s.data[n] == ' ') {
            break;
        }
    }

    s.len = n;

    return s.len
           && (s.len != 5
               || ngx_strncasecmp(s.data, (u_char *) "utf-8", 5) != 0)
           && (s.len != 4
               || ngx_strncasecmp(s.data, (u_char *) "utf8", 4) != 0)
           && (s.len != 8
               || ngx_strncasecmp(s.data, (u_char *) "us-ascii", 8) != 0);
}


/* the values of all fields of a name; NULL: there are none */

static ngx_int_t
ngx_http_gw_part_fields_of(ngx_http_request_t *r, const char *name,
    size_t len, ngx_array_t **values)
{
    ngx_str_t        *value;
    ngx_uint_t        i;
    ngx_list_part_t  *lp;
    ngx_table_elt_t  *h;

    for (lp = &r->headers_out.headers.part; lp; lp = lp->next) {
        h = lp->elts;

        for (i = 0; i < lp->nelts; i++) {
            if (h[i].hash == 0
                || h[i].key.len != len
                || ngx_strncasecmp(h[i].key.data, (u_char *) name, len) != 0)
            {
                continue;
            }

            if (*values == NULL) {
                *values = ngx_array_create(r->pool, 4, sizeof(ngx_str_t));
                if (*values == NULL) {
                    return NGX_ERROR;
                }
            }

            value = ngx_array_push(*values);
            if (value == NULL) {
                return NGX_ERROR;
            }

            *value = h[i].value;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_aggregate_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                     rc;
    ngx_buf_t                    *b;
    ngx_chain_t                  *cl;
    ngx_http_gw_run_t            *run;
    ngx_http_gw_aggregate_ctx_t  *ctx;

    run = ngx_http_gw_part_get(r);

    if (run == NULL) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_gw_aggregate_module);

        if (ctx == NULL || ctx->problem.body == NULL) {
            return ngx_http_next_body_filter(r, in);
        }

        return ngx_http_gw_problem_body(r, &ctx->problem, in,
                                        ngx_http_next_body_filter);
    }

    for (cl = in; cl; cl = cl->next) {
        b = cl->buf;

        if (b->pos < b->last && !run->discard) {
            run->received += b->last - b->pos;
            ngx_http_gw_part_pause(r, run, b->last - b->pos);

            rc = run->inflate
                 ? ngx_http_gw_inflate(run->inflate, b->pos, b->last - b->pos,
                                       ngx_http_gw_part_data, run)
                 : ngx_http_gw_part_data(run, b->pos, b->last - b->pos);

            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }

            if (rc == NGX_DECLINED) {

                /* one reason is known already if it was the data's fault */

                ngx_http_gw_part_refuse(run, NGX_HTTP_GW_ENCODING);
            }
        }

        b->pos = b->last;

        if (b->in_file) {
            b->file_pos = b->file_last;
        }

        if (b->last_buf || b->last_in_chain) {
            run->complete = 1;
        }
    }

    return NGX_OK;
}


/*
 * nginx reads what a service sends as long as there is something to be read.
 * Of what is long the next step is left to a turn of its own, as if nothing
 * were to be read until then.
 */

static void
ngx_http_gw_part_pause(ngx_http_request_t *r, ngx_http_gw_run_t *run,
    size_t len)
{
    ngx_event_t          *rev;
    ngx_http_upstream_t  *u;

    run->taken += len + NGX_HTTP_GW_AGGREGATE_BUF;

    if (run->taken < NGX_HTTP_GW_AGGREGATE_STEP) {
        return;
    }

    run->taken = 0;

    u = r->upstream;

    if (u == NULL || u->buffering || u->length == 0
        || u->peer.connection == NULL)
    {
        return;
    }

    rev = u->peer.connection->read;

    if (!rev->ready || rev->eof || rev->error) {
        return;
    }

    /* one that is posted for this turn would find nothing to be read */

    if (rev->posted) {
        ngx_delete_posted_event(rev);
    }

    rev->ready = 0;
    ngx_post_event(rev, &ngx_posted_next_events);
}


/* the next bytes, decoded.  NGX_DECLINED: the part has failed */

static ngx_int_t
ngx_http_gw_part_data(void *data, u_char *p, size_t len)
{
    ngx_http_gw_run_t *run = data;

    ngx_int_t  rc;

    if (run->inflate) {
        run->taken += len;
    }

    if (run->splice == NULL) {
        return ngx_http_gw_part_raw(run, p, len);
    }

    rc = ngx_gw_splice_feed(run->splice, p, len);

    if (rc == NGX_DECLINED) {
        ngx_http_gw_part_refuse(run,
                                ngx_http_gw_part_splice_reason(run->splice));
    }

    return rc;
}


/* of a part that goes into the answer as a string */

static ngx_int_t
ngx_http_gw_part_raw(ngx_http_gw_run_t *run, u_char *p, size_t len)
{
    u_char  *data;
    size_t   max, size;

    max = run->aggregate->conf->max_part_size;

    if (len > max - run->raw.len) {
        ngx_http_gw_part_refuse(run, NGX_HTTP_GW_SIZE);
        return NGX_DECLINED;
    }

    if (run->raw.len + len > run->raw_size) {
        size = ngx_max(run->raw.len + len, 2 * run->raw_size);

        data = ngx_palloc(run->aggregate->request->pool, size);
        if (data == NULL) {
            return NGX_ERROR;
        }

        if (run->raw.len) {
            ngx_memcpy(data, run->raw.data, run->raw.len);
            (void) ngx_pfree(run->aggregate->request->pool, run->raw.data);
        }

        run->raw.data = data;
        run->raw_size = size;
    }

    ngx_memcpy(run->raw.data + run->raw.len, p, len);
    run->raw.len += len;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_part_end(ngx_http_gw_run_t *run)
{
    ngx_int_t   rc;
    ngx_uint_t  nothing;

    static const ngx_str_t  null = ngx_string("null");

    if (!run->header) {
        ngx_http_gw_aggregate_fail(run,
                                   run->refused == NGX_HTTP_GATEWAY_TIME_OUT
                                   ? NGX_HTTP_GW_TIMEOUT
                                   : NGX_HTTP_GW_CONNECT);
        return NGX_OK;
    }

    nothing = (run->status == NGX_HTTP_NO_CONTENT || run->status == 205);

    if (run->discard) {
        ngx_http_gw_aggregate_fail(run, NGX_HTTP_GW_STATUS);
        return NGX_OK;
    }

    /* of FastCGI nginx does not say so if it has not buffered it */

    if (run->received < run->length) {
        run->complete = 0;
    }

    if (!run->complete && !nothing) {
        ngx_http_gw_aggregate_fail(run, run->timedout ? NGX_HTTP_GW_TIMEOUT
                                                      : NGX_HTTP_GW_TRUNCATED);
        return NGX_OK;
    }

    if (run->inflate && !nothing && !ngx_http_gw_inflate_end(run->inflate)) {
        ngx_http_gw_aggregate_fail(run, NGX_HTTP_GW_ENCODING);
        return NGX_OK;
    }

    if (run->splice == NULL) {
        return ngx_http_gw_part_raw_end(run);
    }

    if (nothing && ngx_gw_splice_offset(run->splice) == 0) {

        rc = ngx_gw_splice_feed(run->splice, null.data, null.len);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    rc = ngx_gw_splice_end(run->splice, &run->value, &run->type);

    if (rc == NGX_DECLINED) {
        ngx_http_gw_aggregate_fail(run,
                                  ngx_http_gw_part_splice_reason(run->splice));
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        ngx_http_gw_aggregate_settle(run);
    }

    return rc;
}


static ngx_int_t
ngx_http_gw_part_raw_end(ngx_http_gw_run_t *run)
{
    u_char      *p;
    size_t       i, len;
    ngx_pool_t  *pool;

    if (!ngx_gw_utf8_valid(run->raw.data, run->raw.len)) {
        ngx_http_gw_aggregate_fail(run, NGX_HTTP_GW_CHARSET);
        return NGX_OK;
    }

    pool = run->aggregate->request->pool;

    len = 2 + run->raw.len;

    for (i = 0; i < run->raw.len; i++) {
        if (run->raw.data[i] < 0x20 || run->raw.data[i] == '"'
            || run->raw.data[i] == '\\')
        {
            len += 5;
        }
    }

    /* a document counts them in 31 bits */

    if (len > NGX_MAX_INT32_VALUE) {
        ngx_http_gw_aggregate_fail(run, NGX_HTTP_GW_SIZE);
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    run->value.data = p;
    run->value.len = ngx_gw_json_string_encode(p, run->raw.data, run->raw.len)
                     - p;
    run->type = NGX_GW_SPLICE_STRING;

    if (run->raw.data) {
        (void) ngx_pfree(pool, run->raw.data);
        ngx_str_null(&run->raw);
    }

    ngx_http_gw_aggregate_settle(run);

    return NGX_OK;
}


static ngx_http_gw_reason_e
ngx_http_gw_part_splice_reason(ngx_gw_splice_t *splice)
{
    switch (ngx_gw_splice_error(splice)) {

    case NGX_GW_SPLICE_CHARSET:
        return NGX_HTTP_GW_CHARSET;

    case NGX_GW_SPLICE_DEPTH:
        return NGX_HTTP_GW_DEPTH;

    case NGX_GW_SPLICE_SIZE:
        return NGX_HTTP_GW_SIZE;

    default:
        return NGX_HTTP_GW_JSON;
    }
}


ngx_int_t
ngx_http_gw_aggregate_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_gw_aggregate_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_gw_aggregate_body_filter;

    return NGX_OK;
}
