
/*
 * ngx_gw_pb_parse: see the header for the contract.
 *
 * One turn of the loop in run() is a member or an item, or what closes an open
 * bracket.  Open brackets are frames; a value that is an object or array opens
 * one, any other is written at once.  Between turns there is no state but that
 * of the parser, so that it can stop there.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json_internal.h"


static ngx_int_t ngx_gw_pb_begin(ngx_gw_pb_parser_t *parser, u_char *text,
    size_t len);
static const u_char *ngx_gw_pb_step(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_close(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static ngx_int_t ngx_gw_pb_close_message(ngx_gw_pb_parser_t *parser,
    ngx_gw_pb_frame_t *frame);
static ngx_gw_pb_frame_t *ngx_gw_pb_push(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_uint_t in, ngx_uint_t levels);

static const u_char *ngx_gw_pb_member(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_other_member(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_str_t *name);
static const u_char *ngx_gw_pb_name(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_str_t *name);
static const u_char *ngx_gw_pb_colon(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static ngx_int_t ngx_gw_pb_once(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_oneof(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field);

static const u_char *ngx_gw_pb_field_value(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_gw_pb_bound_t *bound);
static const u_char *ngx_gw_pb_single(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags,
    ngx_uint_t levels);
static const u_char *ngx_gw_pb_message_value(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *p, ngx_uint_t levels);
static const u_char *ngx_gw_pb_open_message(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *p, ngx_uint_t levels);
static const u_char *ngx_gw_pb_open(ngx_gw_pb_parser_t *parser,
    const u_char *p, u_char bracket, ngx_uint_t in, ngx_uint_t levels);
static const u_char *ngx_gw_pb_value(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_uint_t levels);

static const u_char *ngx_gw_pb_item(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_entry(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_struct_entry(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_any_member(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_skip_value(ngx_gw_pb_parser_t *parser,
    const u_char *p);

static ngx_int_t ngx_gw_pb_add_mask(ngx_gw_pb_parser_t *parser);


/* a field of Value: a number, as any double */
static const ngx_gw_pb_field_t  ngx_gw_pb_number_value = {
    .type = NGX_GW_PB_DOUBLE,
    .wire = NGX_GW_PB_I64,
    .ntag = 1,
    .tag = { 0x11 }
};


#define ngx_gw_pb_is(s, text)                                                 \
    ((s)->len == sizeof(text) - 1                                             \
     && ngx_memcmp((s)->data, text, sizeof(text) - 1) == 0)


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


static ngx_inline uint32_t
ngx_gw_pb_guess(const void *p)
{
    return (uint32_t) (((uintptr_t) p * 0x9e3779b97f4a7c15ull) >> 32)
           & (NGX_GW_PB_GUESSES - 1);
}


static ngx_inline ngx_uint_t
ngx_gw_pb_is_null(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    return *p == 'n' && parser->end - p >= 4 && ngx_memcmp(p, "null", 4) == 0;
}


/* null is a value of it, and not "no value" */

static ngx_inline ngx_uint_t
ngx_gw_pb_takes_null(const ngx_gw_pb_field_t *field)
{
    if (field->type == NGX_GW_PB_ENUM) {
        return field->enumeration->null_value;
    }

    return field->type == NGX_GW_PB_MESSAGE
           && field->message->kind == NGX_GW_PB_VALUE;
}


/* in a mask of fields they stand for all of what is in them */

static ngx_inline ngx_uint_t
ngx_gw_pb_is_leaf(const ngx_gw_pb_field_t *field)
{
    return field->repeated
           || field->message == NULL
           || (field->message->kind != NGX_GW_PB_PLAIN
               && field->message->kind != NGX_GW_PB_HTTP_BODY);
}


