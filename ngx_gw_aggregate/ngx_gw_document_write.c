
/*
 * ngx_gw_document, writing it: a chain of buffers.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"


/*
 * What is longer gets a buffer of its own, what is not is copied: that costs
 * less than an entry of writev() does.
 */
#define NGX_GW_DOCUMENT_SHORT     2048

/* memory for copies: the first piece, and the longest */
#define NGX_GW_DOCUMENT_COPY      4096
#define NGX_GW_DOCUMENT_MAX_COPY  65536


struct ngx_gw_writer_s {
    ngx_pool_t               *pool;
    ngx_gw_node_t            *node;     /* that is being written */

    ngx_chain_t              *out;
    ngx_chain_t             **last;
    off_t                     len;      /* of what is in the chain */

    u_char                   *start;    /* of what was copied since */
    u_char                   *pos;
    u_char                   *end;      /* of the memory */
    size_t                    size;     /* of the next piece */
    size_t                    budget;

    ngx_uint_t                failed;   /* no memory */
};


static ngx_gw_writer_t *ngx_gw_document_writer(ngx_gw_document_t *doc);
static void ngx_gw_document_write_value(ngx_gw_writer_t *w,
    const ngx_gw_slot_t *slot);
static void ngx_gw_document_write_member(ngx_gw_writer_t *w,
    ngx_gw_node_t *node);
static ngx_gw_slot_t *ngx_gw_document_next(ngx_gw_node_t *node);
static void ngx_gw_document_long(ngx_gw_writer_t *w, const u_char *data,
    size_t len);
static void ngx_gw_document_buf(ngx_gw_writer_t *w, u_char *pos, u_char *last);


static ngx_inline void
ngx_gw_document_text(ngx_gw_writer_t *w, const u_char *data, size_t len)
{
    if (len > NGX_GW_DOCUMENT_SHORT || len >= (size_t) (w->end - w->pos)) {
        ngx_gw_document_long(w, data, len);
        return;
    }

    w->pos = ngx_cpymem(w->pos, data, len);
}


static ngx_inline void
ngx_gw_document_char(ngx_gw_writer_t *w, u_char c)
{
    if (w->pos == w->end) {
        ngx_gw_document_long(w, &c, 1);
        return;
    }

    *w->pos++ = c;
}


/* nodes on the way to the one at hand are linked by "up": no recursion */

ngx_int_t
ngx_gw_document_write(ngx_gw_document_t *doc, size_t *budget,
    ngx_chain_t **out, off_t *len)
{
    ngx_gw_node_t    *node;
    ngx_gw_writer_t  *w;

    w = doc->writer;

    if (w == NULL) {
        w = ngx_gw_document_writer(doc);
        if (w == NULL) {
            return NGX_ERROR;
        }

        doc->writer = w;

        ngx_gw_document_write_value(w, &doc->root);
    }

    w->budget = *budget;

    while (w->node && !w->failed) {

        if (w->budget == 0) {
            *budget = 0;
            return NGX_AGAIN;
        }

        node = w->node;

        if (node->block == NULL) {
            ngx_gw_document_char(w, '}');
            w->node = node->up;
            continue;
        }

        ngx_gw_document_write_member(w, node);
    }

    doc->writer = NULL;
    *budget = w->budget;

    *len = w->len + (w->pos - w->start);

    ngx_gw_document_buf(w, w->start, w->pos);

    *w->last = NULL;
    *out = w->out;

    return w->failed ? NGX_ERROR : NGX_OK;
}


static ngx_gw_writer_t *
ngx_gw_document_writer(ngx_gw_document_t *doc)
{
    ngx_gw_writer_t  *w;

    w = ngx_pcalloc(doc->pool, sizeof(ngx_gw_writer_t));
    if (w == NULL) {
        return NULL;
    }

    w->pool = doc->pool;
    w->last = &w->out;
    w->size = NGX_GW_DOCUMENT_COPY;

    return w;
}


/* of an object no more than the bracket */

