/* unit: ngx_gw_transcode/ngx_gw_grpc.c
         ngx_gw_transcode/ngx_gw_grpc_base64.c
         ngx_gw_transcode/ngx_gw_grpc_deframer.c
         ngx_gw_transcode/ngx_gw_grpc_splitter.c */

/*
 * ngx_gw_grpc: statuses, messages, timeouts, base64; frames and elements in
 * pieces of all sizes, each read to the last byte before a guard page.
 */


#include "ngx_gw_grpc.h"

#include <zlib.h>


#define nelts(array)  (sizeof(array) / sizeof(array[0]))


/* of AddressSanitizer */
size_t __sanitizer_get_current_allocated_bytes(void);


static ngx_pool_t  *pool;


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = unit_guard_end(text, s.len);

    return s;
}


static int
is(const ngx_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}


static void
test_statuses(void)
{
    ngx_uint_t  i;

    static const struct {
        const char  *name;
        ngx_uint_t   status;
    } codes[] = {
        { "OK", 200 },
        { "CANCELLED", 499 },
        { "UNKNOWN", 500 },
        { "INVALID_ARGUMENT", 400 },
        { "DEADLINE_EXCEEDED", 504 },
        { "NOT_FOUND", 404 },
        { "ALREADY_EXISTS", 409 },
        { "PERMISSION_DENIED", 403 },
        { "RESOURCE_EXHAUSTED", 429 },
        { "FAILED_PRECONDITION", 400 },
        { "ABORTED", 409 },
        { "OUT_OF_RANGE", 400 },
        { "UNIMPLEMENTED", 501 },
        { "INTERNAL", 500 },
        { "UNAVAILABLE", 503 },
        { "DATA_LOSS", 500 },
        { "UNAUTHENTICATED", 401 },
        { "UNKNOWN", 500 },
        { "UNKNOWN", 500 }
    };

    /* of a gateway's status, and of an answer that is no gRPC */

    static const ngx_uint_t  statuses[][3] = {
        { 0, 2, 2 }, { 100, 2, 2 }, { 199, 2, 2 }, { 200, 0, 2 },
        { 204, 0, 2 }, { 299, 0, 2 }, { 300, 2, 2 }, { 302, 2, 2 },
        { 400, 3, 13 }, { 401, 16, 16 }, { 403, 7, 7 }, { 404, 5, 12 },
        { 405, 12, 2 }, { 406, 3, 2 }, { 408, 4, 2 }, { 409, 10, 2 },
        { 411, 3, 2 }, { 412, 9, 2 }, { 413, 8, 2 }, { 414, 3, 2 },
        { 415, 3, 2 }, { 416, 11, 2 }, { 418, 2, 2 }, { 422, 3, 2 },
        { 429, 8, 14 }, { 499, 1, 2 }, { 500, 13, 2 }, { 501, 12, 2 },
        { 502, 14, 14 }, { 503, 14, 14 }, { 504, 4, 14 }, { 505, 2, 2 },
        { 999, 2, 2 }
    };

    for (i = 0; i < nelts(codes); i++) {
        unit_ok(ngx_gw_grpc_http_status(i) == codes[i].status
                && is(ngx_gw_grpc_code_name(i), codes[i].name),
                "code %u is %s", (unsigned int) i, codes[i].name);
    }

    unit_ok(ngx_gw_grpc_http_status((ngx_uint_t) -1) == 500
            && is(ngx_gw_grpc_code_name((ngx_uint_t) -1), "UNKNOWN"),
            "a code that is none");

    for (i = 0; i < nelts(statuses); i++) {
        unit_ok(ngx_gw_grpc_code(statuses[i][0]) == statuses[i][1]
                && ngx_gw_grpc_code_of_answer(statuses[i][0])
                   == statuses[i][2],
                "status %u", (unsigned int) statuses[i][0]);
    }
}


static void
test_messages(void)
{
    int          ok;
    u_char       buf[1024], back[1024], all[256];
    ngx_str_t    s;
    ngx_uint_t   i;

    static const struct {
        const char  *encoded;
        const char  *decoded;
        ngx_uint_t   same;         /* encodes to what it was */
    } messages[] = {
        { "", "", 1 },
        { "no order 8", "no order 8", 1 },
        { "100%25", "100%", 1 },
        { "a%0Ab", "a\nb", 1 },
        { "%C3%A9", "\xc3\xa9", 1 },
        { "%c3%a9", "\xc3\xa9", 0 },
        { "\xc3\xa9", "\xc3\xa9", 0 },
        { "%41", "A", 0 },
        { "%", "%", 0 },
        { "%4", "%4", 0 },
        { "%4g%41", "%4gA", 0 },
        { "%%41", "%A", 0 },
        { "100%!", "100%!", 0 },
        { "~ !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}",
          "~ !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}", 1 },
        { "%7F%00%1F", NULL, 1 }
    };

    for (i = 0; i < nelts(messages); i++) {
        s = str(messages[i].encoded);
        memset(buf, 'x', sizeof(buf));
        s.len = ngx_gw_grpc_decode_message(buf, &s) - buf;
        s.data = buf;

        ok = messages[i].decoded ? is(&s, messages[i].decoded)
                                 : s.len == 3 && memcmp(buf, "\x7f\0\x1f", 3)
                                                 == 0;

        if (messages[i].same) {
            s.data = unit_guard_end(buf, s.len);
            s.len = ngx_gw_grpc_encode_message(back, &s) - back;
            s.data = back;
            ok &= is(&s, messages[i].encoded);
        }

        unit_ok(ok, "message %u", (unsigned int) i);
    }

    for (i = 0; i < 256; i++) {
        all[i] = i;
    }

    s.data = unit_guard_end(all, 256);
    s.len = 256;
    s.len = ngx_gw_grpc_encode_message(buf, &s) - buf;
    s.data = buf;
    unit_ok(s.len == 94 + 162 * 3
            && ngx_gw_grpc_decode_message(back, &s) == back + 256
            && memcmp(back, all, 256) == 0, "all bytes");
}


