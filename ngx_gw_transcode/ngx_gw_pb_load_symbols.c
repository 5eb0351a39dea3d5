
/* What files define, by name. */


#include "ngx_gw_pb_load.h"
#include "ngx_gw_json.h"


static ngx_int_t ngx_gw_pb_load_grow(ngx_gw_pb_load_t *load,
    ngx_gw_pb_symbols_t *symbols);
static ngx_gw_pb_symbol_t *ngx_gw_pb_load_slot(ngx_gw_pb_symbols_t *symbols,
    const ngx_str_t *name, uint32_t hash);
static ngx_int_t ngx_gw_pb_load_edition(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);
static ngx_int_t ngx_gw_pb_load_package(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);
static ngx_int_t ngx_gw_pb_load_messages(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);
static ngx_int_t ngx_gw_pb_load_enums(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);
static ngx_int_t ngx_gw_pb_load_raw_services(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);
static ngx_int_t ngx_gw_pb_load_extensions(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);
static ngx_int_t ngx_gw_pb_load_full(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_gw_pb_raw_message_t *parent,
    const char *what, const ngx_str_t *name, ngx_str_t *full);
static ngx_int_t ngx_gw_pb_load_define(ngx_gw_pb_load_t *load,
    const ngx_str_t *name, ngx_uint_t kind, void *data,
    ngx_gw_pb_raw_file_t *file, ngx_str_t *bytes);


/* by edition: proto2, proto3, 2023 and later */

static const ngx_gw_pb_features_t  ngx_gw_pb_editions[] = {
    { { NGX_GW_PB_EXPLICIT, NGX_GW_PB_CLOSED, NGX_GW_PB_EXPANDED,
        NGX_GW_PB_NO_VERIFY, NGX_GW_PB_LENGTH_PREFIXED,
        NGX_GW_PB_LEGACY_BEST_EFFORT } },
    { { NGX_GW_PB_IMPLICIT, NGX_GW_PB_OPEN, NGX_GW_PB_PACKED,
        NGX_GW_PB_VERIFY, NGX_GW_PB_LENGTH_PREFIXED, NGX_GW_PB_ALLOW } },
    { { NGX_GW_PB_EXPLICIT, NGX_GW_PB_OPEN, NGX_GW_PB_PACKED,
        NGX_GW_PB_VERIFY, NGX_GW_PB_LENGTH_PREFIXED, NGX_GW_PB_ALLOW } }
};


ngx_gw_pb_symbol_t *
ngx_gw_pb_load_find(ngx_gw_pb_symbols_t *symbols, const ngx_str_t *name)
{
    ngx_gw_pb_symbol_t  *symbol;

    if (symbols->n == 0) {
        return NULL;
    }

    symbol = ngx_gw_pb_load_slot(symbols, name,
                                 ngx_gw_json_hash(name->data, name->len));

    return symbol->kind ? symbol : NULL;
}


