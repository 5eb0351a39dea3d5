/* unit: ngx_gw_auth/ngx_gw_*.c ngx_gw_common/ngx_gw_*.c t/unit/jwt_help.c */

/*
 * ngx_gw_jwk: every kind of key that is accepted, skipped or refused, with the
 * message; sets in one go and in pieces; finding keys; no memory.
 */


#include "ngx_gw_jwk.h"
#include "jwt_help.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>


#define BIT(alg)  (1u << NGX_GW_JWA_##alg)

#define RS  (BIT(RS256)|BIT(RS384)|BIT(RS512))
#define PS  (BIT(PS256)|BIT(PS384)|BIT(PS512))

#define GOOD  ""


static ngx_pool_t         *pool;
static ngx_gw_jwk_load_t   load;


static ngx_gw_jwk_set_t *
load_text(ngx_str_t *text, ngx_uint_t strict)
{
    ngx_memset(&load, 0x5a, sizeof(ngx_gw_jwk_load_t));

    load.pool = pool;
    load.log = &ngx_stub_log;
    load.strict = strict;
    load.name = help_str("f");

    ngx_stub_log_text[0] = '\0';

    return ngx_gw_jwk_load(&load, text);
}


static void
reset(void)
{
    if (pool) {
        ngx_destroy_pool(pool);
    }

    pool = ngx_create_pool(4096, &ngx_stub_log);
}


/* as the file f, whose text ends before a guard page */

static ngx_gw_jwk_set_t *
load_string(const char *text, ngx_uint_t strict)
{
    ngx_str_t  s;

    reset();

    s.len = strlen(text);
    s.data = unit_guard_end(text, s.len);

    return load_text(&s, strict);
}


/*
 * One key beside a good one.  why: GOOD, or the end of the sentence "key 0 ..."
 * or "key 0 (kid "k") ..."; skipped: a notice is all, else it fails a strict
 * set.
 */

static void
key(const char *name, const char *jwk, const char *why, ngx_uint_t skipped)
{
    char              *text, *message;
    ngx_uint_t         with_kid;
    ngx_gw_jwk_set_t  *set;

    text = help_printf("{\"keys\":[%s,{%s}]}", jwk,
                       help_jwk(help_key("oct"), ",\"kid\":\"good\""));
    with_kid = strstr(jwk, "\"kid\":\"k\"") != NULL;

    set = load_string(text, 1);

    if (why[0] == '\0') {
        unit_ok(set && set->nkeys == 2, "%s: is good", name);

        if (set == NULL) {
            printf("# %.*s\n", (int) load.error.len, (char *) load.error.data);
        }

        return;
    }

    if (skipped) {
        message = help_printf("\"f\": skipped key 0%s: it %s",
                              with_kid ? " (kid \"k\")" : "", why);

        unit_ok(set && set->nkeys == 1
                && strcmp(ngx_stub_log_text, message) == 0
                && ngx_stub_log_level == NGX_LOG_NOTICE,
                "%s: is skipped", name);

        if (strcmp(ngx_stub_log_text, message) != 0) {
            printf("# \"%s\" is not \"%s\"\n", ngx_stub_log_text, message);
        }

        return;
    }

    message = help_printf("\"f\": key 0%s %s", with_kid ? " (kid \"k\")" : "",
                          why);

    unit_ok(set == NULL && load.error.len == strlen(message)
            && memcmp(load.error.data, message, load.error.len) == 0,
            "%s: is refused", name);

    if (set || load.error.len != strlen(message)) {
        printf("# \"%.*s\" is not \"%s\"\n", set ? 0 : (int) load.error.len,
               (char *) load.error.data, message);
    }

    message = help_printf("\"f\": skipped key 0%s: it %s",
                          with_kid ? " (kid \"k\")" : "", why);
    set = load_string(text, 0);

    unit_ok(set && set->nkeys == 1 && set->keys[0].kid.len == 4
            && strcmp(ngx_stub_log_text, message) == 0,
            "%s: is skipped in a lenient set", name);
}


