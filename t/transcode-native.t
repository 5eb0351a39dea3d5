# Native gRPC through a location that transcodes: grpcio's own client sees no
# difference.

use GwTest;
use GwGrpc;

# Calls of every kind, with grpcio's client: one line of JSON for each.

our $CLIENT = <<'_EOC_';
import json, sys, threading, time
import grpc, grpc_server as g

g.load(sys.argv[1])
Item, Request = g.type_of('test.v1.Item'), g.type_of('test.v1.Request')
out = []

def do(**what):
    return (('do', json.dumps(what)), ('x-any', 'x'), ('b-bin', b'\0\xff'))

def say(name, *values):
    out.append([name] + list(values))

with grpc.insecure_channel(sys.argv[2]) as channel:
    def unary(method):
        return channel.unary_unary('/test.v1.Test/' + method)

    def stream(method):
        return channel.unary_stream('/test.v1.Test/' + method)

    def items(*ids):
        return iter([Item(id=i).SerializeToString() for i in ids])

    def ids(wires):
        return [Item.FromString(w).id for w in wires]

    reply, call = unary('Echo').with_call(Item(id=5).SerializeToString(),
        metadata=do(initial=[['a', 'b']], trailing=[['c', 'd']]))
    say('unary', Item.FromString(reply).id,
        dict(call.initial_metadata()).get('a'),
        dict(call.trailing_metadata()).get('c'), call.code().value[0])

    told = g.type_of('test.v1.Told').FromString(
        unary('Get')(Request(id=7).SerializeToString(), metadata=do(),
                     timeout=5))
    metadata = {k: v for k, v in json.loads(told.metadata)}
    say('metadata', metadata['x-any'], metadata['b-bin'], 3 < told.left < 5.5)

    for what in (dict(code=5, message='m\xe4'),
                 dict(code=16, message='x', flush=1),
                 dict(code=8, message='x', after=1)):
        try:
            unary('Echo')(b'', metadata=do(**what))
        except grpc.RpcError as e:
            say('error', e.code().value[0], e.details())

    try:
        unary('Echo')(b'', metadata=do(code=3, details=[['x/y', 'AA==']]))
    except grpc.RpcError as e:
        say('details', dict(e.trailing_metadata())
            ['grpc-status-details-bin'].hex())

    try:
        unary('Nothing')(b'')
    except grpc.RpcError as e:
        say('no method', e.code().value[0])

    began = time.time()
    at = []
    for wire in stream('Watch')(Request(id=3).SerializeToString(),
                                metadata=do(gap=0.2)):
        at.append(time.time() - began)
    say('stream', len(at), at[0] < 0.15, at[2] - at[0] > 0.3)

    try:
        got = []
        for wire in stream('Watch')(Request(id=5).SerializeToString(),
                                    metadata=do(code=9, after=2)):
            got.append(wire)
    except grpc.RpcError as e:
        say('stream that fails', len(got), e.code().value[0])

    told = g.type_of('test.v1.Told').FromString(
        channel.stream_unary('/test.v1.Test/Collect')(items(1, 2, 3)))
    say('client stream', len(told.requests))

    say('bidi', ids(channel.stream_stream('/test.v1.Test/Chat')(
        items(1, 2, 3))))

    # in turn: the next is sent when the one before has come back
    answers = threading.Semaphore(1)

    def paced():
        for i in range(4):
            answers.acquire()
            yield Item(id=i).SerializeToString()

    got = []
    for wire in channel.stream_stream('/test.v1.Test/Chat')(paced()):
        got += ids([wire])
        answers.release()
    say('in turn', got)

    large = Item(text='x' * 3000000).SerializeToString()
    say('large', len(unary('Echo')(large)) == len(large))

    try:
        unary('Echo')(b'', metadata=do(hold='no'), timeout=0.3)
    except grpc.RpcError as e:
        say('deadline', e.code().value[0])

    call = stream('Watch')(Request(id=100).SerializeToString(),
                           metadata=do(gap=0.05, tag=sys.argv[3]))
    next(call)
    call.cancel()
    say('cancelled')

with grpc.insecure_channel(sys.argv[2],
                           compression=grpc.Compression.Gzip) as channel:
    reply = channel.unary_unary('/test.v1.Test/Echo')(
        Item(text='x' * 1000).SerializeToString(), metadata=do(gzip=1))
    say('compressed', len(reply))

print(json.dumps(out))
_EOC_

run_tests();

__DATA__

=== TEST 1: beside JSON
--- http_config eval
$GwGrpc::HTTP . <<'_EOC_'
    server {
        listen 127.0.0.1:$TEST_NGINX_PORT_1$TEST_NGINX_H2;
        $TEST_NGINX_H2_ON
        client_max_body_size 10m;

        location / {
            gw_transcode test.v1.Test test.v1.Other;
            gw_transcode_auto on;
            gw_transcode_max_request 1k;
            gw_transcode_max_message 1k;
            gw_transcode_metadata off;
            gw_transcode_timeout 1m;
            grpc_pass grpc://service;
        }
    }
_EOC_
--- config
--- timeout: 30
--- cases
['grpcio\'s client', sub {
    my ($name) = @_;

    my $tag = unique();
    my $out = python($::CLIENT, "$ENV{TEST_NGINX_DATA}/proto/test.pb",
                     "127.0.0.1:$ENV{TEST_NGINX_PORT_1}", $tag);
    my %got;

    push @{ $got{ shift @$_ } }, $_ for @{ (eval { unjson($out) }) || [] };

    my $true = JSON::PP::true;

    is_deeply(\%got, {
        unary => [[5, 'b', 'd', 0]],
        metadata => [['x', 'AP8=', $true]],
        error => [[5, "m\x{e4}"], [16, 'x'], [8, 'x']],
        details => [['080312001a080a03782f79120100']],
        'no method' => [[12]],
        stream => [[3, $true, $true]],
        'stream that fails' => [[2, 9]],
        'client stream' => [[3]],
        bidi => [[[1, 2, 3]]],
        'in turn' => [[[0, 1, 2, 3]]],
        large => [[$true]],
        deadline => [[4]],
        cancelled => [[]],
        compressed => [[1003]],
    }, "$name: all calls") or diag($out);
    occurred($name, 'cancelled', $tag, 1);
}],
