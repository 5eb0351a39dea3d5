# Which header fields become metadata, and the other way.

use GwTest;
use GwGrpc;

# what the service has of these header fields
sub metadata {
    my ($what, $headers, @sent) = @_;

    return [$what, call('/v1/get', headers => $headers), 200, 0, sent(@sent)];
}

run_tests();

__DATA__

=== TEST 1: of requests
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
metadata('with the prefix', ['Grpc-Metadata-A: x', 'grpc-metadata-b-c: y z',
                             'GRPC-METADATA-D5: '],
         a => 'x', 'b-c' => 'y z', 'd5' => ''),
metadata('several of a name', ['Grpc-Metadata-A: x', 'Grpc-Metadata-A: y'],
         a => ['x', 'y']),
metadata('binary', ['Grpc-Metadata-A-Bin: AAEC/w==',
                    'Grpc-Metadata-B-Bin: AAEC/w'],
         'a-bin' => 'AAEC/w==', 'b-bin' => 'AAEC/w=='),
metadata('Authorization', ['Authorization: Bearer x'],
         authorization => 'Bearer x'),
metadata('not Authorization that nobody has verified',
         ['Grpc-Metadata-Authorization: Bearer y', 'Authorization: Bearer x'],
         authorization => 'Bearer x'),
metadata('not by the prefix alone', ['Grpc-Metadata-Authorization: Bearer y'],
         authorization => undef),
metadata('no other field', ['X-A: x', 'Cookie: y', 'User-Agent: z',
                            'Accept-Language: a', 'Grpc-A: b'],
         'x-a' => undef, cookie => undef, 'user-agent' => undef,
         'accept-language' => undef, 'grpc-a' => undef, host => undef,
         connection => undef, 'content-length' => undef),
metadata('not the protocol\'s', ['Grpc-Metadata-Grpc-Timeout: 1S',
                                 'Grpc-Metadata-Te: x',
                                 'Grpc-Metadata-Content-Type: x',
                                 'Grpc-Metadata-Grpc-Encoding: x',
                                 'Grpc-Metadata-: x',
                                 'Grpc-Metadata-Host: x'],
         left => 0, te => undef, host => undef, 'grpc-encoding' => undef),
(map { refusal("malformed: $_", call('/v1/get', headers => [$_]), 400,
               'metadata', qr/./) }
     'Grpc-Metadata-A-Bin: *', 'Grpc-Metadata-A-Bin: A',
     "Grpc-Metadata-A: \xc3\xa4", "Grpc-Metadata-A: x\ty"),



=== TEST 2: of answers
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['initial', call('/v1/get', do => { initial => [['a', 'x'], ['a', 'y'],
                                                ['b-bin', 'AAEC/w==']] }),
 200, 0, 'Grpc-Metadata-a' => ['x', 'y'],
 'Grpc-Metadata-b-bin' => qr/^AAEC\/w(?:==)?$/, a => undef],
['trailing', call('/v1/get', do => { trailing => [['a', 'x'], ['a', 'y'],
                                                  ['b-bin', 'AAEC/w==']] }),
 200, 0, 'Grpc-Trailer-a' => ['x', 'y'],
 'Grpc-Trailer-b-bin' => qr/^AAEC\/w(?:==)?$/, a => undef],
['both, of an error', call('/v1/get', do => { code => 5, initial => [['a', 'x']],
                                              trailing => [['b', 'y']] }),
 404, 5, 'Grpc-Metadata-a' => 'x', 'Grpc-Trailer-b' => 'y'],
['a header alone', call('/v1/get', do => { code => 5,
                                           trailing => [['b', 'y']] }),
 404, 5, 'Grpc-Metadata-b' => 'y'],
['the protocol\'s', call('/v1/get'), 200, 0, 'Grpc-Status' => undef,
 'Grpc-Message' => undef, 'Grpc-Encoding' => undef,
 'Grpc-Accept-Encoding' => undef, 'Grpc-Metadata-grpc-accept-encoding' => undef,
 'Grpc-Metadata-accept-encoding' => undef, 'Grpc-Trailer-grpc-status' => undef,
 'Grpc-Metadata-content-type' => undef, Trailer => undef],
['of a stream', call('/v1/watch/2', do => { initial => [['a', 'x']],
                                            trailing => [['b', 'y']] }),
 200, undef, 'Grpc-Metadata-a' => 'x', 'Grpc-Trailer-b' => undef],
