# One answer from several services: what it is made of, methods, where an
# aggregate may stand and what stands beside it.

use GwTest;
use GwPart;

run_tests();

__DATA__

=== TEST 1: the answer
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /one {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /three {
    gw_aggregate on;
    gw_part c /_p/c?$http_x_c;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b;
}

location = /fixed {
    gw_aggregate on;
    gw_part text /_text;
    gw_part file /_file;
    gw_part rewritten /_rewritten;
    gw_part redirected /_redirected;
}

location = /_text { internal; return 200 '{"said":"here"}'; }

location = /_file {
    internal;
    alias $TEST_NGINX_SERVER_ROOT/html/file.json;
}

location = /_rewritten { internal; rewrite ^ /_text last; }

location = /_redirected {
    internal;
    try_files /no /_named;
}

location = /_named { internal; return 200 [2]; }

location = /off {
    gw_aggregate off;
    return 200 "as usual\n";
}
_EOC_
--- user_files
>>> file.json
 {"of": "a file" }
--- cases
['one part', ask(uri => '/one', a => { json => '{"x":1}' }), 200, '',
 body => '{"a":{"x":1}}', 'Content-Type' => 'application/json',
 'Content-Length' => 13, 'Cache-Control' => undef, 'ETag' => undef,
 'Last-Modified' => undef, 'Accept-Ranges' => undef],
['three parts, in the order of the lines',
 ask(uri => '/three', a => { json => '[1, 2]', delay => 0.05 },
     b => { json => '"b"' }, c => { json => 'true', delay => 0.1 }),
 200, '', body => '{"c":true,"a":[1, 2],"b":"b"}'],
(map {
    my $json = $_;

    ["any value: $json", ask(uri => '/one', a => { json => $json }), 200, '',
     body => "{\"a\":$json}"]
} '{}', '[]', '""', 'null', 'false', '0', '-0.0e+10', '"\u0000\ud800"',
  '123456789012345678901234567890.000', '{ "b" :1, "a": 2 ,"b": 3}',
  "\"\xc3\xa4\xf0\x9d\x84\x9e\""),
['white space within stays', ask(uri => '/one', a => { json => "[1,\r\n\t 2]" }),
 200, '', body => "{\"a\":[1,\r\n\t 2]}"],
['white space around is left out',
 ask(uri => '/one', a => { json => " \r\n\t[1] \n" }), 200, '',
 body => '{"a":[1]}'],
['a part may be of nginx itself', '/fixed', 200, '',
 body => '{"text":{"said":"here"},"file":{"of": "a file" },'
         . '"rewritten":{"said":"here"},"redirected":[2]}'],
['off', '/off', 200, '', body => "as usual\n"],
['a part cannot be asked from outside', '/_p/a?json=1', 404, undef],



=== TEST 2: methods
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}
_EOC_
--- cases
['GET', ask(a => { json => '[1]' }), 200, '', body => '{"a":[1]}'],
['HEAD', ask(method => 'HEAD', a => { json => '[1]' }), 200, '', body => '',
 'Content-Length' => 9, 'Content-Type' => 'application/json'],
['HEAD: parts are asked with GET', sub {
    my ($name) = @_;

    my $since = since();

    http(%{ ask(method => 'HEAD') });
    is(seen($since, 'came', 'a'), 1, $name);
}],
['POST', ask(method => 'POST', body => 'x=1'), 200, '',
 tells(a => method => 'GET', body => '', 'content-length' => undef,
       'content-type' => undef)],
['POST with a body that comes late', sub {
    my ($name) = @_;

    my $began = start(raw => "POST /t HTTP/1.1\r\nHost: x\r\n"
                             . "Connection: close\r\n"
                             . "X-A: json=1\r\nContent-Length: 6\r\n\r\nx");

    GwTest::send_all($began->{conn}{socket}, '12345');

    my $res = finish($began);

    is($res->{code}, 200, "$name: code");
    is($res->{body}, '{"a":1}', "$name: body");
}],
['a chunked body', sub {
    my ($name) = @_;

    my $res = http(raw => "POST /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                          . "X-A: json=1\r\nTransfer-Encoding: chunked\r\n\r\n"
                          . "3\r\nabc\r\n0\r\n\r\n");

    is($res->{body}, '{"a":1}', $name);
}],
(map {
    ["$_ is not allowed", { method => $_, body => 'x' }, 405, '',
     'Allow' => 'GET, HEAD, POST', error => undef]
} qw(PUT PATCH DELETE OPTIONS PROPFIND)),
['HTTP/1.0', ask(version => '1.0', a => { json => '[1]' }), 200, '',
 body => '{"a":[1]}'],
['one connection, several answers', sub {
    my ($name, $repeated) = @_;

    for my $n (1 .. 5) {
        my $res = http(%{ ask(conn => 'kept', a => { json => $n }) });

        is($res->{body}, "{\"a\":$n}", "$name: $n");
    }
}],
['requests that follow each other at once', sub {
    my ($name) = @_;

    my $res = http(conn => 'piped', raw => join '', map {
        "GET /t HTTP/1.1\r\nHost: x\r\nX-A: json=$_&delay=0.05\r\n\r\n"
    } 1 .. 3);

    is($res->{body}, '{"a":1}', "$name: 1");
    is(GwTest::next_response('piped')->{body}, "{\"a\":$_}", "$name: $_")
        for 2, 3;
}],



