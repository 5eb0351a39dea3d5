
/*
 * Texts with variables.  What is data and what is syntax is decided here: the
 * bytes of data never end a path, never begin another argument, never leave a
 * JSON string, never make another header field.
 */


#include "ngx_http_gw_aggregate.h"


typedef struct {
    ngx_array_t                  pieces;   /* ngx_http_gw_piece_t */
    unsigned                     string:1; /* of JSON: within a string */
    unsigned                     escape:1; /* behind a backslash there */
} ngx_http_gw_text_state_t;


static ngx_int_t ngx_http_gw_text_literal(ngx_http_gw_text_state_t *state,
    u_char *data, size_t len);
static ngx_int_t ngx_http_gw_text_variable(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_text_t *text,
    ngx_http_gw_text_state_t *state, ngx_str_t *name);
static ngx_int_t ngx_http_gw_text_own(ngx_http_gw_aggregate_loc_conf_t *conf,
    ngx_http_gw_piece_t *piece);
static ngx_int_t ngx_http_gw_text_about(
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_piece_t *piece);
static ngx_int_t ngx_http_gw_text_check(ngx_conf_t *cf,
    ngx_http_gw_text_t *text);
static ngx_int_t ngx_http_gw_text_constant(ngx_conf_t *cf,
    ngx_http_gw_text_t *text, ngx_http_gw_form_e form);
static ngx_int_t ngx_http_gw_text_field_check(ngx_str_t *value);
static ngx_int_t ngx_http_gw_text_value(ngx_http_gw_aggregate_t *ag,
    ngx_http_gw_piece_t *piece, ngx_http_gw_form_e form, ngx_str_t *value);
static ngx_int_t ngx_http_gw_text_picked(ngx_http_gw_aggregate_t *ag,
    ngx_uint_t part, ngx_uint_t pick, ngx_http_gw_form_e form,
    ngx_str_t *value);
static ngx_int_t ngx_http_gw_text_uri(ngx_pool_t *pool,
    ngx_http_gw_text_t *text, ngx_str_t *values, ngx_str_t *uri,
    ngx_str_t *args);
static ngx_int_t ngx_http_gw_text_path_check(u_char *p, u_char *last);
static u_char *ngx_http_gw_text_escape(u_char *dst, ngx_str_t *value);
static ngx_int_t ngx_http_gw_text_json(ngx_http_request_t *r,
    ngx_http_gw_text_t *text, ngx_str_t *values, ngx_str_t *value);


#define ngx_http_gw_text_is_data(piece)                                       \
    ((piece)->type >= NGX_HTTP_GW_TEXT_DATA)


void
ngx_http_gw_text_source(ngx_conf_t *cf, ngx_http_gw_text_t *text,
    ngx_str_t *source)
{
    text->source = *source;
    text->file = cf->conf_file->file.name.data;
    text->line = cf->conf_file->line;
}


