
/*
 * ngx_gw_json: see the header for the contract.
 *
 * The parser is a loop over values with a stack of open containers of fixed
 * size.  Strings, where most bytes are, are scanned 16 bytes at a time (8 in
 * plain C); the rest goes byte by byte.  Nothing behind data + len is read.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_json_internal.h"


#if (__SSE2__ && !NGX_GW_PORTABLE)
#include <emmintrin.h>
#define NGX_GW_JSON_SSE2  1
#endif


#define NGX_GW_JSON_MAX_DEPTH  64

/* objects of up to so many members are searched for duplicates in place */
#define NGX_GW_JSON_FEW        12


/* an open container */
typedef struct {
    uint32_t              node;
    uint32_t              last;    /* its last child so far */
} ngx_gw_json_frame_t;


static ngx_int_t ngx_gw_json_values(ngx_gw_json_t *json,
    ngx_uint_t max_nodes, ngx_uint_t max_depth, uint32_t *scratch);
static ngx_int_t ngx_gw_json_failed(ngx_gw_json_t *json, ngx_int_t rc,
    const u_char *p, const char *error);
static u_char *ngx_gw_json_value(ngx_gw_json_t *json,
    ngx_gw_json_node_t *node, u_char *p, u_char *end);
static u_char *ngx_gw_json_name(ngx_gw_json_t *json, ngx_gw_json_node_t *node,
    u_char *p, u_char *end);
static u_char *ngx_gw_json_string(ngx_gw_json_t *json, u_char *p, u_char *end,
    ngx_uint_t *escaped);
static u_char *ngx_gw_json_spaces(u_char *p, u_char *end);
static ngx_uint_t ngx_gw_json_duplicate(ngx_gw_json_t *json,
    ngx_uint_t parent, uint32_t *table);
static ngx_uint_t ngx_gw_json_same_name(ngx_gw_json_t *json,
    ngx_gw_json_node_t *a, ngx_gw_json_node_t *b);


/* characters of a string that need no look: ASCII but for '"' and '\' */
static const u_char  ngx_gw_json_plain_char[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
};


static ngx_inline ngx_gw_json_node_t *
ngx_gw_json_new_node(ngx_gw_json_t *json, uint32_t n)
{
    ngx_gw_json_node_t  *node;

    node = &json->nodes[n];

    node->hash = 0;
    node->name = 0;
    node->nlen = 0;
    node->next = NGX_GW_JSON_NONE;
    node->count = 0;
    node->flags = 0;

    return node;
}


static ngx_inline u_char *
ngx_gw_json_skip_space(u_char *p, u_char *end)
{
    if (p < end && *p > ' ') {
        return p;
    }

    return ngx_gw_json_spaces(p, end);
}


/* skips plain characters of a string */

static ngx_inline u_char *
ngx_gw_json_skip_plain(u_char *p, u_char *end)
{
#if (NGX_GW_JSON_SSE2)

    __m128i       x, special;
    unsigned int  mask;

    while (end - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) p);

        /* as signed numbers, control characters and all above 0x7f are < 32 */
        special = _mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(0x20)),
                      _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
                                   _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));

        mask = (unsigned int) _mm_movemask_epi8(special);

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }

#else

    uint64_t  x, q, b;

    const uint64_t  ones = 0x0101010101010101ull;

    while (end - p >= 8) {
        ngx_memcpy(&x, p, 8);

        q = x ^ (ones * '"');
        b = x ^ (ones * '\\');

        /*
         * the high bit of a byte is set if it is < 32, equals one of the two,
         * or is > 0x7f; a borrow may set more, but only above a true one
         */

        if (((x - ones * 0x20) | (q - ones) | (b - ones) | x) & (ones * 0x80)) {
            break;
        }

        p += 8;
    }

#endif

    while (p < end && ngx_gw_json_plain_char[*p]) {
        p++;
    }

    return p;
}


