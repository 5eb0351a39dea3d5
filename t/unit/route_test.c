/* unit: ngx_gw_transcode/ngx_gw_route.c ngx_gw_transcode/ngx_gw_route_match.c
         ngx_gw_transcode/ngx_gw_template.c */

/*
 * ngx_gw_route: which templates are refused, and where; which conflict; which
 * binding a request gets and with what values, or which methods there are.
 */


#include "ngx_gw_route.h"


#define MAX_ROUTES  12
#define MAX_TRIES   48


/*
 * want: the number of the route and its values, "0 name=a/b id=7"; "404"; or
 * "405 GET, PATCH".  A request that begins with "=" is an uri that nginx has
 * decoded.
 */
typedef struct {
    const char  *request;
    const char  *want;
} try_t;

typedef struct {
    const char  *name;
    const char  *routes[MAX_ROUTES];
    try_t        tries[MAX_TRIES];
} set_t;

typedef struct {
    const char  *template;
    const char  *want;         /* NULL: it is a good one */
} template_t;

typedef struct {
    const char  *routes[3];    /* the last one is refused */
    const char  *want;
} conflict_t;


static const set_t  sets[] = {

    { "http.proto: a variable of two segments",
      { "GET /v1/{name=messages/*}" },
      { { "GET /v1/messages/123456", "0 name=messages/123456" },
        { "GET /v1/messages", "404" },
        { "GET /v1/messages/", "404" },
        { "GET /v1/messages/1/2", "404" },
        { "GET /v1/message/1", "404" },
        { "GET /v2/messages/1", "404" },
        { "GET /v1", "404" },
        { "GET /", "404" },
        { "GET ", "404" },
        { "GET v1/messages/1", "404" },
        { "GET *", "404" },
        { "POST /v1/messages/1", "405 GET" },
        { "get /v1/messages/1", "405 GET" },
        { "GETS /v1/messages/1", "405 GET" },
        { "GE /v1/messages/1", "405 GET" },
        { " /v1/messages/1", "405 GET" },
        { "POST /v1/messages", "404" } } },

    { "http.proto: a variable of one segment, and of a field of a field",
      { "GET /v1/messages/{message_id}",
        "GET /v1/messages/{message_id}/{sub.subfield}" },
      { { "GET /v1/messages/123456", "0 message_id=123456" },
        { "GET /v1/messages/1/foo", "1 message_id=1 sub.subfield=foo" },
        { "GET /v1/messages/1/2/3", "404" } } },

    { "http.proto: additional bindings",
      { "GET /v1/messages/{message_id}",
        "GET /v1/users/{user_id}/messages/{message_id}",
        "PATCH /v1/messages/{message_id}" },
      { { "GET /v1/messages/123456", "0 message_id=123456" },
        { "GET /v1/users/me/messages/123456",
          "1 user_id=me message_id=123456" },
        { "PATCH /v1/messages/123456", "2 message_id=123456" },
        { "PUT /v1/messages/123456", "405 GET, PATCH" },
        { "PATCH /v1/users/me/messages/1", "405 GET" } } },

    { "the root",
      { "GET /", "POST /a" },
      { { "GET /", "0" },
        { "POST /", "405 GET" },
        { "GET //", "404" },
        { "GET ", "404" },
        { "GET /a", "405 POST" } } },

    { "literals",
      { "GET /a", "GET /ab", "GET /a/b", "GET /abcdefgh",
        "GET /abcdefghijklmnopq", "GET /abcdefghijklmnopqrstuvwxyz0123456789",
        "GET /abcd", "GET /a.b", "GET /...", "GET /.a", "GET /\xc3\xa9" },
      { { "GET /a", "0" },
        { "GET /ab", "1" },
        { "GET /a/b", "2" },
        { "GET /abcdefgh", "3" },
        { "GET /abcdefghi", "404" },
        { "GET /abcdefghijklmnopq", "4" },
        { "GET /abcdefghijklmnop", "404" },
        { "GET /abcdefghijklmnopqrstuvwxyz0123456789", "5" },
        { "GET /abcdefghijklmnopqrstuvwxyz012345678", "404" },
        { "GET /Abcdefghijklmnopqrstuvwxyz0123456789", "404" },
        { "GET /abcd", "6" },
        { "GET /abc", "404" },
        { "GET /b", "404" },
        { "GET /A", "404" },
        { "GET /a/", "404" },
        { "GET //a", "404" },
        { "GET /a//b", "404" },
        { "GET /a/b/", "404" },
        { "GET /a.b", "7" },
        { "GET /aXb", "404" },
        { "GET /...", "8" },
        { "GET /.a", "9" },
        { "GET /\xc3\xa9", "10" },
        { "GET /%C3%a9", "10" },
        { "GET /%61", "0" },
        { "GET /%61%62", "1" },
        { "GET /%61/%62", "2" },
        { "GET /a%2Fb", "404" },
        { "GET /a%2Eb", "7" },
        { "GET /%2e%2E.", "8" },
        { "GET /abcdefghijklmnopqrstuvwxyz012345678%39", "5" } } },

    { "stars",
      { "GET /a/*", "GET /a/*/b", "GET /*/*/*/d" },
      { { "GET /a/x", "0" },
        { "GET /a/*", "0" },
        { "GET /a", "404" },
        { "GET /a/x/b", "1" },
        { "GET /a/x/c", "404" },
        { "GET /a/x/b/d", "2" },
        { "GET /a/x/c/d", "2" },
        { "GET /x/y/z/d", "2" },
        { "GET /x/y/z/e", "404" },
        { "GET /a//b", "404" } } },

    { "two stars: any number of segments",
      { "GET /a/{x=**}", "GET /b/**", "GET /c/{x=d/**}" },
      { { "GET /a", "0 x=" },
        { "GET /a/1", "0 x=1" },
        { "GET /a/1/2/3/4", "0 x=1/2/3/4" },
        { "GET /a/", "404" },
        { "GET /a/1//2", "404" },
        { "GET /a/1/", "404" },
        { "GET /b", "1" },
        { "GET /b/1/2", "1" },
        { "GET /c", "404" },
        { "GET /c/d", "2 x=d" },
        { "GET /c/d/e/f", "2 x=d/e/f" },
        { "GET /c/e", "404" },
        { "GET /", "404" } } },

    { "two stars at the root",
      { "GET /{x=**}" },
      { { "GET /", "0 x=" },
        { "GET /a", "0 x=a" },
        { "GET /a/b", "0 x=a/b" },
        { "GET //", "404" },
        { "GET /a//b", "404" } } },

    { "literals behind two stars",
      { "GET /a/{x=**}/c", "GET /b/**/c/d", "GET /e/{x=f/**/g}/h",
        "GET /i/{x}/{y=**}/{z=j/k}" },
      { { "GET /a/c", "0 x=" },
        { "GET /a/b/c", "0 x=b" },
        { "GET /a/b/b/b/c", "0 x=b/b/b" },
        { "GET /a/c/c", "0 x=c" },
        { "GET /a/b/c/d", "404" },
        { "GET /a", "404" },
        { "GET /b/c/d", "1" },
        { "GET /b/c", "404" },
        { "GET /b/d", "404" },
        { "GET /b/d/d", "404" },
        { "GET /b/x/y/c/d", "1" },
        { "GET /e/f/g/h", "2 x=f/g" },
        { "GET /e/f/1/2/g/h", "2 x=f/1/2/g" },
        { "GET /e/f/h", "404" },
        { "GET /e/g/h", "404" },
        { "GET /i/1/j/k", "3 x=1 y= z=j/k" },
        { "GET /i/1/2/j/k", "3 x=1 y=2 z=j/k" },
        { "GET /i/1/2/3/4/j/k", "3 x=1 y=2/3/4 z=j/k" },
        { "GET /i/j/k", "404" } } },

    { "the longest tail wins, and the shorter one otherwise",
      { "GET /a/**", "GET /a/**/c", "GET /a/**/b/c", "POST /a/**/z/b/c" },
      { { "GET /a", "0" },
        { "GET /a/x", "0" },
        { "GET /a/c", "1" },
        { "GET /a/x/c", "1" },
        { "GET /a/b/c", "2" },
        { "GET /a/x/b/c", "2" },
        { "GET /a/x/z/b/c", "2" },
        { "POST /a/x/z/b/c", "3" },
        { "PUT /a/x/z/b/c", "405 GET, POST" },
        { "POST /a/x/b/c", "405 GET" },
        { "GET /a/b", "0" } } },

    { "literal before star before two stars",
      { "GET /v1/things/{id}", "GET /v1/things/all", "GET /v1/{x=**}",
        "GET /v1/{x}", "GET /v1/things", "GET /**" },
      { { "GET /v1/things/all", "1" },
        { "GET /v1/things/7", "0 id=7" },
        { "GET /v1/things/al", "0 id=al" },
        { "GET /v1/things/all/1", "2 x=things/all/1" },
        { "GET /v1/things", "4" },
        { "GET /v1/thing", "3 x=thing" },
        { "GET /v1/thing/1", "2 x=thing/1" },
        { "GET /v1", "2 x=" },
        { "GET /v2", "5" },
        { "GET /", "5" } } },

    { "the order in which they are added is of no matter",
      { "GET /**", "GET /v1/things", "GET /v1/{x}", "GET /v1/{x=**}",
        "GET /v1/things/all", "GET /v1/things/{id}" },
      { { "GET /v1/things/all", "4" },
        { "GET /v1/things/7", "5 id=7" },
        { "GET /v1/things/all/1", "3 x=things/all/1" },
        { "GET /v1/things", "1" },
        { "GET /v1/thing", "2 x=thing" },
        { "GET /v1", "3 x=" },
        { "GET /v2", "0" } } },

    { "an earlier literal counts for more than later ones",
      { "GET /a/*/*", "GET /*/b/c", "GET /**/c" },
      { { "GET /a/b/c", "0" },
        { "GET /x/b/c", "1" },
        { "GET /x/y/c", "2" },
        { "GET /a/b/c/c", "2" },
        { "GET /c", "2" },
        { "GET /a/c", "2" } } },

    { "turning back",
      { "GET /a/b/c/d", "GET /a/{x}/c/e", "GET /{x}/b/{y}/f",
        "GET /a/{x=**}/g", "GET /{x=**}/h", "GET /a/b/{x}" },
      { { "GET /a/b/c/d", "0" },
        { "GET /a/b/c/e", "1 x=b" },
        { "GET /a/b/c/f", "2 x=a y=c" },
        { "GET /a/b/c/g", "3 x=b/c" },
        { "GET /a/b/c/h", "4 x=a/b/c" },
        { "GET /a/b/c/i", "404" },
        { "GET /a/b/c", "5 x=c" },
        { "GET /a/b/h", "5 x=h" },
        { "GET /a/b/g", "5 x=g" },
        { "GET /a/h", "4 x=a" },
        { "GET /a/b", "404" },
        { "GET /h", "4 x=" } } },

    { "turning back, as often as it goes",
      { "GET /a/a/a/a/a/a/a/a/x", "GET /*/a/a/a/a/a/a/a/y",
        "GET /a/*/a/a/a/a/a/a/y", "GET /a/a/a/a/a/a/a/*/z",
        "GET /*/*/*/*/*/*/*/*/*" },
      { { "GET /a/a/a/a/a/a/a/a/x", "0" },
        { "GET /a/a/a/a/a/a/a/a/y", "2" },
        { "GET /b/a/a/a/a/a/a/a/y", "1" },
        { "GET /a/b/a/a/a/a/a/a/y", "2" },
        { "GET /b/b/a/a/a/a/a/a/y", "4" },
        { "GET /a/a/a/a/a/a/a/a/z", "3" },
        { "GET /a/a/a/a/a/a/a/a/a", "4" },
        { "GET /a/a/a/a/a/a/a/a", "404" },
        { "GET /a/a/a/a/a/a/a/a/a/a", "404" } } },

    { "the most specific one that has the method",
      { "GET /v1/{x}", "POST /v1/things", "* /v1/{y}", "PUT /{z=**}",
        "PURGE /v1/things" },
      { { "POST /v1/things", "1" },
        { "PURGE /v1/things", "4" },
        { "GET /v1/things", "0 x=things" },
        { "DELETE /v1/things", "2 y=things" },
        { "PUT /v1/things", "2 y=things" },
        { "PUT /v1/things/1", "3 z=v1/things/1" },
        { "GET /v1/things/1", "405 PUT" },
        { "purge /v1/things", "2 y=things" } } },

    { "any method",
      { "* /a", "GET /a", "GET /b", "* /b/{x}" },
      { { "GET /a", "1" },
        { "POST /a", "0" },
        { "BREW /a", "0" },
        { "* /a", "0" },
        { "POST /b", "405 GET" },
        { "* /b", "405 GET" },
        { "HEAD /b/1", "3 x=1" } } },

    { "Allow: all that match, each once, sorted",
      { "POST /a/b", "GET /a/{x}", "DELETE /{x}/b", "PATCH /{x=**}",
        "GET /a/b", "BREW /**/b", "PUT /a/c", "X /a/{x}/b" },
      { { "PUT /a/b", "405 BREW, DELETE, GET, PATCH, POST" },
        { "HEAD /a/b", "405 BREW, DELETE, GET, PATCH, POST" },
        { "POST /a/c", "405 GET, PATCH, PUT" },
        { "GET /b", "405 BREW, PATCH" },
        { "GET /", "405 PATCH" },
        { "GET //", "404" },
        { "BREW /", "405 PATCH" } } },

    { "verbs",
      { "POST /v1/{name=things/*}:cancel", "GET /v1/{name=things/*}",
        "POST /v1/things:batch", "POST /v1/things", "POST /v1/{name=**}:undo",
        "POST /v1:undo", "GET /x/*:watch", "GET /x/**:watch" },
      { { "POST /v1/things/7:cancel", "0 name=things/7" },
        { "GET /v1/things/7", "1 name=things/7" },
        { "GET /v1/things/7:cancel", "1 name=things/7:cancel" },
        { "GET /v1/things/a:b:c", "1 name=things/a:b:c" },
        { "GET /v1/things/:", "1 name=things/:" },
        { "GET /v1/things/:cancel", "1 name=things/:cancel" },
        { "POST /v1/things/:cancel", "405 GET" },
        { "POST /v1/things/7:cance", "405 GET" },
        { "POST /v1/things/7:cancel:", "405 GET" },
        { "POST /v1/things/a:b:cancel", "0 name=things/a:b" },
        { "PUT /v1/things/7:cancel", "405 GET, POST" },
        { "POST /v1/things:batch", "2" },
        { "POST /v1/things", "3" },
        { "POST /v1/things:cancel", "404" },
        { "POST /v1/a/b/c:undo", "4 name=a/b/c" },
        { "POST /v1/things:undo", "4 name=things" },
        { "POST /v1/things/7:undo", "4 name=things/7" },
        { "POST /v1:undo", "5" },
        { "POST /v1/:undo", "404" },
        { "POST /:undo", "404" },
        { "GET /x/1:watch", "6" },
        { "GET /x/1/2:watch", "7" },
        { "GET /x:watch", "7" },
        { "GET /x/1:wait", "404" },
        { "GET /x/1:watch/2", "404" } } },

    { "a verb at the root",
      { "GET /**:all", "GET /{x}:one" },
      { { "GET /:all", "0" },
        { "GET /a/b:all", "0" },
        { "GET /:one", "404" },
        { "GET /a:one", "1 x=a" },
        { "GET /a%3Aone", "404" },
        { "GET /a:on%65", "1 x=a" },
        { "=GET /a:one", "1 x=a" },
        { "GET /a::one", "1 x=a:" },
        { "GET /a:one:one", "1 x=a:one" } } },

    { "a verb at the root of another method",
      { "POST /**:all", "GET /{x}" },
      { { "POST /:all", "0" },
        { "GET /:all", "1 x=:all" },
        { "GET /a:all", "1 x=a:all" },
        { "PUT /:all", "405 GET, POST" } } },

    { "a colon in a value where no route has the verb",
      { "GET /v1/{name=**}", "GET /w/{a}/{b}" },
      { { "GET /v1/a:b", "0 name=a:b" },
        { "GET /v1/a:b/c:d", "0 name=a:b/c:d" },
        { "GET /v1/:", "0 name=:" },
        { "GET /w/a:b/c:d", "1 a=a:b b=c:d" } } },

    { "colons in literals",
      { "GET /a:b/c", "GET /{x=d:e}", "GET /d:e:f", "GET /{x=g:h/*}:i" },
      { { "GET /a:b/c", "0" },
        { "GET /a%3ab/c", "0" },
        { "GET /d:e", "1 x=d:e" },
        { "GET /d:e:f", "2" },
        { "GET /d%3Ae:f", "2" },
        { "GET /d:e%3Af", "404" },
        { "GET /g:h/1:i", "3 x=g:h/1" },
        { "GET /g:h/1", "404" } } },

    { "dots are no segments",
      { "GET /**", "POST /{x}:verb" },
      { { "GET /.", "404" },
        { "GET /..", "404" },
        { "GET /a/.", "404" },
        { "GET /a/..", "404" },
        { "GET /a/../b", "404" },
        { "GET /./b", "404" },
        { "GET /%2e", "404" },
        { "GET /%2E%2e/b", "404" },
        { "GET /.%2e", "404" },
        { "GET /a/%2E.", "404" },
        { "=GET /..", "404" },
        { "=GET /%2e%2e", "0" },
        { "GET /...", "0" },
        { "GET /%2e%2e%2e", "0" },
        { "GET /..a", "0" },
        { "GET /a..", "0" },
        { "GET /%2e%2ea", "0" },
        { "GET /%252e%252e", "0" },
        { "GET /..;", "0" },
        { "GET /a%2F..", "404" },
        { "GET /a%2f../b", "404" },
        { "GET /a%2F%2e%2E%2Fb", "404" },
        { "GET /..%2Fa", "404" },
        { "GET /.%2Fa", "404" },
        { "GET /..%2F..", "404" },
        { "GET /a%2F.", "404" },
        { "GET /a%2F%2F..%2F", "404" },
        { "=GET /a%2F..", "0" },
        { "GET /a%2F...", "0" },
        { "GET /a%2F..b%2Fc..", "0" },
        { "GET /a..%2F.b", "0" },
        { "GET /a%252F..", "0" },
        { "POST /..:verb", "405 GET" },
        { "POST /%2e:verb", "405 GET" },
        { "POST /a%2F..:verb", "405 GET" },
        { "POST /...:verb", "1 x=..." } } },

    { "decoding",
      { "GET /s/{x}", "GET /m/{x=**}", "GET /t/{x=a/*}",
        "GET /l/a%20b/{x}", "GET /l/c d", "GET /l/%C3%A9", "GET /l/e%2Ff",
        "GET /l/100%25", "GET /n/{x}/{y}/z", "GET /u/{x=\xc3\xa9}" },
      { { "GET /s/a%20b", "0 x=a b" },
        { "GET /s/%", "404" },
        { "GET /s/%2", "404" },
        { "GET /s/%2g", "404" },
        { "GET /s/%g2", "404" },
        { "GET /s/%%32", "404" },
        { "GET /s/a%00b", "404" },
        { "GET /s/%25", "0 x=%" },
        { "GET /s/%2525", "0 x=%25" },
        { "GET /s/%41%7a", "0 x=Az" },
        { "GET /s/%41%7A%7a", "0 x=Azz" },
        { "GET /s/a+b", "0 x=a+b" },
        { "GET /s/a%2Bb", "0 x=a+b" },
        { "GET /s/a%2Fb%2fc", "0 x=a/b/c" },
        { "GET /s/%2F", "0 x=/" },
        { "GET /s/%c3%A9", "0 x=\xc3\xa9" },
        { "GET /s/%ff", "0 x=\xff" },
        { "GET /s/%3F%23%5B", "0 x=?#[" },
        { "GET /s/a/b", "404" },
        { "GET /m/a%2Fb%2fc/d%20e", "1 x=a%2Fb%2fc/d e" },
        { "GET /m/%2F", "1 x=%2F" },
        { "GET /m/%25%32%46", "1 x=%2F" },
        { "GET /m/a%3Ab", "1 x=a:b" },
        { "GET /m/x/%", "404" },
        { "GET /m/x%00", "404" },
        { "GET /t/a/b%2Fc%21", "2 x=a/b%2Fc!" },
        { "GET /t/%61/b", "2 x=a/b" },
        { "GET /l/a%20b/%78", "3 x=x" },
        { "GET /l/%61 b/x", "3 x=x" },
        { "GET /l/c%20d", "4" },
        { "GET /l/c d", "4" },
        { "GET /l/c+d", "404" },
        { "GET /l/%c3%a9", "5" },
        { "GET /l/e%2ff", "6" },
        { "GET /l/e/f", "404" },
        { "GET /l/100%25", "7" },
        { "GET /l/100%2525", "404" },
        { "GET /%6C/100%25", "7" },
        { "GET /n/%31/2/%7A", "8 x=1 y=2" },
        { "GET /u/%C3%A9", "9 x=\xc3\xa9" } } },

    { "what nginx has decoded is not decoded",
      { "GET /s/{x}", "GET /m/{x=**}", "GET /l/100%25" },
      { { "=GET /s/%", "0 x=%" },
        { "=GET /s/%2F", "0 x=%2F" },
        { "=GET /s/%00", "0 x=%00" },
        { "=GET /s/a b", "0 x=a b" },
        { "=GET /m/%41/%", "1 x=%41/%" },
        { "=GET /l/100%", "2" },
        { "=GET /l/100%25", "404" },
        { "=POST /s/%", "405 GET" } } },

    { "several variables, in any order of fields",
      { "GET /{a.b.c}/x/{a.b.d=y/*/z}/{e=w}/{f_1=**}" },
      { { "GET /1/x/y/2/z/w", "0 a.b.c=1 a.b.d=y/2/z e=w f_1=" },
        { "GET /1/x/y/2/z/w/3/4", "0 a.b.c=1 a.b.d=y/2/z e=w f_1=3/4" },
        { "GET /%31/x/y/%32/z/%77/3/%34",
          "0 a.b.c=1 a.b.d=y/2/z e=w f_1=3/4" },
        { "GET /1/x/y/2/z/v", "404" } } },

    { "no routes", { NULL }, { { "GET /", "404" }, { "GET /a:b", "404" } } }
};


