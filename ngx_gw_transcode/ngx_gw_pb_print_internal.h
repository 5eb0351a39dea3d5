
/*
 * What the files of ngx_gw_pb_print share, and nobody else needs.
 *
 * Functions that write take where to write and return where they have ended;
 * NULL is an error, which is in pr->rc then.  Behind each value there is a
 * comma, which what closes the brackets takes back; for that the byte before
 * dst is always the one that was written last, also in a new buffer.
 */


#ifndef _NGX_GW_PB_PRINT_INTERNAL_H_INCLUDED_
#define _NGX_GW_PB_PRINT_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_pb.h"
#include "ngx_gw_pb_print.h"


/*
 * There is room for that much where a value begins: a map's key, or a bracket,
 * and a scalar, the name of an enum if it is short, a comma, and what is
 * written in excess.
 */
#define NGX_GW_PB_PRINT_ROOM     128
#define NGX_GW_PB_PRINT_SHORT    64

/* texts longer than that are copied piece by piece */
#define NGX_GW_PB_PRINT_TEXT     1024

/* the sizes of buffers; even a small one has room for a text and a value */
#define NGX_GW_PB_PRINT_SMALL    2048
#define NGX_GW_PB_PRINT_BUFFER   32768

#define NGX_GW_PB_PRINT_ERROR    512

/* the fields of Any and of the entries of maps */
#define NGX_GW_PB_PRINT_FIRST    1
#define NGX_GW_PB_PRINT_SECOND   2


/* a message that is being printed */
typedef struct {
    const ngx_gw_pb_message_t  *message;
    const ngx_gw_pb_field_t    *field;    /* printed last, its list is open */
    const ngx_gw_pb_field_t    *only;     /* all that is to be printed */

    const u_char               *pos;      /* behind what is printed now */
    const u_char               *end;      /* of a group: of what it is in */

    uint64_t                    seen;     /* bits by index, or see ascending */
    uint64_t                    oneofs;

    /* sorted: its fields in pr->keys, the next one and behind the last one */
    uint32_t                    key;
    uint32_t                    last_key;
    uint32_t                    first_key;

    uint32_t                    group;    /* number; 0: none, or it is over */
    uint32_t                    next;     /* index behind the greatest seen */
    uint32_t                    depth;
    u_char                      close;    /* what the open list ends with */

    unsigned                    bare:1;   /* neither braces nor names */
    unsigned                    gaps:1;   /* print what is not set */
    unsigned                    ascending:1;
    unsigned                    simple:1;  /* none of these, and no lines */
    unsigned                    sorted:1;
    unsigned                    printed:1;
} ngx_gw_pb_print_frame_t;


/* one or more pieces of the wire that are one message */
typedef struct {
    const u_char               *pos;
    const u_char               *end;
    uint32_t                    key;      /* of the next piece */
    uint32_t                    last_key;
    uint32_t                    group;
} ngx_gw_pb_print_part_t;


/* an entry of a map; of strings and messages v is the length */
typedef struct {
    const u_char               *key;      /* NULL: not there */
    const u_char               *value;
    uint64_t                    key_v;
    uint64_t                    value_v;
    ngx_uint_t                  nvalues;
} ngx_gw_pb_print_entry_t;


/* where output may be taken back to */
typedef struct {
    ngx_chain_t                *link;
    u_char                     *dst;
    u_char                     *start;
    size_t                      written;
} ngx_gw_pb_print_mark_t;


/* a key of a map that was seen */
typedef struct {
    uint64_t                    v;
    const u_char               *data;     /* NULL: v is the key, not a length */
} ngx_gw_pb_print_key_t;


struct ngx_gw_pb_printer_s {
    ngx_pool_t                 *pool;
    ngx_gw_pb_print_conf_t      conf;

    size_t                      name;     /* offset of the name in a field */
    ngx_uint_t                  level;    /* of brackets */
    ngx_uint_t                  careful;  /* messages were out of order */
    ngx_uint_t                  excess;   /* the limit was reached */
    ngx_int_t                   rc;

    /* output */
    u_char                     *end;      /* of the buffer */
    u_char                     *start;    /* in it, of what is being printed */
    size_t                      written;  /* in those before it */
    size_t                      limit;    /* to what is written; 0: none */
    ngx_chain_t                *link;     /* of the buffer */
    ngx_chain_t               **undo;     /* to the first buffer that is new */
    ngx_chain_t                *tail;     /* the one before it, if that is */
    u_char                     *tail_last;  /* written to as well */
    ngx_chain_t                *head;     /* of the chain that link is of */
    ngx_chain_t                *free;

    /* input */
    const ngx_gw_pb_message_t  *root;     /* what wire is */
    const u_char               *wire;
    const u_char               *wire_end;
    size_t                      work;     /* bytes of groups looked at again */

