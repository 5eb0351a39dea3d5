
/*
 * What is said of a request that a module has refused: to the client, in
 * place of nginx's own page, and to logs, by $gw_error.
 *
 * A module settles the status first, by what its phase handler returns; its
 * header filter then gives the answer its form, and its body filter puts that
 * in place of nginx's page.  The status is taken from r->headers_out.
 */


#ifndef _NGX_HTTP_GW_PROBLEM_H_INCLUDED_
#define _NGX_HTTP_GW_PROBLEM_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/* statuses of gRPC */
#define NGX_HTTP_GW_GRPC_PERMISSION_DENIED   7
#define NGX_HTTP_GW_GRPC_RESOURCE_EXHAUSTED  8
#define NGX_HTTP_GW_GRPC_UNAVAILABLE         14
#define NGX_HTTP_GW_GRPC_UNAUTHENTICATED     16


/* part of a module's ctx, zeroed with it */
typedef struct {
    ngx_buf_t                   *body;     /* ours, or NULL: nginx's stays */
    ngx_uint_t                   sent;
} ngx_http_gw_problem_t;


/* $gw_error as the modules loaded earlier have it; part of a main conf */
typedef struct {
    ngx_http_get_variable_pt     get;      /* or NULL */
    uintptr_t                    data;
} ngx_http_gw_error_t;


/*
 * Adds a field to the answer and chains it to no other.  Name and value are
 * referred to, not copied.  NULL: no memory.
 */
ngx_table_elt_t *ngx_http_gw_add_header(ngx_http_request_t *r,
    const char *name, size_t len, const ngx_str_t *value);

#define ngx_http_gw_header(r, name, value)                                    \
    ngx_http_gw_add_header(r, name, sizeof(name) - 1, value)


/*
 * 1 if the request may be answered by ngx_http_gw_problem_grpc(), whose
 * answer has status 200: never for a subrequest, whose status decides on
 * another request, nor for what is no gRPC call in spite of its type, since
 * caches and callers in front would take a refused GET for a success.
 */
ngx_uint_t ngx_http_gw_is_grpc(ngx_http_request_t *r);

/*
 * Give the answer its form: called from a header filter, before the next one.
 * NGX_OK or NGX_ERROR: no memory.
 *
 * detail and members are put in as they are: the caller answers for detail
 * being free of what a JSON string has to escape, and members, further ones
 * like "\"reason\":\"missing\"", being JSON.  type is a URI, with NULL it is
 * about:blank; members may be NULL.  request_id is the index of $request_id.
 */
ngx_int_t ngx_http_gw_problem_grpc(ngx_http_request_t *r, ngx_uint_t code,
    const ngx_str_t *detail);
ngx_int_t ngx_http_gw_problem_json(ngx_http_request_t *r,
    ngx_http_gw_problem_t *problem, const ngx_str_t *type,
    const ngx_str_t *detail, const ngx_str_t *members, ngx_int_t request_id);

/*
 * A google.rpc.Status in JSON, code being one of google.rpc.Code.  _json()
 * gives this form by itself where $gw_error_code has a value.
 */
ngx_int_t ngx_http_gw_problem_status(ngx_http_request_t *r,
    ngx_http_gw_problem_t *problem, ngx_uint_t code, const ngx_str_t *detail);

/* the phrase of a status */
const ngx_str_t *ngx_http_gw_problem_title(ngx_uint_t status);

/* a body filter: drops nginx's page and sends the problem, if there is one */
ngx_int_t ngx_http_gw_problem_body(ngx_http_request_t *r,
    ngx_http_gw_problem_t *problem, ngx_chain_t *in,
    ngx_http_output_body_filter_pt next);


/*
 * Adds $gw_error, in preconfiguration.  Each module of the suite has it; get
 * is called with the module's error as data, and if the module has nothing to
 * say of the request returns what ngx_http_gw_error_next() does.
 */
ngx_int_t ngx_http_gw_error_add(ngx_conf_t *cf, ngx_http_gw_error_t *error,
    ngx_http_get_variable_pt get);

/* the value that the modules loaded earlier give; not found if none does */
ngx_int_t ngx_http_gw_error_next(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_http_gw_error_t *error);

/* sets v to "status reason".  NGX_OK or NGX_ERROR: no memory */
ngx_int_t ngx_http_gw_error_set(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_uint_t status, const ngx_str_t *reason);


#endif /* _NGX_HTTP_GW_PROBLEM_H_INCLUDED_ */
