
/* The loader of schemas: texts, files, and what is wrong with them. */


#include "ngx_gw_pb_load.h"
#include "ngx_gw_json_internal.h"


static ngx_int_t ngx_gw_pb_load_text(ngx_gw_pb_load_t *load,
    const ngx_str_t *text);
static ngx_int_t ngx_gw_pb_load_alien(ngx_gw_pb_load_t *load,
    const ngx_str_t *text);
static ngx_int_t ngx_gw_pb_load_file(ngx_gw_pb_load_t *load, ngx_str_t *bytes);
static ngx_int_t ngx_gw_pb_load_again(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, ngx_gw_pb_symbol_t *symbol);
static ngx_uint_t ngx_gw_pb_load_same_file(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *a, ngx_gw_pb_raw_file_t *b);
static size_t ngx_gw_pb_load_length(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file);
static const u_char *ngx_gw_pb_load_definition(ngx_gw_pb_load_t *load,
    ngx_gw_pb_reader_t *r);
static ngx_int_t ngx_gw_pb_load_imports(ngx_gw_pb_load_t *load);
static ngx_int_t ngx_gw_pb_load_verror(ngx_gw_pb_load_t *load,
    ngx_gw_pb_raw_file_t *file, u_char *buf, u_char *p, const char *fmt,
    va_list args);


ngx_int_t
ngx_gw_pb_load(ngx_pool_t *pool, const ngx_str_t *texts, ngx_uint_t n,
    ngx_gw_pb_schema_t **schema, ngx_uint_t *which, ngx_str_t *error)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    ngx_gw_pb_load_t       load;
    ngx_gw_pb_raw_file_t  *file;

    ngx_memzero(&load, sizeof(ngx_gw_pb_load_t));

    load.pool = pool;
    load.error = error;
    load.last_file = &load.files;

    ngx_str_null(error);
    *which = 0;

    load.schema = ngx_pcalloc(pool, sizeof(ngx_gw_pb_schema_t));
    if (load.schema == NULL) {
        return NGX_ERROR;
    }

    load.temp = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, pool->log);
    if (load.temp == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    for (i = 0; i < n && rc == NGX_OK; i++) {
        load.text = i;
        rc = ngx_gw_pb_load_text(&load, &texts[i]);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_load_imports(&load);
    }

    for (file = load.files; file && rc == NGX_OK; file = file->next) {
        rc = ngx_gw_pb_load_symbols(&load, file);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_load_link(&load);
    }

    ngx_destroy_pool(load.temp);

    *schema = load.schema;
    *which = load.text;

    return rc;
}


/* a FileDescriptorSet */

