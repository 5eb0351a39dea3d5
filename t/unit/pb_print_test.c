/* unit: ngx_gw_transcode/ngx_gw_pb.c ngx_gw_transcode/ngx_gw_pb_load*.c
         ngx_gw_transcode/ngx_gw_pb_print*.c ngx_gw_common/ngx_gw_json*.c */

/*
 * ngx_gw_pb_print: what messages on the wire, valid and not, become.  Each
 * lies right before a page that must not be touched, and is printed with
 * memory that runs out at each allocation as well.  See t/transcode-print.t
 * for what others make of random messages.
 */


#include "ngx_gw_json.h"
#include "ngx_gw_pb.h"
#include "ngx_gw_pb_print.h"

#include "pb_print_cases.h"


#define N(a)  (sizeof(a) / sizeof((a)[0]))

/* keys that are as long as they can be, and names */
#define LONG(n)                                                               \
    "1{1:-112345678901234567" #n " 2:1} 1{1:-122345678901234567" #n " 2:1}"   \
    "1{1:-132345678901234567" #n " 2:1} 1{1:-142345678901234567" #n " 2:1}"

static ngx_pool_t          *pool;
static ngx_gw_pb_schema_t  *schema;

static u_char  wire[1024 * 1024], again[1024 * 1024];
static char    text[4 * 1024 * 1024];


static u_char *varint(u_char *p, uint64_t v)
{
    return ngx_gw_pb_write_varint(p, v);
}


/* puts the length of what is between p and last before it */

static u_char *
prefix(u_char *p, u_char *last)
{
    size_t  len, n;

    len = last - p;
    n = ngx_gw_pb_varint_len(len);

    memmove(p + n, p, len);
    (void) varint(p, len);

    return last + n;
}


static unsigned
hex(const char **s)
{
    unsigned  v;

    sscanf(*s, "%2x", &v);
    *s += 2;

    return v;
}


/* one or several values, in the notation described above */

static u_char *
write_text(const char **s, u_char *p)
{
    char  quote;

    quote = *(*s)++;

    while (**s != quote) {

        if (quote == '\'' && **s == '=') {
            (*s)++;

            while (**s != quote) {
                *p++ = (u_char) hex(s);
            }

            break;
        }

        if ((*s)[0] == '\\' && (*s)[1] == 'x') {
            *s += 2;
            *p++ = (u_char) hex(s);
            continue;
        }

        *p++ = *(*s)++;
    }

    (*s)++;

    return p;
}


static u_char *
write_wire(const char **s, u_char *p)
{
    char        end;
    u_char     *start;
    uint64_t    v, number, times, i;
    const char *at;

    for ( ;; ) {

        while (**s == ' ') {
            (*s)++;
        }

        if (**s == '=') {
            (*s)++;

            while (isxdigit((u_char) **s)) {
                *p++ = (u_char) hex(s);
            }

            continue;
        }

        if (**s < '0' || **s > '9') {
            return p;
        }

        number = strtoull(*s, (char **) s, 10);
        times = 1;

        if (**s == '*') {
            times = strtoull(*s + 1, (char **) s, 10);
        }

        end = **s;

        if (end == '=') {

            /* its tag is among what follows */

            continue;
        }

        switch (end) {

        case ':':
            p = varint(p, number << 3);
            (*s)++;
            v = **s == '-' ? (uint64_t) strtoll(*s, (char **) s, 10)
                           : strtoull(*s, (char **) s, 10);
            p = varint(p, v);
            break;

        case '"':
        case '\'':
            p = varint(p, number << 3 | NGX_GW_PB_LEN);
            start = p;
            at = *s;

            for (i = 0; i < times; i++) {
                *s = at;
                p = write_text(s, p);
            }

            p = prefix(start, p);
            break;

        case '{':
        case '<':
            p = varint(p, number << 3 | NGX_GW_PB_LEN);
            start = p;
            (*s)++;

            if (end == '{') {
                p = write_wire(s, p);

            } else {
                while (**s != '>') {

                    if (**s == '=') {
                        (*s)++;

                        while (isxdigit((u_char) **s)) {
                            *p++ = (u_char) hex(s);
                        }

                    } else {
                        v = **s == '-' ? (uint64_t) strtoll(*s, (char **) s, 10)
                                       : strtoull(*s, (char **) s, 10);
                        p = varint(p, v);
                    }

                    while (**s == ' ') {
                        (*s)++;
                    }
                }
            }

            (*s)++;
            p = prefix(start, p);
            break;

        case '[':
            p = varint(p, number << 3 | NGX_GW_PB_SGROUP);
            (*s)++;
            p = write_wire(s, p);

            if (**s == ']') {
                (*s)++;
                p = varint(p, number << 3 | NGX_GW_PB_EGROUP);
            }

            break;

        case '#':
        case '%':
            p = varint(p, number << 3 | (end == '#' ? NGX_GW_PB_I64
                                                    : NGX_GW_PB_I32));
            (*s)++;
            v = strtoull(*s, (char **) s, 16);
            memcpy(p, &v, 8);
            p += (end == '#') ? 8 : 4;
            break;

        default:
            fprintf(stderr, "what is %s?\n", *s);
            exit(2);
        }
    }
}


