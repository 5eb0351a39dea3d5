
#include "ngx_gw_template.h"


typedef struct {
    ngx_pool_t               *pool;
    u_char                   *start;
    u_char                   *p;
    u_char                   *last;
    ngx_gw_template_t        *tp;
    ngx_gw_route_variable_t  *variable;  /* that p is in, or NULL */
} ngx_gw_template_parser_t;


static ngx_int_t ngx_gw_template_segments(ngx_gw_template_parser_t *ps);
static ngx_int_t ngx_gw_template_segment(ngx_gw_template_parser_t *ps);
static ngx_int_t ngx_gw_template_variable(ngx_gw_template_parser_t *ps);
static ngx_int_t ngx_gw_template_field_path(ngx_gw_template_parser_t *ps,
    ngx_str_t *path);
static ngx_int_t ngx_gw_template_distinct(ngx_gw_template_parser_t *ps);
static ngx_int_t ngx_gw_template_literal(ngx_gw_template_parser_t *ps);
static ngx_int_t ngx_gw_template_verb(ngx_gw_template_parser_t *ps);
static ngx_int_t ngx_gw_template_add(ngx_gw_template_parser_t *ps,
    ngx_uint_t kind, ngx_str_t *text);
static ngx_int_t ngx_gw_template_decode(ngx_gw_template_parser_t *ps,
    u_char *end, ngx_str_t *text);
static ngx_int_t ngx_gw_template_failed(ngx_gw_template_parser_t *ps,
    u_char *p, const char *error);


