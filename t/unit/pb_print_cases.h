
/*
 * What pb_print_test.c prints.
 *
 * Messages are written as fields behind each other:
 *
 *   1:150  1:-1    varints            2"text" 2'text'   strings
 *   3{...}         a message          4[...]            a group
 *   5<1 2 3>       packed varints     6#0123            64 bits, hexadecimal
 *   7%0123         32 bits            =0801ff           bytes as they are
 *   8*1000"a"      a text repeated
 */


#define K  "kitchen.v1."
#define L  "legacy.v1."
#define P  "plain.v1."
#define G  "google.protobuf."
#define T  "type.googleapis.com/"


typedef struct {
    const char       *type;     /* and options behind "/" */
    const char       *wire;
    const char       *json;     /* or the error, if it begins with "!" */
} case_t;

typedef struct {
    ngx_uint_t        code;
    const char       *message;
    const char       *details;
    const char       *options;
    const char       *json;
} status_t;


static const case_t  cases[] = {

    /* scalars */

    { K "Scalars", "", "{}" },
    { K "Scalars", "1#3ff8000000000000 2%40200000",
      "{\"doubleValue\":1.5,\"floatValue\":2.5}" },
    { K "Scalars", "3:-1 4:-1 5:-1",
      "{\"int64Value\":\"-1\",\"uint64Value\":\"18446744073709551615\","
      "\"int32Value\":-1}" },
    { K "Scalars", "6#ff 7%ff 8:1 9\"x\" 10\"abc\" 11:7 12:5",
      "{\"fixed64Value\":\"255\",\"fixed32Value\":255,\"boolValue\":true,"
      "\"stringValue\":\"x\",\"bytesValue\":\"YWJj\",\"uint32Value\":7,"
      "\"enumValue\":\"BLUE\"}" },
    { K "Scalars", "13%ffffffff 14#ffffffffffffffff 15:1 16:2",
      "{\"sfixed32Value\":-1,\"sfixed64Value\":\"-1\",\"sint32Value\":-1,"
      "\"sint64Value\":\"1\"}" },
    { K "Scalars/p", "3:5 12:1",
      "{\"int64_value\":\"5\",\"enum_value\":\"RED\"}" },
    { K "Scalars/e", "12:1", "{\"enumValue\":1}" },
    { K "Scalars", "12:1234", "{\"enumValue\":1234}" },
    { K "Scalars", "12:-1", "{\"enumValue\":\"ULTRAVIOLET\"}" },
    { K "Scalars", "12:2147483647", "{\"enumValue\":\"FAR\"}" },

    /* numbers of all lengths */

    { K "Repeateds", "4<0 9 10 99 100 999 1000 9999 10000 99999 100000 999999>",
      "{\"uint64Values\":[\"0\",\"9\",\"10\",\"99\",\"100\",\"999\",\"1000\","
      "\"9999\",\"10000\",\"99999\",\"100000\",\"999999\"]}" },
    { K "Repeateds", "4<1000000 9999999 10000000 99999999 100000000 999999999>",
      "{\"uint64Values\":[\"1000000\",\"9999999\",\"10000000\",\"99999999\","
      "\"100000000\",\"999999999\"]}" },
    { K "Repeateds",
      "4<1000000000 10000000000000000 99999999999999999 1000000000000000001>",
      "{\"uint64Values\":[\"1000000000\",\"10000000000000000\","
      "\"99999999999999999\",\"1000000000000000001\"]}" },
    { K "Repeateds", "3<9223372036854775807 -9223372036854775808>",
      "{\"int64Values\":[\"9223372036854775807\",\"-9223372036854775808\"]}" },
    { K "Repeateds", "5<2147483647 -2147483648 4294967296 =ffffffffff7f >",
      "{\"int32Values\":[2147483647,-2147483648,0,-1]}" },
    { K "Repeateds", "8<0 1 2 4294967296>",
      "{\"boolValues\":[false,true,true,true]}" },
    { K "Repeateds", "15<0 1 2 4294967295 4294967294>",
      "{\"sint32Values\":[0,-1,1,-2147483648,2147483647]}" },
    { K "Repeateds", "16<0 1 2 -1 -2>",
      "{\"sint64Values\":[\"0\",\"-1\",\"1\",\"-9223372036854775808\","
      "\"9223372036854775807\"]}" },
    { K "Repeateds",
      "1#0 1#8000000000000000 1#7ff0000000000000 1#fff0000000000000 "
      "1#7ff8000000000000 1#3fb999999999999a 1#7fefffffffffffff 1#1",
      "{\"doubleValues\":[0,-0.0,\"Infinity\",\"-Infinity\",\"NaN\",0.1,"
      "1.7976931348623157e308,5e-324]}" },
    { K "Repeateds",
      "1#4341c37937e08000 1#444b1ae4d6e2ef50 1#3eb0c6f7a0b5ed8d "
      "1#3f1a36e2eb1c432d 1#432fffffffffffff 1#c059000000000000",
      "{\"doubleValues\":[1e16,1e21,1e-6,0.0001,"
      "4503599627370495.5,-100]}" },
    { K "Repeateds", "2%3dcccccd 2%7f800000 2%ff7fffff 2%1 2%80000000",
      "{\"floatValues\":[0.1,\"Infinity\",-3.4028235e38,1e-45,-0.0]}" },

    /* what is zero and does not know whether it is set */

    { K "Scalars", "1#0 2%0 3:0 5:0 8:0 9\"\" 10\"\" 12:0 15:0", "{}" },
    { K "Scalars", "1#8000000000000000 2%80000000",
      "{\"doubleValue\":-0.0,\"floatValue\":-0.0}" },
    { K "Scalars", "5:4294967296 12:4294967296 3:4294967296",
      "{\"int64Value\":\"4294967296\"}" },
    { K "Scalars", "5:1 5:0", "{}" },
    { K "Scalars", "5:0 5:1", "{\"int32Value\":1}" },
    { K "Optionals", "1#0 3:0 5:0 8:0 9\"\" 10\"\" 12:0 17{}",
      "{\"doubleValue\":0,\"int64Value\":\"0\",\"int32Value\":0,"
      "\"boolValue\":false,\"stringValue\":\"\",\"bytesValue\":\"\","
      "\"enumValue\":\"COLOR_NONE\",\"messageValue\":{}}" },
    { K "Scalars/u", "",
      "{\"doubleValue\":0,\"floatValue\":0,\"int64Value\":\"0\","
      "\"uint64Value\":\"0\",\"int32Value\":0,\"fixed64Value\":\"0\","
      "\"fixed32Value\":0,\"boolValue\":false,\"stringValue\":\"\","
      "\"bytesValue\":\"\",\"uint32Value\":0,\"enumValue\":\"COLOR_NONE\","
      "\"sfixed32Value\":0,\"sfixed64Value\":\"0\",\"sint32Value\":0,"
      "\"sint64Value\":\"0\"}" },
    { K "GetRequest.Filter/u", "2<1> 4{}",
      "{\"text\":\"\",\"numbers\":[1],\"filter\":{\"text\":\"\","
      "\"numbers\":[]}}" },
    { K "GetRequest.Filter/u", "4{} 1\"x\"",
      "{\"text\":\"x\",\"numbers\":[],\"filter\":{\"text\":\"\","
      "\"numbers\":[]}}" },
    { K "Scalars/ue", "16:2 12:0 1#3ff0000000000000",
      "{\"doubleValue\":1,\"floatValue\":0,\"int64Value\":\"0\","
      "\"uint64Value\":\"0\",\"int32Value\":0,\"fixed64Value\":\"0\","
      "\"fixed32Value\":0,\"boolValue\":false,\"stringValue\":\"\","
      "\"bytesValue\":\"\",\"uint32Value\":0,\"enumValue\":0,"
      "\"sfixed32Value\":0,\"sfixed64Value\":\"0\",\"sint32Value\":0,"
      "\"sint64Value\":\"1\"}" },
    { K "Oneofs/u", "", "{}" },
    { L "Legacy/u", "1\"x\"",
      "{\"name\":\"x\",\"list\":[],\"packedList\":[],\"numbers\":[],"
      "\"many\":[],\"byName\":{}}" },

    /* strings */

    { K "Scalars", "9\"\\x01\\x08\\x09\\x0a\\x0b\\x0c\\x0d\\x1f\\x22\\x5c/\"",
      "{\"stringValue\":\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\"}" },
    { K "Scalars", "9\"\x7f<>&'\xe2\x80\xa8\xe2\x80\xa9\"",
      "{\"stringValue\":\"\x7f<>&'\xe2\x80\xa8\xe2\x80\xa9\"}" },
    { K "Scalars", "9\"0123456789abcde\\x22\"",
      "{\"stringValue\":\"0123456789abcde\\\"\"}" },
    { K "Scalars", "9\"0123456789abcdef\\x22" "0123456789abcdef\"",
      "{\"stringValue\":\"0123456789abcdef\\\"0123456789abcdef\"}" },
    { K "Scalars", "9\"gr\xc3\xbc\xc3\x9f, \xe2\x82\xac \xf0\x9f\x98\x80\"",
      "{\"stringValue\":\"gr\xc3\xbc\xc3\x9f, \xe2\x82\xac "
      "\xf0\x9f\x98\x80\"}" },
    { K "Scalars", "9\"\xc3\"", "!kitchen.v1.Scalars.string_value: "
                                "invalid UTF-8" },
    { K "Scalars", "9\"0123456789abcdef\xed\xa0\x80\"",
      "!kitchen.v1.Scalars.string_value: invalid UTF-8" },
    { K "Scalars", "9\"\xc0\x80\"",
      "!kitchen.v1.Scalars.string_value: invalid UTF-8" },

    { K "Repeateds", "9\"a\\x22\\x5c/\" 9\"\\x5c\" 9\"0123456789\\x1f\x7f\""
                     "9\"0123456789abcdef\" 9\"0123456789abcde\\x5c\"",
      "{\"stringValues\":[\"a\\\"\\\\/\",\"\\\\\",\"0123456789\\u001f\x7f\","
      "\"0123456789abcdef\",\"0123456789abcde\\\\\"]}" },

    /* the last byte is another field's: what is behind is not looked at */

    { K "Scalars", "9\"a\xc3\" 10\"\xbc\"",
      "!kitchen.v1.Scalars.string_value: invalid UTF-8" },
    { K "Scalars", "10\"\" 9\"\xc3\xbc\"", "{\"stringValue\":\"\xc3\xbc\"}" },
    { K "Repeateds", "10\"a\" 10\"ab\" 10\"abc\" 10\"abcd\" 10\"\xff\xfe\xfb\"",
      "{\"bytesValues\":[\"YQ==\",\"YWI=\",\"YWJj\",\"YWJjZA==\","
      "\"//77\"]}" },

    /* repeated fields: packed or not, and in pieces */

    { K "Repeateds", "5<1 2> 5:3 5<4>", "{\"int32Values\":[1,2,3,4]}" },
    { K "Repeateds", "101<1 2> 101:3", "{\"unpackedValues\":[1,2,3]}" },
    { K "Repeateds", "5:1 9\"a\" 5:2 9\"b\" 5<3>",
      "{\"int32Values\":[1,2,3],\"stringValues\":[\"a\",\"b\"]}" },
    { K "Repeateds", "9\"b\" 5:2", "{\"stringValues\":[\"b\"],"
                                   "\"int32Values\":[2]}" },
    { K "Repeateds", "5<>", "{}" },
    { K "Repeateds", "5<> 9\"x\" 5<>", "{\"stringValues\":[\"x\"]}" },
    { K "Repeateds", "17{} 17{5:1} 17{}",
      "{\"messageValues\":[{},{\"int32Value\":1},{}]}" },
    { K "Repeateds", "9\"\" 9\"\"", "{\"stringValues\":[\"\",\"\"]}" },
    { K "Repeateds", "7%1 7=3a08 =02000000 =03000000",
      "{\"fixed32Values\":[1,2,3]}" },

    /* singular fields that come several times */

    { K "Scalars", "5:1 5:2 5:3", "{\"int32Value\":3}" },
    { K "Scalars", "9\"a\" 5:1 9\"b\"",
      "{\"int32Value\":1,\"stringValue\":\"b\"}" },
    { K "Mixed", "2{5:1 9\"a\"} 1\"x\" 2{5:2 3:7}",
      "{\"name\":\"x\",\"scalars\":{\"int64Value\":\"7\",\"int32Value\":2,"
      "\"stringValue\":\"a\"}}" },
    { K "Nested", "4{4{5{} 5{}}} 4{4{4{3:1} 5{}}} 4{4{4{3:0}}}",
      "{\"self\":{\"self\":{\"self\":{},\"selves\":[{},{},{}]}}}" },
    { K "Nested", "4{4{4{3:1}} 3:1} 4{4{4{4{}}}}",
      "{\"self\":{\"choice\":\"SOME\",\"self\":{\"self\":{\"choice\":\"SOME\","
      "\"self\":{}}}}}" },
    { K "Known", "2{1:1} 3{1:-1} 2{2:1000} 3{2:-5}",
      "{\"timestamp\":\"1970-01-01T00:00:01.000001Z\","
      "\"duration\":\"-1.000000005s\"}" },
    { K "Known", "11{1:7} 11{}", "{\"int64Wrapper\":\"7\"}" },
    { K "Known", "1{2'=0801'} 4{1\"a_b\"} 1{1\"" T K "Nothing\"} 4{1\"c\"}",
      "{\"any\":{\"@type\":\"" T K "Nothing\"},\"fieldMask\":\"aB,c\"}" },

    /* oneofs: the last one */

    { K "Oneofs", "1\"\"", "{\"text\":\"\"}" },
    { K "Oneofs", "1\"a\" 2:0", "{\"number\":\"0\"}" },
    { K "Oneofs", "2:5 7\"b\" 1\"a\"", "{\"text\":\"a\",\"between\":\"b\"}" },
    { K "Oneofs", "3{5:1} 2:5 3{3:2}",
      "{\"scalars\":{\"int64Value\":\"2\"}}" },
    { K "Oneofs", "3{5:1} 3{3:2}",
      "{\"scalars\":{\"int64Value\":\"2\",\"int32Value\":1}}" },
    { K "Oneofs", "8:1 2:1 12{} 1\"x\"", "{\"text\":\"x\",\"empty\":{}}" },
    { K "Oneofs", "4:0", "{\"nullValue\":null}" },
    { K "Oneofs", "5:77 9{}", "{\"color\":77,\"value\":null}" },
    { K "Oneofs", "1\"a\" 2%1", "{\"text\":\"a\"}" },

    /* unknown fields and wire types */

    { K "Scalars", "99:1 5:1 100\"abc\" 101#1 102%1 103[1:1 2[3:4]] 104<>",
      "{\"int32Value\":1}" },
    { K "Scalars", "5\"ab\" 9:1 1:1 2#1", "{}" },
    { K "Scalars", "5<1 2>", "{}" },
    { K "Repeateds", "9:1 17[]", "{}" },
    { K "Nothing", "1:1 536870911:1", "{}" },
    { K "Numbers",
      "15:1 16:2 18999:3 20000:4 2047:5 262143:6 262144:7 536870911:8",
      "{\"fifteen\":1,\"sixteen\":2,\"belowReserved\":3,\"aboveReserved\":4,"
      "\"tag3\":5,\"tag4\":6,\"tag4More\":7,\"greatest\":[8]}" },
    { K "Scalars", "=a8 =80 =80 =80 =00 =01", "{\"int32Value\":1}" },

    /* names */

    { K "Names", "1:1 2:1 3:1 4:1 5:1 6:1 7:1 8:1",
      "{\"fooBar\":1,\"Leading\":1,\"trailing\":1,\"twoInARow\":1,"
      "\"with1Digit\":1,\"CamelCase\":1,\"UPPERCASE\":1,\"Other\":1}" },
    { K "Names", "9:1 10:1 11:1",
      "{\"a\\\"b\\\\c\\n\\u0001/\":1,\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\""
      ":1,\"@type\":1}" },

    /* maps */

    { K "Maps", "1{1:1 2\"a\"} 1{1:2 2\"b\"}",
      "{\"int32String\":{\"1\":\"a\",\"2\":\"b\"}}" },
    { K "Maps", "1{2\"a\" 1:-1}", "{\"int32String\":{\"-1\":\"a\"}}" },
    { K "Maps", "1{} 11{} 12{} 13{} 16{} 15{} 17{}",
      "{\"int32String\":{\"0\":\"\"},\"boolBool\":{\"false\":false},"
      "\"stringEnum\":{\"\":\"COLOR_NONE\"},\"stringMessage\":{\"\":{}},"
      "\"stringWrapper\":{\"\":\"0\"},\"stringValue\":{\"\":null},"
      "\"int32Timestamp\":{\"0\":\"1970-01-01T00:00:00Z\"}}" },
    { K "Maps", "1{1:1 2\"a\" 1:5 2\"b\" 3:7}",
      "{\"int32String\":{\"5\":\"b\"}}" },
    { K "Maps", "1{1\"x\" 2:1}", "{\"int32String\":{\"0\":\"\"}}" },
    { K "Maps", "4{1:-1 2\"a\"} 2{1:-1} 6{1:1 2:-1} 10{1#1}",
      "{\"uint64Bytes\":{\"18446744073709551615\":\"YQ==\"},"
      "\"int64Double\":{\"-1\":0},"
      "\"sint64Uint64\":{\"-1\":\"18446744073709551615\"},"
      "\"sfixed64Sint64\":{\"1\":\"0\"}}" },
    { K "Maps", "11{1:1 2:1} 11{2:1}",
      "{\"boolBool\":{\"true\":true,\"false\":true}}" },
    { K "Maps", "12{1\"a\\x22\" 2:77}", "{\"stringEnum\":{\"a\\\"\":77}}" },
    { K "Maps", "12{1\"\xff\"}",
      "!kitchen.v1.Maps.StringEnumEntry.key: invalid UTF-8" },
    { K "Maps", "1{2\"\xff\"}", "!kitchen.v1.Maps.int32_string: "
                                "invalid UTF-8" },

    /* keys that come again: the last one */

    { K "Maps", "1{1:1 2\"a\"} 1{1:2 2\"b\"} 1{1:1 2\"c\"}",
      "{\"int32String\":{\"2\":\"b\",\"1\":\"c\"}}" },
    { K "Maps", "1{2\"a\"} 1{1:0 2\"b\"}", "{\"int32String\":{\"0\":\"b\"}}" },
    { K "Maps", "1{1:4294967296 2\"a\"} 1{1:0 2\"b\"}",
      "{\"int32String\":{\"0\":\"b\"}}" },
    { K "Maps", "11{1:1} 11{1:2 2:1}", "{\"boolBool\":{\"true\":true}}" },
    { K "Maps", "12{1\"a\" 2:1} 12{1\"b\" 2:1} 12{1\"a\" 2:2}",
      "{\"stringEnum\":{\"b\":\"RED\",\"a\":\"GREEN\"}}" },
    { K "Maps", "12{1\"a\"} 1{} 12{1\"b\"} 12{1\"a\" 2:2} 1{2\"x\"}",
      "{\"int32String\":{\"0\":\"x\"},"
      "\"stringEnum\":{\"b\":\"COLOR_NONE\",\"a\":\"GREEN\"}}" },
    { K "Maps",
      "12{1\"a\"} 12{1\"b\"} 12{1\"c\"} 12{1\"d\"} 12{1\"e\"} 12{1\"f\"}"
      "12{1\"g\"} 12{1\"h\"} 12{1\"i\"} 12{1\"a\" 2:1}",
      "{\"stringEnum\":{\"b\":\"COLOR_NONE\",\"c\":\"COLOR_NONE\","
      "\"d\":\"COLOR_NONE\",\"e\":\"COLOR_NONE\",\"f\":\"COLOR_NONE\","
      "\"g\":\"COLOR_NONE\",\"h\":\"COLOR_NONE\",\"i\":\"COLOR_NONE\","
      "\"a\":\"RED\"}}" },
    { K "Maps", "13{1\"a\" 2{5:1}} 13{1\"a\" 2{3:1}}",
      "{\"stringMessage\":{\"a\":{\"int64Value\":\"1\"}}}" },
    { K "Maps", "13{2{5:1} 1\"a\" 2{3:1}}",
      "{\"stringMessage\":{\"a\":{\"int64Value\":\"1\",\"int32Value\":1}}}" },
    { K "Maps", "17{2{1:1} 2{2:1000000}}",
      "{\"int32Timestamp\":{\"0\":\"1970-01-01T00:00:01.001Z\"}}" },
    { K "Maps", "14{2{1{1:1 2\"a\"}} 2{1{1:1 2\"b\"}}}",
      "{\"stringMaps\":{\"\":{\"int32String\":{\"1\":\"b\"}}}}" },

    /* proto2: closed enums, groups, extensions */

    { L "Legacy", "2:7 3:1 3:9 3:2 4<9 8>", "{\"list\":[\"ONE\",\"TWO\"]}" },
    { L "Legacy", "2:1 2:7", "{\"closed\":\"ONE\"}" },
    { L "Legacy", "1\"a\" 2:1 2:7 1\"b\"",
      "{\"name\":\"b\",\"closed\":\"ONE\"}" },
    { L "Legacy", "4<8 -3 9>", "{\"packedList\":[\"MINUS\"]}" },
    { L "Legacy", "9{1\"a\" 2:11} 9{1\"a\" 2:12} 9{1\"b\" 2:13}",
      "{\"byName\":{\"a\":\"ELEVEN\"}}" },
    { L "Legacy", "9{1\"b\" 2:13}", "{}" },
    { L "Legacy", "6[1:1 2[1\"x\"] 2[]] 7[1:5]",
      "{\"group\":{\"a\":1,\"inner\":[{\"b\":\"x\"},{}]},"
      "\"many\":[{\"c\":\"5\"}]}" },
    { L "Legacy", "7[1:5] 6[2[1\"x\"] 1:1] 7[] 6[1:2 2[]]",
      "{\"group\":{\"a\":2,\"inner\":[{\"b\":\"x\"},{}]},"
      "\"many\":[{\"c\":\"5\"},{}]}" },
    { L "Legacy", "6{1:1}", "{}" },
    { L "Legacy", "10\"x\" 11[1:1]", "{\"picked\":{\"yes\":true}}" },
    { L "Legacy", "11[1:1] 11[99[]]", "{\"picked\":{\"yes\":true}}" },
    { L "Legacy", "11[1:1] 10\"x\" 11[]", "{\"picked\":{}}" },
    { L "Legacy", "1\"\" 100{1\"y\"} 101<1 2> 102\"z\" 103[1:1] 1000{}",
      "{\"name\":\"\",\"[legacy.v1.Legacy.within]\":{\"name\":\"y\"},"
      "\"[legacy.v1.Legacy.deltas]\":[-1,1],\"[legacy.v1.note]\":\"z\","
      "\"[legacy.v1.added]\":{\"d\":1},\"[legacy.v1.more]\":[{}]}" },
    { L "Legacy/p", "102\"z\"", "{\"[legacy.v1.note]\":\"z\"}" },

    /* well-known types */

    { G "Timestamp", "", "\"1970-01-01T00:00:00Z\"" },
    { G "Timestamp", "1:-62135596800", "\"0001-01-01T00:00:00Z\"" },
    { G "Timestamp", "1:253402300799 2:999999999",
      "\"9999-12-31T23:59:59.999999999Z\"" },
    { G "Timestamp", "1:951782400 2:120000000",
      "\"2000-02-29T00:00:00.120Z\"" },
    { G "Timestamp", "1:951868799 2:1000", "\"2000-02-29T23:59:59.000001Z\"" },
    { G "Timestamp", "1:951868800", "\"2000-03-01T00:00:00Z\"" },
    { G "Timestamp", "1:-2203891201", "\"1900-02-28T23:59:59Z\"" },
    { G "Timestamp", "1:-2203891200", "\"1900-03-01T00:00:00Z\"" },
    { G "Timestamp", "1:-1 2:1", "\"1969-12-31T23:59:59.000000001Z\"" },
    { G "Timestamp", "1:1709164800", "\"2024-02-29T00:00:00Z\"" },
    { G "Timestamp", "1:1735603200", "\"2024-12-31T00:00:00Z\"" },
    { G "Timestamp", "1:253402300800", "!google.protobuf.Timestamp: "
                                       "out of range" },
    { G "Timestamp", "1:-62135596801", "!google.protobuf.Timestamp: "
                                       "out of range" },
    { G "Timestamp", "2:1000000000", "!google.protobuf.Timestamp: "
                                     "out of range" },
    { G "Timestamp", "2:-1", "!google.protobuf.Timestamp: out of range" },
    { G "Timestamp", "1:5 9:1 1\"x\" 1:6", "\"1970-01-01T00:00:06Z\"" },
    { G "Timestamp", "1=08", "!google.protobuf.Timestamp: cut or malformed" },

    { G "Duration", "", "\"0s\"" },
    { G "Duration", "1:1 2:10000000", "\"1.010s\"" },
    { G "Duration", "2:-1", "\"-0.000000001s\"" },
    { G "Duration", "1:-315576000000 2:-999999999",
      "\"-315576000000.999999999s\"" },
    { G "Duration", "1:315576000001", "!google.protobuf.Duration: "
                                      "out of range" },
    { G "Duration", "1:1 2:-1", "!google.protobuf.Duration: out of range" },
    { G "Duration", "1:-1 2:1", "!google.protobuf.Duration: out of range" },
    { G "Duration", "2:-1000000000", "!google.protobuf.Duration: "
                                     "out of range" },

    { G "FieldMask", "", "\"\"" },
    { G "FieldMask", "1\"a.b_c\" 1\"foo_bar\" 1\"x\"", "\"a.bC,fooBar,x\"" },
    { G "FieldMask", "1\"_a\" 1\"gr\xc3\xbc\xc3\x9f\"",
      "\"A,gr\xc3\xbc\xc3\x9f\"" },
    { G "FieldMask", "1\"a\" 1\"\"", "!google.protobuf.FieldMask: "
                                      "a path that JSON has no form for" },
    { G "FieldMask", "1\"fooBar\"", "!google.protobuf.FieldMask: "
                                    "a path that JSON has no form for" },
    { G "FieldMask", "1\"a__b\"", "!google.protobuf.FieldMask: "
                                  "a path that JSON has no form for" },
    { G "FieldMask", "1\"a_1\"", "!google.protobuf.FieldMask: "
                                 "a path that JSON has no form for" },
    { G "FieldMask", "1\"a_\"", "!google.protobuf.FieldMask: "
                                "a path that JSON has no form for" },
    { G "FieldMask", "1\"a,b\"", "!google.protobuf.FieldMask: "
                                 "a path that JSON has no form for" },
    { G "FieldMask", "1\"\xff\"", "!google.protobuf.FieldMask: "
                                  "a path that JSON has no form for" },

    { G "Int64Value", "", "\"0\"" },
    { G "Int64Value", "1:0", "\"0\"" },
    { G "Int64Value", "1:5 1:6", "\"6\"" },
    { G "BoolValue", "1:1", "true" },
    { G "StringValue", "", "\"\"" },
    { G "BytesValue", "1\"abc\"", "\"YWJj\"" },
    { G "DoubleValue", "1#7ff8000000000000", "\"NaN\"" },
    { G "FloatValue", "1%80000000", "-0.0" },
    { G "UInt32Value", "2:1", "0" },
    { G "Empty", "1:1", "{}" },

    { G "Value", "", "null" },
    { G "Value", "1:0", "null" },
    { G "Value", "1:5", "null" },
    { G "Value", "2#3ff0000000000000", "1" },
    { G "Value", "2#7ff0000000000000", "!google.protobuf.Value.number_value: "
                                       "not a number that JSON has" },
    { G "Value", "2#7ff8000000000000", "!google.protobuf.Value.number_value: "
                                       "not a number that JSON has" },
    { G "Value", "3\"\"", "\"\"" },
    { G "Value", "4:0", "false" },
    { G "Value", "5{}", "{}" },
    { G "Value", "6{}", "[]" },
    { G "Value", "6{1{} 1{6{}} 1{5{1{1\"a\" 2{4:1}}}} 1{3\"x\"}}",
      "[null,[],{\"a\":true},\"x\"]" },
    { G "Value", "3\"x\" 4:1", "true" },
    { G "Value", "6{1{}} 5{} 6{1{4:1}}", "[true]" },
    { G "Value", "6{1{}} 6{1{4:1}}", "[null,true]" },
    { G "Value", "2#7ff0000000000000 4:1", "true" },
    { G "Struct", "", "{}" },
    { G "Struct", "1{1\"a\" 2{1:0}} 1{1\"b\"} 1{2{3\"c\"}}",
      "{\"a\":null,\"b\":null,\"\":\"c\"}" },
    { G "Struct", "1{1\"a\" 2{3\"x\"}} 1{1\"a\" 2{3\"y\"}}", "{\"a\":\"y\"}" },
    { G "ListValue", "", "[]" },
    { G "ListValue", "1{} 2:1 1{}", "[null,null]" },

    { G "Any", "", "{}" },
    { G "Any", "1\"" T K "Scalars\" 2{5:1}",
      "{\"@type\":\"" T K "Scalars\",\"int32Value\":1}" },
    { G "Any", "2{5:1} 1\"" T K "Scalars\"",
      "{\"@type\":\"" T K "Scalars\",\"int32Value\":1}" },
    { G "Any", "1\"a/b/" K "Nothing\"", "{\"@type\":\"a/b/" K "Nothing\"}" },
    { G "Any", "1\"" T G "Duration\" 2{1:1}",
      "{\"@type\":\"" T G "Duration\",\"value\":\"1s\"}" },
    { G "Any", "1\"" T G "Int32Value\" 2{1:1}",
      "{\"@type\":\"" T G "Int32Value\",\"value\":1}" },
    { G "Any", "1\"" T G "Struct\"",
      "{\"@type\":\"" T G "Struct\",\"value\":{}}" },
    { G "Any", "1\"" T G "Empty\"", "{\"@type\":\"" T G "Empty\"}" },
    { G "Any",
      "1\"" T G "Any\" 2{1\"" T G "Any\" 2{1\"" T K "Nested\" 2{3:1}}}",
      "{\"@type\":\"" T G "Any\",\"value\":{\"@type\":\"" T G "Any\","
      "\"value\":{\"@type\":\"" T K "Nested\",\"choice\":\"SOME\"}}}" },
    { G "Any/u", "1\"" T K "GetRequest.Filter\"",
      "{\"@type\":\"" T K "GetRequest.Filter\",\"text\":\"\","
      "\"numbers\":[]}" },
    { G "Any", "1\"" T K "Scalars\" 2{5:1 5:2}",
      "{\"@type\":\"" T K "Scalars\",\"int32Value\":2}" },
    { G "Any", "1\"" T "no.such\" 2{5:1}",
      "!google.protobuf.Any: no type \"no.such\"" },
    { G "Any", "2{5:1}", "!google.protobuf.Any: a malformed type" },
    { G "Any", "1\"" T "a b\"", "!google.protobuf.Any: a malformed type" },
    { G "Any", "1\"\xff/" K "Nothing\"", "!google.protobuf.Any: "
                                         "invalid UTF-8" },
    { G "Any/a", "1\"" T "no.such\" 2{5:1}",
      "{\"@type\":\"" T "no.such\",\"value\":\"KAE=\"}" },
    { G "Any", "1\"" T K "Scalars\" 2=1201 =09",
      "!kitchen.v1.Scalars.double_value: cut or malformed" },
    { K "Known", "8:0 28<0 1> 38:0",
      "{\"nullValues\":[null,null],\"optionalNull\":null}" },
    { K "Known/e", "28<0> 8:1", "{\"nullValues\":[null],\"nullValue\":null}" },
    { K "Known", "19{1\"text/plain\" 2\"abc\"}",
      "{\"httpBody\":{\"contentType\":\"text/plain\",\"data\":\"YWJj\"}}" },

    /* lines */

    { K "Scalars/i", "", "{}" },
    { K "Repeateds/i", "5<1 2> 17{} 17{5:1}",
      "{\n  \"int32Values\": [\n    1,\n    2\n  ],\n  \"messageValues\": [\n"
      "    {},\n    {\n      \"int32Value\": 1\n    }\n  ]\n}" },
    { K "Maps/i", "1{} 13{}",
      "{\n  \"int32String\": {\n    \"0\": \"\"\n  },\n"
      "  \"stringMessage\": {\n    \"\": {}\n  }\n}" },
    { G "Value/i", "6{1{} 1{6{}} 1{5{1{1\"a\"}}}}",
      "[\n  null,\n  [],\n  {\n    \"a\": null\n  }\n]" },
    { G "Any/i", "1\"" T G "Duration\" 2{1:1}",
      "{\n  \"@type\": \"" T G "Duration\",\n  \"value\": \"1s\"\n}" },
    { K "GetRequest.Filter/iu", "4{}",
      "{\n  \"text\": \"\",\n  \"numbers\": [],\n  \"filter\": {\n"
      "    \"text\": \"\",\n    \"numbers\": []\n  }\n}" },

    /* malformed */

    { K "Scalars", "=00", "!kitchen.v1.Scalars: cut or malformed" },
    { K "Scalars", "=01", "!kitchen.v1.Scalars: cut or malformed" },
    { K "Scalars", "=80", "!kitchen.v1.Scalars: cut or malformed" },
    { K "Scalars", "=ffffffffffffffffffff01",
      "!kitchen.v1.Scalars: cut or malformed" },
    { K "Scalars", "=28", "!kitchen.v1.Scalars.int32_value: "
                          "cut or malformed" },
    { K "Scalars", "=28ff", "!kitchen.v1.Scalars.int32_value: "
                            "cut or malformed" },
    { K "Scalars", "=28ffffffffffffffffffff01",
      "!kitchen.v1.Scalars.int32_value: cut or malformed" },
    { K "Scalars", "=0900000000000000", "!kitchen.v1.Scalars.double_value: "
                                        "cut or malformed" },
    { K "Scalars", "=15000000", "!kitchen.v1.Scalars.float_value: "
                                "cut or malformed" },
    { K "Scalars", "=4a", "!kitchen.v1.Scalars.string_value: "
                          "cut or malformed" },
    { K "Scalars", "=4a0261", "!kitchen.v1.Scalars.string_value: "
                              "cut or malformed" },
    { K "Scalars", "=4affffffffffffffffff01",
      "!kitchen.v1.Scalars.string_value: cut or malformed" },
    { K "Scalars", "=2c", "!kitchen.v1.Scalars.int32_value: "
                          "cut or malformed" },
    { K "Scalars", "99[", "!kitchen.v1.Scalars: cut or malformed" },
    { K "Scalars", "=9b06 =9c06", "{}" },
    { K "Scalars", "=9b06 =a406", "!kitchen.v1.Scalars: cut or malformed" },
    { K "Scalars", "=9b06 =ac06", "!kitchen.v1.Scalars: cut or malformed" },
    { K "Scalars", "=0e", "!kitchen.v1.Scalars.double_value: "
                          "cut or malformed" },
    { K "Scalars", "=9f06", "!kitchen.v1.Scalars: cut or malformed" },
    { K "Repeateds", "5=2a01 =80", "!kitchen.v1.Repeateds.int32_values: "
                                   "cut or malformed" },
    { K "Repeateds", "7=3a03 =000000", "!kitchen.v1.Repeateds.fixed32_values: "
                                       "cut or malformed" },
    { K "Maps", "1=0a01 =08", "!kitchen.v1.Maps.Int32StringEntry: "
                              "cut or malformed" },
    { L "Legacy", "6[", "!legacy.v1.Legacy.group: cut or malformed" },
    { L "Legacy", "=33 =3c", "!legacy.v1.Legacy.group: cut or malformed" },
    { L "Legacy", "=34", "!legacy.v1.Legacy.group: cut or malformed" },
    { L "Legacy", "8{ =33 } =34", "!legacy.v1.Legacy.group: "
                                  "cut or malformed" },
    { P "Plain", "5[1:1 5[] 8{9\"x\"}]",
      "{\"plain\":{\"number\":1,\"plain\":{},\"prefixed\":{\"a\":\"x\"}}}" },
    { P "Plain", "5[5[1:1] 1:1 5[2\"x\"]] 1:2 5[5[] 6[] 1:3]",
      "{\"number\":2,\"plain\":{\"number\":3,\"plain\":{\"number\":1,"
      "\"text\":\"x\"},\"plains\":[{}]}}" },
    { K "Nested", "4{4{ =22027a }}", "!kitchen.v1.Nested.self: "
                                     "cut or malformed" }
};


