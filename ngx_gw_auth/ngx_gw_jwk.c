
/*
 * Keys: JSON by jansson, JWK members to key material by libjwt, PEM by
 * OpenSSL.  What a key may verify is decided here, once.
 */


#include "ngx_gw_jwk.h"
#include "ngx_gw_base64url.h"
#include "ngx_gw_json.h"

#include <jansson.h>
#include <jwt.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>


/* larger moduli would let one token cost a worker milliseconds */
#define NGX_GW_JWK_RSA_MIN_BITS  2048
#define NGX_GW_JWK_RSA_MAX_BITS  8192
#define NGX_GW_JWK_RSA_E_BITS    64

#define NGX_GW_JWK_MAX_SECRET    4096
#define NGX_GW_JWK_MAX_MEMBER    (NGX_GW_JWK_RSA_MAX_BITS / 8 * 2)

#define NGX_GW_JWK_LABEL         80


typedef struct {
    const char       *crv;       /* in a JWK */
    const char       *group;     /* what OpenSSL calls it */
    ngx_uint_t        type;
    size_t            bytes;     /* of a coordinate or, OKP, of the key */
    uint32_t          algs;
} ngx_gw_jwk_curve_t;


static ngx_uint_t ngx_gw_jwk_is_pem(ngx_str_t *text);
static ngx_int_t ngx_gw_jwk_load_json(ngx_gw_jwk_load_t *load,
    ngx_gw_jwk_set_t *set, ngx_str_t *text);
static ngx_int_t ngx_gw_jwk_load_member(ngx_gw_jwk_load_t *load,
    ngx_gw_jwk_t *key, json_t *jwk, const char **why);
static ngx_int_t ngx_gw_jwk_purpose(json_t *jwk, uint32_t *algs,
    const char **why);
static ngx_int_t ngx_gw_jwk_public(ngx_gw_jwk_t *key, json_t *jwk,
    ngx_uint_t type, const char **why);
static const ngx_gw_jwk_curve_t *ngx_gw_jwk_curve(const char *name,
    ngx_uint_t type);
static ssize_t ngx_gw_jwk_decode(json_t *value, u_char *dst, size_t size);
static EVP_PKEY *ngx_gw_jwk_import(json_t *jwk, const char **names);
static ngx_int_t ngx_gw_jwk_secret(ngx_gw_jwk_t *key, json_t *jwk,
    uint32_t algs, const char **why);
static ngx_int_t ngx_gw_jwk_load_pem(ngx_gw_jwk_load_t *load,
    ngx_gw_jwk_set_t *set, ngx_str_t *text);
static ngx_int_t ngx_gw_jwk_pem_key(ngx_gw_jwk_t *key, const char *name,
    const u_char *der, long len, const char **why);
static ngx_int_t ngx_gw_jwk_fit(ngx_gw_jwk_t *key, const char **why);
static ngx_int_t ngx_gw_jwk_contexts(ngx_gw_jwk_t *key, const char **why);
static ngx_int_t ngx_gw_jwk_add(ngx_gw_jwk_load_t *load,
    ngx_gw_jwk_set_t *set, ngx_gw_jwk_t *key, ngx_uint_t index, ngx_int_t rc,
    const char *why);
static ngx_int_t ngx_gw_jwk_grow(ngx_gw_jwk_load_t *load,
    ngx_gw_jwk_set_t *set, ngx_uint_t n);
static void ngx_gw_jwk_fits(ngx_gw_jwk_set_t *set);
static void ngx_gw_jwk_free(ngx_gw_jwk_t *key);
static void ngx_gw_jwk_cleanup(void *data);
static ngx_int_t ngx_gw_jwk_error(ngx_gw_jwk_load_t *load, const char *fmt,
    ...);


#define NGX_GW_JWK_RS  (1u << NGX_GW_JWA_RS256 | 1u << NGX_GW_JWA_RS384       \
                        | 1u << NGX_GW_JWA_RS512)
#define NGX_GW_JWK_PS  (1u << NGX_GW_JWA_PS256 | 1u << NGX_GW_JWA_PS384       \
                        | 1u << NGX_GW_JWA_PS512)
#define NGX_GW_JWK_ED  (1u << NGX_GW_JWA_ED25519 | 1u << NGX_GW_JWA_ED448     \
                        | 1u << NGX_GW_JWA_EDDSA)