ngx_gw_pb_parser_t *
ngx_gw_pb_parser_create(ngx_pool_t *pool, const ngx_gw_pb_parse_conf_t *conf,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const ngx_gw_pb_bound_t *bound)
{
    ngx_gw_pb_parser_t  *parser;

    parser = ngx_pcalloc(pool, sizeof(ngx_gw_pb_parser_t));
    if (parser == NULL) {
        return NULL;
    }

    parser->pool = pool;
    parser->conf = *conf;
    parser->message = message;
    parser->field = field;

    /* bind() adds to it */
    parser->bound = (ngx_gw_pb_bound_t *) bound;

    if (parser->conf.max_size > NGX_GW_PB_MAX_SIZE) {
        parser->conf.max_size = NGX_GW_PB_MAX_SIZE;
    }

    if (ngx_gw_pb_grow_frames(parser) != NGX_OK) {
        return NULL;
    }

    /* level 0 is all that is written */

    parser->levels[0].pos = 0;
    parser->levels[0].tail = 0;
    parser->levels[0].extra = 0;
    parser->nlevels = 1;

    return parser;
}


ngx_int_t
ngx_gw_pb_parser_run(ngx_gw_pb_parser_t *parser, u_char *text, size_t len,
    size_t budget)
{
    const u_char       *p, *end;
    ngx_gw_pb_frame_t  *frame;

    if (parser->rc == NGX_AGAIN) {
        parser->rc = NGX_OK;
    }

    if (parser->rc != NGX_OK) {
        return parser->rc;
    }

    /* of a field that does not exist, which was ignored */
    parser->error.len = 0;

    if (!parser->began && ngx_gw_pb_begin(parser, text, len) != NGX_OK) {
        return parser->rc;
    }

    p = parser->pos;
    end = parser->end;

    budget = ngx_max(budget, 1);
    parser->stop = (budget < (size_t) (end - p)) ? p + budget : end + 1;

    while (parser->depth) {

        if (p >= parser->stop) {
            parser->pos = p;
            return NGX_AGAIN;
        }

        p = ngx_gw_pb_spaces(p, end);

        if (p == end) {
            ngx_gw_pb_failed(parser, p, "unexpected end");
            return parser->rc;
        }

        frame = parser->frame;

        if (*p == frame->close) {
            p = ngx_gw_pb_close(parser, p + 1);

            if (p == NULL) {
                return parser->rc;
            }

            continue;
        }

        if (frame->first) {
            frame->first = 0;

        } else {

            if (*p != ',') {
                ngx_gw_pb_failed(parser, p, "expected a comma or \"%c\"",
                                 frame->close);
                return parser->rc;
            }

            p = ngx_gw_pb_spaces(p + 1, end);

            if (p == end) {
                ngx_gw_pb_failed(parser, p, "unexpected end");
                return parser->rc;
            }
        }

        parser->pos = p;

        p = ngx_gw_pb_step(parser, p);

        if (p == NULL) {
            return parser->rc;
        }
    }

    p = ngx_gw_pb_spaces(p, end);

    if (p != end) {
        ngx_gw_pb_failed(parser, p, "unexpected bytes behind the value");
        return parser->rc;
    }

    if (parser->last - parser->start + parser->extra > parser->conf.max_size) {
        return ngx_gw_pb_too_large(parser);
    }

    parser->pos = p;
    parser->done = 1;

    return NGX_OK;
}


/* the value itself, which may be all of the text */

