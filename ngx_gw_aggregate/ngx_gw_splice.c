
/*
 * ngx_gw_splice: the text, read piece by piece.  See the header for the
 * contract.
 *
 * Tokens that are whole in a piece are scanned in one go; one that goes on in
 * the next is continued there where it was (s->token), in
 * ngx_gw_splice_token.c.  Values at the depth s->hook are shown to
 * ngx_gw_splice_copy.c, all others are only passed.  Nothing behind the piece
 * is read.
 */


#include "ngx_gw_splice.h"
#include "ngx_gw_splice_internal.h"
#include "ngx_gw_splice_scan.h"


/* bytes behind the beginning of a token that are there for sure */
#define NGX_GW_SPLICE_MARGIN      16


static ngx_int_t ngx_gw_splice_run(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static const u_char *ngx_gw_splice_pass(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static ngx_inline const u_char *ngx_gw_splice_leave(ngx_gw_splice_t *s,
    const u_char *p, ngx_uint_t depth, ngx_uint_t object, ngx_uint_t state);


static const u_char  ngx_gw_splice_null[] = "null";
static const u_char  ngx_gw_splice_false[] = "false";
static const u_char  ngx_gw_splice_true[] = "true";


/* the closing bracket at p */

static ngx_inline const u_char *
ngx_gw_splice_closed(ngx_gw_splice_t *s, const u_char *p)
{
    if (s->depth == s->hook) {
        ngx_gw_splice_close(s, p);
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

    if (s->plan->object && s->type != NGX_GW_SPLICE_OBJECT) {
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
                p = ngx_gw_splice_closed(s, p);
                break;
            }

            /* fall through */

        case NGX_GW_SPLICE_VALUE:
            p = ngx_gw_splice_value(s, p, end);
            break;

        case NGX_GW_SPLICE_FIRST_NAME:

            if (*p == '}') {
                p = ngx_gw_splice_closed(s, p);
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
                p = ngx_gw_splice_closed(s, p);
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
