
/*
 * ngx_gw_pb: Protocol Buffers by tables.
 *
 * What a FileDescriptorSet says is compiled once, at configuration, to tables
 * that the parser (JSON to the wire format) and the printer (the wire format
 * to JSON) work from.  Tables are const afterwards and shared by all requests.
 *
 * Names: "full" names have no dot in front ("shop.v1.Order").
 */


#ifndef _NGX_GW_PB_H_INCLUDED_
#define _NGX_GW_PB_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* types of fields: the numbers of google.protobuf.FieldDescriptorProto.Type */
#define NGX_GW_PB_DOUBLE      1
#define NGX_GW_PB_FLOAT       2
#define NGX_GW_PB_INT64       3
#define NGX_GW_PB_UINT64      4
#define NGX_GW_PB_INT32       5
#define NGX_GW_PB_FIXED64     6
#define NGX_GW_PB_FIXED32     7
#define NGX_GW_PB_BOOL        8
#define NGX_GW_PB_STRING      9
#define NGX_GW_PB_GROUP       10
#define NGX_GW_PB_MESSAGE     11
#define NGX_GW_PB_BYTES       12
#define NGX_GW_PB_UINT32      13
#define NGX_GW_PB_ENUM        14
#define NGX_GW_PB_SFIXED32    15
#define NGX_GW_PB_SFIXED64    16
#define NGX_GW_PB_SINT32      17
#define NGX_GW_PB_SINT64      18

/* wire types */
#define NGX_GW_PB_VARINT      0
#define NGX_GW_PB_I64         1
#define NGX_GW_PB_LEN         2
#define NGX_GW_PB_SGROUP      3
#define NGX_GW_PB_EGROUP      4
#define NGX_GW_PB_I32         5

/* deepest nesting of messages (of JSON: objects and arrays, Value included) */
#define NGX_GW_PB_MAX_DEPTH   100

/* messages that JSON has a form of their own for ("kind" of a message) */
typedef enum {
    NGX_GW_PB_PLAIN = 0,
    NGX_GW_PB_ANY,
    NGX_GW_PB_TIMESTAMP,
    NGX_GW_PB_DURATION,
    NGX_GW_PB_FIELD_MASK,
    NGX_GW_PB_STRUCT,
    NGX_GW_PB_VALUE,
    NGX_GW_PB_LIST_VALUE,
    NGX_GW_PB_WRAPPER,           /* DoubleValue ... BytesValue: JSON is that of
                                    field 1 */
    NGX_GW_PB_HTTP_BODY          /* google.api.HttpBody; in JSON it is as any
                                    other message */
} ngx_gw_pb_kind_e;


typedef struct ngx_gw_pb_field_s    ngx_gw_pb_field_t;
typedef struct ngx_gw_pb_message_s  ngx_gw_pb_message_t;
typedef struct ngx_gw_pb_enum_s     ngx_gw_pb_enum_t;
typedef struct ngx_gw_pb_method_s   ngx_gw_pb_method_t;
typedef struct ngx_gw_pb_service_s  ngx_gw_pb_service_t;
typedef struct ngx_gw_pb_schema_s   ngx_gw_pb_schema_t;


struct ngx_gw_pb_field_s {
    /* of an extension, both are "[full.name]" */
    ngx_str_t                 name;      /* as in the .proto file */
    ngx_str_t                 json_name; /* given or made from name */

    /* "\"name\":", ready to be copied, by json_name and by name */
    ngx_str_t                 print_json;
    ngx_str_t                 print_name;

    uint32_t                  number;
    uint16_t                  index;     /* in message->fields */
    uint16_t                  oneof;     /* from 1, 0: in none (the one behind
                                            a proto3 "optional" is none) */
    uint8_t                   type;      /* NGX_GW_PB_DOUBLE ... */
    uint8_t                   wire;      /* wire type of one value, unpacked */

    /* what stands before the value: packed fields with wire type LEN */
    uint8_t                   ntag;
    u_char                    tag[5];

