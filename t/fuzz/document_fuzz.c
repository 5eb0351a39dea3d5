/* fuzz: ngx_gw_aggregate/ngx_gw_document.c
         ngx_gw_aggregate/ngx_gw_document_merge.c
         ngx_gw_aggregate/ngx_gw_document_node.c
         ngx_gw_aggregate/ngx_gw_document_place.c
         ngx_gw_aggregate/ngx_gw_document_write.c
         ngx_gw_common/ngx_gw_json_string.c */

/*
 * ngx_gw_document: each line of the input puts something into a document, and
 * does the same, in the simplest way, with a tree of jansson's.  What is
 * written must be that tree, members in the same order.
 *
 *     s/a/b [1]      sets            r  arrays are replaced, not joined
 *     a/a "x"        appends         i  names must be unique
 *     mri {"a":1}    merges          w  a long run of white space in brackets
 *                                    p  in steps, as small as can be
 *
 * A text that has a name twice is merged with "i" only: it is refused, or what
 * jansson makes of it.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_json.h"

#include <jansson.h>


#define WHITE  3000

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


typedef struct {
    ngx_pool_t         *pool;
    ngx_gw_document_t  *doc;
    json_t             *root;
    ngx_uint_t          twice;     /* some object has a name twice: its order
                                      is not what jansson makes of it */
    ngx_uint_t          lines;
    uint64_t            unsure;    /* lines of such texts, a bit for each */
    ngx_uint_t          refused;
    size_t              budget;
    ngx_gw_place_t      places[64];
} state_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* the next name of a pointer, to be freed; moves *p behind it */

static char *
next_name(const char **p, const char *last, size_t *len)
{
    char        *name;
    const char  *s;

    name = malloc(last - *p + 1);
    *len = 0;

    for (s = *p + 1; s < last && *s != '/'; s++) {
        if (*s == '~') {
            s++;
            name[(*len)++] = (*s == '0') ? '~' : '/';

        } else {
            name[(*len)++] = *s;
        }
    }

    *p = s;

    return name;
}


/* puts value, which is taken over, where the pointer says */

static void
put(json_t **root, const char *p, const char *last, json_t *value)
{
    char    *name;
    size_t   len;
    json_t  *object, *child;

    if (p == last) {
        json_decref(*root);
        *root = value;
        return;
    }

    if (!json_is_object(*root)) {
        json_decref(*root);
        *root = json_object();
    }

    object = *root;

    for ( ;; ) {
        name = next_name(&p, last, &len);

        if (p == last) {
            must(json_object_setn_new(object, name, len, value) == 0);
            free(name);
            return;
        }

        child = json_object_getn(object, name, len);

        if (!json_is_object(child)) {
            child = json_object();
            must(json_object_setn_new(object, name, len, child) == 0);
        }

        free(name);
        object = child;
    }
}


static json_t *
get(json_t *value, const char *p, const char *last)
{
    char    *name;
    size_t   len;

    while (value && p < last) {
        name = next_name(&p, last, &len);
        value = json_object_getn(value, name, len);
        free(name);
    }

    return value;
}


/* a new value: what becomes of one when another is merged into it */

static json_t *
merged(json_t *into, json_t *value, ngx_uint_t concat)
{
    void        *iter;
    size_t       len;
    json_t      *copy, *old, *member;
    const char  *name;

    copy = json_deep_copy(into);

    if (json_is_array(into) && json_is_array(value) && concat) {
        json_array_extend(copy, value);
        return copy;
    }

    if (!json_is_object(into) || !json_is_object(value)) {
        json_decref(copy);
        return json_deep_copy(value);
    }

    for (iter = json_object_iter(value);
         iter;
         iter = json_object_iter_next(value, iter))
    {
        name = json_object_iter_key(iter);
        len = json_object_iter_key_len(iter);
        member = json_object_iter_value(iter);
        old = json_object_getn(copy, name, len);

        member = old ? merged(old, member, concat) : json_deep_copy(member);
        must(json_object_setn_new(copy, name, len, member) == 0);
    }

    return copy;
}


/* white space behind the first bracket */

static void
widen(ngx_pool_t *pool, ngx_str_t *text)
{
    u_char  *p;

    p = ngx_pnalloc(pool, text->len + WHITE);
    p[0] = text->data[0];
    memset(p + 1, ' ', WHITE);
    memcpy(p + 1 + WHITE, text->data + 1, text->len - 1);

    text->data = p;
    text->len += WHITE;
}


static void
done(state_t *st, size_t budget)
{
    size_t      left;
    ngx_int_t   rc;
    ngx_uint_t  source;

    do {
        left = budget;
        rc = ngx_gw_document_run(st->doc, &left);
    } while (rc == NGX_AGAIN && left == 0);

    if (rc == NGX_OK) {
        return;
    }

    must(rc == NGX_DECLINED);

    source = ngx_gw_document_source(st->doc);

    must(source && (st->unsure & (uint64_t) 1 << (source - 1)));

    st->refused = 1;
}


