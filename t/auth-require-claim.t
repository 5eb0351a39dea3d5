# gw_jwt_require_claim: every operator with every kind of value, paths,
# variables, error=.

use GwTest;

# rule => claims (JSON) that satisfy it, claims that do not

my @rules = (

    # eq

    ['v eq a',
        ['"a"', '"\u0061"'],
        ['"b"', '"A"', '"aa"', '""', '"a "', '"a\u0000"', '1', 'true', 'null',
         '["a"]', '{"a":"a"}']],
    ['v eq a b c', ['"a"', '"b"', '"c"'], ['"d"', '"a b c"', '"a b"', 'null']],
    ['v eq 5',
        ['5', '5.0', '5e0', '50e-1', '0.5e1', '0.5E+1', '5.000000', '"5"'],
        ['6', '-5', '5.0000000000000000000000001', '50', '"5.0"', '" 5"',
         'true', 'null', '[5]', '{}']],
    ['v eq 5.0', ['5', '5.00', '"5.0"'], ['"5"', '6']],
    ['v eq 0', ['0', '-0', '0.0', '0e5', '-0e-5', '"0"'],
               ['1e-400', 'false', 'null', '""']],
    ['v eq -12.5', ['-12.5', '-125e-1', '-0.125E2'], ['12.5', '-12']],
    ['v eq 9007199254740993', ['9007199254740993', '9007199254740993.0'],
                              ['9007199254740992', '9007199254740994']],
    ['v eq 18446744073709551616',
        ['18446744073709551616', '18446744073709551616.000'],
        ['18446744073709551615', '0', '1.8446744073709552e19']],
    ['v eq 1e400', ['1e400', '10e399', '0.1e401', '1' . '0' x 400],
                   ['1e401', '1e309', '2e400']],
    ['v eq 0.1', ['0.1', '0.10', '1e-1'],
                 ['0.1000000000000000055511151231257827', '0.100000000001']],
    ['v eq true', ['true', '"true"'],
                  ['false', '1', '"True"', '"1"', 'null', '[true]']],
    ['v eq false', ['false', '"false"'],
                   ['true', '0', '""', 'null', '[]', '{}']],
    ['v eq null', ['"null"'], ['null', '""']],
    ['v eq ""', ['""'], ['null', '" "', '[]', '{}', 'false', '0']],
    ['v eq "a b"', ['"a b"'], ['"a"', '"b"', '["a b"]']],
    ['v eq "J\xc3\xb8rn"', ["\"J\xc3\xb8rn\"", '"J\u00f8rn"'], ['"Jorn"']],

    # ne: what it cannot judge does not satisfy it

    ['v ne a', ['"b"', '""', '"A"', '1', 'true', 'false'],
               ['"a"', '"\u0061"', 'null', '[]', '["b"]', '{}']],
    ['v ne a b', ['"c"', '"a b"', '7'], ['"a"', '"b"']],
    ['v ne 5', ['6', '5.0000000000000000000000001', '"six"', '"5.0"', 'true'],
               ['5', '5.0', '50e-1', '"5"', 'null', '[6]']],
    ['v ne 9007199254740993', ['9007199254740992'], ['9007199254740993']],
    ['v ne true', ['false', '"false"', '1', '"x"'], ['true', '"true"', 'null']],

    # order

    ['v gt 5',
        ['6', '5.0000000000000000000001', '5e1', '1e400', '9' x 400],
        ['5', '5.0', '4', '4.99999999999999999999999', '-6', '-1e400', '0',
         '"6"', '"x"', 'true', 'null', '[6]', '{"v":6}']],
    ['v ge 5', ['5', '5.0', '50e-1', '6'],
               ['4.99999999999999999999999', '-5', '"5"', 'null']],
    ['v lt 5', ['4', '4.99999999999999999999999', '0', '-1', '-1e400',
                '1e-400'],
               ['5', '5.0', '6', '1e400', '"4"', 'false', 'null', '[]']],
    ['v le 5', ['5', '5.0', '50e-1', '4', '-6'],
               ['5.0000000000000000000001', '6', '"5"', 'null']],
    ['v gt -5', ['-4', '-4.9', '0', '5'], ['-5', '-5.1', '-50']],
    ['v lt -5', ['-6', '-5.1', '-1e9'], ['-5', '-4', '0', '5']],
    ['v gt 9007199254740992', ['9007199254740993'], ['9007199254740992']],
    ['v le 9007199254740992', ['9007199254740992'], ['9007199254740993']],
    ['v ge 0', ['0', '-0', '0.0', '1e-400', '1'], ['-1e-400', '-1']],
    ['v lt 1e100', ['9' x 100, '0'], ['1e100', '1' . '0' x 100]],

    # sets

    ['v has read',
        ['"read"', '"read write"', '"write read"', '"a read b"',
         '"write  read"', '" read "', '["read"]', '["write","read"]',
         '["a",1,null,{},"read"]', '"re\u0061d"', '["re\u0061d"]'],
        ['"reads"', '"rea"', '"write"', '""', '"READ"', '"read,write"',
         '"orders:read"', '"read\u0000"', '"read\u0009write"', '[]',
         '["reads"]', '["read write"]', '[["read"]]', '[{"read":1}]',
         '{"read":1}', '1', 'true', 'null']],
    ['v has orders:read', ['"orders:read users:read"', '["orders:read"]'],
                          ['"orders: read"', '"orders"', '"read"']],
    ['v has "a b"', ['["a b"]'], ['"a b"', '"a"', '["a","b"]']],
    ['v any a b',
        ['"a"', '"b"', '"x b"', '"a b"', '["b"]', '["x","a"]'],
        ['"x"', '""', '["x"]', '[]', '{"a":1}', 'null', '1']],
    ['v all a b',
        ['"a b"', '"b a"', '"x b y a"', '["b","a"]', '["x","a","b"]'],
        ['"a"', '"b"', '"a x"', '["a"]', '["a","a"]', '["a b"]', '[]',
         '{"a":1,"b":1}', 'null', '""']],
    ['v any a', ['"a"', '["a"]'], ['"b"', '["b"]']],
    ['v all a', ['"a"', '["x","a"]'], ['"b"', '["b"]']],
);

