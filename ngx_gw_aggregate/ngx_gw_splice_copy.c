
/*
 * ngx_gw_splice: what is wanted of a text is found and copied.
 *
 * A frame stands for each open object or array whose members the plan tells
 * apart, from the root down; what is below a value that is wanted or not as a
 * whole has none.  Bytes that are wanted are copied at the end of their piece,
 * or when something must be decided; offsets into the result count those that
 * are still to be copied.
 */


#include "ngx_gw_splice.h"
#include "ngx_gw_splice_internal.h"
#include "ngx_gw_json.h"


static ngx_gw_splice_frame_t *ngx_gw_splice_push(ngx_gw_splice_t *s);
static void ngx_gw_splice_item(ngx_gw_splice_frame_t *f);
static ngx_uint_t ngx_gw_splice_kept(ngx_gw_splice_frame_t *f,
    ngx_uint_t type);
static void ngx_gw_splice_forget(ngx_gw_splice_t *s,
    const ngx_gw_plan_node_t *node);
static ngx_int_t ngx_gw_splice_rename(ngx_gw_splice_t *s, const u_char *p,
    const ngx_gw_plan_node_t *node);
static ngx_int_t ngx_gw_splice_lookup(ngx_gw_splice_t *s, u_char *name,
    size_t len);
static const ngx_gw_plan_node_t *ngx_gw_splice_child(
    const ngx_gw_plan_node_t *node, ngx_str_t *name);
static ngx_int_t ngx_gw_splice_partial(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);
static ngx_int_t ngx_gw_splice_flush(ngx_gw_splice_t *s, const u_char *p);
static void ngx_gw_splice_cleanup(void *data);


static const ngx_gw_plan_node_t  ngx_gw_plan_all_root = {
    .slot = NGX_GW_PLAN_NONE,
    .select = 1,
    .selects = 1
};

const ngx_gw_plan_t  ngx_gw_plan_all = {
    .root = &ngx_gw_plan_all_root,
    .select = 1,
    .whole = 1
};


/* offset in the result of what is at p */

static ngx_inline size_t
ngx_gw_splice_at(ngx_gw_splice_t *s, const u_char *p)
{
    return s->result.len + (s->copying ? p - s->from : 0);
}


/* from p on nothing is copied, and what was behind offset end is no more */

static ngx_inline ngx_int_t
ngx_gw_splice_back(ngx_gw_splice_t *s, size_t end)
{
    if (s->copying && end > s->result.len) {

        if (ngx_gw_splice_flush(s, s->from + (end - s->result.len))
            != NGX_OK)
        {
            return s->rc;
        }
    }

    s->result.len = end;
    s->copying = 0;

    return NGX_OK;
}


static ngx_inline void
ngx_gw_splice_copy_from(ngx_gw_splice_t *s, const u_char *p)
{
    s->from = p;
    s->copying = 1;
}


/* has a node something to say about members of a value of this type? */

static ngx_inline ngx_uint_t
ngx_gw_splice_leads_on(const ngx_gw_plan_node_t *node, ngx_uint_t type)
{
    if (node == NULL) {
        return 0;
    }

    if (type == NGX_GW_SPLICE_OBJECT) {
        return node->nnames != 0;
    }

    return node->nitems != 0 || node->star != NULL;
}


