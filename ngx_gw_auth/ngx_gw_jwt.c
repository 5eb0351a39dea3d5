
#include "ngx_gw_jwt.h"
#include "ngx_gw_base64url.h"


/* order of ngx_gw_jwt_members[] and of the parser's hashes */
#define NGX_GW_JWT_ALG       0
#define NGX_GW_JWT_KID       1
#define NGX_GW_JWT_TYP       2
#define NGX_GW_JWT_BARRED    3       /* crit, b64, jwk, jku, x5u */
#define NGX_GW_JWT_ISS       8
#define NGX_GW_JWT_AUD       9
#define NGX_GW_JWT_EXP       10
#define NGX_GW_JWT_NBF       11
#define NGX_GW_JWT_IAT       12


static ngx_int_t ngx_gw_jwt_parser_reserve(ngx_gw_jwt_parser_t *parser,
    size_t len, ngx_log_t *log);
static ngx_uint_t ngx_gw_jwt_parse_header(ngx_gw_jwt_parser_t *parser,
    ngx_gw_jwt_t *jwt);
static ngx_uint_t ngx_gw_jwt_parse_payload(ngx_gw_jwt_parser_t *parser,
    ngx_gw_jwt_t *jwt);
static ngx_int_t ngx_gw_jwt_parse_json(ngx_gw_jwt_parser_t *parser,
    ngx_gw_json_t *json, u_char *src, size_t len, u_char *text,
    ngx_gw_json_node_t *nodes);
static ngx_int_t ngx_gw_jwt_time(ngx_gw_jwt_parser_t *parser,
    ngx_gw_json_t *json, ngx_uint_t member, int64_t *value);
static ngx_uint_t ngx_gw_jwt_try(ngx_gw_jwt_t *jwt, ngx_gw_jwk_t **keys,
    ngx_uint_t *tries);


static ngx_str_t  ngx_gw_jwt_members[NGX_GW_JWT_NMEMBERS] = {
    ngx_string("alg"),
    ngx_string("kid"),
    ngx_string("typ"),
    ngx_string("crit"),
    ngx_string("b64"),
    ngx_string("jwk"),
    ngx_string("jku"),
    ngx_string("x5u"),
    ngx_string("iss"),
    ngx_string("aud"),
    ngx_string("exp"),
    ngx_string("nbf"),
    ngx_string("iat")
};


const ngx_str_t  ngx_gw_jwt_names[NGX_GW_JWT_NSTATUSES] = {
    ngx_string("off"),
    ngx_string("preflight"),
    ngx_string("passed"),
    ngx_string("missing"),
    ngx_string("malformed"),
    ngx_string("unsupported"),
    ngx_string("unknown_key"),
    ngx_string("bad_signature"),
    ngx_string("expired"),
    ngx_string("not_yet_valid"),
    ngx_string("too_long_lived"),
    ngx_string("bad_issuer"),
    ngx_string("bad_audience"),
    ngx_string("bad_type"),
    ngx_string("refused"),
    ngx_string("keys_unavailable")
};


const ngx_str_t  ngx_gw_jwt_details[NGX_GW_JWT_NSTATUSES] = {
    ngx_null_string,
    ngx_null_string,
    ngx_null_string,
    ngx_string("a token is required"),
    ngx_string("the token is malformed"),
    ngx_string("the token's kind or algorithm is not supported"),
    ngx_string("the token's key is not known"),
    ngx_string("the token's signature is not valid"),
    ngx_string("the token has expired"),
    ngx_string("the token is not valid yet"),
    ngx_string("the token is valid for too long"),
    ngx_string("the token's issuer is not accepted"),
    ngx_string("the token is for another audience"),
    ngx_string("the token is of another type"),
    ngx_string("the token does not grant this"),
    ngx_string("the keys to verify the token are not available")
};


void
ngx_gw_jwt_parser_init(ngx_gw_jwt_parser_t *parser)
{
    ngx_uint_t  i;

    ngx_memzero(parser, sizeof(ngx_gw_jwt_parser_t));

    for (i = 0; i < NGX_GW_JWT_NMEMBERS; i++) {
        parser->hashes[i] = ngx_gw_json_hash(ngx_gw_jwt_members[i].data,
                                             ngx_gw_jwt_members[i].len);
    }
}


