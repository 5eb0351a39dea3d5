# TLS to Redis: who is trusted, and certificates of clients.

use GwTest;
use GwRedis;

our $certificates = certificates();
our $redis = redis('MAIN', tls => $certificates, password => 'of-redis');
our $named = redis('NAMED', password => 'of-redis', tls => {
    %$certificates, cert => "$certificates->{dir}/named.crt",
    key => "$certificates->{dir}/named.key",
});
our @names;


# A block and its location for each row: name, lines of the block beyond the
# usual, port, times.

sub blocks {
    my (@rows) = @_;

    my $http = $GwRedis::BACK;

    @names = map { $_->[0] } @rows;

    for (@rows) {
        my ($name, $lines, $port, $times) = @$_;

        $port //= $redis->{tls_port};
        $times //= 'connect_timeout 2s; timeout 2s; '
                   . 'breaker failures=100 open=50ms;';
        $http .= <<_EOC_;
gw_redis $name {
    server 127.0.0.1:$port;
    password_file ../html/password;
    $times
    ssl on;
    $lines
}
gw_ratelimit_zone \$arg_k zone=$name:1m rate=1r/h burst=4 redis=$name fallback=allow;
_EOC_
    }

    return $http;
}


sub locations {
    return join '', map { <<_EOC_ } @names;
location = /$_ {
    gw_ratelimit zone=$_;
    proxy_pass http://\$TEST_NGINX_BACK;
}
_EOC_
}


sub good {
    return map {
        my $which = $_;

        [$which, sub {
            my ($name) = @_;

            my @got = load(uri => "/$which?k=" . unique(), requests => 20);

            answered($name, 3, @got);
            decided($name, { '200 passed' => 5, '429 rejected' => 15 }, @got);
        }]
    } @_;
}


# None of those is sent a password.

sub bad {
    my ($log, @which) = @_;

    return map {
        my $which = $_;

        [$which, sub {
            my ($name) = @_;

            my $auth = $redis->calls('auth') + $named->calls('auth');
            my @got = load(uri => "/$which?k=" . unique(), requests => 6);

            answered($name, 3, @got);
            decided($name, { '200 error' => 6 }, @got);

            # two of ours, for each of the two servers
            is($redis->calls('auth') + $named->calls('auth'), $auth + 2,
               "$name: no password")
                if $log;
            ok(scalar(GwTest::grep_log($log)), "$name: says why")
                or diag(GwTest::log_lines())
                if $log;
        }]
    } @which;
}


our $client = "ssl_certificate $certificates->{dir}/client.crt; "
              . "ssl_certificate_key $certificates->{dir}/client.key;";
our $ca = "ssl_trusted_certificate $certificates->{ca};";
our $files = ">>> password\nof-redis\n";

# it takes long, and its cases do again themselves what matters
repeat_each(1);

run_tests();

__DATA__

=== TEST 1: who is let in
--- http_config eval
my $dir = $::certificates->{dir};

::blocks(
    ['right', "$::client $::ca"],
    ['locked', "ssl_certificate $dir/client.crt; $::ca "
               . "ssl_certificate_key $dir/locked.key; "
               . "ssl_password_file $dir/locked.pass;"],
    ['without', $::ca],
    ['stranger', "ssl_certificate $dir/stranger.crt; "
                 . "ssl_certificate_key $dir/stranger.key; $::ca"],
    ['old', "$::client $::ca ssl_protocols TLSv1.2;"],
    ['fresh', "$::client $::ca ssl_session_reuse off;"],
    ['plain', "$::client $::ca", $::redis->{port}],
)
--- config eval: ::locations()
--- user_files eval: $::files
--- cases
good(qw(right locked old fresh)),
bad(undef, qw(without stranger plain)),
good(qw(right)),



=== TEST 2: whom we trust
--- http_config eval
my $dir = $::certificates->{dir};

