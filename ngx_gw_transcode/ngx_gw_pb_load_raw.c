
/* Descriptors (google/protobuf/descriptor.proto), from the wire to raw ones. */


#include "ngx_gw_pb_load.h"


/* google.api.http */
#define NGX_GW_PB_HTTP_RULE  72295728u


static ngx_int_t ngx_gw_pb_raw_message(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_gw_pb_raw_message_t *parent,
    ngx_str_t *bytes, ngx_uint_t depth);
static ngx_int_t ngx_gw_pb_raw_field(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_gw_pb_raw_message_t *scope,
    ngx_str_t *bytes, ngx_gw_pb_raw_field_t **field);
static ngx_int_t ngx_gw_pb_raw_extension(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_gw_pb_raw_message_t *scope,
    ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_oneof(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *message, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_enum(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_gw_pb_raw_message_t *parent,
    ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_value(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *enumeration, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_service(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_method(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_service_t *service, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_method_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_method_t *method, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_file_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_message_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *message, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_field_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *field, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_enum_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *enumeration, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_features(ngx_gw_pb_load_t *load,
    ngx_gw_pb_features_t *features, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_raw_range(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_range_t **list, ngx_str_t *bytes);
static ngx_gw_pb_raw_name_t *ngx_gw_pb_raw_name(ngx_gw_pb_load_t *load,
    ngx_str_t *name);


ngx_int_t
ngx_gw_pb_load_raw_file(ngx_gw_pb_load_t *load, ngx_str_t *bytes,
    ngx_gw_pb_raw_file_t **out)
{
    ngx_int_t              rc;
    ngx_gw_pb_reader_t     r;
    ngx_gw_pb_raw_file_t  *file;
    ngx_gw_pb_raw_name_t  *name;

    file = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_file_t));
    if (file == NULL) {
        return NGX_ERROR;
    }

    file->text = load->text;
    file->bytes = *bytes;
    file->last_import = &file->imports;
    file->last_message = &file->messages;
    file->last_enum = &file->enums;
    file->last_service = &file->services;
    file->last_extension = &file->extensions;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            file->name = r.bytes;
            break;

        case ngx_gw_pb_tag(2, LEN):
            file->package = r.bytes;
            break;

        case ngx_gw_pb_tag(3, LEN):
            name = ngx_gw_pb_raw_name(load, &r.bytes);
            if (name == NULL) {
                return NGX_ERROR;
            }

            *file->last_import = name;
            file->last_import = &name->next;
            break;

        case ngx_gw_pb_tag(4, LEN):
            rc = ngx_gw_pb_raw_message(load, file, NULL, &r.bytes, 1);
            break;

        case ngx_gw_pb_tag(5, LEN):
            rc = ngx_gw_pb_raw_enum(load, file, NULL, &r.bytes);
            break;

        case ngx_gw_pb_tag(6, LEN):
            rc = ngx_gw_pb_raw_service(load, file, &r.bytes);
            break;

        case ngx_gw_pb_tag(7, LEN):
            rc = ngx_gw_pb_raw_extension(load, file, NULL, &r.bytes);
            break;

        case ngx_gw_pb_tag(8, LEN):
            rc = ngx_gw_pb_raw_file_options(load, file, &r.bytes);
            break;

        case ngx_gw_pb_tag(12, LEN):
            file->syntax = r.bytes;
            break;

        case ngx_gw_pb_tag(14, VARINT):
            file->edition = (int32_t) r.value;
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    *out = file;

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_message(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_gw_pb_raw_message_t *parent, ngx_str_t *bytes, ngx_uint_t depth)
{
    ngx_int_t                 rc;
    ngx_gw_pb_reader_t        r;
    ngx_gw_pb_raw_name_t     *name;
    ngx_gw_pb_raw_field_t    *field;
    ngx_gw_pb_raw_message_t  *message;

    if (depth > NGX_GW_PB_MAX_NESTED) {
        return ngx_gw_pb_load_error(load, NULL, "messages are nested more "
                                    "than %d deep", NGX_GW_PB_MAX_NESTED);
    }

    if (++load->ntypes > NGX_GW_PB_MAX_TYPES) {
        return ngx_gw_pb_load_error(load, NULL, "more than %d messages and "
                                    "enums", NGX_GW_PB_MAX_TYPES);
    }

    message = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_message_t));
    if (message == NULL) {
        return NGX_ERROR;
    }

    message->file = file;
    message->parent = parent;
    message->bytes = *bytes;
    message->last_field = &message->fields;
    message->last_oneof = &message->oneofs;

    *file->last_message = message;
    file->last_message = &message->next;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            message->name = r.bytes;
            break;

        case ngx_gw_pb_tag(2, LEN):
            rc = ngx_gw_pb_raw_field(load, file, message, &r.bytes, &field);

            if (rc == NGX_OK) {
                *message->last_field = field;
                message->last_field = &field->next;
                message->nfields++;
            }

            break;

        case ngx_gw_pb_tag(3, LEN):
            rc = ngx_gw_pb_raw_message(load, file, message, &r.bytes,
                                       depth + 1);
            break;

        case ngx_gw_pb_tag(4, LEN):
            rc = ngx_gw_pb_raw_enum(load, file, message, &r.bytes);
            break;

        case ngx_gw_pb_tag(5, LEN):
            rc = ngx_gw_pb_raw_range(load, &message->extension_ranges,
                                     &r.bytes);
            break;

        case ngx_gw_pb_tag(6, LEN):
            rc = ngx_gw_pb_raw_extension(load, file, message, &r.bytes);
            break;

        case ngx_gw_pb_tag(7, LEN):
            rc = ngx_gw_pb_raw_message_options(load, message, &r.bytes);
            break;

        case ngx_gw_pb_tag(8, LEN):
            rc = ngx_gw_pb_raw_oneof(load, message, &r.bytes);
            break;

        case ngx_gw_pb_tag(9, LEN):
            rc = ngx_gw_pb_raw_range(load, &message->reserved_ranges,
                                     &r.bytes);
            break;

        case ngx_gw_pb_tag(10, LEN):
            name = ngx_gw_pb_raw_name(load, &r.bytes);
            if (name == NULL) {
                return NGX_ERROR;
            }

            name->next = message->reserved_names;
            message->reserved_names = name;
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_field(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_gw_pb_raw_message_t *scope, ngx_str_t *bytes,
    ngx_gw_pb_raw_field_t **out)
{
    ngx_int_t               rc;
    ngx_gw_pb_reader_t      r;
    ngx_gw_pb_raw_field_t  *field;

    field = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_field_t));
    if (field == NULL) {
        return NGX_ERROR;
    }

    field->file = file;
    field->scope = scope;
    field->bytes = *bytes;
    field->label = NGX_GW_PB_OPTIONAL;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            field->name = r.bytes;
            break;

        case ngx_gw_pb_tag(2, LEN):
            field->extendee = r.bytes;
            break;

        case ngx_gw_pb_tag(3, VARINT):
            field->number = (int32_t) r.value;
            break;

        case ngx_gw_pb_tag(4, VARINT):
            field->label = (int32_t) r.value;
            break;

        case ngx_gw_pb_tag(5, VARINT):
            field->type = (int32_t) r.value;
            break;

        case ngx_gw_pb_tag(6, LEN):
            field->type_name = r.bytes;
            break;

        case ngx_gw_pb_tag(7, LEN):
            field->default_value = r.bytes;
            break;

        case ngx_gw_pb_tag(8, LEN):
            rc = ngx_gw_pb_raw_field_options(load, field, &r.bytes);
            break;

        case ngx_gw_pb_tag(9, VARINT):
            field->oneof = (int32_t) r.value;
            field->in_oneof = 1;
            break;

        case ngx_gw_pb_tag(10, LEN):
            field->json_name = r.bytes;
            break;

        case ngx_gw_pb_tag(17, VARINT):
            field->proto3_optional = (r.value != 0);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    *out = field;

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_extension(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_gw_pb_raw_message_t *scope, ngx_str_t *bytes)
{
    ngx_int_t               rc;
    ngx_gw_pb_raw_field_t  *field;

    rc = ngx_gw_pb_raw_field(load, file, scope, bytes, &field);

    if (rc == NGX_OK) {
        field->extension = 1;

        *file->last_extension = field;
        file->last_extension = &field->next;
    }

    return rc;
}


static ngx_int_t
ngx_gw_pb_raw_oneof(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *message,
    ngx_str_t *bytes)
{
    ngx_int_t              rc;
    ngx_gw_pb_reader_t     r;
    ngx_gw_pb_raw_name_t  *oneof;

    oneof = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_name_t));
    if (oneof == NULL) {
        return NGX_ERROR;
    }

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {
        if (r.tag == ngx_gw_pb_tag(1, LEN)) {
            oneof->name = r.bytes;
        }
    }

    *message->last_oneof = oneof;
    message->last_oneof = &oneof->next;
    message->noneofs++;

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_enum(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_gw_pb_raw_message_t *parent, ngx_str_t *bytes)
{
    ngx_int_t              rc;
    ngx_gw_pb_reader_t     r;
    ngx_gw_pb_raw_name_t  *name;
    ngx_gw_pb_raw_enum_t  *enumeration;

    if (++load->ntypes > NGX_GW_PB_MAX_TYPES) {
        return ngx_gw_pb_load_error(load, NULL, "more than %d messages and "
                                    "enums", NGX_GW_PB_MAX_TYPES);
    }

    enumeration = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_enum_t));
    if (enumeration == NULL) {
        return NGX_ERROR;
    }

    enumeration->file = file;
    enumeration->parent = parent;
    enumeration->bytes = *bytes;
    enumeration->last_value = &enumeration->values;

    *file->last_enum = enumeration;
    file->last_enum = &enumeration->next;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            enumeration->name = r.bytes;
            break;

        case ngx_gw_pb_tag(2, LEN):
            rc = ngx_gw_pb_raw_value(load, enumeration, &r.bytes);
            break;

        case ngx_gw_pb_tag(3, LEN):
            rc = ngx_gw_pb_raw_enum_options(load, enumeration, &r.bytes);
            break;

        case ngx_gw_pb_tag(4, LEN):
            rc = ngx_gw_pb_raw_range(load, &enumeration->reserved_ranges,
                                     &r.bytes);
            break;

        case ngx_gw_pb_tag(5, LEN):
            name = ngx_gw_pb_raw_name(load, &r.bytes);
            if (name == NULL) {
                return NGX_ERROR;
            }

            name->next = enumeration->reserved_names;
            enumeration->reserved_names = name;
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_value(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_enum_t *enumeration,
    ngx_str_t *bytes)
{
    ngx_int_t               rc;
    ngx_gw_pb_reader_t      r;
    ngx_gw_pb_raw_value_t  *value;

    value = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_value_t));
    if (value == NULL) {
        return NGX_ERROR;
    }

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            value->name = r.bytes;
            break;

        case ngx_gw_pb_tag(2, VARINT):
            value->number = (int32_t) r.value;
            break;
        }
    }

    *enumeration->last_value = value;
    enumeration->last_value = &value->next;
    enumeration->nvalues++;

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_service(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_str_t *bytes)
{
    ngx_int_t                 rc;
    ngx_gw_pb_reader_t        r;
    ngx_gw_pb_raw_service_t  *service;

    service = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_service_t));
    if (service == NULL) {
        return NGX_ERROR;
    }

    service->file = file;
    service->bytes = *bytes;
    service->last_method = &service->methods;

    *file->last_service = service;
    file->last_service = &service->next;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            service->name = r.bytes;
            break;

        case ngx_gw_pb_tag(2, LEN):
            rc = ngx_gw_pb_raw_method(load, service, &r.bytes);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_method(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_service_t *service,
    ngx_str_t *bytes)
{
    ngx_int_t                rc;
    ngx_gw_pb_reader_t       r;
    ngx_gw_pb_raw_method_t  *method;

    method = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_method_t));
    if (method == NULL) {
        return NGX_ERROR;
    }

    method->last_rule = &method->rules;

    *service->last_method = method;
    service->last_method = &method->next;
    service->nmethods++;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, LEN):
            method->name = r.bytes;
            break;

        case ngx_gw_pb_tag(2, LEN):
            method->input = r.bytes;
            break;

        case ngx_gw_pb_tag(3, LEN):
            method->output = r.bytes;
            break;

        case ngx_gw_pb_tag(4, LEN):
            rc = ngx_gw_pb_raw_method_options(load, method, &r.bytes);
            break;

        case ngx_gw_pb_tag(5, VARINT):
            method->client_streaming = (r.value != 0);
            break;

        case ngx_gw_pb_tag(6, VARINT):
            method->server_streaming = (r.value != 0);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_method_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_method_t *method, ngx_str_t *bytes)
{
    ngx_int_t              rc;
    ngx_gw_pb_reader_t     r;
    ngx_gw_pb_raw_name_t  *rule;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        if (r.tag == ngx_gw_pb_tag(NGX_GW_PB_HTTP_RULE, LEN)) {
            rule = ngx_gw_pb_raw_name(load, &r.bytes);
            if (rule == NULL) {
                return NGX_ERROR;
            }

            *method->last_rule = rule;
            method->last_rule = &rule->next;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_file_options(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_str_t *bytes)
{
    ngx_int_t           rc;
    ngx_gw_pb_reader_t  r;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        if (r.tag == ngx_gw_pb_tag(50, LEN)) {
            rc = ngx_gw_pb_raw_features(load, &file->features, &r.bytes);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_message_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *message, ngx_str_t *bytes)
{
    ngx_int_t           rc;
    ngx_gw_pb_reader_t  r;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, VARINT):
            message->message_set = (r.value != 0);
            break;

        case ngx_gw_pb_tag(7, VARINT):
            message->map_entry = (r.value != 0);
            break;

        case ngx_gw_pb_tag(11, VARINT):
            message->legacy_json = (r.value != 0);
            break;

        case ngx_gw_pb_tag(12, LEN):
            rc = ngx_gw_pb_raw_features(load, &message->features, &r.bytes);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_field_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_field_t *field, ngx_str_t *bytes)
{
    ngx_int_t           rc;
    ngx_gw_pb_reader_t  r;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(2, VARINT):
            field->has_packed = 1;
            field->packed = (r.value != 0);
            break;

        case ngx_gw_pb_tag(21, LEN):
            rc = ngx_gw_pb_raw_features(load, &field->features, &r.bytes);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_enum_options(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *enumeration, ngx_str_t *bytes)
{
    ngx_int_t           rc;
    ngx_gw_pb_reader_t  r;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(2, VARINT):
            enumeration->allow_alias = (r.value != 0);
            break;

        case ngx_gw_pb_tag(7, LEN):
            rc = ngx_gw_pb_raw_features(load, &enumeration->features,
                                        &r.bytes);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_features(ngx_gw_pb_load_t *load, ngx_gw_pb_features_t *features,
    ngx_str_t *bytes)
{
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_gw_pb_reader_t  r;

    static const uint8_t  greatest[NGX_GW_PB_FEATURES] = {
        NGX_GW_PB_LEGACY_REQUIRED, NGX_GW_PB_CLOSED, NGX_GW_PB_EXPANDED,
        NGX_GW_PB_NO_VERIFY, NGX_GW_PB_DELIMITED, NGX_GW_PB_LEGACY_BEST_EFFORT
    };

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        i = (r.tag >> 3) - 1;

        if (i >= NGX_GW_PB_FEATURES || (r.tag & 7) != NGX_GW_PB_VARINT) {
            continue;
        }

        if (r.value > greatest[i]) {
            return ngx_gw_pb_load_error(load, NULL, "feature %ui of an edition "
                                        "has an unknown value, %uL",
                                        i + 1, r.value);
        }

        features->set[i] = (uint8_t) r.value;
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_gw_pb_raw_range(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_range_t **list,
    ngx_str_t *bytes)
{
    ngx_int_t               rc;
    ngx_gw_pb_reader_t      r;
    ngx_gw_pb_raw_range_t  *range;

    range = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_range_t));
    if (range == NULL) {
        return NGX_ERROR;
    }

    range->next = *list;
    *list = range;

    ngx_gw_pb_reader_init(&r, bytes);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        switch (r.tag) {

        case ngx_gw_pb_tag(1, VARINT):
            range->start = (int32_t) r.value;
            break;

        case ngx_gw_pb_tag(2, VARINT):
            range->end = (int32_t) r.value;
            break;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_gw_pb_raw_name_t *
ngx_gw_pb_raw_name(ngx_gw_pb_load_t *load, ngx_str_t *text)
{
    ngx_gw_pb_raw_name_t  *name;

    name = ngx_pcalloc(load->temp, sizeof(ngx_gw_pb_raw_name_t));

    if (name) {
        name->name = *text;
    }

    return name;
}
