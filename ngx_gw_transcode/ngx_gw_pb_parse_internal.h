
/*
 * What the files of ngx_gw_pb_parse and ngx_gw_pb_bind share, and nobody else
 * needs.
 *
 * Functions that read text take the place of a value and return what is behind
 * it, or NULL with the parser's rc and error set.
 */


#ifndef _NGX_GW_PB_PARSE_INTERNAL_H_INCLUDED_
#define _NGX_GW_PB_PARSE_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_pb.h"
#include "ngx_gw_pb_parse.h"

#if (__SSE2__ && !NGX_GW_PORTABLE)
#include <emmintrin.h>
#define NGX_GW_PB_SSE2  1
#endif


#if (NGX_HAVE_LITTLE_ENDIAN && !NGX_GW_PORTABLE)
#define NGX_GW_PB_WORDS  1
#endif


#define NGX_GW_PB_ERROR_LEN    512

/* free in front of what is written */
#define NGX_GW_PB_HEAD         8

/* a tag, a length and any scalar but strings and bytes */
#define NGX_GW_PB_ROOM         32

/* strings of less than that are copied while they are scanned */
#define NGX_GW_PB_SHORT        112

/* the buffer may be that much greater than max_size, which is checked later */
#define NGX_GW_PB_SLACK        256

/* positions are 32 bits */
#define NGX_GW_PB_MAX_SIZE     0x7fffff00

/*
 * Levels of one frame: entry of a map, an Any, its value; or entry of a
 * Struct, its Value, the Struct in that; and what no frame is opened for.
 */
#define NGX_GW_PB_LEVELS(n)    ((n) * 4 + 8)

#define NGX_GW_PB_GUESSES      64    /* a power of two */

/* how a scalar is written */
#define NGX_GW_PB_TAG          1     /* with its tag */
#define NGX_GW_PB_FORCE        2     /* even if it is 0 or "" */


#define ngx_gw_pb_is(s, text)                                                 \
    ((s)->len == sizeof(text) - 1                                             \
     && ngx_memcmp((s)->data, text, sizeof(text) - 1) == 0)


/* what an open bracket is of */
typedef enum {
    NGX_GW_PB_IN_MESSAGE = 0,
    NGX_GW_PB_IN_ARRAY,          /* a repeated field */
    NGX_GW_PB_IN_MAP,
    NGX_GW_PB_IN_STRUCT,
    NGX_GW_PB_IN_LIST,           /* ListValue */
    NGX_GW_PB_IN_ANY,            /* its "@type" is looked for */
    NGX_GW_PB_IN_ANY_VALUE,      /* Any of a type with a JSON form of its own:
                                    "value" has it */
    NGX_GW_PB_IN_OBJECT,         /* what is skipped */
    NGX_GW_PB_IN_SKIPPED
} ngx_gw_pb_in_e;


/* something with a length, which is not known before it ends */
typedef struct {
    uint32_t                    pos;    /* of the byte kept for the length */
    uint32_t                    tail;   /* last insertion when it began */
    uint32_t                    extra;  /* bytes to be put in inside of it */
} ngx_gw_pb_level_t;


/*
 * A length that takes more than the byte at pos.  They are linked by ascending
 * position; [0] is the head of the list.
 */
typedef struct {
    uint32_t                    pos;
    uint32_t                    len;
    uint32_t                    next;
} ngx_gw_pb_insert_t;


/* a key of a map, as it stands in what was written */
typedef struct {
    uint32_t                    hash;
    uint32_t                    pos;
    uint32_t                    len;
} ngx_gw_pb_key_t;

typedef struct {
    ngx_gw_pb_key_t            *keys;   /* in the order they came */
    uint32_t                    nkeys;
    uint32_t                    nalloc;

    uint32_t                   *table;  /* open addressing; index + 1 or 0 */
    uint32_t                    mask;
    uint32_t                    size;   /* as allocated */
} ngx_gw_pb_keys_t;


