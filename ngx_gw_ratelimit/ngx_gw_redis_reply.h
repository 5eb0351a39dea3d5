
/*
 * Replies of Redis, from bytes that come in pieces, by hiredis's reader.  What
 * a reply takes is bounded, whatever it says of its own size.
 */


#ifndef _NGX_GW_REDIS_REPLY_H_INCLUDED_
#define _NGX_GW_REDIS_REPLY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_GW_REDIS_STRING   1
#define NGX_GW_REDIS_ARRAY    2
#define NGX_GW_REDIS_INTEGER  3
#define NGX_GW_REDIS_NIL      4
#define NGX_GW_REDIS_STATUS   5
#define NGX_GW_REDIS_FAULT    6     /* an error reply, str is its text */

/* a string, or a line, is no longer */
#define NGX_GW_REDIS_MAX_STRING  65536

/* arrays within arrays */
#define NGX_GW_REDIS_MAX_DEPTH   6


typedef struct ngx_gw_redis_reply_s   ngx_gw_redis_reply_t;
typedef struct ngx_gw_redis_reader_s  ngx_gw_redis_reader_t;


struct ngx_gw_redis_reply_s {
    ngx_uint_t               type;
    int64_t                  integer;
    ngx_str_t                str;
    ngx_uint_t               nelts;
    ngx_gw_redis_reply_t   **elts;
};


/* NULL: no memory */
ngx_gw_redis_reader_t *ngx_gw_redis_reader_create(ngx_log_t *log);
void ngx_gw_redis_reader_destroy(ngx_gw_redis_reader_t *reader);

/* takes a copy of len bytes; NGX_ERROR: no memory */
ngx_int_t ngx_gw_redis_reader_feed(ngx_gw_redis_reader_t *reader,
    u_char *data, size_t len);

/*
 * The next reply, which may take size bytes, valid until the next call of
 * this.  NGX_AGAIN: it has not come in full; NGX_ERROR: what has come is no
 * reply, or a larger one, or there is no memory; the reader is then of no
 * more use, and ngx_gw_redis_reader_error() says why.
 */
ngx_int_t ngx_gw_redis_reader_next(ngx_gw_redis_reader_t *reader, size_t size,
    ngx_gw_redis_reply_t **reply);
const char *ngx_gw_redis_reader_error(ngx_gw_redis_reader_t *reader);

/* whether a part of a reply has come */
ngx_uint_t ngx_gw_redis_reader_partial(ngx_gw_redis_reader_t *reader);

/* whether an error reply is of this code, its first word */
ngx_uint_t ngx_gw_redis_fault_is(ngx_gw_redis_reply_t *reply,
    const char *code);

/*
 * What of an error reply may be logged: its code; of "ERR" also the words
 * behind, up to where it may quote from a command.
 */
ngx_str_t ngx_gw_redis_fault_text(ngx_gw_redis_reply_t *reply);


#endif /* _NGX_GW_REDIS_REPLY_H_INCLUDED_ */
