# Streams of both sides: messages go both ways at once.

use GwTest;
use GwGrpc;

our @lines = ('Content-Type: application/x-ndjson');
our @answer = ('Accept: application/x-ndjson');

sub chunk { return sprintf "%x\r\n%s\r\n", length $_[0], $_[0] }

run_tests();

__DATA__

=== TEST 1: both ways
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['an array for an array', call('/v1/chat', body => '[{"id":1},{"id":2}]'),
 200, undef, body => '[{"id":"1"},{"id":"2"}]',
 'X-Method' => 'test.v1.Test/Chat'],
['lines for lines', call('/v1/chat', body => "{\"id\":1}\n{\"id\":2}\n",
                         headers => [@lines, @answer]), 200, undef,
 body => "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"],
['events for lines', call('/v1/chat', body => "{\"id\":1}\n",
                          headers => [@lines, 'Accept: text/event-stream']),
 200, undef, body => "data: {\"id\":\"1\"}\n\n"],
['nothing', call('/v1/chat', body => '[]'), 200, 0, body => '[]'],
['no body', call('/v1/chat', method => 'POST'), 200, 0, body => '[]'],
['more than was asked', call('/v1/chat', body => '[{}]',
                             do => { count => 3 }), 200, undef,
 body => '[{"id":"1"},{"id":"2"},{"id":"3"}]'],
['an error before', call('/v1/chat', body => '[{}]',
                         do => { code => 5, message => 'm' }), 404, 5,
 body => '{"code":5,"message":"m","details":[]}'],
['an error within', call('/v1/chat', body => '[{"id":1},{"id":2}]',
                         do => { code => 5, message => 'm', after => 1 }),
 200, undef,
 body => '[{"id":"1"},{"error":{"code":5,"message":"m","details":[]}}]'],
refusal('a bad element before any answer',
        call('/v1/chat', body => '[{"id":"x"}]'), 400, 'body',
        qr/element 0: /),
['many', call('/v1/chat', body => '[' . CORE::join(',', map {
      "{\"id\":$_,\"text\":\"" . 'x' x 300 . '"}'
  } 1 .. 2000) . ']'), 200, undef, then => sub {
      my ($res, $name) = @_;

      is_deeply([map { $_->{id} } @{ unjson($res->{body}) }], [1 .. 2000],
                $name);
  }],



=== TEST 2: in turn
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['each is answered before the next is sent', sub {
    my ($name) = @_;

    my $started = start(raw => CORE::join("\r\n", 'POST /v1/chat HTTP/1.1',
        'Host: x', 'Connection: close', 'Transfer-Encoding: chunked', @lines,
        @answer, '', ''));
    my $conn = $started->{conn};

    for my $n (1 .. 5) {
        GwTest::send_all($conn->{socket}, chunk("{\"id\":$n}\n"));
        1 while $conn->{buffer} !~ /\{"id":"$n"\}\n/
                && GwTest::more($conn, time + 3);
        like($conn->{buffer}, qr/\{"id":"$n"\}\n/, "$name: $n");
    }

    GwTest::send_all($conn->{socket}, "0\r\n\r\n");
    1 while GwTest::more($conn, time + 5);
    like($conn->{buffer}, qr/\r\n0\r\n\r\n\z/, "$name: the end");
}],
['a bad element behind answers', sub {
    my ($name) = @_;

    my $tag = unique();
    my $started = start(raw => CORE::join("\r\n", 'POST /v1/chat HTTP/1.1',
        'Host: x', 'Connection: close', 'Transfer-Encoding: chunked', @lines,
        @answer, 'Grpc-Metadata-Do: ' . GwGrpc::printable({ tag => $tag }),
        '', ''));
    my $conn = $started->{conn};

    GwTest::send_all($conn->{socket}, chunk("{\"id\":1}\n"));
    1 while $conn->{buffer} !~ /\{"id":"1"\}\n/
            && GwTest::more($conn, time + 3);
    GwTest::send_all($conn->{socket}, chunk("{\"id\":\"x\"}\n"));
    1 while GwTest::more($conn, time + 5);

    like($conn->{buffer}, qr/^HTTP\/1.1 200/, "$name: the status");
    like($conn->{buffer}, qr/\{"error":\{"code":3,"message":"element 1: /,
         "$name: the error") or diag($conn->{buffer});
    like($conn->{buffer}, qr/\r\n0\r\n\r\n\z/, "$name: the end");
    occurred($name, 'cancelled', $tag, 1);
}],
['a client that leaves', sub {
    my ($name) = @_;

    my $tag = unique();
    my $started = start(raw => CORE::join("\r\n", 'POST /v1/chat HTTP/1.1',
        'Host: x', 'Connection: close', 'Transfer-Encoding: chunked', @lines,
        @answer, 'Grpc-Metadata-Do: ' . GwGrpc::printable({ tag => $tag }),
        '', ''));
    my $conn = $started->{conn};

    GwTest::send_all($conn->{socket}, chunk("{\"id\":1}\n"));
    1 while $conn->{buffer} !~ /\{"id":"1"\}\n/
            && GwTest::more($conn, time + 3);
    close $conn->{socket};
    occurred($name, 'cancelled', $tag, 1);
}],



=== TEST 3: a client that sends and does not read
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    client_max_body_size 0;
    grpc_pass grpc://service;
}
--- timeout: 60
--- cases
['it waits', sub {
    my ($name) = @_;

    my ($pid) = read_file('logs/nginx.pid') =~ /(\d+)/;
    my $memory = sub {
        my ($kb) = read_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+)/m;

        return $kb;
    };

    # some that is not given back

    http(%{ call('/v1/chat', body => '[{"text":"' . 'x' x 60000 . '"}]') });

    my $before = $memory->();
    my $started = start(raw => CORE::join("\r\n", 'POST /v1/chat HTTP/1.1',
        'Host: x', 'Connection: close', 'Transfer-Encoding: chunked', @lines,
        @answer, '', ''));
    my $socket = $started->{conn}{socket};
    my $line = chunk('{"text":"' . 'x' x 60000 . "\"}\n");
    my ($sent, $left, $last, $most) = (0, '', time, 100 * 1000 * 1000);

    $socket->blocking(0);

    while (time - $last < 1 && $sent < $most) {
        $left = $line if $left eq '';

        my $n = syswrite $socket, $left;

        if ($n) {
            substr $left, 0, $n, '';
            $sent += $n;
            $last = time;
            next;
        }

        sleep 0.01;
    }

    # the kernel takes some at each of four ends

    cmp_ok($sent, '<', 60 * 1000 * 1000, "$name: so many bytes");
    cmp_ok($memory->() - $before, '<', 12000, "$name: memory")
        unless $ENV{TEST_GW_SANITIZER_LOG};

    # both go on

    my $lines = ($sent + length $left) / length $line;
    my ($seen, $tail, $end) = (0, '', $left . "0\r\n\r\n");
    my $deadline = time + 30;

    while (time < $deadline) {
        my $n = length $end ? syswrite $socket, $end : 0;

        substr $end, 0, $n, '' if $n;

        my $read = sysread $socket, $tail, 65536, length $tail;

        if (defined $read) {
            $seen++ while $tail =~ s/^.*?"text":"x+"\}//s;
            last if $read == 0;
            next;
        }

        sleep 0.005;
    }

    is($seen, $lines, "$name: all came");
    like($tail, qr/\r\n0\r\n\r\n\z/, "$name: the end");
}],
