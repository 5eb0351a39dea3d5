# What a refusal looks like: challenge, body, gRPC, error_page; and that other
# people's errors stay theirs.

use GwTest;

use IO::Uncompress::Gunzip;

our $good = jwt(alg => 'HS256');
our $bad = jwt(alg => 'HS256', signature => \&flip);
our $expired = jwt(alg => 'HS256', claims => { exp => $PAST });

our @grpc = ('Content-Type: application/grpc', 'TE: trailers');


# What a challenge with an error looks like.

sub challenge {
    my ($error, $realm) = @_;

    $realm //= 'api';

    return qr/^Bearer realm="\Q$realm\E", error="$error", error_description="[^"\\]+"$/;
}


sub problem {
    my ($res, $name) = @_;

    my $got = eval { unjson($res->{body}) } // {};

    is_deeply([sort keys %$got],
              [qw(detail instance reason status title type)],
              "$name: members");
    is($res->{header}{'content-type'}, 'application/problem+json',
       "$name: Content-Type");
    is($res->{header}{'content-length'}, length $res->{body},
       "$name: Content-Length");
    like($got->{detail}, qr/^[a-z].*[^.]$/, "$name: detail");
    like($got->{instance}, qr/^[0-9a-f]{32}$/, "$name: instance");
    is($got->{instance}, $res->{header}{'x-id'}, "$name: the request's id")
        if $res->{header}{'x-id'};
    is($got->{type}, 'about:blank', "$name: type");
    is($got->{status}, $res->{code}, "$name: status");
}


