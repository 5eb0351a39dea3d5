
/*
 * ngx_http_gw_transcode_module: what its files share.
 *
 * A request of a transcoding location goes this way:
 *
 *   _handler    in place of grpc_pass's content handler: finds the route, makes
 *               the gRPC message from path, query and body
 *   _launch     lets grpc_pass set up its upstream, and make its request of
 *               what is the call's
 *   _upstream   the callbacks around grpc_pass's: the response is read up to
 *               the first message or its end before nginx sees a header of it
 *   _answer     headers and body of what the client gets
 *   _refuse     the form of what nginx or another module answers with
 */


#ifndef _NGX_HTTP_GW_TRANSCODE_H_INCLUDED_
#define _NGX_HTTP_GW_TRANSCODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_gw_compat.h"
#include "ngx_gw_grpc.h"
#include "ngx_gw_pb.h"
#include "ngx_gw_pb_parse.h"
#include "ngx_gw_pb_print.h"
#include "ngx_gw_route.h"
#include "ngx_http_gw_problem.h"


/* about how many bytes of JSON are read in one turn of the event loop */
#define NGX_HTTP_GW_TRANSCODE_BUDGET  (256 * 1024)


/* kinds of calls, see ctx->kind */
typedef enum {
    NGX_HTTP_GW_TRANSCODE_UNARY = 0,
    NGX_HTTP_GW_TRANSCODE_STREAM,        /* of either or both sides */
    NGX_HTTP_GW_TRANSCODE_WEB            /* gRPC-Web */
} ngx_http_gw_transcode_kind_e;


/* forms of streams; the first is also the one of single messages */
typedef enum {
    NGX_HTTP_GW_TRANSCODE_AUTO = 0,
    NGX_HTTP_GW_TRANSCODE_ARRAY,
    NGX_HTTP_GW_TRANSCODE_NDJSON,
    NGX_HTTP_GW_TRANSCODE_SSE
} ngx_http_gw_transcode_form_e;


/* a route's data: an annotation with its names looked up */
typedef struct {
    ngx_gw_pb_method_t            *method;
    ngx_gw_pb_field_t             *body;       /* or NULL */
    ngx_gw_pb_field_t             *response;   /* or NULL: all of it */
    ngx_gw_pb_field_t             *mask;       /* update_mask to be filled */

    unsigned                       whole:1;    /* body: "*" */
    unsigned                       raw_in:1;   /* the body is an HttpBody */
    unsigned                       raw_out:1;
} ngx_http_gw_transcode_binding_t;


/* what header fields become metadata, and the other way */
typedef struct {
    ngx_str_t                      prefix;     /* as written; none if off */
    ngx_array_t                   *request;    /* of ngx_str_t, lower case */
    ngx_array_t                   *response;
    unsigned                       off:1;
    unsigned                       all:1;      /* request=* */
} ngx_http_gw_transcode_metadata_t;


/* what a directive lists, and where that stands */
typedef struct {
    ngx_array_t                    names;      /* of ngx_str_t */
    ngx_str_t                      file;
    ngx_uint_t                     line;
} ngx_http_gw_transcode_list_t;


typedef struct {
    ngx_http_gw_transcode_list_t  *files;      /* or NULL */
    ngx_http_gw_transcode_list_t  *services;   /* NULL: off; empty: all */
    ngx_flag_t                     automatic;
    ngx_uint_t                     print;      /* bits */
    ngx_uint_t                     unknown_fields;
    ngx_uint_t                     unknown_query;
    ngx_array_t                   *ignored;    /* names, or NULL */
    ngx_uint_t                     form;
    size_t                         max_request;
    size_t                         max_message;
    ngx_msec_t                     timeout;
    ngx_http_gw_transcode_metadata_t  *metadata;
    ngx_flag_t                     web;

    unsigned                       here:1;     /* gw_transcode of this block */

    /* made by merging */
    ngx_gw_pb_schema_t            *schema;
    ngx_gw_routes_t               *routes;
    ngx_http_handler_pt            grpc;       /* grpc_pass's handler, if this
                                                  location has it */
    ngx_gw_pb_parse_conf_t         parse;
    ngx_gw_pb_print_conf_t         printing;
} ngx_http_gw_transcode_loc_conf_t;