void
ngx_gw_jwt_parser_done(ngx_gw_jwt_parser_t *parser)
{
    if (parser->text) {
        ngx_free(parser->text);
    }

    parser->text = NULL;
    parser->size = 0;
}


/*
 * One block for the decoded parts (3/4 of the token at most) and, behind them,
 * a kid without its escapes, the nodes of header and payload, and what the
 * JSON parser wants for itself.
 */

static ngx_int_t
ngx_gw_jwt_parser_reserve(ngx_gw_jwt_parser_t *parser, size_t len,
    ngx_log_t *log)
{
    size_t  size, nodes, text;

    if (len <= parser->size) {
        return NGX_OK;
    }

    for (size = 1024; size < len; size *= 2) { /* void */ }

    text = 2 * size;
    nodes = ngx_gw_json_max_nodes(size) + 2;

    ngx_gw_jwt_parser_done(parser);

    parser->text = ngx_alloc(text + nodes * sizeof(ngx_gw_json_node_t)
                             + ngx_gw_json_scratch(nodes) * sizeof(uint32_t),
                             log);
    if (parser->text == NULL) {
        return NGX_ERROR;
    }

    parser->nodes = (ngx_gw_json_node_t *) (parser->text + text);
    parser->scratch = (uint32_t *) (parser->nodes + nodes);
    parser->size = size;

    return NGX_OK;
}


ngx_uint_t
ngx_gw_jwt_parse(ngx_gw_jwt_parser_t *parser, ngx_str_t *token,
    ngx_gw_jwt_t *jwt, ngx_log_t *log)
{
    u_char      *p, *last, *dot[2];
    size_t       n;
    ngx_uint_t   dots, status;

    p = token->data;
    last = p + token->len;

    /* a JWS has two dots, a JWE has four */

    for (dots = 0; (p = memchr(p, '.', last - p)) != NULL; dots++) {
        if (dots < 2) {
            dot[dots] = p;
        }

        if (++p == last) {
            dots++;
            break;
        }
    }

    if (dots != 2) {
        return (dots == 4 && memchr(token->data, ' ', token->len) == NULL)
               ? NGX_GW_JWT_UNSUPPORTED : NGX_GW_JWT_MALFORMED;
    }

    if (ngx_gw_jwt_parser_reserve(parser, token->len, log) != NGX_OK) {
        return NGX_GW_JWT_NSTATUSES;
    }

    jwt->token = *token;
    jwt->input.data = token->data;
    jwt->input.len = dot[1] - token->data;

    if (ngx_gw_jwt_parse_json(parser, &jwt->header, token->data,
                              dot[0] - token->data, parser->text,
                              parser->nodes)
        != NGX_OK)
    {
        return NGX_GW_JWT_MALFORMED;
    }

    status = ngx_gw_jwt_parse_header(parser, jwt);
    if (status != NGX_GW_JWT_PASSED) {
        return status;
    }

    p = parser->text + jwt->header.len;

    if (ngx_gw_jwt_parse_json(parser, &jwt->payload, dot[0] + 1,
                              dot[1] - dot[0] - 1, p,
                              parser->nodes + jwt->header.nnodes)
        != NGX_OK)
    {
        return NGX_GW_JWT_MALFORMED;
    }

    status = ngx_gw_jwt_parse_payload(parser, jwt);
    if (status != NGX_GW_JWT_PASSED) {
        return status;
    }

    p += jwt->payload.len;
    n = last - dot[1] - 1;

    if (ngx_gw_base64url_decode(p, dot[1] + 1, n) != NGX_OK) {
        return NGX_GW_JWT_MALFORMED;
    }

    jwt->signature.data = p;
    jwt->signature.len = ngx_gw_base64url_decoded_length(n);

    return NGX_GW_JWT_PASSED;
}