static size_t
make(const char *s, u_char *p)
{
    size_t  len;

    len = write_wire(&s, p) - p;

    if (*s) {
        fprintf(stderr, "what is %s?\n", s);
        exit(2);
    }

    return len;
}


static void
options(ngx_gw_pb_print_conf_t *conf, const char *o)
{
    memset(conf, 0, sizeof(ngx_gw_pb_print_conf_t));

    conf->schema = schema;

    for ( /* void */ ; *o; o++) {
        conf->unpopulated |= (*o == 'u');
        conf->proto_names |= (*o == 'p');
        conf->enum_numbers |= (*o == 'e');
        conf->indent |= (*o == 'i');
        conf->any_unknown |= (*o == 'a');
    }
}


static ngx_gw_pb_message_t *
find(const char *type, size_t len)
{
    ngx_gw_pb_message_t  *message;

    message = ngx_gw_pb_find_message(schema, (u_char *) type, len);

    if (message == NULL) {
        fprintf(stderr, "no %.*s\n", (int) len, type);
        exit(2);
    }

    return message;
}


/* the text of a chain, which must have the length that was told */

static void
join(ngx_chain_t *cl, size_t len)
{
    size_t  n;

    n = 0;

    for ( /* void */ ; cl; cl = cl->next) {

        if (cl->buf->last == cl->buf->pos
            || cl->buf->last > cl->buf->end
            || !cl->buf->temporary)
        {
            n = (size_t) -1;
            break;
        }

        memcpy(text + n, cl->buf->pos, cl->buf->last - cl->buf->pos);
        n += cl->buf->last - cl->buf->pos;
    }

    if (n != len) {
        strcpy(text, "?wrong length");
        return;
    }

    text[n] = '\0';
}


static ngx_int_t
print(ngx_gw_pb_printer_t *pr, const ngx_gw_pb_message_t *message,
    const ngx_gw_pb_field_t *field, const u_char *p, size_t n,
    ngx_chain_t **out)
{
    size_t            len;
    ngx_int_t         rc;
    const ngx_str_t  *e;

    len = 0;

    rc = ngx_gw_pb_print(pr, message, field, p, n, out, &len);

    if (rc == NGX_OK) {
        join(*out, len);

    } else if (rc == NGX_DECLINED) {
        e = ngx_gw_pb_printer_error(pr);
        sprintf(text, "!%.*s", (int) e->len, e->data);

        if (*out || len) {
            strcpy(text, "?something is left");
        }

    } else {
        strcpy(text, *out || len ? "?something is left" : "?no memory");
    }

    return rc;
}


