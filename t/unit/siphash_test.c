/* unit: ngx_gw_common/ngx_gw_siphash.c */

/*
 * ngx_gw_siphash: as OpenSSL has it, with as many rounds; inputs end at
 * a page that must not be touched.
 */


#include "ngx_gw_siphash.h"

#include <openssl/evp.h>
#include <openssl/params.h>


#define MAX  200


static void
openssl_siphash(const u_char key[16], const u_char *data, size_t len,
    u_char hash[16])
{
    size_t        n, size;
    unsigned int  c, d;
    EVP_MAC      *mac;
    OSSL_PARAM    params[4];
    EVP_MAC_CTX  *ctx;

    size = 16;
    c = 1;
    d = 3;

    mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    ctx = EVP_MAC_CTX_new(mac);

    params[0] = OSSL_PARAM_construct_size_t("size", &size);
    params[1] = OSSL_PARAM_construct_uint("c-rounds", &c);
    params[2] = OSSL_PARAM_construct_uint("d-rounds", &d);
    params[3] = OSSL_PARAM_construct_end();

    if (EVP_MAC_init(ctx, key, 16, params) != 1
        || EVP_MAC_update(ctx, data, len) != 1
        || EVP_MAC_final(ctx, hash, &n, 16) != 1 || n != 16)
    {
        abort();
    }

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}


int
main(void)
{
    size_t     len;
    u_char    *p, key[16], data[MAX], want[16];
    uint64_t   k[2], hash[2];
    ngx_uint_t  i, wrong;

    for (i = 0; i < 16; i++) {
        key[i] = i;
    }

    for (i = 0; i < MAX; i++) {
        data[i] = i;
    }

    ngx_memcpy(k, key, 16);

    wrong = 0;

    for (len = 0; len <= MAX; len++) {
        p = unit_guard_end(data, len);

        openssl_siphash(key, data, len, want);
        ngx_gw_siphash(k, p, len, hash);

        wrong += ngx_memcmp(hash, want, 16) != 0;
    }

    unit_ok(wrong == 0, "as OpenSSL, of each length up to %d", MAX);

    key[3] ^= 0x10;
    ngx_memcpy(k, key, 16);

    openssl_siphash(key, data, MAX, want);
    ngx_gw_siphash(k, data, MAX, hash);
    unit_ok(ngx_memcmp(hash, want, 16) == 0, "with another key");

    return unit_done();
}
