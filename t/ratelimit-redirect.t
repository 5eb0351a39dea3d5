# A zone is charged once for a client's request, whatever redirects follow; what
# was rejected is not rejected again; subrequests are not limited.

use GwTest;
use GwLimit;

our $files = ">>> there.txt\nit is there\n>>> dir/page.html\na page\n"
             . ">>> 429.html\nslow down\n>>> 404.html\nnot there\n";

our $addition = has_module('http_addition');

run_tests();

__DATA__

=== TEST 1: charged once
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files eval: $::files
--- config
root $TEST_NGINX_SERVER_ROOT/html;
gw_ratelimit zone=three;

location /try {
    try_files /none.txt /target;
}

location /try/named {
    try_files /none.txt @target;
}

location /try/code {
    try_files /none.txt =404;
    error_page 404 = /target;
}

location /target {
    proxy_pass http://$TEST_NGINX_BACK;
}

location @target {
    rewrite ^ /target break;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /chain {
    try_files /none.txt /try/named;
}

location /dir/ {
    index none.html page.html;
}

location /accel {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /intercept {
    proxy_intercept_errors on;
    error_page 404 = @target;
    proxy_pass http://$TEST_NGINX_BACK:/status/404;
}

location /own {
    gw_ratelimit zone=three;
    try_files /none.txt /own/target;
}

location /own/target {
    gw_ratelimit zone=three cost=2;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /before {
    gw_ratelimit zone=three before_auth;
    try_files /none.txt /before/target;
}

location /before/target {
    gw_ratelimit zone=three before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /last {
    rewrite ^ /target last;
}

location /rewritten {
    if ($arg_x) {
        rewrite ^ /try last;
    }

    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my ($uri, $body) = @$_;

    (
        passes(3, $uri, as($uri, $uri), 'X-Results' => 'three=passed',
               body => $body),
        rejected($uri, as($uri, $uri), 'three',
                 'X-Results' => 'three=rejected'),
    )
} map({ [$_, qr/^GET/] } qw(/try /try/named /chain /own /before /last
                            /rewritten?x=1)),
  map({ ["/accel?to=$_", qr/^GET/] } '/target', '@target', '/try'),
  ['/try/code', qr/^GET/], ['/intercept', qr/^GET/], ['/dir/', "a page\n"],
  ['/accel?to=/there.txt', "it is there\n"],
  ['/accel?to=/dir/', "a page\n"])



=== TEST 2: a zone only of the target, and another zone
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files eval: $::files
--- config
root $TEST_NGINX_SERVER_ROOT/html;

location /free {
    try_files /none.txt /target;
}

location /target {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five;
    try_files /none.txt /target;
}

location /to/free {
    gw_ratelimit zone=three;
    try_files /none.txt /unlimited;
}

location /to/before {
    gw_ratelimit zone=three;
    try_files /none.txt /before;
}

location /before {
    gw_ratelimit zone=three before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /unlimited {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two/five {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two/three {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(3, 'of the target', as('a', '/free'), 'X-Results' => 'three=passed'),
rejected('of the target', as('a', '/free'), 'three'),
passes(3, 'another', as('b', '/five'),
       'X-Results' => 'five=passed,three=passed'),
(map { rejected("another, $_", as('b', '/five'), 'three') } 1 .. 4),
passes(2, 'what was taken before the redirect is returned',
       as('b', '/two/five')),
rejected('and no more', as('b', '/two/five'), 'five'),
passes(3, 'to one without', as('c', '/to/free'),
       'X-Results' => 'three=passed'),
rejected('to one without', as('c', '/to/free'), 'three'),
passes(1, 'with and without before_auth are two', as('d', '/to/before'),
       'X-Results' => 'three=passed,three=passed'),
rejected('with and without before_auth are two', as('d', '/to/before'),
         'three', 'X-Results' => 'three=passed,three=rejected'),



=== TEST 3: what was rejected is not asked about again
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files eval: $::files
--- config
root $TEST_NGINX_SERVER_ROOT/html;
gw_ratelimit zone=one;
recursive_error_pages on;

location /page {
    error_page 429 /429.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /loop {
    error_page 429 /loop;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /chain {
    error_page 429 /chain/2;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /chain/2 {
    gw_ratelimit zone=three;
    gw_ratelimit zone=five before_auth;
    error_page 429 /429.html;
    try_files /none.txt @chain;
}

location @chain {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /three {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /before {
    gw_ratelimit zone=one before_auth;
    gw_ratelimit zone=three;
    error_page 429 @chain;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /denied {
    deny all;
    error_page 403 /denied/page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /denied/page {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /gone {
    error_page 404 /404.html;
}
--- cases
do {
    my $untouched = sub {
        my ($key) = @_;

        return (
            passes(3, "$key: nothing of three", as($key, '/three')),
            passes(5, "$key: nothing of five", as($key, '/five')),
        );
    };

    (
        passes(1, 'page', as('a', '/page'), body => qr/^GET/),
        (map { rejected("page, $_", as('a', '/page'), 'one',
                        'X-Results' => 'one=rejected', error => '429 ratelimit one',
                        body => "slow down\n") } 1 .. 3),
        passes(1, 'to itself', as('b', '/loop'), body => qr/^GET/),
        rejected('to itself', as('b', '/loop'), 'one', body => qr/^GET/,
                 'X-Results' => 'one=rejected'),
        passes(1, 'chain', as('c', '/chain')),
        (map { rejected("chain, $_", as('c', '/chain'), 'one',
                        'X-Results' => 'one=rejected', body => qr/^GET/) }
             1 .. 6),
        $untouched->('c'),
        passes(1, 'before_auth', as('d', '/before'),
               'X-Results' => 'one=passed,three=passed'),
        (map { rejected("before_auth, $_", as('d', '/before'), 'one',
                        'X-Results' => 'one=rejected', body => qr/^GET/) }
             1 .. 6),
        passes(2, 'nothing more of three', as('d', '/three')),
        rejected('one is gone', as('d', '/three'), 'three'),
        passes(5, 'nothing of five', as('d', '/five')),
        (map { ["the page of a 403, $_", as('e', '/denied'), 403, '',
                'X-Results' => undef, body => qr/^GET/] } 1 .. 5),
        ['the page of a 404', as('f', '/gone'), 404, 'passed',
         body => "not there\n", 'X-Results' => 'one=passed'],
        rejected('the page of a 404', as('f', '/gone'), 'one'),
    )
},



=== TEST 4: a rejection in the target of a redirect
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files eval: $::files
--- config
root $TEST_NGINX_SERVER_ROOT/html;

location /t {
    try_files /none.txt /target;
}

location /target {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /paged {
    error_page 429 /429.html;
    try_files /none.txt /paged/target;
}

location /paged/target {
    gw_ratelimit zone=one;
    error_page 429 /429.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /failed {
    proxy_intercept_errors on;
    error_page 500 /failed/page;
    proxy_pass http://$TEST_NGINX_BACK:/status/500;
}

location /failed/page {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /accel {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'no page', as('a')),
rejected('no page', as('a'), 'one',
         'Content-Type' => 'application/problem+json'),
passes(1, 'a page', as('b', '/paged')),
rejected('a page', as('b', '/paged'), 'one', body => "slow down\n"),
passes(1, 'X-Accel-Redirect', as('c', '/accel?to=/target')),
rejected('X-Accel-Redirect', as('c', '/accel?to=/target'), 'one',
         'Content-Type' => 'application/problem+json', body => qr/^\{.*\}\s$/),
['the page of an error', as('d', '/failed'), 500, 'passed', body => qr/^GET/],
['the page of an error: limited, and no loop', as('d', '/failed'),
 qr/^(?:429|500)$/, 'rejected', error => '429 ratelimit one'],



=== TEST 5: subrequests are not limited
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- user_files
>>> ssi.html
<!--# include virtual="/part" --> <!--# include virtual="/part" wait="yes" -->.
>>> ssi2.html
<!--# include virtual="/limited/part" -->.
>>> body.txt
body
--- config
root $TEST_NGINX_SERVER_ROOT/html;

location /request {
    auth_request /auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /auth {
    internal;
    gw_ratelimit zone=one;
    gw_ratelimit zone=one before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /mirrored {
    mirror /mirror;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /mirror {
    internal;
    gw_ratelimit zone=one;
    gw_ratelimit zone=one before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /ssi {
    ssi on;
    rewrite ^ /ssi.html break;
}

location /part {
    gw_ratelimit zone=one;
    gw_ratelimit zone=one before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /limited/ssi {
    gw_ratelimit zone=three;
    ssi on;
    rewrite ^ /ssi2.html break;
}

location /limited/part {
    gw_ratelimit zone=three;
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /three {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /one {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my ($uri, $body) = @$_;

    (
        (map { ["$uri, $_", as($uri, $uri), 200, '', body => $body,
                'X-Results' => undef] } 1 .. 4),
        passes(1, "$uri: nothing was taken", as($uri, '/one')),
    )
} ['/request', qr/^GET/], ['/mirrored', qr/^GET/],
  ['/ssi', qr{^GET /part.*\n GET /part.*\n\.}]),
passes(3, 'the main request only', as('z', '/limited/ssi'),
       'X-Results' => 'three=passed', body => qr{^GET /limited/part}),
rejected('the main request', as('z', '/limited/ssi'), 'three'),
passes(1, 'nothing of the part', as('z', '/one')),



=== TEST 6: a subrequest of addition
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- skip_eval: 2: !$::addition
--- user_files
>>> body.txt
body
--- config
root $TEST_NGINX_SERVER_ROOT/html;

location /body.txt {
    gw_ratelimit zone=three;
    addition_types *;
    add_before_body /part;
    add_after_body /part;
}

location /part {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(3, 'addition', as('a', '/body.txt'), 'X-Results' => 'three=passed',
       body => qr/^GET.*\nbody\nGET.*\n$/),
rejected('addition', as('a', '/body.txt'), 'three'),
