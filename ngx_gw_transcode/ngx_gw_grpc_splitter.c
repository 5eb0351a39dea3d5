
#include "ngx_gw_grpc.h"


#if (__SSE2__ && !NGX_GW_PORTABLE)
#include <emmintrin.h>
#define NGX_GW_SPLITTER_SSE2  1
#endif


/* memory that is asked for at first */
#define NGX_GW_SPLITTER_SIZE  4096


typedef enum {
    NGX_GW_SPLITTER_START = 0,     /* before "[" */
    NGX_GW_SPLITTER_FIRST,         /* before an element or "]" */
    NGX_GW_SPLITTER_NEXT,          /* behind a comma */
    NGX_GW_SPLITTER_BEHIND,        /* behind an element */
    NGX_GW_SPLITTER_END,           /* behind "]" */

    NGX_GW_SPLITTER_SCALAR,        /* a number or word */
    NGX_GW_SPLITTER_NESTED,
    NGX_GW_SPLITTER_STRING,
    NGX_GW_SPLITTER_ESCAPE,        /* behind a backslash in a string */

    NGX_GW_SPLITTER_BLANK,         /* at the start of a line */
    NGX_GW_SPLITTER_LINE
} ngx_gw_splitter_state_e;


struct ngx_gw_splitter_s {
    ngx_pool_t               *pool;
    size_t                    max;
    ngx_gw_splitter_state_e   state;
    ngx_uint_t                lines;
    size_t                    depth;     /* brackets open in an element */
    ngx_uint_t                count;

    u_char                   *data;      /* an element in pieces */
    size_t                    size;
    size_t                    len;

    ngx_int_t                 rc;        /* what has failed, or NGX_OK */
    const char               *error;
};


static u_char *ngx_gw_splitter_between(ngx_gw_splitter_t *sp, u_char *p,
    u_char *last);
static u_char *ngx_gw_splitter_within(ngx_gw_splitter_t *sp, u_char *p,
    u_char *last, ngx_uint_t *complete);
static u_char *ngx_gw_splitter_nested(ngx_gw_splitter_t *sp, u_char *p,
    u_char *last);
static u_char *ngx_gw_splitter_string(u_char *p, u_char *last);
static u_char *ngx_gw_splitter_line(ngx_gw_splitter_t *sp, u_char *p,
    u_char *last, ngx_uint_t *complete);
static ngx_int_t ngx_gw_splitter_found(ngx_gw_splitter_t *sp,
    ngx_str_t *element);
static ngx_int_t ngx_gw_splitter_keep(ngx_gw_splitter_t *sp, u_char *p,
    size_t n);
static void ngx_gw_splitter_failed(ngx_gw_splitter_t *sp, ngx_int_t rc,
    const char *error);


#define ngx_gw_splitter_space(c)                                              \
    ((c) == ' ' || (c) == '\t' || (c) == '\n' || (c) == '\r')


ngx_gw_splitter_t *
ngx_gw_splitter_create(ngx_pool_t *pool, ngx_uint_t lines, size_t max)
{
    ngx_gw_splitter_t  *sp;

    sp = ngx_pcalloc(pool, sizeof(ngx_gw_splitter_t));
    if (sp == NULL) {
        return NULL;
    }

    sp->pool = pool;
    sp->max = max;
    sp->lines = lines;
    sp->state = lines ? NGX_GW_SPLITTER_BLANK : NGX_GW_SPLITTER_START;
    sp->rc = NGX_OK;

    return sp;
}


ngx_int_t
ngx_gw_splitter_take(ngx_gw_splitter_t *sp, u_char **pos, u_char *last,
    ngx_str_t *element, const char **error)
{
    u_char      *p, *start;
    ngx_uint_t   complete;

    p = *pos;
    complete = 0;

    while (p < last && sp->rc == NGX_OK) {

        if (sp->state <= NGX_GW_SPLITTER_END
            || sp->state == NGX_GW_SPLITTER_BLANK)
        {
            p = ngx_gw_splitter_between(sp, p, last);
            continue;
        }

        start = p;

        p = sp->lines ? ngx_gw_splitter_line(sp, p, last, &complete)
                      : ngx_gw_splitter_within(sp, p, last, &complete);

        if (complete && sp->len == 0) {
            element->data = start;
            element->len = p - start;

        } else if (ngx_gw_splitter_keep(sp, start, p - start) == NGX_OK) {
            element->data = sp->data;
            element->len = sp->len;
        }

        if (complete) {
            break;
        }
    }

    *pos = p;

    if (sp->rc == NGX_OK && complete) {
        (void) ngx_gw_splitter_found(sp, element);
    }

    if (sp->rc != NGX_OK) {
        *error = sp->error;
        return sp->rc;
    }

    return complete ? NGX_OK : NGX_AGAIN;
}


