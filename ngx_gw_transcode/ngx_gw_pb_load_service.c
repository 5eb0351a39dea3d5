
/* Services, and the google.api.http of their methods. */


#include "ngx_gw_pb_load.h"


static ngx_int_t ngx_gw_pb_service(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *raw, ngx_gw_pb_service_t *service);
static ngx_int_t ngx_gw_pb_service_method(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_raw_method_t *raw,
    ngx_gw_pb_method_t *method);
static ngx_int_t ngx_gw_pb_service_type(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_method_t *method,
    const ngx_str_t *name, ngx_gw_pb_message_t **message);
static ngx_int_t ngx_gw_pb_service_rules(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_raw_method_t *raw,
    ngx_gw_pb_method_t *method);
static ngx_int_t ngx_gw_pb_service_rule(ngx_gw_pb_load_t *load,
    ngx_str_t *bytes, ngx_gw_pb_rule_t *rule, ngx_array_t *bindings);
static ngx_int_t ngx_gw_pb_service_custom(ngx_gw_pb_load_t *load,
    ngx_str_t *bytes, ngx_gw_pb_rule_t *rule);
static ngx_int_t ngx_gw_pb_service_finish(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_method_t *method,
    ngx_gw_pb_rule_t *rule);
static ngx_int_t ngx_gw_pb_service_error(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_method_t *method,
    const char *fmt, const ngx_str_t *name);
static int ngx_libc_cdecl ngx_gw_pb_service_compare(const void *a,
    const void *b);


