
/*
 * ngx_gw_pb_parse, what is written: the buffer, lengths, the keys of maps.
 *
 * A byte is kept for each length.  One that takes more than it is remembered
 * and put in at the end: lengths of what is around it count it already.
 */


#include "ngx_gw_pb_parse_internal.h"
#include "ngx_gw_json.h"


#define NGX_GW_PB_FIRST_SIZE     256
#define NGX_GW_PB_FIRST_KEYS     16
#define NGX_GW_PB_FIRST_FRAMES   8


static ngx_int_t ngx_gw_pb_missing(ngx_gw_pb_parser_t *parser);
static ngx_int_t ngx_gw_pb_missing_in(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_bound_t *list,
    const ngx_gw_pb_field_t *given);


void *
ngx_gw_pb_double_array(ngx_gw_pb_parser_t *parser, void *old, ngx_uint_t n,
    ngx_uint_t first, size_t size)
{
    void  *array;

    array = ngx_palloc(parser->pool, (n ? n * 2 : first) * size);
    if (array == NULL) {
        ngx_gw_pb_no_memory(parser);
        return NULL;
    }

    if (n) {
        ngx_memcpy(array, old, n * size);
        ngx_pfree(parser->pool, old);
    }

    return array;
}


/*
 * More than max_size is had for what turns out shorter than it might have
 * been, but never much more.
 */

