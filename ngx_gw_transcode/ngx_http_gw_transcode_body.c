
/*
 * The client's body.  That of a unary call is read whole, and then made into
 * one message, in pieces if it is long; that of a stream is left to grpc_pass
 * to read, see _stream.c.
 */


#include "ngx_http_gw_transcode.h"


static void ngx_http_gw_transcode_body_handler(ngx_http_request_t *r);
static void ngx_http_gw_transcode_read_handler(ngx_http_request_t *r);
static void ngx_http_gw_transcode_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_transcode_append(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_gw_transcode_room(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, size_t size);
static ngx_int_t ngx_http_gw_transcode_keep(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static void ngx_http_gw_transcode_parse(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static void ngx_http_gw_transcode_parse_event(ngx_event_t *ev);
static void ngx_http_gw_transcode_parse_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_transcode_parsed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_raw(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **tail);
static ngx_int_t ngx_http_gw_transcode_mask(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **tail);
static ngx_int_t ngx_http_gw_transcode_link(ngx_http_request_t *r,
    ngx_chain_t ***ll, u_char *p, u_char *last);
static ngx_int_t ngx_http_gw_transcode_refuse_body(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser,
    ngx_int_t rc);


ngx_int_t
ngx_http_gw_transcode_read_body(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    off_t      length;
    ngx_int_t  rc;

    length = r->headers_in.content_length_n;

    if (ctx->streaming_in) {
        return ngx_http_gw_transcode_launch(r, ctx);
    }

    if (length > (off_t) ctx->conf->max_request) {
        return ngx_http_gw_transcode_refuse_text(r, ctx,
                                   NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "size",
                                   "the body is longer than is admitted");
    }

    /* no temporary file: what is read is taken as it comes */

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_gw_transcode_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_gw_transcode_body_handler(ngx_http_request_t *r)
{
    if (r->reading_body) {
        r->read_event_handler = ngx_http_gw_transcode_read_handler;
    }

    ngx_http_gw_transcode_read(r);
}


static void
ngx_http_gw_transcode_read_handler(ngx_http_request_t *r)
{
    ngx_http_gw_transcode_read(r);
}


static void
ngx_http_gw_transcode_read(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_chain_t                  *in;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_transcode_module);

    for ( ;; ) {

        in = r->request_body ? r->request_body->bufs : NULL;

        if (in) {
            rc = ngx_http_gw_transcode_append(r, ctx, in);

            if (rc != NGX_OK) {
                ngx_http_finalize_request(r, rc);
                return;
            }
        }

        if (!r->reading_body) {
            break;
        }

        ctx->pieces |= (in != NULL);
        r->request_body->bufs = NULL;

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    r->read_event_handler = ngx_http_test_reading;

    if (ngx_http_gw_transcode_keep(r, ctx) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_http_gw_transcode_parse(r, ctx);
}


/*
 * Takes what has come.  The body of a main request is ours, and its buffers are
 * read into again; that of a subrequest may be of others, and in a file.
 */

static ngx_int_t
ngx_http_gw_transcode_append(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in)
{
    off_t         size;
    ssize_t       n;
    ngx_buf_t    *b;

    for ( /* void */ ; in; in = in->next) {

        b = in->buf;
        size = ngx_buf_special(b) ? 0 : ngx_buf_size(b);

        if (size <= 0) {
            continue;
        }

        if (size > (off_t) ctx->conf->max_request
            || (size_t) (ctx->text.last - ctx->text.pos) + (size_t) size
               > ctx->conf->max_request)
        {
            return ngx_http_gw_transcode_refuse_text(r, ctx,
                                   NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "size",
                                   "the body is longer than is admitted");
        }

        if (ngx_http_gw_transcode_room(r, ctx, (size_t) size) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ngx_buf_in_memory(b)) {
            ctx->text.last = ngx_cpymem(ctx->text.last, b->pos,
                                        (size_t) size);

        } else {
            n = ngx_read_file(b->file, ctx->text.last, (size_t) size,
                              b->file_pos);

            if (n != (ssize_t) size) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            ctx->text.last += n;
        }

        if (r->reading_body) {
            b->pos = b->last;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_room(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, size_t size)
{
    size_t   used, alloc;
    u_char  *p;

    used = ctx->text.last - ctx->text.pos;

    if ((size_t) (ctx->text.end - ctx->text.last) >= size) {
        return NGX_OK;
    }

    if (ctx->text.start == NULL) {
        alloc = ngx_max((off_t) size, r->headers_in.content_length_n);

    } else {
        alloc = 2 * (size_t) (ctx->text.end - ctx->text.start);
        alloc = ngx_max(alloc, used + size);
    }

    alloc = ngx_min(alloc, ctx->conf->max_request);

    p = ngx_palloc(r->pool, alloc);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (used) {
        ngx_memcpy(p, ctx->text.pos, used);
    }

    if (ctx->text.start) {
        (void) ngx_pfree(r->pool, ctx->text.start);
    }

    ctx->text.start = p;
    ctx->text.pos = p;
    ctx->text.last = p + used;
    ctx->text.end = p + alloc;

    return NGX_OK;
}


/* a location that an error_page leads to may send the body elsewhere */

static ngx_int_t
ngx_http_gw_transcode_keep(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_chain_t               *bufs, **ll;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!ctx->pieces || clcf->error_pages == NULL) {
        return NGX_OK;
    }

    bufs = NULL;
    ll = &bufs;

    if (ngx_http_gw_transcode_link(r, &ll, ctx->text.pos, ctx->text.last)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->request_body->bufs = bufs;
    ctx->kept = 1;

    return NGX_OK;
}


/* finalizes the request if it is refused */

static void
ngx_http_gw_transcode_parse(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    size_t                            len;
    ngx_int_t                         rc;
    ngx_gw_pb_parse_conf_t           *conf;
    ngx_http_gw_transcode_binding_t  *binding;

    binding = ctx->binding;
    len = ctx->text.last - ctx->text.pos;

    if (ctx->parser == NULL) {

        conf = &ctx->conf->parse;

        if (binding->mask) {
            conf = ngx_palloc(r->pool, sizeof(ngx_gw_pb_parse_conf_t));
            if (conf == NULL) {
                goto failed;
            }

            *conf = ctx->conf->parse;
            conf->mask = 1;
        }

        ctx->parser = ngx_gw_pb_parser_create(r->pool, conf,
                                              ctx->method->input,
                                              binding->body, NULL);
        if (ctx->parser == NULL) {
            goto failed;
        }

        rc = ngx_http_gw_transcode_bind(r, ctx, ctx->parser);

        if (rc != NGX_OK) {
            ngx_http_finalize_request(r, rc);
            return;
        }

        if (len && !binding->whole && binding->body == NULL) {
            rc = ngx_http_gw_transcode_refuse_text(r, ctx,
                                        NGX_HTTP_BAD_REQUEST, "body",
                                        "a body where the call takes none");
            ngx_http_finalize_request(r, rc);
            return;
        }
    }

    if (binding->raw_in) {
        rc = NGX_OK;

    } else if (len || (ctx->typed && (binding->whole || binding->body))) {
        rc = ngx_gw_pb_parser_run(ctx->parser, ctx->text.pos, len,
                                  NGX_HTTP_GW_TRANSCODE_BUDGET);

    } else {
        rc = NGX_OK;
    }

    if (rc == NGX_AGAIN) {
        ctx->event.handler = ngx_http_gw_transcode_parse_event;
        ctx->event.data = ctx;
        ctx->event.log = r->connection->log;

        r->write_event_handler = ngx_http_gw_transcode_parse_handler;

        ngx_post_event(&ctx->event, &ngx_posted_next_events);
        return;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_gw_transcode_parsed(r, ctx);

    } else {
        rc = ngx_http_gw_transcode_refuse_body(r, ctx, ctx->parser, rc);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_gw_transcode_launch(r, ctx);
    }

    ngx_http_finalize_request(r, rc);
    return;

failed:

    ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
}


/* whoever has taken the request away meanwhile has put in another handler */

static void
ngx_http_gw_transcode_parse_event(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_http_request_t           *r;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_gw_transcode_parse_handler(ngx_http_request_t *r)
{
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_transcode_module);

    /* woken by something else, like the client's connection */

    if (ctx->event.posted) {
        return;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_gw_transcode_parse(r, ctx);
}


/* the message is there: it gets what is not JSON, and its frame */

static ngx_int_t
ngx_http_gw_transcode_parsed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_int_t     rc;
    ngx_chain_t  *tail;

    tail = NULL;
    rc = NGX_OK;

    if (ctx->binding->raw_in) {
        rc = ngx_http_gw_transcode_raw(r, ctx, &tail);

    } else if (ctx->binding->mask && !ctx->mask_given) {
        rc = ngx_http_gw_transcode_mask(r, ctx, &tail);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_gw_transcode_frame(r, ctx, ctx->parser, tail, &ctx->out);

    if (rc != NGX_OK) {
        return rc;
    }

    /* the text is of no more use, unless it is what is sent */

    if (ctx->text.start && !ctx->binding->raw_in && !ctx->kept) {
        (void) ngx_pfree(r->pool, ctx->text.start);
        ngx_memzero(&ctx->text, sizeof(ngx_buf_t));
    }

    return NGX_OK;
}


/* google.api.HttpBody: content_type = 1, data = 2; the data is not copied */

static ngx_int_t
ngx_http_gw_transcode_raw(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **tail)
{
    size_t              len, size;
    u_char             *p, *head;
    ngx_str_t           type;
    ngx_uint_t          i;
    ngx_gw_pb_field_t  *field;

    field = ctx->binding->body;
    len = ctx->text.last - ctx->text.pos;

    ngx_str_null(&type);

    if (r->headers_in.content_type) {
        type = r->headers_in.content_type->value;
    }

    for (i = 0; i < type.len; i++) {
        if (type.data[i] >= 0x80) {
            return ngx_http_gw_transcode_refuse_text(r, ctx,
                                         NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                         "type", "a malformed Content-Type");
        }
    }

    size = 0;

    if (type.len) {
        size += 1 + ngx_gw_pb_varint_len(type.len) + type.len;
    }

    if (len) {
        size += 1 + ngx_gw_pb_varint_len(len);
    }

    head = ngx_pnalloc(r->pool, 5 + 10 + size);
    if (head == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = head;

    if (field) {
        p = ngx_cpymem(p, field->tag, field->ntag);
        p = ngx_gw_pb_write_varint(p, size + len);
    }

    if (type.len) {
        *p++ = (1 << 3) | NGX_GW_PB_LEN;
        p = ngx_gw_pb_write_varint(p, type.len);
        p = ngx_cpymem(p, type.data, type.len);
    }

    if (len) {
        *p++ = (2 << 3) | NGX_GW_PB_LEN;
        p = ngx_gw_pb_write_varint(p, len);
    }

    if (ngx_http_gw_transcode_link(r, &tail, head, p) != NGX_OK
        || (len && ngx_http_gw_transcode_link(r, &tail, ctx->text.pos,
                                              ctx->text.last)
                   != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_mask(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **tail)
{
    u_char             *p, *head;
    ngx_str_t           mask;
    ngx_gw_pb_field_t  *field;

    field = ctx->binding->mask;

    if (ngx_gw_pb_parser_mask(ctx->parser, &mask) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    head = ngx_pnalloc(r->pool, 5 + 10 + mask.len);
    if (head == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(head, field->tag, field->ntag);
    p = ngx_gw_pb_write_varint(p, mask.len);

    if (mask.len) {
        p = ngx_cpymem(p, mask.data, mask.len);
    }

    if (ngx_http_gw_transcode_link(r, &tail, head, p) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


/* appends a buffer; start is where nginx begins again for another server */

static ngx_int_t
ngx_http_gw_transcode_link(ngx_http_request_t *r, ngx_chain_t ***ll,
    u_char *p, u_char *last)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (p == last) {
        return NGX_OK;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    b->start = p;
    b->pos = p;
    b->last = last;
    b->end = last;
    b->temporary = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_gw_transcode_module;

    cl->buf = b;
    cl->next = NULL;

    **ll = cl;
    *ll = &cl->next;

    return NGX_OK;
}


/*
 * grpc_pass writes the number of the stream into its header if it sends it over
 * a connection that was kept, and leaves it there when the next server is sent
 * it over a new one, whose first stream is 1.
 */

void
ngx_http_gw_transcode_again(ngx_http_request_t *r)
{
    u_char     *p;
    ngx_buf_t  *b;

    if (r->upstream->request_bufs == NULL) {
        return;
    }

    b = r->upstream->request_bufs->buf;

    /* frames behind the preface of a connection; those of it have stream 0 */

    for (p = b->start + sizeof("PRI * HTTP/2.0" CRLF CRLF "SM" CRLF CRLF) - 1;
         b->last - p >= 9;
         p += 9 + (p[0] << 16) + (p[1] << 8) + p[2])
    {
        if (p[5] | p[6] | p[7] | p[8]) {
            p[5] = 0;
            p[6] = 0;
            p[7] = 0;
            p[8] = 1;
        }
    }
}


ngx_int_t
ngx_http_gw_transcode_frame(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser,
    ngx_chain_t *tail, ngx_chain_t **out)
{
    size_t        len;
    ngx_int_t     rc;
    ngx_str_t     wire;
    ngx_chain_t  *cl;

    rc = ngx_gw_pb_parser_finish(parser, &wire);

    if (rc != NGX_OK) {
        return ngx_http_gw_transcode_refuse_body(r, ctx, parser, rc);
    }

    len = wire.len;

    for (cl = tail; cl; cl = cl->next) {
        len += cl->buf->last - cl->buf->pos;
    }

    ngx_gw_grpc_write_head(wire.data - NGX_GW_GRPC_HEAD, len);

    if (ngx_http_gw_transcode_link(r, &out, wire.data - NGX_GW_GRPC_HEAD,
                                   wire.data + wire.len)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *out = tail;

    return NGX_OK;
}


/* the status of what a parser did not take */

static ngx_int_t
ngx_http_gw_transcode_refuse_body(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser, ngx_int_t rc)
{
    switch (rc) {

    case NGX_DECLINED:
        return ngx_http_gw_transcode_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                            "body",
                                            ngx_gw_pb_parser_error(parser));

    case NGX_ABORT:
        return ngx_http_gw_transcode_refuse(r, ctx,
                                            NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                            "size",
                                            ngx_gw_pb_parser_error(parser));

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}
