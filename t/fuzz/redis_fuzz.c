/* fuzz: ngx_gw_ratelimit/ngx_gw_redis_reply.c
         ngx_gw_ratelimit/ngx_gw_redis_slots.c */

/*
 * Replies from any bytes: the same whether they come at once or in pieces,
 * none larger than it may be, and all that is read as the word of a Cluster.
 * The first bytes of the input say how long the pieces are.
 */


#include "ngx_gw_redis_slots.h"
#include "ngx_gw_hiredis.h"


#define SIZE   4096
#define HEAD   4


#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* a sum over all that a reply holds; *n is what it takes */

static uint64_t
sum(ngx_gw_redis_reply_t *reply, size_t *n, ngx_uint_t depth)
{
    size_t      i;
    uint64_t    s;
    ngx_str_t   text;

    must(depth <= NGX_GW_REDIS_MAX_DEPTH);

    *n += sizeof(ngx_gw_redis_reply_t) + reply->str.len
          + reply->nelts * sizeof(ngx_gw_redis_reply_t *);

    s = reply->type * 31 + (uint64_t) reply->integer;

    switch (reply->type) {

    case NGX_GW_REDIS_FAULT:
        text = ngx_gw_redis_fault_text(reply);
        must(text.len > 0 && text.len <= 100);
        must(memchr(text.data, '\'', text.len) == NULL);

        /* fall through */

    case NGX_GW_REDIS_STRING:
    case NGX_GW_REDIS_STATUS:
        must(reply->nelts == 0);

        for (i = 0; i < reply->str.len; i++) {
            s = s * 257 + reply->str.data[i];
        }

        break;

    case NGX_GW_REDIS_ARRAY:
        must(reply->str.len == 0);

        for (i = 0; i < reply->nelts; i++) {
            s = s * 263 + sum(reply->elts[i], n, depth + 1);
        }

        break;

    default:
        must(reply->type == NGX_GW_REDIS_INTEGER
             || reply->type == NGX_GW_REDIS_NIL);
        must(reply->nelts == 0 && reply->str.len == 0);
    }

    return s;
}


static void
cluster(ngx_gw_redis_reply_t *reply)
{
    ngx_uint_t            i;
    ngx_str_t             none;
    ngx_gw_redis_range_t  range;

    for (i = 0; i <= reply->nelts; i++) {

        if (ngx_gw_redis_slots_range(reply, i, &range) == NGX_OK) {
            must(i < reply->nelts);
            must(range.first <= range.last);
            must(range.last < NGX_GW_REDIS_SLOTS);
            must(range.port >= 1 && range.port <= 65535);
        }
    }

    if (reply->type == NGX_GW_REDIS_STRING
        || reply->type == NGX_GW_REDIS_FAULT)
    {
        ngx_str_null(&none);

        must(ngx_gw_redis_key_slot(&none, &reply->str)
             == ngx_gw_redis_key_slot(&reply->str, &none));

        if (ngx_gw_redis_redirection(&reply->str, &range) == NGX_OK) {
            must(range.first < NGX_GW_REDIS_SLOTS);
            must(range.port >= 1 && range.port <= 65535);
            must(range.endpoint.len < reply->str.len);
        }
    }
}


/* a sum over all replies, *n how many; how it ends is part of it */

static uint64_t
replies(const uint8_t *data, size_t size, const uint8_t *pieces,
    ngx_uint_t *n)
{
    size_t                  m, used, piece;
    uint64_t                s;
    u_char                 *copy;
    ngx_int_t               rc;
    ngx_gw_redis_reply_t   *reply;
    ngx_gw_redis_reader_t  *reader;

    s = 0;
    *n = 0;
    piece = 0;

    reader = ngx_gw_redis_reader_create(&ngx_stub_log);
    must(reader);

    while (size) {
        m = size;

        if (pieces) {
            m = (size_t) pieces[piece % HEAD] + 1;
            m = ngx_min(size, m);
            piece++;
        }

        copy = malloc(m);
        memcpy(copy, data, m);
        must(ngx_gw_redis_reader_feed(reader, copy, m) == NGX_OK);
        free(copy);

        data += m;
        size -= m;

        for ( ;; ) {
            rc = ngx_gw_redis_reader_next(reader, SIZE, &reply);

            if (rc != NGX_OK) {
                break;
            }

            (*n)++;
            used = 0;
            s = s * 269 + sum(reply, &used, 0);
            must(used <= SIZE);
            cluster(reply);
        }

        if (rc == NGX_ERROR) {
            must(ngx_gw_redis_reader_error(reader));
            s++;
            break;
        }

        must(rc == NGX_AGAIN);
    }

    ngx_gw_redis_reader_destroy(reader);

    return s;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t    whole, parts;
    ngx_uint_t  n, m;

    if (size < HEAD) {
        return 0;
    }

    whole = replies(data + HEAD, size - HEAD, NULL, &n);
    parts = replies(data + HEAD, size - HEAD, data, &m);

    must(whole == parts && n == m);

    return 0;
}
