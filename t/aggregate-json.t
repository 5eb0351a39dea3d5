# A part is accepted exactly when RFC 8259 accepts it: cases end to end, each
# at once, byte by byte, and cut at a place that is hard.  The whole list is
# that of the unit tests.

use GwTest;
use GwPart;

our @good = (
    # structure
    '{}', '[]', '[[]]', '{"":{}}', '[ ]', '{ }', " [ 1 , 2 ] ", "\t[\n]\r",
    '{"a":1,"a":1}', '{"a":{"a":{"a":[]}}}', '[null,true,false,"",0,{},[]]',
    '[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]', '{"a":[],"b":{},"c":""}',
    # values at the root
    'null', 'true', 'false', '""', '"x"', '0', '-0', '1', '-1', ' 1 ',
    # numbers
    '0.0', '-0.0', '1.5', '10', '123456789012345678901234567890', '0e0',
    '1E400', '1e-400', '1e+1', '0.1e1', '[-1e-1]', '[1.0E+2]', '1.000000000',
    # strings
    '"\u0000"', '"\"\\\\\/\b\f\n\r\t"', '"\u0041\u00e4\u20ac"', '"\uD834\uDD1E"',
    '"\ud834"', '"\udd1e\ud834"', '"\uFFFF\uFFFE"', '"\u00E4\uabCD"',
    "\"\x7f\"", '"/"', '"{}[]:,"', '"//"', '"/**/"', '" "', '"a\\\\"',
    '"\\\\\\\\"', '"\\\\\""',
    # UTF-8 of all lengths, at their bounds
    "\"\xc2\x80\xdf\xbf\"", "\"\xe0\xa0\x80\xef\xbf\xbf\"",
    "\"\xed\x9f\xbf\xee\x80\x80\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
    "\"\xef\xbb\xbf\"", "{\"\xc3\xa4\":1}", "\"\xe2\x80\xa8\xe2\x80\xa9\"",
    # long ones
    '"' . 'x' x 3000 . '"', '"' . '\n' x 800 . '"', '1' x 1000,
    '[' . '1,' x 900 . '1]', '"' . "\xe2\x82\xac" x 400 . '"',
    ' ' x 900 . '1',
);

our @bad = (
    # structure
    ['', ' ', "\n"],
    ['{', '[', '}', ']', '[]]', '{}}', '[}', '{]', '[[]', '{"a":{}'],
    ['[1,]', '[,1]', '[1,,2]', '[,]', '[1 2]', '[1:2]', '{"a":1,}', '{,}',
     '{"a"}', '{"a":}', '{"a" 1}', '{"a",1}', '{"a"::1}', '{:1}', '{"a":1 "b":2}',
     '{1:1}', '{a:1}', '{null:1}', "{'a':1}", '{[]:1}', '{"a":1,,"b":2}',
     '{"a":1}{"b":2}', '[],', '{},', ',', ':', '{} x', '1 2', '"a" "b"',
     '[] []', '1,', 'null null'],
    # words
    ['nul', 'nulll', 'Null', 'NULL', 'tru', 'True', 'fals', 'falsey', 'nan',
     'NaN', 'Infinity', '-Infinity', 'undefined', 'x', '[nul]', '[tru]',
     '[truefalse]', '[true false]', 'nullx', 'None'],
    # numbers
    ['-', '+1', '01', '-01', '00', '1.', '.1', '-.1', '1.e1', '1e', '1e+',
     '1e-', '1E', '0x1', '1_000', '1,5', '1.2.3', '1e1.5', '1ee1', '--1', '-a',
     '1a', '[1a]', '[-]', '[1.]', '[01]', '[1e]', '[.5]', '1 .5', '1- 2',
     '0b1', '1f', '- 1'],
    # strings
    ['"', '"x', '"\\', '"\\"', '"\x', "'x'", '"\x41"', '"\a"', '"\0"', '"\'"x',
     '"\u"', '"\u0"', '"\u00"', '"\u004"', '"\u004g"', '"\uD834\u"', '"\u 041"',
     '"\u+041"', '"\U0041"', '["x]', '["x\"]', '{"a:1}', '"a""b"', 'x"', '"\%"'],
    ["\"\t\"", "\"\n\"", "\"\r\"", "\"\0\"", "\"\x01\"", "\"\x1f\"",
     "\"a\nb\"", "{\"a\n\":1}", "\"\\\n\""],
    # what is no white space, and comments
    ["\x0b1", "\x0c1", "\0" . '1', "1\0", "[1]\0", '/**/1', '1//', '#1',
     "[1]\x0c", "\x1e1", '[1]//x'],
    # long ones
    ['"' . 'x' x 3000, '[' . '1,' x 900, '"' . 'x' x 2000 . "\n\"",
     ' ' x 900 . '1 x', '1' x 900 . 'x', '{"a":"' . 'x' x 2000 . '"'],
);

