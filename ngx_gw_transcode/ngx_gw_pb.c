
/* Lookups in tables, and the wire format. */


#include "ngx_gw_pb.h"
#include "ngx_gw_json.h"


#define ngx_gw_pb_equal(s, p, n)                                              \
    ((s)->len == (n) && ngx_memcmp((s)->data, p, n) == 0)


static ngx_gw_pb_field_t *ngx_gw_pb_find_ambiguous(
    const ngx_gw_pb_message_t *message, const u_char *name, size_t len,
    ngx_uint_t i);
static ngx_int_t ngx_gw_pb_compare(const ngx_str_t *a, const u_char *name,
    size_t len);


ngx_gw_pb_message_t *
ngx_gw_pb_find_message(const ngx_gw_pb_schema_t *schema, const u_char *name,
    size_t len)
{
    ngx_int_t   rc;
    ngx_uint_t  low, high, i;

    low = 0;
    high = schema->nmessages;

    while (low < high) {
        i = low + (high - low) / 2;
        rc = ngx_gw_pb_compare(&schema->messages[i]->name, name, len);

        if (rc == 0) {
            return schema->messages[i];
        }

        if (rc < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


ngx_gw_pb_service_t *
ngx_gw_pb_find_service(const ngx_gw_pb_schema_t *schema, const u_char *name,
    size_t len)
{
    ngx_int_t   rc;
    ngx_uint_t  low, high, i;

    low = 0;
    high = schema->nservices;

    while (low < high) {
        i = low + (high - low) / 2;
        rc = ngx_gw_pb_compare(&schema->services[i].name, name, len);

        if (rc == 0) {
            return &schema->services[i];
        }

        if (rc < 0) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_gw_pb_compare(const ngx_str_t *a, const u_char *name, size_t len)
{
    ngx_int_t  rc;

    rc = ngx_memcmp(a->data, name, ngx_min(a->len, len));

    if (rc == 0 && a->len != len) {
        return (a->len < len) ? -1 : 1;
    }

    return rc;
}


ngx_gw_pb_field_t *
ngx_gw_pb_find_field(const ngx_gw_pb_message_t *message, const u_char *name,
    size_t len)
{
    ngx_uint_t          i;
    ngx_gw_pb_field_t  *field;

    if (message->nfields == 0) {
        return NULL;
    }

    i = ngx_gw_json_hash(name, len) & message->names_mask;

    if (message->ambiguous) {
        return ngx_gw_pb_find_ambiguous(message, name, len, i);
    }

    while (message->names[i]) {
        field = &message->fields[message->names[i] - 1];

        if (ngx_gw_pb_equal(&field->json_name, name, len)
            || ngx_gw_pb_equal(&field->name, name, len))
        {
            return field;
        }

        i = (i + 1) & message->names_mask;
    }

    return NULL;
}


/*
 * More than one field goes by some name.  It is that of the field that has it
 * both in JSON and in the file, else in JSON, else in the file; of several,
 * that of the least number.
 */

static ngx_gw_pb_field_t *
ngx_gw_pb_find_ambiguous(const ngx_gw_pb_message_t *message,
    const u_char *name, size_t len, ngx_uint_t i)
{
    ngx_uint_t          rank, best;
    ngx_gw_pb_field_t  *field, *found;

    best = 0;
    found = NULL;

    while (message->names[i]) {
        field = &message->fields[message->names[i] - 1];

        rank = ngx_gw_pb_equal(&field->json_name, name, len) ? 2 : 0;
        rank += ngx_gw_pb_equal(&field->name, name, len) ? 1 : 0;

        if (rank > best
            || (rank == best && rank && field->number < found->number))
        {
            best = rank;
            found = field;
        }

        i = (i + 1) & message->names_mask;
    }

    return found;
}


ngx_gw_pb_field_t *
ngx_gw_pb_find_sparse(const ngx_gw_pb_message_t *message, uint32_t number)
{
    ngx_uint_t  low, high, i;

    low = message->first_sparse;
    high = message->nfields;

    while (low < high) {
        i = low + (high - low) / 2;

        if (message->fields[i].number == number) {
            return &message->fields[i];
        }

        if (message->fields[i].number < number) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


ngx_gw_pb_value_t *
ngx_gw_pb_find_value(const ngx_gw_pb_enum_t *enumeration, const u_char *name,
    size_t len)
{
    ngx_uint_t          i;
    ngx_gw_pb_value_t  *value;

    i = ngx_gw_json_hash(name, len) & enumeration->names_mask;

    while (enumeration->names[i]) {
        value = &enumeration->values[enumeration->names[i] - 1];

        if (ngx_gw_pb_equal(&value->name, name, len)) {
            return value;
        }

        i = (i + 1) & enumeration->names_mask;
    }

    return NULL;
}


ngx_gw_pb_value_t *
ngx_gw_pb_find_number(const ngx_gw_pb_enum_t *enumeration, int32_t number)
{
    uint32_t            n;
    ngx_uint_t          low, high, i;
    ngx_gw_pb_value_t  *value;

    n = (uint32_t) number - (uint32_t) enumeration->dense_min;

    if (n < enumeration->ndense) {
        i = enumeration->dense[n];
        return i ? &enumeration->values[i - 1] : NULL;
    }

    low = 0;
    high = enumeration->nsorted;

    while (low < high) {
        i = low + (high - low) / 2;
        value = &enumeration->values[enumeration->sorted[i]];

        if (value->number == number) {
            return value;
        }

        if (value->number < number) {
            low = i + 1;

        } else {
            high = i;
        }
    }

    return NULL;
}


const u_char *
ngx_gw_pb_read_varint_slow(const u_char *p, const u_char *end, uint64_t *value)
{
    uint64_t    v;
    ngx_uint_t  shift;

    v = 0;

    for (shift = 0; shift < 70 && p < end; shift += 7, p++) {
        v |= (uint64_t) (*p & 0x7f) << shift;

        if (*p < 0x80) {
            *value = v;
            return p + 1;
        }
    }

    return NULL;
}


const u_char *
ngx_gw_pb_skip(const u_char *p, const u_char *end, uint32_t tag)
{
    uint64_t    value;
    uint32_t    groups[NGX_GW_PB_MAX_DEPTH];
    ngx_uint_t  n;

    n = 0;

    for ( ;; ) {

        switch (tag & 7) {

        case NGX_GW_PB_VARINT:
            p = ngx_gw_pb_read_varint(p, end, &value);
            if (p == NULL) {
                return NULL;
            }

            break;

        case NGX_GW_PB_I64:
            if (end - p < 8) {
                return NULL;
            }

            p += 8;
            break;

        case NGX_GW_PB_LEN:
            p = ngx_gw_pb_read_varint(p, end, &value);
            if (p == NULL || value > (uint64_t) (end - p)) {
                return NULL;
            }

            p += value;
            break;

        case NGX_GW_PB_SGROUP:
            if (n == NGX_GW_PB_MAX_DEPTH) {
                return NULL;
            }

            groups[n++] = tag >> 3;
            break;

        case NGX_GW_PB_EGROUP:
            if (n == 0 || groups[--n] != tag >> 3) {
                return NULL;
            }

            break;

        case NGX_GW_PB_I32:
            if (end - p < 4) {
                return NULL;
            }

            p += 4;
            break;

        default:
            return NULL;
        }

        if (n == 0) {
            return p;
        }

        p = ngx_gw_pb_read_varint(p, end, &value);
        if (p == NULL || value > 0xffffffff || (value >> 3) == 0) {
            return NULL;
        }

        tag = (uint32_t) value;
    }
}
