/* unit: ngx_gw_auth/ngx_gw_*.c ngx_gw_common/ngx_gw_*.c t/unit/jwt_help.c */

/*
 * ngx_gw_jwt_claims: judging times, issuer, audience and type; each operator
 * on each type of value; claims as text.
 */


#include "ngx_gw_jwt_claims.h"
#include "jwt_help.h"


#define NOW  1700000000000LL                     /* ms */


typedef struct {
    const char   *header;
    const char   *payload;
    const char   *rules;       /* letters, see test_judge() */
    ngx_uint_t    status;
} judge_case_t;


typedef struct {
    const char   *path;
    const char   *ops;         /* those that are true */
    const char   *values[4];
} test_case_t;


typedef struct {
    const char   *json;
    const char   *text;
} text_case_t;


static const judge_case_t  judgements[] = {

    /* now is 1700000000.000 */

    { "", "\"exp\":1700000001", "e", NGX_GW_JWT_PASSED },
    { "", "\"exp\":1700000000", "e", NGX_GW_JWT_EXPIRED },
    { "", "\"exp\":1700000000.001", "e", NGX_GW_JWT_PASSED },
    { "", "\"exp\":1699999999.999", "e", NGX_GW_JWT_EXPIRED },
    { "", "\"exp\":1.7e9", "e", NGX_GW_JWT_EXPIRED },
    { "", "\"exp\":17000000001e-1", "e", NGX_GW_JWT_PASSED },
    { "", "\"exp\":0", "", NGX_GW_JWT_EXPIRED },
    { "", "\"exp\":-1", "", NGX_GW_JWT_EXPIRED },
    { "", "\"exp\":253402300799", "e", NGX_GW_JWT_PASSED },
    { "", "", "e", NGX_GW_JWT_TOO_LONG_LIVED },
    { "", "", "", NGX_GW_JWT_PASSED },

    { "", "\"exp\":1699999941", "el60", NGX_GW_JWT_PASSED },
    { "", "\"exp\":1699999940", "el60", NGX_GW_JWT_EXPIRED },
    { "", "\"exp\":1699999940.001", "el60", NGX_GW_JWT_PASSED },

    { "", "\"nbf\":1700000000", "", NGX_GW_JWT_PASSED },
    { "", "\"nbf\":1700000000.5", "", NGX_GW_JWT_NOT_YET_VALID },
    { "", "\"nbf\":1700000001", "", NGX_GW_JWT_NOT_YET_VALID },
    { "", "\"nbf\":1700000060", "l60", NGX_GW_JWT_PASSED },
    { "", "\"nbf\":1700000060.001", "l60", NGX_GW_JWT_NOT_YET_VALID },
    { "", "\"nbf\":-5", "", NGX_GW_JWT_PASSED },
    { "", "\"nbf\":253402300799", "l60", NGX_GW_JWT_NOT_YET_VALID },

    { "", "\"iat\":1700000000", "", NGX_GW_JWT_PASSED },
    { "", "\"iat\":1700000001", "", NGX_GW_JWT_NOT_YET_VALID },
    { "", "\"iat\":1700000060", "l60", NGX_GW_JWT_PASSED },
    { "", "\"iat\":1700000061", "l60", NGX_GW_JWT_NOT_YET_VALID },

    { "", "\"iat\":1699999000,\"exp\":1700002600", "m3600",
      NGX_GW_JWT_PASSED },
    { "", "\"iat\":1699999000,\"exp\":1700002600.5", "m3600",
      NGX_GW_JWT_TOO_LONG_LIVED },
    { "", "\"iat\":1699999000.5,\"exp\":1700002600.5", "m3600",
      NGX_GW_JWT_PASSED },
    { "", "\"iat\":1699999000,\"exp\":1700002601", "m3600",
      NGX_GW_JWT_TOO_LONG_LIVED },
    { "", "\"exp\":1700000001", "m3600", NGX_GW_JWT_TOO_LONG_LIVED },
    { "", "\"iat\":1699999000", "m3600", NGX_GW_JWT_TOO_LONG_LIVED },
    { "", "\"iat\":-253402300799,\"exp\":253402300799", "m3600",
      NGX_GW_JWT_TOO_LONG_LIVED },
    { "", "\"iat\":1700000000,\"exp\":1700003600", "m3600l3600",
      NGX_GW_JWT_PASSED },

    /* the order: type, exp, nbf and iat, lifetime, issuer, audience */

    { "", "\"exp\":1,\"nbf\":1800000000", "tia", NGX_GW_JWT_BAD_TYPE },
    { "\"typ\":\"JWT\"", "\"exp\":1,\"nbf\":1800000000", "tiam9",
      NGX_GW_JWT_EXPIRED },
    { "\"typ\":\"JWT\"", "\"nbf\":1800000000", "tiam9",
      NGX_GW_JWT_NOT_YET_VALID },
    { "\"typ\":\"JWT\"", "", "tiam9", NGX_GW_JWT_TOO_LONG_LIVED },
    { "\"typ\":\"JWT\"", "", "tia", NGX_GW_JWT_BAD_ISSUER },
    { "\"typ\":\"JWT\"", "\"iss\":\"i1\"", "tia", NGX_GW_JWT_BAD_AUDIENCE },
    { "\"typ\":\"JWT\"", "\"iss\":\"i1\",\"aud\":\"a2\"", "tia",
      NGX_GW_JWT_PASSED },

    { "", "\"iss\":\"i1\"", "i", NGX_GW_JWT_PASSED },
    { "", "\"iss\":\"i2\"", "i", NGX_GW_JWT_PASSED },
    { "", "\"iss\":\"\\u0069\\u0031\"", "i", NGX_GW_JWT_PASSED },
    { "", "\"iss\":\"I1\"", "i", NGX_GW_JWT_BAD_ISSUER },
    { "", "\"iss\":\"i\"", "i", NGX_GW_JWT_BAD_ISSUER },
    { "", "\"iss\":\"i1 \"", "i", NGX_GW_JWT_BAD_ISSUER },
    { "", "\"iss\":\"\"", "i", NGX_GW_JWT_BAD_ISSUER },
    { "", "\"iss\":[\"i1\"]", "i", NGX_GW_JWT_BAD_ISSUER },
    { "", "\"iss\":null", "i", NGX_GW_JWT_BAD_ISSUER },
    { "", "\"sub\":{\"iss\":\"i1\"}", "i", NGX_GW_JWT_BAD_ISSUER },
    { "", "\"iss\":1", "", NGX_GW_JWT_PASSED },

    { "", "\"aud\":\"a1\"", "a", NGX_GW_JWT_PASSED },
    { "", "\"aud\":\"x a1\"", "a", NGX_GW_JWT_BAD_AUDIENCE },
    { "", "\"aud\":[\"x\",\"a2\"]", "a", NGX_GW_JWT_PASSED },
    { "", "\"aud\":[\"x\",\"\\u0061\\u0032\"]", "a", NGX_GW_JWT_PASSED },
    { "", "\"aud\":[\"x\",\"y\"]", "a", NGX_GW_JWT_BAD_AUDIENCE },
    { "", "\"aud\":[]", "a", NGX_GW_JWT_BAD_AUDIENCE },
    { "", "\"aud\":[[\"a1\"]]", "a", NGX_GW_JWT_BAD_AUDIENCE },
    { "", "\"aud\":{\"a1\":\"a1\"}", "a", NGX_GW_JWT_BAD_AUDIENCE },
    { "", "\"aud\":null", "a", NGX_GW_JWT_BAD_AUDIENCE },
    { "", "\"aud\":[null,1,true,\"a1\"]", "a", NGX_GW_JWT_PASSED },
    { "", "", "a", NGX_GW_JWT_BAD_AUDIENCE },

    { "\"typ\":\"jwt\"", "", "t", NGX_GW_JWT_PASSED },
    { "\"typ\":\"application/JWT\"", "", "t", NGX_GW_JWT_PASSED },
    { "\"typ\":\"APPLICATION/at+jwt\"", "", "t", NGX_GW_JWT_PASSED },
    { "\"typ\":\"\\u0041t+jwt\"", "", "t", NGX_GW_JWT_PASSED },
    { "\"typ\":\"application/\"", "", "t", NGX_GW_JWT_BAD_TYPE },
    { "\"typ\":\"application/application/jwt\"", "", "t",
      NGX_GW_JWT_BAD_TYPE },
    { "\"typ\":\"text/jwt\"", "", "t", NGX_GW_JWT_BAD_TYPE },
    { "\"typ\":\"\"", "", "t", NGX_GW_JWT_BAD_TYPE },
    { "\"typ\":\"jwt2\"", "", "t", NGX_GW_JWT_BAD_TYPE }
};


