package GwToken;

# JSON Web Tokens and keys for the tests, good ones and any kind of bad one.
#
# Signatures come from the openssl command, so that what the modules verify
# was not made by the code under test.  HMACs are Digest::SHA's.
#
# A key is named after its file below t/data/keys: NAME.pem (an asymmetric
# private key) or NAME.oct (the bytes of a secret).  The kid of a key is its
# name unless a test says otherwise.

use strict;
use warnings;

use Cwd ();
use Digest::SHA ();
use File::Basename ();
use File::Temp ();
use JSON::PP ();
use MIME::Base64 ();

use Exporter 'import';

our @EXPORT = qw(
    b64u unb64u json unjson jwt jws parts sign verify jwk jwks data_file
    public_pem flip $FAR $PAST
);

# 2100-01-01 and 2001-09-09: the tests outlive neither
our $FAR  = 4102444800;
our $PAST = 1000000000;

our $DATA = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../data');

# the key that signs if a test does not name one
my %default_key = (
    (map { $_ => 'rsa' } qw(RS256 RS384 RS512 PS256 PS384 PS512)),
    ES256   => 'p256',
    ES384   => 'p384',
    ES512   => 'p521',
    ES256K  => 'secp256k1',
    EdDSA   => 'ed25519',
    Ed25519 => 'ed25519',
    Ed448   => 'ed448',
    HS256   => 'oct32',
    HS384   => 'oct48',
    HS512   => 'oct64',
);

# SPKI algorithm and curve OIDs, in DER, to kty, crv and coordinate bytes
my @curves = (
    ["\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 'EC',  'P-256',     32],
    ["\x06\x05\x2b\x81\x04\x00\x22",             'EC',  'P-384',     48],
    ["\x06\x05\x2b\x81\x04\x00\x23",             'EC',  'P-521',     66],
    ["\x06\x05\x2b\x81\x04\x00\x0a",             'EC',  'secp256k1', 32],
    ["\x06\x03\x2b\x65\x70",                     'OKP', 'Ed25519',   32],
    ["\x06\x03\x2b\x65\x71",                     'OKP', 'Ed448',     57],
);

my (%cache, $tmp);


sub b64u {
    return MIME::Base64::encode_base64url($_[0]);
}


sub unb64u {
    return MIME::Base64::decode_base64url($_[0]);
}


# Members in the order of their names: the same token in each run.

sub json {
    return JSON::PP->new->canonical->utf8->allow_nonref->encode($_[0]);
}


sub unjson {
    return JSON::PP->new->utf8->allow_nonref->decode($_[0]);
}


sub data_file {
    my ($name) = @_;

    local $/;

    open my $in, '<:raw', "$DATA/$name" or die "$DATA/$name: $!";

    return scalar <$in>;
}


sub tmp_file {
    my ($bytes) = @_;

    $tmp //= File::Temp->newdir('gwtoken-XXXXXX', TMPDIR => 1);

    my ($fh, $name) = File::Temp::tempfile(DIR => $tmp);

    binmode $fh;
    print $fh $bytes;
    close $fh or die "$name: $!";

    return $name;
}


# Output of openssl; dies if it fails, unless the caller wants to know.  What
# it says about its work ("writing RSA key") is of no interest.

sub openssl {
    my ($ok, @args) = @_;

    open my $out, '-|', 'sh', '-c', 'exec openssl "$@" 2>/dev/null', 'sh',
                  @args or die "openssl: $!";
    binmode $out;

    my $bytes = do { local $/; <$out> } // '';
    my $done = close $out;

    if ($ok) {
        $$ok = $done;

    } elsif (!$done) {
        die "openssl @args failed\n";
    }

    return $bytes;
}


sub key_file {
    my ($name) = @_;

    return $name =~ m{/} ? $name : "$DATA/keys/$name.pem";
}


sub secret {
    my ($name) = @_;

    return $cache{"secret $name"} //= data_file("keys/$name.oct");
}


# A DER element at the start of the bytes: tag, contents, what is behind it.

sub der {
    my ($bytes) = @_;

    my ($tag, $len) = unpack 'C C', $bytes;
    my $pos = 2;

    if ($len & 0x80) {
        my $n = $len & 0x7f;

        $len = 0;
        $len = $len * 256 + ord substr $bytes, $pos++, 1 for 1 .. $n;
    }

    return ($tag, substr($bytes, $pos, $len), substr($bytes, $pos + $len));
}


# The contents of the elements in a DER sequence.

sub der_sequence {
    my (undef, $rest) = der($_[0]);
    my @items;

    while (length $rest) {
        (undef, my $item, $rest) = der($rest);
        push @items, $item;
    }

    return @items;
}


sub unsigned {
    my ($bytes) = @_;

    $bytes =~ s/^\0+(?=.)//s;

    return $bytes;
}


sub padded {
    my ($bytes, $len) = @_;

    $bytes = unsigned($bytes);

    return ("\0" x ($len - length $bytes)) . $bytes;
}


sub curve {
    my ($name) = @_;

    return $cache{"curve $name"} //= do {
        my $spki = spki($name);
        my ($found) = grep { index($spki, $_->[0]) >= 0 } @curves;

        $found || [undef, 'RSA'];
    };
}


