
/*
 * ngx_gw_pb_parse, scalars.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json_internal.h"


static const u_char *ngx_gw_pb_parse_integer(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags);
static const u_char *ngx_gw_pb_parse_floating(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags);
static const u_char *ngx_gw_pb_parse_bool(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags);
static const u_char *ngx_gw_pb_parse_enum(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags);
static const u_char *ngx_gw_pb_parse_token(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags);

static const char *ngx_gw_pb_plain(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *data, size_t len,
    ngx_uint_t flags);
static const char *ngx_gw_pb_plain_enum(const ngx_gw_pb_enum_t *enumeration,
    const u_char *data, size_t len, uint64_t *value);
static const char *ngx_gw_pb_plain_double(const u_char *data, size_t len,
    double *value, float *single);


/* there is room for it */

static ngx_inline void
ngx_gw_pb_put_integer(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, uint64_t value, ngx_uint_t flags)
{
    u_char  *dst;

    if (value == 0 && !(flags & NGX_GW_PB_FORCE)) {
        return;
    }

    dst = parser->last;

    if (flags & NGX_GW_PB_TAG) {
        dst = ngx_gw_pb_put_tag(dst, field->tag, field->ntag);
    }

    switch (field->type) {

    case NGX_GW_PB_FIXED32:
    case NGX_GW_PB_SFIXED32:
    case NGX_GW_PB_FLOAT:
        parser->last = ngx_gw_pb_put32(dst, (uint32_t) value);
        return;

    case NGX_GW_PB_FIXED64:
    case NGX_GW_PB_SFIXED64:
    case NGX_GW_PB_DOUBLE:
        parser->last = ngx_gw_pb_put64(dst, value);
        return;

    case NGX_GW_PB_SINT32:
        value = (uint32_t) (value << 1) ^ (uint32_t) ((int64_t) value >> 63);
        break;

    case NGX_GW_PB_SINT64:
        value = (value << 1) ^ (uint64_t) ((int64_t) value >> 63);
        break;
    }

    parser->last = ngx_gw_pb_put_varint(dst, value);
}


const u_char *
ngx_gw_pb_parse_scalar(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags)
{
    ngx_str_t  text;

    switch (field->type) {

    case NGX_GW_PB_STRING:
        return ngx_gw_pb_parse_string(parser, field->tag,
                                   (flags & NGX_GW_PB_TAG) ? field->ntag : 0,
                                   p, flags & NGX_GW_PB_FORCE);

    case NGX_GW_PB_BYTES:

        if (*p != '"') {
            ngx_gw_pb_bad(parser, p, "is no string");
            return NULL;
        }

        p = ngx_gw_pb_parse_text(parser, p, &text);

        if (p == NULL
            || ngx_gw_pb_parse_bytes(parser, field, text.data, text.len, flags)
               != NGX_OK)
        {
            return NULL;
        }

        return p;

    case NGX_GW_PB_BOOL:
        return ngx_gw_pb_parse_bool(parser, field, p, flags);

    case NGX_GW_PB_ENUM:
        return ngx_gw_pb_parse_enum(parser, field, p, flags);

    case NGX_GW_PB_DOUBLE:
    case NGX_GW_PB_FLOAT:
        return ngx_gw_pb_parse_floating(parser, field, p, flags);

    default:
        return ngx_gw_pb_parse_integer(parser, field, p, flags);
    }
}


static const u_char *
ngx_gw_pb_parse_integer(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags)
{
    uint64_t       value;
    ngx_uint_t     n, minus, quoted;
    const u_char  *start, *token, *end;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    token = p;
    end = parser->end;

    quoted = (*p == '"');
    p += quoted;

    minus = (p < end && *p == '-');
    p += minus;

    value = 0;
    start = p;

    p = ngx_gw_pb_read_digits(p, end, &value);

    /* what is not a number of up to 19 digits is looked at again */

    n = p - start;

    if (n == 0 || n > 19 || (*start == '0' && n > 1)
        || (p == end ? quoted
                     : quoted ? *p != '"'
                              : (*p == '.' || (*p | 0x20) == 'e')))
    {
        return ngx_gw_pb_parse_token(parser, field, token, flags);
    }

    if (ngx_gw_pb_fit(field->type, minus, &value) != NULL) {
        return ngx_gw_pb_parse_token(parser, field, token, flags);
    }

    ngx_gw_pb_put_integer(parser, field, value, flags);

    return p + quoted;
}


