# What becomes of requests when Redis does not answer, and that limits hold
# again after it.

use GwTest;
use GwRedis;

our $password = 'open-sesame-77';
our $redis = redis('MAIN', password => $password);
our $other = redis('OTHER');

our $period = period_ahead();

our $http = $GwRedis::BACK . <<'_EOC_';
error_log logs/error.log info;
error_log logs/debug.log debug;

gw_redis main {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    password_file ../html/password;
    connect_timeout 500ms;
    timeout 500ms;
    breaker failures=5 open=300ms;
}

gw_ratelimit_zone $arg_k zone=local:1m rate=1r/h burst=9 redis=main gateways=1;
gw_ratelimit_zone $arg_k zone=allow:1m rate=1r/h burst=9 redis=main fallback=allow;
gw_ratelimit_zone $arg_k zone=deny:1m rate=1r/h burst=9 redis=main fallback=deny;
_EOC_

our $config = <<'_EOC_';
location /local {
    gw_ratelimit zone=local;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /allow {
    gw_ratelimit zone=allow;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /deny {
    gw_ratelimit zone=deny;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

our @wrong = qw(password none user database nobody deaf socket);

our $files = ">>> password\n$password\nand a second line\n"
             . ">>> wrong\nwrong-$password\n";


sub locations {
    my ($folder, @zones) = @_;

    return join '', map { <<_EOC_ } @zones;
location $folder/$_ {
    gw_ratelimit zone=$_;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_
}


sub turns {
    my ($k) = @_;

    return sub { (qw(/local /allow /deny))[$_[0] % 3] . "?k=$k" };
}


sub at_uri {
    my ($uri, @got) = @_;

    return limits(grep { $_->{uri} =~ /^$uri\b/ } @got);
}


# Limits are those of Redis, and hold.

sub healthy {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my ($k, @got);

    # a machine may not get an answer through in time
    wait_for(sub {
        $k = unique();
        @got = load(uri => turns($k), requests => 60);

        return !grep { $_->{status} eq 'error' || $_->{lag} > 0.4 } @got;
    }, 3);
    is_deeply(at_uri($_, @got), { '200 passed' => 10, '429 rejected' => 10 },
              "$name: $_") for qw(/local /allow /deny);
    is($redis->cmd('EXISTS', map { "gw:g:$_:$k" } qw(local allow deny)), 3,
       "$name: in Redis");
}


# The decisions while it does not answer.  Those that were waited for: at first
# as many as there are connections may wait, and then one now and then.

sub fallen_back {
    my ($name, $seconds) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $begin = time;
    my @got = load(uri => turns(unique()), seconds => $seconds // 2.2,
                   rate => 150);

    answered($name, 2, @got);

    my %n;

    $n{$_->{uri} =~ /^(\/\w+)/ ? $1 : ''}++ for @got;

    is_deeply(at_uri('/local', @got),
              { '200 passed' => 10, '429 rejected' => $n{'/local'} - 10 },
              "$name: local");
    is_deeply(at_uri('/allow', @got), { '200 error' => $n{'/allow'} },
              "$name: allow");
    is_deeply(at_uri('/deny', @got), { '429 error' => $n{'/deny'} },
              "$name: deny");

    my @results = map { $_->{results} } grep { $_->{uri} =~ /allow/ } @got;

    is_deeply([grep { $_ ne 'allow=error' } @results], [], "$name: results");

    my @late = grep { $_->{at} > $begin + 1.2 } @got;

    at_most(scalar(grep { $_->{took} > 0.3 } @late), @late / 4,
            "$name: few of " . @late . ' wait');
}


sub fault {
    my ($what, $break, $mend) = @_;

    return [$what, sub {
        my ($name) = @_;

        settled("$name: begins", '200 passed', 5,
                sub { '/allow?k=' . unique() });
        sleep 0.1;

        fresh_log();
        healthy("$name, before");
        is(scalar warns(), 0, "$name: no warning");
        $break->();
        fallen_back($name);
        is(scalar warns(), 1, "$name: one warning")
            or diag(warns());
        $mend->();
        settled("$name: mended", '200 passed', 10,
                sub { '/allow?k=' . unique() });
        healthy("$name, after");

        my @warns = warns();

        is(scalar @warns, 2, "$name: another warning") or diag(@warns);
        like($warns[-1], qr/main|127\.0\.0\.1:$redis->{port}/,
             "$name: says where");
    }];
}


# The file's log is looked at by eye where there is a debug log, too.

sub secret {
    my ($name) = @_;

    my @files = glob Test::Nginx::Util::server_root() . '/logs/*.log';

    is(scalar(grep { index(read_file($_), $password) >= 0 } @files), 0,
       "$name: no password in " . @files . ' logs');
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: faults
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
fault('stopped', sub { $redis->pause }, sub { $redis->resume }),
fault('killed', sub { $redis->kill9 }, sub { $redis->begin;
                                             $redis->ready }),
fault('CLIENT PAUSE', sub { $redis->cmd(qw(CLIENT PAUSE 5000 ALL)) },
      sub { }),
fault('another password', sub {
    $redis->cmd(qw(CONFIG SET requirepass new-one));
    $redis->{password} = 'new-one';
    $redis->kick;
}, sub {
    $redis->cmd(qw(CONFIG SET requirepass), $password);
    $redis->{password} = $password;
}),
fault('full', sub { $redis->cmd(qw(CONFIG SET maxmemory 1)) },
      sub { $redis->cmd(qw(CONFIG SET maxmemory 0)) }),
fault('read-only', sub { $redis->cmd(qw(REPLICAOF 127.0.0.1 1)) },
      sub { $redis->cmd(qw(REPLICAOF NO ONE)) }),
fault('too many clients', sub {
    $main::held = $redis->connection;
    $main::held->ask(qw(CONFIG SET maxclients 1));
    $main::held->ask(qw(CLIENT KILL TYPE normal SKIPME yes));
}, sub {
    $main::held->ask(qw(CONFIG SET maxclients 1000));
    undef $main::held;
}),
['the log', \&secret],



=== TEST 2: faults that Redis answers through
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['FLUSHALL', sub {
    my ($name) = @_;

    healthy("$name, before");

    my $k = unique();
    my @got = load(requests => 300, rate => 600, uri => sub {
        $redis->cmd('FLUSHALL') if $_[0] == 150;

        return "/deny?k=$k";
    });

    answered($name, 1.5, @got);
    decided("$name: a fresh allowance, no more",
            { '200 passed' => 20, '429 rejected' => 280 }, @got);
    healthy("$name, after");
}],
['SCRIPT FLUSH', sub {
    my ($name) = @_;

    healthy("$name, before");
    $redis->cmd('SCRIPT', 'FLUSH');
    healthy("$name, after");
}],
['connections closed', sub {
    my ($name) = @_;

    healthy("$name, before");
    $redis->kick;
    sleep 0.1;
    healthy("$name, after");
}],
['connections closed under load', sub {
    my ($name) = @_;

    my @got = load(uri => sub { '/allow?k=' . unique() }, seconds => 1,
                   rate => 300,
                   at => [map { [$_ / 5, sub { $redis->kick }] } 1 .. 4]);

    answered($name, 1.5, @got);
    at_most(scalar(grep { $_->{status} eq 'error' } @got), 40,
            "$name: but for those under way Redis decides");
    healthy("$name, after");
}],
['no warnings', sub { is_deeply([warns()], [], $_[0]) }],
['the log', \&secret],



=== TEST 3: down for five seconds under load
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['stopped', sub {
    my ($name, $repeated) = @_;

    healthy("$name, before");
    fresh_log();

    my @got = load(uri => sub { '/local?k=' . unique() }, seconds => 7,
                   rate => 150,
                   at => [[0.5, sub { $redis->pause }],
                          [5.5, sub { $redis->resume }]]);

    answered($name, 1.5, @got);
    decided("$name: all pass", { '200 passed' => scalar @got }, @got);
    is(scalar warns(), 2, "$name: two warnings") or diag(warns());
    healthy("$name, after");
}],



=== TEST 4: wrong from the start
--- http_config eval
$::http . <<'_EOC_'
gw_redis password {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    password_file ../html/wrong;
    timeout 150ms;
    breaker failures=2 open=300ms;
}
gw_redis none {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    timeout 150ms;
    breaker failures=2 open=300ms;
}
gw_redis user {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    username nobody;
    password_file ../html/password;
    timeout 150ms;
    breaker failures=2 open=300ms;
}
gw_redis database {
    server 127.0.0.1:$TEST_NGINX_MAIN;
    database 99;
    password_file ../html/password;
    timeout 150ms;
    breaker failures=2 open=300ms;
}
gw_redis nobody {
    server 127.0.0.1:1;
    timeout 150ms;
    breaker failures=2 open=300ms;
}
gw_redis deaf {
    server 127.0.0.1:$TEST_NGINX_DEAF;
    connect_timeout 10s;
    timeout 150ms;
    breaker failures=2 open=300ms;
}
gw_redis socket {
    server unix:$TEST_NGINX_SOCK/none.sock;
    timeout 150ms;
    breaker failures=2 open=300ms;
}
gw_ratelimit_zone $arg_k zone=password:1m rate=1r/h redis=password fallback=allow;
gw_ratelimit_zone $arg_k zone=none:1m rate=1r/h redis=none fallback=allow;
gw_ratelimit_zone $arg_k zone=user:1m rate=1r/h redis=user fallback=allow;
gw_ratelimit_zone $arg_k zone=database:1m rate=1r/h redis=database fallback=allow;
gw_ratelimit_zone $arg_k zone=nobody:1m rate=1r/h redis=nobody fallback=allow;
gw_ratelimit_zone $arg_k zone=deaf:1m rate=1r/h redis=deaf fallback=allow;
gw_ratelimit_zone $arg_k zone=socket:1m rate=1r/h redis=socket fallback=allow;
_EOC_
--- config eval: $::config . ::locations('/wrong', @::wrong)
--- user_files eval: $::files
--- post_setup_server_root
# a server whose queue is full: nobody gets in
$main::deaf = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 0)
    or die "deaf: $!";
$ENV{TEST_NGINX_DEAF} = $main::deaf->sockport;
@main::queue = map { IO::Socket::INET->new(Blocking => 0,
    PeerAddr => "127.0.0.1:$ENV{TEST_NGINX_DEAF}") } 1 .. 4;
--- cases
['all of them', sub {
    my ($name) = @_;

    my @got = load(uri => sub { "/wrong/$wrong[$_[0] % @wrong]?k=x" },
                   rate => 150, seconds => 2);

    answered($name, 1.5, @got);

    my %n;

    $n{"$_->{uri}: $_->{code} $_->{status}"}++ for @got;

    is_deeply([sort keys %n],
              [sort map { "/wrong/$_?k=x: 200 error" } @wrong],
              "$name: all are errors, and pass");

    for my $wrong (@wrong) {
        is(scalar(warns(qr/"$wrong"/)), 1, "$name: one warning of $wrong")
            or diag(warns());
    }

    healthy("$name: the right one works");
}],
['the log', \&secret],



=== TEST 5: how long a request waits
--- http_config eval
$::http . <<'_EOC_'
gw_redis patient {
    server 127.0.0.1:$TEST_NGINX_OTHER;
    connect_timeout 1s;
    timeout 1s;
    breaker failures=1000 open=300ms;
}
gw_ratelimit_zone $arg_k zone=a:1m rate=1r/h redis=patient fallback=allow;
gw_ratelimit_zone $arg_k zone=b:1m rate=1r/h redis=patient fallback=allow;
gw_ratelimit_zone $arg_k zone=c:1m algorithm=fixed_window quota=1/d redis=patient fallback=allow;
gw_concurrency_zone $arg_k zone=d:1m redis=patient ttl=20s;
gw_concurrency_zone $arg_k zone=e:1m redis=patient ttl=2s;
_EOC_
--- config
location /t {
    gw_ratelimit zone=a;
    gw_ratelimit zone=b;
    gw_ratelimit zone=c;
    gw_concurrency zone=d limit=5;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /late {
    gw_ratelimit zone=a;
    gw_concurrency zone=e limit=5;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files eval: $::files
--- cases
['once for all rules', sub {
    my ($name) = @_;

    my $settle = limit('/t?k=' . unique());

    $other->pause;

    my @got = load(uri => sub { '/t?k=' . unique() }, requests => 8);

    answered($name, 1.9, @got);
    decided("$name: all pass", { '200 error' => 8 }, @got);
    at_least(slowest(@got), 0.9, "$name: they wait");
    $other->resume;
    settled("$name: Redis again", '200 passed', 5,
            sub { '/t?k=' . unique() });
}],
['connections that were not there yet', sub {
    my ($name) = @_;

    $other->kick;
    $other->pause;

    my @got = load(uri => sub { '/t?k=' . unique() }, requests => 8);

    answered($name, 1.9, @got);
    decided("$name: all pass", { '200 error' => 8 }, @got);
    $other->resume;
}],
['clients that leave while they wait', sub {
    my ($name) = @_;

    my @workers = workers_of(master_pid());

    my ($began, @waiting);

    # Redis goes on before the timeout, long before they would lapse there

    for (1 .. 5) {
        $other->cmd('FLUSHALL');
        $began = time;
        $other->pause;
        @waiting = map { start(uri => '/t?k=' . unique()) } 1 .. 20;
        sleep 0.2;
        close $_->{conn}{socket} for @waiting[0 .. 18];
        sleep 0.2;
        $other->resume;
        is(finish($waiting[19])->{code}, 200, "$name: one has stayed");

        last if time - $began < 0.8;
    }

    settled("$name: Redis goes on", '200 passed', 5,
            sub { '/t?k=' . unique() });
    wait_for(sub { !@{[$other->keys('gw:c:*')]} }, 5);
    is_deeply([$other->keys('gw:c:*')], [], "$name: none is in flight");

    # answers that come too late, for requests that nobody waits for
    $other->pause;
    @waiting = map { start(uri => '/late?k=' . unique()) } 1 .. 20;
    sleep 0.1;
    close $_->{conn}{socket} for @waiting;
    sleep 1.2;
    $other->resume;
    settled("$name: Redis goes on", '200 passed', 5,
            sub { '/late?k=' . unique() });
    is_deeply([workers_of(master_pid())], \@workers, "$name: so do workers");
    at_least(scalar(() = read_file('logs/access.log') =~ /" 499 /g), 30,
             "$name: they were noticed");
    wait_for(sub { !@{[$other->keys('gw:c:*')]} }, 10);
    is_deeply([$other->keys('gw:c:*')], [], "$name: nor are these");
}],



=== TEST 6: what the limit is divided by
--- http_config eval
$::http . <<'_EOC_' =~ s/PERIOD/$::period/r
gw_redis two {
    server 127.0.0.1:$TEST_NGINX_OTHER;
    connect_timeout 300ms;
    timeout 300ms;
    breaker failures=3 open=300ms;
}
gw_ratelimit_zone $arg_k zone=seen:1m rate=1r/h burst=19 redis=two;
gw_ratelimit_zone $arg_k zone=five:1m rate=1r/h burst=19 redis=two gateways=5;
gw_ratelimit_zone $arg_k zone=many:1m rate=1r/h burst=19 redis=two gateways=1000;
gw_ratelimit_zone $arg_k zone=window:1m algorithm=fixed_window quota=20/PERIOD redis=two;
gw_concurrency_zone $arg_k zone=flight:1m redis=two gateways=2;
_EOC_
--- config eval: ::locations('', qw(seen five many window))
--- user_files eval: $::files
--- cases
['by the gateways seen, or as it says', sub {
    my ($name, $repeated) = @_;

    my $second = gateway('second');
    my @ports = (server_port(), $second->{port});
    my $k = unique();
    my $passed = sub {
        my ($uri, $port) = @_;

        my @got = load(uri => "$uri?k=" . unique(), requests => 40,
                       ports => [$port]);

        answered($name, 1.5, @got);

        return scalar grep { $_->{code} == 200 } @got;
    };

    $other->cmd('FLUSHALL') unless $repeated;
    load(uri => "/seen?k=$k", ports => \@ports, seconds => 3, rate => 30);
    $other->pause;

    for my $port (@ports) {
        is($passed->('/seen', $port), 10, "$name: half of it");
        is($passed->('/window', $port), 10, "$name: half of a quota");
        is($passed->('/five', $port), 4, "$name: a fifth");
        is($passed->('/many', $port), 1, "$name: one at least");
    }

    $other->resume;
    $second->kill;

    # the other one is forgotten
    load(uri => "/seen?k=$k", seconds => 12.5, rate => 10);
    $other->pause;
    is($passed->('/seen', server_port()), 20, "$name: alone");
    $other->resume;
}],
