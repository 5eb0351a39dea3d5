# Fixed and sliding windows: where they begin, and what is left of them.

use GwTest;
use GwLimit;
use POSIX ();
use Time::Local ();

# windows begin in UTC whatever the time zone of the server

BEGIN { $ENV{TZ} = 'Pacific/Kiritimati' }

use constant DAY => 86400;

our @units = (
    # period, seconds of it, and where windows begin (of multiples: 0)
    ['s', 1], ['second', 1], ['10s', 10], ['90s', 90],
    ['m', 60], ['minute', 60], ['15m', 900],
    ['h', 3600], ['hour', 3600], ['7h', 7 * 3600], ['24h', DAY],
    ['d', DAY], ['day', DAY], ['1d', DAY], ['2d', 2 * DAY], ['31d', 31 * DAY],
    ['w', 7 * DAY, 4 * DAY], ['week', 7 * DAY, 4 * DAY], ['7d', 7 * DAY],
    ['2w', 14 * DAY], ['4w', 28 * DAY],
    ['M', 0], ['month', 0],
);

our ($zones, $locations) = ('', '');

for my $algorithm (qw(fixed_window sliding_window)) {
    for my $unit (@units) {
        my $name = substr($algorithm, 0, 1) . $unit->[0];

        $zones .= "gw_ratelimit_zone \$http_x_key zone=$name:32k "
                  . "algorithm=$algorithm quota=10/$unit->[0];\n";
        $locations .= "location /$name/ {\n"
                      . "gw_ratelimit zone=$name cost=\$arg_c;\n"
                      . "proxy_pass http://\$TEST_NGINX_BACK;\n}\n";
    }
}


# Start and end of the window that a time is in.

sub window {
    my ($time, undef, $length, $offset) = @_;

    if (!$length) {
        my (undef, undef, undef, undef, $month, $year) = gmtime $time;

        return (Time::Local::timegm(0, 0, 0, 1, $month, $year),
                Time::Local::timegm(0, 0, 0, 1, ($month + 1) % 12,
                                    $year + ($month == 11)));
    }

    $offset //= 0;

    my $start = $offset + POSIX::floor(($time - $offset) / $length) * $length;

    return ($start, $start + $length);
}


# Runs the sub and makes sure that it was within one window: again if not.

sub within {
    my ($unit, $sub) = @_;

    for my $try (1 .. 5) {
        my ($start, $end) = window(now(), @$unit);
        my @got = $sub->($try);

        return ($start, $end, @got)
            if (window(now(), @$unit))[0] == $start;
    }

    die 'no time';
}


sub sleep_until {
    my ($time) = @_;

    Time::HiRes::sleep($time - now()) if $time > now();
}