static const template_t  templates[] = {

    { "/", NULL },
    { "/a", NULL },
    { "/*", NULL },
    { "/**", NULL },
    { "/**:v", NULL },
    { "/a:v", NULL },
    { "/{a}", NULL },
    { "/{a}:v", NULL },
    { "/{a=*}", NULL },
    { "/{a=**}", NULL },
    { "/{a=**/b}", NULL },
    { "/{a=b/*/c/**}:v", NULL },
    { "/{a.b_c.D9}", NULL },
    { "/{_}", NULL },
    { "/a-b._~!$&'()+,;=@/c", NULL },
    { "/a b", NULL },
    { "/%41%2f", NULL },
    { "/a:%41", NULL },
    { "/a/{b=c:d}", NULL },
    { "/{a}/{ab}/{b.a}", NULL },
    { "/**/a/b/{c=d/e}:f", NULL },

    { "", "no \"/\" at 1" },
    { "a", "no \"/\" at 1" },
    { "{a}", "no \"/\" at 1" },
    { "//", "empty segment at 2" },
    { "/a/", "empty segment at 4" },
    { "/a//b", "empty segment at 4" },
    { "/{a}/", "empty segment at 6" },
    { "/{a=}", "empty segment at 5" },
    { "/{a=b/}", "empty segment at 7" },
    { "/{a=/b}", "empty segment at 5" },
    { "/:v", "empty segment at 2" },
    { "/a/:v", "empty segment at 4" },
    { "/a:", "empty verb at 4" },
    { "/*:", "empty verb at 4" },
    { "/{a}:", "empty verb at 6" },
    { "/*:a/b", "unexpected character in a verb at 5" },
    { "/*:a:b", "unexpected character in a verb at 5" },
    { "/*:{a}", "unexpected character in a verb at 4" },
    { "/*:*", "unexpected character in a verb at 4" },
    { "/*:a?b", "unexpected character in a verb at 5" },
    { "/*:a#", "unexpected character in a verb at 5" },
    { "/*:a\t", "unexpected character in a verb at 5" },
    { "/***", "unexpected character behind a segment at 4" },
    { "/*a", "unexpected character behind a segment at 3" },
    { "/**a", "unexpected character behind a segment at 4" },
    { "/{a}b", "unexpected character behind a segment at 5" },
    { "/{a}}", "unexpected character behind a segment at 5" },
    { "/{a}{b}", "unexpected character behind a segment at 5" },
    { "/{a}*", "unexpected character behind a segment at 5" },
    { "/{a=*:v}", "unexpected character behind a segment at 6" },
    { "/*}", "unexpected character behind a segment at 3" },
    { "/a*", "a literal with \"*\", \"{\" or \"}\" at 3" },
    { "/a**", "a literal with \"*\", \"{\" or \"}\" at 3" },
    { "/a{b}", "a literal with \"*\", \"{\" or \"}\" at 3" },
    { "/}", "a literal with \"*\", \"{\" or \"}\" at 2" },
    { "/a}", "a literal with \"*\", \"{\" or \"}\" at 3" },
    { "/{a=b{c}}", "a literal with \"*\", \"{\" or \"}\" at 6" },
    { "/a?b=c", "a literal with \"?\" or \"#\" that is not escaped at 3" },
    { "/a#b", "a literal with \"?\" or \"#\" that is not escaped at 3" },
    { "/a\nb", "a literal with a control character at 3" },
    { "/a\x7f", "a literal with a control character at 3" },
    { "/%", "malformed escape at 2" },
    { "/a%4", "malformed escape at 3" },
    { "/a%4g", "malformed escape at 3" },
    { "/a%/b", "malformed escape at 3" },
    { "/a%00", "malformed escape at 3" },
    { "/{a=%4}1", "malformed escape at 5" },
    { "/a:%4", "malformed escape at 4" },
    { "/.", "a segment \".\" or \"..\" at 2" },
    { "/a/..", "a segment \".\" or \"..\" at 4" },
    { "/%2e%2E", "a segment \".\" or \"..\" at 2" },
    { "/..:v", "a segment \".\" or \"..\" at 2" },
    { "/{a=../b}", "a segment \".\" or \"..\" at 5" },
    { "/**/**", "a second \"**\" at 5" },
    { "/{a=**}/{b=**}", "a second \"**\" at 12" },
    { "/**/*", "a segment behind \"**\" that is no literal at 5" },
    { "/**/{a}", "a segment behind \"**\" that is no literal at 7" },
    { "/{a=**/*}", "a segment behind \"**\" that is no literal at 8" },
    { "/{a=**}/b/*", "a segment behind \"**\" that is no literal at 11" },
    { "/{", "no name of a field at 3" },
    { "/{}", "no name of a field at 3" },
    { "/{=a}", "no name of a field at 3" },
    { "/{1}", "no name of a field at 3" },
    { "/{.a}", "no name of a field at 3" },
    { "/{a.}", "no name of a field at 5" },
    { "/{a..b}", "no name of a field at 5" },
    { "/{a.1}", "no name of a field at 5" },
    { "/{ a}", "no name of a field at 3" },
    { "/{*}", "no name of a field at 3" },
    { "/{a", "no \"=\" or \"}\" at 4" },
    { "/{a b}", "no \"=\" or \"}\" at 4" },
    { "/{a-b}", "no \"=\" or \"}\" at 4" },
    { "/{a/b}", "no \"=\" or \"}\" at 4" },
    { "/{a:b}", "no \"=\" or \"}\" at 4" },
    { "/{a=", "empty segment at 5" },
    { "/{a=b", "no \"}\" at 6" },
    { "/{a=*", "no \"}\" at 6" },
    { "/{a=b/**", "no \"}\" at 9" },
    { "/{a=b:c", "no \"}\" at 8" },
    { "/{a={b}}", "a variable in a variable at 5" },
    { "/{a=b/{c}}", "a variable in a variable at 7" },
    { "/{a}/{a}", "a field set twice at 7" },
    { "/{a}/{a.b}", "a field set twice at 7" },
    { "/{a.b.c}/{b}/{a.b}", "a field set twice at 15" }
};


