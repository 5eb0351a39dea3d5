
/*
 * ngx_gw_json: see the header for the contract.
 *
 * The parser is a loop over values with a stack of open containers of fixed
 * size.  Strings, where most bytes are, are scanned 16 bytes at a time (8 in
 * plain C); the rest goes byte by byte.  Nothing behind data + len is read.
 */


#include "ngx_gw_json.h"


#if (__SSE2__ && !NGX_GW_PORTABLE)
#include <emmintrin.h>
#define NGX_GW_JSON_SSE2  1
#endif


#define NGX_GW_JSON_MAX_DEPTH  64
#define NGX_GW_JSON_MAX_STEPS  16

/* objects of up to so many members are searched for duplicates in place */
#define NGX_GW_JSON_FEW        12

/* bound of exponents, and with them of the sums below */
#define NGX_GW_JSON_MAX_EXP    1000000000

#define NGX_GW_JSON_K1         0x9e3779b97f4a7c15ull
#define NGX_GW_JSON_K2         0xc2b2ae3d27d4eb4full


/* an open container */
typedef struct {
    uint32_t              node;
    uint32_t              last;    /* its last child so far */
} ngx_gw_json_frame_t;


/* reads a string or name byte by byte, unescaped */
typedef struct {
    const u_char         *pos;
    const u_char         *last;
    ngx_uint_t            n;       /* bytes in buf, read up to i */
    ngx_uint_t            i;
    u_char                buf[4];
} ngx_gw_json_cursor_t;


/* the absolute value is 0.d1d2d3... * 10^exp, where d1 is not 0 */
typedef struct {
    ngx_int_t             sign;    /* -1, 0, 1 */
    int64_t               exp;
    const u_char         *pos;     /* d1; there may be a "." among the rest */
    const u_char         *last;
} ngx_gw_json_number_t;


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
static u_char *ngx_gw_json_escape(u_char *p, u_char *end);
static u_char *ngx_gw_json_utf8(u_char *p, u_char *end);
static ngx_int_t ngx_gw_json_hex4(const u_char *p, const u_char *end);
static u_char *ngx_gw_json_number(u_char *p, u_char *end);
static u_char *ngx_gw_json_spaces(u_char *p, u_char *end);
static ngx_uint_t ngx_gw_json_duplicate(ngx_gw_json_t *json,
    ngx_uint_t parent, uint32_t *table);
static ngx_uint_t ngx_gw_json_same_name(ngx_gw_json_t *json,
    ngx_gw_json_node_t *a, ngx_gw_json_node_t *b);
static uint32_t ngx_gw_json_hash_escaped(const u_char *name, size_t len);
static ngx_uint_t ngx_gw_json_same(const u_char *raw, size_t len,
    ngx_uint_t escaped, ngx_str_t *text);
static void ngx_gw_json_cursor(ngx_gw_json_cursor_t *cur, const u_char *raw,
    size_t len);
static ngx_int_t ngx_gw_json_read(ngx_gw_json_cursor_t *cur);
static const u_char *ngx_gw_json_decode(const u_char *p, const u_char *last,
    u_char **dst);
static ngx_int_t ngx_gw_json_path_index(ngx_str_t *name);
static void ngx_gw_json_number_split(ngx_str_t *text,
    ngx_gw_json_number_t *num);
static ngx_int_t ngx_gw_json_number_digit(ngx_gw_json_number_t *num);


/* set once by ngx_gw_json_init(), before anything is hashed */
static uint64_t    ngx_gw_json_seed[2] = { NGX_GW_JSON_K1, NGX_GW_JSON_K2 };
static ngx_uint_t  ngx_gw_json_seeded;


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


#define ngx_gw_json_is_digit(c)  ((u_char) ((c) - '0') <= 9)


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


/* folds the 128 bits of the product */

