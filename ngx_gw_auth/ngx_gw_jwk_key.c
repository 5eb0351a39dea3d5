
/* Keys as OpenSSL has them, and what each may verify. */


#include "ngx_gw_jwk_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>


/* larger moduli would let one token cost a worker milliseconds */
#define NGX_GW_JWK_RSA_MIN_BITS  2048
#define NGX_GW_JWK_RSA_E_BITS    64

#define NGX_GW_JWK_COORDINATE    66              /* P-521, bytes */


static ngx_int_t ngx_gw_jwk_key_fit_rsa(EVP_PKEY *pkey, const char **why);
static ngx_int_t ngx_gw_jwk_key_fit_curve(ngx_gw_jwk_t *key,
    const char *name, const char **why);
static EVP_PKEY *ngx_gw_jwk_key_make(const char *type, OSSL_PARAM *params);


#define NGX_GW_JWK_RS  (1u << NGX_GW_JWA_RS256 | 1u << NGX_GW_JWA_RS384       \
                        | 1u << NGX_GW_JWA_RS512)
#define NGX_GW_JWK_PS  (1u << NGX_GW_JWA_PS256 | 1u << NGX_GW_JWA_PS384       \
                        | 1u << NGX_GW_JWA_PS512)


const ngx_gw_jwk_curve_t  ngx_gw_jwk_curves[] = {

    { ngx_string("P-256"), "prime256v1", NGX_GW_JWK_EC, 32,
      1u << NGX_GW_JWA_ES256 },

    { ngx_string("P-384"), "secp384r1", NGX_GW_JWK_EC, 48,
      1u << NGX_GW_JWA_ES384 },

    { ngx_string("P-521"), "secp521r1", NGX_GW_JWK_EC, 66,
      1u << NGX_GW_JWA_ES512 },

    { ngx_string("secp256k1"), "secp256k1", NGX_GW_JWK_EC, 32,
      1u << NGX_GW_JWA_ES256K },

    { ngx_string("Ed25519"), "ED25519", NGX_GW_JWK_OKP, 32,
      1u << NGX_GW_JWA_EDDSA | 1u << NGX_GW_JWA_ED25519 },

    { ngx_string("Ed448"), "ED448", NGX_GW_JWK_OKP, 57,
      1u << NGX_GW_JWA_EDDSA | 1u << NGX_GW_JWA_ED448 },

    { ngx_null_string, NULL, 0, 0, 0 }
};


