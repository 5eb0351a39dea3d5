# Server streams: their forms, each message as it arrives, errors before and
# within, clients that are slow or leave.

use GwTest;
use GwGrpc;

our @ndjson = (headers => ['Accept: application/x-ndjson']);
our @sse = (headers => ['Accept: text/event-stream']);


# how much memory the workers have in use, in KiB
sub memory {
    my ($pid) = read_file('logs/nginx.pid') =~ /(\d+)/;
    my $max = 0;

    for my $status (glob '/proc/[0-9]*/status') {
        my $text = read_file($status);

        next unless $text =~ /^PPid:\s+$pid$/m || $text =~ /^Pid:\s+$pid$/m;

        $max = $1 if $text =~ /^RssAnon:\s+(\d+)/m && $1 > $max;
    }

    return $max;
}


# The client reads nothing before the service has sent no message more for a
# while: how many it had sent by then, and the whole response.
sub slowly {
    my ($request, $tag) = @_;

    my $started = start(%$request);
    my ($n, $before) = (-1, 0);

    until ($n == $before) {
        $before = $n;
        sleep 0.4;
        $n = events('sent', $tag);
    }

    return ($n, $started);
}


run_tests();

__DATA__

=== TEST 1: forms
--- http_config eval: $GwGrpc::HTTP
--- config eval
$GwGrpc::ALL . CORE::join '', map { <<"_EOC_" } qw(array ndjson sse);
location /$_/ {
    rewrite ^/$_(.*) \$1 break;
    gw_transcode test.v1.Test;
    gw_transcode_stream $_;
    gw_transcode_print indent;
    grpc_pass grpc://service;
}
_EOC_
--- cases
['an array', call('/v1/watch/3'), 200, undef,
 body => '[{"id":"1"},{"id":"2"},{"id":"3"}]',
 'Content-Type' => 'application/json', 'X-Method' => 'test.v1.Test/Watch'],
['an array of nothing', call('/v1/watch/0'), 200, 0, body => '[]',
 'Content-Length' => 2],
['an array of one', call('/v1/watch/1'), 200, undef, body => '[{"id":"1"}]'],
['lines', call('/v1/watch/3', @ndjson), 200, undef,
 body => "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n",
 'Content-Type' => 'application/x-ndjson'],
['no lines', call('/v1/watch/0', @ndjson), 200, 0, body => '',
 'Content-Type' => 'application/x-ndjson', 'Content-Length' => 0],
['events', call('/v1/watch/2', @sse), 200, undef,
 body => "data: {\"id\":\"1\"}\n\ndata: {\"id\":\"2\"}\n\n",
 'Content-Type' => 'text/event-stream', 'Cache-Control' => 'no-cache'],
['no events', call('/v1/watch/0', @sse), 200, 0, body => '',
 'Content-Type' => 'text/event-stream'],
['text with newlines is a line', call('/v1/watch/1', @sse,
                                      do => { answer => { text => "a\n\nb" },
                                              code => 0 }), 200, undef,
 body => "data: {\"text\":\"a\\n\\nb\"}\n\n"],
['a POST', call('/v1/watch', json => { id => 2 }), 200, undef,
 body => '[{"id":"1"},{"id":"2"}]'],
['HTTP/1.0', call('/v1/watch/3', version => '1.0'), 200, undef,
 body => '[{"id":"1"},{"id":"2"},{"id":"3"}]', 'Transfer-Encoding' => undef],
['a field of each', call('/v1/many/2'), 200, undef,
 body => '[{"id":"1"},{"id":"2"}]'],
['many', call('/v1/watch/3000'), 200, undef,
 then => sub { is(scalar @{ unjson($_[0]{body}) }, 3000, $_[1]) }],
['many at once, long ones', call('/v1/watch/50', do => { size => 50000 }),
 200, undef,
 then => sub {
     my ($res, $name) = @_;

     my $all = unjson($res->{body});

     is(scalar @$all, 50, "$name: all of them");
     is((grep { length $_->{text} != 50000 } @$all), 0, "$name: whole");
 }],
['fixed: an array', call('/array/v1/watch/2', headers => ['Accept: */*']),
 200, undef, body => "[{\n  \"id\": \"1\"\n},{\n  \"id\": \"2\"\n}]",
 'Content-Type' => 'application/json'],
['fixed: lines', call('/ndjson/v1/watch/2'), 200, undef,
 body => "{\"id\":\"1\"}\n{\"id\":\"2\"}\n",
 'Content-Type' => 'application/x-ndjson'],
['fixed: events', call('/sse/v1/watch/1'), 200, undef,
 body => "data: {\"id\":\"1\"}\n\n", 'Content-Type' => 'text/event-stream'],
refusal('fixed: events, and Accept has none',
        call('/sse/v1/watch/1', headers => ['Accept: application/json']), 406,
        'accept', qr/Accept/),
['unary calls are not concerned', call('/sse/v1/echo', json => { id => 5 }),
 200, 0, body => "{\n  \"id\": \"5\"\n}",
 'Content-Type' => 'application/json'],



