
/*
 * ngx_gw_document, an index of a text that came without one: defaults, and
 * values that a later line puts something into.
 *
 * The text is known to be valid, so its brackets and quotes are all that is
 * looked at.  A member that is an object, and still open, keeps its parent in
 * "next", which is set only when its next sibling comes.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"
#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


#define NGX_GW_DOCUMENT_NONE  0xffffffff


static ngx_gw_member_t *ngx_gw_document_member(ngx_array_t *index,
    ngx_gw_source_t *source, u_char **pos);
static u_char *ngx_gw_document_string(u_char *p, u_char *end);
static u_char *ngx_gw_document_array(u_char *p, u_char *end);


ngx_int_t
ngx_gw_document_index(ngx_pool_t *pool, ngx_gw_source_t *source)
{
    u_char           *p, *end;
    uint32_t          parent, last, n;
    ngx_array_t       index;
    ngx_gw_member_t  *m;

    if (ngx_array_init(&index, pool, ngx_min(source->len / 16 + 1, 1024),
                       sizeof(ngx_gw_member_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    parent = NGX_GW_DOCUMENT_NONE;
    last = NGX_GW_DOCUMENT_NONE;
    p = source->data + 1;
    end = source->data + source->len;

    for ( ;; ) {
        p = ngx_gw_document_space(p);

        if (*p == ',') {
            p++;
            continue;
        }

        m = index.elts;

        if (*p == '}') {

            if (parent == NGX_GW_DOCUMENT_NONE) {
                break;
            }

            p++;

            last = parent;
            m += parent;
            m->len = p - source->data - m->pos;
            parent = m->next;
            m->next = 0;

            continue;
        }

        n = index.nelts;

        if (last != NGX_GW_DOCUMENT_NONE) {
            m[last].next = n;
        }

        if (parent != NGX_GW_DOCUMENT_NONE) {
            m[parent].empty = 0;
        }

        last = n;

        m = ngx_gw_document_member(&index, source, &p);
        if (m == NULL) {
            return NGX_ERROR;
        }

        switch (m->type) {

        case NGX_GW_SPLICE_OBJECT:
            m->next = parent;
            m->empty = 1;
            parent = n;
            last = NGX_GW_DOCUMENT_NONE;
            p++;
            continue;

        case NGX_GW_SPLICE_ARRAY:
            m->empty = (*ngx_gw_document_space(p + 1) == ']');
            p = ngx_gw_document_array(p, end);
            break;

        case NGX_GW_SPLICE_STRING:
            p = ngx_gw_document_string(p + 1, end);
            break;

        default:
            while (*p != ',' && *p != '}' && *p > ' ') {
                p++;
            }
        }

        m->len = p - source->data - m->pos;
    }

    source->index = index.elts;
    source->n = index.nelts;

    return NGX_OK;
}


/* *pos is at the quote of a name, then at the value */

static ngx_gw_member_t *
ngx_gw_document_member(ngx_array_t *index, ngx_gw_source_t *source,
    u_char **pos)
{
    u_char           *p, *name;
    ngx_uint_t        escaped;
    ngx_gw_member_t  *m;

    m = ngx_array_push(index);
    if (m == NULL) {
        return NULL;
    }

    name = *pos + 1;
    p = ngx_gw_document_string(name, source->data + source->len);

    m->name = name - source->data;
    m->nlen = p - 1 - name;

    escaped = (memchr(name, '\\', m->nlen) != NULL);

    m->hash = escaped ? ngx_gw_json_hash_escaped(name, m->nlen)
                      : ngx_gw_json_hash(name, m->nlen);

    p = ngx_gw_document_space(p);
    p = ngx_gw_document_space(p + 1);

    m->pos = p - source->data;
    m->len = 0;
    m->next = 0;
    m->type = (uint8_t) ngx_gw_document_type(*p);
    m->escaped = (uint8_t) escaped;
    m->empty = 0;

    *pos = p;

    return m;
}


/* p is behind a quote; what is behind the one that ends the string */

static u_char *
ngx_gw_document_string(u_char *p, u_char *end)
{
    u_char  *q, *start;

    for (start = p; /* void */ ; p++) {
        p = memchr(p, '"', end - p);

        /* a quote belongs to the string if it is escaped */

        for (q = p; q > start && q[-1] == '\\'; q--) { /* void */ }

        if ((p - q) % 2 == 0) {
            return p + 1;
        }
    }
}


/* p is at a bracket; what is behind the one that ends the array */

static u_char *
ngx_gw_document_array(u_char *p, u_char *end)
{
    ngx_uint_t  depth;

    depth = 0;

    for ( ;; ) {

        switch (*p++) {

        case '[':
        case '{':
            depth++;
            break;

        case ']':
        case '}':
            if (--depth == 0) {
                return p;
            }

            break;

        case '"':
            p = ngx_gw_document_string(p, end);
            break;
        }
    }
}
