# google.api.HttpBody: raw bodies in and out.

use GwTest;
use GwGrpc;

our $bytes = join '', map { chr } 0 .. 255;

our @one = (['headers', [[':status', '200'],
                         ['content-type', 'application/grpc']]],
            ['data', b64("\0\0\0\0\x05\x12\x03one")]);
our @bad = (['headers', [['grpc-status', '8']], 5]);

sub chunk { return sprintf "%x\r\n%s\r\n", length $_[0], $_[0] }

run_tests();

__DATA__

=== TEST 1: answers
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['a body', call('/v1/download'), 200, 0, body => 'hello',
 'Content-Type' => 'text/plain', 'Content-Length' => 5,
 'X-Method' => 'test.v1.Test/Download'],
['any bytes', call('/v1/download', do => { type => 'image/png',
                                           data => b64($bytes) }), 200, 0,
 body => $bytes, 'Content-Type' => 'image/png'],
['nothing', call('/v1/download', do => { wire => '' }), 200, 0, body => '',
 'Content-Type' => 'application/octet-stream', 'Content-Length' => 0],
['no type', call('/v1/download', do => { wire => b64("\x12\x01a") }), 200, 0,
 body => 'a', 'Content-Type' => 'application/octet-stream'],
['parameters of the type', call('/v1/download',
                                do => { type => 'text/html; charset=utf-8' }),
 200, 0, 'Content-Type' => 'text/html; charset=utf-8'],
['fields in another order, twice, and more of them',
 call('/v1/download', do => { wire => b64("\x12\x01a\x1a\x00\x20\x05\x0a\x03x/y"
                                          . "\x12\x02bc") }), 200, 0,
 body => 'bc', 'Content-Type' => 'x/y'],
['Accept is not asked', call('/v1/download', headers => ['Accept: image/png']),
 200, 0, body => 'hello'],
['long', call('/v1/download', do => { large => 1000000 }), 200, 0,
 body => 'x' x 1000000],
['HEAD', call('/v1/download', method => 'HEAD'), 200, 0, body => '',
 'Content-Type' => 'text/plain', 'Content-Length' => 5],
['a field of the answer', call('/v1/lists/body', json => { id => 5 }), 200, 0,
 body => '<raw>', 'Content-Type' => 'text/x-any'],
['no such field in the answer', call('/v1/lists/body', json => {},
                                     do => { wire => '' }), 200, 0,
 body => '', 'Content-Type' => 'application/octet-stream'],
['within a message it is JSON', call('/v1/lists', json => {},
    do => { answer => { body => { contentType => 'a/b', data => 'AA==' } } }),
 200, 0, body => '{"body":{"contentType":"a/b","data":"AA=="}}'],
['an error', call('/v1/download', do => { code => 5, message => 'm' }), 404,
 5, body => '{"code":5,"message":"m","details":[]}',
 'Content-Type' => 'application/json'],
(map {
    my ($what, $wire) = @$_;

    refusal("malformed: $what", call('/v1/download',
                                     do => { wire => b64($wire) }), 502,
            'message', qr/HttpBody/)
} (
    ['cut', "\x12\x05a"],
    ['a tag', "\xff\xff\xff\xff\xff\xff"],
    ['a type with a newline', "\x0a\x05a/b\r\n\x12\x01a"],
    ['a type that is not ASCII', "\x0a\x04a/\xc3\xa4\x12\x01a"],
    ['a group', "\x1b\x12\x01a"],
)),



=== TEST 2: streams of answers
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['pieces', call('/v1/download/stream',
                do => { type => 'a/b', data => [map { b64($_) }
                                                'ab', '', $bytes, 'c'] }),
 200, undef, body => "ab${bytes}c", 'Content-Type' => 'a/b'],
['none', call('/v1/download/stream', do => { data => [] }), 200, 0,
 body => '', 'Content-Type' => 'application/octet-stream'],
['as they come', sub {
    my ($name) = @_;

    my $res = arrivals(call('/v1/download/stream',
        do => { gap => 0.3, data => [map { b64($_) } qw(one two three)] }));

    cmp_ok(pieces($res, 'one'), '<', 0.25, "$name: the first");
    cmp_ok(pieces($res, 'two'), '>', 0.25, "$name: the second");
    is($res->{body}, 'onetwothree', "$name: all");
    is($res->{whole}, 1, "$name: the end");
}],
['an error before', call('/v1/download/stream',
                         do => { code => 5, message => 'm' }), 404, 5,
 body => '{"code":5,"message":"m","details":[]}'],