static void
test_timeouts(void)
{
    u_char      *p;
    ngx_str_t    s;
    ngx_uint_t   i;

    static const struct {
        const char  *text;
        ngx_msec_t   ms;
    } read[] = {
        { "100m", 100 }, { "5S", 5000 }, { "1M", 60000 }, { "1H", 3600000 },
        { "1u", 1 }, { "1000u", 1 }, { "1001u", 2 }, { "1n", 1 },
        { "1000000n", 1 }, { "1000001n", 2 }, { "99999999n", 100 },
        { "0m", 1 }, { "0H", 1 }, { "00000001S", 1000 },
        { "99999999m", 99999999 }, { "99999999S", 99999999000 },
        { "99999999M", 5999999940000 }, { "99999999H", 359999996400000 },
        { "", 0 }, { "1", 0 }, { "m", 0 }, { "1s", 0 }, { "1h", 0 },
        { "1ms", 0 }, { "-1m", 0 }, { "+1m", 0 }, { " 1m", 0 }, { "1 m", 0 },
        { "1.5S", 0 }, { "0x1m", 0 }, { "100000000m", 0 },
        { "000000001m", 0 }, { "1m ", 0 }, { "1\xb5", 0 }
    };

    static const struct {
        ngx_msec_t   ms;
        const char  *text;
    } written[] = {
        { 1, "1m" }, { 1500, "1500m" }, { 99999999, "99999999m" },
        { 100000000, "100000S" }, { 100000001, "100001S" },
        { 99999999000, "99999999S" }, { 99999999001, "1666667M" },
        { 5999999940000, "99999999M" }, { 5999999940001, "1666667H" },
        { 359999996400000, "99999999H" }, { 359999996400001, "99999999H" },
        { NGX_MAX_INT_T_VALUE, "99999999H" }, { (ngx_msec_t) -1, "99999999H" }
    };

    for (i = 0; i < nelts(read); i++) {
        s = str(read[i].text);
        unit_ok(ngx_gw_grpc_timeout(&s) == read[i].ms, "timeout \"%s\"",
                read[i].text);
    }

    for (i = 0; i < nelts(written); i++) {
        p = unit_guard_end("xxxxxxxxx", 9);
        s.data = p;
        s.len = ngx_gw_grpc_write_timeout(p, written[i].ms) - p;
        unit_ok(is(&s, written[i].text), "timeout of %s", written[i].text);
    }
}


static void
test_bin(void)
{
    ngx_int_t    rc;
    ngx_str_t    s, dst;
    ngx_uint_t   i;

    static const struct {
        const char  *text;
        const char  *want;         /* NULL: malformed */
    } bins[] = {
        { "", "" },
        { "Zg==", "f" }, { "Zg", "f" }, { "Zm8=", "fo" }, { "Zm8", "fo" },
        { "Zm9v", "foo" }, { "Zm9vYg==", "foob" }, { "Zm9vYg", "foob" },
        { "Zm9vYmE", "fooba" }, { "Zm9vYmFy", "foobar" },
        { "+/+/", "\xfb\xff\xbf" }, { "Zh", "f" }, { "Zm9=", "fo" },
        { "Z", NULL }, { "Z===", NULL }, { "Zg=", NULL }, { "=", NULL },
        { "====", NULL }, { "Zm9vY", NULL }, { "Zm9v=", NULL },
        { "Zm9v====", NULL }, { "Zg==Zg==", NULL }, { "Zg==Zg", NULL },
        { "Zg=a", NULL }, { "Z=g=", NULL }, { "Zm8=Z", NULL },
        { "-_-_", NULL }, { "Zm9v ", NULL }, { "Zm 9v", NULL },
        { "Zm9v,Zm9v", NULL }, { "Zg\xc3\xa9", NULL }, { "Zg.=", NULL },
        { "Zm8==", NULL }, { "Zg===", NULL }
    };

    for (i = 0; i < nelts(bins); i++) {
        s = str(bins[i].text);
        rc = ngx_gw_grpc_decode_bin(pool, &s, &dst);

        unit_ok(bins[i].want ? rc == NGX_OK && is(&dst, bins[i].want)
                             : rc == NGX_DECLINED,
                "metadata \"%s\"", bins[i].text);
    }

    s = str("Zg==");
    ngx_stub_allocs_left = 0;
    unit_ok(ngx_gw_grpc_decode_bin(pool, &s, &dst) == NGX_ERROR,
            "no memory for metadata");
    ngx_stub_allocs_left = -1;
}


