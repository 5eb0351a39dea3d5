
/*
 * Cache-Control (RFC 9111, section 5.2.2): what the parts say, and the
 * strictest of it.  Vary: all of it.
 */


#include "ngx_http_gw_aggregate.h"


/* by more fields than that no answer is kept */
#define NGX_HTTP_GW_AGGREGATE_MAX_VARY  64


static void ngx_http_gw_cache_control_parse(ngx_http_gw_cache_control_t *cc,
    u_char *p, u_char *last);
static time_t ngx_http_gw_cache_control_seconds(ngx_str_t *value);
static time_t ngx_http_gw_cache_control_least(time_t a, time_t b);
static ngx_int_t ngx_http_gw_vary_write(ngx_http_gw_aggregate_t *ag,
    ngx_str_t *vary);
static ngx_uint_t ngx_http_gw_vary_next(ngx_str_t *list, ngx_str_t *name);


void
ngx_http_gw_cache_control_read(ngx_http_request_t *r, ngx_http_gw_run_t *run)
{
    time_t                        age;
    ngx_uint_t                    i;
    ngx_list_part_t              *lp;
    ngx_table_elt_t              *h;
    ngx_http_gw_cache_control_t  *cc;

    cc = &run->cache_control;
    cc->max_age = -1;
    cc->s_maxage = -1;
    age = 0;

    for (lp = &r->headers_out.headers.part; lp; lp = lp->next) {
        h = lp->elts;

        for (i = 0; i < lp->nelts; i++) {
            if (h[i].hash == 0) {
                continue;
            }

            if (h[i].key.len == 13
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Cache-Control",
                                   13)
                   == 0)
            {
                run->shown = 1;
                ngx_http_gw_cache_control_parse(cc, h[i].value.data,
                                                h[i].value.data
                                                + h[i].value.len);
            }

            if (h[i].key.len == 3
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Age", 3) == 0)
            {
                age = ngx_http_gw_cache_control_seconds(&h[i].value);
            }
        }
    }

    if (cc->max_age >= 0) {
        cc->max_age = ngx_max(cc->max_age - age, 0);
    }

    if (cc->s_maxage >= 0) {
        cc->s_maxage = ngx_max(cc->s_maxage - age, 0);
    }
}


static void
ngx_http_gw_cache_control_parse(ngx_http_gw_cache_control_t *cc, u_char *p,
    u_char *last)
{
    ngx_str_t   name, value;
    ngx_uint_t  quoted;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        name.data = p;

        while (p < last && *p != ',' && *p != '=' && *p != ' ' && *p != '\t') {
            p++;
        }

        name.len = p - name.data;
        ngx_str_null(&value);

        if (p < last && *p == '=') {
            p++;
            quoted = (p < last && *p == '"');
            p += quoted;
            value.data = p;

            while (p < last && *p != (quoted ? '"' : ',')) {
                p++;
            }

            value.len = p - value.data;
        }

        while (p < last && *p != ',') {
            p++;
        }

#define ngx_http_gw_cache_control_is(text)                                    \
    (name.len == sizeof(text) - 1                                             \
     && ngx_strncasecmp(name.data, (u_char *) text, sizeof(text) - 1) == 0)

        if (ngx_http_gw_cache_control_is("max-age")) {
            cc->max_age = ngx_http_gw_cache_control_least(cc->max_age,
                                   ngx_http_gw_cache_control_seconds(&value));

        } else if (ngx_http_gw_cache_control_is("s-maxage")) {
            cc->s_maxage = ngx_http_gw_cache_control_least(cc->s_maxage,
                                   ngx_http_gw_cache_control_seconds(&value));

        } else if (ngx_http_gw_cache_control_is("private")) {
            cc->private = 1;

        } else if (ngx_http_gw_cache_control_is("no-cache")) {
            cc->no_cache = 1;

        } else if (ngx_http_gw_cache_control_is("no-store")) {
            cc->no_store = 1;

        } else if (ngx_http_gw_cache_control_is("must-revalidate")
                   || ngx_http_gw_cache_control_is("proxy-revalidate"))
        {
            cc->must_revalidate = 1;
        }

#undef ngx_http_gw_cache_control_is
    }
}


/* what is no number is stale at once (RFC 9111, section 4.2.1) */

static time_t
ngx_http_gw_cache_control_seconds(ngx_str_t *value)
{
    time_t  n;

    while (value->len && (value->data[value->len - 1] == ' '
                          || value->data[value->len - 1] == '\t'))
    {
        value->len--;
    }

    n = ngx_atotm(value->data, value->len);

    return n == (time_t) NGX_ERROR ? 0 : n;
}


/* -1: none */

static time_t
ngx_http_gw_cache_control_least(time_t a, time_t b)
{
    if (a < 0 || b < 0) {
        return ngx_max(a, b);
    }

    return ngx_min(a, b);
}