static ngx_int_t
ngx_gw_pb_load_text(ngx_gw_pb_load_t *load, const ngx_str_t *text)
{
    ngx_int_t           rc;
    ngx_uint_t          n;
    ngx_gw_pb_reader_t  r;

    if (text->len == 0) {
        return ngx_gw_pb_load_error(load, NULL, "is empty");
    }

    if (text->len > NGX_GW_PB_MAX_TEXT) {
        return ngx_gw_pb_load_error(load, NULL, "is too large");
    }

    n = 0;
    load->start = text->data;
    ngx_gw_pb_reader_init(&r, text);

    while ((rc = ngx_gw_pb_load_next(load, &r)) == NGX_OK) {

        if (r.tag != ngx_gw_pb_tag(1, LEN)) {
            continue;
        }

        rc = ngx_gw_pb_load_file(load, &r.bytes);
        if (rc != NGX_OK) {
            break;
        }

        n++;
    }

    if (n == 0 && rc != NGX_ERROR) {
        return ngx_gw_pb_load_alien(load, text);
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


/* what a text may be that has no first file; the message there is may do */

static ngx_int_t
ngx_gw_pb_load_alien(ngx_gw_pb_load_t *load, const ngx_str_t *text)
{
    size_t      i, n;
    u_char      c;
    ngx_str_t  *error;

    error = load->error;

    if (error->len && !load->malformed) {
        return NGX_DECLINED;
    }

    if (text->len > 2 && text->data[0] == 0x1f && text->data[1] == 0x8b) {
        return ngx_gw_pb_load_error(load, NULL, "is no FileDescriptorSet but "
                                    "compressed by gzip");
    }

    n = ngx_min(text->len, 64);

    for (i = 0; i < n; i++) {
        c = text->data[i];

        if (c >= 0x7f || (c < ' ' && c != LF && c != CR && c != '\t')) {
            break;
        }
    }

    if (i == n) {
        return ngx_gw_pb_load_error(load, NULL, "is no FileDescriptorSet but "
                                    "text: is it a .proto source? \"protoc "
                                    "--include_imports "
                                    "--descriptor_set_out=FILE\" compiles it");
    }

    return ngx_gw_pb_load_error(load, NULL, "is no FileDescriptorSet, as "
                                "\"protoc --include_imports "
                                "--descriptor_set_out=FILE\" makes it%s%V",
                                error->len ? ": " : "", error);
}


static ngx_int_t
ngx_gw_pb_load_file(ngx_gw_pb_load_t *load, ngx_str_t *bytes)
{
    ngx_int_t              rc;
    ngx_uint_t             ntypes;
    ngx_gw_pb_symbol_t    *symbol;
    ngx_gw_pb_raw_file_t  *file;

    ntypes = load->ntypes;

    rc = ngx_gw_pb_load_raw_file(load, bytes, &file);
    if (rc != NGX_OK) {
        return rc;
    }

    if (file->name.len == 0) {
        return ngx_gw_pb_load_error(load, NULL, "has a file without a name");
    }

    symbol = ngx_gw_pb_load_find(&load->by_file, &file->name);

    if (symbol) {
        load->ntypes = ntypes;

        return ngx_gw_pb_load_again(load, file, symbol);
    }

    *load->last_file = file;
    load->last_file = &file->next;

    return ngx_gw_pb_load_add(load, &load->by_file, &file->name,
                              NGX_GW_PB_SYMBOL_FILE, file);
}


/*
 * Sets come from compilers of several versions, and each brings along its own
 * descriptor.proto: the longer one is the newer.
 */

static ngx_int_t
ngx_gw_pb_load_again(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    ngx_gw_pb_symbol_t *symbol)
{
    ngx_gw_pb_raw_file_t  *other, **link;

    static const ngx_str_t  descriptor =
                            ngx_string("google/protobuf/descriptor.proto");

    other = symbol->data;

    if (ngx_gw_pb_load_same_file(load, file, other)) {
        return NGX_OK;
    }

    if (!ngx_gw_pb_same(&file->name, &descriptor)) {
        return ngx_gw_pb_load_error(load, NULL, "file \"%V\" comes twice, and "
                                    "not the same", &file->name);
    }

    if (ngx_gw_pb_load_length(load, file) <= ngx_gw_pb_load_length(load, other))
    {
        return NGX_OK;
    }

    for (link = &load->files; *link != other; link = &(*link)->next) {
        /* void */
    }

    *link = file;
    file->next = other->next;
    symbol->data = file;

    if (file->next == NULL) {
        load->last_file = &file->next;
    }

    return NGX_OK;
}


/*
 * What is of no use here does not count: source_code_info, and of options all
 * but the features.
 */

static ngx_uint_t
ngx_gw_pb_load_same_file(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *a,
    ngx_gw_pb_raw_file_t *b)
{
    const u_char        *pa, *pb;
    ngx_gw_pb_reader_t   ra, rb;

    if (ngx_gw_pb_same(&a->bytes, &b->bytes)) {
        return 1;
    }

    if (ngx_memcmp(&a->features, &b->features, sizeof(ngx_gw_pb_features_t))
        != 0)
    {
        return 0;
    }

    ngx_gw_pb_reader_init(&ra, &a->bytes);
    ngx_gw_pb_reader_init(&rb, &b->bytes);

    for ( ;; ) {
        pa = ngx_gw_pb_load_definition(load, &ra);
        pb = ngx_gw_pb_load_definition(load, &rb);

        if (ra.pos - pa != rb.pos - pb
            || ngx_memcmp(pa, pb, ra.pos - pa) != 0)
        {
            return 0;
        }

        if (ra.pos == pa) {
            return 1;
        }
    }
}


static size_t
ngx_gw_pb_load_length(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file)
{
    size_t               len;
    const u_char        *p;
    ngx_gw_pb_reader_t   r;

    len = 0;
    ngx_gw_pb_reader_init(&r, &file->bytes);

    do {
        p = ngx_gw_pb_load_definition(load, &r);
        len += r.pos - p;
    } while (r.pos != p);

    return len;
}


/* goes on to the next field that counts; returns where it begins */

static const u_char *
ngx_gw_pb_load_definition(ngx_gw_pb_load_t *load, ngx_gw_pb_reader_t *r)
{
    const u_char  *p;

    do {
        p = r->pos;
    } while (ngx_gw_pb_load_next(load, r) == NGX_OK
             && (r->tag == ngx_gw_pb_tag(8, LEN)
                 || r->tag == ngx_gw_pb_tag(9, LEN)));

    return p;
}


static ngx_int_t
ngx_gw_pb_load_imports(ngx_gw_pb_load_t *load)
{
    ngx_gw_pb_raw_file_t  *file;
    ngx_gw_pb_raw_name_t  *import;

    for (file = load->files; file; file = file->next) {
        for (import = file->imports; import; import = import->next) {

            if (ngx_gw_pb_load_find(&load->by_file, &import->name) == NULL) {
                return ngx_gw_pb_load_error(load, file, "file \"%V\" imports "
                                    "\"%V\", which is missing (is the set "
                                    "made with --include_imports?)",
                                    &file->name, &import->name);
            }
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_load_next(ngx_gw_pb_load_t *load, ngx_gw_pb_reader_t *r)
{
    uint64_t       n;
    const u_char  *p, *value;

    if (r->pos == r->end) {
        return NGX_DONE;
    }

    p = ngx_gw_pb_read_varint(r->pos, r->end, &n);

    if (p == NULL || n > 0xffffffff || (n >> 3) == 0) {
        goto malformed;
    }

    r->tag = (uint32_t) n;
    value = p;

    p = ngx_gw_pb_skip(value, r->end, r->tag);

    if (p == NULL) {
        goto malformed;
    }

    switch (r->tag & 7) {

    case NGX_GW_PB_VARINT:
        (void) ngx_gw_pb_read_varint(value, r->end, &r->value);
        break;

    case NGX_GW_PB_LEN:
        value = ngx_gw_pb_read_varint(value, r->end, &n);
        r->bytes.data = (u_char *) value;
        r->bytes.len = (size_t) n;
        break;
    }

    r->pos = p;

    return NGX_OK;

malformed:

    load->malformed = 1;

    return ngx_gw_pb_load_error(load, NULL, "cut or malformed at byte %uz",
                                (size_t) (r->pos - load->start));
}


ngx_uint_t
ngx_gw_pb_load_utf8(const ngx_str_t *text)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    while (p < last) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        p = ngx_gw_json_utf8(p, last);
        if (p == NULL) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_gw_pb_load_quote(ngx_pool_t *pool, const ngx_str_t *text,
    const char *suffix, ngx_str_t *quoted)
{
    size_t   n, len;
    u_char  *p;

    n = ngx_strlen(suffix);
    len = text->len + ngx_escape_json(NULL, text->data, text->len);

    p = ngx_pnalloc(pool, len + n + 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    quoted->data = p;
    quoted->len = len + n + 2;

    *p++ = '"';
    p = (u_char *) ngx_escape_json(p, text->data, text->len);
    *p++ = '"';
    ngx_memcpy(p, suffix, n);

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_load_copy(ngx_pool_t *pool, const ngx_str_t *from, ngx_str_t *to)
{
    u_char  *p;

    p = ngx_pnalloc(pool, from->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (from->len) {
        p = ngx_cpymem(p, from->data, from->len);
    }

    *p = '\0';

    to->data = p - from->len;
    to->len = p - to->data;

    return NGX_OK;
}


ngx_int_t
ngx_gw_pb_load_error(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    const char *fmt, ...)
{
    u_char     buf[NGX_GW_PB_MAX_ERROR];
    va_list    args;
    ngx_int_t  rc;

    va_start(args, fmt);
    rc = ngx_gw_pb_load_verror(load, file, buf, buf, fmt, args);
    va_end(args);

    return rc;
}


ngx_int_t
ngx_gw_pb_load_field_error(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_field_t *raw,
    const char *fmt, ...)
{
    u_char     buf[NGX_GW_PB_MAX_ERROR], *p, *last;
    va_list    args;
    ngx_int_t  rc;

    last = buf + NGX_GW_PB_MAX_ERROR / 2;

    if (raw->extension) {
        p = ngx_slprintf(buf, last, "extension \"%V\": ", &raw->full);

    } else {
        p = ngx_slprintf(buf, last, "field \"%V.%V\": ", &raw->scope->full,
                         &raw->name);
    }

    va_start(args, fmt);
    rc = ngx_gw_pb_load_verror(load, raw->file, buf, p, fmt, args);
    va_end(args);

    return rc;
}


/* names are anybody's text: what is not printable stays out of the log */

static ngx_int_t
ngx_gw_pb_load_verror(ngx_gw_pb_load_t *load, ngx_gw_pb_raw_file_t *file,
    u_char *buf, u_char *p, const char *fmt, va_list args)
{
    u_char     *last;
    ngx_str_t   text;

    last = ngx_vslprintf(p, buf + NGX_GW_PB_MAX_ERROR, fmt, args);

    for (p = buf; p < last; p++) {
        if (*p < 0x20 || *p >= 0x7f) {
            *p = '?';
        }
    }

    text.data = buf;
    text.len = last - buf;

    if (ngx_gw_pb_load_copy(load->pool, &text, load->error) != NGX_OK) {
        return NGX_ERROR;
    }

    if (file) {
        load->text = file->text;
    }

    return NGX_DECLINED;
}
