# Which method a request is for, and in which form its client speaks: 404, 405,
# 406, 415.

use GwTest;
use GwGrpc;

sub found {
    my ($path, $request, %arg) = @_;

    return [($arg{method} ? "$arg{method} " : '') . $path, call($path, %arg),
            200, 0, sent(method => 'Test/Get', request => $request)];
}


sub none {
    my ($path, %arg) = @_;

    return refusal("none: $path", call($path, %arg), 404, 'route',
                   'no call for this path', 'X-Method' => undef);
}


sub typed {
    my ($type, $code, @more) = @_;

    my $request = call('/v1/echo', body => '{"id":5}', type => $type);

    return $code == 200
        ? ["type $type", $request, 200, 0, body => '{"id":"5"}', @more]
        : refusal("type $type", $request, $code, @more);
}


sub accepted {
    my ($accept, $uri, $code, $type) = @_;

    my $request = call($uri, headers => ["Accept: $accept"]);

    return $code == 406
        ? refusal("Accept: $accept", $request, 406, 'accept', qr/Accept/)
        : ["Accept: $accept", $request, 200, undef, 'Content-Type' => $type];
}


run_tests();

__DATA__

=== TEST 1: paths
--- http_config eval: $GwGrpc::HTTP
--- config eval
$GwGrpc::ALL . <<'_EOC_'
location /rewritten {
    rewrite ^/rewritten/(.*) /v1/$1 last;
}
_EOC_
--- cases
found('/v1/items/5', { id => '5' }),
found('/v1/items/special', {}),
found('/v1/items/%73pecial', {}),
found('/v1/%69tems/5', { id => '5' }),
found('/v1/items/%35', { id => '5' }),
found('/v1/items/5:check', { id => '5' }),
found('/v1/items/5?', { id => '5' }),
found('/v1/shelves/1/books/2', { name => 'shelves/1/books/2' }),
found('/v1/shelves/a%2Fb/books/c%20d', { name => 'shelves/a%2Fb/books/c d' }),
found('/v1/shelves/a%2fb/books/%2F', { name => 'shelves/a%2fb/books/%2F' }),
found('/v1/name/a%2Fb', { name => 'a/b' }),
found('/v1/name/a%2fb%25%3F%23', { name => 'a/b%?#' }),
found('/v1/name/a+b', { name => 'a+b' }),
found('/v1/name/a:b', { name => 'a:b' }),
found('/v1/name/a;b=c,d@e', { name => 'a;b=c,d@e' }),
found('/v1/name/%252F', { name => '%2F' }),
found('/v1/name/...', { name => '...' }),
found('/v1/files/a', { name => 'a' }),
found('/v1/files/a/b/c.txt', { name => 'a/b/c.txt' }),
found('/v1/files/a%2Fb/c', { name => 'a%2Fb/c' }),
found('/v1/files/a/b:stat', { name => 'a/b' }),
found('/v1/files/a/b:other', { name => 'a/b:other' }),
found('/v1/files/a:stat/b', { name => 'a:stat/b' }),
found('/v1/x/any', {}),
found('/v1/x/any/y/z', {}),
found('/v1/all/5', { id => '5' }),
found('/v1/all/5', { id => '5' }, method => 'POST'),
found('/v1/all/5', { id => '5' }, method => 'REPORT'),
found('/v1/items/5', { id => '5' }, method => 'PURGE'),
none('/v1'),
none('/v1/'),
none('/v1/item/5'),
none('/v1/items/5/'),
none('/v1/items//5'),
none('/v1//items/5'),
none('/v1/items/5/6/7'),
none('/v1/items/'),
none('/v1/Items/5'),
none('/v1/items/../items/5'),
none('/v1/items/./5'),
none('/v1/name/.'),
none('/v1/name/..'),
none('/v1/files/a/../b'),
none('/v1/files/a/%2E%2E/b'),
none('/v1/name/%2e'),
none('/v1/name/a%2F..%2F..%2Fget'),
none('/v1/name/a%2f%2e%2E%2fb'),
none('/v1/files/a/b%2F../c'),
none('/v1/shelves/1/books'),
none('/v1/name/a/b'),
none('/v10/get'),
['a malformed escape is nginx\'s', call('/v1/name/%x'), 400, undef],
['an absolute uri', call('http://localhost/v1/items/5'), 200, 0,
 sent(request => { id => '5' })],
['a fragment', call('/v1/items/5#x'), 200, 0, sent(request => { id => '5' })],
['rewritten', call('/rewritten/items/5'), 200, 0,
 sent(request => { id => '5' })],
['rewritten, with a slash that was decoded',
 call('/rewritten/files/a%2Fb?id=5'), 200, 0,
 sent(request => { id => '5', name => 'a/b' })],
['a path that only looks like another', call('/v1/items/a%2Fcheck'), 400, 3,
 error => '400 path'],



