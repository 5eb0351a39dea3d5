/* unit: ngx_gw_auth/ngx_gw_*.c ngx_gw_common/ngx_gw_*.c t/unit/jwt_help.c */

/*
 * ngx_gw_jwa: signatures made by OpenSSL itself, and every way to spoil them;
 * the examples of RFC 7515 and RFC 8037, whose payload need not be JSON.
 */


#include "ngx_gw_jwk.h"
#include "ngx_gw_base64url.h"
#include "jwt_help.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>


typedef struct {
    const char   *name;
    const char   *jwk;
    ngx_uint_t    alg;
    const char   *token;
} vector_t;


static const char  message[] = "header.payload, for all that matters here";


static const vector_t  vectors[] = {

    { "RFC 7515 A.1",
      "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"
      "-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}", NGX_GW_JWA_HS256,
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAi"
      "OjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBj"
      "ftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" },

    { "RFC 7515 A.2",
      "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4f"
      "Akd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
      "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63k"
      "paSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD"
      "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethF"
      "kMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"}", NGX_GW_JWA_RS256,
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogI"
      "mh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EG"
      "rhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5ju"
      "jGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6x"
      "BArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOk"
      "HWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"
      "XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },

    { "RFC 7515 A.3",
      "{\"kty\":\"EC\",\"crv\":\"P-256\","
      "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
      "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
      NGX_GW_JWA_ES256,
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogI"
      "mh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOy"
      "KAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },

    { "RFC 7515 A.4, of \"Payload\"",
      "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDC"
      "LLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\","
      "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL"
      "4Kkd0AZMaZmh9ubmf63e3kyMj2\"}", NGX_GW_JWA_ES512,
      "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_Ux"
      "Mi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2Y"
      "BJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn" },

    { "RFC 8037 A.5, of \"Example of Ed25519 signing\"",
      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
      "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
      NGX_GW_JWA_EDDSA,
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP"
      "0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0"
      "KAg" }
};


static ngx_gw_jwk_set_t *
load(ngx_pool_t *pool, const char *text)
{
    ngx_str_t          s;
    ngx_gw_jwk_set_t  *set;
    ngx_gw_jwk_load_t  load;

    ngx_memzero(&load, sizeof(ngx_gw_jwk_load_t));

    load.pool = pool;
    load.log = &ngx_stub_log;
    load.name = help_str("k");
    load.strict = 1;

    s = help_str(text);
    set = ngx_gw_jwk_load(&load, &s);

    if (set == NULL) {
        printf("# %.*s\n", (int) load.error.len, (char *) load.error.data);
    }

    return set;
}


/* verified with the signature before a guard page */

static ngx_int_t
verify(ngx_gw_jwk_t *key, ngx_uint_t alg, const void *data, size_t len,
    const u_char *sig, size_t n)
{
    ngx_int_t  rc;
    ngx_str_t  text, signature;

    text.data = (u_char *) data;
    text.len = len;
    signature.data = unit_guard_end(sig, n);
    signature.len = n;

    rc = ngx_gw_jwk_verify(key, alg, &text, &signature);

    if (ERR_peek_error() != 0) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    return rc;
}


static void
test_vectors(void)
{
    size_t             n;
    u_char             sig[512];
    ngx_uint_t         i;
    ngx_pool_t        *pool;
    const char        *dot;
    const vector_t    *v;
    ngx_gw_jwk_set_t  *set;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        v = &vectors[i];

        pool = ngx_create_pool(4096, &ngx_stub_log);
        set = load(pool, v->jwk);

        dot = strrchr(v->token, '.');
        n = strlen(dot + 1);

        unit_ok(ngx_gw_base64url_decode(sig, (u_char *) dot + 1, n) == NGX_OK,
                "%s: decodes", v->name);

        n = ngx_gw_base64url_decoded_length(n);

        unit_ok(set && set->nkeys == 1
                && verify(set->keys, v->alg, v->token, dot - v->token, sig, n)
                   == NGX_OK,
                "%s: verifies", v->name);

        sig[n / 2] ^= 1;

        unit_ok(set && verify(set->keys, v->alg, v->token, dot - v->token, sig,
                              n)
                       == NGX_DECLINED,
                "%s: not with a bit changed", v->name);

        ngx_destroy_pool(pool);
    }
}


/* r and s, one after the other, n bytes each */

