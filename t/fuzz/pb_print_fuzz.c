/* fuzz: ngx_gw_transcode/ngx_gw_pb*.c ngx_gw_common/ngx_gw_json*.c */

/*
 * ngx_gw_pb_print on any message.  The first byte chooses its type, the second
 * one options, the rest is the wire.  What is printed must be JSON that
 * jansson takes, without names that come twice; the same must be printed if
 * all messages are looked at before; and what the parser makes of it must be
 * printed as the same text again.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_pb.h"
#include "ngx_gw_pb_parse.h"
#include "ngx_gw_pb_print.h"
#include "ngx_gw_pb_print_internal.h"

#include <jansson.h>


#define UNPOPULATED   0x01
#define PROTO_NAMES   0x02
#define ENUM_NUMBERS  0x04
#define INDENT        0x08
#define ANY_UNKNOWN   0x10
#define FIELD         0x20
#define STATUS        0x40
#define CAREFUL       0x80

#define MAX_TEXT      (64 * 1024 * 1024)

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_pool_t          *tables;
static ngx_gw_pb_schema_t  *schema;
static u_char               filler[1024];


static void
load(void)
{
    FILE        *f;
    ngx_str_t    set[4], error;
    ngx_uint_t   i, which;

    static const char  *names[] = {
        "t/data/proto/kitchen.pb", "t/data/proto/legacy.pb",
        "t/data/proto/editions.pb", "t/data/proto/long.pb"
    };

    ngx_gw_json_init(1);

    for (i = 0; i < 4; i++) {
        f = fopen(names[i], "rb");
        must(f);

        set[i].data = malloc(256 * 1024);
        set[i].len = fread(set[i].data, 1, 256 * 1024, f);

        fclose(f);
    }

    tables = ngx_create_pool(4096, NULL);

    must(ngx_gw_pb_load(tables, set, 4, &schema, &which, &error) == NGX_OK);

    for (i = 0; i < 4; i++) {
        free(set[i].data);
    }
}


__attribute__((destructor))
static void
unload(void)
{
    if (tables) {
        ngx_destroy_pool(tables);
    }
}


static ngx_str_t
join(ngx_pool_t *pool, ngx_chain_t *cl, size_t len)
{
    u_char     *p;
    ngx_str_t   text;

    must(len < MAX_TEXT);

    text.data = ngx_pnalloc(pool, len + 1);
    must(text.data);

    p = text.data;

    for ( /* void */ ; cl; cl = cl->next) {
        must(cl->buf->last > cl->buf->pos && cl->buf->last <= cl->buf->end);
        must((size_t) (cl->buf->last - cl->buf->pos)
             <= len - (p - text.data));

        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    text.len = p - text.data;
    must(text.len == len);

    return text;
}


/* behind some other bytes, so that buffers end anywhere */

static ngx_int_t
print(ngx_pool_t *pool, const ngx_gw_pb_print_conf_t *conf,
    ngx_gw_pb_message_t *message, ngx_gw_pb_field_t *field,
    ngx_str_t *wire, ngx_uint_t careful, ngx_str_t *text)
{
    size_t                len, fill;
    ngx_int_t             rc;
    ngx_chain_t          *out;
    ngx_gw_pb_printer_t  *pr;

    out = NULL;
    len = 0;

    pr = ngx_gw_pb_printer_create(pool, conf);
    must(pr);

    pr->careful = careful;

    fill = careful ? ngx_murmur_hash2(wire->data, wire->len) % 1024 : 0;

    must(ngx_gw_pb_print_bytes(pr, filler, fill, &out, &len) == NGX_OK);

    rc = ngx_gw_pb_print(pr, message, field, wire->data, wire->len, &out,
                         &len);

    if (rc == NGX_OK) {
        *text = join(pool, out, len);

        text->data += fill;
        text->len -= fill;

    } else {
        must(rc == NGX_DECLINED);
        must(len == fill && join(pool, out, len).len == fill);

        *text = *ngx_gw_pb_printer_error(pr);
        must(text->len);
    }

    return rc;
}


static ngx_uint_t
contains(ngx_str_t *s, const char *text)
{
    return memmem(s->data, s->len, text, strlen(text)) != NULL;
}


static void
check_names(ngx_str_t *text, ngx_uint_t unique)
{
    uint32_t       *scratch;
    ngx_int_t       rc;
    ngx_uint_t      n;
    ngx_gw_json_t   json;

    n = ngx_gw_json_max_nodes(text->len);

    scratch = malloc(ngx_gw_json_scratch(n) * sizeof(uint32_t));
    json.nodes = malloc(n * sizeof(ngx_gw_json_node_t));
    must(scratch && json.nodes);

    json.data = text->data;
    json.len = text->len;

    rc = ngx_gw_json_parse(&json, n, 64, scratch);

    must(rc == NGX_OK || rc == NGX_ABORT || !unique);

    free(json.nodes);
    free(scratch);
}


static void
check_json(ngx_str_t *text, ngx_uint_t unique)
{
    size_t         flags;
    json_t        *json;
    json_error_t   error;

    flags = JSON_DECODE_ANY|JSON_ALLOW_NUL;

    if (unique) {
        flags |= JSON_REJECT_DUPLICATES;
    }

    json = json_loadb((char *) text->data, text->len, flags, &error);

    if (json == NULL && strncmp(error.text, "NUL byte in", 11) == 0) {

        /* it does not take them in names */

        check_names(text, unique);
        return;
    }

    if (json == NULL) {
        fprintf(stderr, "%s at %d: %.*s\n", error.text, error.position,
                (int) text->len, text->data);
        abort();
    }

    json_decref(json);
}


