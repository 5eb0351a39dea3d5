
/*
 * ngx_gw_pb_print: messages that JSON has a form of their own for, and
 * google.rpc.Status.
 */


#include "ngx_gw_json_internal.h"
#include "ngx_gw_pb_print_internal.h"
#include "ngx_gw_pb_print_value.h"


/* 0001-01-01 and 9999-12-31, in seconds since 1970 */
#define NGX_GW_PB_MIN_SECONDS   -62135596800ll
#define NGX_GW_PB_MAX_SECONDS   253402300799ll

/* ten thousand years */
#define NGX_GW_PB_MAX_DURATION  315576000000ll

/* of google.rpc.Status */
#define NGX_GW_PB_DETAILS       3


static u_char *ngx_gw_pb_print_timestamp(u_char *dst, int64_t seconds,
    uint32_t nanos);
static u_char *ngx_gw_pb_print_nanos(u_char *dst, uint32_t nanos);
static u_char *ngx_gw_pb_print_mask(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_part_t *part,
    u_char *dst);
static u_char *ngx_gw_pb_print_path(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char *p, const u_char *last,
    u_char *dst);
static u_char *ngx_gw_pb_print_any(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_entry_t *e,
    ngx_uint_t depth, u_char *dst);
static u_char *ngx_gw_pb_print_no_type(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char *name, size_t len);
static u_char *ngx_gw_pb_print_member(ngx_gw_pb_printer_t *pr,
    const char *name, u_char *dst);
static ngx_uint_t ngx_gw_pb_print_details_valid(const ngx_str_t *details);
static u_char *ngx_gw_pb_print_details(ngx_gw_pb_printer_t *pr,
    const ngx_str_t *details, u_char *dst);
static u_char *ngx_gw_pb_print_detail(ngx_gw_pb_printer_t *pr,
    const u_char *p, size_t len, u_char *dst);


const ngx_gw_pb_message_t  ngx_gw_pb_print_any_message = {
    .name = ngx_string("google.protobuf.Any"),
    .kind = NGX_GW_PB_ANY
};


u_char *
ngx_gw_pb_print_known(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_part_t *part,
    ngx_uint_t depth, u_char *dst)
{
    int32_t                  nanos;
    int64_t                  seconds;
    ngx_uint_t               wire;
    ngx_gw_pb_print_entry_t  e;

    if (message->kind == NGX_GW_PB_FIELD_MASK) {
        return ngx_gw_pb_print_mask(pr, message, part, dst);
    }

    wire = (message->kind == NGX_GW_PB_ANY) ? NGX_GW_PB_LEN
                                            : NGX_GW_PB_VARINT;

    ngx_memzero(&e, sizeof(ngx_gw_pb_print_entry_t));

    e.key = pr->wire_end;
    e.value = pr->wire_end;

    do {
        if (ngx_gw_pb_print_pair(part->pos, part->end, wire, wire, &e)
            != NGX_OK)
        {
            return ngx_gw_pb_print_refuse(pr, message, NULL,
                                          "cut or malformed");
        }

    } while (ngx_gw_pb_print_next_part(pr, part) == NGX_OK);

    if (message->kind == NGX_GW_PB_ANY) {
        return ngx_gw_pb_print_any(pr, message, &e, depth, dst);
    }

    seconds = (int64_t) e.key_v;
    nanos = (int32_t) e.value_v;

    *dst++ = '"';

    if (message->kind == NGX_GW_PB_TIMESTAMP) {

        if (seconds < NGX_GW_PB_MIN_SECONDS
            || seconds > NGX_GW_PB_MAX_SECONDS
            || nanos < 0
            || nanos > 999999999)
        {
            return ngx_gw_pb_print_refuse(pr, message, NULL, "out of range");
        }

        dst = ngx_gw_pb_print_timestamp(dst, seconds, (uint32_t) nanos);

    } else {

        if (seconds < -NGX_GW_PB_MAX_DURATION
            || seconds > NGX_GW_PB_MAX_DURATION
            || nanos < -999999999
            || nanos > 999999999
            || (seconds > 0 && nanos < 0)
            || (seconds < 0 && nanos > 0))
        {
            return ngx_gw_pb_print_refuse(pr, message, NULL, "out of range");
        }

        if (seconds < 0 || nanos < 0) {
            *dst++ = '-';
            seconds = -seconds;
            nanos = -nanos;
        }

        dst = ngx_gw_pb_print_uint64(dst, seconds);
        dst = ngx_gw_pb_print_nanos(dst, (uint32_t) nanos);
        *dst++ = 's';
    }

    *dst++ = '"';
    *dst++ = ',';

    return dst;
}


