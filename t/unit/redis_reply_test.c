/* unit: ngx_gw_ratelimit/ngx_gw_redis_reply.c
         ngx_gw_ratelimit/ngx_gw_redis_slots.c */

/*
 * ngx_gw_redis_reply and ngx_gw_redis_slots: replies in any pieces, those
 * that lie about their size, and what Clusters say.
 */


#include "ngx_gw_redis_slots.h"
#include "ngx_gw_hiredis.h"


#define SIZE  (128 * 1024)


typedef struct {
    const char  *text;
    const char  *plain;
} case_t;


/* how a reply is written down by plain() */

static const case_t  cases[] = {
    { "+OK\r\n", "+OK" },
    { "+\r\n", "+" },
    { "-ERR no\r\n", "-ERR no" },
    { ":0\r\n", ":0" },
    { ":-9223372036854775808\r\n", ":-9223372036854775808" },
    { ":9223372036854775807\r\n", ":9223372036854775807" },
    { "$-1\r\n", "nil" },
    { "*-1\r\n", "nil" },
    { "$0\r\n\r\n", "$" },
    { "$5\r\na\r\nb\0\r\n", "$a\r\nb" },
    { "*0\r\n", "[]" },
    { "*3\r\n:1\r\n:2\r\n:3\r\n", "[:1 :2 :3]" },
    { "*2\r\n*0\r\n*1\r\n$1\r\nx\r\n", "[[] [$x]]" },
    { "*2\r\n-ERR x\r\n$-1\r\n", "[-ERR x nil]" },
    { "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n", "[[[[[[:7]]]]]]" },
};


/* what no reply to us can be */

static const char  *bad[] = {
    "x\r\n",
    "\r\n",
    "HTTP/1.1 400 Bad Request\r\n",
    ":\r\n",
    ":1x\r\n",
    ":9223372036854775808\r\n",
    "$-2\r\n",
    "$x\r\n",
    "*x\r\n",
    "*-2\r\n",
    "*1000000000\r\n",
    "*2147483647\r\n",
    "*9223372036854775807\r\n",
    "*16384\r\n",
    "$65537",
    "$1000000000",
    "$9223372036854775807\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:7\r\n",
    "%1\r\n+a\r\n+b\r\n",
    "~1\r\n+a\r\n",
    ">1\r\n+a\r\n",
    "#t\r\n",
    ",1.5\r\n",
    "(123456789012345678901234567890\r\n",
    "=7\r\ntxt:abc\r\n",
};


static char   text[4096];
static char  *end;


static void
plain(ngx_gw_redis_reply_t *reply)
{
    ngx_uint_t  i;

    switch (reply->type) {

    case NGX_GW_REDIS_INTEGER:
        end += sprintf(end, ":%lld", (long long) reply->integer);
        break;

    case NGX_GW_REDIS_NIL:
        end += sprintf(end, "nil");
        break;

    case NGX_GW_REDIS_ARRAY:
        *end++ = '[';

        for (i = 0; i < reply->nelts; i++) {
            if (i) {
                *end++ = ' ';
            }

            plain(reply->elts[i]);
        }

        *end++ = ']';
        break;

    default:
        *end++ = (reply->type == NGX_GW_REDIS_STRING) ? '$'
                 : (reply->type == NGX_GW_REDIS_STATUS) ? '+' : '-';
        memcpy(end, reply->str.data, reply->str.len);
        end += reply->str.len;
    }

    *end = '\0';
}


/* feeds it in pieces of n bytes; each reply is followed by a space in text */

