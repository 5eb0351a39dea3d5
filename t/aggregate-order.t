# Which part is asked when: dependencies, what is skipped or fails with what,
# and how many are asked at a time.

use GwTest;
use GwPart;


# What is asked at first, and after each release of a part: a list of names, in
# any order, for each step of "part => [names]".

sub course {
    my ($name, $uri, $first, @steps) = @_;

    my $since = since();
    my %word = map { $_ => unique() } 'a' .. 'z';
    my $began = start(%{ ask(uri => $uri, map { $_ => { json => "\"$_\"",
                                                        hold => $word{$_} } }
                                              'a' .. 'z') });
    my %came;

    my $looks = sub {
        my ($what, @names) = @_;

        $came{$_} = 1 for @names;
        GwPart::saw("$name: $what", $since, 'came', $_, 1) for @names;
        is(join(' ', grep { seen($since, 'came', $_) } 'a' .. 'z'),
           join(' ', sort keys %came), "$name: $what: no others");
    };

    $looks->('at first', @$first);

    while (@steps) {
        my ($part, $names) = splice @steps, 0, 2;

        release($word{$part});
        GwPart::saw("$name: after $part", $since, 'answered', $part, 1);
        $looks->("after $part", @$names);
    }

    return finish($began);
}


# Reasons of all parts, from the trace.

sub reasons {
    my ($trace) = @_;

    return join ' ', map { /^(\w+);.*reason=(\w+)/; "$1=$2" } split /, /,
                                                                    $trace;
}

