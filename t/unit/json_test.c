/* unit: ngx_gw_common/ngx_gw_json*.c */

/*
 * ngx_gw_json: tables of what is and is not JSON, the nodes, and all that is
 * done with them.  Each text is parsed right before and right behind a page
 * that must not be touched.
 */


#include "ngx_gw_json.h"


#define MAX_NODES  4096
#define N(a)       (sizeof(a) / sizeof((a)[0]))
#define TEXT(s)    { s, sizeof(s) - 1 }


typedef struct {
    const char    *data;
    size_t         len;
} text_t;

typedef struct {
    const char    *a;
    const char    *b;
    ngx_int_t      order;
} order_t;

typedef struct {
    const char    *text;
    int64_t        max;
    ngx_int_t      rc;
    int64_t        value;
    ngx_uint_t     fraction;
} floor_t;

typedef struct {
    const char    *path;
    ngx_int_t      rc;
    const char    *value;          /* raw; NULL: there is none */
} path_t;


static ngx_gw_json_node_t  nodes[MAX_NODES];
static uint32_t            scratch[ngx_gw_json_scratch(MAX_NODES)];


static const text_t  valid[] = {

    /* numbers */

    TEXT("0"), TEXT("-0"), TEXT("1"), TEXT("-1"), TEXT("10"), TEXT("123"),
    TEXT("0.0"), TEXT("-0.0"), TEXT("0.5"), TEXT("1.0"), TEXT("10.01"),
    TEXT("1e1"), TEXT("1E1"), TEXT("1e+1"), TEXT("1e-1"), TEXT("1E+1"),
    TEXT("0e0"), TEXT("0e00"), TEXT("-0e-0"), TEXT("1e01"), TEXT("1.5e300"),
    TEXT("1e99999999999999999999"), TEXT("-1.25E-0007"),
    TEXT("123456789012345678901234567890123456789012345678901234567890"),
    TEXT("0.000000000000000000000000000000000000000000000000000000001"),

    /* literals, space */

    TEXT("true"), TEXT("false"), TEXT("null"),
    TEXT(" null"), TEXT("null "), TEXT("\t\r\n true \t\r\n"),
    TEXT("                                 1                            "),
    TEXT("[ ]"), TEXT("[\n]"), TEXT("{ }"), TEXT("{\r\n\t}"),
    TEXT(" [ 1 , 2 ] "), TEXT(" { \"a\" : 1 , \"b\" : 2 } "),

    /* containers */

    TEXT("[]"), TEXT("{}"), TEXT("[[]]"), TEXT("[{}]"), TEXT("{\"a\":[]}"),
    TEXT("[1]"), TEXT("[1,1]"), TEXT("[[],[]]"), TEXT("[{},{}]"),
    TEXT("[1,[2,[3,[4]]],{\"a\":{\"b\":{\"c\":[]}}}]"),
    TEXT("{\"\":0}"), TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
    TEXT("{\"a\":{\"b\":1},\"b\":{\"a\":1}}"),
    TEXT("[{\"a\":1},{\"a\":1}]"),
    TEXT("{\"a\":1,\"A\":2,\"a \":3,\"aa\":4,\"\":5}"),

    /* strings */

    TEXT("\"\""), TEXT("\"a\""), TEXT("\" \""), TEXT("\"\x7f\""),
    TEXT("\"[]{},:/'\""),
    TEXT("\"0123456789abcdef0123456789abcdef0123456789abcdef\""),
    TEXT("\"\\\"\""), TEXT("\"\\\\\""), TEXT("\"\\/\""), TEXT("\"\\b\""),
    TEXT("\"\\f\""), TEXT("\"\\n\""), TEXT("\"\\r\""), TEXT("\"\\t\""),
    TEXT("\"\\\\\\\"\""), TEXT("\"\\\\\\\\\""),
    TEXT("\"\\u0000\""), TEXT("\"\\u0041\""), TEXT("\"\\u00e9\""),
    TEXT("\"\\u00E9\""), TEXT("\"\\uaBcD\""), TEXT("\"\\ufFfF\""),
    TEXT("\"\\ud7ff\""), TEXT("\"\\ue000\""),
    TEXT("\"\\ud800\\udc00\""), TEXT("\"\\uDBFF\\uDFFF\""),
    TEXT("\"\\ud83d\\ude00\\ud83d\\ude00x\""),
    TEXT("{\"\\u0000\":1,\"\":2}"),

    /* UTF-8: first and last of each row of table 3-7 */

    TEXT("\"\xc2\x80\""), TEXT("\"\xdf\xbf\""),
    TEXT("\"\xe0\xa0\x80\""), TEXT("\"\xe0\xbf\xbf\""),
    TEXT("\"\xe1\x80\x80\""), TEXT("\"\xec\xbf\xbf\""),
    TEXT("\"\xed\x80\x80\""), TEXT("\"\xed\x9f\xbf\""),
    TEXT("\"\xee\x80\x80\""), TEXT("\"\xef\xbf\xbf\""),
    TEXT("\"\xf0\x90\x80\x80\""), TEXT("\"\xf0\xbf\xbf\xbf\""),
    TEXT("\"\xf1\x80\x80\x80\""), TEXT("\"\xf3\xbf\xbf\xbf\""),
    TEXT("\"\xf4\x80\x80\x80\""), TEXT("\"\xf4\x8f\xbf\xbf\""),
    TEXT("\"\xef\xbb\xbf\""),
    TEXT("\"\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""),
    TEXT("{\"\xc3\xa9\":1,\"e\":2}")
};


static const text_t  invalid[] = {

    { "", 0 }, TEXT(" "), TEXT("\n\t\r "), TEXT("\0"), TEXT("1\0"),
    TEXT("\xef\xbb\xbf" "1"), TEXT("\xef\xbb\xbf{}"), TEXT("\xff\xfe[\0]\0"),
    TEXT("\f1"), TEXT("\v1"), TEXT("\xc2\xa0" "1"), TEXT("1\xe2\x80\xa8"),

    /* numbers */

    TEXT("-"), TEXT("+"), TEXT("+1"), TEXT("01"), TEXT("-01"), TEXT("00"),
    TEXT("-00"), TEXT("1."), TEXT("-1."), TEXT(".5"), TEXT("-.5"), TEXT("."),
    TEXT("1.e1"), TEXT("1e"), TEXT("1E"), TEXT("1e+"), TEXT("1e-"),
    TEXT("1e1.5"), TEXT("1e1e1"), TEXT("1..1"), TEXT("1.1.1"), TEXT("--1"),
    TEXT("- 1"), TEXT("1 2"), TEXT("1,"), TEXT(",1"), TEXT("0x10"),
    TEXT("1f"), TEXT("1_000"), TEXT("NaN"), TEXT("nan"), TEXT("Infinity"),
    TEXT("-Infinity"), TEXT("inf"), TEXT("e1"), TEXT("E"), TEXT("1+1"),
    TEXT("0e"), TEXT("0."), TEXT("-e1"), TEXT("1 e1"), TEXT("1:"),
    TEXT("\xef\xbc\x91"),

    /* literals */

    TEXT("t"), TEXT("tru"), TEXT("truee"), TEXT("True"), TEXT("TRUE"),
    TEXT("f"), TEXT("fals"), TEXT("falsee"), TEXT("n"), TEXT("nul"),
    TEXT("nulll"), TEXT("nil"), TEXT("undefined"), TEXT("true false"),
    TEXT("t rue"), TEXT("true/**/"), TEXT("//\n1"), TEXT("'a'"), TEXT("a"),

    /* containers */

    TEXT("["), TEXT("]"), TEXT("{"), TEXT("}"), TEXT("[}"), TEXT("{]"),
    TEXT("[1"), TEXT("[1,"), TEXT("[1,]"), TEXT("[,1]"), TEXT("[,]"),
    TEXT("[1 2]"), TEXT("[1,,2]"), TEXT("[1:2]"), TEXT("[1]]"), TEXT("[[1]"),
    TEXT("[1]1"), TEXT("[][]"), TEXT("[],"), TEXT("[1}"), TEXT("[\"a\":1]"),
    TEXT("{\"a\""), TEXT("{\"a\":"), TEXT("{\"a\":1"), TEXT("{\"a\":1,"),
    TEXT("{\"a\":1,}"), TEXT("{,}"), TEXT("{,\"a\":1}"), TEXT("{\"a\"}"),
    TEXT("{\"a\":}"), TEXT("{\"a\" 1}"), TEXT("{\"a\",1}"), TEXT("{:1}"),
    TEXT("{1:1}"), TEXT("{a:1}"), TEXT("{null:1}"), TEXT("{\"a\"::1}"),
    TEXT("{\"a\":1:2}"), TEXT("{\"a\":1 \"b\":2}"), TEXT("{\"a\":1,,\"b\":2}"),
    TEXT("{\"a\":1]"), TEXT("{\"a\":1}}"), TEXT("{}{}"), TEXT("{}1"),
    TEXT("{[]:1}"), TEXT("{\"a\":1}x"), TEXT("[1]\0"), TEXT("[\0]"),

    /* strings */

    TEXT("\""), TEXT("\"a"), TEXT("\"\"\""), TEXT("a\""), TEXT("\"\\\""),
    TEXT("\"\\"), TEXT("\"\\\\\\\""), TEXT("\"a\"b"), TEXT("\"\0\""),
    TEXT("\"\n\""), TEXT("\"\t\""), TEXT("\"\x1f\""), TEXT("\"a\x01\""),
    TEXT("\"0123456789abcdef\n0123456789abcdef\""),
    TEXT("\"\\a\""), TEXT("\"\\v\""), TEXT("\"\\0\""), TEXT("\"\\x41\""),
    TEXT("\"\\'\""), TEXT("\"\\ \""), TEXT("\"\\B\""), TEXT("\"\\N\""),
    TEXT("\"\\U0041\""), TEXT("\"\\\n\""), TEXT("\"\\\0\""),
    TEXT("\"\\\xc3\xa9\""),
    TEXT("\"\\u\""), TEXT("\"\\u0\""), TEXT("\"\\u00\""), TEXT("\"\\u004\""),
    TEXT("\"\\u004g\""), TEXT("\"\\u004G\""), TEXT("\"\\u 041\""),
    TEXT("\"\\u+041\""), TEXT("\"\\u-041\""), TEXT("\"\\u0x41\""),
    TEXT("\"\\u00:0\""), TEXT("\"\\u00/0\""), TEXT("\"\\u00@0\""),
    TEXT("\"\\u00`0\""), TEXT("\"\\u"), TEXT("\"\\u0"), TEXT("\"\\u004"),
    TEXT("\"\\u0041"), TEXT("\"\\u00\x31\x10\""),

    /* lone surrogates */

    TEXT("\"\\ud800\""), TEXT("\"\\udbff\""), TEXT("\"\\udc00\""),
    TEXT("\"\\udfff\""), TEXT("\"\\ud800x\""), TEXT("\"\\ud800\\n\""),
    TEXT("\"\\ud800\\u0041\""), TEXT("\"\\ud800\\ud800\""),
    TEXT("\"\\ud800\\udbff\""), TEXT("\"\\ud800\\ue000\""),
    TEXT("\"\\udc00\\ud800\""), TEXT("\"\\ud800\\udc00\\udc00\""),
    TEXT("\"\\ud800\\udc0\""), TEXT("\"\\ud800\\udc0g\""),
    TEXT("\"\\ud800\\u\""), TEXT("\"\\ud800\\\""), TEXT("\"\\ud800"),
    TEXT("\"\\ud800\\"), TEXT("\"\\ud800\\udc00"), TEXT("\"\\ud800/udc00\""),
    TEXT("{\"\\ud800\":1}"), TEXT("{\"\\udc00\":1}"),

    /* UTF-8: cut, overlong, surrogates, beyond U+10FFFF */

    TEXT("\"\x80\""), TEXT("\"\xbf\""), TEXT("\"\xc0\x80\""),
    TEXT("\"\xc0\xaf\""), TEXT("\"\xc1\xbf\""), TEXT("\"\xc2\""),
    TEXT("\"\xc2"), TEXT("\"\xc2\x7f\""), TEXT("\"\xc2\xc0\""),
    TEXT("\"\xc2\xc2\x80\""), TEXT("\"\xdf\xff\""),
    TEXT("\"\xe0\x80\x80\""), TEXT("\"\xe0\x9f\xbf\""), TEXT("\"\xe0\xa0\""),
    TEXT("\"\xe0\xa0"), TEXT("\"\xe1\x80\""), TEXT("\"\xe1\x80\x7f\""),
    TEXT("\"\xe1\x80\xc0\""), TEXT("\"\xe1\x7f\x80\""), TEXT("\"\xe1"),
    TEXT("\"\xed\xa0\x80\""), TEXT("\"\xed\xaf\xbf\""),
    TEXT("\"\xed\xb0\x80\""), TEXT("\"\xed\xbf\xbf\""),
    TEXT("\"\xed\xa0\x80\xed\xb0\x80\""),
    TEXT("\"\xf0\x80\x80\x80\""), TEXT("\"\xf0\x8f\xbf\xbf\""),
    TEXT("\"\xf0\x90\x80\""), TEXT("\"\xf0\x90\x80"), TEXT("\"\xf0\x90\""),
    TEXT("\"\xf0"), TEXT("\"\xf1\x80\x80\x7f\""), TEXT("\"\xf1\x80\xc0\x80\""),
    TEXT("\"\xf1\x7f\x80\x80\""), TEXT("\"\xf4\x90\x80\x80\""),
    TEXT("\"\xf4\xbf\xbf\xbf\""), TEXT("\"\xf5\x80\x80\x80\""),
    TEXT("\"\xf8\x88\x80\x80\x80\""), TEXT("\"\xfc\x84\x80\x80\x80\x80\""),
    TEXT("\"\xfe\""), TEXT("\"\xff\""), TEXT("\"\xe9\""),
    TEXT("\"\xc3\xa9\xc3\""), TEXT("{\"\xff\":1}"), TEXT("{\"\xc0\x80\":1}"),

    /* duplicate names */

    TEXT("{\"a\":1,\"a\":1}"), TEXT("{\"\":1,\"\":2}"),
    TEXT("{\"a\":1,\"\\u0061\":2}"), TEXT("{\"\\u0061\":1,\"a\":2}"),
    TEXT("{\"\\u0061\":1,\"\\u0061\":2}"), TEXT("{\"a/b\":1,\"a\\/b\":2}"),
    TEXT("{\"\\n\":1,\"\\u000a\":2}"), TEXT("{\"\\u000A\":1,\"\\u000a\":2}"),
    TEXT("{\"\xc3\xa9\":1,\"\\u00e9\":2}"),
    TEXT("{\"\xe2\x82\xac\":1,\"\\u20aC\":2}"),
    TEXT("{\"\xf0\x9f\x98\x80\":1,\"\\uD83d\\uDe00\":2}"),
    TEXT("{\"a\\u0000\":1,\"a\\u0000\":2}"),
    TEXT("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"b\":5}"),
    TEXT("{\"a\":{\"b\":1,\"c\":2},\"d\":[1,2],\"a\":3}"),
    TEXT("[{\"x\":{\"a\":1,\"b\":[],\"a\":2}}]"),
    TEXT("{\"0123456789abcdefg\":1,\"0123456789abcdef\\u0067\":2}"),
    TEXT("{\"0123456789abcdef0123456789abcdef\":1,"
         "\"0123456789abcdef0123456789abcde\\u0066\":2}")
};


static const order_t  orders[] = {
    { "0", "0", 0 }, { "0", "-0", 0 }, { "0", "0.000", 0 },
    { "0", "0e99999", 0 }, { "-0.0e-9", "0", 0 },
    { "1", "1.0", 0 }, { "1", "10e-1", 0 }, { "1", "0.1e1", 0 },
    { "1", "0.001e3", 0 }, { "1", "1000e-3", 0 }, { "1.50", "1.5", 0 },
    { "100", "1e2", 0 }, { "100", "1E+2", 0 }, { "-100", "-1e2", 0 },
    { "0.01", "1e-2", 0 }, { "123.456", "123456e-3", 0 },
    { "1e2000000000", "1e3000000000", 0 },
    { "1e99999999999999999999999", "1e1000000000", 0 },
    { "1e-99999999999999999999999", "1e-1000000000", 0 },
    { "1e0000000000000000000000002", "100", 0 },
    { "1", "2", -1 }, { "9", "10", -1 }, { "99", "100", -1 },
    { "-1", "1", -1 }, { "-1", "0", -1 }, { "0", "1", -1 },
    { "-2", "-1", -1 }, { "-10", "-9", -1 }, { "-1e5", "1e-5", -1 },
    { "0", "1e-999999999", -1 }, { "-1e-999999999", "0", -1 },
    { "1", "1.0000000000000000000000000000000000001", -1 },
    { "0.9999999999999999999999999999999999999999", "1", -1 },
    { "9007199254740992", "9007199254740993", -1 },
    { "123456789012345678901234567890",
      "123456789012345678901234567891", -1 },
    { "-123456789012345678901234567891",
      "-123456789012345678901234567890", -1 },
    { "1e1", "1e2", -1 }, { "9e1", "1e2", -1 }, { "9.99", "10.0", -1 },
    { "0.09", "0.1", -1 }, { "0.0999", "0.1", -1 }, { "1.2", "1.23", -1 },
    { "1.09", "1.1", -1 }, { "12.34", "12.340000001", -1 },
    { "1e308", "1e309", -1 }, { "1e400", "1e401", -1 },
    { "1e-401", "1e-400", -1 }, { "99999e-5", "1", -1 },
    { "1700000000", "1700000000.5", -1 }
};


static const floor_t  floors[] = {
    { "0", 0, NGX_OK, 0, 0 }, { "-0", 0, NGX_OK, 0, 0 },
    { "-0.0e5", 0, NGX_OK, 0, 0 }, { "0e99999999999", 0, NGX_OK, 0, 0 },
    { "1", 0, NGX_ERROR, 0, 0 }, { "-1", 0, NGX_ERROR, 0, 0 },
    { "0.5", 0, NGX_OK, 0, 1 }, { "-0.5", 0, NGX_ERROR, 0, 0 },
    { "-0.5", 1, NGX_OK, -1, 1 }, { "1.5", 10, NGX_OK, 1, 1 },
    { "-1.5", 10, NGX_OK, -2, 1 }, { "1.0", 10, NGX_OK, 1, 0 },
    { "-1.0", 10, NGX_OK, -1, 0 }, { "1.5e3", 10000, NGX_OK, 1500, 0 },
    { "1.2345e3", 10000, NGX_OK, 1234, 1 }, { "10", 10, NGX_OK, 10, 0 },
    { "10.9", 10, NGX_OK, 10, 1 }, { "11", 10, NGX_ERROR, 0, 0 },
    { "-10", 10, NGX_OK, -10, 0 }, { "-10.1", 10, NGX_ERROR, 0, 0 },
    { "1500e-3", 10, NGX_OK, 1, 1 }, { "15e-1", 10, NGX_OK, 1, 1 },
    { "10e-1", 10, NGX_OK, 1, 0 }, { "0.1e1", 10, NGX_OK, 1, 0 },
    { "1e-1", 10, NGX_OK, 0, 1 }, { "0.0001e4", 10, NGX_OK, 1, 0 },
    { "1e-99999999999999999999", 10, NGX_OK, 0, 1 },
    { "-1e-99999999999999999999", 10, NGX_OK, -1, 1 },
    { "1700000000", 100000000000000000, NGX_OK, 1700000000, 0 },
    { "1.7e9", 100000000000000000, NGX_OK, 1700000000, 0 },
    { "1700000000.999", 100000000000000000, NGX_OK, 1700000000, 1 },
    { "100000000000000000", 100000000000000000, NGX_OK, 100000000000000000,
      0 },
    { "1e17", 100000000000000000, NGX_OK, 100000000000000000, 0 },
    { "-1e17", 100000000000000000, NGX_OK, -100000000000000000, 0 },
    { "100000000000000001", 100000000000000000, NGX_ERROR, 0, 0 },
    { "100000000000000000.1", 100000000000000000, NGX_OK,
      100000000000000000, 1 },
    { "-100000000000000000.1", 100000000000000000, NGX_ERROR, 0, 0 },
    { "999999999999999999", 100000000000000000, NGX_ERROR, 0, 0 },
    { "1e18", 100000000000000000, NGX_ERROR, 0, 0 },
    { "9223372036854775808", 100000000000000000, NGX_ERROR, 0, 0 },
    { "18446744073709551617", 100000000000000000, NGX_ERROR, 0, 0 },
    { "1e400", 100000000000000000, NGX_ERROR, 0, 0 },
    { "1e99999999999999999999", 100000000000000000, NGX_ERROR, 0, 0 },
    { "-1e99999999999999999999", 100000000000000000, NGX_ERROR, 0, 0 },
    { "0.000000000000000000000000000001e30", 10, NGX_OK, 1, 0 },
    { "1000000000000000000000000000000e-30", 10, NGX_OK, 1, 0 },
    { "", 10, NGX_ERROR, 0, 0 }, { "x", 10, NGX_ERROR, 0, 0 },
    { "1x", 10, NGX_ERROR, 0, 0 }, { "01", 10, NGX_ERROR, 0, 0 },
    { " 1", 10, NGX_ERROR, 0, 0 }, { "+1", 10, NGX_ERROR, 0, 0 }
};


static const char  path_text[] =
    "{\"a\":{\"b\":[10,{\"c\":\"x\",\"0\":\"zero\"},[]],\"\":\"empty\","
    "\"1\":\"one\"},\"a.b\":\"dotted\",\"a/b\":\"slash\",\"m~n\":\"tilde\","
    "\"~1\":\"t1\",\"\":{\"\":\"twice\"},\"\\u00e9\":\"e\",\"01\":\"lead\","
    "\"-\":\"dash\",\"4294967296\":\"big\"}";

static const path_t  paths[] = {
    { "a.b.0", NGX_OK, "10" }, { "a.b.1.c", NGX_OK, "x" },
    { "a.b.1.0", NGX_OK, "zero" }, { "a.b.2", NGX_OK, "[]" },
    { "a.b.3", NGX_OK, NULL }, { "a.b.00", NGX_OK, NULL },
    { "a.b.01", NGX_OK, NULL }, { "a.b.-1", NGX_OK, NULL },
    { "a.b.-", NGX_OK, NULL }, { "a.b.+1", NGX_OK, NULL },
    { "a.b.1x", NGX_OK, NULL }, { "a.b.c", NGX_OK, NULL },
    { "a.b.4294967296", NGX_OK, NULL },
    { "a.b.18446744073709551616", NGX_OK, NULL },
    { "a.b.2147483648", NGX_OK, NULL }, { "a.b.9999999999", NGX_OK, NULL },
    { "a.b.0.0", NGX_OK, NULL }, { "a.b.1.c.0", NGX_OK, NULL },
    { "a.1", NGX_OK, "one" }, { "a.0", NGX_OK, NULL },
    { "01", NGX_OK, "lead" }, { "-", NGX_OK, "dash" },
    { "4294967296", NGX_OK, "big" }, { "a/b", NGX_OK, "slash" },
    { "m~n", NGX_OK, "tilde" }, { "\xc3\xa9", NGX_OK, "e" },
    { "b", NGX_OK, NULL }, { "A", NGX_OK, NULL },
    { "", NGX_DECLINED, NULL }, { ".", NGX_DECLINED, NULL },
    { "a.", NGX_DECLINED, NULL }, { ".a", NGX_DECLINED, NULL },
    { "a..b", NGX_DECLINED, NULL },
    { "/a/b/0", NGX_OK, "10" }, { "/a/b/1/c", NGX_OK, "x" },
    { "/a.b", NGX_OK, "dotted" }, { "/a~1b", NGX_OK, "slash" },
    { "/m~0n", NGX_OK, "tilde" }, { "/~01", NGX_OK, "t1" },
    { "/", NGX_OK, "{\"\":\"twice\"}" }, { "//", NGX_OK, "twice" },
    { "///", NGX_OK, NULL }, { "/a/", NGX_OK, "empty" },
    { "/a/b/-", NGX_OK, NULL }, { "/a/b/", NGX_OK, NULL },
    { "/a~2b", NGX_DECLINED, NULL }, { "/~", NGX_DECLINED, NULL },
    { "/a~/b", NGX_DECLINED, NULL }, { "/~~", NGX_DECLINED, NULL },
    { "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", NGX_OK, NULL },
    { "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", NGX_DECLINED, NULL },
    { "////////////////", NGX_OK, NULL },
    { "/////////////////", NGX_DECLINED, NULL }
};


/* text for a TAP line: no control characters, no '#' */

static const char *
show(const void *data, size_t len)
{
    size_t         i, n;
    const u_char  *p;

    static char    buf[400];

    p = data;
    n = 0;

    for (i = 0; i < len && n < sizeof(buf) - 8; i++) {
        n += sprintf(buf + n, (p[i] > 0x20 && p[i] < 0x7f && p[i] != '#')
                              ? "%c" : "<%02x>", p[i]);
    }

    buf[n] = '\0';

    return buf;
}


/*
 * Parses before and behind a guard page, with as many nodes as any valid text
 * can need, and nodes of exactly that many, for the sanitizer to see.
 * NGX_BUSY is what the parser itself never returns.
 */

static ngx_int_t
parse(ngx_gw_json_t *json, const void *text, size_t len)
{
    ngx_int_t            rc;
    ngx_uint_t           max;
    ngx_gw_json_t        other;
    ngx_gw_json_node_t  *exact;

    max = ngx_gw_json_max_nodes(len);

    /* zeroed, so that they can be compared with the padding they have */

    exact = calloc(max, sizeof(ngx_gw_json_node_t));
    memset(nodes, 0, max * sizeof(ngx_gw_json_node_t));

    other.data = unit_guard_begin(text, len);
    other.len = len;
    other.nodes = exact;

    rc = ngx_gw_json_parse(&other, max, 16, scratch);

    json->data = unit_guard_end(text, len);
    json->len = len;
    json->nodes = nodes;

    if (ngx_gw_json_parse(json, max, 16, scratch) != rc
        || json->nnodes != other.nnodes
        || json->offset != other.offset
        || json->error != other.error
        || (rc == NGX_OK && memcmp(exact, nodes,
                                   json->nnodes * sizeof(nodes[0])) != 0)
        || (rc == NGX_OK) != (json->error == NULL)
        || (rc == NGX_OK) != (json->nnodes != 0)
        || json->offset > len
        || memcmp(json->data, text, len) != 0)
    {
        rc = NGX_BUSY;
    }

    free(exact);

    if (rc == NGX_ABORT) {
        rc = ngx_gw_json_parse(json, MAX_NODES, 16, scratch);

        if (rc == NGX_OK) {
            rc = NGX_BUSY;
        }
    }

    return rc;
}


static void
test_texts(void)
{
    int             ok;
    char            buf[400];
    size_t          n, j;
    ngx_uint_t      i;
    ngx_gw_json_t   json;
    const text_t   *t;

    static const char  *around[][2] = {
        { "[", "]" }, { "{\"k\":", "}" }, { "[0,", ",1]" }, { " ", "\n" },
        { "{\"x\":[\"0123456789abcdef\",{\"y\":", "}]}" },
        { "                ", "                " }
    };

    for (i = 0; i < N(valid); i++) {
        t = &valid[i];

        ok = (parse(&json, t->data, t->len) == NGX_OK);

        for (j = 0; j < N(around); j++) {
            n = sprintf(buf, "%s", around[j][0]);
            memcpy(buf + n, t->data, t->len);
            n += t->len;
            n += sprintf(buf + n, "%s", around[j][1]);

            ok = ok && parse(&json, buf, n) == NGX_OK;
        }

        unit_ok(ok, "valid: %s", show(t->data, t->len));
    }

    for (i = 0; i < N(invalid); i++) {
        t = &invalid[i];

        ok = (parse(&json, t->data, t->len) == NGX_DECLINED);

        /* "]" and the like may be just what is missing */

        n = sprintf(buf, "[0,");
        memcpy(buf + n, t->data, t->len);
        n += t->len;
        n += sprintf(buf + n, ",1");

        ok = ok && parse(&json, buf, n) == NGX_DECLINED;

        unit_ok(ok, "invalid: %s", show(t->data, t->len));
    }
}


/* only numbers have valid beginnings, and none is read beyond its end */

static void
test_prefixes(void)
{
    int             ok;
    size_t          n, len;
    ngx_int_t       rc;
    ngx_uint_t      i;
    ngx_gw_json_t   json;
    const text_t   *t;

    ok = 1;

    for (i = 0; i < N(valid); i++) {
        t = &valid[i];

        for (len = t->len; strchr(" \t\r\n", t->data[len - 1]); len--) {
            /* void */
        }

        for (n = 0; n < len; n++) {
            rc = parse(&json, t->data, n);

            if (rc == NGX_OK && isdigit((u_char) t->data[len - 1])) {
                continue;
            }

            if (rc != NGX_DECLINED) {
                ok = 0;
                printf("# %u of %s\n", (unsigned int) n,
                       show(t->data, t->len));
            }
        }
    }

    unit_ok(ok, "no beginning of a valid text is taken for it");
}


/* each special character, at each place of strings of each length */

static void
test_strings(void)
{
    int             ok;
    size_t          len, at, n;
    u_char          buf[100];
    ngx_int_t       rc;
    ngx_uint_t      c;
    ngx_gw_json_t   json;

    for (len = 0; len <= 68; len += (len < 36 ? 1 : 8)) {
        ok = 1;

        for (at = 0; at <= len; at++) {
            for (c = 0; c < 256; c++) {

                if (at == len && c) {
                    break;
                }

                buf[0] = '"';
                memset(buf + 1, 'x', len);
                buf[len + 1] = '"';
                n = len + 2;

                if (at < len) {
                    buf[at + 1] = (u_char) c;
                }

                rc = parse(&json, buf, n);

                if (at < len
                    && (c < 0x20 || c == '"' || c == '\\' || c > 0x7f))
                {
                    ok = ok && rc == NGX_DECLINED
                         && json.offset
                            == ((c == '\\' && at == len - 1)
                                ? n : at + 1 + (c == '"'));

                } else {
                    ok = ok && rc == NGX_OK && json.nnodes == 1
                         && nodes[0].type == NGX_GW_JSON_STRING
                         && nodes[0].flags == 0
                         && nodes[0].pos == 1 && nodes[0].len == len;
                }
            }

            /* what takes more bytes than one */

            buf[0] = '"';
            memset(buf + 1, 'x', at);
            memcpy(buf + 1 + at, "\xe2\x82\xac", 3);
            memset(buf + 4 + at, 'y', len - at);
            buf[len + 4] = '"';

            ok = ok && parse(&json, buf, len + 5) == NGX_OK
                 && nodes[0].len == len + 3 && nodes[0].flags == 0;

            buf[3 + at] = 'z';
            ok = ok && parse(&json, buf, len + 5) == NGX_DECLINED
                 && json.offset == at + 1;

            memcpy(buf + 1 + at, "\\\"z", 3);
            ok = ok && parse(&json, buf, len + 5) == NGX_OK
                 && nodes[0].len == len + 3
                 && nodes[0].flags == NGX_GW_JSON_VALUE_ESC;
        }

        unit_ok(ok, "strings of %u bytes", (unsigned int) len);
    }
}


static void
test_spaces(void)
{
    int             ok;
    size_t          n;
    u_char          buf[300];
    ngx_uint_t      i;
    ngx_gw_json_t   json;

    ok = 1;

    for (n = 0; n < 70; n++) {

        for (i = 0; i < n; i++) {
            buf[i] = buf[n + 1 + i] = " \t\r\n"[i % 4];
        }

        buf[n] = '7';

        ok = ok && parse(&json, buf, n * 2 + 1) == NGX_OK
             && nodes[0].pos == n && nodes[0].len == 1;

        if (n) {
            buf[n / 2] = '\f';
            ok = ok && parse(&json, buf, n * 2 + 1) == NGX_DECLINED
                 && json.offset == n / 2;

            buf[n / 2] = ' ';
            buf[n + 1 + n / 2] = '\v';
            ok = ok && parse(&json, buf, n * 2 + 1) == NGX_DECLINED
                 && json.offset == n + 1 + n / 2;
        }
    }

    unit_ok(ok, "white space of every length");
}


static void
test_nodes(void)
{
    ngx_uint_t           i;
    ngx_gw_json_t        json;
    ngx_gw_json_node_t  *n, *w;

    static const char  text[] =
        " {\"a\" : [ 1, \"x\\n\" ,{} ],\"\\u0062\":null, \"cc\":{\"d\":-1e2} }";

    /* hash, name, nlen, pos, len, next, count, type, flags */

    static ngx_gw_json_node_t  want[] = {
        { 0,  0, 0,  1, 56, 0, 3, NGX_GW_JSON_OBJECT, 0 },
        { 0,  3, 1,  8, 16, 5, 3, NGX_GW_JSON_ARRAY, 0 },
        { 0,  0, 0, 10,  1, 3, 0, NGX_GW_JSON_NUMBER, 0 },
        { 0,  0, 0, 14,  3, 4, 0, NGX_GW_JSON_STRING,
          NGX_GW_JSON_VALUE_ESC },
        { 0,  0, 0, 20,  2, 0, 0, NGX_GW_JSON_OBJECT, 0 },
        { 0, 26, 6, 34,  4, 6, 0, NGX_GW_JSON_NULL, NGX_GW_JSON_NAME_ESC },
        { 0, 41, 2, 45, 10, 0, 1, NGX_GW_JSON_OBJECT, 0 },
        { 0, 47, 1, 50,  4, 0, 0, NGX_GW_JSON_NUMBER, 0 }
    };

    want[1].hash = ngx_gw_json_hash((u_char *) "a", 1);
    want[5].hash = ngx_gw_json_hash((u_char *) "b", 1);
    want[6].hash = ngx_gw_json_hash((u_char *) "cc", 2);
    want[7].hash = ngx_gw_json_hash((u_char *) "d", 1);

    unit_ok(parse(&json, text, sizeof(text) - 1) == NGX_OK
            && json.nnodes == N(want), "nodes are counted");

    for (i = 0; i < N(want); i++) {
        n = &nodes[i];
        w = &want[i];

        unit_ok(n->hash == w->hash && n->name == w->name && n->nlen == w->nlen
                && n->pos == w->pos && n->len == w->len && n->next == w->next
                && n->count == w->count && n->type == w->type
                && n->flags == w->flags,
                "node %u: name %u+%u, value %u+%u, next %u, count %u",
                (unsigned int) i, n->name, n->nlen, n->pos, n->len, n->next,
                n->count);
    }
}


static void
test_limits(void)
{
    u_char          buf[400];
    ngx_uint_t      d;
    ngx_gw_json_t   json;

    json.nodes = nodes;

#define limited(text, max_nodes, max_depth)                                   \
    (json.data = (u_char *) (text), json.len = strlen(text),                  \
     ngx_gw_json_parse(&json, max_nodes, max_depth, scratch))

    unit_ok(limited("1", 9, 0) == NGX_OK, "a scalar is depth 0");
    unit_ok(limited("{}", 9, 0) == NGX_ABORT, "an object is deeper");
    unit_ok(limited("[]", 9, 1) == NGX_OK, "an array is depth 1");
    unit_ok(limited("[[],[[]]]", 9, 2) == NGX_ABORT && json.offset == 5,
            "depth 3 is beyond 2");
    unit_ok(limited("[[],[[]]]", 9, 3) == NGX_OK, "depth 3 is within 3");
    unit_ok(limited("[[],[],{\"a\":[]}]", 9, 3) == NGX_OK,
            "closed containers do not count");

    for (d = 1; d <= 66; d++) {
        memset(buf, '[', d);
        memset(buf + d, ']', d);
        buf[d * 2] = '\0';

        if (limited((char *) buf, 99, d) != (d <= 64 ? NGX_OK : NGX_ABORT)
            || limited((char *) buf, 99, d - 1) != NGX_ABORT
            || limited((char *) buf, 99, 1000)
               != (d <= 64 ? NGX_OK : NGX_ABORT))
        {
            break;
        }
    }

    unit_ok(d == 67, "no more than 64 levels, whatever is asked for");

    unit_ok(limited("1", 0, 9) == NGX_ABORT, "no node");
    unit_ok(limited("1", 1, 9) == NGX_OK, "one node");
    unit_ok(limited("[1,2]", 2, 9) == NGX_ABORT && json.nnodes == 0
            && strcmp(json.error, "too many values") == 0, "too few nodes");
    unit_ok(limited("[1,2]", 3, 9) == NGX_OK, "just enough nodes");
    unit_ok(limited("{\"a\":1,\"b\":2}", 2, 9) == NGX_ABORT,
            "too few nodes for an object");
    unit_ok(limited("[1,2", 2, 9) == NGX_ABORT
            && limited("[1,2", 3, 9) == NGX_DECLINED,
            "what comes first is reported");

    json.data = buf;
    json.len = (size_t) NGX_GW_JSON_MAX_LEN + 1;

    unit_ok(ngx_gw_json_parse(&json, 9, 9, scratch) == NGX_ABORT,
            "longer than offsets reach");

    json.data = NULL;
    json.len = 0;

    unit_ok(ngx_gw_json_parse(&json, 9, 9, scratch) == NGX_DECLINED,
            "no text at all");
}


/* objects of every size up to some, each pair of members the same */

static void
test_duplicates(void)
{
    int             ok;
    size_t          len, at;
    u_char          buf[2000];
    ngx_uint_t      n, i, j, k, esc;
    ngx_gw_json_t   json;

    for (n = 2; n <= 40; n += (n < 20 ? 1 : 5)) {
        ok = 1;

        for (i = 0; i < n; i++) {
            for (j = i; j < n; j++) {
                esc = (i * 3 + j) % 4;
                at = 0;
                len = 0;

                for (k = 0; k < n; k++) {
                    len += sprintf((char *) buf + len, "%c\"", k ? ',' : '{');

                    if (k == j) {
                        at = len;
                    }

                    len += sprintf((char *) buf + len,
                                   ((k == i && esc & 1) || (k == j && esc & 2))
                                   ? "\\u006eame%u\":{\"name0\":[]}"
                                   : "name%u\":{\"name0\":[]}",
                                   (unsigned int) (k == j ? i : k));
                }

                buf[len++] = '}';

                if (i == j) {
                    ok = ok && parse(&json, buf, len) == NGX_OK
                         && nodes[0].count == n;

                } else {
                    ok = ok && parse(&json, buf, len) == NGX_DECLINED
                         && strcmp(json.error, "duplicate member name") == 0
                         && json.offset == at;
                }
            }
        }

        unit_ok(ok, "duplicates among %u members", (unsigned int) n);
    }
}


static void
test_large(void)
{
    size_t               len, size;
    u_char              *buf;
    uint32_t            *table;
    ngx_str_t            name;
    ngx_uint_t           i, n, max;
    struct timespec      t0, t1;
    ngx_gw_json_t        json;
    ngx_gw_json_node_t  *array;

    n = 100000;
    size = n * 20;
    max = n + 2;

    buf = malloc(size);
    array = malloc(max * sizeof(ngx_gw_json_node_t));
    table = malloc(ngx_gw_json_scratch(max) * sizeof(uint32_t));

    len = 0;

    for (i = 0; i < n; i++) {
        len += sprintf((char *) buf + len, "%c\"n%u\":%u", i ? ',' : '{',
                       (unsigned int) i, (unsigned int) i % 10);
    }

    buf[len++] = '}';

    json.data = buf;
    json.len = len;
    json.nodes = array;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);

    unit_ok(ngx_gw_json_parse(&json, max, 16, table) == NGX_OK
            && json.nnodes == n + 1 && array[0].count == n,
            "%u members", (unsigned int) n);

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);

    /* a quadratic search would take minutes */

    unit_ok((t1.tv_sec - t0.tv_sec) * 1000
            + (t1.tv_nsec - t0.tv_nsec) / 1000000 < 2000,
            "in reasonable time");

    name.data = (u_char *) "n99999";
    name.len = 6;

    i = ngx_gw_json_find(&json, 0, &name,
                         ngx_gw_json_hash(name.data, name.len));
    unit_ok(i == n, "the last of them is found");

    buf[len - 1] = ',';
    len += sprintf((char *) buf + len, "\"\\u006E50000\":1}");
    json.len = len;

    unit_ok(ngx_gw_json_parse(&json, max, 16, table) == NGX_DECLINED
            && json.offset == len - 15, "a duplicate among them is found");

    free(buf);
    free(array);
    free(table);
}


