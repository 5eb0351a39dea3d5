# RateLimit, RateLimit-Policy, X-RateLimit-... and Retry-After.

use GwTest;
use GwLimit;

our @none = ('RateLimit' => undef, 'RateLimit-Policy' => undef,
             'X-RateLimit-Limit' => undef, 'X-RateLimit-Remaining' => undef,
             'X-RateLimit-Reset' => undef);

our @no_ietf = @none[0 .. 3];
our @no_legacy = @none[4 .. 9];


# The legacy fields.

sub legacy {
    my ($limit, $remaining, $reset) = @_;

    return ('X-RateLimit-Limit' => $limit,
            'X-RateLimit-Remaining' => $remaining,
            'X-RateLimit-Reset' => $reset);
}


run_tests();

__DATA__

=== TEST 1: one rule
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /off {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /ietf {
    gw_ratelimit zone=three;
    gw_ratelimit_headers ietf;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /legacy {
    gw_ratelimit zone=three;
    gw_ratelimit_headers legacy;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_ratelimit zone=three;
    gw_ratelimit_headers both;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(3, 'off', as('o', '/off'), @none),
rejected('off', as('o', '/off'), 'three', @none, 'Retry-After' => about(360)),

(map { passes(1, 'ietf', as('i', '/ietf'), @no_legacy,
              'RateLimit-Policy' => ['"three";q=3;w=1080'],
              'RateLimit' => ["\"three\";r=$_->[0];t=$_->[1]"],
              'Retry-After' => undef) } [2, 360], [1, 360], [0, 360]),
rejected('ietf', as('i', '/ietf'), 'three', @no_legacy,
         'RateLimit-Policy' => ['"three";q=3;w=1080'],
         'RateLimit' => qr/^"three";r=0;t=3\d\d$/, 'Retry-After' => about(360)),

(map { passes(1, 'legacy', as('l', '/legacy'), @no_ietf, legacy([3], [$_],
                                                              [360]))
     } 2, 1, 0),
rejected('legacy', as('l', '/legacy'), 'three', @no_ietf,
         legacy([3], [0], about(360))),

passes(1, 'both', as('b', '/both'), legacy([3], [2], [360]),
       'RateLimit-Policy' => ['"three";q=3;w=1080'],
       'RateLimit' => ['"three";r=2;t=360']),

['Retry-After is not before t', sub {
    my ($name) = @_;

    my $res = http(key => 'i', uri => '/ietf');
    my ($t) = $res->{header}{ratelimit} =~ /t=(\d+)/;

    is($res->{header}{'retry-after'}, $t, $name);
}],



=== TEST 2: several rules
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=day:1m algorithm=fixed_window quota=1000/d;
    gw_ratelimit_zone $http_x_other zone=other:1m rate=10r/h burst=5;
    gw_ratelimit_zone $http_x_key zone=as_three:1m rate=10r/h burst=2;
    gw_concurrency_zone $http_x_key zone=in_flight:1m;
    gw_ratelimit_headers both;
_EOC_
--- config
location /t {
    gw_ratelimit zone=five;
    gw_ratelimit zone=three;
    gw_ratelimit zone=day;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /lines {
    gw_ratelimit zone=day;
    gw_ratelimit zone=other before_auth;
    gw_concurrency zone=in_flight limit=10;
    gw_ratelimit zone=three;
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rejects {
    gw_ratelimit zone=five;
    gw_ratelimit zone=one;
    gw_ratelimit zone=day;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /equal {
    gw_ratelimit zone=three;
    gw_ratelimit zone=as_three cost=0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /reversed {
    gw_ratelimit zone=as_three cost=0;
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'the nearest', as('a'),
       'RateLimit-Policy'
           => ['"five";q=5;w=1800, "three";q=3;w=1080, "day";q=1000;w=86400'],
       'RateLimit' => ['"three";r=2;t=360'], legacy([3], [2], [360])),
(map { passes(1, "another takes", as('a', '/five')) } 1 .. 3),
passes(1, 'another is the nearest now', as('a'),
       'RateLimit' => qr/^"five";r=0;t=3[56]\d$/, legacy(5, 0, about(360)),
       'X-Near' => qr/^five 5 0 3[56]\d$/),
rejected('the one that rejects', as('a'), 'five',
         'RateLimit-Policy'
             => ['"five";q=5;w=1800, "three";q=3;w=1080, "day";q=1000;w=86400'],
         'RateLimit' => qr/^"five";r=0;t=3[56]\d$/),

passes(1, 'the one that rejects next', as('r', '/rejects'),
       'RateLimit' => ['"one";r=0;t=360']),
rejected('all rules are listed', as('r', '/rejects'), 'one',
         'RateLimit-Policy'
             => ['"five";q=5;w=1800, "one";q=1;w=360, "day";q=1000;w=86400'],
         'RateLimit' => qr/^"one";r=0;t=3[56]\d$/),

['whatever places they are asked at', as('l', '/lines',
                                         headers => ['X-Other: l']),
 200, 'passed', 'RateLimit' => qr/^"three";r=2;/, then => sub {
     my ($res, $name) = @_;

     my %policy = map { /^"(\w+)";(.*)$/ }
                      split /, /, $res->{header}{'ratelimit-policy'};

     is_deeply(\%policy, { day => 'q=1000;w=86400', other => 'q=6;w=2160',
                           in_flight => 'q=10;qu="concurrent-requests"',
                           three => 'q=3;w=1080', five => 'q=5;w=1800' },
               $name);
 }],
['a rule with an empty key is not asked', as('m', '/lines'), 200, 'passed',
 then => sub {
     unlike($_[0]{header}{'ratelimit-policy'}, qr/"other"/, $_[1]);
 }],
['no key at all', '/t', 200, '', @none],

passes(1, 'the smaller r', as('e', '/equal'), 'RateLimit' => '"three";r=2;t=360'),
passes(1, 'the smaller r', as('f', '/reversed'),
       'RateLimit' => '"three";r=2;t=360'),



=== TEST 3: dry_run does not appear
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_concurrency_zone $http_x_key zone=in_flight:1m;
    gw_ratelimit_headers both;
_EOC_
--- config
location /t {
    gw_ratelimit zone=one dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /mixed {
    gw_ratelimit zone=one dry_run;
    gw_ratelimit zone=five;
    gw_concurrency zone=in_flight limit=1 dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'alone', as('a'), @none, 'X-Near' => 'one 1 0 360'),
['alone, beyond', as('a'), 200, 'dry_run_rejected', @none,
 'Retry-After' => undef],
passes(1, 'beside another', as('b', '/mixed'),
       'RateLimit-Policy' => ['"five";q=5;w=1800'],
       'RateLimit' => ['"five";r=4;t=360'], legacy([5], [4], [360]),
       'X-Near' => 'five 5 4 360'),
['beside another, beyond', as('b', '/mixed'), 200, 'dry_run_rejected',
 'RateLimit' => qr/^"five";r=3;/, 'X-Near' => qr/^five 5 3 /,
 'Retry-After' => undef],



=== TEST 4: fields of the origin
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_headers both;
_EOC_
--- config
location /fields {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off/ {
    gw_ratelimit_headers off;
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK:/fields/;
}

location /not/ {
    proxy_pass http://$TEST_NGINX_BACK:/fields/;
}
--- cases
do {
    my $origin = sub {
        my ($key, $uri, $r) = @_;

        return as($key, $uri, headers => [
            "X-RL: \"origin\";r=$r;t=7", 'X-RLP: "origin";q=99;w=8',
            'X-RLL: 99', "X-RLR: $r", 'X-RLT: 9']);
    };

    my @its = ('RateLimit-Policy' => ['"origin";q=99;w=8'],
               'X-RateLimit-Limit' => ['99'], 'X-RateLimit-Reset' => ['9']);
    my @ours = ('RateLimit-Policy' => ['"five";q=5;w=1800'],
                'X-RateLimit-Limit' => ['5']);

    (
        passes(1, 'stricter', $origin->('a', '/fields', 3), @its,
               'RateLimit' => ['"origin";r=3;t=7'],
               'X-RateLimit-Remaining' => ['3']),
        passes(1, 'the same', $origin->('b', '/fields', 4), @ours,
               'RateLimit' => ['"five";r=4;t=360'],
               'X-RateLimit-Remaining' => ['4'],
               'X-RateLimit-Reset' => ['360']),
        passes(1, 'looser', $origin->('c', '/fields', 5), @ours,
               'RateLimit' => ['"five";r=4;t=360'],
               'X-RateLimit-Remaining' => ['4'],
               'X-RateLimit-Reset' => ['360']),
        passes(1, 'much looser', $origin->('d', '/fields', 99999999999999),
               @ours, 'RateLimit' => ['"five";r=4;t=360']),
        passes(1, 'nothing left there', $origin->('e', '/fields', 0), @its,
               'RateLimit' => ['"origin";r=0;t=7'],
               'X-RateLimit-Remaining' => ['0']),
        (map {
            my ($what, $value) = @$_;

            passes(1, $what, as('f' . $what, '/fields',
                                headers => ["X-RL: $value"]),
                   'RateLimit' => ['"five";r=4;t=360'],
                   'RateLimit-Policy' => ['"five";q=5;w=1800'])
        } ['garbage', 'xyz'], ['no r', '"x";t=5'], ['r is no number', '"x";r=x'],
          ['r in a name', '";r=1";r=9;t=1']),
        passes(1, 'a name in between', as('g', '/fields', headers => [
                   'X-RL: "x";pk=:Zm9v:;t=3;r=2']),
               'RateLimit' => ['"x";pk=:Zm9v:;t=3;r=2']),
        passes(1, 'several, the second is stricter',
               as('m', '/fields', headers => [
                   'X-RL: "x";r=9;t=1, "y";r=2;t=5', 'X-RLP: "x";q=9;w=1']),
               'RateLimit' => ['"x";r=9;t=1, "y";r=2;t=5'],
               'RateLimit-Policy' => ['"x";q=9;w=1']),
        passes(1, 'several, none is',
               as('n', '/fields', headers => [
                   'X-RL: "x";r=9;t=1, "y";r=5;t=5', 'X-RLP: "x";q=9;w=1']),
               'RateLimit' => ['"five";r=4;t=360'], @ours[0, 1]),
        passes(1, 'only one kind is there: the other is ours',
               as('h', '/fields', headers => ['X-RLR: 1', 'X-RLL: 50']),
               'X-RateLimit-Remaining' => ['1'],
               'X-RateLimit-Limit' => ['50'],
               'RateLimit' => ['"five";r=4;t=360']),
        passes(1, 'none are there', as('i', '/fields'), @ours,
               'RateLimit' => ['"five";r=4;t=360']),
        passes(1, 'off', $origin->('j', '/off/', 99), @its,
               'RateLimit' => ['"origin";r=99;t=7']),
        ['no rule', $origin->('k', '/not/', 99), 200, '', @its,
         'RateLimit' => ['"origin";r=99;t=7']],
        passes(1, "the origin's Retry-After is its own",
               as('l', '/fields', headers => ['X-RA: 5']),
               'Retry-After' => ['5']),
    )
},



=== TEST 5: on any answer
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_headers ietf;
    gw_ratelimit zone=five;
_EOC_
--- config
location /status/ {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page.html {
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /denied {
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /return {
    return 200 "x\n";
}

location /gone {
    proxy_pass http://unix:$TEST_NGINX_SOCK/nobody.sock;
}
--- user_files
>>> page.html
a page
--- log_allows: crit
--- cases
do {
    my @ours = ('RateLimit' => ['"five";r=4;t=360'],
                'RateLimit-Policy' => ['"five";q=5;w=1800']);

    (
        ['404', as('a', '/status/404'), 404, 'passed', @ours],
        ['500', as('b', '/status/500'), 500, 'passed', @ours],
        ["the service's own 429", as('c', '/status/429'), 429, 'passed', @ours,
         'Retry-After' => ['77'], body => "the service says 429\n",
         error => undef],
        ['HEAD', as('d', '/t', method => 'HEAD'), 200, 'passed', @ours],
        ['a file', as('e', '/page.html'), 200, 'passed', @ours],
        ['a range', as('f', '/page.html', headers => ['Range: bytes=0-1']),
         206, 'passed', @ours, body => 'a '],
        ['not modified', as('g', '/page.html', headers => [
             'If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT']), 200,
         'passed', @ours],
        ['a file that is not there', as('h', '/page.html.x'), 404, 'passed',
         @ours],
        ['HTTP/1.0', as('i', '/t', version => '1.0'), 200, 'passed', @ours],
        ['502', as('j', '/gone'), 502, 'passed', @ours],
        ['denied: nothing was asked', as('k', '/denied'), 403, '', @none],
        ['return: nothing was asked', as('k', '/return'), 200, '', @none],
        ['and nothing was taken', as('k', '/t'), 200, 'passed', @ours],
    )
},



=== TEST 6: error_page for rejections
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_headers both;
_EOC_
--- config
gw_ratelimit zone=one;

location /file {
    error_page 429 /429.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /named {
    error_page 429 @named;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @named {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /its {
    error_page 429 = @its;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @its {
    rewrite ^ /fields break;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /return {
    error_page 429 = @return;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @return {
    return 200 "try again\n";
}

location /ok {
    error_page 429 =200 /429.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /other {
    error_page 429 =503 /429.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /url {
    error_page 429 =302 https://wait.example/;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /nothing {
    error_page 429 /missing.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_ratelimit_headers off;
    error_page 429 /off.html;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /off.html {
    gw_ratelimit_headers off;
    root $TEST_NGINX_SERVER_ROOT/html;
}
--- user_files
>>> 429.html
slow down
>>> off.html
slower
--- cases
do {
    my $rejected = sub {
        my ($uri, $code, @expected) = @_;

        return (
            passes(1, $uri, as($uri, $uri)),
            (map { ["$uri, rejected, $_", as($uri, $uri), $code, 'rejected',
                    'X-Results' => 'one=rejected',
                    'RateLimit' => qr/^"one";r=0;t=3[56]\d$/,
                    'RateLimit-Policy' => ['"one";q=1;w=360'],
                    'X-RateLimit-Limit' => ['1'],
                    'X-RateLimit-Remaining' => ['0'],
                    error => '429 ratelimit one', @expected,
                    then => sub {
                        my ($res, $name) = @_;

                        my $retry = $res->{headers}{'retry-after'};

                        is(scalar @{ $retry // [] }, 1,
                           "$name: one Retry-After");
                        like($retry->[0], about(360), "$name: Retry-After");
                    }] } 1, 2),
        );
    };

    (
        $rejected->('/file', 429, body => "slow down\n"),
        $rejected->('/named', 429, body => qr/^GET/),
        $rejected->('/its', 200, body => "fields\n"),
        $rejected->('/return', 200, body => "try again\n"),
        $rejected->('/ok', 200, body => "slow down\n"),
        $rejected->('/other', 503, body => "slow down\n"),
        $rejected->('/url', 302, Location => 'https://wait.example/'),
        $rejected->('/nothing', 404),
        passes(1, '/off', as('/off', '/off'), @none),
        ['/off, rejected', as('/off', '/off'), 429, 'rejected', @none,
         'Retry-After' => about(360), body => "slower\n"],
        ["the page's own fields give way", as('/its', '/its', headers => [
             'X-RL: "x";r=9;t=1', 'X-RLP: "x";q=9;w=1', 'X-RA: 1']),
         200, 'rejected', 'RateLimit' => qr/^"one";r=0;t=3[56]\d$/,
         error => '429 ratelimit one', then => sub {
             my ($res, $name) = @_;

             my $retry = $res->{headers}{'retry-after'};

             is(scalar @$retry, 1, "$name: one Retry-After");
             like($retry->[0], about(360), "$name: ours");
         }],
    )
},



=== TEST 7: what is inherited, and a redirect takes its target's
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_headers legacy;
_EOC_
--- config
gw_ratelimit zone=five;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /ietf {
    gw_ratelimit_headers ietf;
    proxy_pass http://$TEST_NGINX_BACK;

    location /ietf/below {
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /ietf/off {
        gw_ratelimit_headers off;
        proxy_pass http://$TEST_NGINX_BACK;
    }
}

location /to/ietf {
    try_files /nothing /ietf;
}

location /to/off {
    gw_ratelimit_headers ietf;
    try_files /nothing /ietf/off;
}
--- cases
passes(1, 'of http', as('a'), @no_ietf, legacy([5], [4], [360])),
passes(1, 'its own', as('b', '/ietf'), @no_legacy,
       'RateLimit' => '"five";r=4;t=360'),
passes(1, 'below', as('c', '/ietf/below'), @no_legacy,
       'RateLimit' => '"five";r=4;t=360'),
passes(1, 'off', as('d', '/ietf/off'), @none),
passes(1, 'to another', as('e', '/to/ietf'), @no_legacy,
       'RateLimit' => '"five";r=4;t=360'),
passes(1, 'to off', as('f', '/to/off'), @none),
