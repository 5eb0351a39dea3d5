# Client streams: elements of a JSON array or lines, each sent when it is
# complete.

use GwTest;
use GwGrpc;

# the head of a request whose body comes in chunks
sub head {
    my ($uri, @headers) = @_;

    return join "\r\n", "POST $uri HTTP/1.1", 'Host: x', 'Connection: close',
                'Transfer-Encoding: chunked', @headers, '', '';
}


sub chunk { return sprintf "%x\r\n%s\r\n", length $_[0], $_[0] }


# a request in pieces, and how many messages the service has after each
sub paced {
    my ($what, $uri, $headers, @steps) = @_;

    return [$what, sub {
        my ($name) = @_;

        my $tag = unique();
        my $do = GwGrpc::printable({ tag => $tag });
        my $started = start(raw => head($uri, "Grpc-Metadata-Do: $do",
                                        @$headers));
        my $socket = $started->{conn}{socket};

        my @left = @steps;

        while (my ($piece, $n) = splice @left, 0, 2) {
            GwTest::send_all($socket, chunk($piece));
            wait_for(sub { events('received', $tag) >= $n }, 3);
            sleep 0.05;
            is(scalar(my @got = events('received', $tag)), $n,
               "$name: behind " . $piece =~ s/[^ -~]/ /gr);
        }

        GwTest::send_all($socket, "0\r\n\r\n");

        my $res = finish($started);

        is($res->{code}, 200, "$name: code");
        is_deeply(told($res)->{requests},
                  [{ id => '1' }, { id => '2' }, { id => '3' }],
                  "$name: what came") or diag($res->{body});
    }];
}


# messages of a body at once
sub whole {
    my ($what, $uri, $body, $requests, %arg) = @_;

    return [$what, call($uri, body => $body, %arg), 200, 0,
            'X-Method' => 'test.v1.Test/Collect',
            sent(method => 'Test/Collect', requests => $requests)];
}


sub bad {
    my ($what, $body, $says, %arg) = @_;

    return refusal($what, call('/v1/collect', body => $body, %arg), 400,
                   'body', $says);
}

our @lines = (type => 'application/x-ndjson');

run_tests();

__DATA__

=== TEST 1: bodies
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
whole('an array', '/v1/collect', '[{"id":1},{"id":2}]',
      [{ id => '1' }, { id => '2' }]),
whole('an array of JSON', '/v1/collect', '[{"id":1}]', [{ id => '1' }],
      type => 'application/json'),
whole('white space', '/v1/collect', " [ {\"id\":1}\n,\t{ \"id\" : 2 } ]\r\n",
      [{ id => '1' }, { id => '2' }]),
whole('nothing', '/v1/collect', '[]', []),
whole('no body', '/v1/collect', '', []),
whole('brackets in strings', '/v1/collect',
      '[{"text":"],[{\\"\\\\"},{"tags":["}",","]}]',
      [{ text => '],[{"\\' }, { tags => ['}', ','] }]),
whole('nested', '/v1/collect',
      '[{"inner":{"inner":{"ids":[1,2]}}},{"free":{"a":[{"b":[]}]}}]',
      [{ inner => { inner => { ids => [1, 2] } } },
       { free => { a => [{ b => [] }] } }]),
whole('lines', '/v1/collect', "{\"id\":1}\n{\"id\":2}\n",
      [{ id => '1' }, { id => '2' }], @lines),
whole('a last line without its end', '/v1/collect', "{\"id\":1}\r\n{\"id\":2}",
      [{ id => '1' }, { id => '2' }], @lines),
whole('empty lines', '/v1/collect', "\n\n{\"id\":1}\n\r\n \n{\"id\":2}\n\n",
      [{ id => '1' }, { id => '2' }], @lines),
whole('lines of another name', '/v1/collect', "{\"id\":1}\n", [{ id => '1' }],
      type => 'application/jsonl'),
whole('a variable of the path', '/v1/collect/n', '[{"id":1},{"id":2}]',
      [{ name => 'n', id => '1' }, { name => 'n', id => '2' }]),
whole('a field', '/v1/collect-inner/n', '[{"id":1},{}]',
      [{ name => 'n', inner => { id => 1 } }, { name => 'n', inner => {} }]),
