/* unit: ngx_gw_auth/ngx_gw_*.c ngx_gw_common/ngx_gw_*.c t/unit/jwt_help.c */

/*
 * ngx_gw_jwt: what is well-formed, read to the last byte before a guard page;
 * that no changed token verifies; and which keys are tried for which token.
 */


#include "ngx_gw_jwt.h"
#include "jwt_help.h"


#define OK           NGX_GW_JWT_PASSED
#define MALFORMED    NGX_GW_JWT_MALFORMED
#define UNSUPPORTED  NGX_GW_JWT_UNSUPPORTED

#define ALL          NGX_GW_JWA_ALL


typedef struct {
    const char   *header;
    const char   *payload;
    ngx_uint_t    status;
} json_case_t;


static const char  good_header[] = "{\"alg\":\"HS256\"}";
static const char  good_payload[] = "{\"sub\":\"a\"}";


static const json_case_t  cases[] = {

    { good_header, good_payload, OK },
    { good_header, "{}", OK },
    { " { \"alg\" : \"HS256\" } ", "\n{\t}\r\n", OK },

    /* the header */

    { "{}", good_payload, MALFORMED },
    { "[]", good_payload, MALFORMED },
    { "\"alg\"", good_payload, MALFORMED },
    { "{\"alg\":null}", good_payload, MALFORMED },
    { "{\"alg\":[\"HS256\"]}", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\"", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\"}x", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\",\"alg\":\"HS256\"}", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\",\"a\":{\"b\":1,\"b\":2}}", good_payload,
      MALFORMED },
    { "{\"alg\":\"none\"}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"NONE\"}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"\"}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"hs256\"}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256 \"}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256\\u0000\"}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"RSA-OAEP\"}", good_payload, UNSUPPORTED },
    { "{\"\\u0061\\u006c\\u0067\":\"\\u0048\\u0053\\u0032\\u0035\\u0036\"}",
      good_payload, OK },
    { "{\"alg\":\"\\u0048\\u0053\\u0032\\u0035\\u0036\\u0000\\u0000"
      "\\u0000\\u0000\"}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"crit\":null}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"cri\\u0074\":[]}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"b64\":true}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"jwk\":{}}", good_payload, UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"jku\":\"https://x/\"}", good_payload,
      UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"x5u\":\"https://x/\"}", good_payload,
      UNSUPPORTED },
    { "{\"alg\":\"HS256\",\"x5c\":[],\"x5t\":\"\",\"cty\":\"x\"}",
      good_payload, OK },
    { "{\"alg\":\"HS256\",\"x\":{\"crit\":[],\"jwk\":1}}", good_payload, OK },
    { "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\"}", good_payload, OK },
    { "{\"alg\":\"HS256\",\"typ\":1}", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\",\"typ\":null}", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\",\"kid\":1}", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\",\"kid\":null}", good_payload, MALFORMED },
    { "{\"alg\":\"HS256\",\"kid\":{}}", good_payload, MALFORMED },

    /* the payload */

    { good_header, "", MALFORMED },
    { good_header, "[]", MALFORMED },
    { good_header, "null", MALFORMED },
    { good_header, "\"a\"", MALFORMED },
    { good_header, "{", MALFORMED },
    { good_header, "{}{}", MALFORMED },
    { good_header, "\xef\xbb\xbf{}", MALFORMED },
    { good_header, "{\"a\":1,\"a\":1}", MALFORMED },
    { good_header, "{\"a\":1,\"\\u0061\":1}", MALFORMED },
    { good_header, "{\"a\":\"\xff\"}", MALFORMED },
    { good_header, "{\"a\":\"\\ud800\"}", MALFORMED },
    { good_header, "{\"a\":\"\n\"}", MALFORMED },
    { good_header, "{\"a\":01}", MALFORMED },
    { good_header, "{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", OK },
    { good_header, "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", MALFORMED },
    { good_header, "{\"iss\":1,\"aud\":{},\"sub\":[],\"jti\":null}", OK },

    /* times */

    { good_header, "{\"exp\":1,\"nbf\":1.5,\"iat\":15e-1}", OK },
    { good_header, "{\"exp\":\"1\"}", MALFORMED },
    { good_header, "{\"exp\":null}", MALFORMED },
    { good_header, "{\"exp\":true}", MALFORMED },
    { good_header, "{\"exp\":[1]}", MALFORMED },
    { good_header, "{\"nbf\":\"1\"}", MALFORMED },
    { good_header, "{\"iat\":\"1\"}", MALFORMED },
    { good_header, "{\"exp\":253402300799}", OK },
    { good_header, "{\"exp\":253402300799.0009}", OK },
    { good_header, "{\"exp\":253402300799.001}", MALFORMED },
    { good_header, "{\"exp\":253402300800}", MALFORMED },
    { good_header, "{\"exp\":-253402300800}", MALFORMED },
    { good_header, "{\"iat\":1e18}", MALFORMED },
    { good_header, "{\"iat\":9223372036854775808}", MALFORMED },
    { good_header, "{\"iat\":18446744073709551617}", MALFORMED },
    { good_header, "{\"nbf\":1e999999999999}", MALFORMED },
    { good_header, "{\"nbf\":1e-999999999999}", OK },
    { good_header, "{\"nbf\":0e999999999999}", OK },
    { good_header, "{\"x\":{\"exp\":\"1\"}}", OK }
};


