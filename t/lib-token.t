# The tests' own maker of tokens: what it signs must verify with openssl, and
# the published examples with the keys published beside them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use GwToken;
use MIME::Base64 ();
use Test::More;


sub der {
    my ($tag, $body) = @_;

    my $len = length $body;

    return chr($tag) . ($len < 128 ? chr $len
                        : $len < 256 ? "\x81" . chr $len
                        : "\x82" . pack 'n', $len) . $body;
}


# A public key in PEM of a JWK, by another way than jwk() takes back.

sub jwk_pem {
    my ($jwk) = @_;

    return unb64u($jwk->{k}) if $jwk->{kty} eq 'oct';

    my ($id, $bits);

    if ($jwk->{kty} eq 'RSA') {
        $id = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        $bits = der(0x30, der(2, "\0" . unb64u($jwk->{n}))
                          . der(2, unb64u($jwk->{e})));

    } elsif ($jwk->{kty} eq 'EC') {
        my %curve = ('P-256' => "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
                     'P-384' => "\x06\x05\x2b\x81\x04\x00\x22",
                     'P-521' => "\x06\x05\x2b\x81\x04\x00\x23",
                     secp256k1 => "\x06\x05\x2b\x81\x04\x00\x0a");

        $id = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01" . $curve{$jwk->{crv}};
        $bits = "\x04" . unb64u($jwk->{x}) . unb64u($jwk->{y});

    } else {
        $id = "\x06\x03\x2b\x65" . ($jwk->{crv} eq 'Ed448' ? "\x71" : "\x70");
        $bits = unb64u($jwk->{x});
    }

    my $spki = der(0x30, der(0x30, $id) . der(3, "\0$bits"));

    return "-----BEGIN PUBLIC KEY-----\n" . MIME::Base64::encode_base64($spki)
           . "-----END PUBLIC KEY-----\n";
}


sub verifies {
    my ($alg, $jwk, $token) = @_;

    my ($input, $signature) = $token =~ /^(.*)\.(.*)$/;

    return verify($alg, jwk_pem($jwk), $input, unb64u($signature));
}


my $rfc = unjson(data_file('rfc.json'));

for my $name (sort grep { $rfc->{$_}{jwk} } keys %$rfc) {
    my ($alg, $jwk, $token) = @{ $rfc->{$name} }{qw(alg jwk token)};
    my ($header) = parts($token);

    is(unjson($header)->{alg}, $alg, "$name: $alg");
    ok(verifies($alg, $jwk, $token), "$name: verifies");

    (my $bad = $token) =~ s/\.(.)/'.' . ($1 eq 'e' ? 'f' : 'e')/e;

    ok(!verifies($alg, $jwk, $bad), "$name: changed, it does not");
}

my %keys = (
    rsa       => [qw(RS256 RS384 RS512 PS256 PS384 PS512)],
    p256      => ['ES256'],
    p384      => ['ES384'],
    p521      => ['ES512'],
    secp256k1 => ['ES256K'],
    ed25519   => [qw(EdDSA Ed25519)],
    ed448     => [qw(EdDSA Ed448)],
    oct32     => ['HS256'],
    oct48     => [qw(HS256 HS384)],
    oct64     => [qw(HS256 HS384 HS512)],
);

for my $key (sort keys %keys) {
    my $jwk = jwk($key);

    is($jwk->{kid}, $key, "$key: kid");
    is(jwk_pem($jwk), public_pem($key), "$key: JWK and PEM are one")
        unless $jwk->{kty} eq 'oct';

    for my $alg (@{ $keys{$key} }) {
        my $token = jwt(alg => $alg, key => $key);
        my $other = jwt(alg => $alg, key => "$key-other");
        my ($header, $payload, $signature) = parts($token);

        is_deeply(unjson($header),
                  { alg => $alg, kid => $key, typ => 'JWT' },
                  "$key $alg: header");
        is_deeply(unjson($payload), { sub => 'alice', exp => $FAR },
                  "$key $alg: payload");
        ok(verifies($alg, $jwk, $token), "$key $alg: verifies");
        ok(!verifies($alg, $jwk, $other), "$key $alg: not another's");

        my $flipped = jwt(alg => $alg, key => $key, signature => \&flip);

        is(length $flipped, length $token, "$key $alg: flipped, as long");
        ok(!verifies($alg, $jwk, $flipped), "$key $alg: flipped, does not");
    }
}

is(length((parts(jwt(alg => 'ES512')))[2]), 132, 'ES512: 132 bytes');
is(length((parts(jwt(alg => 'ES256')))[2]), 64, 'ES256: 64 bytes');

my $none = jwt(alg => 'none', signature => '', kid => undef);

like($none, qr/^[\w-]+\.[\w-]+\.$/, 'none: an empty signature');
is((parts($none))[0], '{"alg":"none","typ":"JWT"}', 'none: header');

is((parts(jwt(alg => 'HS256', raw_header => ' { }', raw_payload => '7')))[1],
   '7', 'raw payload');
is((parts(jwt(alg => 'HS256', raw_header => ' { }', raw_payload => '7')))[0],
   ' { }', 'raw header');

my $dropped = jwt(alg => 'HS256', header => { typ => undef, crit => ['b64'] },
                  claims => { sub => undef, exp => undef, a => 1 });

is_deeply([map { unjson($_) } (parts($dropped))[0, 1]],
          [{ alg => 'HS256', kid => 'oct32', crit => ['b64'] }, { a => 1 }],
          'members added and dropped');

ok(verify('HS256', public_pem('rsa'),
          jwt(alg => 'HS256', key => \public_pem('rsa'), kid => 'rsa')
              =~ /^(.*)\.(.*)$/ ? ($1, unb64u($2)) : ()),
   'a public key as secret');

for my $key (qw(rsa p256 p521 ed25519 ed448)) {
    my $jwk = jwk($key, private => 1);

    ok($jwk->{d}, "$key: private");
    is(length unb64u($jwk->{d}), length unb64u($jwk->{x}), "$key: size of d")
        if $jwk->{x};
}

my $set = unjson(data_file('all.jwks'));

is_deeply([map { $_->{kid} } @{ $set->{keys} }],
          [qw(rsa p256 p384 p521 secp256k1 ed25519 ed448 oct32 oct48 oct64)],
          'all.jwks holds a key of each kind');
is_deeply($set->{keys}[0], jwk('rsa'), 'all.jwks is up to date');

done_testing();