ngx_int_t
ngx_gw_splice_value_begin(ngx_gw_splice_t *s, const u_char *p,
    ngx_uint_t type)
{
    ngx_uint_t                 inside, all;
    ngx_gw_splice_slot_t      *slot;
    ngx_gw_splice_frame_t     *f;
    const ngx_gw_plan_node_t  *pointer, *field;

    f = s->frame;

    if (f->array) {
        ngx_gw_splice_item(f);
    }

    field = NULL;
    inside = 0;
    all = 0;

    pointer = f->member_pointer;

    if (pointer) {

        if (pointer->selects || pointer->nslots) {
            ngx_gw_splice_forget(s, pointer);
        }

        if (pointer->slot != NGX_GW_PLAN_NONE) {
            slot = &s->slots[pointer->slot];
            slot->type = type;
            slot->from = p;

            s->active[s->nactive++] = pointer->slot;
        }
    }

    if (f->inside) {

        if (!ngx_gw_splice_kept(f, type)) {
            f->dropped = 1;

            if (ngx_gw_splice_back(s, f->end) != NGX_OK) {
                return s->rc;
            }

        } else {
            f->dropped = 0;
            f->kept++;

            field = f->member_field;
            inside = 1;
            all = f->all || field->keep;
        }

    } else if (pointer && pointer->select) {
        ngx_gw_splice_copy_from(s, p);
        s->type = type;

        field = s->plan->selected;
        inside = 1;
        all = !s->plan->keep;
    }

    if (type < NGX_GW_SPLICE_ARRAY) {
        return NGX_OK;
    }

    if ((all || !inside)
        && !ngx_gw_splice_leads_on(pointer, type)
        && !ngx_gw_splice_leads_on(field, type))
    {
        return NGX_OK;
    }

    f = ngx_gw_splice_push(s);
    if (f == NULL) {
        return s->rc;
    }

    f->pointer = pointer;
    f->field = field;
    f->array = (type == NGX_GW_SPLICE_ARRAY);
    f->inside = (u_char) inside;
    f->all = (u_char) all;
    f->end = ngx_gw_splice_at(s, p) + 1;

    return NGX_OK;
}


/* a frame for the value that begins, whose members are looked at */

static ngx_gw_splice_frame_t *
ngx_gw_splice_push(ngx_gw_splice_t *s)
{
    ngx_uint_t              n;
    ngx_gw_splice_frame_t  *frames;

    n = s->frame - s->frames + 1;

    if (n == s->nframes) {
        frames = ngx_palloc(s->pool, 2 * n * sizeof(ngx_gw_splice_frame_t));
        if (frames == NULL) {
            s->rc = NGX_ERROR;
            return NULL;
        }

        ngx_memcpy(frames, s->frames, n * sizeof(ngx_gw_splice_frame_t));

        s->frames = frames;
        s->nframes = 2 * n;
    }

    s->frame = &s->frames[n];
    ngx_memzero(s->frame, sizeof(ngx_gw_splice_frame_t));

    s->hook++;

    return s->frame;
}


/* finds where the next item of an array is in the tries */

static void
ngx_gw_splice_item(ngx_gw_splice_frame_t *f)
{
    const ngx_gw_plan_node_t  *node;

    node = f->pointer;
    f->member_pointer = NULL;

    if (node && f->pi < node->nitems && node->items[f->pi].index == f->index) {
        f->member_pointer = node->items[f->pi++].node;
    }

    node = f->field;
    f->member_field = NULL;

    if (node) {
        f->member_field = node->star;

        if (f->fi < node->nitems && node->items[f->fi].index == f->index) {
            f->member_field = node->items[f->fi++].node;
        }
    }

    f->index++;
}


static ngx_uint_t
ngx_gw_splice_kept(ngx_gw_splice_frame_t *f, ngx_uint_t type)
{
    const ngx_gw_plan_node_t  *field;

    field = f->member_field;

    if (field == NULL) {
        return f->all;
    }

    if (field->drop) {
        return 0;
    }

    return f->all || field->keep
           || (field->some && type >= NGX_GW_SPLICE_ARRAY);
}


/* a value comes (again): what an earlier one of this path has given is void */

static void
ngx_gw_splice_forget(ngx_gw_splice_t *s, const ngx_gw_plan_node_t *node)
{
    ngx_uint_t             i;
    ngx_gw_splice_slot_t  *slot;

    if (node->selects) {
        s->type = NGX_GW_SPLICE_NONE;
        s->result.len = 0;
    }

    for (i = 0; i < node->nslots; i++) {
        slot = &s->slots[node->slots[i]];
        slot->type = NGX_GW_SPLICE_NONE;
        slot->buf.len = 0;
    }
}


