/* unit: ngx_gw_transcode/ngx_gw_pb.c ngx_gw_transcode/ngx_gw_pb_load*.c
         ngx_gw_transcode/ngx_gw_pb_parse*.c ngx_gw_transcode/ngx_gw_pb_bind.c
         ngx_gw_common/ngx_gw_json*.c */

/*
 * ngx_gw_pb_parse and ngx_gw_pb_bind: bytes that texts come to, whatever the
 * budget; errors and where they are; values of URLs; masks; limits; no memory.
 * Each text is parsed right before and right behind a page that must not be
 * touched.  t/pb-parse.t compares what is accepted, and values, with
 * Python's protobuf.
 */


#include "ngx_gw_pb.h"
#include "ngx_gw_pb_parse.h"


#define N(a)       (sizeof(a) / sizeof((a)[0]))
#define MAX_SIZE   (1 << 20)

#define S  "kitchen.v1.Scalars"
#define O  "kitchen.v1.Optionals"
#define R  "kitchen.v1.Repeateds"
#define M  "kitchen.v1.Maps"
#define F  "kitchen.v1.Oneofs"
#define K  "kitchen.v1.Known"
#define D  "kitchen.v1.Numbers"
#define I  "kitchen.v1.Nested"
#define X  "kitchen.v1.Mixed"
#define G  "kitchen.v1.GetRequest"
#define U  "kitchen.v1.UpdateRequest"
#define L  "legacy.v1.Legacy"
#define P  "google.protobuf."


typedef struct {
    const char  *message;
    const char  *field;
    const char  *text;
    const char  *wire;             /* hex */
} good_t;

typedef struct {
    const char  *message;
    const char  *text;
    const char  *error;
} bad_t;

typedef struct {
    const char  *binds;            /* p or q, path=value; separated by blanks */
    const char  *field;
    const char  *text;             /* or NULL */
    const char  *wire;             /* hex, or NULL: error */
    const char  *error;
    ngx_int_t    rc;
} bind_t;

typedef struct {
    const char  *message;
    const char  *field;
    const char  *text;
    const char  *mask;
} mask_t;

typedef struct {
    ngx_int_t    rc;
    ngx_str_t    wire;
    ngx_str_t    mask;
    char         error[512];
} result_t;


static ngx_pool_t              *conf_pool;
static ngx_gw_pb_schema_t      *schema;
static ngx_gw_pb_parse_conf_t   conf;

static u_char                   wire_data[MAX_SIZE + 16];
static u_char                   mask_data[MAX_SIZE + 16];


static const good_t  goods[] = {

    { S, NULL, "{}", "" },
    { S, NULL, "{\"int32Value\":0,\"stringValue\":\"\",\"boolValue\":false,"
      "\"doubleValue\":0,\"bytesValue\":\"\",\"enumValue\":0}", "" },
    { S, NULL, "{\"doubleValue\":-0.0}", "090000000000000080" },
    { O, NULL, "{\"int32Value\":0,\"stringValue\":\"\",\"messageValue\":{}}",
      "2800" "4a00" "8a0100" },
    { O, NULL, "{\"int32Value\":null,\"messageValue\":null}", "" },

    /* of each type, the least, the greatest and what is near */

    { S, NULL, "{\"int32Value\":-1}", "28ffffffffffffffffff01" },
    { S, NULL, "{\"int32Value\":\"2147483647\"}", "28ffffffff07" },
    { S, NULL, "{\"int64Value\":\"-9223372036854775808\"}",
      "1880808080808080808001" },
    { S, NULL, "{\"uint64Value\":18446744073709551615}",
      "20ffffffffffffffffff01" },
    { S, NULL, "{\"uint32Value\":128}", "588001" },
    { S, NULL, "{\"sint32Value\":-2147483648}", "78ffffffff0f" },
    { S, NULL, "{\"sint32Value\":-1}", "7801" },
    { S, NULL, "{\"sint64Value\":\"-9223372036854775808\"}",
      "8001ffffffffffffffffff01" },
    { S, NULL, "{\"sint64Value\":1}", "800102" },
    { S, NULL, "{\"fixed32Value\":4294967295}", "3dffffffff" },
    { S, NULL, "{\"sfixed32Value\":-2}", "6dfeffffff" },
    { S, NULL, "{\"fixed64Value\":\"1\"}", "310100000000000000" },
    { S, NULL, "{\"sfixed64Value\":-1}", "71ffffffffffffffff" },
    { S, NULL, "{\"floatValue\":1.5}", "150000c03f" },
    { S, NULL, "{\"floatValue\":\"-Infinity\"}", "15000080ff" },
    { S, NULL, "{\"doubleValue\":\"NaN\"}", "09000000000000f87f" },
    { S, NULL, "{\"doubleValue\":0.1}", "099a9999999999b93f" },
    { S, NULL, "{\"boolValue\":true}", "4001" },
    { S, NULL, "{\"enumValue\":\"ULTRAVIOLET\"}", "60ffffffffffffffffff01" },
    { S, NULL, "{\"enumValue\":-5}", "60fbffffffffffffffff01" },
    { S, NULL, "{\"bytesValue\":\"-_8\"}", "5202fbff" },
    { S, NULL, "{\"stringValue\":\"\\u00e9\\ud83d\\ude00\\n\"}",
      "4a07c3a9f09f98800a" },

    /* lists, packed and not */

    { R, NULL, "{\"int32Values\":[]}", "" },
    { R, NULL, "{\"int32Values\":[0,1,300]}", "2a040001ac02" },
    { R, NULL, "{\"stringValues\":[\"\",\"a\"]}", "4a00" "4a0161" },
    { R, NULL, "{\"unpackedValues\":[0,1]}", "a80600" "a80601" },
    { R, NULL, "{\"packedValues\":[0,-1]}", "ba06020001" },
    { R, NULL, "{\"doubleValues\":[1]}", "0a08000000000000f03f" },
    { R, NULL, "{\"messageValues\":[{},{\"int32Value\":1}]}",
      "8a0100" "8a01022801" },
    { R, NULL, "{ \"boolValues\" : [ true , false ] , \"int32_values\" : [ 1 ]"
      " }", "42020100" "2a0101" },

    /* maps have both key and value, oneofs what they were given */

    { M, NULL, "{\"int32String\":{\"0\":\"\"}}", "0a0408001200" },
    { M, NULL, "{\"boolBool\":{\"true\":false}}", "5a0408011000" },
    { M, NULL, "{\"stringMessage\":{\"a\":{}}}", "6a050a01611200" },
    { M, NULL, "{\"stringValue\":{\"a\":null}}", "7a070a016112020800" },
    { F, NULL, "{\"number\":0}", "1000" },
    { F, NULL, "{\"nullValue\":null}", "2000" },
    { F, NULL, "{\"text\":\"\"}", "0a00" },

    /* tags of all lengths */

    { D, NULL, "{\"one\":1,\"sixteen\":1,\"tag3\":1,\"tag4\":1,\"tag4More\":1,"
      "\"greatest\":[1]}",
      "0801" "800101" "f87f01" "f8ff7f01" "8080800101" "faffffff0f0101" },

    /* groups and extensions */

    { L, NULL, "{\"name\":\"\",\"group\":{\"a\":1,\"inner\":[{},{\"b\":\"\"}]}"
      "}", "0a00" "33" "0801" "1314" "13" "0a00" "14" "34" },
    { L, NULL, "{\"name\":\"\",\"[legacy.v1.Legacy.deltas]\":[1,-1]}",
      "0a00" "aa06020201" },

    /* a name that several have is that of the one that ngx_gw_pb_find_field()
       says, even if another is expected */

    { "legacy.v1.Conflicts", NULL, "{\"fooBar\":1}", "1001" },
    { "legacy.v1.Conflicts", NULL, "{\"third\":1,\"other\":2}", "20012802" },

    /* forms */

    { K, NULL, "{\"timestamp\":\"1970-01-01T00:00:01.5Z\"}",
      "12080801" "1080cab5ee01" },
    { K, NULL, "{\"timestamp\":\"1970-01-01T01:00:00+01:00\"}", "1200" },
    { K, NULL, "{\"duration\":\"-0.000000001s\"}",
      "1a0b" "10ffffffffffffffffff01" },
    { K, NULL, "{\"fieldMask\":\"a,bC.d\"}", "220a0a0161"
      "0a05625f632e64" },
    { K, NULL, "{\"struct\":{\"a\":1}}",
      "2a100a0e0a0161" "1209" "11000000000000f03f" },
    { K, NULL, "{\"value\":[null,true,\"\",{}]}",
      "3212" "3210" "0a020800" "0a022001" "0a021a00" "0a022a00" },
    { K, NULL, "{\"int32Wrapper\":0,\"stringWrapper\":\"a\"}",
      "6a00" "8201030a0161" },
    { K, NULL, "{\"any\":{}}", "0a00" },
    { K, NULL, "{\"any\":{\"int32Value\":1,\"@type\":\"a/" S "\"}}",
      "0a1a" "0a14612f6b69746368656e2e76312e5363616c617273" "12022801" },
    { K, NULL, "{\"any\":{\"value\":\"1s\",\"@type\":\"a/" P "Duration\"}}",
      "0a20" "0a1a612f676f6f676c652e70726f746f6275662e4475726174696f6e"
      "12020801" },

    /* values that are all of the text */

    { P "Int64Value", NULL, " 5 ", "0805" },
    { P "Timestamp", NULL, "\"1970-01-01T00:00:01Z\"", "0801" },
    { P "Value", NULL, "null", "0800" },
    { P "ListValue", NULL, "[]", "" },

    /* of a field */

    { X, "name", "\"a\"", "0a0161" },
    { X, "scalars", "{\"int32Value\":1}", "12022801" },
    { X, "scalars", "null", "" },
    { X, "name", "null", "" },
    { R, "int32Values", "[1,2]", "2a020102" },
    { R, "int32Values", "null", "" },
    { M, "int32String", "{\"1\":\"\"}", "0a0408011200" },
    { K, "value", "null", "32020800" },
    { K, "nullValue", "null", "" }
};


