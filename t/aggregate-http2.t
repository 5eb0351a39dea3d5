# Clients of HTTP/2: the same answers, and streams that are reset while others
# of the connection go on.

use GwTest;
use GwPart;
use GwH2;

our $socket = "$ENV{TEST_NGINX_SOCK}/h2.sock";

our $http_config = $GwPart::KEEP . <<"_EOC_";
proxy_cache_path h2_cache keys_zone=h2:1m use_temp_path=off;

server {
    listen unix:\$TEST_NGINX_SOCK/h2.sock\$TEST_NGINX_H2;
    \$TEST_NGINX_H2_ON
    client_body_timeout 20s;

$GwPart::PREAMBLE
$GwPart::PARTS
$GwPart::KEPT
    location = /t {
        gw_aggregate on;
        gw_part a /_p/a?\$http_x_a;
        gw_part b /_p/b?\$http_x_b;
        gw_part c /_k/c?\$http_x_c optional;
    }

    location = /cached {
        gw_aggregate on;
        gw_part a /_c/a?\$http_x_a;
        gw_part b /_p/b?\$http_x_b;
        gw_part c /_c/a?\$http_x_a optional;
    }

    location ^~ /_c/ {
        internal;
        proxy_cache h2;
        proxy_cache_key \$uri\$is_args\$args;
        proxy_cache_valid 10m;
        proxy_cache_lock on;
        proxy_cache_lock_timeout 60s;
        proxy_cache_lock_age 60s;
        proxy_pass http://\$TEST_NGINX_PART;
    }

    location = /inner {
        internal;
        gw_aggregate on;
        gw_part b /_p/b?\$http_x_b;
        gw_part c /_p/c?\$http_x_c;
    }

    location = /nested {
        gw_aggregate on;
        gw_part a /_p/a?\$http_x_a;
        gw_part inner /inner as=merge;
    }

    location = /body {
        gw_aggregate on;
        gw_part a /_p/a method=POST body=pass;
        gw_part b /_p/b?\$http_x_b method=POST body=pass;
    }

    location = /nothing { return 204; }
}
_EOC_

sub h2 {
    my (%request) = @_;

    return { %{ ask(%request) }, http2 => 1, socket => $socket };
}


# A stream whose parts wait, reset; then another on the same connection.

sub reset_midway {
    my ($name, $uri, $say, @come) = @_;

    my $since = since();
    my $word = unique();
    my $conn = GwH2->new($socket);
    my $other = $conn->request(%{ ask(uri => '/t', a => { json => 1 },
                                      b => { json => 2, hold => $word },
                                      c => { json => 3 }) });
    my $id = $conn->request(%{ ask(uri => $uri, map { $_ => $say }
                                                    qw(a b c)) });

    GwPart::saw($name, $since, 'came', $_, 2) for @come;
    $conn->reset($id);
    GwPart::saw($name, $since, 'gone', $_, 1) for @come;

    # the other one is unharmed

    release($word);
    is($conn->answer($other)->{body}, '{"a":1,"b":2,"c":3}',
       "$name: another stream");
    is($conn->answer($conn->request(uri => '/nothing'))->{code}, 204,
       "$name: the next one");
    $conn->close;
}

worker_connections(1024);
run_tests();

__DATA__

=== TEST 1: answers
--- http_config eval: $main::http_config
--- config
--- cases
['three parts', main::h2(a => { json => '[1]' }, b => { json => 2 },
                         c => { json => 3 }), 200, '',
 body => '{"a":[1],"b":2,"c":3}', 'Content-Length' => 21],
['parts are asked without what is of HTTP/2',
 main::h2(a => {}, b => { json => 2 }, c => { json => 3 }), 200, '',
 tells(a => uri => '/_p/a', protocol => qr{^HTTP/1}, ':path' => undef)],
['large ones', main::h2(map { $_ => { large => 900000 } } qw(a b c)), 200, '',
 body => '{' . join(',', map { "\"$_\":" . large(900000) } qw(a b c)) . '}'],
['HEAD', main::h2(method => 'HEAD', map { $_ => { json => 1 } } qw(a b c)),
 200, '', body => ''],
['a body', main::h2(uri => '/body', method => 'POST', body => 'x' x 100000,
                    b => { json => 2 }), 200, '',
 tells(a => body => 'x' x 100000, 'content-length' => 100000)],
['a body that is of no use', main::h2(method => 'POST', body => 'xyz',
                                      map { $_ => { json => 1 } } qw(a b c)),
 200, '', body => '{"a":1,"b":1,"c":1}'],
fails('a required part fails',
      main::h2(a => { status => 500 }, b => { never => 1 },
               c => { never => 1 }), 502, 'a', 'status'),