/* an open bracket */
typedef struct {
    uint8_t                     in;     /* ngx_gw_pb_in_e */
    uint8_t                     close;  /* the bracket that closes it */
    unsigned                    first:1;     /* nothing in it so far */
    unsigned                    any:1;       /* a message in an Any */
    unsigned                    typed:1;     /* "@type" was there */
    unsigned                    valued:1;    /* "value" was there */
    unsigned                    mask:1;      /* singular all the way */

    uint32_t                    levels; /* open before it */
    uint32_t                    index;  /* of the item at hand; of a message,
                                           the field behind the last one; of an
                                           Any, its bracket in the text */
    uint32_t                    guess;

    const ngx_gw_pb_message_t  *message;
    const ngx_gw_pb_field_t    *field;  /* of a message, the one at hand */
    const ngx_gw_pb_field_t    *group;  /* to be ended with it */
    ngx_gw_pb_bound_t          *bound;

    const u_char               *name;   /* of the member at hand, as it stands
                                           in the text, or NULL */
    size_t                      nlen;

    /* fields and, behind them, oneofs that were there; in more if it is > 64 */
    uint64_t                    seen;

    /* kept for the next one that is as deep */
    uint64_t                   *more;
    ngx_uint_t                  nmore;
    ngx_gw_pb_keys_t           *keys;
} ngx_gw_pb_frame_t;


/* an object that has "@type", or has one in it that does, found ahead */
typedef struct {
    uint32_t                    start;  /* of its bracket */
    uint32_t                    type;   /* of the value of "@type", or 0 */
} ngx_gw_pb_type_t;

typedef struct {
    const u_char               *from;   /* what was looked through so far */
    const u_char               *pos;
    ngx_gw_pb_type_t           *types;  /* by start */
    uint32_t                    ntypes;
    uint32_t                    nalloc;

    /* of each open bracket the index of its type + 1, or 0: an array */
    uint32_t                    stack[NGX_GW_PB_MAX_DEPTH];
    ngx_uint_t                  depth;
} ngx_gw_pb_ahead_t;


struct ngx_gw_pb_parser_s {
    u_char                     *start;
    u_char                     *last;   /* of what is written */
    u_char                     *limit;

    const u_char               *end;    /* of the text */
    const u_char               *stop;   /* of the budget */

    ngx_gw_pb_frame_t          *frame;  /* the innermost, frames[depth] */
    ngx_gw_pb_level_t          *levels;
    ngx_uint_t                  nlevels;
    ngx_uint_t                  max_levels;

    /* the field that followed on a field, or came first in a message */
    const ngx_gw_pb_field_t    *guesses[NGX_GW_PB_GUESSES];

    ngx_gw_pb_frame_t          *frames;
    ngx_uint_t                  depth;
    ngx_uint_t                  nframes;  /* allocated */

    ngx_gw_pb_insert_t         *inserts;
    ngx_uint_t                  ninserts;
    ngx_uint_t                  max_inserts;
    uint32_t                    tail;
    size_t                      extra;  /* bytes to be put in, all in all */

    ngx_pool_t                 *pool;
    ngx_gw_pb_parse_conf_t      conf;
    const ngx_gw_pb_message_t  *message;
    const ngx_gw_pb_field_t    *field;
    ngx_gw_pb_bound_t          *bound;

    const u_char               *text;
    const u_char               *pos;

    u_char                     *scratch;  /* strings without their escapes */
    size_t                      scratch_size;

    u_char                     *mask;
    size_t                      mask_len;
    size_t                      mask_size;

    ngx_gw_pb_ahead_t          *ahead;

    const ngx_str_t            *binding;  /* the path that is bound */
    ngx_uint_t                  query;

    ngx_int_t                   rc;
    ngx_str_t                   error;

    unsigned                    began:1;
    unsigned                    done:1;
    unsigned                    dropped:1;  /* the last value was, by
                                               ignore_unknown */
};


/*
 * A decimal number is +-digits * 10^exp; with more, a little more than that.
 */
typedef struct {
    uint64_t                    digits;
    int64_t                     exp;
    ngx_uint_t                  minus;
    ngx_uint_t                  more;
} ngx_gw_pb_decimal_t;


/* ngx_gw_pb_parse.c */

/*
 * The frame of the bracket at p, which is to be that one.  With it, levels are
 * closed down to those given.
 */
const u_char *ngx_gw_pb_open_bracket(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_uint_t in, ngx_uint_t levels);
const u_char *ngx_gw_pb_open_message(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *p, ngx_uint_t levels);

/* the innermost frame is of an object of message from now on */
ngx_int_t ngx_gw_pb_enter_message(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message);

/* adds the path to the member at hand */
ngx_int_t ngx_gw_pb_add_mask(ngx_gw_pb_parser_t *parser);


/*
 * ngx_gw_pb_parse_member.c; a member or item of the innermost frame, or more
 * than one
 */

const u_char *ngx_gw_pb_parse_member(ngx_gw_pb_parser_t *parser,
    const u_char *p);
