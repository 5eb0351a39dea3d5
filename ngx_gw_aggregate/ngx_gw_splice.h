
/*
 * ngx_gw_splice: a JSON text read in pieces as it comes, validated, and what
 * is wanted of it copied, all in one pass.
 *
 * The text is accepted exactly when RFC 8259 accepts it: any value at the
 * root, any order and number of equal names, any escapes (unpaired surrogates
 * too), UTF-8 without a byte order mark.  What is wanted is said by a plan
 * made at configuration: one value in the text (a JSON pointer), some of its
 * members, others not, other names for some.  The bytes of what is kept stay
 * as they came, white space within it too; the result is one block of memory,
 * never longer than the text but for longer names.
 *
 * Values are picked on the way (the plan's variables).
 *
 * Nothing here is a tree, recurses, or looks twice at a byte of what is only
 * passed on; a piece may end anywhere.
 */


#ifndef _NGX_GW_SPLICE_H_INCLUDED_
#define _NGX_GW_SPLICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* deepest nesting that can be asked for */
#define NGX_GW_SPLICE_MAX_DEPTH  1024

/* most steps of a path in a plan */
#define NGX_GW_SPLICE_MAX_STEPS  16

/* types of values; those of containers are the greatest */
#define NGX_GW_SPLICE_NONE     0
#define NGX_GW_SPLICE_NULL     1
#define NGX_GW_SPLICE_FALSE    2
#define NGX_GW_SPLICE_TRUE     3
#define NGX_GW_SPLICE_NUMBER   4
#define NGX_GW_SPLICE_STRING   5
#define NGX_GW_SPLICE_ARRAY    6
#define NGX_GW_SPLICE_OBJECT   7


/* why a text was refused */
typedef enum {
    NGX_GW_SPLICE_OK = 0,
    NGX_GW_SPLICE_JSON,        /* not JSON, or something behind it */
    NGX_GW_SPLICE_CHARSET,     /* not UTF-8, or a byte order mark */
    NGX_GW_SPLICE_DEPTH,       /* nested deeper than max_depth */
    NGX_GW_SPLICE_SIZE,        /* longer than max_size */
    NGX_GW_SPLICE_ABSENT,      /* the selected value is not there */
    NGX_GW_SPLICE_TYPE,        /* to be an object, and is none */
    NGX_GW_SPLICE_TRUNCATED    /* ended within the value */
} ngx_gw_splice_error_e;


/* what is wanted of a text; const once it is compiled, shared by all texts */
typedef struct ngx_gw_plan_s  ngx_gw_plan_t;


/* a value that a plan's variable has picked */
typedef struct {
    ngx_str_t              text;    /* JSON as it came, a string with its
                                       quotes; data NULL: absent */
    ngx_uint_t             type;
} ngx_gw_picked_t;


typedef struct ngx_gw_splice_s  ngx_gw_splice_t;


/*
 * Plans.  Allocated from pool; texts given are copied.  NULL or NGX_ERROR: no
 * memory; NGX_DECLINED: a malformed path (as below), *error says what is
 * wrong, for a message of the configuration.
 *
 * A pointer is a JSON pointer (RFC 6901), "" the whole text; digits are an
 * index in an array and a name in an object.  A field is a JSON pointer if it
 * begins with "/", else names with dots between; "*" is each item of an array
 * (in both forms), digits are one item of an array or a name.  Fields are
 * relative to what is selected.
 */
ngx_gw_plan_t *ngx_gw_plan_create(ngx_pool_t *pool);

ngx_int_t ngx_gw_plan_select(ngx_gw_plan_t *plan, ngx_str_t *pointer,
    const char **error);
ngx_int_t ngx_gw_plan_keep(ngx_gw_plan_t *plan, ngx_str_t *field,
    const char **error);
ngx_int_t ngx_gw_plan_drop(ngx_gw_plan_t *plan, ngx_str_t *field,
    const char **error);

/* to: the new name, not escaped; a field "a.b" renames b */
ngx_int_t ngx_gw_plan_rename(ngx_gw_plan_t *plan, ngx_str_t *field,
    ngx_str_t *to, const char **error);

/* picks the value at pointer; variables are numbered from 0 in the order of
   the calls */
ngx_int_t ngx_gw_plan_pick(ngx_gw_plan_t *plan, ngx_str_t *pointer,
    const char **error);

/* the result must be an object */
void ngx_gw_plan_object(ngx_gw_plan_t *plan);

/*
 * After all of the above, before the first text.  NGX_DECLINED: two lines
 * contradict each other (two names for one member; *error).
 */
ngx_int_t ngx_gw_plan_compile(ngx_gw_plan_t *plan, const char **error);


/*
 * Begins a text.  plan may be NULL: everything.  max_size: most bytes of the
 * text, up to 2^31 - 1; length: its bytes if known, else 0 (memory is then
 * asked for as it comes); it is a hint and may be wrong.  What belongs to the
 * text is freed by ngx_gw_splice_free() or with the pool.  NULL: no memory.
 */
ngx_gw_splice_t *ngx_gw_splice_create(ngx_pool_t *pool,
    const ngx_gw_plan_t *plan, size_t max_size, size_t length,
    ngx_uint_t max_depth);

/*
 * Takes the next len bytes, which may be freed afterwards.  NGX_OK;
 * NGX_DECLINED: refused, ngx_gw_splice_error() says why, and the rest is not
 * to be given; NGX_ERROR: no memory.
 */
ngx_int_t ngx_gw_splice_feed(ngx_gw_splice_t *splice, const u_char *data,
    size_t len);

/*
 * The text is complete.  The same results.  On NGX_OK *result is what was
 * selected, without white space around, *type its type.
 */
ngx_int_t ngx_gw_splice_end(ngx_gw_splice_t *splice, ngx_str_t *result,
    ngx_uint_t *type);

ngx_gw_splice_error_e ngx_gw_splice_error(ngx_gw_splice_t *splice);

/* bytes of the text so far: in a refused one, where it is wrong */
size_t ngx_gw_splice_offset(ngx_gw_splice_t *splice);

/* after ngx_gw_splice_end() */
ngx_gw_picked_t *ngx_gw_splice_picked(ngx_gw_splice_t *splice,
    ngx_uint_t variable);

/* frees all memory of the text, the result too */
void ngx_gw_splice_free(ngx_gw_splice_t *splice);


/*
 * Copies of JSON strings: the characters of one given as it stands, with its
 * quotes (unpaired surrogates become U+FFFD), and the other way round.  dst
 * has room for len bytes, or for 6 * len + 2.  Both return the end of what was
 * written.
 */
u_char *ngx_gw_json_string_decode(u_char *dst, const u_char *src, size_t len);
u_char *ngx_gw_json_string_encode(u_char *dst, const u_char *src, size_t len);

/*
 * 1 if two strings or names, as they stand but without quotes, are the same
 * characters.  Unlike ngx_gw_json_same_escaped() it knows unpaired surrogates,
 * of which each is different from all other characters.
 */
ngx_uint_t ngx_gw_json_string_same(const u_char *a, size_t alen,
    const u_char *b, size_t blen);

/* 1 if len bytes are UTF-8 (no surrogates, no overlong forms, <= U+10FFFF) */
ngx_uint_t ngx_gw_utf8_valid(const u_char *src, size_t len);


#endif /* _NGX_GW_SPLICE_H_INCLUDED_ */