ngx_int_t
ngx_gw_pb_load_add(ngx_gw_pb_load_t *load, ngx_gw_pb_symbols_t *symbols,
    const ngx_str_t *name, ngx_uint_t kind, void *data)
{
    uint32_t             hash;
    ngx_gw_pb_symbol_t  *symbol;

    if (symbols->slots == NULL || symbols->n > symbols->mask / 2) {
        if (ngx_gw_pb_load_grow(load, symbols) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    hash = ngx_gw_json_hash(name->data, name->len);

    symbol = ngx_gw_pb_load_slot(symbols, name, hash);

    symbol->name = *name;
    symbol->hash = hash;
    symbol->kind = kind;
    symbol->data = data;

    symbols->n++;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_load_grow(ngx_gw_pb_load_t *load, ngx_gw_pb_symbols_t *symbols)
{
    ngx_uint_t            i, n;
    ngx_gw_pb_symbol_t   *slot;
    ngx_gw_pb_symbols_t   grown;

    n = symbols->slots ? (symbols->mask + 1) * 2 : 64;

    grown.n = symbols->n;
    grown.mask = n - 1;
    grown.slots = ngx_pcalloc(load->temp, n * sizeof(ngx_gw_pb_symbol_t));

    if (grown.slots == NULL) {
        return NGX_ERROR;
    }

    if (symbols->slots) {
        for (i = 0; i <= symbols->mask; i++) {
            slot = &symbols->slots[i];

            if (slot->kind) {
                *ngx_gw_pb_load_slot(&grown, &slot->name, slot->hash) = *slot;
            }
        }

        (void) ngx_pfree(load->temp, symbols->slots);
    }

    *symbols = grown;

    return NGX_OK;
}


/* that of the name, or the free one where it belongs */

static ngx_gw_pb_symbol_t *
ngx_gw_pb_load_slot(ngx_gw_pb_symbols_t *symbols, const ngx_str_t *name,
    uint32_t hash)
{
    ngx_uint_t           i;
    ngx_gw_pb_symbol_t  *symbol;

    for (i = hash & symbols->mask; ; i = (i + 1) & symbols->mask) {
        symbol = &symbols->slots[i];

        if (symbol->kind == 0
            || (symbol->hash == hash && ngx_gw_pb_same(&symbol->name, name)))
        {
            return symbol;
        }
    }
}


ngx_gw_pb_symbol_t *
ngx_gw_pb_load_resolve(ngx_gw_pb_load_t *load, const ngx_str_t *scope,
    const ngx_str_t *name)
{
    size_t               len;
    u_char               buf[NGX_GW_PB_MAX_NAME * 2 + 1];
    ngx_str_t            full;
    ngx_gw_pb_symbol_t  *symbol;

    if (name->len == 0 || name->len > NGX_GW_PB_MAX_NAME) {
        return NULL;
    }

    if (name->data[0] == '.') {
        full.data = name->data + 1;
        full.len = name->len - 1;

        return ngx_gw_pb_load_find(&load->by_name, &full);
    }

    /* compilers leave nothing to be looked for, others may */

    full.data = buf;

    if (scope->len) {
        ngx_memcpy(buf, scope->data, scope->len);
    }

    for (len = scope->len; len > 0; len--) {

        if (len < scope->len && buf[len] != '.') {
            continue;
        }

        buf[len] = '.';
        ngx_memcpy(buf + len + 1, name->data, name->len);
        full.len = len + 1 + name->len;

        symbol = ngx_gw_pb_load_find(&load->by_name, &full);

        if (symbol) {
            return symbol;
        }
    }

    return ngx_gw_pb_load_find(&load->by_name, name);
}


ngx_int_t
ngx_gw_pb_load_symbols(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    ngx_int_t  rc;

    rc = ngx_gw_pb_load_edition(load, file);

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_load_package(load, file);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_load_messages(load, file);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_load_enums(load, file);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_load_raw_services(load, file);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_load_extensions(load, file);
    }

    return rc;
}


static ngx_int_t
ngx_gw_pb_load_edition(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    ngx_uint_t  i;

    static const ngx_str_t  proto2 = ngx_string("proto2");
    static const ngx_str_t  proto3 = ngx_string("proto3");
    static const ngx_str_t  editions = ngx_string("editions");

    if (file->syntax.len == 0 || ngx_gw_pb_same(&file->syntax, &proto2)) {
        file->edition = NGX_GW_PB_PROTO2;
        i = 0;

    } else if (ngx_gw_pb_same(&file->syntax, &proto3)) {
        file->edition = NGX_GW_PB_PROTO3;
        i = 1;

    } else if (!ngx_gw_pb_same(&file->syntax, &editions)) {
        return ngx_gw_pb_load_error(load, file, "file \"%V\": unknown syntax "
                                    "\"%V\"", &file->name, &file->syntax);

    } else if (file->edition == NGX_GW_PB_2023
               || file->edition == NGX_GW_PB_2024)
    {
        ngx_gw_pb_load_inherit(&file->features, &ngx_gw_pb_editions[2]);
        return NGX_OK;

    } else {
        return ngx_gw_pb_load_error(load, file, "file \"%V\": edition %D is "
                                    "not known; 2023 (1000) and 2024 (1001) "
                                    "are", &file->name, file->edition);
    }

    /* features are for editions alone */

    file->features = ngx_gw_pb_editions[i];

    return NGX_OK;
}


void
ngx_gw_pb_load_inherit(ngx_gw_pb_features_t *features,
    const ngx_gw_pb_features_t *parent)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_PB_FEATURES; i++) {
        if (features->set[i] == 0) {
            features->set[i] = parent->set[i];
        }
    }
}


