
#include "ngx_gw_route_internal.h"
#include "ngx_gw_template.h"


static ngx_int_t ngx_gw_routes_method(ngx_gw_routes_t *routes,
    const ngx_str_t *method, ngx_uint_t *id, ngx_str_t *error);
static ngx_gw_route_node_t *ngx_gw_routes_place(ngx_gw_routes_t *routes,
    ngx_gw_template_t *tp);
static ngx_gw_route_node_t *ngx_gw_route_child(ngx_pool_t *pool,
    ngx_gw_route_node_t **child);
static ngx_gw_route_node_t *ngx_gw_route_literal(ngx_pool_t *pool,
    ngx_gw_route_node_t *node, ngx_str_t *text);
static ngx_int_t ngx_gw_route_grow(ngx_pool_t *pool,
    ngx_gw_route_node_t *node);
static ngx_gw_route_binding_t *ngx_gw_route_binding(ngx_pool_t *pool,
    ngx_gw_template_t *tp, const ngx_str_t *text);
static ngx_int_t ngx_gw_routes_error(ngx_pool_t *pool, ngx_str_t *error,
    const char *fmt, ...);


ngx_gw_routes_t *
ngx_gw_routes_create(ngx_pool_t *pool)
{
    ngx_gw_routes_t  *routes;

    routes = ngx_pcalloc(pool, sizeof(ngx_gw_routes_t));
    if (routes == NULL) {
        return NULL;
    }

    routes->pool = pool;

    ngx_str_set(&routes->methods[NGX_GW_ROUTE_ANY], "*");
    routes->nmethods = 1;

    return routes;
}


ngx_int_t
ngx_gw_routes_add(ngx_gw_routes_t *routes, const ngx_str_t *method,
    const ngx_str_t *template, void *data, ngx_gw_route_t **route,
    ngx_str_t *error)
{
    ngx_int_t                rc;
    ngx_str_t                text;
    ngx_uint_t               id;
    ngx_pool_t              *pool;
    ngx_gw_template_t        tp;
    ngx_gw_route_node_t     *node;
    ngx_gw_route_binding_t  *b, **last;

    pool = routes->pool;

    text.len = template->len;
    text.data = ngx_pnalloc(pool, ngx_max(text.len, 1));
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text.data, template->data, text.len);

    rc = ngx_gw_template_parse(pool, &text, &tp);

    if (rc == NGX_DECLINED) {
        return ngx_gw_routes_error(pool, error, "%s at %uz in \"%V\"",
                                   tp.error, tp.offset + 1, &text);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_gw_routes_method(routes, method, &id, error);

    if (rc != NGX_OK) {
        return rc;
    }

    node = ngx_gw_routes_place(routes, &tp);
    if (node == NULL) {
        return NGX_ERROR;
    }

    for (last = &node->bindings; *last; last = &(*last)->next) {
        b = *last;

        if (b->method == id) {
            return ngx_gw_routes_error(pool, error,
                                       "\"%V %V\" conflicts with \"%V %V\"",
                                       method, &text, &b->route.method,
                                       &b->route.text);
        }
    }

    b = ngx_gw_route_binding(pool, &tp, &text);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->route.method = routes->methods[id];
    b->route.data = data;
    b->method = id;

    *last = b;
    node->methods |= (uint64_t) 1 << id;

    *route = &b->route;

    return NGX_OK;
}


/* the number of a method, which may be new */

