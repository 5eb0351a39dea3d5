# Subrequests: nginx runs no access handlers in them, so that the module asks
# in another phase, unless the main request has passed the very same.

use GwTest;

our $good = jwt(alg => 'HS256');
our $bob = jwt(alg => 'HS256', claims => { sub => 'bob' });
our $bad = jwt(alg => 'HS256', signature => \&flip);
our $expired = jwt(alg => 'HS256', claims => { exp => $PAST });

our $addition = has_module('http_addition');


sub visited {
    my ($uri) = @_;

    return scalar grep { / \Q$uri\E / } split /^/,
                                              read_file('logs/back.log');
}


# How often an URI of the service is asked for by what comes in between.

our %before;


run_tests();

__DATA__

=== TEST 1: auth_request whose location asks for a token
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    auth_request /auth;
    auth_request_set $who $upstream_http_x_who;
    proxy_set_header X-User $who;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /auth {
    internal;
    gw_jwt "sub";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    auth_request /auth/rule;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /auth/rule {
    internal;
    gw_jwt "sub";
    gw_jwt_require_claim scope has admin;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_jwt "main";
    auth_request /auth/rule;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    auth_request /auth/optional;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /auth/optional {
    internal;
    gw_jwt "sub" optional;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['good', { token => $good }, 200, undef, body => qr{^GET /t}],
['none', {}, 401, undef, 'WWW-Authenticate' => ['Bearer realm="sub"'],
 body => qr/^(?!GET)/],
['bad', { token => $bad }, 401, undef,
 'WWW-Authenticate' => qr/^Bearer realm="sub", error="invalid_token"/],
['expired', { token => $expired }, 401, undef],
['a rule fails', { uri => '/rule', token => $good }, 403, undef],
['a rule holds', { uri => '/rule', token => jwt(
    alg => 'HS256', claims => { scope => 'admin' }) }, 200, undef],
['both: none', '/both', 401, undef],
['both: only the main one', { uri => '/both', token => $good }, 403,
 undef, body => qr/^(?!GET)/],
['both: both', { uri => '/both', token => jwt(
    alg => 'HS256', claims => { scope => 'admin' }) }, 200, 'passed'],
['optional, none', '/optional', 200, undef],
['optional, bad', { uri => '/optional', token => $bad }, 401, undef],
['HEAD, none', { method => 'HEAD' }, 401, undef, body => ''],
['HEAD, good', { method => 'HEAD', token => $good }, 200, undef],
['POST, good', { method => 'POST', body => 'x=y', token => $good }, 200,
 undef, body => qr/^POST/],
['POST, none', { method => 'POST', body => 'x=y' }, 401, undef],
(map {
    my ($what, $token) = @$_;

    ["gRPC, $what", { method => 'POST', body => 'x', token => $token,
                      headers => ['Content-Type: application/grpc'] },
     qr/^(200|401)$/, undef, body => qr/^(?!POST)/, then => sub {
        my ($res, $name) = @_;

        is($res->{header}{'grpc-status'}, 16, "$name: refused")
            if $res->{code} == 200;
    }]
} ['none'], ['bad', $bad]),
['gRPC, good', { method => 'POST', body => 'x', token => $good,
                 headers => ['Content-Type: application/grpc'] }, 200,
 undef, body => qr/^POST/],



=== TEST 2: SSI: what the main request has passed is not asked again
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "main" token=$arg_t;
ssi_types text/plain;
default_type text/plain;

# a subrequest has arguments of its own: asked again, it has no token

location = /same.txt {
    ssi on;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /part {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /part/realm {
    gw_jwt "part" token=$arg_t;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /part/rule {
    gw_jwt_require_claim sub eq alice;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /part/keys {
    gw_jwt_key_file $TEST_NGINX_DATA/other.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /part/off {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /part/optional {
    gw_jwt "main" optional token=$arg_t;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files
>>> same.txt
1 <!--# include virtual="/part" -->
2 <!--# include virtual="/part/realm" -->
3 <!--# include virtual="/part/rule" -->
4 <!--# include virtual="/part/keys" -->
5 <!--# include virtual="/part/off" -->
6 <!--# include virtual="/part/optional" -->
7 <!--# include virtual="/part/realm?t=$arg_t" -->
--- cases
['none', '/same.txt', 401, 'missing'],
['a token', "/same.txt?t=$good", 200, 'passed', then => sub {
    my ($res, $name) = @_;

    my %part = $res->{body} =~ /^([1-7]) (.*)$/mg;

    like($part{1}, qr{^GET /part }, "$name: the same is not asked again");
    unlike($part{2}, qr/GET/, "$name: another realm");
    unlike($part{3}, qr/GET/, "$name: another rule");
    unlike($part{4}, qr/GET/, "$name: other keys");
    like($part{5}, qr{^GET /part/off}, "$name: off");
    like($part{6}, qr{^GET /part/optional}, "$name: optional");
    like($part{7}, qr{^GET /part/realm\?t=eyJ}, "$name: a token of its own");
}],
['bad', "/same.txt?t=$bad", 401, 'bad_signature'],



=== TEST 3: SSI: an open page does not open protected parts
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
ssi_types text/plain;
default_type text/plain;

location = /page.txt {
    gw_jwt off;
    ssi on;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location = /optional.txt {
    gw_jwt "main" optional;
    ssi on;
    alias $TEST_NGINX_SERVER_ROOT/html/page.txt;
}

location = /file.txt {
    gw_jwt "part";
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /part {
    gw_jwt "part";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /part/alice {
    gw_jwt "part";
    gw_jwt_require_claim sub eq alice;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /nested.txt {
    gw_jwt off;
    ssi on;
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- user_files
>>> page.txt
1 <!--# include virtual="/part" -->
2 <!--# include virtual="/file.txt" -->
3 <!--# include virtual="/part/alice" -->
4 <!--# include virtual="/nested.txt" -->
5 end
>>> file.txt
the file
>>> nested.txt
nested <!--# include virtual="/part?nested" -->
--- cases
(map {
    my ($uri, $status) = @$_;

    (
        ["$uri, none", $uri, 200, $status, body => qr/^5 end$/m, then => sub {
            unlike($_[0]{body}, qr/GET|the file/, "$_[1]: nothing inside");
        }],
        ["$uri, alice", { uri => $uri, token => $good }, 200, undef,
         body => qr{\A1 GET /part .*\n+2 the file\n+3 GET /part/alice.*\n+4 nested GET /part\?nested.*\n+5 end\n\z}],
        ["$uri, bob", { uri => $uri, token => $bob }, 200, undef,
         body => qr{\A1 GET /part .*\n+2 the file\n+3 (?!GET).*\n+4 nested GET /part\?nested.*\n+5 end\n\z}],
    )
} ['/page.txt', 'off'], ['/optional.txt', 'missing']),
['a bad token, the page is open', { uri => '/page.txt', token => $bad }, 200,
 'off', then => sub {
    unlike($_[0]{body}, qr/GET|the file/, "$_[1]: nothing inside");
}],
['without SSI', '/file.txt', 401, 'missing'],



=== TEST 4: the mirror of a request
--- http_config eval
<<'_EOC_'
    log_format back "$request_method $request_uri $http_x_from";

    server {
        listen $TEST_NGINX_BACK;
        gw_jwt off;
        access_log logs/back.log back;

        location / {
            return 200 "$request_method $request_uri\n";
        }
    }
_EOC_
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "main";
    mirror /mirror;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    gw_jwt "main";
    mirror /mirror/rule;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /open {
    mirror /mirror;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /mirror {
    internal;
    gw_jwt "mirror";
    proxy_pass http://$TEST_NGINX_BACK:/mirrored$request_uri;
}

location = /mirror/rule {
    internal;
    gw_jwt "mirror";
    gw_jwt_require_claim scope has admin;
    proxy_pass http://$TEST_NGINX_BACK:/mirrored$request_uri;
}
--- cases
['forget', sub { %before = map { $_ => visited("/mirrored$_") }
                               qw(/t /open /rule); }],
['none: no request, no mirror', {}, 401, 'missing'],
['good: the mirror has its own gw_jwt', { token => $good }, 200, 'passed'],
['open, none: only the mirror is refused', '/open', 200, 'off',
 body => "GET /open\n"],
['rule: only the mirror is refused', { uri => '/rule', token => $good }, 200,
 'passed', body => "GET /rule\n"],
['the service was asked', sub {
    wait_for(sub { visited('/mirrored/t') > $before{'/t'} }, 2);
    is(visited('/mirrored/t') - $before{'/t'}, 1, "$_[0]: once for /t");
    is(visited('/mirrored/open') - $before{'/open'}, 0,
       "$_[0]: not for /open");
    is(visited('/mirrored/rule') - $before{'/rule'}, 0,
       "$_[0]: not for /rule");
}],
['open, good', { uri => '/open', token => $good }, 200, 'off'],
['and now for /open', sub {
    wait_for(sub { visited('/mirrored/open') > $before{'/open'} }, 2);
    is(visited('/mirrored/open') - $before{'/open'}, 1, $_[0]);
}],



=== TEST 5: add_before_body and add_after_body
--- skip_eval: 2: !$::addition
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
addition_types text/plain;
default_type text/plain;

location = /page.txt {
    gw_jwt off;
    add_before_body /part;
    add_after_body /open;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location = /part {
    gw_jwt "part";
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /open {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files
>>> page.txt
page
--- cases
['none', '/page.txt', 200, 'off', then => sub {
    unlike($_[0]{body}, qr{GET /part}, "$_[1]: nothing before");
    like($_[0]{body}, qr{page\nGET /open}, "$_[1]: the rest");
}],
['good', { uri => '/page.txt', token => $good }, 200, 'off',
 body => qr{\AGET /part.*\npage\nGET /open}],



=== TEST 6: a subrequest that redirects, and one of a named error page
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
ssi_types text/plain;
default_type text/plain;

location = /page.txt {
    ssi on;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location = /open {
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri /part;
}

location = /fails {
    root $TEST_NGINX_SERVER_ROOT/html;
    error_page 404 = /part;
}

location = /dir/ {
    root $TEST_NGINX_SERVER_ROOT/html;
    index page.txt;
}

location = /dir/page.txt {
    gw_jwt "part";
    root $TEST_NGINX_SERVER_ROOT/html;
}

location = /part {
    gw_jwt "part";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files
>>> page.txt
1 <!--# include virtual="/open" -->
2 <!--# include virtual="/fails" -->
3 <!--# include virtual="/dir/" -->
4 end
>>> dir/page.txt
the file
--- cases
['none', '/page.txt', 200, 'off', body => qr/^4 end$/m, then => sub {
    unlike($_[0]{body}, qr/GET|the file/, "$_[1]: nothing inside");
}],
['good', { uri => '/page.txt', token => $good }, 200, 'off',
 body => qr{\A1 GET /.*\n+2 GET /.*\n+3 the file\n+4 end\n\z}],



=== TEST 7: rules that look at the request are asked of each subrequest
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    map "$gw_jwt_claim_sub:$uri" $may {
        volatile;
        volatile;
        "~^(?<who>[^:]*):/files/\g{who}/" 1;
    }
_EOC_
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
ssi_types text/plain;
default_type text/plain;

location ~ ^/users/(?<user>[^/]+)/ {
    ssi on;
    root $TEST_NGINX_SERVER_ROOT/html;
    gw_jwt api;
    gw_jwt_require_claim sub eq $user;
}

location /files/ {
    ssi on;
    root $TEST_NGINX_SERVER_ROOT/html;
    gw_jwt api;
    gw_jwt_require $may;
}
--- user_files
>>> users/alice/page
1 <!--# include virtual="/users/alice/own" -->
2 <!--# include virtual="/users/bob/own" -->
3 end
>>> users/alice/own
of alice
>>> users/bob/own
of bob
>>> files/alice/page
1 <!--# include virtual="/files/alice/own" -->
2 <!--# include virtual="/files/bob/own" -->
3 end
>>> files/alice/own
of alice
>>> files/bob/own
of bob
--- cases
(map {
    my $folder = $_;

    (
        ["$folder: alice's page", { uri => "/$folder/alice/page",
                                    token => $good }, 200, 'passed',
         body => qr/^1 of alice$/m, then => sub {
            like($_[0]{body}, qr/^3 end$/m, "$_[1]: to its end");
            unlike($_[0]{body}, qr/of bob/, "$_[1]: nothing of bob");
        }],
        ["$folder: bob's by alice", { uri => "/$folder/bob/own",
                                      token => $good }, 403, 'refused'],
        ["$folder: bob's by bob", { uri => "/$folder/bob/own",
                                    token => $bob }, 200, 'passed'],
    )
} qw(users files)),



=== TEST 8: the parts of a preflight are not exempt
--- skip_eval: 2: !$::addition
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt api;
addition_types text/plain;

location /t {
    add_after_body /part;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /part {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['preflight', { method => 'OPTIONS',
                headers => ['Origin: https://app.example',
                            'Access-Control-Request-Method: PUT'] },
 200, 'preflight', body => qr{^OPTIONS /t}, then => sub {
    unlike($_[0]{body}, qr{GET /part}, "$_[1]: without the part");
}],
['good', { token => $good }, 200, 'passed',
 body => qr{^GET /t.*\nGET /part}],
