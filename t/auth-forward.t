# gw_jwt_forward: what of the token reaches the service.

use GwTest;

our $good = jwt(alg => 'HS256');
our $bad = jwt(alg => 'HS256', signature => \&flip);

run_tests();

__DATA__

=== TEST 1: the header
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt api;

location /t {
    gw_jwt_forward off;
    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /on {
    gw_jwt_forward on;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /default {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /x {
    gw_jwt api token=$http_x_token;
    gw_jwt_forward off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /map {
    gw_jwt api token=$arg_t;
    gw_jwt_forward off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt api optional;
    gw_jwt_forward off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_jwt off;
    gw_jwt_forward off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /explicit {
    gw_jwt_forward off;
    proxy_set_header Authorization $http_authorization;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_jwt_forward off;
    proxy_set_header Authorization "Own $gw_jwt_claim_sub";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['off', { token => $good, headers => ['X-Token: a', 'Cookie: b=c'] }, 200,
 'passed', body => "GET /t auth=[] cookie=[b=c] x-token=[a] user=[alice]\n"],
['off, other headers before and behind it', { headers => [
    (map { "X-$_: $_" } 1 .. 30), "Authorization: Bearer $good",
    'X-Token: a', (map { "X-$_: $_" } 31 .. 60), 'Cookie: b=c'] }, 200,
 'passed', body => "GET /t auth=[] cookie=[b=c] x-token=[a] user=[alice]\n"],
['off, with a body', { token => $good, method => 'POST', body => 'x' x 9 },
 200, 'passed', body => qr/^POST \/t auth=\[\]/],
['on', { uri => '/on', token => $good }, 200, 'passed',
 body => qr/auth=\[Bearer \Q$good\E\]/],
['default', { uri => '/default', token => $good }, 200, 'passed',
 body => qr/auth=\[Bearer \Q$good\E\]/],
['another header', { uri => '/x', token => 'other',
                     headers => ["X-Token: $good"] }, 200, 'passed',
 body => qr/auth=\[Bearer other\] cookie=\[\] x-token=\[\]/],
['an argument stays', { uri => "/map?t=$good", token => 'other' }, 200,
 'passed', body => qr/^GET \/map\?t=\Q$good\E auth=\[Bearer other\]/],
['optional, none', '/optional', 200, 'missing', body => qr/auth=\[\]/],
['optional, another scheme is no token',
 { uri => '/optional', headers => ['Authorization: Basic YTpi'] }, 200,
 'missing', body => qr/auth=\[Basic YTpi\]/],
['optional, a token', { uri => '/optional', token => $good }, 200, 'passed',
 body => qr/auth=\[\]/],
['gw_jwt off', { uri => '/off', token => $good }, 200, 'off',
 body => qr/auth=\[Bearer \Q$good\E\]/],
['named in the configuration, it is gone all the same',
 { uri => '/explicit', token => $good }, 200, 'passed',
 body => qr/auth=\[\]/],
['replaced', { uri => '/own', token => $good }, 200, 'passed',
 body => qr/auth=\[Own alice\]/],
['the same connection: off, on, off',
 { token => $good, conn => 'a' }, 200, 'passed', body => qr/auth=\[\]/],
['the same connection: on', { uri => '/on', token => $good, conn => 'a' },
 200, 'passed', body => qr/auth=\[Bearer \Q$good\E\]/],
['the same connection: off again', { token => $good, conn => 'a' }, 200,
 'passed', body => qr/auth=\[\]/],



=== TEST 2: the cookie: only its pair goes
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt api token=$cookie_session;
    gw_jwt_forward off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /on {
    gw_jwt api token=$cookie_session;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my ($cookie, $left) = @$_;

    $cookie =~ s/TOKEN/$good/;

    ["\"$_->[0]\"", { headers => ["Cookie: $cookie"] }, 200, 'passed',
     body => qr/ cookie=\[(?:$left)\] /]
} (
    ['session=TOKEN', ''],
    ['session=TOKEN; a=b', 'a=b'],
    ['a=b; session=TOKEN', 'a=b'],
    ['a=b; session=TOKEN; c=d', 'a=b; c=d'],
    ['a=b;session=TOKEN;c=d', 'a=b; ?c=d'],
    ['a=b;  session=TOKEN;  c=d', 'a=b; *c=d'],
    ['xsession=1; session=TOKEN; sessions=2; session2=3',
     'xsession=1; sessions=2; session2=3'],
    ['a=session=1; session=TOKEN; b="x; y"', 'a=session=1; b="x; y"'],
    ['session=TOKEN;', ';?'],
    ['; session=TOKEN', '(?:; ?)?'],
)),
['kept when on', { uri => '/on', headers => ["Cookie: a=b; session=$good"] },
 200, 'passed', body => qr/cookie=\[a=b; session=\Q$good\E\]/],
['two Cookie fields, the token in the first',
 { headers => ["Cookie: a=b; session=$good", 'Cookie: c=d'] }, 200,
 'passed', body => qr/cookie=\[a=b; c=d\]/],
['two Cookie fields, the token in the second',
 { headers => ['Cookie: c=d', "Cookie: a=b; session=$good"] }, 200,
 'passed', body => qr/cookie=\[c=d; a=b\]/],
['two Cookie fields, the token alone in one',
 { headers => ['Cookie: c=d', "Cookie: session=$good", 'Cookie: e=f'] },
 200, 'passed', body => qr/cookie=\[c=d; e=f\]/],
['the token again in another field does not get through',
 { headers => ["Cookie: session=$good; a=b", "Cookie: session=$good"] },
 401, 'malformed', body => qr/^(?!.*eyJ)/],
['the token again in the same field does not get through',
 { headers => ["Cookie: session=$good; a=b; session=$good"] },
 401, 'malformed', body => qr/^(?!.*eyJ)/],
['Authorization is no concern', { token => 'x',
                                  headers => ["Cookie: session=$good"] },
 200, 'passed', body => qr/auth=\[Bearer x\] cookie=\[\]/],



=== TEST 3: what comes after still finds the token
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt_forward off;

location /try {
    gw_jwt api;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri @next;
}

location @next {
    gw_jwt next;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /uri {
    gw_jwt api;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri /elsewhere;
}

location /cookie {
    gw_jwt api token=$cookie_s;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri /elsewhere/cookie;
}

location /elsewhere/cookie {
    gw_jwt next token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /elsewhere {
    gw_jwt next;
    gw_jwt_require_claim sub eq alice;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /onward {
    gw_jwt api;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri /forwarding;
}

location /forwarding {
    gw_jwt next;
    gw_jwt_forward on;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /onward/off {
    gw_jwt api;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri /open;
}

location /open {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /onward/cookie {
    gw_jwt api token=$cookie_s;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri /forwarding/cookie;
}

location /forwarding/cookie {
    gw_jwt next token=$cookie_s;
    gw_jwt_forward on;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['try_files, named', { uri => '/try', token => $good }, 200, 'passed',
 body => qr/auth=\[\]/],
['try_files, named, none', '/try', 401, 'missing'],
['try_files, an URI', { uri => '/uri', token => $good }, 200, 'passed',
 body => qr/auth=\[\]/],
['try_files, an URI, bob', { uri => '/uri', token => jwt(
    alg => 'HS256', claims => { sub => 'bob' }) }, 403, 'refused'],
['try_files, a cookie', { uri => '/cookie',
                          headers => ["Cookie: a=b; s=$good; c=d"] }, 200,
 'passed', body => qr/cookie=\[a=b; c=d\]/],
['a location that forwards again', { uri => '/onward', token => $good }, 200,
 'passed', body => qr/auth=\[Bearer \Q$good\E\]/],
['a cookie, forwarded again',
 { uri => '/onward/cookie', headers => ["Cookie: a=b; s=$good; c=d"] }, 200,
 'passed', body => qr/cookie=\[a=b; s=\Q$good\E; c=d\]/],
['to a location that asks for none', { uri => '/onward/off',
                                       token => $good }, 200, undef,
 body => qr/^GET/],



=== TEST 4: a service's own redirect, and subrequests
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    server {
        listen unix:$TEST_NGINX_SOCK/accel.sock;
        gw_jwt off;

        location / {
            add_header X-Accel-Redirect /next;
            add_header X-Seen "$http_authorization";
            return 200;
        }
    }
_EOC_
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt_forward off;

location /accel {
    gw_jwt api;
    proxy_pass http://unix:$TEST_NGINX_SOCK/accel.sock;
}

location /next {
    gw_jwt next;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /ssi {
    gw_jwt api;
    ssi on;
    ssi_types text/plain;
    default_type text/plain;
    alias $TEST_NGINX_SERVER_ROOT/html/page;
}

location /same {
    gw_jwt api;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /other {
    gw_jwt other;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files
>>> page
1 <!--# include virtual="/same" -->2 <!--# include virtual="/other" -->3 <!--# include virtual="/off" -->
--- cases
['X-Accel-Redirect', { uri => '/accel', token => $good }, 200, 'passed',
 body => qr/auth=\[\]/],
['X-Accel-Redirect, none', '/accel', 401, 'missing'],
['SSI', { uri => '/ssi', token => $good }, 200, 'passed',
 body => qr{^1 GET /same auth=\[\].*\n2 GET /other auth=\[\].*\n3 GET /off auth=}],
