/* fuzz: ngx_gw_transcode/ngx_gw_route.c ngx_gw_transcode/ngx_gw_route_match.c
         ngx_gw_transcode/ngx_gw_template.c */

/*
 * ngx_gw_route on any templates and paths, a line each: "METHOD template";
 * "?METHOD path" and, of a path that nginx has decoded, "=METHOD path".
 *
 * Templates must be accepted, and conflict, and paths must have the route, the
 * values and the methods, as it is worked out here: template by template,
 * segment by segment, all that match, and of these the best.
 */


#include "ngx_gw_route.h"


#define MAX_ROUTES  48
#define MAX_LINES   96

#define SEGMENTS    NGX_GW_ROUTE_MAX_SEGMENTS
#define VARIABLES   NGX_GW_ROUTE_MAX_VARIABLES
#define PATH        256
#define LITERAL     255

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


/* what is in front of a segment says its kind: "=literal", "*", "**" */
typedef struct {
    char        kind;              /* '=', '*', '2' */
    ngx_str_t   text;
} segment_t;

typedef struct {
    ngx_str_t   path;
    size_t      first;
    size_t      last;
} variable_t;

typedef struct {
    ngx_str_t   method;
    segment_t   segment[SEGMENTS];
    size_t      n;
    variable_t  variable[VARIABLES];
    size_t      nvariables;
    ngx_str_t   verb;

    /* of the path at hand */
    int         matched;           /* 1, 2: with its verb */
    size_t      dstar;             /* segments that "**" stands for */
} route_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_pool_t  *pool;
static route_t      route[MAX_ROUTES];
static size_t       nroutes;

static ngx_str_t    segment[PATH];
static size_t       nsegments;


static int
same(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


static int
has(const ngx_str_t *s, const char *set)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] && strchr(set, s->data[i])) {
            return 1;
        }
    }

    return 0;
}


static ngx_str_t
part(ngx_str_t s, size_t from, size_t to)
{
    s.data += from;
    s.len = to - from;

    return s;
}


/* where c is first, or the length */

static size_t
find(const ngx_str_t *s, char c)
{
    size_t  i;

    for (i = 0; i < s->len && s->data[i] != c; i++) { /* void */ }

    return i;
}


static size_t
find_last(const ngx_str_t *s, char c)
{
    size_t  i;

    for (i = s->len; i > 0; i--) {
        if (s->data[i - 1] == c) {
            return i - 1;
        }
    }

    return s->len;
}


/* 0: malformed */

static int
decode(ngx_str_t s, ngx_str_t *out, int keep_slash)
{
    char    hex[3];
    size_t  i;

    out->data = ngx_palloc(pool, s.len + 1);
    out->len = 0;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] != '%') {
            out->data[out->len++] = s.data[i];
            continue;
        }

        if (i + 2 >= s.len || !isxdigit(s.data[i + 1])
            || !isxdigit(s.data[i + 2]))
        {
            return 0;
        }

        memcpy(hex, s.data + i + 1, 2);
        hex[2] = '\0';

        if (strtol(hex, NULL, 16) == 0) {
            return 0;
        }

        if (keep_slash && strtol(hex, NULL, 16) == '/') {
            memcpy(out->data + out->len, s.data + i, 3);
            out->len += 3;

        } else {
            out->data[out->len++] = strtol(hex, NULL, 16);
        }

        i += 2;
    }

    return 1;
}


static int
dots(const ngx_str_t *s)
{
    return (s->len == 1 && s->data[0] == '.')
           || (s->len == 2 && memcmp(s->data, "..", 2) == 0);
}


/* a literal: not empty, nothing that has a meaning, escapes as they must be */

static int
literal(ngx_str_t s, ngx_str_t *out)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] == 0x7f) {
            return 0;
        }
    }

    return s.len && !has(&s, "/*{}?#") && decode(s, out, 0)
           && out->len <= LITERAL;
}


static int
add_segment(route_t *r, ngx_str_t s)
{
    segment_t  *seg;

    if (r->n == SEGMENTS) {
        return 0;
    }

    seg = &r->segment[r->n++];

    if (s.len == 1 && s.data[0] == '*') {
        seg->kind = '*';
        return 1;
    }

    if (s.len == 2 && memcmp(s.data, "**", 2) == 0) {
        seg->kind = '2';
        return 1;
    }

    seg->kind = '=';

    return literal(s, &seg->text) && !dots(&seg->text);
}


static int
field_path(ngx_str_t s)
{
    size_t  i, start;

    for (i = 0, start = 1; i < s.len; i++) {

        if (s.data[i] == '.' && !start) {
            start = 1;

        } else if (isalpha(s.data[i]) || s.data[i] == '_'
                   || (isdigit(s.data[i]) && !start))
        {
            start = 0;

        } else {
            return 0;
        }
    }

    return !start;
}


