
/*
 * Keys, signatures and tokens for tests, made by OpenSSL alone: nothing of
 * the code under test takes part.  What fails ends the test.
 */


#ifndef _JWT_HELP_H_INCLUDED_
#define _JWT_HELP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/evp.h>

#include "ngx_gw_jwa.h"


#define HELP_MAX  16384


/* a private key, or a secret if pkey is NULL */
typedef struct {
    EVP_PKEY   *pkey;
    ngx_str_t   secret;
} help_key_t;


/* the text in a buffer of its own, followed by '\0'; rotates among 64 */
char *help_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* base64url of the bytes, in such a buffer */
char *help_base64url(const void *data, size_t len);

/* a string constant, or text in such a buffer, as nginx has it */
ngx_str_t help_str(const char *text);

/*
 * A key made at the first call: "RSA", "RSA-other", "P-256", ..., "Ed448",
 * "oct"; "-other" behind the name gives another one.
 */
help_key_t *help_key(const char *name);

/* the key an algorithm wants, by its index; other: another */
help_key_t *help_key_for(ngx_uint_t alg, ngx_uint_t other);

/* the public half as members of a JWK, without braces; more may be "" */
char *help_jwk(help_key_t *key, const char *more);

/* the public half in PEM */
char *help_pem(help_key_t *key);

/* the raw signature (RFC 7518) of the bytes; returns its length */
size_t help_sign(ngx_uint_t alg, help_key_t *key, const void *data,
    size_t len, u_char *sig);

/* r and s from DER to n bytes each */
void help_ecdsa_raw(const u_char *der, size_t len, u_char *sig, size_t n);

/* a signed token of these JSON texts; alg and key say how it is signed */
char *help_token(ngx_uint_t alg, help_key_t *key, const char *header,
    const char *payload);


#endif /* _JWT_HELP_H_INCLUDED_ */
