
/*
 * ngx_http_gw_transcode_module: tables, merging, what is installed.
 */


#include "ngx_http_gw_transcode.h"
#include "ngx_gw_json.h"

#include <openssl/rand.h>


static char *ngx_http_gw_transcode_size(ngx_conf_t *cf, void *post,
    void *data);

static void *ngx_http_gw_transcode_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_gw_transcode_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_gw_transcode_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_gw_transcode_install(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *prev,
    ngx_http_gw_transcode_loc_conf_t *conf);
static ngx_int_t ngx_http_gw_transcode_init(ngx_conf_t *cf);


static ngx_conf_enum_t  ngx_http_gw_transcode_unknown[] = {
    { ngx_string("reject"), NGX_HTTP_GW_TRANSCODE_REJECT },
    { ngx_string("ignore"), NGX_HTTP_GW_TRANSCODE_IGNORE },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_gw_transcode_forms[] = {
    { ngx_string("auto"), NGX_HTTP_GW_TRANSCODE_AUTO },
    { ngx_string("array"), NGX_HTTP_GW_TRANSCODE_ARRAY },
    { ngx_string("ndjson"), NGX_HTTP_GW_TRANSCODE_NDJSON },
    { ngx_string("sse"), NGX_HTTP_GW_TRANSCODE_SSE },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_gw_transcode_size_post =
    { ngx_http_gw_transcode_size };


static ngx_command_t  ngx_http_gw_transcode_commands[] = {

    { ngx_string("gw_transcode_descriptor"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_gw_transcode_descriptor,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_transcode"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_gw_transcode,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_transcode_auto"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_transcode_loc_conf_t, automatic),
      NULL },

    { ngx_string("gw_transcode_print"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_gw_transcode_print,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_transcode_unknown_fields"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_transcode_loc_conf_t, unknown_fields),
      &ngx_http_gw_transcode_unknown },

    { ngx_string("gw_transcode_unknown_query"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_gw_transcode_unknown_query,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_transcode_stream"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_transcode_loc_conf_t, form),
      &ngx_http_gw_transcode_forms },

    { ngx_string("gw_transcode_max_request"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_transcode_loc_conf_t, max_request),
      &ngx_http_gw_transcode_size_post },

    { ngx_string("gw_transcode_max_message"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_transcode_loc_conf_t, max_message),
      &ngx_http_gw_transcode_size_post },

    { ngx_string("gw_transcode_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_transcode_loc_conf_t, timeout),
      NULL },

    { ngx_string("gw_transcode_metadata"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_gw_transcode_metadata,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_grpc_web"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_transcode_loc_conf_t, web),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_gw_transcode_module_ctx = {
    ngx_http_gw_transcode_add_variables,   /* preconfiguration */
    ngx_http_gw_transcode_init,            /* postconfiguration */

    ngx_http_gw_transcode_create_main_conf, /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_gw_transcode_create_loc_conf, /* create location configuration */
    ngx_http_gw_transcode_merge_loc_conf   /* merge location configuration */
};


ngx_module_t  ngx_http_gw_transcode_module = {
    NGX_MODULE_V1,
    &ngx_http_gw_transcode_module_ctx,     /* module context */
    ngx_http_gw_transcode_commands,        /* module directives */
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


static ngx_http_gw_transcode_metadata_t  ngx_http_gw_transcode_default = {
    ngx_string("Grpc-Metadata-"), NULL, NULL, 0, 0
};


static void *
ngx_http_gw_transcode_create_main_conf(ngx_conf_t *cf)
{
    uint64_t                            seed;
    ngx_http_gw_transcode_main_conf_t  *conf;

    /* comes before all that hashes a name */

    if (RAND_bytes((u_char *) &seed, sizeof(uint64_t)) != 1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "found no random number");
        return NULL;
    }

    ngx_gw_json_init(seed);

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_transcode_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->content_length = NGX_CONF_UNSET;
    conf->internal_trailers = NGX_CONF_UNSET;
    conf->gw_error = NGX_CONF_UNSET;

    return conf;
}


static void *
ngx_http_gw_transcode_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_gw_transcode_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_transcode_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->files = NGX_CONF_UNSET_PTR;
    conf->services = NGX_CONF_UNSET_PTR;
    conf->automatic = NGX_CONF_UNSET;
    conf->unknown_fields = NGX_CONF_UNSET_UINT;
    conf->unknown_query = NGX_CONF_UNSET_UINT;
    conf->form = NGX_CONF_UNSET_UINT;
    conf->max_request = NGX_CONF_UNSET_SIZE;
    conf->max_message = NGX_CONF_UNSET_SIZE;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->metadata = NGX_CONF_UNSET_PTR;
    conf->web = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_http_gw_transcode_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_gw_transcode_loc_conf_t *prev = parent;
    ngx_http_gw_transcode_loc_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->files, prev->files, NULL);
    ngx_conf_merge_ptr_value(conf->services, prev->services, NULL);
    ngx_conf_merge_value(conf->automatic, prev->automatic, 0);
    ngx_conf_merge_bitmask_value(conf->print, prev->print,
                                 NGX_CONF_BITMASK_SET);
    ngx_conf_merge_uint_value(conf->unknown_fields, prev->unknown_fields,
                              NGX_HTTP_GW_TRANSCODE_REJECT);

    if (conf->unknown_query == NGX_CONF_UNSET_UINT) {
        conf->ignored = prev->ignored;
    }

    ngx_conf_merge_uint_value(conf->unknown_query, prev->unknown_query,
                              NGX_HTTP_GW_TRANSCODE_REJECT);
    ngx_conf_merge_uint_value(conf->form, prev->form,
                              NGX_HTTP_GW_TRANSCODE_AUTO);
    ngx_conf_merge_size_value(conf->max_request, prev->max_request,
                              4 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_message, prev->max_message,
                              4 * 1024 * 1024);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 0);
    ngx_conf_merge_ptr_value(conf->metadata, prev->metadata,
                             &ngx_http_gw_transcode_default);
    ngx_conf_merge_value(conf->web, prev->web, 0);

    return ngx_http_gw_transcode_install(cf, prev, conf);
}


/* puts our content handler in front of grpc_pass's */

static char *
ngx_http_gw_transcode_install(ngx_conf_t *cf,
    ngx_http_gw_transcode_loc_conf_t *prev,
    ngx_http_gw_transcode_loc_conf_t *conf)
{
    ngx_http_handler_pt                 grpc;
    ngx_http_core_loc_conf_t           *clcf;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    tmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_transcode_module);

    /*
     * Blocks of "if" and "limit_except" take the place of what they stand in:
     * its content handler, ours, meets their configuration.
     */

    if (clcf->noname && clcf->handler == NULL) {
        conf->grpc = prev->grpc;
    }

    if (conf->services == NULL && !conf->web) {
        return NGX_CONF_OK;
    }

    grpc = ngx_http_gw_transcode_grpc_handler(cf);
    if (grpc == NULL) {
        return NGX_CONF_ERROR;
    }

    if (clcf->handler == grpc) {
        conf->grpc = grpc;
        clcf->handler = ngx_http_gw_transcode_handler;
        tmcf->used = 1;
    }

    if (conf->services == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->grpc) {
        return ngx_http_gw_transcode_compile(cf, conf);
    }

    if (conf->here && clcf->name.len && !clcf->noname
        && clcf->locations == NULL)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"gw_transcode\" in a location without \"grpc_pass\" "
                      "in %V:%ui", &conf->services->file,
                      conf->services->line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* offsets within texts are 31 bits */

static char *
ngx_http_gw_transcode_size(ngx_conf_t *cf, void *post, void *data)
{
    size_t  *n = data;

    if (*n == 0 || *n > 1024 * 1024 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "value must be from 1 to 1g");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_gw_transcode_init(ngx_conf_t *cf)
{
    ngx_str_t                           name;
    ngx_http_gw_transcode_main_conf_t  *tmcf;

    tmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_transcode_module);

    /* nothing for configurations that do not use it */

    if (!tmcf->used) {
        return NGX_OK;
    }

    ngx_str_set(&name, "content_length");

    tmcf->content_length = ngx_http_get_variable_index(cf, &name);
    if (tmcf->content_length == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_str_set(&name, "grpc_internal_trailers");

    tmcf->internal_trailers = ngx_http_get_variable_index(cf, &name);
    if (tmcf->internal_trailers == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_str_set(&name, "gw_error");

    tmcf->gw_error = ngx_http_get_variable_index(cf, &name);
    if (tmcf->gw_error == NGX_ERROR) {
        return NGX_ERROR;
    }

    return ngx_http_gw_transcode_refuse_init(cf);
}
