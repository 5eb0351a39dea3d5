
/*
 * ngx_gw_pb_print: fields that come in any order, several times or in several
 * pieces, and keys that come twice.
 *
 * A message that cannot be printed as it comes is printed from a list of its
 * fields, sorted by field and place, without those that later ones replace.
 * Each is 8 bytes, whatever its value, and only those of messages that are
 * just open are held: that is at most four times what the wire takes.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_pb_print_internal.h"
#include "ngx_gw_pb_print_value.h"


/* maps of that many entries are compared one by one */
#define NGX_GW_PB_PRINT_FEW  8

/* how often groups in groups may be looked at before they are refused */
#define NGX_GW_PB_PRINT_WORK  64

/* no key, since no index is as great */
#define NGX_GW_PB_PRINT_DROPPED  0xffffffffffffffffull


static ngx_int_t ngx_gw_pb_print_walk(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char **pos, const u_char *end,
    uint32_t group, const u_char **at, const ngx_gw_pb_field_t **known);
static ngx_int_t ngx_gw_pb_print_in_order(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, ngx_gw_pb_print_part_t *part);
static ngx_int_t ngx_gw_pb_print_collect(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_frame_t *fr, ngx_gw_pb_print_part_t *part);
static ngx_int_t ngx_gw_pb_print_oneofs(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, uint32_t first);
static void ngx_gw_pb_print_sort(uint64_t *keys, size_t n);
static void ngx_gw_pb_print_sift(uint64_t *keys, size_t i, size_t n);
static ngx_int_t ngx_gw_pb_print_reduce(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, uint32_t first);
static ngx_int_t ngx_gw_pb_print_latest(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, uint64_t *keys, size_t n);
static ngx_int_t ngx_gw_pb_print_add_entry(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, const u_char *p, const u_char *end);
static ngx_int_t ngx_gw_pb_print_add_slot(ngx_gw_pb_printer_t *pr, uint32_t i);
static ngx_uint_t ngx_gw_pb_print_same_key(ngx_gw_pb_print_key_t *a,
    ngx_gw_pb_print_key_t *b);
static ngx_int_t ngx_gw_pb_print_table(ngx_gw_pb_printer_t *pr, size_t n);


ngx_int_t
ngx_gw_pb_print_prepare(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    ngx_gw_pb_print_part_t *part)
{
    if (part->key == part->last_key) {
        pr->rc = ngx_gw_pb_print_in_order(pr, fr, part);

        if (pr->rc != NGX_AGAIN) {
            return pr->rc;
        }
    }

    return ngx_gw_pb_print_collect(pr, fr, part);
}


/*
 * Passes to the next value that is one of a field, which begins at *at; *pos
 * is behind it then.  NGX_OK; NGX_DONE: there is none; NGX_DECLINED.
 */

