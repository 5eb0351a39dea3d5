# What a part can fail for, and what the client then gets.

use GwTest;
use GwPart;

# a service that accepts connections and one that is not there
$ENV{TEST_NGINX_CLOSED} = "127.0.0.1:$ENV{TEST_NGINX_PORT_2}"
    if $ENV{TEST_NGINX_PORT_2};
$ENV{TEST_NGINX_CLOSED} //= '127.0.0.1:' . (server_port() + 7);

our $reasons = $GwPart::PARTS . <<'_EOC_';
gw_aggregate_max_depth 8;
gw_aggregate_max_part_size 10000;
proxy_connect_timeout 5s;

location ^~ /_closed/ {
    internal;
    proxy_pass http://$TEST_NGINX_CLOSED;
}

location ^~ /_slow/ {
    internal;
    proxy_read_timeout 100ms;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_page/ {
    internal;
    error_page 502 504 = /_said;
    proxy_connect_timeout 5s;
    proxy_pass http://$TEST_NGINX_CLOSED;
}

location ^~ /_intercepted/ {
    internal;
    error_page 404 = /_said;
    proxy_intercept_errors on;
    proxy_pass http://$TEST_NGINX_PART;
}

location = /_said { internal; return 200 '"instead"'; }
location = /_500 { internal; return 500; }
location = /_503 { internal; return 503 '"503"'; }
location = /_504 { internal; return 504; }
location = /_404 { internal; return 404; }
location = /_302 { internal; return 302 /elsewhere; }
location = /_444 { internal; return 444; }
location = /_loop { internal; rewrite ^ /_loop last; }
location ^~ /_nothing/ { internal; alias $TEST_NGINX_SERVER_ROOT/html/; }

location /r {
    gw_aggregate on;
    gw_part b /_p/b?json=1;
    gw_part a $http_x_to/a?$http_x_a timeout=5s;
    gw_part c /_p/c?json=2;
}

location /o {
    gw_aggregate on;
    gw_part b /_p/b?json=1;
    gw_part a $http_x_to/a?$http_x_a timeout=5s optional;
    gw_part c /_p/c?json=2;
}

location /d {
    gw_aggregate on;
    gw_aggregate_errors /meta/errors;
    gw_part b /_p/b?json=1;
    gw_part a $http_x_to/a?$http_x_a timeout=5s optional default=[0];
    gw_part c /_p/c?json=2;
}

location /s {
    gw_aggregate on;
    gw_part b /_p/b?json=1;
    gw_part a $http_x_to/a?$http_x_a timeout=5s optional as=string;
    gw_part c /_p/c?json=2;
}

location /1 {
    gw_aggregate on;
    gw_part a $http_x_to timeout=5s optional;
}

location /long {
    gw_aggregate on;
    gw_aggregate_timeout 10m;
    gw_part b /_p/b?json=1;
    gw_part a /_p/a?$http_x_a optional;
    gw_part c /_p/c?json=2;
}

location /short {
    gw_aggregate on;
    gw_part a $http_x_to/a?$http_x_a timeout=100ms;
}

location /short-optional {
    gw_aggregate on;
    gw_part a $http_x_to/a?$http_x_a timeout=100ms optional;
    gw_part c /_p/c?json=2;
}
_EOC_


# Cases of a part that fails: required, optional, with a default and where
# failures are told.

sub all {
    my ($what, $reason, $say, %arg) = @_;

    my $code = $reason eq 'timeout' ? 504 : 502;
    my $to = 'X-To: ' . ($arg{to} // '/_p');
    my $status = $arg{status} ? ",\"status\":$arg{status}" : '';

    return (
        fails("$what, required", ask(uri => '/r', headers => [$to], a => $say),
              $code, 'a', $reason),
        partial("$what, optional",
                ask(uri => '/o', headers => [$to], a => $say),
                "a;reason=$reason", '{"b":1,"c":2}'),
        partial("$what, with a default",
                ask(uri => '/d', headers => [$to], a => $say),
                "a;reason=$reason",
                '{"b":1,"a":[0],"c":2,"meta":{"errors":{"a":{"reason":"'
                . $reason . "\"$status}}}}"));
}


# And where the answer does not succeed, but not for what it is.

sub good {
    my ($what, $json, $say, %arg) = @_;

    my $to = 'X-To: ' . ($arg{to} // '/_p');

    return [$what, ask(uri => '/r', headers => [$to], a => $say), 200, '',
            body => '{"b":1,"a":' . $json . ',"c":2}'];
}

run_tests();

__DATA__

=== TEST 1: connections, statuses, bodies that end early
--- config eval: $main::reasons
--- cases
good('none', '{"x":1}', { json => '{"x":1}' }),
all('nothing listens', connect => {}, to => '/_closed'),
all('closed before the header', connect => { close => 'header' }),
all('closed within the header', connect => { close => 'half' }),
all('a header that is none', connect => { head => ["nonsense\x01: x"] }),
(map { all("status $_", status => { status => $_, json => '{}' },
           status => $_) }
     301, 304, 400, 401, 404, 500, 502, 503, 504),
all('a status whose body is large', status => { status => 500, large => 90000 },
    status => 500),
all('a status whose length is not told',
    status => { status => 500, json => 'x', chunked => 1 }, status => 500),
fails('a status whose body does not come',
      ask(uri => '/r', headers => ['X-To: /_p'],
          a => { status => 500, json => 'xyz', stall => 1 }), 502, 'a',
      'status'),
partial('a status whose body does not come, optional',
        ask(uri => '/long', a => { status => 500, json => 'xyz', stall => 1 }),
        'a;reason=status', '{"b":1,"c":2}'),
all('a status whose body ends early',
    status => { status => 500, json => 'xyz', close => 1 }, status => 500),
all('the body ends early', truncated => { json => '[1,2]', close => 3 }),
all('the body ends early, before its first byte',
    truncated => { json => '[1,2]', close => 0 }),
all('the body ends early, and is JSON so far',
    truncated => { json => '[1,2]   ', close => 6 }),
all('a chunked body ends early',
    truncated => { json => '[1,2]', chunked => 'cut' }),
all('a chunked body ends early, not buffered',
    truncated => { json => '[1,2]', chunked => 'cut' }, to => '/_u'),
all('the body ends early, not buffered',
    truncated => { json => '[1,2]', close => 3 }, to => '/_u'),
good('the end is that of the connection', '[1,2]', { json => '[1,2]',
                                                     bare => 1 }),
all('the end is that of the connection, too early',
    json => { json => '[1,2', bare => 1 }),



=== TEST 2: statuses of nginx itself
--- config eval: $main::reasons
--- cases
(map {
    my ($uri, $reason, $status) = @$_;

    partial("$uri: $reason", { uri => '/1', headers => ["X-To: $uri"] },
            "a;reason=$reason", '{}',
            'X-Trace' => qr/^a;status=\Q$status\E;reason=$reason;/);
} ['/_404', 'status', 404], ['/_302', 'status', 302], ['/_500', 'connect', 0],
  ['/_503', 'status', 503], ['/_504', 'timeout', 0],
  ['/_nothing/here', 'status', 404], ['/_loop', 'connect', 0]),
partial('no location', { uri => '/1', headers => ['X-To: /nowhere'] },
        'a;reason=status', '{}'),
partial('a connection that is closed without an answer',
        { uri => '/1', headers => ['X-To: /_444'] }, 'a;reason=connect', '{}'),
good('error_page of the part', '"instead"', {}, to => '/_page'),
good('error_page of the part, of a status of the service', '"instead"',
     { status => 404, json => '{}' }, to => '/_intercepted'),



=== TEST 3: timeouts
--- config eval: $main::reasons
--- cases
fails('of the part', ask(uri => '/short', headers => ['X-To: /_p'],
                         a => { never => 1 }), 504, 'a', 'timeout'),
partial('of the part, optional',
        ask(uri => '/short-optional', headers => ['X-To: /_p'],
            a => { never => 1 }), 'a;reason=timeout', '{"c":2}'),
partial('within the body',
        ask(uri => '/short-optional', headers => ['X-To: /_p'],
            a => { json => '[1,2]', stall => 2 }), 'a;reason=timeout',
        '{"c":2}', 'X-Trace' => qr/^a;status=200;reason=timeout;/),
partial('bytes that come all the time',
        ask(uri => '/short-optional', headers => ['X-To: /_p'],
            a => { large => 9000, pieces => 1, gap => 0.02 }),
        'a;reason=timeout', '{"c":2}'),
partial('a status, but its body does not come',
        ask(uri => '/short-optional', headers => ['X-To: /_p'],
            a => { status => 500, json => '[1,2]', stall => 2 }),
        'a;reason=status', '{"c":2}'),
all('of nginx', timeout => { never => 1 }, to => '/_slow'),
all('of nginx, within the body', timeout => { json => '[1,2]', stall => 3 },
    to => '/_slow'),



=== TEST 4: what the body is
--- config eval: $main::reasons
--- cases
all('no JSON', json => { json => '{"x":}' }),
all('nothing', json => { json => '' }),
all('white space', json => { json => '  ' }),
all('half of it', json => { json => '{"x":1' }),
all('something behind it', json => { json => '{} {}' }),
all('HTML', json => { json => '<html>', type => 'text/html' }),
good('another Content-Type', '[1]', { json => '[1]', type => 'text/html' }),
all('bytes that are not UTF-8', charset => { json => "\"\xff\"" }),
all('UTF-8 of surrogates', charset => { json => "\"\xed\xa0\x80\"" }),
all('a byte order mark', charset => { json => "\xef\xbb\xbf1" }),
all('UTF-16', charset => { json => "\xff\xfe1\0" }),
(map { good("charset $_", "\"\xc3\xa4\"",
            { json => "\"\xc3\xa4\"", type => "application/json; charset=$_" })
     } 'utf-8', 'UTF-8', '"utf-8"', 'utf8', 'us-ascii', 'utf-8; v=1',
     'utf-8 ;v=1', '"utf-8";v="1"'),
(map { all("charset $_", charset =>
           { json => '"a"', type => "application/json; charset=$_" })
     } 'iso-8859-1', 'utf-16', '"koi8-r"', 'x', 'x; charset=utf-8'),
good('as deep as is allowed', '[[[[[[[[]]]]]]]]', { deep => 8 }),
all('deeper', depth => { deep => 9 }),
all('much deeper', depth => { deep => 3000 }),
good('as large as is allowed', large(10000), { large => 10000 }),
all('larger', size => { large => 10001 }),
all('larger, its length is not told', size => { large => 10001, chunked => 1 }),
all('much larger', size => { large => 3000000 }),
all('much larger, its length is not told',
    size => { large => 3000000, chunked => 1, pieces => 50000, gap => 0 }),
all('white space counts', size => { json => 1, pad => 10000 }),
good('white space that is not too much', 1, { json => 1, pad => 9999 }),
['a string as it is', ask(uri => '/s', headers => ['X-To: /_p'],
                          a => { json => "x\"\n\x01\xc3\xa4", type => 'x/y' }),
 200, '', body => "{\"b\":1,\"a\":\"x\\\"\\n\\u0001\xc3\xa4\",\"c\":2}"],
['a string without a body', ask(uri => '/s', headers => ['X-To: /_p'],
                                a => { json => '', status => 204 }),
 200, '', body => '{"b":1,"a":"","c":2}'],
partial('a string that is not UTF-8',
        ask(uri => '/s', headers => ['X-To: /_p'], a => { json => "\xff" }),
        'a;reason=charset', '{"b":1,"c":2}'),
partial('a string that is too large',
        ask(uri => '/s', headers => ['X-To: /_p'],
            a => { json => 'x' x 7000, gzip => 'none', chunked => 1 }),
        'a;reason=encoding', '{"b":1,"c":2}'),
partial('a string that is too large, its length is not told',
        ask(uri => '/s', headers => ['X-To: /_p'],
            a => { large => 10001, chunked => 1 }),
        'a;reason=size', '{"b":1,"c":2}'),



=== TEST 5: encodings
--- config eval: $main::reasons
--- cases
good('gzip', '{"x":"yyyyyyyyy"}', { json => '{"x":"yyyyyyyyy"}',
                                    gzip => 'whole' }),
good('gzip, in small pieces', '{"x":"yyyyyyyyy"}',
     { json => '{"x":"yyyyyyyyy"}', gzip => 'whole', pieces => 1 }),
good('gzip, not buffered', '{"x":"yyyyyyyyy"}',
     { json => '{"x":"yyyyyyyyy"}', gzip => 'whole', pieces => 3 },
     to => '/_u'),
good('two members', '[1,2,3,4]', { json => '[1,2,3,4]', gzip => 'two' }),
good('two members, in small pieces', '[1,2,3,4]',
     { json => '[1,2,3,4]', gzip => 'two', pieces => 1 }),
all('gzip, half of it', encoding => { json => '[1,2,3,4]', gzip => 'half' }),
all('gzip, corrupt', encoding => { json => '[1,2,3,4]', gzip => 'corrupt' }),
all('gzip, a wrong checksum', encoding => { json => '[1,2,3,4]',
                                            gzip => 'sum' }),
all('gzip, something behind it', encoding => { json => '[1,2,3,4]',
                                               gzip => 'tail' }),
all('gzip that is none', encoding => { json => '[1,2,3,4]', gzip => 'none' }),
all('gzip of nothing at all', encoding => { json => '', gzip => 'none' }),
all('gzip, but no JSON', json => { json => '[1,2', gzip => 'whole' }),
all('gzip, but the connection ends early',
    truncated => { json => large(2000), gzip => 'whole', close => 20 }),
good('gzip, as large as is allowed', large(10000),
     { large => 10000, gzip => 'whole' }),
all('gzip, larger', size => { large => 10001, gzip => 'whole' }),
all('a bomb', size => { large => 30000000, gzip => 'whole' }),
(map { all("encoding $_", encoding => { json => '[1]', encoding => $_ }) }
     'deflate', 'br', 'gzip, gzip', 'x'),
good('encoding identity', '[1]', { json => '[1]', encoding => 'identity' }),
all('a status, and an encoding', status => { json => '[1]', encoding => 'br',
                                             status => 500 }, status => 500),



=== TEST 6: reasons that are not of the answer alone
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /merge {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a as=merge optional;
    gw_part b /_p/b?$http_x_b as=merge;
}

location = /select {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a select=/x/1 optional;
}

location = /uses {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional default=5;
    gw_part b /_p/b?a=$gw_part_a optional;
    gw_part c /_p/c?b=$b;
    gw_part_set $b b "";
}

location = /uri {
    gw_aggregate on;
    gw_part a /_p/$http_x_to optional;
}

location = /header {
    gw_aggregate on;
    gw_part a /_p/a optional;
    gw_part_header a X-H $uri_decoded;
}

location = /large {
    gw_aggregate_max_size 1000;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b optional;
}
_EOC_
--- http_config
map $uri $uri_decoded { default ""; }
--- cases
['merged', ask(uri => '/merge', a => { json => '{"x":1}' },
               b => { json => '{"y":2}' }), 200, '', body => '{"x":1,"y":2}'],
partial('a name twice', ask(uri => '/merge', b => { json => '{"y":2}' },
                            a => { json => '{"x":1,"\u0078":2}' }),
        'a;reason=duplicate', '{"y":2}'),
partial('a name twice, deeper', ask(uri => '/merge',
                                    b => { json => '{"z":{"y":2}}' },
                                    a => { json => '{"z":{"x":1,"x":2}}' }),
        'a;reason=duplicate', '{"z":{"y":2}}'),
['a name twice in what is not merged',
 ask(uri => '/merge', b => { json => '{"y":2}' },
     a => { json => '{"z":{"x":1,"x":2}}' }), 200, '',
 body => '{"z":{"x":1,"x":2},"y":2}'],
fails('a name twice, deeper, required',
      ask(uri => '/merge', a => { json => '{"z":{"y":2}}' },
          b => { json => '{"z":{"x":1,"x":2}}' }), 502, 'b', 'duplicate'),
partial('no object', ask(uri => '/merge', b => { json => '{"y":2}' },
                         a => { json => '[]' }), 'a;reason=json', '{"y":2}'),
fails('a name twice, required', ask(uri => '/merge', a => { json => '{}' },
                                    b => { json => '{"x":1,"x":2}' }),
      502, 'b', 'duplicate'),
fails('no object, required', ask(uri => '/merge', a => { json => '{}' },
                                 b => { json => '"x"' }), 502, 'b', 'json'),
['selected', ask(uri => '/select', a => { json => '{"x":[0,7]}' }), 200, '',
 body => '{"a":7}'],
(map { partial("nothing to select: $_",
               ask(uri => '/select', a => { json => $_ }), 'a;reason=json',
               '{}') } '{"x":[0]}', '{"x":{}}', '[]', '1', '{}'),
fails('what another has not', ask(uri => '/uses', a => { json => 'x' }), 502,
      'c', 'dependency'),
(map { partial("uri $_", { uri => '/uri', headers => ["X-To: $_"] },
               'a;reason=uri', '{}') }
     '.', '..', '../a', './a', 'a/..', 'a/./b', 'a/../b', 'a/.?x', '..?x'),
(map { ["uri $_", { uri => '/uri', headers => ["X-To: $_"] }, 200, '',
        tells(a => uri => $_ eq '...' ? '/_p/...' : "/_p/$_")] }
     '...', '.a', 'a..', 'a/.../b', 'a?x=/../'),
['the answer is not too large', ask(uri => '/large', a => { large => 989 },
                                    b => { status => 500 }),
 200, 'b;reason=status', 'Content-Length' => 995],
['the answer, as large as is allowed',
 ask(uri => '/large', a => { large => 500 }, b => { large => 489 }), 200, '',
 'Content-Length' => 1000],
['the answer is too large',
 ask(uri => '/large', a => { large => 500 }, b => { large => 490 }), 502, '',
 error => '502 size', 'Content-Type' => 'application/problem+json',
 json => { status => 502, part => undef,
           detail => 'the answer is longer than is allowed' },
 log => 'the answer of 1001 bytes is longer than gw_aggregate_max_size'],



=== TEST 7: what the client gets
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a status_from=part;
    gw_part b /_p/b?$http_x_b optional status_from=part;
    gw_part c /_p/c?$http_x_c;
    gw_part d /_p/d?$http_x_d optional 'default={}';
}

location = /page {
    error_page 502 504 /page.html;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a timeout=200ms;
}

location = /page-json {
    error_page 502 =200 @instead;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location @instead {
    add_header X-Error $gw_error always;
    return 200 '{"part_a":"$gw_part_a_status"}';
}

location = /page.html {
    internal;
    return 200 "sorry: $status $gw_error $gw_part_a_status\n";
}

location = /order {
    gw_aggregate on;
    gw_aggregate_errors "/a/b/~1x";
    gw_part z /_p/z?$http_x_z optional;
    gw_part y /_p/y?$http_x_y optional;
    gw_part x /_p/x?$http_x_x optional;
    gw_part a /_p/a?$http_x_a as=merge;
}
_EOC_
--- cases
do {
    my %ok = map { $_ => { json => 1 } } qw(a b c d);

    (
        ['all succeed', ask(%ok), 200, '', body => '{"a":1,"b":1,"c":1,"d":1}'],
        (map {
            my $code = $_;

            fails("its status: $code",
                  ask(%ok, a => { status => $code, json => '{}' }), $code,
                  'a', 'status')
        } 401, 403, 404, 429),
        (map {
            my $code = $_;

            fails("not its status: $code",
                  ask(%ok, a => { status => $code, json => '{}' }), 502,
                  'a', 'status')
        } 301, 400, 402, 405, 500, 503, 504),
        fails('the status of a part without status_from',
              ask(%ok, c => { status => 404, json => '{}' }), 502, 'c',
              'status'),
        partial('the status of an optional one',
                ask(%ok, b => { status => 401, json => '{}' }),
                'b;reason=status', '{"a":1,"c":1,"d":1}'),
        partial('two that are optional',
                ask(%ok, b => { close => 'header' }, d => { status => 404 }),
                'b;reason=connect, d;reason=status', '{"a":1,"c":1,"d":{}}'),
        fails('an optional one and a required one',
              ask(%ok, b => { json => 'x' },
                  c => { json => 'x', delay => 0.1 }), 502, 'c', 'json'),
        ['no member of the service\'s body or header gets out',
         ask(%ok, c => { status => 500, json => 'secret',
                         head => ['X-Secret: secret'] }), 502, '',
         then => sub {
             my ($res, $name) = @_;

             unlike($res->{raw}, qr/secret/, $name);
         }],
        ['the problem', ask(%ok, c => { json => '!' }), 502, '',
         then => sub {
             my ($res, $name) = @_;

             my $problem = unjson($res->{body});

             like(delete $problem->{instance}, qr/^[0-9a-f]{32}$/, $name);
             is_deeply($problem, {
                 type => 'about:blank', title => 'Bad Gateway', status => 502,
                 detail => 'a part of the answer could not be had',
                 part => 'c', reason => 'json',
             }, $name);
         }],
    )
},
['HEAD of a failure', ask(method => 'HEAD', a => { status => 404 }), 404,
 undef, body => '', 'Content-Type' => 'application/problem+json',
 error => '404 a status'],
fails('POST', ask(method => 'POST', body => 'x', a => { json => 'x' },
                  c => { json => 1 }), 502, 'a', 'json'),
['error_page', ask(uri => '/page', a => { json => 'x' }), 502, undef,
 body => "sorry: 502 502 a json 200\n", error => '502 a json',
 'Content-Type' => 'text/html'],
['error_page, 504', ask(uri => '/page', a => { never => 1 }), 504, undef,
 body => "sorry: 504 504 a timeout \n", error => '504 a timeout'],
['error_page, none needed', ask(uri => '/page', a => { json => 2 }), 200, '',
 body => '{"a":2}'],
['error_page with a status of its own',
 ask(uri => '/page-json', a => { status => 503, json => '{}' }), 200, undef,
 body => '{"part_a":"503"}', error => '502 a status'],
partial('what has failed is told, in the order of the lines',
        ask(uri => '/order', z => { close => 'header', delay => 0.1 },
            y => { json => 'x' }, x => { status => 418, json => 1 },
            a => { json => '{"a":{"c":1}}' }),
        'z;reason=connect, y;reason=json, x;reason=status',
        '{"a":{"c":1,"b":{"/x":{"z":{"reason":"connect"},'
        . '"y":{"reason":"json"},"x":{"reason":"status","status":418}}}}}'),
['nothing has failed', ask(uri => '/order', z => { json => 1 },
                           y => { json => 2 }, x => { json => 3 },
                           a => { json => '{}' }), 200, '',
 body => '{"z":1,"y":2,"x":3}'],
