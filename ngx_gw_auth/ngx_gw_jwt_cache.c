
#include "ngx_gw_jwt_cache.h"


/* bytes at the end of a token that are hashed */
#define NGX_GW_JWT_CACHE_TAIL  32

/* sizes of entries are multiples of it, so that one can take another's place */
#define NGX_GW_JWT_CACHE_UNIT  256

#if (__GNUC__)
#define ngx_gw_jwt_prefetch(p)  __builtin_prefetch(p)
#else
#define ngx_gw_jwt_prefetch(p)
#endif


static uint32_t ngx_gw_jwt_cache_hash(ngx_gw_jwt_cache_t *cache,
    ngx_str_t *token, uint64_t epoch);
static size_t ngx_gw_jwt_cache_size(ngx_gw_jwt_t *jwt);
static void ngx_gw_jwt_cache_copy(ngx_gw_jwt_entry_t *entry,
    ngx_gw_jwt_t *jwt);
static u_char *ngx_gw_jwt_cache_copy_json(u_char *p, ngx_gw_json_t *json);
static ngx_int_t ngx_gw_jwt_cache_allocate(ngx_gw_jwt_cache_t *cache,
    ngx_log_t *log);
static void ngx_gw_jwt_cache_remove(ngx_gw_jwt_cache_t *cache,
    ngx_gw_jwt_entry_t *entry);


void
ngx_gw_jwt_cache_init(ngx_gw_jwt_cache_t *cache, ngx_uint_t max_entries,
    size_t max_memory, uint64_t seed)
{
    ngx_memzero(cache, sizeof(ngx_gw_jwt_cache_t));

    ngx_queue_init(&cache->queue);

    cache->max_entries = max_entries;
    cache->max_memory = max_memory;
    cache->seed = seed | 1;
}


void
ngx_gw_jwt_cache_done(ngx_gw_jwt_cache_t *cache)
{
    ngx_queue_t         *q;
    ngx_gw_jwt_entry_t  *entry;

    while (!ngx_queue_empty(&cache->queue)) {
        q = ngx_queue_head(&cache->queue);
        entry = ngx_queue_data(q, ngx_gw_jwt_entry_t, queue);

        ngx_gw_jwt_cache_remove(cache, entry);
        ngx_gw_jwt_cache_release(entry);
    }

    if (cache->buckets) {
        ngx_free(cache->buckets);
        cache->buckets = NULL;
    }
}


ngx_gw_jwt_entry_t *
ngx_gw_jwt_cache_find(ngx_gw_jwt_cache_t *cache, ngx_str_t *token,
    uint64_t epoch)
{
    uint32_t             hash;
    ngx_gw_jwt_entry_t  *entry;

    if (cache->buckets == NULL) {
        return NULL;
    }

    hash = ngx_gw_jwt_cache_hash(cache, token, epoch);

    for (entry = cache->buckets[hash & cache->mask];
         entry;
         entry = entry->next)
    {
        if (entry->hash != hash || entry->epoch != epoch
            || entry->jwt.token.len != token->len)
        {
            continue;
        }

        /* will be written to; comes from memory while the token is compared */

        ngx_gw_jwt_prefetch(entry->queue.prev);
        ngx_gw_jwt_prefetch(entry->queue.next);

        if (ngx_memcmp(entry->jwt.token.data, token->data, token->len) == 0) {

            if (ngx_queue_head(&cache->queue) != &entry->queue) {
                ngx_queue_remove(&entry->queue);
                ngx_queue_insert_head(&cache->queue, &entry->queue);
            }

            entry->refs++;

            return entry;
        }
    }

    return NULL;
}


/*
 * The end of a signature is as good as random, and only verified tokens are
 * kept: their holder cannot choose it.  So few bytes make a good hash.
 */

static uint32_t
ngx_gw_jwt_cache_hash(ngx_gw_jwt_cache_t *cache, ngx_str_t *token,
    uint64_t epoch)
{
    size_t    i, n;
    u_char   *p;
    uint64_t  h, word;

    n = ngx_min(token->len, NGX_GW_JWT_CACHE_TAIL);
    p = token->data + token->len - n;
    h = cache->seed ^ (epoch * 0x9e3779b97f4a7c15ULL) ^ token->len;

    for (i = 0; i + sizeof(word) <= n; i += sizeof(word)) {
        ngx_memcpy(&word, p + i, sizeof(word));

        h = (h ^ word) * 0xd6e8feb86659fd93ULL;
        h ^= h >> 32;
    }

    return (uint32_t) h;
}


