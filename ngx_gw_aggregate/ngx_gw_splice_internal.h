
/*
 * What the files of ngx_gw_splice and the plans share, and nobody else needs.
 */


#ifndef _NGX_GW_SPLICE_INTERNAL_H_INCLUDED_
#define _NGX_GW_SPLICE_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_splice.h"


/* longest text and result: offsets are 32 bits */
#define NGX_GW_SPLICE_MAX_LEN  0x7fffffff

/* memory up to this size is the pool's, longer one is malloc()'s */
#define NGX_GW_SPLICE_SMALL    4096

/* what is first asked for when only some of a text is wanted */
#define NGX_GW_SPLICE_FIRST    512

/* a name or an index that no step of a path is; also "no variable" */
#define NGX_GW_PLAN_NONE       ((uint32_t) -1)

/* what is expected */
#define NGX_GW_SPLICE_VALUE       0
#define NGX_GW_SPLICE_FIRST_ITEM  1    /* or the end of the array */
#define NGX_GW_SPLICE_NAME        2
#define NGX_GW_SPLICE_FIRST_NAME  3    /* or the end of the object */
#define NGX_GW_SPLICE_COLON       4
#define NGX_GW_SPLICE_BEHIND      5    /* comma or bracket */
#define NGX_GW_SPLICE_DONE        6

/* tokens that may go on in the next piece */
#define NGX_GW_SPLICE_IN_STRING   1
#define NGX_GW_SPLICE_IN_NUMBER   2
#define NGX_GW_SPLICE_IN_LITERAL  3
#define NGX_GW_SPLICE_IN_MARK     4    /* a byte order mark, perhaps */

/* where in a string */
#define NGX_GW_SPLICE_PLAIN       0
#define NGX_GW_SPLICE_ESCAPE      1    /* behind a backslash */
#define NGX_GW_SPLICE_HEX         2
#define NGX_GW_SPLICE_CHAR        3    /* within one of several bytes */

/* where in a number; from ZERO on it may end */
#define NGX_GW_SPLICE_MINUS       0
#define NGX_GW_SPLICE_POINT       1
#define NGX_GW_SPLICE_E           2
#define NGX_GW_SPLICE_E_SIGN      3
#define NGX_GW_SPLICE_ZERO        4
#define NGX_GW_SPLICE_INT         5
#define NGX_GW_SPLICE_FRACTION    6
#define NGX_GW_SPLICE_EXPONENT    7


typedef struct ngx_gw_plan_node_s  ngx_gw_plan_node_t;
typedef struct ngx_gw_plan_raw_s   ngx_gw_plan_raw_t;


typedef struct {
    ngx_str_t                  name;     /* unescaped */
    uint32_t                   hash;
    const ngx_gw_plan_node_t  *node;
} ngx_gw_plan_name_t;


typedef struct {
    uint32_t                   index;
    const ngx_gw_plan_node_t  *node;
} ngx_gw_plan_item_t;


/* a value that paths of a plan end at or lead through */
struct ngx_gw_plan_node_s {
    ngx_gw_plan_name_t        *names;    /* members, if it is an object */
    ngx_uint_t                 nnames;
    uint16_t                  *table;    /* by hash, index in names + 1; NULL
                                            if there are few */
    uint32_t                   mask;

    ngx_gw_plan_item_t        *items;    /* by index, if it is an array */
    ngx_uint_t                 nitems;
    const ngx_gw_plan_node_t  *star;     /* other items of the array */

    uint32_t                   slot;     /* the value is picked */
    uint32_t                  *slots;    /* of all picked here and below */
    ngx_uint_t                 nslots;

    ngx_str_t                  rename;   /* with quotes; data NULL: none */

    unsigned                   select:1;
    unsigned                   selects:1;  /* here or below */
    unsigned                   keep:1;     /* as a whole */
    unsigned                   some:1;     /* something below is kept */
    unsigned                   drop:1;
};