static ngx_inline uint64_t
ngx_gw_json_mix(uint64_t a, uint64_t b)
{
#if (__SIZEOF_INT128__ && !NGX_GW_PORTABLE)

    unsigned __int128  r;

    r = (unsigned __int128) a * b;

    return (uint64_t) r ^ (uint64_t) (r >> 64);

#else

    uint64_t  ll, lh, hl, hh, mid;

    ll = (a & 0xffffffff) * (b & 0xffffffff);
    lh = (a & 0xffffffff) * (b >> 32);
    hl = (a >> 32) * (b & 0xffffffff);
    hh = (a >> 32) * (b >> 32);

    mid = (ll >> 32) + (lh & 0xffffffff) + (hl & 0xffffffff);

    return ((mid << 32) | (ll & 0xffffffff))
           ^ (hh + (lh >> 32) + (hl >> 32) + (mid >> 32));

#endif
}


static ngx_inline uint64_t
ngx_gw_json_load64(const u_char *p)
{
    uint64_t  x;

    ngx_memcpy(&x, p, 8);

    return x;
}


static ngx_inline uint64_t
ngx_gw_json_load32(const u_char *p)
{
    uint32_t  x;

    ngx_memcpy(&x, p, 4);

    return x;
}


static ngx_inline uint64_t
ngx_gw_json_hash_block(uint64_t h, const u_char *p)
{
    return ngx_gw_json_mix(ngx_gw_json_load64(p) ^ ngx_gw_json_seed[0],
                           ngx_gw_json_load64(p + 8) ^ h);
}


/* the last n bytes, 0 to 16, of a name of len bytes */

static ngx_inline uint32_t
ngx_gw_json_hash_tail(uint64_t h, const u_char *p, size_t n, size_t len)
{
    uint64_t  a, b;

    if (n >= 8) {
        a = ngx_gw_json_load64(p);
        b = ngx_gw_json_load64(p + n - 8);

    } else if (n >= 4) {
        a = ngx_gw_json_load32(p);
        b = ngx_gw_json_load32(p + n - 4);

    } else if (n > 0) {
        a = ((uint64_t) p[0] << 16) | ((uint64_t) p[n / 2] << 8) | p[n - 1];
        b = 0;

    } else {
        a = 0;
        b = 0;
    }

    h = ngx_gw_json_mix(a ^ ngx_gw_json_seed[0], b ^ h);
    h = ngx_gw_json_mix(h ^ NGX_GW_JSON_K1, len ^ ngx_gw_json_seed[1]);
    h ^= h >> 32;

    return (uint32_t) h ? (uint32_t) h : 1;
}


void
ngx_gw_json_init(uint64_t seed)
{
    if (ngx_gw_json_seeded) {
        return;
    }

    ngx_gw_json_seed[0] = ngx_gw_json_mix(seed ^ NGX_GW_JSON_K1,
                                          NGX_GW_JSON_K2);
    ngx_gw_json_seed[1] = ngx_gw_json_mix(seed ^ NGX_GW_JSON_K2,
                                          NGX_GW_JSON_K1);
    ngx_gw_json_seeded = 1;
}


uint32_t
ngx_gw_json_hash(const u_char *name, size_t len)
{
    size_t    n;
    uint64_t  h;

    h = ngx_gw_json_seed[1];

    for (n = len; n > 16; n -= 16) {
        h = ngx_gw_json_hash_block(h, name);
        name += 16;
    }

    return ngx_gw_json_hash_tail(h, name, n, len);
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


/* p is at a backslash */

static u_char *
ngx_gw_json_escape(u_char *p, u_char *end)
{
    ngx_int_t  ch;

    if (end - p < 2) {
        return NULL;
    }

    switch (p[1]) {

    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;

    case 'u':
        break;

    default:
        return NULL;
    }

    ch = ngx_gw_json_hex4(p + 2, end);

    if (ch < 0 || (ch >= 0xdc00 && ch <= 0xdfff)) {
        return NULL;
    }

    p += 6;

    if (ch < 0xd800 || ch > 0xdbff) {
        return p;
    }

    /* a high surrogate is half a character */

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return NULL;
    }

    ch = ngx_gw_json_hex4(p + 2, end);

    if (ch < 0xdc00 || ch > 0xdfff) {
        return NULL;
    }

    return p + 6;
}


static ngx_int_t
ngx_gw_json_hex4(const u_char *p, const u_char *end)
{
    u_char      c;
    ngx_int_t   ch;
    ngx_uint_t  i;

    if (end - p < 4) {
        return -1;
    }

    ch = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];

        if (ngx_gw_json_is_digit(c)) {
            ch = ch * 16 + (c - '0');
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return -1;
        }

        ch = ch * 16 + (c - 'a' + 10);
    }

    return ch;
}


