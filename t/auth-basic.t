# Where a token is asked for and where it is taken from.

use GwTest;

our $good = jwt(alg => 'HS256');
our $bad = jwt(alg => 'HS256', signature => \&flip);
our $expired = jwt(alg => 'HS256', claims => { exp => $PAST });

run_tests();

__DATA__

=== TEST 1: with and without a token
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['none', {}, 401, 'missing', 'WWW-Authenticate' => 'Bearer realm="api"'],
['good', { token => $good }, 200, 'passed',
 body => qr/^GET \/t auth=\[Bearer \Q$good\E\]/, 'WWW-Authenticate' => undef],
['bad', { token => $bad }, 401, 'bad_signature'],
['expired', { token => $expired }, 401, 'expired'],
['good again', { token => $good }, 200, 'passed'],
['HEAD', { token => $good, method => 'HEAD' }, 200, 'passed', body => ''],
['HEAD, none', { method => 'HEAD' }, 401, 'missing', body => ''],
['POST', { token => $good, method => 'POST', body => 'a=b' }, 200, 'passed',
 body => qr/^POST/],
['POST, none', { method => 'POST', body => 'x' x 100000 }, 401, 'missing'],
['PUT, none', { method => 'PUT', body => 'x' }, 401, 'missing'],
['an unknown method, none', { method => 'PURGE' }, 401, 'missing'],
['HTTP/1.0', { version => '1.0', token => $good }, 200, 'passed'],
['HTTP/1.0, none', { version => '1.0' }, 401, 'missing'],
['below it', { uri => '/t/a/b', token => $good }, 200, 'passed'],
['below it, none', '/t/a/b', 401, 'missing'],
['another spelling, none', '/%74', 401, 'missing'],
['another spelling, none', '//x/..//t', 401, 'missing'],



=== TEST 2: off, at every level
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "server";

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /off {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;

    location /off/on {
        gw_jwt "inner";
        proxy_pass http://$TEST_NGINX_BACK;
    }
}
--- cases
['inherited', '/t', 401, 'missing',
 'WWW-Authenticate' => 'Bearer realm="server"'],
['inherited, good', { token => $good }, 200, 'passed'],
['off', '/off', 200, 'off'],
['off, and a bad token', { uri => '/off', token => $bad }, 200, 'off'],
['on below off', '/off/on', 401, 'missing',
 'WWW-Authenticate' => 'Bearer realm="inner"'],
['on below off, good', { uri => '/off/on', token => $good }, 200, 'passed'],



=== TEST 3: no gw_jwt anywhere
--- http_config eval: $GwTest::BACK
--- config
location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['none', {}, 200, 'off'],
['any', { token => $bad }, 200, 'off'],



=== TEST 4: at http level
--- http_config eval
"gw_jwt http;\ngw_jwt_key_file \$TEST_NGINX_DATA/all.jwks;\n$GwTest::BACK"
--- config
location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_jwt "own";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['none', {}, 401, 'missing', 'WWW-Authenticate' => 'Bearer realm="http"'],
['good', { token => $good }, 200, 'passed'],
['own realm', '/own', 401, 'missing',
 'WWW-Authenticate' => 'Bearer realm="own"'],
['a file that does not exist, none', '/nothing', 401, 'missing'],
['a file that does not exist', { uri => '/nothing', token => $good }, 404,
 'passed'],