static ngx_int_t
ngx_gw_pb_begin(ngx_gw_pb_parser_t *parser, u_char *text, size_t len)
{
    size_t                    used, size;
    const u_char             *p;
    ngx_gw_pb_bound_t        *bound, *node;
    const ngx_gw_pb_field_t  *field;

    parser->text = text;
    parser->end = text + len;
    parser->stop = parser->end + 1;

    p = ngx_gw_pb_spaces(text, parser->end);

    if (p == parser->end) {
        ngx_gw_pb_failed(parser, NULL, "empty body");
        return parser->rc;
    }

    parser->began = 1;

    if (len > NGX_GW_PB_MAX_SIZE) {
        return ngx_gw_pb_too_large(parser);
    }

    if (len >= 3 && ngx_memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        ngx_gw_pb_failed(parser, text, "a byte order mark is not allowed");
        return parser->rc;
    }

    /* the wire format mostly takes less than that */

    used = parser->last - parser->start;
    size = len / 4 * 3;

    if (used + size > parser->conf.max_size) {
        size = (used < parser->conf.max_size) ? parser->conf.max_size - used
                                              : 0;
    }

    if (ngx_gw_pb_room(parser, size) != NGX_OK) {
        return parser->rc;
    }

    field = parser->field;
    bound = parser->bound;

    if (field == NULL) {

        if (bound && (parser->message->kind != NGX_GW_PB_PLAIN
                      && parser->message->kind != NGX_GW_PB_HTTP_BODY))
        {
            ngx_gw_pb_failed(parser, NULL, "is given by the %s",
                             bound->path ? "path" : "query");
            return parser->rc;
        }

        p = ngx_gw_pb_message_value(parser, parser->message, p, 1);

        if (p && parser->depth) {
            parser->frame->bound = bound;
            parser->frame->mask = parser->conf.mask;
        }

    } else {

        for (node = bound; node && node->field != field; node = node->next) {
            /* void */
        }

        if (node && (node->children == NULL || ngx_gw_pb_is_leaf(field))) {
            ngx_gw_pb_failed(parser, NULL, "is given by the %s",
                             node->path ? "path" : "query");
            return parser->rc;
        }

        if (ngx_gw_pb_is_null(parser, p)
            && (field->repeated || !ngx_gw_pb_takes_null(field)))
        {
            parser->pos = p + 4;
            return NGX_OK;
        }

        for ( /* void */ ; bound && field->oneof; bound = bound->next) {
            if (bound->field->oneof == field->oneof && bound->field != field) {
                ngx_gw_pb_failed(parser, NULL,
                                 "another field of its oneof has a value");
                return parser->rc;
            }
        }

        p = ngx_gw_pb_field_value(parser, field, p, node);

        if (p && parser->depth && !ngx_gw_pb_is_leaf(field)) {
            parser->frame->mask = parser->conf.mask;
        }
    }

    parser->pos = p;

    return parser->rc;
}


static const u_char *
ngx_gw_pb_step(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_str_t           name;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    switch (frame->in) {

    case NGX_GW_PB_IN_MESSAGE:
        return ngx_gw_pb_member(parser, p);

    case NGX_GW_PB_IN_ARRAY:
        return ngx_gw_pb_item(parser, p);

    case NGX_GW_PB_IN_MAP:
        return ngx_gw_pb_entry(parser, p);

    case NGX_GW_PB_IN_STRUCT:
        return ngx_gw_pb_struct_entry(parser, p);

    case NGX_GW_PB_IN_LIST:
        frame->index++;

        if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
            return NULL;
        }

        *parser->last++ = 0x0a;
        ngx_gw_pb_open_level(parser);

        return ngx_gw_pb_value(parser, p, parser->nlevels - 1);

    case NGX_GW_PB_IN_ANY:
        p = ngx_gw_pb_parse_any(parser);

        if (p == NULL && parser->rc == NGX_AGAIN) {
            frame->first = 1;
        }

        return p;

    case NGX_GW_PB_IN_ANY_VALUE:
        return ngx_gw_pb_any_member(parser, p);

    case NGX_GW_PB_IN_OBJECT:
        p = ngx_gw_pb_name(parser, p, &name);
        return p ? ngx_gw_pb_skip_value(parser, p) : NULL;

    default: /* NGX_GW_PB_IN_SKIPPED */
        frame->index++;
        return ngx_gw_pb_skip_value(parser, p);
    }
}


/* what ends with the bracket in front of p */