static void
test_ecdsa(ngx_gw_jwk_t *key, ngx_uint_t alg, const u_char *good, size_t len,
    const char *name)
{
    int              ok, j;
    size_t           n;
    u_char           sig[256], der[256], *p;
    BIGNUM          *order, *s;
    EC_GROUP        *group;
    ECDSA_SIG       *ec;
    ngx_uint_t       i;

    static const int  curves[] = {
        NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1, NID_secp256k1
    };

    n = len / 2;

    group = EC_GROUP_new_by_curve_name(curves[alg - NGX_GW_JWA_ES256]);
    order = BN_dup(EC_GROUP_get0_order(group));
    s = BN_new();

    /* each of r and s: zero, the order, the order plus one, all ones, one */

    for (i = 0; i < 2; i++) {

        memcpy(sig, good, len);
        memset(sig + i * n, 0, n);
        unit_ok(verify(key, alg, message, sizeof(message), sig, len)
                == NGX_DECLINED, "%s: %s is 0", name, i ? "s" : "r");

        sig[i * n + n - 1] = 1;
        unit_ok(verify(key, alg, message, sizeof(message), sig, len)
                == NGX_DECLINED, "%s: %s is 1", name, i ? "s" : "r");

        BN_bn2binpad(order, sig + i * n, n);
        unit_ok(verify(key, alg, message, sizeof(message), sig, len)
                == NGX_DECLINED, "%s: %s is n", name, i ? "s" : "r");

        sig[i * n + n - 1]++;
        unit_ok(verify(key, alg, message, sizeof(message), sig, len)
                == NGX_DECLINED, "%s: %s is n + 1", name, i ? "s" : "r");

        memset(sig + i * n, 0xff, n);
        unit_ok(verify(key, alg, message, sizeof(message), sig, len)
                == NGX_DECLINED, "%s: %s is all ones", name, i ? "s" : "r");

        /* what fits its bytes, and is the same number modulo n */

        BN_bin2bn(good + i * n, n, s);
        BN_add(s, s, order);
        memcpy(sig, good, len);

        if (BN_bn2binpad(s, sig + i * n, n) > 0) {
            unit_ok(verify(key, alg, message, sizeof(message), sig, len)
                    == NGX_DECLINED, "%s: %s is more by n", name,
                    i ? "s" : "r");
        }
    }

    memset(sig, 0, len);
    unit_ok(verify(key, alg, message, sizeof(message), sig, len)
            == NGX_DECLINED, "%s: both are 0", name);

    /* n - s verifies as well: RFC 7518 does not forbid it */

    BN_bin2bn(good + n, n, s);
    BN_sub(s, order, s);
    memcpy(sig, good, len);
    BN_bn2binpad(s, sig + n, n);
    unit_ok(verify(key, alg, message, sizeof(message), sig, len) == NGX_OK,
            "%s: n - s for s", name);

    /* as OpenSSL writes it */

    ec = ECDSA_SIG_new();
    ECDSA_SIG_set0(ec, BN_bin2bn(good, n, NULL), BN_bin2bn(good + n, n, NULL));
    p = der;
    j = i2d_ECDSA_SIG(ec, &p);
    ECDSA_SIG_free(ec);

    unit_ok(verify(key, alg, message, sizeof(message), der, j)
            == NGX_DECLINED, "%s: in DER", name);

    memset(sig, 0, sizeof(sig));
    memcpy(sig, der, ngx_min((size_t) j, len));
    unit_ok(verify(key, alg, message, sizeof(message), sig, len)
            == NGX_DECLINED, "%s: in DER, cut to the length", name);

    /* r with leading zeros, which DER drops: found by trying */

    for (ok = 0, i = 0; i < 4096 && !ok; i++) {
        n = help_sign(alg, help_key_for(alg, 0), message, sizeof(message),
                      sig);
        ok = (sig[0] == 0 || sig[n / 2] == 0) && (n != 132 || i > 2);
    }

    unit_ok(ok && verify(key, alg, message, sizeof(message), sig, n)
                  == NGX_OK, "%s: a number with a leading zero", name);

    BN_free(order);
    BN_free(s);
    EC_GROUP_free(group);
}


