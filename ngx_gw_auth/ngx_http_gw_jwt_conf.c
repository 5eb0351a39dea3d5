
/*
 * The setters of the module's directives, in the order of its commands.
 */


#include "ngx_http_gw_jwt.h"


static ngx_gw_jwk_set_t *ngx_http_gw_jwt_read_keys(ngx_conf_t *cf,
    ngx_str_t *file);
static ngx_int_t ngx_http_gw_jwt_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);
static ngx_int_t ngx_http_gw_jwt_time(ngx_str_t *value, const char *name,
    time_t min, time_t *seconds);
static ngx_int_t ngx_http_gw_jwt_values(ngx_conf_t *cf, ngx_uint_t first,
    ngx_array_t *values, ngx_uint_t *error);


char *
ngx_http_gw_jwt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_loc_conf_t *jlcf = conf;

    u_char                       *p;
    ngx_str_t                    *value;
    ngx_uint_t                    i, n;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    if (jlcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        jlcf->enable = 0;
        return (cf->args->nelts == 2) ? NGX_CONF_OK
                                      : "off takes no parameters";
    }

    jlcf->enable = 1;

    /* a realm goes into a quoted-string (RFC 9110 section 5.6.4) */

    for (i = 0, n = 0; i < value[1].len; i++) {
        if (value[1].data[i] < 0x20 || value[1].data[i] == 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "control character in realm");
            return NGX_CONF_ERROR;
        }

        n += (value[1].data[i] == '"' || value[1].data[i] == '\\');
    }

    p = ngx_pnalloc(cf->pool, value[1].len + n + 1);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    jlcf->realm.data = p;

    for (i = 0; i < value[1].len; i++) {
        if (value[1].data[i] == '"' || value[1].data[i] == '\\') {
            *p++ = '\\';
        }

        *p++ = value[1].data[i];
    }

    jlcf->realm.len = p - jlcf->realm.data;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "optional") == 0) {
            jlcf->optional = 1;
            continue;
        }

        if (ngx_strncmp(value[i].data, "token=$", 7) == 0
            && value[i].len > 7 && jlcf->variable.len == 0)
        {
            jlcf->variable.data = value[i].data + 7;
            jlcf->variable.len = value[i].len - 7;

            if (strpbrk((char *) jlcf->variable.data, "${}\"'\\;= \t")) {
                goto invalid;
            }

            jlcf->index = ngx_http_get_variable_index(cf, &jlcf->variable);
            if (jlcf->index == NGX_ERROR) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        goto invalid;
    }

    jmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_gw_auth_module);
    jmcf->enabled = 1;

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"gw_jwt\"", &value[i]);
    return NGX_CONF_ERROR;
}


char *
ngx_http_gw_jwt_key_file(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_loc_conf_t *jlcf = conf;

    ngx_str_t             *value, issuer;
    ngx_uint_t             i, n;
    ngx_gw_jwt_source_t   *source, **elt;

    value = cf->args->elts;
    n = 0;
    ngx_str_null(&issuer);

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_strncmp(value[i].data, "issuer=", 7) != 0) {
            n++;
            continue;
        }

        if (issuer.data || value[i].len == 7) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\"",
                               &value[i], &value[0]);
            return NGX_CONF_ERROR;
        }

        issuer.data = value[i].data + 7;
        issuer.len = value[i].len - 7;
    }

    if (n == 0) {
        return "names no file";
    }

    if (jlcf->key_files == NGX_CONF_UNSET_PTR) {
        jlcf->key_files = ngx_array_create(cf->pool, 2,
                                           sizeof(ngx_gw_jwt_source_t *));
        if (jlcf->key_files == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_strncmp(value[i].data, "issuer=", 7) == 0) {
            continue;
        }

        source = ngx_pcalloc(cf->pool, sizeof(ngx_gw_jwt_source_t));
        elt = ngx_array_push(jlcf->key_files);

        if (source == NULL || elt == NULL) {
            return NGX_CONF_ERROR;
        }

        source->issuer = issuer;
        source->set = ngx_http_gw_jwt_read_keys(cf, &value[i]);

        if (source->set == NULL) {
            return NGX_CONF_ERROR;
        }

        *elt = source;
    }

    return NGX_CONF_OK;
}


