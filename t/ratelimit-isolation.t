# One request leaves no trace in the next; one key none in another; workers
# share a zone.

use GwTest;
use GwLimit;
use GwMaster;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $n = $block->workers // 0;

    $n ? master_on() : master_off();
    workers($n || 1);
});

our $config = <<'_EOC_';
gw_ratelimit_headers both;

location /one {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /three {
    gw_ratelimit zone=three;
    gw_ratelimit_headers legacy;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /dry {
    gw_ratelimit zone=one dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /delay {
    gw_ratelimit zone=d delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /flight {
    gw_concurrency zone=c limit=1;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page {
    gw_ratelimit zone=one;
    error_page 429 = @page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @page {
    return 200 "page\n";
}
_EOC_

our $http_config = <<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK;
    gw_ratelimit_zone $http_x_key zone=d:1m rate=2r/s burst=3;
    gw_concurrency_zone $http_x_key zone=c:1m;
_EOC_

# uri, key, code, status, results

our @steps = (
    ['/one', 'a', 200, 'passed', 'one=passed'],
    ['/off', 'a', 200, '', undef],
    ['/one', 'a', 429, 'rejected', 'one=rejected'],
    ['/off', 'a', 200, '', undef],
    ['/one', 'b', 200, 'passed', 'one=passed'],
    ['/one', undef, 200, '', undef],
    ['/three', 'a', 200, 'passed', 'three=passed'],
    ['/one', 'a', 429, 'rejected', 'one=rejected'],
    ['/page', 'a', 200, 'rejected', 'one=rejected'],
    ['/off', 'a', 200, '', undef],
    ['/page', 'c', 200, 'passed', 'one=passed'],
    ['/three', 'a', 200, 'passed', 'three=passed'],
    ['/dry', 'a', 200, 'dry_run_rejected', 'one=dry_run_rejected'],
    ['/flight', 'a', 200, 'passed', 'c=passed'],
    ['/delay', 'a', 200, 'passed', 'd=passed'],
    ['/delay', 'a', 200, 'delayed', 'd=delayed'],
    ['/three', 'a', 200, 'passed', 'three=passed'],
    ['/three', 'a', 429, 'rejected', 'three=rejected'],
    ['/flight', 'a', 200, 'passed', 'c=passed'],
    ['/dry', 'd', 200, 'passed', 'one=passed'],
    ['/off', undef, 200, '', undef],
    ['/one', 'b', 429, 'rejected', 'one=rejected'],
);


# The steps with keys of their own, sent in one way or another.

sub steps {
    my ($prefix, @how) = @_;

    return map {
        my ($uri, $key, $code, $status, $results) = @$_;

        my %fields = $results && $uri ne '/dry'
            ? ('X-RateLimit-Remaining' => qr/^\d+$/)
            : ('X-RateLimit-Remaining' => undef);

        [$uri . ' ' . ($key // 'no key'),
         { uri => $uri, @how,
           defined $key ? (key => "$prefix$key") : () },
         $code, $status, 'X-Results' => $results, %fields,
         'Retry-After' => $code == 429 || $status eq 'rejected'
                          ? qr/^[1-9]\d*$/ : undef,
         $uri eq '/page' && $status eq 'rejected'
             ? (error => '429 ratelimit one') : (),
         'Content-Type' => $code == 429 ? 'application/problem+json'
                                        : qr{^text/plain}]
    } @steps;
}


run_tests();

__DATA__

=== TEST 1: each on a connection of its own
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
steps('n')



=== TEST 2: all on one connection
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
steps('k', conn => 'c'),
steps('l', conn => 'c'),



=== TEST 3: pipelined
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
['all at once', sub {
    my ($name) = @_;

    my $raw = join '', map {
        my ($uri, $key) = @$_;

        "GET $uri HTTP/1.1\r\nHost: a\r\n"
        . (defined $key ? GwTest::key_header("p$key") . "\r\n" : '') . "\r\n"
    } @steps;

    my @res = http(conn => 'p', raw => $raw);

    push @res, GwTest::next_response('p') for 2 .. @steps;

    is_deeply([map { [@$_{qw(code)}, @{ $_->{header} }{qw(x-status x-results)}]
                   } @res],
              [map { [$_->[2], $_->[3] eq '' ? undef : $_->[3], $_->[4]] }
                   @steps], $name);
}],



=== TEST 4: two workers share a zone
--- workers: 2
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=shared:1m rate=1r/d burst=39;
    gw_ratelimit_zone $http_x_key zone=window:1m algorithm=fixed_window quota=40/M;
_EOC_
--- config
add_header X-Worker $pid always;
add_header X-Status $gw_ratelimit_status always;

location /t {
    gw_ratelimit zone=shared;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /window {
    gw_ratelimit zone=window;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['one limit', sub {
    my ($name) = @_;

    # a connection to each worker

    my %conn;

    for my $n (1 .. 200) {
        my $res = http(uri => '/off', conn => "w$n");

        $conn{$res->{header}{'x-worker'}} //= "w$n";
        last if keys %conn == 2;
    }

    is(scalar keys %conn, 2, "$name: two workers") or return;

    for my $uri ('/t', '/window') {
        my %n;

        for (1 .. 30) {
            for my $pid (sort keys %conn) {
                my $res = http(uri => $uri, key => 'a', conn => $conn{$pid});

                $n{$pid}{$res->{code}}++;
            }
        }

        is_deeply([map { $n{$_} } sort keys %n],
                  [({ 200 => 20, 429 => 10 }) x 2], "$name: $uri");
    }
}],
['many at a time', sub {
    my ($name) = @_;

    is_deeply(codes(burst(60, key => 'b')),
              { '200 passed' => 40, '429 rejected' => 20 }, $name);
}],
