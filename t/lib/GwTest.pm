package GwTest;

# What the test files have in common, on top of Test::Nginx.
#
# - The modules are loaded, blocks run twice, and each block fails on [alert],
#   [crit], [emerg] and on what a sanitizer says, while it runs and when nginx
#   ends.  "--- log_allows: crit" lifts one of them for a block that causes it.
# - Every answer of the tested server carries X-Status ($gw_jwt_status) and,
#   if refused, X-Error ($gw_error).
# - $TEST_NGINX_DATA is t/data, $TEST_NGINX_SOCK a folder for unix sockets
#   (upstreams need no ports), $TEST_NGINX_PORT_1 a port for clients that
#   cannot use those; $TEST_NGINX_H2 ends a listen of HTTP/2, and
#   $TEST_NGINX_H2_ON stands beside it.
#   $TEST_NGINX_BACK is a service that tells what it was sent; $GwTest::BACK
#   its server, to be put in http_config.
#
# A block with several requests to one configuration has a section "cases"
# instead of "request", a list in Perl:
#
#   [name, request, code, status, expected...],
#
# name      what the case shows
# request   an URI or a hash of http(), see there; token => adds the header
# code      of the answer; undef: the connection is closed without one
# status    what $gw_jwt_status is to be; undef: not looked at
# expected  pairs: a header's name, or "body", "json" (members of the body that
#           must be there), "error" ($gw_error) or "log" (a line in error.log,
#           looked for from here on), and a string, a regular expression, a
#           list (all values of the header) or undef (no such header); or
#           "then" and a sub, called with the response
#
# A case of a sub only, [name, sub { ... }], runs it.

use strict;
use warnings;

use Cwd ();
use File::Basename ();
use File::Path ();
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Time::HiRes ();

my ($root, $servroot);

BEGIN {
    $root = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../..');

    # a file run by itself finds what "make test" would have named

    $ENV{TEST_NGINX_LOAD_MODULES} //=
        join ' ', glob "$root/modules/ngx_http_gw_*_module.so";
    $ENV{TEST_NGINX_LOG_LEVEL} //= 'info';

    if (!$ENV{TEST_NGINX_SERVROOT} && !$ENV{TEST_NGINX_RANDOMIZE}) {
        File::Path::make_path("$root/build");
        $ENV{TEST_NGINX_SERVROOT} = "$root/build/servroot";
    }

    my $deps = "$root/build/deps/perl";

    unshift @INC, grep { -d } $deps, "$deps/usr/share/perl5";
}

use Test::Nginx::Socket 'no_plan';
use Test::Nginx::Util ();
use GwToken;

use Exporter ();

our @EXPORT = (@GwToken::EXPORT, @Test::Nginx::Socket::EXPORT,
               qw(ok is isnt like unlike is_deeply cmp_ok pass fail diag skip),
               qw(http start finish write_file read_file remove_file),
               qw(log_lines wait_for has_module must_die));

our $BACK = <<'_EOC_';
    server {
        listen $TEST_NGINX_BACK;
        gw_jwt off;

        location / {
            return 200 "$request_method $request_uri auth=[$http_authorization] cookie=[$http_cookie] x-token=[$http_x_token] user=[$http_x_user]\n";
        }

        location /status/ {
            rewrite ^/status/401 /401 last;
            rewrite ^/status/403 /403 last;
        }

        location = /401 {
            add_header WWW-Authenticate 'Basic realm="service"' always;
            return 401 "the service says 401\n";
        }

        location = /403 {
            return 403 "the service says 403\n";
        }
    }
_EOC_

my %fatal = (
    alert => '\[alert\]',
    crit  => '\[crit\]',
    emerg => '\[emerg\]',
    asan  => 'ERROR: (?:Address|Leak)Sanitizer',
    ubsan => 'runtime error:',
);

# What $gw_error is to be, from a response, its code and X-Status.

our $ERROR = sub {
    my (undef, $code, $status) = @_;

    my %refused = map { $_ => 1 } 401, 403, 503;
    my %passed = map { $_ => 1 } qw(off preflight passed);

    return $refused{$code} && !$passed{$status} ? "$code $status" : undef;
};

