# The examples of RFC 7515, 7517, 7519 and 8037.

use GwTest;

my $rfc = unjson(data_file('rfc.json'));

our %token = map { $_ => $rfc->{$_}{token} } keys %$rfc;

our $files = join '', map {
    ">>> $_.jwk\n" . json($rfc->{$_}{jwk} || $rfc->{$_}{jwks}) . "\n"
} grep { $rfc->{$_}{jwk} || $rfc->{$_}{jwks} } sort keys %$rfc;

# The examples expired in 2011: only a good signature gets that far.

our $config = join '', map {
    "location /$_ {\n"
    . "    gw_jwt \"rfc\";\n"
    . "    gw_jwt_key_file ../html/$_.jwk;\n"
    . "    proxy_pass http://\$TEST_NGINX_BACK;\n"
    . "}\n"
} qw(7515-a1 7515-a2 7515-a3 7515-a4 8037-a4);

our @cases = map {
    my ($input, $signature) = $token{$_} =~ /^(.*)\.(.*)$/;
    my $bad = $input . '.' . b64u(flip(unb64u($signature)));

    (
        [$_, { uri => "/$_", token => $token{$_} }, 401, 'expired'],
        ["$_ with a bit changed", { uri => "/$_", token => $bad }, 401,
         'bad_signature'],
    )
} qw(7515-a1 7515-a2 7515-a3);

our $hmac = unb64u($rfc->{'7515-a1'}{jwk}{k});

run_tests();

__DATA__

=== TEST 1: RFC 7515 A.1 (also RFC 7519 3.1), A.2 and A.3
--- http_config eval: $GwTest::BACK
--- user_files eval: $::files
--- config eval: $::config
--- cases
@cases



=== TEST 2: examples that are a JWS but no JWT
--- http_config eval: $GwTest::BACK
--- user_files eval: $::files
--- config eval: $::config
--- cases
['RFC 7515 A.4: the payload is "Payload"',
 { uri => '/7515-a4', token => $token{'7515-a4'} }, 401, 'malformed'],
['RFC 8037 A.4: the payload is a sentence',
 { uri => '/8037-a4', token => $token{'8037-a4'} }, 401, 'malformed'],
['RFC 7519 6.1: alg none',
 { uri => '/7515-a1', token => $token{'7519-6.1'} }, 401, 'unsupported'],



=== TEST 3: RFC 7517 A.1: the encryption key is skipped, the other usable
--- http_config eval: $GwTest::BACK
--- user_files eval: $::files
--- config
location /t {
    gw_jwt "rfc";
    gw_jwt_key_file ../html/7517-a1.jwk;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['the RSA key is there',
 { token => jwt(kid => '2011-04-29') }, 401, 'bad_signature'],
['and only for its alg',
 { token => jwt(alg => 'RS512', kid => '2011-04-29') }, 401, 'unknown_key'],
['the EC key is not', { token => jwt(alg => 'ES256', kid => '1') }, 401,
 'unknown_key'],



=== TEST 4: RFC 7517 A.3: the key for wrapping is skipped
--- http_config eval: $GwTest::BACK
--- user_files eval: $::files
--- config
location /t {
    gw_jwt "rfc";
    gw_jwt_key_file ../html/7517-a3.jwk;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['the HMAC key verifies RFC 7515 A.1', { token => $token{'7515-a1'} }, 401,
 'expired'],
['and other tokens', { token => jwt(alg => 'HS256', kid => undef,
                                    key => \$hmac) }, 200, 'passed'],
