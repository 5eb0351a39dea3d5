/* unit: ngx_gw_transcode/ngx_gw_pb.c ngx_gw_transcode/ngx_gw_pb_load*.c
   ngx_gw_common/ngx_gw_json*.c */

/*
 * ngx_gw_pb: what is loaded and what is refused, with the message; lookups in
 * small and large tables; the wire format; texts that are cut or changed; no
 * memory.  t/transcode-tables.t compares tables as a whole.
 */


#include "pb_help.h"


/*
 * Descriptors are written here in a text of their own: 1"abc" is field 1 with
 * these bytes, 1:5 is a varint, 1{...} is what is in the braces.
 */

#define SET(name, syntax, body)                                               \
    "1{1\"" name "\" 12\"" syntax "\" " body "}"
#define FILE2(body)  SET("a.proto", "proto2", "2\"p\" " body)
#define FILE3(body)  SET("a.proto", "proto3", "2\"p\" " body)
#define EDITION(n, body)  SET("a.proto", "editions", "2\"p\" 14:" n " " body)

#define MESSAGE(name, body)  "4{1\"" name "\" " body "}"
#define NESTED(name, body)   "3{1\"" name "\" " body "}"

#define BODY(name, number, type, more)                                        \
    "1\"" name "\" 3:" #number " 5:" #type " " more
#define FIELD(name, number, type, more)                                       \
    "2{" BODY(name, number, type, more) "}"
#define EXTEND(name, number, type, of, more)                                  \
    "7{" BODY(name, number, type, "2\"" of "\" " more) "}"

#define ENUM(name, body)     "5{1\"" name "\" " body "}"
#define VALUE(name, number)  "2{1\"" name "\" 2:" #number "}"

#define SERVICE(body)  "6{1\"S\" " body "}"
#define METHOD(name, in, out, more)                                           \
    "2{1\"" name "\" 2\"" in "\" 3\"" out "\" " more "}"
#define RULE(body)  "4{72295728{" body "}}"

#define REPEATED  "4:3"
#define OF(type)  "6\"" type "\" "

#define HINT  " (is the set made with --include_imports?)"


static ngx_pool_t          *pool;
static ngx_gw_pb_schema_t  *schema;
static ngx_uint_t           which;
static ngx_str_t            error;


static const char *
build_fields(const char *p, u_char **out)
{
    char         *rest;
    size_t        len;
    u_char       *start, head[10];
    uint64_t      number;
    const char   *last;

    for ( ;; ) {
        while (*p == ' ') {
            p++;
        }

        if (*p == '\0' || *p == '}') {
            return p;
        }

        number = strtoull(p, &rest, 10);
        p = rest;

        switch (*p++) {

        case ':':
            *out = ngx_gw_pb_write_varint(*out, number << 3);
            *out = ngx_gw_pb_write_varint(*out,
                                     (uint64_t) strtoll(p, &rest, 10));
            p = rest;
            break;

        case '"':
            last = strchr(p, '"');
            *out = ngx_gw_pb_write_varint(*out, number << 3 | 2);
            *out = ngx_gw_pb_write_varint(*out, last - p);
            memcpy(*out, p, last - p);
            *out += last - p;
            p = last + 1;
            break;

        case '{':
            *out = ngx_gw_pb_write_varint(*out, number << 3 | 2);
            start = *out;
            p = build_fields(p, out) + 1;

            len = *out - start;
            number = ngx_gw_pb_write_varint(head, len) - head;

            memmove(start + number, start, len);
            memcpy(start, head, number);
            *out += number;
            break;

        default:
            fprintf(stderr, "malformed: %s\n", p - 1);
            abort();
        }
    }
}


static ngx_str_t
build(const char *text)
{
    u_char     *out;
    ngx_str_t   s;

    s.data = malloc(strlen(text) * 12 + 1);
    out = s.data;

    (void) build_fields(text, &out);

    s.len = out - s.data;

    return s;
}


static ngx_str_t
slurp(const char *name)
{
    FILE       *f;
    ngx_str_t   s;

    f = fopen(name, "rb");

    if (f == NULL) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        exit(1);
    }

    s.data = malloc(1 << 20);
    s.len = fread(s.data, 1, 1 << 20, f);

    fclose(f);

    return s;
}


static ngx_int_t
load_texts(const ngx_str_t *texts, ngx_uint_t n)
{
    if (pool) {
        ngx_destroy_pool(pool);
    }

    pool = ngx_create_pool(4096, &ngx_stub_log);

    schema = NULL;
    which = 77;

    return ngx_gw_pb_load(pool, texts, n, &schema, &which, &error);
}


/* the text ends before a guard page */

static ngx_int_t
load(const u_char *data, size_t len)
{
    ngx_str_t  text;

    text.data = unit_guard_end(data, len);
    text.len = len;

    return load_texts(&text, 1);
}


static ngx_int_t
load_built(const char *text)
{
    ngx_int_t  rc;
    ngx_str_t  s;

    s = build(text);
    rc = load(s.data, s.len);
    free(s.data);

    return rc;
}


static ngx_gw_pb_message_t *
message(const char *name)
{
    ngx_gw_pb_message_t  *m;

    m = ngx_gw_pb_find_message(schema, (u_char *) name, strlen(name));

    if (m == NULL) {
        fprintf(stderr, "no message %s\n", name);
        abort();
    }

    return m;
}


static ngx_gw_pb_field_t *
field(ngx_gw_pb_message_t *m, const char *name)
{
    return ngx_gw_pb_find_field(m, (u_char *) name, strlen(name));
}


static int
is(const ngx_str_t *s, const char *text)
{
    return s->len == strlen(text) && memcmp(s->data, text, s->len) == 0;
}


static void
refuse(ngx_int_t rc, const char *why, const char *name)
{
    int  ok;

    if (why == NULL) {
        ok = (rc == NGX_OK);

        if (ok) {
            walk(schema);
        }

    } else {
        ok = (rc == NGX_DECLINED && is(&error, why));
    }

    unit_ok(ok, "%s: %s", why ? "refused" : "loaded", name);

    if (!ok) {
        printf("# %d: \"%.*s\"\n# is not \"%s\"\n", (int) rc,
               (int) error.len, error.data, why ? why : "");
    }
}


/* what is wrong, or nothing (NULL) */