    unsigned                  repeated:1;   /* maps too */
    unsigned                  map:1;        /* message is the entry's: fields
                                               1 (key) and 2 (value) */
    unsigned                  packed:1;     /* written packed; both forms are
                                               read */
    unsigned                  packable:1;   /* repeated, not LEN nor group */
    unsigned                  presence:1;   /* knows whether it is set */
    unsigned                  required:1;
    unsigned                  utf8:1;       /* string: must be valid UTF-8 */
    unsigned                  extension:1;

    /*
     * JSON of the value of a field that is not set, for "unpopulated": the
     * default of proto2, or 0, "0", 0.0's "0", false, "", [] and {};
     * null for messages.  With enum_numbers it is default_number if this has
     * a length (an enum's).
     */
    ngx_str_t                 default_json;
    ngx_str_t                 default_number;

    ngx_gw_pb_message_t      *message;      /* MESSAGE and GROUP, else NULL */
    ngx_gw_pb_enum_t         *enumeration;  /* ENUM, else NULL */
};


struct ngx_gw_pb_message_s {
    ngx_str_t                 name;      /* full */
    ngx_gw_pb_kind_e          kind;

    ngx_gw_pb_field_t        *fields;    /* by ascending number */
    ngx_uint_t                nfields;

    /*
     * fields[by_number[n] - 1] has number n, for n < nnumbers; 0: none.
     * Greater numbers are looked for in fields, from first_sparse on.
     */
    uint16_t                 *by_number;
    uint32_t                  nnumbers;
    uint32_t                  first_sparse;

    /* open addressing, by hash of json_name and of name; index + 1 or 0 */
    uint16_t                 *names;
    uint32_t                  names_mask;

    uint16_t                  noneofs;
    unsigned                  map_entry:1;
    unsigned                  has_required:1; /* itself, not those below */
    unsigned                  message_set:1;  /* refused at configuration */
    unsigned                  ambiguous:1;    /* several fields of a name */
};


typedef struct {
    ngx_str_t                 name;
    ngx_str_t                 print;     /* "\"NAME\"" */
    int32_t                   number;
} ngx_gw_pb_value_t;

struct ngx_gw_pb_enum_s {
    ngx_str_t                 name;      /* full */

    /* as in the file; of those with one number, the first is printed */
    ngx_gw_pb_value_t        *values;
    ngx_uint_t                nvalues;

    /* dense[n - dense_min] - 1 is the index of n's first name, 0: none */
    uint16_t                 *dense;
    int32_t                   dense_min;
    uint32_t                  ndense;

    uint16_t                 *sorted;    /* first names by number */
    ngx_uint_t                nsorted;

    uint16_t                 *names;     /* open addressing; index + 1 or 0 */
    uint32_t                  names_mask;

    unsigned                  closed:1;  /* proto2: unknown numbers are unknown
                                            fields */
    unsigned                  null_value:1;  /* google.protobuf.NullValue */
};


/* google.api.HttpRule, additional_bindings flattened behind their rule */
typedef struct {
    ngx_str_t                 method;    /* "GET", or what custom.kind says */
    ngx_str_t                 path;      /* the template */
    ngx_str_t                 body;      /* "", "*" or a field's name */
    ngx_str_t                 response_body;  /* "" or a field's name */
} ngx_gw_pb_rule_t;


struct ngx_gw_pb_method_s {
    ngx_str_t                 name;      /* "GetOrder" */
    ngx_str_t                 path;      /* "/shop.v1.Shop/GetOrder" */
    ngx_gw_pb_message_t      *input;
    ngx_gw_pb_message_t      *output;

    ngx_gw_pb_rule_t         *rules;
    ngx_uint_t                nrules;

    unsigned                  client_streaming:1;
    unsigned                  server_streaming:1;
};


struct ngx_gw_pb_service_s {
    ngx_str_t                 name;      /* full */
    ngx_gw_pb_method_t       *methods;
    ngx_uint_t                nmethods;
};