static const conflict_t  conflicts[] = {
    { { "GET /a", "GET /a" }, "\"GET /a\" conflicts with \"GET /a\"" },
    { { "GET /a", "POST /a" }, NULL },
    { { "GET /a", "* /a" }, NULL },
    { { "* /a", "* /a" }, "\"* /a\" conflicts with \"* /a\"" },
    { { "GET /{a}", "GET /{b}" },
      "\"GET /{b}\" conflicts with \"GET /{a}\"" },
    { { "GET /{a}", "GET /*" }, "\"GET /*\" conflicts with \"GET /{a}\"" },
    { { "GET /{a=b/*}", "GET /b/{c}" },
      "\"GET /b/{c}\" conflicts with \"GET /{a=b/*}\"" },
    { { "GET /{a=**}", "GET /**" },
      "\"GET /**\" conflicts with \"GET /{a=**}\"" },
    { { "GET /{a=**}/b", "GET /{c=**/b}" },
      "\"GET /{c=**/b}\" conflicts with \"GET /{a=**}/b\"" },
    { { "GET /%61", "GET /a" }, "\"GET /a\" conflicts with \"GET /%61\"" },
    { { "GET /a:b", "GET /{c=a}:%62" },
      "\"GET /{c=a}:%62\" conflicts with \"GET /a:b\"" },
    { { "GET /a", "POST /a", "POST /{b=a}" },
      "\"POST /{b=a}\" conflicts with \"POST /a\"" },
    { { "GET /a:b", "GET /a" }, NULL },
    { { "GET /a:b", "GET /a:c" }, NULL },
    { { "GET /a:b", "GET /{x=a:b}" }, NULL },
    { { "GET /a/*", "GET /a/**" }, NULL },
    { { "GET /a/**", "GET /a" }, NULL },
    { { "GET /a/**/b", "GET /a/**/c" }, NULL },
    { { "GET /a", "GET /A" }, NULL },
    { { " /a" }, "\"\" is no HTTP method" },
    { { "G(T /a" }, "\"G(T\" is no HTTP method" },
    { { "** /a" }, "\"**\" is no HTTP method" },
    { { "G\xc3\xa9T /a" }, "\"G\xc3\xa9T\" is no HTTP method" }
};


