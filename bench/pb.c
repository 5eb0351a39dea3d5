
/*
 * Megabytes of JSON that become the wire format, and come from it, in a second
 * of CPU time: texts of some shapes and sizes.
 *
 * pb SET [parse|print] [SECONDS]     seconds for each line, 0.2 without it
 */


#include "ngx_gw_pb.h"
#include "ngx_gw_pb_parse.h"
#include "ngx_gw_pb_print.h"


typedef struct {
    const char  *name;
    const char  *message;
    char      *(*item)(char *p, size_t i);
    const char  *begin;
    const char  *end;
} shape_t;


static char *order(char *p, size_t i);
static char *indented(char *p, size_t i);
static char *shuffled(char *p, size_t i);
static char *number(char *p, size_t i);
static char *integer(char *p, size_t i);
static char *line(char *p, size_t i);
static char *foreign(char *p, size_t i);


static const shape_t  shapes[] = {
    { "orders", "bench.v1.List", order, "{\"orders\":[",
      "],\"nextPageToken\":\"abc\"}" },
    { "orders, indented", "bench.v1.List", indented, "{\n  \"orders\": [\n",
      "],\n  \"nextPageToken\": \"abc\"\n}\n" },
    { "orders, in another order", "bench.v1.List", shuffled, "{\"orders\":[",
      "]}" },
    { "doubles of 17 digits", "bench.v1.Numbers", number, "{\"doubles\":[",
      "]}" },
    { "integers", "bench.v1.Numbers", integer, "{\"int32s\":[", "]}" },
    { "lines of text", "bench.v1.Text", line, "{\"lines\":[", "]}" },
    { "lines, not ASCII", "bench.v1.Text", foreign, "{\"lines\":[", "]}" }
};

static const size_t  sizes[] = { 1024, 100 * 1024, 1024 * 1024 };

static uint64_t  seed = 88172645463325252ull;


static uint64_t
next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;

    return seed;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec * 1e-9;
}


static char *
order(char *p, size_t i)
{
    size_t  n;

    static const char  *states[] = {
        "STATE_OPEN", "STATE_SHIPPED", "STATE_CANCELLED"
    };

    p += sprintf(p, "{\"name\":\"shops/eu-1/orders/%08zu\",\"id\":\"%" PRIu64
                 "\",\"state\":\"%s\",\"paid\":%s,\"total\":%u.%02u,"
                 "\"customer\":{\"id\":\"%" PRIu64 "\",\"displayName\":"
                 "\"Ada Lovelace-%u\",\"email\":\"ada.%u@example.com\","
                 "\"address\":{\"street\":\"12 St James's Square\","
                 "\"city\":\"London\",\"countryCode\":\"GB\","
                 "\"latitude\":51.%u,\"longitude\":-0.%u}},\"items\":[",
                 i, next() >> 3, states[next() % 3],
                 next() & 1 ? "true" : "false", (unsigned) (next() % 10000),
                 (unsigned) (next() % 100), next() >> 20,
                 (unsigned) (next() % 1000), (unsigned) (next() % 1000),
                 (unsigned) (next() % 100000000),
                 (unsigned) (next() % 100000000));

    for (n = 0; n < 3; n++) {
        p += sprintf(p, "%s{\"sku\":\"SKU-%06u\",\"title\":\"A thing of some "
                     "use, number %u\",\"quantity\":%u,\"price\":%u.%02u,"
                     "\"gift\":%s,\"sizes\":[%u,%u,%u]}", n ? "," : "",
                     (unsigned) (next() % 1000000), (unsigned) (next() % 1000),
                     (unsigned) (next() % 20), (unsigned) (next() % 1000),
                     (unsigned) (next() % 100), next() & 1 ? "true" : "false",
                     (unsigned) (next() % 100), (unsigned) (next() % 1000),
                     (unsigned) (next() % 10000));
    }

    return p + sprintf(p, "],\"createdMs\":\"%" PRIu64 "\",\"labels\":{"
                       "\"team\":\"blue\",\"priority\":\"high\"}}",
                       1700000000000 + next() % 1000000000);
}


