
/*
 * ngx_gw_splice: the text, read piece by piece.  See the header for the
 * contract.
 *
 * Tokens that are whole in a piece are scanned in one go; one that goes on in
 * the next is continued there where it was (s->token), a byte at a time where
 * it is in the middle of something.  Values at the depth s->hook are shown to
 * ngx_gw_splice_copy.c, all others are only passed.  Nothing behind the piece
 * is read.
 */


#include "ngx_gw_splice.h"
#include "ngx_gw_splice_internal.h"
#include "ngx_gw_splice_scan.h"


/* what is expected */
#define NGX_GW_SPLICE_VALUE       0
#define NGX_GW_SPLICE_FIRST_ITEM  1    /* or the end of the array */
#define NGX_GW_SPLICE_NAME        2
#define NGX_GW_SPLICE_FIRST_NAME  3    /* or the end of the object */
#define NGX_GW_SPLICE_COLON       4
#define NGX_GW_SPLICE_BEHIND      5    /* comma or bracket */
#define NGX_GW_SPLICE_DONE        6

/* bytes behind the beginning of a token that are there for sure */
#define NGX_GW_SPLICE_MARGIN      16

/* tokens that may go on in the next piece */
#define NGX_GW_SPLICE_IN_STRING   1
#define NGX_GW_SPLICE_IN_NUMBER   2
#define NGX_GW_SPLICE_IN_LITERAL  3
#define NGX_GW_SPLICE_IN_MARK     4    /* a byte order mark, perhaps */

/* where in a string */
#define NGX_GW_SPLICE_PLAIN       0
#define NGX_GW_SPLICE_ESCAPE      1    /* behind a backslash */
#define NGX_GW_SPLICE_HEX         2
#define NGX_GW_SPLICE_CHAR        3    /* within one of several bytes */

/* where in a number; from ZERO on it may end */
#define NGX_GW_SPLICE_MINUS       0
#define NGX_GW_SPLICE_POINT       1
#define NGX_GW_SPLICE_E           2
#define NGX_GW_SPLICE_E_SIGN      3
#define NGX_GW_SPLICE_ZERO        4
#define NGX_GW_SPLICE_INT         5
#define NGX_GW_SPLICE_FRACTION    6
#define NGX_GW_SPLICE_EXPONENT    7



