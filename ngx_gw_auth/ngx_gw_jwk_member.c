
/* A JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2). */


#include "ngx_gw_jwk_key.h"
#include "ngx_gw_base64url.h"

#include <openssl/crypto.h>


static ngx_uint_t ngx_gw_jwk_get(ngx_gw_json_t *json, ngx_uint_t jwk,
    const char *name);
static ngx_uint_t ngx_gw_jwk_is(ngx_gw_json_t *json, ngx_uint_t node,
    const char *text);
static ngx_uint_t ngx_gw_jwk_type(ngx_gw_json_t *json, ngx_uint_t node);
static ngx_uint_t ngx_gw_jwk_kty(ngx_gw_json_t *json, ngx_uint_t kty);
static ngx_int_t ngx_gw_jwk_kid(ngx_gw_json_t *json, ngx_uint_t jwk,
    ngx_pool_t *pool, ngx_gw_jwk_t *key, const char **why);
static ngx_int_t ngx_gw_jwk_purpose(ngx_gw_json_t *json, ngx_uint_t jwk,
    uint32_t *algs, const char **why);
static ngx_uint_t ngx_gw_jwk_verifies(ngx_gw_json_t *json, ngx_uint_t ops);
static ngx_int_t ngx_gw_jwk_rsa(ngx_gw_json_t *json, ngx_uint_t jwk,
    ngx_gw_jwk_t *key, const char **why);
static ngx_int_t ngx_gw_jwk_curve(ngx_gw_json_t *json, ngx_uint_t jwk,
    ngx_uint_t type, ngx_gw_jwk_t *key, const char **why);
static ngx_int_t ngx_gw_jwk_secret(ngx_gw_json_t *json, ngx_uint_t jwk,
    uint32_t algs, ngx_gw_jwk_t *key, const char **why);
static ngx_int_t ngx_gw_jwk_decode(ngx_gw_json_t *json, ngx_uint_t jwk,
    const char *name, u_char *buf, ngx_str_t *value);


/* as "alg": algorithms of an octet sequence */
#define NGX_GW_JWK_HS  (1u << NGX_GW_JWA_HS256 | 1u << NGX_GW_JWA_HS384       \
                        | 1u << NGX_GW_JWA_HS512)

#define NGX_GW_JWK_ED  (1u << NGX_GW_JWA_ED25519 | 1u << NGX_GW_JWA_ED448     \
                        | 1u << NGX_GW_JWA_EDDSA)


static const char  *ngx_gw_jwk_private[] = {
    "d", "p", "q", "dp", "dq", "qi", "oth", NULL
};


ngx_int_t
ngx_gw_jwk_member(ngx_gw_json_t *json, ngx_uint_t node, ngx_pool_t *pool,
    ngx_gw_jwk_t *key, const char **why)
{
    uint32_t    algs;
    ngx_int_t   rc;
    ngx_uint_t  i, kty, type;

    if (json->nodes[node].type != NGX_GW_JSON_OBJECT) {
        *why = "is no JSON object";
        return NGX_ERROR;
    }

    rc = ngx_gw_jwk_kid(json, node, pool, key, why);
    if (rc != NGX_OK) {
        return rc;
    }

    kty = ngx_gw_jwk_get(json, node, "kty");

    if (ngx_gw_jwk_type(json, kty) != NGX_GW_JSON_STRING) {
        *why = "has no \"kty\"";
        return NGX_ERROR;
    }

    rc = ngx_gw_jwk_purpose(json, node, &algs, why);
    if (rc != NGX_OK) {
        return rc;
    }

    type = ngx_gw_jwk_kty(json, kty);

    if (type == 0) {
        *why = "has an unknown \"kty\"";
        return NGX_DECLINED;
    }

    if (type == NGX_GW_JWK_OCT) {
        return ngx_gw_jwk_secret(json, node, algs, key, why);
    }

    for (i = 0; ngx_gw_jwk_private[i]; i++) {
        if (ngx_gw_jwk_get(json, node, ngx_gw_jwk_private[i])) {
            *why = "is private: a gateway must not have it";
            return NGX_ERROR;
        }
    }

    rc = (type == NGX_GW_JWK_RSA)
         ? ngx_gw_jwk_rsa(json, node, key, why)
         : ngx_gw_jwk_curve(json, node, type, key, why);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_gw_jwk_key_fit(key, why);
    if (rc != NGX_OK) {
        return rc;
    }

    key->algs &= algs;

    /* what fits has a name of its curve left, beside the common one */

    if (key->algs == 0 || key->algs == 1u << NGX_GW_JWA_EDDSA) {
        *why = "has an \"alg\" that does not fit its type";
        return NGX_ERROR;
    }

    return ngx_gw_jwk_key_contexts(key, NULL, why);
}