struct ngx_gw_plan_s {
    ngx_pool_t                *pool;

    ngx_gw_plan_raw_t         *pointers;
    ngx_gw_plan_raw_t         *fields;

    const ngx_gw_plan_node_t  *root;     /* of pointers: select and pick */
    const ngx_gw_plan_node_t  *selected; /* of fields; NULL: there are none */

    uint32_t                  *variables; /* their slots */
    ngx_uint_t                 nvariables;
    ngx_uint_t                 nslots;
    ngx_uint_t                 nnodes;
    size_t                     max_name;  /* longest name in any path */

    unsigned                   select:1;  /* a line has said what */
    unsigned                   keep:1;    /* what is not named is left out */
    unsigned                   object:1;
    unsigned                   whole:1;   /* nearly all is wanted */
};


/* bytes that become more */
typedef struct {
    u_char                    *data;
    size_t                     len;
    size_t                     size;
    ngx_uint_t                 heap;     /* data is malloc()'s */
} ngx_gw_splice_buf_t;


/* a picked value */
typedef struct {
    ngx_gw_splice_buf_t        buf;
    const u_char              *from;     /* of what is not copied yet */
    ngx_uint_t                 type;
    ngx_gw_picked_t            picked;
} ngx_gw_splice_slot_t;


/*
 * An open object or array whose members or items are looked at, and the one of
 * them that is at hand.
 */
typedef struct {
    const ngx_gw_plan_node_t  *pointer;  /* where this is in the two tries */
    const ngx_gw_plan_node_t  *field;
    const ngx_gw_plan_node_t  *member_pointer;
    const ngx_gw_plan_node_t  *member_field;

    size_t                     end;      /* offset in the result behind the
                                            last kept member, or the bracket */
    size_t                     name;     /* offset of the quote */

    uint32_t                   index;    /* of the next item */
    uint32_t                   kept;     /* members so far */

    u_char                     array;
    u_char                     inside;   /* of what was selected */
    u_char                     all;      /* kept, if nothing says drop */
    u_char                     dropped;  /* the member at hand */

    uint16_t                   pi;       /* items of pointer, and of field, */
    uint16_t                   fi;       /* that are behind */
} ngx_gw_splice_frame_t;


struct ngx_gw_splice_s {
    ngx_uint_t                 state;
    ngx_uint_t                 token;    /* that the last piece ended in */
    ngx_uint_t                 depth;
    ngx_uint_t                 max_depth;
    ngx_uint_t                 hook;     /* depth of values to look at; none
                                            that is looked at is deeper */

    u_char                    *nest;     /* by depth: is it an object? */
    u_char                     object;   /* the innermost is */
    u_char                     escaped;  /* the string at hand */
    u_char                     name;     /* within a name */
    u_char                     copying;

    /* within a token */
    u_char                     part;
    u_char                     left;     /* hexadecimal digits, or bytes of a
                                            character */
    u_char                     low;      /* bounds of the next byte of it */
    u_char                     high;
    u_char                     number;
    const u_char              *literal;

    const u_char              *data;     /* the piece */
    const u_char              *from;     /* of it, to be copied */
    const u_char              *member;   /* the name at hand, if it began in
                                            this piece */

    ngx_gw_splice_frame_t     *frame;    /* the innermost */
    ngx_gw_splice_frame_t     *frames;
    ngx_uint_t                 nframes;

    ngx_gw_splice_buf_t        result;
    ngx_gw_splice_buf_t        partial;  /* a name that came in pieces */
    ngx_gw_splice_buf_t        scratch;

    ngx_gw_splice_slot_t      *slots;
    uint32_t                  *active;   /* slots that are being filled */
    ngx_uint_t                 nactive;

    ngx_uint_t                 type;     /* of what was selected */

