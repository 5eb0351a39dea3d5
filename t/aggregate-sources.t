# Whoever answers a part: files, nginx itself, another location that the part
# was sent on to; and services that answer strangely.

use GwTest;
use GwPart;

our $config = $GwPart::PARTS . <<'_EOC_';
error_page 418 = @teapot;
proxy_read_timeout 5s;

location = /t {
    gw_aggregate on;
    gw_part a /_from/$arg_from?$http_x_a;
    gw_part b /_p/b?json=2;
}

location = /optional {
    gw_aggregate on;
    gw_part a /_from/$arg_from?$http_x_a optional;
    gw_part b /_p/b?json=2;
}

location = /any {
    gw_aggregate on;
    gw_part a /_from/$arg_from?$http_x_a status=1xx,2xx,3xx,4xx,5xx;
    gw_part b /_p/b?json=2;
}

location = /string {
    gw_aggregate on;
    gw_part a /_from/$arg_from?$http_x_a as=string;
    gw_part b /_p/b?json=2;
}

location = /large {
    client_max_body_size 50m;
    gw_aggregate on;
    gw_part a /_from/service?early=1&json=1 method=POST body=pass;
    gw_part b /_p/b?json=2;
}

location ^~ /_from/ { internal; }

location ^~ /_from/service {
    internal;
    proxy_http_version 1.1;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_from/upgrade {
    internal;
    proxy_http_version 1.1;
    proxy_set_header Upgrade websocket;
    proxy_set_header Connection upgrade;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_from/intercept {
    internal;
    proxy_intercept_errors on;
    error_page 500 =200 /_from/return;
    error_page 501 /_from/return;
    error_page 502 504 = @teapot;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_from/loop {
    internal;
    recursive_error_pages on;
    error_page 503 /_from/loop;
    return 503;
}

location = /_from/file { internal; alias $TEST_NGINX_SERVER_ROOT/html/file; }
location = /_from/empty { internal; alias $TEST_NGINX_SERVER_ROOT/html/none; }
location = /_from/dir/ { internal; alias $TEST_NGINX_SERVER_ROOT/html/; }

location = /_from/tried {
    internal;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files /nosuch /file =404;
}

location = /_from/tried-name {
    internal;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files /nosuch @name;
}

location = /_from/tried-service {
    internal;
    root $TEST_NGINX_SERVER_ROOT/html;
    try_files /nosuch /_p/tried?$args;
}

location = /_from/return { internal; return 200 '{"of": "nginx"}'; }
location = /_from/return-204 { internal; return 204; }
location = /_from/return-301 { internal; return 301 /elsewhere; }
location = /_from/return-400 { internal; return 400; }
location = /_from/return-401 { internal; return 401; }
location = /_from/return-408 { internal; return 408; }
location = /_from/return-418 { internal; return 418; }
location = /_from/return-444 { internal; return 444; }
location = /_from/return-499 { internal; return 499; }
location = /_from/return-500 { internal; return 500; }
location = /_from/return-503 { internal; return 503; }
location = /_from/rewrite { internal; rewrite ^ /_from/return last; }
location = /_from/rewrite-loop {
    internal;
    rewrite ^ /_from/rewrite-loop last;
}
location = /_from/redirected { internal; rewrite ^ /elsewhere redirect; }
location = /_from/gif { internal; empty_gif; }
location = /_from/itself { internal; rewrite ^ /t last; }

location = /each {
    gw_aggregate on;
    gw_part c /_p/c?$http_x_a optional;
    gw_part d /_p/d?$http_x_a optional;
    gw_part e /_p/e?$http_x_a optional;
}

location @name { return 200 '{"of": "a name"}'; }
location @teapot { return 200 '{"of": "a teapot"}'; }
_EOC_

our $files = ">>> file\n[1, 2]\n>>> none\n";

sub raw { return { raw => join "\r\n", @_ } }

run_tests();

__DATA__

=== TEST 1: nginx itself
--- user_files eval: $main::files
--- config eval: $main::config
--- cases
(map {
    my ($from, $body) = @$_;

    [$from, "/t?from=$from", 200, '', body => "{\"a\":$body,\"b\":2}"]
} ['file', '[1, 2]'], ['tried', '[1, 2]'], ['tried-name', '{"of": "a name"}'],
  ['return', '{"of": "nginx"}'], ['return-204', 'null'],
  ['return-418', '{"of": "a teapot"}'], ['rewrite', '{"of": "nginx"}']),
['try_files, a service', ask(uri => '/t?from=tried-service',
                             a => { json => '[3]' }), 200, '',
 body => '{"a":[3],"b":2}'],
(map {
    my ($from, $code, $reason, $json) = @$_;

    fails($from, { uri => "/t?from=$from" }, $code, 'a', $reason),
    partial("$from, optional", { uri => "/optional?from=$from" },
            "a;reason=$reason", '{"b":2}'),
    ["$from, whatever the status", "/any?from=$from",
     $reason =~ /connect|json/ ? $code : 502, ''],
} ['empty', 502, 'json'], ['dir/', 502, 'status'], ['gif', 502, 'json'],
  ['nothing', 502, 'status'], ['return-301', 502, 'status'],
  ['return-400', 502, 'status'], ['return-401', 502, 'status'],
  ['return-408', 502, 'connect'], ['return-444', 502, 'connect'],
  ['return-499', 502, 'connect'], ['return-500', 502, 'connect'],
  ['return-503', 502, 'connect'], ['redirected', 502, 'status'],
  ['rewrite-loop', 502, 'connect']),
['a file as a string', '/string?from=file', 200, '',
 body => '{"a":"[1, 2]\\n","b":2}'],
['an empty file as a string', '/string?from=empty', 200, '',
 body => '{"a":"","b":2}'],
['error pages that lead to each other', '/optional?from=loop', 200,
 'a;reason=connect', body => '{"b":2}'],
['a part that leads to its aggregate', '/optional?from=itself', 200, undef,
 then => sub { unlike($_[0]{body}, qr/of/, $_[1]) }],



=== TEST 2: sent on by the service
--- user_files eval: $main::files
--- config eval: $main::config
--- cases
(map {
    my ($to, $body) = @$_;

    ["X-Accel-Redirect: $to",
     ask(uri => '/t?from=service',
         a => { json => 1, head => ["X-Accel-Redirect: $to"] }), 200, '',
     body => "{\"a\":$body,\"b\":2}"]
} ['/_from/file', '[1, 2]'], ['/_from/return', '{"of": "nginx"}'],
  ['@name', '{"of": "a name"}'], ['/_p/x?json=[5]', '[5]'],
  ['/_p/x?large=100000', large(100000)]),
fails('to nowhere', ask(uri => '/t?from=service',
                        a => { head => ['X-Accel-Redirect: /nowhere'] }),
      502, 'a', 'status'),
fails('to a part that fails',
      ask(uri => '/t?from=service',
          a => { head => ['X-Accel-Redirect: /_p/x?json=[5&x'] }),
      502, 'a', 'json'),
['to another aggregate',
 ask(uri => '/optional?from=service',
     a => { head => ['X-Accel-Redirect: /t?from=return'] }),
 200, '', body => '{"a":{"a":{"of": "nginx"},"b":2},"b":2}'],
fails('to its aggregate',
      ask(uri => '/t?from=service',
          a => { head => ['X-Accel-Redirect: /t?from=return'] }), 502, 'a',
      'uri', log => 'aggregate within itself'),
partial('to its aggregate, optional',
        ask(uri => '/optional?from=service',
            a => { head => ['X-Accel-Redirect: /optional?from=service'] }),
        'a;reason=uri', '{"b":2}'),
['to another one, which leads back to it', sub {
    my ($name) = @_;

    my $since = since();
    my $res = http(%{ ask(uri => '/optional?from=service',
                          a => { head => ['X-Accel-Redirect: /each'] }) });

    # of the inner one each part is sent on to it again, where it ends
    is($res->{code}, 200, "$name: code");
    is($res->{body}, '{"a":{},"b":2}', "$name: body");
    is(seen($since, 'came', $_), 1, "$name: $_")
        for qw(service c d e);
}],
['intercepted, a status of its own',
 ask(uri => '/t?from=intercept', a => { status => 500 }), 200, '',
 body => '{"a":{"of": "nginx"},"b":2}'],
fails('intercepted, the status stays',
      ask(uri => '/t?from=intercept', a => { status => 501 }), 502, 'a',
      'connect'),
['intercepted, no connection',
 ask(uri => '/t?from=intercept', a => { close => 'header' }), 200, '',
 body => '{"a":{"of": "a teapot"},"b":2}'],
['X-Accel-Limit-Rate, -Expires, -Buffering, -Charset',
 ask(uri => '/t?from=service',
     a => { large => 100000, head => ['X-Accel-Limit-Rate: 10',
                                      'X-Accel-Expires: 10',
                                      'X-Accel-Buffering: yes'] }), 200, '',
 body => '{"a":' . large(100000) . ',"b":2}'],



=== TEST 3: strange answers of a service
--- config eval: $main::config
--- cases
['trailers', ask(uri => '/t?from=service',
                 a => main::raw('HTTP/1.1 200 OK', 'Trailer: X-A',
                                'Transfer-Encoding: chunked', '', '1', '7',
                                '0', 'X-A: b', 'Content-Length: 5', '', '')),
 200, '', body => '{"a":7,"b":2}', 'X-A' => undef, 'Trailer' => undef],
['chunks with extensions',
 ask(uri => '/t?from=service',
     a => main::raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '',
                    '1;x=y', '7', '00', '', '')), 200, '',
 body => '{"a":7,"b":2}'],
fails('a chunk that is too long to be one',
      ask(uri => '/t?from=service',
          a => main::raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '',
                         'ffffffffffffffffff', '7', '0', '', '')),
      502, 'a', 'truncated'),
fails('no number of a chunk',
      ask(uri => '/t?from=service',
          a => main::raw('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '',
                         'x', '7', '0', '', '')),
      502, 'a', 'truncated'),
['more than its length',
 ask(uri => '/t?from=service',
     a => main::raw('HTTP/1.1 200 OK', 'Content-Length: 1', '', '78]')),
 200, '', body => '{"a":7,"b":2}'],
(map {
    my ($status, $more) = @$_;

    fails("status $status", ask(uri => '/t?from=service',
                                a => main::raw("HTTP/1.1 $status Said",
                                               @$more, '', '')),
          502, 'a', 'status'),
    ["status $status, optional",
     ask(uri => '/optional?from=service',
         a => main::raw("HTTP/1.1 $status Said", @$more, '', '')), 200,
     'a;reason=status', body => '{"b":2}'],
} [304, []], [304, ['Content-Length: 10']], [416, []], [999, []],
  [101, ['Upgrade: websocket', 'Connection: upgrade']]),
['a switch of protocols that was asked for',
 ask(uri => '/optional?from=upgrade',
     a => main::raw('HTTP/1.1 101 Switch', 'Upgrade: websocket',
                    'Connection: upgrade', '', '7')), 200,
 'a;reason=status', body => '{"b":2}'],
['status 206', ask(uri => '/t?from=service',
                   a => main::raw('HTTP/1.1 206 Partial', 'Content-Length: 1',
                                  'Content-Range: bytes 0-0/10', '', '7')),
 200, '', body => '{"a":7,"b":2}', 'Content-Range' => undef],
['status 204 with a body',
 ask(uri => '/t?from=service',
     a => main::raw('HTTP/1.1 204 None', 'Content-Length: 1', '', '7')),
 qr/^(200|502)$/, ''],
['no header at all', ask(uri => '/optional?from=service',
                         a => { raw => '7' }), 200, qr/^a;reason=/,
 then => sub { like($_[0]{body}, qr/^\{("a":7,)?"b":2\}$/, $_[1]) }],
fails('a header that is none', ask(uri => '/t?from=service',
                                   a => main::raw('HTTP/1.1 200 OK', "a\0b: c",
                                                  '', '7')),
      502, 'a', 'connect'),
fails('a header that is too long',
      ask(uri => '/t?from=service',
          a => { json => 7, head => ['X-A: ' . 'x' x 3000,
                                     'X-B: ' . 'x' x 3000] }),
      502, 'a', 'connect'),
['many header fields', ask(uri => '/t?from=service',
                           a => { json => 7, head => [map { "X-$_: 1" }
                                                          1 .. 150] }),
 200, '', 'X-1' => undef, body => '{"a":7,"b":2}'],
fails('a gzip bomb', ask(uri => '/t?from=service',
                         a => { zeros => 100, gzip => 'whole' }),
      502, 'a', 'size'),
fails('a gzip bomb as a string',
      ask(uri => '/string?from=service', a => { zeros => 100,
                                                gzip => 'whole' }),
      502, 'a', 'size'),
['an answer before the request has come',
 { uri => '/large', method => 'POST', body => 'x' x 20000000 }, 200, '',
 body => '{"a":1,"b":2}'],
