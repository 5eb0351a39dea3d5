# Workers end gracefully: calls in flight come to their end, and deadlines and
# clients that leave still end them.

use GwTest;
use GwGrpc;
use GwH2;
use GwMaster;

master_on();
workers(1);

our @lines = ('Content-Type: application/x-ndjson',
              'Accept: application/x-ndjson, application/json;q=0.5');
our $socket = "$GwGrpc::DIR/h2.sock";

our $conf = $GwGrpc::HTTP . <<"_EOC_";
server {
    listen unix:$socket$ENV{TEST_NGINX_H2};
    $ENV{TEST_NGINX_H2_ON}
    location /v {
        gw_transcode test.v1.Test;
        grpc_pass grpc://service;
    }
}
_EOC_

sub chunk { return sprintf "%x\r\n%s\r\n", length $_[0], $_[0] }


# begins a request whose body is sent as lines
sub sends {
    my ($uri, $do, @more) = @_;

    return start(raw => CORE::join("\r\n", "POST $uri HTTP/1.1", 'Host: x',
        'Connection: close', 'Transfer-Encoding: chunked', @lines, @more,
        'Grpc-Metadata-Do: ' . GwGrpc::printable($do), '', ''));
}


sub line { GwTest::send_all($_[0]{conn}{socket}, chunk("{\"id\":$_[1]}\n")) }


# waits until an answer has come so far
sub comes {
    my ($started, $text) = @_;

    my $conn = $started->{conn};

    1 while $conn->{buffer} !~ /\Q$text\E/ && GwTest::more($conn, time + 5);

    return $conn->{buffer} =~ /\Q$text\E/;
}


# the workers of before are gone; nginx lingers 5 seconds at a connection whose
# client leaves it open
sub gone {
    my ($seconds, @old) = @_;

    return wait_for(sub {
        my %now = map { $_ => 1 } workers_now();
        return !grep { $now{$_} } @old;
    }, $seconds);
}

run_tests();

__DATA__

=== TEST 1: calls of all kinds, over a reload
--- http_config eval: $main::conf
--- config eval: $GwGrpc::ALL
--- cases
['they go on', sub {
    my ($name) = @_;

    my @old = steady(1);
    my ($collect, $tag) = (unique(), unique());
    my $chat = sends('/v1/chat', { tag => $tag });
    my $client = sends('/v1/collect', { tag => $collect });
    my $server = start(%{ call('/v1/watch/6', do => { gap => 0.3 }) });
    my $h2 = GwH2->new($socket);
    my $id = $h2->request(uri => '/v1/chat', method => 'POST', open => 1,
                          headers => [@lines], body => "{\"id\":1}\n");
    my $stream = $h2->{streams}{$id};

    line($chat, 1);
    line($client, 1);
    ok(comes($chat, '{"id":"1"}'), "$name: both, first");
    ok($h2->until(sub { $stream->{body} =~ /"1"/ }), "$name: HTTP/2, first");
    wait_for(sub { events('received', $collect) });

    reload();
    sleep 0.5;

    line($chat, 2);
    line($client, 2);
    $h2->data($id, "{\"id\":2}\n");
    ok(comes($chat, '{"id":"2"}'), "$name: both, then");
    ok($h2->until(sub { $stream->{body} =~ /"2"/ }), "$name: HTTP/2, then");

    GwTest::send_all($_->{conn}{socket}, "0\r\n\r\n") for $chat, $client;
    $h2->data($id, '', 1);

    is(finish($chat)->{body}, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n",
       "$name: both, whole");
    is(scalar @{ told(finish($client))->{requests} }, 2, "$name: client's");
    is(scalar @{ unjson(finish($server)->{body}) }, 6, "$name: service's");
    $h2->answer($id);
    is($stream->{body}, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n", "$name: HTTP/2");
    ok(!$stream->{reset}, "$name: HTTP/2, not reset");
    ok(gone(15, @old), "$name: the old worker ends");
}],
['deadlines and clients that leave', sub {
    my ($name) = @_;

    my @old = steady(1);
    my @tags = map { unique() } 0 .. 3;
    my $late = start(%{ call('/v1/items/5', headers => ['Grpc-Timeout: 2S'],
                             do => { tag => $tags[0], hold => 'no' }) });
    my $chat = sends('/v1/chat', { tag => $tags[1], count => 0, hold => 'no' },
                     'Grpc-Timeout: 2S');
    my $left = sends('/v1/chat', { tag => $tags[2] });
    my $h2 = GwH2->new($socket);
    my $id = $h2->request(uri => '/v1/chat', method => 'POST', open => 1,
                          headers => [@lines, 'Grpc-Metadata-Do: '
                              . GwGrpc::printable({ tag => $tags[3] })],
                          body => "{\"id\":1}\n");

    line($chat, 1);
    line($left, 1);
    comes($left, '{"id":"1"}');
    $h2->until(sub { $h2->{streams}{$id}{body} ne '' });
    wait_for(sub { events('came', $tags[$_]) }) for 0, 1;

    reload();
    sleep 0.5;
    close $left->{conn}{socket};
    $h2->reset($id);

    is(finish($late)->{code}, 504, "$name: unary");
    is(finish($chat)->{code}, 504, "$name: both");
    occurred("$name: $_", 'cancelled', $tags[$_], 1) for 0 .. 3;
    ok(gone(15, @old), "$name: the old worker ends");
}],



=== TEST 2: the worker ends
--- http_config eval: $main::conf
--- config eval: $GwGrpc::ALL
--- cases
['behind what is in flight', sub {
    my ($name) = @_;

    my @old = steady(1);
    my $chat = sends('/v1/chat', {});
    my $server = start(%{ call('/v1/watch/6', do => { gap => 0.2 }) });
    my $late = start(%{ call('/v1/items/5', headers => ['Grpc-Timeout: 1S'],
                             do => { hold => 'no' }) });

    line($chat, 1);
    ok(comes($chat, '{"id":"1"}'), "$name: first");
    kill QUIT => @old;
    sleep 0.3;
    line($chat, 2);
    ok(comes($chat, '{"id":"2"}'), "$name: then");
    GwTest::send_all($chat->{conn}{socket}, "0\r\n\r\n");
    like(finish($chat)->{body}, qr/"2"\}\n$/, "$name: both");
    is(scalar @{ unjson(finish($server)->{body}) }, 6, "$name: service's");
    is(finish($late)->{code}, 504, "$name: deadline");
    ok(gone(15, @old), "$name: it has ended");
    steady(1);
}],
