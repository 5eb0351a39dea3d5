# Parts that wait for something else than a service: a delay of limit_req, keys
# of gw_jwt, a name's address, a connection.  They go on when they may, and are
# cancelled like others.

use GwTest;
use GwPart;
use GwH2;

# what is fetched and counted is so once

repeat_each(1);

our $socket = "$ENV{TEST_NGINX_SOCK}/h2.sock";
our $keys = unique('keys');

our $limits = <<'_EOC_';
limit_req_zone $http_x_key zone=slow:1m rate=1r/s;
limit_conn_zone $http_x_key zone=one:1m;
_EOC_

our $limited = $GwPart::PARTS . <<'_EOC_';
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_limited/b?$http_x_b;
    gw_part c /_p/c?$http_x_c optional;
}

location = /timeout {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_limited/b?$http_x_b optional timeout=100ms;
}

location = /rejected {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_rejected/b?$http_x_b status_from=part;
}

location = /whole {
    limit_req zone=slow burst=5;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_limited/b?$http_x_b;
}

location ^~ /_limited/ {
    internal;
    limit_req zone=slow burst=5;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_rejected/ {
    internal;
    limit_req zone=slow;
    limit_req_status 429;
    proxy_pass http://$TEST_NGINX_PART;
}

location = /nothing { return 204; }
_EOC_

our $tokens = <<'_EOC_';
server {
    listen unix:$TEST_NGINX_SOCK/h2.sock$TEST_NGINX_H2;
    $TEST_NGINX_H2_ON

    location = /t {
        gw_aggregate on;
        gw_part a /_p/a?$http_x_a;
        gw_part b /_token/b?$http_x_b;
        gw_part c /_p/c?$http_x_c optional;
    }

    location ^~ /_p/ { internal; proxy_pass http://$TEST_NGINX_PART; }

    location ^~ /_token/ {
        internal;
        gw_jwt api;
        gw_jwt_key_request /_jwks;
        proxy_pass http://$TEST_NGINX_PART;
    }

    location = /_jwks {
        internal;
        proxy_pass http://$TEST_NGINX_PART:/keys?hold=$TEST_NGINX_KEYS&file=$TEST_NGINX_DATA/all.jwks;
    }

    location = /nothing { return 204; }
}
_EOC_

our $parts = $GwPart::PARTS . <<'_EOC_';
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_token/b?$http_x_b;
    gw_part c /_p/c?$http_x_c optional;
}

location = /timeout {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_token/b?$http_x_b optional timeout=100ms;
}

location ^~ /_token/ {
    internal;
    gw_jwt api;
    gw_jwt_key_request /_jwks;
    proxy_pass http://$TEST_NGINX_PART;
}

location = /_jwks {
    internal;
    proxy_pass http://$TEST_NGINX_PART:/keys?hold=$TEST_NGINX_KEYS&file=$TEST_NGINX_DATA/all.jwks;
}

location = /nothing { return 204; }
_EOC_

# a name server that does not answer, a service that does not take connections

our $dns = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1')
    or die "a port: $@";
our $full = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 0)
    or die "a port: $@";
our @full = map {
    IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $full->sockport,
                          Blocking => 0)
} 1 .. 4;

$ENV{TEST_NGINX_DNS} = $dns->sockport;
$ENV{TEST_NGINX_FULL} = $full->sockport;

our $names = $GwPart::PARTS . <<'_EOC_';
resolver 127.0.0.1:$TEST_NGINX_DNS;

location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_named/b?$http_x_b;
    gw_part c /_p/c?$http_x_c optional;
}

location = /full {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_full/b?$http_x_b;
    gw_part c /_p/c?$http_x_c optional;
}

location = /timeout {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_named/b optional timeout=100ms;
    gw_part c /_full/c optional timeout=100ms;
}

location ^~ /_named/ {
    internal;
    set $service nothing.example;
    proxy_pass http://$service;
}

location ^~ /_full/ {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_FULL;
}

location = /nothing { return 204; }
_EOC_

$ENV{TEST_NGINX_KEYS} = $keys;

