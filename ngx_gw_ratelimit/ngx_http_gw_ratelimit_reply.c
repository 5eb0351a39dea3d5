
/*
 * What the client is told: what is left of its allowance, and why it was
 * rejected.
 */


#include "ngx_http_gw_ratelimit.h"
#include "ngx_gw_remaining.h"


static ngx_int_t ngx_http_gw_ratelimit_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_gw_ratelimit_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_gw_ratelimit_retry_after(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx);
static ngx_int_t ngx_http_gw_ratelimit_ietf(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_http_gw_ratelimit_outcome_t *o);
static u_char *ngx_http_gw_ratelimit_policy(u_char *p,
    ngx_http_gw_ratelimit_zone_t *zone, ngx_gw_limit_t *limit,
    uint32_t in_flight);
static int64_t ngx_http_gw_ratelimit_window(ngx_gw_limit_t *limit);
static ngx_int_t ngx_http_gw_ratelimit_legacy(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o);
static ngx_int_t ngx_http_gw_ratelimit_legacy_field(ngx_http_request_t *r,
    const char *name, size_t len, int64_t value);
static ngx_uint_t ngx_http_gw_ratelimit_stricter(ngx_http_request_t *r,
    ngx_str_t *name, int64_t remaining,
    int64_t (*parse)(u_char *p, u_char *last));
static void ngx_http_gw_ratelimit_remove(ngx_http_request_t *r,
    ngx_str_t *name);
static ngx_table_elt_t *ngx_http_gw_ratelimit_next(ngx_list_part_t **part,
    ngx_uint_t *i, ngx_str_t *name);
static ngx_int_t ngx_http_gw_ratelimit_problem(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx);
static ngx_int_t ngx_http_gw_ratelimit_members(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_str_t *members);
static ngx_uint_t ngx_http_gw_ratelimit_violated(
    ngx_http_gw_ratelimit_outcome_t *o);


/* of an item of RateLimit-Policy, and what goes before it */
#define ngx_http_gw_ratelimit_policy_size(zone)                               \
    ((zone)->name.len                                                         \
     + sizeof("\"\";q=;qu=\"concurrent-requests\", ") - 1                     \
     + 2 * NGX_INT64_LEN)


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


/* registered by draft-ietf-httpapi-ratelimit-headers */
static const ngx_str_t  ngx_http_gw_ratelimit_type =
    ngx_string("https://iana.org/assignments/http-problem-types"
               "#quota-exceeded");