=== TEST 5: optional
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api" optional;
    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /cookie {
    gw_jwt "api" optional token=$cookie_session;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /order {
    gw_jwt "api" token=$cookie_session optional;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['none', {}, 200, 'missing', body => qr/user=\[\]/],
['good', { token => $good }, 200, 'passed', body => qr/user=\[alice\]/],
['bad', { token => $bad }, 401, 'bad_signature'],
['expired', { token => $expired }, 401, 'expired'],
['garbage', { token => 'x' }, 401, 'malformed'],
['another scheme', { headers => ['Authorization: Basic YTpi'] }, 200,
 'missing', body => qr/auth=\[Basic YTpi\]/],
['cookie, none', '/cookie', 200, 'missing'],
['cookie, bad', { uri => '/cookie', headers => ["Cookie: session=$bad"] },
 401, 'bad_signature'],
['cookie, good', { uri => '/cookie', headers => ["Cookie: session=$good"] },
 200, 'passed'],
['the parameters in another order, none', '/order', 200, 'missing'],
['the parameters in another order, bad',
 { uri => '/order', headers => ["Cookie: session=$bad"] }, 401,
 'bad_signature'],



=== TEST 6: the scheme
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt "api" optional;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map { ["scheme $_", { headers => ["Authorization: $_ $good"] }, 200,
        'passed'] } qw(Bearer bearer BEARER bEaReR)),
(map { ["scheme \"$_\"", { headers => ["Authorization: $_$good"] }, 401,
        'missing'] } '', 'Bearer', 'Basic ', 'Digest ', 'Token ', 'JWT ',
                     'DPoP ', 'Bearers ', 'Beare ', 'xBearer '),
['only the scheme', { headers => ['Authorization: Bearer'] }, 401,
 qr/^(missing|malformed)$/],
['only the scheme and blanks', { headers => ['Authorization: Bearer  '] },
 401, qr/^(missing|malformed)$/],
['two blanks', { headers => ["Authorization: Bearer  $good"] }, 200,
 'passed'],
['blanks around', { headers => ["Authorization:   Bearer $good   "] }, 200,
 'passed'],
# what another parser may take for a token is not "none"
(map {
    my ($what, $value) = @$_;

    (
        [$what, { headers => ["Authorization: $value"] }, qr/^(200|401)$/,
         qr/^(passed|malformed)$/],
        ["$what, optional", { uri => '/optional',
                              headers => ["Authorization: $value"] },
         qr/^(200|401)$/, qr/^(passed|malformed)$/],
    )
} (
    ['a tab first', "\tBearer $good"],
    ['a tab between', "Bearer\t$good"],
    ['two schemes', "Basic YTpi, Bearer $good"],
    ['two schemes, no blank', "Basic YTpi,bearer $good"],
    ['a comma first', ", Bearer $good"],
    ['a comma between', "Bearer,$good"],
    ['two tokens', "Bearer $good, Bearer $good"],
    ['quoted', "Bearer \"$good\""],
)),
['an empty field', { headers => ['Authorization:'] }, 401, 'missing'],
['a letter', { headers => ['Authorization: B'] }, 401, 'missing'],
['the name in another case', { headers => ["aUTHORIZATION: Bearer $good"] },
 200, 'passed'],
['Proxy-Authorization', { headers => ["Proxy-Authorization: Bearer $good"] },
 401, 'missing'],



=== TEST 7: token=
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    map $http_x_wrapped $unwrapped {
        "~^<(?<inside>.*)>$" $inside;
    }
_EOC_
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /cookie {
    gw_jwt "api" token=$cookie_session;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /arg {
    gw_jwt "api" token=$arg_access_token;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /header {
    gw_jwt "api" token=$http_x_token;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /map {
    gw_jwt "api" token=$unwrapped;
    proxy_pass http://$TEST_NGINX_BACK;
}

location ~ ^/path/(?<jwt>.*)$ {
    gw_jwt "api" token=$jwt;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['cookie', { uri => '/cookie', headers => ["Cookie: session=$good"] }, 200,
 'passed'],
['cookie among others',
 { uri => '/cookie', headers => ["Cookie: a=b; session=$good; c=d"] }, 200,
 'passed'],
['cookie, bad', { uri => '/cookie', headers => ["Cookie: session=$bad"] },
 401, 'bad_signature'],
['cookie, none', '/cookie', 401, 'missing'],
['cookie, empty', { uri => '/cookie', headers => ['Cookie: session='] }, 401,
 'missing'],
['cookie of another name',
 { uri => '/cookie', headers => ["Cookie: sessions=$good"] }, 401, 'missing'],
['cookie: not from the header', { uri => '/cookie', token => $good }, 401,
 'missing'],
['cookie: the header does not count',
 { uri => '/cookie', token => $bad, headers => ["Cookie: session=$good"] },
 200, 'passed'],
['the whole value is the token',
 { uri => '/header', headers => ["X-Token: Bearer $good"] }, 401,
 'malformed'],
['argument', "/arg?access_token=$good", 200, 'passed'],
['argument among others', "/arg?a=b&access_token=$good&c=d", 200, 'passed'],
['argument, bad', "/arg?access_token=$bad", 401, 'bad_signature'],
['argument, none', '/arg', 401, 'missing'],
['argument, empty', '/arg?access_token=', 401, 'missing'],
['header', { uri => '/header', headers => ["X-Token: $good"] }, 200,
 'passed'],
['header, none', '/header', 401, 'missing'],
['map', { uri => '/map', headers => ["X-Wrapped: <$good>"] }, 200, 'passed'],
['map, none', { uri => '/map', headers => ["X-Wrapped: $good"] }, 401,
 'missing'],
['capture', "/path/$good", 200, 'passed'],
['capture, bad', "/path/$bad", 401, 'bad_signature'],



=== TEST 8: several tokens: gateway and service could read different ones
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /header {
    gw_jwt "api" token=$http_x_token;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt "api" optional token=$http_x_token;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /cookie {
    gw_jwt "api" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /arg {
    gw_jwt "api" token=$arg_t;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
# nginx itself answers two Authorization fields with 400
['two Authorization fields, both good',
 { headers => ["Authorization: Bearer $good",
               "Authorization: Bearer $good"] }, 400],
['two Authorization fields, Basic first',
 { headers => ['Authorization: Basic YTpi',
               "Authorization: Bearer $good"] }, 400],
['two fields', { uri => '/header', headers => ["X-Token: $good",
                                               "X-Token: $good"] },
 401, 'malformed'],
['two fields, the second bad',
 { uri => '/header', headers => ["X-Token: $good", "X-Token: $bad"] },
 401, 'malformed'],
['two fields, the first bad',
 { uri => '/header', headers => ["X-Token: $bad", "X-Token: $good"] },
 401, 'malformed'],
['two fields, in different cases',
 { uri => '/header', headers => ["x-token: $good", "X-TOKEN: $good"] },
 401, 'malformed'],
['two fields, the second empty',
 { uri => '/header', headers => ["X-Token: $good", "X-Token:"] },
 401, 'malformed'],
['two fields, the first empty',
 { uri => '/header', headers => ["X-Token:", "X-Token: $good"] },
 401, 'malformed'],
['two fields apart',
 { uri => '/header', headers => ["X-Token: $good", 'Accept: */*',
                                 "X-Token: $good"] }, 401, 'malformed'],
['many headers between',
 { uri => '/header', headers => ["X-Token: $good",
                                 (map { "X-$_: $_" } 1 .. 60),
                                 "X-Token: $good"] }, 401, 'malformed'],
['optional', { uri => '/optional', headers => ["X-Token: $good",
                                               "X-Token: $good"] },
 401, 'malformed'],
['optional, both empty', { uri => '/optional', headers => ["X-Token:",
                                                           "X-Token:"] },
 qr/^(200|401)$/],
['one', { uri => '/header', headers => ["X-Token: $good"] }, 200, 'passed'],
['a field of another name does not count',
 { uri => '/header', headers => ["X-Token: $good", "X-Tokens: $good",
                                 "Authorization: Bearer $good"] }, 200,
 'passed'],
(map {
    my ($what, $code, @cookies) = @$_;

    ["cookies: $what", { uri => '/cookie',
                         headers => [map { "Cookie: $_" } @cookies] },
     $code, $code == 200 ? 'passed' : 'malformed']
} (
    ['two', 401, "s=$good; s=$good"],
    ['two, the second bad', 401, "s=$good; s=$bad"],
    ['two, the first bad', 401, "s=$bad; s=$good"],
    ['two, no blank', 401, "s=$good;s=$good"],
    ['two, one empty', 401, "s=$good; s="],
    ['two in different cases', 401, "s=$good; S=$good"],
    ['two fields', 401, "s=$good", "s=$good"],
    ['two fields, others too', 401, "a=b; s=$good", "c=d; s=$bad; e=f"],
    ['one among others', 200, "as=x; s=$good; sa=y; b=s=z; s2=w"],
    ['one in two fields', 200, "a=b", "s=$good", "c=d"],
)),
(map {
    my ($what, $code, $args) = @$_;

    ["arguments: $what", "/arg?$args", $code,
     $code == 200 ? 'passed' : 'malformed']
} (
    ['two', 401, "t=$good&t=$good"],
    ['two, the second bad', 401, "t=$good&t=$bad"],
    ['two, the first bad', 401, "t=$bad&t=$good"],
    ['two, one empty', 401, "t=$good&t="],
    ['two, one empty first', 401, "t=&t=$good"],
    ['two, others between', 401, "t=$good&a=b&t=$good"],
    ['two in different cases', 401, "t=$good&T=$good"],
    ['one among others', 200, "at=x&t=$good&ta=y&b=t=z"],
    ['one, in capitals', 200, "T=$good"],
)),



=== TEST 9: a CORS preflight is not asked for a token
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api";
    gw_jwt_require_claim scope has admin;
    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /cookie {
    gw_jwt "api" token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['preflight', { method => 'OPTIONS',
                headers => ['Origin: https://app.example',
                            'Access-Control-Request-Method: PUT'] },
 200, 'preflight', body => qr/^OPTIONS \/t auth=\[\].*user=\[\]$/],
['no preflight: a browser sends no token with it, bad',
 { method => 'OPTIONS', token => $bad,
   headers => ['Origin: https://app.example',
               'Access-Control-Request-Method: PUT'] },
 401, 'bad_signature'],
['no preflight: a browser sends no token with it, good',
 { method => 'OPTIONS', token => $good,
   headers => ['Origin: https://app.example',
               'Access-Control-Request-Method: PUT'] },
 403, 'refused'],
['no preflight: another Authorization',
 { method => 'OPTIONS', headers => ['Origin: https://app.example',
                                    'Access-Control-Request-Method: PUT',
                                    'Authorization: Basic YTpi'] },
 401, 'missing'],
['no preflight: a body',
 { method => 'OPTIONS', body => 'x',
   headers => ['Origin: https://app.example',
               'Access-Control-Request-Method: PUT'] },
 401, 'missing'],
['no preflight: a chunked body',
 { raw => join "\r\n", 'OPTIONS /t HTTP/1.1', 'Host: localhost',
   'Connection: close', 'Origin: https://app.example',
   'Access-Control-Request-Method: PUT', 'Transfer-Encoding: chunked', '',
   '1', 'x', '0', '', '' }, 401, 'missing'],
['preflight, the token would be in a cookie',
 { uri => '/cookie', method => 'OPTIONS',
   headers => ['Origin: https://app.example',
               'Access-Control-Request-Method: PUT', 'Cookie: a=b'] },
 200, 'preflight'],
['no preflight: the cookie is there',
 { uri => '/cookie', method => 'OPTIONS',
   headers => ['Origin: https://app.example',
               'Access-Control-Request-Method: PUT', "Cookie: s=$bad"] },
 401, 'bad_signature'],
['names in lower case', { method => 'OPTIONS',
                headers => ['origin: null',
                            'access-control-request-method: GET'] },
 200, 'preflight'],
['OPTIONS', { method => 'OPTIONS' }, 401, 'missing'],
['OPTIONS and Origin', { method => 'OPTIONS',
                         headers => ['Origin: https://app.example'] },
 401, 'missing'],
['OPTIONS and Access-Control-Request-Method',
 { method => 'OPTIONS', headers => ['Access-Control-Request-Method: PUT'] },
 401, 'missing'],
['OPTIONS and Access-Control-Request-Headers',
 { method => 'OPTIONS', headers => ['Origin: https://app.example',
                                    'Access-Control-Request-Headers: a'] },
 401, 'missing'],
['GET with both', { headers => ['Origin: https://app.example',
                                'Access-Control-Request-Method: PUT'] },
 401, 'missing'],
['POST with both', { method => 'POST', body => '',
                     headers => ['Origin: https://app.example',
                                 'Access-Control-Request-Method: PUT'] },
 401, 'missing'],
['"options"', { method => 'options',
                headers => ['Origin: https://app.example',
                            'Access-Control-Request-Method: PUT'] },
 qr/^4/],
['empty fields', { method => 'OPTIONS',
                   headers => ['Origin:', 'Access-Control-Request-Method:'] },
 401, 'missing'],



=== TEST 10: limit_except
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;

    limit_except GET {
        gw_jwt "write";
        gw_jwt_require_claim scope has write;
    }
}

location /read {
    gw_jwt "read";
    proxy_pass http://$TEST_NGINX_BACK;

    limit_except GET {
        gw_jwt_require_claim scope has write;
    }
}

location /open {
    gw_jwt "read";
    proxy_pass http://$TEST_NGINX_BACK;

    limit_except POST {
        gw_jwt off;
    }
}
--- cases
['GET', {}, 200, 'off'],
['HEAD', { method => 'HEAD' }, 200, 'off'],
['POST, none', { method => 'POST', body => '' }, 401, 'missing',
 'WWW-Authenticate' => 'Bearer realm="write"'],
['POST, no scope', { method => 'POST', body => '', token => $good }, 403,
 'refused'],
['POST', { method => 'POST', body => '',
           token => jwt(alg => 'HS256', claims => { scope => 'write' }) },
 200, 'passed'],
['rules added: GET', { uri => '/read', token => $good }, 200, 'passed'],
['rules added: GET, none', '/read', 401, 'missing'],
['rules added: POST', { uri => '/read', method => 'POST', body => '',
                        token => $good }, 403, 'refused'],
['rules added: POST, with scope',
 { uri => '/read', method => 'POST', body => '',
   token => jwt(alg => 'HS256', claims => { scope => 'read write' }) },
 200, 'passed'],
['off except POST: GET', '/open', 200, 'off'],
['off except POST: POST', { uri => '/open', method => 'POST', body => '' },
 401, 'missing'],
