# Deadlines: gw_transcode_timeout and the client's Grpc-Timeout.

use GwTest;
use GwGrpc;

sub timed {
    my ($value) = @_;

    return ("Grpc-Timeout: $value");
}


# A request that takes too long; min and max seconds until its answer.  The
# service knows of the deadline too, and may be the first to say so.
sub late {
    my ($what, $request, $min, $max) = @_;

    return [$what, sub {
        my ($name) = @_;

        my $began = time;
        my $tag = unique();
        my @headers = map { s/"tag":""/"tag":"$tag"/r }
                      @{ $request->{headers} };
        my $res = http(%$request, headers => \@headers);
        my $took = time - $began;

        is($res->{code}, 504, "$name: code");
        is($res->{header}{'x-status'}, 4, "$name: status");
        is(unjson($res->{body})->{code}, 4, "$name: body")
            unless ($request->{method} // '') eq 'HEAD';
        cmp_ok($took, '>=', $min, "$name: not too early");
        cmp_ok($took, '<', $max, "$name: not too late");
        occurred($name, 'cancelled', $tag, 1);
    }];
}


# A service that says nothing.
sub silent {
    my ($what, $steps, @more) = @_;

    return refusal($what, fake($steps, @more), 504, 'deadline',
                   'the call took too long');
}

our @head = (['headers', [[':status', '200'],
                          ['content-type', 'application/grpc']]]);

our %hold = (do => { hold => 'no', tag => '' });

run_tests();

__DATA__

=== TEST 1: of the location
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    gw_transcode_timeout 400ms;
    grpc_pass grpc://service;
}

location /v1/fake {
    gw_transcode test.v1.Other;
    gw_transcode_timeout 400ms;
    grpc_pass grpc://fake;
}
--- cases
['in time', call('/v1/items/5'), 200, 0, sent(request => { id => '5' }),
 then => sub {
     my ($res, $name) = @_;

     my $left = told($res)->{left};

     cmp_ok($left, '<=', 0.45, "$name: what the service is told");
     cmp_ok($left, '>', 0.1, "$name: what the service is told");
 }],
late('unary', call('/v1/items/5', %hold), 0.35, 1),
late('unary, a header at once', call('/v1/items/5',
    do => { %{ $hold{do} }, flush => 1 }), 0.35, 1),
late('a stream before its first message', call('/v1/watch/5', %hold), 0.35, 1),
late('a client stream', call('/v1/collect', body => '[{}]', %hold), 0.35, 1),
late('HEAD', call('/v1/items/5', method => 'HEAD', %hold), 0.35, 1),
late('a shorter one of the client\'s',
     call('/v1/items/5', headers => [timed('200m')], %hold), 0.15, 0.38),
late('a longer one of the client\'s',
     call('/v1/items/5', headers => [timed('5S')], %hold), 0.35, 1),
