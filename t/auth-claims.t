# The registered claims and the type: exp, nbf, iat, iss, aud, typ, and the
# order in which they are judged.

use GwTest;

our $now = time;


# An HS256 token of these claims (and no others).

sub t {
    my (%claims) = @_;

    return { token => jwt(alg => 'HS256',
                          claims => { sub => undef, exp => undef,
                                      %claims }) };
}


# The same at an URI.

sub at {
    my ($uri, %claims) = @_;

    return { uri => $uri, %{ t(%claims) } };
}


sub typed {
    my ($uri, $typ) = @_;

    return { uri => $uri, token => jwt(alg => 'HS256',
                                       header => { typ => $typ }) };
}


run_tests();

__DATA__

=== TEST 1: exp, nbf and iat
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['exp in the future', t(exp => $now + 600), 200, 'passed'],
['exp far in the future', t(exp => $FAR), 200, 'passed'],
['exp past', t(exp => $now - 1), 401, 'expired'],
['exp long past', t(exp => 1), 401, 'expired'],
['exp now', t(exp => $now), 401, 'expired'],
['no exp', t(sub => 'alice'), 401, 'too_long_lived'],
['no claim', t(), 401, 'too_long_lived'],
['nbf past', t(exp => $FAR, nbf => $now - 1), 200, 'passed'],
['nbf now', t(exp => $FAR, nbf => $now), 200, 'passed'],
['nbf in the future', t(exp => $FAR, nbf => $now + 600), 401,
 'not_yet_valid'],
['nbf zero', t(exp => $FAR, nbf => 0), 200, 'passed'],
['iat past', t(exp => $FAR, iat => $now - 1), 200, 'passed'],
['iat now', t(exp => $FAR, iat => $now), 200, 'passed'],
['iat in the future', t(exp => $FAR, iat => $now + 600), 401,
 'not_yet_valid'],
['exp past and nbf in the future', t(exp => $now - 600, nbf => $now + 600),
 401, 'expired'],
['fractions', t(exp => $now + 600.5, nbf => $now - 0.5, iat => $now - 0.25),
 200, 'passed'],
['a fraction past', t(exp => $now - 0.5), 401, 'expired'],



