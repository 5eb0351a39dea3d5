# gw_jwt_key_request: how and when keys are fetched, and what is no set.

use GwTest;
use GwIdp;

run_tests();

__DATA__

=== TEST 1: fetched at start, once, as nobody's request
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'), GwIdp::key('b'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks cooldown=2s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['before any request', sub {
    ok(wait_for(sub { fetches() >= 1 }), "$_[0]: the set was asked for");
}],
(map { ["request $_", { token => by('a') }, 200, 'passed'] } 1 .. 5),
['the other key', { token => by('b') }, 200, 'passed'],
['a bad signature', { token => by('a', signature => \&flip) }, 401,
 'bad_signature'],
['a malformed one', { token => 'x' }, 401, 'malformed'],
['none', {}, 401, 'missing'],
['the location is internal', '/_jwks', 404],
['nothing was fetched for these', sub {
    my ($name, $round) = @_;

    # the cases below fetch once in each round

    is(fetches(), 1, $name) unless $round;
}],
['unknown keys: one fetch for all', sub {
    my ($name) = @_;

    # out of the cooldown of the round before

    Time::HiRes::sleep(2.2);

    my $before = fetches();

    for (1 .. 20) {
        is(answer(uri => '/t', token => by('x', kid => "no$_"),
                  headers => ['Cookie: a=b', 'X-Token: c',
                              'User-Agent: test', 'Accept-Encoding: gzip']),
           '401 unknown_key', "$name: $_");
    }

    is(fetches() - $before, 1, "$name: fetches");
}],
['no header of a client goes along', sub {
    my @seen = split /^/, read_file('logs/idp.log');

    is_deeply([grep { !m{^GET /jwks\|-\|-\|-\|[^|]*\|-\|$} } @seen], [],
              $_[0]);
    is_deeply([grep { m{\|test\|} } @seen], [], "$_[0]: User-Agent");
}],
['known keys all the while', { token => by('a') }, 200, 'passed'],



