
/*
 * ngx_http_gw_auth_module: directives, configuration, start and stop.
 * ngx_http_gw_jwt_access.c decides, ngx_http_gw_jwt_reply.c answers.
 */


#include "ngx_http_gw_jwt.h"

#include <openssl/rand.h>


/* a file of keys that has been read for this configuration */
typedef struct {
    ngx_str_t             name;
    ngx_gw_jwk_set_t     *set;
} ngx_http_gw_jwt_file_t;


static char *ngx_http_gw_jwt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_gw_jwt_key_file(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_gw_jwk_set_t *ngx_http_gw_jwt_read_keys(ngx_conf_t *cf,
    ngx_str_t *file);
static ngx_int_t ngx_http_gw_jwt_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);
static char *ngx_http_gw_jwt_key_request(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_jwt_algorithms(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_jwt_list(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_jwt_require(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_jwt_require_claim(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static ngx_int_t ngx_http_gw_jwt_values(ngx_conf_t *cf, ngx_uint_t first,
    ngx_array_t *values, ngx_uint_t *error);
static char *ngx_http_gw_jwt_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_gw_jwt_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_gw_jwt_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_gw_jwt_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_gw_jwt_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_uint_t ngx_http_gw_jwt_nothing_set(ngx_http_gw_jwt_loc_conf_t *c);
static ngx_http_gw_jwt_policy_t *ngx_http_gw_jwt_make_policy(ngx_conf_t *cf,
    ngx_http_gw_jwt_loc_conf_t *conf);
static ngx_int_t ngx_http_gw_jwt_where(ngx_conf_t *cf,
    ngx_http_gw_jwt_policy_t *policy, ngx_str_t *name);
static ngx_http_gw_jwt_verifier_t *ngx_http_gw_jwt_make_verifier(
    ngx_conf_t *cf, ngx_http_gw_jwt_loc_conf_t *conf);
static ngx_int_t ngx_http_gw_jwt_init(ngx_conf_t *cf);
static void ngx_http_gw_jwt_done(void *data);
static ngx_int_t ngx_http_gw_jwt_init_process(ngx_cycle_t *cycle);


static ngx_conf_num_bounds_t  ngx_http_gw_jwt_leeway_bounds = {
    ngx_conf_check_num_bounds, 0, 31536000 * 100LL
};

static ngx_conf_num_bounds_t  ngx_http_gw_jwt_lifetime_bounds = {
    ngx_conf_check_num_bounds, 0, 31536000 * 100LL
};


#define NGX_HTTP_GW_JWT_ANY  (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF            \
                              |NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF)


static ngx_command_t  ngx_http_gw_jwt_commands[] = {

    { ngx_string("gw_jwt"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_TAKE123,
      ngx_http_gw_jwt,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_key_file"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_1MORE,
      ngx_http_gw_jwt_key_file,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_key_request"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_1MORE,
      ngx_http_gw_jwt_key_request,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_algorithms"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_1MORE,
      ngx_http_gw_jwt_algorithms,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_type"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_1MORE,
      ngx_http_gw_jwt_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, types),
      NULL },

    { ngx_string("gw_jwt_issuer"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_1MORE,
      ngx_http_gw_jwt_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, issuers),
      NULL },

    { ngx_string("gw_jwt_audience"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_1MORE,
      ngx_http_gw_jwt_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, audiences),
      NULL },

    { ngx_string("gw_jwt_leeway"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, leeway),
      &ngx_http_gw_jwt_leeway_bounds },

    { ngx_string("gw_jwt_require_exp"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, require_exp),
      NULL },

    { ngx_string("gw_jwt_max_lifetime"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, max_lifetime),
      &ngx_http_gw_jwt_lifetime_bounds },

    { ngx_string("gw_jwt_require"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_1MORE,
      ngx_http_gw_jwt_require,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_require_claim"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_2MORE,
      ngx_http_gw_jwt_require_claim,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_claim_set"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_gw_jwt_claim_set,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_gw_jwt_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_jwt_max_token"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, max_token),
      NULL },

    { ngx_string("gw_jwt_forward"),
      NGX_HTTP_GW_JWT_ANY|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_jwt_loc_conf_t, forward),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_gw_jwt_module_ctx = {
    ngx_http_gw_jwt_add_variables,         /* preconfiguration */
    ngx_http_gw_jwt_init,                  /* postconfiguration */

    ngx_http_gw_jwt_create_main_conf,      /* create main configuration */
    ngx_http_gw_jwt_init_main_conf,        /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_gw_jwt_create_loc_conf,       /* create location configuration */
    ngx_http_gw_jwt_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_gw_auth_module = {
    NGX_MODULE_V1,
    &ngx_http_gw_jwt_module_ctx,           /* module context */
    ngx_http_gw_jwt_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_gw_jwt_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_str_t  ngx_http_gw_jwt_request_id = ngx_string("request_id");


static char *
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

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        jlcf->enable = 0;
        return NGX_CONF_OK;
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

            jlcf->index = ngx_http_get_variable_index(cf, &jlcf->variable);
            if (jlcf->index == NGX_ERROR) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", &value[i]);
        return NGX_CONF_ERROR;
    }

    jmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_gw_auth_module);
    jmcf->enabled = 1;

    return NGX_CONF_OK;
}


static char *
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
                               "invalid parameter \"%V\"", &value[i]);
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

    if (!ngx_is_file(&fi) || ngx_file_size(&fi) > NGX_HTTP_GW_JWT_MAX_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is no regular file of at most 16 megabytes",
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


static char *
ngx_http_gw_jwt_key_request(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_jwt_loc_conf_t *jlcf = conf;

    ssize_t                         size;
    ngx_str_t                      *value, s;
    ngx_uint_t                      i;
    ngx_http_gw_jwt_key_request_t  *kr;

    value = cf->args->elts;

    if (value[1].len == 0 || value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid uri \"%V\": it must begin with \"/\"",
                           &value[1]);
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

        if (ngx_strncmp(value[i].data, "interval=", 9) == 0) {
            s.data = value[i].data + 9;
            s.len = value[i].len - 9;

            kr->interval = ngx_parse_time(&s, 1);

            if (kr->interval < 1
                || kr->interval > NGX_HTTP_GW_JWT_MAX_INTERVAL)
            {
                goto invalid;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "stale=", 6) == 0) {
            s.data = value[i].data + 6;
            s.len = value[i].len - 6;

            kr->stale = ngx_parse_time(&s, 1);

            if (kr->stale < 0 || kr->stale > NGX_HTTP_GW_JWT_MAX_INTERVAL) {
                goto invalid;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "cooldown=", 9) == 0) {
            s.data = value[i].data + 9;
            s.len = value[i].len - 9;

            kr->cooldown = ngx_parse_time(&s, 1);

            if (kr->cooldown < 1
                || kr->cooldown > NGX_HTTP_GW_JWT_MAX_INTERVAL)
            {
                goto invalid;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "max_size=", 9) == 0) {
            s.data = value[i].data + 9;
            s.len = value[i].len - 9;

            size = ngx_parse_size(&s);

            if (size < 1 || size > NGX_HTTP_GW_JWT_MAX_FILE) {
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
                       "invalid parameter \"%V\"", &value[i]);
    return NGX_CONF_ERROR;
}


static char *
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
                               "unknown algorithm \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        jlcf->algs |= 1u << alg;
    }

    return NGX_CONF_OK;
}


static char *
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


static char *
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


static char *
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
                           "invalid path \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    for (op = 0; op < NGX_GW_JWT_NOPS; op++) {
        if (ngx_strcmp(ngx_gw_jwt_ops[op].data, value[2].data) == 0) {
            break;
        }
    }

    if (op == NGX_GW_JWT_NOPS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown operator \"%V\"", &value[2]);
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
                           "operator \"%V\" takes one value%s", &value[2],
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
                               "operator \"%V\" takes a number, \"%V\" is none",
                               &value[2], &cv[i].value);
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
                                   "invalid parameter \"%V\"", &value[i]);
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


