# What a gRPC client is told: status 8 (RESOURCE_EXHAUSTED).

use GwTest;
use GwLimit;

our @grpc = ('Content-Type: application/grpc', 'TE: trailers');


sub call {
    my ($key, $uri, @headers) = @_;

    return as($key, $uri, method => 'POST', body => 'x',
              headers => [@headers ? @headers : @grpc]);
}


sub exhausted {
    my ($what, $request, $zone, @expected) = @_;

    my %expected = ('grpc-status' => ['8'], 'grpc-message' => qr/./,
                    'Content-Type' => 'application/grpc', body => '',
                    'Retry-After' => about(360),
                    error => "429 ratelimit $zone", @expected);

    return [$what, $request, 200, 'rejected', %expected];
}


run_tests();

__DATA__

=== TEST 1: rejections
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_concurrency_zone $http_x_key zone=in_flight:1m;
_EOC_
--- user_files
>>> 429.html
slow down
--- config
location /t {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /before {
    gw_ratelimit zone=one before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /503 {
    gw_ratelimit zone=one;
    gw_ratelimit_status 503;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /403 {
    gw_ratelimit zone=one;
    gw_ratelimit_status 403;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /fields {
    gw_ratelimit zone=one;
    gw_ratelimit_headers both;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page {
    gw_ratelimit zone=one;
    error_page 429 /429.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /try {
    try_files /none.txt /t;
}

location /dry {
    gw_ratelimit zone=one dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /429.html {
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /status {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'passed', call('a'), 'grpc-status' => undef, body => qr/^POST/),
exhausted('rejected', call('a'), 'one'),
exhausted('over HTTP/1.0', { %{ call('a') }, version => '1.0' }, 'one'),
(map { exhausted($_, call('a', '/t', "Content-Type: $_"), 'one',
                 'Content-Type' => $_) }
     'application/grpc+proto', 'application/grpc+json', 'application/grpc-web',
     'Application/GRPC'),
rejected('not by POST', as('a', '/t', headers => [@grpc]), 'one',
         'grpc-status' => undef,
         'Content-Type' => 'application/problem+json'),
(map { rejected($_, call('a', '/t', "Content-Type: $_"), 'one',
                'grpc-status' => undef,
                'Content-Type' => 'application/problem+json') }
     'application/json', 'application/grp', 'text/application/grpc'),
passes(1, 'before_auth', call('b', '/before')),
exhausted('before_auth', call('b', '/before'), 'one'),
passes(1, 'another status', call('c', '/503')),
exhausted('another status', call('c', '/503'), 'one',
          error => '503 ratelimit one'),
passes(1, '403', call('d', '/403')),
exhausted('403', call('d', '/403'), 'one', error => '403 ratelimit one'),
passes(1, 'fields', call('e', '/fields'), 'RateLimit' => qr/^"one";r=0;/),
exhausted('fields', call('e', '/fields'), 'one',
          'RateLimit' => qr/^"one";r=0;/, 'X-RateLimit-Remaining' => '0'),
passes(1, 'an error_page goes before', call('f', '/page')),
rejected('an error_page goes before', call('f', '/page'), 'one',
         'grpc-status' => undef, body => "slow down\n"),
passes(1, 'behind a redirect', call('g', '/try')),
exhausted('behind a redirect', call('g', '/try'), 'one'),
passes(1, 'dry_run', call('h', '/dry')),
['dry_run', call('h', '/dry'), 200, 'dry_run_rejected', body => qr/^POST/,
 'grpc-status' => undef],
["the service's own 429", call('i', '/status/429'), 429, 'passed',
 'grpc-status' => undef, body => "the service says 429\n",
 'Retry-After' => '77'],
['a connection goes on', { %{ call('a') }, conn => 'c' }, 200, 'rejected',
 error => '429 ratelimit one', 'grpc-status' => '8'],
passes(1, 'a connection goes on', { %{ call('j') }, conn => 'c' },
       'grpc-status' => undef),