/* in pieces of n bytes; NULL: malformed */

static u_char *
decode(ngx_gw_base64_t **base64, u_char *dst, const char *text, size_t n)
{
    size_t   len, now;
    u_char  *p, *end;

    *base64 = ngx_gw_base64_create(pool);
    len = strlen(text);

    for (p = dst; len; len -= now, text += now) {
        now = ngx_min(n, len);
        end = ngx_gw_base64_decode(*base64, p, unit_guard_end(text, now),
                                   now);
        if (end == NULL) {
            return NULL;
        }

        if (end > p + now + 3) {
            unit_ok(0, "more than there is room for");
        }

        p = end;
    }

    return p;
}


static void
test_base64(void)
{
    int               ok;
    u_char            buf[256], *p;
    size_t            n;
    ngx_uint_t        i;
    ngx_gw_base64_t  *base64;

    static const struct {
        const char  *text;
        const char  *want;         /* NULL: malformed */
        ngx_uint_t   whole;
    } texts[] = {
        { "", "", 1 },
        { "Zm9v", "foo", 1 },
        { "Zm9vYmFyZm9vYmFyZm9vYmFy", "foobarfoobarfoobar", 1 },
        { "Zg==", "f", 1 }, { "Zm8=", "fo", 1 },
        { "Zg==Zm8=Zm9vZg==", "ffofoof", 1 },
        { "Zm9vZg==Zm9vZm9v", "foof" "foofoo", 1 },
        { "Zm8=Zm8=", "fofo", 1 },
        { "Zm9vZ", "foo", 0 }, { "Zm9vZg", "foo", 0 }, { "Zm9vZm8", "foo", 0 },
        { "Zm9vZg=", "foo", 0 },
        { "+/+/", "\xfb\xff\xbf", 1 },
        { "=", NULL, 0 }, { "Z=", NULL, 0 }, { "Zg=a", NULL, 0 },
        { "Zg===", NULL, 0 }, { "Zm8==", NULL, 0 }, { "Zm9v=", NULL, 0 },
        { "Zm9v-_-_", NULL, 0 }, { "Zm9v\nZm9v", NULL, 0 },
        { "Zm9vZm9v\x80", NULL, 0 }, { "Zm9 ", NULL, 0 }
    };

    for (i = 0; i < nelts(texts); i++) {

        for (ok = 1, n = 1; n < 26; n++) {
            p = decode(&base64, buf, texts[i].text, n);

            if (texts[i].want) {
                ok &= p && (size_t) (p - buf) == strlen(texts[i].want)
                      && memcmp(buf, texts[i].want, p - buf) == 0;

            } else {
                ok &= p == NULL
                      && ngx_gw_base64_decode(base64, buf,
                                              (u_char *) "Zm9v", 4) == NULL;
            }

            ok &= ngx_gw_base64_whole(base64) == texts[i].whole;
        }

        unit_ok(ok, "base64 %u in pieces", (unsigned int) i);
    }

    ngx_stub_allocs_left = 0;
    unit_ok(ngx_gw_base64_create(pool) == NULL, "no memory for base64");
    ngx_stub_allocs_left = -1;
}


/* frames: a flag, a length that may lie, bytes */

static size_t
frame(u_char *dst, u_char flag, size_t claimed, const void *data, size_t len)
{
    ngx_gw_grpc_write_head(dst, claimed);
    dst[0] = flag;
    memcpy(dst + NGX_GW_GRPC_HEAD, data, len);

    return NGX_GW_GRPC_HEAD + len;
}


static void
test_head(void)
{
    u_char  buf[5];

    ngx_gw_grpc_write_head(buf, 0x01020304);
    unit_ok(memcmp(buf, "\0\1\2\3\4", 5) == 0, "a head");
    ngx_gw_grpc_write_head(buf, 0);
    unit_ok(memcmp(buf, "\0\0\0\0\0", 5) == 0, "a head of nothing");
    ngx_gw_grpc_write_head(buf, 0xfffffffe);
    unit_ok(memcmp(buf, "\0\xff\xff\xff\xfe", 5) == 0, "a head of much");
}


/*
 * All of data in pieces of n bytes: messages are written to out, as
 * "flag:text;".  The code that ends it.
 */

