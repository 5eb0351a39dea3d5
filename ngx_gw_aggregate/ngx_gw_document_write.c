
/*
 * ngx_gw_document, writing it: a chain of buffers.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"


/*
 * What is longer gets a buffer of its own, what is not is copied: that costs
 * less than an entry of writev() does.
 */
#define NGX_GW_DOCUMENT_SHORT      2048

/* blocks for copies: the first one, and the longest */
#define NGX_GW_DOCUMENT_BLOCK      4096
#define NGX_GW_DOCUMENT_MAX_BLOCK  65536


typedef struct {
    ngx_pool_t               *pool;

    ngx_chain_t             **last;
    off_t                     len;      /* of what is in the chain */

    u_char                   *start;    /* of what was copied since */
    u_char                   *pos;
    u_char                   *end;      /* of the block */
    size_t                    block;    /* size of the next one */

    ngx_uint_t                failed;   /* no memory */
} ngx_gw_writer_t;


static void ngx_gw_document_write_run(ngx_gw_writer_t *w, ngx_gw_node_t *node);
static void ngx_gw_document_write_array(ngx_gw_writer_t *w,
    const ngx_gw_node_t *node);
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
ngx_gw_document_write(ngx_gw_document_t *doc, ngx_chain_t **out, off_t *len)
{
    ngx_gw_node_t         *node;
    ngx_gw_slot_t         *slot;
    ngx_gw_writer_t        w;
    const ngx_gw_value_t  *value;

    ngx_memzero(&w, sizeof(ngx_gw_writer_t));

    w.pool = doc->pool;
    w.last = out;
    w.block = NGX_GW_DOCUMENT_BLOCK;

    node = NULL;
    value = &doc->root.value;

    for ( ;; ) {

        if (value->source) {
            ngx_gw_document_text(&w, ngx_gw_document_data(value),
                                 ngx_gw_document_len(value));

        } else if (value->u.node->array) {
            ngx_gw_document_write_array(&w, value->u.node);

        } else {
            ngx_gw_document_char(&w, '{');

            value->u.node->up = node;
            value->u.node->pos = 0;
            node = value->u.node;
        }

        /* the next value that is not written with its name */

        for (value = NULL; node && value == NULL; /* void */ ) {

            if (node->pos == node->n) {
                ngx_gw_document_char(&w, '}');
                node = node->up;
                continue;
            }

            if (node->pos) {
                ngx_gw_document_char(&w, ',');
            }

            slot = &node->slots[node->pos];

            if (slot->intact) {
                ngx_gw_document_write_run(&w, node);
                continue;
            }

            node->pos++;

            ngx_gw_document_char(&w, '"');
            ngx_gw_document_text(&w, slot->name, slot->nlen);
            ngx_gw_document_char(&w, '"');
            ngx_gw_document_char(&w, ':');

            value = &slot->value;
        }

        if (value == NULL || w.failed) {
            break;
        }
    }

    *len = w.len + (w.pos - w.start);

    ngx_gw_document_buf(&w, w.start, w.pos);

    *w.last = NULL;

    return w.failed ? NGX_ERROR : NGX_OK;
}


/* members that stand in their text one behind the other, as they stand */

static void
ngx_gw_document_write_run(ngx_gw_writer_t *w, ngx_gw_node_t *node)
{
    u_char         *start, *last;
    ngx_gw_slot_t  *slot;

    slot = &node->slots[node->pos++];
    start = slot->name - 1;

    while (node->pos < node->n && slot[1].intact && slot[1].follows) {
        slot++;
        node->pos++;
    }

    last = ngx_gw_document_data(&slot->value)
           + ngx_gw_document_len(&slot->value);

    ngx_gw_document_text(w, start, last - start);
}


static void
ngx_gw_document_write_array(ngx_gw_writer_t *w, const ngx_gw_node_t *node)
{
    ngx_gw_item_t  *item;

    ngx_gw_document_char(w, '[');

    for (item = node->items; item; item = item->next) {

        if (item != node->items) {
            ngx_gw_document_char(w, ',');
        }

        ngx_gw_document_text(w, item->data, item->len);
    }

    ngx_gw_document_char(w, ']');
}


/* what does not go into the block */

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

    p = ngx_pnalloc(w->pool, w->block);

    if (p == NULL) {
        w->failed = 1;
        return;
    }

    w->start = p;
    w->pos = ngx_cpymem(p, data, len);
    w->end = p + w->block;

    w->block = ngx_min(2 * w->block, NGX_GW_DOCUMENT_MAX_BLOCK);
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
