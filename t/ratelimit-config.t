# Every directive with bad values, in places where it may not stand, twice;
# and all of them at once.  What needs gw_redis is looked at elsewhere.

use GwTest;
use GwLimit;


# Rows for gw_ratelimit_zone: its parameters behind the key, and what the
# message says.

sub zone {
    return map {
        my ($args, @says) = @$_;

        ["gw_ratelimit_zone $args",
         { http_config => "gw_ratelimit_zone \$http_x_key $args;",
           config => '#' }, @says]
    } @_;
}


sub concurrency_zone {
    return map {
        my ($args, @says) = @$_;

        ["gw_concurrency_zone $args",
         { http_config => "gw_concurrency_zone \$http_x_key $args;",
           config => '#' }, @says]
    } @_;
}


# Rows of values in place of a "%s", that the message names in place of its own.

sub bad {
    my ($format, $says, @values) = @_;

    return map {
        my $value = quotemeta;

        [sprintf($format, $_), $says =~ s/%s/$value/r]
    } @values;
}


# Rows for a directive of a location.

my $zones = <<'_EOC_';
gw_ratelimit_zone $http_x_key zone=one:1m rate=1r/s burst=5;
gw_ratelimit_zone $http_x_key zone=two:1m rate=1r/s;
gw_ratelimit_zone $http_x_key zone=fixed:1m algorithm=fixed_window quota=5/d;
gw_ratelimit_zone $http_x_key zone=sliding:1m algorithm=sliding_window quota=5/d;
gw_ratelimit_zone $http_x_key zone=month:1m algorithm=sliding_window quota=5/M;
gw_concurrency_zone $http_x_key zone=c:1m;
_EOC_

sub location {
    my ($name, @rows) = @_;

    return map {
        my ($args, @says) = @$_;

        ["$name $args", { http_config => $zones,
                          config => "location /t {\n    $name $args;\n}\n" },
         @says]
    } @rows;
}


# The same directive with these lines of arguments, one after the other.

sub in_lines {
    my ($name, @rows) = @_;

    return map {
        my ($args, @says) = @$_;

        [join(', ', $name, @$args),
         { http_config => $zones, config => join '', "location /t {\n",
               map({ "    $name $_;\n" } @$args), "}\n" }, @says]
    } @rows;
}


# A line of configuration where it may not stand.

sub misplaced {
    my ($line, @places) = @_;

    my ($name) = $line =~ /^(\w+)/;
    my %in = (
        server   => { config => "$line\n" },
        location => { config => "location /t {\n    $line\n}\n" },
        if       => { config => "location /t {\n    if (\$arg_a) {\n"
                                . "        $line\n    }\n}\n" },
        except   => { config => "location /t {\n    limit_except GET {\n"
                                . "        $line\n    }\n}\n" },
        main     => { main_config => $line, config => '#' },
        upstream => { http_config => "upstream u {\n    $line\n}\n",
                      config => '#' },
    );

    return map {
        ["$name in $_", { http_config => $zones, %{ $in{$_} } },
         "\"$name\" directive is not allowed here"]
    } @places;
}


my $zone = 'zone=z:1m';
my $arguments = 'invalid number of arguments in "%s" directive';

my %no_number = map { $_ => sprintf $arguments, $_ }
                    qw(gw_ratelimit_zone gw_concurrency_zone gw_ratelimit
                       gw_concurrency);