static int
within(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len >= b->len && memcmp(a->data, b->data, b->len) == 0
           && (a->len == b->len || a->data[b->len] == '.');
}


/* what is between braces */

static int
add_variable(route_t *r, ngx_str_t s)
{
    size_t       i, eq, slash;
    variable_t  *v;

    if (r->nvariables == VARIABLES) {
        return 0;
    }

    v = &r->variable[r->nvariables];
    eq = find(&s, '=');
    v->path = part(s, 0, eq);
    v->first = r->n;

    if (!field_path(v->path)) {
        return 0;
    }

    for (i = 0; i < r->nvariables; i++) {
        if (within(&v->path, &r->variable[i].path)
            || within(&r->variable[i].path, &v->path))
        {
            return 0;
        }
    }

    r->nvariables++;

    if (eq == s.len) {
        ngx_str_set(&s, "*");

    } else {
        s = part(s, eq + 1, s.len);
    }

    for ( ;; ) {
        slash = find(&s, '/');

        if (!add_segment(r, part(s, 0, slash))) {
            return 0;
        }

        if (slash == s.len) {
            break;
        }

        s = part(s, slash + 1, s.len);
    }

    v->last = r->n;

    return 1;
}


static int
set_verb(route_t *r, ngx_str_t s)
{
    return !has(&s, ":") && literal(s, &r->verb);
}


/* 0: it is malformed */

static int
parse(route_t *r, ngx_str_t s)
{
    size_t  i, end, colon, behind;

    if (s.len == 0 || s.data[0] != '/') {
        return 0;
    }

    s = part(s, 1, s.len);

    while (s.len) {

        if (s.data[0] == '{') {
            end = find(&s, '}');

            if (end == s.len || !add_variable(r, part(s, 1, end))) {
                return 0;
            }

            s = part(s, end + 1, s.len);

            if (s.len && s.data[0] == ':') {
                if (!set_verb(r, part(s, 1, s.len))) {
                    return 0;
                }

                break;
            }

            if (s.len == 0) {
                break;
            }

            if (s.data[0] != '/') {
                return 0;
            }

        } else {
            end = find(&s, '/');

            if (end == s.len) {
                colon = find_last(&s, ':');

                if (colon < s.len
                    && !set_verb(r, part(s, colon + 1, s.len)))
                {
                    return 0;
                }

                if (!add_segment(r, part(s, 0, colon))) {
                    return 0;
                }

                break;
            }

            if (!add_segment(r, part(s, 0, end))) {
                return 0;
            }

            s = part(s, end, s.len);
        }

        s = part(s, 1, s.len);

        if (s.len == 0) {
            return 0;
        }
    }

    for (i = 0, behind = 0; i < r->n; i++) {

        if (behind && r->segment[i].kind != '=') {
            return 0;
        }

        if (r->segment[i].kind == '2') {
            behind = 1;
        }
    }

    return 1;
}


static int
token(ngx_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] == '\0'
            || (!isalnum(s.data[i])
                && strchr("!#$%&'+-.^_`|~", s.data[i]) == NULL))
        {
            return 0;
        }
    }

    return s.len > 0;
}


static int
same_shape(route_t *a, route_t *b)
{
    size_t  i;

    if (a->n != b->n || !same(&a->verb, &b->verb)) {
        return 0;
    }

    for (i = 0; i < a->n; i++) {
        if (a->segment[i].kind != b->segment[i].kind
            || !same(&a->segment[i].text, &b->segment[i].text))
        {
            return 0;
        }
    }

    return 1;
}


/* NULL: it must be refused */

static route_t *
expect(ngx_str_t method, ngx_str_t template)
{
    size_t    i;
    route_t  *r;

    r = &route[nroutes];
    memset(r, 0, sizeof(route_t));
    r->method = method;

    if (!(token(method) || (method.len == 1 && method.data[0] == '*'))
        || !parse(r, template))
    {
        return NULL;
    }

    for (i = 0; i < nroutes; i++) {
        if (same(&r->method, &route[i].method) && same_shape(r, &route[i])) {
            return NULL;
        }
    }

    nroutes++;

    return r;
}


static int
match_segment(segment_t *t, ngx_str_t s, int raw)
{
    ngx_str_t  text;

    if (t->kind == '*') {
        return 1;
    }

    if (!raw) {
        return same(&t->text, &s);
    }

    must(decode(s, &text, 0));

    return same(&t->text, &text);
}


/* from the segments i of the template and k of the path on */