static const char  claims[] =
    "{\"s\":\"read write\",\"one\":\"x\",\"empty\":\"\",\"n\":12.50,"
    "\"zero\":-0,\"t\":true,\"f\":false,\"null\":null,"
    "\"a\":[\"read\",\"b c\",7,true,null,[\"in\"],{\"k\":\"in\"}],\"none\":[],"
    "\"o\":{\"p\":{\"q\":[10,20]},\"a.b\":1},\"esc\":\"r\\u0065ad\\u0020it "
    "w\\\"x\",\"big\":123456789012345678901234567890,\"sp\":\"  a   b  \","
    "\"ctl\":\"a\\tb\",\"str7\":\"7\",\"/\":\"slash\",\"0\":\"digit\"}";


static const test_case_t  tests[] = {

    /* "has" and the comparisons see only the first value */

    { "one", "eq has any all", { "x" } },
    { "one", "ne", { "y" } },
    { "one", "ne", { "X" } },
    { "one", "eq any", { "y", "x" } },
    { "one", "ne", { "" } },
    { "s", "eq", { "read write" } },
    { "s", "ne has any all", { "read" } },
    { "s", "ne has any all", { "write" } },
    { "s", "ne has any all", { "read", "write" } },
    { "s", "ne has any", { "read", "exec" } },
    { "s", "ne any", { "exec", "read" } },
    { "s", "ne", { "rea" } },
    { "s", "ne", { "ead" } },
    { "s", "ne", { "" } },
    { "s", "ne", { " " } },
    { "s", "ne", { "read " } },
    { "empty", "eq", { "" } },
    { "empty", "ne", { "x" } },
    { "sp", "ne has any all", { "a" } },
    { "sp", "ne has any all", { "b", "a" } },
    { "sp", "ne", { "" } },
    { "esc", "ne has any all", { "w\"x" } },
    { "esc", "eq", { "read it w\"x" } },
    { "ctl", "eq has any all", { "a\tb" } },

    { "n", "eq ge le", { "12.5" } },
    { "n", "eq ge le", { "1.25e1" } },
    { "n", "eq gt ge", { "12", "12.5000" } },
    { "n", "ne gt ge", { "12" } },
    { "n", "ne lt le", { "12.500000000000000000000000001" } },
    { "n", "ne gt ge", { "-13" } },
    { "n", "ne", { "12.5x" } },
    { "n", "ne", { "" } },
    { "n", "ne", { "0x0d" } },
    { "n", "ne", { " 12.5" } },
    { "n", "ne", { "+12.5" } },
    { "zero", "eq ge le", { "0" } },
    { "zero", "eq ge le", { "-0.0e9" } },
    { "zero", "ne lt le", { "1e-400" } },
    { "big", "ne gt ge", { "123456789012345678901234567889" } },
    { "big", "eq ge le", { "1.2345678901234567890123456789e29" } },
    { "str7", "eq has any all", { "7" } },
    { "str7", "ne", { "7.0" } },

    { "t", "eq", { "true" } },
    { "t", "ne", { "false" } },
    { "t", "ne", { "1" } },
    { "f", "eq", { "false" } },
    { "f", "ne", { "" } },
    { "f", "eq", { "x", "false" } },
    { "null", "", { "null" } },
    { "null", "", { "" } },

    { "a", "has any all", { "read" } },
    { "a", "has any all", { "b c" } },
    { "a", "", { "b" } },
    { "a", "has any all", { "7" } },
    { "a", "has any all", { "7.0" } },
    { "a", "has any all", { "true", "7", "read" } },
    { "a", "has any", { "true", "8" } },
    { "a", "any", { "8", "true" } },
    { "a", "", { "null" } },
    { "a", "", { "" } },
    { "a", "", { "in" } },
    { "a.5", "has any all", { "in" } },
    { "a.6.k", "eq has any all", { "in" } },
    { "a.2", "eq ge le", { "7" } },
    { "a.02", "", { "7" } },
    { "a.7", "", { "in" } },
    { "none", "", { "x" } },
    { "none", "", { "" } },
    { "none.0", "", { "" } },

    { "o", "", { "p" } },
    { "o.p.q.1", "eq ge le", { "20" } },
    { "/o/p/q/0", "eq ge le", { "10" } },
    { "/o/a.b", "eq ge le", { "1" } },
    { "o.a.b", "", { "1" } },
    { "/~1", "eq has any all", { "slash" } },
    { "0", "eq has any all", { "digit" } },
    { "missing", "", { "" } },
    { "one.x", "", { "x" } },
    { NULL, NULL, { NULL } }
};