(map {
    my ($what, @steps) = @$_;

    ["an error within breaks it off, $what", sub {
        my ($name) = @_;

        my $res = arrivals(fake(\@steps, stream => 'body'));

        is($res->{code}, 200, "$name: code");
        is($res->{whole}, 0, "$name: no end");
    }]
} (
    ['at once', ['at once'], @main::one, @main::bad],
    ['after a while', @main::one, ['sleep', 0.2], @main::bad],
    ['closed', @main::one, ['sleep', 0.2], ['close']],
    ['reset', @main::one, ['sleep', 0.2], ['rst', 2]],
    ['cut', @main::one, ['sleep', 0.2], ['data', b64("\0\0\0\0\3")], ['close']],
    ['no message', @main::one, ['sleep', 0.2],
     ['data', b64("\0\0\0\0\1\xff")]],
)),
['no error, at once', fake([['at once'], @main::one,
                            ['headers', [['grpc-status', '0']], 5]],
                           stream => 'body'), 200, 0, body => 'one',
 'Content-Length' => 3],
['what came before an error', sub {
    my ($name) = @_;

    my $res = arrivals(call('/v1/download/stream',
        do => { code => 5, after => 1, gap => 0.2,
                data => [map { b64($_) } qw(one two)] }));

    is($res->{code}, 200, "$name: code");
    like($res->{raw}, qr/one/, "$name: what came");
    is($res->{whole}, 0, "$name: no end");
}],



=== TEST 3: requests
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['a body', call('/v1/upload', body => 'hello', type => 'text/plain'), 200, 0,
 sent(method => 'Test/Upload',
      request => { contentType => 'text/plain', data => b64('hello') })],
['any bytes and type', call('/v1/upload', body => $bytes x 300,
                            type => 'Image/PNG;x="y"'), 200, 0,
 sent(request => { contentType => 'Image/PNG;x="y"',
                   data => b64($bytes x 300) })],
['JSON is not looked at', call('/v1/upload', body => '{', type =>
                               'application/json'), 200, 0,
 sent(request => { contentType => 'application/json', data => b64('{') })],
['nothing', call('/v1/upload', method => 'POST'), 200, 0,
 sent(request => {})],
['no type', call('/v1/upload', body => 'a'), 200, 0,
 sent(request => { data => b64('a') })],
['in a field', call('/v1/upload/n', body => 'a', type => 'x/y'), 200, 0,
 sent(method => 'Test/UploadIn',
      request => { name => 'n', body => { contentType => 'x/y',
                                          data => b64('a') } })],
['in a field, nothing', call('/v1/upload/n', method => 'POST'), 200, 0,
 sent(request => { name => 'n', body => {} })],
['a field of JSON', call('/v1/upload/as/json',
                         json => { name => 'n', body => { data => 'AA==' } }),
 200, 0, sent(request => { name => 'n', body => { data => 'AA==' } })],
refusal('a type that is not ASCII', call('/v1/upload', body => 'a',
                                         type => "x/\xc3\xa4"), 415, 'type',
        qr/Content-Type/),
refusal('a query', call('/v1/upload?data=x', body => 'a'), 400, 'parameter',
        qr/"data"/),
['a stream', call('/v1/upload-stream', body => 'x' x 100000, type => 'x/y'),
 200, 0, then => sub {
     my ($res, $name) = @_;

     my @got = @{ told($res)->{requests} };

     @got = told($res)->{request} if !@got;

     is($got[0]{contentType}, 'x/y', "$name: the type");
     is((grep { $_->{contentType} } @got), 1, "$name: but once");
     is((CORE::join '', map { MIME::Base64::decode_base64($_->{data}) } @got),
        'x' x 100000, "$name: the bytes");
 }],
['a stream, both ways', sub {
    my ($name) = @_;

    my $started = start(raw => CORE::join("\r\n", 'POST /v1/relay HTTP/1.1',
        'Host: x', 'Connection: close', 'Transfer-Encoding: chunked',
        'Content-Type: a/b', '', ''));
    my $conn = $started->{conn};

    for my $piece (qw(one two three)) {
        GwTest::send_all($conn->{socket}, chunk($piece));
        1 while $conn->{buffer} !~ /$piece/ && GwTest::more($conn, time + 3);
        like($conn->{buffer}, qr/$piece/, "$name: $piece");
    }

    GwTest::send_all($conn->{socket}, "0\r\n\r\n");

    my $res = finish($started);

    is($res->{body}, 'onetwothree', "$name: body");
    is($res->{header}{'content-type'}, 'a/b', "$name: type");
}],
