# What is tried at another server: rules follow the client's method, and what
# has come from a server before is forgotten.

use GwTest;
use GwGrpc;

# How often the service was called, of requests to two addresses of it.  The
# tag goes with what the service is to do.
sub tried {
    my ($what, $request, $n, $code, $status) = @_;

    return [$what, sub {
        my ($name) = @_;

        my $tag = unique();
        my @headers = map { s/"tag":""/"tag":"$tag"/r }
                      @{ $request->{headers} };
        my $res = http(%$request, headers => \@headers);

        is($res->{code}, $code, "$name: code");
        is($res->{header}{'x-status'}, $status, "$name: status");
        occurred($name, 'came', $tag, $n);
    }];
}

our $UPSTREAMS = <<'_EOC_';
    upstream twice {
        server $TEST_NGINX_GRPC max_fails=0;
        server $TEST_NGINX_GRPC_SOCK max_fails=0;
        keepalive 4;
    }

    upstream broken {
        server $TEST_NGINX_FAKE max_fails=0;
        server $TEST_NGINX_GRPC backup;
    }

    upstream last {
        server $TEST_NGINX_GRPC max_fails=0;
        server 127.0.0.1:1 backup;
    }

    upstream none {
        server 127.0.0.1:1 max_fails=0;
        server $TEST_NGINX_GRPC backup;
    }
_EOC_

our %unavailable = (do => { code => 14, tag => '' });

our @head = (['headers', [[':status', '200'],
                          ['content-type', 'application/grpc']]]);

run_tests();

__DATA__

=== TEST 1: statuses
--- http_config eval
$GwGrpc::HTTP . $::UPSTREAMS
--- config
location /v {
    gw_transcode test.v1.Test;
    grpc_next_upstream error timeout http_503;
    grpc_pass grpc://twice;
}

location /v1/items {
    gw_transcode test.v1.Test;
    grpc_next_upstream error timeout http_503 non_idempotent;
    grpc_pass grpc://twice;
}

location /v1/color {
    gw_transcode test.v1.Test;
    grpc_pass grpc://twice;
}

location /v1/time {
    gw_transcode test.v1.Test;
    grpc_next_upstream http_404;
    grpc_pass grpc://twice;
}
--- cases
tried('GET', call('/v1/get', %unavailable), 2, 503, 14),
tried('POST', call('/v1/echo', json => { id => 5 }, %unavailable), 1, 503, 14),
tried('PATCH', call('/v1/whole', method => 'PATCH', json => {},
                    %unavailable), 1, 503, 14),
tried('PUT', call('/v1/named/x', method => 'PUT', json => {}, %unavailable),
      2, 503, 14),
tried('POST, non_idempotent', call('/v1/items', json => { id => 5 },
                                   %unavailable), 2, 503, 14),
tried('DELETE, non_idempotent', call('/v1/items/5', method => 'DELETE',
                                     %unavailable), 2, 503, 14),
tried('not by default', call('/v1/color/RED', %unavailable), 1, 503, 14),
tried('another status', call('/v1/get', do => { code => 5, tag => '' }), 1,
      404, 5),
tried('http_404', call('/v1/time/1970-01-01T00:00:00Z',
                       do => { code => 5, tag => '' }), 2, 404, 5),
tried('a stream', call('/v1/watch/3', %unavailable), 2, 503, 14),
tried('not when it has begun', call('/v1/watch/3', do => {
    code => 14, tag => '', after => 1, gap => 0.1 }), 1, 200),
tried('a client stream is not', call('/v1/collect', body => '[{}]',
                                     %unavailable), 1, 503, 14),



=== TEST 2: the next one answers
--- http_config eval
$GwGrpc::HTTP . $::UPSTREAMS
--- config
location /v {
    gw_transcode test.v1.Test test.v1.Other;
    grpc_next_upstream error timeout http_503 invalid_header;
    grpc_read_timeout 400ms;
    grpc_pass grpc://broken;
}

location /none/ {
    rewrite ^/none(/.*) $1 break;
    gw_transcode test.v1.Test;
    grpc_pass grpc://none;
}

