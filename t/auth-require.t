# gw_jwt_require: values that must be neither empty nor "0".

use GwTest;

our $good = jwt(alg => 'HS256');


sub t {
    my ($uri, %claims) = @_;

    return { uri => $uri, token => jwt(alg => 'HS256', claims => \%claims) };
}


run_tests();

__DATA__

=== TEST 1: values
--- http_config eval: $GwTest::BACK
--- config
gw_jwt "api";
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt_require $gw_jwt_claim_admin;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /arg {
    gw_jwt_require $arg_v;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /text {
    gw_jwt_require 1 yes "$arg_v$gw_jwt_claim_admin";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /never {
    gw_jwt_require 0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /empty {
    gw_jwt_require "";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['a string', t('/t', admin => 'yes'), 200, 'passed'],
['one', t('/t', admin => 1), 200, 'passed'],
['absent', t('/t'), 403, 'refused'],
['zero', t('/t', admin => 0), 403, 'refused'],
['the string "0"', t('/t', admin => '0'), 403, 'refused'],
['an empty string', t('/t', admin => ''), 403, 'refused'],
['an empty array', t('/t', admin => []), 403, 'refused'],
['no token', '/t', 401, 'missing'],
['a bad token', { uri => '/t', token => jwt(alg => 'HS256',
                                            claims => { admin => 1 },
                                            signature => \&flip) },
 401, 'bad_signature'],
['of the request', t('/arg?v=1'), 200, 'passed'],
['of the request, "00"', t('/arg?v=00'), 200, 'passed'],
['of the request, "0.0"', t('/arg?v=0.0'), 200, 'passed'],
['of the request, "0"', t('/arg?v=0'), 403, 'refused'],
['of the request, empty', t('/arg?v='), 403, 'refused'],
['of the request, absent', t('/arg'), 403, 'refused'],
['three values, the third from the token', t('/text', admin => 'x'), 200,
 'passed'],
['three values, the third from the request', t('/text?v=1'), 200, 'passed'],
['three values, the third "0"', t('/text?v=0'), 403, 'refused'],
['three values, the third empty', t('/text'), 403, 'refused'],
['a constant 0', t('/never'), 403, 'refused'],
['a constant empty value', t('/empty'), 403, 'refused'],



=== TEST 2: with map, several and error=
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    map $gw_jwt_claim_plan $paid {
        default 0;
        gold    1;
        silver  1;
    }

    map "$request_method:$gw_jwt_claim_role" $may {
        ~^GET:     1;
        POST:admin 1;
    }
_EOC_
--- config
gw_jwt "api";
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt_require $paid;
    gw_jwt_require $may error=401;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_jwt_require $paid $may;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /order {
    gw_jwt_require $may error=401;
    gw_jwt_require $paid error=403;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['both hold', t('/t', plan => 'gold'), 200, 'passed'],
['the first fails', t('/t', plan => 'free'), 403, 'refused',
 'WWW-Authenticate' => qr/error="insufficient_scope"/],
['the second fails',
 { %{ t('/t', plan => 'gold') }, method => 'POST', body => '' }, 401,
 'refused', 'WWW-Authenticate' => qr/^Bearer realm="api", error="/],
['both fail', { %{ t('/t') }, method => 'POST', body => '' }, 403,
 'refused'],
['both fail, the other first', { %{ t('/order') }, method => 'POST',
                                 body => '' }, 401, 'refused'],
['POST by an admin', { %{ t('/t', plan => 'gold', role => 'admin') },
                       method => 'POST', body => '' }, 200, 'passed'],
['in one directive', t('/both', plan => 'silver'), 200, 'passed'],
['in one directive, the first fails', t('/both', plan => 'x'), 403,
 'refused'],
['in one directive, the second fails',
 { %{ t('/both', plan => 'gold') }, method => 'POST', body => '' }, 403,
 'refused'],



=== TEST 3: inheritance, and requests that pass without a token
--- http_config eval: $GwTest::BACK
--- config
gw_jwt "api";
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt_require $gw_jwt_claim_a;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_jwt_require $gw_jwt_claim_b;
    gw_jwt_require $gw_jwt_claim_c;
    proxy_pass http://$TEST_NGINX_BACK;

    location /own/below {
        gw_jwt_leeway 1s;
        proxy_pass http://$TEST_NGINX_BACK;
    }
}

location /optional {
    gw_jwt "api" optional;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['inherited', t('/t', a => 1), 200, 'passed'],
['inherited, fails', t('/t', b => 1, c => 1), 403, 'refused'],
['its own list', t('/own', b => 1, c => 1), 200, 'passed'],
['its own list, nothing inherited', t('/own', a => 1), 403, 'refused'],
['its own list, the second fails', t('/own', b => 1), 403, 'refused'],
['inherited twice', t('/own/below', b => 1, c => 1), 200, 'passed'],
['inherited twice, fails', t('/own/below', a => 1), 403, 'refused'],
['optional, no token', '/optional', 200, 'missing'],
['optional, a token', t('/optional', a => 1), 200, 'passed'],
['optional, a token that fails', t('/optional'), 403, 'refused'],
['off', '/off', 200, 'off'],
['preflight', { uri => '/t', method => 'OPTIONS',
                headers => ['Origin: x',
                            'Access-Control-Request-Method: GET'] },
 200, 'preflight'],
