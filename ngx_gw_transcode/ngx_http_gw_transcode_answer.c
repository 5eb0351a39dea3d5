
/*
 * From what the service sends to what the client gets.
 */


#include "ngx_http_gw_transcode.h"


static ngx_int_t ngx_http_gw_transcode_message(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_str_t *message,
    ngx_uint_t compressed);
static ngx_int_t ngx_http_gw_transcode_printer(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_bytes(ngx_http_gw_transcode_ctx_t *ctx,
    const char *text);
static ngx_int_t ngx_http_gw_transcode_http_body(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_str_t *message);
static ngx_int_t ngx_http_gw_transcode_bad_message(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, const ngx_str_t *error);
static ngx_int_t ngx_http_gw_transcode_lacking(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, const char *what);
static ngx_int_t ngx_http_gw_transcode_error(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_header(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, off_t length);
static ngx_table_elt_t *ngx_http_gw_transcode_add(ngx_http_request_t *r,
    const char *name, const char *value);


static ngx_str_t  ngx_http_gw_transcode_json = ngx_string("application/json");
static ngx_str_t  ngx_http_gw_transcode_ndjson =
    ngx_string("application/x-ndjson");
static ngx_str_t  ngx_http_gw_transcode_sse = ngx_string("text/event-stream");


ngx_int_t
ngx_http_gw_transcode_take(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in)
{
    u_char      *p;
    ngx_int_t    rc;
    ngx_str_t    message;
    ngx_uint_t   compressed;

    if (ctx->deframer == NULL) {
        ctx->deframer = ngx_gw_deframer_create(r->pool,
                                               ctx->conf->max_message);
        if (ctx->deframer == NULL) {
            return NGX_ERROR;
        }
    }

    for ( /* void */ ; in; in = in->next) {

        p = in->buf->pos;

        for ( ;; ) {
            rc = ngx_gw_deframer_take(ctx->deframer, &p, in->buf->last,
                                      &message, &compressed);

            if (rc == NGX_AGAIN) {
                break;
            }

            if (rc == NGX_DECLINED) {
                return ngx_http_gw_transcode_bad_message(r, ctx,
                                      ngx_gw_deframer_error(ctx->deframer));
            }

            if (rc != NGX_OK) {
                return NGX_ERROR;
            }

            rc = ngx_http_gw_transcode_message(r, ctx, &message, compressed);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_message(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_str_t *message,
    ngx_uint_t compressed)
{
    size_t        len;
    u_char       *last;
    ngx_int_t     rc;
    ngx_str_t     inflated;
    ngx_uint_t    stream;
    ngx_chain_t  *cl;

    stream = ctx->method->server_streaming;

    if (ctx->messages && !stream) {
        return ngx_http_gw_transcode_lacking(r, ctx,
                         "the service sent two messages where one was due");
    }

    if (compressed) {

        if (ctx->encoding == NULL || ctx->encoding->len != 4
            || ngx_strncmp(ctx->encoding->data, "gzip", 4) != 0)
        {
            return ngx_http_gw_transcode_lacking(r, ctx,
                         "the service's encoding of messages is not gzip");
        }

        rc = ngx_gw_deframer_inflate(ctx->deframer, message, &inflated);

        if (rc == NGX_DECLINED) {
            return ngx_http_gw_transcode_bad_message(r, ctx,
                                      ngx_gw_deframer_error(ctx->deframer));
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

        message = &inflated;
    }

    if (ngx_http_gw_transcode_printer(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->messages++;

    if (ctx->binding->raw_out) {
        return ngx_http_gw_transcode_http_body(r, ctx, message);
    }

    for (cl = ctx->body; cl && cl->next; cl = cl->next) { /* void */ }

    last = cl ? cl->buf->last : NULL;
    len = ctx->body_len;

    if (stream && ctx->form == NGX_HTTP_GW_TRANSCODE_ARRAY
        && ngx_http_gw_transcode_bytes(ctx, ctx->messages == 1 ? "[" : ",")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (stream && ctx->form == NGX_HTTP_GW_TRANSCODE_SSE
        && ngx_http_gw_transcode_bytes(ctx, "data: ") != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_gw_pb_print(ctx->printer, ctx->method->output,
                         ctx->binding->response, message->data, message->len,
                         &ctx->body, &ctx->body_len);

    if (rc == NGX_DECLINED) {

        /* what stands before it goes with it */

        if (cl) {
            cl->next = NULL;
            cl->buf->last = last;

        } else {
            ctx->body = NULL;
        }

        ctx->body_len = len;
        ctx->messages--;

        return ngx_http_gw_transcode_bad_message(r, ctx,
                                      ngx_gw_pb_printer_error(ctx->printer));
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (!stream || ctx->form == NGX_HTTP_GW_TRANSCODE_ARRAY) {
        return NGX_OK;
    }

    return ngx_http_gw_transcode_bytes(ctx,
                         ctx->form == NGX_HTTP_GW_TRANSCODE_SSE ? "\n\n"
                                                                : "\n");
}


static ngx_int_t
ngx_http_gw_transcode_printer(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_gw_pb_print_conf_t  *conf;

    if (ctx->printer) {
        return NGX_OK;
    }

    conf = &ctx->conf->printing;

    if (conf->indent && ctx->method && ctx->method->server_streaming
        && ctx->form != NGX_HTTP_GW_TRANSCODE_ARRAY)
    {
        /* a message is a line there */

        conf = ngx_palloc(r->pool, sizeof(ngx_gw_pb_print_conf_t));
        if (conf == NULL) {
            return NGX_ERROR;
        }

        *conf = ctx->conf->printing;
        conf->indent = 0;
    }

    ctx->printer = ngx_gw_pb_printer_create(r->pool, conf);

    return ctx->printer ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_gw_transcode_bytes(ngx_http_gw_transcode_ctx_t *ctx, const char *text)
{
    return ngx_gw_pb_print_bytes(ctx->printer, (u_char *) text,
                                 ngx_strlen(text), &ctx->body, &ctx->body_len);
}


/* google.api.HttpBody: content_type = 1, data = 2 */

static ngx_int_t
ngx_http_gw_transcode_http_body(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_str_t *message)
{
    uint64_t       tag, len;
    uint32_t       wanted, number;
    ngx_str_t      value, type, body;
    ngx_uint_t     level;
    const u_char  *p, *end, *next;

    static ngx_str_t  malformed = ngx_string("a malformed HttpBody");

    level = ctx->binding->response ? 0 : 1;

    ngx_str_null(&type);
    ngx_str_null(&body);

    wanted = ctx->binding->response ? ctx->binding->response->number : 0;

    value = *message;

again:

    p = value.data;
    end = p + value.len;

    while (p < end) {

        p = ngx_gw_pb_read_varint(p, end, &tag);

        if (p == NULL || tag > NGX_MAX_UINT32_VALUE) {
            return ngx_http_gw_transcode_bad_message(r, ctx, &malformed);
        }

        if ((tag & 7) != NGX_GW_PB_LEN) {
            p = ngx_gw_pb_skip(p, end, (uint32_t) tag);

            if (p == NULL) {
                return ngx_http_gw_transcode_bad_message(r, ctx, &malformed);
            }

            continue;
        }

        next = ngx_gw_pb_read_varint(p, end, &len);

        if (next == NULL || len > (uint64_t) (end - next)) {
            return ngx_http_gw_transcode_bad_message(r, ctx, &malformed);
        }

        number = (uint32_t) (tag >> 3);
        p = next + len;

        if (level == 0) {
            if (number == wanted) {
                value.data = (u_char *) next;
                value.len = (size_t) len;
                level = 1;
                goto again;
            }

        } else if (number == 1) {
            type.data = (u_char *) next;
            type.len = (size_t) len;

        } else if (number == 2) {
            body.data = (u_char *) next;
            body.len = (size_t) len;
        }
    }

    if (ctx->messages == 1 && type.len) {

        for (len = 0; len < type.len; len++) {
            if (type.data[len] < 0x20 || type.data[len] >= 0x7f) {
                return ngx_http_gw_transcode_bad_message(r, ctx, &malformed);
            }
        }

        /* nginx looks for its charset as far as the next NUL */

        ctx->type.data = ngx_pnalloc(r->pool, type.len + 1);
        if (ctx->type.data == NULL) {
            return NGX_ERROR;
        }

        (void) ngx_cpystrn(ctx->type.data, type.data, type.len + 1);
        ctx->type.len = type.len;
    }

    return ngx_gw_pb_print_bytes(ctx->printer, body.data, body.len,
                                 &ctx->body, &ctx->body_len);
}


/* the service's fault, in a text that may come from its bytes */

static ngx_int_t
ngx_http_gw_transcode_bad_message(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, const ngx_str_t *error)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "upstream sent a message that cannot be transcoded: %V",
                  error);

    (void) ngx_http_gw_transcode_refuse(r, ctx, NGX_HTTP_BAD_GATEWAY,
                                        "message", error);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_gw_transcode_lacking(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, const char *what)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "gw transcode: call of \"%V\": %s", &ctx->method->path,
                  what);

    (void) ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_GATEWAY,
                                             "protocol", what);

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_gw_transcode_read_status(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_list_t *fields)
{
    ngx_int_t         code;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &fields->part;
    h = part->elts;

    for (i = 0; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len < sizeof("grpc-status") - 1
            || ngx_strncmp(h[i].key.data, "grpc-", 5) != 0)
        {
            continue;
        }

        if (h[i].key.len == 11
            && ngx_strncmp(h[i].key.data, "grpc-status", 11) == 0)
        {
            code = ngx_atoi(h[i].value.data, h[i].value.len);

            ctx->code = (code < 0 || code > 0xffff) ? NGX_GW_GRPC_UNKNOWN
                                                    : code;
            ctx->trailers_read = 1;

        } else if (h[i].key.len == 12
                   && ngx_strncmp(h[i].key.data, "grpc-message", 12) == 0)
        {
            ctx->message.data = ngx_pnalloc(r->pool, h[i].value.len + 1);
            if (ctx->message.data == NULL) {
                return NGX_ERROR;
            }

            ctx->message.len = ngx_gw_grpc_decode_message(ctx->message.data,
                                                          &h[i].value)
                               - ctx->message.data;

        } else if (h[i].key.len == 23
                   && ngx_strncmp(h[i].key.data, "grpc-status-details-bin", 23)
                      == 0)
        {
            if (ngx_gw_grpc_decode_bin(r->pool, &h[i].value, &ctx->details)
                == NGX_ERROR)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_transcode_answer(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t over)
{
    off_t       length;
    ngx_str_t  *type;

    if (over) {

        if (!ctx->trailers_read) {
            return ngx_http_gw_transcode_lacking(r, ctx,
                                          "the service sent no status");
        }

        if (ctx->code != NGX_GW_GRPC_OK
            && (ctx->messages == 0 || !ctx->method->server_streaming))
        {
            return ngx_http_gw_transcode_error(r, ctx);
        }

        if (ctx->code == NGX_GW_GRPC_OK) {

            if (ctx->messages == 0 && !ctx->method->server_streaming) {
                return ngx_http_gw_transcode_lacking(r, ctx,
                                             "the service sent no message");
            }

            if (ctx->deframer && ngx_gw_deframer_partial(ctx->deframer)) {
                return ngx_http_gw_transcode_lacking(r, ctx,
                                   "the service broke off in a message");
            }
        }
    }

    length = -1;

    if (over && !(ctx->binding->raw_out && ctx->code != NGX_GW_GRPC_OK)) {

        if (ctx->method->server_streaming) {

            if (ngx_http_gw_transcode_end(r, ctx) != NGX_OK) {
                return NGX_ERROR;
            }

        } else {
            ctx->ended = 1;
        }

        length = ctx->body_len;
    }

    type = &ngx_http_gw_transcode_json;

    if (ctx->binding->raw_out) {

        if (ctx->type.len == 0) {
            ngx_str_set(&ctx->type, "application/octet-stream");
        }

        type = &ctx->type;

    } else if (ctx->method->server_streaming) {

        if (ctx->form == NGX_HTTP_GW_TRANSCODE_NDJSON) {
            type = &ngx_http_gw_transcode_ndjson;

        } else if (ctx->form == NGX_HTTP_GW_TRANSCODE_SSE) {
            type = &ngx_http_gw_transcode_sse;
        }
    }

    if (ngx_http_gw_transcode_response_fields(r, ctx) != NGX_OK
        || ngx_http_gw_transcode_header(r, NGX_HTTP_OK, type, length)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (type == &ngx_http_gw_transcode_sse
        && ngx_http_gw_transcode_add(r, "Cache-Control", "no-cache") == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the call has failed before there was anything to send */

static ngx_int_t
ngx_http_gw_transcode_error(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_uint_t            status;
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    status = ngx_gw_grpc_http_status(ctx->code);

    if (ngx_http_gw_transcode_printer(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ctx->body = NULL;
    ctx->body_len = 0;
    ctx->ended = 1;

    if (ngx_gw_pb_print_status(ctx->printer, ctx->code, &ctx->message,
                               &ctx->details, &ctx->body, &ctx->body_len)
        != NGX_OK
        || ngx_http_gw_transcode_response_fields(r, ctx) != NGX_OK
        || ngx_http_gw_transcode_header(r, status,
                                        &ngx_http_gw_transcode_json,
                                        ctx->body_len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (status == NGX_HTTP_UNAUTHORIZED
        && u->headers_in.www_authenticate == NULL)
    {
        h = ngx_http_gw_transcode_add(r, "WWW-Authenticate", "Bearer");
        if (h == NULL) {
            return NGX_ERROR;
        }

        u->headers_in.www_authenticate = h;
    }

    return NGX_OK;
}


/* what nginx is to see in place of the service's header */

static ngx_int_t
ngx_http_gw_transcode_header(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, off_t length)
{
    ngx_table_elt_t      *h;
    ngx_http_upstream_t  *u;

    u = r->upstream;

    u->headers_in.status_n = status;
    ngx_str_null(&u->headers_in.status_line);

    h = u->headers_in.content_type;

    if (h == NULL) {
        h = ngx_http_gw_transcode_add(r, "Content-Type", "");
        if (h == NULL) {
            return NGX_ERROR;
        }
    }

    h->hash = ngx_hash_key((u_char *) "content-type", 12);
    h->value = *type;

    u->headers_in.content_length_n = length;

    if (u->headers_in.content_length) {
        u->headers_in.content_length->hash = 0;
    }

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_gw_transcode_add(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->upstream->headers_in.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    h->lowcase_key = ngx_pnalloc(r->pool, h->key.len);
    if (h->lowcase_key == NULL) {
        return NULL;
    }

    ngx_strlow(h->lowcase_key, h->key.data, h->key.len);
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);

    return h;
}


ngx_int_t
ngx_http_gw_transcode_end(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    const char  *before, *after;

    ctx->ended = 1;

    if (ctx->binding->raw_out) {
        return NGX_OK;
    }

    if (ngx_http_gw_transcode_printer(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->code == NGX_GW_GRPC_OK && ctx->deframer
        && ngx_gw_deframer_partial(ctx->deframer))
    {
        ctx->code = NGX_GW_GRPC_INTERNAL;
        ngx_str_set(&ctx->message, "the service broke off in a message");
    }

    if (ctx->code == NGX_GW_GRPC_OK) {

        if (ctx->form != NGX_HTTP_GW_TRANSCODE_ARRAY) {
            return NGX_OK;
        }

        return ngx_http_gw_transcode_bytes(ctx, ctx->messages ? "]" : "[]");
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "gw transcode: stream of \"%V\" failed with %i behind %ui "
                  "messages", &ctx->method->path, ctx->code, ctx->messages);

    switch (ctx->form) {

    case NGX_HTTP_GW_TRANSCODE_NDJSON:
        before = "{\"error\":";
        after = "}\n";
        break;

    case NGX_HTTP_GW_TRANSCODE_SSE:
        before = "event: error\ndata: {\"error\":";
        after = "}\n\n";
        break;

    default:
        before = ctx->messages ? ",{\"error\":" : "[{\"error\":";
        after = "}]";
        break;
    }

    if (ngx_http_gw_transcode_bytes(ctx, before) != NGX_OK
        || ngx_gw_pb_print_status(ctx->printer, ctx->code, &ctx->message,
                                  &ctx->details, &ctx->body, &ctx->body_len)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_gw_transcode_bytes(ctx, after);
}


/*
 * nginx counts its own buffers to know what is on the way to the client: ours
 * are behind some of those.  When none is, all that was printed has been sent,
 * and its memory is printed into again.
 */

ngx_int_t
ngx_http_gw_transcode_hand_out(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **ll)
{
    ngx_buf_t            *b;
    ngx_chain_t          *cl, *printed, **last;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    printed = ctx->body;
    ctx->body = NULL;
    ctx->body_len = 0;

    for (cl = printed; cl; cl = cl->next) {

        if (cl->buf->pos == cl->buf->last) {
            continue;
        }

        *ll = ngx_chain_get_free_buf(r->pool, &u->free_bufs);
        if (*ll == NULL) {
            return NGX_ERROR;
        }

        b = (*ll)->buf;
        b->pos = cl->buf->pos;
        b->last = cl->buf->last;
        b->memory = 1;
        b->flush = 1;
        b->last_buf = 0;
        b->tag = u->output.tag;

        ll = &(*ll)->next;
    }

    *ll = NULL;

    for (last = &ctx->recycled; *last; last = &(*last)->next) { /* void */ }

    *last = printed;

    return NGX_OK;
}
