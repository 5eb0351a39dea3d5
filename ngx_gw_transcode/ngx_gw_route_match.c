
#include "ngx_gw_route_internal.h"
#include "ngx_gw_template.h"


/* most segments of a path that is looked at */
#define NGX_GW_ROUTE_MAX_PATH     256


typedef struct {
    u_char                   *start;
    u_char                   *end;
} ngx_gw_route_segment_t;


typedef struct {
    const ngx_gw_routes_t    *routes;
    ngx_gw_route_segment_t    segments[NGX_GW_ROUTE_MAX_PATH];
    ngx_uint_t                n;
    ngx_uint_t                escaped;   /* the path has "%" to be decoded */
    ngx_uint_t                method;
    uint64_t                  seen;      /* methods of templates that match */
} ngx_gw_route_path_t;


/* where a walk turns back to, and what is to be tried there next */
typedef struct {
    const ngx_gw_route_node_t  *node;
    ngx_uint_t                i;         /* of the segment */
    ngx_uint_t                what;      /* NGX_GW_TEMPLATE_STAR or DSTAR */
} ngx_gw_route_turn_t;


static ngx_int_t ngx_gw_route_split(ngx_gw_route_path_t *rp,
    const ngx_str_t *path, ngx_uint_t raw);
static ngx_uint_t ngx_gw_route_dots(ngx_gw_route_path_t *rp,
    ngx_gw_route_segment_t *segment);
static ngx_gw_route_binding_t *ngx_gw_route_find_verb(
    ngx_gw_route_path_t *rp);
static ngx_gw_route_binding_t *ngx_gw_route_walk(ngx_gw_route_path_t *rp,
    const ngx_gw_route_node_t *node);
static ngx_gw_route_binding_t *ngx_gw_route_tail(ngx_gw_route_path_t *rp,
    const ngx_gw_route_node_t *node, ngx_uint_t i);
static ngx_inline ngx_gw_route_binding_t *ngx_gw_route_bound(
    ngx_gw_route_path_t *rp, const ngx_gw_route_node_t *node);
static ngx_gw_route_node_t *ngx_gw_route_step(ngx_gw_route_path_t *rp,
    const ngx_gw_route_node_t *node, ngx_gw_route_segment_t *segment);
static ngx_int_t ngx_gw_route_values(ngx_gw_route_path_t *rp,
    ngx_pool_t *pool, ngx_gw_route_binding_t *binding,
    ngx_gw_route_match_t *match);
static ngx_int_t ngx_gw_route_value(ngx_pool_t *pool, ngx_str_t *value,
    ngx_uint_t multi);
static ngx_inline u_char *ngx_gw_route_decode(u_char *dst, u_char *end,
    u_char *p, u_char *last, ngx_uint_t multi);
static ngx_int_t ngx_gw_route_allow(ngx_gw_route_path_t *rp, ngx_pool_t *pool,
    ngx_str_t *allow);


/* the values of hexadecimal digits; of others the high bit is set */

#define NO  0x80

static const u_char  ngx_gw_route_hex[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
     0,  1,  2,  3,  4,  5,  6,  7,  8,  9, NO, NO, NO, NO, NO, NO,
    NO, 10, 11, 12, 13, 14, 15, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, 10, 11, 12, 13, 14, 15, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO
};

#undef NO


