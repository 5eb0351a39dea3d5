/* fuzz: ngx_gw_auth/ngx_gw_*.c ngx_gw_common/ngx_gw_*.c t/unit/jwt_help.c */

/*
 * A token, and below it a line with the path of a claim and lines with values
 * to test it against.
 *
 * What is said of a token must be what jansson and a plain base64url decoder
 * say; a signature passes only if it is the HMAC of what is signed; claims are
 * judged and written out alike from the token and from the cache, and no
 * control character comes out.
 *
 * The mutator decodes the token, changes one part and encodes it again, and
 * often signs the result.
 */


#include "ngx_gw_jwt.h"
#include "ngx_gw_jwt_cache.h"
#include "ngx_gw_jwt_claims.h"
#include "jwt_help.h"

#include <jansson.h>
#include <openssl/crypto.h>


#define MAX_VALUES  4
#define NOW         1700000000000LL
#define UNSURE      NGX_GW_JWT_NSTATUSES

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


typedef struct {
    ngx_str_t                  lines[2 + MAX_VALUES];
    ngx_uint_t                 n;
} input_t;


typedef struct {
    u_char                    *text[3];
    size_t                     len[3];
    json_t                    *json[2];
    ngx_uint_t                 alg;
} oracle_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned int seed);

/* not there where a corpus is replayed */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size,
    size_t max);


/* beside the secret: keys of RFC 7515 A.3 and RFC 8037 A.2 */

static const char  keys[] =
    "{\"keys\":[{%s},{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"ec\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";


static const char  *snippets[] = {
    "\"alg\":\"HS256\"", "\"alg\":\"HS384\"", "\"alg\":\"ES256\"",
    "\"alg\":\"EdDSA\"", "\"alg\":\"none\"", "\"\\u0061lg\":\"HS256\"",
    "\"alg\":\"HS\\u00325\\u0036\"", "\"kid\":\"h\"", "\"kid\":\"\"",
    "\"kid\":\"\\u0068\"", "\"kid\":\"ec\"", "\"kid\":7", "\"kid\":null",
    "\"typ\":\"JWT\"", "\"typ\":\"application/at+jwt\"", "\"typ\":1",
    "\"crit\":[]", "\"b64\":false", "\"jwk\":{}", "\"jku\":\"x\"",
    "\"x5u\":\"x\"", "\"cri\\u0074\":[]", "\"x5c\":[]",
    "\"exp\":4102444800", "\"exp\":1700000000", "\"exp\":1.7e9",
    "\"exp\":253402300799", "\"exp\":253402300800", "\"exp\":\"1\"",
    "\"nbf\":1700000000.5", "\"nbf\":-1", "\"nbf\":true", "\"iat\":0",
    "\"iat\":1e400", "\"iat\":1e-400", "\"iss\":\"i\"", "\"iss\":[\"i\"]",
    "\"iss\":1", "\"aud\":\"a\"", "\"aud\":[\"a\",\"b\"]", "\"aud\":[]",
    "\"aud\":[1,null,[\"a\"]]", "\"aud\":{}", "\"sub\":\"x y z\"",
    "\"a\":{\"b\":[1,\"\x7f\",{\"c\":null}]}", "\"n\":1.0", "\"n\":-0",
    "\"s\":\"\\u0000\\u007f\\n\"", "\"s\":\"a\\u0020b\"",
    "\"s\":\"\\ud83d\\ude00\"", "\"d\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"
};


static ngx_gw_jwk_set_t  *set;
static ngx_array_t       *issuers, *audiences, *types;


static void
list(ngx_array_t **array, ngx_pool_t *pool, const char *first,
    const char *second)
{
    ngx_str_t  *s;

    *array = ngx_array_create(pool, 2, sizeof(ngx_str_t));
    s = ngx_array_push_n(*array, 2);

    s[0] = help_str(first);
    s[1] = help_str(second);
}


static void
set_up(void)
{
    ngx_str_t           text;
    ngx_pool_t         *pool;
    ngx_gw_jwk_load_t   load;

    if (set) {
        return;
    }

    ngx_gw_json_init(0x1234567890abcdef);

    pool = ngx_create_pool(4096, &ngx_stub_log);

    list(&issuers, pool, "i", "https://idp.example/");
    list(&audiences, pool, "a", "orders");
    list(&types, pool, "jwt", "at+jwt");

    ngx_memzero(&load, sizeof(ngx_gw_jwk_load_t));
    load.pool = pool;
    load.log = &ngx_stub_log;
    load.strict = 1;

    text = help_str(help_printf(keys, help_jwk(help_key("oct"),
                                               ",\"kid\":\"h\"")));

    set = ngx_gw_jwk_load(&load, &text);
    must(set && set->nkeys == 3);
}