/* as an indenting printer has it */

static char *
indented(char *p, size_t i)
{
    char        text[2048], *s;
    ngx_uint_t  depth, n, string;

    *order(text, i) = '\0';

    depth = 2;
    string = 0;
    p += sprintf(p, "    ");

    for (s = text; *s; s++) {

        if (*s == '"') {
            string = !string;
        }

        if (!string && (*s == '}' || *s == ']')) {
            depth--;
            *p++ = '\n';

            for (n = 0; n < depth; n++) {
                *p++ = ' ';
                *p++ = ' ';
            }
        }

        *p++ = *s;

        if (string) {
            continue;
        }

        if (*s == ':') {
            *p++ = ' ';
        }

        if (*s == '{' || *s == '[' || *s == ',') {
            depth += (*s != ',');
            *p++ = '\n';

            for (n = 0; n < depth; n++) {
                *p++ = ' ';
                *p++ = ' ';
            }
        }
    }

    return p;
}


static char *
shuffled(char *p, size_t i)
{
    return p + sprintf(p, "{\"labels\":{\"team\":\"blue\"},\"total\":%u.%02u,"
                       "\"paid\":true,\"id\":\"%" PRIu64 "\",\"customer\":{"
                       "\"email\":\"ada@example.com\",\"id\":\"%" PRIu64 "\","
                       "\"display_name\":\"Ada Lovelace\"},\"created_ms\":%"
                       PRIu64 ",\"state\":2,\"name\":\"shops/eu-1/orders/%zu\""
                       "}", (unsigned) (next() % 10000),
                       (unsigned) (next() % 100), next() >> 3, next() >> 30,
                       next() >> 20, i);
}


static char *
number(char *p, size_t i)
{
    return p + sprintf(p, "%.17g", (double) next() / 1e12);
}


static char *
integer(char *p, size_t i)
{
    return p + sprintf(p, "%d", (int) next() >> (next() % 30));
}


static char *
line(char *p, size_t i)
{
    return p + sprintf(p, "\"The quick brown fox jumps over the lazy dog, and "
                       "%zu\\n\"", i);
}


static char *
foreign(char *p, size_t i)
{
    return p + sprintf(p, "\"Съешь ещё этих мягких французских булок, да %zu "
                       "\xe2\x82\xac\"", i);
}


static ngx_str_t
slurp(const char *name)
{
    FILE       *f;
    ngx_str_t   text;

    f = fopen(name, "rb");

    if (f == NULL) {
        perror(name);
        exit(1);
    }

    text.data = malloc(1 << 20);
    text.len = fread(text.data, 1, 1 << 20, f);

    fclose(f);

    return text;
}


static ngx_str_t
make(const shape_t *shape, size_t size)
{
    char       *p;
    size_t      i;
    ngx_str_t   text;

    text.data = malloc(size + 8192);

    p = (char *) text.data;
    p += sprintf(p, "%s", shape->begin);

    for (i = 0; i == 0 || (size_t) (p - (char *) text.data) < size; i++) {

        if (i) {
            *p++ = ',';
        }

        p = shape->item(p, i);
    }

    p += sprintf(p, "%s", shape->end);

    text.len = p - (char *) text.data;

    return text;
}


