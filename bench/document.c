/*
 * How long ngx_gw_document takes: two objects of 1 MiB that are merged, and
 * ten values of 100 KiB that are put side by side.
 *
 * document [ROUNDS]
 *
 * A line for each case:
 *
 *     NAME ANSWER BUFFERS MEMORY FIRST SECOND WRITE SLOWEST
 *
 * ANSWER is in bytes, BUFFERS is how many write() has made, MEMORY the bytes
 * asked for apart from the texts.  The others are milliseconds, medians of
 * the rounds: of the first text or all, of the second (0: there is none), of
 * writing; SLOWEST is the longest single step of the median round, of as many
 * as the module makes of it.
 */


#include <math.h>
#include <time.h>

#include "ngx_gw_document.h"
#include "ngx_gw_json.h"


#define SIZE     (1024 * 1024)
#define MEMBERS  20000
#define ROUNDS   201
#define STEP     262144            /* of the module */


#define BLOCK    4096              /* of a pool of a request */


typedef struct block_s  block_t;

struct block_s {
    block_t          *next;
    u_char           *data;
};

typedef struct {
    ngx_str_t         text;
} part_t;

typedef struct {
    double            first;
    double            second;
    double            write;
    double            slowest;
} times_t;


static void merge(const char *name, part_t *a, part_t *b, int rounds);
static void values(const char *name, size_t size, int n, int rounds);
static void print(const char *name, off_t len, ngx_chain_t *cl, times_t *all,
    int rounds);
static void scalars(part_t *part, int from, int step, int members,
    size_t size);
static void nested(part_t *part, int objects, int members, int from,
    size_t size);
static void stock(part_t *part, int objects, int from);
static double steps(ngx_gw_document_t *doc);
static void destroy(void);
static void destroy_list(block_t **list);
static double now(void);
static int by_slowest(const void *one, const void *two);
static int by_value(const void *one, const void *two);


/* the one pool at a time of a document; texts are in none */
static ngx_pool_t   pool_of_document, pool_of_texts;
static ngx_pool_t  *pool = &pool_of_document;
static ngx_pool_t  *texts = &pool_of_texts;
static block_t     *small, *large;
static u_char      *pos, *end;

static times_t     *all;
static size_t       asked;


int
main(int argc, char **argv)
{
    int     rounds;
    part_t  a, b;

    rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;

    if (rounds < 1) {
        fprintf(stderr, "usage: document [ROUNDS]\n");
        return 2;
    }

    ngx_gw_json_init(now() * 1e6);

    all = malloc(rounds * sizeof(times_t));

    /* half of the names are those of the other: behind, and every second */

    scalars(&a, 0, 1, MEMBERS, SIZE);
    scalars(&b, MEMBERS / 2, 1, MEMBERS, SIZE);
    merge("scalars", &a, &b, rounds);

    scalars(&b, 0, 2, MEMBERS, SIZE);
    merge("mixed", &a, &b, rounds);

    /* all objects are in both, half of the names in them */

    nested(&a, MEMBERS / 20, 20, 0, SIZE);
    nested(&b, MEMBERS / 20, 20, 10, SIZE);
    merge("nested", &a, &b, rounds);

    /* many small objects */

    nested(&a, MEMBERS / 4, 4, 0, SIZE);
    nested(&b, MEMBERS / 4, 4, 2, SIZE);
    merge("small", &a, &b, rounds);

    /* as bench/aggregate-bodies has them: half of the objects are in both */

    stock(&a, 12000, 0);
    stock(&b, 12000, 6000);
    merge("stock", &a, &b, rounds);

    values("ten-100k", 100 * 1024, 10, rounds);
    values("three-1k", 1024, 3, rounds);

    return 0;
}


