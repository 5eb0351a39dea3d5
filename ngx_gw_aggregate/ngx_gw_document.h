
/*
 * ngx_gw_document: the answer, made from what parts have given.
 *
 * A document is filled in the order of the configuration's lines and then
 * written as a chain of buffers that point into the parts' own memory; of
 * what is long nothing is copied.  Where parts go is known at configuration:
 * a place is a JSON pointer of member names, compiled once.
 *
 * Only objects that something is put into are taken apart, each once, down to
 * their members; all else stays a range of the text it came in.
 *
 * Texts are valid JSON (ngx_gw_splice has read them), less than 2^31 bytes,
 * without white space around.  They and their indexes are referred to: they
 * stay, unchanged, until the document has been sent.
 */


#ifndef _NGX_GW_DOCUMENT_H_INCLUDED_
#define _NGX_GW_DOCUMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_splice.h"


/* most names of a place */
#define NGX_GW_DOCUMENT_MAX_STEPS  16


typedef struct ngx_gw_document_s  ngx_gw_document_t;


/* where something goes: names from the root on, const after configuration */
typedef struct {
    ngx_uint_t             nsteps;
    struct ngx_gw_step_s  *steps;
} ngx_gw_place_t;


/*
 * Compiles a JSON pointer of member names ("" is the root; digits are names,
 * since objects on the way are made).  Names are hashed: ngx_gw_json_init()
 * comes before.  NGX_OK, NGX_ERROR (no memory) or NGX_DECLINED: malformed, not
 * UTF-8, or too many names.
 */
ngx_int_t ngx_gw_place_compile(ngx_pool_t *pool, ngx_str_t *pointer,
    ngx_gw_place_t *place);


/* an empty document: "{}".  NULL: no memory */
ngx_gw_document_t *ngx_gw_document_create(ngx_pool_t *pool);

/*
 * Each of these puts something at a place.  An object on the way that is not
 * there is made, one that is no object is replaced; what is there keeps its
 * place among its siblings.  If an object that came without an index has a
 * name twice, the last one counts.  NGX_OK or NGX_ERROR: no memory, the
 * document is not to be used then.
 */

/* a JSON text; replaces what is there */
ngx_int_t ngx_gw_document_set(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json);

/*
 * A JSON text as a further item of the array there; if none is there, it is
 * made.  An array that came as a text is added to, anything else is replaced.
 */
ngx_int_t ngx_gw_document_append(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json);

/*
 * A text with its index, merged into what is there.  Of two objects, members
 * that only one has stand where they stood, new ones behind those, and what
 * both have is merged in turn; two arrays are joined if concat is set; else
 * the later value replaces the earlier one.  The name stays that of the
 * earlier one.  index may be NULL: it is then made here if it is needed, which
 * takes a pass over the text.
 */
ngx_int_t ngx_gw_document_merge(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json,
    const ngx_gw_member_t *index, ngx_uint_t n, ngx_uint_t concat);

/*
 * The document as a chain of memory buffers, none of them empty, the last one
 * without last_buf, its length in *len.  What is short is copied together with
 * its neighbours.  NGX_OK or NGX_ERROR: no memory.
 */
ngx_int_t ngx_gw_document_write(ngx_gw_document_t *doc, ngx_chain_t **out,
    off_t *len);


#endif /* _NGX_GW_DOCUMENT_H_INCLUDED_ */
