
/*
 * What a location's directives come to: descriptors read, annotations looked
 * up, routes compiled.
 */


#include "ngx_http_gw_transcode.h"


/* longest file of descriptors */
#define NGX_HTTP_GW_TRANSCODE_MAX_FILE  (256 * 1024 * 1024)

/* how long a message may be in JSON: so many times what it may be, and more */
#define NGX_HTTP_GW_TRANSCODE_JSON_FACTOR  16
#define NGX_HTTP_GW_TRANSCODE_JSON         (1024 * 1024)


/* what was made of directives; routes are NULL in an entry of a schema */
typedef struct {
    ngx_http_gw_transcode_list_t   *files;
    ngx_http_gw_transcode_list_t   *services;
    ngx_flag_t                      automatic;
    ngx_gw_pb_schema_t             *schema;
    ngx_gw_routes_t                *routes;
} ngx_http_gw_transcode_compiled_t;


static ngx_http_gw_transcode_compiled_t *ngx_http_gw_transcode_compiled(
    ngx_conf_t *cf, ngx_http_gw_transcode_list_t *files,
    ngx_http_gw_transcode_list_t *services, ngx_flag_t automatic);
static ngx_gw_pb_schema_t *ngx_http_gw_transcode_schema(ngx_conf_t *cf,
    ngx_http_gw_transcode_list_t *files);
static ngx_gw_pb_schema_t *ngx_http_gw_transcode_load(ngx_conf_t *cf,
    ngx_pool_t *temp, ngx_http_gw_transcode_list_t *files);
static ngx_int_t ngx_http_gw_transcode_read(ngx_conf_t *cf, ngx_pool_t *temp,
    ngx_http_gw_transcode_list_t *files, ngx_str_t *name, ngx_str_t *text);
static ngx_gw_routes_t *ngx_http_gw_transcode_routes(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf);
static ngx_int_t ngx_http_gw_transcode_add_service(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf, ngx_gw_routes_t *routes,
    ngx_gw_pb_service_t *service);
static ngx_int_t ngx_http_gw_transcode_add_rule(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf, ngx_gw_routes_t *routes,
    ngx_gw_pb_method_t *method, ngx_gw_pb_rule_t *rule);
static const char *ngx_http_gw_transcode_check_variable(
    ngx_gw_pb_message_t *message, ngx_str_t *path);
static const char *ngx_http_gw_transcode_look_up(
    ngx_http_gw_transcode_binding_t *binding, ngx_gw_pb_rule_t *rule,
    ngx_str_t *name);
static size_t ngx_http_gw_transcode_max_json(size_t max_message);
static ngx_uint_t ngx_http_gw_transcode_is_raw(ngx_gw_pb_message_t *message,
    ngx_gw_pb_field_t *field);


/*
 * Two bytes may be a message whose fields are all printed with their defaults,
 * or one a long name of an enum: what is printed is bounded by itself.
 */

static size_t
ngx_http_gw_transcode_max_json(size_t max_message)
{
    size_t  max;

    max = NGX_MAX_SIZE_T_VALUE - NGX_HTTP_GW_TRANSCODE_JSON;

    if (max_message > max / NGX_HTTP_GW_TRANSCODE_JSON_FACTOR) {
        return 0;
    }

    return max_message * NGX_HTTP_GW_TRANSCODE_JSON_FACTOR
           + NGX_HTTP_GW_TRANSCODE_JSON;
}


