# gw_concurrency: requests in flight, counted by key.

use GwTest;
use GwLimit;
use GwMaster;
use IO::Select;

worker_connections(1024);

add_block_preprocessor(sub {
    my ($block) = @_;

    my $n = $block->workers // 0;

    $n ? master_on() : master_off();
    workers($n || 1);
});

our $zones = <<'_EOC_' . $GwLimit::BACK;
    gw_concurrency_zone $http_x_key zone=c:1m;
    gw_concurrency_zone $http_x_other zone=other:1m;
    gw_ratelimit_zone $http_x_key zone=three:1m rate=10r/h burst=2;
    gw_ratelimit_zone $http_x_key zone=one:1m rate=10r/h;
_EOC_


# So many requests that wait for an answer: pairs of what start() and held()
# gave.

sub flying {
    my ($n, @request) = @_;

    return map { my $client = start(@request); [$client, held()] } 1 .. $n;
}


# Lets them go; their codes and statuses.  A worker has counted them out when
# it closes their connections: another one may be asked before.

sub landed {
    my $codes = codes(map {
        let_go($_->[1]);
        finish($_->[0]);
    } @_);

    for my $socket (map { $_->[0]{conn}{socket} } @_) {
        while (IO::Select->new($socket)->can_read(5)) {
            sysread $socket, my $rest, 4096 or last;
        }
    }

    return $codes;
}


# Whether a request of that kind would wait, that is, passes.

sub passing {
    my ($name, @request) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $client = start(@request);
    my $held = held();

    ok($held, "$name: passes");
    let_go($held) if $held;

    my $res = finish($client);

    is($res->{header}{'x-status'}, 'passed', "$name: status");
    is($res->{code}, 200, "$name: code");

    return $res;
}


# That it is rejected.

sub failing {
    my ($name, @request) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $res = http(@request);

    is($res->{code}, 429, "$name: rejected");
    is($res->{header}{'x-status'}, 'rejected', "$name: status");
    is($res->{header}{'x-error'}, '429 ratelimit c', "$name: error");

    return $res;
}


# Waits until one more is admitted.

