# HTTP/2, by curl, and by nghttp where the request has a body that is refused:
# nginx then resets the stream behind its answer, which curl takes for an error.

use GwTest;

our $good = jwt(alg => 'HS256');
our $bad = jwt(alg => 'HS256', signature => \&flip);
our $socket = "$ENV{TEST_NGINX_SOCK}/h2.sock";


sub h2 {
    my (%request) = @_;

    return { http2 => 1, socket => $socket, %request };
}


# The responses to requests that nghttp sends on one connection: by stream, in
# the order of the URIs, headers; "end" is the kind of frame that ended it.

sub nghttp {
    my (@args) = @_;

    open my $out, '-|', 'nghttp', '-nv', @args or die "nghttp: $!";

    my (%streams, @order, $frame);

    for (<$out>) {
        if (/ recv \(stream_id=(\d+)\) ([^ ]+): (.*)$/) {
            push @order, $1 unless $streams{$1};
            $streams{$1}{$2} = $3;

        } elsif (/ recv (\w+) frame <length=\d+, flags=0x(\w+), stream_id=(\d+)/
                 && $streams{$3})
        {
            $streams{$3}{end} = $1 if $1 ne 'RST_STREAM' && hex($2) & 1;
            $streams{$3}{reset} = 1 if $1 eq 'RST_STREAM';

        } elsif (/error_code=(\w+)/ && @order) {
            $streams{$order[-1]}{code} = $1;
        }
    }

    return map { $streams{$_} } sort { $a <=> $b } @order;
}


our $url = "http://127.0.0.1:$ENV{TEST_NGINX_PORT_1}";