static ngx_int_t
read_all(ngx_gw_redis_reader_t *reader, const char *data, size_t len,
    size_t n, size_t size)
{
    size_t                 m;
    ngx_int_t              rc;
    ngx_gw_redis_reply_t  *reply;

    end = text;
    *end = '\0';

    while (len) {
        m = ngx_min(n, len);

        if (ngx_gw_redis_reader_feed(reader, unit_guard_end(data, m), m)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        data += m;
        len -= m;

        do {
            rc = ngx_gw_redis_reader_next(reader, size, &reply);

            if (rc == NGX_ERROR) {
                return rc;
            }

            if (rc == NGX_OK) {
                plain(reply);
                *end++ = ' ';
                *end = '\0';
            }

        } while (rc == NGX_OK);
    }

    return NGX_OK;
}


static size_t
length(const char *data)
{
    /* one of the cases has a null in it */
    return (memcmp(data, "$5", 2) == 0) ? 11 : strlen(data);
}


static void
test_whole(void)
{
    size_t                  n, len;
    ngx_int_t               rc;
    ngx_uint_t              i, good;
    char                    want[256], all[1024], all_want[1024];
    ngx_gw_redis_reader_t  *reader;

    all[0] = '\0';
    all_want[0] = '\0';

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = length(cases[i].text);
        sprintf(want, "%s ", cases[i].plain);
        good = 1;

        for (n = 1; n <= len; n++) {
            reader = ngx_gw_redis_reader_create(&ngx_stub_log);
            rc = read_all(reader, cases[i].text, len, n, SIZE);

            if (len == 11) {
                /* the null ends what is compared */
                good &= (rc == NGX_OK && end - text == 7
                         && memcmp(text, "$a\r\nb\0 ", 7) == 0);

            } else {
                good &= (rc == NGX_OK && strcmp(text, want) == 0);
                if (n == 1) {
                    strcat(all, cases[i].text);
                    strcat(all_want, want);
                }
            }

            ngx_gw_redis_reader_destroy(reader);
        }

        unit_ok(good, "reply %lu in all pieces", (unsigned long) i);
    }

    for (n = 1, good = 1; n <= strlen(all); n++) {
        reader = ngx_gw_redis_reader_create(&ngx_stub_log);
        rc = read_all(reader, all, strlen(all), n, SIZE);
        good &= (rc == NGX_OK && strcmp(text, all_want) == 0);
        ngx_gw_redis_reader_destroy(reader);
    }

    unit_ok(good, "many replies in all pieces");
}


static void
test_bad(void)
{
    size_t                  n;
    ngx_uint_t              i, good;
    ngx_gw_redis_reply_t   *reply;
    ngx_gw_redis_reader_t  *reader;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {

        for (n = 1, good = 1; n <= strlen(bad[i]); n++) {
            reader = ngx_gw_redis_reader_create(&ngx_stub_log);

            good &= (read_all(reader, bad[i], strlen(bad[i]), n, SIZE)
                     == NGX_ERROR);
            good &= (ngx_gw_redis_reader_error(reader) != NULL);

            /* and so it stays */
            (void) ngx_gw_redis_reader_feed(reader, (u_char *) "+OK\r\n", 5);
            good &= (ngx_gw_redis_reader_next(reader, SIZE, &reply)
                     == NGX_ERROR);

            ngx_gw_redis_reader_destroy(reader);
        }

        unit_ok(good && text[0] == '\0', "refused: %.*s",
                (int) strcspn(bad[i], "\r"), bad[i]);
    }
}


/* a line or string that does not end, or a large reply, is refused in time */

static void
test_endless(const char *begin, const char *more, size_t size, size_t limit)
{
    size_t                  fed;
    ngx_int_t               rc;
    ngx_gw_redis_reply_t   *reply;
    ngx_gw_redis_reader_t  *reader;

    reader = ngx_gw_redis_reader_create(&ngx_stub_log);

    (void) ngx_gw_redis_reader_feed(reader, (u_char *) begin, strlen(begin));
    rc = ngx_gw_redis_reader_next(reader, size, &reply);

    for (fed = 0; rc == NGX_AGAIN && fed < 4 * limit; fed += strlen(more)) {
        (void) ngx_gw_redis_reader_feed(reader, (u_char *) more,
                                        strlen(more));
        rc = ngx_gw_redis_reader_next(reader, size, &reply);
    }

    unit_ok(rc == NGX_ERROR && fed <= limit, "%.2s... is refused after %lu",
            begin, (unsigned long) fed);

    ngx_gw_redis_reader_destroy(reader);
}


