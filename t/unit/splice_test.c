/* unit: ngx_gw_aggregate/ngx_gw_splice*.c ngx_gw_aggregate/ngx_gw_plan.c
         ngx_gw_common/ngx_gw_json_string.c */

/*
 * ngx_gw_splice: tables of what is and is not JSON, what plans make of texts,
 * and the index.  Each text is fed whole, byte by byte and in two pieces, cut
 * at each of its bytes; each piece lies right before a page that must not be
 * touched, and is overwritten once it was taken.
 */


#include "ngx_gw_json.h"
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
    "ok", "json", "charset", "depth", "size", "absent", "type", "truncated"
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
    { TEXT("\"\xf5\x80\x80\x80\""), C },
    { TEXT("\"\xf8\x88\x80\x80\x80\""), C },
    { TEXT("\"\xfc\x84\x80\x80\x80\x80\""), C }, { TEXT("\"\xfe\""), C },
    { TEXT("\"\xff\""), C }, { TEXT("\"\xed\xa0\x80\xed\xb0\x80\""), C },
    { TEXT("\"abcdefghijklmnop\xed\xa0\x80qrstuvwxyz\""), C }
};

#undef J
#undef C
#undef T


#define MANY  "keep a b c d e f g h"

static const spliced_t  spliced[] = {

    /* what is selected */

    { "select ", " {\"a\": 1} ", "{\"a\": 1}" },
    { "select /a", "{\"a\": [1, 2 ] }", "[1, 2 ]" },
    { "select /a", "{\"b\":1}", "absent" },
    { "select /a", "[1]", "absent" },
    { "select /a", "1", "absent" },
    { "select /a", "{\"a\":1", "truncated" },
    { "select /a", "{\"a\":1,}", "json" },
    { "select /a", "{\"b\":\"\xff\",\"a\":1}", "charset" },
    { "select /a/b", "{\"a\":{\"b\":\"x\"},\"b\":2}", "\"x\"" },
    { "select /a/b", "{\"a\":[{\"b\":1}]}", "absent" },
    { "select /a/1/b", "{\"a\":[{\"b\":1},{\"b\":2},{\"b\":3}]}", "2" },
    { "select /a/1", "{\"a\":{\"1\":\"x\",\"0\":0}}", "\"x\"" },
    { "select /0", "[[],1]", "[]" },
    { "select /1", "[[]]", "absent" },
    { "select /01", "[[],1]", "absent" },
    { "select /01", "{\"01\":1,\"1\":2}", "1" },
    { "select /-", "[1]", "absent" },
    { "select /*", "[1]", "absent" },
    { "select /*", "{\"*\":1}", "1" },
    { "select /", "{\"\":1,\" \":2}", "1" },
    { "select //", "{\"\":{\"\":3}}", "3" },
    { "select /a~1b", "{\"a/b\":1,\"a~1b\":2}", "1" },
    { "select /a~0b", "{\"a/b\":1,\"a~b\":2}", "2" },
    { "select /a~01", "{\"a~1\":1,\"a/\":2}", "1" },
    { "select /ab", "{\"\\u0061\\u0062\":1}", "1" },
    { "select /ab", "{\"\\u0061\\u0062\\u0000\":1}", "absent" },
    { "select /\xf0\x9f\x98\x80", "{\"\\ud83d\\ude00\":true}", "true" },
    { "select /\xef\xbf\xbd", "{\"\\ud83d\":1,\"\\udc00\":2}", "absent" },
    { "select /a\"b", "{\"a\\\"b\":null}", "null" },
    { "select /a", "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}",
      "absent" },
    { "select /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a",
      "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
      "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[7]}}}}}}}}}}}}}}}}", "[7]" },

    /* the last of a name counts, with all below it */

    { "select /a", "{\"a\":1,\"a\":[2]}", "[2]" },
    { "select /a", "{\"a\":[1,2,3,4],\"b\":0,\"\\u0061\":2}", "2" },
    { "select /a/b", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "absent" },
    { "select /a/b", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "2" },
    { "select /a/b", "{\"a\":{\"b\":1},\"a\":3}", "absent" },
    { "select /a/b", "{\"a\":3,\"a\":{\"b\":1,\"b\":4}}", "4" },
    { "select /a/0", "{\"a\":[1],\"a\":[]}", "absent" },
    { "select /a/0", "{\"a\":[1],\"a\":{\"0\":5}}", "5" },

    /* keep */

    { "keep a", "{\"a\":1,\"b\":2}", "{\"a\":1}" },
    { "keep b", "{\"a\":1,\"b\":2}", "{\"b\":2}" },
    { "keep a,c", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"c\":3}" },
    { "keep b,d", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5}",
      "{\"b\":2,\"d\":4}" },
    { "keep a", "{\"b\":{\"a\":1}}", "{}" },
    { "keep a", "{}", "{}" },
    { "keep a", "{ }", "{ }" },
    { "keep a", "[1]", "[]" },
    { "keep a", "[{\"a\":1}]", "[]" },
    { "keep a", "1", "1" },
    { "keep a", "{\"a\":{\"b\":[1, 2]}}", "{\"a\":{\"b\":[1, 2]}}" },
    { "keep a.b", "{\"a\":{\"b\":1,\"c\":2},\"b\":3}", "{\"a\":{\"b\":1}}" },
    { "keep a.b", "{\"a\":1,\"b\":3}", "{}" },
    { "keep a.b", "{\"a\":null}", "{}" },
    { "keep a.b", "{\"a\":{},\"b\":3}", "{\"a\":{}}" },
    { "keep a.b", "{\"a\":{\"c\":{\"b\":1}}}", "{\"a\":{}}" },
    { "keep a.b", "{\"a\":[{\"b\":1}]}", "{\"a\":[]}" },
    { "keep a.*.b", "{\"a\":[{\"b\":1,\"c\":2},{\"c\":3},4,{\"b\":5}]}",
      "{\"a\":[{\"b\":1},{},{\"b\":5}]}" },
    { "keep a.*.b", "{\"a\":{\"x\":{\"b\":1}}}", "{\"a\":{}}" },
    { "keep a.*.b", "{\"a\":{\"*\":{\"b\":1}}}", "{\"a\":{}}" },
    { "keep *.a", "[{\"a\":1,\"b\":2},{\"a\":3}]", "[{\"a\":1},{\"a\":3}]" },
    { "keep *", "[1,{\"a\":2},[]]", "[1,{\"a\":2},[]]" },
    { "keep *", "{\"a\":1}", "{}" },
    { "keep 1", "[\"a\",\"b\",\"c\"]", "[\"b\"]" },
    { "keep 1", "{\"0\":1,\"1\":2}", "{\"1\":2}" },
    { "keep 0,2", "[ 1 , 2 , 3 , 4 ]", "[ 1, 3]" },
    { "keep 2.a,*.b", "[{\"a\":1,\"b\":2},3,{\"a\":4,\"b\":5,\"c\":6}]",
      "[{\"b\":2},{\"a\":4,\"b\":5}]" },
    { "keep 1,*.b", "[{\"a\":1,\"b\":2},{\"a\":4,\"b\":5}]",
      "[{\"b\":2},{\"a\":4,\"b\":5}]" },
    { "keep /a~1b", "{\"a/b\":1,\"a\":{\"b\":2}}", "{\"a/b\":1}" },
    { "keep /a.b", "{\"a.b\":1,\"a\":{\"b\":2}}", "{\"a.b\":1}" },
    { "keep /*/b", "[{\"b\":2,\"c\":1}]", "[{\"b\":2}]" },
    { "keep /", "{\"a\":1,\"\":2}", "{\"\":2}" },
    { "keep a\nkeep b", "{\"b\":1,\"c\":2,\"a\":3}", "{\"b\":1,\"a\":3}" },
    { "keep a,a.b", "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"c\":2}}" },
    { "keep ab", "{\"\\u0061b\":1,\"c\":2}", "{\"\\u0061b\":1}" },
    { "keep a", "{\"a\":1,\"a\":2,\"b\":3}", "{\"a\":1,\"a\":2}" },
    { "keep a", " { \"b\" : 1 ,\n \"a\" : 2 ,\n \"c\" : 3 } ",
      "{\n \"a\" : 2}" },
    { "keep a,c", "{ \"a\" : 1 ,\n \"b\" : 2 ,\n \"c\" : 3 }",
      "{ \"a\" : 1,\n \"c\" : 3 }" },
    { MANY, "{\"i\":0,\"h\":1,\"a\":2,\"aa\":3,\"\":4,\"d\":5}",
      "{\"h\":1,\"a\":2,\"d\":5}" },

    /* drop */

    { "drop a", "{\"a\":1,\"b\":2}", "{\"b\":2}" },
    { "drop b", "{\"a\":1,\"b\":2}", "{\"a\":1}" },
    { "drop b", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"c\":3}" },
    { "drop a,b", "{\"a\":1,\"b\":2}", "{}" },
    { "drop a", "{\"a\":{\"a\":[1,{}]}}", "{}" },
    { "drop a", "[{\"a\":1}]", "[{\"a\":1}]" },
    { "drop *.a", "[{\"a\":1},{\"b\":[]},{\"a\":2,\"c\":3}]",
      "[{},{\"b\":[]},{\"c\":3}]" },
    { "drop a.b", "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"c\":2}}" },
    { "drop a.b", "{\"a\":1}", "{\"a\":1}" },
    { "drop 0", "[1,2,3]", "[2,3]" },
    { "drop 0", "[ 1 , 2 , 3 ]", "[ 2 , 3 ]" },
    { "drop 2", "[1,2,3]", "[1,2]" },
    { "drop 0,1", "[1,2]", "[]" },
    { "drop *", "[1,2]", "[]" },
    { "drop *.x,1", "[{\"x\":1,\"y\":2},{\"x\":3},{\"x\":4}]",
      "[{\"y\":2},{}]" },
    { "drop a", "{\"a\":1,\"\\u0061\":2,\"b\":3}", "{\"b\":3}" },
    { "keep a\ndrop a.b", "{\"a\":{\"b\":1,\"c\":2},\"d\":3}",
      "{\"a\":{\"c\":2}}" },
    { "keep a\ndrop a", "{\"a\":1,\"b\":2}", "{}" },
    { "keep a.b\ndrop a.c", "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1}}" },
    { "drop a", "{\"a\":[1,}", "json" },
    { "drop a", "{\"a\":\"\xc0\"}", "charset" },
    { "drop a", "{\"a\":1,}", "json" },
    { "drop a", "{,\"a\":1}", "json" },

    /* rename */

    { "rename a,b", "{\"a\":1,\"c\":2}", "{\"b\":1,\"c\":2}" },
    { "rename a,bcd", "{ \"a\" : 1 }", "{ \"bcd\" : 1 }" },
    { "rename abc,x", "{\"c\":0,\"abc\":1}", "{\"c\":0,\"x\":1}" },
    { "rename a,b\"c", "{\"a\":1}", "{\"b\\\"c\":1}" },
    { "rename a,b\nrename b,a", "{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}" },
    { "rename a.b,c", "{\"a\":{\"b\":1},\"b\":2}",
      "{\"a\":{\"c\":1},\"b\":2}" },
    { "rename *.a,b", "[{\"a\":1},{\"a\":[{\"a\":2}]}]",
      "[{\"b\":1},{\"b\":[{\"a\":2}]}]" },
    { "rename a,b", "{\"\\u0061\":1}", "{\"b\":1}" },
    { "keep a,c\nrename a,b", "{\"b\":0,\"a\":1}", "{\"b\":1}" },
    { "keep a.b\nrename a,x\nrename a.b,y",
      "{\"c\":0,\"a\":{\"c\":0,\"b\":1}}", "{\"x\":{\"y\":1}}" },
    { "keep a.b\nrename a,x", "{\"a\":1,\"c\":2}", "{}" },
    { "drop a\nrename a,x", "{\"b\":1,\"a\":1,\"c\":2}",
      "{\"b\":1,\"c\":2}" },
    { "rename 0,x", "[{\"0\":1}]", "[{\"0\":1}]" },
    { "rename 0,x", "{\"0\":1}", "{\"x\":1}" },

    /* fields are relative to what is selected */

    { "select /a\nkeep b", "{\"a\":{\"a\":1,\"b\":2},\"b\":3}",
      "{\"b\":2}" },
    { "select /a\ndrop a", "{\"a\":{\"a\":1,\"b\":2}}", "{\"b\":2}" },
    { "select /0\nrename a,b", "[{\"a\":1},{\"a\":2}]", "{\"b\":1}" },
    { "select /a\nkeep b", "{\"a\":{\"b\":2},\"a\":{\"c\":1}}", "{}" },

    /* picked, behind the result: what is absent is "-" */

    { "pick /a", "{\"a\":[1, 2]}", "{\"a\":[1, 2]} [1, 2]" },
    { "pick /a", "{\"b\":1}", "{\"b\":1} -" },
    { "pick ", " [1] ", "[1] [1]" },
    { "pick ", "17", "17 17" },
    { "pick /0\npick /1\npick /2", "[1,\"x\"]", "[1,\"x\"] 1 \"x\" -" },
    { "pick /a\npick /a/b\npick /a/b/c\npick ",
      "{\"a\":{\"b\":{\"c\":\"d\"}}}",
      "{\"a\":{\"b\":{\"c\":\"d\"}}} {\"b\":{\"c\":\"d\"}} {\"c\":\"d\"}"
      " \"d\" {\"a\":{\"b\":{\"c\":\"d\"}}}" },
    { "pick /a\npick /b\npick /a", "{\"a\":1,\"b\":2}",
      "{\"a\":1,\"b\":2} 1 2 1" },
    { "pick /a", "{\"a\":[1,2,3],\"a\":4}", "{\"a\":[1,2,3],\"a\":4} 4" },
    { "pick /a/b\npick /a", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}",
      "{\"a\":{\"b\":1},\"a\":{\"c\":2}} - {\"c\":2}" },
    { "select /a\npick /b\npick /a/c", "{\"b\":1,\"a\":{\"c\":2}}",
      "{\"c\":2} 1 2" },
    { "select /a/b\npick /a\npick /a/b", "{\"a\":{\"x\":1,\"b\":[2]}}",
      "[2] {\"x\":1,\"b\":[2]} [2]" },
    { "keep b\npick /a/x\npick /b", "{\"a\":{\"x\":[1]},\"b\":2}",
      "{\"b\":2} [1] 2" },
    { "drop a\npick /a\npick /a/0/x", "{\"a\":[{\"x\":[1]}],\"b\":2}",
      "{\"b\":2} [{\"x\":[1]}] [1]" },
    { "rename a,b\npick /a\npick /b", "{\"a\":[1]}", "{\"b\":[1]} [1] -" },
    { "drop b\npick /a", "{\"a\":{\"b\":[1]},\"b\":2}",
      "{\"a\":{\"b\":[1]}} {\"b\":[1]}" },
    { "drop a.b\npick /a", "{\"a\":{\"b\":[1]},\"b\":2}",
      "{\"a\":{},\"b\":2} {\"b\":[1]}" },
    { "drop 0,1\npick /2/a", "[1,2,{\"a\":3},4,{\"a\":5}]",
      "[{\"a\":3},4,{\"a\":5}] 3" },

    /* an object is wanted */

    { "object", " { \"a\" : 1 } ", "{ \"a\" : 1 }" },
    { "object", "{}", "{}" },
    { "object", "1", "type" },
    { "object", "[{}]", "type" },
    { "object\nselect /a", "{}", "absent" },
    { "object\nselect /a", "{\"a\":{\"b\":1}}", "{\"b\":1}" },
    { "object\nselect /a", "{\"a\":{\"b\":1},\"a\":3}", "type" },
    { "object\nselect /a", "{\"a\":3,\"a\":{\"b\":1,\"b\":1}}",
      "{\"b\":1,\"b\":1}" }
};

