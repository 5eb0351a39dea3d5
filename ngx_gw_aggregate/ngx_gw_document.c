
/*
 * ngx_gw_document: putting things into the document.
 *
 * Slots of an object are moved when one is added to it: pointers to slots are
 * valid until then.  Nodes stay where they are.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"
#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


/* objects with no more members have no buckets */
#define NGX_GW_DOCUMENT_FEW    8

/* blocks of at least so many bytes are freed when they have become too small:
   the pool looks for them in a list */
#define NGX_GW_DOCUMENT_LARGE  65536


static ngx_gw_source_t *ngx_gw_document_source(ngx_gw_document_t *doc,
    const ngx_str_t *json);
static ngx_gw_slot_t *ngx_gw_document_at(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place);
static void ngx_gw_document_put(ngx_gw_slot_t *slot, ngx_gw_source_t *source,
    const ngx_gw_member_t *member);

static ngx_int_t ngx_gw_document_combine(ngx_gw_document_t *doc,
    ngx_gw_slot_t *slot, ngx_gw_source_t *source,
    const ngx_gw_member_t *member, ngx_uint_t concat, ngx_gw_node_t **node);
static ngx_int_t ngx_gw_document_merge_member(ngx_gw_document_t *doc,
    ngx_gw_node_t *node, ngx_gw_source_t *source, ngx_uint_t concat,
    ngx_gw_node_t **child);

static ngx_uint_t ngx_gw_document_value_type(const ngx_gw_value_t *value);
static ngx_uint_t ngx_gw_document_empty(const ngx_gw_value_t *value);
static ngx_int_t ngx_gw_document_first(ngx_pool_t *pool,
    ngx_gw_source_t *source, const ngx_gw_member_t *object,
    const ngx_gw_member_t **first);
static ngx_uint_t ngx_gw_document_count(const ngx_gw_source_t *source,
    const ngx_gw_member_t *first);

static ngx_gw_node_t *ngx_gw_document_object(ngx_gw_document_t *doc,
    ngx_gw_slot_t *slot, ngx_uint_t more);
static ngx_int_t ngx_gw_document_find(ngx_gw_document_t *doc,
    ngx_gw_node_t *node, const ngx_gw_step_t *step, ngx_gw_slot_t **found);
static ngx_gw_slot_t *ngx_gw_document_add(ngx_gw_document_t *doc,
    ngx_gw_node_t *node, const ngx_gw_step_t *step);
static ngx_int_t ngx_gw_document_buckets(ngx_gw_document_t *doc,
    ngx_gw_node_t *node);

static ngx_gw_node_t *ngx_gw_document_array(ngx_gw_document_t *doc,
    ngx_gw_slot_t *slot);
static ngx_int_t ngx_gw_document_item(ngx_gw_document_t *doc,
    ngx_gw_node_t *node, u_char *data, size_t len);
static ngx_int_t ngx_gw_document_items(ngx_gw_document_t *doc,
    ngx_gw_node_t *node, const ngx_gw_value_t *array);


static ngx_str_t  ngx_gw_document_nothing = ngx_string("{}");


ngx_gw_document_t *
ngx_gw_document_create(ngx_pool_t *pool)
{
    ngx_gw_source_t    *source;
    ngx_gw_document_t  *doc;

    doc = ngx_pcalloc(pool, sizeof(ngx_gw_document_t));
    if (doc == NULL) {
        return NULL;
    }

    doc->pool = pool;

    source = ngx_gw_document_source(doc, &ngx_gw_document_nothing);
    if (source == NULL) {
        return NULL;
    }

    ngx_gw_document_put(&doc->root, source, NULL);

    return doc;
}


ngx_int_t
ngx_gw_document_set(ngx_gw_document_t *doc, const ngx_gw_place_t *place,
    const ngx_str_t *json)
{
    ngx_gw_slot_t    *slot;
    ngx_gw_source_t  *source;

    source = ngx_gw_document_source(doc, json);
    if (source == NULL) {
        return NGX_ERROR;
    }

    slot = ngx_gw_document_at(doc, place);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    ngx_gw_document_put(slot, source, NULL);

    return NGX_OK;
}


ngx_int_t
ngx_gw_document_append(ngx_gw_document_t *doc, const ngx_gw_place_t *place,
    const ngx_str_t *json)
{
    ngx_gw_node_t  *node;
    ngx_gw_slot_t  *slot;

    slot = ngx_gw_document_at(doc, place);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    node = ngx_gw_document_array(doc, slot);
    if (node == NULL) {
        return NGX_ERROR;
    }

    return ngx_gw_document_item(doc, node, json->data, json->len);
}