/* what is wrong in the text, of S if it begins with a brace only */

static const bad_t  bads[] = {

    { S, "", "empty body" },
    { S, " \n", "empty body" },
    { S, "{", "$: unexpected end (byte 1)" },
    { S, "[]", "$: an array is no object" },
    { S, "1", "$: 1 is no object" },
    { S, "{}x", "$: unexpected bytes behind the value (byte 2)" },
    { S, "\xef\xbb\xbf{}", "$: a byte order mark is not allowed (byte 0)" },
    { S, "{x}", "$: expected the name of a member (byte 1)" },
    { S, "{\"int32Value\" 1}", "$.int32Value: expected a colon (byte 14)" },
    { S, "{\"int32Value\":}", "$.int32Value: expected a value (byte 14)" },
    { S, "{\"int32Value\":1 2}",
      "$.int32Value: expected a comma or \"}\" (byte 16)" },
    { S, "{\"nothing\":1}", "$.nothing: kitchen.v1.Scalars has no such field" },
    { S, "{\"no thing\":1}",
      "$[\"no thing\"]: kitchen.v1.Scalars has no such field" },
    { S, "{\"int32Value\":1,\"int32Value\":2}",
      "$.int32Value: is there twice" },
    { S, "{\"int32Value\":1,\"int32_value\":2}",
      "$.int32_value: is there twice" },
    { S, "{\"int32Value\":\"abc\"}", "$.int32Value: \"abc\" is no integer" },
    { S, "{\"int32Value\":abc}", "$.int32Value: abc is no integer" },
    { S, "{\"int32Value\":1.5}", "$.int32Value: 1.5 is no integer" },
    { S, "{\"int32Value\":2147483648}",
      "$.int32Value: 2147483648 is out of range" },
    { S, "{\"int32Value\":{}}", "$.int32Value: an object is no integer" },
    { S, "{\"int32Value\":[]}", "$.int32Value: an array is no integer" },
    { S, "{\"int32Value\":\"0123456789012345678901234567890123456789012345678"
      "9\"}", "$.int32Value: \"012345678901234567890123456789012345678901234"
      "...\" is no integer" },
    { S, "{\"uint64Value\":-1}", "$.uint64Value: -1 is out of range" },
    { S, "{\"doubleValue\":1e999}", "$.doubleValue: 1e999 is out of range" },
    { S, "{\"doubleValue\":true}", "$.doubleValue: true is no number" },
    { S, "{\"boolValue\":1}", "$.boolValue: 1 is neither true nor false" },
    { S, "{\"stringValue\":1}", "$.stringValue: 1 is no string" },
    { S, "{\"stringValue\":\"\xff\"}",
      "$.stringValue: invalid UTF-8 in a string (byte 16)" },
    { S, "{\"stringValue\":\"\\ud800\"}",
      "$.stringValue: invalid escape in a string (byte 16)" },
    { S, "{\"stringValue\":\"\n\"}",
      "$.stringValue: control character in a string (byte 16)" },
    { S, "{\"stringValue\":\"a}", "$.stringValue: a string is not closed (byte "
      "18)" },
    { S, "{\"bytesValue\":\"*\"}", "$.bytesValue: \"*\" is no base64" },
    { S, "{\"enumValue\":\"PINK\"}",
      "$.enumValue: \"PINK\" is no value of the enum" },
    { S, "{\"enumValue\":true}",
      "$.enumValue: true is neither name nor number of a value" },
    { S, "{\"int32Value\":\"\xff\x01\"}",
      "$.int32Value: invalid UTF-8 in a string (byte 15)" },
    { S, "{\"int32Value\":\"\\u0001\xc3\xa9\"}",
      "$.int32Value: \"\\u0001\xc3\xa9\" is no integer" },

    { R, "{\"messageValues\":[{},{\"int32Value\":\"x\"}]}",
      "$.messageValues[1].int32Value: \"x\" is no integer" },
    { R, "{\"int32Values\":[1,2,null]}",
      "$.int32Values[2]: null is no integer" },
    { R, "{\"int32Values\":1}", "$.int32Values: 1 is no array" },
    { R, "{\"int32Values\":[1", "$.int32Values[0]: unexpected end (byte 17)" },
    { M, "{\"stringMessage\":{\"a\":{\"int32Value\":\"x\"}}}",
      "$.stringMessage.a.int32Value: \"x\" is no integer" },
    { M, "{\"stringMessage\":{\"a b\":1}}",
      "$.stringMessage[\"a b\"]: 1 is no object" },
    { M, "{\"stringMessage\":{\"a\":{},\"a\":{}}}",
      "$.stringMessage.a: is there twice" },
    { M, "{\"int32String\":{\"x\":\"\"}}",
      "$.int32String: \"x\" is no integer" },
    { M, "{\"int32String\":{1:\"\"}}",
      "$.int32String: expected a key (byte 16)" },
    { F, "{\"text\":\"\",\"number\":1}",
      "$.number: another field of its oneof has a value" },
    { K, "{\"timestamp\":\"yesterday\"}",
      "$.timestamp: \"yesterday\" is no timestamp (RFC 3339)" },
    { K, "{\"timestamps\":[\"1970-02-30T00:00:00Z\"]}",
      "$.timestamps[0]: \"1970-02-30T00:00:00Z\" has no such day" },
    { K, "{\"duration\":\"1\"}",
      "$.duration: \"1\" is no duration like 1.5s" },
    { K, "{\"duration\":1}", "$.duration: 1 is no string" },
    { K, "{\"fieldMask\":\"a_b\"}",
      "$.fieldMask: \"a_b\" is no mask of fields in lowerCamelCase" },
    { K, "{\"struct\":{\"a\":[1,{\"b\":tru}]}}",
      "$.struct.a[1].b: tru is no value" },
    { K, "{\"struct\":{\"a\":1e999}}", "$.struct.a: 1e999 is out of range" },
    { K, "{\"struct\":{\"a\":1,\"a\":1}}", "$.struct.a: is there twice" },
    { K, "{\"any\":{\"a\":1}}", "$.any: \"@type\" is missing" },
    { K, "{\"any\":{\"@type\":\"x/y\"}}",
      "$.any: \"x/y\" is no type of the schema" },
    { K, "{\"any\":{\"@type\":\"x/" S "\",\"int32Value\":\"x\"}}",
      "$.any.int32Value: \"x\" is no integer" },
    { K, "{\"any\":{\"@type\":\"x/" P "Duration\"}}",
      "$.any: \"value\" is missing" },
    { K, "{\"any\":{\"@type\":\"x/" P "Duration\",\"value\":1}}",
      "$.any.value: 1 is no string" },
    { K, "{\"any\":{\"a\":[}", "$.any: unexpected bracket (byte 13)" },
    { L, "{}", "$: \"name\" is required" },
    { L, "{\"name\":\"\",\"self\":{}}", "$.self: \"name\" is required" },
    { L, "{\"name\":null}", "$.name: is required" },
    { L, "{\"name\":\"\",\"closed\":7}",
      "$.closed: 7 is no number of the enum" },
    { P "Timestamp", "1", "$: 1 is no string" },
    { P "Int64Value", "null", "$: null is no integer" }
};