ngx_int_t
ngx_gw_splice_value_end(ngx_gw_splice_t *s, const u_char *p)
{
    ngx_gw_splice_slot_t      *slot;
    ngx_gw_splice_frame_t     *f;
    const ngx_gw_plan_node_t  *pointer;

    f = s->frame;
    pointer = f->member_pointer;

    if (pointer) {

        if (pointer->slot != NGX_GW_PLAN_NONE) {
            s->nactive--;
            slot = &s->slots[pointer->slot];

            if (ngx_gw_splice_append(s, &slot->buf, slot->from, p - slot->from)
                != NGX_OK)
            {
                return s->rc;
            }
        }

        if (pointer->select) {

            if (ngx_gw_splice_flush(s, p) != NGX_OK) {
                return s->rc;
            }

            s->copying = 0;
        }
    }

    if (f->inside && !f->dropped) {
        f->end = ngx_gw_splice_at(s, p);
    }

    return NGX_OK;
}


void
ngx_gw_splice_comma(ngx_gw_splice_t *s, const u_char *p)
{
    ngx_gw_splice_frame_t  *f;

    f = s->frame;

    if (f->inside && !s->copying) {
        ngx_gw_splice_copy_from(s, f->kept ? p : p + 1);
    }

    /* an array of which no further item is of interest is left alone */

    if (f->array
        && (!f->inside || f->all)
        && (f->pointer == NULL || f->pi == f->pointer->nitems)
        && (f->field == NULL
            || (f->field->star == NULL && f->fi == f->field->nitems)))
    {
        s->frame--;
        s->hook--;
    }
}


/* the bracket at p closes what the innermost frame is of */

void
ngx_gw_splice_close(ngx_gw_splice_t *s, const u_char *p)
{
    ngx_gw_splice_frame_t  *f;

    f = s->frame;

    if (f->inside && !s->copying) {
        ngx_gw_splice_copy_from(s, p);
    }

    s->frame--;
    s->hook--;
}


void
ngx_gw_splice_name_begin(ngx_gw_splice_t *s, const u_char *p)
{
    s->frame->name = ngx_gw_splice_at(s, p);
    s->member = p + 1;
    s->partial.len = 0;
}


/* p is behind the name's closing quote */

ngx_int_t
ngx_gw_splice_name_end(ngx_gw_splice_t *s, const u_char *p)
{
    u_char                    *name;
    size_t                     len;
    ngx_gw_splice_frame_t     *f;
    const ngx_gw_plan_node_t  *field;

    f = s->frame;

    if (s->member) {
        name = (u_char *) s->member;
        len = p - 1 - s->member;

    } else if (f->inside) {

        /* it came in pieces, and is in the result */

        if (ngx_gw_splice_flush(s, p) != NGX_OK) {
            return s->rc;
        }

        name = s->result.data + f->name + 1;
        len = s->result.len - f->name - 2;

    } else {

        if (ngx_gw_splice_partial(s, s->data, p - 1) != NGX_OK) {
            return s->rc;
        }

        name = s->partial.len ? s->partial.data : (u_char *) "";
        len = s->partial.len;
    }

    if (ngx_gw_splice_lookup(s, name, len) != NGX_OK) {
        return s->rc;
    }

    field = f->member_field;

    if (field && field->rename.data) {
        return ngx_gw_splice_rename(s, p, field);
    }

    return NGX_OK;
}


/* puts another name in the place of the one that ends before p */

static ngx_int_t
ngx_gw_splice_rename(ngx_gw_splice_t *s, const u_char *p,
    const ngx_gw_plan_node_t *node)
{
    ngx_gw_splice_frame_t  *f;

    f = s->frame;

    if (ngx_gw_splice_back(s, f->name) != NGX_OK
        || ngx_gw_splice_append(s, &s->result, node->rename.data,
                                node->rename.len)
           != NGX_OK)
    {
        return s->rc;
    }

    ngx_gw_splice_copy_from(s, p);

    return NGX_OK;
}


