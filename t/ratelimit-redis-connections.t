# Connections to Redis: how many, over what, and what a reload does to them.

use GwTest;
use GwRedis;

our $redis = redis('MAIN', password => 'secret', acl => [
    'gw on >of-gw ~gw:* resetchannels -@all +evalsha +eval +get +set +del '
    . '+pttl +time +zadd +zrem +zcard +zcount +zremrangebyscore +pexpire '
    . '+select',
]);
our $other = redis('OTHER');
our $period = period_ahead();

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    password_file ../html/password;
    connect_timeout 2s;
    timeout 2s;
}
gw_redis socket {
    server unix:$TEST_NGINX_OTHER_SOCK;
    connect_timeout 2s;
    timeout 2s;
}
gw_redis four {
    server 127.0.0.1:$TEST_NGINX_OTHER;
    connections 4;
    connect_timeout 2s;
    timeout 2s;
}
gw_ratelimit_zone $arg_k zone=z:1m rate=1r/h burst=99 redis=main fallback=allow;
gw_ratelimit_zone $arg_k zone=socket:1m rate=1r/h burst=9 redis=socket fallback=allow;
gw_ratelimit_zone $arg_k zone=four:1m rate=1r/h burst=9 redis=four fallback=allow;
_EOC_

our $config = join '', map { <<_EOC_ } qw(z socket four);
location /$_ {
    gw_ratelimit zone=$_;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_

our $files = ">>> password\nsecret\n>>> of-gw\nof-gw\n";


# Connections of nginx, by the commands that they sent last.

sub clients {
    my ($server) = @_;

    return grep { !/ cmd=client/ } split /\n/, $server->cmd('CLIENT', 'LIST');
}


run_tests();

__DATA__

=== TEST 1: how many
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['none before the first use', sub {
    my ($name, $repeated) = @_;

    is(scalar clients($redis), 0, $name) unless $repeated;
}],
['one for a worker', sub {
    my ($name) = @_;

    # of so many connections each worker gets some
    load(uri => '/z?k=' . unique(), requests => 400, conns => 32);
    is(scalar clients($redis), 2, $name);
}],
['as many as it says', sub {
    my ($name) = @_;

    # those of one key keep to one
    load(uri => sub { '/four?k=' . unique() }, requests => 400, conns => 32);

    my $n = grep { !/unix/ } clients($other);

    at_most($n, 8, "$name: not more");
    at_least($n, 3, "$name: not one");
}],
['over a unix socket', sub {
    my ($name) = @_;

    my @got = load(uri => '/socket?k=' . unique(), requests => 30);

    decided($name, { '200 passed' => 10, '429 rejected' => 20 }, @got);
}],
['none is left behind', sub {
    my ($name) = @_;

    for (1 .. 3) {
        ok(defined reload(5), "$name: old workers go");
        load(uri => '/z?k=' . unique(), requests => 100, conns => 32);
    }

    wait_for(sub { @{[clients($redis)]} <= 2 });
    is(scalar clients($redis), 2, $name);
}],



=== TEST 2: reloads
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['under load', sub {
    my ($name) = @_;

    my $k = unique();
    my @old = workers_of(master_pid());
    my @got = load(uri => "/z?k=$k", seconds => 3, rate => 300,
                   at => [map { [$_, sub { kill HUP => master_pid() }] }
                              0.5, 1.2, 1.9]);

    answered($name, 2, @got);
    decided($name, { '200 passed' => 100, '429 rejected' => @got - 100 }, @got);
    wait_for(sub { !grep { -d "/proc/$_" } @old });
    is(scalar(grep { -d "/proc/$_" } @old), 0, "$name: old workers go");
}],
['under load, a connection for each request', sub {
    my ($name) = @_;

    my $k = unique();
    my @got = load(uri => "/z?k=$k", seconds => 2, rate => 300, close => 1,
                   at => [map { [$_, sub { kill HUP => master_pid() }] }
                              0.5, 1.2]);

    answered($name, 2, @got);
    decided($name, { '200 passed' => 100, '429 rejected' => @got - 100 }, @got);
}],
['while requests wait', sub {
    my ($name) = @_;

    limit('/z?k=' . unique());
    $redis->pause;

    my @waiting = map { start(uri => '/z?k=' . unique()) } 1 .. 8;

    sleep 0.2;

    my @old = workers_of(master_pid());

    kill HUP => master_pid();
    sleep 0.3;
    $redis->resume;

    my %got;

    for (@waiting) {
        my $res = finish($_);

        $got{($res->{code} // '-') . " $res->{header}{'x-limit'}"}++;
    }

    is_deeply(\%got, { '200 passed' => 8 }, "$name: they are answered");
    wait_for(sub { !grep { -d "/proc/$_" } @old }, 5);
    is(scalar(grep { -d "/proc/$_" } @old), 0, "$name: old workers go");
}],
['while Redis hangs', sub {
    my ($name) = @_;

    limit('/z?k=' . unique());
    $redis->pause;

    my @got = load(uri => sub { '/z?k=' . unique() }, requests => 8);

    answered($name, 3.5, @got);
    decided($name, { '200 error' => 8 }, @got);

    my $took = reload(6);

    $redis->resume;
    at_most($took // 99, 5, "$name: old workers go");
    settled("$name: goes on", '200 passed', 5, sub { '/z?k=' . unique() });
}],
['to another server', sub {
    my ($name) = @_;

    my $conf = read_file('conf/nginx.conf');
    my $k = unique();

    is(limit("/z?k=$k"), '200 passed', "$name: before");
    write_file('conf/nginx.conf',
               $conf =~ s/server 127.0.0.1:$redis->{port};/
                          server 127.0.0.1:$other->{port};/r
                     =~ s/password_file .*?;//r);
    ok(defined reload(5), "$name: old workers go");
    is(limit("/z?k=$k"), '200 passed', "$name: after");
    is($other->cmd('EXISTS', "gw:g:z:$k"), 1, "$name: there");
    wait_for(sub { !@{[clients($redis)]} });
    is(scalar clients($redis), 0, "$name: connections are closed");
    write_file('conf/nginx.conf', $conf);
    ok(defined reload(5), "$name: and back");
}],
['another password', sub {
    my ($name) = @_;

    $redis->cmd(qw(CONFIG SET requirepass changed));
    $redis->{password} = 'changed';
    write_file('html/password', "changed\n");
    ok(defined reload(5), "$name: old workers go");
    $redis->kick;
    settled("$name: is used", '200 passed', 3, sub { '/z?k=' . unique() });
    decided($name, { '200 passed' => 50 },
            load(uri => sub { '/z?k=' . unique() }, requests => 50));
    $redis->cmd(qw(CONFIG SET requirepass secret));
    $redis->{password} = 'secret';
    write_file('html/password', "secret\n");
    ok(defined reload(5), "$name: and back");
}],



=== TEST 3: the end
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['with connections', sub {
    my ($name) = @_;

    my $gateway = gateway('gateway');

    load(uri => sub { '/z?k=' . unique() }, requests => 50,
         ports => [$gateway->{port}]);
    is($gateway->quit, 1, "$name: ends");
    no_alerts($name, $gateway);
}],
['while Redis hangs', sub {
    my ($name) = @_;

    my $gateway = gateway('gateway');

    load(uri => sub { '/z?k=' . unique() }, requests => 50,
         ports => [$gateway->{port}]);
    $redis->pause;

    my @waiting = map { start(uri => '/z?k=' . unique(),
                              port => $gateway->{port}) } 1 .. 4;

    sleep 0.1;

    my $began = time;

    is($gateway->quit, 1, "$name: ends");
    at_most(time - $began, 4.5, "$name: in time");
    is(finish($_)->{code}, 200, "$name: answered") for @waiting;
    $redis->resume;
    no_alerts($name, $gateway);
}],
['at once', sub {
    my ($name) = @_;

    my $gateway = gateway('gateway');

    $redis->pause;

    my @waiting = map { start(uri => '/z?k=' . unique(),
                              port => $gateway->{port}) } 1 .. 4;

    sleep 0.1;
    kill TERM => $gateway->{pid};
    ok(wait_for(sub { !@{[workers_of($gateway->{pid})]} }, 3),
       "$name: ends");
    $redis->resume;
    no_alerts($name, $gateway);
}],



=== TEST 4: a user that may do no more than it must
--- http_config eval
$::http . <<_EOC_
gw_redis user {
    server 127.0.0.1:\$TEST_NGINX_MAIN;
    username gw;
    password_file ../html/of-gw;
    connect_timeout 2s;
    timeout 2s;
}
gw_ratelimit_zone \$arg_k zone=g:1m rate=1r/h burst=9 redis=user fallback=deny;
gw_ratelimit_zone \$arg_k zone=f:1m algorithm=fixed_window quota=10/$::period redis=user fallback=deny;
gw_ratelimit_zone \$arg_k zone=s:1m algorithm=sliding_window quota=10/$::period redis=user fallback=deny;
gw_ratelimit_zone \$arg_k zone=l:1m rate=100r/s burst=99 redis=user mode=leased fallback=deny;
gw_ratelimit_zone \$arg_k zone=few:1m rate=1r/h burst=4 redis=user fallback=deny;
gw_concurrency_zone \$arg_k zone=c:1m redis=user ttl=1s;
_EOC_
--- config
location /t {
    gw_ratelimit zone=g;
    gw_ratelimit zone=f;
    gw_ratelimit zone=s;
    gw_ratelimit zone=l;
    gw_ratelimit zone=few;
    gw_concurrency zone=c limit=20;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /long {
    gw_concurrency zone=c limit=20;
    proxy_pass http://unix:$TEST_NGINX_SOCK/never.sock;
}
--- post_setup_server_root
$main::never = IO::Socket::UNIX->new(
    Local => "$ENV{TEST_NGINX_SOCK}/never.sock", Listen => 50)
    or die "never.sock: $!";
chmod 0777, "$ENV{TEST_NGINX_SOCK}/never.sock";
--- user_files eval: $::files
--- cases
['every kind of call', sub {
    my ($name) = @_;

    $redis->cmd(qw(ACL LOG RESET));
    $redis->cmd(qw(SCRIPT FLUSH));

    my @long = map { start(uri => '/long?k=long') } 1 .. 3;
    my @got = load(uri => '/t?k=' . unique(), requests => 50);

    decided($name, { '200 passed' => 5, '429 rejected' => 45 }, @got);

    # they are renewed meanwhile, and gateways are seen
    @got = load(uri => sub { '/t?k=' . unique() }, seconds => 2.5, rate => 50);
    decided($name, { '200 passed' => scalar @got }, @got);
    wait_for(sub { $redis->cmd('ZCARD', 'gw:c:c:long') == 3 }, 2);
    is($redis->cmd('ZCARD', 'gw:c:c:long'), 3, "$name: in flight");
    close $_->{conn}{socket} for @long;
    wait_for(sub { !$redis->cmd('ZCARD', 'gw:c:c:long') }, 3);
    is($redis->cmd('ZCARD', 'gw:c:c:long'), 0, "$name: not any more");
    is_deeply([map { my %entry = @$_; "$entry{reason} $entry{object}" }
                   @{ $redis->cmd(qw(ACL LOG)) }], [], "$name: no denials");
    is_deeply([warns()], [], "$name: no warnings");
}],