static ngx_uint_t
ngx_gw_jwk_get(ngx_gw_json_t *json, ngx_uint_t jwk, const char *name)
{
    ngx_str_t  s;

    s.data = (u_char *) name;
    s.len = ngx_strlen(name);

    return ngx_gw_json_find(json, jwk, &s, ngx_gw_json_hash(s.data, s.len));
}


static ngx_uint_t
ngx_gw_jwk_is(ngx_gw_json_t *json, ngx_uint_t node, const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = ngx_strlen(text);

    return ngx_gw_json_equal(json, node, &s);
}


/* of a member's value; 0: there is no such member */

static ngx_uint_t
ngx_gw_jwk_type(ngx_gw_json_t *json, ngx_uint_t node)
{
    return (node == NGX_GW_JSON_NONE) ? 0 : json->nodes[node].type;
}


static ngx_uint_t
ngx_gw_jwk_kty(ngx_gw_json_t *json, ngx_uint_t kty)
{
    if (ngx_gw_jwk_is(json, kty, "RSA")) {
        return NGX_GW_JWK_RSA;
    }

    if (ngx_gw_jwk_is(json, kty, "EC")) {
        return NGX_GW_JWK_EC;
    }

    if (ngx_gw_jwk_is(json, kty, "OKP")) {
        return NGX_GW_JWK_OKP;
    }

    return ngx_gw_jwk_is(json, kty, "oct") ? NGX_GW_JWK_OCT : 0;
}


static ngx_int_t
ngx_gw_jwk_kid(ngx_gw_json_t *json, ngx_uint_t jwk, ngx_pool_t *pool,
    ngx_gw_jwk_t *key, const char **why)
{
    ngx_uint_t  node;

    node = ngx_gw_jwk_get(json, jwk, "kid");

    if (node == NGX_GW_JSON_NONE) {
        return NGX_OK;
    }

    if (json->nodes[node].type != NGX_GW_JSON_STRING) {
        *why = "has a \"kid\" that is no string";
        return NGX_ERROR;
    }

    key->kid.data = ngx_pnalloc(pool, json->nodes[node].len + 1);

    if (key->kid.data == NULL) {
        *why = "found no memory";
        return NGX_ERROR;
    }

    key->kid.len = ngx_gw_json_unescape(json, node, key->kid.data)
                   - key->kid.data;

    return NGX_OK;
}


/* is it a key for signatures (RFC 7517 sections 4.2 to 4.4), and for which? */

