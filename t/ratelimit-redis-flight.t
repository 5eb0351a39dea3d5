# Requests in flight, in Redis, when it or their worker is away just when they
# are to be counted, renewed or taken out.

use GwTest;
use GwLimit qw(held let_go);
use GwRedis;

our $redis = redis('MAIN', password => 'secret');

# nothing goes by itself while a test waits for it

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    password_file ../html/password;
    connect_timeout 250ms;
    timeout 250ms;
    breaker failures=2 open=1s;
}

gw_redis four {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    password_file ../html/password;
    connections 4;
    connect_timeout 8s;
    timeout 8s;
    breaker failures=1000;
}

gw_concurrency_zone $arg_k zone=flight:1m redis=main ttl=10m gateways=1;
gw_concurrency_zone $arg_k zone=four:1m redis=four ttl=10m;
_EOC_

our $config = <<'_EOC_';
location /flight {
    gw_concurrency zone=flight limit=$arg_n;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /now {
    gw_concurrency zone=flight limit=9;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /four {
    gw_concurrency zone=four limit=1000;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_


our $files = ">>> password\nsecret\n";


# So many requests of a key that are in flight.

sub flying {
    my ($name, $n, $k, $limit) = @_;

    $limit //= $n;

    my @flying = map { my $client = start(uri => "/flight?k=$k&n=$limit");
                       [$client, held(10)] } 1 .. $n;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(scalar(grep { $_->[1] } @flying), $n, "$name: $n in flight");

    return @flying;
}


sub landed {
    my ($name, @flying) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    let_go($_->[1]) for @flying;
    is(finish($_->[0])->{code}, 200, "$name: its answer") for @flying;
}


# Waits until Redis has so many of a key; for how many it has any.

sub counted {
    my ($name, $want, $k, $seconds) = @_;

    my $n;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for(sub { ($n = $redis->cmd('ZCARD', "gw:c:flight:$k")) == $want },
             $seconds // 10);
    is($n, $want, $name);
}


# Waits until so many of a key stand there for longer than they do at first.

sub renewed {
    my ($name, $want, $k, $seconds) = @_;

    my @members;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for(sub {
        my $later = 1e6 * (time + 60);

        @members = @{ $redis->cmd('ZRANGEBYSCORE', "gw:c:flight:$k", $later,
                                  '+inf') };

        return @members == $want;
    }, $seconds // 10);
    is(scalar @members, $want, "$name: renewed");
}


# That two of a key are renewed and count, until they are answered.

sub counting {
    my ($name, $k, @flying) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    renewed($name, 2, $k, 15);
    counted("$name: both count", 2, $k, 0);
    is(http(uri => "/flight?k=$k&n=2", wait => 3)->{code}, 429,
       "$name: there is no room for others");
    landed($name, @flying);
    counted("$name: none is left", 0, $k);
}


sub refused { return grep { /\[info\].* refused the call/ } log_lines() }


# Stops Redis, and has nginx find that it does not answer.

sub away {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $warns = warns(qr/not asked/);

    $redis->pause;
    ok(wait_for(sub {
        load(uri => '/now?k=' . unique(), requests => 4);

        return warns(qr/not asked/) > $warns;
    }, 10), "$name: Redis is away");
}


sub back {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $k = unique();

    $redis->resume;
    ok(wait_for(sub {
        limit("/now?k=$k");

        return warns(qr/answers again/);
    }, 10), "$name: it is there again");
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: Redis is away
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- post_setup_server_root eval: $GwLimit::LISTEN
--- cases
['when they are counted', sub {
    my ($name) = @_;

    my $k = unique();

    is(limit('/now?k=' . unique()), '200 passed', "$name: before");
    fresh_log();
    $redis->pause;

    # it hears of all of them, but of the end of few
    my @got = load(uri => "/now?k=$k", requests => 8);

    decided("$name: nobody else decides", { '200 passed' => 8 }, @got);
    back($name);
    counted("$name: none is left", 0, $k);
}],
['when they are to be renewed', sub {
    my ($name) = @_;

    my $k = unique();
    my @flying = flying($name, 2, $k);
    my $began = time;

    fresh_log();
    away($name);

    # in a second they are
    my $left = $began + 1.5 - time;

    sleep $left if $left > 0;
    back($name);
    counting($name, $k, @flying);
}],
['it refuses to renew them', sub {
    my ($name) = @_;

    my $k = unique();
    my @flying = flying($name, 2, $k);
    my $refused = refused();

    $redis->cmd(qw(CONFIG SET maxmemory 1));
    ok(wait_for(sub { refused() >= $refused + 2 }, 10), "$name: refuses");
    $redis->cmd(qw(CONFIG SET maxmemory 0));
    counting($name, $k, @flying);
}],
['when they end', sub {
    my ($name) = @_;

    my $k = unique();
    my @flying = flying($name, 2, $k);

    fresh_log();
    renewed($name, 2, $k);
    away($name);
    landed($name, @flying);
    back($name);
    counted("$name: none is left", 0, $k);
    landed($name, flying($name, 2, $k));
}],



=== TEST 2: others are there
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- post_setup_server_root eval: $GwLimit::LISTEN
--- cases
['for long already', sub {
    my ($name) = @_;

    # in both workers, as a rule
    my $k = unique();
    my @first = flying($name, 6, $k);

    renewed($name, 6, $k);

    my @next = flying($name, 6, $k, 12);

    renewed("$name: the next", 12, $k);
    landed($name, @first, @next);
    counted("$name: none is left", 0, $k);
}],



=== TEST 3: reload
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- post_setup_server_root eval: $GwLimit::LISTEN
--- cases
['those that end in old workers', sub {
    my ($name) = @_;

    my $k = unique();
    my @old = workers_of(master_pid());
    my @flying = flying($name, 2, $k);

    renewed($name, 2, $k);
    kill HUP => master_pid();
    ok(wait_for(sub {
        2 == grep { /gracefully shutting down/ } log_lines();
    }, 10), "$name: old workers are told");
    is(http(uri => "/flight?k=$k&n=2", wait => 3)->{code}, 429,
       "$name: they count");

    # a worker that has none under way is not connected any more
    landed($name, shift @flying);
    counted("$name: one is left", 1, $k);
    landed($name, @flying);
    ok(wait_for(sub { !grep { -d "/proc/$_" } @old }, 15),
       "$name: old workers go");
    counted("$name: none is left", 0, $k);
}],



=== TEST 4: several connections
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['clients that leave at once', sub {
    my ($name) = @_;

    my $k = unique();
    my $monitor = $redis->monitor;

    # all of the connections
    load(uri => sub { '/four?k=' . unique() }, requests => 60);
    $monitor->lines;
    $redis->pause;

    my @clients = map { start(uri => "/four?k=$k") } 1 .. 40;

    sleep 0.1;
    close $_->{conn}{socket} for @clients;
    ok(wait_for(sub {
        40 == (() = read_file('logs/access.log') =~ /k=\Q$k\E .*?" 499 /g)
    }, 10), "$name: they are gone");
    $redis->resume;

    # a line for a member that comes, and one for that it goes
    my (@lines, %came, %wrong);

    wait_for(sub {
        push @lines, grep { / "gw:c:four:\Q$k\E" / } $monitor->lines;

        return @lines >= 80;
    }, 10);

    for my $line (@lines) {
        my ($member, $more) = $line =~ / "gw:[^"]+" "([^"]+)"(.*)/;

        $came{$member}++ if $more;
        $wrong{$member}++ if !$more && !$came{$member};
    }

    is(scalar @lines, 80, "$name: each comes and goes");
    is(scalar keys %wrong, 0, "$name: none goes before it has come");
}],
