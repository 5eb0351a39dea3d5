package GwPart;

# What the tests of aggregates have in common, on top of GwTest.
#
# - Answers of the tested server carry X-Status (X-GW-Partial once more),
#   X-Error ($gw_error) and X-Trace ($gw_aggregate_trace).  The fourth column
#   of a case is X-GW-Partial; where it is looked at, $gw_error is what the
#   problem in the body says.
# - A service answers as the request's query tells it: see say().  It is a
#   process of its own, behind the unix socket $TEST_NGINX_PART and the
#   port $TEST_NGINX_PART_TCP;
#   $GwPart::PARTS are locations that lead there: /_p/ as it is, /_k/ over
#   connections that are kept (with $GwPart::KEEP in http_config), /_u/ with
#   proxy_buffering off.
# - The query of part NAME comes with the client's request, in X-NAME:
#
#       gw_part a /_p/a?$http_x_a;
#
#   and ask(a => {...}, b => {...}) is such a request.
# - since() and seen() tell what has happened at the service.

use strict;
use warnings;

use GwTest;

use Compress::Zlib ();
use File::Temp ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Time::HiRes qw(time sleep);

use Exporter 'import';

our @EXPORT = qw(say ask told since seen saw release unique tells fails
                 partial refused large chars now);

our $PREAMBLE = <<'_EOC_';
        add_header X-Status $sent_http_x_gw_partial always;
        add_header X-Error $gw_error always;
        add_header X-Trace $gw_aggregate_trace always;
_EOC_

