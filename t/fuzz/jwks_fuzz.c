/* fuzz: ngx_gw_auth/ngx_gw_jw[ak]*.c ngx_gw_common/ngx_gw_*.c */

/*
 * Any text as a file of keys: strict and lenient, in one go and key by key.
 * What loads is consistent, refuses a made-up signature, and leaves nothing
 * behind; what does not says why in printable text.
 */


#include "ngx_gw_jwk.h"

#include <openssl/err.h>


#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static const size_t  lengths[NGX_GW_JWA_N] = {
    256, 256, 256, 256, 256, 256, 64, 96, 132, 64, 32, 48, 64, 64, 64, 114
};


static void
check_key(ngx_gw_jwk_set_t *set, ngx_gw_jwk_t *key)
{
    u_char        bytes[1024];
    ngx_str_t     data, sig;
    ngx_uint_t    i;

    must(key->set == set);
    must(key->algs && (key->algs & ~NGX_GW_JWA_ALL) == 0);

    if (key->kid.data) {
        must(ngx_gw_jwk_find(set, &key->kid) == key);
    }

    memset(bytes, 0x5a, sizeof(bytes));
    data.data = (u_char *) "header.payload";
    data.len = 14;

    for (i = 0; i < NGX_GW_JWA_N; i++) {

        must((key->ctx[i] != NULL) == ((key->algs >> i) & 1));

        if (key->ctx[i] == NULL) {
            continue;
        }

        must((key->pkey == NULL) == (ngx_gw_jwas[i].type == NGX_GW_JWK_OCT));

        sig.data = bytes;
        sig.len = key->pkey && ngx_gw_jwas[i].type == NGX_GW_JWK_RSA
                  ? (size_t) EVP_PKEY_get_size(key->pkey) : lengths[i];

        must(ngx_gw_jwk_verify(key, i, &data, &sig) == NGX_DECLINED);

        sig.len = 0;
        must(ngx_gw_jwk_verify(key, i, &data, &sig) == NGX_DECLINED);
    }

    if (key->pkey && EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_RSA) {
        must(EVP_PKEY_get_bits(key->pkey) >= 2048
             && EVP_PKEY_get_bits(key->pkey) <= 8192);
    }
}


/* the lists of fitting keys hold the first of them in order */

static void
check_set(ngx_gw_jwk_set_t *set)
{
    ngx_uint_t     a, i, nfit, nbare;
    ngx_gw_jwk_t  *key;

    must(set->nkeys > 0);

    for (i = 0; i < set->nkeys; i++) {
        check_key(set, &set->keys[i]);
    }

    for (a = 0; a < NGX_GW_JWA_N; a++) {
        nfit = 0;
        nbare = 0;

        for (i = 0; i < set->nkeys; i++) {
            key = &set->keys[i];

            if ((key->algs & (1u << a)) == 0) {
                continue;
            }

            if (nfit < NGX_GW_JWK_MAX_TRIES) {
                must(set->fit[a][nfit++] == key);
            }

            if (key->kid.data == NULL && nbare < NGX_GW_JWK_MAX_TRIES) {
                must(set->bare[a][nbare++] == key);
            }
        }

        must(nfit == NGX_GW_JWK_MAX_TRIES || set->fit[a][nfit] == NULL);
        must(nbare == NGX_GW_JWK_MAX_TRIES || set->bare[a][nbare] == NULL);
    }
}


static void
check_error(ngx_gw_jwk_load_t *load)
{
    size_t  i;

    must(load->error.len > 0 && load->error.len <= sizeof(load->buf));

    for (i = 0; i < load->error.len; i++) {
        must(load->error.data[i] >= 0x20 && load->error.data[i] < 0x7f);
    }
}


static void
prepare(ngx_gw_jwk_load_t *load, ngx_uint_t strict)
{
    ngx_memset(load, 0xa5, sizeof(ngx_gw_jwk_load_t));

    load->pool = ngx_create_pool(4096, &ngx_stub_log);
    load->log = &ngx_stub_log;
    load->strict = strict;
    ngx_str_set(&load->name, "keys");
}


static void
same(ngx_gw_jwk_set_t *a, ngx_gw_jwk_set_t *b)
{
    ngx_uint_t     i;
    ngx_gw_jwk_t  *x, *y;

    must(a->nkeys == b->nkeys);

    for (i = 0; i < a->nkeys; i++) {
        x = &a->keys[i];
        y = &b->keys[i];

        must(x->algs == y->algs && x->kid.len == y->kid.len
             && (x->kid.data == NULL) == (y->kid.data == NULL)
             && (x->kid.len == 0
                 || memcmp(x->kid.data, y->kid.data, x->kid.len) == 0));
        must(x->pkey == NULL || EVP_PKEY_eq(x->pkey, y->pkey) == 1);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t              i;
    u_char             *copy;
    ngx_int_t           rc;
    ngx_str_t           text;
    ngx_gw_jwk_set_t   *set, *strict_set;
    ngx_gw_jwk_load_t   lenient, strict, pieces;

    ngx_gw_json_init(0x1234567890abcdef);

    text.data = copy = malloc(size + (size == 0));
    text.len = size;

    if (size) {
        memcpy(copy, data, size);
    }

    prepare(&lenient, 0);
    set = ngx_gw_jwk_load(&lenient, &text);

    for (i = 0; ngx_stub_log_text[i]; i++) {
        must((u_char) ngx_stub_log_text[i] >= 0x20
             && (u_char) ngx_stub_log_text[i] < 0x7f);
    }

    if (set) {
        check_set(set);

    } else {
        check_error(&lenient);
    }

    /* what is strictly good is good */

    prepare(&strict, 1);
    strict_set = ngx_gw_jwk_load(&strict, &text);

    if (strict_set) {
        must(set);
        same(set, strict_set);

    } else {
        check_error(&strict);
    }

    /* key by key, and begun but not ended */

    prepare(&pieces, 0);
    rc = ngx_gw_jwk_load_begin(&pieces, &text);

    for (i = 0; rc == NGX_AGAIN && (size % 2 || i < 2); i++) {
        rc = ngx_gw_jwk_load_step(&pieces, 1);
    }

    must(rc == NGX_OK || rc == NGX_ERROR || rc == NGX_AGAIN);

    ngx_gw_jwk_load_end(&pieces);

    if (rc == NGX_OK) {
        must(set);
        check_set(pieces.set);
        same(set, pieces.set);

    } else if (rc == NGX_ERROR) {
        check_error(&pieces);
    }

    must(ERR_peek_error() == 0);

    ngx_destroy_pool(pieces.pool);
    ngx_destroy_pool(strict.pool);

    /* the set does not point into the text */

    memset(copy, 0, size);

    if (set) {
        check_set(set);
    }

    ngx_destroy_pool(lenient.pool);
    free(copy);

    return 0;
}
