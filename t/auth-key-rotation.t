# gw_jwt_key_request over time: new keys, slow and failing providers.

use GwTest;
use GwIdp;

run_tests();

__DATA__

=== TEST 1: a rotation loses no request
--- http_config eval: $GwIdp::SERVER
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- cases
['rotation', sub {
    my ($name) = @_;

    remove_file('html/slow');
    set('a');
    settles($name, 5, uri => '/t', token => by('a'));
    is(answer(token => by('b')), '401 unknown_key', "$name: before");
    Time::HiRes::sleep(1.2);

    set('a', 'b');
    my $before = fetches();

    is(answer(token => by('b')), '200 passed', "$name: the new key at once");
    is(answer(token => by('a')), '200 passed', "$name: the old key too");
    is(fetches() - $before, 1, "$name: one fetch");
    Time::HiRes::sleep(1.2);

    set('b', 'c');
    is(answer(token => by('a')), '200 passed',
       "$name: the old key until the set is fetched");
    is(answer(token => by('c')), '200 passed', "$name: the third key");
    is(answer(token => by('a')), '401 unknown_key', "$name: the old key");
}],
['a slow fetch: those that need it wait, the others do not', sub {
    my ($name) = @_;

    Time::HiRes::sleep(1.2);
    set('c', 'd', map { jwk('rsa', kid => "r$_") } 1 .. 2);
    write_file('html/slow', '');

    my $before = fetches();
    my @waiting = map { start(token => by('d')) } 1 .. 5;

    push @waiting, start(token => by('e'));

    my $began = now();

    is(answer(token => by('c')), '200 passed', "$name: another key");
    is(answer(token => by('c', signature => \&flip)), '401 bad_signature',
       "$name: another key, bad");
    cmp_ok(now() - $began, '<', 0.5, "$name: no waiting");

    my @codes = map { $_->{code} } map { finish($_) } @waiting;

    is("@codes", '200 200 200 200 200 401', "$name: those that waited");
    cmp_ok(now() - $began, '>', 1, "$name: they waited");
    is(fetches() - $before, 1, "$name: one fetch");
    remove_file('html/slow');
}],
['clients that go away while they wait', sub {
    my ($name) = @_;

    Time::HiRes::sleep(1.2);
    set('c', 'f', map { jwk('rsa', kid => "r$_") } 1 .. 2);
    write_file('html/slow', '');

    my $stays = start(token => by('f'));

    for (1 .. 4) {
        close start(token => by('f'))->{conn}{socket};
    }

    is(finish($stays)->{code}, 200, "$name: who stays");
    is(answer(token => by('f')), '200 passed', "$name: who comes later");
    remove_file('html/slow');
}],



=== TEST 2: the last good set stays in use
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks interval=2s cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['renewed before it is old', sub {
    my ($name) = @_;

    remove_file('html/fail');
    set('a');
    settles($name, 5, token => by('a'));

    my $before = fetches();

    ok(wait_for(sub { fetches() > $before }, 4), "$name: without requests");
}],
(map {
    my ($what, $break) = @$_;

    [$what, sub {
        my ($name) = @_;

        # the warning of what came before is over

        set('a');
        remove_file('html/fail');

        my $before = fetches();

        wait_for(sub { fetches() > $before }, 4);
        Time::HiRes::sleep(0.1);

        my $warnings = warned();

        $break->();
        $before = fetches();
        ok(wait_for(sub { warned() > $warnings }, 5),
           "$name: a warning");
        is(answer(token => by('a')), '200 passed', "$name: at first");
        is(answer(token => by('b')), '401 unknown_key',
           "$name: another key");
        wait_for(sub { fetches() >= $before + 3 }, 6);
        is(answer(token => by('a')), '200 passed', "$name: later");
        is(warned() - $warnings, 1, "$name: one warning");
        cmp_ok(fetches() - $before, '<=', 5, "$name: not too many fetches");
    }]
} (
    ['500', sub { write_file('html/fail', '') }],
    ['garbage', sub { write_file('html/jwks', '{"keys":[') }],
)),
['and a new set is taken when there is one', sub {
    my ($name) = @_;

    set('a', 'b');
    remove_file('html/fail');
    settles($name, 5, token => by('b'));
    set('a');
}],