#define nelts(array)  (sizeof(array) / sizeof(array[0]))


static ngx_pool_t  *pool;


static ngx_str_t
str(const char *text, size_t len)
{
    ngx_str_t  s;

    s.data = malloc(len ? len : 1);
    s.len = len;
    memcpy(s.data, text, len);

    return s;
}


/* "METHOD template" */

static ngx_int_t
add(ngx_gw_routes_t *routes, const char *route, ngx_str_t *error)
{
    ngx_int_t        rc;
    ngx_str_t        method, template;
    const char      *space;
    ngx_gw_route_t  *added;

    space = strchr(route, ' ');

    method = str(route, space - route);
    template.len = strlen(space + 1);
    template.data = unit_guard_end(space + 1, template.len);

    rc = ngx_gw_routes_add(routes, &method, &template, (void *) route,
                           &added, error);

    /* nothing of these is kept */

    memset(method.data, 'x', method.len);
    memset(template.data, 'x', template.len);
    free(method.data);

    return rc;
}


/* what is found, as want says it */

static const char *
find(ngx_gw_routes_t *routes, const char *const *list, const char *request)
{
    char                    *p;
    u_char                  *v;
    ngx_int_t                rc;
    ngx_str_t                method, path, allow;
    ngx_uint_t               i, raw;
    const char              *space;
    ngx_gw_route_t          *route;
    ngx_gw_route_match_t     match;

    static char              buf[4096];

    raw = 1;

    if (*request == '=') {
        raw = 0;
        request++;
    }

    space = strchr(request, ' ');

    path.len = strlen(space + 1);
    path.data = unit_guard_end(space + 1, path.len);
    method = str(request, space - request);

    memset(&match, 0x5a, sizeof(match));
    ngx_str_set(&allow, "none");

    /* nothing is allocated if nothing is decoded */

    if (!raw || strchr(request, '%') == NULL) {
        ngx_stub_allocs_left = 0;
    }

    rc = ngx_gw_routes_match(routes, pool, &method, &path, raw, &match,
                             &allow);
    if (rc == NGX_ERROR && ngx_stub_allocs_left == 0) {
        ngx_stub_allocs_left = -1;
        rc = ngx_gw_routes_match(routes, pool, &method, &path, raw, &match,
                                 &allow);
        rc = (rc == NGX_ABORT) ? rc : NGX_ERROR;
    }

    ngx_stub_allocs_left = -1;
    free(method.data);

    if (rc == NGX_DECLINED) {
        return "404";
    }

    if (rc == NGX_ABORT) {
        sprintf(buf, "405 %.*s", (int) allow.len, (char *) allow.data);
        return buf;
    }

    if (rc != NGX_OK) {
        sprintf(buf, "%d", (int) rc);
        return buf;
    }

    route = match.route;

    for (i = 0; list[i] != route->data; i++) { /* void */ }

    p = buf + sprintf(buf, "%d", (int) i);

    for (i = 0; i < route->nvariables; i++) {
        v = match.values[i].data;

        if (raw && strchr(request, '%') == NULL
            && (v < path.data || v + match.values[i].len
                                 > path.data + path.len))
        {
            return "a value that is not in the path";
        }

        p += sprintf(p, " %.*s=%.*s", (int) route->variables[i].path.len,
                     (char *) route->variables[i].path.data,
                     (int) match.values[i].len, (char *) v);
    }

    return buf;
}


