/* fuzz: ngx_gw_transcode/ngx_gw_pb*.c ngx_gw_common/ngx_gw_json*.c */

/*
 * ngx_gw_pb_parse on any text, for many messages: what it says does not depend
 * on the budget, what it writes is well-formed, and comes to the same JSON
 * again when it was printed and parsed.  With a flag, lines in front of the
 * text are values of a URL.
 */


#include "ngx_gw_pb.h"
#include "ngx_gw_pb_parse.h"
#include "ngx_gw_pb_print.h"


#define MAX_SIZE  (1 << 20)
#define MAX_WALK  100

/* bits of the second byte */
#define IGNORE    0x01
#define MASK      0x02
#define BIND      0x04
#define FIELD     0x08
#define SMALL     0x10

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


typedef struct {
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_field_t       *field;
    ngx_gw_pb_parse_conf_t   conf;
    const u_char            *binds;
    size_t                   nbinds;
    ngx_int_t                rc;
    ngx_str_t                wire;
    ngx_str_t                mask;
    ngx_str_t                error;
} job_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_pool_t *volatile  schema_pool;
static ngx_gw_pb_schema_t  *schema;

static const char  *names[] = {
    "kitchen.v1.Scalars", "kitchen.v1.Optionals", "kitchen.v1.Repeateds",
    "kitchen.v1.Maps", "kitchen.v1.Oneofs", "kitchen.v1.Known",
    "kitchen.v1.Names", "kitchen.v1.Numbers", "kitchen.v1.Nested",
    "kitchen.v1.Mixed", "kitchen.v1.GetRequest", "kitchen.v1.UpdateRequest",
    "legacy.v1.Legacy", "legacy.v1.Conflicts", "google.protobuf.Any",
    "google.protobuf.Value", "google.protobuf.Struct",
    "google.protobuf.ListValue", "google.protobuf.Timestamp",
    "google.protobuf.Duration", "google.protobuf.FieldMask",
    "google.protobuf.DoubleValue", "google.protobuf.FloatValue",
    "google.protobuf.Int64Value", "google.protobuf.UInt32Value",
    "google.protobuf.StringValue", "google.protobuf.BytesValue",
    "google.protobuf.BoolValue", "google.protobuf.Empty"
};


static ngx_str_t
slurp(const char *name)
{
    FILE       *f;
    ngx_str_t   text;

    f = fopen(name, "rb");

    if (f == NULL) {
        perror(name);
        exit(2);
    }

    text.data = malloc(1 << 20);
    text.len = fread(text.data, 1, 1 << 20, f);

    fclose(f);

    return text;
}


static void
load(void)
{
    ngx_str_t    texts[2], error;
    ngx_uint_t   which;

    texts[0] = slurp("t/data/proto/kitchen.pb");
    texts[1] = slurp("t/data/proto/legacy.pb");

    schema_pool = ngx_create_pool(4096, &ngx_stub_log);

    must(ngx_gw_pb_load(schema_pool, texts, 2, &schema, &which, &error)
         == NGX_OK);

    free(texts[0].data);
    free(texts[1].data);
}


/* well-formed in all that is known of it */

static void
walk(const ngx_gw_pb_message_t *message, const u_char *p, const u_char *end,
    ngx_uint_t depth)
{
    uint64_t            tag, len;
    const u_char       *next;
    ngx_gw_pb_field_t  *field;

    while (p < end) {
        p = ngx_gw_pb_read_varint(p, end, &tag);
        must(p && tag >> 3 > 0 && tag >> 32 == 0);

        next = ngx_gw_pb_skip(p, end, (uint32_t) tag);
        must(next && next <= end);

        field = ngx_gw_pb_field_by_number(message, (uint32_t) tag >> 3);
        must(field);
        must((tag & 7) == field->wire || field->packed);

        if (field->type == NGX_GW_PB_MESSAGE && depth < MAX_WALK) {
            p = ngx_gw_pb_read_varint(p, next, &len);
            must(p && len == (uint64_t) (next - p));
            walk(field->message, p, next, depth + 1);
        }

        p = next;
    }
}


static ngx_int_t
bind_all(ngx_gw_pb_parser_t *parser, const u_char *p, size_t len)
{
    ngx_int_t      rc;
    ngx_str_t      path, value;
    const u_char  *end, *line, *eq;

    rc = NGX_OK;

    if (len == 0) {
        return NGX_OK;
    }

    for (end = p + len; p < end && rc == NGX_OK; p = line + 1) {

        line = memchr(p, '\n', end - p);
        line = line ? line : end;

        eq = memchr(p, '=', line - p);
        eq = eq ? eq : line;

        path.data = (u_char *) p;
        path.len = eq - p;

        value.len = (eq < line) ? line - eq - 1 : 0;
        value.data = malloc(value.len + 1);
        memcpy(value.data, eq + (eq < line), value.len);

        rc = ngx_gw_pb_bind(parser, &path, &value, value.len % 2);

        free(value.data);

        if (rc == NGX_ABORT) {
            rc = NGX_OK;
        }

        if (line == end) {
            break;
        }
    }

    return rc;
}


