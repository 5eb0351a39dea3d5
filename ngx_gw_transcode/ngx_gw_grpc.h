
/*
 * ngx_gw_grpc: small pieces of gRPC's protocol over HTTP/2
 * (grpc/doc/PROTOCOL-HTTP2.md) and of gRPC-Web's (PROTOCOL-WEB.md).
 */


#ifndef _NGX_GW_GRPC_H_INCLUDED_
#define _NGX_GW_GRPC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* codes, google.rpc.Code */
#define NGX_GW_GRPC_OK                   0
#define NGX_GW_GRPC_CANCELLED            1
#define NGX_GW_GRPC_UNKNOWN              2
#define NGX_GW_GRPC_INVALID_ARGUMENT     3
#define NGX_GW_GRPC_DEADLINE_EXCEEDED    4
#define NGX_GW_GRPC_NOT_FOUND            5
#define NGX_GW_GRPC_ALREADY_EXISTS       6
#define NGX_GW_GRPC_PERMISSION_DENIED    7
#define NGX_GW_GRPC_RESOURCE_EXHAUSTED   8
#define NGX_GW_GRPC_FAILED_PRECONDITION  9
#define NGX_GW_GRPC_ABORTED              10
#define NGX_GW_GRPC_OUT_OF_RANGE         11
#define NGX_GW_GRPC_UNIMPLEMENTED        12
#define NGX_GW_GRPC_INTERNAL             13
#define NGX_GW_GRPC_UNAVAILABLE          14
#define NGX_GW_GRPC_DATA_LOSS            15
#define NGX_GW_GRPC_UNAUTHENTICATED      16

/* bytes in front of a message: flag and length */
#define NGX_GW_GRPC_HEAD  5


typedef struct ngx_gw_deframer_s  ngx_gw_deframer_t;
typedef struct ngx_gw_splitter_s  ngx_gw_splitter_t;
typedef struct ngx_gw_base64_s    ngx_gw_base64_t;


/* the HTTP status of a code, as google/rpc/code.proto has it; else 500 */
ngx_uint_t ngx_gw_grpc_http_status(ngx_uint_t code);

/* the code of an error that a gateway decides by an HTTP status */
ngx_uint_t ngx_gw_grpc_code(ngx_uint_t http_status);

/* the code of an answer that is no gRPC (http-grpc-status-mapping.md) */
ngx_uint_t ngx_gw_grpc_code_of_answer(ngx_uint_t http_status);

/* "NOT_FOUND"; of others "UNKNOWN" */
const ngx_str_t *ngx_gw_grpc_code_name(ngx_uint_t code);

/* writes the five bytes */
void ngx_gw_grpc_write_head(u_char *dst, size_t len);

/*
 * grpc-message is percent-encoded.  Decodes src to dst, which has room for
 * src->len bytes, and returns the end; what is no escape stays as it is.
 */
u_char *ngx_gw_grpc_decode_message(u_char *dst, const ngx_str_t *src);

/* dst has room for 3 * len bytes; returns the end */
u_char *ngx_gw_grpc_encode_message(u_char *dst, const ngx_str_t *src);

/* a grpc-timeout in milliseconds, rounded up, at least 1; 0: malformed */
ngx_msec_t ngx_gw_grpc_timeout(const ngx_str_t *value);

/* writes "1500m"; dst has room for 9 bytes; returns the end */
u_char *ngx_gw_grpc_write_timeout(u_char *dst, ngx_msec_t timeout);

/*
 * base64 of "-bin" metadata, padded or not.  NGX_OK, NGX_ERROR (no memory) or
 * NGX_DECLINED: malformed.
 */
ngx_int_t ngx_gw_grpc_decode_bin(ngx_pool_t *pool, const ngx_str_t *src,
    ngx_str_t *dst);


/*
 * A deframer takes the pieces in which messages come.  max is the longest
 * message, also once it is inflated.  NULL: no memory.
 */
ngx_gw_deframer_t *ngx_gw_deframer_create(ngx_pool_t *pool, size_t max);

/* as new, for another try of the same call; keeps its memory */
void ngx_gw_deframer_reset(ngx_gw_deframer_t *deframer);

/*
 * Takes bytes from *pos on, and moves *pos behind what was taken.  NGX_OK: a
 * message is complete, in *message, as it was sent, *compressed says whether
 * compressed; it is valid until the next call, and may lie within the piece.
 * NGX_AGAIN: all was taken.  NGX_DECLINED: longer than max, or no gRPC, see
 * ngx_gw_deframer_error().  NGX_ERROR: no memory.
 */
ngx_int_t ngx_gw_deframer_take(ngx_gw_deframer_t *deframer, u_char **pos,
    u_char *last, ngx_str_t *message, ngx_uint_t *compressed);

/* 1: in the middle of a message */
ngx_uint_t ngx_gw_deframer_partial(const ngx_gw_deframer_t *deframer);

/*
 * Inflates a gzip message into memory of the deframer, valid until the next
 * call.  NGX_OK, NGX_ERROR: no memory, NGX_DECLINED: see error().
 */
ngx_int_t ngx_gw_deframer_inflate(ngx_gw_deframer_t *deframer,
    const ngx_str_t *message, ngx_str_t *inflated);

/* "a message of 5000000 bytes", "a flag of 7", "gzip that is none" */
const ngx_str_t *ngx_gw_deframer_error(const ngx_gw_deframer_t *deframer);


/*
 * A splitter finds the elements of a JSON array or, with lines, the lines of
 * NDJSON (empty ones are skipped) in text that comes in pieces.  It looks at
 * strings and brackets only: what is in an element is for the parser to judge.
 * max is the longest element.  NULL: no memory.
 */
ngx_gw_splitter_t *ngx_gw_splitter_create(ngx_pool_t *pool, ngx_uint_t lines,
    size_t max);

/*
 * Takes bytes from *pos on.  NGX_OK: an element, valid until the next call,
 * which may lie within the piece; NGX_AGAIN: all was taken; NGX_ABORT: it is
 * longer than max, NGX_DECLINED: no array, see *error; NGX_ERROR: no memory.
 */
ngx_int_t ngx_gw_splitter_take(ngx_gw_splitter_t *splitter, u_char **pos,
    u_char *last, ngx_str_t *element, const char **error);

/*
 * The text has ended.  NGX_DONE: complete; NGX_OK: and with a last line in
 * *element; NGX_DECLINED, NGX_ABORT: see *error.  No text at all is complete.
 */
ngx_int_t ngx_gw_splitter_end(ngx_gw_splitter_t *splitter, ngx_str_t *element,
    const char **error);

/* how many elements were found so far */
ngx_uint_t ngx_gw_splitter_count(const ngx_gw_splitter_t *splitter);


/* base64 in pieces, for grpc-web-text; NULL: no memory */
ngx_gw_base64_t *ngx_gw_base64_create(ngx_pool_t *pool);

/*
 * Decodes what comes, padded anywhere between quadruples; dst has room for
 * len + 3 bytes; returns the end of what was written, or NULL: malformed.
 */
u_char *ngx_gw_base64_decode(ngx_gw_base64_t *base64, u_char *dst,
    const u_char *src, size_t len);

/* 1: all that has come is whole quadruples */
ngx_uint_t ngx_gw_base64_whole(const ngx_gw_base64_t *base64);


#endif /* _NGX_GW_GRPC_H_INCLUDED_ */
