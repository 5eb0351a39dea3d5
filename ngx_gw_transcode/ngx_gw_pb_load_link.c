
/* Messages, and what refers to what. */


#include "ngx_gw_pb_load.h"
#include "ngx_gw_json.h"


static ngx_int_t ngx_gw_pb_link_types(ngx_gw_pb_load_t *load);
static ngx_int_t ngx_gw_pb_link_extensions(ngx_gw_pb_load_t *load);
static ngx_int_t ngx_gw_pb_link_message(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *raw);
static ngx_int_t ngx_gw_pb_link_numbers(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *raw, ngx_gw_pb_raw_field_t **fields,
    ngx_uint_t n);
static ngx_int_t ngx_gw_pb_link_ranges(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_range_t *list, ngx_gw_pb_raw_range_t ***ranges);
static ngx_uint_t ngx_gw_pb_link_within(ngx_gw_pb_raw_range_t ***ranges,
    int32_t number);
static ngx_int_t ngx_gw_pb_link_oneofs(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *raw, ngx_gw_pb_raw_field_t **fields);
static ngx_int_t ngx_gw_pb_link_by_number(ngx_gw_pb_load_t *load,
    ngx_gw_pb_message_t *message);
static ngx_int_t ngx_gw_pb_link_names(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *raw, ngx_gw_pb_raw_field_t **fields);
static ngx_gw_pb_field_t *ngx_gw_pb_link_name(ngx_gw_pb_message_t *message,
    ngx_gw_pb_field_t *field, const ngx_str_t *name);
static ngx_int_t ngx_gw_pb_link_conflict(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *raw, ngx_gw_pb_raw_field_t *a,
    ngx_gw_pb_raw_field_t *b, ngx_gw_pb_field_t *field);
static ngx_int_t ngx_gw_pb_link_map_entry(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_message_t *raw);
static int ngx_libc_cdecl ngx_gw_pb_link_compare_fields(const void *a,
    const void *b);
static int ngx_libc_cdecl ngx_gw_pb_link_compare_ranges(const void *a,
    const void *b);
static int ngx_libc_cdecl ngx_gw_pb_link_compare_messages(const void *a,
    const void *b);