static ngx_inline u_char *
ngx_gw_pb_print_two(u_char *dst, ngx_uint_t n)
{
    ngx_memcpy(dst, &ngx_gw_pb_print_digits[2 * n], 2);

    return dst + 2;
}


/* 1972-01-01T10:00:20.021Z */

static u_char *
ngx_gw_pb_print_timestamp(u_char *dst, int64_t seconds, uint32_t nanos)
{
    uint32_t    era, year, month, days, day;
    ngx_uint_t  s;

    /* since 0000-03-01: the days of February are the last ones of a year */

    days = (uint32_t) ((seconds - NGX_GW_PB_MIN_SECONDS) / 86400 + 306);
    s = (ngx_uint_t) ((seconds - NGX_GW_PB_MIN_SECONDS) % 86400);

    /* 400 years are 146097 days, 100 are 36524, 4 are 1461 */

    era = days / 146097;
    days %= 146097;

    year = (days - days / 1460 + days / 36524 - days / 146096) / 365;
    days -= year * 365 + year / 4 - year / 100;

    /* 31, 30, 31, 30, 31 days are 153, from March and from August on */

    month = (5 * days + 2) / 153;
    day = days - (153 * month + 2) / 5 + 1;

    year += 400 * era;

    if (month < 10) {
        month += 3;

    } else {
        month -= 9;
        year++;
    }

    dst = ngx_gw_pb_print_two(dst, year / 100);
    dst = ngx_gw_pb_print_two(dst, year % 100);
    *dst++ = '-';
    dst = ngx_gw_pb_print_two(dst, month);
    *dst++ = '-';
    dst = ngx_gw_pb_print_two(dst, day);
    *dst++ = 'T';
    dst = ngx_gw_pb_print_two(dst, s / 3600);
    *dst++ = ':';
    dst = ngx_gw_pb_print_two(dst, s / 60 % 60);
    *dst++ = ':';
    dst = ngx_gw_pb_print_two(dst, s % 60);

    dst = ngx_gw_pb_print_nanos(dst, nanos);

    *dst++ = 'Z';

    return dst;
}


/* none, 3, 6 or 9 digits */

static u_char *
ngx_gw_pb_print_nanos(u_char *dst, uint32_t nanos)
{
    ngx_uint_t  i, n;

    if (nanos == 0) {
        return dst;
    }

    for (n = 9; nanos % 1000 == 0; n -= 3) {
        nanos /= 1000;
    }

    *dst++ = '.';

    for (i = n; i-- > 0; /* void */) {
        dst[i] = (u_char) ('0' + nanos % 10);
        nanos /= 10;
    }

    return dst + n;
}