static ngx_int_t
deframe(ngx_gw_deframer_t *df, const u_char *data, size_t len, size_t n,
    char *out, int *within)
{
    size_t       now;
    u_char      *p, *last;
    ngx_int_t    rc;
    ngx_str_t    message;
    ngx_uint_t   compressed;

    *out = '\0';
    *within = 0;

    for ( /* void */ ; len; data += now, len -= now) {
        now = ngx_min(n, len);
        p = unit_guard_end(data, now);
        last = p + now;

        for ( ;; ) {
            rc = ngx_gw_deframer_take(df, &p, last, &message, &compressed);

            if (rc != NGX_OK) {
                break;
            }

            *within += message.data >= last - now
                       && message.data + message.len <= last;

            out += sprintf(out, "%d:%.*s;", (int) compressed,
                           (int) message.len, (char *) message.data);
        }

        if (rc != NGX_AGAIN || p != last) {
            return rc == NGX_AGAIN ? NGX_DONE : rc;
        }
    }

    return NGX_AGAIN;
}


static void
test_deframer(void)
{
    int                 ok, within;
    char                out[256];
    u_char              buf[256], *p, *last;
    size_t              len, n;
    ngx_str_t           message;
    ngx_uint_t          compressed;
    ngx_gw_deframer_t  *df;

    len = frame(buf, 0, 5, "hello", 5);
    len += frame(buf + len, 1, 0, "", 0);
    len += frame(buf + len, 0, 1, "x", 1);
    len += frame(buf + len, 1, 10, "0123456789", 10);
    len += frame(buf + len, 0, 0, "", 0);

    for (ok = 1, n = 1; n <= len; n++) {
        df = ngx_gw_deframer_create(pool, 10);
        ok &= deframe(df, buf, len, n, out, &within) == NGX_AGAIN
              && strcmp(out, "0:hello;1:;0:x;1:0123456789;0:;") == 0
              && !ngx_gw_deframer_partial(df)
              && ngx_gw_deframer_error(df)->len == 0;
    }

    unit_ok(ok, "messages in pieces");
    unit_ok(within == 5, "none copied where all are in one");

    for (ok = 1, n = 1; n < 10; n++) {
        df = ngx_gw_deframer_create(pool, 10);
        ok &= !ngx_gw_deframer_partial(df);
        ok &= deframe(df, buf, n, 3, out, &within) == NGX_AGAIN
              && *out == '\0' && ngx_gw_deframer_partial(df);
        ngx_gw_deframer_reset(df);
        ok &= !ngx_gw_deframer_partial(df)
              && deframe(df, buf, 10, 3, out, &within) == NGX_AGAIN
              && strcmp(out, "0:hello;") == 0
              && !ngx_gw_deframer_partial(df);
    }

    unit_ok(ok, "a message in part, and then another try");

    /* too long: nothing is allocated */

    for (ok = 1, n = 1; n < 6; n++) {
        df = ngx_gw_deframer_create(pool, 4);
        ngx_stub_allocs_left = 0;
        ok &= deframe(df, buf, 10, n, out, &within) == NGX_DECLINED
              && is(ngx_gw_deframer_error(df), "a message of 5 bytes");
        ok &= deframe(df, buf, 10, n, out, &within) == NGX_DECLINED;
        ngx_stub_allocs_left = -1;
        ngx_gw_deframer_reset(df);
        ok &= ngx_gw_deframer_error(df)->len == 0
              && deframe(df, buf + 10, 11, n, out, &within) == NGX_AGAIN
              && strcmp(out, "1:;0:x;") == 0;
    }

    unit_ok(ok, "longer than the maximum");

    frame(buf, 0, 0xffffffff, "", 0);
    df = ngx_gw_deframer_create(pool, (size_t) -1);
    unit_ok(deframe(df, buf, 5, 5, out, &within) == NGX_DECLINED
            && is(ngx_gw_deframer_error(df), "a message of 4294967295 bytes"),
            "the longest length");

    for (ok = 1, n = 2; n < 256; n++) {
        *buf = n;
        sprintf(out, "a flag of %d", (int) n);
        df = ngx_gw_deframer_create(pool, 10);
        p = buf;
        ok &= ngx_gw_deframer_take(df, &p, buf + 1, &message, &compressed)
              == NGX_DECLINED && is(ngx_gw_deframer_error(df), out);
    }

    unit_ok(ok, "flags that are none");

    /* a length that is claimed is not believed */

    frame(buf, 0, 0x7fffffff, "abc", 3);
    df = ngx_gw_deframer_create(pool, 0x7fffffff);
    ok = deframe(df, buf, 8, 1, out, &within) == NGX_AGAIN
         && ngx_gw_deframer_partial(df);
    unit_ok(ok, "a message of 2 GB, of which 3 bytes come");

    frame(buf, 0, 3, "abc", 3);
    df = ngx_gw_deframer_create(pool, 3);
    p = buf;
    last = buf + 7;
    ngx_stub_allocs_left = 0;
    ok = ngx_gw_deframer_take(df, &p, last, &message, &compressed)
         == NGX_ERROR;
    ngx_stub_allocs_left = -1;
    unit_ok(ok, "no memory for a message in part");

    ngx_stub_allocs_left = 0;
    unit_ok(ngx_gw_deframer_create(pool, 3) == NULL,
            "no memory for a deframer");
    ngx_stub_allocs_left = -1;
}


/* messages of many sizes after each other, in pieces of many sizes */

