
/*
 * gRPC-Web (PROTOCOL-WEB.md): gRPC for browsers, whose answers have their
 * trailers as a last frame.  Messages are not looked at.
 */


#include "ngx_http_gw_transcode.h"


static ngx_int_t ngx_http_gw_transcode_web_pool(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_web_encode(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in, ngx_chain_t **out);


/* application/grpc-web and application/grpc-web-text, each with +proto */

ngx_uint_t
ngx_http_gw_transcode_is_web(ngx_http_request_t *r)
{
    ngx_str_t  *type;

    if (r->method != NGX_HTTP_POST || r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;

    return type->len >= 20
           && ngx_strncasecmp(type->data, (u_char *) "application/grpc-web",
                              20)
              == 0
           && (type->len == 20 || type->data[20] == '+'
               || type->data[20] == '-' || type->data[20] == ';');
}


ngx_int_t
ngx_http_gw_transcode_web(ngx_http_request_t *r)
{
    ngx_str_t                    *type;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_transcode_module);
    type = &r->headers_in.content_type->value;

    ctx->kind = NGX_HTTP_GW_TRANSCODE_WEB;
    ctx->text_mode = (type->len >= 25
                      && ngx_strncasecmp(type->data + 20,
                                         (u_char *) "-text", 5)
                         == 0);

    if (type->len > 20 && type->data[20] == '-' && !ctx->text_mode) {
        return NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    return ngx_http_gw_transcode_launch(r, ctx);
}


/* the service's header is there, and is the client's but for its type */

ngx_int_t
ngx_http_gw_transcode_web_header(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    h = u->headers_in.content_type;

    if (h == NULL || h->value.len < 16
        || ngx_strncasecmp(h->value.data, (u_char *) "application/grpc", 16)
           != 0)
    {
        return NGX_OK;
    }

    ctx->grpc = 1;

    /* a status in the header: there is nothing but this header */

    if (ngx_http_gw_transcode_read_status(r, ctx, &u->headers_in.headers)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    if (ctx->trailers_read) {
        ctx->ended = 1;
    }

    if (ctx->text_mode) {
        ngx_str_set(&h->value, "application/grpc-web-text+proto");

    } else {
        ngx_str_set(&h->value, "application/grpc-web+proto");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_transcode_web_filter(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ssize_t bytes)
{
    ngx_int_t             rc;
    ngx_chain_t          *cl, *next, *before, **ll;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (ctx->text_mode && ngx_http_gw_transcode_web_pool(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    before = u->out_bufs;
    u->out_bufs = NULL;

    rc = ctx->input_filter(ctx->input_filter_ctx, bytes);

    cl = u->out_bufs;
    u->out_bufs = before;

    for (ll = &u->out_bufs; *ll; ll = &(*ll)->next) { /* void */ }

    if (ctx->text_mode && cl) {

        if (ngx_http_gw_transcode_web_encode(r, ctx, cl, ll) != NGX_OK) {
            return NGX_ERROR;
        }

        while (cl) {
            next = cl->next;
            cl->next = u->free_bufs;
            u->free_bufs = cl;
            cl = next;
        }

    } else {
        *ll = cl;
    }

    if (!ctx->grpc || ctx->ended) {
        return rc;
    }

    while (*ll) {
        ll = &(*ll)->next;
    }

    if (rc == NGX_ERROR) {

        /* told in the last frame; the connection is not used again */

        ctx->code = NGX_GW_GRPC_UNAVAILABLE;
        ngx_str_set(&ctx->message, "the service broke off in the middle");
        ctx->trailers_read = 1;

        u->length = 0;
        u->keepalive = 0;

        return ngx_http_gw_transcode_web_end(r, ctx, ll);
    }

    if (!ngx_http_gw_transcode_over(r, ctx)) {
        return rc;
    }

    if (ngx_http_gw_transcode_read_status(r, ctx, &u->headers_in.trailers)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    ctx->told = ctx->trailers_read;

    if (!ctx->trailers_read) {
        ctx->trailers_read = 1;
        ctx->code = NGX_GW_GRPC_INTERNAL;
        ngx_str_set(&ctx->message, "the service sent no status");
    }

    if (ngx_http_gw_transcode_web_end(r, ctx, ll) != NGX_OK) {
        return NGX_ERROR;
    }

    return rc;
}


/* the frame of trailers: those of the service, or the status that we say */

ngx_int_t
ngx_http_gw_transcode_web_end(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **out)
{
    u_char               *p, *frame;
    size_t                len;
    ngx_buf_t            *b;
    ngx_uint_t            i, own;
    ngx_chain_t          *cl, one;
    ngx_list_part_t      *part;
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    ctx->ended = 1;

    if (!ctx->grpc) {
        return NGX_OK;
    }

    u = r->upstream;

    /* a client that finds no status may take it for OK */

    own = !ctx->told;

    len = NGX_GW_GRPC_HEAD + sizeof("grpc-status: \r\ngrpc-message: \r\n")
          + NGX_INT_T_LEN + 3 * ctx->message.len;

    for (part = &u->headers_in.trailers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            len += h[i].key.len + h[i].value.len + sizeof(": \r\n") - 1;
        }
    }

    frame = ngx_palloc(r->pool, len);
    if (frame == NULL) {
        return NGX_ERROR;
    }

    p = frame + NGX_GW_GRPC_HEAD;

    if (own) {
        p = ngx_sprintf(p, "grpc-status: %i\r\n", ctx->code);

        if (ctx->message.len) {
            p = ngx_cpymem(p, "grpc-message: ", sizeof("grpc-message: ") - 1);
            p = ngx_gw_grpc_encode_message(p, &ctx->message);
            *p++ = CR; *p++ = LF;
        }
    }

    for (part = &u->headers_in.trailers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (own && h[i].key.len > 5
                && ngx_strncmp(h[i].key.data, "grpc-", 5) == 0)
            {
                continue;
            }

            p = ngx_cpymem(p, h[i].key.data, h[i].key.len);
            *p++ = ':'; *p++ = ' ';
            p = ngx_cpymem(p, h[i].value.data, h[i].value.len);
            *p++ = CR; *p++ = LF;
        }
    }

    ngx_gw_grpc_write_head(frame, p - frame - NGX_GW_GRPC_HEAD);
    frame[0] = 0x80;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = frame;
    b->last = p;

    one.buf = b;
    one.next = NULL;

    if (ctx->text_mode) {
        if (ctx->text_pool == NULL
            && ngx_http_gw_transcode_web_pool(r, ctx) != NGX_OK)
        {
            return NGX_ERROR;
        }

        return ngx_http_gw_transcode_web_encode(r, ctx, &one, out);
    }

    cl = ngx_chain_get_free_buf(r->pool, &u->free_bufs);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf->pos = frame;
    cl->buf->last = p;
    cl->buf->memory = 1;
    cl->buf->flush = 1;
    cl->buf->last_buf = 0;
    cl->buf->tag = u->output.tag;
    cl->next = NULL;

    *out = cl;

    return NGX_OK;
}


/* memory for base64, used again whenever all has been sent */

static ngx_int_t
ngx_http_gw_transcode_web_pool(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (ctx->text_pool) {

        if (u->busy_bufs == NULL && u->out_bufs == NULL) {
            ngx_reset_pool(ctx->text_pool);
        }

        return NGX_OK;
    }

    ctx->text_pool = ngx_create_pool(4096, r->connection->log);
    if (ctx->text_pool == NULL) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        ngx_destroy_pool(ctx->text_pool);
        ctx->text_pool = NULL;
        return NGX_ERROR;
    }

    cln->handler = (ngx_pool_cleanup_pt) ngx_destroy_pool;
    cln->data = ctx->text_pool;

    return NGX_OK;
}


/* each buffer in base64 of its own, padded, as clients take it */

static ngx_int_t
ngx_http_gw_transcode_web_encode(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in, ngx_chain_t **out)
{
    size_t                len;
    ngx_str_t             src, dst;
    ngx_chain_t          *cl;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    for ( /* void */ ; in; in = in->next) {

        src.data = in->buf->pos;
        src.len = in->buf->last - in->buf->pos;

        if (src.len == 0) {
            continue;
        }

        len = ngx_base64_encoded_length(src.len);

        dst.data = ngx_palloc(ctx->text_pool, len);
        if (dst.data == NULL) {
            return NGX_ERROR;
        }

        ngx_encode_base64(&dst, &src);

        cl = ngx_chain_get_free_buf(r->pool, &u->free_bufs);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf->pos = dst.data;
        cl->buf->last = dst.data + dst.len;
        cl->buf->memory = 1;
        cl->buf->flush = 1;
        cl->buf->last_buf = 0;
        cl->buf->tag = u->output.tag;
        cl->next = NULL;

        *out = cl;
        out = &cl->next;
    }

    return NGX_OK;
}
