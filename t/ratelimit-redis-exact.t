# mode=exact: limits of several workers and gateways together, in Redis.

use GwTest;
use GwRedis;
use GwToken;

our $redis = redis('MAIN');
our $fake = fake('FAKE', $redis);
our $period = period_ahead();

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    connect_timeout 3s;
    timeout 3s;
}
_EOC_


# How many of them passed.

sub passed { return scalar grep { ($_->{code} // 0) == 200 } @_ }


# Sleeps until a window of so many seconds is so old, at most 0.2 s older.

sub window_at {
    my ($length, $elapsed) = @_;

    while (1) {
        my $now = time - int(time / $length) * $length;

        return if $now >= $elapsed && $now < $elapsed + 0.1;
        sleep 0.01;
    }
}


run_tests();

__DATA__

=== TEST 1: two gateways of two workers each
--- http_config eval
$::http . <<'_EOC_'
gw_ratelimit_zone $arg_k zone=g:1m rate=1r/h burst=49 redis=main;
_EOC_
--- config
location /t {
    gw_ratelimit zone=g;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['one key', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');

    # of so many connections each worker gets some
    my @got = load(uri => "/t?k=$k", requests => 400, conns => 32,
                   ports => [server_port(), $other->{port}]);
    my %workers = map { $_->{worker} => 1 } @got;
    my %ports = map { $_->{port} => 1 } grep { $_->{code} == 200 } @got;

    answered($name, 5, @got);
    decided("$name: as many as the burst and one",
            { '200 passed' => 50, '429 rejected' => 350 },
            @got);
    is(scalar keys %workers, 4, "$name: all workers were there");
    is(scalar keys %ports, 2, "$name: both gateways admitted some");
    is($other->quit, 1, "$name: ends");
    no_alerts($name, $other);

    my @late = grep { $_->{code} == 429 } @got;
    my @retry = map { $_->{header}{'retry-after'} // 0 } @late;

    is(scalar(grep { $_ < 3500 || $_ > 3600 } @retry), 0,
       "$name: Retry-After");
    is_deeply([grep { $_->{error} ne '429 ratelimit g' } @late], [],
              "$name: the reason");
    is_deeply([warns()], [], "$name: no warnings");
}],
['many keys', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');
    my @got = load(uri => sub { "/t?k=$k." . $_[0] % 7 }, requests => 700,
                   ports => [server_port(), $other->{port}]);
    my %n;

    $n{$_->{uri}}++ for grep { $_->{code} == 200 } @got;

    is_deeply(\%n, { map { ("/t?k=$k.$_" => 50) } 0 .. 6 }, $name);
}],
['no key', sub {
    my ($name) = @_;

    my $monitor = $redis->monitor;

    is(limit('/t') . $_, "200 -$_", $name) for 1 .. 3;
    is_deeply([$monitor->calls], [], "$name: Redis is not asked");
}],



=== TEST 2: a rate
--- http_config eval
$::http . <<'_EOC_'
gw_ratelimit_zone $arg_k zone=g:1m rate=100r/s burst=20 redis=main;
_EOC_
--- config
location /t {
    gw_ratelimit zone=g;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['three times the rate', sub {
    my ($name) = @_;

    my $other = gateway('other');
    my @got = load(uri => '/t?k=' . unique(), seconds => 3, rate => 300,
                   ports => [server_port(), $other->{port}]);

    answered($name, 3, @got);
    within_rate($name, 100, 20, @got);

    my $busy = busy($got[0]{at}, $got[-1]{at}, @got);

    at_least(passed(@got), 0.95 * (100 * $busy + 20),
             "$name: and none too few");
}],
['less than the rate', sub {
    my ($name) = @_;

    my @got = undisturbed(0.1, sub {
        load(uri => '/t?k=' . unique(), seconds => 1, rate => 60);
    });

    is(passed(@got), scalar @got, "$name: all pass");
}],



=== TEST 3: windows
--- http_config eval
$::http . <<_EOC_
gw_ratelimit_zone \$arg_k zone=f:1m algorithm=fixed_window quota=50/$::period redis=main;
gw_ratelimit_zone \$arg_k zone=s:1m algorithm=sliding_window quota=50/$::period redis=main;
gw_ratelimit_zone \$arg_k zone=m:1m algorithm=fixed_window quota=50/month redis=main;
gw_ratelimit_zone \$arg_k zone=f2:1m algorithm=fixed_window quota=10/2s redis=main;
gw_ratelimit_zone \$arg_k zone=s2:1m algorithm=sliding_window quota=10/2s redis=main;
_EOC_
--- config
proxy_http_version 1.1;

location /f {
    gw_ratelimit zone=f;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /s {
    gw_ratelimit zone=s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /m {
    gw_ratelimit zone=m;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /f2 {
    gw_ratelimit zone=f2;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /s2 {
    gw_ratelimit zone=s2;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my $uri = $_;

    ["$uri, two gateways", sub {
        my ($name) = @_;

        my $k = unique();
        my $other = gateway('other');
        my @got = load(uri => "$uri?k=$k", requests => 300,
                       ports => [server_port(), $other->{port}]);

        decided($name, { '200 passed' => 50, '429 rejected' => 250 }, @got);
        $other->kill;
    }]
} qw(/f /s /m)),
['fixed: the next begins anew', sub {
    my ($name) = @_;

    my $k = unique();

    for (1 .. 2) {
        window_at(2, 0.1);
        is(passed(load(uri => "/f2?k=$k", requests => 20)), 10,
           "$name: its quota");
        window_at(2, 1.2);
        is(passed(load(uri => "/f2?k=$k", requests => 20)), 0,
           "$name: that is all");
    }
}],
['sliding: the last one counts on', sub {
    my ($name) = @_;

    my (@n, @at);

    # again if the machine missed one of the times

    for (1 .. 5) {
        my $k = unique();

        @n = @at = ();

        for my $elapsed (0.2, 0.05, 1.05) {
            window_at(2, $elapsed);
            push @n, passed(load(uri => "/s2?k=$k", requests => 20));
            push @at, time / 2;
        }

        last if int $at[1] == int($at[0]) + 1 && int $at[2] == int $at[1];
    }

    # so much of the window has gone

    my ($first, $half) = map { $_ - int } @at[1, 2];

    is($n[0], 10, "$name: its quota");
    at_most($n[1], 10 * $first + 1, "$name: hardly more yet");
    at_least($n[1] + $n[2], 5, "$name: at half of it");
    at_most($n[1] + $n[2], 10 * $half + 1, "$name: half of them");
}],



=== TEST 4: cost
--- http_config eval
$::http . <<_EOC_
gw_ratelimit_zone \$arg_k zone=g:1m rate=1r/h burst=9 redis=main;
gw_ratelimit_zone \$arg_k zone=w:1m algorithm=fixed_window quota=10/$::period redis=main;
_EOC_
--- config
location /g {
    gw_ratelimit zone=g cost=$arg_c;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /w {
    gw_ratelimit zone=w cost=$arg_c;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
map {
    my $uri = $_;

    [$uri, sub {
        my ($name) = @_;

        my $k = unique();
        my $is = sub {
            my ($cost, $want) = @_;

            is(limit("$uri?k=$k&c=$cost"), $want, "$name: $cost");
        };

        fresh_log();
        $is->(0, '200 passed');
        $is->(11, '429 rejected');
        $is->(4, '200 passed');
        $is->(4, '200 passed');
        $is->(3, '429 rejected');
        $is->(0, '200 passed');
        is(scalar warns(), 0, "$name: no warning yet");
        $is->('none', '200 passed');
        is(scalar warns(), 1, "$name: a warning");
        $is->(2, '429 rejected');
        $is->('', '200 passed');
        $is->(0, '429 rejected');
        $is->('', '429 rejected');
        is(scalar warns(), 1, "$name: no other warning");
        }]
} qw(/g /w)



=== TEST 5: several rules: one write, and what others took is returned
--- http_config eval
$GwRedis::BACK . <<_EOC_
gw_redis main {
    server 127.0.0.1:\$TEST_NGINX_FAKE;
    connect_timeout 3s;
    timeout 3s;
}
gw_ratelimit_zone \$arg_k zone=g:1m rate=1r/h burst=49 redis=main;
gw_ratelimit_zone \$arg_k zone=f:1m algorithm=fixed_window quota=50/$::period redis=main;
gw_ratelimit_zone \$arg_k zone=s:1m algorithm=sliding_window quota=50/$::period redis=main;
gw_ratelimit_zone \$arg_k zone=few:1m rate=1r/h burst=4 redis=main;
gw_ratelimit_zone \$arg_l zone=local:1m rate=1r/h;
_EOC_
--- config
location /t {
    gw_ratelimit zone=g cost=2;
    gw_ratelimit zone=f cost=2;
    gw_ratelimit zone=s cost=2;
    gw_ratelimit zone=few;
    gw_ratelimit zone=local;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /few-first {
    gw_ratelimit zone=few;
    gw_ratelimit zone=g;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /g {
    gw_ratelimit zone=g;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /f {
    gw_ratelimit zone=f;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /s {
    gw_ratelimit zone=s;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['one write', sub {
    my ($name) = @_;

    limit('/t?k=' . unique());   # connects, gives the scripts

    my $began = time;
    my $before = $fake->reads;
    my @got = load(uri => '/t?k=' . unique(), requests => 3, conns => 1);
    my @reads = grep { /eval/ } ($fake->reads)[$before .. $fake->reads - 1];

    decided("$name: pass", { '200 passed' => 3 }, @got);
    is(scalar(grep { $_ eq 'evalsha evalsha evalsha evalsha' } @reads), 3,
       "$name: four calls at once")
        or diag(join "\n", @reads);
    at_most(scalar @reads, 4 + time - $began,
            "$name: and no others but for housekeeping");
}],
['returned', sub {
    my ($name) = @_;

    my $k = unique();
    my @got = load(uri => "/t?k=$k", requests => 60);

    decided("$name: as the smallest says",
            { '200 passed' => 5, '429 rejected' => 55 },
            @got);

    my @rejected = grep { $_->{code} == 429 } @got;

    is_deeply([grep { $_ !~ /\bfew=rejected/ } map { $_->{results} } @rejected],
              [], "$name: by that one");

    # nobody waits for that
    sleep 1;

    is(passed(load(uri => "$_?k=$k", requests => 60)), 40, "$name: $_")
        for qw(/g /f /s);
}],
['returned to one that comes later', sub {
    my ($name) = @_;

    my $k = unique();

    load(uri => "/few-first?k=$k", requests => 20);
    sleep 1;
    is(passed(load(uri => "/g?k=$k", requests => 60)), 45, $name);
}],
['a local rule rejects', sub {
    my ($name) = @_;

    my $k = unique();

    is(limit("/t?k=$k&l=$k"), '200 passed', "$name: the first passes");

    my $monitor = $redis->monitor;
    my @got = load(uri => "/t?k=$k&l=$k", requests => 20);

    decided("$name: no other", { '429 rejected' => 20 }, @got);
    is_deeply([$monitor->calls], [], "$name: Redis is not asked");
    like($got[0]{results}, qr/\blocal=rejected\b/, "$name: by that one");
    is(passed(load(uri => "/g?k=$k", requests => 60)), 48,
       "$name: and nothing is taken");
}],



=== TEST 6: dry_run
--- http_config eval
$::http . <<'_EOC_'
gw_ratelimit_zone $arg_k zone=dry:1m rate=1r/h burst=4 redis=main;
gw_ratelimit_zone $arg_k zone=real:1m rate=1r/h burst=7 redis=main;
_EOC_
--- config
location /t {
    gw_ratelimit zone=dry dry_run;
    gw_ratelimit zone=real;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['both', sub {
    my ($name) = @_;

    my @got = load(uri => '/t?k=' . unique(), requests => 20);

    decided($name,
            { '200 passed' => 5, '200 dry_run_rejected' => 3,
              '429 rejected' => 12 },
            @got);
}],



=== TEST 7: fields of the answer
--- http_config eval
$::http . <<'_EOC_'
gw_ratelimit_zone $arg_k zone=g:1m rate=1r/m burst=4 redis=main;
gw_ratelimit_zone $arg_k zone=d:1m algorithm=fixed_window quota=100/d redis=main;
gw_ratelimit_headers both;
_EOC_
--- config
location /t {
    gw_ratelimit zone=g;
    gw_ratelimit zone=d;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['as Redis counts', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');

    for my $left (reverse 0 .. 4) {
        my $res = http(uri => "/t?k=$k",
                       port => $left % 2 ? $other->{port} : undef);
        my $h = $res->{header};

        is($res->{code}, 200, "$name: passes");
        is($h->{'ratelimit-policy'}, '"g";q=5;w=300, "d";q=100;w=86400',
           "$name: policy");
        like($h->{ratelimit}, qr/^"g";r=$left;t=(5\d|60)$/, "$name: $left");
        is($h->{'x-ratelimit-limit'}, 5, "$name: limit");
        is($h->{'x-ratelimit-remaining'}, $left, "$name: remaining");
        like($h->{'x-ratelimit-reset'}, qr/^(5\d|60)$/, "$name: reset");
    }

    my $res = http(uri => "/t?k=$k");
    my $h = $res->{header};

    is($res->{code}, 429, "$name: rejected");
    like($h->{ratelimit}, qr/^"g";r=0;t=(5\d|60)$/, "$name: none left");
    like($h->{'retry-after'}, qr/^(5\d|60)$/, "$name: Retry-After");
    like($res->{body}, qr/quota-exceeded.*"g"/s, "$name: the problem");
}],



=== TEST 8: keys
--- http_config eval
$GwRedis::BACK . <<'_EOC_'
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    connect_timeout 3s;
    timeout 3s;
}
gw_redis other {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    database 5;
    key_prefix other-;
    connect_timeout 3s;
    timeout 3s;
}
gw_ratelimit_zone $arg_k zone=g:1m rate=10r/m burst=9 redis=main;
gw_ratelimit_zone $arg_k zone=f:1m algorithm=fixed_window quota=9/10s redis=main;
gw_ratelimit_zone $arg_k zone=s:1m algorithm=sliding_window quota=9/10s redis=main;
gw_ratelimit_zone $arg_k zone=h:1m algorithm=fixed_window quota=9/h redis=main;
gw_ratelimit_zone $arg_k zone=d:1m algorithm=fixed_window quota=9/d redis=main;
gw_ratelimit_zone $arg_k zone=w:1m algorithm=fixed_window quota=9/week redis=main;
gw_ratelimit_zone $arg_k zone=m:1m algorithm=fixed_window quota=9/M redis=main;
gw_ratelimit_zone $arg_k zone=o:1m rate=10r/m burst=9 redis=other;
gw_ratelimit_zone $binary_remote_addr zone=b:1m rate=10r/m burst=9 redis=main;
gw_concurrency_zone $arg_k zone=c:1m redis=main ttl=9s;
_EOC_
--- config
location /t {
    gw_ratelimit zone=g;
    gw_ratelimit zone=f;
    gw_ratelimit zone=s;
    gw_ratelimit zone=h;
    gw_ratelimit zone=d;
    gw_ratelimit zone=w;
    gw_ratelimit zone=m;
    gw_ratelimit zone=o;
    gw_ratelimit zone=b;
    gw_concurrency zone=c limit=5;
    proxy_pass http://unix:$TEST_NGINX_SOCK/never.sock;
}

location /g {
    gw_ratelimit zone=g;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- post_setup_server_root
unlink "$ENV{TEST_NGINX_SOCK}/never.sock";
$main::never = IO::Socket::UNIX->new(
    Local => "$ENV{TEST_NGINX_SOCK}/never.sock", Listen => 50)
    or die "never.sock: $!";
chmod 0777, "$ENV{TEST_NGINX_SOCK}/never.sock";
--- cases
['their names, and when they expire', sub {
    my ($name) = @_;

    $redis->cmd('FLUSHALL');

    my $began = time;
    my $waiting = start(uri => '/t?k=a:b');

    # the nine of the first database, and perhaps that of gateways
    wait_for(sub {
        9 == grep { /^gw:[gwc]:/ } $redis->keys;
    });

    my %keys;

    for my $key ($redis->keys) {
        $keys{$key} = $redis->cmd('PTTL', $key) / 1000;
    }

    my $took = time - $began;
    my $is = sub {
        my ($want, $most, $type) = @_;

        my ($key) = grep { $_ =~ $want } keys %keys;

        $key // return fail("$name: $want");

        my $ttl = delete $keys{$key};

        cmp_ok($ttl, '<=', $most + 0.1, "$name: $key expires in time");
        cmp_ok($ttl, '>', $most - $took - 0.1, "$name: $key is kept")
            unless $type eq 'any';
        is($redis->cmd('TYPE', $key), $type, "$name: $key, its type")
            unless $type eq 'any';
    };
    my $left = sub { $_[0] - ($began - int($began / $_[0]) * $_[0]) };

    $is->(qr/^gw:g:g:a:b\z/, 6, 'string');
    $is->(qr/^gw:g:b:\x7f\x00\x00\x01\z/, 6, 'string');
    $is->(qr/^gw:w:f:[^:]+:a:b\z/, 10, 'any');
    $is->(qr/^gw:w:s:[^:]+:a:b\z/, 20, 'any');
    $is->(qr/^gw:w:h:[^:]+:a:b\z/, $left->(3600), 'string');
    $is->(qr/^gw:w:d:[^:]+:a:b\z/, $left->(86400), 'string');
    $is->(qr/^gw:w:w:[^:]+:a:b\z/, 7 * 86400, 'any');
    $is->(qr/^gw:w:m:[^:]+:a:b\z/, 31 * 86400, 'any');
    $is->(qr/^gw:c:c:a:b\z/, 3, 'zset');

    if (grep { $_ eq 'gw:gateways' } keys %keys) {
        $is->(qr/^gw:gateways\z/, 60, 'any');
    }

    is_deeply([sort keys %keys], [], "$name: no others");

    my $conn = $redis->connection;

    $conn->ask('SELECT', 5);
    is_deeply($conn->ask('KEYS', 'other-g:*'), ['other-g:o:a:b'],
              "$name: another prefix and database");
    close $waiting->{conn}{socket};
}],
['a long key', sub {
    my ($name) = @_;

    my ($short, $long) = map { 'k' x $_ } 128, 129;

    $redis->cmd('FLUSHALL');
    is(limit("/g?k=$short"), '200 passed', "$name: passes");
    is(limit("/g?k=$long"), '200 passed', "$name: passes");
    is($redis->cmd('EXISTS', "gw:g:g:$short"), 1, "$name: as it is");

    my ($key) = grep { !/k{100}|gateways/ } $redis->keys('gw:*');

    require Digest::SHA;

    ok(defined $key && ($key eq 'gw:g:g:' . Digest::SHA::sha256_hex($long)
                        || $key eq 'gw:g:g:' . Digest::SHA::sha256($long)),
       "$name: as its SHA-256")
        or diag(join "\n", $redis->keys);
    is(passed(load(uri => "/g?k=$long", requests => 20)), 9,
       "$name: is limited");
}],
['it expires', sub {
    my ($name) = @_;

    $redis->cmd('FLUSHALL');

    my $k = unique();

    is(limit("/g?k=$k"), '200 passed', $name);
    is($redis->cmd('EXISTS', "gw:g:g:$k"), 1, "$name: it is there");
    wait_for(sub { !$redis->cmd('EXISTS', "gw:g:g:$k") }, 9);
    is($redis->cmd('EXISTS', "gw:g:g:$k"), 0, "$name: it is gone");
}],



=== TEST 9: calls
--- http_config eval
$::http . <<'_EOC_'
gw_ratelimit_zone $arg_k zone=g:1m rate=1r/h burst=999 redis=main;
gw_ratelimit_zone $arg_k zone=d:1m algorithm=fixed_window quota=1000/d redis=main;
_EOC_
--- config
location /t {
    gw_ratelimit zone=g;
    gw_ratelimit zone=d;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /redirect {
    gw_ratelimit zone=g;
    try_files /none /t;
}
--- cases
['one of EVALSHA for a rule', sub {
    my ($name) = @_;

    load(uri => '/t?k=' . unique(), requests => 30);

    my $k = unique();
    my $monitor = $redis->monitor;

    load(uri => "/t?k=$k", requests => 5);

    my @lines = grep { /\Q$k\E/ } $monitor->lines;

    is(scalar @lines, 10, "$name: ten calls");
    is(scalar(grep { / "EVALSHA" "[0-9a-f]{40}" "1" "gw:[gw]:/i } @lines), 10,
       "$name: all of them that")
        or diag(@lines);
}],
['a zone is charged once', sub {
    my ($name) = @_;

    my $k = unique();
    my $monitor = $redis->monitor;

    is(limit("/redirect?k=$k"), '200 passed', $name);

    my @lines = grep { /"gw:g:g:\Q$k\E/ } $monitor->lines;

    is(scalar @lines, 1, "$name: one call");
}],
['SCRIPT FLUSH', sub {
    my ($name) = @_;

    my $k = unique();

    is(limit("/t?k=$k"), '200 passed', "$name: before");
    $redis->cmd('SCRIPT', 'FLUSH');

    my $evals = $redis->calls('eval');
    my @got = load(uri => "/t?k=$k", requests => 100);

    decided("$name: all pass", { '200 passed' => 100 }, @got);
    at_least($redis->calls('eval') - $evals, 2, "$name: given again");
    at_most($redis->calls('eval') - $evals, 40, "$name: not always");
    is(passed(load(uri => "/t?k=$k", requests => 1000)), 899,
       "$name: each counted once");
    is_deeply([warns()], [], "$name: no warnings");
}],
['SCRIPT FLUSH again and again', sub {
    my ($name) = @_;

    my @got = load(uri => '/t?k=' . unique(), requests => 1100,
                   at => [map { [$_ / 50, sub { $redis->cmd('SCRIPT',
                                                            'FLUSH') }] }
                              1 .. 10]);

    decided($name, { '200 passed' => 1000, '429 rejected' => 100 }, @got);
}],



=== TEST 10: before and after auth
--- http_config eval
$::http . <<'_EOC_'
gw_ratelimit_zone $arg_k zone=pre:1m rate=1r/h burst=9 redis=main;
gw_ratelimit_zone $gw_jwt_claim_sub zone=sub:1m rate=1r/h burst=4 redis=main;
_EOC_
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    gw_ratelimit zone=pre before_auth;
    gw_ratelimit zone=sub;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['both', sub {
    my ($name) = @_;

    my ($k, $sub) = (unique(), unique('sub'));
    my $good = jwt(alg => 'HS256', claims => { sub => $sub });
    my $bad = jwt(alg => 'HS256', claims => { sub => $sub },
                  signature => \&flip);
    my %got;

    $got{limit("/t?k=$k", token => $bad)}++ for 1 .. 3;
    is_deeply(\%got, { '401 passed' => 3 }, "$name: refused");
    is($redis->cmd('EXISTS', "gw:g:sub:$sub"), 0,
       "$name: nothing is taken from anyone's allowance");

    %got = ();
    $got{limit("/t?k=$k", token => $good)}++ for 1 .. 6;
    is_deeply(\%got, { '200 passed' => 5, '429 rejected' => 1 },
              "$name: the allowance of the user");

    %got = ();
    $got{limit("/t?k=$k", token => $bad)}++ for 1 .. 3;
    is($got{'401 passed'} + $got{'429 rejected'}, 3,
       "$name: and that before access");
    at_least($got{'429 rejected'}, 1, "$name: ends");
}],