static void
split(input_t *in, const u_char *p, size_t size)
{
    const u_char  *last, *end;

    ngx_memzero(in, sizeof(input_t));

    for (last = p + size; in->n < 2 + MAX_VALUES; p = end + 1) {
        end = memchr(p, '\n', last - p);

        if (end == NULL || in->n == 1 + MAX_VALUES) {
            end = last;
        }

        in->lines[in->n].data = (u_char *) p;
        in->lines[in->n++].len = end - p;

        if (end == last) {
            break;
        }
    }
}


/* bytes, or NULL; plain and slow */

static u_char *
decode(const u_char *p, size_t len, size_t *n)
{
    u_char       *dst;
    size_t        i;
    uint32_t      bits;
    const char   *q;

    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789-_";

    dst = malloc(len + 1);
    bits = 0;
    *n = 0;

    for (i = 0; i < len; i++) {
        q = p[i] ? strchr(alphabet, p[i]) : NULL;

        if (q == NULL) {
            break;
        }

        bits = bits << 6 | (uint32_t) (q - alphabet);

        if (i % 4) {
            dst[(*n)++] = (u_char) (bits >> (6 - i % 4 * 2));
        }
    }

    if (i < len || len % 4 == 1 || (len % 4 == 2 && (bits & 15))
        || (len % 4 == 3 && (bits & 3)))
    {
        free(dst);
        return NULL;
    }

    return dst;
}


static ngx_uint_t
depth(json_t *value)
{
    size_t       i;
    json_t      *item;
    ngx_uint_t   n, d;
    const char  *name;

    d = 0;

    if (json_is_object(value)) {
        json_object_foreach(value, name, item) {
            n = depth(item);
            d = ngx_max(d, n);
        }

    } else if (json_is_array(value)) {
        json_array_foreach(value, i, item) {
            n = depth(item);
            d = ngx_max(d, n);
        }

    } else {
        return 0;
    }

    return d + 1;
}


/* the JSON object of a part */

static ngx_uint_t
oracle_json(oracle_t *o, ngx_uint_t i)
{
    json_error_t  err;

    /* jansson loses a NUL byte that it reads twice, as behind a number */

    if (memchr(o->text[i], '\0', o->len[i]) != NULL) {
        return NGX_GW_JWT_MALFORMED;
    }

    o->json[i] = json_loadb((char *) o->text[i], o->len[i],
                            JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL, &err);

    if (o->json[i] == NULL) {
        return (json_error_code(&err) == json_error_numeric_overflow
                || json_error_code(&err) == json_error_null_byte_in_key)
               ? UNSURE : NGX_GW_JWT_MALFORMED;
    }

    return json_is_object(o->json[i])
           && depth(o->json[i]) <= NGX_GW_JWT_MAX_DEPTH
           ? NGX_GW_JWT_PASSED : NGX_GW_JWT_MALFORMED;
}


static ngx_uint_t
oracle_header(oracle_t *o)
{
    json_t      *alg, *value;
    ngx_uint_t   i;

    static const char  *barred[] = { "crit", "b64", "jwk", "jku", "x5u" };

    for (i = 0; i < 5; i++) {
        if (json_object_get(o->json[0], barred[i])) {
            return NGX_GW_JWT_UNSUPPORTED;
        }
    }

    alg = json_object_get(o->json[0], "alg");

    if (!json_is_string(alg)) {
        return NGX_GW_JWT_MALFORMED;
    }

    for (i = 0; i < NGX_GW_JWA_N; i++) {
        if (json_string_length(alg) == ngx_gw_jwas[i].name.len
            && memcmp(json_string_value(alg), ngx_gw_jwas[i].name.data,
                      ngx_gw_jwas[i].name.len) == 0)
        {
            break;
        }
    }

    if (i == NGX_GW_JWA_N) {
        return NGX_GW_JWT_UNSUPPORTED;
    }

    o->alg = i;

    value = json_object_get(o->json[0], "typ");

    if (value && !json_is_string(value)) {
        return NGX_GW_JWT_MALFORMED;
    }

    value = json_object_get(o->json[0], "kid");

    return (value && !json_is_string(value)) ? NGX_GW_JWT_MALFORMED
                                             : NGX_GW_JWT_PASSED;
}