static double
parse(ngx_gw_pb_schema_t *schema, const shape_t *shape, ngx_str_t *text,
    double seconds, ngx_str_t *result)
{
    double                   start, spent;
    ngx_str_t                wire;
    ngx_int_t                rc;
    ngx_uint_t               n;
    ngx_pool_t              *pool;
    ngx_gw_pb_parser_t      *parser;
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_parse_conf_t   conf;

    message = ngx_gw_pb_find_message(schema, (u_char *) shape->message,
                                     strlen(shape->message));

    memset(&conf, 0, sizeof(conf));

    conf.schema = schema;
    conf.max_size = 64 << 20;

    start = now();
    n = 0;

    do {
        pool = ngx_create_pool(4096, &ngx_stub_log);

        parser = ngx_gw_pb_parser_create(pool, &conf, message, NULL, NULL);

        do {
            rc = ngx_gw_pb_parser_run(parser, text->data, text->len,
                                      256 * 1024);
        } while (rc == NGX_AGAIN);

        if (rc != NGX_OK || ngx_gw_pb_parser_finish(parser, &wire) != NGX_OK) {
            fprintf(stderr, "%s: %.*s\n", shape->name,
                    (int) ngx_gw_pb_parser_error(parser)->len,
                    ngx_gw_pb_parser_error(parser)->data);
            exit(1);
        }

        if (result && n == 0) {
            result->data = malloc(wire.len + 1);
            result->len = wire.len;
            memcpy(result->data, wire.data, wire.len);
        }

        ngx_destroy_pool(pool);

        n++;
        spent = now() - start;

    } while (spent < seconds);

    return n * text->len / spent / 1e6;
}


static double
print(ngx_gw_pb_schema_t *schema, const shape_t *shape, ngx_str_t *wire,
    double seconds, size_t *len)
{
    double                   start, spent;
    ngx_uint_t               n;
    ngx_pool_t              *pool;
    ngx_chain_t             *out;
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_printer_t     *printer;
    ngx_gw_pb_print_conf_t   conf;

    message = ngx_gw_pb_find_message(schema, (u_char *) shape->message,
                                     strlen(shape->message));

    memset(&conf, 0, sizeof(conf));

    conf.schema = schema;

    start = now();
    n = 0;

    do {
        pool = ngx_create_pool(4096, &ngx_stub_log);
        out = NULL;
        *len = 0;

        printer = ngx_gw_pb_printer_create(pool, &conf);

        if (ngx_gw_pb_print(printer, message, NULL, wire->data, wire->len,
                            &out, len)
            != NGX_OK)
        {
            fprintf(stderr, "%s: %.*s\n", shape->name,
                    (int) ngx_gw_pb_printer_error(printer)->len,
                    ngx_gw_pb_printer_error(printer)->data);
            exit(1);
        }

        ngx_destroy_pool(pool);

        n++;
        spent = now() - start;

    } while (spent < seconds);

    return n * *len / spent / 1e6;
}


int
main(int argc, char **argv)
{
    double               seconds, rate;
    size_t               i, j;
    ngx_str_t            set, error, text, wire;
    ngx_uint_t           which;
    ngx_pool_t          *pool;
    const char          *what;
    ngx_gw_pb_schema_t  *schema;

    if (argc < 2) {
        return 1;
    }

    set = slurp(argv[1]);
    what = (argc > 2) ? argv[2] : "parse";
    seconds = (argc > 3) ? atof(argv[3]) : 0.2;

    pool = ngx_create_pool(4096, &ngx_stub_log);

    if (ngx_gw_pb_load(pool, &set, 1, &schema, &which, &error) != NGX_OK) {
        fprintf(stderr, "%.*s\n", (int) error.len, error.data);
        return 1;
    }

    printf("%-28s %10s %10s %10s\n", what, "bytes", "wire", "MB/s");

    for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
            text = make(&shapes[i], sizes[j]);

            (void) parse(schema, &shapes[i], &text, 0, &wire);

            if (strcmp(what, "print") == 0) {
                rate = print(schema, &shapes[i], &wire, seconds, &text.len);

            } else {
                rate = parse(schema, &shapes[i], &text, seconds, NULL);
            }

            printf("%-28s %10zu %10zu %10.0f\n", shapes[i].name, text.len,
                   wire.len, rate);

            free(text.data);
            free(wire.data);
        }
    }

    ngx_destroy_pool(pool);
    free(set.data);

    return 0;
}
