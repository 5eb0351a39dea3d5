
/* Signatures by OpenSSL, with everything that can be kept kept. */


#include "ngx_gw_jwa.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>


#define NGX_GW_JWA_COORDINATE  66                /* P-521, bytes */

/* SEQUENCE with a length of two bytes, two INTEGERs with a sign byte */
#define NGX_GW_JWA_DER  (3 + 2 * (2 + 1 + NGX_GW_JWA_COORDINATE))


static EVP_PKEY_CTX *ngx_gw_jwa_pkey_ctx(ngx_uint_t alg, EVP_PKEY *pkey);
static EVP_MD_CTX *ngx_gw_jwa_eddsa_ctx(EVP_PKEY *pkey);
static size_t ngx_gw_jwa_hash(ngx_gw_jwa_digests_t *digests, ngx_uint_t alg,
    ngx_str_t *data, u_char *hash);
static size_t ngx_gw_jwa_ecdsa_der(u_char *der, u_char *sig, size_t n);
static u_char *ngx_gw_jwa_der_integer(u_char *p, u_char *v, size_t n);


const ngx_gw_jwa_t  ngx_gw_jwas[NGX_GW_JWA_N] = {

    { ngx_string("RS256"), NGX_GW_JWK_RSA, "SHA256", 32, 0 },
    { ngx_string("RS384"), NGX_GW_JWK_RSA, "SHA384", 48, 0 },
    { ngx_string("RS512"), NGX_GW_JWK_RSA, "SHA512", 64, 0 },
    { ngx_string("PS256"), NGX_GW_JWK_RSA, "SHA256", 32, 0 },
    { ngx_string("PS384"), NGX_GW_JWK_RSA, "SHA384", 48, 0 },
    { ngx_string("PS512"), NGX_GW_JWK_RSA, "SHA512", 64, 0 },
    { ngx_string("ES256"), NGX_GW_JWK_EC, "SHA256", 32, 32 },
    { ngx_string("ES384"), NGX_GW_JWK_EC, "SHA384", 48, 48 },
    { ngx_string("ES512"), NGX_GW_JWK_EC, "SHA512", 64, 66 },
    { ngx_string("ES256K"), NGX_GW_JWK_EC, "SHA256", 32, 32 },
    { ngx_string("HS256"), NGX_GW_JWK_OCT, "SHA256", 32, 0 },
    { ngx_string("HS384"), NGX_GW_JWK_OCT, "SHA384", 48, 0 },
    { ngx_string("HS512"), NGX_GW_JWK_OCT, "SHA512", 64, 0 },
    { ngx_string("EdDSA"), NGX_GW_JWK_OKP, NULL, 0, 0 },
    { ngx_string("Ed25519"), NGX_GW_JWK_OKP, NULL, 0, 0 },
    { ngx_string("Ed448"), NGX_GW_JWK_OKP, NULL, 0, 0 }
};


static const char  *ngx_gw_jwa_digests[NGX_GW_JWA_NDIGESTS] = {
    "SHA256", "SHA384", "SHA512"
};


ngx_uint_t
ngx_gw_jwa(u_char *name, size_t len)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_JWA_N; i++) {
        if (ngx_gw_jwas[i].name.len == len
            && ngx_memcmp(ngx_gw_jwas[i].name.data, name, len) == 0)
        {
            break;
        }
    }

    return i;
}


ngx_int_t
ngx_gw_jwa_digests_init(ngx_gw_jwa_digests_t *digests)
{
    EVP_MD      *md;
    ngx_int_t    rc;
    ngx_uint_t   i;

    rc = NGX_OK;
    ngx_memzero(digests, sizeof(ngx_gw_jwa_digests_t));

    for (i = 0; i < NGX_GW_JWA_NDIGESTS && rc == NGX_OK; i++) {
        md = EVP_MD_fetch(NULL, ngx_gw_jwa_digests[i], NULL);
        digests->ctx[i] = EVP_MD_CTX_new();

        if (md == NULL || digests->ctx[i] == NULL
            || EVP_DigestInit_ex2(digests->ctx[i], md, NULL) != 1)
        {
            rc = NGX_ERROR;
        }

        EVP_MD_free(md);
    }

    return rc;
}


void
ngx_gw_jwa_digests_free(ngx_gw_jwa_digests_t *digests)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_JWA_NDIGESTS; i++) {
        EVP_MD_CTX_free(digests->ctx[i]);
        digests->ctx[i] = NULL;
    }
}


void *
ngx_gw_jwa_ctx_public(ngx_uint_t alg, EVP_PKEY *pkey)
{
    if (ngx_gw_jwas[alg].type == NGX_GW_JWK_OKP) {
        return ngx_gw_jwa_eddsa_ctx(pkey);
    }

    return ngx_gw_jwa_pkey_ctx(alg, pkey);
}


static EVP_PKEY_CTX *
ngx_gw_jwa_pkey_ctx(ngx_uint_t alg, EVP_PKEY *pkey)
{
    int             pad;
    EVP_MD         *md;
    EVP_PKEY_CTX   *ctx;

    md = EVP_MD_fetch(NULL, ngx_gw_jwas[alg].digest, NULL);
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

    if (md == NULL || ctx == NULL || EVP_PKEY_verify_init(ctx) != 1) {
        goto failed;
    }

    if (ngx_gw_jwas[alg].type == NGX_GW_JWK_RSA) {
        pad = (alg >= NGX_GW_JWA_PS256) ? RSA_PKCS1_PSS_PADDING
                                         : RSA_PKCS1_PADDING;

        if (EVP_PKEY_CTX_set_rsa_padding(ctx, pad) != 1
            || EVP_PKEY_CTX_set_signature_md(ctx, md) != 1)
        {
            goto failed;
        }

        /* RFC 7518 section 3.5: MGF1 with that hash, a salt of its size */

        if (pad == RSA_PKCS1_PSS_PADDING
            && (EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) != 1
                || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
                                                    RSA_PSS_SALTLEN_DIGEST)
                   != 1))
        {
            goto failed;
        }
    }

    EVP_MD_free(md);

    return ctx;

