package GwRedis;

# Real servers of Redis for the tests of gw_redis, further gateways beside the
# tested one, and a fake server for what a real one does not do.
#
# All listen on ports of the file's slot, write their logs below
# $TEST_NGINX_SERVROOT-redis, and are killed when the file ends, however it
# ends.
#
#   redis(NAME, option => ...)   a server, see there; $TEST_NGINX_NAME is its
#                                port
#   cluster(NAME, N)             N masters of a Cluster
#   sentinels(NAME, N, $master)  Sentinels
#   fake(NAME, $redis)           stands before a server and spoils its answers
#   gateway(NAME)                a copy of the tested nginx as it runs now
#   load(option => ...)          requests, many at a time
#
# Every answer of the tested server carries X-Limit ($gw_ratelimit_status),
# X-Results ($gw_ratelimit_results), X-Error ($gw_error) and X-Worker (a pid).

use strict;
use warnings;

use GwTest;
use GwProcess qw(run ended started guard let_go port);

use File::Copy ();
use File::Path ();
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use List::Util ();
use POSIX ();
use Socket ();
use Time::HiRes qw(time sleep);

use Exporter 'import';

our @EXPORT = qw(redis cluster sentinels fake gateway certificates load counts
                 limits decided answered slowest limit settled at_least
                 at_most within_rate busy undisturbed fresh_log warns
                 no_alerts master_pid workers_of reload unique period_ahead
                 time sleep);

our $DIR = Test::Nginx::Util::server_root() . '-redis';
our $BACK = $GwTest::BACK;

my $log_from = 0;
my (%ports, %servers, @gateways);

File::Path::remove_tree($DIR);
File::Path::make_path($DIR);

# two workers, that share connections out however busy they are

Test::Nginx::Util::master_on();
Test::Nginx::Util::workers(2);
$Test::Nginx::Util::ReusePort = 1;

Test::Nginx::Util::config_preamble(<<'_EOC_');
        add_header X-Limit $gw_ratelimit_status always;
        add_header X-Results $gw_ratelimit_results always;
        add_header X-Error $gw_error always;
        add_header X-Worker $pid always;
_EOC_

Test::Nginx::Util::add_test_cleanup_handler(sub {
    $_->kill for splice @gateways;
    $log_from = 0;
});


# A server; options:
#
#   password   requirepass
#   args       further lines of its configuration, a list
#   acl        lines of ACL SETUSER, a list
#   tls        a hash of certificates(): $TEST_NGINX_NAME_TLS is its port
#   cluster    1: a node of a Cluster
#
# Its methods are below GwRedis::Server.

