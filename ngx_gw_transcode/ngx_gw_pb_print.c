
/*
 * ngx_gw_pb_print: messages and their fields.  See the header for the
 * contract.
 *
 * At first fields are printed as they come.  Where it turns out that this
 * will not do, because a singular field comes a second time or a repeated one
 * goes on, printing begins again, and from there on (pr->careful) each message
 * is looked at before it is printed.  So nothing is printed more than twice.
 */


#include "ngx_gw_pb_print_internal.h"
#include "ngx_gw_pb_print_value.h"


static ngx_int_t ngx_gw_pb_print_loop(ngx_gw_pb_printer_t *pr, u_char **last);
static u_char *ngx_gw_pb_print_list(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, const u_char *p, const u_char *end,
    u_char *dst);
static u_char *ngx_gw_pb_print_next(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, u_char *dst);
static u_char *ngx_gw_pb_print_leave(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, u_char *dst);
static u_char *ngx_gw_pb_print_field_name(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, u_char *dst);
static u_char *ngx_gw_pb_print_gaps(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, ngx_uint_t last, u_char *dst);


/*
 * Notes that a field comes, the first time or, repeated, that its list begins.
 * What it has in common with the ones before is closed.  NULL with NGX_AGAIN:
 * it should not have come.
 */

static ngx_inline u_char *
ngx_gw_pb_print_order(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    const ngx_gw_pb_field_t *field, u_char *dst)
{
    if (fr->close) {
        dst = ngx_gw_pb_print_close(pr, dst, fr->close);
        if (dst == NULL) {
            return NULL;
        }

        fr->close = 0;
    }

    if (fr->gaps) {
        dst = ngx_gw_pb_print_gaps(pr, fr, field->index, dst);
        if (dst == NULL) {
            return NULL;
        }
    }

    if (ngx_gw_pb_print_first(fr, field) != NGX_OK) {
        pr->rc = NGX_AGAIN;
        return NULL;
    }

    return dst;
}


static ngx_inline u_char *
ngx_gw_pb_print_name(ngx_gw_pb_printer_t *pr, const ngx_gw_pb_field_t *field,
    u_char *dst)
{
    const ngx_str_t  *name;

    name = (const ngx_str_t *) ((const u_char *) field + pr->name);

    if (name->len > NGX_GW_PB_PRINT_TEXT) {
        return ngx_gw_pb_print_text(pr, name->data, name->len, dst);
    }

    dst = ngx_gw_pb_print_room(pr, dst, name->len + NGX_GW_PB_PRINT_ROOM);
    if (dst == NULL) {
        return NULL;
    }

    return ngx_gw_pb_print_copy(dst, name->data, name->len);
}


/* skips a value that was read, of strings and messages the length */

static ngx_inline const u_char *
ngx_gw_pb_print_behind(ngx_gw_pb_printer_t *pr, const u_char *p,
    const u_char *end, ngx_uint_t wire, uint64_t v, uint64_t tag)
{
    if (wire == NGX_GW_PB_LEN) {
        return p + v;
    }

    if (wire == NGX_GW_PB_SGROUP) {
        return ngx_gw_pb_print_skip(pr, pr->frame->message, NULL, p, end,
                                    (uint32_t) tag);
    }

    return p;
}


ngx_gw_pb_printer_t *
ngx_gw_pb_printer_create(ngx_pool_t *pool, const ngx_gw_pb_print_conf_t *conf)
{
    ngx_gw_pb_printer_t  *pr;

    pr = ngx_pcalloc(pool, sizeof(ngx_gw_pb_printer_t));
    if (pr == NULL) {
        return NULL;
    }

    /* the first one is none; more are made when a message is nested as deep */

    pr->nframes = 8;

    pr->frames = ngx_palloc(pool,
                            pr->nframes * sizeof(ngx_gw_pb_print_frame_t));
    if (pr->frames == NULL) {
        return NULL;
    }

    pr->pool = pool;
    pr->conf = *conf;
    pr->name = conf->proto_names ? offsetof(ngx_gw_pb_field_t, print_name)
                                 : offsetof(ngx_gw_pb_field_t, print_json);

    return pr;
}