ngx_int_t
ngx_gw_routes_match(const ngx_gw_routes_t *routes, ngx_pool_t *pool,
    const ngx_str_t *method, const ngx_str_t *path, ngx_uint_t raw,
    ngx_gw_route_match_t *match, ngx_str_t *allow)
{
    const ngx_str_t         *m;
    ngx_gw_route_path_t      rpath, *rp;
    ngx_gw_route_binding_t  *b;

    rp = &rpath;
    rp->routes = routes;
    rp->seen = 0;

    if (ngx_gw_route_split(rp, path, raw) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* one that no template has is answered by those for any */

    for (rp->method = 1; rp->method < routes->nmethods; rp->method++) {
        m = &routes->methods[rp->method];

        if (m->len == method->len
            && ngx_memcmp(m->data, method->data, m->len) == 0)
        {
            break;
        }
    }

    if (rp->method == routes->nmethods) {
        rp->method = NGX_GW_ROUTE_ANY;
    }

    b = NULL;

    if (routes->verbs.nslots && rp->n) {
        b = ngx_gw_route_find_verb(rp);
    }

    if (b == NULL) {
        b = ngx_gw_route_walk(rp, &routes->root);
    }

    if (b) {
        return ngx_gw_route_values(rp, pool, b, match);
    }

    return rp->seen ? ngx_gw_route_allow(rp, pool, allow) : NGX_DECLINED;
}


/* "/" has no segments, and there are no empty ones */

static ngx_int_t
ngx_gw_route_split(ngx_gw_route_path_t *rp, const ngx_str_t *path,
    ngx_uint_t raw)
{
    u_char                  *p, *last, *slash;
    ngx_uint_t               n;
    ngx_gw_route_segment_t  *segment;

    p = path->data;
    last = p + path->len;

    if (path->len == 0 || *p != '/' || memchr(p, '\0', path->len)) {
        return NGX_DECLINED;
    }

    rp->n = 0;
    rp->escaped = 0;

    if (raw && (p = memchr(p, '%', path->len)) != NULL) {
        rp->escaped = 1;

        do {
            if (last - p < 3
                || (ngx_gw_route_hex[p[1]] | ngx_gw_route_hex[p[2]]) & 0x80
                || (p[1] == '0' && p[2] == '0'))
            {
                return NGX_DECLINED;
            }

            p += 3;

        } while (p < last && (p = memchr(p, '%', last - p)) != NULL);
    }

    p = path->data + 1;

    if (p == last) {

        /* as the end of what is not there */

        rp->segments[0].start = p;
        return NGX_OK;
    }

    for (n = 0; n < NGX_GW_ROUTE_MAX_PATH; n++) {

        slash = memchr(p, '/', last - p);

        segment = &rp->segments[n];
        segment->start = p;
        segment->end = slash ? slash : last;

        if (segment->end == p || ngx_gw_route_dots(rp, segment)) {
            return NGX_DECLINED;
        }

        if (slash == NULL) {
            rp->n = n + 1;
            return NGX_OK;
        }

        p = slash + 1;
    }

    return NGX_DECLINED;
}


/*
 * "." and "..", escaped or not.  "%2F" ends a part of a segment: nginx resolves
 * dots behind it when it looks for the location, whose rules are those of
 * another path then.
 */

static ngx_uint_t
ngx_gw_route_dots(ngx_gw_route_path_t *rp, ngx_gw_route_segment_t *segment)
{
    u_char      *p, *last;
    size_t       dots;
    ngx_uint_t   other;

    p = segment->start;
    last = segment->end;

    if (!rp->escaped && *p != '.') {
        return 0;
    }

    dots = 0;
    other = 0;

    while (p < last) {

        if (*p == '.') {
            dots++;
            p++;

        } else if (rp->escaped && last - p > 2 && p[0] == '%' && p[1] == '2'
                   && (p[2] | 0x20) == 'e')
        {
            dots++;
            p += 3;

        } else if (rp->escaped && last - p > 2 && p[0] == '%' && p[1] == '2'
                   && (p[2] | 0x20) == 'f')
        {
            if (!other && (dots == 1 || dots == 2)) {
                return 1;
            }

            dots = 0;
            other = 0;
            p += 3;

        } else if (rp->escaped) {
            other = 1;
            p++;

        } else {
            return 0;
        }
    }

    return !other && (dots == 1 || dots == 2);
}


/* what is behind the last colon may be a verb, and may be part of a value */

static ngx_gw_route_binding_t *
ngx_gw_route_find_verb(ngx_gw_route_path_t *rp)
{
    u_char                  *colon, *end;
    ngx_uint_t               n;
    ngx_gw_route_node_t     *node;
    ngx_gw_route_segment_t  *segment, verb;
    ngx_gw_route_binding_t  *b;

    n = rp->n;
    segment = &rp->segments[n - 1];
    end = segment->end;

    for (colon = end - 1; *colon != ':'; colon--) {
        if (colon == segment->start) {
            return NULL;
        }
    }

    verb.start = colon + 1;
    verb.end = end;

    node = ngx_gw_route_step(rp, &rp->routes->verbs, &verb);

    if (node == NULL) {
        return NULL;
    }

    segment->end = colon;

    if (colon > segment->start) {
        b = ngx_gw_route_dots(rp, segment) ? NULL
                                           : ngx_gw_route_walk(rp, node);

    } else if (n == 1) {

        /* "/:verb" */

        rp->n = 0;
        b = ngx_gw_route_walk(rp, node);

    } else {
        b = NULL;
    }

    if (b == NULL) {
        segment->end = end;
        rp->n = n;
    }

    return b;
}


/*
 * The most specific binding.  Each node is a way of its own, so that none is
 * come to twice, whatever the path.
 */

static ngx_gw_route_binding_t *
ngx_gw_route_walk(ngx_gw_route_path_t *rp, const ngx_gw_route_node_t *node)
{
    ngx_uint_t                  i, what;
    ngx_gw_route_turn_t         turns[NGX_GW_ROUTE_MAX_SEGMENTS], *turn;
    ngx_gw_route_binding_t     *b;
    const ngx_gw_route_node_t  *next;

    i = 0;
    turn = turns;
    what = NGX_GW_TEMPLATE_LITERAL;

    for ( ;; ) {

        next = NULL;

        if (i == rp->n) {
            b = ngx_gw_route_bound(rp, node);

            if (b) {
                return b;
            }

        } else {

            if (what == NGX_GW_TEMPLATE_LITERAL) {
                next = ngx_gw_route_step(rp, node, &rp->segments[i]);

                if (next == NULL) {
                    what = NGX_GW_TEMPLATE_STAR;
                }
            }

            if (what == NGX_GW_TEMPLATE_STAR) {
                next = node->star;
            }
        }

        if (next) {

            if (node->dstar
                || (node->star && what == NGX_GW_TEMPLATE_LITERAL))
            {
                turn->node = node;
                turn->i = i;
                turn->what = what + 1;
                turn++;
            }

            node = next;
            i++;
            what = NGX_GW_TEMPLATE_LITERAL;

            continue;
        }

        if (node->dstar) {
            b = ngx_gw_route_tail(rp, node->dstar, i);

            if (b) {
                return b;
            }
        }

        if (turn == turns) {
            return NULL;
        }

        turn--;
        node = turn->node;
        i = turn->i;
        what = turn->what;
    }
}


/* "**" and the most literals behind it: node is that of "**" */

static ngx_gw_route_binding_t *
ngx_gw_route_tail(ngx_gw_route_path_t *rp, const ngx_gw_route_node_t *node,
    ngx_uint_t i)
{
    ngx_uint_t               n;
    ngx_gw_route_binding_t  *b, *best;

    best = NULL;

    for (n = rp->n; /* void */ ; n--) {

        b = ngx_gw_route_bound(rp, node);

        if (b) {
            best = b;
        }

        if (n == i) {
            return best;
        }

        node = ngx_gw_route_step(rp, node, &rp->segments[n - 1]);

        if (node == NULL) {
            return best;
        }
    }
}


static ngx_inline ngx_gw_route_binding_t *
ngx_gw_route_bound(ngx_gw_route_path_t *rp, const ngx_gw_route_node_t *node)
{
    uint64_t                 methods;
    ngx_uint_t               id;
    ngx_gw_route_binding_t  *b;

    methods = node->methods;
    rp->seen |= methods;
    id = rp->method;

    if ((methods & ((uint64_t) 1 << id)) == 0) {
        id = NGX_GW_ROUTE_ANY;

        if ((methods & ((uint64_t) 1 << id)) == 0) {
            return NULL;
        }
    }

    for (b = node->bindings; b->method != id; b = b->next) { /* void */ }

    return b;
}


/* the child of a literal */

static ngx_gw_route_node_t *
ngx_gw_route_step(ngx_gw_route_path_t *rp, const ngx_gw_route_node_t *node,
    ngx_gw_route_segment_t *segment)
{
    u_char  *p, *start, *end, buf[NGX_GW_TEMPLATE_MAX_LITERAL];

    if (node->slots == NULL) {
        return NULL;
    }

    start = segment->start;
    end = segment->end;

    if (rp->escaped && memchr(start, '%', end - start)) {

        p = ngx_gw_route_decode(buf, buf + sizeof(buf), start, end, 0);

        return p ? ngx_gw_route_lookup(node, buf, p - buf) : NULL;
    }

    return ngx_gw_route_lookup(node, start, end - start);
}


static ngx_int_t
ngx_gw_route_values(ngx_gw_route_path_t *rp, ngx_pool_t *pool,
    ngx_gw_route_binding_t *binding, ngx_gw_route_match_t *match)
{
    ngx_str_t                *value;
    ngx_uint_t                i, first, last;
    ngx_gw_route_t           *route;
    ngx_gw_route_variable_t  *v;

    route = &binding->route;
    match->route = route;

    for (i = 0; i < route->nvariables; i++) {
        v = &route->variables[i];
        value = &match->values[i];

        first = v->first;
        last = v->last;

        /* behind "**" they are counted from the end */

        if (first > binding->dstar) {
            first += rp->n - binding->nsegments;
        }

        if (last > binding->dstar) {
            last += rp->n - binding->nsegments;
        }

        if (first == last) {
            value->data = first ? rp->segments[first - 1].end
                                : rp->segments[0].start;
            value->len = 0;
            continue;
        }

        value->data = rp->segments[first].start;
        value->len = rp->segments[last - 1].end - value->data;

        if (rp->escaped
            && ngx_gw_route_value(pool, value, v->multi) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_route_value(ngx_pool_t *pool, ngx_str_t *value, ngx_uint_t multi)
{
    u_char  *dst, *last;

    if (memchr(value->data, '%', value->len) == NULL) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(pool, value->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    last = ngx_gw_route_decode(dst, dst + value->len, value->data,
                               value->data + value->len, multi);

    value->data = dst;
    value->len = last - dst;

    return NGX_OK;
}


/*
 * Escapes are known to be well-formed.  Several segments keep "%2F".  NULL:
 * it is longer than what fits between dst and end.
 */

static ngx_inline u_char *
ngx_gw_route_decode(u_char *dst, u_char *end, u_char *p, u_char *last,
    ngx_uint_t multi)
{
    u_char  c;

    while (p < last) {
        c = *p++;

        if (c == '%') {
            c = (ngx_gw_route_hex[p[0]] << 4) | ngx_gw_route_hex[p[1]];

            if (c == '/' && multi) {
                c = '%';

            } else {
                p += 2;
            }
        }

        if (dst == end) {
            return NULL;
        }

        *dst++ = c;
    }

    return dst;
}


static ngx_int_t
ngx_gw_route_allow(ngx_gw_route_path_t *rp, ngx_pool_t *pool,
    ngx_str_t *allow)
{
    u_char                 *p;
    size_t                  len;
    ngx_uint_t              i, id;
    const ngx_gw_routes_t  *routes;

    routes = rp->routes;
    len = 0;

    for (id = 0; id < routes->nmethods; id++) {
        if (rp->seen & ((uint64_t) 1 << id)) {
            len += routes->methods[id].len + sizeof(", ") - 1;
        }
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    allow->data = p;

    for (i = 0; i < routes->nmethods; i++) {
        id = routes->order[i];

        if ((rp->seen & ((uint64_t) 1 << id)) == 0) {
            continue;
        }

        if (p > allow->data) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, routes->methods[id].data, routes->methods[id].len);
    }

    allow->len = p - allow->data;

    return NGX_ABORT;
}
