# How long requests and messages may be.

use GwTest;
use GwGrpc;

# so many messages of hundreds of bytes, with their defaults, and of three
sub kitchen {
    my ($uri, $n) = @_;

    return call($uri, json => { repeateds => { messageValues => [({}) x $n] } });
}

run_tests();

__DATA__

=== TEST 1: requests
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    client_max_body_size 100m;
    gw_transcode_max_request 1000;
    grpc_pass grpc://service;
}

location /v1/items {
    gw_transcode test.v1.Test;
    client_max_body_size 100m;
    grpc_pass grpc://service;
}

location /v1/chat {
    gw_transcode test.v1.Test;
    gw_transcode_max_request 100;
    grpc_pass grpc://service;
}
--- cases
['as long as it may be', call('/v1/echo', body => '{"text":"' . 'x' x 989
                                                  . '"}'), 200, 0,
 body => qr/x{989}/],
refusal('a byte more', call('/v1/echo', body => '{"text":"' . 'x' x 990
                                                . '"}'), 413, 'size', qr/./),
['white space counts', call('/v1/echo', body => ' ' x 998 . '{}'), 200, 0,
 body => '{}'],
refusal('white space counts', call('/v1/echo', body => ' ' x 999 . '{}'), 413,
        'size', qr/./),
refusal('far more', call('/v1/echo', body => 'x' x 1000000), 413, 'size',
        qr/./),
['far more, before it is read', sub {
    my ($name) = @_;

    my $res = http(raw => "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
                          . "Connection: close\r\n"
                          . "Content-Length: 5000000\r\n\r\nx");

    is($res->{code}, 413, $name);
}],
['chunked', sub {
    my ($name) = @_;

    my $res = http(raw => "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
                          . "Connection: close\r\n"
                          . "Transfer-Encoding: chunked\r\n\r\n"
                          . (sprintf "%x\r\n%s\r\n", 600, ' ' x 600) x 2
                          . "0\r\n\r\n");

    is($res->{code}, 413, $name);
    is(unjson($res->{body})->{code}, 8, "$name: body");
}],
['raw bodies', call('/v1/upload', body => 'x' x 1000), 200, 0,
 sent(request => { data => b64('x' x 1000) })],
refusal('raw bodies', call('/v1/upload', body => 'x' x 1001), 413, 'size',
        qr/./),
['4m by default', call('/v1/items', body => '{"text":"' . 'x' x 4194293
                                            . '"}',
                       do => { answer => { method => 'x' } }), 200, 0,
 body => '{"method":"x"}'],
refusal('4m by default', call('/v1/items', body => '{"text":"' . 'x' x 4194294
                                                   . '"}'), 413, 'size',
        qr/./),
['an element of a stream', call('/v1/chat', body => '[' . CORE::join(',',
    ('{"text":"' . 'x' x 85 . '"}') x 100) . ']'), 200, undef,
 then => sub { is(scalar @{ unjson($_[0]{body}) }, 100, $_[1]) }],
['an element that is too long', call('/v1/chat', body =>
    '[{"text":"' . 'x' x 100 . '"}]'), 413, 8, json => { code => 8 },
 error => '413 size'],
['a line that is too long', call('/v1/chat', body =>
    '{"text":"' . 'x' x 100 . "\"}\n", type => 'application/x-ndjson'), 413,
 8, json => { code => 8 }, error => '413 size'],
['a stream longer than all that', call('/v1/chat', body => ' ' x 5000 . '[]'),
 200, 0, body => '[]'],



=== TEST 2: messages of the service
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    gw_transcode_max_message 1000;
    grpc_pass grpc://service;
}

location /v1/download {
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}
--- cases
['as long as it may be', call('/v1/echo', json => {}, do => { size => 997 }),
 200, 0, body => '{"text":"' . 'x' x 997 . '"}'],
refusal('a byte more', call('/v1/echo', json => {}, do => { size => 998 }),
        502, 'message', qr/\b1001\b/),
refusal('far more', call('/v1/echo', json => {}, do => { size => 10000000 }),
        502, 'message', qr/./),
['a stream whose first one is too long', call('/v1/watch/3',
    do => { size => 2000 }), 502, 14, json => { code => 14 },
 error => '502 message'],
['a stream whose second one is too long', call('/v1/watch/3',
    do => { answer => [{ id => 1 }, { text => 'x' x 2000 }, { id => 3 }],
            gap => 0.1 }),
 200, undef,
 body => qr/^\[\{"id":"1"\},\{"error":\{"code":13,"message":"[^"]*200\d[^"]*","details":\[\]\}\}\]$/],
['a stream longer than all that', call('/v1/watch/30', do => { size => 900 }),
 200, undef,
 then => sub { is(scalar @{ unjson($_[0]{body}) }, 30, $_[1]) }],
['4m by default', call('/v1/download', do => { large => 4194280 }), 200, 0,
 'Content-Length' => 4194280],
refusal('4m by default', call('/v1/download', do => { large => 4194304 }),
        502, 'message', qr/\b4194\d+\b/),
['the next one is whole', call('/v1/echo', json => { id => 5 }), 200, 0,
 body => '{"id":"5"}'],



=== TEST 3: short messages that are long in JSON
--- http_config eval: $GwGrpc::HTTP
--- config
gw_transcode_max_message 64k;

location /v {
    gw_transcode test.v1.Test;
    gw_transcode_print unpopulated;
    grpc_pass grpc://service;
}

location /set/ {
    rewrite ^/set(/.*) $1 break;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}
--- cases
['within what is admitted', kitchen('/v1/kitchen', 5000), 200, 0,
 then => sub {
     my ($res, $name) = @_;

     is(scalar @{ unjson($res->{body})->{repeateds}{messageValues} }, 5000,
        $name);
     cmp_ok(length $res->{body}, '>', 1200000, "$name: length");
 }],
refusal('beyond', kitchen('/v1/kitchen', 10000), 502, 'message',
        'kitchen.v1.Mixed: too long in JSON'),
['without defaults', kitchen('/set/v1/kitchen', 10000), 200, 0,
 then => sub {
     is(scalar @{ unjson($_[0]{body})->{repeateds}{messageValues} }, 10000,
        $_[1]);
 }],
['the next one is whole', call('/set/v1/echo', json => { id => 5 }), 200, 0,
 body => '{"id":"5"}'],
