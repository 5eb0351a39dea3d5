# When rules are asked: behind all access checks, or with before_auth in front
# of them; and what comes after.

use GwTest;
use GwLimit;

our $good = jwt(alg => 'HS256');
our $bad = jwt(alg => 'HS256', signature => \&flip);
our $basic = 'Authorization: Basic ' . MIME::Base64::encode_base64('u:p', '');
our $wrong = 'Authorization: Basic ' . MIME::Base64::encode_base64('u:x', '');
our $users = ">>> users\nu:{PLAIN}p\n";


# A request with a token in a cookie, and what else.

sub with {
    my ($key, $uri, $token, @headers) = @_;

    return as($key, $uri, headers => [
        (defined $token ? "Cookie: s=$token" : ()), @headers]);
}


run_tests();

__DATA__

=== TEST 1: who is refused takes nothing
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files eval: $::users . ">>> 401.html\nsorry\n"
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_ratelimit zone=one;

location /token {
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /basic {
    auth_basic "basic";
    auth_basic_user_file ../html/users;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /deny {
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /free {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all {
    satisfy all;
    gw_jwt "token" token=$cookie_s;
    auth_basic "basic";
    auth_basic_user_file ../html/users;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any {
    satisfy any;
    gw_jwt "token" token=$cookie_s;
    auth_basic "basic";
    auth_basic_user_file ../html/users;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/deny {
    satisfy any;
    deny all;
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/allow {
    satisfy any;
    allow all;
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page {
    error_page 401 /401.html;
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /named {
    error_page 401 @page;
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @page {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_ratelimit off;
    gw_ratelimit_headers ietf;
    gw_jwt "token" token=$cookie_s;
    error_page 401 = @named;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @named {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /401.html {
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- cases
(map {
    my ($what, $uri, $code, $refused, @accepted) = @$_;

    (
        (map { ["$what: refused, $_", with($what, $uri, @$refused), $code, '',
                'X-Results' => undef, 'Retry-After' => undef,
                error => qr/^(?:$code \w+)?$/] }
             1 .. 3),
        @accepted ? (
            passes(1, "$what: accepted", with($what, $uri, @accepted)),
            rejected("$what: accepted, rejected",
                     with($what, $uri, @accepted), 'one'),
            ["$what: and refused again", with($what, $uri, @$refused), $code,
             '', error => qr/^(?:$code \w+)?$/],
        ) : (
            passes(1, "$what: nothing was taken", as($what, '/free')),
        ),
    )
} ['no token', '/token', 401, [], $good],
  ['bad token', '/token', 401, [$bad], $good],
  ['no password', '/basic', 401, [], undef, $basic],
  ['wrong password', '/basic', 401, [undef, $wrong], undef, $basic],
  ['deny', '/deny', 403, []],
  ['all: only a token', '/all', 401, [$good], $good, $basic],
  ['all: only a password', '/all', 401, [undef, $basic], $good, $basic],
  ['any: neither', '/any', 401, [], $good],
  ['any: both bad', '/any', 401, [$bad, $wrong], undef, $basic],
  ['any: denied', '/any/deny', 401, [], $good]),
(map {
    my ($what, $request) = @$_;

    (
        passes(1, "any: $what", $request->('y')),
        rejected("any: $what", $request->('y'), 'one'),
    )
} ['a bad token and the password',
   sub { with('bad, good', '/any', $bad, $basic) }],
  ['a token and a wrong password',
   sub { with('good, wrong', '/any', $good, $wrong) }],
  ['an address and no token', sub { with('allowed', '/any/allow') }],
  ['an address and a token', sub { with('allowed, token', '/any/allow',
                                        $good) }]),
(map {
    my $uri = $_;

    (
        (map { ["$uri, the page of a refusal, $_", as($uri, $uri), 401, '',
                'X-Results' => undef, error => '401 missing'] } 1 .. 3),
        passes(1, "$uri: nothing was taken", as($uri, '/free')),
    )
} '/page', '/named'),
['/off: with "=" a location like any other', as('off', '/off'), 200, 'passed',
 error => '401 missing'],



=== TEST 2: auth_request
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
gw_ratelimit zone=one;

location /t {
    auth_request /auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /auth {
    internal;
    if ($http_x_refuse) { return 403; }
    proxy_pass http://$TEST_NGINX_BACK:/auth;
}
--- cases
(map { ["refused, $_", as('a', '/t', headers => ['X-Refuse: 1']), 403, '']
     } 1 .. 3),
passes(1, 'accepted', as('a')),
rejected('rejected', as('a'), 'one'),



=== TEST 3: before_auth
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files eval: $::users
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_ratelimit zone=three before_auth;
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_ratelimit zone=five;
    gw_ratelimit zone=three before_auth;
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /behind {
    gw_ratelimit zone=five before_auth;
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /same {
    gw_ratelimit zone=five;
    gw_ratelimit zone=five before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /deny {
    gw_ratelimit zone=three before_auth;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any {
    satisfy any;
    gw_ratelimit zone=three before_auth;
    gw_jwt "token" token=$cookie_s;
    auth_basic "basic";
    auth_basic_user_file ../html/users;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map { ["a flood, $_", with('a', '/t', $bad), 401, 'passed',
        'X-Results' => 'three=passed', error => qr/^401 bad_signature$/] }
     1 .. 3),
(map { rejected("a flood is stopped, $_", with('a', '/t', $bad), 'three') }
     1 .. 3),
rejected('of good ones too', with('a', '/t', $good), 'three'),
passes(3, 'good ones', with('b', '/t', $good)),
rejected('good ones', with('b', '/t', $good), 'three',
         'WWW-Authenticate' => undef),
(map { ["only the first of two is asked, $_", with('c', '/both'), 401,
        'passed', 'X-Results' => 'three=passed', error => '401 missing'] }
     1, 2),
passes(1, 'both are asked', with('c', '/both', $good),
       'X-Results' => 'five=passed,three=passed'),
rejected('the first rejects', with('c', '/both', $good), 'three',
         'X-Results' => 'three=rejected'),
passes(1, 'one behind the access checks', as('h', '/behind')),
(map { rejected("it rejects, $_", as('h', '/behind'), 'one',
                'X-Results' => 'five=passed,one=rejected') } 1 .. 6),
passes(4, 'what the other took was returned', as('h', '/five')),
rejected('and no more', as('h', '/five'), 'five'),
passes(2, 'the same zone, two rules', as('d', '/same'),
       'X-Results' => 'five=passed,five=passed'),
rejected('the same zone, two rules', as('d', '/same'), 'five',
         'X-Near' => qr/^five 5 [01] /),
(map { ["deny, $_", as('e', '/deny'), 403, 'passed', error => undef] }
     1 .. 3),
rejected('deny', as('e', '/deny'), 'three'),
(map { ["any, $_", as('f', '/any'), 401, 'passed', error => qr/^401/] }
     1 .. 3),
rejected('any', with('f', '/any', $good, $basic), 'three'),



=== TEST 4: before_auth is asked behind limit_req and realip
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    limit_req_zone $http_x_key zone=nginx:1m rate=1r/m;
    limit_conn_zone $http_x_key zone=conns:1m;
    gw_ratelimit_zone $binary_remote_addr zone=addr:1m rate=1r/d burst=4;
    gw_ratelimit_zone $remote_addr zone=text:1m rate=1r/d burst=4;
_EOC_
--- config
location /req {
    limit_req zone=nginx;
    limit_conn conns 100;
    gw_ratelimit zone=three before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /three {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /addr {
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    gw_ratelimit zone=addr before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /text {
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    gw_ratelimit zone=text;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'limit_req admits', as('a', '/req')),
(map { ["limit_req rejects, $_", as('a', '/req'), 503, '',
        'X-Results' => undef] } 1 .. 4),
passes(2, 'nothing was taken', as('a', '/three')),
rejected('nothing more was there', as('a', '/three'), 'three'),
(map {
    my ($uri, $zone) = @$_;

    [$uri, sub {
        my ($name, $repeated) = @_;

        my $ask = sub {
            my ($address, $n) = @_;

            return codes(map { http(uri => $uri,
                                    headers => ["X-Real-IP: $address"]) }
                             1 .. $n);
        };

        my $net = $repeated ? '10.1.2' : '10.1.1';

        is_deeply($ask->("$net.1", 6),
                  { '200 passed' => 5, '429 rejected' => 1 },
                  "$name: the address as it was told");
        is_deeply($ask->("$net.2", 6),
                  { '200 passed' => 5, '429 rejected' => 1 },
                  "$name: another");
    }]
} ['/addr', 'addr'], ['/text', 'text']),



=== TEST 5: try_files and mirror
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files
>>> there.txt
it is there
--- config
root $TEST_NGINX_SERVER_ROOT/html;

location /try {
    gw_ratelimit zone=three;
    try_files /none.txt /there.txt =404;
}

location /try/404 {
    gw_ratelimit zone=three;
    try_files /none.txt =404;
}

location /mirrored {
    gw_ratelimit zone=three;
    mirror /mirror;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_ratelimit zone=three;
    mirror /mirror;
    try_files /none.txt /there.txt =404;
}

location /before {
    gw_ratelimit zone=three before_auth;
    mirror /mirror;
    try_files /none.txt /there.txt =404;
}

location = /mirror {
    internal;
    proxy_pass http://$TEST_NGINX_BACK:/mirror-of$request_uri;
}
--- cases
passes(3, 'try_files', as('a', '/try'), body => "it is there\n"),
rejected('try_files', as('a', '/try'), 'three'),
(map { ["try_files: =404, $_", as('b', '/try/404'), 404, 'passed'] } 1 .. 3),
rejected('try_files: =404', as('b', '/try/404'), 'three'),
(map {
    my $uri = $_;

    ["mirror: $uri", sub {
        my ($name) = @_;

        my $before = arrived("/mirror-of$uri");
        my @res = map { http(uri => $uri, key => "m$uri") } 1 .. 5;

        is_deeply(codes(@res), { '200 passed' => 3, '429 rejected' => 2 },
                  $name);
        wait_for(sub { arrived("/mirror-of$uri") >= $before + 3 });
        Time::HiRes::sleep(0.05);
        is(arrived("/mirror-of$uri"), $before + 3,
           "$name: of those that passed");
    }]
} '/mirrored', '/both', '/before'),



=== TEST 6: return and rewrite reach neither place
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
gw_ratelimit zone=one;
gw_ratelimit zone=one before_auth;

location /return {
    return 200 "x\n";
}

location /if {
    if ($arg_x) {
        return 403;
    }

    return 200 "y\n";
}

location /rewrite {
    rewrite ^ https://elsewhere.example/ redirect;
}

location /last {
    rewrite ^ /return last;
}
--- cases
map {
    my ($uri, $code) = @$_;

    map { ["$uri, $_", as('a', $uri), $code, '', 'X-Results' => undef] } 1 .. 3
} ['/return', 200], ['/if', 200], ['/if?x=1', 403], ['/rewrite', 302],
  ['/last', 200]



=== TEST 7: other kinds of content
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files
>>> dir/x
x
>>> dir/index.html
index
--- config
root $TEST_NGINX_SERVER_ROOT/html;
gw_ratelimit zone=one;

location /file/ {
    alias $TEST_NGINX_SERVER_ROOT/html/dir/;
}

location /list/ {
    alias $TEST_NGINX_SERVER_ROOT/html/dir/;
    autoindex on;
    index none;
}

location /empty {
    empty_gif;
}

location /stub {
    stub_status;
}

location /nothing {
}
--- cases
map {
    my ($what, $uri, $code, @more) = @$_;

    (
        [$what, as($what, $uri, @more), $code, 'passed'],
        rejected($what, as($what, $uri, @more), 'one'),
    )
} ['file', '/file/x', 200], ['list', '/list/', 200], ['gif', '/empty', 200],
  ['status', '/stub', 200], ['not there', '/nothing', 404],
  ['no location', '/list', 404], ['a redirect to a folder', '/dir', 301],
  ['POST to a file', '/file/x', 405, method => 'POST', body => 'x']
