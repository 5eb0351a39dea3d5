/* fuzz: ngx_gw_aggregate/ngx_gw_splice*.c ngx_gw_aggregate/ngx_gw_plan.c
         ngx_gw_common/ngx_gw_json_string.c */

/*
 * ngx_gw_splice on any text.  The first byte chooses a plan, the second one
 * how the text is cut, the third one what is known of it; the rest is the
 * text.  However it is cut, the outcome must be the same.  What is accepted
 * must be what jansson accepts, and what comes out what the same plan makes of
 * jansson's tree, worked out here path by path.  The code without SSE2 must
 * do exactly the same.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_splice.h"

#include <jansson.h>


/* the portable code, under names of its own */

#define NGX_GW_PORTABLE            1

#define ngx_gw_splice_create       portable_create
#define ngx_gw_splice_feed         portable_feed
#define ngx_gw_splice_end          portable_end
#define ngx_gw_splice_error        portable_error
#define ngx_gw_splice_offset       portable_offset
#define ngx_gw_splice_refuse       portable_refuse
#define ngx_gw_splice_resume       portable_resume
#define ngx_gw_splice_string       portable_string
#define ngx_gw_splice_number       portable_number
#define ngx_gw_splice_literal      portable_literal
#define ngx_gw_splice_unexpected   portable_unexpected

#include "ngx_gw_splice_internal.h"
#include "ngx_gw_splice.c"
#include "ngx_gw_splice_token.c"

#undef ngx_gw_splice_create
#undef ngx_gw_splice_feed
#undef ngx_gw_splice_end
#undef ngx_gw_splice_error
#undef ngx_gw_splice_offset
#undef ngx_gw_splice_refuse
#undef ngx_gw_splice_resume
#undef ngx_gw_splice_string
#undef ngx_gw_splice_number
#undef ngx_gw_splice_literal
#undef ngx_gw_splice_unexpected


#define MAX_DEPTH  1024
#define MAX_PATHS  12
#define MAX_STEPS  16

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


typedef struct {
    ngx_str_t         step[MAX_STEPS];
    ngx_uint_t        n;
    char              kind;        /* of the line: s p k d r */
    const char       *to;
} path_t;

/* a way from the root of a tree */
typedef struct {
    const char       *name;        /* NULL: an item */
    size_t            len;
    size_t            index;
} way_t;

typedef struct {
    const char       *lines;
    ngx_gw_plan_t    *plan;
    path_t            path[MAX_PATHS];
    char              word[MAX_PATHS][32];
    ngx_uint_t        n;
    ngx_uint_t        object;
    ngx_uint_t        keep;
} plan_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* one letter and a path a word; what a member is called then behind "=" */

static plan_t  plans[] = {
    { .lines = "" },
    { .lines = "o" },
    { .lines = "s/a" },
    { .lines = "s/a/b" },
    { .lines = "s/0" },
    { .lines = "s/a/1/b p/a p/a/1" },
    { .lines = "p p/a p/b/0 p/a/b" },
    { .lines = "p/0 p/0/a p/1/b/c p/3" },
    { .lines = "ka" },
    { .lines = "ka kb.c" },
    { .lines = "ka.b k*.b k1 da.b.c" },
    { .lines = "k*.a k*.b.c k0.b" },
    { .lines = "ka.*.b kb.0 kc" },
    { .lines = "da" },
    { .lines = "d0 d2 d*.a" },
    { .lines = "da.b d*.*.a p/a p/0/0" },
    { .lines = "d*" },
    { .lines = "ra=x" },
    { .lines = "ra=b\" rb=a ra.b=longer o" },
    { .lines = "r*.a=x r0.b=y" },
    { .lines = "o s/a db kb.c ka p/a/c" },
    { .lines = "o da ra.b=c" },
    { .lines = "o kb.*.a ka.b.c kc" },
    { .lines = "ka kb kc kd ke kf kg da.a ra=z" },
    { .lines = "s/ p// p/" }
};

#define NPLANS  (sizeof(plans) / sizeof(plans[0]))


static void
parse_path(path_t *path, char *text)
{
    char  *p, *to, separator;

    path->kind = *text++;

    to = strchr(text, '=');

    if (to) {
        *to++ = '\0';
        path->to = to;
    }

    if (*text == '\0') {
        return;
    }

    separator = '.';

    if (*text == '/') {
        separator = '/';
        text++;
    }

    for ( ;; ) {
        p = strchr(text, separator);

        path->step[path->n].data = (u_char *) text;
        path->step[path->n++].len = p ? (size_t) (p - text) : strlen(text);

        if (p == NULL) {
            return;
        }

        text = p + 1;
    }
}


