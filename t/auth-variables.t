# What the variables hold, and where.

use GwTest;


sub hs {
    my ($payload, %header) = @_;

    return jws(json({ alg => 'HS256', kid => 'oct32', %header }), $payload,
               'HS256', 'oct32');
}


# A claim "v" of this JSON text.

sub v {
    my ($value, $uri) = @_;

    return { uri => $uri // '/t',
             token => hs("{\"exp\":4102444800,\"v\":$value}") };
}


sub user {
    return qr/ user=\[\Q$_[0]\E\]$/;
}


our $alice = hs('{"exp":4102444800,"sub":"alice"}');
our $bob = hs('{"exp":4102444800,"sub":"bob"}');
our $expired = hs('{"exp":1000000000,"sub":"mallory"}');
our $forged = jwt(alg => 'HS256', claims => { sub => 'mallory' },
                  signature => \&flip);

our $config = <<'_EOC_';
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    proxy_set_header X-User $gw_jwt_claim_v;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

run_tests();

__DATA__

=== TEST 1: values of claims
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
(map { my ($json, $text) = @$_;
       [substr($json, 0, 50), v($json), 200, 'passed', body => user($text)]
} (
    ['"alice"', 'alice'],
    ['""', ''],
    ['"a b"', 'a b'],
    ['" a"', 'a'],
    ['"a,b"', 'a,b'],
    ['"\"q\" \\\\ \/"', '"q" \\ /'],
    ['"J\u00f8rn"', "J\xc3\xb8rn"],
    ["\"J\xc3\xb8rn\"", "J\xc3\xb8rn"],
    ['"\ud83d\ude00"', "\xf0\x9f\x98\x80"],
    ['"100%"', '100%'],
    ['"%0D%0A"', '%0D%0A'],
    ['0', '0'],
    ['-0', '-0'],
    ['7', '7'],
    ['1.50e+03', '1.50e+03'],
    ['1E400', '1E400'],
    ['-0.0001', '-0.0001'],
    ['12345678901234567890123', '12345678901234567890123'],
    ['9007199254740993', '9007199254740993'],
    ['true', 'true'],
    ['false', 'false'],
    ['null', ''],
    ['[]', ''],
    ['["a"]', 'a'],
    ['["a","b","c"]', 'a,b,c'],
    ['["a",1,1.0,true,false]', 'a,1,1.0,true,false'],
    ['["a,b","c"]', 'a,b,c'],
    ['["J\u00f8rn","\""]', "J\xc3\xb8rn,\""],
    ['["a",["b","c"]]', 'a,["b","c"]'],
    ['[{"a":1},"b"]', '{"a":1},b'],
    ['{}', '{}'],
    ['{"a":1,"b":[true,null,"x"]}', '{"a":1,"b":[true,null,"x"]}'],
    ['{"n":1.50e+03}', '{"n":1.50e+03}'],
    ['"' . 'x' x 3000 . '"', 'x' x 3000],
)),
['absent', { token => hs('{"exp":4102444800}') }, 200, 'passed',
 body => user('')],



