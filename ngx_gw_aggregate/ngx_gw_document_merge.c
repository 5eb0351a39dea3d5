
/*
 * ngx_gw_document: objects of texts are taken apart and merged.
 *
 * A frame stands for an object of a text whose members are put into a node,
 * one after the other: into an empty one, which is the object itself then, or
 * into one that is there.  A member that both have as an object gets a frame
 * of its own, and on top of that another one if the node's side is a text
 * still.  Frames are left where they are when the budget is used up.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"
#include "ngx_gw_document_scan.h"
#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


static ngx_gw_frame_t *ngx_gw_document_frame(ngx_gw_document_t *doc,
    u_char *start, u_char *end, ngx_uint_t source);
static ngx_gw_frame_t *ngx_gw_document_into(ngx_gw_document_t *doc,
    ngx_gw_slot_t *slot, u_char *start, u_char *end, ngx_uint_t source,
    ngx_uint_t concat);
static ngx_int_t ngx_gw_document_member(ngx_gw_document_t *doc,
    ngx_gw_frame_t *f, u_char *p);
static ngx_int_t ngx_gw_document_nest(ngx_gw_document_t *doc,
    ngx_gw_frame_t *f);
static ngx_int_t ngx_gw_document_value(ngx_gw_document_t *doc,
    ngx_gw_frame_t *f, u_char *p);
static ngx_int_t ngx_gw_document_replace(ngx_gw_document_t *doc,
    ngx_gw_slot_t *slot, u_char *data, size_t len, ngx_uint_t source,
    ngx_uint_t concat);


static ngx_inline void
ngx_gw_document_pay(ngx_gw_document_t *doc, size_t n)
{
    doc->budget -= ngx_min(n, doc->budget);
}


ngx_gw_node_t *
ngx_gw_document_object(ngx_gw_document_t *doc, ngx_gw_slot_t *slot)
{
    ngx_gw_node_t   *node;
    ngx_gw_frame_t  *f;

    if (slot->type == NGX_GW_SPLICE_OBJECT && !slot->text) {
        slot->intact = 0;
        return slot->u.node;
    }

    node = ngx_gw_document_node(doc->pool);
    if (node == NULL) {
        return NULL;
    }

    if (slot->type == NGX_GW_SPLICE_OBJECT && !ngx_gw_document_empty(slot)) {

        f = ngx_gw_document_frame(doc, slot->u.data, slot->u.data + slot->len,
                                  slot->source);
        if (f == NULL) {
            return NULL;
        }

        f->node = node;
        f->apart = 1;
    }

    slot->u.node = node;
    slot->type = NGX_GW_SPLICE_OBJECT;
    slot->text = 0;
    slot->intact = 0;

    return node;
}


ngx_int_t
ngx_gw_document_combine(ngx_gw_document_t *doc, ngx_gw_slot_t *slot)
{
    u_char  *data;

    data = doc->json.data;

    if (*data != '{' || ngx_gw_document_nothing(data)) {
        return ngx_gw_document_replace(doc, slot, data, doc->json.len,
                                       doc->source, doc->concat);
    }

    return ngx_gw_document_into(doc, slot, data, data + doc->json.len,
                                doc->source, doc->concat)
           ? NGX_OK : NGX_ERROR;
}


static ngx_gw_frame_t *
ngx_gw_document_frame(ngx_gw_document_t *doc, u_char *start, u_char *end,
    ngx_uint_t source)
{
    ngx_uint_t       n;
    ngx_gw_frame_t  *f;

    if (doc->nframes == doc->nalloc) {
        n = doc->nalloc ? 2 * doc->nalloc : 8;

        f = ngx_palloc(doc->pool, n * sizeof(ngx_gw_frame_t));
        if (f == NULL) {
            return NULL;
        }

        if (doc->nframes) {
            ngx_memcpy(f, doc->frames, doc->nframes * sizeof(ngx_gw_frame_t));
        }

        doc->frames = f;
        doc->nalloc = n;
    }

    f = &doc->frames[doc->nframes++];

    ngx_memzero(f, sizeof(ngx_gw_frame_t));

    f->start = start;
    f->pos = start + 1;
    f->end = end;
    f->turn = ++doc->turn;
    f->source = (uint16_t) source;

    return f;
}


/* a frame for an object that is merged into the slot's value */

static ngx_gw_frame_t *
ngx_gw_document_into(ngx_gw_document_t *doc, ngx_gw_slot_t *slot,
    u_char *start, u_char *end, ngx_uint_t source, ngx_uint_t concat)
{
    ngx_uint_t       i;
    ngx_gw_node_t   *node;
    ngx_gw_frame_t  *f;

    i = doc->nframes;

    f = ngx_gw_document_frame(doc, start, end, source);
    if (f == NULL) {
        return NULL;
    }

    f->concat = concat;

    /* comes on top: what is there is taken apart before */

    node = ngx_gw_document_object(doc, slot);
    if (node == NULL) {
        return NULL;
    }

    f = &doc->frames[i];
    f->node = node;

    return f;
}


