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

# limits count each round by itself
my $k = 'k=' . $round =~ s/\W+/-/gr;

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
    ['limit', "/l/?$k", undef, 200, 'passed', 2],
    ['limit, rejected', "/l/?$k", undef, 429, 'rejected', 2],
    ['limit, rejected, gRPC', "POST /l/?$k",
     ['Content-Type: application/grpc', 'Content-Length: 0'], 200, 'rejected'],
    ['no key', '/l/', undef, 200, '', 3],
    ['cost', "/l/?$k-cost&cost=2", undef, 200, 'passed'],
    ['cost, rejected', "/l/?$k-cost&cost=2", undef, 429, 'rejected'],
    ['cost, malformed', "/l/?$k-bad&cost=x&plan=y", undef, 200, 'passed'],
    ['a rate of its own', "/l/?$k-rate&plan=1000r/s", undef, 200, 'passed', 4],
    ['several limits', "/l/local?$k-l", undef, 200, 'passed', 2],
    ['several limits, rejected', "/l/local?$k-l", undef, 429, 'rejected'],
    ['delays', "/l/paced?$k", undef, 200, qr/passed|delayed/, 3],
    ['limits in Redis', "/l/redis?$k", jwt(), 200, 'passed', 2],
    ['limits in Redis, rejected, error_page', "/l/redis?$k", jwt(), 403,
     'rejected'],
    ['limits in Redis, no token', "/l/redis?$k-2", undef, 403, 'passed'],
    ['a limit of both kinds', "/l/both?$k-b", undef, 200, 'passed', 2],
    ['a limit of both kinds, rejected', "/l/both?$k-b", undef, 429,
     'rejected'],
    ['leased', "/l/fast?$k", undef, 200, 'passed', 30],
    ['no Redis', "/l/here?$k", undef, 200, 'passed', 2],
    ['no Redis, rejected', "/l/here?$k", undef, 429, 'rejected'],
    ['no Redis, allowed', "/l/allow?$k", undef, 200, 'error', 3],
    ['no Redis, denied', "/l/deny?$k", undef, 429, 'error', 3],
    ['a mute Redis', "/l/mute?$k", undef, 200, 'passed'],
    ['a mute Redis, rejected', "/l/mute?$k", undef, 429, 'rejected'],
    ['in flight', "/l/flying?$k&n=5", undef, 200, 'passed', 3],
    ['in flight, malformed', "/l/flying?$k&n=x", undef, 200, 'passed'],
    # gives up, and sets free
    ['in flight for long', "/l/flying/slow?$k-f", undef, undef, undef],
    ['in flight after that', "/l/flying/slow?$k-f", undef, undef, undef],
    # gives up before the keys come, or the reload does
    ['keys that are slow to come', '/f/slow', jwt(), undef, undef],
);


sub request {
    my ($uri, $with) = @_;

    my $method = $uri =~ s/^(POST) // ? $1 : 'GET';
    my $host = $uri =~ m{^/f/} ? 'fetch' : $uri =~ m{^/l/} ? 'limits' : 'files';
    my @fields = !defined $with ? ()
                 : ref $with ? @$with : "Authorization: Bearer $with";

    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                       Timeout => 10)
        or return ('no connection', '');

    print $socket join "\r\n", "$method $uri HTTP/1.1",
                       "Host: $host", 'Connection: close', @fields, '', '';

    local $SIG{ALRM} = sub { die "late\n" };

    my $answer = eval {
        alarm($uri =~ m{/slow\b} ? 1 : 20);
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