static const bind_t  binds[] = {

    { "pname=x", NULL, NULL, "0a0178", NULL, 0 },
    { "pid=5 qcolor=RED", NULL, NULL, "1005" "1801", NULL, 0 },
    { "qcolor=5", NULL, NULL, "1805", NULL, 0 },
    { "qtags=a qtags=b qtags=", NULL, NULL, "220161" "220162" "2200", NULL,
      0 },
    { "qfilter.text=a qfilter.numbers=1 qfilter.numbers=-0", NULL, NULL,
      "2a030a0161" "2a03120101" "2a03120100", NULL, 0 },
    { "qfilter.filter.flag=false", NULL, NULL, "2a0422021800", NULL, 0 },
    { "qmask=a,b_c,dE", NULL, NULL,
      "320d0a0161" "0a03625f63" "0a03645f65", NULL, 0 },
    { "qsince=1970-01-01T00:00:01Z qwait=2s qwrapped=3", NULL, NULL,
      "3a020801" "42020802" "4a020803", NULL, 0 },
    { "qwrapped=0 qwait=0s", NULL, NULL, "4a00" "4200", NULL, 0 },
    { "qsince.seconds=5", NULL, NULL, "3a020805", NULL, 0 },
    { "qname= qid=0", NULL, NULL, "", NULL, 0 },

    { "pname=x", NULL, "{\"id\":5}", "0a0178" "1005", NULL, 0 },
    { "pfilter.text=x", NULL, "{\"filter\":{\"flag\":true}}",
      "2a030a0178" "2a021801", NULL, 0 },
    { "pfilter.text=x", "filter", "{\"flag\":true}", "2a030a0178" "2a021801",
      NULL, 0 },
    { "pname=x", NULL, "{\"name\":null}", "0a0178", NULL, 0 },

    /* what a URL may not say */

    { "pname=x", NULL, "{\"name\":\"y\"}", NULL,
      "$.name: is given by the path", NGX_DECLINED },
    { "qname=x", NULL, "{\"name\":\"x\"}", NULL,
      "$.name: is given by the query", NGX_DECLINED },
    { "pfilter.text=x", NULL, "{\"filter\":{\"text\":\"y\"}}", NULL,
      "$.filter.text: is given by the path", NGX_DECLINED },
    { "pfilter.text=x", "filter", "{\"text\":\"y\"}", NULL,
      "$.text: is given by the path", NGX_DECLINED },
    { "qsince=1970-01-01T00:00:00Z", "since", "\"1970-01-01T00:00:00Z\"",
      NULL, "$: is given by the query", NGX_DECLINED },
    { "qtags=x", NULL, "{\"tags\":[]}", NULL,
      "$.tags: is given by the query", NGX_DECLINED },
    { "qnothing=x", NULL, NULL, NULL, "query parameter \"nothing\": "
      "kitchen.v1.GetRequest has no such field", NGX_ABORT },
    { "qfilter.nothing=x", NULL, NULL, NULL, "query parameter "
      "\"filter.nothing\": kitchen.v1.GetRequest.Filter has no such field",
      NGX_ABORT },
    { "qname.x=x", NULL, NULL, NULL, "query parameter \"name.x\": \"name\" is "
      "no message", NGX_ABORT },
    { "q=x", NULL, NULL, NULL, "query parameter \"\": kitchen.v1.GetRequest "
      "has no such field", NGX_ABORT },
    { "qfilter.=x", NULL, NULL, NULL, "query parameter \"filter.\": "
      "kitchen.v1.GetRequest.Filter has no such field", NGX_ABORT },
    { "qfilter=x", NULL, NULL, NULL, "query parameter \"filter\": is a "
      "message", NGX_DECLINED },
    { "qtags.x=x", NULL, NULL, NULL, "query parameter \"tags.x\": \"tags\" is "
      "a repeated field", NGX_DECLINED },
    { "pid=x", NULL, NULL, NULL, "path variable \"id\": \"x\" is no integer",
      NGX_DECLINED },
    { "pid=", NULL, NULL, NULL, "path variable \"id\": \"\" is no integer",
      NGX_DECLINED },
    { "qid=1 qid=2", NULL, NULL, NULL, "query parameter \"id\": has a value "
      "already", NGX_DECLINED },
    { "pid=1 qid=1", NULL, NULL, NULL, "query parameter \"id\": is given by "
      "the path", NGX_DECLINED },
    { "qsince.seconds=1 qsince=1970-01-01T00:00:00Z", NULL, NULL, NULL,
      "query parameter \"since\": has a value already", NGX_DECLINED },
    { "qsince=1970-01-01T00:00:00Z qsince.seconds=1", NULL, NULL, NULL,
      "query parameter \"since.seconds\": has a value already",
      NGX_DECLINED },
    { "qcolor=PINK", NULL, NULL, NULL, "query parameter \"color\": \"PINK\" is "
      "no value of the enum", NGX_DECLINED },
    { "qfilter.flag=yes", NULL, NULL, NULL, "query parameter \"filter.flag\": "
      "\"yes\" is neither true nor false", NGX_DECLINED },
    { "qname=\xff", NULL, NULL, NULL, "query parameter \"name\": \"?\" is no "
      "valid UTF-8", NGX_DECLINED },
    { "qsince=now", NULL, NULL, NULL, "query parameter \"since\": \"now\" is "
      "no timestamp (RFC 3339)", NGX_DECLINED },
    { "qmask=a,", NULL, NULL, NULL, "query parameter \"mask\": \"a,\" has an "
      "empty path", NGX_DECLINED }
};


