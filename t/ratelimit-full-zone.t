# A zone that is full: who goes first, and what is said about it.

use GwTest;
use GwLimit;

our $capacity;


# One request: its code.  Many of these go over one connection.

sub code {
    my ($key, $uri, $rate) = @_;

    my $res = http(key => $key, uri => $uri, conn => 'c',
                   headers => [$rate ? "X-Rate: $rate" : ()]);

    return $res->{code};
}


# Fills a fresh zone by new keys until one has to go; how many there were.

sub fill {
    my ($uri) = @_;

    my $log = Test::Nginx::Util::server_root() . '/logs/error.log';
    my $size = -s $log;

    for my $n (1 .. 5000) {
        code("k$n", $uri) == 204 or return;

        next if -s $log == $size;
        return $n if full();
        $size = -s $log;
    }

    return;
}


sub full {
    return grep { /is full/ } log_lines();
}


run_tests();

__DATA__

=== TEST 1: who was not asked about for the longest time goes first
--- http_config
gw_ratelimit_zone $http_x_key zone=lru1:32k rate=1r/d;
gw_ratelimit_zone $http_x_key zone=lru2:32k rate=1r/d;
gw_ratelimit_zone $http_x_key zone=idle1:32k rate=1r/d;
gw_ratelimit_zone $http_x_key zone=idle2:32k rate=1r/d;
gw_ratelimit_zone $http_x_key zone=15_1:32k rate=1r/d;
gw_ratelimit_zone $http_x_key zone=15_2:32k rate=1r/d;
gw_ratelimit_zone $http_x_key zone=16_1:32k rate=1r/d;
gw_ratelimit_zone $http_x_key zone=16_2:32k rate=1r/d;
gw_ratelimit_log_level info;
--- config
location /lru/1 {
    gw_ratelimit zone=lru1;
    try_files /none =204;
}

location /lru/2 {
    gw_ratelimit zone=lru2;
    try_files /none =204;
}

location /idle/1 {
    gw_ratelimit zone=idle1 rate=$http_x_rate;
    try_files /none =204;
}

location /idle/2 {
    gw_ratelimit zone=idle2 rate=$http_x_rate;
    try_files /none =204;
}

location /last/15/1 {
    gw_ratelimit zone=15_1 rate=$http_x_rate;
    try_files /none =204;
}

location /last/15/2 {
    gw_ratelimit zone=15_2 rate=$http_x_rate;
    try_files /none =204;
}

location /last/16/1 {
    gw_ratelimit zone=16_1 rate=$http_x_rate;
    try_files /none =204;
}

location /last/16/2 {
    gw_ratelimit zone=16_2 rate=$http_x_rate;
    try_files /none =204;
}
--- cases
['the order', sub {
    my ($name, $repeated) = @_;

    my $uri = '/lru/' . ($repeated ? 2 : 1);

    # the last key of these took the place of the first

    my $n = fill($uri);

    # some 14 thousand in a megabyte

    cmp_ok($n // 0, '>', 380, "$name: it is full in the end") or return;
    $capacity = $n - 1;

    is(code('k2', $uri), 429, "$name: the second is the oldest, and asked");
    is(code('n1', $uri), 204, "$name: a new one");
    is(code('k2', $uri), 429, "$name: who was asked stays");
    is(code('k3', $uri), 204, "$name: the next has gone");
    is(code('k5', $uri), 429, "$name: another is asked");
    is(code('k4', $uri), 204, "$name: the next has gone");
    is(code('k5', $uri), 429, "$name: it stays");
    is(code('k7', $uri), 429, "$name: the next but one is there");
    is(code('k6', $uri), 204, "$name: the next has gone");
    is(code('k1', $uri), 204, "$name: the first went first");
    is(code("k$n", $uri), 429, "$name: the last is there");
}],
['one warning a second', sub {
    my ($name, $repeated) = @_;

    my $uri = '/lru/' . ($repeated ? 2 : 1);
    my $began = now();
    my $before = full();
    my %n;

    $n{code("m$_", $uri)}++ for 1 .. 1000;

    my $took = now() - $began;

    is_deeply(\%n, { 204 => 1000 }, "$name: all pass");
    cmp_ok(full() - $before, '<=', $took + 2, $name);

    # the next second tells how many it were

    Time::HiRes::sleep(1.1);
    code('later', $uri);

    my @lines = full();
    my $sum = 0;

    like($lines[-1], qr/\[warn\].*zone "lru\d" is full/, "$name: the line");
    cmp_ok(full() - $before, '>=', 1, "$name: at least one");
}],
['keys that have their full allowance go before', sub {
    my ($name, $repeated) = @_;

    my $uri = '/idle/' . ($repeated ? 2 : 1);
    my $fast = '1000000r/s';

    ok($capacity, "$name: the capacity is known") or return;

    is(code("busy$_", $uri), 204, "$name: busy") for 1 .. 3;
    is(code("idle$_", $uri, $fast), 204, "$name: idle") for 1 .. 3;

    my %n;

    $n{code("f$_", $uri)}++ for 1 .. $capacity - 6;
    is_deeply(\%n, { 204 => $capacity - 6 }, "$name: it is full");

    my $before = full();

    is(code("new$_", $uri), 204, "$name: a new one") for 1 .. 3;
    is(scalar full(), $before, "$name: nobody was forgotten");
    is(code("busy$_", $uri), 429, "$name: the busy ones are there")
        for 1 .. 3;
    is(code('f1', $uri), 429, "$name: those behind them too");
    is(code('f1', $uri), 429, "$name: those behind them too");
    is(code('new4', $uri), 204, "$name: one more");
    is(code('f2', $uri), 204, "$name: now the oldest goes");
}],
(map {
    my ($busy, $goes) = @$_;

    ["among the last sixteen: $busy are busy", sub {
        my ($name, $repeated) = @_;

        my $uri = "/last/$busy/" . ($repeated ? 2 : 1);

        ok($capacity, "$name: the capacity is known") or return;

        my @keys = ((map { "busy$_" } 1 .. $busy), 'idle',
                    map { "f$_" } 1 .. $capacity - $busy - 1);

        is(scalar(grep { code($_, $uri, $_ eq 'idle' ? '1000000r/s' : '')
                         != 204 } @keys), 0, "$name: it is full");

        my $before = full();

        is(code('new', $uri), 204, "$name: a new one");
        is(full() - $before, $goes ? 1 : 0, "$name: forgotten");
        is(code('busy1', $uri), $goes ? 204 : 429,
           "$name: the oldest one " . ($goes ? 'has gone' : 'is there'));
        is(code('busy3', $uri), 429, "$name: the others are there");
    }]
} [15, 0], [16, 1]),
