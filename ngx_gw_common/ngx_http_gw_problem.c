
#include "ngx_http_gw_problem.h"
#include "ngx_gw_compat.h"


typedef struct {
    ngx_uint_t                   status;
    ngx_str_t                    title;
} ngx_http_gw_problem_title_t;


static ngx_int_t ngx_http_gw_problem_code(ngx_http_request_t *r);
static void ngx_http_gw_problem_header(ngx_http_request_t *r, ngx_buf_t *b);


/* the phrases of RFC 9110 and RFC 6585; the last two stand for all others */

static const ngx_http_gw_problem_title_t  ngx_http_gw_problem_titles[] = {
    { 400, ngx_string("Bad Request") },
    { 401, ngx_string("Unauthorized") },
    { 402, ngx_string("Payment Required") },
    { 403, ngx_string("Forbidden") },
    { 404, ngx_string("Not Found") },
    { 405, ngx_string("Method Not Allowed") },
    { 406, ngx_string("Not Acceptable") },
    { 408, ngx_string("Request Timeout") },
    { 409, ngx_string("Conflict") },
    { 413, ngx_string("Content Too Large") },
    { 414, ngx_string("URI Too Long") },
    { 415, ngx_string("Unsupported Media Type") },
    { 429, ngx_string("Too Many Requests") },
    { 500, ngx_string("Internal Server Error") },
    { 501, ngx_string("Not Implemented") },
    { 502, ngx_string("Bad Gateway") },
    { 503, ngx_string("Service Unavailable") },
    { 504, ngx_string("Gateway Timeout") },
    { 499, ngx_string("Client Error") },
    { 599, ngx_string("Server Error") }
};


ngx_table_elt_t *
ngx_http_gw_add_header(ngx_http_request_t *r, const char *name, size_t len,
    const ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = len;
    h->value = *value;
    h->lowcase_key = NULL;

#if (NGX_GW_HEADER_NEXT)
    h->next = NULL;
#endif

    return h;
}


ngx_uint_t
ngx_http_gw_is_grpc(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = r->headers_in.content_type;

    return r == r->main && r->method == NGX_HTTP_POST && h && h->value.len >= 16
           && ngx_strncasecmp(h->value.data, (u_char *) "application/grpc",
                              16)
              == 0;
}


/* a gRPC client takes the status from the trailers, here sent as headers */

ngx_int_t
ngx_http_gw_problem_grpc(ngx_http_request_t *r, ngx_uint_t code,
    const ngx_str_t *detail)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   status, message;

    len = detail->len + 2 * ngx_escape_uri(NULL, detail->data, detail->len,
                                           NGX_ESCAPE_URI_COMPONENT);

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN + len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    status.data = p;
    p = ngx_sprintf(p, "%ui", code);
    status.len = p - status.data;

    message.data = p;
    message.len = len;

    (void) ngx_escape_uri(p, detail->data, detail->len,
                          NGX_ESCAPE_URI_COMPONENT);

    if (ngx_http_gw_header(r, "grpc-status", &status) == NULL
        || ngx_http_gw_header(r, "grpc-message", &message) == NULL)
    {
        return NGX_ERROR;
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.status_line.len = 0;
    r->headers_out.content_type = r->headers_in.content_type->value;
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;

    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = 0;
    r->header_only = 1;

    return NGX_OK;
}


/* RFC 9457 */

ngx_int_t
ngx_http_gw_problem_json(ngx_http_request_t *r,
    ngx_http_gw_problem_t *problem, const ngx_str_t *type,
    const ngx_str_t *detail, const ngx_str_t *members, ngx_int_t request_id)
{
    size_t                      len;
    ngx_int_t                   code;
    ngx_buf_t                  *b;
    const ngx_str_t            *title;
    ngx_http_variable_value_t  *id;

    static const ngx_str_t  blank = ngx_string("about:blank");
    static const ngx_str_t  none = ngx_null_string;

    code = ngx_http_gw_problem_code(r);

    if (code > 0) {
        return ngx_http_gw_problem_status(r, problem, code, detail);
    }

    type = type ? type : &blank;
    members = members ? members : &none;
    title = ngx_http_gw_problem_title(r->headers_out.status);

    id = ngx_http_get_indexed_variable(r, request_id);
    if (id == NULL) {
        return NGX_ERROR;
    }

    len = sizeof("{\"type\":\"\",\"title\":\"\",\"status\":,\"detail\":\"\","
                 ",\"instance\":\"\"}" CRLF) - 1
          + type->len + title->len + NGX_INT_T_LEN + detail->len + members->len
          + id->len;

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_sprintf(b->last,
                          "{\"type\":\"%V\",\"title\":\"%V\",\"status\":%ui,"
                          "\"detail\":\"%V\"%s%V,\"instance\":\"%v\"}" CRLF,
                          type, title, r->headers_out.status, detail,
                          members->len ? "," : "", members, id);

    problem->body = b;

    ngx_str_set(&r->headers_out.content_type, "application/problem+json");
    ngx_http_gw_problem_header(r, b);

    return NGX_OK;
}


