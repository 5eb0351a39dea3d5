
/*
 * What the files of ngx_gw_document share, and nobody else needs.
 */


#ifndef _NGX_GW_DOCUMENT_INTERNAL_H_INCLUDED_
#define _NGX_GW_DOCUMENT_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_document.h"


typedef struct ngx_gw_step_s    ngx_gw_step_t;
typedef struct ngx_gw_source_s  ngx_gw_source_t;
typedef struct ngx_gw_item_s    ngx_gw_item_t;
typedef struct ngx_gw_node_s    ngx_gw_node_t;


/* a name of a place */
struct ngx_gw_step_s {
    ngx_str_t                 name;     /* as it is written, without quotes */
    uint32_t                  hash;     /* of the unescaped name */
    unsigned                  escaped:1;
};


/* a text that was put into the document */
struct ngx_gw_source_s {
    u_char                   *data;
    size_t                    len;
    const ngx_gw_member_t    *index;    /* NULL: there is none (yet) */
    ngx_uint_t                n;
};


/*
 * A value: a text, or what was made here.  All that is NULL is no value at
 * all: what add() leaves behind for its caller to fill.
 */
typedef struct {
    ngx_gw_source_t          *source;   /* NULL: not a text */
    union {
        const ngx_gw_member_t  *member; /* of a text: NULL is all of it */
        ngx_gw_node_t          *node;
    } u;
} ngx_gw_value_t;


/* a member of an object that was taken apart */
typedef struct {
    u_char                   *name;     /* behind its quote */
    uint32_t                  nlen;
    uint32_t                  hash;
    uint32_t                  chain;    /* the slot before in its bucket, from
                                           1; 0: none */
    unsigned                  escaped:1;
    unsigned                  intact:1; /* the value still follows the name
                                           in the source */
    unsigned                  follows:1; /* came behind the slot before in
                                           the same source */
    ngx_gw_value_t            value;
} ngx_gw_slot_t;


/* an item of an array that was made here, or several with commas between */
struct ngx_gw_item_s {
    u_char                   *data;
    size_t                    len;
    ngx_gw_item_t            *next;
};


/* an object that was taken apart, or an array that was added to */
struct ngx_gw_node_s {
    ngx_gw_slot_t            *slots;
    uint32_t                  n;
    uint32_t                  nalloc;

    uint32_t                 *buckets;  /* the last slot of each, from 1 */
    uint32_t                  mask;     /* number of buckets less 1 */

    unsigned                  array:1;
    ngx_gw_item_t            *items;
    ngx_gw_item_t            *last;

    /* while the document is merged or written, which must not recurse */
    ngx_gw_node_t            *up;
    const ngx_gw_member_t    *todo;     /* next member to be merged */
    uint32_t                  pos;      /* next slot to be written */
    unsigned                  run:1;    /* the last member merged was added */
};


struct ngx_gw_document_s {
    ngx_pool_t               *pool;
    ngx_gw_slot_t             root;     /* a value without a name */
};


/*
 * Makes the index of a text that is an object.  NGX_OK or NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_gw_document_index(ngx_pool_t *pool, ngx_gw_source_t *source);

/* the member behind this one in its object, or NULL */
static ngx_inline const ngx_gw_member_t *
ngx_gw_document_next(const ngx_gw_source_t *source,
    const ngx_gw_member_t *member)
{
    return member->next ? &source->index[member->next] : NULL;
}


static ngx_inline u_char *
ngx_gw_document_data(const ngx_gw_value_t *value)
{
    return value->u.member ? value->source->data + value->u.member->pos
                           : value->source->data;
}


static ngx_inline size_t
ngx_gw_document_len(const ngx_gw_value_t *value)
{
    return value->u.member ? value->u.member->len : value->source->len;
}


/* the text of a value that begins with this byte is of this type */

static ngx_inline ngx_uint_t
ngx_gw_document_type(u_char c)
{
    switch (c) {

    case '{':
        return NGX_GW_SPLICE_OBJECT;

    case '[':
        return NGX_GW_SPLICE_ARRAY;

    case '"':
        return NGX_GW_SPLICE_STRING;

    case 't':
        return NGX_GW_SPLICE_TRUE;

    case 'f':
        return NGX_GW_SPLICE_FALSE;

    case 'n':
        return NGX_GW_SPLICE_NULL;

    default:
        return NGX_GW_SPLICE_NUMBER;
    }
}


static ngx_inline u_char *
ngx_gw_document_space(u_char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') {
        p++;
    }

    return p;
}


#endif /* _NGX_GW_DOCUMENT_INTERNAL_H_INCLUDED_ */
