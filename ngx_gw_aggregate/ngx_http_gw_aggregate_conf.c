
/* Directives of parts. */


#include "ngx_http_gw_aggregate.h"


typedef struct {
    ngx_str_t                    name;
    ngx_uint_t                   method;
} ngx_http_gw_part_method_t;


static char *ngx_http_gw_part_option(ngx_conf_t *cf, ngx_http_gw_part_t *part,
    ngx_str_t *option);
static ngx_uint_t ngx_http_gw_part_again(ngx_str_t *first, ngx_str_t *option);
static char *ngx_http_gw_part_method(ngx_http_gw_part_t *part,
    ngx_str_t *value);
static char *ngx_http_gw_part_success(ngx_http_gw_part_t *part,
    ngx_str_t *list);
static ngx_uint_t ngx_http_gw_part_name_valid(ngx_str_t *name);
static ngx_http_gw_part_t *ngx_http_gw_part_named(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_str_t *name);


static const ngx_http_gw_part_method_t  ngx_http_gw_part_methods[] = {
    { ngx_string("GET"), NGX_HTTP_GET },
    { ngx_string("POST"), NGX_HTTP_POST },
    { ngx_string("PUT"), NGX_HTTP_PUT },
    { ngx_string("PATCH"), NGX_HTTP_PATCH },
    { ngx_string("DELETE"), NGX_HTTP_DELETE },
    { ngx_string("OPTIONS"), NGX_HTTP_OPTIONS },
    { ngx_null_string, 0 }
};


/* fields that belong to a connection, or that this module sets itself */

static const ngx_str_t  ngx_http_gw_part_reserved[] = {
    ngx_string("connection"),
    ngx_string("content-length"),
    ngx_string("expect"),
    ngx_string("keep-alive"),
    ngx_string("te"),
    ngx_string("trailer"),
    ngx_string("transfer-encoding"),
    ngx_string("upgrade"),
    ngx_null_string
};


/* gw_part name uri [options] */

