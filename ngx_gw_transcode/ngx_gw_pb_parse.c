
/*
 * ngx_gw_pb_parse: see the header for the contract.
 *
 * One turn of the loop in run() is a member or an item, or what closes an open
 * bracket.  Open brackets are frames; a value that is an object or array opens
 * one, any other is written at once.  Between turns there is no state but that
 * of the parser, so that it can stop there.
 */


#include "ngx_gw_pb_parse_internal.h"


static ngx_int_t ngx_gw_pb_begin(ngx_gw_pb_parser_t *parser, u_char *text,
    size_t len);
static const u_char *ngx_gw_pb_begin_field(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_step(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_close(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static ngx_int_t ngx_gw_pb_close_message(ngx_gw_pb_parser_t *parser,
    ngx_gw_pb_frame_t *frame);
static ngx_gw_pb_frame_t *ngx_gw_pb_push(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_uint_t in, ngx_uint_t levels);


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
    size_t              used, size;
    const u_char       *p;
    ngx_gw_pb_bound_t  *bound;

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

    if (parser->field) {
        p = ngx_gw_pb_begin_field(parser, p);

    } else {
        bound = parser->bound;

        if (bound && ngx_gw_pb_has_form(parser->message)) {
            ngx_gw_pb_failed(parser, NULL, "is given by the %s",
                             bound->path ? "path" : "query");
            return parser->rc;
        }

        p = ngx_gw_pb_parse_message(parser, parser->message, p, 1);

        if (p && parser->depth) {
            parser->frame->bound = bound;
            parser->frame->mask = parser->conf.mask;
        }
    }

    parser->pos = p;

    return parser->rc;
}


/* the text is of one field of the message */

static const u_char *
ngx_gw_pb_begin_field(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_gw_pb_bound_t        *bound, *node;
    const ngx_gw_pb_field_t  *field;

    field = parser->field;
    node = NULL;

    for (bound = parser->bound; bound; bound = bound->next) {

        if (bound->field == field) {
            node = bound;

        } else if (field->oneof && bound->field->oneof == field->oneof) {
            ngx_gw_pb_failed(parser, NULL,
                             "another field of its oneof has a value");
            return NULL;
        }
    }

    if (node && (node->children == NULL || ngx_gw_pb_is_leaf(field))) {
        ngx_gw_pb_failed(parser, NULL, "is given by the %s",
                         node->path ? "path" : "query");
        return NULL;
    }

    if (ngx_gw_pb_is_null(parser, p)
        && (field->repeated || !ngx_gw_pb_takes_null(field)))
    {
        if (field->required && node == NULL) {
            ngx_gw_pb_failed(parser, NULL, "is required");
            return NULL;
        }

        return p + 4;
    }

    p = ngx_gw_pb_parse_field(parser, field, p, node);

    if (p && parser->depth && !ngx_gw_pb_is_leaf(field)) {
        parser->frame->mask = parser->conf.mask;
    }

    return p;
}


static const u_char *
ngx_gw_pb_step(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_str_t           name;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    switch (frame->in) {

    case NGX_GW_PB_IN_MESSAGE:
        return ngx_gw_pb_parse_member(parser, p);

    case NGX_GW_PB_IN_ARRAY:
        return ngx_gw_pb_parse_item(parser, p);

    case NGX_GW_PB_IN_MAP:
        return ngx_gw_pb_parse_entry(parser, p);

    case NGX_GW_PB_IN_STRUCT:
        return ngx_gw_pb_parse_struct_entry(parser, p);

    case NGX_GW_PB_IN_LIST:
        return ngx_gw_pb_parse_list_item(parser, p);

    case NGX_GW_PB_IN_ANY:
        p = ngx_gw_pb_parse_any(parser);

        if (p == NULL && parser->rc == NGX_AGAIN) {
            frame->first = 1;
        }

        return p;

    case NGX_GW_PB_IN_ANY_VALUE:
        return ngx_gw_pb_parse_any_member(parser, p);

    case NGX_GW_PB_IN_OBJECT:
        p = ngx_gw_pb_parse_name(parser, p, &name);
        return p ? ngx_gw_pb_parse_skip(parser, p) : NULL;

    default: /* NGX_GW_PB_IN_SKIPPED */
        frame->index++;
        return ngx_gw_pb_parse_skip(parser, p);
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

const u_char *
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


const u_char *
ngx_gw_pb_open_bracket(ngx_gw_pb_parser_t *parser, const u_char *p,
    ngx_uint_t in, ngx_uint_t levels)
{
    u_char  bracket;

    bracket = (in == NGX_GW_PB_IN_ARRAY || in == NGX_GW_PB_IN_LIST
               || in == NGX_GW_PB_IN_SKIPPED) ? '[' : '{';

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


/* the path to the member at hand */

ngx_int_t
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
