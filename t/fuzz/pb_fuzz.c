/* fuzz: ngx_gw_transcode/ngx_gw_pb.c ngx_gw_transcode/ngx_gw_pb_load*.c
   ngx_gw_common/ngx_gw_json*.c */

/*
 * Any text as a set of descriptors, by itself, cut in two texts, and twice.
 * What loads is consistent, does not point into the text, and finds all that
 * it has; what does not says why in printable text.
 */


#include "pb_help.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static u_char *
copy_of(const uint8_t *data, size_t size)
{
    u_char  *p;

    p = malloc(size + (size == 0));

    if (size) {
        memcpy(p, data, size);
    }

    return p;
}


/* each text is as long as its memory; 1: it has loaded */

static ngx_uint_t
load(const uint8_t *data, size_t size, size_t cut, ngx_uint_t n)
{
    size_t               i;
    ngx_int_t            rc;
    ngx_str_t            texts[2], error;
    ngx_uint_t           which;
    ngx_pool_t          *pool;
    ngx_gw_pb_schema_t  *schema;

    texts[0].data = copy_of(data, cut);
    texts[0].len = cut;
    texts[1].data = copy_of(data + (cut < size ? cut : 0),
                            cut < size ? size - cut : size);
    texts[1].len = cut < size ? size - cut : size;

    pool = ngx_create_pool(4096, &ngx_stub_log);

    which = 77;
    rc = ngx_gw_pb_load(pool, texts, n, &schema, &which, &error);

    must(rc == NGX_OK || rc == NGX_DECLINED);

    for (i = 0; i < 2; i++) {
        memset(texts[i].data, 0x5a, texts[i].len);
        free(texts[i].data);
    }

    if (rc == NGX_OK) {
        walk(schema);

    } else {
        must(which < n);
        must(error.len > 0 && error.len <= 1024);

        for (i = 0; i < error.len; i++) {
            must(error.data[i] >= 0x20 && error.data[i] < 0x7f);
        }
    }

    ngx_destroy_pool(pool);

    return rc == NGX_OK;
}


/* no value is read or skipped beyond the end, wherever the text ends */

static void
skip(const uint8_t *data, size_t size)
{
    u_char        *text;
    uint64_t       tag;
    const u_char  *p, *end;

    text = copy_of(data, size);
    p = text;
    end = text + size;

    while (p) {
        must(p <= end);

        p = ngx_gw_pb_read_varint(p, end, &tag);

        if (p == NULL || tag > 0xffffffff) {
            break;
        }

        p = ngx_gw_pb_skip(p, end, (uint32_t) tag);
    }

    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_uint_t  rc;

    ngx_gw_json_init(0x1234567890abcdef);

    skip(data, size);

    rc = load(data, size, size, 1);

    /* the same twice is the same, and files may come in several sets */

    must(load(data, size, size, 2) == rc);

    if (size > 1) {
        (void) load(data, size, data[size - 1] % size, 2);
    }

    return 0;
}
