
/* Sets of keys. */


#include "ngx_gw_jwk.h"
#include "ngx_gw_jwk_key.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>


#define NGX_GW_JWK_MAX_DEPTH     16
#define NGX_GW_JWK_LABEL         80


static ngx_int_t ngx_gw_jwk_set_create(ngx_gw_jwk_load_t *load);
static ngx_int_t ngx_gw_jwk_load_parse(ngx_gw_jwk_load_t *load,
    ngx_str_t *text);
static ngx_uint_t ngx_gw_jwk_is_pem(ngx_str_t *text);
static ngx_int_t ngx_gw_jwk_load_pem(ngx_gw_jwk_load_t *load,
    ngx_str_t *text);
static ngx_int_t ngx_gw_jwk_load_finish(ngx_gw_jwk_load_t *load);
static ngx_int_t ngx_gw_jwk_add(ngx_gw_jwk_load_t *load, ngx_gw_jwk_t *key,
    ngx_uint_t index, ngx_int_t rc, const char *why);
static ngx_int_t ngx_gw_jwk_grow(ngx_gw_jwk_load_t *load, ngx_uint_t n);
static void ngx_gw_jwk_fits(ngx_gw_jwk_set_t *set);
static void ngx_gw_jwk_cleanup(void *data);
static ngx_int_t ngx_gw_jwk_error(ngx_gw_jwk_load_t *load, const char *fmt,
    ...);


static ngx_str_t  ngx_gw_jwk_keys = ngx_string("keys");


ngx_gw_jwk_set_t *
ngx_gw_jwk_load(ngx_gw_jwk_load_t *load, ngx_str_t *text)
{
    ngx_int_t  rc;

    if (ngx_gw_jwk_is_pem(text)) {
        rc = ngx_gw_jwk_set_create(load);

        if (rc == NGX_OK) {
            rc = ngx_gw_jwk_load_pem(load, text);
        }

        if (rc == NGX_OK) {
            rc = ngx_gw_jwk_load_finish(load);
        }

        ERR_clear_error();

    } else {
        rc = ngx_gw_jwk_load_begin(load, text);

        if (rc == NGX_AGAIN) {
            rc = ngx_gw_jwk_load_step(load, NGX_GW_JWK_MAX_KEYS);
        }

        ngx_gw_jwk_load_end(load);
    }

    return (rc == NGX_OK) ? load->set : NULL;
}


ngx_int_t
ngx_gw_jwk_load_begin(ngx_gw_jwk_load_t *load, ngx_str_t *text)
{
    if (ngx_gw_jwk_set_create(load) != NGX_OK) {
        return NGX_ERROR;
    }

    load->temp = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, load->log);
    if (load->temp == NULL) {
        return NGX_ERROR;
    }

    return ngx_gw_jwk_load_parse(load, text);
}


