
/*
 * Header fields to metadata, and back.
 */


#include "ngx_http_gw_transcode.h"


static ngx_table_elt_t *ngx_http_gw_transcode_field(
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_fixed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
static ngx_int_t ngx_http_gw_transcode_pass(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_table_elt_t *h);
static ngx_uint_t ngx_http_gw_transcode_own(u_char *name, size_t len);
static ngx_uint_t ngx_http_gw_transcode_listed(ngx_array_t *names,
    u_char *name, size_t len);
static ngx_uint_t ngx_http_gw_transcode_valid(ngx_str_t *name,
    ngx_str_t *value);
static ngx_int_t ngx_http_gw_transcode_rename(ngx_http_request_t *r,
    ngx_table_elt_t *h, const ngx_str_t *prefix, ngx_str_t *name);


ngx_table_elt_t *
ngx_http_gw_transcode_find(ngx_list_t *fields, const char *name, size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &fields->part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == len
                && ngx_strncmp(h[i].lowcase_key, name, len) == 0)
            {
                return &h[i];
            }
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_gw_transcode_request_fields(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    if (ngx_list_init(&ctx->fields, r->pool, 8, sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_http_gw_transcode_fixed(r, ctx) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

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

        if (header[i].hash == 0) {
            continue;
        }

        rc = ngx_http_gw_transcode_pass(r, ctx, &header[i]);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_gw_transcode_field(ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&ctx->fields);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    return h;
}


/* what each call has */

static ngx_int_t
ngx_http_gw_transcode_fixed(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_table_elt_t  *h;

    h = ngx_http_gw_transcode_field(ctx);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&h->key, "content-type");
    h->lowcase_key = h->key.data;
    h->hash = ngx_hash_key(h->key.data, h->key.len);
    ngx_str_set(&h->value, "application/grpc");

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {
        return NGX_OK;
    }

    h = ngx_http_gw_transcode_field(ctx);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&h->key, "grpc-accept-encoding");
    h->lowcase_key = h->key.data;
    h->hash = ngx_hash_key(h->key.data, h->key.len);
    ngx_str_set(&h->value, "identity,gzip");

    if (ctx->timeout == 0) {
        return NGX_OK;
    }

    h = ngx_http_gw_transcode_field(ctx);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&h->key, "grpc-timeout");
    h->lowcase_key = h->key.data;
    h->hash = ngx_hash_key(h->key.data, h->key.len);

    h->value.data = ngx_pnalloc(r->pool, 9);
    if (h->value.data == NULL) {
        return NGX_ERROR;
    }

    h->value.len = ngx_gw_grpc_write_timeout(h->value.data, ctx->timeout)
                   - h->value.data;

    return NGX_OK;
}


/* a field of the client's, if it is to be passed */

