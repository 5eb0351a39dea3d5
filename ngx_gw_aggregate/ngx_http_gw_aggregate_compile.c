
/*
 * What is made of the directives when all parts of a location are known:
 * texts, plans, places, and the order of the parts.
 */


#include "ngx_http_gw_aggregate.h"


static char *ngx_http_gw_part_compile(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_part_t *part);
static ngx_int_t ngx_http_gw_part_plan(ngx_conf_t *cf,
    ngx_http_gw_part_t *part);
static char *ngx_http_gw_part_compile_texts(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_part_t *part);
static char *ngx_http_gw_part_fallback(ngx_conf_t *cf,
    ngx_http_gw_part_t *part);
static ngx_int_t ngx_http_gw_part_unique(ngx_conf_t *cf,
    ngx_http_gw_part_t *part);
static char *ngx_http_gw_part_after(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_part_t *part);
static char *ngx_http_gw_part_cycles(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf);
static char *ngx_http_gw_aggregate_loops(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf);
static ngx_http_gw_part_t *ngx_http_gw_aggregate_leads(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf,
    ngx_http_gw_aggregate_loc_conf_t *target);
static ngx_http_gw_aggregate_loc_conf_t *ngx_http_gw_aggregate_at(
    ngx_conf_t *cf, ngx_str_t *uri);
static ngx_http_core_loc_conf_t *ngx_http_gw_aggregate_exact(
    ngx_queue_t *locations, ngx_str_t *uri);