static const mask_t  masks[] = {
    { X, NULL, "{}", "" },
    { X, NULL, "{\"name\":\"a\"}", "name" },
    { X, NULL, "{\"name\":null,\"scalars\":null}", "name,scalars" },
    { X, NULL, "{\"scalars\":{\"int32Value\":1,\"string_value\":\"\"}}",
      "scalars.int32_value,scalars.string_value" },
    { X, NULL, "{\"scalars\":{}}", "scalars" },
    { X, NULL, "{\"optionals\":{\"messageValue\":{\"boolValue\":true}}}",
      "optionals.message_value.bool_value" },
    { X, NULL, "{\"mixed\":[{\"name\":\"a\"}],\"aliases\":[]}",
      "mixed,aliases" },
    { X, NULL, "{\"maps\":{\"stringMessage\":{\"a\":{\"int32Value\":1}}}}",
      "maps.string_message" },
    { X, NULL, "{\"known\":{\"struct\":{\"a\":1},\"any\":{\"@type\":\"a/" S
      "\",\"int32Value\":1},\"int32Wrapper\":1,\"timestamp\":"
      "\"1970-01-01T00:00:00Z\",\"httpBody\":{\"data\":\"\"}}}",
      "known.struct,known.any,known.int32_wrapper,known.timestamp,"
      "known.http_body.data" },
    { U, "mixed", "{\"name\":\"a\",\"scalars\":{\"int32Value\":1}}",
      "name,scalars.int32_value" },
    { L, NULL, "{\"name\":\"a\",\"[legacy.v1.note]\":\"b\"}", "name" }
};


static ngx_str_t
slurp(const char *name)
{
    FILE       *f;
    ngx_str_t   text;

    f = fopen(name, "rb");

    if (f == NULL) {
        perror(name);
        exit(2);
    }

    text.data = malloc(1 << 20);
    text.len = fread(text.data, 1, 1 << 20, f);

    fclose(f);

    return text;
}


static ngx_gw_pb_message_t *
message_of(const char *name)
{
    ngx_gw_pb_message_t  *message;

    message = ngx_gw_pb_find_message(schema, (u_char *) name, strlen(name));

    if (message == NULL) {
        fprintf(stderr, "no message %s\n", name);
        exit(2);
    }

    return message;
}


static ngx_int_t
bind_all(ngx_gw_pb_parser_t *parser, const char *list)
{
    char       *copy, *s, *eq;
    ngx_int_t   rc;
    ngx_str_t   path, value;

    rc = NGX_OK;
    copy = strdup(list);

    for (s = strtok(copy, " "); s && rc == NGX_OK; s = strtok(NULL, " ")) {
        eq = strchr(s, '=');

        path.data = (u_char *) s + 1;
        path.len = eq - s - 1;

        value.len = strlen(eq + 1);
        value.data = unit_guard_end(eq + 1, value.len);

        rc = ngx_gw_pb_bind(parser, &path, &value, *s == 'q');
    }

    free(copy);

    return rc;
}


/* all of it; with the results in memory of their own */

static void
run(result_t *r, const char *name, const char *fname, const char *list,
    u_char *text, size_t len, size_t budget)
{
    ngx_int_t             rc;
    ngx_str_t             wire, mask;
    ngx_pool_t           *pool;
    const ngx_str_t      *error;
    ngx_gw_pb_field_t    *field;
    ngx_gw_pb_parser_t   *parser;
    ngx_gw_pb_message_t  *message;

    r->wire.len = 0;
    r->mask.len = 0;
    r->error[0] = '\0';
    r->rc = NGX_ERROR;

    message = message_of(name);
    field = fname ? ngx_gw_pb_find_field(message, (u_char *) fname,
                                         strlen(fname))
                  : NULL;

    pool = ngx_create_pool(4096, &ngx_stub_log);
    if (pool == NULL) {
        return;
    }

    parser = ngx_gw_pb_parser_create(pool, &conf, message, field, NULL);
    if (parser == NULL) {
        goto done;
    }

    rc = list ? bind_all(parser, list) : NGX_OK;

    if (rc == NGX_OK && text) {
        do {
            rc = ngx_gw_pb_parser_run(parser, text, len, budget);
        } while (rc == NGX_AGAIN);
    }

    if (rc == NGX_OK) {
        rc = ngx_gw_pb_parser_finish(parser, &wire);
    }

    r->rc = rc;

    if (rc == NGX_OK) {

        if (ngx_gw_pb_parser_mask(parser, &mask) != NGX_OK) {
            abort();
        }

        /* a head of 5 bytes fits in front */

        memset(wire.data - 5, 'h', 5);

        r->wire.len = wire.len;
        r->wire.data = wire_data;
        memcpy(wire_data, wire.data, wire.len);

        r->mask.len = mask.len;
        r->mask.data = mask_data;

        if (mask.len) {
            memcpy(mask_data, mask.data, mask.len);
        }

    } else if (rc != NGX_ERROR) {
        error = ngx_gw_pb_parser_error(parser);

        if (error->len == 0 || error->len >= 512) {
            abort();
        }

        memcpy(r->error, error->data, error->len);
        r->error[error->len] = '\0';
    }

done:

    ngx_destroy_pool(pool);
}


