/* fuzz: ngx_gw_transcode/ngx_gw_grpc.c
         ngx_gw_transcode/ngx_gw_grpc_base64.c
         ngx_gw_transcode/ngx_gw_grpc_deframer.c
         ngx_gw_transcode/ngx_gw_grpc_splitter.c */

/*
 * ngx_gw_grpc on any bytes.  The first byte chooses what they are: "d" frames,
 * "s" an array, "l" lines, "b" base64, and else a message and a timeout; the
 * second one is the length of the pieces in which they come (0: all at once);
 * the rest is the text.  What comes out must be what is worked out here from
 * the text as a whole.
 */


#include "ngx_gw_grpc.h"

#include <jansson.h>
#include <zlib.h>


#define MAX       500
#define MAX_ITEMS 4096

#define must(x)                                                               \
    if (!(x)) {                                                               \
        fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x);               \
        abort();                                                              \
    }


/* what has been found, in order */
typedef struct {
    ngx_str_t    item[MAX_ITEMS];
    ngx_uint_t   flag[MAX_ITEMS];
    size_t       n;
    ngx_int_t    rc;
} found_t;


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_pool_t  *pool;
static found_t      want, have;


static ngx_str_t
copy(const u_char *p, size_t len)
{
    ngx_str_t  s;

    s.data = ngx_pnalloc(pool, len + 1);
    memcpy(s.data, p, len);
    s.len = len;

    return s;
}


static int
same(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}


static void
add(found_t *found, const u_char *p, size_t len, ngx_uint_t flag)
{
    if (found->n < MAX_ITEMS) {
        found->item[found->n] = copy(p, len);
        found->flag[found->n] = flag;
    }

    found->n++;
}


static void
compare(void)
{
    size_t  i;

    must(want.n == have.n);
    must(want.rc == have.rc);

    for (i = 0; i < want.n && i < MAX_ITEMS; i++) {
        must(want.flag[i] == have.flag[i]);
        must(same(&want.item[i], &have.item[i]));
    }
}


/* the next piece, alone in memory */

static ngx_str_t
piece(ngx_str_t *rest, size_t n)
{
    ngx_str_t  s;

    s.len = (n == 0 || n > rest->len) ? rest->len : n;
    s.data = malloc(s.len ? s.len : 1);
    memcpy(s.data, rest->data, s.len);

    rest->data += s.len;
    rest->len -= s.len;

    return s;
}


/* NULL: no gzip, or too long */

static u_char *
gunzip(ngx_str_t *s, size_t *len)
{
    int       rc;
    u_char   *out;
    z_stream  zs;

    memset(&zs, 0, sizeof(zs));
    must(inflateInit2(&zs, 15 + 16) == Z_OK);

    out = ngx_pnalloc(pool, MAX + 1);
    zs.next_in = s->data;
    zs.avail_in = s->len;
    zs.next_out = out;
    zs.avail_out = MAX + 1;

    do {
        rc = inflate(&zs, Z_FINISH);
    } while (rc == Z_STREAM_END && zs.avail_in && inflateReset(&zs) == Z_OK);

    inflateEnd(&zs);

    *len = zs.next_out - out;

    return (rc == Z_STREAM_END && *len <= MAX) ? out : NULL;
}