our $PARTS = <<'_EOC_';
location ^~ /_p/ {
    internal;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_u/ {
    internal;
    proxy_buffering off;
    proxy_pass http://$TEST_NGINX_PART;
}
_EOC_

our $KEEP = <<'_EOC_';
    upstream kept {
        server $TEST_NGINX_PART;
        keepalive 20;
    }
_EOC_

our $KEPT = <<'_EOC_';
location ^~ /_k/ {
    internal;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_pass http://kept;
}
_EOC_

our $DIR = File::Temp->newdir('gwpart-XXXXXX', TMPDIR => 1);

my $EVENTS = "$DIR/events";
my $words = 0;
my $lifeline;

chmod 0755, "$DIR";
$ENV{TEST_NGINX_PART} = "unix:$DIR/part.sock";

config_preamble($PREAMBLE);

# What a problem says of a part, of the answer's length otherwise.

$GwTest::ERROR = sub {
    my ($res, $code) = @_;

    return undef unless ($res->{header}{'content-type'} // '')
                        eq 'application/problem+json';

    # a problem that another module's refusal has
    my $problem = unjson($res->{body} || '{}');

    return $problem->{part} ? "$code $problem->{part} $problem->{reason}"
           : $code == 502 ? '502 size' : qr/^$code /;
};

serve();


# The query that makes the service answer so:
#
#   json      the body, bytes; without this (and large, deep) it tells the
#             request: method, uri (as received), headers (name in lower case
#             => list), body and protocol, as JSON, a character for each byte
#   file      a file that has the body
#   large     {"n":"xxx..."} of so many bytes
#   deep      so many arrays within each other
#   pad       so many spaces before it
#   status    (200), type (application/json), head (a list of header lines)
#   delay     seconds before anything is sent
#   hold      a word: nothing is sent before release(word)
#   never     1: nothing is ever sent
#   close     "header": closed before that, "half": within the header; a
#             number: so many bytes of the body are sent, and its header tells
#             of all of them
#   stall     as many bytes of the body are sent, and no more
#   chunked   1, or "cut": without a last chunk
#   bare      1: no Content-Length, closed at the end
#   pieces    bytes of the body that are sent at a time
#   gap       seconds between pieces (0.002)
#   gzip      "whole", "two" (members), "half" (of its bytes), "corrupt", "sum"
#             (a wrong checksum), "tail" (bytes behind it), "none" (not encoded
#             at all)
#   encoding  a Content-Encoding, nothing is encoded
#   zeros     gzip of so many megabytes of zeros within a JSON string
#   raw       bytes that are sent instead of all of the above
#   early     1: answered before the request's body has come, and not closed

sub say {
    my (%say) = @_;

    return join '&', map {
        my $key = $_;

        map { "$key=" . escaped($_) }
            ref $say{$key} ? @{ $say{$key} } : $say{$key}
    } sort keys %say;
}


sub escaped {
    return $_[0] =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/gesr;
}


# A request with what the parts are to say; other arguments are those of http(),
# "headers" among them.

sub ask {
    my (%arg) = @_;

    my @headers = @{ delete $arg{headers} // [] };
    my %request;

    for my $name (sort keys %arg) {
        if (ref $arg{$name} eq 'HASH') {
            push @headers, "X-$name: " . say(%{ $arg{$name} });

        } else {
            $request{$name} = $arg{$name};
        }
    }

    return { %request, headers => \@headers };
}


# What part NAME has told of its request, from the body of an answer.

sub told {
    my ($res, $name) = @_;

    my $body = eval { unjson($res->{body}) } // {};

    return $name ? $body->{$name} // {} : $body;
}


# A column of a case, "then" and a sub: looks at what a part was sent.  Pairs
# of method, uri, body, or a header's name in lower case, and a value, a
# regular expression or a list; undef: no such header.

sub tells {
    my ($part, @pairs) = @_;

    return then => sub {
        my ($res, $name) = @_;

        my $told = told($res, $part);

        local $Test::Builder::Level = $Test::Builder::Level + 1;

        for (my $i = 0; $i < @pairs; $i += 2) {
            my ($key, $want) = @pairs[$i, $i + 1];
            my $got = $key =~ /^(?:method|uri|body|protocol)$/
                      ? $told->{$key} : $told->{headers}{$key};

            $got = $got->[0] if ref $got && ref $want ne 'ARRAY' && @$got == 1;

            ref $want eq 'Regexp' ? like($got, $want, "$name: $part: $key")
                : is_deeply($got, $want, "$name: $part: $key")
                  || diag($res->{body});
        }
    };
}


# A case: the required part fails with that reason.

sub fails {
    my ($what, $request, $code, $part, $reason, @expected) = @_;

    return [$what, $request, $code, '',
            'Content-Type' => 'application/problem+json',
            'X-GW-Partial' => undef, error => "$code $part $reason",
            json => { part => $part, reason => $reason, status => $code },
            @expected];
}


# A case: the optional part does.

sub partial {
    my ($what, $request, $partial, $body, @expected) = @_;

    return [$what, $request, 200, $partial, 'X-GW-Partial' => $partial,
            'Cache-Control' => 'no-store', error => undef, body => $body,
            @expected];
}


sub now { return time }


# A word that no other test has had.

sub unique { return ($_[0] // 'w') . "$$." . ++$words }


# Lets requests be answered that wait for the word.

sub release {
    my ($word) = @_;

    http(socket => "$DIR/part.sock", uri => "/!release/$word");
}


# Where the list of events is now.  What the gateway has done until now is in
# it: the service reads a new request after all it finds at the same time.

sub since {
    release(unique());

    return -s $EVENTS // 0;
}


# Events from there on: "came", "answered" (all bytes were handed over), "gone"
# (closed by the gateway before that), of requests whose path ends in a word.

sub seen {
    my ($since, $what, $word) = @_;

    my $text = substr read_file($EVENTS), $since;

    return scalar grep { /^$what \S*\/\Q$word\E(?:\?|$)/ } split /\n/, $text;
}


# Waits for so many of these events, and checks that there are no more.

sub saw {
    my ($name, $since, $what, $word, $n) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for(sub { seen($since, $what, $word) >= $n }, 10);
    is(seen($since, $what, $word), $n, "$name: $word $what")
        or diag(substr read_file($EVENTS), $since);
}


# A JSON object of so many bytes, as the service's "large".

sub large {
    my ($n) = @_;

    return '{"n":"' . 'x' x ($n - 8) . '"}';
}


# Bytes of UTF-8 as the characters that told() has of them, and back.

sub chars { return join '', map { chr } unpack 'C*', $_[0] }


# Whether nginx -t refuses configurations: rows of a name, what stands in a
# location of an aggregate (or a hash of http, server and location) and what
# [emerg] must say, a regular expression; undef: it is not refused.

sub refused {
    my (@rows) = @_;

    my $root = Test::Nginx::Util::server_root();
    my $path = "$DIR/test.conf";
    my $binary = $Test::Nginx::Util::NginxBinary;
    my $modules = join '', map { "load_module $_;\n" }
                  split ' ', $ENV{TEST_NGINX_LOAD_MODULES};

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    # nginx -t frees nothing of its own when it ends
    local $ENV{ASAN_OPTIONS} = join ':', $ENV{ASAN_OPTIONS} // (),
                                    'detect_leaks=0';

    for (@rows) {
        my ($name, $conf, $says) = @$_;
        my %conf = ref $conf ? %$conf : (location => $conf);

        for my $text (grep { defined } values %conf) {
            $text =~ s/\$(TEST_NGINX_\w+)/$ENV{$1}/g;
        }

        $name = substr $name, 0, 60;

        my $location = defined $conf{location}
            ? "location /t { gw_aggregate on;\n$conf{location}\n}" : '';

        my $text = <<"_EOC_";
${modules}error_log stderr;
pid $DIR/test.pid;
events { worker_connections 64; }
http {
    access_log off;
    @{[$conf{http} // '']}
    server {
        listen unix:$DIR/test.sock;
        @{[$conf{server} // '']}
        $location
    }
}
_EOC_

        write_file($path, $text);

        my $said = qx($binary -t -e stderr -p $root/ -c $path 2>&1);
        my $rc = $?;

        if (!defined $says) {
            is($rc, 0, "$name: starts") or diag($said);
            next;
        }

        isnt($rc, 0, "$name: does not start");
        like($said, qr/\[emerg\].*$says/, "$name: message");
        is(() = $said =~ /\[emerg\]/g, 1, "$name: one message")
            or diag($said);

        # most of what is said has a line
        if (defined $conf{location}
            && $said =~ /\[emerg\].* in \Q$path\E:(\d+)/)
        {
            my $from = 1 + substr($text, 0, index $text, 'location /t')
                           =~ tr/\n//;

            cmp_ok($1, '>=', $from, "$name: line");
            cmp_ok($1, '<=', $from + 1 + $conf{location} =~ tr/\n//,
                   "$name: line");
        }
        unlike($said, qr/\[alert\]/, "$name: no alert");
    }
}


# --- the service

sub serve {
    pipe my $read, $lifeline or die "pipe: $!";

    my $listen = IO::Socket::UNIX->new(Local => "$DIR/part.sock",
                                       Listen => 1024)
        or die "part.sock: $!";
    my $tcp = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1024)
        or die "a port: $@";

    chmod 0666, "$DIR/part.sock";
    $_->blocking(0) for $listen, $tcp;
    $ENV{TEST_NGINX_PART_TCP} = '127.0.0.1:' . $tcp->sockport;
    write_file($EVENTS, '');

    my $pid = fork // die "fork: $!";

    return if $pid;

    # ends when the tests do

    close $lifeline;
    POSIX::setpgid(0, 0);
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
    $SIG{PIPE} = 'IGNORE';
    POSIX::dup2(POSIX::open('/dev/null', POSIX::O_RDWR()), $_) for 0, 1;

    my $self = bless { listen => [$listen, $tcp], lifeline => $read, conns => {},
                       released => {} }, 'GwPart::Service';

    open $self->{events}, '>>', $EVENTS or die "$EVENTS: $!";
    $self->{events}->autoflush;

    eval { $self->run };
    warn "the service: $@" if $@;
    POSIX::_exit(0);
}


package GwPart::Service;

use Time::HiRes qw(time);


sub run {
    my ($self) = @_;

    while (1) {
        my $reads = IO::Select->new(@{ $self->{listen} },
                                   $self->{lifeline});
        my $writes = IO::Select->new;
        my $now = time;
        my $wake = $now + 10;

        for my $conn (values %{ $self->{conns} }) {
            $reads->add($conn->{socket});

            next unless @{ $conn->{queue} };

            if ($conn->{at} <= $now) {
                $writes->add($conn->{socket});

            } elsif ($conn->{at} < $wake) {
                $wake = $conn->{at};
            }
        }

        my ($readable, $writable) = IO::Select->select($reads, $writes, undef,
                                                       $wake - $now);

        for my $socket (@{ $writable // [] }) {
            my $conn = $self->{conns}{fileno $socket};

            $self->send($conn) if $conn;
        }

        for my $socket (@{ $readable // [] }) {
            return if $socket == $self->{lifeline};

            if (grep { $_ == $socket } @{ $self->{listen} }) {
                while (my $new = $socket->accept) {
                    $new->blocking(0);
                    $self->{conns}{fileno $new} = {
                        socket => $new, in => '', queue => [], at => 0,
                    };
                }

                next;
            }

            my $conn = $self->{conns}{fileno($socket) // -1} or next;

            $self->read($conn);
        }
    }
}


# All that is there, an end that comes with it too: it is seen now.

sub read {
    my ($self, $conn) = @_;

    my $n;

    while ($n = sysread $conn->{socket}, $conn->{in}, 65536,
                        length $conn->{in})
    {
        $self->request($conn);
    }

    return if !defined $n && $!{EAGAIN};

    $self->event('gone', $conn) if $conn->{busy};
    $self->done($conn);
}


sub event {
    my ($self, $what, $conn) = @_;

    print { $self->{events} } "$what $conn->{uri}\n";
}


sub done {
    my ($self, $conn) = @_;

    delete $self->{conns}{fileno $conn->{socket}};
    close $conn->{socket};
}


# A whole request, if it is there.

sub request {
    my ($self, $conn) = @_;

    return if $conn->{busy};

    my ($head) = $conn->{in} =~ /^(.*?\r\n\r\n)/s or return;
    my ($length) = $head =~ /^content-length: *(\d+)\r$/mi;

    my $early = $head =~ /^\S+ \S*[?&]early=1[& ]/;

    $length = 0 if $early || !$length;
    return if length $conn->{in} < length($head) + $length;

    my $body = substr $conn->{in}, length $head, $length;

    substr $conn->{in}, 0, length($head) + $length, '';

    my ($line, @lines) = split /\r\n/, $head;
    my ($method, $uri, $protocol) = $line =~ /^(\S+) (.*) (HTTP\S+)$/s;

    $conn->{uri} = ($uri // $line) =~ s/[\x00-\x20]/~/gr;
    $conn->{keep} = !$early && $head =~ m{^\S+ .* HTTP/1\.1\r\n}
                    && $head !~ /^connection: *close/mi;

    if ($conn->{uri} =~ m{^/!release/(.+)}) {
        $self->{released}{$1} = 1;
        $conn->{keep} = 0;
        $self->put($conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        for my $other (values %{ $self->{conns} }) {
            next unless ($other->{hold} // '') eq $1;

            $other->{hold} = '';
            $self->answer($other);
        }

        return;
    }

    my %headers;

    for (@lines) {
        my ($name, $value) = /^([^:]*): ?(.*)$/s;

        push @{ $headers{lc $name} }, $value;
    }

    $conn->{told} = { method => $method, uri => $uri, headers => \%headers,
                      protocol => $protocol, body => $body };
    $conn->{busy} = 1;
    $conn->{queue} = [];
    $conn->{at} = 0;
    $conn->{say} = my $say = {};
    $self->event('came', $conn);

    my ($query) = ($uri // '') =~ /\?(.*)$/s;

    for (grep { length } split /&/, $query // '') {
        my ($key, $value) = map { s/%(..)/chr hex $1/ger } split /=/, $_, 2;

        $key eq 'head' ? push @{ $say->{head} }, $value
                       : ($say->{$key} = $value // '');
    }

    $conn->{hold} = $say->{hold} // '';

    return if $say->{never}
              || $conn->{hold} ne '' && !$self->{released}{$conn->{hold}};

    $self->answer($conn);
}


sub body {
    my ($self, $conn) = @_;

    my $say = $conn->{say};

    return $say->{json} if defined $say->{json};
    return GwTest::read_file($say->{file}) if defined $say->{file};
    return GwPart::large($say->{large}) if $say->{large};
    return '[' x $say->{deep} . ']' x $say->{deep} if $say->{deep};

    return JSON::PP->new->canonical->ascii->encode($conn->{told}) . "\n";
}


sub answer {
    my ($self, $conn) = @_;

    my $say = $conn->{say};

    if (defined $say->{raw}) {
        $conn->{keep} = 0;
        return $self->put($conn, $say->{raw});
    }

    my $body = ' ' x ($say->{pad} // 0) . $self->body($conn);
    my $gzip = $say->{gzip} // '';
    my $close = $say->{close} // '';

    if ($gzip ne '' && $gzip ne 'none' && !$say->{zeros}) {
        $body = $gzip eq 'two'
            ? Compress::Zlib::memGzip(substr $body, 0, length($body) / 2)
              . Compress::Zlib::memGzip(substr $body, length($body) / 2)
            : Compress::Zlib::memGzip($body);

        $body = substr $body, 0, length($body) / 2 if $gzip eq 'half';
        $body .= 'behind it' if $gzip eq 'tail';
        substr $body, 10, 1, "\xff" if $gzip eq 'corrupt';
        substr $body, -8, 1, substr($body, -8, 1) ^ "\x55" if $gzip eq 'sum';
    }

    $body = bomb($say->{zeros}) if $say->{zeros};

    my $status = $say->{status} // 200;
    my $length = length $body;
    my $chunked = $say->{chunked} // '';
    my $bare = $say->{bare};
    my $empty = $status == 204 || $status == 304;
    my @head = ("HTTP/1.1 $status Said");

    $conn->{keep} = 0 if $bare || $close ne '' || $chunked eq 'cut';

    push @head, 'Content-Type: ' . ($say->{type} // 'application/json')
        unless $empty;
    push @head, "Content-Length: $length"
        unless $bare || $chunked || $empty;
    push @head, 'Transfer-Encoding: chunked' if $chunked;
    push @head, 'Content-Encoding: gzip' if $gzip ne '';
    push @head, "Content-Encoding: $say->{encoding}" if $say->{encoding};
    push @head, @{ $say->{head} // [] };
    push @head, 'Connection: close' unless $conn->{keep};

    my $head = join "\r\n", @head, '', '';

    $conn->{at} = time + $say->{delay} if $say->{delay};

    return $self->put($conn, '') if $close eq 'header';
    return $self->put($conn, substr $head, 0, length($head) / 2)
        if $close eq 'half';

    # what is still to come is then read and dropped

    my $stall = $say->{stall} // ($say->{early} ? length $body : undef);
    my $cut = $close ne '' ? $close : $stall;

    $body = substr $body, 0, $cut if defined $cut;
    $body = '' if $empty;
    $conn->{stall} = defined $stall;

    my @pieces = $say->{pieces} ? unpack("(a$say->{pieces})*", $body) : $body;

    if ($chunked) {
        @pieces = map { sprintf "%x\r\n%s\r\n", length, $_ }
                      grep { length } @pieces;
        push @pieces, "0\r\n\r\n" if $chunked ne 'cut';
    }

    $conn->{gap} = $say->{gap} // 0.002;
    $self->put($conn, $say->{pieces} ? ($head, @pieces)
                                     : join '', $head, @pieces);
}


sub bomb {
    my ($n) = @_;

    my ($deflate) = Compress::Zlib::deflateInit(
                        -WindowBits => 16 + Compress::Zlib::MAX_WBITS());
    my $piece = '0' x 1048576;
    my $bytes = '';

    $bytes .= $deflate->deflate($_) // '' for '["', ($piece) x $n, '"]';

    return $bytes . $deflate->flush;
}


sub put {
    my ($self, $conn, @bytes) = @_;

    $conn->{queue} = \@bytes;
}


sub send {
    my ($self, $conn) = @_;

    my $queue = $conn->{queue};

    if (length $queue->[0]) {
        my $n = syswrite $conn->{socket}, $queue->[0];

        if (!defined $n) {
            return if $!{EAGAIN};

            $self->event('gone', $conn) if $conn->{busy};
            $self->done($conn);
            return;
        }

        substr $queue->[0], 0, $n, '';

        return if length $queue->[0];
    }

    shift @$queue;

    if (@$queue) {
        $conn->{at} = time + $conn->{gap};
        return;
    }

    return if $conn->{stall};

    $self->event('answered', $conn) if $conn->{busy};
    $conn->{busy} = 0;

    return $self->done($conn) unless $conn->{keep};

    $self->request($conn);
}


1;