char *
ngx_http_gw_transcode_compile(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf)
{
    ngx_http_gw_transcode_compiled_t  *compiled;

    if (conf->files == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"gw_transcode_descriptor\" for \"gw_transcode\" "
                      "in %V:%ui", &conf->services->file,
                      conf->services->line);
        return NGX_CONF_ERROR;
    }

    conf->schema = ngx_http_gw_transcode_schema(cf, conf->files);
    if (conf->schema == NULL) {
        return NGX_CONF_ERROR;
    }

    compiled = ngx_http_gw_transcode_compiled(cf, conf->files, conf->services,
                                              conf->automatic);
    if (compiled == NULL) {
        return NGX_CONF_ERROR;
    }

    if (compiled->routes == NULL) {
        compiled->routes = ngx_http_gw_transcode_routes(cf, conf);
        if (compiled->routes == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    conf->routes = compiled->routes;

    conf->parse.schema = conf->schema;
    conf->parse.max_size = conf->max_request;
    conf->parse.ignore_unknown =
                      (conf->unknown_fields == NGX_HTTP_GW_TRANSCODE_IGNORE);

    conf->printing.schema = conf->schema;
    conf->printing.max_size = ngx_http_gw_transcode_max_json(
                                                          conf->max_message);
    conf->printing.unpopulated =
                    (conf->print & NGX_HTTP_GW_TRANSCODE_UNPOPULATED) ? 1 : 0;
    conf->printing.proto_names =
                    (conf->print & NGX_HTTP_GW_TRANSCODE_PROTO_NAMES) ? 1 : 0;
    conf->printing.enum_numbers =
                   (conf->print & NGX_HTTP_GW_TRANSCODE_ENUM_NUMBERS) ? 1 : 0;
    conf->printing.indent =
                         (conf->print & NGX_HTTP_GW_TRANSCODE_INDENT) ? 1 : 0;

    return NGX_CONF_OK;
}


/* the entry of these directives, added if there is none */

static ngx_http_gw_transcode_compiled_t *
ngx_http_gw_transcode_compiled(ngx_conf_t *cf,
    ngx_http_gw_transcode_list_t *files,
    ngx_http_gw_transcode_list_t *services, ngx_flag_t automatic)
{
    ngx_uint_t                          i;
    ngx_http_gw_transcode_compiled_t   *compiled;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_transcode_module);

    if (tmcf->compiled.elts == NULL
        && ngx_array_init(&tmcf->compiled, cf->pool, 4,
                          sizeof(ngx_http_gw_transcode_compiled_t))
           != NGX_OK)
    {
        return NULL;
    }

    compiled = tmcf->compiled.elts;

    for (i = 0; i < tmcf->compiled.nelts; i++) {
        if (compiled[i].files == files && compiled[i].services == services
            && compiled[i].automatic == automatic)
        {
            return &compiled[i];
        }
    }

    compiled = ngx_array_push(&tmcf->compiled);
    if (compiled == NULL) {
        return NULL;
    }

    ngx_memzero(compiled, sizeof(ngx_http_gw_transcode_compiled_t));

    compiled->files = files;
    compiled->services = services;
    compiled->automatic = automatic;

    return compiled;
}


static ngx_gw_pb_schema_t *
ngx_http_gw_transcode_schema(ngx_conf_t *cf,
    ngx_http_gw_transcode_list_t *files)
{
    ngx_pool_t                        *temp;
    ngx_http_gw_transcode_compiled_t  *compiled;

    compiled = ngx_http_gw_transcode_compiled(cf, files, NULL, 0);
    if (compiled == NULL) {
        return NULL;
    }

    if (compiled->schema) {
        return compiled->schema;
    }

    temp = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, cf->log);
    if (temp == NULL) {
        return NULL;
    }

    compiled->schema = ngx_http_gw_transcode_load(cf, temp, files);

    ngx_destroy_pool(temp);

    return compiled->schema;
}


static ngx_gw_pb_schema_t *
ngx_http_gw_transcode_load(ngx_conf_t *cf, ngx_pool_t *temp,
    ngx_http_gw_transcode_list_t *files)
{
    ngx_str_t           *name, *texts, error;
    ngx_int_t            rc;
    ngx_uint_t           i, which;
    ngx_gw_pb_schema_t  *schema;

    name = files->names.elts;

    texts = ngx_palloc(temp, files->names.nelts * sizeof(ngx_str_t));
    if (texts == NULL) {
        return NULL;
    }

    for (i = 0; i < files->names.nelts; i++) {
        if (ngx_http_gw_transcode_read(cf, temp, files, &name[i], &texts[i])
            != NGX_OK)
        {
            return NULL;
        }
    }

    rc = ngx_gw_pb_load(cf->pool, texts, files->names.nelts, &schema, &which,
                        &error);

    if (rc == NGX_OK) {
        return schema;
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "invalid descriptors \"%V\": %V in %V:%ui",
                      &name[which], &error, &files->file, files->line);
    }

    return NULL;
}


static ngx_int_t
ngx_http_gw_transcode_read(ngx_conf_t *cf, ngx_pool_t *temp,
    ngx_http_gw_transcode_list_t *files, ngx_str_t *name, ngx_str_t *text)
{
    off_t       size;
    ssize_t     n;
    ngx_int_t   rc;
    ngx_file_t  file;

    ngx_memzero(&file, sizeof(ngx_file_t));
    file.name = *name;
    file.log = cf->log;

    file.fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed in %V:%ui",
                      name, &files->file, files->line);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (ngx_fd_info(file.fd, &file.info) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    size = ngx_file_size(&file.info);

    if (!ngx_is_file(&file.info) || size > NGX_HTTP_GW_TRANSCODE_MAX_FILE) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "descriptors \"%V\" are %s in %V:%ui", name,
                      ngx_is_file(&file.info) ? "longer than 256m" : "no file",
                      &files->file, files->line);
        goto done;
    }

    text->len = (size_t) size;
    text->data = ngx_palloc(temp, text->len + 1);
    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_file(&file, text->data, text->len, 0);

    if (n == NGX_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_read_file_n " \"%V\" failed", name);
        goto done;
    }

    if ((size_t) n != text->len) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      ngx_read_file_n " \"%V\" returned only %z bytes "
                      "instead of %uz", name, n, text->len);
        goto done;
    }

    rc = NGX_OK;

