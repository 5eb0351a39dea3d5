
/*
 * ngx_gw_template: path templates of google.api.http, taken apart.  For
 * ngx_gw_route.c alone.
 *
 *     Template  = "/" [ Segments [ Verb ] ]
 *     Segments  = Segment { "/" Segment }
 *     Segment   = "*" | "**" | LITERAL | Variable
 *     Variable  = "{" FieldPath [ "=" Segments ] "}"
 *     FieldPath = IDENT { "." IDENT }
 *     Verb      = ":" LITERAL
 *
 * Behind "**" there may be literals, and nothing else.  A literal is written
 * as it is or with percent escapes; a colon in the last segment that is not
 * within a variable begins the verb.
 */


#ifndef _NGX_GW_TEMPLATE_H_INCLUDED_
#define _NGX_GW_TEMPLATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_route.h"


/* longest literal, decoded */
#define NGX_GW_TEMPLATE_MAX_LITERAL  255

#define NGX_GW_TEMPLATE_LITERAL      1
#define NGX_GW_TEMPLATE_STAR         2
#define NGX_GW_TEMPLATE_DSTAR        3


typedef struct {
    ngx_uint_t                kind;
    ngx_str_t                 text;      /* of a literal, decoded */
} ngx_gw_template_segment_t;


typedef struct {
    ngx_gw_template_segment_t  segments[NGX_GW_ROUTE_MAX_SEGMENTS];
    ngx_uint_t                nsegments;
    ngx_uint_t                dstar;     /* nsegments: there is none */

    /* their paths point into the text */
    ngx_gw_route_variable_t   variables[NGX_GW_ROUTE_MAX_VARIABLES];
    ngx_uint_t                nvariables;

    ngx_str_t                 verb;      /* decoded; len 0: none */

    const char               *error;     /* what is wrong */
    size_t                    offset;    /* and where in the text */
} ngx_gw_template_t;


/*
 * Takes text apart, which must stay as long as the template is used.
 * NGX_OK; NGX_DECLINED: it is malformed (error, offset); NGX_ERROR: no memory.
 */
ngx_int_t ngx_gw_template_parse(ngx_pool_t *pool, const ngx_str_t *text,
    ngx_gw_template_t *tp);


#endif /* _NGX_GW_TEMPLATE_H_INCLUDED_ */