# path => claims that have x there, claims that have not

my @paths = (
    ['realm_access.roles.name', ['{"realm_access":{"roles":{"name":"x"}}}'],
        ['{"realm_access.roles.name":"x"}', '{"realm_access":"x"}',
         '{"realm_access":{"roles":"x"}}', '{"realm_access":null}',
         '{"roles":{"name":"x"}}', '{"realm_access":["roles"]}']],
    ['/a/b', ['{"a":{"b":"x"}}'], ['{"a/b":"x"}', '{"/a/b":"x"}', '{"b":"x"}']],
    ['/https:~1~1shop.example~1role', ['{"https://shop.example/role":"x"}'],
        ['{"https:~1~1shop.example~1role":"x"}']],
    ['/m~0n', ['{"m~n":"x"}'], ['{"m~0n":"x"}']],
    ['/~01', ['{"~1":"x"}'], ['{"/":"x"}']],
    ['/a.b', ['{"a.b":"x"}'], ['{"a":{"b":"x"}}']],
    ['list.1', ['{"list":["y","x"]}', '{"list":{"1":"x"}}'],
        ['{"list":["x","y"]}', '{"list":["x"]}', '{"list":[]}',
         '{"list":"x"}']],
    ['/list/0/k', ['{"list":[{"k":"x"}]}', '{"list":{"0":{"k":"x"}}}'],
        ['{"list":[["k","x"]]}', '{"list":[]}']],
    ['list.01', ['{"list":{"01":"x"}}'], ['{"list":["y","x"]}']],
    ['/list/-', ['{"list":{"-":"x"}}'], ['{"list":["x"]}']],
    ['list.4294967297', ['{"list":{"4294967297":"x"}}'],
        ['{"list":["y","x"]}']],
    ['list.99999999999999999999', [], ['{"list":["x"]}']],
    ['/', ['{"":"x"}'], ['{"/":"x"}', '{"a":"x"}']],
    ['/a/', ['{"a":{"":"x"}}'], ['{"a":"x"}', '{"a":{"b":"x"}}']],
    ['a', ['{"a":"x"}', '{"\u0061":"x"}', '{"b":{"a":1},"a":"x"}'],
        ['{"A":"x"}', '{"aa":"x"}', '{"b":{"a":"x"}}', '{}']],
    ["j\xc3\xb8", ["{\"j\xc3\xb8\":\"x\"}", '{"j\u00f8":"x"}'], ['{}']],
);