static void
deframe(ngx_str_t text, size_t n)
{
    size_t              len, i;
    u_char             *p, *last;
    ngx_int_t           rc;
    ngx_str_t           s, message, inflated;
    ngx_uint_t          compressed, partial;
    ngx_gw_deframer_t  *df;

    want.rc = NGX_AGAIN;
    partial = 0;

    for (i = 0; i < text.len; i += 5 + len) {

        p = text.data + i;
        partial = 1;

        if (p[0] > 1) {
            want.rc = NGX_DECLINED;
            break;
        }

        if (text.len - i < 5) {
            break;
        }

        len = (size_t) p[1] << 24 | p[2] << 16 | p[3] << 8 | p[4];

        if (len > MAX) {
            want.rc = NGX_DECLINED;
            break;
        }

        if (text.len - i - 5 < len) {
            break;
        }

        add(&want, p + 5, len, p[0]);
        partial = 0;
    }

    df = ngx_gw_deframer_create(pool, MAX);
    must(df);
    have.rc = NGX_AGAIN;

    while (text.len && have.rc == NGX_AGAIN) {

        s = piece(&text, n);
        p = s.data;
        last = p + s.len;

        while ((rc = ngx_gw_deframer_take(df, &p, last, &message,
                                          &compressed))
               == NGX_OK)
        {
            add(&have, message.data, message.len, compressed);
        }

        have.rc = rc;
        must(rc == NGX_DECLINED || p == last);
        must((rc == NGX_DECLINED) == (ngx_gw_deframer_error(df)->len > 0));
        free(s.data);
    }

    compare();

    if (have.rc == NGX_AGAIN) {
        must(ngx_gw_deframer_partial(df) == partial);
    }

    for (i = 0; i < want.n && i < MAX_ITEMS; i++) {

        if (!want.flag[i]) {
            continue;
        }

        ngx_gw_deframer_reset(df);

        s = want.item[i];
        p = gunzip(&s, &len);
        rc = ngx_gw_deframer_inflate(df, &s, &inflated);

        if (p) {
            must(rc == NGX_OK && inflated.len == len
                 && memcmp(inflated.data, p, len) == 0);

        } else {
            must(rc == NGX_DECLINED && ngx_gw_deframer_error(df)->len);
        }
    }
}


static size_t
blanks(ngx_str_t *s, size_t i)
{
    while (i < s->len && s->data[i] && strchr(" \t\r\n", s->data[i])) {
        i++;
    }

    return i;
}


/* the end of the element at i, or 0: it has none */

static size_t
element(ngx_str_t *s, size_t i)
{
    size_t  depth;
    u_char  c;

    c = s->data[i];

    if (c != '{' && c != '[' && c != '"') {

        for ( /* void */ ; i < s->len; i++) {
            if (s->data[i] && strchr(",] \t\r\n", s->data[i])) {
                return i;
            }
        }

        return 0;
    }

    for (depth = 0; i < s->len; i++) {
        c = s->data[i];

        if (c == '"') {

            for (i++; i < s->len && s->data[i] != '"'; i++) {
                if (s->data[i] == '\\') {
                    i++;
                }
            }

            if (i >= s->len) {
                return 0;
            }
        }

        depth += (c == '{' || c == '[');
        depth -= (c == '}' || c == ']');

        if (depth == 0) {
            return i + 1;
        }
    }

    return 0;
}


static ngx_int_t
array(ngx_str_t s)
{
    size_t  i, end;

    i = blanks(&s, 0);

    if (i == s.len) {
        return NGX_DONE;
    }

    if (s.data[i] != '[') {
        return NGX_DECLINED;
    }

    i = blanks(&s, i + 1);

    if (i < s.len && s.data[i] == ']') {
        return blanks(&s, i + 1) == s.len ? NGX_DONE : NGX_DECLINED;
    }

    for ( ;; ) {

        if (i == s.len || s.data[i] == ',' || s.data[i] == ']') {
            return NGX_DECLINED;
        }

        end = element(&s, i);

        if ((end ? end : s.len) - i > MAX) {
            return NGX_ABORT;
        }

        if (end == 0) {
            return NGX_DECLINED;
        }

        add(&want, s.data + i, end - i, 0);

        i = blanks(&s, end);

        if (i == s.len) {
            return NGX_DECLINED;
        }

        if (s.data[i] == ']') {
            return blanks(&s, i + 1) == s.len ? NGX_DONE : NGX_DECLINED;
        }

        if (s.data[i] != ',') {
            return NGX_DECLINED;
        }

        i = blanks(&s, i + 1);
    }
}