    ngx_gw_pb_print_frame_t    *frames;
    ngx_gw_pb_print_frame_t    *frame;    /* the innermost */
    ngx_uint_t                  nframes;

    /* of sorted messages: index << 32 | offset of the tag in the wire */
    uint64_t                   *keys;
    uint32_t                    nkeys;
    uint32_t                    max_keys;

    /* for keys of a map */
    ngx_gw_pb_print_key_t      *entries;
    uint32_t                    nentries;
    uint32_t                    max_entries;
    size_t                      nslots;   /* of the table; 0: not yet */

    /* for oneofs and keys of a map */
    uint32_t                   *table;
    size_t                      max_table;

    ngx_str_t                   error;
};


extern const u_char               ngx_gw_pb_print_digits[200];
extern const ngx_gw_pb_message_t  ngx_gw_pb_print_any_message;


/* ngx_gw_pb_print.c */

u_char *ngx_gw_pb_print_begin(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, const ngx_gw_pb_field_t *field, u_char *dst);
u_char *ngx_gw_pb_print_submessage(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_part_t *part,
    ngx_uint_t depth, u_char *dst);
ngx_gw_pb_print_frame_t *ngx_gw_pb_print_push(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char *pos, const u_char *end,
    ngx_uint_t depth);
ngx_int_t ngx_gw_pb_print_run(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const u_char *wire, size_t len, u_char **dst);

/* 1: these values, of wire type wire, are some that the field has */
ngx_uint_t ngx_gw_pb_print_counts(const ngx_gw_pb_field_t *field,
    ngx_uint_t wire, const u_char *p, uint64_t v);

u_char *ngx_gw_pb_print_default(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, u_char *dst);

u_char *ngx_gw_pb_print_error_text(ngx_gw_pb_printer_t *pr);
/* returns NULL */
u_char *ngx_gw_pb_print_refuse(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const char *text);


/* ngx_gw_pb_print_map.c */

/* the entry of len bytes at p, the tag of which is at at */
u_char *ngx_gw_pb_print_map(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, const ngx_gw_pb_field_t *field,
    const u_char *at, const u_char *p, size_t len, u_char *dst);
/* fields 1 and 2 of these wire types, the last ones; NGX_OK, NGX_DECLINED */
ngx_int_t ngx_gw_pb_print_pair(const u_char *p, const u_char *end,
    ngx_uint_t first, ngx_uint_t second, ngx_gw_pb_print_entry_t *e);
/* NGX_OK; NGX_DONE: it is no entry, its value being unknown; NGX_DECLINED */
ngx_int_t ngx_gw_pb_print_entry(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, const u_char *p, const u_char *end,
    ngx_gw_pb_print_entry_t *e);


/* ngx_gw_pb_print_out.c: buffers */

u_char *ngx_gw_pb_print_open(ngx_gw_pb_printer_t *pr, ngx_chain_t **out,
    size_t hint);
void ngx_gw_pb_print_commit(ngx_gw_pb_printer_t *pr, u_char *dst,
    ngx_chain_t **out, size_t *len);
void ngx_gw_pb_print_abort(ngx_gw_pb_printer_t *pr);
void ngx_gw_pb_print_mark(ngx_gw_pb_printer_t *pr, u_char *dst,
    ngx_gw_pb_print_mark_t *mark);
u_char *ngx_gw_pb_print_back(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_mark_t *mark);
/* room for n bytes, not more than NGX_GW_PB_PRINT_SMALL - 1 */
u_char *ngx_gw_pb_print_more(ngx_gw_pb_printer_t *pr, u_char *dst, size_t n);
/* text of any length; room for a scalar behind it */
u_char *ngx_gw_pb_print_text(ngx_gw_pb_printer_t *pr, const u_char *text,
    size_t n, u_char *dst);
/* memory for n elements in place of what has room for *max and holds used */
void *ngx_gw_pb_print_grow(ngx_gw_pb_printer_t *pr, void *old, size_t size,
    size_t used, size_t n);


/* ngx_gw_pb_print_string.c: room for a scalar is behind what they write */

/*
 * A string with its quotes.  Up to limit there may be read.  NULL with
 * NGX_DECLINED in pr->rc, and no text yet: it is not UTF-8.
 */
u_char *ngx_gw_pb_print_string(ngx_gw_pb_printer_t *pr, const u_char *p,
    size_t len, const u_char *limit, u_char *dst);
u_char *ngx_gw_pb_print_base64(ngx_gw_pb_printer_t *pr, const u_char *p,
    size_t len, u_char *dst);
/* replaces what is not UTF-8 */
u_char *ngx_gw_pb_print_lossy(ngx_gw_pb_printer_t *pr, const u_char *p,
    size_t len, u_char *dst);


/* ngx_gw_pb_print_number.c: at most 26 bytes are written */

