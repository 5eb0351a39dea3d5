# mode=leased: few calls, and a limit that is kept within its bound.

use GwTest;
use GwRedis;

our $redis = redis('MAIN');
our $slow = fake('SLOW', $redis);

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    connect_timeout 1s;
    timeout 1s;
    breaker failures=3 open=300ms;
}

gw_redis slow {
    server 127.0.0.1:$TEST_NGINX_SLOW;
    connect_timeout 2s;
    timeout 2s;
}

gw_ratelimit_zone $arg_k zone=many:1m rate=2000r/s burst=200 redis=main mode=leased;
gw_ratelimit_zone $arg_k zone=hundred:1m rate=100r/s burst=20 redis=main mode=leased;
gw_ratelimit_zone $arg_k zone=hour:1m rate=1r/h burst=49 redis=main mode=leased;
gw_ratelimit_zone $arg_k zone=minute:1m rate=1r/m redis=main mode=leased;
gw_ratelimit_zone $arg_k zone=long:1m rate=40r/s redis=main mode=leased horizon=1s;
gw_ratelimit_zone $arg_k zone=far:1m rate=2000r/s burst=500 redis=slow mode=leased horizon=1s;
gw_ratelimit_zone $arg_k zone=deny:1m rate=100r/s burst=20 redis=main mode=leased fallback=deny;
gw_ratelimit_zone $arg_k zone=local:1m rate=100r/s burst=20 redis=main mode=leased gateways=2;
gw_ratelimit_zone $arg_k zone=few:1m rate=1r/h burst=4 redis=main;
_EOC_

