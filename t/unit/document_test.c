/* unit: ngx_gw_aggregate/ngx_gw_document.c
         ngx_gw_aggregate/ngx_gw_document_merge.c
         ngx_gw_aggregate/ngx_gw_document_node.c
         ngx_gw_aggregate/ngx_gw_document_place.c
         ngx_gw_aggregate/ngx_gw_document_write.c
         ngx_gw_common/ngx_gw_json_string.c */

/*
 * ngx_gw_document: what is written, byte by byte, in one go and in steps as
 * small as can be; names that are there twice; depth, many members, buffers,
 * and memory that runs out.
 */


#include "ngx_gw_document.h"
#include "ngx_gw_document_internal.h"
#include "ngx_gw_json.h"


#define DEEP     3000
#define ALL      ((size_t) -1)
#define MEMBERS  20000
#define MANY     200000


/*
 * What is done: "s" sets, "a" appends, "m" merges, "r" merges, replacing
 * arrays; the place and a space; the text.
 */
typedef struct {
    const char  *lines[8];
    const char  *want;
} case_t;


static const case_t  cases[] = {

    { { NULL }, "{}" },

    /* values: order of the lines, bytes as they are */

    { { "s/user {\"id\":7, \"name\":\"Ada\"}", "s/orders [ {\"id\":1} ]",
        "s/prices {\"1\":9.90}", "s/advice []" },
      "{\"user\":{\"id\":7, \"name\":\"Ada\"},\"orders\":[ {\"id\":1} ],"
      "\"prices\":{\"1\":9.90},\"advice\":[]}" },
    { { "s/n -0.10E+2", "s/s \"\\u0041\\/\"", "s/t true", "s/z null" },
      "{\"n\":-0.10E+2,\"s\":\"\\u0041\\/\",\"t\":true,\"z\":null}" },

    /* twice the same place */

    { { "s/a 1", "s/b 2", "s/a [3]" }, "{\"a\":[3],\"b\":2}" },

    /* the root */

    { { "s 5" }, "5" },
    { { "s \"x\"", "s/a 1" }, "{\"a\":1}" },
    { { "s/a 1", "s {\"b\" : 2}" }, "{\"b\" : 2}" },
    { { "s/a 1", "m {\"b\" : 2}" }, "{\"a\":1,\"b\" : 2}" },
    { { "m {\"b\" : 2 }" }, "{\"b\" : 2}" },
    { { "m { }" }, "{ }" },
    { { "s []", "m {\"b\":2}" }, "{\"b\":2}" },

    /* objects on the way */

    { { "s/a/b/c 1", "s/a/b/d 2", "s/a/e 3" },
      "{\"a\":{\"b\":{\"c\":1,\"d\":2},\"e\":3}}" },
    { { "s/a [1]", "s/z 0", "s/a/0 2" }, "{\"a\":{\"0\":2},\"z\":0}" },
    { { "s/a/b 1", "s/a/b/c 2" }, "{\"a\":{\"b\":{\"c\":2}}}" },
    { { "s/user { \"id\":7 , \"x\":[1] }", "s/user/orders []", "s/user/id 8" },
      "{\"user\":{\"id\":8,\"x\":[1],\"orders\":[]}}" },
    { { "s/a {\"b\":{\"c\":{\"d\":[{\"e\":\"}\\\"{\"}],\"f\":2},\"g\":3}}",
        "s/a/b/c/f 4", "s/a/b/h 5" },
      "{\"a\":{\"b\":{\"c\":{\"d\":[{\"e\":\"}\\\"{\"}],\"f\":4},\"g\":3,"
      "\"h\":5}}}" },
    { { "s/a {}", "s/a/b 1" }, "{\"a\":{\"b\":1}}" },

    /* names: as pointers have them, and escaped */

    { { "s/ 1", "s/~0~1~01 2", "s/a\"\\\x01 3" },
      "{\"\":1,\"~/~1\":2,\"a\\\"\\\\\\u0001\":3}" },
    { { "s/user {\"\\u0069d\":7}", "s/user/id 8" },
      "{\"user\":{\"\\u0069d\":8}}" },
    { { "m {\"a\\/\":1,\"b\":2}", "m {\"b\":3,\"a/\":4}" },
      "{\"a\\/\":4,\"b\":3}" },
    { { "m {\"a/\":1}", "m {\"a\\u002F\":2,\"a\\u002f/\":3}" },
      "{\"a/\":2,\"a\\u002f/\":3}" },
    { { "m {\"\\ud83d\\ude00\":1}", "m {\"\xf0\x9f\x98\x80\":2}" },
      "{\"\\ud83d\\ude00\":2}" },
    { { "m {\"\\u0000\":1,\"\":2}", "m {\"\":3}" },
      "{\"\\u0000\":1,\"\":3}" },

    /* half characters: themselves, and nothing else */

    { { "m {\"\\ud83d\":1,\"\\ude00\":2}", "m {\"\\ude00\":3}",
        "m {\"\\uD83D\":4,\"\\ud83e\":5}" },
      "{\"\\ud83d\":4,\"\\ude00\":3,\"\\ud83e\":5}" },
    { { "m {\"\\ud83d\\u0041\":1}", "m {\"\\ud83dA\":2,\"\\ud83d\\n\":3}" },
      "{\"\\ud83d\\u0041\":2,\"\\ud83d\\n\":3}" },

    /* merged: what stood stands, what is new is behind, the later one wins */

    { { "m {\"a\":1,\"b\":2,\"c\":3}", "m {\"d\":4,\"b\":5,\"e\":6}" },
      "{\"a\":1,\"b\":5,\"c\":3,\"d\":4,\"e\":6}" },
    { { "m {\"a\":1}", "m {\"a\":2}", "m {\"a\":3}" }, "{\"a\":3}" },
    { { "m {\"a\":{\"x\":1},\"b\":0}", "m {\"a\":{\"y\":2}}",
        "m {\"a\":{\"x\":{\"z\":3}}}", "m {\"a\":{\"x\":{\"z\":4}}}" },
      "{\"a\":{\"x\":{\"z\":4},\"y\":2},\"b\":0}" },
    { { "m {\"a\":{\"x\":1},\"b\":0}",
        "m {\"a\":{\"y\":2} ,\"b\":3,\"c\":{}}" },
      "{\"a\":{\"x\":1,\"y\":2},\"b\":3,\"c\":{}}" },
    { { "m {\"a\":{\"x\":1}}", "m {\"a\":null}" }, "{\"a\":null}" },
    { { "m {\"a\":null}", "m {\"a\":{ \"x\":1 }}" },
      "{\"a\":{ \"x\":1 }}" },
    { { "m {\"a\":{ \"x\":1 }}", "m {\"a\":{ }}", "m {}" },
      "{\"a\":{ \"x\":1 }}" },
    { { "m {\"a\":{ }}", "m {\"a\":{ \"x\" : 1}}" },
      "{\"a\":{ \"x\" : 1}}" },
    { { "m/x {\"a\":1}", "m/x {\"b\":2}", "m/y {\"c\":3}" },
      "{\"x\":{\"a\":1,\"b\":2},\"y\":{\"c\":3}}" },
    { { "m {\"a\":1,\"b\":2,\"c\":3}", "s/b/x 0", "m {\"b\":{\"y\":1}}" },
      "{\"a\":1,\"b\":{\"x\":0,\"y\":1},\"c\":3}" },

    /* white space stays where a text is not taken apart */

    { { "m { \"a\" : 1 ,\n\t\"b\" : 2 , \"c\" : 3 }", "m {\"b\":4}" },
      "{\"a\" : 1,\"b\":4,\"c\" : 3}" },
    { { "m { \"a\" : 1 ,\n\t\"b\" : 2 , \"c\" : 3 }",
        "m { \"d\" : 4 , \"e\":5}" },
      "{\"a\" : 1 ,\n\t\"b\" : 2 , \"c\" : 3,\"d\" : 4 , \"e\":5}" },
    { { "m {\"a\":1, \"b\":2}", "m {\"c\":3, \"a\":4, \"d\":5}" },
      "{\"a\":4,\"b\":2,\"c\":3,\"d\":5}" },

    /* arrays */

    { { "m {\"a\":[1,2]}", "m {\"a\":[3]}" }, "{\"a\":[1,2,3]}" },
    { { "m {\"a\":[ 1, 2 ]}", "m {\"a\":[3]}", "m {\"a\":[\n4]}" },
      "{\"a\":[ 1, 2 ,3,\n4]}" },
    { { "m {\"a\":[]}", "m {\"a\":[ ]}", "m {\"a\":[3]}", "m {\"a\":[ ]}" },
      "{\"a\":[3]}" },
    { { "m {\"a\":[1]}", "m {\"a\":[2]}", "m {\"a\":[]}", "m {\"a\":[3]}" },
      "{\"a\":[1,2,3]}" },
    { { "m {\"a\":[1]}", "r {\"a\":[2]}" }, "{\"a\":[2]}" },
    { { "m {\"a\":[1]}", "r {\"a\":[]}", "m {\"a\":[[2]]}" },
      "{\"a\":[[2]]}" },
    { { "m {\"o\":{\"a\":[1]}}", "m {\"o\":{\"a\":[2]}}",
        "r {\"o\":{\"a\":[3]}}", "m {\"o\":{\"a\":[4],\"b\":[]}}" },
      "{\"o\":{\"a\":[3,4],\"b\":[]}}" },
    { { "m {\"a\":[1]}", "m {\"a\":{}}", "m {\"a\":[2]}" }, "{\"a\":[2]}" },
    { { "m {\"a\":[{\"x\":1}]}", "m {\"a\":[{\"x\":2}]}" },
      "{\"a\":[{\"x\":1},{\"x\":2}]}" },
    { { "s/a [1,\"]\"]", "m/a [2]" }, "{\"a\":[1,\"]\",2]}" },

    /* items */

    { { "a/l 1", "a/l [2]", "a/l {\"x\":3}" }, "{\"l\":[1,[2],{\"x\":3}]}" },
    { { "s/l [ ]", "a/l 1" }, "{\"l\":[1]}" },
    { { "s/l [1 ]", "a/l 2", "m {\"l\":[3,4]}", "a/l 5" },
      "{\"l\":[1 ,2,3,4,5]}" },
    { { "s/l {\"a\":1}", "a/l 2" }, "{\"l\":[2]}" },
    { { "a 1", "a 2" }, "[1,2]" },
    { { "a/l 1", "s/l/x 2" }, "{\"l\":{\"x\":2}}" },

    /* values that are passed, and not taken apart, of many lengths */

    { { "m {\"a\":{\"b\":\"\\\\\",\"c\":[[\"]\",{}],\"[{\\\"\"]},\"d\":0}",
        "m {\"e\":[[[{\"x\":\"0123456789012345678901234567890123456789012345\"}"
        "]],\"0123456789012345678901234567890\\\\\",\"}\",1,2,3,[4,5],[]],"
        "\"d\":1}" },
      "{\"a\":{\"b\":\"\\\\\",\"c\":[[\"]\",{}],\"[{\\\"\"]},\"d\":1,"
      "\"e\":[[[{\"x\":\"0123456789012345678901234567890123456789012345\"}]],"
      "\"0123456789012345678901234567890\\\\\",\"}\",1,2,3,[4,5],[]]}" },

    /* a name twice, which only a text that is set may have */

    { { "s/o {\"a\":1,\"b\":{\"c\":1},\"b\":{\"d\":2}}", "s/o/b/d 3" },
      "{\"o\":{\"a\":1,\"b\":{\"c\":1},\"b\":{\"d\":3}}}" },
    { { "s/o {\"a\":1,\"a\":2,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,"
        "\"h\":0,\"i\":0,\"j\":0}", "s/o/a 3" },
      "{\"o\":{\"a\":1,\"a\":3,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,"
      "\"h\":0,\"i\":0,\"j\":0}}" },
};