static ngx_int_t
ngx_gw_pb_print_walk(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const u_char **pos, const u_char *end,
    uint32_t group, const u_char **at, const ngx_gw_pb_field_t **known)
{
    uint64_t                  tag, v;
    ngx_int_t                 rc;
    ngx_uint_t                wire;
    const u_char             *p, *q;
    const ngx_gw_pb_enum_t   *e;
    const ngx_gw_pb_field_t  *field;
    ngx_gw_pb_print_entry_t   entry;

    p = *pos;

    for ( ;; ) {

        if (p == end) {

            if (group == 0) {
                return NGX_DONE;
            }

            field = NULL;
            goto malformed;
        }

        *at = p;
        field = NULL;

        p = ngx_gw_pb_print_varint(p, end, &tag);

        if (p == NULL || tag > 0xffffffff || tag < 8) {
            goto malformed;
        }

        wire = tag & 7;

        field = ngx_gw_pb_field_by_number(message, tag >> 3);

        if (field == NULL
            || (wire != field->wire
                && (!field->packable || wire != NGX_GW_PB_LEN)))
        {
            if (wire == NGX_GW_PB_EGROUP && tag >> 3 == group) {
                *pos = p;
                return NGX_DONE;
            }

            p = ngx_gw_pb_print_skip(pr, message, field, p, end,
                                     (uint32_t) tag);

            if (p == NULL) {
                return pr->rc;
            }

            continue;
        }

        q = ngx_gw_pb_print_value(p, end, wire, &v);

        if (q == NULL) {
            goto malformed;
        }

        p = q;

        if (wire == NGX_GW_PB_LEN) {
            p += v;

        } else if (wire == NGX_GW_PB_SGROUP) {
            p = ngx_gw_pb_print_skip(pr, message, field, p, end,
                                     (uint32_t) tag);

            if (p == NULL) {
                return pr->rc;
            }
        }

        if (field->map) {
            e = field->message->fields[1].enumeration;

            if (e && e->closed) {
                rc = ngx_gw_pb_print_entry(pr, field, q, p, &entry);

                if (rc == NGX_DECLINED) {
                    return rc;
                }

                if (rc == NGX_DONE) {
                    continue;
                }
            }

        } else if (wire != field->wire || field->enumeration) {

            if (!ngx_gw_pb_print_counts(field, wire, q, v)) {
                continue;
            }
        }

        *pos = p;
        *known = field;

        return NGX_OK;
    }

malformed:

    (void) ngx_gw_pb_print_refuse(pr, message, field, "cut or malformed");

    return NGX_DECLINED;
}


/* NGX_AGAIN: it cannot be printed as it comes */

static ngx_int_t
ngx_gw_pb_print_in_order(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    ngx_gw_pb_print_part_t *part)
{
    ngx_int_t                 rc;
    const u_char             *p, *at;
    const ngx_gw_pb_field_t  *field;
    ngx_gw_pb_print_frame_t   seen;

    seen = *fr;
    p = part->pos;

    for ( ;; ) {
        rc = ngx_gw_pb_print_walk(pr, fr->message, &p, part->end, part->group,
                                  &at, &field);

        if (rc != NGX_OK) {
            return rc == NGX_DONE ? NGX_OK : rc;
        }

        if (field == seen.field && field->repeated) {
            continue;
        }

        if (ngx_gw_pb_print_first(&seen, field) != NGX_OK) {
            return NGX_AGAIN;
        }

        if (field->map) {
            rc = ngx_gw_pb_print_unique(pr, fr->message, field, at, part->end,
                                        part->group);
            if (rc != NGX_OK) {
                return rc;
            }
        }
    }
}


static ngx_int_t
ngx_gw_pb_print_collect(ngx_gw_pb_printer_t *pr, ngx_gw_pb_print_frame_t *fr,
    ngx_gw_pb_print_part_t *part)
{
    uint32_t                  first;
    ngx_int_t                 rc;
    ngx_uint_t                single;
    const u_char             *p, *at;
    const ngx_gw_pb_field_t  *field;

    first = pr->nkeys;
    single = (part->key == part->last_key);

    do {
        p = part->pos;

        for ( ;; ) {
            rc = ngx_gw_pb_print_walk(pr, fr->message, &p, part->end,
                                      part->group, &at, &field);

            if (rc == NGX_DONE) {
                break;
            }

            if (rc == NGX_OK) {
                rc = ngx_gw_pb_print_add_key(pr, field->index, at);
            }

            if (rc != NGX_OK) {
                return rc;
            }
        }

        if (single && part->group) {

            /* only now the end of it is known */

            fr[-1].pos = p;
        }

    } while (ngx_gw_pb_print_next_part(pr, part) == NGX_OK);

    if (ngx_gw_pb_print_oneofs(pr, fr->message, first) != NGX_OK) {
        return pr->rc;
    }

    ngx_gw_pb_print_sort(pr->keys + first, pr->nkeys - first);

    if (ngx_gw_pb_print_reduce(pr, fr->message, first) != NGX_OK) {
        return pr->rc;
    }

    fr->sorted = 1;
    fr->first_key = first;
    fr->key = first;
    fr->last_key = pr->nkeys;
    fr->pos = fr->end;
    fr->group = 0;

    return NGX_OK;
}


