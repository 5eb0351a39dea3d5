# delay=: requests that are held until the rate admits them.

use GwTest;
use GwLimit;


# Of a burst: statuses, in the order of the answers, and when those that were
# held came.

sub held_so_long {
    my ($name, $statuses, $times, @res) = @_;

    @res = sort { $a->{took} <=> $b->{took} } @res;

    is_deeply(codes(@res), $statuses, "$name: statuses");

    my @delayed = grep { $_->{header}{'x-status'} eq 'delayed' } @res;

    took("$name: number " . ($_ + 1), $delayed[$_], $times->[$_])
        for grep { $delayed[$_] } 0 .. $#$times;

    my ($last) = sort { $b <=> $a }
                      map { $_->{took} }
                          grep { $_->{header}{'x-status'} ne 'delayed' } @res;

    # those of which nobody was held would be the whole burst's three seconds
    cmp_ok($last // 0, '<=', @delayed ? $delayed[0]{took} : 2.5,
           "$name: the others are answered before");
}


run_tests();

__DATA__

=== TEST 1: so many at once, so many held
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=d:1m rate=2r/s burst=3;
    gw_ratelimit_zone $http_x_key zone=slow:1m rate=1r/s burst=3;
    gw_ratelimit_zone $http_x_key zone=none:1m rate=1r/s;
