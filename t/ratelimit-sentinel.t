# A master behind Sentinel, and its successor.

use GwTest;
use GwRedis;

our $master = redis('FIRST', password => 'of-redis');
our $replica = redis('SECOND', password => 'of-redis', args => [
    "replicaof 127.0.0.1 $master->{port}",
]);

$replica->follows($master);

our @sentinels = sentinels('SENTINEL', 3, $master, 'requirepass of-sentinel');

our $http = $GwRedis::BACK . <<'_EOC_';
error_log logs/error.log info;
error_log logs/debug.log debug;

gw_redis main {
    server 127.0.0.1:$TEST_NGINX_SENTINEL1;
    server 127.0.0.1:$TEST_NGINX_SENTINEL2;
    server 127.0.0.1:$TEST_NGINX_SENTINEL3;
    sentinel main;
    sentinel_password_file ../html/of-sentinel;
    password_file ../html/of-redis;
    connect_timeout 400ms;
    timeout 400ms;
    breaker failures=5 open=300ms;
}
gw_redis gone {
    server 127.0.0.1:1;
    server 127.0.0.1:$TEST_NGINX_SENTINEL2;
    sentinel main;
    sentinel_password_file ../html/of-sentinel;
    password_file ../html/of-redis;
    connect_timeout 400ms;
    timeout 400ms;
    breaker failures=5 open=300ms;
}
gw_redis unknown {
    server 127.0.0.1:$TEST_NGINX_SENTINEL1;
    sentinel unknown;
    sentinel_password_file ../html/of-sentinel;
    password_file ../html/of-redis;
    connect_timeout 400ms;
    timeout 400ms;
    breaker failures=2 open=300ms;
}
gw_redis password {
    server 127.0.0.1:$TEST_NGINX_SENTINEL1;
    sentinel main;
    sentinel_password_file ../html/of-redis;
    password_file ../html/of-redis;
    connect_timeout 400ms;
    timeout 400ms;
    breaker failures=2 open=300ms;
}
gw_ratelimit_zone $arg_k zone=main:1m rate=1r/h burst=9 redis=main fallback=allow;
gw_ratelimit_zone $arg_k zone=local:1m rate=1r/h burst=9 redis=main gateways=1;
gw_ratelimit_zone $arg_k zone=gone:1m rate=1r/h burst=9 redis=gone fallback=allow;
gw_ratelimit_zone $arg_k zone=unknown:1m rate=1r/h burst=9 redis=unknown fallback=allow;
gw_ratelimit_zone $arg_k zone=password:1m rate=1r/h burst=9 redis=password fallback=allow;
_EOC_