static const case_t  fields[] = {

    /* "type.field" */

    { K "ListResponse.items", "1{1\"a\"} 2\"x\" 1{}", "[{\"name\":\"a\"},{}]" },
    { K "ListResponse.items", "1{1\"a\"} 1{1\"b\"}",
      "[{\"name\":\"a\"},{\"name\":\"b\"}]" },
    { K "ListResponse.items", "2\"x\"", "[]" },
    { K "ListResponse.next_page_token", "1{1\"a\"} 2\"x\"", "\"x\"" },
    { K "ListResponse.next_page_token", "1{1\"a\"}", "\"\"" },
    { K "Mixed.scalars", "1\"a\" 2{5:1} 1\"b\" 2{3:1}",
      "{\"int64Value\":\"1\",\"int32Value\":1}" },
    { K "Mixed.scalars", "1\"a\"", "null" },
    { K "Oneofs.text", "1\"a\" 2:1", "\"\"" },
    { K "Oneofs.text", "2:1 1\"a\"", "\"a\"" },
    { K "Oneofs.number", "2:1", "\"1\"" },
    { K "Oneofs.value", "9{} 9{} 9{5{}}", "{}" },
    { K "Oneofs.scalars", "3{5:1} 7\"\" 3{5:2 3:1}",
      "{\"int64Value\":\"1\",\"int32Value\":2}" },
    { K "Maps.int32_string", "1{1:1} 11{} 1{1:1 2\"x\"}", "{\"1\":\"x\"}" },
    { K "Maps.int32_string", "11{}", "{}" },
    { K "Maps.int32_string", "1{} 11{} 1{1:1}", "{\"0\":\"\",\"1\":\"\"}" },
    { K "Repeateds.bool_values", "8:1 3<> 8:1 9\"\" 8:0 5:1 5:2",
      "[true,true,false]" },
    { K "Repeateds.int32_values", "8:1 3<> 8:1 9\"\" 8:0 5:1 8:1 5:2",
      "[1,2]" },
    { K "Scalars.enum_value/e", "", "0" },
    { K "Known.timestamp", "2{1:1}", "\"1970-01-01T00:00:01Z\"" },
    { K "Known.any", "1{1\"" T K "Nothing\"}",
      "{\"@type\":\"" T K "Nothing\"}" },
    { K "Scalars.int32_value", "5:1 =00", "!kitchen.v1.Scalars: "
                                         "cut or malformed" },
    { L "Legacy.group", "7[1:1] 6[1:1] 7[]", "{\"a\":1}" },
    { K "Repeateds.int32_values/i", "5<1>", "[\n  1\n]" }
};