    const ngx_gw_plan_t       *plan;
    ngx_pool_t                *pool;
    ngx_pool_cleanup_t        *cleanup;
    size_t                     max_size;
    size_t                     length;
    size_t                     offset;   /* of the piece in the text */
    ngx_int_t                  rc;
    ngx_gw_splice_error_e      error;
};


/* the plan of a text without one */
extern const ngx_gw_plan_t  ngx_gw_plan_all;


/* room for n bytes more; not NGX_OK: s->rc says what */
ngx_int_t ngx_gw_splice_room(ngx_gw_splice_t *s, ngx_gw_splice_buf_t *buf,
    size_t n);
ngx_int_t ngx_gw_splice_append(ngx_gw_splice_t *s, ngx_gw_splice_buf_t *buf,
    const u_char *data, size_t len);

/* refuses the text; returns NULL */
u_char *ngx_gw_splice_refuse(ngx_gw_splice_t *s, const u_char *p,
    ngx_gw_splice_error_e error);

/*
 * What is done at values and names that the plan knows: p is where it begins,
 * or what is behind it; at ends of objects and arrays the bracket.  Not
 * NGX_OK: s->rc says what.
 */
ngx_int_t ngx_gw_splice_value_begin(ngx_gw_splice_t *s, const u_char *p,
    ngx_uint_t type);
ngx_int_t ngx_gw_splice_value_end(ngx_gw_splice_t *s, const u_char *p);
void ngx_gw_splice_name_begin(ngx_gw_splice_t *s, const u_char *p);
ngx_int_t ngx_gw_splice_name_end(ngx_gw_splice_t *s, const u_char *p);
void ngx_gw_splice_comma(ngx_gw_splice_t *s, const u_char *p);
void ngx_gw_splice_close(ngx_gw_splice_t *s, const u_char *p);

/* a piece begins; a piece ends, and what is wanted of it is copied */
void ngx_gw_splice_piece_begin(ngx_gw_splice_t *s, const u_char *p);
ngx_int_t ngx_gw_splice_piece_end(ngx_gw_splice_t *s, const u_char *end);

/*
 * Unescapes len bytes without quotes; dst has room for as many.  An unpaired
 * surrogate becomes the three bytes that UTF-8 would have for it, so that
 * different names stay different.
 */
u_char *ngx_gw_splice_unescape(u_char *dst, const u_char *src, size_t len);

/*
 * Tokens, from p on, which end in the piece or are left to the next one; what
 * is behind them.  NULL: s->rc says what.
 */

/* what the piece before has ended in */
const u_char *ngx_gw_splice_resume(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);

/* within a string, s->part says where */
const u_char *ngx_gw_splice_string(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);

/* at its first character */
const u_char *ngx_gw_splice_number(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);

/* s->literal is what is left of it */
const u_char *ngx_gw_splice_literal(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);

/* p is at something that must not be there: NULL, or it goes on */
const u_char *ngx_gw_splice_unexpected(ngx_gw_splice_t *s, const u_char *p,
    const u_char *end);


/* behind a value that ends before p */

static ngx_inline const u_char *
ngx_gw_splice_value_done(ngx_gw_splice_t *s, const u_char *p)
{
    s->state = s->depth ? NGX_GW_SPLICE_BEHIND : NGX_GW_SPLICE_DONE;

    if (s->depth == s->hook && ngx_gw_splice_value_end(s, p) != NGX_OK) {
        return NULL;
    }

    return p;
}


/* the string at hand is complete, p is behind it */

static ngx_inline const u_char *
ngx_gw_splice_string_done(ngx_gw_splice_t *s, const u_char *p)
{
    if (!s->name) {
        return ngx_gw_splice_value_done(s, p);
    }

    s->name = 0;
    s->state = NGX_GW_SPLICE_COLON;

    if (s->depth == s->hook && ngx_gw_splice_name_end(s, p) != NGX_OK) {
        return NULL;
    }

    return p;
}


#endif /* _NGX_GW_SPLICE_INTERNAL_H_INCLUDED_ */