['what nginx would heed', fake([['headers', [[':status', '200'],
    ['content-type', 'application/grpc'],
    ['content-length', '7'], ['content-encoding', 'gzip'],
    ['set-cookie', 'a=b'], ['location', 'http://x/'], ['refresh', '1'],
    ['last-modified', 'x'], ['etag', '"x"'], ['vary', '*']]],
                                ['message', { id => 5 }],
                                ['headers', [['grpc-status', '0']], 5]]),
 200, 0, body => '{"id":"5"}', 'Content-Length' => 10,
 'Content-Encoding' => undef, 'Set-Cookie' => undef, Location => undef,
 ETag => undef, 'Last-Modified' => undef],



=== TEST 3: other names
--- http_config eval: $GwGrpc::HTTP
--- config
location /v1/get {
    gw_transcode test.v1.Test;
    gw_transcode_metadata prefix=Md- request=X-Request-ID,x-Bin,cookie
                          request=user-agent response=x-request-id,a
                          response=location;
    grpc_set_header X-Set "$arg_name!";
    grpc_set_header X-Kept $http_x_kept;
    grpc_set_header X-Uri "$request_method $uri $args $content_type";
    grpc_pass grpc://service;
}

location /v1/color/ {
    gw_transcode test.v1.Test;
    gw_transcode_metadata off;
    grpc_pass grpc://service;
}

location /v1/flag/ {
    gw_transcode test.v1.Test;
    gw_transcode_metadata request=*;
    grpc_pass grpc://service;
}

location /v1/data/ {
    gw_transcode test.v1.Test;
    grpc_set_header do '{"initial":[["a","x"]],"trailing":[["b","y"]]}';
    gw_transcode_metadata off;
    grpc_pass grpc://service;
}
--- cases
['names and a prefix', { uri => '/v1/get?name=n', headers =>
    ['X-Request-Id: 1', 'X-Bin: AAE', 'Cookie: a=b', 'User-Agent: u',
     'Md-A: x', 'Grpc-Metadata-B: y', 'X-C: z', 'X-Kept: k',
     'Content-Type: application/json'] }, 200, 0,
 sent('x-request-id' => '1', 'x-bin' => 'AAE=', cookie => 'a=b',
      'user-agent' => 'u', a => 'x', 'grpc-metadata-b' => undef, b => undef,
      'x-c' => undef, 'x-set' => 'n!', 'x-kept' => 'k',
      'x-uri' => 'GET /v1/get name=n application/json')],
refusal('binary, and no base64', { uri => '/v1/get', headers =>
    ['X-Bin: ***'] }, 400, 'metadata', qr/base64/),
['of answers', { uri => '/v1/get', headers => ['Md-Do: '
    . GwGrpc::printable({ initial => [['a', 'x'], ['b', 'y'],
                                      ['x-request-id', '1']],
                          trailing => [['a', 't'], ['c', 'z']] })] }, 200, 0,
 'a' => ['x', 't'], 'X-Request-Id' => '1', 'Md-b' => 'y',
 'Grpc-Trailer-c' => 'z', 'Grpc-Metadata-b' => undef],
['off', { uri => '/v1/color/RED', headers =>
    ['Grpc-Metadata-A: x', 'Grpc-Metadata-B-Bin: *', 'Authorization: Basic x',
     'X-A: y'] }, 200, 0,
 sent(a => undef, 'b-bin' => undef, authorization => 'Basic x',
      'x-a' => undef)],
['off, of answers', { uri => '/v1/data/AA' }, 200, 0,
 'Grpc-Metadata-a' => undef, a => undef, 'Grpc-Trailer-b' => undef],
['all', { uri => '/v1/flag/true', headers =>
    ['X-A: x', 'Cookie: a=b', 'Grpc-Metadata-B: y', 'Te: deflate',
     'Upgrade: x', 'Keep-Alive: x', 'Range: bytes=0-1', 'Accept: */*',
     'If-None-Match: x', 'X-B: z'] }, 200, 0,
 sent('x-a' => 'x', cookie => 'a=b', b => 'y', 'x-b' => 'z', te => undef,
      upgrade => undef, 'keep-alive' => undef, range => undef,
      accept => undef, host => undef, connection => undef,
      'if-none-match' => undef)],
