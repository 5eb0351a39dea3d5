# Reloads: other descriptors, broken ones, calls in flight.

use GwTest;
use GwGrpc;
use GwMaster;

master_on();
workers(2);

sub set { write_file('html/set.pb', read_file("$GwToken::DATA/proto/$_[0]")) }

run_tests();

__DATA__

=== TEST 1: other descriptors
--- http_config
upstream service { server $TEST_NGINX_GRPC; keepalive 4; }
--- user_files eval: ">>> set.pb\n" . GwTest::read_file("$GwToken::DATA/proto/editions.pb")
--- config
gw_transcode_descriptor ../html/set.pb;
gw_transcode all;
gw_transcode_auto on;

location /v1/ {
    grpc_pass grpc://service;
}

location /plain.v1. {
    grpc_pass grpc://service;
}
--- log_allows: emerg
--- cases
['other routes', sub {
    my ($name) = @_;

    set('editions.pb');
    reloaded("$name: at first");
    is(http(uri => '/plain.v1.Plainer/Get', method => 'POST')
       ->{header}{'x-method'}, 'plain.v1.Plainer/Get', "$name: at first");
    is(http(uri => '/v1/kitchens/x')->{code}, 404, "$name: not yet");

    set('kitchen.pb');
    reloaded("$name: then");
    is(http(uri => '/v1/kitchens/x')->{header}{'x-method'},
       'kitchen.v1.Kitchen/Get', "$name: now");
    is(http(uri => '/plain.v1.Plainer/Get', method => 'POST')->{code}, 404,
       "$name: no more");
}],
['broken ones', sub {
    my ($name) = @_;

    my @old = steady();

    write_file('html/set.pb', "\xff\xff");
    reload();
    wait_for(sub { grep { /\[emerg\]/ } log_lines() }, 5);
    like((join '', grep { /\[emerg\]/ } log_lines()),
         qr/invalid descriptors ".*html\/set\.pb".* in .*nginx\.conf:\d+/,
         "$name: the log");
    is(http(uri => '/v1/kitchens/x')->{header}{'x-method'},
       'kitchen.v1.Kitchen/Get', "$name: it goes on");
    is_deeply([steady()], \@old, "$name: the same workers");
}],



=== TEST 2: calls in flight
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['are ended by the old workers', sub {
    my ($name) = @_;

    my $word = unique();
    my @old = steady();
    my @started = (
        start(%{ call('/v1/items/5', do => { hold => $word }) }),
        start(%{ call('/v1/watch/3', do => { hold => $word,
                                             hold_after => 1 }) }),
        start(%{ call('/v1/watch/3', do => { hold => $word }) }),
    );

    sleep 0.2;
    reload();
    sleep 0.5;
    is(http(%{ call('/v1/echo', json => { id => 6 }) })->{body}, '{"id":"6"}',
       "$name: a new one");
    release($word);

    is(told(finish($started[0]))->{request}{id}, 5, "$name: unary");
    is(finish($started[$_])->{body}, '[{"id":"1"},{"id":"2"},{"id":"3"}]',
       "$name: stream $_") for 1, 2;
    renewed($name, @old);
}],
['while there is load', sub {
    my ($name) = @_;

    my $bad = 0;

    for my $n (1 .. 60) {
        reload() if $n % 20 == 0;

        my $res = http(%{ call('/v1/echo', json => { id => $n }) });

        $bad++ if $res->{body} ne "{\"id\":\"$n\"}";
    }

    is($bad, 0, $name);
    steady();
}],