static const ngx_gw_jwk_curve_t  ngx_gw_jwk_curves[] = {

    { "P-256", "prime256v1", NGX_GW_JWK_EC, 32, 1u << NGX_GW_JWA_ES256 },
    { "P-384", "secp384r1", NGX_GW_JWK_EC, 48, 1u << NGX_GW_JWA_ES384 },
    { "P-521", "secp521r1", NGX_GW_JWK_EC, 66, 1u << NGX_GW_JWA_ES512 },
    { "secp256k1", "secp256k1", NGX_GW_JWK_EC, 32, 1u << NGX_GW_JWA_ES256K },
    { "Ed25519", "ED25519", NGX_GW_JWK_OKP, 32,
      1u << NGX_GW_JWA_EDDSA | 1u << NGX_GW_JWA_ED25519 },
    { "Ed448", "ED448", NGX_GW_JWK_OKP, 57,
      1u << NGX_GW_JWA_EDDSA | 1u << NGX_GW_JWA_ED448 },
    { NULL, NULL, 0, 0, 0 }
};


/* RFC 7518 section 6.2.2 and 6.3.2, RFC 8037 section 2 */
static const char  *ngx_gw_jwk_private[] = {
    "d", "p", "q", "dp", "dq", "qi", "oth", NULL
};

static const char  *ngx_gw_jwk_rsa_members[] = { "kty", "n", "e", NULL };
static const char  *ngx_gw_jwk_ec_members[] = { "kty", "crv", "x", "y", NULL };
static const char  *ngx_gw_jwk_okp_members[] = { "kty", "crv", "x", NULL };


ngx_gw_jwk_set_t *
ngx_gw_jwk_load(ngx_gw_jwk_load_t *load, ngx_str_t *text)
{
    ngx_int_t            rc;
    ngx_gw_jwk_set_t    *set;
    ngx_pool_cleanup_t  *cln;

    ngx_str_set(&load->error, "no memory");

    cln = ngx_pool_cleanup_add(load->pool, sizeof(ngx_gw_jwk_set_t));
    if (cln == NULL) {
        return NULL;
    }

    set = cln->data;
    ngx_memzero(set, sizeof(ngx_gw_jwk_set_t));
    cln->handler = ngx_gw_jwk_cleanup;

    rc = ngx_gw_jwa_digests_init(&set->digests);

    if (rc == NGX_OK) {
        rc = ngx_gw_jwk_is_pem(text) ? ngx_gw_jwk_load_pem(load, set, text)
                                     : ngx_gw_jwk_load_json(load, set, text);
    }

    ERR_clear_error();

    if (rc != NGX_OK) {
        return NULL;
    }

    if (set->nkeys == 0) {
        (void) ngx_gw_jwk_error(load, "\"%V\" has no usable key", &load->name);
        return NULL;
    }

    ngx_gw_jwk_fits(set);

    return set;
}


/* PEM may have text before it; JSON begins with a brace */

static ngx_uint_t
ngx_gw_jwk_is_pem(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] > ' ') {
            break;
        }
    }

    return i < text->len && text->data[i] != '{'
           && ngx_strnstr(text->data, "-----BEGIN ", text->len) != NULL;
}


static ngx_int_t
ngx_gw_jwk_load_json(ngx_gw_jwk_load_t *load, ngx_gw_jwk_set_t *set,
    ngx_str_t *text)
{
    size_t         i, n;
    json_t        *root, *keys;
    ngx_int_t      rc, key_rc;
    const char    *why;
    json_error_t   err;
    ngx_gw_jwk_t   key;

    root = json_loadb((char *) text->data, text->len, JSON_REJECT_DUPLICATES,
                      &err);
    if (root == NULL) {
        return ngx_gw_jwk_error(load, "\"%V\" is not valid JSON: %s, line %d",
                                &load->name, err.text, err.line);
    }

    keys = json_object_get(root, "keys");
    n = keys ? json_array_size(keys) : 1;

    if (!json_is_object(root) || (keys && !json_is_array(keys))) {
        json_decref(root);
        return ngx_gw_jwk_error(load, "\"%V\" is neither a JWK set nor a JWK",
                                &load->name);
    }

    rc = ngx_gw_jwk_grow(load, set, n);

    for (i = 0; i < n && rc == NGX_OK; i++) {
        why = NULL;
        ngx_memzero(&key, sizeof(ngx_gw_jwk_t));

        key_rc = ngx_gw_jwk_load_member(load, &key,
                                        keys ? json_array_get(keys, i) : root,
                                        &why);

        rc = ngx_gw_jwk_add(load, set, &key, i, key_rc, why);
    }

    json_decref(root);

    return rc;
}


