
/*
 * ngx_gw_jwt_cache: tokens whose signature has been verified, so that it need
 * not be again.  One worker's own; bounded in entries and memory; the least
 * recently used go first.
 */


#ifndef _NGX_GW_JWT_CACHE_H_INCLUDED_
#define _NGX_GW_JWT_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_jwt.h"


typedef struct ngx_gw_jwt_entry_s  ngx_gw_jwt_entry_t;

struct ngx_gw_jwt_entry_s {
    ngx_gw_jwt_entry_t     *next;        /* same bucket */
    uint64_t                epoch;       /* keys and rules it was verified by */
    uint32_t                hash;
    uint32_t                refs;        /* holders, the cache among them */

    /* the caller's: by what its claims have been found good, NULL at first */
    void                   *memo;

    ngx_gw_jwt_t            jwt;         /* in memory of the entry's own */

    ngx_queue_t             queue;
    size_t                  size;        /* bytes allocated */
};


typedef struct {
    ngx_gw_jwt_entry_t    **buckets;     /* NULL until the first entry */
    ngx_uint_t              mask;
    ngx_queue_t             queue;       /* most recently used first */

    ngx_uint_t              entries;
    ngx_uint_t              max_entries; /* 0: keeps nothing */
    size_t                  memory;
    size_t                  max_memory;
    uint64_t                seed;
} ngx_gw_jwt_cache_t;


void ngx_gw_jwt_cache_init(ngx_gw_jwt_cache_t *cache, ngx_uint_t max_entries,
    size_t max_memory, uint64_t seed);

/* drops all; entries still held live on until they are released */
void ngx_gw_jwt_cache_done(ngx_gw_jwt_cache_t *cache);

/*
 * The entry of the very same token (compared whole) verified under the same
 * epoch, or NULL.  The caller holds it and releases it.
 */
ngx_gw_jwt_entry_t *ngx_gw_jwt_cache_find(ngx_gw_jwt_cache_t *cache,
    ngx_str_t *token, uint64_t epoch);

/*
 * Copies a verified token, which is not in the cache, into an entry and keeps
 * that if it can.  The caller holds it.  NULL: no memory.
 */
ngx_gw_jwt_entry_t *ngx_gw_jwt_cache_add(ngx_gw_jwt_cache_t *cache,
    ngx_gw_jwt_t *jwt, uint64_t epoch, ngx_log_t *log);

/* the caller holds it no more */
void ngx_gw_jwt_cache_release(ngx_gw_jwt_entry_t *entry);


#endif /* _NGX_GW_JWT_CACHE_H_INCLUDED_ */
