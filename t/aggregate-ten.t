# Ten parts over TCP, of which one is slow, one fails, one is truncated within
# its body and one is of 30 MB: the others are unharmed, and the worker needs
# no more memory than the answer.  Ten of which nine fail when they are merged.

use GwTest;
use GwMaster;
use GwPart;

master_on();
workers(1);

our @names = map { "p$_" } 0 .. 9;
our $mb30 = 30 * 1048576;

# what the troublesome ones say, and what becomes of them

our %bad = (
    p1 => [{ never => 1 }, 'timeout'],
    p3 => [{ status => 503, json => '{"error":1}' }, 'status'],
    p5 => [{ large => 50000, close => 20000 }, 'truncated'],
    p7 => [{ large => $mb30 }, 'size'],
);

our $ways = <<'_EOC_';
proxy_read_timeout 60s;

location ^~ /_s/ {
    internal;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_pass http://$TEST_NGINX_PART_TCP;
}
_EOC_

sub lines_of {
    my ($options) = @_;

    return join '', map {
        "gw_part $_ /_s/$_?\$http_x_$_ $options;\n"
    } @names;
}

our $config = $ways . <<"_EOC_";
location = /optional {
    gw_aggregate on;
    gw_aggregate_errors /errors;
@{[lines_of('optional timeout=1500ms')]}
}

location = /required {
    gw_aggregate on;
    gw_aggregate_timeout 60s;
@{[lines_of('')]}
}

location = /raised {
    gw_aggregate on;
    gw_aggregate_max_part_size 40m;
    gw_aggregate_max_size 80m;
@{[lines_of('optional timeout=20s')]}
}
_EOC_

sub says {
    my (%but) = @_;

    return map { $_ => $but{$_} // { json => "[\"$_\"]" } } @names;
}


# the most memory since this was last called, in KB

sub peak {
    my ($pid) = workers_now();
    my ($kb) = read_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+)/m;

    open my $out, '>', "/proc/$pid/clear_refs" or return undef;
    print $out "5\n";
    close $out;

    return $kb;
}

our $asan = $ENV{TEST_GW_SANITIZER_LOG};

run_tests();

__DATA__

=== TEST 1: four of ten fail, and are optional
--- config eval: $main::config
--- cases
(map { my $kept = $_; ["the others are unharmed, $_", sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/optional', conn => 'c', main::says(
                          map { $_ => $main::bad{$_}[0] } keys %main::bad)) });

    is($res->{code}, 200, "$name: code");
    is($res->{header}{'x-gw-partial'},
       join(', ', map { "$_;reason=$main::bad{$_}[1]" } sort keys %main::bad),
       "$name: X-GW-Partial");
    is($res->{header}{'cache-control'}, 'no-store', "$name: Cache-Control");
    is($res->{body},
       '{' . join(',', (map { "\"$_\":[\"$_\"]" }
                            grep { !$main::bad{$_} } @main::names),
                  '"errors":{' . join(',', map {
                      my $reason = $main::bad{$_}[1];

                      "\"$_\":{\"reason\":\"$reason\""
                          . ($reason eq 'status' ? ',"status":503' : '') . '}'
                  } sort keys %main::bad) . '}') . '}', "$name: body");
    GwPart::saw($name, $since, 'came', $_, 1) for @main::names;
    GwPart::saw($name, $since, 'gone', $_, 1) for qw(p1 p7);
}] } 1 .. 3)