static const struct {
    const char  *name;
    const char  *text;
    const char  *why;
} sets[] = {

    { "no more than a name", FILE3(""), NULL },

    { "fields that are not known", FILE3("99\"x\" 98:1 8{97{1:1}}")
      "2:1 3\"x\"", NULL },

    { "a file without a name", "1{2\"p\"}", "has a file without a name" },

    { "the default syntax", "1{1\"a\" " MESSAGE("M", FIELD("f", 1, 5, "4:2"))
      "}", NULL },

    { "another syntax", SET("a.proto", "proto4", ""),
      "file \"a.proto\": unknown syntax \"proto4\"" },

    { "edition 2023", EDITION("1000", ""), NULL },
    { "edition 2024", EDITION("1001", ""), NULL },

    { "an edition to come", EDITION("1002", ""),
      "file \"a.proto\": edition 1002 is not known; 2023 (1000) and 2024 "
      "(1001) are" },

    { "an unknown feature", EDITION("1000", "8{50{99:1}}"), NULL },

    { "an unknown value of a feature", EDITION("1000", "8{50{5:3}}"),
      "feature 5 of an edition has an unknown value, 3" },

    { "a package that is none", SET("a.proto", "proto3", "2\"a..b\""),
      "file \"a.proto\": \"a..b\" is no name of a package" },

    { "a package that ends in a dot", SET("a.proto", "proto3", "2\"a.\""),
      "file \"a.proto\": \"a.\" is no name of a package" },

    { "an import that is missing", FILE3("3\"b.proto\""),
      "file \"a.proto\" imports \"b.proto\", which is missing" HINT },

    { "an import that comes later",
      FILE3("3\"b.proto\"") SET("b.proto", "proto3", ""), NULL },

    { "a file twice", FILE3("") FILE3(""), NULL },

    { "a file twice, one with source_code_info",
      FILE3(MESSAGE("M", "")) FILE3("9{1{1\"x\"}} " MESSAGE("M", "") "9{}"),
      NULL },

    { "a file twice, with other options",
      FILE3("8{11\"x\"}" MESSAGE("M", "")) FILE3(MESSAGE("M", "") "8{1\"y\"}"),
      NULL },

    { "a file twice, with other features",
      EDITION("1000", "8{50{1:1}}") EDITION("1000", "8{50{1:2}}"),
      "file \"a.proto\" comes twice, and not the same" },

    { "a file twice, and not the same",
      FILE3("") FILE3(MESSAGE("M", "")),
      "file \"a.proto\" comes twice, and not the same" },

    { "a message twice in a file",
      FILE3(MESSAGE("M", "") MESSAGE("M", "")),
      "file \"a.proto\" defines \"p.M\" twice" },

    { "a message and an enum of one name",
      FILE3(MESSAGE("M", "") ENUM("M", VALUE("A", 0))),
      "file \"a.proto\" defines \"p.M\" twice" },

    { "a message in two files",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "") NESTED("N", "")))
      SET("b.proto", "proto3",
          "2\"p\" " MESSAGE("M", FIELD("f", 1, 5, "") NESTED("N", ""))
          MESSAGE("O", FIELD("m", 1, 11, OF(".p.M.N")))), NULL },

    { "a message in two files, and not the same",
      FILE3(MESSAGE("M", ""))
      SET("b.proto", "proto3", "2\"p\" " MESSAGE("M", FIELD("f", 1, 5, ""))),
      "files \"a.proto\" and \"b.proto\" define \"p.M\", and not the same" },

    { "a message in two files of other syntax",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "")))
      SET("b.proto", "proto2", "2\"p\" " MESSAGE("M", FIELD("f", 1, 5, ""))),
      "files \"a.proto\" and \"b.proto\" define \"p.M\", and not the same" },

    { "a service in two files",
      FILE3(MESSAGE("M", "") SERVICE(METHOD("A", ".p.M", ".p.M", "")))
      SET("b.proto", "proto3",
          "2\"p\" " SERVICE(METHOD("A", ".p.M", ".p.M", ""))), NULL },

    { "a name that is none", FILE3(MESSAGE("a-b", "")),
      "\"a-b\" in \"p\" is no name of a message" },

    { "a name that begins with a digit", FILE3(ENUM("1a", VALUE("A", 0))),
      "\"1a\" in \"p\" is no name of an enum" },

    { "no name", FILE3("4{}"), "\"\" in \"p\" is no name of a message" },

    { "a name of a field that is none",
      FILE3(MESSAGE("M", FIELD("a.b", 1, 5, ""))),
      "message \"p.M\": \"a.b\" is no name of a field" },

    { "what is not printable", FILE3(MESSAGE("a\nb\xc3\xa4", "")),
      "\"a?b??\" in \"p\" is no name of a message" },

    /* types */

    { "no such type", FILE3(MESSAGE("M", FIELD("f", 1, 11, OF(".p.N")))),
      "field \"p.M.f\": no type \".p.N\"" HINT },

    { "a type by a relative name",
      FILE3(MESSAGE("M", NESTED("N", NESTED("O", "")
                                FIELD("f", 1, 11, OF("O"))
                                FIELD("g", 2, 11, OF("N.O"))
                                FIELD("h", 3, 11, OF("M"))
                                FIELD("i", 4, 11, OF("p.M.N"))))),
      NULL },

    { "relative names without a package",
      SET("a.proto", "proto2", MESSAGE("M", "5{1:100 2:101}")
                               EXTEND("x", 100, 11, "M", OF("M"))), NULL },

    { "a relative name that is nothing",
      FILE3(MESSAGE("M", FIELD("f", 1, 11, OF("q.M")))),
      "field \"p.M.f\": no type \"q.M\"" HINT },

    { "a type that is a service",
      FILE3(MESSAGE("M", FIELD("f", 1, 11, OF(".p.S"))) SERVICE("")),
      "field \"p.M.f\": \"p.S\" is no type but a service" },

    { "a type that is an extension",
      FILE2(MESSAGE("M", FIELD("f", 1, 11, OF(".p.x")) "5{1:100 2:101}")
            EXTEND("x", 100, 5, ".p.M", "")),
      "field \"p.M.f\": \"p.x\" is no type but an extension" },

    { "a message for an enum",
      FILE3(MESSAGE("M", FIELD("f", 1, 14, OF(".p.M")))),
      "field \"p.M.f\": \"p.M\" is no enum but a message" },

    { "an enum for a message",
      FILE3(MESSAGE("M", FIELD("f", 1, 11, OF(".p.E")))
            ENUM("E", VALUE("A", 0))),
      "field \"p.M.f\": \"p.E\" is no message but an enum" },

    { "a type by its name alone",
      FILE3(MESSAGE("M", "2{1\"f\" 3:1 6\".p.E\"} 2{1\"g\" 3:2 6\".p.M\"}")
            ENUM("E", VALUE("A", 0))), NULL },

    { "no type at all", FILE3(MESSAGE("M", "2{1\"f\" 3:1}")),
      "field \"p.M.f\": has no type" },

    { "a type of no name", FILE3(MESSAGE("M", FIELD("f", 1, 11, ""))),
      "field \"p.M.f\": has no type" },

    { "a scalar of a name",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, OF(".p.M")))),
      "field \"p.M.f\": its type is a scalar and \".p.M\" at once" },

    { "type 19", FILE3(MESSAGE("M", FIELD("f", 1, 19, ""))),
      "field \"p.M.f\": unknown type 19" },

    { "type -1", FILE3(MESSAGE("M", FIELD("f", 1, -1, ""))),
      "field \"p.M.f\": unknown type -1" },

    { "label 4", FILE3(MESSAGE("M", FIELD("f", 1, 5, "4:4"))),
      "field \"p.M.f\": unknown label 4" },

    { "required in proto3", FILE3(MESSAGE("M", FIELD("f", 1, 5, "4:2"))),
      "field \"p.M.f\": may not be \"required\"" },

    { "message_set", FILE2(MESSAGE("M", "7{1:1}")),
      "message \"p.M\": message_set_wire_format is not supported" },

    /* numbers and names */

    { "number 0", FILE3(MESSAGE("M", FIELD("f", 0, 5, ""))),
      "field \"p.M.f\": its number, 0, is none that a field may have" },

    { "number 18999", FILE3(MESSAGE("M", FIELD("f", 18999, 5, ""))), NULL },

    { "number 19000", FILE3(MESSAGE("M", FIELD("f", 19000, 5, ""))),
      "field \"p.M.f\": its number, 19000, is none that a field may have" },

    { "number 19999", FILE3(MESSAGE("M", FIELD("f", 19999, 5, ""))),
      "field \"p.M.f\": its number, 19999, is none that a field may have" },

    { "number 2^29-1", FILE3(MESSAGE("M", FIELD("f", 536870911, 5, ""))),
      NULL },

    { "number 2^29", FILE3(MESSAGE("M", FIELD("f", 536870912, 5, ""))),
      "field \"p.M.f\": its number, 536870912, is none that a field may "
      "have" },

    { "number -1", FILE3(MESSAGE("M", FIELD("f", -1, 5, ""))),
      "field \"p.M.f\": its number, -1, is none that a field may have" },

    { "a number twice",
      FILE3(MESSAGE("M", FIELD("f", 7, 5, "") FIELD("g", 1, 5, "")
                         FIELD("h", 7, 5, ""))), "*7, is that of*" },

    { "a reserved number",
      FILE3(MESSAGE("M", FIELD("f", 7, 5, "") "9{1:9 2:10} 9{1:7 2:8}")),
      "field \"p.M.f\": its number, 7, is reserved" },

    { "numbers beside reserved ones",
      FILE3(MESSAGE("M", FIELD("f", 7, 5, "") FIELD("g", 9, 5, "")
                         "9{1:8 2:9} 9{1:1 2:7} 9{1:10 2:536870912}")), NULL },

    { "a name twice",
      FILE3(MESSAGE("M", FIELD("f_g", 1, 5, "") FIELD("f_g", 2, 5, ""))),
      "field \"p.M.f_g\": there is another of this name" },

    { "a name twice, with other JSON names",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "10\"a\"")
                         FIELD("f", 2, 5, "10\"b\""))),
      "field \"p.M.f\": there is another of this name" },

    { "a reserved name",
      FILE3(MESSAGE("M", FIELD("f_g", 1, 5, "") "10\"a\" 10\"f_g\"")),
      "field \"p.M.f_g\": its name is reserved" },

    { "a reserved name that is one in JSON",
      FILE3(MESSAGE("M", FIELD("f_g", 1, 5, "") "10\"fG\"")), NULL },

    { "a JSON name twice in proto3",
      FILE3(MESSAGE("M", FIELD("f_g", 1, 5, "") FIELD("fG", 2, 5, ""))),
      "field \"p.M.fG\": its JSON name, \"fG\", is that of \"f_g\", too" },

    { "the same with deprecated_legacy_json_field_conflicts",
      FILE3(MESSAGE("M", FIELD("f_g", 1, 5, "") FIELD("fG", 2, 5, "")
                         "7{11:1}")), NULL },

    { "a JSON name twice in proto2",
      FILE2(MESSAGE("M", FIELD("f_g", 1, 5, "") FIELD("fG", 2, 5, ""))),
      NULL },

    { "a JSON name twice in proto2, given both times",
      FILE2(MESSAGE("M", FIELD("f", 1, 5, "10\"a\"")
                         FIELD("g", 2, 5, "10\"a\""))),
      "field \"p.M.g\": its JSON name, \"a\", is that of \"f\", too" },

    { "a JSON name that is the name of another",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "10\"g\"")
                         FIELD("g", 2, 5, "10\"f\""))), NULL },

    { "a JSON name as of an extension",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "10\"[a.b]\""))),
      "field \"p.M.f\": its json_name, \"[a.b]\", is none that a field may "
      "have" },

    { "a JSON name that is not UTF-8",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "10\"\xff\""))),
      "field \"p.M.f\": its json_name, \"?\", is none that a field may have" },

    { "an empty JSON name",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "10\"\""))), NULL },

    /* oneofs */

    { "a oneof", FILE3(MESSAGE("M", FIELD("f", 1, 5, "9:0") "8{1\"o\"}")),
      NULL },

    { "a oneof that there is not",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "9:1") "8{1\"o\"}")),
      "field \"p.M.f\": there is no oneof 1" },

    { "oneof -1", FILE3(MESSAGE("M", FIELD("f", 1, 5, "9:-1") "8{1\"o\"}")),
      "field \"p.M.f\": there is no oneof -1" },

    { "an empty oneof", FILE3(MESSAGE("M", "8{1\"o\"}")),
      "message \"p.M\": oneof \"o\" has no field" },

    { "repeated in a oneof",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "9:0 " REPEATED) "8{1\"o\"}")),
      "field \"p.M.f\": may not be in a oneof" },

    { "an optional with others in its oneof",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "9:0 17:1") FIELD("g", 2, 5, "9:0")
                         "8{1\"o\"}")),
      "field \"p.M.f\": is \"optional\" and in a oneof with others" },

    /* maps */