ngx_int_t
ngx_gw_jwk_key_rsa(ngx_gw_jwk_t *key, ngx_str_t *n, ngx_str_t *e,
    const char **why)
{
    BIGNUM          *bn, *be;
    OSSL_PARAM      *params;
    OSSL_PARAM_BLD  *bld;

    /* cheaper to see here than after all the work */

    if (n->len > NGX_GW_JWK_RSA_MAX_BITS / 8 + 1) {
        *why = "is an RSA key of more than 8192 bits";
        return NGX_ERROR;
    }

    params = NULL;
    bld = OSSL_PARAM_BLD_new();
    bn = BN_bin2bn(n->data, n->len, NULL);
    be = BN_bin2bn(e->data, e->len, NULL);

    if (bld && bn && be
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1
        && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
    {
        params = OSSL_PARAM_BLD_to_param(bld);
    }

    if (params) {
        key->pkey = ngx_gw_jwk_key_make("RSA", params);
        OSSL_PARAM_free(params);
    }

    OSSL_PARAM_BLD_free(bld);
    BN_free(bn);
    BN_free(be);

    if (key->pkey == NULL) {
        *why = "is no valid RSA key";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_jwk_key_ec(ngx_gw_jwk_t *key, const ngx_gw_jwk_curve_t *curve,
    u_char *x, u_char *y, const char **why)
{
    u_char      *p, point[1 + 2 * NGX_GW_JWK_COORDINATE];
    OSSL_PARAM   params[3];

    /* SEC 1 section 2.3.3: uncompressed; that it is on the curve is checked */

    p = point;
    *p++ = 0x04;
    p = ngx_cpymem(p, x, curve->bytes);
    p = ngx_cpymem(p, y, curve->bytes);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                 (char *) curve->group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                                  point, p - point);
    params[2] = OSSL_PARAM_construct_end();

    key->pkey = ngx_gw_jwk_key_make("EC", params);

    if (key->pkey == NULL) {
        *why = "is no point of its curve";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_jwk_key_okp(ngx_gw_jwk_t *key, const ngx_gw_jwk_curve_t *curve,
    u_char *x, const char **why)
{
    key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, curve->group, NULL, x,
                                               curve->bytes);
    if (key->pkey == NULL) {
        *why = "is no point of its curve";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static EVP_PKEY *
ngx_gw_jwk_key_make(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY      *pkey;
    EVP_PKEY_CTX  *ctx;

    pkey = NULL;
    ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);

    if (ctx == NULL
        || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
    {
        pkey = NULL;
    }

    EVP_PKEY_CTX_free(ctx);

    return pkey;
}


ngx_int_t
ngx_gw_jwk_key_pem(ngx_gw_jwk_t *key, const char *name, const u_char *der,
    long len, const char **why)
{
    X509  *cert;

    if (ngx_strcmp(name, "PUBLIC KEY") == 0) {
        key->pkey = d2i_PUBKEY(NULL, &der, len);

    } else if (ngx_strcmp(name, "RSA PUBLIC KEY") == 0) {
        key->pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, len);

    } else if (ngx_strcmp(name, "CERTIFICATE") == 0) {
        cert = d2i_X509(NULL, &der, len);

        if (cert) {
            key->pkey = X509_get_pubkey(cert);
            X509_free(cert);
        }

    } else if (ngx_strstr(name, "PRIVATE KEY")) {
        *why = "is private: a gateway must not have it";
        return NGX_ERROR;

    } else {
        *why = "is PEM of another kind than public keys and certificates";
        return NGX_DECLINED;
    }

    if (key->pkey == NULL) {
        *why = "is no valid public key";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_gw_jwk_key_fit(ngx_gw_jwk_t *key, const char **why)
{
    char         group[64];
    size_t       len;
    const char  *name;

    switch (EVP_PKEY_get_base_id(key->pkey)) {

    case EVP_PKEY_RSA:
        key->algs = NGX_GW_JWK_RS|NGX_GW_JWK_PS;
        return ngx_gw_jwk_key_fit_rsa(key->pkey, why);

    case EVP_PKEY_RSA_PSS:
        key->algs = NGX_GW_JWK_PS;
        return ngx_gw_jwk_key_fit_rsa(key->pkey, why);

    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), &len)
            != 1)
        {
            *why = "is on a curve without a name";
            return NGX_ERROR;
        }

        return ngx_gw_jwk_key_fit_curve(key, group, why);

    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        name = EVP_PKEY_get0_type_name(key->pkey);
        return ngx_gw_jwk_key_fit_curve(key, name ? name : "", why);

    default:
        *why = "is of a type that is not supported";
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_gw_jwk_key_fit_rsa(EVP_PKEY *pkey, const char **why)
{
    int          bits;
    BIGNUM      *n, *e;
    ngx_uint_t   sane;

    bits = EVP_PKEY_get_bits(pkey);

    if (bits < NGX_GW_JWK_RSA_MIN_BITS) {
        *why = "is weak: an RSA modulus of less than 2048 bits";
        return NGX_ERROR;
    }

    if (bits > NGX_GW_JWK_RSA_MAX_BITS) {
        *why = "is an RSA key of more than 8192 bits";
        return NGX_ERROR;
    }

    n = NULL;
    e = NULL;

    sane = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1
           && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1
           && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e)
           && BN_num_bits(e) <= NGX_GW_JWK_RSA_E_BITS;

    BN_free(n);
    BN_free(e);

    if (!sane) {
        *why = "is weak: an even RSA modulus, or an exponent that is even, "
               "1 or beyond 64 bits";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_jwk_key_fit_curve(ngx_gw_jwk_t *key, const char *name,
    const char **why)
{
    const ngx_gw_jwk_curve_t  *curve;

    for (curve = ngx_gw_jwk_curves; curve->group; curve++) {
        if (ngx_strcmp(curve->group, name) == 0) {
            key->algs = curve->algs;
            return NGX_OK;
        }
    }

    *why = "is on a curve that is not supported";
    return NGX_DECLINED;
}


ngx_int_t
ngx_gw_jwk_key_contexts(ngx_gw_jwk_t *key, ngx_str_t *secret,
    const char **why)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_JWA_N; i++) {

        if ((key->algs & (1u << i)) == 0) {
            continue;
        }

        key->ctx[i] = secret
                      ? ngx_gw_jwa_ctx_secret(i, secret->data, secret->len)
                      : ngx_gw_jwa_ctx_public(i, key->pkey);

        /* an RSASSA-PSS key may be bound to one hash (RFC 4055) */

        if (key->ctx[i] == NULL) {
            key->algs &= ~(1u << i);
        }
    }

    if (key->algs == 0) {
        *why = "was refused by the cryptographic library";
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_gw_jwk_key_free(ngx_gw_jwk_t *key)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_JWA_N; i++) {
        ngx_gw_jwa_ctx_free(i, key->ctx[i]);
        key->ctx[i] = NULL;
    }

    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}