static void
parse(ngx_pool_t *pool, job_t *job, const ngx_str_t *text, size_t budget)
{
    size_t                i;
    u_char               *copy;
    ngx_gw_pb_parser_t   *parser;

    parser = ngx_gw_pb_parser_create(pool, &job->conf, job->message,
                                     job->field, NULL);
    must(parser);

    copy = malloc(text->len);

    if (text->len) {
        memcpy(copy, text->data, text->len);
    }

    job->rc = bind_all(parser, job->binds, job->nbinds);

    if (job->rc == NGX_OK) {
        do {
            job->rc = ngx_gw_pb_parser_run(parser, copy, text->len, budget);
        } while (job->rc == NGX_AGAIN);
    }

    free(copy);

    if (job->rc == NGX_OK) {
        job->rc = ngx_gw_pb_parser_finish(parser, &job->wire);
    }

    must(job->rc != NGX_ERROR);

    if (job->rc == NGX_OK) {
        must(job->wire.len <= job->conf.max_size);
        must(ngx_gw_pb_parser_mask(parser, &job->mask) == NGX_OK);
        return;
    }

    job->error = *ngx_gw_pb_parser_error(parser);

    must(job->error.len > 0 && job->error.len < 512);

    for (i = 0; i < job->error.len; i++) {
        must(job->error.data[i] >= 0x20);
    }
}


static ngx_uint_t
same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


/* 0: nested deeper than it prints, or a mask that JSON has no form for */

static ngx_uint_t
print(ngx_pool_t *pool, job_t *job, ngx_uint_t bound, ngx_str_t *text)
{
    u_char                  *p;
    size_t                   len;
    ngx_int_t                rc;
    ngx_chain_t             *out;
    const ngx_str_t         *error;
    ngx_gw_pb_printer_t     *printer;
    ngx_gw_pb_print_conf_t   conf;

    memset(&conf, 0, sizeof(conf));

    conf.schema = schema;

    printer = ngx_gw_pb_printer_create(pool, &conf);
    must(printer);

    out = NULL;
    len = 0;

    rc = ngx_gw_pb_print(printer, job->message, job->field, job->wire.data,
                         job->wire.len, &out, &len);

    if (rc != NGX_OK) {
        error = ngx_gw_pb_printer_error(printer);

        if (memmem(error->data, error->len, "deep", 4) == NULL
            && (!bound || memmem(error->data, error->len, "path", 4) == NULL))
        {
            fprintf(stderr, "%.*s\n", (int) error->len, error->data);
            abort();
        }

        return 0;
    }

    text->data = ngx_palloc(pool, len + 1);
    p = text->data;

    for ( /* void */ ; out; out = out->next) {
        p = ngx_cpymem(p, out->buf->pos, out->buf->last - out->buf->pos);
    }

    text->len = p - text->data;
    must(text->len == len);

    return 1;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    job_t          first, second, third;
    ngx_str_t      text, json, again;
    ngx_uint_t     flags;
    ngx_pool_t    *pool;
    const u_char  *p;

    if (size < 2) {
        return 0;
    }

    if (schema == NULL) {
        load();
    }

    memset(&first, 0, sizeof(first));

    p = (const u_char *) names[data[0] % (sizeof(names) / sizeof(names[0]))];

    first.message = ngx_gw_pb_find_message(schema, p,
                                           strlen((const char *) p));
    must(first.message);

    flags = data[1];

    first.conf.schema = schema;
    first.conf.max_size = (flags & SMALL) ? 100 : MAX_SIZE;
    first.conf.ignore_unknown = (flags & IGNORE) != 0;
    first.conf.mask = (flags & MASK) != 0;

    text.data = (u_char *) data + 2;
    text.len = size - 2;

    if ((flags & FIELD) && first.message->kind == NGX_GW_PB_PLAIN
        && first.message->nfields)
    {
        first.field = &first.message->fields[(flags >> 5)
                                             % first.message->nfields];
    }

    if (flags & BIND) {
        p = memmem(text.data, text.len, "\n\n", 2);

        if (p) {
            first.binds = text.data;
            first.nbinds = p - text.data;
            text.len -= p + 2 - text.data;
            text.data = (u_char *) p + 2;
        }
    }

    pool = ngx_create_pool(4096, &ngx_stub_log);

    second = first;

    parse(pool, &first, &text, SIZE_MAX);
    parse(pool, &second, &text, 1 + data[1] % 7);

    must(first.rc == second.rc);

    if (first.rc != NGX_OK) {
        must(same(&first.error, &second.error));
        goto done;
    }

    must(same(&first.wire, &second.wire));
    must(same(&first.mask, &second.mask));

    walk(first.message, first.wire.data, first.wire.data + first.wire.len, 0);

    /* there and back, twice */

    first.field = NULL;
    first.nbinds = 0;
    first.conf.max_size = MAX_SIZE;
    first.conf.ignore_unknown = 0;

    if (!print(pool, &first, flags & BIND, &json)) {
        goto done;
    }

    second = first;
    parse(pool, &second, &json, SIZE_MAX);

    if (second.rc != NGX_OK) {

        /* one is in the text, one in the printed text */

        if (memmem(second.error.data, second.error.len, "required", 8)
            || memmem(second.error.data, second.error.len, "deeper", 6))
        {
            goto done;
        }

        fprintf(stderr, "%.*s\n%.*s\n", (int) json.len, json.data,
                (int) second.error.len, second.error.data);
        abort();
    }

    must(print(pool, &second, 0, &again));

    if (!same(&json, &again)) {
        fprintf(stderr, "%.*s\n%.*s\n", (int) json.len, json.data,
                (int) again.len, again.data);
        abort();
    }

    third = first;
    parse(pool, &third, &again, SIZE_MAX);

    must(third.rc == NGX_OK);
    must(same(&second.wire, &third.wire));

done:

    ngx_destroy_pool(pool);

    return 0;
}