ngx_int_t
ngx_http_gw_text_compile(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_text_t *text,
    ngx_http_gw_form_e form)
{
    u_char                    *p, *last, *begin;
    ngx_str_t                  name;
    ngx_uint_t                 brace;
    ngx_http_gw_text_state_t   state;

    ngx_memzero(&state, sizeof(ngx_http_gw_text_state_t));

    if (ngx_array_init(&state.pieces, cf->pool, 4,
                       sizeof(ngx_http_gw_piece_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = text->source.data;
    last = p + text->source.len;

    while (p < last) {
        begin = p;

        while (p < last && *p != '$') {
            p++;
        }

        if (p > begin
            && ngx_http_gw_text_literal(&state, begin, p - begin) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (p == last) {
            break;
        }

        p++;
        brace = (p < last && *p == '{');
        p += brace;
        name.data = p;

        if (!brace && p < last && *p >= '1' && *p <= '9') {
            p++;

        } else {
            while (p < last
                   && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
                       || (*p >= '0' && *p <= '9') || *p == '_'))
            {
                p++;
            }
        }

        name.len = p - name.data;

        if (name.len == 0 || (brace && (p == last || *p++ != '}'))) {
            ngx_http_gw_conf_error(cf, text, "invalid variable in \"%V\"",
                                   &text->source);
            return NGX_DECLINED;
        }

        if (ngx_http_gw_text_variable(cf, conf, text, &state, &name)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    text->pieces = state.pieces.elts;
    text->npieces = state.pieces.nelts;

    /* data would say which location is reached */

    if (form == NGX_HTTP_GW_TEXT_URI
        && ngx_http_gw_text_is_data(&text->pieces[0]))
    {
        ngx_http_gw_conf_error(cf, text, "uri \"%V\" begins with data",
                               &text->source);
        return NGX_DECLINED;
    }

    if (form == NGX_HTTP_GW_TEXT_JSON
        && ngx_http_gw_text_check(cf, text) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_http_gw_text_constant(cf, text, form);
}


/* a text without variables is what it is to be now already */

static ngx_int_t
ngx_http_gw_text_constant(ngx_conf_t *cf, ngx_http_gw_text_t *text,
    ngx_http_gw_form_e form)
{
    ngx_int_t             rc;
    ngx_http_gw_piece_t  *piece;

    piece = text->pieces;

    if (text->npieces > 1
        || (text->npieces == 1 && piece->type != NGX_HTTP_GW_TEXT_LITERAL))
    {
        return NGX_OK;
    }

    text->value = text->source;
    rc = NGX_OK;

    if (form == NGX_HTTP_GW_TEXT_URI) {
        rc = ngx_http_gw_text_uri(cf->pool, text, &text->source, &text->value,
                                  &text->args);
    }

    if (form == NGX_HTTP_GW_TEXT_FIELD) {
        rc = ngx_http_gw_text_field_check(&text->value);
    }

    if (rc == NGX_DECLINED) {
        ngx_http_gw_conf_error(cf, text, "\"%V\" can never be sent",
                               &text->source);
    }

    text->constant = (rc == NGX_OK);

    return rc;
}


static ngx_int_t
ngx_http_gw_text_literal(ngx_http_gw_text_state_t *state, u_char *data,
    size_t len)
{
    size_t                i;
    ngx_http_gw_piece_t  *piece;

    piece = ngx_array_push(&state->pieces);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(piece, sizeof(ngx_http_gw_piece_t));

    piece->type = NGX_HTTP_GW_TEXT_LITERAL;
    piece->text.data = data;
    piece->text.len = len;

    /* whether what follows stands in a JSON string; of use to bodies only */

    for (i = 0; i < len; i++) {
        if (state->escape) {
            state->escape = 0;

        } else if (data[i] == '"') {
            state->string = !state->string;

        } else if (data[i] == '\\' && state->string) {
            state->escape = 1;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_gw_text_variable(ngx_conf_t *cf,
    ngx_http_gw_aggregate_loc_conf_t *conf, ngx_http_gw_text_t *text,
    ngx_http_gw_text_state_t *state, ngx_str_t *name)
{
    ngx_int_t             index;
    ngx_http_gw_piece_t  *piece;

    piece = ngx_array_push(&state->pieces);
    if (piece == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(piece, sizeof(ngx_http_gw_piece_t));

    /* as nginx has it: in lower case */

    piece->text.data = ngx_pnalloc(cf->pool, name->len);
    if (piece->text.data == NULL) {
        return NGX_ERROR;
    }

    piece->text.len = name->len;
    ngx_strlow(piece->text.data, name->data, name->len);

    name = &piece->text;
    piece->string = state->string;

    if (name->len == 1 && name->data[0] >= '1' && name->data[0] <= '9') {
        piece->type = NGX_HTTP_GW_TEXT_CAPTURE;
        piece->index = name->data[0] - '0';
        return NGX_OK;
    }

    if (ngx_http_gw_text_own(conf, piece) == NGX_OK) {
        text->uses |= ngx_http_gw_part_bit(piece->index);
        return NGX_OK;
    }

    if (name->len > 8 && ngx_strncmp(name->data, "gw_part_", 8) == 0) {

        /* a part's status or time, known also of one that has failed */

        if (ngx_http_gw_text_about(conf, piece) != NGX_OK) {
            ngx_http_gw_conf_error(cf, text, "there is no part that \"$%V\" "
                                   "could be of", name);
            return NGX_DECLINED;
        }

        text->after |= ngx_http_gw_part_bit(piece->index);
    }

    /* all directives have been read: what is set here would be our own */

    if (ngx_http_gw_part_set_known(cf, name)) {
        piece->type = NGX_HTTP_GW_TEXT_OUTER;
        return NGX_OK;
    }

    index = ngx_http_get_variable_index(cf, name);
    if (index == NGX_ERROR) {
        return NGX_ERROR;
    }

    piece->index = index;
    piece->type = NGX_HTTP_GW_TEXT_VARIABLE;

    if (name->len > 3 && ngx_strncmp(name->data, "gw_", 3) == 0) {
        piece->type = NGX_HTTP_GW_TEXT_DATA;
    }

    if (ngx_strncmp(name->data, "request_body", 12) == 0) {
        conf->pass_body = 1;
    }

    return NGX_OK;
}


/* a part of this location, or what one of them has set */

static ngx_int_t
ngx_http_gw_text_own(ngx_http_gw_aggregate_loc_conf_t *conf,
    ngx_http_gw_piece_t *piece)
{
    ngx_str_t               *name, suffix;
    ngx_uint_t               i;
    ngx_http_gw_part_t      *part;
    ngx_http_gw_part_set_t  *set;

    name = &piece->text;

    if (name->len > 8 && ngx_strncmp(name->data, "gw_part_", 8) == 0) {
        suffix.data = name->data + 8;
        suffix.len = name->len - 8;

        part = ngx_http_gw_part_find(conf, &suffix);

        if (part) {
            piece->type = NGX_HTTP_GW_TEXT_PART;
            piece->index = part - (ngx_http_gw_part_t *) conf->parts->elts;
            return NGX_OK;
        }
    }

    if (conf->sets == NULL) {
        return NGX_DECLINED;
    }

    set = conf->sets->elts;

    for (i = 0; i < conf->sets->nelts; i++) {
        if (set[i].name.len == name->len
            && ngx_strncmp(set[i].name.data, name->data, name->len) == 0)
        {
            piece->type = NGX_HTTP_GW_TEXT_PICKED;
            piece->index = set[i].part;
            piece->pick = set[i].pick;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* $gw_part_NAME_status, $gw_part_NAME_time */

static ngx_int_t
ngx_http_gw_text_about(ngx_http_gw_aggregate_loc_conf_t *conf,
    ngx_http_gw_piece_t *piece)
{
    u_char               *suffix;
    size_t                len;
    ngx_str_t             name;
    ngx_http_gw_part_t   *part;

    name.data = piece->text.data + 8;
    name.len = piece->text.len - 8;

    suffix = name.data + name.len - 1;

    while (suffix > name.data && *suffix != '_') {
        suffix--;
    }

    len = name.data + name.len - suffix;
    name.len = suffix - name.data;

    if ((len != 7 || ngx_strncmp(suffix, "_status", 7) != 0)
        && (len != 5 || ngx_strncmp(suffix, "_time", 5) != 0))
    {
        return NGX_DECLINED;
    }

    part = ngx_http_gw_part_find(conf, &name);
    if (part == NULL) {
        return NGX_DECLINED;
    }

    piece->index = part - (ngx_http_gw_part_t *) conf->parts->elts;

    return NGX_OK;
}


/* with null in place of variables the template must be JSON */

static ngx_int_t
ngx_http_gw_text_check(ngx_conf_t *cf, ngx_http_gw_text_t *text)
{
    ngx_int_t             rc;
    ngx_str_t             json;
    ngx_uint_t            i, type;
    ngx_gw_splice_t      *splice;
    ngx_http_gw_piece_t  *piece;

    splice = ngx_gw_splice_create(cf->pool, NULL, NGX_MAX_INT32_VALUE, 0,
                                  NGX_GW_SPLICE_MAX_DEPTH);
    if (splice == NULL) {
        return NGX_ERROR;
    }

    piece = text->pieces;
    rc = NGX_OK;

    for (i = 0; i < text->npieces && rc == NGX_OK; i++) {
        if (piece[i].type == NGX_HTTP_GW_TEXT_LITERAL) {
            rc = ngx_gw_splice_feed(splice, piece[i].text.data,
                                    piece[i].text.len);

        } else {
            rc = ngx_gw_splice_feed(splice, (u_char *) "null", 4);
        }
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_splice_end(splice, &json, &type);
    }

    ngx_gw_splice_free(splice);

    if (rc != NGX_OK) {
        ngx_http_gw_conf_error(cf, text, "the body \"%V\" is not JSON",
                               &text->source);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_text(ngx_http_gw_aggregate_t *ag, ngx_http_gw_text_t *text,
    ngx_http_gw_form_e form, ngx_str_t *value, ngx_str_t *args)
{
    u_char               *p;
    size_t                len;
    ngx_int_t             rc;
    ngx_str_t            *values;
    ngx_uint_t            i;
    ngx_http_request_t   *r;
    ngx_http_gw_piece_t  *piece;

    if (text->constant) {
        *value = text->value;

        if (args) {
            *args = text->args;
        }

        return NGX_OK;
    }

    r = ag->request;
    piece = text->pieces;

    values = ngx_palloc(r->pool, text->npieces * sizeof(ngx_str_t));
    if (values == NULL) {
        return NGX_ERROR;
    }

    len = 0;

    for (i = 0; i < text->npieces; i++) {
        rc = ngx_http_gw_text_value(ag, &piece[i], form, &values[i]);

        if (rc != NGX_OK) {
            return rc;
        }

        len += values[i].len;
    }

    if (form == NGX_HTTP_GW_TEXT_URI) {
        return ngx_http_gw_text_uri(r->pool, text, values, value, args);
    }

    if (form == NGX_HTTP_GW_TEXT_JSON) {
        return ngx_http_gw_text_json(r, text, values, value);
    }

    if (text->npieces == 1) {
        *value = values[0];

    } else {
        value->data = ngx_pnalloc(r->pool, len);
        if (value->data == NULL) {
            return NGX_ERROR;
        }

        value->len = len;
        p = value->data;

        for (i = 0; i < text->npieces; i++) {
            if (values[i].len) {
                p = ngx_cpymem(p, values[i].data, values[i].len);
            }
        }
    }

    return form == NGX_HTTP_GW_TEXT_FIELD ? ngx_http_gw_text_field_check(value)
                                          : NGX_OK;
}


static ngx_int_t
ngx_http_gw_text_field_check(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/*
 * What a variable stands for: characters, but for bodies the JSON text where
 * there is one.  data is NULL if it is absent.
 */

static ngx_int_t
ngx_http_gw_text_value(ngx_http_gw_aggregate_t *ag, ngx_http_gw_piece_t *piece,
    ngx_http_gw_form_e form, ngx_str_t *value)
{
    ngx_uint_t                  n;
    ngx_http_request_t         *r;
    ngx_http_gw_run_t          *run;
    ngx_http_gw_part_set_t     *set;
    ngx_http_variable_value_t  *v;

    r = ag->request;
    ngx_str_null(value);

    switch (piece->type) {

    case NGX_HTTP_GW_TEXT_LITERAL:
        *value = piece->text;
        return NGX_OK;

    case NGX_HTTP_GW_TEXT_CAPTURE:
#if (NGX_PCRE)
        n = piece->index * 2;

        if (n + 1 < r->ncaptures) {
            value->data = r->captures_data + r->captures[n];
            value->len = r->captures[n + 1] - r->captures[n];
        }
#endif

        return NGX_OK;

    case NGX_HTTP_GW_TEXT_PART:
        run = &ag->runs[piece->index];

        if (run->state == NGX_HTTP_GW_DONE) {
            *value = run->value;
        }

        return NGX_OK;

    case NGX_HTTP_GW_TEXT_PICKED:
        return ngx_http_gw_text_picked(ag, piece->index, piece->pick, form,
                                       value);

    case NGX_HTTP_GW_TEXT_OUTER:
        set = ngx_http_gw_part_set_find(&ag, &piece->text);

        return set ? ngx_http_gw_text_picked(ag, set->part, set->pick, form,
                                             value)
                   : NGX_OK;

    default: /* NGX_HTTP_GW_TEXT_VARIABLE, NGX_HTTP_GW_TEXT_DATA */
        v = ngx_http_get_flushed_variable(r, piece->index);

        if (v == NULL) {
            return NGX_ERROR;
        }

        if (!v->not_found) {
            value->data = v->len ? v->data : (u_char *) "";
            value->len = v->len;
        }

        return NGX_OK;
    }
}


/* for a body the JSON text */

static ngx_int_t
ngx_http_gw_text_picked(ngx_http_gw_aggregate_t *ag, ngx_uint_t part,
    ngx_uint_t pick, ngx_http_gw_form_e form, ngx_str_t *value)
{
    ngx_http_gw_run_t  *run;

    if (form != NGX_HTTP_GW_TEXT_JSON) {
        return ngx_http_gw_picked(ag, part, pick, value);
    }

    run = &ag->runs[part];

    if (run->state == NGX_HTTP_GW_DONE && run->splice) {
        *value = ngx_gw_splice_picked(run->splice, pick)->text;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_gw_picked(ngx_http_gw_aggregate_t *ag, ngx_uint_t part,
    ngx_uint_t pick, ngx_str_t *value)
{
    ngx_gw_picked_t    *picked;
    ngx_http_gw_run_t  *run;

    ngx_str_null(value);

    run = &ag->runs[part];

    if (run->state != NGX_HTTP_GW_DONE || run->splice == NULL) {
        return NGX_OK;
    }

    picked = ngx_gw_splice_picked(run->splice, pick);

    if (picked->type != NGX_GW_SPLICE_STRING) {
        *value = picked->text;
        return NGX_OK;
    }

    value->data = ngx_pnalloc(ag->request->pool, picked->text.len);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = ngx_gw_json_string_decode(value->data, picked->text.data,
                                           picked->text.len)
                 - value->data;

    return NGX_OK;
}


/*
 * The first "?" that is no data ends the path.  In the path data stands as it
 * is, since nginx escapes what it sends of a subrequest's path.
 */

static ngx_int_t
ngx_http_gw_text_uri(ngx_pool_t *pool, ngx_http_gw_text_t *text,
    ngx_str_t *values, ngx_str_t *uri, ngx_str_t *args)
{
    u_char               *p, *q, *last;
    size_t                len;
    ngx_uint_t            i;
    ngx_http_gw_piece_t  *piece;

    piece = text->pieces;
    len = 0;

    for (i = 0; i < text->npieces; i++) {
        len += values[i].len
               * (ngx_http_gw_text_is_data(&piece[i]) ? 3 : 1);
    }

    p = ngx_pnalloc(pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    uri->data = p;
    ngx_str_null(args);

    for (i = 0; i < text->npieces; i++) {

        if (ngx_http_gw_text_is_data(&piece[i])) {

            if (args->data) {
                p = ngx_http_gw_text_escape(p, &values[i]);
                continue;
            }

            /* "/users/" without the name may be all of them */

            if (values[i].len == 0) {
                return NGX_DECLINED;
            }

            p = ngx_cpymem(p, values[i].data, values[i].len);
            continue;
        }

        q = values[i].data;
        last = q + values[i].len;

        while (q < last) {
            if (*q == '?' && args->data == NULL) {
                q++;
                uri->len = p - uri->data;
                args->data = p;
                continue;
            }

            *p++ = *q++;
        }
    }

    if (args->data == NULL) {
        uri->len = p - uri->data;

    } else {
        args->len = p - args->data;

        /* nothing in a query is escaped by nginx */

        for (q = args->data; q < p; q++) {
            if (*q <= 0x20 || *q == 0x7f) {
                return NGX_DECLINED;
            }
        }
    }

    return ngx_http_gw_text_path_check(uri->data, uri->data + uri->len);
}


/*
 * No NUL, and no "." or ".." as a segment, which a service might resolve; some
 * do so too if parameters follow (RFC 3986, section 3.3).
 */

static ngx_int_t
ngx_http_gw_text_path_check(u_char *p, u_char *last)
{
    size_t   len;
    u_char  *segment;

    if (p == last || *p != '/') {
        return NGX_DECLINED;
    }

    if (ngx_strlchr(p, last, '\0')) {
        return NGX_DECLINED;
    }

    while (p < last) {
        segment = ++p;

        while (p < last && *p != '/' && *p != ';') {
            p++;
        }

        len = p - segment;

        if ((len == 1 && segment[0] == '.')
            || (len == 2 && segment[0] == '.' && segment[1] == '.'))
        {
            return NGX_DECLINED;
        }

        while (p < last && *p != '/') {
            p++;
        }
    }

    return NGX_OK;
}


/* all but what RFC 3986 calls unreserved */

static u_char *
ngx_http_gw_text_escape(u_char *dst, ngx_str_t *value)
{
    u_char  c;
    size_t  i;

    static const u_char  hex[] = "0123456789ABCDEF";

    for (i = 0; i < value->len; i++) {
        c = value->data[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || (c >= '0' && c <= '9')
            || c == '-' || c == '.' || c == '_' || c == '~')
        {
            *dst++ = c;
            continue;
        }

        *dst++ = '%';
        *dst++ = hex[c >> 4];
        *dst++ = hex[c & 15];
    }

    return dst;
}


static ngx_int_t
ngx_http_gw_text_json(ngx_http_request_t *r, ngx_http_gw_text_t *text,
    ngx_str_t *values, ngx_str_t *value)
{
    u_char               *p, *end;
    size_t                len;
    ngx_str_t            *s;
    ngx_uint_t            i;
    ngx_http_gw_piece_t  *piece;

    piece = text->pieces;
    len = 0;

    for (i = 0; i < text->npieces; i++) {
        len += values[i].len
               * (ngx_http_gw_text_is_data(&piece[i]) ? 6 : 1) + 4;
    }

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value->data = p;

    for (i = 0; i < text->npieces; i++) {
        s = &values[i];

        if (!ngx_http_gw_text_is_data(&piece[i])) {
            p = s->len ? ngx_cpymem(p, s->data, s->len) : p;
            continue;
        }

        if (s->data == NULL) {
            p = piece[i].string ? p : ngx_cpymem(p, "null", 4);
            continue;
        }

        if (piece[i].type != NGX_HTTP_GW_TEXT_DATA) {

            /* JSON: a string within a string loses its quotes */

            if (!piece[i].string) {
                p = ngx_cpymem(p, s->data, s->len);
                continue;
            }

            if (s->data[0] == '"') {
                p = ngx_cpymem(p, s->data + 1, s->len - 2);
                continue;
            }
        }

        if (!ngx_gw_utf8_valid(s->data, s->len)) {
            return NGX_DECLINED;
        }

        end = ngx_gw_json_string_encode(p, s->data, s->len);

        if (piece[i].string) {
            ngx_memmove(p, p + 1, end - p - 2);
            end -= 2;
        }

        p = end;
    }

    value->len = p - value->data;

    return NGX_OK;
}