static ngx_uint_t
oracle_times(oracle_t *o)
{
    double       d;
    json_t      *value;
    ngx_uint_t   i, status;

    static const char  *names[] = { "exp", "nbf", "iat" };

    status = NGX_GW_JWT_PASSED;

    for (i = 0; i < 3; i++) {
        value = json_object_get(o->json[1], names[i]);

        if (value == NULL) {
            continue;
        }

        if (!json_is_number(value)) {
            return NGX_GW_JWT_MALFORMED;
        }

        d = json_number_value(value) * 1000;
        d = d < 0 ? -d : d;

        if (d > 1.0001 * NGX_GW_JWT_MAX_TIME) {
            return NGX_GW_JWT_MALFORMED;
        }

        if (d > 0.9999 * NGX_GW_JWT_MAX_TIME) {
            status = UNSURE;
        }
    }

    return status;
}


/* what is to be said of the token */

static ngx_uint_t
oracle(oracle_t *o, ngx_str_t *token)
{
    u_char      *p, *last, *end;
    ngx_uint_t   i, dots, status, part;

    dots = 0;

    for (i = 0; i < token->len; i++) {
        dots += (token->data[i] == '.');
    }

    if (dots != 2) {
        return dots == 4 && memchr(token->data, ' ', token->len) == NULL
               ? NGX_GW_JWT_UNSUPPORTED : NGX_GW_JWT_MALFORMED;
    }

    p = token->data;
    last = p + token->len;
    status = NGX_GW_JWT_PASSED;

    for (i = 0; i < 3; i++, p = end + 1) {
        end = memchr(p, '.', last - p);

        if (end == NULL) {
            end = last;
        }

        o->text[i] = decode(p, end - p, &o->len[i]);

        if (o->text[i] == NULL) {
            return status == UNSURE ? UNSURE : NGX_GW_JWT_MALFORMED;
        }

        if (i == 2) {
            break;
        }

        part = oracle_json(o, i);

        if (part == NGX_GW_JWT_PASSED) {
            part = (i == 0) ? oracle_header(o) : oracle_times(o);
        }

        if (part == UNSURE) {
            status = UNSURE;

            if (o->json[i] == NULL) {
                return UNSURE;
            }

        } else if (part != NGX_GW_JWT_PASSED) {
            return status == UNSURE ? UNSURE : part;
        }
    }

    return status;
}


static void
oracle_free(oracle_t *o)
{
    ngx_uint_t  i;

    for (i = 0; i < 3; i++) {
        free(o->text[i]);
    }

    json_decref(o->json[0]);
    json_decref(o->json[1]);
}


static void
check_time(json_t *json, const char *name, int64_t ms)
{
    double   d;
    json_t  *value;

    value = json_object_get(json, name);

    if (value == NULL) {
        must(ms == NGX_GW_JWT_NO_TIME);
        return;
    }

    must(ms <= NGX_GW_JWT_MAX_TIME && ms >= -NGX_GW_JWT_MAX_TIME);

    d = json_number_value(value) * 1000 - (double) ms;
    must(d > -0.1 && d < 1.1);
}


static void
check_parsed(ngx_gw_jwt_t *jwt, oracle_t *o)
{
    json_t      *value;
    ngx_str_t    s;

    must(jwt->alg == o->alg);

    must(jwt->header.len == o->len[0]
         && memcmp(jwt->header.data, o->text[0], o->len[0]) == 0);
    must(jwt->payload.len == o->len[1]
         && memcmp(jwt->payload.data, o->text[1], o->len[1]) == 0);
    must(jwt->signature.len == o->len[2]
         && memcmp(jwt->signature.data, o->text[2], o->len[2]) == 0);

    must(jwt->input.data == jwt->token.data
         && jwt->input.len < jwt->token.len
         && jwt->token.data[jwt->input.len] == '.'
         && memchr(jwt->token.data + jwt->input.len + 1, '.',
                   jwt->token.len - jwt->input.len - 1) == NULL);

    value = json_object_get(o->json[0], "kid");
    must((value == NULL) == (jwt->kid.data == NULL));

    if (value) {
        must(jwt->kid.len == json_string_length(value)
             && memcmp(jwt->kid.data, json_string_value(value),
                       jwt->kid.len) == 0);
    }

    value = json_object_get(o->json[0], "typ");
    must((value == NULL) == (jwt->typ == NGX_GW_JSON_NONE));

    value = json_object_get(o->json[1], "aud");
    must((value == NULL) == (jwt->aud == NGX_GW_JSON_NONE));

    value = json_object_get(o->json[1], "iss");
    must((value == NULL) == (jwt->iss == NGX_GW_JSON_NONE));

    if (value && json_is_string(value)) {
        s.data = (u_char *) json_string_value(value);
        s.len = json_string_length(value);
        must(ngx_gw_json_equal(&jwt->payload, jwt->iss, &s));
    }

    check_time(o->json[1], "exp", jwt->exp);
    check_time(o->json[1], "nbf", jwt->nbf);
    check_time(o->json[1], "iat", jwt->iat);
}


