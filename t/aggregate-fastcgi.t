# Parts from a FastCGI application.  It is one of our own, since a real one does
# not end within its answer when it is told to.

use GwTest;
use GwPart;

use IO::Socket::UNIX;

fastcgi("$GwPart::DIR/fastcgi.sock");

our $config = <<'_EOC_';
location = /t {
    gw_aggregate on;
    gw_part a /_f/a?$arg_a;
}

location = /optional {
    gw_aggregate on;
    gw_part a /_f/a?$arg_a optional;
}

location ^~ /_f/ {
    internal;
    fastcgi_param QUERY_STRING "<$args>";
    fastcgi_pass unix:$TEST_NGINX_FASTCGI;
}
_EOC_

run_tests();


# Answers "<length,body,end>": the Content-Length (or "-"), the body, and whether
# the request's end is told.

sub fastcgi {
    my ($path) = @_;

    $ENV{TEST_NGINX_FASTCGI} = $path;

    my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 64)
        or die "$path: $!";

    chmod 0666, $path;

    pipe my $read, our $lifeline or die "pipe: $!";
    my $pid = fork // die "fork: $!";

    return if $pid;

    # ends when the tests do

    close $lifeline;

    my $select = IO::Select->new($listen, $read);

    while (my @ready = $select->can_read) {
        POSIX::_exit(0) if grep { $_ == $read } @ready;

        my $c = $listen->accept or next;
        my $got = '';

        while ($got !~ /<([-\d]+),(.*),(\d)>/) {
            last unless $c->sysread($got, 8192, length $got);
        }

        my ($length, $body, $end) = $got =~ /<([-\d]+),(.*),(\d)>/ or next;
        my $head = "Content-Type: application/json\r\n"
                   . ($length eq '-' ? '' : "Content-Length: $length\r\n");

        $c->syswrite(record(6, "$head\r\n$body")
                     . ($end ? record(6, '') . record(3, "\0" x 8) : ''));
    }
}


sub record {
    my ($type, $data) = @_;

    return pack('CCnnCx', 1, $type, 1, length $data, 0) . $data;
}

__DATA__

=== TEST 1: whole, and not
--- config eval: $main::config
--- cases
['whole', '/t?a=5,12345,1', 200, '', body => '{"a":12345}'],
['its length is not told', '/t?a=-,12345,1', 200, '', body => '{"a":12345}'],
['its end is not', '/t?a=5,12345,0', 200, '', body => '{"a":12345}'],
fails('less than is told', '/t?a=5,123,1', 502, 'a', 'truncated'),
fails('less, and closed', '/t?a=5,123,0', 502, 'a', 'truncated'),
['less, and closed: optional', '/optional?a=5,123,0', 200,
 'a;reason=truncated', body => '{}'],