static void
merge(const char *name, part_t *a, part_t *b, int rounds)
{
    int                 i;
    off_t               len;
    double              t[5], slow[3];
    size_t              left;
    times_t            *times;
    ngx_int_t           rc;
    ngx_chain_t        *cl;
    ngx_gw_place_t      root;
    ngx_gw_document_t  *doc;

    root.nsteps = 0;
    root.steps = NULL;

    for (i = 0; i < rounds; i++) {
        asked = 0;

        t[0] = now();

        doc = ngx_gw_document_create(pool);

        ngx_gw_document_merge(doc, &root, &a->text, 1, 1);
        slow[0] = steps(doc);
        t[1] = now();

        ngx_gw_document_merge(doc, &root, &b->text, 2, 1);
        slow[1] = steps(doc);
        t[2] = now();

        slow[2] = 0;

        do {
            left = STEP;
            t[3] = now();
            rc = ngx_gw_document_write(doc, &left, &cl, &len);
            t[4] = now();
            slow[2] = fmax(slow[2], t[4] - t[3]);
        } while (rc == NGX_AGAIN);

        times = &all[i];
        times->first = t[1] - t[0];
        times->second = t[2] - t[1];
        times->write = t[4] - t[2];
        times->slowest = fmax(slow[0], fmax(slow[1], slow[2]));

        if (i == rounds - 1) {
            print(name, len, cl, all, rounds);
        }

        destroy();
    }
}


/* does what is to be done; the longest step */

static double
steps(ngx_gw_document_t *doc)
{
    double     begun, slowest;
    size_t     left;
    ngx_int_t  rc;

    slowest = 0;

    do {
        left = STEP;
        begun = now();
        rc = ngx_gw_document_run(doc, &left);
        slowest = fmax(slowest, now() - begun);
    } while (rc == NGX_AGAIN);

    if (rc != NGX_OK) {
        fprintf(stderr, "document: not merged\n");
        exit(1);
    }

    return slowest;
}


static void
values(const char *name, size_t size, int n, int rounds)
{
    int                 i, k;
    off_t               len;
    double              t[3];
    size_t              left;
    part_t              part;
    times_t            *times;
    ngx_str_t           pointer;
    ngx_chain_t        *cl;
    u_char              buf[16];
    ngx_gw_place_t      places[16];
    ngx_gw_document_t  *doc;

    scalars(&part, 0, 1, size / 64 + 1, size);

    for (k = 0; k < n; k++) {
        pointer.data = buf;
        pointer.len = sprintf((char *) buf, "/part%d", k);
        (void) ngx_gw_place_compile(texts, &pointer, &places[k]);
    }

    for (i = 0; i < rounds; i++) {
        asked = 0;

        t[0] = now();

        doc = ngx_gw_document_create(pool);

        for (k = 0; k < n; k++) {
            ngx_gw_document_set(doc, &places[k], &part.text);
            (void) steps(doc);
        }

        t[1] = now();

        left = STEP;
        (void) ngx_gw_document_write(doc, &left, &cl, &len);
        t[2] = now();

        times = &all[i];
        times->first = t[1] - t[0];
        times->second = 0;
        times->write = t[2] - t[1];
        times->slowest = fmax(times->first, times->write);

        if (i == rounds - 1) {
            print(name, len, cl, all, rounds);
        }

        destroy();
    }
}


static void
print(const char *name, off_t len, ngx_chain_t *cl, times_t *times, int rounds)
{
    int      i, k, bufs;
    double  *column, median[3];

    for (bufs = 0; cl; cl = cl->next) {
        bufs++;
    }

    column = malloc(rounds * sizeof(double));

    for (k = 0; k < 3; k++) {
        for (i = 0; i < rounds; i++) {
            column[i] = (k == 0) ? times[i].first
                        : (k == 1) ? times[i].second : times[i].write;
        }

        qsort(column, rounds, sizeof(double), by_value);
        median[k] = column[rounds / 2];
    }

    free(column);

    qsort(times, rounds, sizeof(times_t), by_slowest);

    printf("%-9s %8lld %4d %8zu %7.4f %7.4f %7.4f %7.4f\n",
           name, (long long) len, bufs, asked, median[0], median[1], median[2],
           times[rounds / 2].slowest);
}


/* {"member000000":xxx, ...}: about size bytes */