static void
check_verify(ngx_gw_jwt_t *jwt)
{
    u_char                mac[EVP_MAX_MD_SIZE];
    size_t                n;
    ngx_uint_t            status, same;
    ngx_gw_jwt_source_t   source, *sources[2];

    ngx_memzero(&source, sizeof(ngx_gw_jwt_source_t));
    source.set = set;
    sources[0] = &source;
    sources[1] = &source;

    status = ngx_gw_jwt_verify(jwt, sources, 2, NGX_GW_JWA_ALL);

    must(status == NGX_GW_JWT_PASSED || status == NGX_GW_JWT_UNKNOWN_KEY
         || status == NGX_GW_JWT_BAD_SIGNATURE);

    must(ngx_gw_jwt_verify(jwt, sources, 2,
                           NGX_GW_JWA_ALL & ~(1u << jwt->alg))
         == NGX_GW_JWT_UNSUPPORTED);

    must(ngx_gw_jwt_verify(jwt, sources, 0, NGX_GW_JWA_ALL)
         == NGX_GW_JWT_UNKNOWN_KEY);

    if (jwt->alg < NGX_GW_JWA_HS256 || jwt->alg > NGX_GW_JWA_HS512) {

        /* the two public keys: their signatures are in the corpus */

        must(status != NGX_GW_JWT_PASSED || jwt->alg == NGX_GW_JWA_ES256
             || jwt->alg == NGX_GW_JWA_EDDSA
             || jwt->alg == NGX_GW_JWA_ED25519);
        return;
    }

    n = help_sign(jwt->alg, help_key("oct"), jwt->input.data, jwt->input.len,
                  mac);
    same = n == jwt->signature.len
           && CRYPTO_memcmp(mac, jwt->signature.data, n) == 0
           && (jwt->kid.data == NULL
               || (jwt->kid.len == 1 && jwt->kid.data[0] == 'h'));

    must(same == (status == NGX_GW_JWT_PASSED));

    source.issuer = help_str("i");
    must((ngx_gw_jwt_verify(jwt, sources, 1, NGX_GW_JWA_ALL)
          == NGX_GW_JWT_PASSED)
         == (same && ngx_gw_jwt_eligible(jwt, &source)));
}


static void
check_text(ngx_gw_json_t *json, ngx_uint_t node, json_t *value,
    ngx_pool_t *pool)
{
    size_t        i;
    json_t       *back;
    ngx_int_t     type;
    ngx_str_t     text;

    type = json->nodes[node].type;

    must(ngx_gw_jwt_claim_text(json, node, pool, &text) == NGX_OK);

    for (i = 0; i < text.len; i++) {
        must(text.data[i] >= 0x20 && text.data[i] != 0x7f);
    }

    if (type == NGX_GW_JSON_STRING && value
        && strcspn(json_string_value(value), "\x7f") == text.len)
    {
        for (i = 0; i < text.len; i++) {
            if ((u_char) json_string_value(value)[i] < 0x20) {
                break;
            }
        }

        must(i < text.len
             || memcmp(json_string_value(value), text.data, i) == 0);
    }

    if (type != NGX_GW_JSON_ARRAY && type != NGX_GW_JSON_OBJECT) {
        return;
    }

    must(ngx_gw_jwt_claim_json(json, node, pool, &text) == NGX_OK);

    for (i = 0; i < text.len; i++) {
        must(text.data[i] >= 0x20 && text.data[i] != 0x7f);
    }

    if (value) {
        back = json_loadb((char *) text.data, text.len, JSON_ALLOW_NUL, NULL);
        must(back && json_equal(back, value));
        json_decref(back);
    }
}


