# Rates are kept exactly, from one a day to a thousand million a second: as far
# as the numbers in the header fields show it.

use GwTest;
use GwLimit;

# parameters of the zone, q, w, and t of a request to an untouched key

our @rates = (
    ['rate=1r/d', 1, 86400, 86400],
    ['rate=1r/d burst=364', 365, 31536000, 86400],
    ['rate=1r/h burst=8759', 8760, 31536000, 3600],
    ['rate=2r/d', 1, 43200, 43200],
    ['rate=7r/s', 1, 1, 1],
    ['rate=7r/s burst=6', 7, 1, 1],
    ['rate=7r/s burst=7', 8, 2, 1],
    ['rate=7r/m burst=6', 7, 60, 9],
    ['rate=7r/h burst=6', 7, 3600, 515],
    ['rate=7r/d burst=6', 7, 86400, 12343],
    ['rate=7r/d burst=7', 8, 98743, 12343],
    ['rate=7r/d burst=13', 14, 172800, 12343],
    ['rate=7r/d burst=2554', 2555, 31536000, 12343],
    ['rate=11r/m burst=10', 11, 60, 6],
    ['rate=60r/m burst=1', 2, 2, 1],
    ['rate=61r/m burst=60', 61, 60, 1],
    ['rate=59r/m', 1, 2, 2],
    ['rate=59r/m burst=58', 59, 60, 2],
    ['rate=86399r/d burst=86398', 86399, 86400, 2],
    ['rate=86401r/d burst=86400', 86401, 86400, 1],
    ['rate=1000r/s burst=1000', 1001, 2, 1],
    ['rate=100000r/s burst=99999', 100000, 1, 1],
    ['rate=100000r/s burst=100000', 100001, 2, 1],
    ['rate=999983r/s burst=999982', 999983, 1, 1],
    ['rate=999983r/d burst=999982', 999983, 86400, 1],
    ['rate=1000000r/s burst=999999', 1000000, 1, 1],
    ['rate=1000000000r/s', 1, 1, 1],
    ['rate=1000000000r/s burst=999999999', 1000000000, 1, 1],
    ['rate=999999937r/s burst=999999936', 999999937, 1, 1],
    ['rate=999999937r/d burst=999999936', 999999937, 86400, 1],
    ['rate=1000000000r/d burst=999999999', 1000000000, 86400, 1],
);

our ($zones, $locations) = ('', '');

for my $n (0 .. $#rates) {
    $zones .= "gw_ratelimit_zone \$http_x_key zone=z$n:32k $rates[$n][0];\n";
    $locations .= "location /$n/ {\n"
                  . "gw_ratelimit zone=z$n cost=\$arg_c;\n"
                  . "proxy_pass http://\$TEST_NGINX_BACK;\n}\n";
}

run_tests();

__DATA__

=== TEST 1: the first request
--- http_config eval
"gw_ratelimit_headers ietf;\n$::zones" . $GwLimit::BACK
--- config eval: $::locations
--- cases
map {
    my ($n, $rate, $q, $w, $t) = ($_, @{ $rates[$_] });
    my $r = $q - 1;

    [$rate, as('a', "/$n/"), 200, 'passed',
     'RateLimit-Policy' => "\"z$n\";q=$q;w=$w",
     'RateLimit' => "\"z$n\";r=$r;t=$t", 'X-Near' => "z$n $q $r $t"]
} 0 .. $#rates



=== TEST 2: all of a burst, and when it is there again
--- http_config eval
"gw_ratelimit_headers ietf;\n$::zones" . $GwLimit::BACK
--- config eval: $::locations
--- cases
map {
    my ($n, $rate, $q, $w, $t) = ($_, @{ $rates[$_] });

    # what is earned again at once cannot be looked at

    $q > 1e6 || $t == 1 ? () : (
        passes(1, "$rate: at once", as('a', "/$n/?c=$q"),
               'RateLimit' => "\"z$n\";r=0;t=$t"),
        rejected("$rate: one more", as('a', "/$n/"), "z$n",
                 'Retry-After' => about($t)),
        rejected("$rate: only looked at", as('a', "/$n/?c=0"), "z$n",
                 'Retry-After' => about($t)),
        rejected("$rate: all once more", as('a', "/$n/?c=$q"), "z$n",
                 'Retry-After' => about($w)),
    )
} 0 .. $#rates



=== TEST 3: one by one it is the same
--- http_config eval
"gw_ratelimit_headers ietf;\n$::zones" . $GwLimit::BACK
--- config eval: $::locations
--- cases
map {
    my ($n, $rate, $q, $w, $t) = ($_, @{ $rates[$_] });

    $q > 20 || $t < 60 ? () : (
        passes($q, $rate, as('a', "/$n/")),
        rejected("$rate: one more", as('a', "/$n/"), "z$n",
                 'RateLimit' => qr/;r=0;t=\d+$/, 'Retry-After' => about($t)),
        rejected("$rate: all once more", as('a', "/$n/?c=$q"), "z$n",
                 'Retry-After' => about($w)),
    )
} 0 .. $#rates



=== TEST 4: a thousand a second, for some time
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=fast:32k rate=1009r/s burst=3;
    gw_ratelimit_log_level info;
_EOC_
--- config
location /t {
    gw_ratelimit zone=fast;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['as fast as one can', sub {
    my ($name) = @_;

    my ($began, $admitted, $asked) = (now(), 0, 0);
    my ($lost, $last) = (0, $began);

    while (now() - $began < 0.5) {
        $asked++;
        $admitted++ if http(key => 'a', conn => 'c')->{code} == 200;

        # the burst lasts for three milliseconds

        my $gap = now() - $last;

        $lost += $gap if $gap > 0.002;
        $last += $gap;
    }

    my $took = now() - $began;

    cmp_ok($admitted, '<=', 4 + $took * 1009, "$name: never more");

    # a client that asks more often than the rate gets all of it

    SKIP: {
        skip('not asked often enough', 1) if $asked < 1200 * ($took - $lost);
        cmp_ok($admitted, '>=', 0.8 * 1009 * ($took - $lost),
               "$name: not much less");
    }
}],
