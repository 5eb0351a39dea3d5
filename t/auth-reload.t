# Reloads: new keys, broken files, requests in flight, several workers.

use GwTest;
use GwIdp;
use GwMaster;

master_on();
workers(2);

our $hs = jwt(alg => 'HS256');

run_tests();

__DATA__

=== TEST 1: new keys
--- http_config eval: $GwTest::BACK
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file ../html/jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['reload', sub {
    my ($name) = @_;

    set('a');
    reloaded($name);
    is(answer(token => by('a')), '200 passed', "$name: at first");
    is(answer(token => by('b')), '401 unknown_key', "$name: not yet");
    is(answer(token => by('a')), '200 passed', "$name: from the cache");

    set('b');
    is(answer(token => by('a')), '200 passed',
       "$name: the file is read at start only");
    reloaded($name);
    is(answer(token => by('a')), '401 unknown_key', "$name: no more");
    is(answer(token => by('b')), '200 passed', "$name: now");
}],



=== TEST 2: a broken file leaves the old configuration serving
--- http_config eval: $GwTest::BACK
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config
location /t {
    gw_jwt api;
    gw_jwt_key_file ../html/jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- log_allows: emerg
--- cases
['a good one', sub { set('a'); reloaded($_[0]) }],
(map {
    my ($what, $text) = @$_;

    [$what, sub {
        my ($name) = @_;

        my $lines = grep { /\[emerg\]/ } log_lines();
        my @old = steady();

        write_file('html/jwks', $text);
        reload();
        wait_for(sub { grep({ /\[emerg\]/ } log_lines()) > $lines }, 5);

        my @emerg = grep { /\[emerg\]/ } log_lines();

        is(scalar @emerg, $lines + 1, "$name: one line");
        like($emerg[-1], qr/html\/jwks/, "$name: names the file");
        is(answer(token => by('a')), '200 passed', "$name: it goes on");
        is(answer(token => by('b')), '401 unknown_key',
           "$name: with the old keys");
        is_deeply([steady()], \@old, "$name: the same workers");
    }]
} (
    ['empty', ''],
    ['cut off', substr jwks(key('b')), 0, 40],
    ['a weak key', jwks(key('b'), jwk('rsa1024'))],
    ['a private key', jwks(jwk('p256', private => 1))],
)),
['a file that is gone', sub {
    my ($name) = @_;

    remove_file('html/jwks');
    reload();
    wait_for(sub { grep { /\[emerg\].*html\/jwks.*No such file/ }
                       log_lines() }, 5);
    is(answer(token => by('a')), '200 passed', $name);
    set('a');
}],



=== TEST 3: many reloads
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
    gw_jwt_key_request /_jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['eight reloads, and requests all the while', sub {
    my ($name) = @_;

    my %got;

    for (1 .. 8) {
        my @old = steady();

        reload();

        for (1 .. 15) {
            $got{answer(token => by('a'))}++;
            $got{answer(token => $hs)}++;
            $got{answer(token => jwt(alg => 'HS256', signature => \&flip))}++;
            Time::HiRes::sleep(0.01);
        }

        wait_for(sub { @{[workers_now()]} == 2 }, 5);
    }

    is_deeply(\%got, { '200 passed' => 240, '401 bad_signature' => 120 },
              $name);
}],



=== TEST 4: a request that waits for keys when the reload comes
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
['waits', sub {
    my ($name) = @_;

    remove_file('html/slow');
    set('a');
    settles($name, 5, token => by('a'));
    Time::HiRes::sleep(1.2);
    set('a', 'b', jwk('rsa'));
    write_file('html/slow', '');

    my @old = steady();
    my $waiting = start(token => by('b'));

    Time::HiRes::sleep(0.2);
    reload();

    is(finish($waiting)->{code}, 200, "$name: it is answered");
    remove_file('html/slow');
    renewed($name, @old);
    settles($name, 5, token => by('b'));
}],



=== TEST 5: a fetch in flight does not hold an old worker
--- http_config eval: $GwIdp::SERVER
--- post_setup_server_root eval: $GwIdp::LISTEN
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
--- cases
['reload', sub {
    my ($name) = @_;

    Time::HiRes::sleep(0.3);

    my $began = now();

    reloaded($name);
    cmp_ok(now() - $began, '<', 3, "$name: at once");
    is(answer(uri => '/t'), '401 missing', "$name: the new one");
}],



=== TEST 6: each worker has its own set and its own cache
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['many requests', sub {
    my ($name) = @_;

    my %got;

    $got{answer(token => by('a'))}++ for 1 .. 50;
    is_deeply(\%got, { '200 passed' => 50 }, $name);
    is(fetches(), 2, "$name: fetches");
}],



=== TEST 7: the interval of the directive goes on behind a reload
--- http_config eval: $GwIdp::SERVER
--- user_files eval: ">>> jwks\n" . GwToken::jwks(GwIdp::key('a'))
--- config eval
$GwIdp::LOCATION . <<'_EOC_'
location /t {
    gw_jwt api;
    gw_jwt_key_request /_jwks interval=1s cooldown=1s;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_
--- cases
['only the new workers fetch', sub {
    my ($name) = @_;

    reloaded($name);

    my $before = fetches();

    Time::HiRes::sleep(3);
    cmp_ok(fetches() - $before, '>=', 4, "$name: they do");
    cmp_ok(fetches() - $before, '<=', 8, "$name: nobody else does");
}],



=== TEST 8: the same with a time limit for old workers
--- main_config
worker_shutdown_timeout 1s;
--- http_config eval: $GwIdp::SERVER
--- post_setup_server_root eval: $GwIdp::LISTEN
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
--- cases
['reload', sub {
    my ($name) = @_;

    Time::HiRes::sleep(0.3);

    my $began = now();

    reloaded($name);
    cmp_ok(now() - $began, '<', 3, "$name: at once");
    is(answer(uri => '/t'), '401 missing', "$name: the new one");
}],
