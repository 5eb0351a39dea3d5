
/*
 * The answer: the document and its header, or what is said instead.
 */


#include "ngx_http_gw_aggregate.h"


static ngx_int_t ngx_http_gw_aggregate_headers(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_partial(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_etag(ngx_http_gw_aggregate_t *ag);


ngx_int_t
ngx_http_gw_aggregate_answer(ngx_http_gw_aggregate_t *ag)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ag->request;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = ag->length;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (ngx_http_gw_aggregate_headers(ag) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ag->digested == NULL) {

        /* nothing that a condition could be about, "*" neither */

        r->disable_not_modified = 1;

    } else if (ngx_http_gw_aggregate_etag(ag) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    for (cl = ag->out; cl->next; cl = cl->next) { /* void */ }

    b = cl->buf;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    return ngx_http_output_filter(r, ag->out);
}


static ngx_int_t
ngx_http_gw_aggregate_headers(ngx_http_gw_aggregate_t *ag)
{
    ngx_str_t            value, vary;
    ngx_uint_t           i;
    ngx_http_request_t  *r;

    r = ag->request;

    if (ag->partial && ngx_http_gw_aggregate_partial(ag) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_gw_cache_control_write(ag, &value, &vary) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len && ngx_http_gw_header(r, "Cache-Control", &value) == NULL) {
        return NGX_ERROR;
    }

    if (vary.len && ngx_http_gw_header(r, "Vary", &vary) == NULL) {
        return NGX_ERROR;
    }

    /* in the order of the lines, of two of a name the later one counts */

    for (i = 0; i < ag->nruns; i++) {
        if (ag->runs[i].state == NGX_HTTP_GW_DONE
            && ngx_http_gw_aggregate_fields(r, "Set-Cookie", 10,
                                            ag->runs[i].cookies)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_aggregate_fields(ngx_http_request_t *r, const char *name,
    size_t len, ngx_array_t *values)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (values == NULL) {
        return NGX_OK;
    }

    value = values->elts;

    for (i = 0; i < values->nelts; i++) {
        if (ngx_http_gw_add_header(r, name, len, &value[i]) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* X-GW-Partial: orders;reason=timeout, advice;reason=status */

static ngx_int_t
ngx_http_gw_aggregate_partial(ngx_http_gw_aggregate_t *ag)
{
    u_char             *p;
    size_t              len;
    ngx_str_t           value;
    ngx_uint_t          i;
    ngx_http_gw_run_t  *run;

    len = 0;

    for (i = 0; i < ag->nruns; i++) {
        len += sizeof(", ;reason=dependency") - 1
               + ag->runs[i].part->name.len;
    }

    p = ngx_pnalloc(ag->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->state == NGX_HTTP_GW_FAILED) {
            p = ngx_sprintf(p, "%s%V;reason=%V", p == value.data ? "" : ", ",
                            &run->part->name,
                            &ngx_http_gw_aggregate_reasons[run->reason]);
        }
    }

    value.len = p - value.data;

    return ngx_http_gw_header(ag->request, "X-GW-Partial", &value)
           ? NGX_OK : NGX_ERROR;
}


/* strong: equal bytes, equal tag */

static ngx_int_t
ngx_http_gw_aggregate_etag(ngx_http_gw_aggregate_t *ag)
{
    u_char              *p, digest[16];
    ngx_str_t            value;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;

    r = ag->request;

    ngx_md5_final(digest, &ag->md5);

    p = ngx_pnalloc(r->pool, 34);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = 34;

    *p++ = '"';
    p = ngx_hex_dump(p, digest, 16);
    *p = '"';

    h = ngx_http_gw_header(r, "ETag", &value);
    if (h == NULL) {
        return NGX_ERROR;
    }

    r->headers_out.etag = h;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_aggregate_refuse(ngx_http_request_t *r,
    ngx_http_gw_aggregate_ctx_t *ctx)
{
    u_char                             *p;
    ngx_str_t                           members;
    const ngx_str_t                    *detail;
    ngx_http_gw_run_t                  *run;
    ngx_http_gw_aggregate_main_conf_t  *amcf;

    static const ngx_str_t  failed =
        ngx_string("a part of the answer could not be had");
    static const ngx_str_t  large =
        ngx_string("the answer is longer than is allowed");
    static const ngx_str_t  internal =
        ngx_string("the answer could not be made");

    run = ctx->aggregate->failed;
    ngx_str_null(&members);

    if (run) {
        detail = &failed;

        p = ngx_pnalloc(r->pool,
                        sizeof("\"part\":\"\",\"reason\":\"dependency\"") - 1
                        + run->part->name.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        members.data = p;
        members.len = ngx_sprintf(p, "\"part\":\"%V\",\"reason\":\"%V\"",
                                  &run->part->name,
                                  &ngx_http_gw_aggregate_reasons[run->reason])
                      - p;

    } else {
        detail = ctx->aggregate->too_large ? &large : &internal;
    }

    if (ngx_http_gw_is_grpc(r)) {
        return ngx_http_gw_problem_grpc(r, NGX_HTTP_GW_GRPC_UNAVAILABLE,
                                        detail);
    }

    amcf = ngx_http_get_module_main_conf(r, ngx_http_gw_aggregate_module);

    return ngx_http_gw_problem_json(r, &ctx->problem, NULL, detail,
                                    members.len ? &members : NULL,
                                    amcf->request_id);
}