static void
check(const case_t *c, ngx_uint_t is_field)
{
    char                    *slash, *dot, type[256];
    size_t                   n;
    u_char                  *p;
    ngx_int_t                rc, left;
    ngx_pool_t              *temp;
    ngx_chain_t             *out;
    ngx_gw_pb_field_t       *field;
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_printer_t     *pr;
    ngx_gw_pb_print_conf_t   conf;

    strcpy(type, c->type);
    slash = strchr(type, '/');
    options(&conf, slash ? slash + 1 : "");

    if (slash) {
        *slash = '\0';
    }

    field = NULL;

    if (is_field) {
        dot = strrchr(type, '.');
        message = find(type, dot - type);
        field = ngx_gw_pb_find_field(message, (u_char *) dot + 1,
                                     strlen(dot + 1));
    } else {
        message = find(type, strlen(type));
    }

    n = make(c->wire, wire);
    p = unit_guard_end(wire, n);

    /* with one allocation more each time */

    for (left = 0; left < 100; left++) {
        temp = ngx_create_pool(4096, NULL);
        out = NULL;
        rc = NGX_ERROR;

        ngx_stub_allocs_left = left;

        pr = ngx_gw_pb_printer_create(temp, &conf);

        if (pr) {
            rc = print(pr, message, field, p, n, &out);
        }

        ngx_stub_allocs_left = -1;

        if (rc != NGX_ERROR) {
            break;
        }

        if (pr && strcmp(text, "?no memory") != 0) {
            break;
        }

        ngx_destroy_pool(temp);
    }

    unit_ok(strcmp(text, c->json) == 0, "%s: %.40s", c->type, c->wire);

    if (strcmp(text, c->json) != 0) {
        printf("# %s\n# is not\n# %s\n", text, c->json);
    }

    /* the same printer again, with what it has learnt */

    if (rc == NGX_OK) {
        out = NULL;
        (void) print(pr, message, field, p, n, &out);

        if (strcmp(text, c->json) != 0) {
            unit_ok(0, "%s: %.40s: again", c->type, c->wire);
            printf("# %s\n# is not\n# %s\n", text, c->json);
        }
    }

    ngx_destroy_pool(temp);
}


static void
check_status(const status_t *s)
{
    size_t                   len;
    ngx_str_t                message, details;
    ngx_int_t                rc, left;
    ngx_pool_t              *temp;
    ngx_chain_t             *out;
    ngx_gw_pb_printer_t     *pr;
    ngx_gw_pb_print_conf_t   conf;

    options(&conf, s->options);

    message.len = strlen(s->message);
    message.data = unit_guard_begin(s->message, message.len);

    if (s->details) {
        details.len = make(s->details, wire);
        details.data = unit_guard_end(wire, details.len);
    }

    for (left = 0; left < 100; left++) {
        temp = ngx_create_pool(4096, NULL);
        out = NULL;
        len = 0;
        rc = NGX_ERROR;

        ngx_stub_allocs_left = left;

        pr = ngx_gw_pb_printer_create(temp, &conf);

        if (pr) {
            rc = ngx_gw_pb_print_status(pr, s->code, &message,
                                        s->details ? &details : NULL, &out,
                                        &len);
        }

        ngx_stub_allocs_left = -1;

        if (rc == NGX_OK || out || len) {
            break;
        }

        ngx_destroy_pool(temp);
    }

    join(out, len);

    unit_ok(rc == NGX_OK && strcmp(text, s->json) == 0, "status %u %.40s",
            (unsigned) s->code, s->details ? s->details : "");

    if (strcmp(text, s->json) != 0) {
        printf("# %s\n# is not\n# %s\n", text, s->json);
    }

    ngx_destroy_pool(temp);
}


/* how deep messages of a kind may be nested */