sub trace_is {
    my ($want) = @_;

    return then => sub {
        my ($res, $name) = @_;

        is(reasons($res->{header}{'x-trace'} // ''), $want, "$name: trace");
    };
}

run_tests();

__DATA__

=== TEST 1: after=, and what is used
--- config eval
$GwPart::PARTS . <<'_EOC_'
large_client_header_buffers 8 32k;

location = /free {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
    gw_part c /_p/c?$http_x_c;
}

location = /chain {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a after=b;
    gw_part b /_p/b?$http_x_b after=c;
    gw_part c /_p/c?$http_x_c;
}

location = /diamond {
    gw_aggregate on;
    gw_part d /_p/d?$http_x_d after=b,c;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b after=a;
    gw_part c /_p/c?$http_x_c after=a;
    gw_part e /_p/e?$http_x_e;
}

location = /used {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b&in=$gw_part_a;
    gw_part c /_p/c?$http_x_c;
    gw_part_header c X-V $gw_part_b;
    gw_part d /_p/d?$http_x_d;
    gw_part_body d '[$gw_part_c]';
    gw_part e /_p/e?$http_x_e if=$gw_part_d;
    gw_part f /_p/f?$http_x_f&in=$set;
    gw_part_set $set e "";
    gw_part g /_p/g?$http_x_g body=$gw_part_f;
}

location = /one-at-a-time {
    gw_aggregate on;
    gw_aggregate_concurrency 1;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
    gw_part c /_p/c?$http_x_c after=b;
    gw_part d /_p/d?$http_x_d;
}

location = /two-at-a-time {
    gw_aggregate on;
    gw_aggregate_concurrency 2;
    gw_part d /_p/d?$http_x_d after=a;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
    gw_part c /_p/c?$http_x_c;
    gw_part e /_p/e?$http_x_e;
}

location = /by-default {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
    gw_part c /_p/c?$http_x_c;
    gw_part d /_p/d?$http_x_d;
    gw_part e /_p/e?$http_x_e;
    gw_part f /_p/f?$http_x_f;
    gw_part g /_p/g?$http_x_g;
    gw_part h /_p/h?$http_x_h;
    gw_part i /_p/i?$http_x_i;
    gw_part j /_p/j?$http_x_j;
    gw_part k /_p/k?$http_x_k;
    gw_part l /_p/l?$http_x_l;
    gw_part m /_p/m?$http_x_m;
    gw_part n /_p/n?$http_x_n;
    gw_part o /_p/o?$http_x_o;
    gw_part p /_p/p?$http_x_p;
    gw_part q /_p/q?$http_x_q;
    gw_part r /_p/r?$http_x_r;
}
_EOC_
--- cases
['none waits', sub {
    my $res = main::course($_[0], '/free', ['a' .. 'c'], c => [], a => [],
                           b => []);

    is($res->{body}, '{"a":"a","b":"b","c":"c"}', "$_[0]: answer");
}],
['a chain', sub {
    my $res = main::course($_[0], '/chain', ['c'], c => ['b'], b => ['a'],
                           a => []);

    is($res->{body}, '{"a":"a","b":"b","c":"c"}', "$_[0]: answer");
}],
['a diamond', sub {
    my $res = main::course($_[0], '/diamond', ['a', 'e'], a => ['b', 'c'],
                           c => [], b => ['d'], d => [], e => []);

    is($res->{body}, '{"d":"d","a":"a","b":"b","c":"c","e":"e"}',
       "$_[0]: answer");
}],
['what is used', sub {
    my $res = main::course($_[0], '/used', ['a'], a => ['b'], b => ['c'],
                           c => ['d'], d => ['e'], e => ['f'], f => ['g'],
                           g => []);

    is($res->{code}, 200, "$_[0]: answer");
}],
['one at a time', sub {
    main::course($_[0], '/one-at-a-time', ['a'], a => ['b'], b => ['c'],
                 c => ['d'], d => []);
}],
['two at a time', sub {
    main::course($_[0], '/two-at-a-time', ['a', 'b'], b => ['c'], a => ['d'],
                 d => ['e'], c => [], e => []);
}],
['sixteen at a time', sub {
    my $res = main::course($_[0], '/by-default', ['a' .. 'p'], h => ['q'],
                           q => ['r'], map { $_ => [] } 'a' .. 'g', 'i' .. 'p',
                                                        'r');

    is($res->{code}, 200, "$_[0]: answer");
}],



=== TEST 2: what is not there
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /after {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
    gw_part b /_p/b?$http_x_b after=a;
}

location = /uses {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional default=7;
    gw_part b /_p/b?$http_x_b&in=$gw_part_a optional default=8;
    gw_part c /_p/c?$http_x_c&in=$gw_part_b optional;
    gw_part d /_p/d?$http_x_d after=c;
}

location = /status {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
    gw_part b /_p/b?$http_x_b&s=$gw_part_a_status after=a;
}

location = /if {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a if=$http_x_if;
    gw_part b /_p/b?$http_x_b&in=$gw_part_a;
    gw_part c /_p/c?$http_x_c&in=$gw_part_b default=[];
    gw_part d /_p/d?$http_x_d after=a;
}

location = /if-of-another {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part_set $more a /more;
    gw_part b /_p/b?$http_x_b if=$more;
    gw_part c /_p/c?$http_x_c if=x$more;
    gw_part d /_p/d?$http_x_d if=$gw_part_a;
}

location = /if-required {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a if=$http_x_if;
}

location = /all-skipped {
    gw_aggregate on;
    gw_part a /_p/a if=$arg_no;
    gw_part b /_p/b if=0 default=1;
}

location = /selected {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional select=/x;
    gw_part_set $y a /y;
    gw_part b /_p/b?$http_x_b&in=$y optional;
}

location = /both {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
    gw_part b /_p/b?$http_x_b if=$http_x_if;
    gw_part c /_p/c?$http_x_c&in=$gw_part_a$gw_part_b optional;
}

location = /first {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
}

location = /uri-first {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/$arg_up/b;
}
_EOC_
--- cases
['after one that failed', ask(uri => '/after', a => { status => 500 },
                              b => { json => 1 }), 200, 'a;reason=status',
 body => '{"b":1}'],
['after one that succeeded', ask(uri => '/after', a => { json => 0 },
                                 b => { json => 1 }), 200, '',
 body => '{"a":0,"b":1}'],
['one that failed is used: a chain of failures',
 ask(uri => '/uses', a => { json => 'x' }, d => { json => 4 }), 200,
 'a;reason=json, b;reason=dependency, c;reason=dependency',
 body => '{"a":7,"b":8,"d":4}',
 main::trace_is('a=json b=dependency c=dependency d=ok')],
['nothing is asked of them', sub {
    my ($name) = @_;

    my $since = since();

    http(%{ ask(uri => '/uses', a => { json => 'x' }, d => { json => 4 }) });
    is(seen($since, 'came', $_), 0, "$name: $_") for qw(b c);
}],
['the status of one that failed', ask(uri => '/status', a => { status => 418 }),
 200, 'a;reason=status', tells(b => uri => '/_p/b?&s=418')],
['the status of one without an answer',
 ask(uri => '/status', a => { close => 'header' }), 200, 'a;reason=connect',
 tells(b => uri => '/_p/b?&s=')],
(map {
    ["if=$_", ask(uri => '/if', headers => ["X-If: $_"],
                  map { $_ => { json => "\"$_\"" } } 'a' .. 'd'), 200, '',
     body => '{"a":"a","b":"b","c":"c","d":"d"}',
     main::trace_is('a=ok b=ok c=ok d=ok')]
} '1', '00', 'no', '-0', '0.0', 'false'),
(map {
    ["if=$_", ask(uri => '/if', headers => ["X-If: $_"],
                  map { $_ => { json => "\"$_\"" } } 'a' .. 'd'), 200, '',
     body => '{"c":[],"d":"d"}', 'X-GW-Partial' => undef,
     then => sub {
         my ($res, $name) = @_;

         like(main::reasons($res->{header}{'x-trace'}),
              qr/^a=skipped b=\w+ c=\w+ d=ok$/, "$name: trace");
     }]
} '0', ''),
['if= of what another has picked',
 ask(uri => '/if-of-another', a => { json => '{"more":true}' },
     map { $_ => { json => 1 } } 'b' .. 'd'), 200, '',
 body => '{"a":{"more":true},"b":1,"c":1,"d":1}'],
['if= of what another has not',
 ask(uri => '/if-of-another', a => { json => '{}' },
     map { $_ => { json => 1 } } 'b' .. 'd'), 200, '',
 body => '{"a":{},"c":1,"d":1}'],
['if= of a 0', ask(uri => '/if-of-another', a => { json => '{"more":0}' },
                   map { $_ => { json => 1 } } 'b' .. 'd'), 200, '',
 body => '{"a":{"more":0},"c":1,"d":1}'],
['a required part is skipped', ask(uri => '/if-required'), 200, '',
 body => '{}'],
['all are skipped', '/all-skipped', 200, '', body => '{"b":1}'],
['what was selected is not there, so what was picked is not either',
 ask(uri => '/selected', a => { json => '{"y":1}' }), 200,
 'a;reason=json, b;reason=dependency', body => '{}'],
['what was picked does not need to be selected',
 ask(uri => '/selected', a => { json => '{"y":1,"x":2}' },
     b => { json => 3 }), 200, '', body => '{"a":2,"b":3}'],
['one failed and one was skipped: a failure',
 ask(uri => '/both', a => { json => 'x' }), 200,
 'a;reason=json, c;reason=dependency', body => '{}'],
['one was skipped', ask(uri => '/both', a => { json => 1 }), 200, '',
 body => '{"a":1}'],
fails('the first that fails decides: not the first line',
      ask(uri => '/first', a => { json => 'x', delay => 0.3 },
          b => { json => 'x' }), 502, 'b', 'json'),
fails('the first that fails decides: the first line',
      ask(uri => '/first', a => { json => 'x' },
          b => { json => 'x', delay => 0.3 }), 502, 'a', 'json'),
fails('one that is not sent',
      ask(uri => '/uri-first?up=..', a => { never => 1 }), 502, 'b', 'uri'),



=== TEST 3: at the same time
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
    gw_part c /_p/c?$http_x_c;
    gw_part d /_p/d?$http_x_d;
}
_EOC_
--- cases
['four that take a while', sub {
    my ($name) = @_;

    my $began = now();
    my $res = http(%{ ask(map { $_ => { json => 1, delay => 1 } }
                              'a' .. 'd') });
    my $took = now() - $began;

    is($res->{code}, 200, "$name: code");
    cmp_ok($took, '>', 0.9, "$name: not before");

    # one after the other they would take four seconds
    cmp_ok($took, '<', 3.5, "$name: not one after the other");
}],
