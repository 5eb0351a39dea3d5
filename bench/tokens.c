
/*
 * Makes tokens to measure with: DIR/jwks.json and, for each of the four
 * algorithms, DIR/ALG.tokens with N distinct tokens, one a line.
 *
 * tokens DIR N
 */


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>


#define SECRET    32            /* bytes of the HS256 key */
#define LIFETIME  (24 * 3600)   /* seconds */
#define MAX_SIG   512           /* bytes, DER included */
#define MAX_TOKEN 4096


typedef struct {
    const char  *name;
    const char  *kid;
    EVP_PKEY    *pkey;          /* NULL: the secret */
    EVP_MD_CTX  *ctx;
} alg_t;


static void make_keys(void);
static void write_jwks(const char *dir);
static void make(alg_t *alg, const char *dir, long first, long last);
static size_t token(alg_t *alg, long i, char *dst);
static size_t sign(alg_t *alg, char *data, size_t len, unsigned char *sig);
static size_t base64url(char *dst, const unsigned char *src, size_t len);
static void number(FILE *f, const char *name, const unsigned char *src,
    size_t len);
static void bignum(FILE *f, const char *name, EVP_PKEY *pkey,
    const char *param, size_t len);
static void concatenate(const char *dir, const char *name);
static FILE *create(const char *dir, const char *name, const char *suffix);
static void die(const char *what);


static unsigned char  secret[SECRET];

static alg_t  algs[] = {
    { "RS256", "2026-11-a", NULL, NULL },
    { "ES256", "2026-11-b", NULL, NULL },
    { "EdDSA", "2026-11-c", NULL, NULL },
    { "HS256", "2026-11-d", NULL, NULL }
};

#define NALGS  (sizeof(algs) / sizeof(algs[0]))


int
main(int argc, char **argv)
{
    int     i, half, status, failed;
    long    n;
    size_t  k;

    if (argc != 3 || (n = atol(argv[2])) < 2) {
        fprintf(stderr, "usage: tokens DIR N\n");
        return 2;
    }

    make_keys();
    write_jwks(argv[1]);

    /* signing takes the time: each half of each file by a process */

    for (k = 0; k < NALGS; k++) {
        for (half = 0; half < 2; half++) {

            switch (fork()) {
            case -1:
                die("fork");
                break;

            case 0:
                make(&algs[k], argv[1], half ? n / 2 : 0, half ? n : n / 2);
                return 0;
            }
        }
    }

    failed = 0;

    for (i = 0; i < (int) (2 * NALGS); i++) {
        if (wait(&status) == -1 || status != 0) {
            failed = 1;
        }
    }

    if (failed) {
        die("not all tokens were made");
    }

    for (k = 0; k < NALGS; k++) {
        concatenate(argv[1], algs[k].name);
    }

    return 0;
}


static void
make_keys(void)
{
    algs[0].pkey = EVP_RSA_gen(2048);
    algs[1].pkey = EVP_EC_gen("P-256");
    algs[2].pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    if (algs[0].pkey == NULL || algs[1].pkey == NULL || algs[2].pkey == NULL
        || RAND_bytes(secret, sizeof(secret)) != 1)
    {
        die("making keys");
    }
}