static const struct {
    text_t          raw;
    text_t          text;
    ngx_uint_t      same;           /* number of those that are the same */
} strings[] = {
    { TEXT("\"\""), TEXT(""), 0 },
    { TEXT("\"a\""), TEXT("a"), 1 },
    { TEXT("\"\\u0061\""), TEXT("a"), 1 },
    { TEXT("\"ab\""), TEXT("ab"), 2 },
    { TEXT("\"\\u0061b\""), TEXT("ab"), 2 },
    { TEXT("\"a\\u0062\""), TEXT("ab"), 2 },
    { TEXT("\"\\b\\f\\n\\r\\t\\/\\\\\\\"\""), TEXT("\b\f\n\r\t/\\\""), 3 },
    { TEXT("\"\\u0000\""), TEXT("\0"), 4 },
    { TEXT("\"\xc3\xa9\""), TEXT("\xc3\xa9"), 5 },
    { TEXT("\"\\u00E9\""), TEXT("\xc3\xa9"), 5 },
    { TEXT("\"\\u00e9\""), TEXT("\xc3\xa9"), 5 },
    { TEXT("\"\\u20ac\""), TEXT("\xe2\x82\xac"), 6 },
    { TEXT("\"\xe2\x82\xac\""), TEXT("\xe2\x82\xac"), 6 },
    { TEXT("\"\\uD83d\\uDe00\""), TEXT("\xf0\x9f\x98\x80"), 7 },
    { TEXT("\"\xf0\x9f\x98\x80\""), TEXT("\xf0\x9f\x98\x80"), 7 },
    { TEXT("\"\\ud83d\""), TEXT("\xef\xbf\xbd"), 8 },
    { TEXT("\"\\ude00\""), TEXT("\xef\xbf\xbd"), 9 },
    { TEXT("\"\\ude00\\ud83d\""), TEXT("\xef\xbf\xbd\xef\xbf\xbd"), 10 },
    { TEXT("\"\\ud83d\\ud83d\\ude00\""),
      TEXT("\xef\xbf\xbd\xf0\x9f\x98\x80"), 11 },
    { TEXT("\"\\ud83dx\""), TEXT("\xef\xbf\xbdx"), 12 },
    { TEXT("\"\\ud83d\\n\""), TEXT("\xef\xbf\xbd\n"), 13 },
    { TEXT("\"\\ud83d\\u0061\""), TEXT("\xef\xbf\xbd" "a"), 14 },
    { TEXT("\"\\ud83d\\\\\""), TEXT("\xef\xbf\xbd\\"), 15 },
    { TEXT("\"\\ufffd\""), TEXT("\xef\xbf\xbd"), 16 }
};

