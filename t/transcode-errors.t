# What a client is told when a call fails: by the service, by this module, by
# nginx.

use GwTest;
use GwGrpc;

our %http = (1 => 499, 2 => 500, 3 => 400, 4 => 504, 5 => 404, 6 => 409,
             7 => 403, 8 => 429, 9 => 400, 10 => 409, 11 => 400, 12 => 501,
             13 => 500, 14 => 503, 15 => 500, 16 => 401);

our $type = 'type.googleapis.com/google.rpc';


# a call that fails with a message, and the text the client gets for it
sub says {
    my ($what, $message, $text) = @_;

    return [$what, call('/v1/get', do => { code => 5, message => $message }),
            404, 5, json => { code => 5, message => $text // $message,
                              details => [] }];
}


sub details {
    my ($what, $do, $details, @more) = @_;

    return [$what, call('/v1/get', do => { code => 5, message => 'm', %$do }),
            404, 5, json => { code => 5, message => 'm', details => $details },
            @more];
}


# headers and trailers of the fake service, and what becomes of them
sub trailers {
    my ($what, $headers, $code, $status, @more) = @_;

    return [$what, fake([['headers', [[':status', '200'],
                                      ['content-type', 'application/grpc'],
                                      @$headers], 5]]), $code, $status, @more];
}


run_tests();

__DATA__

=== TEST 1: codes
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my $code = $_;
    my @more = ('Content-Type' => 'application/json',
                body => "{\"code\":$code,\"message\":\"it is $code\","
                        . '"details":[]}',
                'Content-Length' => qr/^4[35]$/, 'Grpc-Status' => undef,
                'WWW-Authenticate' => $code == 16 ? 'Bearer' : undef);
    my %do = (code => $code, message => "it is $code");

    ["$code, by a header alone", call('/v1/get', do => \%do), $http{$code},
     $code, @more],
    ["$code, in trailers", call('/v1/get', do => { %do, flush => 1 }),
     $http{$code}, $code, @more],
    ["$code, behind a message", call('/v1/get', do => { %do, after => 1 }),
     $http{$code}, $code, @more],
    ["$code, of a stream", call('/v1/watch/3', do => \%do), $http{$code},
     $code, @more],
    ["$code, of a stream, in trailers",
     call('/v1/watch/3', do => { %do, flush => 1 }), $http{$code}, $code,
     @more],
    ["$code, of lines", call('/v1/watch/3', do => \%do,
                             headers => ['Accept: application/x-ndjson']),
     $http{$code}, $code, @more],
    ["$code, of a body", call('/v1/download', do => \%do), $http{$code},
     $code, @more],
} sort { $a <=> $b } keys %http),
trailers('17', [['grpc-status', '17'], ['grpc-message', 'x']], 500, 17,
         json => { code => 17, message => 'x' }),
trailers('9999', [['grpc-status', '9999']], 500, 9999,
         json => { code => 9999, message => '' }),
trailers('no number', [['grpc-status', 'x']], 500, 2, json => { code => 2 }),
trailers('nothing', [['grpc-status', '']], 500, 2, json => { code => 2 }),
trailers('negative', [['grpc-status', '-5']], 500, 2, json => { code => 2 }),
trailers('far beyond', [['grpc-status', '99999999999999999999999']], 500, 2,
         json => { code => 2 }),
trailers('leading zeros', [['grpc-status', '05']], 404, 5,
         json => { code => 5 }),



=== TEST 2: messages
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
says('none', ''),
says('other languages', "gr\x{fc}\x{df} \x{1f600} \x{4e2d}"),
says('quoted', "a \"b\" \\ c\n\t\r\x01\x7f"),
says('a percent sign', '100%, %41, %'),
says('long', 'x' x 2000),
says('what looks like JSON', '","code":0,"x":"'),
says('spaces', ' a  b '),
trailers('escapes', [['grpc-status', '5'],
                     ['grpc-message', 'a%20b%2 %zz%C3%A4%']], 404, 5,
         body => "{\"code\":5,\"message\":\"a b%2 %zz\xc3\xa4%\","
                 . '"details":[]}'),
trailers('bytes that are no UTF-8', [['grpc-status', '5'],
                                     ['grpc-message', 'a%FFb%C3']], 404, 5,
         body => "{\"code\":5,\"message\":\"a\xef\xbf\xbdb\xef\xbf\xbd\","
                 . '"details":[]}'),
trailers('NUL', [['grpc-status', '5'], ['grpc-message', 'a%00b']], 404, 5,
         body => '{"code":5,"message":"a\u0000b","details":[]}'),
['too long for the buffer', call('/v1/get', do => { code => 5,
                                                    message => 'x' x 6000 }),
 502, undef, 'Content-Type' => 'application/json',
 json => { code => 14, details => [] }],



