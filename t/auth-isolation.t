# One request leaves no trace in the next.

use GwTest;

our %t = (
    alice   => jwt(alg => 'HS256', claims => { sub => 'alice' }),
    bob     => jwt(alg => 'HS256', claims => { sub => 'bob' }),
    bare    => jwt(alg => 'HS256', claims => { sub => undef }),
    expired => jwt(alg => 'HS256', claims => { sub => 'mallory',
                                               exp => $PAST }),
    bad     => jwt(alg => 'HS256', claims => { sub => 'mallory' },
                   signature => \&flip),
);

our $config = <<'_EOC_';
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
proxy_set_header X-User "$gw_jwt_status/$gw_jwt_claim_sub/$gw_jwt_header_alg";
proxy_http_version 1.1;
proxy_set_header Connection "";

location /t {
    gw_jwt api;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt api optional;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    gw_jwt api;
    gw_jwt_require_claim sub eq alice;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /forward {
    gw_jwt api token=$cookie_s;
    gw_jwt_forward off;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

# uri, token, code, status, what the service sees

our @steps = (
    ['/t', 'alice', 200, 'passed', 'passed/alice/HS256'],
    ['/t', undef, 401, 'missing'],
    ['/optional', undef, 200, 'missing', 'missing//'],
    ['/t', 'bob', 200, 'passed', 'passed/bob/HS256'],
    ['/off', undef, 200, 'off', 'off//'],
    ['/off', 'alice', 200, 'off', 'off//'],
    ['/t', 'expired', 401, 'expired'],
    ['/optional', undef, 200, 'missing', 'missing//'],
    ['/t', 'bare', 200, 'passed', 'passed//HS256'],
    ['/t', 'bad', 401, 'bad_signature'],
    ['/rule', 'bob', 403, 'refused'],
    ['/rule', 'alice', 200, 'passed', 'passed/alice/HS256'],
    ['/off', undef, 200, 'off', 'off//'],
    ['/rule', 'bob', 403, 'refused'],
    ['/optional', 'bob', 200, 'passed', 'passed/bob/HS256'],
    ['/rule', undef, 401, 'missing'],
    ['/optional', 'bad', 401, 'bad_signature'],
    ['/t', 'alice', 200, 'passed', 'passed/alice/HS256'],
    ['/none', undef, 404, 'off'],
    ['/t', undef, 401, 'missing'],
);


sub steps {
    my (%more) = @_;

    return map {
        my ($uri, $token, $code, $status, $user) = @$_;

        [join(' ', $uri, $token // 'none'),
         { uri => $uri, %more, $token ? (token => $t{$token}) : () },
         $code, $status,
         $user ? (body => qr/ user=\[\Q$user\E\]$/,
                  'WWW-Authenticate' => undef) : ()]
    } @_ ? @steps : ();
}


# Several requests in one packet, their responses in order.

sub pipelined {
    my ($name) = @_;

    my $bytes = join '', map {
        my ($uri, $token) = @$_;

        "GET $uri HTTP/1.1\r\nHost: localhost\r\n"
        . ($token ? "Authorization: Bearer $t{$token}\r\n" : '') . "\r\n"
    } @steps;

    my $res = http(raw => $bytes, conn => 'pipeline');

    for (@steps) {
        my ($uri, $token, $code, $status, $user) = @$_;
        my $what = join ' ', $name, $uri, $token // 'none';

        is($res->{code}, $code, "$what: code");
        is($res->{header}{'x-status'}, $status, "$what: status");
        like($res->{body}, qr/user=\[\Q$user\E\]$/, "$what: body") if $user;
        ok(!$res->{header}{'www-authenticate'}, "$what: no challenge")
            if $code == 200;
        is($res->{header}{'x-error'},
           $code == 401 || $code == 403 ? "$code $status" : undef,
           "$what: error");

        $res = GwTest::next_response('pipeline') unless \$_ == \$steps[-1];
    }
}


our $cookies = [map { my ($name) = $_;
    ["cookie of $name", { uri => '/forward', conn => 'c',
                          headers => ["Cookie: a=$name; s=$t{$name}"] },
     200, 'passed',
     body => qr{cookie=\[a=$name\] .*user=\[passed/$name/HS256\]}] }
    qw(alice bob alice bob)];

run_tests();

__DATA__

=== TEST 1: on connections of their own
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
steps(host => 'localhost')



=== TEST 2: on one connection
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
steps(conn => 'a'),
@$cookies,
steps(conn => 'a')



=== TEST 3: pipelined
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
['pipeline', \&pipelined],



=== TEST 4: over HTTP/2
--- http_config eval
"$GwTest::BACK
server {
    listen unix:\$TEST_NGINX_SOCK/h2.sock\$TEST_NGINX_H2;
    \$TEST_NGINX_H2_ON
    add_header X-Status \$gw_jwt_status always;
    add_header X-Error \$gw_error always;
    $::config
    location /none { root html; }
}
"
--- config
--- cases
steps(http2 => 1, socket => "$ENV{TEST_NGINX_SOCK}/h2.sock")



=== TEST 5: a request that is cut off
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
(map {
    my $bytes = $_;

    (
        ['cut off', sub {
            my $socket = GwTest::connection();

            syswrite $socket, $bytes;
            close $socket;
            pass($_[0]);
        }],
        ['none', {}, 401, 'missing'],
        ['alice', { token => $t{alice} }, 200, 'passed',
         body => qr{user=\[passed/alice/HS256\]}],
    )
} (
    "GET /t HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $t{bob}",
    "GET /t HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $t{bob}"
    . "\r\n\r\n",
    "POST /t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    . "Authorization: Bearer $t{bob}\r\n\r\nxyz",
    "POST /t HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nxyz",
)),
