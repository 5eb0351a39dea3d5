/* unit: ngx_gw_aggregate/ngx_gw_splice*.c ngx_gw_aggregate/ngx_gw_plan.c ngx_gw_common/ngx_gw_json_string.c */

/*
 * ngx_gw_splice: tables of what is and is not JSON, what plans make of texts,
 * and the index.  Each text is fed whole, byte by byte and in two pieces, cut
 * at each of its bytes; each piece lies right before a page that must not be
 * touched, and is overwritten once it was taken.
 */


#include "ngx_gw_splice.h"


#define N(a)     (sizeof(a) / sizeof((a)[0]))
#define TEXT(s)  { s, sizeof(s) - 1 }

/* ways to cut a text; those above are cuts at byte CUT + n */
#define WHOLE    0
#define BYTES    1
#define CUT      2

#define MAX_SIZE  (16 * 1024 * 1024)


typedef struct {
    const char             *data;
    size_t                  len;
} text_t;

typedef struct {
    text_t                  text;
    ngx_gw_splice_error_e   error;
} refused_t;

typedef struct {
    const char             *plan;   /* lines: "select /a", "keep a.b", ... */
    const char             *text;
    const char             *result; /* or the error's name */
} spliced_t;


static const char  *errors[] = {
    "ok", "json", "charset", "depth", "size", "duplicate", "absent", "type",
    "truncated"
};