struct ngx_gw_pb_schema_s {
    ngx_gw_pb_message_t     **messages;  /* sorted by full name */
    ngx_uint_t                nmessages;

    ngx_gw_pb_service_t      *services;  /* sorted by full name */
    ngx_uint_t                nservices;
};


/*
 * The loader, ngx_gw_pb_load*.c.
 *
 * Compiles the FileDescriptorSets of the texts; a file that comes in more than
 * one of them must define the same, byte for byte, but for descriptor.proto,
 * of which the longest is taken.  Everything is allocated from pool, and the
 * texts are not referred to afterwards.  Names are hashed: ngx_gw_json_init()
 * has been called before.
 *
 * NGX_OK; NGX_ERROR: no memory; NGX_DECLINED: what is wrong in error, a text
 * like `field "shop.v1.Order.user": no type "shop.v1.User" (is the set made
 * with --include_imports?)`, and the number of the text in *which.
 */
ngx_int_t ngx_gw_pb_load(ngx_pool_t *pool, const ngx_str_t *texts,
    ngx_uint_t n, ngx_gw_pb_schema_t **schema, ngx_uint_t *which,
    ngx_str_t *error);


/* what is called by name, ngx_gw_pb.c; NULL: there is none */

ngx_gw_pb_message_t *ngx_gw_pb_find_message(const ngx_gw_pb_schema_t *schema,
    const u_char *name, size_t len);

ngx_gw_pb_service_t *ngx_gw_pb_find_service(const ngx_gw_pb_schema_t *schema,
    const u_char *name, size_t len);

/* by json_name or by name */
ngx_gw_pb_field_t *ngx_gw_pb_find_field(const ngx_gw_pb_message_t *message,
    const u_char *name, size_t len);

ngx_gw_pb_value_t *ngx_gw_pb_find_value(const ngx_gw_pb_enum_t *enumeration,
    const u_char *name, size_t len);

/* the name that is printed for a number */
ngx_gw_pb_value_t *ngx_gw_pb_find_number(const ngx_gw_pb_enum_t *enumeration,
    int32_t number);

ngx_gw_pb_field_t *ngx_gw_pb_find_sparse(const ngx_gw_pb_message_t *message,
    uint32_t number);

static ngx_inline ngx_gw_pb_field_t *
ngx_gw_pb_field_by_number(const ngx_gw_pb_message_t *message, uint32_t number)
{
    if (number < message->nnumbers) {
        return message->by_number[number]
               ? &message->fields[message->by_number[number] - 1] : NULL;
    }

    return ngx_gw_pb_find_sparse(message, number);
}


/* the wire format */

/*
 * Reads a varint (at most 10 bytes, bits beyond 64 are dropped, as protobuf
 * does).  Returns the end of it or NULL: it is cut or too long.
 */
const u_char *ngx_gw_pb_read_varint_slow(const u_char *p, const u_char *end,
    uint64_t *value);

static ngx_inline const u_char *
ngx_gw_pb_read_varint(const u_char *p, const u_char *end, uint64_t *value)
{
    if (p < end && *p < 0x80) {
        *value = *p;
        return p + 1;
    }

    return ngx_gw_pb_read_varint_slow(p, end, value);
}

/* dst has room for 10 bytes; returns the end of what was written */
static ngx_inline u_char *
ngx_gw_pb_write_varint(u_char *dst, uint64_t value)
{
    while (value >= 0x80) {
        *dst++ = (u_char) (value | 0x80);
        value >>= 7;
    }

    *dst++ = (u_char) value;

    return dst;
}

static ngx_inline ngx_uint_t
ngx_gw_pb_varint_len(uint64_t value)
{
    return (63 - __builtin_clzll(value | 1)) / 7 + 1;
}

/*
 * Skips the value behind a tag, groups with all that is in them.  Returns the
 * end of it or NULL: cut, malformed, or groups nested too deep.
 */
const u_char *ngx_gw_pb_skip(const u_char *p, const u_char *end,
    uint32_t tag);


#endif /* _NGX_GW_PB_H_INCLUDED_ */