/*
 * A transcoding location says by $gw_error_code that its clients read
 * google.rpc.Status, and which code the status is.  NGX_DECLINED: none.
 */

static ngx_int_t
ngx_http_gw_problem_code(ngx_http_request_t *r)
{
    ngx_int_t                   code;
    ngx_uint_t                  key;
    ngx_str_t                   name;
    ngx_http_variable_value_t  *v;

    ngx_str_set(&name, "gw_error_code");
    key = ngx_hash_key(name.data, name.len);

    v = ngx_http_get_variable(r, &name, key);

    if (v == NULL || v->not_found || v->len == 0) {
        return NGX_DECLINED;
    }

    code = ngx_atoi(v->data, v->len);

    return code == NGX_ERROR ? NGX_DECLINED : code;
}


ngx_int_t
ngx_http_gw_problem_status(ngx_http_request_t *r,
    ngx_http_gw_problem_t *problem, ngx_uint_t code, const ngx_str_t *detail)
{
    size_t      len;
    ngx_buf_t  *b;

    len = sizeof("{\"code\":,\"message\":\"\",\"details\":[]}" CRLF) - 1
          + NGX_INT_T_LEN + detail->len;

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->last = ngx_sprintf(b->last,
                          "{\"code\":%ui,\"message\":\"%V\",\"details\":[]}"
                          CRLF, code, detail);

    problem->body = b;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    ngx_http_gw_problem_header(r, b);

    return NGX_OK;
}


static void
ngx_http_gw_problem_header(ngx_http_request_t *r, ngx_buf_t *b)
{
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_length_n = b->last - b->pos;
}


const ngx_str_t *
ngx_http_gw_problem_title(ngx_uint_t status)
{
    ngx_uint_t  i, n;

    n = sizeof(ngx_http_gw_problem_titles)
        / sizeof(ngx_http_gw_problem_title_t);

    for (i = 0; i < n - 2; i++) {
        if (ngx_http_gw_problem_titles[i].status == status) {
            break;
        }
    }

    if (i == n - 2 && status >= 500) {
        i++;
    }

    return &ngx_http_gw_problem_titles[i].title;
}


ngx_int_t
ngx_http_gw_problem_body(ngx_http_request_t *r,
    ngx_http_gw_problem_t *problem, ngx_chain_t *in,
    ngx_http_output_body_filter_pt next)
{
    ngx_chain_t  *cl, out;

    if (problem->body == NULL || in == NULL) {
        return next(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    if (problem->sent) {
        return next(r, NULL);
    }

    problem->sent = 1;

    out.buf = problem->body;
    out.next = NULL;

    return next(r, &out);
}


static ngx_str_t  ngx_http_gw_error_name = ngx_string("gw_error");


ngx_int_t
ngx_http_gw_error_add(ngx_conf_t *cf, ngx_http_gw_error_t *error,
    ngx_http_get_variable_pt get)
{
    ngx_http_variable_t  *var;

    var = ngx_http_add_variable(cf, &ngx_http_gw_error_name,
                                NGX_HTTP_VAR_CHANGEABLE
                                |NGX_HTTP_VAR_NOCACHEABLE);
    if (var == NULL) {
        return NGX_ERROR;
    }

    error->get = var->get_handler;
    error->data = var->data;

    var->get_handler = get;
    var->data = (uintptr_t) error;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_error_next(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    ngx_http_gw_error_t *error)
{
    if (error->get) {
        return error->get(r, v, error->data);
    }

    v->not_found = 1;

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_error_set(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    ngx_uint_t status, const ngx_str_t *reason)
{
    v->data = ngx_pnalloc(r->pool, NGX_INT_T_LEN + 1 + reason->len);
    if (v->data == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(v->data, "%ui %V", status, reason) - v->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
