/* unit: ngx_gw_transcode/ngx_gw_pb.c ngx_gw_transcode/ngx_gw_pb_load*.c
   ngx_gw_common/ngx_gw_json*.c */

/*
 * Prints what the tables say of the sets of descriptors that are named, a line
 * for each thing, in an order that does not depend on the tables'.  See
 * t/pb-tables.t, which compares it with what others say.
 */


#include "pb_help.h"


static const char  *kinds[] = {
    "plain", "any", "timestamp", "duration", "field_mask", "struct", "value",
    "list_value", "wrapper", "http_body"
};


static ngx_str_t
slurp(const char *name)
{
    FILE       *f;
    long        size;
    ngx_str_t   text;

    f = fopen(name, "rb");

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        exit(2);
    }

    rewind(f);

    text.len = size;
    text.data = malloc(size + 1);

    if (fread(text.data, 1, size, f) != (size_t) size) {
        exit(2);
    }

    fclose(f);

    return text;
}


static void
put(const char *what, const ngx_str_t *s)
{
    size_t  i;

    printf(" %s=", what);

    for (i = 0; i < s->len; i++) {
        if (s->data[i] <= 0x20 || s->data[i] >= 0x7f || s->data[i] == '%') {
            printf("%%%02x", s->data[i]);

        } else {
            putchar(s->data[i]);
        }
    }
}


static void
dump_message(ngx_gw_pb_message_t *m)
{
    ngx_uint_t          i, k;
    ngx_gw_pb_field_t  *f;

    printf("message %.*s kind=%s oneofs=%d%s%s\n", (int) m->name.len,
           m->name.data, kinds[m->kind], m->noneofs,
           m->map_entry ? " map_entry" : "",
           m->has_required ? " has_required" : "");

    for (i = 0; i < m->nfields; i++) {
        f = &m->fields[i];

        printf("field %.*s %u", (int) m->name.len, m->name.data, f->number);

        put("name", &f->name);
        put("json", &f->json_name);
        put("print", &f->print_json);
        printf(" type=%u oneof=%u tag=", f->type, f->oneof);

        for (k = 0; k < f->ntag; k++) {
            printf("%02x", f->tag[k]);
        }

        printf("%s%s%s%s%s%s%s%s", f->repeated ? " repeated" : "",
               f->map ? " map" : "", f->packed ? " packed" : "",
               f->packable ? " packable" : "", f->presence ? " presence" : "",
               f->required ? " required" : "", f->utf8 ? " utf8" : "",
               f->extension ? " extension" : "");

        if (f->message) {
            put("of", &f->message->name);
        }

        if (f->enumeration) {
            put("of", &f->enumeration->name);
        }

        put("default", &f->default_json);
        put("number", &f->default_number);

        printf("\n");
    }
}


static void
dump_enum(ngx_gw_pb_enum_t *e)
{
    ngx_uint_t          i;
    ngx_gw_pb_value_t  *v, *first;

    printf("enum %.*s%s%s\n", (int) e->name.len, e->name.data,
           e->closed ? " closed" : "", e->null_value ? " null_value" : "");

    for (i = 0; i < e->nvalues; i++) {
        v = &e->values[i];
        first = ngx_gw_pb_find_number(e, v->number);

        printf("value %.*s %d %d %.*s printed=%.*s\n", (int) e->name.len,
               e->name.data, (int) i, v->number, (int) v->name.len,
               v->name.data, (int) first->name.len, first->name.data);
    }
}


/* an enum is known by the fields that are of it */

static void
dump_enums(ngx_gw_pb_schema_t *schema)
{
    ngx_uint_t            i, k, n, j;
    ngx_gw_pb_enum_t    **enums, *e;
    ngx_gw_pb_message_t  *m;

    n = 0;
    enums = NULL;

    for (i = 0; i < schema->nmessages; i++) {
        m = schema->messages[i];

        for (k = 0; k < m->nfields; k++) {
            e = m->fields[k].enumeration;

            for (j = 0; e && j < n && enums[j] != e; j++) { /* void */ }

            if (e && j == n) {
                enums = realloc(enums, (n + 1) * sizeof(ngx_gw_pb_enum_t *));
                enums[n++] = e;
                dump_enum(e);
            }
        }
    }

    free(enums);
}


static void
dump_service(ngx_gw_pb_service_t *s)
{
    ngx_uint_t           i, k;
    ngx_gw_pb_rule_t    *r;
    ngx_gw_pb_method_t  *m;

    printf("service %.*s\n", (int) s->name.len, s->name.data);

    for (i = 0; i < s->nmethods; i++) {
        m = &s->methods[i];

        printf("method %.*s", (int) m->path.len, m->path.data);
        put("name", &m->name);
        put("input", &m->input->name);
        put("output", &m->output->name);
        printf("%s%s\n", m->client_streaming ? " client" : "",
               m->server_streaming ? " server" : "");

        for (k = 0; k < m->nrules; k++) {
            r = &m->rules[k];

            printf("rule %.*s %d", (int) m->path.len, m->path.data, (int) k);
            put("method", &r->method);
            put("path", &r->path);
            put("body", &r->body);
            put("response_body", &r->response_body);
            printf("\n");
        }
    }
}


int
main(int argc, char **argv)
{
    int                  i;
    ngx_int_t            rc;
    ngx_str_t           *texts, error;
    ngx_uint_t           which, k;
    ngx_pool_t          *pool;
    ngx_gw_pb_schema_t  *schema;

    ngx_gw_json_init(0x123456789abcdef);

    texts = calloc(argc, sizeof(ngx_str_t));

    for (i = 1; i < argc; i++) {
        texts[i - 1] = slurp(argv[i]);
    }

    pool = ngx_create_pool(4096, &ngx_stub_log);

    rc = ngx_gw_pb_load(pool, texts, argc - 1, &schema, &which, &error);

    for (i = 1; i < argc; i++) {
        memset(texts[i - 1].data, 0, texts[i - 1].len);
        free(texts[i - 1].data);
    }

    free(texts);

    if (rc != NGX_OK) {
        printf("error %s: %.*s\n", argv[which + 1], (int) error.len,
               error.data);

    } else {
        walk(schema);

        for (k = 0; k < schema->nmessages; k++) {
            dump_message(schema->messages[k]);
        }

        dump_enums(schema);

        for (k = 0; k < schema->nservices; k++) {
            dump_service(&schema->services[k]);
        }
    }

    ngx_destroy_pool(pool);

    return rc != NGX_OK;
}
