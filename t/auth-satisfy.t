# satisfy all and any, with auth_basic, allow and deny, auth_request.

use GwTest;

our $good = jwt(alg => 'HS256');
our $bad = jwt(alg => 'HS256', signature => \&flip);
our $basic = 'Authorization: Basic ' . MIME::Base64::encode_base64('u:p', '');
our $wrong = 'Authorization: Basic ' . MIME::Base64::encode_base64('u:x', '');

our @preflight = (method => 'OPTIONS', uri => '/t');


# Both credentials: the token in a cookie.

sub with {
    my ($uri, $token, @headers) = @_;

    return { uri => $uri, headers => [
        (defined $token ? "Cookie: s=$token" : ()), @headers ] };
}


# The challenges of the response, by scheme.

sub challenges {
    my (@want) = @_;

    return sub {
        my ($res, $name) = @_;

        my @got = map { /^(\w+)/ } @{ $res->{headers}{'www-authenticate'}
                                      // [] };

        is_deeply([sort @got], [sort @want], "$name: challenges");
    };
}


our $files = ">>> users\nu:{PLAIN}p\n";

run_tests();

__DATA__

=== TEST 1: any, with auth_basic
--- http_config eval: $GwTest::BACK
--- user_files eval: $::files
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
satisfy any;
auth_basic "basic";
auth_basic_user_file ../html/users;

location /t {
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /header {
    gw_jwt "token";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    gw_jwt "token" token=$cookie_s;
    gw_jwt_require_claim scope has admin;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt "token" optional token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /service {
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK:/status/401;
}

location /service403 {
    gw_jwt "token" token=$cookie_s;
    gw_jwt_require_claim scope has admin;
    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK:/status/403;
}
--- cases
(map {
    my ($what, $token) = @$_;

    (
        ["who passes by the password with $what: the service's 401",
         with('/service', $token, $basic), 401, undef, error => undef,
         'WWW-Authenticate' => ['Basic realm="service"'],
         body => "the service says 401\n"],
        ["who passes by the password with $what: the service's 403",
         with('/service403', $token, $basic), 403, undef, error => undef,
         'WWW-Authenticate' => undef, body => "the service says 403\n"],
    )
} ['no token'], ['a bad token', $bad], ['a token', $good]),
['neither', with('/t'), 401, undef, then => challenges('Basic', 'Bearer')],
['neither: what they say', with('/t'), 401, undef, then => sub {
    my ($res, $name) = @_;

    is_deeply([sort @{ $res->{headers}{'www-authenticate'} }],
              ['Basic realm="basic"', 'Bearer realm="token"'], $name);
}],
['the token', with('/t', $good), 200, 'passed'],
['the password', with('/t', undef, $basic), 200, undef,
 error => undef],
['both', with('/t', $good, $basic), 200, undef,
 error => undef],
['a bad token and the password', with('/t', $bad, $basic), 200, undef,
 error => undef],
['the token and a wrong password', with('/t', $good, $wrong), 200,
 'passed'],
['a bad token', with('/t', $bad), 401, undef,
 then => challenges('Basic', 'Bearer')],
['a wrong password', with('/t', undef, $wrong), 401, undef,
 then => challenges('Basic', 'Bearer')],
['a bad token and a wrong password', with('/t', $bad, $wrong), 401, undef,
 then => challenges('Basic', 'Bearer')],
['in one field: neither', '/header', 401, undef,
 then => challenges('Basic', 'Bearer')],
['in one field: the token', { uri => '/header', token => $good }, 200,
 'passed'],
['in one field: the password', { uri => '/header', headers => [$basic] },
 200, undef],
['in one field: a bad token', { uri => '/header', token => $bad }, 401,
 undef, then => challenges('Basic', 'Bearer')],
['in one field: a wrong password', { uri => '/header', headers => [$wrong] },
 401, undef, then => challenges('Basic', 'Bearer')],
['a rule fails, no password', with('/rule', $good), 401, undef,
 then => sub {
     like(join("\n", @{ $_[0]{headers}{'www-authenticate'} }),
          qr/^Basic realm="basic"$/m, $_[1]);
 }],
['a rule fails, the password', with('/rule', $good, $basic), 200, undef],
['a rule holds', with('/rule', jwt(alg => 'HS256',
                                   claims => { scope => 'admin' })),
 200, 'passed'],
['optional without token grants nothing', with('/optional'), 401, undef,
 then => sub {
     like(join("\n", @{ $_[0]{headers}{'www-authenticate'} }),
          qr/^Basic realm="basic"$/m, $_[1]);
 }],
['optional without token, the password', with('/optional', undef, $basic),
 200, undef],
['optional with a token', with('/optional', $good), 200, 'passed'],
['optional with a bad token', with('/optional', $bad), 401, undef],



=== TEST 2: all, with auth_basic
--- http_config eval: $GwTest::BACK
--- user_files eval: $::files
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
auth_basic "basic";
auth_basic_user_file ../html/users;

location /t {
    gw_jwt "token" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt "token" optional token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['neither', with('/t'), 401, undef],
['both', with('/t', $good, $basic), 200, 'passed'],
['only the token: the challenge of the other', with('/t', $good), 401,
 undef, then => challenges('Basic'), error => undef,
 'Content-Type' => 'text/html'],
['the token and a wrong password', with('/t', $good, $wrong), 401, undef,
 then => challenges('Basic'), error => undef],
['only the password: our challenge', with('/t', undef, $basic), 401,
 'missing', then => challenges('Bearer')],
['a bad token and the password', with('/t', $bad, $basic), 401,
 'bad_signature', then => challenges('Bearer')],
['optional, none, the password', with('/optional', undef, $basic), 200,
 'missing'],
['optional, none, no password', with('/optional'), 401, undef,
 then => challenges('Basic'), error => undef],
['off, no password', with('/off'), 401, undef, then => challenges('Basic'),
 error => undef],
['off, the password', with('/off', undef, $basic), 200, 'off'],
['a preflight, no password', { @preflight, headers => [
    'Origin: x', 'Access-Control-Request-Method: GET'] }, 401, undef,
 then => challenges('Basic'), error => undef],



=== TEST 3: with allow and deny
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "token";

location /any/allowed {
    satisfy any;
    allow 127.0.0.1;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/denied {
    satisfy any;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/optional {
    gw_jwt "token" optional;
    satisfy any;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/rule {
    gw_jwt_require_claim scope has admin;
    satisfy any;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/off {
    gw_jwt off;
    satisfy any;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/alone {
    satisfy any;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any/alone/optional {
    gw_jwt "token" optional;
    satisfy any;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all/allowed {
    satisfy all;
    allow 127.0.0.1;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all/denied {
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['any, allowed, none', '/any/allowed', 200, undef],
['any, allowed, good', { uri => '/any/allowed', token => $good }, 200,
 undef],
['any, allowed, bad', { uri => '/any/allowed', token => $bad }, 200, undef],
['any, denied, none', '/any/denied', 401, 'missing',
 'WWW-Authenticate' => ['Bearer realm="token"']],
['any, denied, good', { uri => '/any/denied', token => $good }, 200,
 'passed', body => qr/^GET/, 'WWW-Authenticate' => undef],
['any, denied, bad', { uri => '/any/denied', token => $bad }, 401,
 'bad_signature'],
['any, denied, optional, none', '/any/optional', qr/^40[13]$/, undef,
 body => qr/^(?!GET)/],
['any, denied, optional, good', { uri => '/any/optional', token => $good },
 200, 'passed'],
['any, denied, a rule fails', { uri => '/any/rule', token => $good }, 403,
 undef],
['any, denied, off', { uri => '/any/off', token => $good }, 403, 'off',
 'WWW-Authenticate' => undef, error => undef],
['any, nobody else to ask, none', '/any/alone', 401, 'missing'],
['any, nobody else to ask, good', { uri => '/any/alone', token => $good },
 200, 'passed'],
['all, allowed, none', '/all/allowed', 401, 'missing'],
['all, allowed, good', { uri => '/all/allowed', token => $good }, 200,
 'passed'],
['all, denied, good', { uri => '/all/denied', token => $good }, 403, undef,
 'WWW-Authenticate' => undef, error => undef],
['all, denied, none', '/all/denied', qr/^40[13]$/, undef],
['any and a preflight', { @preflight, uri => '/any/allowed', headers => [
    'Origin: x', 'Access-Control-Request-Method: GET'] }, 200, undef],



=== TEST 4: with auth_request
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /any {
    gw_jwt "token";
    satisfy any;
    auth_request /check;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all {
    gw_jwt "token";
    auth_request /check;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /check {
    internal;

    if ($arg_ok) {
        return 204;
    }

    return 403;
}
--- cases
['any, neither', '/any', 401, undef,
 'WWW-Authenticate' => ['Bearer realm="token"']],
['any, the token', { uri => '/any', token => $good }, 200, 'passed'],
['all, the token only', { uri => '/all', token => $good }, 403, undef,
 'WWW-Authenticate' => undef, error => undef],
['all, neither', '/all', qr/^40[13]$/, undef],
