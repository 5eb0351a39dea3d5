# Answers that are none: each request that waits for one is decided by the
# fallback, and the connection is not used again for another.

use GwTest;
use GwRedis;

our $redis = redis('MAIN', password => 'secret');
our $fake = fake('FAKE', $redis);

our $http = $GwRedis::BACK . <<'_EOC_';
gw_redis main {
    server 127.0.0.1:$TEST_NGINX_FAKE;
    database 1;
    password_file ../html/password;
    connect_timeout 250ms;
    timeout 250ms;
    breaker failures=2 open=50ms;
}

gw_ratelimit_zone $arg_k zone=z:1m rate=1r/h burst=9 redis=main fallback=allow;
gw_ratelimit_zone $arg_k zone=more:1m rate=1r/h burst=9 redis=main fallback=allow;
gw_ratelimit_zone $arg_k zone=window:1m algorithm=fixed_window quota=10/d redis=main fallback=allow;
gw_ratelimit_zone $arg_k zone=leased:1m rate=1000r/s burst=99 redis=main fallback=allow mode=leased;
gw_concurrency_zone $arg_k zone=flight:1m redis=main;
_EOC_

our $config = <<'_EOC_';
location /z {
    gw_ratelimit zone=z;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all {
    gw_ratelimit zone=z;
    gw_ratelimit zone=more;
    gw_ratelimit zone=window;
    gw_ratelimit zone=leased;
    gw_concurrency zone=flight limit=100;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

our $files = ">>> password\nsecret\n";

# what a script of these rules says to one that may pass
our $admitted = "*3\r\n:1\r\n:0\r\n:0\r\n";


sub fresh { return sub { '/z?k=' . unique() } }


# Redis decides, and the limit is kept.

sub healthy {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my (@fresh, @same);

    $fake->mode('pass');

    # both workers, and whatever connections they have; a machine may not get
    # an answer through in time
    wait_for(sub {
        @fresh = load(uri => fresh(), requests => 16);
        @same = load(uri => '/z?k=' . unique(), requests => 16);

        return !grep { $_->{status} eq 'error' } @fresh, @same;
    }, 10);
    decided("$name: Redis decides", { '200 passed' => 16 }, @fresh);
    decided("$name: and keeps the limit",
            { '200 passed' => 10, '429 rejected' => 6 }, @same);
}


# An answer by which nothing is decided.

sub bad {
    my ($what, @mode) = @_;

    return [$what, sub {
        my ($name) = @_;

        $fake->mode(@mode);

        my @got = load(uri => fresh(), requests => 16);

        answered($name, 1.5, @got);
        decided("$name: errors", { '200 error' => 16 }, @got);
        healthy($name);
    }];
}


# An answer of which only is asked that it does no harm.

sub odd {
    my ($what, @mode) = @_;

    return [$what, sub {
        my ($name) = @_;

        $fake->mode(@mode);

        for my $uri (qw(/z /all)) {
            answered("$name, $uri", 1.5,
                     load(uri => sub { "$uri?k=" . unique() },
                          requests => 16));
        }

        healthy($name);
    }];
}


# Sizes of the workers, in MB: a hash by pid.

sub sizes {
    my ($which) = @_;

    return map { ($_ => read_file("/proc/$_/status") =~ /^$which:\s+(\d+) kB/m
                        ? $1 / 1024 : 0) }
               workers_of(master_pid());
}


# What workers had in memory, and what they had asked for, when a block began:
# with ASan that is very much.

our (%had, %asked);

sub begins {
    my ($name) = @_;

    healthy($name);
    %had = sizes('VmRSS');
    %asked = sizes('VmSize');
}


# By how much one has grown at most.  What is freed ASan keeps for a while, up
# to 256 MB.

sub memory {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $kept = $ENV{TEST_GW_SANITIZER_LOG} ? 2 * 256 : 0;
    my %most = sizes('VmHWM');
    my %peak = sizes('VmPeak');

    is_deeply([sort keys %most], [sort keys %had], "$name: the same workers");

    for (sort keys %had) {
        at_most(($most{$_} // 0) - $had{$_}, 32 + $kept, $name);
        at_most(($peak{$_} // 0) - $asked{$_}, 256 + $kept,
                "$name: asked for");
    }
}


# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: split and late answers
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['byte by byte', sub {
    my ($name) = @_;

    healthy("$name, before");
    $fake->mode('bytes');

    my @got = undisturbed(0.1, sub {
        load(uri => '/z?k=' . unique(), requests => 16, conns => 1);
    });

    decided("$name: as ever", { '200 passed' => 10, '429 rejected' => 6 },
            @got);
}],
['a late answer is not that of the next call', sub {
    my ($name) = @_;

    my $k = unique();

    healthy("$name, before");
    load(uri => "/z?k=$k", requests => 16);

    for (1 .. 5) {
        $fake->mode('late', 0.7, once => 1);

        my $late = http(uri => '/z?k=' . unique());

        is($late->{header}{'x-limit'}, 'error', "$name: comes too late");

        my @got = load(uri => "/z?k=$k", requests => 24, rate => 60);

        is(limits(@got)->{'200 passed'} // 0, 0, "$name: nothing passes")
            or diag(join ' ', map { $_->{status} } @got);
    }

    healthy("$name, after");
}],
['more answers than calls', sub {
    my ($name) = @_;

    my $k = unique();

    healthy("$name, before");
    $fake->mode('add', $admitted);

    # one after the other: no call waits for the next answer
    my @got = load(uri => "/z?k=$k", requests => 50, conns => 1);

    answered($name, 1.5, @got);
    at_most(limits(@got)->{'200 passed'} // 0, 10, "$name: they count nothing");
    healthy("$name, after");
}],



=== TEST 2: no answers
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['begins', \&begins],
bad('silence', 'silent'),
bad('closed', 'close'),
bad('closed in the middle', 'half'),
bad('late', 'late', 0.5),
['deaf from the beginning', sub {
    my ($name) = @_;

    $fake->mode('close');
    load(uri => fresh(), requests => 8);
    $fake->mode('mute');
    sleep 0.1;

    my @got = load(uri => fresh(), requests => 16);

    answered($name, 1.5, @got);
    decided("$name: errors", { '200 error' => 16 }, @got);
    healthy($name);
}],
(map {
    my ($what, $bytes) = @$_;

    ["$what to AUTH and SELECT", sub {
        my ($name) = @_;

        $fake->mode('hello', $bytes);

        my @got = load(uri => fresh(), requests => 16);

        answered($name, 1.5, @got);
        decided("$name: errors", { '200 error' => 16 }, @got);
        healthy($name);
    }]
} (
    ['errors', "-ERR no\r\n"],
    ['garbage', "never heard of it\r\n"],
    ['a huge array', "*1000000000\r\n"],
    ['half a line', '+O'],
)),
['memory', \&memory],



=== TEST 3: no answers of Redis
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['begins', \&begins],
(map { bad((s/\r\n/ /gr) =~ s/[^ -~]/?/gr, 'reply', $_) }
    "no protocol\r\n", "\r\n", "\0\xff\0\xff\0\xff\r\n",
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "+OK\r\n", ":1\r\n", "\$1\r\n1\r\n", "\$-1\r\n", "*-1\r\n", "*0\r\n",
    "*1\r\n:1\r\n", "*3\r\n*0\r\n*0\r\n*0\r\n", "*3\r\n+a\r\n+b\r\n+c\r\n",
    "*3\r\n\$-1\r\n\$-1\r\n\$-1\r\n", "\$-5\r\n", "*-7\r\n", ":\r\n", ":x\r\n",
    "\$3\r\nabcdef\r\n", ":99999999999999999999999\r\n",
    "\$99999999999999999999999\r\n",
    ("*1\r\n" x 200) . ":1\r\n",
    "%1\r\n+a\r\n:1\r\n", "_\r\n", "#t\r\n", ">2\r\n+message\r\n+x\r\n",
),
['memory', \&memory],



=== TEST 4: errors
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['begins', \&begins],
map { bad($_, 'reply', "-$_\r\n") }
    '', 'ERR Error running script (call to f_): @user_script: 1: wrong',
    "OOM command not allowed when used memory > 'maxmemory'.",
    "READONLY You can't write against a read only replica.",
    "NOPERM this user has no permissions to run the 'evalsha' command",
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script.',
    'MISCONF Redis is configured to save RDB snapshots, but it cannot',
    'MASTERDOWN Link with MASTER is down', 'NOAUTH Authentication required.',
    'CLUSTERDOWN The cluster is down', 'NOREPLICAS Not enough replicas',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'MOVED 1 127.0.0.1:1', 'ASK 1 127.0.0.1:1',
    'MOVED x y', 'NOSCRIPT No matching script. Please use EVAL.'



=== TEST 5: lengths
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['begins', \&begins],
(map { bad((s/\r\n/ /gr), 'reply', $_) }
    "*1000000000\r\n", "*2147483648\r\n", "*4294967297\r\n:1\r\n",
    "*9223372036854775807\r\n", "\$1000000000\r\nx", "\$2147483647\r\n",
    "\$9223372036854775807\r\n", '*'),
bad('a line without end', 'flood', 'x' x 16384),
bad('a number without end', 'flood', ':' . '1' x 16384),
bad('a string without end', 'reply', "\$100000000\r\n" . 'x' x 1000000),
bad('arrays in arrays without end', 'flood', "*1\r\n" x 4096),
['memory', \&memory],



=== TEST 6: answers that are strange
--- http_config eval: $::http
--- config eval: $::config
--- user_files eval: $::files
--- cases
['begins', \&begins],
(map { odd((s/\r\n/ /gr), 'reply', $_) }
    "*3\r\n:1\r\n:-9223372036854775808\r\n:0\r\n",
    "*3\r\n:0\r\n:9223372036854775807\r\n:9223372036854775807\r\n",
    "*3\r\n:-1\r\n:-1\r\n:-1\r\n", "*3\r\n:1\r\n:1\r\n:4294967296\r\n",
    "*2\r\n:1\r\n:9223372036854775807\r\n",
    "*5\r\n:1\r\n:-1\r\n:-1\r\n:0\r\n:0\r\n",
    "*5\r\n:0\r\n:9223372036854775807\r\n:-9223372036854775808\r\n"
        . ":9223372036854775807\r\n:-9223372036854775808\r\n",
    "*4\r\n:9223372036854775807\r\n:-9223372036854775808\r\n:-1\r\n:-1\r\n",
    "*4\r\n:100000\r\n:0\r\n:0\r\n:9223372036854775807\r\n",
    "*100\r\n" . ":1\r\n" x 100),
odd('answers without end', 'flood', $::admitted x 1000),
odd('closed at once, under more rules', 'close'),
odd('silence, under more rules', 'silent'),
['memory', \&memory],
