
/*
 * ngx_gw_document: the answer, made from what parts have given.
 *
 * A document is filled in the order of the configuration's lines and then
 * written as a chain of buffers that point into the parts' own memory; of
 * what is long nothing is copied.  Where parts go is known at configuration:
 * a place is a JSON pointer of member names, compiled once.
 *
 * Only objects that something is put into are taken apart, each once, down to
 * their members; all else stays a range of the text it came in, and is passed
 * by its brackets and quotes.
 *
 * Texts are valid JSON (ngx_gw_splice has read them), less than 2^31 bytes,
 * without white space around.  They are referred to: they stay, unchanged,
 * until the document has been sent.
 */


#ifndef _NGX_GW_DOCUMENT_H_INCLUDED_
#define _NGX_GW_DOCUMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_splice.h"


/* most names of a place */
#define NGX_GW_DOCUMENT_MAX_STEPS  16

/* numbers of sources go up to this */
#define NGX_GW_DOCUMENT_MAX_SOURCE  0xffff


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
 * Each of these three says what is to be put at a place, which is then done by
 * ngx_gw_document_run(), before the next of them; place and json stay.  An
 * object on the way that is not there is made, one that is no object is
 * replaced; what is there keeps its place among its siblings.
 */

/* a JSON text; replaces what is there */
void ngx_gw_document_set(ngx_gw_document_t *doc, const ngx_gw_place_t *place,
    const ngx_str_t *json);

/*
 * A JSON text as a further item of the array there; if none is there, it is
 * made.  An array that came as a text is added to, anything else is replaced.
 */
void ngx_gw_document_append(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json);

/*
 * A JSON text, merged into what is there.  Of two objects, members that only
 * one has stand where they stood, new ones behind those, and what both have is
 * merged in turn; two arrays are joined if concat is set; else the later value
 * replaces the earlier one.  The name stays that of the earlier one.
 *
 * source, not 0, is the number of a text whose names must be unique where it
 * is taken apart: at its root, and in objects that are merged.  In one that
 * was set, or merged with 0, the last one of a name counts.
 */
void ngx_gw_document_merge(ngx_gw_document_t *doc,
    const ngx_gw_place_t *place, const ngx_str_t *json, ngx_uint_t source,
    ngx_uint_t concat);

/*
 * Does it.  *budget bounds how much is done at a time: about so many bytes are
 * looked at, where a member counts as some more; it is what is left then.
 * NGX_OK; NGX_AGAIN: nothing is left, to be called again; NGX_DECLINED: a name
 * twice, in the text of the number that ngx_gw_document_source() tells;
 * NGX_ERROR: no memory.  After the last two the document is not to be used.
 */
ngx_int_t ngx_gw_document_run(ngx_gw_document_t *doc, size_t *budget);

ngx_uint_t ngx_gw_document_source(ngx_gw_document_t *doc);

/*
 * The document as a chain of memory buffers, none of them empty, the last one
 * without last_buf, its length in *len.  What is short is copied together with
 * its neighbours.  NGX_OK; NGX_AGAIN: likewise; NGX_ERROR: no memory.
 */
ngx_int_t ngx_gw_document_write(ngx_gw_document_t *doc, size_t *budget,
    ngx_chain_t **out, off_t *len);


#endif /* _NGX_GW_DOCUMENT_H_INCLUDED_ */