static int
compare32(const void *a, const void *b)
{
    uint32_t  x, y;

    x = *(const uint32_t *) a;
    y = *(const uint32_t *) b;

    return (x > y) - (x < y);
}


static void
test_hash(void)
{
    int             ok;
    size_t          len, n;
    u_char          name[80], buf[600], *p;
    uint32_t        h, *all;
    ngx_str_t       str;
    ngx_uint_t      i, same;
    ngx_gw_json_t   json;

    h = ngx_gw_json_hash((u_char *) "abc", 3);
    ngx_gw_json_init(1);
    ok = (h != ngx_gw_json_hash((u_char *) "abc", 3));
    h = ngx_gw_json_hash((u_char *) "abc", 3);
    ngx_gw_json_init(2);

    unit_ok(ok && h == ngx_gw_json_hash((u_char *) "abc", 3),
            "the seed is set once");

    unit_ok(ngx_gw_json_hash(NULL, 0) != 0, "no name has a hash");

    ok = 1;

    for (len = 0; len < sizeof(name); len++) {

        for (i = 0; i < len; i++) {
            name[i] = (u_char) ((i * 7 + len) % 128);
        }

        p = unit_guard_end(name, len);
        h = ngx_gw_json_hash(p, len);
        p = unit_guard_begin(name, len);

        ok = ok && h == ngx_gw_json_hash(p, len) && h;

        for (i = 0; i < len; i++) {
            name[i] ^= 1;
            ok = ok && h != ngx_gw_json_hash(name, len);
            name[i] ^= 1;
        }

        /* the same name, all escaped */

        n = sprintf((char *) buf, "{\"");

        for (i = 0; i < len; i++) {
            n += sprintf((char *) buf + n, "\\u%04x", name[i]);
        }

        n += sprintf((char *) buf + n, "\":0}");

        str.data = name;
        str.len = len;

        ok = ok && parse(&json, buf, n) == NGX_OK && nodes[1].hash == h
             && ngx_gw_json_find(&json, 0, &str, h) == 1;

        if (len) {
            str.len--;
            ok = ok && ngx_gw_json_find(&json, 0, &str, h) == 0;
            str.len++;
            name[len - 1] ^= 1;
            ok = ok && ngx_gw_json_find(&json, 0, &str, h) == 0;
        }
    }

    unit_ok(ok, "hashes of names of all lengths");

    all = malloc(200000 * sizeof(uint32_t));

    for (i = 0; i < 200000; i++) {
        n = sprintf((char *) name, i % 2 ? "%u" : "member-name-%u-of-many",
                    (unsigned int) i);
        all[i] = ngx_gw_json_hash(name, n);
    }

    qsort(all, 200000, sizeof(uint32_t), compare32);

    same = 0;

    for (i = 1; i < 200000; i++) {
        same += (all[i] == all[i - 1]);
    }

    /* 4.7 are to be expected */

    unit_ok(same < 25, "%u of 200000 hashes are the same",
            (unsigned int) same);

    free(all);
}