const u_char *ngx_gw_pb_parse_item(ngx_gw_pb_parser_t *parser,
    const u_char *p);
const u_char *ngx_gw_pb_parse_entry(ngx_gw_pb_parser_t *parser,
    const u_char *p);

/* the name of a member, unescaped, or a key that is written; and its colon */
const u_char *ngx_gw_pb_parse_name(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_str_t *name);
const u_char *ngx_gw_pb_parse_entry_key(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *key, const u_char *p);
const u_char *ngx_gw_pb_parse_colon(ngx_gw_pb_parser_t *parser,
    const u_char *p);

/* what a field of a message is given, tags and all; bound may be NULL */
const u_char *ngx_gw_pb_parse_field(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_gw_pb_bound_t *bound);

/* what is in a message; when it ends, levels are closed down to those given */
const u_char *ngx_gw_pb_parse_message(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *p, ngx_uint_t levels);

/* any valid value */
const u_char *ngx_gw_pb_parse_skip(ngx_gw_pb_parser_t *parser,
    const u_char *p);


/* ngx_gw_pb_parse_struct.c */

const u_char *ngx_gw_pb_parse_struct_entry(ngx_gw_pb_parser_t *parser,
    const u_char *p);
const u_char *ngx_gw_pb_parse_list_item(ngx_gw_pb_parser_t *parser,
    const u_char *p);
const u_char *ngx_gw_pb_parse_value(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_uint_t levels);


/* ngx_gw_pb_parse_number.c; they return what is wrong, or NULL */

/* returns what is behind the JSON number at p, or NULL: there is none */
const u_char *ngx_gw_pb_decimal(const u_char *p, const u_char *end,
    ngx_gw_pb_decimal_t *decimal);

/* [p, end) is what decimal was read from */
const char *ngx_gw_pb_double(const u_char *p, const u_char *end,
    const ngx_gw_pb_decimal_t *decimal, double *value);
const char *ngx_gw_pb_float(const u_char *p, const u_char *end,
    const ngx_gw_pb_decimal_t *decimal, float *value);
const char *ngx_gw_pb_integer(const ngx_gw_pb_decimal_t *decimal,
    uint64_t *value);

/* value, its sign apart, as the type has it; negative ones sign-extended */
const char *ngx_gw_pb_fit(ngx_uint_t type, ngx_uint_t minus, uint64_t *value);


/* ngx_gw_pb_parse_value.c */

const u_char *ngx_gw_pb_parse_scalar(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags);
const u_char *ngx_gw_pb_parse_key(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p);

/* of a scalar that is given as text and is no string */
ngx_int_t ngx_gw_pb_parse_plain(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *data, size_t len,
    ngx_uint_t flags);

/* len bytes behind the tag of field; NGX_OK or parser->rc */
ngx_int_t ngx_gw_pb_parse_bytes(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *data, size_t len,
    ngx_uint_t flags);


/* ngx_gw_pb_parse_string.c */

/*
 * p is at the opening quote; what is in the string, without escapes, is in
 * text, which may point to the text or to scratch.
 */
const u_char *ngx_gw_pb_parse_text(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_str_t *text);

/* writes a string at p to the wire, tag is one byte or more, or none */
const u_char *ngx_gw_pb_parse_string(ngx_gw_pb_parser_t *parser,
    const u_char *tag, ngx_uint_t ntag, const u_char *p, ngx_uint_t force);

/* dst has room for len; returns the end of it, or NULL: no base64 */
u_char *ngx_gw_pb_base64(u_char *dst, const u_char *src, size_t len);
/* how many bytes that are */
size_t ngx_gw_pb_base64_len(const u_char *src, size_t len);

/* behind the string whose first character is at p, and is valid */
const u_char *ngx_gw_pb_scan_string(ngx_gw_pb_parser_t *parser,
    const u_char *p, ngx_uint_t *escaped);

ngx_uint_t ngx_gw_pb_is_utf8(const u_char *p, size_t len);


/* ngx_gw_pb_parse_wkt.c */

/* messages whose JSON form is a string; NGX_OK or parser->rc */
ngx_int_t ngx_gw_pb_parse_form(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, const u_char *data, size_t len);


/* ngx_gw_pb_parse_any.c */

/*
 * The object of an Any, which the innermost frame is of.  Returns what is
 * behind its bracket; rc may be NGX_AGAIN, too.
 */
const u_char *ngx_gw_pb_parse_any(ngx_gw_pb_parser_t *parser);

