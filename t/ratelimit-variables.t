# $gw_ratelimit_status, _limit, _remaining, _reset, _zone, _results, $gw_error.

use GwTest;
use GwLimit;


# The line of a log that is the last of so many of a key, without those of
# another round.  nginx writes it when the client has its answer already.

sub logged {
    my ($key, $n) = @_;

    ($key) = GwTest::key_header($key) =~ /: (.*)/;

    my @lines;

    wait_for(sub {
        @lines = map { /^\Q$key\E\|(.*)$/ ? $1 : () }
                     split /\n/, read_file('logs/vars.log');

        return @lines >= $n;
    });

    return @lines == $n ? $lines[-1] : @lines . ' lines';
}


run_tests();

__DATA__

=== TEST 1: values
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_concurrency_zone $http_x_key zone=in_flight:1m;
    log_format vars '$http_x_key|$gw_ratelimit_status|$gw_ratelimit_limit|$gw_ratelimit_remaining|$gw_ratelimit_reset|$gw_ratelimit_zone|$gw_ratelimit_results|$gw_error';
_EOC_
--- config
access_log logs/vars.log vars;

location /t {
    gw_ratelimit zone=three;
    proxy_set_header X-Seen "$gw_ratelimit_status/$gw_ratelimit_limit/$gw_ratelimit_remaining/$gw_ratelimit_reset/$gw_ratelimit_zone/$gw_ratelimit_results/$gw_error";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /none {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /return {
    gw_ratelimit zone=one;
    return 204;
}

location /early {
    gw_ratelimit zone=three;
    set $early "<$gw_ratelimit_status$gw_ratelimit_results$gw_ratelimit_limit$gw_ratelimit_remaining$gw_ratelimit_reset$gw_ratelimit_zone$gw_error>";
    add_header X-Early $early always;
    add_header X-Status $gw_ratelimit_status always;
    add_header X-Near "$gw_ratelimit_zone $gw_ratelimit_limit $gw_ratelimit_remaining $gw_ratelimit_reset" always;
    add_header X-Error $gw_error always;
    add_header X-Results $gw_ratelimit_results always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /between {
    gw_ratelimit zone=three before_auth;
    gw_ratelimit zone=one;
    auth_request /auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /auth {
    internal;
    proxy_pass http://$TEST_NGINX_BACK:/auth?$http_x_key-$gw_ratelimit_status-$gw_ratelimit_results-$gw_ratelimit_zone;
}

location /lines {
    gw_ratelimit zone=five;
    gw_concurrency zone=in_flight limit=100;
    gw_ratelimit zone=one;
    gw_ratelimit zone=three before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /status {
    gw_ratelimit zone=one;
    gw_ratelimit_status 503;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['no rule', as('n', '/none'), 200, '', 'X-Results' => undef,
 'X-Near' => ''],
['no rule, in a log', sub { is(logged('n', 1), '-|-|-|-|-|-|-', $_[0]) }],
['return', as('r', '/return'), 204, '', 'X-Results' => undef,
 'X-Near' => ''],

passes(1, 'passed', as('a'), 'X-Near' => 'three 3 2 360',
       body => qr{x=\[passed/3/2/360/three/three=passed/\]}),
['passed, in a log', sub {
     is(logged('a', 1), 'passed|3|2|360|three|three=passed|-', $_[0]);
 }],
passes(2, 'passed', as('a')),
rejected('rejected', as('a'), 'three', 'X-Near' => qr/^three 3 0 3[56]\d$/),
['rejected, in a log', sub {
     like(logged('a', 4),
          qr/^rejected\|3\|0\|3[56]\d\|three\|three=rejected\|429 ratelimit three$/,
          $_[0]);
 }],

passes(3, 'read before rules are asked', as('e', '/early'),
       'X-Early' => '<>', 'X-Near' => qr/^three 3 \d 3[56]\d$/,
       'X-Results' => 'three=passed'),
rejected('read before, and rejected', as('e', '/early'), 'three',
         'X-Early' => '<>', 'X-Near' => qr/^three 3 0 3[56]\d$/),

passes(1, 'between the two places', as('b', '/between'),
       'X-Results' => 'three=passed,one=passed'),
['between the two places: what a subrequest sees', sub {
     my ($key) = GwTest::key_header('b') =~ /: (.*)/;

     ok(wait_for(sub { arrived("/auth?$key-passed-three=passed-three") }),
        $_[0]);
 }],
rejected('between the two places', as('b', '/between'), 'one',
         'X-Results' => 'three=passed,one=rejected'),

['in the order of the lines', as('l', '/lines'), 200, 'passed',
 'X-Results' => 'five=passed,in_flight=passed,one=passed,three=passed'],
['in the order of the lines, rejected', as('l', '/lines'), 429, 'rejected',
 'X-Results' => qr/^five=passed,in_flight=passed,one=rejected,three=passed$/],

passes(1, 'another status', as('s', '/status')),
['another status', as('s', '/status'), 503, 'rejected',
 error => '503 ratelimit one'],
['another status, in a log', sub {
     like(logged('s', 2), qr/\|503 ratelimit one$/, $_[0]);
 }],



=== TEST 2: the nearest, and the worst
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /t {
    gw_ratelimit zone=five;
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five cost=$arg_c;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /dry {
    gw_ratelimit zone=one dry_run;
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /dry/alone {
    gw_ratelimit zone=one dry_run;
    gw_ratelimit zone=five dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /dry/rejects {
    gw_ratelimit zone=one dry_run;
    gw_ratelimit zone=three cost=3;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'the smallest r', as('a'), 'X-Near' => 'three 3 2 360'),
passes(1, 'another takes three', as('a', '/five?c=3')),
passes(1, 'the smallest r', as('a'), 'X-Near' => qr/^five 5 0 3[56]\d$/),
rejected('the one that rejected', as('a'), 'five',
         'X-Near' => qr/^five 5 0 3[56]\d$/),
passes(1, 'dry_run only if there is no other', as('b', '/dry'),
       'X-Near' => 'three 3 2 360'),
['the worst is that of a dry run', as('b', '/dry'), 200, 'dry_run_rejected',
 'X-Results' => 'one=dry_run_rejected,three=passed',
 'X-Near' => qr/^three 3 1 /, error => undef],
passes(1, 'dry runs only', as('c', '/dry/alone'), 'X-Near' => 'one 1 0 360'),
['dry runs only: the worst', as('c', '/dry/alone'), 200, 'dry_run_rejected',
 'X-Results' => 'one=dry_run_rejected,five=passed',
 'X-Near' => qr/^one 1 0 3[56]\d$/],
passes(1, 'both', as('d', '/dry/rejects')),
['worse than that is a rejection', as('d', '/dry/rejects'), 429, 'rejected',
 'X-Results' => 'one=dry_run_rejected,three=rejected',
 'X-Near' => qr/^three 3 0 /],



=== TEST 3: used by others
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    map $gw_ratelimit_status $mapped {
        default other;
        passed  "it passed";
        rejected "it did not pass";
    }

    map $gw_ratelimit_remaining $low {
        default "";
        0 low;
    }
_EOC_
--- config
location /t {
    gw_ratelimit zone=one;
    add_header X-Mapped $mapped always;
    add_header X-Low $low always;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page {
    gw_ratelimit zone=one;
    error_page 429 = @page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @page {
    proxy_set_header X-Seen "$gw_ratelimit_status/$gw_ratelimit_zone/$gw_error";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['a map', as('a'), 200, undef, 'X-Mapped' => 'it passed', 'X-Low' => 'low'],
['a map', as('a'), 429, undef, 'X-Mapped' => 'it did not pass',
 'X-Low' => 'low'],
['an error_page, not used', as('b', '/page'), 200, 'passed'],
['an error_page', as('b', '/page'), 200, 'rejected',
 body => qr{x=\[rejected/one/429 ratelimit one\]}, error => '429 ratelimit one'],