char *
ngx_http_gw_aggregate_compile(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf)
{
    ngx_uint_t           i;
    ngx_http_gw_part_t  *part;

    if (conf->parts == NULL) {
        if (conf->enable) {
            ngx_http_gw_conf_error(cf, conf, "a location has \"%s\" and no "
                                   "\"gw_part\"", "gw_aggregate on");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    part = conf->parts->elts;

    if (!conf->enable) {
        ngx_http_gw_conf_error(cf, part, "part \"%V\" is in a location "
                               "without \"gw_aggregate on\"", &part->name);
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < conf->parts->nelts; i++) {
        if (ngx_http_gw_part_compile(cf, conf, &part[i]) != NGX_CONF_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_gw_part_cycles(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_gw_aggregate_loops(cf, conf);
}


static char *
ngx_http_gw_part_compile(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_part_t *part)
{
    u_char     *p;
    ngx_int_t   rc;

    if (!part->at_set && part->as != NGX_HTTP_GW_AS_MERGE) {
        part->at.len = part->name.len + 1;
        part->at.data = ngx_pnalloc(cf->pool, part->at.len);
        if (part->at.data == NULL) {
            return NGX_CONF_ERROR;
        }

        p = part->at.data;
        *p++ = '/';
        ngx_memcpy(p, part->name.data, part->name.len);
    }

    rc = ngx_gw_place_compile(cf->pool, &part->at, &part->place);

    if (rc != NGX_OK) {
        ngx_http_gw_conf_error(cf, part, "invalid JSON pointer \"%V\" as at=",
                               &part->at);
        return NGX_CONF_ERROR;
    }

    if (part->as == NGX_HTTP_GW_AS_STRING
        && (part->planned || part->select.len))
    {
        ngx_http_gw_conf_error(cf, part, "part \"%V\" with \"as=string\" "
                               "is not JSON, nothing can be picked of it",
                               &part->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_gw_part_plan(cf, part) != NGX_OK
        || ngx_http_gw_part_compile_texts(cf, conf, part) != NGX_CONF_OK
        || ngx_http_gw_part_fallback(cf, part) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_gw_part_after(cf, conf, part);
}


static ngx_int_t
ngx_http_gw_part_plan(ngx_conf_t *cf, ngx_http_gw_part_t *part)
{
    ngx_int_t    rc;
    const char  *error;

    error = "no memory";

    if (part->as == NGX_HTTP_GW_AS_MERGE) {
        ngx_gw_plan_object(part->plan);
        part->planned = 1;
    }

    if (part->select.len) {
        part->planned = 1;

        rc = ngx_gw_plan_select(part->plan, &part->select, &error);

        if (rc != NGX_OK) {
            ngx_http_gw_conf_error(cf, part, "invalid JSON pointer \"%V\" as "
                                   "select=: %s", &part->select, error);
            return NGX_ERROR;
        }
    }

    if (!part->planned) {
        part->plan = NULL;
        return NGX_OK;
    }

    rc = ngx_gw_plan_compile(part->plan, &error);

    if (rc != NGX_OK) {
        ngx_http_gw_conf_error(cf, part, "fields of part \"%V\": %s",
                               &part->name, error);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static char *
ngx_http_gw_part_compile_texts(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_part_t *part)
{
    ngx_uint_t                  i;
    ngx_http_gw_part_header_t  *h;

    if (ngx_http_gw_text_compile(cf, conf, &part->uri, NGX_HTTP_GW_TEXT_URI)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    part->uses = part->uri.uses;
    part->after = part->uri.after;

    if (part->cond.source.data) {
        if (ngx_http_gw_text_compile(cf, conf, &part->cond,
                                     NGX_HTTP_GW_TEXT_PLAIN)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        part->uses |= part->cond.uses;
        part->after |= part->cond.after;
    }

    if (part->body.source.data) {
        if (ngx_http_gw_text_compile(cf, conf, &part->body,
                                     part->template ? NGX_HTTP_GW_TEXT_JSON
                                                    : NGX_HTTP_GW_TEXT_PLAIN)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        part->uses |= part->body.uses;
        part->after |= part->body.after;
    }

    if (part->headers) {
        h = part->headers->elts;

        for (i = 0; i < part->headers->nelts; i++) {
            if (ngx_http_gw_text_compile(cf, conf, &h[i].value,
                                         NGX_HTTP_GW_TEXT_FIELD)
                != NGX_OK)
            {
                return NGX_CONF_ERROR;
            }

            part->uses |= h[i].value.uses;
            part->after |= h[i].value.after;
        }
    }

    if (part->pass_body) {
        conf->pass_body = 1;
    }

    return NGX_CONF_OK;
}


/* default= is JSON; of a part that is merged, an object */

static char *
ngx_http_gw_part_fallback(ngx_conf_t *cf, ngx_http_gw_part_t *part)
{
    ngx_int_t         rc;
    ngx_str_t         json;
    ngx_uint_t        type;
    const char       *error;
    ngx_gw_plan_t    *plan;
    ngx_gw_splice_t  *splice;

    if (part->fallback.data == NULL) {
        return NGX_CONF_OK;
    }

    plan = NULL;

    if (part->as == NGX_HTTP_GW_AS_MERGE) {
        plan = ngx_gw_plan_create(cf->pool);
        if (plan == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_gw_plan_object(plan);

        if (ngx_gw_plan_compile(plan, &error) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    splice = ngx_gw_splice_create(cf->pool, plan, NGX_MAX_INT32_VALUE,
                                  part->fallback.len,
                                  NGX_GW_SPLICE_MAX_DEPTH);
    if (splice == NULL) {
        return NGX_CONF_ERROR;
    }

    rc = ngx_gw_splice_feed(splice, part->fallback.data, part->fallback.len);

    if (rc == NGX_OK) {
        rc = ngx_gw_splice_end(splice, &json, &type);
    }

    if (rc != NGX_OK) {
        ngx_http_gw_conf_error(cf, part, "default= of part \"%V\" is not %s",
                               &part->name, plan ? "a JSON object" : "JSON");
        return NGX_CONF_ERROR;
    }

    part->fallback = json;

    if (plan && ngx_http_gw_part_unique(cf, part) != NGX_OK) {
        ngx_http_gw_conf_error(cf, part, "default= of part \"%V\" has a name "
                               "twice", &part->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* of what is merged into a document the names are looked at */

static ngx_int_t
ngx_http_gw_part_unique(ngx_conf_t *cf, ngx_http_gw_part_t *part)
{
    size_t              budget;
    ngx_gw_place_t      root;
    ngx_gw_document_t  *doc;

    doc = ngx_gw_document_create(cf->pool);
    if (doc == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&root, sizeof(ngx_gw_place_t));

    ngx_gw_document_merge(doc, &root, &part->fallback, 1, 0);

    budget = NGX_MAX_SIZE_T_VALUE;

    return ngx_gw_document_run(doc, &budget);
}


static char *
ngx_http_gw_part_after(ngx_conf_t *cf, ngx_http_gw_aggregate_loc_conf_t *conf,
    ngx_http_gw_part_t *part)
{
    u_char              *p, *last;
    ngx_str_t            name;
    ngx_http_gw_part_t  *before;

    part->after |= part->uses;

    p = part->after_names.data;
    last = p + part->after_names.len;

    while (p < last) {
        name.data = p;

        while (p < last && *p != ',') {
            p++;
        }

        name.len = p - name.data;
        before = ngx_http_gw_part_find(conf, &name);

        if (before == NULL) {
            ngx_http_gw_conf_error(cf, part, "unknown part \"%V\" in after= "
                                   "of part \"%V\"", &name, &part->name);
            return NGX_CONF_ERROR;
        }

        part->after |= ngx_http_gw_part_bit(before
                                            - (ngx_http_gw_part_t *)
                                              conf->parts->elts);

        if (p < last && ++p == last) {
            ngx_http_gw_conf_error(cf, part, "invalid after= of part \"%V\"",
                                   &part->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* parts are taken off as what they wait for has been */

static char *
ngx_http_gw_part_cycles(ngx_conf_t *cf, ngx_http_gw_aggregate_loc_conf_t *conf)
{
    ngx_uint_t            i, n, progress;
    ngx_http_gw_part_t   *part;
    ngx_http_gw_parts_t   done;

    part = conf->parts->elts;
    n = conf->parts->nelts;
    done = 0;

    do {
        progress = 0;

        for (i = 0; i < n; i++) {
            if (!(done & ngx_http_gw_part_bit(i))
                && (part[i].after & ~done) == 0)
            {
                done |= ngx_http_gw_part_bit(i);
                progress = 1;
            }
        }

    } while (progress);

    for (i = 0; i < n; i++) {
        if (!(done & ngx_http_gw_part_bit(i))) {
            ngx_http_gw_conf_error(cf, &part[i], "part \"%V\" waits for "
                                   "itself, by way of after= or a variable",
                                   &part[i].name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/*
 * An aggregate that is a part of itself, or of its parts.  Seen where texts
 * without variables name "location = /uri"; of a loop the last location to be
 * compiled finds the others compiled.
 */

static char *
ngx_http_gw_aggregate_loops(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf)
{
    ngx_http_gw_part_t  *part;

    part = ngx_http_gw_aggregate_leads(cf, conf, conf);

    if (part) {
        ngx_http_gw_conf_error(cf, part, "part \"%V\" leads to the aggregate "
                               "that it is of", &part->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the part of conf that leads to target, or NULL */

static ngx_http_gw_part_t *
ngx_http_gw_aggregate_leads(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf,
    ngx_http_gw_aggregate_loc_conf_t *target)
{
    ngx_uint_t                         i;
    ngx_http_gw_part_t                *part;
    ngx_http_gw_aggregate_loc_conf_t  *next;

    conf->sought = target;
    part = conf->parts->elts;

    for (i = 0; i < conf->parts->nelts; i++) {

        if (!part[i].uri.constant) {
            continue;
        }

        next = ngx_http_gw_aggregate_at(cf, &part[i].uri.value);

        if (next == NULL) {
            continue;
        }

        if (next == target
            || (next->sought != target
                && ngx_http_gw_aggregate_leads(cf, next, target)))
        {
            return &part[i];
        }
    }

    return NULL;
}


/* the aggregate that answers this uri, or NULL if that cannot be told */

static ngx_http_gw_aggregate_loc_conf_t *
ngx_http_gw_aggregate_at(ngx_conf_t *cf, ngx_str_t *uri)
{
    ngx_str_t                          none;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_core_srv_conf_t          *cscf;
    ngx_http_gw_aggregate_loc_conf_t  *alcf;

    ngx_str_null(&none);

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    clcf = cscf->ctx->loc_conf[ngx_http_core_module.ctx_index];

    /* a block of "if" may send the part elsewhere */

    if (ngx_http_gw_aggregate_exact(clcf->locations, &none)) {
        return NULL;
    }

    clcf = ngx_http_gw_aggregate_exact(clcf->locations, uri);

    if (clcf == NULL || ngx_http_gw_aggregate_exact(clcf->locations, &none)) {
        return NULL;
    }

    alcf = clcf->loc_conf[ngx_http_gw_aggregate_module.ctx_index];

    return alcf->parts ? alcf : NULL;
}


/* "location = uri", or with an empty one a block of "if"; or NULL */

static ngx_http_core_loc_conf_t *
ngx_http_gw_aggregate_exact(ngx_queue_t *locations, ngx_str_t *uri)
{
    ngx_queue_t                *q;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_location_queue_t  *lq;

    if (locations == NULL) {
        return NULL;
    }

    for (q = ngx_queue_head(locations);
         q != ngx_queue_sentinel(locations);
         q = ngx_queue_next(q))
    {
        lq = (ngx_http_location_queue_t *) q;
        clcf = lq->exact;

        if (clcf == NULL) {
            continue;
        }

        if (uri->len ? clcf->exact_match && clcf->name.len == uri->len
                       && ngx_strncmp(clcf->name.data, uri->data, uri->len)
                          == 0
                     : clcf->noname)
        {
            return clcf;
        }
    }

    return NULL;
}
