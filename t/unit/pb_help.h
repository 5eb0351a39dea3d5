
/*
 * What unit tests and the fuzz target of ngx_gw_pb share: a walk through all
 * that a schema has, which finds each thing by each of its names and numbers.
 */


#include "ngx_gw_pb.h"
#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }

#define same(a, b)                                                            \
    ((a)->len == (b)->len                                                     \
     && ((a)->len == 0 || memcmp((a)->data, (b)->data, (a)->len) == 0))


/* JSON of a string, UTF-8 */

static void
walk_string(const ngx_str_t *s, const char *end)
{
    u_char           text[65536];
    size_t           n;
    uint32_t         scratch[256];
    ngx_gw_json_t    json;
    ngx_gw_json_node_t  nodes[8];

    n = strlen(end);

    must(s->len >= n + 2);
    must(memcmp(s->data + s->len - n, end, n) == 0);

    n = s->len - n;
    must(n < sizeof(text));
    memcpy(text, s->data, n);

    json.data = text;
    json.len = n;
    json.nodes = nodes;

    must(ngx_gw_json_parse(&json, 8, 1, scratch) == NGX_OK);
    must(nodes[0].type == NGX_GW_JSON_STRING);
}


static void
walk_field(ngx_gw_pb_schema_t *schema, ngx_gw_pb_message_t *m,
    ngx_gw_pb_field_t *f)
{
    ngx_gw_pb_field_t  *found;

    must(f->number > 0 && f->number < 1 << 29);
    must(f->type >= NGX_GW_PB_DOUBLE && f->type <= NGX_GW_PB_SINT64);
    must(f->ntag > 0 && f->ntag <= 5);
    must(ngx_gw_pb_varint_len((uint64_t) f->number << 3) == f->ntag);
    must((f->tag[0] & 7) == (f->packed ? NGX_GW_PB_LEN : f->wire));
    must(f->oneof <= m->noneofs);
    must(!f->packed || f->packable);
    must(!f->packable || f->repeated);
    must(!f->map || (f->repeated && f->message->map_entry));
    must(!f->repeated || (!f->presence && !f->required && !f->oneof));
    must(!f->oneof || f->presence);
    must(!f->required || m->has_required);

    must((f->message != NULL)
         == (f->type == NGX_GW_PB_MESSAGE || f->type == NGX_GW_PB_GROUP));
    must((f->enumeration != NULL) == (f->type == NGX_GW_PB_ENUM));

    must(f->message == NULL
         || ngx_gw_pb_find_message(schema, f->message->name.data,
                                   f->message->name.len) == f->message);

    must(ngx_gw_pb_field_by_number(m, f->number) == f);

    found = ngx_gw_pb_find_field(m, f->json_name.data, f->json_name.len);
    must(found && same(&found->json_name, &f->json_name));
    must(found == f || m->ambiguous);

    found = ngx_gw_pb_find_field(m, f->name.data, f->name.len);
    must(found);
    must(found == f || (m->ambiguous && same(&found->json_name, &f->name)));

    walk_string(&f->print_json, ":");
    walk_string(&f->print_name, ":");

    must(f->default_json.len > 0);

    if (f->default_json.data[0] == '"') {
        walk_string(&f->default_json, "");
    }

    must((f->default_number.len > 0)
         == (f->enumeration && !f->repeated && !f->enumeration->null_value));
}


static void
walk_enum(ngx_gw_pb_enum_t *e)
{
    ngx_uint_t          i;
    ngx_gw_pb_value_t  *v, *first;

    must(e->nvalues > 0 && e->nsorted > 0 && e->nsorted <= e->nvalues);

    for (i = 0; i < e->nvalues; i++) {
        v = &e->values[i];

        must(ngx_gw_pb_find_value(e, v->name.data, v->name.len) == v);
        walk_string(&v->print, "");

        first = ngx_gw_pb_find_number(e, v->number);
        must(first && first->number == v->number && first <= v);
    }

    for (i = 1; i < e->nsorted; i++) {
        must(e->values[e->sorted[i - 1]].number
             < e->values[e->sorted[i]].number);
    }

    must(ngx_gw_pb_find_value(e, (u_char *) "no\0such", 7) == NULL);

    for (i = 0; i + 1 < e->nsorted; i++) {
        v = &e->values[e->sorted[i]];

        if (v->number + 1 != e->values[e->sorted[i + 1]].number) {
            must(ngx_gw_pb_find_number(e, v->number + 1) == NULL);
        }
    }
}


static void
walk_message(ngx_gw_pb_schema_t *schema, ngx_gw_pb_message_t *m)
{
    uint32_t            i;
    ngx_gw_pb_field_t  *f;

    must(ngx_gw_pb_find_message(schema, m->name.data, m->name.len) == m);

    for (i = 0; i < m->nfields; i++) {
        f = &m->fields[i];

        must(f->index == i);
        must(i == 0 || m->fields[i - 1].number < f->number);

        walk_field(schema, m, f);

        if (f->enumeration) {
            walk_enum(f->enumeration);
        }

        if (i + 1 == m->nfields || f->number + 1 != m->fields[i + 1].number) {
            must(ngx_gw_pb_field_by_number(m, f->number + 1) == NULL);
        }
    }

    must(ngx_gw_pb_field_by_number(m, 0) == NULL);
    must(ngx_gw_pb_find_field(m, (u_char *) "no\0such", 7) == NULL);
}


static void
walk(ngx_gw_pb_schema_t *schema)
{
    ngx_uint_t            i, j, k;
    ngx_gw_pb_rule_t     *r;
    ngx_gw_pb_method_t   *m;
    ngx_gw_pb_service_t  *s;

    for (i = 0; i < schema->nmessages; i++) {
        walk_message(schema, schema->messages[i]);
    }

    for (i = 0; i < schema->nservices; i++) {
        s = &schema->services[i];

        must(ngx_gw_pb_find_service(schema, s->name.data, s->name.len) == s);

        for (j = 0; j < s->nmethods; j++) {
            m = &s->methods[j];

            must(ngx_gw_pb_find_message(schema, m->input->name.data,
                                        m->input->name.len) == m->input);
            must(ngx_gw_pb_find_message(schema, m->output->name.data,
                                        m->output->name.len) == m->output);
            must(m->path.len == s->name.len + m->name.len + 2);

            for (k = 0; k < m->nrules; k++) {
                r = &m->rules[k];
                must(r->method.len && r->path.len);
                must(memchr(r->body.data, 0, r->body.len + 1) != NULL);
            }
        }
    }

    must(ngx_gw_pb_find_message(schema, (u_char *) "no\0such", 7) == NULL);
    must(ngx_gw_pb_find_service(schema, (u_char *) "no\0such", 7) == NULL);
}