static ngx_uint_t
ngx_gw_jwt_parse_header(ngx_gw_jwt_parser_t *parser, ngx_gw_jwt_t *jwt)
{
    u_char               alg[NGX_GW_JWA_MAX_NAME];
    ngx_uint_t           i, node;
    ngx_gw_json_t       *json;
    ngx_gw_json_node_t  *n;

    json = &jwt->header;

    for (i = NGX_GW_JWT_BARRED; i < NGX_GW_JWT_ISS; i++) {
        if (ngx_gw_json_find(json, 0, &ngx_gw_jwt_members[i],
                             parser->hashes[i])
            != NGX_GW_JSON_NONE)
        {
            return NGX_GW_JWT_UNSUPPORTED;
        }
    }

    node = ngx_gw_json_find(json, 0, &ngx_gw_jwt_members[NGX_GW_JWT_ALG],
                            parser->hashes[NGX_GW_JWT_ALG]);
    n = &json->nodes[node];

    if (node == NGX_GW_JSON_NONE || n->type != NGX_GW_JSON_STRING) {
        return NGX_GW_JWT_MALFORMED;
    }

    if (n->len > NGX_GW_JWA_MAX_NAME) {
        return NGX_GW_JWT_UNSUPPORTED;
    }

    jwt->alg = ngx_gw_jwa(alg, ngx_gw_json_unescape(json, node, alg) - alg);

    if (jwt->alg == NGX_GW_JWA_N) {
        return NGX_GW_JWT_UNSUPPORTED;
    }

    node = ngx_gw_json_find(json, 0, &ngx_gw_jwt_members[NGX_GW_JWT_TYP],
                            parser->hashes[NGX_GW_JWT_TYP]);

    if (node != NGX_GW_JSON_NONE
        && json->nodes[node].type != NGX_GW_JSON_STRING)
    {
        return NGX_GW_JWT_MALFORMED;
    }

    jwt->typ = node;

    ngx_str_null(&jwt->kid);

    node = ngx_gw_json_find(json, 0, &ngx_gw_jwt_members[NGX_GW_JWT_KID],
                            parser->hashes[NGX_GW_JWT_KID]);

    if (node != NGX_GW_JSON_NONE) {
        n = &json->nodes[node];

        if (n->type != NGX_GW_JSON_STRING) {
            return NGX_GW_JWT_MALFORMED;
        }

        jwt->kid.data = json->data + n->pos;
        jwt->kid.len = n->len;

        if (n->flags & NGX_GW_JSON_VALUE_ESC) {
            jwt->kid.data = parser->text + parser->size;
            jwt->kid.len = ngx_gw_json_unescape(json, node, jwt->kid.data)
                           - jwt->kid.data;
        }
    }

    return NGX_GW_JWT_PASSED;
}


static ngx_uint_t
ngx_gw_jwt_parse_payload(ngx_gw_jwt_parser_t *parser, ngx_gw_jwt_t *jwt)
{
    ngx_gw_json_t  *json;

    json = &jwt->payload;

    /* of another type they match nothing, and may be nobody's concern */

    jwt->iss = ngx_gw_json_find(json, 0, &ngx_gw_jwt_members[NGX_GW_JWT_ISS],
                                parser->hashes[NGX_GW_JWT_ISS]);

    jwt->aud = ngx_gw_json_find(json, 0, &ngx_gw_jwt_members[NGX_GW_JWT_AUD],
                                parser->hashes[NGX_GW_JWT_AUD]);

    if (ngx_gw_jwt_time(parser, json, NGX_GW_JWT_EXP, &jwt->exp) != NGX_OK
        || ngx_gw_jwt_time(parser, json, NGX_GW_JWT_NBF, &jwt->nbf) != NGX_OK
        || ngx_gw_jwt_time(parser, json, NGX_GW_JWT_IAT, &jwt->iat) != NGX_OK)
    {
        return NGX_GW_JWT_MALFORMED;
    }

    return NGX_GW_JWT_PASSED;
}


/* the part src of len characters, decoded to text, must be an object */

