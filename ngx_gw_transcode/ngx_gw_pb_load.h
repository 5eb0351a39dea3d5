
/*
 * What the files of the loader share, and nobody else needs.
 *
 * A load goes through three steps: the texts are decoded into raw descriptors
 * (ngx_gw_pb_load_raw.c), files and symbols are put into tables by name
 * (ngx_gw_pb_load.c), and what refers to them is linked and compiled into the
 * tables of the schema (ngx_gw_pb_load_link.c and the rest).
 *
 * Raw descriptors are in a pool of their own that ends with the load.  Their
 * strings point into the texts; one that is absent has data NULL.
 *
 * Functions that return ngx_int_t: NGX_OK; NGX_ERROR: no memory;
 * NGX_DECLINED: load->error says what is wrong.
 */


#ifndef _NGX_GW_PB_LOAD_H_INCLUDED_
#define _NGX_GW_PB_LOAD_H_INCLUDED_


#include "ngx_gw_pb.h"


/* deepest nesting of definitions of messages */
#define NGX_GW_PB_MAX_NESTED     64

/* longest full name, and longest message of an error */
#define NGX_GW_PB_MAX_NAME       1024
#define NGX_GW_PB_MAX_ERROR      1024

/* most fields, values, oneofs, methods, bindings; indexes are 16 bits */
#define NGX_GW_PB_MAX_MEMBERS    65535

/* most messages and enums of a schema, and the largest text */
#define NGX_GW_PB_MAX_TYPES      (1 << 20)
#define NGX_GW_PB_MAX_TEXT       (256 * 1024 * 1024)

#define NGX_GW_PB_MAX_NUMBER     536870911

/* google.protobuf.Edition */
#define NGX_GW_PB_PROTO2         998
#define NGX_GW_PB_PROTO3         999
#define NGX_GW_PB_2023           1000
#define NGX_GW_PB_2024           1001

/* google.protobuf.FeatureSet; 0 is "as the parent has it" */
#define NGX_GW_PB_EXPLICIT           1
#define NGX_GW_PB_IMPLICIT           2
#define NGX_GW_PB_LEGACY_REQUIRED    3
#define NGX_GW_PB_OPEN               1
#define NGX_GW_PB_CLOSED             2
#define NGX_GW_PB_PACKED             1
#define NGX_GW_PB_EXPANDED           2
#define NGX_GW_PB_VERIFY             2
#define NGX_GW_PB_NO_VERIFY          3
#define NGX_GW_PB_LENGTH_PREFIXED    1
#define NGX_GW_PB_DELIMITED          2
#define NGX_GW_PB_ALLOW              1
#define NGX_GW_PB_LEGACY_BEST_EFFORT 2

#define NGX_GW_PB_PRESENCE_FEATURE   0
#define NGX_GW_PB_ENUM_FEATURE       1
#define NGX_GW_PB_REPEATED_FEATURE   2
#define NGX_GW_PB_UTF8_FEATURE       3
#define NGX_GW_PB_MESSAGE_FEATURE    4
#define NGX_GW_PB_JSON_FEATURE       5
#define NGX_GW_PB_FEATURES           6

#define NGX_GW_PB_OPTIONAL       1
#define NGX_GW_PB_REQUIRED       2
#define NGX_GW_PB_REPEATED       3

#define ngx_gw_pb_tag(number, wire)  ((number) << 3 | NGX_GW_PB_##wire)

#define ngx_gw_pb_same(a, b)                                                  \
    ((a)->len == (b)->len                                                     \
     && ((a)->len == 0 || ngx_memcmp((a)->data, (b)->data, (a)->len) == 0))


