#!/usr/bin/perl
# valgrind.pl PORT NAME H2: requests of every outcome to t/valgrind.conf, the
# last ones to its HTTP/2 socket H2.  Prints TAP without numbers and plan; NAME
# stands before each test's.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use GwH2;
use GwToken;
use IO::Socket::INET;
use MIME::Base64 ();

my ($port, $round, $h2) = @ARGV;
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


# what the service does, see grpc_server.py
sub does { return 'Grpc-Metadata-Do: ' . json($_[0]) }

# JSON as a body; an array in place of its reference is pieces, sent in turn
sub sends {
    my ($body, @fields) = @_;

    return ['Content-Type: application/json', @fields, \$body];
}

# steps of the fake service
sub fake {
    my ($form, @steps) = @_;

    return "/v1/fake$form?script=" . MIME::Base64::encode_base64url(
        json(\@steps));
}

my $begin = ['headers', [[':status', 200],
                         ['content-type', 'application/grpc']]];

sub trailers { return ['headers', [['grpc-status', $_[0]], @_[1 .. $#_]], 5] }

# of gRPC-Web: a message with id 5, or any body
sub web {
    my ($type, $body, @fields) = @_;

    $body //= "\0\0\0\0\x02\x10\x05";
    $body = MIME::Base64::encode_base64($body, '') if $type =~ /text/;

    return ["Content-Type: application/grpc-web$type", @fields, \$body];
}

my @lines = map { "{\"id\":$_}\n" } 1 .. 3;


# name, URI, token or header fields and a body, code, $gw_jwt_status (of calls
# $gw_grpc_status), how many times

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
    ['unary', '/v1/items/5?tags=a&item.name=b', undef, 200, 0, 3],
    ['body', 'POST /v1/echo', sends('{"id":6,"free":{"a":[1,null]}}'), 200, 0,
     2],
    ['metadata', '/v1/items/5',
     ['X-Id: 1', 'Cookie: a=b', 'Grpc-Metadata-X-Bin: AAE=',
      'Authorization: Basic eDp5',
      does({ initial => [['x-answer', 'a'], ['x-bin', 'AAE=']],
             trailing => [['x-last', 'b']] })], 200, 0],
    ['a body of many buffers', 'POST /v1/echo',
     sends('{"text":"' . 'x' x 50000 . '"}'), 200, 0],
    ['a compressed message', 'POST /v1/echo',
     sends('{"text":"' . 'x' x 5000 . '"}', does({ gzip => 1 })), 200, 0],
    ['an error', '/v1/items/5',
     [does({ code => 5, message => "no\n5", details => [
         { '@type' => 'type.googleapis.com/google.rpc.ErrorInfo',
           reason => 'r' }, ['type.googleapis.com/x.y.Z', 'AAE=']] })],
     404, 5],
    ['an error, error_page', '/c/page/v1/items/5', [does({ code => 5 })], 403,
     undef],
    ['no route', '/v1/nothing', undef, 404, 5],
    ['no such method', 'PUT /v1/echo', sends('{}'), 405, 12],
    ['no JSON', 'POST /v1/echo', ['Content-Type: text/plain', \'x'], 415, 3],
    ['a bad body', 'POST /v1/echo', sends('{"id":"x"}'), 400, 3],
    ['a body that is cut', 'POST /v1/echo', sends('{"inner":{"name":"'), 400,
     3],
    ['a bad query', '/v1/items/5?nothing=1', undef, 400, 3],
    ['too long', 'POST /c/read/v1/echo',
     sends('{"text":"' . 'x' x 5000 . '"}'), 413, 8],
    ['a mask', 'PATCH /v1/items/x', sends('{"id":1,"inner":{"name":"n"}}'),
     200, 0],
    ['past the deadline', '/v1/items/5',
     ['Grpc-Timeout: 500m', does({ delay => 1 })], 504, 4],
    ['a raw body', '/v1/download', [does({ large => 70000 })], 200, 0],
    ['a raw body that is sent', 'POST /v1/upload',
     ['Content-Type: image/png', \('x' x 40000)], 200, 0],
    ['all that may be printed', 'POST /c/print/v1/kitchen?a=1',
     sends('{"int32s":[1,2],"nothing":3}'), 200, 0, 2],
    ['no annotation', 'POST /c/print/test.v1.Test/Plain', sends('{"id":1}'),
     200, 0],
    ['events', '/c/print/v1/watch/3', undef, 200, undef],
    ['other descriptors', '/c/kitchen/v1/kitchens/x', undef, 200, 0],
    ['a stream', '/v1/watch/50', [does({ size => 2000 })], 200, undef, 2],
    ['a stream of lines', '/v1/watch/5', ['Accept: application/x-ndjson'],
     200, undef],
    ['a stream that is raw', '/v1/download/stream',
     [does({ data => ['AAEC', 'AwQ='] })], 200, undef],
    ['a stream, an error before', '/v1/watch/5', [does({ code => 7 })], 403,
     7],
    ['a stream, an error within', '/v1/watch/5',
     [does({ code => 7, after => 2 })], 200, undef],
    ['a client stream', 'POST /v1/collect/x', sends('[{"id":1},{"id":2}]'),
     200, 0],
    ['a client stream, in pieces', 'POST /v1/collect',
     ['Content-Type: application/x-ndjson', \@lines], 200, 0],
    ['a client stream, read before', 'POST /c/read/v1/collect/x',
     sends('[{"id":1},{"id":2}]'), 200, 0],
    ['a client stream, a bad element', 'POST /v1/collect',
     ['Content-Type: application/x-ndjson', [@lines, "{]\n", @lines]], 400,
     3],
    ['a client stream, an early answer', 'POST /v1/collect',
     ['Content-Type: application/x-ndjson', does({ reads => 1, code => 9 }),
      [@lines, @lines]], 400, 9],
    ['both streams', 'POST /v1/chat',
     ['Content-Type: application/x-ndjson', \@lines], 200, undef, 2],
    ['both streams, an error within', 'POST /v1/chat',
     ['Content-Type: application/x-ndjson', does({ code => 5, after => 1 }),
      \@lines], 200, undef],
    ['gRPC-Web', 'POST /test.v1.Test/Echo', web('+proto'), 200, undef, 2],
    ['gRPC-Web, text', 'POST /test.v1.Test/Echo', web('-text'), 200, undef,
     2],
    ['gRPC-Web, a stream', 'POST /test.v1.Test/Watch',
     web('-text', undef, 'Do: {"count":20,"size":1000}'), 200, undef],
    ['gRPC-Web, an error', 'POST /test.v1.Test/Echo',
     web('', undef, 'Do: {"code":5,"message":"no"}'), 200, undef],
    ['gRPC-Web, no base64', 'POST /test.v1.Test/Echo',
     ['Content-Type: application/grpc-web-text', \'!!!!'], undef, undef],
    ['gRPC-Web, nobody is there', 'POST /c/away/test.v1.Test/Echo', web(''),
     undef, undef],
    ['nobody is there', '/c/away/v1/items/5', undef, 502, 14, 2],
    ['a call with a token', '/c/auth/v1/items/5', jwt(), 200, 0],
    ['a call without', '/c/auth/v1/items/5', undef, 401, undef],
    ['the fake service', fake('', $begin, ['message', { id => 1 }],
                              trailers(0)), undef, 200, 0],
    ['no status', fake('', $begin, ['message', { id => 1 }, 1]), undef, 502,
     14],
    ['no message', fake('', $begin, trailers(0)), undef, 502, 14],
    ['two messages', fake('', $begin, (['message', { id => 1 }]) x 2,
                          trailers(0)), undef, 502, 14],
    ['a message too long', fake('', $begin, ['message', { text => 'x' x 2000 }],
                                trailers(0)), undef, 502, 14],
    ['no message of that type', fake('', $begin, ['data', 'AAAAAAL//w=='],
                                     trailers(0)), undef, 502, 14],
    ['a message that is cut', fake('', $begin, ['data', 'AAAAAAkQ', 1]), undef,
     502, 14],
    ['a reset', fake('', $begin, ['rst', 2]), undef, 502, 14],
    ['a service that goes', fake('', ['close']), undef, 502, 14],
    ['a stream that breaks off', fake('/stream', $begin,
                                      ['message', { id => 1 }],
                                      ['sleep', 0.1], ['abort']),
     undef, 200, undef],
    ['a stream, no message of that type', fake('/stream', $begin,
        ['message', { id => 1 }], ['sleep', 0.1], ['data', 'AAAAAAL//w=='],
        trailers(0)), undef, 200, undef],
    ['trailers of many kinds', fake('', $begin, ['message', { id => 1 }],
        trailers(0, ['grpc-message', '%41%zz'], ['x-a-bin', 'AAE'],
                 ['grpc-status-details-bin', '!'])), undef, 200, 0],
    # gives up
    ['a call that is long', '/v1/items/5?name=slow', [does({ delay => 3 })],
     undef, undef],
    ['a stream that is long', '/v1/watch/9?name=slow',
     [does({ count => 9, gap => 0.3 })], undef, undef],
    ['a client stream that stops', 'POST /v1/collect/slow',
     ['Content-Type: application/x-ndjson', 'Content-Length: 500', \'{"id":1'],
     undef, undef],
    # gives up before the keys come, or the reload does
    ['keys that are slow to come', '/f/slow', jwt(), undef, undef],
);


sub request {
    my ($uri, $with) = @_;

    my $method = $uri =~ s/^([A-Z]+) // ? $1 : 'GET';
    my $host = $uri =~ m{^/f/} ? 'fetch' : $uri =~ m{^/l/} ? 'limits'
               : $uri =~ m{^/(?:v1|c|test\.v1\.\w+)/} ? 'calls' : 'files';
    my @fields = !defined $with ? ()
                 : ref $with ? @$with : "Authorization: Bearer $with";
    my $body = ref $fields[-1] ? pop @fields : \'';

    push @fields, 'Transfer-Encoding: chunked' if ref $body eq 'ARRAY';
    push @fields, 'Content-Length: ' . length $$body
        if ref $body eq 'SCALAR' && $$body ne ''
           && !grep { /^Content-Length/ } @fields;

    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port",
                                       Timeout => 10)
        or return ('no connection', '');

    print $socket join "\r\n", "$method $uri HTTP/1.1",
                       "Host: $host", 'Connection: close', @fields, '',
                       ref $body eq 'SCALAR' ? $$body : '';

    local $SIG{ALRM} = sub { die "late\n" };
    local $SIG{PIPE} = 'IGNORE';

    if (ref $body eq 'ARRAY') {
        for (@$body, '') {
            select undef, undef, undef, 0.05;
            printf $socket "%x\r\n%s\r\n", length, $_;
        }
    }

    my $answer = eval {
        alarm($uri =~ m{[/=]slow\b} ? 1 : 20);
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


# HTTP/2: streams that end, are half closed, and reset in any state

my $conn = GwH2->new($h2);
my %lines = (uri => '/v1/chat', method => 'POST', open => 1,
             headers => ['content-type: application/x-ndjson']);

$conn->{streams}{0} = { body => '' };

my @resets = map { $conn->request(%$_) } (
    { uri => '/v1/watch/20', headers => [lc does({ gap => 0.2 })] },
    { uri => '/v1/items/5', headers => [lc does({ delay => 2 })] },
    { %lines, body => $lines[0] },
    { %lines, body => '{"id":' },
    { %lines, uri => '/v1/collect', body => $lines[0] },
);
my @whole = map { $conn->request(%$_) } (
    { uri => '/v1/watch/20' }, { %lines, body => $lines[0] },
    { %lines, uri => '/v1/collect', body => $lines[0] },
);

sleep 1;
$conn->reset($_) for @resets;
$conn->data($_, $lines[1], 1) for @whole[1, 2];

my @codes = map { my $got = $conn->answer($_, 20);
                  $got->{end} && !$got->{reset} ? $got->{code} : 'none' }
            @whole;

print "@codes" eq '200 200 200' ? 'ok' : 'not ok',
      " - $round: HTTP/2, resets # @codes\n";

# the last ones are left to the worker
$conn->request(uri => '/v1/watch/20', headers => [lc does({ gap => 0.2 })]);
$conn->request(%lines, body => $lines[0]);
$conn->close;
