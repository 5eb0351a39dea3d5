package GwGrpc;

# What the tests of transcoding have in common, on top of GwTest.
#
# - A service made of grpcio, t/lib/grpc_server.py, speaks t/data/proto/
#   test.proto at $TEST_NGINX_GRPC (and $TEST_NGINX_GRPC_SOCK, a unix socket);
#   a fake one that sends what grpcio would not is at $TEST_NGINX_FAKE.  What
#   they can be told stands in that file.
# - Answers of the tested server carry X-Status ($gw_grpc_status), X-Error
#   ($gw_error) and X-Method ($gw_grpc_method).  The fourth column of a case is
#   $gw_grpc_status; where it is looked at there is no $gw_error unless the
#   case says so.
# - $GwGrpc::HTTP is for http_config: the upstreams "service" and "fake", and
#   descriptors; $GwGrpc::ALL a location that transcodes all of service Test.

use strict;
use warnings;

use GwTest;
use GwProcess;

use File::Temp ();
use IO::Select;
use JSON::PP ();
use MIME::Base64 ();
use Time::HiRes qw(time sleep);

use Exporter 'import';

our @EXPORT = qw(call fake sent status refusal told b64 events occurred release
                 unique arrivals pieces conf_says python time sleep);

our $PREAMBLE = <<'_EOC_';
        add_header X-Status $gw_grpc_status always;
        add_header X-Error $gw_error always;
        add_header X-Method $gw_grpc_method always;
_EOC_

our $HTTP = <<'_EOC_';
    gw_transcode_descriptor $TEST_NGINX_DATA/proto/test.pb;

    upstream service {
        server $TEST_NGINX_GRPC;
        keepalive 20;
    }

    upstream fake {
        server $TEST_NGINX_FAKE;
    }
_EOC_

