# Beside directives of nginx: bodies in files, 100-continue, gzip, TLS to the
# service, buffers, "if", nested locations.

use GwTest;
use GwGrpc;

use Compress::Zlib ();

# as http() does it, and decompressed
sub unzipped {
    my ($res) = @_;

    return Compress::Zlib::memGunzip($res->{body}) // '';
}

run_tests();

__DATA__

=== TEST 1: bodies
--- http_config eval: $GwGrpc::HTTP
--- config
location /v1/ {
    gw_transcode test.v1.Test;
    client_body_buffer_size 1k;
    client_body_in_file_only on;
    grpc_pass grpc://service;
}

location /clean/ {
    rewrite ^/clean(.*) $1 break;
    gw_transcode test.v1.Test;
    client_body_buffer_size 1k;
    client_body_in_single_buffer on;
    grpc_buffer_size 1k;
    grpc_pass grpc://service;
}

location /late/ {
    rewrite ^/late(.*) $1 break;
    gw_transcode test.v1.Test;
    client_body_timeout 300ms;
    grpc_pass grpc://service;
}
--- cases
(map {
    my $at = $_;

    ["$at: long", call("$at/v1/echo", json => { text => 'x' x 300000 }), 200,
     0, body => '{"text":"' . 'x' x 300000 . '"}'],
    ["$at: raw", call("$at/v1/upload", body => 'x' x 100000, type => 'a/b'),
     200, 0, sent(request => { contentType => 'a/b',
                               data => b64('x' x 100000) })],
    ["$at: a stream", call("$at/v1/chat", body => '['
        . (CORE::join ',', map { "{\"id\":$_}" } 1 .. 500) . ']'), 200, undef,
     then => sub { is(scalar @{ unjson($_[0]{body}) }, 500, $_[1]) }],
    ["$at: 100-continue", sub {
        my ($name) = @_;

        my $started = start(raw => "POST $at/v1/echo HTTP/1.1\r\nHost: x\r\n"
                                   . "Connection: close\r\n"
                                   . "Expect: 100-continue\r\n"
                                   . "Content-Length: 8\r\n\r\n");
        my $conn = $started->{conn};

        GwTest::more($conn, time + 3);
        like($conn->{buffer}, qr{^HTTP/1.1 100 }, "$name: it is asked for");
        GwTest::send_all($conn->{socket}, '{"id":5}');
        is(finish($started)->{body}, '{"id":"5"}', "$name: body");
    }],
    ["$at: 100-continue, of a stream", sub {
        my ($name) = @_;

        my $started = start(raw => "POST $at/v1/chat HTTP/1.1\r\nHost: x\r\n"
                                   . "Connection: close\r\n"
                                   . "Expect: 100-continue\r\n"
                                   . "Content-Length: 10\r\n\r\n");
        my $conn = $started->{conn};

        GwTest::more($conn, time + 3);
        like($conn->{buffer}, qr{^HTTP/1.1 100 }, "$name: it is asked for");
        GwTest::send_all($conn->{socket}, '[{"id":5}]');
        is(finish($started)->{body}, '[{"id":"5"}]', "$name: body");
    }],
} '', '/clean'),
(map {
    my ($what, $uri, $body) = @$_;

    ["a body that does not come: $what", sub {
        my ($name) = @_;

        my $began = time;
        my $res = http(raw => "POST /late$uri HTTP/1.1\r\nHost: x\r\n"
                              . "Content-Length: 100\r\n\r\n$body");

        # nginx says nothing of a body that is late, and closes

        ok(!$res->{code} || $res->{code} == 408, "$name: no answer");
        cmp_ok(time - $began, '<', 3, "$name: in time");
    }]
} (['unary', '/v1/echo', '{'], ['a stream', '/v1/collect', '[{"id":1},'])),
['a body that is cut', sub {
    my ($name) = @_;

    my $started = start(raw => "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
                               . "Content-Length: 100\r\n\r\n{");

    shutdown $started->{conn}{socket}, 1;
    is(finish($started)->{code}, undef, $name);
}],
['a chunk that is none', sub {
    my ($name) = @_;

    my $res = http(raw => "POST /v1/echo HTTP/1.1\r\nHost: x\r\n"
                          . "Connection: close\r\n"
                          . "Transfer-Encoding: chunked\r\n\r\nx\r\n");

    is($res->{code}, 400, $name);
    is(unjson($res->{body})->{code}, 3, "$name: body");
}],



=== TEST 2: gzip
--- http_config eval: $GwGrpc::HTTP
--- config
gzip on;
gzip_min_length 1;
gzip_types application/json application/x-ndjson text/event-stream;

location /v1/ {
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}
--- cases
['unary', call('/v1/echo', json => { text => 'x' x 10000 },
               headers => ['Accept-Encoding: gzip']), 200, 0,
 'Content-Encoding' => 'gzip', then => sub {
     my ($res, $name) = @_;

     is(unzipped($res), '{"text":"' . 'x' x 10000 . '"}', $name);
 }],
