# Limits as such: bursts, several rules, keys, costs, what is inherited.

use GwTest;
use GwLimit;

our $long = 'k' x 7000;

run_tests();

__DATA__

=== TEST 1: so many at once, and no more
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /t {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /three {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five nodelay;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(1, 'no burst', as('a'), 'X-Results' => 'one=passed',
       body => qr/^GET/, 'Retry-After' => undef),
rejected('no burst', as('a'), 'one', 'X-Results' => 'one=rejected',
         'Retry-After' => about(360)),
rejected('it stays so', as('a'), 'one', 'Retry-After' => about(360)),
passes(3, 'a burst of 2', as('a', '/three'), 'X-Results' => 'three=passed'),
rejected('a burst of 2', as('a', '/three'), 'three'),
passes(5, 'a burst of 4', as('a', '/five')),
rejected('a burst of 4', as('a', '/five'), 'five'),
passes(1, 'another key', as('b')),
rejected('another key', as('b'), 'one'),
rejected('any method', as('b', '/t', method => 'POST', body => 'x'), 'one'),
rejected('any URI of the location', as('b', '/t/x?y'), 'one'),
rejected('HEAD', as('b', '/t', method => 'HEAD'), 'one', body => ''),
rejected('HTTP/1.0', as('b', '/t', version => '1.0'), 'one'),
['a rejected request does not get through', sub {
    my ($name, $repeated) = @_;

    is(arrived('/t/x?y'), 0, $name);
}],



=== TEST 2: keys
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key$http_x_more zone=two_variables:1m rate=10r/h;
    gw_ratelimit_zone "a text/$http_x_key" zone=text:1m rate=10r/h;
    gw_ratelimit_zone $binary_remote_addr$http_x_key zone=addr:1m rate=10r/h;
    gw_ratelimit_zone the_same_for_all zone=constant:1m rate=1r/d burst=2;
    gw_ratelimit_zone "" zone=never:1m rate=1r/d;
    gw_ratelimit_zone $no_value zone=not_set:1m rate=1r/d;
    map $arg_x $no_value { never 1; }
_EOC_
--- config
proxy_pass_request_headers off;

location /t {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two {
    gw_ratelimit zone=two_variables;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /text {
    gw_ratelimit zone=text;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /addr {
    gw_ratelimit zone=addr;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /constant {
    gw_ratelimit zone=constant;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /never {
    gw_ratelimit zone=never;
    gw_ratelimit zone=not_set;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /both {
    gw_ratelimit zone=never;
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map { ["an empty key is not limited, $_", '/t', 200, '',
        'X-Results' => undef, 'X-Near' => ''] } 1 .. 3),
(map { ["an empty header is an empty key, $_",
        { headers => ['X-Key:'] }, 200, ''] } 1 .. 2),
(map { ["a constant that is empty, $_", '/never', 200, ''] } 1 .. 2),
passes(1, 'one rule without, one with a key', as('both', '/both'),
       'X-Results' => 'one=passed'),
rejected('one rule without, one with a key', as('both', '/both'), 'one',
         'X-Results' => 'one=rejected'),
passes(1, 'case matters', as('case')),
passes(1, 'case does matter', as('CASE')),
rejected('case matters', as('CASE'), 'one'),
passes(1, 'a byte of any value', as("\xff\x01\x80")),
rejected('a byte of any value', as("\xff\x01\x80"), 'one'),
passes(1, 'a byte of another value', as("\xff\x01\x81")),
passes(1, '0', as('0')),
rejected('0', as('0'), 'one'),
passes(1, 'very long', as($long)),
passes(1, 'as long, another in its first byte', as("x$long")),
passes(1, 'another in its last byte', as("${long}x")),
rejected('very long', as($long), 'one'),
rejected('another in its last byte', as("${long}x"), 'one'),
passes(1, 'two variables', as('a', '/two', headers => ['X-More: b'])),
rejected('two variables', as('a', '/two', headers => ['X-More: b']),
         'two_variables'),
passes(1, 'two variables, the second is another',
       as('a', '/two', headers => ['X-More: c'])),
passes(1, 'two variables, the second is empty', as('a', '/two')),
passes(1, 'text', as('a', '/text')),
rejected('text', as('a', '/text'), 'text'),
passes(1, 'text, another', as('b', '/text')),
passes(1, 'the address', as('a', '/addr')),
rejected('the address', as('a', '/addr'), 'addr'),
['a constant', sub {
    my ($name, $repeated) = @_;

    my @res = map { http(uri => '/constant', key => $_) } 1 .. 4;

    is_deeply(codes(@res),
              $repeated ? { '429 rejected' => 4 }
                        : { '200 passed' => 3, '429 rejected' => 1 }, $name);
}],



=== TEST 3: several rules
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /t {
    gw_ratelimit zone=three;
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /reversed {
    gw_ratelimit zone=five;
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /all {
    gw_ratelimit zone=five;
    gw_ratelimit zone=three;
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /three {
    gw_ratelimit zone=three;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(3, 'both admit', as('a'), 'X-Results' => 'three=passed,five=passed'),
(map { rejected("the first rejects, $_", as('a'), 'three',
                'X-Results' => 'three=rejected,five=passed') } 1 .. 5),
passes(2, 'what the second took was returned', as('a', '/five')),
rejected('nothing more is left of it', as('a', '/five'), 'five'),

passes(3, 'both admit', as('b', '/reversed'),
       'X-Results' => 'five=passed,three=passed'),
(map { rejected("the second rejects, $_", as('b', '/reversed'), 'three',
                'X-Results' => 'five=passed,three=rejected') } 1 .. 5),
passes(2, 'what the first took was returned', as('b', '/five')),
rejected('it was returned once', as('b', '/five'), 'five'),

passes(1, 'three rules', as('c', '/all'),
       'X-Results' => 'five=passed,three=passed,one=passed'),
(map { rejected("the third rejects, $_", as('c', '/all'), 'one',
                'X-Results' => 'five=passed,three=passed,one=rejected') }
     1 .. 5),
passes(2, 'the second has got its own back', as('c', '/three')),
rejected('and no more', as('c', '/three'), 'three'),
passes(4, 'the first has got its own back', as('c', '/five')),
rejected('and no more', as('c', '/five'), 'five'),



=== TEST 4: costs
--- http_config eval
<<'_EOC_' . $GwLimit::ZONES . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=big:1m rate=1000000r/d burst=999999;
    gw_ratelimit_zone $http_x_key zone=bigger:1m rate=1000001r/d burst=1000000;
_EOC_
--- config
location /t {
    gw_ratelimit zone=five cost=$http_x_cost;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /text {
    gw_ratelimit zone=five cost=$arg_a$arg_b;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /two {
    gw_ratelimit zone=five cost=2;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /zero {
    gw_ratelimit zone=one cost=0;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /one {
    gw_ratelimit zone=one;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /mixed {
    gw_ratelimit zone=five cost=3;
    gw_ratelimit zone=three cost=2;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /later {
    gw_ratelimit zone=five cost=3;
    gw_ratelimit zone=three cost=3;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /five {
    gw_ratelimit zone=five;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /big {
    gw_ratelimit zone=big cost=$http_x_cost;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /bigger {
    gw_ratelimit zone=bigger cost=$http_x_cost;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
do {
    my $cost = sub {
        my ($key, $cost, $uri) = @_;

        return as($key, $uri // '/t', headers => ["X-Cost: $cost"]);
    };

    (
        passes(3, 'nothing', $cost->('a', 0), 'X-Near' => 'five 5 5 0'),
        passes(1, 'two', $cost->('a', 2), 'X-Near' => qr/^five 5 3 /),
        passes(1, 'two more', $cost->('a', 2), 'X-Near' => qr/^five 5 1 /),
        passes(3, 'nothing', $cost->('a', 0), 'X-Near' => qr/^five 5 1 /),
        rejected('more than is left', $cost->('a', 2), 'five',
                 'Retry-After' => about(360)),
        rejected('much more than is left', $cost->('a', 4), 'five',
                 'Retry-After' => about(1080)),
        passes(1, 'the last one', $cost->('a', 1), 'X-Near' => qr/^five 5 0 /),
        rejected('nothing costs what is not there', $cost->('a', 0), 'five',
                 'Retry-After' => about(360)),

        passes(1, 'all of it', $cost->('b', 5), 'X-Near' => qr/^five 5 0 /),
        rejected('one more', $cost->('b', 1), 'five'),
        rejected('all of it once more', $cost->('b', 5), 'five',
                 'Retry-After' => about(1800)),

        rejected('more than there ever is', $cost->('c', 6), 'five'),
        rejected('the same again', $cost->('c', 1000000), 'five'),
        passes(1, 'it took nothing', $cost->('c', 4)),
        rejected('more than there ever is: when all were earned',
                 $cost->('c', 6), 'five', 'Retry-After' => about(1440)),
        passes(1, 'it took nothing', $cost->('c', 1)),

        passes(2, 'a constant', as('d', '/two'), 'X-Near' => qr/^five 5 [13] /),
        rejected('a constant', as('d', '/two'), 'five'),
        passes(5, 'only checks', as('d', '/zero'), 'X-Near' => 'one 1 1 0'),
        passes(1, 'takes it', as('d', '/one')),
        rejected('only checks', as('d', '/zero'), 'one'),

        passes(1, 'two variables', as('e', '/text?a=0&b=4'),
               'X-Near' => qr/^five 5 1 /),
        rejected('two variables', as('e', '/text?a=1&b=0'), 'five'),

        passes(1, 'a million', $cost->('f', 1000000, '/big'),
               'X-Near' => qr/^big 1000000 0 /),
        rejected('a million again', $cost->('f', 1000000, '/big'), 'big',
                 'Retry-After' => about(86400)),
        passes(1, 'a million of some more', $cost->('f', 1000000, '/bigger'),
               'X-Near' => qr/^bigger 1000001 1 /),

        passes(1, 'each rule has its own', as('g', '/mixed'),
               'X-Results' => 'five=passed,three=passed'),
        rejected('neither has as much', as('g', '/mixed'), 'five',
                 'X-Results' => 'five=rejected,three=rejected',
                 'Retry-After' => about(360)),
        passes(2, 'the rest', as('g', '/five')),

        passes(1, 'both admit', as('h', '/later')),
        rejected('both reject: the later time', as('h', '/later'), 'five',
                 'X-Results' => 'five=rejected,three=rejected',
                 'X-Near' => qr/^three 3 0 /, 'Retry-After' => about(1080),
                 error => '429 ratelimit three'),
    )
},



=== TEST 5: costs that are none count as one, with a warning
--- http_config eval: $GwLimit::ZONES . $GwLimit::BACK
--- config
location /t {
    gw_ratelimit zone=five cost=$http_x_cost;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /other {
    gw_ratelimit zone=five cost=x$http_x_cost;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
(map {
    my $cost = $_;

    [$cost, sub {
        my ($name) = @_;

        my $before = grep { /\[warn\]/ } log_lines();
        my $res = http(key => $cost, headers => ["X-Cost: $cost"]);
        my @warn = grep { /\[warn\]/ } log_lines();

        is($res->{code}, 200, $name);
        like($res->{header}{'x-near'}, qr/^five 5 4 /, "$name: as one");
        is(scalar @warn, $before + 1, "$name: one warning");
        like($warn[-1], qr/"\Q$cost\E"/, "$name: it names the value");
    }]
} 'abc', '-1', '+1', '1.5', '1,5', '1 2', '0x1', '1e1', '1000001', '4294967297',
  '18446744073709551617', '99999999999999999999999999', '--', '1r/s'),
['empty', sub {
    my ($name) = @_;

    my $before = grep { /\[warn\]/ } log_lines();
    my $res = http(key => 'empty');

    like($res->{header}{'x-near'}, qr/^five 5 4 /, "$name: as one");
    is(scalar(grep { /\[warn\]/ } log_lines()), $before, "$name: no warning");
}],
['text before it', as('text', '/other', headers => ['X-Cost: 3']), 200,
 'passed', 'X-Near' => qr/^five 5 4 /, log => qr/\[warn\].*"x3"/],



=== TEST 6: what is inherited
--- http_config eval
$GwLimit::ZONES . $GwLimit::BACK . <<'_EOC_' . $GwLimit::PREAMBLE
    gw_ratelimit zone=five;
    gw_ratelimit_status 420;

    server {
        listen unix:$TEST_NGINX_SOCK/own.sock;
        gw_ratelimit zone=three;
        gw_ratelimit_status 430;

        location /in {
            proxy_pass http://$TEST_NGINX_BACK;
        }
_EOC_
. <<'_EOC_' . $GwLimit::PREAMBLE . <<'_EOC_'
    }

    server {
        listen unix:$TEST_NGINX_SOCK/off.sock;
        gw_ratelimit off;

        location /in {
            proxy_pass http://$TEST_NGINX_BACK;
        }

        location /on {
            gw_ratelimit zone=one;
            proxy_pass http://$TEST_NGINX_BACK;
        }
_EOC_
    }
_EOC_
--- config
location /t {
    proxy_pass http://$TEST_NGINX_BACK;
}

location /own {
    gw_ratelimit zone=one;
    gw_ratelimit_status 440;
    proxy_pass http://$TEST_NGINX_BACK;

    location /own/below {
        proxy_pass http://$TEST_NGINX_BACK;
    }

    location /own/off {
        gw_ratelimit off;
        proxy_pass http://$TEST_NGINX_BACK;

        location /own/off/below {
            proxy_pass http://$TEST_NGINX_BACK;
        }

        location /own/off/on {
            gw_ratelimit zone=three;
            proxy_pass http://$TEST_NGINX_BACK;
        }
    }
}

location /if {
    gw_ratelimit zone=one;

    if ($arg_x) {
        set $x 1;
    }

    proxy_pass http://$TEST_NGINX_BACK;
}

location /except {
    gw_ratelimit zone=one;

    limit_except GET {
        deny all;
    }

    proxy_pass http://$TEST_NGINX_BACK;
}

location /except/allow {
    gw_ratelimit zone=one;

    limit_except GET {
        allow all;
    }

    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
passes(5, 'of http', as('a'), 'X-Results' => 'five=passed'),
['of http', as('a'), 420, 'rejected', 'X-Results' => 'five=rejected'],
passes(1, 'its own', as('b', '/own'), 'X-Results' => 'one=passed'),
['its own', as('b', '/own'), 440, 'rejected', 'X-Results' => 'one=rejected'],
['below', as('b', '/own/below'), 440, 'rejected',
 'X-Results' => 'one=rejected'],
(map { ['off', as('b', '/own/off'), 200, '', 'X-Results' => undef],
       ['below off', as('b', '/own/off/below'), 200, '',
        'X-Results' => undef] } 1 .. 3),
passes(3, 'on again', as('b', '/own/off/on'), 'X-Results' => 'three=passed'),
['on again', as('b', '/own/off/on'), 440, 'rejected',
 'X-Results' => 'three=rejected'],
passes(3, 'of a server', as('c', '/in', socket => "$ENV{TEST_NGINX_SOCK}/own.sock"),
       'X-Results' => 'three=passed'),
['of a server', as('c', '/in', socket => "$ENV{TEST_NGINX_SOCK}/own.sock"), 430,
 'rejected', 'X-Results' => 'three=rejected'],
(map { ['off in a server',
        as('d', '/in', socket => "$ENV{TEST_NGINX_SOCK}/off.sock"), 200, ''] }
     1 .. 6),
passes(1, 'on in a location of it',
       as('d', '/on', socket => "$ENV{TEST_NGINX_SOCK}/off.sock"),
       'X-Results' => 'one=passed'),
['on in a location of it',
 as('d', '/on', socket => "$ENV{TEST_NGINX_SOCK}/off.sock"), 420, 'rejected'],
passes(1, 'an if that is true', as('e', '/if?x=1')),
['an if that is true', as('e', '/if?x=1'), 420, 'rejected'],
['and that is not', as('e', '/if'), 420, 'rejected'],
['limit_except', as('f', '/except', method => 'DELETE'), 403, ''],
passes(1, 'a method that is not excepted', as('f', '/except')),
['a method that is not excepted', as('f', '/except'), 420, 'rejected'],
passes(1, 'a method that is', as('g', '/except/allow', method => 'DELETE')),
['a method that is', as('g', '/except/allow', method => 'DELETE'), 420,
 'rejected', 'X-Results' => 'one=rejected'],



=== TEST 7: allowance is earned again
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=fast:1m rate=4r/s burst=1;
    gw_ratelimit_zone $http_x_key zone=slow:1m rate=55r/m;
_EOC_
--- config
location /t {
    gw_ratelimit zone=fast;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /slow {
    gw_ratelimit zone=slow;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['the rate', sub {
    my ($name) = @_;

    my $began = now();
    my @res = map { http(key => 'a') } 1 .. 3;
    my $late = now() - $began > 0.24;

    SKIP: {
        skip('the machine was too slow', 1) if $late;
        is_deeply([map { $_->{code} } @res], [200, 200, 429], $name);
    }

    # 5 a second come in the time that 4 a second are admitted

    my %n;
    my $n = grep { $_->{code} == 200 } @res;
    my ($asked, $lost, $last) = (0, 0, now());

    while (now() - $began < 1.6 || $asked < 25) {
        $n{http(key => 'a')->{code}}++;
        $asked++;

        # what there is lasts for half a second

        my $gap = now() - $last;

        $lost += $gap if $gap > 0.25;
        $last += $gap;

        Time::HiRes::sleep(0.05);
    }

    my $may = (now() - $began) * 4 + 2;

    cmp_ok($n{200} + $n, '<=', $may, "$name: not more than it admits");
    cmp_ok($n{200} + $n, '>=', $may - 3 - 4 * $lost, "$name: not less");
    is($n{429} + $n{200}, $asked, "$name: the others are rejected");
}],
['many at a time', sub {
    my ($name) = @_;

    my $began = now();
    my @res = burst(12, key => 'b');
    my $took = now() - $began;
    my $n = grep { $_->{code} == 200 } @res;

    cmp_ok($n, '>=', 2, $name);
    cmp_ok($n, '<=', 2 + int($took * 4), "$name: not more than it admits");
    is(scalar(grep { $_->{code} == 429 } @res), 12 - $n, "$name: the others");
}],
['who waits for as long as Retry-After says, passes', sub {
    my ($name) = @_;

    my %request = (key => 'c', uri => '/slow');

    is(http(%request)->{code}, 200, "$name: the first");

    my $res = http(%request);

    is($res->{code}, 429, "$name: the second");
    like($res->{header}{'retry-after'}, qr/^[12]$/, "$name: Retry-After");
    Time::HiRes::sleep($res->{header}{'retry-after'});
    is(http(%request)->{code}, 200, $name);
}],