static void
make_plan(plan_t *p)
{
    char        *text, *word, *save;
    ngx_int_t    rc;
    ngx_str_t    str, to;
    const char  *error;
    ngx_pool_t  *pool;

    pool = ngx_create_pool(1024, &ngx_stub_log);

    p->plan = ngx_gw_plan_create(pool);
    text = strdup(p->lines);

    for (word = strtok_r(text, " ", &save);
         word;
         word = strtok_r(NULL, " ", &save))
    {
        if (strcmp(word, "o") == 0) {
            ngx_gw_plan_object(p->plan);
            p->object = 1;
            continue;
        }

        str.data = (u_char *) word + 1;
        str.len = strcspn(word + 1, "=");

        parse_path(&p->path[p->n], strcpy(p->word[p->n], word));

        rc = NGX_ERROR;

        switch (*word) {

        case 's':
            rc = ngx_gw_plan_select(p->plan, &str, &error);
            break;

        case 'p':
            rc = ngx_gw_plan_pick(p->plan, &str, &error);
            break;

        case 'k':
            rc = ngx_gw_plan_keep(p->plan, &str, &error);
            p->keep = 1;
            break;

        case 'd':
            rc = ngx_gw_plan_drop(p->plan, &str, &error);
            break;

        case 'r':
            to.data = (u_char *) p->path[p->n].to;
            to.len = strlen(p->path[p->n].to);
            rc = ngx_gw_plan_rename(p->plan, &str, &to, &error);
            break;
        }

        must(rc == NGX_OK);
        p->n++;
    }

    free(text);

    must(ngx_gw_plan_compile(p->plan, &error) == NGX_OK);
}


/* does this step of a path lead to a member or an item? */

static ngx_uint_t
leads(path_t *path, ngx_uint_t i, way_t *way)
{
    char  digits[32];

    if (way->name) {
        return path->step[i].len == way->len
               && memcmp(path->step[i].data, way->name, way->len) == 0
               && (path->kind == 's' || path->kind == 'p'
                   || path->step[i].len != 1 || *path->step[i].data != '*');
    }

    if ((path->kind != 's' && path->kind != 'p')
        && path->step[i].len == 1 && *path->step[i].data == '*')
    {
        return 1;
    }

    sprintf(digits, "%d", (int) way->index);

    return path->step[i].len == strlen(digits)
           && memcmp(path->step[i].data, digits, path->step[i].len) == 0;
}


/* is there a path of this kind of which the way of n steps is a part? */

static ngx_uint_t
known(plan_t *p, char kind, way_t *way, ngx_uint_t n, ngx_uint_t whole,
    const char **to)
{
    ngx_uint_t  i, j;

    for (i = 0; i < p->n; i++) {

        if (p->path[i].kind != kind
            || (whole ? p->path[i].n != n : p->path[i].n <= n))
        {
            continue;
        }

        for (j = 0; j < n && leads(&p->path[i], j, &way[j]); j++) {
            /* void */
        }

        if (j == n) {
            if (to) {
                *to = p->path[i].to;
            }

            return 1;
        }
    }

    return 0;
}


static json_t *transform(plan_t *p, json_t *value, way_t *way, ngx_uint_t n,
    ngx_uint_t all);


/* what is left of a member, or NULL */

static json_t *
member(plan_t *p, json_t *value, way_t *way, ngx_uint_t n, ngx_uint_t all)
{
    if (n > MAX_STEPS) {
        return all ? json_incref(value) : NULL;
    }

    if (known(p, 'd', way, n, 1, NULL)) {
        return NULL;
    }

    all = all || known(p, 'k', way, n, 1, NULL);

    if (!all
        && (!known(p, 'k', way, n, 0, NULL)
            || !(json_is_object(value) || json_is_array(value))))
    {
        return NULL;
    }

    return transform(p, value, way, n, all);
}