/*
 * NGX_OK; NGX_DECLINED: a key to skip; NGX_ERROR: a bad key.  *why completes
 * the sentence "the key ...".  This holds for all that take a why.
 */

static ngx_int_t
ngx_gw_jwk_load_member(ngx_gw_jwk_load_t *load, ngx_gw_jwk_t *key,
    json_t *jwk, const char **why)
{
    json_t      *kid;
    uint32_t     algs;
    ngx_int_t    rc;
    ngx_uint_t   i, type;
    const char  *kty;

    if (!json_is_object(jwk)) {
        *why = "is no JSON object";
        return NGX_ERROR;
    }

    kid = json_object_get(jwk, "kid");

    if (kid && !json_is_string(kid)) {
        *why = "has a \"kid\" that is no string";
        return NGX_ERROR;
    }

    if (kid) {
        key->kid.len = json_string_length(kid);
        key->kid.data = ngx_pnalloc(load->pool, key->kid.len + 1);

        if (key->kid.data == NULL) {
            *why = "found no memory";
            return NGX_ERROR;
        }

        ngx_memcpy(key->kid.data, json_string_value(kid), key->kid.len);
    }

    kty = json_string_value(json_object_get(jwk, "kty"));

    if (kty == NULL) {
        *why = "has no \"kty\"";
        return NGX_ERROR;
    }

    rc = ngx_gw_jwk_purpose(jwk, &algs, why);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_strcmp(kty, "oct") == 0) {
        return ngx_gw_jwk_secret(key, jwk, algs, why);
    }

    if (ngx_strcmp(kty, "RSA") == 0) {
        type = NGX_GW_JWK_RSA;

    } else if (ngx_strcmp(kty, "EC") == 0) {
        type = NGX_GW_JWK_EC;

    } else if (ngx_strcmp(kty, "OKP") == 0) {
        type = NGX_GW_JWK_OKP;

    } else {
        *why = "has an unknown \"kty\"";
        return NGX_DECLINED;
    }

    for (i = 0; ngx_gw_jwk_private[i]; i++) {
        if (json_object_get(jwk, ngx_gw_jwk_private[i])) {
            *why = "is private: a gateway must not have it";
            return NGX_ERROR;
        }
    }

    rc = ngx_gw_jwk_public(key, jwk, type, why);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_gw_jwk_fit(key, why);
    if (rc != NGX_OK) {
        return rc;
    }

    key->algs &= algs;

    if (key->algs == 0) {
        *why = "has an \"alg\" that does not fit its type";
        return NGX_ERROR;
    }

    return ngx_gw_jwk_contexts(key, why);
}


/* RFC 7517 sections 4.2 to 4.4: is it a key for signatures, and which? */

