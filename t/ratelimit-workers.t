# Requests in flight of a worker that ends before they do.

use GwTest;
use GwLimit;
use GwMaster;

master_on();
workers(2);

our $http = <<'_EOC_' . $GwLimit::BACK;
    gw_concurrency_zone $http_x_key zone=c:1m;
_EOC_

our $config = <<'_EOC_';
location /t {
    gw_concurrency zone=c limit=2;
    proxy_set_header X-Worker $pid;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
_EOC_


# So many requests that wait for an answer: pairs of what start() and held()
# gave.

sub flying {
    my ($name, $n) = @_;

    my @flying = map { my $client = start(key => $name); [$client, held()] }
                     1 .. $n;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(scalar(grep { $_->[1] } @flying), $n, "$name: $n in flight");

    return @flying;
}


sub workers_with {
    my %pids = map { $_->[1]{head} =~ /^X-Worker: (\d+)/m ? ($1 => 1) : () }
                   @_;

    return sort keys %pids;
}


sub full {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(http(key => $name, wait => 3)->{code}, 429, "$name: no more");
}


# That there is room for two again, and for no more.

sub free {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @flying;

    wait_for(sub {
        my $client = start(key => $name);
        my $held = held(0.3);

        push @flying, [$client, $held] if $held;

        return $held;
    }, 10);
    is(scalar @flying, 1, "$name: is free again");
    push @flying, flying($name, 1);
    full($name);
    let_go($_->[1]) for @flying;
    is(finish($_->[0])->{code}, 200, "$name: its answer") for @flying;
}


run_tests();

__DATA__

=== TEST 1: ended at once
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $GwLimit::LISTEN
--- cases
['another comes', sub {
    my ($name) = @_;

    my @flying = flying($name, 2);
    my @pids = workers_with(@flying);

    full($name);
    kill TERM => @pids;
    ok(wait_for(sub { !grep { -d "/proc/$_" } @pids }, 10),
       "$name: it is gone");
    is(finish($_->[0])->{code}, undef, "$name: no answer") for @flying;
    free($name);
    ok(wait_for(sub { @{[workers_now()]} == 2 }, 10), "$name: two workers");
}],



=== TEST 2: killed while it shuts down
--- http_config eval: $::http
--- config eval: $::config
--- post_setup_server_root eval: $GwLimit::LISTEN
--- log_allows: alert
--- cases
['no other comes', sub {
    my ($name) = @_;

    steady();

    my @flying = flying($name, 2);
    my @pids = workers_with(@flying);

    reload();
    ok(wait_for(sub {
        2 == grep { /gracefully shutting down/ } log_lines();
    }, 10), "$name: old workers are told");
    full($name);
    kill KILL => @pids;
    is(finish($_->[0])->{code}, undef, "$name: no answer") for @flying;
    free($name);
}],