sub spki {
    my ($name) = @_;

    return $cache{"spki $name"} //=
        openssl(undef, 'pkey', '-in', key_file($name), '-pubout',
                '-outform', 'DER');
}


sub public_pem {
    my ($name) = @_;

    return "-----BEGIN PUBLIC KEY-----\n"
           . MIME::Base64::encode_base64(spki($name))
           . "-----END PUBLIC KEY-----\n";
}


# A JWK (a hash) of the key; further arguments set members, or drop those
# that are undef.  private => 1 adds the private ones.

sub jwk {
    my ($name, %more) = @_;

    my $private = delete $more{private};
    my %jwk = (%{ public_jwk($name) }, kid => $name,
               $private ? %{ private_jwk($name) } : ());

    for my $member (keys %more) {
        if (defined $more{$member}) {
            $jwk{$member} = $more{$member};

        } else {
            delete $jwk{$member};
        }
    }

    return \%jwk;
}


sub public_jwk {
    my ($name) = @_;

    return $cache{"jwk $name"} //= do {
        my %jwk;

        if (-f "$DATA/keys/$name.oct") {
            %jwk = (kty => 'oct', k => b64u(secret($name)));

        } else {
            my (undef, $kty, $crv, $len) = @{ curve($name) };

            if ($kty eq 'RSA') {
                my ($bits) = (der_sequence(spki($name)))[1];
                my ($n, $e) = der_sequence(substr $bits, 1);

                %jwk = (kty => $kty, n => b64u(unsigned($n)),
                        e => b64u(unsigned($e)));

            } elsif ($kty eq 'EC') {
                my $point = substr spki($name), -2 * $len;

                %jwk = (kty => $kty, crv => $crv,
                        x => b64u(substr $point, 0, $len),
                        y => b64u(substr $point, $len));

            } else {
                %jwk = (kty => $kty, crv => $crv,
                        x => b64u(substr spki($name), -$len));
            }
        }

        \%jwk;
    };
}


sub private_jwk {
    my ($name) = @_;

    my (undef, $kty, undef, $len) = @{ curve($name) };
    my @out = ('-in', key_file($name), '-outform', 'DER');

    if ($kty eq 'RSA') {
        my @n = der_sequence(openssl(undef, 'rsa', '-traditional', @out));
        my %d;

        @d{qw(d p q dp dq qi)} = map { b64u(unsigned($_)) } @n[3 .. 8];

        return \%d;
    }

    if ($kty eq 'EC') {
        my @parts = der_sequence(openssl(undef, 'ec', @out));

        return { d => b64u(padded($parts[1], $len)) };
    }

    return { d => b64u(substr openssl(undef, 'pkey', @out), -$len) };
}


# A JWK set as text, of key names and of hashes as jwk() returns them.

sub jwks {
    return json({ keys => [ map { ref $_ ? $_ : jwk($_) } @_ ] }) . "\n";
}


# The raw signature (RFC 7518: r || s for ECDSA) of the bytes.  key is the
# name of a key; for HMAC a reference to a string is the secret itself.

sub sign {
    my ($alg, $key, $bytes) = @_;

    my $id = join ' ', 'sign', $alg, ref $key ? b64u($$key) : $key,
                       Digest::SHA::sha256_hex($bytes);

    return $cache{$id} //= make_signature($alg, $key, $bytes);
}


sub make_signature {
    my ($alg, $key, $bytes) = @_;

    if ($alg =~ /^HS(\d+)$/) {
        my $hmac = Digest::SHA->can("hmac_sha$1");

        return $hmac->($bytes, ref $key ? $$key : secret($key));
    }

    my $file = key_file($key);
    my $in = tmp_file($bytes);

    if ($alg =~ /^Ed/) {
        return openssl(undef, 'pkeyutl', '-sign', '-rawin', '-inkey', $file,
                       '-in', $in);
    }

    my ($bits) = $alg =~ /(\d+)/;
    my @args = ('dgst', "-sha$bits", '-sign', $file);

    if ($alg =~ /^PS/) {
        push @args, '-sigopt', 'rsa_padding_mode:pss', '-sigopt',
                    'rsa_pss_saltlen:digest', '-sigopt',
                    "rsa_mgf1_md:sha$bits";
    }

    my $signature = openssl(undef, @args, $in);

    if ($alg =~ /^ES/) {
        my $len = curve($key)->[3];

        $signature = join '', map { padded($_, $len) }
                                  der_sequence($signature);
    }

    return $signature;
}