static u_char *
ngx_gw_pb_print_mask(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_part_t *part,
    u_char *dst)
{
    uint64_t       tag, len;
    ngx_uint_t     n;
    const u_char  *p;

    n = 0;

    *dst++ = '"';

    do {
        p = part->pos;

        while (p < part->end) {
            p = ngx_gw_pb_print_varint(p, part->end, &tag);

            if (p == NULL || tag > 0xffffffff) {
                goto malformed;
            }

            if (tag != (NGX_GW_PB_PRINT_FIRST << 3 | NGX_GW_PB_LEN)) {
                p = ngx_gw_pb_skip(p, part->end, (uint32_t) tag);

                if (p == NULL) {
                    goto malformed;
                }

                continue;
            }

            p = ngx_gw_pb_print_value(p, part->end, NGX_GW_PB_LEN, &len);

            if (p == NULL) {
                goto malformed;
            }

            if (n++) {
                *dst++ = ',';
            }

            dst = ngx_gw_pb_print_path(pr, message, p, p + len, dst);
            if (dst == NULL) {
                return NULL;
            }

            p += len;
        }

    } while (ngx_gw_pb_print_next_part(pr, part) == NGX_OK);

    *dst++ = '"';
    *dst++ = ',';

    return dst;

malformed:

    return ngx_gw_pb_print_refuse(pr, message, NULL, "cut or malformed");
}


/* as lowerCamelCase; refuses what would not become the same path again */

static u_char *
ngx_gw_pb_print_path(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char *p, const u_char *last,
    u_char *dst)
{
    u_char         c;
    const u_char  *q;

    if (p == last) {
        goto refused;
    }

    while (p < last) {
        c = *p++;

        dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
        if (dst == NULL) {
            return NULL;
        }

        if (c == '_') {

            if (p == last || *p < 'a' || *p > 'z') {
                goto refused;
            }

            *dst++ = *p++ & ~0x20;
            continue;
        }

        if ((c >= 'A' && c <= 'Z')
            || c == ','
            || c <= ' ' || c == 0x7f || c == '"' || c == '\\')
        {
            goto refused;
        }

        if (c < 0x80) {
            *dst++ = c;
            continue;
        }

        q = ngx_gw_json_utf8((u_char *) p - 1, (u_char *) last);

        if (q == NULL) {
            goto refused;
        }

        dst = ngx_gw_pb_print_text(pr, p - 1, q - (p - 1), dst);
        if (dst == NULL) {
            return NULL;
        }

        p = q;
    }

    return ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);

refused:

    return ngx_gw_pb_print_refuse(pr, message, NULL,
                                  "a path that JSON has no form for");
}


static u_char *
ngx_gw_pb_print_any(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_entry_t *e,
    ngx_uint_t depth, u_char *dst)
{
    const u_char               *name;
    ngx_gw_pb_print_part_t      part;
    ngx_gw_pb_print_frame_t    *fr;
    const ngx_gw_pb_message_t  *type;

    part.pos = e->value;
    part.end = part.pos + e->value_v;
    part.key = 0;
    part.last_key = 0;
    part.group = 0;

    if (e->key_v == 0 && e->value_v == 0) {
        return ngx_gw_pb_print_text(pr, (u_char *) "{},", 3, dst);
    }

    name = e->key + e->key_v;

    while (name > e->key && name[-1] != '/') {
        name--;
    }

    type = NULL;

    if (e->key_v && pr->conf.schema) {
        type = ngx_gw_pb_find_message(pr->conf.schema, name,
                                      e->key + e->key_v - name);
    }

    if (type == NULL && !pr->conf.any_unknown) {
        return ngx_gw_pb_print_no_type(pr, message, name,
                                       e->key + e->key_v - name);
    }

    *dst++ = '{';
    pr->level++;

    dst = ngx_gw_pb_print_member(pr, "\"@type\":", dst);
    if (dst == NULL) {
        return NULL;
    }

    dst = ngx_gw_pb_print_string(pr, e->key, e->key_v, pr->wire_end, dst);
    if (dst == NULL) {
        return ngx_gw_pb_print_refuse(pr, message, NULL, "invalid UTF-8");
    }

    *dst++ = ',';

    if (type
        && (type->kind == NGX_GW_PB_PLAIN
            || type->kind == NGX_GW_PB_HTTP_BODY))
    {
        fr = ngx_gw_pb_print_push(pr, type, part.pos, part.end, depth);

        if (fr == NULL
            || (pr->careful
                && ngx_gw_pb_print_prepare(pr, fr, &part) != NGX_OK))
        {
            return NULL;
        }

        return dst;
    }

    dst = ngx_gw_pb_print_member(pr, "\"value\":", dst);
    if (dst == NULL) {
        return NULL;
    }

    /* once the value is there, this is closed */

    if (ngx_gw_pb_print_push(pr, &ngx_gw_pb_print_any_message, part.end,
                             part.end, depth)
        == NULL)
    {
        return NULL;
    }

    if (type) {
        return ngx_gw_pb_print_submessage(pr, type, &part, depth + 1, dst);
    }

    dst = ngx_gw_pb_print_base64(pr, part.pos, part.end - part.pos, dst);

    if (dst) {
        *dst++ = ',';
    }

    return dst;
}