ngx_int_t
ngx_gw_pb_print(ngx_gw_pb_printer_t *pr, const ngx_gw_pb_message_t *message,
    const ngx_gw_pb_field_t *field, const u_char *wire, size_t wire_len,
    ngx_chain_t **out, size_t *len)
{
    u_char  *dst;

    dst = ngx_gw_pb_print_open(pr, out, wire_len * 3);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    if (ngx_gw_pb_print_run(pr, message, field, wire, wire_len, &dst)
        != NGX_OK)
    {
        ngx_gw_pb_print_abort(pr);
        return pr->rc;
    }

    ngx_gw_pb_print_commit(pr, dst - 1, out, len);

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_print_bytes(ngx_gw_pb_printer_t *pr, const u_char *bytes, size_t n,
    ngx_chain_t **out, size_t *len)
{
    u_char  *dst;

    if (n == 0) {
        return NGX_OK;
    }

    dst = ngx_gw_pb_print_open(pr, out, n);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    dst = ngx_gw_pb_print_text(pr, bytes, n, dst);
    if (dst == NULL) {
        ngx_gw_pb_print_abort(pr);
        return NGX_ERROR;
    }

    ngx_gw_pb_print_commit(pr, dst, out, len);

    return NGX_OK;
}


const ngx_str_t *
ngx_gw_pb_printer_error(ngx_gw_pb_printer_t *pr)
{
    return &pr->error;
}


/* a message with a comma behind it; NGX_OK, NGX_ERROR or NGX_DECLINED */

ngx_int_t
ngx_gw_pb_print_run(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const u_char *wire, size_t len, u_char **dst)
{
    ngx_uint_t                level;
    ngx_gw_pb_print_mark_t    mark;
    ngx_gw_pb_print_part_t    part;
    ngx_gw_pb_print_frame_t  *fr;

    if (len > 0xffffffff) {
        (void) ngx_gw_pb_print_refuse(pr, message, NULL, "too long");
        return pr->rc;
    }

    pr->root = message;
    pr->wire = wire;
    pr->wire_end = wire + len;
    pr->limit = pr->conf.max_size;

    if (field && (field->oneof || field->map)) {

        /* another one of its oneof, or a key again, would not be seen */

        pr->careful = 1;
    }

    level = pr->level;

    ngx_gw_pb_print_mark(pr, *dst, &mark);

    for ( ;; ) {
        pr->frame = pr->frames;
        pr->nkeys = 0;
        pr->work = 0;
        pr->excess = 0;
        pr->rc = NGX_OK;

        ngx_memzero(&part, sizeof(ngx_gw_pb_print_part_t));

        part.pos = wire;
        part.end = wire + len;

        if (field == NULL) {
            *dst = ngx_gw_pb_print_submessage(pr, message, &part, 0, *dst);

        } else {
            fr = ngx_gw_pb_print_push(pr, message, part.pos, part.end, 0);

            if (fr == NULL) {
                return pr->rc;
            }

            fr->only = field;
            fr->bare = 1;
            fr->gaps = 0;
            fr->simple = 0;

            if (pr->careful
                && ngx_gw_pb_print_prepare(pr, fr, &part) != NGX_OK)
            {
                *dst = NULL;
            }
        }

        if (*dst && ngx_gw_pb_print_loop(pr, dst) == NGX_OK) {
            return NGX_OK;
        }

        pr->level = level;

        /* what is refused may be a part of something valid */

        if (pr->rc == NGX_ERROR || pr->careful) {
            return pr->rc;
        }

        pr->careful = 1;

        *dst = ngx_gw_pb_print_back(pr, &mark);
    }
}


/* prints what is in pr->frame, up to the end of the outermost one */

static ngx_int_t
ngx_gw_pb_print_loop(ngx_gw_pb_printer_t *pr, u_char **last)
{
    u_char                   *dst;
    uint64_t                  tag, v;
    ngx_uint_t                wire;
    const u_char             *p, *end, *at;
    ngx_gw_pb_print_part_t    part;
    ngx_gw_pb_print_frame_t  *fr;
    const ngx_gw_pb_field_t  *field;

    dst = *last;

    part.key = 0;
    part.last_key = 0;

    fr = pr->frame;

    while (fr > pr->frames) {

        p = fr->pos;
        end = fr->end;

        /* as long as it is the same message */

        for ( ;; ) {

            if (p == end) {
                dst = fr->sorted ? ngx_gw_pb_print_next(pr, fr, dst)
                                 : ngx_gw_pb_print_leave(pr, fr, dst);
                break;
            }

            at = p;

            p = ngx_gw_pb_print_varint(p, end, &tag);

            if (p == NULL || tag > 0xffffffff || tag < 8) {
                dst = ngx_gw_pb_print_refuse(pr, fr->message, NULL,
                                             "cut or malformed");
                break;
            }

            wire = NGX_GW_PB_PRINT_WIRE(tag);

            field = ngx_gw_pb_field_by_number(fr->message,
                                              NGX_GW_PB_PRINT_NUMBER(tag));

            if (field == NULL
                || (wire != field->wire
                    && (!field->packable || wire != NGX_GW_PB_LEN)))
            {
                /* unknown, or the end of a group */

                if (wire == NGX_GW_PB_EGROUP
                    && NGX_GW_PB_PRINT_NUMBER(tag) == fr->group)
                {
                    fr->group = 0;
                    fr[-1].pos = p;
                    end = p;
                    continue;
                }

                p = ngx_gw_pb_skip(p, end, (uint32_t) tag);

                if (p == NULL) {
                    dst = ngx_gw_pb_print_refuse(pr, fr->message, field,
                                                 "cut or malformed");
                    break;
                }

                continue;
            }

            p = ngx_gw_pb_print_value(p, end, wire, &v);

            if (p == NULL) {
                dst = ngx_gw_pb_print_refuse(pr, fr->message, field,
                                             "cut or malformed");
                break;
            }

            if (fr->only && field != fr->only) {
                p = ngx_gw_pb_print_behind(pr, p, end, wire, v, tag);

                if (p == NULL) {
                    dst = NULL;
                    break;
                }

                continue;
            }

            if (field->map) {
                fr->pos = p + v;
                dst = ngx_gw_pb_print_map(pr, fr, field, at, p, v, dst);
                break;
            }

            if ((wire != field->wire
                 || (field->enumeration && field->enumeration->closed))
                && !ngx_gw_pb_print_counts(field, wire, p, v))
            {
                p += (wire == NGX_GW_PB_LEN) ? v : 0;
                continue;
            }

            if (field == fr->field && field->repeated) {
                dst = ngx_gw_pb_print_line(pr, dst);

            } else if ((uint32_t) v == 0
                       && !field->presence
                       && !field->repeated
                       && !fr->gaps
                       && (v == 0 || field->type == NGX_GW_PB_INT32
                           || field->type == NGX_GW_PB_UINT32
                           || field->type == NGX_GW_PB_SINT32
                           || field->type == NGX_GW_PB_ENUM))
            {
                /* as if it were not set */

                dst = ngx_gw_pb_print_order(pr, fr, field, dst);

                if (dst == NULL) {
                    break;
                }

                continue;

            } else if (fr->simple
                       && fr->close == 0
                       && (fr->seen & 1ull << field->index) == 0
                       && !field->repeated
                       && !field->oneof)
            {
                /* as most do, it begins with nothing but its name */

                fr->seen |= 1ull << field->index;
                fr->field = field;

                dst = ngx_gw_pb_print_name(pr, field, dst);

            } else {
                dst = ngx_gw_pb_print_begin(pr, fr, field, dst);
            }

            if (dst == NULL) {
                break;
            }

            switch (field->type) {

            case NGX_GW_PB_STRING:
                dst = ngx_gw_pb_print_string(pr, p, v, pr->wire_end, dst);
                p += v;

                if (dst) {
                    *dst++ = ',';
                    continue;
                }

                dst = ngx_gw_pb_print_refuse(pr, fr->message, field,
                                             "invalid UTF-8");
                break;

            case NGX_GW_PB_BYTES:
                dst = ngx_gw_pb_print_base64(pr, p, v, dst);
                p += v;

                if (dst) {
                    *dst++ = ',';
                    continue;
                }

                break;

            case NGX_GW_PB_MESSAGE:
            case NGX_GW_PB_GROUP:

                part.pos = p;

                if (wire == NGX_GW_PB_LEN) {
                    fr->pos = p + v;
                    part.end = p + v;
                    part.group = 0;

                } else {
                    fr->pos = end;
                    part.end = end;
                    part.group = field->number;
                }

                dst = ngx_gw_pb_print_submessage(pr, field->message, &part,
                                                 fr->depth + 1, dst);
                break;

            default:

                if (wire == field->wire) {
                    dst = ngx_gw_pb_print_scalar(pr, field, v, dst);

                } else {
                    dst = ngx_gw_pb_print_list(pr, field, p, p + v, dst);
                    p += v;
                }

                if (dst) {
                    continue;
                }
            }

            break;
        }

        if (dst == NULL) {
            return pr->rc;
        }

        fr = pr->frame;
    }

    *last = dst;

    return NGX_OK;
}


/* the values of a packed field, which are not none */

static u_char *
ngx_gw_pb_print_list(ngx_gw_pb_printer_t *pr, const ngx_gw_pb_field_t *field,
    const u_char *p, const u_char *end, u_char *dst)
{
    uint64_t    v;
    ngx_uint_t  closed, first;

    closed = field->enumeration && field->enumeration->closed;
    first = 1;

    while (p < end) {
        p = ngx_gw_pb_print_value(p, end, field->wire, &v);

        if (p == NULL) {
            return ngx_gw_pb_print_refuse(pr, pr->frame->message, field,
                                          "cut or malformed");
        }

        if (closed && !ngx_gw_pb_print_counts(field, field->wire, p, v)) {
            continue;
        }

        if (!first) {
            dst = ngx_gw_pb_print_line(pr, dst);
            if (dst == NULL) {
                return NULL;
            }
        }

        first = 0;

        dst = ngx_gw_pb_print_scalar(pr, field, v, dst);
        if (dst == NULL) {
            return NULL;
        }
    }

    return dst;
}


ngx_uint_t
ngx_gw_pb_print_counts(const ngx_gw_pb_field_t *field, ngx_uint_t wire,
    const u_char *p, uint64_t v)
{
    const u_char            *end;
    const ngx_gw_pb_enum_t  *e;

    e = (field->enumeration && field->enumeration->closed)
        ? field->enumeration : NULL;

    if (wire == field->wire) {
        return e == NULL || ngx_gw_pb_find_number(e, (int32_t) v);
    }

    if (e == NULL) {
        return v != 0;
    }

    for (end = p + v; p < end; /* void */) {
        p = ngx_gw_pb_print_varint(p, end, &v);

        /* what is cut will be found when it is printed */

        if (p == NULL || ngx_gw_pb_find_number(e, (int32_t) v)) {
            return 1;
        }
    }

    return 0;
}


/* prints the name, and the bracket of a list or a map, of a field */

u_char *
ngx_gw_pb_print_begin(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    const ngx_gw_pb_field_t *field, u_char *dst)
{
    dst = ngx_gw_pb_print_order(pr, fr, field, dst);
    if (dst == NULL) {
        return NULL;
    }

    fr->printed = 1;

    if (fr->bare) {
        dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);

    } else {
        dst = ngx_gw_pb_print_field_name(pr, field, dst);
    }

    if (dst == NULL || !field->repeated) {
        return dst;
    }

    *dst++ = field->map ? '{' : '[';
    fr->close = field->map ? '}' : ']';
    pr->level++;

    return ngx_gw_pb_print_line(pr, dst);
}


