package GwH2;

# A client of HTTP/2 that does what curl and nghttp do not: streams that are
# reset while others of the same connection go on, windows that stay shut.
# Header fields are sent as they are, without a table; of an answer's header
# only the status is read.

use strict;
use warnings;

use IO::Select;
use IO::Socket::UNIX;
use Time::HiRes ();

my %status = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404,
              14 => 500);


# settings: pairs of a number and a value (3: streams, 4: window of a stream)

sub new {
    my ($class, $path, %settings) = @_;

    my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!";
    my $self = bless { socket => $socket, buffer => '', next => 1,
                       streams => {} }, $class;

    binmode $socket;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                      . frame(4, 0, 0, map { pack 'nN', $_, $settings{$_} }
                                           sort keys %settings);

    return $self;
}


sub frame {
    my ($type, $flags, $stream, @payload) = @_;

    my $payload = join '', @payload;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}


sub text {
    my ($bytes) = @_;

    my $n = length $bytes;
    my $len = $n < 127 ? chr $n : chr 127;

    for ($n -= 127; $n >= 0; $n >>= 7) {
        $len .= chr($n > 127 ? $n & 127 | 128 : $n);
        last if $n <= 127;
    }

    return $len . $bytes;
}


# Sends a request: method, uri, headers (lines), body, and "open" for one whose
# body is to go on.  The number of its stream.

sub request {
    my ($self, %arg) = @_;

    my $id = $self->{next};
    my @fields = ([':method', $arg{method} // 'GET'], [':scheme', 'http'],
                  [':path', $arg{uri} // '/t'], [':authority', 'localhost']);

    $self->{next} += 2;
    $self->{streams}{$id} = { body => '' };

    for (@{ $arg{headers} // [] }) {
        my ($name, $value) = /^([^:]+): ?(.*)$/s;

        push @fields, [lc $name, $value];
    }

    my $block = join '', map { "\0" . text($_->[0]) . text($_->[1]) } @fields;
    my $more = defined $arg{body} || $arg{open};

    $self->send(frame(1, $more ? 4 : 5, $id, $block));
    $self->data($id, $arg{body}, !$arg{open}) if defined $arg{body};

    return $id;
}


sub data {
    my ($self, $id, $bytes, $last) = @_;

    $self->send(frame(0, $last ? 1 : 0, $id, $bytes));
}


sub reset { $_[0]->send(frame(3, 0, $_[1], pack 'N', $_[2] // 8)) }

# more bytes may come on a stream, or with 0 on the connection
sub window { $_[0]->send(frame(8, 0, $_[1], pack 'N', $_[2])) }

sub close { close $_[0]{socket} }


sub send {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';
    syswrite $self->{socket}, $bytes;
}


# Reads until the sub is true, the connection is closed or so many seconds have
# gone; whether it is.

sub until {
    my ($self, $sub, $seconds) = @_;

    my $deadline = Time::HiRes::time() + ($seconds // 10);

    until ($sub->()) {
        my $left = $deadline - Time::HiRes::time();

        return 0 if $left <= 0 || $self->{closed};
        next unless IO::Select->new($self->{socket})->can_read($left);

        sysread $self->{socket}, $self->{buffer}, 65536,
                length $self->{buffer}
            or $self->{closed} = 1;
        $self->frames;
    }

    return 1;
}


sub frames {
    my ($self) = @_;

    while (length $self->{buffer} >= 9) {
        my ($high, $low, $type, $flags, $id) = unpack 'CnCCN', $self->{buffer};
        my $len = ($high << 16) + $low;

        last if length $self->{buffer} < 9 + $len;

        my $payload = substr $self->{buffer}, 9, $len;
        my $stream = $self->{streams}{$id & 0x7fffffff} //= { body => '' };

        substr $self->{buffer}, 0, 9 + $len, '';

        if ($type == 0) {
            $stream->{body} .= $payload;
            $self->window(0, $len) if $len;

        } elsif ($type == 1 && $stream->{code}) {
            $stream->{trailers} = $payload;

        } elsif ($type == 1) {
            my ($first, $n, $text) = unpack 'CCa3', $payload;

            # nginx names the status by its index, and writes three digits

            $stream->{code} = $first & 128 ? $status{$first & 127}
                              : $text =~ /^\d{3}$/ ? $text
                              : huffman(substr $payload, 2, $n & 127);

        } elsif ($type == 3) {
            $stream->{reset} = 1;
            $stream->{end} = 1;

        } elsif ($type == 4 && !($flags & 1)) {
            $self->send(frame(4, 1, 0));

        } elsif ($type == 7) {
            $self->{away} = 1;
        }

        $stream->{end} = 1 if $type <= 1 && $flags & 1;
    }
}


# digits only: 0 to 2 are five bits, the others six

sub huffman {
    my $bits = unpack 'B*', $_[0];
    my $text = '';

    while ($bits =~ s/^(?:(00000|00001|00010)|(01(?:1001|1010|1011|1100|1101|
                                                   1110|1111)))//x)
    {
        $text .= defined $1 ? oct "0b$1" : oct("0b$2") - 22;
    }

    return $text;
}


# The answer of a stream: code, body, trailers (as they came), reset, end.

sub answer {
    my ($self, $id, $seconds) = @_;

    my $stream = $self->{streams}{$id};

    $self->until(sub { $stream->{end} }, $seconds);

    return $stream;
}


1;
