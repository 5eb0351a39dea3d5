# Services that do not keep to the protocol, and what becomes of it.

use GwTest;
use GwGrpc;

our @head = ('headers', [[':status', '200'],
                         ['content-type', 'application/grpc']]);
our @ok = ('headers', [['grpc-status', '0']], 5);

sub bytes { return ['data', b64($_[0]), $_[1] // 0] }


# unary: the steps of the service, and $gw_error (undef: nginx's own 502)
sub fault {
    my ($what, $reason, @steps) = @_;

    return [$what, fake(\@steps), 502, 14, 'Content-Type' => 'application/json',
            json => { code => 14, details => [], message => qr/./ },
            error => defined $reason ? "502 $reason" : undef];
}


sub good {
    my ($what, @steps) = @_;

    return [$what, fake(\@steps), 200, 0, body => '{"id":"5"}'];
}

run_tests();

__DATA__

=== TEST 1: unary calls
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
good('as it should be', [@head], ['message', { id => 5 }], [@ok]),
good('in one piece', ['bytes', ''], [@head], bytes("\0\0\0\0\2\x10\5"), [@ok]),
good('a byte a frame', [@head], (map { bytes($_) } split //,
                                 "\0\0\0\0\2\x10\5"), [@ok]),
good('a byte of TCP at a time', ['slowly', 0.001], [@head],
     ['message', { id => 5 }], [@ok]),
good('empty frames', [@head], bytes(''), ['message', { id => 5 }], bytes(''),
     [@ok]),
good('padded', [@head], ['frame', 0, 8, b64("\3\0\0\0\0\2\x10\5\0\0\0")],
     [@ok]),
good('frames of kinds that nobody knows', ['frame', 77, 255, b64('x' x 30)],
     [@head], ['frame', 77, 0, ''], ['message', { id => 5 }], [@ok]),
good('unknown fields', [@head], bytes("\0\0\0\0\5\xf8\x3f\1\x10\5"),
     [@ok]),
good('application/grpc+proto',
     ['headers', [[':status', '200'],
                  ['content-type', 'application/grpc+proto']]],
     ['message', { id => 5 }], [@ok]),
fault('closed at once', undef, ['close']),
fault('reset at once', undef, ['abort']),
fault('closed behind the header', undef, [@head], ['close']),
fault('closed in a message', undef, [@head], bytes("\0\0\0\0\2\x10"),
      ['close']),
fault('closed in a frame', undef, [@head], ['bytes', b64("\0\0\7\0\0")],
      ['close']),
fault('closed behind a message', undef, [@head], ['message', { id => 5 }],
      ['close']),
fault('the stream ends, and no status', 'protocol', [@head],
      ['message', { id => 5 }, 1]),
fault('the stream ends behind the header', 'protocol', [$head[0], $head[1], 5]),
fault('trailers without a status', 'protocol', [@head],
      ['message', { id => 5 }], ['headers', [['x', 'y']], 5]),
fault('no message', 'protocol', [@head], [@ok]),
fault('OK in a header alone', 'protocol',
      ['headers', [@{ $head[1] }, ['grpc-status', '0']], 5]),
fault('two messages', 'protocol', [@head], ['message', { id => 5 }],
      ['message', { id => 6 }], [@ok]),
fault('two messages in a frame', 'protocol', [@head],
      bytes("\0\0\0\0\2\x10\5\0\0\0\0\2\x10\6"), [@ok]),
fault('two messages, the second empty', 'protocol', [@head],
      bytes("\0\0\0\0\2\x10\5\0\0\0\0\0"), [@ok]),
fault('a cut message, and OK', 'protocol', [@head],
      bytes("\0\0\0\0\3\x10\5"), [@ok]),
fault('a message and a cut one, and OK', 'protocol', [@head],
      bytes("\0\0\0\0\2\x10\5\0\0"), [@ok]),
fault('a head that is cut, and OK', 'protocol', [@head], bytes("\0\0"), [@ok]),
fault('a length beyond all bounds', 'message', [@head],
      bytes("\0\xff\xff\xff\xff\x10\5"), [@ok]),
fault('a flag', 'message', [@head], bytes("\3\0\0\0\2\x10\5"), [@ok]),
(map { fault("no message of this type: $_->[0]", 'message', [@head],
             bytes("\0\0\0\0" . chr(length $_->[1]) . $_->[1]), [@ok]) } (
    ['a varint that is cut', "\x10"],
    ['a varint of 11 bytes', "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"],
    ['a string that is cut', "\x0a\5ab"],
    ['a string that is no UTF-8', "\x0a\1\xff"],
    ['field 0', "\0\0"],
    ['a wire type of 6', "\x16\0"],
    ['a group that has no end', "\x1b"],
    ['the end of no group', "\x1c"],
    ['a message within that is cut', "\x32\1\x0a"],
    ['a time beyond all bounds',
     "\x4a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x3f"],
)),
fault('reset of the stream', 'broken', [@head], ['message', { id => 5 }],
      ['rst', 2]),
fault('refused', undef, ['rst', 7]),
fault('GOAWAY', undef, ['goaway', 2], ['close']),
fault('GOAWAY behind the header', undef, [@head], ['goaway', 2], ['close']),
fault('no HTTP/2', undef, ['bytes', b64("HTTP/1.1 200 OK\r\n\r\nhello" x 20)]),
fault('a frame for nobody', 'broken', [@head],
      ['bytes', b64("\0\0\1\0\0\0\0\0\x09x")], [@ok]),
fault('a header block of rubbish', undef, ['frame', 1, 4, b64("\xff" x 20)]),
fault('trailers of rubbish', 'broken', [@head], ['message', { id => 5 }],
      ['frame', 1, 5, b64("\xff" x 20)]),
fault('no status of HTTP', undef, ['headers', [['content-type', 'x']]],
      [@ok]),
good('and all is well', [@head], ['message', { id => 5 }], [@ok]),



=== TEST 2: answers that are no gRPC
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
fault('HTML', 'protocol', ['headers', [[':status', '200'],
                                       ['content-type', 'text/html']]],
      bytes('<html>', 1)),
fault('no type', 'protocol', ['headers', [[':status', '200']]],
      bytes('x', 1)),
(map {
    my ($status, $code, $http) = @$_;

    ["$status of HTTP", fake([['headers', [[':status', $status],
                                           ['content-type', 'text/html']]],
                              bytes('<html>', 1)]), $http, $code,
     'Content-Type' => 'application/json',
     json => { code => $code, details => [], message => qr/./ }]
} ([400, 13, 500], [401, 16, 401], [403, 7, 403], [404, 12, 501],
   [429, 14, 503], [502, 14, 503], [503, 14, 503], [504, 14, 503],
   [500, 2, 500], [204, 2, 500], [302, 2, 500])),
(map {
    my ($status, $code, $http) = @$_;

    ["$status of HTTP, a header alone",
     fake([['headers', [[':status', $status]], 5]]), $http, $code,
     json => { code => $code }]
} ([503, 14, 503], [404, 12, 501])),
['a status of gRPC beside one of HTTP',
 fake([['headers', [[':status', '503'], ['content-type', 'application/grpc'],
                    ['grpc-status', '5'], ['grpc-message', 'm']], 5]]),
 qr/^(?:404|503)$/, qr/^(?:5|14)$/, 'Content-Type' => 'application/json'],



=== TEST 3: streams
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($what, @steps) = @$_;

    [$what, fake([[@head], ['message', { id => 5 }], ['sleep', 0.1], @steps],
                 stream => 1), 200, undef,
     body => qr/^\[\{"id":"5"\},\{"error":\{"code":(?:13|14),"message":"[^"]+","details":\[\]\}\}\]$/],
    ["$what, at once", fake([['at once'], [@head],
                             ['message', { id => 5 }], @steps],
                            stream => 1), qr/^(?:200|502)$/, undef,
     body => qr/"code":(?:13|14),"message":"[^"]+","details":\[\]\}(?:\}\])?\s*$/]
} (
    ['closed', ['close']],
    ['reset', ['rst', 8]],
    ['the stream ends, and no status', bytes('', 1)],
    ['trailers without a status', ['headers', [['x', 'y']], 5]],
    ['a cut message, and OK', bytes("\0\0\0\0\3\x10\5"), [@ok]],
    ['a flag', bytes("\3\0\0\0\2\x10\5"), [@ok]],
    ['a length beyond all bounds', bytes("\0\xff\xff\xff\xff"), ['sleep', 1]],
    ['a malformed message', bytes("\0\0\0\0\1\x10"), [@ok]],
    ['no UTF-8', bytes("\0\0\0\0\3\x0a\1\xff"), [@ok]],
    ['compressed', bytes("\1\0\0\0\1x"), [@ok]],
)),
(map {
    my ($accept, $body) = @$_;

    ["what comes with a malformed one is sent: $accept",
     fake([[@head], ['message', { id => 5 }], ['sleep', 0.1], ['at once'],
           ['message', { id => 6 }], bytes("\0\0\0\0\1\x10"), [@ok]],
          stream => 1, headers => ["Accept: $accept"]), 200, undef,
     body => $body]
} (
    ['application/json', qr/^\[\{"id":"5"\},\{"id":"6"\},\{"error":\{/],
    ['application/x-ndjson', qr/^\{"id":"5"\}\n\{"id":"6"\}\n\{"error":\{/],
    ['text/event-stream',
     qr/^data: \{"id":"5"\}\n\ndata: \{"id":"6"\}\n\nevent: error\ndata: \{"error"/],
)),
['no message, and OK', fake([[@head], [@ok]], stream => 1), 200, 0,
 body => '[]'],
['OK in a header alone', fake([['headers', [@{ $head[1] },
                                            ['grpc-status', '0']], 5]],
                              stream => 1), 200, 0, body => '[]'],
['messages in one frame', fake([[@head],
    bytes(CORE::join '', map { "\0\0\0\0\2\x10" . chr } 1 .. 5), [@ok]],
    stream => 1), 200, undef,
 body => '[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"},{"id":"5"}]'],
['messages over frames', fake([[@head], (map { bytes($_) } unpack '(a3)*',
    CORE::join '', map { "\0\0\0\0\2\x10" . chr } 1 .. 5), [@ok]],
    stream => 1), 200, undef,
 body => '[{"id":"1"},{"id":"2"},{"id":"3"},{"id":"4"},{"id":"5"}]'],
