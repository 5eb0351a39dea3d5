# What is no longer wanted ends at once: its connections are closed, and the
# answer and the client's connection wait for nothing.

use GwTest;
use GwPart;

# An aggregate whose part a fails when the test says so, and what the others
# are doing meanwhile; how the service has seen these.

sub cancelled {
    my ($name, $uri, $say, %arg) = @_;

    my $since = since();
    my $word = unique();
    my $conn = unique('conn');
    my $began = start(%{ ask(uri => $uri, conn => $conn,
                             a => { hold => $word, status => 500 },
                             b => $say, c => $say) });

    GwPart::saw($name, $since, 'came', $_, 1) for 'a', @{ $arg{come} // [] };
    release($word);

    my $res = finish($began);

    is($res->{code}, 502, "$name: code");
    is($res->{header}{'x-error'}, '502 a status', "$name: error");
    GwPart::saw($name, $since, 'gone', $_, 1) for @{ $arg{gone} // [] };

    # nothing of what was cancelled gets into the next answer

    $res = http(%{ ask(uri => $uri, conn => $conn,
                       map { $_ => { json => "\"$_\"" } } qw(a b c)) });
    is($res->{body}, '{"a":"a","b":"b","c":"c"}', "$name: the next answer");

    http(uri => '/nothing', conn => $conn);
}

our $two = $GwPart::PARTS . $GwPart::KEPT . <<'_EOC_';
proxy_read_timeout 20s;
proxy_send_timeout 20s;

location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
    gw_part c /_p/c?$http_x_c optional;
}

location = /unbuffered {
    gw_aggregate on;
    gw_part a /_u/a?$http_x_a;
    gw_part b /_u/b?$http_x_b;
    gw_part c /_u/c?$http_x_c optional;
}

location = /kept {
    gw_aggregate on;
    gw_part a /_k/a?$http_x_a;
    gw_part b /_k/b?$http_x_b;
    gw_part c /_k/c?$http_x_c optional;
}

location = /after {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b after=a;
    gw_part c /_p/c?$http_x_c;
}

location = /inner {
    internal;
    gw_aggregate on;
    gw_part b /_p/b?$http_x_b;
    gw_part c /_p/c?$http_x_c;
}

location = /nested {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part inner /inner as=merge;
}

location = /limited {
    gw_aggregate on;
    gw_part a /_slow/a?$http_x_a;
    gw_part b /_slow/b?$http_x_b;
    gw_part c /_slow/c?$http_x_c;
}

location ^~ /_slow/ {
    internal;
    proxy_limit_rate 10;
    proxy_pass http://$TEST_NGINX_PART;
}

location = /body {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a method=POST body=pass;
    gw_part b /_p/b?$http_x_b method=POST body=pass;
    gw_part c /_p/c?$http_x_c optional;
}

location = /nothing { return 204; }
_EOC_

worker_connections(1024);
run_tests();

__DATA__

=== TEST 1: a required part fails
--- http_config eval: $GwPart::KEEP
--- config eval: $main::two
--- cases
(map {
    my $uri = $_;

    ["others have not answered: $uri", sub {
        cancelled($_[0], $uri, { never => 1 }, come => ['b', 'c'],
                  gone => ['b', 'c']);
    }],
    ["others are within their bodies: $uri", sub {
        cancelled($_[0], $uri, { large => 5000, stall => 3000 },
                  come => ['b', 'c'], gone => ['b', 'c']);
    }],
    ["others send bytes all the time: $uri", sub {
        cancelled($_[0], $uri, { large => 50000, pieces => 5, gap => 0.005 },
                  come => ['b', 'c'], gone => ['b', 'c']);
    }],
    ["others send gzip: $uri", sub {
        cancelled($_[0], $uri, { large => 100000, stall => 60,
                                 gzip => 'whole' },
                  come => ['b', 'c'], gone => ['b', 'c']);
    }],
    ["others have answered: $uri", sub {
        cancelled($_[0], $uri, { json => 1 }, come => ['b', 'c']);
    }]
} '/t', '/unbuffered', '/kept', '/nested'),
['others are read slowly', sub {
    cancelled($_[0], '/limited', { never => 1 }, come => ['b', 'c'],
              gone => ['b', 'c']);
}],
['one waits for it', sub {
    my ($name) = @_;

    my $since = since();

    cancelled($name, '/after', { never => 1 }, come => ['c'], gone => ['c']);

    # once, by the request that follows
    is(seen($since, 'came', 'b'), 1, "$name: it was not asked");
}],
['many times', sub {
    my ($name) = @_;

    my %codes;

    for my $n (1 .. 20) {
        my $res = http(%{ ask(uri => $n % 2 ? '/t' : '/nested', conn => 'many',
                              a => $n % 4 < 2 ? { status => 500 }
                                              : { json => 'x', delay => 0.01 },
                              b => { never => 1 }, c => { never => 1 }) });

        $codes{$res->{code} // '-'}++;
    }

    is_deeply(\%codes, { 502 => 20 }, $name);
}],



=== TEST 2: the answer waits for nothing
--- http_config eval: $GwPart::KEEP
--- config eval: $main::two
--- cases
['a required part times out, as the whole', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/t', conn => 'c', a => { json => 'x' },
                          b => { never => 1 }, c => { never => 1 }) });

    is($res->{code}, 502, "$name: code");
    is($res->{header}{connection}, 'keep-alive', "$name: connection");
    is(http(uri => '/nothing', conn => 'c')->{code}, 204, "$name: next");
}],
['a request that was sent at once with the one that fails', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(conn => 'p', raw => "GET /t HTTP/1.1\r\nHost: x\r\n"
                       . "X-A: json=x\r\nX-B: never=1\r\nX-C: never=1\r\n\r\n"
                       . "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");

    is($res->{code}, 502, "$name: code");
    is(GwTest::next_response('p')->{code}, 204, "$name: next");
}],
['a body that is not read to its end', sub {
    my ($name) = @_;

    my $began = start(raw => "POST /t HTTP/1.1\r\nHost: x\r\n"
                             . "X-A: json=x\r\nX-B: never=1\r\nX-C: never=1\r\n"
                             . "Content-Length: 10\r\n\r\nx");

    is(finish($began)->{code}, 502, $name);
}],
['with the client\'s body', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/body', method => 'POST', conn => 'b',
                          body => 'x' x 100000, a => { status => 500 },
                          b => { never => 1 }, c => { never => 1 }) });

    is($res->{code}, 502, "$name: code");
    is(http(uri => '/nothing', conn => 'b')->{code}, 204, "$name: next");

    # not in the events of the next case
    GwPart::saw($name, $since, 'answered', 'a', 1);
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(b c);
}],
['an answer that is complete needs no cancelling', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/t', map { $_ => { json => 1 } }
                                           qw(a b c)) });

    is($res->{code}, 200, "$name: code");
    GwPart::saw($name, $since, 'answered', $_, 1) for qw(a b c);
    is(seen($since, 'gone', $_), 0, "$name: $_") for qw(a b c);
}],