static const text_case_t  texts[] = {

    { "\"abc\"", "abc" },
    { "\"\"", "" },
    { "\"a\\\"b\\\\c\\/d\"", "a\"b\\c/d" },
    { "\"\\u0041\\u00e9\\ud83d\\ude00\"", "A\xc3\xa9\xf0\x9f\x98\x80" },
    { "\"a\\r\\nSet-Cookie: x\"", "a%0D%0ASet-Cookie: x" },
    { "\"\\u0000\"", "%00" },
    { "\"\\u0001\\u001f\\u007f\"", "%01%1F%7F" },
    { "\"a\x7f" "b\"", "a%7Fb" },
    { "\"%0A\"", "%0A" },
    { "\"\\b\\f\\t\"", "%08%0C%09" },
    { "\"\\u0080\\u009f\"", "\xc2\x80\xc2\x9f" },
    { "0", "0" },
    { "-0.0", "-0.0" },
    { "1.50E+10", "1.50E+10" },
    { "12345678901234567890123", "12345678901234567890123" },
    { "true", "true" },
    { "false", "false" },
    { "null", "" },
    { "[]", "" },
    { "[ ]", "" },
    { "[null]", "" },
    { "[null,null]", "," },
    { "[\"\",\"\"]", "," },
    { "[\"a\"]", "a" },
    { "[ \"a\" , \"b\" ]", "a,b" },
    { "[\"a,b\",\"c\"]", "a,b,c" },
    { "[1,-2.50,true,false,null,\"x\"]", "1,-2.50,true,false,,x" },
    { "[\"\\n\",\"\x7f\",\"\\\"\"]", "%0A,%7F,\"" },
    { "[[1,[2]],{\"a\":[]}]", "[1,[2]],{\"a\":[]}" },
    { "[[\"a\\n\",\"\x7f\"]]", "[\"a\\n\",\"\\u007f\"]" },
    { "[{\n\"a\"\t:\r\n1 }]", "{ \"a\" :  1 }" },
    { "{}", "{}" },
    { "{ \"a\" : \"b\" }", "{ \"a\" : \"b\" }" },
    { "{\n\t\"a\": 1\r\n}", "{  \"a\": 1  }" },
    { "{\"\x7f\":\"\x7f\\u007f\"}",
      "{\"\\u007f\":\"\\u007f\\u007f\"}" }
};