['a stream', call('/v1/watch/50', do => { size => 2000 },
                  headers => ['Accept-Encoding: gzip']), 200, undef,
 'Content-Encoding' => 'gzip', then => sub {
     my ($res, $name) = @_;

     is(scalar @{ (eval { unjson(unzipped($res)) }) || [] }, 50, $name);
 }],
['a stream as it arrives', sub {
    my ($name) = @_;

    my $res = arrivals(call('/v1/watch/3', do => { gap => 0.3 },
                            headers => ['Accept-Encoding: gzip']));
    my @at = map { $_->[0] } @{ $res->{pieces} };

    cmp_ok($at[0], '<', 0.25, "$name: the first");
    cmp_ok((scalar grep { $_ > 0.25 && $_ < 0.55 } @at), '>', 0,
           "$name: the second");
    is(unzipped($res), '[{"id":"1"},{"id":"2"},{"id":"3"}]', "$name: all");
}],
['an error in a stream', call('/v1/watch/3', do => { code => 8, after => 1,
                                                     gap => 0.1 },
                              headers => ['Accept-Encoding: gzip']), 200,
 undef, then => sub {
     my ($res, $name) = @_;

     is(unzipped($res),
        '[{"id":"1"},{"error":{"code":8,"message":"","details":[]}}]', $name);
 }],



=== TEST 3: TLS to the service
--- http_config eval
$GwGrpc::HTTP . <<'_EOC_'
    server {
        listen 127.0.0.1:$TEST_NGINX_PORT_1 ssl$TEST_NGINX_H2;
        $TEST_NGINX_H2_ON
        ssl_certificate $TEST_NGINX_DATA/p256.crt.pem;
        ssl_certificate_key $TEST_NGINX_DATA/keys/p256.pem;

        location / {
            grpc_pass grpc://service;
        }
    }

    upstream tls {
        server 127.0.0.1:$TEST_NGINX_PORT_1;
        keepalive 4;
    }
_EOC_
--- config
location /v1/ {
    gw_transcode test.v1.Test;
    gw_grpc_web on;
    grpc_pass grpcs://tls;
}
--- cases
['unary', call('/v1/items/5'), 200, 0, sent(request => { id => '5' })],
['long', call('/v1/echo', json => { text => 'x' x 300000 }), 200, 0,
 body => '{"text":"' . 'x' x 300000 . '"}'],
['an error', call('/v1/get', do => { code => 5, message => 'm' }), 404, 5,
 status(5, 'm')],
['a stream', call('/v1/watch/100', do => { size => 5000 }), 200, undef,
 then => sub { is(scalar @{ unjson($_[0]{body}) }, 100, $_[1]) }],
['a client stream', call('/v1/chat', body => '[' . (CORE::join ',', map {
      "{\"id\":$_,\"text\":\"" . 'x' x 1000 . '"}' } 1 .. 300) . ']'), 200,
 undef, then => sub { is(scalar @{ unjson($_[0]{body}) }, 300, $_[1]) }],
['a stream that fails', call('/v1/watch/3', do => { code => 8, after => 1,
                                                    gap => 0.1 }), 200, undef,
 body => '[{"id":"1"},{"error":{"code":8,"message":"","details":[]}}]'],



=== TEST 4: where it stands
--- http_config eval: $GwGrpc::HTTP
--- config
gw_transcode test.v1.Test;

location /v1/ {
    grpc_pass grpc://service;

    if ($arg_name = if) {
        grpc_pass grpc://service;
    }

    if ($arg_name = gone) {
        return 410;
    }

    location /v1/items/ {
        gw_transcode off;
        grpc_pass grpc://service;
    }

    location /v1/color/ {
        gw_transcode test.v1.Other;
        grpc_pass grpc://service;
    }

    location ~ ^/v1/flag/(?<value>.*) {
        set $to service;
        grpc_pass grpc://$to;
    }
}

location = /internal {
    rewrite ^ /v1/get?name=rewritten last;
}

location = /try {
    try_files /none /v1/get?$args;
}

location @named {
    rewrite ^ /v1/get break;
    grpc_pass grpc://service;
}

location = /named {
    try_files /none @named;
}

location /other/ { return 200 "other\n"; }
--- cases
['inherited', call('/v1/get?name=a'), 200, 0, sent(request => { name => 'a' })],
['in if', call('/v1/get?name=if'), 200, 0, sent(request => { name => 'if' })],
['a return', call('/v1/get?name=gone'), 410, 2,
 'Content-Type' => 'application/json', json => { code => 2 }],
['off within', call('/v1/items/5'), qr/^[2345]/, undef, 'X-Method' => undef],
['another service within', call('/v1/color/RED'), 404, 5,
 error => '404 route'],
['by a regular expression, a variable', call('/v1/flag/true'), 200, 0,
 sent(request => { flag => JSON::PP::true })],
['rewritten', call('/internal'), 200, 0,
 sent(request => { name => 'rewritten' })],
['tried', call('/try?name=t'), 200, 0, sent(request => { name => 't' })],
['a named location', call('/named?name=n'), 200, 0,
 sent(request => { name => 'n' })],
['without grpc_pass', call('/other/'), 200, undef, body => "other\n"],