=== TEST 2: control characters never reach a header
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    proxy_set_header X-User $gw_jwt_claim_v;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all {
    proxy_set_header X-User $gw_jwt_claims;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /kid {
    proxy_set_header X-User $gw_jwt_header_x;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['CR LF', v('"a\r\nX-Evil: 1"'), 200, 'passed',
 body => user('a%0D%0AX-Evil: 1')],
['LF at the end', v('"a\n"'), 200, 'passed', body => user('a%0A')],
['NUL', v('"a\u0000b"'), 200, 'passed', body => user('a%00b')],
['tab', v('"a\tb"'), 200, 'passed', body => user('a%09b')],
['escape', v('"\u001b[1m"'), 200, 'passed', body => user('%1B[1m')],
['0x1f and 0x20', v('"\u001f\u0020x"'), 200, 'passed', body => user('%1F x')],
['0x7f', v("\"a\x7fb\\u007f\""), 200, 'passed', body => user('a%7Fb%7F')],
['in an array', v('["a\r\n","\u0000"]'), 200, 'passed',
 body => user('a%0D%0A,%00')],
['in an object, escaped', v('{"a":"x\r\n\u0000"}'), 200, 'passed',
 body => qr/user=\[\{"a":"x\\r\\n\\u0000"\}\]$/],
['in an object, 0x7f', v("{\"a\":\"x\x7fy\"}"), 200, 'passed',
 body => user('{"a":"x\u007fy"}')],
['in an object, between the tokens',
 v("{\r\n\t\"a\" : [\r\n1\r\n]\r\n}"), 200, 'passed',
 body => qr/user=\[\{ *"a" ?: ?\[ *1 *\] *\}\]$/],
['in an object in an array', v("[\"b\",\r\n{\r\n\"a\":1}]"), 200, 'passed',
 body => qr/user=\[b,\{ *"a":1\}\]$/],
['a name with line feeds', v('{"a\r\nb":1}'), 200, 'passed',
 body => user('{"a\r\nb":1}')],
['in all claims',
 { uri => '/all', token => hs("\r\n{\r\n\"exp\":4102444800,\r\n"
                              . "\"v\":\"x\x7f\\n\"}\r\n") }, 200, 'passed',
 body => qr/user=\[ *\{ *"exp":4102444800, *"v":"x\\u007f\\n"\} *\]$/],
['in the header', { uri => '/kid', token => hs('{"exp":4102444800}',
                                               x => "a\r\nb\x7f") },
 200, 'passed', body => user('a%0D%0Ab%7F')],



=== TEST 3: the header, all claims and other names
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    gw_jwt_claim_set $tenant /https:~1~1shop.example~1tenant;
    gw_jwt_claim_set $first realm_access.roles.0;
    gw_jwt_claim_set $roles realm_access.roles;
    gw_jwt_claim_set $camel userId;
    gw_jwt_claim_set $deep /a/b~0c/1/d;
_EOC_
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /header {
    proxy_set_header X-User "$gw_jwt_header_alg|$gw_jwt_header_kid|$gw_jwt_header_typ|$gw_jwt_header_x|$gw_jwt_header_none";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all {
    proxy_set_header X-User $gw_jwt_claims;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /set {
    proxy_set_header X-User "$tenant|$first|$roles|$camel|$deep|$gw_jwt_claim_userid";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['header parameters',
 { uri => '/header', token => hs('{"exp":4102444800}', typ => 'at+jwt',
                                 x => [1, 'b']) },
 200, 'passed', body => user('HS256|oct32|at+jwt|1,b|')],
['no such parameters', { uri => '/header',
                         token => hs('{"exp":4102444800}') },
 200, 'passed', body => user('HS256|oct32|||')],
['claims are no parameters',
 { uri => '/header', token => hs('{"exp":4102444800,"typ":"x","none":1}') },
 200, 'passed', body => user('HS256|oct32|||')],
['all claims',
 { uri => '/all', token => hs('{"exp":4102444800,"b":[1,{"c":"\u00e9"}]}') },
 200, 'passed',
 body => qr/user=\[\{"exp":4102444800,"b":\[1,\{"c":"(?:\\u00e9|\xc3\xa9)"\}\]\}\]/],
['gw_jwt_claim_set',
 { uri => '/set', token => hs(json({
     exp => $FAR, 'https://shop.example/tenant' => 't1',
     realm_access => { roles => ['admin', 'user'] }, userId => 'u1',
     a => { 'b~c' => [0, { d => 1.5 }] } })) },
 200, 'passed', body => user('t1|admin|admin,user|u1|1.5|')],
['gw_jwt_claim_set, absent', { uri => '/set', token => $alice },
 200, 'passed', body => user('|||||')],
['gw_jwt_claim_set, other types',
 { uri => '/set', token => hs(json({
     exp => $FAR, 'https://shop.example/tenant' => undef,
     realm_access => { roles => 'admin' }, a => [1] })) },
 200, 'passed', body => user('||admin|||')],



=== TEST 4: only of tokens that are verified and valid
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    gw_jwt_claim_set $name sub;
_EOC_
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    add_header X-Status $gw_jwt_status always;
    add_header X-Error $gw_error always;
    add_header X-Sub "<$gw_jwt_claim_sub|$name|$gw_jwt_claims>" always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    gw_jwt_require_claim sub eq alice;
    add_header X-Status $gw_jwt_status always;
    add_header X-Error $gw_error always;
    add_header X-Sub "<$gw_jwt_claim_sub|$name|$gw_jwt_claims>" always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /value {
    gw_jwt_require $gw_jwt_claim_nothing;
    add_header X-Status $gw_jwt_status always;
    add_header X-Error $gw_error always;
    add_header X-Sub "<$gw_jwt_claim_sub|$name|$gw_jwt_claims>" always;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['accepted', { token => $alice }, 200, 'passed',
 'X-Sub' => '<alice|alice|{"exp":4102444800,"sub":"alice"}>'],
['expired', { token => $expired }, 401, 'expired', 'X-Sub' => '<||>'],
['forged', { token => $forged }, 401, 'bad_signature', 'X-Sub' => '<||>'],
['malformed', { token => "$alice." }, 401, 'malformed', 'X-Sub' => '<||>'],
['none', {}, 401, 'missing', 'X-Sub' => '<||>'],
['a rule holds', { uri => '/rule', token => $alice }, 200, 'passed',
 'X-Sub' => qr/^<alice\|/],
['a rule fails: who it was', { uri => '/rule', token => $bob }, 403,
 'refused', 'X-Sub' => '<bob|bob|{"exp":4102444800,"sub":"bob"}>'],
['a value fails: who it was', { uri => '/value', token => $alice }, 403,
 'refused', 'X-Sub' => qr/^<alice\|/],
['a rule fails, and it has expired', { uri => '/rule', token => $expired },
 401, 'expired', 'X-Sub' => '<||>'],



=== TEST 5: in logs
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    log_format claims "log:$gw_jwt_status|$gw_jwt_claim_sub|$gw_error|$status";
_EOC_
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
access_log logs/access.log claims;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt api optional;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    gw_jwt_require_claim sub eq alice;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['accepted', { token => $alice }, 200, 'passed'],
['expired', { token => $expired }, 401, 'expired'],
['none', {}, 401, 'missing'],
['optional', '/optional', 200, 'missing'],
['off', { uri => '/off', token => $alice }, 200, 'off'],
['refused', { uri => '/rule', token => $bob }, 403, 'refused'],
['preflight', { method => 'OPTIONS',
                headers => ['Origin: x',
                            'Access-Control-Request-Method: GET'] },
 200, 'preflight'],
--- access_log
log:passed|alice|-|200
log:expired|-|401 expired|401
log:missing|-|401 missing|401
log:missing|-|-|200
log:off|-|-|200
log:refused|bob|403 refused|403
log:preflight|-|-|200



=== TEST 6: evaluated early, they are empty, and do not stay so
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    set $early "<$gw_jwt_claim_sub|$gw_jwt_header_alg|$gw_jwt_claims|$gw_error>";
    proxy_set_header X-User "$early $gw_jwt_claim_sub|$gw_jwt_header_alg|$gw_jwt_claims|$gw_jwt_status";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /status {
    set $early "<$gw_jwt_status>";
    proxy_set_header X-User "$early $gw_jwt_status";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /if {
    if ($gw_jwt_claim_sub = alice) {
        return 418;
    }

    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['claims', { token => $alice }, 200, 'passed',
 body => user('<|||> alice|HS256|{"exp":4102444800,"sub":"alice"}|passed')],
['status', { uri => '/status', token => $alice }, 200, 'passed',
 body => qr/user=\[<[a-z]*> passed\]$/],
['if', { uri => '/if', token => $alice }, 200, 'passed',
 body => user('alice')],



=== TEST 7: in map, in an answer of its own, in error_page
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    map $gw_jwt_claim_sub $group {
        default  none;
        alice    admins;
        ~^b      bees;
    }
_EOC_
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    proxy_set_header X-User $group;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /fails {
    proxy_pass http://$TEST_NGINX_BACK:/status/403;
    proxy_intercept_errors on;
    error_page 403 /sorry;
}

location /refused {
    gw_jwt_require_claim sub eq nobody;
    error_page 401 403 @sorry;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /sorry {
    internal;
    proxy_set_header X-User "$gw_jwt_claim_sub|$gw_jwt_status|$gw_error";
    proxy_pass http://$TEST_NGINX_BACK:/sorry;
}

location @sorry {
    gw_jwt off;
    proxy_set_header X-User "$gw_jwt_claim_sub|$gw_jwt_status|$gw_error";
    rewrite ^ /sorry break;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['map', { token => $alice }, 200, 'passed', body => user('admins')],
['map, a regular expression', { token => $bob }, 200, 'passed',
 body => user('bees')],
["the service's error", { uri => '/fails', token => $alice }, 403, 'passed',
 error => undef, body => user('alice|passed|')],
['our error', { uri => '/refused', token => $alice }, 403, undef,
 body => user('alice|refused|403 refused')],
['our error, expired', { uri => '/refused', token => $expired }, 401, undef,
 body => user('|expired|401 expired')],
['our error, none', '/refused', 401, undef,
 body => user('|missing|401 missing')],



=== TEST 8: in subrequests they are the main request's
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    server {
        listen unix:$TEST_NGINX_SOCK/check.sock;
        gw_jwt off;
        location / {
            add_header X-Seen $http_x_seen always;
            return 204;
        }
    }
_EOC_
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt api;
    auth_request /check;
    auth_request_set $seen $upstream_http_x_seen;
    proxy_set_header X-User $seen;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /check {
    internal;
    proxy_set_header X-Seen "$gw_jwt_claim_sub/$gw_jwt_status";
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_pass http://unix:$TEST_NGINX_SOCK/check.sock;
}

location = /ssi {
    gw_jwt api;
    ssi on;
    ssi_types text/plain;
    default_type text/plain;
    alias $TEST_NGINX_SERVER_ROOT/html/page;
}

location = /part {
    proxy_set_header X-User "$gw_jwt_claim_sub/$gw_jwt_status";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files
>>> page
page [<!--# echo var="gw_jwt_claim_sub" default="-" -->] <!--# include virtual="/part" -->
--- cases
['auth_request', { token => $alice }, 200, 'passed',
 body => qr{ user=\[alice/(?:passed|off)\]$}],
['auth_request, none', '/t', 401, 'missing'],
['SSI', { uri => '/ssi', token => $alice }, 200, 'passed',
 body => qr{^page \[alice\] GET /part .*user=\[alice/(?:passed|off)\]}],
['SSI, none', '/ssi', 401, 'missing'],