static void
check_depth(const char *type, const char *open, const char *close, int most)
{
    int                      n, i;
    char                     notation[8192], *p;
    size_t                   len;
    ngx_int_t                rc[2];
    ngx_pool_t              *temp;
    ngx_chain_t             *out;
    ngx_gw_pb_printer_t     *pr;
    ngx_gw_pb_print_conf_t   conf;

    options(&conf, "");

    for (n = most; n <= most + 1; n++) {
        p = notation;

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s", open);
        }

        for (i = 0; i < n; i++) {
            p += sprintf(p, "%s", close);
        }

        *p = '\0';

        len = make(notation, wire);
        temp = ngx_create_pool(4096, NULL);
        pr = ngx_gw_pb_printer_create(temp, &conf);
        out = NULL;
        rc[n - most] = print(pr, find(type, strlen(type)), NULL, wire, len,
                             &out);
        ngx_destroy_pool(temp);
    }

    unit_ok(rc[0] == NGX_OK && rc[1] == NGX_DECLINED
            && (strstr(text, "nested too deep") || strchr(open, '[')),
            "%s: %d times %s, not more", type, most, open);
}


/* wherever buffers end, the text is the same */

static void
check_buffers(const char *type, const char *notation, const char *o)
{
    char                    *want;
    size_t                   n, len, fill;
    u_char                  *filler;
    ngx_int_t                rc;
    ngx_uint_t               ok;
    ngx_pool_t              *temp;
    ngx_chain_t             *out;
    ngx_gw_pb_printer_t     *pr;
    ngx_gw_pb_message_t     *message;
    ngx_gw_pb_print_conf_t   conf;

    options(&conf, o);

    message = find(type, strlen(type));
    n = make(notation, wire);

    temp = ngx_create_pool(4096, NULL);
    pr = ngx_gw_pb_printer_create(temp, &conf);
    out = NULL;
    (void) print(pr, message, NULL, wire, n, &out);
    want = strdup(text);

    filler = malloc(2 * 1024);
    memset(filler, 'x', 2 * 1024);
    ok = 1;

    for (fill = 1; fill <= 2 * 1024 && ok; fill++) {

        /* of a buffer of 2048 bytes, or among those that were used */

        if (fill <= 1024) {
            ngx_destroy_pool(temp);
            temp = ngx_create_pool(4096, NULL);
            pr = ngx_gw_pb_printer_create(temp, &conf);

        } else {
            ngx_gw_pb_printer_release(pr, out);
        }

        out = NULL;
        len = 0;

        rc = ngx_gw_pb_print_bytes(pr, filler, fill, &out, &len);

        if (rc == NGX_OK) {
            rc = ngx_gw_pb_print(pr, message, NULL, wire, n, &out, &len);
        }

        if (rc == NGX_OK) {
            rc = ngx_gw_pb_print_bytes(pr, (u_char *) ",", 1, &out, &len);
        }

        if (rc == NGX_OK) {
            rc = ngx_gw_pb_print(pr, message, NULL, wire, n, &out, &len);
        }

        join(out, len);

        ok = (rc == NGX_OK
              && len == fill + 1 + 2 * strlen(want)
              && memcmp(text + fill, want, strlen(want)) == 0
              && text[fill + strlen(want)] == ','
              && strcmp(text + fill + 1 + strlen(want), want) == 0);
    }

    unit_ok(ok && want[0] != '!', "%s: %.30s: %zu bytes at any place of a "
            "buffer", type, notation, strlen(want));

    /* malformed behind something that is not */

    ngx_gw_pb_printer_release(pr, out);
    out = NULL;
    len = 0;
    ok = 1;

    if (ngx_gw_pb_print(pr, message, NULL, wire, n, &out, &len) != NGX_OK) {
        ok = 0;
    }

    memcpy(again, wire, n);
    again[n] = 0x07;

    if (ngx_gw_pb_print(pr, message, NULL, again, n + 1, &out, &len)
        != NGX_DECLINED)
    {
        ok = 0;
    }

    join(out, len);
    ok = ok && strcmp(text, want) == 0;

    if (ngx_gw_pb_print(pr, message, NULL, wire, n, &out, &len) != NGX_OK) {
        ok = 0;
    }

    join(out, len);
    ok = ok && len == 2 * strlen(want)
         && strcmp(text + strlen(want), want) == 0;

    /* malformed, but more than fits in what is left of a buffer */

    ngx_gw_pb_printer_release(pr, out);
    ngx_destroy_pool(temp);
    temp = ngx_create_pool(4096, NULL);
    pr = ngx_gw_pb_printer_create(temp, &conf);
    out = NULL;
    len = 0;

    if (ngx_gw_pb_print_bytes(pr, filler, 100, &out, &len) != NGX_OK
        || ngx_gw_pb_print(pr, message, NULL, again, n + 1, &out, &len)
           != NGX_DECLINED)
    {
        ok = 0;
    }

    join(out, len);
    ok = ok && len == 100 && memcmp(text, filler, len) == 0
         && out->next == NULL;

    if (ngx_gw_pb_print(pr, message, NULL, wire, n, &out, &len) != NGX_OK) {
        ok = 0;
    }

    join(out, len);
    ok = ok && len == 100 + strlen(want) && strcmp(text + 100, want) == 0;

    unit_ok(ok, "%s: %.30s: nothing is left of what is refused", type,
            notation);

    ngx_destroy_pool(temp);
    free(filler);
    free(want);
}