static const status_t  statuses[] = {
    { 5, "no order 7", NULL, "",
      "{\"code\":5,\"message\":\"no order 7\",\"details\":[]}" },
    { 13, "", NULL, "", "{\"code\":13,\"message\":\"\",\"details\":[]}" },
    { 2, "a\"\\\n\x01\xc3\xbc\xff\xe2\x82z\xed\xa0\x80\x80", NULL, "",
      "{\"code\":2,\"message\":\"a\\\"\\\\\\n\\u0001\xc3\xbc\xef\xbf\xbd"
      "\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
      "\xef\xbf\xbd\",\"details\":[]}" },
    { 4, "\xe2\x82\xac \xf0\x9f\x98\x80\xf0\x9f\x98", NULL, "",
      "{\"code\":4,\"message\":\"\xe2\x82\xac \xf0\x9f\x98\x80\xef\xbf\xbd"
      "\xef\xbf\xbd\xef\xbf\xbd\",\"details\":[]}" },
    { 3, "x", "1:7 2\"other\" 3{1\"" T K "Scalars\" 2{5:1}}"
      "3{1\"" T G "Duration\" 2{1:1}}", "",
      "{\"code\":3,\"message\":\"x\",\"details\":[{\"@type\":\""
      T K "Scalars\",\"int32Value\":1},{\"@type\":\""
      T G "Duration\",\"value\":\"1s\"}]}" },
    { 3, "x", "3{1\"" T "no.such\" 2\"abc\"} 3{}", "",
      "{\"code\":3,\"message\":\"x\",\"details\":[{\"@type\":\"" T "no.such\","
      "\"value\":\"YWJj\"},{}]}" },
    { 3, "x", "3{1\"" T K "Scalars\" 2{5:1 =09}} 3{1\"" T K "Nothing\"}", "",
      "{\"code\":3,\"message\":\"x\",\"details\":[{\"@type\":\""
      T K "Scalars\",\"value\":\"KAEJ\"},{\"@type\":\"" T K "Nothing\"}]}" },
    { 3, "x", "3{1\"" T K "Known\" 2{1{1\"no.such\" 2\"a\"}}}", "",
      "{\"code\":3,\"message\":\"x\",\"details\":[{\"@type\":\"" T K "Known\","
      "\"any\":{\"@type\":\"no.such\",\"value\":\"YQ==\"}}]}" },
    { 3, "x", "3{2\"abc\"} 3{1\"\xff\" 2\"abc\"}", "",
      "{\"code\":3,\"message\":\"x\",\"details\":[{\"@type\":\"\",\"value\":"
      "\"YWJj\"},{\"@type\":\"\xef\xbf\xbd\",\"value\":\"YWJj\"}]}" },
    { 3, "x", "3{1\"" T K "Nothing\"} =1a", "",
      "{\"code\":3,\"message\":\"x\",\"details\":[]}" },
    { 3, "x", "3{1\"" T K "Nothing\"} 3=1a01 =0a", "",
      "{\"code\":3,\"message\":\"x\",\"details\":[]}" },
    { 3, "x", "3{1\"" T K "Scalars\" 2{5:1 =09}}", "i",
      "{\n  \"code\": 3,\n  \"message\": \"x\",\n  \"details\": [\n    {\n"
      "      \"@type\": \"" T K "Scalars\",\n      \"value\": \"KAEJ\"\n    }\n"
      "  ]\n}" }
};