=== TEST 3: a set that is too old is dropped
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks interval=1s stale=2s cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['dropped', sub {
    my ($name) = @_;

    remove_file('html/fail');
    settles($name, 5, token => by('a'));

    write_file('html/fail', '');

    my $began = now();
    my $got;

    Time::HiRes::sleep(1.3);
    is(answer(token => by('a')), '200 passed', "$name: still in use");

    wait_for(sub { ($got = answer(token => by('a'))) ne '200 passed' }, 6);
    is($got, '503 keys_unavailable', "$name: then");
    cmp_ok(now() - $began, '>', 1.5, "$name: not too early");
    cmp_ok(now() - $began, '<', 4.5, "$name: not too late");

    # a verified token in the cache does not help either

    is(answer(token => by('a')), '503 keys_unavailable', "$name: still");

    remove_file('html/fail');
    settles($name, 4, token => by('a'));
}],



=== TEST 4: every kind of request can wait
--- http_config eval
"$GwIdp::SERVER
server {
    listen unix:\$TEST_NGINX_SOCK/h2.sock\$TEST_NGINX_H2;
    \$TEST_NGINX_H2_ON
    add_header X-Status \$gw_jwt_status always;

    location /t {
        gw_jwt api;
        gw_jwt_key_request /_jwks cooldown=1s;
        proxy_pass http://\$TEST_NGINX_BACK;
    }

    $GwIdp::LOCATION
}
"
--- user_files eval
">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
. ">>> page.txt\n[<!--# include virtual=\"/part\" -->]\n"
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
gw_jwt_key_request /_jwks cooldown=1s;