/* "@type" or "value" of an Any whose type has a JSON form of its own */
const u_char *ngx_gw_pb_parse_any_member(ngx_gw_pb_parser_t *parser,
    const u_char *p);


/* ngx_gw_pb_parse_write.c; NGX_OK or parser->rc */

ngx_int_t ngx_gw_pb_grow(ngx_gw_pb_parser_t *parser, size_t n);
ngx_int_t ngx_gw_pb_grow_frames(ngx_gw_pb_parser_t *parser);
ngx_int_t ngx_gw_pb_grow_levels(ngx_gw_pb_parser_t *parser, ngx_uint_t n);
ngx_int_t ngx_gw_pb_close_level(ngx_gw_pb_parser_t *parser);
u_char *ngx_gw_pb_scratch(ngx_gw_pb_parser_t *parser, size_t n);
ngx_int_t ngx_gw_pb_too_large(ngx_gw_pb_parser_t *parser);

/* an array of *nalloc items that is full, doubled; NULL: no memory */
void *ngx_gw_pb_double_array(ngx_gw_pb_parser_t *parser, void *old,
    ngx_uint_t n, ngx_uint_t first, size_t size);

/* the key that was written from pos on; NGX_DECLINED without an error text:
   the map has it already */
ngx_int_t ngx_gw_pb_add_key(ngx_gw_pb_parser_t *parser,
    ngx_gw_pb_frame_t *frame, uint32_t pos);
/* the last one that was added */
void ngx_gw_pb_drop_key(ngx_gw_pb_frame_t *frame);


/* ngx_gw_pb_parse_error.c */

/* NGX_DECLINED with "path: text"; at the text's offset if p is not NULL */
void ngx_gw_pb_failed(ngx_gw_pb_parser_t *parser, const u_char *p,
    const char *fmt, ...);

/* `path: "value" reason`, of the value at p or the one given */
void ngx_gw_pb_bad(ngx_gw_pb_parser_t *parser, const u_char *p,
    const char *reason);
void ngx_gw_pb_bad_text(ngx_gw_pb_parser_t *parser, const u_char *data,
    size_t len, const char *reason);

/* what valid UTF-8 can be made of data, cut at max; returns its end */
u_char *ngx_gw_pb_printable(u_char *dst, const u_char *data, size_t len,
    size_t max);

void ngx_gw_pb_no_memory(ngx_gw_pb_parser_t *parser);