/* walks nodes and values; returns the node behind */

static ngx_uint_t
check_texts(ngx_gw_json_t *json, ngx_uint_t node, json_t *value,
    ngx_pool_t *pool)
{
    char                *name;
    json_t              *child;
    ngx_uint_t           i, next;
    ngx_gw_json_t        part;
    ngx_gw_json_node_t  *n, fake;

    check_text(json, node, value, pool);

    n = &json->nodes[node];
    next = node + 1;

    if (n->type != NGX_GW_JSON_OBJECT && n->type != NGX_GW_JSON_ARRAY) {
        return next;
    }

    for (i = 0; i < n->count; i++) {

        if (n->type == NGX_GW_JSON_ARRAY) {
            child = json_array_get(value, i);

        } else {
            fake = json->nodes[next];
            fake.pos = fake.name;
            fake.len = fake.nlen;
            fake.type = NGX_GW_JSON_STRING;
            fake.flags = (fake.flags & NGX_GW_JSON_NAME_ESC)
                         ? NGX_GW_JSON_VALUE_ESC : 0;
            part = *json;
            part.nodes = &fake;

            name = malloc(fake.len + 1);
            *ngx_gw_json_unescape(&part, 0, (u_char *) name) = '\0';
            child = json_object_get(value, name);
            free(name);
        }

        next = check_texts(json, next, child, pool);
    }

    return next;
}


static void
check_rules(ngx_gw_json_t *json, input_t *in, ngx_pool_t *pool)
{
    ngx_uint_t           i, n, op, any, all, one, has[MAX_VALUES];
    ngx_uint_t           results[NGX_GW_JWT_NOPS];
    ngx_str_t           *values;
    ngx_gw_json_path_t   path;

    if (in->n < 3
        || ngx_gw_json_path_compile(pool, &in->lines[1], &path) != NGX_OK)
    {
        return;
    }

    values = &in->lines[2];
    n = in->n - 2;

    for (op = 0; op < NGX_GW_JWT_NOPS; op++) {
        one = (op >= NGX_GW_JWT_OP_GT && op <= NGX_GW_JWT_OP_HAS);
        results[op] = ngx_gw_jwt_claim_test(json, &path, op, values,
                                            one ? 1 : n);
        must(results[op] <= 1);
    }

    must(!(results[NGX_GW_JWT_OP_EQ] && results[NGX_GW_JWT_OP_NE]));
    must(!(results[NGX_GW_JWT_OP_GT] && results[NGX_GW_JWT_OP_LT]));
    must(!(results[NGX_GW_JWT_OP_GT] && results[NGX_GW_JWT_OP_LE]));
    must(!(results[NGX_GW_JWT_OP_LT] && results[NGX_GW_JWT_OP_GE]));
    must(!results[NGX_GW_JWT_OP_GT] || results[NGX_GW_JWT_OP_GE]);
    must(!results[NGX_GW_JWT_OP_LT] || results[NGX_GW_JWT_OP_LE]);

    any = 0;
    all = 1;

    for (i = 0; i < n; i++) {
        has[i] = ngx_gw_jwt_claim_test(json, &path, NGX_GW_JWT_OP_HAS,
                                       &values[i], 1);
        any |= has[i];
        all &= has[i];
    }

    must(results[NGX_GW_JWT_OP_ANY] == any);
    must(results[NGX_GW_JWT_OP_HAS] == has[0]);

    /* of what does not exist nothing is true */

    if (ngx_gw_json_path_get(json, &path, &i) != NGX_OK) {
        for (op = 0; op < NGX_GW_JWT_NOPS; op++) {
            must(results[op] == 0);
        }

        return;
    }

    must(results[NGX_GW_JWT_OP_ALL] == all);

    if (json->nodes[i].type == NGX_GW_JSON_STRING && n == 1) {
        must(results[NGX_GW_JWT_OP_EQ] != results[NGX_GW_JWT_OP_NE]);
        must(results[NGX_GW_JWT_OP_EQ]
             == ngx_gw_json_equal(json, i, &values[0]));
    }
}