sub redis {
    my ($name, %arg) = @_;

    my $dir = "$DIR/" . lc $name;

    File::Path::make_path($dir);

    my $self = bless { name => $name, dir => $dir, port => port(), %arg },
                     'GwRedis::Server';
    my @lines = (
        'bind 127.0.0.1', "port $self->{port}", "dir $dir",
        "unixsocket $dir/redis.sock", 'unixsocketperm 777',
        'save ""', 'appendonly no', 'repl-diskless-sync-delay 0',
        @{ $arg{args} // [] },
    );

    push @lines, "requirepass $arg{password}", "masterauth $arg{password}"
        if defined $arg{password};

    if ($arg{tls}) {
        $self->{tls_port} = port();
        push @lines, "tls-port $self->{tls_port}",
            "tls-cert-file $arg{tls}{cert}", "tls-key-file $arg{tls}{key}",
            "tls-ca-cert-file $arg{tls}{ca}";
        $ENV{"TEST_NGINX_${name}_TLS"} = $self->{tls_port};
    }

    if ($arg{cluster}) {
        $self->{bus} = port();
        push @lines, 'cluster-enabled yes', "cluster-port $self->{bus}",
            'cluster-node-timeout 1000', 'cluster-config-file nodes.conf',
            'cluster-require-full-coverage no',
            'cluster-replica-validity-factor 0';
    }

    GwTest::write_file("$dir/redis.conf", join '', map { "$_\n" } @lines);

    $ENV{"TEST_NGINX_$name"} = $self->{port};
    $ENV{"TEST_NGINX_${name}_SOCK"} = "$dir/redis.sock";

    $self->begin;
    $self->ready;
    $self->cmd('ACL', 'SETUSER', split ' ', $_) for @{ $arg{acl} // [] };

    return $servers{$name} = $self;
}


# The masters of a Cluster that share the slots out among themselves.  It goes
# on where a part of the slots is lost.

sub cluster {
    my ($name, $n) = @_;

    my @nodes = map { redis("$name$_", cluster => 1) } 1 .. $n;

    for my $i (0 .. $n - 1) {
        $nodes[$i]->cmd('CLUSTER', 'ADDSLOTSRANGE', int(16384 * $i / $n),
                        int(16384 * ($i + 1) / $n) - 1);
        $nodes[$i]->cmd('CONFIG', 'SET', 'repl-diskless-sync-delay', 0);
        $nodes[0]->meet($nodes[$i]) if $i;
    }

    joined(@nodes);

    return @nodes;
}


# Waits until all of them know each other and all slots.

sub joined {
    my (@nodes) = @_;

    for my $node (@nodes) {
        GwTest::wait_for(sub {
            my $info = $node->cmd('CLUSTER', 'INFO');

            return $info =~ /cluster_state:ok/
                   && $info =~ /cluster_slots_ok:16384/
                   && $info =~ /cluster_known_nodes:(\d+)/ && $1 >= @nodes;
        }, 20) or die "no Cluster: $node->{dir}";
    }
}


# Sentinels that watch a master under the name "main".

sub sentinels {
    my ($name, $n, $master, @lines) = @_;

    my @all;

    for my $i (1 .. $n) {
        my $dir = "$DIR/" . lc "$name$i";
        my $self = bless { name => "$name$i", dir => $dir, port => port(),
                           sentinel => 1 }, 'GwRedis::Server';
        my $auth = $master->{password};

        File::Path::make_path($dir);

        GwTest::write_file("$dir/redis.conf", join '', map { "$_\n" }
            'bind 127.0.0.1', "port $self->{port}", "dir $dir",
            "unixsocket $dir/redis.sock",
            "sentinel monitor main 127.0.0.1 $master->{port} "
                . (int($n / 2) + 1),
            defined $auth ? "sentinel auth-pass main $auth" : (),
            'sentinel down-after-milliseconds main 400',
            'sentinel failover-timeout main 3000',
            'sentinel parallel-syncs main 1', @lines);

        $ENV{"TEST_NGINX_$name$i"} = $self->{port};
        ($self->{password}) = map { /^requirepass (\S+)/ } @lines;
        $self->begin;
        push @all, $self;
    }

    for my $self (@all) {
        $self->ready;

        # they look around more often than they usually do
        $self->cmd(qw(SENTINEL DEBUG), "$_-period", 300)
            for qw(info publish ask ping);
    }

    for my $self (@all) {
        GwTest::wait_for(sub {
            my %master = @{ $self->cmd('SENTINEL', 'MASTER', 'main') };

            return $master{'num-other-sentinels'} == $n - 1
                   && $master{'num-slaves'} > 0;
        }, 20) or die "no Sentinels: $self->{dir}";
    }

    return @all;
}


# Certificates in a folder: of a server (127.0.0.1, redis.test), of a client,
# both by the authority ca, and an authority that nobody trusts.

sub certificates {
    my $dir = "$DIR/tls";

    File::Path::make_path($dir);
    chmod 0755, $dir;

    my $sh = sub {
        system("cd $dir && { $_[0]; } >>openssl.log 2>&1") == 0
            or die "openssl: $dir/openssl.log";
    };

    my $key = 'openssl genpkey -algorithm EC -pkeyopt '
              . 'ec_paramgen_curve:P-256 -out';

    GwTest::write_file("$dir/ca.conf", <<'_EOC_');
[ca]
default_ca = c
[c]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
_EOC_
    GwTest::write_file("$dir/index.txt", '');
    GwTest::write_file("$dir/crlnumber", "01\n");

    for my $ca (qw(ca other)) {
        $sh->("$key $ca.key && openssl req -x509 -new -key $ca.key -days 30 "
              . "-subj /CN=$ca -addext basicConstraints=critical,CA:TRUE "
              . "-addext keyUsage=critical,keyCertSign,cRLSign -out $ca.crt");
    }

    my %extra = (server => 'subjectAltName=IP:127.0.0.1,DNS:redis.test',
                 named => 'subjectAltName=DNS:redis.test',
                 client => 'subjectAltName=DNS:client.test',
                 stranger => 'subjectAltName=DNS:client.test');

    for my $name (sort keys %extra) {
        my $ca = $name eq 'stranger' ? 'other' : 'ca';

        GwTest::write_file("$dir/$name.ext", "$extra{$name}\n");
        $sh->("$key $name.key && openssl req -new -key $name.key "
              . "-subj /CN=$name -out $name.csr && openssl x509 -req "
              . "-in $name.csr -CA $ca.crt -CAkey $ca.key -CAcreateserial "
              . "-days 30 -extfile $name.ext -out $name.crt");
    }

    $sh->('openssl ca -config ca.conf -gencrl -cert ca.crt -keyfile ca.key '
          . '-out none.crl');
    $sh->('openssl ca -config ca.conf -cert ca.crt -keyfile ca.key '
          . '-revoke server.crt');
    $sh->('openssl ca -config ca.conf -gencrl -cert ca.crt -keyfile ca.key '
          . '-out server.crl');
    $sh->('openssl ec -in client.key -aes256 -passout pass:open-sesame '
          . '-out locked.key');
    GwTest::write_file("$dir/locked.pass", "open-sesame\n");
    chmod 0644, glob "$dir/*.key";

    $ENV{TEST_NGINX_TLS} = $dir;

    return { dir => $dir, ca => "$dir/ca.crt", cert => "$dir/server.crt",
             key => "$dir/server.key" };
}


# A server in front of another one.  Its mode() says what becomes of the
# answers to scripts:
#
#   pass           nothing
#   silent         nothing more is said on this connection
#   late SECONDS   they are sent so much later, and so is all behind them
#   bytes          each byte by itself
#   half           the first half of it, and the connection is closed
#   close          the connection is closed
#   add BYTES      these bytes more
#   reply BYTES    these bytes instead
#   flood BYTES    these bytes again and again
#   hello BYTES    these bytes in place of the answer to all that is no script;
#                  connections from before are closed
#   mute           nothing is answered at all, not even AUTH, and nothing more
#                  is said on this connection
#
# once => 1: for one answer only, then it passes again.

sub fake {
    my ($name, $to) = @_;

    guard();

    my $self = bless { name => $name, dir => "$DIR/" . lc $name,
                       port => port(), to => $to }, 'GwRedis::Fake';

    File::Path::make_path($self->{dir});
    $ENV{"TEST_NGINX_$name"} = $self->{port};
    $self->mode('pass');

    my $listen = IO::Socket::INET->new(
        LocalAddr => "127.0.0.1:$self->{port}", Listen => 128, ReuseAddr => 1)
        or die "port $self->{port}: $!";

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid}) {
        started($self->{pid});
        return $self;
    }

    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    $SIG{PIPE} = 'IGNORE';
    let_go();
    POSIX::setpgid(0, 0);
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', "$self->{dir}/log";
    open STDERR, '>&', \*STDOUT;
    STDOUT->autoflush;
    eval { $self->serve($listen) };
    print "$@\n";
    POSIX::_exit(1);
}


