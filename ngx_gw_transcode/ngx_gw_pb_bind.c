
/*
 * ngx_gw_pb_bind: values of a URL.  Each is written as a message of its own
 * around one field: those who read the wire format merge them.
 */


#include "ngx_gw_pb_parse_internal.h"


typedef struct {
    ngx_gw_pb_field_t          *fields[NGX_GW_PB_MAX_DEPTH];
    ngx_uint_t                  n;
} ngx_gw_pb_steps_t;


static ngx_int_t ngx_gw_pb_bind_steps(ngx_gw_pb_parser_t *parser,
    const ngx_str_t *path, ngx_gw_pb_steps_t *steps);
static ngx_int_t ngx_gw_pb_bind_leaf(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_bind_free(ngx_gw_pb_parser_t *parser,
    ngx_gw_pb_steps_t *steps, ngx_uint_t query);
static ngx_int_t ngx_gw_pb_bind_write(ngx_gw_pb_parser_t *parser,
    ngx_gw_pb_steps_t *steps, const ngx_str_t *value);
static ngx_int_t ngx_gw_pb_bind_value(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const ngx_str_t *value, ngx_uint_t flags);
static ngx_int_t ngx_gw_pb_bind_note(ngx_gw_pb_parser_t *parser,
    ngx_gw_pb_steps_t *steps, ngx_uint_t query);
static ngx_gw_pb_bound_t *ngx_gw_pb_bind_find(ngx_gw_pb_bound_t *list,
    const ngx_gw_pb_field_t *field);


ngx_int_t
ngx_gw_pb_bind(ngx_gw_pb_parser_t *parser, const ngx_str_t *path,
    const ngx_str_t *value, ngx_uint_t query)
{
    ngx_int_t           rc;
    ngx_gw_pb_steps_t   steps;

    if (parser->rc != NGX_OK) {
        return parser->rc;
    }

    /* of a field that does not exist, which was ignored */
    parser->error.len = 0;

    parser->binding = path;
    parser->query = query;

    rc = ngx_gw_pb_bind_steps(parser, path, &steps);

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_bind_free(parser, &steps, query);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_bind_write(parser, &steps, value);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_bind_note(parser, &steps, query);
    }

    parser->binding = NULL;

    if (rc == NGX_ABORT) {

        if (parser->rc == NGX_ABORT) {

            /* it is too large */
            return NGX_DECLINED;
        }

        parser->rc = NGX_OK;
    }

    return rc;
}


/* the fields that path leads through; NGX_ABORT if there is one missing */

static ngx_int_t
ngx_gw_pb_bind_steps(ngx_gw_pb_parser_t *parser, const ngx_str_t *path,
    ngx_gw_pb_steps_t *steps)
{
    u_char                     *p, *last, *end;
    ngx_gw_pb_field_t          *field;
    const ngx_gw_pb_message_t  *message;

    p = path->data;
    end = p + path->len;
    message = parser->message;

    for (steps->n = 0; /* void */ ; p = last + 1) {

        /* the name of an extension has dots of its own */

        last = (p < end && *p == '[') ? ngx_strlchr(p, end, ']') : p;

        if (last) {
            last = ngx_strlchr(last, end, '.');
        }

        if (last == NULL) {
            last = end;
        }

        field = ngx_gw_pb_find_field(message, p, last - p);

        if (field == NULL) {
            ngx_gw_pb_failed(parser, NULL, "%V has no such field",
                             &message->name);
            goto missing;
        }

        if (steps->n == NGX_GW_PB_MAX_DEPTH) {
            ngx_gw_pb_failed(parser, NULL, "nested deeper than %d",
                             NGX_GW_PB_MAX_DEPTH);
            return parser->rc;
        }

        steps->fields[steps->n++] = field;

        if (last == end) {
            return ngx_gw_pb_bind_leaf(parser, field);
        }

        if (field->repeated) {
            ngx_gw_pb_failed(parser, NULL, "\"%V\" is a %s", &field->name,
                             field->map ? "map" : "repeated field");
            return parser->rc;
        }

        message = field->message;

        if (message == NULL) {
            ngx_gw_pb_failed(parser, NULL, "\"%V\" is no message",
                             &field->name);
            goto missing;
        }
    }

missing:

    return parser->rc == NGX_DECLINED ? NGX_ABORT : parser->rc;
}


/* whether it can have a value that is no object or array */

static ngx_int_t
ngx_gw_pb_bind_leaf(ngx_gw_pb_parser_t *parser, const ngx_gw_pb_field_t *field)
{
    if (field->map) {
        ngx_gw_pb_failed(parser, NULL, "is a map");
        return parser->rc;
    }

    if (field->message == NULL) {
        return NGX_OK;
    }

    switch (field->message->kind) {

    case NGX_GW_PB_WRAPPER:
    case NGX_GW_PB_TIMESTAMP:
    case NGX_GW_PB_DURATION:
    case NGX_GW_PB_FIELD_MASK:
        return NGX_OK;

    default:
        ngx_gw_pb_failed(parser, NULL, "is a message");
        return parser->rc;
    }
}


/* whether none of them has a value already that excludes this one */