whole('a query beside a field', '/v1/collect-inner/n?text=t', '[{"id":1},{}]',
      [{ name => 'n', text => 't', inner => { id => 1 } },
       { name => 'n', text => 't', inner => {} }]),
['a binding without a body', call('/v1/collect-none/n?text=t&tags=a'), 200, 0,
 sent(method => 'Test/Collect',
      requests => [{ name => 'n', text => 't', tags => ['a'] }])],
refusal('a binding without a body, and a body',
        call('/v1/collect-none/n', method => 'GET', body => '[{}]'), 400,
        'body', qr/takes none/),
['many', call('/v1/collect', body => '[' . CORE::join(',', map {
      "{\"id\":$_,\"text\":\"" . 'x' x 100 . '"}'
  } 1 .. 3000) . ']'), 200, 0, then => sub {
      my ($res, $name) = @_;

      my $requests = told($res)->{requests};

      is(scalar @$requests, 3000, "$name: all");
      is_deeply([map { $_->{id} } @$requests], [1 .. 3000], "$name: in order");
  }],
['long ones', call('/v1/collect', body => '[' . CORE::join(',', map {
      "{\"id\":$_,\"text\":\"" . 'x' x 200000 . '"}'
  } 1 .. 4) . ']'), 200, 0, then => sub {
      my ($res, $name) = @_;

      is_deeply([map { length $_->{text} } @{ told($res)->{requests} }],
                [(200000) x 4], $name);
  }],
['an error of the service', call('/v1/collect', body => '[{"id":1},{"id":2}]',
                                 do => { code => 9, message => 'm' }),
 400, 9, body => '{"code":9,"message":"m","details":[]}'],
['an error before the body is there', sub {
    my ($name) = @_;

    my $res = http(raw => head('/v1/collect', 'Grpc-Metadata-Do: '
                               . GwGrpc::printable({ code => 7 })) . chunk('[')
                          . chunk('{"id":1},'));

    is($res->{code}, 403, $name);
}],
['an answer before the body is there', sub {
    my ($name) = @_;

    my $res = http(raw => head('/v1/collect', 'Grpc-Metadata-Do: '
                               . GwGrpc::printable({ answer => { method => 'x' }
                                                   })) . chunk('[')
                          . chunk('{"id":1},'));

    is($res->{code}, 200, $name);
    is($res->{body}, '{"method":"x"}', "$name: body");
}],



=== TEST 2: as elements are complete
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
paced('an array', '/v1/collect', [], '[', 0, '{"id":1', 0, '}', 1,
      ',{"id":2},{"id"', 2, ':3}]', 3),
paced('lines', '/v1/collect', ['Content-Type: application/x-ndjson'],
      '{"id":1}', 0, "\n", 1, "{\"id\":2}\n{\"id\":3}", 2),
paced('a byte at a time', '/v1/collect', [],
      map { ($_->[0], $_->[1]) }
      ['[', 0], [' ', 0], ['{', 0], ['"', 0], ['id', 0], ['":1}', 1],
      ["\n", 1], [',', 1], ['{"id":2', 1], ['}', 2], [',{"id":3}', 3],
      [']', 3]),



=== TEST 3: elements that are none
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
bad('the first', '[{"id":"x"}]', qr/\belement 0: .*\bid\b/),
bad('the third', '[{"id":1},{"id":2},{"id":"x"},{"id":3}]',
    qr/\belement 2: .*\bid\b/),
bad('an unknown member', '[{},{"no":1}]', qr/\belement 1: .*\bno\b/),
bad('a line', "{}\n{\"id\":\"x\"}\n", qr/\belement 1: .*\bid\b/, @lines),
bad('a line that is cut', "{}\n{\"id\":", qr/\belement 1: /, @lines),
bad('a value', '[1]', qr/\belement 0: /),
bad('null', '[null]', qr/\belement 0: /),
bad('no array', '{"id":1}', qr/./),
bad('an array that is cut', '[{"id":1}', qr/./),
bad('an element that is cut', '[{"id":1', qr/./),
bad('a comma too many', '[{"id":1},]', qr/./),
bad('no element', '[,{"id":1}]', qr/./),
bad('no comma', '[{"id":1}{"id":2}]', qr/./),
bad('more behind it', '[{"id":1}]x', qr/./),
bad('another array', '[{"id":1}][{"id":2}]', qr/./),
bad('brackets that do not match', '[{"id":1]}', qr/./),
refusal('a field that the path gives',
        call('/v1/collect/n', body => '[{"id":1},{"name":"m"}]'), 400, 'body',
        qr/\belement 1: .*\bname\b/),