static const u_char *
ngx_gw_pb_parse_floating(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags)
{
    float                 single;
    double                value;
    uint32_t              bits;
    uint64_t              bits64;
    const char           *reason;
    const u_char         *last;
    ngx_gw_pb_decimal_t   decimal;

    if (*p == '"') {
        return ngx_gw_pb_parse_token(parser, field, p, flags);
    }

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    last = ngx_gw_pb_decimal(p, parser->end, &decimal);

    if (last == NULL) {
        ngx_gw_pb_bad(parser, p, "is no number");
        return NULL;
    }

    if (field->type == NGX_GW_PB_DOUBLE) {
        reason = ngx_gw_pb_double(p, last, &decimal, &value);
        ngx_memcpy(&bits64, &value, sizeof(double));

    } else {
        reason = ngx_gw_pb_float(p, last, &decimal, &single);
        ngx_memcpy(&bits, &single, sizeof(float));
        bits64 = bits;
    }

    if (reason) {
        ngx_gw_pb_bad(parser, p, reason);
        return NULL;
    }

    ngx_gw_pb_put_integer(parser, field, bits64, flags);

    return last;
}


static const u_char *
ngx_gw_pb_parse_bool(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags)
{
    uint64_t  value;

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
        return NULL;
    }

    if (parser->end - p >= 4 && ngx_memcmp(p, "true", 4) == 0) {
        value = 1;
        p += 4;

    } else if (parser->end - p >= 5 && ngx_memcmp(p, "false", 5) == 0) {
        value = 0;
        p += 5;

    } else {
        ngx_gw_pb_bad(parser, p, "is neither true nor false");
        return NULL;
    }

    ngx_gw_pb_put_integer(parser, field, value, flags);

    return p;
}


static const u_char *
ngx_gw_pb_parse_enum(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags)
{
    ngx_str_t           text;
    ngx_gw_pb_value_t  *value;

    if (*p == '"') {
        p = ngx_gw_pb_parse_text(parser, p, &text);

        if (p == NULL || ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
            return NULL;
        }

        value = ngx_gw_pb_find_value(field->enumeration, text.data, text.len);

        if (value) {
            ngx_gw_pb_put_integer(parser, field,
                                  (uint64_t) (int64_t) value->number, flags);
            return p;
        }

        if (ngx_gw_pb_parse_plain(parser, field, text.data, text.len, flags)
            != NGX_OK)
        {
            return NULL;
        }

        return p;
    }

    if (field->enumeration->null_value
        && parser->end - p >= 4 && ngx_memcmp(p, "null", 4) == 0)
    {
        if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) != NGX_OK) {
            return NULL;
        }

        ngx_gw_pb_put_integer(parser, field, 0, flags);

        return p + 4;
    }

    return ngx_gw_pb_parse_token(parser, field, p, flags);
}


/* a number, or a string that has one */

static const u_char *
ngx_gw_pb_parse_token(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p, ngx_uint_t flags)
{
    ngx_str_t             text;
    const char           *reason;
    const u_char         *last;
    ngx_gw_pb_decimal_t   decimal;

    if (*p == '"') {
        last = ngx_gw_pb_parse_text(parser, p, &text);
        if (last == NULL) {
            return NULL;
        }

        reason = ngx_gw_pb_plain(parser, field, text.data, text.len, flags);

    } else {
        last = ngx_gw_pb_decimal(p, parser->end, &decimal);

        if (last) {
            reason = ngx_gw_pb_plain(parser, field, p, last - p, flags);

        } else {
            reason = (field->type == NGX_GW_PB_ENUM)
                     ? "is neither name nor number of a value"
                     : "is no integer";
        }
    }

    if (reason) {
        ngx_gw_pb_bad(parser, p, reason);
        return NULL;
    }

    return parser->rc == NGX_OK ? last : NULL;
}


ngx_int_t
ngx_gw_pb_parse_plain(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *data, size_t len,
    ngx_uint_t flags)
{
    const char  *reason;

    reason = ngx_gw_pb_plain(parser, field, data, len, flags);

    if (reason) {
        ngx_gw_pb_bad_text(parser, data, len, reason);
    }

    return parser->rc;
}


/* what is wrong with it; or NULL, and parser->rc may be NGX_ERROR */

