
/*
 * ngx_gw_document: the answer, made from what parts have given.
 *
 * A document is filled in the order of the configuration's lines and then
 * written as a chain of buffers that point into the parts' own memory: no
 * byte of a part is copied.  Where parts go is known at configuration: a
 * place is a JSON pointer of member names, compiled once.
 */


#ifndef _NGX_GW_DOCUMENT_H_INCLUDED_
#define _NGX_GW_DOCUMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_splice.h"


typedef struct ngx_gw_document_s  ngx_gw_document_t;


/* where something goes: names from the root on, const after configuration */
typedef struct {
    ngx_uint_t             nsteps;
    struct ngx_gw_step_s  *steps;
} ngx_gw_place_t;


/*
 * Compiles a JSON pointer of member names ("" is the root; digits are names,
 * since objects on the way are made).  NGX_OK, NGX_ERROR (no memory) or NGX_DECLINED:
 * malformed.
 */
ngx_int_t ngx_gw_place_compile(ngx_pool_t *pool, ngx_str_t *pointer,
    ngx_gw_place_t *place);


/* an empty document: "{}".  NULL: no memory */
ngx_gw_document_t *ngx_gw_document_create(ngx_pool_t *pool);

/*
 * Each of these puts something at a place; an object on the way that is not
 * there is made, one that is no object is replaced.  Memory that is referred to stays
 * until the document has been sent.  NGX_OK or NGX_ERROR: no memory.
 */

/* a JSON text; replaces what is there, in its old place among its siblings */
ngx_int_t ngx_gw_document_set(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json);

/*
 * A JSON text as a further item of the array there; if none is there, it is made.
 * An array that came as a text is added to, anything else is replaced.
 */
ngx_int_t ngx_gw_document_append(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json);

/*
 * An object with its index, merged into the object there.  Members that only one has
 * stand where they stood, new ones behind those; objects that both have are
 * merged; arrays that both have are joined if concat is set; else the later
 * value stands in the earlier one's place.  What is replaced need not be an
 * object: then the text replaces it.  json and index must not change later.
 */
ngx_int_t ngx_gw_document_merge(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json,
    const ngx_gw_member_t *index, ngx_uint_t n, ngx_uint_t concat);

/*
 * The document as a chain of memory buffers, the last one without last_buf, its
 * length in *len.  Neighbours that are short are copied together.  NGX_OK,
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_gw_document_write(ngx_gw_document_t *doc, ngx_chain_t **out,
    off_t *len);


#endif /* _NGX_GW_DOCUMENT_H_INCLUDED_ */
