
/*
 * Stands in for nginx's header of this name where a file that touches requests
 * is tested by itself: as much of a request as ngx_http_gw_jwt_token.c sees.
 */


#ifndef _NGX_HTTP_H_INCLUDED_
#define _NGX_HTTP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_UNAUTHORIZED           401
#define NGX_HTTP_FORBIDDEN              403
#define NGX_HTTP_INTERNAL_SERVER_ERROR  500
#define NGX_HTTP_SERVICE_UNAVAILABLE    503


typedef struct ngx_module_s        ngx_module_t;
typedef struct ngx_conf_s          ngx_conf_t;
typedef struct ngx_command_s       ngx_command_t;
typedef struct ngx_cycle_s         ngx_cycle_t;
typedef struct ngx_buf_s           ngx_buf_t;
typedef struct ngx_chain_s         ngx_chain_t;
typedef struct ngx_connection_s    ngx_connection_t;
typedef struct ngx_event_s         ngx_event_t;
typedef struct ngx_http_request_s  ngx_http_request_t;

typedef void (*ngx_event_handler_pt)(ngx_event_t *ev);

struct ngx_event_s {
    void                          *data;
    ngx_event_handler_pt           handler;
    ngx_log_t                     *log;
};

typedef struct ngx_table_elt_s     ngx_table_elt_t;

struct ngx_table_elt_s {
    ngx_uint_t                     hash;
    ngx_str_t                      key;
    ngx_str_t                      value;
    u_char                        *lowcase_key;
    ngx_table_elt_t               *next;
};

typedef struct {
    unsigned                       len:28;
    unsigned                       valid:1;
    unsigned                       no_cacheable:1;
    unsigned                       not_found:1;
    unsigned                       escape:1;

    u_char                        *data;
} ngx_http_variable_value_t;

typedef ngx_http_variable_value_t  ngx_variable_value_t;

typedef ngx_int_t (*ngx_http_get_variable_pt)(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);

typedef ngx_int_t (*ngx_http_output_body_filter_pt)(ngx_http_request_t *r,
    ngx_chain_t *chain);

typedef struct {
    ngx_list_t                     headers;
    ngx_table_elt_t               *authorization;
} ngx_http_headers_in_t;

struct ngx_http_request_s {
    ngx_connection_t              *connection;
    ngx_http_request_t            *main;
    ngx_pool_t                    *pool;
    ngx_http_headers_in_t          headers_in;
    ngx_str_t                      args;
};


/* the test's own; both do the same */
ngx_http_variable_value_t *ngx_http_get_indexed_variable(
    ngx_http_request_t *r, ngx_uint_t index);
ngx_http_variable_value_t *ngx_http_get_flushed_variable(
    ngx_http_request_t *r, ngx_uint_t index);


#endif /* _NGX_HTTP_H_INCLUDED_ */