static void
test_large(void)
{
    size_t                  n;
    char                   *data;
    ngx_int_t               rc;
    ngx_gw_redis_reply_t   *reply;
    ngx_gw_redis_reader_t  *reader;

    data = malloc(70000);
    n = sprintf(data, "$%d\r\n", NGX_GW_REDIS_MAX_STRING);
    memset(data + n, 'x', NGX_GW_REDIS_MAX_STRING);
    n += NGX_GW_REDIS_MAX_STRING;
    memcpy(data + n, "\r\n", 2);

    reader = ngx_gw_redis_reader_create(&ngx_stub_log);

    /* byte by byte up to the last: nothing is refused that will be good */

    (void) ngx_gw_redis_reader_feed(reader, (u_char *) data, n + 1);
    rc = ngx_gw_redis_reader_next(reader, SIZE, &reply);
    unit_ok(rc == NGX_AGAIN, "the longest string but one byte");

    (void) ngx_gw_redis_reader_feed(reader, (u_char *) data + n + 1, 1);
    rc = ngx_gw_redis_reader_next(reader, SIZE, &reply);
    unit_ok(rc == NGX_OK && reply->str.len == NGX_GW_REDIS_MAX_STRING,
            "the longest string");

    rc = ngx_gw_redis_reader_next(reader, SIZE, &reply);
    unit_ok(rc == NGX_AGAIN, "nothing behind it");

    rc = read_all(reader, "*2\r\n:1\r\n:2\r\n", 12, 12, SIZE);
    unit_ok(rc == NGX_OK && strcmp(text, "[:1 :2] ") == 0, "another after it");

    ngx_gw_redis_reader_destroy(reader);
    free(data);

    test_endless("+", "xxxxxxxxxx", SIZE, NGX_GW_REDIS_MAX_STRING + 40);
    test_endless("$", "0000000000", SIZE, NGX_GW_REDIS_MAX_STRING + 40);
    test_endless("*10000\r\n", ":1\r\n", SIZE, SIZE);
    test_endless("*10000\r\n", "*1\r\n", SIZE, SIZE);
    test_endless("*100\r\n", "$10\r\n0123456789\r\n", 1000, 300);
}


/* every allocation fails once: no crash, and no leak, says ASan */

static void
test_memory(void)
{
    ngx_int_t               n, rc;
    ngx_uint_t              failed;
    ngx_gw_redis_reader_t  *reader;

    failed = 0;

    for (n = 0; n < 30; n++) {
        ngx_stub_allocs_left = n;

        reader = ngx_gw_redis_reader_create(&ngx_stub_log);

        if (reader == NULL) {
            failed++;
            continue;
        }

        rc = read_all(reader, "*2\r\n$1\r\nx\r\n*1\r\n:2\r\n+OK\r\n", 24, 3,
                      SIZE);
        failed += (rc == NGX_ERROR);

        ngx_gw_redis_reader_destroy(reader);
    }

    ngx_stub_allocs_left = -1;

    unit_ok(failed > 3 && failed < 30, "no memory: %lu failures",
            (unsigned long) failed);
}


static void
test_fault(const char *line, const char *code, const char *want)
{
    size_t                  n;
    ngx_str_t               fault;
    ngx_gw_redis_reply_t   *reply;
    ngx_gw_redis_reader_t  *reader;

    reader = ngx_gw_redis_reader_create(&ngx_stub_log);

    (void) ngx_gw_redis_reader_feed(reader, (u_char *) line, strlen(line));
    (void) ngx_gw_redis_reader_next(reader, SIZE, &reply);

    fault = ngx_gw_redis_fault_text(reply);
    n = strlen(want);

    unit_ok(ngx_gw_redis_fault_is(reply, code), "%s is %s", want, code);
    unit_ok(fault.len == n && memcmp(fault.data, want, n) == 0,
            "\"%.*s\" is logged", (int) fault.len, fault.data);

    unit_ok(!ngx_gw_redis_fault_is(reply, "NO")
            && !ngx_gw_redis_fault_is(reply, "NOSCRIPTS"),
            "%s is no other code", want);

    ngx_gw_redis_reader_destroy(reader);
}