static char *
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
                       "invalid parameter \"%V\"", &value[i]);
    return NGX_CONF_ERROR;
}


static void *
ngx_http_gw_jwt_create_main_conf(ngx_conf_t *cf)
{
    uint64_t                      seed;
    ngx_pool_cleanup_t           *cln;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    /* comes before all that hashes the name of a claim */

    if (RAND_bytes((u_char *) &seed, sizeof(uint64_t)) != 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "found no random number");
        return NULL;
    }

    ngx_gw_json_init(seed);

    jmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_jwt_main_conf_t));
    if (jmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&jmcf->files, cf->pool, 4,
                       sizeof(ngx_http_gw_jwt_file_t))
        != NGX_OK
        || ngx_array_init(&jmcf->verifiers, cf->pool, 4,
                          sizeof(ngx_http_gw_jwt_verifier_t *))
           != NGX_OK
        || ngx_array_init(&jmcf->fetches, cf->pool, 4,
                          sizeof(ngx_http_gw_jwt_fetch_t *))
           != NGX_OK)
    {
        return NULL;
    }

    jmcf->cache_on = NGX_CONF_UNSET;
    jmcf->cache_entries = NGX_CONF_UNSET_UINT;
    jmcf->cache_memory = NGX_CONF_UNSET_SIZE;

    ngx_gw_jwt_parser_init(&jmcf->parser);
    ngx_gw_jwt_cache_init(&jmcf->cache, 0, 0, 0);

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_gw_jwt_done;
    cln->data = jmcf;

    return jmcf;
}


