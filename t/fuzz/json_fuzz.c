/* fuzz: ngx_gw_common/ngx_gw_json*.c */

/*
 * ngx_gw_json on any text: what it accepts must be what jansson accepts, with
 * the same values; nodes must be consistent, and everything in them be found
 * again.  The code without SSE2 must do exactly the same.
 */


#include "ngx_gw_json.h"

#include <jansson.h>


/* the portable code, under names of its own */

#define NGX_GW_PORTABLE           1

#define ngx_gw_json_init          portable_init
#define ngx_gw_json_hash          portable_hash
#define ngx_gw_json_parse         portable_parse
#define ngx_gw_json_find          portable_find
#define ngx_gw_json_path_compile  portable_path_compile
#define ngx_gw_json_path_get      portable_path_get
#define ngx_gw_json_unescape      portable_unescape
#define ngx_gw_json_equal         portable_equal
#define ngx_gw_json_number_cmp    portable_number_cmp
#define ngx_gw_json_is_number     portable_is_number
#define ngx_gw_json_number_floor  portable_number_floor

#define ngx_gw_json_number        portable_number
#define ngx_gw_json_escape        portable_escape
#define ngx_gw_json_utf8          portable_utf8
#define ngx_gw_json_hash_escaped  portable_hash_escaped
#define ngx_gw_json_same          portable_same
#define ngx_gw_json_same_escaped  portable_same_escaped

/* the header has declared the other names: what is called comes first */

#include "ngx_gw_json_string.c"
#include "ngx_gw_json_number.c"
#include "ngx_gw_json.c"
#include "ngx_gw_json_path.c"

#undef ngx_gw_json_init
#undef ngx_gw_json_hash
#undef ngx_gw_json_parse
#undef ngx_gw_json_find
#undef ngx_gw_json_path_compile
#undef ngx_gw_json_path_get
#undef ngx_gw_json_unescape
#undef ngx_gw_json_equal
#undef ngx_gw_json_number_cmp
#undef ngx_gw_json_is_number
#undef ngx_gw_json_number_floor

#undef ngx_gw_json_number
#undef ngx_gw_json_escape
#undef ngx_gw_json_utf8
#undef ngx_gw_json_hash_escaped
#undef ngx_gw_json_same
#undef ngx_gw_json_same_escaped


#define MAX_DEPTH    64
#define MAX_POINTED  64

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


typedef struct {
    ngx_gw_json_t   json;
    ngx_pool_t     *pool;
    ngx_str_t       number;        /* the one before */
    u_char         *pointer;       /* to the node at hand, len bytes */
    size_t          len;
} walk_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
sign(ngx_int_t n)
{
    return (n > 0) - (n < 0);
}


/* a copy of its own, to see what reads beyond */

static u_char *
copy(const void *data, size_t len)
{
    u_char  *p;

    p = malloc(len);

    if (len) {
        memcpy(p, data, len);
    }

    return p;
}


static double
to_double(ngx_str_t *text)
{
    char    *p;
    double   d;

    p = malloc(text->len + 1);
    memcpy(p, text->data, text->len);
    p[text->len] = '\0';

    d = strtod(p, NULL);

    free(p);

    return d;
}


