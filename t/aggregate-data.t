# Data is never syntax: what of $gw_* variables and those of gw_part_set arrives
# at a service, byte by byte.

use GwTest;
use GwPart;

# Values that mean something to somebody: in a path, in a query, in a header,
# in JSON, to nginx.  Each is given as characters.

our %hostile = (
    'a word'             => 'abc',
    'unreserved'         => 'A-z0.9_~',
    'a question mark'    => 'a?x=1',
    'a hash'             => 'a#b',
    'an ampersand'       => 'a&b=c',
    'equals, plus'       => 'a=b+c',
    'a percent'          => '100%',
    'an escape'          => '%41%2e%2E%2f%00%',
    'an escaped escape'  => '%252e',
    'a slash'            => 'a/b',
    'slashes'            => '//a//',
    'a slash in front'   => '/etc/passwd',
    'a backslash'        => '..\\a',
    'dots in a word'     => 'a..b',
    'three dots'         => '...',
    'a hidden name'      => '.git',
    'a semicolon'        => 'a;v=1',
    'a space'            => 'a b',
    'a colon and an at'  => 'http://user@host:1/',
    'quotes'             => "a\"b'c",
    'a variable'         => '$uri${host}$1',
    'braces'             => '{"a":[1]}',
    'a comma'            => 'a,b',
    'angles'             => '<script>',
    'Latin'              => "\xe4",
    'UTF-8 of four'      => "\x{1d11e}",
    'an overlong word'   => 'x' x 3000,
    'digits'             => '007',
    'nothing much'       => '0',
);

# fails in a header
our %controls = (
    'a line feed'        => "a\nX-Evil: 1",
    'CR LF'              => "a\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1",
    'a tab'              => "a\tb",
    'an escape byte'     => "\x1b[31m",
    'DEL'                => "\x7f",
);

# fails in a path
our %segments = (
    'a dot'              => '.',
    'two dots'           => '..',
    'up'                 => '../admin',
    'up, within'         => 'a/../b',
    'up, at the end'     => 'a/..',
    'here'               => './a',
    'here, within'       => 'a/./b',
);

our %zero = ('NUL' => "a\0b", 'NUL alone' => "\0");


sub utf8 { my ($text) = @_; utf8::encode($text); return $text }

sub in_query { return GwPart::escaped(utf8($_[0])) }


# Cases for a value that stands everywhere, by way of a variable of
# gw_part_set, or of a claim.