our $http_config = <<'_EOC_' . $GwTest::BACK;
server {
    listen unix:$TEST_NGINX_SOCK/h2.sock$TEST_NGINX_H2;
    listen 127.0.0.1:$TEST_NGINX_PORT_1$TEST_NGINX_H2;
    $TEST_NGINX_H2_ON

    add_header X-Status $gw_jwt_status always;
    add_header X-Error $gw_error always;
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

    location /t {
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /forward {
        gw_jwt_forward off;
        proxy_set_header X-User $gw_jwt_claim_sub;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /cookie {
        gw_jwt api token=$cookie_s;
        gw_jwt_forward off;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /header {
        gw_jwt api token=$http_x_token;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /rule {
        gw_jwt_require_claim scope has admin;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /page {
        error_page 401 @page;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location @page {
        gw_jwt off;
        proxy_pass http://$TEST_NGINX_BACK;
    }
}
_EOC_

run_tests();

__DATA__

=== TEST 1: requests
--- http_config eval: $::http_config
--- config
--- cases
['none', h2(), 401, 'missing', 'WWW-Authenticate' => ['Bearer realm="api"'],
 'Content-Type' => 'application/problem+json',
 json => { reason => 'missing', status => 401, title => 'Unauthorized' },
 then => sub { like($_[0]{line}, qr{^HTTP/2 401}, "$_[1]: HTTP/2") }],
['good', h2(token => $good), 200, 'passed', body => qr/^GET \/t auth=\[Bearer/],
['bad', h2(token => $bad), 401, 'bad_signature',
 'WWW-Authenticate' => qr/error="invalid_token"/,
 json => { reason => 'bad_signature' }],
['HEAD', h2(method => 'HEAD'), 401, 'missing', body => ''],
['POST', h2(method => 'POST', body => 'a=b', token => $good), 200, 'passed',
 body => qr/^POST/],
['a rule', h2(uri => '/rule', token => $good), 403, 'refused',
 'WWW-Authenticate' => qr/insufficient_scope/],
['error_page', h2(uri => '/page'), 401, undef, body => qr/^GET/,
 'WWW-Authenticate' => ['Bearer realm="api"'], error => '401 missing'],
['forward off', h2(uri => '/forward', token => $good), 200, 'passed',
 body => qr/auth=\[\].*user=\[alice\]/],
['cookie', h2(uri => '/cookie', headers => ["Cookie: a=b; s=$good; c=d"]),
 200, 'passed', body => qr/cookie=\[a=b; c=d\]/],
['cookies in fields of their own, as HTTP/2 allows',
 h2(uri => '/cookie', headers => ['Cookie: a=b', "Cookie: s=$good",
                                  'Cookie: c=d']),
 200, 'passed', body => qr/cookie=\[a=b; c=d\]/],
['two fields', h2(uri => '/header', headers => ["X-Token: $good",
                                                "X-Token: $good"]),
 401, 'malformed'],
['two Authorization fields',
 h2(headers => ["Authorization: Bearer $good", "Authorization: Bearer $bad"]),
 400],
['preflight', h2(method => 'OPTIONS',
                 headers => ['Origin: https://app.example',
                             'Access-Control-Request-Method: PUT']),
 200, 'preflight'],
['a large token', h2(token => jwt(alg => 'HS256',
                                  claims => { x => 'x' x 2500 })),
 200, 'passed'],



=== TEST 2: gRPC
--- http_config eval: $::http_config
--- config
--- cases
do {
    my @grpc = ('Content-Type: application/grpc', 'TE: trailers');

    (
        ['none', h2(method => 'POST', headers => \@grpc), 200, 'missing',
         'grpc-status' => '16', 'grpc-message' => qr/./, body => '',
         'Content-Type' => qr{^application/grpc}, error => '401 missing'],
        ['bad', h2(method => 'POST', token => $bad, headers => \@grpc), 200,
         'bad_signature', 'grpc-status' => '16', body => '',
         error => '401 bad_signature'],
        ['a rule', h2(uri => '/rule', method => 'POST', token => $good,
                      headers => \@grpc), 200, 'refused',
         'grpc-status' => '7', body => '', error => '403 refused'],
        ['good', h2(method => 'POST', token => $good, body => 'x',
                    headers => \@grpc), 200, 'passed',
         'grpc-status' => undef, body => qr/^POST/],
    )
},



=== TEST 3: bodies that nobody reads
--- http_config eval: $::http_config
--- config
--- cases
['the body', sub { write_file('html/body', 'x' x 50000); pass($_[0]) }],
['a POST without a token', sub {
    my ($name) = @_;

    my ($res) = nghttp('-d', "$ENV{TEST_NGINX_SERVER_ROOT}/html/body",
                       "$url/t");

    is($res->{':status'}, 401, "$name: code");
    is($res->{'x-status'}, 'missing', "$name: status");
    is($res->{end}, 'DATA', "$name: a body");
    is($res->{code} // 'NO_ERROR', 'NO_ERROR', "$name: no error");
}],
['gRPC: only trailers', sub {
    my ($name) = @_;

    my ($res) = nghttp('-d', "$ENV{TEST_NGINX_SERVER_ROOT}/html/body",
                       '-H', 'Content-Type: application/grpc',
                       '-H', "Authorization: Bearer $bad", "$url/t");

    is($res->{':status'}, 200, "$name: code");
    is($res->{'grpc-status'}, 16, "$name: grpc-status");
    is($res->{'x-error'}, '401 bad_signature', "$name: error");
    is($res->{end}, 'HEADERS', "$name: nothing behind the headers");
    is($res->{code} // 'NO_ERROR', 'NO_ERROR', "$name: no error");
}],
['the next request', h2(token => $good), 200, 'passed'],



=== TEST 4: many requests on one connection
--- http_config eval: $::http_config
--- config
--- cases
(map {
    my ($what, $token, %want) = @$_;

    ["40 requests, $what", sub {
        my ($name) = @_;

        my @uris = ('/t', '/rule', '/forward', '/header') x 10;
        my $n = 0;

        # nghttp asks for the same URI only once

        my @res = nghttp('-H', "Authorization: Bearer $token",
                         map { "$url$_?" . $n++ } @uris);

        is(join(' ', sort map { "$_->{':status'} $_->{'x-status'}" } @res),
           join(' ', sort map { $want{$_} } @uris), $name);
    }]
} (
    ['good', $good, '/t' => '200 passed', '/rule' => '403 refused',
     '/forward' => '200 passed', '/header' => '401 missing'],
    ['bad', $bad, '/t' => '401 bad_signature',
     '/rule' => '401 bad_signature', '/forward' => '401 bad_signature',
     '/header' => '401 missing'],
)),