static ngx_gw_jwt_parser_t  parser;
static ngx_gw_jwt_t         jwt;


static ngx_uint_t
parse(const void *text, size_t len)
{
    ngx_str_t  token;

    token.data = unit_guard_end(text, len);
    token.len = len;

    ngx_memset(&jwt, 0x5a, sizeof(ngx_gw_jwt_t));

    return ngx_gw_jwt_parse(&parser, &token, &jwt, &ngx_stub_log);
}


static ngx_uint_t
parse_string(const char *text)
{
    return parse(text, strlen(text));
}


static void
test_cases(void)
{
    char         *token;
    ngx_uint_t    i, status;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        token = help_token(NGX_GW_JWA_HS256, help_key("oct"), cases[i].header,
                           cases[i].payload);
        status = parse_string(token);

        unit_ok(status == cases[i].status, "header %u, payload %u bytes, "
                "case %u: %.*s", (unsigned int) strlen(cases[i].header),
                (unsigned int) strlen(cases[i].payload), (unsigned int) i,
                (int) ngx_gw_jwt_names[cases[i].status].len,
                (char *) ngx_gw_jwt_names[cases[i].status].data);

        if (status != cases[i].status) {
            printf("# %s.%s: %u\n", cases[i].header, cases[i].payload,
                   (unsigned int) status);
        }
    }
}


static void
test_form(void)
{
    char        *h, *p, *s;
    ngx_uint_t   i;

    static const struct {
        const char  *text;
        ngx_uint_t   status;
    } forms[] = {
        { ".", MALFORMED },
        { "..", MALFORMED },
        { "...", MALFORMED },
        { "....", UNSUPPORTED },
        { ".....", MALFORMED },
        { "a", MALFORMED },
        { "a.b.c", MALFORMED },
        { "a.b.c.d", MALFORMED },
        { "a.b.c.d.e", UNSUPPORTED },
        { "a.b.c.d.e.", MALFORMED },
        { "a.b c.d.e.f", MALFORMED },
        { "..a", MALFORMED },
        { " ", MALFORMED }
    };

    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        unit_ok(parse_string(forms[i].text) == forms[i].status, "\"%s\"",
                forms[i].text);
    }

    h = help_base64url(good_header, strlen(good_header));
    p = help_base64url(good_payload, strlen(good_payload));
    s = help_base64url("signature", 9);

    unit_ok(parse_string(help_printf("%s.%s.%s", h, p, s)) == OK
            && jwt.signature.len == 9
            && memcmp(jwt.signature.data, "signature", 9) == 0
            && jwt.input.len == strlen(h) + strlen(p) + 1,
            "three good parts");

    unit_ok(parse_string(help_printf("%s.%s.", h, p)) == OK
            && jwt.signature.len == 0, "no signature: well-formed so far");

    /* other ways to write the same bytes are refused in each part */

    unit_ok(parse_string(help_printf("%s=.%s.%s", h, p, s)) == MALFORMED
            && parse_string(help_printf("%s.%s=.%s", h, p, s)) == MALFORMED
            && parse_string(help_printf("%s.%s.%s=", h, p, s)) == MALFORMED,
            "padding");

    unit_ok(parse_string(help_printf("\n%s.%s.%s", h, p, s)) == MALFORMED
            && parse_string(help_printf("%s.%s .%s", h, p, s)) == MALFORMED
            && parse_string(help_printf("%s.%s.%s\n", h, p, s)) == MALFORMED,
            "white space");

    unit_ok(parse_string(help_printf("%s.%s.ab+/", h, p)) == MALFORMED,
            "the other alphabet");
    unit_ok(parse_string(help_printf("%s.%s.ab-_", h, p)) == OK, "this one");
    unit_ok(parse_string(help_printf("%s.%s.ab", h, p)) == MALFORMED
            && parse_string(help_printf("%s.%s.aQ", h, p)) == OK,
            "bits left over");
    unit_ok(parse_string(help_printf("%s.%s.a", h, p)) == MALFORMED,
            "a length of nothing");
}


