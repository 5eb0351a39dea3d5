
/*
 * The content handler: which call a request is, and in which form its client
 * speaks and listens.
 */


#include "ngx_http_gw_transcode.h"


static ngx_uint_t ngx_http_gw_transcode_is_grpc(ngx_http_request_t *r);
static ngx_http_gw_transcode_ctx_t *ngx_http_gw_transcode_create_ctx(
    ngx_http_request_t *r, ngx_http_gw_transcode_loc_conf_t *conf);
static void ngx_http_gw_transcode_cleanup(void *data);
static ngx_int_t ngx_http_gw_transcode_match(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_content_type(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_uint_t ngx_http_gw_transcode_has_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_transcode_accept(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_accepted(ngx_http_request_t *r,
    ngx_str_t *value);
static ngx_uint_t ngx_http_gw_transcode_quality(ngx_str_t *accept,
    const char *type, const char *subtype, ngx_uint_t *exact);
static u_char *ngx_http_gw_transcode_item(u_char *p, u_char *last);
static ngx_int_t ngx_http_gw_transcode_timeout(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);


ngx_int_t
ngx_http_gw_transcode_handler(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_http_gw_transcode_ctx_t       *ctx;
    ngx_http_gw_transcode_loc_conf_t  *tlcf;

    tlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_transcode_module);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "gw transcode handler, routes: %p", tlcf->routes);

    if (tlcf->web && ngx_http_gw_transcode_is_web(r)) {

        ctx = ngx_http_gw_transcode_create_ctx(r, tlcf);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_gw_transcode_web(r);
    }

    if (tlcf->services == NULL || ngx_http_gw_transcode_is_grpc(r)) {
        return tlcf->grpc(r);
    }

    ctx = ngx_http_gw_transcode_create_ctx(r, tlcf);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_gw_transcode_match(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_gw_transcode_content_type(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_gw_transcode_accept(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_gw_transcode_timeout(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_gw_transcode_read_body(r, ctx);
}


/* native gRPC: application/grpc, application/grpc+proto, ... */

static ngx_uint_t
ngx_http_gw_transcode_is_grpc(ngx_http_request_t *r)
{
    ngx_str_t  *type;

    if (r->headers_in.content_type == NULL) {
        return 0;
    }

    type = &r->headers_in.content_type->value;

    return type->len >= 16
           && ngx_strncasecmp(type->data, (u_char *) "application/grpc", 16)
              == 0
           && (type->len == 16 || type->data[16] == '+'
               || type->data[16] == ';' || type->data[16] == ' ');
}


static ngx_http_gw_transcode_ctx_t *
ngx_http_gw_transcode_create_ctx(ngx_http_request_t *r,
    ngx_http_gw_transcode_loc_conf_t *conf)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_gw_transcode_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_gw_transcode_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_gw_transcode_ctx_t));

    cln->handler = ngx_http_gw_transcode_cleanup;

    ctx->request = r;
    ctx->conf = conf;
    ctx->code = -1;
    ctx->keepalive = r->keepalive;

    ngx_http_set_ctx(r, ctx, ngx_http_gw_transcode_module);

    return ctx;
}


static void
ngx_http_gw_transcode_cleanup(void *data)
{
    ngx_http_gw_transcode_ctx_t *ctx = data;

    if (ctx->event.posted) {
        ngx_delete_posted_event(&ctx->event);
    }

    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }
}


/* an internal redirect clears the ctx, but not the pool's cleanups */

ngx_http_gw_transcode_ctx_t *
ngx_http_gw_transcode_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t           *cln;
    ngx_http_gw_transcode_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_transcode_module);

    if (ctx || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_gw_transcode_cleanup) {
            continue;
        }

        ctx = cln->data;

        /* subrequests have the pool of their main request */

        if (ctx->request == r) {
            return ctx;
        }
    }

    return NULL;
}


/*
 * The raw path is what templates are about: nginx decodes "%2F" and merges
 * slashes.  After a rewrite, and in subrequests, there is none.
 */

