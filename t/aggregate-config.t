# Every directive and option with bad values, in places where it may not stand,
# twice; and what must start.
#
# nginx -t is asked of each, not a server started.

use GwTest;
use GwPart;

# values in place of a "%s", which the message names in place of its own
sub bad {
    my ($format, $says, @values) = @_;

    return map {
        [sprintf($format, $_), sprintf($format, $_),
         $says =~ s/%s/quotemeta unquoted($_)/er]
    } @values;
}


sub unquoted { return $_[0] =~ s/^(['"])(.*)\1$/$2/sr }


# options of a part
sub option {
    my ($option, $says, @values) = @_;

    return bad("gw_part a /a $option=%s;", $says, @values);
}


sub row { return [$_[0], @_] }

# names of parts that each wait for the one before
our $chain = join ' ', 'gw_part p1 /a after=p64;',
                       map { "gw_part p$_ /a after=p" . ($_ - 1) . ';' }
                           2 .. 64;

our @many = map { "gw_part p$_ /a;" } 1 .. 64;

run_tests();

__DATA__

=== TEST 1: configurations that must not start
--- config
--- cases
['gw_aggregate', sub {
    refused(
        ['no part', '', 'has "gw_aggregate on" and no "gw_part"'],
        ['bad value', { location => undef, server =>
                        'location /t { gw_aggregate yes; }' },
         'invalid value "yes"'],
        ['twice', 'gw_aggregate on; gw_part a /a;', 'is duplicate'],
        ['in a server', { server => 'gw_aggregate on;' },
         '"gw_aggregate" directive is not allowed here'],
        ['in http', { http => 'gw_aggregate on;' },
         '"gw_aggregate" directive is not allowed here'],
        ['a part without it',
         { server => 'location /t { gw_part a /a; }' },
         'part "a" is in a location without "gw_aggregate on"'],
        ['a part with off',
         { server => 'location /t { gw_aggregate off; gw_part a /a; }' },
         'part "a" is in a location without "gw_aggregate on"'],
        ['a part in a location within',
         'gw_part a /a; location /t/u { gw_part b /b; }',
         'part "b" is in a location without "gw_aggregate on"'],
        (map { ["$_ in if", "gw_part a /a; if (\$arg_x) { $_ }",
                'directive is not allowed here'] }
             'gw_aggregate on;', 'gw_part b /b;', 'gw_part_header a X y;',
             'gw_aggregate_timeout 1s;'),
    );
}],
['gw_part', sub {
    refused(
        bad('gw_part %s /a;', 'invalid name of a part "%s"',
            'A', 'a-b', 'a.b', '""', 'a_status', 'b_time', '_status', '$a',
            'ä', 'x' x 65),
        row('gw_part a;', 'invalid number of arguments'),
        bad('gw_part a %s;', 'uri "%s" of part "a" does not begin with "/"',
            '""', 'a', 'http://a/', '?a', '@a') ,
        row('gw_part a /a; gw_part a /b;', 'duplicate part "a"'),
        row("@main::many gw_part q /a;", 'more than 64 parts'),
        bad('gw_part a /a %s;', 'invalid parameter "%s"', 'optionl', 'x=1',
            'optional=1', '""', 'cookies', 'cookies=yes', 'status_from=1',
            'arrays=join', 'as=list', 'as=', 'as=Merge', 'Method=GET'),
        (map { row("gw_part b /b; gw_part_set \$v b /v; gw_part a $_;",
                   'uri "' . quotemeta($_) . '" begins with data') }
             '$v', '${v}/x', '$gw_part_b', '$gw_part_b_status/a',
             '$gw_jwt_claim_x'),
        row('gw_part a /$;', 'invalid variable in "/\$"'),
        row('gw_part a /${b;', 'invalid variable in'),
        row('gw_part a /$nothing_like_this;',
            'unknown "nothing_like_this" variable'),
        row('gw_part a "/b$%";', 'invalid variable in'),
        bad('gw_part a %s;', '"%s" can never be sent', '/..', '/a/../b',
            '/a/.', '/./b', '"/a/..;v=1"', '"/a?b c"'),
    );
}],
['options', sub {
    refused(
        option('method', 'invalid parameter "method=%s"', '', 'get', 'HEAD',
               'GET-IT', '$arg_x', 'G_T'),
        option('timeout', 'invalid parameter "timeout=%s"', '', '0', 'x', '1x',
               '-1', '0ms'),
        option('if', 'invalid parameter "if=%s"', ''),
        option('status', 'invalid parameter "status=%s"', '', '2', '200,',
               ',200', '2xx|3xx', '6xx', '0xx', '2x', '20x', '2xX', '099',
               '600', '1000', '200-299', '200,2'),
        row('gw_part a /a after=;', 'invalid parameter "after="'),
        row('gw_part a /a after=b;', 'unknown part "b" in after= of part "a"'),
        row('gw_part b /b; gw_part a /a after=b,;',
            'invalid after= of part "a"'),
        row('gw_part b /b; gw_part a /a after=,b;',
            'unknown part "" in after= of part "a"'),
        row('gw_part b /b; gw_part a /a after=b,c;',
            'unknown part "c" in after= of part "a"'),
        row('gw_part a /a body=pass body=x;', 'duplicate parameter "body=x"'),
        row('gw_part a /a body=x body=pass;',
            'duplicate parameter "body=pass"'),
        row('gw_part a /a if=1 optional if=2;',
            'duplicate parameter "if=2"'),
        row('gw_part a /a optional optional;',
            'duplicate parameter "optional"'),
        row('gw_part a /a after=b;gw_part b /$gw_part_c_status;',
            'gw_part_c_status" could be of'),
        row('gw_part a /a body=${x;', 'invalid variable'),
        row('gw_part a /a if=$;', 'invalid variable'),
        (map { row("gw_part a /a 'default=$_';",
                   'default= of part "a" is not JSON') }
             '', 'x', '{', '{}{}', '[1,]', 'nul', ' ', "\xff"),
        row("gw_part a /a as=merge 'default=[]';",
            'default= of part "a" is not a JSON object'),
        row("gw_part a /a as=merge 'default={\"a\":1,\"a\":2}';",
            'default= of part "a" has a name twice'),
        option('select', 'invalid JSON pointer "%s" as select=', 'a', 'a/b',
               '/a~2', '/a~', '/' . 'a/' x 30),
        option('at', 'invalid JSON pointer "%s" as at=', 'a', 'a/b', '/a~2',
               '/a~', '/' . 'a/' x 30),
        row('gw_part a /a as=string select=/b;',
            'part "a" with "as=string" is not JSON'),
        row('gw_part a /a as=string; gw_part_fields a keep b;',
            'part "a" with "as=string" is not JSON'),
        row('gw_part a /a as=string; gw_part_set $v a /b;',
            'part "a" with "as=string" is not JSON'),
    );
}],
['cycles', sub {
    my $waits = 'waits for itself, by way of after= or a variable';

    refused(
        row('gw_part a /a after=a;', "part \"a\" $waits"),
        row('gw_part a /a after=b; gw_part b /b after=a;', $waits),
        row('gw_part a /$gw_part_a;', "part \"a\" $waits"),
        row('gw_part a /a?$gw_part_b; gw_part b /b body=$gw_part_a;', $waits),
        row('gw_part a /$v; gw_part_set $v a /x;', $waits),
        row('gw_part a /a if=$v; gw_part b /b after=a; gw_part_set $v b /x;',
            $waits),
        row('gw_part a /a; gw_part b /b after=a; gw_part_header a X $gw_part_b;',
            $waits),
        row("gw_part a /a; gw_part b /b after=a; gw_part_body a '[\$gw_part_b]';",
            $waits),
        ['64 parts in a ring', $main::chain, $waits],
    );
}],
['aggregates that lead to themselves', sub {
    my $leads = 'leads to the aggregate that it is of';
    my $at = sub {
        my ($uri, @to) = @_;

        return "location = $uri { gw_aggregate on; "
               . join('', map { "gw_part p$_ $to[$_];" } 0 .. $#to) . ' }';
    };

    refused(
        map { [$_->[0], { server => $_->[1] }, "part \"$_->[2]\" $leads"] }
            ['itself', $at->('/s', '/x', '/s'), 'p1'],
            ['itself with a query', $at->('/s', '/s?q=$arg_x', '/s?x=1'),
             'p1'],
            ['another one', $at->('/s', '/t') . $at->('/t', '/x', '/s'), 'p1'],
            ['by way of others', join('', map {
                $at->("/s$_", '/x', '/s' . ($_ + 1) % 4) } 0 .. 3), 'p1'],
            ['beside what leads nowhere', $at->('/s', '/t', '/u')
             . $at->('/t', '/u') . $at->('/u', '/x', '/y', '/s')
             . 'location = /y { return 204; }', 'p2'],
    );

    refused(
        map { [$_->[0], { server => $_->[1] }] }
            ['no loop', $at->('/s', '/t', '/u') . $at->('/t', '/u')
             . $at->('/u', '/x')],
            ['a variable', $at->('/s', '/$arg_x', '$arg_x')],
            ['another location', $at->('/s', '/s/', '/S', '/s/s')],
            ['if in the location',
             $at->('/s', '/s?x=1') =~ s/\}$/if (\$arg_x) { return 204; } }/r],
            ['if in the server',
             'if ($arg_x) { return 204; }' . $at->('/s', '/s?x=1')],
            ['another server', $at->('/s', '/t') . '} server {'
             . "listen unix:$GwPart::DIR/other.sock;" . $at->('/t', '/s')],
    );
}],
['gw_part_fields, gw_part_rename, gw_part_set', sub {
    refused(
        row('gw_part_fields a keep b;', 'there is no "gw_part a" above'),
        row('gw_part_fields a keep b; gw_part a /a;',
            'there is no "gw_part a" above'),
        row('gw_part a /a; gw_part_fields a keep;',
            '"gw_part_fields" directive has no field'),
        row('gw_part a /a; gw_part_fields a;', 'invalid number of arguments'),
        row('gw_part a /a; gw_part_fields a only b;',
            'invalid value "only", it is "keep" or "drop"'),
        bad('gw_part a /a; gw_part_fields a keep %s;', 'invalid field "%s"',
            '""', '.', 'a.', '.a', 'a..b', '/a~2'),
        bad('gw_part a /a; gw_part_fields a drop %s;', 'invalid field "%s"',
            '""', 'a..b', 'a.' x 20 . 'a'),
        row('gw_part_rename a b c;', 'there is no "gw_part a" above'),
        row('gw_part a /a; gw_part_rename a b;', 'invalid number of arguments'),
        row('gw_part a /a; gw_part_rename a b c d;',
            'invalid number of arguments'),
        bad('gw_part a /a; gw_part_rename a %s c;', 'invalid field "%s"',
            '""', 'a..b'),
        row('gw_part a /a; gw_part_rename a b c; gw_part_rename a b d;',
            'invalid field "b": two new names for one member'),
        (map { row("gw_part a /a; $_",
                   'fields of part "a": one new name for two members') }
             'gw_part_rename a b x; gw_part_rename a c x;',
             'gw_part_rename a b.*.c x; gw_part_rename a b.0.d x;',
             'gw_part_rename a b.c "x y"; gw_part_rename a /b/d "x y";'),
        row('gw_part_set $v a /b;', 'there is no "gw_part a" above'),
        row('gw_part a /a; gw_part_set $v a;', 'invalid number of arguments'),
        row('gw_part a /a; gw_part_set v a /b;', 'invalid variable name "v"'),
        row('gw_part a /a; gw_part_set $ a /b;', 'invalid variable name'),
        row('gw_part a /a; gw_part_set $v a b;', 'invalid JSON pointer "b"'),
        row('gw_part a /a; gw_part_set $v a /b; gw_part_set $v a /c;',
            'duplicate variable "\$v"'),
        row('gw_part a /a; gw_part_set $uri a /b;', '\$?uri"'),
        row('gw_part a /a; gw_part_set $gw_part_a a /b;',
            'invalid variable name "\$gw_part_a"'),
        row('gw_part a /a; gw_part_set $Gw_x a /b;', 'invalid variable name'),
        row('gw_part a /a; set $v 1; gw_part_set $v a /b;', '"\$v"'),
    );
}],
['gw_part_header, gw_part_body', sub {
    refused(
        row('gw_part_header a b c;', 'there is no "gw_part a" above'),
        row('gw_part a /a; gw_part_header a b;', 'invalid number of arguments'),
        bad('gw_part a /a; gw_part_header a %s x;', 'invalid field name "%s"',
            '""', "'a b'", 'a:', 'a/b', 'ä'),
        bad('gw_part a /a; gw_part_header a %s x;',
            'field "%s" of a part is set by nginx', 'Connection',
            'content-length', 'Transfer-Encoding', 'UPGRADE', 'Expect', 'TE',
            'Keep-Alive', 'Trailer'),
        row('gw_part a /a; gw_part_header a X $;', 'invalid variable'),
        row("gw_part a /a; gw_part_header a X 'a\tb';",
            "\"a\tb\" can never be sent"),
        row("gw_part_body a '{}';", 'there is no "gw_part a" above'),
        row("gw_part a /a; gw_part_body a '{}'; gw_part_body a '{}';",
            'part "a" has a body already'),
        row("gw_part a /a body=pass; gw_part_body a '{}';",
            'part "a" has a body already'),
        row("gw_part a /a body=x; gw_part_body a '{}';",
            'part "a" has a body already'),
        bad('gw_part a /a; gw_part_body a %s;', 'the body "%s" is not JSON',
            "'{'", "'{}}'", "'x'", "'{\$uri:1}'", "'[\$uri\$uri]'",
            "'[1\$uri]'", "''"),
    );
}],
['gw_aggregate_...', sub {
    my $part = 'gw_part a /a;';

    refused(
        (map {
            my ($name, $says, @values) = @$_;

            ((map { ["$name $_", "$part $name $_;", $says] } @values),
             ["$name twice", "$part $name 5; $name 5;", 'is duplicate'],
             ["$name without a value", "$part $name;",
              'invalid number of arguments'])
        } ['gw_aggregate_timeout', 'invalid value', 'x', '-1', '1y1', '""'],
          ['gw_aggregate_max_part_size', 'invalid value|value must be from 1',
           'x', '-1', '0', '3g', '""'],
          ['gw_aggregate_max_size', 'invalid value|value must be from 1', 'x',
           '-1', '0', '2147483648'],
          ['gw_aggregate_max_depth', 'invalid number|value must be from 1 to',
           'x', '-1', '0', '1025', '64k'],
          ['gw_aggregate_concurrency', 'invalid number|value must be from 1',
           'x', '-1', '0']),
        row("$part gw_aggregate_errors errors;",
            'invalid JSON pointer "errors"'),
        row("$part gw_aggregate_errors /a~2;", 'invalid JSON pointer "/a~2"'),
        row("$part gw_aggregate_errors '';", 'invalid JSON pointer ""'),
        row("$part gw_aggregate_errors /a; gw_aggregate_errors /a;",
            'is duplicate'),
        row("$part gw_aggregate_errors off; gw_aggregate_errors /a;",
            'is duplicate'),
        row("$part gw_aggregate_etag yes;", 'invalid value "yes"'),
        row("$part gw_aggregate_etag on; gw_aggregate_etag on;",
            'is duplicate'),
    );
}],



=== TEST 2: configurations that must start
--- config
--- cases
['they do', sub {
    refused(
        ['64 parts', "@main::many"],
        ['64 parts in a row', $main::chain =~ s/ after=p64//r],
        ['after= of a later line', 'gw_part a /a after=b; gw_part b /b;'],
        ['a name of digits', 'gw_part 0 /a; gw_part _ /a; gw_part status /a;'],
        ['a name of 64 letters', 'gw_part ' . 'x' x 64 . ' /a;'],
        ['all options', 'gw_part b /b;' .
         "gw_part a /a?\$arg_x method=PATCH body=\$arg_y timeout=1m optional"
         . " after=b if=\$arg_x 'default={\"a\":1}' status=1xx,2xx,404,500"
         . ' status_from=part cookies=pass select=/a/0/b at=/c/d as=merge'
         . ' arrays=replace;'],
        ['method of letters', 'gw_part a /a method=PURGE;'],
        ['at the root', 'gw_part a /a at= as=value; gw_part b /b at= as=array;'],
        ['any JSON as default', join '', map { "gw_part a$_->[0] /a '$_->[1]';" }
         [1, 'default={}'], [2, 'default=[1, 2]'], [3, 'default="x"'],
         [4, 'default=null'], [5, 'default= 1 ']],
        ['fields', 'gw_part a /a; gw_part_fields a keep a b.c d.*.e /f~1g;'
         . 'gw_part_fields a drop h; gw_part_fields a keep i;'
         . 'gw_part_rename a a z; gw_part_rename a b.c y;'],
        ['new names', 'gw_part a /a; gw_part_rename a b x;'
         . 'gw_part_rename a c.b x; gw_part_rename a d x;'
         . 'gw_part_fields a drop d; gw_part_rename a x y;'],
        ['one variable in two locations',
         { server => join '', map {
             "location /$_ { gw_aggregate on; gw_part a /a; gw_part b /b/\$v;"
             . 'gw_part_set $v a /x; }'
         } 1, 2 }],
        ['bodies', 'gw_part a /a body=$arg_x; gw_part b /b body=pass;'
         . "gw_part c /c; gw_part_body c '{\"a\":\$arg_x,\"\$arg_y\":\"\$uri\"}';"
         . "gw_part d /d; gw_part_body d '\$request_body';"],
        ['the least and the greatest',
         'gw_part a /a timeout=1ms; gw_aggregate_timeout 1ms;'
         . 'gw_aggregate_max_part_size 1; gw_aggregate_max_size 2147483647;'
         . 'gw_aggregate_max_depth 1024; gw_aggregate_concurrency 1;'
         . 'gw_aggregate_errors /errors; gw_aggregate_etag on;'],
        ['in all contexts', {
             map { ($_ => 'gw_aggregate_timeout 1s; gw_aggregate_errors off;'
                          . 'gw_aggregate_max_part_size 1k;'
                          . 'gw_aggregate_max_size 1k; gw_aggregate_etag off;'
                          . 'gw_aggregate_max_depth 2;'
                          . 'gw_aggregate_concurrency 2;'
                          . ($_ eq 'location' ? 'gw_part a /a;' : '')) }
                 qw(http server location) }],
        ['not used', { http => 'gw_aggregate_timeout 1s;' }],
        ['off', { server => 'location /t { gw_aggregate off; }' }],
    );
}],
