
/*
 * The decision: who passes, who waits for keys, who is refused and why.
 */


#include "ngx_http_gw_jwt.h"


static ngx_uint_t ngx_http_gw_jwt_passed(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);
static ngx_int_t ngx_http_gw_jwt_check(ngx_http_request_t *r,
    ngx_http_gw_jwt_policy_t *policy);
static ngx_uint_t ngx_http_gw_jwt_preflight(ngx_http_request_t *r);
static ngx_uint_t ngx_http_gw_jwt_verified(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx, ngx_str_t *token);
static uint64_t ngx_http_gw_jwt_epoch(ngx_http_gw_jwt_verifier_t *verifier);
static ngx_uint_t ngx_http_gw_jwt_want_keys(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx, ngx_gw_jwt_t *jwt, ngx_uint_t status);
static ngx_uint_t ngx_http_gw_jwt_may_have_key(ngx_gw_jwt_source_t *source,
    ngx_gw_jwt_t *jwt, ngx_uint_t status);
static ngx_int_t ngx_http_gw_jwt_hold(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx, ngx_gw_jwt_entry_t *entry);
static ngx_int_t ngx_http_gw_jwt_rules(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx);
static ngx_int_t ngx_http_gw_jwt_claim_rule(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx, ngx_http_gw_jwt_claim_rule_t *rule);
static ngx_int_t ngx_http_gw_jwt_required(ngx_http_request_t *r,
    ngx_http_gw_jwt_require_t *require);
static ngx_int_t ngx_http_gw_jwt_deny(ngx_http_request_t *r,
    ngx_http_gw_jwt_ctx_t *ctx, ngx_uint_t status, ngx_uint_t code);
static void ngx_http_gw_jwt_cleanup(void *data);
static void ngx_http_gw_jwt_release(void *data);


/* a status that means: not decided yet, the request waits for keys */
#define NGX_HTTP_GW_JWT_WAIT   (NGX_GW_JWT_NSTATUSES + 1)

/* values of a claim rule that are evaluated without an allocation */
#define NGX_HTTP_GW_JWT_VALUES  8


ngx_int_t
ngx_http_gw_jwt_access_handler(ngx_http_request_t *r)
{
    ngx_http_gw_jwt_loc_conf_t  *jlcf;

    jlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_auth_module);

    if (jlcf->policy == NULL) {
        return NGX_DECLINED;
    }

    return ngx_http_gw_jwt_check(r, jlcf->policy);
}


/*
 * A main request that gets here has been granted access, under "satisfy any"
 * maybe by another module.  Subrequests have been asked for nothing yet.
 */

ngx_int_t
ngx_http_gw_jwt_precontent_handler(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_gw_jwt_ctx_t       *ctx;
    ngx_http_gw_jwt_loc_conf_t  *jlcf;

    if (r == r->main) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_gw_auth_module);

        if (ctx && ctx->here) {
            /* a denial before a redirect stays: this is its error page */
            ctx->denied = 0;
            ctx->here = 0;
        }

        return NGX_DECLINED;
    }

    jlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_auth_module);

    if (jlcf->policy == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_gw_jwt_get_ctx(r->main);

    if (ctx && (ctx->exempt
                || (ctx->policy == jlcf->policy
                    && ngx_http_gw_jwt_passed(r, ctx))))
    {
        return NGX_DECLINED;
    }

    rc = ngx_http_gw_jwt_check(r, jlcf->policy);

    return (rc == NGX_OK) ? NGX_DECLINED : rc;
}


/* whether what the main request has passed holds for its subrequest r too */

static ngx_uint_t
ngx_http_gw_jwt_passed(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    ngx_str_t                  token;
    ngx_http_gw_jwt_policy_t  *policy;

    /* r is a GET, so the client must get nothing of it: auth_request's */

    if (ctx->status == NGX_GW_JWT_PREFLIGHT) {
        return r->header_only;
    }

    policy = ctx->policy;

    if (ctx->status != NGX_GW_JWT_PASSED || policy->variable) {
        return 0;
    }

    /* a token of its own is another matter */

    return (policy->from != NGX_HTTP_GW_JWT_ARG
            && policy->from != NGX_HTTP_GW_JWT_VARIABLE)
           || ngx_http_gw_jwt_get_token(r, policy, &token) == NGX_DECLINED;
}


/*
 * NGX_OK; NGX_DECLINED: there is nothing to judge; NGX_AGAIN: waits for keys;
 * or the status to answer with.
 */