ngx_int_t
ngx_gw_pb_load_services(ngx_gw_pb_load_t *load)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_gw_pb_schema_t       *schema;
    ngx_gw_pb_raw_file_t     *file;
    ngx_gw_pb_raw_service_t  *raw;

    n = 0;

    for (file = load->files; file; file = file->next) {
        for (raw = file->services; raw; raw = raw->next) {
            n += !raw->skipped;
        }
    }

    if (n == 0) {
        return NGX_OK;
    }

    schema = load->schema;

    schema->services = ngx_pcalloc(load->pool,
                                   n * sizeof(ngx_gw_pb_service_t));
    if (schema->services == NULL) {
        return NGX_ERROR;
    }

    for (file = load->files; file; file = file->next) {
        for (raw = file->services; raw; raw = raw->next) {

            if (raw->skipped) {
                continue;
            }

            rc = ngx_gw_pb_service(load, raw,
                                   &schema->services[schema->nservices++]);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    qsort(schema->services, n, sizeof(ngx_gw_pb_service_t),
          ngx_gw_pb_service_compare);

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_service(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_service_t *raw,
    ngx_gw_pb_service_t *service)
{
    ngx_int_t                rc;
    ngx_gw_pb_method_t      *method;
    ngx_gw_pb_symbols_t      names;
    ngx_gw_pb_raw_method_t  *m;

    service->name = raw->full;

    if (raw->nmethods == 0) {
        return NGX_OK;
    }

    if (raw->nmethods > NGX_GW_PB_MAX_MEMBERS) {
        return ngx_gw_pb_load_error(load, raw->file, "service \"%V\" has more "
                                    "than %d methods", &raw->full,
                                    NGX_GW_PB_MAX_MEMBERS);
    }

    ngx_memzero(&names, sizeof(ngx_gw_pb_symbols_t));

    method = ngx_pcalloc(load->pool,
                         raw->nmethods * sizeof(ngx_gw_pb_method_t));
    if (method == NULL) {
        return NGX_ERROR;
    }

    service->methods = method;
    service->nmethods = raw->nmethods;

    for (m = raw->methods; m; m = m->next) {

        if (!ngx_gw_pb_load_identifier(&m->name)
            || m->name.len > NGX_GW_PB_MAX_NAME)
        {
            return ngx_gw_pb_load_error(load, raw->file, "service \"%V\": "
                                        "\"%V\" is no name of a method",
                                        &raw->full, &m->name);
        }

        if (ngx_gw_pb_load_find(&names, &m->name)) {
            return ngx_gw_pb_load_error(load, raw->file, "service \"%V\" has "
                                        "method \"%V\" twice", &raw->full,
                                        &m->name);
        }

        rc = ngx_gw_pb_load_add(load, &names, &m->name,
                                NGX_GW_PB_SYMBOL_METHOD, m);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_gw_pb_service_method(load, raw, m, method++);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_service_method(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_raw_method_t *raw,
    ngx_gw_pb_method_t *method)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   rc;

    len = 1 + service->full.len + 1 + raw->name.len;

    p = ngx_pnalloc(load->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    method->path.data = p;
    method->path.len = len;

    *p++ = '/';
    p = ngx_cpymem(p, service->full.data, service->full.len);
    *p++ = '/';

    method->name.data = p;
    method->name.len = raw->name.len;

    ngx_memcpy(p, raw->name.data, raw->name.len);

    method->client_streaming = raw->client_streaming;
    method->server_streaming = raw->server_streaming;

    rc = ngx_gw_pb_service_type(load, service, method, &raw->input,
                                &method->input);

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_service_type(load, service, method, &raw->output,
                                    &method->output);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_service_rules(load, service, raw, method);
    }

    return rc;
}


static ngx_int_t
ngx_gw_pb_service_type(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_method_t *method,
    const ngx_str_t *name, ngx_gw_pb_message_t **message)
{
    ngx_gw_pb_symbol_t  *symbol;

    symbol = ngx_gw_pb_load_resolve(load, &service->full, name);

    if (symbol == NULL) {
        return ngx_gw_pb_service_error(load, service, method, "no message "
                                       "\"%V\" (is the set made with "
                                       "--include_imports?)", name);
    }

    if (symbol->kind != NGX_GW_PB_SYMBOL_MESSAGE) {
        return ngx_gw_pb_service_error(load, service, method,
                                       "\"%V\" is no message", name);
    }

    *message = ((ngx_gw_pb_raw_message_t *) symbol->data)->message;

    return NGX_OK;
}


/* a message that comes in pieces is all of them; so are rules */

static ngx_int_t
ngx_gw_pb_service_rules(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_raw_method_t *raw,
    ngx_gw_pb_method_t *method)
{
    ngx_int_t              rc;
    ngx_str_t             *binding;
    ngx_uint_t             i;
    ngx_array_t            bindings;
    ngx_gw_pb_rule_t       rule, *rules;
    ngx_gw_pb_raw_name_t  *piece;

    if (raw->rules == NULL) {
        return NGX_OK;
    }

    if (ngx_array_init(&bindings, load->temp, 4, sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&rule, sizeof(ngx_gw_pb_rule_t));

    for (piece = raw->rules; piece; piece = piece->next) {
        rc = ngx_gw_pb_service_rule(load, &piece->name, &rule, &bindings);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (bindings.nelts >= NGX_GW_PB_MAX_MEMBERS) {
        return ngx_gw_pb_service_error(load, service, method, "google.api.http "
                                       "has too many additional_bindings",
                                       NULL);
    }

    /* an empty rule is none */

    if (rule.path.len == 0 && rule.body.len == 0 && rule.method.len == 0
        && bindings.nelts == 0)
    {
        return NGX_OK;
    }

    rules = ngx_pcalloc(load->pool,
                        (1 + bindings.nelts) * sizeof(ngx_gw_pb_rule_t));
    if (rules == NULL) {
        return NGX_ERROR;
    }

    method->rules = rules;
    method->nrules = 1 + bindings.nelts;

    rules[0] = rule;
    binding = bindings.elts;

    for (i = 0; i < method->nrules; i++) {

        if (i) {
            rc = ngx_gw_pb_service_rule(load, &binding[i - 1], &rules[i],
                                        NULL);

            if (rc == NGX_DONE) {
                return ngx_gw_pb_service_error(load, service, method,
                                               "additional_bindings within "
                                               "additional_bindings", NULL);
            }

            if (rc != NGX_OK) {
                return rc;
            }
        }

        rc = ngx_gw_pb_service_finish(load, service, method, &rules[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* NGX_DONE: there are bindings, where there may be none */

static ngx_int_t
ngx_gw_pb_service_rule(ngx_gw_pb_load_t *load, ngx_str_t *bytes,
    ngx_gw_pb_rule_t *rule, ngx_array_t *bindings)
{
    ngx_int_t            rc;
    ngx_str_t           *binding;
    ngx_gw_pb_reader_t   r;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(2, LEN):
            ngx_str_set(&rule->method, "GET");
            rule->path = r.bytes;
            break;

        case ngx_gw_pb_tag(3, LEN):
            ngx_str_set(&rule->method, "PUT");
            rule->path = r.bytes;
            break;

        case ngx_gw_pb_tag(4, LEN):
            ngx_str_set(&rule->method, "POST");
            rule->path = r.bytes;
            break;

        case ngx_gw_pb_tag(5, LEN):
            ngx_str_set(&rule->method, "DELETE");
            rule->path = r.bytes;
            break;

        case ngx_gw_pb_tag(6, LEN):
            ngx_str_set(&rule->method, "PATCH");
            rule->path = r.bytes;
            break;

        case ngx_gw_pb_tag(7, LEN):
            rule->body = r.bytes;
            break;

        case ngx_gw_pb_tag(8, LEN):
            rc = ngx_gw_pb_service_custom(load, &r.bytes, rule);
            if (rc != NGX_OK) {
                return rc;
            }

            break;

        case ngx_gw_pb_tag(11, LEN):

            if (bindings == NULL) {
                return NGX_DONE;
            }

            binding = ngx_array_push(bindings);
            if (binding == NULL) {
                return NGX_ERROR;
            }

            *binding = r.bytes;
            break;

        case ngx_gw_pb_tag(12, LEN):
            rule->response_body = r.bytes;
            break;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_service_custom(ngx_gw_pb_load_t *load, ngx_str_t *bytes,
    ngx_gw_pb_rule_t *rule)
{
    ngx_int_t           rc;
    ngx_gw_pb_reader_t  r;

    ngx_str_null(&rule->method);
    ngx_str_null(&rule->path);

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            rule->method = r.bytes;
            break;

        case ngx_gw_pb_tag(2, LEN):
            rule->path = r.bytes;
            break;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


/* looks at a rule, and copies it from the text */

static ngx_int_t
ngx_gw_pb_service_finish(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_method_t *method,
    ngx_gw_pb_rule_t *rule)
{
    ngx_gw_pb_field_t  *field;

    if (rule->path.len == 0 || rule->method.len == 0) {
        return ngx_gw_pb_service_error(load, service, method, "a binding of "
                                       "google.api.http has no method or no "
                                       "path", NULL);
    }

    if (rule->body.len && !(rule->body.len == 1 && rule->body.data[0] == '*'))
    {
        field = ngx_gw_pb_find_field(method->input, rule->body.data,
                                     rule->body.len);

        if (field == NULL || !ngx_gw_pb_same(&field->name, &rule->body)) {
            return ngx_gw_pb_service_error(load, service, method, "its input "
                                           "has no field \"%V\", which is to "
                                           "be the body", &rule->body);
        }
    }

    if (rule->response_body.len) {
        field = ngx_gw_pb_find_field(method->output, rule->response_body.data,
                                     rule->response_body.len);

        if (field == NULL
            || !ngx_gw_pb_same(&field->name, &rule->response_body))
        {
            return ngx_gw_pb_service_error(load, service, method, "its output "
                                           "has no field \"%V\", which is to "
                                           "be the response_body",
                                           &rule->response_body);
        }
    }

    if (ngx_gw_pb_load_copy(load->pool, &rule->method, &rule->method)
            != NGX_OK
        || ngx_gw_pb_load_copy(load->pool, &rule->path, &rule->path)
           != NGX_OK
        || ngx_gw_pb_load_copy(load->pool, &rule->body, &rule->body)
           != NGX_OK
        || ngx_gw_pb_load_copy(load->pool, &rule->response_body,
                               &rule->response_body)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_service_error(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_gw_pb_method_t *method,
    const char *fmt, const ngx_str_t *name)
{
    u_char     buf[NGX_GW_PB_MAX_ERROR];
    ngx_str_t  what;

    what.data = buf;
    what.len = ngx_slprintf(buf, buf + NGX_GW_PB_MAX_ERROR, fmt, name) - buf;

    return ngx_gw_pb_load_error(load, service->file, "method \"%V.%V\": %V",
                                &service->full, &method->name, &what);
}


static int ngx_libc_cdecl
ngx_gw_pb_service_compare(const void *a, const void *b)
{
    const ngx_gw_pb_service_t *x = a, *y = b;

    return (int) ngx_memn2cmp(x->name.data, y->name.data, x->name.len,
                              y->name.len);
}