static void
test_alg(ngx_uint_t alg)
{
    int                ok;
    char               name[16], *text, *jwk;
    size_t             len, i;
    u_char             sig[1100], bad[1100];
    ngx_uint_t         other;
    ngx_pool_t        *pool;
    help_key_t        *pair, *stranger;
    ngx_gw_jwk_t      *key, *wrong;
    ngx_gw_jwk_set_t  *set;

    sprintf(name, "%.*s", (int) ngx_gw_jwas[alg].name.len,
            (char *) ngx_gw_jwas[alg].name.data);

    pool = ngx_create_pool(4096, &ngx_stub_log);

    pair = help_key_for(alg, 0);
    stranger = help_key_for(alg, 1);

    jwk = help_jwk(pair, "");
    text = help_printf("{\"keys\":[{%s},{%s}]}", jwk, help_jwk(stranger, ""));

    set = load(pool, text);
    unit_ok(set && set->nkeys == 2, "%s: keys load", name);

    if (set == NULL) {
        ngx_destroy_pool(pool);
        return;
    }

    key = &set->keys[0];
    wrong = &set->keys[1];

    unit_ok((key->algs & (1u << alg)) && key->ctx[alg],
            "%s: is what the key may verify", name);

    len = help_sign(alg, pair, message, sizeof(message), sig);

    /* contexts are kept: the third must do what the first does */

    for (i = 0; i < 3; i++) {
        unit_ok(verify(key, alg, message, sizeof(message), sig, len) == NGX_OK,
                "%s: verifies, time %u", name, (unsigned int) i + 1);
        unit_ok(verify(wrong, alg, message, sizeof(message), sig, len)
                == NGX_DECLINED, "%s: not by another key, time %u", name,
                (unsigned int) i + 1);
    }

    unit_ok(verify(key, alg, message, sizeof(message) - 1, sig, len)
            == NGX_DECLINED, "%s: of less", name);

    /* RSA makes this slow; each byte of the others */

    ok = 1;

    for (i = 0; i < len * 8; i += (len > 140) ? 61 : 3) {
        memcpy(bad, sig, len);
        bad[i / 8] ^= 1 << i % 8;

        if (verify(key, alg, message, sizeof(message), bad, len)
            != NGX_DECLINED)
        {
            printf("# bit %u\n", (unsigned int) i);
            ok = 0;
        }
    }

    unit_ok(ok, "%s: with a bit changed", name);

    ok = 1;

    for (i = 0; i < len; i += (len > 140 && i > 2 && i + 5 < len) ? 5 : 1) {
        if (verify(key, alg, message, sizeof(message), sig, i)
            != NGX_DECLINED)
        {
            ok = 0;
        }
    }

    unit_ok(ok, "%s: cut short", name);

    ok = 1;

    for (i = 1; i < 70; i++) {
        memcpy(bad, sig, len);
        memset(bad + len, i % 2 ? 0 : 0xa5, i);

        if (verify(key, alg, message, sizeof(message), bad, len + i)
            != NGX_DECLINED)
        {
            ok = 0;
        }
    }

    unit_ok(ok, "%s: made longer", name);

    memset(bad, 0, sizeof(bad));
    memcpy(bad + 1, sig, len);
    unit_ok(verify(key, alg, message, sizeof(message), bad, len + 1)
            == NGX_DECLINED, "%s: behind a zero", name);

    memset(bad, 0, len);
    unit_ok(verify(key, alg, message, sizeof(message), bad, len)
            == NGX_DECLINED, "%s: zeros", name);

    memset(bad, 0xff, len);
    unit_ok(verify(key, alg, message, sizeof(message), bad, len)
            == NGX_DECLINED, "%s: ones", name);

    unit_ok(verify(key, alg, message, sizeof(message), sig, len) == NGX_OK,
            "%s: still verifies after all that", name);

    /* what another algorithm of the same key has made */

    for (other = 0; other < NGX_GW_JWA_N; other++) {

        if (other == alg || (key->algs & (1u << other)) == 0
            || ngx_gw_jwas[other].type == NGX_GW_JWK_OKP)
        {
            continue;
        }

        i = help_sign(other, pair, message, sizeof(message), bad);

        unit_ok(verify(key, alg, message, sizeof(message), bad, i)
                == NGX_DECLINED, "%s: not a signature of %.*s", name,
                (int) ngx_gw_jwas[other].name.len,
                (char *) ngx_gw_jwas[other].name.data);
    }

    if (ngx_gw_jwas[alg].type == NGX_GW_JWK_EC) {
        test_ecdsa(key, alg, sig, len, name);
    }

    ngx_destroy_pool(pool);
}


/* an empty message, and one longer than any buffer */