#define ENTRY(key, value)                                                     \
    FILE3(MESSAGE("M", FIELD("f", 1, 11, OF(".p.M.FEntry") REPEATED)          \
          NESTED("FEntry", key value "7{7:1}")) ENUM("E", VALUE("A", 0)))
#define MALFORMED  "message \"p.M.FEntry\" is malformed as the entry of a map"
#define NO_KEY  "message \"p.M.FEntry\": the type of its key is none that a " \
                "map may have"

    { "a map",
      ENTRY(FIELD("key", 1, 9, ""), FIELD("value", 2, 5, "")), NULL },
    { "a map of enums",
      ENTRY(FIELD("key", 1, 9, ""), FIELD("value", 2, 14, OF(".p.E"))), NULL },
    { "a map without a value", ENTRY(FIELD("key", 1, 9, ""), ""), MALFORMED },
    { "a map without a key", ENTRY("", FIELD("value", 2, 9, "")), MALFORMED },
    { "a map of one more field",
      ENTRY(FIELD("key", 1, 9, "") FIELD("x", 3, 5, ""),
            FIELD("value", 2, 5, "")), MALFORMED },
    { "a map with a value repeated",
      ENTRY(FIELD("key", 1, 9, ""), FIELD("value", 2, 5, REPEATED)),
      MALFORMED },
    { "a map with names of its own",
      ENTRY(FIELD("kee", 1, 9, ""), FIELD("value", 2, 5, "")), MALFORMED },
    { "a map with double keys",
      ENTRY(FIELD("key", 1, 1, ""), FIELD("value", 2, 5, "")), NO_KEY },
    { "a map with float keys",
      ENTRY(FIELD("key", 1, 2, ""), FIELD("value", 2, 5, "")), NO_KEY },
    { "a map with bytes keys",
      ENTRY(FIELD("key", 1, 12, ""), FIELD("value", 2, 5, "")), NO_KEY },
    { "a map with enum keys",
      ENTRY(FIELD("key", 1, 14, OF(".p.E")), FIELD("value", 2, 5, "")),
      NO_KEY },
    { "a map with message keys",
      ENTRY(FIELD("key", 1, 11, OF(".p.M")), FIELD("value", 2, 5, "")),
      NO_KEY },

    { "a map entry of another message",
      FILE3(MESSAGE("M", NESTED("E", FIELD("key", 1, 9, "")
                                     FIELD("value", 2, 5, "") "7{7:1}"))
            MESSAGE("N", FIELD("f", 1, 11, OF(".p.M.E") REPEATED))),
      "field \"p.N.f\": \"p.M.E\" is the entry of a map, and not of this "
      "field" },

    { "a map entry not repeated",
      FILE3(MESSAGE("M", FIELD("f", 1, 11, OF(".p.M.E"))
                         NESTED("E", FIELD("key", 1, 9, "")
                                     FIELD("value", 2, 5, "") "7{7:1}"))),
      "field \"p.M.f\": \"p.M.E\" is the entry of a map, and not of this "
      "field" },

    { "a map entry of no message",
      FILE3(MESSAGE("E", FIELD("key", 1, 9, "") FIELD("value", 2, 5, "")
                         "7{7:1}")),
      "message \"p.E\" is malformed as the entry of a map" },

    /* enums */

    { "an empty enum", FILE3(ENUM("E", "")), "enum \"p.E\" has no values" },

    { "a proto3 enum that begins with 1",
      FILE3(ENUM("E", VALUE("A", 1) VALUE("B", 0))),
      "enum \"p.E\": its first value, \"A\", is not 0" },

    { "a proto2 enum that begins with 1", FILE2(ENUM("E", VALUE("A", 1))),
      NULL },

    { "a closed enum that begins with 1",
      EDITION("1000", ENUM("E", "3{7{2:2}} " VALUE("A", 1))), NULL },

    { "an open enum that begins with 1",
      EDITION("1000", ENUM("E", VALUE("A", 1))),
      "enum \"p.E\": its first value, \"A\", is not 0" },

    { "a value twice", FILE3(ENUM("E", VALUE("A", 0) VALUE("A", 1))),
      "enum \"p.E\" has value \"A\" twice" },

    { "a number of an enum twice",
      FILE3(ENUM("E", VALUE("A", 0) VALUE("B", 0))),
      "enum \"p.E\": \"B\" has the number of \"A\", without allow_alias" },

    { "an alias", FILE3(ENUM("E", "3{2:1} " VALUE("A", 0) VALUE("B", 0))),
      NULL },

    { "a value that has no name", FILE3(ENUM("E", VALUE("", 0))),
      "enum \"p.E\": \"\" is no name of a value" },

    { "a reserved number of an enum",
      FILE3(ENUM("E", VALUE("A", 0) VALUE("B", 5) "4{1:3 2:5} 4{1:-9 2:-1}")),
      "enum \"p.E\": the number of \"B\" is reserved" },

    { "numbers of an enum beside reserved ones",
      FILE3(ENUM("E", VALUE("A", 0) VALUE("B", 6) "4{1:1 2:5} 4{1:7 2:9}")),
      NULL },

    { "a reserved name of an enum",
      FILE3(ENUM("E", VALUE("A", 0) "5\"A\"")),
      "enum \"p.E\": name \"A\" is reserved" },

    /* extensions */

    { "an extension",
      FILE2(MESSAGE("M", "5{1:100 2:200}") EXTEND("x", 199, 5, ".p.M", "")),
      NULL },

    { "an extension of nothing", FILE2(EXTEND("x", 199, 5, ".p.M", "")),
      "extension \"p.x\": no message \".p.M\" to extend" HINT },

    { "an extension of an enum",
      FILE2(ENUM("E", VALUE("A", 0)) EXTEND("x", 199, 5, ".p.E", "")),
      "extension \"p.x\": not a message \".p.E\" to extend" },

    { "an extension that is not provided for",
      FILE2(MESSAGE("M", "5{1:100 2:199}") EXTEND("x", 199, 5, ".p.M", "")),
      "extension \"p.x\": its number, 199, is not one for extensions of "
      "\"p.M\"" },

    { "a field among extensions",
      FILE2(MESSAGE("M", FIELD("f", 100, 5, "") "5{1:100 2:199}")),
      "field \"p.M.f\": its number, 100, is one for extensions of \"p.M\"" },

    { "a required extension",
      FILE2(MESSAGE("M", "5{1:100 2:200}")
            EXTEND("x", 199, 5, ".p.M", "4:2")),
      "extension \"p.x\": may not be \"required\"" },

    { "two extensions of a number",
      FILE2(MESSAGE("M", "5{1:100 2:200}") EXTEND("x", 100, 5, ".p.M", "")
            EXTEND("y", 100, 5, ".p.M", "")), "*100, is that of*" },

    /* default values */