/*
 * Of the fields of a oneof, drops those that another field comes behind.  The
 * keys are in the order of the wire.
 */

static ngx_int_t
ngx_gw_pb_print_oneofs(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, uint32_t first)
{
    uint32_t                  i, n, index, *winner;
    const ngx_gw_pb_field_t  *field;

    if (message->noneofs == 0) {
        return NGX_OK;
    }

    if (ngx_gw_pb_print_table(pr, message->noneofs + 1) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = pr->nkeys; i-- > first; /* void */) {
        index = (uint32_t) (pr->keys[i] >> 32);
        field = &message->fields[index];

        if (field->oneof == 0) {
            continue;
        }

        /* index + 1 of the last one; 0xffffffff: there were others before */

        winner = &pr->table[field->oneof];

        if (*winner == 0) {
            *winner = index + 1;

        } else if (*winner != index + 1) {
            *winner = 0xffffffff;
            pr->keys[i] = NGX_GW_PB_PRINT_DROPPED;
        }
    }

    n = first;

    for (i = first; i < pr->nkeys; i++) {
        if (pr->keys[i] != NGX_GW_PB_PRINT_DROPPED) {
            pr->keys[n++] = pr->keys[i];
        }
    }

    pr->nkeys = n;

    return NGX_OK;
}


static void
ngx_gw_pb_print_sort(uint64_t *keys, size_t n)
{
    size_t    i;
    uint64_t  key;

    /* many are in order but for where messages were put together */

    for (i = 1; i < n && keys[i - 1] < keys[i]; i++) { /* void */ }

    if (i >= n) {
        return;
    }

    for (i = n / 2; i-- > 0; /* void */) {
        ngx_gw_pb_print_sift(keys, i, n);
    }

    for (i = n; i-- > 1; /* void */) {
        key = keys[0];
        keys[0] = keys[i];
        keys[i] = key;

        ngx_gw_pb_print_sift(keys, 0, i);
    }
}


static void
ngx_gw_pb_print_sift(uint64_t *keys, size_t i, size_t n)
{
    size_t    child;
    uint64_t  key;

    key = keys[i];

    for ( ;; ) {
        child = 2 * i + 1;

        if (child >= n) {
            break;
        }

        if (child + 1 < n && keys[child + 1] > keys[child]) {
            child++;
        }

        if (keys[child] <= key) {
            break;
        }

        keys[i] = keys[child];
        i = child;
    }

    keys[i] = key;
}


/* of what may be there once, keeps the last one; of messages all pieces */

static ngx_int_t
ngx_gw_pb_print_reduce(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, uint32_t first)
{
    uint32_t                  i, n, next;
    const ngx_gw_pb_field_t  *field;

    n = first;

    for (i = first; i < pr->nkeys; i = next) {
        field = &message->fields[pr->keys[i] >> 32];

        next = i + 1;

        while (next < pr->nkeys && pr->keys[next] >> 32 == field->index) {
            next++;
        }

        if (field->map
            && ngx_gw_pb_print_latest(pr, field, pr->keys + i, next - i)
               != NGX_OK)
        {
            return pr->rc;
        }

        if (!field->repeated && field->message == NULL) {
            i = next - 1;
        }

        for ( /* void */ ; i < next; i++) {
            if (pr->keys[i] != NGX_GW_PB_PRINT_DROPPED) {
                pr->keys[n++] = pr->keys[i];
            }
        }
    }

    pr->nkeys = n;

    return NGX_OK;
}


/* of a map's entries, drops those whose key comes again */

