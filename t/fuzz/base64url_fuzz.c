/* fuzz: ngx_gw_common/ngx_gw_base64url.c */

/*
 * ngx_gw_base64url on any text: it decodes if and only if encoding gives the
 * same text again, and any bytes decode to themselves once encoded.  The code
 * without SSE2 must do the same.
 */


#include "ngx_gw_base64url.h"


/* the portable code, under a name of its own */

#define NGX_GW_PORTABLE          1
#define ngx_gw_base64url_decode  portable_decode

#include "ngx_gw_base64url.c"

#undef ngx_gw_base64url_decode


#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* 1 if the text is valid: said once more, slowly */

static int
is_valid(const u_char *text, size_t len)
{
    size_t       i;
    ngx_uint_t   value;
    const char  *p;

    static const char  alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    value = 0;

    for (i = 0; i < len; i++) {
        p = text[i] ? strchr(alphabet, text[i]) : NULL;

        if (p == NULL) {
            return 0;
        }

        value = p - alphabet;
    }

    switch (len % 4) {

    case 0:
        return 1;

    case 1:
        return 0;

    case 2:
        return value % 16 == 0;

    default:
        return value % 4 == 0;
    }
}


/* the decoded text, to be freed, or NULL */

static u_char *
decode(const u_char *text, size_t len, size_t *n)
{
    u_char     *a, *b;
    ngx_int_t   rc;

    *n = ngx_gw_base64url_decoded_length(len);

    a = malloc(*n);
    b = malloc(*n);

    rc = ngx_gw_base64url_decode(a, text, len);
    must(portable_decode(b, text, len) == rc);

    if (rc == NGX_OK) {
        must(memcmp(a, b, *n) == 0);
        free(b);
        return a;
    }

    must(rc == NGX_DECLINED);

    free(a);
    free(b);

    return NULL;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      n;
    u_char     *p, *exact;
    ngx_str_t   src, dst;

    dst.data = malloc(ngx_base64_encoded_length(size));

    p = decode(data, size, &n);

    must((p != NULL) == is_valid(data, size));

    if (p) {
        src.data = p;
        src.len = n;
        ngx_encode_base64url(&dst, &src);

        must(dst.len == size && memcmp(dst.data, data, size) == 0);
        free(p);
    }

    src.data = (u_char *) data;
    src.len = size;
    ngx_encode_base64url(&dst, &src);

    exact = malloc(dst.len);

    if (dst.len) {
        memcpy(exact, dst.data, dst.len);
    }

    p = decode(exact, dst.len, &n);

    must(p && n == size && memcmp(p, data, size) == 0);

    free(p);
    free(exact);
    free(dst.data);

    return 0;
}