/* returns where an element begins, or last */

static u_char *
ngx_gw_splitter_between(ngx_gw_splitter_t *sp, u_char *p, u_char *last)
{
    for ( /* void */ ; p < last; p++) {

        if (ngx_gw_splitter_space(*p)) {
            continue;
        }

        switch (sp->state) {

        case NGX_GW_SPLITTER_START:

            if (*p != '[') {
                ngx_gw_splitter_failed(sp, NGX_DECLINED, "no array");
                return p;
            }

            sp->state = NGX_GW_SPLITTER_FIRST;
            continue;

        case NGX_GW_SPLITTER_BEHIND:

            if (*p == ',') {
                sp->state = NGX_GW_SPLITTER_NEXT;
                continue;
            }

            /* fall through */

        case NGX_GW_SPLITTER_FIRST:

            if (*p == ']') {
                sp->state = NGX_GW_SPLITTER_END;
                continue;
            }

            if (sp->state == NGX_GW_SPLITTER_BEHIND) {
                ngx_gw_splitter_failed(sp, NGX_DECLINED,
                               "neither \",\" nor \"]\" behind an element");
                return p;
            }

            break;

        case NGX_GW_SPLITTER_NEXT:

            if (*p == ']') {
                ngx_gw_splitter_failed(sp, NGX_DECLINED,
                                       "no element behind a comma");
                return p;
            }

            break;

        case NGX_GW_SPLITTER_BLANK:
            sp->state = NGX_GW_SPLITTER_LINE;
            return p;

        default: /* NGX_GW_SPLITTER_END */
            ngx_gw_splitter_failed(sp, NGX_DECLINED,
                                   "text behind the array");
            return p;
        }

        if (*p == ',') {
            ngx_gw_splitter_failed(sp, NGX_DECLINED,
                                   "no element before a comma");
            return p;
        }

        /* its first byte is looked at again */

        sp->state = (*p == '{' || *p == '[' || *p == '"')
                    ? NGX_GW_SPLITTER_NESTED : NGX_GW_SPLITTER_SCALAR;
        return p;
    }

    return p;
}


/* returns the end of the element, if it is complete, or last */

static u_char *
ngx_gw_splitter_within(ngx_gw_splitter_t *sp, u_char *p, u_char *last,
    ngx_uint_t *complete)
{
    if (sp->state == NGX_GW_SPLITTER_SCALAR) {

        for ( /* void */ ; p < last; p++) {

            if (*p == ',' || *p == ']' || ngx_gw_splitter_space(*p)) {
                *complete = 1;
                break;
            }
        }

        return p;
    }

    while (p < last) {

        switch (sp->state) {

        case NGX_GW_SPLITTER_STRING:
            p = ngx_gw_splitter_string(p, last);

            if (p == last) {
                return p;
            }

            sp->state = (*p++ == '"') ? NGX_GW_SPLITTER_NESTED
                                      : NGX_GW_SPLITTER_ESCAPE;

            if (sp->state == NGX_GW_SPLITTER_NESTED && sp->depth == 0) {
                *complete = 1;
                return p;
            }

            continue;

        case NGX_GW_SPLITTER_ESCAPE:
            sp->state = NGX_GW_SPLITTER_STRING;
            p++;
            continue;

        default: /* NGX_GW_SPLITTER_NESTED */
            p = ngx_gw_splitter_nested(sp, p, last);

            if (sp->state == NGX_GW_SPLITTER_NESTED && sp->depth == 0) {
                *complete = 1;
                return p;
            }
        }
    }

    return p;
}


/* ends behind the quote of a string, or a last bracket */