sub got {
    my ($res) = @_;

    return join ' ', map { $_ // '-' } $res->{code},
                     $res->{header}{'x-status'};
}


run_tests();

__DATA__

=== TEST 1: periods
--- http_config eval
"gw_ratelimit_headers ietf;\n$::zones" . $GwLimit::BACK
--- config eval: $::locations
--- cases
map {
    my $algorithm = $_;

    map {
        my $unit = $_;
        my $zone = "$algorithm$unit->[0]";

        ["$zone: the first", sub {
            my ($name) = @_;

            my ($start, $end, $now, $res, $later) = within($unit, sub {
                return (now(), http(uri => "/$zone/", key => "a$_[0]"),
                        now());
            });

            my $length = $end - $start;

            is(got($res), '200 passed', $name);
            is($res->{header}{'ratelimit-policy'},
               "\"$zone\";q=10;w=$length", "$name: policy");

            my ($r, $t) = ($res->{header}{ratelimit} // '')
                          =~ /^"\Q$zone\E";r=(\d+);t=(\d+)$/;

            is($r, 9, "$name: r");

            # the tenth is there again when a new window begins, or in
            # a sliding one when this one has moved out of it

            my $next = $algorithm eq 's' ? (window($end, @$unit))[1] - $end
                                         : 0;
            my ($most, $least) = map { POSIX::ceil($end - $_ + $next) }
                                     $now, $later;

            cmp_ok($t // -1, '<=', $most, "$name: t is not beyond");
            cmp_ok($t // -1, '>=', $least - 2, "$name: t");
        }],
        $unit->[1] && $unit->[1] < 60 ? () : ["$zone: all of it", sub {
            my ($name) = @_;

            my ($start, $end, $now, $all, $more, $later) = within($unit, sub {
                my $key = "b$_[0]";
                my $all = http(uri => "/$zone/?c=10", key => $key);
                my $now = now();

                return ($now, $all, http(uri => "/$zone/", key => $key),
                        now());
            });

            is(got($all), '200 passed', "$name: all");
            is(got($more), '429 rejected', "$name: one more");

            my $retry = $more->{header}{'retry-after'};
            my $next = (window($end, @$unit))[1] - $end;
            my ($most, $least) = map {
                $end - $_ + ($algorithm eq 's' ? $next / 10 : 0)
            } $now, $later;

            cmp_ok($retry, '>=', $least - 1, "$name: not before");
            cmp_ok($retry, '<=', $most + 2, "$name: not long after");
        }],
    } @units
} 'f', 's'



=== TEST 2: costs
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=fixed:1m algorithm=fixed_window quota=5/M;
    gw_ratelimit_zone $http_x_key zone=sliding:1m quota=5/M algorithm=sliding_window;
    gw_ratelimit_zone $http_x_key zone=big:1m quota=1000000000/month algorithm=fixed_window;
    gw_ratelimit_zone $http_x_key zone=one:1m algorithm=fixed_window quota=1/d;
_EOC_
--- config
location /fixed {
    gw_ratelimit zone=fixed cost=$arg_c;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /sliding {
    gw_ratelimit zone=sliding cost=$arg_c;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /big {
    gw_ratelimit zone=big cost=$arg_c;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /one {
    gw_ratelimit zone=fixed;
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my $zone = $_;

    (
        passes(2, "$zone: nothing", as('a', "/$zone?c=0"),
               'X-Near' => "$zone 5 5 0"),
        passes(1, "$zone: two", as('a', "/$zone?c=2"),
               'X-Near' => qr/^$zone 5 3 /),
        rejected("$zone: four", as('a', "/$zone?c=4"), $zone,
                 'X-Near' => qr/^$zone 5 3 /),
        passes(1, "$zone: three", as('a', "/$zone?c=3"),
               'X-Near' => qr/^$zone 5 0 /),
        rejected("$zone: nothing", as('a', "/$zone?c=0"), $zone),
        rejected("$zone: one", as('a', "/$zone"), $zone),
        rejected("$zone: more than there is", as('b', "/$zone?c=6"), $zone),
        passes(1, "$zone: all", as('b', "/$zone?c=5")),
    )
} 'fixed', 'sliding'),
passes(1, 'a quota of a thousand million', as('a', '/big?c=1000000'),
       'X-Near' => qr/^big 1000000000 999000000 /),
passes(1, 'it counts', as('a', '/big'),
       'X-Near' => qr/^big 1000000000 998999999 /),
passes(1, 'two rules', as('c', '/one')),
(map { rejected("what is not used is returned, $_", as('c', '/one'), 'one',
                'X-Results' => 'fixed=passed,one=rejected') } 1 .. 5),
passes(1, 'it is there', as('c', '/fixed?c=4')),
rejected('and no more', as('c', '/fixed'), 'fixed'),



=== TEST 3: windows come and go
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=fixed:1m algorithm=fixed_window quota=4/2s;
    gw_ratelimit_zone $http_x_key zone=sliding:1m algorithm=sliding_window quota=4/2s;
_EOC_
--- config
location /fixed {
    gw_ratelimit zone=fixed;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /sliding {
    gw_ratelimit zone=sliding;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['both', sub {
    my ($name) = @_;

    my ($start) = window(now(), '', 2);
    my %at;

    # 5 each at the end of a window, and then at times of the next one

    my $ask = sub {
        my ($when, $uri, $n) = @_;

        my @got = map { http(uri => $uri, key => 'a') } 1 .. $n;

        $at{"$when $uri"} = { n => scalar(grep { $_->{code} == 200 } @got),
                              last => $got[-1] };
    };

    sleep_until($start + ($start + 1.4 > now() ? 1.4 : 3.4));
    ($start) = window(now(), '', 2);
    $ask->('end', $_, 5) for '/fixed', '/sliding';

    my $asked = now() - $start;
    my $in_time = $asked < 1.9;

    sleep_until($start + 2.1);
    $ask->('next', $_, 5) for '/fixed', '/sliding';
    $in_time &&= now() < $start + 2.4;

    sleep_until($start + 3.1);
    $ask->('middle', $_, 5) for '/fixed', '/sliding';
    $in_time &&= now() < $start + 3.4;

    sleep_until($start + 6);
    $ask->('later', $_, 5) for '/fixed', '/sliding';
    $in_time &&= now() < $start + 6.4;

    SKIP: {
        skip('the machine was too slow', 6) unless $in_time;

        is($at{"end $_"}{n}, 4, "$name: $_: the quota") for '/fixed',
                                                            '/sliding';
        is($at{'next /fixed'}{n}, 4, "$name: fixed: the quota again");
        is($at{'middle /fixed'}{n}, 0, "$name: fixed: once");

        # 4 of the last window, of which at most 0.95 are left, and at least
        # 0.8: one more than 4 * 0.05; in the middle half of it

        is($at{'next /sliding'}{n}, 0, "$name: sliding: the last one counts");
        is($at{'middle /sliding'}{n}, 2, "$name: sliding: half of it");
        is($at{"later $_"}{n}, 4, "$name: $_: all is forgotten")
            for '/fixed', '/sliding';
        is($at{'end /fixed'}{last}{header}{'retry-after'}, 1,
           "$name: fixed: until the next window");
        like($at{'end /sliding'}{last}{header}{'retry-after'},
             $asked < 1.49 ? qr/^2$/ : qr/^[12]$/,
             "$name: sliding: until a quarter of the next");
    }
}],