must_die(
    zone(
        ['', $no_number{gw_ratelimit_zone}],
        [$zone, "(?:needs a \"rate\"|$no_number{gw_ratelimit_zone})"],
        ['rate=1r/s', "(?:needs a \"zone\"|$no_number{gw_ratelimit_zone})"],
        ['rate=1r/s burst=1', 'needs a "zone"'],
        bad('zone=%s rate=1r/s', 'invalid zone size "%s"',
            'z', 'z:', ':1m', '', ':', 'z:x', 'z:-1', 'z:1x', 'z:1m1'),
        bad('zone=%s rate=1r/s', 'zone "%s" is too small', 'z:0', 'z:1k',
            'z:31k'),
        ['zone=z:1m zone=y:1m rate=1r/s', 'has two zones'],
        bad("'zone=%s:1m' rate=1r/s", 'invalid zone name "%s"',
            'a b', 'a,b', 'a=b', 'a"b', 'ä'),
        ["'zone=a\\\\b:1m' rate=1r/s", 'invalid zone name'],

        bad("$zone 'rate=%s'", 'invalid rate "%s"',
            '', '1', '1r', '1r/', 'r/s', '0r/s', '-1r/s', '+1r/s', '1.5r/s',
            '1r/S', '1R/s', '1r/x', '1r/w', '1r/M', '1r/sec', '1r/second',
            '1r/ms', '1/s', '1/d', '1r/10s', '1r/ss', ' 1r/s', '0x1r/s',
            '1000000001r/s', '4294967296r/s', '18446744073709551617r/s',
            '99999999999999999999999999999r/s', '$http_x_rate'),
        ["$zone rate=1r/s rate=2r/s", 'has two of "rate" and "quota"'],
        ["$zone rate=1r/s quota=2/d", 'has two of "rate" and "quota"'],
        ["$zone quota=2/d rate=1r/s algorithm=fixed_window",
         'has two of "rate" and "quota"'],

        bad("$zone rate=1r/s 'burst=%s'", 'invalid burst "%s"',
            '', 'x', '-1', '+1', '1.5', '1 ', '5r', '1000000000', '4294967296',
            '99999999999999999999', '$http_x_burst'),
        bad("$zone %s",
            'has a "burst" that would take longer than a year to earn',
            'rate=1r/d burst=366', 'rate=1r/h burst=8784',
            'rate=1r/d burst=999999999', 'rate=1r/m burst=527040'),

        bad("$zone rate=1r/s algorithm=%s", 'invalid algorithm "%s"',
            '', 'GCRA', 'leaky', 'fixed', 'sliding', 'window', 'token_bucket'),
        bad("$zone %s", 'takes "quota" with a window, not "rate"',
            'rate=1r/s algorithm=fixed_window',
            'algorithm=fixed_window rate=1r/s',
            'rate=1r/s algorithm=sliding_window',
            'algorithm=sliding_window rate=1r/s'),
        ["$zone algorithm=gcra", 'needs a "rate"'],
        ["$zone algorithm=fixed_window", 'needs a "quota"'],
        ["$zone algorithm=sliding_window", 'needs a "quota"'],
        bad("$zone %s", 'takes "quota" with a window alone',
            'quota=5/d', 'algorithm=gcra quota=5/d',
            'quota=5/d algorithm=gcra', 'quota=5/d burst=1'),
        bad("$zone algorithm=fixed_window 'quota=%s'", 'invalid quota "%s"',
            '', '5', '5/', '/d', '0/d', '-5/d', '+5/d', '5.5/d', '5r/d',
            '5/x', '5/D', '5/y', '5/year', '5/months', '5/days', '5/Day',
            '5/0d', '5/-1d', '5/1.5d', '5/1M', '5/2M', '5/1month', '5/2week',
            '5/15minute', '5/10', '5/32d', '5/5w', '5/745h', '5/44641m',
            '5/2678401s', '5/99999999999999999999s', '1000000001/d',
            '99999999999999999999/d', '5/d ', '5 /d', '5/ d', '5/dd', '5/d/d',
            '$http_x_quota'),
        bad("$zone quota=5/d %s", 'takes "burst" with "algorithm=gcra" alone',
            'algorithm=fixed_window burst=5',
            'burst=5 algorithm=sliding_window',
            'algorithm=fixed_window burst=0'),

        bad("$zone rate=1r/s %s",
            'has "mode", "fallback" or "gateways" without "redis"',
            'mode=exact', 'mode=leased', 'fallback=local', 'fallback=allow',
            'fallback=deny', 'gateways=2'),
        ["$zone rate=1r/s horizon=100ms",
         'takes "horizon" with "mode=leased" alone'],
        bad("$zone rate=1r/s %s", 'invalid parameter "%s"',
            'x', 'Rate=1r/s', 'nodelay', 'delay=1', 'cost=1', 'before_auth',
            'dry_run', 'limit=1', 'bursts=1', 'burst', 'off', 'mode=fast',
            'fallback=none', 'redis=', 'ttl=60s'),
    ),

    (map { my ($name, $first, $second, $says) = @$_;
           [$name, { http_config => "$first\n$second\n", config => '#' },
            $says] }
        ['a zone twice', "gw_ratelimit_zone \$uri $zone rate=1r/s;",
         "gw_ratelimit_zone \$uri $zone rate=1r/s;",
         'zone "z" is already defined'],
        ['a zone of another size', "gw_ratelimit_zone \$uri $zone rate=1r/s;",
         'gw_ratelimit_zone $uri zone=z:2m rate=1r/s;', '"z"'],
        ['a zone of both kinds', "gw_ratelimit_zone \$uri $zone rate=1r/s;",
         "gw_concurrency_zone \$uri $zone;", '"z"'],
        ['a zone of requests in flight twice',
         "gw_concurrency_zone \$uri $zone;", "gw_concurrency_zone \$uri $zone;",
         'zone "z" is already defined'],
        ['a zone of somebody else', "limit_req_zone \$uri $zone rate=1r/s;",
         "gw_ratelimit_zone \$uri $zone rate=1r/s;",
         '"z" is already declared for a different use']),
    ['an unknown variable in a key',
     { http_config => "gw_ratelimit_zone \$no_such_variable $zone rate=1r/s;",
       config => '#' }, 'unknown "no_such_variable" variable'],

    location('gw_ratelimit',
        ['', $no_number{gw_ratelimit}],
        ['one', 'invalid parameter "one"'],
        ['zone=', 'invalid parameter "zone="'],
        ['cost=1', 'needs a "zone"'],
        bad('zone=%s', 'unknown gw_ratelimit_zone "%s" in .*nginx.conf:\d+',
            'nobody', 'c', 'one:1m'),
        bad('zone=one %s', 'invalid parameter "%s"',
            'off', 'x', 'burst=5', 'Nodelay', 'nodelay=1', 'delay', 'dry-run',
            'before_auth=1', 'limit=5', 'quota=5/d'),
        bad("zone=one 'cost=%s'", 'invalid cost "%s"',
            'x', '-1', '+1', '1.5', '1 2', '0x1', '1000001',
            '99999999999999999999'),
        bad('zone=one %s=$no_such_variable',
            'unknown "no_such_variable" variable', 'cost', 'rate'),
        bad('zone=one %s=$', 'invalid variable name', 'cost', 'rate'),
        bad("zone=one 'rate=%s'", 'invalid rate "%s"',
            'x', '1', '0r/s', '1/d', '1r/s burst', '1r/s burst=x',
            '1r/s nodelay', '1r/d burst=366', '1000000001r/s'),
        bad('zone=fixed rate=%s', 'invalid rate "%s"',
            'x', '1r/d', '5/h', '0/d', '5'),
        bad('zone=sliding rate=%s', 'invalid rate "%s"', '5/2d'),
        bad('zone=month rate=%s', 'invalid rate "%s"', '5/31d'),
        bad('zone=one delay=%s', 'invalid delay "%s"',
            '', 'x', '-1', '1.5', '99999999999999999999', '$http_x_delay'),
        ['zone=one nodelay delay=1', 'has both "nodelay" and "delay"'],
        ['zone=one delay=1 nodelay', 'has both "nodelay" and "delay"'],
        bad('zone=%s delay=1', '"delay" needs a zone with "algorithm=gcra"',
            'fixed', 'sliding', 'month'),
    ),
    in_lines('gw_ratelimit',
        [['zone=one', 'zone=one'], 'zone "one" is limited by already'],
        [['zone=one', 'zone=two', 'zone=one cost=2'],
         'zone "one" is limited by already'],
        [['zone=one before_auth', 'zone=one before_auth dry_run'],
         'zone "one" is limited by already'],
        [['off', 'zone=one'], 'is "off" beside others'],
        [['zone=one', 'off'], 'is "off" beside others'],
        [['off', 'off'], '(?:is duplicate|is "off" beside others)'],
    ),

    location('gw_concurrency',
        ['', $no_number{gw_concurrency}],
        ['zone=c', "(?:needs a \"limit\"|$no_number{gw_concurrency})"],
        ['zone=c dry_run', 'needs a "limit"'],
        ['limit=5', "(?:needs a \"zone\"|$no_number{gw_concurrency})"],
        ['limit=5 dry_run', 'needs a "zone"'],
        bad('zone=%s limit=5',
            'unknown gw_concurrency_zone "%s" in .*nginx.conf:\d+',
            'nobody', 'one'),
        bad("zone=c 'limit=%s'", 'invalid limit "%s"',
            '', '0', 'x', '-1', '1.5', '1000001', '99999999999999999999'),
        ['zone=c limit=$no_such_variable',
         'unknown "no_such_variable" variable'],
        bad('zone=c limit=5 %s', 'invalid parameter "%s"',
            'x', 'off', 'nodelay', 'delay=1', 'before_auth', 'cost=1',
            'rate=1r/s'),
    ),
    in_lines('gw_concurrency',
        [['zone=c limit=5', 'zone=c limit=6'],
         'zone "c" is limited by already'],
        [['off', 'zone=c limit=5'], 'is "off" beside others'],
        [['zone=c limit=5', 'off'], 'is "off" beside others'],
    ),

    concurrency_zone(
        ['', $no_number{gw_concurrency_zone}],
        ['ttl=60s', "(?:needs a \"zone\"|$no_number{gw_concurrency_zone})"],
        bad('zone=%s', 'invalid zone size "%s"', 'z', ':1m', 'z:x'),
        ['zone=z:31k', 'zone "z:31k" is too small'],
        ["$zone zone=y:1m", 'has two zones'],
        ["$zone ttl=60s", 'has "ttl" or "gateways" without "redis"'],
        ["$zone gateways=2", 'has "ttl" or "gateways" without "redis"'],
        bad("$zone ttl=%s", 'invalid ttl "%s"',
            '', 'x', '0', '-1', '999ms', '3601s', '2h'),
        bad("$zone gateways=%s", 'invalid number of gateways "%s"',
            '', 'x', '0', '-1', '1000001'),
        bad("$zone %s", 'invalid parameter "%s"', 'x', 'rate=1r/s', 'limit=5',
            'redis=', 'burst=1', 'mode=exact'),
    ),

    location('gw_ratelimit_status',
        map({ [$_, sprintf $arguments, 'gw_ratelimit_status'] } '', '429 503'),
        map({ [$_, 'invalid (?:number|value)'] } 'x', '-429', '42.9', '""'),
        map({ [$_, 'must be (?:equal to or )?(?:greater|less|between)'] }
            '0', '200', '399', '600', '4290'),
    ),
    location('gw_ratelimit_headers',
        map({ [$_, sprintf $arguments, 'gw_ratelimit_headers'] }
            '', 'ietf legacy'),
        bad('%s', 'invalid value "%s"', 'on', 'x', 'all', '1'),
    ),
    location('gw_ratelimit_log_level',
        map({ [$_, sprintf $arguments, 'gw_ratelimit_log_level'] }
            '', 'warn error'),
        bad('%s', 'invalid value "%s"', 'on', 'debug', 'crit', 'alert',
            'emerg', 'off'),
    ),

    map({ my ($name, @args) = @$_;
          ["$name twice",
           { config => join('', map { "$name $_;\n" } @args) },
           "\"$name\" directive is duplicate"] }
        ['gw_ratelimit_status', 429, 503],
        ['gw_ratelimit_headers', 'ietf', 'off'],
        ['gw_ratelimit_log_level', 'warn', 'error']),

    misplaced('gw_ratelimit_zone $uri zone=z:1m rate=1r/s;',
              qw(server location if except main upstream)),
    misplaced('gw_concurrency_zone $uri zone=z:1m;',
              qw(server location if except main upstream)),
    map({ misplaced($_, qw(if except main upstream)) }
        'gw_ratelimit zone=one;', 'gw_concurrency zone=c limit=1;',
        'gw_ratelimit_status 429;', 'gw_ratelimit_headers ietf;',
        'gw_ratelimit_log_level warn;'),
);

