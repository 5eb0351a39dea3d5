
/*
 * ngx_gw_pb_parse: JSON to the wire format, the "parser" of protobuf's JSON
 * mapping (protobuf.dev/programming-guides/json), and values of URLs.
 *
 * One pass over the text, no tree, no recursion.  What is written grows in one
 * buffer of its own; lengths of messages that turn out to take more than one
 * byte are put in by one pass at the end, so that the cost is linear in the
 * text however deep it is nested.
 *
 * A parser can be stopped after a number of bytes and gone on with later, so
 * that no text holds a worker for long.
 */


#ifndef _NGX_GW_PB_PARSE_H_INCLUDED_
#define _NGX_GW_PB_PARSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_pb.h"


typedef struct ngx_gw_pb_parser_s   ngx_gw_pb_parser_t;
typedef struct ngx_gw_pb_bound_s    ngx_gw_pb_bound_t;


/*
 * A field that the URL gives a value to, and the way to it: what the body must
 * not give one to again.  A tree: children of the root are fields of the
 * request message.  A leaf (no children) is such a field; an inner node only
 * leads to them.  Made by ngx_gw_pb_bind().
 */
struct ngx_gw_pb_bound_s {
    ngx_gw_pb_field_t        *field;
    ngx_gw_pb_bound_t        *next;      /* sibling */
    ngx_gw_pb_bound_t        *children;
    unsigned                  path:1;    /* by the path, not by the query */
    unsigned                  parsed:1;  /* an inner node: the text has it,
                                            too */
};


typedef struct {
    const ngx_gw_pb_schema_t *schema;    /* for Any */
    size_t                    max_size;  /* most bytes that are written */

    unsigned                  ignore_unknown:1;  /* members and enum names */

    /* collect what the text gives values to, for FieldMask; see mask() */
    unsigned                  mask:1;
} ngx_gw_pb_parse_conf_t;


/*
 * A parser for one message.  The text that is to come is a value of message
 * (an object, or the form of a well-known type) or, with field, of that field
 * of message (repeated ones are an array; tag and length are written too).
 * bound may be NULL; else bind() adds to it.  All memory is of pool.  NULL: no
 * memory.
 */
ngx_gw_pb_parser_t *ngx_gw_pb_parser_create(ngx_pool_t *pool,
    const ngx_gw_pb_parse_conf_t *conf, const ngx_gw_pb_message_t *message,
    const ngx_gw_pb_field_t *field, const ngx_gw_pb_bound_t *bound);

/*
 * Writes the value of a path variable or query parameter, the field that names
 * lead to: wrappers, Timestamp, Duration and FieldMask are given in their JSON
 * form without quotes (paths of a FieldMask in snake_case, too), bytes in
 * base64, enums by name or number, bools as "true" or "false".  path is dotted,
 * by json_name or by name.  To be called before ngx_gw_pb_parser_run(), path
 * variables first.
 *
 * NGX_OK; NGX_ERROR: no memory; NGX_DECLINED: see ngx_gw_pb_parser_error();
 * NGX_ABORT: no such field (with the same error text), so that unknown
 * parameters can be ignored.  A field that the path has given a value to, or a
 * singular one that has one, is declined, as are a second field of a oneof,
 * and messages and maps.  After NGX_DECLINED the parser is of no more use.
 */
ngx_int_t ngx_gw_pb_bind(ngx_gw_pb_parser_t *parser, const ngx_str_t *path,
    const ngx_str_t *value, ngx_uint_t query);

/*
 * Parses text, which is all of it and stays where it is until the end.
 * budget is about how many bytes may be read now.  NGX_OK: done;
 * NGX_AGAIN: call again with the same text; NGX_ERROR: no memory;
 * NGX_DECLINED: see ngx_gw_pb_parser_error(); NGX_ABORT: more than
 * conf->max_size (with an error text as well).
 */
ngx_int_t ngx_gw_pb_parser_run(ngx_gw_pb_parser_t *parser, u_char *text,
    size_t len, size_t budget);

/*
 * What was written, in one piece of memory with 5 bytes free in front of it
 * (for the head of a gRPC message).  To be called once, when run() was done
 * or, for a request without a body, after the last bind().
 * NGX_OK, NGX_ERROR, NGX_ABORT; NGX_DECLINED: a required field is missing in
 * what no text was there for.
 */
ngx_int_t ngx_gw_pb_parser_finish(ngx_gw_pb_parser_t *parser,
    ngx_str_t *wire);

/*
 * With conf->mask: the paths of fields that the text gave values to, as a
 * FieldMask (a message without tag and length): leaves, dotted, by name;
 * repeated fields, maps and well-known types are leaves.
 * NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_gw_pb_parser_mask(ngx_gw_pb_parser_t *parser, ngx_str_t *wire);

/*
 * What is wrong and where, for a person: `$.items[3].price: "abc" is no
 * number`.  Valid UTF-8 of less than 512 bytes, values cut; not escaped.
 */
const ngx_str_t *ngx_gw_pb_parser_error(ngx_gw_pb_parser_t *parser);


#endif /* _NGX_GW_PB_PARSE_H_INCLUDED_ */