sub der_integer {
    my ($bytes) = @_;

    $bytes = unsigned($bytes);
    $bytes = "\0$bytes" if ord $bytes >= 0x80;

    return "\x02" . chr(length $bytes) . $bytes;
}


# The ECDSA signature r || s in DER, as a bad token may have it.

sub der_signature {
    my ($raw) = @_;

    my $len = length($raw) / 2;
    my $body = der_integer(substr $raw, 0, $len)
               . der_integer(substr $raw, $len);

    return "\x30" . (length $body > 127 ? "\x81" : '') . chr(length $body)
           . $body;
}


# What openssl thinks of a raw signature: true or false.  The public key is
# given in PEM (for HMAC: the secret).

sub verify {
    my ($alg, $pem, $bytes, $signature) = @_;

    if ($alg =~ /^HS(\d+)$/) {
        return Digest::SHA->can("hmac_sha$1")->($bytes, $pem) eq $signature;
    }

    $signature = der_signature($signature) if $alg =~ /^ES/;

    my $ok;
    my @files = ('-sigfile', tmp_file($signature), '-in', tmp_file($bytes));

    if ($alg =~ /^Ed/) {
        openssl(\$ok, 'pkeyutl', '-verify', '-rawin', '-pubin',
                '-inkey', tmp_file($pem), @files);
        return $ok;
    }

    my ($bits) = $alg =~ /(\d+)/;
    my @pss = $alg =~ /^PS/ ? ('-sigopt', 'rsa_padding_mode:pss', '-sigopt',
                               'rsa_pss_saltlen:digest')
                            : ();

    openssl(\$ok, 'dgst', "-sha$bits", '-verify', tmp_file($pem), @pss,
            '-signature', $files[1], $files[3]);

    return $ok;
}


# A token.  Everything has a default; nothing is checked.
#
#   alg        RS256; what the header says and, without sign_as, what signs
#   key        the signing key (name, or for HMAC a reference to the secret)
#   kid        of the header; the key's name unless given, none if undef
#   header     hash: further parameters; undef drops one of the default ones
#   claims     hash: further claims; undef drops one (sub, exp)
#   raw_header, raw_payload
#              the text itself, instead of JSON made of the above
#   sign_as    the algorithm that really signs
#   signature  bytes, or a sub that changes those of the real signature

sub jwt {
    my (%arg) = @_;

    my $alg = exists $arg{alg} ? $arg{alg} : 'RS256';
    my $key = $arg{key} // $default_key{$arg{sign_as} // $alg // 'RS256'}
              // 'rsa';
    my $kid = exists $arg{kid} ? $arg{kid} : ref $key ? undef : $key;

    my $header = $arg{raw_header} // do {
        my %header = (alg => $alg, typ => 'JWT', kid => $kid,
                      %{ $arg{header} // {} });

        json({ map { $_ => $header{$_} } grep { defined $header{$_} }
               keys %header });
    };

    my $payload = $arg{raw_payload} // do {
        my %claims = (sub => 'alice', exp => $FAR, %{ $arg{claims} // {} });

        json({ map { $_ => $claims{$_} } grep { defined $claims{$_} }
               keys %claims });
    };

    return jws($header, $payload, $arg{sign_as} // $alg, $key,
               $arg{signature});
}


# A JWS in compact form of the texts of header and payload.

sub jws {
    my ($header, $payload, $alg, $key, $signature) = @_;

    my $input = b64u($header) . '.' . b64u($payload);

    if (!defined $signature || ref $signature) {
        my $bytes = sign($alg, $key, $input);

        $signature = $signature ? $signature->($bytes) : $bytes;
    }

    return $input . '.' . b64u($signature);
}


# Header, payload and signature of a token, decoded.

sub parts {
    return map { unb64u($_) } split /\./, $_[0], -1;
}


# The bytes with one bit of the one in the middle turned over.

sub flip {
    my ($bytes) = @_;

    my $at = int(length($bytes) / 2);

    substr($bytes, $at, 1) = chr(1 ^ ord substr $bytes, $at, 1);

    return $bytes;
}


1;
