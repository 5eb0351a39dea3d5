# Every algorithm with good and bad tokens, and which key may verify what.

use GwTest;

# alg, key, another alg of the family and what becomes of a token whose header
# names that one: the key fits it (bad_signature) or does not (unknown_key)

my @algs = (
    ['RS256',   'rsa',       'RS384',   'bad_signature'],
    ['RS384',   'rsa',       'RS512',   'bad_signature'],
    ['RS512',   'rsa',       'RS256',   'bad_signature'],
    ['PS256',   'rsa',       'PS384',   'bad_signature'],
    ['PS384',   'rsa',       'PS512',   'bad_signature'],
    ['PS512',   'rsa',       'PS256',   'bad_signature'],
    ['ES256',   'p256',      'ES384',   'unknown_key'],
    ['ES384',   'p384',      'ES512',   'unknown_key'],
    ['ES512',   'p521',      'ES256',   'unknown_key'],
    ['ES256K',  'secp256k1', 'ES256',   'unknown_key'],
    ['ES256',   'p256',      'ES256K',  'unknown_key'],
    ['EdDSA',   'ed25519',   'Ed448',   'unknown_key'],
    ['EdDSA',   'ed448',     'Ed25519', 'unknown_key'],
    ['Ed25519', 'ed25519',   'Ed448',   'unknown_key'],
    ['Ed448',   'ed448',     'Ed25519', 'unknown_key'],
    ['HS256',   'oct32',     'HS384',   'unknown_key'],
    ['HS384',   'oct48',     'HS512',   'unknown_key'],
    ['HS256',   'oct64',     'HS384',   'bad_signature'],
    ['HS512',   'oct64',     'HS256',   'bad_signature'],
);

our (@each, @nokid, @pem, @allowed, @pinned);

for (@algs) {
    my ($alg, $key, $other, $other_status) = @$_;
    my @base = (alg => $alg, key => $key);
    my $good = jwt(@base);
    my ($header, $payload, $signature) = split /\./, $good;
    my ($more) = split /\./, jwt(@base, header => { typ => 'JOSE' });
    my (undef, $root) = split /\./, jwt(@base, claims => { sub => 'root' });
    my $name = "$alg ($key)";

    my @cases = (
        ['good', $good, 200, 'passed'],
        ['tampered header', "$more.$payload.$signature", 401,
         'bad_signature'],
        ['tampered payload', "$header.$root.$signature", 401,
         'bad_signature'],
        ['tampered signature', jwt(@base, signature => \&flip), 401,
         'bad_signature'],
        ['wrong key', jwt(alg => $alg, key => "$key-other", kid => $key), 401,
         'bad_signature'],
        ['truncated signature',
         jwt(@base, signature => sub { substr $_[0], 0, -1 }), 401,
         'bad_signature'],
        ['halved signature',
         jwt(@base, signature => sub { substr $_[0], 0, length($_[0]) / 2 }),
         401, 'bad_signature'],
        ['longer signature', jwt(@base, signature => sub { "$_[0]\0" }), 401,
         'bad_signature'],
        ['all zero signature',
         jwt(@base, signature => sub { "\0" x length $_[0] }), 401,
         'bad_signature'],
        ["says $other",
         jwt(alg => $other, sign_as => $alg, key => $key), 401,
         $other_status],
        ['no kid', jwt(@base, kid => undef), 200, 'passed'],
        ['unknown kid', jwt(@base, kid => 'nobody'), 401, 'unknown_key'],
    );

    push @each, map { my ($what, $token, @rest) = @$_;
                      ["$name, $what", { token => $token }, @rest] } @cases;

    # keys without a kid verify whatever the token names

    push @nokid,
        ["$name, a kid", { token => $good }, 200, 'passed'],
        ["$name, no kid", { token => jwt(@base, kid => undef) }, 200,
         'passed'],
        ["$name, wrong key", { token => jwt(@base, key => "$key-other") },
         401, 'bad_signature'];

    push @pem, ["$name, from PEM", { token => $good },
                $alg =~ /^HS/ ? (401, 'unknown_key') : (200, 'passed')];

    push @allowed, ["$name, allowed", { uri => '/some', token => $good },
                    $alg =~ /^(?:RS384|ES256|EdDSA|HS512)$/
                    ? (200, 'passed') : (401, 'unsupported')];

    # a key with an alg does nothing else

    push @pinned,
        ["$name, pinned", { uri => "/$alg-$key", token => $good }, 200,
         'passed'],
        ["$name, pinned, says $other",
         { uri => "/$alg-$key",
           token => jwt(alg => $other, sign_as => $alg, key => $key) },
         401, 'unknown_key'],
        ["$name, pinned, no kid",
         { uri => "/$alg-$key", token => jwt(@base, kid => undef) }, 200,
         'passed'];
}

