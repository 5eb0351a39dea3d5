
/*
 * What the files of ngx_gw_document share, and nobody else needs.
 */


#ifndef _NGX_GW_DOCUMENT_INTERNAL_H_INCLUDED_
#define _NGX_GW_DOCUMENT_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_document.h"


/* what a member, or a slot that is written, counts for in a budget */
#define NGX_GW_DOCUMENT_MEMBER  64

/* slots that a new object has room for; each further block has twice as many,
   up to the last number */
#define NGX_GW_DOCUMENT_FIRST   4
#define NGX_GW_DOCUMENT_BLOCK   256

/* objects with no more members have no buckets */
#define NGX_GW_DOCUMENT_FEW     8

/* buckets are no longer made anew, but split one by one, from so many on */
#define NGX_GW_DOCUMENT_SPLIT   65536


typedef struct ngx_gw_step_s    ngx_gw_step_t;
typedef struct ngx_gw_item_s    ngx_gw_item_t;
typedef struct ngx_gw_node_s    ngx_gw_node_t;
typedef struct ngx_gw_slot_s    ngx_gw_slot_t;
typedef struct ngx_gw_block_s   ngx_gw_block_t;
typedef struct ngx_gw_writer_s  ngx_gw_writer_t;


/* a name of a place, or of a member that is looked for */
struct ngx_gw_step_s {
    ngx_str_t                 name;     /* as it is written, without quotes */
    uint32_t                  hash;     /* of the unescaped name */
    unsigned                  escaped:1;
};


/* a member of an object that was taken apart, or the root; it never moves */
struct ngx_gw_slot_s {
    u_char                   *name;     /* behind its quote */
    uint32_t                  nlen;
    uint32_t                  hash;
    ngx_gw_slot_t            *chain;    /* the one before in its bucket */

    union {
        u_char               *data;     /* a text, if "text" is set */
        ngx_gw_node_t        *node;     /* what was made here */
    } u;

    uint32_t                  len;      /* of the text */
    uint32_t                  turn;     /* that it was last put into by */
    uint16_t                  source;   /* of the text; 0: names in it may be
                                           there twice */
    uint8_t                   type;     /* NONE: add() leaves it to its caller
                                           to fill in a value */
    unsigned                  text:1;
    unsigned                  escaped:1;
    unsigned                  intact:1; /* the value still follows the name in
                                           the text */
    unsigned                  follows:1; /* came behind the slot before in the
                                           same text */
};


struct ngx_gw_block_s {
    ngx_gw_block_t           *next;
    uint32_t                  n;
    uint32_t                  nalloc;
    ngx_gw_slot_t             slots[1];
};


/* an item of an array that was made here, or several with commas between */
struct ngx_gw_item_s {
    u_char                   *data;
    size_t                    len;
    ngx_gw_item_t            *next;
};


/* an object that was taken apart, or an array that was added to */
struct ngx_gw_node_s {
    ngx_gw_block_t           *blocks;
    ngx_gw_block_t           *last;
    uint32_t                  n;        /* slots of all blocks */

    uint32_t                  mask;     /* number of buckets less 1 */
    ngx_gw_slot_t           **buckets;  /* the last slot of each */

    /* beyond SPLIT of them: pieces of so many; of the first "split" of
       mask + 1 there are twice as many */
    ngx_gw_slot_t          ***pieces;   /* NULL: just the buckets */
    uint32_t                  npieces;
    uint32_t                  split;

    ngx_gw_item_t            *items;
    ngx_gw_item_t            *last_item;

    /* while the document is written, which must not recurse */
    ngx_gw_node_t            *up;
    ngx_gw_block_t           *block;    /* the next slot to be written */
    uint32_t                  pos;
};


/* an object of a text, on its way into a node */
typedef struct {
    ngx_gw_node_t            *node;
    u_char                   *start;    /* of the object */
    u_char                   *pos;
    u_char                   *end;      /* of the object; if it is inner, of
                                           one around it */
    /* the member at hand */
    ngx_gw_slot_t            *slot;
    u_char                   *value;
    size_t                    depth;    /* brackets that are open in the value;
                                           0: it has not begun */
    uint32_t                  turn;
    uint16_t                  source;
    unsigned                  concat:1;
    unsigned                  added:1;  /* the slot at hand is new */
    unsigned                  run:1;    /* the last slot was */
    unsigned                  apart:1;  /* the node is the object itself */
    unsigned                  inner:1;  /* the frame below goes on behind it */
} ngx_gw_frame_t;