static ngx_int_t
ngx_gw_jwk_purpose(json_t *jwk, uint32_t *algs, const char **why)
{
    size_t       i;
    json_t      *use, *ops, *alg, *op;
    ngx_uint_t   a, verify;

    *algs = NGX_GW_JWA_ALL;

    use = json_object_get(jwk, "use");
    ops = json_object_get(jwk, "key_ops");
    alg = json_object_get(jwk, "alg");

    if ((use && !json_is_string(use)) || (ops && !json_is_array(ops))
        || (alg && !json_is_string(alg)))
    {
        *why = "has a \"use\", \"key_ops\" or \"alg\" of a wrong type";
        return NGX_ERROR;
    }

    if (use && ngx_strcmp(json_string_value(use), "sig") != 0) {
        *why = "is not for signatures (\"use\")";
        return NGX_DECLINED;
    }

    if (ops) {
        verify = 0;

        json_array_foreach(ops, i, op) {
            if (!json_is_string(op)) {
                *why = "has \"key_ops\" that are no strings";
                return NGX_ERROR;
            }

            if (ngx_strcmp(json_string_value(op), "verify") == 0) {
                verify = 1;
            }
        }

        if (!verify) {
            *why = "is not for verifying (\"key_ops\")";
            return NGX_DECLINED;
        }
    }

    if (alg) {
        a = ngx_gw_jwa((u_char *) json_string_value(alg),
                       json_string_length(alg));

        if (a == NGX_GW_JWA_N) {
            *why = "is for an \"alg\" that is none of signatures";
            return NGX_DECLINED;
        }

        /* one signature, two names: RFC 9864 */
        *algs = (a == NGX_GW_JWA_EDDSA) ? NGX_GW_JWK_ED : 1u << a;

        if (a == NGX_GW_JWA_ED25519 || a == NGX_GW_JWA_ED448) {
            *algs |= 1u << NGX_GW_JWA_EDDSA;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_jwk_public(ngx_gw_jwk_t *key, json_t *jwk, ngx_uint_t type,
    const char **why)
{
    u_char                     buf[NGX_GW_JWK_MAX_MEMBER];
    const char                *crv, **names;
    const ngx_gw_jwk_curve_t  *curve;

    if (type == NGX_GW_JWK_RSA) {
        names = ngx_gw_jwk_rsa_members;

        if (ngx_gw_jwk_decode(json_object_get(jwk, "n"), buf, sizeof(buf)) <= 0
            || ngx_gw_jwk_decode(json_object_get(jwk, "e"), buf, sizeof(buf))
               <= 0)
        {
            *why = "has no well-formed \"n\" and \"e\"";
            return NGX_ERROR;
        }

    } else {
        crv = json_string_value(json_object_get(jwk, "crv"));

        if (crv == NULL) {
            *why = "has no \"crv\"";
            return NGX_ERROR;
        }

        curve = ngx_gw_jwk_curve(crv, type);

        if (curve == NULL) {
            *why = "is on a curve that is not supported";
            return NGX_DECLINED;
        }

        if (ngx_gw_jwk_decode(json_object_get(jwk, "x"), buf, sizeof(buf))
            != (ssize_t) curve->bytes
            || (type == NGX_GW_JWK_EC
                && ngx_gw_jwk_decode(json_object_get(jwk, "y"), buf,
                                     sizeof(buf)) != (ssize_t) curve->bytes))
        {
            *why = "has no coordinates of its curve's length";
            return NGX_ERROR;
        }

        names = (type == NGX_GW_JWK_EC) ? ngx_gw_jwk_ec_members
                                        : ngx_gw_jwk_okp_members;
    }

    key->pkey = ngx_gw_jwk_import(jwk, names);

    if (key->pkey == NULL) {
        *why = "is no valid public key";
        return NGX_ERROR;
    }

    return NGX_OK;
}


static const ngx_gw_jwk_curve_t *
ngx_gw_jwk_curve(const char *name, ngx_uint_t type)
{
    ngx_uint_t  i;

    for (i = 0; ngx_gw_jwk_curves[i].crv; i++) {
        if (ngx_gw_jwk_curves[i].type == type
            && (ngx_strcmp(ngx_gw_jwk_curves[i].crv, name) == 0
                || ngx_strcmp(ngx_gw_jwk_curves[i].group, name) == 0))
        {
            return &ngx_gw_jwk_curves[i];
        }
    }

    return NULL;
}


/* bytes that the base64url string value holds, or -1 */

static ssize_t
ngx_gw_jwk_decode(json_t *value, u_char *dst, size_t size)
{
    size_t  len, n;

    if (!json_is_string(value)) {
        return -1;
    }

    len = json_string_length(value);
    n = ngx_gw_base64url_decoded_length(len);

    if (n > size
        || ngx_gw_base64url_decode(dst, (u_char *) json_string_value(value),
                                   len)
           != NGX_OK)
    {
        return -1;
    }

    return n;
}


/*
 * libjwt gets the key material alone: what the key is for has been judged, and
 * with an "alg" it would make keys of another type.
 */

static EVP_PKEY *
ngx_gw_jwk_import(json_t *jwk, const char **names)
{
    BIO               *bio;
    char              *text;
    json_t            *part;
    EVP_PKEY          *pkey;
    jwk_set_t         *jwks;
    const char        *pem;
    const jwk_item_t  *item;

    pkey = NULL;

    part = json_object();
    if (part == NULL) {
        return NULL;
    }

    for ( /* void */ ; *names; names++) {
        (void) json_object_set(part, *names, json_object_get(jwk, *names));
    }

    text = json_dumps(part, JSON_COMPACT);
    json_decref(part);

    if (text == NULL) {
        return NULL;
    }

    jwks = jwks_create(text);
    free(text);

    item = jwks ? jwks_item_get(jwks, 0) : NULL;

    if (item && !jwks_error(jwks) && !jwks_item_error(item)
        && !jwks_item_is_private(item))
    {
        pem = jwks_item_pem(item);
        bio = pem ? BIO_new_mem_buf(pem, -1) : NULL;

        if (bio) {
            pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
            BIO_free(bio);
        }
    }

    if (jwks) {
        jwks_free(jwks);
    }

    return pkey;
}


/* RFC 7518 section 3.2: a secret is not shorter than the hash */

static ngx_int_t
ngx_gw_jwk_secret(ngx_gw_jwk_t *key, json_t *jwk, uint32_t algs,
    const char **why)
{
    u_char      buf[NGX_GW_JWK_MAX_SECRET];
    ssize_t     n;
    uint32_t    fit;
    ngx_int_t   rc;
    ngx_uint_t  i;

    n = ngx_gw_jwk_decode(json_object_get(jwk, "k"), buf, sizeof(buf));

    if (n <= 0) {
        *why = "has no well-formed \"k\" of at most 4096 bytes";
        return NGX_ERROR;
    }

    fit = 0;

    for (i = NGX_GW_JWA_HS256; i <= NGX_GW_JWA_HS512; i++) {
        fit |= 1u << i;

        if ((size_t) n >= ngx_gw_jwas[i].hash) {
            key->algs |= 1u << i;
        }
    }

    rc = NGX_OK;

    if ((algs & fit) == 0) {
        *why = "has an \"alg\" that does not fit its type";
        rc = NGX_ERROR;

    } else if ((key->algs & algs) == 0) {
        *why = "is weak: shorter than the hash of its algorithm";
        rc = NGX_ERROR;
    }

    key->algs &= algs;

    for (i = NGX_GW_JWA_HS256; i <= NGX_GW_JWA_HS512 && rc == NGX_OK; i++) {
        if (key->algs & (1u << i)) {
            key->ctx[i] = ngx_gw_jwa_ctx_secret(i, buf, n);

            if (key->ctx[i] == NULL) {
                *why = "was refused by the cryptographic library";
                rc = NGX_ERROR;
            }
        }
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    return rc;
}


static ngx_int_t
ngx_gw_jwk_load_pem(ngx_gw_jwk_load_t *load, ngx_gw_jwk_set_t *set,
    ngx_str_t *text)
{
    BIO           *bio;
    char          *name, *header;
    long           len;
    u_char        *der;
    ngx_int_t      rc, key_rc;
    ngx_uint_t     i;
    const char    *why;
    ngx_gw_jwk_t   key;

    if (text->len > INT_MAX) {
        return ngx_gw_jwk_error(load, "\"%V\" is too large", &load->name);
    }

    bio = BIO_new_mem_buf(text->data, (int) text->len);
    if (bio == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    for (i = 0; rc == NGX_OK; i++) {

        if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
            if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
                break;
            }

            rc = ngx_gw_jwk_error(load, "\"%V\": key %ui is malformed PEM",
                                  &load->name, i);
            break;
        }

        rc = ngx_gw_jwk_grow(load, set, i + 1);

        if (rc == NGX_OK) {
            why = NULL;
            ngx_memzero(&key, sizeof(ngx_gw_jwk_t));

            key_rc = ngx_gw_jwk_pem_key(&key, name, der, len, &why);
            rc = ngx_gw_jwk_add(load, set, &key, i, key_rc, why);
        }

        OPENSSL_cleanse(der, len);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }

    BIO_free(bio);

    return rc;
}


static ngx_int_t
ngx_gw_jwk_pem_key(ngx_gw_jwk_t *key, const char *name, const u_char *der,
    long len, const char **why)
{
    X509       *cert;
    ngx_int_t   rc;

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

    rc = ngx_gw_jwk_fit(key, why);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_gw_jwk_contexts(key, why);
}


/* sets key->algs from the type of key->pkey, refusing what is too weak */

static ngx_int_t
ngx_gw_jwk_fit(ngx_gw_jwk_t *key, const char **why)
{
    int                        bits;
    char                       group[64];
    BIGNUM                    *e, *n;
    size_t                     len;
    ngx_uint_t                 sane;
    const char                *name;
    const ngx_gw_jwk_curve_t  *curve;

    switch (EVP_PKEY_get_base_id(key->pkey)) {

    case EVP_PKEY_RSA:
        key->algs = NGX_GW_JWK_RS | NGX_GW_JWK_PS;
        break;

    case EVP_PKEY_RSA_PSS:
        key->algs = NGX_GW_JWK_PS;
        break;

    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), &len)
            != 1)
        {
            *why = "is on a curve without a name";
            return NGX_ERROR;
        }

        curve = ngx_gw_jwk_curve(group, NGX_GW_JWK_EC);
        goto curve;

    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        name = EVP_PKEY_get0_type_name(key->pkey);
        curve = ngx_gw_jwk_curve(name ? name : "", NGX_GW_JWK_OKP);
        goto curve;

    default:
        *why = "is of a type that is not supported";
        return NGX_DECLINED;
    }

    bits = EVP_PKEY_get_bits(key->pkey);

    if (bits < NGX_GW_JWK_RSA_MIN_BITS) {
        *why = "is weak: an RSA modulus of less than 2048 bits";
        return NGX_ERROR;
    }

    if (bits > NGX_GW_JWK_RSA_MAX_BITS) {
        *why = "is an RSA key of more than 8192 bits";
        return NGX_ERROR;
    }

    e = NULL;
    n = NULL;

    sane = EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1
           && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1
           && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e)
           && BN_num_bits(e) <= NGX_GW_JWK_RSA_E_BITS;

    BN_free(e);
    BN_free(n);

    if (!sane) {
        *why = "is weak: an even RSA modulus, or an exponent that is even, "
               "1 or beyond 64 bits";
        return NGX_ERROR;
    }

    return NGX_OK;

