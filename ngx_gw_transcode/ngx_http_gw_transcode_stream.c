
/*
 * Bodies that are sent on as they come: elements of a JSON array or lines, each
 * a message, and base64 of gRPC-Web.
 *
 * While the service is slow nothing more is taken from the client's buffers, so
 * that nginx stops to read into them.  The memory of what was sent is used
 * again when all of it has gone.
 */


#include "ngx_http_gw_transcode.h"


static ngx_int_t ngx_http_gw_transcode_pieces(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char *p, u_char *last, off_t max,
    ngx_chain_t ***ll);
static ngx_int_t ngx_http_gw_transcode_pool(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_add_pending(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in);
static void ngx_http_gw_transcode_go_on(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_piece(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char **pos, u_char *last,
    ngx_chain_t ***ll);
static ngx_int_t ngx_http_gw_transcode_input_end(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t ***ll);
static ngx_int_t ngx_http_gw_transcode_element(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_str_t *element, ngx_chain_t ***ll);
static ngx_int_t ngx_http_gw_transcode_decode(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char *p, u_char *last,
    ngx_chain_t ***ll);
static ngx_int_t ngx_http_gw_transcode_chunk(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char *p, u_char *last,
    ngx_chain_t ***ll);
static ngx_chain_t *ngx_http_gw_transcode_buf(ngx_http_gw_transcode_ctx_t *ctx,
    u_char *p, u_char *last);
static ngx_int_t ngx_http_gw_transcode_malformed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_int_t rc, const char *error);


ngx_int_t
ngx_http_gw_transcode_convert(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    off_t         pos, size, max;
    u_char       *buf;
    ssize_t       n;
    ngx_buf_t    *b;
    ngx_int_t     rc;
    ngx_chain_t  *cl, *body, **ll;

    if (ngx_http_gw_transcode_pool(r, ctx) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body = r->request_body ? r->request_body->bufs : NULL;
    max = ctx->conf->max_request;

    for (cl = body; cl; cl = cl->next) {
        max += ngx_buf_special(cl->buf) ? 0 : 2 * ngx_buf_size(cl->buf);
    }

    /* nginx may send it to another server: it stays until the end */

    ctx->out = NULL;
    ll = &ctx->out;

    buf = NULL;

    for (cl = body; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_special(b)) {
            continue;
        }

        if (ngx_buf_in_memory(b)) {
            rc = ngx_http_gw_transcode_pieces(r, ctx, b->pos, b->last, max,
                                              &ll);

            if (rc != NGX_OK) {
                return rc;
            }

            continue;
        }

        /* of a subrequest, whose main request was read to a file */

        if (buf == NULL) {
            buf = ngx_palloc(r->pool, 65536);
            if (buf == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        for (pos = b->file_pos; pos < b->file_last; pos += n) {
            size = ngx_min(b->file_last - pos, 65536);

            n = ngx_read_file(b->file, buf, (size_t) size, pos);

            if (n <= 0) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            rc = ngx_http_gw_transcode_pieces(r, ctx, buf, buf + n, max, &ll);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    rc = ngx_http_gw_transcode_pieces(r, ctx, NULL, NULL, max, &ll);

    *ll = NULL;

    return rc;
}


/*
 * All that is made of a part of the body, together; its end if there is none.
 * Parsers and pieces are gone then.  What the URL gives each element may make
 * it longer than the text, but not beyond bounds.
 */

static ngx_int_t
ngx_http_gw_transcode_pieces(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char *p, u_char *last, off_t max,
    ngx_chain_t ***ll)
{
    size_t        len;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, *piece, **next;

    do {
        next = &piece;

        rc = p ? ngx_http_gw_transcode_piece(r, ctx, &p, last, &next)
               : ngx_http_gw_transcode_input_end(r, ctx, &next);

        *next = NULL;

        if (rc != NGX_OK && rc != NGX_AGAIN) {
            return rc;
        }

        len = 0;

        for (cl = piece; cl; cl = cl->next) {
            len += cl->buf->last - cl->buf->pos;
        }

        ctx->made += len;

        if (ctx->made > max) {
            return ngx_http_gw_transcode_refuse_text(r, ctx,
                                   NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "size",
                                   "the messages are longer than is admitted");
        }

        if (len) {
            b = ngx_create_temp_buf(r->pool, len);
            cl = ngx_alloc_chain_link(r->pool);

            if (b == NULL || cl == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            b->tag = (ngx_buf_tag_t) &ngx_http_gw_transcode_module;

            cl->buf = b;
            cl->next = NULL;

            **ll = cl;
            *ll = &cl->next;

            for (cl = piece; cl; cl = cl->next) {
                b->last = ngx_cpymem(b->last, cl->buf->pos,
                                     cl->buf->last - cl->buf->pos);
            }
        }

        ngx_reset_pool(ctx->pool);

    } while (rc == NGX_AGAIN);

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_transcode_output(void *data, ngx_chain_t *in)
{
    ngx_http_request_t *r = data;

    ngx_int_t                     rc;
    ngx_buf_t                    *b;
    ngx_chain_t                  *cl, *out, **ll;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = r->upstream->input_filter_ctx;

    out = NULL;
    ll = &out;

    if (!ctx->head_written && in) {

        /* grpc_pass's own, the header of the request */

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = in->buf;
        cl->next = NULL;

        *ll = cl;
        ll = &cl->next;

        ctx->head_written = 1;
        in = in->next;
    }

    if (ngx_http_gw_transcode_add_pending(r, ctx, in) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->waits && !r->upstream->peer.connection->write->posted) {
        ctx->waits = 0;
        ctx->spent = 0;
    }

    for ( ;; ) {

        while (!ctx->blocked && !ctx->waits && ctx->pending) {
            cl = ctx->pending;
            b = cl->buf;

            if (ctx->refused == 0 && !ngx_buf_special(b)) {

                rc = ngx_http_gw_transcode_piece(r, ctx, &b->pos, b->last,
                                                 &ll);
                if (rc == NGX_AGAIN) {
                    break;
                }

                if (rc != NGX_OK) {
                    ngx_http_gw_transcode_abort(r, ctx, rc);
                }
            }

            b->pos = b->last;

            if (b->last_buf && ctx->refused == 0) {
                rc = ngx_http_gw_transcode_input_end(r, ctx, &ll);
                if (rc != NGX_OK) {
                    ngx_http_gw_transcode_abort(r, ctx, rc);
                }
            }

            ctx->pending = cl->next;
            ngx_free_chain(r->pool, cl);

            if (out) {
                break;
            }
        }

        *ll = NULL;

        rc = ctx->output_filter(r, out);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        ctx->blocked = (rc == NGX_AGAIN);

        if (rc == NGX_OK && ctx->pool) {
            ngx_reset_pool(ctx->pool);
        }

        out = NULL;
        ll = &out;

        if (ctx->blocked || ctx->waits || ctx->pending == NULL) {
            break;
        }

        if (ctx->spent >= NGX_HTTP_GW_TRANSCODE_BUDGET) {
            ngx_http_gw_transcode_go_on(r, ctx);
            break;
        }
    }

    return ctx->pending ? NGX_AGAIN : rc;
}


/* in the next turn of the event loop, as if the service could be written to */

static void
ngx_http_gw_transcode_go_on(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_event_t  *wev;

    wev = r->upstream->peer.connection->write;

    ngx_post_event(wev, &ngx_posted_next_events);

    ctx->waits = 1;
}


/* of what is made of the body */

static ngx_int_t
ngx_http_gw_transcode_pool(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_pool_cleanup_t  *cln;

    if (ctx->pool) {
        return NGX_OK;
    }

    ctx->pool = ngx_create_pool(4096, r->connection->log);
    if (ctx->pool == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        ngx_destroy_pool(ctx->pool);
        ctx->pool = NULL;
        return NGX_ERROR;
    }

    cln->handler = (ngx_pool_cleanup_pt) ngx_destroy_pool;
    cln->data = ctx->pool;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_add_pending(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_chain_t  *cl, **ll;

    if (ngx_http_gw_transcode_pool(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    for (ll = &ctx->pending; *ll; ll = &(*ll)->next) { /* void */ }

    for ( /* void */ ; in; in = in->next) {

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = in->buf;
        cl->next = NULL;

        *ll = cl;
        ll = &cl->next;
    }

    return NGX_OK;
}


/*
 * Makes messages of what is between *pos and last.  NGX_OK; NGX_AGAIN: those
 * that there are now are to be sent before more are made, for an element of two
 * bytes may be a message of thousands; or a status: refused.
 */

static ngx_int_t
ngx_http_gw_transcode_piece(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char **pos, u_char *last,
    ngx_chain_t ***ll)
{
    size_t       limit;
    ngx_int_t    rc;
    ngx_str_t    element;
    const char  *error;

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {
        return ngx_http_gw_transcode_decode(r, ctx, *pos, last, ll);
    }

    if (ctx->binding->raw_in) {
        return ngx_http_gw_transcode_chunk(r, ctx, *pos, last, ll);
    }

    limit = ctx->spent + NGX_HTTP_GW_TRANSCODE_BUDGET / 4;

    if (ctx->splitter == NULL) {
        ctx->splitter = ngx_gw_splitter_create(r->pool, ctx->lines,
                                               ctx->conf->max_request);
        if (ctx->splitter == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    for ( ;; ) {
        rc = ngx_gw_splitter_take(ctx->splitter, pos, last, &element, &error);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc != NGX_OK) {
            return ngx_http_gw_transcode_malformed(r, ctx, rc, error);
        }

        rc = ngx_http_gw_transcode_element(r, ctx, &element, ll);

        if (rc != NGX_OK) {
            return rc;
        }

        /* what the URL gives is read anew, and a parser is made */

        ctx->spent += element.len + 4 * r->args.len + 1024;

        if (ctx->spent >= limit) {
            return NGX_AGAIN;
        }
    }
}


static ngx_int_t
ngx_http_gw_transcode_input_end(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t ***ll)
{
    ngx_int_t     rc;
    ngx_str_t     element;
    const char   *error;
    ngx_chain_t  *cl;

    if (ctx->splitter) {
        rc = ngx_gw_splitter_end(ctx->splitter, &element, &error);

        if (rc == NGX_OK) {
            rc = ngx_http_gw_transcode_element(r, ctx, &element, ll);

            if (rc != NGX_OK) {
                return rc;
            }

        } else if (rc != NGX_DONE) {
            return ngx_http_gw_transcode_malformed(r, ctx, rc, error);
        }
    }

    if (ctx->base64 && !ngx_gw_base64_whole(ctx->base64)) {
        return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_REQUEST,
                                               "body", "base64 that is cut");
    }

    if (!r->request_body_no_buffering) {

        /* grpc_pass marks the last buffer itself */

        return NGX_OK;
    }

    cl = ngx_http_gw_transcode_buf(ctx, NULL, NULL);
    if (cl == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cl->buf->temporary = 0;
    cl->buf->last_buf = 1;

    **ll = cl;
    *ll = &cl->next;

    return NGX_OK;
}


/* an element: fields of the path and the query are given to each of them */

static ngx_int_t
ngx_http_gw_transcode_element(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_str_t *element, ngx_chain_t ***ll)
{
    size_t               cut;
    u_char              *p;
    ngx_int_t            rc;
    ngx_str_t            wire, text;
    ngx_chain_t         *cl;
    const ngx_str_t     *error;
    ngx_gw_pb_parser_t  *parser;

    parser = ngx_gw_pb_parser_create(ctx->pool, &ctx->conf->parse,
                                     ctx->method->input, ctx->binding->body,
                                     NULL);
    if (parser == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_gw_transcode_bind(r, ctx, parser);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_gw_pb_parser_run(parser, element->data, element->len,
                              element->len + 1);

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_parser_finish(parser, &wire);
    }

    if (rc == NGX_OK) {
        p = wire.data - NGX_GW_GRPC_HEAD;

        ngx_gw_grpc_write_head(p, wire.len);

        cl = ngx_http_gw_transcode_buf(ctx, p, wire.data + wire.len);
        if (cl == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        **ll = cl;
        *ll = &cl->next;

        return NGX_OK;
    }

    if (rc != NGX_DECLINED && rc != NGX_ABORT) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* which one it was */

    error = ngx_gw_pb_parser_error(parser);
    cut = ngx_min(error->len, 512);

    text.data = ngx_pnalloc(r->pool, sizeof("element : ") + NGX_INT_T_LEN
                                     + cut);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    text.len = ngx_sprintf(text.data, "element %ui: %*s",
                           ngx_gw_splitter_count(ctx->splitter) - 1, cut,
                           error->data)
               - text.data;

    return ngx_http_gw_transcode_refuse(r, ctx,
                                        rc == NGX_DECLINED
                                        ? NGX_HTTP_BAD_REQUEST
                                        : NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                        rc == NGX_DECLINED ? "body" : "size",
                                        &text);
}


/* gRPC-Web in base64 */

static ngx_int_t
ngx_http_gw_transcode_decode(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char *p, u_char *last,
    ngx_chain_t ***ll)
{
    u_char       *dst, *end;
    ngx_chain_t  *cl;

    if (ctx->base64 == NULL) {
        ctx->base64 = ngx_gw_base64_create(r->pool);
        if (ctx->base64 == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    dst = ngx_pnalloc(ctx->pool, last - p + 3);
    if (dst == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    end = ngx_gw_base64_decode(ctx->base64, dst, p, last - p);
    if (end == NULL) {
        return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_REQUEST,
                                             "body", "base64 that is none");
    }

    if (end == dst) {
        return NGX_OK;
    }

    cl = ngx_http_gw_transcode_buf(ctx, dst, end);
    if (cl == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    **ll = cl;
    *ll = &cl->next;

    return NGX_OK;
}


/* a stream of HttpBody: each piece is the data of a message */

static ngx_int_t
ngx_http_gw_transcode_chunk(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, u_char *p, u_char *last,
    ngx_chain_t ***ll)
{
    size_t        len, size;
    u_char       *head, *dst;
    ngx_str_t     type;
    ngx_chain_t  *cl;

    ngx_str_null(&type);

    if (!ctx->chunked && r->headers_in.content_type) {
        type = r->headers_in.content_type->value;
    }

    ctx->chunked = 1;

    len = last - p;
    size = 1 + ngx_gw_pb_varint_len(len) + len;

    if (type.len) {
        size += 1 + ngx_gw_pb_varint_len(type.len) + type.len;
    }

    head = ngx_pnalloc(ctx->pool, NGX_GW_GRPC_HEAD + size);
    if (head == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_gw_grpc_write_head(head, size);
    dst = head + NGX_GW_GRPC_HEAD;

    if (type.len) {
        *dst++ = (1 << 3) | NGX_GW_PB_LEN;
        dst = ngx_gw_pb_write_varint(dst, type.len);
        dst = ngx_cpymem(dst, type.data, type.len);
    }

    *dst++ = (2 << 3) | NGX_GW_PB_LEN;
    dst = ngx_gw_pb_write_varint(dst, len);
    dst = ngx_cpymem(dst, p, len);

    cl = ngx_http_gw_transcode_buf(ctx, head, dst);
    if (cl == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    **ll = cl;
    *ll = &cl->next;

    return NGX_OK;
}


static ngx_chain_t *
ngx_http_gw_transcode_buf(ngx_http_gw_transcode_ctx_t *ctx, u_char *p,
    u_char *last)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_calloc_buf(ctx->pool);
    cl = ngx_alloc_chain_link(ctx->pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    b->start = p;
    b->pos = p;
    b->last = last;
    b->end = last;
    b->temporary = 1;
    b->flush = 1;
    b->tag = (ngx_buf_tag_t) &ngx_http_gw_transcode_module;

    cl->buf = b;
    cl->next = NULL;

    return cl;
}


static ngx_int_t
ngx_http_gw_transcode_malformed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_int_t rc, const char *error)
{
    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_ABORT) {
        return ngx_http_gw_transcode_refuse_text(r, ctx,
                                          NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                          "size", error);
    }

    return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_REQUEST,
                                             "body", error);
}