static void
test_lengths(void)
{
    size_t             i, n;
    u_char            *data, sig[1024];
    ngx_uint_t         alg, j;
    ngx_pool_t        *pool;
    ngx_gw_jwk_set_t  *set;

    static const size_t      lens[] = { 0, 1, 55, 56, 64, 111, 112, 128,
                                        100000 };
    static const ngx_uint_t  algs[] = { NGX_GW_JWA_RS384, NGX_GW_JWA_ES256,
                                        NGX_GW_JWA_HS256, NGX_GW_JWA_HS512,
                                        NGX_GW_JWA_EDDSA, NGX_GW_JWA_ED448 };

    data = malloc(100000);
    memset(data, 'x', 100000);

    for (j = 0; j < sizeof(algs) / sizeof(algs[0]); j++) {
        alg = algs[j];

        pool = ngx_create_pool(4096, &ngx_stub_log);
        set = load(pool, help_printf("{%s}", help_jwk(help_key_for(alg, 0),
                                                      "")));

        for (i = 0; set && i < sizeof(lens) / sizeof(lens[0]); i++) {
            n = help_sign(alg, help_key_for(alg, 0), data, lens[i], sig);

            unit_ok(verify(set->keys, alg, data, lens[i], sig, n) == NGX_OK
                    && verify(set->keys, alg, data, lens[i] ? lens[i] - 1 : 1,
                              sig, n)
                       == NGX_DECLINED,
                    "%.*s of %u bytes", (int) ngx_gw_jwas[alg].name.len,
                    (char *) ngx_gw_jwas[alg].name.data,
                    (unsigned int) lens[i]);
        }

        ngx_destroy_pool(pool);
    }

    free(data);
}


static void
test_names(void)
{
    char        text[32];
    ngx_uint_t  i;

    static const char  *bad[] = {
        "", "none", "None", "rs256", "RS256 ", "RS25", "RS2567", "HS1", "ES521",
        "ED25519", "EDDSA", "Ed25519ph", "RSA-OAEP", "A128KW", "dir", "HS"
    };

    for (i = 0; i < NGX_GW_JWA_N; i++) {
        memcpy(text, ngx_gw_jwas[i].name.data, ngx_gw_jwas[i].name.len);

        unit_ok(ngx_gw_jwa(unit_guard_end(text, ngx_gw_jwas[i].name.len),
                           ngx_gw_jwas[i].name.len) == i,
                "%.*s is known", (int) ngx_gw_jwas[i].name.len, text);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        unit_ok(ngx_gw_jwa(unit_guard_end(bad[i], strlen(bad[i])),
                           strlen(bad[i])) == NGX_GW_JWA_N,
                "\"%s\" is not", bad[i]);
    }

    unit_ok(ngx_gw_jwa((u_char *) "RS256\0", 6) == NGX_GW_JWA_N,
            "nor a name with a null byte");
}


/* a salt of another size than the hash: RFC 7518 section 3.5 */

static void
test_pss(void)
{
    int                salt;
    size_t             n;
    u_char             sig[512];
    ngx_uint_t         alg;
    EVP_MD_CTX        *ctx;
    ngx_pool_t        *pool;
    EVP_PKEY_CTX      *pctx;
    ngx_gw_jwk_set_t  *set;

    pool = ngx_create_pool(4096, &ngx_stub_log);
    set = load(pool, help_printf("{%s}", help_jwk(help_key("RSA"), "")));

    for (salt = 0; set && salt <= 64; salt += 16) {
        alg = NGX_GW_JWA_PS256;
        ctx = EVP_MD_CTX_new();
        n = sizeof(sig);

        EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL,
                           help_key("RSA")->pkey);
        EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt);
        EVP_DigestSign(ctx, sig, &n, (u_char *) message, sizeof(message));

        unit_ok(verify(set->keys, alg, message, sizeof(message), sig, n)
                == (salt == 32 ? NGX_OK : NGX_DECLINED),
                "PS256 with %d bytes of salt", salt);

        EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32);
        EVP_MD_CTX_free(ctx);
    }

    /* the right salt, MGF1 with another hash */

    ctx = EVP_MD_CTX_new();
    n = sizeof(sig);

    EVP_DigestSignInit(ctx, &pctx, EVP_sha256(), NULL, help_key("RSA")->pkey);
    EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32);
    EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, EVP_sha1());
    EVP_DigestSign(ctx, sig, &n, (u_char *) message, sizeof(message));

    unit_ok(set && verify(set->keys, NGX_GW_JWA_PS256, message,
                          sizeof(message), sig, n) == NGX_DECLINED,
            "PS256 with MGF1 of SHA-1");

    EVP_MD_CTX_free(ctx);
    ngx_destroy_pool(pool);
}


int
main(void)
{
    ngx_uint_t  alg;

    test_names();
    test_vectors();

    for (alg = 0; alg < NGX_GW_JWA_N; alg++) {
        test_alg(alg);
    }

    test_lengths();
    test_pss();

    return unit_done();
}
