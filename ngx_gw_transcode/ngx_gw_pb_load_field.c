
/* A field of a message. */


#include "ngx_gw_pb_load.h"


static ngx_int_t ngx_gw_pb_field_names(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_field_json_name(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *raw, ngx_str_t *name);
static ngx_int_t ngx_gw_pb_field_type(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *owner, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field);
static void ngx_gw_pb_field_features(ngx_gw_pb_raw_message_t *owner,
    ngx_gw_pb_raw_field_t *raw);
static ngx_int_t ngx_gw_pb_field_flags(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *owner, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field);


/* by type */

static const uint8_t  ngx_gw_pb_wires[] = {
    0,
    NGX_GW_PB_I64,           /* DOUBLE */
    NGX_GW_PB_I32,           /* FLOAT */
    NGX_GW_PB_VARINT,        /* INT64 */
    NGX_GW_PB_VARINT,        /* UINT64 */
    NGX_GW_PB_VARINT,        /* INT32 */
    NGX_GW_PB_I64,           /* FIXED64 */
    NGX_GW_PB_I32,           /* FIXED32 */
    NGX_GW_PB_VARINT,        /* BOOL */
    NGX_GW_PB_LEN,           /* STRING */
    NGX_GW_PB_SGROUP,        /* GROUP */
    NGX_GW_PB_LEN,           /* MESSAGE */
    NGX_GW_PB_LEN,           /* BYTES */
    NGX_GW_PB_VARINT,        /* UINT32 */
    NGX_GW_PB_VARINT,        /* ENUM */
    NGX_GW_PB_I32,           /* SFIXED32 */
    NGX_GW_PB_I64,           /* SFIXED64 */
    NGX_GW_PB_VARINT,        /* SINT32 */
    NGX_GW_PB_VARINT         /* SINT64 */
};


ngx_int_t
ngx_gw_pb_load_field(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *owner,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field)
{
    u_char     *p;
    ngx_int_t   rc;
    uint32_t    wire;

    if (!ngx_gw_pb_load_identifier(&raw->name)
        || raw->name.len > NGX_GW_PB_MAX_NAME)
    {
        return ngx_gw_pb_load_error(load, raw->file, "message \"%V\": \"%V\" "
                                    "is no name of a field", &owner->full,
                                    &raw->name);
    }

    field->number = raw->number;
    field->extension = raw->extension;

    rc = ngx_gw_pb_field_names(load, raw, field);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_gw_pb_field_features(owner, raw);

    rc = ngx_gw_pb_field_type(load, owner, raw, field);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_gw_pb_field_flags(load, owner, raw, field);
    if (rc != NGX_OK) {
        return rc;
    }

    wire = field->packed ? NGX_GW_PB_LEN : field->wire;

    p = ngx_gw_pb_write_varint(field->tag, field->number << 3 | wire);
    field->ntag = p - field->tag;

    return ngx_gw_pb_load_default(load, raw, field);
}


/* name and json_name are parts of what is printed, if nothing is escaped */

static ngx_int_t
ngx_gw_pb_field_names(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    ngx_gw_pb_field_t *field)
{
    u_char     *p;
    ngx_str_t   name;
    ngx_int_t   rc;

    if (raw->extension) {
        name.len = raw->full.len + 2;
        name.data = ngx_pnalloc(load->temp, name.len);
        if (name.data == NULL) {
            return NGX_ERROR;
        }

        p = name.data;
        *p++ = '[';
        p = ngx_cpymem(p, raw->full.data, raw->full.len);
        *p = ']';

    } else {
        name = raw->name;
    }

    if (ngx_gw_pb_load_quote(load->pool, &name, ":", &field->print_name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    field->name.data = field->print_name.data + 1;
    field->name.len = name.len;

    if (raw->extension) {
        field->json_name = field->name;
        field->print_json = field->print_name;

        return NGX_OK;
    }

    rc = ngx_gw_pb_field_json_name(load, raw, &name);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_gw_pb_same(&name, &field->name)) {
        field->json_name = field->name;
        field->print_json = field->print_name;

        return NGX_OK;
    }

    if (ngx_gw_pb_load_quote(load->pool, &name, ":", &field->print_json)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (field->print_json.len == name.len + 3) {
        field->json_name.data = field->print_json.data + 1;
        field->json_name.len = name.len;

        return NGX_OK;
    }

    return ngx_gw_pb_load_copy(load->pool, &name, &field->json_name);
}


static ngx_int_t
ngx_gw_pb_field_json_name(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    ngx_str_t *name)
{
    ngx_str_t  *given;

    given = &raw->json_name;

    if (given->data == NULL) {
        name->data = ngx_pnalloc(load->temp, raw->name.len);
        if (name->data == NULL) {
            return NGX_ERROR;
        }

        name->len = ngx_gw_pb_load_camel(&raw->name, name->data);

        return NGX_OK;
    }

    if (given->len > NGX_GW_PB_MAX_NAME
        || memchr(given->data, '\0', given->len) != NULL
        || !ngx_gw_pb_load_utf8(given)
        || (given->len > 1 && given->data[0] == '['
            && given->data[given->len - 1] == ']'))
    {
        return ngx_gw_pb_load_field_error(load, raw, "its json_name, \"%V\", "
                                          "is none that a field may have",
                                          given);
    }

    *name = *given;

    return NGX_OK;
}


size_t
ngx_gw_pb_load_camel(const ngx_str_t *name, u_char *dst)
{
    u_char  *p, c;
    size_t   i;

    p = dst;

    for (i = 0; i < name->len; i++) {
        c = name->data[i];

        if (c == '_') {
            continue;
        }

        *p++ = (i > 0 && name->data[i - 1] == '_') ? ngx_toupper(c) : c;
    }

    return p - dst;
}


static ngx_int_t
ngx_gw_pb_field_type(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *owner,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field)
{
    ngx_str_t                *scope;
    ngx_uint_t                type;
    ngx_gw_pb_symbol_t       *symbol;
    ngx_gw_pb_raw_enum_t     *enumeration;
    ngx_gw_pb_raw_message_t  *message;

    if (raw->type < 0 || raw->type > NGX_GW_PB_SINT64) {
        return ngx_gw_pb_load_field_error(load, raw, "unknown type %D",
                                          raw->type);
    }

    type = raw->type;

    if (type != 0 && type != NGX_GW_PB_GROUP && type != NGX_GW_PB_MESSAGE
        && type != NGX_GW_PB_ENUM)
    {
        if (raw->type_name.len) {
            return ngx_gw_pb_load_field_error(load, raw, "its type is a "
                                              "scalar and \"%V\" at once",
                                              &raw->type_name);
        }

        goto done;
    }

    if (raw->type_name.len == 0) {
        return ngx_gw_pb_load_field_error(load, raw, "has no type");
    }

    scope = raw->scope ? &raw->scope->full : &raw->file->package;
    symbol = ngx_gw_pb_load_resolve(load, scope, &raw->type_name);

    if (symbol == NULL) {
        return ngx_gw_pb_load_field_error(load, raw, "no type \"%V\" (is the "
                                          "set made with --include_imports?)",
                                          &raw->type_name);
    }

    switch (symbol->kind) {

    case NGX_GW_PB_SYMBOL_MESSAGE:

        if (type == NGX_GW_PB_ENUM) {
            return ngx_gw_pb_load_field_error(load, raw, "\"%V\" is no enum "
                                              "but a message",
                                              &symbol->name);
        }

        message = symbol->data;
        field->message = message->message;

        if (type == 0) {
            type = NGX_GW_PB_MESSAGE;
        }

        if (message->map_entry) {

            if (raw->extension || type != NGX_GW_PB_MESSAGE
                || raw->label != NGX_GW_PB_REPEATED
                || message->parent != owner)
            {
                return ngx_gw_pb_load_field_error(load, raw, "\"%V\" is the "
                                                  "entry of a map, and not of "
                                                  "this field", &symbol->name);
            }

            field->map = 1;

        } else if (raw->file->edition >= NGX_GW_PB_2023 && !owner->map_entry
                   && raw->features.set[NGX_GW_PB_MESSAGE_FEATURE]
                      == NGX_GW_PB_DELIMITED)
        {
            type = NGX_GW_PB_GROUP;
        }

        break;

    case NGX_GW_PB_SYMBOL_ENUM:

        if (type != 0 && type != NGX_GW_PB_ENUM) {
            return ngx_gw_pb_load_field_error(load, raw, "\"%V\" is no "
                                              "message but an enum",
                                              &symbol->name);
        }

        enumeration = symbol->data;
        field->enumeration = enumeration->enumeration;
        type = NGX_GW_PB_ENUM;

        break;

    default:
        return ngx_gw_pb_load_field_error(load, raw, "\"%V\" is no type but "
                                          "%s", &symbol->name,
                                          symbol->kind
                                          == NGX_GW_PB_SYMBOL_SERVICE
                                          ? "a service" : "an extension");
    }

done:

    field->type = type;
    field->wire = ngx_gw_pb_wires[type];

    return NGX_OK;
}


/* what old syntax says in other ways are features as well */

static void
ngx_gw_pb_field_features(ngx_gw_pb_raw_message_t *owner,
    ngx_gw_pb_raw_field_t *raw)
{
    uint8_t  *set;

    if (raw->file->edition >= NGX_GW_PB_2023) {
        ngx_gw_pb_load_inherit(&raw->features, raw->scope
                                               ? &raw->scope->features
                                               : &raw->file->features);
        return;
    }

    raw->features = raw->file->features;
    set = raw->features.set;

    if (raw->label == NGX_GW_PB_REQUIRED) {
        set[NGX_GW_PB_PRESENCE_FEATURE] = NGX_GW_PB_LEGACY_REQUIRED;

    } else if (raw->proto3_optional) {
        set[NGX_GW_PB_PRESENCE_FEATURE] = NGX_GW_PB_EXPLICIT;
    }

    if (raw->has_packed) {
        set[NGX_GW_PB_REPEATED_FEATURE] = raw->packed ? NGX_GW_PB_PACKED
                                                      : NGX_GW_PB_EXPANDED;
    }
}


static ngx_int_t
ngx_gw_pb_field_flags(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *owner,
    ngx_gw_pb_raw_field_t *raw, ngx_gw_pb_field_t *field)
{
    uint8_t  *set;

    set = raw->features.set;

    switch (raw->label) {

    case NGX_GW_PB_OPTIONAL:
        break;

    case NGX_GW_PB_REQUIRED:

        if (raw->extension || raw->file->edition == NGX_GW_PB_PROTO3) {
            return ngx_gw_pb_load_field_error(load, raw, "may not be "
                                              "\"required\"");
        }

        field->required = 1;
        break;

    case NGX_GW_PB_REPEATED:
        field->repeated = 1;
        break;

    default:
        return ngx_gw_pb_load_field_error(load, raw, "unknown label %D",
                                          raw->label);
    }

    if (field->repeated) {
        field->packable = (field->wire != NGX_GW_PB_LEN
                           && field->wire != NGX_GW_PB_SGROUP);
        field->packed = (field->packable
                         && set[NGX_GW_PB_REPEATED_FEATURE]
                            == NGX_GW_PB_PACKED);

    } else {
        field->presence = (field->message || raw->in_oneof || raw->extension
                           || set[NGX_GW_PB_PRESENCE_FEATURE]
                              != NGX_GW_PB_IMPLICIT);

        if (set[NGX_GW_PB_PRESENCE_FEATURE] == NGX_GW_PB_LEGACY_REQUIRED
            && !raw->extension && !raw->in_oneof)
        {
            field->required = 1;
        }
    }

    field->utf8 = (field->type == NGX_GW_PB_STRING
                   && set[NGX_GW_PB_UTF8_FEATURE] == NGX_GW_PB_VERIFY);

    return NGX_OK;
}