_EOC_
--- config
location /0 {
    gw_ratelimit zone=d delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /1 {
    gw_ratelimit zone=d delay=1;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /3 {
    gw_ratelimit zone=slow delay=3;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /9 {
    gw_ratelimit zone=slow delay=9;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /nodelay {
    gw_ratelimit zone=slow nodelay;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /default {
    gw_ratelimit zone=slow;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /none {
    gw_ratelimit zone=none delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['delay=0', sub {
    held_so_long($_[0], { '200 passed' => 1, '200 delayed' => 3,
                          '429 rejected' => 2 }, [0.5, 1, 1.5],
                 burst(6, uri => '/0', key => 0));
}],
['delay=1', sub {
    held_so_long($_[0], { '200 passed' => 2, '200 delayed' => 2,
                          '429 rejected' => 1 }, [0.5, 1],
                 burst(5, uri => '/1', key => 1));
}],
(map { my $uri = $_; [$uri, sub {
    held_so_long($_[0], { '200 passed' => 4, '429 rejected' => 1 }, [],
                 burst(5, uri => $uri, key => $uri));
}] } qw(/3 /9 /nodelay /default)),
['no burst: nothing to hold', sub {
    held_so_long($_[0], { '200 passed' => 1, '429 rejected' => 2 }, [],
                 burst(3, uri => '/none', key => 'none'));
}],



=== TEST 2: what is told about it
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=d:1m rate=2r/s burst=3;
    gw_ratelimit_zone $http_x_key zone=s:1m rate=1r/s burst=3;
    gw_ratelimit_zone $http_x_key zone=long:1m rate=20r/m burst=3;
    gw_ratelimit_headers ietf;
_EOC_
--- config
location /t {
    gw_ratelimit zone=d delay=0;
    gw_ratelimit zone=five;
    proxy_set_header X-Seen "$gw_ratelimit_status";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two {
    gw_ratelimit zone=d delay=0;
    gw_ratelimit zone=s delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rejected {
    gw_ratelimit zone=long delay=0;
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /body {
    gw_ratelimit zone=d delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'the first', as('a'), 'X-Results' => 'd=passed,five=passed'),
['the second', as('a'), 200, 'delayed',
 'X-Results' => 'd=delayed,five=passed', body => qr/x=\[delayed\]/,
 'RateLimit' => qr/^"d";r=2;t=1$/, 'Retry-After' => undef, error => undef,
 log => qr/\[warn\].*\bdelay\w*.*"d"/],
['the longest of two counts', sub {
    my ($name) = @_;

    my $began = now();
    my @res = map { burst(1, key => 'b', uri => '/two') } 1, 2;

    is($res[0]{header}{'x-results'}, 'd=passed,s=passed', "$name: the first");
    is($res[1]{header}{'x-results'}, 'd=delayed,s=delayed', $name);
    came($name, $res[1], $began, 1);
}],
passes(1, 'the first', as('c', '/rejected')),
['who is rejected is not held', sub {
    my ($name) = @_;

    my ($res) = burst(1, key => 'c', uri => '/rejected');

    is($res->{code}, 429, $name);
    is($res->{header}{'x-status'}, 'rejected', "$name: status");
    cmp_ok($res->{took}, '<', 2, "$name: at once");
}],
passes(1, 'the first', as('d', '/body')),
['a body comes through', as('d', '/body', method => 'POST',
                            body => 'x' x 300000), 200, 'delayed',
 body => qr/^POST.*length=\[300000\]/],
['over HTTP/1.0', as('d', '/body', version => '1.0'), 200, 'delayed'],



=== TEST 3: requests of one connection
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=d:1m rate=2r/s burst=3;
_EOC_
--- config
location /t {
    gw_ratelimit zone=d delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /free {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['one after the other', sub {
    my ($name) = @_;

    my @res = map { http(key => 'a', conn => 'c') } 1 .. 4;

    is_deeply([map { $_->{header}{'x-status'} } @res],
              [qw(passed delayed delayed delayed)], $name);
}],
['pipelined', sub {
    my ($name) = @_;

    my $began = now();
    my $line = GwTest::key_header('b');
    my $raw = join '', map { "GET $_ HTTP/1.1\r\nHost: a\r\n$line\r\n\r\n" }
                           qw(/t /t /t /free);

    my @res = http(conn => 'p', raw => $raw);

    push @res, GwTest::next_response('p') for 1 .. 3;

    is_deeply([map { join ' ', $_->{code}, $_->{body} =~ /^GET (\S+)/ } @res],
              ['200 /t', '200 /t', '200 /t', '200 /free'], "$name: in order");
    is_deeply([map { $_->{header}{'x-status'} // '' } @res],
              ['passed', 'delayed', 'delayed', ''], "$name: statuses");
    cmp_ok(now() - $began, '>=', 0.98, "$name: they were held");
}],



=== TEST 4: a client that leaves
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=d:1m rate=20r/m burst=3;
    log_format left "|$http_x_key $uri $status $request_time|";
_EOC_
--- config
access_log logs/left.log left;

location /t {
    gw_ratelimit zone=d delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /body {
    gw_ratelimit zone=d delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my ($what, %request) = @$_;

    [$what, sub {
        my ($name) = @_;

        my ($key) = GwTest::key_header($what) =~ /: (.*)/;

        my $before = arrived($request{uri}) + 1;

        is(http(%request, key => $what)->{code}, 200, "$name: the first");
        wait_for(sub { arrived($request{uri}) == $before });

        my $waiting = start(%request, key => $what);

        Time::HiRes::sleep(0.1);
        close $waiting->{conn}{socket};

        my $line = wait_for(sub {
            my ($found) = read_file('logs/left.log')
                          =~ /\|\Q$key\E \S+ (499 [\d.]+)\|/;

            $found;
        });

        like($line, qr/^499/, "$name: it is noticed");
        cmp_ok(($line =~ / (.*)/)[0] // 99, '<', 2, "$name: at once");
        is(arrived($request{uri}), $before, "$name: nothing is done for it");
    }]
} ['GET', uri => '/t'],
  ['POST', uri => '/body', method => 'POST', body => 'x' x 100000]),
['nginx serves on', as('z'), 200, 'passed'],



=== TEST 5: before_auth
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=d:1m rate=1r/s burst=3;
    gw_ratelimit_zone $http_x_key zone=e:1m rate=30r/m burst=3;
_EOC_
--- config
location /denied {
    deny all;
    gw_ratelimit zone=d delay=0 before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_ratelimit zone=d delay=0 before_auth;
    gw_ratelimit zone=e delay=0;
    try_files /nothing /target;
}

location /target {
    gw_ratelimit zone=d delay=0 before_auth;
    gw_ratelimit zone=e delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['held, then refused', sub {
    my ($name) = @_;

    my $began = now();
    my @res = map { burst(1, key => 'a', uri => '/denied') } 1, 2;

    is_deeply(codes(@res), { '403 passed' => 1, '403 delayed' => 1 }, $name);
    came($name, $res[1], $began, 1);
}],
['both hold, and nobody after the redirect', sub {
    my ($name) = @_;

    my $began = now();
    my @res = map { burst(1, key => 'b', uri => '/both') } 1, 2;

    is($res[0]{header}{'x-results'}, 'd=passed,e=passed', "$name: the first");
    is($res[1]{header}{'x-results'}, 'd=delayed,e=delayed', $name);
    like($_->{body}, qr{^GET /target}, "$name: gets there") for @res;
    came($name, $res[1], $began, 2);
}],