my %seen;

our $pinned_files = join '', map {
    my ($alg, $key) = @$_;

    $seen{"$alg-$key"}++
        ? ''
        : ">>> $alg-$key.jwks\n" . jwks(jwk($key, alg => $alg))
} @algs;

our $pinned_config = join '', map {
    "location = /$_ {\n"
    . "    gw_jwt \"pinned\";\n"
    . "    gw_jwt_key_file ../html/$_.jwks;\n"
    . "    proxy_pass http://\$TEST_NGINX_BACK;\n"
    . "}\n"
} sort keys %seen;

# keys of one type do not verify what another's would

our @across = map {
    my ($alg, $kid, $key) = @$_;

    ["$alg for the key $kid",
     { token => jwt(alg => $alg, key => $key, kid => $kid) }, 401,
     'unknown_key']
} (
    ['RS256', 'p256',      'rsa'],
    ['PS256', 'ed25519',   'rsa'],
    ['RS256', 'oct64',     'rsa'],
    ['ES256', 'rsa',       'p256'],
    ['ES256', 'p384',      'p256'],
    ['ES256', 'secp256k1', 'secp256k1'],
    ['ES256K', 'p256',     'p256'],
    ['ES512', 'p384',      'p384'],
    ['ES256', 'ed25519',   'p256'],
    ['EdDSA', 'rsa',       'ed25519'],
    ['EdDSA', 'p256',      'ed25519'],
    ['EdDSA', 'oct32',     'ed25519'],
    ['HS256', 'rsa',       'oct32'],
    ['HS256', 'p256',      'oct32'],
    ['HS384', 'oct32',     'oct48'],
    ['HS512', 'oct48',     'oct64'],
);

run_tests();

__DATA__