/* the slot of the key, cut at all places into prefix and key */

static void
test_slot(const char *key, ngx_uint_t want)
{
    size_t      n, len;
    ngx_str_t   a, b;
    ngx_uint_t  slot, good;

    len = strlen(key);
    good = 1;

    for (n = 0; n <= len; n++) {
        a.data = unit_guard_end(key, n);
        a.len = n;
        b.data = unit_guard_begin(key + n, len - n);
        b.len = len - n;

        slot = ngx_gw_redis_key_slot(&a, &b);
        good &= (slot == want);
    }

    unit_ok(good, "slot of \"%s\" is %lu", key, (unsigned long) slot);
}


static void
test_redirection(const char *line, ngx_int_t want, ngx_uint_t slot,
    const char *host, ngx_uint_t port)
{
    ngx_int_t             rc;
    ngx_str_t             s;
    ngx_gw_redis_range_t  range;

    s.data = unit_guard_end(line, strlen(line));
    s.len = strlen(line);

    rc = ngx_gw_redis_redirection(&s, &range);

    unit_ok(rc == want
            && (rc != NGX_OK
                || (range.first == slot && range.port == port
                    && range.endpoint.len == strlen(host)
                    && memcmp(range.endpoint.data, host, strlen(host)) == 0)),
            "redirection: \"%s\"", line);
}


static void
test_range(const char *what, const char *line, ngx_int_t want,
    const char *plain_text)
{
    ngx_int_t               rc;
    char                    got[512];
    ngx_gw_redis_reply_t   *reply;
    ngx_gw_redis_range_t    range;
    ngx_gw_redis_reader_t  *reader;

    reader = ngx_gw_redis_reader_create(&ngx_stub_log);

    (void) ngx_gw_redis_reader_feed(reader, (u_char *) line, strlen(line));
    rc = ngx_gw_redis_reader_next(reader, SIZE, &reply);

    if (rc == NGX_OK) {
        rc = ngx_gw_redis_slots_range(reply, 0, &range);
    }

    got[0] = '\0';

    if (rc == NGX_OK) {
        sprintf(got, "%lu-%lu %.*s:%lu %.*s %.*s",
                (unsigned long) range.first, (unsigned long) range.last,
                (int) range.endpoint.len, (char *) range.endpoint.data,
                (unsigned long) range.port,
                (int) range.ip.len, (char *) range.ip.data,
                (int) range.hostname.len, (char *) range.hostname.data);
    }

    unit_ok(rc == want && strcmp(got, plain_text) == 0, "slots: %s: \"%s\"",
            what, got);

    ngx_gw_redis_reader_destroy(reader);
}