static const char *
ngx_gw_pb_plain(ngx_gw_pb_parser_t *parser, const ngx_gw_pb_field_t *field,
    const u_char *data, size_t len, ngx_uint_t flags)
{
    float                 single;
    double                number;
    uint32_t              bits;
    uint64_t              value;
    const char           *reason;
    ngx_gw_pb_decimal_t   decimal;

    switch (field->type) {

    case NGX_GW_PB_DOUBLE:
        reason = ngx_gw_pb_plain_double(data, len, &number, NULL);
        ngx_memcpy(&value, &number, sizeof(double));
        break;

    case NGX_GW_PB_FLOAT:
        reason = ngx_gw_pb_plain_double(data, len, &number, &single);
        ngx_memcpy(&bits, &single, sizeof(float));
        value = bits;
        break;

    case NGX_GW_PB_BOOL:
        value = (len == 4);
        reason = ((len == 4 && ngx_memcmp(data, "true", 4) == 0)
                  || (len == 5 && ngx_memcmp(data, "false", 5) == 0))
                 ? NULL : "is neither true nor false";
        break;

    case NGX_GW_PB_ENUM:
        reason = ngx_gw_pb_plain_enum(field->enumeration, data, len, &value);

        if (reason && value && parser->conf.ignore_unknown
            && parser->binding == NULL)
        {
            parser->dropped = 1;
            return NULL;
        }

        break;

    default:

        if (ngx_gw_pb_decimal(data, data + len, &decimal) != data + len) {
            return "is no integer";
        }

        reason = ngx_gw_pb_integer(&decimal, &value);

        if (reason == NULL) {
            reason = ngx_gw_pb_fit(field->type, decimal.minus, &value);
        }
    }

    if (reason == NULL && ngx_gw_pb_room(parser, NGX_GW_PB_ROOM) == NGX_OK) {
        ngx_gw_pb_put_integer(parser, field, value, flags);
    }

    return reason;
}


/* if it is no value, *value tells whether it might be one that is unknown */

static const char *
ngx_gw_pb_plain_enum(const ngx_gw_pb_enum_t *enumeration, const u_char *data,
    size_t len, uint64_t *value)
{
    const char           *reason;
    ngx_gw_pb_value_t    *v;
    ngx_gw_pb_decimal_t   decimal;

    v = ngx_gw_pb_find_value(enumeration, data, len);

    if (v) {
        *value = (uint64_t) (int64_t) v->number;
        return NULL;
    }

    if (ngx_gw_pb_decimal(data, data + len, &decimal) != data + len) {
        *value = 1;
        return "is no value of the enum";
    }

    reason = ngx_gw_pb_integer(&decimal, value);

    if (reason == NULL) {
        reason = ngx_gw_pb_fit(NGX_GW_PB_ENUM, decimal.minus, value);
    }

    /* whatever the number, a NullValue is printed as null */

    if (reason == NULL
        && (enumeration->closed || enumeration->null_value)
        && ngx_gw_pb_find_number(enumeration, (int32_t) *value) == NULL)
    {
        reason = "is no number of the enum";
    }

    if (reason) {
        *value = 0;
    }

    return reason;
}


static const char *
ngx_gw_pb_plain_double(const u_char *data, size_t len, double *value,
    float *single)
{
    ngx_gw_pb_decimal_t  decimal;

    if (ngx_gw_pb_decimal(data, data + len, &decimal) == data + len) {
        return single ? ngx_gw_pb_float(data, data + len, &decimal, single)
                      : ngx_gw_pb_double(data, data + len, &decimal, value);
    }

    if (len == 3 && ngx_memcmp(data, "NaN", 3) == 0) {
        *value = __builtin_nan("");

    } else if (len == 8 && ngx_memcmp(data, "Infinity", 8) == 0) {
        *value = __builtin_inf();

    } else if (len == 9 && ngx_memcmp(data, "-Infinity", 9) == 0) {
        *value = -__builtin_inf();

    } else {
        return "is no number";
    }

    if (single) {
        *single = (float) *value;
    }

    return NULL;
}


ngx_int_t
ngx_gw_pb_parse_bytes(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *data, size_t len,
    ngx_uint_t flags)
{
    size_t   n;
    u_char  *dst;

    n = ngx_gw_pb_base64_len(data, len);

    if (ngx_gw_pb_room(parser, NGX_GW_PB_ROOM + n) != NGX_OK) {
        return parser->rc;
    }

    dst = parser->last;

    if (flags & NGX_GW_PB_TAG) {
        dst = ngx_gw_pb_put_tag(dst, field->tag, field->ntag);
    }

    dst = ngx_gw_pb_write_varint(dst, n);
    dst = ngx_gw_pb_base64(dst, data, len);

    if (dst == NULL) {
        ngx_gw_pb_bad_text(parser, data, len, "is no base64");
        return NGX_DECLINED;
    }

    if (n || (flags & NGX_GW_PB_FORCE)) {
        parser->last = dst;
    }

    return NGX_OK;
}


const u_char *
ngx_gw_pb_parse_key(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_field_t *field, const u_char *p)
{
    ngx_str_t      text;
    const u_char  *last;

    if (field->type == NGX_GW_PB_STRING) {
        return ngx_gw_pb_parse_string(parser, field->tag, field->ntag, p, 1);
    }

    last = ngx_gw_pb_parse_text(parser, p, &text);

    if (last == NULL
        || ngx_gw_pb_parse_plain(parser, field, text.data, text.len,
                                 NGX_GW_PB_TAG|NGX_GW_PB_FORCE)
           != NGX_OK)
    {
        return NULL;
    }

    return last;
}