static void
test_sets(void)
{
    ngx_str_t         error;
    ngx_uint_t        i, k;
    const char       *have;
    const set_t      *set;
    ngx_gw_routes_t  *routes;

    for (i = 0; i < nelts(sets); i++) {
        set = &sets[i];

        routes = ngx_gw_routes_create(pool);

        for (k = 0; k < MAX_ROUTES && set->routes[k]; k++) {
            if (add(routes, set->routes[k], &error) != NGX_OK) {
                unit_ok(0, "%s: %.*s", set->name, (int) error.len,
                        (char *) error.data);
            }
        }

        ngx_gw_routes_finish(routes);

        for (k = 0; k < MAX_TRIES && set->tries[k].request; k++) {
            have = find(routes, set->routes, set->tries[k].request);

            unit_ok(strcmp(have, set->tries[k].want) == 0, "%s: %s",
                    set->name, set->tries[k].request);

            if (strcmp(have, set->tries[k].want) != 0) {
                printf("# %s, not %s\n", have, set->tries[k].want);
            }
        }
    }
}


static void
test_templates(void)
{
    int                ok;
    char               route[256], want[256];
    ngx_int_t          rc;
    ngx_str_t          error;
    ngx_uint_t         i;
    const template_t  *t;
    ngx_gw_routes_t   *routes;

    for (i = 0; i < nelts(templates); i++) {
        t = &templates[i];

        routes = ngx_gw_routes_create(pool);

        sprintf(route, "GET %s", t->template);
        ngx_str_null(&error);
        rc = add(routes, route, &error);

        if (t->want == NULL) {
            ok = (rc == NGX_OK);

        } else {
            sprintf(want, "%s in \"%s\"", t->want, t->template);
            ok = (rc == NGX_DECLINED && error.len == strlen(want)
                  && memcmp(error.data, want, error.len) == 0);
        }

        unit_ok(ok, "template %u: \"%s\"", (unsigned int) i,
                strpbrk(t->template, "\t\n\x7f") ? "" : t->template);

        if (!ok) {
            printf("# %d %.*s\n", (int) rc, (int) error.len,
                   (char *) error.data);
        }
    }
}