static void
ngx_gw_document_write_value(ngx_gw_writer_t *w, const ngx_gw_slot_t *slot)
{
    ngx_gw_item_t  *item;
    ngx_gw_node_t  *node;

    if (slot->text) {
        ngx_gw_document_text(w, slot->u.data, slot->len);
        return;
    }

    node = slot->u.node;

    if (slot->type == NGX_GW_SPLICE_OBJECT) {
        ngx_gw_document_char(w, '{');

        node->block = node->n ? node->blocks : NULL;
        node->pos = 0;
        node->up = w->node;

        w->node = node;

        return;
    }

    ngx_gw_document_char(w, '[');

    for (item = node->items; item; item = item->next) {

        if (item != node->items) {
            ngx_gw_document_char(w, ',');
        }

        ngx_gw_document_text(w, item->data, item->len);
    }

    ngx_gw_document_char(w, ']');
}


/* the next member, with others that stand in their text behind it */

static void
ngx_gw_document_write_member(ngx_gw_writer_t *w, ngx_gw_node_t *node)
{
    u_char         *start, *last;
    size_t          n;
    ngx_gw_slot_t  *slot, *next;

    slot = &node->block->slots[node->pos];

    if (node->pos || node->block != node->blocks) {
        ngx_gw_document_char(w, ',');
    }

    next = ngx_gw_document_next(node);
    n = NGX_GW_DOCUMENT_MEMBER;

    if (!slot->intact) {
        w->budget -= ngx_min(n, w->budget);

        ngx_gw_document_char(w, '"');
        ngx_gw_document_text(w, slot->name, slot->nlen);
        ngx_gw_document_char(w, '"');
        ngx_gw_document_char(w, ':');

        ngx_gw_document_write_value(w, slot);

        return;
    }

    start = slot->name - 1;

    while (next && next->intact && next->follows && n < w->budget) {
        slot = next;
        next = ngx_gw_document_next(node);
        n += NGX_GW_DOCUMENT_MEMBER;
    }

    w->budget -= ngx_min(n, w->budget);

    last = slot->u.data + slot->len;

    ngx_gw_document_text(w, start, last - start);
}


/* moves on to the next slot; NULL: there is none */

static ngx_gw_slot_t *
ngx_gw_document_next(ngx_gw_node_t *node)
{
    if (++node->pos == node->block->n) {
        node->block = node->block->next;
        node->pos = 0;

        if (node->block == NULL) {
            return NULL;
        }
    }

    return &node->block->slots[node->pos];
}


/* what does not go into the memory at hand */

static void
ngx_gw_document_long(ngx_gw_writer_t *w, const u_char *data, size_t len)
{
    u_char  *p;

    if (len == 0) {
        return;
    }

    ngx_gw_document_buf(w, w->start, w->pos);

    w->len += w->pos - w->start;
    w->start = w->pos;

    if (len > NGX_GW_DOCUMENT_SHORT) {
        ngx_gw_document_buf(w, (u_char *) data, (u_char *) data + len);
        w->len += len;
        return;
    }

    p = ngx_pnalloc(w->pool, w->size);

    if (p == NULL) {
        w->failed = 1;
        return;
    }

    w->start = p;
    w->pos = ngx_cpymem(p, data, len);
    w->end = p + w->size;

    w->size = ngx_min(2 * w->size, NGX_GW_DOCUMENT_MAX_COPY);
}


static void
ngx_gw_document_buf(ngx_gw_writer_t *w, u_char *pos, u_char *last)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (pos == last || w->failed) {
        return;
    }

    b = ngx_calloc_buf(w->pool);
    cl = ngx_alloc_chain_link(w->pool);

    if (b == NULL || cl == NULL) {
        w->failed = 1;
        return;
    }

    b->pos = pos;
    b->last = last;
    b->start = pos;
    b->end = last;
    b->memory = 1;

    cl->buf = b;
    cl->next = NULL;

    *w->last = cl;
    w->last = &cl->next;
}