our $config = join '', map { <<_EOC_ } qw(main local gone unknown password);
location /$_ {
    gw_ratelimit zone=$_;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_

our $files = ">>> of-redis\nof-redis\n>>> of-sentinel\nof-sentinel\n";


sub healthy {
    my ($name, $uri) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @got;

    $uri //= '/main';

    # a machine may not get an answer through in time
    wait_for(sub {
        @got = load(uri => "$uri?k=" . unique(), requests => 24);

        return !grep { $_->{status} eq 'error' } @got;
    }, 3);
    decided($name, { '200 passed' => 10, '429 rejected' => 14 }, @got);
}


# Requests while the roles change: until the next one decides, for three
# seconds at least and twenty at most.

sub under_load {
    my ($change, $next) = @_;

    my @at = [0.5, $change];
    my @got;

    for (1 .. 10) {
        push @got, load(uri => sub { (qw(/main /local))[$_[0] % 2] . '?k='
                                     . unique() },
                        seconds => 3, rate => 100, at => [splice @at]);

        my $k = unique();

        last if limit("/main?k=$k") eq '200 passed'
                && eval { $next->cmd('EXISTS', "gw:g:main:$k") };
    }

    return @got;
}


# The one that is the master by now; the other one.

sub roles {
    return $master->is_master ? ($master, $replica) : ($replica, $master);
}


# Until the other one follows it, and all Sentinels know.

sub watched {
    my ($name) = @_;

    ok(wait_for(sub {
        my ($now, $then) = eval { roles() } or return;

        $then->cmd('INFO', 'replication') =~ /master_link_status:up/ or return;

        for (@sentinels) {
            my %of = @{ $_->cmd('SENTINEL', 'MASTER', 'main') };

            my ($of) = map { +{ @$_ } }
                       @{ $_->cmd('SENTINEL', 'REPLICAS', 'main') };

            return if $of{port} != $now->{port} || $of{flags} ne 'master'
                      || $of{'num-slaves'} != 1 || $of->{flags} ne 'slave'
                      || $of->{'master-link-status'} ne 'ok';
        }

        return 1;
    }, 25), "$name: as it was, with the roles changed");
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: the master is found
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['by the first that knows', sub {
    my ($name) = @_;

    my ($now) = roles();
    my $k = unique();

    healthy($name);
    healthy("$name: the first is gone", '/gone');
    is(limit("/main?k=$k"), '200 passed', "$name: passes");
    is($now->cmd('EXISTS', "gw:g:main:$k"), 1, "$name: there");
    is_deeply([warns(qr/gw_redis "(?:main|gone)"/)], [], "$name: no warnings");
}],
['one that they do not know', sub {
    my ($name) = @_;

    my @got = load(uri => sub { (qw(/unknown /password))[$_[0] % 2] . '?k='
                                . unique() }, seconds => 1, rate => 60);

    answered($name, 1.5, @got);
    decided($name, { '200 error' => scalar @got }, @got);
    is(scalar warns(qr/gw_redis "$_"/), 1, "$name: one warning of $_")
        or diag(warns()) for qw(unknown password);
    healthy("$name: the other ones work");
}],



=== TEST 2: failover
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
(map {
    my ($what, $end, $again) = @$_;

    ["the master is $what", sub {
        my ($name) = @_;

        my ($now, $next) = roles();

        settled("$name: begins", '200 passed', 5,
                sub { '/main?k=' . unique() });
        healthy("$name, before");
        fresh_log();

        my @got = under_load(sub { $end->($now) }, $next);

        answered($name, 1.8, @got);

        my @local = grep { $_->{uri} =~ /local/ } @got;

        decided("$name: all pass", { '200 passed' => scalar @local }, @local);
        settled("$name: the next one decides", '200 passed', 5,
                sub { '/main?k=' . unique() });
        healthy("$name, after");
        at_most(scalar warns(), 2, "$name: two warnings") or diag(warns());
        $again->($now);
        $now->ready;
        watched($name);
        healthy("$name, with both");

        my $k = unique();

        is(limit("/main?k=$k"), '200 passed', "$name: passes");
        is($next->cmd('EXISTS', "gw:g:main:$k"), 1, "$name: there");
        }]
} (
    ['killed', sub { $_[0]->kill9 }, sub { $_[0]->begin }],
    ['stopped', sub { $_[0]->pause }, sub { $_[0]->resume }],
)),
['by hand', sub {
    my ($name) = @_;

    my ($now, $next) = roles();
    my @got = under_load(sub {
        $sentinels[0]->cmd(qw(SENTINEL FAILOVER main));
    }, $next);

    answered($name, 1.8, @got);
    settled("$name: the next one decides", '200 passed', 5,
            sub { '/main?k=' . unique() });
    watched($name);
    ok($next->is_master, "$name: it is");
    healthy("$name, after");
}],
['no passwords in the logs', sub {
    my ($name) = @_;

    my @files = glob Test::Nginx::Util::server_root() . '/logs/*.log';

    # names of files have these words behind a slash
    is(scalar(grep { read_file($_) =~ m{(?<!/)\bof-(?:redis|sentinel)\b} }
                   @files), 0, "$name: of " . @files);
}],