done:

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, cf->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


static ngx_gw_routes_t *
ngx_http_gw_transcode_routes(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf)
{
    ngx_str_t            *name;
    ngx_uint_t            i, n;
    ngx_gw_routes_t      *routes;
    ngx_gw_pb_service_t  *service;

    routes = ngx_gw_routes_create(cf->pool);
    if (routes == NULL) {
        return NULL;
    }

    name = conf->services->names.elts;
    n = conf->services->names.nelts;

    for (i = 0; i < n; i++) {

        service = ngx_gw_pb_find_service(conf->schema, name[i].data,
                                         name[i].len);
        if (service == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no service \"%V\" in the descriptors, in %V:%ui",
                          &name[i], &conf->services->file,
                          conf->services->line);
            return NULL;
        }

        if (ngx_http_gw_transcode_add_service(cf, conf, routes, service)
            != NGX_OK)
        {
            return NULL;
        }
    }

    if (n == 0) {
        for (i = 0; i < conf->schema->nservices; i++) {
            if (ngx_http_gw_transcode_add_service(cf, conf, routes,
                                                  &conf->schema->services[i])
                != NGX_OK)
            {
                return NULL;
            }
        }
    }

    if (ngx_gw_routes_finish(routes) != NGX_OK) {
        return NULL;
    }

    return routes;
}