static ngx_int_t
ngx_http_gw_transcode_match(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    u_char                             *p;
    ngx_int_t                           rc;
    ngx_str_t                           path, allow, method;
    ngx_uint_t                          raw;
    ngx_http_gw_transcode_loc_conf_t   *tlcf;

    tlcf = ctx->conf;

    raw = r->valid_unparsed_uri && r->unparsed_uri.len
          && r->unparsed_uri.data[0] == '/';

    path = raw ? r->unparsed_uri : r->uri;

    if (raw) {
        p = ngx_strlchr(path.data, path.data + path.len, '?');
        path.len = p ? (size_t) (p - path.data) : path.len;

        p = ngx_strlchr(path.data, path.data + path.len, '#');
        path.len = p ? (size_t) (p - path.data) : path.len;
    }

    method = r->method_name;

    rc = ngx_gw_routes_match(tlcf->routes, r->pool, &method, &path, raw,
                             &ctx->match, &allow);

    if (rc == NGX_ABORT && r->method == NGX_HTTP_HEAD) {

        /* a response to HEAD is that to GET without its body, RFC 9110 */

        ngx_str_set(&method, "GET");

        rc = ngx_gw_routes_match(tlcf->routes, r->pool, &method, &path, raw,
                                 &ctx->match, &allow);
    }

    switch (rc) {

    case NGX_OK:
        break;

    case NGX_ABORT:
        ctx->allow = allow;
        return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_NOT_ALLOWED,
                                       "method", "no call for this method");

    case NGX_DECLINED:
        return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_NOT_FOUND,
                                       "route", "no call for this path");

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->binding = ctx->match.route->data;
    ctx->method = ctx->binding->method;

    /* without a body, path and query are all there is: one message */

    ctx->streaming_in = ctx->method->client_streaming
                        && (ctx->binding->whole || ctx->binding->body);

    ctx->kind = (ctx->method->client_streaming
                 || ctx->method->server_streaming)
                ? NGX_HTTP_GW_TRANSCODE_STREAM : NGX_HTTP_GW_TRANSCODE_UNARY;

    return NGX_OK;
}


/* a body is JSON in UTF-8; a stream may be lines; an HttpBody is anything */

static ngx_int_t
ngx_http_gw_transcode_content_type(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    u_char     *p, *last, *end;
    ngx_str_t  *type, media;

    ctx->lines = 0;

    if (ctx->binding->raw_in) {
        return NGX_OK;
    }

    if (r->headers_in.content_type == NULL
        || r->headers_in.content_type->value.len == 0)
    {
        return NGX_OK;
    }

    /* a subrequest has the fields of its main request */

    if (!ctx->binding->whole && ctx->binding->body == NULL
        && !ngx_http_gw_transcode_has_body(r))
    {
        return NGX_OK;
    }

    type = &r->headers_in.content_type->value;
    p = type->data;
    last = p + type->len;

    end = ngx_strlchr(p, last, ';');
    end = end ? end : last;

    media.data = p;
    media.len = end - p;

    while (media.len && (media.data[media.len - 1] == ' '
                         || media.data[media.len - 1] == '\t'))
    {
        media.len--;
    }

#define ngx_http_gw_transcode_media(text)                                     \
    (media.len == sizeof(text) - 1                                            \
     && ngx_strncasecmp(media.data, (u_char *) text, sizeof(text) - 1) == 0)

    if (ctx->streaming_in
        && (ngx_http_gw_transcode_media("application/x-ndjson")
            || ngx_http_gw_transcode_media("application/jsonl")
            || ngx_http_gw_transcode_media("application/jsonlines")))
    {
        ctx->lines = 1;

    } else if (!ngx_http_gw_transcode_media("application/json")
               && !ngx_http_gw_transcode_media("text/json")
               && !(media.len > 17
                    && ngx_strncasecmp(media.data, (u_char *) "application/",
                                       12) == 0
                    && ngx_strncasecmp(media.data + media.len - 5,
                                       (u_char *) "+json", 5) == 0))
    {
        return ngx_http_gw_transcode_refuse_text(r, ctx,
                                         NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                         "type", "the body is to be JSON");
    }

    ctx->typed = 1;

    /* parameters: charset=UTF-8, quoted or not; others are ignored */

    while (end < last) {
        p = end + 1;

        while (p < last && (*p == ' ' || *p == '\t')) {
            p++;
        }

        end = ngx_strlchr(p, last, ';');
        end = end ? end : last;

        if (end - p < 8
            || ngx_strncasecmp(p, (u_char *) "charset=", 8) != 0)
        {
            continue;
        }

        media.data = p + 8;
        media.len = end - media.data;

        while (media.len && media.data[media.len - 1] == ' ') {
            media.len--;
        }

        if (media.len >= 2 && media.data[0] == '"'
            && media.data[media.len - 1] == '"')
        {
            media.data++;
            media.len -= 2;
        }

        if (!ngx_http_gw_transcode_media("utf-8")
            && !ngx_http_gw_transcode_media("utf8")
            && !ngx_http_gw_transcode_media("us-ascii"))
        {
            return ngx_http_gw_transcode_refuse_text(r, ctx,
                                      NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                      "charset", "the body is to be UTF-8");
        }
    }

    return NGX_OK;
}