static ngx_pool_t  *pool;


static ngx_str_t
str(const char *s)
{
    ngx_str_t  text;

    text.len = strlen(s);
    text.data = ngx_pnalloc(pool, text.len);

    if (text.data && text.len) {
        memcpy(text.data, s, text.len);
    }

    return text;
}


static ngx_int_t
run(ngx_gw_document_t *doc, const char *line, size_t budget)
{
    char             op;
    size_t           n, left;
    ngx_int_t        rc;
    ngx_str_t        pointer, text;
    ngx_gw_place_t  *place;

    op = *line++;
    n = strcspn(line, " ");

    pointer.data = (u_char *) line;
    pointer.len = n;

    text = str(line + n + 1);
    place = ngx_palloc(pool, sizeof(ngx_gw_place_t));

    if (text.data == NULL || place == NULL
        || ngx_gw_place_compile(pool, &pointer, place) != NGX_OK)
    {
        return NGX_ERROR;
    }

    switch (op) {

    case 's':
        ngx_gw_document_set(doc, place, &text);
        break;

    case 'a':
        ngx_gw_document_append(doc, place, &text);
        break;

    default:
        ngx_gw_document_merge(doc, place, &text, 7, op == 'm');
    }

    do {
        left = budget;
        rc = ngx_gw_document_run(doc, &left);

        if (rc == NGX_AGAIN && left != 0) {
            unit_ok(0, "stopped before the budget was used up");
        }

    } while (rc == NGX_AGAIN);

    return rc;
}


