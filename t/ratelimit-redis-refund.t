# What Redis has counted for a request is returned when a rule rejects it at
# once, while the other's answer is under way.

use GwTest;
use GwRedis;

our $redis = redis('MAIN');
our $dead = redis('DEAD');

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    connect_timeout 5s;
    timeout 5s;
}

gw_redis dead {
    server 127.0.0.1:$TEST_NGINX_DEAD;
    connect_timeout 1s;
    timeout 1s;
    breaker failures=1 open=1h;
}

gw_ratelimit_zone $arg_k zone=rate:1m rate=1r/h burst=9 redis=main;
gw_ratelimit_zone $arg_k zone=window:1m algorithm=fixed_window quota=10/PERIOD redis=main;
gw_ratelimit_zone $arg_k zone=deny:1m rate=1r/h burst=9 redis=dead fallback=deny;
gw_concurrency_zone $arg_k zone=flight:1m redis=main;
_EOC_

our $period = period_ahead();

$http =~ s/PERIOD/$period/;

our $config = <<'_EOC_';
location /before {
    gw_ratelimit zone=rate;
    gw_ratelimit zone=window;
    gw_ratelimit zone=deny;
    gw_concurrency zone=flight limit=10;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /behind {
    gw_ratelimit zone=deny;
    gw_ratelimit zone=rate;
    gw_ratelimit zone=window;
    gw_concurrency zone=flight limit=10;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rate {
    gw_ratelimit zone=rate;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /window {
    gw_ratelimit zone=window;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /deny {
    gw_ratelimit zone=deny;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_


run_tests();

__DATA__

=== TEST 1: one Redis answers, the other is not there
--- http_config eval: $::http
--- config eval: $::config
--- cases
['the other is not asked any more', sub {
    my ($name, $repeated) = @_;

    is(limit('/rate?k=' . unique()), '200 passed', "$name: the one answers");
    $dead->kill9 unless $repeated;

    # its connections are closed, and no others made
    settled("$name: the other does not", '429 error', 10,
            sub { '/deny?k=' . unique() });
}],
map {
    my $uri = $_;

    [$uri, sub {
        my ($name) = @_;

        my $k = unique();
        my @keys = ("gw:g:rate:$k", "gw:c:flight:$k");
        my @got = load(uri => "$uri?k=$k", requests => 8);

        decided("$name: rejected", { '429 error' => 8 }, @got);
        is(scalar(grep { $_->{results} !~ /\bdeny=error\b/ } @got), 0,
           "$name: by that one");

        # nobody waits for that
        ok(wait_for(sub { !$redis->cmd('EXISTS', @keys) }, 10),
           "$name: nothing is left of it");

        for my $zone (qw(/rate /window)) {
            decided("$name: $zone, the whole allowance",
                    { '200 passed' => 10, '429 rejected' => 10 },
                    load(uri => "$zone?k=$k", requests => 20));
        }
    }]
} qw(/before /behind)
