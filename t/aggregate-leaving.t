# A thousand clients leave while parts of theirs are asked: every connection to
# a service is closed, and the worker has no more memory than before.

use GwTest;
use GwMaster;
use GwPart;

use IO::Socket::UNIX;
use Socket qw(:DEFAULT MSG_PEEK MSG_DONTWAIT SO_LINGER SOL_SOCKET);

master_on();
workers(1);
worker_connections(8192);

our $clients = 1000;
our $asan = $ENV{TEST_GW_SANITIZER_LOG};

# Two services that never come to an end: one that takes no connection, and
# one that sends a half of its body.  They tell how many connections they
# have, of these that are not closed.

our ($silent, $half) = map { "$GwPart::DIR/$_.sock" } 'silent', 'half';

sub serve {
    my ($s, $h) = map {
        IO::Socket::UNIX->new(Local => $_, Listen => 4096) or die "$_: $!"
    } $silent, $half;

    chmod 0666, $silent, $half;
    pipe my $read, my $lifeline or die "pipe: $!";

    if (my $pid = fork // die "fork: $!") {
        return $lifeline;
    }

    close $lifeline;
    POSIX::setpgid(0, 0);
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    $SIG{PIPE} = 'IGNORE';
    POSIX::dup2(POSIX::open('/dev/null', POSIX::O_RDWR()), $_) for 0, 1;
    $s->blocking(0);

    my (@silent, @half);
    my $select = IO::Select->new($h, $read);

    while (my @ready = $select->can_read) {
        last if grep { $_ == $read } @ready;

        my $conn = $h->accept or next;

        sysread $conn, my $request, 65536;

        if ($request =~ /^GET \/!count/) {
            while (my $one = $s->accept) { push @silent, $one }

            my $open = sub {
                return scalar grep {
                    my $rc = recv $_, my $byte, 65536, MSG_DONTWAIT;

                    defined $rc ? length $byte : $!{EAGAIN}
                } @_;
            };

            my $body = join ' ', scalar @silent, $open->(@silent),
                                 scalar @half, $open->(@half);

            (@silent, @half) = () if $request =~ /^GET \/!count\/forget/;
            syswrite $conn, "HTTP/1.1 200 OK\r\nContent-Length: "
                            . length($body) . "\r\n\r\n$body";
            next;
        }

        syswrite $conn, "HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n"
                        . '{"x":"' . 'y' x 3000;
        push @half, $conn;
    }

    POSIX::_exit(0);
}

our $lifeline = serve();

# connections of the services: all of the one, open ones of it, of the other

sub counts {
    return http(socket => $half, uri => "/!count$_[0]", wait => 60)->{body};
}


sub sockets {
    my ($pid) = workers_now();

    return scalar grep { (readlink // '') =~ /^socket/ } glob "/proc/$pid/fd/*";
}


# what is the worker's own, in KB

sub memory {
    my ($pid) = workers_now();

    return $1 if read_file("/proc/$pid/smaps_rollup") =~ /^Rss: +(\d+) kB/m;
}

our %memory;

sub leave {
    my ($name, %arg) = @_;

    my $before = sockets();
    my @began;

    for my $n (1 .. $clients) {
        push @began, start(
            $arg{body} ? (method => 'POST', body => $arg{body}) : (),
            uri => $arg{uri},
            headers => ["X-A: json=1", 'X-Fill: ' . 'z' x 500]);
    }

    wait_for(sub { counts('') =~ /^$arg{silent} \d+ $arg{half} / }, 30);
    is(counts(''), "$arg{silent} $arg{silent} $arg{half} $arg{half}",
       "$name: parts are asked");

    for my $n (0 .. $#began) {

        # half of them with a reset
        setsockopt $began[$n]{conn}{socket}, SOL_SOCKET, SO_LINGER,
                   pack 'ii', 1, 0 if $n % 2;
        close $began[$n]{conn}{socket};
    }

    # that of the request before may still have been open then

    wait_for(sub { sockets() <= $before }, 30);
    cmp_ok(sockets(), '<=', $before, "$name: no connection is left");
    is(counts('/forget'), "$arg{silent} 0 $arg{half} 0",
       "$name: services see them closed");
    is(http(uri => '/nothing')->{code}, 204, "$name: others are served");

    my $now = memory();

    diag("$name: $now KB") if $ENV{TEST_GW_VERBOSE};

    # the first rounds fill what malloc keeps

    my $seen = $memory{$arg{uri}} //= [];

    push @$seen, $now;
    return if $asan || @$seen < 3;
    cmp_ok($now, '<=', $seen->[1] + 128, "$name: no more memory")
        or diag("@$seen KB");
}

our $config = <<'_EOC_' . $GwPart::PARTS;
proxy_read_timeout 100s;
client_body_buffer_size 1k;

location = /silent {
    gw_aggregate on;
    gw_part a /_a/json;
    gw_part b /_silent/b;
    gw_part c /_silent/c optional;
}

location = /half {
    gw_aggregate on;
    gw_part a /_a/json;
    gw_part b /_half/b as=merge;
    gw_part c /_half/c as=string;
}

location = /nested {
    gw_aggregate on;
    gw_part a /_a/json;
    gw_part inner /_inner as=merge;
    gw_part b /_silent/b;
}

location = /_inner {
    internal;
    gw_aggregate on;
    gw_part a /_a/json;
    gw_part b /_half/b after=a;
}

location = /body {
    gw_aggregate on;
    gw_part b /_silent/b method=POST body=pass;
    gw_part c /_half/c method=POST body=pass;
}

location ^~ /_silent/ { internal; proxy_pass http://unix:$TEST_NGINX_SILENT; }
location ^~ /_half/ { internal; proxy_pass http://unix:$TEST_NGINX_HALF; }
location ^~ /_a/ { internal; return 200 '{"a":[1,2,3]}'; }
location = /nothing { return 204; }
_EOC_

$ENV{TEST_NGINX_SILENT} = $silent;
$ENV{TEST_NGINX_HALF} = $half;

run_tests();

__DATA__

=== TEST 1: before parts have answered
--- config eval: $main::config
--- cases
(map { [$_, sub {
    main::leave($_[0], uri => '/silent', silent => 2000, half => 0);
}] } 'first', 'second', 'third')



=== TEST 2: within the bodies of parts
--- config eval: $main::config
--- cases
(map { [$_, sub {
    main::leave($_[0], uri => '/half', silent => 0, half => 2000);
}] } 'first', 'second', 'third')



=== TEST 3: aggregates within aggregates
--- config eval: $main::config
--- cases
(map { [$_, sub {
    main::leave($_[0], uri => '/nested', silent => 1000, half => 1000);
}] } 'first', 'second', 'third')



=== TEST 4: with bodies in files
--- config eval: $main::config
--- cases
(map { [$_, sub {
    main::leave($_[0], uri => '/body', silent => 1000, half => 1000,
                body => 'x' x 3000);
}] } 'first', 'second', 'third')