/* a new line, and the name */

static u_char *
ngx_gw_pb_print_field_name(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, u_char *dst)
{
    if (!pr->conf.indent) {
        return ngx_gw_pb_print_name(pr, field, dst);
    }

    dst = ngx_gw_pb_print_indent(pr, dst);

    if (dst) {
        dst = ngx_gw_pb_print_name(pr, field, dst);
    }

    if (dst) {
        *dst++ = ' ';
    }

    return dst;
}


u_char *
ngx_gw_pb_print_submessage(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_part_t *part,
    ngx_uint_t depth, u_char *dst)
{
    ngx_gw_pb_print_frame_t  *fr;

    switch (message->kind) {

    case NGX_GW_PB_ANY:
    case NGX_GW_PB_TIMESTAMP:
    case NGX_GW_PB_DURATION:
    case NGX_GW_PB_FIELD_MASK:
        return ngx_gw_pb_print_known(pr, message, part, depth, dst);

    default:
        break;
    }

    fr = ngx_gw_pb_print_push(pr, message, part->pos, part->end, depth);

    if (fr == NULL) {
        return NULL;
    }

    fr->group = part->group;

    if (!fr->bare) {
        *dst++ = '{';
        pr->level++;
    }

    if (pr->careful && ngx_gw_pb_print_prepare(pr, fr, part) != NGX_OK) {
        return NULL;
    }

    return dst;
}