our @charset = (
    "\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc2\"",
    "\"\xc2 \"", "\"\xe0\x80\x80\"", "\"\xe0\x9f\xbf\"", "\"\xe2\x82\"",
    "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xf0\x80\x80\x80\"",
    "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"",
    "\"\xf8\x88\x80\x80\x80\"", "\"\xff\"", "\"\xfe\"", "\"\xf0\x90\x80\"",
    "{\"\xff\":1}", "\"a\xe4b\"", "\"\xc3\xc3\"", "\xef\xbb\xbf{}",
    "\xff\xfe[\0]\0", "\"" . 'x' x 2000 . "\xff\"",
);


# A name for a text in a list of tests.

sub named {
    my ($text) = @_;

    $text =~ s/([^ -~])/sprintf '<%02x>', ord $1/ge;

    return length $text > 40 ? substr($text, 0, 30) . '... ' . length $text
                             : $text;
}


sub trimmed { return $_[0] =~ s/^[ \t\r\n]+|[ \t\r\n]+$//gr }

run_tests();

__DATA__

=== TEST 1: texts
--- config eval
$GwPart::PARTS . <<'_EOC_'
large_client_header_buffers 4 32k;

location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
}

location = /u {
    gw_aggregate on;
    gw_part a /_u/a?$http_x_a optional;
}

location = /some {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
    gw_part_fields a drop nothing.like.this;
}

location = /merge {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional as=merge;
}
_EOC_
--- cases
(map { ['accepted: ' . main::named($_), ask(conn => 'y', a => { json => $_ }),
        200, '', body => '{"a":' . main::trimmed($_) . '}'] } @main::good),
(map { ['accepted, byte by byte: ' . main::named($_),
        ask(uri => '/u', conn => 'y',
            a => { json => $_, pieces => 1, gap => 0 }),
        200, '', body => '{"a":' . main::trimmed($_) . '}'] }
     grep { length $_ < 50 } @main::good),
(map { ['accepted, with fields: ' . main::named($_),
        ask(uri => '/some', conn => 'y', a => { json => $_ }), 200, '',
        body => '{"a":' . main::trimmed($_) . '}'] } @main::good),
(map {
    my $text = $_;

    map { ["refused, $_: " . main::named($text),
           ask(uri => $_, conn => 'n', a => { json => $text }),
           200, 'a;reason=json', body => '{}'] } '/t', '/some', '/merge'
} map { @$_ } @main::bad),
(map { ['refused, byte by byte: ' . main::named($_),
        ask(uri => '/u', conn => 'n',
            a => { json => $_, pieces => 1, gap => 0 }),
        200, 'a;reason=json', body => '{}'] }
     grep { length $_ < 20 } map { @$_ } @main::bad),
(map {
    my $text = $_;

    map { ["charset, $_: " . main::named($text),
           ask(uri => $_, conn => 'n', a => { json => $text }),
           200, 'a;reason=charset', body => '{}'] } '/t', '/some'
} @main::charset),