static void
test_fields(void)
{
    char        *token;
    ngx_str_t    s;

    token = help_token(NGX_GW_JWA_HS384, help_key("oct"),
                       "{\"typ\":\"JWT\",\"alg\":\"HS384\",\"kid\":\"a b\"}",
                       "{\"iat\":-1.5,\"aud\":[],\"exp\":2.0015,\"iss\":\"i\","
                       "\"nbf\":3e2}");

    unit_ok(parse_string(token) == OK && jwt.alg == NGX_GW_JWA_HS384,
            "alg");
    unit_ok(jwt.kid.len == 3 && memcmp(jwt.kid.data, "a b", 3) == 0, "kid");
    unit_ok(jwt.typ == 1 && jwt.aud == 2 && jwt.iss == 4, "nodes");
    unit_ok(jwt.exp == 2001 && jwt.nbf == 300000 && jwt.iat == -1500,
            "times in milliseconds");

    token = help_token(NGX_GW_JWA_HS256, help_key("oct"),
                       "{\"alg\":\"HS256\",\"kid\":\"\\u0041\\n\\u00e9\"}",
                       "{}");
    unit_ok(parse_string(token) == OK && jwt.kid.len == 4
            && memcmp(jwt.kid.data, "A\n\xc3\xa9", 4) == 0,
            "a kid in escapes");
    unit_ok(jwt.typ == NGX_GW_JSON_NONE && jwt.iss == NGX_GW_JSON_NONE
            && jwt.aud == NGX_GW_JSON_NONE
            && jwt.exp == NGX_GW_JWT_NO_TIME && jwt.nbf == NGX_GW_JWT_NO_TIME
            && jwt.iat == NGX_GW_JWT_NO_TIME, "what is absent");

    token = help_token(NGX_GW_JWA_HS256, help_key("oct"), good_header,
                       good_payload);
    unit_ok(parse_string(token) == OK && jwt.kid.data == NULL, "no kid");

    token = help_token(NGX_GW_JWA_HS256, help_key("oct"),
                       "{\"kid\":\"\",\"alg\":\"HS256\"}", good_payload);
    s = help_str("a");
    unit_ok(parse_string(token) == OK && jwt.kid.data && jwt.kid.len == 0
            && ngx_gw_json_equal(&jwt.payload, 1, &s), "an empty kid is one");
}


/* from small to large and back, each byte used */

static void
test_lengths(void)
{
    int          ok;
    char        *token, *pad;
    size_t       n;
    ngx_str_t    text;
    ngx_uint_t   i;

    static const size_t  sizes[] = { 0, 1, 500, 747, 748, 749, 3000, 7, 6000 };

    ok = 1;
    pad = malloc(7000);
    memset(pad, 'x', 7000);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        n = sizes[i];
        token = help_token(NGX_GW_JWA_HS256, help_key("oct"), good_header,
                           help_printf("{\"s\":\"%.*s\"}", (int) n, pad));

        text.data = (u_char *) pad;
        text.len = n;

        if (parse_string(token) != OK
            || !ngx_gw_json_equal(&jwt.payload, 1, &text))
        {
            printf("# %u\n", (unsigned int) n);
            ok = 0;
        }
    }

    unit_ok(ok, "payloads of all lengths");

    /* as many nodes as fit, and a kid of nothing but escapes */

    for (ok = 1, n = 10; n < 1500; n += 97) {
        memset(pad, 0, 7000);

        for (i = 0; i < n; i++) {
            memcpy(pad + 2 * i, i ? ",1" : "[1", 2);
        }

        token = help_token(NGX_GW_JWA_HS256, help_key("oct"), good_header,
                           help_printf("{\"\":%s]}", pad));
        ok &= parse_string(token) == OK && jwt.payload.nnodes == n + 2;

        for (i = 0; i < n; i++) {
            memcpy(pad + 2 * i, "\\n", 2);
        }

        token = help_token(NGX_GW_JWA_HS256, help_key("oct"),
                           help_printf("{\"alg\":\"HS256\",\"kid\":\"%s\"}",
                                       pad), "{}");
        ok &= parse_string(token) == OK && jwt.kid.len == n;
    }

    unit_ok(ok, "many nodes, and many escapes");

    free(pad);
}