/* what is written, *bufs of it; data NULL: no memory */

static ngx_str_t
written(ngx_gw_document_t *doc, ngx_uint_t *bufs, size_t budget)
{
    off_t         len;
    u_char       *p;
    size_t        left;
    ngx_int_t     rc;
    ngx_str_t     text;
    ngx_chain_t  *cl;

    ngx_str_null(&text);
    *bufs = 0;

    do {
        left = budget;
        rc = ngx_gw_document_write(doc, &left, &cl, &len);
    } while (rc == NGX_AGAIN);

    if (rc != NGX_OK) {
        return text;
    }

    text.data = ngx_pnalloc(pool, len + 1);

    if (text.data == NULL) {
        return text;
    }

    for (p = text.data; cl; cl = cl->next) {
        (*bufs)++;

        if (!cl->buf->memory || cl->buf->pos >= cl->buf->last
            || cl->buf->last - cl->buf->pos > text.data + len - p)
        {
            unit_ok(0, "buffers are sound");
            break;
        }

        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    text.len = p - text.data;
    *p = '\0';

    unit_ok(text.len == (size_t) len, "the length is that of the buffers");

    return text;
}


/* white space that is in no string is left out */

static char *
squeeze(const char *text)
{
    char         *copy, *q;
    ngx_uint_t    within;
    const char   *p;

    copy = malloc(strlen(text) + 1);
    q = copy;
    within = 0;

    for (p = text; *p; p++) {

        if (within && *p == '\\') {
            *q++ = *p++;

        } else if (*p == '"') {
            within = !within;
        }

        if (within || *p > ' ') {
            *q++ = *p;
        }
    }

    *q = '\0';

    return copy;
}


/* in steps members may lose the white space between them */

static void
check_cases(size_t budget)
{
    int                 ok;
    char               *got, *want;
    size_t              i, k;
    ngx_str_t           text;
    ngx_uint_t          bufs;
    ngx_gw_document_t  *doc;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pool = ngx_create_pool(4096, &ngx_stub_log);
        doc = ngx_gw_document_create(pool);

        for (k = 0; cases[i].lines[k]; k++) {
            if (run(doc, cases[i].lines[k], budget) != NGX_OK) {
                unit_ok(0, "%s is done", cases[i].lines[k]);
            }
        }

        text = written(doc, &bufs, ALL);

        ok = (strcmp((char *) text.data, cases[i].want) == 0 && bufs == 1);

        unit_ok(ok, "case %d, budget %d%s%s", (int) i, (int) budget,
                ok ? "" : ": ", ok ? "" : (char *) text.data);

        text = written(doc, &bufs, budget);

        got = squeeze((char *) text.data);
        want = squeeze(cases[i].want);
        unit_ok(strcmp(got, want) == 0, "written so, too");

        free(got);
        free(want);
        ngx_destroy_pool(pool);
    }
}


