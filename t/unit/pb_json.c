/* unit: ngx_gw_transcode/ngx_gw_pb.c ngx_gw_transcode/ngx_gw_pb_load*.c
         ngx_gw_transcode/ngx_gw_pb_parse*.c ngx_gw_transcode/ngx_gw_pb_bind.c
         ngx_gw_common/ngx_gw_json*.c */

/*
 * JSON to the wire format for a script, see t/pb-parse.t: it reads a line with
 * the names of sets of descriptors, then requests, a line each, and answers
 * each with a line.
 *
 *   MESSAGE FIELD|- FLAGS BUDGET HEX|- [p|q PATH HEX] ...
 *
 * HEX is the text, or the value of a path variable (p) or query parameter (q),
 * "" if it is empty;
 * FLAGS are "-", or of "i" (ignore unknown) and "m" (mask).  The answer is
 * "ok HEX [HEX of the mask]" or "no ERROR".
 */


#include "ngx_gw_pb.h"
#include "ngx_gw_pb_parse.h"


#define MAX_SIZE  (64 * 1024 * 1024)


static ngx_str_t
slurp(const char *name)
{
    FILE       *f;
    long        size;
    ngx_str_t   text;

    f = fopen(name, "rb");

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        exit(2);
    }

    rewind(f);

    text.len = size;
    text.data = malloc(size + 1);

    if (fread(text.data, 1, size, f) != (size_t) size) {
        exit(2);
    }

    fclose(f);

    return text;
}


static void
die(const char *what)
{
    fprintf(stderr, "pb_json: %s\n", what);
    exit(2);
}


/* in place of its digits */

static ngx_str_t
unhex(char *hex)
{
    size_t        i;
    ngx_str_t     s;
    unsigned int  c;

    s.len = strlen(hex) / 2;
    s.data = (u_char *) hex;

    if (strcmp(hex, "\"\"") == 0) {
        s.len = 0;
    }

    for (i = 0; i < s.len; i++) {
        if (sscanf(hex + 2 * i, "%2x", &c) != 1) {
            die("no hex");
        }

        s.data[i] = (u_char) c;
    }

    return s;
}


static void
put(const ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        printf("%02x", s->data[i]);
    }
}


static char *
word(void)
{
    char  *s;

    s = strtok(NULL, " \n");

    if (s == NULL) {
        die("too few words");
    }

    return s;
}


static void
answer(ngx_gw_pb_schema_t *schema, ngx_pool_t *pool, char *line)
{
    char                    *s, *flags;
    size_t                   budget;
    u_char                  *text;
    ngx_int_t                rc;
    ngx_str_t                json, name, path, value, wire, mask;
    ngx_gw_pb_field_t       *field;
    ngx_gw_pb_parser_t      *parser;
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_parse_conf_t   conf;

    s = strtok(line, " \n");

    if (s == NULL) {
        die("an empty line");
    }

    message = ngx_gw_pb_find_message(schema, (u_char *) s, strlen(s));

    if (message == NULL) {
        die("no such message");
    }

    field = NULL;
    s = word();

    if (strcmp(s, "-") != 0) {
        field = ngx_gw_pb_find_field(message, (u_char *) s, strlen(s));

        if (field == NULL) {
            die("no such field");
        }
    }

    flags = word();
    budget = strtoul(word(), NULL, 10);
    s = word();

    ngx_str_null(&json);

    if (strcmp(s, "-") != 0) {
        json = unhex(s);
    }

    memset(&conf, 0, sizeof(conf));

    conf.schema = schema;
    conf.max_size = MAX_SIZE;
    conf.ignore_unknown = strchr(flags, 'i') != NULL;
    conf.mask = strchr(flags, 'm') != NULL;

    parser = ngx_gw_pb_parser_create(pool, &conf, message, field, NULL);

    while ((s = strtok(NULL, " \n")) != NULL) {
        path.data = (u_char *) word();
        path.len = strlen((char *) path.data);
        value = unhex(word());

        rc = ngx_gw_pb_bind(parser, &path, &value, *s == 'q');

        if (rc != NGX_OK) {
            goto failed;
        }
    }

    if (json.data) {

        /* a copy of its own, to see what reads beyond */

        text = malloc(json.len ? json.len : 1);
        memcpy(text, json.data, json.len);

        do {
            rc = ngx_gw_pb_parser_run(parser, text, json.len, budget);
        } while (rc == NGX_AGAIN);

        free(text);

        if (rc != NGX_OK) {
            goto failed;
        }
    }

    if (ngx_gw_pb_parser_finish(parser, &wire) != NGX_OK) {
        goto failed;
    }

    printf("ok ");
    put(&wire);

    if (conf.mask) {
        if (ngx_gw_pb_parser_mask(parser, &mask) != NGX_OK) {
            die("no mask");
        }

        printf(" ");
        put(&mask);
    }

    printf("\n");
    return;

failed:

    name = *ngx_gw_pb_parser_error(parser);

    printf("no %.*s\n", (int) name.len, name.data);
}


int
main(void)
{
    char                *line, *s;
    size_t               size;
    ngx_int_t            rc;
    ngx_str_t            texts[8], error;
    ngx_uint_t           n, which;
    ngx_pool_t          *pool, *temp;
    ngx_gw_pb_schema_t  *schema;

    pool = ngx_create_pool(1024, &ngx_stub_log);

    line = NULL;
    size = 0;

    if (getline(&line, &size, stdin) <= 0) {
        die("no sets");
    }

    n = 0;

    for (s = strtok(line, " \n"); s && n < 8; s = strtok(NULL, " \n")) {
        texts[n++] = slurp(s);
    }

    rc = ngx_gw_pb_load(pool, texts, n, &schema, &which, &error);

    if (rc != NGX_OK) {
        fprintf(stderr, "%.*s\n", (int) error.len, error.data);
        return 2;
    }

    while (getline(&line, &size, stdin) > 0) {
        temp = ngx_create_pool(1024, &ngx_stub_log);
        answer(schema, temp, line);
        ngx_destroy_pool(temp);
        fflush(stdout);
    }

    free(line);

    while (n--) {
        free(texts[n].data);
    }

    ngx_destroy_pool(pool);

    return 0;
}