=== TEST 3: an optional part is cancelled alone
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional timeout=100ms;
    gw_part b /_p/b?$http_x_b;
}

location = /whole {
    gw_aggregate on;
    gw_aggregate_timeout 200ms;
    gw_part a /_p/a?$http_x_a optional;
    gw_part b /_p/b?$http_x_b optional timeout=100s;
    gw_part c /_p/c?$http_x_c after=b optional;
    gw_part d /_p/d?$http_x_d;
}
_EOC_
--- cases
['one is too slow, another is waited for', sub {
    my ($name) = @_;

    my $since = since();
    my $word = unique();
    my $began = start(%{ ask(a => { never => 1 }, b => { hold => $word }) });

    GwPart::saw($name, $since, 'gone', 'a', 1);
    is(seen($since, 'gone', 'b'), 0, "$name: b runs on");
    release($word);

    my $res = finish($began);

    is($res->{code}, 200, "$name: code");
    is($res->{header}{'x-gw-partial'}, 'a;reason=timeout', "$name: partial");
    is(told($res, 'b')->{method}, 'GET', "$name: body");
}],
['the whole is too slow', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/whole', a => { never => 1 },
                          b => { never => 1 }, d => { json => 1 }) });

    is($res->{code}, 200, "$name: code");
    is($res->{header}{'x-gw-partial'},
       'a;reason=timeout, b;reason=timeout, c;reason=timeout',
       "$name: partial");
    is($res->{body}, '{"d":1}', "$name: body");
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(a b);
    is(seen($since, 'came', 'c'), 0, "$name: c was not asked");
}],
['the whole is too slow, one is required', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/whole', d => { never => 1 }) });

    is($res->{code}, 504, "$name: code");
    is($res->{header}{'x-error'}, '504 d timeout', "$name: error");
    GwPart::saw($name, $since, 'gone', 'd', 1);
}],



