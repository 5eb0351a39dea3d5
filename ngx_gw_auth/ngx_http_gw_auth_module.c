
/*
 * ngx_http_gw_auth_module: the tables, merging, start and stop.
 * ngx_http_gw_jwt_conf.c reads directives, ngx_http_gw_jwt_access.c decides,
 * ngx_http_gw_jwt_reply.c answers.
 */


#include "ngx_http_gw_jwt.h"

#include <openssl/rand.h>


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


/* ten years */
static ngx_conf_num_bounds_t  ngx_http_gw_jwt_time_bounds = {
    ngx_conf_check_num_bounds, 0, 315360000
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
      &ngx_http_gw_jwt_time_bounds },

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
      &ngx_http_gw_jwt_time_bounds },

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
    ngx_uint_t                     i;
    ngx_http_gw_jwt_policy_t      *policy;
    ngx_http_gw_jwt_claim_rule_t  *rule;

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

    policy->variable = (policy->require != NULL);

    rule = policy->claim_rules ? policy->claim_rules->elts : NULL;

    for (i = 0; rule && i < policy->claim_rules->nelts; i++) {
        if (rule[i].constants == NULL) {
            policy->variable = 1;
        }
    }

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
        return ngx_http_gw_jwt_request_filter_init(cf);
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
