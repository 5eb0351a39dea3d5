# Blocks of gw_redis that nginx must not start with.

use GwTest;
use GwRedis;

my $zone = "gw_ratelimit_zone \$arg_k zone=z:1m rate=1r/s redis=main;\n";
my $limit = 'location /t { gw_ratelimit zone=z; }';


sub block {
    my ($name, $lines, @says) = @_;

    return [$name, { http_config => "gw_redis main { $lines }\n$zone",
                     config => $limit }, @says];
}


sub zone {
    my ($name, $parameters, @says) = @_;

    my $key = $parameters =~ s/^concurrency // ? 'gw_concurrency_zone'
                                               : 'gw_ratelimit_zone';

    return [$name, { http_config => 'gw_redis main { server 127.0.0.1; }'
                                    . "\n$key \$arg_k zone=z:1m $parameters;\n",
                     config => '' }, @says];
}


my $server = 'server 127.0.0.1:6379;';
my $ssl = "$server ssl on;";

must_die(
    block('no server', '', 'gw_redis', 'server'),
    block('an unknown line', "$server sever 127.0.0.1;", 'sever'),
    block('no address', 'server ;', 'server'),
    block('no port', 'server 127.0.0.1:;', '127\.0\.0\.1:'),
    block('a port too high', 'server 127.0.0.1:65536;', '65536'),
    block('a port of letters', 'server 127.0.0.1:redis;', 'redis'),
    block('an unknown host', 'server no-such-host.invalid;',
          'no-such-host\.invalid'),
    block('two servers', "$server server 127.0.0.1:6380;", 'server'),
    block('the same server twice', "cluster on; $server $server", '6379'),
    block('a Cluster with a database', "$server cluster on; database 1;",
          'database'),
    block('a Cluster behind Sentinel', "$server cluster on; sentinel m;",
          'sentinel'),
    block('cluster neither on nor off', "$server cluster yes;",
          '(?:cluster|yes)'),
    block('no master', "$server sentinel;", 'sentinel'),
    block('an empty master', "$server sentinel '';", 'sentinel'),
    block('a user of Sentinel without it', "$server sentinel_username u;",
          'sentinel'),
    block('no password file', "$server password_file none;",
          'none', 'No such file'),
    block('an empty password file', "$server password_file /dev/null;",
          '/dev/null'),
    block('a user without a password', "$server username u;", 'password'),
    block('a database below 0', "$server database -1;", '(?:database|-1)'),
    block('a database of letters', "$server database x;", '(?:database|x)'),
    block('no timeout', "$server timeout 0;", 'timeout'),
    block('a timeout of letters', "$server timeout soon;", '(?:soon|timeout)'),
    block('a timeout too long', "$server timeout 11s;", '(?:timeout|11s)'),
    block('no time to connect', "$server connect_timeout 0;",
          'connect_timeout'),
    block('too long to connect', "$server connect_timeout 11s;",
          '(?:connect_timeout|11s)'),
    block('no connections', "$server connections 0;", 'connections'),
    block('connections of letters', "$server connections x;",
          '(?:connections|x)'),
    block('breaker without values', "$server breaker;", 'breaker'),
    block('no failures', "$server breaker failures=0 open=1s;", 'failures'),
    block('failures of letters', "$server breaker failures=x open=1s;",
          'failures'),
    block('never open', "$server breaker failures=1 open=0;", 'open'),
    block('open of letters', "$server breaker failures=1 open=x;", 'open'),
    block('unknown for breaker', "$server breaker tries=1;", 'tries'),
    block('a line twice', "$server timeout 1s; timeout 2s;",
          'timeout', 'duplicate'),
    block('ssl neither on nor off', "$server ssl maybe;", '(?:ssl|maybe)'),
    block('no such certificate', "$ssl ssl_certificate none.crt; "
          . 'ssl_certificate_key none.key;', 'none\.(?:crt|key)'),
    block('a certificate without a key',
          "$ssl ssl_certificate \$TEST_NGINX_DATA/none.crt;",
          'ssl_certificate_key'),
    block('no such authority', "$ssl ssl_trusted_certificate none.crt;",
          'none\.crt'),
    block('no such crl', "$ssl ssl_crl none.crl;", 'none\.crl'),
    block('an unknown protocol', "$ssl ssl_protocols TLSv9;", 'TLSv9'),
    block('an unknown cipher', "$ssl ssl_ciphers NONSUCH;", 'NONSUCH'),
    block('a bad depth', "$ssl ssl_verify_depth x;", '(?:ssl_verify_depth|x)'),
    ['not closed', { http_config => 'gw_redis main { server 127.0.0.1;',
                     config => '' }, 'unexpected "\{"'],
    ['no name', { http_config => 'gw_redis { server 127.0.0.1; }',
                  config => '' }, 'gw_redis'],
    ['an empty name', { http_config => 'gw_redis "" { server 127.0.0.1; }',
                        config => '' }, 'gw_redis'],
    ['two of a name', { http_config => 'gw_redis main { server 127.0.0.1; } '
                                       . 'gw_redis main { server 127.0.0.1; }',
                        config => '' }, 'main'],
    ['in a server', { config => 'gw_redis main { server 127.0.0.1; }' },
     'gw_redis', 'not allowed'],
    zone('an unknown gw_redis', 'rate=1r/s redis=none', 'none'),
    zone('leased without Redis', 'rate=1r/s mode=leased', '(?:leased|redis)'),
    zone('a fallback without Redis', 'rate=1r/s fallback=deny',
         '(?:fallback|redis)'),
    zone('leased windows', 'algorithm=fixed_window quota=1/s redis=main '
         . 'mode=leased', 'leased'),
    zone('an unknown mode', 'rate=1r/s redis=main mode=lazy', 'lazy'),
    zone('an unknown fallback', 'rate=1r/s redis=main fallback=ignore',
         'ignore'),
    zone('a horizon too short', 'rate=1r/s redis=main mode=leased '
         . 'horizon=19ms', '(?:horizon|19ms)'),
    zone('a horizon too long', 'rate=1r/s redis=main mode=leased '
         . 'horizon=11s', '(?:horizon|11s)'),
    zone('a horizon of exact', 'rate=1r/s redis=main horizon=1s', 'horizon'),
    zone('no gateways', 'rate=1r/s redis=main gateways=0', 'gateways'),
    zone('an unknown gw_redis, in flight', 'concurrency redis=none', 'none'),
    zone('a ttl too short', 'concurrency redis=main ttl=999ms',
         '(?:ttl|999ms)'),
    zone('a ttl too long', 'concurrency redis=main ttl=61m', '(?:ttl|61m)'),
);

run_tests();

__DATA__

=== TEST 1: all lines
--- http_config
gw_redis main {
    server 127.0.0.1;
    username somebody;
    password_file ../html/password;
    database 3;
    key_prefix p:;
    connect_timeout 10s;
    timeout 10s;
    connections 2;
    breaker failures=1 open=10s;
}
gw_redis other { server 127.0.0.1:1; breaker open=1s; }
gw_redis another { server 127.0.0.1:1; breaker failures=3; }
gw_redis six { server [::1]; }
gw_redis six-port { server [::1]:6380; }
gw_redis socket { server unix:/run/redis.sock; }
gw_redis nodes { server 127.0.0.1:1; server 127.0.0.1:2; cluster on; }
gw_redis watched {
    server 127.0.0.1;
    server 127.0.0.1:2;
    sentinel mine;
    sentinel_username s;
    sentinel_password_file ../html/password;
}
gw_redis tls {
    server 127.0.0.1;
    ssl on;
    ssl_verify off;
    ssl_verify_depth 3;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers HIGH;
    ssl_name redis.test;
    ssl_server_name off;
    ssl_session_reuse off;
}
--- user_files
>>> password
secret
--- config
location /t { return 204; }
--- request
GET /t
--- error_code: 204