static void
test_find(void)
{
    ngx_str_t       name;
    ngx_uint_t      i, found;
    ngx_gw_json_t   json;

    static const char  text[] =
        "[{\"a\":{\"x\":1},\"b\":[{\"y\":2}],\"c\\/d\":3,\"\":4},5,{},\"a\"]";

    static const struct {
        ngx_uint_t   parent;
        const char  *name;
        ngx_uint_t   node;
    } cases[] = {
        { 1, "a", 2 }, { 1, "b", 4 }, { 1, "c/d", 7 }, { 1, "", 8 },
        { 1, "x", 0 }, { 1, "y", 0 }, { 1, "c\\/d", 0 }, { 1, "A", 0 },
        { 2, "x", 3 }, { 2, "a", 0 }, { 4, "y", 0 }, { 5, "y", 6 },
        { 0, "a", 0 }, { 9, "a", 0 }, { 10, "a", 0 }, { 10, "", 0 },
        { 11, "a", 0 }
    };

    unit_ok(parse(&json, text, sizeof(text) - 1) == NGX_OK, "text to search");

    for (i = 0; i < N(cases); i++) {
        name.data = (u_char *) cases[i].name;
        name.len = strlen(cases[i].name);

        found = ngx_gw_json_find(&json, cases[i].parent, &name,
                                 ngx_gw_json_hash(name.data, name.len));

        unit_ok(found == cases[i].node, "\"%s\" in node %u is node %u",
                cases[i].name, (unsigned int) cases[i].parent,
                (unsigned int) found);
    }

    /* the node behind an empty object is none of its own */

    name.data = (u_char *) "a";
    name.len = 1;

    unit_ok(parse(&json, "{\"x\":{},\"a\":1}", 14) == NGX_OK
            && ngx_gw_json_find(&json, 1, &name,
                                ngx_gw_json_hash(name.data, 1)) == 0
            && ngx_gw_json_find(&json, 0, &name,
                                ngx_gw_json_hash(name.data, 1)) == 2,
            "nothing is found in an empty object");

    (void) parse(&json, text, sizeof(text) - 1);

    /* a hash alone is no match */

    name.data = (u_char *) "z";
    name.len = 1;

    unit_ok(ngx_gw_json_find(&json, 1, &name, nodes[2].hash) == 0
            && ngx_gw_json_find(&json, 1, &name, nodes[7].hash) == 0,
            "names are compared, not only hashes");

    name.data = NULL;
    name.len = 0;

    unit_ok(ngx_gw_json_find(&json, 1, &name, ngx_gw_json_hash(NULL, 0)) == 8,
            "an empty name may be NULL");
}


