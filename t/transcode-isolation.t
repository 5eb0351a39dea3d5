# One request leaves no trace in the next: on one connection, at the same time,
# behind errors; and connections to the service are used again.

use GwTest;
use GwGrpc;

# steps: a name, a request, and what its answer is to be
our @steps = (
    ['unary', call('/v1/echo', json => { id => 5, text => 'one' }), 200,
     '{"id":"5","text":"one"}'],
    ['refused', call('/v1/echo', json => { id => 'x' }), 400, qr/"code":3/],
    ['a stream', call('/v1/watch/3'), 200,
     '[{"id":"1"},{"id":"2"},{"id":"3"}]'],
    ['no route', call('/v1/none'), 404, qr/"code":5/],
    ['empty', call('/v1/echo', json => {}), 200, '{}'],
    ['an error with details', call('/v1/get', do => { code => 9, message => 'm',
        details => [['x/y', '']] }), 400,
     '{"code":9,"message":"m","details":[{"@type":"x/y","value":""}]}'],
    ['an error without', call('/v1/get', do => { code => 10 }), 409,
     '{"code":10,"message":"","details":[]}'],
    ['lines', call('/v1/watch/2', headers => ['Accept: application/x-ndjson']),
     200, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"],
    ['a body', call('/v1/download'), 200, 'hello'],
    ['metadata', call('/v1/get', headers => ['Grpc-Metadata-A: x']), 200,
     qr/\\"a\\", \\"x\\"/],
    ['none', call('/v1/get'), 200, qr/"metadata":"\[\]"/],
    ['compressed', call('/v1/echo', json => { text => 'z' x 500 },
                        do => { gzip => 1 }), 200,
     '{"text":"' . 'z' x 500 . '"}'],
    ['a stream that fails', call('/v1/watch/3', do => { code => 8,
                                                        after => 1 }), 200,
     '[{"id":"1"},{"error":{"code":8,"message":"","details":[]}}]'],
    ['a client stream', call('/v1/chat', body => '[{"id":7},{"id":8}]'), 200,
     '[{"id":"7"},{"id":"8"}]'],
    ['a broken element', call('/v1/chat', body => '[{"id":"x"}]'), 400,
     qr/element 0/],
    ['HEAD', call('/v1/get', method => 'HEAD'), 200, ''],
    ['a mask', call('/v1/bare', method => 'PATCH', json => { id => 1 }), 200,
     qr/updateMask\\": \\"id\\"/],
    ['another mask', call('/v1/bare', method => 'PATCH',
                          json => { text => 'a' }), 200,
     qr/updateMask\\": \\"text\\"/],
);

# what a service was sent tells of its connection
our @peers = map { call("/v1/items/$_") } 1 .. 20;

sub same {
    my ($res, $want, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    like($res->{raw}, qr{^HTTP/1}, "$name: head");
    ref $want ? like($res->{body}, $want, "$name: body")
              : is($res->{body}, $want, "$name: body");
}

run_tests();

__DATA__

=== TEST 1: one after the other
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($how, $step) = @$_;

    ["on one connection, $how", sub {
        my ($name) = @_;

        for my $i (0 .. 2 * @main::steps - 1) {
            my ($what, $request, $code, $body)
                = @{ $main::steps[$i * $step % @main::steps] };
            my $res = http(%$request, conn => 'c');

            is($res->{code}, $code, "$name: $what: code");
            same($res, $body, "$name: $what");
        }
    }]
} (['in order', 1], ['in another', 7], ['backwards', 17])),



=== TEST 2: at the same time
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['all of them', sub {
    my ($name) = @_;

    for my $round (1 .. 3) {
        my @started = map { start(%{ $_->[1] }) } @main::steps;

        for my $i (0 .. $#started) {
            my ($what, undef, $code, $body) = @{ $main::steps[$i] };
            my $res = finish($started[$i]);

            is($res->{code}, $code, "$name: $round: $what: code");
            same($res, $body, "$name: $round: $what");
        }
    }
}],
['one call many times', sub {
    my ($name) = @_;

    my @started = map { start(%{ call('/v1/echo', json => {
        id => $_, text => chr(64 + $_ % 26) x (100 * $_) }) }) } 1 .. 25;

    for my $n (1 .. 25) {
        my $got = eval { unjson(finish($started[$n - 1])->{body}) } // {};

        is_deeply($got, { id => "$n", text => chr(64 + $n % 26) x (100 * $n) },
                  "$name: $n");
    }
}],



=== TEST 3: connections to the service
--- http_config eval: $GwGrpc::HTTP
--- config eval
$GwGrpc::ALL . <<'_EOC_'
location /v1/watch {
    gw_transcode test.v1.Test;
    gw_transcode_max_message 1000;
    grpc_pass grpc://service;
}
_EOC_
--- cases
['are used again', sub {
    my ($name) = @_;

    my %peers;

    $peers{told(http(%$_))->{peer}}++ for @main::peers;

    # one that the service has sent a PING on meanwhile is closed by nginx

    cmp_ok(scalar keys %peers, '<', 5, "$name: one connection")
        or diag(json(\%peers));

    # a stream, an error and what is refused leave it as it is

    http(%{ call('/v1/watch/3') });
    http(%{ call('/v1/get', do => { code => 5 }) });
    http(%{ call('/v1/get', do => { code => 5, flush => 1 }) });
    http(%{ call('/v1/get?id=x') });
    http(%{ call('/v1/collect', body => '[{"id":1}]') });
    http(%{ call('/v1/download') });
    $peers{told(http(%{ call("/v1/items/$_") }))->{peer}}++ for 1 .. 10;
    cmp_ok(scalar keys %peers, '<', 9, "$name: the same")
        or diag(json(\%peers));
}],
['not behind a failure in a stream', sub {
    my ($name) = @_;

    my $before = told(http(%{ call('/v1/items/1') }))->{peer};

    like(http(%{ call('/v1/watch/3', do => { gap => 0.1, answer =>
             [{ id => 1 }, { text => 'x' x 2000 }, { id => 3 }] }) })
         ->{body}, qr/^\[\{"id":"1"\},\{"error":/, "$name: too large");

    for my $n (1 .. 3) {
        my $told = told(http(%{ call("/v1/items/$n") }));

        is($told->{request}{id}, $n, "$name: the next");
        isnt($told->{peer}, $before, "$name: another connection");
    }
}],
['not behind a failure', sub {
    my ($name) = @_;

    my $before = told(http(%{ call('/v1/items/1') }))->{peer};

    is(http(%{ call('/v1/echo', json => {},
                    do => { size => 5000000 }) })->{code}, 502,
       "$name: too large");

    my $res = http(%{ call('/v1/items/2') });

    is($res->{code}, 200, "$name: the next");
    is(told($res)->{request}{id}, 2, "$name: the next");
    isnt(told($res)->{peer}, $before, "$name: another connection");
}],
