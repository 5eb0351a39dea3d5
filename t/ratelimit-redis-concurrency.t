# Requests in flight, of several gateways together.

use GwTest;
use GwRedis;

our $redis = redis('MAIN');

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    connect_timeout 1s;
    timeout 1s;
    breaker failures=2 open=200ms;
}

gw_concurrency_zone $arg_k zone=flight:1m redis=main gateways=1;
gw_concurrency_zone $arg_k zone=short:1m redis=main ttl=2s gateways=1;
gw_concurrency_zone $arg_k zone=half:1m redis=main ttl=2s gateways=2;
gw_concurrency_zone $arg_k zone=dry:1m redis=main;
_EOC_

our $config = <<'_EOC_';
location /flight {
    gw_ratelimit_headers ietf;
    gw_concurrency zone=flight limit=$arg_n;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /short {
    gw_concurrency zone=short limit=$arg_n;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /half {
    gw_concurrency zone=half limit=$arg_n;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /dry {
    gw_concurrency zone=dry limit=$arg_n dry_run;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /now {
    gw_concurrency zone=flight limit=$arg_n;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

# A service that answers a request when it is told to.

our $service = <<'_EOC_';
unlink "$ENV{TEST_NGINX_SOCK}/held.sock";
$main::service = IO::Socket::UNIX->new(
    Local => "$ENV{TEST_NGINX_SOCK}/held.sock", Listen => 200)
    or die "held.sock: $!";
chmod 0777, "$ENV{TEST_NGINX_SOCK}/held.sock";
_EOC_


# A request, until it is in flight or answered: a hash with "answer", if it is,
# or "back", the service's end.

sub enter {
    my ($uri, %arg) = @_;

    my $request = start(uri => $uri, %arg);
    my $socket = $request->{conn}{socket};
    my $select = IO::Select->new($main::service, $socket);
    my @ready = $select->can_read(10) or die "no answer: $uri";

    return { %$request, answer => finish($request) }
        if grep { $_ == $socket } @ready;

    return { %$request, back => scalar $main::service->accept };
}


# What became of it: "in flight", or code and status.

sub entered {
    my ($request) = @_;

    return 'in flight' if $request->{back};

    return "$request->{answer}{code} $request->{answer}{header}{'x-limit'}";
}


# The service answers; code and status.

sub answer {
    my ($request) = @_;

    # what is not read when it is closed would make that an error
    sysread $request->{back}, my $head, 65536;
    GwTest::send_all($request->{back},
                     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    close $request->{back};

    my $res = finish($request);

    return ($res->{code} // '-') . ' ' . ($res->{header}{'x-limit'} // '-');
}


# The client goes.

sub leave {
    my ($request) = @_;

    close $request->{conn}{socket};
    close $request->{back} if $request->{back};
}


# How many there are in Redis, waits for that number.

sub in_redis {
    my ($name, $key, $want, $seconds) = @_;

    my $n;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for(sub { ($n = $redis->cmd('ZCARD', $key)) == $want },
             $seconds // 3);
    is($n, $want, $name);
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: two gateways
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $::service
--- cases
['in, out, in', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');
    my @in = map { enter("/flight?k=$k&n=4",
                         port => $_ % 2 ? $other->{port} : undef) } 1 .. 6;

    is(join(', ', map { entered($_) } @in),
       'in flight, in flight, in flight, in flight, '
       . '429 rejected, 429 rejected', $name);
    is($redis->cmd('ZCARD', "gw:c:flight:$k"), 4, "$name: in Redis");
    is($in[4]{answer}{header}{'x-error'}, '429 ratelimit flight',
       "$name: the reason");
    is($in[4]{answer}{header}{'ratelimit-policy'},
       '"flight";q=4;qu="concurrent-requests"', "$name: the policy");
    like($in[4]{answer}{header}{'retry-after'}, qr/^\d+$/,
         "$name: Retry-After");

    # by its answer, and by a client that leaves
    is(answer($in[0]), '200 passed', "$name: answered");
    in_redis("$name: one is gone", "gw:c:flight:$k", 3);
    leave($in[1]);
    in_redis("$name: two are gone", "gw:c:flight:$k", 2);

    my @more = map { enter("/flight?k=$k&n=4") } 1 .. 3;

    is(join(', ', map { entered($_) } @more),
       'in flight, in flight, 429 rejected', "$name: two more");
    is(answer($_), '200 passed', "$name: answered") for @in[2, 3], @more[0, 1];
    in_redis("$name: all are gone", "gw:c:flight:$k", 0);
    is($other->quit, 1, "$name: ends");
    no_alerts($name, $other);
}],
['many short ones', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');
    my @got = load(uri => "/now?k=$k&n=3", requests => 600,
                   ports => [server_port(), $other->{port}]);

    answered($name, 3, @got);
    # the first three, and how many more is up to the machine
    at_least(counts(@got)->{200}, 3, "$name: some pass");
    at_least(counts(@got)->{429} // 0, 1, "$name: some do not");
    in_redis("$name: none is left", "gw:c:flight:$k", 0);

    @got = load(uri => "/now?k=$k&n=16", requests => 200, conns => 8,
                ports => [server_port(), $other->{port}]);

    # one that has its answer may be counted for a moment still
    at_least(counts(@got)->{200}, 100, "$name: as many as may");
}],
['dry_run', sub {
    my ($name) = @_;

    my $k = unique();
    my @in = map { enter("/dry?k=$k&n=1") } 1 .. 3;

    is(join(', ', map { entered($_) } @in),
       'in flight, in flight, in flight', "$name: all pass");
    is($redis->cmd('ZCARD', "gw:c:dry:$k"), 3, "$name: all count");
    is(join(', ', sort map { answer($_) } @in),
       '200 dry_run_rejected, 200 dry_run_rejected, 200 passed',
       "$name: the status");
    in_redis("$name: none is left", "gw:c:dry:$k", 0);
}],



=== TEST 2: a gateway that dies
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $::service
--- cases
['all of it', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');
    my @in = map { enter("/short?k=$k&n=2", port => $other->{port}) } 1 .. 2;

    # it renews them
    sleep 2.5;
    is(entered(enter("/short?k=$k&n=2")), '429 rejected',
       "$name: it has them");
    $other->kill;

    my $died = time;

    is(entered(enter("/short?k=$k&n=2")), '429 rejected',
       "$name: still remembered");

    my ($next, $passed);

    wait_for(sub {
        $next = enter("/short?k=$k&n=2");
        $passed = $next->{back};
    }, 8);
    is(entered($next), 'in flight', "$name: forgotten");
    at_most(time - $died, 5, "$name: in time");
    is(answer($next), '200 passed', "$name: it passes");
    leave($_) for @in;
}],
['a worker of it', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');
    my @in = map { enter("/short?k=$k&n=8", port => $other->{port}) } 1 .. 8;

    is($redis->cmd('ZCARD', "gw:c:short:$k"), 8, "$name: in flight");

    # both: whichever have them
    kill KILL => workers_of($other->{pid});
    in_redis("$name: forgotten", "gw:c:short:$k", 0, 5);
    leave($_) for @in;

    my $next;

    wait_for(sub {
        $next = eval { enter("/short?k=$k&n=1", port => $other->{port}) };

        return $next && $next->{back};
    }, 5);
    is(entered($next), 'in flight', "$name: goes on");
    is(answer($next), '200 passed', "$name: answers");
}],



=== TEST 3: long requests
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $::service
--- cases
['are renewed', sub {
    my ($name) = @_;

    my $k = unique();
    my $other = gateway('other');
    my $in = enter("/short?k=$k&n=1", port => $other->{port});

    for (1 .. 4) {
        sleep 1.1;
        is(entered(enter("/short?k=$k&n=1")), '429 rejected',
           "$name: in flight");
        at_most($redis->cmd('ZCARD', "gw:c:short:$k"), 1, "$name: once");
    }

    is(answer($in), '200 passed', "$name: its answer");
    in_redis("$name: gone", "gw:c:short:$k", 0, 1);
    $other->quit;
    no_alerts($name, $other);
}],
['come back when Redis has forgotten them', sub {
    my ($name) = @_;

    my $k = unique();
    my $in = enter("/short?k=$k&n=1");

    $redis->cmd('FLUSHALL');
    $redis->cmd('SCRIPT', 'FLUSH');
    in_redis("$name: there again", "gw:c:short:$k", 1, 5);
    is(entered(enter("/short?k=$k&n=1")), '429 rejected', "$name: counts");
    is(answer($in), '200 passed', "$name: its answer");
    in_redis("$name: gone", "gw:c:short:$k", 0, 1);
}],
['outlive a reload', sub {
    my ($name) = @_;

    my $k = unique();
    my $in = enter("/short?k=$k&n=1");
    my @old = workers_of(master_pid());

    kill HUP => master_pid();
    wait_for(sub { my @now = workers_of(master_pid()); @now >= 3 }, 3);

    for (1 .. 3) {
        sleep 1.1;
        is(entered(enter("/short?k=$k&n=1")), '429 rejected',
           "$name: in flight");
    }

    is(answer($in), '200 passed', "$name: its answer");
    wait_for(sub { !grep { -d "/proc/$_" } @old });
    is(scalar(grep { -d "/proc/$_" } @old), 0, "$name: old workers go");
    in_redis("$name: gone", "gw:c:short:$k", 0, 1);
}],



=== TEST 4: Redis does not answer
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $::service
--- cases
['the own ones count', sub {
    my ($name) = @_;

    my $k = unique();
    my @in = (enter("/short?k=$k&n=3"));

    $redis->pause;
    push @in, map { enter("/short?k=$k&n=3") } 2 .. 4;
    is(join(', ', map { entered($_) } @in),
       'in flight, in flight, in flight, 429 rejected', $name);
    is(answer($in[0]), '200 passed', "$name: one from before ends");
    is(answer($in[1]), '200 passed', "$name: one from now ends");
    push @in, map { enter("/short?k=$k&n=3") } 5 .. 7;
    is(join(', ', map { entered($_) } @in[4 .. 6]),
       'in flight, in flight, 429 rejected', "$name: two others begin");
    $redis->resume;

    # those that began meanwhile are there from the next renewal on
    sleep 2.2;
    is(entered(enter("/short?k=$k&n=3")), '429 rejected',
       "$name: they count in Redis, too");
    is(answer($_), '200 passed', "$name: its answer") for @in[2, 4, 5];
    in_redis("$name: none is left", "gw:c:short:$k", 0, 4);

    my @all = map { enter("/short?k=$k&n=3") } 1 .. 3;

    is(join(', ', map { entered($_) } @all),
       'in flight, in flight, in flight', "$name: all may come");
    leave($_) for @all;
}],
['divided by the gateways, at least one', sub {
    my ($name) = @_;

    my $k = unique();

    $redis->pause;

    my @in = map { enter("/half?k=$k&n=4") } 1 .. 4;

    is(join(', ', map { entered($_) } @in),
       'in flight, in flight, 429 rejected, 429 rejected', "$name: 4 / 2");

    my @one = map { enter("/half?k=$k.1&n=1") } 1 .. 2;

    is(join(', ', map { entered($_) } @one), 'in flight, 429 rejected',
       "$name: 1 / 2");
    $redis->resume;
    leave($_) for @in, @one;
    in_redis("$name: none is left", "gw:c:half:$k", 0, 4);
}],