#define DEFAULT(type, value)                                                  \
    FILE2(MESSAGE("M", FIELD("f", 1, type, "7\"" value "\"")))
#define NO_DEFAULT(value)                                                     \
    "field \"p.M.f\": its default value, \"" value "\", is none of its type"

    { "int32: -2^31", DEFAULT(5, "-2147483648"), NULL },
    { "int32: -2^31-1", DEFAULT(5, "-2147483649"), NO_DEFAULT("-2147483649") },
    { "int32: 2^31-1", DEFAULT(5, "2147483647"), NULL },
    { "int32: 2^31", DEFAULT(5, "2147483648"), NO_DEFAULT("2147483648") },
    { "uint32: 2^32-1", DEFAULT(13, "4294967295"), NULL },
    { "uint32: 2^32", DEFAULT(13, "4294967296"), NO_DEFAULT("4294967296") },
    { "uint32: -1", DEFAULT(13, "-1"), NO_DEFAULT("-1") },
    { "int64: -2^63", DEFAULT(3, "-9223372036854775808"), NULL },
    { "int64: 2^63", DEFAULT(3, "9223372036854775808"),
      NO_DEFAULT("9223372036854775808") },
    { "uint64: 2^64-1", DEFAULT(4, "18446744073709551615"), NULL },
    { "uint64: 2^64", DEFAULT(4, "18446744073709551616"),
      NO_DEFAULT("18446744073709551616") },
    { "uint64: 2^64 * 10", DEFAULT(4, "184467440737095516160"),
      NO_DEFAULT("184467440737095516160") },
    { "an integer of nothing", DEFAULT(5, ""), NO_DEFAULT("") },
    { "an integer of a sign", DEFAULT(5, "-"), NO_DEFAULT("-") },
    { "an integer of letters", DEFAULT(5, "1a"), NO_DEFAULT("1a") },
    { "a bool", DEFAULT(8, "True"), NO_DEFAULT("True") },
    { "a double", DEFAULT(1, "1.5.5"), NO_DEFAULT("1.5.5") },
    { "a double of nothing", DEFAULT(1, ""), NO_DEFAULT("") },
    { "a double in hex", DEFAULT(1, "0x1p3"), NO_DEFAULT("0x1p3") },
    { "a double too large", DEFAULT(1, "1e999"), NULL },
    { "a string that is not UTF-8", DEFAULT(9, "\xff"), NO_DEFAULT("?") },
    { "bytes", DEFAULT(12, "\\001\\xff\\n\\\\"), NULL },
    { "bytes that end in a backslash", DEFAULT(12, "a\\"),
      NO_DEFAULT("a\\") },
    { "bytes with an unknown escape", DEFAULT(12, "\\q"), NO_DEFAULT("\\q") },
    { "bytes with an empty hex escape", DEFAULT(12, "\\xg"),
      NO_DEFAULT("\\xg") },

    { "an enum without that value",
      FILE2(MESSAGE("M", FIELD("f", 1, 14, OF(".p.E") "7\"B\""))
            ENUM("E", VALUE("A", 0))),
      "field \"p.M.f\": enum \"p.E\" has no value \"B\"" },

    { "a default in proto3",
      FILE3(MESSAGE("M", FIELD("f", 1, 5, "7\"1\""))),
      "field \"p.M.f\": may not have a default value" },

    { "a default of a message",
      FILE2(MESSAGE("M", FIELD("f", 1, 11, OF(".p.M") "7\"1\""))),
      "field \"p.M.f\": may not have a default value" },

    { "a default of what is repeated",
      FILE2(MESSAGE("M", FIELD("f", 1, 5, REPEATED " 7\"1\""))),
      "field \"p.M.f\": may not have a default value" },

    /* messages that are known */

#define GOOGLE(body)  SET("g.proto", "proto3", "2\"google.protobuf\" " body)
#define NOT_SO(name)                                                          \
    "message \"google.protobuf." name "\" is not as it should be"

    { "Timestamp",
      GOOGLE(MESSAGE("Timestamp", FIELD("seconds", 1, 3, "")
                                  FIELD("nanos", 2, 5, ""))), NULL },
    { "Timestamp of other types",
      GOOGLE(MESSAGE("Timestamp", FIELD("seconds", 1, 5, "")
                                  FIELD("nanos", 2, 5, ""))),
      NOT_SO("Timestamp") },
    { "Timestamp without nanos",
      GOOGLE(MESSAGE("Timestamp", FIELD("seconds", 1, 3, ""))),
      NOT_SO("Timestamp") },
    { "Timestamp with more",
      GOOGLE(MESSAGE("Timestamp", FIELD("seconds", 1, 3, "")
                                  FIELD("nanos", 2, 5, "")
                                  FIELD("zone", 3, 9, ""))),
      NOT_SO("Timestamp") },
    { "Timestamp of other numbers",
      GOOGLE(MESSAGE("Timestamp", FIELD("seconds", 1, 3, "")
                                  FIELD("nanos", 3, 5, ""))),
      NOT_SO("Timestamp") },
    { "FieldMask of one path",
      GOOGLE(MESSAGE("FieldMask", FIELD("paths", 1, 9, ""))),
      NOT_SO("FieldMask") },
    { "Struct that is no map",
      GOOGLE(MESSAGE("Struct",
                     FIELD("fields", 1, 11, OF("Struct") REPEATED))),
      NOT_SO("Struct") },
    { "Struct of a map without key and value",
      GOOGLE(MESSAGE("Struct",
                     FIELD("fields", 1, 11, OF("FieldsEntry") REPEATED)
                     NESTED("FieldsEntry", "7{7:1}"))),
      "message \"google.protobuf.Struct.FieldsEntry\" is malformed as the "
      "entry of a map" },
    { "Struct of a map with integers for keys",
      GOOGLE(MESSAGE("Struct",
                     FIELD("fields", 1, 11, OF("FieldsEntry") REPEATED)
                     NESTED("FieldsEntry",
                            FIELD("key", 1, 5, "")
                            FIELD("value", 2, 11, OF("Value")) "7{7:1}"))
             MESSAGE("Value", "")),
      NOT_SO("Struct") },
    { "BytesValue of a string",
      GOOGLE(MESSAGE("BytesValue", FIELD("value", 1, 9, ""))),
      NOT_SO("BytesValue") },
    { "NullValue of two",
      GOOGLE(ENUM("NullValue", VALUE("NULL_VALUE", 0) VALUE("B", 1))),
      "enum \"google.protobuf.NullValue\" is not as it should be" },
    { "Empty", GOOGLE(MESSAGE("Empty", "")), NULL },

    /* services */

