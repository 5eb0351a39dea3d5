# Compressed messages of the service.

use GwTest;
use GwGrpc;

use Compress::Zlib ();

our $item = "\x10\x05";

# a frame of a message
sub message {
    my ($flag, $bytes) = @_;

    return ['data', b64(pack('CN', $flag, length $bytes) . $bytes), 0];
}


# an answer with this grpc-encoding and these frames
sub encoded {
    my ($encoding, @frames) = @_;

    return fake([['headers', [[':status', '200'],
                              ['content-type', 'application/grpc'],
                              defined $encoding
                              ? ['grpc-encoding', $encoding] : ()]],
                 @frames, ['headers', [['grpc-status', '0']], 5]]);
}

run_tests();

__DATA__

=== TEST 1: gzip
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['of grpcio', call('/v1/echo', json => { text => 'x' x 10000 },
                   do => { gzip => 1 }), 200, 0,
 body => '{"text":"' . 'x' x 10000 . '"}', 'Content-Encoding' => undef],
['of grpcio, a stream', call('/v1/watch/20', do => { gzip => 1,
                                                     size => 5000 }), 200,
 undef, then => sub {
     my ($res, $name) = @_;

     my $all = unjson($res->{body});

     is(scalar @$all, 20, "$name: all");
     is((grep { $_->{text} ne 'x' x 5000 } @$all), 0, "$name: whole");
 }],
['of grpcio, a body', call('/v1/download', do => { gzip => 1,
                                                   large => 50000 }), 200, 0,
 body => 'x' x 50000],
refusal('deflate of grpcio', call('/v1/echo', json => { text => 'x' x 1000 },
                                  do => { deflate => 1 }), 502, 'protocol',
        qr/gzip/),
['gzip', encoded('gzip', message(1, Compress::Zlib::memGzip($item))), 200, 0,
 body => '{"id":"5"}'],
['gzip, not compressed', encoded('gzip', message(0, $item)), 200, 0,
 body => '{"id":"5"}'],
['identity', encoded('identity', message(0, $item)), 200, 0,
 body => '{"id":"5"}'],
['a message of nothing', encoded('gzip', message(1, Compress::Zlib::memGzip(''))),
 200, 0, body => '{}'],
['two members', encoded('gzip', message(1, Compress::Zlib::memGzip("\x10")
                                           . Compress::Zlib::memGzip("\x05"))),
 200, 0, body => '{"id":"5"}'],
(map {
    my ($what, $encoding, $message, $says, $reason) = @$_;

    refusal($what, encoded($encoding, $message), 502, $reason, $says)
} (
    ['compressed, and no encoding', undef,
     message(1, Compress::Zlib::memGzip($item)), qr/gzip/, 'protocol'],
    ['compressed, and identity', 'identity',
     message(1, Compress::Zlib::memGzip($item)), qr/gzip/, 'protocol'],
    ['an unknown encoding', 'br', message(1, 'xxx'), qr/gzip/, 'protocol'],
    ['deflate', 'deflate', message(1, Compress::Zlib::compress($item)),
     qr/gzip/, 'protocol'],
    ['no gzip', 'gzip', message(1, 'xxxxxxxxxxxxxxxxxxxxxxxx'), qr/gzip/,
     'message'],
    ['nothing', 'gzip', message(1, ''), qr/gzip/, 'message'],
    ['cut', 'gzip', message(1, substr Compress::Zlib::memGzip($item), 0, -9),
     qr/gzip/, 'message'],
    ['without its end', 'gzip',
     message(1, substr Compress::Zlib::memGzip($item), 0, -3), qr/gzip/,
     'message'],
    ['a wrong checksum', 'gzip',
     message(1, substr(Compress::Zlib::memGzip($item), 0, -8)
                . "\0\0\0\0\2\0\0\0"),
     qr/gzip/, 'message'],
    ['a flag of 2', 'gzip', message(2, $item), qr/flag/, 'message'],
    ['a flag of 255', undef, message(255, $item), qr/flag/, 'message'],
)),
['an unknown encoding of a message that has none',
 encoded('br', message(0, $item)), 200, 0, body => '{"id":"5"}'],
['bytes behind it', encoded('gzip', message(1, Compress::Zlib::memGzip($item)
                                               . 'x')), qr/^(?:200|502)$/,
 undef],



=== TEST 2: what becomes large
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    gw_transcode_max_message 100k;
    grpc_pass grpc://service;
}
--- cases
['not too large', call('/v1/download', do => { gzip => 1,
                                               large => 100000 }), 200, 0,
 body => 'x' x 100000],
refusal('too large', call('/v1/download', do => { gzip => 1,
                                                  large => 1000000 }), 502,
        'message', qr/./),
refusal('a bomb', call('/v1/download', do => { gzip => 1,
                                               large => 60000000 }), 502,
        'message', qr/./),
