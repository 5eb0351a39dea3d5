
/*
 * ngx_gw_pb_parse, what is wrong and where.  The path is made from the open
 * brackets when it is needed, and not before.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json_internal.h"


/* of a path, and of a name or value in a text */
#define NGX_GW_PB_PATH_LEN   256
#define NGX_GW_PB_VALUE_LEN  48


static u_char *ngx_gw_pb_begin_error(ngx_gw_pb_parser_t *parser,
    u_char **last);
static u_char *ngx_gw_pb_path(ngx_gw_pb_parser_t *parser, u_char *dst);
static u_char *ngx_gw_pb_path_step(ngx_gw_pb_frame_t *frame, u_char *dst);


void
ngx_gw_pb_no_memory(ngx_gw_pb_parser_t *parser)
{
    parser->rc = NGX_ERROR;
    ngx_str_set(&parser->error, "no memory");
}


void
ngx_gw_pb_failed(ngx_gw_pb_parser_t *parser, const u_char *p,
    const char *fmt, ...)
{
    u_char   *dst, *last, text[NGX_GW_PB_ERROR_LEN];
    va_list   args;

    dst = ngx_gw_pb_begin_error(parser, &last);
    if (dst == NULL) {
        return;
    }

    /* names in it may be long */

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    dst = ngx_gw_pb_printable(dst, text, last - text,
                              NGX_GW_PB_ERROR_LEN - NGX_GW_PB_PATH_LEN - 64);

    if (p) {
        dst = ngx_sprintf(dst, " (byte %uz)", (size_t) (p - parser->text));
    }

    parser->error.len = dst - parser->error.data;
}


void
ngx_gw_pb_bad_text(ngx_gw_pb_parser_t *parser, const u_char *data, size_t len,
    const char *reason)
{
    u_char  *dst, *last;

    dst = ngx_gw_pb_begin_error(parser, &last);
    if (dst == NULL) {
        return;
    }

    *dst++ = '"';
    dst = ngx_gw_pb_printable(dst, data, len, NGX_GW_PB_VALUE_LEN);
    *dst++ = '"';

    dst = ngx_slprintf(dst, last, " %s", reason);

    parser->error.len = dst - parser->error.data;
}


void
ngx_gw_pb_bad(ngx_gw_pb_parser_t *parser, const u_char *p, const char *reason)
{
    u_char        *dst, *last;
    const u_char  *end, *token;

    end = parser->end;

    switch (*p) {

    case '"':
        token = ++p;

        while (p < end && *p != '"' && p - token <= NGX_GW_PB_VALUE_LEN) {
            p += (*p == '\\' && end - p > 1) ? 2 : 1;
        }

        ngx_gw_pb_bad_text(parser, token, p - token, reason);
        return;

    case '{':
        ngx_gw_pb_failed(parser, NULL, "an object %s", reason);
        return;

    case '[':
        ngx_gw_pb_failed(parser, NULL, "an array %s", reason);
        return;
    }

    token = p;

    while (p < end
           && (ngx_gw_json_is_digit(*p)
               || (u_char) ((*p | 0x20) - 'a') < 26
               || *p == '-' || *p == '+' || *p == '.'))
    {
        p++;
    }

    if (p == token) {
        ngx_gw_pb_failed(parser, p, "expected a value");
        return;
    }

    dst = ngx_gw_pb_begin_error(parser, &last);
    if (dst == NULL) {
        return;
    }

    dst = ngx_gw_pb_printable(dst, token, p - token, NGX_GW_PB_VALUE_LEN);
    dst = ngx_slprintf(dst, last, " %s", reason);

    parser->error.len = dst - parser->error.data;
}