/* finds where a name, as it stands, is in the tries */

static ngx_int_t
ngx_gw_splice_lookup(ngx_gw_splice_t *s, u_char *name, size_t len)
{
    ngx_str_t               text;
    ngx_gw_splice_frame_t  *f;

    f = s->frame;

    f->member_pointer = NULL;
    f->member_field = NULL;

    text.data = name;
    text.len = len;

    if (s->escaped) {

        /* a character takes six bytes at most */

        if (len > 6 * s->plan->max_name) {
            return NGX_OK;
        }

        s->scratch.len = 0;

        if (ngx_gw_splice_room(s, &s->scratch, len) != NGX_OK) {
            return s->rc;
        }

        text.data = s->scratch.data;
        text.len = ngx_gw_splice_unescape(text.data, name, len) - text.data;
    }

    if (f->pointer) {
        f->member_pointer = ngx_gw_splice_child(f->pointer, &text);
    }

    if (f->field) {
        f->member_field = ngx_gw_splice_child(f->field, &text);
    }

    return NGX_OK;
}


static const ngx_gw_plan_node_t *
ngx_gw_splice_child(const ngx_gw_plan_node_t *node, ngx_str_t *name)
{
    uint32_t             slot;
    ngx_uint_t           i;
    ngx_gw_plan_name_t  *n;

    if (node->table) {
        slot = ngx_gw_json_hash(name->data, name->len);

        for ( ;; ) {
            slot &= node->mask;

            i = node->table[slot++];

            if (i == 0) {
                return NULL;
            }

            n = &node->names[i - 1];

            if (n->name.len == name->len
                && ngx_memcmp(n->name.data, name->data, name->len) == 0)
            {
                return n->node;
            }
        }
    }

    for (i = 0; i < node->nnames; i++) {
        n = &node->names[i];

        if (n->name.len == name->len
            && ngx_memcmp(n->name.data, name->data, name->len) == 0)
        {
            return n->node;
        }
    }

    return NULL;
}


void
ngx_gw_splice_piece_begin(ngx_gw_splice_t *s, const u_char *p)
{
    ngx_uint_t  i;

    s->from = p;
    s->member = NULL;

    for (i = 0; i < s->nactive; i++) {
        s->slots[s->active[i]].from = p;
    }
}


ngx_int_t
ngx_gw_splice_piece_end(ngx_gw_splice_t *s, const u_char *end)
{
    ngx_uint_t             i;
    ngx_gw_splice_slot_t  *slot;

    if (ngx_gw_splice_flush(s, end) != NGX_OK) {
        return s->rc;
    }

    for (i = 0; i < s->nactive; i++) {
        slot = &s->slots[s->active[i]];

        if (ngx_gw_splice_append(s, &slot->buf, slot->from, end - slot->from)
            != NGX_OK)
        {
            return s->rc;
        }
    }

    if (s->name && s->depth == s->hook && !s->frame->inside) {

        /* a name that goes on, and is copied nowhere else */

        return ngx_gw_splice_partial(s, s->member ? s->member : s->data, end);
    }

    return NGX_OK;
}


/*
 * A part of a name that came in pieces.  A name of the plan is six times as
 * long at most, where all of it is escaped: one byte more is no name of it.
 */

static ngx_int_t
ngx_gw_splice_partial(ngx_gw_splice_t *s, const u_char *p, const u_char *end)
{
    size_t  len, most;

    len = end - p;
    most = 6 * s->plan->max_name + 1 - s->partial.len;

    return ngx_gw_splice_append(s, &s->partial, p, ngx_min(len, most));
}


/* copies what is still to be copied of what is before p */

