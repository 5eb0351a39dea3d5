
#include "ngx_gw_keys.h"

#include <openssl/rand.h>


/* changes with anything in shared memory that another version would read
   otherwise */
#define NGX_GW_KEYS_VERSION  3

#define NGX_GW_KEYS_ALIGN    64

/* so many are looked at when room is needed, beside pinned ones */
#define NGX_GW_KEYS_OLDEST   16
#define NGX_GW_KEYS_PINS     1024


static ngx_gw_keys_node_t *ngx_gw_keys_make_room(ngx_gw_keys_t *keys,
    int64_t now);
static void ngx_gw_keys_remove(ngx_gw_keys_t *keys, uint32_t i);
static void ngx_gw_keys_unlink(ngx_gw_keys_t *keys, ngx_gw_keys_node_t *node);
static void ngx_gw_keys_link(ngx_gw_keys_t *keys, uint32_t i);


/* index 0 is none */

#define ngx_gw_keys_node(keys, i)                                             \
    ((ngx_gw_keys_node_t *) ((keys)->nodes + (size_t) (i) * (keys)->size))

#define ngx_gw_keys_layout(size)                                              \
    ((uint64_t) NGX_GW_KEYS_VERSION << 32 | (uint32_t) (size))


static size_t
ngx_gw_keys_node_size(size_t data)
{
    return ngx_align(sizeof(ngx_gw_keys_node_t) + data, NGX_GW_KEYS_ALIGN);
}


ngx_gw_keys_t *
ngx_gw_keys_create(ngx_slab_pool_t *shpool, size_t data)
{
    size_t          size, total, node;
    u_char         *p;
    uint32_t        buckets;
    ngx_gw_keys_t  *keys;

    /* in one piece: the pool is new, its free pages adjoin */

    total = (size_t) shpool->pfree * ngx_pagesize;

    if (total == 0) {
        return NULL;
    }

    keys = ngx_slab_alloc(shpool, total);
    if (keys == NULL) {
        return NULL;
    }

    ngx_memzero(keys, sizeof(ngx_gw_keys_t));

    node = ngx_gw_keys_node_size(data);
    size = total - ngx_align(sizeof(ngx_gw_keys_t), NGX_GW_KEYS_ALIGN);

    /* one bucket to two nodes at least */

    for (buckets = 4; size / (node + 4) > (size_t) buckets * 2; buckets *= 2) {
        if (buckets == 0x80000000) {
            return NULL;
        }
    }

    if (size < buckets * sizeof(uint32_t)
               + NGX_GW_KEYS_ALIGN + 9 * node)
    {
        return NULL;
    }

    p = (u_char *) keys
        + ngx_align(sizeof(ngx_gw_keys_t), NGX_GW_KEYS_ALIGN);

    keys->buckets = (uint32_t *) p;
    ngx_memzero(p, buckets * sizeof(uint32_t));

    p = ngx_align_ptr(p + buckets * sizeof(uint32_t), NGX_GW_KEYS_ALIGN);

    /* the first is not used */

    keys->nodes = p;
    keys->capacity = ((u_char *) keys + total - p) / node - 1;
    keys->size = node;
    keys->mask = buckets - 1;
    keys->layout = ngx_gw_keys_layout(node);

    if (RAND_bytes((u_char *) keys->seed, sizeof(keys->seed)) != 1) {
        return NULL;
    }

    return keys;
}


ngx_uint_t
ngx_gw_keys_fit(ngx_gw_keys_t *keys, size_t data)
{
    return keys->layout == ngx_gw_keys_layout(ngx_gw_keys_node_size(data));
}


ngx_gw_keys_node_t *
ngx_gw_keys_find(ngx_gw_keys_t *keys, const uint64_t hash[2])
{
    uint32_t             i;
    ngx_gw_keys_node_t  *node;

    for (i = keys->buckets[hash[0] & keys->mask]; i; i = node->next) {
        node = ngx_gw_keys_node(keys, i);

        if (node->hash[0] == hash[0] && node->hash[1] == hash[1]) {
            return node;
        }
    }

    return NULL;
}