typedef struct ngx_gw_pb_raw_file_s     ngx_gw_pb_raw_file_t;
typedef struct ngx_gw_pb_raw_message_s  ngx_gw_pb_raw_message_t;
typedef struct ngx_gw_pb_raw_field_s    ngx_gw_pb_raw_field_t;
typedef struct ngx_gw_pb_raw_enum_s     ngx_gw_pb_raw_enum_t;
typedef struct ngx_gw_pb_raw_value_s    ngx_gw_pb_raw_value_t;
typedef struct ngx_gw_pb_raw_service_s  ngx_gw_pb_raw_service_t;
typedef struct ngx_gw_pb_raw_method_s   ngx_gw_pb_raw_method_t;
typedef struct ngx_gw_pb_raw_name_s     ngx_gw_pb_raw_name_t;
typedef struct ngx_gw_pb_raw_range_s    ngx_gw_pb_raw_range_t;


typedef struct {
    uint8_t                    set[NGX_GW_PB_FEATURES];
} ngx_gw_pb_features_t;


struct ngx_gw_pb_raw_name_s {
    ngx_gw_pb_raw_name_t      *next;
    ngx_str_t                  name;
};


struct ngx_gw_pb_raw_range_s {
    ngx_gw_pb_raw_range_t     *next;
    int32_t                    start;
    int32_t                    end;      /* behind the last; an enum's: last */
};


struct ngx_gw_pb_raw_field_s {
    ngx_gw_pb_raw_field_t     *next;
    ngx_gw_pb_raw_file_t      *file;
    ngx_gw_pb_raw_message_t   *scope;    /* where it is defined, or NULL */
    ngx_str_t                  bytes;

    ngx_str_t                  name;
    ngx_str_t                  full;     /* of an extension */
    ngx_str_t                  extendee;
    ngx_str_t                  type_name;
    ngx_str_t                  default_value;
    ngx_str_t                  json_name;
    int32_t                    number;
    int32_t                    label;
    int32_t                    type;
    int32_t                    oneof;
    ngx_gw_pb_features_t       features;

    unsigned                   in_oneof:1;
    unsigned                   proto3_optional:1;
    unsigned                   has_packed:1;
    unsigned                   packed:1;
    unsigned                   extension:1;
    unsigned                   skipped:1;    /* another file has the same */

    ngx_gw_pb_raw_field_t     *sibling;      /* extensions of one message */
};


struct ngx_gw_pb_raw_message_s {
    ngx_gw_pb_raw_message_t   *next;
    ngx_gw_pb_raw_file_t      *file;
    ngx_gw_pb_raw_message_t   *parent;
    ngx_str_t                  bytes;

    ngx_str_t                  name;
    ngx_str_t                  full;
    ngx_gw_pb_raw_field_t     *fields;
    ngx_gw_pb_raw_field_t    **last_field;
    ngx_uint_t                 nfields;
    ngx_gw_pb_raw_name_t      *oneofs;
    ngx_gw_pb_raw_name_t     **last_oneof;
    ngx_uint_t                 noneofs;
    ngx_gw_pb_raw_range_t     *extension_ranges;
    ngx_gw_pb_raw_range_t     *reserved_ranges;
    ngx_gw_pb_raw_name_t      *reserved_names;
    ngx_gw_pb_features_t       features;

    unsigned                   map_entry:1;
    unsigned                   message_set:1;
    unsigned                   legacy_json:1;
    unsigned                   skipped:1;

    /* fields that other places add to it */
    ngx_gw_pb_raw_field_t     *extensions;
    ngx_uint_t                 nextensions;

    ngx_gw_pb_message_t       *message;
};


struct ngx_gw_pb_raw_value_s {
    ngx_gw_pb_raw_value_t     *next;
    ngx_str_t                  name;
    int32_t                    number;
};


struct ngx_gw_pb_raw_enum_s {
    ngx_gw_pb_raw_enum_t      *next;
    ngx_gw_pb_raw_file_t      *file;
    ngx_gw_pb_raw_message_t   *parent;
    ngx_str_t                  bytes;