static ngx_inline const u_char *
ngx_gw_pb_spaces(const u_char *p, const u_char *end)
{
    if (p < end && *p > ' ') {
        return p;
    }

#if (NGX_GW_PB_SSE2)

    /* lines are often indented by that much */

    while (end - p >= 16) {
        __m128i       x, space;
        unsigned int  mask;

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
 * Adds the digits at p to the end of value, modulo 2^64, and returns what is
 * behind them.  Eight at a time: how many there are is no branch then.
 */

static ngx_inline const u_char *
ngx_gw_pb_read_digits(const u_char *p, const u_char *end, uint64_t *value)
{
    uint64_t  v;

    v = *value;

#if (NGX_GW_PB_WORDS)

    while (end - p >= 8) {
        uint64_t    x, others;
        ngx_uint_t  n;

        static const uint64_t  powers[] = {
            1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000
        };

        ngx_memcpy(&x, p, 8);

        /* digits become 0 to 9; a carry may only reach what is behind others */

        x ^= 0x3030303030303030;
        others = ((x + 0x7676767676767676) | x) & 0x8080808080808080;

        n = others ? __builtin_ctzll(others) / 8 : 8;

        if (n == 0) {
            *value = v;
            return p;
        }

        /* zeros in front; then pairs, fours and all eight are put together */

        x <<= 64 - 8 * n;
        x = x * 10 + (x >> 8);
        x = ((x & 0x000000ff000000ff) * 0x000f424000000064
             + ((x >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;

        v = v * powers[n] + x;
        p += n;

        if (n < 8) {
            *value = v;
            return p;
        }
    }

#endif

    while (p < end && (u_char) (*p - '0') <= 9) {
        v = v * 10 + (*p++ - '0');
    }

    *value = v;

    return p;
}


/* there is room for 16 bytes */

static ngx_inline u_char *
ngx_gw_pb_put_varint(u_char *dst, uint64_t value)
{
#if (NGX_GW_PB_WORDS)

    uint64_t    x;
    ngx_uint_t  n;

    if (value < 0x80) {
        *dst = (u_char) value;
        return dst + 1;
    }

    /* 7 bits to a byte */

    x = value & 0x00ffffffffffffff;
    x = ((x & 0x00fffffff0000000) << 4) | (x & 0x000000000fffffff);
    x = ((x & 0x0fffc0000fffc000) << 2) | (x & 0x00003fff00003fff);
    x = ((x & 0x3f803f803f803f80) << 1) | (x & 0x007f007f007f007f);

    if (value >> 56 == 0) {
        n = ngx_gw_pb_varint_len(value);
        x |= 0x8080808080808080 >> (72 - 8 * n);
        ngx_memcpy(dst, &x, 8);
        return dst + n;
    }

    x |= 0x8080808080808080;
    ngx_memcpy(dst, &x, 8);

    dst[8] = (u_char) (value >> 56);
    dst[9] = 1;

    return dst + 9 + (value >> 63);

#else

    return ngx_gw_pb_write_varint(dst, value);

#endif
}


static ngx_inline ngx_uint_t
ngx_gw_pb_is_null(ngx_gw_pb_parser_t *parser, const u_char *p)
{
    return *p == 'n' && parser->end - p >= 4 && ngx_memcmp(p, "null", 4) == 0;
}


/* null is a value of it, and not "no value" */

static ngx_inline ngx_uint_t
ngx_gw_pb_takes_null(const ngx_gw_pb_field_t *field)
{
    if (field->type == NGX_GW_PB_ENUM) {
        return field->enumeration->null_value;
    }

    return field->type == NGX_GW_PB_MESSAGE
           && field->message->kind == NGX_GW_PB_VALUE;
}


/* its JSON is not an object of its fields */

static ngx_inline ngx_uint_t
ngx_gw_pb_has_form(const ngx_gw_pb_message_t *message)
{
    return message->kind != NGX_GW_PB_PLAIN
           && message->kind != NGX_GW_PB_HTTP_BODY;
}


/* in a mask of fields it stands for all of what is in it */

static ngx_inline ngx_uint_t
ngx_gw_pb_is_leaf(const ngx_gw_pb_field_t *field)
{
    return field->repeated
           || field->message == NULL
           || ngx_gw_pb_has_form(field->message);
}


/* where in parser->guesses is what follows on a field or begins a message */

static ngx_inline uint32_t
ngx_gw_pb_guess(const void *p)
{
    return (uint32_t) (((uintptr_t) p * 0x9e3779b97f4a7c15ull) >> 32)
           & (NGX_GW_PB_GUESSES - 1);
}


/* there is room for n bytes, or NGX_ERROR or NGX_ABORT */

static ngx_inline ngx_int_t
ngx_gw_pb_room(ngx_gw_pb_parser_t *parser, size_t n)
{
    if ((size_t) (parser->limit - parser->last) >= n) {
        return NGX_OK;
    }

    return ngx_gw_pb_grow(parser, n);
}


static ngx_inline u_char *
ngx_gw_pb_put_tag(u_char *dst, const u_char *tag, ngx_uint_t ntag)
{
    while (ntag--) {
        *dst++ = *tag++;
    }

    return dst;
}


static ngx_inline u_char *
ngx_gw_pb_put32(u_char *dst, uint32_t value)
{
    dst[0] = (u_char) value;
    dst[1] = (u_char) (value >> 8);
    dst[2] = (u_char) (value >> 16);
    dst[3] = (u_char) (value >> 24);

    return dst + 4;
}


static ngx_inline u_char *
ngx_gw_pb_put64(u_char *dst, uint64_t value)
{
    dst = ngx_gw_pb_put32(dst, (uint32_t) value);

    return ngx_gw_pb_put32(dst, (uint32_t) (value >> 32));
}


/* begins something with a length; there is room for a byte */

static ngx_inline void
ngx_gw_pb_open_level(ngx_gw_pb_parser_t *parser)
{
    ngx_gw_pb_level_t  *level;

    level = &parser->levels[parser->nlevels++];

    level->pos = (uint32_t) (parser->last - parser->start);
    level->tail = parser->tail;
    level->extra = 0;

    parser->last++;
}


static ngx_inline ngx_int_t
ngx_gw_pb_close_levels(ngx_gw_pb_parser_t *parser, ngx_uint_t n)
{
    while (parser->nlevels > n) {
        if (ngx_gw_pb_close_level(parser) != NGX_OK) {
            return parser->rc;
        }
    }

    return NGX_OK;
}


#endif /* _NGX_GW_PB_PARSE_INTERNAL_H_INCLUDED_ */