static int
match(route_t *r, size_t i, size_t k, int raw)
{
    size_t  n;

    if (i == r->n) {
        return k == nsegments;
    }

    if (r->segment[i].kind == '2') {

        for (n = nsegments - k; /* void */ ; n--) {
            if (match(r, i + 1, k + n, raw)) {
                r->dstar = n;
                return 1;
            }

            if (n == 0) {
                return 0;
            }
        }
    }

    return k < nsegments && match_segment(&r->segment[i], segment[k], raw)
           && match(r, i + 1, k + 1, raw);
}


static void
match_verb(route_t *r, int raw)
{
    size_t     colon, n;
    ngx_str_t  last, verb, text;

    if (nsegments == 0) {
        return;
    }

    last = segment[nsegments - 1];
    colon = find_last(&last, ':');

    if (colon == last.len) {
        return;
    }

    verb = part(last, colon + 1, last.len);

    if (raw) {
        must(decode(verb, &verb, 0));
    }

    if (!same(&verb, &r->verb)) {
        return;
    }

    text = part(last, 0, colon);

    if (raw) {
        must(decode(text, &text, 0));
    }

    if (dots(&text) || (colon == 0 && nsegments > 1)) {
        return;
    }

    n = nsegments;
    segment[n - 1] = part(last, 0, colon);

    if (colon == 0) {
        nsegments = 0;
    }

    r->matched = match(r, 0, 0, raw) ? 2 : 0;

    segment[n - 1] = last;
    nsegments = n;
}


/* 0: nothing can match */

static int
split(ngx_str_t path, int raw)
{
    size_t     slash;
    ngx_str_t  text;

    nsegments = 0;

    if (path.len == 0 || path.data[0] != '/'
        || find(&path, '\0') < path.len)
    {
        return 0;
    }

    if (raw && !decode(path, &text, 0)) {
        return 0;
    }

    path = part(path, 1, path.len);

    while (path.len) {

        if (nsegments == PATH) {
            return 0;
        }

        slash = find(&path, '/');
        segment[nsegments] = part(path, 0, slash);
        text = segment[nsegments++];

        if (text.len == 0) {
            return 0;
        }

        if (raw) {
            must(decode(text, &text, 0));
        }

        if (dots(&text)) {
            return 0;
        }

        if (slash == path.len) {
            return 1;
        }

        path = part(path, slash + 1, path.len);

        if (path.len == 0) {
            return 0;
        }
    }

    return 1;
}


/* both match the path; < 0: a is the more specific one */

static int
compare(route_t *a, route_t *b)
{
    size_t             i, any;

    static const char  order[] = "=*2";

    if (a->matched != b->matched) {
        return b->matched - a->matched;
    }

    for (i = 0; i < a->n && i < b->n; i++) {

        if (a->segment[i].kind != b->segment[i].kind) {
            return strchr(order, a->segment[i].kind)
                   - strchr(order, b->segment[i].kind);
        }

        if (a->segment[i].kind == '2') {

            /* what is behind both is at the end of the path */

            if (a->n != b->n) {
                return (int) b->n - (int) a->n;
            }

            break;
        }
    }

    if (a->n != b->n) {
        return (int) a->n - (int) b->n;
    }

    any = a->method.len == 1 && a->method.data[0] == '*';

    return any ? 1 : -1;
}


static void
check_values(route_t *r, ngx_gw_route_match_t *m, ngx_str_t path, int raw)
{
    size_t       i, first, last, dstar, multi;
    ngx_str_t    value;
    variable_t  *v;

    must(m->route->nvariables == r->nvariables);

    for (dstar = 0; dstar < r->n; dstar++) {
        if (r->segment[dstar].kind == '2') {
            break;
        }
    }

    for (i = 0; i < r->nvariables; i++) {
        v = &r->variable[i];
        must(same(&m->route->variables[i].path, &v->path));

        multi = v->last - v->first > 1 || v->first == dstar;
        must(m->route->variables[i].multi == multi);

        first = v->first + (v->first > dstar ? r->dstar - 1 : 0);
        last = v->last + (v->last > dstar ? r->dstar - 1 : 0);

        if (first == last) {
            must(m->values[i].len == 0 && m->values[i].data);
            continue;
        }

        value.data = segment[first].data;
        value.len = segment[last - 1].data + segment[last - 1].len
                    - value.data;

        /* a verb is no part of it */

        if (r->matched == 2 && last == nsegments) {
            value.len -= segment[last - 1].len
                         - find_last(&segment[last - 1], ':');
        }

        if (raw) {
            must(decode(value, &value, multi));
        }

        must(same(&m->values[i], &value));
    }
}


