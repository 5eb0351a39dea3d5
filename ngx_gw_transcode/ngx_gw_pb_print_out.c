
/*
 * ngx_gw_pb_print, output: buffers, which grow into a chain.
 *
 * The last byte of a buffer that is full goes on in the next one, so that the
 * comma behind a value can always be taken back.
 */


#include "ngx_gw_pb_print_internal.h"


static ngx_chain_t *ngx_gw_pb_print_buffer(ngx_gw_pb_printer_t *pr,
    size_t size);
static void ngx_gw_pb_print_cut(ngx_gw_pb_printer_t *pr, ngx_chain_t **link);


/* begins what is appended to *out; hint is about how long it will be */

u_char *
ngx_gw_pb_print_open(ngx_gw_pb_printer_t *pr, ngx_chain_t **out, size_t hint)
{
    size_t        size;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, **link;

    link = out;

    if (*out) {
        cl = (*out == pr->head) ? pr->link : *out;

        while (cl->next) {
            cl = cl->next;
        }

        if (cl == pr->link
            && *out == pr->head
            && cl->buf->end - cl->buf->last >= NGX_GW_PB_PRINT_TEXT)
        {
            b = cl->buf;
            pr->undo = &cl->next;
            pr->tail = cl;
            pr->tail_last = b->last;

            goto found;
        }

        link = &cl->next;
    }

    size = ngx_max(hint, NGX_GW_PB_PRINT_SMALL);
    size = ngx_min(ngx_align(size, 1024), NGX_GW_PB_PRINT_BUFFER);

    cl = ngx_gw_pb_print_buffer(pr, size);
    if (cl == NULL) {
        pr->rc = NGX_ERROR;
        return NULL;
    }

    *link = cl;
    pr->undo = link;
    pr->tail = NULL;

    b = cl->buf;

found:

    pr->link = cl;
    pr->head = *out;
    pr->written = 0;
    pr->limit = 0;
    pr->start = b->last;
    pr->end = b->end;

    return b->last;
}


/* takes the comma back that is behind the last value */

void
ngx_gw_pb_print_commit(ngx_gw_pb_printer_t *pr, u_char *dst,
    ngx_chain_t **out, size_t *len)
{
    pr->link->buf->last = dst;

    *len += pr->written + (dst - pr->start);
}


/* drops all since ngx_gw_pb_print_open() */

void
ngx_gw_pb_print_abort(ngx_gw_pb_printer_t *pr)
{
    ngx_gw_pb_print_cut(pr, pr->undo);

    if (pr->tail) {

        /* it was appended to a buffer that there was */

        pr->tail->buf->last = pr->tail_last;
        pr->link = pr->tail;

        return;
    }

    pr->head = NULL;
    pr->link = NULL;
}


void
ngx_gw_pb_printer_release(ngx_gw_pb_printer_t *pr, ngx_chain_t *sent)
{
    if (sent) {
        pr->head = NULL;
        pr->link = NULL;

        ngx_gw_pb_print_cut(pr, &sent);
    }
}


void
ngx_gw_pb_print_mark(ngx_gw_pb_printer_t *pr, u_char *dst,
    ngx_gw_pb_print_mark_t *mark)
{
    mark->link = pr->link;
    mark->dst = dst;
    mark->start = pr->start;
    mark->written = pr->written;
}


u_char *
ngx_gw_pb_print_back(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_mark_t *mark)
{
    ngx_gw_pb_print_cut(pr, &mark->link->next);

    pr->link = mark->link;
    pr->end = mark->link->buf->end;
    pr->start = mark->start;
    pr->written = mark->written;

    return mark->dst;
}


u_char *
ngx_gw_pb_print_more(ngx_gw_pb_printer_t *pr, u_char *dst, size_t n)
{
    u_char        c;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (pr->limit && pr->written + (dst - pr->start) > pr->limit) {
        (void) ngx_gw_pb_print_refuse(pr, pr->root, NULL, "too long in JSON");
        pr->excess = 1;
        return NULL;
    }

    cl = ngx_gw_pb_print_buffer(pr, NGX_GW_PB_PRINT_BUFFER);
    if (cl == NULL) {
        pr->rc = NGX_ERROR;
        return NULL;
    }

    c = 0;

    if (dst > pr->start) {
        c = *--dst;

        /* the comma's place */
        n = 1;

    } else {
        n = 0;
    }

    pr->written += dst - pr->start;
    pr->link->buf->last = dst;
    pr->link->next = cl;
    pr->link = cl;

    b = cl->buf;

    pr->start = b->start;
    pr->end = b->end;

    *b->start = c;

    return b->start + n;
}


u_char *
ngx_gw_pb_print_text(ngx_gw_pb_printer_t *pr, const u_char *text, size_t n,
    u_char *dst)
{
    size_t  size;

    do {
        size = ngx_min(n, NGX_GW_PB_PRINT_TEXT);

        dst = ngx_gw_pb_print_room(pr, dst, size + NGX_GW_PB_PRINT_ROOM);
        if (dst == NULL) {
            return NULL;
        }

        dst = ngx_gw_pb_print_copy(dst, text, size);
        text += size;
        n -= size;

    } while (n);

    return dst;
}


u_char *
ngx_gw_pb_print_indent(ngx_gw_pb_printer_t *pr, u_char *dst)
{
    size_t  n;

    n = 1 + 2 * pr->level;

    dst = ngx_gw_pb_print_room(pr, dst, n + NGX_GW_PB_PRINT_ROOM);
    if (dst == NULL) {
        return NULL;
    }

    ngx_memset(dst, ' ', n);
    *dst = '\n';

    return dst + n;
}


static ngx_chain_t *
ngx_gw_pb_print_buffer(ngx_gw_pb_printer_t *pr, size_t size)
{
    u_char       *start, *end;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = pr->free;

    if (cl) {
        pr->free = cl->next;

        start = cl->buf->start;
        end = cl->buf->end;

    } else {
        cl = ngx_alloc_chain_link(pr->pool);
        if (cl == NULL) {
            return NULL;
        }

        cl->buf = ngx_alloc_buf(pr->pool);
        if (cl->buf == NULL) {
            return NULL;
        }

        start = ngx_pnalloc(pr->pool, size);
        if (start == NULL) {
            return NULL;
        }

        end = start + size;
    }

    b = cl->buf;

    /* whatever it was used for */

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->pos = start;
    b->last = start;
    b->start = start;
    b->end = end;
    b->temporary = 1;

    cl->next = NULL;

    return cl;
}


/* cuts off what begins at *link */

static void
ngx_gw_pb_print_cut(ngx_gw_pb_printer_t *pr, ngx_chain_t **link)
{
    ngx_chain_t  *cl, *next;

    for (cl = *link; cl; cl = next) {
        next = cl->next;
        cl->next = pr->free;
        pr->free = cl;
    }

    *link = NULL;
}


void *
ngx_gw_pb_print_grow(ngx_gw_pb_printer_t *pr, void *old, size_t size,
    size_t used, size_t n)
{
    void  *p;

    p = ngx_palloc(pr->pool, n * size);
    if (p == NULL) {
        pr->rc = NGX_ERROR;
        return NULL;
    }

    if (used) {
        ngx_memcpy(p, old, used * size);
    }

    if (old) {
        (void) ngx_pfree(pr->pool, old);
    }

    return p;
}