#define ngx_gw_template_ident_start(c)                                        \
    (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z') || (c) == '_')

#define ngx_gw_template_ident(c)                                              \
    (ngx_gw_template_ident_start(c) || ((c) >= '0' && (c) <= '9'))


ngx_int_t
ngx_gw_template_parse(ngx_pool_t *pool, const ngx_str_t *text,
    ngx_gw_template_t *tp)
{
    ngx_int_t                  rc;
    ngx_gw_template_parser_t   parser, *ps;

    ps = &parser;
    ps->pool = pool;
    ps->start = text->data;
    ps->p = text->data;
    ps->last = text->data + text->len;
    ps->tp = tp;
    ps->variable = NULL;

    tp->nsegments = 0;
    tp->dstar = NGX_GW_ROUTE_MAX_SEGMENTS;
    tp->nvariables = 0;
    ngx_str_null(&tp->verb);
    tp->error = NULL;
    tp->offset = 0;

    if (ps->p == ps->last || *ps->p != '/') {
        return ngx_gw_template_failed(ps, ps->p, "no \"/\"");
    }

    ps->p++;

    /* "/" alone is the root */

    if (ps->p < ps->last) {
        rc = ngx_gw_template_segments(ps);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (tp->dstar == NGX_GW_ROUTE_MAX_SEGMENTS) {
        tp->dstar = tp->nsegments;
    }

    return NGX_OK;
}


/* ends at the end of the text, or before the "}" of a variable */

static ngx_int_t
ngx_gw_template_segments(ngx_gw_template_parser_t *ps)
{
    ngx_int_t  rc;

    for ( ;; ) {

        rc = ngx_gw_template_segment(ps);

        if (rc != NGX_OK) {
            return rc;
        }

        if (ps->p == ps->last) {
            return ps->variable
                   ? ngx_gw_template_failed(ps, ps->p, "no \"}\"") : NGX_OK;
        }

        switch (*ps->p) {

        case '/':
            ps->p++;
            continue;

        case '}':
            if (ps->variable) {
                return NGX_OK;
            }

            break;

        case ':':
            if (ps->variable == NULL) {
                return ngx_gw_template_verb(ps);
            }
        }

        return ngx_gw_template_failed(ps, ps->p,
                                      "unexpected character behind a segment");
    }
}


static ngx_int_t
ngx_gw_template_segment(ngx_gw_template_parser_t *ps)
{
    if (ps->p == ps->last || *ps->p == '/'
        || (*ps->p == '}' && ps->variable))
    {
        return ngx_gw_template_failed(ps, ps->p, "empty segment");
    }

    if (*ps->p == '{') {
        return ngx_gw_template_variable(ps);
    }

    if (*ps->p != '*') {
        return ngx_gw_template_literal(ps);
    }

    if (ps->last - ps->p > 1 && ps->p[1] == '*') {

        if (ps->tp->dstar != NGX_GW_ROUTE_MAX_SEGMENTS) {
            return ngx_gw_template_failed(ps, ps->p, "a second \"**\"");
        }

        ps->tp->dstar = ps->tp->nsegments;

        if (ngx_gw_template_add(ps, NGX_GW_TEMPLATE_DSTAR, NULL) != NGX_OK) {
            return NGX_DECLINED;
        }

        ps->p += 2;

        return NGX_OK;
    }

    if (ngx_gw_template_add(ps, NGX_GW_TEMPLATE_STAR, NULL) != NGX_OK) {
        return NGX_DECLINED;
    }

    ps->p++;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_template_variable(ngx_gw_template_parser_t *ps)
{
    u_char                   *start;
    ngx_int_t                 rc;
    ngx_gw_template_t        *tp;
    ngx_gw_route_variable_t  *v;

    tp = ps->tp;
    start = ps->p;

    if (ps->variable) {
        return ngx_gw_template_failed(ps, start, "a variable in a variable");
    }

    if (tp->nvariables == NGX_GW_ROUTE_MAX_VARIABLES) {
        return ngx_gw_template_failed(ps, start, "too many variables");
    }

    v = &tp->variables[tp->nvariables];
    ps->p++;

    if (ngx_gw_template_field_path(ps, &v->path) != NGX_OK) {
        return NGX_DECLINED;
    }

    v->first = tp->nsegments;
    ps->variable = v;

    if (ps->p < ps->last && *ps->p == '=') {
        ps->p++;
        rc = ngx_gw_template_segments(ps);

        if (rc != NGX_OK) {
            return rc;
        }

    } else if (ps->p == ps->last || *ps->p != '}') {
        return ngx_gw_template_failed(ps, ps->p, "no \"=\" or \"}\"");

    } else {
        rc = ngx_gw_template_add(ps, NGX_GW_TEMPLATE_STAR, NULL);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ps->p++;
    ps->variable = NULL;

    v->last = tp->nsegments;
    v->multi = v->last - v->first > 1
               || tp->segments[v->first].kind == NGX_GW_TEMPLATE_DSTAR;

    tp->nvariables++;

    return ngx_gw_template_distinct(ps);
}


static ngx_int_t
ngx_gw_template_field_path(ngx_gw_template_parser_t *ps, ngx_str_t *path)
{
    path->data = ps->p;

    for ( ;; ) {

        if (ps->p == ps->last || !ngx_gw_template_ident_start(*ps->p)) {
            return ngx_gw_template_failed(ps, ps->p, "no name of a field");
        }

        do {
            ps->p++;
        } while (ps->p < ps->last && ngx_gw_template_ident(*ps->p));

        if (ps->p == ps->last || *ps->p != '.') {
            break;
        }

        ps->p++;
    }

    path->len = ps->p - path->data;

    return NGX_OK;
}


/* no field is set twice, nor together with one within it */

static ngx_int_t
ngx_gw_template_distinct(ngx_gw_template_parser_t *ps)
{
    size_t      len;
    ngx_str_t  *a, *b;
    ngx_uint_t  i, n;

    n = ps->tp->nvariables - 1;
    a = &ps->tp->variables[n].path;

    for (i = 0; i < n; i++) {
        b = &ps->tp->variables[i].path;
        len = ngx_min(a->len, b->len);

        if (ngx_memcmp(a->data, b->data, len) == 0
            && (a->len == len || a->data[len] == '.')
            && (b->len == len || b->data[len] == '.'))
        {
            return ngx_gw_template_failed(ps, a->data, "a field set twice");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_template_literal(ngx_gw_template_parser_t *ps)
{
    u_char      *end, *colon;
    ngx_int_t    rc;
    ngx_str_t    text;
    const char  *error;

    error = NULL;
    colon = NULL;

    for (end = ps->p; end < ps->last && *end != '/'; end++) {

        if (*end == '}' && ps->variable) {
            break;
        }

        if (*end == ':') {
            colon = end;

        } else if (*end == '*' || *end == '{' || *end == '}') {
            error = "a literal with \"*\", \"{\" or \"}\"";

        } else if (*end == '?' || *end == '#') {
            error = "a literal with \"?\" or \"#\" that is not escaped";

        } else if (*end < 0x20 || *end == 0x7f) {
            error = "a literal with a control character";
        }

        if (error) {
            return ngx_gw_template_failed(ps, end, error);
        }
    }

    if (end == ps->last && colon && ps->variable == NULL) {
        end = colon;

        if (end == ps->p) {
            return ngx_gw_template_failed(ps, end, "empty segment");
        }
    }

    rc = ngx_gw_template_decode(ps, end, &text);

    if (rc != NGX_OK) {
        return rc;
    }

    if (text.data[0] == '.'
        && (text.len == 1 || (text.len == 2 && text.data[1] == '.')))
    {
        return ngx_gw_template_failed(ps, ps->p, "a segment \".\" or \"..\"");
    }

    if (ngx_gw_template_add(ps, NGX_GW_TEMPLATE_LITERAL, &text) != NGX_OK) {
        return NGX_DECLINED;
    }

    ps->p = end;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_template_verb(ngx_gw_template_parser_t *ps)
{
    u_char     *p;
    ngx_int_t   rc;

    ps->p++;

    if (ps->p == ps->last) {
        return ngx_gw_template_failed(ps, ps->p, "empty verb");
    }

    for (p = ps->p; p < ps->last; p++) {
        if (ngx_strchr("/{}*:?#", *p) || *p < 0x20 || *p == 0x7f) {
            return ngx_gw_template_failed(ps, p,
                                          "unexpected character in a verb");
        }
    }

    rc = ngx_gw_template_decode(ps, ps->last, &ps->tp->verb);

    if (rc != NGX_OK) {
        return rc;
    }

    ps->p = ps->last;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_template_add(ngx_gw_template_parser_t *ps, ngx_uint_t kind,
    ngx_str_t *text)
{
    ngx_gw_template_t          *tp;
    ngx_gw_template_segment_t  *segment;

    tp = ps->tp;

    if (tp->nsegments == NGX_GW_ROUTE_MAX_SEGMENTS) {
        return ngx_gw_template_failed(ps, ps->p, "too many segments");
    }

    if (kind == NGX_GW_TEMPLATE_STAR && tp->dstar < tp->nsegments) {
        return ngx_gw_template_failed(ps, ps->p,
                                      "a segment behind \"**\" that is no "
                                      "literal");
    }

    segment = &tp->segments[tp->nsegments++];
    segment->kind = kind;

    if (text) {
        segment->text = *text;

    } else {
        ngx_str_null(&segment->text);
    }

    return NGX_OK;
}


/* what is between p and end; points there if there are no escapes */

static ngx_int_t
ngx_gw_template_decode(ngx_gw_template_parser_t *ps, u_char *end,
    ngx_str_t *text)
{
    u_char     *p, *dst;
    ngx_int_t   c;

    text->data = ps->p;
    text->len = end - ps->p;

    if (memchr(ps->p, '%', text->len)) {

        dst = ngx_pnalloc(ps->pool, text->len);
        if (dst == NULL) {
            return NGX_ERROR;
        }

        text->data = dst;

        for (p = ps->p; p < end; p++) {

            if (*p != '%') {
                *dst++ = *p;
                continue;
            }

            c = (end - p > 2) ? ngx_hextoi(p + 1, 2) : NGX_ERROR;

            if (c <= 0) {
                return ngx_gw_template_failed(ps, p, "malformed escape");
            }

            *dst++ = (u_char) c;
            p += 2;
        }

        text->len = dst - text->data;
    }

    if (text->len > NGX_GW_TEMPLATE_MAX_LITERAL) {
        return ngx_gw_template_failed(ps, ps->p, "a literal too long");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_template_failed(ngx_gw_template_parser_t *ps, u_char *p,
    const char *error)
{
    ps->tp->error = error;
    ps->tp->offset = p - ps->start;

    return NGX_DECLINED;
}