static void
test_deframer_sizes(void)
{
    int                 ok;
    u_char             *buf, *p, *q, *last;
    size_t              len, n, k;
    ngx_int_t           rc;
    ngx_str_t           message;
    ngx_uint_t          i, m, compressed;
    ngx_gw_deframer_t  *df;

    static const size_t  sizes[] = {
        1, 4095, 4096, 4097, 100, 65535, 65536, 65537, 9, 300000, 0, 299999
    };

    static const size_t  pieces[] = { 7, 1000, 4096, 65536, 1000000 };

    buf = malloc(1000000);

    for (len = 0, i = 0; i < nelts(sizes); i++) {
        ngx_gw_grpc_write_head(buf + len, sizes[i]);
        len += NGX_GW_GRPC_HEAD;

        for (n = 0; n < sizes[i]; n++) {
            buf[len++] = (n * 7 + i) % 251;
        }
    }

    for (ok = 1, k = 0; k < nelts(pieces); k++) {

        df = ngx_gw_deframer_create(pool, 300000);
        m = 0;

        for (p = buf; p < buf + len; /* void */) {
            last = ngx_min(p + pieces[k], buf + len);

            while ((rc = ngx_gw_deframer_take(df, &p, last, &message,
                                              &compressed))
                   == NGX_OK)
            {
                ok &= message.len == sizes[m] && compressed == 0;

                for (q = message.data, n = 0; n < message.len; n++) {
                    ok &= *q++ == (n * 7 + m) % 251;
                }

                m++;
            }

            ok &= rc == NGX_AGAIN && p == last;
        }

        ok &= m == nelts(sizes);
    }

    unit_ok(ok, "messages of many sizes");

    free(buf);
}


static size_t
gzip(u_char *dst, const void *data, size_t len, int bits)
{
    z_stream  zs;

    memset(&zs, 0, sizeof(zs));
    deflateInit2(&zs, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY);
    zs.next_in = (u_char *) data;
    zs.avail_in = len;
    zs.next_out = dst;
    zs.avail_out = 100000;
    deflate(&zs, Z_FINISH);
    deflateEnd(&zs);

    return zs.total_out;
}


static ngx_int_t
inflated(ngx_gw_deframer_t *df, const u_char *data, size_t len,
    ngx_str_t *out)
{
    ngx_str_t  s;

    s.data = unit_guard_end(data, len);
    s.len = len;

    return ngx_gw_deframer_inflate(df, &s, out);
}


static void
test_inflate(void)
{
    int                 ok;
    u_char             *buf, *text;
    size_t              len, n;
    ngx_int_t           rc;
    ngx_str_t           out;
    ngx_uint_t          i;
    ngx_pool_t         *own;
    ngx_gw_deframer_t  *df;

    static const size_t  sizes[] = {
        0, 1, 5, 4095, 4096, 4097, 100, 50000, 49999, 3
    };

    buf = malloc(100000);
    text = malloc(1000001);
    own = ngx_create_pool(1024, &ngx_stub_log);
    df = ngx_gw_deframer_create(own, 50000);

    for (n = 0; n < 1000001; n++) {
        text[n] = "abcdefghij0123456789"[(n * n + n / 7) % 20];
    }

    for (ok = 1, i = 0; i < nelts(sizes); i++) {
        len = gzip(buf, text, sizes[i], 15 + 16);
        ok &= inflated(df, buf, len, &out) == NGX_OK && out.len == sizes[i]
              && memcmp(out.data, text, out.len) == 0;

        /* a length at the end that lies */

        memset(buf + len - 4, 0xff, 4);
        ok &= inflated(df, buf, len, &out) == NGX_DECLINED
              && is(ngx_gw_deframer_error(df), "gzip that is none");
        ngx_gw_deframer_reset(df);

        memset(buf + len - 4, 0, 4);
        rc = inflated(df, buf, len, &out);
        ok &= sizes[i] ? rc == NGX_DECLINED : rc == NGX_OK;
        ngx_gw_deframer_reset(df);
    }

    unit_ok(ok, "inflated, one after the other");

    len = gzip(buf, text, 100, 15 + 16);

    for (ok = 1, n = 0; n < len; n++) {
        ok &= inflated(df, buf, n, &out) == NGX_DECLINED
              && is(ngx_gw_deframer_error(df), "gzip that is cut");
        ngx_gw_deframer_reset(df);
    }

    unit_ok(ok, "gzip that is cut anywhere");

    len += gzip(buf + len, text + 100, 3000, 15 + 16);
    len += gzip(buf + len, text, 0, 15 + 16);
    len += gzip(buf + len, text + 3100, 40000, 15 + 16);
    unit_ok(inflated(df, buf, len, &out) == NGX_OK && out.len == 43100
            && memcmp(out.data, text, 43100) == 0, "members of a file");

    buf[len] = 'x';
    ok = inflated(df, buf, len + 1, &out) == NGX_DECLINED;
    ngx_gw_deframer_reset(df);
    unit_ok(ok, "something behind it");

    len = gzip(buf, text, 100, 15);
    ok = inflated(df, buf, len, &out) == NGX_DECLINED
         && is(ngx_gw_deframer_error(df), "gzip that is none");
    ngx_gw_deframer_reset(df);
    len = gzip(buf, text, 100, -15);
    ok &= inflated(df, buf, len, &out) == NGX_DECLINED;
    ngx_gw_deframer_reset(df);
    ok &= inflated(df, (u_char *) "hello, world", 12, &out) == NGX_DECLINED
          && is(ngx_gw_deframer_error(df), "gzip that is none");
    unit_ok(ok, "zlib, deflate and text");

    ngx_gw_deframer_reset(df);
    len = gzip(buf, text, 50001, 15 + 16);
    ok = inflated(df, buf, len, &out) == NGX_DECLINED
         && is(ngx_gw_deframer_error(df),
               "a message of more than 50000 bytes, inflated");
    ngx_gw_deframer_reset(df);

    memset(text, 0, 1000001);
    len = gzip(buf, text, 1000001, 15 + 16);
    ok &= len < 2000 && inflated(df, buf, len, &out) == NGX_DECLINED
          && is(ngx_gw_deframer_error(df),
                "a message of more than 50000 bytes, inflated");
    unit_ok(ok, "more than the maximum");

    ngx_gw_deframer_reset(df);
    len = gzip(buf, text, 50000, 15 + 16);
    len += gzip(buf + len, text, 0, 15 + 16);
    ok = inflated(df, buf, len, &out) == NGX_OK && out.len == 50000;
    len += gzip(buf + len, text, 1, 15 + 16);
    ok &= inflated(df, buf, len, &out) == NGX_DECLINED;
    unit_ok(ok, "the maximum in members");

    ngx_destroy_pool(own);

    own = ngx_create_pool(1024, &ngx_stub_log);
    df = ngx_gw_deframer_create(own, 50000);
    len = gzip(buf, text, 100, 15 + 16);

    for (ok = 1, i = 0; i < 2; i++) {
        ngx_stub_allocs_left = i;
        ok &= inflated(df, buf, len, &out) == NGX_ERROR;
    }

    ngx_stub_allocs_left = -1;
    ok &= inflated(df, buf, len, &out) == NGX_OK;
    unit_ok(ok, "no memory to inflate");

    ngx_destroy_pool(own);
    free(buf);
    free(text);
}