our $ALL = <<'_EOC_';
location /v {
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /v1/fake {
    gw_transcode test.v1.Other;
    grpc_pass grpc://fake;
}
_EOC_

our $DIR = File::Temp->newdir('gwgrpc-XXXXXX', TMPDIR => 1);

my $words = 0;

chmod 0755, "$DIR";
config_preamble($PREAMBLE);

$GwTest::ERROR = sub { undef };

serve();


sub serve {
    my $root = $GwToken::DATA =~ s{/data$}{}r;
    my ($port, $fake) = (GwProcess::port(), GwProcess::port());

    $ENV{TEST_NGINX_GRPC} = "127.0.0.1:$port";
    $ENV{TEST_NGINX_GRPC_SOCK} = "unix:$DIR/grpc.sock";
    $ENV{TEST_NGINX_FAKE} = "127.0.0.1:$fake";

    GwProcess::run("$DIR/log", '/usr/bin/python3', '-B',
                   "$root/lib/grpc_server.py", $DIR,
                   "$root/data/proto/test.pb", "127.0.0.1:$port",
                   "unix:$DIR/grpc.sock", "fake=$fake");

    wait_for(sub { -e "$DIR/ready" }, 20)
        or die 'no service: ' . read_file("$DIR/log");

    # of a worker that is not root
    chmod 0666, "$DIR/grpc.sock";
}


# A request: its body is "body" as it is, or "json" of a structure; "do" is
# what the service does, see grpc_server.py.  Others are those of http().

sub call {
    my ($uri, %arg) = @_;

    my @headers = @{ delete $arg{headers} // [] };
    my $do = delete $arg{do};

    push @headers, 'Grpc-Metadata-Do: ' . printable($do) if $do;

    if (exists $arg{json}) {
        $arg{body} = json(delete $arg{json});
        $arg{type} //= 'application/json';
    }

    my $type = delete $arg{type};

    push @headers, "Content-Type: $type" if defined $type && $type ne '';
    $arg{method} //= 'POST' if defined $arg{body};

    return { uri => $uri, %arg, headers => \@headers };
}


# JSON that can stand in a header field.

sub printable {
    return JSON::PP->new->canonical->ascii->encode($_[0])
           =~ s/\x7f/\\u007f/gr;
}


# One for the fake service: steps, see grpc_server.py.  stream => 1 is of a
# stream, stream => 'body' one of HttpBody.

sub fake {
    my ($steps, %arg) = @_;

    my $stream = delete $arg{stream};
    my $uri = !$stream ? '/v1/fake'
              : $stream eq 'body' ? '/v1/fake/body' : '/v1/fake/stream';

    return call("$uri?script="
                . (MIME::Base64::encode_base64url(json($steps))), %arg);
}


sub b64 { return MIME::Base64::encode_base64($_[0], '') }


# A column of a case, "then" and a sub: looks at what the service was sent,
# "request" (a structure), "method" (its name), "left" or a name of metadata
# with its value, a list of values, a regular expression, or undef.

sub sent {
    my (@pairs) = @_;

    return then => sub {
        my ($res, $name) = @_;

        my $told = told($res);

        local $Test::Builder::Level = $Test::Builder::Level + 2;

        for (my $i = 0; $i < @pairs; $i += 2) {
            my ($key, $want) = @pairs[$i, $i + 1];
            my $got = $told->{$key};

            if ($key !~ /^(?:request|requests|method|left)$/) {
                $got = $told->{metadata}{$key};
                $got = $got->[0] if $got && @$got == 1 && ref $want ne 'ARRAY';
            }

            ref $want eq 'Regexp'
                ? like($got, $want, "$name: sent: $key")
                : is_deeply($got, $want, "$name: sent: $key")
                  || diag($res->{body});
        }
    };
}


# A Told, from the body of an answer.

sub told {
    my ($res) = @_;

    my $told = eval { unjson($res->{body}) };

    $told = {} unless ref $told eq 'HASH';

    my %metadata;

    push @{ $metadata{$_->[0]} }, $_->[1]
        for @{ inner($told->{metadata} || '[]') };

    return {
        method => ($told->{method} // '') =~ s{^/test\.v1\.}{}r,
        request => inner($told->{request} || 'null'),
        requests => [map { inner($_) } @{ $told->{requests} // [] }],
        metadata => \%metadata,
        left => $told->{left} // 0,
        peer => $told->{peer},
    };
}


# JSON within JSON, whose characters are decoded already

sub inner { return JSON::PP->new->allow_nonref->decode($_[0]) }


# Columns of a case: the answer is a google.rpc.Status of that code.

sub status {
    my ($code, $message, @more) = @_;

    return ('Content-Type' => 'application/json',
            json => { code => $code, message => $message, details => [] },
            @more);
}


# A case: this module refuses the request.

sub refusal {
    my ($what, $request, $http, $reason, $message, @more) = @_;

    my %code = (400 => 3, 404 => 5, 405 => 12, 406 => 3, 413 => 8, 415 => 3,
                502 => 14, 504 => 4);

    return [$what, $request, $http, $code{$http},
            status($code{$http}, $message), error => "$http $reason", @more];
}


# A word that no other test has had.

sub unique { return ($_[0] // 'w') . "$$." . ++$words }


# Lets calls go on that hold for the word.

sub release {
    my ($word) = @_;

    write_file("$DIR/$word", '');
}


# Events of a tag: the last fields of their lines, or how many there are.

sub events {
    my ($what, $tag) = @_;

    return map { (split ' ', $_, 5)[4] // '' }
               grep { /^\S+ \Q$what\E \S+ \Q$tag\E / }
               split /^/, read_file("$DIR/events");
}


# Waits for so many of these events, and checks that there are no more.

sub occurred {
    my ($name, $what, $tag, $n) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    wait_for(sub { events($what, $tag) >= $n }, 10);
    is(scalar(my @list = events($what, $tag)), $n, "$name: $tag $what")
        or diag(grep { / \Q$tag\E / } split /^/, read_file("$DIR/events"));
}


# Sends a request; returns its response as http() does, and with it "pieces":
# a list of [seconds since the request, bytes], for each read.  "reader" is
# called with each piece.

sub arrivals {
    my ($request, $reader) = @_;

    my $began = time;
    my $started = start(%$request);
    my $conn = $started->{conn};
    my ($raw, @pieces) = ('');
    my $deadline = time + ($request->{wait} // 10);

    while (GwTest::more($conn, $deadline)) {
        push @pieces, [time - $began, $conn->{buffer}];
        $raw .= $conn->{buffer};
        $conn->{buffer} = '';
        $reader->($raw) if $reader;
    }

    $conn->{buffer} = $raw;

    my $res = finish($started);

    $res->{pieces} = \@pieces;
    $res->{whole} = $raw =~ /\r\n\r\n.*\r\n0\r\n\r\n\z/s ? 1 : 0;

    return $res;
}


# When a piece with these bytes came, in seconds; undef: never.

sub pieces {
    my ($res, $bytes) = @_;

    for (@{ $res->{pieces} }) {
        return $_->[0] if index($_->[1], $bytes) >= 0;
    }

    return undef;
}


# Whether nginx -t refuses configurations: rows of a name, a configuration (of
# a location with grpc_pass, or a hash of http, server and location) and what
# [emerg] must say, a regular expression; undef: it is not refused.

sub conf_says {
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
            ? "location /t { grpc_pass grpc://127.0.0.1:1;\n"
              . "$conf{location}\n}" : '';

        write_file($path, <<"_EOC_");
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

        my $said = qx($binary -t -e stderr -p $root/ -c $path 2>&1);
        my $rc = $?;

        if (!defined $says) {
            is($rc, 0, "$name: starts") or diag($said);
            next;
        }

        isnt($rc, 0, "$name: does not start");
        like($said, qr/\[emerg\].*$says/, "$name: message");
        like($said, qr/ in \Q$path\E:\d+(?: \(.*)?$/m, "$name: file and line");
        unlike($said, qr/\[alert\]/, "$name: no alert");
    }
}


# What a script in Python writes, from its text; arguments follow.

sub python {
    my ($script, @args) = @_;

    my $root = $GwToken::DATA =~ s{/data$}{}r;

    local $ENV{PYTHONPATH} = "$root/lib";

    open my $out, '-|', '/usr/bin/python3', '-B', '-c', $script, @args
        or die "python3: $!";

    my $text = do { local $/; <$out> } // '';

    close $out or diag("python3: $?");

    return $text;
}


1;