static ngx_int_t
ngx_gw_pb_load_package(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    u_char     *p, *last;
    ngx_str_t   name;

    if (file->package.len == 0) {
        return NGX_OK;
    }

    if (file->package.len > NGX_GW_PB_MAX_NAME) {
        return ngx_gw_pb_load_error(load, file, "file \"%V\": the name of "
                                    "the package is longer than %d",
                                    &file->name, NGX_GW_PB_MAX_NAME);
    }

    p = file->package.data;
    last = p + file->package.len;
    name.data = p;

    for ( ;; p++) {

        if (p < last && *p != '.') {
            continue;
        }

        name.len = p - name.data;

        if (!ngx_gw_pb_load_identifier(&name)) {
            return ngx_gw_pb_load_error(load, file, "file \"%V\": \"%V\" is "
                                        "no name of a package", &file->name,
                                        &file->package);
        }

        if (p == last) {
            return NGX_OK;
        }

        name.data = p + 1;
    }
}


static ngx_int_t
ngx_gw_pb_load_messages(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    ngx_int_t                 rc;
    ngx_gw_pb_raw_message_t  *message, *parent;

    for (message = file->messages; message; message = message->next) {
        parent = message->parent;

        if (parent && parent->skipped) {
            message->skipped = 1;
            continue;
        }

        rc = ngx_gw_pb_load_full(load, file, parent, "message",
                                 &message->name, &message->full);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_gw_pb_load_define(load, &message->full,
                                   NGX_GW_PB_SYMBOL_MESSAGE, message, file,
                                   parent ? NULL : &message->bytes);

        if (rc == NGX_DONE) {
            message->skipped = 1;
            continue;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (file->edition < NGX_GW_PB_2023) {
            message->features = file->features;
            continue;
        }

        ngx_gw_pb_load_inherit(&message->features,
                               parent ? &parent->features : &file->features);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_load_enums(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    ngx_int_t                 rc;
    ngx_gw_pb_raw_enum_t     *enumeration;
    ngx_gw_pb_raw_message_t  *parent;

    for (enumeration = file->enums;
         enumeration;
         enumeration = enumeration->next)
    {
        parent = enumeration->parent;

        if (parent && parent->skipped) {
            enumeration->skipped = 1;
            continue;
        }

        rc = ngx_gw_pb_load_full(load, file, parent, "enum",
                                 &enumeration->name, &enumeration->full);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_gw_pb_load_define(load, &enumeration->full,
                                   NGX_GW_PB_SYMBOL_ENUM, enumeration, file,
                                   parent ? NULL : &enumeration->bytes);

        if (rc == NGX_DONE) {
            enumeration->skipped = 1;
            continue;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (file->edition < NGX_GW_PB_2023) {
            enumeration->features = file->features;
            continue;
        }

        ngx_gw_pb_load_inherit(&enumeration->features,
                               parent ? &parent->features : &file->features);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_load_raw_services(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    ngx_int_t                 rc;
    ngx_gw_pb_raw_service_t  *service;

    for (service = file->services; service; service = service->next) {

        rc = ngx_gw_pb_load_full(load, file, NULL, "service", &service->name,
                                 &service->full);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_gw_pb_load_define(load, &service->full,
                                   NGX_GW_PB_SYMBOL_SERVICE, service, file,
                                   &service->bytes);

        if (rc == NGX_DONE) {
            service->skipped = 1;

        } else if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_load_extensions(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    ngx_int_t               rc;
    ngx_gw_pb_raw_field_t  *field;

    for (field = file->extensions; field; field = field->next) {

        if (field->scope && field->scope->skipped) {
            field->skipped = 1;
            continue;
        }

        rc = ngx_gw_pb_load_full(load, file, field->scope, "extension",
                                 &field->name, &field->full);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_gw_pb_load_define(load, &field->full,
                                   NGX_GW_PB_SYMBOL_EXTENSION, field, file,
                                   field->scope ? NULL : &field->bytes);

        if (rc == NGX_DONE) {
            field->skipped = 1;

        } else if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_load_full(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_gw_pb_raw_message_t *parent, const char *what, const ngx_str_t *name,
    ngx_str_t *full)
{
    u_char     *p;
    ngx_str_t  *scope;

    scope = parent ? &parent->full : &file->package;

    if (!ngx_gw_pb_load_identifier(name)) {
        return ngx_gw_pb_load_error(load, file, "\"%V\" in \"%V\" is no name "
                                    "of a%s %s", name,
                                    scope->len ? scope : &file->name,
                                    what[0] == 'e' ? "n" : "", what);
    }

    full->len = scope->len + (scope->len > 0) + name->len;

    if (full->len > NGX_GW_PB_MAX_NAME) {
        return ngx_gw_pb_load_error(load, file, "file \"%V\" has a%s %s with "
                                    "a name longer than %d", &file->name,
                                    what[0] == 'e' ? "n" : "", what,
                                    NGX_GW_PB_MAX_NAME);
    }

    full->data = ngx_pnalloc(load->pool, full->len);
    if (full->data == NULL) {
        return NGX_ERROR;
    }

    p = full->data;

    if (scope->len) {
        p = ngx_cpymem(p, scope->data, scope->len);
        *p++ = '.';
    }

    ngx_memcpy(p, name->data, name->len);

    return NGX_OK;
}


/*
 * bytes, if the symbol stands in no other, are all that it is.  NGX_DONE:
 * another file has just the same, as it happens when one is imported by two
 * paths.
 */

static ngx_int_t
ngx_gw_pb_load_define(ngx_gw_pb_load_t *load, const ngx_str_t *name,
    ngx_uint_t kind, void *data, ngx_gw_pb_raw_file_t *file, ngx_str_t *bytes)
{
    ngx_str_t             *old;
    ngx_gw_pb_symbol_t    *symbol;
    ngx_gw_pb_raw_file_t  *other;

    symbol = ngx_gw_pb_load_find(&load->by_name, name);

    if (symbol == NULL) {
        return ngx_gw_pb_load_add(load, &load->by_name, name, kind, data);
    }

    switch (symbol->kind) {

    case NGX_GW_PB_SYMBOL_MESSAGE:
        other = ((ngx_gw_pb_raw_message_t *) symbol->data)->file;
        old = &((ngx_gw_pb_raw_message_t *) symbol->data)->bytes;
        break;

    case NGX_GW_PB_SYMBOL_ENUM:
        other = ((ngx_gw_pb_raw_enum_t *) symbol->data)->file;
        old = &((ngx_gw_pb_raw_enum_t *) symbol->data)->bytes;
        break;

    case NGX_GW_PB_SYMBOL_SERVICE:
        other = ((ngx_gw_pb_raw_service_t *) symbol->data)->file;
        old = &((ngx_gw_pb_raw_service_t *) symbol->data)->bytes;
        break;

    default: /* NGX_GW_PB_SYMBOL_EXTENSION */
        other = ((ngx_gw_pb_raw_field_t *) symbol->data)->file;
        old = &((ngx_gw_pb_raw_field_t *) symbol->data)->bytes;
    }

    if (other == file) {
        return ngx_gw_pb_load_error(load, file, "file \"%V\" defines \"%V\" "
                                    "twice", &file->name, name);
    }

    if (bytes && symbol->kind == kind && ngx_gw_pb_same(bytes, old)
        && ngx_gw_pb_same(&file->package, &other->package)
        && ngx_memcmp(&file->features, &other->features,
                      sizeof(ngx_gw_pb_features_t)) == 0)
    {
        return NGX_DONE;
    }

    return ngx_gw_pb_load_error(load, file, "files \"%V\" and \"%V\" define "
                                "\"%V\", and not the same", &other->name,
                                &file->name, name);
}


ngx_uint_t
ngx_gw_pb_load_identifier(const ngx_str_t *name)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < name->len; i++) {
        c = name->data[i] | 0x20;

        if ((c < 'a' || c > 'z') && name->data[i] != '_'
            && (i == 0 || name->data[i] < '0' || name->data[i] > '9'))
        {
            return 0;
        }
    }

    return name->len > 0;
}
