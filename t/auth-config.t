# Every directive with bad values, in places where it may not stand, twice;
# and what is inherited.

use GwTest;


# Rows for one directive: its arguments, and what the message names beside the
# directive ("" if the directive itself is enough).

sub directive {
    my ($name, @rows) = @_;

    return map {
        my ($args, $says) = @$_;

        ["$name $args", {
            config => "gw_jwt_key_file \$TEST_NGINX_DATA/all.jwks;\n"
                      . "location /t {\n    $name $args;\n}\n",
        }, $says // $name]
    } @rows;
}


# The same at http level.

sub http_directive {
    my ($name, @rows) = @_;

    return map {
        my ($args, $says) = @$_;

        ["$name $args", { http_config => "$name $args;", config => '#' },
         $says // $name]
    } @rows;
}


my @twice = (
    ['gw_jwt', 'a', 'b'],
    ['gw_jwt', 'off', 'b'],
    ['gw_jwt_leeway', '1s', '2s'],
    ['gw_jwt_require_exp', 'on', 'off'],
    ['gw_jwt_max_lifetime', '1s', '2s'],
    ['gw_jwt_max_token', '1k', '2k'],
    ['gw_jwt_forward', 'on', 'off'],
);

must_die(
    directive('gw_jwt',
        [''],
        ['a b', '"b"'],
        ['a optional x', '"x"'],
        ['a token', '"token"'],
        ['a token=', 'token='],
        ['a token=abc', 'token=abc|"abc"'],
        ['a token=$', 'token=\$|variable'],
        ['a token=$no_such_variable', 'no_such_variable'],
        ['a Optional', '"Optional"'],
        ['a token=$arg_a$arg_b', 'arg_a'],
        ['off optional'],
        ['off token=$arg_a'],
    ),
    (map { ["gw_jwt without keys: $_->[0]", $_->[1], 'gw_jwt'] } (
        ['in a location', "location /t {\n    gw_jwt a;\n}\n"],
        ['optional', "location /t {\n    gw_jwt a optional;\n}\n"],
        ['in a server', "gw_jwt a;\n"],
        ['in http', { http_config => "gw_jwt a;\n", config => '#' }],
        ['in limit_except', "location /t {\n    limit_except GET {\n"
                            . "        gw_jwt a;\n    }\n}\n"],
        ['keys only below',
         "gw_jwt a;\nlocation /t {\n"
         . "    gw_jwt_key_file \$TEST_NGINX_DATA/all.jwks;\n}\n"
         . "location /u { }\n"],
        ['keys only beside',
         "location /u {\n    gw_jwt_key_file \$TEST_NGINX_DATA/all.jwks;\n"
         . "}\nlocation /t {\n    gw_jwt a;\n}\n"],
    )),
    directive('gw_jwt_key_file',
        [''],
        ['issuer=x'],
        ['$TEST_NGINX_DATA/all.jwks issuer=', 'issuer='],
        ['$TEST_NGINX_DATA/all.jwks issuer=a issuer=b', 'issuer=b|duplicate'],
        ['""', ''],
    ),
    directive('gw_jwt_key_request',
        [''],
        ['issuer=x', '"issuer=x"'],
        ['jwks', '"jwks"'],
        ['http://127.0.0.1/jwks', 'http:'],
        ['/jwks x', '"x"'],
        ['/jwks issuer=', 'issuer='],
        ['/jwks interval=', 'interval='],
        ['/jwks interval=x', 'interval=x|"x"'],
        ['/jwks interval=0', 'interval=0|"0"'],
        ['/jwks interval=-1', 'interval=-1|"-1"'],
        ['/jwks interval=13d', 'interval=13d|"13d"'],
        ['/jwks interval=500ms', '500ms'],
        ['/jwks stale=x', 'stale=x|"x"'],
        ['/jwks stale=13d', 'stale=13d|"13d"'],
        ['/jwks cooldown=0', 'cooldown=0|"0"'],
        ['/jwks cooldown=13d', 'cooldown=13d|"13d"'],
        ['/jwks max_size=2m', 'max_size=2m|"2m"'],
        ['/jwks cooldown=x', 'cooldown=x|"x"'],
        ['/jwks max_size=x', 'max_size=x|"x"'],
        ['/jwks max_size=0', 'max_size=0|"0"'],
        ['/jwks max_size=-1', 'max_size=-1|"-1"'],
        ['/jwks Interval=1m', 'Interval'],
        ['/jwks /other', '/other'],
    ),
    directive('gw_jwt_algorithms',
        [''],
        ['none', '"none"'],
        ['RS256 none', '"none"'],
        ['XX256', '"XX256"'],
        ['RS257', '"RS257"'],
        ['RS256 HS255', '"HS255"'],
        ['HS', '"HS"'],
        ['RSA', '"RSA"'],
        ['RS256,ES256', 'RS256,ES256'],
        ['RSA-OAEP', '"RSA-OAEP"'],
        ['""', '""'],
    ),
    directive('gw_jwt_type', ['']),
    directive('gw_jwt_issuer', ['']),
    directive('gw_jwt_audience', ['']),
    directive('gw_jwt_leeway',
        [''], ['x'], ['-1'], ['-1s'], ['1s 2s'], ['1.5s'], ['""'], ['1x'],
        ['99999999999999999999s']),
    directive('gw_jwt_require_exp', [''], ['maybe'], ['1'], ['on off']),
    directive('gw_jwt_max_lifetime',
        [''], ['x'], ['-1'], ['1s 2s'], ['off'], ['99999999999999999999s']),
    directive('gw_jwt_require',
        [''],
        ['error=403'],
        ['$arg_a error=404', '404'],
        ['$arg_a error=', 'error='],
        ['$arg_a error=200', '200'],
        ['$arg_a error=4030', '4030'],
        ['$no_such_variable', 'no_such_variable'],
    ),
    directive('gw_jwt_require_claim',
        [''],
        ['sub'],
        ['sub eq'],
        ['sub is alice', '"is"'],
        ['sub EQ alice', '"EQ"'],
        ['sub = alice', '"="'],
        ['sub eq error=403'],
        ['sub eq alice error=404', '404'],
        ['sub eq alice error=', 'error='],
        ['n gt 1 2', '"gt"'],
        ['n ge 1 2', '"ge"'],
        ['n lt 1 2', '"lt"'],
        ['n le 1 2', '"le"'],
        ['n gt x', '"x"'],
        ['n lt 0x10', '"0x10"'],
        ['n le ""', ''],
        ['n ge 01', '"01"'],
        ['scope has read write', '"has"'],
        ['"" eq x', ''],
        ['a..b eq x', 'a\.\.b'],
        ['.a eq x', '"\.a"'],
        ['a. eq x', '"a\."'],
        ['/a~2 eq x', '~2'],
        ['/a~ eq x', '/a~'],
        [join('.', 'a' .. 'q') . ' eq x', 'a\.b'],
        ['sub eq $no_such_variable', 'no_such_variable'],
    ),
    http_directive('gw_jwt_claim_set',
        [''],
        ['$a'],
        ['a sub', '"a"'],
        ['$ sub', '\$|variable'],
        ['$a ""', ''],
        ['$a b..c', 'b\.\.c'],
        ['$a /~3', '~3'],
        ['$a b c'],
    ),
    http_directive('gw_jwt_cache',
        [''],
        ['on', '"on"'],
        ['x', '"x"'],
        ['entries=x', 'entries=x|"x"'],
        ['entries=0', 'entries=0|"0"'],
        ['entries=-1', 'entries=-1|"-1"'],
        ['entries=', 'entries='],
        ['memory=x', 'memory=x|"x"'],
        ['memory=0', 'memory=0|"0"'],
        ['memory=', 'memory='],
        ['off entries=5', ''],
        ['entries=99999999999999999999', '9999'],
    ),
    directive('gw_jwt_max_token', [''], ['x'], ['-1'], ['1k 2k'], ['""']),
    directive('gw_jwt_forward', [''], ['maybe'], ['1'], ['on off']),

    (map { my ($name, @args) = @$_;
           ["$name twice", join('', map { "$name $_;\n" } @args),
            "\"$name\" directive is duplicate"] } @twice),
    ['gw_jwt_cache twice',
     { http_config => "gw_jwt_cache off;\ngw_jwt_cache entries=1;\n",
       config => '#' }, '"gw_jwt_cache" directive is duplicate'],

    ['gw_jwt_claim_set in a server', 'gw_jwt_claim_set $a sub;',
     '"gw_jwt_claim_set" directive is not allowed here'],
    ['gw_jwt_cache in a server', 'gw_jwt_cache off;',
     '"gw_jwt_cache" directive is not allowed here'],
    ['gw_jwt in an if',
     "location /t {\n    if (\$arg_a) {\n        gw_jwt a;\n    }\n}\n",
     '"gw_jwt" directive is not allowed here'],
    ['gw_jwt at main', { main_config => 'gw_jwt off;', config => '#' },
     '"gw_jwt" directive is not allowed here'],
);

run_tests();

__DATA__

=== TEST 1: everything that a location takes, once
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    gw_jwt_cache entries=100 memory=1m;
    gw_jwt_claim_set $who sub;
    gw_jwt_leeway 1s;
    gw_jwt_max_token 8k;
    gw_jwt_require_exp off;
    gw_jwt_max_lifetime 1d;
    gw_jwt_forward off;
_EOC_
--- config
location /t {
    gw_jwt "realm" optional token=$http_x_token;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks $TEST_NGINX_DATA/p256.pub.pem issuer=me;
    gw_jwt_key_request /jwks issuer=you interval=1m stale=1h cooldown=5s max_size=64k;
    gw_jwt_algorithms RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 ES256K EdDSA Ed25519 Ed448 HS256 HS384 HS512;
    gw_jwt_type at+jwt JWT;
    gw_jwt_issuer me you;
    gw_jwt_audience us;
    gw_jwt_leeway 30s;
    gw_jwt_require_exp on;
    gw_jwt_max_lifetime 0;
    gw_jwt_require $who $gw_jwt_claim_sub error=401;
    gw_jwt_require_claim scope any a b error=401;
    gw_jwt_require_claim n ge 1.5e0;
    gw_jwt_max_token 4k;
    gw_jwt_forward on;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /jwks {
    internal;
    alias $TEST_NGINX_DATA/all.jwks;
}
--- cases
['none', {}, 200, 'missing'],
['all of it', { headers => ['X-Token: ' . jwt(claims => {
    iss => 'me', aud => 'us', scope => 'a', n => 1.5 })] }, 200, 'passed'],
['keys of the request', { headers => ['X-Token: ' . jwt(claims => {
    iss => 'you', aud => 'us', scope => 'b', n => 2 })] }, 200, 'passed'],



=== TEST 2: gw_jwt_cache off
--- http_config eval: "gw_jwt_cache off;\n$GwTest::BACK"
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map { ["good, $_", { token => jwt() }, 200, 'passed'] } 1 .. 3),
['bad', { token => jwt(signature => \&flip) }, 401, 'bad_signature'],



=== TEST 3: keys are inherited, or replaced as a whole
--- http_config eval
"gw_jwt_key_file \$TEST_NGINX_DATA/rsa.jwk;\n$GwTest::BACK"
--- config
gw_jwt api;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_jwt_key_file $TEST_NGINX_DATA/p256.pub.pem;
    proxy_pass http://$TEST_NGINX_BACK;

    location /own/below {
        gw_jwt other;
        proxy_pass http://$TEST_NGINX_BACK;
    }
}

location /except {
    limit_except GET {
        gw_jwt_key_file $TEST_NGINX_DATA/p256.pub.pem;
    }

    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['inherited', { token => jwt() }, 200, 'passed'],
['inherited, another', { token => jwt(alg => 'ES256') }, 401,
 'unknown_key'],
['own', { uri => '/own', token => jwt(alg => 'ES256') }, 200, 'passed'],
['own, nothing inherited', { uri => '/own', token => jwt() }, 401,
 'unknown_key'],
['below', { uri => '/own/below', token => jwt(alg => 'ES256') }, 200,
 'passed'],
['below, nothing of the top', { uri => '/own/below', token => jwt() }, 401,
 'unknown_key'],
['limit_except: GET', { uri => '/except', token => jwt() }, 200, 'passed'],
['limit_except: POST',
 { uri => '/except', method => 'POST', body => '',
   token => jwt(alg => 'ES256') }, 200, 'passed'],
['limit_except: POST, nothing inherited',
 { uri => '/except', method => 'POST', body => '', token => jwt() }, 401,
 'unknown_key'],



=== TEST 4: single values are inherited
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api optional token=$http_x_token;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt_max_token 1k;
gw_jwt_forward off;

location /t {
    gw_jwt_leeway 1s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_jwt api;
    gw_jwt_max_token 2k;
    gw_jwt_forward on;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
do {
    my $hs = jwt(alg => 'HS256');
    my $long = jwt(alg => 'HS256', claims => { x => 'x' x 800 });

    (
        ['optional', '/t', 200, 'missing'],
        ['token=', { headers => ["X-Token: $hs"] }, 200, 'passed',
         body => qr/x-token=\[\]/],
        ['too long', { headers => ["X-Token: $long"] }, 401, 'malformed'],
        ['gw_jwt replaces its parameters too', '/own', 401, 'missing'],
        ['from the header again', { uri => '/own', token => $hs }, 200,
         'passed', body => qr/auth=\[Bearer/],
        ['long enough', { uri => '/own', token => $long }, 200, 'passed'],
    )
},