/* each file is read once, however many levels name it */

static ngx_gw_jwk_set_t *
ngx_http_gw_jwt_read_keys(ngx_conf_t *cf, ngx_str_t *file)
{
    ngx_str_t                     text, name;
    ngx_uint_t                    i;
    ngx_gw_jwk_set_t             *set;
    ngx_gw_jwk_load_t             load;
    ngx_http_gw_jwt_file_t       *f;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    jmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_gw_auth_module);

    name = *file;

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NULL;
    }

    f = jmcf->files.elts;

    for (i = 0; i < jmcf->files.nelts; i++) {
        if (f[i].name.len == name.len
            && ngx_memcmp(f[i].name.data, name.data, name.len) == 0)
        {
            return f[i].set;
        }
    }

    if (ngx_http_gw_jwt_read_file(cf, &name, &text) != NGX_OK) {
        return NULL;
    }

    load.pool = cf->pool;
    load.log = cf->log;
    load.name = name;
    load.strict = 1;

    set = ngx_gw_jwk_load(&load, &text);

    /* it may hold secrets */
    ngx_explicit_memzero(text.data, text.len);

    if (set == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "keys: %V", &load.error);
        return NULL;
    }

    f = ngx_array_push(&jmcf->files);
    if (f == NULL) {
        return NULL;
    }

    f->name = name;
    f->set = set;

    return set;
}


static ngx_int_t
ngx_http_gw_jwt_read_file(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_int_t        rc;
    ngx_file_info_t  fi;

    rc = NGX_ERROR;

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        goto done;
    }

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) > NGX_GW_JWK_MAX_TEXT) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no regular file of at most 4 megabytes",
                           name);
        goto done;
    }

    text->len = ngx_file_size(&fi);
    text->data = ngx_pnalloc(cf->temp_pool, text->len + 1);

    if (text->data == NULL) {
        goto done;
    }

    n = ngx_read_fd(fd, text->data, text->len);

    if (n == -1 || (size_t) n != text->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n == -1 ? ngx_errno : 0,
                           ngx_read_fd_n " \"%V\" failed", name);
        goto done;
    }

    rc = NGX_OK;

done:

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


char *
ngx_http_gw_jwt_key_request(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_loc_conf_t *jlcf = conf;

    ssize_t                         size;
    ngx_int_t                       rc;
    ngx_str_t                      *value, s;
    ngx_uint_t                      i;
    ngx_http_gw_jwt_key_request_t  *kr;

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid uri \"%V\" in \"%V\": it must begin with "
                           "\"/\"", &value[1], &value[0]);
        return NGX_CONF_ERROR;
    }

    if (jlcf->key_requests == NGX_CONF_UNSET_PTR) {
        jlcf->key_requests = ngx_array_create(cf->pool, 1,
                                       sizeof(ngx_http_gw_jwt_key_request_t));
        if (jlcf->key_requests == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    kr = ngx_array_push(jlcf->key_requests);
    if (kr == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(kr, sizeof(ngx_http_gw_jwt_key_request_t));

    kr->uri = value[1];
    kr->interval = 300;
    kr->stale = 3600;
    kr->cooldown = 10;
    kr->max_size = 256 * 1024;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "issuer=", 7) == 0) {
            kr->issuer.data = value[i].data + 7;
            kr->issuer.len = value[i].len - 7;

            if (kr->issuer.len == 0) {
                goto invalid;
            }

            continue;
        }

        rc = ngx_http_gw_jwt_time(&value[i], "interval=", 1, &kr->interval);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_gw_jwt_time(&value[i], "stale=", 0, &kr->stale);
        }

        if (rc == NGX_DECLINED) {
            rc = ngx_http_gw_jwt_time(&value[i], "cooldown=", 1,
                                      &kr->cooldown);
        }

        if (rc == NGX_OK) {
            continue;
        }

        if (rc == NGX_ERROR) {
            goto invalid;
        }

        if (ngx_strncmp(value[i].data, "max_size=", 9) == 0) {
            s.data = value[i].data + 9;
            s.len = value[i].len - 9;

            size = ngx_parse_size(&s);

            if (size < 1 || size > NGX_HTTP_GW_JWT_MAX_ANSWER) {
                goto invalid;
            }

            kr->max_size = size;

            continue;
        }

        goto invalid;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"%V\"", &value[i],
                       &value[0]);
    return NGX_CONF_ERROR;
}


