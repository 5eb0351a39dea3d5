# rate=: the limit of a request in place of its zone's.

use GwTest;
use GwLimit;


# Cases: what a value makes of the zone's limit, by the policy that is told; an
# undefined one is the zone's, with a warning.

sub taken {
    my ($zone, $default, @rows) = @_;

    return map {
        my ($value, $policy) = @$_;

        ["$zone: \"$value\"", sub {
            my ($name) = @_;

            my $before = grep { /\[warn\]/ } log_lines();
            my $res = http(uri => "/$zone", key => "$zone$value",
                           headers => ["X-Rate: $value"]);
            my @warn = grep { /\[warn\]/ } log_lines();

            is($res->{code}, 200, "$name: passes");
            is($res->{header}{'ratelimit-policy'},
               "\"$zone\";" . ($policy // $default), "$name: limit");
            is(scalar @warn - $before, defined $policy ? 0 : 1,
               "$name: warnings");
            like($warn[-1], qr/"\Q$value\E"/, "$name: the value")
                if !defined $policy;
        }]
    } @rows;
}


# A request with that rate.

sub at {
    my ($key, $rate, $uri) = @_;

    return as($key, $uri // '/z', headers => ["X-Rate: $rate"]);
}


our $http_config = <<'_EOC_' . $GwLimit::BACK;
    gw_ratelimit_headers ietf;
    gw_ratelimit_zone $http_x_key zone=z:1m rate=10r/h burst=2;
    gw_ratelimit_zone $http_x_key zone=fixed:1m algorithm=fixed_window quota=5/d;
    gw_ratelimit_zone $http_x_key zone=sliding:1m algorithm=sliding_window quota=5/15m;
    gw_ratelimit_zone $http_x_key zone=month:1m algorithm=fixed_window quota=5/M;

    map $http_x_plan $plan {
        default "";
        gold    "100r/h burst=9";
        silver  20r/h;
        broken  much;
    }
_EOC_

our $config = <<'_EOC_';
location /z {
    gw_ratelimit zone=z rate=$http_x_rate;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /fixed {
    gw_ratelimit zone=fixed rate=$http_x_rate;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /sliding {
    gw_ratelimit zone=sliding rate=$http_x_rate;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /month {
    gw_ratelimit zone=month rate=$http_x_rate;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /plan {
    gw_ratelimit zone=z rate=$plan;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /text {
    gw_ratelimit zone=z rate=${http_x_rate}r/h;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /constant {
    gw_ratelimit zone=z rate=30r/h;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /constant/burst {
    gw_ratelimit zone=z "rate=30r/h burst=5";
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_


sub days {
    my (undef, undef, undef, undef, $month, $year) = gmtime;

    return (31, $year % 4 ? 28 : 29, 31, 30, 31, 30, 31, 31, 30, 31, 30,
            31)[$month];
}


run_tests();

__DATA__

=== TEST 1: values
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
taken('z', 'q=3;w=1080',
      ['', 'q=3;w=1080'],
      ['1r/s', 'q=3;w=3'],
      ['100r/s', 'q=3;w=1'],
      ['1000000000r/d', 'q=3;w=1'],
      ['6r/m', 'q=3;w=30'],
      ['2r/d', 'q=3;w=129600'],
      ['100r/h burst=20', 'q=21;w=756'],
      ['100r/h burst=0', 'q=1;w=36'],
      ['1r/d burst=364', 'q=365;w=31536000'],
      map { [$_] } 'abc', '0r/s', '-1r/s', '1.5r/s', '10', '10r', '10r/', 'r/s',
          '10r/x', '10/s', '10/d', '10r/w', '10r/M', '10R/S', '1000000001r/s',
          '99999999999999999999r/s', '10r/s burst', '10r/s burst=',
          '10r/s burst=x', '10r/s burst=-1', '10r/s burst=1.5',
          '10r/s burst=1000000000', '10r/s burst=99999999999999999999',
          '10r/s burst=1 burst=2', '10r/s burst=1 x', '10r/sburst=1',
          'burst=5', '10r/s nodelay', '1r/d burst=1000', '10r/s, burst=1'),
taken('fixed', 'q=5;w=86400',
      ['', 'q=5;w=86400'],
      ['5000/d', 'q=5000;w=86400'],
      ['1/day', 'q=1;w=86400'],
      ['1000000000/d', 'q=1000000000;w=86400'],
      map { [$_] } '0/d', '-1/d', '5000', '5000/', '5000/h', '5000/2d',
          '5000/w', '5000/M', '5000r/d', '5000/d burst=1', '1000000001/d',
          '99999999999999999999/d', 'abc', '/d'),
taken('sliding', 'q=5;w=900',
      ['', 'q=5;w=900'],
      ['7/15m', 'q=7;w=900'],
      ['7/900s', 'q=7;w=900'],
      map { [$_] } '7/m', '7/1m', '7/h', '7r/m'),
taken('month', 'q=5;w=' . days() * 86400,
      ['', 'q=5;w=' . days() * 86400],
      ['50/M', 'q=50;w=' . days() * 86400],
      ['50/month', 'q=50;w=' . days() * 86400],
      map { [$_] } '50/m', '50/31d', '50/d'),



=== TEST 2: from a map, in a text, constant
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
(map {
    my ($plan, $policy, @more) = @$_;

    ["plan $plan", as("p$plan", '/plan', headers => ["X-Plan: $plan"]), 200,
     'passed', 'RateLimit-Policy' => "\"z\";$policy", @more]
} ['gold', 'q=10;w=360'], ['silver', 'q=3;w=540'], ['none', 'q=3;w=1080'],
  ['broken', 'q=3;w=1080', log => qr/\[warn\].*"much"/]),
passes(1, 'text', at('t', 60, '/text'), 'RateLimit-Policy' => '"z";q=3;w=180'),
passes(1, 'constant', as('c', '/constant'),
       'RateLimit-Policy' => '"z";q=3;w=360'),
passes(1, 'constant, with a burst', as('d', '/constant/burst'),
       'RateLimit-Policy' => '"z";q=6;w=720'),



=== TEST 3: one key, several rates
--- http_config eval: $::http_config
--- config eval: $::config
--- cases
passes(3, "all of the zone's", at('a', '')),
rejected("the zone's", at('a', ''), 'z'),

# three requests, earned in 1080 seconds: that is 54 emission intervals of
# this rate, of which 99 are beyond the first

passes(1, 'a better plan', at('a', '180r/h burst=99'),
       'RateLimit' => qr/^"z";r=4[56];t=\d+$/),
rejected('and back', at('a', ''), 'z', 'Retry-After' => about(360)),
passes(10, 'a better plan', at('b', '10r/h burst=9')),
rejected('a better plan', at('b', '10r/h burst=9'), 'z'),

# another burst of the same rate: what is owed stays, and is owed to both

rejected("the zone's", at('b', ''), 'z', 'Retry-After' => about(2880)),
rejected('a better plan again', at('b', '10r/h burst=9'), 'z',
         'Retry-After' => about(360)),

# another rate: at most what can be owed by that

passes(10, 'another rate', at('d', '20r/d burst=9')),
rejected('another rate', at('d', '20r/d burst=9'), 'z'),
rejected("the zone's", at('d', ''), 'z', 'Retry-After' => about(360)),
passes(3, 'a fixed window', at('c', '3/d', '/fixed')),
rejected('a fixed window', at('c', '3/d', '/fixed'), 'fixed'),
passes(2, "the zone's", at('c', '', '/fixed')),
rejected("the zone's", at('c', '', '/fixed'), 'fixed'),
passes(1, 'a larger quota', at('c', '100/d', '/fixed'),
       'RateLimit' => qr/^"fixed";r=94;/),
rejected('a smaller quota', at('c', '2/d', '/fixed'), 'fixed',
         'RateLimit' => qr/^"fixed";r=0;/),