static ngx_int_t
ngx_gw_pb_print_latest(ngx_gw_pb_printer_t *pr, const ngx_gw_pb_field_t *field,
    uint64_t *keys, size_t n)
{
    size_t         i;
    uint64_t       tag, len;
    ngx_int_t      rc;
    const u_char  *p;

    pr->nentries = 0;
    pr->nslots = 0;

    for (i = n; i-- > 0; /* void */) {
        p = ngx_gw_pb_print_varint(pr->wire + (uint32_t) keys[i], pr->wire_end,
                                   &tag);
        p = ngx_gw_pb_print_value(p, pr->wire_end, NGX_GW_PB_LEN, &len);

        rc = ngx_gw_pb_print_add_entry(pr, field, p, p + len);

        if (rc == NGX_AGAIN) {
            keys[i] = NGX_GW_PB_PRINT_DROPPED;

        } else if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_print_unique(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const u_char *p, const u_char *end, uint32_t group)
{
    uint64_t                  tag, len;
    ngx_int_t                 rc;
    const u_char             *at, *q;
    const ngx_gw_pb_field_t  *known;

    pr->nentries = 0;
    pr->nslots = 0;

    for ( ;; ) {
        rc = ngx_gw_pb_print_walk(pr, message, &p, end, group, &at, &known);

        if (rc == NGX_DONE || (rc == NGX_OK && known != field)) {
            return NGX_OK;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        q = ngx_gw_pb_print_varint(at, end, &tag);
        q = ngx_gw_pb_print_value(q, end, NGX_GW_PB_LEN, &len);

        rc = ngx_gw_pb_print_add_entry(pr, field, q, q + len);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* adds a key to pr->entries; NGX_AGAIN: it is among them */

static ngx_int_t
ngx_gw_pb_print_add_entry(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_field_t *field, const u_char *p, const u_char *end)
{
    uint32_t                  i, n;
    ngx_gw_pb_print_key_t    *key;
    ngx_gw_pb_print_entry_t   e;

    n = pr->nentries;

    if (n == pr->max_entries) {
        key = ngx_gw_pb_print_grow(pr, pr->entries,
                                   sizeof(ngx_gw_pb_print_key_t), n,
                                   n ? 2 * n : NGX_GW_PB_PRINT_FEW);
        if (key == NULL) {
            return NGX_ERROR;
        }

        pr->entries = key;
        pr->max_entries = n ? 2 * n : NGX_GW_PB_PRINT_FEW;
    }

    if (ngx_gw_pb_print_entry(pr, field, p, end, &e) == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    key = &pr->entries[n];

    key->v = e.key_v;
    key->data = NULL;

    switch (field->message->fields[0].type) {

    case NGX_GW_PB_STRING:
        key->data = e.key ? e.key : p;
        break;

    case NGX_GW_PB_BOOL:
        key->v = (key->v != 0);
        break;

    case NGX_GW_PB_INT32:
    case NGX_GW_PB_UINT32:
    case NGX_GW_PB_SINT32:
        key->v = (uint32_t) key->v;
        break;
    }

    if (n < NGX_GW_PB_PRINT_FEW) {

        for (i = 0; i < n; i++) {
            if (ngx_gw_pb_print_same_key(&pr->entries[i], key)) {
                return NGX_AGAIN;
            }
        }

        pr->nentries++;

        return NGX_OK;
    }

    if (2 * (size_t) n >= pr->nslots) {

        pr->nslots = pr->nslots ? 2 * pr->nslots : 4 * NGX_GW_PB_PRINT_FEW;

        if (ngx_gw_pb_print_table(pr, pr->nslots) != NGX_OK) {
            return NGX_ERROR;
        }

        for (i = 0; i < n; i++) {
            (void) ngx_gw_pb_print_add_slot(pr, i);
        }
    }

    if (ngx_gw_pb_print_add_slot(pr, n) != NGX_OK) {
        return NGX_AGAIN;
    }

    pr->nentries++;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_pb_print_add_slot(ngx_gw_pb_printer_t *pr, uint32_t i)
{
    uint32_t                other;
    size_t                  slot;
    ngx_gw_pb_print_key_t  *key;

    key = &pr->entries[i];

    slot = key->data ? ngx_gw_json_hash(key->data, key->v)
                     : ngx_gw_json_hash((u_char *) &key->v, 8);

    for ( ;; ) {
        slot &= pr->nslots - 1;
        other = pr->table[slot];

        if (other == 0) {
            pr->table[slot] = i + 1;
            return NGX_OK;
        }

        if (ngx_gw_pb_print_same_key(key, &pr->entries[other - 1])) {
            return NGX_AGAIN;
        }

        slot++;
    }
}


static ngx_uint_t
ngx_gw_pb_print_same_key(ngx_gw_pb_print_key_t *a, ngx_gw_pb_print_key_t *b)
{
    return a->v == b->v
           && (a->data == NULL || ngx_memcmp(a->data, b->data, a->v) == 0);
}


/* a table of n zeros */

static ngx_int_t
ngx_gw_pb_print_table(ngx_gw_pb_printer_t *pr, size_t n)
{
    uint32_t  *table;

    if (n > pr->max_table) {
        table = ngx_gw_pb_print_grow(pr, pr->table, sizeof(uint32_t), 0, n);
        if (table == NULL) {
            return NGX_ERROR;
        }

        pr->table = table;
        pr->max_table = n;
    }

    ngx_memzero(pr->table, n * sizeof(uint32_t));

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_print_add_key(ngx_gw_pb_printer_t *pr, uint64_t index,
    const u_char *p)
{
    uint32_t   n;
    uint64_t  *keys;

    if (pr->nkeys == pr->max_keys) {
        n = pr->nkeys ? 2 * pr->nkeys : 32;

        keys = ngx_gw_pb_print_grow(pr, pr->keys, sizeof(uint64_t), pr->nkeys,
                                    n);
        if (keys == NULL) {
            return NGX_ERROR;
        }

        pr->keys = keys;
        pr->max_keys = n;
    }

    pr->keys[pr->nkeys++] = index << 32 | (uint64_t) (p - pr->wire);

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_print_next_part(ngx_gw_pb_printer_t *pr,
    ngx_gw_pb_print_part_t *part)
{
    uint64_t       tag, len;
    const u_char  *p;

    if (part->key == part->last_key) {
        return NGX_DONE;
    }

    p = pr->wire + (uint32_t) pr->keys[part->key++];

    p = ngx_gw_pb_print_varint(p, pr->wire_end, &tag);

    if ((tag & 7) == NGX_GW_PB_SGROUP) {
        part->pos = p;
        part->end = pr->wire_end;
        part->group = (uint32_t) (tag >> 3);

        return NGX_OK;
    }

    part->pos = ngx_gw_pb_print_value(p, pr->wire_end, NGX_GW_PB_LEN, &len);
    part->end = part->pos + len;
    part->group = 0;

    return NGX_OK;
}


const u_char *
ngx_gw_pb_print_skip(ngx_gw_pb_printer_t *pr,
    const ngx_gw_pb_message_t *message, const ngx_gw_pb_field_t *field,
    const u_char *p, const u_char *end, uint32_t tag)
{
    const u_char  *q;

    q = ngx_gw_pb_skip(p, end, tag);

    if (q == NULL) {
        return ngx_gw_pb_print_refuse(pr, message, field, "cut or malformed");
    }

    if ((tag & 7) == NGX_GW_PB_SGROUP) {
        pr->work += q - p;

        if (pr->work / NGX_GW_PB_PRINT_WORK
            > (size_t) (pr->wire_end - pr->wire))
        {
            return ngx_gw_pb_print_refuse(pr, message, field,
                                          "groups nested too deep");
        }
    }

    return q;
}