sub sockets {
    my ($pid) = read_file('logs/nginx.pid') =~ /(\d+)/;

    return scalar grep { (readlink // '') =~ /^socket/ } glob "/proc/$pid/fd/*";
}


# A part of an aggregate waits when another one fails, when the client leaves,
# when its stream is reset.

sub cancelled {
    my ($name, %arg) = @_;

    my $since = since();
    my $word = unique();
    my $began = start(%{ ask(conn => $word, %arg,
                             a => { status => 500, hold => $word },
                             b => { json => 1 }, c => { never => 1 }) });

    GwPart::saw($name, $since, 'came', $_, 1) for qw(a c);

    my $now = now();

    release($word);
    is(finish($began)->{code}, 502, "$name: a part fails: code");
    cmp_ok(now() - $now, '<', 0.7, "$name: a part fails: at once");
    is(http(uri => '/nothing', conn => $word)->{code}, 204,
       "$name: a part fails: the next request");
    cmp_ok(now() - $now, '<', 0.7, "$name: a part fails: the next, at once");
    GwPart::saw($name, $since, 'gone', 'c', 1);
    is(seen($since, 'came', 'b'), 0, "$name: a part fails: b was not asked");
}


sub left {
    my ($name, %arg) = @_;

    my $since = since();
    my $before = sockets();
    my $began = start(%{ ask(%arg, a => { json => 1 }, b => { json => 1 },
                             c => { never => 1 }) });

    GwPart::saw($name, $since, 'came', 'c', 1);
    close $began->{conn}{socket};

    my $now = now();

    GwPart::saw($name, $since, 'gone', 'c', 1);
    wait_for(sub { sockets() <= $before }, 5);
    cmp_ok(sockets(), '<=', $before, "$name: connections");
    cmp_ok(now() - $now, '<', 0.7, "$name: at once");
    is(seen($since, 'came', 'b'), 0, "$name: b was not asked");
}

run_tests();

__DATA__

=== TEST 1: a delay of limit_req
--- http_config eval: $main::limits
--- config eval: $main::limited
--- cases
['the first has none', ask(key => 1, a => { json => 1 }, b => { json => 2 },
                           c => { json => 3 }), 200, '',
 body => '{"a":1,"b":2,"c":3}'],
['the next waits, and is asked', sub {
    my ($name) = @_;

    my $now = now();

    for my $n (1, 2) {
        is(http(%{ ask(key => 1, conn => 'd', a => { json => 1 },
                       b => { json => 2 }, c => { json => 3 }) })->{body},
           '{"a":1,"b":2,"c":3}', "$name: $n");
    }

    cmp_ok(now() - $now, '>', 1, "$name: time");
}],
['it is cancelled when another part fails', sub {
    main::cancelled($_[0], key => 1);
}],
['and when the client leaves', sub { main::left($_[0], key => 1) }],
['it is too long for the part', ask(uri => '/timeout', key => 1,
                                    a => { json => 1 }, b => { json => 2 }),
 200, 'b;reason=timeout', body => '{"a":1}'],
['many wait', sub {
    my ($name) = @_;

    my @began = map { start(%{ ask(key => 2, a => { json => 1 },
                                   b => { json => 2 }, c => { json => $_ }) })
                    } 1 .. 4;

    is(finish($began[$_ - 1])->{body}, "{\"a\":1,\"b\":2,\"c\":$_}",
       "$name: $_") for 1 .. 4;
}],
['the aggregate\'s own delay', sub {
    my ($name) = @_;

    is(http(%{ ask(uri => '/whole', key => 3, a => { json => 1 },
                   b => { json => 2 }) })->{body}, '{"a":1,"b":2}',
       "$name: $_") for 1, 2;
}],
['rejected', ask(uri => '/rejected', key => 3, a => { json => 1 },
                 b => { json => 2 }), 429, '', error => '429 b status'],



=== TEST 2: keys that have not come
--- http_config eval: $main::tokens
--- config eval: $main::parts
--- cases
['they are waited for', sub {
    my ($name) = @_;

    wait_for(sub { seen(0, 'came', 'keys') });
    ok(seen(0, 'came', 'keys'), $name);
}],
['cancelled when another part fails', sub {
    main::cancelled($_[0], token => jwt());
}],
['cancelled when the client leaves', sub {
    main::left($_[0], token => jwt());
}],
['cancelled when a stream is reset', sub {
    my ($name) = @_;

    my $since = since();
    my $conn = GwH2->new($main::socket);
    my $id = $conn->request(%{ ask(a => { json => 1 }, b => { json => 1 },
                                   c => { never => 1 },
                                   headers => ['Authorization: Bearer '
                                               . jwt()]) });

    GwPart::saw($name, $since, 'came', 'c', 1);
    $conn->reset($id);
    GwPart::saw($name, $since, 'gone', 'c', 1);
    is($conn->answer($conn->request(uri => '/nothing'))->{code}, 204,
       "$name: the next one");
    $conn->close;
}],
['too long for the part', ask(uri => '/timeout', token => jwt(),
                              a => { json => 1 }, b => { json => 2 }), 200,
 'b;reason=timeout', body => '{"a":1}'],
['they come', sub {
    my ($name) = @_;

    my $since = since();
    my @began = map { start(%{ ask(token => jwt(), a => { json => 1 },
                                   b => { json => 2 }, c => { json => $_ }) })
                    } 1 .. 4;

    GwPart::saw($name, $since, 'came', 'c', 4);
    release($main::keys);
    is(finish($began[$_ - 1])->{body}, "{\"a\":1,\"b\":2,\"c\":$_}",
       "$name: $_") for 1 .. 4;
}],



=== TEST 3: names and connections
--- config eval: $main::names
--- cases
(map {
    my $uri = $_;

    ["cancelled when another part fails: $uri", sub {
        main::cancelled($_[0], uri => $uri);
    }],
    ["cancelled when the client leaves: $uri", sub {
        main::left($_[0], uri => $uri);
    }]
} '/t', '/full'),
['too long for the part', ask(uri => '/timeout', a => { json => 1 }), 200,
 'b;reason=timeout, c;reason=timeout', body => '{"a":1}'],