(map {
    my ($what, $accept, $body) = @$_;

    ["in a stream: $what", sub {
        my ($name) = @_;

        my $began = time;
        my $tag = unique();
        my $res = arrivals(call('/v1/watch/100', headers => [$accept],
                                do => { gap => 0.15, tag => $tag }));

        is($res->{code}, 200, "$name: code");
        like($res->{body}, $body, "$name: body");
        is($res->{whole}, 1, "$name: the end");
        cmp_ok(time - $began, '>=', 0.35, "$name: not too early");
        cmp_ok(time - $began, '<', 1, "$name: not too late");
        occurred($name, 'cancelled', $tag, 1);
    }]
} (
    ['an array', 'Accept: application/json',
     qr/^\[\{"id":"1"\},.*,\{"error":\{"code":4,"message":"[^"]+","details":\[\]\}\}\]$/],
    ['lines', 'Accept: application/x-ndjson',
     qr/^\{"id":"1"\}\n.*\n\{"error":\{"code":4,"message":"[^"]+","details":\[\]\}\}\n$/s],
    ['events', 'Accept: text/event-stream',
     qr/^data: \{"id":"1"\}\n\n.*\n\nevent: error\ndata: \{"error":\{"code":4,"message":"[^"]+","details":\[\]\}\}\n\n$/s],
)),
silent('nothing comes', [['sleep', 1]]),
silent('a header comes', [@head, ['sleep', 1]]),
silent('a part of a message comes', [@head, ['data', b64("\0\0\0\0\2\x10")],
                                     ['sleep', 1]]),
silent('a message comes, and no trailers', [@head, ['message', { id => 5 }],
                                            ['sleep', 1]]),
silent('bytes come all the time', [@head, ['slowly', 0.1],
                                   (['message', { text => 'abc' }]) x 2]),
silent('a stream of nothing', [@head, ['sleep', 1]], stream => 1),
['a stream of one', fake([@head, ['message', { id => 5 }], ['sleep', 1]],
                         stream => 1), 200, undef,
 body => '[{"id":"5"},{"error":{"code":4,"message":"the call took too long",'
         . '"details":[]}}]'],
['the service may say so itself', call('/v1/items/5', do => { code => 4,
                                                              message => 'm' }),
 504, 4, status(4, 'm')],
['a connection goes on behind it', sub {
    my ($name) = @_;

    my $res = http(%{ call('/v1/items/5', conn => 'c', %hold) });

    is($res->{code}, 504, "$name: late");
    is(told(http(%{ call('/v1/items/6', conn => 'c') }))->{request}{id}, 6,
       "$name: the next");
}],



=== TEST 2: of the client alone
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['none', call('/v1/items/5'), 200, 0, sent(left => 0)],
(map {
    my ($value, $seconds) = @$_;

    [$value, call('/v1/items/5', headers => [timed($value)]), 200, 0,
     then => sub {
         my ($res, $name) = @_;

         my $left = told($res)->{left};

         cmp_ok($left, '<=', $seconds, "$name: left");
         cmp_ok($left, '>', $seconds * 0.5, "$name: left");
     }]
} (
    ['1H', 3600], ['2M', 120], ['30S', 30], ['2500m', 2.5],
    ['2500000u', 2.5], ['99999999n', 0.11], ['00000005S', 5],
)),
['at once', call('/v1/items/5', headers => [timed('0S')], %hold), 504, 4,
 json => { code => 4 }, error => qr/^504 deadline$|^$/],
late('late', call('/v1/items/5', headers => [timed('300m')], %hold), 0.25, 1),
late('late, microseconds', call('/v1/items/5', headers => [timed('300000u')],
                                %hold), 0.25, 1),
(map {
    refusal("malformed: $_", call('/v1/items/5', headers => [timed($_)]), 400,
            'timeout', qr/Grpc-Timeout/)
} '', '5', 'S', '5s', '5 S', '-5S', '1.5S', '123456789S', '5SS', 'x'),



=== TEST 3: of nginx
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    grpc_read_timeout 1s;
    grpc_pass grpc://service;
}

location /v1/fake {
    gw_transcode test.v1.Other;
    grpc_read_timeout 1s;
    grpc_pass grpc://fake;
}
--- cases
['before an answer', call('/v1/items/5', do => { hold => 'no' }), 504, 4,
 json => { code => 4 }],
['a header that comes, and nothing more', call('/v1/items/5',
    do => { hold => 'no', flush => 1 }), 504, 4, json => { code => 4 }],
['in a stream', call('/v1/watch/5', do => { hold => 'no', hold_after => 1 }),
 200, undef,
 body => qr/^\[\{"id":"1"\},\{"error":\{"code":(?:4|13|14),"message":"[^"]+","details":\[\]\}\}\]$/],
['a stream that is slow, but not so slow', call('/v1/watch/4',
                                                do => { gap => 0.6 }), 200,
 undef, body => qr/\{"id":"4"\}\]$/],
['a unary call that comes in pieces, each in time',
 fake([['headers', [[':status', '200'],
                    ['content-type', 'application/grpc']]], ['sleep', 0.6],
       ['data', b64("\0\0")], ['sleep', 0.6], ['data', b64("\0\0\2\x10")],
       ['sleep', 0.6], ['data', b64("\5")], ['sleep', 0.6],
       ['headers', [['grpc-status', '0']], 5]]), 200, 0,
 body => '{"id":"5"}'],