=== TEST 2: requests wait for the first set
--- http_config eval: $GwIdp::SERVER
--- user_files eval
">>> slow\n>>> jwks\n" . GwToken::jwks(GwIdp::key('a'), GwToken::jwk('rsa'),
                                       GwToken::jwk('p256-other'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
gw_jwt_key_request /_jwks;

location /t {
    gw_jwt api;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt api optional;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/p256.pub.pem;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['at once', sub {
    my ($name, $round) = @_;

    my $began = now();
    my $waiting = start(token => by('a'));

    # a key without a kid does not stand in for one that may be coming

    my $other = start(uri => '/both', token => jwt(alg => 'ES256',
                                                   key => 'p256-other'));

    is(answer(uri => '/t'), '401 missing', "$name: none");
    is(answer(uri => '/t', token => 'x'), '401 malformed',
       "$name: malformed");
    is(answer(uri => '/t', token => jwt(alg => 'none', signature => '')),
       '401 unsupported', "$name: alg none");
    is(answer(uri => '/optional'), '200 missing', "$name: optional");
    is(answer(uri => '/both', token => jwt(alg => 'ES256', kid => undef)),
       '200 passed', "$name: a key of a file") if $round;
    cmp_ok(now() - $began, '<', 0.5, "$name: none of these waited");

    is(finish($waiting)->{code}, 200, "$name: the one that waited");
    is(finish($other)->{code}, 200, "$name: beside a file");
    cmp_ok(now() - $began, '>', 1, "$name: it waited") unless $round;
}],
['then', { token => by('a') }, 200, 'passed'],
['then, by RSA', { token => jwt() }, 200, 'passed'],
['then, by the file', { uri => '/both', token => jwt(alg => 'ES256') }, 200,
 'passed'],
['one fetch', sub { is(fetches(), 1, $_[0]) }],



=== TEST 3: no set at all
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> fail\n>>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
gw_jwt_key_request /_jwks cooldown=2s;

location /t {
    gw_jwt api;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /optional {
    gw_jwt api optional;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /page {
    gw_jwt api;
    error_page 503 @page;
    proxy_pass http://$TEST_NGINX_BACK;
}

location @page {
    gw_jwt off;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['a token', sub {
    my ($name, $round) = @_;

    return pass($name) if $round;

    my $res = http(token => by('a'));

    is($res->{code}, 503, "$name: code");
    is($res->{header}{'x-status'}, 'keys_unavailable', "$name: status");
    is($res->{header}{'x-error'}, '503 keys_unavailable', "$name: error");
    like($res->{header}{'retry-after'}, qr/^[1-9]\d*$/,
         "$name: Retry-After");
    is($res->{header}{'www-authenticate'}, undef, "$name: no challenge");
    is($res->{header}{'content-type'}, 'application/problem+json',
       "$name: Content-Type");

    my $problem = eval { unjson($res->{body}) } // {};

    is($problem->{status}, 503, "$name: problem");
    is($problem->{reason}, 'keys_unavailable', "$name: problem");
    is($problem->{title}, 'Service Unavailable', "$name: problem");

    $res = http(token => by('a'), method => 'POST', body => 'x',
                headers => ['Content-Type: application/grpc']);
    is($res->{code}, 200, "$name: gRPC");
    is($res->{header}{'grpc-status'}, 14, "$name: gRPC");
    is($res->{header}{'x-error'}, '503 keys_unavailable', "$name: gRPC");

    $res = http(uri => '/page', token => by('a'));
    is($res->{code}, 503, "$name: error_page");
    like($res->{body}, qr/^GET/, "$name: error_page");
    ok($res->{header}{'retry-after'}, "$name: error_page");

    is(answer(uri => '/t', token => by('x')), '503 keys_unavailable',
       "$name: any kid");
    is(answer(uri => '/t', token => by('a', kid => undef)),
       '503 keys_unavailable', "$name: no kid");
    is(answer(uri => '/t'), '401 missing', "$name: none");
    is(answer(uri => '/t', token => 'x'), '401 malformed',
       "$name: malformed");
    is(answer(uri => '/optional'), '200 missing', "$name: optional");
    is(answer(uri => '/optional', token => by('a')), '503 keys_unavailable',
       "$name: optional, a token");
    is(answer(uri => '/both', token => jwt()), '200 passed',
       "$name: a key of a file");

    # the next attempt is only after the cooldown, and fails as silently

    my $warnings = grep { /\[warn\]/ } split /^/, read_file('logs/error.log');

    is($warnings, 1, "$name: one warning");
    cmp_ok(fetches(), '<=', 2, "$name: fetches");
    ok(wait_for(sub { fetches() >= 3 }, 8), "$name: it goes on trying");

    $warnings = grep { /\[warn\]/ } split /^/, read_file('logs/error.log');
    is($warnings, 1, "$name: still one warning");
    is(answer(token => by('a')), '503 keys_unavailable', "$name: still");
}],
['recovery', sub {
    my ($name, $round) = @_;

    remove_file('html/fail');
    settles($name, 6, token => by('a'));
}],
['then', { token => by('a') }, 200, 'passed'],
['then, another kid', { token => by('x') }, 401, 'unknown_key'],
['the file and the set', { uri => '/both', token => by('a') }, 200,
 'passed'],



=== TEST 4: answers that are no set
--- http_config eval: $GwIdp::SERVER
--- user_files eval
">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
. ">>> big\n" . GwToken::jwks(GwIdp::key('a'), { kty => 'x', pad => 'x' x 9000 })
. ">>> garbage\n{\"keys\":[\n>>> words\nno keys here\n"
. ">>> nokeys\n{\"keys\":[]}\n>>> object\n{\"a\":1}\n"
. ">>> unusable\n" . GwToken::jwks(GwToken::jwk('rsa', use => 'enc'))
. ">>> weak\n" . GwToken::jwks(GwToken::jwk('rsa1024'))
. ">>> pem\n" . GwToken::public_pem('rsa')
. ">>> twice\n{\"keys\":[],\"keys\":[" . GwToken::json(GwIdp::key('a')) . "]}\n"
. ">>> deep\n{\"keys\":[" . GwToken::json(GwIdp::key('a')) . "],\"x\":"
  . '[' x 100 . ']' x 100 . "}\n"
--- config eval
our @uris = qw(none 302 204 403 206 gzip empty html big chunked garbage words
               nokeys object unusable weak pem twice);

CORE::join('', map { "
location = /_$_ {
    internal;
    proxy_pass http://unix:\$TEST_NGINX_SOCK/idp.sock:/$_;
}

location /$_ {
    gw_jwt api;
    gw_jwt_key_request /_$_ max_size=4k;
    proxy_pass http://\$TEST_NGINX_BACK;
}
" } @uris) . <<'_EOC_'
location = /_silent {
    internal;
    proxy_read_timeout 300ms;
    proxy_pass http://unix:$TEST_NGINX_SOCK/silent.sock:/;
}

location /silent {
    gw_jwt api;
    gw_jwt_key_request /_silent;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /_refused {
    internal;
    proxy_pass http://unix:$TEST_NGINX_SOCK/nobody.sock:/;
}

location /refused {
    gw_jwt api;
    gw_jwt_key_request /_refused;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /nowhere {
    gw_jwt api;
    gw_jwt_key_request /no/such/location;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /good {
    gw_jwt api;
    gw_jwt_key_request /_good max_size=4k;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /unbuffered {
    gw_jwt api;
    gw_jwt_key_request /_unbuffered max_size=4k;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /_unbuffered {
    internal;
    proxy_buffering off;
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock:/jwks;
}

location /unbuffered/big {
    gw_jwt api;
    gw_jwt_key_request /_unbuffered/big max_size=4k;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /_unbuffered/big {
    internal;
    proxy_buffering off;
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock:/big;
}

location = /_good {
    internal;
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock:/chunked-small;
}
_EOC_
--- log_allows: crit
--- post_setup_server_root eval: $GwIdp::LISTEN
--- cases
do {
    (
        (map { ["/$_", { uri => "/$_", token => by('a') }, 503,
                'keys_unavailable', 'Retry-After' => qr/^[1-9]/] }
            qw(none 302 204 403 206 gzip empty html big chunked garbage words
               nokeys object unusable weak pem twice refused nowhere silent)),
        ['/unbuffered', { uri => '/unbuffered', token => by('a') }, 200,
         'passed'],
        ['/unbuffered/big', { uri => '/unbuffered/big', token => by('a') },
         503, 'keys_unavailable'],
        ['/good, in chunks', { uri => '/good', token => by('a') }, 200,
         'passed'],
        ['a warning for each', sub {
            my ($name) = @_;

            my $log = read_file('logs/error.log');

            for (qw(none 302 204 403 206 gzip empty html big chunked garbage
                    words nokeys object unusable weak pem twice refused)) {
                my @lines = $log =~ /^.*\[warn\].*\/_$_\b.*$/mg;

                is(scalar @lines, 1, "$name: /_$_");
            }
        }],
    )
},



=== TEST 5: keys that cannot be used are skipped one by one
--- http_config eval: $GwIdp::SERVER
--- user_files eval
">>> jwks\n" . GwToken::jwks(
    GwToken::jwk('rsa1024', kid => 'skip-weak'),
    GwToken::jwk('rsa', private => 1, kid => 'skip-private'),
    GwToken::jwk('p256', y => undef, kid => 'skip-malformed'),
    GwToken::jwk('p256', use => 'enc', kid => 'skip-enc'),
    { kty => 'AKP', alg => 'ML-DSA-44', pub => 'AAAA', kid => 'skip-type' },
    { kty => 'oct', k => 'AAAA', kid => 'skip-short' },
    { kid => 'skip-nothing' },
    GwIdp::key('a'), GwToken::jwk('p384'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['a good one', { token => by('a') }, 200, 'passed'],
['another', { token => jwt(alg => 'ES384') }, 200, 'passed'],
['not the private one', { token => jwt(kid => 'skip-private') }, 401,
 'unknown_key'],
['not the weak one', { token => jwt(key => 'rsa1024', kid => 'skip-weak') },
 401, 'unknown_key'],
(map {
    my $kid = $_;

    ["a notice: $kid", sub {
        like(read_file('logs/error.log'), qr/\[notice\].*$kid/, $_[0]);
    }]
} qw(skip-weak skip-private skip-malformed skip-enc skip-type skip-short
     skip-nothing)),
['no warning', sub {
    unlike(read_file('logs/error.log'), qr/\[warn\]/, $_[0]);
}],



=== TEST 6: access rules do not apply to the fetch
--- http_config eval: $GwIdp::SERVER
--- user_files eval
">>> users\nu:{PLAIN}p\n>>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config
gw_jwt api;
gw_jwt_key_request /_jwks;
gw_jwt_require_claim sub eq alice;
deny all;
auth_basic "basic";
auth_basic_user_file ../html/users;

location = /_jwks {
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock:/jwks;
}

location /t {
    auth_basic off;
    allow all;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['a token', { token => by('a') }, 200, 'passed'],
['bob', { token => by('a', claims => { sub => 'bob' }) }, 403, 'refused'],
['a client has no such right', { uri => '/_jwks', token => by('a') },
 qr/^40[13]$/, undef, body => qr/^(?!.*keys)/],



=== TEST 7: issuer=, two providers, and a file
--- http_config eval: $GwIdp::SERVER
--- user_files eval
">>> jwks\n" . GwToken::jwks(GwIdp::key('a'), GwIdp::key('b'))
. ">>> two\n" . GwToken::jwks({ %{ GwIdp::key('c') }, kid => 'a' }, GwIdp::key('d'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location = /_two {
    internal;
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock:/two;
}

gw_jwt_key_request /_jwks issuer=one cooldown=1h;
gw_jwt_key_request /_two issuer=two cooldown=1h;
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;

location /t {
    gw_jwt api;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
do {
    my $two = sub { jwt(alg => 'HS256', key => \('c' x 32), kid => 'a',
                        claims => { iss => $_[0] }) };

    (
        ['one', { token => by('a', claims => { iss => 'one' }) }, 200,
         'passed'],
        ['two, the same kid', { token => $two->('two') }, 200, 'passed'],
        ["one's key, two's issuer",
         { token => by('a', claims => { iss => 'two' }) }, 401,
         'bad_signature'],
        ["two's key, one's issuer", { token => $two->('one') }, 401,
         'bad_signature'],
        ["two's other key", { token => by('d',
                                          claims => { iss => 'two' }) },
         200, 'passed'],
        ["two's other key, one's issuer",
         { token => by('d', claims => { iss => 'one' }) }, 401,
         'unknown_key'],
        ['no issuer', { token => by('a') }, 401, 'unknown_key'],
        ['the file', { token => jwt() }, 200, 'passed'],
        ['the file, and an issuer',
         { token => jwt(claims => { iss => 'one' }) }, 200, 'passed'],
    )
},



=== TEST 8: a provider in this very server, and one set for several places
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
gw_jwt_key_request /_jwks;
gw_jwt api;

location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /u {
    gw_jwt other;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /file {
    gw_jwt_key_request /_file;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /_file {
    internal;
    gw_jwt off;
    alias $TEST_NGINX_SERVER_ROOT/html/jwks;
}

location /text {
    gw_jwt_key_request /_text;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /_text {
    internal;
    return 200 '{"keys":[{"kty":"oct","kid":"a","k":"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE"}]}';
}

location /named {
    gw_jwt_key_request /_elsewhere;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /_elsewhere {
    internal;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files /nothing @elsewhere;
}

location @elsewhere {
    rewrite ^ /elsewhere break;
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock;
    proxy_intercept_errors on;
    error_page 404 = /_file;
}
_EOC_
--- cases
(map { [$_, { uri => $_, token => by('a') }, 200, 'passed'] }
    qw(/t /u /file /text /named)),
['inherited: one fetch', sub { is(fetches(), 1, $_[0]) }],



=== TEST 9: a fetch in flight does not keep nginx from ending
--- http_config eval: $GwIdp::SERVER
--- config
location = /_jwks {
    internal;
    proxy_read_timeout 60s;
    proxy_pass http://unix:$TEST_NGINX_SOCK/silent.sock:/jwks;
}

location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- post_setup_server_root eval: $GwIdp::LISTEN
--- cases
['a request that waits, and leaves', sub {
    my $waiting = start(token => by('a'));

    is(answer(uri => '/t'), '401 missing', "$_[0]: others go on");
    close $waiting->{conn}{socket};
}],



=== TEST 10: limits do not apply to the fetch
--- http_config eval
"limit_req_zone \$server_name zone=r:64k rate=1r/m;
limit_conn_zone \$server_name zone=c:64k;
$GwIdp::SERVER"
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config
location = /_jwks {
    internal;
    limit_req zone=r;
    limit_conn c 1;
    proxy_pass http://unix:$TEST_NGINX_SOCK/idp.sock:/jwks;
}

location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks interval=1s cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['fetched again and again', sub {
    my ($name) = @_;

    my $before = fetches();

    ok(wait_for(sub { fetches() >= $before + 3 }, 6), $name);
}],
['a token', { token => by('a') }, 200, 'passed'],



=== TEST 11: without keys the 503 decides, also under satisfy any
--- http_config eval: $GwIdp::SERVER
--- user_files
>>> fail
>>> users
u:{PLAIN}p
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api token=$http_x_token;
    gw_jwt_key_request /_jwks;
    satisfy any;
    auth_basic basic;
    auth_basic_user_file ../html/users;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['a token', { headers => ['X-Token: ' . by('a')] }, 503,
 'keys_unavailable'],
['a token and the password', { headers => ['X-Token: ' . by('a'),
    'Authorization: Basic ' . MIME::Base64::encode_base64('u:p', '')] },
 503, 'keys_unavailable'],
['the password', { headers => [
    'Authorization: Basic ' . MIME::Base64::encode_base64('u:p', '')] },
 200, undef],



=== TEST 12: a large set
--- http_config eval: $GwIdp::SERVER
--- user_files eval
">>> jwks\n" . GwToken::jwks(
    GwIdp::key('a'),
    map { { kty => 'oct', kid => "k$_",
            k => GwToken::b64u(substr(sprintf('%05d', $_) x 13, 0, 32)) } }
        1 .. 8000)
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks max_size=1m cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
(map { ["key $_", { token => jwt(alg => 'HS256', kid => "k$_",
    key => \substr(sprintf('%05d', $_) x 13, 0, 32)) }, 200, 'passed'] }
    1, 4000, 8000),
['while it is loaded again, nobody waits', sub {
    my ($name) = @_;

    Time::HiRes::sleep(1.2);

    my $before = fetches();
    my $unknown = start(token => by('x'));
    my %got;

    for (1 .. 50) {
        my $began = now();

        $got{answer(token => by('a'))}++;
        $got{'too late'}++ if now() - $began > 0.3;
    }

    is_deeply(\%got, { '200 passed' => 50 }, $name);
    is(finish($unknown)->{code}, 401, "$name: the unknown one");
    is(fetches() - $before, 1, "$name: one fetch");
}],
