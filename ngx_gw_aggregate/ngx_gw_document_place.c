
/*
 * ngx_gw_document, places: compiled once, used by all requests.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"
#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


static ngx_uint_t ngx_gw_place_utf8(ngx_str_t *text);
static ngx_int_t ngx_gw_place_step(ngx_pool_t *pool, ngx_gw_step_t *step,
    u_char *name, size_t len);


ngx_int_t
ngx_gw_place_compile(ngx_pool_t *pool, ngx_str_t *pointer,
    ngx_gw_place_t *place)
{
    u_char         *p, *last, *dst, *name;
    ngx_uint_t      n;
    ngx_gw_step_t  *step;

    place->nsteps = 0;
    place->steps = NULL;

    if (pointer->len == 0) {
        return NGX_OK;
    }

    if (pointer->data[0] != '/' || !ngx_gw_place_utf8(pointer)) {
        return NGX_DECLINED;
    }

    last = pointer->data + pointer->len;
    n = 0;

    for (p = pointer->data; p < last; p++) {
        n += (*p == '/');
    }

    if (n > NGX_GW_DOCUMENT_MAX_STEPS) {
        return NGX_DECLINED;
    }

    step = ngx_palloc(pool, n * sizeof(ngx_gw_step_t));
    if (step == NULL) {
        return NGX_ERROR;
    }

    name = ngx_pnalloc(pool, pointer->len);
    if (name == NULL) {
        return NGX_ERROR;
    }

    place->steps = step;
    p = pointer->data;

    while (p < last) {
        dst = name;

        for (p++; p < last && *p != '/'; p++) {

            if (*p != '~') {
                *dst++ = *p;
                continue;
            }

            p++;

            if (p == last || (*p != '0' && *p != '1')) {
                return NGX_DECLINED;
            }

            *dst++ = (*p == '0') ? '~' : '/';
        }

        if (ngx_gw_place_step(pool, step, name, dst - name) != NGX_OK) {
            return NGX_ERROR;
        }

        step++;
    }

    place->nsteps = n;

    return NGX_OK;
}


static ngx_uint_t
ngx_gw_place_utf8(ngx_str_t *text)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        p = ngx_gw_json_utf8(p, last);
        if (p == NULL) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_gw_place_step(ngx_pool_t *pool, ngx_gw_step_t *step, u_char *name,
    size_t len)
{
    size_t  more;

    more = (size_t) ngx_escape_json(NULL, name, len);

    step->hash = ngx_gw_json_hash(name, len);
    step->escaped = (more != 0);
    step->name.len = len + more;

    step->name.data = ngx_pnalloc(pool, step->name.len + 1);
    if (step->name.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_escape_json(step->name.data, name, len);

    return NGX_OK;
}