static const text_t  accepted[] = {

    /* numbers */

    TEXT("0"), TEXT("-0"), TEXT("1"), TEXT("-1"), TEXT("10"), TEXT("123"),
    TEXT("0.0"), TEXT("-0.0"), TEXT("0.5"), TEXT("1.0"), TEXT("10.01"),
    TEXT("1e1"), TEXT("1E1"), TEXT("1e+1"), TEXT("1e-1"), TEXT("1E+1"),
    TEXT("0e0"), TEXT("0e00"), TEXT("-0e-0"), TEXT("1e01"), TEXT("1.5e300"),
    TEXT("1e99999999999999999999"), TEXT("-1.25E-0007"), TEXT("1e-99999"),
    TEXT("123456789012345678901234567890123456789012345678901234567890"),
    TEXT("0.000000000000000000000000000000000000000000000000000000001"),
    TEXT("-1e+9999"), TEXT("0.4e00669999999999999999999999999999999999996"),
    TEXT("[0]"), TEXT("[-0]"), TEXT("[1.5]"), TEXT("[1e3]"), TEXT("[0e1]"),
    TEXT("[20e1]"), TEXT("[-123]"), TEXT("[0E+2,0e-2 ,0.1e1]"),
    TEXT("[123.456e78,123123e100000,-1.5E+10]"), TEXT("[ 4]"), TEXT("1 "),
    TEXT("{\"a\":0}"), TEXT("{\"a\":-1.5e-3}"), TEXT("-0 "), TEXT("1\n"),

    /* literals, space */

    TEXT("true"), TEXT("false"), TEXT("null"), TEXT("[true,false,null]"),
    TEXT(" null"), TEXT("null "), TEXT("\t\r\n true \t\r\n"),
    TEXT("                                 1                            "),
    TEXT("[ ]"), TEXT("[\n]"), TEXT("{ }"), TEXT("{\r\n\t}"),
    TEXT(" [ 1 , 2 ] "), TEXT(" { \"a\" : 1 , \"b\" : 2 } "),
    TEXT("[1                    ,                    2                  ]"),
    TEXT("{\n                  \"a\"\n               :\n              1\n}"),

    /* structure */

    TEXT("[]"), TEXT("{}"), TEXT("[[]]"), TEXT("[{}]"), TEXT("{\"a\":[]}"),
    TEXT("[1]"), TEXT("[1,1]"), TEXT("[[],[]]"), TEXT("[{},{}]"),
    TEXT("[1,[2,[3,[4]]],{\"a\":{\"b\":{\"c\":[]}}}]"),
    TEXT("{\"\":0}"), TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
    TEXT("[{\"a\":1},{\"a\":1}]"), TEXT("[null,1,\"1\",{}]"),
    TEXT("{\"a\":1,\"A\":2,\"a \":3,\"aa\":4,\"\":5}"),
    TEXT("{\"a\":1,\"a\":2}"), TEXT("{\"a\":1,\"\\u0061\":1}"),
    TEXT("[[],{},[[]],[{}],{\"a\":[{}]}]"), TEXT("[1,null,null,2]"),
    TEXT("{\"a\":[{\"b\":[]},{\"c\":{}}],\"d\":{\"e\":[1,2,[3]]}}"),

    /* strings */

    TEXT("\"\""), TEXT("\"a\""), TEXT("\" \""), TEXT("\"\x7f\""),
    TEXT("\"[]{},:/'\""), TEXT("\"/*b*/c/*d//e\""),
    TEXT("\"0123456789abcdef0123456789abcdef0123456789abcdef\""),
    TEXT("\"\\\"\""), TEXT("\"\\\\\""), TEXT("\"\\/\""), TEXT("\"\\b\""),
    TEXT("\"\\f\""), TEXT("\"\\n\""), TEXT("\"\\r\""), TEXT("\"\\t\""),
    TEXT("\"\\\\\\\"\""), TEXT("\"\\\\\\\\\""), TEXT("\"\\\\a\""),
    TEXT("\"\\u0000\""), TEXT("\"\\u0041\""), TEXT("\"\\u00e9\""),
    TEXT("\"\\u00E9\""), TEXT("\"\\uaBcD\""), TEXT("\"\\ufFfF\""),
    TEXT("\"\\ud7ff\""), TEXT("\"\\ue000\""), TEXT("\"\\\\u0000\""),
    TEXT("\"\\ud800\\udc00\""), TEXT("\"\\uDBFF\\uDFFF\""),
    TEXT("\"\\ud83d\\ude00\\ud83d\\ude00x\""), TEXT("\"new\\u000aline\""),
    TEXT("{\"\\u0000\":1,\"\":2}"), TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    TEXT("\"\\u0022\\u005C\""), TEXT("[\"\\uD834\\uDd1e\"]"),

    /* unpaired surrogates are escapes as others are */

    TEXT("\"\\ud800\""), TEXT("\"\\udc00\""), TEXT("\"\\udfff\\udbff\""),
    TEXT("\"\\ud800\\ud800\\udc00\""), TEXT("\"\\ud800abc\""),
    TEXT("\"\\ud800\\n\""), TEXT("\"\\uDd1ea\""), TEXT("\"\\ud800\\\\\""),
    TEXT("{\"\\ud800\":1}"), TEXT("{\"\\udc00\\udc00\":1}"),

    /* UTF-8: first and last of each row of table 3-7 */

    TEXT("\"\xc2\x80\""), TEXT("\"\xdf\xbf\""),
    TEXT("\"\xe0\xa0\x80\""), TEXT("\"\xe0\xbf\xbf\""),
    TEXT("\"\xe1\x80\x80\""), TEXT("\"\xec\xbf\xbf\""),
    TEXT("\"\xed\x80\x80\""), TEXT("\"\xed\x9f\xbf\""),
    TEXT("\"\xee\x80\x80\""), TEXT("\"\xef\xbf\xbf\""),
    TEXT("\"\xf0\x90\x80\x80\""), TEXT("\"\xf0\xbf\xbf\xbf\""),
    TEXT("\"\xf1\x80\x80\x80\""), TEXT("\"\xf3\xbf\xbf\xbf\""),
    TEXT("\"\xf4\x80\x80\x80\""), TEXT("\"\xf4\x8f\xbf\xbf\""),
    TEXT("\"\xef\xbb\xbf\""), TEXT("\"\xe2\x80\xa8\xe2\x80\xa9\""),
    TEXT("\"\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90\xf0\x9f\xbf\xbe\""),
    TEXT("\"\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""),
    TEXT("\"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\""),
    TEXT("{\"\xc3\xa9\":1,\"e\":2}")
};


#define J  NGX_GW_SPLICE_JSON
#define C  NGX_GW_SPLICE_CHARSET
#define T  NGX_GW_SPLICE_TRUNCATED

static const refused_t  refused[] = {

    { { "", 0 }, J }, { TEXT(" "), J }, { TEXT("\n\t\r "), J },
    { TEXT("\0"), J }, { TEXT("1\0"), J }, { TEXT("\0" "1"), J },
    { TEXT("[1]\0"), J }, { TEXT("[\0]"), J }, { TEXT("{\0}"), J },

    /* byte order marks, other encodings */

    { TEXT("\xef\xbb\xbf" "1"), C }, { TEXT("\xef\xbb\xbf{}"), C },
    { TEXT("\xef\xbb\xbf"), C }, { TEXT("\xef\xbb"), C }, { TEXT("\xef"), C },
    { TEXT("\xff\xfe[\0]\0"), C }, { TEXT("\xfe\xff\0[\0]"), C },
    { TEXT("[\0]\0"), J }, { TEXT("\xef\xbc\x91"), J },
    { TEXT("\xef\xbb" "1"), C }, { TEXT("\xef\xbb\x80"), J },
    { TEXT(" \xef\xbb\xbf{}"), J }, { TEXT("{}\xef\xbb\xbf"), J },

    { TEXT("\f1"), J }, { TEXT("\v1"), J }, { TEXT("\xc2\xa0" "1"), J },
    { TEXT("1\xe2\x80\xa8"), J }, { TEXT("[\xe2\x81\xa0]"), J },
    { TEXT("[1\x0c]"), J }, { TEXT("\x1f"), J }, { TEXT("\x80"), C },
    { TEXT("[\xff]"), C }, { TEXT("[1\xc1]"), C }, { TEXT("1\xf5"), C },
    { TEXT("{\xff:1}"), C }, { TEXT("{\"a\"\xff" "1}"), C },

    /* numbers */

    { TEXT("+"), J }, { TEXT("+1"), J }, { TEXT("01"), J }, { TEXT("-01"), J },
    { TEXT("00"), J }, { TEXT("-00"), J }, { TEXT(".5"), J },
    { TEXT("-.5"), J }, { TEXT("."), J }, { TEXT("1.e1"), J },
    { TEXT("1e1.5"), J }, { TEXT("1e1e1"), J }, { TEXT("1..1"), J },
    { TEXT("1.1.1"), J }, { TEXT("--1"), J }, { TEXT("[1.]"), J },
    { TEXT("[-]"), J }, { TEXT("[1e]"), J }, { TEXT("[1e+]"), J },
    { TEXT("[1E-]"), J }, { TEXT("[0.]"), J }, { TEXT("[0.e1]"), J },
    { TEXT("[0e]"), J }, { TEXT("[0e+-1]"), J }, { TEXT("[1ee1]"), J },
    { TEXT("[-2.]"), J }, { TEXT("[2.e+3]"), J }, { TEXT("[9.e+]"), J },
    { TEXT("[1 000]"), J }, { TEXT("[0x1]"), J }, { TEXT("[1a]"), J },
    { TEXT("[-a]"), J }, { TEXT("[012]"), J }, { TEXT("[-012]"), J },
    { TEXT("[-1x]"), J }, { TEXT("[++1]"), J }, { TEXT("[+Inf]"), J },
    { TEXT("[NaN]"), J }, { TEXT("[Infinity]"), J }, { TEXT("[-NaN]"), J },
    { TEXT("[-Infinity]"), J }, { TEXT("[1+2]"), J }, { TEXT("[0.3e+]"), J },
    { TEXT("[1.2a-3]"), J }, { TEXT("[1.8011670033376514H-308]"), J },
    { TEXT("[.-1]"), J }, { TEXT("[.2e-3]"), J }, { TEXT("[1_0]"), J },
    { TEXT("[\xef\xbc\x91]"), J }, { TEXT("[1\xe5]"), J }, { TEXT("1-"), J },
    { TEXT("-"), T }, { TEXT("1."), T }, { TEXT("-1."), T }, { TEXT("1e"), T },
    { TEXT("1E"), T }, { TEXT("1e+"), T }, { TEXT("1e-"), T },
    { TEXT("[1"), T }, { TEXT("[0"), T }, { TEXT("{\"a\":1"), T },

    /* literals */

    { TEXT("nul"), T }, { TEXT("t"), T }, { TEXT("fals"), T },
    { TEXT("[nul]"), J }, { TEXT("[tru]"), J }, { TEXT("[fals]"), J },
    { TEXT("nulll"), J }, { TEXT("True"), J }, { TEXT("NULL"), J },
    { TEXT("nuLl"), J }, { TEXT("truefalse"), J }, { TEXT("true1"), J },
    { TEXT("undefined"), J }, { TEXT("n\xff"), C }, { TEXT("[nu\xc3\xa9]"), J },

    /* structure */

    { TEXT("["), T }, { TEXT("{"), T }, { TEXT("[["), T }, { TEXT("[]["), J },
    { TEXT("]"), J }, { TEXT("}"), J }, { TEXT(","), J }, { TEXT(":"), J },
    { TEXT("[}"), J }, { TEXT("{]"), J }, { TEXT("[1}"), J },
    { TEXT("{\"a\":1]"), J }, { TEXT("[]]"), J }, { TEXT("{}}"), J },
    { TEXT("[,]"), J }, { TEXT("[1,]"), J }, { TEXT("[,1]"), J },
    { TEXT("[1,,2]"), J }, { TEXT("[1 2]"), J }, { TEXT("[1:2]"), J },
    { TEXT("[\"a\" \"b\"]"), J }, { TEXT("[\"a\":1]"), J },
    { TEXT("{\"a\"}"), J }, { TEXT("{\"a\":}"), J }, { TEXT("{\"a\" 1}"), J },
    { TEXT("{\"a\",1}"), J }, { TEXT("{\"a\"::1}"), J }, { TEXT("{a:1}"), J },
    { TEXT("{1:1}"), J }, { TEXT("{'a':1}"), J }, { TEXT("{:1}"), J },
    { TEXT("{\"a\":1,}"), J }, { TEXT("{,\"a\":1}"), J }, { TEXT("{,}"), J },
    { TEXT("{\"a\":1,,\"b\":2}"), J }, { TEXT("{\"a\":1 \"b\":2}"), J },
    { TEXT("{\"a\":1:\"b\"}"), J }, { TEXT("{null:1}"), J },
    { TEXT("{[]:1}"), J }, { TEXT("{\"a\":\"b\",\"c\"}"), J },
    { TEXT("{\"a\":1}x"), J }, { TEXT("[1]x"), J }, { TEXT("1 2"), J },
    { TEXT("{}{}"), J }, { TEXT("[] []"), J }, { TEXT("\"a\" \"b\""), J },
    { TEXT("[1]/*c*/"), J }, { TEXT("[/*c*/1]"), J }, { TEXT("//c\n1"), J },
    { TEXT("#c\n1"), J }, { TEXT("[*]"), J }, { TEXT("<null>"), J },
    { TEXT("(1)"), J }, { TEXT("{\"a\":1,\"b\"}"), J }, { TEXT("[\\n]"), J },
    { TEXT("{\"a\""), T }, { TEXT("{\"a\":"), T }, { TEXT("{\"a\":1,"), T },
    { TEXT("[1,"), T }, { TEXT("[1 "), T }, { TEXT("{\"a\" "), T },
    { TEXT("[{\"a\":[1,2"), T }, { TEXT("[\"a\","), T }, { TEXT("[[]"), T },

    /* strings */

    { TEXT("\""), T }, { TEXT("\"a"), T }, { TEXT("\"\\"), T },
    { TEXT("\"\\\""), T }, { TEXT("\"\\u"), T }, { TEXT("\"\\u00a"), T },
    { TEXT("\"\xc3"), T }, { TEXT("\"\xe2\x82"), T }, { TEXT("[\"a]"), T },
    { TEXT("{\"a"), T }, { TEXT("{\"a\\"), T }, { TEXT("'a'"), J },
    { TEXT("\"\\a\""), J }, { TEXT("\"\\x00\""), J }, { TEXT("\"\\'\""), J },
    { TEXT("\"\\0\""), J }, { TEXT("\"\\U0041\""), J }, { TEXT("\"\\ \""), J },
    { TEXT("\"\\u\""), J }, { TEXT("\"\\u0\""), J }, { TEXT("\"\\u00\""), J },
    { TEXT("\"\\u004\""), J }, { TEXT("\"\\u004g\""), J },
    { TEXT("\"\\u 041\""), J }, { TEXT("\"\\u+041\""), J },
    { TEXT("\"\\uqqqq\""), J }, { TEXT("\"\\u@000\""), J },
    { TEXT("\"\\u`000\""), J }, { TEXT("\"\\uG000\""), J },
    { TEXT("\"\\ud800\\u\""), J }, { TEXT("\"\\ud800\\x\""), J },
    { TEXT("\"\\\x00\""), J }, { TEXT("\"\\\n\""), J }, { TEXT("\"\\"), T },
    { TEXT("\"\0\""), J }, { TEXT("\"\n\""), J }, { TEXT("\"\t\""), J },
    { TEXT("\"\x1f\""), J }, { TEXT("\"a\x01\""), J }, { TEXT("\"a\r\""), J },
    { TEXT("\"0123456789abcdef\x1f\""), J }, { TEXT("{\"a\nb\":1}"), J },
    { TEXT("\"0123456789abcdef0123456789abcde\n\""), J },
    { TEXT("\"\\\xc3\xa9\""), J }, { TEXT("\"\\\xff\""), C },
    { TEXT("\"\\u00\xc3\xa9\""), J }, { TEXT("\"\\u\xff\""), C },
    { TEXT("\"a\" x"), J }, { TEXT("a"), J }, { TEXT("\\u0020\"a\""), J },

    /* not UTF-8: stray, missing and wrong continuations */

    { TEXT("\"\x80\""), C }, { TEXT("\"\xbf\""), C }, { TEXT("\"\xc3\""), C },
    { TEXT("\"\xc3\xc3\""), C }, { TEXT("\"\xc3\x7f\""), C },
    { TEXT("\"\xe2\x82\""), C }, { TEXT("\"\xe2\x28\xa1\""), C },
    { TEXT("\"\xe2\x82\x28\""), C }, { TEXT("\"\xf0\x9f\x98\""), C },
    { TEXT("\"\xf0\x9f\x98(\""), C }, { TEXT("\"\xf0\x28\x8c\xbc\""), C },
    { TEXT("\"\xf0\x90\x28\xbc\""), C }, { TEXT("\"\xe9\""), C },
    { TEXT("\"abcdefgh\xe9t\xe9\""), C }, { TEXT("{\"\xe9\":1}"), C },

    /* overlong forms, surrogates, beyond U+10FFFF */

    { TEXT("\"\xc0\xaf\""), C }, { TEXT("\"\xc1\xbf\""), C },
    { TEXT("\"\xc0\x80\""), C }, { TEXT("\"\xe0\x80\xaf\""), C },
    { TEXT("\"\xe0\x9f\xbf\""), C }, { TEXT("\"\xf0\x80\x80\xaf\""), C },
    { TEXT("\"\xf0\x8f\xbf\xbf\""), C }, { TEXT("\"\xed\xa0\x80\""), C },
    { TEXT("\"\xed\xbf\xbf\""), C }, { TEXT("\"\xf4\x90\x80\x80\""), C },
    { TEXT("\"\xf5\x80\x80\x80\""), C }, { TEXT("\"\xf8\x88\x80\x80\x80\""), C },
    { TEXT("\"\xfc\x84\x80\x80\x80\x80\""), C }, { TEXT("\"\xfe\""), C },
    { TEXT("\"\xff\""), C }, { TEXT("\"\xed\xa0\x80\xed\xb0\x80\""), C },
    { TEXT("\"abcdefghijklmnop\xed\xa0\x80qrstuvwxyz\""), C }
};

#undef J
#undef C
#undef T


/* feeds a text as it is cut; what comes out is in the others */

static ngx_int_t
feed(ngx_gw_splice_t *s, const char *data, size_t len, size_t cut)
{
    size_t      n, i;
    u_char     *p;
    ngx_int_t   rc;

    rc = NGX_OK;

    for (i = 0; i < len && rc == NGX_OK; i += n) {

        n = len - i;

        if (cut == BYTES) {
            n = 1;

        } else if (cut >= CUT && i < cut - CUT) {
            n = cut - CUT;
        }

        p = unit_guard_end(data + i, n);
        rc = ngx_gw_splice_feed(s, p, n);

        memset(p, 0xff, n);
    }

    return rc;
}


static ngx_gw_splice_error_e
take(ngx_pool_t *pool, const ngx_gw_plan_t *plan, const char *data,
    size_t len, size_t cut, size_t length, ngx_gw_splice_t **s,
    ngx_str_t *result)
{
    ngx_int_t   rc;
    ngx_uint_t  type;

    *s = ngx_gw_splice_create(pool, plan, MAX_SIZE, length, 64);

    ngx_str_null(result);
    type = NGX_GW_SPLICE_NONE;

    rc = feed(*s, data, len, cut);

    if (rc == NGX_OK) {
        rc = ngx_gw_splice_end(*s, result, &type);
    }

    if (rc == NGX_OK && type == NGX_GW_SPLICE_NONE) {
        return (ngx_gw_splice_error_e) -1;
    }

    if (rc != NGX_OK
        && (rc != NGX_DECLINED || ngx_gw_splice_error(*s) == 0))
    {
        return (ngx_gw_splice_error_e) -1;
    }

    return ngx_gw_splice_error(*s);
}


static const char *
quoted(const char *data, size_t len)
{
    char        *p;
    size_t       i;

    static char  buf[4096];

    p = buf;

    for (i = 0; i < len && i < 200; i++) {
        p += sprintf(p, data[i] > ' ' && data[i] < 127 ? "%c" : "\\x%02x",
                     (u_char) data[i]);
    }

    *p = '\0';

    return buf;
}


static void
test_accepted(void)
{
    size_t            j, len, cuts;
    ngx_str_t         result;
    ngx_uint_t        i, bad;
    const char       *data;
    ngx_pool_t       *pool;
    ngx_gw_splice_t  *s;

    for (i = 0; i < N(accepted); i++) {

        data = accepted[i].data;
        len = accepted[i].len;
        bad = 0;
        cuts = 0;

        for (j = 0; j < CUT + len; j++) {
            pool = ngx_create_pool(1024, &ngx_stub_log);

            if (take(pool, NULL, data, len, j, j % 3 ? len : 0, &s, &result)
                != NGX_GW_SPLICE_OK)
            {
                bad++;

            } else {

                /* what is white space around the value? */

                while (strchr(" \t\r\n", *data)) {
                    data++;
                    cuts++;
                }

                len = accepted[i].len - cuts;

                while (strchr(" \t\r\n", data[len - 1])) {
                    len--;
                }

                if (result.len != len
                    || memcmp(result.data, data, len) != 0
                    || ngx_gw_splice_offset(s) != accepted[i].len)
                {
                    bad++;
                }
            }

            data = accepted[i].data;
            len = accepted[i].len;
            cuts = 0;

            ngx_destroy_pool(pool);
        }

        unit_ok(bad == 0, "accepted: %s", quoted(data, len));
    }
}


static void
test_refused(void)
{
    size_t                  j, len, offset;
    ngx_str_t               result;
    ngx_uint_t              i, bad;
    const char             *data;
    ngx_pool_t             *pool;
    ngx_gw_splice_t        *s;
    ngx_gw_splice_error_e   error;

    for (i = 0; i < N(refused); i++) {

        data = refused[i].text.data;
        len = refused[i].text.len;
        bad = 0;
        offset = 0;
        error = NGX_GW_SPLICE_OK;

        for (j = 0; j < CUT + len; j++) {
            pool = ngx_create_pool(1024, &ngx_stub_log);

            error = take(pool, NULL, data, len, j, 0, &s, &result);

            if (j == 0) {
                offset = ngx_gw_splice_offset(s);
            }

            if (error != refused[i].error
                || ngx_gw_splice_offset(s) != offset)
            {
                bad++;
                ngx_destroy_pool(pool);
                break;
            }

            ngx_destroy_pool(pool);
        }

        unit_ok(bad == 0, "%s: %s", errors[refused[i].error],
                quoted(data, len));

        if (bad) {
            printf("# %s, cut %d\n", errors[error], (int) j);
        }
    }
}


int
main(void)
{
    test_accepted();
    test_refused();

    return unit_done();
}