static const u_char *
ngx_gw_pb_close(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    switch (frame->in) {

    case NGX_GW_PB_IN_MESSAGE:

        frame->name = NULL;

        if (ngx_gw_pb_close_message(parser, frame) != NGX_OK) {
            return NULL;
        }

        break;

    case NGX_GW_PB_IN_ARRAY:

        /* nothing was written between its brackets */

        if (frame->field->packed
            && parser->last == parser->start + 1
                               + parser->levels[parser->nlevels - 1].pos)
        {
            parser->last -= frame->field->ntag + 1;
            parser->nlevels--;
        }

        break;

    case NGX_GW_PB_IN_ANY_VALUE:

        if (!frame->valued) {
            frame->name = NULL;
            ngx_gw_pb_failed(parser, NULL, "\"value\" is missing");
            return NULL;
        }

        break;
    }

    if (ngx_gw_pb_close_levels(parser, frame->levels) != NGX_OK) {
        return NULL;
    }

    parser->frame--;
    parser->depth--;

    return p;
}


static ngx_int_t
ngx_gw_pb_close_message(ngx_gw_pb_parser_t *parser, ngx_gw_pb_frame_t *frame)
{
    uint64_t                    *seen;
    ngx_uint_t                   i;
    ngx_gw_pb_bound_t           *node;
    const ngx_gw_pb_field_t     *field;
    const ngx_gw_pb_message_t   *message;

    message = frame->message;

    if (message->has_required) {
        seen = frame->more && message->nfields + message->noneofs > 64
               ? frame->more : &frame->seen;

        for (i = 0; i < message->nfields; i++) {
            field = &message->fields[i];

            if (!field->required || (seen[i / 64] >> (i % 64) & 1)) {
                continue;
            }

            for (node = frame->bound;
                 node && node->field != field;
                 node = node->next)
            {
                /* void */
            }

            if (node == NULL) {
                ngx_gw_pb_failed(parser, NULL, "\"%V\" is required",
                                 &field->json_name);
                return NGX_DECLINED;
            }
        }
    }

    /* there is nothing to be named in it, but it is there */

    if (frame->mask && frame->first && parser->depth > 1) {
        parser->depth--;

        if (ngx_gw_pb_add_mask(parser) != NGX_OK) {
            return parser->rc;
        }

        parser->depth++;
    }

    if (frame->group) {

        if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
            return parser->rc;
        }

        parser->last = ngx_gw_pb_write_varint(parser->last,
                         (uint64_t) frame->group->number << 3
                         | NGX_GW_PB_EGROUP);
    }

    return NGX_OK;
}


/*
 * The frame of the bracket at p.  With it, levels are closed down to those
 * given.
 */

static ngx_gw_pb_frame_t *
ngx_gw_pb_push(ngx_gw_pb_parser_t *parser, const u_char *p, ngx_uint_t in,
    ngx_uint_t levels)
{
    ngx_gw_pb_frame_t  *frame;

    if (parser->depth == NGX_GW_PB_MAX_DEPTH) {
        ngx_gw_pb_failed(parser, p, "nested deeper than %d",
                         NGX_GW_PB_MAX_DEPTH);
        return NULL;
    }

    if (parser->depth + 1 == parser->nframes
        && ngx_gw_pb_grow_frames(parser) != NGX_OK)
    {
        return NULL;
    }

    parser->depth++;
    frame = ++parser->frame;

    frame->in = (uint8_t) in;
    frame->close = *p + 2;           /* '{' + 2 is '}', '[' + 2 is ']' */
    frame->first = 1;
    frame->any = 0;
    frame->typed = 0;
    frame->valued = 0;
    frame->mask = 0;
    frame->levels = (uint32_t) levels;
    frame->index = (uint32_t) -1;
    frame->field = NULL;
    frame->group = NULL;
    frame->bound = NULL;
    frame->name = NULL;

    if (frame->keys) {
        frame->keys->nkeys = 0;
        frame->keys->mask = 0;
    }

    return frame;
}


