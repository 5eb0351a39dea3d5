
/*
 * ngx_gw_pb_print, maps: entries, which are messages of a key and a value.
 */


#include "ngx_gw_pb_print_internal.h"
#include "ngx_gw_pb_print_value.h"


static u_char *ngx_gw_pb_print_map_key(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, ngx_gw_pb_print_entry_t *e, u_char *dst);
static u_char *ngx_gw_pb_print_map_message(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, ngx_gw_pb_print_entry_t *e,
    const u_char *p, const u_char *end, ngx_uint_t depth, u_char *dst);


u_char *
ngx_gw_pb_print_map(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    const ngx_gw_pb_field_t *field, const u_char *at, const u_char *p,
    size_t len, u_char *dst)
{
    ngx_int_t                 rc;
    const ngx_gw_pb_field_t  *value;
    ngx_gw_pb_print_entry_t   e;

    rc = ngx_gw_pb_print_entry(pr, field, p, p + len, &e);

    if (rc == NGX_DONE) {
        return dst;
    }

    if (rc != NGX_OK) {
        return NULL;
    }

    value = &field->message->fields[1];

    if (field == fr->field) {
        dst = ngx_gw_pb_print_line(pr, dst);

    } else {

        if (!pr->careful && !fr->sorted) {
            pr->rc = ngx_gw_pb_print_unique(pr, fr->message, field, at,
                                            fr->end, fr->group);
            if (pr->rc != NGX_OK) {
                return NULL;
            }
        }

        dst = ngx_gw_pb_print_begin(pr, fr, field, dst);
    }

    if (dst == NULL) {
        return NULL;
    }

    dst = ngx_gw_pb_print_map_key(pr, field, &e, dst);
    if (dst == NULL) {
        return NULL;
    }

    if (value->message) {
        return ngx_gw_pb_print_map_message(pr, field, &e, p, p + len,
                                           fr->depth + 2, dst);
    }

    if (e.value == NULL) {
        return ngx_gw_pb_print_default(pr, value, dst);
    }

    switch (value->type) {

    case NGX_GW_PB_STRING:
        dst = ngx_gw_pb_print_string(pr, e.value, e.value_v, pr->wire_end,
                                     dst);
        if (dst == NULL) {
            return ngx_gw_pb_print_refuse(pr, fr->message, field,
                                          "invalid UTF-8");
        }

        break;

    case NGX_GW_PB_BYTES:
        dst = ngx_gw_pb_print_base64(pr, e.value, e.value_v, dst);
        if (dst == NULL) {
            return NULL;
        }

        break;

    default:
        return ngx_gw_pb_print_scalar(pr, value, e.value_v, dst);
    }

    *dst++ = ',';

    return dst;
}


static u_char *
ngx_gw_pb_print_map_key(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, ngx_gw_pb_print_entry_t *e, u_char *dst)
{
    u_char                   *p;
    const ngx_gw_pb_field_t  *key;

    key = &field->message->fields[0];

    if (key->type == NGX_GW_PB_STRING) {
        dst = ngx_gw_pb_print_string(pr, e->key ? e->key : pr->wire_end,
                                     e->key_v, pr->wire_end, dst);
        if (dst == NULL) {
            return ngx_gw_pb_print_refuse(pr, field->message, key,
                                          "invalid UTF-8");
        }

    } else {

        /* numbers of 64 bits have quotes, which others are given */

        p = dst + 1;
        dst = ngx_gw_pb_print_scalar(pr, key, e->key_v, p);

        if (*p == '"') {
            ngx_memmove(p - 1, p, dst - p);
            dst -= 2;

        } else {
            p[-1] = '"';
            dst[-1] = '"';
        }
    }

    *dst++ = ':';

    if (pr->conf.indent) {
        *dst++ = ' ';
    }

    return dst;
}


/* the value of a map's entry: what is not there is an empty message */