static void
check_judge(ngx_gw_jwt_t *jwt)
{
    ngx_uint_t          i, status;
    ngx_gw_jwt_rules_t  rules;

    for (i = 0; i < 8; i++) {
        ngx_memzero(&rules, sizeof(ngx_gw_jwt_rules_t));

        rules.types = (i & 1) ? types : NULL;
        rules.issuers = (i & 2) ? issuers : NULL;
        rules.audiences = (i & 2) ? audiences : NULL;
        rules.leeway = (i & 1) ? 60 : 0;
        rules.max_lifetime = (i & 4) ? 3600 : 0;
        rules.require_exp = (i & 4) ? 1 : 0;

        status = ngx_gw_jwt_judge(jwt, &rules, NOW);

        if (status != NGX_GW_JWT_PASSED) {
            must(status >= NGX_GW_JWT_EXPIRED
                 && status <= NGX_GW_JWT_BAD_TYPE);
            continue;
        }

        must(jwt->exp == NGX_GW_JWT_NO_TIME
             || jwt->exp > NOW - rules.leeway * 1000);
        must(jwt->exp != NGX_GW_JWT_NO_TIME || !rules.require_exp);
        must(jwt->nbf == NGX_GW_JWT_NO_TIME
             || jwt->nbf <= NOW + rules.leeway * 1000);
        must(jwt->iat == NGX_GW_JWT_NO_TIME
             || jwt->iat <= NOW + rules.leeway * 1000);
        must(!rules.max_lifetime || jwt->exp - jwt->iat <= 3600 * 1000);
        must(!rules.types || jwt->typ != NGX_GW_JSON_NONE);
        must(!rules.issuers || jwt->iss != NGX_GW_JSON_NONE);
        must(!rules.audiences || jwt->aud != NGX_GW_JSON_NONE);
    }
}


/* the token's copy says the same after the parser has been overwritten */

static void
check_cache(ngx_gw_jwt_t *jwt, ngx_gw_jwt_parser_t *parser, json_t **json,
    ngx_pool_t *pool)
{
    ngx_str_t            token;
    ngx_gw_jwt_cache_t   cache;
    ngx_gw_jwt_entry_t  *entry, *found;

    token = jwt->token;

    ngx_gw_jwt_cache_init(&cache, 2, 1024 * 1024, 7);

    entry = ngx_gw_jwt_cache_add(&cache, jwt, 1, &ngx_stub_log);
    must(entry);

    found = ngx_gw_jwt_cache_find(&cache, &token, 1);
    must(found == entry || entry->size > 1024 * 1024);
    must(ngx_gw_jwt_cache_find(&cache, &token, 2) == NULL);

    if (found) {
        ngx_gw_jwt_cache_release(found);
    }

    ngx_gw_jwt_cache_done(&cache);
    ngx_gw_jwt_parser_done(parser);

    (void) check_texts(&entry->jwt.header, 0, json[0], pool);
    (void) check_texts(&entry->jwt.payload, 0, json[1], pool);
    check_judge(&entry->jwt);

    ngx_gw_jwt_cache_release(entry);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *copy;
    input_t                 in;
    oracle_t                o;
    ngx_str_t               token;
    ngx_uint_t              status, wanted;
    ngx_pool_t             *pool;
    ngx_gw_jwt_t            jwt;
    ngx_gw_jwt_parser_t     parser;

    set_up();

    if (size == 0) {
        return 0;
    }

    split(&in, data, size);

    token.len = in.lines[0].len;
    token.data = copy = malloc(token.len + (token.len == 0));
    memcpy(copy, in.lines[0].data, token.len);

    pool = ngx_create_pool(4096, &ngx_stub_log);

    ngx_memzero(&o, sizeof(oracle_t));
    wanted = oracle(&o, &token);

    ngx_memset(&jwt, 0xa5, sizeof(ngx_gw_jwt_t));
    ngx_gw_jwt_parser_init(&parser);

    status = ngx_gw_jwt_parse(&parser, &token, &jwt, &ngx_stub_log);

    must(status == NGX_GW_JWT_PASSED || status == NGX_GW_JWT_MALFORMED
         || status == NGX_GW_JWT_UNSUPPORTED);
    must(status == wanted || wanted == UNSURE);

    if (status == NGX_GW_JWT_PASSED && wanted != UNSURE) {
        check_parsed(&jwt, &o);
    }

    if (status == NGX_GW_JWT_PASSED) {
        check_verify(&jwt);
        check_judge(&jwt);
        check_rules(&jwt.header, &in, pool);
        check_rules(&jwt.payload, &in, pool);
        (void) check_texts(&jwt.header, 0, o.json[0], pool);
        (void) check_texts(&jwt.payload, 0, o.json[1], pool);
        check_cache(&jwt, &parser, o.json, pool);
    }

    ngx_gw_jwt_parser_done(&parser);
    ngx_destroy_pool(pool);
    oracle_free(&o);
    free(copy);

    return 0;
}