static void
write_jwks(const char *dir)
{
    FILE           *f;
    size_t          len;
    unsigned char   raw[32];

    f = create(dir, "jwks", ".json");

    fprintf(f, "{\"keys\":[\n"
               "{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\"%s\"",
            algs[0].kid);
    bignum(f, "n", algs[0].pkey, OSSL_PKEY_PARAM_RSA_N, 256);
    bignum(f, "e", algs[0].pkey, OSSL_PKEY_PARAM_RSA_E, 3);

    fprintf(f, "},\n{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\"",
            algs[1].kid);
    bignum(f, "x", algs[1].pkey, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    bignum(f, "y", algs[1].pkey, OSSL_PKEY_PARAM_EC_PUB_Y, 32);

    len = sizeof(raw);
    if (EVP_PKEY_get_raw_public_key(algs[2].pkey, raw, &len) != 1) {
        die("Ed25519");
    }

    fprintf(f, "},\n{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"%s\"",
            algs[2].kid);
    number(f, "x", raw, len);

    fprintf(f, "},\n{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"%s\"",
            algs[3].kid);
    number(f, "k", secret, sizeof(secret));

    fprintf(f, "}\n]}\n");

    if (fclose(f) != 0) {
        die(dir);
    }
}


static void
make(alg_t *alg, const char *dir, long first, long last)
{
    char     line[MAX_TOKEN];
    long     i;
    FILE    *f;
    size_t   len;

    alg->ctx = EVP_MD_CTX_new();
    if (alg->ctx == NULL) {
        die("memory");
    }

    f = create(dir, alg->name, first ? ".part2" : ".part1");

    for (i = first; i < last; i++) {
        len = token(alg, i, line);
        line[len++] = '\n';

        if (fwrite(line, 1, len, f) != len) {
            die(alg->name);
        }
    }

    if (fclose(f) != 0) {
        die(alg->name);
    }

    exit(0);
}


/* what an access token of an identity provider usually carries */

static size_t
token(alg_t *alg, long i, char *dst)
{
    int             n;
    char            json[1024];
    size_t          len;
    time_t          now;
    unsigned char   sig[MAX_SIG];

    now = time(NULL) - 60;

    n = snprintf(json, sizeof(json),
                 "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
                 alg->name, alg->kid);
    len = base64url(dst, (unsigned char *) json, n);
    dst[len++] = '.';

    n = snprintf(json, sizeof(json),
                 "{\"iss\":\"https://idp.example/realms/shop\","
                 "\"sub\":\"%08lx-58cc-4372-a567-0e02b2c3d479\","
                 "\"aud\":[\"orders\",\"account\"],"
                 "\"exp\":%ld,\"nbf\":%ld,\"iat\":%ld,"
                 "\"jti\":\"9f8e%08lx4c5d6e7f\","
                 "\"client_id\":\"webshop\","
                 "\"scope\":\"openid profile orders:read orders:write\","
                 "\"realm_access\":{\"roles\":[\"customer\",\"premium\"]},"
                 "\"email\":\"user%ld@shop.example\","
                 "\"email_verified\":true}",
                 i * 2654435761L % 0xffffffffL, (long) now + LIFETIME,
                 (long) now, (long) now, i * 40503L % 0xffffffffL, i);
    len += base64url(dst + len, (unsigned char *) json, n);

    n = (int) sign(alg, dst, len, sig);
    dst[len++] = '.';

    return len + base64url(dst + len, sig, n);
}


static size_t
sign(alg_t *alg, char *data, size_t len, unsigned char *sig)
{
    size_t                n;
    ECDSA_SIG            *ec;
    unsigned int          hmac;
    const EVP_MD         *md;
    const unsigned char  *p;

    if (alg->pkey == NULL) {
        if (HMAC(EVP_sha256(), secret, sizeof(secret), (unsigned char *) data,
                 len, sig, &hmac)
            == NULL)
        {
            die("HMAC");
        }

        return hmac;
    }

    md = EVP_PKEY_is_a(alg->pkey, "ED25519") ? NULL : EVP_sha256();
    n = MAX_SIG;

    if (EVP_MD_CTX_reset(alg->ctx) != 1
        || EVP_DigestSignInit(alg->ctx, NULL, md, NULL, alg->pkey) != 1
        || EVP_DigestSign(alg->ctx, sig, &n, (unsigned char *) data, len)
           != 1)
    {
        die("signing");
    }

    if (!EVP_PKEY_is_a(alg->pkey, "EC")) {
        return n;
    }

    /* r and s, one behind the other */

    p = sig;
    ec = d2i_ECDSA_SIG(NULL, &p, (long) n);

    if (ec == NULL
        || BN_bn2binpad(ECDSA_SIG_get0_r(ec), sig, 32) != 32
        || BN_bn2binpad(ECDSA_SIG_get0_s(ec), sig + 32, 32) != 32)
    {
        die("ECDSA");
    }

    ECDSA_SIG_free(ec);

    return 64;
}


static size_t
base64url(char *dst, const unsigned char *src, size_t len)
{
    char      *p;
    size_t     i;
    uint32_t   bits;

    static const char  chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_";

    p = dst;

    for (i = 0; i < len; i += 3) {
        bits = (uint32_t) src[i] << 16;
        bits |= (i + 1 < len) ? (uint32_t) src[i + 1] << 8 : 0;
        bits |= (i + 2 < len) ? src[i + 2] : 0;

        *p++ = chars[bits >> 18];
        *p++ = chars[(bits >> 12) & 63];

        if (i + 1 < len) {
            *p++ = chars[(bits >> 6) & 63];
        }

        if (i + 2 < len) {
            *p++ = chars[bits & 63];
        }
    }

    return p - dst;
}


static void
number(FILE *f, const char *name, const unsigned char *src, size_t len)
{
    char  text[1024];

    fprintf(f, ",\"%s\":\"%.*s\"", name, (int) base64url(text, src, len),
            text);
}


static void
bignum(FILE *f, const char *name, EVP_PKEY *pkey, const char *param,
    size_t len)
{
    BIGNUM         *bn;
    unsigned char   raw[256];

    bn = NULL;

    if (EVP_PKEY_get_bn_param(pkey, param, &bn) != 1
        || BN_bn2binpad(bn, raw, (int) len) != (int) len)
    {
        die(param);
    }

    BN_free(bn);
    number(f, name, raw, len);
}


static void
concatenate(const char *dir, const char *name)
{
    int      half;
    char     buf[65536], part[4096];
    FILE    *in, *out;
    size_t   n;

    out = create(dir, name, ".tokens");

    for (half = 1; half <= 2; half++) {
        snprintf(part, sizeof(part), "%s/%s.part%d", dir, name, half);

        in = fopen(part, "r");
        if (in == NULL) {
            die(part);
        }

        while ((n = fread(buf, 1, sizeof(buf), in)) > 0) {
            if (fwrite(buf, 1, n, out) != n) {
                die(name);
            }
        }

        fclose(in);
        unlink(part);
    }

    if (fclose(out) != 0) {
        die(name);
    }
}


static FILE *
create(const char *dir, const char *name, const char *suffix)
{
    char   path[4096];
    FILE  *f;

    snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);

    f = fopen(path, "w");
    if (f == NULL) {
        die(path);
    }

    return f;
}


static void
die(const char *what)
{
    perror(what);
    exit(1);
}
