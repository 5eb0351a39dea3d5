
/*
 * ngx_gw_jwk: sets of keys that verify signatures, from a JWK set, a single
 * JWK (RFC 7517, 7518 section 6, 8037 section 2) or PEM, loaded once with a
 * context kept for each algorithm a key may verify.
 */


#ifndef _NGX_GW_JWK_H_INCLUDED_
#define _NGX_GW_JWK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>


/* algorithms; their bits form the masks below */
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

/* keys without a kid in the token are tried at most so many times */
#define NGX_GW_JWK_MAX_TRIES 8

/* SHA-256, SHA-384, SHA-512 */
#define NGX_GW_JWK_NDIGESTS  3

/* of one set */
#define NGX_GW_JWK_MAX_KEYS  1024


typedef struct ngx_gw_jwk_s      ngx_gw_jwk_t;
typedef struct ngx_gw_jwk_set_s  ngx_gw_jwk_set_t;

struct ngx_gw_jwk_s {
    ngx_str_t                 kid;         /* len 0: none */
    uint32_t                  algs;        /* mask: what it may verify */
    uint32_t                  hash;        /* of kid */
    ngx_gw_jwk_t             *next;        /* same bucket of kids */
    ngx_gw_jwk_set_t         *set;

    EVP_PKEY                 *pkey;        /* NULL for oct */
    size_t                    coordinate;  /* EC: bytes of r, and of s */

    /* one of these a bit in algs, by type of key */
    void                     *ctx[NGX_GW_JWA_N];
};


struct ngx_gw_jwk_set_s {
    ngx_gw_jwk_t             *keys;
    ngx_uint_t                nkeys;

    ngx_gw_jwk_t            **buckets;     /* by kid */
    ngx_uint_t                mask;

    /* the first fitting keys for each algorithm: all, and those with no kid */
    ngx_gw_jwk_t             *fit[NGX_GW_JWA_N][NGX_GW_JWK_MAX_TRIES];
    ngx_gw_jwk_t             *bare[NGX_GW_JWA_N][NGX_GW_JWK_MAX_TRIES];

    uint32_t                  algs;        /* what any of the keys may verify */

    EVP_MD_CTX               *md[NGX_GW_JWK_NDIGESTS];
};


typedef struct {
    ngx_pool_t               *pool;        /* owns the set and its contexts */
    ngx_log_t                *log;
    ngx_str_t                 name;        /* file or URI, for messages */
    ngx_uint_t                strict;      /* 1: a bad key fails the set;
                                              0: it is skipped */
    ngx_str_t                 error;       /* what was wrong */
    u_char                    buf[512];
} ngx_gw_jwk_load_t;


/*
 * Loads the keys in text.  Keys that are not for signatures or of a kind not
 * known are skipped with a notice in load->log.  NULL: malformed, out of
 * memory or without a usable key; if strict also a malformed, private, weak
 * or duplicate key; load->error tells it.  Everything lives until load->pool
 * is destroyed.
 */
ngx_gw_jwk_set_t *ngx_gw_jwk_load(ngx_gw_jwk_load_t *load, ngx_str_t *text);

/* the key of that kid, or NULL */
ngx_gw_jwk_t *ngx_gw_jwk_find(ngx_gw_jwk_set_t *set, ngx_str_t *kid);

/*
 * Verifies the JWS signature sig over data with key, whose algs must include
 * alg (RFC 7518 section 3, RFC 8037 section 3.1, RFC 8812, RFC 9864).
 * NGX_OK, or NGX_DECLINED: it does not match, whatever the reason.
 */
ngx_int_t ngx_gw_jwk_verify(ngx_gw_jwk_t *key, ngx_uint_t alg, ngx_str_t *data,
    ngx_str_t *sig);

/* the algorithm of that name in the JWA registry, or NGX_GW_JWA_N */
ngx_uint_t ngx_gw_jwa(u_char *name, size_t len);


#endif /* _NGX_GW_JWK_H_INCLUDED_ */