/* puts a snippet behind or before a brace, or in place of everything */

static size_t
insert(u_char *text, size_t len, size_t max)
{
    size_t       n, at;
    const char  *s;

    s = snippets[rand() % (sizeof(snippets) / sizeof(snippets[0]))];
    n = strlen(s) + 1;

    if (len + n + 2 > max) {
        return len;
    }

    if (len < 2 || rand() % 8 == 0) {
        return sprintf((char *) text, "{%s}", s);
    }

    if (rand() % 2) {
        at = 1;
        memmove(text + at + n, text + at, len - at);
        memcpy(text + at, s, n - 1);
        text[at + n - 1] = ',';

    } else {
        at = len - 1;
        memmove(text + at + n, text + at, len - at);
        text[at] = ',';
        memcpy(text + at + 1, s, n - 1);
    }

    return len + n;
}


/* one part of the token is decoded, changed and encoded again */

static size_t
mutate_token(const u_char *p, size_t len, u_char *dst, size_t max)
{
    u_char         *text[3], *q;
    size_t          i, n, lens[3], total, part;
    const u_char   *end, *last;
    u_char          mac[EVP_MAX_MD_SIZE];

    q = NULL;
    total = 0;
    last = p + len;
    part = rand() % 8;
    part = (part < 3) ? 0 : (part < 7) ? 1 : 2;

    for (i = 0; i < 3; i++, p = end < last ? end + 1 : last) {
        end = (i < 2 && p < last) ? memchr(p, '.', last - p) : last;

        if (end == NULL) {
            end = last;
        }

        q = decode(p, end - p, &n);

        text[i] = malloc(max + 64);
        lens[i] = 0;

        if (q && n <= max) {
            memcpy(text[i], q, n);
            lens[i] = n;
        }

        free(q);

        if (i == part) {
            lens[i] = (rand() % 2 && i < 2)
                      ? insert(text[i], lens[i], max)
                      : LLVMFuzzerMutate(text[i], lens[i], max);
        }
    }

    for (i = 0; i < 3; i++) {

        if (i == 2 && rand() % 2) {
            lens[2] = help_sign(NGX_GW_JWA_HS256, help_key("oct"), dst, total,
                                mac);
            memcpy(text[2], mac, lens[2]);
        }

        if (lens[i] >= HELP_MAX / 2
            || total + ngx_base64_encoded_length(lens[i]) + 1 > max)
        {
            total = 0;
            break;
        }

        if (i) {
            dst[total++] = '.';
        }

        n = strlen(help_base64url(text[i], lens[i]));
        memcpy(dst + total, help_base64url(text[i], lens[i]), n);
        total += n;
    }

    for (i = 0; i < 3; i++) {
        free(text[i]);
    }

    return total;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
    unsigned int seed)
{
    u_char   *token, *tail, *copy;
    size_t    n, m;

    srand(seed);

    tail = size ? memchr(data, '\n', size) : NULL;
    n = tail ? (size_t) (tail - data) : size;

    switch (rand() % 8) {

    case 0:
        return LLVMFuzzerMutate(data, size, max);

    case 1:

        /* the lines behind the token alone */

        if (n + 2 > max) {
            return LLVMFuzzerMutate(data, size, max);
        }

        if (n == size) {
            data[size++] = '\n';
        }

        return n + 1 + LLVMFuzzerMutate(data + n + 1, size - n - 1,
                                        max - n - 1);

    default:
        token = malloc(max + 1);
        copy = malloc(size + 1);
        memcpy(copy, data, size);

        m = mutate_token(data, n, token, max);

        if (m == 0 || m + size - n > max) {
            free(token);
            free(copy);
            return LLVMFuzzerMutate(data, size, max);
        }

        memcpy(data, token, m);
        memcpy(data + m, copy + n, size - n);

        free(token);
        free(copy);

        return m + size - n;
    }
}