static void
scalars(part_t *part, int from, int step, int members, size_t size)
{
    int      i, pad;
    u_char  *p;

    pad = size / members - 18;

    p = ngx_palloc(texts, size + 64 * members);
    part->text.data = p;

    *p++ = '{';

    for (i = from; i < from + members * step; i += step) {
        p += sprintf((char *) p, "%s\"member%06d\":\"%0*d\"",
                     i > from ? "," : "", i, pad > 0 ? pad : 1, i);
    }

    *p++ = '}';

    part->text.len = p - part->text.data;
}


static void
nested(part_t *part, int objects, int members, int from, size_t size)
{
    int      i, k, pad;
    u_char  *p;

    pad = size / objects / members - 18;

    p = ngx_palloc(texts, size + 64 * members * objects);
    part->text.data = p;

    *p++ = '{';

    for (i = 0; i < objects; i++) {
        p += sprintf((char *) p, "%s\"object%06d\":{", i ? "," : "", i);

        for (k = from; k < from + members; k++) {
            p += sprintf((char *) p, "%s\"member%06d\":\"%0*d\"",
                         k > from ? "," : "", k, pad > 0 ? pad : 1, k);
        }

        *p++ = '}';
    }

    *p++ = '}';

    part->text.len = p - part->text.data;
}


static void
stock(part_t *part, int objects, int from)
{
    int      i;
    u_char  *p;

    p = ngx_palloc(texts, objects * 128);
    part->text.data = p;

    *p++ = '{';

    for (i = from; i < from + objects; i++) {
        p += sprintf((char *) p, "%s\"A-%06d\":{\"name\":\"%s\","
                     "\"price\":%d.%02d,\"in\":{\"shop\":%d,\"store\":%d},"
                     "\"ok\":true}",
                     i > from ? "," : "", i,
                     i % 7 ? "cotton shirt" : "a \\\"small\\\" box",
                     i % 100, i * 7 % 100, i * 31 % 100, i * 17 % 1000);
    }

    *p++ = '}';

    part->text.len = p - part->text.data;
}


/* as in nginx: what is small is cut from blocks, what is large is not */

void *
ngx_palloc(ngx_pool_t *p, size_t size)
{
    block_t  *block;

    if (p == texts) {
        return malloc(size);
    }

    asked += size;
    size = ngx_align(size, NGX_ALIGNMENT);

    if (size < BLOCK && (size_t) (end - pos) >= size) {
        pos += size;
        return pos - size;
    }

    block = malloc(sizeof(block_t));
    block->data = malloc(size < BLOCK ? BLOCK : size);

    if (size < BLOCK) {
        block->next = small;
        small = block;
        pos = block->data + size;
        end = block->data + BLOCK;

    } else {
        block->next = large;
        large = block;
    }

    return block->data;
}


void *
ngx_pnalloc(ngx_pool_t *p, size_t size)
{
    return ngx_palloc(p, size);
}


void *
ngx_pcalloc(ngx_pool_t *p, size_t size)
{
    void  *data;

    data = ngx_palloc(p, size);
    ngx_memzero(data, size);

    return data;
}


ngx_int_t
ngx_pfree(ngx_pool_t *p, void *data)
{
    block_t  *block;

    for (block = large; block; block = block->next) {
        if (block->data == data) {
            free(data);
            block->data = NULL;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_chain_t *
ngx_alloc_chain_link(ngx_pool_t *p)
{
    return ngx_palloc(p, sizeof(ngx_chain_t));
}


/* names here have nothing to be escaped */

uintptr_t
ngx_escape_json(u_char *dst, u_char *src, size_t size)
{
    return dst ? (uintptr_t) ngx_cpymem(dst, src, size) : 0;
}


static void
destroy(void)
{
    destroy_list(&small);
    destroy_list(&large);

    pos = NULL;
    end = NULL;
}


static void
destroy_list(block_t **list)
{
    block_t  *block;

    while (*list) {
        block = *list;
        *list = block->next;

        free(block->data);
        free(block);
    }
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}


static int
by_slowest(const void *one, const void *two)
{
    return by_value(&((const times_t *) one)->slowest,
                    &((const times_t *) two)->slowest);
}


static int
by_value(const void *one, const void *two)
{
    const double  *a = one, *b = two;

    return (*a > *b) - (*a < *b);
}