/* bytes of memory since there were so many */

static size_t
taken(size_t before)
{
    return __sanitizer_get_current_allocated_bytes() - before;
}


/* what is taken, and on whose word */

static void
test_memory(void)
{
    int                 ok;
    u_char             *buf, *p;
    size_t              before, len;
    ngx_str_t           message;
    ngx_uint_t          compressed;
    ngx_gw_deframer_t  *df;

    buf = calloc(1, 100000);

    /* a length is not believed before its bytes are here */

    before = taken(0);
    ngx_gw_grpc_write_head(buf, 0x7fffffff);
    df = ngx_gw_deframer_create(pool, 0x7fffffff);
    p = buf;
    ok = ngx_gw_deframer_take(df, &p, buf + 8, &message, &compressed)
         == NGX_AGAIN;
    unit_ok(ok && taken(before) < 70000,
            "memory for a message of 2 GB, of which 3 bytes come");

    /* nor is one that gzip has at its end, if it cannot be so */

    memset(&message, 0, sizeof(ngx_str_t));
    len = gzip(buf, "abc", 3, 15 + 16);
    memcpy(buf + len - 4, "\0\0\0\x70", 4);
    before = taken(0);
    df = ngx_gw_deframer_create(pool, 0x7fffffff);
    ok = inflated(df, buf, len, &message) == NGX_DECLINED;
    unit_ok(ok && taken(before) < 100000,
            "memory for a length that lies");

    /* what can be so is: there is one allocation, and the cleanup */

    len = gzip(buf + 20000, buf, 20000, 15 + 16);
    df = ngx_gw_deframer_create(pool, 30000);
    ngx_stub_allocs_left = 2;
    ok = inflated(df, buf + 20000, len, &message) == NGX_OK
         && message.len == 20000;
    ngx_stub_allocs_left = -1;
    unit_ok(ok, "memory for a length that does not");

    /* what has grown is not greater than the maximum */

    before = taken(0);
    len = gzip(buf + 40000, buf, 30000, 15 + 16);
    ok = inflated(df, buf + 40000, len, &message) == NGX_OK
         && message.len == 30000;
    unit_ok(ok && taken(before) <= 30001 - 20001 + 64,
            "memory for the maximum");

    free(buf);
}


/*
 * Text in pieces of n bytes: elements are written to out, as "text;", and
 * behind them what ends it.
 */