curve:

    if (curve == NULL) {
        *why = "is on a curve that is not supported";
        return NGX_DECLINED;
    }

    key->algs = curve->algs;

    return NGX_OK;
}


static ngx_int_t
ngx_gw_jwk_contexts(ngx_gw_jwk_t *key, const char **why)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_JWA_N; i++) {

        if ((key->algs & (1u << i)) == 0) {
            continue;
        }

        key->ctx[i] = ngx_gw_jwa_ctx_public(i, key->pkey);

        if (key->ctx[i] == NULL) {
            *why = "was refused by the cryptographic library";
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * Takes over what key holds and what became of loading it: adds it to the
 * set, logs that it is skipped, or fails the set.
 */

static ngx_int_t
ngx_gw_jwk_add(ngx_gw_jwk_load_t *load, ngx_gw_jwk_set_t *set,
    ngx_gw_jwk_t *key, ngx_uint_t index, ngx_int_t rc, const char *why)
{
    u_char         label[NGX_GW_JWK_LABEL], *p, *last;
    ngx_uint_t     i;
    ngx_gw_jwk_t **bucket;

    if (rc == NGX_OK && key->kid.data && ngx_gw_jwk_find(set, &key->kid)) {
        why = "has the \"kid\" of another";
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        set->keys[set->nkeys] = *key;
        key = &set->keys[set->nkeys++];
        key->set = set;
        set->algs |= key->algs;

        if (key->kid.data) {
            key->hash = ngx_gw_json_hash(key->kid.data, key->kid.len);
            bucket = &set->buckets[key->hash & set->mask];
            key->next = *bucket;
            *bucket = key;
        }

        return NGX_OK;
    }

    ngx_gw_jwk_free(key);

    /* a kid is anybody's text: what is not printable stays out of the log */

    p = label;
    last = label + sizeof(label) - sizeof("...\")");

    if (key->kid.data) {
        p = ngx_cpymem(p, " (kid \"", 7);

        for (i = 0; i < key->kid.len && p < last; i++) {
            *p++ = (key->kid.data[i] < 0x20 || key->kid.data[i] >= 0x7f)
                   ? '?' : key->kid.data[i];
        }

        if (i < key->kid.len) {
            p = ngx_cpymem(p, "...", 3);
        }

        p = ngx_cpymem(p, "\")", 2);
    }

    *p = '\0';

    if (rc == NGX_ERROR && load->strict) {
        return ngx_gw_jwk_error(load, "\"%V\": key %ui%s %s", &load->name,
                                index, label, why);
    }

    ngx_log_error(NGX_LOG_NOTICE, load->log, 0,
                  "\"%V\": skipped key %ui%s: it %s",
                  &load->name, index, label, why);

    return NGX_OK;
}


/* makes room for n keys; the keys there are stay */

static ngx_int_t
ngx_gw_jwk_grow(ngx_gw_jwk_load_t *load, ngx_gw_jwk_set_t *set, ngx_uint_t n)
{
    ngx_uint_t      i, size;
    ngx_gw_jwk_t   *keys, **bucket;

    if (n > NGX_GW_JWK_MAX_KEYS) {
        return ngx_gw_jwk_error(load, "\"%V\" has more than %d keys",
                                &load->name, NGX_GW_JWK_MAX_KEYS);
    }

    if (set->buckets && n <= set->mask + 1) {
        return NGX_OK;
    }

    for (size = 4; size < n; size *= 2) { /* void */ }

    keys = ngx_pcalloc(load->pool, size * sizeof(ngx_gw_jwk_t));
    set->buckets = ngx_pcalloc(load->pool, size * sizeof(ngx_gw_jwk_t *));

    if (keys == NULL || set->buckets == NULL) {
        set->mask = 0;
        return NGX_ERROR;
    }

    ngx_memcpy(keys, set->keys, set->nkeys * sizeof(ngx_gw_jwk_t));

    set->keys = keys;
    set->mask = size - 1;

    for (i = 0; i < set->nkeys; i++) {
        if (keys[i].kid.data) {
            bucket = &set->buckets[keys[i].hash & set->mask];
            keys[i].next = *bucket;
            *bucket = &keys[i];
        }
    }

    return NGX_OK;
}


static void
ngx_gw_jwk_fits(ngx_gw_jwk_set_t *set)
{
    ngx_uint_t     a, i, nfit, nbare;
    ngx_gw_jwk_t  *key;

    for (a = 0; a < NGX_GW_JWA_N; a++) {
        nfit = 0;
        nbare = 0;

        for (i = 0; i < set->nkeys; i++) {
            key = &set->keys[i];

            if ((key->algs & (1u << a)) == 0) {
                continue;
            }

            if (nfit < NGX_GW_JWK_MAX_TRIES) {
                set->fit[a][nfit++] = key;
            }

            if (key->kid.data == NULL && nbare < NGX_GW_JWK_MAX_TRIES) {
                set->bare[a][nbare++] = key;
            }
        }
    }
}


static void
ngx_gw_jwk_free(ngx_gw_jwk_t *key)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_JWA_N; i++) {

        ngx_gw_jwa_ctx_free(i, key->ctx[i]);
        key->ctx[i] = NULL;
    }

    EVP_PKEY_free(key->pkey);
    key->pkey = NULL;
}