ngx_int_t
ngx_gw_pb_enter_message(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message)
{
    ngx_uint_t          n;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    frame->message = message;
    frame->index = 0;
    frame->guess = ngx_gw_pb_guess(message);
    frame->seen = 0;

    if (message->nfields + message->noneofs <= 64) {
        return NGX_OK;
    }

    n = (message->nfields + message->noneofs + 63) / 64;

    if (frame->nmore < n) {
        frame->more = ngx_palloc(parser->pool, n * sizeof(uint64_t));
        if (frame->more == NULL) {
            frame->nmore = 0;
            ngx_gw_pb_no_memory(parser);
            return NGX_ERROR;
        }

        frame->nmore = n;
    }

    ngx_memzero(frame->more, n * sizeof(uint64_t));

    return NGX_OK;
}


/* p is at the bracket */

static const u_char *
ngx_gw_pb_open_message(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *p, ngx_uint_t levels)
{
    if (*p != '{') {
        ngx_gw_pb_bad(parser, p, "is no object");
        return NULL;
    }

    if (ngx_gw_pb_push(parser, p, NGX_GW_PB_IN_MESSAGE, levels) == NULL
        || ngx_gw_pb_enter_message(parser, message) != NGX_OK)
    {
        return NULL;
    }

    return p + 1;
}


static const u_char *
ngx_gw_pb_open(ngx_gw_pb_parser_t *parser, const u_char *p, u_char bracket,
    ngx_uint_t in, ngx_uint_t levels)
{
    if (*p != bracket) {
        ngx_gw_pb_bad(parser, p, bracket == '{' ? "is no object"
                                                : "is no array");
        return NULL;
    }

    if (ngx_gw_pb_push(parser, p, in, levels) == NULL) {
        return NULL;
    }

    return p + 1;
}


/* a member of a message */

static const u_char *
ngx_gw_pb_member(ngx_gw_pb_parser_t *parser, const u_char *p)
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
        p = ngx_gw_pb_name(parser, p, &name);
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

    return ngx_gw_pb_field_value(parser, field, p, node);
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
        return ngx_gw_pb_skip_value(parser, p);
    }

    ngx_gw_pb_failed(parser, NULL, "%V has no such field",
                     &frame->message->name);

    return NULL;
}


/* the name of a member, unescaped, and its colon */

static const u_char *
ngx_gw_pb_name(ngx_gw_pb_parser_t *parser, const u_char *p, ngx_str_t *name)
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

    return ngx_gw_pb_colon(parser, last);
}


static const u_char *
ngx_gw_pb_colon(ngx_gw_pb_parser_t *parser, const u_char *p)
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