/* what is longer than it may be; alone, as a detail, and what follows it */

static void
check_limit(const char *type, const char *notation)
{
    char                     error[128];
    size_t                   len;
    ngx_str_t                m, details;
    ngx_pool_t              *temp;
    ngx_chain_t             *out;
    ngx_gw_pb_printer_t     *pr;
    ngx_gw_pb_print_conf_t   conf;

    options(&conf, "u");
    conf.max_size = 100000;

    temp = ngx_create_pool(4096, NULL);
    pr = ngx_gw_pb_printer_create(temp, &conf);

    sprintf(error, "!%s: too long in JSON", type);

    out = NULL;
    m.len = make(notation, wire);
    (void) print(pr, find(type, strlen(type)), NULL, wire, m.len, &out);
    unit_ok(strcmp(text, error) == 0, "%s: %.30s: too long", type, notation);

    out = NULL;
    m.len = make("5:1", wire);
    (void) print(pr, find(type, strlen(type)), NULL, wire, m.len, &out);
    unit_ok(text[0] == '{', "%s: the next one is not", type);

    sprintf((char *) again, "3{1\"" T "%s\" 2{%s}} 3{1\"" T K "Nothing\"}",
            type, notation);

    ngx_str_set(&m, "m");
    details.len = make((char *) again, wire);
    details.data = wire;
    out = NULL;
    len = 0;

    unit_ok(ngx_gw_pb_print_status(pr, 3, &m, &details, &out, &len) == NGX_OK,
            "%s: as a detail", type);
    join(out, len);
    unit_ok(strstr(text, "\"value\":\"") != NULL
            && strstr(text, "},{\"@type\":\"" T K "Nothing\"}]}") != NULL,
            "%s: as bytes", type);

    out = NULL;
    len = 0;
    (void) ngx_gw_pb_print_bytes(pr, wire, 500000, &out, &len);
    unit_ok(len == 500000, "%s: the caller's bytes are not", type);

    ngx_destroy_pool(temp);
}


/* time and memory for what is made to take much of it */