ngx_int_t
ngx_gw_document_merge(ngx_gw_document_t *doc, const ngx_gw_place_t *place,
    const ngx_str_t *json, const ngx_gw_member_t *index, ngx_uint_t n,
    ngx_uint_t concat)
{
    ngx_gw_node_t    *node, *child;
    ngx_gw_slot_t    *slot;
    ngx_gw_source_t  *source;

    source = ngx_gw_document_source(doc, json);
    if (source == NULL) {
        return NGX_ERROR;
    }

    if (n) {
        source->index = index;
        source->n = n;
    }

    slot = ngx_gw_document_at(doc, place);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    if (ngx_gw_document_combine(doc, slot, source, NULL, concat, &node)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* depth first, so that a node is merged into by one object at a time */

    while (node) {

        if (node->todo == NULL) {
            node = node->up;
            continue;
        }

        if (ngx_gw_document_merge_member(doc, node, source, concat, &child)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (child) {
            child->up = node;
            node = child;
        }
    }

    return NGX_OK;
}


static ngx_gw_source_t *
ngx_gw_document_source(ngx_gw_document_t *doc, const ngx_str_t *json)
{
    ngx_gw_source_t  *source;

    source = ngx_palloc(doc->pool, sizeof(ngx_gw_source_t));
    if (source == NULL) {
        return NULL;
    }

    source->data = json->data;
    source->len = json->len;
    source->index = NULL;
    source->n = 0;

    return source;
}


/* the slot of a place, which is made if it is not there; NULL: no memory */

static ngx_gw_slot_t *
ngx_gw_document_at(ngx_gw_document_t *doc, const ngx_gw_place_t *place)
{
    ngx_int_t       rc;
    ngx_uint_t      i;
    ngx_gw_node_t  *node;
    ngx_gw_slot_t  *slot;

    slot = &doc->root;

    for (i = 0; i < place->nsteps; i++) {

        node = ngx_gw_document_object(doc, slot, 1);
        if (node == NULL) {
            return NULL;
        }

        rc = ngx_gw_document_find(doc, node, &place->steps[i], &slot);

        if (rc == NGX_DECLINED) {
            slot = ngx_gw_document_add(doc, node, &place->steps[i]);
        }

        if (rc == NGX_ERROR || slot == NULL) {
            return NULL;
        }
    }

    return slot;
}


static void
ngx_gw_document_put(ngx_gw_slot_t *slot, ngx_gw_source_t *source,
    const ngx_gw_member_t *member)
{
    slot->value.source = source;
    slot->value.u.member = member;
    slot->intact = 0;
}


/*
 * Puts a value on top of the slot's.  *node is the object whose members are
 * to be merged then, from node->todo on, or NULL.
 */

static ngx_int_t
ngx_gw_document_combine(ngx_gw_document_t *doc, ngx_gw_slot_t *slot,
    ngx_gw_source_t *source, const ngx_gw_member_t *member, ngx_uint_t concat,
    ngx_gw_node_t **node)
{
    ngx_uint_t              type;
    ngx_gw_node_t          *into;
    ngx_gw_value_t          value;
    const ngx_gw_member_t  *first;

    *node = NULL;

    value.source = source;
    value.u.member = member;

    type = ngx_gw_document_value_type(&value);

    if (type != ngx_gw_document_value_type(&slot->value)
        || (type != NGX_GW_SPLICE_OBJECT
            && (type != NGX_GW_SPLICE_ARRAY || !concat))
        || ngx_gw_document_empty(&slot->value))
    {
        ngx_gw_document_put(slot, source, member);
        return NGX_OK;
    }

    if (ngx_gw_document_empty(&value)) {
        return NGX_OK;
    }

    if (type == NGX_GW_SPLICE_ARRAY) {

        into = ngx_gw_document_array(doc, slot);
        if (into == NULL) {
            return NGX_ERROR;
        }

        return ngx_gw_document_items(doc, into, &value);
    }

    if (ngx_gw_document_first(doc->pool, source, member, &first) != NGX_OK) {
        return NGX_ERROR;
    }

    into = ngx_gw_document_object(doc, slot,
                                  ngx_gw_document_count(source, first));
    if (into == NULL) {
        return NGX_ERROR;
    }

    into->up = NULL;
    into->todo = first;
    into->run = 0;

    *node = into;

    return NGX_OK;
}


/* the next member that is to be merged into node; *child as for combine() */

static ngx_int_t
ngx_gw_document_merge_member(ngx_gw_document_t *doc, ngx_gw_node_t *node,
    ngx_gw_source_t *source, ngx_uint_t concat, ngx_gw_node_t **child)
{
    ngx_int_t               rc;
    ngx_gw_step_t           step;
    ngx_gw_slot_t          *slot;
    const ngx_gw_member_t  *member;

    *child = NULL;

    member = node->todo;
    node->todo = ngx_gw_document_next(source, member);

    step.name.data = source->data + member->name;
    step.name.len = member->nlen;
    step.hash = member->hash;
    step.escaped = member->escaped;

    rc = ngx_gw_document_find(doc, node, &step, &slot);

    if (rc == NGX_OK) {
        node->run = 0;
        return ngx_gw_document_combine(doc, slot, source, member, concat,
                                       child);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    slot = ngx_gw_document_add(doc, node, &step);
    if (slot == NULL) {
        return NGX_ERROR;
    }

    slot->value.source = source;
    slot->value.u.member = member;
    slot->intact = 1;
    slot->follows = node->run;

    node->run = 1;

    return NGX_OK;
}


static ngx_uint_t
ngx_gw_document_value_type(const ngx_gw_value_t *value)
{
    if (value->source == NULL) {

        if (value->u.node == NULL) {
            return NGX_GW_SPLICE_NONE;
        }

        return value->u.node->array ? NGX_GW_SPLICE_ARRAY
                                    : NGX_GW_SPLICE_OBJECT;
    }

    if (value->u.member) {
        return value->u.member->type;
    }

    return ngx_gw_document_type(*value->source->data);
}


/* the value is an array or an object: has it nothing in it? */

static ngx_uint_t
ngx_gw_document_empty(const ngx_gw_value_t *value)
{
    u_char  c;

    if (value->source == NULL) {
        return value->u.node->n == 0 && value->u.node->items == NULL;
    }

    if (value->u.member) {
        return value->u.member->empty;
    }

    c = *ngx_gw_document_space(value->source->data + 1);

    return c == '}' || c == ']';
}


/* the first member of an object, NULL if it has none */

static ngx_int_t
ngx_gw_document_first(ngx_pool_t *pool, ngx_gw_source_t *source,
    const ngx_gw_member_t *object, const ngx_gw_member_t **first)
{
    if (object) {
        *first = object->empty ? NULL : object + 1;
        return NGX_OK;
    }

    if (source->index == NULL
        && ngx_gw_document_index(pool, source) != NGX_OK)
    {
        return NGX_ERROR;
    }

    *first = source->n ? source->index : NULL;

    return NGX_OK;
}


static ngx_uint_t
ngx_gw_document_count(const ngx_gw_source_t *source,
    const ngx_gw_member_t *first)
{
    ngx_uint_t  n;

    for (n = 0; first; n++) {
        first = ngx_gw_document_next(source, first);
    }

    return n;
}


/*
 * Makes an object that can be added to of what is in the slot, with room for
 * some more members.  NULL: no memory.
 */

static ngx_gw_node_t *
ngx_gw_document_object(ngx_gw_document_t *doc, ngx_gw_slot_t *slot,
    ngx_uint_t more)
{
    ngx_gw_slot_t          *s;
    ngx_gw_node_t          *node;
    ngx_gw_source_t        *source;
    const ngx_gw_member_t  *member;

    member = NULL;
    source = slot->value.source;

    if (ngx_gw_document_value_type(&slot->value) == NGX_GW_SPLICE_OBJECT) {

        if (source == NULL) {
            slot->intact = 0;
            return slot->value.u.node;
        }

        if (ngx_gw_document_first(doc->pool, source, slot->value.u.member,
                                  &member)
            != NGX_OK)
        {
            return NULL;
        }
    }

    node = ngx_pcalloc(doc->pool, sizeof(ngx_gw_node_t));
    if (node == NULL) {
        return NULL;
    }

    node->nalloc = ngx_gw_document_count(source, member) + more;

    node->slots = ngx_palloc(doc->pool, node->nalloc * sizeof(ngx_gw_slot_t));
    if (node->slots == NULL) {
        return NULL;
    }

    for (s = node->slots; member; s++) {
        s->name = source->data + member->name;
        s->nlen = member->nlen;
        s->hash = member->hash;
        s->chain = 0;
        s->escaped = member->escaped;
        s->intact = 1;
        s->follows = (s != node->slots);
        s->value.source = source;
        s->value.u.member = member;

        member = ngx_gw_document_next(source, member);
    }

    node->n = s - node->slots;

    slot->value.source = NULL;
    slot->value.u.node = node;
    slot->intact = 0;

    return node;
}


/* the last slot of this name; NGX_DECLINED: there is none */

static ngx_int_t
ngx_gw_document_find(ngx_gw_document_t *doc, ngx_gw_node_t *node,
    const ngx_gw_step_t *step, ngx_gw_slot_t **found)
{
    uint32_t        i;
    ngx_gw_slot_t  *slot;

    if (node->buckets == NULL
        && node->n > NGX_GW_DOCUMENT_FEW
        && ngx_gw_document_buckets(doc, node) != NGX_OK)
    {
        return NGX_ERROR;
    }

    i = node->buckets ? node->buckets[step->hash & node->mask] : node->n;

    for ( /* void */ ; i; i = node->buckets ? slot->chain : i - 1) {
        slot = &node->slots[i - 1];

        if (slot->hash != step->hash) {
            continue;
        }

        if (slot->escaped || step->escaped) {

            if (!ngx_gw_json_same_escaped(slot->name, slot->nlen,
                                          step->name.data, step->name.len))
            {
                continue;
            }

        } else if (slot->nlen != step->name.len
                   || ngx_memcmp(slot->name, step->name.data, slot->nlen) != 0)
        {
            continue;
        }

        *found = slot;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/* a new slot, without a value, behind the others; NULL: no memory */

static ngx_gw_slot_t *
ngx_gw_document_add(ngx_gw_document_t *doc, ngx_gw_node_t *node,
    const ngx_gw_step_t *step)
{
    size_t          size;
    uint32_t       *bucket;
    ngx_gw_slot_t  *slot;

    if (node->n == node->nalloc) {
        size = node->nalloc * sizeof(ngx_gw_slot_t);

        slot = ngx_palloc(doc->pool, 2 * size);
        if (slot == NULL) {
            return NULL;
        }

        ngx_memcpy(slot, node->slots, size);

        if (size >= NGX_GW_DOCUMENT_LARGE) {
            (void) ngx_pfree(doc->pool, node->slots);
        }

        node->slots = slot;
        node->nalloc *= 2;
    }

    slot = &node->slots[node->n++];

    slot->name = step->name.data;
    slot->nlen = step->name.len;
    slot->hash = step->hash;
    slot->chain = 0;
    slot->escaped = step->escaped;
    slot->intact = 0;
    slot->follows = 0;
    slot->value.source = NULL;
    slot->value.u.node = NULL;

    if (node->buckets == NULL) {
        return slot;
    }

    if (node->n > node->mask) {
        return ngx_gw_document_buckets(doc, node) == NGX_OK ? slot : NULL;
    }

    bucket = &node->buckets[slot->hash & node->mask];
    slot->chain = *bucket;
    *bucket = node->n;

    return slot;
}


static ngx_int_t
ngx_gw_document_buckets(ngx_gw_document_t *doc, ngx_gw_node_t *node)
{
    uint32_t        i, size, *bucket;
    ngx_gw_slot_t  *slot;

    size = 16;

    while (size < node->n + node->n / 2) {
        size *= 2;
    }

    if (node->buckets && (node->mask + 1) * sizeof(uint32_t)
                         >= NGX_GW_DOCUMENT_LARGE)
    {
        (void) ngx_pfree(doc->pool, node->buckets);
    }

    node->buckets = ngx_pcalloc(doc->pool, size * sizeof(uint32_t));
    if (node->buckets == NULL) {
        return NGX_ERROR;
    }

    node->mask = size - 1;

    slot = node->slots;

    for (i = 1; i <= node->n; i++, slot++) {
        bucket = &node->buckets[slot->hash & node->mask];
        slot->chain = *bucket;
        *bucket = i;
    }

    return NGX_OK;
}


/* makes an array that can be added to of what is in the slot */

static ngx_gw_node_t *
ngx_gw_document_array(ngx_gw_document_t *doc, ngx_gw_slot_t *slot)
{
    ngx_gw_node_t  *node;

    if (ngx_gw_document_value_type(&slot->value) == NGX_GW_SPLICE_ARRAY
        && slot->value.source == NULL)
    {
        return slot->value.u.node;
    }

    node = ngx_pcalloc(doc->pool, sizeof(ngx_gw_node_t));
    if (node == NULL) {
        return NULL;
    }

    node->array = 1;

    if (ngx_gw_document_value_type(&slot->value) == NGX_GW_SPLICE_ARRAY
        && !ngx_gw_document_empty(&slot->value)
        && ngx_gw_document_items(doc, node, &slot->value) != NGX_OK)
    {
        return NULL;
    }

    slot->value.source = NULL;
    slot->value.u.node = node;
    slot->intact = 0;

    return node;
}


static ngx_int_t
ngx_gw_document_item(ngx_gw_document_t *doc, ngx_gw_node_t *node, u_char *data,
    size_t len)
{
    ngx_gw_item_t  *item;

    item = ngx_palloc(doc->pool, sizeof(ngx_gw_item_t));
    if (item == NULL) {
        return NGX_ERROR;
    }

    item->data = data;
    item->len = len;
    item->next = NULL;

    if (node->last) {
        node->last->next = item;

    } else {
        node->items = item;
    }

    node->last = item;

    return NGX_OK;
}


/* the items of an array that is a text, not an empty one */

static ngx_int_t
ngx_gw_document_items(ngx_gw_document_t *doc, ngx_gw_node_t *node,
    const ngx_gw_value_t *array)
{
    return ngx_gw_document_item(doc, node, ngx_gw_document_data(array) + 1,
                                ngx_gw_document_len(array) - 2);
}
