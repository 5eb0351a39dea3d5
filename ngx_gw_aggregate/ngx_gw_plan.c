
/*
 * ngx_gw_plan: what is wanted of a text, compiled at configuration.
 *
 * Paths are first put into two tries as they were written: pointers from the
 * root (what is selected, what is picked) and fields from what is selected.
 * "*" and an index may both stand for an item, so a node that is followed at
 * run time is made of a set of those that were written.
 */


#include "ngx_gw_splice.h"
#include "ngx_gw_splice_internal.h"
#include "ngx_gw_json.h"


/* more names than that are looked up by their hashes */
#define NGX_GW_PLAN_FEW        4

/* sets of "*" and indexes may be many more than paths */
#define NGX_GW_PLAN_MAX_NODES  4096

/* longest index, in digits */
#define NGX_GW_PLAN_DIGITS     9


/* a step as it was written, and what is to be done where it leads */
struct ngx_gw_plan_raw_s {
    ngx_str_t           name;
    ngx_gw_plan_raw_t  *child;
    ngx_gw_plan_raw_t  *next;       /* of the same parent */

    ngx_str_t           rename;     /* data NULL: none */
    uint32_t            slot;       /* NONE: not picked */

    unsigned            star:1;
    unsigned            select:1;
    unsigned            keep:1;
    unsigned            drop:1;
};


/* a set of them */
typedef struct {
    ngx_gw_plan_raw_t  **raw;
    ngx_uint_t           n;
} ngx_gw_plan_set_t;


static ngx_int_t ngx_gw_plan_pointer(ngx_gw_plan_t *plan, ngx_str_t *pointer,
    ngx_gw_plan_raw_t *root, ngx_uint_t star, ngx_gw_plan_raw_t **raw,
    const char **error);
static ngx_int_t ngx_gw_plan_field(ngx_gw_plan_t *plan, ngx_str_t *field,
    ngx_gw_plan_raw_t **raw, const char **error);
static ngx_int_t ngx_gw_plan_unescape(ngx_pool_t *pool, ngx_str_t *step,
    u_char *p, u_char *last);
static ngx_gw_plan_raw_t *ngx_gw_plan_step(ngx_gw_plan_t *plan,
    ngx_gw_plan_raw_t *parent, ngx_str_t *name, ngx_uint_t star);
static ngx_gw_plan_raw_t *ngx_gw_plan_raw(ngx_pool_t *pool);
static uint32_t ngx_gw_plan_digits(ngx_str_t *name);
static ngx_int_t ngx_gw_plan_node(ngx_gw_plan_t *plan, ngx_gw_plan_set_t *set,
    ngx_gw_plan_node_t **result, const char **error);
static ngx_int_t ngx_gw_plan_marks(ngx_gw_plan_t *plan,
    ngx_gw_plan_set_t *set, ngx_gw_plan_node_t *node, const char **error);
static ngx_int_t ngx_gw_plan_children(ngx_gw_plan_t *plan,
    ngx_gw_plan_set_t *set, ngx_gw_plan_node_t *node, const char **error);
static ngx_int_t ngx_gw_plan_renames(ngx_gw_plan_node_t *node,
    const char **error);
static ngx_int_t ngx_gw_plan_items(ngx_gw_plan_t *plan,
    ngx_gw_plan_set_t *set, ngx_gw_plan_node_t *node, const char **error);
static void ngx_gw_plan_subset(ngx_gw_plan_set_t *set, ngx_str_t *name,
    ngx_uint_t star, ngx_gw_plan_set_t *subset);
static ngx_int_t ngx_gw_plan_below(ngx_gw_plan_t *plan,
    ngx_gw_plan_node_t *node);
static ngx_int_t ngx_gw_plan_table(ngx_gw_plan_t *plan,
    ngx_gw_plan_node_t *node);