static void
test_conflicts(void)
{
    int                ok;
    ngx_int_t          rc;
    ngx_str_t          error;
    ngx_uint_t         i, k;
    const conflict_t  *c;
    ngx_gw_routes_t   *routes;

    for (i = 0; i < nelts(conflicts); i++) {
        c = &conflicts[i];

        routes = ngx_gw_routes_create(pool);
        rc = NGX_OK;

        for (k = 0; k < 3 && c->routes[k] && rc == NGX_OK; k++) {
            rc = add(routes, c->routes[k], &error);
        }

        if (c->want) {
            ok = rc == NGX_DECLINED && (k == 3 || c->routes[k] == NULL)
                 && error.len == strlen(c->want)
                 && memcmp(error.data, c->want, error.len) == 0;

        } else {
            ok = (rc == NGX_OK);
        }

        unit_ok(ok, "%s and %s: %s", c->routes[0],
                c->routes[1] ? c->routes[1] : "none",
                c->want ? c->want : "no conflict");
    }
}


static void
repeat(char *dst, const char *head, const char *unit, int n, const char *tail)
{
    dst += sprintf(dst, "%s", head);

    while (n--) {
        dst += sprintf(dst, "%s", unit);
    }

    sprintf(dst, "%s", tail);
}


static int
accepts(const char *route)
{
    ngx_str_t  error;

    return add(ngx_gw_routes_create(pool), route, &error) == NGX_OK;
}