static u_char *
ngx_gw_pb_print_no_type(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char *name, size_t len)
{
    u_char  c, *last;
    size_t  i;

    for (i = 0; i < len && i < 256; i++) {
        c = name[i];

        if (c <= ' ' || c >= 0x7f || c == '"') {
            break;
        }
    }

    if (len == 0 || i < len) {
        return ngx_gw_pb_print_refuse(pr, message, NULL, "a malformed type");
    }

    if (ngx_gw_pb_print_error_text(pr) == NULL) {
        return NULL;
    }

    last = ngx_slprintf(pr->error.data, pr->error.data + NGX_GW_PB_PRINT_ERROR,
                        "%V: no type \"%*s\"", &message->name, len, name);

    pr->error.len = last - pr->error.data;
    pr->rc = NGX_DECLINED;

    return NULL;
}


static u_char *
ngx_gw_pb_print_member(ngx_gw_pb_printer_t *pr, const char *name, u_char *dst)
{
    dst = ngx_gw_pb_print_line(pr, dst);

    if (dst) {
        dst = ngx_cpymem(dst, name, ngx_strlen(name));

        if (pr->conf.indent) {
            *dst++ = ' ';
        }
    }

    return dst;
}


ngx_int_t
ngx_gw_pb_print_status(ngx_gw_pb_printer_t *pr, ngx_uint_t code,
    const ngx_str_t *message, const ngx_str_t *details, ngx_chain_t **out,
    size_t *len)
{
    u_char  *dst;

    dst = ngx_gw_pb_print_open(pr, out, 3 * (details ? details->len : 0)
                                        + message->len + 256);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    *dst++ = '{';
    pr->level++;

    dst = ngx_gw_pb_print_member(pr, "\"code\":", dst);
    if (dst == NULL) {
        goto failed;
    }

    dst = ngx_gw_pb_print_uint64(dst, code);
    *dst++ = ',';

    dst = ngx_gw_pb_print_member(pr, "\"message\":", dst);
    if (dst == NULL) {
        goto failed;
    }

    dst = ngx_gw_pb_print_lossy(pr, message->data, message->len, dst);
    if (dst == NULL) {
        goto failed;
    }

    *dst++ = ',';

    dst = ngx_gw_pb_print_member(pr, "\"details\":", dst);
    if (dst == NULL) {
        goto failed;
    }

    *dst++ = '[';
    pr->level++;

    if (details && ngx_gw_pb_print_details_valid(details)) {
        dst = ngx_gw_pb_print_details(pr, details, dst);
        if (dst == NULL) {
            goto failed;
        }
    }

    dst = ngx_gw_pb_print_close(pr, dst, ']');
    if (dst == NULL) {
        goto failed;
    }

    dst = ngx_gw_pb_print_close(pr, dst, '}');
    if (dst == NULL) {
        goto failed;
    }

    ngx_gw_pb_print_commit(pr, dst - 1, out, len);

    return NGX_OK;

failed:

    ngx_gw_pb_print_abort(pr);

    pr->level = 0;

    return NGX_ERROR;
}