static ngx_int_t
ngx_gw_routes_method(ngx_gw_routes_t *routes, const ngx_str_t *method,
    ngx_uint_t *id, ngx_str_t *error)
{
    u_char      c;
    size_t      i;
    ngx_str_t  *m;

    for (*id = 0; *id < routes->nmethods; (*id)++) {
        m = &routes->methods[*id];

        if (m->len == method->len
            && ngx_memcmp(m->data, method->data, m->len) == 0)
        {
            return NGX_OK;
        }
    }

    for (i = 0; i < method->len; i++) {
        c = method->data[i];

        /* a token of RFC 9110, without the "*" */

        if (c <= 0x20 || c >= 0x7f || ngx_strchr("\"(),/:;<=>?@[\\]{}*", c)) {
            break;
        }
    }

    if (i < method->len || i == 0) {
        return ngx_gw_routes_error(routes->pool, error,
                                   "\"%V\" is no HTTP method", method);
    }

    if (routes->nmethods == NGX_GW_ROUTE_MAX_METHODS) {
        return ngx_gw_routes_error(routes->pool, error,
                                   "\"%V\" is one HTTP method too many",
                                   method);
    }

    m = &routes->methods[*id];

    m->data = ngx_pnalloc(routes->pool, method->len);
    if (m->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(m->data, method->data, method->len);
    m->len = method->len;

    routes->nmethods++;

    return NGX_OK;
}


/* the node of a template; NULL: no memory */

static ngx_gw_route_node_t *
ngx_gw_routes_place(ngx_gw_routes_t *routes, ngx_gw_template_t *tp)
{
    ngx_uint_t                  i;
    ngx_pool_t                 *pool;
    ngx_gw_route_node_t        *node;
    ngx_gw_template_segment_t  *segment;

    pool = routes->pool;
    node = &routes->root;

    if (tp->verb.len) {
        node = ngx_gw_route_literal(pool, &routes->verbs, &tp->verb);
    }

    for (i = 0; node && i < tp->dstar; i++) {
        segment = &tp->segments[i];

        node = (segment->kind == NGX_GW_TEMPLATE_STAR)
               ? ngx_gw_route_child(pool, &node->star)
               : ngx_gw_route_literal(pool, node, &segment->text);
    }

    if (node == NULL || tp->dstar == tp->nsegments) {
        return node;
    }

    node = ngx_gw_route_child(pool, &node->dstar);

    for (i = tp->nsegments - 1; node && i > tp->dstar; i--) {
        node = ngx_gw_route_literal(pool, node, &tp->segments[i].text);
    }

    return node;
}


static ngx_gw_route_node_t *
ngx_gw_route_child(ngx_pool_t *pool, ngx_gw_route_node_t **child)
{
    if (*child == NULL) {
        *child = ngx_pcalloc(pool, sizeof(ngx_gw_route_node_t));
    }

    return *child;
}


static ngx_gw_route_node_t *
ngx_gw_route_literal(ngx_pool_t *pool, ngx_gw_route_node_t *node,
    ngx_str_t *text)
{
    uint32_t              i;
    ngx_gw_route_node_t  *child;

    child = ngx_gw_route_lookup(node, text->data, text->len);

    if (child) {
        return child;
    }

    if (ngx_gw_route_grow(pool, node) != NGX_OK) {
        return NULL;
    }

    /* the text next to its node: they are read together */

    child = ngx_pcalloc(pool, sizeof(ngx_gw_route_node_t) + text->len);
    if (child == NULL) {
        return NULL;
    }

    child->text = (u_char *) (child + 1);
    ngx_memcpy(child->text, text->data, text->len);

    i = ngx_gw_route_hash(text->data, text->len);

    while (node->slots[i & node->mask].node) {
        i++;
    }

    node->slots[i & node->mask].hash = ngx_gw_route_hash(text->data,
                                                         text->len);
    node->slots[i & node->mask].len = text->len;
    node->slots[i & node->mask].node = child;
    node->nslots++;

    return child;
}


/* there is room for one more literal */

static ngx_int_t
ngx_gw_route_grow(ngx_pool_t *pool, ngx_gw_route_node_t *node)
{
    uint32_t              i, k, size, mask;
    ngx_gw_route_slot_t  *slots;

    size = node->slots ? node->mask + 1 : 0;

    if (node->nslots < size / 2) {
        return NGX_OK;
    }

    mask = size ? size * 2 - 1 : 1;

    slots = ngx_pcalloc(pool, ((size_t) mask + 1)
                              * sizeof(ngx_gw_route_slot_t));
    if (slots == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < size; i++) {

        if (node->slots[i].node == NULL) {
            continue;
        }

        k = node->slots[i].hash;

        while (slots[k & mask].node) {
            k++;
        }

        slots[k & mask] = node->slots[i];
    }

    if (size) {
        (void) ngx_pfree(pool, node->slots);
    }

    node->slots = slots;
    node->mask = mask;

    return NGX_OK;
}


static ngx_gw_route_binding_t *
ngx_gw_route_binding(ngx_pool_t *pool, ngx_gw_template_t *tp,
    const ngx_str_t *text)
{
    size_t                   size;
    ngx_gw_route_binding_t  *b;

    size = tp->nvariables * sizeof(ngx_gw_route_variable_t);

    b = ngx_pcalloc(pool, sizeof(ngx_gw_route_binding_t) + size);
    if (b == NULL) {
        return NULL;
    }

    b->nsegments = tp->nsegments;
    b->dstar = tp->dstar;

    b->route.text = *text;
    b->route.nvariables = tp->nvariables;
    b->route.variables = (ngx_gw_route_variable_t *) (b + 1);
    ngx_memcpy(b->route.variables, tp->variables, size);

    return b;
}


static ngx_int_t
ngx_gw_routes_error(ngx_pool_t *pool, ngx_str_t *error, const char *fmt, ...)
{
    u_char   *p, buf[1024];
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, buf + sizeof(buf), fmt, args);
    va_end(args);

    error->len = p - buf;
    error->data = ngx_pnalloc(pool, error->len);
    if (error->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(error->data, buf, error->len);

    return NGX_DECLINED;
}


/* methods of Allow are in the order of the alphabet */

ngx_int_t
ngx_gw_routes_finish(ngx_gw_routes_t *routes)
{
    ngx_str_t   *a, *b;
    ngx_uint_t   i, k;

    for (i = 0; i < routes->nmethods; i++) {
        a = &routes->methods[i];

        for (k = i; k > 0; k--) {
            b = &routes->methods[routes->order[k - 1]];

            if (ngx_memn2cmp(b->data, a->data, b->len, a->len) < 0) {
                break;
            }

            routes->order[k] = routes->order[k - 1];
        }

        routes->order[k] = i;
    }

    return NGX_OK;
}