#define RULED(body)                                                           \
    FILE3(MESSAGE("M", FIELD("f_g", 1, 5, ""))                                \
          SERVICE(METHOD("A", ".p.M", ".p.M", body)))

    { "no input", FILE3(MESSAGE("M", "")
                        SERVICE(METHOD("A", ".p.N", ".p.M", ""))),
      "method \"p.S.A\": no message \".p.N\"" HINT },
    { "no output", FILE3(MESSAGE("M", "")
                         SERVICE("2{1\"A\" 2\".p.M\"}")),
      "method \"p.S.A\": no message \"\"" HINT },
    { "an enum for input", FILE3(MESSAGE("M", "") ENUM("E", VALUE("A", 0))
                                 SERVICE(METHOD("A", ".p.E", ".p.M", ""))),
      "method \"p.S.A\": \".p.E\" is no message" },
    { "a method twice",
      FILE3(MESSAGE("M", "") SERVICE(METHOD("A", ".p.M", ".p.M", "")
                                     METHOD("A", ".p.M", ".p.M", ""))),
      "service \"p.S\" has method \"A\" twice" },
    { "a method without a name",
      FILE3(MESSAGE("M", "") SERVICE(METHOD("", ".p.M", ".p.M", ""))),
      "service \"p.S\": \"\" is no name of a method" },

    { "a rule", RULED(RULE("2\"/a\" 7\"f_g\" 12\"f_g\"")), NULL },
    { "an empty rule", RULED(RULE("")), NULL },
    { "a rule with a body alone", RULED(RULE("7\"*\"")),
      "method \"p.S.A\": a binding of google.api.http has no method or no "
      "path" },
    { "a rule with an empty path", RULED(RULE("2\"\"")),
      "method \"p.S.A\": a binding of google.api.http has no method or no "
      "path" },
    { "a custom rule without a kind", RULED(RULE("8{2\"/a\"}")),
      "method \"p.S.A\": a binding of google.api.http has no method or no "
      "path" },
    { "a custom rule without a path, in place of another",
      RULED(RULE("2\"/a\" 8{1\"A\"}")),
      "method \"p.S.A\": a binding of google.api.http has no method or no "
      "path" },
    { "a rule in two pieces", RULED(RULE("2\"/a\"") RULE("7\"*\"")), NULL },
    { "a body that is no field", RULED(RULE("4\"/a\" 7\"g\"")),
      "method \"p.S.A\": its input has no field \"g\", which is to be the "
      "body" },
    { "a body by its JSON name", RULED(RULE("4\"/a\" 7\"fG\"")),
      "method \"p.S.A\": its input has no field \"fG\", which is to be the "
      "body" },
    { "a response_body that is no field", RULED(RULE("4\"/a\" 12\"*\"")),
      "method \"p.S.A\": its output has no field \"*\", which is to be the "
      "response_body" },
    { "bindings", RULED(RULE("2\"/a\" 11{2\"/b\"} 11{3\"/c\" 7\"*\"}")),
      NULL },
    { "a binding without a path", RULED(RULE("2\"/a\" 11{7\"*\"}")),
      "method \"p.S.A\": a binding of google.api.http has no method or no "
      "path" },
    { "bindings within bindings",
      RULED(RULE("2\"/a\" 11{2\"/b\" 11{2\"/c\"}}")),
      "method \"p.S.A\": additional_bindings within additional_bindings" }
};


static void
test_sets(void)
{
    ngx_int_t    rc;
    ngx_uint_t   i;
    const char  *why;

    for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        rc = load_built(sets[i].text);
        why = sets[i].why;

        /* which of two equals comes first is qsort()'s */

        if (why && why[0] == '*') {
            unit_ok(rc == NGX_DECLINED
                    && ngx_strnstr(error.data, "is that of", error.len),
                    "refused: %s", sets[i].name);
            continue;
        }

        refuse(rc, why, sets[i].name);
    }
}


/* what is no set of descriptors */

static void
test_alien(void)
{
    u_char  single[64];
    size_t  len;

    static const char  source[] = "syntax = \"proto3\";\n\nmessage M {}\n";
    static const char  made[] = "is no FileDescriptorSet, as \"protoc "
                                "--include_imports --descriptor_set_out=FILE\""
                                " makes it";

    refuse(load((u_char *) "", 0), "is empty", "nothing");

    refuse(load((u_char *) source, sizeof(source) - 1),
           "is no FileDescriptorSet but text: is it a .proto source? "
           "\"protoc --include_imports --descriptor_set_out=FILE\" compiles "
           "it", "a .proto source");

    refuse(load((u_char *) "\x1f\x8b\x08\x00\x00", 5),
           "is no FileDescriptorSet but compressed by gzip", "gzip");

    refuse(load((u_char *) "\x10\x01", 2), made, "another message");

    len = snprintf((char *) single, sizeof(single), "\x0a\x07" "a.proto");
    (void) load(single, len);
    unit_ok(error.len > sizeof(made) && memcmp(error.data, made,
                                               sizeof(made) - 1) == 0,
            "refused: a file without its set");

    refuse(load((u_char *) "\x0a\x05\x0a\x01", 4),
           "is no FileDescriptorSet, as \"protoc --include_imports "
           "--descriptor_set_out=FILE\" makes it: cut or malformed at byte 0",
           "a length beyond the end");

    unit_ok(load_built(FILE3("") "1{12\"proto3\"}") == NGX_DECLINED
            && is(&error, "has a file without a name"),
            "refused: a second file without a name");
}


/* the number of the text at fault */

static void
test_which(void)
{
    ngx_str_t  texts[3];

    texts[0] = build(FILE3(""));
    texts[1] = build(SET("b.proto", "proto3",
                         MESSAGE("M", FIELD("f", 1, 11, OF(".N")))));
    texts[2] = build(SET("c.proto", "proto3", ""));

    unit_ok(load_texts(texts, 3) == NGX_DECLINED && which == 1,
            "found in the second text when all are there");

    free(texts[1].data);
    texts[1] = build(SET("b.proto", "proto3", "2\"1\""));

    unit_ok(load_texts(texts, 3) == NGX_DECLINED && which == 1,
            "found in the second text when it is read");

    texts[1].len = 0;

    unit_ok(load_texts(texts, 3) == NGX_DECLINED && which == 1,
            "the second text is empty");

    unit_ok(load_texts(texts, 0) == NGX_OK && schema->nmessages == 0
            && ngx_gw_pb_find_message(schema, (u_char *) "a", 1) == NULL
            && ngx_gw_pb_find_service(schema, (u_char *) "a", 1) == NULL,
            "no text at all");

    free(texts[0].data);
    free(texts[1].data);
    free(texts[2].data);
}