static ngx_int_t
ngx_http_gw_ratelimit_header_filter(ngx_http_request_t *r)
{
    ngx_http_gw_ratelimit_ctx_t       *ctx;
    ngx_http_gw_ratelimit_outcome_t   *o;
    ngx_http_gw_ratelimit_loc_conf_t  *rlcf;

    if (r != r->main) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_gw_ratelimit_get_ctx(r);

    if (ctx == NULL) {
        return ngx_http_next_header_filter(r);
    }

    rlcf = ngx_http_get_module_loc_conf(r, ngx_http_gw_ratelimit_module);

    if (rlcf->headers) {
        o = ngx_http_gw_ratelimit_nearest(ctx, 0);

        if (o && o->verdict.limit) {

            if ((rlcf->headers & NGX_HTTP_GW_RATELIMIT_IETF)
                && ngx_http_gw_ratelimit_ietf(r, ctx, o) != NGX_OK)
            {
                return NGX_ERROR;
            }

            if ((rlcf->headers & NGX_HTTP_GW_RATELIMIT_LEGACY)
                && ngx_http_gw_ratelimit_legacy(r, o) != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    if (ctx->rejected) {

        if (ngx_http_gw_ratelimit_retry_after(r, ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        /* an error_page clears "here": then the body is its location's */

        if (ctx->here
            && r->headers_out.status == ctx->denied
            && ngx_http_gw_ratelimit_problem(r, ctx) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_next_header_filter(r);
}


/* the latest of those of all rules that reject, RFC 9110 section 10.2.3 */

static ngx_int_t
ngx_http_gw_ratelimit_retry_after(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx)
{
    int64_t                           retry;
    ngx_str_t                         value;
    ngx_uint_t                        i;
    ngx_http_gw_ratelimit_batch_t    *batch;
    ngx_http_gw_ratelimit_outcome_t  *o;

    static ngx_str_t  name = ngx_string("Retry-After");

    retry = 1;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            o = &batch->outcomes[i];

            if (ngx_http_gw_ratelimit_violated(o)) {
                retry = ngx_max(retry, ngx_http_gw_ratelimit_seconds(
                                                       o->verdict.retry));
            }
        }
    }

    ngx_http_gw_ratelimit_remove(r, &name);

    value.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%L", retry) - value.data;

    return ngx_http_gw_header(r, "Retry-After", &value) ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_http_gw_ratelimit_violated(ngx_http_gw_ratelimit_outcome_t *o)
{
    return !o->rule->dry_run
           && (o->deny || o->result == NGX_HTTP_GW_RATELIMIT_REJECTED);
}


/* draft-ietf-httpapi-ratelimit-headers, sections 3 and 4 */

static ngx_int_t
ngx_http_gw_ratelimit_ietf(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_http_gw_ratelimit_outcome_t *o)
{
    u_char                           *p;
    size_t                            len;
    ngx_str_t                         policy, limit;
    ngx_uint_t                        i;
    ngx_http_gw_ratelimit_batch_t    *batch;
    ngx_http_gw_ratelimit_outcome_t  *each;

    static ngx_str_t  policy_name = ngx_string("RateLimit-Policy");
    static ngx_str_t  name = ngx_string("RateLimit");

    if (ngx_http_gw_ratelimit_stricter(r, &name, o->verdict.remaining,
                                       ngx_gw_remaining_ietf))
    {
        return NGX_OK;
    }

    ngx_http_gw_ratelimit_remove(r, &policy_name);
    ngx_http_gw_ratelimit_remove(r, &name);

    len = o->zone->name.len + sizeof("\"\";r=;t=") - 1 + 2 * NGX_INT64_LEN;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            len += ngx_http_gw_ratelimit_policy_size(batch->outcomes[i].zone);
        }
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    limit.data = p;
    p = ngx_sprintf(p, "\"%V\";r=%uD;t=%L", &o->zone->name,
                    o->verdict.remaining,
                    ngx_http_gw_ratelimit_seconds(o->verdict.reset));
    limit.len = p - limit.data;

    policy.data = p;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            each = &batch->outcomes[i];

            if (each->rule->dry_run
                || each->result == NGX_HTTP_GW_RATELIMIT_NONE)
            {
                continue;
            }

            if (p != policy.data) {
                *p++ = ',';
                *p++ = ' ';
            }

            if (each->rule->policy.len) {
                p = ngx_cpymem(p, each->rule->policy.data,
                               each->rule->policy.len);
                continue;
            }

            p = ngx_http_gw_ratelimit_policy(p, each->zone,
                                             each->limit ? &each->limit->limit
                                                         : NULL,
                                             each->cost);
        }
    }

    policy.len = p - policy.data;

    if (ngx_http_gw_header(r, "RateLimit-Policy", &policy) == NULL
        || ngx_http_gw_header(r, "RateLimit", &limit) == NULL)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_ratelimit_set_policy(ngx_conf_t *cf,
    ngx_http_gw_ratelimit_rule_t *rule)
{
    u_char                        *p;
    ngx_gw_limit_t                *limit;
    ngx_http_gw_ratelimit_zone_t  *zone;

    zone = rule->zone;
    limit = rule->limit ? &rule->limit->limit : &zone->limit.limit;

    /* a month is as long as its days */

    if (zone->concurrency ? (rule->cost != NULL)
                          : (rule->rate || limit->month))
    {
        return NGX_OK;
    }

    p = ngx_pnalloc(cf->pool, ngx_http_gw_ratelimit_policy_size(zone));
    if (p == NULL) {
        return NGX_ERROR;
    }

    rule->policy.data = p;
    rule->policy.len = ngx_http_gw_ratelimit_policy(p, zone, limit,
                                                    rule->constant)
                       - p;

    return NGX_OK;
}


/* what is limited is either a rate or what is in flight */

static u_char *
ngx_http_gw_ratelimit_policy(u_char *p, ngx_http_gw_ratelimit_zone_t *zone,
    ngx_gw_limit_t *limit, uint32_t in_flight)
{
    uint64_t  quota;

    if (zone->concurrency) {
        return ngx_sprintf(p, "\"%V\";q=%uD;qu=\"concurrent-requests\"",
                           &zone->name, in_flight);
    }

    quota = (limit->algorithm == NGX_GW_LIMIT_GCRA)
            ? (uint64_t) limit->burst + 1 : limit->number;

    return ngx_sprintf(p, "\"%V\";q=%uL;w=%L", &zone->name, quota,
                       ngx_http_gw_ratelimit_window(limit));
}


/* seconds, rounded up, in which the quota is earned */

static int64_t
ngx_http_gw_ratelimit_window(ngx_gw_limit_t *limit)
{
    int64_t   start, window;
    uint32_t  fraction;

    if (limit->algorithm == NGX_GW_LIMIT_GCRA) {
        ngx_gw_limit_intervals(limit, (uint64_t) limit->burst + 1, &window,
                               &fraction);

        window += (fraction != 0);

    } else {
        (void) ngx_gw_limit_window(limit, ngx_http_gw_ratelimit_utc(), &start,
                                   &window);
    }

    return ngx_http_gw_ratelimit_seconds(window);
}


static ngx_int_t
ngx_http_gw_ratelimit_legacy(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_outcome_t *o)
{
    int64_t  reset;

    static ngx_str_t  limit = ngx_string("X-RateLimit-Limit");
    static ngx_str_t  remaining = ngx_string("X-RateLimit-Remaining");
    static ngx_str_t  reset_name = ngx_string("X-RateLimit-Reset");

    if (ngx_http_gw_ratelimit_stricter(r, &remaining, o->verdict.remaining,
                                       ngx_gw_remaining_number))
    {
        return NGX_OK;
    }

    ngx_http_gw_ratelimit_remove(r, &limit);
    ngx_http_gw_ratelimit_remove(r, &remaining);
    ngx_http_gw_ratelimit_remove(r, &reset_name);

    reset = ngx_http_gw_ratelimit_seconds(o->verdict.reset);

#define ngx_http_gw_ratelimit_field(name, value)                              \
    ngx_http_gw_ratelimit_legacy_field(r, name, sizeof(name) - 1, value)

    if (ngx_http_gw_ratelimit_field("X-RateLimit-Limit", o->verdict.limit)
        != NGX_OK
        || ngx_http_gw_ratelimit_field("X-RateLimit-Remaining",
                                       o->verdict.remaining)
           != NGX_OK
        || ngx_http_gw_ratelimit_field("X-RateLimit-Reset", reset) != NGX_OK)
    {
        return NGX_ERROR;
    }

#undef ngx_http_gw_ratelimit_field

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_ratelimit_legacy_field(ngx_http_request_t *r, const char *name,
    size_t len, int64_t value)
{
    ngx_str_t  s;

    s.data = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (s.data == NULL) {
        return NGX_ERROR;
    }

    s.len = ngx_sprintf(s.data, "%L", value) - s.data;

    return ngx_http_gw_add_header(r, name, len, &s) ? NGX_OK : NGX_ERROR;
}


/* whether the origin says that less is left */

static ngx_uint_t
ngx_http_gw_ratelimit_stricter(ngx_http_request_t *r, ngx_str_t *name,
    int64_t remaining, int64_t (*parse)(u_char *p, u_char *last))
{
    int64_t           n;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_out.headers.part;
    i = 0;

    for ( ;; ) {
        h = ngx_http_gw_ratelimit_next(&part, &i, name);

        if (h == NULL) {
            return 0;
        }

        n = parse(h->value.data, h->value.data + h->value.len);

        if (n >= 0 && n < remaining) {
            return 1;
        }
    }
}


static void
ngx_http_gw_ratelimit_remove(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_out.headers.part;
    i = 0;

    while ((h = ngx_http_gw_ratelimit_next(&part, &i, name)) != NULL) {
        h->hash = 0;
    }
}


/* the next field of the answer with this name, from part and i on; NULL */

static ngx_table_elt_t *
ngx_http_gw_ratelimit_next(ngx_list_part_t **part, ngx_uint_t *i,
    ngx_str_t *name)
{
    ngx_table_elt_t  *h;

    while (*part) {
        h = (*part)->elts;

        while (*i < (*part)->nelts) {
            h = (ngx_table_elt_t *) (*part)->elts + (*i)++;

            if (h->hash
                && h->key.len == name->len
                && ngx_strncasecmp(h->key.data, name->data, name->len) == 0)
            {
                return h;
            }
        }

        *part = (*part)->next;
        *i = 0;
    }

    return NULL;
}


static ngx_int_t
ngx_http_gw_ratelimit_problem(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx)
{
    ngx_str_t                           members;
    const ngx_str_t                    *detail, *type;
    ngx_http_gw_ratelimit_main_conf_t  *rmcf;

    static const ngx_str_t  rate =
        ngx_string("there were more requests than the limit admits");
    static const ngx_str_t  concurrency =
        ngx_string("there are as many requests in flight as the limit admits");
    static const ngx_str_t  unknown =
        ngx_string("the limit could not be checked");

    if (ctx->rejected->deny) {
        detail = &unknown;
        type = NULL;

    } else {
        detail = ctx->rejected->zone->concurrency ? &concurrency : &rate;
        type = &ngx_http_gw_ratelimit_type;
    }

    if (ngx_http_gw_is_grpc(r)) {
        return ngx_http_gw_problem_grpc(r,
                                        NGX_HTTP_GW_GRPC_RESOURCE_EXHAUSTED,
                                        detail);
    }

    if (ngx_http_gw_ratelimit_members(r, ctx, &members) != NGX_OK) {
        return NGX_ERROR;
    }

    rmcf = ngx_http_get_module_main_conf(r, ngx_http_gw_ratelimit_module);

    return ngx_http_gw_problem_json(r, &ctx->problem, type, detail, &members,
                                    rmcf->request_id);
}


/* names of zones have nothing that JSON would escape */

static ngx_int_t
ngx_http_gw_ratelimit_members(ngx_http_request_t *r,
    ngx_http_gw_ratelimit_ctx_t *ctx, ngx_str_t *members)
{
    u_char                         *p;
    size_t                          len;
    ngx_uint_t                      i, n;
    ngx_http_gw_ratelimit_batch_t  *batch;

    len = sizeof("\"violated-policies\":[]") - 1;

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            len += batch->outcomes[i].zone->name.len + sizeof("\"\",") - 1;
        }
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    members->data = p;
    n = 0;

    p = ngx_cpymem(p, "\"violated-policies\":[",
                   sizeof("\"violated-policies\":[") - 1);

    for (batch = ctx->batches; batch; batch = batch->next) {
        for (i = 0; i < batch->n; i++) {
            if (ngx_http_gw_ratelimit_violated(&batch->outcomes[i])) {
                p = ngx_sprintf(p, "%s\"%V\"", n++ ? "," : "",
                                &batch->outcomes[i].zone->name);
            }
        }
    }

    *p++ = ']';

    members->len = p - members->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_ratelimit_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_gw_ratelimit_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_gw_ratelimit_module);

    if (ctx == NULL || ctx->problem.body == NULL) {
        return ngx_http_next_body_filter(r, in);
    }

    return ngx_http_gw_problem_body(r, &ctx->problem, in,
                                    ngx_http_next_body_filter);
}


ngx_int_t
ngx_http_gw_ratelimit_reply_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_gw_ratelimit_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_gw_ratelimit_body_filter;

    return NGX_OK;
}