static ngx_int_t
ngx_gw_jwk_purpose(ngx_gw_json_t *json, ngx_uint_t jwk, uint32_t *algs,
    const char **why)
{
    u_char       name[NGX_GW_JWA_MAX_NAME];
    ngx_uint_t   use, ops, alg, a;

    *algs = NGX_GW_JWA_ALL;

    use = ngx_gw_jwk_get(json, jwk, "use");
    ops = ngx_gw_jwk_get(json, jwk, "key_ops");
    alg = ngx_gw_jwk_get(json, jwk, "alg");

    if ((use && json->nodes[use].type != NGX_GW_JSON_STRING)
        || (ops && json->nodes[ops].type != NGX_GW_JSON_ARRAY)
        || (alg && json->nodes[alg].type != NGX_GW_JSON_STRING))
    {
        *why = "has a \"use\", \"key_ops\" or \"alg\" of a wrong type";
        return NGX_ERROR;
    }

    if (use && !ngx_gw_jwk_is(json, use, "sig")) {
        *why = "is not for signatures (\"use\")";
        return NGX_DECLINED;
    }

    if (ops && !ngx_gw_jwk_verifies(json, ops)) {
        *why = "is not for verifying (\"key_ops\")";
        return NGX_DECLINED;
    }

    if (alg == NGX_GW_JSON_NONE) {
        return NGX_OK;
    }

    a = NGX_GW_JWA_N;

    if (json->nodes[alg].len <= NGX_GW_JWA_MAX_NAME) {
        a = ngx_gw_jwa(name, ngx_gw_json_unescape(json, alg, name) - name);
    }

    if (a == NGX_GW_JWA_N) {
        *why = "is for an \"alg\" that is none of signatures";
        return NGX_DECLINED;
    }

    /* one signature, two names: RFC 9864 */

    *algs = (a == NGX_GW_JWA_EDDSA) ? NGX_GW_JWK_ED : 1u << a;

    if (a == NGX_GW_JWA_ED25519 || a == NGX_GW_JWA_ED448) {
        *algs |= 1u << NGX_GW_JWA_EDDSA;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_gw_jwk_verifies(ngx_gw_json_t *json, ngx_uint_t ops)
{
    ngx_uint_t  i, node;

    node = ops + 1;

    for (i = json->nodes[ops].count; i; i--) {
        if (ngx_gw_jwk_is(json, node, "verify")) {
            return 1;
        }

        node = json->nodes[node].next;
    }

    return 0;
}


static ngx_int_t
ngx_gw_jwk_rsa(ngx_gw_json_t *json, ngx_uint_t jwk, ngx_gw_jwk_t *key,
    const char **why)
{
    u_char     nbuf[NGX_GW_JWK_MAX_MEMBER], ebuf[NGX_GW_JWK_MAX_MEMBER];
    ngx_str_t  n, e;

    if (ngx_gw_jwk_decode(json, jwk, "n", nbuf, &n) != NGX_OK
        || ngx_gw_jwk_decode(json, jwk, "e", ebuf, &e) != NGX_OK)
    {
        *why = "has no well-formed \"n\" and \"e\"";
        return NGX_ERROR;
    }

    return ngx_gw_jwk_key_rsa(key, &n, &e, why);
}


static ngx_int_t
ngx_gw_jwk_curve(ngx_gw_json_t *json, ngx_uint_t jwk, ngx_uint_t type,
    ngx_gw_jwk_t *key, const char **why)
{
    u_char                     xbuf[NGX_GW_JWK_MAX_MEMBER];
    u_char                     ybuf[NGX_GW_JWK_MAX_MEMBER];
    ngx_str_t                  x, y;
    ngx_uint_t                 crv;
    const ngx_gw_jwk_curve_t  *curve;

    crv = ngx_gw_jwk_get(json, jwk, "crv");

    if (ngx_gw_jwk_type(json, crv) != NGX_GW_JSON_STRING) {
        *why = "has no \"crv\"";
        return NGX_ERROR;
    }

    for (curve = ngx_gw_jwk_curves; curve->group; curve++) {
        if (curve->type == type
            && ngx_gw_json_equal(json, crv, (ngx_str_t *) &curve->crv))
        {
            break;
        }
    }

    if (curve->group == NULL) {
        *why = "is on a curve that is not supported";
        return NGX_DECLINED;
    }

    if (ngx_gw_jwk_decode(json, jwk, "x", xbuf, &x) != NGX_OK
        || x.len != curve->bytes)
    {
        *why = "has no \"x\" of its curve's length";
        return NGX_ERROR;
    }

    if (type == NGX_GW_JWK_OKP) {
        return ngx_gw_jwk_key_okp(key, curve, xbuf, why);
    }

    if (ngx_gw_jwk_decode(json, jwk, "y", ybuf, &y) != NGX_OK
        || y.len != curve->bytes)
    {
        *why = "has no \"y\" of its curve's length";
        return NGX_ERROR;
    }

    return ngx_gw_jwk_key_ec(key, curve, xbuf, ybuf, why);
}


/* RFC 7518 section 3.2: a secret is not shorter than the hash */

static ngx_int_t
ngx_gw_jwk_secret(ngx_gw_json_t *json, ngx_uint_t jwk, uint32_t algs,
    ngx_gw_jwk_t *key, const char **why)
{
    u_char      buf[NGX_GW_JWK_MAX_MEMBER];
    ngx_int_t   rc;
    ngx_str_t   k;
    ngx_uint_t  i;

    if (ngx_gw_jwk_decode(json, jwk, "k", buf, &k) != NGX_OK) {
        *why = "has no well-formed \"k\" of at most 4096 bytes";
        return NGX_ERROR;
    }

    for (i = NGX_GW_JWA_HS256; i <= NGX_GW_JWA_HS512; i++) {
        if (k.len >= ngx_gw_jwas[i].hash) {
            key->algs |= 1u << i;
        }
    }

    key->algs &= algs;

    if ((algs & NGX_GW_JWK_HS) == 0) {
        *why = "has an \"alg\" that does not fit its type";
        rc = NGX_ERROR;

    } else if (key->algs == 0) {
        *why = "is weak: shorter than the hash of its algorithm";
        rc = NGX_ERROR;

    } else {
        rc = ngx_gw_jwk_key_contexts(key, &k, why);
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    return rc;
}


/*
 * Decodes the member, a base64url string that is not empty, into buf, which
 * has room for NGX_GW_JWK_MAX_MEMBER bytes.  Escapes in it have no reason and
 * are refused.
 */

static ngx_int_t
ngx_gw_jwk_decode(ngx_gw_json_t *json, ngx_uint_t jwk, const char *name,
    u_char *buf, ngx_str_t *value)
{
    ngx_uint_t           node;
    ngx_gw_json_node_t  *n;

    node = ngx_gw_jwk_get(json, jwk, name);

    if (ngx_gw_jwk_type(json, node) != NGX_GW_JSON_STRING) {
        return NGX_ERROR;
    }

    n = &json->nodes[node];

    value->data = buf;
    value->len = ngx_gw_base64url_decoded_length(n->len);

    if (value->len == 0 || value->len > NGX_GW_JWK_MAX_MEMBER) {
        return NGX_ERROR;
    }

    return ngx_gw_base64url_decode(buf, json->data + n->pos, n->len) == NGX_OK
           ? NGX_OK : NGX_ERROR;
}