=== TEST 2: methods
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($method, $path, $allow) = @$_;

    refusal("$method $path", call($path, method => $method), 405, 'method',
            'no call for this method', 'X-Method' => undef, Allow => $allow)
} (
    ['POST', '/v1/items/5', qr/^(?=.*DELETE)(?=.*PURGE)(?=.*PATCH)(?=.*GET)/],
    ['GET', '/v1/items', 'POST'],
    ['PUT', '/v1/items', 'POST'],
    ['OPTIONS', '/v1/items', 'POST'],
    ['PURGE', '/v1/get', qr/^GET\b/],
    ['GET', '/v1/heads/5', 'HEAD'],
    ['POST', '/v1/items/5:check', qr/\bGET\b/],
)),
['HEAD as GET', call('/v1/items/5', method => 'HEAD'), 200, 0, body => '',
 'X-Method' => 'test.v1.Test/Get', 'Content-Length' => qr/^\d\d+$/],
['HEAD by itself', call('/v1/heads/5', method => 'HEAD'), 200, 0, body => '',
 'X-Method' => 'test.v1.Test/Get'],
['HEAD where there is no GET', call('/v1/items', method => 'HEAD'), 405, 12,
 Allow => 'POST', body => '', error => '405 method'],
['HEAD of an error', call('/v1/items/5', method => 'HEAD',
                          do => { code => 5, message => 'no' }), 404, 5,
 body => '', 'Content-Length' => 38],
['HEAD of nothing', call('/v1/nothing', method => 'HEAD'), 404, 5, body => '',
 error => '404 route', 'Content-Type' => 'application/json'],
['HEAD of a stream', call('/v1/watch/3', method => 'HEAD'), 200, undef,
 body => '', 'Content-Type' => 'application/json'],



=== TEST 3: what a body is
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
typed('', 200),
typed('application/json', 200),
typed('Application/JSON', 200),
typed('application/json; charset=utf-8', 200),
typed('application/json;charset="UTF-8"', 200),
typed('application/json ; x=y; charset=utf-8', 200),
typed('text/json', 200),
typed('application/vnd.api+json', 200),
typed('application/json; charset=us-ascii', 200),
typed('application/json; charset=iso-8859-1', 415, 'charset', qr/UTF-8/),
typed('application/json; charset="utf-16"', 415, 'charset', qr/UTF-8/),
typed('text/plain', 415, 'type', qr/JSON/),
typed('application/x-www-form-urlencoded', 415, 'type', qr/JSON/),
typed('application/jsonx', 415, 'type', qr/JSON/),
typed('application/xml', 415, 'type', qr/JSON/),
typed('application/x-ndjson', 415, 'type', qr/JSON/),
typed('application/+json', 415, 'type', qr/JSON/),
typed('multipart/form-data; boundary=x', 415, 'type', qr/JSON/),
typed('application/grpcx', 415, 'type', qr/JSON/),
typed('application/grpc-web', 415, 'type', qr/JSON/),
(map { ["no body, $_", call('/v1/items/5', type => $_), 200, 0,
        sent(request => { id => '5' })] }
 ('text/plain', 'application/x-www-form-urlencoded',
  'application/json; charset=utf-16')),
refusal('no body, where there may be one', call('/v1/items', type => 'text/plain',
        method => 'POST'), 415, 'type', qr/JSON/),
refusal('a body where there is none', { %{ call('/v1/items/5',
        type => 'text/plain', body => 'a=b') }, method => 'GET' },
        415, 'type', qr/JSON/),



=== TEST 4: what an answer is to be
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map { accepted($_, '/v1/get', 200, 'application/json') }
     '*/*', 'application/*', 'application/json', 'APPLICATION/json',
     'text/html, */*;q=0.1', 'text/html,application/json;q=0.001',
     'application/json;q=1.000', 'application/json; charset=utf-8',
     'text/html;x="a,b";q=1, application/json', ''),
(map { accepted($_, '/v1/get', 406) }
     'text/html', 'application/json;q=0', '*/*;q=0', 'text/*',
     '*/*, application/json;q=0', 'application/*;q=0,*/*',
     'application/jsonx', 'application/x-ndjson', 'text/event-stream',
     'application/json;q=0.000'),
['several fields, the first empty',
 call('/v1/get', headers => ['Accept:', 'Accept: text/html']), 406, 3,
 error => '406 accept'],
['several fields',
 call('/v1/get', headers => ['Accept: text/html', 'Accept: application/json']),
 200, 0, 'Content-Type' => 'application/json'],
(map { accepted($_->[0], '/v1/watch/1', 200, $_->[1]) } (
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/jsonl', 'application/x-ndjson'],
    ['text/event-stream', 'text/event-stream'],
    ['text/event-stream, application/json;q=0.5', 'text/event-stream'],
    ['text/event-stream;q=0.5, application/json', 'application/json'],
    ['text/event-stream, */*', 'text/event-stream'],
    ['application/x-ndjson, */*', 'application/x-ndjson'],
    ['text/*', 'text/event-stream'],
    ['application/*', 'application/json'],
    ['application/json;q=0, */*', 'application/x-ndjson'],
)),
accepted('text/html', '/v1/watch/1', 406),
accepted('*/*;q=0', '/v1/watch/1', 406),