# A copy of the tested nginx, as it is configured at the moment, in a folder
# and behind a port of its own; it passes requests to the same services.

sub gateway {
    my ($name) = @_;

    guard();

    # one that was left running
    $_->kill for grep { $_->{name} eq $name } @gateways;

    my $servroot = Test::Nginx::Util::server_root();
    my $dir = "$DIR/$name";
    my $port = ($ports{$name} ||= port());

    File::Path::remove_tree($dir);
    File::Path::make_path("$dir/$_") for qw(conf html logs);

    for my $file (grep { -f } glob "$servroot/html/*") {
        File::Copy::copy($file, "$dir/html/");
    }

    my $conf = GwTest::read_file('conf/nginx.conf');
    my $first = Test::Nginx::Util::server_port();

    $conf =~ s/(?<!http:\/\/unix:)\Q$servroot\E(?=[\/;\s])/$dir/g;
    $conf =~ s/^daemon .*/daemon off;/m;
    $conf =~ s/listen\s+$first\b/listen $port/g;

    GwTest::write_file("$dir/conf/nginx.conf", $conf);

    my $self = bless { name => $name, dir => $dir, port => $port },
                     'GwRedis::Gateway';

    $self->{pid} = run("$dir/logs/stderr", $Test::Nginx::Util::NginxBinary,
                       '-p', "$dir/", '-c', "$dir/conf/nginx.conf",
                       '-e', "$dir/logs/error.log");

    GwTest::wait_for(sub {
        IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
    }, 10) or die "no gateway: $dir";

    push @gateways, $self;

    return $self;
}