static void
check_allow(ngx_str_t *allow)
{
    size_t     i, k, n;
    ngx_str_t  s, m, before;

    s = *allow;
    ngx_str_null(&before);

    for (k = 0; s.len; k++) {

        n = find(&s, ',');
        m = part(s, 0, n);

        must(k == 0 || ngx_memn2cmp(before.data, m.data, before.len, m.len)
                       < 0);
        before = m;

        for (i = 0; i < nroutes; i++) {
            if (route[i].matched && same(&route[i].method, &m)) {
                break;
            }
        }

        must(i < nroutes);

        if (n == s.len) {
            break;
        }

        must(s.len > n + 2 && s.data[n + 1] == ' ');
        s = part(s, n + 2, s.len);
    }

    for (i = 0; i < nroutes; i++) {

        if (!route[i].matched) {
            continue;
        }

        for (s = *allow; /* void */ ; s = part(s, n + 2, s.len)) {
            n = find(&s, ',');
            m = part(s, 0, n);

            if (same(&m, &route[i].method)) {
                break;
            }

            must(n < s.len);
        }
    }
}


static void
check(ngx_gw_routes_t *routes, ngx_str_t method, ngx_str_t path, int raw)
{
    int                   any;
    size_t                i;
    route_t              *r, *best;
    ngx_int_t             rc;
    ngx_str_t             allow;
    ngx_uint_t            some;
    ngx_gw_route_match_t  m;

    ngx_str_null(&allow);
    rc = ngx_gw_routes_match(routes, pool, &method, &path, raw, &m, &allow);

    if (!split(path, raw)) {
        must(rc == NGX_DECLINED);
        return;
    }

    best = NULL;
    some = 0;

    for (i = 0; i < nroutes; i++) {
        r = &route[i];
        r->matched = 0;

        if (r->verb.len) {
            match_verb(r, raw);

        } else {
            r->matched = match(r, 0, 0, raw);
        }

        if (!r->matched) {
            continue;
        }

        some = 1;
        any = r->method.len == 1 && r->method.data[0] == '*';

        if ((any || same(&r->method, &method))
            && (best == NULL || compare(r, best) < 0))
        {
            best = r;
        }
    }

    if (best) {
        must(rc == NGX_OK && m.route->data == best);
        check_values(best, &m, path, raw);

    } else if (some) {
        must(rc == NGX_ABORT);
        check_allow(&allow);

    } else {
        must(rc == NGX_DECLINED);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char           *copy, *p, *last, *end;
    size_t            space;
    route_t          *r;
    ngx_int_t         rc;
    ngx_str_t         line, method, error, template;
    ngx_uint_t        i, pass;
    ngx_gw_route_t   *added;
    ngx_gw_routes_t  *routes;

    pool = ngx_create_pool(4096, &ngx_stub_log);
    nroutes = 0;

    routes = ngx_gw_routes_create(pool);
    must(routes);

    /* templates first, wherever they stand */

    for (pass = 0; pass < 2; pass++) {

        p = (u_char *) data;
        last = p + size;

        for (i = 0; p < last && i < MAX_LINES; i++, p = end + 1) {

            end = memchr(p, '\n', last - p);

            if (end == NULL) {
                end = last;
            }

            /* a line is alone in memory */

            line.len = end - p;
            line.data = copy = malloc(line.len + 1);
            memcpy(copy, p, line.len);

            if (line.len && (*copy == '?' || *copy == '=')) {
                line = part(line, 1, line.len);
                space = find(&line, ' ');

                if (pass == 1 && space < line.len) {
                    check(routes, part(line, 0, space),
                          part(line, space + 1, line.len), *copy == '?');
                }

                free(copy);
                continue;
            }

            space = find(&line, ' ');

            if (pass == 1 || space == line.len || nroutes == MAX_ROUTES) {
                free(copy);
                continue;
            }

            /* what expect() keeps points into the pool */

            method.data = ngx_pnalloc(pool, line.len + 1);
            memcpy(method.data, copy, line.len);
            template = part(method, space + 1, line.len);
            template.data = method.data + space + 1;
            template.len = line.len - space - 1;
            method.len = space;

            r = expect(method, template);

            method = part(line, 0, space);
            template = part(line, space + 1, line.len);
            ngx_str_null(&error);

            rc = ngx_gw_routes_add(routes, &method, &template, r, &added,
                                   &error);

            must(rc == (r ? NGX_OK : NGX_DECLINED));
            must(r || (error.len && error.data));

            free(copy);
        }

        must(ngx_gw_routes_finish(routes) == NGX_OK);
    }

    ngx_destroy_pool(pool);

    return 0;
}