static ngx_uint_t
is_hex(ngx_str_t *s, const char *hex)
{
    size_t  i;
    char    two[3];

    if (strlen(hex) != s->len * 2) {
        return 0;
    }

    for (i = 0; i < s->len; i++) {
        snprintf(two, sizeof(two), "%02x", s->data[i]);

        if (memcmp(two, hex + 2 * i, 2) != 0) {
            return 0;
        }
    }

    return 1;
}


static const char *
to_hex(ngx_str_t *s)
{
    size_t        i;

    static char  text[512];

    for (i = 0; i < s->len && i < 250; i++) {
        snprintf(text + 2 * i, 3, "%02x", s->data[i]);
    }

    text[2 * i] = '\0';

    return text;
}


static void
test_goods(void)
{
    size_t         len, budget;
    ngx_uint_t     i, bad;
    result_t       r;
    const good_t  *g;

    for (i = 0; i < N(goods); i++) {
        g = &goods[i];
        len = strlen(g->text);

        run(&r, g->message, g->field, NULL, unit_guard_begin(g->text, len),
            len, SIZE_MAX);
        bad = r.rc != NGX_OK || !is_hex(&r.wire, g->wire);

        for (budget = 1; !bad && budget <= len + 1; budget++) {
            run(&r, g->message, g->field, NULL, unit_guard_end(g->text, len),
                len, budget);
            bad = r.rc != NGX_OK || !is_hex(&r.wire, g->wire);
        }

        unit_ok(!bad, "%s %s: %s", g->message, g->text, g->wire);

        if (bad) {
            fprintf(stderr, "# %s %s\n", to_hex(&r.wire), r.error);
        }
    }
}


static void
test_bads(void)
{
    size_t        len, budget;
    ngx_uint_t    i, bad;
    result_t      r;
    const bad_t  *b;

    for (i = 0; i < N(bads); i++) {
        b = &bads[i];
        len = strlen(b->text);

        run(&r, b->message, NULL, NULL, unit_guard_begin(b->text, len), len,
            SIZE_MAX);
        bad = r.rc != NGX_DECLINED || strcmp(r.error, b->error) != 0;

        for (budget = 1; !bad && budget <= len + 1; budget++) {
            run(&r, b->message, NULL, NULL, unit_guard_end(b->text, len), len,
                budget);
            bad = r.rc != NGX_DECLINED || strcmp(r.error, b->error) != 0;
        }

        unit_ok(!bad, "%s", b->error);

        if (bad) {
            fprintf(stderr, "# %d %s\n", (int) r.rc, r.error);
        }
    }
}


/* what is good is not when it is cut, whatever is missing */

static void
test_cut(void)
{
    size_t         len, n;
    ngx_uint_t     i, bad;
    result_t       r;
    const good_t  *g;

    bad = 0;

    for (i = 0; i < N(goods); i++) {
        g = &goods[i];
        len = strlen(g->text);

        /* spaces at the end, and numbers, may be missed */

        for (n = 0; n + 1 < len && strchr("{[\"n", g->text[0]); n++) {
            run(&r, g->message, g->field, NULL, unit_guard_end(g->text, n), n,
                SIZE_MAX);

            if (r.rc != NGX_DECLINED) {
                bad++;
                fprintf(stderr, "# %.*s\n", (int) n, g->text);
            }
        }
    }

    unit_ok(!bad, "texts that are cut are refused");
}


static void
test_binds(void)
{
    size_t         len;
    ngx_uint_t     i, bad;
    result_t       r;
    const bind_t  *b;

    for (i = 0; i < N(binds); i++) {
        b = &binds[i];
        len = b->text ? strlen(b->text) : 0;

        run(&r, G, b->field, b->binds, (u_char *) b->text, len, 1);

        bad = r.rc != b->rc
              || (b->wire ? !is_hex(&r.wire, b->wire)
                          : strcmp(r.error, b->error) != 0);

        unit_ok(!bad, "%s %s: %s", b->binds, b->text ? b->text : "",
                b->wire ? b->wire : b->error);

        if (bad) {
            fprintf(stderr, "# %d %s %s\n", (int) r.rc, to_hex(&r.wire),
                    r.error);
        }
    }
}


/* each of its own schema: oneofs, groups, required fields */

static void
test_more_binds(void)
{
    result_t     r;
    const char  *text;

    run(&r, F, NULL, "qtext=a qnumber=1", NULL, 0, 1);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "query parameter \"number\": another field of "
                      "its oneof has a value") == 0, "bind: %s", r.error);

    text = "{\"number\":1}";
    run(&r, F, NULL, "qtext=a", (u_char *) text, strlen(text), 1);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "$.number: another field of its oneof has a "
                      "value") == 0, "bind: %s", r.error);

    text = "{\"scalars\":{\"int64Value\":1}}";
    run(&r, F, NULL, "qscalars.int32Value=1", (u_char *) text, strlen(text),
        1);
    unit_ok(r.rc == NGX_OK && is_hex(&r.wire, "1a022801" "1a021801"),
            "bind: one field of a oneof, in part: %s", to_hex(&r.wire));

    text = "\"a\"";
    run(&r, F, "text", "qnumber=1", (u_char *) text, strlen(text), 1);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "$: another field of its oneof has a value")
               == 0, "bind: %s", r.error);

    run(&r, S, NULL, "qbytesValue=-_8", NULL, 0, 1);
    unit_ok(r.rc == NGX_OK && is_hex(&r.wire, "5202fbff"),
            "bind: base64: %s", to_hex(&r.wire));

    run(&r, S, NULL, "qbytesValue=AAAAA", NULL, 0, 1);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "query parameter \"bytesValue\": \"AAAAA\" is "
                      "no base64") == 0, "bind: %s", r.error);

    run(&r, L, NULL, "qname=a qgroup.a=1", NULL, 0, 1);
    unit_ok(r.rc == NGX_OK && is_hex(&r.wire, "0a0161" "33080134"),
            "bind: a group: %s", to_hex(&r.wire));

    run(&r, L, NULL, "qgroup.a=1", NULL, 0, 1);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "\"name\" of legacy.v1.Legacy is required")
               == 0, "bind: %s", r.error);

    run(&r, L, NULL, "qname=a qself.text=b", NULL, 0, 1);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "\"name\" of legacy.v1.Legacy is required")
               == 0, "bind: in a message: %s", r.error);

    text = "{\"self\":{\"text\":\"b\"}}";
    run(&r, L, NULL, "qname=a qself.name=b", (u_char *) text, strlen(text), 1);
    unit_ok(r.rc == NGX_OK && is_hex(&r.wire, "0a0161" "42030a0162"
                                     "4203520162"),
            "bind: what is required is bound: %s", to_hex(&r.wire));

    text = "{\"a\":1}";
    run(&r, L, "group", NULL, (u_char *) text, strlen(text), 1);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "$: \"name\" of legacy.v1.Legacy is required")
               == 0, "bind: a field without it: %s", r.error);

    run(&r, L, "group", "qname=", (u_char *) text, strlen(text), 1);
    unit_ok(r.rc == NGX_OK && is_hex(&r.wire, "0a00" "33080134"),
            "bind: a field with it: %s", to_hex(&r.wire));

    text = "null";
    run(&r, L, "name", NULL, (u_char *) text, strlen(text), 1);
    unit_ok(r.rc == NGX_DECLINED && strcmp(r.error, "$: is required") == 0,
            "null for a required field: %s", r.error);

    run(&r, L, NULL, "qname=a q[legacy.v1.Legacy.within].name=b "
        "q[legacy.v1.note]=c", NULL, 0, 1);
    unit_ok(r.rc == NGX_OK && is_hex(&r.wire, "0a0161" "a206030a0162"
                                     "b2060163"),
            "bind: extensions: %s", to_hex(&r.wire));
}