run_tests();

__DATA__

=== TEST 1: everything that there is, once
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=gcra:1m rate=10r/h burst=20 algorithm=gcra;
    gw_ratelimit_zone zone$arg_key algorithm=fixed_window zone=fixed:32k quota=1000000000/31d;
    gw_ratelimit_zone $http_x_key/$arg_key zone=sliding:1M quota=5/month algorithm=sliding_window;
    gw_concurrency_zone $http_x_key zone=c:32k;
    gw_ratelimit_status 503;
    gw_ratelimit_headers both;
    gw_ratelimit_log_level info;
    gw_ratelimit zone=gcra;
    gw_concurrency zone=c limit=1000000;
_EOC_
--- config
gw_ratelimit_status 400;
gw_ratelimit_headers off;
gw_ratelimit_log_level error;
gw_ratelimit off;
gw_concurrency off;

location /t {
    gw_ratelimit_status 599;
    gw_ratelimit_headers legacy;
    gw_ratelimit_log_level notice;
    gw_ratelimit zone=gcra cost=1000000$arg_none rate=$arg_rate delay=5 before_auth dry_run;
    gw_ratelimit zone=gcra nodelay;
    gw_ratelimit zone=fixed cost=0 rate=7/31d;
    gw_ratelimit zone=sliding cost=$arg_cost;
    gw_concurrency zone=c limit=$arg_limit dry_run;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /except {
    limit_except GET {
        deny all;
    }

    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['it works', as('a', '/t?limit=3'), 200, 'dry_run_rejected',
 'X-Results' => 'gcra=dry_run_rejected,gcra=passed,fixed=passed,sliding=passed,c=passed'],



=== TEST 2: the same zone with and without before_auth
--- http_config eval
"gw_ratelimit_zone \$http_x_key zone=z:1m rate=1r/d burst=3;\n$GwLimit::BACK"
--- config
location /t {
    gw_ratelimit zone=z before_auth;
    gw_ratelimit zone=z;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(2, 'two rules', as('a'), 'X-Results' => 'z=passed,z=passed'),
rejected('two rules', as('a'), 'z'),



=== TEST 3: a zone is named before it is defined
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit zone=late;
    gw_ratelimit_zone $http_x_key zone=late:1m rate=1r/d;
_EOC_
--- config
location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'late', as('a')),
rejected('late', as('a'), 'late'),
