
/*
 * ngx_gw_jwa: the signature algorithms of JSON Web Algorithms (RFC 7518 section
 * 3, RFC 8037 section 3.1, RFC 8812, RFC 9864), each with a context that is
 * made once for a key and kept.
 */


#ifndef _NGX_GW_JWA_H_INCLUDED_
#define _NGX_GW_JWA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>


/* their bits form masks */
#define NGX_GW_JWA_RS256     0
#define NGX_GW_JWA_RS384     1
#define NGX_GW_JWA_RS512     2
#define NGX_GW_JWA_PS256     3
#define NGX_GW_JWA_PS384     4
#define NGX_GW_JWA_PS512     5
#define NGX_GW_JWA_ES256     6
#define NGX_GW_JWA_ES384     7
#define NGX_GW_JWA_ES512     8
#define NGX_GW_JWA_ES256K    9
#define NGX_GW_JWA_HS256     10
#define NGX_GW_JWA_HS384     11
#define NGX_GW_JWA_HS512     12
#define NGX_GW_JWA_EDDSA     13
#define NGX_GW_JWA_ED25519   14
#define NGX_GW_JWA_ED448     15
#define NGX_GW_JWA_N         16

#define NGX_GW_JWA_ALL       ((1u << NGX_GW_JWA_N) - 1)

/* of an algorithm's name, with each character as \uXXXX */
#define NGX_GW_JWA_MAX_NAME  48

/* types of keys: kty of a JWK */
#define NGX_GW_JWK_RSA       1
#define NGX_GW_JWK_EC        2
#define NGX_GW_JWK_OKP       3
#define NGX_GW_JWK_OCT       4

/* SHA-256, SHA-384, SHA-512 */
#define NGX_GW_JWA_NDIGESTS  3


typedef struct {
    ngx_str_t         name;
    ngx_uint_t        type;          /* of its keys */
    const char       *digest;
    size_t            hash;          /* bytes of the digest */
    size_t            coordinate;    /* EC: bytes of r, and of s */
} ngx_gw_jwa_t;


/* contexts to hash with, shared by all keys of a set */
typedef struct {
    EVP_MD_CTX       *ctx[NGX_GW_JWA_NDIGESTS];
} ngx_gw_jwa_digests_t;


extern const ngx_gw_jwa_t  ngx_gw_jwas[NGX_GW_JWA_N];


/* the algorithm of that name, or NGX_GW_JWA_N */
ngx_uint_t ngx_gw_jwa(u_char *name, size_t len);

/* NGX_OK or NGX_ERROR; free() also after that */
ngx_int_t ngx_gw_jwa_digests_init(ngx_gw_jwa_digests_t *digests);
void ngx_gw_jwa_digests_free(ngx_gw_jwa_digests_t *digests);

/*
 * A context to verify signatures of alg with a public key, which must be of
 * its type and is kept alive by the context, or with a secret, which is
 * copied.  NULL: refused by the library, or no memory.
 */
void *ngx_gw_jwa_ctx_public(ngx_uint_t alg, EVP_PKEY *pkey);
void *ngx_gw_jwa_ctx_secret(ngx_uint_t alg, u_char *secret, size_t len);
void ngx_gw_jwa_ctx_free(ngx_uint_t alg, void *ctx);

/*
 * Verifies the signature sig over data.  NGX_OK, or NGX_DECLINED: it does not
 * match, whatever the reason.
 */
ngx_int_t ngx_gw_jwa_verify(ngx_uint_t alg, void *ctx,
    ngx_gw_jwa_digests_t *digests, ngx_str_t *data, ngx_str_t *sig);


#endif /* _NGX_GW_JWA_H_INCLUDED_ */