static ngx_int_t ngx_gw_splice_run(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_pass(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static ngx_inline const u_char *ngx_gw_splice_leave(ngx_gw_splice_t *s,
    const u_char *p, ngx_uint_t depth, ngx_uint_t object, ngx_uint_t state);
static const u_char *ngx_gw_splice_resume(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_string(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_escape(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_utf8(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_char(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static ngx_int_t ngx_gw_splice_lead(ngx_gw_splice_t *s, u_char c);
static const u_char *ngx_gw_splice_number(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_digits(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_literal(ngx_gw_splice_t *s,
    const u_char *p, const u_char *end);
static const u_char *ngx_gw_splice_unexpected(ngx_gw_splice_t *s,
    const u_char *p, const u_char *end);
static const u_char *ngx_gw_splice_mark(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);


static const u_char  ngx_gw_splice_null[] = "null";
static const u_char  ngx_gw_splice_false[] = "false";
static const u_char  ngx_gw_splice_true[] = "true";


/* behind a value that ends before p */

static ngx_inline const u_char *
ngx_gw_splice_value_done(ngx_gw_splice_t *s, const u_char *p)
{
    s->state = s->depth ? NGX_GW_SPLICE_BEHIND : NGX_GW_SPLICE_DONE;

    if (s->depth == s->hook && ngx_gw_splice_value_end(s, p) != NGX_OK) {
        return NULL;
    }

    return p;
}


/* the closing bracket at p */

static ngx_inline const u_char *
ngx_gw_splice_closed(ngx_gw_splice_t *s, const u_char *p, ngx_uint_t empty)
{
    s->empty = (u_char) empty;

    if (s->depth == s->hook && ngx_gw_splice_close(s, p) != NGX_OK) {
        return NULL;
    }

    s->depth--;
    s->object = s->nest[s->depth];

    return ngx_gw_splice_value_done(s, p + 1);
}


static ngx_inline const u_char *
ngx_gw_splice_opened(ngx_gw_splice_t *s, const u_char *p, ngx_uint_t object)
{
    if (s->depth == s->max_depth) {
        return ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_DEPTH);
    }

    s->depth++;
    s->nest[s->depth] = (u_char) object;
    s->object = (u_char) object;

    s->state = object ? NGX_GW_SPLICE_FIRST_NAME : NGX_GW_SPLICE_FIRST_ITEM;

    return p + 1;
}


/* the string at hand is complete, p is behind it */

static ngx_inline const u_char *
ngx_gw_splice_string_done(ngx_gw_splice_t *s, const u_char *p)
{
    if (!s->name) {
        return ngx_gw_splice_value_done(s, p);
    }

    s->name = 0;
    s->state = NGX_GW_SPLICE_COLON;

    if (s->depth == s->hook && ngx_gw_splice_name_end(s, p) != NGX_OK) {
        return NULL;
    }

    return p;
}


/* a string that begins at the quote at p */

static ngx_inline const u_char *
ngx_gw_splice_new_string(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end, ngx_uint_t name)
{
    s->name = (u_char) name;
    s->escaped = 0;

    p = ngx_gw_splice_skip_plain(p + 1, end);

    if (p < end && *p == '"') {
        return ngx_gw_splice_string_done(s, p + 1);
    }

    s->part = NGX_GW_SPLICE_PLAIN;

    return ngx_gw_splice_string(s, p, end);
}


static ngx_inline const u_char *
ngx_gw_splice_value(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    ngx_uint_t  type;

    type = ngx_gw_splice_types[*p];

    if (type == NGX_GW_SPLICE_NONE) {
        return ngx_gw_splice_unexpected(s, p, end);
    }

    if (s->depth == s->hook
        && ngx_gw_splice_value_begin(s, p, type) != NGX_OK)
    {
        return NULL;
    }

    switch (type) {

    case NGX_GW_SPLICE_STRING:
        return ngx_gw_splice_new_string(s, p, end, 0);

    case NGX_GW_SPLICE_NUMBER:
        return ngx_gw_splice_number(s, p, end);

    case NGX_GW_SPLICE_OBJECT:
        return ngx_gw_splice_opened(s, p, 1);

    case NGX_GW_SPLICE_ARRAY:
        return ngx_gw_splice_opened(s, p, 0);

    case NGX_GW_SPLICE_NULL:
        s->literal = ngx_gw_splice_null;
        break;

    case NGX_GW_SPLICE_FALSE:
        s->literal = ngx_gw_splice_false;
        break;

    default: /* NGX_GW_SPLICE_TRUE */
        s->literal = ngx_gw_splice_true;
    }

    return ngx_gw_splice_literal(s, p, end);
}


ngx_gw_splice_t *
ngx_gw_splice_create(ngx_pool_t *pool, const ngx_gw_plan_t *plan,
    size_t max_size, size_t length, ngx_uint_t max_depth)
{
    ngx_uint_t        n;
    ngx_gw_splice_t  *s;

    if (plan == NULL) {
        plan = &ngx_gw_plan_all;
    }

    max_depth = ngx_min(max_depth, NGX_GW_SPLICE_MAX_DEPTH);
    max_size = ngx_min(max_size, NGX_GW_SPLICE_MAX_LEN);

    s = ngx_pcalloc(pool, sizeof(ngx_gw_splice_t));
    if (s == NULL) {
        return NULL;
    }

    s->nest = ngx_pnalloc(pool, max_depth + 1);
    if (s->nest == NULL) {
        return NULL;
    }

    s->nest[0] = 0;

    /* more are made when the text is nested as deep */

    s->nframes = 4;

    s->frames = ngx_palloc(pool, s->nframes * sizeof(ngx_gw_splice_frame_t));
    if (s->frames == NULL) {
        return NULL;
    }

    s->frame = s->frames;
    ngx_memzero(s->frame, sizeof(ngx_gw_splice_frame_t));
    s->frame->member_pointer = plan->root;

    if (plan->nslots) {
        n = plan->nslots;

        s->slots = ngx_pcalloc(pool, n * sizeof(ngx_gw_splice_slot_t));
        if (s->slots == NULL) {
            return NULL;
        }

        /* those that are being filled are nested, and each is deeper */

        n = ngx_min(n, NGX_GW_SPLICE_MAX_STEPS + 1);

        s->active = ngx_palloc(pool, n * sizeof(uint32_t));
        if (s->active == NULL) {
            return NULL;
        }
    }

    s->plan = plan;
    s->pool = pool;
    s->max_depth = max_depth;
    s->max_size = max_size;
    s->length = ngx_min(length, max_size);

    return s;
}


ngx_int_t
ngx_gw_splice_feed(ngx_gw_splice_t *s, const u_char *data, size_t len)
{
    size_t  n;

    if (s->rc != NGX_OK) {
        return s->rc;
    }

    n = ngx_min(len, s->max_size - s->offset);

    if (n) {
        s->data = data;

        ngx_gw_splice_piece_begin(s, data);

        if (ngx_gw_splice_run(s, data, data + n) != NGX_OK
            || ngx_gw_splice_piece_end(s, data + n) != NGX_OK)
        {
            return s->rc;
        }

        s->offset += n;
    }

    if (n < len) {
        s->error = NGX_GW_SPLICE_SIZE;
        s->rc = NGX_DECLINED;
    }

    return s->rc;
}


ngx_int_t
ngx_gw_splice_end(ngx_gw_splice_t *s, ngx_str_t *result, ngx_uint_t *type)
{
    if (s->rc != NGX_OK) {
        return s->rc;
    }

    /* only a number at the root ends because nothing follows */

    if (s->token == NGX_GW_SPLICE_IN_NUMBER
        && s->depth == 0
        && s->number >= NGX_GW_SPLICE_ZERO)
    {
        s->token = 0;
        ngx_gw_splice_piece_begin(s, s->data);

        if (ngx_gw_splice_value_done(s, s->data) == NULL) {
            return s->rc;
        }
    }

    s->rc = NGX_DECLINED;

    if (s->token == NGX_GW_SPLICE_IN_MARK) {
        s->error = NGX_GW_SPLICE_CHARSET;
        return s->rc;
    }

    if (s->state != NGX_GW_SPLICE_DONE) {
        s->error = NGX_GW_SPLICE_TRUNCATED;

        if (s->depth == 0 && s->token == 0) {

            /* nothing but white space */

            s->error = NGX_GW_SPLICE_JSON;
        }

        return s->rc;
    }

    if (s->type == NGX_GW_SPLICE_NONE) {
        s->error = NGX_GW_SPLICE_ABSENT;
        return s->rc;
    }

    if (s->plan->index && s->type != NGX_GW_SPLICE_OBJECT) {
        s->error = NGX_GW_SPLICE_TYPE;
        return s->rc;
    }

    result->data = s->result.data;
    result->len = s->result.len;
    *type = s->type;

    s->rc = NGX_OK;

    return NGX_OK;
}


ngx_gw_splice_error_e
ngx_gw_splice_error(ngx_gw_splice_t *s)
{
    return s->error;
}


size_t
ngx_gw_splice_offset(ngx_gw_splice_t *s)
{
    return s->offset;
}


u_char *
ngx_gw_splice_refuse(ngx_gw_splice_t *s, const u_char *p,
    ngx_gw_splice_error_e error)
{
    s->offset += p - s->data;
    s->error = error;
    s->rc = NGX_DECLINED;

    return NULL;
}


static ngx_int_t
ngx_gw_splice_run(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    if (s->token) {
        p = ngx_gw_splice_resume(s, p, end);
        if (p == NULL) {
            return s->rc;
        }
    }

    while (p < end) {

        if (*p <= ' ') {
            p = ngx_gw_splice_spaces(p, end);

            if (p == end) {
                break;
            }
        }

        if (s->depth > s->hook
            && s->state != NGX_GW_SPLICE_COLON
            && end - p > NGX_GW_SPLICE_MARGIN)
        {
            p = ngx_gw_splice_pass(s, p, end);

            if (p == NULL) {
                return s->rc;
            }

            p = ngx_gw_splice_spaces(p, end);

            if (p == end) {
                break;
            }
        }

        switch (s->state) {

        case NGX_GW_SPLICE_FIRST_ITEM:

            if (*p == ']') {
                p = ngx_gw_splice_closed(s, p, 1);
                break;
            }

            /* fall through */

        case NGX_GW_SPLICE_VALUE:
            p = ngx_gw_splice_value(s, p, end);
            break;

        case NGX_GW_SPLICE_FIRST_NAME:

            if (*p == '}') {
                p = ngx_gw_splice_closed(s, p, 1);
                break;
            }

            /* fall through */

        case NGX_GW_SPLICE_NAME:

            if (*p != '"') {
                p = ngx_gw_splice_unexpected(s, p, end);
                break;
            }

            if (s->depth == s->hook) {
                ngx_gw_splice_name_begin(s, p);
            }

            p = ngx_gw_splice_new_string(s, p, end, 1);

            /* mostly the value follows at once; here p is end in a token */

            if (p && end - p >= 2 && p[0] == ':' && p[1] > ' ') {
                s->state = NGX_GW_SPLICE_VALUE;
                p = ngx_gw_splice_value(s, p + 1, end);
            }

            break;

        case NGX_GW_SPLICE_COLON:

            if (*p != ':') {
                p = ngx_gw_splice_unexpected(s, p, end);
                break;
            }

            s->state = NGX_GW_SPLICE_VALUE;
            p++;
            break;

        case NGX_GW_SPLICE_BEHIND:

            if (*p == ',') {

                if (s->depth == s->hook) {
                    ngx_gw_splice_comma(s, p);
                }

                p++;

                if (s->object) {
                    s->state = NGX_GW_SPLICE_NAME;
                    break;
                }

                s->state = NGX_GW_SPLICE_VALUE;

                if (p < end && *p > ' ') {
                    p = ngx_gw_splice_value(s, p, end);
                }

                break;
            }

            if (*p == (s->object ? '}' : ']')) {
                p = ngx_gw_splice_closed(s, p, 0);
                break;
            }

            /* fall through */

        default: /* NGX_GW_SPLICE_DONE */
            p = ngx_gw_splice_unexpected(s, p, end);
        }

        if (p == NULL) {
            return s->rc;
        }
    }

    return NGX_OK;
}


/*
 * Passes members and items below the depth of those that are looked at, with
 * all that is needed for that in registers.  Whatever is not simple is left to
 * the functions that can do all: the rest of a string with other characters
 * than plain ones, all that is invalid, the last bytes of a piece, and the
 * bracket that leads back to a value that is looked at.
 */

static const u_char *
ngx_gw_splice_pass(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    u_char         object;
    ngx_uint_t     depth, state;
    const u_char  *q, *last;

    depth = s->depth;
    object = s->object;
    state = s->state;

    /* what is before this has enough behind it for a token's first bytes */

    last = end - NGX_GW_SPLICE_MARGIN;

    for ( ;; ) {

        if (state != NGX_GW_SPLICE_BEHIND) {

            if (object && state != NGX_GW_SPLICE_VALUE) {

                if (p >= last || *p != '"') {
                    return ngx_gw_splice_leave(s, p, depth, object, state);
                }

                p = ngx_gw_splice_skip_plain(p + 1, end);

                if (p >= last || *p != '"') {
                    (void) ngx_gw_splice_leave(s, p, depth, object, state);
                    s->name = 1;

                    return ngx_gw_splice_string(s, p, end);
                }

                p++;

                if (*p != ':') {
                    return ngx_gw_splice_leave(s, p, depth, object,
                                               NGX_GW_SPLICE_COLON);
                }

                p++;
                state = NGX_GW_SPLICE_VALUE;

                if (*p <= ' ') {
                    p += (*p == ' ');

                    if (*p <= ' ') {
                        p = ngx_gw_splice_spaces(p, end);
                    }
                }
            }

            if (p >= last) {
                return ngx_gw_splice_leave(s, p, depth, object, state);
            }

            switch (ngx_gw_splice_types[*p]) {

            case NGX_GW_SPLICE_STRING:
                p = ngx_gw_splice_skip_plain(p + 1, end);

                if (p >= last || *p != '"') {
                    (void) ngx_gw_splice_leave(s, p, depth, object, state);
                    s->name = 0;

                    return ngx_gw_splice_string(s, p, end);
                }

                p++;
                break;

            case NGX_GW_SPLICE_NUMBER:

                for ( ;; ) {
                    q = ngx_gw_splice_skip_number(p, end);

                    if (q == NULL) {
                        return ngx_gw_splice_leave(s, p, depth, object, state);
                    }

                    p = q;

                    /* arrays are often of numbers only */

                    if (object
                        || p >= last
                        || *p != ','
                        || ngx_gw_splice_types[p[1]] != NGX_GW_SPLICE_NUMBER)
                    {
                        break;
                    }

                    p++;
                }

                break;

            case NGX_GW_SPLICE_OBJECT:
            case NGX_GW_SPLICE_ARRAY:

                if (depth == s->max_depth) {
                    return ngx_gw_splice_leave(s, p, depth, object, state);
                }

                object = (*p == '{');
                s->nest[++depth] = object;
                p++;

                if (*p <= ' ') {
                    p = ngx_gw_splice_spaces(p, end);
                }

                state = object ? NGX_GW_SPLICE_FIRST_NAME
                               : NGX_GW_SPLICE_FIRST_ITEM;

                if (p >= last
                    || *p != (object ? '}' : ']'))
                {
                    continue;
                }

                p++;
                object = s->nest[--depth];
                break;

            case NGX_GW_SPLICE_NULL:

                if (ngx_memcmp(p, "null", 4) != 0) {
                    return ngx_gw_splice_leave(s, p, depth, object, state);
                }

                p += 4;
                break;

            case NGX_GW_SPLICE_TRUE:

                if (ngx_memcmp(p, "true", 4) != 0) {
                    return ngx_gw_splice_leave(s, p, depth, object, state);
                }

                p += 4;
                break;

            case NGX_GW_SPLICE_FALSE:

                if (ngx_memcmp(p + 1, "alse", 4) != 0) {
                    return ngx_gw_splice_leave(s, p, depth, object, state);
                }

                p += 5;
                break;

            default:
                return ngx_gw_splice_leave(s, p, depth, object, state);
            }

            state = NGX_GW_SPLICE_BEHIND;
        }

        for ( ;; ) {

            if (p >= last) {
                return ngx_gw_splice_leave(s, p, depth, object, state);
            }

            if (*p == ',') {
                break;
            }

            if (*p <= ' ') {
                q = ngx_gw_splice_spaces(p, end);

                if (q == p) {
                    return ngx_gw_splice_leave(s, p, depth, object, state);
                }

                p = q;
                continue;
            }

            if (*p != (object ? '}' : ']') || depth == s->hook + 1) {
                return ngx_gw_splice_leave(s, p, depth, object, state);
            }

            p++;
            object = s->nest[--depth];
        }

        p++;

        if (*p <= ' ') {
            p = ngx_gw_splice_spaces(p, end);
        }

        state = object ? NGX_GW_SPLICE_NAME : NGX_GW_SPLICE_VALUE;
    }
}


static ngx_inline const u_char *
ngx_gw_splice_leave(ngx_gw_splice_t *s, const u_char *p, ngx_uint_t depth,
    ngx_uint_t object, ngx_uint_t state)
{
    s->depth = depth;
    s->object = (u_char) object;
    s->state = state;
    s->part = NGX_GW_SPLICE_PLAIN;

    return p;
}


/* goes on with the token that the piece before has ended in */

static const u_char *
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


static const u_char *
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


static const u_char *
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

static const u_char *
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

static const u_char *
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
