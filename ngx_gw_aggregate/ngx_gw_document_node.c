
/*
 * ngx_gw_document: objects that were taken apart, and arrays.  Slots are in
 * blocks, which are never moved or freed.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"
#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


/* blocks of at least so many bytes are freed when they have become too small:
   the pool looks for them in a list */
#define NGX_GW_DOCUMENT_LARGE  65536

/* of a number of members that is a guess, no more than so many times those
   that are there already is believed */
#define NGX_GW_DOCUMENT_GUESS  16


static ngx_int_t ngx_gw_document_buckets(ngx_pool_t *pool,
    ngx_gw_node_t *node, size_t total);
static ngx_int_t ngx_gw_document_split(ngx_pool_t *pool, ngx_gw_node_t *node);


static ngx_inline ngx_gw_slot_t **
ngx_gw_document_bucket(ngx_gw_node_t *node, uint32_t hash)
{
    uint32_t  i;

    i = hash & node->mask;

    if (node->pieces == NULL) {
        return &node->buckets[i];
    }

    if (i < node->split) {
        i = hash & (2 * node->mask + 1);
    }

    return &node->pieces[i / NGX_GW_DOCUMENT_SPLIT]
                        [i % NGX_GW_DOCUMENT_SPLIT];
}


static ngx_inline ngx_uint_t
ngx_gw_document_is(const ngx_gw_slot_t *slot, const ngx_gw_step_t *step)
{
    if (slot->hash != step->hash) {
        return 0;
    }

    if (slot->escaped || step->escaped) {
        return ngx_gw_json_same_escaped(slot->name, slot->nlen,
                                        step->name.data, step->name.len);
    }

    return slot->nlen == step->name.len
           && ngx_memcmp(slot->name, step->name.data, slot->nlen) == 0;
}


ngx_gw_node_t *
ngx_gw_document_node(ngx_pool_t *pool)
{
    ngx_gw_node_t   *node;
    ngx_gw_block_t  *block;

    /* the first slots come with it */

    node = ngx_palloc(pool, sizeof(ngx_gw_node_t) + sizeof(ngx_gw_block_t)
                            + (NGX_GW_DOCUMENT_FIRST - 1)
                              * sizeof(ngx_gw_slot_t));
    if (node == NULL) {
        return NULL;
    }

    ngx_memzero(node, sizeof(ngx_gw_node_t));

    block = (ngx_gw_block_t *) (node + 1);

    block->next = NULL;
    block->n = 0;
    block->nalloc = NGX_GW_DOCUMENT_FIRST;

    node->blocks = block;
    node->last = block;

    return node;
}


ngx_gw_slot_t *
ngx_gw_document_find(ngx_gw_node_t *node, const ngx_gw_step_t *step)
{
    uint32_t         i;
    ngx_gw_slot_t   *slot, *found;
    ngx_gw_block_t  *block;

    if (node->buckets) {

        for (slot = *ngx_gw_document_bucket(node, step->hash);
             slot;
             slot = slot->chain)
        {
            if (ngx_gw_document_is(slot, step)) {
                return slot;
            }
        }

        return NULL;
    }

    found = NULL;

    for (block = node->blocks; block; block = block->next) {
        for (i = 0; i < block->n; i++) {
            if (ngx_gw_document_is(&block->slots[i], step)) {
                found = &block->slots[i];
            }
        }
    }

    return found;
}


ngx_gw_slot_t *
ngx_gw_document_add(ngx_pool_t *pool, ngx_gw_node_t *node,
    const ngx_gw_step_t *step, size_t total)
{
    uint32_t          n;
    ngx_gw_slot_t    *slot, **bucket;
    ngx_gw_block_t   *block;

    block = node->last;

    if (block->n == block->nalloc) {
        n = ngx_min(2 * block->nalloc, NGX_GW_DOCUMENT_BLOCK);

        block = ngx_palloc(pool, sizeof(ngx_gw_block_t)
                                 + (n - 1) * sizeof(ngx_gw_slot_t));
        if (block == NULL) {
            return NULL;
        }

        block->next = NULL;
        block->n = 0;
        block->nalloc = n;

        node->last->next = block;
        node->last = block;
    }

    if (node->n >= NGX_GW_DOCUMENT_FEW
        && (node->buckets == NULL || node->n > node->mask + node->split)
        && ngx_gw_document_buckets(pool, node, total) != NGX_OK)
    {
        return NULL;
    }

    slot = &block->slots[block->n++];
    node->n++;

    ngx_memzero(slot, sizeof(ngx_gw_slot_t));

    slot->name = step->name.data;
    slot->nlen = (uint32_t) step->name.len;
    slot->hash = step->hash;
    slot->escaped = step->escaped;

    if (node->buckets) {
        bucket = ngx_gw_document_bucket(node, slot->hash);
        slot->chain = *bucket;
        *bucket = slot;
    }

    return slot;
}


