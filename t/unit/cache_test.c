/* unit: ngx_gw_auth/ngx_gw_*.c ngx_gw_common/ngx_gw_*.c t/unit/jwt_help.c */

/*
 * ngx_gw_jwt_cache: what is found, what goes first, and that entries outlive
 * the cache as long as somebody holds them.
 */


#include "ngx_gw_jwt_cache.h"
#include "jwt_help.h"


#define MODEL  64


/* what the cache must do, in the simplest way */
typedef struct {
    uint64_t              epoch;
    ngx_uint_t            token;
    size_t                size;
} model_t;


static ngx_gw_jwt_parser_t  parser;


/* parsed from a copy that is overwritten by the next */

static ngx_gw_jwt_t *
parse(const char *text)
{
    ngx_str_t            token;

    static u_char        copy[HELP_MAX];
    static ngx_gw_jwt_t  jwt;

    token.len = strlen(text);
    token.data = copy;
    memset(copy, 'x', sizeof(copy));
    memcpy(copy, text, token.len);

    if (ngx_gw_jwt_parse(&parser, &token, &jwt, &ngx_stub_log)
        != NGX_GW_JWT_PASSED)
    {
        abort();
    }

    return &jwt;
}


/* the n-th token; all are alike but for a number and their signature */

static char *
token(ngx_uint_t n)
{
    return help_token(NGX_GW_JWA_HS256, help_key("oct"),
                      "{\"alg\":\"HS256\",\"kid\":\"a\"}",
                      help_printf("{\"sub\":\"%u\",\"pad\":\"%.*s\"}",
                                  (unsigned int) n, (int) (n % 7) * 10,
                                  "----------------------------------------"
                                  "--------------------"));
}


static ngx_gw_jwt_entry_t *
add(ngx_gw_jwt_cache_t *cache, ngx_uint_t n, uint64_t epoch)
{
    return ngx_gw_jwt_cache_add(cache, parse(token(n)), epoch, &ngx_stub_log);
}


/* 1 if it is there and what it says is right */

static ngx_uint_t
has(ngx_gw_jwt_cache_t *cache, ngx_uint_t n, uint64_t epoch)
{
    ngx_str_t            text, value;
    ngx_uint_t           ok;
    ngx_gw_jwt_entry_t  *entry;

    text = help_str(token(n));
    entry = ngx_gw_jwt_cache_find(cache, &text, epoch);

    if (entry == NULL) {
        return 0;
    }

    value = help_str(help_printf("%u", (unsigned int) n));

    ok = ngx_gw_json_equal(&entry->jwt.payload, 1, &value)
         && entry->jwt.alg == NGX_GW_JWA_HS256
         && entry->jwt.exp == NGX_GW_JWT_NO_TIME
         && entry->jwt.token.len == text.len
         && memcmp(entry->jwt.token.data, text.data, text.len) == 0
         && entry->jwt.kid.data == NULL && entry->jwt.input.data == NULL
         && entry->jwt.signature.data == NULL;

    ngx_gw_jwt_cache_release(entry);

    if (!ok) {
        printf("# entry of token %u is not right\n", (unsigned int) n);
        abort();
    }

    return 1;
}


static void
put(ngx_gw_jwt_cache_t *cache, ngx_uint_t n, uint64_t epoch)
{
    ngx_gw_jwt_entry_t  *entry;

    entry = add(cache, n, epoch);

    if (entry == NULL) {
        abort();
    }

    ngx_gw_jwt_cache_release(entry);
}


static void
test_order(void)
{
    ngx_gw_jwt_cache_t  cache;

    ngx_gw_jwt_cache_init(&cache, 3, 1024 * 1024, 1);

    unit_ok(!has(&cache, 1, 1), "an empty cache has nothing");
    unit_ok(cache.buckets == NULL && cache.memory == 0, "and no memory");

    put(&cache, 1, 1);
    put(&cache, 2, 1);
    put(&cache, 3, 1);

    unit_ok(cache.entries == 3 && has(&cache, 1, 1) && has(&cache, 2, 1)
            && has(&cache, 3, 1), "three entries fit");

    /* used: 3, 2, 1; 2 is used once more */

    unit_ok(has(&cache, 2, 1), "a find counts as use");

    put(&cache, 4, 1);

    unit_ok(cache.entries == 3 && !has(&cache, 1, 1) && has(&cache, 2, 1)
            && has(&cache, 3, 1) && has(&cache, 4, 1),
            "the least recently used one went");

    put(&cache, 5, 1);

    unit_ok(!has(&cache, 2, 1) && has(&cache, 3, 1) && has(&cache, 4, 1)
            && has(&cache, 5, 1), "and the next one");

    unit_ok(!has(&cache, 6, 1), "a token that was never added");

    ngx_gw_jwt_cache_done(&cache);

    unit_ok(cache.entries == 0 && cache.memory == 0 && cache.buckets == NULL,
            "done leaves nothing");
    unit_ok(!has(&cache, 5, 1), "a cache that is done has nothing");

    ngx_gw_jwt_cache_done(&cache);
    unit_ok(1, "done twice");
}


