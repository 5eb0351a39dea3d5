
/*
 * ngx_http_gw_ratelimit_module: tables, merging, start and end of processes.
 */


#include "ngx_http_gw_ratelimit.h"
#include "ngx_http_gw_redis.h"
#include "ngx_gw_script.h"


static char *ngx_http_gw_ratelimit_status_check(ngx_conf_t *cf, void *post,
    void *data);

static void *ngx_http_gw_ratelimit_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_gw_ratelimit_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_gw_ratelimit_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_gw_ratelimit_merge_loc_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_http_gw_ratelimit_merge_rules(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_loc_conf_t *conf);
static char *ngx_http_gw_ratelimit_add_rules(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_loc_conf_t *conf, ngx_array_t *rules);
static ngx_int_t ngx_http_gw_ratelimit_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_gw_ratelimit_init_process(ngx_cycle_t *cycle);
static void ngx_http_gw_ratelimit_exit_process(ngx_cycle_t *cycle);


static ngx_conf_post_t  ngx_http_gw_ratelimit_status_post =
    { ngx_http_gw_ratelimit_status_check };


static ngx_conf_enum_t  ngx_http_gw_ratelimit_header_forms[] = {
    { ngx_string("off"), 0 },
    { ngx_string("ietf"), NGX_HTTP_GW_RATELIMIT_IETF },
    { ngx_string("legacy"), NGX_HTTP_GW_RATELIMIT_LEGACY },
    { ngx_string("both"), NGX_HTTP_GW_RATELIMIT_IETF
                          |NGX_HTTP_GW_RATELIMIT_LEGACY },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_gw_ratelimit_log_levels[] = {
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_gw_ratelimit_commands[] = {

    { ngx_string("gw_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_gw_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_ratelimit_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_gw_ratelimit_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_ratelimit"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_gw_ratelimit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_ratelimit_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_ratelimit_loc_conf_t, status),
      &ngx_http_gw_ratelimit_status_post },

    { ngx_string("gw_ratelimit_headers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_ratelimit_loc_conf_t, headers),
      &ngx_http_gw_ratelimit_header_forms },

    { ngx_string("gw_ratelimit_log_level"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_gw_ratelimit_loc_conf_t, log_level),
      &ngx_http_gw_ratelimit_log_levels },

    { ngx_string("gw_concurrency_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_gw_concurrency_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("gw_concurrency"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_gw_concurrency,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_gw_ratelimit_module_ctx = {
    ngx_http_gw_ratelimit_add_variables,   /* preconfiguration */
    ngx_http_gw_ratelimit_init,            /* postconfiguration */

    ngx_http_gw_ratelimit_create_main_conf, /* create main configuration */
    ngx_http_gw_ratelimit_init_main_conf,  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_gw_ratelimit_create_loc_conf, /* create location configuration */
    ngx_http_gw_ratelimit_merge_loc_conf   /* merge location configuration */
};


ngx_module_t  ngx_http_gw_ratelimit_module = {
    NGX_MODULE_V1,
    &ngx_http_gw_ratelimit_module_ctx,     /* module context */
    ngx_http_gw_ratelimit_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_gw_ratelimit_init_process,    /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_gw_ratelimit_exit_process,    /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/*
 * Not nginx's cached time: a worker that is late would take its requests for
 * simultaneous.
 */

int64_t
ngx_http_gw_ratelimit_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


int64_t
ngx_http_gw_ratelimit_utc(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


ngx_array_t *
ngx_http_gw_redis_blocks(ngx_conf_t *cf)
{
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_ratelimit_module);

    return &rmcf->redis;
}


static char *
ngx_http_gw_ratelimit_status_check(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *np = data;

    if (*np < 400 || *np > 599) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "value must be between 400 and 599");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_gw_ratelimit_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    rmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_ratelimit_main_conf_t));
    if (rmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&rmcf->zones, cf->pool, 4, sizeof(void *)) != NGX_OK
        || ngx_array_init(&rmcf->rules, cf->pool, 8, sizeof(void *)) != NGX_OK
        || ngx_array_init(&rmcf->redis, cf->pool, 1, sizeof(void *)) != NGX_OK)
    {
        return NULL;
    }

    return rmcf;
}


static char *
ngx_http_gw_ratelimit_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_gw_ratelimit_main_conf_t *rmcf = conf;

    if (ngx_http_gw_ratelimit_resolve(cf, rmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_gw_ratelimit_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_gw_ratelimit_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_ratelimit_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->before = { NULL };
     *     conf->after = { NULL };
     *     conf->merged = 0;
     */

    conf->rules = NGX_CONF_UNSET_PTR;
    conf->concurrency = NGX_CONF_UNSET_PTR;
    conf->status = NGX_CONF_UNSET_UINT;
    conf->headers = NGX_CONF_UNSET_UINT;
    conf->log_level = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_gw_ratelimit_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_http_gw_ratelimit_loc_conf_t *prev = parent;
    ngx_http_gw_ratelimit_loc_conf_t *conf = child;

    ngx_uint_t  inherited;

    inherited = (conf->rules == NGX_CONF_UNSET_PTR
                 && conf->concurrency == NGX_CONF_UNSET_PTR);

    ngx_conf_merge_ptr_value(conf->rules, prev->rules, NULL);
    ngx_conf_merge_ptr_value(conf->concurrency, prev->concurrency, NULL);
    ngx_conf_merge_uint_value(conf->status, prev->status,
                              NGX_HTTP_TOO_MANY_REQUESTS);
    ngx_conf_merge_uint_value(conf->headers, prev->headers, 0);
    ngx_conf_merge_uint_value(conf->log_level, prev->log_level, NGX_LOG_ERR);

    if (inherited && prev->merged) {
        conf->before = prev->before;
        conf->after = prev->after;
        conf->merged = 1;

        return NGX_CONF_OK;
    }

    return ngx_http_gw_ratelimit_merge_rules(cf, conf);
}


static char *
ngx_http_gw_ratelimit_merge_rules(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_loc_conf_t *conf)
{
    conf->merged = 1;

    if (conf->rules == NULL && conf->concurrency == NULL) {
        return NGX_CONF_OK;
    }

    if (ngx_array_init(&conf->before, cf->pool, 2, sizeof(void *)) != NGX_OK
        || ngx_array_init(&conf->after, cf->pool, 2, sizeof(void *)) != NGX_OK
        || ngx_http_gw_ratelimit_add_rules(cf, conf, conf->rules)
           != NGX_CONF_OK
        || ngx_http_gw_ratelimit_add_rules(cf, conf, conf->concurrency)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* adds them to where they are asked, in the order of their lines */

static char *
ngx_http_gw_ratelimit_add_rules(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_loc_conf_t *conf, ngx_array_t *rules)
{
    ngx_uint_t                           i, j;
    ngx_array_t                         *place;
    ngx_http_gw_ratelimit_rule_t       **rule, **p;
    ngx_http_gw_ratelimit_main_conf_t   *rmcf;

    if (rules == NULL) {
        return NGX_CONF_OK;
    }

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_ratelimit_module);
    rule = rules->elts;

    for (i = 0; i < rules->nelts; i++) {

        if (rule[i]->before_auth) {
            place = &conf->before;
            rmcf->before = 1;

        } else {
            place = &conf->after;
            rmcf->after = 1;
        }

        if (ngx_array_push(place) == NULL) {
            return NGX_CONF_ERROR;
        }

        p = place->elts;

        for (j = place->nelts - 1; j; j--) {
            if (p[j - 1]->order < rule[i]->order) {
                break;
            }

            p[j] = p[j - 1];
        }

        p[j] = rule[i];
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_gw_ratelimit_init(ngx_conf_t *cf)
{
    ngx_array_t                        *handlers;
    ngx_http_handler_pt                *h;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    static ngx_str_t  request_id = ngx_string("request_id");

    rmcf = ngx_http_conf_get_module_main_conf(cf,
                                              ngx_http_gw_ratelimit_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (!rmcf->before && !rmcf->after) {
        return NGX_OK;
    }

    rmcf->request_id = ngx_http_get_variable_index(cf, &request_id);
    if (rmcf->request_id == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_gw_script_init();

    if (rmcf->before) {

        /* handlers run from the last to the first: after realip's */

        handlers = &cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers;

        if (ngx_array_push(handlers) == NULL) {
            return NGX_ERROR;
        }

        h = handlers->elts;
        ngx_memmove(h + 1, h,
                    (handlers->nelts - 1) * sizeof(ngx_http_handler_pt));

        *h = ngx_http_gw_ratelimit_preaccess_handler;
    }

    if (rmcf->after) {
        handlers = &cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers;

        h = ngx_array_push(handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = ngx_http_gw_ratelimit_precontent_handler;
    }

    return ngx_http_gw_ratelimit_reply_init(cf);
}


static ngx_int_t
ngx_http_gw_ratelimit_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                           i;
    ngx_gw_redis_conf_t                **redis;
    ngx_http_gw_ratelimit_zone_t       **zone;
    ngx_http_gw_ratelimit_main_conf_t   *rmcf;

    rmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_gw_ratelimit_module);

    if (rmcf == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    redis = rmcf->redis.elts;

    for (i = 0; i < rmcf->redis.nelts; i++) {
        if (ngx_gw_redis_init(redis[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    zone = rmcf->zones.elts;

    for (i = 0; i < rmcf->zones.nelts; i++) {
        ngx_queue_init(&zone[i]->calls);

        if (zone[i]->concurrency
            && ngx_http_gw_concurrency_init_process(cycle, zone[i])
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_http_gw_ratelimit_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                           i;
    ngx_gw_redis_conf_t                **redis;
    ngx_http_gw_ratelimit_ctx_t         *ctx;
    ngx_http_gw_ratelimit_zone_t       **zone;
    ngx_http_gw_ratelimit_main_conf_t   *rmcf;

    rmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_gw_ratelimit_module);
    if (rmcf == NULL) {
        return;
    }

    redis = rmcf->redis.elts;

    for (i = 0; i < rmcf->redis.nelts; i++) {
        if (redis[i]->redis) {
            ngx_gw_redis_done(redis[i]);
        }
    }

    zone = rmcf->zones.elts;

    for (i = 0; i < rmcf->zones.nelts; i++) {

        /* unless this is no worker */

        if (zone[i]->calls.next == NULL) {
            continue;
        }

        ngx_http_gw_ratelimit_calls_done(zone[i]);

        if (zone[i]->concurrency) {
            ngx_http_gw_concurrency_exit_process(zone[i]);
        }
    }

    while (rmcf->free) {
        ctx = rmcf->free;
        rmcf->free = ctx->next;

        ngx_free(ctx);
    }
}