static void
ngx_gw_jwk_cleanup(void *data)
{
    ngx_gw_jwk_set_t *set = data;

    ngx_uint_t  i;

    for (i = 0; i < set->nkeys; i++) {
        ngx_gw_jwk_free(&set->keys[i]);
    }

    ngx_gw_jwa_digests_free(&set->digests);
}


static ngx_int_t
ngx_gw_jwk_error(ngx_gw_jwk_load_t *load, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(load->buf, load->buf + sizeof(load->buf), fmt, args);
    va_end(args);

    load->error.data = load->buf;
    load->error.len = p - load->buf;

    return NGX_ERROR;
}


ngx_gw_jwk_t *
ngx_gw_jwk_find(ngx_gw_jwk_set_t *set, ngx_str_t *kid)
{
    uint32_t       hash;
    ngx_gw_jwk_t  *key;

    hash = ngx_gw_json_hash(kid->data, kid->len);

    for (key = set->buckets[hash & set->mask]; key; key = key->next) {
        if (key->hash == hash && key->kid.len == kid->len
            && ngx_memcmp(key->kid.data, kid->data, kid->len) == 0)
        {
            return key;
        }
    }

    return NULL;
}


ngx_int_t
ngx_gw_jwk_verify(ngx_gw_jwk_t *key, ngx_uint_t alg, ngx_str_t *data,
    ngx_str_t *sig)
{
    return ngx_gw_jwa_verify(alg, key->ctx[alg], &key->set->digests, data,
                             sig);
}