/* descriptor.proto of several compilers: the longest is taken */

static void
test_descriptor(void)
{
    ngx_uint_t  i, k, ok;
    ngx_str_t   texts[3], text;

    texts[0] = build(SET("google/protobuf/descriptor.proto", "proto2",
                         MESSAGE("A", "") "9{1{1\"a long comment it is\"}}"));
    texts[1] = build(SET("google/protobuf/descriptor.proto", "proto2",
                         MESSAGE("A", "") MESSAGE("B", "")));
    texts[2] = build(SET("b.proto", "proto2", MESSAGE("C", "")));
    ok = 1;

    for (i = 0; i < 6; i++) {
        ok &= load_texts(texts, 3) == NGX_OK && schema->nmessages == 3;

        k = i % 2;
        text = texts[k];
        texts[k] = texts[k + 1];
        texts[k + 1] = text;
    }

    unit_ok(ok, "descriptor.proto in two versions, in any order");

    for (i = 0; i < 3; i++) {
        free(texts[i].data);
    }
}


/* several fields that a name may mean */

static void
test_ambiguous(void)
{
    ngx_gw_pb_message_t  *m;

    must(load_built(FILE2(MESSAGE("M", FIELD("foo_bar", 2, 5, "")
                                       FIELD("foo__bar", 1, 5, "")
                                       FIELD("fooBar", 3, 5, "")))) == NGX_OK);
    m = message("p.M");

    unit_ok(m->ambiguous && field(m, "fooBar")->number == 3
            && field(m, "foo_bar")->number == 2
            && field(m, "foo__bar")->number == 1,
            "a name in JSON and in the file goes first");

    must(load_built(FILE2(MESSAGE("M", FIELD("foo_bar", 2, 5, "")
                                       FIELD("foo__bar", 1, 5, ""))))
         == NGX_OK);
    m = message("p.M");

    unit_ok(field(m, "fooBar")->number == 1
            && field(m, "foo_bar")->number == 2,
            "of two names in JSON, that of the least number goes first");

    must(load_built(FILE3(MESSAGE("M", FIELD("a", 1, 5, "10\"b\"")
                                       FIELD("b", 2, 5, "10\"c\"")
                                       FIELD("c", 3, 5, "10\"a\""))))
         == NGX_OK);
    m = message("p.M");

    unit_ok(field(m, "a")->number == 3 && field(m, "b")->number == 1
            && field(m, "c")->number == 2,
            "a name in JSON goes before one in the file");
}


/* names as they are made and as they are printed */

static void
test_names(void)
{
    ngx_str_t             text;
    ngx_uint_t            i;
    ngx_gw_pb_field_t    *f;
    ngx_gw_pb_message_t  *m;

    static const char  *names[][3] = {
        { "foo_bar", "fooBar", "\"fooBar\":" },
        { "_leading", "Leading", "\"Leading\":" },
        { "trailing_", "trailing", "\"trailing\":" },
        { "two__in_a_row", "twoInARow", "\"twoInARow\":" },
        { "with_1_digit", "with1Digit", "\"with1Digit\":" },
        { "UPPER_CASE", "UPPERCASE", "\"UPPERCASE\":" },
        { "quoted", "a\"b\\c\n\x01/", "\"a\\\"b\\\\c\\n\\u0001/\":" },
        { "empty", "", "\"\":" },
        { "given", "Other", "\"Other\":" }
    };

    text = slurp("t/data/proto/kitchen.pb");
    must(load(text.data, text.len) == NGX_OK);
    free(text.data);

    m = message("kitchen.v1.Names");

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        f = field(m, names[i][0]);

        unit_ok(f && f == field(m, names[i][1])
                && is(&f->print_json, names[i][2]), "\"%s\" in JSON",
                names[i][0]);
    }

    f = field(message("google.protobuf.MethodOptions"), "[google.api.http]");
    unit_ok(f && f->number == 72295728 && f->extension
            && field(message("google.protobuf.MethodOptions"), "http") == NULL,
            "an extension has its full name alone");
}


/* presence, packing and the rest as editions have them: see the other test */

static void
test_features(void)
{
    ngx_gw_pb_message_t  *m;

    must(load_built(EDITION("1000", "8{50{1:2 3:2 5:2}} "
                            MESSAGE("M", FIELD("a", 1, 5, "")
                                         FIELD("b", 2, 5, "8{21{1:1}}")
                                         FIELD("c", 3, 5, REPEATED)
                                         FIELD("d", 4, 5,
                                               REPEATED " 8{21{3:1}}")
                                         FIELD("e", 5, 11, OF(".p.M"))
                                         FIELD("f", 6, 11,
                                               OF(".p.M") "8{21{5:1}}")
                                         FIELD("g", 7, 5, "8{21{1:3}}"))))
         == NGX_OK);
    m = message("p.M");

    unit_ok(!field(m, "a")->presence && field(m, "b")->presence,
            "field_presence of a file and of a field");
    unit_ok(!field(m, "c")->packed && field(m, "d")->packed,
            "repeated_field_encoding of a file and of a field");
    unit_ok(field(m, "e")->type == NGX_GW_PB_GROUP && field(m, "e")->tag[0]
            == 0x2b && field(m, "f")->type == NGX_GW_PB_MESSAGE,
            "message_encoding of a file and of a field");
    unit_ok(field(m, "g")->required && m->has_required, "LEGACY_REQUIRED");

    must(load_built(FILE3("8{50{1:1}} "
                          MESSAGE("M", FIELD("a", 1, 5, "8{21{1:1}}"))))
         == NGX_OK);
    unit_ok(!field(message("p.M"), "a")->presence,
            "features are nothing to proto3");
}


static u_char *
put_field(u_char *p, ngx_uint_t number)
{
    u_char  name[32], *start, *body;
    size_t  len;

    len = snprintf((char *) name, sizeof(name), "f_%u", (unsigned) number);

    *p++ = 0x12;
    start = p++;
    body = p;

    *p++ = 0x0a;
    *p++ = (u_char) len;
    p = ngx_cpymem(p, name, len);
    *p++ = 0x18;
    p = ngx_gw_pb_write_varint(p, number);
    *p++ = 0x28;
    *p++ = 0x05;

    *start = (u_char) (p - body);

    return p;
}


/* wraps len bytes at p, with room behind them */

static size_t
wrap(u_char *p, size_t len, ngx_uint_t number, const char *before)
{
    size_t     n;
    u_char     head[16], *h;
    ngx_str_t  s;

    s = build(before);

    h = ngx_gw_pb_write_varint(head, number << 3 | 2);
    h = ngx_gw_pb_write_varint(h, len + s.len);
    n = h - head;

    memmove(p + n + s.len, p, len);
    memcpy(p, head, n);
    memcpy(p + n, s.data, s.len);

    free(s.data);

    return len + n + s.len;
}


/* n fields, one in so many numbers */

static ngx_int_t
load_fields(ngx_uint_t n, ngx_uint_t step)
{
    u_char      *text, *p;
    size_t       len;
    ngx_int_t    rc;
    ngx_uint_t   i, number;

    text = malloc(n * 48 + 1000);
    p = text;

    for (i = 0; i < n; i++) {
        number = 1 + i * step;
        p = put_field(p, number + (number >= 19000) * 1000);
    }

    len = wrap(text, p - text, 4, "1\"M\"");
    len = wrap(text, len, 1, "1\"a\" 12\"proto3\"");

    rc = load(text, len);

    free(text);

    return rc;
}