::blocks(
    ['right', "$::client $::ca"],
    ['system', $::client],
    ['other', "$::client ssl_trusted_certificate $dir/other.crt;"],
    ['other_off', "$::client ssl_trusted_certificate $dir/other.crt; "
                  . 'ssl_verify off;'],
    ['system_off', "$::client ssl_verify off;"],
    ['revoked', "$::client $::ca ssl_crl $dir/server.crl;"],
    ['unrevoked', "$::client $::ca ssl_crl $dir/none.crl;"],
)
--- config eval: ::locations()
--- user_files eval: $::files
--- cases
good(qw(right other_off system_off unrevoked)),
bad(qr/certificate/, qw(system other revoked)),
good(qw(right)),



=== TEST 3: by what name
--- http_config eval
::blocks(
    ['address', "$::client $::ca"],
    ['name', "$::client $::ca ssl_name redis.test;"],
    ['name_off', "$::client $::ca ssl_name redis.test; ssl_server_name off;"],
    ['wrong', "$::client $::ca ssl_name other.test;"],
    ['wrong_off', "$::client $::ca ssl_name other.test; ssl_verify off;"],
    ['no_address', "$::client $::ca", $::named->{tls_port}],
    ['its_name', "$::client $::ca ssl_name redis.test;",
     $::named->{tls_port}],
)
--- config eval: ::locations()
--- user_files eval: $::files
--- cases
good(qw(address name name_off wrong_off its_name)),
bad(qr/certificate/, qw(wrong no_address)),
good(qw(address)),



=== TEST 4: faults
--- http_config eval
::blocks(
    ['right', "$::client $::ca"],
    ['silent', "$::client $::ca", $ENV{TEST_NGINX_PORT_1},
     'connect_timeout 10s; timeout 300ms; breaker failures=3 open=300ms;'],
)
--- config eval: ::locations()
--- user_files eval: $::files
--- cases
['stopped', sub {
    my ($name) = @_;

    settled("$name: before", '200 passed', 5,
            sub { '/right?k=' . unique() });

    my @got = load(uri => sub { '/right?k=' . unique() }, seconds => 4,
                   rate => 50, at => [[0.5, sub { $redis->pause }],
                                      [1.5, sub { $redis->resume }]]);

    # it goes on before the timeout
    answered($name, 3.5, @got);
    decided($name, { '200 passed' => scalar @got }, @got);
}],
['connections closed', sub {
    my ($name) = @_;

    for (1 .. 5) {
        $redis->kick;
        sleep 0.05;
        decided($name, { '200 passed' => 20 },
                load(uri => sub { '/right?k=' . unique() }, requests => 20));
    }
}],
['killed', sub {
    my ($name) = @_;

    $redis->kill9;
    decided("$name: errors", { '200 error' => 20 },
            load(uri => sub { '/right?k=' . unique() }, requests => 20));
    $redis->begin;
    $redis->ready;
    settled("$name: after", '200 passed', 5, sub { '/right?k=' . unique() });
    decided("$name: holds", { '200 passed' => 5, '429 rejected' => 15 },
            load(uri => '/right?k=' . unique(), requests => 20));
}],
['no word in the handshake', sub {
    my ($name) = @_;

    my $silent = IO::Socket::INET->new(
        LocalAddr => "127.0.0.1:$ENV{TEST_NGINX_PORT_1}", Listen => 50,
        ReuseAddr => 1) or die "silent: $!";
    my @got = load(uri => sub { '/silent?k=' . unique() }, requests => 20);

    answered($name, 1.5, @got);
    decided($name, { '200 error' => 20 }, @got);
}],
['reloads', sub {
    my ($name) = @_;

    my @got = load(uri => '/right?k=' . unique(), seconds => 2, rate => 200,
                   at => [map { [$_, sub { kill HUP => master_pid() }] }
                              0.4, 1.1]);

    answered($name, 3, @got);
    decided($name, { '200 passed' => 5, '429 rejected' => @got - 5 }, @got);
}],