static ngx_int_t
ngx_http_gw_jwt_check(ngx_http_request_t *r, ngx_http_gw_jwt_policy_t *policy)
{
    int64_t                 now;
    ngx_int_t               rc;
    ngx_str_t               token;
    ngx_time_t             *tp;
    ngx_uint_t              status;
    ngx_http_gw_jwt_ctx_t  *ctx;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "gw jwt check");

    ctx = ngx_http_gw_jwt_make_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nothing of what another policy has found */

    ctx->policy = policy;
    ctx->status = NGX_GW_JWT_OFF;
    ctx->retry = 0;
    ctx->here = 0;
    ctx->claims = 0;

    if (ctx->headers) {
        ngx_http_gw_jwt_restore_token(r, ctx);
    }

    rc = ngx_http_gw_jwt_get_token(r, policy, &token);

    if (rc == NGX_DECLINED) {

        if (r->method == NGX_HTTP_OPTIONS && ngx_http_gw_jwt_preflight(r)) {
            ctx->status = NGX_GW_JWT_PREFLIGHT;
            return NGX_OK;
        }

        if (policy->optional) {
            ctx->status = NGX_GW_JWT_MISSING;
            return NGX_DECLINED;
        }

        return ngx_http_gw_jwt_deny(r, ctx, NGX_GW_JWT_MISSING,
                                    NGX_HTTP_UNAUTHORIZED);
    }

    status = NGX_GW_JWT_MALFORMED;

    if (rc == NGX_OK && token.len <= policy->max_token) {
        status = ngx_http_gw_jwt_verified(r, ctx, &token);
    }

    switch (status) {

    case NGX_HTTP_GW_JWT_WAIT:
        return NGX_AGAIN;

    case NGX_GW_JWT_NSTATUSES:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    case NGX_GW_JWT_PASSED:
        break;

    case NGX_GW_JWT_KEYS_UNAVAILABLE:
        return ngx_http_gw_jwt_deny(r, ctx, status,
                                    NGX_HTTP_SERVICE_UNAVAILABLE);

    default:
        return ngx_http_gw_jwt_deny(r, ctx, status, NGX_HTTP_UNAUTHORIZED);
    }

    tp = ngx_timeofday();
    now = (int64_t) tp->sec * 1000 + tp->msec;

    /* the same claims under the same rules: only time goes on */

    status = (ctx->entry->memo == policy)
             ? ngx_gw_jwt_judge_times(&ctx->entry->jwt, &policy->rules, now)
             : ngx_gw_jwt_judge(&ctx->entry->jwt, &policy->rules, now);

    if (status != NGX_GW_JWT_PASSED) {
        return ngx_http_gw_jwt_deny(r, ctx, status, NGX_HTTP_UNAUTHORIZED);
    }

    ctx->claims = 1;

    rc = ngx_http_gw_jwt_rules(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->entry->memo = policy;
    ctx->status = NGX_GW_JWT_PASSED;

    if (!policy->forward) {
        return ngx_http_gw_jwt_strip_token(r, ctx, &token);
    }

    return NGX_OK;
}


/* Fetch, "CORS-preflight request": it has neither credentials nor a body */

static ngx_uint_t
ngx_http_gw_jwt_preflight(ngx_http_request_t *r)
{
    ngx_uint_t        i, origin, method;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    if (r->headers_in.authorization || r->headers_in.content_length_n > 0
        || r->headers_in.chunked)
    {
        return 0;
    }

    origin = 0;
    method = 0;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].value.len == 0) {
            continue;
        }

        if (h[i].key.len == 6
            && ngx_strncmp(h[i].lowcase_key, "origin", 6) == 0)
        {
            origin = 1;

        } else if (h[i].key.len == 29
                   && ngx_strncmp(h[i].lowcase_key,
                                  "access-control-request-method", 29)
                      == 0)
        {
            method = 1;
        }
    }

    return origin && method;
}


/*
 * Sets ctx->entry to the token if its signature is good.  A status, or
 * NGX_HTTP_GW_JWT_WAIT, or NGX_GW_JWT_NSTATUSES for an internal error.
 */

