# HTTP/2, by curl, and by nghttp where frames or bodies are looked at.

use GwTest;
use GwLimit;

our $socket = "$ENV{TEST_NGINX_SOCK}/h2.sock";
our $url = "http://127.0.0.1:$ENV{TEST_NGINX_PORT_1}";


sub h2 {
    my ($key, $uri, @more) = @_;

    return as($key, $uri, http2 => 1, socket => $socket, @more);
}


# The responses to requests that nghttp sends on one connection, by stream:
# headers; "end" is the kind of frame that ended it.

sub nghttp {
    my (@args) = @_;

    open my $out, '-|', 'nghttp', '-nv', @args or die "nghttp: $!";

    my (%streams);

    for (<$out>) {
        if (/ recv \(stream_id=(\d+)\) ([^ ]+): (.*)$/) {
            $streams{$1}{$2} = $3;

        } elsif (/ recv (\w+) frame <length=\d+, flags=0x(\w+), stream_id=(\d+)/
                 && $streams{$3})
        {
            $streams{$3}{end} = $1 if $1 ne 'RST_STREAM' && hex($2) & 1;
        }
    }

    return map { $streams{$_} } sort { $a <=> $b } keys %streams;
}


our $http_config = $GwLimit::ZONES . $GwLimit::BACK . <<'_EOC_'
    gw_ratelimit_zone $http_x_key zone=d:1m rate=2r/s burst=3;

server {
    listen unix:$TEST_NGINX_SOCK/h2.sock$TEST_NGINX_H2;
    listen 127.0.0.1:$TEST_NGINX_PORT_1$TEST_NGINX_H2;
    $TEST_NGINX_H2_ON

    gw_ratelimit_headers both;
_EOC_
    . $GwLimit::PREAMBLE . <<'_EOC_';

    location /t {
        gw_ratelimit zone=three;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /before {
        gw_ratelimit zone=three before_auth;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /delay {
        gw_ratelimit zone=d delay=0;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /page {
        gw_ratelimit zone=one;
        error_page 429 /429.html;
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /429.html {
        root $TEST_NGINX_SERVER_ROOT/html;
    }
}
_EOC_

run_tests();

__DATA__

=== TEST 1: as with HTTP/1
--- http_config eval: $::http_config
--- user_files
>>> 429.html
slow down
--- config
--- cases
passes(3, 'a burst', h2('a'), 'RateLimit-Policy' => '"three";q=3;w=1080',
       'X-RateLimit-Limit' => '3', body => qr/^GET/),
rejected('rejected', h2('a'), 'three', 'Retry-After' => about(360),
         'RateLimit' => qr/^"three";r=0;t=3[56]\d$/,
         'Content-Type' => 'application/problem+json',
         json => { 'violated-policies' => ['three'] }),
rejected('HEAD', h2('a', '/t', method => 'HEAD'), 'three', body => ''),
passes(3, 'before_auth', h2('b', '/before')),
rejected('before_auth', h2('b', '/before'), 'three'),
passes(1, 'an error_page', h2('c', '/page')),
rejected('an error_page', h2('c', '/page'), 'one', body => "slow down\n"),
passes(1, 'the first is not held', h2('d', '/delay')),
['the second is', h2('d', '/delay'), 200, 'delayed', body => qr/^GET/],



=== TEST 2: streams of one connection
--- http_config eval: $::http_config
--- config
--- cases
['many streams at once', sub {
    my ($name) = @_;

    my @res = nghttp('-H', GwTest::key_header('a'), '-m', 6, "$url/t");

    my %n;

    $n{join ' ', @$_{qw(:status x-status)}}++ for @res;
    is_deeply(\%n, { '200 passed' => 3, '429 rejected' => 3 }, $name);
    is(scalar(grep { $_->{end} } @res), 6, "$name: all streams end");
}],
['many at once, held', sub {
    my ($name) = @_;

    my $began = now();
    my @res = nghttp('-H', GwTest::key_header('b'), '-m', 6, "$url/delay");

    my %n;

    $n{join ' ', @$_{qw(:status x-status)}}++ for @res;
    is_deeply(\%n, { '200 passed' => 1, '200 delayed' => 3,
                     '429 rejected' => 2 }, $name);
    cmp_ok(now() - $began, '>=', 1.48, "$name: so long");
}],
['a POST that is rejected', sub {
    my ($name) = @_;

    write_file('logs/body', 'x' x 100000);

    my @args = ('-H', GwTest::key_header('c'), '-d',
                "$ENV{TEST_NGINX_SOCK}/body", "$url/t");

    nghttp(@args) for 1 .. 3;

    my ($res) = nghttp(@args);

    is($res->{':status'}, 429, $name);
    is($res->{'x-status'}, 'rejected', "$name: status");
}],



=== TEST 3: gRPC
--- http_config eval: $::http_config
--- config
--- cases
['trailers only', sub {
    my ($name) = @_;

    write_file('logs/body', "\0\0\0\0\0");

    my @args = ('-H', GwTest::key_header('g'), '-H',
                'content-type: application/grpc', '-H', 'te: trailers',
                '-d', "$ENV{TEST_NGINX_SOCK}/body", "$url/t");

    my ($res) = (map { nghttp(@args) } 1 .. 3)[-1];

    is($res->{':status'}, 200, "$name: passed");
    is($res->{'x-status'}, 'passed', "$name: passed");
    is($res->{'grpc-status'}, undef, "$name: passed");

    ($res) = nghttp(@args);

    is($res->{':status'}, 200, $name);
    is($res->{'grpc-status'}, 8, "$name: grpc-status");
    is($res->{'content-type'}, 'application/grpc', "$name: content-type");
    is($res->{'content-length'} // 0, 0, "$name: no body");
    is($res->{end}, 'HEADERS', "$name: one frame");
    like($res->{'retry-after'}, about(360), "$name: Retry-After");
    is($res->{'x-error'}, '429 ratelimit three', "$name: error");
}],



=== TEST 4: a client that leaves
--- http_config eval
$::http_config . <<'_EOC_'
    log_format left "|$http_x_key $status|";
    gw_ratelimit_zone $http_x_key zone=long:1m rate=20r/m burst=3;

    server {
        listen unix:$TEST_NGINX_SOCK/left.sock$TEST_NGINX_H2;
        $TEST_NGINX_H2_ON
        access_log logs/left.log left;

        location /t {
            gw_ratelimit zone=long delay=0;
            proxy_pass http://$TEST_NGINX_BACK;
        }
    }
_EOC_
--- config
--- cases
['it is noticed', sub {
    my ($name) = @_;

    my ($key) = GwTest::key_header('a') =~ /: (.*)/;
    my %request = (%{ h2('a') }, socket => "$ENV{TEST_NGINX_SOCK}/left.sock");
    my $before = arrived('/t');

    is(http(%request)->{code}, 200, "$name: the first");
    is(http(%request, wait => 1)->{code}, undef, "$name: the second leaves");

    ok(wait_for(sub {
        read_file('logs/left.log') =~ /\|\Q$key\E 499\|/
    }), $name);
    is(arrived('/t'), $before + 1, "$name: nothing is done for it");
}],