static void
test_no_memory(void)
{
    char                 *token;
    ngx_str_t             text;
    ngx_uint_t            status;
    ngx_gw_jwt_parser_t   own;

    ngx_gw_jwt_parser_init(&own);

    token = help_token(NGX_GW_JWA_HS256, help_key("oct"), good_header,
                       good_payload);
    text = help_str(token);

    ngx_stub_allocs_left = 0;
    status = ngx_gw_jwt_parse(&own, &text, &jwt, &ngx_stub_log);
    ngx_stub_allocs_left = -1;

    unit_ok(status == NGX_GW_JWT_NSTATUSES, "no memory");
    unit_ok(ngx_gw_jwt_parse(&own, &text, &jwt, &ngx_stub_log) == OK,
            "and once there is some");

    ngx_stub_allocs_left = 0;
    unit_ok(ngx_gw_jwt_parse(&own, &text, &jwt, &ngx_stub_log) == OK,
            "which is kept");
    ngx_stub_allocs_left = -1;

    ngx_gw_jwt_parser_done(&own);
    ngx_gw_jwt_parser_done(&own);
}


static ngx_gw_jwk_set_t *
load(ngx_pool_t *pool, const char *text)
{
    ngx_str_t          s;
    ngx_gw_jwk_set_t  *set;
    ngx_gw_jwk_load_t  loading;

    ngx_memzero(&loading, sizeof(ngx_gw_jwk_load_t));
    loading.pool = pool;
    loading.log = &ngx_stub_log;
    loading.name = help_str("f");
    loading.strict = 1;

    s = help_str(text);
    set = ngx_gw_jwk_load(&loading, &s);

    if (set == NULL) {
        printf("# %.*s\n", (int) loading.error.len,
               (char *) loading.error.data);
        abort();
    }

    return set;
}


static ngx_uint_t
verify(ngx_gw_jwt_source_t *sources, ngx_uint_t n, uint32_t algs)
{
    ngx_uint_t            i;
    ngx_gw_jwt_source_t  *list[8];

    for (i = 0; i < n; i++) {
        list[i] = &sources[i];
    }

    return ngx_gw_jwt_verify(&jwt, list, n, algs);
}


/* every beginning, and every byte replaced: nothing of it verifies */

static void
test_changed(ngx_uint_t alg)
{
    int                   ok;
    char                 *good, *name;
    u_char               *bad, c;
    size_t                i, len;
    ngx_uint_t            j, status;
    ngx_pool_t           *pool;
    ngx_gw_jwt_source_t   source;

    static const u_char  bytes[] = {
        0, 1, '\n', ' ', '"', '%', '+', '-', '.', '/', '0', '=', 'A', 'B', 'Q',
        '_', 'a', 'z', '{', '}', 0x7f, 0x80, 0xc0, 0xff
    };

    pool = ngx_create_pool(4096, &ngx_stub_log);
    name = help_printf("%.*s", (int) ngx_gw_jwas[alg].name.len,
                       (char *) ngx_gw_jwas[alg].name.data);

    ngx_memzero(&source, sizeof(ngx_gw_jwt_source_t));
    source.set = load(pool, help_printf("{%s}",
                                        help_jwk(help_key_for(alg, 0), "")));

    good = strdup(help_token(alg, help_key_for(alg, 0),
                             help_printf("{\"alg\":\"%s\",\"typ\":\"JWT\"}",
                                         name),
                             "{\"sub\":\"alice\",\"n\":[1,2,{\"a\":null}],"
                             "\"exp\":4102444800}"));
    len = strlen(good);

    unit_ok(parse(good, len) == OK && verify(&source, 1, ALL) == OK,
            "%s: a good token", name);

    ok = 1;

    for (i = 0; i < len; i++) {
        if (parse(good, i) == OK && verify(&source, 1, ALL) == OK) {
            printf("# the first %u bytes\n", (unsigned int) i);
            ok = 0;
        }
    }

    unit_ok(ok, "%s: no beginning of it", name);

    bad = malloc(len + 1);

    for (i = 0; i < len; i++) {
        for (j = 0; j < sizeof(bytes) + 8; j++) {

            c = (j < sizeof(bytes)) ? bytes[j]
                                    : (u_char) good[i] ^ (1 << (j % 8));

            if (c == (u_char) good[i]) {
                continue;
            }

            memcpy(bad, good, len);
            bad[i] = c;

            status = parse(bad, len);

            if (status == OK) {
                status = verify(&source, 1, ALL);
            }

            if (status == OK || status == NGX_GW_JWT_NSTATUSES) {
                printf("# byte %u as 0x%02x\n", (unsigned int) i, c);
                ok = 0;
            }
        }
    }

    unit_ok(ok, "%s: not with a byte replaced", name);

    /* a byte left out, and one put in */

    for (i = 0; i < len; i++) {
        memcpy(bad, good, i);
        memcpy(bad + i, good + i + 1, len - i - 1);

        if (parse(bad, len - 1) == OK && verify(&source, 1, ALL) == OK) {
            ok = 0;
        }

        memcpy(bad, good, i);
        bad[i] = "A.="[i % 3];
        memcpy(bad + i + 1, good + i, len - i);

        if (parse(bad, len + 1) == OK && verify(&source, 1, ALL) == OK) {
            ok = 0;
        }
    }

    unit_ok(ok, "%s: nor with one less or more", name);

    free(bad);
    free(good);
    ngx_destroy_pool(pool);
}


