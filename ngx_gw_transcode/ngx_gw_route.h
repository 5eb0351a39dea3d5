
/*
 * ngx_gw_route: which method of a service a request is for, by the templates
 * of google.api.http.
 *
 * Templates are compiled into a trie by segments.  A request is matched in one
 * walk whose cost depends on the number of its segments, not on the number of
 * routes.  The most specific binding wins: at each segment a literal before
 * "*" before "**".
 */


#ifndef _NGX_GW_ROUTE_H_INCLUDED_
#define _NGX_GW_ROUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* most segments of a template, and most variables in it */
#define NGX_GW_ROUTE_MAX_SEGMENTS   64
#define NGX_GW_ROUTE_MAX_VARIABLES  16

typedef struct ngx_gw_routes_s  ngx_gw_routes_t;


/* a variable of a template: {path=segments} */
typedef struct {
    ngx_str_t                 path;      /* "book.id" */
    uint16_t                  first;     /* its first segment */
    uint16_t                  last;      /* behind its last one */
    unsigned                  multi:1;   /* more than one segment, or "**" */
} ngx_gw_route_variable_t;


typedef struct {
    ngx_str_t                 method;    /* "GET", or any other, "*" is any */
    ngx_str_t                 text;      /* of the template */
    void                     *data;      /* the caller's */

    ngx_gw_route_variable_t  *variables;
    ngx_uint_t                nvariables;
} ngx_gw_route_t;


/* what a request has matched */
typedef struct {
    ngx_gw_route_t           *route;

    /* values of route->variables, decoded, in pool */
    ngx_str_t                 values[NGX_GW_ROUTE_MAX_VARIABLES];
} ngx_gw_route_match_t;


/* an empty set of routes; NULL: no memory */
ngx_gw_routes_t *ngx_gw_routes_create(ngx_pool_t *pool);

/*
 * Adds a binding.  NGX_OK; NGX_ERROR: no memory; NGX_DECLINED: the template is
 * malformed, or conflicts with one that is there (same method, and no request
 * could tell them apart), with what and where in error.  *route may be looked
 * at, not changed.
 */
ngx_int_t ngx_gw_routes_add(ngx_gw_routes_t *routes, const ngx_str_t *method,
    const ngx_str_t *template, void *data, ngx_gw_route_t **route,
    ngx_str_t *error);

/* to be called after the last add(): sorts what lookups need sorted */
ngx_int_t ngx_gw_routes_finish(ngx_gw_routes_t *routes);

/*
 * Finds the route of a request.  path is the raw path of the request target
 * (raw set: percent-encoded, without query), or nginx's decoded uri.  A
 * variable of one segment is decoded whole, of several all but "%2F" (and
 * "%2f"), as http.proto says.  Segments are compared with literals after
 * decoding.
 *
 * NGX_OK; NGX_DECLINED: no route; NGX_ABORT: a route, but not for this method:
 * those that there are in *allow, "GET, PATCH", allocated from pool;
 * NGX_ERROR: no memory.  A malformed escape or a NUL is no route.
 */
ngx_int_t ngx_gw_routes_match(const ngx_gw_routes_t *routes, ngx_pool_t *pool,
    const ngx_str_t *method, const ngx_str_t *path, ngx_uint_t raw,
    ngx_gw_route_match_t *match, ngx_str_t *allow);


#endif /* _NGX_GW_ROUTE_H_INCLUDED_ */