partial('an optional one does',
        main::h2(a => { json => 1 }, b => { json => 2 },
                 c => { json => '[3' }), 'c;reason=json', '{"a":1,"b":2}'),
partial('an optional one ends early',
        main::h2(a => { json => 1 }, b => { json => 2 },
                 c => { large => 5000, close => 100 }), 'c;reason=truncated',
        '{"a":1,"b":2}'),
['nested', main::h2(uri => '/nested', map { $_ => { json => 1 } }
                                          qw(a b c)), 200, '',
 body => '{"a":1,"b":1,"c":1}'],
['cached', main::h2(uri => '/cached', a => { json => 1 }, b => { json => 2 }),
 200, '', body => '{"a":1,"b":2,"c":1}'],
['from the cache', main::h2(uri => '/cached', a => { json => 1 },
                            b => { json => 2 }), 200, '',
 body => '{"a":1,"b":2,"c":1}'],



=== TEST 2: a stream is reset
--- http_config eval: $main::http_config
--- config
--- cases
(map {
    my ($uri, @come) = @$_;

    ["before parts have answered: $uri", sub {
        main::reset_midway($_[0], $uri, { never => 1 }, @come);
    }],
    ["within their bodies: $uri", sub {
        main::reset_midway($_[0], $uri, { large => 50000, stall => 20000 },
                           @come);
    }]
} ['/t', qw(a b c)], ['/nested', qw(a b c)]),
['one that waits for a cache', sub {
    my ($name) = @_;

    my $since = since();
    my $conn = GwH2->new($main::socket);
    my $word = unique();
    my $say = { json => "\"$word\"", hold => $word };
    my @ids = map {
        $conn->request(%{ ask(uri => '/cached', a => $say,
                              b => { json => 1 }) })
    } 1 .. 4;

    GwPart::saw($name, $since, 'came', 'a', 1);
    GwPart::saw($name, $since, 'came', 'b', 4);
    $conn->reset($_) for @ids[1, 2];
    is($conn->answer($conn->request(uri => '/nothing'))->{code}, 204,
       "$name: the connection is there");
    release($word);
    is($conn->answer($_)->{body}, "{\"a\":\"$word\",\"b\":1,\"c\":\"$word\"}",
       "$name: the others") for @ids[0, 3];
    $conn->close;
}],
['while the answer is sent', sub {
    my ($name) = @_;

    my $conn = GwH2->new($main::socket);
    my @ids = map {
        $conn->request(%{ ask(uri => '/t', map { $_ => { large => 200000 } }
                                               qw(a b c)) })
    } 1 .. 3;

    # windows are of 65535 bytes, and stay shut

    $conn->until(sub { length $conn->{streams}{$ids[1]}{body} >= 20000 });
    $conn->reset($_) for @ids;
    is($conn->answer($conn->request(uri => '/nothing'))->{code}, 204, $name);
    $conn->close;
}],
['within its body', sub {
    my ($name) = @_;

    my $since = since();
    my $conn = GwH2->new($main::socket);
    my $id = $conn->request(%{ ask(uri => '/t', method => 'POST',
                                   map { $_ => { never => 1 } } qw(a b c)) },
                            body => 'xyz', open => 1);
    my $read = $conn->request(uri => '/body', method => 'POST',
                              body => 'xyz', open => 1);

    GwPart::saw($name, $since, 'came', $_, 1) for qw(a b c);
    $conn->data($id, 'more', 0);
    $conn->reset($_) for $id, $read;
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(a b c);
    is($conn->answer($conn->request(uri => '/nothing'))->{code}, 204,
       "$name: the next one");
    $conn->close;
}],
['before its body, by the gateway', sub {
    my ($name) = @_;

    my $since = since();
    my $conn = GwH2->new($main::socket);
    my $id = $conn->request(%{ ask(uri => '/t', method => 'POST',
                                   a => { json => 'x' },
                                   b => { never => 1 }, c => { never => 1 }) },
                            body => 'xyz', open => 1);

    is($conn->answer($id)->{code}, 502, "$name: code");
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(b c);
    is($conn->answer($conn->request(uri => '/nothing'))->{code}, 204,
       "$name: the next one");
    $conn->close;
}],
['many at once, and the connection', sub {
    my ($name) = @_;

    my $since = since();
    my $conn = GwH2->new($main::socket);
    my @ids = map {
        $conn->request(%{ ask(uri => $_ % 2 ? '/t' : '/nested',
                              map { $_ => { never => 1 } } qw(a b c)) })
    } 1 .. 40;

    GwPart::saw($name, $since, 'came', $_, 40) for qw(a b c);
    $conn->reset($_) for @ids[0 .. 19];
    GwPart::saw($name, $since, 'gone', $_, 20) for qw(a b c);
    $conn->close;
    GwPart::saw($name, $since, 'gone', $_, 40) for qw(a b c);
}],