static void
test_large(void)
{
    u_char                text[64];
    size_t                len;
    uint32_t              i, ok;
    ngx_gw_pb_message_t  *m;

    static const ngx_uint_t  steps[] = { 1, 2, 3, 5, 7, 1000, 8000 };

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        must(load_fields(65535, steps[i]) == NGX_OK);

        walk(schema);

        m = message("M");
        ok = m->nfields == 65535 && m->fields[65534].index == 65534;
        ok &= (m->nnumbers <= 65 + 4 * 65535);

        unit_ok(ok, "65535 fields, one in %u", (unsigned) steps[i]);
    }

    m = message("M");
    ok = 1;

    for (i = 0; i < 65535; i++) {
        len = snprintf((char *) text, sizeof(text), "f%u",
                       m->fields[i].number);

        ok &= ngx_gw_pb_find_field(m, text, len) == &m->fields[i];
    }

    unit_ok(ok, "65535 fields by their names");

    refuse(load_fields(65536, 1), "message \"M\" has more than 65535 fields",
           "65536 fields");
}


/* thousands of fields of one JSON name: "a" to "p", with one "_" or two */

static void
test_conflicts(void)
{
    u_char                name[64];
    char                 *text, *p;
    size_t                len;
    clock_t               start;
    ngx_str_t             s;
    ngx_uint_t            i, k, n, ok;
    ngx_gw_pb_field_t    *f;
    ngx_gw_pb_message_t  *m;

    n = 65535;
    text = malloc(n * 80);
    p = text + sprintf(text, "1{1\"a\" 4{1\"M\"");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "2{1\"x");

        for (k = 0; k < 16; k++) {
            p += sprintf(p, (i >> k) & 1 ? "__%c" : "_%c", (char) ('a' + k));
        }

        p += sprintf(p, "\" 3:%u 5:5}",
                     (unsigned) (i + 1 + (i >= 18000) * 2000));
    }

    strcpy(p, "}}");

    s = build(text);
    start = clock();

    must(load(s.data, s.len) == NGX_OK);
    m = message("M");
    f = field(m, "xABCDEFGHIJKLMNOP");
    ok = f && f->number == 1 && m->ambiguous;

    for (i = 0; i < n; i++) {
        f = &m->fields[i];
        len = f->name.len;
        memcpy(name, f->name.data, len);

        ok &= ngx_gw_pb_find_field(m, name, len) == f;
    }

    unit_ok(ok && (clock() - start) / CLOCKS_PER_SEC < 2,
            "%u fields of one JSON name", (unsigned) n);

    free(s.data);
    free(text);
}


/* values of an enum at and about the edges */

static ngx_int_t
load_values(const int32_t *numbers, ngx_uint_t n)
{
    char        *text, *p;
    ngx_int_t    rc;
    ngx_uint_t   i;

    text = malloc(n * 40 + 200);
    p = text + sprintf(text, "1{1\"a\" 4{1\"M\" 2{1\"f\" 3:1 5:14 6\".E\"}} "
                             "5{1\"E\" ");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "2{1\"V%u\" 2:%d}", (unsigned) i,
                     numbers ? numbers[i] : (int32_t) i);
    }

    strcpy(p, "}}");

    rc = load_built(text);

    free(text);

    return rc;
}


static void
test_values(void)
{
    int32_t            n;
    ngx_uint_t         i, ok;
    ngx_gw_pb_enum_t  *e;

    static const int32_t  numbers[] = {
        -2147483647 - 1, 2147483647, 5, 0, -64, -65, 1, 2, 300, 301, 100000,
        2147483646, -2147483647, 3
    };

    must(load_values(numbers, 14) == NGX_OK);
    e = message("M")->fields[0].enumeration;
    ok = 1;

    for (i = 0; i < 14; i++) {
        ok &= ngx_gw_pb_find_number(e, numbers[i]) == &e->values[i];
    }

    unit_ok(ok && e->nsorted == 14, "numbers near and far");

    ok = 1;

    for (n = -70; n < 400; n++) {
        for (i = 0; i < 14 && numbers[i] != n; i++) { /* void */ }

        ok &= (ngx_gw_pb_find_number(e, n) == NULL) == (i == 14);
    }

    unit_ok(ok && ngx_gw_pb_find_number(e, -2147483646) == NULL
            && ngx_gw_pb_find_number(e, 2147483645) == NULL,
            "numbers that there are not");

    must(load_values(NULL, 65535) == NGX_OK);
    walk(schema);

    e = message("M")->fields[0].enumeration;
    unit_ok(e->ndense == 65535 && ngx_gw_pb_find_number(e, 65534)
            == &e->values[65534] && ngx_gw_pb_find_number(e, 65535) == NULL,
            "65535 values");

    refuse(load_values(NULL, 65536), "enum \"E\" has more than 65535 values",
           "65536 values");
}


/* messages in messages */

static ngx_int_t
load_nested(ngx_uint_t n)
{
    u_char     *text;
    size_t      len;
    ngx_int_t   rc;

    text = malloc(n * 16 + 1000);
    len = 0;

    while (n--) {
        len = wrap(text, len, n ? 3 : 4, "1\"M\"");
    }

    len = wrap(text, len, 1, "1\"a\" 12\"proto3\"");

    rc = load(text, len);

    free(text);

    return rc;
}


static void
test_nested(void)
{
    char  text[4096];

    unit_ok(load_nested(64) == NGX_OK && schema->nmessages == 64,
            "64 messages in each other");
    refuse(load_nested(65), "messages are nested more than 64 deep",
           "65 messages in each other");
    refuse(load_nested(10000), "messages are nested more than 64 deep",
           "10000 messages in each other");

    memset(text, 'a', sizeof(text));
    memcpy(text, FILE3("4{1\""), sizeof(FILE3("4{1\"")) - 2);
    strcpy(text + 1100, "\"}}");

    refuse(load_built(text), "file \"a.proto\" has a message with a name "
           "longer than 1024", "a long name");
}


/* thousands of messages, all of which refer to others */

static void
test_many(void)
{
    char        *text, *p;
    clock_t      start;
    ngx_str_t    s;
    ngx_uint_t   i, n;

    n = 5000;
    text = malloc(n * 400);
    p = text + sprintf(text, "1{1\"a\" 12\"proto3\" 2\"many.v1\" ");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "4{1\"M%u\" 2{1\"id\" 3:1 5:3} 2{1\"a_b\" 3:2 5:9}"
                     "2{1\"next\" 3:3 5:11 6\".many.v1.M%u\"}"
                     "2{1\"list\" 3:4 4:3 5:11 6\".many.v1.M%u\"}"
                     "2{1\"kind\" 3:5 5:14 6\".many.v1.M%u.E\"}"
                     "4{1\"E\" 2{1\"NONE\"}}}", (unsigned) i,
                     (unsigned) ((i * 7) % n), (unsigned) ((i * 13) % n),
                     (unsigned) i);
    }

    strcpy(p, "}");

    s = build(text);
    start = clock();

    unit_ok(load(s.data, s.len) == NGX_OK && schema->nmessages == n,
            "%u messages", (unsigned) n);

    printf("# in %.0f ms\n", (double) (clock() - start) * 1e3
                             / CLOCKS_PER_SEC);

    walk(schema);

    free(s.data);
    free(text);
}


/* every text that a set is, cut short; every byte of it, changed */

static void
test_cut(void)
{
    size_t      i, len;
    u_char      byte;
    ngx_int_t   rc;
    ngx_str_t   text;
    ngx_uint_t  ok, bit;

    text = slurp("t/data/proto/legacy.pb");
    len = text.len;
    ok = 1;

    for (i = 0; i < len; i++) {
        rc = load(text.data, i);
        ok &= (rc == NGX_DECLINED && error.len > 0);
    }

    unit_ok(ok, "cut anywhere is refused");

    ok = 1;

    for (i = 0; i < len; i++) {
        for (bit = 0; bit < 8; bit++) {
            byte = text.data[i];
            text.data[i] ^= 1 << bit;

            rc = load(text.data, len);

            if (rc == NGX_OK) {
                walk(schema);
            }

            ok &= (rc == NGX_OK || (rc == NGX_DECLINED && error.len > 0));
            text.data[i] = byte;
        }
    }

    unit_ok(ok, "a bit changed anywhere is refused or makes sense");

    free(text.data);
}