static void
split(const char *text, size_t n, ngx_uint_t lines, size_t max, char *out)
{
    size_t              len, now;
    u_char             *p, *last;
    ngx_int_t           rc;
    ngx_str_t           element;
    ngx_uint_t          count;
    const char         *error;
    ngx_gw_splitter_t  *sp;

    *out = '\0';
    count = 0;
    len = strlen(text);
    sp = ngx_gw_splitter_create(pool, lines, max);
    error = NULL;

    for ( /* void */ ; len; text += now, len -= now) {
        now = ngx_min(n, len);
        p = unit_guard_end(text, now);
        last = p + now;

        while ((rc = ngx_gw_splitter_take(sp, &p, last, &element, &error))
               == NGX_OK)
        {
            out += sprintf(out, "%.*s;", (int) element.len,
                           (char *) element.data);
            count++;

            if (ngx_gw_splitter_count(sp) != count) {
                sprintf(out, "not counted");
                return;
            }
        }

        if (rc != NGX_AGAIN) {
            sprintf(out, "%s%s", rc == NGX_ABORT ? "413 " : "", error);

            if (ngx_gw_splitter_take(sp, &p, last, &element, &error) != rc
                || ngx_gw_splitter_end(sp, &element, &error) != rc)
            {
                sprintf(out, "not the same again");
            }

            return;
        }

        if (p != last) {
            sprintf(out, "not all taken");
            return;
        }
    }

    rc = ngx_gw_splitter_end(sp, &element, &error);

    if (rc == NGX_OK) {
        out += sprintf(out, "%.*s;", (int) element.len,
                       (char *) element.data);
        rc = ngx_gw_splitter_end(sp, &element, &error);
    }

    sprintf(out, "%s%s", rc == NGX_ABORT ? "413 " : "",
            rc == NGX_DONE ? "done" : error);
}


static void
test_splitter(void)
{
    int          ok;
    char         out[1024];
    size_t       n;
    ngx_uint_t   i, lines;
    const char  *text;

    /* "\n" in front: lines; max is 20 */

    static const struct {
        const char  *text;
        const char  *want;
    } texts[] = {
        { "", "done" },
        { " \t\r\n", "done" },
        { "[]", "done" },
        { " [ ] \n", "done" },
        { "[{}]", "{};done" },
        { "[{},{}]", "{};{};done" },
        { " [ { \"a\" : 1 } , { } ] ", "{ \"a\" : 1 };{ };done" },
        { "[1]", "1;done" },
        { "[1,-2.5e3 ,true\n,null,false]", "1;-2.5e3;true;null;false;done" },
        { "[\"a\",\"\",\"b]\"]", "\"a\";\"\";\"b]\";done" },
        { "[\"a\\\"b\",\"\\\\\",\"\\\\\\\"\"]",
          "\"a\\\"b\";\"\\\\\";\"\\\\\\\"\";done" },
        { "[{\"a\":\"}\"},{\"]\":[\"{\"]}]",
          "{\"a\":\"}\"};{\"]\":[\"{\"]};done" },
        { "[[],[[]],[[],[]]]", "[];[[]];[[],[]];done" },
        { "[{\"a\\\\\":1},2]", "{\"a\\\\\":1};2;done" },
        { "[\"\xc3\xa9\",\"\\u0022\"]", "\"\xc3\xa9\";\"\\u0022\";done" },
        { "[\"0123456789abcdefgh\"]", "\"0123456789abcdefgh\";done" },
        { "[\"0123456789abcdefghi\"]", "413 too long" },
        { "[{},{ \"0\":1,\"2\":3456789 },{}]", "{};413 too long" },
        { "[1,012345678901234567890]", "1;413 too long" },
        { "[1,012345678901234567890", "1;413 too long" },
        { "[\"0123456789abcdefghi", "the array is cut" },
        { "[\"0123456789abcdefghij", "413 too long" },
        { "[1,01234567890123456789 ]", "1;01234567890123456789;done" },

        { "{}", "no array" },
        { "1", "no array" },
        { "]", "no array" },
        { "\xef\xbb\xbf[]", "no array" },
        { "[", "the array is cut" },
        { "[1", "the array is cut" },
        { "[1 ", "1;the array is cut" },
        { "[{}", "{};the array is cut" },
        { "[{", "the array is cut" },
        { "[\"", "the array is cut" },
        { "[\"a\\", "the array is cut" },
        { "[1,", "1;the array is cut" },
        { "[,", "no element before a comma" },
        { "[,1]", "no element before a comma" },
        { "[1,,2]", "1;no element before a comma" },
        { "[1,]", "1;no element behind a comma" },
        { "[1 , ]", "1;no element behind a comma" },
        { "[1 2]", "1;neither \",\" nor \"]\" behind an element" },
        { "[{}{}]", "{};neither \",\" nor \"]\" behind an element" },
        { "[\"a\"b]", "\"a\";neither \",\" nor \"]\" behind an element" },
        { "[1}]", "1};done" },
        { "[}]", "};done" },
        { "[{]]", "{];done" },
        { "[t\"]", "t\";done" },
        { "[{}]]", "{};text behind the array" },
        { "[{}],", "{};text behind the array" },
        { "[] x", "text behind the array" },
        { "[][]", "text behind the array" },

        { "\n", "done" },
        { "\n\n\r\n \t\n", "done" },
        { "\n{}\n", "{};done" },
        { "\n{}", "{};done" },
        { "\n{}\r\n{\"a\":1}\r\n", "{};{\"a\":1};done" },
        { "\n {} \n\n\n\t1\r\n \"a\" ", "{};1;\"a\";done" },
        { "\n{\"a\":\n1}", "{\"a\":;1};done" },
        { "\n[1,2]\n", "[1,2];done" },
        { "\na b ] \"\n", "a b ] \";done" },
        { "\n01234567890123456789\n1", "01234567890123456789;1;done" },
        { "\n01234567890123456789", "01234567890123456789;done" },
        { "\n01234567890123456789\r\n1", "01234567890123456789;1;done" },
        { "\n01234567890123456789\r", "01234567890123456789;done" },
        { "\n                          1\n", "1;done" },
        { "\n0123456789          \n", "0123456789;done" },
        { "\n0123456789           \n", "413 too long" },
        { "\n1\n012345678901234567890\n", "1;413 too long" },
        { "\n1\n012345678901234567890", "1;413 too long" },
        { "\n1\n0123456789012345678901234", "1;413 too long" }
    };

    for (i = 0; i < nelts(texts); i++) {
        text = texts[i].text;
        lines = (*text == '\n');

        for (ok = 1, n = 1; n < 40; n++) {
            split(text + lines, n, lines, 20, out);

            if (strcmp(out, texts[i].want) != 0) {
                printf("# in pieces of %d: %s\n", (int) n, out);
                ok = 0;
            }
        }

        unit_ok(ok, "split %u: %s", (unsigned int) i,
                strchr(texts[i].want, '\n') ? "" : texts[i].want);
    }
}