typedef enum {
    NGX_GW_DOCUMENT_IDLE = 0,
    NGX_GW_DOCUMENT_SET,
    NGX_GW_DOCUMENT_APPEND,
    NGX_GW_DOCUMENT_MERGE
} ngx_gw_document_op_e;


struct ngx_gw_document_s {
    ngx_pool_t               *pool;
    ngx_gw_slot_t             root;     /* a value without a name */

    /* what is being done */
    ngx_gw_document_op_e      op;
    const ngx_gw_place_t     *place;
    ngx_uint_t                step;     /* of the place, the next one */
    ngx_gw_slot_t            *slot;     /* reached so far */
    ngx_str_t                 json;
    ngx_uint_t                source;
    ngx_uint_t                concat;

    ngx_gw_frame_t           *frames;   /* the last one is worked on */
    ngx_uint_t                nframes;
    ngx_uint_t                nalloc;
    uint32_t                  turn;

    size_t                    budget;   /* what is left of it */
    ngx_uint_t                twice;    /* the source that has a name twice */

    ngx_gw_writer_t          *writer;   /* not NULL: it is being written */
};


/* ngx_gw_document_node.c */

/* an empty object.  NULL: no memory */
ngx_gw_node_t *ngx_gw_document_node(ngx_pool_t *pool);

/* the last slot of this name, or NULL */
ngx_gw_slot_t *ngx_gw_document_find(ngx_gw_node_t *node,
    const ngx_gw_step_t *step);

/*
 * A new slot, without a value, behind the others.  total: how many there will
 * be, perhaps; 0: not known.  NULL: no memory
 */
ngx_gw_slot_t *ngx_gw_document_add(ngx_pool_t *pool, ngx_gw_node_t *node,
    const ngx_gw_step_t *step, size_t total);

/* makes an array that can be added to of what is in the slot */
ngx_gw_node_t *ngx_gw_document_array(ngx_pool_t *pool, ngx_gw_slot_t *slot);

ngx_int_t ngx_gw_document_item(ngx_pool_t *pool, ngx_gw_node_t *node,
    u_char *data, size_t len);


/* ngx_gw_document_merge.c */

/*
 * Makes an object that can be added to of what is in the slot; if that is a
 * text, its members are there only when all frames have been worked off.
 * NULL: no memory.
 */
ngx_gw_node_t *ngx_gw_document_object(ngx_gw_document_t *doc,
    ngx_gw_slot_t *slot);

/* puts the text at hand on top of the slot's value; frames may be left */
ngx_int_t ngx_gw_document_combine(ngx_gw_document_t *doc, ngx_gw_slot_t *slot);

/* works frames off, as ngx_gw_document_run() does */
ngx_int_t ngx_gw_document_frames(ngx_gw_document_t *doc);


static ngx_inline void
ngx_gw_document_put(ngx_gw_slot_t *slot, u_char *data, size_t len,
    ngx_uint_t type, ngx_uint_t source)
{
    slot->u.data = data;
    slot->len = (uint32_t) len;
    slot->type = (uint8_t) type;
    slot->source = (uint16_t) source;
    slot->text = 1;
    slot->intact = 0;
}


static ngx_inline u_char *
ngx_gw_document_space(u_char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') {
        p++;
    }

    return p;
}


/* has the text of an array or object nothing in it? */

static ngx_inline ngx_uint_t
ngx_gw_document_nothing(u_char *p)
{
    p = ngx_gw_document_space(p + 1);

    return *p == '}' || *p == ']';
}


/* has the array or object that is in the slot nothing in it? */

static ngx_inline ngx_uint_t
ngx_gw_document_empty(const ngx_gw_slot_t *slot)
{
    if (slot->text) {
        return ngx_gw_document_nothing(slot->u.data);
    }

    return slot->u.node->n == 0 && slot->u.node->items == NULL;
}


#endif /* _NGX_GW_DOCUMENT_INTERNAL_H_INCLUDED_ */