static ngx_int_t
ngx_http_gw_transcode_pass(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_table_elt_t *header)
{
    u_char                            *name;
    size_t                             len;
    ngx_str_t                          key, value;
    ngx_uint_t                         prefixed;
    ngx_table_elt_t                   *h;
    ngx_http_gw_transcode_metadata_t  *metadata;

    metadata = ctx->conf->metadata;
    name = header->lowcase_key;
    len = header->key.len;
    prefixed = 0;

    if (ctx->kind == NGX_HTTP_GW_TRANSCODE_WEB) {

        /* a gRPC client's fields are metadata, all that are not of HTTP */

        if (ngx_http_gw_transcode_own(name, len)
            && !(len > 5 && ngx_strncmp(name, "grpc-", 5) == 0))
        {
            return NGX_OK;
        }

    } else if (!metadata->off && len > metadata->prefix.len
               && ngx_strncasecmp(name, metadata->prefix.data,
                                  metadata->prefix.len)
                  == 0)
    {
        name += metadata->prefix.len;
        len -= metadata->prefix.len;
        prefixed = 1;

        /* what goes under its own name may have been verified under that */

        if (ngx_http_gw_transcode_own(name, len)
            || (len == 13 && ngx_strncmp(name, "authorization", 13) == 0)
            || ngx_http_gw_transcode_listed(metadata->request, name, len))
        {
            return NGX_OK;
        }

    } else if (len == 13 && ngx_strncmp(name, "authorization", 13) == 0) {
        /* void */

    } else if (metadata->off || ngx_http_gw_transcode_own(name, len)
               || !(metadata->all
                    || ngx_http_gw_transcode_listed(metadata->request, name,
                                                    len)))
    {
        return NGX_OK;
    }

    key.data = name;
    key.len = len;

    if (prefixed && !ngx_http_gw_transcode_valid(&key, &header->value)) {
        return ngx_http_gw_transcode_refuse_text(r, ctx, NGX_HTTP_BAD_REQUEST,
                                                 "metadata",
                                                 "malformed metadata");
    }

    if (ctx->kind != NGX_HTTP_GW_TRANSCODE_WEB
        && len > 4 && ngx_strncmp(name + len - 4, "-bin", 4) == 0)
    {

        switch (ngx_gw_grpc_decode_bin(r->pool, &header->value, &value)) {

        case NGX_OK:
            break;

        case NGX_DECLINED:
            return ngx_http_gw_transcode_refuse_text(r, ctx,
                                         NGX_HTTP_BAD_REQUEST, "metadata",
                                         "binary metadata that is no base64");

        default: /* NGX_ERROR */
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    h = ngx_http_gw_transcode_field(ctx);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->key = key;
    h->lowcase_key = name;
    h->hash = ngx_hash_key(name, len);
    h->value = header->value;

    return NGX_OK;
}


/* fields of HTTP and of gRPC itself, that are nobody's metadata */

static ngx_uint_t
ngx_http_gw_transcode_own(u_char *name, size_t len)
{
    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("te"),
        ngx_string("host"),
        ngx_string("accept"),
        ngx_string("expect"),
        ngx_string("upgrade"),
        ngx_string("trailer"),
        ngx_string("connection"),
        ngx_string("keep-alive"),
        ngx_string("proxy-connection"),
        ngx_string("transfer-encoding"),
        ngx_string("accept-encoding"),
        ngx_string("range"),
        ngx_string("if-range"),
        ngx_string("if-match"),
        ngx_string("if-none-match"),
        ngx_string("if-modified-since"),
        ngx_string("if-unmodified-since"),
        ngx_null_string
    };

    if (len == 0 || name[0] == ':') {
        return 1;
    }

    if (len >= 5 && ngx_strncmp(name, "grpc-", 5) == 0) {
        return 1;
    }

    if (len >= 8 && ngx_strncmp(name, "content-", 8) == 0) {
        return 1;
    }

    for (i = 0; names[i].len; i++) {
        if (len == names[i].len
            && ngx_strncmp(name, names[i].data, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_gw_transcode_listed(ngx_array_t *names, u_char *name, size_t len)
{
    ngx_str_t   *listed;
    ngx_uint_t   i;

    if (names == NULL) {
        return 0;
    }

    listed = names->elts;

    for (i = 0; i < names->nelts; i++) {
        if (listed[i].len == len
            && ngx_strncmp(listed[i].data, name, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* names and ASCII values of PROTOCOL-HTTP2.md */

static ngx_uint_t
ngx_http_gw_transcode_valid(ngx_str_t *name, ngx_str_t *value)
{
    size_t  i;
    u_char  c;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
              || c == '_' || c == '-' || c == '.'))
        {
            return 0;
        }
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] > 0x7e) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_gw_transcode_response_fields(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx)
{
    ngx_str_t                          name;
    ngx_uint_t                         i;
    ngx_list_part_t                   *part;
    ngx_table_elt_t                   *h, *copy;
    ngx_http_upstream_t               *u;
    ngx_http_gw_transcode_metadata_t  *metadata;

    static const ngx_str_t  trailer = ngx_string("Grpc-Trailer-");

    u = r->upstream;
    metadata = ctx->conf->metadata;

    part = &u->headers_in.headers.part;
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

        name.data = h[i].lowcase_key;
        name.len = h[i].key.len;

        /* nginx's own are for nginx */

        if (h[i].hash == 0
            || (name.len > 8 && ngx_strncmp(name.data, "x-accel-", 8) == 0)
            || (name.len == 4 && ngx_strncmp(name.data, "date", 4) == 0)
            || (name.len == 6 && ngx_strncmp(name.data, "server", 6) == 0)
            || (name.len == 16
                && ngx_strncmp(name.data, "www-authenticate", 16) == 0)
            || &h[i] == u->headers_in.content_type)
        {
            continue;
        }

        if (metadata->off || ngx_http_gw_transcode_own(name.data, name.len)) {
            h[i].hash = 0;
            continue;
        }

        if (ngx_http_gw_transcode_listed(metadata->response, name.data,
                                         name.len))
        {
            continue;
        }

        if (ngx_http_gw_transcode_rename(r, &h[i], &metadata->prefix, &name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    /* trailers of a call that is over before its answer begins */

    if (metadata->off || ctx->method->server_streaming) {
        return NGX_OK;
    }

    part = &u->headers_in.trailers.part;
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

        name = h[i].key;

        if (h[i].hash == 0 || ngx_http_gw_transcode_own(name.data, name.len)) {
            continue;
        }

        copy = ngx_list_push(&u->headers_in.headers);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = h[i];

        if (!ngx_http_gw_transcode_listed(metadata->response, name.data,
                                          name.len)
            && ngx_http_gw_transcode_rename(r, copy, &trailer, &name)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_rename(ngx_http_request_t *r, ngx_table_elt_t *h,
    const ngx_str_t *prefix, ngx_str_t *name)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, 2 * (prefix->len + name->len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    h->key.data = p;
    h->key.len = prefix->len + name->len;

    p = ngx_cpymem(p, prefix->data, prefix->len);
    p = ngx_cpymem(p, name->data, name->len);

    h->lowcase_key = p;
    ngx_strlow(p, h->key.data, h->key.len);
    h->hash = ngx_hash_key(p, h->key.len);

    return NGX_OK;
}
