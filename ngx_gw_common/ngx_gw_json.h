
/*
 * ngx_gw_json: JSON without a tree.
 *
 * One pass over the text validates it (RFC 8259, and of RFC 7493: valid
 * UTF-8, no unpaired surrogates, no duplicate member names) and writes a flat
 * array of nodes in document order.  Nodes hold offsets, not pointers, so
 * text and nodes may be copied elsewhere together and stay valid.
 * Nothing is allocated: the caller owns text and nodes.
 */


#ifndef _NGX_GW_JSON_H_INCLUDED_
#define _NGX_GW_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_GW_JSON_NULL     1
#define NGX_GW_JSON_FALSE    2
#define NGX_GW_JSON_TRUE     3
#define NGX_GW_JSON_NUMBER   4
#define NGX_GW_JSON_STRING   5
#define NGX_GW_JSON_ARRAY    6
#define NGX_GW_JSON_OBJECT   7

/* flags of a node */
#define NGX_GW_JSON_NAME_ESC   0x01    /* the name has backslash escapes */
#define NGX_GW_JSON_VALUE_ESC  0x02    /* the string has backslash escapes */

/* the node that stands for "no such member"; also "no next sibling" */
#define NGX_GW_JSON_NONE     0

/* longest text that can be parsed: offsets are 32 bits */
#define NGX_GW_JSON_MAX_LEN  0x7fffffff


typedef struct {
    uint32_t              hash;    /* ngx_gw_json_hash() of the unescaped
                                      name; 0 for array items and the root */
    uint32_t              name;    /* offset of the name, behind its quote */
    uint32_t              nlen;    /* raw bytes of the name */
    uint32_t              pos;     /* offset of the value; of a string, behind
                                      its quote */
    uint32_t              len;     /* raw bytes of the value, without quotes;
                                      containers: with their brackets */
    uint32_t              next;    /* index of the next sibling, or NONE */
    uint32_t              count;   /* members or items of a container; the
                                      first one is the node at index + 1 */
    uint8_t               type;
    uint8_t               flags;
} ngx_gw_json_node_t;


typedef struct {
    u_char               *data;    /* the text; not changed */
    size_t                len;

    ngx_gw_json_node_t   *nodes;   /* nodes[0] is the root */
    ngx_uint_t            nnodes;

    const char           *error;   /* what is wrong, if parse() said so */
    size_t                offset;  /* and where: offset in the text */
} ngx_gw_json_t;


/* one step of a path: a member name, or an index into an array */
typedef struct {
    ngx_str_t             name;    /* unescaped */
    uint32_t              hash;
    ngx_int_t             index;   /* of an array; -1 if name is no index */
} ngx_gw_json_step_t;

typedef struct {
    ngx_uint_t            nsteps;
    ngx_gw_json_step_t   *steps;
} ngx_gw_json_path_t;


/*
 * Upper bound of nodes a valid text of len bytes can have ("[1,1,1]"): with
 * that many, ngx_gw_json_parse() runs out of them only on invalid text.
 */
#define ngx_gw_json_max_nodes(len)  ((len) / 2 + 1)


/*
 * Parses json->data of json->len bytes into json->nodes, which has room for
 * max_nodes.  Containers may be nested max_depth deep (a scalar at the root
 * is depth 0, "{}" is depth 1, at most 64 is supported).  scratch, used to
 * find duplicate names in large objects, has at least
 * ngx_gw_json_scratch(max_nodes) uint32_t; it may be left dirty and be reused.
 * White space around the root is allowed, anything else behind it is not.
 *
 * NGX_OK; NGX_DECLINED: not valid JSON (json->error, json->offset);
 * NGX_ABORT: valid so far but beyond max_nodes or max_depth (same fields).
 */
ngx_int_t ngx_gw_json_parse(ngx_gw_json_t *json, ngx_uint_t max_nodes,
    ngx_uint_t max_depth, uint32_t *scratch);

/* number of uint32_t that ngx_gw_json_parse() wants as scratch */
#define ngx_gw_json_scratch(max_nodes)  ((max_nodes) * 4 + 16)

/*
 * Sets the seed of ngx_gw_json_hash().  Called with a random number when the
 * module is initialized, before any name is hashed, so that nobody can choose
 * names that collide.  Only the first call of a process counts: hashes in
 * compiled paths outlive a reload.
 */
void ngx_gw_json_init(uint64_t seed);

/* the hash used for names; never 0 */
uint32_t ngx_gw_json_hash(const u_char *name, size_t len);

/*
 * Index of the member of the object at index parent, or NONE: no such member,
 * or parent is no object.  name is compared unescaped, hash is its hash.
 */
ngx_uint_t ngx_gw_json_find(ngx_gw_json_t *json, ngx_uint_t parent,
    ngx_str_t *name, uint32_t hash);

/*
 * Compiles a path: a JSON pointer (RFC 6901) if it begins with "/", else names
 * separated by dots.  A step of digits without leading zero is an index where
 * the value is an array and a name where it is an object.  Allocates from
 * pool; text may be freed afterwards.  NGX_OK, NGX_ERROR (no memory) or
 * NGX_DECLINED (empty path, empty step in a dotted path, bad "~" escape, more
 * than 16 steps).
 */
ngx_int_t ngx_gw_json_path_compile(ngx_pool_t *pool, ngx_str_t *text,
    ngx_gw_json_path_t *path);

/*
 * Follows path from the root.  NGX_OK and the index of the value in *node, or
 * NGX_DECLINED: there is none.
 */
ngx_int_t ngx_gw_json_path_get(ngx_gw_json_t *json, ngx_gw_json_path_t *path,
    ngx_uint_t *node);

/*
 * Writes the string at index node unescaped to dst, which has room for the
 * node's len (the result is never longer).  Returns the end of what was
 * written.  The string is known to be valid since parse() accepted it.
 */
u_char *ngx_gw_json_unescape(ngx_gw_json_t *json, ngx_uint_t node,
    u_char *dst);

/*
 * 1 if the string at index node equals text once unescaped, else 0 (also if
 * the node is no string).  No allocation.
 */
ngx_uint_t ngx_gw_json_equal(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_str_t *text);

/*
 * Compares two JSON numbers given as text by value, exactly, without going
 * through floating point: < 0, 0, > 0.  Both must match the number grammar
 * (ngx_gw_json_is_number()).  "1.0", "1" and "10e-1" are equal, as are "0" and
 * "-0".  Exponents beyond +-1e9 are clamped.
 */
ngx_int_t ngx_gw_json_number_cmp(ngx_str_t *a, ngx_str_t *b);

/* 1 if text as a whole is a JSON number */
ngx_uint_t ngx_gw_json_is_number(ngx_str_t *text);

/*
 * The integer part of the number times 10^scale, rounded down, in *value;
 * *fraction is 1 if something was cut.  NGX_ERROR if it does not fit +-max
 * (max >= 0, at most 1e17).  Accepts any valid number: "1.5e3" is 1500.
 */
ngx_int_t ngx_gw_json_number_floor(ngx_str_t *text, ngx_uint_t scale,
    int64_t max, int64_t *value, ngx_uint_t *fraction);


#endif /* _NGX_GW_JSON_H_INCLUDED_ */
