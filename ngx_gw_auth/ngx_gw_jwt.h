
/*
 * ngx_gw_jwt: a JSON Web Token (RFC 7519) as a compact JWS (RFC 7515): parsing,
 * and finding the key that verifies it.
 */


#ifndef _NGX_GW_JWT_H_INCLUDED_
#define _NGX_GW_JWT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_gw_json.h"
#include "ngx_gw_jwk.h"


/* what $gw_jwt_status says */
#define NGX_GW_JWT_OFF               0
#define NGX_GW_JWT_PREFLIGHT         1
#define NGX_GW_JWT_PASSED            2
#define NGX_GW_JWT_MISSING           3
#define NGX_GW_JWT_MALFORMED         4
#define NGX_GW_JWT_UNSUPPORTED       5
#define NGX_GW_JWT_UNKNOWN_KEY       6
#define NGX_GW_JWT_BAD_SIGNATURE     7
#define NGX_GW_JWT_EXPIRED           8
#define NGX_GW_JWT_NOT_YET_VALID     9
#define NGX_GW_JWT_TOO_LONG_LIVED    10
#define NGX_GW_JWT_BAD_ISSUER        11
#define NGX_GW_JWT_BAD_AUDIENCE      12
#define NGX_GW_JWT_BAD_TYPE          13
#define NGX_GW_JWT_REFUSED           14
#define NGX_GW_JWT_KEYS_UNAVAILABLE  15
#define NGX_GW_JWT_NSTATUSES         16

#define NGX_GW_JWT_MAX_DEPTH         16

/* the end of the year 9999, in milliseconds: times beyond are no dates */
#define NGX_GW_JWT_MAX_TIME          253402300799000LL

/* members of header and payload that this layer reads itself */
#define NGX_GW_JWT_NMEMBERS          13

/* exp, nbf or iat is absent */
#define NGX_GW_JWT_NO_TIME           INT64_MIN


/* what each request looks at comes first */
typedef struct {
    ngx_str_t             token;      /* header.payload.signature */

    int64_t               exp;        /* milliseconds since the epoch, or */
    int64_t               nbf;        /* NGX_GW_JWT_NO_TIME */
    int64_t               iat;

    uint32_t              typ;        /* nodes, or NGX_GW_JSON_NONE */
    uint32_t              iss;
    uint32_t              aud;
    uint32_t              alg;

    ngx_gw_json_t         header;
    ngx_gw_json_t         payload;

    /* only until the next token is parsed */
    ngx_str_t             kid;        /* data NULL: none */
    ngx_str_t             input;      /* what is signed */
    ngx_str_t             signature;
    ngx_uint_t            named;      /* verify() has tried the key of kid */
} ngx_gw_jwt_t;


/* memory to parse one token after the other in; grows with the longest */
typedef struct {
    size_t                size;       /* of tokens it is enough for */
    u_char               *text;
    ngx_gw_json_node_t   *nodes;
    uint32_t             *scratch;
    uint32_t              hashes[NGX_GW_JWT_NMEMBERS];
} ngx_gw_jwt_parser_t;


/* keys, and whose tokens they verify */
typedef struct {
    ngx_str_t             issuer;     /* len 0: anybody's */
    ngx_gw_jwk_set_t     *set;        /* NULL: not loaded (yet) */
    ngx_uint_t            generation; /* changes with the set */
    void                 *request;    /* how to get it, NULL for a file */
} ngx_gw_jwt_source_t;


/* names of the statuses, and sentences about them for people */
extern const ngx_str_t  ngx_gw_jwt_names[NGX_GW_JWT_NSTATUSES];
extern const ngx_str_t  ngx_gw_jwt_details[NGX_GW_JWT_NSTATUSES];


/* a parser without memory yet; done() frees what it has come to own */
void ngx_gw_jwt_parser_init(ngx_gw_jwt_parser_t *parser);
void ngx_gw_jwt_parser_done(ngx_gw_jwt_parser_t *parser);

/*
 * Parses token into jwt, which then points into token and into the parser's
 * memory: both until the next call.  A status: NGX_GW_JWT_PASSED if it is
 * well-formed (which says nothing about its signature), else MALFORMED or
 * UNSUPPORTED; NGX_GW_JWT_NSTATUSES: no memory.
 */
ngx_uint_t ngx_gw_jwt_parse(ngx_gw_jwt_parser_t *parser, ngx_str_t *token,
    ngx_gw_jwt_t *jwt, ngx_log_t *log);

/*
 * Verifies the signature of a token just parsed with the keys of the n
 * sources, using only algorithms in the mask algs.  A status: PASSED,
 * UNSUPPORTED (its algorithm), UNKNOWN_KEY, BAD_SIGNATURE.
 */
ngx_uint_t ngx_gw_jwt_verify(ngx_gw_jwt_t *jwt, ngx_gw_jwt_source_t **sources,
    ngx_uint_t n, uint32_t algs);

/* 1 if keys of source may verify the token: its issuer is not another */
ngx_uint_t ngx_gw_jwt_eligible(ngx_gw_jwt_t *jwt, ngx_gw_jwt_source_t *source);


#endif /* _NGX_GW_JWT_H_INCLUDED_ */
