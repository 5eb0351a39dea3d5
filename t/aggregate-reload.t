# Aggregates in flight when nginx reloads, when a worker is told to end, and
# when nginx stops: they are answered, and nothing is left behind.

use GwTest;
use GwMaster;
use GwPart;

master_on();
workers(2);
worker_connections(1024);

our $config = $GwPart::PARTS . $GwPart::KEPT . <<'_EOC_';
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_k/b?$http_x_b after=a;
    gw_part inner /inner;
}

location = /inner {
    internal;
    gw_aggregate on;
    gw_part c /_k/c?$http_x_c optional timeout=5s;
    gw_part version /version as=string;
}

location = /version { internal; return 200 one; }
location = /nothing { return 204; }
_EOC_

our $whole = '{"a":1,"b":2,"inner":{"c":3,"version":"one"}}';


# So many requests that wait for the word.

sub flying {
    my ($name, $word, $n, %say) = @_;

    my $since = since();
    my @flying = map {
        start(%{ ask(uri => '/t', conn => "$word.$_",
                     a => { json => 1, hold => $word }, b => { json => 2 },
                     c => { json => 3, hold => $word }) })
    } 1 .. $n;

    GwPart::saw($name, $since, 'came', $_, $n) for qw(a c);

    return @flying;
}


sub answered {
    my ($name, @flying) = @_;

    my @got = map { finish($_)->{body} // '' } @flying;
    my $n = @flying;

    is(scalar(grep { $_ eq $whole } @got), $n, "$name: $n answers")
        or diag(@got);
}

run_tests();

__DATA__

=== TEST 1: a reload
--- http_config eval: $GwPart::KEEP
--- config eval: $main::config
--- cases
['requests of before are answered as before', sub {
    my ($name) = @_;

    my $word = unique();
    my @old = steady();
    my @flying = main::flying($name, $word, 20);
    my $file = 'conf/nginx.conf';
    my $conf = read_file($file);

    write_file($file, $conf =~ s/return 200 one/return 200 two/r);
    reload();
    wait_for(sub { @{[workers_now()]} > 2 });
    is(scalar @{[workers_now()]} > 2, 1, "$name: old workers wait");

    # new ones have the new configuration

    wait_for(sub {
        http(%{ ask(uri => '/t', a => { json => 1 }, b => { json => 2 },
                    c => { json => 3 }) })->{body} =~ /two/;
    });
    like(http(%{ ask(uri => '/t', a => { json => 1 }, b => { json => 2 },
                     c => { json => 3 }) })->{body}, qr/two/,
         "$name: the new configuration");

    release($word);
    main::answered($name, @flying);
    renewed($name, @old);
    write_file($file, $conf);
    reloaded($name);
}],
['reloads while requests come all the time', sub {
    my ($name) = @_;

    my %codes;

    for my $n (1 .. 4) {
        reload();

        for (1 .. 25) {
            my $res = http(%{ ask(uri => '/t', a => { json => 1 },
                                  b => { json => 2 }, c => { json => 3 }) });

            $codes{$res->{code} // '-'}++;
        }
    }

    is_deeply(\%codes, { 200 => 100 }, $name);
    steady();
}],
['old workers end when their clients leave', sub {
    my ($name) = @_;

    my $word = unique();
    my $since = since();
    my @old = steady();
    my @flying = main::flying($name, $word, 10);

    reload();
    wait_for(sub { @{[workers_now()]} > 2 });
    close $_->{conn}{socket} for @flying;
    renewed($name, @old);
    GwPart::saw($name, $since, 'gone', $_, 10) for qw(a c);
}],



=== TEST 2: a worker ends at once
--- http_config eval: $GwPart::KEEP
--- config eval: $main::config
--- cases
['services see it, others are served', sub {
    my ($name) = @_;

    my $word = unique();
    my $since = since();
    my @old = steady();
    my @flying = main::flying($name, $word, 10);

    kill TERM => @old;
    renewed($name, @old);
    GwPart::saw($name, $since, 'gone', $_, 10) for qw(a c);
    is(scalar(grep { finish($_)->{code} } @flying), 0, "$name: no answers");
    is(http(uri => '/nothing')->{code}, 204, "$name: new ones");
}],
['killed', sub {
    my ($name) = @_;

    my $word = unique();
    my $since = since();
    my @old = steady();
    my @flying = main::flying($name, $word, 10);

    kill KILL => @old;
    renewed($name, @old);
    GwPart::saw($name, $since, 'gone', $_, 10) for qw(a c);
    is(http(uri => '/nothing')->{code}, 204, "$name: new ones");
}],
--- log_allows: alert



=== TEST 3: nginx stops while they wait
--- http_config eval: $GwPart::KEEP
--- config eval: $main::config
--- cases
['left in flight', sub {
    my ($name) = @_;

    # the end of the block is that of nginx: it must not say a word

    main::flying($name, unique(), 10) for 1 .. 2;
}],
