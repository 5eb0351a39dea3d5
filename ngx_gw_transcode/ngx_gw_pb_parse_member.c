
/*
 * ngx_gw_pb_parse, members and items: fields of messages, repeated ones, maps,
 * and what is skipped.
 */


#include "ngx_gw_pb_parse_internal.h"


static const u_char *ngx_gw_pb_other_member(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_str_t *name);
static ngx_int_t ngx_gw_pb_once(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_oneof(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field);
static const u_char *ngx_gw_pb_single(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags,
    ngx_uint_t levels);


/* n bytes, 4 at least, are the same */

static ngx_inline ngx_uint_t
ngx_gw_pb_same(const u_char *a, const u_char *b, size_t n)
{
    uint32_t  x32, y32, z32, w32;
    uint64_t  x, y;

    if (n < 8) {
        ngx_memcpy(&x32, a, 4);
        ngx_memcpy(&y32, b, 4);
        ngx_memcpy(&z32, a + n - 4, 4);
        ngx_memcpy(&w32, b + n - 4, 4);

        return ((x32 ^ y32) | (z32 ^ w32)) == 0;
    }

    while (n > 8) {
        ngx_memcpy(&x, a, 8);
        ngx_memcpy(&y, b, 8);

        if (x != y) {
            return 0;
        }

        /* the last 8 may have been compared in part */

        n -= 8;
        a += 8;
        b += 8;

        if (n < 8) {
            a -= 8 - n;
            b -= 8 - n;
            n = 8;
        }
    }

    ngx_memcpy(&x, a, 8);
    ngx_memcpy(&y, b, 8);

    return x == y;
}


/* a member of a message */

const u_char *
ngx_gw_pb_parse_member(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_str_t                    name;
    ngx_uint_t                   null;
    const u_char                *end;
    ngx_gw_pb_bound_t           *node;
    ngx_gw_pb_frame_t           *frame;
    const ngx_gw_pb_field_t     *field, **guess;
    const ngx_gw_pb_message_t   *message;

    end = parser->end;
    frame = parser->frame;
    message = frame->message;

    /* the one that came after the last one before, or stands behind it */

    guess = &parser->guesses[frame->guess];
    field = *guess;

    if ((uintptr_t) field - (uintptr_t) message->fields
        >= message->nfields * sizeof(ngx_gw_pb_field_t))
    {
        field = (frame->index < message->nfields)
                ? &message->fields[frame->index] : NULL;
    }

    if (field
        && !message->ambiguous
        && !frame->any
        && field->print_json.len >= 4
        && (size_t) (end - p) > field->print_json.len
        && ngx_gw_pb_same(p, field->print_json.data, field->print_json.len))
    {
        frame->name = p + 1;
        frame->nlen = field->print_json.len - 3;

        p += field->print_json.len;

    } else {
        p = ngx_gw_pb_parse_name(parser, p, &name);
        if (p == NULL) {
            return NULL;
        }

        field = ngx_gw_pb_find_field(message, name.data, name.len);

        if (field == NULL || (frame->any && ngx_gw_pb_is(&name, "@type"))) {
            return ngx_gw_pb_other_member(parser, p, &name);
        }
    }

    *guess = field;

    frame->guess = ngx_gw_pb_guess(field);
    frame->index = field->index + 1;
    frame->field = field;

    p = ngx_gw_pb_spaces(p, end);

    if (p == end) {
        ngx_gw_pb_failed(parser, p, "unexpected end");
        return NULL;
    }

    if (ngx_gw_pb_once(parser, field) != NGX_OK) {
        return NULL;
    }

    null = (*p == 'n' && ngx_gw_pb_is_null(parser, p)
            && (field->repeated || !ngx_gw_pb_takes_null(field)));

    if (frame->mask && (null || ngx_gw_pb_is_leaf(field))
        && ngx_gw_pb_add_mask(parser) != NGX_OK)
    {
        return NULL;
    }

    for (node = frame->bound; node && node->field != field; node = node->next)
    {
        /* void */
    }

    if (null) {

        if (field->required && node == NULL) {
            ngx_gw_pb_failed(parser, NULL, "is required");
            return NULL;
        }

        return p + 4;
    }

    if (field->oneof && ngx_gw_pb_oneof(parser, field) != NGX_OK) {
        return NULL;
    }

    if (node && (node->children == NULL || ngx_gw_pb_is_leaf(field))) {
        ngx_gw_pb_failed(parser, NULL, "is given by the %s",
                         node->path ? "path" : "query");
        return NULL;
    }

    return ngx_gw_pb_parse_field(parser, field, p, node);
}


/* one that is no field */

static const u_char *
ngx_gw_pb_other_member(ngx_gw_pb_parser_t *parser, const u_char *p,
    ngx_str_t *name)
{
    ngx_uint_t           escaped;
    ngx_gw_pb_frame_t   *frame;

    frame = parser->frame;

    if (frame->any && ngx_gw_pb_is(name, "@type")) {

        if (frame->typed) {
            ngx_gw_pb_failed(parser, NULL, "is there twice");
            return NULL;
        }

        frame->typed = 1;
        p = ngx_gw_pb_spaces(p, parser->end);

        if (p == parser->end) {
            ngx_gw_pb_failed(parser, p, "unexpected end");
            return NULL;
        }

        if (*p != '"') {
            ngx_gw_pb_bad(parser, p, "is no string");
            return NULL;
        }

        return ngx_gw_pb_scan_string(parser, p + 1, &escaped);
    }

    /* Empty has a JSON form of its own, some say */

    if (parser->conf.ignore_unknown
        || (frame->any
            && ngx_gw_pb_is(name, "value")
            && ngx_gw_pb_is(&frame->message->name, "google.protobuf.Empty")))
    {
        return ngx_gw_pb_parse_skip(parser, p);
    }

    ngx_gw_pb_failed(parser, NULL, "%V has no such field",
                     &frame->message->name);

    return NULL;
}


/* the name of a member, unescaped, and its colon */

const u_char *
ngx_gw_pb_parse_name(ngx_gw_pb_parser_t *parser, const u_char *p,
    ngx_str_t *name)
{
    const u_char       *last;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;
    frame->name = NULL;

    if (*p != '"') {
        ngx_gw_pb_failed(parser, p, "expected the name of a member");
        return NULL;
    }

    last = ngx_gw_pb_parse_text(parser, p, name);
    if (last == NULL) {
        return NULL;
    }

    frame->name = p + 1;
    frame->nlen = last - p - 2;

    return ngx_gw_pb_parse_colon(parser, last);
}


const u_char *
ngx_gw_pb_parse_colon(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    p = ngx_gw_pb_spaces(p, parser->end);

    if (p == parser->end || *p != ':') {
        ngx_gw_pb_failed(parser, p, "expected a colon");
        return NULL;
    }

    return p + 1;
}


static ngx_int_t
ngx_gw_pb_once(ngx_gw_pb_parser_t *parser, const ngx_gw_pb_field_t *field)
{
    uint64_t           *seen, bit;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    seen = &frame->seen;

    if (frame->message->nfields + frame->message->noneofs > 64) {
        seen = &frame->more[field->index / 64];
    }

    bit = (uint64_t) 1 << (field->index % 64);

    if (*seen & bit) {
        ngx_gw_pb_failed(parser, NULL, "is there twice");
        return NGX_DECLINED;
    }

    *seen |= bit;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_oneof(ngx_gw_pb_parser_t *parser, const ngx_gw_pb_field_t *field)
{
    uint64_t           *seen, bit;
    ngx_uint_t          i;
    ngx_gw_pb_bound_t  *node;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    i = frame->message->nfields + field->oneof - 1;
    seen = &frame->seen;

    if (frame->message->nfields + frame->message->noneofs > 64) {
        seen = &frame->more[i / 64];
    }

    bit = (uint64_t) 1 << (i % 64);

    for (node = frame->bound; node; node = node->next) {
        if (node->field->oneof == field->oneof && node->field != field) {
            break;
        }
    }

    if ((*seen & bit) || node) {
        ngx_gw_pb_failed(parser, NULL,
                         "another field of its oneof has a value");
        return NGX_DECLINED;
    }

    *seen |= bit;

    return NGX_OK;
}


/* what a field of a message is given, tags and all */

const u_char *
ngx_gw_pb_parse_field(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_gw_pb_bound_t *bound)
{
    ngx_uint_t          mask, levels;
    ngx_gw_pb_frame_t  *frame;

    levels = parser->nlevels;

    if (field->repeated) {

        if (field->map) {
            p = ngx_gw_pb_open_bracket(parser, p, NGX_GW_PB_IN_MAP, levels);

        } else {
            p = ngx_gw_pb_open_bracket(parser, p, NGX_GW_PB_IN_ARRAY, levels);
        }

        if (p == NULL) {
            return NULL;
        }

        parser->frame->field = field;

        if (field->packed) {

            if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
                return NULL;
            }

            parser->last = ngx_gw_pb_put_tag(parser->last, field->tag,
                                             field->ntag);
            ngx_gw_pb_open_level(parser);
        }

        return p;
    }

    if (field->message == NULL) {
        parser->dropped = 0;

        return ngx_gw_pb_parse_scalar(parser, field, p,
                                      field->presence
                                      ? NGX_GW_PB_TAG|NGX_GW_PB_FORCE
                                      : NGX_GW_PB_TAG);
    }

    mask = parser->frame->mask;

    p = ngx_gw_pb_single(parser, field, p, NGX_GW_PB_TAG, levels);

    if (p && (bound || mask) && !ngx_gw_pb_is_leaf(field)) {
        frame = parser->frame;

        frame->mask = mask;

        if (bound) {
            bound->parsed = 1;
            frame->bound = bound->children;
        }
    }

    return p;
}


/*
 * One value of a field.  When it ends, levels are closed down to those given.
 */

static const u_char *
ngx_gw_pb_single(ngx_gw_pb_parser_t *parser, const ngx_gw_pb_field_t *field,
    const u_char *p, ngx_uint_t flags, ngx_uint_t levels)
{
    if (field->message == NULL) {
        parser->dropped = 0;

        p = ngx_gw_pb_parse_scalar(parser, field, p, flags);

        if (p == NULL) {
            return NULL;
        }

        if (parser->dropped) {
            parser->nlevels = levels;
            return p;
        }

        return ngx_gw_pb_close_levels(parser, levels) == NGX_OK ? p : NULL;
    }

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    parser->last = ngx_gw_pb_put_tag(parser->last, field->tag, field->ntag);

    if (field->type == NGX_GW_PB_GROUP) {
        p = ngx_gw_pb_open_message(parser, field->message, p, levels);

        if (p) {
            parser->frame->group = field;
        }

        return p;
    }

    ngx_gw_pb_open_level(parser);

    if (field->message->kind == NGX_GW_PB_PLAIN) {
        return ngx_gw_pb_open_message(parser, field->message, p, levels);
    }

    return ngx_gw_pb_parse_message(parser, field->message, p, levels);
}


/* what is in a message */

const u_char *
ngx_gw_pb_parse_message(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *p, ngx_uint_t levels)
{
    ngx_str_t  text;

    switch (message->kind) {

    case NGX_GW_PB_STRUCT:
        return ngx_gw_pb_open_bracket(parser, p, NGX_GW_PB_IN_STRUCT, levels);

    case NGX_GW_PB_LIST_VALUE:
        return ngx_gw_pb_open_bracket(parser, p, NGX_GW_PB_IN_LIST, levels);

    case NGX_GW_PB_VALUE:
        return ngx_gw_pb_parse_value(parser, p, levels);

    case NGX_GW_PB_ANY:
        p = ngx_gw_pb_open_bracket(parser, p, NGX_GW_PB_IN_ANY, levels);

        if (p) {
            parser->frame->index = (uint32_t) (p - 1 - parser->text);
        }

        return p;

    case NGX_GW_PB_WRAPPER:
        return ngx_gw_pb_single(parser, &message->fields[0], p, NGX_GW_PB_TAG,
                                levels);

    case NGX_GW_PB_TIMESTAMP:
    case NGX_GW_PB_DURATION:
    case NGX_GW_PB_FIELD_MASK:

        if (*p != '"') {
            ngx_gw_pb_bad(parser, p, "is no string");
            return NULL;
        }

        p = ngx_gw_pb_parse_text(parser, p, &text);

        if (p == NULL
            || ngx_gw_pb_parse_form(parser, message, text.data, text.len)
               != NGX_OK
            || ngx_gw_pb_close_levels(parser, levels) != NGX_OK)
        {
            return NULL;
        }

        return p;

    default:
        return ngx_gw_pb_open_message(parser, message, p, levels);
    }
}


/* items of a repeated field, more than one of scalars */

const u_char *
ngx_gw_pb_parse_item(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_uint_t                flags;
    const u_char             *end;
    ngx_gw_pb_frame_t        *frame;
    const ngx_gw_pb_field_t  *field;

    frame = parser->frame;
    field = frame->field;
    end = parser->end;

    if (field->message) {
        frame->index++;

        return ngx_gw_pb_single(parser, field, p,
                                NGX_GW_PB_TAG|NGX_GW_PB_FORCE,
                                parser->nlevels);
    }

    flags = field->packed ? NGX_GW_PB_FORCE : NGX_GW_PB_TAG|NGX_GW_PB_FORCE;

    for ( ;; ) {
        frame->index++;

        p = ngx_gw_pb_parse_scalar(parser, field, p, flags);

        if (p == NULL || p >= parser->stop || p == end || *p != ',') {
            return p;
        }

        p = ngx_gw_pb_spaces(p + 1, end);

        if (p == end) {
            ngx_gw_pb_failed(parser, p, "unexpected end");
            return NULL;
        }
    }
}


const u_char *
ngx_gw_pb_parse_entry(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    uint32_t                  start;
    ngx_uint_t                levels;
    ngx_gw_pb_frame_t        *frame;
    const ngx_gw_pb_field_t  *field;

    frame = parser->frame;
    field = frame->field;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    start = (uint32_t) (parser->last - parser->start);
    levels = parser->nlevels;

    parser->last = ngx_gw_pb_put_tag(parser->last, field->tag, field->ntag);
    ngx_gw_pb_open_level(parser);

    p = ngx_gw_pb_parse_entry_key(parser, &field->message->fields[0], p);
    if (p == NULL) {
        return NULL;
    }

    parser->dropped = 0;

    p = ngx_gw_pb_single(parser, &field->message->fields[1], p,
                         NGX_GW_PB_TAG|NGX_GW_PB_FORCE, levels);

    if (p && parser->dropped) {
        parser->last = parser->start + start;

        ngx_gw_pb_drop_key(frame);
    }

    return p;
}


/* the key of an entry and its colon; p is at the value then */

const u_char *
ngx_gw_pb_parse_entry_key(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *key, const u_char *p)
{
    uint32_t            pos;
    ngx_int_t           rc;
    const u_char       *name;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;
    frame->name = NULL;

    if (*p != '"') {
        ngx_gw_pb_failed(parser, p, "expected a key");
        return NULL;
    }

    pos = (uint32_t) (parser->last - parser->start);
    name = p + 1;

    p = ngx_gw_pb_parse_key(parser, key, p);
    if (p == NULL) {
        return NULL;
    }

    frame->name = name;
    frame->nlen = p - name - 1;

    rc = ngx_gw_pb_add_key(parser, frame, pos);

    if (rc != NGX_OK) {
        if (rc == NGX_DECLINED) {
            ngx_gw_pb_failed(parser, NULL, "is there twice");
        }

        return NULL;
    }

    p = ngx_gw_pb_parse_colon(parser, p);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_gw_pb_spaces(p, parser->end);

    if (p == parser->end) {
        ngx_gw_pb_failed(parser, p, "unexpected end");
        return NULL;
    }

    return p;
}


/* any valid value */

const u_char *
ngx_gw_pb_parse_skip(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_uint_t            escaped;
    const u_char         *end, *last;
    ngx_gw_pb_decimal_t   decimal;

    end = parser->end;
    p = ngx_gw_pb_spaces(p, end);

    if (p == end) {
        ngx_gw_pb_failed(parser, p, "unexpected end");
        return NULL;
    }

    switch (*p) {

    case '{':
        return ngx_gw_pb_open_bracket(parser, p, NGX_GW_PB_IN_OBJECT,
                                      parser->nlevels);

    case '[':
        return ngx_gw_pb_open_bracket(parser, p, NGX_GW_PB_IN_SKIPPED,
                                      parser->nlevels);

    case '"':
        return ngx_gw_pb_scan_string(parser, p + 1, &escaped);

    case 't':

        if (end - p >= 4 && ngx_memcmp(p, "true", 4) == 0) {
            return p + 4;
        }

        break;

    case 'f':

        if (end - p >= 5 && ngx_memcmp(p, "false", 5) == 0) {
            return p + 5;
        }

        break;

    case 'n':

        if (ngx_gw_pb_is_null(parser, p)) {
            return p + 4;
        }

        break;

    default:
        last = ngx_gw_pb_decimal(p, end, &decimal);

        if (last) {
            return last;
        }
    }

    ngx_gw_pb_bad(parser, p, "is no value");

    return NULL;
}
