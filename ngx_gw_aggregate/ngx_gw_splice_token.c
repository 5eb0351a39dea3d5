
/*
 * ngx_gw_splice: tokens that a piece ends in, or that are not as simple as
 * most; and what is wrong with a text.
 */


#include "ngx_gw_splice.h"
#include "ngx_gw_splice_internal.h"
#include "ngx_gw_splice_scan.h"


static const u_char *ngx_gw_splice_escape(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_utf8(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_char(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static ngx_int_t ngx_gw_splice_lead(ngx_gw_splice_t *s, u_char c);
static const u_char *ngx_gw_splice_digits(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_mark(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);


/* goes on with the token that the piece before has ended in */

const u_char *
ngx_gw_splice_resume(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    ngx_uint_t  token;

    token = s->token;
    s->token = 0;

    switch (token) {

    case NGX_GW_SPLICE_IN_STRING:
        return ngx_gw_splice_string(s, p, end);

    case NGX_GW_SPLICE_IN_NUMBER:
        return ngx_gw_splice_digits(s, p, end);

    case NGX_GW_SPLICE_IN_LITERAL:
        return ngx_gw_splice_literal(s, p, end);

    default: /* NGX_GW_SPLICE_IN_MARK */
        return ngx_gw_splice_mark(s, p, end);
    }
}


const u_char *
ngx_gw_splice_string(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    switch (s->part) {

    case NGX_GW_SPLICE_ESCAPE:
    case NGX_GW_SPLICE_HEX:
        p = ngx_gw_splice_escape(s, p, end);
        break;

    case NGX_GW_SPLICE_CHAR:
        p = ngx_gw_splice_char(s, p, end);
        break;
    }

    while (p) {
        p = ngx_gw_splice_skip_plain(p, end);

        if (p == end) {
            s->token = NGX_GW_SPLICE_IN_STRING;
            return p;
        }

        if (*p == '"') {
            return ngx_gw_splice_string_done(s, p + 1);
        }

        if (*p == '\\') {
            s->part = NGX_GW_SPLICE_ESCAPE;
            p = ngx_gw_splice_escape(s, p + 1, end);

        } else if (*p < 0x20) {
            return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_JSON);

        } else {
            p = ngx_gw_splice_utf8(s, p, end);
        }
    }

    return NULL;
}


/* from behind a backslash on, or within four hexadecimal digits */

static const u_char *
ngx_gw_splice_escape(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    u_char  c;

    s->escaped = 1;

    if (p < end && s->part == NGX_GW_SPLICE_ESCAPE) {

        switch (*p) {

        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
            s->part = NGX_GW_SPLICE_PLAIN;
            return p + 1;

        case 'u':
            s->part = NGX_GW_SPLICE_HEX;
            s->left = 4;
            p++;
            break;

        default:
            return ngx_gw_splice_unexpected(s, p, end);
        }
    }

    for ( /* void */ ; p < end; p++) {

        c = *p | 0x20;

        if (!ngx_gw_splice_is_digit(*p) && (c < 'a' || c > 'f')) {
            return ngx_gw_splice_unexpected(s, p, end);
        }

        if (--s->left == 0) {
            s->part = NGX_GW_SPLICE_PLAIN;
            return p + 1;
        }
    }

    return p;
}


/*
 * A run of characters of several bytes, as table 3-7 of the Unicode Standard
 * has them: no overlong forms, no surrogates, nothing above U+10FFFF.
 */

static const u_char *
ngx_gw_splice_utf8(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    u_char  c;

    while (end - p >= 4) {

        c = *p;

        if (c < 0x80) {
            return p;
        }

        if (c < 0xe0) {

            if (c < 0xc2 || (p[1] & 0xc0) != 0x80) {
                break;
            }

            p += 2;
            continue;
        }

        if (c < 0xf0) {

            if (((p[1] ^ 0x80) | (p[2] ^ 0x80)) & 0xc0
                || (c == 0xe0 && p[1] < 0xa0)
                || (c == 0xed && p[1] > 0x9f))
            {
                break;
            }

            p += 3;
            continue;
        }

        if (c > 0xf4
            || ((p[1] ^ 0x80) | (p[2] ^ 0x80) | (p[3] ^ 0x80)) & 0xc0
            || (c == 0xf0 && p[1] < 0x90)
            || (c == 0xf4 && p[1] > 0x8f))
        {
            break;
        }

        p += 4;
    }

    if (p == end || *p < 0x80) {
        return p;
    }

    /* near the end of the piece, or invalid: byte by byte */

    if (ngx_gw_splice_lead(s, *p) != NGX_OK) {
        return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_CHARSET);
    }

    s->part = NGX_GW_SPLICE_CHAR;

    return ngx_gw_splice_char(s, p + 1, end);
}


/* what is left of a character of several bytes */

static const u_char *
ngx_gw_splice_char(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    for ( /* void */ ; p < end; p++) {

        if (*p < s->low || *p > s->high) {
            return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_CHARSET);
        }

        s->low = 0x80;
        s->high = 0xbf;

        if (--s->left == 0) {
            s->part = NGX_GW_SPLICE_PLAIN;
            return p + 1;
        }
    }

    return p;
}


/* the first byte of a character of several */

static ngx_int_t
ngx_gw_splice_lead(ngx_gw_splice_t *s, u_char c)
{
    if (c < 0xc2 || c > 0xf4) {
        return NGX_DECLINED;
    }

    s->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    s->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    s->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;

    return NGX_OK;
}


const u_char *
ngx_gw_splice_number(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    const u_char  *q;

    q = ngx_gw_splice_skip_number(p, end);

    if (q) {
        return ngx_gw_splice_value_done(s, q);
    }

    /* it goes on in the next piece, or is none */

    if (*p == '-') {
        s->number = NGX_GW_SPLICE_MINUS;

    } else {
        s->number = *p == '0' ? NGX_GW_SPLICE_ZERO : NGX_GW_SPLICE_INT;
    }

    return ngx_gw_splice_digits(s, p + 1, end);
}


/* what is left of a number, byte by byte */

static const u_char *
ngx_gw_splice_digits(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    u_char      c;
    ngx_uint_t  digit, e;

    for ( /* void */ ; p < end; p++) {

        c = *p;
        digit = ngx_gw_splice_is_digit(c);
        e = ((c | 0x20) == 'e');

        switch (s->number) {

        case NGX_GW_SPLICE_MINUS:
            if (!digit) {
                return ngx_gw_splice_unexpected(s, p, end);
            }

            s->number = c == '0' ? NGX_GW_SPLICE_ZERO : NGX_GW_SPLICE_INT;
            continue;

        case NGX_GW_SPLICE_INT:
            if (digit) {
                continue;
            }

            /* fall through */

        case NGX_GW_SPLICE_ZERO:
            if (c == '.') {
                s->number = NGX_GW_SPLICE_POINT;
                continue;
            }

            break;

        case NGX_GW_SPLICE_POINT:
        case NGX_GW_SPLICE_FRACTION:
            if (digit) {
                s->number = NGX_GW_SPLICE_FRACTION;
                continue;
            }

            if (s->number == NGX_GW_SPLICE_POINT) {
                return ngx_gw_splice_unexpected(s, p, end);
            }

            break;

        case NGX_GW_SPLICE_E:
            if (c == '+' || c == '-') {
                s->number = NGX_GW_SPLICE_E_SIGN;
                continue;
            }

            /* fall through */

        default: /* NGX_GW_SPLICE_E_SIGN, NGX_GW_SPLICE_EXPONENT */
            if (digit) {
                s->number = NGX_GW_SPLICE_EXPONENT;
                continue;
            }

            if (s->number != NGX_GW_SPLICE_EXPONENT) {
                return ngx_gw_splice_unexpected(s, p, end);
            }

            return ngx_gw_splice_value_done(s, p);
        }

        if (!e) {
            return ngx_gw_splice_value_done(s, p);
        }

        s->number = NGX_GW_SPLICE_E;
    }

    s->token = NGX_GW_SPLICE_IN_NUMBER;

    return p;
}


/* s->literal is what is left of it */

const u_char *
ngx_gw_splice_literal(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    for ( /* void */ ; *s->literal; p++) {

        if (p == end) {
            s->token = NGX_GW_SPLICE_IN_LITERAL;
            return p;
        }

        if (*p != *s->literal) {
            return ngx_gw_splice_unexpected(s, p, end);
        }

        s->literal++;
    }

    return ngx_gw_splice_value_done(s, p);
}


/* p is at something that must not be there: what is it? */

const u_char *
ngx_gw_splice_unexpected(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end)
{
    if (*p < 0x80) {
        return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_JSON);
    }

    if (*p == 0xef && s->offset + (p - s->data) == 0) {
        s->left = 2;

        return ngx_gw_splice_mark(s, p + 1, end);
    }

    if (ngx_gw_splice_lead(s, *p) != NGX_OK) {
        return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_CHARSET);
    }

    return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_JSON);
}


/* what is left of something that may be a byte order mark */

static const u_char *
ngx_gw_splice_mark(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    for ( /* void */ ; p < end; p++) {

        if ((*p & 0xc0) != 0x80) {
            return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_CHARSET);
        }

        if (*p != (s->left == 2 ? 0xbb : 0xbf)) {
            return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_JSON);
        }

        if (--s->left == 0) {
            return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_CHARSET);
        }
    }

    s->token = NGX_GW_SPLICE_IN_MARK;

    return p;
}