static void
test_epochs(void)
{
    ngx_str_t             text;
    ngx_gw_jwt_cache_t    cache;
    ngx_gw_jwt_entry_t   *a, *b;

    ngx_gw_jwt_cache_init(&cache, 100, 1024 * 1024, 1);

    put(&cache, 1, 1);
    unit_ok(!has(&cache, 1, 2), "another epoch finds nothing");
    unit_ok(!has(&cache, 1, 1ULL << 32 | 1), "nor one with the same low half");
    unit_ok(!has(&cache, 1, 0), "nor epoch 0");

    put(&cache, 1, 2);

    text = help_str(token(1));
    a = ngx_gw_jwt_cache_find(&cache, &text, 1);
    b = ngx_gw_jwt_cache_find(&cache, &text, 2);

    unit_ok(a && b && a != b, "the same token under two epochs");
    unit_ok(cache.entries == 2, "is two entries");

    ngx_gw_jwt_cache_release(a);
    ngx_gw_jwt_cache_release(b);
    ngx_gw_jwt_cache_done(&cache);
}


/* no token is taken for another that begins or ends alike */

static void
test_whole(void)
{
    char                 *good, *text;
    size_t                i, len;
    ngx_str_t             s;
    ngx_uint_t            found;
    ngx_gw_jwt_cache_t    cache;
    ngx_gw_jwt_entry_t   *entry;

    ngx_gw_jwt_cache_init(&cache, 100, 1024 * 1024, 1);

    put(&cache, 1, 1);

    good = token(1);
    len = strlen(good);
    found = 0;

    for (i = 0; i < len; i++) {
        text = help_printf("%s", good);
        text[i] ^= 1;

        s.data = unit_guard_end(text, len);
        s.len = len;

        entry = ngx_gw_jwt_cache_find(&cache, &s, 1);
        found += (entry != NULL);
    }

    unit_ok(found == 0, "not with any one byte changed");

    for (i = 1; i < len; i++) {
        s.data = unit_guard_end(good, i);
        s.len = i;
        found += (ngx_gw_jwt_cache_find(&cache, &s, 1) != NULL);

        s.data = unit_guard_end(good + len - i, i);
        found += (ngx_gw_jwt_cache_find(&cache, &s, 1) != NULL);
    }

    unit_ok(found == 0, "nor any beginning or end of it");

    text = help_printf("%sA", good);
    s = help_str(text);
    unit_ok(ngx_gw_jwt_cache_find(&cache, &s, 1) == NULL, "nor a longer one");

    ngx_gw_jwt_cache_done(&cache);
}


static void
test_memory(void)
{
    size_t               size, before;
    ngx_str_t            text;
    ngx_uint_t           i;
    ngx_gw_jwt_cache_t   cache;
    ngx_gw_jwt_entry_t  *entry;

    /* the size of an entry is what has been allocated for it */

    ngx_gw_jwt_cache_init(&cache, 100, 1024 * 1024, 1);
    entry = add(&cache, 0, 1);
    size = entry->size;

    unit_ok(size == cache.memory && size > sizeof(ngx_gw_jwt_entry_t)
                                          + entry->jwt.token.len,
            "an entry's size counts");

    ngx_gw_jwt_cache_release(entry);
    put(&cache, 7, 1);

    unit_ok(cache.memory == 2 * size, "the same for a token as long");
    ngx_gw_jwt_cache_done(&cache);

    /* room for two and a half; the tokens are of the same size */

    ngx_gw_jwt_cache_init(&cache, 100, size * 5 / 2, 1);

    for (i = 0; i < 6; i++) {
        put(&cache, i * 70, 1);
    }

    unit_ok(cache.entries <= 2 && cache.memory <= cache.max_memory
            && has(&cache, 350, 1), "memory bounds it");

    before = cache.memory;

    /* one that takes more than there is at all */

    text = help_str(help_token(NGX_GW_JWA_HS256, help_key("oct"),
                               "{\"alg\":\"HS256\"}",
                               help_printf("{\"s\":\"%0*d\"}", 3000, 0)));
    entry = ngx_gw_jwt_cache_add(&cache, parse((char *) text.data), 1,
                                 &ngx_stub_log);

    unit_ok(entry && entry->refs == 1 && entry->size > cache.max_memory,
            "a token larger than the cache has an entry");
    unit_ok(cache.memory == before && has(&cache, 350, 1)
            && ngx_gw_jwt_cache_find(&cache, &text, 1) == NULL,
            "that is not kept, and nothing goes for it");

    if (entry) {
        ngx_gw_jwt_cache_release(entry);
    }

    ngx_gw_jwt_cache_done(&cache);

    /* an entry that needs the whole of it */

    ngx_gw_jwt_cache_init(&cache, 100, size, 1);
    put(&cache, 0, 1);
    put(&cache, 7, 1);
    unit_ok(cache.entries == 1 && has(&cache, 7, 1), "room for just one");
    ngx_gw_jwt_cache_done(&cache);
}