int
main(void)
{
    test_whole();
    test_bad();
    test_large();
    test_memory();

    test_fault("-NOSCRIPT No matching script.\r\n", "NOSCRIPT", "NOSCRIPT");
    test_fault("-OOM command not allowed\r\n", "OOM", "OOM");
    test_fault("-LOADING\r\n", "LOADING", "LOADING");
    test_fault("-ERR unknown command 'AUTH', with args beginning with: 's'"
               "\r\n", "ERR", "ERR unknown command");
    test_fault("-ERR unknown command `EVALSHA`\r\n", "ERR",
               "ERR unknown command");
    test_fault("-ERR 12345 secret\r\n", "ERR", "ERR");
    test_fault("-WRONGPASS secret\r\n", "WRONGPASS", "WRONGPASS");
    test_fault("-secret is here\r\n", "secret", "?");

    test_slot("123456789", 0x31c3);
    test_slot("", 0);
    test_slot("foo", 12182);
    test_slot("bar", 5061);
    test_slot("foo{bar}{zap}", 5061);
    test_slot("{bar}", 5061);
    test_slot("{user1000}.following", 3443);
    test_slot("user1000", 3443);
    test_slot("foo{}{bar}", 8363);
    test_slot("foo{{bar}}zap", 4015);
    test_slot("{bar", 4015);

    test_redirection("MOVED 3999 127.0.0.1:6381", NGX_OK, 3999, "127.0.0.1",
                     6381);
    test_redirection("ASK 16383 ::1:1", NGX_OK, 16383, "::1", 1);
    test_redirection("MOVED 0 :65535", NGX_OK, 0, "", 65535);
    test_redirection("MOVED 1 a.test:7 more", NGX_OK, 1, "a.test", 7);
    test_redirection("MOVED", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED ", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED 1", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED 1 ", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED 1 host", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED 1 host:", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED 1 host:0", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED 1 host:65536", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED 16384 host:1", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED -1 host:1", NGX_DECLINED, 0, "", 0);
    test_redirection("MOVED  host:1", NGX_DECLINED, 0, "", 0);

    test_range("of 6", "*1\r\n*3\r\n:0\r\n:5460\r\n*3\r\n$9\r\n127.0.0.1\r\n"
               ":30001\r\n$1\r\nx\r\n", NGX_OK, "0-5460 127.0.0.1:30001  ");
    test_range("of 7, address first",
               "*1\r\n*4\r\n:5\r\n:5\r\n*4\r\n$7\r\n1.2.3.4\r\n:1\r\n$1\r\nx"
               "\r\n*2\r\n$8\r\nhostname\r\n$1\r\nh\r\n*0\r\n",
               NGX_OK, "5-5 1.2.3.4:1  h");
    test_range("of 7, name first",
               "*1\r\n*3\r\n:5\r\n:9\r\n*4\r\n$1\r\nh\r\n:1\r\n$1\r\nx\r\n"
               "*4\r\n$1\r\n?\r\n$1\r\n?\r\n$2\r\nip\r\n$7\r\n1.2.3.4\r\n",
               NGX_OK, "5-9 h:1 1.2.3.4 ");
    test_range("where we asked", "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$-1\r\n"
               ":65535\r\n", NGX_OK, "0-16383 :65535  ");
    test_range("odd data", "*1\r\n*3\r\n:0\r\n:0\r\n*4\r\n$0\r\n\r\n:1\r\n:1"
               "\r\n*3\r\n$2\r\nip\r\n:1\r\n$2\r\nip\r\n", NGX_OK,
               "0-0 :1  ");
    test_range("none", "*0\r\n", NGX_DECLINED, "");
    test_range("no array", ":1\r\n", NGX_DECLINED, "");
    test_range("no range", "*1\r\n:1\r\n", NGX_DECLINED, "");
    test_range("no node", "*1\r\n*2\r\n:0\r\n:1\r\n", NGX_DECLINED, "");
    test_range("an empty node", "*1\r\n*3\r\n:0\r\n:1\r\n*0\r\n",
               NGX_DECLINED, "");
    test_range("no port", "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\nh\r\n",
               NGX_DECLINED, "");
    test_range("backwards", "*1\r\n*3\r\n:2\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n",
               NGX_DECLINED, "");
    test_range("below 0", "*1\r\n*3\r\n:-1\r\n:1\r\n*2\r\n$1\r\nh\r\n:1\r\n",
               NGX_DECLINED, "");
    test_range("beyond", "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\nh\r\n:1\r\n",
               NGX_DECLINED, "");
    test_range("port 0", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n:0\r\n",
               NGX_DECLINED, "");
    test_range("port 65536", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n$1\r\nh\r\n"
               ":65536\r\n", NGX_DECLINED, "");
    test_range("a number for a host", "*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n:1\r\n"
               ":1\r\n", NGX_DECLINED, "");

    return unit_done();
}