our $config = <<'_EOC_';
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    add_header X-Status $gw_jwt_status always;
    add_header X-Error $gw_error always;
    add_header X-Id $request_id always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    gw_jwt_require_claim scope has admin;
    add_header X-Status $gw_jwt_status always;
    add_header X-Error $gw_error always;
    add_header X-Id $request_id always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule401 {
    gw_jwt_require_claim scope has admin error=401;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

run_tests();

__DATA__

=== TEST 1: challenge and body
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
['none', {}, 401, 'missing', 'WWW-Authenticate' => ['Bearer realm="api"'],
 json => { title => 'Unauthorized', reason => 'missing' },
 then => \&problem],
['expired', { token => $expired }, 401, 'expired',
 'WWW-Authenticate' => challenge('invalid_token'),
 json => { title => 'Unauthorized', reason => 'expired',
           detail => 'the token has expired' },
 then => \&problem],
['bad signature', { token => $bad }, 401, 'bad_signature',
 'WWW-Authenticate' => challenge('invalid_token'),
 json => { reason => 'bad_signature' }, then => \&problem],
['malformed', { token => 'x' }, 401, 'malformed',
 'WWW-Authenticate' => challenge('invalid_token'),
 json => { reason => 'malformed' }, then => \&problem],
['unsupported', { token => jwt(alg => 'none', signature => '') }, 401,
 'unsupported', 'WWW-Authenticate' => challenge('invalid_token'),
 json => { reason => 'unsupported' }, then => \&problem],
['unknown key', { token => jwt(kid => 'x') }, 401, 'unknown_key',
 'WWW-Authenticate' => challenge('invalid_token'),
 json => { reason => 'unknown_key' }, then => \&problem],
['refused', { uri => '/rule', token => $good }, 403, 'refused',
 'WWW-Authenticate' => qr/^Bearer realm="api", error="insufficient_scope"/,
 json => { title => 'Forbidden', reason => 'refused' },
 then => \&problem],
['refused with 401', { uri => '/rule401', token => $good }, 401, 'refused',
 'WWW-Authenticate' => qr/^Bearer realm="api", error="/,
 json => { title => 'Unauthorized', reason => 'refused' },
 then => \&problem],
['passed', { token => $good }, 200, 'passed', 'WWW-Authenticate' => undef],
['one challenge only', { token => $bad }, 401, 'bad_signature',
 then => sub { is(scalar @{ $_[0]{headers}{'www-authenticate'} }, 1,
                  $_[1]) }],



=== TEST 2: HEAD, ranges, conditions, versions
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
['HEAD', { method => 'HEAD', token => $expired }, 401, 'expired', body => '',
 'WWW-Authenticate' => challenge('invalid_token'),
 'Content-Type' => 'application/problem+json'],
['HEAD, then GET on the same connection',
 { method => 'HEAD', conn => 'a' }, 401, 'missing', body => ''],
['GET', { conn => 'a' }, 401, 'missing', then => \&problem],
['a range', { headers => ['Range: bytes=0-3'] }, 401, 'missing',
 'Content-Range' => undef, then => \&problem],
['a condition', { headers => ['If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT',
                              'If-None-Match: *'] }, 401, 'missing',
 then => \&problem],
['HTTP/1.0', { version => '1.0' }, 401, 'missing', then => \&problem],
['Accept is not asked', { headers => ['Accept: text/html'] }, 401, 'missing',
 then => \&problem],
['gzip', { headers => ['Accept-Encoding: gzip'] }, 401, 'missing',
 then => \&problem],
['POST whose body is not read', { method => 'POST', conn => 'b',
                                  body => 'x' x 50000 }, 401, 'missing',
 then => \&problem],
['the connection goes on', { conn => 'b', token => $good }, 200, 'passed'],



=== TEST 3: the realm
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /quoted {
    gw_jwt 'a "b" \\ c';
    proxy_pass http://$TEST_NGINX_BACK;
}

location /utf8 {
    gw_jwt 'Bestände, Köln';
    proxy_pass http://$TEST_NGINX_BACK;
}

location /words {
    gw_jwt "two words";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['quotes', '/quoted', 401, 'missing',
 'WWW-Authenticate' => 'Bearer realm="a \"b\" \\\\ c"'],
['quotes, with an error', { uri => '/quoted', token => 'x' }, 401,
 'malformed', 'WWW-Authenticate' => challenge('invalid_token',
                                              'a \"b\" \\\\ c')],
['UTF-8', '/utf8', 401, 'missing',
 'WWW-Authenticate' => "Bearer realm=\"Best\xc3\xa4nde, K\xc3\xb6ln\""],
['words', '/words', 401, 'missing',
 'WWW-Authenticate' => 'Bearer realm="two words"'],



=== TEST 4: gRPC
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
do {
    my @no_body = (body => '', 'WWW-Authenticate' => undef,
                   'Content-Type' => qr{^application/grpc});

    @no_body = (body => '', 'Content-Type' => qr{^application/grpc});

    (
        ['none', { method => 'POST', body => 'x', headers => [@grpc] }, 200,
         'missing', @no_body, 'grpc-status' => '16',
         'grpc-message' => qr/./, error => '401 missing'],
        ['expired', { method => 'POST', body => 'x', headers => [@grpc],
                      token => $expired }, 200, 'expired', @no_body,
         'grpc-status' => '16', 'grpc-message' => qr/expired/,
         error => '401 expired'],
        ['refused', { uri => '/rule', method => 'POST', body => 'x',
                      headers => [@grpc], token => $good }, 200, 'refused',
         @no_body, 'grpc-status' => '7', 'grpc-message' => qr/./,
         error => '403 refused'],
        (map { ["type $_", { method => 'POST', body => 'x',
                             headers => ["Content-Type: $_"] }, 200,
                'missing', @no_body, 'grpc-status' => '16',
                error => '401 missing'] }
            'application/grpc+proto', 'application/grpc+json',
            'application/grpc; charset=utf-8'),
        ['grpc-web', { method => 'POST', body => 'x',
                       headers => ['Content-Type: application/grpc-web'] },
         200, 'missing', 'grpc-status' => '16', error => '401 missing'],
        ['not gRPC', { method => 'POST', body => 'x',
                       headers => ['Content-Type: application/json'] }, 401,
         'missing', 'grpc-status' => undef, then => \&problem],
        ['not gRPC: it calls by POST', { headers => [@grpc] }, 401,
         'missing', 'grpc-status' => undef, then => \&problem],
        ['passed', { method => 'POST', body => 'x', headers => [@grpc],
                     token => $good }, 200, 'passed',
         'grpc-status' => undef, body => qr/^POST/],
    )
},



=== TEST 5: error_page that keeps the status keeps the challenge
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /named {
    gw_jwt_require_claim scope has admin;
    error_page 401 403 @page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @page {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /uri {
    gw_jwt_require_claim scope has admin;
    error_page 401 /page401.html;
    error_page 403 /page403.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location ~ ^/page {
    gw_jwt off;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /only403 {
    error_page 403 @page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /same {
    error_page 401 =401 /page401.html;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files
>>> page401.html
sorry 401
>>> page403.html
sorry 403
--- cases
['named, none', '/named', 401, undef, body => qr/^GET/,
 'WWW-Authenticate' => ['Bearer realm="api"'], error => '401 missing'],
['named, expired', { uri => '/named', token => $expired }, 401, undef,
 body => qr/^GET/, 'WWW-Authenticate' => challenge('invalid_token'),
 error => '401 expired'],
['named, refused', { uri => '/named', token => $good }, 403, undef,
 body => qr/^GET/, 'WWW-Authenticate' => qr/insufficient_scope/,
 error => '403 refused'],
['a file, none', '/uri', 401, undef, body => qr/^sorry 401/,
 'WWW-Authenticate' => ['Bearer realm="api"'], error => '401 missing'],
['a file, refused', { uri => '/uri', token => $good }, 403, undef,
 body => qr/^sorry 403/, 'WWW-Authenticate' => qr/insufficient_scope/,
 error => '403 refused'],
['a file, HEAD', { uri => '/uri', method => 'HEAD' }, 401, undef, body => '',
 'WWW-Authenticate' => ['Bearer realm="api"'], error => '401 missing'],
['for another status only', '/only403', 401, 'missing',
 json => { reason => 'missing' },
 'WWW-Authenticate' => ['Bearer realm="api"']],
['=401', '/same', 401, undef, body => qr/^sorry 401/,
 'WWW-Authenticate' => ['Bearer realm="api"'], error => '401 missing'],
['gRPC takes the error_page too', { uri => '/named', method => 'POST',
                                    body => 'x', headers => [@grpc] }, 401,
 undef,
 body => qr/^POST/, 'grpc-status' => undef, error => '401 missing'],



=== TEST 6: error_page that changes the status loses the challenge
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /ok {
    error_page 401 =200 /page401.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /teapot {
    error_page 401 =418 /page401.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /login {
    error_page 401 =302 https://login.example/;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /redirect {
    error_page 401 https://login.example/;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /its {
    error_page 401 = @its;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @its {
    gw_jwt off;
    return 303 /login;
}

location /hide {
    gw_jwt_require_claim scope has admin;
    error_page 403 =404 /page401.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location ~ ^/page {
    gw_jwt off;
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- user_files
>>> page401.html
sorry 401
--- cases
['=200', '/ok', 200, undef, body => qr/^sorry 401/,
 'WWW-Authenticate' => undef],
['=418', '/teapot', 418, undef, body => qr/^sorry 401/,
 'WWW-Authenticate' => undef],
['=302 with an address', '/login', 302, undef,
 Location => 'https://login.example/', 'WWW-Authenticate' => undef],
['an address', '/redirect', 302, undef,
 Location => 'https://login.example/', 'WWW-Authenticate' => undef],
['= and a location that answers itself', '/its', 303, undef,
 'WWW-Authenticate' => undef],
['=404 hides a 403', { uri => '/hide', token => $good }, 404, undef,
 body => qr/^sorry 401/, 'WWW-Authenticate' => undef],
['a 401 there has no error_page', '/hide', 401, 'missing',
 'WWW-Authenticate' => ['Bearer realm="api"'],
 json => { reason => 'missing' }],



=== TEST 7: an error_page that is protected itself, or fails
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
error_page 401 /page401.html;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /recursive {
    recursive_error_pages on;
    error_page 401 /recursive2;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /recursive2 {
    recursive_error_pages on;
    gw_jwt other;
    error_page 401 /recursive3.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /recursive3.html {
    gw_jwt off;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /gone {
    error_page 401 /nothing.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /nothing.html {
    gw_jwt off;
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- user_files
>>> page401.html
sorry
>>> recursive3.html
sorry, three
--- cases
['protected by the same: no page, no loop', '/t', 401, undef,
 'WWW-Authenticate' => ['Bearer realm="api"']],
['and with a token', { uri => '/t', token => $good }, 200, 'passed'],
['recursive', '/recursive', 401, undef, body => qr/^sorry, three/,
 then => sub {
     is(scalar @{ $_[0]{headers}{'www-authenticate'} // [] }, 1,
        "$_[1]: one challenge");
 }],
['the page does not exist', '/gone', 404, undef,
 'WWW-Authenticate' => undef],



=== TEST 8: errors of others are theirs
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /status {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /intercepted {
    proxy_pass http://$TEST_NGINX_BACK:/status/;
    proxy_intercept_errors on;
    error_page 401 403 /page401.html;
}

location /page {
    gw_jwt off;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /denied {
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /none {
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /optional {
    gw_jwt api optional;
    proxy_pass http://$TEST_NGINX_BACK:/status/401;
}

location /off {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK:/status/401;
}

location /dir {
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- user_files
>>> page401.html
sorry
>>> dir/x
x
--- cases
["the service's 401", { uri => '/status/401', token => $good }, 401,
 'passed', body => "the service says 401\n",
 'WWW-Authenticate' => ['Basic realm="service"'],
 'Content-Type' => 'text/plain', error => undef],
["the service's 403", { uri => '/status/403', token => $good }, 403,
 'passed', body => "the service says 403\n", 'WWW-Authenticate' => undef,
 error => undef],
["the service's 401, gRPC", { uri => '/status/401', token => $good,
                              method => 'POST', body => 'x',
                              headers => [@grpc] }, 401, 'passed',
 'grpc-status' => undef, error => undef],
["the service's 401, intercepted",
 { uri => '/intercepted401', token => $good }, 401, undef,
 body => qr/^sorry/, 'WWW-Authenticate' => ['Basic realm="service"'],
 error => undef],
["the service's 401 of a request without token", '/optional', 401,
 'missing', body => "the service says 401\n",
 'WWW-Authenticate' => ['Basic realm="service"'], error => undef],
["the service's 401, gw_jwt off", '/off', 401, 'off',
 'WWW-Authenticate' => ['Basic realm="service"'], error => undef],
["nginx's 403", { uri => '/denied', token => $good }, 403, undef,
 'Content-Type' => 'text/html', 'WWW-Authenticate' => undef,
 error => undef],
["nginx's 404", { uri => '/none', token => $good }, 404, 'passed',
 'Content-Type' => 'text/html', 'WWW-Authenticate' => undef],
["nginx's 403 of a folder", { uri => '/dir/', token => $good }, 403,
 'passed', 'WWW-Authenticate' => undef, error => undef],
["nginx's 405", { uri => '/dir/x', token => $good, method => 'POST',
                  body => '' }, 405, 'passed',
 'WWW-Authenticate' => undef],
["nginx's 400", { raw => "GET /t HTTP/1.1\r\n\r\n" }, 400, undef,
 'WWW-Authenticate' => undef],



=== TEST 9: gzip, charset and sub_filter on the body of a refusal
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt_require_claim scope has admin;
gzip on;
gzip_types *;
gzip_min_length 1;
charset utf-8;
charset_types *;
expires 1h;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /ssi {
    ssi on;
    ssi_types *;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
# nginx compresses 200, 403 and 404
['403', { token => $good, headers => ['Accept-Encoding: gzip'] }, 403,
 'refused', 'Content-Encoding' => 'gzip', then => sub {
    my ($res, $name) = @_;
    my $text = '';

    IO::Uncompress::Gunzip::gunzip(\$res->{body}, \$text);
    is(eval { unjson($text)->{reason} }, 'refused', $name);
    like($res->{header}{'content-type'}, qr{^application/problem\+json},
         "$name: Content-Type");
}],
['401', { headers => ['Accept-Encoding: gzip'] }, 401, 'missing',
 json => { reason => 'missing' }, 'Content-Encoding' => undef],
['403 as it is', { token => $good }, 403, 'refused',
 json => { reason => 'refused' }, 'Content-Encoding' => undef],
['SSI', '/ssi', 401, 'missing', json => { reason => 'missing' }],
['SSI, 403', { uri => '/ssi', token => $good }, 403, 'refused',
 json => { reason => 'refused' }],
['passed', { token => jwt(alg => 'HS256', claims => { scope => 'admin' }),
             headers => ['Accept-Encoding: gzip'] }, 200, 'passed',
 'Content-Encoding' => 'gzip'],



=== TEST 10: bodies of requests that are refused
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
['Expect: 100-continue is not followed', sub {
    my ($name) = @_;

    my $socket = GwTest::connection();

    syswrite $socket, "POST /t HTTP/1.1\r\nHost: localhost\r\n"
                      . "Content-Length: 100000\r\n"
                      . "Expect: 100-continue\r\n\r\n";
    sysread $socket, my $first, 1000;
    like($first, qr{^HTTP/1.1 401 }, $name);
}],
['Expect: 100-continue with a token is', sub {
    my ($name) = @_;

    my $socket = GwTest::connection();

    syswrite $socket, "POST /t HTTP/1.1\r\nHost: localhost\r\n"
                      . "Content-Length: 3\r\nConnection: close\r\n"
                      . "Authorization: Bearer $good\r\n"
                      . "Expect: 100-continue\r\n\r\n";
    sysread $socket, my $first, 1000;
    like($first, qr{^HTTP/1.1 100 }, $name);
    syswrite $socket, 'a=b';

    my $rest = do { local $/; <$socket> };

    like($rest, qr{HTTP/1.1 200 .*^POST /t}ms, "$name: then");
}],
(map {
    my ($what, $status, @more) = @$_;

    (
        ["$what, a chunked body",
         { @more, method => 'POST', conn => 'c', raw => join '',
           "POST /t HTTP/1.1\r\nHost: localhost\r\n",
           (map { "$_\r\n" } GwTest::request_headers(@more)),
           "Transfer-Encoding: chunked\r\n\r\n",
           (map { "3e8\r\n" . 'x' x 1000 . "\r\n" } 1 .. 20),
           "0\r\n\r\n" },
         401, $status],
        ['the connection goes on', { conn => 'c', token => $good }, 200,
         'passed'],
    )
} ['none', 'missing'], ['bad', 'bad_signature', token => $bad]),