static ngx_gw_jwt_parser_t  parser;
static ngx_pool_t          *pool;


static ngx_array_t *
list(const char *a, const char *b)
{
    ngx_str_t    *s;
    ngx_array_t  *array;

    array = ngx_array_create(pool, 2, sizeof(ngx_str_t));
    s = ngx_array_push_n(array, 2);
    s[0] = help_str(a);
    s[1] = help_str(b);

    return array;
}


/* the token of that payload, in memory of its own that ends with it */

static ngx_gw_jwt_t *
parse(const char *header, const char *payload)
{
    ngx_str_t            token;
    ngx_uint_t           status;

    static ngx_gw_jwt_t  jwt;

    token = help_str(help_token(NGX_GW_JWA_HS256, help_key("oct"), header,
                                payload));

    status = ngx_gw_jwt_parse(&parser, &token, &jwt, &ngx_stub_log);

    if (status != NGX_GW_JWT_PASSED) {
        printf("# %s.%s: %u\n", header, payload, (unsigned int) status);
        abort();
    }

    return &jwt;
}


static void
test_judge(void)
{
    char                *header;
    ngx_uint_t           i, status;
    const char          *p;
    ngx_gw_jwt_t        *jwt;
    ngx_gw_jwt_rules_t   rules;
    const judge_case_t  *c;

    for (i = 0; i < sizeof(judgements) / sizeof(judgements[0]); i++) {
        c = &judgements[i];

        ngx_memzero(&rules, sizeof(ngx_gw_jwt_rules_t));

        /* e: exp is required; lN: leeway; mN: lifetime; t, i, a: lists */

        for (p = c->rules; *p; p++) {

            switch (*p) {
            case 'e':
                rules.require_exp = 1;
                break;

            case 'l':
                rules.leeway = strtol(p + 1, NULL, 10);
                break;

            case 'm':
                rules.max_lifetime = strtol(p + 1, NULL, 10);
                break;

            case 't':
                rules.types = list("JWT", "at+jwt");
                break;

            case 'i':
                rules.issuers = list("i1", "i2");
                break;

            case 'a':
                rules.audiences = list("a1", "a2");
                break;
            }
        }

        header = help_printf("{\"alg\":\"HS256\"%s%s}", c->header[0] ? "," : "",
                             c->header);
        jwt = parse(header, help_printf("{%s}", c->payload));
        status = ngx_gw_jwt_judge(jwt, &rules, NOW);

        unit_ok(status == c->status, "%s %s under \"%s\" is %.*s", c->header,
                c->payload, c->rules,
                (int) ngx_gw_jwt_names[c->status].len,
                (char *) ngx_gw_jwt_names[c->status].data);

        if (status != c->status) {
            printf("# not %.*s\n", (int) ngx_gw_jwt_names[status].len,
                   (char *) ngx_gw_jwt_names[status].data);
        }
    }
}