static char *
ngx_http_gw_jwt_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_gw_jwt_main_conf_t *jmcf = conf;

    uint64_t  seed;

    ngx_conf_init_value(jmcf->cache_on, 1);
    ngx_conf_init_uint_value(jmcf->cache_entries, 16384);
    ngx_conf_init_size_value(jmcf->cache_memory, 32 * 1024 * 1024);

    if (RAND_bytes((u_char *) &seed, sizeof(uint64_t)) != 1) {
        return "found no random number";
    }

    ngx_gw_jwt_cache_init(&jmcf->cache,
                          jmcf->cache_on ? jmcf->cache_entries : 0,
                          jmcf->cache_memory, seed);

    return NGX_CONF_OK;
}


static void *
ngx_http_gw_jwt_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_gw_jwt_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_jwt_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->realm = { 0, NULL };
     *     conf->optional = 0;
     *     conf->variable = { 0, NULL };
     *     conf->index = 0;
     *     conf->policy = NULL;
     */

    conf->enable = NGX_CONF_UNSET;
    conf->key_files = NGX_CONF_UNSET_PTR;
    conf->key_requests = NGX_CONF_UNSET_PTR;
    conf->algs = NGX_CONF_UNSET_UINT;
    conf->types = NGX_CONF_UNSET_PTR;
    conf->issuers = NGX_CONF_UNSET_PTR;
    conf->audiences = NGX_CONF_UNSET_PTR;
    conf->leeway = NGX_CONF_UNSET;
    conf->require_exp = NGX_CONF_UNSET;
    conf->max_lifetime = NGX_CONF_UNSET;
    conf->require = NGX_CONF_UNSET_PTR;
    conf->claim_rules = NGX_CONF_UNSET_PTR;
    conf->max_token = NGX_CONF_UNSET_SIZE;
    conf->forward = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_gw_jwt_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_gw_jwt_loc_conf_t *prev = parent;
    ngx_http_gw_jwt_loc_conf_t *conf = child;

    ngx_uint_t  nothing;

    nothing = ngx_http_gw_jwt_nothing_set(conf);

    if (conf->enable == NGX_CONF_UNSET) {
        conf->enable = (prev->enable == NGX_CONF_UNSET) ? 0 : prev->enable;
        conf->realm = prev->realm;
        conf->optional = prev->optional;
        conf->variable = prev->variable;
        conf->index = prev->index;
    }

    ngx_conf_merge_ptr_value(conf->key_files, prev->key_files, NULL);
    ngx_conf_merge_ptr_value(conf->key_requests, prev->key_requests, NULL);
    ngx_conf_merge_uint_value(conf->algs, prev->algs, NGX_GW_JWA_ALL);
    ngx_conf_merge_ptr_value(conf->types, prev->types, NULL);
    ngx_conf_merge_ptr_value(conf->issuers, prev->issuers, NULL);
    ngx_conf_merge_ptr_value(conf->audiences, prev->audiences, NULL);
    ngx_conf_merge_sec_value(conf->leeway, prev->leeway, 0);
    ngx_conf_merge_value(conf->require_exp, prev->require_exp, 1);
    ngx_conf_merge_sec_value(conf->max_lifetime, prev->max_lifetime, 0);
    ngx_conf_merge_ptr_value(conf->require, prev->require, NULL);
    ngx_conf_merge_ptr_value(conf->claim_rules, prev->claim_rules, NULL);
    ngx_conf_merge_size_value(conf->max_token, prev->max_token, 16384);
    ngx_conf_merge_value(conf->forward, prev->forward, 1);

    if (!conf->enable) {
        return NGX_CONF_OK;
    }

    if (nothing && prev->policy) {
        conf->policy = prev->policy;
        return NGX_CONF_OK;
    }

    conf->policy = ngx_http_gw_jwt_make_policy(cf, conf);

    return conf->policy ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_uint_t
