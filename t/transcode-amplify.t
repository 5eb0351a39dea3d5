# Elements of two bytes that the URL makes messages of thousands: what they take
# is bounded, and other requests go on meanwhile.

use GwTest;
use GwGrpc;
use GwMaster;

master_on();
workers(1);

our $LOCATIONS = <<'_EOC_';
location /v1 {
    gw_transcode test.v1.Test;
    gw_transcode_max_message 64m;
    grpc_pass grpc://service;
}

location /seen/ {
    mirror /mirror;
    client_body_buffer_size 64k;
    gw_transcode test.v1.Test;
    gw_transcode_max_message 64m;
    gw_transcode_max_request 1m;
    rewrite ^/seen(/.*)$ $1 break;
    grpc_pass grpc://service;
}

location = /mirror {
    return 200;
}

location = /plain {
    return 200 "plain\n";
}
_EOC_

# most memory that the worker has had, in MB
sub memory {
    my ($pid) = workers_now();
    my ($kb) = read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;

    return $kb / 1024;
}


# more than nginx reads with the header, which it would take as a whole

sub many {
    my ($n, $uri, $k) = @_;
    my $spaces = ' ' x ($n < 2000 ? 50 : 1);

    return call("$uri?" . CORE::join('&', ('tags=abc') x $k),
                type => 'application/json', wait => 60,
                body => '[' . CORE::join(',', ("{$spaces}") x $n) . ']');
}


# a request among whose elements another one is answered, and its sub
sub meanwhile {
    my ($what, $request, $code, $look) = @_;

    return [$what, sub {
        my ($name) = @_;

        my $before = memory();
        my $started = start(%$request);

        sleep 0.1;

        my $began = time;
        my $res = http(uri => '/plain', wait => 60);
        my $waited = time - $began;

        is($res->{body}, "plain\n", "$name: another request");
        cmp_ok($waited, '<', 2, "$name: it did not wait");

        $res = finish($started);

        my $more = memory() - $before;

        is($res->{code}, $code, "$name: status") or diag($res->{body});
        cmp_ok($more, '<', $ENV{TEST_GW_SANITIZER_LOG} ? 400 : 60, "$name: memory, MB");
        $look->($name, $res) if $look;
    }, undef];
}

run_tests();

__DATA__

=== TEST 1: a query of a thousand parameters
--- http_config eval: $GwGrpc::HTTP
--- config eval: $::LOCATIONS
--- cases
meanwhile('as it comes', many(1500, '/v1/collect-inner/x', 800), 200, sub {
    my ($name, $res) = @_;

    my $told = told($res);

    is(scalar @{ $told->{requests} }, 1500, "$name: elements");
    is_deeply($told->{requests}[$_], { name => 'x', inner => {},
                                       tags => [('abc') x 800] },
              "$name: element $_") for 0, 1, 750, 1499;
}),
meanwhile('as a whole', many(150, '/seen/v1/collect-inner/x', 800), 200, sub {
    my ($name, $res) = @_;

    my $told = told($res);

    is(scalar @{ $told->{requests} }, 150, "$name: elements");
    is_deeply($told->{requests}[$_], { name => 'x', inner => {},
                                       tags => [('abc') x 800] },
              "$name: element $_") for 0, 1, 75, 149;
}),
meanwhile('as a whole, and too much',
          many(1500, '/seen/v1/collect-inner/x', 800), 413, sub {
    my ($name, $res) = @_;

    is(unjson($res->{body})->{message},
       'the messages are longer than is admitted', "$name: message");
}),



=== TEST 2: elements alone
--- http_config eval: $GwGrpc::HTTP
--- config eval: $::LOCATIONS
--- cases
meanwhile('as they come', many(20000, '/v1/collect-inner/x', 1), 200, sub {
    my ($name, $res) = @_;

    is(scalar @{ told($res)->{requests} }, 20000, "$name: elements");
}),
meanwhile('as a whole', many(20000, '/seen/v1/collect-inner/x', 1), 200, sub {
    my ($name, $res) = @_;

    is(scalar @{ told($res)->{requests} }, 20000, "$name: elements");
}),
