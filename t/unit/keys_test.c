/* unit: ngx_gw_ratelimit/ngx_gw_keys.c */

/*
 * ngx_gw_keys: against a list that does the same in the simplest way.
 */


#include "ngx_gw_keys.h"


#define PAGES   8
#define KEYS    4000
#define OLDEST  16


typedef struct {
    uint64_t  value;
} data_t;


static u_char  *memory;


void *
ngx_slab_alloc(ngx_slab_pool_t *pool, size_t size)
{
    if (size > pool->pfree * ngx_pagesize) {
        return NULL;
    }

    /* the pages of a zone need not be zero, nor is there one behind them */

    memory = aligned_alloc(ngx_pagesize, size);
    ngx_memset(memory, 0xa5, size);

    return memory;
}


static ngx_gw_keys_t *
create(ngx_uint_t pages)
{
    ngx_slab_pool_t  pool;

    pool.pfree = pages;

    return ngx_gw_keys_create(&pool, sizeof(data_t));
}


static ngx_gw_keys_node_t *
get(ngx_gw_keys_t *keys, uint64_t key, int64_t now)
{
    uint64_t             hash[2];
    data_t              *data;
    ngx_gw_keys_node_t  *node;

    /* many to a bucket */

    hash[0] = key % 97;
    hash[1] = key;

    node = ngx_gw_keys_get(keys, hash, now);

    if (node) {
        data = ngx_gw_keys_data(node);

        if (data->value == 0) {
            data->value = key + 1;

        } else if (data->value != key + 1) {
            unit_ok(0, "a node of another key");
        }
    }

    return node;
}


static ngx_gw_keys_node_t *
find(ngx_gw_keys_t *keys, uint64_t key)
{
    uint64_t  hash[2];

    hash[0] = key % 97;
    hash[1] = key;

    return ngx_gw_keys_find(keys, hash);
}


static void
test_sizes(void)
{
    ngx_gw_keys_t  *keys;

    keys = create(PAGES);

    unit_ok(keys && keys->capacity >= 400,
            "%u keys in 8 pages", keys ? (unsigned int) keys->capacity : 0);
    unit_ok(keys->size == 64, "a node is one line of the cache");
    unit_ok(((uintptr_t) keys->nodes - (uintptr_t) keys) % 64 == 0,
            "nodes are aligned in the zone");
    unit_ok(keys->nodes + (size_t) (keys->capacity + 1) * keys->size
            <= memory + PAGES * ngx_pagesize, "nodes end where memory ends");
    unit_ok(keys->seed[0] && keys->seed[1], "the hash is seeded");

    unit_ok(ngx_gw_keys_fit(keys, sizeof(data_t))
            && !ngx_gw_keys_fit(keys, 1000), "layouts are told apart");

    free(memory);

    unit_ok(create(0) == NULL, "no memory");
}


static void
test_order(void)
{
    ngx_uint_t      i, n;
    ngx_gw_keys_t  *keys;

    keys = create(PAGES);
    n = keys->capacity;

    for (i = 0; i < n; i++) {
        get(keys, i, 0)->expires = 100;
    }

    unit_ok(keys->forgotten == 0, "as many keys as there are nodes");

    (void) get(keys, 0, 0);
    get(keys, n, 0)->expires = 100;

    unit_ok(find(keys, 0) && find(keys, 1) == NULL && keys->forgotten == 1,
            "the least recently used goes, one that was used again stays");

    /* one that holds nothing, near the end, goes before it */

    find(keys, 5)->expires = 10;
    get(keys, n + 1, 10)->expires = 100;

    unit_ok(find(keys, 5) == NULL && find(keys, 2) && keys->forgotten == 1,
            "one that holds nothing goes first, and is not counted");

    /* but one that was used lately is not looked for */

    find(keys, n - 1)->expires = 10;
    get(keys, n + 2, 10)->expires = 100;

    unit_ok(find(keys, n - 1) && find(keys, 2) == NULL
            && keys->forgotten == 2, "of the oldest alone");

    free(memory);
}


static void
test_pinned(void)
{
    ngx_uint_t      i, n;
    ngx_gw_keys_t  *keys;

    keys = create(PAGES);
    n = keys->capacity;

    for (i = 0; i < n; i++) {
        get(keys, i, 0)->expires = NGX_GW_KEYS_PINNED;
    }

    unit_ok(get(keys, n, 0) == NULL && get(keys, n, 0) == NULL,
            "no room where all are pinned");
    unit_ok(get(keys, 3, 0) && find(keys, 3), "what is there is found");

    find(keys, 7)->expires = 0;

    unit_ok(get(keys, n, 0) && find(keys, 7) == NULL,
            "one that is free is found among them");

    for (i = 0; i < n; i++) {
        if (i != 7 && find(keys, i) == NULL) {
            break;
        }
    }

    unit_ok(i == n, "no pinned one has gone");

    free(memory);
}


/* random use against a list, the most recently used first */

static void
test_model(void)
{
    int64_t              now, expires[KEYS];
    uint64_t             key, list[KEYS + 1];
    ngx_uint_t           i, n, count, step, wrong, victim, forgotten;
    ngx_gw_keys_t       *keys;
    ngx_gw_keys_node_t  *node;

    keys = create(PAGES);

    srandom(1);
    count = 0;
    wrong = 0;
    forgotten = 0;

    for (step = 0; step < 60000; step++) {
        now = step;
        key = random() % (step % 1000 < 500 ? KEYS : 600);

        for (i = 0; i < count && list[i] != key; i++) { /* void */ }

        if (i == count) {

            if (count == keys->capacity) {
                victim = count - 1;

                for (n = 0; n < OLDEST; n++) {
                    if (expires[list[count - 1 - n]] <= now) {
                        victim = count - 1 - n;
                        break;
                    }
                }

                forgotten += (n == OLDEST);

                ngx_memmove(&list[victim], &list[victim + 1],
                            (count - victim - 1) * sizeof(uint64_t));
                count--;
            }

            i = count++;
        }

        ngx_memmove(&list[1], &list[0], i * sizeof(uint64_t));
        list[0] = key;

        node = get(keys, key, now);
        expires[key] = now + random() % 2000;
        node->expires = expires[key];

        if (step % 100 == 0) {
            n = 0;

            for (key = 0; key < KEYS; key++) {
                n += find(keys, key) != NULL;
            }

            wrong += (n != count);

            for (i = 0; i < count; i++) {
                wrong += find(keys, list[i]) == NULL;
            }
        }
    }

    unit_ok(wrong == 0, "60,000 steps as the model has them");
    unit_ok(forgotten == keys->forgotten && forgotten > 100,
            "%u keys forgotten, as in the model", (unsigned int) forgotten);

    free(memory);
}


int
main(void)
{
    test_sizes();
    test_order();
    test_pinned();
    test_model();

    return unit_done();
}