    ngx_str_t                  name;
    ngx_str_t                  full;
    ngx_gw_pb_raw_value_t     *values;
    ngx_gw_pb_raw_value_t    **last_value;
    ngx_uint_t                 nvalues;
    ngx_gw_pb_raw_range_t     *reserved_ranges;
    ngx_gw_pb_raw_name_t      *reserved_names;
    ngx_gw_pb_features_t       features;

    unsigned                   allow_alias:1;
    unsigned                   skipped:1;

    ngx_gw_pb_enum_t          *enumeration;
};


struct ngx_gw_pb_raw_method_s {
    ngx_gw_pb_raw_method_t    *next;
    ngx_str_t                  name;
    ngx_str_t                  input;
    ngx_str_t                  output;
    ngx_gw_pb_raw_name_t      *rules;    /* the bytes of google.api.http */
    ngx_gw_pb_raw_name_t     **last_rule;

    unsigned                   client_streaming:1;
    unsigned                   server_streaming:1;
};


struct ngx_gw_pb_raw_service_s {
    ngx_gw_pb_raw_service_t   *next;
    ngx_gw_pb_raw_file_t      *file;
    ngx_str_t                  bytes;

    ngx_str_t                  name;
    ngx_str_t                  full;
    ngx_gw_pb_raw_method_t    *methods;
    ngx_gw_pb_raw_method_t   **last_method;
    ngx_uint_t                 nmethods;

    unsigned                   skipped:1;
};


struct ngx_gw_pb_raw_file_s {
    ngx_gw_pb_raw_file_t      *next;
    ngx_uint_t                 text;     /* the number of its text */
    ngx_str_t                  bytes;

    ngx_str_t                  name;
    ngx_str_t                  package;
    ngx_str_t                  syntax;
    int32_t                    edition;
    ngx_gw_pb_features_t       features;
    ngx_gw_pb_raw_name_t      *imports;
    ngx_gw_pb_raw_name_t     **last_import;

    /* messages come before those that are nested in them */
    ngx_gw_pb_raw_message_t   *messages;
    ngx_gw_pb_raw_message_t  **last_message;
    ngx_gw_pb_raw_enum_t      *enums;
    ngx_gw_pb_raw_enum_t     **last_enum;
    ngx_gw_pb_raw_service_t   *services;
    ngx_gw_pb_raw_service_t  **last_service;
    ngx_gw_pb_raw_field_t     *extensions;
    ngx_gw_pb_raw_field_t    **last_extension;
};


/* what names lead to; open addressing */

#define NGX_GW_PB_SYMBOL_FILE       1
#define NGX_GW_PB_SYMBOL_MESSAGE    2
#define NGX_GW_PB_SYMBOL_ENUM       3
#define NGX_GW_PB_SYMBOL_SERVICE    4
#define NGX_GW_PB_SYMBOL_EXTENSION  5
#define NGX_GW_PB_SYMBOL_METHOD     6

typedef struct {
    ngx_str_t                  name;
    uint32_t                   hash;
    ngx_uint_t                 kind;     /* 0: the slot is free */
    void                      *data;     /* the raw descriptor */
} ngx_gw_pb_symbol_t;

typedef struct {
    ngx_gw_pb_symbol_t        *slots;
    ngx_uint_t                 mask;
    ngx_uint_t                 n;
} ngx_gw_pb_symbols_t;


typedef struct {
    ngx_pool_t                *pool;     /* of what stays */
    ngx_pool_t                *temp;

    ngx_uint_t                 text;     /* the number of the text at hand */
    const u_char              *start;    /* of the text */
    ngx_str_t                 *error;
    ngx_uint_t                 malformed;  /* the error is one of the wire */

    ngx_gw_pb_raw_file_t      *files;
    ngx_gw_pb_raw_file_t     **last_file;
    ngx_gw_pb_symbols_t        by_file;  /* files by name */
    ngx_gw_pb_symbols_t        by_name;  /* all the rest */

    ngx_uint_t                 ntypes;
    ngx_gw_pb_schema_t        *schema;
} ngx_gw_pb_load_t;


/* fields of a message on the wire, one after the other */