/*
 * A run of characters beyond ASCII, as table 3-7 of the Unicode Standard has
 * them: no overlong forms, no surrogates, nothing above U+10FFFF.
 */

static u_char *
ngx_gw_json_utf8(u_char *p, u_char *end)
{
    u_char  c;

    while (p < end && *p >= 0x80) {

        c = *p;

        if (c < 0xe0) {

            if (c < 0xc2 || end - p < 2 || (p[1] & 0xc0) != 0x80) {
                return NULL;
            }

            p += 2;
            continue;
        }

        if (c < 0xf0) {

            if (end - p < 3
                || (p[1] & 0xc0) != 0x80
                || (p[2] & 0xc0) != 0x80
                || (c == 0xe0 && p[1] < 0xa0)
                || (c == 0xed && p[1] > 0x9f))
            {
                return NULL;
            }

            p += 3;
            continue;
        }

        if (c > 0xf4
            || end - p < 4
            || (p[1] & 0xc0) != 0x80
            || (p[2] & 0xc0) != 0x80
            || (p[3] & 0xc0) != 0x80
            || (c == 0xf0 && p[1] < 0x90)
            || (c == 0xf4 && p[1] > 0x8f))
        {
            return NULL;
        }

        p += 4;
    }

    return p;
}


/* returns the end of the number that begins at p, or NULL if none does */

static u_char *
ngx_gw_json_number(u_char *p, u_char *end)
{
    if (p < end && *p == '-') {
        p++;
    }

    if (p == end || !ngx_gw_json_is_digit(*p)) {
        return NULL;
    }

    if (*p++ != '0') {
        while (p < end && ngx_gw_json_is_digit(*p)) {
            p++;
        }
    }

    if (p < end && *p == '.') {
        p++;

        if (p == end || !ngx_gw_json_is_digit(*p)) {
            return NULL;
        }

        while (p < end && ngx_gw_json_is_digit(*p)) {
            p++;
        }
    }

    if (p < end && (*p | 0x20) == 'e') {
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        if (p == end || !ngx_gw_json_is_digit(*p)) {
            return NULL;
        }

        while (p < end && ngx_gw_json_is_digit(*p)) {
            p++;
        }
    }

    return p;
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
    ngx_int_t             c;
    ngx_gw_json_cursor_t  x, y;

    if (a->hash != b->hash) {
        return 0;
    }

    if (((a->flags | b->flags) & NGX_GW_JSON_NAME_ESC) == 0) {
        return a->nlen == b->nlen
               && ngx_memcmp(json->data + a->name, json->data + b->name,
                             a->nlen)
                  == 0;
    }

    ngx_gw_json_cursor(&x, json->data + a->name, a->nlen);
    ngx_gw_json_cursor(&y, json->data + b->name, b->nlen);

    for ( ;; ) {
        c = ngx_gw_json_read(&x);

        if (c != ngx_gw_json_read(&y)) {
            return 0;
        }

        if (c < 0) {
            return 1;
        }
    }
}


/* the same as ngx_gw_json_hash() of the unescaped name */

static uint32_t
ngx_gw_json_hash_escaped(const u_char *name, size_t len)
{
    size_t                total;
    uint64_t              h;
    ngx_int_t             c;
    ngx_uint_t            n;
    u_char                block[16];
    ngx_gw_json_cursor_t  cur;

    ngx_gw_json_cursor(&cur, name, len);

    h = ngx_gw_json_seed[1];
    n = 0;

    for (total = 0; (c = ngx_gw_json_read(&cur)) >= 0; total++) {

        if (n == 16) {
            h = ngx_gw_json_hash_block(h, block);
            n = 0;
        }

        block[n++] = (u_char) c;
    }

    return ngx_gw_json_hash_tail(h, block, n, total);
}


/* 1 if a string or name, len bytes as it stands, equals text unescaped */

