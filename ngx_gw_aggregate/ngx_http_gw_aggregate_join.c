
/*
 * The document of an answer, put together in steps: what others of the worker
 * wait for is never more than one of them.
 */


#include "ngx_http_gw_aggregate.h"


static void ngx_http_gw_aggregate_put(ngx_http_gw_run_t *run);
static ngx_int_t ngx_http_gw_aggregate_twice(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_missing(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_errors(ngx_http_gw_aggregate_t *ag);
static ngx_int_t ngx_http_gw_aggregate_digest(ngx_http_gw_aggregate_t *ag,
    size_t budget);


ngx_int_t
ngx_http_gw_aggregate_join(ngx_http_gw_aggregate_t *ag)
{
    size_t     budget;
    ngx_int_t  rc;

    if (ag->document == NULL) {
        ag->document = ngx_gw_document_create(ag->pool ? ag->pool
                                                       : ag->request->pool);
        if (ag->document == NULL) {
            return NGX_ERROR;
        }

        ag->joined = 0;
    }

    budget = NGX_HTTP_GW_AGGREGATE_STEP;

    while (ag->out == NULL) {

        rc = ngx_gw_document_run(ag->document, &budget);

        if (rc == NGX_DECLINED && ngx_http_gw_aggregate_twice(ag) != NGX_OK) {
            return NGX_ERROR;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (ag->joined < ag->nruns) {
            ngx_http_gw_aggregate_put(&ag->runs[ag->joined++]);
            continue;
        }

        if (ag->joined == ag->nruns) {
            ag->joined++;

            if (ngx_http_gw_aggregate_missing(ag) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        rc = ngx_gw_document_write(ag->document, &budget, &ag->out,
                                   &ag->length);
        if (rc != NGX_OK) {
            return rc;
        }

        if (ag->length > (off_t) ag->conf->max_size) {
            ag->too_large = 1;

            ngx_log_error(NGX_LOG_ERR, ag->request->connection->log, 0,
                          "the answer of %O bytes is longer than "
                          "gw_aggregate_max_size", ag->length);

            return NGX_HTTP_BAD_GATEWAY;
        }
    }

    return ngx_http_gw_aggregate_digest(ag, budget);
}


/* what of the part goes into the document, if something does */

static void
ngx_http_gw_aggregate_put(ngx_http_gw_run_t *run)
{
    ngx_str_t           *json;
    ngx_uint_t           source;
    ngx_gw_document_t   *doc;
    ngx_http_gw_part_t  *part;

    part = run->part;
    doc = run->aggregate->document;

    if (run->state == NGX_HTTP_GW_DONE) {
        json = &run->value;
        source = run - run->aggregate->runs + 1;

    } else if (part->fallback.data) {
        json = &part->fallback;
        source = 0;

    } else {
        return;
    }

    switch (part->as) {

    case NGX_HTTP_GW_AS_MERGE:
        ngx_gw_document_merge(doc, &part->place, json, source, part->concat);
        break;

    case NGX_HTTP_GW_AS_ARRAY:
        ngx_gw_document_append(doc, &part->place, json);
        break;

    default: /* NGX_HTTP_GW_AS_VALUE, NGX_HTTP_GW_AS_STRING */
        ngx_gw_document_set(doc, &part->place, json);
    }
}


/* a part that has been a success until now is none */

static ngx_int_t
ngx_http_gw_aggregate_twice(ngx_http_gw_aggregate_t *ag)
{
    ngx_http_gw_run_t  *run;

    run = &ag->runs[ngx_gw_document_source(ag->document) - 1];

    run->state = NGX_HTTP_GW_FAILED;
    run->reason = NGX_HTTP_GW_DUPLICATE;

    /* from the beginning, without it; all parts but one may fail so */

    ag->document = NULL;

    if (ag->pool) {
        ngx_destroy_pool(ag->pool);
    }

    ag->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE,
                               ag->request->connection->log);

    return ag->pool ? NGX_OK : NGX_ERROR;
}


/* says what the answer lacks, in the log and perhaps in the answer */

static ngx_int_t
ngx_http_gw_aggregate_missing(ngx_http_gw_aggregate_t *ag)
{
    ngx_uint_t          i, level;
    ngx_http_gw_run_t  *run;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->state != NGX_HTTP_GW_FAILED) {
            continue;
        }

        ag->partial = 1;

        level = run->reason == NGX_HTTP_GW_URI ? NGX_LOG_INFO : NGX_LOG_WARN;

        ngx_log_error(level, ag->request->connection->log, 0,
                      "optional part \"%V\" failed: %V, status %ui",
                      &run->part->name,
                      &ngx_http_gw_aggregate_reasons[run->reason],
                      run->status);
    }

    if (!ag->partial || ag->conf->errors.len == 0) {
        return NGX_OK;
    }

    return ngx_http_gw_aggregate_errors(ag);
}


/* {"advice":{"reason":"status","status":503}} */

static ngx_int_t
ngx_http_gw_aggregate_errors(ngx_http_gw_aggregate_t *ag)
{
    u_char             *p;
    size_t              len;
    ngx_str_t           json;
    ngx_uint_t          i;
    ngx_http_gw_run_t  *run;

    len = 2;

    for (i = 0; i < ag->nruns; i++) {
        len += sizeof(",\"\":{\"reason\":\"dependency\",\"status\":}") - 1
               + ag->runs[i].part->name.len + NGX_INT_T_LEN;
    }

    p = ngx_pnalloc(ag->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    json.data = p;
    *p++ = '{';

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->state != NGX_HTTP_GW_FAILED) {
            continue;
        }

        if (p != json.data + 1) {
            *p++ = ',';
        }

        p = ngx_sprintf(p, "\"%V\":{\"reason\":\"%V\"", &run->part->name,
                        &ngx_http_gw_aggregate_reasons[run->reason]);

        if (run->reason == NGX_HTTP_GW_STATUS) {
            p = ngx_sprintf(p, ",\"status\":%ui", run->status);
        }

        *p++ = '}';
    }

    *p++ = '}';

    json.len = p - json.data;

    ngx_gw_document_set(ag->document, &ag->conf->errors_place, &json);

    return NGX_OK;
}


/* what an ETag is made of, if there is to be one */

static ngx_int_t
ngx_http_gw_aggregate_digest(ngx_http_gw_aggregate_t *ag, size_t budget)
{
    size_t        n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (!ag->conf->etag || ag->partial
        || ag->request->method == NGX_HTTP_POST)
    {
        return NGX_OK;
    }

    if (ag->digested == NULL) {
        ngx_md5_init(&ag->md5);
        ag->digested = ag->out;
    }

    for ( ;; ) {
        b = ag->digested->buf;
        n = ngx_min((size_t) (b->last - b->pos) - ag->pos, budget);

        ngx_md5_update(&ag->md5, b->pos + ag->pos, n);

        ag->pos += n;
        budget -= n;

        if (ag->pos < (size_t) (b->last - b->pos)) {
            return NGX_AGAIN;
        }

        cl = ag->digested->next;

        if (cl == NULL) {
            return NGX_OK;
        }

        ag->digested = cl;
        ag->pos = 0;
    }
}