static ngx_int_t
ngx_http_gw_transcode_add_service(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf, ngx_gw_routes_t *routes,
    ngx_gw_pb_service_t *service)
{
    ngx_uint_t           i, j;
    ngx_gw_pb_rule_t     rule;
    ngx_gw_pb_method_t  *method;

    for (i = 0; i < service->nmethods; i++) {
        method = &service->methods[i];

        for (j = 0; j < method->nrules; j++) {
            if (ngx_http_gw_transcode_add_rule(cf, conf, routes, method,
                                               &method->rules[j])
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }

        if (method->nrules == 0 && conf->automatic) {
            ngx_memzero(&rule, sizeof(ngx_gw_pb_rule_t));
            ngx_str_set(&rule.method, "POST");
            ngx_str_set(&rule.body, "*");
            rule.path = method->path;

            if (ngx_http_gw_transcode_add_rule(cf, conf, routes, method,
                                               &rule)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_transcode_add_rule(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *conf, ngx_gw_routes_t *routes,
    ngx_gw_pb_method_t *method, ngx_gw_pb_rule_t *rule)
{
    ngx_str_t                         error, name;
    ngx_uint_t                        i;
    const char                       *why;
    ngx_gw_route_t                   *route;
    ngx_http_gw_transcode_binding_t  *binding;

    binding = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_transcode_binding_t));
    if (binding == NULL) {
        return NGX_ERROR;
    }

    binding->method = method;

    why = ngx_http_gw_transcode_look_up(binding, rule, &name);
    if (why) {
        goto invalid;
    }

    switch (ngx_gw_routes_add(routes, &rule->method, &rule->path, binding,
                              &route, &error))
    {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "method \"%V\": %V in %V:%ui", &method->path, &error,
                      &conf->services->file, conf->services->line);
        return NGX_ERROR;

    default: /* NGX_ERROR */
        return NGX_ERROR;
    }

    for (i = 0; i < route->nvariables; i++) {
        name = route->variables[i].path;

        why = ngx_http_gw_transcode_check_variable(method->input, &name);
        if (why) {
            goto invalid;
        }
    }

    return NGX_OK;

invalid:

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "method \"%V\": %s \"%V\" in %V:%ui", &method->path, why,
                  &name, &conf->services->file, conf->services->line);

    return NGX_ERROR;
}


/* a variable leads to one value that a string can give */

static const char *
ngx_http_gw_transcode_check_variable(ngx_gw_pb_message_t *message,
    ngx_str_t *path)
{
    u_char             *p, *q, *last;
    ngx_gw_pb_field_t  *field;

    p = path->data;
    last = p + path->len;

    for ( ;; ) {
        q = ngx_strlchr(p, last, '.');
        q = q ? q : last;

        field = ngx_gw_pb_find_field(message, p, q - p);

        if (field == NULL) {
            return "no field for the variable";
        }

        if (field->repeated) {
            return "a repeated field for the variable";
        }

        message = field->message;

        if (q == last) {
            break;
        }

        if (message == NULL) {
            return "no message for the variable";
        }

        p = q + 1;
    }

    if (message) {
        switch (message->kind) {

        case NGX_GW_PB_TIMESTAMP:
        case NGX_GW_PB_DURATION:
        case NGX_GW_PB_FIELD_MASK:
        case NGX_GW_PB_WRAPPER:
            break;

        default:
            return "a message for the variable";
        }
    }

    return NULL;
}


/* the names of a rule; returns what is wrong with which of them */

static const char *
ngx_http_gw_transcode_look_up(ngx_http_gw_transcode_binding_t *binding,
    ngx_gw_pb_rule_t *rule, ngx_str_t *name)
{
    ngx_gw_pb_field_t    *field;
    ngx_gw_pb_message_t  *input;

    input = binding->method->input;

    if (rule->body.len == 1 && rule->body.data[0] == '*') {
        binding->whole = 1;

    } else if (rule->body.len) {

        binding->body = ngx_gw_pb_find_field(input, rule->body.data,
                                             rule->body.len);
        if (binding->body == NULL) {
            *name = rule->body;
            return "its body is no field of the request:";
        }
    }

    if (rule->response_body.len) {

        binding->response = ngx_gw_pb_find_field(binding->method->output,
                                                 rule->response_body.data,
                                                 rule->response_body.len);
        if (binding->response == NULL) {
            *name = rule->response_body;
            return "its response_body is no field of the response:";
        }
    }

    if (binding->whole || binding->body) {
        binding->raw_in = ngx_http_gw_transcode_is_raw(input, binding->body);
    }

    binding->raw_out = ngx_http_gw_transcode_is_raw(binding->method->output,
                                                    binding->response);

    if (binding->raw_in && binding->method->client_streaming
        && !binding->whole)
    {
        *name = rule->body;
        return "streams of bodies are of HttpBody alone, not in";
    }

    /* PATCH, of a field */

    if (rule->method.len == 5
        && ngx_strncmp(rule->method.data, "PATCH", 5) == 0
        && binding->body && binding->body->type == NGX_GW_PB_MESSAGE
        && !binding->body->repeated)
    {
        field = ngx_gw_pb_find_field(input, (u_char *) "update_mask", 11);

        if (field && !field->repeated && field->type == NGX_GW_PB_MESSAGE
            && field->message->kind == NGX_GW_PB_FIELD_MASK)
        {
            binding->mask = field;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_http_gw_transcode_is_raw(ngx_gw_pb_message_t *message,
    ngx_gw_pb_field_t *field)
{
    if (field) {
        return !field->repeated && field->type == NGX_GW_PB_MESSAGE
               && field->message->kind == NGX_GW_PB_HTTP_BODY;
    }

    return message->kind == NGX_GW_PB_HTTP_BODY;
}


/*
 * The address of ngx_http_grpc_handler(), which nginx does not export: a
 * grpc_pass directive is carried out in a configuration of its own, that
 * nobody uses, and what it has set there is looked at.
 */

ngx_http_handler_pt
ngx_http_gw_transcode_grpc_handler(ngx_conf_t *cf)
{
    void                               *grpc, **loc_conf;
    ngx_str_t                          *value;
    ngx_conf_t                          conf;
    ngx_array_t                         args;
    ngx_command_t                      *cmd;
    ngx_http_module_t                  *ctx;
    ngx_http_conf_ctx_t                 http;
    ngx_http_core_loc_conf_t           *clcf;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_transcode_module);

    if (tmcf->grpc) {
        return tmcf->grpc;
    }

    for (cmd = ngx_http_grpc_module.commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(cmd->name.data, "grpc_pass") == 0) {
            break;
        }
    }

    ctx = ngx_http_grpc_module.ctx;
    grpc = ctx->create_loc_conf(cf);
    clcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_core_loc_conf_t));
    loc_conf = ngx_pcalloc(cf->pool, sizeof(void *) * ngx_http_max_module);

    if (cmd->name.len == 0 || grpc == NULL || clcf == NULL || loc_conf == NULL
        || ngx_array_init(&args, cf->pool, 2, sizeof(ngx_str_t)) != NGX_OK)
    {
        return NULL;
    }

    loc_conf[ngx_http_core_module.ctx_index] = clcf;
    loc_conf[ngx_http_grpc_module.ctx_index] = grpc;

    http = *(ngx_http_conf_ctx_t *) cf->ctx;
    http.loc_conf = loc_conf;

    /* a variable, lest an upstream be added */

    value = ngx_array_push_n(&args, 2);
    value[0] = cmd->name;
    ngx_str_set(&value[1], "$host");

    conf = *cf;
    conf.args = &args;
    conf.ctx = &http;

    if (cmd->set(&conf, cmd, grpc) != NGX_CONF_OK || clcf->handler == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "found no handler of \"grpc_pass\"");
        return NULL;
    }

    tmcf->grpc = clcf->handler;

    return tmcf->grpc;
}
