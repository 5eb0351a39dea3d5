
/*
 * ngx_gw_jwt_claims: judging the claims of a token whose signature is good, and
 * writing them out as text.
 */


#ifndef _NGX_GW_JWT_CLAIMS_H_INCLUDED_
#define _NGX_GW_JWT_CLAIMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_jwt.h"


#define NGX_GW_JWT_OP_EQ    0
#define NGX_GW_JWT_OP_NE    1
#define NGX_GW_JWT_OP_GT    2
#define NGX_GW_JWT_OP_GE    3
#define NGX_GW_JWT_OP_LT    4
#define NGX_GW_JWT_OP_LE    5
#define NGX_GW_JWT_OP_HAS   6
#define NGX_GW_JWT_OP_ANY   7
#define NGX_GW_JWT_OP_ALL   8
#define NGX_GW_JWT_NOPS     9


/* what the registered claims must be; the arrays are of ngx_str_t, or NULL */
typedef struct {
    ngx_array_t     *types;
    ngx_array_t     *issuers;
    ngx_array_t     *audiences;
    time_t           leeway;           /* seconds, both */
    time_t           max_lifetime;     /* 0: any */
    ngx_flag_t       require_exp;
} ngx_gw_jwt_rules_t;


extern const ngx_str_t  ngx_gw_jwt_ops[NGX_GW_JWT_NOPS];


/*
 * Judges typ, exp, nbf, iat, iss and aud at the time now, in milliseconds
 * since the epoch (RFC 7519 section 4.1, RFC 8725 section 3.11).  A status:
 * PASSED, BAD_TYPE, EXPIRED, NOT_YET_VALID, TOO_LONG_LIVED, BAD_ISSUER,
 * BAD_AUDIENCE.
 */
ngx_uint_t ngx_gw_jwt_judge(ngx_gw_jwt_t *jwt, ngx_gw_jwt_rules_t *rules,
    int64_t now);

/*
 * Of the same, what changes while a token and the rules do not: PASSED,
 * EXPIRED or NOT_YET_VALID.  Enough for a token that judge() has passed under
 * these rules before.
 */
ngx_uint_t ngx_gw_jwt_judge_times(ngx_gw_jwt_t *jwt,
    ngx_gw_jwt_rules_t *rules, int64_t now);

/*
 * 1 if the value at path satisfies "op values"; 0 if it does not, does not
 * exist, or is of a type that op cannot judge.  gt, ge, lt, le and has take
 * one value.
 */
ngx_uint_t ngx_gw_jwt_claim_test(ngx_gw_json_t *json,
    ngx_gw_json_path_t *path, ngx_uint_t op, ngx_str_t *values, ngx_uint_t n);

/*
 * The value at node as text fit for a header or a log: strings unquoted,
 * items of an array joined by commas, objects as JSON, null as nothing;
 * control characters as %XX, within JSON as \u00XX or a space.  Points into
 * json where that is possible, else is allocated from pool.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_gw_jwt_claim_text(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_pool_t *pool, ngx_str_t *text);

/* the same of an object or array itself: as JSON */
ngx_int_t ngx_gw_jwt_claim_json(ngx_gw_json_t *json, ngx_uint_t node,
    ngx_pool_t *pool, ngx_str_t *text);


#endif /* _NGX_GW_JWT_CLAIMS_H_INCLUDED_ */