static void
test_paths(void)
{
    u_char              *copy;
    size_t               len;
    ngx_int_t            rc;
    ngx_str_t            text;
    ngx_uint_t           i, k, node;
    ngx_pool_t          *pool;
    ngx_gw_json_t        json;
    const path_t        *c;
    ngx_gw_json_path_t   path;

    pool = ngx_create_pool(1024, &ngx_stub_log);

    for (i = 0; i < N(paths); i++) {
        c = &paths[i];
        len = strlen(c->path);

        copy = malloc(len + 1);
        memcpy(copy, c->path, len + 1);

        text.data = unit_guard_end(c->path, len);
        text.len = len;
        rc = ngx_gw_json_path_compile(pool, &text, &path);

        text.data = copy;
        k = (ngx_gw_json_path_compile(pool, &text, &path) == rc);
        free(copy);

        if (c->rc != NGX_OK || rc != NGX_OK) {
            unit_ok(rc == c->rc && k, "no path: %s", c->path);
            continue;
        }

        (void) parse(&json, path_text, sizeof(path_text) - 1);

        node = 12345;
        rc = ngx_gw_json_path_get(&json, &path, &node);

        if (c->value == NULL) {
            unit_ok(rc == NGX_DECLINED, "path to nothing: %s", c->path);
            continue;
        }

        unit_ok(rc == NGX_OK && nodes[node].len == strlen(c->value)
                && memcmp(json.data + nodes[node].pos, c->value,
                          nodes[node].len) == 0,
                "path: %s", c->path);
    }

    /* the root may be an array or a scalar */

    ngx_str_set(&text, "1");
    (void) ngx_gw_json_path_compile(pool, &text, &path);

    unit_ok(parse(&json, "[5,6]", 5) == NGX_OK
            && ngx_gw_json_path_get(&json, &path, &node) == NGX_OK
            && node == 2, "an index into the root");
    unit_ok(parse(&json, "[]", 2) == NGX_OK
            && ngx_gw_json_path_get(&json, &path, &node) == NGX_DECLINED,
            "an index into an empty root");
    unit_ok(parse(&json, "\"1\"", 3) == NGX_OK
            && ngx_gw_json_path_get(&json, &path, &node) == NGX_DECLINED,
            "a path into a scalar");

    ngx_str_set(&text, "a.b.c");

    for (i = 0; i < 10; i++) {
        ngx_stub_allocs_left = i;
        rc = ngx_gw_json_path_compile(pool, &text, &path);
        ngx_stub_allocs_left = -1;

        if (rc != NGX_ERROR) {
            break;
        }
    }

    unit_ok(rc == NGX_OK && i == 2, "no memory for a path");

    ngx_destroy_pool(pool);
}