static ngx_uint_t
judge(ngx_gw_jwt_source_t *sources, ngx_uint_t n, uint32_t algs,
    ngx_uint_t alg, const char *key, const char *more, const char *payload)
{
    char  *token;

    token = help_token(alg, help_key(key),
                       help_printf("{\"alg\":\"%.*s\"%s}",
                                   (int) ngx_gw_jwas[alg].name.len,
                                   (char *) ngx_gw_jwas[alg].name.data, more),
                       payload);

    if (parse_string(token) != OK) {
        abort();
    }

    return verify(sources, n, algs);
}


static void
test_keys(void)
{
    char                 *text, *p;
    ngx_uint_t            i;
    ngx_pool_t           *pool;
    ngx_gw_jwt_source_t   s[3];

    const ngx_uint_t      unknown = NGX_GW_JWT_UNKNOWN_KEY;
    const ngx_uint_t      bad = NGX_GW_JWT_BAD_SIGNATURE;
    const ngx_uint_t      hs = NGX_GW_JWA_HS256;

    pool = ngx_create_pool(4096, &ngx_stub_log);
    ngx_memzero(s, sizeof(s));

    text = help_printf("{\"keys\":[{%s},{%s},{%s}]}",
                       help_jwk(help_key("oct"), ",\"kid\":\"a\""),
                       help_jwk(help_key("P-256"), ",\"kid\":\"b\""),
                       help_jwk(help_key("oct-other"), ""));
    s[0].set = load(pool, text);

    /* by kid */

    unit_ok(judge(s, 1, ALL, hs, "oct", ",\"kid\":\"a\"", "{}") == OK,
            "the key of its kid");
    unit_ok(judge(s, 1, ALL, hs, "oct", ",\"kid\":\"\\u0061\"", "{}") == OK,
            "a kid in escapes");
    unit_ok(judge(s, 1, ALL, hs, "oct-other", ",\"kid\":\"a\"", "{}") == bad,
            "no other key once there is one of its kid");
    unit_ok(judge(s, 1, ALL, hs, "oct", ",\"kid\":\"c\"", "{}") == bad,
            "a kid of no key: keys without one are tried, this is none");
    unit_ok(judge(s, 1, ALL, hs, "oct-other", ",\"kid\":\"c\"", "{}") == OK,
            "and this is");
    unit_ok(judge(s, 1, ALL, hs, "oct", ",\"kid\":\"\"", "{}") == bad,
            "an empty kid is a kid");
    unit_ok(judge(s, 1, ALL, NGX_GW_JWA_ES256, "P-256", ",\"kid\":\"c\"",
                  "{}") == unknown, "no key without kid for ES256");
    unit_ok(judge(s, 1, ALL, NGX_GW_JWA_ES384, "P-384", ",\"kid\":\"b\"",
                  "{}") == unknown, "the key of its kid is of another kind");

    /* without kid */

    unit_ok(judge(s, 1, ALL, hs, "oct", "", "{}") == OK
            && judge(s, 1, ALL, hs, "oct-other", "", "{}") == OK,
            "no kid: each key that fits");
    unit_ok(judge(s, 1, ALL, NGX_GW_JWA_ES256, "P-256-other", "", "{}")
            == bad, "none that verifies");
    unit_ok(judge(s, 1, ALL, NGX_GW_JWA_RS256, "RSA", "", "{}") == unknown,
            "none that fits");

    /* algorithms */

    unit_ok(judge(s, 1, 1u << NGX_GW_JWA_ES256, hs, "oct", "", "{}")
            == UNSUPPORTED, "an algorithm that is not allowed");
    unit_ok(judge(s, 1, 1u << hs, hs, "oct", "", "{}") == OK,
            "the one that is");
    unit_ok(judge(s, 1, 0, hs, "oct", "", "{}") == UNSUPPORTED,
            "none is allowed");
    unit_ok(judge(s, 0, ALL, hs, "oct", "", "{}") == unknown, "no source");

    /* several sources, one not loaded, one for an issuer */

    s[1].set = NULL;
    s[2].set = load(pool, help_printf("{\"keys\":[{%s}]}",
                                      help_jwk(help_key("RSA"), "")));
    s[2].issuer = help_str("https://idp.example/");

    unit_ok(judge(s, 3, ALL, NGX_GW_JWA_RS256, "RSA", "", "{}") == unknown,
            "keys of an issuer, a token of none");
    unit_ok(judge(s, 3, ALL, NGX_GW_JWA_RS256, "RSA", "",
                  "{\"iss\":\"https://idp.example\"}") == unknown,
            "of another");
    unit_ok(judge(s, 3, ALL, NGX_GW_JWA_RS256, "RSA", "",
                  "{\"iss\":[\"https://idp.example/\"]}") == unknown,
            "of a list");
    unit_ok(judge(s, 3, ALL, NGX_GW_JWA_RS256, "RSA", "",
                  "{\"iss\":\"https:\\/\\/idp.example/\"}") == OK,
            "of that one");
    unit_ok(ngx_gw_jwt_eligible(&jwt, &s[2]) && ngx_gw_jwt_eligible(&jwt, s),
            "which is eligible");
    unit_ok(judge(s, 3, ALL, hs, "oct", ",\"kid\":\"a\"",
                  "{\"iss\":\"https://idp.example/\"}") == OK,
            "keys of anybody's verify it as well");

    /* the same kid in two sources: each is tried */

    s[1].set = load(pool, help_printf("{\"keys\":[{%s}]}",
                                      help_jwk(help_key("oct-other"),
                                               ",\"kid\":\"a\"")));
    unit_ok(judge(s, 2, ALL, hs, "oct-other", ",\"kid\":\"a\"", "{}") == OK
            && judge(s, 2, ALL, hs, "oct", ",\"kid\":\"a\"", "{}") == OK,
            "a kid in two sources");

    /* eight are tried, not nine, over all sources */

    for (i = 7; i <= 8; i++) {
        u_char   secret[64];
        size_t   n;

        text = help_printf("{\"keys\":[");
        p = text + strlen(text);

        for (n = 0; n < i; n++) {
            memset(secret, 'a' + n, sizeof(secret));
            p += sprintf(p, "{\"kty\":\"oct\",\"k\":\"%s\"},",
                         help_base64url(secret, sizeof(secret)));
        }

        sprintf(p, "{%s}]}", help_jwk(help_key("oct"), ""));

        s[0].set = load(pool, text);

        unit_ok(judge(s, 1, ALL, hs, "oct", "", "{}")
                == (i == 7 ? OK : bad), "%u keys before the right one",
                (unsigned int) i);
    }

    s[1].set = load(pool, help_printf("{%s}", help_jwk(help_key("oct"), "")));
    unit_ok(judge(s, 2, ALL, hs, "oct", "", "{}") == bad,
            "the ninth in another source");

    ngx_destroy_pool(pool);
}


int
main(void)
{
    ngx_gw_json_init(17);
    ngx_gw_jwt_parser_init(&parser);

    test_cases();
    test_form();
    test_fields();
    test_lengths();
    test_no_memory();
    test_keys();

    test_changed(NGX_GW_JWA_HS256);
    test_changed(NGX_GW_JWA_ES256);
    test_changed(NGX_GW_JWA_EDDSA);

    ngx_gw_jwt_parser_done(&parser);

    return unit_done();
}