ngx_gw_pb_print_frame_t *
ngx_gw_pb_print_push(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char *pos, const u_char *end,
    ngx_uint_t depth)
{
    ngx_uint_t                n;
    ngx_gw_pb_print_frame_t  *fr;

    if (depth > NGX_GW_PB_MAX_DEPTH) {
        (void) ngx_gw_pb_print_refuse(pr, message, NULL, "nested too deep");
        return NULL;
    }

    n = pr->frame + 1 - pr->frames;

    if (n == pr->nframes) {
        fr = ngx_gw_pb_print_grow(pr, pr->frames,
                                  sizeof(ngx_gw_pb_print_frame_t), n,
                                  NGX_GW_PB_MAX_DEPTH + 3);
        if (fr == NULL) {
            return NULL;
        }

        pr->frames = fr;
        pr->nframes = NGX_GW_PB_MAX_DEPTH + 3;
    }

    fr = pr->frames + n;

    ngx_memzero(fr, sizeof(ngx_gw_pb_print_frame_t));

    fr->message = message;
    fr->pos = pos;
    fr->end = end;
    fr->depth = depth;

    switch (message->kind) {

    case NGX_GW_PB_STRUCT:
    case NGX_GW_PB_VALUE:
    case NGX_GW_PB_LIST_VALUE:
    case NGX_GW_PB_WRAPPER:
        fr->bare = 1;
        break;

    case NGX_GW_PB_ANY:
        break;

    default:
        fr->gaps = pr->conf.unpopulated;
    }

    fr->ascending = (fr->gaps || message->nfields > 64);
    fr->simple = (!fr->bare && !fr->ascending && !pr->conf.indent);

    pr->frame = fr;

    return fr;
}