static ngx_uint_t
ngx_http_gw_jwt_verified(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_str_t *token)
{
    uint64_t                      epoch;
    ngx_uint_t                    status;
    ngx_gw_jwt_t                  jwt;
    ngx_gw_jwt_entry_t           *entry;
    ngx_http_gw_jwt_verifier_t   *verifier;
    ngx_http_gw_jwt_main_conf_t  *jmcf;

    jmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_auth_module);
    verifier = ctx->policy->verifier;

    epoch = ngx_http_gw_jwt_epoch(verifier);

    entry = ngx_gw_jwt_cache_find(&jmcf->cache, token, epoch);

    if (entry == NULL) {
        status = ngx_gw_jwt_parse(&jmcf->parser, token, &jwt,
                                  r->connection->log);

        if (status == NGX_GW_JWT_PASSED) {
            status = ngx_gw_jwt_verify(&jwt, verifier->sources,
                                       verifier->nsources, verifier->algs);
        }

        if (status != NGX_GW_JWT_PASSED) {
            return verifier->requests
                   ? ngx_http_gw_jwt_want_keys(r, ctx, &jwt, status) : status;
        }

        entry = ngx_gw_jwt_cache_add(&jmcf->cache, &jwt, epoch,
                                     r->connection->log);
        if (entry == NULL) {
            return NGX_GW_JWT_NSTATUSES;
        }
    }

    if (ngx_http_gw_jwt_hold(r, ctx, entry) != NGX_OK) {
        return NGX_GW_JWT_NSTATUSES;
    }

    return NGX_GW_JWT_PASSED;
}


/* generations only grow, so their sum names one state of the sources */

static uint64_t
ngx_http_gw_jwt_epoch(ngx_http_gw_jwt_verifier_t *verifier)
{
    uint64_t    epoch;
    ngx_uint_t  i;

    epoch = (uint64_t) verifier->id << 32;

    if (verifier->requests) {
        for (i = 0; i < verifier->nsources; i++) {
            epoch += verifier->sources[i]->generation;
        }
    }

    return epoch;
}


/* the token's key may have been published since the keys were fetched */

static ngx_uint_t
ngx_http_gw_jwt_want_keys(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_gw_jwt_t *jwt, ngx_uint_t status)
{
    ngx_uint_t                   i, unavailable;
    ngx_gw_jwt_source_t         *source;
    ngx_http_gw_jwt_verifier_t  *verifier;

    if (status != NGX_GW_JWT_UNKNOWN_KEY
        && status != NGX_GW_JWT_BAD_SIGNATURE)
    {
        return status;
    }

    verifier = ctx->policy->verifier;
    unavailable = 0;

    for (i = 0; i < verifier->nsources; i++) {
        source = verifier->sources[i];

        if (source->request == NULL || !ngx_gw_jwt_eligible(jwt, source)
            || !ngx_http_gw_jwt_may_have_key(source, jwt, status))
        {
            continue;
        }

        switch (ngx_http_gw_jwt_fetch_wait(r, ctx, source)) {

        case NGX_AGAIN:
            return NGX_HTTP_GW_JWT_WAIT;

        case NGX_ERROR:
            return NGX_GW_JWT_NSTATUSES;

        default: /* NGX_DECLINED */
            if (source->set == NULL) {
                unavailable = 1;
            }
        }
    }

    return unavailable ? NGX_GW_JWT_KEYS_UNAVAILABLE : status;
}


/* whether fetching source (again) may bring the key of a token not verified */

static ngx_uint_t
ngx_http_gw_jwt_may_have_key(ngx_gw_jwt_source_t *source, ngx_gw_jwt_t *jwt,
    ngx_uint_t status)
{
    if (source->set == NULL) {
        return 1;
    }

    if (jwt->kid.data) {
        return !jwt->named && ngx_gw_jwk_find(source->set, &jwt->kid) == NULL;
    }

    /* a provider that names its keys names them in its tokens */

    return status == NGX_GW_JWT_UNKNOWN_KEY
           || source->set->bare[jwt->alg][0] != NULL;
}


/*
 * Values of variables point into an entry, so what a request has once held it
 * holds to its end.
 */

