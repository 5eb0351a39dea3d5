# The cache of verified tokens: an entry counts only for the same token, keys
# and algorithm rules; claims are judged each time.

use GwTest;

our $rs = jwt();
our $expires;


sub cached {
    my ($name, $uri, $token, @rest) = @_;

    # the first fills the cache, the others find the token there

    return map { ["$name, $_", { uri => $uri, token => $token }, @rest] }
               1 .. 3;
}


# HS256 tokens of many users.

our @users = map { jwt(alg => 'HS256', claims => { sub => "user$_" }) }
                 0 .. 99;


sub user {
    my ($n, $uri) = @_;

    return ["user$n at $uri", { uri => $uri, token => $users[$n],
                                conn => 'users' }, 200, 'passed',
            body => qr/user=\[user$n\]/];
}


our $config = <<'_EOC_';
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
proxy_set_header X-User $gw_jwt_claim_sub;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /same {
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_

run_tests();

__DATA__

=== TEST 1: the same token in other locations
--- http_config eval: $GwTest::BACK
--- config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt api;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /realm {
    gw_jwt other;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /keys {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/other.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /nokeys {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/p256.pub.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /issuer {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks issuer=somebody;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /algorithms {
    gw_jwt api;
    gw_jwt_algorithms ES256;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /type {
    gw_jwt api;
    gw_jwt_type at+jwt;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /iss {
    gw_jwt api;
    gw_jwt_issuer idp;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /aud {
    gw_jwt api;
    gw_jwt_audience orders;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /rule {
    gw_jwt api;
    gw_jwt_require_claim scope has admin;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /short {
    gw_jwt api;
    gw_jwt_max_token 100;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /lifetime {
    gw_jwt api;
    gw_jwt_max_lifetime 1h;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /cookie {
    gw_jwt api token=$cookie_s;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
do {
    my @others = (
        ['/keys', 'bad_signature'],
        ['/nokeys', qr/^(bad_signature|unknown_key)$/],
        ['/issuer', 'unknown_key'],
        ['/algorithms', 'unsupported'],
        ['/type', 'bad_type'],
        ['/iss', 'bad_issuer'],
        ['/aud', 'bad_audience'],
        ['/rule', 'refused', 403],
        ['/short', 'malformed'],
        ['/lifetime', 'too_long_lived'],
    );

    map {
        my $round = $_;

        (
            cached("round $round", '/t', $rs, 200, 'passed'),
            cached("round $round, realm", '/realm', $rs, 200, 'passed'),
            (map { cached("round $round, $_->[0]", $_->[0], $rs,
                          $_->[2] // 401, $_->[1]) } @others),
            ["round $round, cookie", { uri => '/cookie',
                                       headers => ["Cookie: s=$rs"] },
             200, 'passed'],
        )
    } 1, 2
},



=== TEST 2: tokens that differ a little from one that is in the cache
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
do {
    my ($header, $payload, $signature) = split /\./, $rs;
    my ($p2) = (split /\./, jwt(claims => { sub => 'alicf' }))[1];
    my ($h2) = (split /\./, jwt(header => { typ => 'JWS' }))[0];
    my @near = (
        ['another payload', "$header.$p2.$signature"],
        ['another header', "$h2.$payload.$signature"],
        ['a bit of the signature', jwt(signature => \&flip)],
        ['the last character',
         substr($rs, 0, -1) . (substr($rs, -1) eq 'A' ? 'Q' : 'A')],
        ['the first character', 'f' . substr($rs, 1)],
        ['one character less', substr($rs, 0, -1)],
        ['one character more', $rs . 'A'],
        ['a dot more', "$rs."],
        ['no signature', "$header.$payload."],
        ['parts exchanged', "$payload.$header.$signature"],
        ['alg none', jwt(alg => 'none', signature => '', kid => undef)],
    );

    (
        cached('good', '/t', $rs, 200, 'passed'),
        (map { cached($_->[0], '/t', $_->[1], 401, undef) } @near),
        cached('still good', '/t', $rs, 200, 'passed'),
    )
},



=== TEST 3: a bad token is not remembered as good, nor a good one as bad
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
map {
    my ($alg) = $_;
    my $good = jwt(alg => $alg);
    my $bad = jwt(alg => $alg, signature => \&flip);

    (
        cached("$alg, bad", '/t', $bad, 401, 'bad_signature'),
        cached("$alg, good", '/t', $good, 200, 'passed'),
        cached("$alg, bad again", '/same', $bad, 401, 'bad_signature'),
        cached("$alg, good again", '/same', $good, 200, 'passed'),
    )
} qw(RS256 PS384 ES256 ES512 EdDSA HS256)



=== TEST 4: a token expires while it is in the cache, and one becomes valid
--- http_config eval: $GwTest::BACK
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /leeway {
    gw_jwt_leeway 1h;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['a token that expires soon', sub {
    my ($name, $round) = @_;

    # not cached under the same text in the round before

    $expires = time + 3;

    my $token = jwt(alg => 'HS256', claims => { exp => $expires,
                                                jti => "$round" });
    my $early = jwt(alg => 'HS256', claims => { nbf => $expires,
                                                jti => "$round" });
    my $get = sub {
        my ($uri, $what) = @_;

        my $res = http(uri => $uri, token => $what);

        return "$res->{code} $res->{header}{'x-status'}";
    };

    is($get->('/t', $token), '200 passed', "$name: $_") for 1, 2;
    is($get->('/t', $early), '401 not_yet_valid', "$name: early, $_")
        for 1, 2;
    is($get->('/leeway', $early), '200 passed', "$name: early, leeway");
    is($get->('/t', $early), '401 not_yet_valid', "$name: early, 3");

    Time::HiRes::sleep(0.1) while time <= $expires;

    is($get->('/t', $token), '401 expired', "$name: then, $_") for 1, 2;
    is($get->('/leeway', $token), '200 passed', "$name: leeway");
    is($get->('/t', $token), '401 expired', "$name: then, 3");
    is($get->('/t', $early), '200 passed', "$name: early no more");
}],



=== TEST 5: more tokens than entries: claims are never mixed up
--- http_config eval: "gw_jwt_cache entries=2;\n$GwTest::BACK"
--- config eval: $::config
--- cases
(map { user($_, '/t') } 0 .. 19),
(map { user($_ % 3, '/t'), user($_ % 5, '/same') } 0 .. 39),
(map { user($_ * 37 % 100, '/t') } 0 .. 99),



=== TEST 6: one entry
--- http_config eval: "gw_jwt_cache entries=1;\n$GwTest::BACK"
--- config eval: $::config
--- cases
map { user($_ % 2, '/t'), user($_ % 2, '/t'), user($_ % 3, '/same') } 0 .. 19



=== TEST 7: little memory: large tokens push the others out
--- http_config eval
"gw_jwt_cache memory=16k;\nlarge_client_header_buffers 4 64k;\n$GwTest::BACK"
--- config eval: $::config
--- cases
(map {
    my $large = jwt(alg => 'HS256', claims => { sub => "large$_",
                                                x => 'x' x (1000 * $_) });
    (
        user($_, '/t'),
        ["large $_", { token => $large }, 200, 'passed',
         body => qr/user=\[large$_\]/],
        ["large $_ again", { token => $large }, 200, 'passed',
         body => qr/user=\[large$_\]/],
        user($_, '/t'),
        user(0, '/t'),
    )
} 1 .. 11),



=== TEST 8: many tokens, memory in plenty
--- http_config eval: $GwTest::BACK
--- config eval: $::config
--- cases
map { my $round = $_; map { user($_, '/t') } 0 .. 99 } 1 .. 3



=== TEST 9: off
--- http_config eval: "gw_jwt_cache off;\n$GwTest::BACK"
--- config eval: $::config
--- cases
(map { user($_ % 3, '/t') } 0 .. 11),
cached('good', '/t', $rs, 200, 'passed'),
cached('bad', '/t', jwt(signature => \&flip), 401, 'bad_signature'),



=== TEST 10: both servers of one configuration
--- http_config eval
"$GwTest::BACK
server {
    listen unix:\$TEST_NGINX_SOCK/two.sock;
    gw_jwt api;
    gw_jwt_key_file \$TEST_NGINX_DATA/other.jwks;
    add_header X-Status \$gw_jwt_status always;

    location /t {
        proxy_pass http://\$TEST_NGINX_BACK;
    }
}
"
--- config eval: $::config
--- cases
cached('one', '/t', $rs, 200, 'passed'),
['two', { token => $rs, socket => "$ENV{TEST_NGINX_SOCK}/two.sock" }, 401,
 'bad_signature', error => undef],
cached('one', '/t', $rs, 200, 'passed'),
['two, its own', { token => jwt(key => 'rsa-other', kid => 'rsa'),
                   socket => "$ENV{TEST_NGINX_SOCK}/two.sock" }, 200,
 'passed'],
['one, not its own', { token => jwt(key => 'rsa-other', kid => 'rsa') }, 401,
 'bad_signature'],



=== TEST 11: requests keep the token that they came with
--- http_config eval
<<'_EOC_' . $GwTest::BACK
    gw_jwt_cache entries=1;
    log_format claims escape=none "log:$gw_jwt_claim_sub|$gw_jwt_claims|$arg_n";
    access_log logs/claims.log claims;
_EOC_
--- config
gw_jwt api;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    limit_rate 100;
    limit_rate_after 1;
    alias $TEST_NGINX_SERVER_ROOT/html/page;
}

location /q {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- user_files eval: ">>> page\n" . 'x' x 250
--- cases
['slow requests, and others that push their tokens out', sub {
    my ($name, $round) = @_;

    my @slow = map { start(uri => "/t?n=$round-$_", token => $users[$_]) }
                   0 .. 9;

    http(uri => '/q', token => $users[$_]) for 20 .. 60;

    is(join(' ', map { finish($_)->{code} } @slow), join(' ', (200) x 10),
       "$name: codes");

    my $log;

    wait_for(sub {
        $log = read_file('logs/claims.log');

        return 10 == grep { $log =~ /\|$round-$_$/m } 0 .. 9;
    });

    for (0 .. 9) {
        like($log, qr/^log:user$_\|\{"exp":$FAR,"sub":"user$_"\}\|$round-$_$/m,
             "$name: $_");
    }
}],