static const u_char *
ngx_gw_pb_field_value(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_gw_pb_bound_t *bound)
{
    ngx_uint_t          mask, levels;
    ngx_gw_pb_frame_t  *frame;

    levels = parser->nlevels;

    if (field->repeated) {

        if (field->map) {
            p = ngx_gw_pb_open(parser, p, '{', NGX_GW_PB_IN_MAP, levels);

        } else {
            p = ngx_gw_pb_open(parser, p, '[', NGX_GW_PB_IN_ARRAY, levels);
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

    return ngx_gw_pb_message_value(parser, field->message, p, levels);
}


/* what is in a message */

static const u_char *
ngx_gw_pb_message_value(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *p, ngx_uint_t levels)
{
    ngx_str_t  text;

    switch (message->kind) {

    case NGX_GW_PB_STRUCT:
        return ngx_gw_pb_open(parser, p, '{', NGX_GW_PB_IN_STRUCT, levels);

    case NGX_GW_PB_LIST_VALUE:
        return ngx_gw_pb_open(parser, p, '[', NGX_GW_PB_IN_LIST, levels);

    case NGX_GW_PB_VALUE:
        return ngx_gw_pb_value(parser, p, levels);

    case NGX_GW_PB_ANY:
        p = ngx_gw_pb_open(parser, p, '{', NGX_GW_PB_IN_ANY, levels);

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


/* a google.protobuf.Value: the numbers of its fields are 1 to 6 */

static const u_char *
ngx_gw_pb_value(ngx_gw_pb_parser_t *parser, const u_char *p,
    ngx_uint_t levels)
{
    ngx_uint_t  bracket;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    switch (*p) {

    case '{':
    case '[':
        bracket = (*p == '{');

        *parser->last++ = bracket ? 0x2a : 0x32;
        ngx_gw_pb_open_level(parser);

        return ngx_gw_pb_open(parser, p, *p,
                              bracket ? NGX_GW_PB_IN_STRUCT
                                      : NGX_GW_PB_IN_LIST, levels);

    case '"':
        p = ngx_gw_pb_parse_string(parser, (u_char *) "\x1a", 1, p, 1);
        break;

    case 't':

        if (parser->end - p < 4 || ngx_memcmp(p, "true", 4) != 0) {
            goto invalid;
        }

        *parser->last++ = 0x20;
        *parser->last++ = 1;
        p += 4;
        break;

    case 'f':

        if (parser->end - p < 5 || ngx_memcmp(p, "false", 5) != 0) {
            goto invalid;
        }

        *parser->last++ = 0x20;
        *parser->last++ = 0;
        p += 5;
        break;

    case 'n':

        if (!ngx_gw_pb_is_null(parser, p)) {
            goto invalid;
        }

        *parser->last++ = 0x08;
        *parser->last++ = 0;
        p += 4;
        break;

    default:
        p = ngx_gw_pb_parse_scalar(parser, &ngx_gw_pb_number_value, p,
                                   NGX_GW_PB_TAG|NGX_GW_PB_FORCE);
    }

    if (p == NULL || ngx_gw_pb_close_levels(parser, levels) != NGX_OK) {
        return NULL;
    }

    return p;

invalid:

    ngx_gw_pb_bad(parser, p, "is no value");

    return NULL;
}


/* items of a repeated field, more than one of scalars */

static const u_char *
ngx_gw_pb_item(ngx_gw_pb_parser_t *parser, const u_char *p)
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


static const u_char *
ngx_gw_pb_entry(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    uint32_t                  start, pos;
    ngx_int_t                 rc;
    ngx_uint_t                levels;
    const u_char             *name;
    ngx_gw_pb_frame_t        *frame;
    const ngx_gw_pb_field_t  *field, *key, *value;

    frame = parser->frame;
    field = frame->field;

    key = &field->message->fields[0];
    value = &field->message->fields[1];

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    start = (uint32_t) (parser->last - parser->start);
    levels = parser->nlevels;

    parser->last = ngx_gw_pb_put_tag(parser->last, field->tag, field->ntag);
    ngx_gw_pb_open_level(parser);

    pos = (uint32_t) (parser->last - parser->start);

    frame->name = NULL;

    if (*p != '"') {
        ngx_gw_pb_failed(parser, p, "expected a key");
        return NULL;
    }

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

    p = ngx_gw_pb_colon(parser, p);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_gw_pb_spaces(p, parser->end);

    if (p == parser->end) {
        ngx_gw_pb_failed(parser, p, "unexpected end");
        return NULL;
    }

    parser->dropped = 0;

    p = ngx_gw_pb_single(parser, value, p, NGX_GW_PB_TAG|NGX_GW_PB_FORCE,
                         levels);

    if (p && parser->dropped) {
        parser->last = parser->start + start;

        ngx_gw_pb_drop_key(frame);
    }

    return p;
}


static const u_char *
ngx_gw_pb_struct_entry(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    uint32_t            pos;
    ngx_int_t           rc;
    ngx_uint_t          levels;
    const u_char       *name;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    levels = parser->nlevels;

    *parser->last++ = 0x0a;
    ngx_gw_pb_open_level(parser);

    pos = (uint32_t) (parser->last - parser->start);

    frame->name = NULL;

    if (*p != '"') {
        ngx_gw_pb_failed(parser, p, "expected a key");
        return NULL;
    }

    name = p + 1;

    p = ngx_gw_pb_parse_string(parser, (u_char *) "\x0a", 1, p, 1);
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

    p = ngx_gw_pb_colon(parser, p);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_gw_pb_spaces(p, parser->end);

    if (p == parser->end) {
        ngx_gw_pb_failed(parser, p, "unexpected end");
        return NULL;
    }

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    *parser->last++ = 0x12;
    ngx_gw_pb_open_level(parser);

    return ngx_gw_pb_value(parser, p, levels);
}


/* "@type" or "value" of an Any whose type has a JSON form of its own */

static const u_char *
ngx_gw_pb_any_member(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_str_t           name;
    ngx_uint_t          escaped;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    p = ngx_gw_pb_name(parser, p, &name);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_gw_pb_spaces(p, parser->end);

    if (p == parser->end) {
        ngx_gw_pb_failed(parser, p, "unexpected end");
        return NULL;
    }

    if (ngx_gw_pb_is(&name, "@type")) {

        if (frame->typed) {
            ngx_gw_pb_failed(parser, NULL, "is there twice");
            return NULL;
        }

        frame->typed = 1;

        if (*p != '"') {
            ngx_gw_pb_bad(parser, p, "is no string");
            return NULL;
        }

        return ngx_gw_pb_scan_string(parser, p + 1, &escaped);
    }

    if (ngx_gw_pb_is(&name, "value")) {

        if (frame->valued) {
            ngx_gw_pb_failed(parser, NULL, "is there twice");
            return NULL;
        }

        frame->valued = 1;

        return ngx_gw_pb_message_value(parser, frame->message, p,
                                       parser->nlevels);
    }

    if (parser->conf.ignore_unknown) {
        return ngx_gw_pb_skip_value(parser, p);
    }

    ngx_gw_pb_failed(parser, NULL, "the Any has no such field");

    return NULL;
}


/* any valid value */

static const u_char *
ngx_gw_pb_skip_value(ngx_gw_pb_parser_t *parser, const u_char *p)
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
        return ngx_gw_pb_open(parser, p, '{', NGX_GW_PB_IN_OBJECT,
                              parser->nlevels);

    case '[':
        return ngx_gw_pb_open(parser, p, '[', NGX_GW_PB_IN_SKIPPED,
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


/* the path to the member at hand */

static ngx_int_t
ngx_gw_pb_add_mask(ngx_gw_pb_parser_t *parser)
{
    size_t                    len, size;
    u_char                   *p;
    ngx_uint_t                i;
    const ngx_gw_pb_field_t  *field;

    len = 0;

    for (i = 1; i <= parser->depth; i++) {
        field = parser->frames[i].field;

        if (field->extension) {

            /* a mask cannot name it */
            return NGX_OK;
        }

        len += field->name.len + 1;
    }

    len--;

    if (parser->mask_len + len > parser->conf.max_size) {
        return ngx_gw_pb_too_large(parser);
    }

    if (parser->mask_size - parser->mask_len < len + NGX_GW_PB_ROOM) {
        size = parser->mask_size * 2 + len + 2 * NGX_GW_PB_ROOM;

        p = ngx_palloc(parser->pool, size);
        if (p == NULL) {
            ngx_gw_pb_no_memory(parser);
            return NGX_ERROR;
        }

        if (parser->mask) {
            ngx_memcpy(p, parser->mask, parser->mask_len);
            ngx_pfree(parser->pool, parser->mask);
        }

        parser->mask = p;
        parser->mask_size = size;
    }

    p = parser->mask + parser->mask_len;

    *p++ = 0x0a;
    p = ngx_gw_pb_write_varint(p, len);

    for (i = 1; i <= parser->depth; i++) {

        if (i > 1) {
            *p++ = '.';
        }

        p = ngx_cpymem(p, parser->frames[i].field->name.data,
                       parser->frames[i].field->name.len);
    }

    parser->mask_len = p - parser->mask;

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_parser_mask(ngx_gw_pb_parser_t *parser, ngx_str_t *wire)
{
    wire->data = parser->mask;
    wire->len = parser->mask_len;

    return parser->rc == NGX_OK ? NGX_OK : NGX_ERROR;
}