ngx_http_gw_jwt_nothing_set(ngx_http_gw_jwt_loc_conf_t *c)
{
    return c->enable == NGX_CONF_UNSET
           && c->key_files == NGX_CONF_UNSET_PTR
           && c->key_requests == NGX_CONF_UNSET_PTR
           && c->algs == NGX_CONF_UNSET_UINT
           && c->types == NGX_CONF_UNSET_PTR
           && c->issuers == NGX_CONF_UNSET_PTR
           && c->audiences == NGX_CONF_UNSET_PTR
           && c->leeway == NGX_CONF_UNSET
           && c->require_exp == NGX_CONF_UNSET
           && c->max_lifetime == NGX_CONF_UNSET
           && c->require == NGX_CONF_UNSET_PTR
           && c->claim_rules == NGX_CONF_UNSET_PTR
           && c->max_token == NGX_CONF_UNSET_SIZE
           && c->forward == NGX_CONF_UNSET;
}


static ngx_http_gw_jwt_policy_t *
ngx_http_gw_jwt_make_policy(ngx_conf_t *cf, ngx_http_gw_jwt_loc_conf_t *conf)
{
    ngx_http_gw_jwt_policy_t  *policy;

    if (conf->key_files == NULL && conf->key_requests == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"gw_jwt\" has no \"gw_jwt_key_file\" and no "
                      "\"gw_jwt_key_request\" in %s:%ui",
                      cf->conf_file->file.name.data, cf->conf_file->line);
        return NULL;
    }

    policy = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_jwt_policy_t));
    if (policy == NULL) {
        return NULL;
    }

    policy->realm = conf->realm;
    policy->optional = conf->optional;
    policy->index = conf->index;

    if (ngx_http_gw_jwt_where(cf, policy, &conf->variable) != NGX_OK) {
        return NULL;
    }

    policy->verifier = ngx_http_gw_jwt_make_verifier(cf, conf);
    if (policy->verifier == NULL) {
        return NULL;
    }

    policy->rules.types = conf->types;
    policy->rules.issuers = conf->issuers;
    policy->rules.audiences = conf->audiences;
    policy->rules.leeway = conf->leeway;
    policy->rules.require_exp = conf->require_exp;
    policy->rules.max_lifetime = conf->max_lifetime;

    policy->require = conf->require;
    policy->claim_rules = conf->claim_rules;
    policy->max_token = conf->max_token;
    policy->forward = conf->forward;

    return policy;
}


/* which variables can be told to come from one header, cookie or argument */

static ngx_int_t
ngx_http_gw_jwt_where(ngx_conf_t *cf, ngx_http_gw_jwt_policy_t *policy,
    ngx_str_t *name)
{
    size_t  prefix;

    if (name->len == 0) {
        policy->from = NGX_HTTP_GW_JWT_BEARER;
        return NGX_OK;
    }

    if (name->len > 5
        && ngx_strncasecmp(name->data, (u_char *) "http_", 5) == 0)
    {
        policy->from = NGX_HTTP_GW_JWT_HEADER;
        prefix = 5;

    } else if (name->len > 7
               && ngx_strncasecmp(name->data, (u_char *) "cookie_", 7) == 0)
    {
        policy->from = NGX_HTTP_GW_JWT_COOKIE;
        prefix = 7;

    } else if (name->len > 4
               && ngx_strncasecmp(name->data, (u_char *) "arg_", 4) == 0)
    {
        policy->from = NGX_HTTP_GW_JWT_ARG;
        prefix = 4;

    } else {
        policy->from = NGX_HTTP_GW_JWT_VARIABLE;
        return NGX_OK;
    }

    policy->name.len = name->len - prefix;
    policy->name.data = ngx_pnalloc(cf->pool, policy->name.len);
    if (policy->name.data == NULL) {
        return NGX_ERROR;
    }

    ngx_strlow(policy->name.data, name->data + prefix, policy->name.len);

    return NGX_OK;
}


