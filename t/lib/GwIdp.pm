package GwIdp;

# An identity provider for the tests of gw_jwt_key_request, inside of the nginx
# that is tested: a server behind a unix socket that sends the file html/NAME
# for /NAME, fails while html/fail exists, and is slow while html/slow does.
# Its access log tells how often it was asked, and how.

use strict;
use warnings;

use GwTest;

use Exporter 'import';

our @EXPORT = qw(key by set fetches answer settles warned now);

our $SERVER = <<'_EOC_' . $GwTest::BACK;
    log_format idp "$request_method $request_uri|$http_authorization|$http_cookie|$http_x_token|$http_user_agent|$http_accept_encoding|";

    server {
        listen unix:$TEST_NGINX_SOCK/idp.sock;
        gw_jwt off;
        access_log logs/idp.log idp;
        root $TEST_NGINX_SERVER_ROOT/html;

        location / {
            set $rate 0;

            if (-f $TEST_NGINX_SERVER_ROOT/html/fail) {
                return 500 "no keys today\n";
            }

            if (-f $TEST_NGINX_SERVER_ROOT/html/slow) {
                set $rate 300;
            }

            limit_rate $rate;
        }

        location = /302 { return 302 /jwks; }
        location = /204 { return 204; }
        location = /403 { return 403; }
        location = /206 { return 206 '{"keys":[]}'; }
        location = /gzip {
            add_header Content-Encoding gzip;
            try_files /jwks =404;
        }
        location = /chunked {
            ssi on;
            ssi_types *;
            try_files /big =404;
        }
        location = /chunked-small {
            ssi on;
            ssi_types *;
            try_files /jwks =404;
        }
        location = /empty { return 200; }
        location = /html { default_type text/html; return 200 '<html>no</html>'; }
    }
_EOC_

# A location that leads there.

our $LOCATION = <<'_EOC_';
location = /_jwks {
    internal;
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock:/jwks;
}
_EOC_

# A provider that accepts connections and never says a word.

our $LISTEN = <<'_EOC_';
unlink "$ENV{TEST_NGINX_SOCK}/silent.sock";
$main::silent = IO::Socket::UNIX->new(
    Local => "$ENV{TEST_NGINX_SOCK}/silent.sock", Listen => 50)
    or die "silent.sock: $!";
_EOC_

# The keys a, b, ...

sub key {
    my ($n) = @_;

    return { kty => 'oct', kid => $n, k => b64u($n x 32) };
}


# A token by one of them.

sub by {
    my ($n, %more) = @_;

    return jwt(alg => 'HS256', key => \($n x 32), kid => $n, %more);
}


# What the provider gives from now on: keys by name, and JWKs.

sub set {
    my (@names) = @_;

    write_file('html/jwks', jwks(map { ref $_ ? $_ : key($_) } @names));
}


# How often the provider was asked.

sub fetches {
    my ($uri) = @_;

    $uri //= '/jwks';

    return scalar grep { /^GET \Q$uri\E\|/ } split /^/,
                                                   read_file('logs/idp.log');
}


# Code and status.

sub answer {
    my (%request) = @_;

    my $res = http(%request);

    return join ' ', $res->{code} // '-', $res->{header}{'x-status'} // '-';
}


# Whether a request with that token passes, in the end.

sub settles {
    my ($name, $seconds, %request) = @_;

    my $got;

    wait_for(sub { ($got = answer(%request)) eq '200 passed' }, $seconds);
    is($got, '200 passed', "$name: settles");
}


sub warned {
    return scalar grep { /\[warn\]/ } log_lines();
}


sub now { return Time::HiRes::time() }


1;