ngx_gw_jwt_entry_t *
ngx_gw_jwt_cache_add(ngx_gw_jwt_cache_t *cache, ngx_gw_jwt_t *jwt,
    uint64_t epoch, ngx_log_t *log)
{
    size_t                size;
    ngx_uint_t            keep;
    ngx_queue_t          *q;
    ngx_gw_jwt_entry_t   *entry, *old, **bucket;

    size = ngx_gw_jwt_cache_size(jwt);
    entry = NULL;

    keep = cache->max_entries && size <= cache->max_memory;

    /*
     * An entry that goes leaves its memory to the one that comes: freed, it
     * would be taken to pieces by what OpenSSL allocates in between.
     */

    while (keep && (cache->entries >= cache->max_entries
                    || cache->memory + size > cache->max_memory))
    {
        q = ngx_queue_last(&cache->queue);
        old = ngx_queue_data(q, ngx_gw_jwt_entry_t, queue);

        ngx_gw_jwt_cache_remove(cache, old);

        if (entry == NULL && old->refs == 1 && old->size == size) {
            entry = old;

        } else {
            ngx_gw_jwt_cache_release(old);
        }
    }

    if (entry == NULL) {
        entry = ngx_alloc(size, log);
        if (entry == NULL) {
            return NULL;
        }
    }

    entry->size = size;
    entry->refs = 1;

    ngx_gw_jwt_cache_copy(entry, jwt);

    if (!keep || ngx_gw_jwt_cache_allocate(cache, log) != NGX_OK) {
        return entry;
    }

    entry->epoch = epoch;
    entry->hash = ngx_gw_jwt_cache_hash(cache, &jwt->token, epoch);
    entry->refs++;

    bucket = &cache->buckets[entry->hash & cache->mask];
    entry->next = *bucket;
    *bucket = entry;

    ngx_queue_insert_head(&cache->queue, &entry->queue);

    cache->entries++;
    cache->memory += entry->size;

    return entry;
}


static size_t
ngx_gw_jwt_cache_size(ngx_gw_jwt_t *jwt)
{
    size_t  size;

    size = sizeof(ngx_gw_jwt_entry_t)
           + ngx_align(jwt->token.len, sizeof(uint64_t))
           + (jwt->header.nnodes + jwt->payload.nnodes)
             * sizeof(ngx_gw_json_node_t)
           + jwt->header.len + jwt->payload.len;

    return ngx_align(size, NGX_GW_JWT_CACHE_UNIT);
}


static void
ngx_gw_jwt_cache_copy(ngx_gw_jwt_entry_t *entry, ngx_gw_jwt_t *jwt)
{
    u_char  *p;

    entry->memo = NULL;
    entry->jwt = *jwt;

    /* the token is read on each request, the rest maybe */

    p = (u_char *) entry + sizeof(ngx_gw_jwt_entry_t);

    entry->jwt.token.data = p;
    ngx_memcpy(p, jwt->token.data, jwt->token.len);
    p += ngx_align(jwt->token.len, sizeof(uint64_t));

    p = ngx_gw_jwt_cache_copy_json(p, &entry->jwt.header);
    p = ngx_gw_jwt_cache_copy_json(p, &entry->jwt.payload);

    entry->jwt.header.data = p;
    p = ngx_cpymem(p, jwt->header.data, jwt->header.len);

    entry->jwt.payload.data = p;
    ngx_memcpy(p, jwt->payload.data, jwt->payload.len);

    ngx_str_null(&entry->jwt.kid);
    ngx_str_null(&entry->jwt.input);
    ngx_str_null(&entry->jwt.signature);
}


static u_char *
ngx_gw_jwt_cache_copy_json(u_char *p, ngx_gw_json_t *json)
{
    size_t  size;

    size = json->nnodes * sizeof(ngx_gw_json_node_t);
    ngx_memcpy(p, json->nodes, size);
    json->nodes = (ngx_gw_json_node_t *) p;

    return p + size;
}


static ngx_int_t
ngx_gw_jwt_cache_allocate(ngx_gw_jwt_cache_t *cache, ngx_log_t *log)
{
    ngx_uint_t  n;

    if (cache->buckets) {
        return NGX_OK;
    }

    for (n = 64; n < 2 * cache->max_entries; n *= 2) { /* void */ }

    cache->buckets = ngx_calloc(n * sizeof(ngx_gw_jwt_entry_t *), log);
    if (cache->buckets == NULL) {
        return NGX_ERROR;
    }

    cache->mask = n - 1;

    return NGX_OK;
}


/* out of the cache; the cache's hold on it is the caller's now */

static void
ngx_gw_jwt_cache_remove(ngx_gw_jwt_cache_t *cache, ngx_gw_jwt_entry_t *entry)
{
    ngx_gw_jwt_entry_t  **p;

    for (p = &cache->buckets[entry->hash & cache->mask];
         *p != entry;
         p = &(*p)->next)
    {
        /* void */
    }

    *p = entry->next;

    ngx_queue_remove(&entry->queue);

    cache->entries--;
    cache->memory -= entry->size;
}


void
ngx_gw_jwt_cache_release(ngx_gw_jwt_entry_t *entry)
{
    if (--entry->refs == 0) {
        ngx_free(entry);
    }
}