static ngx_int_t
ngx_gw_jwk_set_create(ngx_gw_jwk_load_t *load)
{
    ngx_pool_cleanup_t  *cln;

    load->set = NULL;
    load->temp = NULL;
    ngx_str_set(&load->error, "no memory");

    cln = ngx_pool_cleanup_add(load->pool, sizeof(ngx_gw_jwk_set_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    load->set = cln->data;
    ngx_memzero(load->set, sizeof(ngx_gw_jwk_set_t));
    cln->handler = ngx_gw_jwk_cleanup;

    if (ngx_gw_jwa_digests_init(&load->set->digests) != NGX_OK) {
        ERR_clear_error();
        return ngx_gw_jwk_error(load, "\"%V\" cannot be used: the "
                                "cryptographic library has no SHA-2",
                                &load->name);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_gw_jwk_load_parse(ngx_gw_jwk_load_t *load, ngx_str_t *text)
{
    uint32_t             *scratch;
    ngx_uint_t            n, keys;
    ngx_gw_json_t        *json;
    ngx_gw_json_node_t   *nodes;

    json = &load->json;

    if (text->len == 0) {
        return ngx_gw_jwk_error(load, "\"%V\" is empty", &load->name);
    }

    if (text->len > NGX_GW_JWK_MAX_TEXT) {
        return ngx_gw_jwk_error(load, "\"%V\" is too large", &load->name);
    }

    n = ngx_gw_json_max_nodes(text->len);
    nodes = ngx_palloc(load->temp, n * sizeof(ngx_gw_json_node_t));
    scratch = ngx_palloc(load->temp,
                         ngx_gw_json_scratch(n) * sizeof(uint32_t));

    if (nodes == NULL || scratch == NULL) {
        return NGX_ERROR;
    }

    json->data = text->data;
    json->len = text->len;
    json->nodes = nodes;

    if (ngx_gw_json_parse(json, n, NGX_GW_JWK_MAX_DEPTH, scratch) != NGX_OK) {
        return ngx_gw_jwk_error(load, "\"%V\" is not valid JSON: %s at byte "
                                "%uz", &load->name, json->error,
                                json->offset);
    }

    keys = ngx_gw_json_find(json, 0, &ngx_gw_jwk_keys,
                            ngx_gw_json_hash(ngx_gw_jwk_keys.data,
                                             ngx_gw_jwk_keys.len));

    if (nodes[0].type != NGX_GW_JSON_OBJECT
        || (keys && nodes[keys].type != NGX_GW_JSON_ARRAY))
    {
        return ngx_gw_jwk_error(load, "\"%V\" is neither a JWK set nor a JWK",
                                &load->name);
    }

    /* a JWK by itself is the root */

    load->index = 0;
    load->node = keys ? keys + 1 : 0;
    load->left = keys ? nodes[keys].count : 1;

    if (ngx_gw_jwk_grow(load, load->left) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_gw_jwk_load_step(ngx_gw_jwk_load_t *load, ngx_uint_t n)
{
    ngx_int_t      rc;
    const char    *why;
    ngx_gw_jwk_t   key;

    for ( /* void */ ; n && load->left; n--) {
        why = NULL;
        ngx_memzero(&key, sizeof(ngx_gw_jwk_t));

        rc = ngx_gw_jwk_member(&load->json, load->node, load->pool, &key,
                               &why);
        ERR_clear_error();

        if (ngx_gw_jwk_add(load, &key, load->index, rc, why) != NGX_OK) {
            return NGX_ERROR;
        }

        load->node = load->json.nodes[load->node].next;
        load->index++;
        load->left--;
    }

    return load->left ? NGX_AGAIN : ngx_gw_jwk_load_finish(load);
}


void
ngx_gw_jwk_load_end(ngx_gw_jwk_load_t *load)
{
    if (load->temp) {
        ngx_destroy_pool(load->temp);
        load->temp = NULL;
    }
}


/* PEM may have text before it; JSON begins with a brace */

static ngx_uint_t
ngx_gw_jwk_is_pem(ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] > ' ') {
            break;
        }
    }

    return i < text->len && text->data[i] != '{'
           && ngx_strnstr(text->data, "-----BEGIN ", text->len) != NULL;
}


static ngx_int_t
ngx_gw_jwk_load_pem(ngx_gw_jwk_load_t *load, ngx_str_t *text)
{
    BIO           *bio;
    char          *name, *header;
    long           len;
    u_char        *der;
    ngx_int_t      rc, key_rc;
    ngx_uint_t     i;
    const char    *why;
    ngx_gw_jwk_t   key;

    if (text->len > INT_MAX) {
        return ngx_gw_jwk_error(load, "\"%V\" is too large", &load->name);
    }

    bio = BIO_new_mem_buf(text->data, (int) text->len);
    if (bio == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    for (i = 0; rc == NGX_OK; i++) {

        if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
            if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
                break;
            }

            rc = ngx_gw_jwk_error(load, "\"%V\": key %ui is malformed PEM",
                                  &load->name, i);
            break;
        }

        rc = ngx_gw_jwk_grow(load, i + 1);

        if (rc == NGX_OK) {
            why = NULL;
            ngx_memzero(&key, sizeof(ngx_gw_jwk_t));

            key_rc = ngx_gw_jwk_key_pem(&key, name, der, len, &why);

            if (key_rc == NGX_OK) {
                key_rc = ngx_gw_jwk_key_fit(&key, &why);
            }

            if (key_rc == NGX_OK) {
                key_rc = ngx_gw_jwk_key_contexts(&key, NULL, &why);
            }

            rc = ngx_gw_jwk_add(load, &key, i, key_rc, why);
        }

        OPENSSL_cleanse(der, len);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }

    BIO_free(bio);

    return rc;
}


static ngx_int_t
ngx_gw_jwk_load_finish(ngx_gw_jwk_load_t *load)
{
    if (load->set->nkeys == 0) {
        return ngx_gw_jwk_error(load, "\"%V\" has no usable key",
                                &load->name);
    }

    ngx_gw_jwk_fits(load->set);

    return NGX_OK;
}


/*
 * Takes over what key holds and what became of loading it: adds it to the
 * set, logs that it is skipped, or fails the set.
 */

static ngx_int_t
ngx_gw_jwk_add(ngx_gw_jwk_load_t *load, ngx_gw_jwk_t *key, ngx_uint_t index,
    ngx_int_t rc, const char *why)
{
    u_char             label[NGX_GW_JWK_LABEL], *p, *last;
    ngx_uint_t         i;
    ngx_gw_jwk_t     **bucket;
    ngx_gw_jwk_set_t  *set;

    set = load->set;

    if (rc == NGX_OK && key->kid.data && ngx_gw_jwk_find(set, &key->kid)) {
        why = "has the \"kid\" of another";
        rc = NGX_ERROR;
    }

    if (rc == NGX_OK) {
        set->keys[set->nkeys] = *key;
        key = &set->keys[set->nkeys++];
        key->set = set;

        if (key->kid.data) {
            key->hash = ngx_gw_json_hash(key->kid.data, key->kid.len);
            bucket = &set->buckets[key->hash & set->mask];
            key->next = *bucket;
            *bucket = key;
        }

        return NGX_OK;
    }

    ngx_gw_jwk_key_free(key);

    /* a kid is anybody's text: what is not printable stays out of the log */

    p = label;
    last = label + sizeof(label) - sizeof("...\")");

    if (key->kid.data) {
        p = ngx_cpymem(p, " (kid \"", 7);

        for (i = 0; i < key->kid.len && p < last; i++) {
            *p++ = (key->kid.data[i] < 0x20 || key->kid.data[i] >= 0x7f)
                   ? '?' : key->kid.data[i];
        }

        if (i < key->kid.len) {
            p = ngx_cpymem(p, "...", 3);
        }

        p = ngx_cpymem(p, "\")", 2);
    }

    *p = '\0';

    if (rc == NGX_ERROR && load->strict) {
        return ngx_gw_jwk_error(load, "\"%V\": key %ui%s %s", &load->name,
                                index, label, why);
    }

    ngx_log_error(NGX_LOG_NOTICE, load->log, 0,
                  "\"%V\": skipped key %ui%s: it %s",
                  &load->name, index, label, why);

    return NGX_OK;
}


/* makes room for n keys; the keys there are stay */

static ngx_int_t
ngx_gw_jwk_grow(ngx_gw_jwk_load_t *load, ngx_uint_t n)
{
    ngx_uint_t         i, size;
    ngx_gw_jwk_t      *keys, **bucket;
    ngx_gw_jwk_set_t  *set;

    set = load->set;

    if (n > NGX_GW_JWK_MAX_KEYS) {
        return ngx_gw_jwk_error(load, "\"%V\" has more than %d keys",
                                &load->name, NGX_GW_JWK_MAX_KEYS);
    }

    if (set->buckets && n <= set->mask + 1) {
        return NGX_OK;
    }

    for (size = 4; size < n; size *= 2) { /* void */ }

    keys = ngx_pcalloc(load->pool, size * sizeof(ngx_gw_jwk_t));
    set->buckets = ngx_pcalloc(load->pool, size * sizeof(ngx_gw_jwk_t *));

    if (keys == NULL || set->buckets == NULL) {
        set->mask = 0;
        return NGX_ERROR;
    }

    if (set->nkeys) {
        ngx_memcpy(keys, set->keys, set->nkeys * sizeof(ngx_gw_jwk_t));
    }

    set->keys = keys;
    set->mask = size - 1;

    for (i = 0; i < set->nkeys; i++) {
        if (keys[i].kid.data) {
            bucket = &set->buckets[keys[i].hash & set->mask];
            keys[i].next = *bucket;
            *bucket = &keys[i];
        }
    }

    return NGX_OK;
}


static void
ngx_gw_jwk_fits(ngx_gw_jwk_set_t *set)
{
    ngx_uint_t     a, i, nfit, nbare;
    ngx_gw_jwk_t  *key;

    for (a = 0; a < NGX_GW_JWA_N; a++) {
        nfit = 0;
        nbare = 0;

        for (i = 0; i < set->nkeys; i++) {
            key = &set->keys[i];

            if ((key->algs & (1u << a)) == 0) {
                continue;
            }

            if (nfit < NGX_GW_JWK_MAX_TRIES) {
                set->fit[a][nfit++] = key;
            }

            if (key->kid.data == NULL && nbare < NGX_GW_JWK_MAX_TRIES) {
                set->bare[a][nbare++] = key;
            }
        }
    }
}


static void
ngx_gw_jwk_cleanup(void *data)
{
    ngx_gw_jwk_set_t *set = data;

    ngx_uint_t  i;

    for (i = 0; i < set->nkeys; i++) {
        ngx_gw_jwk_key_free(&set->keys[i]);
    }

    ngx_gw_jwa_digests_free(&set->digests);
}


static ngx_int_t
ngx_gw_jwk_error(ngx_gw_jwk_load_t *load, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(load->buf, load->buf + sizeof(load->buf), fmt, args);
    va_end(args);

    load->error.data = load->buf;
    load->error.len = p - load->buf;

    return NGX_ERROR;
}


ngx_gw_jwk_t *
ngx_gw_jwk_find(ngx_gw_jwk_set_t *set, ngx_str_t *kid)
{
    uint32_t       hash;
    ngx_gw_jwk_t  *key;

    hash = ngx_gw_json_hash(kid->data, kid->len);

    for (key = set->buckets[hash & set->mask]; key; key = key->next) {
        if (key->hash == hash && key->kid.len == kid->len
            && ngx_memcmp(key->kid.data, kid->data, kid->len) == 0)
        {
            return key;
        }
    }

    return NULL;
}


ngx_int_t
ngx_gw_jwk_verify(ngx_gw_jwk_t *key, ngx_uint_t alg, ngx_str_t *data,
    ngx_str_t *sig)
{
    return ngx_gw_jwa_verify(alg, key->ctx[alg], &key->set->digests, data,
                             sig);
}
