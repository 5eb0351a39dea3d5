
/*
 * ngx_gw_jwk: sets of keys that verify signatures, from a JWK set, a single
 * JWK (RFC 7517, 7518 section 6, 8037 section 2) or PEM, loaded once with a
 * context kept for each algorithm a key may verify.
 */


#ifndef _NGX_GW_JWK_H_INCLUDED_
#define _NGX_GW_JWK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_json.h"
#include "ngx_gw_jwa.h"


/* keys without a kid in the token are tried at most so many times */
#define NGX_GW_JWK_MAX_TRIES 8

/* bytes of a file or an answer */
#define NGX_GW_JWK_MAX_TEXT  (4 * 1024 * 1024)

/* of one set */
#define NGX_GW_JWK_MAX_KEYS  16384


typedef struct ngx_gw_jwk_s      ngx_gw_jwk_t;
typedef struct ngx_gw_jwk_set_s  ngx_gw_jwk_set_t;

struct ngx_gw_jwk_s {
    ngx_str_t                 kid;         /* data NULL: none */
    uint32_t                  algs;        /* mask: what it may verify */
    uint32_t                  hash;        /* of kid */
    ngx_gw_jwk_t             *next;        /* same bucket of kids */
    ngx_gw_jwk_set_t         *set;

    EVP_PKEY                 *pkey;        /* NULL for oct */

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


    ngx_gw_jwa_digests_t      digests;
};


/* the loading of one set */
typedef struct {
    ngx_pool_t               *pool;        /* owns the set and its contexts */
    ngx_log_t                *log;
    ngx_str_t                 name;        /* file or URI, for messages */
    ngx_uint_t                strict;      /* 1: a bad key fails the set;
                                              0: it is skipped */

    ngx_gw_jwk_set_t         *set;         /* what has been loaded so far */
    ngx_str_t                 error;       /* what was wrong */

    /* from one step to the next */
    ngx_pool_t               *temp;
    ngx_gw_json_t             json;
    ngx_uint_t                node;        /* of the next key */
    ngx_uint_t                index;       /* its number in the set */
    ngx_uint_t                left;        /* keys to go */

    u_char                    buf[512];
} ngx_gw_jwk_load_t;


/*
 * Loads the keys in text, JSON or PEM, with pool, log, name and strict of
 * load set.  Keys that are not for signatures or of a kind not known are
 * skipped with a notice in load->log.  NULL: malformed, out of memory or
 * without a usable key; if strict also a malformed, private, weak or duplicate
 * key; load->error tells it.  Everything lives until load->pool is destroyed.
 */
ngx_gw_jwk_set_t *ngx_gw_jwk_load(ngx_gw_jwk_load_t *load, ngx_str_t *text);

/*
 * The same in pieces, for JSON only: text, which must stay, is read by begin();
 * each step() loads at most n keys.  NGX_OK: load->set is complete;
 * NGX_AGAIN: a step is to follow; NGX_ERROR: see load->error.  end() frees what
 * the steps needed, at any time after begin(), whatever came of it.
 */
ngx_int_t ngx_gw_jwk_load_begin(ngx_gw_jwk_load_t *load, ngx_str_t *text);
ngx_int_t ngx_gw_jwk_load_step(ngx_gw_jwk_load_t *load, ngx_uint_t n);
void ngx_gw_jwk_load_end(ngx_gw_jwk_load_t *load);

/* the key of that kid, or NULL */
ngx_gw_jwk_t *ngx_gw_jwk_find(ngx_gw_jwk_set_t *set, ngx_str_t *kid);

/*
 * Verifies the signature sig over data with key, whose algs must include alg.
 * NGX_OK, or NGX_DECLINED: it does not match, whatever the reason.
 */
ngx_int_t ngx_gw_jwk_verify(ngx_gw_jwk_t *key, ngx_uint_t alg, ngx_str_t *data,
    ngx_str_t *sig);


#endif /* _NGX_GW_JWK_H_INCLUDED_ */