=== TEST 4: the client leaves
--- http_config eval: $GwPart::KEEP
--- config eval: $main::two
--- cases
(map {
    my ($uri, $say, $what) = @$_;

    ["$what: $uri", sub {
        my ($name) = @_;

        my $since = since();
        my $began = start(%{ ask(uri => $uri,
                                 map { $_ => $say } qw(a b c)) });

        GwPart::saw($name, $since, 'came', $_, 1) for qw(a b c);
        close $began->{conn}{socket};
        GwPart::saw($name, $since, 'gone', $_, 1) for qw(a b c);
    }]
} map { my $uri = $_; [$uri, { never => 1 }, 'before parts have answered'],
        [$uri, { large => 3000, stall => 2000 }, 'within their bodies'],
        [$uri, { large => 300000, pieces => 10 }, 'while bytes come'] }
      '/t', '/unbuffered', '/kept', '/nested', '/limited'),
['with a body that was read', sub {
    my ($name) = @_;

    my $since = since();
    my $began = start(%{ ask(uri => '/body', method => 'POST', body => 'xyz',
                             map { $_ => { never => 1 } } qw(a b c)) });

    GwPart::saw($name, $since, 'came', $_, 1) for qw(a b c);
    close $began->{conn}{socket};
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(a b c);
}],
['with a body that is not wanted', sub {
    my ($name) = @_;

    my $since = since();
    my $began = start(%{ ask(uri => '/t', method => 'POST', body => 'xyz',
                             map { $_ => { never => 1 } } qw(a b c)) });

    GwPart::saw($name, $since, 'came', $_, 1) for qw(a b c);
    close $began->{conn}{socket};
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(a b c);
}],
['with a body that is not wanted and comes late', sub {
    my ($name) = @_;

    my $since = since();
    my $began = start(raw => "POST /t HTTP/1.1\r\nHost: x\r\nX-A: never=1\r\n"
                             . "X-B: never=1\r\nX-C: never=1\r\n"
                             . "Content-Length: 5\r\n\r\nx");

    GwPart::saw($name, $since, 'came', $_, 1) for qw(a b c);
    GwTest::send_all($began->{conn}{socket}, 'yzzz');
    Time::HiRes::sleep(0.1);
    close $began->{conn}{socket};
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(a b c);
}],
['within a body that is not wanted', sub {
    my ($name) = @_;

    my $since = since();
    my $began = start(raw => "POST /t HTTP/1.1\r\nHost: x\r\nX-A: never=1\r\n"
                             . "X-B: never=1\r\nX-C: never=1\r\n"
                             . "Content-Length: 5\r\n\r\nx");

    GwPart::saw($name, $since, 'came', $_, 1) for qw(a b c);
    close $began->{conn}{socket};
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(a b c);
}],
['while the answer is sent', sub {
    my ($name) = @_;

    for (1 .. 5) {
        my $began = start(%{ ask(uri => '/t', map { $_ => { large => 900000 } }
                                                  qw(a b c)) });

        GwTest::more($began->{conn}, now() + 10);
        close $began->{conn}{socket};
    }

    is(http(uri => '/nothing')->{code}, 204, $name);
}],
['many at once', sub {
    my ($name) = @_;

    my $since = since();
    my @began = map { start(%{ ask(uri => $_ % 2 ? '/t' : '/nested',
                                   a => { never => 1 },
                                   b => { large => 3000, stall => 10 },
                                   c => { json => 1 }) }) } 1 .. 60;

    GwPart::saw($name, $since, 'came', 'a', 60);
    close $_->{conn}{socket} for @began;
    GwPart::saw($name, $since, 'gone', 'a', 60);
    GwPart::saw($name, $since, 'gone', 'b', 60);
}],