ngx_int_t
ngx_gw_json_parse(ngx_gw_json_t *json, ngx_uint_t max_nodes,
    ngx_uint_t max_depth, uint32_t *scratch)
{
    json->nnodes = 0;
    json->error = NULL;
    json->offset = 0;

    if (json->len == 0) {
        return ngx_gw_json_failed(json, NGX_DECLINED, json->data,
                                  "empty text");
    }

    if (json->len > NGX_GW_JSON_MAX_LEN) {
        return ngx_gw_json_failed(json, NGX_ABORT, json->data,
                                  "text is too long");
    }

    if (max_nodes == 0) {
        return ngx_gw_json_failed(json, NGX_ABORT, json->data,
                                  "too many values");
    }

    if (max_depth > NGX_GW_JSON_MAX_DEPTH) {
        max_depth = NGX_GW_JSON_MAX_DEPTH;
    }

    return ngx_gw_json_values(json, max_nodes, max_depth, scratch);
}


/* one turn of the outer loop is a value, and what closes behind it */

static ngx_int_t
ngx_gw_json_values(ngx_gw_json_t *json, ngx_uint_t max_nodes,
    ngx_uint_t max_depth, uint32_t *scratch)
{
    u_char               *p, *end;
    uint32_t              n;
    ngx_uint_t            depth, dup;
    ngx_gw_json_node_t   *node, *parent;
    ngx_gw_json_frame_t  *frame, stack[NGX_GW_JSON_MAX_DEPTH];

    p = json->data;
    end = p + json->len;

    depth = 0;
    frame = stack;
    parent = NULL;

    n = 0;
    node = ngx_gw_json_new_node(json, n);

    for ( ;; ) {

        p = ngx_gw_json_value(json, node, ngx_gw_json_skip_space(p, end), end);

        if (p == NULL) {
            return NGX_DECLINED;
        }

        if (node->type >= NGX_GW_JSON_ARRAY) {

            if (depth == max_depth) {
                return ngx_gw_json_failed(json, NGX_ABORT, p - 1,
                                          "nested too deep");
            }

            frame = &stack[depth++];
            frame->node = n;
            parent = node;
        }

        for ( ;; ) {

            p = ngx_gw_json_skip_space(p, end);

            if (depth == 0) {
                goto done;
            }

            if (p == end) {
                return ngx_gw_json_failed(json, NGX_DECLINED, p,
                                          "unexpected end");
            }

            /* '{' + 2 is '}', and '[' + 2 is ']' */

            if (*p != json->data[parent->pos] + 2) {
                break;
            }

            if (parent->count > 1 && parent->type == NGX_GW_JSON_OBJECT) {
                dup = ngx_gw_json_duplicate(json, frame->node, scratch);

                if (dup != NGX_GW_JSON_NONE) {
                    return ngx_gw_json_failed(json, NGX_DECLINED,
                                          json->data + json->nodes[dup].name,
                                          "duplicate member name");
                }
            }

            p++;
            parent->len = (uint32_t) (p - json->data) - parent->pos;

            if (--depth) {
                frame = &stack[depth - 1];
                parent = &json->nodes[frame->node];
            }
        }

        /* the next member or item */

        if (parent->count) {

            if (*p != ',') {
                return ngx_gw_json_failed(json, NGX_DECLINED, p,
                                          "expected a comma or closing "
                                          "bracket");
            }

            p++;

            json->nodes[frame->last].next = n + 1;
        }

        if (++n >= max_nodes) {
            return ngx_gw_json_failed(json, NGX_ABORT, p, "too many values");
        }

        parent->count++;
        frame->last = n;

        node = ngx_gw_json_new_node(json, n);

        if (parent->type == NGX_GW_JSON_OBJECT) {
            p = ngx_gw_json_name(json, node, p, end);

            if (p == NULL) {
                return NGX_DECLINED;
            }
        }
    }

done:

    if (p != end) {
        return ngx_gw_json_failed(json, NGX_DECLINED, p,
                                  "unexpected bytes behind the value");
    }

    json->nnodes = n + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_json_failed(ngx_gw_json_t *json, ngx_int_t rc, const u_char *p,
    const char *error)
{
    json->error = error;
    json->offset = p - json->data;

    return rc;
}


/*
 * A scalar, or the opening bracket of a container.  Returns what is behind it,
 * or NULL with the error set.
 */

static u_char *
ngx_gw_json_value(ngx_gw_json_t *json, ngx_gw_json_node_t *node, u_char *p,
    u_char *end)
{
    u_char      *last;
    ngx_uint_t   escaped;

    if (p == end) {
        (void) ngx_gw_json_failed(json, NGX_DECLINED, p, "unexpected end");
        return NULL;
    }

    node->pos = p - json->data;

    switch (*p) {

    case '"':
        node->type = NGX_GW_JSON_STRING;
        node->pos++;

        escaped = 0;

        last = ngx_gw_json_string(json, ++p, end, &escaped);
        if (last == NULL) {
            return NULL;
        }

        if (escaped) {
            node->flags |= NGX_GW_JSON_VALUE_ESC;
        }

        node->len = last - p;

        return last + 1;

    case '{':
        node->type = NGX_GW_JSON_OBJECT;
        node->len = 0;
        return p + 1;

    case '[':
        node->type = NGX_GW_JSON_ARRAY;
        node->len = 0;
        return p + 1;

    case 't':
        node->type = NGX_GW_JSON_TRUE;
        node->len = 4;

        if (end - p >= 4 && ngx_memcmp(p, "true", 4) == 0) {
            return p + 4;
        }

        break;

    case 'f':
        node->type = NGX_GW_JSON_FALSE;
        node->len = 5;

        if (end - p >= 5 && ngx_memcmp(p, "false", 5) == 0) {
            return p + 5;
        }

        break;

    case 'n':
        node->type = NGX_GW_JSON_NULL;
        node->len = 4;

        if (end - p >= 4 && ngx_memcmp(p, "null", 4) == 0) {
            return p + 4;
        }

        break;

    default:
        node->type = NGX_GW_JSON_NUMBER;

        last = ngx_gw_json_number(p, end);

        if (last) {
            node->len = last - p;
            return last;
        }
    }

    (void) ngx_gw_json_failed(json, NGX_DECLINED, p, "invalid value");

    return NULL;
}


/* the name of a member and its colon */

static u_char *
ngx_gw_json_name(ngx_gw_json_t *json, ngx_gw_json_node_t *node, u_char *p,
    u_char *end)
{
    u_char      *last;
    ngx_uint_t   escaped;

    p = ngx_gw_json_skip_space(p, end);

    if (p == end || *p != '"') {
        (void) ngx_gw_json_failed(json, NGX_DECLINED, p,
                                  "expected a member name");
        return NULL;
    }

    escaped = 0;

    last = ngx_gw_json_string(json, ++p, end, &escaped);
    if (last == NULL) {
        return NULL;
    }

    node->name = p - json->data;
    node->nlen = last - p;

    if (escaped) {
        node->flags = NGX_GW_JSON_NAME_ESC;
        node->hash = ngx_gw_json_hash_escaped(p, last - p);

    } else {
        node->hash = ngx_gw_json_hash(p, last - p);
    }

    p = ngx_gw_json_skip_space(last + 1, end);

    if (p == end || *p != ':') {
        (void) ngx_gw_json_failed(json, NGX_DECLINED, p, "expected a colon");
        return NULL;
    }

    return p + 1;
}


/*
 * p is behind the opening quote.  Returns the closing one, or NULL with the
 * error set.
 */

static u_char *
ngx_gw_json_string(ngx_gw_json_t *json, u_char *p, u_char *end,
    ngx_uint_t *escaped)
{
    u_char      *next;
    const char  *error;

    for ( ;; ) {

        p = ngx_gw_json_skip_plain(p, end);

        if (p == end) {
            error = "string is not closed";
            break;
        }

        if (*p == '"') {
            return p;
        }

        if (*p == '\\') {
            *escaped = 1;

            next = ngx_gw_json_escape(p, end);
            error = "invalid escape";

        } else if (*p < 0x20) {
            error = "control character in a string";
            break;

        } else {
            next = ngx_gw_json_utf8(p, end);
            error = "invalid UTF-8";
        }

        if (next == NULL) {
            break;
        }

        p = next;
    }

    (void) ngx_gw_json_failed(json, NGX_DECLINED, p, error);

    return NULL;
}


static u_char *
ngx_gw_json_spaces(u_char *p, u_char *end)
{
#if (NGX_GW_JSON_SSE2)

    __m128i       x, space;
    unsigned int  mask;

    /* lines are often indented by more than that */

    while (end - p >= 16) {
        x = _mm_loadu_si128((const __m128i *) p);

        space = _mm_or_si128(
                    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(' ')),
                                 _mm_cmpeq_epi8(x, _mm_set1_epi8('\n'))),
                    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('\r')),
                                 _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'))));

        mask = (unsigned int) _mm_movemask_epi8(space) ^ 0xffff;

        if (mask) {
            return p + __builtin_ctz(mask);
        }

        p += 16;
    }

