
/*
 * ngx_http_gw_aggregate_module: tables, merging, what is installed.
 */


#include "ngx_http_gw_aggregate.h"
#include "ngx_gw_json.h"

#include <openssl/rand.h>


static char *ngx_http_gw_aggregate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_aggregate_pointer(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_gw_aggregate_depth(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_gw_aggregate_positive(ngx_conf_t *cf, void *post,
    void *data);

static void *ngx_http_gw_aggregate_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_gw_aggregate_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_gw_aggregate_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static ngx_int_t ngx_http_gw_aggregate_init(ngx_conf_t *cf);


static ngx_conf_post_t  ngx_http_gw_aggregate_depth_post =
    { ngx_http_gw_aggregate_depth };

static ngx_conf_post_t  ngx_http_gw_aggregate_positive_post =
    { ngx_http_gw_aggregate_positive };


static ngx_command_t  ngx_http_gw_aggregate_commands[] = {

    { ngx_string("gw_aggregate"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_gw_aggregate,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_aggregate_loc_conf_t, enable),
      NULL },

    { ngx_string("gw_part"),
      NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_gw_part,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_part_fields"),
      NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_gw_part_fields,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_part_rename"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE3,
      ngx_http_gw_part_rename,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_part_set"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE3,
      ngx_http_gw_part_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_part_header"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE3,
      ngx_http_gw_part_header,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_part_body"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE2,
      ngx_http_gw_part_body,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_aggregate_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_aggregate_loc_conf_t, timeout),
      &ngx_http_gw_aggregate_positive_post },

    { ngx_string("gw_aggregate_max_part_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_aggregate_loc_conf_t, max_part_size),
      &ngx_http_gw_aggregate_positive_post },

    { ngx_string("gw_aggregate_max_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_aggregate_loc_conf_t, max_size),
      &ngx_http_gw_aggregate_positive_post },

    { ngx_string("gw_aggregate_max_depth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_aggregate_loc_conf_t, max_depth),
      &ngx_http_gw_aggregate_depth_post },

    { ngx_string("gw_aggregate_concurrency"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_aggregate_loc_conf_t, concurrency),
      &ngx_http_gw_aggregate_positive_post },

    { ngx_string("gw_aggregate_errors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_gw_aggregate_pointer,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_aggregate_etag"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_aggregate_loc_conf_t, etag),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_gw_aggregate_module_ctx = {
    ngx_http_gw_aggregate_add_variables,   /* preconfiguration */
    ngx_http_gw_aggregate_init,            /* postconfiguration */

    ngx_http_gw_aggregate_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_gw_aggregate_create_loc_conf, /* create location configuration */
    ngx_http_gw_aggregate_merge_loc_conf   /* merge location configuration */
};


ngx_module_t  ngx_http_gw_aggregate_module = {
    NGX_MODULE_V1,
    &ngx_http_gw_aggregate_module_ctx,     /* module context */
    ngx_http_gw_aggregate_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_gw_aggregate_create_main_conf(ngx_conf_t *cf)
{
    uint64_t  seed;

    /* comes before all that hashes the name of a member */

    if (RAND_bytes((u_char *) &seed, sizeof(uint64_t)) != 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "found no random number");
        return NULL;
    }

    ngx_gw_json_init(seed);

    return ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_aggregate_main_conf_t));
}


static void *
ngx_http_gw_aggregate_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_gw_aggregate_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_aggregate_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->max_part_size = NGX_CONF_UNSET_SIZE;
    conf->max_size = NGX_CONF_UNSET_SIZE;
    conf->max_depth = NGX_CONF_UNSET;
    conf->concurrency = NGX_CONF_UNSET;
    conf->etag = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_gw_aggregate_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_gw_aggregate_loc_conf_t *prev = parent;
    ngx_http_gw_aggregate_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 30000);
    ngx_conf_merge_size_value(conf->max_part_size, prev->max_part_size,
                              1024 * 1024);
    ngx_conf_merge_size_value(conf->max_size, prev->max_size,
                              8 * 1024 * 1024);
    ngx_conf_merge_value(conf->max_depth, prev->max_depth, 64);
    ngx_conf_merge_value(conf->concurrency, prev->concurrency, 16);
    ngx_conf_merge_value(conf->etag, prev->etag, 0);

    if (conf->errors.data == NULL) {
        conf->errors = prev->errors;
        conf->errors_place = prev->errors_place;
    }

    /*
     * Not inherited by locations, as the content handler is not.  But blocks
     * of "if" and "limit_except" take the place of what they stand in.
     */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && prev->parts) {
        conf->enable = prev->enable;
        conf->parts = prev->parts;
        conf->sets = prev->sets;
        conf->pass_body = prev->pass_body;

        if (clcf->handler == NULL) {
            clcf->handler = ngx_http_gw_aggregate_handler;
        }

        return NGX_CONF_OK;
    }

    if (conf->enable == NGX_CONF_UNSET) {
        conf->enable = 0;
    }

    return ngx_http_gw_aggregate_compile(cf, conf);
}


static char *
ngx_http_gw_aggregate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    char                               *rv;
    ngx_http_core_loc_conf_t           *clcf;
    ngx_http_gw_aggregate_main_conf_t  *amcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || !alcf->enable) {
        return rv;
    }

    alcf->file = cf->conf_file->file.name.data;
    alcf->line = cf->conf_file->line;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_gw_aggregate_handler;

    amcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_aggregate_module);
    amcf->used = 1;

    return NGX_CONF_OK;
}


/* gw_aggregate_errors off | pointer */

static char *
ngx_http_gw_aggregate_pointer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_aggregate_loc_conf_t *alcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (alcf->errors.data) {
        return "is duplicate";
    }

    alcf->errors = value[1];

    if (ngx_strcmp(value[1].data, "off") == 0) {
        alcf->errors.len = 0;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0
        || ngx_gw_place_compile(cf->pool, &value[1], &alcf->errors_place)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid JSON pointer \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_gw_aggregate_depth(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t  *n = data;

    if (*n < 1 || *n > NGX_GW_SPLICE_MAX_DEPTH) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "value must be from 1 to %d",
                           NGX_GW_SPLICE_MAX_DEPTH);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* a number of parts, a time, or bytes that offsets of 31 bits can count */

static char *
ngx_http_gw_aggregate_positive(ngx_conf_t *cf, void *post, void *data)
{
    size_t  *n = data;

    if (*n == 0 || *n > NGX_MAX_INT32_VALUE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "value must be from 1 to %d",
                           NGX_MAX_INT32_VALUE);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_gw_aggregate_init(ngx_conf_t *cf)
{
    ngx_http_gw_aggregate_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_aggregate_module);

    /* nothing for configurations that do not use it */

    if (!amcf->used) {
        return NGX_OK;
    }

    if (ngx_http_gw_inherit_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_gw_aggregate_filter_init(cf);
}