=== TEST 1: every algorithm, good and bad
--- http_config eval: $GwTest::BACK
--- config
location /t {
    gw_jwt "all";
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
@each



=== TEST 2: keys without a kid
--- http_config eval: $GwTest::BACK
--- config
location /t {
    gw_jwt "all";
    gw_jwt_key_file $TEST_NGINX_DATA/nokid.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
@nokid



=== TEST 3: public keys in PEM
--- http_config eval: $GwTest::BACK
--- config
location /t {
    gw_jwt "all";
    gw_jwt_key_file $TEST_NGINX_DATA/bundle.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
@pem



=== TEST 4: gw_jwt_algorithms restricts them
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
gw_jwt_algorithms RS384 ES256;

location /some {
    gw_jwt "all";
    gw_jwt_algorithms RS384 ES256;
    gw_jwt_algorithms EdDSA HS512;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /inherited {
    gw_jwt "all";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_jwt "all";
    gw_jwt_algorithms HS256;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
@allowed,
['inherited', { uri => '/inherited', token => jwt(alg => 'ES256') }, 200,
 'passed'],
['inherited, not in it', { uri => '/inherited', token => jwt() }, 401,
 'unsupported'],
['a list of its own', { uri => '/own', token => jwt(alg => 'HS256') }, 200,
 'passed'],
['a list of its own, nothing inherited',
 { uri => '/own', token => jwt(alg => 'ES256') }, 401, 'unsupported'],



=== TEST 5: the alg of a key binds it
--- http_config eval: $GwTest::BACK
--- user_files eval: $::pinned_files
--- config eval: $::pinned_config
--- cases
@pinned



=== TEST 6: a key of another type
--- http_config eval: $GwTest::BACK
--- config
location /t {
    gw_jwt "all";
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
@across



=== TEST 7: algorithms with nothing but keys of another type
--- http_config eval: $GwTest::BACK
--- config
location /t {
    gw_jwt "rsa";
    gw_jwt_key_file $TEST_NGINX_DATA/rsa.pub.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['RS256', { token => jwt() }, 200, 'passed'],
['PS512', { token => jwt(alg => 'PS512') }, 200, 'passed'],
['HS256, the PEM is the secret',
 { token => jwt(alg => 'HS256', key => \public_pem('rsa')) }, 401,
 qr/^(unsupported|unknown_key)$/],
['ES256', { token => jwt(alg => 'ES256') }, 401,
 qr/^(unsupported|unknown_key)$/],
['EdDSA', { token => jwt(alg => 'EdDSA') }, 401,
 qr/^(unsupported|unknown_key)$/],



=== TEST 8: the largest RSA key
--- http_config eval: $GwTest::BACK
--- user_files eval: ">>> k.jwks\n" . GwToken::jwks('rsa8192')
--- config
location /t {
    gw_jwt "large";
    gw_jwt_key_file ../html/k.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['RS512', { token => jwt(alg => 'RS512', key => 'rsa8192') }, 200, 'passed'],
['PS256', { token => jwt(alg => 'PS256', key => 'rsa8192') }, 200, 'passed'],
['flipped', { token => jwt(alg => 'PS256', key => 'rsa8192',
                           signature => \&flip) }, 401, 'bad_signature'],



=== TEST 9: without a kid at most eight keys are tried
--- http_config eval: $GwTest::BACK
--- user_files eval
">>> nine.jwks\n"
. GwToken::jwks((map { { kty => 'oct', k => GwToken::b64u(chr($_) x 32) } }
                     1 .. 8),
                GwToken::jwk('oct32', kid => undef),
                GwToken::jwk('p256', kid => undef))
. ">>> eight.jwks\n"
. GwToken::jwks((map { { kty => 'oct', k => GwToken::b64u(chr($_) x 32) } }
                     1 .. 7),
                GwToken::jwk('oct32', kid => undef),
                GwToken::jwk('p256', kid => undef))
. ">>> last.jwks\n" . GwToken::jwks(GwToken::jwk('oct32', kid => undef))
. ">>> others.jwks\n"
. GwToken::jwks(map { { kty => 'oct', k => GwToken::b64u(chr($_) x 32) } }
                    1 .. 8)
--- config
location /files {
    gw_jwt "files";
    gw_jwt_key_file ../html/others.jwks;
    gw_jwt_key_file ../html/last.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /first {
    gw_jwt "files";
    gw_jwt_key_file ../html/last.jwks;
    gw_jwt_key_file ../html/others.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /nine {
    gw_jwt "nine";
    gw_jwt_key_file ../html/nine.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /eight {
    gw_jwt "eight";
    gw_jwt_key_file ../html/eight.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['the eighth', { uri => '/eight', token => jwt(alg => 'HS256',
                                               kid => undef) },
 200, 'passed'],
['the ninth', { uri => '/nine', token => jwt(alg => 'HS256',
                                             kid => undef) },
 401, 'bad_signature'],
['the ninth, in a file of its own', { uri => '/files',
                                      token => jwt(alg => 'HS256',
                                                   kid => undef) },
 401, 'bad_signature'],
['the first of nine in two files', { uri => '/first',
                                     token => jwt(alg => 'HS256',
                                                  kid => undef) },
 200, 'passed'],
['those that do not fit do not count',
 { uri => '/nine', token => jwt(alg => 'ES256', kid => undef) },
 200, 'passed'],