/* bits of loc_conf->print */
#define NGX_HTTP_GW_TRANSCODE_UNPOPULATED   0x0002
#define NGX_HTTP_GW_TRANSCODE_PROTO_NAMES   0x0004
#define NGX_HTTP_GW_TRANSCODE_ENUM_NUMBERS  0x0008
#define NGX_HTTP_GW_TRANSCODE_INDENT        0x0010

#define NGX_HTTP_GW_TRANSCODE_REJECT  0
#define NGX_HTTP_GW_TRANSCODE_IGNORE  1


typedef struct {
    ngx_http_handler_pt            grpc;       /* found out at merging */
    ngx_array_t                    compiled;   /* see _compile.c */
    ngx_http_gw_error_t            error;      /* the others' $gw_error */
    ngx_int_t                      content_length;  /* indexes of variables */
    ngx_int_t                      internal_trailers;
    ngx_int_t                      gw_error;
    ngx_uint_t                     used;
} ngx_http_gw_transcode_main_conf_t;


/* a call; ctx of the request, found again through its pool's cleanup */
typedef struct {
    ngx_http_request_t            *request;
    ngx_http_gw_transcode_loc_conf_t  *conf;
    ngx_http_gw_transcode_binding_t   *binding;    /* NULL: no route */
    ngx_gw_pb_method_t            *method;
    ngx_gw_route_match_t           match;
    ngx_http_gw_transcode_kind_e   kind;
    ngx_http_gw_transcode_form_e   form;       /* of a streamed answer */

    /* the request */
    ngx_gw_pb_parser_t            *parser;     /* of path, query and body */
    ngx_buf_t                      text;       /* the body, unary */
    ngx_chain_t                   *out;        /* frames for the service */
    ngx_gw_splitter_t             *splitter;   /* of a client stream */
    ngx_gw_base64_t               *base64;     /* of grpc-web-text */
    ngx_chain_t                   *pending;    /* of the client's, in work */
    size_t                         spent;      /* of the turn's budget */
    off_t                          made;       /* bytes, of a whole body */
    ngx_pool_t                    *pool;       /* of what is being sent */
    ngx_pool_t                    *text_pool;  /* of base64 to the client */
    ngx_list_t                     fields;     /* that the service gets */
    ngx_event_t                    event;      /* go on, or give up */
    ngx_event_t                    deadline;
    ngx_msec_t                     timeout;    /* of the call, 0: none */

    /* what is wrapped */
    ngx_int_t                    (*create_request)(ngx_http_request_t *r);
    ngx_int_t                    (*reinit_request)(ngx_http_request_t *r);
    ngx_int_t                    (*process_header)(ngx_http_request_t *r);
    void                         (*finalize_request)(ngx_http_request_t *r,
                                                     ngx_int_t rc);
    ngx_int_t                    (*input_filter_init)(void *data);
    ngx_int_t                    (*input_filter)(void *data, ssize_t bytes);
    void                          *input_filter_ctx;
    ngx_output_chain_filter_pt     output_filter;

    /* the answer */
    ngx_gw_deframer_t             *deframer;
    ngx_gw_pb_printer_t           *printer;
    ngx_chain_t                   *body;       /* what was printed */
    size_t                         body_len;
    ngx_chain_t                   *recycled;   /* buffers of what was sent */
    off_t                          length;     /* u->length, kept */
    ngx_uint_t                     messages;   /* so far */
    ngx_str_t                      type;       /* of an HttpBody */
    ngx_str_t                     *encoding;   /* the service's, or NULL */

    ngx_int_t                      code;       /* of gRPC; -1: not known yet */
    ngx_str_t                      message;    /* decoded */
    ngx_str_t                      details;    /* grpc-status-details-bin */

    /* what was refused here */
    ngx_uint_t                     refused;    /* status of HTTP, 0: none */
    ngx_uint_t                     abort_status;
    const char                    *reason;
    ngx_str_t                      detail;
    ngx_str_t                      allow;
    ngx_http_gw_problem_t          problem;

    unsigned                       streaming_in:1;
    unsigned                       header_read:1;  /* of the service */
    unsigned                       began:1;    /* nginx has our header */
    unsigned                       primed:1;   /* the first body is waiting */
    unsigned                       ended:1;    /* nothing more is to be sent */
    unsigned                       trailers_read:1;
    unsigned                       converts:1; /* the body is not sent as it
                                                  comes */
    unsigned                       head_written:1; /* of the request */
    unsigned                       blocked:1;  /* the service is slow */
    unsigned                       waits:1;    /* for the next turn */
    unsigned                       chunked:1;  /* raw bodies: one was sent */
    unsigned                       text_mode:1;    /* grpc-web-text */
    unsigned                       grpc:1;     /* gRPC-Web: the service has
                                                  sent gRPC */
    unsigned                       keepalive:1;    /* r's, at first */
    unsigned                       told:1;     /* gRPC-Web: trailers have a
                                                  status */
    unsigned                       typed:1;    /* Content-Type says JSON */
    unsigned                       lines:1;    /* NDJSON comes */
    unsigned                       pieces:1;   /* the body came in several */
    unsigned                       kept:1;     /* the text is nginx's too */
    unsigned                       mask_given:1;   /* by the query */
} ngx_http_gw_transcode_ctx_t;