=== TEST 3: beside other directives
--- http_config
map $http_x_b $wants_b { "" 0; default 1; }
gzip_types application/json;
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /gzip {
    gzip on;
    gzip_min_length 1;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /added {
    add_header X-One $gw_part_a;
    add_header X-Two $two;
    add_header X-Three $gw_part_a_status;
    expires 1h;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part_set $two a /two;
}

location = /if {
    if ($http_x_b) {
        set $seen "b$http_x_b";
    }

    if ($arg_no) {
        return 403 "no\n";
    }

    gw_aggregate on;
    gw_part a "/_p/a?$http_x_a&$seen";
}

location = /inside {
    if ($http_x_b) {
        add_header X-Inside yes;
    }

    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /except {
    limit_except GET {
        deny all;
    }

    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /except-some {
    limit_except GET {
        allow all;
    }

    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /filtered {
    ssi on;
    ssi_types *;
    sub_filter_types *;
    sub_filter '"x"' '"y"';
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /changed {
    gw_aggregate on;
    gw_part a /_filtered/a?$http_x_a;
}

location ^~ /_filtered/ {
    internal;
    add_header X-Part yes;
    charset koi8-r;
    gunzip on;
    gzip on;
    gzip_min_length 1;
    ssi on;
    ssi_types *;
    proxy_pass http://$TEST_NGINX_PART;
}

location /under/ {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;

    location /under/that {
        return 200 "not an aggregate\n";
    }
}
_EOC_
--- cases
['gzip', ask(uri => '/gzip', a => { large => 3000 },
             headers => ['Accept-Encoding: gzip']), 200, '',
 'Content-Encoding' => 'gzip', then => sub {
     my ($res, $name) = @_;

     is(Compress::Zlib::memGunzip($res->{body}),
        '{"a":' . large(3000) . '}', "$name: body");
 }],
['add_header, expires', ask(uri => '/added',
                            a => { json => '{"two":"\u0032!"}' }),
 200, '', 'X-One' => '{"two":"\u0032!"}', 'X-Two' => '2!', 'X-Three' => 200],
['if, not true', ask(uri => '/if'), 200, undef,
 tells(a => uri => '/_p/a?&')],
['if, true', ask(uri => '/if', headers => ['X-B: 7']), 200, undef,
 tells(a => uri => '/_p/a?&b7')],
['if, returns', '/if?no=1', 403, undef, body => "no\n"],
['a block of if with directives of other modules, not true',
 ask(uri => '/inside', a => { json => 1 }), 200, undef, body => '{"a":1}',
 'X-Inside' => undef],
['a block of if with directives of other modules, true',
 ask(uri => '/inside', a => { json => 1 }, headers => ['X-B: 1']), 200, undef,
 body => '{"a":1}', 'X-Inside' => 'yes'],
['limit_except, allowed', ask(uri => '/except', a => { json => 1 }), 200, '',
 body => '{"a":1}'],
['limit_except, not allowed', ask(uri => '/except', method => 'POST',
                                  a => { json => 1 }), 403, ''],
['limit_except, another method that is allowed',
 ask(uri => '/except-some', method => 'POST', a => { json => 1 }), 200, '',
 body => '{"a":1}'],
['filters of the aggregate', ask(uri => '/filtered',
                                 a => { json => '"x"' }), 200, '',
 body => '{"a":"y"}'],
['filters of a part do not', ask(uri => '/changed',
                                 a => { json => '"<!--#echo var=\"uri\" -->"' }),
 200, '', body => '{"a":"<!--#echo var=\"uri\" -->"}', 'X-Part' => undef],
['a location within', '/under/that', 200, '', body => "not an aggregate\n"],
['and without', ask(uri => '/under/this', a => { json => 1 }), 200, '',
 body => '{"a":1}'],



=== TEST 4: defaults of http and server
--- http_config
gw_aggregate_max_depth 3;
gw_aggregate_errors /errors;
gw_aggregate_max_part_size 100;
--- config eval
$GwPart::PARTS . <<'_EOC_'
gw_aggregate_max_depth 4;

location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
}

location = /own {
    gw_aggregate_max_depth 5;
    gw_aggregate_errors off;
    gw_aggregate_max_part_size 200;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
}
_EOC_
--- cases
['of the server', ask(a => { deep => 4 }), 200, '', body => '{"a":[[[[]]]]}'],
partial('too deep', ask(a => { deep => 5 }), 'a;reason=depth',
        '{"errors":{"a":{"reason":"depth"}}}'),
['of http', ask(a => { large => 100 }), 200, ''],
partial('too large', ask(a => { large => 101 }), 'a;reason=size',
        '{"errors":{"a":{"reason":"size"}}}'),
['its own', ask(uri => '/own', a => { deep => 5 }), 200, '',
 body => '{"a":[[[[[]]]]]}'],
partial('too deep', ask(uri => '/own', a => { deep => 6 }), 'a;reason=depth',
        '{}'),
['its own size', ask(uri => '/own', a => { large => 200 }), 200, ''],