/* a sorted message: goes on with the next one of its fields */

static u_char *
ngx_gw_pb_print_next(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    u_char *dst)
{
    uint64_t                  key, tag;
    const u_char             *p;
    ngx_gw_pb_print_part_t    part;
    const ngx_gw_pb_field_t  *field;

    if (fr->key == fr->last_key) {
        return ngx_gw_pb_print_leave(pr, fr, dst);
    }

    key = pr->keys[fr->key++];
    field = &fr->message->fields[key >> 32];

    fr->pos = pr->wire + (uint32_t) key;

    if (field->repeated
        || fr->key == fr->last_key
        || pr->keys[fr->key] >> 32 != key >> 32)
    {
        p = ngx_gw_pb_print_varint(fr->pos, pr->wire_end, &tag);

        fr->end = ngx_gw_pb_print_skip(pr, fr->message, field, p,
                                       pr->wire_end, (uint32_t) tag);

        return fr->end ? dst : NULL;
    }

    /* a message in several pieces */

    part.key = fr->key - 1;

    while (fr->key < fr->last_key && pr->keys[fr->key] >> 32 == key >> 32) {
        fr->key++;
    }

    part.last_key = fr->key;

    fr->end = fr->pos;

    if (fr->only && field != fr->only) {
        return dst;
    }

    dst = ngx_gw_pb_print_begin(pr, fr, field, dst);
    if (dst == NULL) {
        return NULL;
    }

    (void) ngx_gw_pb_print_next_part(pr, &part);

    return ngx_gw_pb_print_submessage(pr, field->message, &part,
                                      fr->depth + 1, dst);
}