=== TEST 2: each message as it arrives
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($what, $uri, @more) = @$_;

    [$what, sub {
        my ($name) = @_;

        my $res = arrivals(call($uri, @more, do => { gap => 0.3 }));
        my @at = map { pieces($res, "\"$_\"") } 1 .. 4;

        cmp_ok($at[0], '<', 0.25, "$name: the first");
        cmp_ok($at[$_] - $at[$_ - 1], '>', 0.15, "$name: " . ($_ + 1))
            for 1 .. 3;
        is($res->{whole}, 1, "$name: the end");
    }]
} (
    ['an array', '/v1/watch/4'],
    ['lines', '/v1/watch/4', @ndjson],
    ['events', '/v1/watch/4', @sse],
    ['an array of a field', '/v1/many/4'],
)),
['the header comes with the first message', sub {
    my ($name) = @_;

    my $res = arrivals(call('/v1/watch/2', do => { flush => 1, delay => 0.3,
                                                   gap => 0.3 }));

    cmp_ok(pieces($res, 'HTTP/1.1 200'), '>', 0.25, "$name: the header");
    cmp_ok(pieces($res, '"2"') - pieces($res, 'HTTP/1.1 200'), '>', 0.2,
           "$name: the second");
}],



=== TEST 3: errors
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($what, $do, $error) = @$_;
    my %do = (code => 8, message => "m\"\n", %$do);

    ["an array, $what", call('/v1/watch/5', do => \%do), 200, undef,
     body => "[{\"id\":\"1\"},{\"id\":\"2\"},{\"error\":$error}]",
     'Content-Type' => 'application/json'],
    ["lines, $what", call('/v1/watch/5', do => \%do, @ndjson), 200, undef,
     body => "{\"id\":\"1\"}\n{\"id\":\"2\"}\n{\"error\":$error}\n"],
    ["events, $what", call('/v1/watch/5', do => \%do, @sse), 200, undef,
     body => "data: {\"id\":\"1\"}\n\ndata: {\"id\":\"2\"}\n\n"
             . "event: error\ndata: {\"error\":$error}\n\n"]
} (
    ['at once', { after => 2 },
     '{"code":8,"message":"m\\"\\n","details":[]}'],
    ['after a while', { after => 2, gap => 0.1 },
     '{"code":8,"message":"m\\"\\n","details":[]}'],
    ['with details',
     { after => 2, details => [{ '@type' =>
         'type.googleapis.com/google.rpc.RetryInfo', retryDelay => '1s' }] },
     '{"code":8,"message":"m\\"\\n","details":[{"@type":'
     . '"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]}'],
)),
['before any message', call('/v1/watch/5', do => { code => 7, message => 'm',
                                                   delay => 0.1, flush => 1 }),
 403, 7, body => '{"code":7,"message":"m","details":[]}'],
['the log', call('/v1/watch/5', do => { code => 8, after => 2 }), 200, undef,
 log => qr/stream of "\/test\.v1\.Test\/Watch" failed with 8 behind 2 /],
(map {
    my ($what, $end, $error) = @$_;

    ["broken off: $what", fake([['headers', [[':status', '200'],
                                     ['content-type', 'application/grpc']]],
                                ['message', { id => 1 }], ['sleep', 0.1],
                                @$end], stream => 1), 200, undef,
     body => qr/^\[\{"id":"1"\},\{"error":\{"code":(?:13|14),"message":"[^"]+","details":\[\]\}\}\]$/],
    ["broken off, before any: $what",
     fake([['headers', [[':status', '200'],
                        ['content-type', 'application/grpc']]],
           ['sleep', 0.1], @$end], stream => 1), 502, 14,
     json => { code => 14, details => [] }, error => $error]
} (
    ['closed', [['close']]],
    ['reset of TCP', [['abort']]],
    ['reset of the stream', [['rst', 2]], '502 broken'],
    ['in a frame', [['bytes', b64("\0\0\x10\0\0\0\0\0\x01\0\0")],
                    ['close']]],
    ['in a message', [['data', b64("\0\0\0\0\x10\x08")], ['close']]],
)),
['a connection goes on behind an error', sub {
    my ($name) = @_;

    my $res = http(%{ call('/v1/watch/5', do => { code => 8, after => 2 },
                           conn => 'c') });

    like($res->{body}, qr/"error"/, "$name: the error");

    $res = http(%{ call('/v1/items/5', conn => 'c') });
    like($res->{raw}, qr{^HTTP/1.1 200}, "$name: the next");
}],



=== TEST 4: a slow client
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}
--- timeout: 60
--- cases
(map {
    my ($what, @more) = @$_;

    [$what, sub {
        my ($name) = @_;

        my $tag = unique();
        my $memory = memory();

        my ($n, $started) = slowly(call('/v1/watch/2000', @more, wait => 50,
                                        do => { tag => $tag,
                                                size => 60000 }), $tag);

        # the kernel takes tens of megabytes by itself
        cmp_ok($n, '<', 1500, "$name: the service waits");
        cmp_ok($n, '>', 0, "$name: it has begun");
        # sanitizers do not give back what is freed

        cmp_ok(memory() - $memory, '<', 12000, "$name: memory")
            unless $ENV{TEST_GW_SANITIZER_LOG};

        my $res = finish($started);

        is(scalar(() = $res->{body} =~ /"id"/g), 2000, "$name: all came");
        is(scalar(() = $res->{body} =~ /"x{60000}"/g), 2000, "$name: whole");
        occurred($name, 'done', $tag, 1);
    }]
} (['an array'], ['lines', @ndjson])),



=== TEST 5: a client that leaves
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($what, $uri, $do) = @$_;

    [$what, sub {
        my ($name) = @_;

        my $tag = unique();
        my $started = start(%{ call($uri, do => { tag => $tag, %$do }) });

        wait_for(sub { events('came', $tag) });
        sleep 0.2;
        close $started->{conn}{socket};

        occurred($name, 'cancelled', $tag, 1);
    }]
} (
    ['in a stream', '/v1/watch/100', { gap => 0.1 }],
    ['before the first message', '/v1/watch/3', { delay => 0, hold => 'no' }],
    ['in a unary call', '/v1/items/5', { hold => 'no' }],
)),
