
/*
 * Megabytes a second that ngx_gw_splice takes: texts of some shapes and sizes,
 * whole and in pieces, without a plan and with some.
 *
 * splice [SECONDS]     for each line, 0.1 without it
 */


#include "ngx_gw_splice.h"


#define PIECE  4096


typedef struct {
    const char  *name;
    size_t     (*make)(char *p, size_t i);
} shape_t;

typedef struct {
    const char  *name;
    const char  *select;
    const char  *keep;
    const char  *drop;
    const char  *pick;
    ngx_uint_t   object;
} want_t;


static size_t posts(char *p, size_t i);
static size_t numbers(char *p, size_t i);
static size_t deep(char *p, size_t i);
static size_t strings(char *p, size_t i);
static size_t indented(char *p, size_t i);
static size_t unicode(char *p, size_t i);


static const shape_t  shapes[] = {
    { "posts", posts },
    { "numbers", numbers },
    { "small objects", deep },
    { "long strings", strings },
    { "indented", indented },
    { "not ASCII", unicode }
};

static const size_t  sizes[] = { 1024, 100 * 1024, 1024 * 1024 };

static const want_t  wants[] = {
    { .name = "select", .select = "/items" },
    { .name = "pick", .pick = "/next" },
    { .name = "drop member", .drop = "next" },
    { .name = "drop items.*.id", .drop = "items.*.id" },
    { .name = "keep items.*.id", .keep = "items.*.id" },
    { .name = "object", .object = 1 }
};


static size_t
posts(char *p, size_t i)
{
    return sprintf(p, "{\"created_at\":\"Sun Aug 31 00:29:15 +0000 2014\","
                   "\"id\":%zu,\"id_str\":\"%zu\",\"text\":\"@someone a text "
                   "of some words and a \\\"quote\\\" \\u00e9 \xc3\xa9\","
                   "\"source\":\"<a href=\\\"https:\\/\\/example.com\\\">"
                   "x<\\/a>\",\"truncated\":false,\"reply_to\":null,"
                   "\"user\":{\"id\":%zu,\"name\":\"AYUMI %zu\","
                   "\"followers_count\":%zu,\"verified\":true,"
                   "\"urls\":[{\"indices\":[0,23]}]},"
                   "\"retweet_count\":%zu,\"lang\":\"ja\"}",
                   505874924095815681 + i, 505874924095815681 + i,
                   1186275104 + i, i, i % 900, i % 7);
}


static size_t
numbers(char *p, size_t i)
{
    return sprintf(p, "%zu.%zu,-%zu,%zue1", i * 7919 % 100000, i * 31 % 1000,
                   i, i % 100);
}


static size_t
deep(char *p, size_t i)
{
    return sprintf(p, "{\"a\":{\"b\":%zu,\"c\":[]},\"d\":{\"e\":{}}}", i % 10);
}


static size_t
strings(char *p, size_t i)
{
    memset(p, 'x', 2000);
    p[0] = '"';
    p[1999] = '"';

    return 2000;
}


static size_t
indented(char *p, size_t i)
{
    return sprintf(p, "\n        {\n            \"id\": %zu,\n            "
                   "\"name\": \"name %zu\",\n            \"tags\": [\n"
                   "                \"a\",\n                \"b\"\n"
                   "            ]\n        }", i, i);
}


static size_t
unicode(char *p, size_t i)
{
    return sprintf(p, "\"\xe3\x81\x93\xe3\x82\x8c\xe3\x81\xaf\xe6\x97\xa5\xe6"
                   "\x9c\xac\xe8\xaa\x9e\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82"
                   "\xe3\x81\x93\xe3\x82\x8c\xe3\x81\xaf\xe6\x97\xa5\xe6\x9c"
                   "\xac\xe8\xaa\x9e\xe3\x81\xa7\xe3\x81\x99\"");
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static double
measure(const ngx_gw_plan_t *plan, u_char *text, size_t len, size_t piece,
    size_t known, double seconds)
{
    size_t            i, k, n, done;
    double            start, end;
    ngx_str_t         result;
    ngx_int_t         rc;
    ngx_uint_t        type;
    ngx_pool_t       *pool;
    ngx_gw_splice_t  *s;

    done = 0;
    start = now();
    end = start;

    n = 0;

    do {
        pool = ngx_create_pool(4096, &ngx_stub_log);
        s = ngx_gw_splice_create(pool, plan, len, known, 64);
        rc = NGX_OK;

        for (i = 0; i < len && rc == NGX_OK; i += k) {
            k = ngx_min(piece, len - i);
            rc = ngx_gw_splice_feed(s, text + i, k);
        }

        if (rc != NGX_OK || ngx_gw_splice_end(s, &result, &type) != NGX_OK) {
            fprintf(stderr, "refused\n");
            exit(1);
        }

        ngx_destroy_pool(pool);

        done += len;

        /* the clock is not looked at for each short text */

        if (done - n > 1024 * 1024) {
            n = done;
            end = now();
        }

    } while (end - start < seconds);

    return done / (end - start) / 1e6;
}


int
main(int argc, char **argv)
{
    u_char         *text;
    size_t          i, j, k, len;
    double          seconds;
    ngx_str_t       str;
    const char     *error;
    ngx_pool_t     *pool;
    ngx_gw_plan_t  *plan;

    seconds = argc > 1 ? atof(argv[1]) : 0.1;
    text = malloc(2 * 1024 * 1024);

    printf("| MB/s | bytes | whole | in 4 KiB | and length unknown |\n");
    printf("| --- | --- | --- | --- | --- |\n");

    for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {

            len = sprintf((char *) text, "{\"items\":[");

            for (k = 0; k == 0 || len < sizes[j]; k++) {

                if (k) {
                    text[len++] = ',';
                }

                len += shapes[i].make((char *) text + len, k);
            }

            len += sprintf((char *) text + len, "],\"next\":2}");

            printf("| %s | %zu ", shapes[i].name, len);
            printf("| %.0f ", measure(NULL, text, len, len, len, seconds));
            printf("| %.0f ", measure(NULL, text, len, PIECE, len, seconds));
            printf("| %.0f |\n", measure(NULL, text, len, PIECE, 0, seconds));

            if (i != 0 && i != 2) {
                continue;
            }

            for (k = 0; k < sizeof(wants) / sizeof(wants[0]); k++) {
                pool = ngx_create_pool(4096, &ngx_stub_log);
                plan = ngx_gw_plan_create(pool);

#define line(what)                                                            \
    if (wants[k].what) {                                                      \
        str.data = (u_char *) wants[k].what;                                  \
        str.len = strlen(wants[k].what);                                      \
        (void) ngx_gw_plan_##what(plan, &str, &error);                        \
    }

                line(select);
                line(keep);
                line(drop);
                line(pick);

                if (wants[k].object) {
                    ngx_gw_plan_object(plan);
                }

                (void) ngx_gw_plan_compile(plan, &error);

                printf("| %s, %s | %zu ", shapes[i].name, wants[k].name, len);
                printf("| %.0f ", measure(plan, text, len, len, len, seconds));
                printf("| %.0f ", measure(plan, text, len, PIECE, len,
                                          seconds));
                printf("| %.0f |\n", measure(plan, text, len, PIECE, 0,
                                             seconds));

                ngx_destroy_pool(pool);
            }
        }
    }

    return 0;
}