static ngx_int_t
lines(ngx_str_t s)
{
    u_char     *p;
    size_t      i, end;
    ngx_str_t  *item;

    for (i = blanks(&s, 0); i < s.len; i = blanks(&s, end)) {

        for (end = i; end < s.len && s.data[end] != '\n'; end++) { /* void */ }

        if (end - i - (s.data[end - 1] == '\r') > MAX) {
            return NGX_ABORT;
        }

        add(&want, s.data + i, end - i, 0);

        item = &want.item[want.n - 1];
        p = item->data;

        while (p[item->len - 1] && strchr(" \t\r", p[item->len - 1])) {
            item->len--;
        }

        if (want.n == MAX_ITEMS) {
            return NGX_BUSY;
        }
    }

    return NGX_DONE;
}


static void
split(ngx_str_t text, size_t n, ngx_uint_t by_line)
{
    u_char             *p, *last;
    json_t             *root;
    ngx_int_t           rc;
    ngx_str_t           s, item;
    const char         *error;
    json_error_t        json_error;
    ngx_gw_splitter_t  *sp;

    want.rc = by_line ? lines(text) : array(text);

    if (want.n >= MAX_ITEMS) {
        return;
    }

    root = NULL;

    if (!by_line) {
        root = json_loadb((char *) text.data, text.len, 0, &json_error);

        if (json_is_array(root) && want.rc != NGX_ABORT) {
            must(want.rc == NGX_DONE && want.n == json_array_size(root));
        }

        json_decref(root);
    }

    sp = ngx_gw_splitter_create(pool, by_line, MAX);
    must(sp);
    rc = NGX_AGAIN;

    while (text.len && rc == NGX_AGAIN) {

        s = piece(&text, n);
        p = s.data;
        last = p + s.len;
        error = NULL;

        while ((rc = ngx_gw_splitter_take(sp, &p, last, &item, &error))
               == NGX_OK)
        {
            must(item.len && item.len <= MAX);
            add(&have, item.data, item.len, 0);
            must(ngx_gw_splitter_count(sp) == have.n);
        }

        must(rc == NGX_AGAIN ? p == last : error != NULL);
        free(s.data);
    }

    have.rc = rc;

    if (rc == NGX_AGAIN) {
        have.rc = ngx_gw_splitter_end(sp, &item, &error);

        if (have.rc == NGX_OK) {
            add(&have, item.data, item.len, 0);
            have.rc = ngx_gw_splitter_end(sp, &item, &error);
        }
    }

    compare();
}


static int
value(u_char c)
{
    static const char  *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz0123456789+/";

    return c && strchr(alphabet, c) ? strchr(alphabet, c) - alphabet : -1;
}


/* one quadruple; how many bytes, or -1 */

static int
quad(const u_char *p, u_char *out)
{
    int       n, i;
    uint32_t  bits;

    n = (p[3] != '=') ? 4 : (p[2] != '=') ? 3 : 2;

    for (bits = 0, i = 0; i < 4; i++) {

        if (i < n && value(p[i]) < 0) {
            return -1;
        }

        bits = bits << 6 | (i < n ? value(p[i]) : 0);
    }

    out[0] = bits >> 16;
    out[1] = bits >> 8;
    out[2] = bits;

    return n - 1;
}


