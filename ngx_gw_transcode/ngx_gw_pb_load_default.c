
/*
 * The JSON of the value of a field that is not set.  default_value is text:
 * numbers in decimal, strings as they are, bytes with C escapes.
 */


#include "ngx_gw_pb_load.h"


static ngx_int_t ngx_gw_pb_default_enum(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_default_integer(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_default_float(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_default_bytes(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_default_unescape(const ngx_str_t *text,
    ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_default_bad(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw);


#define ngx_gw_pb_default_is(value, text)                                     \
    ((value)->len == sizeof(text) - 1                                         \
     && ngx_memcmp((value)->data, text, sizeof(text) - 1) == 0)


ngx_int_t
ngx_gw_pb_load_default(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field)
{
    ngx_str_t  *given, *json;

    given = &raw->default_value;
    json = &field->default_json;

    if (given->data && (field->repeated || field->message
                        || !field->presence))
    {
        return ngx_gw_pb_load_field_error(load, raw, "may not have a default "
                                          "value");
    }

    if (field->repeated) {

        if (field->map) {
            ngx_str_set(json, "{}");

        } else {
            ngx_str_set(json, "[]");
        }

        return NGX_OK;
    }

    switch (field->type) {

    case NGX_GW_PB_MESSAGE:
    case NGX_GW_PB_GROUP:
        ngx_str_set(json, "null");
        return NGX_OK;

    case NGX_GW_PB_ENUM:
        return ngx_gw_pb_default_enum(load, raw, field);

    case NGX_GW_PB_BOOL:

        if (given->data == NULL || ngx_gw_pb_default_is(given, "false")) {
            ngx_str_set(json, "false");
            return NGX_OK;
        }

        if (ngx_gw_pb_default_is(given, "true")) {
            ngx_str_set(json, "true");
            return NGX_OK;
        }

        return ngx_gw_pb_default_bad(load, raw);

    case NGX_GW_PB_STRING:

        if (given->data == NULL) {
            ngx_str_set(json, "\"\"");
            return NGX_OK;
        }

        if (!ngx_gw_pb_load_utf8(given)) {
            return ngx_gw_pb_default_bad(load, raw);
        }

        return ngx_gw_pb_load_quote(load->pool, given, "", json);

    case NGX_GW_PB_BYTES:
        return ngx_gw_pb_default_bytes(load, raw, field);

    case NGX_GW_PB_DOUBLE:
    case NGX_GW_PB_FLOAT:
        return ngx_gw_pb_default_float(load, raw, field);

    default:
        return ngx_gw_pb_default_integer(load, raw, field);
    }
}


static ngx_int_t
ngx_gw_pb_default_enum(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field)
{
    u_char             *p;
    ngx_gw_pb_value_t  *value;

    if (field->enumeration->null_value) {
        ngx_str_set(&field->default_json, "null");
        return NGX_OK;
    }

    value = field->enumeration->values;

    if (raw->default_value.data) {
        value = ngx_gw_pb_find_value(field->enumeration,
                                     raw->default_value.data,
                                     raw->default_value.len);
        if (value == NULL) {
            return ngx_gw_pb_load_field_error(load, raw, "enum \"%V\" has no "
                                              "value \"%V\"",
                                              &field->enumeration->name,
                                              &raw->default_value);
        }
    }

    p = ngx_pnalloc(load->pool, NGX_INT32_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    field->default_json = value->print;
    field->default_number.data = p;
    field->default_number.len = ngx_sprintf(p, "%D", value->number) - p;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_default_integer(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field)
{
    u_char       buf[NGX_INT64_LEN + 2], *p, *last;
    uint64_t     n, most;
    ngx_str_t    text;
    ngx_uint_t   is_64, is_signed, minus, digit;

    is_64 = 0;
    is_signed = 0;

    switch (field->type) {

    case NGX_GW_PB_INT64:
    case NGX_GW_PB_SFIXED64:
    case NGX_GW_PB_SINT64:
        is_64 = 1;
        is_signed = 1;
        break;

    case NGX_GW_PB_UINT64:
    case NGX_GW_PB_FIXED64:
        is_64 = 1;
        break;

    case NGX_GW_PB_INT32:
    case NGX_GW_PB_SFIXED32:
    case NGX_GW_PB_SINT32:
        is_signed = 1;
        break;
    }

    if (raw->default_value.data == NULL) {

        if (is_64) {
            ngx_str_set(&field->default_json, "\"0\"");

        } else {
            ngx_str_set(&field->default_json, "0");
        }

        return NGX_OK;
    }

    p = raw->default_value.data;
    last = p + raw->default_value.len;

    minus = (p < last && *p == '-');
    p += minus;

    most = is_64 ? UINT64_MAX : UINT32_MAX;

    if (is_signed) {
        most = most / 2 + minus;

    } else if (minus) {
        most = 0;
    }

    if (p == last) {
        return ngx_gw_pb_default_bad(load, raw);
    }

    for (n = 0; p < last; p++) {
        digit = *p - '0';

        if (*p < '0' || digit > 9 || n > (most - digit) / 10
            || digit > most)
        {
            return ngx_gw_pb_default_bad(load, raw);
        }

        n = n * 10 + digit;
    }

    p = ngx_sprintf(buf, "%s%uL", (minus && n) ? "-" : "", n);

    text.data = buf;
    text.len = p - buf;

    if (is_64) {
        return ngx_gw_pb_load_quote(load->pool, &text, "",
                                    &field->default_json);
    }

    return ngx_gw_pb_load_copy(load->pool, &text, &field->default_json);
}


static ngx_int_t
ngx_gw_pb_default_float(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field)
{
    int         precision, most;
    char        text[64], buf[64], *end;
    size_t      i;
    double      value, least;
    ngx_str_t  *given, *json, copy;

    given = &raw->default_value;
    json = &field->default_json;

    if (given->data == NULL) {
        ngx_str_set(json, "0");
        return NGX_OK;
    }

    if (ngx_gw_pb_default_is(given, "nan")
        || ngx_gw_pb_default_is(given, "-nan"))
    {
        ngx_str_set(json, "\"NaN\"");
        return NGX_OK;
    }

    if (ngx_gw_pb_default_is(given, "inf")) {
        ngx_str_set(json, "\"Infinity\"");
        return NGX_OK;
    }

    if (ngx_gw_pb_default_is(given, "-inf")) {
        ngx_str_set(json, "\"-Infinity\"");
        return NGX_OK;
    }

    if (given->len == 0 || given->len >= sizeof(text)) {
        return ngx_gw_pb_default_bad(load, raw);
    }

    for (i = 0; i < given->len; i++) {
        text[i] = given->data[i];

        if ((text[i] < '0' || text[i] > '9') && text[i] != '.'
            && text[i] != '-' && text[i] != '+' && text[i] != 'e'
            && text[i] != 'E')
        {
            return ngx_gw_pb_default_bad(load, raw);
        }
    }

    text[i] = '\0';

    value = (field->type == NGX_GW_PB_FLOAT) ? strtof(text, &end)
                                             : strtod(text, &end);
    if (*end != '\0') {
        return ngx_gw_pb_default_bad(load, raw);
    }

    if (value - value != 0) {

        if (value > 0) {
            ngx_str_set(json, "\"Infinity\"");

        } else {
            ngx_str_set(json, "\"-Infinity\"");
        }

        return NGX_OK;
    }

    /* the shortest text that means this number; subnormal ones need less */

    precision = (field->type == NGX_GW_PB_FLOAT) ? 6 : 15;
    most = (field->type == NGX_GW_PB_FLOAT) ? 9 : 17;
    least = (field->type == NGX_GW_PB_FLOAT) ? 1e-37 : 1e-307;

    if (value > -least && value < least) {
        precision = 1;
    }

    for ( /* void */ ; precision <= most; precision++) {
        (void) snprintf(buf, sizeof(buf), "%.*g", precision, value);

        if (value == ((field->type == NGX_GW_PB_FLOAT) ? strtof(buf, NULL)
                                                       : strtod(buf, NULL)))
        {
            break;
        }
    }

    copy.data = (u_char *) buf;
    copy.len = ngx_strlen(buf);

    return ngx_gw_pb_load_copy(load->pool, &copy, json);
}


static ngx_int_t
ngx_gw_pb_default_bytes(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field)
{
    ngx_str_t  bytes, base64;

    if (raw->default_value.data == NULL) {
        ngx_str_set(&field->default_json, "\"\"");
        return NGX_OK;
    }

    bytes.data = ngx_pnalloc(load->temp, raw->default_value.len + 1);
    base64.data = ngx_pnalloc(load->temp,
                          ngx_base64_encoded_length(raw->default_value.len));

    if (bytes.data == NULL || base64.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_gw_pb_default_unescape(&raw->default_value, &bytes) != NGX_OK) {
        return ngx_gw_pb_default_bad(load, raw);
    }

    ngx_encode_base64(&base64, &bytes);

    return ngx_gw_pb_load_quote(load->pool, &base64, "",
                                &field->default_json);
}


static ngx_int_t
ngx_gw_pb_default_unescape(const ngx_str_t *text, ngx_str_t *bytes)
{
    u_char      *p, *last, *dst, c;
    ngx_int_t    n;
    ngx_uint_t   i;

    static const char  letters[] = "n\nr\rt\ta\ab\bf\fv\v\\\\\"\"''??";

    dst = bytes->data;
    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (*p != '\\') {
            *dst++ = *p++;
            continue;
        }

        if (++p == last) {
            return NGX_ERROR;
        }

        c = *p;

        if (c >= '0' && c <= '7') {
            n = 0;

            for (i = 0; i < 3 && p < last && *p >= '0' && *p <= '7'; i++) {
                n = n * 8 + (*p++ - '0');
            }

            *dst++ = (u_char) n;
            continue;
        }

        p++;

        if (c == 'x' || c == 'X') {

            for (i = 0; i < 2 && p + i < last; i++) {
                if (ngx_hextoi(p + i, 1) == NGX_ERROR) {
                    break;
                }
            }

            if (i == 0) {
                return NGX_ERROR;
            }

            *dst++ = (u_char) ngx_hextoi(p, i);
            p += i;
            continue;
        }

        for (i = 0; letters[i]; i += 2) {
            if (c == (u_char) letters[i]) {
                break;
            }
        }

        if (letters[i] == '\0') {
            return NGX_ERROR;
        }

        *dst++ = letters[i + 1];
    }

    bytes->len = dst - bytes->data;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_default_bad(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw)
{
    return ngx_gw_pb_load_field_error(load, raw, "its default value, \"%V\", "
                                      "is none of its type",
                                      &raw->default_value);
}