sub value {
    my ($what, $value, %arg) = @_;

    my $json = json({ v => $value });

    return (
        ["path: $what", ask(uri => '/path', from => { json => $json }),
         $arg{path} // 1 ? (200, '', path($value)) : (200, 'b;reason=uri')],
        ["query: $what", ask(uri => '/query', from => { json => $json }),
         200, '', tells(b => uri => '/_p/b?v=' . in_query($value) . '&end=1')],
        ["header: $what", ask(uri => '/header', from => { json => $json }),
         $arg{header} // 1
         ? (200, '', tells(b => 'x-v' => GwPart::chars(
                                     utf8("<$value>") =~ s/\s+\z//r),
                           'x-evil' => undef))
         : (200, 'b;reason=uri')],
        ["string of a body: $what",
         ask(uri => '/string', from => { json => $json }), 200, '',
         body_is({ s => "<$value>", end => 1 })],
        ["value of a body: $what",
         ask(uri => '/value', from => { json => $json }), 200, '',
         body_is({ v => $value, end => 1 })],
        ["body: $what", ask(uri => '/body', from => { json => $json }),
         200, '', tells(b => body => GwPart::chars(utf8("<$value>")))],
    );
}


# The path is one that leads to the value and nothing else; not all versions
# of nginx escape the same.

sub path {
    my ($value) = @_;

    return then => sub {
        my ($res, $name) = @_;

        my $uri = told($res, 'b')->{uri} // '';
        my ($sent) = $uri =~ m{^/_p/b/(.*)/end\?q=1$}s;

        isnt($sent, undef, "$name: nothing but the path") or diag($uri);
        unlike($sent // '', qr/[?# \x00-\x1f]/, "$name: nothing ends it");
        is(($sent // '') =~ s/%([0-9A-F]{2})/chr hex $1/ger, utf8($value),
           "$name: the bytes");
    };
}


sub body_is {
    my ($want) = @_;

    return then => sub {
        my ($res, $name) = @_;

        my $body = told($res, 'b')->{body} // '';
        my $got = eval { unjson($body) };

        is_deeply($got, $want, "$name: body") or diag("$body: $@");
        is(told($res, 'b')->{headers}{'content-type'}[0], 'application/json',
           "$name: type");
    };
}


our $config = $GwPart::PARTS . <<'_EOC_';
client_header_buffer_size 64k;
proxy_buffer_size 32k;
proxy_buffers 4 32k;

location = /path {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from at=/from/that;
    gw_part b /_p/b/$v/end?q=1 optional;
    gw_part_set $v from /v;
}

location = /query {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from;
    gw_part b /_p/b?v=$v&end=1 optional;
    gw_part_set $v from /v;
}

location = /header {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from;
    gw_part b /_p/b optional;
    gw_part_set $v from /v;
    gw_part_header b X-V <$v>;
}

location = /string {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from;
    gw_part b /_p/b optional method=POST;
    gw_part_set $v from /v;
    gw_part_body b '{"s": "<$v>", "end": 1}';
}

location = /value {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from;
    gw_part b /_p/b optional method=POST;
    gw_part_set $v from /v;
    gw_part_body b '{"v": $v, "end": 1}';
}

location = /body {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from;
    gw_part b /_p/b optional method=POST body=<$v>;
    gw_part_set $v from /v;
}
_EOC_

run_tests();

__DATA__

=== TEST 1: values of gw_part_set
--- config eval: $main::config
--- cases
(map { value($_, $main::hostile{$_}) } sort keys %main::hostile),
(map { value($_, $main::controls{$_}, header => 0) }
     sort keys %main::controls),
(map { value($_, $main::segments{$_}, path => 0) } sort keys %main::segments),
(map { value($_, $main::zero{$_}, path => 0, header => 0) }
     sort keys %main::zero),



=== TEST 2: values that are no strings, and none
--- config eval: $main::config
--- cases
(map {
    my ($json, $text, $value) = @$_;

    (["query: $json", ask(uri => '/query', from => { json => "{\"v\":$json}" }),
      200, '', tells(b => uri => "/_p/b?v=" . main::in_query($text)
                                 . '&end=1')],
     ["value of a body: $json",
      ask(uri => '/value', from => { json => "{\"v\":$json}" }), 200, '',
      tells(b => body => "{\"v\": $json, \"end\": 1}")],
     ["string of a body: $json",
      ask(uri => '/string', from => { json => "{\"v\":$json}" }), 200, '',
      main::body_is({ s => "<$text>", end => 1 })],
     ["header: $json",
      ask(uri => '/header', from => { json => "{\"v\":$json}" }), 200, '',
      tells(b => 'x-v' => "<$text>")])
} ['1.50e0', '1.50e0'], ['true', 'true'], ['null', 'null'],
  ['{"a": "b"}', '{"a": "b"}'], ['[1, "x?"]', '[1, "x?"]']),
['absent: query', ask(uri => '/query', from => { json => '{}' }), 200, '',
 tells(b => uri => '/_p/b?v=&end=1')],
['absent: path', ask(uri => '/path', from => { json => '{}' }), 200,
 'b;reason=uri'],
['empty: path', ask(uri => '/path', from => { json => '{"v":""}' }), 200,
 'b;reason=uri'],
['absent: value of a body', ask(uri => '/value', from => { json => '{}' }),
 200, '', tells(b => body => '{"v": null, "end": 1}')],
['absent: string of a body', ask(uri => '/string', from => { json => '{}' }),
 200, '', tells(b => body => '{"s": "<>", "end": 1}')],
['absent: header', ask(uri => '/header', from => { json => '{}' }), 200, '',
 tells(b => 'x-v' => '<>')],
['the same escapes in a string of a body',
 ask(uri => '/string', from => { json => '{"v":"\u0041\/\ud800\n"}' }), 200,
 '', then => sub {
     my ($res, $name) = @_;

     my $body = '{\"s\": \"<\\\\u0041\\\\/\\\\ud800\\\\n>\", \"end\": 1}';

     cmp_ok(index($res->{body}, "\"body\":\"$body\""), '>', 0, $name)
         or diag($res->{body});
 }],
['an unpaired surrogate',
 ask(uri => '/query', from => { json => '{"v":"\ud800"}' }), 200, '',
 body => qr{"uri":"/_p/b\?v=%EF%BF%BD&end=1"}],



=== TEST 3: all of a part
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /query {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from select=/x;
    gw_part b /_p/b?v=$gw_part_from&s=$gw_part_from_status;
}

location = /path {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from select=/x;
    gw_part b /_p/b/$gw_part_from/c;
}

location = /string {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from select=/x;
    gw_part b /_p/b;
    gw_part_body b '{"a":["$gw_part_from","\\"$gw_part_from\\\\"],"$gw_part_from":""}';
}

location = /value {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from select=/x;
    gw_part b /_p/b;
    gw_part_body b '[$gw_part_from,{"a":$gw_part_from}, "$gw_part_from_status", $gw_part_from_status]';
}

location = /raw {
    gw_aggregate on;
    gw_part from /_p/from?$http_x_from as=string;
    gw_part b /_p/b;
    gw_part_body b '{"a":$gw_part_from}';
}
_EOC_
--- cases
['query', ask(uri => '/query', from => { json => '{"x":{"a": "?&"}}' }), 200,
 '', tells(b => uri => '/_p/b?v=%7B%22a%22%3A%20%22%3F%26%22%7D&s=200')],
['query, a string keeps its quotes',
 ask(uri => '/query', from => { json => '{"x":"y"}' }), 200,
 '', tells(b => uri => '/_p/b?v=%22y%22&s=200')],
['path', ask(uri => '/path', from => { json => '{"x":[1,2]}' }), 200, '',
 tells(b => uri => qr{^/_p/b/(?:\[1,2\]|%5B1,2%5D)/c$})],
['string', ask(uri => '/string', from => { json => '{"x":{"a":"b"}}' }), 200,
 '', tells(b => body => '{"a":["{\"a\":\"b\"}","\"{\"a\":\"b\"}\\\\"],'
                        . '"{\"a\":\"b\"}":""}')],
['value', ask(uri => '/value', from => { json => '{"x":{"a": 1}}' }), 200,
 '', tells(b => body => '[{"a": 1},{"a":{"a": 1}}, "200", "200"]')],
['a text', ask(uri => '/raw', from => { json => "a\"\n" }), 200, '',
 tells(b => body => '{"a":"a\"\n"}')],



=== TEST 4: other variables go in as they stand
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part b /_p/b$http_x_path?q=$arg_q&h=$http_x_h optional;
    gw_part_header b X-H $http_x_header;
}

location = /twice {
    gw_aggregate on;
    gw_part b /_p/b?$args&x?y optional;
}

location ~ ^/captured/(.+)/([a-z]*)$ {
    gw_aggregate on;
    gw_part b /_p/b/$1?$2 optional;
}

location ~ ^/named/(?<what>.+)$ {
    gw_aggregate on;
    gw_part b /_p/b/$what optional;
}

location = /braces {
    gw_aggregate on;
    gw_part b /_p/b?${arg_q}x optional;
}

location = /json {
    gw_aggregate on;
    gw_part b /_p/b optional;
    gw_part_body b '{"a":$arg_q}';
}

location = /no-path {
    gw_aggregate on;
    gw_part b $http_x_path optional;
}
_EOC_
--- cases
['a query', { uri => '/t?q=%2e%26+a' }, 200, '',
 tells(b => uri => '/_p/b?q=%2e%26+a&h=')],
['a path with a query', { uri => '/t?q=1', headers => ['X-Path: /c?d='] },
 200, '', tells(b => uri => '/_p/b/c?d=?q=1&h=')],
['an escape in a path is none', { uri => '/t', headers => ['X-Path: /%2e%2e'] },
 200, '', tells(b => uri => '/_p/b/%252e%252e?q=&h=')],
['a segment of dots', { uri => '/t', headers => ['X-Path: /../c'] }, 200,
 'b;reason=uri'],
['a space in a query', { uri => '/t', headers => ['X-H: a b'] }, 200,
 'b;reason=uri'],
['a header', { uri => '/t', headers => ["X-Header: \xc3\xa4 b"] }, 200, '',
 tells(b => 'x-h' => "\xc3\xa4 b")],
['a tab in a header', { uri => '/t', headers => ["X-Header: a\tb"] }, 200,
 'b;reason=uri'],
['the second question mark is one', '/twice?a=1', 200, '',
 tells(b => uri => '/_p/b?a=1&x?y')],
['captures', '/captured/a%2fb/c', 200, '', tells(b => uri => '/_p/b/a/b?c')],
['captures with an escaped question mark', '/captured/a%3fb/c', 200, '',
 tells(b => uri => '/_p/b/a?b?c')],
['a named capture', '/named/abc', 200, '', tells(b => uri => '/_p/b/abc')],
['braces', '/braces?q=1', 200, '', tells(b => uri => '/_p/b?1x')],
['a body', '/json?q=[1]', 200, '', tells(b => body => '{"a":[1]}')],
['a path that does not begin with a slash',
 { uri => '/no-path', headers => ['X-Path: _p/b'] }, 200, 'b;reason=uri'],
['a path that is empty', '/no-path', 200, 'b;reason=uri'],



=== TEST 5: claims
--- http_config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
--- config eval
$GwPart::PARTS . <<'_EOC_'
gw_jwt off;

location = /path {
    gw_jwt api;
    gw_aggregate on;
    gw_part b /_p/b/$gw_jwt_claim_sub/end?q=1 optional;
}

location = /query {
    gw_jwt api;
    gw_aggregate on;
    gw_part b /_p/b?v=$gw_jwt_claim_sub&end=1 optional;
}

location = /header {
    gw_jwt api;
    gw_aggregate on;
    gw_part b /_p/b optional;
    gw_part_header b X-V <$gw_jwt_claim_sub>;
}

location = /string {
    gw_jwt api;
    gw_aggregate on;
    gw_part b /_p/b optional;
    gw_part_body b '{"s":"<$gw_jwt_claim_sub>","end":1}';
}

location = /value {
    gw_jwt api;
    gw_aggregate on;
    gw_part b /_p/b optional;
    gw_part_body b '{"v":$gw_jwt_claim_sub,"end":1}';
}

location = /none {
    gw_jwt api;
    gw_aggregate on;
    gw_part b /_p/b?v=$gw_jwt_claim_none;
    gw_part_body b '[$gw_jwt_claim_none,"$gw_jwt_claim_none"]';
}
_EOC_
--- cases
(map {
    my ($what, $value, $path, $header) = @$_;
    my $token = jwt(claims => { sub => $value });

    (["path: $what", { uri => '/path', token => $token },
      $path ? (200, '', main::path($value)) : (200, 'b;reason=uri')],
     ["query: $what", { uri => '/query', token => $token }, 200, '',
      tells(b => uri => '/_p/b?v=' . main::in_query($value) . '&end=1')],
     ["header: $what", { uri => '/header', token => $token },
      $header ? (200, '', tells(b => 'x-v' => GwPart::chars(
                                                 main::utf8("<$value>"))))
              : (200, 'b;reason=uri')],
     ["string: $what", { uri => '/string', token => $token }, 200, '',
      main::body_is({ s => "<$value>", end => 1 })],
     ["value: $what", { uri => '/value', token => $token }, 200, '',
      main::body_is({ v => $value, end => 1 })])
} (map { [$_, $main::hostile{$_}, 1, 1] } 'a question mark', 'a slash',
       'an escape', 'quotes', 'braces', 'UTF-8 of four', 'a variable'),
  (map { [$_, $main::segments{$_}, 0, 1] } 'up', 'two dots')),
['control characters are escaped in a claim already',
 { uri => '/header', token => jwt(claims => { sub => "a\r\nX-Evil: 1" }) },
 200, '', tells(b => 'x-v' => '<a%0D%0AX-Evil: 1>', 'x-evil' => undef)],
['none', { uri => '/none', token => jwt() }, 200, '',
 tells(b => uri => '/_p/b?v=', body => '[null,""]')],



=== TEST 6: values that the aggregate around it has set
--- config eval
$GwPart::PARTS . CORE::join '', map {
    my ($name, $part, $line) = @$_;

    "location = /$name {
         gw_aggregate on;
         gw_part from /_p/from?\$http_x_from;
         gw_part_set \$v from /v;
         gw_part in /_in/$name as=merge after=from;
     }

     location = /_in/$name {
         gw_aggregate on;
         gw_part b $part optional;
         $line
     }"
} ['path', '/_p/b/$v/end?q=1', ''], ['query', '/_p/b?v=$v&end=1', ''],
  ['header', '/_p/b', 'gw_part_header b X-V <$v>;'],
  ['string', '/_p/b', q(gw_part_body b '{"s": "<$v>", "end": 1}';)],
  ['value', '/_p/b', q(gw_part_body b '{"v": $v, "end": 1}';)],
  ['if', '/_p/b if=$v', '']
--- cases
(map {
    my ($what, $value) = @$_;
    my @from = (from => { json => json({ v => $value }) });

    (["path: $what", ask(uri => '/path', @from), 200, '', main::path($value)],
     ["query: $what", ask(uri => '/query', @from), 200, '',
      tells(b => uri => '/_p/b?v=' . main::in_query($value) . '&end=1')],
     ["header: $what", ask(uri => '/header', @from), 200, '',
      tells(b => 'x-v' => GwPart::chars(main::utf8("<$value>")))],
     ["string: $what", ask(uri => '/string', @from), 200, '',
      main::body_is({ s => "<$value>", end => 1 })],
     ["value: $what", ask(uri => '/value', @from), 200, '',
      main::body_is({ v => $value, end => 1 })])
} map { [$_, $main::hostile{$_}] } 'a question mark', 'an escape', 'quotes',
      'UTF-8 of four', 'a variable'),
(map {
    my ($what, $json) = @$_;

    ["not sent: $what", ask(uri => '/path', from => { json => $json }), 200,
     '', 'Cache-Control' => 'no-store', body => "{\"from\":$json}"]
} ['two dots', '{"v":".."}'], ['NUL', '{"v":"a\\u0000b"}'],
  ['empty', '{"v":""}'], ['absent', '{"w":1}']),
['an absent one in a body', ask(uri => '/value', from => { json => '{}' }),
 200, '', main::body_is({ v => undef, end => 1 })],
['a number', ask(uri => '/value', from => { json => '{"v":1.50}' }), 200, '',
 tells(b => body => '{"v": 1.50, "end": 1}')],
['if', ask(uri => '/if', from => { json => '{"v":1}' }), 200, '',
 tells(b => method => 'GET')],
['if not', ask(uri => '/if', from => { json => '{"v":0}' }), 200, '',
 body => '{"from":{"v":0}}'],
['by itself it has none', '/_in/path', 200, 'b;reason=uri'],