static void
check_number(walk_t *w, ngx_gw_json_node_t *node)
{
    char        buf[32];
    double      x, y;
    int64_t     value, scaled;
    ngx_int_t   c;
    ngx_str_t   text, other;
    ngx_uint_t  fraction;

    text.data = copy(w->json.data + node->pos, node->len);
    text.len = node->len;

    must(ngx_gw_json_is_number(&text));
    must(ngx_gw_json_number_cmp(&text, &text) == 0);

    if (w->number.len) {
        c = ngx_gw_json_number_cmp(&text, &w->number);
        must(sign(c) == -sign(ngx_gw_json_number_cmp(&w->number, &text)));

        /* rounding keeps the order, but may make equal */

        x = to_double(&text);
        y = to_double(&w->number);

        must(x <= y || c > 0);
        must(x >= y || c < 0);
    }

    w->number.data = w->json.data + node->pos;
    w->number.len = node->len;

    other.data = (u_char *) buf;

    if (ngx_gw_json_number_floor(&text, 0, 100000000000000000, &value,
                                 &fraction)
        == NGX_OK)
    {
        must(value >= -100000000000000000 && value <= 100000000000000000);

        other.len = sprintf(buf, "%" PRId64, value);
        c = ngx_gw_json_number_cmp(&text, &other);
        must(c >= 0 && fraction == (c > 0));

        other.len = sprintf(buf, "%" PRId64, value + 1);
        must(ngx_gw_json_number_cmp(&text, &other) < 0);

        /* thousandths, rounded down again, are the same */

        if (ngx_gw_json_number_floor(&text, 3, 100000000000000000, &scaled,
                                     &fraction)
            == NGX_OK)
        {
            must((scaled - (scaled % 1000 + 1000) % 1000) / 1000 == value);
        }

        must(ngx_gw_json_number_floor(&text, 0, value < 0 ? -value : value,
                                      &value, &fraction)
             == NGX_OK);

        if (value) {
            must(ngx_gw_json_number_floor(&text, 0,
                                          (value < 0 ? -value : value) - 1,
                                          &value, &fraction)
                 == NGX_ERROR);
        }

    } else {
        other.len = sprintf(buf, "1e17");
        c = ngx_gw_json_number_cmp(&text, &other);

        other.len = sprintf(buf, "-1e17");
        must(c > 0 || ngx_gw_json_number_cmp(&text, &other) < 0);
    }

    free(text.data);
}


/* the text of a string node, unescaped, to be freed */

static ngx_str_t
check_string(ngx_gw_json_t *json, ngx_uint_t i)
{
    u_char     *last;
    ngx_str_t   text;

    text.data = malloc(json->nodes[i].len);
    last = ngx_gw_json_unescape(json, i, text.data);
    text.len = last - text.data;

    must(text.len <= json->nodes[i].len);
    must((text.len < json->nodes[i].len)
         == (json->nodes[i].flags & NGX_GW_JSON_VALUE_ESC) / 2);

    must(ngx_gw_json_equal(json, i, &text) == 1);

    if (text.len) {
        text.len--;
        must(ngx_gw_json_equal(json, i, &text) == 0);
        text.data[text.len] ^= 0x10;
        text.len++;
        must(ngx_gw_json_equal(json, i, &text) == 0);
        text.data[text.len - 1] ^= 0x10;
    }

    return text;
}


/* the name of a node, as a string node has its value */

static ngx_str_t
check_name(ngx_gw_json_t *json, ngx_uint_t parent, ngx_uint_t i)
{
    ngx_str_t            name;
    ngx_gw_json_t        alias;
    ngx_gw_json_node_t   node, *member;

    member = &json->nodes[i];

    must(member->name > 0 && member->name + member->nlen < json->len);
    must(json->data[member->name - 1] == '"');
    must(json->data[member->name + member->nlen] == '"');

    ngx_memzero(&node, sizeof(node));
    node.type = NGX_GW_JSON_STRING;
    node.pos = member->name;
    node.len = member->nlen;
    node.flags = (member->flags & NGX_GW_JSON_NAME_ESC)
                 ? NGX_GW_JSON_VALUE_ESC : 0;

    alias = *json;
    alias.nodes = &node;

    name = check_string(&alias, 0);

    must(ngx_gw_json_hash(name.data, name.len) == member->hash);
    must(ngx_gw_json_find(json, parent, &name, member->hash) == i);

    return name;
}


/* extends the pointer by a step; the node must be found by it */

static void
check_pointer(walk_t *w, ngx_uint_t i, ngx_str_t *name, ngx_uint_t depth)
{
    size_t               n;
    u_char              *p;
    ngx_str_t            text;
    ngx_uint_t           node;
    ngx_gw_json_path_t   path;

    p = w->pointer + w->len;
    *p++ = '/';

    for (n = 0; n < name->len; n++) {

        if (name->data[n] == '~' || name->data[n] == '/') {
            *p++ = '~';
            *p++ = (name->data[n] == '~') ? '0' : '1';

        } else {
            *p++ = name->data[n];
        }
    }

    w->len = p - w->pointer;

    if (w->json.nnodes > MAX_POINTED) {
        return;
    }

    text.len = w->len;
    text.data = copy(w->pointer, w->len);

    if (depth > 16) {
        must(ngx_gw_json_path_compile(w->pool, &text, &path) == NGX_DECLINED);
        free(text.data);
        return;
    }

    must(ngx_gw_json_path_compile(w->pool, &text, &path) == NGX_OK);
    free(text.data);

    must(path.nsteps == depth);
    must(ngx_gw_json_path_get(&w->json, &path, &node) == NGX_OK);
    must(node == i);
}