static ngx_http_gw_jwt_verifier_t *
ngx_http_gw_jwt_make_verifier(ngx_conf_t *cf, ngx_http_gw_jwt_loc_conf_t *conf)
{
    size_t                          size;
    ngx_uint_t                      i, nfiles, nrequests;
    ngx_gw_jwt_source_t           **sources;
    ngx_http_gw_jwt_verifier_t     *verifier, **v;
    ngx_http_gw_jwt_main_conf_t    *jmcf;
    ngx_http_gw_jwt_key_request_t  *kr;

    jmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_gw_auth_module);

    nfiles = conf->key_files ? conf->key_files->nelts : 0;
    nrequests = conf->key_requests ? conf->key_requests->nelts : 0;
    size = (nfiles + nrequests) * sizeof(ngx_gw_jwt_source_t *);

    sources = ngx_palloc(cf->pool, size);
    if (sources == NULL) {
        return NULL;
    }

    if (nfiles) {
        ngx_memcpy(sources, conf->key_files->elts,
                   nfiles * sizeof(ngx_gw_jwt_source_t *));
    }

    kr = nrequests ? conf->key_requests->elts : NULL;

    for (i = 0; i < nrequests; i++) {
        sources[nfiles + i] = ngx_http_gw_jwt_fetch_source(cf, &kr[i]);

        if (sources[nfiles + i] == NULL) {
            return NULL;
        }
    }

    v = jmcf->verifiers.elts;

    for (i = 0; i < jmcf->verifiers.nelts; i++) {
        if (v[i]->algs == conf->algs && v[i]->nsources == nfiles + nrequests
            && ngx_memcmp(v[i]->sources, sources, size) == 0)
        {
            return v[i];
        }
    }

    verifier = ngx_palloc(cf->pool, sizeof(ngx_http_gw_jwt_verifier_t));
    v = ngx_array_push(&jmcf->verifiers);

    if (verifier == NULL || v == NULL) {
        return NULL;
    }

    verifier->id = jmcf->verifiers.nelts;
    verifier->algs = conf->algs;
    verifier->nsources = nfiles + nrequests;
    verifier->sources = sources;
    verifier->requests = nrequests;

    *v = verifier;

    return verifier;
}


static ngx_int_t
ngx_http_gw_jwt_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt          *h;
    ngx_http_core_main_conf_t    *cmcf;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    jmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_gw_auth_module);

    if (!jmcf->enabled) {
        return NGX_OK;
    }

    jmcf->request_id = ngx_http_get_variable_index(cf,
                                                 &ngx_http_gw_jwt_request_id);
    if (jmcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_gw_jwt_access_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_gw_jwt_precontent_handler;

    if (ngx_http_gw_jwt_reply_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (jmcf->fetches.nelts) {
        return ngx_http_gw_jwt_fetch_filter_init(cf);
    }

    return NGX_OK;
}


static void
ngx_http_gw_jwt_done(void *data)
{
    ngx_http_gw_jwt_main_conf_t *jmcf = data;

    ngx_gw_jwt_cache_done(&jmcf->cache);
    ngx_gw_jwt_parser_done(&jmcf->parser);
}


static ngx_int_t
ngx_http_gw_jwt_init_process(ngx_cycle_t *cycle)
{
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    jmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_gw_auth_module);

    if (jmcf == NULL || !jmcf->enabled) {
        return NGX_OK;
    }

    return ngx_http_gw_jwt_fetch_init_process(cycle, jmcf);
}