static json_t *
transform(plan_t *p, json_t *value, way_t *way, ngx_uint_t n, ngx_uint_t all)
{
    void        *iter;
    size_t       i;
    json_t      *result, *child;
    const char  *to;

    if (n > MAX_STEPS) {
        return json_incref(value);
    }

    if (json_is_array(value)) {
        result = json_array();
        way[n].name = NULL;

        for (i = 0; i < json_array_size(value); i++) {
            way[n].index = i;
            child = member(p, json_array_get(value, i), way, n + 1, all);

            if (child) {
                json_array_append_new(result, child);
            }
        }

        return result;
    }

    if (!json_is_object(value)) {
        return json_incref(value);
    }

    result = json_object();

    for (iter = json_object_iter(value);
         iter;
         iter = json_object_iter_next(value, iter))
    {
        way[n].name = json_object_iter_key(iter);
        way[n].len = json_object_iter_key_len(iter);

        child = member(p, json_object_iter_value(iter), way, n + 1, all);

        if (child) {
            to = NULL;

            if (n < MAX_STEPS && known(p, 'r', way, n + 1, 1, &to)) {
                json_object_set_new(result, to, child);

            } else {
                json_object_setn_new(result, way[n].name, way[n].len, child);
            }
        }
    }

    return result;
}


static json_t *
point(json_t *value, path_t *path)
{
    char        digits[32];
    size_t      index;
    ngx_uint_t  i;

    for (i = 0; value && i < path->n; i++) {

        if (json_is_object(value)) {
            value = json_object_getn(value, (char *) path->step[i].data,
                                     path->step[i].len);

        } else if (json_is_array(value)) {
            index = strtoul((char *) path->step[i].data, NULL, 10);
            sprintf(digits, "%d", (int) index);

            if (strlen(digits) != path->step[i].len
                || memcmp(digits, path->step[i].data, path->step[i].len) != 0)
            {
                return NULL;
            }

            value = json_array_get(value, index);

        } else {
            return NULL;
        }
    }

    return value;
}


static json_t *
load(const void *data, size_t len, json_error_t *error)
{
    return json_loadb(data, len,
                      JSON_DECODE_ANY|JSON_ALLOW_NUL|JSON_REJECT_DUPLICATES,
                      error);
}


static void
check_same(const void *data, size_t len, json_t *value)
{
    json_t        *other;
    json_error_t   error;

    other = load(data, len, &error);
    must(other && json_equal(other, value));

    json_decref(other);
}


/* what the plan makes of a text in which no name is there twice */

static void
check_plan(plan_t *p, json_t *tree, ngx_gw_splice_t *s, ngx_int_t rc,
    ngx_str_t *result)
{
    json_t           *value, *want;
    ngx_uint_t        i, n;
    json_error_t      error;
    way_t             way[MAX_STEPS + 1];
    ngx_gw_picked_t  *picked;

    value = tree;

    for (i = 0; i < p->n; i++) {
        if (p->path[i].kind == 's') {
            value = point(tree, &p->path[i]);
        }
    }

    if (value == NULL) {
        must(rc != NGX_OK
             && ngx_gw_splice_error(s) == NGX_GW_SPLICE_ABSENT);
        return;
    }

    must((rc != NGX_OK) == (p->object && !json_is_object(value)));

    if (rc != NGX_OK) {
        must(ngx_gw_splice_error(s) == NGX_GW_SPLICE_TYPE);
        return;
    }

    for (i = 0, n = 0; i < p->n; i++) {

        if (p->path[i].kind != 'p') {
            continue;
        }

        want = point(tree, &p->path[i]);
        picked = ngx_gw_splice_picked(s, n++);

        must((want == NULL) == (picked->text.data == NULL));

        if (want) {
            check_same(picked->text.data, picked->text.len, want);
        }
    }

    want = transform(p, value, way, 0, !p->keep);
    value = load(result->data, result->len, &error);

    if (value == NULL) {
        must(strchr(p->lines, 'r'));
        json_decref(want);
        return;
    }

    must(json_equal(value, want));

    json_decref(value);
    json_decref(want);
}


/* pieces as the seed says: all of one length, or of any up to one */

static ngx_int_t
feed(ngx_gw_splice_t *s, const uint8_t *data, size_t size, ngx_uint_t seed,
    ngx_uint_t portable)
{
    size_t      n;
    u_char     *p;
    uint32_t    random;
    ngx_int_t   rc;

    rc = NGX_OK;
    random = seed;

    do {
        n = seed ? seed / 2 + 1 : size;

        if (seed & 1) {
            random = random * 1664525 + 1013904223;
            n = (random >> 16) % (n + 1);
        }

        n = ngx_min(n, size);

        p = malloc(n);

        if (n) {
            memcpy(p, data, n);
        }

        rc = portable ? portable_feed(s, p, n) : ngx_gw_splice_feed(s, p, n);

        free(p);

        data += n;
        size -= n;

    } while (size && rc == NGX_OK);

    return rc;
}