sub hs {
    my ($payload) = @_;

    $payload =~ s/^\{(.)/'{"exp":4102444800' . ($1 eq '}' ? '' : ',') . $1/e;

    return jws('{"alg":"HS256","kid":"oct32"}', $payload, 'HS256', 'oct32');
}


our (@rule_cases, @path_cases);
our ($rule_config, $path_config) = ('', '');


sub location {
    my ($name, $rule) = @_;

    return "location = $name {\n    gw_jwt_require_claim $rule;\n"
           . "    proxy_pass http://\$TEST_NGINX_BACK;\n}\n";
}


for my $n (0 .. $#rules) {
    my ($rule, $yes, $no) = @{ $rules[$n] };

    $rule =~ s/\\x(..)/chr hex $1/ge;
    $rule_config .= location("/$n", $rule);

    push @rule_cases,
        (map { ["$rule: " . substr($_, 0, 40),
                { uri => "/$n", token => hs("{\"v\":$_}") }, 200, 'passed']
             } @$yes),
        (map { ["$rule: not " . substr($_, 0, 40),
                { uri => "/$n", token => hs("{\"v\":$_}") }, 403, 'refused']
             } @$no),
        ["$rule: not an absent claim",
         { uri => "/$n", token => hs('{"w":"a"}') }, 403, 'refused'];
}

for my $n (0 .. $#paths) {
    my ($path, $yes, $no) = @{ $paths[$n] };

    $path_config .= location("/$n", "$path eq x");

    push @path_cases,
        (map { ["$path: $_", { uri => "/$n", token => hs($_) }, 200, 'passed']
             } @$yes),
        (map { ["$path: not $_", { uri => "/$n", token => hs($_) }, 403,
                'refused'] } @$no);
}

my $head = "gw_jwt api;\ngw_jwt_key_file \$TEST_NGINX_DATA/all.jwks;\n";

$rule_config = $head . $rule_config;
$path_config = $head . $path_config;

run_tests();

__DATA__

=== TEST 1: operators
--- http_config eval: $GwTest::BACK
--- config eval: $::rule_config
--- cases
@rule_cases



=== TEST 2: paths
--- http_config eval: $GwTest::BACK
--- config eval: $::path_config
--- cases
@path_cases



=== TEST 3: variables in values
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /eq {
    gw_jwt_require_claim v eq $arg_a x-$arg_b;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /ne {
    gw_jwt_require_claim v ne $arg_a;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /gt {
    gw_jwt_require_claim v gt $arg_a;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /le {
    gw_jwt_require_claim v le $arg_a;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /has {
    gw_jwt_require_claim v has $arg_a;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all {
    gw_jwt_require_claim v all $arg_a $arg_b;
    proxy_pass http://$TEST_NGINX_BACK;
}

location ~ ^/users/(?<user>[^/]+)$ {
    gw_jwt_require_claim sub eq $user;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /method {
    gw_jwt_require_claim v has orders:$request_method;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /other {
    gw_jwt_require_claim v eq $gw_jwt_claim_w;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
map {
    my ($uri, $payload, $pass) = @$_;

    ["$uri $payload", { uri => $uri, token => hs($payload) },
     $pass ? (200, 'passed') : (403, 'refused')]
} (
    ['/eq?a=1', '{"v":"1"}', 1],
    ['/eq?a=1', '{"v":1.0}', 1],
    ['/eq?b=1', '{"v":"x-1"}', 1],
    ['/eq?a=2&b=2', '{"v":"1"}', 0],
    ['/eq?a=1', '{}', 0],
    ['/eq', '{"v":null}', 0],
    ['/eq', '{}', 0],
    ['/eq?a=null', '{"v":null}', 0],
    ['/ne?a=1', '{"v":2}', 1],
    ['/ne?a=1', '{"v":1}', 0],
    ['/ne?a=1', '{}', 0],
    ['/ne', '{}', 0],
    ['/gt?a=1', '{"v":2}', 1],
    ['/gt?a=2', '{"v":2}', 0],
    ['/gt?a=1e1', '{"v":11}', 1],
    ['/gt?a=-1', '{"v":0}', 1],
    ['/gt', '{"v":2}', 0],
    ['/gt?a=', '{"v":2}', 0],
    ['/gt?a=x', '{"v":2}', 0],
    ['/gt?a=01', '{"v":2}', 0],
    ['/gt?a=1x', '{"v":2}', 0],
    ['/gt?a=+1', '{"v":2}', 0],
    ['/gt?a=0x1', '{"v":2}', 0],
    ['/gt?a=NaN', '{"v":2}', 0],
    ['/le', '{"v":-1}', 0],
    ['/le?a=x', '{"v":-1}', 0],
    ['/le?a=Infinity', '{"v":-1}', 0],
    ['/le?a=0', '{"v":-1}', 1],
    ['/has?a=read', '{"v":"read write"}', 1],
    ['/has?a=re', '{"v":"read write"}', 0],
    ['/has', '{"v":"read  write"}', 0],
    ['/has', '{"v":""}', 0],
    ['/has', '{"v":" "}', 0],
    ['/has', '{"v":[]}', 0],
    ['/all?a=r&b=w', '{"v":"r w"}', 1],
    ['/all?a=r', '{"v":"r w"}', 0],
    ['/all', '{"v":"r w"}', 0],
    ['/users/alice', '{"sub":"alice"}', 1],
    ['/users/bob', '{"sub":"alice"}', 0],
    ['/method', '{"v":"orders:GET"}', 1],
    ['/method', '{"v":"orders:POST"}', 0],
    ['/other', '{"v":"a","w":"a"}', 1],
    ['/other', '{"v":"a","w":"b"}', 0],
    ['/other', '{"v":"a"}', 0],
)



=== TEST 4: error=, several rules, inheritance
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt_require_claim a eq 1;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_jwt_require_claim b eq 1;
    gw_jwt_require_claim c eq 1 error=401;
    gw_jwt_require_claim d eq 1 2 error=403;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /with {
    gw_jwt_require $gw_jwt_claim_e error=401;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt api optional;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['inherited', { uri => '/t', token => hs('{"a":1}') }, 200, 'passed'],
['inherited, fails',
 { uri => '/t', token => hs('{"b":1,"c":1,"d":1}') }, 403, 'refused',
 'WWW-Authenticate' => qr/^Bearer realm="api", error="insufficient_scope"/],
['all hold', { uri => '/own', token => hs('{"b":1,"c":1,"d":2}') }, 200,
 'passed'],
['the first fails', { uri => '/own', token => hs('{"a":1,"c":1,"d":2}') },
 403, 'refused'],
['the second fails', { uri => '/own', token => hs('{"b":1,"d":2}') }, 401,
 'refused', 'WWW-Authenticate' => qr/^Bearer realm="api", error="/],
['the third fails', { uri => '/own', token => hs('{"b":1,"c":1}') }, 403,
 'refused'],
['the first and the second fail', { uri => '/own', token => hs('{"d":2}') },
 403, 'refused'],
['beside gw_jwt_require', { uri => '/with', token => hs('{"a":1,"e":1}') },
 200, 'passed'],
['the rule fails first', { uri => '/with', token => hs('{}') }, 403,
 'refused'],
['the rule holds, gw_jwt_require fails',
 { uri => '/with', token => hs('{"a":1}') }, 401, 'refused'],
['optional, no token', '/optional', 200, 'missing'],
['optional, the rule fails', { uri => '/optional', token => hs('{}') }, 403,
 'refused'],
['a refusal says why in the log only',
 { uri => '/t', token => hs('{"a":"s3cret"}') }, 403, 'refused',
 json => { reason => 'refused', status => 403 },
 body => qr/^(?!.*s3cret)/, log => qr/\[info\]/],