static u_char *
ngx_gw_splitter_nested(ngx_gw_splitter_t *sp, u_char *p, u_char *last)
{
    u_char  c;
    size_t  depth;

    depth = sp->depth;

    while (p < last) {
        c = *p++;

        if (c == '"') {
            sp->state = NGX_GW_SPLITTER_STRING;
            break;
        }

        /* "[" 0x5b, "]" 0x5d, "{" 0x7b, "}" 0x7d */

        switch (c | 0x20) {

        case '{':
            depth++;
            continue;

        case '}':
            depth--;

            if (depth == 0) {
                goto done;
            }
        }
    }

done:

    sp->depth = depth;

    return p;
}


/* the next quote or backslash, or last */

static u_char *
ngx_gw_splitter_string(u_char *p, u_char *last)
{
#if (NGX_GW_SPLITTER_SSE2)

    int      mask;
    __m128i  x;

    for ( /* void */ ; last - p >= 16; p += 16) {
        x = _mm_loadu_si128((const __m128i *) p);

        mask = _mm_movemask_epi8(
                   _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));

        if (mask) {
            return p + __builtin_ctz(mask);
        }
    }

#endif

    while (p < last && *p != '"' && *p != '\\') {
        p++;
    }

    return p;
}


static u_char *
ngx_gw_splitter_line(ngx_gw_splitter_t *sp, u_char *p, u_char *last,
    ngx_uint_t *complete)
{
    u_char  *lf;

    lf = memchr(p, LF, last - p);

    if (lf == NULL) {
        return last;
    }

    *complete = 1;

    return lf;
}


static ngx_int_t
ngx_gw_splitter_found(ngx_gw_splitter_t *sp, ngx_str_t *element)
{
    if (sp->lines && element->data[element->len - 1] == CR) {
        element->len--;
    }

    if (element->len > sp->max) {
        ngx_gw_splitter_failed(sp, NGX_ABORT, "too long");
        return NGX_ABORT;
    }

    /* a line does not begin with space */

    while (sp->lines && ngx_gw_splitter_space(element->data[element->len - 1]))
    {
        element->len--;
    }

    sp->len = 0;
    sp->count++;
    sp->state = sp->lines ? NGX_GW_SPLITTER_BLANK : NGX_GW_SPLITTER_BEHIND;

    return NGX_OK;
}


/* appends n bytes to the element that has come in part */

static ngx_int_t
ngx_gw_splitter_keep(ngx_gw_splitter_t *sp, u_char *p, size_t n)
{
    size_t   size;
    u_char  *data;

    /* a carriage return may be behind a line */

    if (sp->len + n > sp->max + sp->lines) {
        ngx_gw_splitter_failed(sp, NGX_ABORT, "too long");
        return NGX_ABORT;
    }

    if (sp->len + n > sp->size) {

        size = ngx_max(sp->len + n, NGX_GW_SPLITTER_SIZE);
        size = ngx_max(size, sp->size * 2);

        data = ngx_pnalloc(sp->pool, size);
        if (data == NULL) {
            sp->rc = NGX_ERROR;
            return NGX_ERROR;
        }

        if (sp->data) {
            ngx_memcpy(data, sp->data, sp->len);
            (void) ngx_pfree(sp->pool, sp->data);
        }

        sp->data = data;
        sp->size = size;
    }

    ngx_memcpy(sp->data + sp->len, p, n);
    sp->len += n;

    return NGX_OK;
}


static void
ngx_gw_splitter_failed(ngx_gw_splitter_t *sp, ngx_int_t rc, const char *error)
{
    sp->rc = rc;
    sp->error = error;
}


ngx_int_t
ngx_gw_splitter_end(ngx_gw_splitter_t *sp, ngx_str_t *element,
    const char **error)
{
    if (sp->rc == NGX_OK) {

        switch (sp->state) {

        case NGX_GW_SPLITTER_START:
        case NGX_GW_SPLITTER_END:
        case NGX_GW_SPLITTER_BLANK:
            return NGX_DONE;

        case NGX_GW_SPLITTER_LINE:
            element->data = sp->data;
            element->len = sp->len;

            if (ngx_gw_splitter_found(sp, element) == NGX_OK) {
                return NGX_OK;
            }

            break;

        default:
            ngx_gw_splitter_failed(sp, NGX_DECLINED, "the array is cut");
        }
    }

    *error = sp->error;

    return sp->rc;
}


ngx_uint_t
ngx_gw_splitter_count(const ngx_gw_splitter_t *sp)
{
    return sp->count;
}