ngx_gw_plan_t *
ngx_gw_plan_create(ngx_pool_t *pool)
{
    ngx_gw_plan_t  *plan;

    plan = ngx_pcalloc(pool, sizeof(ngx_gw_plan_t));
    if (plan == NULL) {
        return NULL;
    }

    plan->pool = pool;

    plan->pointers = ngx_gw_plan_raw(pool);
    if (plan->pointers == NULL) {
        return NULL;
    }

    plan->fields = ngx_gw_plan_raw(pool);
    if (plan->fields == NULL) {
        return NULL;
    }

    return plan;
}


ngx_int_t
ngx_gw_plan_select(ngx_gw_plan_t *plan, ngx_str_t *pointer,
    const char **error)
{
    ngx_int_t           rc;
    ngx_gw_plan_raw_t  *raw;

    rc = ngx_gw_plan_pointer(plan, pointer, plan->pointers, 0, &raw, error);
    if (rc != NGX_OK) {
        return rc;
    }

    if (plan->select) {
        *error = "something is selected already";
        return NGX_DECLINED;
    }

    plan->select = 1;
    raw->select = 1;

    return NGX_OK;
}


ngx_int_t
ngx_gw_plan_keep(ngx_gw_plan_t *plan, ngx_str_t *field, const char **error)
{
    ngx_int_t           rc;
    ngx_gw_plan_raw_t  *raw;

    rc = ngx_gw_plan_field(plan, field, &raw, error);
    if (rc != NGX_OK) {
        return rc;
    }

    plan->keep = 1;
    raw->keep = 1;

    return NGX_OK;
}


ngx_int_t
ngx_gw_plan_drop(ngx_gw_plan_t *plan, ngx_str_t *field, const char **error)
{
    ngx_int_t           rc;
    ngx_gw_plan_raw_t  *raw;

    rc = ngx_gw_plan_field(plan, field, &raw, error);
    if (rc != NGX_OK) {
        return rc;
    }

    raw->drop = 1;

    return NGX_OK;
}


ngx_int_t
ngx_gw_plan_rename(ngx_gw_plan_t *plan, ngx_str_t *field, ngx_str_t *to,
    const char **error)
{
    ngx_int_t           rc;
    ngx_str_t           name;
    ngx_gw_plan_raw_t  *raw;

    rc = ngx_gw_plan_field(plan, field, &raw, error);
    if (rc != NGX_OK) {
        return rc;
    }

    if (raw->star) {
        *error = "items of an array have no names";
        return NGX_DECLINED;
    }

    if (!ngx_gw_utf8_valid(to->data, to->len)) {
        *error = "the new name is not UTF-8";
        return NGX_DECLINED;
    }

    name.data = ngx_pnalloc(plan->pool, 6 * to->len + 2);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    name.len = ngx_gw_json_string_encode(name.data, to->data, to->len)
               - name.data;

    if (raw->rename.data
        && (raw->rename.len != name.len
            || ngx_memcmp(raw->rename.data, name.data, name.len) != 0))
    {
        *error = "two new names for one member";
        return NGX_DECLINED;
    }

    raw->rename = name;

    return NGX_OK;
}


ngx_int_t
ngx_gw_plan_pick(ngx_gw_plan_t *plan, ngx_str_t *pointer, const char **error)
{
    uint32_t           *variables;
    ngx_int_t           rc;
    ngx_uint_t          n;
    ngx_gw_plan_raw_t  *raw;

    rc = ngx_gw_plan_pointer(plan, pointer, plan->pointers, 0, &raw, error);
    if (rc != NGX_OK) {
        return rc;
    }

    n = plan->nvariables;

    /* room for 1, 2, 4, ... of them */

    if ((n & (n - 1)) == 0) {

        variables = ngx_palloc(plan->pool,
                               ngx_max(2 * n, 1) * sizeof(uint32_t));
        if (variables == NULL) {
            return NGX_ERROR;
        }

        if (n) {
            ngx_memcpy(variables, plan->variables, n * sizeof(uint32_t));
        }

        plan->variables = variables;
    }

    /* variables of one value share what is picked */

    if (raw->slot == NGX_GW_PLAN_NONE) {
        raw->slot = plan->nslots++;
    }

    plan->variables[n] = raw->slot;
    plan->nvariables++;

    return NGX_OK;
}