/* long strings, nesting, copies and memory */

static void
test_splitter_sizes(void)
{
    int                 ok;
    u_char             *p, *q, *last, *text;
    size_t              len, n, k;
    ngx_int_t           rc;
    ngx_str_t           element;
    ngx_uint_t          m;
    const char         *error;
    ngx_gw_splitter_t  *sp;

    static const size_t  sizes[] = { 10, 4096, 5000, 100000, 100, 99999 };
    static const size_t  pieces[] = { 1, 15, 16, 17, 1000, 1000000 };

    text = malloc(300000);
    p = text;
    *p++ = '[';

    for (m = 0; m < nelts(sizes); m++) {
        *p++ = '"';

        for (n = 0; n < sizes[m] - 2; n++) {
            *p++ = (n % 97 == 0) ? '\\' : (n % 97 == 1) ? '"' : 'a' + n % 23;
        }

        if (p[-1] == '\\') {
            p[-1] = 'a';
        }

        *p++ = '"';
        *p++ = ',';
    }

    p[-1] = ']';
    len = p - text;

    for (ok = 1, k = 0; k < nelts(pieces); k++) {

        sp = ngx_gw_splitter_create(pool, 0, 100000);
        q = text + 1;
        m = 0;

        for (p = text; p < text + len; /* void */) {
            last = ngx_min(p + pieces[k], text + len);

            while ((rc = ngx_gw_splitter_take(sp, &p, last, &element, &error))
                   == NGX_OK)
            {
                ok &= element.len == sizes[m]
                      && memcmp(element.data, q, element.len) == 0
                      && (pieces[k] < 1000000 || element.data == q);
                q += sizes[m++] + 1;
            }

            ok &= rc == NGX_AGAIN && p == last;
        }

        ok &= m == nelts(sizes)
              && ngx_gw_splitter_end(sp, &element, &error) == NGX_DONE;
    }

    unit_ok(ok, "elements of many sizes");

    memset(text, '[', 100001);
    memset(text + 100001, ']', 100001);

    sp = ngx_gw_splitter_create(pool, 0, 200000);
    p = text;
    ok = ngx_gw_splitter_take(sp, &p, text + 3000, &element, &error)
         == NGX_AGAIN
         && ngx_gw_splitter_take(sp, &p, text + 200002, &element, &error)
            == NGX_OK
         && element.len == 200000
         && ngx_gw_splitter_take(sp, &p, text + 200002, &element, &error)
            == NGX_AGAIN
         && ngx_gw_splitter_end(sp, &element, &error) == NGX_DONE;
    unit_ok(ok, "deep nesting");

    ngx_stub_allocs_left = 0;
    ok = ngx_gw_splitter_create(pool, 0, 10) == NULL;
    ngx_stub_allocs_left = 1;
    sp = ngx_gw_splitter_create(pool, 0, 10);
    p = text;
    ok &= ngx_gw_splitter_take(sp, &p, text + 3, &element, &error)
          == NGX_ERROR;
    ngx_stub_allocs_left = -1;
    unit_ok(ok, "no memory for elements");

    free(text);
}


int
main(void)
{
    pool = ngx_create_pool(4096, &ngx_stub_log);

    test_statuses();
    test_messages();
    test_timeouts();
    test_bin();
    test_base64();
    test_head();
    test_deframer();
    test_deframer_sizes();
    test_inflate();
    test_memory();
    test_splitter();
    test_splitter_sizes();

    ngx_destroy_pool(pool);

    return unit_done();
}