/* a parameter that is ignored leaves nothing behind */

static void
test_ignored(void)
{
    ngx_int_t            rc;
    ngx_str_t            name = ngx_string("nothing");
    ngx_str_t            id = ngx_string("id");
    ngx_str_t            value = ngx_string("1");
    ngx_str_t            wire;
    ngx_pool_t          *pool;
    ngx_gw_pb_parser_t  *parser;

    pool = ngx_create_pool(4096, &ngx_stub_log);
    parser = ngx_gw_pb_parser_create(pool, &conf, message_of(G), NULL, NULL);

    rc = ngx_gw_pb_bind(parser, &name, &value, 1);
    unit_ok(rc == NGX_ABORT, "bind: no such field");

    rc = ngx_gw_pb_bind(parser, &id, &value, 1);
    unit_ok(rc == NGX_OK, "bind: another one after it");

    rc = ngx_gw_pb_bind(parser, &name, &value, 1);
    rc = ngx_gw_pb_parser_run(parser, (u_char *) "{x", 2, 1);
    unit_ok(rc == NGX_DECLINED
            && ngx_strncmp(ngx_gw_pb_parser_error(parser)->data, "$: ", 3)
               == 0, "bind: the error is that of the text");

    ngx_destroy_pool(pool);

    pool = ngx_create_pool(4096, &ngx_stub_log);
    parser = ngx_gw_pb_parser_create(pool, &conf, message_of(G), NULL, NULL);

    (void) ngx_gw_pb_bind(parser, &id, &value, 1);
    (void) ngx_gw_pb_bind(parser, &name, &value, 1);

    rc = ngx_gw_pb_parser_finish(parser, &wire);
    unit_ok(rc == NGX_OK && is_hex(&wire, "1001"), "bind: what is not ignored");

    ngx_destroy_pool(pool);
}


static void
test_masks(void)
{
    size_t         len;
    char           text[1024];
    u_char        *p, *last;
    uint64_t       n;
    ngx_uint_t     i, bad;
    result_t       r;
    const u_char  *q;
    const mask_t  *m;

    conf.mask = 1;

    for (i = 0; i < N(masks); i++) {
        m = &masks[i];
        len = strlen(m->text);

        run(&r, m->message, m->field, NULL, unit_guard_end(m->text, len), len,
            i % 2 ? 1 : SIZE_MAX);

        /* paths, each behind its tag and length, again with commas */

        p = r.mask.data;
        last = p + r.mask.len;
        len = 0;

        while (r.mask.len && p < last && *p == 0x0a) {
            q = ngx_gw_pb_read_varint(p + 1, last, &n);

            if (q == NULL || n > (uint64_t) (last - q)) {
                break;
            }

            len += snprintf(text + len, sizeof(text) - len, "%s%.*s",
                            len ? "," : "", (int) n, q);
            p = (u_char *) q + n;
        }

        text[len] = '\0';

        bad = r.rc != NGX_OK || strcmp(text, m->mask) != 0
              || (r.mask.len && p != last);

        unit_ok(!bad, "mask of %s: %s", m->text, m->mask);

        if (bad) {
            fprintf(stderr, "# %s %s\n", text, r.error);
        }
    }

    conf.mask = 0;
}


/* no byte more than max_size, and all of it */

static void
test_limit(void)
{
    char           text[4096], *p;
    size_t         n, len, need;
    ngx_uint_t     i, bad;
    result_t       r;

    static const char  *what[] = {
        "long strings", "escapes", "messages with lengths put in", "numbers",
        "base64", "many values"
    };

    for (i = 0; i < N(what); i++) {

        p = text;

        switch (i) {

        case 0:
            p += sprintf(p, "{\"stringValues\":[\"%0500d\",\"%0500d\"]}", 1,
                         2);
            break;

        case 1:
            p += sprintf(p, "{\"stringValues\":[\"");

            for (n = 0; n < 500; n++) {
                p += sprintf(p, "\\u0061");
            }

            p += sprintf(p, "\"]}");
            break;

        case 2:
            p += sprintf(p, "{\"messageValues\":[{\"stringValue\":\"%0125d\"},"
                         "{\"stringValue\":\"%0126d\"}]}", 1, 2);
            break;

        case 3:
            p += sprintf(p, "{\"fixed64Values\":[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,"
                         "7,8,9,1,2,3,4,5,6,7,8,9]}");
            break;

        case 4:
            p += sprintf(p, "{\"bytesValues\":[\"%0400d\",\"%0400d\"]}", 1, 2);
            break;

        default:
            p += sprintf(p, "{\"unpackedValues\":[0");

            for (n = 0; n < 900; n++) {
                p += sprintf(p, ",0");
            }

            p += sprintf(p, "]}");
        }

        len = p - text;

        run(&r, R, NULL, NULL, (u_char *) text, len, SIZE_MAX);
        need = r.wire.len;
        bad = r.rc != NGX_OK || need == 0;

        conf.max_size = need;
        run(&r, R, NULL, NULL, (u_char *) text, len, 100);
        bad |= r.rc != NGX_OK || r.wire.len != need;

        for (n = 0; n < need; n++) {
            conf.max_size = n;
            run(&r, R, NULL, NULL, (u_char *) text, len, 100);
            bad |= r.rc != NGX_ABORT;
        }

        conf.max_size = MAX_SIZE;

        unit_ok(!bad, "limit: %s, %zu bytes: %s", what[i], need, r.error);
    }
}


/* nested as deep as can be, each length greater than the one before */