static ngx_int_t
ngx_gw_splice_flush(ngx_gw_splice_t *s, const u_char *p)
{
    size_t                len, n, first;
    ngx_gw_splice_buf_t  *buf;

    if (!s->copying || p == s->from) {
        return NGX_OK;
    }

    buf = &s->result;
    len = p - s->from;

    if (len > buf->size - buf->len) {
        n = len;

        if (buf->size == 0) {
            first = s->plan->whole ? s->length
                                   : ngx_min(s->length, NGX_GW_SPLICE_FIRST);
            n = ngx_max(n, first);
        }

        if (ngx_gw_splice_room(s, buf, n) != NGX_OK) {
            return s->rc;
        }
    }

    ngx_memcpy(buf->data + buf->len, s->from, len);
    buf->len += len;

    s->from = p;

    return NGX_OK;
}


ngx_int_t
ngx_gw_splice_append(ngx_gw_splice_t *s, ngx_gw_splice_buf_t *buf,
    const u_char *data, size_t len)
{
    if (len == 0) {
        return NGX_OK;
    }

    if (len > buf->size - buf->len
        && ngx_gw_splice_room(s, buf, len) != NGX_OK)
    {
        return s->rc;
    }

    ngx_memcpy(buf->data + buf->len, data, len);
    buf->len += len;

    return NGX_OK;
}


ngx_int_t
ngx_gw_splice_room(ngx_gw_splice_t *s, ngx_gw_splice_buf_t *buf, size_t n)
{
    size_t   size, need;
    u_char  *data;

    need = buf->len + n;

    if (need <= buf->size) {
        return NGX_OK;
    }

    if (buf == &s->result && need > NGX_GW_SPLICE_MAX_LEN) {
        s->error = NGX_GW_SPLICE_SIZE;
        s->rc = NGX_DECLINED;
        return s->rc;
    }

    /* first as much as is wanted, then twice as much each time */

    size = ngx_max(need, 2 * buf->size);

    if (size > s->length && need <= s->length && buf == &s->result) {
        size = s->length;
    }

    if (size <= NGX_GW_SPLICE_SMALL) {
        data = ngx_palloc(s->pool, size);

    } else {

        if (s->cleanup == NULL) {
            s->cleanup = ngx_pool_cleanup_add(s->pool, 0);
            if (s->cleanup == NULL) {
                goto failed;
            }

            s->cleanup->handler = ngx_gw_splice_cleanup;
            s->cleanup->data = s;
        }

        if (buf->heap) {
            data = realloc(buf->data, size);

        } else {
            data = ngx_alloc(size, s->pool->log);
        }
    }

    if (data == NULL) {
        goto failed;
    }

    if (!buf->heap && buf->len) {
        ngx_memcpy(data, buf->data, buf->len);
    }

    buf->data = data;
    buf->size = size;
    buf->heap = (size > NGX_GW_SPLICE_SMALL);

    return NGX_OK;

failed:

    s->rc = NGX_ERROR;

    return NGX_ERROR;
}


void
ngx_gw_splice_free(ngx_gw_splice_t *s)
{
    ngx_gw_splice_cleanup(s);
}


static void
ngx_gw_splice_cleanup(void *data)
{
    ngx_gw_splice_t  *s = data;

    ngx_uint_t            i, n;
    ngx_gw_splice_buf_t  *buf;

    n = s->plan->nslots + 3;

    for (i = 0; i < n; i++) {

        switch (i) {

        case 0:
            buf = &s->result;
            break;

        case 1:
            buf = &s->partial;
            break;

        case 2:
            buf = &s->scratch;
            break;

        default:
            buf = &s->slots[i - 3].buf;
        }

        if (buf->heap) {
            ngx_free(buf->data);
        }

        ngx_memzero(buf, sizeof(ngx_gw_splice_buf_t));
    }
}


ngx_gw_picked_t *
ngx_gw_splice_picked(ngx_gw_splice_t *s, ngx_uint_t variable)
{
    ngx_gw_picked_t       *picked;
    ngx_gw_splice_slot_t  *slot;

    slot = &s->slots[s->plan->variables[variable]];
    picked = &slot->picked;

    picked->type = slot->type;
    picked->text.len = slot->buf.len;
    picked->text.data = slot->type == NGX_GW_SPLICE_NONE ? NULL
                                                         : slot->buf.data;

    return picked;
}