static u_char *
ngx_gw_pb_print_map_message(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, ngx_gw_pb_print_entry_t *e,
    const u_char *p, const u_char *end, ngx_uint_t depth, u_char *dst)
{
    uint32_t                    first;
    uint64_t                    tag;
    ptrdiff_t                   n;
    const u_char               *at;
    ngx_gw_pb_print_part_t      part;
    const ngx_gw_pb_message_t  *message;

    message = field->message->fields[1].message;

    part.pos = e->value ? e->value : p;
    part.end = e->value ? e->value + e->value_v : p;
    part.key = 0;
    part.last_key = 0;
    part.group = 0;

    if (e->nvalues <= 1) {
        return ngx_gw_pb_print_submessage(pr, message, &part, depth, dst);
    }

    if (!pr->careful) {
        pr->rc = NGX_AGAIN;
        return NULL;
    }

    /* all that is there is one message; it has been looked at already */

    first = pr->nkeys;

    while (p < end) {
        at = p;
        p = ngx_gw_pb_print_varint(p, end, &tag);

        if (tag == (NGX_GW_PB_PRINT_SECOND << 3 | NGX_GW_PB_LEN)
            && ngx_gw_pb_print_add_key(pr, 0, at) != NGX_OK)
        {
            return NULL;
        }

        p = ngx_gw_pb_skip(p, end, (uint32_t) tag);
    }

    part.key = first;
    part.last_key = pr->nkeys;

    (void) ngx_gw_pb_print_next_part(pr, &part);

    n = pr->frame - pr->frames;

    dst = ngx_gw_pb_print_submessage(pr, message, &part, depth, dst);

    if (dst && pr->frame - pr->frames > n) {

        /* to be dropped with what is sorted for it */

        pr->frame->first_key = first;
    }

    return dst;
}


ngx_int_t
ngx_gw_pb_print_entry(ngx_gw_pb_printer_t *pr, const ngx_gw_pb_field_t *field,
    const u_char *p, const u_char *end, ngx_gw_pb_print_entry_t *e)
{
    const ngx_gw_pb_field_t  *key, *value;

    key = &field->message->fields[0];
    value = &field->message->fields[1];

    ngx_memzero(e, sizeof(ngx_gw_pb_print_entry_t));

    if (ngx_gw_pb_print_pair(p, end, key->wire, value->wire, e) != NGX_OK) {
        pr->rc = NGX_OK;
        (void) ngx_gw_pb_print_refuse(pr, field->message, NULL,
                                      "cut or malformed");
        return NGX_DECLINED;
    }

    if (e->value
        && value->enumeration
        && value->enumeration->closed
        && !ngx_gw_pb_print_counts(value, value->wire, e->value, e->value_v))
    {
        return NGX_DONE;
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_print_pair(const u_char *p, const u_char *end, ngx_uint_t first,
    ngx_uint_t second, ngx_gw_pb_print_entry_t *e)
{
    uint64_t    tag, v;
    ngx_uint_t  wire;

    while (p < end) {
        p = ngx_gw_pb_print_varint(p, end, &tag);

        if (p == NULL || tag > 0xffffffff || tag < 8) {
            return NGX_DECLINED;
        }

        if (tag == (NGX_GW_PB_PRINT_FIRST << 3 | first)) {
            wire = first;
            p = ngx_gw_pb_print_value(p, end, wire, &v);

            e->key = p;
            e->key_v = v;

        } else if (tag == (NGX_GW_PB_PRINT_SECOND << 3 | second)) {
            wire = second;
            p = ngx_gw_pb_print_value(p, end, wire, &v);

            e->value = p;
            e->value_v = v;
            e->nvalues++;

        } else {
            wire = NGX_GW_PB_VARINT;
            p = ngx_gw_pb_skip(p, end, (uint32_t) tag);
        }

        if (p == NULL) {
            return NGX_DECLINED;
        }

        if (wire == NGX_GW_PB_LEN) {
            p += v;
        }
    }

    return NGX_OK;
}