/* a name twice: where it is, and in which of two texts */

static void
check_twice(void)
{
    size_t              i, k, budget;
    ngx_int_t           rc;
    ngx_str_t           text[2];
    ngx_gw_place_t      root;
    ngx_gw_document_t  *doc;

    static const struct {
        const char     *texts[2];
        ngx_uint_t      source;    /* 0: neither */
    } twice[] = {
        { { "{\"a\":1,\"a\":2}", "{}" }, 11 },
        { { "{\"a\":1,\"\\u0061\":2}", "{}" }, 11 },
        { { "{}", "{\"a\":1,\"a\":2}" }, 12 },
        { { "{\"b\":3}", "{\"a\":1,\"b\":0,\"a\":2}" }, 12 },
        { { "{\"b\":3}", "{\"b\":1,\"c\":0,\"b\":2}" }, 12 },
        { { "{\"a\":{\"x\":1,\"x\":2}}", "{\"b\":1}" }, 0 },
        { { "{\"a\":{\"x\":1,\"x\":2}}", "{\"a\":1}" }, 0 },
        { { "{\"a\":{\"x\":1,\"x\":2}}", "{\"a\":{}}" }, 0 },
        { { "{\"a\":{\"x\":1,\"x\":2}}", "{\"a\":{\"y\":1}}" }, 11 },
        { { "{\"a\":{\"y\":1}}", "{\"a\":{\"x\":1,\"x\":2}}" }, 12 },
        { { "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":1,\"x\":2}}" }, 12 },
        { { "{\"a\":{}}", "{\"a\":{\"x\":1,\"x\":2}}" }, 0 },
        { { "{\"a\":{\"b\":{\"x\":1,\"x\":2}}}",
            "{\"a\":{\"b\":{\"y\":1}}}" }, 11 },
        { { "{\"a\":[{\"x\":1,\"x\":2}]}",
            "{\"a\":[{\"x\":1,\"x\":2}]}" }, 0 },
        { { "{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,"
            "\"8\":0,\"9\":0,\"10\":0,\"3\":1}", "{}" }, 11 },
        { { "{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,"
            "\"8\":0,\"9\":0,\"10\":0}",
            "{\"10\":0,\"11\":0,\"11\":0}" }, 12 }
    };

    root.nsteps = 0;
    root.steps = NULL;

    for (i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
        pool = ngx_create_pool(4096, &ngx_stub_log);
        doc = ngx_gw_document_create(pool);
        rc = NGX_OK;

        for (k = 0; k < 2 && rc == NGX_OK; k++) {
            text[k] = str(twice[i].texts[k]);
            ngx_gw_document_merge(doc, &root, &text[k], 11 + k, 1);

            budget = ALL;
            rc = ngx_gw_document_run(doc, &budget);
        }

        unit_ok(rc == (twice[i].source ? NGX_DECLINED : NGX_OK)
                && ngx_gw_document_source(doc) == twice[i].source,
                "a name twice: %d", (int) i);

        ngx_destroy_pool(pool);
    }
}


