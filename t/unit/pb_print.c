/* unit: ngx_gw_transcode/ngx_gw_pb.c ngx_gw_transcode/ngx_gw_pb_load*.c
         ngx_gw_transcode/ngx_gw_pb_print*.c ngx_gw_common/ngx_gw_json*.c */

/*
 * The wire format to JSON for a script, t/pb-print.t: pb_print reads a line
 * "OPTIONS SET" and then lines "TYPE LENGTH", each with as many bytes of a
 * message behind it.  The answer to each is a line "ok LENGTH" with the text
 * behind it, or "refused LENGTH" with the error.
 *
 * Types "double" and "float" are numbers of 8 or 4 bytes in a row, and are
 * printed a line each.  Options are letters: see below.
 */


#include "ngx_gw_pb.h"
#include "ngx_gw_pb_print.h"
#include "ngx_gw_pb_print_internal.h"


static ngx_str_t
slurp(const char *name)
{
    FILE       *f;
    ngx_str_t   text;

    f = fopen(name, "rb");

    if (f == NULL) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        exit(2);
    }

    text.data = malloc(1024 * 1024);
    text.len = fread(text.data, 1, 1024 * 1024, f);

    fclose(f);

    return text;
}


static void
numbers(const u_char *p, size_t len, ngx_uint_t size)
{
    float    f;
    size_t   n;
    double   d;
    u_char   text[64], *end;
    u_char  *out, *dst;

    out = malloc(len * 8 + 64);
    dst = out;

    for (n = 0; n + size <= len; n += size) {

        if (size == 8) {
            memcpy(&d, p + n, 8);
            end = ngx_gw_pb_print_double(text, d);

        } else {
            memcpy(&f, p + n, 4);
            end = ngx_gw_pb_print_float(text, f);
        }

        dst = ngx_cpymem(dst, text, end - text);
        *dst++ = '\n';
    }

    printf("ok %zu\n", (size_t) (dst - out));
    fwrite(out, 1, dst - out, stdout);
    free(out);
}


int
main(void)
{
    char                     letters[16], type[256];
    size_t                   n, len, total;
    u_char                  *p;
    ngx_str_t                text, error;
    ngx_uint_t               which;
    ngx_pool_t              *pool, *temp;
    const char              *o;
    ngx_chain_t             *out, *cl;
    const ngx_str_t         *e;
    ngx_gw_pb_schema_t      *schema;
    ngx_gw_pb_printer_t     *pr;
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_print_conf_t   conf;

    if (scanf("%15s %255s", letters, type) != 2) {
        return 2;
    }

    pool = ngx_create_pool(4096, NULL);
    text = slurp(type);

    if (ngx_gw_pb_load(pool, &text, 1, &schema, &which, &error) != NGX_OK) {
        fprintf(stderr, "%s: %.*s\n", type, (int) error.len, error.data);
        return 2;
    }

    free(text.data);

    memset(&conf, 0, sizeof(ngx_gw_pb_print_conf_t));

    conf.schema = schema;

    for (o = letters; *o; o++) {
        conf.unpopulated |= (*o == 'u');
        conf.proto_names |= (*o == 'p');
        conf.enum_numbers |= (*o == 'e');
        conf.indent |= (*o == 'i');
        conf.any_unknown |= (*o == 'a');
    }

    text.data = NULL;

    while (scanf("%255s %zu", type, &len) == 2) {

        if (getchar() != '\n') {
            return 2;
        }

        text.data = realloc(text.data, len + 1);

        if (fread(text.data, 1, len, stdin) != len) {
            return 2;
        }

        if (strcmp(type, "double") == 0 || strcmp(type, "float") == 0) {
            numbers(text.data, len, type[0] == 'd' ? 8 : 4);
            continue;
        }

        message = ngx_gw_pb_find_message(schema, (u_char *) type,
                                         strlen(type));
        if (message == NULL) {
            fprintf(stderr, "no %s\n", type);
            return 2;
        }

        temp = ngx_create_pool(4096, NULL);
        pr = ngx_gw_pb_printer_create(temp, &conf);
        p = unit_guard_end(text.data, len);
        out = NULL;
        total = 0;

        if (ngx_gw_pb_print(pr, message, NULL, p, len, &out, &total)
            != NGX_OK)
        {
            e = ngx_gw_pb_printer_error(pr);
            printf("refused %zu\n%.*s", e->len, (int) e->len, e->data);

        } else {
            printf("ok %zu\n", total);

            for (cl = out; cl; cl = cl->next) {
                n = cl->buf->last - cl->buf->pos;
                fwrite(cl->buf->pos, 1, n, stdout);
                total -= n;
            }

            if (total) {
                fprintf(stderr, "%zu bytes are missing\n", total);
                return 2;
            }
        }

        ngx_destroy_pool(temp);
    }

    free(text.data);
    ngx_destroy_pool(pool);

    return 0;
}
