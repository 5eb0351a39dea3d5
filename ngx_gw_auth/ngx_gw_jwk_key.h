
/*
 * What the files of ngx_gw_jwk share: one key.  Functions that take a why
 * return NGX_OK; NGX_DECLINED: the key is to be skipped; or NGX_ERROR: it is
 * bad.  *why then completes the sentence "the key ...".
 */


#ifndef _NGX_GW_JWK_KEY_H_INCLUDED_
#define _NGX_GW_JWK_KEY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_jwk.h"


#define NGX_GW_JWK_RSA_MAX_BITS  8192
#define NGX_GW_JWK_MAX_SECRET    4096

/* bytes that a member of a JWK decodes to at most */
#define NGX_GW_JWK_MAX_MEMBER    NGX_GW_JWK_MAX_SECRET


typedef struct {
    ngx_str_t         crv;       /* in a JWK */
    const char       *group;     /* what OpenSSL calls it */
    ngx_uint_t        type;
    size_t            bytes;     /* of a coordinate or, OKP, of the key */
    uint32_t          algs;
} ngx_gw_jwk_curve_t;


/* ngx_gw_jwk_key.c */

/* ends with one whose group is NULL */
extern const ngx_gw_jwk_curve_t  ngx_gw_jwk_curves[];

/*
 * Set key->pkey from its components, big-endian, or from DER as PEM has it
 * under that name.
 */
ngx_int_t ngx_gw_jwk_key_rsa(ngx_gw_jwk_t *key, ngx_str_t *n, ngx_str_t *e,
    const char **why);
ngx_int_t ngx_gw_jwk_key_ec(ngx_gw_jwk_t *key,
    const ngx_gw_jwk_curve_t *curve, u_char *x, u_char *y, const char **why);
ngx_int_t ngx_gw_jwk_key_okp(ngx_gw_jwk_t *key,
    const ngx_gw_jwk_curve_t *curve, u_char *x, const char **why);
ngx_int_t ngx_gw_jwk_key_pem(ngx_gw_jwk_t *key, const char *name,
    const u_char *der, long len, const char **why);

/* sets key->algs from key->pkey, refusing what is too weak */
ngx_int_t ngx_gw_jwk_key_fit(ngx_gw_jwk_t *key, const char **why);

/* makes the contexts of key->algs from key->pkey, or from a secret */
ngx_int_t ngx_gw_jwk_key_contexts(ngx_gw_jwk_t *key, ngx_str_t *secret,
    const char **why);

void ngx_gw_jwk_key_free(ngx_gw_jwk_t *key);


/* ngx_gw_jwk_member.c */

/* makes key of the JWK at index node; its kid is allocated from pool */
ngx_int_t ngx_gw_jwk_member(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_pool_t *pool, ngx_gw_jwk_t *key, const char **why);


#endif /* _NGX_GW_JWK_KEY_H_INCLUDED_ */