static void
check_cost(const char *name, const char *type, size_t n, size_t most)
{
    size_t                   len, total;
    ngx_int_t                rc;
    ngx_pool_t              *temp;
    ngx_chain_t             *out;
    const ngx_str_t         *e;
    struct timespec          a, b;
    ngx_gw_pb_printer_t     *pr;
    ngx_gw_pb_print_conf_t   conf;

    options(&conf, "");

    temp = ngx_create_pool(4096, NULL);
    pr = ngx_gw_pb_printer_create(temp, &conf);
    out = NULL;
    len = 0;

    clock_gettime(CLOCK_MONOTONIC, &a);
    rc = ngx_gw_pb_print(pr, find(type, strlen(type)), NULL, wire, n, &out,
                         &len);
    clock_gettime(CLOCK_MONOTONIC, &b);

    total = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;

    unit_ok((rc == NGX_OK || rc == NGX_DECLINED) && total < most,
            "%s: %zu bytes took less than %zu ms", name, n, most);

    e = ngx_gw_pb_printer_error(pr);
    sprintf(text, "!%.*s", (int) e->len, e->data);

    printf("# %zu ms, %zu bytes of JSON, %s\n", total, len, text);

    ngx_destroy_pool(temp);
}


/* a message in itself, 90 deep, each with something behind that comes again */

static size_t
nest(u_char *p, const char *behind)
{
    int      i;
    size_t   n, m, len;
    u_char   tail[256];

    m = make(behind, tail);
    n = 0;

    for (i = 0; i < 90; i++) {

        /* each is put in front of the tail */

        len = n;
        memmove(p + 16, p, len);
        n = varint(p, 4 << 3 | NGX_GW_PB_LEN) - p;
        n = varint(p + n, len) - p;
        memmove(p + n, p + 16, len);
        n += len;
        memcpy(p + n, tail, m);
        n += m;

        if (i == 0) {

            /* most of it is innermost */

            while (n < 500 * 1000) {
                n += make("5{} 3:1", p + n);
            }
        }
    }

    return n;
}


static void
costs(void)
{
    size_t    n;
    ngx_uint_t  i;

    n = nest(wire, "3:1 4{3:1} 3:0 4{}");
    check_cost("messages that are merged, in each other", K "Nested", n, 3000);

    n = 0;

    while (n < 1000 * 1000) {
        n += make("5:1 9\"\"", wire + n);
    }

    check_cost("fields that alternate", K "Repeateds", n, 3000);

    n = 0;

    for (i = 0; n < 1000 * 1000; i++) {
        n += ngx_sprintf(wire + n, "\x0a\x04\x08%c%c\x01", 0x80 | (i & 127),
                         0x80 | (i >> 7 & 127))
             - (wire + n);
    }

    check_cost("keys of a map that come again", K "Maps", n, 3000);

    n = 0;

    while (n < 1000 * 1000) {
        n += make("1:1 2\"a\"", wire + n);
    }

    check_cost("members of a oneof", K "Oneofs", n, 3000);

    /* groups in groups, each out of order */

    memset(wire, 0, 16);
    n = 0;

    while (n < 500 * 1000) {
        n += make("42:1 6[2[1\"a\"] 1:1 2[]]", wire + n);
    }

    check_cost("groups", L "Legacy", n, 3000);

    for (n = 0; n < 60; n++) {
        wire[n] = 0x2b;
    }

    while (n < 500 * 1000) {
        n += make("1:1 5[]", wire + n);
    }

    for (i = 0; i < 60; i++) {
        n += make("=2c 5[] 1:1 5[]", wire + n);
    }

    check_cost("groups in groups", P "Plain", n, 3000);

    /* each is looked at for each that it is in, which has to have an end */

    for (n = 0; n < 60; n++) {
        wire[n] = 0x2b;
    }

    while (n < 500 * 1000) {
        n += make("1:1", wire + n);
    }

    for (i = 0; i < 60; i++) {
        n += make("=2c 1:1 1:2", wire + n);
    }

    check_cost("groups in groups, each out of order", P "Plain", n, 3000);
    unit_ok(strcmp(text, "!plain.v1.Plain.plain: groups nested too deep") == 0,
            "and were refused");

    memset(wire, 0x33, 1000 * 1000);
    check_cost("groups without an end", L "Legacy", 1000 * 1000, 3000);

    for (n = 0; n + 8 < 1000 * 1000; n += 8) {
        memcpy(wire + n, "\x2b\x2c\x33\x34\x2b\x2c\x33\x34", 8);
    }

    check_cost("groups that come again", L "Legacy", n, 3000);
}


