# Clients that speak HTTP/2.

use GwTest;
use GwGrpc;
use GwH2;

our $socket = "$ENV{TEST_NGINX_SOCK}/h2.sock";

our $conf = $GwGrpc::HTTP . <<'_EOC_';
    server {
        listen unix:$TEST_NGINX_SOCK/h2.sock$TEST_NGINX_H2;
        listen 127.0.0.1:$TEST_NGINX_PORT_1$TEST_NGINX_H2;
        $TEST_NGINX_H2_ON

        add_header X-Status $gw_grpc_status always;
        add_header X-Error $gw_error always;
        client_max_body_size 10m;

        location / {
            gw_transcode test.v1.Test;
            gw_grpc_web on;
            grpc_pass grpc://service;
        }

        location /v1/flag/ {
            gw_transcode test.v1.Test;
            add_trailer X-End end;
            grpc_pass grpc://service;
        }
    }
_EOC_

sub h2 {
    my $request = call(@_);

    return { %$request, http2 => 1, socket => $socket };
}

# Both sides of a stream at once: sends a line and reads one, five times, then
# ends as it is told: "end", "reset" or "close".

our $CHAT = <<'_EOC_';
import json, socket, sys
import grpc_server as g

port, do, end = int(sys.argv[1]), sys.argv[2], sys.argv[3]
conn = socket.create_connection(('127.0.0.1', port))
conn.settimeout(8)
conn.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + g.frame(4, 0, 0, b''))
block = b''.join(b'\0' + g.string(name) + g.string(value) for name, value in (
    (':method', 'POST'), (':scheme', 'http'), (':path', '/v1/chat'),
    (':authority', 'x'), ('content-type', 'application/x-ndjson'),
    ('accept', 'application/x-ndjson'), ('grpc-metadata-do', do)))
conn.sendall(g.frame(1, 4, 1, block))

got, ended = b'', False

def more():
    global got, ended
    head = g.read(conn, 9)
    payload = g.read(conn, int.from_bytes(head[:3], 'big'))
    if head[3] == 0:
        got += payload
    if head[3] in (0, 1) and head[4] & 1:
        ended = True
    if head[3] == 3:
        raise EOFError('reset')

for n in range(5):
    conn.sendall(g.frame(0, 0, 1, b'{"id":%d}\n' % n))
    while got.count(b'\n') <= n:
        more()

if end == 'end':
    conn.sendall(g.frame(0, 1, 1, b''))
    while not ended:
        more()
elif end == 'bad':
    conn.sendall(g.frame(0, 0, 1, b'{"id":"x"}\n'))
    try:
        while not ended:
            more()
    except EOFError:
        pass
elif end == 'reset':
    conn.sendall(g.frame(3, 0, 1, b'\0\0\0\x08'))

print(json.dumps(got.decode().split('\n')))
_EOC_

sub chat {
    my ($tag, $end) = @_;

    return eval {
        unjson(python($CHAT, $ENV{TEST_NGINX_PORT_1},
                      GwGrpc::printable({ tag => $tag }), $end));
    } // [];
}

our @five = ('{}', map { "{\"id\":\"$_\"}" } 1 .. 4);

run_tests();

__DATA__

=== TEST 1: calls
--- http_config eval: $main::conf
--- config
--- cases
['GET', h2('/v1/items/7'), 200, 0, sent(request => { id => '7' })],
['POST', h2('/v1/echo', json => { id => 5, text => 'x' x 100000 }), 200, 0,
 body => '{"id":"5","text":"' . 'x' x 100000 . '"}'],
['HEAD', h2('/v1/items/7', method => 'HEAD'), 200, 0, body => '',
 'Content-Type' => 'application/json'],
['an escaped slash', h2('/v1/name/a%2Fb'), 200, 0,
 sent(request => { name => 'a/b' })],
['an error', h2('/v1/get', do => { code => 5, message => 'm' }), 404, 5,
 body => '{"code":5,"message":"m","details":[]}'],
['refused', h2('/v1/get?id=x'), 400, 3, error => '400 query',
 json => { code => 3 }],