/* checks the node at index i; returns the index behind all below it */

static ngx_uint_t
check_node(walk_t *w, ngx_uint_t i, ngx_uint_t depth, json_t *value)
{
    char                 index[32];
    size_t               len;
    json_t              *child;
    int64_t              number;
    ngx_str_t            name, text;
    ngx_uint_t           n, next, last, fraction;
    ngx_gw_json_t       *json;
    ngx_gw_json_node_t  *node, *member;

    json = &w->json;
    node = &json->nodes[i];

    must(i < json->nnodes && depth <= MAX_DEPTH);
    must(node->len <= json->len && node->pos <= json->len - node->len);
    must(node->type <= NGX_GW_JSON_OBJECT);

    if (node->type < NGX_GW_JSON_ARRAY) {
        must(node->count == 0);

        switch (node->type) {

        case NGX_GW_JSON_NULL:
            must(node->len == 4 && (!value || json_is_null(value)));
            break;

        case NGX_GW_JSON_FALSE:
            must(node->len == 5 && (!value || json_is_false(value)));
            break;

        case NGX_GW_JSON_TRUE:
            must(node->len == 4 && (!value || json_is_true(value)));
            break;

        case NGX_GW_JSON_NUMBER:
            must(!value || json_is_number(value));

            check_number(w, node);

            text.data = json->data + node->pos;
            text.len = node->len;

            if (value && json_is_integer(value)
                && ngx_gw_json_number_floor(&text, 0, 100000000000000000,
                                            &number, &fraction)
                   == NGX_OK)
            {
                must(fraction == 0 && number == json_integer_value(value));
            }

            break;

        default:
            must(node->type == NGX_GW_JSON_STRING);
            must(json->data[node->pos - 1] == '"');
            must(json->data[node->pos + node->len] == '"');

            text = check_string(json, i);

            if (value) {
                must(json_is_string(value));
                must(json_string_length(value) == text.len);
                must(memcmp(json_string_value(value), text.data, text.len)
                     == 0);
            }

            free(text.data);
        }

        return i + 1;
    }

    if (node->type == NGX_GW_JSON_ARRAY) {
        must(json->data[node->pos] == '[');
        must(json->data[node->pos + node->len - 1] == ']');
        must(!value || json_array_size(value) == node->count);

    } else {
        must(json->data[node->pos] == '{');
        must(json->data[node->pos + node->len - 1] == '}');
        must(!value || json_object_size(value) == node->count);
    }

    next = i + 1;
    last = node->pos + 1;
    len = w->len;

    for (n = 0; n < node->count; n++) {
        must(next < json->nnodes);
        member = &json->nodes[next];

        must(member->pos >= last);

        if (node->type == NGX_GW_JSON_OBJECT) {
            must(member->name > last && member->name < member->pos);
            must(member->hash != 0);

            name = check_name(json, i, next);
            child = value ? json_object_getn(value, (char *) name.data,
                                             name.len)
                          : NULL;

            check_pointer(w, next, &name, depth + 1);
            free(name.data);

        } else {
            must(member->nlen == 0 && member->name == 0 && member->hash == 0);

            name.len = sprintf(index, "%u", (unsigned int) n);
            name.data = (u_char *) index;
            child = value ? json_array_get(value, n) : NULL;

            check_pointer(w, next, &name, depth + 1);
        }

        must(!value || child);

        next = check_node(w, next, depth + 1, child);

        last = member->pos + member->len;
        must(last < node->pos + node->len);
        must(member->next == (n + 1 < node->count ? next : NGX_GW_JSON_NONE));

        w->len = len;
    }

    return next;
}


/* what the portable code makes of the text is the same */