static ngx_uint_t
ngx_gw_json_same(const u_char *raw, size_t len, ngx_uint_t escaped,
    ngx_str_t *text)
{
    size_t                i;
    ngx_gw_json_cursor_t  cur;

    if (!escaped) {
        return len == text->len
               && (len == 0 || ngx_memcmp(raw, text->data, len) == 0);
    }

    if (text->len > len) {
        return 0;
    }

    ngx_gw_json_cursor(&cur, raw, len);

    for (i = 0; i < text->len; i++) {
        if (ngx_gw_json_read(&cur) != text->data[i]) {
            return 0;
        }
    }

    return ngx_gw_json_read(&cur) < 0;
}


static void
ngx_gw_json_cursor(ngx_gw_json_cursor_t *cur, const u_char *raw, size_t len)
{
    cur->pos = raw;
    cur->last = raw + len;
    cur->n = 0;
    cur->i = 0;
}


/* the next byte, or -1 at the end */

static ngx_int_t
ngx_gw_json_read(ngx_gw_json_cursor_t *cur)
{
    u_char  *dst;

    if (cur->i < cur->n) {
        return cur->buf[cur->i++];
    }

    if (cur->pos == cur->last) {
        return -1;
    }

    if (*cur->pos != '\\') {
        return *cur->pos++;
    }

    dst = cur->buf;

    cur->pos = ngx_gw_json_decode(cur->pos, cur->last, &dst);

    cur->n = dst - cur->buf;
    cur->i = 1;

    return cur->buf[0];
}


/*
 * Writes what the valid escape at p stands for, 1 to 4 bytes and less than
 * the escape itself, and returns what is behind the escape.
 */