/* buckets for more slots than there are */

static ngx_int_t
ngx_gw_document_buckets(ngx_pool_t *pool, ngx_gw_node_t *node, size_t total)
{
    size_t            size;
    uint32_t          i;
    ngx_gw_slot_t    *slot, **bucket;
    ngx_gw_block_t   *block;

    if (node->mask + 1 == NGX_GW_DOCUMENT_SPLIT || node->pieces) {
        return ngx_gw_document_split(pool, node);
    }

    total = ngx_min(total, (size_t) node->n * NGX_GW_DOCUMENT_GUESS);
    total = ngx_max(total, (size_t) node->n * 2);
    total = ngx_min(total, NGX_GW_DOCUMENT_SPLIT);

    size = 16;

    while (size < total) {
        size *= 2;
    }

    if (node->buckets && (node->mask + 1) * sizeof(ngx_gw_slot_t *)
                         >= NGX_GW_DOCUMENT_LARGE)
    {
        (void) ngx_pfree(pool, node->buckets);
    }

    node->buckets = ngx_pcalloc(pool, size * sizeof(ngx_gw_slot_t *));
    if (node->buckets == NULL) {
        return NGX_ERROR;
    }

    node->mask = (uint32_t) size - 1;

    for (block = node->blocks; block; block = block->next) {
        for (i = 0; i < block->n; i++) {
            slot = &block->slots[i];
            bucket = &node->buckets[slot->hash & node->mask];
            slot->chain = *bucket;
            *bucket = slot;
        }
    }

    return NGX_OK;
}


/* one bucket more: slots of the next one are shared out, in their order */

static ngx_int_t
ngx_gw_document_split(ngx_pool_t *pool, ngx_gw_node_t *node)
{
    uint32_t          n, i, piece;
    ngx_gw_slot_t    *slot, **low, **high, ***pieces;

    n = node->mask + 1;
    piece = (n + node->split) / NGX_GW_DOCUMENT_SPLIT;

    if (piece >= node->npieces) {
        pieces = ngx_palloc(pool, 2 * piece * sizeof(ngx_gw_slot_t **));
        if (pieces == NULL) {
            return NGX_ERROR;
        }

        if (node->pieces) {
            ngx_memcpy(pieces, node->pieces,
                       piece * sizeof(ngx_gw_slot_t **));

        } else {
            pieces[0] = node->buckets;
        }

        node->pieces = pieces;
        node->npieces = 2 * piece;
    }

    if (node->split % NGX_GW_DOCUMENT_SPLIT == 0) {
        node->pieces[piece] = ngx_palloc(pool, NGX_GW_DOCUMENT_SPLIT
                                               * sizeof(ngx_gw_slot_t *));
        if (node->pieces[piece] == NULL) {
            return NGX_ERROR;
        }
    }

    i = node->split % NGX_GW_DOCUMENT_SPLIT;

    low = &node->pieces[node->split / NGX_GW_DOCUMENT_SPLIT][i];
    high = &node->pieces[piece][i];

    for (slot = *low; slot; slot = slot->chain) {

        if (slot->hash & n) {
            *high = slot;
            high = &slot->chain;

        } else {
            *low = slot;
            low = &slot->chain;
        }
    }

    *low = NULL;
    *high = NULL;

    if (++node->split == n) {
        node->mask = 2 * n - 1;
        node->split = 0;
    }

    return NGX_OK;
}


ngx_gw_node_t *
ngx_gw_document_array(ngx_pool_t *pool, ngx_gw_slot_t *slot)
{
    ngx_gw_node_t  *node;

    if (slot->type == NGX_GW_SPLICE_ARRAY && !slot->text) {
        return slot->u.node;
    }

    node = ngx_pcalloc(pool, sizeof(ngx_gw_node_t));
    if (node == NULL) {
        return NULL;
    }

    if (slot->type == NGX_GW_SPLICE_ARRAY
        && !ngx_gw_document_empty(slot)
        && ngx_gw_document_item(pool, node, slot->u.data + 1, slot->len - 2)
           != NGX_OK)
    {
        return NULL;
    }

    slot->u.node = node;
    slot->type = NGX_GW_SPLICE_ARRAY;
    slot->text = 0;
    slot->intact = 0;

    return node;
}


ngx_int_t
ngx_gw_document_item(ngx_pool_t *pool, ngx_gw_node_t *node, u_char *data,
    size_t len)
{
    ngx_gw_item_t  *item;

    item = ngx_palloc(pool, sizeof(ngx_gw_item_t));
    if (item == NULL) {
        return NGX_ERROR;
    }

    item->data = data;
    item->len = len;
    item->next = NULL;

    if (node->last_item) {
        node->last_item->next = item;

    } else {
        node->items = item;
    }

    node->last_item = item;

    return NGX_OK;
}