static void
test_memory(void)
{
    ngx_int_t   rc;
    ngx_str_t   text;
    ngx_uint_t  i, n, ok;

    static const char  *files[] = { "t/data/proto/legacy.pb",
                                    "t/data/proto/editions.pb",
                                    "t/fuzz/corpus/pb/service" };

    for (n = 0; n < 3; n++) {
        text = slurp(files[n]);
        ok = 1;

        for (i = 0; ; i++) {
            ngx_destroy_pool(pool);
            pool = ngx_create_pool(4096, &ngx_stub_log);

            ngx_stub_allocs_left = i;
            rc = ngx_gw_pb_load(pool, &text, 1, &schema, &which, &error);
            ngx_stub_allocs_left = -1;

            if (rc == NGX_OK) {
                break;
            }

            ok &= (rc == NGX_ERROR);
        }

        unit_ok(ok && i > 30, "no memory: %s, %u allocations", files[n],
                (unsigned) i);

        free(text.data);
    }
}


static void
test_wire(void)
{
    u_char        buf[16], *p;
    uint64_t      value, back;
    ngx_uint_t    i, len, ok;
    const u_char  *end;

    ok = 1;

    for (i = 0; i < 64; i++) {
        for (value = (1ull << i) - 1; value <= (1ull << i); value++) {
            p = ngx_gw_pb_write_varint(buf, value);
            len = p - buf;

            ok &= len == ngx_gw_pb_varint_len(value);

            end = unit_guard_end(buf, len);
            ok &= ngx_gw_pb_read_varint(end, end + len, &back) == end + len
                  && back == value;
            ok &= ngx_gw_pb_read_varint(end, end + len - 1, &back) == NULL;
        }
    }

    unit_ok(ok, "varints written and read");

    memset(buf, 0xff, 16);
    unit_ok(ngx_gw_pb_read_varint(buf, buf + 16, &value) == NULL,
            "a varint of more than 10 bytes");

    buf[10] = 0x01;
    unit_ok(ngx_gw_pb_read_varint(buf, buf + 16, &value) == NULL,
            "a varint of 11 bytes");

    buf[9] = 0x7f;
    unit_ok(ngx_gw_pb_read_varint(buf, buf + 16, &value) == buf + 10
            && value == UINT64_MAX, "bits beyond 64 are dropped");

    memcpy(buf, "\x85\x80\x00", 3);
    unit_ok(ngx_gw_pb_read_varint(buf, buf + 3, &value) == buf + 3
            && value == 5, "a varint longer than it has to be");
}


static void
test_skip(void)
{
    u_char        deep[512];
    size_t        len;
    ngx_uint_t    i, n;
    const u_char  *p;

    static const struct {
        const char  *name;
        uint32_t     tag;
        const char  *text;
        size_t       len;
        ngx_int_t    end;            /* -1: not to be skipped */
    } skips[] = {
        { "varint", 8, "\x80\x01zz", 4, 2 },
        { "varint cut", 8, "\x80", 1, -1 },
        { "varint of nothing", 8, "", 0, -1 },
        { "fixed64", 9, "12345678z", 9, 8 },
        { "fixed64 cut", 9, "1234567", 7, -1 },
        { "bytes", 10, "\x03" "abcz", 5, 4 },
        { "no bytes", 10, "\x00", 1, 1 },
        { "bytes cut", 10, "\x03" "ab", 3, -1 },
        { "bytes of 2^64-1", 10, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
          "abc", 13, -1 },
        { "fixed32", 13, "1234z", 5, 4 },
        { "fixed32 cut", 13, "123", 3, -1 },
        { "group", 11, "\x10\x01\x0cz", 4, 3 },
        { "empty group", 11, "\x0c", 1, 1 },
        { "group in group", 11, "\x13\x14\x0cz", 4, 3 },
        { "group cut", 11, "\x10\x01", 2, -1 },
        { "group with the end of another", 11, "\x14", 1, -1 },
        { "end of a group", 12, "\x0c", 1, -1 },
        { "wire type 6", 14, "\x00\x00", 2, -1 },
        { "wire type 7 in a group", 11, "\x0f\x0c", 2, -1 },
        { "field 0 in a group", 11, "\x00\x00\x0c", 3, -1 },
        { "tag of more than 32 bits", 11, "\x88\x80\x80\x80\x10\x00\x0c", 7,
          -1 }
    };

    for (i = 0; i < sizeof(skips) / sizeof(skips[0]); i++) {
        p = unit_guard_end(skips[i].text, skips[i].len);

        unit_ok(ngx_gw_pb_skip(p, p + skips[i].len, skips[i].tag)
                == (skips[i].end < 0 ? NULL : p + skips[i].end),
                "skip: %s", skips[i].name);
    }

    for (n = 99; n <= 100; n++) {
        memset(deep, 0x0b, n);
        memset(deep + n, 0x0c, n + 1);
        len = 2 * n + 1;

        unit_ok((ngx_gw_pb_skip(deep, deep + len, 11) == deep + len)
                == (n < 100), "skip: groups %u deep", (unsigned) n + 1);
    }
}


/* what transcoding asks for, in one place */

static void
test_service(void)
{
    ngx_str_t             text;
    ngx_gw_pb_method_t   *m;
    ngx_gw_pb_service_t  *s;

    text = slurp("t/data/proto/kitchen.pb");
    must(load(text.data, text.len) == NGX_OK);
    free(text.data);

    s = ngx_gw_pb_find_service(schema, (u_char *) "kitchen.v1.Kitchen", 18);
    must(s && s->nmethods == 11);
    m = s->methods;

    unit_ok(is(&m->path, "/kitchen.v1.Kitchen/Get") && is(&m->name, "Get")
            && m->input == message("kitchen.v1.GetRequest")
            && m->output == message("kitchen.v1.Mixed")
            && !m->client_streaming && !m->server_streaming, "a method");

    unit_ok(m->nrules == 3 && is(&m->rules[0].method, "GET")
            && is(&m->rules[0].path, "/v1/{name=kitchens/*}")
            && is(&m->rules[0].body, "")
            && is(&m->rules[1].path, "/v1/kitchens/{name}/{filter.text}")
            && is(&m->rules[2].method, "HEAD")
            && is(&m->rules[2].path, "/v1/{name=heads/**}"), "its rules");

    unit_ok(is(&m[2].rules[0].method, "PATCH")
            && is(&m[2].rules[0].body, "mixed")
            && is(&m[4].rules[0].response_body, "items")
            && m[10].nrules == 0, "bodies");

    unit_ok(!m[5].client_streaming && m[5].server_streaming
            && m[6].client_streaming && !m[6].server_streaming
            && m[7].client_streaming && m[7].server_streaming, "streams");

    unit_ok(message("google.api.HttpBody")->kind == NGX_GW_PB_HTTP_BODY
            && message("google.protobuf.Value")->kind == NGX_GW_PB_VALUE
            && message("google.protobuf.Int64Value")->kind
               == NGX_GW_PB_WRAPPER
            && message("google.protobuf.Empty")->kind == NGX_GW_PB_PLAIN,
            "kinds");
}


int
main(void)
{
    ngx_gw_json_init(0x0123456789abcdef);

    test_sets();
    test_alien();
    test_which();
    test_descriptor();
    test_ambiguous();
    test_names();
    test_features();
    test_large();
    test_conflicts();
    test_values();
    test_nested();
    test_many();
    test_cut();
    test_memory();
    test_wire();
    test_skip();
    test_service();

    ngx_destroy_pool(pool);

    return unit_done();
}