u_char *
ngx_gw_pb_printable(u_char *dst, const u_char *data, size_t len, size_t max)
{
    u_char        *p, *end, *last;
    ngx_uint_t     n;

    p = (u_char *) data;
    end = p + len;
    last = dst + max;

    while (p < end) {

        if (*p < 0x80) {
            n = 1;

        } else {

            /* one character of the run is as valid as all of it */

            for (n = 2; n <= 4 && (size_t) (end - p) >= n; n++) {
                if (ngx_gw_json_utf8(p, p + n) == p + n) {
                    break;
                }
            }

            if (n > 4 || (size_t) (end - p) < n) {
                n = 0;
            }
        }

        if ((size_t) (last - dst) < 3 + ngx_max(n, 1)) {
            return ngx_cpymem(dst, "...", 3);
        }

        if (n == 0 || *p < 0x20 || *p == 0x7f) {
            *dst++ = '?';
            p++;
            continue;
        }

        dst = ngx_cpymem(dst, p, n);
        p += n;
    }

    return dst;
}


/* the text with "path: " in front; NULL: no memory, or there is one already */

static u_char *
ngx_gw_pb_begin_error(ngx_gw_pb_parser_t *parser, u_char **last)
{
    u_char  *dst;

    if (parser->error.len) {
        return NULL;
    }

    parser->rc = NGX_DECLINED;

    dst = ngx_pnalloc(parser->pool, NGX_GW_PB_ERROR_LEN);
    if (dst == NULL) {
        ngx_gw_pb_no_memory(parser);
        return NULL;
    }

    parser->error.data = dst;
    *last = dst + NGX_GW_PB_ERROR_LEN - 1;

    if (parser->binding) {
        dst = ngx_sprintf(dst, parser->query ? "query parameter \""
                                             : "path variable \"");
        dst = ngx_gw_pb_printable(dst, parser->binding->data,
                                  parser->binding->len, NGX_GW_PB_PATH_LEN / 2);
        return ngx_cpymem(dst, "\": ", 3);
    }

    if (!parser->began) {
        return dst;
    }

    dst = ngx_gw_pb_path(parser, dst);

    return ngx_cpymem(dst, ": ", 2);
}


static u_char *
ngx_gw_pb_path(ngx_gw_pb_parser_t *parser, u_char *dst)
{
    size_t       len;
    u_char       step[NGX_GW_PB_VALUE_LEN + 16];
    ngx_uint_t   i;

    /* the end of it says more than the beginning */

    len = 0;

    for (i = parser->depth; i; i--) {
        len += ngx_gw_pb_path_step(&parser->frames[i], step) - step;

        if (len > NGX_GW_PB_PATH_LEN - 8) {
            break;
        }
    }

    *dst++ = '$';

    if (i) {
        dst = ngx_cpymem(dst, "...", 3);
    }

    while (++i <= parser->depth) {
        dst = ngx_gw_pb_path_step(&parser->frames[i], dst);
    }

    return dst;
}


static u_char *
ngx_gw_pb_path_step(ngx_gw_pb_frame_t *frame, u_char *dst)
{
    u_char      c;
    ngx_uint_t  i;

    switch (frame->in) {

    case NGX_GW_PB_IN_ARRAY:
    case NGX_GW_PB_IN_LIST:
    case NGX_GW_PB_IN_SKIPPED:

        if (frame->first) {
            return dst;
        }

        return ngx_sprintf(dst, "[%uD]", frame->index);
    }

    if (frame->name == NULL) {
        return dst;
    }

    for (i = 0; i < frame->nlen; i++) {
        c = frame->name[i];

        if (!ngx_gw_json_is_digit(c)
            && (u_char) ((c | 0x20) - 'a') >= 26
            && c != '_' && c != '-')
        {
            break;
        }
    }

    if (i && i == frame->nlen) {
        *dst++ = '.';
        return ngx_gw_pb_printable(dst, frame->name, frame->nlen,
                                   NGX_GW_PB_VALUE_LEN);
    }

    *dst++ = '[';
    *dst++ = '"';
    dst = ngx_gw_pb_printable(dst, frame->name, frame->nlen,
                              NGX_GW_PB_VALUE_LEN);
    *dst++ = '"';
    *dst++ = ']';

    return dst;
}


const ngx_str_t *
ngx_gw_pb_parser_error(ngx_gw_pb_parser_t *parser)
{
    return &parser->error;
}