my (%conns, $log_pos);
my $round = 0;


sub import {
    strict->import;
    warnings->import;

    goto &Exporter::import;
}


$servroot = Test::Nginx::Util::server_root();

# nginx as it was built may lack some of its own modules

my $built = `$Test::Nginx::Util::NginxBinary -V 2>&1`;
my ($major, $minor, $patch) = $built =~ m{nginx/(\d+)\.(\d+)\.(\d+)};

$ENV{TEST_NGINX_PORT_1} //= $Test::Nginx::Util::ServerPort + 1;
$ENV{TEST_NGINX_DATA} = $GwToken::DATA;
$ENV{TEST_NGINX_SOCK} = "$servroot/logs";
$ENV{TEST_NGINX_BACK} = "unix:$servroot/logs/back.sock";

# HTTP/2 is a matter of the listen in old versions, of the server in new ones

my $http2_on = $major * 1000000 + $minor * 1000 + $patch >= 1025001;

$ENV{TEST_NGINX_H2} = $http2_on ? '' : ' http2';
$ENV{TEST_NGINX_H2_ON} = $http2_on ? 'http2 on;' : '';

repeat_each(2);
no_long_string();

config_preamble(<<'_EOC_');
        add_header X-Status $gw_jwt_status always;
        add_header X-Error $gw_error always;
_EOC_