/* nothing behind a text is read, however long its strings and it are */

static void
check_ends(void)
{
    char                buf[512], *p;
    size_t              i, k, budget;
    ngx_str_t           text, got;
    ngx_uint_t          bufs, ok;
    ngx_gw_place_t      root;
    ngx_gw_document_t  *doc;

    static const char *const  values[] = {
        "[{\"b\":\"%s\"}]", "{\"b\":\"%s\\\\\"}", "[[[\"%s\\\"\"]]]", "\"%s\"",
        "\"%s\\\"\"", "{\"%s\":{}}", "{\"%s]}\":[\"[\"]}", "[\"\\\\%s\"]"
    };

    root.nsteps = 0;
    root.steps = NULL;

    for (k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
        ok = 1;

        for (i = 0; i < 200; i++) {
            char  fill[201];

            memset(fill, 'x', i);
            fill[i] = '\0';

            p = buf + sprintf(buf, "{\"a\":");
            p += sprintf(p, values[k], fill);
            p += sprintf(p, "}");

            pool = ngx_create_pool(4096, &ngx_stub_log);
            doc = ngx_gw_document_create(pool);

            text.len = p - buf;
            text.data = unit_guard_end(buf, text.len);

            ngx_gw_document_merge(doc, &root, &text, 1, 1);
            budget = ALL;
            ok &= (ngx_gw_document_run(doc, &budget) == NGX_OK);

            /* all of it is taken apart when there is something to merge */

            text.data = unit_guard_begin(buf, text.len);
            ngx_gw_document_merge(doc, &root, &text, 0, 0);
            budget = ALL;
            ok &= (ngx_gw_document_run(doc, &budget) == NGX_OK);

            got = written(doc, &bufs, ALL);
            ok &= (got.len == text.len && memcmp(got.data, buf, got.len) == 0);

            ngx_destroy_pool(pool);
        }

        unit_ok(ok, "values of any length: %s", values[k]);
    }
}


