
/* Enums. */


#include "ngx_gw_pb_load.h"
#include "ngx_gw_json.h"


static ngx_int_t ngx_gw_pb_enum_values(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *raw);
static ngx_int_t ngx_gw_pb_enum_names(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *raw);
static ngx_int_t ngx_gw_pb_enum_sorted(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *raw);
static ngx_int_t ngx_gw_pb_enum_reserved(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_enum_t *raw);
static ngx_int_t ngx_gw_pb_enum_dense(ngx_gw_pb_load_t *load,
    ngx_gw_pb_enum_t *enumeration);
static int ngx_libc_cdecl ngx_gw_pb_enum_compare(const void *a, const void *b);


ngx_int_t
ngx_gw_pb_load_enum(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_enum_t *raw)
{
    ngx_int_t          rc;
    ngx_gw_pb_enum_t  *enumeration;

    static const ngx_str_t  null_value =
                                   ngx_string("google.protobuf.NullValue");

    enumeration = raw->enumeration;
    enumeration->name = raw->full;
    enumeration->closed = (raw->features.set[NGX_GW_PB_ENUM_FEATURE]
                           == NGX_GW_PB_CLOSED);

    rc = ngx_gw_pb_enum_values(load, raw);

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_enum_names(load, raw);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_enum_sorted(load, raw);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_enum_reserved(load, raw);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_enum_dense(load, enumeration);
    }

    if (rc != NGX_OK || !ngx_gw_pb_same(&raw->full, &null_value)) {
        return rc;
    }

    if (enumeration->nvalues != 1 || enumeration->values[0].number != 0) {
        return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\" is not as "
                                    "it should be", &raw->full);
    }

    enumeration->null_value = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_enum_values(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_enum_t *raw)
{
    ngx_gw_pb_enum_t       *enumeration;
    ngx_gw_pb_value_t      *value;
    ngx_gw_pb_raw_value_t  *v;

    enumeration = raw->enumeration;

    if (raw->nvalues == 0) {
        return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\" has no "
                                    "values", &raw->full);
    }

    if (raw->nvalues > NGX_GW_PB_MAX_MEMBERS) {
        return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\" has more "
                                    "than %d values", &raw->full,
                                    NGX_GW_PB_MAX_MEMBERS);
    }

    if (!enumeration->closed && raw->values->number != 0) {
        return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\": its first "
                                    "value, \"%V\", is not 0", &raw->full,
                                    &raw->values->name);
    }

    value = ngx_palloc(load->pool, raw->nvalues * sizeof(ngx_gw_pb_value_t));
    if (value == NULL) {
        return NGX_ERROR;
    }

    enumeration->values = value;
    enumeration->nvalues = raw->nvalues;

    for (v = raw->values; v; v = v->next) {

        if (!ngx_gw_pb_load_identifier(&v->name)
            || v->name.len > NGX_GW_PB_MAX_NAME)
        {
            return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\": \"%V\" "
                                        "is no name of a value", &raw->full,
                                        &v->name);
        }

        if (ngx_gw_pb_load_quote(load->pool, &v->name, "", &value->print)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        value->name.data = value->print.data + 1;
        value->name.len = v->name.len;
        value->number = v->number;

        value++;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_enum_names(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_enum_t *raw)
{
    ngx_uint_t             i, n, size;
    ngx_str_t             *name;
    ngx_gw_pb_enum_t      *enumeration;
    ngx_gw_pb_raw_name_t  *reserved;

    enumeration = raw->enumeration;

    for (size = 2; size < enumeration->nvalues * 2; size *= 2) { /* void */ }

    enumeration->names = ngx_pcalloc(load->pool, size * sizeof(uint16_t));
    if (enumeration->names == NULL) {
        return NGX_ERROR;
    }

    enumeration->names_mask = size - 1;

    for (n = 0; n < enumeration->nvalues; n++) {
        name = &enumeration->values[n].name;
        i = ngx_gw_json_hash(name->data, name->len) & enumeration->names_mask;

        while (enumeration->names[i]) {

            if (ngx_gw_pb_same(&enumeration->values
                                         [enumeration->names[i] - 1].name,
                               name))
            {
                return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\" has "
                                            "value \"%V\" twice", &raw->full,
                                            name);
            }

            i = (i + 1) & enumeration->names_mask;
        }

        enumeration->names[i] = n + 1;
    }

    for (reserved = raw->reserved_names; reserved; reserved = reserved->next) {

        if (ngx_gw_pb_find_value(enumeration, reserved->name.data,
                                 reserved->name.len))
        {
            return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\": name "
                                        "\"%V\" is reserved", &raw->full,
                                        &reserved->name);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_enum_sorted(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_enum_t *raw)
{
    ngx_uint_t           i, n;
    ngx_gw_pb_enum_t    *enumeration;
    ngx_gw_pb_value_t   *value, *last, **values;

    enumeration = raw->enumeration;
    n = enumeration->nvalues;

    values = ngx_palloc(load->temp, n * sizeof(ngx_gw_pb_value_t *));
    enumeration->sorted = ngx_palloc(load->pool, n * sizeof(uint16_t));

    if (values == NULL || enumeration->sorted == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        values[i] = &enumeration->values[i];
    }

    qsort(values, n, sizeof(ngx_gw_pb_value_t *), ngx_gw_pb_enum_compare);

    last = NULL;

    for (i = 0; i < n; i++) {
        value = values[i];

        if (last == NULL || last->number != value->number) {
            enumeration->sorted[enumeration->nsorted++] =
                                                  value - enumeration->values;
            last = value;

        } else if (!raw->allow_alias) {
            return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\": "
                                        "\"%V\" has the number of \"%V\", "
                                        "without allow_alias", &raw->full,
                                        &value->name, &last->name);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_enum_reserved(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_enum_t *raw)
{
    ngx_uint_t              low, high, i;
    ngx_gw_pb_enum_t       *enumeration;
    ngx_gw_pb_value_t      *value;
    ngx_gw_pb_raw_range_t  *range;

    enumeration = raw->enumeration;

    for (range = raw->reserved_ranges; range; range = range->next) {

        /* the least number that is not below the range */

        low = 0;
        high = enumeration->nsorted;

        while (low < high) {
            i = low + (high - low) / 2;

            if (enumeration->values[enumeration->sorted[i]].number
                < range->start)
            {
                low = i + 1;

            } else {
                high = i;
            }
        }

        if (low == enumeration->nsorted) {
            continue;
        }

        value = &enumeration->values[enumeration->sorted[low]];

        if (value->number <= range->end) {
            return ngx_gw_pb_load_error(load, raw->file, "enum \"%V\": the "
                                        "number of \"%V\" is reserved",
                                        &raw->full, &value->name);
        }
    }

    return NGX_OK;
}


/*
 * The numbers from the first one of -64 and more on, as far as the table is
 * no more than a few times as long as what it holds.
 */

static ngx_int_t
ngx_gw_pb_enum_dense(ngx_gw_pb_load_t *load, ngx_gw_pb_enum_t *enumeration)
{
    int32_t      number;
    uint32_t     n;
    uint16_t    *sorted;
    ngx_uint_t   i, first, last;

    sorted = enumeration->sorted;

    for (first = 0; first < enumeration->nsorted; first++) {
        if (enumeration->values[sorted[first]].number >= -64) {
            break;
        }
    }

    if (first == enumeration->nsorted) {
        return NGX_OK;
    }

    enumeration->dense_min = enumeration->values[sorted[first]].number;

    for (last = first; last < enumeration->nsorted; last++) {
        number = enumeration->values[sorted[last]].number;
        n = (uint32_t) number - (uint32_t) enumeration->dense_min;

        if (n > 64 + 4 * (last - first)) {
            break;
        }

        enumeration->ndense = n + 1;
    }

    enumeration->dense = ngx_pcalloc(load->pool,
                                     enumeration->ndense * sizeof(uint16_t));
    if (enumeration->dense == NULL) {
        return NGX_ERROR;
    }

    for (i = first; i < last; i++) {
        number = enumeration->values[sorted[i]].number;
        n = (uint32_t) number - (uint32_t) enumeration->dense_min;

        enumeration->dense[n] = sorted[i] + 1;
    }

    return NGX_OK;
}


/* values are in one array: of one number, the first in the file is first */

static int ngx_libc_cdecl
ngx_gw_pb_enum_compare(const void *a, const void *b)
{
    const ngx_gw_pb_value_t *const *x = a, *const *y = b;

    if ((*x)->number != (*y)->number) {
        return ((*x)->number < (*y)->number) ? -1 : 1;
    }

    return (*x < *y) ? -1 : (*x > *y);
}