static void
test_unescape(void)
{
    u_char         *dst, *end;
    ngx_str_t       text;
    ngx_uint_t      i;
    ngx_gw_json_t   json;

    static const struct {
        text_t  raw;
        text_t  plain;
    } cases[] = {
        { TEXT("\"\""), TEXT("") },
        { TEXT("\"plain\""), TEXT("plain") },
        { TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), TEXT("\"\\/\b\f\n\r\t") },
        { TEXT("\"\\u0000\""), TEXT("\0") },
        { TEXT("\"a\\u0000b\""), TEXT("a\0b") },
        { TEXT("\"\\u007f\\u0080\""), TEXT("\x7f\xc2\x80") },
        { TEXT("\"\\u07ff\\u0800\""), TEXT("\xdf\xbf\xe0\xa0\x80") },
        { TEXT("\"\\ud7ff\\ue000\""), TEXT("\xed\x9f\xbf\xee\x80\x80") },
        { TEXT("\"\\uffff\""), TEXT("\xef\xbf\xbf") },
        { TEXT("\"\\ud800\\udc00\""), TEXT("\xf0\x90\x80\x80") },
        { TEXT("\"\\uDBFF\\uDFFF\""), TEXT("\xf4\x8f\xbf\xbf") },
        { TEXT("\"x\\ud83d\\uDE00y\""), TEXT("x\xf0\x9f\x98\x80y") },
        { TEXT("\"\xc3\xa9\\n\xe2\x82\xac\""),
          TEXT("\xc3\xa9\n\xe2\x82\xac") },
        { TEXT("\"\\\\n\""), TEXT("\\n") },
        { TEXT("\"\\\\u0041\""), TEXT("\\u0041") }
    };

    for (i = 0; i < N(cases); i++) {
        (void) parse(&json, cases[i].raw.data, cases[i].raw.len);

        text.data = (u_char *) cases[i].plain.data;
        text.len = cases[i].plain.len;

        dst = malloc(nodes[0].len);
        end = ngx_gw_json_unescape(&json, 0, dst);

        unit_ok((size_t) (end - dst) == text.len
                && memcmp(dst, text.data, text.len) == 0,
                "unescaped: %s", show(cases[i].raw.data, cases[i].raw.len));

        free(dst);

        unit_ok(ngx_gw_json_equal(&json, 0, &text) == 1, "and equal");

        if (text.len) {
            text.len--;
            unit_ok(ngx_gw_json_equal(&json, 0, &text) == 0,
                    "not to a shorter one");
            text.len++;
        }

        text.data = malloc(text.len + 1);
        memcpy(text.data, cases[i].plain.data, text.len);
        text.data[text.len++] = 'x';
        unit_ok(ngx_gw_json_equal(&json, 0, &text) == 0,
                "not to a longer one");

        if (--text.len) {
            text.data[text.len - 1] ^= 1;
            unit_ok(ngx_gw_json_equal(&json, 0, &text) == 0,
                    "not to a different one");
        }

        free(text.data);
    }

    (void) parse(&json, "12", 2);
    ngx_str_set(&text, "12");
    unit_ok(ngx_gw_json_equal(&json, 0, &text) == 0,
            "a number equals no string");

    (void) parse(&json, "\"\"", 2);
    ngx_str_null(&text);
    unit_ok(ngx_gw_json_equal(&json, 0, &text) == 1,
            "an empty string equals NULL");
}


