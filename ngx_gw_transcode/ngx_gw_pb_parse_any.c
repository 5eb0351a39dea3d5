
/*
 * ngx_gw_pb_parse, Any: its "@type" may come anywhere, so it is looked for
 * first.  On the way those of objects inside are noted, so that no byte is
 * looked at more than once, however deep they are nested.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json_internal.h"


static ngx_int_t ngx_gw_pb_look_ahead(ngx_gw_pb_parser_t *parser);
static const u_char *ngx_gw_pb_ahead_string(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static ngx_int_t ngx_gw_pb_ahead_open(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static const u_char *ngx_gw_pb_ahead_close(ngx_gw_pb_parser_t *parser,
    const u_char *p);
static ngx_gw_pb_type_t *ngx_gw_pb_ahead_find(ngx_gw_pb_ahead_t *ahead,
    uint32_t start);
static const u_char *ngx_gw_pb_any_type(ngx_gw_pb_parser_t *parser,
    const u_char *p, const u_char *type);


static ngx_str_t  ngx_gw_pb_at_type = ngx_string("@type");


const u_char *
ngx_gw_pb_parse_any(ngx_gw_pb_parser_t *parser)
{
    uint32_t            start;
    const u_char       *p, *q;
    ngx_gw_pb_type_t   *type;
    ngx_gw_pb_ahead_t  *ahead;

    start = parser->frame->index;
    p = parser->text + start + 1;

    /* mostly it comes first */

    q = ngx_gw_pb_spaces(p, parser->end);

    if (parser->end - q > 8 && ngx_memcmp(q, "\"@type\"", 7) == 0) {
        q = ngx_gw_pb_spaces(q + 7, parser->end);

        if (q < parser->end && *q == ':') {
            q = ngx_gw_pb_spaces(q + 1, parser->end);

            if (q < parser->end && *q == '"') {
                return ngx_gw_pb_any_type(parser, p, q);
            }
        }
    }

    ahead = parser->ahead;

    if (ahead == NULL) {
        ahead = ngx_pcalloc(parser->pool, sizeof(ngx_gw_pb_ahead_t));
        if (ahead == NULL) {
            ngx_gw_pb_no_memory(parser);
            return NULL;
        }

        parser->ahead = ahead;
    }

    if (ahead->depth == 0
        && (ahead->from == NULL || p > ahead->pos || p <= ahead->from))
    {
        ahead->ntypes = 0;
        ahead->from = p - 1;
        ahead->pos = p;

        if (ngx_gw_pb_ahead_open(parser, p - 1) != NGX_OK) {
            return NULL;
        }
    }

    if (ahead->depth) {
        if (ngx_gw_pb_look_ahead(parser) != NGX_OK) {
            return NULL;
        }
    }

    type = ngx_gw_pb_ahead_find(ahead, start);

    if (type == NULL || type->type == 0) {
        ngx_gw_pb_failed(parser, NULL, "\"@type\" is missing");
        return NULL;
    }

    return ngx_gw_pb_any_type(parser, p, parser->text + type->type);
}


/*
 * Goes on until the "@type" of the outermost object is found, or its end.
 * NGX_OK or parser->rc, which is NGX_AGAIN if the budget is spent first.
 */

static ngx_int_t
ngx_gw_pb_look_ahead(ngx_gw_pb_parser_t *parser)
{
    ptrdiff_t           budget;
    const u_char       *p, *end, *stop;
    ngx_gw_pb_ahead_t  *ahead;

    ahead = parser->ahead;
    end = parser->end;
    p = ahead->pos;

    budget = parser->stop - parser->pos;
    stop = (budget < end - p) ? p + ngx_max(budget, 1) : end + 1;

    while (ahead->depth) {

        if (p >= stop) {
            ahead->pos = p;
            parser->rc = NGX_AGAIN;
            return NGX_AGAIN;
        }

        if (p == end) {
            ngx_gw_pb_failed(parser, p, "unexpected end");
            return parser->rc;
        }

        switch (*p) {

        case '"':
            p = ngx_gw_pb_ahead_string(parser, p);
            if (p == NULL) {
                return parser->rc;
            }

            break;

        case '{':
        case '[':

            if (ngx_gw_pb_ahead_open(parser, p++) != NGX_OK) {
                return parser->rc;
            }

            break;

        case '}':
        case ']':
            p = ngx_gw_pb_ahead_close(parser, p);
            if (p == NULL) {
                return parser->rc;
            }

            break;

        default:
            p++;
        }
    }

    ahead->pos = p;

    return NGX_OK;
}


/* a string, which may be the name "@type" of a member */

static const u_char *
ngx_gw_pb_ahead_string(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    uint32_t            top;
    ngx_uint_t          escaped;
    const u_char       *last, *end;
    ngx_gw_pb_type_t   *type;
    ngx_gw_pb_ahead_t  *ahead;

    end = parser->end;
    ahead = parser->ahead;

    last = ngx_gw_pb_scan_string(parser, p + 1, &escaped);
    if (last == NULL) {
        return NULL;
    }

    top = ahead->stack[ahead->depth - 1];

    if (top == 0
        || !ngx_gw_json_same(p + 1, last - p - 2, escaped, &ngx_gw_pb_at_type))
    {
        return last;
    }

    p = ngx_gw_pb_spaces(last, end);

    if (p == end || *p != ':') {
        return last;
    }

    p = ngx_gw_pb_spaces(p + 1, end);

    if (p == end || *p != '"') {
        return p;
    }

    type = &ahead->types[top - 1];

    if (type->type == 0) {
        type->type = (uint32_t) (p - parser->text);
    }

    if (ahead->depth == 1) {
        ahead->depth = 0;
        return p;
    }

    return ngx_gw_pb_scan_string(parser, p + 1, &escaped);
}