/* no step is longer than its budget says, whatever is in the text */

static void
check_steps(void)
{
    u_char             *p;
    size_t              left, i;
    off_t               len;
    ngx_int_t           rc;
    ngx_str_t           text;
    ngx_uint_t          n, steps;
    ngx_chain_t        *cl;
    ngx_gw_place_t      root;
    ngx_gw_document_t  *doc;

    root.nsteps = 0;
    root.steps = NULL;

    /* {"a":[[],[], ...], "b":...}: one value that is long, and short ones */

    for (i = 0; i < 2; i++) {
        pool = ngx_create_pool(4096, &ngx_stub_log);
        doc = ngx_gw_document_create(pool);

        text.data = ngx_pnalloc(pool, MEMBERS * 16);
        p = text.data + sprintf((char *) text.data, i ? "{" : "{\"a\":[0");

        for (n = 0; n < MEMBERS; n++) {
            p += sprintf((char *) p, i ? "%s\"%d\":1" : "%s[%d]",
                         i == 0 || n ? "," : "", (int) n);
        }

        p += sprintf((char *) p, i ? "}" : "]}");
        text.len = p - text.data;

        ngx_gw_document_merge(doc, &root, &text, 1, 1);
        steps = 0;

        do {
            left = 1024;
            rc = ngx_gw_document_run(doc, &left);
            steps++;
        } while (rc == NGX_AGAIN);

        unit_ok(rc == NGX_OK && steps > text.len / 1200,
                "taken apart in %d steps", (int) steps);

        steps = 0;

        do {
            left = 1024;
            rc = ngx_gw_document_write(doc, &left, &cl, &len);
            steps++;
        } while (rc == NGX_AGAIN);

        unit_ok(rc == NGX_OK && len == (off_t) text.len
                && (i == 0 || steps > MEMBERS * 64 / 1200),
                "written in %d steps", (int) steps);

        ngx_destroy_pool(pool);
    }
}


/* each allocation fails once: an error, and no harm */

static void
check_memory(void)
{
    size_t              i, k;
    ngx_int_t           left, rc;
    ngx_str_t           text;
    ngx_uint_t          bufs, errors;
    ngx_gw_document_t  *doc;

    errors = 0;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        for (left = 0; /* void */ ; left++) {
            pool = ngx_create_pool(4096, &ngx_stub_log);
            ngx_stub_allocs_left = left;

            doc = ngx_gw_document_create(pool);
            rc = doc ? NGX_OK : NGX_ERROR;

            for (k = 0; rc == NGX_OK && cases[i].lines[k]; k++) {
                rc = run(doc, cases[i].lines[k], 40);
            }

            text.data = NULL;

            if (rc == NGX_OK) {
                text = written(doc, &bufs, ALL);
            }

            ngx_stub_allocs_left = -1;

            if (text.data && strcmp((char *) text.data, cases[i].want) != 0) {
                unit_ok(0, "with %d allocations: %s", (int) left, text.data);
            }

            ngx_destroy_pool(pool);

            if (text.data) {
                break;
            }

            errors++;
        }
    }

    unit_ok(errors > 500, "memory has run out at any time: %d", (int) errors);
}