ngx_int_t
ngx_gw_document_frames(ngx_gw_document_t *doc)
{
    u_char          *p;
    ngx_int_t        rc;
    ngx_gw_frame_t  *f;

    while (doc->nframes) {

        if (doc->budget == 0) {
            return NGX_AGAIN;
        }

        f = &doc->frames[doc->nframes - 1];

        if (f->depth) {
            rc = ngx_gw_document_nest(doc, f);

        } else {
            p = ngx_gw_document_space(f->pos);

            if (*p == ',') {
                p = ngx_gw_document_space(p + 1);
            }

            if (*p == '}') {
                doc->nframes--;

                if (f->inner) {
                    f[-1].pos = p + 1;
                }

                continue;
            }

            rc = ngx_gw_document_member(doc, f, p);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* p is at the quote of a member's name */

static ngx_int_t
ngx_gw_document_member(ngx_gw_document_t *doc, ngx_gw_frame_t *f, u_char *p)
{
    size_t          total;
    ngx_uint_t      escaped;
    ngx_gw_slot_t  *slot;
    ngx_gw_step_t   step;

    escaped = 0;

    step.name.data = p + 1;
    p = ngx_gw_document_string(p + 1, f->end, &escaped);
    step.name.len = p - 1 - step.name.data;

    step.escaped = escaped;
    step.hash = escaped
                ? ngx_gw_json_hash_escaped(step.name.data, step.name.len)
                : ngx_gw_json_hash(step.name.data, step.name.len);

    p = ngx_gw_document_space(p);
    p = ngx_gw_document_space(p + 1);

    ngx_gw_document_pay(doc, NGX_GW_DOCUMENT_MEMBER + (p - f->pos));

    /* of names that may be there twice the last one is found */

    slot = (f->apart && f->source == 0)
           ? NULL : ngx_gw_document_find(f->node, &step);

    f->added = (slot == NULL);

    if (slot == NULL) {

        /* as many in the rest of the text as in what is behind */

        total = 0;

        if (f->node->n > f->node->mask && !f->inner) {
            total = (size_t) f->node->n
                    * ((f->end - f->start) / (p - f->start) + 1);
        }

        slot = ngx_gw_document_add(doc->pool, f->node, &step, total);
        if (slot == NULL) {
            return NGX_ERROR;
        }

        slot->follows = f->run;

    } else if (f->source && slot->turn == f->turn) {
        doc->twice = f->source;
        return NGX_DECLINED;
    }

    slot->turn = f->turn;

    f->run = f->added;
    f->slot = slot;
    f->value = p;

    switch (ngx_gw_splice_types[*p]) {

    case NGX_GW_SPLICE_STRING:
        p = ngx_gw_document_string(p + 1, f->end, &escaped);
        break;

    case NGX_GW_SPLICE_OBJECT:

        if (slot->type == NGX_GW_SPLICE_OBJECT
            && !ngx_gw_document_empty(slot)
            && !ngx_gw_document_nothing(p))
        {
            f = ngx_gw_document_into(doc, slot, p, f->end, f->source,
                                     f->concat);
            if (f == NULL) {
                return NGX_ERROR;
            }

            f->inner = 1;

            return NGX_OK;
        }

        /* fall through */

    case NGX_GW_SPLICE_ARRAY:
        f->depth = 1;
        f->pos = p + 1;

        return ngx_gw_document_nest(doc, f);

    default:
        p = ngx_gw_document_scalar(p);
    }

    ngx_gw_document_pay(doc, p - f->value);

    return ngx_gw_document_value(doc, f, p);
}


/* passes the array or object at hand, perhaps not all of it */

static ngx_int_t
ngx_gw_document_nest(ngx_gw_document_t *doc, ngx_gw_frame_t *f)
{
    u_char  *p, *limit;

    p = f->pos;
    limit = f->end;

    if ((size_t) (limit - p) > doc->budget) {
        limit = p + doc->budget;
    }

    p = ngx_gw_document_nested(p, f->end, limit, &f->depth);

    ngx_gw_document_pay(doc, p - f->pos);
    f->pos = p;

    return f->depth ? NGX_OK : ngx_gw_document_value(doc, f, p);
}


/* the value at hand ends before p */

static ngx_int_t
ngx_gw_document_value(ngx_gw_document_t *doc, ngx_gw_frame_t *f, u_char *p)
{
    f->pos = p;

    if (!f->added) {
        return ngx_gw_document_replace(doc, f->slot, f->value, p - f->value,
                                       f->source, f->concat);
    }

    ngx_gw_document_put(f->slot, f->value, p - f->value,
                        ngx_gw_splice_types[*f->value], f->source);

    f->slot->intact = 1;

    return NGX_OK;
}


/* puts a value on top of another one; not both are objects with members */

static ngx_int_t
ngx_gw_document_replace(ngx_gw_document_t *doc, ngx_gw_slot_t *slot,
    u_char *data, size_t len, ngx_uint_t source, ngx_uint_t concat)
{
    ngx_uint_t      type;
    ngx_gw_node_t  *array;

    type = ngx_gw_splice_types[*data];

    if (type != slot->type
        || (type != NGX_GW_SPLICE_OBJECT
            && (type != NGX_GW_SPLICE_ARRAY || !concat))
        || ngx_gw_document_empty(slot))
    {
        ngx_gw_document_put(slot, data, len, type, source);
        return NGX_OK;
    }

    if (ngx_gw_document_nothing(data)) {
        return NGX_OK;
    }

    array = ngx_gw_document_array(doc->pool, slot);
    if (array == NULL) {
        return NGX_ERROR;
    }

    return ngx_gw_document_item(doc->pool, array, data + 1, len - 2);
}