/* ngx_http_gw_transcode_conf.c */

/* an empty list of a directive that is being read; NULL: no memory */
ngx_http_gw_transcode_list_t *ngx_http_gw_transcode_list(ngx_conf_t *cf);

char *ngx_http_gw_transcode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_gw_transcode_descriptor(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_gw_transcode_print(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_gw_transcode_unknown_query(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_gw_transcode_metadata(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* ngx_http_gw_transcode_compile.c */

/* schema and routes of a location; those that have the same share them */
char *ngx_http_gw_transcode_compile(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf);

/* grpc_pass's content handler, or NULL: it cannot be found out */
ngx_http_handler_pt ngx_http_gw_transcode_grpc_handler(ngx_conf_t *cf);

/* ngx_http_gw_transcode_handler.c */

ngx_int_t ngx_http_gw_transcode_handler(ngx_http_request_t *r);

/* the ctx of a request, also behind an internal redirect; or NULL */
ngx_http_gw_transcode_ctx_t *ngx_http_gw_transcode_get_ctx(
    ngx_http_request_t *r);

/* ngx_http_gw_transcode_body.c */

/* reads the request's body and, for unary calls, makes the message of it */
ngx_int_t ngx_http_gw_transcode_read_body(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/*
 * Makes the frame of a message: what the parser has written, and tail, fields
 * that it has not (or NULL).  NGX_OK or a status: refused.
 */
ngx_int_t ngx_http_gw_transcode_frame(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser,
    ngx_chain_t *tail, ngx_chain_t **out);

/* makes the header of the request ready to be sent to another server */
void ngx_http_gw_transcode_again(ngx_http_request_t *r);

/* ngx_http_gw_transcode_bind.c */

/* gives fields the values of path and query.  NGX_OK, or a status: refused */
ngx_int_t ngx_http_gw_transcode_bind(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_gw_pb_parser_t *parser);

/* ngx_http_gw_transcode_launch.c */

/* hands the request to grpc_pass.  NGX_DONE or a status */
ngx_int_t ngx_http_gw_transcode_launch(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/* in place of grpc_pass's callback */
ngx_int_t ngx_http_gw_transcode_create_request(ngx_http_request_t *r);

/* ngx_http_gw_transcode_upstream.c */

/* puts our callbacks around those that grpc_pass has given its upstream */
void ngx_http_gw_transcode_wrap(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/* a timer's handler: the call is past its deadline */
void ngx_http_gw_transcode_deadline(ngx_event_t *ev);

/*
 * Ends the call from outside of nginx's upstream code: with this status if no
 * header was sent, else in band.
 */
void ngx_http_gw_transcode_abort(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status);

/* 1: the service has sent all it is going to, trailers included */
ngx_uint_t ngx_http_gw_transcode_over(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/* ngx_http_gw_transcode_stream.c */

/* makes ctx->out of a body that is there.  NGX_OK or a status */
ngx_int_t ngx_http_gw_transcode_convert(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/* in place of grpc_pass's output filter, for client streams and gRPC-Web */
ngx_int_t ngx_http_gw_transcode_output(void *data, ngx_chain_t *in);

/* ngx_http_gw_transcode_answer.c */

/*
 * Takes pieces of messages that have come: what is complete is printed to
 * ctx->body.  NGX_OK, NGX_ERROR: no memory, or NGX_DECLINED: refused.
 */
ngx_int_t ngx_http_gw_transcode_take(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t *in);

/* status, message and details of the call, if they are there */
ngx_int_t ngx_http_gw_transcode_read_status(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_list_t *fields);

/* makes the header that nginx is to see of what is known now */
ngx_int_t ngx_http_gw_transcode_answer(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t over);

/* appends ctx->body to a chain of nginx's, to be flushed */
ngx_int_t ngx_http_gw_transcode_hand_out(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **ll);

/* the end of a stream; with a code other than 0 the error in band */
ngx_int_t ngx_http_gw_transcode_end(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/* ngx_http_gw_transcode_web.c */

ngx_int_t ngx_http_gw_transcode_web(ngx_http_request_t *r);
ngx_uint_t ngx_http_gw_transcode_is_web(ngx_http_request_t *r);
ngx_int_t ngx_http_gw_transcode_web_header(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);
ngx_int_t ngx_http_gw_transcode_web_filter(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ssize_t bytes);
ngx_int_t ngx_http_gw_transcode_web_end(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_chain_t **out);

/* ngx_http_gw_transcode_metadata.c */

/* the first field of that name, in lower case, or NULL */
ngx_table_elt_t *ngx_http_gw_transcode_find(ngx_list_t *fields,
    const char *name, size_t len);

/* makes ctx->fields, what the service gets.  NGX_OK or a status: refused */
ngx_int_t ngx_http_gw_transcode_request_fields(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/* turns metadata of the service into fields of the answer, in their place */
ngx_int_t ngx_http_gw_transcode_response_fields(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx);

/* ngx_http_gw_transcode_refuse.c */

/*
 * Keeps what was refused and why, and returns the status.  detail is a text
 * for a person, which is copied.
 */
ngx_int_t ngx_http_gw_transcode_refuse(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status, const char *reason,
    const ngx_str_t *detail);
ngx_int_t ngx_http_gw_transcode_refuse_text(ngx_http_request_t *r,
    ngx_http_gw_transcode_ctx_t *ctx, ngx_uint_t status, const char *reason,
    const char *text);
ngx_int_t ngx_http_gw_transcode_refuse_init(ngx_conf_t *cf);

/* ngx_http_gw_transcode_variables.c */

ngx_int_t ngx_http_gw_transcode_add_variables(ngx_conf_t *cf);


extern ngx_module_t  ngx_http_gw_transcode_module;

/* of the nginx that loads this module; no header of nginx declares it */
extern ngx_module_t  ngx_http_grpc_module;


#endif /* _NGX_HTTP_GW_TRANSCODE_H_INCLUDED_ */