static void
test_lengths(void)
{
    char        *text, *p;
    u_char      *q, *end;
    size_t       i, n, fill;
    uint64_t     len;
    ngx_uint_t   bad, depth;
    result_t     r;

    text = malloc(1 << 20);

    for (fill = 0; fill <= 40000; fill = fill < 300 ? fill + 1 : fill * 3) {

        p = text;

        for (i = 0; i < 97; i++) {
            p += sprintf(p, "{\"self\":");
        }

        p += sprintf(p, "{\"byName\":{\"");
        memset(p, 'x', fill);
        p += fill;
        p += sprintf(p, "\":{}}}");

        for (i = 0; i < 97; i++) {
            *p++ = '}';
        }

        run(&r, I, NULL, NULL, (u_char *) text, p - text, SIZE_MAX);

        bad = r.rc != NGX_OK;
        q = r.wire.data;
        end = q + r.wire.len;

        for (depth = 0; !bad && depth < 97; depth++) {
            bad = (*q != 0x22);
            q = (u_char *) ngx_gw_pb_read_varint(q + 1, end, &len);
            bad |= (q == NULL || len != (uint64_t) (end - q));
        }

        if (bad) {
            break;
        }
    }

    unit_ok(!bad, "lengths of 97 messages in each other, up to %zu bytes: %s",
            fill, r.error);

    /* one beside the other, in the middle of what is longer */

    p = text;
    p += sprintf(p, "{\"selves\":[");

    for (i = 0; i < 2000; i++) {
        p += sprintf(p, "%s{\"byName\":{\"%0*d\":{}}}", i ? "," : "",
                     (int) (i % 300), 1);
    }

    p += sprintf(p, "]}");

    run(&r, I, NULL, NULL, (u_char *) text, p - text, 1000);

    bad = r.rc != NGX_OK;
    q = r.wire.data;
    end = q + r.wire.len;

    for (n = 0; !bad && q < end; n++) {
        bad = (*q != 0x2a);
        q = (u_char *) ngx_gw_pb_read_varint(q + 1, end, &len);
        bad |= (q == NULL || len > (uint64_t) (end - q));
        i = n % 300 ? n % 300 : 1;
        i += 2 + (i > 127) + 2;
        i += 1 + (i > 127) + 1;
        bad |= (len != i);
        q += len;
    }

    unit_ok(!bad && n == 2000, "lengths of 2000 messages: %zu", n);

    free(text);
}


/* keys of maps by the thousand, at one depth and again */

static void
test_keys(void)
{
    char        *text, *p;
    ngx_uint_t   i;
    result_t     r;

    text = malloc(1 << 20);

    p = text;
    p += sprintf(p, "{\"nested\":{\"selves\":[],\"byName\":{");

    for (i = 0; i < 5000; i++) {
        p += sprintf(p, "%s\"key %u\":{}", i ? "," : "", (unsigned) i);
    }

    sprintf(p, "}},\"maps\":{\"int32String\":{\"1\":\"\",\"2\":\"\"},"
            "\"stringEnum\":{\"1\":0,\"2\":0}}}");

    run(&r, X, NULL, NULL, (u_char *) text, strlen(text), SIZE_MAX);
    unit_ok(r.rc == NGX_OK, "5000 keys: %s", r.error);

    sprintf(p, ",\"key 77\":{}}}}");

    run(&r, X, NULL, NULL, (u_char *) text, strlen(text), SIZE_MAX);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "$.nested.byName[\"key 77\"]: is there twice")
               == 0, "5000 keys and one twice: %s", r.error);

    sprintf(p, "}},\"maps\":{\"int32String\":{\"1\":\"\",\"1\":\"\"}}}");

    run(&r, X, NULL, NULL, (u_char *) text, strlen(text), SIZE_MAX);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "$.maps.int32String[\"1\"]: is there twice")
               != 0, "few keys after many: %s", r.error);

    free(text);
}


/* an Any in an Any, each with its type at the end: it is linear */

static void
test_ahead(void)
{
    char        *text, *p;
    size_t       len;
    ngx_uint_t   i, bad;
    result_t     r;
    ngx_str_t    whole;

    text = malloc(1 << 20);
    p = text;

    for (i = 0; i < 98; i++) {
        p += sprintf(p, "{\"value\":");
    }

    p += sprintf(p, "{\"stringValue\":\"%05000d\",\"@type\":\"a/" S "\"}", 1);

    for (i = 0; i < 98; i++) {
        p += sprintf(p, ",\"@type\":\"a/google.protobuf.Any\"}");
    }

    len = p - text;

    run(&r, P "Any", NULL, NULL, (u_char *) text, len, SIZE_MAX);

    whole.len = r.wire.len;
    whole.data = malloc(r.wire.len + 1);
    memcpy(whole.data, wire_data, r.wire.len);

    bad = r.rc != NGX_OK;

    for (i = 1; !bad && i < 100; i = i * 2 + 1) {
        run(&r, P "Any", NULL, NULL, unit_guard_end(text, len), len, i);
        bad = r.rc != NGX_OK || r.wire.len != whole.len
              || memcmp(wire_data, whole.data, whole.len) != 0;
    }

    unit_ok(!bad, "98 Anys in each other, types behind: %s", r.error);

    free(whole.data);
    free(text);
}


/* no run reads much more than it may, of the text or on ahead */

static void
test_budget(void)
{
    char                *text, *p;
    ngx_int_t            rc;
    ngx_str_t            wire;
    ngx_uint_t           i, n;
    ngx_pool_t          *pool;
    ngx_gw_pb_parser_t  *parser;

    text = malloc(1 << 20);
    p = text;

    p += sprintf(p, "{\"stringValues\":[\"\"");

    for (i = 0; i < 10000; i++) {
        p += sprintf(p, ",\"\"");
    }

    p += sprintf(p, "],\"@type\":\"a/" R "\"}");

    pool = ngx_create_pool(4096, &ngx_stub_log);
    parser = ngx_gw_pb_parser_create(pool, &conf, message_of(P "Any"), NULL,
                                     NULL);
    n = 0;

    do {
        rc = ngx_gw_pb_parser_run(parser, (u_char *) text, p - text, 1000);
        n++;
    } while (rc == NGX_AGAIN);

    unit_ok(rc == NGX_OK && n >= 60 && n <= 64
            && ngx_gw_pb_parser_finish(parser, &wire) == NGX_OK
            && wire.len > 20000, "%d runs of 1000 bytes, of %d bytes twice",
            (int) n, (int) (p - text));

    ngx_destroy_pool(pool);
    free(text);
}


/* where an error is, however long the way to it */

static void
test_paths(void)
{
    char        *text, *p;
    ngx_uint_t   i;
    result_t     r;

    text = malloc(1 << 20);
    p = text;

    for (i = 0; i < 90; i++) {
        p += sprintf(p, "{\"self\":");
    }

    sprintf(p, "{\"choice\":\"x\"");

    run(&r, I, NULL, NULL, (u_char *) text, strlen(text), SIZE_MAX);
    unit_ok(r.rc == NGX_DECLINED
            && strncmp(r.error, "$....self.self", 14) == 0
            && strstr(r.error, ".self.choice: \"x\" is no value of the enum"),
            "a long path is cut in front: %s", r.error);

    p = text;
    p += sprintf(p, "{\"byName\":{\"");

    for (i = 0; i < 100; i++) {
        p += sprintf(p, "\xe2\x82\xac");
    }

    sprintf(p, "\":1}}");

    run(&r, I, NULL, NULL, (u_char *) text, strlen(text), SIZE_MAX);
    unit_ok(r.rc == NGX_DECLINED
            && strcmp(r.error, "$.byName[\"\xe2\x82\xac\xe2\x82\xac\xe2\x82"
                      "\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                      "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2"
                      "\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac...\"]: 1 "
                      "is no object") == 0,
            "a long key is cut between characters: %s", r.error);

    p = text;

    for (i = 0; i < 100; i++) {
        p += sprintf(p, "[");
    }

    sprintf(p, "[");

    run(&r, P "ListValue", NULL, NULL, (u_char *) text, strlen(text),
        SIZE_MAX);
    unit_ok(r.rc == NGX_DECLINED && strstr(r.error, "nested deeper than 100"),
            "too deep: %s", r.error);

    free(text);
}


