
/*
 * The directives' setters.
 */


#include "ngx_http_gw_transcode.h"


static char *ngx_http_gw_transcode_names(ngx_conf_t *cf, ngx_array_t **names,
    u_char *p, u_char *last);


static ngx_conf_bitmask_t  ngx_http_gw_transcode_prints[] = {
    { ngx_string("unpopulated"), NGX_HTTP_GW_TRANSCODE_UNPOPULATED },
    { ngx_string("proto_names"), NGX_HTTP_GW_TRANSCODE_PROTO_NAMES },
    { ngx_string("enum_numbers"), NGX_HTTP_GW_TRANSCODE_ENUM_NUMBERS },
    { ngx_string("indent"), NGX_HTTP_GW_TRANSCODE_INDENT },
    { ngx_null_string, 0 }
};


ngx_http_gw_transcode_list_t *
ngx_http_gw_transcode_list(ngx_conf_t *cf)
{
    ngx_http_gw_transcode_list_t  *list;

    list = ngx_palloc(cf->pool, sizeof(ngx_http_gw_transcode_list_t));
    if (list == NULL) {
        return NULL;
    }

    if (ngx_array_init(&list->names, cf->pool, cf->args->nelts,
                       sizeof(ngx_str_t))
        != NGX_OK)
    {
        return NULL;
    }

    list->file = cf->conf_file->file.name;
    list->line = cf->conf_file->line;

    return list;
}


/* gw_transcode service ... | all | off */

char *
ngx_http_gw_transcode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_transcode_loc_conf_t *tlcf = conf;

    ngx_str_t   *value, *name;
    ngx_uint_t   i, j;

    if (tlcf->services != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    tlcf->here = 1;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        tlcf->services = NULL;
        return NGX_CONF_OK;
    }

    tlcf->services = ngx_http_gw_transcode_list(cf);
    if (tlcf->services == NULL) {
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "all") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0
            || ngx_strcmp(value[i].data, "off") == 0
            || ngx_strcmp(value[i].data, "all") == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        for (j = 1; j < i; j++) {
            if (value[i].len == value[j].len
                && ngx_strcmp(value[i].data, value[j].data) == 0)
            {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate service \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }
        }

        name = ngx_array_push(&tlcf->services->names);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    return NGX_CONF_OK;
}


/* gw_transcode_descriptor file ...; lines add up */

char *
ngx_http_gw_transcode_descriptor(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_gw_transcode_loc_conf_t *tlcf = conf;

    ngx_str_t   *value, *file;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (tlcf->files == NGX_CONF_UNSET_PTR) {
        tlcf->files = ngx_http_gw_transcode_list(cf);
        if (tlcf->files == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        file = ngx_array_push(&tlcf->files->names);
        if (file == NULL) {
            return NGX_CONF_ERROR;
        }

        *file = value[i];

        if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* gw_transcode_print off | [unpopulated] [proto_names] ... */

char *
ngx_http_gw_transcode_print(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_transcode_loc_conf_t *tlcf = conf;

    ngx_str_t           *value;
    ngx_uint_t           i;
    ngx_conf_bitmask_t  *mask;

    if (tlcf->print) {
        return "is duplicate";
    }

    value = cf->args->elts;
    tlcf->print = NGX_CONF_BITMASK_SET;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        for (mask = ngx_http_gw_transcode_prints; mask->name.len; mask++) {
            if (value[i].len == mask->name.len
                && ngx_strcmp(value[i].data, mask->name.data) == 0)
            {
                break;
            }
        }

        if (mask->name.len == 0 || (tlcf->print & mask->mask)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "%s parameter \"%V\"",
                               mask->name.len ? "duplicate" : "invalid",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        tlcf->print |= mask->mask;
    }

    return NGX_CONF_OK;
}


/* gw_transcode_unknown_query reject | ignore | name ... */

char *
ngx_http_gw_transcode_unknown_query(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_gw_transcode_loc_conf_t *tlcf = conf;

    ngx_str_t   *value, *name;
    ngx_uint_t   i;

    if (tlcf->unknown_query != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    tlcf->unknown_query = NGX_HTTP_GW_TRANSCODE_REJECT;

    if (cf->args->nelts == 2) {

        if (ngx_strcmp(value[1].data, "reject") == 0) {
            return NGX_CONF_OK;
        }

        if (ngx_strcmp(value[1].data, "ignore") == 0) {
            tlcf->unknown_query = NGX_HTTP_GW_TRANSCODE_IGNORE;
            return NGX_CONF_OK;
        }
    }

    tlcf->ignored = ngx_array_create(cf->pool, cf->args->nelts,
                                     sizeof(ngx_str_t));
    if (tlcf->ignored == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0
            || ngx_strcmp(value[i].data, "reject") == 0
            || ngx_strcmp(value[i].data, "ignore") == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        name = ngx_array_push(tlcf->ignored);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    return NGX_CONF_OK;
}


/* gw_transcode_metadata off | [prefix=] [request=name,...] [response=...] */

char *
ngx_http_gw_transcode_metadata(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_gw_transcode_loc_conf_t *tlcf = conf;

    char                              *rv;
    u_char                            *last;
    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_gw_transcode_metadata_t  *metadata;

    if (tlcf->metadata != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    metadata = ngx_pcalloc(cf->pool, sizeof(ngx_http_gw_transcode_metadata_t));
    if (metadata == NULL) {
        return NGX_CONF_ERROR;
    }

    tlcf->metadata = metadata;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        metadata->off = 1;
        return NGX_CONF_OK;
    }

    ngx_str_set(&metadata->prefix, "Grpc-Metadata-");

    for (i = 1; i < cf->args->nelts; i++) {

        last = value[i].data + value[i].len;

        if (ngx_strncmp(value[i].data, "prefix=", 7) == 0) {

            metadata->prefix.data = value[i].data + 7;
            metadata->prefix.len = value[i].len - 7;

            if (metadata->prefix.len == 0) {
                goto invalid;
            }

            continue;
        }

        if (ngx_strcmp(value[i].data, "request=*") == 0) {
            metadata->all = 1;
            continue;
        }

        if (ngx_strncmp(value[i].data, "request=", 8) == 0) {
            rv = ngx_http_gw_transcode_names(cf, &metadata->request,
                                             value[i].data + 8, last);
            if (rv != NGX_CONF_OK) {
                goto invalid;
            }

            continue;
        }

        if (ngx_strncmp(value[i].data, "response=", 9) == 0) {
            rv = ngx_http_gw_transcode_names(cf, &metadata->response,
                                             value[i].data + 9, last);
            if (rv != NGX_CONF_OK) {
                goto invalid;
            }

            continue;
        }

    invalid:

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* names with commas between, to lower case */

static char *
ngx_http_gw_transcode_names(ngx_conf_t *cf, ngx_array_t **names, u_char *p,
    u_char *last)
{
    u_char     *q;
    ngx_str_t  *name;

    if (*names == NULL) {
        *names = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (*names == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for ( ;; ) {
        q = ngx_strlchr(p, last, ',');
        q = q ? q : last;

        if (q == p) {
            return NGX_CONF_ERROR;
        }

        name = ngx_array_push(*names);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        name->data = p;
        name->len = q - p;
        ngx_strlow(p, p, q - p);

        if (q == last) {
            return NGX_CONF_OK;
        }

        p = q + 1;
    }
}