static void
check_accepted(const uint8_t *data, size_t size)
{
    json_t           *value;
    ngx_int_t         rc;
    ngx_str_t         result;
    ngx_uint_t        type;
    ngx_pool_t       *pool;
    json_error_t      error;
    ngx_gw_splice_t  *s;

    value = json_loadb((const char *) data, size,
                       JSON_DECODE_ANY|JSON_ALLOW_NUL, &error);

    pool = ngx_create_pool(1024, &ngx_stub_log);
    s = ngx_gw_splice_create(pool, NULL, size, size, MAX_DEPTH);

    rc = feed(s, data, size, 0, 0);

    if (rc == NGX_OK) {
        rc = ngx_gw_splice_end(s, &result, &type);
    }

    if (rc != NGX_OK) {
        must(value == NULL || ngx_gw_splice_error(s) == NGX_GW_SPLICE_DEPTH);

    } else if (value == NULL) {

        /* what jansson does not know, or not want to */

        switch (json_error_code(&error)) {

        case json_error_numeric_overflow:
        case json_error_null_byte_in_key:
            break;

        default:
            must(strstr(error.text, "invalid Unicode"));
        }
    }

    if (rc == NGX_OK) {
        must(ngx_gw_utf8_valid(result.data, result.len));
    }

    json_decref(value);
    ngx_destroy_pool(pool);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            i, length, depth;
    json_t           *tree;
    plan_t           *p;
    ngx_int_t         rc[3];
    ngx_str_t         result[3];
    ngx_uint_t        type[3], j;
    ngx_pool_t       *pool;
    json_error_t      error;
    ngx_gw_picked_t  *picked[3];
    ngx_gw_splice_t  *s[3];
    uint8_t           seed, flags;

    if (size < 3) {
        return 0;
    }

    p = &plans[data[0] % NPLANS];
    seed = data[1];
    flags = data[2];

    data += 3;
    size -= 3;

    if (p->plan == NULL) {
        make_plan(p);
    }

    length = (flags & 1) ? size : (flags & 2) ? size / 2 : 0;
    depth = (flags & 4) ? 3 : 2048;

    pool = ngx_create_pool(1024, &ngx_stub_log);

    /* whole, in pieces, and in pieces without SSE2 */

    for (i = 0; i < 3; i++) {
        s[i] = ngx_gw_splice_create(pool, p->plan,
                                    (flags & 8) ? size / 2 : size, length,
                                    depth);

        rc[i] = feed(s[i], data, size, i ? seed : 0, i == 2);

        if (rc[i] == NGX_OK) {
            rc[i] = i == 2 ? portable_end(s[i], &result[i], &type[i])
                           : ngx_gw_splice_end(s[i], &result[i], &type[i]);
        }

        must(rc[i] == rc[0]);
        must(ngx_gw_splice_error(s[i]) == ngx_gw_splice_error(s[0]));
        must(ngx_gw_splice_offset(s[i]) == ngx_gw_splice_offset(s[0]));
        must((rc[0] == NGX_OK) == (ngx_gw_splice_error(s[0]) == 0));

        if (rc[0] != NGX_OK) {
            must(rc[0] == NGX_DECLINED);
            continue;
        }

        must(result[i].len == result[0].len && type[i] == type[0]);
        must(memcmp(result[i].data, result[0].data, result[0].len) == 0);

        for (j = 0; j < p->plan->nvariables; j++) {
            picked[0] = ngx_gw_splice_picked(s[0], j);
            picked[i] = ngx_gw_splice_picked(s[i], j);

            must(picked[i]->type == picked[0]->type);
            must(picked[i]->text.len == picked[0]->text.len);
            must(picked[0]->text.len == 0
                 || memcmp(picked[i]->text.data, picked[0]->text.data,
                           picked[0]->text.len)
                    == 0);
        }
    }

    /* jansson takes a null byte behind the text for its end */

    tree = NULL;

    if (size && memchr(data, '\0', size) == NULL) {
        check_accepted(data, size);
        tree = load(data, size, &error);
    }

    if (tree) {
        if (rc[0] == NGX_OK
            || (ngx_gw_splice_error(s[0]) != NGX_GW_SPLICE_DEPTH
                && ngx_gw_splice_error(s[0]) != NGX_GW_SPLICE_SIZE))
        {
            check_plan(p, tree, s[0], rc[0], &result[0]);
        }

        json_decref(tree);
    }

    if (flags & 16) {
        ngx_gw_splice_free(s[1]);
    }

    ngx_destroy_pool(pool);

    return 0;
}
