
/*
 * ngx_gw_document: putting things into the document.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"
#include "ngx_gw_document_scan.h"


static void ngx_gw_document_begin(ngx_gw_document_t *doc,
    ngx_gw_document_op_e op, const ngx_gw_place_t *place,
    const ngx_str_t *json);
static ngx_int_t ngx_gw_document_walk(ngx_gw_document_t *doc);
static ngx_int_t ngx_gw_document_arrive(ngx_gw_document_t *doc);


ngx_gw_document_t *
ngx_gw_document_create(ngx_pool_t *pool)
{
    ngx_gw_document_t  *doc;

    static u_char  nothing[] = "{}";

    doc = ngx_pcalloc(pool, sizeof(ngx_gw_document_t));
    if (doc == NULL) {
        return NULL;
    }

    doc->pool = pool;

    ngx_gw_document_put(&doc->root, nothing, 2, NGX_GW_SPLICE_OBJECT, 0);

    return doc;
}


void
ngx_gw_document_set(ngx_gw_document_t *doc, const ngx_gw_place_t *place,
    const ngx_str_t *json)
{
    ngx_gw_document_begin(doc, NGX_GW_DOCUMENT_SET, place, json);
}


void
ngx_gw_document_append(ngx_gw_document_t *doc, const ngx_gw_place_t *place,
    const ngx_str_t *json)
{
    ngx_gw_document_begin(doc, NGX_GW_DOCUMENT_APPEND, place, json);
}


void
ngx_gw_document_merge(ngx_gw_document_t *doc, const ngx_gw_place_t *place,
    const ngx_str_t *json, ngx_uint_t source, ngx_uint_t concat)
{
    ngx_gw_document_begin(doc, NGX_GW_DOCUMENT_MERGE, place, json);

    doc->source = source;
    doc->concat = concat;
}


static void
ngx_gw_document_begin(ngx_gw_document_t *doc, ngx_gw_document_op_e op,
    const ngx_gw_place_t *place, const ngx_str_t *json)
{
    doc->op = op;
    doc->place = place;
    doc->step = 0;
    doc->slot = &doc->root;
    doc->json = *json;
    doc->source = 0;
    doc->concat = 0;
}


ngx_int_t
ngx_gw_document_run(ngx_gw_document_t *doc, size_t *budget)
{
    ngx_int_t  rc;

    for ( ;; ) {

        if (doc->nframes) {
            doc->budget = *budget;

            rc = ngx_gw_document_frames(doc);

            *budget = doc->budget;

            if (rc != NGX_OK) {
                return rc;
            }
        }

        if (doc->op == NGX_GW_DOCUMENT_IDLE) {
            return NGX_OK;
        }

        if (doc->step < doc->place->nsteps) {
            rc = ngx_gw_document_walk(doc);

        } else {
            rc = ngx_gw_document_arrive(doc);
            doc->op = NGX_GW_DOCUMENT_IDLE;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


ngx_uint_t
ngx_gw_document_source(ngx_gw_document_t *doc)
{
    return doc->twice;
}


/* a step further, unless the object there has to be taken apart before */

static ngx_int_t
ngx_gw_document_walk(ngx_gw_document_t *doc)
{
    ngx_gw_node_t  *node;
    ngx_gw_slot_t  *slot;
    ngx_gw_step_t  *step;

    node = ngx_gw_document_object(doc, doc->slot);
    if (node == NULL) {
        return NGX_ERROR;
    }

    if (doc->nframes) {
        return NGX_OK;
    }

    step = &doc->place->steps[doc->step++];

    slot = ngx_gw_document_find(node, step);

    if (slot == NULL) {
        slot = ngx_gw_document_add(doc->pool, node, step, 0);
        if (slot == NULL) {
            return NGX_ERROR;
        }
    }

    doc->slot = slot;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_document_arrive(ngx_gw_document_t *doc)
{
    ngx_gw_node_t  *node;

    switch (doc->op) {

    case NGX_GW_DOCUMENT_APPEND:
        node = ngx_gw_document_array(doc->pool, doc->slot);
        if (node == NULL) {
            return NGX_ERROR;
        }

        return ngx_gw_document_item(doc->pool, node, doc->json.data,
                                    doc->json.len);

    case NGX_GW_DOCUMENT_MERGE:
        return ngx_gw_document_combine(doc, doc->slot);

    default: /* NGX_GW_DOCUMENT_SET */
        ngx_gw_document_put(doc->slot, doc->json.data, doc->json.len,
                            ngx_gw_splice_types[*doc->json.data], 0);

        return NGX_OK;
    }
}