#endif

    while (p < end
           && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
    {
        p++;
    }

    return p;
}


/*
 * Index of a member of the object at index parent whose name another has
 * before it, or NONE.  The object has two members at least.
 */

static ngx_uint_t
ngx_gw_json_duplicate(ngx_gw_json_t *json, ngx_uint_t parent, uint32_t *table)
{
    uint32_t             mask, slot;
    uint64_t             seen, bit;
    ngx_uint_t           i, j;
    ngx_gw_json_node_t  *nodes, *node;

    nodes = json->nodes;

    if (nodes[parent].count <= NGX_GW_JSON_FEW) {

        /* a set of 6 bits of each hash saves most comparisons */

        seen = 0;

        for (i = parent + 1; i != NGX_GW_JSON_NONE; i = node->next) {
            node = &nodes[i];
            bit = (uint64_t) 1 << (node->hash & 63);

            if (seen & bit) {
                for (j = parent + 1; j != i; j = nodes[j].next) {
                    if (ngx_gw_json_same_name(json, &nodes[j], node)) {
                        return i;
                    }
                }
            }

            seen |= bit;
        }

        return NGX_GW_JSON_NONE;
    }

    /* twice the members, rounded up to a power of two: less than 4 times */

    for (mask = 64; mask < nodes[parent].count * 2; mask *= 2) { /* void */ }

    ngx_memzero(table, mask * sizeof(uint32_t));
    mask--;

    for (i = parent + 1; i != NGX_GW_JSON_NONE; i = node->next) {
        node = &nodes[i];
        slot = node->hash & mask;

        while (table[slot]) {
            if (ngx_gw_json_same_name(json, &nodes[table[slot]], node)) {
                return i;
            }

            slot = (slot + 1) & mask;
        }

        table[slot] = i;
    }

    return NGX_GW_JSON_NONE;
}


