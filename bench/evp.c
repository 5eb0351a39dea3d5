
/*
 * What a signature costs by itself: OpenSSL with key and contexts kept, on
 * inputs and signatures made beforehand.  Prints for each algorithm
 *
 *     NAME NS
 *
 * CPU nanoseconds a verification, the median of BATCHES.
 *
 * evp INPUT_BYTES
 */


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>


#define INPUTS     256
#define BATCHES    15
#define BATCH_NS   20000000     /* about */

#define RS256      0
#define ES256      1
#define EDDSA      2
#define HS256      3


static void prepare(int alg);
static int verify(int alg, int i);
static size_t der(unsigned char *dst, unsigned char *sig);
static unsigned char *der_integer(unsigned char *p, unsigned char *v);
static int compare(const void *a, const void *b);
static int64_t now(void);
static void check(int ok);


static const char     *names[] = { "RS256", "ES256", "EdDSA", "HS256" };

static size_t          input_len;
static unsigned char  *inputs[INPUTS];
static unsigned char   sigs[INPUTS][512];
static size_t          sig_len;

static EVP_MD         *sha256;
static EVP_PKEY       *pkey;
static EVP_PKEY_CTX   *pctx;
static EVP_MD_CTX     *hash, *eddsa;
static EVP_MAC_CTX    *hmac;


int
main(int argc, char **argv)
{
    int      alg, i, b;
    long     n, count;
    int64_t  start, ns[BATCHES];

    input_len = (argc == 2) ? strtoul(argv[1], NULL, 10) : 0;

    if (input_len < 64 || input_len > 65536) {
        fprintf(stderr, "usage: evp INPUT_BYTES\n");
        return 2;
    }

    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hash = EVP_MD_CTX_new();
    check(sha256 && hash && EVP_DigestInit_ex2(hash, sha256, NULL) == 1);

    for (i = 0; i < INPUTS; i++) {
        inputs[i] = malloc(input_len);
        check(inputs[i] && RAND_bytes(inputs[i], (int) input_len) == 1);
    }

    for (alg = RS256; alg <= HS256; alg++) {
        prepare(alg);

        count = 0;

        for (start = now(); now() - start < BATCH_NS; count += 16) {
            for (i = 0; i < 16; i++) {
                check(verify(alg, i));
            }
        }

        for (b = 0; b < BATCHES; b++) {
            start = now();

            for (n = 0; n < count; n++) {
                check(verify(alg, (int) (n % INPUTS)));
            }

            ns[b] = (now() - start) / count;
        }

        qsort(ns, BATCHES, sizeof(ns[0]), compare);
        printf("%s %lld\n", names[alg], (long long) ns[BATCHES / 2]);
        fflush(stdout);
    }

    return 0;
}


static void
prepare(int alg)
{
    int                   i;
    size_t                n;
    EVP_MAC              *mac;
    ECDSA_SIG            *ec;
    EVP_MD_CTX           *ctx;
    OSSL_PARAM            params[2];
    unsigned char         secret[32];
    const unsigned char  *p;

    if (alg == HS256) {
        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                     "SHA256", 0);
        params[1] = OSSL_PARAM_construct_end();

        mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        hmac = EVP_MAC_CTX_new(mac);
        check(RAND_bytes(secret, sizeof(secret)) == 1
              && EVP_MAC_init(hmac, secret, sizeof(secret), params) == 1);

        for (i = 0; i < INPUTS; i++) {
            check(EVP_MAC_init(hmac, NULL, 0, NULL) == 1
                  && EVP_MAC_update(hmac, inputs[i], input_len) == 1
                  && EVP_MAC_final(hmac, sigs[i], &sig_len, sizeof(sigs[i]))
                     == 1);
        }

        return;
    }

    pkey = (alg == RS256) ? EVP_RSA_gen(2048)
           : (alg == ES256) ? EVP_EC_gen("P-256")
           : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ctx = EVP_MD_CTX_new();
    check(pkey && ctx);

    for (i = 0; i < INPUTS; i++) {
        n = sizeof(sigs[i]);
        check(EVP_MD_CTX_reset(ctx) == 1
              && EVP_DigestSignInit(ctx, NULL, alg == EDDSA ? NULL : sha256,
                                    NULL, pkey) == 1
              && EVP_DigestSign(ctx, sigs[i], &n, inputs[i], input_len) == 1);

        if (alg == ES256) {
            p = sigs[i];
            ec = d2i_ECDSA_SIG(NULL, &p, (long) n);
            check(ec && BN_bn2binpad(ECDSA_SIG_get0_r(ec), sigs[i], 32) == 32
                  && BN_bn2binpad(ECDSA_SIG_get0_s(ec), sigs[i] + 32, 32)
                     == 32);
            ECDSA_SIG_free(ec);
            n = 64;
        }

        sig_len = n;
    }

    if (alg == EDDSA) {
        eddsa = EVP_MD_CTX_new();
        check(EVP_DigestVerifyInit(eddsa, NULL, NULL, NULL, pkey) == 1);
        return;
    }

    pctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    check(pctx && EVP_PKEY_verify_init(pctx) == 1);

    if (alg == RS256) {
        check(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PADDING) == 1
              && EVP_PKEY_CTX_set_signature_md(pctx, sha256) == 1);
    }
}


static int
verify(int alg, int i)
{
    size_t         n;
    unsigned int   len;
    unsigned char  md[EVP_MAX_MD_SIZE], buf[80];

    switch (alg) {

    case EDDSA:
        return EVP_DigestVerify(eddsa, sigs[i], sig_len, inputs[i], input_len)
               == 1;

    case HS256:
        return EVP_MAC_init(hmac, NULL, 0, NULL) == 1
               && EVP_MAC_update(hmac, inputs[i], input_len) == 1
               && EVP_MAC_final(hmac, md, &n, sizeof(md)) == 1
               && CRYPTO_memcmp(md, sigs[i], n) == 0;
    }

    if (EVP_DigestInit_ex2(hash, NULL, NULL) != 1
        || EVP_DigestUpdate(hash, inputs[i], input_len) != 1
        || EVP_DigestFinal_ex(hash, md, &len) != 1)
    {
        return 0;
    }

    if (alg == RS256) {
        return EVP_PKEY_verify(pctx, sigs[i], sig_len, md, len) == 1;
    }

    n = der(buf, sigs[i]);

    return EVP_PKEY_verify(pctx, buf, n, md, len) == 1;
}


/* r and s of 32 bytes as OpenSSL wants them */

static size_t
der(unsigned char *dst, unsigned char *sig)
{
    unsigned char  *p;

    p = der_integer(dst + 2, sig);
    p = der_integer(p, sig + 32);

    dst[0] = 0x30;
    dst[1] = (unsigned char) (p - dst - 2);

    return p - dst;
}


static unsigned char *
der_integer(unsigned char *p, unsigned char *v)
{
    size_t  n;

    for (n = 32; n > 1 && *v == 0; n--) {
        v++;
    }

    *p++ = 0x02;
    *p++ = (unsigned char) (n + (*v >> 7));

    if (*v & 0x80) {
        *p++ = 0;
    }

    memcpy(p, v, n);

    return p + n;
}


static int
compare(const void *a, const void *b)
{
    int64_t  x = *(const int64_t *) a, y = *(const int64_t *) b;

    return (x > y) - (x < y);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static void
check(int ok)
{
    if (!ok) {
        fprintf(stderr, "evp: OpenSSL failed\n");
        exit(1);
    }
}