static ngx_int_t
ngx_gw_pb_ahead_open(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_gw_pb_type_t   *types;
    ngx_gw_pb_ahead_t  *ahead;

    ahead = parser->ahead;

    if (ahead->depth == NGX_GW_PB_MAX_DEPTH) {
        ngx_gw_pb_failed(parser, p, "nested deeper than %d",
                         NGX_GW_PB_MAX_DEPTH);
        return NGX_DECLINED;
    }

    if (*p == '[') {
        ahead->stack[ahead->depth++] = 0;
        return NGX_OK;
    }

    if (ahead->ntypes == ahead->nalloc) {
        types = ngx_gw_pb_double_array(parser, ahead->types, ahead->nalloc,
                                       16, sizeof(ngx_gw_pb_type_t));
        if (types == NULL) {
            return NGX_ERROR;
        }

        ahead->types = types;
        ahead->nalloc = ahead->nalloc ? ahead->nalloc * 2 : 16;
    }

    types = &ahead->types[ahead->ntypes++];

    types->start = (uint32_t) (p - parser->text);
    types->type = 0;

    ahead->stack[ahead->depth++] = ahead->ntypes;

    return NGX_OK;
}


static const u_char *
ngx_gw_pb_ahead_close(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    uint32_t            top;
    ngx_gw_pb_ahead_t  *ahead;

    ahead = parser->ahead;

    top = ahead->stack[--ahead->depth];

    if ((*p == '}') != (top != 0)) {
        ngx_gw_pb_failed(parser, p, "unexpected bracket");
        return NULL;
    }

    /* of no use, unless there is one inside */

    if (top && top == ahead->ntypes && ahead->types[top - 1].type == 0) {
        ahead->ntypes--;
    }

    return p + 1;
}


static ngx_gw_pb_type_t *
ngx_gw_pb_ahead_find(ngx_gw_pb_ahead_t *ahead, uint32_t start)
{
    uint32_t  low, high, mid;

    low = 0;
    high = ahead->ntypes;

    while (low < high) {
        mid = low + (high - low) / 2;

        if (ahead->types[mid].start < start) {
            low = mid + 1;

        } else {
            high = mid;
        }
    }

    if (low < ahead->ntypes && ahead->types[low].start == start) {
        return &ahead->types[low];
    }

    return NULL;
}


/* the frame becomes that of a message, or of what is in "value" */

static const u_char *
ngx_gw_pb_any_type(ngx_gw_pb_parser_t *parser, const u_char *p,
    const u_char *type)
{
    u_char               *name, *last;
    ngx_str_t             url;
    ngx_gw_pb_frame_t    *frame;
    ngx_gw_pb_message_t  *message;

    if (ngx_gw_pb_parse_text(parser, type, &url) == NULL
        || ngx_gw_pb_room(parser, 2 * NGX_GW_PB_ROOM + url.len) != NGX_OK)
    {
        return NULL;
    }

    last = url.data + url.len;

    for (name = last; name > url.data && name[-1] != '/'; name--) {
        /* void */
    }

    message = NULL;

    if (name > url.data && parser->conf.schema) {
        message = ngx_gw_pb_find_message(parser->conf.schema, name,
                                         last - name);
    }

    if (message == NULL) {
        ngx_gw_pb_bad_text(parser, url.data, url.len,
                           "is no type of the schema");
        return NULL;
    }

    frame = parser->frame;

    *parser->last++ = 0x0a;
    parser->last = ngx_gw_pb_write_varint(parser->last, url.len);
    parser->last = ngx_cpymem(parser->last, url.data, url.len);

    *parser->last++ = 0x12;
    ngx_gw_pb_open_level(parser);

    frame->first = 1;
    frame->index = 0;

    if (message->kind == NGX_GW_PB_PLAIN
        || message->kind == NGX_GW_PB_HTTP_BODY)
    {
        frame->in = NGX_GW_PB_IN_MESSAGE;
        frame->any = 1;

        return ngx_gw_pb_enter_message(parser, message) == NGX_OK ? p : NULL;
    }

    frame->in = NGX_GW_PB_IN_ANY_VALUE;
    frame->message = message;

    return p;
}


/* "@type" or "value" of an Any whose type has a JSON form of its own */

const u_char *
ngx_gw_pb_parse_any_member(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    ngx_str_t           name;
    ngx_uint_t          escaped;
    ngx_gw_pb_frame_t  *frame;

    frame = parser->frame;

    p = ngx_gw_pb_parse_name(parser, p, &name);
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

        return ngx_gw_pb_parse_message(parser, frame->message, p,
                                       parser->nlevels);
    }

    if (parser->conf.ignore_unknown) {
        return ngx_gw_pb_parse_skip(parser, p);
    }

    ngx_gw_pb_failed(parser, NULL, "the Any has no such field");

    return NULL;
}
