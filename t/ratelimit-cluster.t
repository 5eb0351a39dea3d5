# A Cluster: keys on all nodes, slots that move, nodes that die.

use GwTest;
use GwRedis;

our @nodes = cluster('NODE', 3);
our $fake = fake('FAKE', $nodes[0]);

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_NODE2;
    server 127.0.0.1:$TEST_NGINX_NODE1;
    cluster on;
    connect_timeout 400ms;
    timeout 400ms;
    breaker failures=5 open=300ms;
}
gw_redis liar {
    server 127.0.0.1:$TEST_NGINX_FAKE;
    cluster on;
    connect_timeout 400ms;
    timeout 400ms;
    breaker failures=3 open=100ms;
}
gw_ratelimit_zone $arg_k zone=deny:1m rate=1r/h burst=9 redis=main fallback=deny;
gw_ratelimit_zone $arg_k zone=allow:1m rate=1r/h burst=9 redis=main fallback=allow;
gw_ratelimit_zone $arg_k zone=much:1m rate=1r/h burst=499 redis=main fallback=deny;
gw_ratelimit_zone $arg_l zone=other:1m rate=1r/h burst=2 redis=main fallback=deny;
gw_ratelimit_zone $arg_k zone=leased:1m rate=100r/s burst=20 redis=main mode=leased fallback=deny;
gw_ratelimit_zone $arg_k zone=liar:1m rate=1r/h burst=9 redis=liar fallback=allow;
gw_concurrency_zone $arg_k zone=flight:1m redis=main;
_EOC_