static ngx_int_t
ngx_http_gw_jwt_hold(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_gw_jwt_entry_t *entry)
{
    ngx_pool_cleanup_t  *cln;

    if (ctx->entry == entry) {
        ngx_gw_jwt_cache_release(entry);
        return NGX_OK;
    }

    if (ctx->entry) {
        cln = ngx_pool_cleanup_add(r->pool, 0);
        if (cln == NULL) {
            ngx_gw_jwt_cache_release(entry);
            return NGX_ERROR;
        }

        cln->handler = ngx_http_gw_jwt_release;
        cln->data = ctx->entry;
    }

    ctx->entry = entry;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_rules(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx)
{
    ngx_int_t                      rc;
    ngx_uint_t                     i;
    ngx_http_gw_jwt_policy_t      *policy;
    ngx_http_gw_jwt_require_t     *require;
    ngx_http_gw_jwt_claim_rule_t  *rule;

    policy = ctx->policy;

    if (policy->claim_rules) {
        rule = policy->claim_rules->elts;

        for (i = 0; i < policy->claim_rules->nelts; i++) {

            if (rule[i].constants && ctx->entry->memo == policy) {
                continue;
            }

            rc = ngx_http_gw_jwt_claim_rule(r, ctx, &rule[i]);

            if (rc == NGX_ERROR) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            if (rc != NGX_OK) {
                ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                              "gw_jwt refused: claim \"%V\" fails \"%V\"",
                              &rule[i].text, &ngx_gw_jwt_ops[rule[i].op]);

                return ngx_http_gw_jwt_deny(r, ctx, NGX_GW_JWT_REFUSED,
                                            rule[i].error);
            }
        }
    }

    if (policy->require) {
        require = policy->require->elts;

        for (i = 0; i < policy->require->nelts; i++) {
            rc = ngx_http_gw_jwt_required(r, &require[i]);

            if (rc == NGX_ERROR) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            if (rc != NGX_OK) {
                return ngx_http_gw_jwt_deny(r, ctx, NGX_GW_JWT_REFUSED,
                                            require[i].error);
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_claim_rule(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_http_gw_jwt_claim_rule_t *rule)
{
    ngx_str_t                 *values, buf[NGX_HTTP_GW_JWT_VALUES];
    ngx_uint_t                 i;
    ngx_http_complex_value_t  *cv;

    values = rule->constants;

    if (values == NULL) {
        values = buf;

        if (rule->values.nelts > NGX_HTTP_GW_JWT_VALUES) {
            values = ngx_palloc(r->pool,
                                rule->values.nelts * sizeof(ngx_str_t));
            if (values == NULL) {
                return NGX_ERROR;
            }
        }

        cv = rule->values.elts;

        for (i = 0; i < rule->values.nelts; i++) {
            if (ngx_http_complex_value(r, &cv[i], &values[i]) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return ngx_gw_jwt_claim_test(&ctx->entry->jwt.payload, &rule->path,
                                 rule->op, values, rule->values.nelts)
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_gw_jwt_required(ngx_http_request_t *r,
    ngx_http_gw_jwt_require_t *require)
{
    ngx_str_t                  value;
    ngx_uint_t                 i;
    ngx_http_complex_value_t  *cv;

    cv = require->values.elts;

    for (i = 0; i < require->values.nelts; i++) {
        if (ngx_http_complex_value(r, &cv[i], &value) != NGX_OK) {
            return NGX_ERROR;
        }

        if (value.len == 0 || (value.len == 1 && value.data[0] == '0')) {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                          "gw_jwt refused: \"%V\" is required",
                          &cv[i].value);
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_jwt_deny(ngx_http_request_t *r, ngx_http_gw_jwt_ctx_t *ctx,
    ngx_uint_t status, ngx_uint_t code)
{
    ctx->status = status;
    ctx->reason = status;
    ctx->denied = code;
    ctx->here = 1;

    if (status != NGX_GW_JWT_REFUSED) {
        /* a rule has said so itself, by its name */

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "gw_jwt refused: %V", &ngx_gw_jwt_names[status]);
    }

    return code;
}


ngx_http_gw_jwt_ctx_t *
ngx_http_gw_jwt_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_auth_module);

    if (ctx || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    /* subrequests have their ctxs in the same pool */

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_gw_jwt_cleanup) {
            ctx = cln->data;

            if (ctx->request == r) {
                return ctx;
            }
        }
    }

    return NULL;
}


ngx_http_gw_jwt_ctx_t *
ngx_http_gw_jwt_make_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t     *cln;
    ngx_http_gw_jwt_ctx_t  *ctx;

    ctx = ngx_http_gw_jwt_get_ctx(r);

    if (ctx == NULL) {
        cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_gw_jwt_ctx_t));
        if (cln == NULL) {
            return NULL;
        }

        ctx = cln->data;
        ngx_memzero(ctx, sizeof(ngx_http_gw_jwt_ctx_t));
        ctx->request = r;

        cln->handler = ngx_http_gw_jwt_cleanup;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_gw_auth_module);

    return ctx;
}


static void
ngx_http_gw_jwt_cleanup(void *data)
{
    ngx_http_gw_jwt_ctx_t *ctx = data;

    if (ctx->entry) {
        ngx_gw_jwt_cache_release(ctx->entry);
        ctx->entry = NULL;
    }
}


static void
ngx_http_gw_jwt_release(void *data)
{
    ngx_gw_jwt_cache_release(data);
}