# Requests over several connections; options:
#
#   uri        a path, or a sub that makes one of the request's number
#   ports      to which (the tested server's), a list; requests take turns
#   conns      connections to each (8)
#   requests   how many, or
#   seconds    for how long
#   rate       how many a second (as many as pass)
#   close      1: each has a connection of its own
#   wait       seconds for an answer (15)
#   at         [[seconds, sub], ...]: called between the requests; they must
#              not take long
#
# Returns a hash for each answer: code (undef if there was none), status,
# results, error, worker (the headers above), uri, port, at (when it was sent),
# took (seconds); and lag, the same for all: for how long at most the machine
# did not let this process run.

sub load {
    my (%arg) = @_;

    my $uri = $arg{uri} // '/t';
    my @ports = @{ $arg{ports}
                   // [Test::Nginx::Util::server_port_for_client()] };
    my $wait = $arg{wait} // 15;
    my @conns = map { my $n = $_; map { { port => $_ } } @ports }
                    1 .. $arg{conns} // 8;
    my @at = sort { $a->[0] <=> $b->[0] } @{ $arg{at} // [] };
    my $begin = time;
    my ($sent, $lag, $last, @got, %busy) = (0, 0, $begin);

    local $SIG{PIPE} = 'IGNORE';

    my $done = sub {
        my ($conn, $response) = @_;

        $busy{fileno $conn->{socket}} = undef;
        delete $busy{fileno $conn->{socket}};

        my $header = $response ? $response->{header} : {};

        push @got, { code => $response ? $response->{code} : undef,
                     status => $header->{'x-limit'} // '',
                     results => $header->{'x-results'} // '',
                     error => $header->{'x-error'} // '',
                     worker => $header->{'x-worker'} // '',
                     header => $header,
                     uri => $conn->{uri}, port => $conn->{port},
                     at => $conn->{at}, took => time - $conn->{at} };

        push @conns, $conn;

        delete $conn->{socket}
            if $arg{close} || !$response
               || ($header->{connection} // '') eq 'close';
    };

    my $send = sub {
        my ($conn) = @_;

        $conn->{kept} = $conn->{socket} ? 1 : 0;
        $conn->{socket} ||= IO::Socket::INET->new(
            PeerAddr => "127.0.0.1:$conn->{port}", Timeout => 5);
        $conn->{buffer} = '';

        return 0 unless $conn->{socket};

        $conn->{socket}->blocking(1);
        syswrite $conn->{socket}, "GET $conn->{uri} HTTP/1.1\r\n"
            . "Host: localhost\r\n"
            . ($arg{close} ? "Connection: close\r\n" : '') . "\r\n";
        $busy{fileno $conn->{socket}} = $conn;

        return 1;
    };

    while (1) {
        my $now = time;

        $lag = List::Util::max($lag, $now - $last - 0.005);

        (shift @at)->[1]->() while @at && $at[0][0] <= $now - $begin;
        $last = time;

        my $more = defined $arg{seconds} ? $now - $begin < $arg{seconds}
                                         : $sent < $arg{requests};

        last if !$more && !%busy && !@at;

        my $due = !$more ? 0 : !$arg{rate} ? @conns
                  : int(($now - $begin) * $arg{rate}) + 1 - $sent;

        $due = $arg{requests} - $sent
            if $arg{requests} && $due > $arg{requests} - $sent;

        for (1 .. List::Util::min($due, scalar @conns)) {
            my $conn = shift @conns;

            $conn->{uri} = ref $uri ? $uri->($sent) : $uri;
            $conn->{at} = time;
            $sent++;

            next if $send->($conn);

            push @got, { code => undef, status => 'refused', results => '',
                         error => '', worker => '', header => {},
                         uri => $conn->{uri}, port => $conn->{port},
                         at => $conn->{at}, took => time - $conn->{at} };
            push @conns, $conn;
        }

        my $select = IO::Select->new(map { $_->{socket} } values %busy);

        if (!%busy) {
            sleep 0.002;
            next;
        }

        for my $socket ($select->can_read(0.005)) {
            my $conn = $busy{fileno $socket};
            my $n = sysread $socket, $conn->{buffer}, 65536,
                            length $conn->{buffer};

            if (!$n) {
                # a server may close a connection that is idle
                if ($conn->{kept} && $conn->{buffer} eq '') {
                    delete $busy{fileno $socket};
                    delete $conn->{socket};
                    next if $send->($conn);
                    push @conns, $conn;
                    next;
                }

                $done->($conn);
                next;
            }

            my $response = whole($conn->{buffer}) or next;

            $done->($conn, $response);
        }

        for my $conn (values %busy) {
            $done->($conn) if time - $conn->{at} > $wait;
        }
    }

    $_->{lag} = $lag for @got;

    return @got;
}


# The response, if all of it is there.

sub whole {
    my ($bytes) = @_;

    my ($head) = $bytes =~ /^(.*?\r\n\r\n)/s or return;
    my $res = GwTest::parse_head($head);
    my $length = $res->{header}{'content-length'} // 0;

    return length($bytes) >= length($head) + $length ? $res : undef;
}


# How many answers of each code; those of each status.

sub counts {
    my %n;

    $n{$_->{code} // 'none'}++ for @_;

    return \%n;
}


sub limits {
    my %n;

    $n{($_->{code} // 'none') . " $_->{status}"}++ for @_;

    return \%n;
}


# Whether that many of each were given.

sub decided {
    my ($name, $want, @got) = @_;

    my %want = map { $want->{$_} ? ($_ => $want->{$_}) : () } keys %$want;
    my $text = sub { join ', ', map { "$_: $_[0]{$_}" } sort keys %{ $_[0] } };

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($text->(limits(@got)), $text->(\%want), $name);
}


sub slowest { return List::Util::max(0, map { $_->{took} } @_) }


# Each was answered, by 200 or 429, within so many seconds, and those that the
# machine took for itself.

sub answered {
    my ($name, $seconds, @got) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @bad = grep { ($_->{code} // 0) !~ /^(?:200|429)$/ } @got;

    is(scalar @bad, 0, "$name: all of " . @got . ' are answered')
        or diag(join ', ', map { ($_->{code} // 'none') . " $_->{uri}" }
                               @bad > 5 ? @bad[0 .. 4] : @bad);
    cmp_ok(slowest(@got), '<', $seconds + 3 * lag(@got), "$name: in time");
}


sub lag { return List::Util::max(0, map { $_->{lag} // 0 } @_) }


# What the sub got by load(), of a time when the machine never stood still for
# so many seconds; of the last of five times if there was none.

sub undisturbed {
    my ($seconds, $sub) = @_;

    my @got;

    for (1 .. 5) {
        @got = $sub->();

        last if lag(@got) < $seconds && slowest(@got) < $seconds;
    }

    return @got;
}


# Seconds between two times in which requests came to each of the ports, at
# least ten a second: nothing is admitted that was not asked for.

sub busy {
    my ($from, $to, @got) = @_;

    my %at;

    push @{ $at{$_->{port}} }, $_->{at}
        for grep { $_->{at} > $from && $_->{at} < $to } @got;

    my $left = %at ? $to - $from : 0;

    for my $at (values %at) {
        my $last = $from;

        for ((sort { $a <=> $b } @$at), $to) {
            $left -= $_ - $last if $_ - $last > 0.1;
            $last = $_;
        }
    }

    return List::Util::max(0, $left);
}


# One request: code and status.

sub limit {
    my ($uri, %request) = @_;

    my $res = http(uri => $uri, %request);

    return join ' ', $res->{code} // '-', $res->{header}{'x-limit'} // '-';
}


sub at_most {
    my ($got, $most, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    cmp_ok($got, '<=', $most, $name);
}


sub at_least {
    my ($got, $least, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    cmp_ok($got, '>=', $least, $name);
}


# GCRA over all that passed, whenever between sending and answer each was
# decided: in no window more than rate * W + burst + 1 (and more, for leases).

sub within_rate {
    my ($name, $rate, $burst, @got) = @_;

    my @passed = grep { $_->{code} == 200 } @got;
    my $worst = 0;

    for my $from (@passed[grep { $_ % 5 == 0 } 0 .. $#passed]) {
        my $n = 0;

        for my $end (sort { $a <=> $b }
                     map { $_->{at} + $_->{took} }
                     grep { $_->{at} >= $from->{at} } @passed)
        {
            my $excess = ++$n - $rate * ($end - $from->{at}) - $burst - 1;

            $worst = $excess if $excess > $worst;
        }
    }

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    cmp_ok($worst, '<=', 0, "$name: " . @passed . ' passed, none too many');
}


# Lines of warnings since fresh_log() was called last in this block, or since it
# began, that match.

sub fresh_log {
    $log_from = length GwTest::read_file('logs/error.log');
}


sub warns {
    my ($want) = @_;

    my $log = GwTest::read_file('logs/error.log');

    return grep { /\[warn\]/ && (!$want || $_ =~ $want) }
                split /^/, substr $log, $log_from;
}


sub master_pid {
    my ($pid) = GwTest::read_file('logs/nginx.pid') =~ /(\d+)/;

    return $pid;
}


sub workers_of {
    my ($master) = @_;

    my @pids;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;

        my ($pid, $state, $parent) = (<$in> // '')
                                     =~ /^(\d+) \(.*\) (\S) (\d+)/ or next;

        push @pids, $pid if $parent == $master && $state ne 'Z';
    }

    return sort @pids;
}


# Reloads the tested server and waits until its old workers are gone; returns
# how many seconds that took, or undef.

sub reload {
    my ($seconds) = @_;

    my $master = master_pid();
    my @old = workers_of($master);
    my $began = time;

    kill HUP => $master;

    my $gone = GwTest::wait_for(sub { !grep { -d "/proc/$_" } @old },
                                $seconds // 5);

    return $gone ? time - $began : undef;
}


# Waits until a request has that code and status.

sub settled {
    my ($name, $want, $seconds, $uri, %request) = @_;

    my $got;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    GwTest::wait_for(sub {
        ($got = limit(ref $uri ? $uri->() : $uri, %request)) eq $want
    }, $seconds);
    is($got, $want, $name);
}


# A word that no other test has had.

my $words = 0;

sub unique {
    return ($_[0] // 'k') . $$ . '.' . ++$words;
}


# A period that does not end in the next minute.

sub period_ahead {
    my $now = time;

    for my $hours (1, 7, 5) {
        my $length = $hours * 3600;

        return $hours == 1 ? 'h' : "${hours}h"
            if $now % $length < $length - 60;
    }

    die 'no period';
}


sub no_alerts {
    my ($name, @gateways) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    for my $gateway (@gateways) {
        my @lines = grep { /\[(?:alert|crit|emerg)\]|Sanitizer|runtime error/ }
                         split /^/, GwTest::read_file(
                                        "$gateway->{dir}/logs/error.log");

        is(scalar @lines, 0, "$name: no alerts of $gateway->{name}")
            or diag(@lines);
    }
}


package GwRedis::Server;

use Time::HiRes qw(time sleep);


sub begin {
    my ($self) = @_;

    my @argv = ('redis-server', "$self->{dir}/redis.conf");

    push @argv, '--sentinel' if $self->{sentinel};

    unlink "$self->{dir}/redis.sock";
    $self->{pid} = GwRedis::run("$self->{dir}/log", @argv);
}


sub ready {
    my ($self) = @_;

    GwTest::wait_for(sub { eval { $self->cmd('PING') eq 'PONG' } }, 10)
        or die "no server: $self->{dir}/log";
}


# One command, over a connection of its own.  An error in the reply is one.  A
# server that becomes master or replica closes connections.

sub cmd {
    my ($self, @args) = @_;

    my $reply = eval { $self->connection->ask(@args) };

    if (!defined $reply && $@) {
        die $@ if $@ ne "closed\n";

        sleep 0.05;
        $reply = $self->connection->ask(@args);
    }

    die "$args[0]: $$reply\n" if ref $reply eq 'SCALAR';

    return $reply;
}


sub connection {
    my ($self) = @_;

    my $socket = IO::Socket::UNIX->new(Peer => "$self->{dir}/redis.sock")
        or die "$self->{name}: $!\n";
    my $conn = bless { socket => $socket, buffer => '' }, 'GwRedis::Conn';

    $conn->ask('AUTH', $self->{password}) if defined $self->{password};

    return $conn;
}


sub pause  { kill STOP => $_[0]{pid} }
sub resume { kill CONT => $_[0]{pid} }


# kill -9, and begin() after it; what it knew is gone.

sub kill9 {
    my ($self) = @_;

    kill KILL => $self->{pid};
    GwRedis::ended($self->{pid});
}


# What nginx has for connections to it, closed by the server.

sub kick {
    my ($self) = @_;

    $self->cmd(qw(CLIENT KILL TYPE normal SKIPME yes));
}


sub keys {
    my ($self, $pattern) = @_;

    return sort @{ $self->cmd('KEYS', $pattern // '*') };
}


# How many scripts nginx ran.

sub calls {
    my ($self, @names) = @_;

    my $stats = $self->cmd('INFO', 'commandstats');
    my $n = 0;

    for my $name (@names ? @names : qw(evalsha eval)) {
        $n += $1 if $stats =~ /^cmdstat_\Q$name\E:calls=(\d+)/m;
    }

    return $n;
}


# Waits until it follows that master.

sub follows {
    my ($self, $master) = @_;

    GwTest::wait_for(sub {
        eval {
            $self->cmd('INFO', 'replication') =~ /master_link_status:up/
                && $master->cmd('INFO', 'replication')
                   =~ /port=$self->{port},state=online/
        }
    }, 15) or die "$self->{name} does not follow $master->{name}";
}


sub is_master { return $_[0]->cmd('INFO', 'replication') =~ /role:master/ }


# Introduces another node.

sub meet {
    my ($self, $node) = @_;

    $self->cmd('CLUSTER', 'MEET', '127.0.0.1', $node->{port}, $node->{bus});
}


sub id { return $_[0]{id} //= $_[0]->cmd('CLUSTER', 'MYID') }


# What the server is sent from now on; lines() returns those so far.

sub monitor {
    my ($self) = @_;

    my $conn = $self->connection;

    $conn->ask('MONITOR');

    return bless { conn => $conn, server => $self }, 'GwRedis::Monitor';
}


package GwRedis::Monitor;


sub lines {
    my ($self) = @_;

    my $mark = GwRedis::unique('mark');
    my @lines;

    $self->{server}->cmd('PING', $mark);

    while (1) {
        my $line = $self->{conn}->reply;

        last if $line =~ /\Q$mark\E/;

        # commands of clients, not those of scripts or of the tests
        push @lines, $line unless $line =~ /^[\d.]+ \[\d+ (?:lua|unix:)/;
    }

    return @lines;
}


# The calls about a limit: not those by which gateways count each other, which
# come by themselves.

sub calls {
    return grep { /"evalsha?"/i && !/"gw:gateways"/ } $_[0]->lines;
}


package GwRedis::Conn;

use Time::HiRes qw(time);


sub ask {
    my ($self, @args) = @_;

    $self->send_command(@args);

    return $self->reply;
}


sub send_command {
    my ($self, @args) = @_;

    GwTest::send_all($self->{socket}, GwRedis::Conn::encode(@args));
}


sub encode {
    return '*' . @_ . "\r\n" . join '', map { '$' . length($_) . "\r\n$_\r\n" }
                                            @_;
}


# Of an error a reference to its text.

sub reply {
    my ($self) = @_;

    my $deadline = time + 10;

    while (1) {
        my $at = 0;
        my @reply = eval { parse(\$self->{buffer}, \$at) };

        if (@reply) {
            substr $self->{buffer}, 0, $at, '';
            return $reply[0];
        }

        GwTest::more($self, $deadline)
            or die time < $deadline ? "closed\n" : "no reply\n";
    }
}


# A reply at a place of the buffer, which is moved behind it; dies if it is
# not there as a whole.

sub parse {
    my ($buffer, $at) = @_;

    pos($$buffer) = $$at;
    $$buffer =~ /\G([^\r]*)\r\n/gc or die "more\n";

    my ($type, $rest) = (substr($1, 0, 1), substr($1, 1));

    $$at = pos $$buffer;

    return $rest if $type =~ /[+:]/;
    return \"$rest" if $type eq '-';
    return undef if $rest < 0;

    if ($type eq '$') {
        die "more\n" if length($$buffer) < $$at + $rest + 2;

        $$at += $rest + 2;

        return substr $$buffer, $$at - $rest - 2, $rest;
    }

    return [map { scalar parse($buffer, $at) } 1 .. $rest];
}


package GwRedis::Fake;

use Time::HiRes qw(time sleep);


sub mode {
    my ($self, $mode, $bytes, %arg) = @_;

    GwTest::write_file("$self->{dir}/mode",
                       join ' ', $arg{once} ? 'once' : 'always', $mode,
                                 $bytes // '');
}


# What came so far, a line for what came at once: names of commands.

sub reads {
    my ($self) = @_;

    return map { chomp; lc } split /^/, GwTest::read_file("$self->{dir}/reads");
}


sub serve {
    my ($self, $listen) = @_;

    my $select = IO::Select->new($listen);
    my %clients;

    open my $reads, '>>', "$self->{dir}/reads" or die;
    $reads->autoflush;

    while (1) {
        for my $socket ($select->can_read) {
            if ($socket == $listen) {
                my $client = $listen->accept or next;

                setsockopt $client, Socket::IPPROTO_TCP(),
                           Socket::TCP_NODELAY(), 1;
                $select->add($client);
                $clients{fileno $client} = { socket => $client, buffer => '' };
                next;
            }

            my $client = $clients{fileno $socket};

            $client->{close} = 1
                unless sysread $socket, $client->{buffer}, 65536,
                               length $client->{buffer};

            my @commands;

            while (1) {
                my $at = 0;
                my @args = eval {
                    GwRedis::Conn::parse(\$client->{buffer}, \$at)
                } or last;

                substr $client->{buffer}, 0, $at, '';
                push @commands, $args[0];
            }

            print $reads join(' ', map { $_->[0] } @commands), "\n"
                if @commands;

            for (@commands) {
                $self->answer($client, @$_);
                last if $client->{close};
            }

            next unless $client->{close};

            $select->remove($socket);
            delete $clients{fileno $socket};
            close $socket;
        }
    }
}


sub answer {
    my ($self, $client, @args) = @_;

    my $script = $args[0] =~ /^eval(sha)?$/i;
    my $line = GwTest::read_file("$self->{dir}/mode");
    my ($once, $mode, $bytes) = $line =~ /^(\S+) (\S+) ?(.*)$/s;

    print time, " $mode: @args[0, 1]\n" if @args > 1;

    $self->mode('pass') if $once eq 'once' && $script;

    return if $client->{silent};

    if (!$script) {
        if ($mode eq 'mute') {
            $client->{silent} = 1;
            return;
        }

        if ($mode eq 'hello') {
            $client->{hello} = 1;
            $client->{silent} = 1 if $bytes !~ /\n\z/;
        }

        return GwTest::send_all($client->{socket},
                                $mode eq 'hello' ? $bytes
                                : $self->real($client, @args));
    }

    if ($mode eq 'silent' || $mode eq 'mute') {
        $client->{silent} = 1;
        return;
    }

    if ($mode eq 'close' || $mode eq 'hello' && !$client->{hello}) {
        $client->{close} = 1;
        return;
    }

    if ($mode eq 'flood') {
        my $n = 0;

        # until the other side has enough of it, at most 64 MB
        local $SIG{ALRM} = sub { die "enough\n" };
        alarm 3;
        eval {
            while ($n < 64 * 1024 * 1024) {
                my $sent = syswrite $client->{socket}, $bytes or last;
                $n += $sent;
            }
        };
        alarm 0;
        $client->{close} = 1;
        return;
    }

    my $reply = $mode eq 'reply' ? $bytes : $self->real($client, @args);

    if ($mode eq 'late') {
        sleep $bytes;

    } elsif ($mode eq 'add') {
        $reply .= $bytes;

    } elsif ($mode eq 'half') {
        $reply = substr $reply, 0, length($reply) / 2;
        $client->{close} = 1;

    } elsif ($mode eq 'bytes') {
        for (split //, $reply) {
            syswrite $client->{socket}, $_;
            sleep 0.0005;
        }

        return;
    }

    GwTest::send_all($client->{socket}, $reply);
}


# The bytes of the real server's answer.

sub real {
    my ($self, $client, @args) = @_;

    my $conn = $client->{real} //= $self->{to}->connection;
    my $at = 0;

    $conn->send_command(@args);

    until (eval { GwRedis::Conn::parse(\$conn->{buffer}, \$at); 1 }) {
        $at = 0;
        GwTest::more($conn, time + 10) or die "no reply of the real one\n";
    }

    return substr $conn->{buffer}, 0, $at, '';
}


package GwRedis::Gateway;


sub log_lines {
    my ($self) = @_;

    return split /^/, GwTest::read_file("$self->{dir}/logs/error.log");
}


# All its processes at once.  Workers may end after the master, and have the
# port until then.

sub kill {
    my ($self) = @_;

    return unless $self->{pid};

    my @workers = GwRedis::workers_of($self->{pid});

    CORE::kill KILL => -$self->{pid};
    GwRedis::ended($self->{pid});
    GwTest::wait_for(sub {
        !grep { GwTest::read_file("/proc/$_/stat") =~ /^\d+ \(.*\) [^ZX]/ }
              @workers;
    });
    delete $self->{pid};
}


# As nginx -s quit; false if it had to be killed.

sub quit {
    my ($self) = @_;

    CORE::kill QUIT => $self->{pid};

    my $ended = GwRedis::ended($self->{pid}, 5);

    delete $self->{pid};

    return $ended;
}


1;
