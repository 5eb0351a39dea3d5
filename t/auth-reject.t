# Tokens that must not pass: broken encoding, broken JSON, forged and unwanted
# headers, forged signatures; and their neighbours that must.

use GwTest;

use Math::BigInt;

my @url = ('A' .. 'Z', 'a' .. 'z', 0 .. 9, '-', '_');
my %value = map { $url[$_] => $_ } 0 .. 63;

my $good = jwt(alg => 'HS256');
my ($header, $payload, $signature) = split /\./, $good;
my $rs = jwt();


# The same bytes in another spelling: an unused bit of the last character set.

sub uncanonical {
    my ($part) = @_;

    return $part if length($part) % 4 == 0;

    substr($part, -1) = $url[$value{substr $part, -1} | 1];

    return $part;
}


# A JWS of these very texts with a good HMAC.

sub hs {
    my ($head, $body, @more) = @_;

    return jws($head, $body // '{"exp":4102444800}', 'HS256', 'oct32', @more);
}


sub hs_claims {
    my ($claims) = @_;

    return hs('{"alg":"HS256"}', $claims);
}


# As many characters as make the part's last one carry unused bits.

sub with_rest {
    my ($part) = @_;

    return { header => [map { hs('{"alg":"HS256","x":"' . 'x' x $_ . '"}') }
                            0 .. 2],
             payload => [map { hs_claims('{"exp":4102444800,"x":"' . 'x' x $_
                                         . '"}') } 0 .. 2] }->{$part};
}


our @encoding = (
    ['good', $good, 'passed'],
    ['one part', $header],
    ['two parts', "$header.$payload"],
    ['two parts and a dot', "$header.$payload.", qr/./],
    ['four parts', "$good.$signature"],
    ['four parts, the last empty', "$good."],
    ['six parts', "$good.a.b.c"],
    ['only dots', '..'],
    ['a dot', '.'],
    ['no header', ".$payload.$signature"],
    ['no payload', "$header..$signature"],
    ['padding at the header', "$header=.$payload.$signature"],
    ['padding at the payload', "$header.$payload=.$signature"],
    ['padding at the payload, twice', "$header.$payload==.$signature"],
    ['padding at the signature', "$good=", ],
    ['a plus', "$header.$payload.+" . substr($signature, 1)],
    ['a slash', "$header.$payload./" . substr($signature, 1)],
    ['a percent sign', "$header.$payload.%" . substr($signature, 1)],
    ['a byte of 8 bits', "$header.$payload.\xe9" . substr($signature, 1)],
    ['a blank within', "$header. $payload.$signature"],
    ['a tab within', "$header.$payload.\t$signature"],
    ['a second word', "$good $good", qr/^(malformed|unsupported)$/],
    ['a comma behind', "$good,"],
    ['quotes', "\"$good\""],
    ['signature of 4n + 1', "$header.$payload." . 'A' x 41],
    ['header of 4n + 1', ($header . 'A' x ((5 - length($header) % 4) % 4))
                         . ".$payload.$signature"],
    ['payload of 4n + 1', "$header."
                          . $payload . 'A' x ((5 - length($payload) % 4) % 4)
                          . ".$signature"],
    ['uncanonical signature', "$header.$payload." . uncanonical($signature)],
    (map {
        my $part = $_;

        map {
            my @p = split /\./;
            my $other = uncanonical($p[$part eq 'payload']);
            my $changed = $other ne $p[$part eq 'payload'];

            $p[$part eq 'payload'] = $other;

            # the signature is over the new spelling

            $changed ? ["uncanonical $part", do {
                my $in = "$p[0].$p[1]";

                "$in." . b64u(sign('HS256', 'oct32', $in))
            }] : ()
        } @{ with_rest($part) }
    } qw(header payload)),
    ['header is not base64', "{\"alg\":\"HS256\"}.$payload.$signature"],
    ['random letters', 'thequickbrownfox.jumpsoverthe.lazydog0'],
);

my $deep = sub {
    my ($depth) = @_;

    # the object is the first level

    return '{"exp":4102444800,"a":' . '[' x ($depth - 1) . ']' x ($depth - 1)
           . '}';
};

our @json = (
    ['white space', hs(" { \"alg\" :\t\"HS256\" }\r\n",
                       " \n{ \"exp\" : 4102444800 } "), 'passed'],
    ['escapes', hs('{"\u0061lg":"HS25\u0036"}', '{"\u0065xp":4102444800}'),
     'passed'],
    ['UTF-8', hs_claims("{\"exp\":4102444800,\"n\":\"J\xc3\xb8rn "
                        . "\xf0\x9f\x98\x80\"}"), 'passed'],
    ['a surrogate pair', hs_claims('{"exp":4102444800,"n":"\ud83d\ude00"}'),
     'passed'],
    ['all kinds', hs_claims('{"exp":4102444800,"a":[],"b":{},"c":null,'
                            . '"d":true,"e":-0.5e-7,"f":"\"\\\\\/\b\f\n\r\t"}'
                           ), 'passed'],
    ['depth 16', hs_claims($deep->(16)), 'passed'],
    ['depth 17', hs_claims($deep->(17))],
    ['depth 1000', hs_claims($deep->(1000))],
    ['depth 17 of objects',
     hs_claims('{"exp":4102444800,"a":' . '{"a":' x 15 . '{}' . '}' x 15
               . '}')],
    ['depth 17 in the header',
     hs('{"alg":"HS256","a":' . '[' x 16 . ']' x 16 . '}')],

    (map { my ($what, $text) = @$_; (
        ["header: $what", hs($text)],
        ["payload: $what", hs_claims($text)],
    ) } (
        ['nothing', ''],
        ['white space', ' '],
        ['an array', '[]'],
        ['an array of an object', '[{"alg":"HS256","exp":4102444800}]'],
        ['a string', '"HS256"'],
        ['a number', '7'],
        ['true', 'true'],
        ['null', 'null'],
        ['two objects', '{"alg":"HS256"}{"exp":4102444800}'],
    )),

    (map { my ($what, $members) = @$_; (
        ["header: $what", hs("{\"alg\":\"HS256\"$members")],
        ["payload: $what", hs_claims("{\"exp\":4102444800$members")],
    ) } (
        ['not closed', ''],
        ['garbage behind', '}x'],
        ['a NUL behind', "}\0"],
        ['a comma behind', '},'],
        ['a trailing comma', ',}'],
        ['two commas', ',,"a":1}'],
        ['a comment', '/* a */}'],
        ['a name without quotes', ',a:1}'],
        ['single quotes', ",'a':1}"],
        ['a number as name', ',1:1}'],
        ['no value', ',"a"}'],
        ['no value behind the colon', ',"a":}'],
        ['no colon', ',"a" 1}'],
        ['a leading zero', ',"a":01}'],
        ['a plus', ',"a":+1}'],
        ['a bare point', ',"a":1.}'],
        ['a point first', ',"a":.5}'],
        ['a bare exponent', ',"a":1e}'],
        ['a bare minus', ',"a":-}'],
        ['hexadecimal', ',"a":0x10}'],
        ['NaN', ',"a":NaN}'],
        ['Infinity', ',"a":Infinity}'],
        ['True', ',"a":True}'],
        ['a control character', ",\"a\":\"\x01\"}"],
        ['a line feed in a string', ",\"a\":\"\n\"}"],
        ['a NUL in a string', ",\"a\":\"\0\"}"],
        ['an unknown escape', ',"a":"\x"}'],
        ['half an escape', ',"a":"\u00"}'],
        ['an escape at the end', ',"a":"\\'],
        ['a lone high surrogate', ',"a":"\ud800"}'],
        ['a lone low surrogate', ',"a":"\udc00"}'],
        ['surrogates the wrong way', ',"a":"\udc00\ud800"}'],
        ['a lone surrogate as name', ',"\ud800":1}'],
        ['broken UTF-8', ",\"a\":\"\xc3\"}"],
        ['a lone continuation byte', ",\"a\":\"\x80\"}"],
        ['overlong UTF-8', ",\"a\":\"\xc0\xaf\"}"],
        ['a surrogate in UTF-8', ",\"a\":\"\xed\xa0\x80\"}"],
        ['beyond Unicode', ",\"a\":\"\xf4\x90\x80\x80\"}"],
        ['Latin-1', ",\"a\":\"J\xf8rn\"}"],
        ['a duplicate', ',"a":1,"a":1}'],
        ['a duplicate by escape', ',"a":1,"\u0061":2}'],
        ['a duplicate below', ',"o":{"a":1,"b":2,"a":3}}'],
        ['a duplicate in an array', ',"o":[{"a":1,"a":3}]}'],
        ['an empty name twice', ',"":1,"":2}'],
        ['brackets crossed', ',"a":[}]'],
    )),

    ['a byte order mark', hs_claims("\xef\xbb\xbf{\"exp\":4102444800}")],
    ['UTF-16', hs_claims("{\0\"\0e\0x\0p\0\"\0:\x004\0}\0")],
    ['alg twice', hs('{"alg":"HS256","alg":"HS256"}')],
    ['alg twice, one none', hs('{"alg":"none","alg":"HS256"}')],
    ['exp twice', hs_claims('{"exp":1,"exp":4102444800}')],
    ['sub twice', hs_claims('{"exp":4102444800,"sub":"a","sub":"b"}')],
    ['many members', hs_claims(
        '{"exp":4102444800' . join('', map { ",\"m$_\":$_" } 1 .. 400) . '}'),
     'passed'],
    ['many members, two alike', hs_claims(
        '{"exp":4102444800' . join('', map { ",\"m$_\":$_" } 1 .. 400)
        . ',"m17":0}')],
);

our @times = (
    ['a fraction', '4102444800.5', 'passed'],
    ['an exponent', '4.1024448e9', 'passed'],
    ['beyond 32 bits', '99999999999', 'passed'],
    ['zero', '0', 'expired'],
    ['a small fraction', '0.5', 'expired'],
    ['minus one', '-1', qr/^(expired|malformed)$/],
    ['a huge number', '1e400', 'malformed'],
    ['a huge number in digits', '9' x 40, 'malformed'],
    ['more than 64 bits', '18446744073709551616', 'malformed'],
    ['wraps to the future in 64 bits', '18446744077812000000', 'malformed'],
    ['a huge negative number', '-1e400', 'malformed'],
    ['a huge exponent', '1e99999999999999999999', 'malformed'],
    ['a string', '"4102444800"', 'malformed'],
    ['a date', '"2100-01-01T00:00:00Z"', 'malformed'],
    ['true', 'true', 'malformed'],
    ['null', 'null', 'malformed'],
    ['an array', '[4102444800]', 'malformed'],
    ['an object', '{"a":4102444800}', 'malformed'],
);

@times = (
    (map { my ($what, $value, $status) = @$_;
           ["exp: $what", hs_claims("{\"exp\":$value}"), $status] } @times),
    (map {
        my $claim = $_;

        map { my ($what, $value) = @$_;
              ["$claim: $what",
               hs_claims("{\"exp\":4102444800,\"$claim\":$value}"),
               'malformed'] } grep { $_->[2] eq 'malformed' } @times
    } qw(nbf iat)),
);

our @header = (
    ['no alg', hs('{"typ":"JWT"}'), qr/^(malformed|unsupported)$/],
    ['alg is a number', hs('{"alg":256}'), qr/^(malformed|unsupported)$/],
    ['alg is null', hs('{"alg":null}'), qr/^(malformed|unsupported)$/],
    ['alg is an array', hs('{"alg":["HS256"]}'),
     qr/^(malformed|unsupported)$/],
    (map { ["alg \"$_\"", hs("{\"alg\":\"$_\"}"), 'unsupported'] }
        '', 'hs256', 'Hs256', 'HS256 ', ' HS256', 'HS256\u0000', 'HS257',
        'HS1', 'HS2560', 'HS25', 'HS', 'RS1', 'rs256', 'ES256k', 'EDDSA',
        'eddsa', 'Ed2551', 'A128KW', 'dir', 'RSA-OAEP', 'RSA1_5',
        'ECDH-ES', 'PBES2-HS256+A128KW', 'x' x 1000),
    (map { (
        ["alg $_, no signature",
         jwt(alg => $_, kid => undef, signature => ''), 'unsupported'],
        ["alg $_, a kid and no signature",
         jwt(alg => $_, kid => 'oct32', signature => ''), 'unsupported'],
        ["alg $_, a signature",
         jwt(alg => $_, sign_as => 'HS256', key => 'oct32'), 'unsupported'],
    ) } qw(none None NONE nOnE)),
    ['kid is a number', hs('{"alg":"HS256","kid":1}'), 'malformed'],
    ['kid is null', hs('{"alg":"HS256","kid":null}'), 'malformed'],
    ['kid is an object', hs('{"alg":"HS256","kid":{}}'), 'malformed'],
    ['typ is a number', hs('{"alg":"HS256","typ":1}'), 'malformed'],
    ['kid is empty', hs('{"alg":"HS256","kid":""}'), 'unknown_key'],
    ['kid is a path', hs('{"alg":"HS256","kid":"../../../dev/null"}'),
     'unknown_key'],
    ['kid is a prefix', hs('{"alg":"HS256","kid":"oct3"}'), 'unknown_key'],
    ['kid is longer', hs('{"alg":"HS256","kid":"oct320"}'), 'unknown_key'],
    ['kid in another case', hs('{"alg":"HS256","kid":"OCT32"}'),
     'unknown_key'],
    ['kid with a NUL', hs('{"alg":"HS256","kid":"oct32\u0000"}'),
     'unknown_key'],
    ['kid by escape', hs('{"alg":"HS256","kid":"\u006fct32"}'), 'passed'],
    ['kid very long', hs('{"alg":"HS256","kid":"' . 'k' x 5000 . '"}'),
     'unknown_key'],

    ['crit with exp', hs('{"alg":"HS256","crit":["exp"],"exp":1}')],
    ['crit empty', hs('{"alg":"HS256","crit":[]}'),
     qr/^(malformed|unsupported)$/],
    ['crit null', hs('{"alg":"HS256","crit":null}'),
     qr/^(malformed|unsupported)$/],
    ['crit by escape', hs('{"alg":"HS256","cr\u0069t":["exp"]}')],
    ['crit and b64', hs('{"alg":"HS256","crit":["b64"],"b64":false}')],
    ['b64 false', hs('{"alg":"HS256","b64":false}')],
    ['b64 true', hs('{"alg":"HS256","b64":true}')],
    ['jku', hs('{"alg":"HS256","kid":"oct32","jku":"http://127.0.0.1/"}')],
    ['x5u', hs('{"alg":"HS256","kid":"oct32","x5u":"http://127.0.0.1/"}')],
    ['jwk of the very key',
     jwt(alg => 'HS256', header => { jwk => jwk('oct32') })],
    ['jwk of an attacker',
     jwt(key => 'rsa-other', kid => undef,
         header => { jwk => jwk('rsa-other', kid => undef) })],
    ['jwk null', hs('{"alg":"HS256","kid":"oct32","jwk":null}'),
     qr/^(malformed|unsupported)$/],
    ['unknown parameters', hs('{"alg":"HS256","kid":"oct32","x":{"y":[1]},'
                              . '"cty":"json","x5t":"abc"}'), 'passed'],
    ['typ is anything', hs('{"alg":"HS256","typ":"x/y;z"}'), 'passed'],
    ['JWE, compact', b64u('{"alg":"RSA-OAEP","enc":"A256GCM"}')
                     . '.' . b64u('k' x 256) . '.' . b64u('i' x 12) . '.'
                     . b64u('c' x 40) . '.' . b64u('t' x 16)],
    ['JWE, direct', b64u('{"alg":"dir","enc":"A128CBC-HS256"}')
                    . '..' . b64u('i' x 16) . '.' . b64u('c' x 48) . '.'
                    . b64u('t' x 16)],
);

for (@header) {
    $_->[2] //= 'unsupported';
}

# A certificate of an attacker in the header lends no trust to a signature.

my $x5c = do {
    my $pem = data_file('p256.crt.pem');

    $pem =~ s/-----[^-]+-----|\s//g;
    $pem;
};

my @confused = (
    ['PEM',                    public_pem('rsa')],
    ['PEM, no last line feed', public_pem('rsa') =~ s/\n\z//r],
    ['PEM, no line feeds',     public_pem('rsa') =~ s/\n//gr],
    ['DER',                    GwToken::spki('rsa')],
    ['JWK',                    json(jwk('rsa'))],
    ['n',                      unb64u(jwk('rsa')->{n})],
    ['n in base64url',         jwk('rsa')->{n}],
    ['nothing',                ''],
);

my $order = Math::BigInt->new('0xffffffff00000000ffffffffffffffff'
                              . 'bce6faada7179e84f3b9cac2fc632551');
my $ell = Math::BigInt->new(2)->bpow(252)
          + Math::BigInt->new('27742317777372353535851937790883648493');


sub bytes32 {
    my ($number) = @_;

    return pack 'H*', substr '0' x 64 . $number->to_hex, -64;
}


# r or s of the ECDSA signature replaced.

sub es {
    my ($change) = @_;

    return jwt(alg => 'ES256', signature => sub {
        my @rs = map { substr $_[0], $_, 32 } 0, 32;

        return join '', $change->(@rs);
    });
}


# S + L is the same scalar: EdDSA demands the smaller one (RFC 8032, 5.1.7).

sub ed_malleable {
    return jwt(alg => 'EdDSA', signature => sub {
        my $s = Math::BigInt->from_hex(unpack 'H*',
                                       scalar reverse substr $_[0], 32);

        return substr($_[0], 0, 32) . reverse bytes32($s + $ell);
    });
}


our @signature = (
    (map { my ($what, $secret) = @$_; (
        ["HS256, the secret is the public key: $what",
         jwt(alg => 'HS256', key => \$secret, kid => 'rsa'), 'unknown_key'],
        ["HS256 without kid, the secret is the public key: $what",
         jwt(alg => 'HS256', key => \$secret, kid => undef),
         'bad_signature'],
    ) } @confused),
    ['PSS as PKCS1', jwt(alg => 'RS256', sign_as => 'PS256')],
    ['PKCS1 as PSS', jwt(alg => 'PS256', sign_as => 'RS256')],
    ['RSA: empty', jwt(signature => '')],
    ['RSA: one', jwt(signature => "\0" x 255 . "\x01")],
    ['RSA: all ones', jwt(signature => "\xff" x 256)],
    ['RSA: the modulus', jwt(signature => unb64u(jwk('rsa')->{n}))],
    ['RSA: a zero before it', jwt(signature => sub { "\0$_[0]" })],
    ['RSA: a zero behind it', jwt(signature => sub { "$_[0]\0" })],
    ['RSA: one byte', jwt(signature => "\x01")],
    ['RSA: far too long', jwt(signature => 'x' x 4000)],
    ['ECDSA: empty', jwt(alg => 'ES256', signature => '')],
    ['ECDSA: DER', jwt(alg => 'ES256',
                       signature => \&GwToken::der_signature)],
    ['ECDSA: DER of 64 bytes', jwt(alg => 'ES256',
        signature => sub { substr GwToken::der_signature($_[0]), 0, 64 })],
    ['ECDSA: zeros', es(sub { ("\0" x 32) x 2 })],
    ['ECDSA: r is zero', es(sub { ("\0" x 32, $_[1]) })],
    ['ECDSA: s is zero', es(sub { ($_[0], "\0" x 32) })],
    ['ECDSA: r is the order', es(sub { (bytes32($order), $_[1]) })],
    ['ECDSA: s is the order', es(sub { ($_[0], bytes32($order)) })],
    ['ECDSA: both are the order', es(sub { (bytes32($order)) x 2 })],
    ['ECDSA: both are one', es(sub { (bytes32(Math::BigInt->new(1))) x 2 })],
    ['ECDSA: all ones', es(sub { ("\xff" x 32) x 2 })],
    ['ECDSA: r and s exchanged', es(sub { reverse @_ })],
    ['ECDSA: only r', es(sub { $_[0] })],
    ['ECDSA: each with a zero before it', es(sub { map { "\0$_" } @_ })],
    ['ECDSA: the signature twice', es(sub { (@_, @_) })],
    ['EdDSA: empty', jwt(alg => 'EdDSA', signature => '')],
    ['EdDSA: zeros', jwt(alg => 'EdDSA', signature => "\0" x 64)],
    ['EdDSA: malleable', ed_malleable()],
    ['EdDSA: an Ed448 signature', jwt(alg => 'EdDSA', key => 'ed448',
                                      kid => 'ed25519')],
    ['HMAC: empty', jwt(alg => 'HS256', signature => '')],
    ['HMAC: a prefix', jwt(alg => 'HS256',
                           signature => sub { substr $_[0], 0, 16 })],
    ['HMAC: one byte', jwt(alg => 'HS256',
                           signature => sub { substr $_[0], 0, 1 })],
    ['HMAC: the hash of another length',
     jwt(alg => 'HS256', signature => sign('HS512', 'oct32',
                                           "$header.$payload"))],
    ['HMAC: of an empty secret', jwt(alg => 'HS256', key => \'',
                                     kid => 'oct32')],
    ['HMAC: of the secret in base64url',
     jwt(alg => 'HS256', key => \b64u(GwToken::secret('oct32')),
         kid => 'oct32')],
    ['a signature of other parts',
     join('.', (split /\./, jwt(alg => 'HS256', claims => { sub => 'bob' }))
                   [0, 1], $signature)],
    ['a certificate in the header',
     jwt(alg => 'ES256', key => 'p256-other', kid => undef,
         header => { x5c => [$x5c] }), qr/^(bad_signature|unsupported)$/],
);

for (@signature) {
    $_->[2] //= 'bad_signature';
}

for (@encoding, @json) {
    $_->[2] //= 'malformed';
}


# Rows of name, token, status to cases.

sub cases {
    return map {
        my ($what, $token, $status) = @$_;

        [$what, { token => $token },
         !ref $status && $status eq 'passed' ? 200 : 401, $status]
    } @_;
}


our $config = <<'_EOC_';
location /t {
    gw_jwt "all";
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

our $http_config = "large_client_header_buffers 4 64k;\n$GwTest::BACK";

run_tests();

__DATA__

=== TEST 1: encoding
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
cases(@encoding)



=== TEST 2: JSON
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
cases(@json)



=== TEST 3: times that are none
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
cases(@times)



=== TEST 4: headers
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
cases(@header)



=== TEST 5: signatures
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
cases(@signature)



=== TEST 6: the longest token
--- http_config eval: $::http_config
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt "all";
    proxy_pass http://$TEST_NGINX_BACK;
}

location /k {
    gw_jwt "all";
    gw_jwt_max_token 1k;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /arg {
    gw_jwt "all" token=$arg_t;
    gw_jwt_max_token 40k;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my ($uri, $len, $code, $status) = @$_;
    my $token;

    # padded by a claim, then by the header, to the very length

    for my $i (0 .. 3) {
        my $fill = int(($len - 150) * 3 / 4);

        for my $n ($fill .. $fill + 60) {
            my $t = hs('{"alg":"HS256","x":"' . 'x' x $i . '"}',
                       '{"exp":4102444800,"x":"' . 'x' x $n . '"}');

            $token = $t if length $t == $len;
        }
    }

    die "no token of $len bytes" unless $token;

    ["$uri, $len bytes",
     { uri => $uri eq '/arg' ? "/arg?t=$token" : $uri,
       token => $uri eq '/arg' ? undef : $token }, $code, $status]
} (
    ['/t', 16384, 200, 'passed'],
    ['/t', 16385, 401, 'malformed'],
    ['/t', 30000, 401, 'malformed'],
    ['/k', 1024, 200, 'passed'],
    ['/k', 1025, 401, 'malformed'],
    ['/arg', 40000, 200, 'passed'],
    ['/arg', 41000, 401, 'malformed'],
)),



=== TEST 7: a bad token is logged once, at level info, and not shown
--- log_level: info
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
['tampered', { token => jwt(signature => \&flip) }, 401, 'bad_signature',
 log => qr/\[info\].*signature/],
['expired', { token => jwt(claims => { exp => $PAST }) }, 401, 'expired',
 log => qr/\[info\].*expired/],
['garbage', { token => 'SecretGarbage.x.y' }, 401, 'malformed',
 log => qr/\[info\]/],
['no part of a token is in the log', sub {
    my ($name) = @_;

    my @lines = grep { /eyJ|SecretGarbage/ } log_lines();

    is("@lines", '', $name);

    my @info = grep { /\[info\]/ && /jwt|token/i } log_lines();

    is(scalar @info, 3, "$name: a line for each");
}],