our $config = join('', map { <<_EOC_ } qw(deny allow much leased liar)
location /$_ {
    gw_ratelimit zone=$_;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_
) . <<'_EOC_';
location /both {
    gw_ratelimit zone=deny;
    gw_ratelimit zone=other;
    gw_concurrency zone=flight limit=100;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_


# Slots by their names: CRC-16 of what is asked for.

sub slot {
    my ($key) = @_;

    return $nodes[0]->cmd('CLUSTER', 'KEYSLOT', $key);
}


# Which of the nodes has a slot, as they were set up.

sub node_of {
    my ($key) = @_;

    return int((slot($key) * 3 + 2) / 16384);
}


# A word whose key in a zone is on that node.

sub word_on {
    my ($node, $zone) = @_;

    while (1) {
        my $k = unique();

        return $k if node_of("gw:g:$zone:$k") == $node;
    }
}


# Moves the slot of a key, in three steps: where to; what it has; done.

sub announce {
    my ($slot, $from, $to) = @_;

    $to->cmd(qw(CLUSTER SETSLOT), $slot, 'IMPORTING', $from->id);
    $from->cmd(qw(CLUSTER SETSLOT), $slot, 'MIGRATING', $to->id);
}


sub move_keys {
    my ($slot, $from, $to) = @_;

    while (my @keys = @{ $from->cmd(qw(CLUSTER GETKEYSINSLOT), $slot, 100) }) {
        $from->cmd('MIGRATE', '127.0.0.1', $to->{port}, '', 0, 2000, 'KEYS',
                   @keys);
    }
}


sub hand_over {
    my ($slot, $from, $to) = @_;

    $_->cmd(qw(CLUSTER SETSLOT), $slot, 'NODE', $to->id)
        for $to, $from, grep { $_ != $to && $_ != $from } @nodes;
}


sub healthy {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @got;

    # a machine may not get an answer through in time
    wait_for(sub {
        my @k = map { word_on($_, 'deny') } 0 .. 2;

        @got = load(uri => sub { "/deny?k=$k[$_[0] % 3]" }, requests => 60);

        return !grep { $_->{status} eq 'error' } @got;
    }, 3);

    answered($name, 1.5, @got);
    decided("$name: limits hold", { '200 passed' => 30, '429 rejected' => 30 },
            @got);
}


# Requests until that is so, for two seconds at least and twenty at most.

sub under_load {
    my ($is) = @_;

    my @got;

    for (1 .. 10) {
        push @got, load(uri => sub { '/allow?k=' . unique() }, seconds => 2,
                        rate => 100);

        last if $is->();
    }

    return @got;
}


# Once one of a node's keys is decided by Redis, all are.

sub all_again {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @got;

    settled("$name: node $_", '200 passed', 8, sub {
        '/allow?k=' . word_on($_, 'allow');
    }) for 0 .. 2;

    wait_for(sub {
        @got = load(uri => sub { '/allow?k=' . unique() }, requests => 100);

        return !grep { $_->{status} eq 'error' } @got;
    }, 5);
    decided("$name: all keys again", { '200 passed' => 100 }, @got);
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: keys on all nodes
--- http_config eval: $::http
--- config eval: $::config
--- cases
['many keys', sub {
    my ($name) = @_;

    $_->cmd('FLUSHALL') for @nodes;

    my $other = gateway('other');
    my @k = map { unique() } 1 .. 30;
    my @got = load(uri => sub { '/deny?k=' . $k[$_[0] % 30] },
                   requests => 30 * 14,
                   ports => [server_port(), $other->{port}]);

    answered($name, 1.5, @got);
    decided($name, { '200 passed' => 300, '429 rejected' => 120 }, @got);

    my %n;

    for my $i (0 .. 2) {
        $n{$i} = () = $nodes[$i]->keys('gw:g:deny:*');
        at_least($n{$i}, 1, "$name: some on node $i");
    }

    is($n{0} + $n{1} + $n{2}, 30, "$name: each once");
    is($other->quit, 1, "$name: ends");
    no_alerts($name, $other);
}],
['several rules of a request', sub {
    my ($name) = @_;

    for (1 .. 6) {
        my @got = load(uri => '/both?k=' . unique() . '&l=' . unique('l'),
                       requests => 6);

        decided("$name: the smaller one",
                { '200 passed' => 3, '429 rejected' => 3 },
                @got);
    }
}],
['where it goes is learnt once', sub {
    my ($name) = @_;

    # after the first answers nobody has to be sent elsewhere
    load(uri => sub { '/deny?k=' . unique() }, requests => 60);

    my $errors = sub {
        my $n = 0;

        for (@nodes) {
            my $stats = $_->cmd('INFO', 'errorstats');

            $n += $1 if $stats =~ /errorstat_MOVED:count=(\d+)/;
        }

        return $n;
    };
    my $before = $errors->();

    load(uri => sub { '/deny?k=' . unique() }, requests => 60);
    is($errors->() - $before, 0, $name);
}],
['leased', sub {
    my ($name) = @_;

    my @k = map { word_on($_, 'leased') } 0 .. 2;
    my @got = load(uri => sub { "/leased?k=$k[$_[0] % 3]" }, seconds => 2,
                   rate => 600);

    answered($name, 1.5, @got);

    for my $k (@k) {
        my @of = grep { $_->{uri} =~ /\Q$k\E/ } @got;

        my $busy = busy($got[0]{at}, $got[-1]{at}, @of);

        within_rate("$name: $k", 100, 30, @of);
        at_least(scalar(grep { $_->{code} == 200 } @of),
                 0.9 * (100 * $busy + 20), "$name: enough");
    }
}],



=== TEST 2: a slot that moves
--- http_config eval: $::http
--- config eval: $::config
--- cases
['under load', sub {
    my ($name) = @_;

    my $k = word_on(0, 'much');
    my $slot = slot("gw:g:much:$k");
    my ($from, $to) = @nodes[0, 2];

    # the new one does not know the scripts
    $to->cmd('SCRIPT', 'FLUSH');

    my @got = load(uri => "/much?k=$k", seconds => 2.5, rate => 300,
                   at => [[0.5, sub { announce($slot, $from, $to) }],
                          [1.0, sub { move_keys($slot, $from, $to) }],
                          [1.5, sub { hand_over($slot, $from, $to) }]]);

    answered($name, 1.5, @got);
    decided("$name: not one more or less",
            { '200 passed' => 500, '429 rejected' => @got - 500 },
            @got);
    is($to->cmd('EXISTS', "gw:g:much:$k"), 1, "$name: it has moved");

    announce($slot, $to, $from);
    move_keys($slot, $to, $from);
    hand_over($slot, $to, $from);
    is(limit("/much?k=$k"), '429 rejected', "$name: and back");
}],
['a key that is new on the way', sub {
    my ($name) = @_;

    my $k = word_on(1, 'much');
    my $slot = slot("gw:g:much:$k");
    my ($from, $to) = @nodes[1, 0];

    load(uri => sub { '/much?k=' . unique() }, requests => 30);
    $to->cmd('SCRIPT', 'FLUSH');
    announce($slot, $from, $to);

    my @got = load(uri => "/much?k=$k", requests => 100);

    answered($name, 1.5, @got);
    decided("$name: passes", { '200 passed' => 100 }, @got);
    hand_over($slot, $from, $to);
    @got = load(uri => "/much?k=$k", requests => 500);
    decided("$name: all were counted",
            { '200 passed' => 400, '429 rejected' => 100 },
            @got);

    announce($slot, $to, $from);
    move_keys($slot, $to, $from);
    hand_over($slot, $to, $from);
    is(limit("/much?k=$k"), '429 rejected', "$name: and back");
}],
['no warnings', sub { is_deeply([warns()], [], $_[0]) }],



=== TEST 3: a node that dies
--- http_config eval: $::http
--- config eval: $::config
--- cases
['only its keys are without', sub {
    my ($name, $repeated) = @_;

    my $dead = $nodes[$repeated ? 0 : 1];

    healthy("$name, before");
    fresh_log();

    my %on;

    while (!$on{0} || !$on{1} || !$on{2} || @{ $on{0} } < 40
           || @{ $on{1} } < 40 || @{ $on{2} } < 40)
    {
        my $k = unique();

        push @{ $on{node_of("gw:g:allow:$k")} }, $k;
    }

    my $is_dead = $dead == $nodes[0] ? 0 : 1;

    $dead->kill9;

    my @got = load(uri => sub { my ($i) = @_; my $of = $on{$i % 3};
                                "/allow?k=" . $of->[$i / 3 % @$of] },
                   seconds => 2, rate => 150);
    my %n;

    for my $got (@got) {
        my ($k) = $got->{uri} =~ /k=(.*)/;
        my ($on) = grep { my $i = $_; grep { $_ eq $k } @{ $on{$i} } } 0 .. 2;

        $n{$on}{"$got->{code} $got->{status}"}++;
    }

    answered($name, 1.8, @got);

    for my $i (0 .. 2) {
        my $want = $i == $is_dead ? '200 error' : '200 passed';

        is_deeply([keys %{ $n{$i} }], [$want], "$name: node $i")
            or diag(map { "$_ $n{$i}{$_}, " } keys %{ $n{$i} });
    }

    is(scalar warns(), 1, "$name: one warning") or diag(warns());
    $dead->begin;
    $dead->ready;
    settled("$name: mended", '200 passed', 8,
            sub { '/allow?k=' . word_on($is_dead, 'allow') });
    GwRedis::joined(@nodes);
    healthy("$name, after");
    is(scalar warns(), 2, "$name: another warning") or diag(warns());
}],
['the first to be asked', sub {
    my ($name) = @_;

    # a new start, whose first server is not there
    $nodes[1]->kill9;
    kill HUP => master_pid();
    sleep 0.5;
    settled("$name: another tells", '200 passed', 5,
            sub { '/allow?k=' . word_on(0, 'allow') });
    $nodes[1]->begin;
    $nodes[1]->ready;
    settled("$name: mended", '200 passed', 8,
            sub { '/allow?k=' . word_on(1, 'allow') });
    GwRedis::joined(@nodes);
}],
['a node that takes over', sub {
    my ($name, $repeated) = @_;

    return if $repeated;

    my $master = $nodes[2];
    my $replica = redis('NODE4', cluster => 1);

    $nodes[0]->meet($replica);
    GwRedis::joined(@nodes, $replica);
    $replica->cmd(qw(CLUSTER REPLICATE), $master->id);
    $replica->follows($master);
    fresh_log();
    $master->kill9;

    my @got = under_load(sub { $replica->is_master });

    answered($name, 1.8, @got);
    ok($replica->is_master, "$name: the replica did it");
    all_again($name);
    @nodes = (@nodes[0, 1], $replica);
    healthy("$name, after");
    at_most(scalar warns(), 2, "$name: two warnings") or diag(warns());

    # to the roles of before, for other tests
    $master->begin;
    $master->ready;
    $master->follows($replica);
    GwRedis::joined($master, @nodes);

    # nodes that have just met do not hear each other yet
    sleep 1;
    $master->cmd(qw(CLUSTER FAILOVER));
    @got = under_load(sub { $master->is_master });
    answered("$name: failover by hand", 1.8, @got);
    ok($master->is_master, "$name: as before")
        or wait_for(sub { $master->is_master
                          || $master->cmd(qw(CLUSTER FAILOVER)) && 0 }, 20);
    all_again("$name: by hand");
    @nodes = (@nodes[0, 1], $master);
    healthy("$name: as before");
}],



=== TEST 4: answers that lead nowhere
--- http_config eval: $::http
--- config eval: $::config
--- cases
['the right ones', sub {
    my ($name) = @_;

    $fake->mode('pass');
    settled($name, '200 passed', 5, sub { '/liar?k=' . unique() });
}],
(map {
    my $reply = $_;

    [$reply, sub {
        my ($name) = @_;

        my $to = $reply =~ s/FAKE/127.0.0.1:$fake->{port}/r;
        my $k = word_on(0, 'liar');

        settled("$name: before", '200 passed', 5,
                sub { '/liar?k=' . word_on(0, 'liar') });
        $fake->mode('reply', "-$to\r\n");

        my @on = grep { node_of("gw:g:liar:$_") == 0 }
                      map { unique() } 1 .. 60;
        my @got = load(uri => sub { '/liar?k=' . $on[$_[0] % @on] },
                       requests => 24);

        answered($name, 1.5, @got);
        $fake->mode('pass');
        settled("$name: after", '200 passed', 5,
                sub { '/liar?k=' . word_on(0, 'liar') });
    }]
} 'MOVED 5 FAKE', 'ASK 5 FAKE', 'MOVED 5 127.0.0.1:1', 'ASK 5 127.0.0.1:1',
  'MOVED', 'MOVED 5', 'MOVED x 127.0.0.1:7000', 'MOVED 5 :0', 'MOVED 5 :1',
  'MOVED 5 127.0.0.1:99999', 'MOVED 5 127.0.0.1:-1', 'MOVED 5 127.0.0.1:',
  'MOVED 99999 FAKE', 'MOVED -1 FAKE', 'MOVED 5 999.999.999.999:1',
  'MOVED 5 ' . 'x' x 5000 . ':1', 'MOVED 5 [::1', 'ASK x', 'ASK 5 nowhere:1',
  'CLUSTERDOWN Hash slot not served', 'TRYAGAIN', 'CROSSSLOT'),
(map {
    my ($what, $bytes) = @$_;

    ["slot map: $what", sub {
        my ($name) = @_;

        $fake->mode('hello', $bytes);
        kill HUP => master_pid();
        sleep 0.4;

        my @got = load(uri => sub { '/liar?k=' . unique() }, requests => 24);

        answered($name, 1.5, @got);
        $fake->mode('pass');
        settled("$name: after", '200 passed', 5,
                sub { '/liar?k=' . word_on(0, 'liar') });
    }]
} (
    ['an error', "-ERR unknown command\r\n"],
    ['a line', "+OK\r\n"],
    ['nothing', "*0\r\n"],
    ['of numbers', "*2\r\n:1\r\n:2\r\n"],
    ['slots too high', "*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n"
                       . "\$9\r\n127.0.0.1\r\n:1\r\n"],
    ['slots below 0', "*1\r\n*3\r\n:-7\r\n:16383\r\n*2\r\n"
                      . "\$9\r\n127.0.0.1\r\n:1\r\n"],
    ['slots the wrong way', "*1\r\n*3\r\n:16383\r\n:0\r\n*2\r\n"
                            . "\$9\r\n127.0.0.1\r\n:1\r\n"],
    ['a port too high', "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n"
                        . "\$9\r\n127.0.0.1\r\n:99999\r\n"],
    ['no address', "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n\$-1\r\n:1\r\n"],
    ['an unknown address', "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n"
                           . "\$9\r\nnever.ask\r\n:1\r\n"],
    ['no nodes', "*1\r\n*2\r\n:0\r\n:16383\r\n"],
)),
