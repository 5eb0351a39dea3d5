/* unit: ngx_gw_common/ngx_gw_base64url.c */

/*
 * ngx_gw_base64url: vectors, every character at every place, and inputs and
 * outputs that end or begin at a page that must not be touched.
 */


#include "ngx_gw_base64url.h"


#define MAX  100


typedef struct {
    const char  *text;
    ngx_int_t    rc;
    const char  *plain;
} base64url_case_t;


static const char  alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";


static const base64url_case_t  cases[] = {

    /* RFC 4648, section 10, without padding */

    { "", NGX_OK, "" },
    { "Zg", NGX_OK, "f" },
    { "Zm8", NGX_OK, "fo" },
    { "Zm9v", NGX_OK, "foo" },
    { "Zm9vYg", NGX_OK, "foob" },
    { "Zm9vYmE", NGX_OK, "fooba" },
    { "Zm9vYmFy", NGX_OK, "foobar" },

    /* RFC 7515, appendix A.1 and C */

    { "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", NGX_OK,
      "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}" },
    { "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ", NGX_OK,
      "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
      "\"http://example.com/is_root\":true}" },
    { "A-z_4ME", NGX_OK, "\x03\xec\xff\xe0\xc1" },
    { "____", NGX_OK, "\xff\xff\xff" },
    { "-_-_", NGX_OK, "\xfb\xff\xbf" },

    /* the lengths that no bytes encode to */

    { "A", NGX_DECLINED, NULL },
    { "Zm9vY", NGX_DECLINED, NULL },
    { "AAAAAAAAAAAAAAAAA", NGX_DECLINED, NULL },

    /* bits left over */

    { "Zh", NGX_DECLINED, NULL },
    { "Zv", NGX_DECLINED, NULL },
    { "Zm9", NGX_DECLINED, NULL },
    { "Zm-", NGX_DECLINED, NULL },
    { "AAAAAAAAAAAAAAAAAAAAAB", NGX_DECLINED, NULL },

    /* padding, space, the other alphabet */

    { "Zg==", NGX_DECLINED, NULL },
    { "Zg=", NGX_DECLINED, NULL },
    { "Zm8=", NGX_DECLINED, NULL },
    { "=", NGX_DECLINED, NULL },
    { "====", NGX_DECLINED, NULL },
    { "Zm9v=", NGX_DECLINED, NULL },
    { "Zm9v====", NGX_DECLINED, NULL },
    { "+___", NGX_DECLINED, NULL },
    { "_/__", NGX_DECLINED, NULL },
    { " Zm9v", NGX_DECLINED, NULL },
    { "Zm9v\n", NGX_DECLINED, NULL },
    { "Zm\r\n9v", NGX_DECLINED, NULL },
    { "Zm9v.Zm9", NGX_DECLINED, NULL },
    { "Zm9v,m9v", NGX_DECLINED, NULL },
    { "Zm9\xc3", NGX_DECLINED, NULL }
};


/*
 * Decodes with text and result both before a guard page, then both behind
 * one; returns the result or NULL.
 */

static u_char *
decode(const void *text, size_t len, size_t *n)
{
    u_char         *src, *dst;
    ngx_int_t       rc;

    static u_char   area[MAX], result[MAX];

    *n = ngx_gw_base64url_decoded_length(len);

    ngx_memset(area, 0xaa, sizeof(area));

    /* the two areas are kept apart: each function has one of its own */

    src = unit_guard_end(text, len);
    dst = unit_guard_begin(area, sizeof(area));

    rc = ngx_gw_base64url_decode(dst, src, len);

    if (dst[*n] != 0xaa) {
        return NULL;
    }

    ngx_memcpy(result, dst, sizeof(result));

    src = unit_guard_begin(text, len);
    dst = unit_guard_end(area, *n);

    if (ngx_gw_base64url_decode(dst, src, len) != rc || rc != NGX_OK) {
        return NULL;
    }

    return memcmp(dst, result, *n) == 0 ? result : NULL;
}


static void
test_cases(void)
{
    size_t                   n;
    u_char                  *p;
    ngx_uint_t               i;
    const base64url_case_t  *c;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        c = &cases[i];

        p = decode(c->text, strlen(c->text), &n);

        if (c->rc == NGX_OK) {
            unit_ok(p && n == strlen(c->plain) && memcmp(p, c->plain, n) == 0,
                    "case %u decodes", (unsigned int) i);

        } else {
            unit_ok(p == NULL, "case %u is refused", (unsigned int) i);
        }
    }
}


/* what ngx_encode_base64url() makes of all lengths comes back */

static void
test_lengths(void)
{
    int         ok;
    size_t      i, n;
    u_char      plain[MAX / 2], text[MAX], *p;
    ngx_str_t   src, dst;

    ok = 1;

    for (i = 0; i <= sizeof(plain); i++) {

        for (n = 0; n < i; n++) {
            plain[n] = (u_char) (n * 151 + i * 37);
        }

        src.data = plain;
        src.len = i;
        dst.data = text;

        ngx_encode_base64url(&dst, &src);

        p = decode(text, dst.len, &n);

        if (p == NULL || n != i || memcmp(p, plain, n) != 0) {
            ok = 0;
        }
    }

    unit_ok(ok, "all lengths up to %u bytes", (unsigned int) sizeof(plain));
}


/* a byte that is not of the alphabet is refused wherever it stands */

static void
test_characters(void)
{
    int      ok, valid;
    size_t   i, n, len;
    u_char   text[MAX], *p;
    int      c;

    for (len = 2; len <= 70; len = len * 2 + 1) {

        if (len % 4 == 1) {
            len++;
        }

        ok = 1;

        for (i = 0; i < len; i++) {
            for (c = 0; c < 256; c++) {
                ngx_memset(text, 'A', len);
                text[i] = (u_char) c;

                valid = c && strchr(alphabet, c);

                if (valid && i == len - 1 && len % 4) {
                    valid = ((strchr(alphabet, c) - alphabet)
                             & (len % 4 == 2 ? 15 : 3)) == 0;
                }

                p = decode(text, len, &n);

                if ((p != NULL) != valid) {
                    ok = 0;
                    printf("# byte %d at %u of %u\n", c, (unsigned int) i,
                           (unsigned int) len);
                }

                if (p && c
                    && (strchr(alphabet, c) - alphabet)
                       != (((p[i * 6 / 8] << 8 | p[i * 6 / 8 + 1])
                            >> (10 - i * 6 % 8)) & 63)
                    && i < len - 1)
                {
                    ok = 0;
                    printf("# value of %d at %u of %u\n", c, (unsigned int) i,
                           (unsigned int) len);
                }
            }
        }

        unit_ok(ok, "every byte at each of %u places", (unsigned int) len);
    }
}


int
main(void)
{
    unit_ok(ngx_gw_base64url_decode(NULL, NULL, 0) == NGX_OK,
            "nothing decodes to nothing");

    test_cases();
    test_lengths();
    test_characters();

    return unit_done();
}