=== TEST 2: gw_jwt_leeway
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "api";
gw_jwt_leeway 5m;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /none {
    gw_jwt_leeway 0s;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['exp within it', t(exp => $now - 200), 200, 'passed'],
['exp beyond it', t(exp => $now - 301), 401, 'expired'],
['nbf within it', t(exp => $FAR, nbf => $now + 200), 200, 'passed'],
['nbf beyond it', t(exp => $FAR, nbf => $now + 600), 401, 'not_yet_valid'],
['iat within it', t(exp => $FAR, iat => $now + 200), 200, 'passed'],
['iat beyond it', t(exp => $FAR, iat => $now + 600), 401, 'not_yet_valid'],
['no exp is no matter of clocks', t(), 401, 'too_long_lived'],
['none: exp', at('/none', exp => $now - 200), 401, 'expired'],
['none: nbf', at('/none', exp => $FAR, nbf => $now + 200), 401,
 'not_yet_valid'],



=== TEST 3: gw_jwt_require_exp
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "api";
gw_jwt_require_exp off;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /on {
    gw_jwt_require_exp on;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['off: no exp', t(), 200, 'passed'],
['off: exp in the future', t(exp => $FAR), 200, 'passed'],
['off: exp past', t(exp => $now - 1), 401, 'expired'],
['off: exp is a string', t(exp => 'never'), 401, 'malformed'],
['on: no exp', at('/on'), 401, 'too_long_lived'],
['on: exp', at('/on', exp => $FAR), 200, 'passed'],



=== TEST 4: gw_jwt_max_lifetime
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "api";
gw_jwt_max_lifetime 1h;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /noexp {
    gw_jwt_require_exp off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any {
    gw_jwt_max_lifetime 0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /leeway {
    gw_jwt_leeway 10m;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['shorter', t(iat => $now - 600, exp => $now + 600), 200, 'passed'],
['as long', t(iat => $now - 600, exp => $now + 3000), 200, 'passed'],
['a second longer', t(iat => $now - 600, exp => $now + 3001), 401,
 'too_long_lived'],
['half a second longer', t(iat => $now - 600, exp => $now + 3000.5), 401,
 'too_long_lived'],
['half a second longer by iat', t(iat => $now - 600.5, exp => $now + 3000),
 401, 'too_long_lived'],
['as long, with fractions', t(iat => $now - 600.5, exp => $now + 2999.5),
 200, 'passed'],
['far longer', t(iat => $now, exp => $FAR), 401, 'too_long_lived'],
['no iat', t(exp => $now + 600), 401, 'too_long_lived'],
['no exp', t(iat => $now), 401, 'too_long_lived'],
['no exp, which is not required', at('/noexp', iat => $now), 401,
 'too_long_lived'],
['expired, and longer', t(iat => $now - 9000, exp => $now - 60), 401,
 'expired'],
['iat in the future', t(iat => $now + 600, exp => $now + 700), 401,
 'not_yet_valid'],
['switched off', at('/any', iat => $now, exp => $FAR), 200, 'passed'],
['switched off: no iat', at('/any', exp => $FAR), 200, 'passed'],
['leeway does not lengthen it',
 at('/leeway', iat => $now, exp => $now + 3601), 401, 'too_long_lived'],



=== TEST 5: gw_jwt_issuer
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "api";
gw_jwt_issuer https://idp.example/ other;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /more {
    gw_jwt_issuer third;
    gw_jwt_issuer fourth;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['the first', t(exp => $FAR, iss => 'https://idp.example/'), 200, 'passed'],
['the second', t(exp => $FAR, iss => 'other'), 200, 'passed'],
['with escapes',
 { token => jws('{"alg":"HS256"}',
                '{"exp":4102444800,"iss":"https:\/\/idp\u002eexample\/"}',
                'HS256', 'oct32') }, 200, 'passed'],
['none', t(exp => $FAR), 401, 'bad_issuer'],
['another', t(exp => $FAR, iss => 'https://idp.example.org/'), 401,
 'bad_issuer'],
['a prefix', t(exp => $FAR, iss => 'https://idp.example'), 401,
 'bad_issuer'],
['longer', t(exp => $FAR, iss => 'https://idp.example/x'), 401,
 'bad_issuer'],
['another case', t(exp => $FAR, iss => 'Other'), 401, 'bad_issuer'],
['with a NUL', t(exp => $FAR, iss => "other\0"), 401, 'bad_issuer'],
['empty', t(exp => $FAR, iss => ''), 401, 'bad_issuer'],
['an array', t(exp => $FAR, iss => ['other']), 401,
 qr/^(bad_issuer|malformed)$/],
['a number', t(exp => $FAR, iss => 7), 401, qr/^(bad_issuer|malformed)$/],
['null', { token => jws('{"alg":"HS256"}', '{"exp":4102444800,"iss":null}',
                        'HS256', 'oct32') }, 401,
 qr/^(bad_issuer|malformed)$/],
['a list of its own', at('/more', exp => $FAR, iss => 'third'), 200,
 'passed'],
['in two directives', at('/more', exp => $FAR, iss => 'fourth'), 200,
 'passed'],
['nothing inherited', at('/more', exp => $FAR, iss => 'other'), 401,
 'bad_issuer'],



=== TEST 6: gw_jwt_audience
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "api";
gw_jwt_audience orders users;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /more {
    gw_jwt_audience admin;
    gw_jwt_audience root;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['a string', t(exp => $FAR, aud => 'orders'), 200, 'passed'],
['another string', t(exp => $FAR, aud => 'users'), 200, 'passed'],
['an array', t(exp => $FAR, aud => ['orders']), 200, 'passed'],
['the last of an array', t(exp => $FAR, aud => ['a', 'b', 'users']), 200,
 'passed'],
['an array with other things', t(exp => $FAR, aud => [1, {}, 'users']), 200,
 'passed'],
['none', t(exp => $FAR), 401, 'bad_audience'],
['another', t(exp => $FAR, aud => 'x'), 401, 'bad_audience'],
['others', t(exp => $FAR, aud => ['x', 'y']), 401, 'bad_audience'],
['an empty array', t(exp => $FAR, aud => []), 401, 'bad_audience'],
['an empty string', t(exp => $FAR, aud => ''), 401, 'bad_audience'],
['words are no array', t(exp => $FAR, aud => 'orders users'), 401,
 'bad_audience'],
['an array in the array', t(exp => $FAR, aud => [['orders']]), 401,
 'bad_audience'],
['an object', t(exp => $FAR, aud => { orders => 1 }), 401,
 qr/^(bad_audience|malformed)$/],
['a number', t(exp => $FAR, aud => 7), 401,
 qr/^(bad_audience|malformed)$/],
['another case', t(exp => $FAR, aud => 'Orders'), 401, 'bad_audience'],
['a prefix', t(exp => $FAR, aud => 'order'), 401, 'bad_audience'],
['a list of its own', at('/more', exp => $FAR, aud => 'admin'), 200,
 'passed'],
['in two directives', at('/more', exp => $FAR, aud => 'root'), 200,
 'passed'],
['nothing inherited', at('/more', exp => $FAR, aud => 'orders'), 401,
 'bad_audience'],



=== TEST 7: gw_jwt_type
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt "api";
gw_jwt_type at+jwt;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /long {
    gw_jwt_type application/at+jwt;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /more {
    gw_jwt_type JWT;
    gw_jwt_type dpop+jwt text/x;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['as given', typed('/t', 'at+jwt'), 200, 'passed'],
['in another case', typed('/t', 'AT+JWT'), 200, 'passed'],
['with the prefix', typed('/t', 'application/at+jwt'), 200, 'passed'],
['with the prefix in another case', typed('/t', 'Application/At+Jwt'), 200,
 'passed'],
['configured with the prefix', typed('/long', 'at+jwt'), 200, 'passed'],
['both with the prefix', typed('/long', 'application/AT+jwt'), 200,
 'passed'],
['another', typed('/t', 'JWT'), 401, 'bad_type'],
['none', typed('/t', undef), 401, 'bad_type'],
['empty', typed('/t', ''), 401, 'bad_type'],
['only the prefix', typed('/t', 'application/'), 401, 'bad_type'],
['another prefix', typed('/t', 'text/at+jwt'), 401, 'bad_type'],
['a prefix of it', typed('/t', 'at+jw'), 401, 'bad_type'],
['longer', typed('/t', 'at+jwts'), 401, 'bad_type'],
['a list', typed('/more', 'jwt'), 200, 'passed'],
['a list, the second', typed('/more', 'DPoP+jwt'), 200, 'passed'],
['a list, the third', typed('/more', 'text/X'), 200, 'passed'],
['a list, without its type', typed('/more', 'x'), 401, 'bad_type'],
['a list, nothing inherited', typed('/more', 'at+jwt'), 401, 'bad_type'],



=== TEST 8: the order of the checks
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api";
    gw_jwt_require $arg_rule error=401;
    gw_jwt_require_claim scope has admin;
    gw_jwt_audience orders;
    gw_jwt_issuer idp;
    gw_jwt_max_lifetime 1h;
    gw_jwt_type at+jwt;
    gw_jwt_algorithms HS256 RS256;
    gw_jwt_max_token 4k;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
do {
    my %arg = (alg => 'none', key => 'oct32', kid => 'nobody',
               sign_as => 'HS256', signature => \&flip,
               claims => { iss => 'x', aud => 'x', exp => $now - 600,
                           nbf => $now + 600, iat => $now + 600,
                           x => 'x' x 4000 });
    my @steps = (
        ['too long', 'malformed', sub { delete $arg{claims}{x} }],
        ['alg', 'unsupported', sub { $arg{alg} = 'HS256' }],
        ['key', 'unknown_key', sub { $arg{kid} = 'oct32' }],
        ['signature', 'bad_signature', sub { delete $arg{signature} }],
        ['typ', 'bad_type', sub { $arg{header}{typ} = 'at+jwt' }],
        ['exp', 'expired', sub { $arg{claims}{exp} = $FAR }],
        ['nbf', 'not_yet_valid', sub { $arg{claims}{nbf} = $now - 600 }],
        ['iat', 'not_yet_valid', sub { $arg{claims}{iat} = $now - 600 }],
        ['lifetime', 'too_long_lived',
         sub { $arg{claims}{exp} = $now + 600 }],
        ['iss', 'bad_issuer', sub { $arg{claims}{iss} = 'idp' }],
        ['aud', 'bad_audience', sub { $arg{claims}{aud} = 'orders' }],
        ['gw_jwt_require_claim', 'refused',
         sub { $arg{claims}{scope} = 'admin' }, 403],
        ['gw_jwt_require', 'refused', undef],
    );

    map {
        my ($what, $status, $mend, $code) = @$_;
        my $case = [$what, { token => jwt(%arg) }, $code // 401, $status];

        $mend->() if $mend;
        $case;
    } @steps;
},
['nothing wrong',
 { uri => '/t?rule=1',
   token => jwt(alg => 'HS256', header => { typ => 'at+jwt' },
                claims => { iss => 'idp', aud => 'orders', scope => 'admin',
                            exp => $now + 600, iat => $now - 600 }) },
 200, 'passed'],



=== TEST 9: claims that are no concern are not looked at
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "api";
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['any iss and aud', t(exp => $FAR, iss => 'x', aud => ['y']), 200,
 'passed'],
['jti, azp and others', t(exp => $FAR, jti => [], azp => 1, sub => {}), 200,
 'passed'],