static void
check_places(void)
{
    char             many[64];
    size_t           i;
    ngx_str_t        text;
    ngx_gw_place_t   place;

    static const char *const  bad[] = {
        "a", "a/b", " /a", "/~", "/a~", "/~2", "/a/~/b", "/\xff", "/\xc3",
        "/a\xed\xa0\x80", "#/a"
    };

    pool = ngx_create_pool(4096, &ngx_stub_log);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        text = str(bad[i]);
        unit_ok(ngx_gw_place_compile(pool, &text, &place) == NGX_DECLINED,
                "a malformed place: %d", (int) i);
    }

    many[0] = '\0';

    for (i = 1; i <= 17; i++) {
        strcat(many, "/a");
        text = str(many);

        unit_ok(ngx_gw_place_compile(pool, &text, &place)
                == (i <= NGX_GW_DOCUMENT_MAX_STEPS ? NGX_OK : NGX_DECLINED),
                "a place of %d names", (int) i);
        unit_ok(i > NGX_GW_DOCUMENT_MAX_STEPS || place.nsteps == i,
                "has as many");
    }

    ngx_destroy_pool(pool);
}


/* {"a":{"a": ... }}, in the innermost a member of this name */

static char *
deep(const char *name)
{
    int    i;
    char  *text, *p;

    text = malloc(DEEP * 6 + 64);
    p = text;

    *p++ = 'm';
    *p++ = ' ';

    for (i = 0; i < DEEP; i++) {
        p += sprintf(p, "{\"a\":");
    }

    p += sprintf(p, "{\"%s\":1}", name);

    memset(p, '}', DEEP);
    p[DEEP] = '\0';

    return text;
}


static void
check_depth(void)
{
    char               *one, *two, *both;
    ngx_str_t           text;
    ngx_uint_t          bufs;
    ngx_gw_document_t  *doc;

    pool = ngx_create_pool(4096, &ngx_stub_log);
    doc = ngx_gw_document_create(pool);

    one = deep("x");
    two = deep("y");
    both = deep("x\":1,\"y");

    unit_ok(run(doc, one, ALL) == NGX_OK && run(doc, two, ALL) == NGX_OK,
            "objects nested %d deep are merged", DEEP);

    text = written(doc, &bufs, ALL);

    unit_ok(strcmp((char *) text.data, both + 2) == 0, "and written");

    ngx_destroy_pool(pool);
    free(one);
    free(two);
    free(both);
}