/* NGX_DECLINED: value does not begin with name; NGX_ERROR: it is invalid */

static ngx_int_t
ngx_http_gw_jwt_time(ngx_str_t *value, const char *name, time_t min,
    time_t *seconds)
{
    size_t     len;
    ngx_str_t  s;

    len = ngx_strlen(name);

    if (ngx_strncmp(value->data, name, len) != 0) {
        return NGX_DECLINED;
    }

    s.data = value->data + len;
    s.len = value->len - len;

    *seconds = ngx_parse_time(&s, 1);

    return (*seconds < min || *seconds > NGX_HTTP_GW_JWT_MAX_INTERVAL)
           ? NGX_ERROR : NGX_OK;
}


char *
ngx_http_gw_jwt_algorithms(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_loc_conf_t *jlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, alg;

    value = cf->args->elts;

    if (jlcf->algs == NGX_CONF_UNSET_UINT) {
        jlcf->algs = 0;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        alg = ngx_gw_jwa(value[i].data, value[i].len);

        if (alg == NGX_GW_JWA_N) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown algorithm \"%V\" in \"%V\"", &value[i],
                               &value[0]);
            return NGX_CONF_ERROR;
        }

        jlcf->algs |= 1u << alg;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_gw_jwt_list(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t    *value, *elt;
    ngx_uint_t    i;
    ngx_array_t **list;

    list = (ngx_array_t **) (p + cmd->offset);
    value = cf->args->elts;

    if (*list == NGX_CONF_UNSET_PTR) {
        *list = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (*list == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            return "has an empty value";
        }

        elt = ngx_array_push(*list);
        if (elt == NULL) {
            return NGX_CONF_ERROR;
        }

        *elt = value[i];

        /* types are kept without what may be left out of them */

        if (cmd->offset == offsetof(ngx_http_gw_jwt_loc_conf_t, types)
            && elt->len > 12
            && ngx_strncasecmp(elt->data, (u_char *) "application/", 12) == 0)
        {
            elt->data += 12;
            elt->len -= 12;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_http_gw_jwt_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_loc_conf_t *jlcf = conf;

    ngx_http_gw_jwt_require_t  *require;

    if (jlcf->require == NGX_CONF_UNSET_PTR) {
        jlcf->require = ngx_array_create(cf->pool, 2,
                                         sizeof(ngx_http_gw_jwt_require_t));
        if (jlcf->require == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    require = ngx_array_push(jlcf->require);
    if (require == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_gw_jwt_values(cf, 1, &require->values, &require->error)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_gw_jwt_require_claim(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_loc_conf_t *jlcf = conf;

    ngx_int_t                      rc;
    ngx_str_t                     *value;
    ngx_uint_t                     i, op;
    ngx_http_complex_value_t      *cv;
    ngx_http_gw_jwt_claim_rule_t  *rule;

    value = cf->args->elts;

    if (jlcf->claim_rules == NGX_CONF_UNSET_PTR) {
        jlcf->claim_rules = ngx_array_create(cf->pool, 2,
                                       sizeof(ngx_http_gw_jwt_claim_rule_t));
        if (jlcf->claim_rules == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    rule = ngx_array_push(jlcf->claim_rules);
    if (rule == NULL) {
        return NGX_CONF_ERROR;
    }

    rule->text = value[1];

    rc = ngx_gw_json_path_compile(cf->pool, &value[1], &rule->path);

    if (rc == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid path \"%V\" in \"%V\"", &value[1],
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    for (op = 0; op < NGX_GW_JWT_NOPS; op++) {
        if (ngx_strcmp(ngx_gw_jwt_ops[op].data, value[2].data) == 0) {
            break;
        }
    }

    if (op == NGX_GW_JWT_NOPS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown operator \"%V\" in \"%V\"", &value[2],
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    rule->op = op;

    if (ngx_http_gw_jwt_values(cf, 3, &rule->values, &rule->error) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (op >= NGX_GW_JWT_OP_GT && op <= NGX_GW_JWT_OP_HAS
        && rule->values.nelts > 1)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "operator \"%V\" of \"%V\" takes one value%s",
                           &value[2], &value[0],
                           op == NGX_GW_JWT_OP_HAS
                           ? ", \"any\" and \"all\" take several" : "");
        return NGX_CONF_ERROR;
    }

    cv = rule->values.elts;
    rule->constants = ngx_palloc(cf->pool,
                                 rule->values.nelts * sizeof(ngx_str_t));
    if (rule->constants == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < rule->values.nelts; i++) {

        if (cv[i].lengths) {
            rule->constants = NULL;
            break;
        }

        if (op >= NGX_GW_JWT_OP_GT && op <= NGX_GW_JWT_OP_LE
            && !ngx_gw_json_is_number(&cv[i].value))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "operator \"%V\" of \"%V\" takes a number, "
                               "\"%V\" is none",
                               &value[2], &value[0], &cv[i].value);
            return NGX_CONF_ERROR;
        }

        rule->constants[i] = cv[i].value;
    }

    return NGX_CONF_OK;
}


/* arguments from the one numbered first on: values, and error= */

static ngx_int_t
ngx_http_gw_jwt_values(ngx_conf_t *cf, ngx_uint_t first, ngx_array_t *values,
    ngx_uint_t *error)
{
    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_compile_complex_value_t   ccv;

    *error = NGX_HTTP_FORBIDDEN;

    if (ngx_array_init(values, cf->pool, 2, sizeof(ngx_http_complex_value_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    value = cf->args->elts;

    for (i = first; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "error=", 6) == 0) {

            if (ngx_strcmp(value[i].data + 6, "401") == 0) {
                *error = NGX_HTTP_UNAUTHORIZED;

            } else if (ngx_strcmp(value[i].data + 6, "403") != 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid parameter \"%V\" in \"%V\"",
                               &value[i], &value[0]);
                return NGX_ERROR;
            }

            continue;
        }

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &value[i];
        ccv.complex_value = ngx_array_push(values);

        if (ccv.complex_value == NULL
            || ngx_http_compile_complex_value(&ccv) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (values->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" names no value", &value[0]);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_http_gw_jwt_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_main_conf_t *jmcf = conf;

    ssize_t      size;
    ngx_int_t    n;
    ngx_str_t   *value, s;
    ngx_uint_t   i;

    if (jmcf->cache_on != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        jmcf->cache_on = 0;
        return NGX_CONF_OK;
    }

    jmcf->cache_on = 1;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "entries=", 8) == 0) {
            n = ngx_atoi(value[i].data + 8, value[i].len - 8);

            if (n < 1 || n > NGX_HTTP_GW_JWT_MAX_ENTRIES) {
                goto invalid;
            }

            jmcf->cache_entries = n;

            continue;
        }

        if (ngx_strncmp(value[i].data, "memory=", 7) == 0) {
            s.data = value[i].data + 7;
            s.len = value[i].len - 7;

            size = ngx_parse_size(&s);

            if (size < 1) {
                goto invalid;
            }

            jmcf->cache_memory = size;

            continue;
        }

        goto invalid;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" in \"%V\"", &value[i],
                       &value[0]);
    return NGX_CONF_ERROR;
}