our $config = join('', map { <<_EOC_ }
location /$_ {
    gw_ratelimit_headers both;
    gw_ratelimit zone=$_ cost=\$arg_c;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_
    qw(many hundred hour minute long far deny local)) . <<'_EOC_';
location /returned {
    gw_ratelimit zone=hour;
    gw_ratelimit zone=few;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_


sub passed { return scalar grep { ($_->{code} // 0) == 200 } @_ }


# Seconds in which a limit could be made use of.

sub in_use {
    my @at = sort { $a <=> $b } map { $_->{at} } @_;

    return busy($at[0], $at[-1], @_);
}


# When calls for a key came to Redis.

sub calls {
    my ($monitor, $k) = @_;

    return map { /^([\d.]+) .*"evalsha?" .*\Q$k\E/i ? $1 : () } $monitor->lines;
}


# How often nothing was answered for more than a quarter of a horizon, since
# that time.

sub standstills {
    my ($from, @got) = @_;

    my $n = 0;
    my $last = $from;

    for (sort { $a <=> $b } map { $_->{at} + $_->{took} } @got) {
        $n++ if $_ > $from && $_ - $last > 0.025;
        $last = $_ if $_ > $from;
    }

    return $n;
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: calls
--- http_config eval: $::http
--- config eval: $::config
--- cases
['a key with many requests', sub {
    my ($name) = @_;

    my $k = unique();
    my $monitor = $redis->monitor;
    my @got = load(uri => "/many?k=$k", seconds => 4, rate => 500);

    # the first second is that of a key with few requests, until it is known
    # to have many; where the machine stood still leases lapsed

    my ($from, $to) = ($got[0]{at} + 1, $got[-1]{at});
    my $busy = busy($from, $to, @got);
    my @calls = grep { $_ > $from && $_ < $to } calls($monitor, $k);

    answered($name, 1.5, @got);
    decided("$name: all of them pass", { '200 passed' => scalar @got }, @got);
    at_least(scalar @calls, 10 * $busy, "$name: some calls a second");
    at_most(scalar @calls,
            20 * ($to - $from) + 5 + 5 * standstills($from, @got),
            "$name: at most 20 calls a second");
}],
['a flood of rejected requests', sub {
    my ($name) = @_;

    my $other = gateway('other');
    my ($k, $begin, $first);

    # a slot that is answered for only after a horizon has lapsed

    for (1 .. 5) {
        $k = unique();
        $begin = time;
        $first = limit("/minute?k=$k");

        last if $first eq '200 passed' || time - $begin < 0.05;
    }

    my $monitor = $redis->monitor;
    my @got = load(uri => "/minute?k=$k", requests => 3000,
                   ports => [server_port(), $other->{port}]);
    my $took = time - $begin;

    is($first, '200 passed', "$name: the first");
    decided("$name: no more", { '429 rejected' => 3000 }, @got);

    # those that came before the first answer may have asked
    at_most(scalar calls($monitor, $k), 16, "$name: cost no calls");

    my @retry = map { $_->{header}{'retry-after'} // 0 } @got;

    is(scalar(grep { $_ < 59 - $took || $_ > 60 } @retry), 0,
       "$name: they know when to come again");
    $other->kill;
}],
['few wait', sub {
    my ($name) = @_;

    $slow->mode('pass');
    is(limit('/far?k=' . unique()), '200 passed', "$name: connected");
    $slow->mode('late', 0.1);

    my (@got, @late, $n);

    # once more if some may have waited for the machine

    for (1 .. 5) {
        @got = load(uri => '/far?k=' . unique(), seconds => 4, rate => 400,
                    conns => 40);
        @late = grep { $_->{at} > $got[0]{at} + 2 } @got;
        $n = grep { $_->{took} > 0.08 } @late;

        last if $n <= @late / 200 && slowest(@got) < 0.5;
    }

    $slow->mode('pass');
    answered($name, 2.5, @got);

    # slots of an answer that takes a horizon have lapsed when it comes

    at_least(passed(@got), @got * (slowest(@got) < 0.9 ? 1 : 0.5),
             "$name: all of them pass");
    at_least($got[0]{took}, 0.1, "$name: the first does");
    at_most($n, @late / 200, "$name: of " . @late . " others hardly any");
}],



=== TEST 2: the bound
--- http_config eval: $::http
--- config eval: $::config
--- cases
(map {
    my ($what, $share) = @$_;

    ["two gateways, $what", sub {
        my ($name) = @_;

        my $k = unique();
        my $other = gateway('other');
        my @ports = ((server_port()) x $share, $other->{port});
        my @got = load(uri => "/hundred?k=$k", seconds => 4, rate => 400,
                       ports => \@ports, conns => $share > 1 ? 2 : 8);

        answered($name, 1.5, @got);
        within_rate($name, 100, 20 + 10, @got);
        at_least(passed(@got), 0.97 * (100 * in_use(@got) + 20),
                 "$name: none is lost");
        is(scalar(grep { ($_->{header}{'retry-after'} // 1) < 1 } @got), 0,
           "$name: Retry-After");
        is($other->quit, 1, "$name: ends");
        no_alerts($name, $other);
    }]
} ['even', 1], ['nine to one', 9]),
['a burst at once', sub {
    my ($name) = @_;

    my $other = gateway('other');
    my @got = undisturbed(0.1, sub {
        load(uri => '/hour?k=' . unique(), requests => 600,
             ports => [server_port(), $other->{port}]);
    });

    answered($name, 1.5, @got);
    at_most(passed(@got), 50, "$name: no more than the burst");
    at_least(passed(@got), 45, "$name: and hardly less");
    $other->kill;
}],
['few requests: as exact', sub {
    my ($name) = @_;

    my $other = gateway('other');
    my @got = undisturbed(0.1, sub {
        load(uri => '/hour?k=' . unique(), requests => 70, rate => 25,
             ports => [server_port(), $other->{port}]);
    });

    is(passed(@got), 50, $name);
    $other->kill;
}],
['costs', sub {
    my ($name) = @_;

    my $k = unique();
    my $begin = time;
    my @got = load(uri => "/hundred?k=$k&c=5", seconds => 3, rate => 60);

    answered($name, 1.5, @got);
    at_most(passed(@got) * 5, 100 * (time - $begin) + 31 + 5,
            "$name: not too many");
    at_least(passed(@got) * 5, 0.9 * 100 * in_use(@got), "$name: enough");
    is(limit("/hundred?k=$k&c=22"), '429 rejected', "$name: never");
    is(limit('/hundred?k=' . unique() . '&c=22'), '429 rejected',
       "$name: nor that of a fresh key");
}],
['what is returned', sub {
    my ($name) = @_;

    my $k = unique();
    my @got = load(uri => "/returned?k=$k", requests => 60);

    is(passed(@got), 5, "$name: few pass");
    sleep 1;

    my $n = passed(load(uri => "/hour?k=$k", requests => 80));

    at_most($n, 45, "$name: those are gone");
    at_least($n, 30, "$name: others are not");
}],



=== TEST 3: leases lapse
--- http_config eval: $::http
--- config eval: $::config
--- cases
['of a gateway that is gone', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');
    my $begin = time;
    my @got = load(uri => "/long?k=$k", seconds => 3, rate => 200,
                   ports => [$other->{port}]);

    $other->kill;
    push @got, load(uri => "/long?k=$k", seconds => 2, rate => 200);

    my @after = load(uri => "/long?k=$k", seconds => 3, rate => 200);

    within_rate($name, 40, 40, @got, @after);
    at_least(passed(@after), 0.9 * 40 * in_use(@after),
             "$name: another has all of it");
}],
['of one that is idle', sub {
    my ($name) = @_;

    my $k = unique();
    my @got = load(uri => "/long?k=$k", seconds => 2, rate => 200);

    sleep 2.5;
    push @got, load(uri => "/long?k=$k", seconds => 2, rate => 200);
    within_rate($name, 40, 40, @got);
}],



=== TEST 4: faults
--- http_config eval: $::http
--- config eval: $::config
--- cases
['stopped', sub {
    my ($name) = @_;

    fresh_log();

    my $k = unique();
    my ($paused, $resumed);
    my @got = load(uri => sub { ('/deny', '/local')[$_[0] % 2] . "?k=$k" },
                   seconds => 9.5, rate => 400, conns => 32,
                   at => [[2, sub { $redis->pause; $paused = time }],
                          [5.5, sub { $resumed = time; $redis->resume }]]);
    my $end = time;

    answered($name, 2.5, @got);

    # how many of a limit passed in a while, and the seconds that it lasted and
    # was made use of

    my $passed = sub {
        my ($uri, $from, $to) = @_;

        my @of = grep { $_->{uri} =~ $uri } @got;

        return (scalar(grep { $_->{code} == 200 && $_->{at} >= $from
                              && $_->{at} + $_->{took} < $to } @of),
                $to - $from, busy($from, $to, @of));
    };

    my ($n, $long, $busy) = $passed->(qr/deny/, $paused + 2, $resumed);

    is($n, 0, "$name: denied, when leases are spent");

    ($n, $long, $busy) = $passed->(qr/local/, $paused + 2, $resumed);
    at_least($n, 0.5 * 50 * $busy, "$name: half of the rate");
    at_most($n, 1.3 * 50 * $long + 10, "$name: not more than that");

    ($n, $long, $busy) = $passed->(qr/deny/, $resumed + 1.5, $end);
    at_least($n, 0.9 * 100 * $busy, "$name: all again");

    ($n, $long, $busy) = $passed->(qr/local/, $resumed + 1.5, $end);
    at_least($n, 0.9 * 100 * $busy, "$name: all again");
    at_most($n, 1.1 * 100 * $long + 31, "$name: no more");
    is(scalar warns(), 2, "$name: two warnings") or diag(warns());
}],
['FLUSHALL and SCRIPT FLUSH', sub {
    my ($name) = @_;

    my $k = unique();
    my $begin = time;
    my @got = load(uri => "/deny?k=$k", seconds => 3, rate => 300,
                   at => [[1, sub { $redis->cmd('FLUSHALL') }],
                          [2, sub { $redis->cmd('SCRIPT', 'FLUSH') }]]);
    my $took = time - $begin;

    answered($name, 1.5, @got);
    is(scalar(grep { $_->{status} eq 'error' } @got), 0, "$name: no errors");
    at_most(passed(@got), 100 * $took + 2 * (21 + 10),
            "$name: not too many");
    at_least(passed(@got), 0.95 * 100 * in_use(@got), "$name: enough");
}],
['killed', sub {
    my ($name) = @_;

    fresh_log();

    my $begin = time;
    my @got = load(uri => '/local?k=' . unique(), seconds => 5, rate => 300,
                   at => [[1, sub { $redis->kill9 }],
                          [2.5, sub { $redis->begin }]]);
    my $took = time - $begin;

    answered($name, 2.5, @got);
    at_most(passed(@got), 100 * $took + 3 * 21 + 20, "$name: not too many");
    settled("$name: goes on", '200 passed', 5,
            sub { '/deny?k=' . unique() });
    is(scalar warns(), 2, "$name: two warnings") or diag(warns());
}],
['reloads', sub {
    my ($name) = @_;

    my $k = unique();
    my @got = load(uri => "/hundred?k=$k", seconds => 3, rate => 300,
                   at => [map { [$_, sub { kill HUP => master_pid() }] }
                              0.7, 1.4, 2.1]);

    answered($name, 2, @got);
    within_rate($name, 100, 20 + 10, @got);
    at_least(passed(@got), 0.9 * 100 * in_use(@got), "$name: none is lost");
}],
