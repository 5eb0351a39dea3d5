# Reloads: what a zone keeps, what starts afresh, and who waits meanwhile.

use GwTest;
use GwLimit;
use GwMaster;

master_on();
workers(2);

our $config = <<'_EOC_';
location /t {
    gw_ratelimit zone=z;
    proxy_pass http://$TEST_NGINX_BACK;
}
_EOC_


# Puts another text in place of one in the configuration, reloads, and runs the
# sub; then the first one is there again.

sub changed {
    my ($name, $from, $to, $sub) = @_;

    my $file = 'conf/nginx.conf';
    my $old = read_file($file);
    my $new = $old;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $new =~ s/\Q$from\E/$to/ or die "no $from";
    write_file($file, $new);
    reloaded($name);
    $sub->();
    write_file($file, $old);
    reloaded($name);
}


# Codes of so many requests of a key.

sub asked {
    my ($n, $key, @more) = @_;

    return join ' ', map { http(key => $key, @more)->{code} } 1 .. $n;
}


# A case: a number of requests before, a change of the zone, and the codes of
# those after it.

sub change {
    my ($what, $from, $to, $before, $after) = @_;

    return [$what, sub {
        my ($name) = @_;

        my $uri = '/' . ($from =~ /algorithm=(\w)/ ? $1 : 't');

        is(asked($before, $what, uri => $uri),
           join(' ', (200) x $before), "$name: before");
        changed($name, $from, $to, sub {
            is(asked(scalar split(' ', $after), $what, uri => $uri),
               $after, "$name: after");
        });
    }];
}


run_tests();

__DATA__

=== TEST 1: changes of a zone
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=t:1m rate=10r/h burst=2;
    gw_ratelimit_zone $http_x_key zone=f:1m algorithm=fixed_window quota=4/M;
    gw_ratelimit_zone $http_x_key zone=s:1m algorithm=sliding_window quota=4/31d;