static void
test_kinds(void)
{
    char              *jwk;
    uint32_t           algs;
    ngx_uint_t         i;
    ngx_gw_jwk_set_t  *set;

    static const struct {
        const char  *key;
        uint32_t     algs;
    } kinds[] = {
        { "RSA", RS|PS },
        { "P-256", BIT(ES256) },
        { "P-384", BIT(ES384) },
        { "P-521", BIT(ES512) },
        { "secp256k1", BIT(ES256K) },
        { "Ed25519", BIT(EDDSA)|BIT(ED25519) },
        { "Ed448", BIT(EDDSA)|BIT(ED448) },
        { "oct", BIT(HS256)|BIT(HS384)|BIT(HS512) }
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        jwk = help_jwk(help_key(kinds[i].key), ",\"kid\":\"k\"");

        set = load_string(help_printf("{%s}", jwk), 1);
        algs = set ? set->keys[0].algs : 0;

        unit_ok(set && set->nkeys == 1 && algs == kinds[i].algs
                && set->keys[0].kid.len == 1,
                "a JWK by itself: %s", kinds[i].key);

        set = load_string(help_printf(" \r\n\t{\"x\":1,\"keys\":[{%s}]}\n ",
                                      jwk), 1);
        unit_ok(set && set->nkeys == 1 && set->keys[0].algs == kinds[i].algs,
                "a set: %s", kinds[i].key);

        if (help_key(kinds[i].key)->pkey == NULL) {
            continue;
        }

        set = load_string(help_pem(help_key(kinds[i].key)), 1);
        unit_ok(set && set->nkeys == 1 && set->keys[0].algs == kinds[i].algs
                && set->keys[0].kid.data == NULL,
                "PEM: %s", kinds[i].key);

        set = load_string(help_printf("text before\n%s\nand between\n%s",
                                      help_pem(help_key(kinds[i].key)),
                                      help_pem(help_key("Ed448"))), 1);
        unit_ok(set && set->nkeys == 2, "PEM twice: %s", kinds[i].key);
    }
}


