#!/usr/bin/perl
# valgrind.pl PORT NAME: requests of every outcome to t/valgrind.conf.
# Prints TAP without numbers and plan; NAME stands before each test's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use GwToken;
use IO::Socket::INET;

my ($port, $round) = @ARGV;
my $now = time;

my %strict = (
    alg => 'ES256', header => { typ => 'at+jwt' },
    claims => { iss => 'i', aud => ['x', 'b'], iat => $now, exp => $now + 600,
                n => 2, scope => 'read write', t => ["a\x{7f}", 'b'] },
);

sub strict {
    my ($claims, %more) = @_;

    return jwt(%strict, %more, claims => { %{ $strict{claims} }, %$claims });
}


# name, URI, token or header fields, code, $gw_jwt_status, how many times

my @requests = (
    (map { ["$_", '/', jwt(alg => $_), 200, 'passed', 2] }
        qw(RS256 PS512 ES256 ES384 ES512 ES256K HS256 HS512 EdDSA Ed448)),
    ['no kid', '/', jwt(alg => 'ES384', kid => undef), 200, 'passed', 2],
    ['keys of an issuer', '/',
     jwt(kid => undef, claims => { iss => 'files' }), 200, 'passed'],
    ['all rules', '/strict?scope=read', strict({}), 200, 'passed', 3],
    ['no token', '/', undef, 401, 'missing'],
    ['another scheme', '/', ['Authorization: Basic eDp5'], 401, 'missing'],
    ['no JWS', '/', 'a.b', 401, 'malformed'],
    ['two tokens', '/', [("Authorization: Bearer a.b.c") x 2], qr/^40[01]$/,
     undef],
    ['too deep', '/',
     jwt(raw_payload => '{"a":' . '[' x 20 . ']' x 20 . '}'), 401,
     'malformed'],
    ['too long', '/', 'x' x 17000, 401, 'malformed'],
    ['alg none', '/', jws('{"alg":"none"}', '{}', 'HS256', 'oct32', ''), 401,
     'unsupported'],
    ['crit', '/', jwt(header => { crit => ['x'] }), 401, 'unsupported'],
    ['an algorithm that is not allowed', '/strict',
     strict({}, alg => 'ES384'), 401, 'unsupported'],
    ['unknown key', '/strict', strict({}, kid => 'nobody', alg => 'HS256'),
     401, qr/unknown_key|bad_signature/],
    ['bad signature', '/', jwt(signature => \&GwToken::flip), 401,
     'bad_signature', 2],
    ['bad signature, ES256', '/',
     jwt(alg => 'ES256', signature => sub { "\0" x 64 }), 401,
     'bad_signature'],
    ['expired', '/', jwt(claims => { exp => $PAST }), 401, 'expired', 2],
    ['not yet valid', '/', jwt(claims => { nbf => $FAR }), 401,
     'not_yet_valid'],
    ['too long lived', '/strict', strict({ exp => $now + 7200 }), 401,
     'too_long_lived'],
    ['bad issuer', '/strict', strict({ iss => 'k' }), 401, 'bad_issuer'],
    ['bad audience', '/strict', strict({ aud => 'c' }), 401, 'bad_audience'],
    ['bad type', '/strict', strict({}, header => { typ => 'JWT' }), 401,
     'bad_type'],
    ['refused, with error_page', '/strict', strict({ scope => '' }), 403,
     undef],
    ['refused with 401', '/strict?scope=read', strict({ n => 1 }), 401,
     'refused'],
    ['off', '/off', undef, 204, 'off'],
    ['optional', '/optional', undef, 200, 'missing'],
    ['cookie', '/cookie', ['Cookie: a=b; sid=' . jwt() . '; c=d'], 200,
     'passed', 2],
    ['two cookies', '/cookie', ['Cookie: sid=a; sid=b'], 401, 'malformed'],
    ['argument', '/arg?t=' . jwt(), undef, 200, 'passed'],
    ['field', '/field', ['X-Token: ' . jwt()], 200, 'passed', 2],
    ['any variable, and a mirror', '/map', ['X-Or: ' . jwt()], 200, 'passed'],
    ['satisfy any', '/any', jwt(), 200, 'passed'],
    ['satisfy any, bad', '/any', 'x', 401, 'malformed'],
    ['redirect', '/redirect', ['X-Token: ' . jwt()], 200, 'passed'],
    ['gRPC', 'POST /', ['Content-Type: application/grpc',
                        'Content-Length: 0'], 200, undef],
    ['fetched keys', '/f/fetched', jwt(alg => 'ES256'), 200, 'passed', 3],
    ['a large set', '/f/fetched',
     jwt(alg => 'HS256', key => \('k' x 32), kid => 'big-250',
         claims => { iss => 'big' }), 200, 'passed'],
    ['a kid that is not in the set', '/f/fetched',
     jwt(alg => 'ES256', kid => 'nobody'), qr/^(401|503)$/, undef, 2],
    ['no keys', '/f/unavailable', jwt(), 503, 'keys_unavailable', 2],
    # gives up before the keys come, or the reload does
    ['keys that are slow to come', '/f/slow', jwt(), undef, undef],
);


sub request {
    my ($uri, $with) = @_;

    my $method = $uri =~ s/^(POST) // ? $1 : 'GET';
    my @fields = !defined $with ? ()
                 : ref $with ? @$with : "Authorization: Bearer $with";

    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                       Timeout => 10)
        or return ('no connection', '');

    print $socket join "\r\n", "$method $uri HTTP/1.1",
                       'Host: ' . ($uri =~ m{^/f/} ? 'fetch' : 'files'),
                       'Connection: close', @fields, '', '';

    local $SIG{ALRM} = sub { die "late\n" };

    my $answer = eval {
        alarm($uri eq '/f/slow' ? 1 : 20);
        local $/;
        my $text = <$socket>;
        alarm 0;
        $text;
    } // '';
    alarm 0;

    my ($head, $code) = $answer =~ m{^(HTTP/1\.1 (\d+).*?)\r\n\r\n}s
        or return ('no answer', '');
    my ($status) = $head =~ /^X-Status: (\S+)/mi;

    return ($code, $status // '');
}


sub fits {
    my ($got, $want) = @_;

    return !defined $want || (ref $want ? $got =~ $want : $got eq $want);
}


$| = 1;

for (@requests) {
    my ($name, $uri, $with, $code, $status, $times) = @$_;

    my $bad = '';

    for (1 .. $times // 1) {
        my ($got_code, $got_status) = request($uri, $with);

        $bad ||= "$got_code $got_status"
            if !fits($got_code, $code) || !fits($got_status, $status);
    }

    print $bad ? 'not ok' : 'ok', " - $round: $name", $bad && " # $bad", "\n";
}