static void
load(void)
{
    FILE        *f;
    ngx_str_t    set[4], error;
    ngx_uint_t   i, which;

    static const char  *names[] = { "kitchen", "legacy", "editions",
                                    "long" };
    static char         path[64];

    for (i = 0; i < N(names); i++) {
        sprintf(path, "t/data/proto/%s.pb", names[i]);

        f = fopen(path, "rb");

        if (f == NULL) {
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
            exit(2);
        }

        set[i].data = malloc(256 * 1024);
        set[i].len = fread(set[i].data, 1, 256 * 1024, f);
        fclose(f);
    }

    pool = ngx_create_pool(4096, NULL);

    if (ngx_gw_pb_load(pool, set, N(names), &schema, &which, &error)
        != NGX_OK)
    {
        fprintf(stderr, "%s: %.*s\n", names[which], (int) error.len,
                error.data);
        exit(2);
    }

    for (i = 0; i < N(names); i++) {
        free(set[i].data);
    }
}


int
main(void)
{
    ngx_uint_t  i;

    ngx_gw_json_init(1);
    load();

    for (i = 0; i < N(cases); i++) {
        check(&cases[i], 0);
    }

    for (i = 0; i < N(fields); i++) {
        check(&fields[i], 1);
    }

    for (i = 0; i < N(statuses); i++) {
        check_status(&statuses[i]);
    }

    check_depth(K "Nested", "4{", "}", 100);
    check_depth(K "Nested", "4{} 4{", "}", 100);
    check_depth(K "Nested", "6{2{", "}}", 50);
    check_depth(P "Plain", "5[", "]", 100);
    check_depth(G "Value", "6{1{", "}}", 50);
    check_depth(G "Value", "5{1{2{", "}}}", 33);

    check_buffers(K "Scalars", "9*3000\"a\"", "");
    check_buffers(K "Scalars", "9*1500\"\\x01\"", "");
    check_buffers(K "Scalars", "9*1500\"a\xc3\xbc\"", "");
    check_buffers(K "Scalars", "9*1500\"\xf0\x9f\x98\x80\"", "");
    check_buffers(K "Scalars", "10*3001\"ab\"", "");
    check_buffers(K "Repeateds", "5<1 2 3 4> 9*300\"a\" 17{5:1 9*300\"b\"} 17{}"
                                 "17{9*500\"c\"} 17{10*200\"d\"} 17{1#1 3:-1}",
                  "");
    check_buffers(K "Repeateds", "5<1 2 3 4> 9*300\"a\" 17{5:1 9*300\"b\"} 17{}"
                                 "17{9*500\"c\"} 17{10*200\"d\"} 17{1#1 3:-1}",
                  "i");
    check_buffers(K "Maps", "12{1*700\"a\"} 12{1*700\"b\" 2:1} 14{2{1{}}}"
                            "13{1*300\"a\" 2{}}", "");
    check_buffers(K "Mixed", "2{} 4{} 5{1{}} 7{1{} 5{} 19{}}", "u");
    check_buffers("long.v1.Long", LONG(0) LONG(1) LONG(2) LONG(3) LONG(4), "");
    check_buffers("long.v1.Long", LONG(0) LONG(1) "1{1:-5 2:2} 2<1 1 1 2 1>"
                                  "3:2", "ui");
    check_buffers(G "FieldMask", "1*900\"a_b\" 1*900\"c\"", "");

    check_limit(K "Scalars", "9*120000\"\\x01\"");
    check_limit(K "Repeateds", "17{9*120000\"\\x01\"}");
    check_limit(K "Mixed", "4{12{1*120000\"\\x01\"}}");

    costs();

    ngx_destroy_pool(pool);

    return unit_done();
}