add_block_preprocessor(sub {
    my ($block) = @_;

    my %allowed = map { $_ => 1 } split ' ', $block->log_allows // '';
    my $dies = defined $block->must_die;
    my $never = join '|', map { $fatal{$_} }
                              grep { !$allowed{$_} && !($dies
                                                        && $_ eq 'emerg') }
                                  sort keys %fatal;
    $never = qr/$never/;

    $block->set_value('no_error_log',
                      [$never, lines($block->no_error_log)]);

    if ($dies) {
        $block->set_value('suppress_stderr', 1);
        $block->set_value('error_log',
                          ['[emerg]', lines($block->error_log)]);

    } else {
        # nginx removes its sockets before the last worker knows of the end

        $block->set_value('no_shutdown_error_log',
            [qr/^(?!.*connect\(\) to unix:\S+ failed \(2:).*(?:$never)/])
            unless defined $block->no_shutdown_error_log;
    }

    if (defined $block->cases) {
        $block->set_value('cases', compile($block));
        $block->set_value('no_check_leak', 1);
    }

    $block->set_value('request', 'GET /')
        unless defined $block->request || defined $block->raw_request
               || defined $block->pipelined_requests;
});

my $run_requests = $Test::Nginx::Util::RunTestHelper;

$Test::Nginx::Util::RunTestHelper = sub {
    my ($block, $dry_run, $repeated) = @_;

    return $run_requests->(@_) unless defined $block->cases;

    run_cases($block, $repeated) unless $dry_run;

    &Test::Nginx::Socket::check_error_log($block, undef, $dry_run, $repeated,
                                         0);
    &Test::Nginx::Socket::check_access_log($block, $dry_run, $repeated);
};


# Blocks of configurations that must not start, appended to those below
# __DATA__.  Rows of name, configuration (for the server; or a hash of
# sections) and what [emerg] must say: regular expressions.

sub must_die {
    my @rows = @_;

    my $spec = do { local $/; no warnings; <main::DATA> } // '';
    my $n = () = $spec =~ /^=== /mg;

    for (@rows) {
        my ($name, $sections, @says) = @$_;
        my %sections = ref $sections ? %$sections : (config => $sections);

        $sections{config} //= "location /t { gw_jwt api; }\n";

        $spec .= sprintf "\n\n=== TEST %d: %s\n", ++$n, $name;
        $spec .= "--- $_\n$sections{$_}\n" for sort keys %sections;
        $spec .= "--- must_die\n";
        $spec .= "--- error_log eval\n["
                 . join(', ', map { "qr\0\\[emerg\\].*$_\0s" } @says) . "]\n";
    }

    Test::Base::spec_string($spec);
}


sub lines {
    my ($section) = @_;

    return ref $section eq 'ARRAY' ? @$section
           : ref $section ? ($section)
           : split /\n+/, $section // '';
}


sub compile {
    my ($block) = @_;

    my $name = $block->name;
    my $list = eval "package main; no strict 'vars';\n#line 1 \"$name\"\n[\n"
                    . $block->cases . "\n]";

    bail_out("$name - cases: $@") unless $list;

    return $list;
}


sub run_cases {
    my ($block, $repeated) = @_;

    %conns = ();
    $log_pos = -s "$servroot/logs/error.log";
    $round++;

    my $n = 0;

    for my $case (@{ $block->cases }) {
        my ($what, $request, $code, $status, @expected) = @$case;
        my $name = sprintf '%s - %d: %s', $block->name, ++$n, $what;

        local $Test::Builder::Level = $Test::Builder::Level + 1;

        if (ref $request eq 'CODE') {
            $request->($name, $repeated);
            next;
        }

        $request = { uri => $request } unless ref $request;

        check($name, http(%$request), $code, $status, @expected);
    }

    %conns = ();
}


sub check {
    my ($name, $res, $code, $status, @expected) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 2;

    if (!defined $code) {
        is($res->{code}, undef, "$name: no answer");
        return;
    }

    (ref $code ? like($res->{code}, $code, "$name: code")
               : is($res->{code}, $code, "$name: code"))
        or diag("status " . ($res->{header}{'x-status'} // '-'));

    my $got_status = $res->{header}{'x-status'} // '';

    ref $status ? like($got_status, $status, "$name: status")
                : is($got_status, $status, "$name: status $status")
        if defined $status;

    # $gw_error follows from code and status

    unshift @expected, error => $ERROR->($res, $res->{code}, $got_status)
        if defined $status && !grep { defined && $_ eq 'error' } @expected;

    while (@expected) {
        my ($key, $want) = splice @expected, 0, 2;

        if ($key eq 'then') {
            $want->($res, $name);
            next;
        }

        if ($key eq 'log') {
            wait_for(sub { grep_log($want) });
            ok(grep_log($want), "$name: in the log: $want")
                or diag(log_lines());
            next;
        }

        if ($key eq 'json') {
            check_json($name, $res->{body}, $want);
            next;
        }

        my $got = $key eq 'body' ? $res->{body}
                  : $res->{header}{$key eq 'error' ? 'x-error' : lc $key};

        if (ref $want eq 'ARRAY') {
            is_deeply($res->{headers}{lc $key} // [], $want, "$name: $key");

        } elsif (ref $want) {
            like($got, $want, "$name: $key");

        } else {
            is($got, $want, "$name: $key");
        }
    }
}


sub check_json {
    my ($name, $body, $want) = @_;

    my $got = eval { unjson($body) };

    if (ref $got ne 'HASH') {
        fail("$name: a JSON object");
        diag($body);
        return;
    }

    for my $member (sort keys %$want) {
        ref $want->{$member} eq 'Regexp'
            ? like($got->{$member}, $want->{$member}, "$name: $member")
            : is_deeply($got->{$member}, $want->{$member}, "$name: $member");
    }
}


# One request.  All arguments are optional:
#
#   uri (/t), method, body, host, version (1.1)
#   headers   list of lines
#   token     adds "Authorization: Bearer ..."
#   key       adds "X-Key: ...", another one in each round of a block: nginx
#             runs on between them, and what it keeps by keys must start anew
#   socket    path of a unix socket instead of the tested server's port
#   conn      a name: the connection stays open and is used again under it
#   raw       the bytes to send instead of all of the above
#   http2     sent by curl over HTTP/2
#   wait      seconds (of the answer; 10)
#
# Returns code, header (name in lower case => last value), headers (name =>
# list), body, raw.  code is undef if there was no answer.

sub http {
    my (%arg) = @_;

    return curl(%arg) if $arg{http2};

    return finish(start(%arg));
}


# The two halves of it, for several requests at a time.

sub start {
    my (%arg) = @_;

    my $method = $arg{method} // 'GET';
    my $bytes = $arg{raw} // do {
        my @headers = request_headers(%arg);

        push @headers, 'Connection: close'
            unless $arg{conn} || grep { /^connection:/i } @headers;

        join "\r\n", "$method " . ($arg{uri} // '/t') . ' HTTP/'
                     . ($arg{version} // '1.1'),
                     'Host: ' . ($arg{host} // 'localhost'),
                     @headers, '', $arg{body} // '';
    };

    my $name = $arg{conn};
    my $conn = $name ? $conns{$name} : undef;

    $conn ||= { socket => connection(%arg), buffer => '', name => $name };
    $conns{$name} = $conn if $name;

    local $SIG{PIPE} = 'IGNORE';

    send_all($conn->{socket}, $bytes);

    return { conn => $conn, method => $method, wait => $arg{wait} // 10 };
}


sub finish {
    my ($started) = @_;

    my $conn = $started->{conn};
    my $res = read_response($conn, $started->{method}, $started->{wait});

    delete $conns{$conn->{name}}
        if $conn->{name}
           && (!$res->{code}
               || ($res->{header}{connection} // '') eq 'close');

    return $res;
}


# Further responses on a connection that "conn" and "raw" were sent on.

sub next_response {
    my ($name, $method) = @_;

    return read_response($conns{$name}, $method // 'GET', 10);
}


sub request_headers {
    my (%arg) = @_;

    my @headers = @{ $arg{headers} // [] };

    push @headers, "Authorization: Bearer $arg{token}"
        if defined $arg{token};
    push @headers, key_header($arg{key}) if defined $arg{key};
    push @headers, 'Content-Length: ' . length $arg{body}
        if defined $arg{body};

    return @headers;
}


sub key_header {
    my ($key) = @_;

    return "X-Key: $key.$round";
}


sub connection {
    my (%arg) = @_;

    my $socket = $arg{socket}
        ? IO::Socket::UNIX->new(Peer => $arg{socket})
        : IO::Socket::INET->new(
              PeerAddr => '127.0.0.1',
              PeerPort => $arg{port} // server_port_for_client(),
          );

    die 'cannot connect: ' . ($@ || $!) unless $socket;

    binmode $socket;

    return $socket;
}


sub send_all {
    my ($socket, $bytes) = @_;

    my $sent = 0;

    while ($sent < length $bytes) {
        my $n = syswrite $socket, $bytes, length($bytes) - $sent, $sent;

        last unless $n;
        $sent += $n;
    }
}


# More bytes to the buffer; false when there are no more or none in time.

sub more {
    my ($conn, $deadline) = @_;

    my $left = $deadline - Time::HiRes::time();

    return 0 if $left <= 0;
    return 0 unless IO::Select->new($conn->{socket})->can_read($left);

    return sysread $conn->{socket}, $conn->{buffer}, 65536,
                   length $conn->{buffer};
}


sub read_response {
    my ($conn, $method, $wait) = @_;

    my $deadline = Time::HiRes::time() + $wait;

    while ($conn->{buffer} !~ /\r\n\r\n/) {
        more($conn, $deadline)
            or return { code => undef, raw => $conn->{buffer}, header => {},
                        headers => {}, body => '' };
    }

    my ($head) = $conn->{buffer} =~ /^(.*?\r\n\r\n)/s;

    substr $conn->{buffer}, 0, length $head, '';

    my $res = parse_head($head);

    return read_response($conn, $method, $wait) if $res->{code} == 100;

    $res->{body} = read_body($conn, $res, $method, $deadline);
    $res->{raw} = $head . $res->{body};

    return $res;
}


sub parse_head {
    my ($head) = @_;

    my ($line, @lines) = split /\r\n/, $head;
    my ($code) = $line =~ m{^HTTP/[\d.]+ (\d+)};
    my %res = (code => $code, header => {}, headers => {}, line => $line);

    for (@lines) {
        my ($name, $value) = /^([^:]+):\s*(.*?)\s*$/ or next;

        push @{ $res{headers}{lc $name} }, $value;
        $res{header}{lc $name} = $value;
    }

    return \%res;
}


sub read_body {
    my ($conn, $res, $method, $deadline) = @_;

    return '' if $method eq 'HEAD' || $res->{code} =~ /^(?:1..|204|304)$/;

    my $body = '';

    if (($res->{header}{'transfer-encoding'} // '') eq 'chunked') {
        while (1) {
            while ($conn->{buffer} !~ /\n/) {
                more($conn, $deadline) or return $body;
            }

            my ($line, $size) = $conn->{buffer} =~ /^(([0-9a-f]+)[^\n]*\n)/i
                or return $body;
            my $len = hex $size;
            my $at = length $line;

            while (length $conn->{buffer} < $at + $len + 2) {
                more($conn, $deadline) or return $body;
            }

            $body .= substr $conn->{buffer}, $at, $len;
            substr $conn->{buffer}, 0, $at + $len + 2, '';

            return $body unless $len;
        }
    }

    my $len = $res->{header}{'content-length'};

    1 while (!defined $len || length $conn->{buffer} < $len)
            && more($conn, $deadline);

    return substr $conn->{buffer}, 0, $len // length $conn->{buffer}, '';
}


sub curl {
    my (%arg) = @_;

    my @args = ('-sS', '-i', '--max-time', $arg{wait} // 10,
                '--http2-prior-knowledge', '-X', $arg{method} // 'GET');

    push @args, '--unix-socket', $arg{socket} if $arg{socket};
    push @args, '-I' if ($arg{method} // '') eq 'HEAD';
    push @args, '--data-binary', $arg{body} if defined $arg{body};
    push @args, map { ('-H', $_) } @{ $arg{headers} // [] },
        defined $arg{key} ? key_header($arg{key}) : (),
        defined $arg{token} ? "Authorization: Bearer $arg{token}" : ();
    push @args, 'http://' . ($arg{host} // 'localhost') . ':'
                . server_port_for_client() . ($arg{uri} // '/t');

    open my $out, '-|', 'curl', @args or die "curl: $!";
    binmode $out;

    my $raw = do { local $/; <$out> } // '';

    close $out;

    my ($head, $body) = $raw =~ /^(HTTP.*?\r\n\r\n)(.*)$/s;

    return { code => undef, header => {}, headers => {}, body => '',
             raw => $raw }
        unless $head;

    return { %{ parse_head($head) }, body => $body, raw => $raw };
}


# Files of the running nginx: names are below its folder.

sub write_file {
    my ($name, $text) = @_;

    my $path = $name =~ m{^/} ? $name : "$servroot/$name";

    # whole or not at all: nginx may read it at any time

    open my $out, '>:raw', "$path.new" or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
    rename "$path.new", $path or die "$path: $!";
}


sub read_file {
    my ($name) = @_;

    my $path = $name =~ m{^/} ? $name : "$servroot/$name";

    open my $in, '<:raw', $path or return '';

    return do { local $/; <$in> } // '';
}


sub remove_file {
    my ($name) = @_;

    unlink "$servroot/$name";
}


# Lines of error.log since the cases of this round began.

sub log_lines {
    my $log = read_file('logs/error.log');

    return split /^/, substr $log, $log_pos // 0;
}


sub grep_log {
    my ($want) = @_;

    return grep { ref $want ? $_ =~ $want : index($_, $want) >= 0 }
               log_lines();
}


# Waits until the sub is true; at most so many seconds.  What it returned.

sub wait_for {
    my ($sub, $seconds) = @_;

    my $deadline = Time::HiRes::time() + ($seconds // 5);
    my $value;

    until ($value = $sub->()) {
        return $value if Time::HiRes::time() > $deadline;

        Time::HiRes::sleep(0.02);
    }

    return $value;
}


# Whether nginx was built with one of its modules ("http_addition").

sub has_module {
    my ($name) = @_;

    return $built =~ /--with-${name}_module(?!=dynamic)/;
}


1;