/* as far as it is known before anything is read */

static ngx_uint_t
ngx_http_gw_transcode_has_body(ngx_http_request_t *r)
{
    if (r->request_body) {
        return r->request_body->bufs != NULL;
    }

    return r->headers_in.content_length_n > 0 || r->headers_in.chunked;
}


/* the form of the answer, by what the client would rather have */

static ngx_int_t
ngx_http_gw_transcode_accept(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_str_t   value;
    ngx_uint_t  i, n, q, best, exact, best_exact;

    static const struct {
        ngx_http_gw_transcode_form_e  form;
        const char                   *type;
        const char                   *subtype;
    } forms[] = {
        { NGX_HTTP_GW_TRANSCODE_ARRAY, "application", "json" },
        { NGX_HTTP_GW_TRANSCODE_NDJSON, "application", "x-ndjson" },
        { NGX_HTTP_GW_TRANSCODE_NDJSON, "application", "jsonl" },
        { NGX_HTTP_GW_TRANSCODE_SSE, "text", "event-stream" }
    };

    ctx->form = ctx->conf->form ? ctx->conf->form
                                : NGX_HTTP_GW_TRANSCODE_ARRAY;

    if (ctx->binding->raw_out) {
        return NGX_OK;
    }

    if (ngx_http_gw_transcode_accepted(r, &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (value.len == 0) {
        return NGX_OK;
    }

    n = 1;

    if (ctx->method->server_streaming) {
        n = sizeof(forms) / sizeof(forms[0]);
    }

    best = 0;
    best_exact = 0;

    for (i = 0; i < n; i++) {

        if (ctx->conf->form && ctx->method->server_streaming
            && forms[i].form != (ngx_http_gw_transcode_form_e) ctx->conf->form)
        {
            continue;
        }

        q = ngx_http_gw_transcode_quality(&value, forms[i].type,
                                          forms[i].subtype, &exact);

        if (q > best || (q == best && q && exact > best_exact)) {
            best = q;
            best_exact = exact;
            ctx->form = forms[i].form;
        }
    }

    if (best == 0) {
        return ngx_http_gw_transcode_refuse_text(r, ctx, 406, "accept",
                                          "the answer is JSON, which Accept "
                                          "does not admit");
    }

    return NGX_OK;
}


/* several fields are one list; there is hardly ever more than one */

static ngx_int_t
ngx_http_gw_transcode_accepted(ngx_http_request_t *r, ngx_str_t *value)
{
    u_char           *p;
    ngx_str_t        *v;
    ngx_uint_t        i, n;
    ngx_array_t       values;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    ngx_str_null(value);

    ngx_memzero(&values, sizeof(ngx_array_t));

    part = &r->headers_in.headers.part;
    header = part->elts;

    for (i = 0; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            header = part->elts;
            i = 0;
        }

        if (header[i].key.len != 6
            || ngx_strncmp(header[i].lowcase_key, "accept", 6) != 0
            || header[i].value.len == 0)
        {
            continue;
        }

        if (value->len == 0) {
            *value = header[i].value;
            continue;
        }

        if (values.elts == NULL
            && ngx_array_init(&values, r->pool, 4, sizeof(ngx_str_t))
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        v = ngx_array_push(&values);
        if (v == NULL) {
            return NGX_ERROR;
        }

        *v = header[i].value;
    }

    if (values.nelts == 0) {
        return NGX_OK;
    }

    v = values.elts;
    n = value->len;

    for (i = 0; i < values.nelts; i++) {
        n += 1 + v[i].len;
    }

    p = ngx_pnalloc(r->pool, n);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, value->data, value->len);

    value->data = p;
    p += value->len;
    value->len = n;

    for (i = 0; i < values.nelts; i++) {
        *p++ = ',';
        p = ngx_cpymem(p, v[i].data, v[i].len);
    }

    return NGX_OK;
}


/*
 * The weight that Accept (RFC 9110, section 12.5.1) gives a type, 0 to 1000,
 * by its most specific range; exact is 2 for the type itself, 1 for all of
 * its kind, 0 for all there are.
 */

static ngx_uint_t
ngx_http_gw_transcode_quality(ngx_str_t *accept, const char *type,
    const char *subtype, ngx_uint_t *exact)
{
    size_t       tlen, slen;
    u_char      *p, *last, *end, *slash, *q;
    ngx_uint_t   quality, rank, weight, scale;
    ngx_int_t    best;

    tlen = ngx_strlen(type);
    slen = ngx_strlen(subtype);

    best = -1;
    quality = 0;

    p = accept->data;
    last = p + accept->len;

    for ( /* void */ ; p < last; p = end + 1) {

        end = ngx_http_gw_transcode_item(p, last);

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        slash = ngx_strlchr(p, end, '/');
        if (slash == NULL) {
            continue;
        }

        q = slash + 1;
        while (q < end && *q != ';' && *q != ' ' && *q != '\t') {
            q++;
        }

        if ((size_t) (slash - p) == tlen
            && ngx_strncasecmp(p, (u_char *) type, tlen) == 0)
        {
            if ((size_t) (q - slash - 1) == slen
                && ngx_strncasecmp(slash + 1, (u_char *) subtype, slen) == 0)
            {
                rank = 2;

            } else if (q - slash == 2 && slash[1] == '*') {
                rank = 1;

            } else {
                continue;
            }

        } else if (slash - p == 1 && *p == '*' && q - slash == 2
                   && slash[1] == '*')
        {
            rank = 0;

        } else {
            continue;
        }

        if ((ngx_int_t) rank <= best) {
            continue;
        }

        best = rank;
        quality = 1000;

        /* ";q=0.5" */

        while (q < end) {

            while (q < end && (*q == ' ' || *q == '\t' || *q == ';')) {
                q++;
            }

            if (end - q >= 3 && (*q | 0x20) == 'q' && q[1] == '=') {
                q += 2;
                weight = (q < end && *q == '1') ? 1000 : 0;
                scale = 100;

                if (end - q > 2 && *q == '0' && q[1] == '.') {
                    for (q += 2; q < end && *q >= '0' && *q <= '9'; q++) {
                        weight += (*q - '0') * scale;
                        scale /= 10;
                    }
                }

                quality = weight;
                break;
            }

            while (q < end && *q != ';') {
                q++;
            }
        }
    }

    *exact = (best > 0) ? best : 0;

    return quality;
}


/* the end of a list's item: commas in quotes are none */

static u_char *
ngx_http_gw_transcode_item(u_char *p, u_char *last)
{
    ngx_uint_t  quoted;

    quoted = 0;

    for ( /* void */ ; p < last; p++) {

        if (quoted && *p == '\\' && p + 1 < last) {
            p++;

        } else if (*p == '"') {
            quoted = !quoted;

        } else if (*p == ',' && !quoted) {
            break;
        }
    }

    return p;
}


/* the shorter of the location's timeout and the client's Grpc-Timeout */

static ngx_int_t
ngx_http_gw_transcode_timeout(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_msec_t        timeout;
    ngx_table_elt_t  *header;

    ctx->timeout = ctx->conf->timeout;

    header = ngx_http_gw_transcode_find(&r->headers_in.headers,
                                        "grpc-timeout", 12);
    if (header == NULL) {
        return NGX_OK;
    }

    timeout = ngx_gw_grpc_timeout(&header->value);

    if (timeout == 0) {
        return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_REQUEST,
                                          "timeout", "Grpc-Timeout is not "
                                          "a number and one of HMSmun");
    }

    if (ctx->timeout == 0 || timeout < ctx->timeout) {
        ctx->timeout = timeout;
    }

    return NGX_OK;
}
