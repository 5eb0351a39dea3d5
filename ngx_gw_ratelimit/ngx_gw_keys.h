
/*
 * The keys of a zone: a hash table of nodes of one size, in shared memory,
 * that forgets the least recently used.  A node stands for a key by its keyed
 * 128-bit hash, so keys of any length cost the same, and none of them is
 * kept.  References are indexes.
 *
 * All calls are made under the zone's lock.
 */


#ifndef _NGX_GW_KEYS_H_INCLUDED_
#define _NGX_GW_KEYS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a node that must not be forgotten */
#define NGX_GW_KEYS_PINNED  ((int64_t) 0x7fffffffffffffff)


/* processes that are told of */
#define NGX_GW_KEYS_PIDS  256


/* what the key's owner keeps follows */
typedef struct {
    uint64_t        hash[2];
    int64_t         expires;       /* it holds nothing from then on; a new
                                      node has 0 */
    uint32_t        next;          /* in its bucket */
    uint32_t        newer;         /* used after it */
    uint32_t        older;
    uint32_t        unused;
} ngx_gw_keys_node_t;

#define ngx_gw_keys_data(node)  ((void *) ((node) + 1))


typedef struct {
    uint64_t        layout;        /* version and size of a node */
    uint64_t        seed[2];       /* of the hash of keys */

    uint32_t       *buckets;
    u_char         *nodes;
    size_t          size;          /* of a node */
    uint32_t        mask;          /* buckets - 1 */

    uint32_t        capacity;
    uint32_t        used;          /* nodes that have ever been */
    uint32_t        newest;
    uint32_t        oldest;

    uint64_t        forgotten;     /* nodes that held something */

    uint64_t        told;          /* for the owner's use: how many of these */
    int64_t         warned;        /* somebody has been told of, and when */

    int32_t         pids[NGX_GW_KEYS_PIDS];      /* for the owner's use */
} ngx_gw_keys_t;


/*
 * Takes all that is free in the zone's pool, for nodes with this much data.
 * NULL: there is not enough for 8 of them, or the seed could not be had.
 */
ngx_gw_keys_t *ngx_gw_keys_create(ngx_slab_pool_t *shpool, size_t data);

/* whether they were made by this version, for so much data */
ngx_uint_t ngx_gw_keys_fit(ngx_gw_keys_t *keys, size_t data);

/* the node with the hash, or NULL */
ngx_gw_keys_node_t *ngx_gw_keys_find(ngx_gw_keys_t *keys,
    const uint64_t hash[2]);

/*
 * The same, made the most recently used; a new one, its data zero, if there
 * is none.  Where room is needed a node that holds nothing at the time now
 * goes first, if there is one among the few that were not used for longest,
 * else the one that was not used for longest: keys->forgotten counts these.
 * NULL: a thousand are pinned.
 */
ngx_gw_keys_node_t *ngx_gw_keys_get(ngx_gw_keys_t *keys,
    const uint64_t hash[2], int64_t now);


/* the i-th of all nodes, from 1 to keys->used, for who looks at each */
ngx_gw_keys_node_t *ngx_gw_keys_at(ngx_gw_keys_t *keys, uint32_t i);


#endif /* _NGX_GW_KEYS_H_INCLUDED_ */
