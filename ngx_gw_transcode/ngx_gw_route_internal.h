
/*
 * ngx_gw_route: the trie, for ngx_gw_route.c that makes it and
 * ngx_gw_route_match.c that walks it.
 */


#ifndef _NGX_GW_ROUTE_INTERNAL_H_INCLUDED_
#define _NGX_GW_ROUTE_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_route.h"


/* most different methods */
#define NGX_GW_ROUTE_MAX_METHODS  64

/* the method "*" */
#define NGX_GW_ROUTE_ANY          0


typedef struct ngx_gw_route_node_s     ngx_gw_route_node_t;
typedef struct ngx_gw_route_binding_s  ngx_gw_route_binding_t;


struct ngx_gw_route_binding_s {
    ngx_gw_route_t            route;
    uint16_t                  nsegments;
    uint16_t                  dstar;     /* nsegments: there is none */
    ngx_uint_t                method;
    ngx_gw_route_binding_t   *next;
};


typedef struct {
    uint32_t                  hash;
    uint32_t                  len;
    ngx_gw_route_node_t      *node;      /* NULL: the slot is free */
} ngx_gw_route_slot_t;


/*
 * A node stands for the segments on the way to it.  Below "**" the way goes
 * backwards, from the last segment of a path.
 */

struct ngx_gw_route_node_s {
    ngx_gw_route_slot_t      *slots;     /* literals; NULL: there are none */
    uint32_t                  mask;
    uint32_t                  nslots;    /* in use, half of them at most */

    ngx_gw_route_node_t      *star;
    ngx_gw_route_node_t      *dstar;

    uint64_t                  methods;   /* of bindings, a bit each */
    ngx_gw_route_binding_t   *bindings;

    u_char                   *text;      /* the literal it is reached by */
};


struct ngx_gw_routes_s {
    ngx_pool_t               *pool;

    ngx_gw_route_node_t       root;
    ngx_gw_route_node_t       verbs;     /* a literal each; its node is the
                                            root of templates with it */

    ngx_str_t                 methods[NGX_GW_ROUTE_MAX_METHODS];
    ngx_uint_t                nmethods;
    uint8_t                   order[NGX_GW_ROUTE_MAX_METHODS];
};


static ngx_inline uint64_t
ngx_gw_route_mix(uint64_t a, uint64_t b)
{
#if (__SIZEOF_INT128__ && !NGX_GW_PORTABLE)

    unsigned __int128  product;

    product = (unsigned __int128) a * b;

    return (uint64_t) product ^ (uint64_t) (product >> 64);

#else

    a = (a ^ (a >> 32)) * b;

    return a ^ (a >> 29);

#endif
}


/* only those who write templates choose what is in the tables: no seed */

static ngx_inline uint32_t
ngx_gw_route_hash(const u_char *p, size_t len)
{
    uint64_t  a, b, h;
    uint32_t  c, d;

    h = len ^ 0x9e3779b97f4a7c15;

    while (len > 16) {
        ngx_memcpy(&a, p, 8);
        ngx_memcpy(&b, p + 8, 8);

        h = ngx_gw_route_mix(a ^ h, b ^ 0xa0761d6478bd642f);
        p += 16;
        len -= 16;
    }

    if (len >= 8) {
        ngx_memcpy(&a, p, 8);
        ngx_memcpy(&b, p + len - 8, 8);

    } else if (len >= 4) {
        ngx_memcpy(&c, p, 4);
        ngx_memcpy(&d, p + len - 4, 4);
        a = c;
        b = d;

    } else if (len) {
        a = ((uint32_t) p[0] << 16) | ((uint32_t) p[len / 2] << 8)
            | p[len - 1];
        b = 0;

    } else {
        a = 0;
        b = 0;
    }

    h = ngx_gw_route_mix(a ^ h, b ^ 0xe7037ed1a0b428db);

    return (uint32_t) (h ^ (h >> 32));
}


/* the child of a literal, or NULL */

static ngx_inline ngx_gw_route_node_t *
ngx_gw_route_lookup(const ngx_gw_route_node_t *node, const u_char *text,
    size_t len)
{
    uint32_t              hash, i;
    ngx_gw_route_slot_t  *slot;

    if (node->slots == NULL) {
        return NULL;
    }

    hash = ngx_gw_route_hash(text, len);

    for (i = hash; /* void */ ; i++) {
        slot = &node->slots[i & node->mask];

        if (slot->node == NULL) {
            return NULL;
        }

        if (slot->hash == hash && slot->len == len
            && ngx_memcmp(slot->node->text, text, len) == 0)
        {
            return slot->node;
        }
    }
}


#endif /* _NGX_GW_ROUTE_INTERNAL_H_INCLUDED_ */