static void
check_many(void)
{
    int                 i;
    char               *one, *two, *want, *p, *q;
    ngx_str_t           text;
    ngx_uint_t          bufs;
    ngx_gw_document_t  *doc;

    pool = ngx_create_pool(4096, &ngx_stub_log);

    one = malloc(MANY * 40);
    two = malloc(MANY * 40);
    want = malloc(MANY * 80);

    p = one + sprintf(one, "m {");
    q = want + sprintf(want, "{");

    for (i = 0; i < MANY; i++) {
        p += sprintf(p, "%s\"k%d\" : %d", i ? " , " : "", i, i);
        q += (i % 2) ? sprintf(q, ",\"k%d\" : %d", i, i)
                     : sprintf(q, "%s\"k%d\":\"new\"", i ? "," : "", i);
    }

    sprintf(p, "}");

    p = two + sprintf(two, "m {");

    for (i = 0; i < 2 * MANY; i += 2) {
        p += sprintf(p, "%s\"k%d\" : \"new\"", i ? " , " : "", i);

        if (i >= MANY) {
            q += sprintf(q, "%s\"k%d\" : \"new\"",
                         i == MANY ? "," : " , ", i);
        }
    }

    sprintf(p, "}");
    sprintf(q, "}");

    doc = ngx_gw_document_create(pool);

    unit_ok(run(doc, one, ALL) == NGX_OK && run(doc, two, ALL) == NGX_OK,
            "objects of %d members are merged", MANY);

    text = written(doc, &bufs, ALL);

    unit_ok(strcmp((char *) text.data, want) == 0, "and written");
    unit_ok(bufs < 64, "as few buffers: %d", (int) bufs);

    /* unchanged ones are one range */

    doc = ngx_gw_document_create(pool);

    (void) run(doc, one, ALL);
    (void) run(doc, "s/k0 0", ALL);
    (void) run(doc, "s/k199999 0", ALL);
    (void) run(doc, "s/other 0", ALL);

    text = written(doc, &bufs, ALL);

    unit_ok(bufs == 3, "two members changed: %d buffers", (int) bufs);

    /* one by one: the table grows */

    doc = ngx_gw_document_create(pool);
    p = want + sprintf(want, "{");

    for (i = 0; i < 1000; i++) {
        sprintf(one, "s/k%d %d", i % 700, i);
        (void) run(doc, one, ALL);

        if (i < 700) {
            p += sprintf(p, "%s\"k%d\":%d", i ? "," : "", i,
                         i < 300 ? i + 700 : i);
        }
    }

    sprintf(p, "}");
    text = written(doc, &bufs, ALL);

    unit_ok(strcmp((char *) text.data, want) == 0, "700 members, one by one");

    ngx_destroy_pool(pool);
    free(one);
    free(two);
    free(want);
}


static void
put(ngx_gw_document_t *doc, ngx_gw_place_t *place, ngx_str_t *text)
{
    size_t  budget;

    budget = ALL;

    ngx_gw_document_set(doc, place, text);
    (void) ngx_gw_document_run(doc, &budget);
}


/* what is long stays where it is, what is short comes together */

static void
check_buffers(void)
{
    char                line[32];
    off_t               len;
    size_t              budget;
    ngx_int_t           i;
    ngx_str_t           text, pointer;
    ngx_uint_t          found;
    ngx_chain_t        *out, *cl;
    ngx_gw_place_t      place;
    ngx_gw_document_t  *doc;

    pool = ngx_create_pool(4096, &ngx_stub_log);

    text.len = 102400;
    text.data = ngx_pnalloc(pool, text.len);
    memset(text.data, '7', text.len);

    doc = ngx_gw_document_create(pool);

    for (i = 0; i < 10; i++) {
        pointer.len = sprintf(line, "/part%d", (int) i);
        pointer.data = (u_char *) line;

        (void) ngx_gw_place_compile(pool, &pointer, &place);
        put(doc, &place, &text);
    }

    budget = ALL;
    (void) ngx_gw_document_write(doc, &budget, &out, &len);

    found = 0;

    for (cl = out, i = 0; cl; cl = cl->next, i++) {
        found += (cl->buf->pos == text.data
                  && cl->buf->last == text.data + text.len);
    }

    unit_ok(found == 10 && i == 21, "ten long values: %d buffers", (int) i);
    unit_ok(len == 10 * (102400 + 8) + 9 + 2, "all of it: %d", (int) len);

    doc = ngx_gw_document_create(pool);
    text.len = 1100;

    for (i = 0; i < 3; i++) {
        pointer.len = sprintf(line, "/part%d", (int) i);
        pointer.data = (u_char *) line;

        (void) ngx_gw_place_compile(pool, &pointer, &place);
        put(doc, &place, &text);
    }

    budget = ALL;
    (void) ngx_gw_document_write(doc, &budget, &out, &len);

    unit_ok(out->next == NULL, "three short values: one buffer");

    ngx_destroy_pool(pool);
}


int
main(void)
{
    ngx_gw_json_init(42);

    check_cases(ALL);
    check_cases(1);
    check_cases(40);
    check_twice();
    check_ends();
    check_steps();
    check_places();
    check_depth();
    check_many();
    check_buffers();
    check_memory();

    return unit_done();
}