static int
sign(ngx_int_t n)
{
    return (n > 0) - (n < 0);
}


static void
test_numbers(void)
{
    size_t           i;
    int64_t          value;
    ngx_int_t        rc;
    ngx_str_t        a, b;
    ngx_uint_t       fraction;
    const text_t    *t;
    const floor_t   *f;

    for (i = 0; i < N(orders); i++) {
        a.len = strlen(orders[i].a);
        a.data = unit_guard_end(orders[i].a, a.len);
        b.len = strlen(orders[i].b);
        b.data = unit_guard_begin(orders[i].b, b.len);

        unit_ok(sign(ngx_gw_json_number_cmp(&a, &b)) == orders[i].order
                && sign(ngx_gw_json_number_cmp(&b, &a)) == -orders[i].order
                && ngx_gw_json_number_cmp(&a, &a) == 0
                && ngx_gw_json_number_cmp(&b, &b) == 0
                && ngx_gw_json_is_number(&a) && ngx_gw_json_is_number(&b),
                "%s %c %s", orders[i].a, orders[i].order ? '<' : '=',
                orders[i].b);
    }

    for (i = 0; i < N(floors); i++) {
        f = &floors[i];

        a.len = strlen(f->text);
        a.data = unit_guard_end(f->text, a.len);
        value = 0;
        fraction = 0;

        rc = ngx_gw_json_number_floor(&a, 0, f->max, &value, &fraction);

        unit_ok(rc == f->rc
                && (rc != NGX_OK
                    || (value == f->value && fraction == f->fraction)),
                "floor of \"%s\" within %lld is %lld", f->text,
                (long long) f->max, (long long) value);
    }

    for (i = 0; i < 3; i++) {
        static const char  *texts[] = { "1700000000.1239", "-1.5e-1", "12e3" };
        static int64_t      scaled[] = { 1700000000123, -150, 12000000 };

        a.len = strlen(texts[i]);
        a.data = unit_guard_end(texts[i], a.len);

        unit_ok(ngx_gw_json_number_floor(&a, 3, 1000000000000000, &value,
                                         &fraction)
                == NGX_OK
                && value == scaled[i] && fraction == (i == 0),
                "thousand times \"%s\" is %lld", texts[i],
                (long long) scaled[i]);
    }

    /* a text of the tables is a number if it looks like one */

    for (i = 0; i < N(valid); i++) {
        t = &valid[i];

        a.len = t->len;
        a.data = unit_guard_end(t->data, a.len);

        if (ngx_gw_json_is_number(&a)
            != (t->data[0] == '-' || isdigit((u_char) t->data[0])))
        {
            break;
        }
    }

    unit_ok(i == N(valid), "numbers among valid texts");

    for (i = 0; i < N(invalid); i++) {
        t = &invalid[i];

        a.len = t->len;
        a.data = unit_guard_end(t->data, a.len);

        if (ngx_gw_json_is_number(&a)) {
            break;
        }
    }

    unit_ok(i == N(invalid), "no numbers among invalid texts");
}


int
main(void)
{
    test_hash();
    test_texts();
    test_prefixes();
    test_strings();
    test_spaces();
    test_nodes();
    test_limits();
    test_duplicates();
    test_large();
    test_find();
    test_paths();
    test_unescape();
    test_numbers();

    return unit_done();
}