static void
check_portable(ngx_gw_json_t *json, ngx_int_t rc, ngx_uint_t max,
    uint32_t *scratch)
{
    ngx_uint_t           i;
    ngx_gw_json_t        other;
    ngx_gw_json_node_t  *a, *b;

    other.data = json->data;
    other.len = json->len;
    other.nodes = malloc(max * sizeof(ngx_gw_json_node_t));

    must(portable_parse(&other, max, MAX_DEPTH, scratch) == rc);
    must(other.nnodes == json->nnodes && other.offset == json->offset);
    must((other.error == NULL) == (json->error == NULL));
    must(other.error == NULL || strcmp(other.error, json->error) == 0);

    for (i = 0; i < json->nnodes; i++) {
        a = &json->nodes[i];
        b = &other.nodes[i];

        must(a->hash == b->hash && a->name == b->name && a->nlen == b->nlen
             && a->pos == b->pos && a->len == b->len && a->next == b->next
             && a->count == b->count && a->type == b->type
             && a->flags == b->flags);
    }

    free(other.nodes);
}


/* with just as many nodes as it takes, and with one less */

static void
check_limits(ngx_gw_json_t *json)
{
    uint32_t       *scratch;
    ngx_uint_t      n;
    ngx_gw_json_t   other;

    n = json->nnodes;

    other = *json;
    other.nodes = malloc(n * sizeof(ngx_gw_json_node_t));

    scratch = malloc(ngx_gw_json_scratch(n) * sizeof(uint32_t));

    must(ngx_gw_json_parse(&other, n, MAX_DEPTH, scratch) == NGX_OK);
    must(other.nnodes == n);
    must(ngx_gw_json_parse(&other, n - 1, MAX_DEPTH, scratch) == NGX_ABORT);

    free(scratch);
    free(other.nodes);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t              *value;
    walk_t               w;
    uint32_t            *scratch;
    ngx_int_t            rc;
    ngx_str_t            text;
    ngx_uint_t           max;
    json_error_t         error;
    ngx_gw_json_path_t   path;

    ngx_gw_json_init(0x1234567890abcdef);
    portable_init(0x1234567890abcdef);

    max = ngx_gw_json_max_nodes(size);
    scratch = malloc(ngx_gw_json_scratch(max) * sizeof(uint32_t));

    w.json.data = (u_char *) data;
    w.json.len = size;
    w.json.nodes = malloc(max * sizeof(ngx_gw_json_node_t));

    rc = ngx_gw_json_parse(&w.json, max, MAX_DEPTH, scratch);

    must(w.json.offset <= size);
    must((rc == NGX_OK) == (w.json.error == NULL));
    must((rc == NGX_OK) == (w.json.nnodes != 0));

    check_portable(&w.json, rc, max, scratch);

    value = json_loadb(size ? (const char *) data : "", size,
                       JSON_REJECT_DUPLICATES|JSON_DECODE_ANY|JSON_ALLOW_NUL,
                       &error);

    w.pool = ngx_create_pool(4096, &ngx_stub_log);

    if (rc == NGX_OK) {

        /* jansson has no numbers beyond its types, and no NUL in a name */

        must(value
             || json_error_code(&error) == json_error_numeric_overflow
             || json_error_code(&error) == json_error_null_byte_in_key);

        w.number.len = 0;
        w.pointer = malloc(size * 12 + 16 * MAX_DEPTH);
        w.len = 0;

        must(check_node(&w, 0, 0, value) == w.json.nnodes);

        check_limits(&w.json);

        free(w.pointer);

    } else if (rc == NGX_DECLINED) {

        /* jansson loses a NUL byte that it reads twice, as behind a number */

        must(value == NULL || memchr(data, '\0', size));

    } else {
        must(rc == NGX_ABORT);
        must(strcmp(w.json.error, "nested too deep") == 0 || value == NULL);
    }

    /* as a path, and as a number */

    text.data = (u_char *) data;
    text.len = size;

    if (ngx_gw_json_path_compile(w.pool, &text, &path) == NGX_OK) {
        must(path.nsteps > 0 && path.nsteps <= 16);
    }

    must(ngx_gw_json_is_number(&text)
         == (rc == NGX_OK && w.json.nodes[0].type == NGX_GW_JSON_NUMBER
             && w.json.nodes[0].len == size));

    json_decref(value);
    ngx_destroy_pool(w.pool);
    free(w.json.nodes);
    free(scratch);

    return 0;
}