static const struct {
    text_t          text;
    text_t          raw;
} encoded[] = {
    { TEXT(""), TEXT("\"\"") },
    { TEXT("abc"), TEXT("\"abc\"") },
    { TEXT("\"a\\b/"), TEXT("\"\\\"a\\\\b/\"") },
    { TEXT("\b\f\n\r\t"), TEXT("\"\\b\\f\\n\\r\\t\"") },
    { TEXT("a\0b\x1f" "c\x7f"), TEXT("\"a\\u0000b\\u001fc\x7f\"") },
    { TEXT("\xc3\xa9\xf0\x9f\x98\x80"), TEXT("\"\xc3\xa9\xf0\x9f\x98\x80\"") }
};

/* paths that are refused at configuration */
static const char  *malformed[] = {
    "select a", "select /~", "select /a~2", "select /a~", "pick a/b",
    "select /a\nselect /b", "keep a.", "keep .a", "keep a..b", "keep .",
    "drop /~x", "rename *,a", "rename a.*,b", "rename a,b\nrename a,c",
    "rename a.*.b,x\nrename a.0.b,y", "rename a,\xff",
    "keep a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a",
    "select /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"
};


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

        } else if (cut >= CUT && i < cut - CUT && cut - CUT < len) {
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


/*
 * The same texts with others around them: what is whole in a piece, and far
 * enough from its end, is read by other code than what comes byte by byte.
 */

static void
test_inside(void)
{
    char                   *data;
    size_t                  j, len, offset;
    ngx_str_t               result;
    ngx_uint_t              i, k, bad;
    ngx_pool_t             *pool;
    const text_t           *text;
    ngx_gw_splice_t        *s;
    ngx_gw_splice_error_e   error, first;

    static const struct {
        const char  *before;
        const char  *behind;
    } around[] = {
        { "[[", ",\"some more that is behind\"],\"and behind that\"]" },
        { "[\n[ 7 , ", "\n ,\t\"some more that is behind\" ] , 100000000 ]" },
        { "{\"o\":{\"a\":", ",\"b\":[1,{},[ ],2]},\"c\":\"and behind that\"}" },
        { "{\"o\": { \"a\": ", ", \"b\": true }, \"c\": \"and behind\" }" }
    };

    for (i = 0; i < N(accepted) + N(refused); i++) {

        text = i < N(accepted) ? &accepted[i]
                               : &refused[i - N(accepted)].text;
        bad = 0;

        for (k = 0; k < N(around); k++) {

            data = malloc(text->len + 256);

            len = strlen(around[k].before);
            memcpy(data, around[k].before, len);
            memcpy(data + len, text->data, text->len);
            len += text->len;
            strcpy(data + len, around[k].behind);
            len += strlen(around[k].behind);

            offset = 0;
            first = NGX_GW_SPLICE_OK;

            for (j = BYTES; j < CUT + len && !bad; j++) {
                pool = ngx_create_pool(1024, &ngx_stub_log);

                error = take(pool, NULL, data, len, j, len, &s, &result);

                if (j == BYTES) {
                    first = error;
                    offset = ngx_gw_splice_offset(s);
                    bad = (i < N(accepted) && error != NGX_GW_SPLICE_OK);
                }

                if (error != first
                    || ngx_gw_splice_offset(s) != offset
                    || (error == NGX_GW_SPLICE_OK
                        && (result.len != len
                            || memcmp(result.data, data, len) != 0)))
                {
                    bad = 1;
                }

                ngx_destroy_pool(pool);
            }

            free(data);
        }

        unit_ok(bad == 0, "inside: %s", quoted(text->data, text->len));
    }
}


/* a plan from lines of words, the fields with commas between */

static ngx_int_t
make(ngx_pool_t *pool, const char *lines, ngx_gw_plan_t **plan)
{
    char        *line, *word, *text, *l, *w, *arg;
    ngx_int_t    rc;
    ngx_str_t    str, to;
    const char  *error;

    *plan = ngx_gw_plan_create(pool);
    text = strdup(lines);
    rc = NGX_OK;
    error = NULL;

    for (line = strtok_r(text, "\n", &l);
         line && rc == NGX_OK;
         line = strtok_r(NULL, "\n", &l))
    {
        if (strcmp(line, "object") == 0) {
            ngx_gw_plan_object(*plan);
            continue;
        }

        arg = strchr(line, ' ');
        *arg++ = '\0';

        str.data = (u_char *) arg;
        str.len = strlen(arg);

        if (strcmp(line, "select") == 0) {
            rc = ngx_gw_plan_select(*plan, &str, &error);
            continue;
        }

        if (strcmp(line, "pick") == 0) {
            rc = ngx_gw_plan_pick(*plan, &str, &error);
            continue;
        }

        if (strcmp(line, "rename") == 0) {
            to.data = (u_char *) strchr(arg, ',') + 1;
            to.len = strlen((char *) to.data);
            str.len -= to.len + 1;

            rc = ngx_gw_plan_rename(*plan, &str, &to, &error);
            continue;
        }

        for (word = strtok_r(arg, ", ", &w);
             word && rc == NGX_OK;
             word = strtok_r(NULL, ", ", &w))
        {
            str.data = (u_char *) word;
            str.len = strlen(word);

            rc = line[0] == 'k' ? ngx_gw_plan_keep(*plan, &str, &error)
                                : ngx_gw_plan_drop(*plan, &str, &error);
        }
    }

    /* what the plan keeps must be its own */

    memset(text, 'x', strlen(lines));
    free(text);

    if (rc == NGX_OK) {
        rc = ngx_gw_plan_compile(*plan, &error);
    }

    return (rc == NGX_DECLINED && error == NULL) ? NGX_ABORT : rc;
}


/* result and picked values, or the error's name */

static char *
outcome(ngx_gw_splice_error_e error, ngx_gw_splice_t *s, ngx_str_t *result,
    const char *plan)
{
    char             *p;
    ngx_uint_t        i;
    ngx_gw_picked_t  *picked;

    static char       buf[65536];

    if (error != NGX_GW_SPLICE_OK) {
        sprintf(buf, "%s", error < N(errors) ? errors[error] : "?");
        return buf;
    }

    p = buf + sprintf(buf, "%.*s", (int) result->len, result->data);

    for (i = 0; (plan = strstr(plan, "pick ")) != NULL; i++, plan++) {
        picked = ngx_gw_splice_picked(s, i);

        if (picked->text.data == NULL) {
            p += sprintf(p, " -");
            continue;
        }

        p += sprintf(p, " %.*s", (int) picked->text.len, picked->text.data);

        if (picked->type != (*picked->text.data == '[' ? NGX_GW_SPLICE_ARRAY
                             : *picked->text.data == '{'
                               ? NGX_GW_SPLICE_OBJECT
                               : *picked->text.data == '"'
                                 ? NGX_GW_SPLICE_STRING
                                 : NGX_GW_SPLICE_NUMBER))
        {
            p += sprintf(p, "?");
        }
    }

    return buf;
}


static void
test_spliced(void)
{
    char                   *out;
    size_t                  j, len;
    ngx_str_t               result;
    ngx_uint_t              i, bad;
    ngx_pool_t             *pool, *conf;
    ngx_gw_plan_t          *plan;
    ngx_gw_splice_t        *s;
    const spliced_t        *t;
    ngx_gw_splice_error_e   error;

    for (i = 0; i < N(spliced); i++) {

        t = &spliced[i];
        len = strlen(t->text);
        bad = 0;

        conf = ngx_create_pool(1024, &ngx_stub_log);

        if (make(conf, t->plan, &plan) != NGX_OK) {
            unit_ok(0, "plan: %s", quoted(t->plan, strlen(t->plan)));
            continue;
        }

        for (j = 0; j < CUT + len && !bad; j++) {
            pool = ngx_create_pool(1024, &ngx_stub_log);

            error = take(pool, plan, t->text, len, j, j % 3 ? 0 : len, &s,
                         &result);

            out = outcome(error, s, &result, t->plan);

            if (strcmp(out, t->result) != 0) {
                printf("# cut %d: %s\n", (int) j, out);
                bad++;
            }

            ngx_destroy_pool(pool);
        }

        unit_ok(bad == 0, "%s:", quoted(t->plan, strlen(t->plan)));
        printf("#     %s\n", quoted(t->text, len));

        ngx_destroy_pool(conf);
    }
}


static void
test_malformed(void)
{
    ngx_uint_t      i;
    ngx_pool_t     *conf;
    ngx_gw_plan_t  *plan;

    for (i = 0; i < N(malformed); i++) {
        conf = ngx_create_pool(1024, &ngx_stub_log);

        unit_ok(make(conf, malformed[i], &plan) == NGX_DECLINED,
                "malformed: %s", quoted(malformed[i], strlen(malformed[i])));

        ngx_destroy_pool(conf);
    }
}


/* each of these paths may be one of an item together with any of the others */

static void
test_too_many(void)
{
    char            lines[1024], *p;
    ngx_uint_t      i, j, n;
    ngx_pool_t     *conf;
    ngx_gw_plan_t  *plan;

    for (n = 4; n <= 14; n += 10) {

        p = lines + sprintf(lines, "keep ");

        for (i = 0; i < n; i++) {
            for (j = 0; j < n; j++) {
                p += sprintf(p, "%s%s", i == j ? "0" : "*",
                             j < n - 1 ? "." : ",");
            }
        }

        conf = ngx_create_pool(1024, &ngx_stub_log);

        unit_ok(make(conf, lines, &plan) == (n == 4 ? NGX_OK : NGX_DECLINED),
                "%d paths of as many steps", (int) n);

        ngx_destroy_pool(conf);
    }
}


static void
test_depth(void)
{
    char              text[4096];
    size_t            cut;
    ngx_int_t         rc;
    ngx_str_t         result;
    ngx_uint_t        i, n, max, over, bad, type;
    ngx_pool_t       *pool;
    ngx_gw_splice_t  *s;

    static const ngx_uint_t  depths[] = { 0, 1, 2, 63, 64, 65, 1024 };

    for (i = 0; i < N(depths); i++) {
        max = depths[i];
        bad = 0;

        for (over = 0; over < 2; over++) {

            if (max + over == 0) {
                strcpy(text, "1");

            } else {
                n = max + over;
                memset(text, '[', n);
                memset(text + n, ']', n);
                text[2 * n] = '\0';
            }

            for (cut = WHOLE; cut <= BYTES; cut++) {
                pool = ngx_create_pool(1024, &ngx_stub_log);

                s = ngx_gw_splice_create(pool, NULL, MAX_SIZE, 0, max);
                rc = feed(s, text, strlen(text), cut);

                if (rc == NGX_OK) {
                    rc = ngx_gw_splice_end(s, &result, &type);
                }

                if (over) {
                    bad += rc != NGX_DECLINED
                           || ngx_gw_splice_error(s) != NGX_GW_SPLICE_DEPTH
                           || ngx_gw_splice_offset(s) != max;

                } else {
                    bad += rc != NGX_OK || result.len != strlen(text)
                           || memcmp(result.data, text, result.len) != 0;
                }

                ngx_destroy_pool(pool);
            }
        }

        unit_ok(bad == 0, "nested %d deep", (int) max);
    }
}


static void
test_size(void)
{
    ngx_int_t         rc;
    ngx_str_t         result;
    ngx_uint_t        max, cut, type, bad;
    ngx_pool_t       *pool;
    ngx_gw_splice_t  *s;

    static const char  text[] = "[1,{\"a\":2}]  ";

    bad = 0;

    for (max = 0; max <= sizeof(text); max++) {

        for (cut = WHOLE; cut < CUT + sizeof(text) - 1; cut++) {
            pool = ngx_create_pool(1024, &ngx_stub_log);

            /* the hint may be wrong, too short as well */

            s = ngx_gw_splice_create(pool, NULL, max,
                                     cut % 2 ? cut * 5000 : max % 4, 64);
            rc = feed(s, text, sizeof(text) - 1, cut);

            if (max < sizeof(text) - 1) {
                bad += rc != NGX_DECLINED
                       || ngx_gw_splice_error(s) != NGX_GW_SPLICE_SIZE
                       || ngx_gw_splice_offset(s) != max;

            } else {
                bad += rc != NGX_OK
                       || ngx_gw_splice_end(s, &result, &type) != NGX_OK
                       || result.len != sizeof(text) - 3;
            }

            ngx_destroy_pool(pool);
        }
    }

    unit_ok(bad == 0, "size");

    pool = ngx_create_pool(1024, &ngx_stub_log);
    s = ngx_gw_splice_create(pool, NULL, 2, 0, 64);

    unit_ok(feed(s, "1}", 2, WHOLE) == NGX_DECLINED
            && ngx_gw_splice_error(s) == NGX_GW_SPLICE_JSON
            && feed(s, "1", 1, WHOLE) == NGX_DECLINED
            && ngx_gw_splice_end(s, &result, &type) == NGX_DECLINED
            && ngx_gw_splice_error(s) == NGX_GW_SPLICE_JSON,
            "what was refused stays refused");

    ngx_destroy_pool(pool);
}


/* texts that outgrow the pool's memory, known and unknown in their length */

static void
test_large(void)
{
    char                   *text;
    size_t                  len, i, n, cut, most;
    ngx_int_t               left;
    ngx_str_t               result;
    ngx_uint_t              k, bad;
    ngx_pool_t             *pool, *conf;
    ngx_gw_plan_t          *plan;
    ngx_gw_splice_t        *s;
    ngx_gw_picked_t        *picked;
    ngx_gw_splice_error_e   error;

    most = 300000;
    text = malloc(most);

    conf = ngx_create_pool(1024, &ngx_stub_log);
    (void) make(conf, "drop x\npick /a\npick /x", &plan);

    bad = 0;

    for (len = 1000; len < most; len = len * 7 / 2) {

        n = sprintf(text, "{\"x\":[1],\"a\":\"");
        memset(text + n, 'a', len - n);
        memcpy(text + len - 2, "\"}", 2);

        for (k = 0; k < 6; k++) {
            pool = ngx_create_pool(1024, &ngx_stub_log);

            cut = k % 3 == 2 ? BYTES : k % 3 == 1 ? CUT + 1024 : WHOLE;

            error = take(pool, plan, text, len, cut, k < 3 ? 0 : len, &s,
                         &result);

            picked = ngx_gw_splice_picked(s, 0);

            bad += error != NGX_GW_SPLICE_OK
                   || result.len != len - 8
                   || memcmp(result.data + 1, text + 9, len - 9) != 0
                   || picked->text.len != len - 14
                   || memcmp(picked->text.data, text + 13, len - 14) != 0;

            if (k % 2) {
                ngx_gw_splice_free(s);
            }

            ngx_destroy_pool(pool);
        }
    }

    unit_ok(bad == 0, "large texts");

    /* no memory: each of the allocations fails once */

    bad = 0;

    for (i = 0; i < 2; i++) {

        for (left = 0; left < 1000; left++) {
            pool = ngx_create_pool(1024, &ngx_stub_log);
            ngx_stub_allocs_left = left;

            s = ngx_gw_splice_create(pool, plan, MAX_SIZE, 0, 64);

            if (s == NULL) {
                ngx_stub_allocs_left = -1;
                ngx_destroy_pool(pool);
                continue;
            }

            switch (feed(s, text, 4000 + i * 8000, i ? BYTES : WHOLE)) {

            case NGX_OK:
                left = 1000;
                break;

            case NGX_ERROR:
                bad += feed(s, "1", 1, WHOLE) != NGX_ERROR;
                break;

            default:
                bad++;
            }

            ngx_stub_allocs_left = -1;
            ngx_destroy_pool(pool);
        }

        bad += left == 1000;
    }

    unit_ok(bad == 0, "no memory");

    ngx_destroy_pool(conf);
    free(text);
}


static void
test_strings(void)
{
    u_char      *p, *end, dst[256];
    size_t       len;
    ngx_uint_t   i, j, same;

    for (i = 0; i < N(strings); i++) {
        p = unit_guard_end(strings[i].raw.data, strings[i].raw.len);
        end = ngx_gw_json_string_decode(dst, p, strings[i].raw.len);

        unit_ok((size_t) (end - dst) == strings[i].text.len
                && memcmp(dst, strings[i].text.data, end - dst) == 0,
                "decoded: %s", quoted(strings[i].raw.data,
                                      strings[i].raw.len));

        for (j = 0; j < N(strings); j++) {
            same = ngx_gw_json_string_same(p + 1, strings[i].raw.len - 2,
                                    (u_char *) strings[j].raw.data + 1,
                                    strings[j].raw.len - 2);

            if (same != (strings[i].same == strings[j].same)) {
                unit_ok(0, "string %d and %d", (int) i, (int) j);
            }
        }
    }

    for (i = 0; i < N(encoded); i++) {
        p = unit_guard_end(encoded[i].text.data, encoded[i].text.len);
        end = ngx_gw_json_string_encode(dst, p, encoded[i].text.len);
        len = end - dst;

        unit_ok(len == encoded[i].raw.len
                && memcmp(dst, encoded[i].raw.data, len) == 0,
                "encoded: %s", quoted(encoded[i].raw.data, len));
    }

    for (i = 0; i < 256; i++) {
        dst[0] = i;
        p = malloc(6 + 2);
        end = ngx_gw_json_string_encode(p, dst, 1);
        end = ngx_gw_json_string_decode(dst + 1, p, end - p);

        if (end != dst + 2 || dst[1] != i) {
            unit_ok(0, "encoded and decoded: %d", (int) i);
        }

        free(p);
    }
}


/* what the texts above have in their strings */

static void
test_utf8(void)
{
    u_char      *p;
    size_t       pad;
    ngx_uint_t   i, bad;
    char         buf[512];

    bad = 0;

    for (pad = 0; pad < 9; pad++) {
        memset(buf, 'x', pad);

        for (i = 0; i < N(accepted); i++) {
            memcpy(buf + pad, accepted[i].data, accepted[i].len);
            p = unit_guard_end(buf, pad + accepted[i].len);

            bad += !ngx_gw_utf8_valid(p, pad + accepted[i].len);
        }

        for (i = 0; i < N(refused); i++) {

            if (refused[i].error != NGX_GW_SPLICE_CHARSET
                || memcmp(refused[i].text.data, "\xef\xbb\xbf",
                          ngx_min(refused[i].text.len, 3)) == 0)
            {
                continue;
            }

            memcpy(buf + pad, refused[i].text.data, refused[i].text.len);
            p = unit_guard_end(buf, pad + refused[i].text.len);

            if (ngx_gw_utf8_valid(p, pad + refused[i].text.len)) {
                printf("# %s\n", quoted(buf, pad + refused[i].text.len));
                bad++;
            }
        }
    }

    bad += ngx_gw_utf8_valid((u_char *) "abcdefgh\xc3", 9);
    bad += ngx_gw_utf8_valid((u_char *) "\xf0\x9f\x98", 3);
    bad += !ngx_gw_utf8_valid((u_char *) "", 0);

    unit_ok(bad == 0, "UTF-8");
}


int
main(void)
{
    test_accepted();
    test_refused();
    test_inside();
    test_spliced();
    test_malformed();
    test_too_many();
    test_depth();
    test_size();
    test_large();
    test_strings();
    test_utf8();

    return unit_done();
}