static ngx_int_t
ngx_gw_jwt_parse_json(ngx_gw_jwt_parser_t *parser, ngx_gw_json_t *json,
    u_char *src, size_t len, u_char *text, ngx_gw_json_node_t *nodes)
{
    json->data = text;
    json->len = ngx_gw_base64url_decoded_length(len);
    json->nodes = nodes;

    if (ngx_gw_base64url_decode(text, src, len) != NGX_OK
        || ngx_gw_json_parse(json, ngx_gw_json_max_nodes(json->len),
                             NGX_GW_JWT_MAX_DEPTH, parser->scratch)
           != NGX_OK
        || nodes[0].type != NGX_GW_JSON_OBJECT)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* a NumericDate (RFC 7519 section 2), which may have a fraction */

static ngx_int_t
ngx_gw_jwt_time(ngx_gw_jwt_parser_t *parser, ngx_gw_json_t *json,
    ngx_uint_t member, int64_t *value)
{
    ngx_str_t            text;
    ngx_uint_t           node, fraction;
    ngx_gw_json_node_t  *n;

    *value = NGX_GW_JWT_NO_TIME;

    node = ngx_gw_json_find(json, 0, &ngx_gw_jwt_members[member],
                            parser->hashes[member]);

    if (node == NGX_GW_JSON_NONE) {
        return NGX_OK;
    }

    n = &json->nodes[node];

    if (n->type != NGX_GW_JSON_NUMBER) {
        return NGX_DECLINED;
    }

    text.data = json->data + n->pos;
    text.len = n->len;

    if (ngx_gw_json_number_floor(&text, 3, NGX_GW_JWT_MAX_TIME, value,
                                 &fraction)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_gw_jwt_verify(ngx_gw_jwt_t *jwt, ngx_gw_jwt_source_t **sources,
    ngx_uint_t n, uint32_t algs)
{
    ngx_uint_t         i, tries;
    ngx_gw_jwk_t      *named[2];
    ngx_gw_jwk_set_t  *set;

    jwt->named = 0;

    if ((algs & (1u << jwt->alg)) == 0) {
        return NGX_GW_JWT_UNSUPPORTED;
    }

    tries = 0;

    if (jwt->kid.data) {
        named[1] = NULL;

        for (i = 0; i < n; i++) {
            set = sources[i]->set;

            if (set == NULL || !ngx_gw_jwt_eligible(jwt, sources[i])) {
                continue;
            }

            named[0] = ngx_gw_jwk_find(set, &jwt->kid);

            if (named[0] && ngx_gw_jwt_try(jwt, named, &tries)
                            == NGX_GW_JWT_PASSED)
            {
                return NGX_GW_JWT_PASSED;
            }
        }

        if (tries) {
            jwt->named = 1;
            return NGX_GW_JWT_BAD_SIGNATURE;
        }
    }

    for (i = 0; i < n; i++) {
        set = sources[i]->set;

        if (set == NULL || !ngx_gw_jwt_eligible(jwt, sources[i])) {
            continue;
        }

        if (ngx_gw_jwt_try(jwt,
                           jwt->kid.data ? set->bare[jwt->alg]
                                         : set->fit[jwt->alg], &tries)
            == NGX_GW_JWT_PASSED)
        {
            return NGX_GW_JWT_PASSED;
        }
    }

    return tries ? NGX_GW_JWT_BAD_SIGNATURE : NGX_GW_JWT_UNKNOWN_KEY;
}


/* keys end with NULL or after NGX_GW_JWK_MAX_TRIES */

static ngx_uint_t
ngx_gw_jwt_try(ngx_gw_jwt_t *jwt, ngx_gw_jwk_t **keys, ngx_uint_t *tries)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_GW_JWK_MAX_TRIES && keys[i]; i++) {

        if ((keys[i]->algs & (1u << jwt->alg)) == 0) {
            continue;
        }

        if (*tries == NGX_GW_JWK_MAX_TRIES) {
            break;
        }

        (*tries)++;

        if (ngx_gw_jwk_verify(keys[i], jwt->alg, &jwt->input, &jwt->signature)
            == NGX_OK)
        {
            return NGX_GW_JWT_PASSED;
        }
    }

    return NGX_GW_JWT_BAD_SIGNATURE;
}


ngx_uint_t
ngx_gw_jwt_eligible(ngx_gw_jwt_t *jwt, ngx_gw_jwt_source_t *source)
{
    return source->issuer.len == 0
           || (jwt->iss != NGX_GW_JSON_NONE
               && ngx_gw_json_equal(&jwt->payload, jwt->iss,
                                    &source->issuer));
}