static void
test_tests(void)
{
    char                 name[16], got[64], *p;
    ngx_str_t            path, values[4];
    ngx_uint_t           n, op;
    ngx_gw_jwt_t        *jwt;
    const test_case_t   *c;
    ngx_gw_json_path_t   compiled;

    jwt = parse("{\"alg\":\"HS256\"}", claims);

    for (c = tests; c->path; c++) {
        path = help_str(c->path);

        if (ngx_gw_json_path_compile(pool, &path, &compiled) != NGX_OK) {
            unit_ok(0, "path %s", c->path);
            continue;
        }

        /* each value before a guard page in its turn would need as many */

        for (n = 0; n < 4 && c->values[n]; n++) {
            values[n].len = strlen(c->values[n]);
            values[n].data = (n == 0) ? unit_guard_end(c->values[n],
                                                       values[n].len)
                                      : (u_char *) c->values[n];
        }

        p = got;
        *p = '\0';

        for (op = 0; op < NGX_GW_JWT_NOPS; op++) {
            sprintf(name, "%.*s", (int) ngx_gw_jwt_ops[op].len,
                    (char *) ngx_gw_jwt_ops[op].data);

            if (ngx_gw_jwt_claim_test(&jwt->payload, &compiled, op, values,
                                      op >= NGX_GW_JWT_OP_GT
                                      && op <= NGX_GW_JWT_OP_HAS ? 1 : n))
            {
                p += sprintf(p, "%s%s", p == got ? "" : " ", name);
            }
        }

        unit_ok(strcmp(got, c->ops) == 0, "of %s and \"%s\"%s is true: %s",
                c->path, c->values[0], n > 1 ? " and more" : "",
                c->ops[0] ? c->ops : "nothing");

        if (strcmp(got, c->ops) != 0) {
            printf("# but got: %s\n", got);
        }
    }
}


