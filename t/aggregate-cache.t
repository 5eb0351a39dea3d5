# Answers of services from a cache, from temporary files, and as they come:
# the same in the end.

use GwTest;
use GwPart;

our $caches = <<'_EOC_';
proxy_cache_path parts_cache keys_zone=parts:1m use_temp_path=off;
_EOC_

our $config = $GwPart::PARTS . <<'_EOC_';
gw_aggregate_max_part_size 8m;
gw_aggregate_max_size 32m;

location ^~ /_cached/ {
    internal;
    proxy_cache parts;
    proxy_cache_key $uri$is_args$args;
    proxy_cache_valid 200 10m;
    proxy_cache_valid 404 10m;
    proxy_cache_lock on;
    proxy_cache_lock_age 30s;
    proxy_cache_lock_timeout 30s;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_spilled/ {
    internal;
    proxy_buffer_size 1k;
    proxy_buffers 2 1k;
    proxy_busy_buffers_size 1k;
    proxy_max_temp_file_size 64k;
    proxy_temp_file_write_size 8k;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_cached-small/ {
    internal;
    proxy_buffer_size 1k;
    proxy_buffers 2 1k;
    proxy_busy_buffers_size 1k;
    proxy_cache parts;
    proxy_cache_key $uri$is_args$args;
    proxy_cache_valid 200 10m;
    output_buffers 1 1k;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_sendfile/ {
    internal;
    sendfile on;
    proxy_cache parts;
    proxy_cache_key $uri$is_args$args;
    proxy_cache_valid 200 10m;
    proxy_pass http://$TEST_NGINX_PART;
}

location = /t {
    gw_aggregate on;
    gw_part a $http_x_to/a?$http_x_a;
    gw_part b /_p/b?$http_x_b optional;
    gw_part c $http_x_to/c?$http_x_c optional timeout=20s;
}

location = /merge {
    gw_aggregate on;
    gw_part a $http_x_to/a?$http_x_a as=merge;
    gw_part b /_p/b?$http_x_b as=merge;
}
_EOC_


# The same answer of every kind of location.

sub same {
    my ($name, $want, %say) = @_;

    for my $to ('/_p', '/_u', '/_cached', '/_cached', '/_spilled',
                '/_cached-small', '/_cached-small', '/_sendfile',
                '/_sendfile')
    {
        my $res = http(%{ ask(%say, wait => 30, headers => ["X-To: $to"]) });

        ok(($res->{body} // '') eq $want, "$name: $to")
            or diag($res->{code}, ' ', substr $res->{body}, 0, 500);
    }
}

run_tests();

__DATA__

=== TEST 1: the same result
--- http_config eval: $main::caches
--- config eval: $main::config
--- cases
['small', sub {
    main::same($_[0], '{"a":{"x":1},"b":2,"c":"3"}', a => { json => '{"x":1}' },
               b => { json => 2 }, c => { json => '"3"' });
}],
['large', sub {
    main::same($_[0], '{"a":' . large(300000) . ',"b":2,"c":' . large(90001)
                      . '}',
               a => { large => 300000 }, b => { json => 2 },
               c => { large => 90001 });
}],
['megabytes', sub {
    main::same($_[0], '{"a":' . large(4000000) . ',"b":2,"c":3}',
               a => { large => 4000000 }, b => { json => 2 },
               c => { json => 3 });
}],
['chunked', sub {
    main::same($_[0], '{"a":' . large(50000) . ',"b":2,"c":3}',
               a => { large => 50000, chunked => 1, pieces => 5000, gap => 0 },
               b => { json => 2 }, c => { json => 3 });
}],
['gzip', sub {
    main::same($_[0], '{"a":' . large(200000) . ',"b":2,"c":3}',
               a => { large => 200000, gzip => 'whole' }, b => { json => 2 },
               c => { json => 3 });
}],
['merged', sub {
    main::same($_[0], '{"n":1,"m":2}', uri => '/merge',
               a => { large => 60000 }, b => { json => '{"n":1,"m":2}' });
}],
['a failure', sub {
    main::same($_[0], '{"a":1,"b":2}', a => { json => 1 }, b => { json => 2 },
               c => { json => '[1', });
}],
['a failure at the end of much', sub {
    main::same($_[0], '{"a":1,"b":2}', a => { json => 1 }, b => { json => 2 },
               c => { large => 100000, close => 99999 });
}],



=== TEST 2: what is in the cache
--- http_config eval: $main::caches
--- config eval: $main::config
--- cases
['a hit asks nobody', sub {
    my ($name) = @_;

    my $since = since();
    my %say = (a => { json => 1, head => ["X-Unique: @{[unique()]}",
                                          'Cache-Control: max-age=600'] },
               b => { json => 2, head => ['Cache-Control: max-age=500'] },
               c => { json => 3, head => ['Cache-Control: max-age=900'] });

    for my $n (1 .. 3) {
        my $res = http(%{ ask(%say, headers => ['X-To: /_cached']) });

        is($res->{body}, '{"a":1,"b":2,"c":3}', "$name: $n");
        is($res->{header}{'cache-control'}, 'max-age=500',
           "$name: $n: Cache-Control");
    }

    is(seen($since, 'came', 'a'), 1, "$name: a");
    is(seen($since, 'came', 'b'), 3, "$name: b");
}],
['gzip in the cache', sub {
    my ($name) = @_;

    my $since = since();

    for my $n (1 .. 3) {
        my $res = http(%{ ask(a => { json => '[1]', gzip => 'whole',
                                     head => ['X-Gzip: ' . $$] },
                              b => { json => 2 }, c => { json => 3 },
                              headers => ['X-To: /_cached']) });

        is($res->{body}, '{"a":[1],"b":2,"c":3}', "$name: $n");
    }

    cmp_ok(seen($since, 'came', 'a'), '<=', 1, "$name: asked once");
}],
['HEAD fills it as GET does', sub {
    my ($name) = @_;

    my %say = (a => { json => '"' . unique() . '"' }, b => { json => 2 },
               c => { json => 3 });
    my $since = since();
    my $head = http(%{ ask(%say, method => 'HEAD',
                           headers => ['X-To: /_cached']) });
    my $get = http(%{ ask(%say, headers => ['X-To: /_cached']) });

    is(length $get->{body}, $head->{header}{'content-length'}, "$name: length");
    is(seen($since, 'came', 'a'), 1, "$name: asked once");
}],
['a status in the cache', sub {
    my ($name) = @_;

    my %say = (a => { json => 1 }, b => { json => 2 },
               c => { status => 404, json => '"' . unique() . '"' });
    my $since = since();

    for my $n (1 .. 3) {
        my $res = http(%{ ask(%say, headers => ['X-To: /_cached']) });

        is($res->{body}, '{"a":1,"b":2}', "$name: $n");
        is($res->{header}{'x-gw-partial'}, 'c;reason=status', "$name: $n");
    }

    is(seen($since, 'came', 'c'), 1, "$name: asked once");
}],
['two parts that ask for the same, and wait for each other', sub {
    my ($name) = @_;

    my $since = since();
    my $word = unique();
    my %say = (a => { json => 1, hold => $word }, b => { json => 2 },
               c => { json => 3 });
    my @began = map { start(%{ ask(%say, headers => ['X-To: /_cached']) }) }
                    1 .. 4;

    GwPart::saw($name, $since, 'came', 'b', 4);
    release($word);

    is(finish($_)->{body}, '{"a":1,"b":2,"c":3}', $name) for @began;
    is(seen($since, 'came', 'a'), 1, "$name: asked once");
}],
['one that waits for another is cancelled', sub {
    my ($name) = @_;

    my $since = since();
    my ($word, $fail) = (unique(), unique());
    my %say = (c => { json => 3, hold => $word });
    my $first = start(%{ ask(%say, a => { json => 1, tag => unique() },
                             b => { json => 2 },
                             headers => ['X-To: /_cached']) });

    GwPart::saw($name, $since, 'came', 'c', 1);

    my $began = start(%{ ask(%say, conn => 'waits',
                             a => { status => 500, hold => $fail },
                             b => { json => 2 },
                             headers => ['X-To: /_cached']) });

    GwPart::saw($name, $since, 'came', 'a', 2);
    release($fail);
    is(finish($began)->{code}, 502, "$name: code");

    # the same connection, at once
    my $next = http(%{ ask(conn => 'waits', a => { json => 1 },
                           b => { json => 2 }, c => { json => 4 },
                           headers => ['X-To: /_p']) });

    is($next->{body}, '{"a":1,"b":2,"c":4}', "$name: next");

    release($word);
    is(finish($first)->{body}, '{"a":1,"b":2,"c":3}', "$name: the first");
}],
['the client of one that waits leaves', sub {
    my ($name) = @_;

    my $since = since();
    my $word = unique();
    my %say = (a => { json => 1, hold => $word }, b => { json => 2 },
               c => { json => 3 });
    my ($first, $second) = map {
        start(%{ ask(%say, headers => ['X-To: /_cached']) })
    } 1, 2;

    GwPart::saw($name, $since, 'came', 'b', 2);
    close $second->{conn}{socket};
    Time::HiRes::sleep(0.1);
    release($word);
    is(finish($first)->{body}, '{"a":1,"b":2,"c":3}', "$name: the first");
    is(http(%{ ask(%say, headers => ['X-To: /_cached']) })->{body},
       '{"a":1,"b":2,"c":3}', "$name: one more");
}],
['the one that fills it is cancelled', sub {
    my ($name) = @_;

    my $since = since();
    my $word = unique();
    my %say = (c => { large => 50000, hold => $word });
    my $first = start(%{ ask(%say, b => { json => 2 },
                             a => { json => 'x', delay => 0.3,
                                    tag => unique() },
                             headers => ['X-To: /_cached']) });

    GwPart::saw($name, $since, 'came', 'c', 1);
    is(finish($first)->{code}, 502, "$name: code");
    release($word);

    my $next = http(%{ ask(%say, a => { json => 1 }, b => { json => 2 },
                           headers => ['X-To: /_cached'], wait => 30) });

    ok($next->{body} eq '{"a":1,"b":2,"c":' . large(50000) . '}',
       "$name: next");
}],