char *
ngx_http_gw_part(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    char                *rv;
    ngx_str_t           *value;
    ngx_uint_t           i;
    ngx_http_gw_part_t  *part;

    value = cf->args->elts;

    if (!ngx_http_gw_part_name_valid(&value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid name of a part \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_gw_part_find(alcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate part \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (value[2].len == 0 || (value[2].data[0] != '/'
                              && value[2].data[0] != '$'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "uri \"%V\" of part \"%V\" does not begin "
                           "with \"/\"", &value[2], &value[1]);
        return NGX_CONF_ERROR;
    }

    if (alcf->parts == NULL) {
        alcf->parts = ngx_array_create(cf->pool, 4,
                                       sizeof(ngx_http_gw_part_t));
        if (alcf->parts == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if (alcf->parts->nelts == NGX_HTTP_GW_AGGREGATE_MAX_PARTS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "more than %d parts",
                           NGX_HTTP_GW_AGGREGATE_MAX_PARTS);
        return NGX_CONF_ERROR;
    }

    part = ngx_array_push(alcf->parts);
    if (part == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(part, sizeof(ngx_http_gw_part_t));

    part->name = value[1];
    ngx_http_gw_text_source(cf, &part->uri, &value[2]);
    part->method = NGX_HTTP_GET;
    ngx_str_set(&part->method_name, "GET");
    part->timeout = NGX_CONF_UNSET_MSEC;
    part->concat = 1;
    part->file = cf->conf_file->file.name.data;
    part->line = cf->conf_file->line;

    part->plan = ngx_gw_plan_create(cf->pool);
    if (part->plan == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 3; i < cf->args->nelts; i++) {

        if (ngx_http_gw_part_again(&value[3], &value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        rv = ngx_http_gw_part_option(cf, part, &value[i]);

        if (rv == NGX_CONF_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rv != NGX_CONF_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\"", rv,
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (part->success[0] == 0) {
        ngx_str_t  usual = ngx_string("2xx");

        (void) ngx_http_gw_part_success(part, &usual);
    }

    return NGX_CONF_OK;
}


/* 1: an option before this one, from first on, has the same name */

static ngx_uint_t
ngx_http_gw_part_again(ngx_str_t *first, ngx_str_t *option)
{
    size_t  len;

    if (option->len == 0) {
        return 0;
    }

    for (len = 0; len < option->len; len++) {
        if (option->data[len] == '=') {
            len++;
            break;
        }
    }

    for ( /* void */ ; first < option; first++) {
        if (first->len >= len
            && ngx_strncmp(first->data, option->data, len) == 0
            && (option->data[len - 1] == '=' || first->len == len))
        {
            return 1;
        }
    }

    return 0;
}


/* NGX_CONF_OK, NGX_CONF_ERROR (unknown or malformed), or what is wrong */

static char *
ngx_http_gw_part_option(ngx_conf_t *cf, ngx_http_gw_part_t *part,
    ngx_str_t *option)
{
    size_t       len;
    ngx_str_t    value;

#define ngx_http_gw_part_is(text)                                             \
    (option->len == sizeof(text) - 1                                          \
     && ngx_strncmp(option->data, text, sizeof(text) - 1) == 0)

#define ngx_http_gw_part_has(text)                                            \
    (option->len >= sizeof(text) - 1                                          \
     && ngx_strncmp(option->data, text, sizeof(text) - 1) == 0                \
     && (len = sizeof(text) - 1,                                              \
         value.data = option->data + len,                                     \
         value.len = option->len - len,                                       \
         1))

    if (ngx_http_gw_part_is("optional")) {
        part->optional = 1;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_is("cookies=pass")) {
        part->cookies = 1;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_is("status_from=part")) {
        part->status_from = 1;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_is("body=pass")) {
        part->pass_body = 1;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_has("body=")) {
        ngx_http_gw_text_source(cf, &part->body, &value);
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_has("method=")) {
        return ngx_http_gw_part_method(part, &value);
    }

    if (ngx_http_gw_part_has("timeout=")) {
        part->timeout = ngx_parse_time(&value, 0);

        return part->timeout == (ngx_msec_t) NGX_ERROR || part->timeout == 0
               ? NGX_CONF_ERROR : NGX_CONF_OK;
    }

    if (ngx_http_gw_part_has("after=")) {
        part->after_names = value;
        return value.len ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (ngx_http_gw_part_has("if=")) {
        ngx_http_gw_text_source(cf, &part->cond, &value);
        return value.len ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (ngx_http_gw_part_has("default=")) {
        part->fallback = value;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_has("status=")) {
        return ngx_http_gw_part_success(part, &value);
    }

    if (ngx_http_gw_part_has("select=")) {
        part->select = value;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_has("at=")) {
        part->at = value;
        part->at_set = 1;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_has("as=")) {
        if (ngx_http_gw_part_is("as=value")) {
            part->as = NGX_HTTP_GW_AS_VALUE;

        } else if (ngx_http_gw_part_is("as=merge")) {
            part->as = NGX_HTTP_GW_AS_MERGE;

        } else if (ngx_http_gw_part_is("as=array")) {
            part->as = NGX_HTTP_GW_AS_ARRAY;

        } else if (ngx_http_gw_part_is("as=string")) {
            part->as = NGX_HTTP_GW_AS_STRING;

        } else {
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_is("arrays=concat")) {
        part->concat = 1;
        return NGX_CONF_OK;
    }

    if (ngx_http_gw_part_is("arrays=replace")) {
        part->concat = 0;
        return NGX_CONF_OK;
    }

#undef ngx_http_gw_part_is
#undef ngx_http_gw_part_has

    return NGX_CONF_ERROR;
}


/* any token (RFC 9110, section 5.6.2) but HEAD, whose answer has no body */

static char *
ngx_http_gw_part_method(ngx_http_gw_part_t *part, ngx_str_t *value)
{
    size_t                            i;
    const ngx_http_gw_part_method_t  *m;

    if (value->len == 0
        || (value->len == 4 && ngx_strncmp(value->data, "HEAD", 4) == 0))
    {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 'A' || value->data[i] > 'Z') {
            return NGX_CONF_ERROR;
        }
    }

    part->method_name = *value;
    part->method = NGX_HTTP_UNKNOWN;

    for (m = ngx_http_gw_part_methods; m->name.len; m++) {
        if (m->name.len == value->len
            && ngx_strncmp(m->name.data, value->data, value->len) == 0)
        {
            part->method = m->method;
        }
    }

    return NGX_CONF_OK;
}


/* "2xx,404": bit 0 of success[0] says that there was a list */

static char *
ngx_http_gw_part_success(ngx_http_gw_part_t *part, ngx_str_t *list)
{
    u_char      *p, *last;
    ngx_uint_t   i, from, to;

    p = list->data;
    last = p + list->len;

    ngx_memzero(part->success, sizeof(part->success));
    part->success[0] = 1;

    for ( ;; ) {
        if (last - p < 3 || p[0] < '1' || p[0] > '5') {
            return NGX_CONF_ERROR;
        }

        from = (p[0] - '0') * 100;

        if (p[1] == 'x' && p[2] == 'x') {
            to = from + 99;

        } else {
            i = (ngx_uint_t) ngx_atoi(p, 3);

            if (i == (ngx_uint_t) NGX_ERROR) {
                return NGX_CONF_ERROR;
            }

            from = to = i;
        }

        for (i = from; i <= to; i++) {
            part->success[i / 32] |= (uint32_t) 1 << (i % 32);
        }

        p += 3;

        if (p == last) {
            return NGX_CONF_OK;
        }

        if (*p++ != ',') {
            return NGX_CONF_ERROR;
        }
    }
}


static ngx_uint_t
ngx_http_gw_part_name_valid(ngx_str_t *name)
{
    u_char  *p, *last;

    p = name->data;
    last = p + name->len;

#define ngx_http_gw_part_ends(text)                                           \
    (name->len >= sizeof(text) - 1                                            \
     && ngx_strncmp(last - (sizeof(text) - 1), text, sizeof(text) - 1) == 0)

    if (name->len == 0 || name->len > 64
        || ngx_http_gw_part_ends("_status")
        || ngx_http_gw_part_ends("_time"))
    {
        return 0;
    }

#undef ngx_http_gw_part_ends

    for ( /* void */ ; p < last; p++) {
        if ((*p < 'a' || *p > 'z') && (*p < '0' || *p > '9') && *p != '_') {
            return 0;
        }
    }

    return 1;
}


ngx_http_gw_part_t *
ngx_http_gw_part_find(ngx_http_gw_aggregate_loc_conf_t *conf, ngx_str_t *name)
{
    ngx_uint_t           i;
    ngx_http_gw_part_t  *part;

    if (conf->parts == NULL) {
        return NULL;
    }

    part = conf->parts->elts;

    for (i = 0; i < conf->parts->nelts; i++) {
        if (part[i].name.len == name->len
            && ngx_strncmp(part[i].name.data, name->data, name->len) == 0)
        {
            return &part[i];
        }
    }

    return NULL;
}


/* the part that a directive names */

static ngx_http_gw_part_t *
ngx_http_gw_part_named(ngx_conf_t *cf, ngx_http_gw_aggregate_loc_conf_t *conf,
    ngx_str_t *name)
{
    ngx_http_gw_part_t  *part;

    part = ngx_http_gw_part_find(conf, name);

    if (part == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "there is no \"gw_part %V\" above", name);
    }

    return part;
}


/* gw_part_fields name keep|drop field ... */

char *
ngx_http_gw_part_fields(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    ngx_int_t            rc;
    ngx_str_t           *value;
    ngx_uint_t           i, keep;
    const char          *error;
    ngx_http_gw_part_t  *part;

    value = cf->args->elts;
    part = ngx_http_gw_part_named(cf, alcf, &value[1]);

    if (part == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts < 4) {
        return "has no field";
    }

    if (ngx_strcmp(value[2].data, "keep") == 0) {
        keep = 1;

    } else if (ngx_strcmp(value[2].data, "drop") == 0) {
        keep = 0;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\", it is \"keep\" or \"drop\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    part->planned = 1;

    for (i = 3; i < cf->args->nelts; i++) {
        error = "no memory";

        rc = keep ? ngx_gw_plan_keep(part->plan, &value[i], &error)
                  : ngx_gw_plan_drop(part->plan, &value[i], &error);

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid field \"%V\": %s", &value[i], error);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* gw_part_rename name field to */

char *
ngx_http_gw_part_rename(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    ngx_str_t           *value;
    const char          *error;
    ngx_http_gw_part_t  *part;

    value = cf->args->elts;
    part = ngx_http_gw_part_named(cf, alcf, &value[1]);

    if (part == NULL) {
        return NGX_CONF_ERROR;
    }

    part->planned = 1;
    error = "no memory";

    if (ngx_gw_plan_rename(part->plan, &value[2], &value[3], &error)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid field \"%V\": %s", &value[2], error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* gw_part_set $variable name pointer */

char *
ngx_http_gw_part_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    ngx_str_t               *value, name;
    ngx_uint_t               i;
    const char              *error;
    ngx_http_gw_part_t      *part;
    ngx_http_gw_part_set_t  *set;

    value = cf->args->elts;

    /* those of modules begin so */

    if (value[1].len < 2 || value[1].data[0] != '$'
        || ngx_strncasecmp(value[1].data + 1, (u_char *) "gw_", 3) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid variable name \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data + 1;
    name.len = value[1].len - 1;

    part = ngx_http_gw_part_named(cf, alcf, &value[2]);

    if (part == NULL) {
        return NGX_CONF_ERROR;
    }

    if (alcf->sets == NULL) {
        alcf->sets = ngx_array_create(cf->pool, 4,
                                      sizeof(ngx_http_gw_part_set_t));
        if (alcf->sets == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    set = alcf->sets->elts;

    for (i = 0; i < alcf->sets->nelts; i++) {
        if (set[i].name.len == name.len
            && ngx_strncasecmp(set[i].name.data, name.data, name.len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate variable \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    set = ngx_array_push(alcf->sets);
    if (set == NULL) {
        return NGX_CONF_ERROR;
    }

    set->part = part - (ngx_http_gw_part_t *) alcf->parts->elts;
    set->pick = part->npicks++;

    part->planned = 1;
    error = "no memory";

    if (ngx_gw_plan_pick(part->plan, &value[3], &error) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid JSON pointer \"%V\": %s", &value[3],
                           error);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_gw_part_set_variable(cf, &name) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    set->name = name;

    return NGX_CONF_OK;
}


/* gw_part_header part name value */

char *
ngx_http_gw_part_header(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    size_t                      i;
    ngx_str_t                  *value;
    const ngx_str_t            *reserved;
    ngx_http_gw_part_t         *part;
    ngx_http_gw_part_header_t  *h;

    value = cf->args->elts;
    part = ngx_http_gw_part_named(cf, alcf, &value[1]);

    if (part == NULL) {
        return NGX_CONF_ERROR;
    }

    if (part->headers == NULL) {
        part->headers = ngx_array_create(cf->pool, 2,
                                         sizeof(ngx_http_gw_part_header_t));
        if (part->headers == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    h = ngx_array_push(part->headers);
    if (h == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_http_gw_part_header_t));

    h->name = value[2];
    ngx_http_gw_text_source(cf, &h->value, &value[3]);

    h->lowcase.len = h->name.len;
    h->lowcase.data = ngx_pnalloc(cf->pool, h->name.len + 1);
    if (h->lowcase.data == NULL) {
        return NGX_CONF_ERROR;
    }

    h->hash = ngx_hash_strlow(h->lowcase.data, h->name.data, h->name.len);

    for (i = 0; i < h->name.len; i++) {
        if (h->lowcase.data[i] != '-' && h->lowcase.data[i] != '_'
            && (h->lowcase.data[i] < '0' || h->lowcase.data[i] > '9')
            && (h->lowcase.data[i] < 'a' || h->lowcase.data[i] > 'z'))
        {
            break;
        }
    }

    if (i == 0 || i < h->name.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid field name \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    for (reserved = ngx_http_gw_part_reserved; reserved->len; reserved++) {
        if (reserved->len == h->lowcase.len
            && ngx_strncmp(reserved->data, h->lowcase.data, reserved->len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "field \"%V\" of a part is set by nginx",
                               &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* gw_part_body name template */

char *
ngx_http_gw_part_body(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    ngx_str_t           *value;
    ngx_http_gw_part_t  *part;

    value = cf->args->elts;
    part = ngx_http_gw_part_named(cf, alcf, &value[1]);

    if (part == NULL) {
        return NGX_CONF_ERROR;
    }

    if (part->body.source.data || part->pass_body) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "part \"%V\" has a body already", &value[1]);
        return NGX_CONF_ERROR;
    }

    ngx_http_gw_text_source(cf, &part->body, &value[2]);
    part->template = 1;

    return NGX_CONF_OK;
}