static void
test_limits(void)
{
    int               i, ok;
    char              route[2048], *p;
    ngx_str_t         error;
    ngx_gw_routes_t  *routes;
    const char       *list[2];

    repeat(route, "GET ", "/a", 64, "");
    unit_ok(accepts(route), "64 segments");
    repeat(route, "GET ", "/a", 65, "");
    unit_ok(!accepts(route), "65 segments");
    repeat(route, "GET ", "/*", 65, "");
    unit_ok(!accepts(route), "65 stars");
    repeat(route, "GET ", "/a", 64, "/**");
    unit_ok(!accepts(route), "and two stars as the 65th segment");
    repeat(route, "GET ", "/a", 63, "/**:v");
    unit_ok(accepts(route), "as the 64th");
    repeat(route, "GET /{x=a", "/a", 63, "}");
    unit_ok(accepts(route), "64 segments in a variable");

    for (p = route + sprintf(route, "GET "), i = 0; i < 16; i++) {
        p += sprintf(p, "/{x%d}", i);
    }

    unit_ok(accepts(route), "16 variables");
    sprintf(p, "/{x%d}", i);
    unit_ok(!accepts(route), "17 variables");

    repeat(route, "GET /", "a", 255, "");
    unit_ok(accepts(route), "a literal of 255 bytes");
    repeat(route, "GET /", "a", 256, "");
    unit_ok(!accepts(route), "a literal of 256 bytes");
    repeat(route, "GET /", "%61", 255, "");
    unit_ok(accepts(route), "255 bytes after decoding");
    repeat(route, "GET /*:", "a", 256, "");
    unit_ok(!accepts(route), "a verb of 256 bytes");

    routes = ngx_gw_routes_create(pool);

    for (ok = 1, i = 0; i < 63; i++) {
        sprintf(route, "M%d /", i);
        ok &= add(routes, route, &error) == NGX_OK;
    }

    unit_ok(ok && add(routes, "* /", &error) == NGX_OK, "63 methods and any");
    unit_ok(add(routes, "M62 /a", &error) == NGX_OK
            && add(routes, "M63 /", &error) == NGX_DECLINED,
            "a method too many");
    ngx_gw_routes_finish(routes);

    list[0] = "GET /{x=**}";
    routes = ngx_gw_routes_create(pool);
    ok = add(routes, list[0], &error) == NGX_OK
         && add(routes, "POST /**/b", &error) == NGX_OK;
    ngx_gw_routes_finish(routes);

    repeat(route, "GET ", "/a", 256, "");
    unit_ok(ok && strlen(find(routes, list, route)) == 4 + 512 - 1,
            "a path of 256 segments");
    repeat(route, "GET ", "/a", 257, "");
    unit_ok(strcmp(find(routes, list, route), "404") == 0,
            "a path of 257 segments");
    repeat(route, "GET ", "/", 1000, "");
    unit_ok(strcmp(find(routes, list, route), "404") == 0, "slashes alone");

    repeat(route, "GET /", "a", 1500, "");
    unit_ok(strlen(find(routes, list, route)) == 4 + 1500,
            "a segment of 1500 bytes");
    repeat(route, "GET /", "%61", 300, "");
    unit_ok(strlen(find(routes, list, route)) == 4 + 300,
            "a segment of 300 escapes");

    ngx_memset(route, 'a', 10);
    memcpy(route, "GET /", 5);
    error.data = unit_guard_end("/a\0b", 4);
    error.len = 4;
    unit_ok(ngx_gw_routes_match(routes, pool, &error, &error, 1, NULL, NULL)
            == NGX_DECLINED
            && ngx_gw_routes_match(routes, pool, &error, &error, 0, NULL, NULL)
               == NGX_DECLINED, "a NUL in the path");
}