static void
test_algs(void)
{
    ngx_uint_t         i;
    ngx_gw_jwk_set_t  *set;

    static const struct {
        const char  *key;
        const char  *alg;
        uint32_t     algs;
    } cases[] = {
        { "RSA", "RS256", BIT(RS256) },
        { "RSA", "PS512", BIT(PS512) },
        { "RSA", "\\u0052S384", BIT(RS384) },
        { "P-256", "ES256", BIT(ES256) },
        { "Ed25519", "EdDSA", BIT(EDDSA)|BIT(ED25519) },
        { "Ed25519", "Ed25519", BIT(EDDSA)|BIT(ED25519) },
        { "Ed448", "Ed448", BIT(EDDSA)|BIT(ED448) },
        { "oct", "HS384", BIT(HS384) },
        { "RSA", "ES256", 0 },
        { "RSA", "HS256", 0 },
        { "P-256", "ES384", 0 },
        { "P-256", "ES256K", 0 },
        { "P-256", "RS256", 0 },
        { "Ed25519", "Ed448", 0 },
        { "Ed448", "Ed25519", 0 },
        { "oct", "RS256", 0 },
        { "oct", "EdDSA", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        if (cases[i].algs == 0) {
            key(help_printf("%s for %s", cases[i].key, cases[i].alg),
                help_printf("{%s,\"alg\":\"%s\",\"kid\":\"k\"}",
                            help_jwk(help_key(cases[i].key), ""),
                            cases[i].alg),
                "has an \"alg\" that does not fit its type", 0);
            continue;
        }

        set = load_string(help_printf("{%s,\"alg\":\"%s\"}",
                                      help_jwk(help_key(cases[i].key), ""),
                                      cases[i].alg), 1);

        unit_ok(set && set->keys[0].algs == cases[i].algs, "%s for %s",
                cases[i].key, cases[i].alg);
    }
}


/* n of so many bits, odd, and e */

static char *
rsa(ngx_uint_t bits, const char *e, ngx_uint_t even)
{
    size_t   n;
    u_char   buf[1100];

    n = (bits + 7) / 8;

    memset(buf, 0xff, n);
    buf[0] = (u_char) (0xff >> (n * 8 - bits));
    buf[n - 1] = even ? 0xfe : 0xff;

    return help_printf("{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"%s\","
                       "\"e\":\"%s\"}", help_base64url(buf, n), e);
}


static char *
oct(size_t n, const char *more)
{
    u_char  buf[5000];

    memset(buf, 'k', n);

    return help_printf("{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"%s\"%s}",
                       help_base64url(buf, n), more);
}


static void
test_members(void)
{
    char        *p256, *ed;
    ngx_uint_t   i;

    static const char  *private[] = {
        "d", "p", "q", "dp", "dq", "qi", "oth"
    };

    static const char  rsa_why[] =
        "is weak: an even RSA modulus, or an exponent that is even, 1 or "
        "beyond 64 bits";

    /* the helpers' own buffers are used again */

    p256 = strdup(help_jwk(help_key("P-256"), ",\"kid\":\"k\""));
    ed = strdup(help_jwk(help_key("Ed25519"), ",\"kid\":\"k\""));

    /* what stands in a set */

    key("a number", "7", "is no JSON object", 0);
    key("null", "null", "is no JSON object", 0);
    key("an array", "[]", "is no JSON object", 0);
    key("a string", "\"\"", "is no JSON object", 0);
    key("an empty object", "{}", "has no \"kty\"", 0);
    key("kty 1", "{\"kty\":1}", "has no \"kty\"", 0);
    key("kty null", "{\"kty\":null,\"kid\":\"k\"}", "has no \"kty\"", 0);
    key("kty unknown", "{\"kty\":\"AKP\",\"kid\":\"k\"}",
        "has an unknown \"kty\"", 1);
    key("kty in another case", "{\"kty\":\"rsa\"}", "has an unknown \"kty\"",
        1);
    key("kid 1", "{\"kty\":\"oct\",\"kid\":1}",
        "has a \"kid\" that is no string", 0);
    key("kid null", "{\"kty\":\"oct\",\"kid\":null}",
        "has a \"kid\" that is no string", 0);

    /* what it is for */

    key("use sig", help_printf("{%s,\"use\":\"sig\"}", p256), GOOD, 0);
    key("use enc", help_printf("{%s,\"use\":\"enc\"}", p256),
        "is not for signatures (\"use\")", 1);
    key("use of another kind", help_printf("{%s,\"use\":\"SIG\"}", p256),
        "is not for signatures (\"use\")", 1);
    key("use 1", help_printf("{%s,\"use\":1}", p256),
        "has a \"use\", \"key_ops\" or \"alg\" of a wrong type", 0);
    key("key_ops verify", help_printf("{%s,\"key_ops\":[\"sign\",\"verify\"]}",
                                      p256), GOOD, 0);
    key("key_ops sign", help_printf("{%s,\"key_ops\":[\"sign\"]}", p256),
        "is not for verifying (\"key_ops\")", 1);
    key("key_ops of nothing", help_printf("{%s,\"key_ops\":[]}", p256),
        "is not for verifying (\"key_ops\")", 1);
    key("key_ops verify", help_printf("{%s,\"key_ops\":\"verify\"}", p256),
        "has a \"use\", \"key_ops\" or \"alg\" of a wrong type", 0);
    key("alg 1", help_printf("{%s,\"alg\":1}", p256),
        "has a \"use\", \"key_ops\" or \"alg\" of a wrong type", 0);
    key("alg none", help_printf("{%s,\"alg\":\"none\"}", p256),
        "is for an \"alg\" that is none of signatures", 1);
    key("alg of encryption", help_printf("{%s,\"alg\":\"ECDH-ES\"}", p256),
        "is for an \"alg\" that is none of signatures", 1);
    key("alg very long", help_printf("{%s,\"alg\":\"%0200d\"}", p256, 0),
        "is for an \"alg\" that is none of signatures", 1);

    /* private members */

    for (i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
        key(help_printf("member %s", private[i]),
            help_printf("{%s,\"%s\":\"AQ\"}", p256, private[i]),
            "is private: a gateway must not have it", 0);
    }

    key("member d in escapes", help_printf("{%s,\"\\u0064\":null}", ed),
        "is private: a gateway must not have it", 0);

    /* RSA */

    key("n of 2047 bits", rsa(2047, "AQAB", 0),
        "is weak: an RSA modulus of less than 2048 bits", 0);
    key("n of 1024 bits", rsa(1024, "AQAB", 0),
        "is weak: an RSA modulus of less than 2048 bits", 0);
    key("n of 2048 bits", rsa(2048, "AQAB", 0), GOOD, 0);
    key("n of 8192 bits", rsa(8192, "AQAB", 0), GOOD, 0);
    key("n of 8193 bits", rsa(8193, "AQAB", 0),
        "is an RSA key of more than 8192 bits", 0);
    key("n of 8208 bits", rsa(8208, "AQAB", 0),
        "is an RSA key of more than 8192 bits", 0);
    key("n is even", rsa(2048, "AQAB", 1), rsa_why, 0);
    key("e is 3", rsa(2048, "Aw", 0), GOOD, 0);
    key("e is 1", rsa(2048, "AQ", 0), rsa_why, 0);
    key("e is even", rsa(2048, "AQAA", 0), rsa_why, 0);
    key("e is of 64 bits", rsa(2048, "__________8", 0), GOOD, 0);
    key("e is of 65 bits", rsa(2048, "Af__________", 0),
        rsa_why, 0);
    key("e is empty", rsa(2048, "", 0),
        "has no well-formed \"n\" and \"e\"", 0);
    key("e has padding", rsa(2048, "AQABAA==", 0),
        "has no well-formed \"n\" and \"e\"", 0);
    key("no e", "{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"AQAB\"}",
        "has no well-formed \"n\" and \"e\"", 0);
    key("e is a number",
        "{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"AQAB\",\"e\":65537}",
        "has no well-formed \"n\" and \"e\"", 0);

    /* EC */

    key("no crv", "{\"kty\":\"EC\",\"kid\":\"k\"}", "has no \"crv\"", 0);
    key("crv P-224", help_printf("{%s}", help_jwk(help_key("P-224"),
                                                  ",\"kid\":\"k\"")),
        "is on a curve that is not supported", 1);
    key("crv as OpenSSL calls it",
        "{\"kty\":\"EC\",\"kid\":\"k\",\"crv\":\"prime256v1\",\"x\":\"AQ\","
        "\"y\":\"AQ\"}", "is on a curve that is not supported", 1);
    key("crv of the other type",
        "{\"kty\":\"EC\",\"kid\":\"k\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}",
        "is on a curve that is not supported", 1);
    key("x too short",
        "{\"kty\":\"EC\",\"kid\":\"k\",\"crv\":\"P-256\",\"x\":\"AQ\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        "has no \"x\" of its curve's length", 0);
    key("no y",
        "{\"kty\":\"EC\",\"kid\":\"k\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        "has no \"y\" of its curve's length", 0);
    key("not on the curve",
        "{\"kty\":\"EC\",\"kid\":\"k\",\"crv\":\"P-256\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a8\"}",
        "is no point of its curve", 0);
    key("the point of zeros",
        help_printf("{\"kty\":\"EC\",\"kid\":\"k\",\"crv\":\"P-256\","
                    "\"x\":\"%s\",\"y\":\"%s\"}",
                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        "is no point of its curve", 0);
    key("on another curve",
        help_printf("{\"kty\":\"EC\",\"kid\":\"k\",\"crv\":\"secp256k1\","
                    "\"x\":\"%s\",\"y\":\"%s\"}",
                    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        "is no point of its curve", 0);

    /* OKP */

    key("crv X25519",
        "{\"kty\":\"OKP\",\"kid\":\"k\",\"crv\":\"X25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "is on a curve that is not supported", 1);
    key("Ed448 with the bytes of Ed25519",
        "{\"kty\":\"OKP\",\"kid\":\"k\",\"crv\":\"Ed448\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "has no \"x\" of its curve's length", 0);
    key("x is not base64url",
        "{\"kty\":\"OKP\",\"kid\":\"k\",\"crv\":\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS+7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "has no \"x\" of its curve's length", 0);

    /* oct */

    key("k of 31 bytes", oct(31, ""),
        "is weak: shorter than the hash of its algorithm", 0);
    key("k of 32 bytes", oct(32, ""), GOOD, 0);
    key("k of 32 bytes for HS384", oct(32, ",\"alg\":\"HS384\""),
        "is weak: shorter than the hash of its algorithm", 0);
    key("k of 48 bytes for HS384", oct(48, ",\"alg\":\"HS384\""), GOOD, 0);
    key("k of 63 bytes for HS512", oct(63, ",\"alg\":\"HS512\""),
        "is weak: shorter than the hash of its algorithm", 0);
    key("k of 4096 bytes", oct(4096, ""), GOOD, 0);
    key("k of 4097 bytes", oct(4097, ""),
        "has no well-formed \"k\" of at most 4096 bytes", 0);
    key("k of nothing", oct(0, ""),
        "has no well-formed \"k\" of at most 4096 bytes", 0);
    key("no k", "{\"kty\":\"oct\",\"kid\":\"k\"}",
        "has no well-formed \"k\" of at most 4096 bytes", 0);

    free(p256);
    free(ed);
}


/* text as a whole: the message of a strict and of a lenient load */

static void
test_texts(void)
{
    char              *text;
    ngx_str_t          s;
    ngx_uint_t         i, strict;
    ngx_gw_jwk_set_t  *set;

    static const struct {
        const char  *text;
        const char  *error;      /* begins so */
    } cases[] = {
        { "", "\"f\" is empty" },
        { " \n", "\"f\" is not valid JSON: " },
        { "keys", "\"f\" is not valid JSON: " },
        { "{\"keys\":[]", "\"f\" is not valid JSON: " },
        { "{\"keys\":[]} x", "\"f\" is not valid JSON: " },
        { "{\"keys\":[],\"keys\":[]}", "\"f\" is not valid JSON: " },
        { "{\"keys\":[{\"kty\":\"oct\",\"kty\":\"oct\"}]}",
          "\"f\" is not valid JSON: " },
        { "{\"a\":\"\xff\"}", "\"f\" is not valid JSON: " },
        { "{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
          "\"f\" is not valid JSON: " },
        { "{\x1b[2J", "\"f\" is not valid JSON: " },
        { "[]", "\"f\" is neither a JWK set nor a JWK" },
        { "7", "\"f\" is neither a JWK set nor a JWK" },
        { "null", "\"f\" is neither a JWK set nor a JWK" },
        { "{\"keys\":{}}", "\"f\" is neither a JWK set nor a JWK" },
        { "{\"keys\":null}", "\"f\" is neither a JWK set nor a JWK" },
        { "{\"keys\":[]}", "\"f\" has no usable key" },
        { "{\"keys\":[{\"kty\":\"AKP\"}]}", "\"f\" has no usable key" },
        { "-----BEGIN PUBLIC KEY-----\n", "\"f\": key 0 is malformed PEM" },
        { "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END CERTIFICATE-----\n",
          "\"f\": key 0 is malformed PEM" },
        { "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n",
          "\"f\": key 0 is malformed PEM" },
        { "-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n",
          "\"f\" has no usable key" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (strict = 0; strict < 2; strict++) {
            set = load_string(cases[i].text, strict);

            unit_ok(set == NULL
                    && load.error.len >= strlen(cases[i].error)
                    && memcmp(load.error.data, cases[i].error,
                              strlen(cases[i].error)) == 0
                    && memchr(load.error.data, 0x1b, load.error.len) == NULL,
                    "%s text %u: %s", strict ? "strict" : "lenient",
                    (unsigned int) i, cases[i].error);
        }
    }

    unit_ok(load_string("{\"keys\":[{}]}", 0) == NULL
            && load.error.len == strlen("\"f\" has no usable key"),
            "a lenient set of a bad key has no usable key");

    /* PEM of what it must not be */

    set = load_string("-----BEGIN PUBLIC KEY-----\nAAAA\n"
                      "-----END PUBLIC KEY-----\n", 1);
    unit_ok(set == NULL && load.error.len == strlen("\"f\": key 0 is no valid "
                                                    "public key"),
            "PEM of no key");

    set = load_string("-----BEGIN EC PRIVATE KEY-----\nAAAA\n"
                      "-----END EC PRIVATE KEY-----\n", 1);
    unit_ok(set == NULL
            && memcmp(load.error.data, "\"f\": key 0 is private", 21) == 0,
            "PEM of a private key");

    set = load_string(help_printf("-----BEGIN PRIVATE KEY-----\nAAAA\n"
                                  "-----END PRIVATE KEY-----\n%s",
                                  help_pem(help_key("P-256"))), 0);
    unit_ok(set && set->nkeys == 1
            && strstr(ngx_stub_log_text, "skipped key 0: it is private"),
            "is skipped in a lenient set");

    set = load_string(help_printf("%s%s", help_pem(help_key("P-224")),
                                  help_pem(help_key("P-256"))), 1);
    unit_ok(set && set->nkeys == 1
            && strstr(ngx_stub_log_text, "skipped key 0: it is on a curve"),
            "PEM of a curve that is not supported is skipped");

    /* limits */

    s.len = NGX_GW_JWK_MAX_TEXT + 1;
    s.data = malloc(s.len);
    memset(s.data, ' ', s.len);
    s.data[0] = '{';

    reset();
    unit_ok(load_text(&s, 1) == NULL
            && load.error.len == strlen("\"f\" is too large"),
            "more than %u bytes", NGX_GW_JWK_MAX_TEXT);

    s.len = 0;
    text = (char *) s.data;
    text += sprintf(text, "{\"keys\":[");

    for (i = 0; i < NGX_GW_JWK_MAX_KEYS + 1; i++) {
        text += sprintf(text, "%s1", i ? "," : "");
    }

    text += sprintf(text, "]}");
    s.len = text - (char *) s.data;

    reset();
    unit_ok(load_text(&s, 0) == NULL
            && memcmp(load.error.data, "\"f\" has more than 16384 keys",
                      load.error.len) == 0, "more than 16384 keys");
    free(s.data);
}


/* a kid is anybody's text */

static void
test_kids(void)
{
    char              *one, *two;
    ngx_str_t          s;
    ngx_gw_jwk_set_t  *set;

    one = help_jwk(help_key("oct"), "");
    two = help_jwk(help_key("oct-other"), "");

    set = load_string(help_printf("{\"keys\":[{%s,\"kid\":\"a\"},"
                                  "{%s,\"kid\":\"a\"}]}", one, two), 1);
    unit_ok(set == NULL && memcmp(load.error.data, "\"f\": key 1 (kid \"a\") "
                                  "has the \"kid\" of another",
                                  load.error.len) == 0,
            "a kid twice is refused");

    set = load_string(help_printf("{\"keys\":[{%s,\"kid\":\"a\"},"
                                  "{%s,\"kid\":\"\\u0061\"}]}", one, two), 0);
    unit_ok(set && set->nkeys == 1, "the first one stays in a lenient set");

    set = load_string(help_printf("{\"keys\":[{%s},{%s}]}", one, two), 1);
    unit_ok(set && set->nkeys == 2, "no kid twice is good");

    set = load_string(help_printf("{\"keys\":[{%s,\"kid\":\"\"},{%s}]}", one,
                                  two), 1);
    s = help_str("");
    unit_ok(set && set->nkeys == 2 && set->keys[0].kid.data
            && ngx_gw_jwk_find(set, &s) == &set->keys[0]
            && set->bare[NGX_GW_JWA_HS256][0] == &set->keys[1],
            "an empty kid is a kid");

    set = load_string(help_printf("{\"keys\":[{%s,\"kid\":\"\\u00e9\\n\"}]}",
                                  one), 1);
    s = help_str("\xc3\xa9\n");
    unit_ok(set && ngx_gw_jwk_find(set, &s) == set->keys, "a kid in escapes");
    s = help_str("\xc3\xa9");
    unit_ok(set && ngx_gw_jwk_find(set, &s) == NULL, "and not part of it");

    (void) load_string(help_printf("{\"keys\":[{\"kty\":\"AKP\",\"kid\":\"\\u0"
                                   "00a\\u001b\x7f\xc3\xa9" "b\"}]}"), 1);
    unit_ok(strcmp(ngx_stub_log_text, "\"f\": skipped key 0 (kid "
                   "\"?????b\"): it has an unknown \"kty\"") == 0,
            "what is not printable is not logged");

    (void) load_string(help_printf("{\"keys\":[{\"kty\":\"AKP\",\"kid\":\""
                                   "%0300d\"}]}", 0), 1);
    unit_ok(strstr(ngx_stub_log_text, "000...\"): it has an unknown")
            && strlen(ngx_stub_log_text) < 150, "nor all of a long one");
}


/* many keys: found by kid, and the first eight of each algorithm in order */

static void
test_many(void)
{
    char              *text, *p;
    size_t             i;
    u_char             kid[16];
    ngx_int_t          rc;
    ngx_str_t          s;
    ngx_uint_t         bad, n, steps;
    ngx_gw_jwk_set_t  *set;

    text = malloc(1024 * 1024);
    p = text + sprintf(text, "{\"keys\":[");

    for (i = 0; i < 1000; i++) {
        p += sprintf(p, "%s{%s", i ? "," : "", help_jwk(help_key("oct"), ""));

        if (i % 3 != 1) {
            p += sprintf(p, ",\"kid\":\"k%u\"", (unsigned int) i);
        }

        p += sprintf(p, i % 2 ? ",\"alg\":\"HS512\"}" : "}");
    }

    p += sprintf(p, "]}");

    s.data = (u_char *) text;
    s.len = p - text;

    reset();
    set = load_text(&s, 1);

    unit_ok(set && set->nkeys == 1000, "1000 keys");

    if (set == NULL) {
        free(text);
        return;
    }

    bad = 0;

    for (i = 0; i < 1000; i++) {
        s.data = kid;
        s.len = sprintf((char *) kid, "k%u", (unsigned int) i);

        if (ngx_gw_jwk_find(set, &s)
            != (i % 3 == 1 ? NULL : &set->keys[i]))
        {
            bad++;
        }
    }

    unit_ok(bad == 0, "each is found by its kid");

    for (n = 0, i = 0; n < NGX_GW_JWK_MAX_TRIES; i++) {
        if (i % 2 == 0) {
            bad += set->fit[NGX_GW_JWA_HS256][n++] != &set->keys[i];
        }
    }

    for (n = 0, i = 0; n < NGX_GW_JWK_MAX_TRIES; i++) {
        if (i % 3 == 1) {
            bad += set->bare[NGX_GW_JWA_HS512][n++] != &set->keys[i];
        }
    }

    unit_ok(bad == 0, "the first ones of each algorithm are tried");

    /* in pieces */

    s.data = (u_char *) text;
    s.len = p - text;

    reset();
    ngx_memset(&load, 0x5a, sizeof(ngx_gw_jwk_load_t));
    load.pool = pool;
    load.log = &ngx_stub_log;
    load.strict = 0;
    load.name = help_str("f");

    rc = ngx_gw_jwk_load_begin(&load, &s);

    for (steps = 0; rc == NGX_AGAIN; steps++) {
        rc = ngx_gw_jwk_load_step(&load, 7);
    }

    ngx_gw_jwk_load_end(&load);

    unit_ok(rc == NGX_OK && load.set->nkeys == 1000 && steps == 143,
            "1000 keys, seven by seven");

    /* given up half way */

    reset();
    load.pool = pool;
    rc = ngx_gw_jwk_load_begin(&load, &s);
    rc = rc == NGX_AGAIN ? ngx_gw_jwk_load_step(&load, 500) : rc;
    ngx_gw_jwk_load_end(&load);
    unit_ok(rc == NGX_AGAIN, "given up half way");

    free(text);
}


/* whatever allocation fails: no set, a message, nothing leaked */

static void
test_no_memory(void)
{
    char        *text;
    ngx_int_t    left;
    ngx_str_t    s;
    ngx_uint_t   i, ok;

    for (i = 0; i < 2; i++) {
        text = i ? help_printf("%s%s", help_pem(help_key("P-256")),
                               help_pem(help_key("Ed25519")))
                 : help_printf("{\"keys\":[{%s,\"kid\":\"a\"},{%s}]}",
                               help_jwk(help_key("oct"), ""),
                               help_jwk(help_key("P-256"), ""));
        s = help_str(text);
        ok = 1;

        for (left = 0; left < 100; left++) {
            reset();

            ngx_stub_allocs_left = left;

            if (load_text(&s, 1) != NULL) {
                ngx_stub_allocs_left = -1;
                break;
            }

            ngx_stub_allocs_left = -1;

            if (load.error.len == 0
                || (memcmp(load.error.data, "no memory", 9) != 0
                    && memmem(load.error.data, load.error.len,
                              "found no memory", 15) == NULL))
            {
                printf("# %.*s\n", (int) load.error.len,
                       (char *) load.error.data);
                ok = 0;
            }
        }

        unit_ok(ok && left > 2 && left < 100, "no memory, %s: %d times",
                i ? "PEM" : "JSON", (int) left);
    }
}


/* RSASSA-PSS keys of certificates may be for one hash alone (RFC 4055) */

static void
test_pss(void)
{
    EVP_PKEY          *pkey;
    help_key_t         pss;
    ngx_uint_t         i;
    EVP_PKEY_CTX      *ctx;
    ngx_gw_jwk_set_t  *set;

    for (i = 0; i < 2; i++) {
        pkey = NULL;
        ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
        EVP_PKEY_keygen_init(ctx);
        EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048);

        if (i) {
            EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, EVP_sha256());
            EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, EVP_sha256());
            EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, 32);
        }

        EVP_PKEY_keygen(ctx, &pkey);
        EVP_PKEY_CTX_free(ctx);

        pss.pkey = pkey;
        set = load_string(help_pem(&pss), 1);

        unit_ok(set && set->keys[0].algs == (i ? BIT(PS256) : PS),
                "an RSA-PSS key %s", i ? "for SHA-256 alone" : "for any hash");

        if (set == NULL) {
            printf("# %.*s\n", (int) load.error.len, (char *) load.error.data);
        }

        EVP_PKEY_free(pkey);
    }
}


int
main(void)
{
    ngx_gw_json_init(13);

    test_kinds();
    test_algs();
    test_members();
    test_texts();
    test_kids();
    test_many();
    test_no_memory();
    test_pss();

    unit_ok(ERR_peek_error() == 0, "OpenSSL's queue of errors is empty");

    ngx_destroy_pool(pool);

    return unit_done();
}