static ngx_uint_t
ngx_gw_json_same_name(ngx_gw_json_t *json, ngx_gw_json_node_t *a,
    ngx_gw_json_node_t *b)
{
    if (a->hash != b->hash) {
        return 0;
    }

    if (((a->flags | b->flags) & NGX_GW_JSON_NAME_ESC) == 0) {
        return a->nlen == b->nlen
               && ngx_memcmp(json->data + a->name, json->data + b->name,
                             a->nlen)
                  == 0;
    }

    return ngx_gw_json_same_escaped(json->data + a->name, a->nlen,
                                    json->data + b->name, b->nlen);
}


ngx_uint_t
ngx_gw_json_find(ngx_gw_json_t *json, ngx_uint_t parent, ngx_str_t *name,
    uint32_t hash)
{
    ngx_uint_t           i;
    ngx_gw_json_node_t  *node;

    node = &json->nodes[parent];

    if (node->type != NGX_GW_JSON_OBJECT || node->count == 0) {
        return NGX_GW_JSON_NONE;
    }

    for (i = parent + 1; i != NGX_GW_JSON_NONE; i = node->next) {
        node = &json->nodes[i];

        if (node->hash == hash
            && ngx_gw_json_same(json->data + node->name, node->nlen,
                                node->flags & NGX_GW_JSON_NAME_ESC, name))
        {
            return i;
        }
    }

    return NGX_GW_JSON_NONE;
}