location /t {
    gw_jwt api;
    proxy_set_header X-User $gw_jwt_claim_sub;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /echo {
    gw_jwt api;
    proxy_pass http://unix:$TEST_NGINX_SOCK/echo.sock;
}

location /request {
    auth_request /part;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /part {
    gw_jwt part;
    proxy_pass http://$TEST_NGINX_BACK;
}

location = /page.txt {
    ssi on;
    ssi_types text/plain;
    root $TEST_NGINX_SERVER_ROOT/html;
}

location /try {
    gw_jwt api;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files $uri /t;
}

location /any {
    gw_jwt api;
    satisfy any;
    deny all;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['all at a time', sub {
    my ($name, $round) = @_;

    # a key of its own in each round

    my $new = $round ? 'c' : 'b';

    remove_file('html/slow');
    set('a');
    settles($name, 5, uri => '/t', token => by('a'));
    Time::HiRes::sleep(1.2);
    set('a', $new, jwk('rsa'));
    write_file('html/slow', '');

    my $began = now();
    my %waiting = (
        'GET'       => [start(token => by($new)), qr/^GET .*user=\[alice\]/],
        'POST with a body'
                    => [start(method => 'POST', body => 'x' x 100000,
                              token => by($new)),
                        qr/^POST .*user=\[alice\]/],
        'HEAD'      => [start(method => 'HEAD', token => by($new)), qr/^$/],
        'auth_request'
                    => [start(uri => '/request', token => by($new)),
                        qr/^GET/],
        'SSI'       => [start(uri => '/page.txt', token => by($new)),
                        qr{^\[GET /part}],
        'try_files behind it'
                    => [start(uri => '/try', token => by($new)), qr/^GET/],
        'satisfy any'
                    => [start(uri => '/any', token => by($new)), qr/^GET/],
        'on a connection that goes on'
                    => [start(conn => 'a', token => by($new)), qr/^GET/],
    );

    for my $kind (sort keys %waiting) {
        my ($started, $want) = @{ $waiting{$kind} };
        my $res = finish($started);

        is($res->{code}, 200, "$name: $kind");
        like($res->{body}, $want, "$name: $kind");
        cmp_ok(now() - $began, '>', 0.5, "$name: $kind waited");
    }

    is(answer(conn => 'a', token => by('a')), '200 passed',
       "$name: the next request on a connection");

    # the server of HTTP/2 has a set of its own

    $began = now();

    my $res = http(token => by($new), http2 => 1,
                   socket => "$ENV{TEST_NGINX_SOCK}/h2.sock");

    is($res->{code}, 200, "$name: HTTP/2");
    cmp_ok(now() - $began, '>', 0.5, "$name: HTTP/2 waited");
    remove_file('html/slow');
}],



=== TEST 5: a new key, but the provider fails
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['fails', sub {
    my ($name, $round) = @_;

    my $new = $round ? 'c' : 'b';

    remove_file('html/fail');
    settles($name, 5, token => by('a'));
    Time::HiRes::sleep(1.2);

    set('a', $new);
    write_file('html/fail', '');

    my $began = now();

    is(answer(token => by($new)), '401 unknown_key', "$name: the new key");
    is(answer(token => by('a')), '200 passed', "$name: the old key");
    cmp_ok(now() - $began, '<', 2, "$name: at once");

    remove_file('html/fail');
    settles($name, 5, token => by($new));
}],



=== TEST 6: garbage does not replace keys, nor does a set of other kids linger
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['the same kid, another key', sub {
    my ($name) = @_;

    set('a');
    Time::HiRes::sleep(1.2);
    answer(token => by('z'));
    is(answer(token => by('a')), '200 passed', "$name: the first key");
    is(answer(token => by('b', kid => 'a')), '401 bad_signature',
       "$name: not yet");
    Time::HiRes::sleep(1.2);

    # another key takes over the kid; a token of a new kid has it fetched

    set({ %{ key('b') }, kid => 'a' }, 'c');
    is(answer(token => by('c')), '200 passed', "$name: the new set");
    is(answer(token => by('b', kid => 'a')), '200 passed',
       "$name: the new key");
    is(answer(token => by('a')), '401 bad_signature',
       "$name: the old key is gone, though its token was cached");
}],



=== TEST 7: tokens without a kid
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['keys that have a kid: no fetch for a token without one', sub {
    my ($name) = @_;

    # the set of the round before had keys without a kid

    set('a');
    Time::HiRes::sleep(1.2);
    answer(token => by('x'));
    settles($name, 5, token => by('a'));
    Time::HiRes::sleep(1.2);

    my $before = fetches();

    is(answer(token => by('a', kid => undef)), '200 passed', "$name: good");
    is(answer(token => by('b', kid => undef)), '401 bad_signature',
       "$name: another key");
    is(fetches(), $before, "$name: no fetch");
}],
['keys without a kid: one fetch', sub {
    my ($name) = @_;

    set({ %{ key('a') }, kid => 'a' }, { %{ key('c') }, kid => undef });

    my $text = read_file('html/jwks');

    write_file('html/jwks', $text =~ s/"kid":null,//r);
    answer(token => by('x'));
    is(answer(token => by('c')), '200 passed', "$name: any kid");
    is(answer(token => by('c', kid => undef)), '200 passed',
       "$name: no kid");
    Time::HiRes::sleep(1.2);

    set('a');
    write_file('html/jwks', jwks(key('a'), { kty => 'oct',
                                             k => b64u('d' x 32) }));

    my $before = fetches();

    is(answer(token => by('d', kid => undef)), '200 passed',
       "$name: a new key without a kid");
    is(answer(token => by('e', kid => undef)), '401 bad_signature',
       "$name: in the cooldown");
    is(fetches() - $before, 1, "$name: one fetch");
}],