static void
test_texts(void)
{
    size_t              i, len;
    ngx_int_t           rc;
    ngx_str_t           text;
    ngx_uint_t          left;
    ngx_pool_t         *own;
    ngx_gw_jwt_t       *jwt;
    const text_case_t  *c;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        c = &texts[i];

        jwt = parse("{\"alg\":\"HS256\"}", help_printf("{\"c\":%s}", c->json));
        own = ngx_create_pool(4096, &ngx_stub_log);

        rc = ngx_gw_jwt_claim_text(&jwt->payload, 1, own, &text);
        len = strlen(c->text);

        unit_ok(rc == NGX_OK && text.len == len
                && memcmp(text.data ? (char *) text.data : "", c->text, len)
                   == 0,
                "text of %u: %.*s", (unsigned int) i,
                (int) strcspn(c->text, "\x7f\xc2"), c->text);

        if (text.len != len) {
            printf("# got \"%.*s\"\n", (int) text.len, (char *) text.data);
        }

        ngx_destroy_pool(own);

        /* without memory: an error, or no need for any */

        own = ngx_create_pool(4096, &ngx_stub_log);

        for (left = 0; left < 3; left++) {
            ngx_stub_allocs_left = left;
            rc = ngx_gw_jwt_claim_text(&jwt->payload, 1, own, &text);
            ngx_stub_allocs_left = -1;

            if (rc == NGX_OK) {
                break;
            }
        }

        unit_ok(rc == NGX_OK && left <= 1, "text of %u: with no memory",
                (unsigned int) i);

        ngx_destroy_pool(own);
    }
}


/* all claims at once, as they stand */

static void
test_json(void)
{
    ngx_str_t      text;
    ngx_gw_jwt_t  *jwt;

    jwt = parse("{\"alg\":\"HS256\"}", claims);

    unit_ok(ngx_gw_jwt_claim_json(&jwt->payload, 0, pool, &text) == NGX_OK
            && text.len == strlen(claims)
            && memcmp(text.data, claims, text.len) == 0
            && text.data == jwt->payload.data,
            "all claims, not copied");

    jwt = parse("{\"alg\":\"HS256\"}", " \n{\"a\":\t\"\x7f\"}\r\n ");

    unit_ok(ngx_gw_jwt_claim_json(&jwt->payload, 0, pool, &text) == NGX_OK
            && text.len == strlen("{\"a\": \"\\u007f\"}")
            && memcmp(text.data, "{\"a\": \"\\u007f\"}", text.len) == 0,
            "without control characters, nor what is around");

    ngx_stub_allocs_left = 0;
    unit_ok(ngx_gw_jwt_claim_json(&jwt->payload, 0, pool, &text)
            == NGX_ERROR, "no memory");
    ngx_stub_allocs_left = -1;
}


int
main(void)
{
    ngx_gw_json_init(11);
    ngx_gw_jwt_parser_init(&parser);
    pool = ngx_create_pool(4096, &ngx_stub_log);

    test_judge();
    test_tests();
    test_texts();
    test_json();

    ngx_destroy_pool(pool);
    ngx_gw_jwt_parser_done(&parser);

    return unit_done();
}
