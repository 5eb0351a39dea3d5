
/* Messages that JSON has a form of their own for. */


#include "ngx_gw_pb_load.h"


#define NGX_GW_PB_KNOWN_FIELDS  6


/* fields are numbered from 1 on */

typedef struct {
    uint8_t                    type;
    uint8_t                    repeated;
    ngx_str_t                  of;       /* message, enum, or that of the
                                            map's values, whose keys are
                                            strings */
} ngx_gw_pb_known_field_t;

typedef struct {
    ngx_str_t                  name;
    ngx_gw_pb_kind_e           kind;
    ngx_uint_t                 nfields;
    ngx_gw_pb_known_field_t    fields[NGX_GW_PB_KNOWN_FIELDS];
} ngx_gw_pb_known_t;


static ngx_uint_t ngx_gw_pb_known_field(const ngx_gw_pb_field_t *field,
    const ngx_gw_pb_known_field_t *known);


#define ngx_gw_pb_scalar(type)    { NGX_GW_PB_##type, 0, ngx_null_string }
#define ngx_gw_pb_wrapper(name, type)                                         \
    { ngx_string("google.protobuf." name), NGX_GW_PB_WRAPPER, 1,              \
      { ngx_gw_pb_scalar(type) } }


static const ngx_gw_pb_known_t  ngx_gw_pb_knowns[] = {

    { ngx_string("google.protobuf.Any"), NGX_GW_PB_ANY, 2,
      { ngx_gw_pb_scalar(STRING), ngx_gw_pb_scalar(BYTES) } },

    { ngx_string("google.protobuf.Timestamp"), NGX_GW_PB_TIMESTAMP, 2,
      { ngx_gw_pb_scalar(INT64), ngx_gw_pb_scalar(INT32) } },

    { ngx_string("google.protobuf.Duration"), NGX_GW_PB_DURATION, 2,
      { ngx_gw_pb_scalar(INT64), ngx_gw_pb_scalar(INT32) } },

    { ngx_string("google.protobuf.FieldMask"), NGX_GW_PB_FIELD_MASK, 1,
      { { NGX_GW_PB_STRING, 1, ngx_null_string } } },

    { ngx_string("google.protobuf.Struct"), NGX_GW_PB_STRUCT, 1,
      { { NGX_GW_PB_MESSAGE, 1, ngx_string("google.protobuf.Value") } } },

    { ngx_string("google.protobuf.Value"), NGX_GW_PB_VALUE, 6,
      { { NGX_GW_PB_ENUM, 0, ngx_string("google.protobuf.NullValue") },
        ngx_gw_pb_scalar(DOUBLE),
        ngx_gw_pb_scalar(STRING),
        ngx_gw_pb_scalar(BOOL),
        { NGX_GW_PB_MESSAGE, 0, ngx_string("google.protobuf.Struct") },
        { NGX_GW_PB_MESSAGE, 0, ngx_string("google.protobuf.ListValue") } } },

    { ngx_string("google.protobuf.ListValue"), NGX_GW_PB_LIST_VALUE, 1,
      { { NGX_GW_PB_MESSAGE, 1, ngx_string("google.protobuf.Value") } } },

    ngx_gw_pb_wrapper("DoubleValue", DOUBLE),
    ngx_gw_pb_wrapper("FloatValue", FLOAT),
    ngx_gw_pb_wrapper("Int64Value", INT64),
    ngx_gw_pb_wrapper("UInt64Value", UINT64),
    ngx_gw_pb_wrapper("Int32Value", INT32),
    ngx_gw_pb_wrapper("UInt32Value", UINT32),
    ngx_gw_pb_wrapper("BoolValue", BOOL),
    ngx_gw_pb_wrapper("StringValue", STRING),
    ngx_gw_pb_wrapper("BytesValue", BYTES),

    { ngx_string("google.api.HttpBody"), NGX_GW_PB_HTTP_BODY, 3,
      { ngx_gw_pb_scalar(STRING), ngx_gw_pb_scalar(BYTES),
        { NGX_GW_PB_MESSAGE, 1, ngx_string("google.protobuf.Any") } } }
};


ngx_int_t
ngx_gw_pb_load_known(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *raw)
{
    ngx_uint_t                i;
    ngx_gw_pb_message_t      *message;
    const ngx_gw_pb_known_t  *known;

    static const ngx_uint_t  n = sizeof(ngx_gw_pb_knowns)
                                 / sizeof(ngx_gw_pb_known_t);

    message = raw->message;

    if (message->name.len < 7
        || ngx_strncmp(message->name.data, "google.", 7) != 0)
    {
        return NGX_OK;
    }

    for (i = 0; i < n; i++) {
        if (ngx_gw_pb_same(&message->name, &ngx_gw_pb_knowns[i].name)) {
            break;
        }
    }

    if (i == n) {
        return NGX_OK;
    }

    known = &ngx_gw_pb_knowns[i];

    if (message->nfields != known->nfields) {
        goto failed;
    }

    for (i = 0; i < known->nfields; i++) {

        if (message->fields[i].number != i + 1
            || !ngx_gw_pb_known_field(&message->fields[i], &known->fields[i]))
        {
            goto failed;
        }

        if (message->fields[i].oneof != (known->kind == NGX_GW_PB_VALUE)) {
            goto failed;
        }
    }

    message->kind = known->kind;

    return NGX_OK;

failed:

    return ngx_gw_pb_load_error(load, raw->file, "message \"%V\" is not as it "
                                "should be", &message->name);
}


static ngx_uint_t
ngx_gw_pb_known_field(const ngx_gw_pb_field_t *field,
    const ngx_gw_pb_known_field_t *known)
{
    const ngx_str_t          *name;
    const ngx_gw_pb_field_t  *key, *value;

    if (field->type != known->type || field->repeated != known->repeated
        || field->required)
    {
        return 0;
    }

    name = field->message ? &field->message->name : NULL;

    if (field->map) {
        key = &field->message->fields[0];
        value = &field->message->fields[1];

        if (key->type != NGX_GW_PB_STRING || value->message == NULL) {
            return 0;
        }

        name = &value->message->name;
    }

    if (field->enumeration) {
        name = &field->enumeration->name;
    }

    return name == NULL || ngx_gw_pb_same(name, &known->of);
}