=== TEST 3: details
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
details('known types',
        { details => [{ '@type' => "$type.ErrorInfo", reason => 'GONE',
                        domain => 'd', metadata => { a => 'b' } },
                      { '@type' => "$type.RetryInfo", retryDelay => '1.500s' },
                      { '@type' => "$type.BadRequest", fieldViolations =>
                        [{ field => 'a', description => "\x{e4}" }] }] },
        [{ '@type' => "$type.ErrorInfo", reason => 'GONE', domain => 'd',
           metadata => { a => 'b' } },
         { '@type' => "$type.RetryInfo", retryDelay => '1.500s' },
         { '@type' => "$type.BadRequest", fieldViolations =>
           [{ field => 'a', description => "\x{e4}" }] }]),
details('our own',
        { details => [{ '@type' => 'type.googleapis.com/test.v1.Item',
                        id => '5', inner => { id => 6 } }] },
        [{ '@type' => 'type.googleapis.com/test.v1.Item', id => '5',
           inner => { id => 6 } }]),
details('well-known ones',
        { details => [{ '@type' =>
                        'type.googleapis.com/google.protobuf.Duration',
                        value => '1s' },
                      { '@type' =>
                        'type.googleapis.com/google.protobuf.Struct',
                        value => { a => [1, undef] } }] },
        [{ '@type' => 'type.googleapis.com/google.protobuf.Duration',
           value => '1s' },
         { '@type' => 'type.googleapis.com/google.protobuf.Struct',
           value => { a => [1, undef] } }]),
details('unknown types',
        { details => [['type.googleapis.com/no.such.Type', 'AAEC/w=='],
                      { '@type' => "$type.RetryInfo", retryDelay => '1s' },
                      ['x/y', '']] },
        [{ '@type' => 'type.googleapis.com/no.such.Type',
           value => 'AAEC/w==' },
         { '@type' => "$type.RetryInfo", retryDelay => '1s' },
         { '@type' => 'x/y', value => '' }]),
details('a known type whose value is broken',
        { details => [["$type.RetryInfo", '/////w==']] },
        [{ '@type' => "$type.RetryInfo", value => '/////w==' }]),
details('behind a message',
        { after => 1, details => [{ '@type' => "$type.RetryInfo",
                                    retryDelay => '1s' }] },
        [{ '@type' => "$type.RetryInfo", retryDelay => '1s' }]),
details('of a Status that says something else',
        { raw_details => b64("\x08\x07\x12\x01x\x1a\x05\x0a\x03a/b") },
        [{ '@type' => 'a/b', value => '' }]),
details('a Status with fields that nobody knows',
        { raw_details => b64("\xa2\x06\x01x\x1a\x05\x0a\x03a/b\x28\x01") },
        [{ '@type' => 'a/b', value => '' }]),
(map { details("what is no Status: $_->[0]", { raw_details => b64($_->[1]) },
               []) } (
    ['cut', "\x08\x05\x1a\x05\x0a\x03a/"],
    ['bytes', "\xff\xff\xff\xff"],
    ['nothing', ''],
    ['a wrong type of wire', "\x18\x05"],
)),
trailers('no base64', [['grpc-status', '5'],
                       ['grpc-status-details-bin', '*!']], 404, 5,
         json => { code => 5, details => [] }),
trailers('without padding', [['grpc-status', '5'],
                             ['grpc-status-details-bin', 'GgUKA2EvYg']], 404,
         5, json => { code => 5, details => [{ '@type' => 'a/b',
                                               value => '' }] }),
trailers('with padding', [['grpc-status', '5'],
                          ['grpc-status-details-bin', 'GgUKA2EvYg==']], 404,
         5, json => { code => 5, details => [{ '@type' => 'a/b',
                                               value => '' }] }),
['beside OK', fake([['headers', [[':status', '200'],
                                 ['content-type', 'application/grpc']]],
                    ['message', { id => 5 }],
                    ['headers', [['grpc-status', '0'], ['grpc-message', 'x'],
                                 ['grpc-status-details-bin', 'GgUKA2EvYg']],
                     5]]), 200, 0, body => '{"id":"5"}'],



=== TEST 4: WWW-Authenticate
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
['none of the service\'s', call('/v1/get', do => { code => 16 }), 401, 16,
 'WWW-Authenticate' => ['Bearer']],
['the service\'s', call('/v1/get', do => { code => 16,
    initial => [['www-authenticate', 'Basic realm="x"']] }), 401, 16,
 'WWW-Authenticate' => ['Basic realm="x"']],
['not with another status', call('/v1/get', do => { code => 7 }), 403, 7,
 'WWW-Authenticate' => undef],



=== TEST 5: error_page and grpc_intercept_errors
--- http_config eval: $GwGrpc::HTTP
--- config
error_page 404 /page;
error_page 400 =418 /other;
error_page 503 = @fallback;

