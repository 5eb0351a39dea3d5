
#include "jwt_help.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>


#define HELP_NBUFFERS  64
#define HELP_NKEYS     32

#define help_must(x)                                                          \
    if (!(x)) {                                                               \
        fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);       \
        abort();                                                              \
    }


static const EVP_MD *help_md(ngx_uint_t alg);


static char *
help_buffer(void)
{
    static char        buffers[HELP_NBUFFERS][HELP_MAX];
    static ngx_uint_t  n;

    return buffers[n++ % HELP_NBUFFERS];
}


char *
help_printf(const char *fmt, ...)
{
    int      n;
    char    *p;
    va_list  args;

    p = help_buffer();

    va_start(args, fmt);
    n = vsnprintf(p, HELP_MAX, fmt, args);
    va_end(args);

    help_must(n >= 0 && n < HELP_MAX);

    return p;
}


char *
help_base64url(const void *data, size_t len)
{
    ngx_str_t  src, dst;

    help_must(ngx_base64_encoded_length(len) < HELP_MAX);

    src.data = (u_char *) data;
    src.len = len;
    dst.data = (u_char *) help_buffer();

    ngx_encode_base64url(&dst, &src);
    dst.data[dst.len] = '\0';

    return (char *) dst.data;
}


ngx_str_t
help_str(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return s;
}


help_key_t *
help_key(const char *name)
{
    size_t             i, len;
    EVP_PKEY          *pkey;
    ngx_uint_t         n;

    static u_char      secrets[HELP_NKEYS][64];
    static char        names[HELP_NKEYS][32];
    static help_key_t  keys[HELP_NKEYS];

    for (n = 0; n < HELP_NKEYS && names[n][0]; n++) {
        if (strcmp(names[n], name) == 0) {
            return &keys[n];
        }
    }

    help_must(n < HELP_NKEYS && strlen(name) < sizeof(names[0]));
    strcpy(names[n], name);

    len = strlen(name);

    if (len > 6 && strcmp(name + len - 6, "-other") == 0) {
        len -= 6;
    }

    if (strncmp(name, "oct", len) == 0) {
        for (i = 0; i < sizeof(secrets[n]); i++) {
            secrets[n][i] = (u_char) (i * 7 + n * 31 + 1);
        }

        keys[n].secret.data = secrets[n];
        keys[n].secret.len = sizeof(secrets[n]);

        return &keys[n];
    }

    if (strncmp(name, "RSA", len) == 0) {
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) 2048);

    } else if (strncmp(name, "Ed25519", len) == 0) {
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    } else if (strncmp(name, "Ed448", len) == 0) {
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");

    } else {
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC",
                                 strncmp(name, "secp256k1", len) == 0
                                 ? "secp256k1"
                                 : help_printf("%.*s", (int) len, name));
    }

    help_must(pkey);
    keys[n].pkey = pkey;

    return &keys[n];
}


help_key_t *
help_key_for(ngx_uint_t alg, ngx_uint_t other)
{
    static const char  *names[NGX_GW_JWA_N] = {
        "RSA", "RSA", "RSA", "RSA", "RSA", "RSA", "P-256", "P-384", "P-521",
        "secp256k1", "oct", "oct", "oct", "Ed25519", "Ed25519", "Ed448"
    };

    return help_key(help_printf("%s%s", names[alg], other ? "-other" : ""));
}


char *
help_jwk(help_key_t *key, const char *more)
{
    char        group[64], *x, *y;
    size_t      len;
    u_char      buf[1024];
    BIGNUM     *n, *e;
    ngx_uint_t  i;

    static const struct {
        const char  *group;
        const char  *crv;
        size_t       bytes;
    } curves[] = {
        { "prime256v1", "P-256", 32 },
        { "secp384r1", "P-384", 48 },
        { "secp521r1", "P-521", 66 },
        { "secp256k1", "secp256k1", 32 },
        { "secp224r1", "P-224", 28 }
    };

    if (key->pkey == NULL) {
        return help_printf("\"kty\":\"oct\",\"k\":\"%s\"%s",
                           help_base64url(key->secret.data, key->secret.len),
                           more);
    }

    n = NULL;
    e = NULL;

    switch (EVP_PKEY_get_base_id(key->pkey)) {

    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        help_must(EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n)
                  && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E,
                                           &e));

        len = BN_bn2bin(n, buf);
        x = help_base64url(buf, len);
        len = BN_bn2bin(e, buf);
        y = help_base64url(buf, len);

        BN_free(n);
        BN_free(e);

        return help_printf("\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"%s", x, y,
                           more);

    case EVP_PKEY_EC:
        help_must(EVP_PKEY_get_group_name(key->pkey, group, sizeof(group),
                                          &len)
                  && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X,
                                           &n)
                  && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y,
                                           &e));

        for (i = 0; strcmp(curves[i].group, group) != 0; i++) {
            help_must(i < 4);
        }

        len = curves[i].bytes;

        help_must(BN_bn2binpad(n, buf, len) == (int) len);
        x = help_base64url(buf, len);
        help_must(BN_bn2binpad(e, buf, len) == (int) len);
        y = help_base64url(buf, len);

        BN_free(n);
        BN_free(e);

        return help_printf("\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\","
                           "\"y\":\"%s\"%s", curves[i].crv, x, y, more);

    default:
        len = sizeof(buf);
        help_must(EVP_PKEY_get_raw_public_key(key->pkey, buf, &len) == 1);

        return help_printf("\"kty\":\"OKP\",\"crv\":\"%s\",\"x\":\"%s\"%s",
                           len == 32 ? "Ed25519" : "Ed448",
                           help_base64url(buf, len), more);
    }
}