/* of the same number in many forms, the same double */

static void
test_numbers(void)
{
    char        text[2048];
    double      want, got;
    ngx_uint_t  i, bad;
    result_t    r;

    bad = 0;
    srandom(1);

    for (i = 0; i < 60000; i++) {

        switch (i % 6) {

        case 0:
            snprintf(text, sizeof(text), "%ld%ld.%lde%ld", 1 + random(),
                     random(), random(), random() % 60 - 30);
            break;

        case 1:
            snprintf(text, sizeof(text), "%lde%ld", 1 + random(),
                     random() % 660 - 340);
            break;

        case 2:
            snprintf(text, sizeof(text), "%ld.%02ld", random() % 100000,
                     random() % 100);
            break;

        case 3:
            /* halfway between two doubles, and next to it */
            snprintf(text, sizeof(text), "%llu%s",
                     (1ull << 53) + 2 * (random() % 1000000) + 1,
                     i % 4 == 1 ? "" : i % 4 == 3 ? ".0000000000000000001"
                                                  : "e0");
            break;

        case 4:
            snprintf(text, sizeof(text), "%.17g",
                     (double) random() * random() / (1 + random() % 1000000));
            break;

        default:
            snprintf(text, sizeof(text), "%ld%018ld%018ld%018ld.%018lde-%ld",
                     1 + random(), random(), random(), random(), random(),
                     random() % 80);
        }

        want = strtod(text, NULL);

        if (want > 1e308) {
            continue;
        }

        run(&r, P "DoubleValue", NULL, NULL, (u_char *) text, strlen(text),
            SIZE_MAX);

        got = 0;

        if (r.rc == NGX_OK && r.wire.len == 9) {
            memcpy(&got, r.wire.data + 1, 8);
        }

        if (r.rc != NGX_OK || got != want) {
            fprintf(stderr, "# %s: %.17g, not %.17g %s\n", text, got, want,
                    r.error);
            bad++;
        }
    }

    unit_ok(!bad, "60000 doubles are as strtod() has them");
}


static void
test_floats(void)
{
    char        text[64];
    float       want, got, f;
    double      d;
    uint32_t    bits;
    ngx_uint_t  i, bad;
    result_t    r;

    bad = 0;

    for (i = 0; i < 60000; i++) {

        bits = (uint32_t) random() << 1 ^ random();
        bits &= 0x7fffffff;
        memcpy(&f, &bits, 4);

        if (!(f < 3e38f)) {
            continue;
        }

        switch (i % 3) {

        case 0:
            snprintf(text, sizeof(text), "%.9g", f);
            break;

        case 1:
            /* halfway to the next one, in as many digits as there are */
            bits++;
            memcpy(&want, &bits, 4);
            d = ((double) f + want) / 2;
            snprintf(text, sizeof(text), "%.50g", d);
            break;

        default:
            bits++;
            memcpy(&want, &bits, 4);
            d = ((double) f + want) / 2;
            snprintf(text, sizeof(text), "%.17g", d);
        }

        want = strtof(text, NULL);

        run(&r, P "FloatValue", NULL, NULL, (u_char *) text, strlen(text),
            SIZE_MAX);

        got = 0;

        if (r.rc == NGX_OK && r.wire.len == 5) {
            memcpy(&got, r.wire.data + 1, 4);
        }

        if (r.rc != NGX_OK || got != want) {
            fprintf(stderr, "# %s: %.9g, not %.9g %s\n", text, got, want,
                    r.error);
            bad++;
        }
    }

    unit_ok(!bad, "60000 floats are as strtof() has them");
}


/* no memory, after each number of allocations */

static void
test_memory(void)
{
    char          *text, *p;
    ngx_int_t      n;
    ngx_uint_t     i, bad;
    result_t       r;
    const char    *list;

    text = malloc(1 << 20);

    for (i = 0; i < 4; i++) {

        list = NULL;
        p = text;

        switch (i) {

        case 0:
            p += sprintf(p, "{\"nested\":");

            for (n = 0; n < 40; n++) {
                p += sprintf(p, "{\"self\":");
            }

            p += sprintf(p, "{\"byName\":{");

            for (n = 0; n < 100; n++) {
                p += sprintf(p, "%s\"%0200d\":{}", n ? "," : "", (int) n);
            }

            p += sprintf(p, "}}");

            for (n = 0; n < 40; n++) {
                *p++ = '}';
            }

            p += sprintf(p, "}");
            break;

        case 1:
            p += sprintf(p, "{\"known\":{\"any\":{\"x\\u0061\":[");

            for (n = 0; n < 40; n++) {
                p += sprintf(p, "{\"@type\":\"a\"},");
            }

            p += sprintf(p, "1],\"stringValue\":\"%01000d\\n\",\"bytesValue\":"
                         "\"%s\\u002f\",\"@type\":\"a/" S "\"}}}", 1,
                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                         );
            break;

        case 2:
            list = "pname=a qscalars.stringValue=b qscalars.int32Value=1";
            p += sprintf(p, "{\"scalars\":{\"boolValue\":true},\"optionals\":"
                         "{\"messageValue\":{\"int32Value\":1}},\"mixed\":[]}");
            break;

        default:
            p += sprintf(p, "{\"scalars\":{\"boolValue\":1}}");
        }

        conf.ignore_unknown = 1;
        conf.mask = 1;

        for (n = 0; n < 1000; n++) {
            ngx_stub_allocs_left = n;

            run(&r, X, NULL, list, (u_char *) text, p - text, 50);

            if (r.rc != NGX_ERROR) {
                break;
            }
        }

        ngx_stub_allocs_left = -1;

        bad = r.rc != (i == 3 ? NGX_DECLINED : NGX_OK);

        unit_ok(!bad && n > 3, "no memory, %d times: %s", (int) n, r.error);

        conf.ignore_unknown = 0;
        conf.mask = 0;
    }

    free(text);
}


int
main(void)
{
    ngx_int_t   rc;
    ngx_str_t   texts[2], error;
    ngx_uint_t  which;

    texts[0] = slurp("t/data/proto/kitchen.pb");
    texts[1] = slurp("t/data/proto/legacy.pb");

    conf_pool = ngx_create_pool(4096, &ngx_stub_log);

    rc = ngx_gw_pb_load(conf_pool, texts, 2, &schema, &which, &error);
    unit_ok(rc == NGX_OK, "the schema is loaded");

    conf.schema = schema;
    conf.max_size = MAX_SIZE;

    test_goods();
    test_bads();
    test_cut();
    test_binds();
    test_more_binds();
    test_ignored();
    test_masks();
    test_limit();
    test_lengths();
    test_keys();
    test_ahead();
    test_budget();
    test_paths();
    test_numbers();
    test_floats();
    test_memory();

    free(texts[0].data);
    free(texts[1].data);
    ngx_destroy_pool(conf_pool);

    return unit_done();
}