location /v {
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /v1/wrapped/ {
    gw_transcode test.v1.Test;
    grpc_intercept_errors on;
    grpc_pass grpc://service;
}

location /page {
    add_header X-Method $gw_grpc_method always;
    add_header X-Status $gw_grpc_status always;
    add_header X-Error $gw_error always;
    add_header X-Message $gw_grpc_message always;
    return 404 "a page\n";
}

location /other { return 418 "another page\n"; }

location @fallback { return 200 "as if\n"; }
--- cases
['the service\'s', call('/v1/get', do => { code => 5, message => 'm' }), 404,
 5, status(5, 'm')],
['this module\'s', call('/v1/none'), 404, 5, body => "a page\n",
 error => '404 route', 'X-Method' => undef],
['this module\'s, another status', call('/v1/get?id=x'), 418, undef,
 body => "another page\n"],
['intercepted', call('/v1/wrapped/1', do => { code => 5, message => "m\n%" }),
 404, 5, body => "a page\n", 'X-Method' => 'test.v1.Test/Get',
 'X-Message' => 'm%', 'Content-Length' => 7],
['intercepted, by a fallback', call('/v1/wrapped/1', do => { code => 14 }),
 200, undef, body => "as if\n"],
['intercepted, no page for it', call('/v1/wrapped/1',
                                     do => { code => 7, message => 'm' }),
 403, 7, json => { code => 7, message => 'm' }],
['nothing to intercept', call('/v1/wrapped/1'), 200, 0,
 sent(request => { wrapped => '1' })],



=== TEST 6: nginx's own
--- http_config eval: $GwGrpc::HTTP
--- config
location /v {
    gw_transcode test.v1.Test;
    client_max_body_size 10;
    grpc_pass grpc://service;
}

location /v1/items {
    gw_transcode test.v1.Test;
    grpc_pass grpc://127.0.0.1:1;
}

location /v1/time/ {
    deny all;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /v1/flag/ {
    if ($arg_flag) {
        return 503;
    }

    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /v1/color/ {
    auth_basic x;
    auth_basic_user_file $TEST_NGINX_SERVER_ROOT/html/users;
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /v1/data/ {
    gw_transcode test.v1.Test;
    grpc_read_timeout 200ms;
    grpc_pass grpc://service;
}

location /v1/name/ {
    limit_except GET { deny all; }
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}

location /plain/ {
    deny all;
    gw_transcode off;
    grpc_pass grpc://service;
}
--- user_files
>>> users
a:b
--- cases
['a body too large', call('/v1/echo', json => { text => 'xxxxxxxx' }), 413, 8,
 status(8, qr/./)],
['no connection', call('/v1/items/5'), 502, 14, status(14, qr/./)],
['access denied', call('/v1/time/1'), 403, 7, status(7, qr/./)],
['a return', call('/v1/flag/true?flag=1'), 503, 14, status(14, qr/./)],
['auth_basic', call('/v1/color/RED'), 401, 16, status(16, qr/./),
 'WWW-Authenticate' => 'Basic realm="x"'],
['too slow', call('/v1/data/AA', do => { delay => 1 }), 504, 4,
 status(4, qr/./)],
['limit_except', call('/v1/name/a', method => 'POST'), 403, 7,
 status(7, qr/./)],
['limit_except, and what it lets through', call('/v1/name/a'), 200, 0,
 sent(request => { name => 'a' })],
['a location that does not transcode', call('/plain/x'), 403, undef,
 'Content-Type' => 'text/html'],
['native gRPC', call('/v1/time/1', method => 'POST', body => '',
                     type => 'application/grpc'), 403, undef,
 'Content-Type' => 'text/html'],



=== TEST 7: the log
--- http_config eval
$GwGrpc::HTTP . <<'_EOC_'
log_format calls '$gw_grpc_method|$gw_grpc_status|$gw_grpc_message|$gw_error|$status';
_EOC_
--- config eval
<<'_EOC_' . $GwGrpc::ALL
access_log logs/calls.log calls;
_EOC_
--- cases
(map {
    my ($what, $request, $line) = @$_;

    [$what, sub {
        my ($name) = @_;

        my $from = length read_file('logs/calls.log');

        http(%$request);

        wait_for(sub { length read_file('logs/calls.log') > $from });
        is(substr(read_file('logs/calls.log'), $from), "$line\n", $name);
    }];
} (
    ['a call', call('/v1/get'), 'test.v1.Test/Get|0|-|-|200'],
    ['an error', call('/v1/get', do => { code => 5, message => "a\r\nb|" }),
     'test.v1.Test/Get|5|ab||-|404'],
    ['what is refused', call('/v1/get?id=x'),
     'test.v1.Test/Get|3|-|400 query|400'],
    ['no route', call('/v1/none'), '-|5|-|404 route|404'],
    ['a stream', call('/v1/watch/2'), 'test.v1.Test/Watch|0|-|-|200'],
    ['a stream that fails', call('/v1/watch/2',
                                 do => { code => 8, after => 1,
                                         message => 'm' }),
     'test.v1.Test/Watch|8|m|-|200'],
)),
