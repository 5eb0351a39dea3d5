# The shape of the answer: where parts go, how they are put together, and what
# is left of each.

use GwTest;
use GwPart;


# Cases for one location each: what a, b and c say (JSON), and the answer.  The
# first case of each carries its lines.

our ($lines, %location) = ('');

sub shape {
    my ($text, @rows) = @_;

    my $uri = $location{$text} //= do {
        my $name = '/s' . keys %location;

        $lines .= "location = $name {\n    gw_aggregate on;\n$text\n}\n";
        $name;
    };

    return map {
        my ($what, $want, @say) = @$_;
        my $n = 0;

        my $partial = $want =~ s/^((?:, |\w+;reason=\w+)+) // ? $1 : '';

        [$what, ask(uri => $uri, map { ('a' .. 'd')[$n++] => { json => $_ } }
                                     @say), 200,
         $partial, body => $want]
    } @rows;
}

# lines of parts with these options
sub with {
    my $n = 0;

    return join '', map {
        my $name = ('a' .. 'd')[$n++];

        "    gw_part $name /_p/$name?\$http_x_$name $_;\n"
    } @_;
}

our @places = (
    shape(with(''), ['of its own name', '{"a":{"x": 1 }}', '{"x": 1 }']),
    shape(with('at=/x/y', 'at=/x/z'),
          ['objects on the way are made', '{"x":{"y":1,"z":2}}', 1, 2]),
    shape(with('at=/x', 'at=/x/z'),
          ['into what another has given', '{"x":{"y":1,"z":2}}', '{"y":1}', 2],
          ['what is there is replaced', '{"x":{"z":2}}', '{"z":1}', 2],
          ['no object is replaced by one', '{"x":{"z":2}}', '[1]', 2],
          ['white space within members stays', '{"x":{"y" : [ 1 ],"z":2}}',
           '{ "y" : [ 1 ] }', 2]),
    shape(with('at=/x', 'at=/x'),
          ['the later line wins', '{"x":2}', 1, 2]),
    shape(with('at=', 'at=/y'),
          ['the whole', '{"x":1,"y":2}', '{"x":1}', 2],
          ['the whole was no object', '{"y":2}', '7', 2]),
    shape(with('at='), ['any value is the whole', '[1]', '[1]'],
          ['a string is', '"x"', '"x"']),
    shape(with('at=/a~1b/m~0n/0/'),
          ['names with escapes', '{"a/b":{"m~n":{"0":{"":1}}}}', 1]),
    shape(with("'at=/a\"b/\xc3\xa4'"),
          ['names that JSON escapes', qq({"a\\"b":{"\xc3\xa4":1}}), 1]),
    shape(with('as=value at=/l', 'at=/l/0'),
          ['digits are a name', '{"l":{"0":2}}', '[1]', 2]),
);

our @merge = (
    shape(with('as=merge', 'as=merge'),
          ['members of both', '{"x":1,"y":2}', '{"x":1}', '{"y":2}'],
          ['the later one wins', '{"x":2,"z":3,"y":4}', '{"x":1,"z":3}',
           '{"x":2,"y":4}'],
          ['objects of the same name', '{"o":{"x":1,"y":3,"z":4},"p":5}',
           '{"o":{"x":1,"y":2}}', '{"o":{"y":3,"z":4},"p":5}'],
          ['much deeper', '{"a":{"b":{"c":{"d":1,"e":2}}}}',
           '{"a":{"b":{"c":{"d":1}}}}', '{"a":{"b":{"c":{"e":2}}}}'],
          ['arrays of the same name', '{"l":[1,2,3]}', '{"l":[1,2]}',
           '{"l":[3]}'],
          ['arrays that are empty', '{"l":[1],"m":[2],"n":[]}',
           '{"l":[],"m":[2],"n":[]}', '{"l":[1],"m":[],"n":[]}'],
          ['arrays deeper', '{"o":{"l":[1,[2]]}}', '{"o":{"l":[1]}}',
           '{"o":{"l":[[2]]}}'],
          ['an array and something else', '{"l":1,"m":[2]}',
           '{"l":[1],"m":1}', '{"l":1,"m":[2]}'],
          ['an object and something else', '{"l":1,"m":{"x":2}}',
           '{"l":{"x":1},"m":1}', '{"l":1,"m":{"x":2}}'],
          ['null wins too', '{"x":null}', '{"x":{"y":1}}', '{"x":null}'],
          ['empty objects', '{}', '{}', '{}'],
          ['an empty one is no change', '{"x":{"y":1}}', '{"x":{"y":1}}',
           '{"x":{}}'],
          ['the same name in other escapes', '{"x":2}', '{"x":1}',
           '{"\u0078":2}'],
          ['names that differ', '{"x":1,"X":2,"":3,"x ":4}', '{"x":1,"X":2}',
           '{"":3,"x ":4}'],
          ['members stay as they came', '{"n" : 1.50E+2,"\u00e4":"\/"}',
           '{ "n" : 1.50E+2 }', '{"\u00e4":"\/"}']),
    shape(with('as=merge', 'as=merge arrays=replace'),
          ['arrays are replaced', '{"l":[3],"o":{"m":[4]}}',
           '{"l":[1,2],"o":{"m":[1]}}', '{"l":[3],"o":{"m":[4]}}']),
    shape(with('as=merge at=/x/y', 'as=merge at=/x', 'as=merge at=/x/y/z'),
          ['at places', '{"x":{"y":{"b":1,"z":{"c":3}},"w":2}}', '{"b":1}',
           '{"w":2}', '{"c":3}']),
    shape(with('', 'as=merge at=/a', 'as=merge'),
          ['into a value', '{"a":{"x":{"p":1,"q":2},"y":3}}',
           '{"x":{"p":1}}', '{"x":{"q":2}}', '{"a":{"y":3}}'],
          ['into a value with a name twice: the last one',
           qr/^\{"a":\{.*"x":\{"p":3,"q":2\}/, '{"x":1,"x":{"p":3}}',
           '{"x":{"q":2}}', '{"a":{}}'],
          ['into no object', '{"a":{"x":1,"y":2}}', '[1]', '{"x":1}',
           '{"a":{"y":2}}']),
    shape(with('as=merge', 'as=merge', 'as=merge'),
          ['three', '{"l":[1,2,3],"o":{"a":1,"b":2,"c":3}}',
           '{"l":[1],"o":{"a":1}}', '{"l":[2],"o":{"b":2}}',
           '{"l":[3],"o":{"c":3}}'],
          ['replaced, and then merged into', '{"o":{"c":3}}',
           '{"o":{"a":1}}', '{"o":0}', '{"o":{"c":3}}']),
);

our @arrays = (
    shape(with('as=array at=/l', 'as=array at=/l', 'as=array at=/l'),
          ['one list', '{"l":[1,[2],{"x":3}]}', 1, '[2]', '{"x":3}']),
    shape(with('at=/l', 'as=array at=/l'),
          ['to a list that is there', '{"l":[1, 2,3]}', '[1, 2]', 3],
          ['to an empty one', '{"l":[3]}', '[ ]', 3],
          ['what is no list is replaced', '{"l":[3]}', '{"x":1}', 3]),
    shape(with('as=array at=', 'as=array at='),
          ['the whole', '[1,2]', 1, 2]),
    shape(with('as=array at=/x/y/l', 'as=merge'),
          ['and merged with another', '{"x":{"y":{"l":[1,2]}}}', 1,
           '{"x":{"y":{"l":[2]}}}']),
    shape(with('as=array at=/l optional', 'as=array at=/l optional default=0',
                'as=array at=/l'),
          ['what fails is not in it, but its default is',
           'a;reason=json, b;reason=json {"l":[0,3]}', 'x', 'x', 3]),
);

our @strings = (
    shape(with('as=string', ''),
          ['a text', '{"a":"x \"y\" \\\\ \n\t\u0001","b":2}',
           "x \"y\" \\ \n\t\x01", 2],
          ['JSON as a string', '{"a":"{\"x\":1}","b":2}', '{"x":1}', 2],
          ['UTF-8', "{\"a\":\"\xc3\xa4\xe2\x82\xac\",\"b\":2}",
           "\xc3\xa4\xe2\x82\xac", 2],
          ['nothing', '{"a":"","b":2}', '', 2],
          ['NUL', '{"a":"x\u0000y","b":2}', "x\0y", 2]),
);

our @chosen = (
    shape(with('select=/x'), ['a member', '{"a":{"y": 1}}',
                               '{"w":0, "x" : {"y": 1} }'],
          ['the last of that name', '{"a":2}', '{"x":1,"x":2}'],
          ['in other escapes', '{"a":2}', '{"\u0078":2}']),
    shape(with('select=/x/1/y'), ['deeper', '{"a":3}',
                                   '{"x":[0,{"y":3},2]}'],
          ['a name of digits', '{"a":4}', '{"x":{"1":{"y":4}}}']),
    shape(with('select=/a~1b~0c'), ['escapes', '{"a":1}', '{"a/b~c":1}']),
    shape(with('select=/x as=merge', 'as=merge'),
          ['merged', '{"y":1,"z":2}', '{"x":{"y":1}}', '{"z":2}']),
    shape(with('select=/x as=array at=/l'), ['a list', '{"l":[1]}',
                                              '{"x":1}']),
);

our @fields = (
    shape(with('') . 'gw_part_fields a keep x y.z;',
          ['kept', '{"a":{"x":1,"y":{"z":2}}}',
           '{"w":0,"x":1,"y":{"z":2,"v":3},"u":4}'],
          ['none is there', '{"a":{}}', '{"w":0}'],
          ['an object without a kept one is empty', '{"a":{"y":{}}}',
           '{"y":{"v":1}}'],
          ['no object', '{"a":1}', '1'],
          ['no object where one was thought of', '{"a":{}}', '{"y":1}']),
    shape(with('') . 'gw_part_fields a drop x y.z;',
          ['dropped', '{"a":{"w":0,"y":{"v":3},"u":4}}',
           '{"w":0,"x":1,"y":{"z":2,"v":3},"u":4}'],
          ['all of them', '{"a":{}}', '{"x":1}'],
          ['the first', '{"a":{"w":0}}', '{"x":1,"w":0}'],
          ['the last', '{"a":{"w":0}}', '{"w":0,"x":1}'],
          ['in other escapes', '{"a":{"w":0}}', '{"w":0,"\u0078":1}']),
    shape(with('') . 'gw_part_fields a keep items.*.id;'
                    . 'gw_part_fields a keep n;',
          ['of each item', '{"a":{"items":[{"id":1},{"id":2},{}],"n":3}}',
           '{"items":[{"id":1,"x":9},{"x":8,"id":2},{}],"n":3,"m":4}'],
          ['no items', '{"a":{"items":[],"n":3}}', '{"items":[],"n":3}']),
    shape(with('') . 'gw_part_fields a drop *.secret;',
          ['of items of the whole', '{"a":[{"x":1},{},3]}',
           '[{"x":1,"secret":2},{"secret":3},3]']),
    shape(with('') . 'gw_part_fields a keep x;gw_part_fields a drop x.y;',
          ['kept, and some of it dropped', '{"a":{"x":{"z":2}}}',
           '{"x":{"y":1,"z":2},"w":3}']),
    shape(with('') . 'gw_part_fields a keep "/a.b/c~1d" "/*";',
          ['pointers', qr/^\{"a":/, '{"a.b":{"c/d":1,"e":2},"*":3,"f":4}']),
    shape(with('select=/x') . 'gw_part_fields a keep y;',
          ['of what is selected', '{"a":{"y":1}}', '{"x":{"y":1,"z":2},"y":3}']),
    shape(with('as=merge', 'as=merge') . 'gw_part_fields a drop x;'
          . 'gw_part_rename a y z;',
          ['and merged', '{"z":2,"w":3}', '{"x":1,"y":2}', '{"w":3}'],
          ['the new name is what is merged', '{"z":[2,3]}', '{"y":[2]}',
           '{"z":[3]}']),
    shape(with('') . 'gw_part_rename a x y; gw_part_rename a o.p.q r;'
                    . 'gw_part_rename a l.*.id key;',
          ['renamed', '{"a":{"y":1,"o":{"p":{"r":2}},"l":[{"key":3},{"key":4}]}}',
           '{"x":1,"o":{"p":{"q":2}},"l":[{"id":3},{"id":4}]}'],
          ['white space stays', '{"a":{ "y" :1}}', '{ "x" :1}']),
    shape(with('') . 'gw_part_rename a x "a\\"b\\\\";',
          ['to a name that JSON escapes', '{"a":{"a\"b\\\\":1}}', '{"x":1}']),
    shape(with('') . 'gw_part_fields a keep old; gw_part_rename a old new;',
          ['kept by the name that it came with', '{"a":{"new":1}}',
           '{"old":1,"new":2}']),
    shape(with('') . 'gw_part_fields a drop x; gw_part_rename a x y;',
          ['dropped and renamed', '{"a":{}}', '{"x":1}']),
    shape(with('at=/user', 'at=/user/orders select=/items')
          . 'gw_part_fields a keep name mail address.city;'
          . 'gw_part_rename a address.city town;'
          . 'gw_part_fields b drop *.internal;',
          ['all together',
           '{"user":{"name":"Ada","address":{"town":"Turin"},"orders":[{"n":1}]}}',
           '{"id":7,"name":"Ada","address":{"city":"Turin","zip":1}}',
           '{"items":[{"n":1,"internal":2}],"more":3}']),
);

our $config = $GwPart::PARTS . $lines;

run_tests();

__DATA__

=== TEST 1: places, merging, lists
--- config eval: $main::config
--- cases
@main::places, @main::merge, @main::arrays



=== TEST 2: strings, what is selected, fields
--- config eval: $main::config
--- cases
@main::strings, @main::chosen, @main::fields



=== TEST 3: the order of the answer is that of the lines
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a as=merge;
    gw_part b /_p/b?$http_x_b as=merge;
    gw_part c /_p/c?$http_x_c as=merge after=d;
    gw_part d /_p/d?$http_x_d as=merge;
}
_EOC_
--- cases
['whoever answers first', sub {
    my ($name) = @_;

    for my $late ('a' .. 'd') {
        my $res = http(%{ ask(map { $_ => { json => "{\"x\":\"$_\",\"l\":[\"$_\"],\"$_\":1}",
                                            delay => $_ eq $late ? 0.1 : 0 } }
                                  'a' .. 'd') });

        is($res->{body}, '{"x":"d","l":["a","b","c","d"],"a":1,"b":1,"c":1,"d":1}',
           "$name: $late is late");
    }
}],



=== TEST 4: large ones
--- config eval
$GwPart::PARTS . <<'_EOC_'
gw_aggregate_max_part_size 10m;
gw_aggregate_max_size 50m;

location = /values {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_u/b?$http_x_b;
    gw_part c /_p/c?$http_x_c as=string;
}

location = /merge {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a as=merge;
    gw_part b /_u/b?$http_x_b as=merge;
    gw_part c /_p/c?$http_x_c at=/c/d;
}
_EOC_
--- cases
['values of megabytes', sub {
    my ($name) = @_;

    my $res = http(%{ ask(uri => '/values', wait => 30,
                          a => { large => 3000000 },
                          b => { large => 2000000, chunked => 1 },
                          c => { large => 1000000, gzip => 'whole' }) });

    ok($res->{body} eq '{"a":' . large(3000000) . ',"b":' . large(2000000)
       . ',"c":' . json(large(1000000)) . '}', $name);
}],
['merged', sub {
    my ($name) = @_;

    my $res = http(%{ ask(uri => '/merge', wait => 30,
                          a => { large => 3000000 },
                          b => { large => 2000000 },
                          c => { large => 1000000 }) });

    ok($res->{body} eq '{"n":"' . 'x' x (2000000 - 8) . '","c":{"d":'
       . large(1000000) . '}}', $name);
}],