sub freed {
    my ($name, @request) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    ok(wait_for(sub {
        my $client = start(@request);

        # it gets there, or is rejected

        IO::Select->new($GwLimit::listen, $client->{conn}{socket})
                  ->can_read(5);
        let_go(held(0));

        return (finish($client)->{code} // 0) == 200;
    }, 10), "$name: it is free again");
}


run_tests();

__DATA__

=== TEST 1: so many at a time
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
gw_ratelimit_headers ietf;

location /t {
    gw_concurrency zone=c limit=3;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /one {
    gw_concurrency zone=c limit=1;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /quick {
    gw_concurrency zone=c limit=1;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['three', sub {
    my ($name) = @_;

    my @three = flying(3, key => 'a');
    my $res = failing("$name: the fourth", key => 'a');

    is($res->{header}{'ratelimit-policy'},
       '"c";q=3;qu="concurrent-requests"', "$name: policy");
    like($res->{header}{ratelimit}, qr/^"c";r=0;t=\d+$/, "$name: r");
    like($res->{header}{'retry-after'}, qr/^[1-9]\d*$/, "$name: Retry-After");
    like($res->{header}{'content-type'}, qr{^application/problem\+json$},
         "$name: the answer");
    is(eval { unjson($res->{body})->{'violated-policies'}[0] }, 'c',
       "$name: the answer's policy");
    failing("$name: the fifth", key => 'a');
    passing("$name: another key", key => 'b');

    is_deeply(landed(shift @three), { '200 passed' => 1 },
              "$name: one is answered");

    my $last = passing("$name: there is room for one", key => 'a');

    like($last->{header}{ratelimit}, qr/^"c";r=0;t=\d+$/, "$name: r of it");
    is($last->{header}{'retry-after'}, undef, "$name: no Retry-After");

    push @three, flying(1, key => 'a');
    failing("$name: full again", key => 'a');
    is_deeply(landed(@three), { '200 passed' => 3 }, "$name: all");
}],
['r', sub {
    my ($name) = @_;

    my @got;
    my @flying;

    for (1 .. 3) {
        push @flying, flying(1, key => 'r');
    }

    @got = map { let_go($_->[1]); finish($_->[0])->{header}{'x-near'} }
               @flying;
    is_deeply([map { /^c 3 (\d) \d+$/ ? $1 : $_ } @got], [2, 1, 0], $name);
}],
['no key: no limit', sub {
    my ($name) = @_;

    my @many = flying(5, uri => '/one');

    is_deeply(landed(@many), { '200 -' => 5 }, $name);
}],
['one limit of a rule, the zone is shared', sub {
    my ($name) = @_;

    my @two = flying(2, key => 's');

    failing("$name: one is too many", key => 's', uri => '/one');
    passing("$name: but not there", key => 's');
    is_deeply(landed(@two), { '200 passed' => 2 }, $name);
    passing("$name: none is left", key => 's', uri => '/one');
}],
['one after the other', sub {
    my ($name) = @_;

    my @res = map { http(key => 'q', uri => '/quick') } 1 .. 50;

    is_deeply(codes(@res), { '200 passed' => 50 }, $name);
    @res = map { http(key => 'q', uri => '/quick', conn => 'k') } 1 .. 50;
    is_deeply(codes(@res), { '200 passed' => 50 },
              "$name: of one connection");
}],
['rejected ones are not counted', sub {
    my ($name) = @_;

    my @three = flying(3, key => 'n');

    failing("$name, $_", key => 'n') for 1 .. 5;
    landed(@three);
    @three = flying(3, key => 'n');
    failing($name, key => 'n');
    is_deeply(landed(@three), { '200 passed' => 3 }, "$name: all");
}],



=== TEST 2: until the client has got its answer
--- http_config eval: $::zones
--- post_setup_server_root eval
$GwLimit::LISTEN . <<'_EOC_'
mkdir "$ENV{TEST_NGINX_SOCK}/../html";
open my $large, '>', "$ENV{TEST_NGINX_SOCK}/../html/large" or die;
truncate $large, 64 * 1024 * 1024;
_EOC_
--- config
location /t {
    gw_concurrency zone=c limit=1;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /large {
    gw_concurrency zone=c limit=1;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /ignore {
    gw_concurrency zone=c limit=1;
    proxy_ignore_client_abort on;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /body {
    gw_concurrency zone=c limit=1;
    proxy_request_buffering off;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /gone {
    gw_concurrency zone=c limit=1;
    proxy_read_timeout 200ms;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /refused {
    gw_concurrency zone=c limit=1;
    proxy_pass http://unix:$TEST_NGINX_SOCK/nobody.sock;
}
--- log_allows: crit
--- cases
['a client that reads slowly', sub {
    my ($name) = @_;

    my $slow = start(key => 'a', uri => '/large');

    IO::Select->new($slow->{conn}{socket})->can_read(5);
    failing($name, key => 'a');
    close $slow->{conn}{socket};
    freed("$name: it left", key => 'a');
}],
['a client that leaves', sub {
    my ($name) = @_;

    my ($one) = flying(1, key => 'b');

    failing($name, key => 'b');
    close $one->[0]{conn}{socket};
    freed($name, key => 'b');
    let_go($one->[1]);
    passing("$name: counted out once", key => 'b');
}],
['a client that leaves, but the service is waited for', sub {
    my ($name) = @_;

    my ($one) = flying(1, key => 'i', uri => '/ignore');

    close $one->[0]{conn}{socket};
    Time::HiRes::sleep(0.1);
    failing($name, key => 'i');
    let_go($one->[1]);
    freed($name, key => 'i');
}],
['a service that does not answer', sub {
    my ($name) = @_;

    is(http(key => 'c', uri => '/gone')->{code}, 504, "$name: $_") for 1, 2;
    held(0) for 1, 2;
    passing($name, key => 'c');
}],
['no service', sub {
    my ($name) = @_;

    is(http(key => 'd', uri => '/refused')->{code}, 502, "$name: $_")
        for 1 .. 3;
    passing($name, key => 'd');
}],
['a bad body', sub {
    my ($name) = @_;

    my $line = GwTest::key_header('e');
    my $bad = start(raw => "POST /body HTTP/1.1\r\nHost: a\r\n$line\r\n"
                           . "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
    my $held = held(0.3);

    is(finish($bad)->{code}, 400, "$name: it is refused");

    # nginx lingers until the client closes too

    close $bad->{conn}{socket};
    undef $held;
    freed($name, key => 'e');
}],



=== TEST 3: redirects and subrequests
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- user_files
>>> ssi.html
<!--# include virtual="/part" -->
>>> 429.html
slow down
--- config
location /t {
    gw_concurrency zone=c limit=2;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /try {
    gw_concurrency zone=c limit=2;
    try_files /none.txt /t;
}

location /free {
    try_files /none.txt /t;
}

location /away {
    gw_concurrency zone=c limit=2;
    try_files /none.txt /unlimited;
}

location /failed {
    gw_concurrency zone=c limit=2;
    proxy_intercept_errors on;
    error_page 404 = /t;
    proxy_pass http://$TEST_NGINX_BACK:/status/404;
}

location /unlimited {
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /page {
    gw_concurrency zone=c limit=2;
    error_page 429 /429.html;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /429.html {
    gw_concurrency zone=c limit=1;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /ssi.html {
    ssi on;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /part {
    gw_concurrency zone=c limit=1;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /mirrored {
    gw_concurrency zone=c limit=1;
    mirror /mirror;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /mirror {
    internal;
    gw_concurrency zone=c limit=1;
    proxy_pass http://$TEST_NGINX_BACK:/mirror;
}
--- cases
(map {
    my $uri = $_;

    [$uri, sub {
        my ($name) = @_;

        my @two = flying(2, key => $uri, uri => $uri);

        failing("$name: counted once", key => $uri, uri => $uri);
        is_deeply(landed(@two), { '200 passed' => 2 }, "$name: all");
        @two = flying(2, key => $uri, uri => $uri);
        is_deeply(landed(@two), { '200 passed' => 2 }, "$name: counted out");
    }]
} qw(/t /try /free /away /failed)),
['the page of a rejection', sub {
    my ($name) = @_;

    my @two = flying(2, key => 'p', uri => '/page');

    is(failing($name, key => 'p', uri => '/page')->{body}, "slow down\n",
       "$name: page");
    is_deeply(landed(@two), { '200 passed' => 2 }, "$name: all");
    @two = flying(2, key => 'p', uri => '/page');
    is_deeply(landed(@two), { '200 passed' => 2 }, "$name: counted out");
}],
['a part is not counted', sub {
    my ($name) = @_;

    my @three = flying(3, key => 's', uri => '/ssi.html');

    is_deeply(landed(@three), { '200 -' => 3 }, $name);
}],
(map { ["mirror, $_", as('m', '/mirrored'), 200, 'passed'] } 1 .. 5),



=== TEST 4: beside rates
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
gw_concurrency zone=c limit=2;

location /rate {
    gw_ratelimit zone=three;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /quick {
    gw_ratelimit zone=three;
    gw_concurrency off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /one {
    gw_ratelimit zone=one;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /off {
    gw_concurrency off;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /two {
    gw_concurrency zone=c limit=2;
    gw_concurrency zone=other limit=1;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /denied {
    deny all;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /t {
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
--- cases
['what was taken is returned', sub {
    my ($name) = @_;

    my @two = flying(2, key => 'a');

    for (1 .. 5) {
        my $res = failing("$name, $_", key => 'a', uri => '/rate');

        like($res->{header}{'x-results'},
             qr/^(?:c=rejected|c=rejected,three=passed|three=passed,c=rejected)$/,
             "$name, $_: results");
    }

    my @res = map { http(key => 'a', uri => '/quick') } 1 .. 4;

    is_deeply(codes(@res), { '200 passed' => 3, '429 rejected' => 1 },
              "$name: all of it");
    landed(@two);
}],
['who is rejected by a rate is not in flight', sub {
    my ($name) = @_;

    landed(flying(1, key => 'b', uri => '/one'));
    is(http(key => 'b', uri => '/one')->{code}, 429, "$name, $_") for 1 .. 4;

    my @two = flying(2, key => 'b');

    is_deeply(landed(@two), { '200 passed' => 2 }, $name);
}],
['who is refused is not in flight', sub {
    my ($name) = @_;

    my @two = flying(2, key => 'c');

    is(http(key => 'c', uri => '/denied')->{code}, 403, $name);
    landed(@two);
    @two = flying(2, key => 'c');
    is_deeply(landed(@two), { '200 passed' => 2 }, "$name: all");
}],
['off', sub {
    my ($name) = @_;

    is_deeply(landed(flying(4, key => 'd', uri => '/off')), { '200 -' => 4 },
              $name);
}],
['two zones', sub {
    my ($name) = @_;

    my @other = (headers => [GwTest::key_header('o') =~ s/X-Key/X-Other/r]);
    my ($one) = flying(1, key => 'e', uri => '/two', @other);
    my $res = http(key => 'e', uri => '/two', @other);

    is($res->{code}, 429, $name);
    is($res->{header}{'x-results'}, 'c=passed,other=rejected',
       "$name: results");

    # what the first had counted in is free again

    passing("$name: the first", key => 'e', uri => '/two', headers => [
                GwTest::key_header('p') =~ s/X-Key/X-Other/r]);
    landed($one);
}],



=== TEST 5: limits that are variables
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
location /t {
    gw_concurrency zone=c limit=$http_x_limit;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
--- cases
['as the variable says', sub {
    my ($name) = @_;

    my @one = flying(1, key => 'a', headers => ['X-Limit: 5']);

    failing("$name: 1", key => 'a', headers => ['X-Limit: 1']);
    push @one, flying(1, key => 'a', headers => ['X-Limit: 2']);
    failing("$name: 2", key => 'a', headers => ['X-Limit: 2']);
    passing("$name: 3", key => 'a', headers => ['X-Limit: 3']);
    passing("$name: 1000000", key => 'a', headers => ['X-Limit: 1000000']);
    is_deeply(landed(@one), { '200 passed' => 2 }, "$name: all");
}],
(map {
    my $limit = $_;

    ["no limit: $limit", sub {
        my ($name) = @_;

        my $before = grep { /\[warn\]/ } log_lines();
        my @three = flying(3, key => $limit, headers => ["X-Limit: $limit"]);
        my @warn = grep { /\[warn\]/ } log_lines();

        is(scalar @warn, $before + 3, "$name: warnings");
        like($warn[-1], qr/"\Q$limit\E"/, "$name: the value");

        # they do not count for others

        passing("$name: not counted", key => $limit,
                headers => ['X-Limit: 1']);
        is(scalar keys %{ landed(@three) }, 1, $name);
    }]
} '', '0', '-1', 'abc', '1.5', '1000001', '99999999999999999999'),



=== TEST 6: dry_run
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
location /t {
    gw_concurrency zone=c limit=1 dry_run;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /real {
    gw_concurrency zone=c limit=3;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
--- cases
['it never rejects', sub {
    my ($name) = @_;

    my @many = flying(2, key => 'a');

    is_deeply(landed(@many),
              { '200 passed' => 1, '200 dry_run_rejected' => 1 }, $name);
    is_deeply(landed(flying(1, key => 'a')), { '200 passed' => 1 },
              "$name: counted out");
    ok(scalar grep({ /\[warn\].*\bdry run\b.*"c"/ } log_lines()),
       "$name: in the log");
}],



=== TEST 7: HTTP/2
--- http_config eval
$::zones . <<'_EOC_'

    server {
        listen unix:$TEST_NGINX_SOCK/h2.sock$TEST_NGINX_H2;
        listen 127.0.0.1:$TEST_NGINX_PORT_1$TEST_NGINX_H2;
        $TEST_NGINX_H2_ON
_EOC_
    . $GwLimit::PREAMBLE . <<'_EOC_'

        location /t {
            gw_concurrency zone=c limit=2;
            proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
        }
    }
_EOC_
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
location /t {
    gw_concurrency zone=c limit=2;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
--- cases
['streams of one connection', sub {
    my ($name) = @_;

    my $url = "http://127.0.0.1:$ENV{TEST_NGINX_PORT_1}/t";

    open my $out, '-|', 'nghttp', '-nv', '-m', 3, '-H',
                  GwTest::key_header('a'), $url or die "nghttp: $!";

    my @two = (held(), held());

    is(scalar(grep { defined } @two), 2, "$name: two pass");
    is(held(0.3), undef, "$name: one does not");
    failing("$name: nor another's", key => 'a');
    let_go(@two);

    my @codes = map { / recv \(stream_id=\d+\) :status: (\d+)/ } <$out>;

    is_deeply([sort @codes], [200, 200, 429], "$name: codes");
    passing("$name: counted out", key => 'a');
}],
['a client that is killed', sub {
    my ($name) = @_;

    my $pid = open my $out, '-|', 'nghttp', '-n', '-H',
                   GwTest::key_header('b'), '-m', 2,
                   "http://127.0.0.1:$ENV{TEST_NGINX_PORT_1}/t" or die;
    my @two = (held(), held());

    failing($name, key => 'b');
    kill KILL => $pid;
    close $out;
    freed($name, key => 'b');
    let_go(@two);
}],



=== TEST 8: two workers, one of which dies
--- workers: 2
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
location /t {
    gw_concurrency zone=c limit=4;
    proxy_set_header X-Worker $pid;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
--- log_allows: alert
--- cases
['its requests are free', sub {
    my ($name) = @_;

    my (@flying, %of);

    # until both have some

    for my $try (1 .. 100) {
        my ($one) = flying(1, key => $try % 2 ? 'a' : 'b');
        my ($pid) = ($one->[1]{head} // '') =~ /^X-Worker: (\d+)/m or last;

        if (@{ $of{$pid} // [] } < 2) {
            $one->[2] = $try % 2 ? 'a' : 'b';
            push @{ $of{$pid} }, $one;

        } else {
            landed($one);
        }

        last if keys %of == 2 && 4 == map { @$_ } values %of;
    }

    my ($victim, $other) = sort keys %of;

    is(scalar keys %of, 2, "$name: two workers") or return;

    # "c": all of the victim's; "d": all of the other's

    kill KILL => $victim;
    wait_for(sub { !-d "/proc/$victim" && @{[workers_now()]} == 2 }, 5);
    is($_->[0] ? finish($_->[0])->{code} : undef, undef,
       "$name: its clients are alone") for @{ $of{$victim} };

    my %left;

    $left{$_->[2]}++ for @{ $of{$other} };

    for my $key ('a', 'b') {
        my $n = $left{$key} // 0;
        my @more = flying(4 - $n, key => $key);

        is(scalar(grep { $_->[1] } @more), 4 - $n,
           "$name: $key: as many as died are admitted");
        failing("$name: $key: those of the other still count", key => $key);
        is_deeply(landed(@more), { '200 passed' => 4 - $n }, "$name: $key")
            if @more;
    }

    is_deeply(landed(@{ $of{$other} }), { '200 passed' => 2 },
              "$name: the other's are answered");

    my @four = flying(4, key => 'a');

    failing("$name: nothing is left of them", key => 'a');
    is_deeply(landed(@four), { '200 passed' => 4 }, "$name: four");
}],



=== TEST 9: reload
--- workers: 2
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
location /t {
    gw_concurrency zone=c limit=3;
    proxy_set_header X-Worker $pid;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
--- cases
['requests of old workers count', sub {
    my ($name) = @_;

    my @old = workers_now();
    my @two = flying(2, key => 'a');

    reload();

    # the third is a new worker's

    my ($third, $pid);

    for (1 .. 100) {
        ($third) = flying(1, key => 'a');
        ($pid) = ($third->[1]{head} // '') =~ /^X-Worker: (\d+)/m or last;
        last unless grep { $_ == $pid } @old;

        landed($third);
        Time::HiRes::sleep(0.05);
    }

    failing($name, key => 'a');
    is_deeply(landed(@two), { '200 passed' => 2 }, "$name: they are answered");
    renewed($name, @old);

    my @more = flying(2, key => 'a');

    failing("$name: the new one's still counts", key => 'a');
    is_deeply(landed($third, @more), { '200 passed' => 3 }, "$name: all");
}],



=== TEST 10: before many at once, of two workers
--- workers: 2
--- http_config eval: $::zones
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
location /t {
    gw_concurrency zone=c limit=7;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}
--- cases
['never more than the limit', sub {
    my ($name) = @_;

    my @clients = map { start(key => 'a') } 1 .. 30;
    my @held = map { held() } 1 .. 7;

    is(scalar(grep { defined } @held), 7, "$name: the limit");
    is(held(0.2), undef, "$name: no more");
    let_go(@held);
    is_deeply(codes(map { finish($_) } @clients),
              { '200 passed' => 7, '429 rejected' => 23 }, $name);
}],



=== TEST 11: a full zone
--- http_config eval
<<'_EOC_'
    gw_concurrency_zone $http_x_key zone=c:32k;
_EOC_
--- post_setup_server_root eval: $GwLimit::LISTEN
--- config
location /t {
    gw_concurrency zone=c limit=1;
    proxy_pass http://unix:$TEST_NGINX_SOCK/held.sock;
}

location /quick {
    gw_concurrency zone=c limit=1;
    try_files /none.txt =204;
}

location /body {
    gw_concurrency zone=c limit=2;
    proxy_pass http://unix:$TEST_NGINX_SOCK/nobody.sock;
}
--- cases
['keys that have nothing in flight go', sub {
    my ($name) = @_;

    my @one = flying(1, key => 'held');
    my %n;

    $n{http(key => "k$_", uri => '/quick', conn => 'q')->{code}}++
        for 1 .. 1500;

    is_deeply(\%n, { 204 => 1500 }, "$name: all pass");
    failing("$name: who is in flight stays", key => 'held');
    is_deeply(landed(@one), { '200 passed' => 1 }, $name);
}],
['full of requests in flight', sub {
    my ($name) = @_;

    # requests whose bodies do not come, until one is rejected

    my (@flying, $res);

    for my $n (1 .. 900) {
        my $one = start(key => "b$n", uri => '/body', method => 'POST',
                        headers => ['Content-Length: 5']);

        if (IO::Select->new($one->{conn}{socket})->can_read(0.01)) {
            $res = finish($one);
            last;
        }

        push @flying, $one;
    }

    ok($res, "$name: there is an end") or return;
    cmp_ok(scalar @flying, '>', 100, "$name: not so soon");
    is($res->{code}, 429, "$name: rejected");
    is($res->{header}{'x-status'}, 'error', "$name: status");
    is($res->{header}{'x-results'}, 'c=error', "$name: results");
    is($res->{header}{'x-error'}, '429 ratelimit c', "$name: error");
    like($res->{header}{'retry-after'}, qr/^[1-9]\d*$/, "$name: Retry-After");

    # who is in flight stays so

    my $again = http(key => 'b1', uri => '/quick');

    is($again->{header}{'x-status'}, 'rejected', "$name: the first");
    is(http(uri => '/quick')->{code}, 204, "$name: no key, no limit");

    close $_->{conn}{socket} for @flying;
    ok(wait_for(sub { http(key => 'new', uri => '/quick')->{code} == 204 }, 3),
       "$name: when they have gone there is room");
}],