=== TEST 2: one of ten fails, and is required
--- config eval: $main::config
--- cases
(map {
    my ($part, $reason) = ($_, $main::bad{$_}[1]);

    ["$part fails, the others wait: $reason", sub {
        my ($name) = @_;

        my $since = since();
        my $began = now();
        my $res = http(%{ ask(uri => '/required', main::says(
            (map { $_ => { never => 1 } } @main::names),
            $part => $main::bad{$part}[0])) });

        is($res->{code}, 502, "$name: code");
        is($res->{header}{'x-error'}, "502 $part $reason", "$name: error");
        cmp_ok(now() - $began, '<', 5, "$name: at once");
        GwPart::saw($name, $since, 'gone', $_, 1)
            for grep { $_ ne $part } @main::names;
    }]
} qw(p3 p5 p7)),
['all are there', ask(uri => '/required', main::says()), 200, '',
 body => '{' . join(',', map { "\"$_\":[\"$_\"]" } @main::names) . '}'],



=== TEST 3: 30 MB are admitted
--- config eval: $main::config
--- cases
(map {
    my ($what, $most, @more) = @$_;

    ["three fail, $what", sub {
        my ($name) = @_;

        http(uri => '/raised');
        main::peak();

        my $before = main::peak();
        my $want = '{' . join(',', map {
            $_ eq 'p7' ? "\"p7\":" . large($main::mb30) : "\"$_\":[\"$_\"]"
        } grep { $_ eq 'p7' || !$main::bad{$_} } @main::names) . '}';

        my $res = http(%{ ask(uri => '/raised', wait => 30, main::says(
                              (map { $_ => $main::bad{$_}[0] } qw(p3 p5)),
                              p1 => { status => 500 },
                              p7 => { large => $main::mb30, @more })) });

        is($res->{code}, 200, "$name: code");
        is($res->{header}{'x-gw-partial'},
           'p1;reason=status, p3;reason=status, p5;reason=truncated',
           "$name: X-GW-Partial");
        is($res->{header}{'content-length'}, length $want, "$name: length");
        ok($res->{body} eq $want, "$name: body");

        my $used = 1024 * (main::peak() - $before) / length $want;

        diag("$name: $used of the answer") if $ENV{TEST_GW_VERBOSE};
        cmp_ok($used, '<', $most, "$name: memory") unless $main::asan;
    }]
} ['its length is known', 1.3], ['in chunks', 2.5, chunked => 1],
  ['gzip', 2.5, gzip => 'whole']),
['a client that does not read it all', sub {
    my ($name) = @_;

    my $began = start(%{ ask(uri => '/raised', wait => 30, main::says(
                             p7 => { large => $main::mb30 })) });

    GwTest::more($began->{conn}, now() + 20);
    close $began->{conn}{socket};
    is(http(%{ ask(uri => '/raised', main::says()) })->{code}, 200, $name);
}],



=== TEST 4: nine of ten have a name twice, found one after the other
--- config eval
<<'_EOC_' . main::lines_of('as=merge optional') . '}' . $main::ways
location = /merged {
    gw_aggregate on;
_EOC_
--- cases
['nothing is left of what was begun', sub {
    my ($name) = @_;

    my @say = map {
        my ($part, $last) = ($_, $_ eq 'p0' ? '' : ',"twice":0,"twice":1');
        my $file = "$GwPart::DIR/$part.json";

        open my $out, '>', $file or die "$file: $!";
        print $out '{' . join(',', map { "\"$part$_\":0" } 0 .. 69999)
                   . "$last}";
        close $out or die "$file: $!";

        $part => { file => $file }
    } @main::names;

    # the first part alone, as the answer is
    my $want = GwTest::read_file("$GwPart::DIR/p0.json");

    http(uri => '/merged');
    main::peak();

    my $before = main::peak();
    my $res = http(%{ ask(uri => '/merged', wait => 30, @say) });

    is($res->{code}, 200, "$name: code");
    is($res->{header}{'x-gw-partial'},
       join(', ', map { "p$_;reason=duplicate" } 1 .. 9),
       "$name: X-GW-Partial");
    ok($res->{body} eq $want, "$name: body");

    my $used = (main::peak() - $before) / 1024;

    diag("$name: $used MB") if $ENV{TEST_GW_VERBOSE};
    cmp_ok($used, '<', 45, "$name: memory") unless $main::asan;
}],
