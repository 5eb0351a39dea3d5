# Zones keyed by claims of verified tokens, with the modules loaded in either
# order.

use GwTest;
use GwLimit;

our $alice = jwt(alg => 'HS256');
our $flipped = jwt(alg => 'HS256', signature => \&flip);

our @orders = do {
    my @modules = split ' ', $ENV{TEST_NGINX_LOAD_MODULES};
    my ($auth) = grep { /gw_auth/ } @modules;
    my ($limit) = grep { /gw_ratelimit/ } @modules;

    ("$auth $limit", "$limit $auth", $limit);
};

add_block_preprocessor(sub {
    my ($block) = @_;

    $Test::Nginx::Util::LoadModules = $orders[$block->order // 0];
});

our $http_config = <<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK;
    gw_ratelimit_zone "$gw_jwt_claim_sub" zone=sub:1m rate=10r/h burst=2;
    gw_ratelimit_zone $gw_jwt_claim_tenant zone=tenant:1m rate=10r/h burst=2;

    map $gw_jwt_claim_plan $plan {
        default "";
        gold    "10r/h burst=4";
        lead    "10r/h burst=0";
    }
_EOC_

our $config = <<'_EOC_';
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt api;
    gw_ratelimit zone=tenant;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt api optional;
    gw_ratelimit zone=tenant;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /before {
    gw_jwt api;
    gw_ratelimit zone=tenant before_auth;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two {
    gw_jwt api;
    gw_ratelimit zone=five before_auth;
    gw_ratelimit zone=tenant;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /plan {
    gw_jwt api;
    gw_ratelimit zone=tenant rate=$plan;
    gw_ratelimit_headers ietf;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /cost {
    gw_jwt api;
    gw_ratelimit zone=tenant cost=$gw_jwt_claim_cost;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page {
    gw_jwt api;
    gw_ratelimit zone=tenant;
    error_page 429 @page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @page {
    gw_jwt off;
    proxy_set_header X-Seen "$gw_error/$gw_jwt_claim_tenant";
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_


# Cases: n requests of a tenant, whose name is another one in each round.

sub by {
    my ($name, $uri, $want, %arg) = @_;

    my $n = delete $arg{n} // 1;
    my @more = @{ delete $arg{expect} // [] };

    return map {
        my $what = "$name: $uri, $_";

        [$what, sub {
            my ($title) = @_;

            my ($round) = GwTest::key_header('') =~ /\.(\d+)$/;
            my $token = jwt(alg => 'HS256', %arg, claims => {
                tenant => "$name$round", %{ $arg{claims} // {} } });
            my ($code, $status) = split / /, $want, 2;

            GwTest::check($title, http(uri => $uri, token => $token,
                                       key => $name),
                          $code, $status, @more);
        }]
    } 1 .. $n;
}


sub cases {
    my @bad = ([signature => \&flip], [claims => { exp => $PAST }],
               [kid => 'nobody'], [key => 'oct48', kid => 'oct32'],
               [claims => { nbf => $FAR }]);

    my $any = qr/^401 \w+$/;

    return (
        by('a', '/t', '200 passed', n => 3,
           expect => ['X-Results' => 'tenant=passed']),
        by('a', '/t', '429 rejected',
           expect => [error => '429 ratelimit tenant',
                      'WWW-Authenticate' => undef,
                      'Content-Type' => 'application/problem+json']),
        by('b', '/t', '200 passed'),
        (map { by('c', '/t', '401 ', n => 2, @$_,
                  expect => [error => $any, 'X-Results' => undef,
                             'Retry-After' => undef,
                             json => { type => 'about:blank',
                                       status => 401 }]) } @bad),
        by('c', '/t', '200 passed', n => 3),
        by('c', '/t', '429 rejected'),
        (map { by('c', '/t', '401 ', @$_, expect => [error => $any]) } @bad),
        ['optional, none', '/optional', 200, '', 'X-Results' => undef],
        (map { ["optional, none, $_", '/optional', 200, ''] } 1 .. 5),
        by('d', '/optional', '200 passed', n => 3),
        by('d', '/optional', '429 rejected'),
        (map { by('d', '/optional', '401 ', @$_, expect => [error => $any]) }
             @bad),
        by('e', '/before', '200 ', n => 5,
           expect => ['X-Results' => undef]),
        (map { by('f', '/two', '401 passed', @$_,
                  expect => [error => $any, 'X-Results' => 'five=passed']) }
             @bad[0, 1]),
        by('f', '/two', '200 passed', n => 3,
           expect => ['X-Results' => 'five=passed,tenant=passed']),
        by('f', '/two', '429 rejected',
           expect => [error => '429 ratelimit five']),
        by('g', '/plan', '200 passed', claims => { plan => 'gold' },
           expect => ['RateLimit-Policy' => '"tenant";q=5;w=1800']),
        by('h', '/plan', '200 passed', claims => { plan => 'lead' },
           expect => ['RateLimit-Policy' => '"tenant";q=1;w=360']),
        by('h', '/plan', '429 rejected', claims => { plan => 'lead' }),
        by('i', '/plan', '200 passed',
           expect => ['RateLimit-Policy' => '"tenant";q=3;w=1080']),
        by('j', '/cost', '200 passed', claims => { cost => 2 },
           expect => ['X-Near' => qr/^tenant 3 1 /]),
        by('j', '/cost', '429 rejected', claims => { cost => 2 }),
        by('j', '/cost', '200 passed'),
        by('k', '/page', '200 passed', n => 3),
        by('k', '/page', '429 rejected',
           expect => [body => qr{x=\[429 ratelimit tenant/}]),
    );
}


run_tests();

__DATA__

=== TEST 1: the verifier is loaded first
--- order: 0
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
cases()



=== TEST 2: the verifier is loaded last
--- order: 1
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
cases()



=== TEST 3: an unverified claim is nobody's key
--- http_config eval: $::http_config
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /any {
    satisfy any;
    gw_jwt api token=$http_x_token;
    auth_basic "basic";
    auth_basic_user_file ../html/users;
    gw_ratelimit zone=sub;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_jwt off;
    gw_ratelimit zone=sub;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files
>>> users
u:{PLAIN}p
--- cases
do {
    my $basic = 'Authorization: Basic '
                . MIME::Base64::encode_base64('u:p', '');

    (
        (map { ["a bad token and the password, $_",
                { uri => '/any', headers => [$basic, "X-Token: $flipped"] },
                200, '', 'X-Results' => undef, error => undef] } 1 .. 5),
        (map { ["no verifier, $_", { uri => '/off', token => $alice }, 200,
                '', 'X-Results' => undef] } 1 .. 5),
    )
},



=== TEST 4: without the other module
--- order: 2
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /t {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'alone', as('a')),
rejected('alone', as('a'), 'one', error => '429 ratelimit one',
         'Content-Type' => 'application/problem+json'),