static ngx_uint_t
ngx_gw_pb_print_details_valid(const ngx_str_t *details)
{
    uint64_t                  tag, len;
    const u_char             *p, *q, *end;
    ngx_gw_pb_print_entry_t   e;

    p = details->data;
    end = p + details->len;

    while (p < end) {
        q = ngx_gw_pb_print_varint(p, end, &tag);

        if (q == NULL || tag > 0xffffffff || tag < 8) {
            return 0;
        }

        p = ngx_gw_pb_skip(q, end, (uint32_t) tag);

        if (p == NULL) {
            return 0;
        }

        if (tag == (NGX_GW_PB_DETAILS << 3 | NGX_GW_PB_LEN)) {
            q = ngx_gw_pb_print_value(q, end, NGX_GW_PB_LEN, &len);

            if (ngx_gw_pb_print_pair(q, p, NGX_GW_PB_LEN, NGX_GW_PB_LEN, &e)
                != NGX_OK)
            {
                return 0;
            }
        }
    }

    return 1;
}


static u_char *
ngx_gw_pb_print_details(ngx_gw_pb_printer_t *pr, const ngx_str_t *details,
    u_char *dst)
{
    uint64_t       tag, len;
    ngx_uint_t     any_unknown;
    const u_char  *p, *end;

    any_unknown = pr->conf.any_unknown;
    pr->conf.any_unknown = 1;

    p = details->data;
    end = p + details->len;

    while (p < end && dst) {
        p = ngx_gw_pb_print_varint(p, end, &tag);

        if (tag != (NGX_GW_PB_DETAILS << 3 | NGX_GW_PB_LEN)) {
            p = ngx_gw_pb_skip(p, end, (uint32_t) tag);
            continue;
        }

        p = ngx_gw_pb_print_value(p, end, NGX_GW_PB_LEN, &len);

        dst = ngx_gw_pb_print_line(pr, dst);

        if (dst) {
            dst = ngx_gw_pb_print_detail(pr, p, len, dst);
        }

        p += len;
    }

    pr->conf.any_unknown = any_unknown;

    return dst;
}


/* one that cannot be printed as its type says is printed without it */

static u_char *
ngx_gw_pb_print_detail(ngx_gw_pb_printer_t *pr, const u_char *p, size_t len,
    u_char *dst)
{
    ngx_int_t                rc;
    ngx_gw_pb_print_mark_t   mark;
    ngx_gw_pb_print_entry_t  e;

    ngx_gw_pb_print_mark(pr, dst, &mark);

    rc = ngx_gw_pb_print_run(pr, &ngx_gw_pb_print_any_message, NULL, p, len,
                             &dst);

    pr->limit = 0;

    if (rc == NGX_OK) {
        return dst;
    }

    if (rc == NGX_ERROR) {
        return NULL;
    }

    dst = ngx_gw_pb_print_back(pr, &mark);

    ngx_memzero(&e, sizeof(ngx_gw_pb_print_entry_t));

    e.key = p;
    e.value = p;

    (void) ngx_gw_pb_print_pair(p, p + len, NGX_GW_PB_LEN, NGX_GW_PB_LEN, &e);

    *dst++ = '{';
    pr->level++;

    dst = ngx_gw_pb_print_member(pr, "\"@type\":", dst);

    if (dst) {
        dst = ngx_gw_pb_print_lossy(pr, e.key, e.key_v, dst);
    }

    if (dst) {
        *dst++ = ',';
        dst = ngx_gw_pb_print_member(pr, "\"value\":", dst);
    }

    if (dst) {
        dst = ngx_gw_pb_print_base64(pr, e.value, e.value_v, dst);
    }

    if (dst) {
        *dst++ = ',';
        dst = ngx_gw_pb_print_close(pr, dst, '}');
    }

    return dst;
}