static void
base64(ngx_str_t text, size_t n)
{
    int               k;
    u_char           *out, *dst, *end, *limit, buf[4];
    size_t            len, i, whole;
    ngx_int_t         rc;
    ngx_str_t         s, bin, all;
    ngx_gw_base64_t  *b;

    all = text;
    whole = text.len / 4 * 4;
    out = ngx_pnalloc(pool, text.len + 3);
    len = 0;
    k = 0;

    for (i = 0; i < whole; i += 4) {
        k = quad(text.data + i, out + len);

        if (k < 0) {
            break;
        }

        len += k;
    }

    b = ngx_gw_base64_create(pool);
    must(b);

    dst = ngx_pnalloc(pool, text.len + 3);
    end = dst;

    while (text.len) {
        s = piece(&text, n);

        limit = malloc(s.len + 3);
        end = ngx_gw_base64_decode(b, limit, s.data, s.len);

        if (end) {
            must(end <= limit + s.len + 3);
            memcpy(dst, limit, end - limit);
            dst += end - limit;
        }

        free(limit);
        free(s.data);

        if (end == NULL) {
            break;
        }
    }

    if (k < 0) {
        must(end == NULL && !ngx_gw_base64_whole(b));

    } else if (end) {
        must(ngx_gw_base64_whole(b) == (whole == all.len));
        dst -= len;
        must(memcmp(dst, out, len) == 0);

    } else {

        /* what is left is bad by itself */

        must(whole < all.len);
        memcpy(buf, "AAAA", 4);
        memcpy(buf, all.data + whole, all.len - whole);

        if (buf[2] == '=') {
            buf[3] = '=';
        }

        must(quad(buf, out + len) < 0);
    }

    /* as metadata: padded at the end, if at all */

    rc = ngx_gw_grpc_decode_bin(pool, &all, &bin);

    s.data = memchr(all.data, '=', all.len);

    if (s.data && (s.data < all.data + all.len - 2 || whole < all.len)) {
        must(rc == NGX_DECLINED);
        return;
    }

    if (k >= 0 && all.len - whole > 0) {
        memcpy(buf, "====", 4);
        memcpy(buf, all.data + whole, all.len - whole);
        k = quad(buf, out + len);
        len += k;
    }

    if (k < 0) {
        must(rc == NGX_DECLINED);
        return;
    }

    must(rc == NGX_OK && bin.len == len && memcmp(bin.data, out, len) == 0);
}


static void
message(ngx_str_t text)
{
    u_char      *p, *last, buf[9];
    ngx_str_t    s, t;
    ngx_msec_t   ms, again;

    s.data = malloc(text.len * 3 + 1);
    s.len = ngx_gw_grpc_encode_message(s.data, &text) - s.data;
    must(s.len <= text.len * 3);

    for (p = s.data, last = p + s.len; p < last; p++) {
        must(*p >= 0x20 && *p <= 0x7e);
    }

    t.data = malloc(s.len + 1);
    t.len = ngx_gw_grpc_decode_message(t.data, &s) - t.data;
    must(same(&t, &text));
    free(t.data);
    free(s.data);

    /* what is no encoded message stays within its room */

    t.data = malloc(text.len + 1);
    t.len = ngx_gw_grpc_decode_message(t.data, &text) - t.data;
    must(t.len <= text.len);
    free(t.data);

    ms = ngx_gw_grpc_timeout(&text);

    if (ms) {
        must(text.len <= 9);
        s.data = buf;
        s.len = ngx_gw_grpc_write_timeout(buf, ms) - buf;
        again = ngx_gw_grpc_timeout(&s);
        must(s.len <= 9 && again >= ms && again - ms < 3600 * 1000);
        must(ms > 99999999 || again == ms);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t     n;
    ngx_str_t  text;

    if (size < 2) {
        return 0;
    }

    pool = ngx_create_pool(4096, &ngx_stub_log);

    want.n = 0;
    have.n = 0;

    n = data[1];
    text.len = size - 2;
    text.data = malloc(text.len + 1);
    memcpy(text.data, data + 2, text.len);

    switch (data[0]) {

    case 'd':
        deframe(text, n);
        break;

    case 's':
        split(text, n, 0);
        break;

    case 'l':
        split(text, n, 1);
        break;

    case 'b':
        base64(text, n);
        break;

    default:
        message(text);
    }

    free(text.data);
    ngx_destroy_pool(pool);

    return 0;
}
