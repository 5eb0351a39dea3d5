
/*
 * ngx_gw_splice: the index of an object that is to be merged.
 */


#include "ngx_gw_splice.h"
#include "ngx_gw_splice_internal.h"


/* objects of up to so many members are searched for duplicates in place */
#define NGX_GW_SPLICE_FEW  12


static ngx_uint_t ngx_gw_splice_same(ngx_gw_splice_t *s, uint32_t a,
    uint32_t b);


ngx_int_t
ngx_gw_splice_member(ngx_gw_splice_t *s, size_t pos, ngx_uint_t type)
{
    size_t                  size;
    uint32_t                n;
    ngx_gw_member_t        *members, *member;
    ngx_gw_splice_frame_t  *f;

    size = (s->members.size ? 1 : NGX_GW_SPLICE_FEW) * sizeof(ngx_gw_member_t);

    if (size > s->members.size - s->members.len
        && ngx_gw_splice_room(s, &s->members, size) != NGX_OK)
    {
        return s->rc;
    }

    f = s->frame;

    members = (ngx_gw_member_t *) s->members.data;
    n = s->members.len / sizeof(ngx_gw_member_t);
    s->members.len += sizeof(ngx_gw_member_t);

    if (f->kept) {
        members[f->last].next = n;

    } else {
        f->first = n;
    }

    f->last = n;

    member = &members[n];

    member->hash = f->hash;
    member->name = (uint32_t) f->name + 1;
    member->nlen = f->nlen;
    member->pos = (uint32_t) pos;
    member->len = 0;
    member->next = 0;
    member->type = (uint8_t) type;
    member->escaped = f->escaped;
    member->empty = 0;

    return NGX_OK;
}


/*
 * Done when the object is closed; each member is looked at once, and the
 * table is used by one object after the other.
 */

ngx_int_t
ngx_gw_splice_duplicates(ngx_gw_splice_t *s, const u_char *p)
{
    uint32_t                i, j, mask, slot, *table;
    uint64_t                seen, bit;
    ngx_gw_member_t        *members;
    ngx_gw_splice_frame_t  *f;

    f = s->frame;

    if (f->kept <= NGX_GW_SPLICE_FEW) {
        members = (ngx_gw_member_t *) s->members.data;

        /* a set of 6 bits of each hash saves most comparisons */

        seen = 0;
        i = f->first;

        do {
            bit = (uint64_t) 1 << (members[i].hash & 63);

            if (seen & bit) {
                for (j = f->first; j != i; j = members[j].next) {
                    if (ngx_gw_splice_same(s, i, j)) {
                        goto found;
                    }
                }
            }

            seen |= bit;
            i = members[i].next;

        } while (i);

        return NGX_OK;
    }

    /* twice the members, rounded up to a power of two */

    for (mask = 32; mask < f->kept * 2; mask *= 2) { /* void */ }

    s->scratch.len = 0;

    if (ngx_gw_splice_room(s, &s->scratch, mask * sizeof(uint32_t))
        != NGX_OK)
    {
        return s->rc;
    }

    table = (uint32_t *) s->scratch.data;
    ngx_memzero(table, mask * sizeof(uint32_t));
    mask--;

    members = (ngx_gw_member_t *) s->members.data;
    i = f->first;

    do {
        slot = members[i].hash & mask;

        while (table[slot]) {

            if (ngx_gw_splice_same(s, i, table[slot] - 1)) {
                goto found;
            }

            slot = (slot + 1) & mask;
        }

        table[slot] = i + 1;
        i = members[i].next;

    } while (i);

    return NGX_OK;

found:

    (void) ngx_gw_splice_refuse(s, p, NGX_GW_SPLICE_DUPLICATE);

    return s->rc;
}


static ngx_uint_t
ngx_gw_splice_same(ngx_gw_splice_t *s, uint32_t a, uint32_t b)
{
    ngx_gw_member_t  *members, *x, *y;

    members = (ngx_gw_member_t *) s->members.data;
    x = &members[a];
    y = &members[b];

    if (x->hash != y->hash) {
        return 0;
    }

    return ngx_gw_json_string_same(s->result.data + x->name, x->nlen,
                                   s->result.data + y->name, y->nlen);
}


ngx_gw_member_t *
ngx_gw_splice_index(ngx_gw_splice_t *s, ngx_uint_t *n)
{
    *n = s->members.len / sizeof(ngx_gw_member_t);

    return (ngx_gw_member_t *) s->members.data;
}