ngx_gw_keys_node_t *
ngx_gw_keys_get(ngx_gw_keys_t *keys, const uint64_t hash[2], int64_t now)
{
    uint32_t             i;
    ngx_gw_keys_node_t  *node;

    node = ngx_gw_keys_find(keys, hash);

    if (node) {
        i = ((u_char *) node - keys->nodes) / keys->size;

        if (i != keys->newest) {
            ngx_gw_keys_unlink(keys, node);
            ngx_gw_keys_link(keys, i);
        }

        return node;
    }

    if (keys->used < keys->capacity) {
        node = ngx_gw_keys_node(keys, ++keys->used);

    } else {
        node = ngx_gw_keys_make_room(keys, now);

        if (node == NULL) {
            return NULL;
        }
    }

    ngx_memzero(node, keys->size);

    i = ((u_char *) node - keys->nodes) / keys->size;

    node->hash[0] = hash[0];
    node->hash[1] = hash[1];

    node->next = keys->buckets[hash[0] & keys->mask];
    keys->buckets[hash[0] & keys->mask] = i;

    ngx_gw_keys_link(keys, i);

    return node;
}


ngx_gw_keys_node_t *
ngx_gw_keys_at(ngx_gw_keys_t *keys, uint32_t i)
{
    return ngx_gw_keys_node(keys, i);
}


static ngx_gw_keys_node_t *
ngx_gw_keys_make_room(ngx_gw_keys_t *keys, int64_t now)
{
    uint32_t             i, newer, oldest;
    ngx_uint_t           n, pins;
    ngx_gw_keys_node_t  *node;

    oldest = 0;
    n = 0;
    pins = 0;

    for (i = keys->oldest; i; i = newer) {
        node = ngx_gw_keys_node(keys, i);
        newer = node->newer;

        if (node->expires <= now) {
            ngx_gw_keys_remove(keys, i);
            return node;
        }

        if (node->expires == NGX_GW_KEYS_PINNED) {

            if (++pins > NGX_GW_KEYS_PINS) {
                break;
            }

            /* out of the way of the next search */
            ngx_gw_keys_unlink(keys, node);
            ngx_gw_keys_link(keys, i);
            continue;
        }

        if (oldest == 0) {
            oldest = i;
        }

        if (++n == NGX_GW_KEYS_OLDEST) {
            break;
        }
    }

    if (oldest == 0) {
        return NULL;
    }

    keys->forgotten++;
    ngx_gw_keys_remove(keys, oldest);

    return ngx_gw_keys_node(keys, oldest);
}


static void
ngx_gw_keys_remove(ngx_gw_keys_t *keys, uint32_t i)
{
    uint32_t            *p;
    ngx_gw_keys_node_t  *node;

    node = ngx_gw_keys_node(keys, i);

    p = &keys->buckets[node->hash[0] & keys->mask];

    while (*p != i) {
        p = &ngx_gw_keys_node(keys, *p)->next;
    }

    *p = node->next;

    ngx_gw_keys_unlink(keys, node);
}


static void
ngx_gw_keys_unlink(ngx_gw_keys_t *keys, ngx_gw_keys_node_t *node)
{
    if (node->newer) {
        ngx_gw_keys_node(keys, node->newer)->older = node->older;

    } else {
        keys->newest = node->older;
    }

    if (node->older) {
        ngx_gw_keys_node(keys, node->older)->newer = node->newer;

    } else {
        keys->oldest = node->newer;
    }
}


static void
ngx_gw_keys_link(ngx_gw_keys_t *keys, uint32_t i)
{
    ngx_gw_keys_node_t  *node;

    node = ngx_gw_keys_node(keys, i);

    node->newer = 0;
    node->older = keys->newest;

    if (keys->newest) {
        ngx_gw_keys_node(keys, keys->newest)->newer = i;

    } else {
        keys->oldest = i;
    }

    keys->newest = i;
}