location /v1/other {
    gw_transcode test.v1.Other;
    grpc_pass grpc://broken;
}
--- cases
['no connection: GET', call('/none/v1/items/5'), 200, 0,
 sent(request => { id => '5' })],
['no connection: POST', call('/none/v1/items', json => { id => 5,
                                                        text => 'x' x 50000 }),
 200, 0, sent(request => { id => '5', text => 'x' x 50000 })],
['no connection: a stream', call('/none/v1/watch/3'), 200, undef,
 body => '[{"id":"1"},{"id":"2"},{"id":"3"}]'],
['no connection: a client stream', call('/none/v1/collect',
                                        body => '[{"id":1},{"id":2}]'),
 qr/^(?:200|502)$/, undef],
(map {
    my ($what, @steps) = @$_;
    my $steps = json([@steps]);

    # the real service echoes nothing of it: it tells what it was sent

    ["$what, then the service", call('/v1/fake?id=5&script='
        . MIME::Base64::encode_base64url($steps), do => {
            answer => { id => 7 } }), 200, 0, body => '{"id":"7"}',
     'Content-Type' => 'application/json', error => undef],
} (
    ['closed', ['close']],
    ['a header, closed', @head, ['close']],
    ['half a message, closed', @head, ['data', b64("\0\0\0\0\2\x10")],
     ['close']],
    ['a message, closed', @head, ['message', { id => 5 }], ['close']],
    ['a header of its own, closed',
     ['headers', [@{ $head[0][1] }, ['x-own', 'x'],
                  ['grpc-encoding', 'br']]], ['close']],
    ['503', ['headers', [[':status', '503']], 5]],
    ['14', ['headers', [@{ $head[0][1] }, ['grpc-status', '14'],
                        ['grpc-message', 'x']], 5]],
    ['14 behind a message', @head, ['message', { id => 5 }],
     ['headers', [['grpc-status', '14'],
                  ['grpc-status-details-bin', 'GgUKA2EvYg']], 5]],
    ['two messages', @head, ['message', { id => 5 }], ['message', {}]],
    ['HTML', ['headers', [[':status', '200'], ['content-type', 'text/html']]]],
    ['a malformed message', @head, ['data', b64("\0\0\0\0\1\x10")]],
    ['too slow', @head, ['message', { id => 5 }], ['sleep', 1]],
)),



=== TEST 3: no next one answers
--- http_config eval
$GwGrpc::HTTP . $::UPSTREAMS
--- config
location /v {
    gw_transcode test.v1.Test;
    grpc_next_upstream error http_503;
    grpc_pass grpc://last;
}
--- cases
['unary', call('/v1/get', do => { code => 14, message => 'm' }), 502, 14,
 status(14, 'Bad Gateway')],
['a stream', call('/v1/watch/3', do => { code => 14, message => 'm' }), 502,
 14, status(14, 'Bad Gateway')],



=== TEST 4: a location of error_page has the body too
--- http_config eval: $GwGrpc::HTTP
--- config
location /v1/ {
    gw_transcode test.v1.Test;
    error_page 502 = @rest;
    grpc_pass grpc://127.0.0.1:1;
}

location @rest {
    rewrite ^ /elsewhere break;
    proxy_read_timeout 2s;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT;
}

location /elsewhere {
    rewrite ^ /v1/echo break;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}
--- cases
(map {
    my $n = $_;

    ["$n bytes", call('/v1/echo', json => { text => 'x' x $n }), 200, undef,
     body => '{"text":"' . 'x' x $n . '"}']
} 1, 10000, 500000),
['in pieces', sub {
    my ($name) = @_;

    my $started = start(raw => "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
                               . "Connection: close\r\nContent-Length: 12"
                               . "\r\n\r\n" . '{"te');

    sleep 0.1;
    GwTest::send_all($started->{conn}{socket}, 'xt":"x"}');

    my $res = finish($started);

    is($res->{code}, 200, $name);
    is($res->{body}, '{"text":"x"}', "$name: body");
}],