static void
test_off(void)
{
    ngx_gw_jwt_cache_t   cache;
    ngx_gw_jwt_entry_t  *entry;

    ngx_gw_jwt_cache_init(&cache, 0, 0, 1);

    entry = add(&cache, 1, 1);
    unit_ok(entry && entry->refs == 1 && cache.buckets == NULL,
            "a cache of nothing gives an entry");
    unit_ok(!has(&cache, 1, 1), "that it does not keep");

    ngx_gw_jwt_cache_release(entry);

    ngx_gw_jwt_cache_done(&cache);

    ngx_gw_jwt_cache_init(&cache, 1, 1024 * 1024, 1);
    put(&cache, 1, 1);
    put(&cache, 2, 1);
    unit_ok(cache.entries == 1 && !has(&cache, 1, 1) && has(&cache, 2, 1),
            "a cache of one");
    ngx_gw_jwt_cache_done(&cache);
}


static void
test_held(void)
{
    ngx_str_t            text, value;
    ngx_gw_jwt_cache_t   cache;
    ngx_gw_jwt_entry_t  *a, *b, *again;

    value = help_str("1");

    ngx_gw_jwt_cache_init(&cache, 1, 1024 * 1024, 1);

    a = add(&cache, 1, 1);
    unit_ok(a->refs == 2, "an entry is held by the cache and the caller");

    text = help_str(token(1));
    again = ngx_gw_jwt_cache_find(&cache, &text, 1);
    unit_ok(again == a && a->refs == 3, "and by who finds it");

    b = add(&cache, 2, 1);

    unit_ok(!has(&cache, 1, 1) && a->refs == 2, "evicted, it is still held");
    unit_ok(ngx_gw_json_equal(&a->jwt.payload, 1, &value), "and readable");

    ngx_gw_jwt_cache_release(again);
    unit_ok(a->refs == 1 && ngx_gw_json_equal(&a->jwt.payload, 1, &value),
            "to the last holder");

    /* the same token anew, while the old entry is still held */

    put(&cache, 1, 1);
    unit_ok(has(&cache, 1, 1), "added again after eviction");
    ngx_gw_jwt_cache_release(a);
    unit_ok(has(&cache, 1, 1), "and untouched when the old one goes");

    ngx_gw_jwt_cache_done(&cache);

    value = help_str("2");
    unit_ok(b->refs == 1 && ngx_gw_json_equal(&b->jwt.payload, 1, &value),
            "an entry outlives the cache");

    ngx_gw_jwt_cache_release(b);
}


/* tokens whose hashes are equal: the hash sees the last 32 bytes and the
 * length, so that they differ before these */

static void
test_collisions(void)
{
    char                *base, *text;
    size_t               len;
    ngx_str_t            s;
    ngx_uint_t           i, n, right;
    ngx_gw_jwt_cache_t   cache;
    ngx_gw_jwt_entry_t  *entry;

    ngx_gw_jwt_cache_init(&cache, 20, 1024 * 1024, 1);

    base = token(0);
    len = strlen(base);
    n = 0;

    for (i = 0; i < 26; i++) {
        text = help_printf("%s", base);

        /* in the signature, which is not looked at here */
        text[len - 40] = 'A' + i;

        entry = ngx_gw_jwt_cache_add(&cache, parse(text), 1, &ngx_stub_log);
        n += (entry != NULL);
        ngx_gw_jwt_cache_release(entry);
    }

    unit_ok(n == 26 && cache.entries == 20, "colliding tokens are kept");

    right = 0;

    for (i = 0; i < 26; i++) {
        text = help_printf("%s", base);
        text[len - 40] = 'A' + i;
        s = help_str(text);

        entry = ngx_gw_jwt_cache_find(&cache, &s, 1);

        if (entry) {
            right += entry->jwt.token.len == len
                     && memcmp(entry->jwt.token.data, text, len) == 0
                     && i >= 6;
            ngx_gw_jwt_cache_release(entry);

        } else {
            right += (i < 6);
        }
    }

    unit_ok(right == 26, "and told apart; the oldest six are gone");

    ngx_gw_jwt_cache_done(&cache);
}