_EOC_
--- config
location /t {
    gw_ratelimit zone=t;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /f {
    gw_ratelimit zone=f;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /s {
    gw_ratelimit zone=s;
    proxy_pass http://$TEST_NGINX_BACK;
}

location /new {
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
change('nothing changes', 'location /new', 'location /newer', 2, '200 429'),
change('nothing changes, a window', 'algorithm=fixed_window quota=4/M',
       'algorithm=fixed_window  quota=4/month', 3, '200 429'),
change('another burst', 'zone=t:1m rate=10r/h burst=2',
       'zone=t:1m rate=10r/h burst=4', 3, '200 200 429'),
change('a smaller burst', 'zone=t:1m rate=10r/h burst=2',
       'zone=t:1m rate=10r/h', 2, '429 429'),

# two of six minutes are four of three

change('a higher rate', 'zone=t:1m rate=10r/h burst=2',
       'zone=t:1m rate=20r/h burst=4', 2, '200 429'),
change('a lower rate', 'zone=t:1m rate=10r/h burst=2',
       'zone=t:1m rate=5r/h burst=2', 2, '200 200 429'),
change('the same rate, otherwise written', 'zone=t:1m rate=10r/h burst=2',
       'burst=2 rate=240r/d zone=t:1m', 2, '200 429'),
change('a larger quota', 'algorithm=fixed_window quota=4/M',
       'algorithm=fixed_window quota=6/M', 4, '200 200 429'),
change('a smaller quota', 'algorithm=fixed_window quota=4/M',
       'algorithm=fixed_window quota=2/M', 2, '429 429'),
change('a larger quota, sliding', 'algorithm=sliding_window quota=4/31d',
       'algorithm=sliding_window quota=6/31d', 4, '200 200 429'),
change('the same key, quoted', '$http_x_key zone=t:1m', '"$http_x_key" zone=t:1m', 3,
       '429'),
change('another key', '$http_x_key zone=t:1m',
       '$http_x_key$http_x_none zone=t:1m', 3, '200 200 200 429'),
change('another period', 'algorithm=fixed_window quota=4/M',
       'algorithm=fixed_window quota=4/30d', 4, '200 200 200 200 429'),
change('another algorithm', 'zone=f:1m algorithm=fixed_window quota=4/M',
       'zone=f:1m algorithm=sliding_window quota=4/M', 4,
       '200 200 200 200 429'),
change('from a window to a rate', 'zone=f:1m algorithm=fixed_window quota=4/M',
       'zone=f:1m rate=1r/d burst=3', 4, '200 200 200 200 429'),
change('from a rate to a window', 'zone=t:1m rate=10r/h burst=2',
       'zone=t:1m algorithm=fixed_window quota=3/M', 3, '200 200 200 429'),
change('another size', 'zone=t:1m', 'zone=t:2m', 3, '200 200 200 429'),
['and the first one is there again', sub {
    my ($name) = @_;

    is(asked(4, 'first'), '200 200 200 429', $name);
}],



=== TEST 2: a configuration that is refused
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=z:1m rate=10r/h burst=2;
_EOC_
--- config eval: $::config
--- log_allows: emerg
--- cases
['the old one serves on', sub {
    my ($name) = @_;

    my $old = read_file('conf/nginx.conf');
    my @workers = steady();
    my $lines = grep { /\[emerg\]/ } log_lines();

    is(asked(2, 'a'), '200 200', "$name: before");
    write_file('conf/nginx.conf', $old =~ s/rate=10r\/h/rate=0r\/h/r);
    reload();
    ok(wait_for(sub { grep({ /\[emerg\]/ } log_lines()) > $lines }, 5),
       "$name: it is refused");
    write_file('conf/nginx.conf', $old);
    is(asked(2, 'a'), '200 429', $name);
    is_deeply([steady()], \@workers, "$name: the same workers");
}],



=== TEST 3: requests that are held
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=z:1m rate=1r/s burst=2;
_EOC_
--- config
location /t {
    gw_ratelimit zone=z delay=0;
    proxy_pass http://$TEST_NGINX_BACK;
}
--- cases
['they are answered', sub {
    my ($name) = @_;

    my $began = now();
    my @old = steady();
    my @waiting = map { start(key => 'a') } 1 .. 4;

    Time::HiRes::sleep(0.1);
    reload();

    my @res = map { finish($_) } @waiting;

    is_deeply(codes(@res), { '200 passed' => 1, '200 delayed' => 2,
                             '429 rejected' => 1 }, $name);
    cmp_ok(now() - $began, '>=', 1.9, "$name: in their time");
    renewed($name, @old);
}],



=== TEST 4: many reloads
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=z:1m rate=1r/d burst=99;
_EOC_
--- config eval: $::config
--- cases
['one limit all the while', sub {
    my ($name) = @_;

    my %got;

    for (1 .. 5) {
        reload();

        for (1 .. 30) {
            $got{http(key => 'a')->{code} // '-'}++;
            Time::HiRes::sleep(0.003);
        }

        wait_for(sub { @{[workers_now()]} == 2 }, 5);
    }

    is_deeply(\%got, { 200 => 100, 429 => 50 }, $name);
}],



=== TEST 5: a kind of zone becomes another
--- http_config eval
<<'_EOC_' . $GwLimit::BACK
    gw_ratelimit_zone $http_x_key zone=z:1m rate=1r/d;
_EOC_
--- config eval: $::config
--- cases
['from a rate to requests in flight, and back', sub {
    my ($name) = @_;

    my $old = read_file('conf/nginx.conf');
    my $new = $old;

    is(asked(2, 'a'), '200 429', "$name: before");

    $new =~ s/gw_ratelimit_zone (\S+ zone=z:1m) rate=1r\/d/gw_concurrency_zone $1/;
    $new =~ s/gw_ratelimit zone=z;/gw_concurrency zone=z limit=3;/;
    write_file('conf/nginx.conf', $new);
    reloaded($name);
    is(asked(3, 'a'), '200 200 200', "$name: requests in flight");

    write_file('conf/nginx.conf', $old);
    reloaded($name);
    is(asked(2, 'a'), '200 429', "$name: afresh");
}],