/* many routes, and the path that turns back most often among them */

static void
test_many(void)
{
    int               i, k, ok;
    char              route[256], *p;
    ngx_str_t         error;
    ngx_gw_routes_t  *routes;

    static const char  *list[6000];

    routes = ngx_gw_routes_create(pool);

    for (ok = 1, i = 0; i < 5000; i++) {
        sprintf(route, "GET /v1/things%d/{id}/parts%d", i % 1000, i);
        list[i] = strdup(route);
        ok &= add(routes, list[i], &error) == NGX_OK;
    }

    ngx_gw_routes_finish(routes);
    unit_ok(ok, "5000 routes added");

    for (ok = 1, i = 0; i < 5000; i++) {
        sprintf(route, "GET /v1/things%d/%d/parts%d", i % 1000, i, i);
        p = route + 128;
        sprintf(p, "%d id=%d", i, i);
        ok &= strcmp(find(routes, list, route), p) == 0;

        sprintf(route, "GET /v1/things%d/%d/parts%d", (i + 1) % 1000, i, i);
        ok &= strcmp(find(routes, list, route), "404") == 0;
    }

    unit_ok(ok, "and found");

    for (i = 0; i < 5000; i++) {
        free((char *) list[i]);
    }

    /* all templates of 10 segments "a" or "*", and then "b" */

    routes = ngx_gw_routes_create(pool);

    for (ok = 1, i = 0; i < 1024; i++) {
        p = route + sprintf(route, "GET ");

        for (k = 0; k < 10; k++) {
            p += sprintf(p, "/%c", (i & (1 << k)) ? '*' : 'a');
        }

        sprintf(p, "/b");
        ok &= add(routes, route, &error) == NGX_OK;
    }

    ngx_gw_routes_finish(routes);

    repeat(route, "GET ", "/a", 11, "");
    ok &= strcmp(find(routes, list, route), "404") == 0;
    repeat(route, "POST ", "/a", 10, "/b");
    ok &= strcmp(find(routes, list, route), "405 GET") == 0;

    unit_ok(ok, "all ways");
}


static void
test_no_memory(void)
{
    int                   ok;
    ngx_int_t             rc;
    ngx_str_t             error, method, path, allow;
    ngx_uint_t            i, k;
    ngx_gw_routes_t      *routes;
    ngx_gw_route_match_t  match;

    static const char *list[] = {
        "GET /a/{b=c/*}/d%20e:f", "GET /a/**/b/c", "PUT /{x}", NULL
    };

    for (i = 0, ok = 0; !ok && i < 100; i++) {
        ngx_stub_allocs_left = i;
        rc = NGX_ERROR;
        routes = ngx_gw_routes_create(pool);

        for (k = 0; routes && list[k]; k++) {
            rc = add(routes, list[k], &error);

            if (rc != NGX_OK) {
                break;
            }
        }

        ok = (rc == NGX_OK);

        if (rc == NGX_DECLINED) {
            break;
        }
    }

    ngx_stub_allocs_left = 0;
    unit_ok(ok && i > 10, "no memory for the %u-th allocation",
            (unsigned int) i);
    unit_ok(add(routes, "GET a", &error) == NGX_ERROR, "or for an error");
    ngx_stub_allocs_left = 1;
    unit_ok(add(routes, "GET a", &error) == NGX_ERROR, "or for its text");

    ngx_stub_allocs_left = -1;
    ngx_gw_routes_finish(routes);
    ngx_stub_allocs_left = 0;

    ngx_str_set(&method, "PUT");
    ngx_str_set(&path, "/%61");
    unit_ok(ngx_gw_routes_match(routes, pool, &method, &path, 1, &match,
                                &allow) == NGX_ERROR, "or for a value");

    ngx_str_set(&method, "POST");
    unit_ok(ngx_gw_routes_match(routes, pool, &method, &path, 1, &match,
                                &allow) == NGX_ERROR, "or for Allow");

    ngx_stub_allocs_left = -1;
}


static void
test_variables(void)
{
    ngx_int_t                 rc;
    ngx_str_t                 error, method, path, allow;
    ngx_gw_routes_t          *routes;
    ngx_gw_route_match_t      match;
    ngx_gw_route_variable_t  *v;

    routes = ngx_gw_routes_create(pool);
    (void) add(routes, "CHECK /a/{b}/{c=d/*}/{e=f}/{g.h=**}:i", &error);
    ngx_gw_routes_finish(routes);

    ngx_str_set(&method, "CHECK");
    ngx_str_set(&path, "/a/1/d/2/f/3/4:i");
    rc = ngx_gw_routes_match(routes, pool, &method, &path, 1, &match, &allow);

    if (rc != NGX_OK) {
        unit_ok(0, "a route");
        return;
    }

    v = match.route->variables;

    unit_ok(match.route->nvariables == 4
            && match.route->method.len == 5
            && memcmp(match.route->method.data, "CHECK", 5) == 0
            && match.route->text.len == 31
            && memcmp(match.route->text.data,
                      "/a/{b}/{c=d/*}/{e=f}/{g.h=**}:i", 31) == 0,
            "what a route says of itself");
    unit_ok(v[0].first == 1 && v[0].last == 2 && !v[0].multi
            && v[1].first == 2 && v[1].last == 4 && v[1].multi
            && v[2].first == 4 && v[2].last == 5 && !v[2].multi
            && v[3].first == 5 && v[3].last == 6 && v[3].multi
            && v[3].path.len == 3, "and of its variables");
}


int
main(void)
{
    pool = ngx_create_pool(4096, &ngx_stub_log);

    test_sets();
    test_templates();
    test_conflicts();
    test_limits();
    test_many();
    test_no_memory();
    test_variables();

    ngx_destroy_pool(pool);

    return unit_done();
}