static void
line(state_t *st, const char *p, const char *last)
{
    char              op;
    json_t           *value, *old, *new;
    ngx_str_t         pointer, text;
    const char       *from, *end;
    ngx_int_t         rc;
    ngx_uint_t        concat, unique, white, step;
    json_error_t      error;
    ngx_gw_place_t   *place;

    if (p == last || memchr(p, '\0', last - p) || st->lines == 64) {
        return;
    }

    place = &st->places[st->lines++];

    op = *p++;

    if (op != 's' && op != 'a' && op != 'm') {
        return;
    }

    concat = 1;
    unique = 0;
    white = 0;
    step = 0;

    for ( /* void */ ; p < last && *p != '/' && *p != ' '; p++) {
        concat &= (*p != 'r');
        unique |= (*p == 'i');
        step |= (*p == 'p');
        white |= (*p == 'w');
    }

    for (from = p; p < last && *p != ' '; p++) { /* void */ }

    pointer.data = (u_char *) from;
    pointer.len = p - from;
    end = p;

    while (p < last && (*p == ' ' || *p == '\t' || *p == '\r')) {
        p++;
    }

    while (p < last && (last[-1] == ' ' || last[-1] == '\t'
                        || last[-1] == '\r'))
    {
        last--;
    }

    rc = ngx_gw_place_compile(st->pool, &pointer, place);

    if (rc != NGX_OK) {
        must(rc == NGX_DECLINED);
        return;
    }

    must((place->nsteps == 0) == (pointer.len == 0));

    value = json_loadb(p, last - p, JSON_DECODE_ANY|JSON_REJECT_DUPLICATES,
                       &error);

    if (value == NULL && (op != 'm' || unique)) {
        value = json_loadb(p, last - p, JSON_DECODE_ANY, &error);
        st->twice |= (value != NULL);

        if (op == 'm') {
            st->unsure |= (uint64_t) 1 << (st->lines - 1);
        }
    }

    if (value == NULL) {
        return;
    }

    text.len = last - p;
    text.data = ngx_pnalloc(st->pool, text.len);
    memcpy(text.data, p, text.len);

    if (white && (*p == '[' || *p == '{')) {
        widen(st->pool, &text);
    }

    old = get(st->root, from, end);

    switch (op) {

    case 's':
        ngx_gw_document_set(st->doc, place, &text);

        new = json_incref(value);
        break;

    case 'a':
        ngx_gw_document_append(st->doc, place, &text);

        new = json_is_array(old) ? json_deep_copy(old) : json_array();
        json_array_append(new, value);
        break;

    default:
        ngx_gw_document_merge(st->doc, place, &text, unique ? st->lines : 0,
                              concat);

        new = old ? merged(old, value, concat) : json_incref(value);
    }

    done(st, step ? 1 : (size_t) -1);

    /* nothing of the tree is in it twice */

    put(&st->root, from, end, json_deep_copy(new));

    json_decref(new);
    json_decref(value);
}


static ngx_str_t
written(state_t *st)
{
    off_t         len;
    u_char       *p;
    size_t        left;
    ngx_int_t     rc;
    ngx_str_t     text;
    ngx_chain_t  *cl;

    do {
        left = st->budget;
        rc = ngx_gw_document_write(st->doc, &left, &cl, &len);
    } while (rc == NGX_AGAIN && left == 0);

    must(rc == NGX_OK);

    text.len = len;
    text.data = ngx_pnalloc(st->pool, len);
    p = text.data;

    for ( /* void */ ; cl; cl = cl->next) {
        must(cl->buf->memory && cl->buf->pos < cl->buf->last);
        must(cl->buf->last - cl->buf->pos <= text.data + len - p);

        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    must(p == text.data + len);

    return text;
}


static void
compare(state_t *st)
{
    char          *one, *two;
    json_t        *value;
    ngx_str_t      text;
    json_error_t   error;

    text = written(st);

    value = json_loadb((char *) text.data, text.len,
                       JSON_DECODE_ANY
                       |(st->twice ? 0 : JSON_REJECT_DUPLICATES),
                       &error);
    must(value);
    must(json_equal(value, st->root));

    if (!st->twice) {
        one = json_dumps(value, JSON_ENCODE_ANY|JSON_COMPACT);
        two = json_dumps(st->root, JSON_ENCODE_ANY|JSON_COMPACT);

        must(one && two && strcmp(one, two) == 0);

        free(one);
        free(two);
    }

    json_decref(value);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    state_t      st;
    ngx_str_t    one, two;
    const char  *p, *last, *end;

    ngx_gw_json_init(0x1234567890abcdef);

    ngx_memzero(&st, sizeof(st));

    st.pool = ngx_create_pool(4096, &ngx_stub_log);
    st.doc = ngx_gw_document_create(st.pool);
    st.root = json_object();
    st.budget = (size_t) -1;

    p = (const char *) data;
    last = p + size;

    while (p < last && !st.refused) {
        end = memchr(p, '\n', last - p);

        if (end == NULL) {
            end = last;
        }

        line(&st, p, end);
        p = end + 1;
    }

    if (st.refused) {
        goto done;
    }

    compare(&st);

    /* in steps it comes out as well */

    st.budget = 1;
    compare(&st);
    st.budget = (size_t) -1;

    /* writing changes nothing */

    one = written(&st);
    two = written(&st);

    must(one.len == two.len && memcmp(one.data, two.data, one.len) == 0);

done:

    json_decref(st.root);
    ngx_destroy_pool(st.pool);

    return 0;
}
