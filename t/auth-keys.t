# Key files: what is accepted, what is skipped with a notice, what keeps nginx
# from starting and how it says so.

use GwTest;

our $rs = jwt();
our $es = jwt(alg => 'ES256');
our $hs = jwt(alg => 'HS256');

my $good = jwk('ed25519', kid => 'good');


# A file of this text, and a location that reads it.

sub file {
    my ($text) = @_;

    return {
        config => "location /t {\n    gw_jwt api;\n"
                  . "    gw_jwt_key_file ../html/keys.file;\n}\n",
        user_files => ">>> keys.file\n$text",
    };
}


# A JWK set whose second key is this one.

sub second {
    my ($jwk) = @_;

    return file(jwks($good, $jwk));
}


sub but {
    my ($name, %members) = @_;

    return second(jwk($name, kid => 'bad', %members));
}


my $private = data_file('keys/p256.pem');
my $small = public_pem('rsa1024');
my $file = qr/keys\.file/;

# the index of the second key, and its kid

my @bad = ('keys\.file', 'key 1\b', '\bbad\b');

my $n = unb64u(jwk('rsa')->{n});
my $x = unb64u(jwk('p256')->{x});

# two coordinates that are on the curve, but not of one point

my $mixed = jwk('p256-other')->{y};

must_die(
    ['no such file', {
        config => "location /t {\n    gw_jwt api;\n"
                  . "    gw_jwt_key_file no/such.file;\n}\n" },
     'no/such\.file'],
    ['a folder', { config => "location /t {\n    gw_jwt api;\n"
                             . "    gw_jwt_key_file ../html;\n}\n" }, 'html'],
    ['one of two files is missing',
     { config => "location /t {\n    gw_jwt api;\n    gw_jwt_key_file "
                 . "\$TEST_NGINX_DATA/all.jwks no/such.file;\n}\n" },
     'no/such\.file'],
    ['an empty file', file(''), $file],
    ['white space', file(" \n "), $file],
    ['words', file("these are no keys\n"), $file],
    ['broken JSON', file('{"keys":[{"kty":"oct"'), $file],
    ['garbage behind the JSON', file(jwks('rsa') . '}'), $file],
    ['an array', file('[' . json(jwk('rsa')) . ']'), $file],
    ['a string', file('"keys"'), $file],
    ['an object of something else', file('{"a":1}'), $file],
    ['keys is an object', file('{"keys":{"kty":"oct"}}'), $file],
    ['keys is null', file('{"keys":null}'), $file],
    ['no keys', file('{"keys":[]}'), $file],
    ['a key that is no object', file('{"keys":[7]}'), $file],
    ['a key that is null',
     file('{"keys":[' . json($good) . ',null]}'), $file, 'key 1\b'],
    ['a duplicate member',
     file('{"keys":[{"kty":"oct","kty":"oct","k":"' . 'A' x 43 . '"}]}'),
     $file],
    ['no kty', second({ kid => 'bad', k => 'A' x 43 }), @bad],
    ['kty is a number', second({ kid => 'bad', kty => 1 }), @bad],
    ['kid is a number', second(jwk('p256', kid => 7)), $file, 'key 1\b'],
    ['kid twice', file(jwks($good, jwk('p256', kid => 'bad'),
                            jwk('p384', kid => 'bad'))),
     $file, '\bbad\b'],
    ['too many keys',
     file(jwks(map { { kty => 'oct', k => 'A' x 43 } } 1 .. 16385)), $file],
    ['too large', file(json({ keys => [jwk('rsa')], x => 'x' x 4200000 })),
     $file],

    ['RSA without n', but('rsa', n => undef), @bad],
    ['RSA without e', but('rsa', e => undef), @bad],
    ['RSA, n is a number', but('rsa', n => 7), @bad],
    ['RSA, n is empty', but('rsa', n => ''), @bad],
    ['RSA, n is no base64url', but('rsa', n => '+/' . 'A' x 400), @bad],
    ['RSA, n is padded', but('rsa', n => jwk('rsa')->{n} . '=='), @bad],
    ['RSA, n with a blank', but('rsa', n => ' ' . jwk('rsa')->{n}), @bad],
    ['RSA of 1024 bits', but('rsa1024'), @bad, '1024|2048'],
    ['RSA of 2047 bits',
     but('rsa', n => b64u(chr(0x7f) . substr $n, 1)), @bad],
    ['RSA of 16384 bits', but('rsa', n => b64u("\xc5" . "\xa5" x 2047)),
     @bad],
    ['RSA of 8193 bits', but('rsa', n => b64u("\x01" . "\xa5" x 1024)), @bad],
    ['RSA, e is zero', but('rsa', e => 'AA'), @bad],
    ['RSA, e is one', but('rsa', e => 'AQ'), @bad],
    ['RSA, e is even', but('rsa', e => b64u("\x01\0\0")), @bad],
    ['RSA, n is even', but('rsa', n => b64u(substr($n, 0, -1) . "\0")), @bad],
    ['RSA, private', but('rsa', private => 1), @bad, 'private'],
    ['RSA, only d', but('rsa', d => 'AQAB'), @bad, 'private'],

    ['EC without crv', but('p256', crv => undef), @bad],
    ['EC without x', but('p256', x => undef), @bad],
    ['EC without y', but('p256', y => undef), @bad],
    ['EC, not on the curve', but('p256', y => $mixed), @bad],
    ['EC, another curve', but('p256', crv => 'secp256k1'), @bad],
    ['EC, zero', but('p256', x => 'A' x 43, y => 'A' x 43), @bad],
    ['EC, x is short', but('p256', x => b64u(substr $x, 1)), @bad],
    ['EC, x is long', but('p256', x => b64u("\0$x")), @bad],
    ['EC, x is not canonical',
     but('p256', x => substr(jwk('p256')->{x}, 0, -1) . 'B'), @bad],
    ['EC, private', but('p256', private => 1), @bad, 'private'],
    ['EC of 521 bits, private', but('p521', private => 1), @bad, 'private'],

    ['OKP without crv', but('ed25519', crv => undef), @bad],
    ['OKP without x', but('ed25519', x => undef), @bad],
    ['OKP, x is short', but('ed25519', x => 'A' x 42), @bad],
    ['OKP, x is that of another curve',
     but('ed25519', x => jwk('ed448')->{x}), @bad],
    ['OKP, private', but('ed25519', private => 1), @bad, 'private'],
    ['OKP of 448 bits, private', but('ed448', private => 1), @bad,
     'private'],

    ['oct without k', but('oct32', k => undef), @bad],
    ['oct, k is a number', but('oct32', k => 7), @bad],
    ['oct, k is empty', but('oct32', k => ''), @bad],
    ['oct, k is padded', but('oct32', k => jwk('oct32')->{k} . '='), @bad],
    ['oct of 31 bytes', but('oct31'), @bad],
    ['oct of 32 bytes for HS384', but('oct32', alg => 'HS384'), @bad],
    ['oct of 48 bytes for HS512', but('oct48', alg => 'HS512'), @bad],

    ['use is a number', but('rsa', use => 1), @bad],
    ['key_ops is a string', but('rsa', key_ops => 'verify'), @bad],
    ['alg is a number', but('rsa', alg => 256), @bad],

    ['only keys that are not for signatures',
     file(jwks(jwk('rsa', use => 'enc'), jwk('p256', key_ops => ['sign']))),
     $file],
    ['only keys of unknown types', file('{"keys":[{"kty":"X"}]}'), $file],
    ['a single JWK that is for encryption',
     file(json(jwk('rsa', use => 'enc'))), $file],
    ['a single JWK that is private', file(json(jwk('rsa', private => 1))),
     $file, 'private'],

    ['PEM, private', file($private), $file, 'private'],
    ['PEM, one of two is private', file(public_pem('rsa') . $private), $file,
     'private'],
    ['PEM, weak', file($small), $file],
    ['PEM, the second is weak', file(public_pem('rsa') . $small), $file,
     'key 1\b'],
    ['PEM, cut off', file(substr public_pem('rsa'), 0, 200), $file],
    ['PEM, garbage within',
     file("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
     $file],
    ['PEM, the second is garbage',
     file(public_pem('rsa')
          . "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
     $file],
    ['PEM, only a curve that is not supported', file(public_pem('p224')),
     $file],
    ['PEM, only a key agreement', file(public_pem('x25519')), $file],
    ['PEM of something else',
     file("-----BEGIN DH PARAMETERS-----\nMAYCAQUCAQI=\n"
          . "-----END DH PARAMETERS-----\n"), $file],
    ['a good file and a bad one',
     { %{ file('{"keys":[]}') },
       config => "location /t {\n    gw_jwt api;\n    gw_jwt_key_file "
                 . "\$TEST_NGINX_DATA/all.jwks ../html/keys.file;\n}\n" },
     $file],
    ['a bad file that no location uses',
     { %{ file('{"keys":[]}') },
       config => "gw_jwt_key_file ../html/keys.file;\nlocation /t { }\n" },
     $file],
);

run_tests();

__DATA__

=== TEST 1: kinds of files
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /set {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /jwk {
    gw_jwt_key_file $TEST_NGINX_DATA/rsa.jwk;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /pem {
    gw_jwt_key_file $TEST_NGINX_DATA/rsa.pub.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /certificate {
    gw_jwt_key_file $TEST_NGINX_DATA/p256.crt.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_jwt_key_file $TEST_NGINX_DATA/p256.crt.pem
                    $TEST_NGINX_DATA/rsa.pub.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two {
    gw_jwt_key_file $TEST_NGINX_DATA/p256.pub.pem;
    gw_jwt_key_file $TEST_NGINX_DATA/rsa.jwk;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
map {
    my ($uri, %ok) = @$_;

    map { my ($alg, $token) = @$_;
          ["$uri: $alg", { uri => $uri, token => $token },
           $ok{$alg} ? (200, 'passed') : (401, 'unknown_key')] }
        ['RS256', $rs], ['ES256', $es], ['HS256', $hs]
} (
    ['/set', RS256 => 1, ES256 => 1, HS256 => 1],
    ['/jwk', RS256 => 1],
    ['/pem', RS256 => 1],
    ['/certificate', ES256 => 1],
    ['/both', RS256 => 1, ES256 => 1],
    ['/two', RS256 => 1, ES256 => 1],
)



=== TEST 2: keys with a kid go first, those without one stand in
--- http_config eval: $GwTest::BACK
--- user_files eval
">>> named.jwks\n" . GwToken::jwks(GwToken::jwk('rsa-other', kid => 'rsa'))
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file ../html/named.jwks $TEST_NGINX_DATA/rsa.pub.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['the kid is there: only its key counts', { token => $rs }, 401,
 'bad_signature'],
['the kid is there: its key', { token => jwt(key => 'rsa-other',
                                             kid => 'rsa') }, 200, 'passed'],
['another kid: the key without a kid', { token => jwt(kid => 'x') }, 200,
 'passed'],
['another kid: not the key of that kid',
 { token => jwt(key => 'rsa-other', kid => 'x') }, 401, 'bad_signature'],
['no kid: the first', { token => jwt(key => 'rsa-other', kid => undef) },
 200, 'passed'],
['no kid: the second', { token => jwt(kid => undef) }, 200, 'passed'],
['no kid: neither', { token => jwt(kid => undef, signature => \&flip) },
 401, 'bad_signature'],



=== TEST 3: keys that are not for signatures are skipped with a notice
--- http_config eval: $GwTest::BACK
--- user_files eval
">>> mixed.jwks\n" . GwToken::jwks(
    GwToken::jwk('rsa', use => 'enc', kid => 'skip-use'),
    GwToken::jwk('rsa', key_ops => ['encrypt', 'wrapKey'],
                 kid => 'skip-ops'),
    GwToken::jwk('rsa', key_ops => ['sign'], kid => 'skip-sign'),
    GwToken::jwk('rsa', alg => 'RSA-OAEP-256', kid => 'skip-alg'),
    GwToken::jwk('oct32', alg => 'A256GCM', kid => 'skip-secret'),
    { kty => 'AKP', alg => 'ML-DSA-44', pub => 'AAAA', kid => 'skip-type' },
    { kty => 'OKP', crv => 'X25519', x => 'A' x 43, kid => 'skip-curve' },
    { kty => 'EC', crv => 'P-224', x => 'A' x 38, y => 'A' x 38,
      kid => 'skip-p224' },
    GwToken::jwk('p256', use => 'sig', kid => 'use'),
    GwToken::jwk('p256', key_ops => ['verify'], kid => 'ops'),
    GwToken::jwk('p256', key_ops => ['sign', 'verify'], kid => 'both'),
    GwToken::jwk('p256', use => 'sig', key_ops => ['verify'],
                 alg => 'ES256', kid => 'all'),
    GwToken::jwk('p256', x5t => 'abc', x5c => ['MII'], more => { a => 1 },
                 kid => 'more'),
    GwToken::jwk('p384', use => 'sig', kid => 'j"\\'))
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file ../html/mixed.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map { ["skipped: $_", { token => jwt(kid => $_) }, 401, 'unknown_key'] }
    qw(skip-use skip-ops skip-sign skip-alg)),
['skipped: skip-secret', { token => jwt(alg => 'HS256',
                                        kid => 'skip-secret') }, 401,
 'unknown_key'],
(map { ["used: $_", { token => jwt(alg => 'ES256', kid => $_) }, 200,
        'passed'] } qw(use ops both all more)),
['used: a kid with quotes', { token => jwt(alg => 'ES384',
                                           kid => 'j"\\') }, 200, 'passed'],
['no kid: none of the skipped', { token => jwt(kid => undef) }, 401,
 'unknown_key'],
(map {
    my $kid = $_;

    ["a notice: $kid", sub {
        like(read_file('logs/error.log'), qr/\[notice\].*mixed\.jwks.*$kid/,
             $_[0]);
    }]
} qw(skip-use skip-ops skip-sign skip-alg skip-secret skip-type skip-curve
     skip-p224)),



=== TEST 4: PEM of several kinds, some of no use
--- http_config eval: $GwTest::BACK
--- user_files eval
">>> many.pem\n# a comment\n\n" . CORE::join("\nsubject=/CN=x\n",
    GwToken::public_pem('x25519'), GwToken::public_pem('p224'),
    GwToken::data_file('p256.crt.pem'), GwToken::public_pem('rsa'),
    GwToken::public_pem('rsa') =~ s/\n/\r\n/gr)
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file ../html/many.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['RS256', { token => $rs }, 200, 'passed'],
['ES256', { token => $es }, 200, 'passed'],
['HS256', { token => $hs }, 401, 'unknown_key'],
['a notice', sub {
    like(read_file('logs/error.log'), qr/\[notice\].*many\.pem/, $_[0]);
}],



=== TEST 5: issuer=
--- http_config eval: $GwTest::BACK
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks issuer=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks issuer=one;
    gw_jwt_key_file $TEST_NGINX_DATA/other.jwks issuer=https://two.example/;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /any {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/p256.pub.pem;
    gw_jwt_key_file $TEST_NGINX_DATA/rsa.pub.pem issuer=one;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
do {
    my %iss = (one => { iss => 'one' }, two => { iss => 'https://two.example/' },
               none => {}, number => { iss => 1 }, array => { iss => ['one'] },
               longer => { iss => 'one1' }, case => { iss => 'ONE' });
    my %bits = (rsa => 'rsa', other => 'rsa-other');

    map {
        my ($uri, $key, $iss, $pass, $status) = @$_;

        map {
            [sprintf('%s: %s of %s%s', $uri, $key, $iss,
                     defined $_ ? '' : ', no kid'),
             { uri => $uri, token => jwt(key => $bits{$key}, kid => $_,
                                         claims => $iss{$iss}) },
             $pass ? (200, 'passed') : (401, $status // 'unknown_key')]
        } 'rsa', undef
    } (
        ['/t', 'rsa', 'one', 1],
        ['/t', 'rsa', 'two', 0],
        ['/t', 'rsa', 'none', 0],
        ['/t', 'rsa', 'number', 0, qr/^(unknown_key|malformed)$/],
        ['/t', 'rsa', 'array', 0, qr/^(unknown_key|malformed)$/],
        ['/t', 'rsa', 'longer', 0],
        ['/t', 'rsa', 'case', 0],
        ['/t', 'other', 'one', 0, 'bad_signature'],
        ['/two', 'rsa', 'one', 1],
        ['/two', 'other', 'two', 1],
        ['/two', 'rsa', 'two', 0, 'bad_signature'],
        ['/two', 'other', 'one', 0, 'bad_signature'],
        ['/two', 'rsa', 'none', 0],
        ['/any', 'rsa', 'one', 1],
        ['/any', 'rsa', 'two', 0],
    )
},
['a file without issuer= serves all',
 { uri => '/any', token => jwt(alg => 'ES256',
                               claims => { iss => 'three' }) },
 200, 'passed'],
['a file without issuer= serves tokens without iss',
 { uri => '/any', token => $es }, 200, 'passed'],



=== TEST 6: secrets
--- http_config eval: $GwTest::BACK
--- user_files eval
">>> long.jwks\n" . GwToken::jwks({ kty => 'oct', kid => 'long',
                                    k => GwToken::b64u('k' x 1000) },
                                  { kty => 'oct', kid => 'zeros',
                                    k => GwToken::b64u("\0" x 64) })
--- config
gw_jwt api;
gw_jwt_key_file ../html/long.jwks;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map { ["a long one, $_", { token => jwt(alg => $_, key => \('k' x 1000),
                                         kid => 'long') }, 200, 'passed'] }
    qw(HS256 HS384 HS512)),
['a long one, cut off', { token => jwt(alg => 'HS256', key => \('k' x 999),
                                       kid => 'long') }, 401,
 'bad_signature'],
['zeros', { token => jwt(alg => 'HS512', key => \("\0" x 64),
                         kid => 'zeros') }, 200, 'passed'],



=== TEST 7: many keys
--- http_config eval: $GwTest::BACK
--- user_files eval
">>> many.jwks\n" . GwToken::jwks(
    (map { { kty => 'oct', kid => "k$_",
             k => GwToken::b64u(substr(sprintf('%05d', $_) x 13, 0, 64)) } }
         1 .. 16384))
--- config
gw_jwt api;
gw_jwt_key_file ../html/many.jwks;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
map { ["key $_",
       { token => jwt(alg => 'HS256', kid => "k$_",
                      key => \substr(sprintf('%05d', $_) x 13, 0, 64)) }, 200,
       'passed'] } 1, 2, 8000, 16384



=== TEST 8: the same kid in several files: each key is tried
--- http_config eval: $GwTest::BACK
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks $TEST_NGINX_DATA/other.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /same {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    gw_jwt_key_file $TEST_NGINX_DATA/rsa.jwk;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my ($alg, $key) = @$_;

    (
        ["$alg, of the first file", { token => jwt(alg => $alg) }, 200,
         'passed'],
        ["$alg, of the second file",
         { token => jwt(alg => $alg, key => "$key-other", kid => $key) },
         200, 'passed'],
        ["$alg, of the second file, no kid",
         { token => jwt(alg => $alg, key => "$key-other", kid => undef) },
         200, 'passed'],
        ["$alg, of neither", { token => jwt(alg => $alg,
                                            signature => \&flip) },
         401, 'bad_signature'],
    )
} ['RS256', 'rsa'], ['ES384', 'p384'], ['EdDSA', 'ed25519'],
  ['HS512', 'oct64']),
['the same key twice', { uri => '/same', token => jwt() }, 200, 'passed'],
['the same key twice, bad', { uri => '/same',
                              token => jwt(signature => \&flip) }, 401,
 'bad_signature'],