/* the end of a message */

static u_char *
ngx_gw_pb_print_leave(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    u_char *dst)
{
    if (fr->group) {
        return ngx_gw_pb_print_refuse(pr, fr->message, NULL,
                                      "cut or malformed");
    }

    if (fr->close) {
        dst = ngx_gw_pb_print_close(pr, dst, fr->close);
        if (dst == NULL) {
            return NULL;
        }
    }

    if (fr->gaps) {
        dst = ngx_gw_pb_print_gaps(pr, fr, fr->message->nfields, dst);
        if (dst == NULL) {
            return NULL;
        }
    }

    if (fr->sorted) {
        pr->nkeys = fr->first_key;
    }

    pr->frame = fr - 1;

    if (!fr->bare) {
        return ngx_gw_pb_print_close(pr, dst, '}');
    }

    if (fr->printed) {
        return dst;
    }

    /* what is not set */

    if (fr->only) {
        return ngx_gw_pb_print_default(pr, fr->only, dst);
    }

    switch (fr->message->kind) {

    case NGX_GW_PB_STRUCT:
        return ngx_gw_pb_print_text(pr, (u_char *) "{},", 3, dst);

    case NGX_GW_PB_LIST_VALUE:
        return ngx_gw_pb_print_text(pr, (u_char *) "[],", 3, dst);

    case NGX_GW_PB_WRAPPER:
        return ngx_gw_pb_print_default(pr, &fr->message->fields[0], dst);

    default: /* NGX_GW_PB_VALUE */
        return ngx_gw_pb_print_text(pr, (u_char *) "null,", 5, dst);
    }
}


/* fields up to the one with index last that are not set */

static u_char *
ngx_gw_pb_print_gaps(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    ngx_uint_t last, u_char *dst)
{
    ngx_uint_t                i;
    const ngx_gw_pb_field_t  *field;

    for (i = fr->next; i < last; i++) {
        field = &fr->message->fields[i];

        if (field->presence || field->oneof || field->extension) {
            continue;
        }

        dst = ngx_gw_pb_print_field_name(pr, field, dst);
        if (dst == NULL) {
            return NULL;
        }

        dst = ngx_gw_pb_print_default(pr, field, dst);
        if (dst == NULL) {
            return NULL;
        }
    }

    return dst;
}


u_char *
ngx_gw_pb_print_default(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, u_char *dst)
{
    const ngx_str_t  *text;

    text = (pr->conf.enum_numbers && field->default_number.len)
           ? &field->default_number : &field->default_json;

    dst = ngx_gw_pb_print_text(pr, text->data, text->len, dst);

    if (dst) {
        *dst++ = ',';
    }

    return dst;
}


u_char *
ngx_gw_pb_print_refuse(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const char *text)
{
    u_char  *last;

    if (pr->rc == NGX_ERROR
        || pr->excess
        || ngx_gw_pb_print_error_text(pr) == NULL)
    {
        return NULL;
    }

    last = pr->error.data + NGX_GW_PB_PRINT_ERROR;

    if (field) {
        last = ngx_slprintf(pr->error.data, last, "%V.%V: %s", &message->name,
                            &field->name, text);
    } else {
        last = ngx_slprintf(pr->error.data, last, "%V: %s", &message->name,
                            text);
    }

    pr->error.len = last - pr->error.data;
    pr->rc = NGX_DECLINED;

    return NULL;
}


/* memory for the error's text */

u_char *
ngx_gw_pb_print_error_text(ngx_gw_pb_printer_t *pr)
{
    if (pr->error.data == NULL) {
        pr->error.data = ngx_pnalloc(pr->pool, NGX_GW_PB_PRINT_ERROR);

        if (pr->error.data == NULL) {
            pr->rc = NGX_ERROR;
        }
    }

    return pr->error.data;
}