typedef struct {
    const u_char              *pos;
    const u_char              *end;
    uint32_t                   tag;
    uint64_t                   value;    /* of VARINT */
    ngx_str_t                  bytes;    /* of LEN */
} ngx_gw_pb_reader_t;

#define ngx_gw_pb_reader_init(r, s)                                           \
    (r)->pos = (s)->data;                                                     \
    (r)->end = (s)->data + (s)->len

/* NGX_OK, NGX_DONE: no more; NGX_DECLINED */
ngx_int_t ngx_gw_pb_load_next(ngx_gw_pb_load_t *load, ngx_gw_pb_reader_t *r);

/* ngx_gw_pb_load_raw.c: a FileDescriptorProto */
ngx_int_t ngx_gw_pb_load_raw_file(ngx_gw_pb_load_t *load, ngx_str_t *bytes,
    ngx_gw_pb_raw_file_t **file);

/* ngx_gw_pb_load_symbols.c */

ngx_gw_pb_symbol_t *ngx_gw_pb_load_find(ngx_gw_pb_symbols_t *symbols,
    const ngx_str_t *name);

/* the name is not copied, and known not to be there */
ngx_int_t ngx_gw_pb_load_add(ngx_gw_pb_load_t *load,
    ngx_gw_pb_symbols_t *symbols, const ngx_str_t *name, ngx_uint_t kind,
    void *data);

/* gives full names and features to all that a file defines */
ngx_int_t ngx_gw_pb_load_symbols(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);

/* the symbol that name means in scope ("" is none), or NULL */
ngx_gw_pb_symbol_t *ngx_gw_pb_load_resolve(ngx_gw_pb_load_t *load,
    const ngx_str_t *scope, const ngx_str_t *name);

/* 1: letters, digits and underscores */
ngx_uint_t ngx_gw_pb_load_identifier(const ngx_str_t *name);

void ngx_gw_pb_load_inherit(ngx_gw_pb_features_t *features,
    const ngx_gw_pb_features_t *parent);

/* ngx_gw_pb_load_link.c: messages, and what is in them */
ngx_int_t ngx_gw_pb_load_link(ngx_gw_pb_load_t *load);

/* ngx_gw_pb_load_field.c */

/* lowerCamelCase, as protoc makes it; dst has room for name's length */
size_t ngx_gw_pb_load_camel(const ngx_str_t *name, u_char *dst);

ngx_int_t ngx_gw_pb_load_field(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *owner, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field);

/* ngx_gw_pb_load_default.c: JSON of the value of a field that is not set */
ngx_int_t ngx_gw_pb_load_default(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field);

/* ngx_gw_pb_load_enum.c */
ngx_int_t ngx_gw_pb_load_enum(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *raw);

/* ngx_gw_pb_load_known.c: kind of a message, and whether it has its shape */
ngx_int_t ngx_gw_pb_load_known(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *raw);

/* ngx_gw_pb_load_service.c */
ngx_int_t ngx_gw_pb_load_services(ngx_gw_pb_load_t *load);

/* ngx_gw_pb_load.c */

/* the text in quotes, escaped as in JSON, and suffix */
ngx_int_t ngx_gw_pb_load_quote(ngx_pool_t *pool, const ngx_str_t *text,
    const char *suffix, ngx_str_t *quoted);

/* 1: valid UTF-8 */
ngx_uint_t ngx_gw_pb_load_utf8(const ngx_str_t *text);

ngx_int_t ngx_gw_pb_load_copy(ngx_pool_t *pool, const ngx_str_t *from,
    ngx_str_t *to);

/* always NGX_DECLINED, unless there is no memory; file may be NULL */
ngx_int_t ngx_gw_pb_load_error(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, const char *fmt, ...);

/* the same, behind `field "full.name": ` */
ngx_int_t ngx_gw_pb_load_field_error(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, const char *fmt, ...);


#endif /* _NGX_GW_PB_LOAD_H_INCLUDED_ */