refusal('a malformed path', call('/v1/collect-inner/%FF', body => '[{}]'), 400,
        'path', qr/\bname\b/),
refusal('a query', call('/v1/collect?id=1', body => '[{}]'), 400, 'parameter',
        qr/"id"/),
['the service sees that it was not all', sub {
    my ($name) = @_;

    my $tag = unique();
    my $res = http(%{ call('/v1/collect', body => '[{"id":1},{"id":"x"}]',
                           do => { tag => $tag }) });

    is($res->{code}, 400, $name);

    # if it sees anything

    sleep 0.1;
    is(scalar(my @done = events('done', $tag)), 0, "$name: done");
    occurred($name, 'cancelled', $tag, scalar(my @came = events('came', $tag)));
}],
['in the middle of it all', sub {
    my ($name) = @_;

    my $tag = unique();
    my $started = start(raw => head('/v1/collect', 'Grpc-Metadata-Do: '
                            . GwGrpc::printable({ tag => $tag }))
                            . chunk('[{"id":1},'));

    wait_for(sub { events('received', $tag) == 1 });
    GwTest::send_all($started->{conn}{socket}, chunk('{"id":"x"},'));

    my $res = finish($started);

    is($res->{code}, 400, "$name: code");
    like($res->{body}, qr/element 1: /, "$name: which");
    is($res->{header}{'x-error'}, '400 body', "$name: error");
    occurred($name, 'cancelled', $tag, 1);
}],
['a client that leaves', sub {
    my ($name) = @_;

    my $tag = unique();
    my $started = start(raw => head('/v1/collect', 'Grpc-Metadata-Do: '
                            . GwGrpc::printable({ tag => $tag }))
                            . chunk('[{"id":1},'));

    wait_for(sub { events('received', $tag) == 1 });
    close $started->{conn}{socket};
    occurred($name, 'cancelled', $tag, 1);
}],



=== TEST 4: a service that reads slowly
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    client_max_body_size 200m;
    grpc_pass grpc://service;
}
--- timeout: 60
--- cases
['the client waits', sub {
    my ($name) = @_;

    my ($pid) = read_file('logs/nginx.pid') =~ /(\d+)/;
    my ($word, $tag) = (unique(), unique());

    # the service reads one message, and no other before the word

    my $started = start(raw => head('/v1/chat', 'Grpc-Metadata-Do: '
        . GwGrpc::printable({ tag => $tag, hold => $word })));
    my $socket = $started->{conn}{socket};
    my $element = chunk('{"text":"' . 'x' x 60000 . '"},');
    my ($sent, $left) = (0, '');

    GwTest::send_all($socket, chunk('['));
    $socket->blocking(0);

    # until nothing more is taken

    my $last = time;
    my $most = 100 * 1000 * 1000;

    while (time - $last < 1 && $sent < $most) {
        $left = $element if $left eq '';

        my $n = syswrite $socket, $left;

        if ($n) {
            substr $left, 0, $n, '';
            $sent += $n;
            $last = time;
            next;
        }

        sleep 0.01;
    }

    cmp_ok($sent, '<', 40 * 1000 * 1000, "$name: so many bytes");
    cmp_ok($sent, '>', 60000, "$name: and some");

    my ($memory) = sort { $b <=> $a }
                   map { read_file($_) =~ /^RssAnon:\s+(\d+)/m ? $1 : 0 }
                   glob "/proc/{$pid," . CORE::join(',', grep { /\d/ }
                       split /\s+/, `pgrep -P $pid`) . '}/status';

    # sanitizers do not give back what is freed

    cmp_ok($memory, '<', 30000, "$name: memory, $memory KiB")
        unless $ENV{TEST_GW_SANITIZER_LOG};

    release($word);
    $socket->blocking(1);
    close $socket;
    occurred($name, 'cancelled', $tag, 1);
}],