static ngx_int_t
parse(ngx_pool_t *pool, ngx_gw_pb_message_t *message, ngx_str_t *text,
    ngx_str_t *wire)
{
    ngx_int_t                rc;
    const ngx_str_t         *error;
    ngx_gw_pb_parser_t      *parser;
    ngx_gw_pb_parse_conf_t   conf;

    memset(&conf, 0, sizeof(conf));

    conf.schema = schema;
    conf.max_size = MAX_TEXT;

    parser = ngx_gw_pb_parser_create(pool, &conf, message, NULL, NULL);
    must(parser);

    do {
        rc = ngx_gw_pb_parser_run(parser, text->data, text->len, 1 << 20);
    } while (rc == NGX_AGAIN);

    if (rc == NGX_OK) {
        must(ngx_gw_pb_parser_finish(parser, wire) == NGX_OK);
        return NGX_OK;
    }

    must(rc == NGX_DECLINED);

    error = ngx_gw_pb_parser_error(parser);

    /* what may be printed and not be read */

    if (contains((ngx_str_t *) error, "deep")
        || contains((ngx_str_t *) error, "required"))
    {
        return rc;
    }

    fprintf(stderr, "%.*s\n%.*s\n", (int) error->len, error->data,
            (int) text->len, text->data);

    abort();
}


static void
check_status(ngx_pool_t *pool, const ngx_gw_pb_print_conf_t *conf,
    ngx_str_t *wire)
{
    size_t                len;
    ngx_str_t             text, message;
    ngx_chain_t          *out;
    ngx_gw_pb_printer_t  *pr;

    out = NULL;
    len = 0;

    pr = ngx_gw_pb_printer_create(pool, conf);
    must(pr);

    message = *wire;
    message.len = ngx_min(message.len, 100);

    must(ngx_gw_pb_print_status(pr, 7, &message, wire, &out, &len) == NGX_OK);

    text = join(pool, out, len);

    check_json(&text, 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                  *copy;
    ngx_int_t                rc, careful;
    ngx_str_t                wire, text, other, again;
    ngx_uint_t               flags, same, unique;
    ngx_pool_t              *pool;
    ngx_gw_pb_field_t       *field;
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_print_conf_t   conf;

    if (schema == NULL) {
        load();
    }

    if (size < 2) {
        return 0;
    }

    message = schema->messages[data[0] % schema->nmessages];
    flags = data[1];
    field = NULL;

    if (flags & FIELD) {

        if (message->nfields == 0 || size < 3) {
            return 0;
        }

        field = &message->fields[data[2] % message->nfields];
        data++;
        size--;
    }

    /* of exactly that size */

    wire.len = size - 2;
    copy = malloc(wire.len + (wire.len == 0));
    must(copy);

    if (wire.len) {
        memcpy(copy, data + 2, wire.len);
    }

    wire.data = copy;

    memset(&conf, 0, sizeof(conf));

    conf.schema = schema;
    conf.unpopulated = (flags & UNPOPULATED) != 0;
    conf.proto_names = (flags & PROTO_NAMES) != 0;
    conf.enum_numbers = (flags & ENUM_NUMBERS) != 0;
    conf.indent = (flags & INDENT) != 0;
    conf.any_unknown = (flags & ANY_UNKNOWN) != 0;

    pool = ngx_create_pool(4096, NULL);

    if (flags & STATUS) {
        check_status(pool, &conf, &wire);
        goto done;
    }

    rc = print(pool, &conf, message, field, &wire, 0, &text);

    careful = print(pool, &conf, message, field, &wire, 1, &other);

    same = (careful == rc
            && text.len == other.len
            && memcmp(text.data, other.data, text.len) == 0);

    /* fields that are not asked for need not be looked at */

    if (field && rc == NGX_OK && careful == NGX_DECLINED) {
        same = 1;
    }

    if (!same) {
        fprintf(stderr, "%.*s\nis not\n%.*s\n", (int) text.len, text.data,
                (int) other.len, other.data);
        abort();
    }

    if (rc != NGX_OK) {
        goto done;
    }

    /* messages with two fields of a name, or with one that Any has */

    unique = !message->ambiguous
             && !contains(&wire, "Conflicts")
             && !contains(&wire, "Names");

    check_json(&text, unique);

    if (field || conf.any_unknown || !unique) {
        goto done;
    }

    if (parse(pool, message, &text, &wire) != NGX_OK) {
        goto done;
    }

    must(print(pool, &conf, message, NULL, &wire, 0, &again) == NGX_OK);

    /* a NullValue of another number than 0 is null, and 0 when it is read */

    if (contains(&text, "nullValue\":") || contains(&text, "null_value\":")) {
        goto done;
    }

    if (text.len != again.len || memcmp(text.data, again.data, text.len) != 0) {
        fprintf(stderr, "%.*s\nbecame\n%.*s\n", (int) text.len, text.data,
                (int) again.len, again.data);
        abort();
    }

done:

    ngx_destroy_pool(pool);
    free(copy);

    return 0;
}
