# Unary calls from JSON and back.

use GwTest;
use GwGrpc;

run_tests();

__DATA__

=== TEST 1: one call after the other
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['GET', call('/v1/items/7'), 200, 0, 'Content-Type' => 'application/json',
 'X-Method' => 'test.v1.Test/Get',
 sent(method => 'Test/Get', request => { id => '7' }, te => undef,
      'content-type' => undef, 'user-agent' => undef,
      'grpc-accept-encoding' => undef, left => 0)],
['POST', call('/v1/items', json => { name => 'a', id => '5', tags => ['x'] }),
 200, 0, sent(method => 'Test/Create',
              request => { name => 'a', id => '5', tags => ['x'] })],
['PUT', call('/v1/items/b', method => 'PUT', json => { id => 5 }), 200, 0,
 sent(method => 'Test/Create', request => { name => 'b', id => '5' })],
['PATCH', call('/v1/items/b', method => 'PATCH', json => { id => 5 }), 200, 0,
 sent(method => 'Test/Update',
      request => { item => { name => 'b', id => '5' }, updateMask => 'id' })],
['DELETE', call('/v1/items/7', method => 'DELETE'), 200, 0, body => '{}',
 'Content-Length' => 2],
['a custom method', call('/v1/items/7', method => 'PURGE'), 200, 0,
 sent(method => 'Test/Get', request => { id => '7' })],
['HEAD', call('/v1/items/7', method => 'HEAD'), 200, 0, body => '',
 'Content-Type' => 'application/json', 'Content-Length' => qr/^\d\d+$/],
['an answer', call('/v1/echo', json => { id => 5, text => "\x{e4}\"", flag => \0 }),
 200, 0, body => "{\"id\":\"5\",\"text\":\"\xc3\xa4\\\"\",\"flag\":false}",
 'Content-Length' => 37, 'Transfer-Encoding' => undef],
['an empty message', call('/v1/echo', json => {}), 200, 0, body => '{}'],
['an empty body', call('/v1/echo', method => 'POST', body => ''), 200, 0,
 body => '{}'],
['no body', call('/v1/echo', method => 'POST'), 200, 0, body => '{}'],
['an error', call('/v1/items/7', do => { code => 5, message => 'no item 7' }),
 404, 5, body => '{"code":5,"message":"no item 7","details":[]}',
 'Content-Type' => 'application/json', 'Content-Length' => 45],
['no such path', call('/v2'), 404, 5, status(5, qr/./), error => '404 route'],
['HTTP/1.0', call('/v1/echo', json => { id => 5 }, version => '1.0'), 200, 0,
 body => '{"id":"5"}'],



=== TEST 2: connections that are kept
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['the client\'s', sub {
    my ($name) = @_;

    for my $n (1 .. 5) {
        my $res = http(%{ call('/v1/echo', json => { id => $n },
                               conn => 'kept') });

        is($res->{body}, "{\"id\":\"$n\"}", "$name: $n");
        like($res->{raw}, qr{^HTTP/1}, "$name: $n: nothing came before it");
    }
}],
['behind a body that was refused', sub {
    my ($name) = @_;

    for my $n (1, 2) {
        my $res = http(%{ call('/v1/echo', json => { id => 'x' },
                               conn => 'refused') });

        is($res->{code}, 400, "$name: $n: 400");
        is($res->{header}{connection}, 'keep-alive', "$name: $n: kept");
        is(http(%{ call('/v1/echo', json => { id => $n }, conn => 'refused') })
               ->{body}, "{\"id\":\"$n\"}", "$name: $n");
    }
}],
['requests that follow each other at once', sub {
    my ($name) = @_;

    my $res = http(conn => 'piped', raw => join '', map {
        "GET /v1/items/$_ HTTP/1.1\r\nHost: x\r\n\r\n"
    } 1 .. 3);

    is(told($res)->{request}{id}, 1, "$name: 1");
    is(told(GwTest::next_response('piped'))->{request}{id}, $_, "$name: $_")
        for 2, 3;
}],
['a body in pieces', sub {
    my ($name) = @_;

    my $began = start(raw => "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
                             . "Connection: close\r\nContent-Length: 12\r\n\r\n"
                             . '{"te');

    for my $piece (split //, 'xt":"a"}') {
        sleep 0.005;
        GwTest::send_all($began->{conn}{socket}, $piece);
    }

    is(finish($began)->{body}, '{"text":"a"}', $name);
}],
['a chunked body', sub {
    my ($name) = @_;

    my $res = http(raw => "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
                          . "Connection: close\r\n"
                          . "Transfer-Encoding: chunked\r\n\r\n"
                          . "4\r\n{\"te\r\n8\r\nxt\":\"a\"}\r\n0\r\n\r\n");

    is($res->{body}, '{"text":"a"}', $name);
}],