ngx_int_t
ngx_gw_pb_grow(ngx_gw_pb_parser_t *parser, size_t n)
{
    u_char  *buf;
    size_t   used, size, max;

    used = parser->last - parser->start;
    max = parser->conf.max_size + NGX_GW_PB_SLACK;

    if (used > parser->conf.max_size || n > max - used) {
        return ngx_gw_pb_too_large(parser);
    }

    size = parser->start ? 2 * (parser->limit - parser->start)
                         : NGX_GW_PB_FIRST_SIZE;

    if (size < used + n) {
        size = used + n;
    }

    if (size > max) {
        size = max;
    }

    buf = ngx_palloc(parser->pool, NGX_GW_PB_HEAD + size);
    if (buf == NULL) {
        ngx_gw_pb_no_memory(parser);
        return NGX_ERROR;
    }

    buf += NGX_GW_PB_HEAD;

    if (parser->start) {
        ngx_memcpy(buf, parser->start, used);
        ngx_pfree(parser->pool, parser->start - NGX_GW_PB_HEAD);
    }

    parser->start = buf;
    parser->last = buf + used;
    parser->limit = buf + size;

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_too_large(ngx_gw_pb_parser_t *parser)
{
    ngx_gw_pb_failed(parser, NULL, "the message takes more than %uz bytes",
                     parser->conf.max_size);

    parser->rc = NGX_ABORT;

    return NGX_ABORT;
}


ngx_int_t
ngx_gw_pb_grow_frames(ngx_gw_pb_parser_t *parser)
{
    ngx_uint_t          n;
    ngx_gw_pb_frame_t  *frames;

    n = parser->nframes ? parser->nframes * 2 : NGX_GW_PB_FIRST_FRAMES;

    /* [0] is around all of them */
    n = ngx_min(n, NGX_GW_PB_MAX_DEPTH + 1);

    frames = ngx_pcalloc(parser->pool, n * sizeof(ngx_gw_pb_frame_t));
    if (frames == NULL) {
        ngx_gw_pb_no_memory(parser);
        return NGX_ERROR;
    }

    if (parser->nframes) {
        ngx_memcpy(frames, parser->frames,
                   parser->nframes * sizeof(ngx_gw_pb_frame_t));
        ngx_pfree(parser->pool, parser->frames);
    }

    parser->frames = frames;
    parser->nframes = n;
    parser->frame = &frames[parser->depth];

    return ngx_gw_pb_grow_levels(parser, NGX_GW_PB_LEVELS(n));
}


/* room for n levels */

ngx_int_t
ngx_gw_pb_grow_levels(ngx_gw_pb_parser_t *parser, ngx_uint_t n)
{
    ngx_gw_pb_level_t  *levels;

    if (n <= parser->max_levels) {
        return NGX_OK;
    }

    levels = ngx_palloc(parser->pool, n * sizeof(ngx_gw_pb_level_t));
    if (levels == NULL) {
        ngx_gw_pb_no_memory(parser);
        return NGX_ERROR;
    }

    if (parser->levels) {
        ngx_memcpy(levels, parser->levels,
                   parser->nlevels * sizeof(ngx_gw_pb_level_t));
        ngx_pfree(parser->pool, parser->levels);
    }

    parser->levels = levels;
    parser->max_levels = n;

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_close_level(ngx_gw_pb_parser_t *parser)
{
    size_t               len;
    uint32_t             more;
    ngx_gw_pb_level_t   *level;
    ngx_gw_pb_insert_t  *insert, *before;

    level = &parser->levels[--parser->nlevels];

    len = parser->last - parser->start - level->pos - 1 + level->extra;

    if (len < 128) {
        parser->start[level->pos] = (u_char) len;
        return NGX_OK;
    }

    if (parser->ninserts == parser->max_inserts) {
        insert = ngx_gw_pb_double_array(parser, parser->inserts,
                                        parser->max_inserts, 16,
                                        sizeof(ngx_gw_pb_insert_t));
        if (insert == NULL) {
            return NGX_ERROR;
        }

        if (parser->ninserts == 0) {
            insert[0].next = 0;
            parser->ninserts = 1;
            parser->max_inserts = 8;
        }

        parser->inserts = insert;
        parser->max_inserts *= 2;
    }

    /* behind what was there when it began, before what is inside of it */

    before = &parser->inserts[level->tail];
    insert = &parser->inserts[parser->ninserts];

    insert->pos = level->pos;
    insert->len = (uint32_t) len;
    insert->next = before->next;

    before->next = (uint32_t) parser->ninserts++;

    if (parser->tail == level->tail) {
        parser->tail = before->next;
    }

    more = (uint32_t) ngx_gw_pb_varint_len(len) - 1;

    parser->levels[parser->nlevels - 1].extra += level->extra + more;
    parser->extra += more;

    if (parser->last - parser->start + parser->extra > parser->conf.max_size) {
        return ngx_gw_pb_too_large(parser);
    }

    return NGX_OK;
}


u_char *
ngx_gw_pb_scratch(ngx_gw_pb_parser_t *parser, size_t n)
{
    if (parser->scratch_size >= n) {
        return parser->scratch;
    }

    if (parser->scratch) {
        ngx_pfree(parser->pool, parser->scratch);
        n = ngx_max(n, parser->scratch_size * 2);
    }

    n = ngx_max(n, 64);

    parser->scratch = ngx_palloc(parser->pool, n);

    if (parser->scratch == NULL) {
        parser->scratch_size = 0;
        ngx_gw_pb_no_memory(parser);
        return NULL;
    }

    parser->scratch_size = n;

    return parser->scratch;
}


ngx_int_t
ngx_gw_pb_add_key(ngx_gw_pb_parser_t *parser, ngx_gw_pb_frame_t *frame,
    uint32_t pos)
{
    uint32_t           i, slot, len, hash, size;
    ngx_gw_pb_key_t   *key;
    ngx_gw_pb_keys_t  *keys;

    keys = frame->keys;

    if (keys == NULL) {
        keys = ngx_pcalloc(parser->pool, sizeof(ngx_gw_pb_keys_t));
        if (keys == NULL) {
            ngx_gw_pb_no_memory(parser);
            return NGX_ERROR;
        }

        frame->keys = keys;
    }

    if (keys->nkeys == keys->nalloc) {
        key = ngx_gw_pb_double_array(parser, keys->keys, keys->nalloc,
                                     NGX_GW_PB_FIRST_KEYS / 2,
                                     sizeof(ngx_gw_pb_key_t));
        if (key == NULL) {
            return NGX_ERROR;
        }

        keys->keys = key;
        keys->nalloc = keys->nalloc ? keys->nalloc * 2
                                    : NGX_GW_PB_FIRST_KEYS / 2;
    }

    /* half of the table at most is taken; a map takes no more than it needs */

    if (keys->mask == 0 || keys->nkeys * 2 > keys->mask) {
        size = keys->mask ? (keys->mask + 1) * 2 : NGX_GW_PB_FIRST_KEYS;

        if (size > keys->size) {
            if (keys->table) {
                ngx_pfree(parser->pool, keys->table);
                keys->size = 0;
            }

            keys->table = ngx_palloc(parser->pool, size * sizeof(uint32_t));
            if (keys->table == NULL) {
                ngx_gw_pb_no_memory(parser);
                return NGX_ERROR;
            }

            keys->size = size;
        }

        ngx_memzero(keys->table, size * sizeof(uint32_t));
        keys->mask = size - 1;

        for (i = 0; i < keys->nkeys; i++) {
            slot = keys->keys[i].hash & keys->mask;

            while (keys->table[slot]) {
                slot = (slot + 1) & keys->mask;
            }

            keys->table[slot] = i + 1;
        }
    }

    len = (uint32_t) (parser->last - parser->start) - pos;
    hash = ngx_gw_json_hash(parser->start + pos, len);

    for (slot = hash & keys->mask;
         keys->table[slot];
         slot = (slot + 1) & keys->mask)
    {
        key = &keys->keys[keys->table[slot] - 1];

        if (key->hash == hash
            && key->len == len
            && ngx_memcmp(parser->start + key->pos, parser->start + pos, len)
               == 0)
        {
            return NGX_DECLINED;
        }
    }

    key = &keys->keys[keys->nkeys++];

    key->hash = hash;
    key->pos = pos;
    key->len = len;

    keys->table[slot] = keys->nkeys;

    return NGX_OK;
}


void
ngx_gw_pb_drop_key(ngx_gw_pb_frame_t *frame)
{
    uint32_t           slot;
    ngx_gw_pb_keys_t  *keys;

    keys = frame->keys;

    /* none has come since that may have had to pass its slot */

    slot = keys->keys[keys->nkeys - 1].hash & keys->mask;

    while (keys->table[slot] != keys->nkeys) {
        slot = (slot + 1) & keys->mask;
    }

    keys->table[slot] = 0;
    keys->nkeys--;
}


ngx_int_t
ngx_gw_pb_parser_finish(ngx_gw_pb_parser_t *parser, ngx_str_t *wire)
{
    size_t               n, extra;
    u_char              *src, *dst, *pos;
    uint32_t             i, next, prev;
    ngx_gw_pb_insert_t  *insert;

    if (ngx_gw_pb_missing(parser) != NGX_OK) {
        return parser->rc;
    }

    n = parser->last - parser->start;

    if (n + parser->extra > parser->conf.max_size) {
        return ngx_gw_pb_too_large(parser);
    }

    /* there is a buffer even for nothing */

    if (parser->start == NULL
        || (size_t) (parser->limit - parser->last) < parser->extra)
    {
        if (ngx_gw_pb_grow(parser, parser->extra) != NGX_OK) {
            return parser->rc;
        }
    }

    wire->data = parser->start;
    wire->len = n + parser->extra;

    if (parser->extra == 0) {
        return NGX_OK;
    }

    /* from the end: the list is turned round first */

    prev = 0;

    for (i = parser->inserts[0].next; i; i = next) {
        next = parser->inserts[i].next;
        parser->inserts[i].next = prev;
        prev = i;
    }

    src = parser->last;
    extra = parser->extra;

    for (i = prev; i; i = insert->next) {
        insert = &parser->inserts[i];

        pos = parser->start + insert->pos;

        ngx_memmove(pos + 1 + extra, pos + 1, src - pos - 1);

        extra -= ngx_gw_pb_varint_len(insert->len) - 1;
        dst = pos + extra;

        (void) ngx_gw_pb_write_varint(dst, insert->len);

        src = pos;
    }

    parser->inserts[0].next = 0;
    parser->last = parser->start + wire->len;
    parser->extra = 0;
    parser->tail = 0;

    return NGX_OK;
}


/* required fields of messages that no text was there for */

static ngx_int_t
ngx_gw_pb_missing(ngx_gw_pb_parser_t *parser)
{
    ngx_uint_t          n;
    ngx_gw_pb_bound_t  *node, *stack[NGX_GW_PB_MAX_DEPTH];

    if (parser->field || !parser->done) {
        if (ngx_gw_pb_missing_in(parser, parser->message, parser->bound,
                                 parser->done ? parser->field : NULL)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    n = 0;
    node = parser->bound;

    for ( ;; ) {

        if (node == NULL) {
            if (n == 0) {
                return NGX_OK;
            }

            node = stack[--n]->next;
            continue;
        }

        if (node->children == NULL) {
            node = node->next;
            continue;
        }

        if (!node->parsed
            && ngx_gw_pb_missing_in(parser, node->field->message,
                                    node->children, NULL)
               != NGX_OK)
        {
            return NGX_DECLINED;
        }

        stack[n++] = node;
        node = node->children;
    }
}


static ngx_int_t
ngx_gw_pb_missing_in(ngx_gw_pb_parser_t *parser,
    const ngx_gw_pb_message_t *message, ngx_gw_pb_bound_t *list,
    const ngx_gw_pb_field_t *given)
{
    ngx_uint_t                i;
    ngx_gw_pb_bound_t        *node;
    const ngx_gw_pb_field_t  *field;

    if (!message->has_required) {
        return NGX_OK;
    }

    for (i = 0; i < message->nfields; i++) {
        field = &message->fields[i];

        if (!field->required || field == given) {
            continue;
        }

        for (node = list; node && node->field != field; node = node->next) {
            /* void */
        }

        if (node == NULL) {
            ngx_gw_pb_failed(parser, NULL, "\"%V\" of %V is required",
                             &field->json_name, &message->name);
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}