failed:

    EVP_MD_free(md);
    EVP_PKEY_CTX_free(ctx);

    return NULL;
}


static EVP_MD_CTX *
ngx_gw_jwa_eddsa_ctx(EVP_PKEY *pkey)
{
    EVP_MD_CTX  *ctx;

    ctx = EVP_MD_CTX_new();

    if (ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) != 1) {
        EVP_MD_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


void *
ngx_gw_jwa_ctx_secret(ngx_uint_t alg, u_char *secret, size_t len)
{
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);

    if (ctx == NULL) {
        return NULL;
    }

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                             (char *) ngx_gw_jwas[alg].digest,
                                             0);
    params[1] = OSSL_PARAM_construct_end();

    if (EVP_MAC_init(ctx, secret, len, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }

    return ctx;
}


void
ngx_gw_jwa_ctx_free(ngx_uint_t alg, void *ctx)
{
    switch (ngx_gw_jwas[alg].type) {

    case NGX_GW_JWK_OCT:
        EVP_MAC_CTX_free(ctx);
        break;

    case NGX_GW_JWK_OKP:
        EVP_MD_CTX_free(ctx);
        break;

    default:
        EVP_PKEY_CTX_free(ctx);
    }
}


ngx_int_t
ngx_gw_jwa_verify(ngx_uint_t alg, void *ctx, ngx_gw_jwa_digests_t *digests,
    ngx_str_t *data, ngx_str_t *sig)
{
    int        rc;
    u_char     hash[EVP_MAX_MD_SIZE], der[NGX_GW_JWA_DER];
    size_t     len, n;
    EVP_PKEY  *pkey;

    rc = 0;

    switch (ngx_gw_jwas[alg].type) {

    case NGX_GW_JWK_RSA:
        len = ngx_gw_jwa_hash(digests, alg, data, hash);

        if (len) {
            rc = EVP_PKEY_verify(ctx, sig->data, sig->len, hash, len);
        }

        break;

    case NGX_GW_JWK_EC:
        if (sig->len != 2 * ngx_gw_jwas[alg].coordinate) {
            break;
        }

        len = ngx_gw_jwa_hash(digests, alg, data, hash);

        if (len) {
            n = ngx_gw_jwa_ecdsa_der(der, sig->data,
                                     ngx_gw_jwas[alg].coordinate);
            rc = EVP_PKEY_verify(ctx, der, n, hash, len);
        }

        break;

    case NGX_GW_JWK_OKP:
        /* a context is good for one verification, its key stays with it */

        pkey = EVP_PKEY_CTX_get0_pkey(EVP_MD_CTX_get_pkey_ctx(ctx));

        if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1) {
            rc = EVP_DigestVerify(ctx, sig->data, sig->len, data->data,
                                  data->len);
        }

        break;

    default: /* NGX_GW_JWK_OCT */
        if (sig->len == ngx_gw_jwas[alg].hash
            && EVP_MAC_init(ctx, NULL, 0, NULL) == 1
            && EVP_MAC_update(ctx, data->data, data->len) == 1
            && EVP_MAC_final(ctx, hash, &len, sizeof(hash)) == 1
            && len == sig->len)
        {
            rc = (CRYPTO_memcmp(hash, sig->data, len) == 0);
        }

        break;
    }

    if (rc != 1) {
        /* or nginx would find it and blame a TLS connection */
        ERR_clear_error();
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* bytes of the hash, or 0 */

static size_t
ngx_gw_jwa_hash(ngx_gw_jwa_digests_t *digests, ngx_uint_t alg,
    ngx_str_t *data, u_char *hash)
{
    EVP_MD_CTX    *ctx;
    unsigned int   len;

    /* 32, 48 or 64 bytes */

    ctx = digests->ctx[ngx_gw_jwas[alg].hash / 16 - 2];

    if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1
        || EVP_DigestUpdate(ctx, data->data, data->len) != 1
        || EVP_DigestFinal_ex(ctx, hash, &len) != 1)
    {
        return 0;
    }

    return len;
}


/*
 * A JWS has r and s of n bytes each, one behind the other (RFC 7518 section
 * 3.4); OpenSSL wants them as DER.  Returns the bytes written to der.
 */

static size_t
ngx_gw_jwa_ecdsa_der(u_char *der, u_char *sig, size_t n)
{
    u_char  *p, body[NGX_GW_JWA_DER];
    size_t   len;

    p = ngx_gw_jwa_der_integer(body, sig, n);
    p = ngx_gw_jwa_der_integer(p, sig + n, n);
    len = p - body;

    p = der;
    *p++ = 0x30;                   /* SEQUENCE */

    if (len > 0x7f) {
        *p++ = 0x81;               /* its length takes one byte more */
    }

    *p++ = (u_char) len;
    p = ngx_cpymem(p, body, len);

    return p - der;
}


static u_char *
ngx_gw_jwa_der_integer(u_char *p, u_char *v, size_t n)
{
    while (n > 1 && *v == 0) {
        v++;
        n--;
    }

    *p++ = 0x02;                   /* INTEGER, not negative */

    if (*v & 0x80) {
        *p++ = (u_char) (n + 1);
        *p++ = 0;

    } else {
        *p++ = (u_char) n;
    }

    return ngx_cpymem(p, v, n);
}
