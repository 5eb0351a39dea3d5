
/*
 * ngx_gw_json, paths: compiled once, followed in any text.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


#define NGX_GW_JSON_MAX_STEPS  16


static ngx_int_t ngx_gw_json_path_index(ngx_str_t *name);


ngx_int_t
ngx_gw_json_path_compile(ngx_pool_t *pool, ngx_str_t *text,
    ngx_gw_json_path_t *path)
{
    u_char               c, sep, *p, *last, *dst;
    ngx_uint_t           n, pointer;
    ngx_gw_json_step_t  *step;

    path->nsteps = 0;
    path->steps = NULL;

    if (text->len == 0) {
        return NGX_DECLINED;
    }

    p = text->data;
    last = p + text->len;

    pointer = (*p == '/');
    sep = pointer ? '/' : '.';

    /* a pointer has a separator before each step, a dotted path between them */

    if (pointer) {
        p++;
    }

    n = 1;

    for (dst = p; dst < last; dst++) {
        if (*dst == sep) {
            n++;
        }
    }

    if (n > NGX_GW_JSON_MAX_STEPS) {
        return NGX_DECLINED;
    }

    step = ngx_palloc(pool, n * sizeof(ngx_gw_json_step_t));
    if (step == NULL) {
        return NGX_ERROR;
    }

    dst = ngx_pnalloc(pool, text->len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    path->steps = step;

    for ( ;; ) {
        step->name.data = dst;

        while (p < last && *p != sep) {
            c = *p++;

            if (pointer && c == '~') {

                if (p == last || (*p != '0' && *p != '1')) {
                    return NGX_DECLINED;
                }

                c = (*p++ == '0') ? '~' : '/';
            }

            *dst++ = c;
        }

        step->name.len = dst - step->name.data;

        if (!pointer && step->name.len == 0) {
            return NGX_DECLINED;
        }

        step->hash = ngx_gw_json_hash(step->name.data, step->name.len);
        step->index = ngx_gw_json_path_index(&step->name);
        step++;

        if (p == last) {
            break;
        }

        p++;
    }

    path->nsteps = n;

    return NGX_OK;
}


/* no text has more items than bytes */

static ngx_int_t
ngx_gw_json_path_index(ngx_str_t *name)
{
    size_t     i;
    ngx_int_t  index;

    if (name->len == 0
        || name->len > 10
        || (name->data[0] == '0' && name->len > 1))
    {
        return -1;
    }

    index = 0;

    for (i = 0; i < name->len; i++) {

        if (!ngx_gw_json_is_digit(name->data[i])
            || index > NGX_GW_JSON_MAX_LEN / 10 - 1)
        {
            return -1;
        }

        index = index * 10 + (name->data[i] - '0');
    }

    return index;
}


ngx_int_t
ngx_gw_json_path_get(ngx_gw_json_t *json, ngx_gw_json_path_t *path,
    ngx_uint_t *node)
{
    ngx_uint_t           i, n, k;
    ngx_gw_json_node_t  *parent;
    ngx_gw_json_step_t  *step;

    i = 0;

    for (n = 0; n < path->nsteps; n++) {
        step = &path->steps[n];
        parent = &json->nodes[i];

        if (parent->type != NGX_GW_JSON_ARRAY) {
            i = ngx_gw_json_find(json, i, &step->name, step->hash);

            if (i == NGX_GW_JSON_NONE) {
                return NGX_DECLINED;
            }

            continue;
        }

        if (step->index < 0 || (ngx_uint_t) step->index >= parent->count) {
            return NGX_DECLINED;
        }

        i++;

        for (k = step->index; k; k--) {
            i = json->nodes[i].next;
        }
    }

    *node = i;

    return NGX_OK;
}