void
ngx_gw_plan_object(ngx_gw_plan_t *plan)
{
    plan->object = 1;
}


ngx_int_t
ngx_gw_plan_compile(ngx_gw_plan_t *plan, const char **error)
{
    ngx_int_t            rc;
    ngx_gw_plan_set_t    set;
    ngx_gw_plan_raw_t   *raw;
    ngx_gw_plan_node_t  *node;

    if (!plan->select) {
        plan->select = 1;
        plan->pointers->select = 1;
    }

    plan->whole = (plan->pointers->select && !plan->keep);

    set.n = 1;
    set.raw = &raw;

    raw = plan->pointers;

    rc = ngx_gw_plan_node(plan, &set, &node, error);
    if (rc != NGX_OK) {
        return rc;
    }

    plan->root = node;

    raw = plan->fields;

    if (raw->child) {
        rc = ngx_gw_plan_node(plan, &set, &node, error);
        if (rc != NGX_OK) {
            return rc;
        }

        plan->selected = node;
    }

    return NGX_OK;
}


/* puts the steps of a JSON pointer into a trie; *raw is where they lead */

static ngx_int_t
ngx_gw_plan_pointer(ngx_gw_plan_t *plan, ngx_str_t *pointer,
    ngx_gw_plan_raw_t *root, ngx_uint_t star, ngx_gw_plan_raw_t **raw,
    const char **error)
{
    u_char     *p, *last, *end;
    ngx_int_t   rc;
    ngx_str_t   step;
    ngx_uint_t  n;

    *raw = root;

    if (pointer->len == 0) {
        return NGX_OK;
    }

    p = pointer->data;
    end = p + pointer->len;

    if (*p != '/') {
        *error = "a JSON pointer begins with \"/\"";
        return NGX_DECLINED;
    }

    for (n = 0; p < end; n++) {

        last = ngx_strlchr(++p, end, '/');
        if (last == NULL) {
            last = end;
        }

        if (n == NGX_GW_SPLICE_MAX_STEPS) {
            *error = "more than 16 steps";
            return NGX_DECLINED;
        }

        rc = ngx_gw_plan_unescape(plan->pool, &step, p, last);

        if (rc == NGX_DECLINED) {
            *error = "\"~\" is neither \"~0\" nor \"~1\"";
        }

        if (rc != NGX_OK) {
            return rc;
        }

        *raw = ngx_gw_plan_step(plan, *raw, &step,
                                star && step.len == 1 && *step.data == '*');
        if (*raw == NULL) {
            return NGX_ERROR;
        }

        p = last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_plan_field(ngx_gw_plan_t *plan, ngx_str_t *field,
    ngx_gw_plan_raw_t **raw, const char **error)
{
    u_char     *p, *last, *end;
    ngx_str_t   step;
    ngx_uint_t  n;

    if (field->len && *field->data == '/') {
        return ngx_gw_plan_pointer(plan, field, plan->fields, 1, raw, error);
    }

    p = field->data;
    end = p + field->len;

    *raw = plan->fields;

    for (n = 0; /* void */ ; n++) {

        last = ngx_strlchr(p, end, '.');
        if (last == NULL) {
            last = end;
        }

        if (last == p) {
            *error = "an empty name";
            return NGX_DECLINED;
        }

        if (n == NGX_GW_SPLICE_MAX_STEPS) {
            *error = "more than 16 steps";
            return NGX_DECLINED;
        }

        step.len = last - p;
        step.data = ngx_pnalloc(plan->pool, step.len);
        if (step.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(step.data, p, step.len);

        *raw = ngx_gw_plan_step(plan, *raw, &step,
                                step.len == 1 && *step.data == '*');
        if (*raw == NULL) {
            return NGX_ERROR;
        }

        if (last == end) {
            return NGX_OK;
        }

        p = last + 1;
    }
}


static ngx_int_t
ngx_gw_plan_unescape(ngx_pool_t *pool, ngx_str_t *step, u_char *p,
    u_char *last)
{
    u_char  *dst;

    dst = ngx_pnalloc(pool, last - p + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    step->data = dst;

    while (p < last) {

        if (*p != '~') {
            *dst++ = *p++;
            continue;
        }

        if (last - p < 2 || (p[1] != '0' && p[1] != '1')) {
            return NGX_DECLINED;
        }

        *dst++ = p[1] == '0' ? '~' : '/';
        p += 2;
    }

    step->len = dst - step->data;

    return NGX_OK;
}


/* the child of this name, which is made if there is none */

static ngx_gw_plan_raw_t *
ngx_gw_plan_step(ngx_gw_plan_t *plan, ngx_gw_plan_raw_t *parent,
    ngx_str_t *name, ngx_uint_t star)
{
    ngx_gw_plan_raw_t  *raw, **link;

    for (link = &parent->child; *link; link = &(*link)->next) {
        raw = *link;

        if (raw->star == star
            && raw->name.len == name->len
            && ngx_memcmp(raw->name.data, name->data, name->len) == 0)
        {
            return raw;
        }
    }

    raw = ngx_gw_plan_raw(plan->pool);
    if (raw == NULL) {
        return NULL;
    }

    raw->name = *name;
    raw->star = star;

    plan->max_name = ngx_max(plan->max_name, name->len);

    *link = raw;

    return raw;
}


static ngx_gw_plan_raw_t *
ngx_gw_plan_raw(ngx_pool_t *pool)
{
    ngx_gw_plan_raw_t  *raw;

    raw = ngx_pcalloc(pool, sizeof(ngx_gw_plan_raw_t));
    if (raw == NULL) {
        return NULL;
    }

    raw->slot = NGX_GW_PLAN_NONE;

    return raw;
}


/* the index of an item that a step may be, too; or NONE */

static uint32_t
ngx_gw_plan_digits(ngx_str_t *name)
{
    uint32_t    n;
    ngx_uint_t  i;

    if (name->len == 0
        || name->len > NGX_GW_PLAN_DIGITS
        || (name->len > 1 && *name->data == '0'))
    {
        return NGX_GW_PLAN_NONE;
    }

    n = 0;

    for (i = 0; i < name->len; i++) {

        if (name->data[i] < '0' || name->data[i] > '9') {
            return NGX_GW_PLAN_NONE;
        }

        n = n * 10 + (name->data[i] - '0');
    }

    return n;
}


/* what is done at a value to which all paths of the set lead */

static ngx_int_t
ngx_gw_plan_node(ngx_gw_plan_t *plan, ngx_gw_plan_set_t *set,
    ngx_gw_plan_node_t **result, const char **error)
{
    ngx_int_t            rc;
    ngx_gw_plan_node_t  *node;

    if (plan->nnodes++ == NGX_GW_PLAN_MAX_NODES) {
        *error = "too many fields";
        return NGX_DECLINED;
    }

    node = ngx_pcalloc(plan->pool, sizeof(ngx_gw_plan_node_t));
    if (node == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_gw_plan_marks(plan, set, node, error);

    if (rc == NGX_OK) {
        rc = ngx_gw_plan_children(plan, set, node, error);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_plan_items(plan, set, node, error);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_plan_below(plan, node);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_plan_table(plan, node);
    }

    *result = node;

    return rc;
}


static ngx_int_t
ngx_gw_plan_marks(ngx_gw_plan_t *plan, ngx_gw_plan_set_t *set,
    ngx_gw_plan_node_t *node, const char **error)
{
    ngx_uint_t          i;
    ngx_gw_plan_raw_t  *raw;

    node->slot = NGX_GW_PLAN_NONE;

    for (i = 0; i < set->n; i++) {
        raw = set->raw[i];

        node->select |= raw->select;
        node->selects |= raw->select;
        node->keep |= raw->keep;
        node->drop |= raw->drop;

        if (raw->slot != NGX_GW_PLAN_NONE) {
            node->slot = raw->slot;
        }

        if (raw->rename.data == NULL) {
            continue;
        }

        if (node->rename.data
            && (node->rename.len != raw->rename.len
                || ngx_memcmp(node->rename.data, raw->rename.data,
                              raw->rename.len)
                   != 0))
        {
            *error = "two new names for one member";
            return NGX_DECLINED;
        }

        node->rename = raw->rename;
    }

    return NGX_OK;
}


/* members of an object */

static ngx_int_t
ngx_gw_plan_children(ngx_gw_plan_t *plan, ngx_gw_plan_set_t *set,
    ngx_gw_plan_node_t *node, const char **error)
{
    ngx_int_t            rc;
    ngx_uint_t           i, j, n;
    ngx_gw_plan_raw_t   *raw;
    ngx_gw_plan_set_t    subset;
    ngx_gw_plan_name_t  *name;
    ngx_gw_plan_node_t  *child;

    n = 0;

    for (i = 0; i < set->n; i++) {
        for (raw = set->raw[i]->child; raw; raw = raw->next) {
            n += !raw->star;
        }
    }

    if (n == 0) {
        return NGX_OK;
    }

    node->names = ngx_palloc(plan->pool, n * sizeof(ngx_gw_plan_name_t));
    if (node->names == NULL) {
        return NGX_ERROR;
    }

    subset.raw = ngx_palloc(plan->pool, set->n * sizeof(ngx_gw_plan_raw_t *));
    if (subset.raw == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < set->n; i++) {

        for (raw = set->raw[i]->child; raw; raw = raw->next) {

            if (raw->star) {
                continue;
            }

            for (j = 0; j < node->nnames; j++) {
                name = &node->names[j];

                if (name->name.len == raw->name.len
                    && ngx_memcmp(name->name.data, raw->name.data,
                                  raw->name.len)
                       == 0)
                {
                    break;
                }
            }

            if (j < node->nnames) {
                continue;
            }

            subset.n = 0;
            ngx_gw_plan_subset(set, &raw->name, 0, &subset);

            rc = ngx_gw_plan_node(plan, &subset, &child, error);
            if (rc != NGX_OK) {
                return rc;
            }

            name = &node->names[node->nnames++];

            name->name = raw->name;
            name->hash = ngx_gw_json_hash(raw->name.data, raw->name.len);
            name->node = child;
        }
    }

    return ngx_gw_plan_renames(node, error);
}


/* a new name for two members would make them one */

static ngx_int_t
ngx_gw_plan_renames(ngx_gw_plan_node_t *node, const char **error)
{
    ngx_uint_t                 i, j;
    const ngx_gw_plan_node_t  *a, *b;

    for (i = 0; i < node->nnames; i++) {
        a = node->names[i].node;

        if (a->rename.data == NULL || a->drop) {
            continue;
        }

        for (j = 0; j < i; j++) {
            b = node->names[j].node;

            if (b->rename.data && !b->drop
                && a->rename.len == b->rename.len
                && ngx_memcmp(a->rename.data, b->rename.data, a->rename.len)
                   == 0)
            {
                *error = "one new name for two members";
                return NGX_DECLINED;
            }
        }
    }

    return NGX_OK;
}


/* items of an array: those of an index, and all others */

static ngx_int_t
ngx_gw_plan_items(ngx_gw_plan_t *plan, ngx_gw_plan_set_t *set,
    ngx_gw_plan_node_t *node, const char **error)
{
    uint32_t                   index;
    ngx_int_t                  rc;
    ngx_uint_t                 i, j;
    ngx_gw_plan_set_t          subset;
    ngx_gw_plan_name_t        *name;
    ngx_gw_plan_node_t        *child;

    subset.raw = ngx_palloc(plan->pool,
                            2 * set->n * sizeof(ngx_gw_plan_raw_t *));
    if (subset.raw == NULL) {
        return NGX_ERROR;
    }

    subset.n = 0;
    ngx_gw_plan_subset(set, NULL, 1, &subset);

    if (subset.n) {
        rc = ngx_gw_plan_node(plan, &subset, &child, error);
        if (rc != NGX_OK) {
            return rc;
        }

        node->star = child;
    }

    if (node->nnames == 0) {
        return NGX_OK;
    }

    node->items = ngx_palloc(plan->pool,
                             node->nnames * sizeof(ngx_gw_plan_item_t));
    if (node->items == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < node->nnames; i++) {
        name = &node->names[i];

        index = ngx_gw_plan_digits(&name->name);
        if (index == NGX_GW_PLAN_NONE) {
            continue;
        }

        child = (ngx_gw_plan_node_t *) name->node;

        if (node->star) {
            subset.n = 0;
            ngx_gw_plan_subset(set, &name->name, 0, &subset);
            ngx_gw_plan_subset(set, NULL, 1, &subset);

            rc = ngx_gw_plan_node(plan, &subset, &child, error);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        for (j = node->nitems++; j && node->items[j - 1].index > index; j--) {
            node->items[j] = node->items[j - 1];
        }

        node->items[j].index = index;
        node->items[j].node = child;
    }

    return NGX_OK;
}


/* adds children of a name, or those that are "*" */

static void
ngx_gw_plan_subset(ngx_gw_plan_set_t *set, ngx_str_t *name, ngx_uint_t star,
    ngx_gw_plan_set_t *subset)
{
    ngx_uint_t          i;
    ngx_gw_plan_raw_t  *raw;

    for (i = 0; i < set->n; i++) {

        for (raw = set->raw[i]->child; raw; raw = raw->next) {

            if (raw->star != star) {
                continue;
            }

            if (star
                || (raw->name.len == name->len
                    && ngx_memcmp(raw->name.data, name->data, name->len) == 0))
            {
                subset->raw[subset->n++] = raw;
            }
        }
    }
}


/* what is selected, kept and picked below; an item may be a member as well */

static ngx_int_t
ngx_gw_plan_below(ngx_gw_plan_t *plan, ngx_gw_plan_node_t *node)
{
    ngx_uint_t                 i, j, n;
    const ngx_gw_plan_node_t  *child;

    n = (node->slot != NGX_GW_PLAN_NONE);

    for (i = 0; i < node->nnames; i++) {
        child = node->names[i].node;

        node->selects |= child->selects;
        node->some |= child->keep | child->some;

        n += child->nslots;
    }

    if (node->star) {
        node->some |= node->star->keep | node->star->some;
    }

    if (n == 0) {
        return NGX_OK;
    }

    node->slots = ngx_palloc(plan->pool, n * sizeof(uint32_t));
    if (node->slots == NULL) {
        return NGX_ERROR;
    }

    if (node->slot != NGX_GW_PLAN_NONE) {
        node->slots[node->nslots++] = node->slot;
    }

    for (i = 0; i < node->nnames; i++) {
        child = node->names[i].node;

        for (j = 0; j < child->nslots; j++) {
            node->slots[node->nslots++] = child->slots[j];
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_plan_table(ngx_gw_plan_t *plan, ngx_gw_plan_node_t *node)
{
    uint32_t    slot, size;
    ngx_uint_t  i;

    if (node->nnames <= NGX_GW_PLAN_FEW) {
        return NGX_OK;
    }

    for (size = 16; size < 2 * node->nnames; size *= 2) { /* void */ }

    node->table = ngx_pcalloc(plan->pool, size * sizeof(uint16_t));
    if (node->table == NULL) {
        return NGX_ERROR;
    }

    node->mask = size - 1;

    for (i = 0; i < node->nnames; i++) {
        slot = node->names[i].hash & node->mask;

        while (node->table[slot]) {
            slot = (slot + 1) & node->mask;
        }

        node->table[slot] = i + 1;
    }

    return NGX_OK;
}