static const u_char *
ngx_gw_json_decode(const u_char *p, const u_char *last, u_char **dst)
{
    u_char     *d;
    ngx_int_t   ch, low;

    d = *dst;

    if (p[1] != 'u') {
        *dst = d + 1;

        switch (p[1]) {

        case 'b':
            *d = '\b';
            break;

        case 'f':
            *d = '\f';
            break;

        case 'n':
            *d = '\n';
            break;

        case 'r':
            *d = '\r';
            break;

        case 't':
            *d = '\t';
            break;

        default:
            *d = p[1];
        }

        return p + 2;
    }

    ch = ngx_gw_json_hex4(p + 2, last);
    p += 6;

    if (ch >= 0xd800 && ch <= 0xdbff) {
        low = ngx_gw_json_hex4(p + 2, last);
        p += 6;

        ch = 0x10000 + ((ch - 0xd800) << 10) + (low - 0xdc00);

        *d++ = (u_char) (0xf0 | (ch >> 18));
        *d++ = (u_char) (0x80 | ((ch >> 12) & 0x3f));
        *d++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        *d++ = (u_char) (0x80 | (ch & 0x3f));

    } else if (ch >= 0x800) {
        *d++ = (u_char) (0xe0 | (ch >> 12));
        *d++ = (u_char) (0x80 | ((ch >> 6) & 0x3f));
        *d++ = (u_char) (0x80 | (ch & 0x3f));

    } else if (ch >= 0x80) {
        *d++ = (u_char) (0xc0 | (ch >> 6));
        *d++ = (u_char) (0x80 | (ch & 0x3f));

    } else {
        *d++ = (u_char) ch;
    }

    *dst = d;

    return p;
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


u_char *
ngx_gw_json_unescape(ngx_gw_json_t *json, ngx_uint_t node, u_char *dst)
{
    const u_char        *p, *last;
    ngx_gw_json_node_t  *str;

    str = &json->nodes[node];

    p = json->data + str->pos;
    last = p + str->len;

    if ((str->flags & NGX_GW_JSON_VALUE_ESC) == 0) {
        return ngx_cpymem(dst, p, str->len);
    }

    while (p < last) {

        if (*p != '\\') {
            *dst++ = *p++;
            continue;
        }

        p = ngx_gw_json_decode(p, last, &dst);
    }

    return dst;
}


ngx_uint_t
ngx_gw_json_equal(ngx_gw_json_t *json, ngx_uint_t node, ngx_str_t *text)
{
    ngx_gw_json_node_t  *str;

    str = &json->nodes[node];

    if (str->type != NGX_GW_JSON_STRING) {
        return 0;
    }

    return ngx_gw_json_same(json->data + str->pos, str->len,
                            str->flags & NGX_GW_JSON_VALUE_ESC, text);
}


ngx_uint_t
ngx_gw_json_is_number(ngx_str_t *text)
{
    u_char  *last;

    if (text->len == 0) {
        return 0;
    }

    last = text->data + text->len;

    return ngx_gw_json_number(text->data, last) == last;
}


ngx_int_t
ngx_gw_json_number_cmp(ngx_str_t *a, ngx_str_t *b)
{
    ngx_int_t             ca, cb;
    ngx_gw_json_number_t  x, y;

    ngx_gw_json_number_split(a, &x);
    ngx_gw_json_number_split(b, &y);

    if (x.sign != y.sign) {
        return x.sign - y.sign;
    }

    if (x.sign == 0) {
        return 0;
    }

    if (x.exp != y.exp) {
        return x.exp > y.exp ? x.sign : -x.sign;
    }

    do {
        ca = ngx_gw_json_number_digit(&x);
        cb = ngx_gw_json_number_digit(&y);

        if (ca != cb) {
            return ca > cb ? x.sign : -x.sign;
        }

    } while (x.pos < x.last || y.pos < y.last);

    return 0;
}


ngx_int_t
ngx_gw_json_number_floor(ngx_str_t *text, ngx_uint_t scale, int64_t max,
    int64_t *value, ngx_uint_t *fraction)
{
    int64_t               v;
    ngx_gw_json_number_t  num;

    if (!ngx_gw_json_is_number(text)) {
        return NGX_ERROR;
    }

    ngx_gw_json_number_split(text, &num);

    if (num.sign) {
        num.exp += scale;
    }

    /* 10^18 is more than max may be, and less than overflows */

    if (num.exp > 18) {
        return NGX_ERROR;
    }

    for (v = 0; num.exp > 0; num.exp--) {
        v = v * 10 + ngx_gw_json_number_digit(&num);
    }

    *fraction = 0;

    while (num.pos < num.last) {
        if (ngx_gw_json_number_digit(&num)) {
            *fraction = 1;
            break;
        }
    }

    if (num.sign < 0) {
        v = -v - (int64_t) *fraction;
    }

    if (v > max || v < -max) {
        return NGX_ERROR;
    }

    *value = v;

    return NGX_OK;
}


static void
ngx_gw_json_number_split(ngx_str_t *text, ngx_gw_json_number_t *num)
{
    int64_t        exp;
    ngx_uint_t     minus;
    const u_char  *p, *end, *dot;

    p = text->data;
    end = p + text->len;

    num->sign = 1;

    if (p < end && *p == '-') {
        num->sign = -1;
        p++;
    }

    /* the mantissa ends at "e"; an integer's dot is where it ends */

    dot = NULL;
    num->pos = NULL;

    for (num->last = p; num->last < end; num->last++) {

        if (*num->last == '.') {
            dot = num->last;

        } else if (!ngx_gw_json_is_digit(*num->last)) {
            break;

        } else if (*num->last != '0' && num->pos == NULL) {
            num->pos = num->last;
        }
    }

    if (num->pos == NULL) {
        num->sign = 0;
        num->exp = 0;
        num->pos = num->last;
        return;
    }

    if (dot == NULL) {
        dot = num->last;
    }

    num->exp = (num->pos < dot) ? dot - num->pos : dot + 1 - num->pos;

    p = num->last;

    if (p == end) {
        return;
    }

    p++;
    minus = 0;

    if (p < end && (*p == '+' || *p == '-')) {
        minus = (*p++ == '-');
    }

    for (exp = 0; p < end && ngx_gw_json_is_digit(*p); p++) {
        exp = exp * 10 + (*p - '0');

        if (exp > NGX_GW_JSON_MAX_EXP) {
            exp = NGX_GW_JSON_MAX_EXP;
        }
    }

    num->exp += minus ? -exp : exp;
}


/* the next digit of the mantissa; endless zeros follow the last one */

static ngx_int_t
ngx_gw_json_number_digit(ngx_gw_json_number_t *num)
{
    if (num->pos < num->last && *num->pos == '.') {
        num->pos++;
    }

    if (num->pos == num->last) {
        return 0;
    }

    return *num->pos++ - '0';
}