['no route', h2('/v1/none'), 404, 5, error => '404 route'],
['another method', h2('/v1/items'), 405, 12, error => '405 method',
 Allow => 'POST'],
['metadata', h2('/v1/get', headers => ['Grpc-Metadata-A-Bin: AAE=']), 200, 0,
 sent('a-bin' => 'AAE=')],
['a stream', h2('/v1/watch/3'), 200, undef,
 body => '[{"id":"1"},{"id":"2"},{"id":"3"}]'],
['a long stream', h2('/v1/watch/100', do => { size => 20000 }), 200, undef,
 then => sub { is(scalar @{ unjson($_[0]{body}) }, 100, $_[1]) }],
['a stream that fails', h2('/v1/watch/3', do => { code => 8, after => 1,
                                                  gap => 0.1 }), 200, undef,
 body => '[{"id":"1"},{"error":{"code":8,"message":"","details":[]}}]'],
['a client stream', h2('/v1/collect', body => '[{"id":1},{"id":2}]',
                          type => 'application/json'), 200, 0,
 sent(requests => [{ id => '1' }, { id => '2' }])],
['both ways', h2('/v1/chat', body => '[{"id":1},{"id":2}]',
                          type => 'application/json'), 200, undef,
 body => '[{"id":"1"},{"id":"2"}]'],
['a bad element', h2('/v1/chat', body => '[{"id":1},{"id":"x"}]',
                       type => 'application/json'),
 qr/^(?:200|400)$/, undef, body => qr/element 1: /],
['a body', h2('/v1/download', do => { large => 200000 }), 200, 0,
 body => 'x' x 200000],
['trailers of nginx do not, behind a window that was shut', sub {
    my ($name) = @_;

    my $conn = GwH2->new($main::socket, 4 => 10);
    my $id = $conn->request(uri => '/v1/flag/true');
    my $stream = $conn->{streams}{$id};

    $conn->until(sub { length $stream->{body} == 10 });
    sleep 0.1;
    $conn->window($id, 10000);
    $conn->answer($id);

    is($stream->{code}, 200, "$name: code");
    like($stream->{body}, qr/^\{.*\}$/, "$name: body");
    ok($stream->{trailers}, $name);
}],
['trailers stay behind', h2('/v1/get', do => { trailing => [['a', 'b']] }),
 200, 0, 'Grpc-Trailer-a' => 'b', 'Grpc-Status' => undef],



=== TEST 2: both ways at once
--- http_config eval: $main::conf
--- config
--- cases
['in turn', sub {
    my ($name) = @_;

    my $tag = unique();

    is_deeply(chat($tag, 'end'), [@main::five, ''], $name);
    occurred($name, 'done', $tag, 1);
}],
(map {
    my $end = $_;

    ["a client that leaves: $end", sub {
        my ($name) = @_;

        my $tag = unique();

        is_deeply(chat($tag, $end), [@main::five, ''], $name);
        occurred($name, 'cancelled', $tag, 1);
    }]
} 'reset', 'close'),
['a bad element', sub {
    my ($name) = @_;

    my $tag = unique();
    my $got = chat($tag, 'bad');

    is_deeply([@$got[0 .. 4]], [@main::five], $name);
    like($got->[5], qr/^\{"error":\{"code":3,"message":"element 5: /,
         "$name: the error");
    occurred($name, 'cancelled', $tag, 1);
}],
['a stream whose client leaves', sub {
    my ($name) = @_;

    my $tag = unique();

    open my $out, '-|', 'curl', '-sN', '--http2-prior-knowledge',
        '--max-time', 5, '-H', 'Accept: application/x-ndjson', '-H',
        'Grpc-Metadata-Do: ' . GwGrpc::printable({ tag => $tag, gap => 0.1,
                                                   count => 200 }),
        "http://127.0.0.1:$ENV{TEST_NGINX_PORT_1}/v1/watch/5"
        or die "curl: $!";

    is(scalar <$out>, "{\"id\":\"1\"}\n", "$name: it has begun");
    close $out;
    occurred($name, 'cancelled', $tag, 1);
}],
