package GwLimit;

# What the tests of limits have in common, on top of GwTest.
#
# - Answers of the tested server carry X-Status ($gw_ratelimit_status),
#   X-Error ($gw_error), X-Results ($gw_ratelimit_results) and X-Near (zone,
#   limit, remaining and reset of the rule nearest to exhaustion).  The fourth
#   column of a case is looked for in this X-Status.
# - $GwLimit::ZONES are zones of $http_x_key whose requests are earned again in
#   six minutes each: one, three and five take that many at once.  A request's
#   "key" (see http()) is the key of a zone, and its allowance is fresh in each
#   round of a block.
# - $GwLimit::BACK is a service at $TEST_NGINX_BACK, and arrived() tells how
#   many of the requests that it has got were for an URI.
# - $GwLimit::LISTEN, in "post_setup_server_root", is a service at
#   held.sock that answers when a test says so: held() and let_go().

use strict;
use warnings;

use GwTest;
use IO::Select;

use Exporter 'import';

our @EXPORT = qw(as passes rejected about arrived held let_go now burst took
                 came codes);

our $PREAMBLE = <<'_EOC_';
        add_header X-Status $gw_ratelimit_status always;
        add_header X-Error $gw_error always;
        add_header X-Results $gw_ratelimit_results always;
        add_header X-Near "$gw_ratelimit_zone $gw_ratelimit_limit $gw_ratelimit_remaining $gw_ratelimit_reset" always;
_EOC_

our $ZONES = <<'_EOC_';
    gw_ratelimit_zone $http_x_key zone=one:1m rate=10r/h;
    gw_ratelimit_zone $http_x_key zone=three:1m rate=10r/h burst=2;
    gw_ratelimit_zone $http_x_key zone=five:1m rate=10r/h burst=4;
_EOC_

our $BACK = <<'_EOC_';
    log_format back "|$request_uri|";

    server {
        listen $TEST_NGINX_BACK;
        access_log logs/back.log back;

        location / {
            return 200 "$request_method $request_uri x=[$http_x_seen] length=[$http_content_length]\n";
        }

        location /status/ {
            rewrite ^/status/404 /404 last;
            rewrite ^/status/429 /429 last;
            rewrite ^/status/500 /500 last;
        }

        location = /404 {
            return 404 "the service says 404\n";
        }

        location = /429 {
            add_header Retry-After 77 always;
            return 429 "the service says 429\n";
        }

        location = /500 {
            return 500 "the service says 500\n";
        }

        location /accel {
            add_header X-Accel-Redirect $arg_to;
            return 200;
        }

        location /fields {
            add_header RateLimit $http_x_rl always;
            add_header RateLimit-Policy $http_x_rlp always;
            add_header X-RateLimit-Limit $http_x_rll always;
            add_header X-RateLimit-Remaining $http_x_rlr always;
            add_header X-RateLimit-Reset $http_x_rlt always;
            add_header Retry-After $http_x_ra always;
            return 200 "fields\n";
        }
    }
_EOC_

our $LISTEN = <<'_EOC_';
unlink "$ENV{TEST_NGINX_SOCK}/held.sock";
$GwLimit::listen = IO::Socket::UNIX->new(
    Local => "$ENV{TEST_NGINX_SOCK}/held.sock", Listen => 100)
    or die "held.sock: $!";
chmod 0666, "$ENV{TEST_NGINX_SOCK}/held.sock";
_EOC_

our $listen;

config_preamble($PREAMBLE);

# A rejection names the rule that rejected, or one of them.

$GwTest::ERROR = sub {
    my ($res, $code) = @_;

    my $zones = join '|', map { quotemeta }
                              ($res->{header}{'x-results'} // '')
                              =~ /(?:^|,)([^=]+)=rejected/g;

    return ($res->{header}{'x-status'} // '') eq 'rejected'
           ? qr/^$code ratelimit (?:$zones)$/ : undef;
};


# The request of a key.

sub as {
    my ($key, $uri, @more) = @_;

    return { key => $key, uri => $uri // '/t', @more };
}


# Cases: so many requests in a row that pass.

sub passes {
    my ($n, $what, $request, @expected) = @_;

    return map { ["$what, $_ of $n", $request, 200, 'passed', @expected] }
               1 .. $n;
}


# A case: a request that the zone rejects.

sub rejected {
    my ($what, $request, $zone, @expected) = @_;

    return [$what, $request, 429, 'rejected',
            'X-Results' => qr/(?:^|,)\Q$zone\E=rejected(?:,|$)/,
            'Retry-After' => qr/^[1-9]\d*$/, @expected];
}


# So many seconds, or what is left of them when a test was not fast.

sub about {
    my ($seconds) = @_;

    my $any = join '|', grep { $_ >= 0 } $seconds - 3 .. $seconds;

    return qr/^(?:$any)$/;
}


sub arrived {
    my ($uri) = @_;

    return scalar grep { /\|\Q$uri\E\|/ } split /^/,
                                                read_file('logs/back.log');
}


# The next request that has come to held.sock: its connection and head; undef
# if there is none.

sub held {
    my ($seconds) = @_;

    return undef unless IO::Select->new($listen)->can_read($seconds // 5);

    my $socket = $listen->accept or return undef;
    my $head = '';

    while ($head !~ /\r\n\r\n/) {
        sysread $socket, $head, 65536, length $head or last;
    }

    return { socket => $socket, head => $head };
}


sub let_go {
    for my $held (grep { defined } @_) {
        my $socket = $held->{socket};

        local $SIG{PIPE} = 'IGNORE';

        syswrite $socket, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                          . "Connection: close\r\n\r\nok\n";
        close $socket;
    }
}


sub now { return Time::HiRes::time() }


# Sends so many requests at a time; the responses, in their order, with what
# each "took" in seconds, and when it "came".

sub burst {
    my ($n, %request) = @_;

    my $began = now();
    my @waiting = map { start(%request) } 1 .. $n;
    my %came;

    my $select = IO::Select->new(map { $_->{conn}{socket} } @waiting);

    while ($select->count) {
        my @answered = $select->can_read(10) or last;

        $came{fileno $_} = now() for @answered;
        $select->remove(@answered);
    }

    return map {
        my $fd = fileno $_->{conn}{socket};
        my $res = finish($_);

        $res->{came} = $came{$fd} // now();
        $res->{took} = $res->{came} - $began;
        $res;
    } @waiting;
}


# Checks that an answer took about so long: no less, and no more than a slow
# machine may add.

sub took {
    my ($name, $res, $seconds) = @_;

    cmp_ok($res->{took}, '>=', $seconds - 0.02, "$name: not before its time");
    cmp_ok($res->{took}, '<', $seconds + 2, "$name: not long after");
}


# Checks that an answer came so long after a time, as took() does.

sub came {
    my ($name, $res, $since, $seconds) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    took($name, { took => $res->{came} - $since }, $seconds);
}


# Codes and statuses of responses: { "200 passed" => 3 }

sub codes {
    my %n;

    $n{join ' ', $_->{code} // '-', $_->{header}{'x-status'} // '-'}++ for @_;

    return \%n;
}


1;