ngx_int_t
ngx_gw_pb_load_link(ngx_gw_pb_load_t *load)
{
    ngx_int_t                 rc;
    ngx_gw_pb_raw_enum_t     *enumeration;
    ngx_gw_pb_raw_file_t     *file;
    ngx_gw_pb_raw_message_t  *message;

    rc = ngx_gw_pb_link_types(load);
    if (rc != NGX_OK) {
        return rc;
    }

    for (file = load->files; file; file = file->next) {

        for (enumeration = file->enums;
             enumeration;
             enumeration = enumeration->next)
        {
            if (enumeration->skipped) {
                continue;
            }

            rc = ngx_gw_pb_load_enum(load, enumeration);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    rc = ngx_gw_pb_link_extensions(load);
    if (rc != NGX_OK) {
        return rc;
    }

    for (file = load->files; file; file = file->next) {
        for (message = file->messages; message; message = message->next) {

            if (message->skipped) {
                continue;
            }

            rc = ngx_gw_pb_link_message(load, message);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    /* all have their fields now */

    for (file = load->files; file; file = file->next) {
        for (message = file->messages; message; message = message->next) {

            if (message->skipped) {
                continue;
            }

            rc = ngx_gw_pb_link_map_entry(load, message);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    /* and maps a key and a value */

    for (file = load->files; file; file = file->next) {
        for (message = file->messages; message; message = message->next) {

            if (message->skipped) {
                continue;
            }

            rc = ngx_gw_pb_load_known(load, message);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return ngx_gw_pb_load_services(load);
}


/* makes what pointers will point to */

static ngx_int_t
ngx_gw_pb_link_types(ngx_gw_pb_load_t *load)
{
    ngx_uint_t                n;
    ngx_gw_pb_message_t      *message;
    ngx_gw_pb_schema_t       *schema;
    ngx_gw_pb_raw_enum_t     *enumeration;
    ngx_gw_pb_raw_file_t     *file;
    ngx_gw_pb_raw_message_t  *raw;

    n = 0;

    for (file = load->files; file; file = file->next) {

        for (raw = file->messages; raw; raw = raw->next) {
            n += !raw->skipped;
        }

        for (enumeration = file->enums;
             enumeration;
             enumeration = enumeration->next)
        {
            if (enumeration->skipped) {
                continue;
            }

            enumeration->enumeration = ngx_pcalloc(load->pool,
                                                   sizeof(ngx_gw_pb_enum_t));
            if (enumeration->enumeration == NULL) {
                return NGX_ERROR;
            }
        }
    }

    schema = load->schema;

    if (n == 0) {
        return NGX_OK;
    }

    message = ngx_pcalloc(load->pool, n * sizeof(ngx_gw_pb_message_t));
    schema->messages = ngx_palloc(load->pool,
                                  n * sizeof(ngx_gw_pb_message_t *));

    if (message == NULL || schema->messages == NULL) {
        return NGX_ERROR;
    }

    for (file = load->files; file; file = file->next) {
        for (raw = file->messages; raw; raw = raw->next) {

            if (raw->skipped) {
                continue;
            }

            if (raw->message_set) {
                return ngx_gw_pb_load_error(load, file, "message \"%V\": "
                                            "message_set_wire_format is not "
                                            "supported", &raw->full);
            }

            message->name = raw->full;
            message->map_entry = raw->map_entry;

            raw->message = message;
            schema->messages[schema->nmessages++] = message++;
        }
    }

    qsort(schema->messages, n, sizeof(ngx_gw_pb_message_t *),
          ngx_gw_pb_link_compare_messages);

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_link_extensions(ngx_gw_pb_load_t *load)
{
    ngx_str_t                *scope;
    ngx_gw_pb_symbol_t       *symbol;
    ngx_gw_pb_raw_file_t     *file;
    ngx_gw_pb_raw_field_t    *field;
    ngx_gw_pb_raw_message_t  *message;

    for (file = load->files; file; file = file->next) {
        for (field = file->extensions; field; field = field->next) {

            if (field->skipped) {
                continue;
            }

            scope = field->scope ? &field->scope->full : &file->package;
            symbol = ngx_gw_pb_load_resolve(load, scope, &field->extendee);

            if (symbol == NULL || symbol->kind != NGX_GW_PB_SYMBOL_MESSAGE) {
                return ngx_gw_pb_load_field_error(load, field, "%s message "
                                                  "\"%V\" to extend%s",
                                                  symbol ? "not a" : "no",
                                                  &field->extendee,
                                                  symbol ? "" : " (is the set "
                                                  "made with "
                                                  "--include_imports?)");
            }

            message = symbol->data;

            field->sibling = message->extensions;
            message->extensions = field;
            message->nextensions++;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_link_message(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *raw)
{
    ngx_int_t               rc;
    ngx_uint_t              i, n;
    ngx_gw_pb_message_t    *message;
    ngx_gw_pb_raw_field_t  *field, **fields;

    message = raw->message;
    n = raw->nfields + raw->nextensions;

    if (n > NGX_GW_PB_MAX_MEMBERS || raw->noneofs > NGX_GW_PB_MAX_MEMBERS) {
        return ngx_gw_pb_load_error(load, raw->file, "message \"%V\" has more "
                                    "than %d fields", &raw->full,
                                    NGX_GW_PB_MAX_MEMBERS);
    }

    fields = ngx_palloc(load->temp, (n + 1) * sizeof(ngx_gw_pb_raw_field_t *));
    if (fields == NULL) {
        return NGX_ERROR;
    }

    i = 0;

    for (field = raw->fields; field; field = field->next) {
        fields[i++] = field;
    }

    for (field = raw->extensions; field; field = field->sibling) {
        fields[i++] = field;
    }

    rc = ngx_gw_pb_link_numbers(load, raw, fields, n);
    if (rc != NGX_OK) {
        return rc;
    }

    if (n) {
        message->fields = ngx_pcalloc(load->pool,
                                      n * sizeof(ngx_gw_pb_field_t));
        if (message->fields == NULL) {
            return NGX_ERROR;
        }
    }

    message->nfields = n;

    for (i = 0; i < n; i++) {
        message->fields[i].index = (uint16_t) i;

        rc = ngx_gw_pb_load_field(load, raw, fields[i], &message->fields[i]);
        if (rc != NGX_OK) {
            return rc;
        }

        message->has_required |= message->fields[i].required;
    }

    rc = ngx_gw_pb_link_oneofs(load, raw, fields);

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_link_by_number(load, message);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_link_names(load, raw, fields);
    }

    return rc;
}


/* sorts the fields and looks at their numbers */

static ngx_int_t
ngx_gw_pb_link_numbers(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *raw,
    ngx_gw_pb_raw_field_t **fields, ngx_uint_t n)
{
    int32_t                  number;
    ngx_uint_t               i;
    ngx_gw_pb_raw_field_t   *field;
    ngx_gw_pb_raw_range_t  **reserved, **extension;

    if (ngx_gw_pb_link_ranges(load, raw->reserved_ranges, &reserved) != NGX_OK
        || ngx_gw_pb_link_ranges(load, raw->extension_ranges, &extension)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    qsort(fields, n, sizeof(ngx_gw_pb_raw_field_t *),
          ngx_gw_pb_link_compare_fields);

    for (i = 0; i < n; i++) {
        field = fields[i];
        number = field->number;

        if (number < 1 || number > NGX_GW_PB_MAX_NUMBER
            || (number >= 19000 && number <= 19999))
        {
            return ngx_gw_pb_load_field_error(load, field, "its number, %D, "
                                              "is none that a field may have",
                                              number);
        }

        if (i > 0 && fields[i - 1]->number == number) {
            return ngx_gw_pb_load_field_error(load, field, "its number, %D, "
                                              "is that of \"%V\", too", number,
                                              &fields[i - 1]->name);
        }

        if (ngx_gw_pb_link_within(&reserved, number)) {
            return ngx_gw_pb_load_field_error(load, field, "its number, %D, "
                                              "is reserved", number);
        }

        if (ngx_gw_pb_link_within(&extension, number) != field->extension) {
            return ngx_gw_pb_load_field_error(load, field, "its number, %D, "
                                              "is %sone for extensions of "
                                              "\"%V\"", number,
                                              field->extension ? "not " : "",
                                              &raw->full);
        }
    }

    return NGX_OK;
}


/* the list in order, with a NULL behind it */

static ngx_int_t
ngx_gw_pb_link_ranges(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_range_t *list,
    ngx_gw_pb_raw_range_t ***ranges)
{
    ngx_uint_t               n;
    ngx_gw_pb_raw_range_t   *range, **array;

    static ngx_gw_pb_raw_range_t  *none;

    *ranges = &none;

    if (list == NULL) {
        return NGX_OK;
    }

    n = 0;

    for (range = list; range; range = range->next) {
        n++;
    }

    array = ngx_palloc(load->temp, (n + 1) * sizeof(ngx_gw_pb_raw_range_t *));
    if (array == NULL) {
        return NGX_ERROR;
    }

    *ranges = array;

    for (range = list; range; range = range->next) {
        *array++ = range;
    }

    *array = NULL;

    qsort(*ranges, n, sizeof(ngx_gw_pb_raw_range_t *),
          ngx_gw_pb_link_compare_ranges);

    return NGX_OK;
}


/* goes on to the range that may have the number; numbers come ascending */

static ngx_uint_t
ngx_gw_pb_link_within(ngx_gw_pb_raw_range_t ***ranges, int32_t number)
{
    while (**ranges && (**ranges)->end <= number) {
        (*ranges)++;
    }

    return **ranges && (**ranges)->start <= number;
}


static ngx_int_t
ngx_gw_pb_link_oneofs(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *raw,
    ngx_gw_pb_raw_field_t **fields)
{
    ngx_uint_t              i, n;
    ngx_gw_pb_message_t    *message;
    ngx_gw_pb_raw_name_t   *name;
    ngx_gw_pb_raw_field_t  *field;

    struct {
        uint16_t            real;        /* from 1; 0: of "optional" */
        uint16_t            members;
    } *oneofs;

    message = raw->message;
    n = raw->noneofs;

    oneofs = ngx_pcalloc(load->temp, (n + 1) * sizeof(*oneofs));
    if (oneofs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < message->nfields; i++) {
        field = fields[i];

        if (!field->in_oneof) {
            continue;
        }

        if (field->extension || field->label != NGX_GW_PB_OPTIONAL) {
            return ngx_gw_pb_load_field_error(load, field, "may not be in a "
                                              "oneof");
        }

        if (field->oneof < 0 || (ngx_uint_t) field->oneof >= n) {
            return ngx_gw_pb_load_field_error(load, field, "there is no oneof "
                                              "%D", field->oneof);
        }

        oneofs[field->oneof].members++;

        if (!field->proto3_optional) {
            oneofs[field->oneof].real = 1;
        }
    }

    i = 0;

    for (name = raw->oneofs; name; name = name->next) {

        if (oneofs[i].members == 0) {
            return ngx_gw_pb_load_error(load, raw->file, "message \"%V\": "
                                        "oneof \"%V\" has no field",
                                        &raw->full, &name->name);
        }

        if (oneofs[i].real) {
            oneofs[i].real = ++message->noneofs;
        }

        i++;
    }

    for (i = 0; i < message->nfields; i++) {
        field = fields[i];

        if (!field->in_oneof) {
            continue;
        }

        if (field->proto3_optional && oneofs[field->oneof].members > 1) {
            return ngx_gw_pb_load_field_error(load, field, "is \"optional\" "
                                              "and in a oneof with others");
        }

        message->fields[i].oneof = oneofs[field->oneof].real;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_link_by_number(ngx_gw_pb_load_t *load, ngx_gw_pb_message_t *message)
{
    uint32_t    number;
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < message->nfields; i++) {
        number = message->fields[i].number;

        if (number > 64 + 4 * i) {
            break;
        }

        n = number + 1;
    }

    message->nnumbers = n;
    message->first_sparse = i;

    if (n == 0) {
        return NGX_OK;
    }

    message->by_number = ngx_pcalloc(load->pool, n * sizeof(uint16_t));
    if (message->by_number == NULL) {
        return NGX_ERROR;
    }

    while (i--) {
        message->by_number[message->fields[i].number] = i + 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_link_names(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *raw,
    ngx_gw_pb_raw_field_t **fields)
{
    ngx_int_t              rc;
    ngx_uint_t             i, n, size;
    ngx_gw_pb_field_t     *field, *other;
    ngx_gw_pb_message_t   *message;
    ngx_gw_pb_raw_name_t  *reserved;

    message = raw->message;
    n = 1;

    for (i = 0; i < message->nfields; i++) {
        field = &message->fields[i];
        n += 1 + !ngx_gw_pb_same(&field->name, &field->json_name);
    }

    for (size = 2; size < n * 2; size *= 2) { /* void */ }

    message->names = ngx_pcalloc(load->pool, size * sizeof(uint16_t));
    if (message->names == NULL) {
        return NGX_ERROR;
    }

    message->names_mask = size - 1;

    for (i = 0; i < message->nfields; i++) {
        field = &message->fields[i];
        other = ngx_gw_pb_link_name(message, field, &field->json_name);

        if (other == NULL) {
            continue;
        }

        message->ambiguous = 1;

        if (!ngx_gw_pb_same(&field->json_name, &other->json_name)) {
            continue;
        }

        rc = ngx_gw_pb_link_conflict(load, raw, fields[other->index],
                                     fields[i], field);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    for (i = 0; i < message->nfields; i++) {
        field = &message->fields[i];

        if (ngx_gw_pb_same(&field->name, &field->json_name)) {
            continue;
        }

        other = ngx_gw_pb_link_name(message, field, &field->name);

        if (other == NULL) {
            continue;
        }

        message->ambiguous = 1;

        if (ngx_gw_pb_same(&field->name, &other->name)) {
            return ngx_gw_pb_load_field_error(load, fields[i], "there is "
                                              "another of this name");
        }
    }

    for (reserved = raw->reserved_names; reserved; reserved = reserved->next) {
        field = ngx_gw_pb_find_field(message, reserved->name.data,
                                     reserved->name.len);

        if (field && ngx_gw_pb_same(&field->name, &reserved->name)) {
            return ngx_gw_pb_load_field_error(load, fields[field->index],
                                              "its name is reserved");
        }
    }

    return NGX_OK;
}


/*
 * Puts a name into the table; returns another field that goes by it.  A name
 * in JSON that another has is left out: it would never be found, see
 * ngx_gw_pb_find_ambiguous(), and there might be many.
 */

static ngx_gw_pb_field_t *
ngx_gw_pb_link_name(ngx_gw_pb_message_t *message, ngx_gw_pb_field_t *field,
    const ngx_str_t *name)
{
    ngx_uint_t          i, taken;
    ngx_gw_pb_field_t  *other, *found;

    taken = 0;
    found = NULL;
    i = ngx_gw_json_hash(name->data, name->len) & message->names_mask;

    while (message->names[i]) {
        other = &message->fields[message->names[i] - 1];

        if (other != field && ngx_gw_pb_same(&other->json_name, name)) {
            found = other;
            taken = 1;

        } else if (other != field && !taken
                   && ngx_gw_pb_same(&other->name, name))
        {
            found = other;
        }

        i = (i + 1) & message->names_mask;
    }

    if (!taken || ngx_gw_pb_same(&field->name, name)) {
        message->names[i] = field->index + 1;
    }

    return found;
}


/* two fields with one JSON name: as protoc, which lets pass what is old */

static ngx_int_t
ngx_gw_pb_link_conflict(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *raw,
    ngx_gw_pb_raw_field_t *a, ngx_gw_pb_raw_field_t *b,
    ngx_gw_pb_field_t *field)
{
    ngx_str_t               camel;
    ngx_uint_t              i, given;
    ngx_gw_pb_raw_field_t  *fields[2];

    if (ngx_gw_pb_same(&a->name, &b->name)) {
        return ngx_gw_pb_load_field_error(load, b, "there is another of this "
                                          "name");
    }

    fields[0] = a;
    fields[1] = b;
    given = 0;

    for (i = 0; i < 2; i++) {
        camel.data = ngx_pnalloc(load->temp, fields[i]->name.len);
        if (camel.data == NULL) {
            return NGX_ERROR;
        }

        camel.len = ngx_gw_pb_load_camel(&fields[i]->name, camel.data);
        given += !ngx_gw_pb_same(&camel, &field->json_name);
    }

    if (given < 2
        && (raw->legacy_json
            || raw->features.set[NGX_GW_PB_JSON_FEATURE]
               == NGX_GW_PB_LEGACY_BEST_EFFORT))
    {
        return NGX_OK;
    }

    return ngx_gw_pb_load_field_error(load, b, "its JSON name, \"%V\", is "
                                      "that of \"%V\", too",
                                      &field->json_name, &a->name);
}


static ngx_int_t
ngx_gw_pb_link_map_entry(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_message_t *raw)
{
    ngx_gw_pb_field_t    *key, *value;
    ngx_gw_pb_message_t  *message;

    static const ngx_str_t  key_name = ngx_string("key");
    static const ngx_str_t  value_name = ngx_string("value");

    message = raw->message;

    if (!message->map_entry) {
        return NGX_OK;
    }

    key = message->fields;
    value = message->fields + 1;

    if (raw->parent == NULL || message->nfields != 2 || message->noneofs
        || message->has_required || raw->nextensions
        || key->number != 1 || key->repeated
        || value->number != 2 || value->repeated
        || !ngx_gw_pb_same(&key->name, &key_name)
        || !ngx_gw_pb_same(&value->name, &value_name))
    {
        return ngx_gw_pb_load_error(load, raw->file, "message \"%V\" is "
                                    "malformed as the entry of a map",
                                    &raw->full);
    }

    switch (key->type) {

    case NGX_GW_PB_DOUBLE:
    case NGX_GW_PB_FLOAT:
    case NGX_GW_PB_GROUP:
    case NGX_GW_PB_MESSAGE:
    case NGX_GW_PB_BYTES:
    case NGX_GW_PB_ENUM:
        return ngx_gw_pb_load_error(load, raw->file, "message \"%V\": the "
                                    "type of its key is none that a map may "
                                    "have", &raw->full);
    }

    if (value->type == NGX_GW_PB_GROUP
        || (value->message && value->message->map_entry))
    {
        return ngx_gw_pb_load_error(load, raw->file, "message \"%V\": the "
                                    "type of its value is none that a map "
                                    "may have", &raw->full);
    }

    if (value->enumeration && value->enumeration->values[0].number != 0) {
        return ngx_gw_pb_load_error(load, raw->file, "message \"%V\": the "
                                    "first value of \"%V\" is not 0",
                                    &raw->full, &value->enumeration->name);
    }

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_gw_pb_link_compare_fields(const void *a, const void *b)
{
    const ngx_gw_pb_raw_field_t *const *x = a, *const *y = b;

    if ((*x)->number != (*y)->number) {
        return ((*x)->number < (*y)->number) ? -1 : 1;
    }

    return 0;
}


static int ngx_libc_cdecl
ngx_gw_pb_link_compare_ranges(const void *a, const void *b)
{
    const ngx_gw_pb_raw_range_t *const *x = a, *const *y = b;

    if ((*x)->start != (*y)->start) {
        return ((*x)->start < (*y)->start) ? -1 : 1;
    }

    return 0;
}


static int ngx_libc_cdecl
ngx_gw_pb_link_compare_messages(const void *a, const void *b)
{
    const ngx_gw_pb_message_t *const *x = a, *const *y = b;

    return (int) ngx_memn2cmp((*x)->name.data, (*y)->name.data,
                              (*x)->name.len, (*y)->name.len);
}
