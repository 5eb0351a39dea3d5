# Requests that wait for a lease: how long, for what, and what becomes of a call
# that nobody waits for any more.

use GwTest;
use GwLimit qw(held let_go);
use GwRedis;

our $redis = redis('MAIN');
our $fake = fake('FAKE', $redis);

# leases that no slow machine lets lapse, but for those that are to

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    connect_timeout 8s;
    timeout 8s;
    breaker failures=1000;
}

gw_redis seen {
    server 127.0.0.1:$TEST_NGINX_FAKE;
    connect_timeout 8s;
    timeout 8s;
    breaker failures=1000;
}

gw_redis hasty {
    server 127.0.0.1:$TEST_NGINX_FAKE;
    connect_timeout 2s;
    timeout 2s;
    breaker failures=1000;
}

gw_ratelimit_zone $arg_k zone=first:1m rate=10r/s burst=9 redis=hasty mode=leased horizon=10s fallback=deny;
gw_ratelimit_zone $arg_k zone=second:1m rate=10r/s burst=9 redis=hasty mode=leased horizon=10s fallback=deny;
gw_ratelimit_zone $arg_k zone=many:1m rate=10r/m burst=99 redis=main mode=leased horizon=20ms;
gw_ratelimit_zone $arg_k zone=seen:1m rate=10r/m burst=99 redis=seen mode=leased horizon=10s;
gw_ratelimit_zone $arg_i zone=one:1m rate=1r/h redis=seen mode=leased horizon=10s;
gw_ratelimit_zone $arg_i zone=local:1m rate=1r/h;
_EOC_

our $config = <<'_EOC_';
location /auth {
    gw_ratelimit zone=first before_auth;
    gw_ratelimit zone=second;
    auth_request /slow;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /slow {
    internal;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /first {
    gw_ratelimit zone=first;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /many {
    gw_ratelimit zone=many;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /many/local {
    gw_ratelimit zone=many;
    gw_ratelimit zone=local;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /seen {
    gw_ratelimit zone=seen;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /seen/one {
    gw_ratelimit zone=seen;
    gw_ratelimit zone=one;
    error_page 429 /page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /page {
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
_EOC_


# So many scripts have been asked for.

sub asked {
    my $n = 0;

    $n += () = /\beval/g for $fake->reads;

    return $n;
}


# Stops Redis, and begins a request for which it is then asked.

sub waits {
    my ($name, $uri) = @_;

    my $before = asked();

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $redis->pause;

    my $waiting = start(uri => $uri);

    ok(wait_for(sub { asked() > $before }, 5), "$name: Redis is asked");

    return $waiting;
}


# How many slots each call of the lines reserves for a key: the fourth argument
# from behind.

sub reserved {
    my ($key, @lines) = @_;

    return map { / "\Q$key\E" .*"(\d+)" "\d+" "\d+" "\d+"$/ ? $1 : () } @lines;
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: once before access is checked, and once behind that
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $GwLimit::LISTEN
--- cases
['each time as long as may be', sub {
    my ($name) = @_;

    my $request = start(uri => '/auth?k=' . unique());
    my $auth = held();

    # more than the timeout, since the first rule began to wait
    sleep 2.1;
    let_go($auth);

    my $res = finish($request);

    is($res->{code}, 200, "$name: passes");
    is($res->{header}{'x-results'}, 'first=passed,second=passed',
       "$name: Redis has decided");
}],



=== TEST 2: numbers that are no answer
--- http_config eval: $::http
--- config eval: $::config
--- cases
map {
    my $reply = "*5\r\n" . join '', map { ":$_\r\n" } @$_;

    ["@$_", sub {
        my ($name) = @_;

        is(limit('/first?k=' . unique()), '200 passed', "$name: before");

        my $before = asked();

        $fake->mode('reply', $reply);

        my $got = limit('/first?k=' . unique());

        $fake->mode('pass');
        is($got, '429 error', "$name: the fallback decides");

        # some of them are no request's
        at_most(asked() - $before, 10, "$name: Redis is asked once");
        is(limit('/first?k=' . unique()), '200 passed', "$name: after");
    }]
} [99999999, 0, 0, 0, 0], [-1, 0, 0, 0, 0], [1, 8000000000000000, 0, 0, 0],
  [1, 0, -1, 0, 0], [1, 0, 99999999, 0, 0]



=== TEST 3: clients that leave while they wait
--- http_config eval: $::http
--- config eval: $::config
--- cases
['nothing is reserved for them', sub {
    my ($name) = @_;

    my $k = unique();

    is(limit('/many?k=' . unique()), '200 passed', "$name: connected");

    $redis->pause;

    my @waiting = map { start(uri => "/many?k=$k") } 1 .. 30;

    close $_->{conn}{socket} for @waiting;
    ok(wait_for(sub {
        30 == (() = read_file('logs/access.log') =~ /k=\Q$k\E .*?" 499 /g)
    }, 5), "$name: they are gone");
    $redis->resume;

    # until they are no demand any more, of which more is reserved
    sleep 1;

    my $monitor = $redis->monitor;

    is(limit("/many?k=$k"), '200 passed', "$name: another one");

    # again, where a slow machine let it lapse
    my %counts = map { $_ => 1 } reserved("gw:g:many:$k", $monitor->lines);

    is_deeply(\%counts, { 1 => 1 }, "$name: for that one only");
}],



=== TEST 4: a local rule rejects
--- http_config eval: $::http
--- config eval: $::config
--- cases
['no lease is asked for, wherever it stands', sub {
    my ($name) = @_;

    is(limit('/many?k=' . unique()), '200 passed', "$name: connected");

    my $k = unique();
    my $monitor = $redis->monitor;

    is(limit("/many/local?k=$k&i=$k"), '200 passed', "$name: the first");
    at_least(scalar(() = reserved("gw:g:many:$k", $monitor->lines)), 1,
             "$name: is asked for");
    sleep 0.1;

    my @got = load(uri => "/many/local?k=$k&i=$k", requests => 50);

    decided("$name: no other", { '429 rejected' => 50 }, @got);
    is_deeply([reserved("gw:g:many:$k", $monitor->lines)], [],
              "$name: nothing is reserved");
}],



=== TEST 5: another lease rejects meanwhile
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $GwLimit::LISTEN
--- cases
['the page of the rejection takes its time', sub {
    my ($name) = @_;

    my @workers = workers_of(master_pid());
    my ($k, $i) = (unique(), unique());

    is(limit("/seen/one?k=$k.0&i=$i"), '200 passed', "$name: the only one");

    my $first = waits($name, "/seen?k=$k");
    my $second = start(uri => "/seen/one?k=$k&i=$i");
    my $page = held();

    # asked for again in a millisecond, if it were so
    sleep 0.1;
    let_go($page);

    my $res = finish($second);

    is($res->{code}, 429, "$name: rejected");
    like($res->{header}{'x-results'}, qr/\bone=rejected\b/,
         "$name: by that one");
    $redis->resume;
    is(finish($first)->{code}, 200, "$name: the first is answered");
    is_deeply([workers_of(master_pid())], \@workers, "$name: workers live");
    is(scalar(grep { /exited on signal/ } log_lines()), 0,
       "$name: none has died");
}],