ngx_int_t
ngx_http_gw_cache_control_write(ngx_http_gw_aggregate_t *ag, ngx_str_t *value,
    ngx_str_t *vary)
{
    u_char                       *p;
    ngx_int_t                     rc;
    ngx_uint_t                    i, any, silent;
    ngx_http_gw_run_t            *run;
    ngx_http_gw_cache_control_t   cc, *part;

    ngx_str_null(vary);

    if (ag->partial) {
        ngx_str_set(value, "no-store");
        return NGX_OK;
    }

    ngx_memzero(&cc, sizeof(ngx_http_gw_cache_control_t));
    ngx_str_null(value);

    cc.max_age = -1;
    cc.s_maxage = -1;
    any = 0;
    silent = 0;

    for (i = 0; i < ag->nruns; i++) {
        run = &ag->runs[i];

        if (run->state != NGX_HTTP_GW_DONE) {
            continue;
        }

        part = &run->cache_control;

        if (!run->shown) {
            silent = 1;
            continue;
        }

        any = 1;

        cc.max_age = ngx_http_gw_cache_control_least(cc.max_age,
                                                     part->max_age);

        /* for a shared cache s-maxage stands in place of max-age */

        cc.s_maxage = ngx_http_gw_cache_control_least(cc.s_maxage,
                                                      part->s_maxage);
        cc.private |= part->private;
        cc.no_cache |= part->no_cache;
        cc.no_store |= part->no_store;
        cc.must_revalidate |= part->must_revalidate;

        if (part->max_age < 0) {
            silent = 1;
        }
    }

    rc = cc.no_store ? NGX_DECLINED : ngx_http_gw_vary_write(ag, vary);

    if (rc == NGX_DECLINED) {
        ngx_str_set(value, "no-store");
        return NGX_OK;
    }

    if (rc != NGX_OK || !any) {
        return rc;
    }

    p = ngx_pnalloc(ag->request->pool,
                    sizeof("private, no-cache, must-revalidate, max-age=, "
                           "s-maxage=") - 1 + 2 * NGX_TIME_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

#define ngx_http_gw_cache_control_add(...)                                    \
    p = ngx_sprintf(p == value->data ? p : ngx_cpymem(p, ", ", 2),            \
                    __VA_ARGS__)

    if (cc.private) {
        ngx_http_gw_cache_control_add("private");
    }

    if (cc.no_cache) {
        ngx_http_gw_cache_control_add("no-cache");
    }

    if (cc.must_revalidate) {
        ngx_http_gw_cache_control_add("must-revalidate");
    }

    if (cc.max_age >= 0 && !silent) {
        ngx_http_gw_cache_control_add("max-age=%T", cc.max_age);

        if (cc.s_maxage >= 0 && !cc.private) {
            ngx_http_gw_cache_control_add("s-maxage=%T",
                                          ngx_min(cc.s_maxage, cc.max_age));
        }
    }

#undef ngx_http_gw_cache_control_add

    value->len = p - value->data;

    return NGX_OK;
}


/*
 * What makes the answer another one, for caches that keep it.  NGX_DECLINED:
 * they must not.
 */

static ngx_int_t
ngx_http_gw_vary_write(ngx_http_gw_aggregate_t *ag, ngx_str_t *vary)
{
    u_char       *p;
    size_t        len;
    ngx_str_t    *value, list, name, names[NGX_HTTP_GW_AGGREGATE_MAX_VARY];
    ngx_uint_t    i, j, k, n;
    ngx_array_t  *values;

    len = 0;
    n = 0;

    for (i = 0; i < ag->nruns; i++) {
        values = ag->runs[i].vary;

        if (values == NULL || ag->runs[i].state != NGX_HTTP_GW_DONE) {
            continue;
        }

        value = values->elts;

        for (j = 0; j < values->nelts; j++) {
            list = value[j];

            while (ngx_http_gw_vary_next(&list, &name)) {

                if (name.len == 1 && *name.data == '*') {
                    return NGX_DECLINED;
                }

                for (k = 0; k < n; k++) {
                    if (names[k].len == name.len
                        && ngx_strncasecmp(names[k].data, name.data, name.len)
                           == 0)
                    {
                        break;
                    }
                }

                if (k < n) {
                    continue;
                }

                if (n == NGX_HTTP_GW_AGGREGATE_MAX_VARY) {
                    return NGX_DECLINED;
                }

                names[n++] = name;
                len += name.len + 2;
            }
        }
    }

    if (n == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(ag->request->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    vary->data = p;

    for (k = 0; k < n; k++) {
        p = ngx_sprintf(p, "%s%V", k ? ", " : "", &names[k]);
    }

    vary->len = p - vary->data;

    return NGX_OK;
}


/* takes a name off the list; parts get no Accept-Encoding of a client */

static ngx_uint_t
ngx_http_gw_vary_next(ngx_str_t *list, ngx_str_t *name)
{
    u_char  *p, *last;

    p = list->data;
    last = p + list->len;

    do {
        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        name->data = p;

        while (p < last && *p != ' ' && *p != '\t' && *p != ',') {
            p++;
        }

        name->len = p - name->data;

    } while (name->len == 15
             && ngx_strncasecmp(name->data, (u_char *) "Accept-Encoding", 15)
                == 0);

    list->data = p;
    list->len = last - p;

    return name->len != 0;
}