u_char *ngx_gw_pb_print_uint64(u_char *dst, uint64_t v);
u_char *ngx_gw_pb_print_double(u_char *dst, double v);
u_char *ngx_gw_pb_print_float(u_char *dst, float v);


/* ngx_gw_pb_print_wkt.c: messages that have a form of their own */

u_char *ngx_gw_pb_print_known(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_print_part_t *part,
    ngx_uint_t depth, u_char *dst);


/* ngx_gw_pb_print_sort.c: fields that come in any order */

/*
 * Looks whether fields of the frame can be printed as they come, and sorts
 * them otherwise.
 */
ngx_int_t ngx_gw_pb_print_prepare(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, ngx_gw_pb_print_part_t *part);
/* the next piece of a message; NGX_DONE: there is none */
ngx_int_t ngx_gw_pb_print_next_part(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_part_t *part);
/* puts a field into pr->keys; NGX_OK, NGX_ERROR, NGX_DECLINED */
ngx_int_t ngx_gw_pb_print_add_key(ngx_gw_pb_printer_t *pr, uint64_t index,
    const u_char *p);
/* NGX_OK: no two entries of the map, the first of which is at p, are the same;
   NGX_AGAIN: some are */
ngx_int_t ngx_gw_pb_print_unique(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const u_char *p, const u_char *end, uint32_t group);
/* skips what is behind a tag, and counts how often groups are skipped */
const u_char *ngx_gw_pb_print_skip(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const u_char *p, const u_char *end, uint32_t tag);


/*
 * Notes that a field comes.  NGX_AGAIN: it has come before, or another one of
 * its oneof, so that it cannot be printed as it comes.
 */

static ngx_inline ngx_int_t
ngx_gw_pb_print_first(ngx_gw_pb_print_frame_t *fr,
    const ngx_gw_pb_field_t *field)
{
    uint64_t  bit;

    fr->field = field;

    if (fr->ascending) {

        if (field->index < fr->next) {
            return NGX_AGAIN;
        }

        fr->next = field->index + 1;

    } else {
        bit = 1ull << field->index;

        if (fr->seen & bit) {
            return NGX_AGAIN;
        }

        fr->seen |= bit;
    }

    if (field->oneof && !fr->sorted) {

        /* of more than 64, some are taken for the same */

        bit = 1ull << (field->oneof & 63);

        if (fr->oneofs & bit) {
            return NGX_AGAIN;
        }

        fr->oneofs |= bit;
    }

    return NGX_OK;
}


static ngx_inline u_char *
ngx_gw_pb_print_room(ngx_gw_pb_printer_t *pr, u_char *dst, size_t n)
{
    if ((size_t) (pr->end - dst) >= n) {
        return dst;
    }

    return ngx_gw_pb_print_more(pr, dst, n);
}


/* a new line, if there are to be lines; there is room for a scalar then */

u_char *ngx_gw_pb_print_indent(ngx_gw_pb_printer_t *pr, u_char *dst);

static ngx_inline u_char *
ngx_gw_pb_print_line(ngx_gw_pb_printer_t *pr, u_char *dst)
{
    if (pr->conf.indent) {
        return ngx_gw_pb_print_indent(pr, dst);
    }

    return ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
}


/* a closing bracket and a comma */

static ngx_inline u_char *
ngx_gw_pb_print_close(ngx_gw_pb_printer_t *pr, u_char *dst, u_char bracket)
{
    pr->level--;

    if (dst[-1] == ',') {

        if (!pr->conf.indent) {
            dst[-1] = bracket;

            dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
            if (dst) {
                *dst++ = ',';
            }

            return dst;
        }

        dst = ngx_gw_pb_print_indent(pr, dst - 1);

    } else {
        dst = ngx_gw_pb_print_room(pr, dst, NGX_GW_PB_PRINT_ROOM);
    }

    if (dst) {
        *dst++ = bracket;
        *dst++ = ',';
    }

    return dst;
}


/* a text of at most NGX_GW_PB_PRINT_TEXT bytes, which there is room for */

static ngx_inline u_char *
ngx_gw_pb_print_copy(u_char *dst, const u_char *p, size_t n)
{
    u_char  *last;

    if (n > 16) {
        last = dst + n;

        do {
            ngx_memcpy(dst, p, 16);
            dst += 16;
            p += 16;
            n -= 16;
        } while (n > 16);

        ngx_memcpy(last - 16, p + n - 16, 16);

        return last;
    }

    if (n >= 8) {
        ngx_memcpy(dst, p, 8);
        ngx_memcpy(dst + n - 8, p + n - 8, 8);

        return dst + n;
    }

    if (n >= 4) {
        ngx_memcpy(dst, p, 4);
        ngx_memcpy(dst + n - 4, p + n - 4, 4);

        return dst + n;
    }

    while (n--) {
        *dst++ = *p++;
    }

    return dst;
}


#endif /* _NGX_GW_PB_PRINT_INTERNAL_H_INCLUDED_ */