static void
test_no_memory(void)
{
    ngx_gw_jwt_t        *jwt;
    ngx_gw_jwt_cache_t   cache;
    ngx_gw_jwt_entry_t  *entry;

    ngx_gw_jwt_cache_init(&cache, 10, 1024 * 1024, 1);

    jwt = parse(token(1));

    ngx_stub_allocs_left = 0;
    entry = ngx_gw_jwt_cache_add(&cache, jwt, 1, &ngx_stub_log);
    ngx_stub_allocs_left = -1;

    unit_ok(entry == NULL && cache.entries == 0, "no memory for an entry");

    ngx_stub_allocs_left = 1;
    entry = ngx_gw_jwt_cache_add(&cache, jwt, 1, &ngx_stub_log);
    ngx_stub_allocs_left = -1;

    unit_ok(entry && entry->refs == 1 && cache.entries == 0,
            "none for the buckets: an entry of the caller's alone");

    ngx_gw_jwt_cache_release(entry);

    put(&cache, 1, 1);
    unit_ok(has(&cache, 1, 1), "with memory it is kept");

    ngx_gw_jwt_cache_done(&cache);
}


/* many random steps against a list in the order of use */

static void
test_model(void)
{
    size_t                limit, memory;
    ngx_uint_t            i, j, n, t, step, bad;
    uint64_t              epoch;
    model_t               model[MODEL], m;
    ngx_gw_jwt_cache_t    cache;
    ngx_gw_jwt_entry_t   *entry, *held[8];

    limit = 12000;
    n = 0;
    memory = 0;
    bad = 0;

    ngx_memzero(held, sizeof(held));
    ngx_gw_jwt_cache_init(&cache, 16, limit, 99);

    srand(5);

    for (step = 0; step < 20000; step++) {
        t = rand() % 30;
        epoch = 1 + rand() % 2;

        for (i = 0; i < n; i++) {
            if (model[i].token == t && model[i].epoch == epoch) {
                break;
            }
        }

        if (has(&cache, t, epoch) != (i < n)) {
            bad++;
        }

        if (i < n) {
            m = model[i];
            memmove(&model[1], &model[0], i * sizeof(model_t));
            model[0] = m;
            continue;
        }

        entry = add(&cache, t, epoch);

        /* some stay held for a while */

        j = rand() % 8;

        if (held[j]) {
            ngx_gw_jwt_cache_release(held[j]);
        }

        held[j] = entry;

        while (n >= 16 || memory + entry->size > limit) {
            memory -= model[--n].size;
        }

        memmove(&model[1], &model[0], n * sizeof(model_t));
        model[0].token = t;
        model[0].epoch = epoch;
        model[0].size = entry->size;
        memory += entry->size;
        n++;

        if (cache.entries != n || cache.memory != memory) {
            bad++;
        }
    }

    unit_ok(bad == 0, "20000 random steps as a list would do them");

    ngx_gw_jwt_cache_done(&cache);

    for (j = 0; j < 8; j++) {
        if (held[j]) {
            ngx_gw_jwt_cache_release(held[j]);
        }
    }
}


/* the walk through a bucket stays short: a large cache is spread */

static void
test_spread(void)
{
    ngx_uint_t           i, len, longest;
    ngx_gw_jwt_cache_t   cache;
    ngx_gw_jwt_entry_t  *entry;

    ngx_gw_jwt_cache_init(&cache, 2000, 64 * 1024 * 1024, 12345);

    for (i = 0; i < 2000; i++) {
        put(&cache, i, i % 3);
    }

    longest = 0;

    for (i = 0; i <= cache.mask; i++) {
        len = 0;

        for (entry = cache.buckets[i]; entry; entry = entry->next) {
            len++;
        }

        longest = ngx_max(longest, len);
    }

    unit_ok(cache.entries == 2000 && longest <= 12,
            "2000 tokens, at most %u in a bucket", (unsigned int) longest);

    ngx_gw_jwt_cache_done(&cache);
}


int
main(void)
{
    ngx_gw_json_init(7);
    ngx_gw_jwt_parser_init(&parser);

    test_order();
    test_epochs();
    test_whole();
    test_memory();
    test_off();
    test_held();
    test_collisions();
    test_no_memory();
    test_model();
    test_spread();

    ngx_gw_jwt_parser_done(&parser);

    return unit_done();
}