char *
help_pem(help_key_t *key)
{
    BIO   *bio;
    char  *p;
    long   len;

    bio = BIO_new(BIO_s_mem());
    help_must(bio && PEM_write_bio_PUBKEY(bio, key->pkey) == 1);

    len = BIO_get_mem_data(bio, &p);
    p = help_printf("%.*s", (int) len, p);

    BIO_free(bio);

    return p;
}


static const EVP_MD *
help_md(ngx_uint_t alg)
{
    switch (alg) {

    case NGX_GW_JWA_RS384:
    case NGX_GW_JWA_PS384:
    case NGX_GW_JWA_ES384:
    case NGX_GW_JWA_HS384:
        return EVP_sha384();

    case NGX_GW_JWA_RS512:
    case NGX_GW_JWA_PS512:
    case NGX_GW_JWA_ES512:
    case NGX_GW_JWA_HS512:
        return EVP_sha512();

    case NGX_GW_JWA_EDDSA:
    case NGX_GW_JWA_ED25519:
    case NGX_GW_JWA_ED448:
        return NULL;

    default:
        return EVP_sha256();
    }
}


size_t
help_sign(ngx_uint_t alg, help_key_t *key, const void *data, size_t len,
    u_char *sig)
{
    size_t         n;
    u_char         der[1024];
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    static const size_t  coordinates[NGX_GW_JWA_N] = {
        0, 0, 0, 0, 0, 0, 32, 48, 66, 32, 0, 0, 0, 0, 0, 0
    };

    if (key->pkey == NULL) {
        unsigned int  mac;

        help_must(HMAC(help_md(alg), key->secret.data, key->secret.len, data,
                       len, sig, &mac));
        return mac;
    }

    ctx = EVP_MD_CTX_new();
    help_must(ctx);

    help_must(EVP_DigestSignInit(ctx, &pctx, help_md(alg), NULL, key->pkey)
              == 1);

    if (alg >= NGX_GW_JWA_PS256 && alg <= NGX_GW_JWA_PS512) {
        help_must(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0
                  && EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
                                                      RSA_PSS_SALTLEN_DIGEST)
                     > 0);
    }

    n = sizeof(der);
    help_must(EVP_DigestSign(ctx, der, &n, data, len) == 1);

    EVP_MD_CTX_free(ctx);

    if (coordinates[alg] == 0) {
        memcpy(sig, der, n);
        return n;
    }

    help_ecdsa_raw(der, n, sig, coordinates[alg]);

    return 2 * coordinates[alg];
}


void
help_ecdsa_raw(const u_char *der, size_t len, u_char *sig, size_t n)
{
    ECDSA_SIG     *ec;
    const BIGNUM  *r, *s;

    ec = d2i_ECDSA_SIG(NULL, &der, len);
    help_must(ec);

    ECDSA_SIG_get0(ec, &r, &s);
    help_must(BN_bn2binpad(r, sig, n) == (int) n
              && BN_bn2binpad(s, sig + n, n) == (int) n);

    ECDSA_SIG_free(ec);
}


char *
help_token(ngx_uint_t alg, help_key_t *key, const char *header,
    const char *payload)
{
    char    *input;
    size_t   n;
    u_char   sig[1024];

    input = help_printf("%s.%s", help_base64url(header, strlen(header)),
                        help_base64url(payload, strlen(payload)));

    n = help_sign(alg, key, input, strlen(input), sig);

    return help_printf("%s.%s", input, help_base64url(sig, n));
}