static ngx_int_t
ngx_gw_pb_bind_free(ngx_gw_pb_parser_t *parser, ngx_gw_pb_steps_t *steps,
    ngx_uint_t query)
{
    ngx_uint_t          i;
    ngx_gw_pb_bound_t  *list, *node;
    ngx_gw_pb_field_t  *field;

    list = parser->bound;

    for (i = 0; i < steps->n; i++) {
        field = steps->fields[i];

        for (node = list; field->oneof && node; node = node->next) {
            if (node->field->oneof == field->oneof && node->field != field) {
                ngx_gw_pb_failed(parser, NULL,
                                 "another field of its oneof has a value");
                return parser->rc;
            }
        }

        node = ngx_gw_pb_bind_find(list, field);

        if (node == NULL) {
            return NGX_OK;
        }

        list = node->children;

        if (i + 1 < steps->n && list) {
            continue;
        }

        if (query && node->path && list == NULL) {
            ngx_gw_pb_failed(parser, NULL, "is given by the path");
            return parser->rc;
        }

        /* values of a repeated field are appended */

        if (!field->repeated || list) {
            ngx_gw_pb_failed(parser, NULL, "has a value already");
            return parser->rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_bind_write(ngx_gw_pb_parser_t *parser, ngx_gw_pb_steps_t *steps,
    const ngx_str_t *value)
{
    ngx_uint_t          i, flags;
    ngx_gw_pb_field_t  *field;

    /* one more is that of a packed field or of a wrapper */

    if (ngx_gw_pb_grow_levels(parser, ngx_max(NGX_GW_PB_LEVELS(parser->nframes),
                                              steps->n + 8))
        != NGX_OK)
    {
        return parser->rc;
    }

    for (i = 0; i < steps->n; i++) {
        field = steps->fields[i];

        if (i + 1 == steps->n && field->message == NULL && !field->packed) {
            break;
        }

        if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
            return parser->rc;
        }

        parser->last = ngx_gw_pb_put_tag(parser->last, field->tag,
                                         field->ntag);

        if (field->type != NGX_GW_PB_GROUP) {
            ngx_gw_pb_open_level(parser);
        }
    }

    field = steps->fields[steps->n - 1];

    flags = field->presence || field->repeated ? NGX_GW_PB_FORCE : 0;
    flags |= field->packed ? 0 : NGX_GW_PB_TAG;

    if (ngx_gw_pb_bind_value(parser, field, value, flags) != NGX_OK) {
        return parser->rc;
    }

    while (i--) {
        field = steps->fields[i];

        if (field->type != NGX_GW_PB_GROUP) {
            if (ngx_gw_pb_close_level(parser) != NGX_OK) {
                return parser->rc;
            }

            continue;
        }

        if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
            return parser->rc;
        }

        parser->last = ngx_gw_pb_write_varint(parser->last,
                               (uint64_t) field->number << 3
                               | NGX_GW_PB_EGROUP);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_bind_value(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const ngx_str_t *value, ngx_uint_t flags)
{
    u_char  *dst;

    if (field->message) {

        if (field->message->kind != NGX_GW_PB_WRAPPER) {
            return ngx_gw_pb_parse_form(parser, field->message, value->data,
                                        value->len);
        }

        field = &field->message->fields[0];
        flags = NGX_GW_PB_TAG;
    }

    if (field->type == NGX_GW_PB_BYTES) {
        return ngx_gw_pb_parse_bytes(parser, field, value->data, value->len,
                                     flags);
    }

    if (field->type != NGX_GW_PB_STRING) {
        return ngx_gw_pb_parse_plain(parser, field, value->data, value->len,
                                     flags);
    }

    if (field->utf8 && !ngx_gw_pb_is_utf8(value->data, value->len)) {
        ngx_gw_pb_bad_text(parser, value->data, value->len,
                           "is no valid UTF-8");
        return parser->rc;
    }

    if (value->len == 0 && !(flags & NGX_GW_PB_FORCE)) {
        return NGX_OK;
    }

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM + value->len) != NGX_OK) {
        return parser->rc;
    }

    dst = ngx_gw_pb_put_tag(parser->last, field->tag, field->ntag);
    dst = ngx_gw_pb_write_varint(dst, value->len);

    if (value->len) {
        dst = ngx_cpymem(dst, value->data, value->len);
    }

    parser->last = dst;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_bind_note(ngx_gw_pb_parser_t *parser, ngx_gw_pb_steps_t *steps,
    ngx_uint_t query)
{
    ngx_uint_t           i;
    ngx_gw_pb_bound_t   *node, **list;

    list = &parser->bound;

    for (i = 0; i < steps->n; i++) {

        node = ngx_gw_pb_bind_find(*list, steps->fields[i]);

        if (node == NULL) {
            node = ngx_pcalloc(parser->pool, sizeof(ngx_gw_pb_bound_t));
            if (node == NULL) {
                ngx_gw_pb_no_memory(parser);
                return NGX_ERROR;
            }

            node->field = steps->fields[i];
            node->path = !query;
            node->next = *list;

            *list = node;
        }

        list = &node->children;
    }

    return NGX_OK;
}


static ngx_gw_pb_bound_t *
ngx_gw_pb_bind_find(ngx_gw_pb_bound_t *list, const ngx_gw_pb_field_t *field)
{
    while (list && list->field != field) {
        list = list->next;
    }

    return list;
}
