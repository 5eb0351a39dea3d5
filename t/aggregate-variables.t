# Variables: parts have their own values, and what a log knows of parts.

use GwTest;
use GwPart;

our $trace = qr/\w+;status=\d+;reason=\w+;start=\d+\.\d{3};time=\d+\.\d{3};/;

run_tests();

__DATA__

=== TEST 1: each part has its own values
--- http_config
map $uri $of_uri { ~/_p/(?<named>.)/(.) "$1-$2"; ~/_p/(.) "only-$1"; default none; }
map $http_x_own $of_header { default "<$http_x_own>"; }
map $args $of_args { default "[$args]"; }
map $content_length $of_length { default "{$content_length}"; }
geo $of_geo { default geo; }
split_clients "$uri" $of_split { 100% "split"; }
--- config eval
<<'_EOC_'
set $by_server "server";

location = /t {
    set $by_location "location-$arg_x";
    gw_aggregate on;
    gw_part a /_p/a?x=1;
    gw_part b /_p/b/c?x=2 method=POST body=123;
    gw_part_header b X-Own of-b;
    gw_part c /_q/c?$of_uri;
    gw_part d /_q/d?$of_uri;
}

location ~ ^/captured/(?<id>\d+)/(.*)$ {
    gw_aggregate on;
    gw_part a /_p/a?$id&$2;
    gw_part b /_p/b?$id;
}

location ^~ /_p/ {
    internal;
    proxy_set_header X-Uri $of_uri;
    proxy_set_header X-Header $of_header;
    proxy_set_header X-Args $of_args;
    proxy_set_header X-Length $of_length;
    proxy_set_header X-Geo $of_geo;
    proxy_set_header X-Split $of_split;
    proxy_set_header X-Set "$by_server $by_location";
    proxy_set_header X-Id $id;
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header X-Request-Uri $request_uri;
    proxy_set_header X-Remote $remote_addr;
    proxy_pass http://$TEST_NGINX_PART;
}

location ^~ /_q/ {
    internal;
    set $by_location "own-$uri";
    proxy_set_header X-Uri $of_uri;
    proxy_set_header X-Set "$by_server $by_location";
    proxy_pass http://$TEST_NGINX_PART;
}
_EOC_
--- cases
['values', { uri => '/t?x=7' }, 200, '',
 tells(a => 'x-uri' => 'only-a', 'x-header' => '<>', 'x-args' => '[x=1]',
       'x-length' => '{}', 'x-geo' => 'geo',
       'x-split' => 'split', 'x-set' => 'server location-7',
       'x-request-uri' => '/t?x=7', 'x-remote' => '127.0.0.1'),
 tells(b => 'x-uri' => 'b-c', 'x-header' => '<of-b>', 'x-args' => '[x=2]',
       'x-length' => '{3}',
       'x-set' => 'server location-7', 'x-request-uri' => '/t?x=7'),
 tells(c => uri => '/_q/c?none', 'x-uri' => 'none',
       'x-set' => 'server own-/_q/c'),
 tells(d => uri => '/_q/d?none', 'x-uri' => 'none',
       'x-set' => 'server own-/_q/d')],
['one id for all', sub {
    my ($name) = @_;

    my $res = http(uri => '/t');
    my ($a, $b) = map { told($res, $_)->{headers}{'x-request-id'}[0] }
                      'a', 'b';

    like($a, qr/^[0-9a-f]{32}$/, "$name: an id");
    is($b, $a, "$name: the same");

    isnt(told(http(uri => '/t'), 'a')->{headers}{'x-request-id'}[0], $a,
         "$name: another one for another request");
}],
['captures', '/captured/12/rest', 200, '',
 tells(a => uri => '/_p/a?12&rest', 'x-id' => '12'),
 tells(b => uri => '/_p/b?12', 'x-id' => '12')],



=== TEST 2: of auth_request
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    auth_request /_auth;
    auth_request_set $user $upstream_http_x_user;
    gw_aggregate on;
    gw_part a /_p/a?user=$user;
    gw_part b /_with/b;
}

location = /_auth {
    internal;
    proxy_pass http://$TEST_NGINX_PART:/auth?$http_x_auth;
}

location ^~ /_with/ {
    internal;
    proxy_set_header X-User $user;
    proxy_pass http://$TEST_NGINX_PART;
}
_EOC_
--- cases
['they are known to parts', ask(auth => { json => 1, head => ['X-User: Ada'] }),
 200, '', tells(a => uri => '/_p/a?user=Ada'), tells(b => 'x-user' => 'Ada')],
['they are not', ask(auth => { json => 1 }),
 200, '', tells(a => uri => '/_p/a?user='), tells(b => 'x-user' => undef)],
['a refusal', ask(auth => { status => 403 }), 403, ''],



=== TEST 3: what is known of parts
--- http_config
log_format parts "|$request_uri|$gw_part_a|$gw_part_a_status|$gw_part_a_time|$picked|$gw_part_b|$gw_part_b_status|$gw_part_b_time|$gw_error|";
log_format trace "|$gw_aggregate_trace|";
--- config eval
$GwPart::PARTS . <<'_EOC_'
location /t {
    access_log logs/parts.log parts;
    access_log logs/trace.log trace;
    add_header X-A $gw_part_a always;
    add_header X-A-Status $gw_part_a_status always;
    add_header X-A-Time $gw_part_a_time always;
    add_header X-B-Status $gw_part_b_status always;
    add_header X-B-Time $gw_part_b_time always;
    add_header X-Picked $picked always;
    add_header X-Nobody "<$gw_part_nobody$gw_part_nobody_status>" always;
    add_header X-Error $gw_error always;
    add_header X-Trace $gw_aggregate_trace always;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a select=/x optional;
    gw_part_fields a drop secret;
    gw_part_set $picked a /p;
    gw_part b /_p/b?$http_x_b if=$http_x_b;
}

location /other {
    access_log logs/parts.log parts;
    add_header X-A "<$gw_part_a$picked$gw_aggregate_trace$gw_error>";
    return 200 "other\n";
}
_EOC_
--- cases
['none were asked', '/other', 200, undef, 'X-A' => '<>'],
['of an answer',
 ask(a => { json => '{"x":{"secret":1,"y":[2]},"p":"\u0041\n"}' },
     b => { json => 1, status => 201 }), 200, undef,
 body => '{"a":{"y":[2]},"b":1}', 'X-A' => '{"y":[2]}', 'X-A-Status' => 200,
 'X-A-Time' => qr/^\d+\.\d{3}$/, 'X-B-Status' => 201, 'X-Nobody' => '<>',
 'X-Trace' => qr{^a;status=200;reason=ok;start=0\.\d{3};time=\d+\.\d{3};address=\Qunix:\E\S+/part\.sock, b;status=201;reason=ok;start=0\.\d{3};time=\d+\.\d{3};address=\Qunix:\E\S+/part\.sock$}],
['no control character is in them',
 ask(a => { json => qq({"x":{\r\n"y":\t"\x7f"\n},"p":"%\\r\\nX-Split: 1\\u0000\x7f"}) }),
 200, undef, body => qq({"a":{\r\n"y":\t"\x7f"\n}}),
 'X-A' => '{  "y": "\u007f" }', 'X-Picked' => '%%0D%0AX-Split: 1%00%7F',
 'X-Split' => undef],
['nor in what is no string', ask(a => { json => qq({"x":1,"p":[\r\n\r\n2]}) }),
 200, undef, 'X-Picked' => '[    2]'],
['of a part that was skipped', ask(a => { json => '{"x":1}' }), 200, undef,
 'X-B-Status' => undef, 'X-B-Time' => undef,
 'X-Trace' => qr/, b;status=0;reason=skipped;/],
['of one that failed', ask(a => { status => 404 }), 200, undef,
 'X-A' => undef, 'X-A-Status' => 404, 'X-A-Time' => qr/^\d+\.\d{3}$/,
 'X-Picked' => undef,
 'X-Trace' => qr{^a;status=404;reason=status;.*;address=unix:\S+part.sock, b}],
['of one that failed with its body', ask(a => { json => '{"p":1,' }), 200,
 undef, 'X-A' => undef, 'X-A-Status' => 200, 'X-Picked' => undef,
 'X-Trace' => qr{^a;status=200;reason=json;.*;address=unix:\S+part.sock, b}],
['of a required one that failed',
 ask(a => { json => '{"x":1,"p":2}' }, b => { status => 500, delay => 0.2 }),
 502, undef, 'X-A' => 1, 'X-Picked' => 2, 'X-B-Status' => 500,
 error => '502 b status',
 'X-Trace' => qr{^a;status=200;reason=ok;.*;address=\S+, b;status=500;reason=status;.*;address=unix:\S+part.sock$}],
['of one that was cancelled', ask(a => { never => 1 }, b => { json => 'x' }),
 502, undef, 'X-A-Status' => undef, error => '502 b json',
 'X-Trace' => qr{^a;status=0;reason=\w+;.*;address=unix:\S+part.sock, b;status=200;reason=json;.*;address=unix:\S+part.sock$}],
['in a log', sub {
    my ($name) = @_;

    # those of earlier cases may still be written

    my $n = () = read_file('logs/parts.log') =~ m{/logged\|}g;

    http(%{ ask(uri => '/t/logged', a => { json => '{"x":[1],"p":"P"}' },
                b => { json => 2 }) });
    http(%{ ask(uri => '/t/logged', a => { json => '{"x":[1],"p":"P"}' },
                b => { json => '!' }) });
    http(uri => '/other/logged');

    my @lines;

    wait_for(sub {
        @lines = grep { m{/logged\|} } split /^/, read_file('logs/parts.log');
        return @lines >= $n + 3;
    }, 5);
    splice @lines, 0, $n;

    like($lines[0], qr/^\|\/t\/logged\|\[1\]\|200\|\d+\.\d{3}\|P\|2\|200\|\d+\.\d{3}\|-\|$/,
         "$name: an answer");
    like($lines[1], qr/^\|\/t\/logged\|.*\|-\|200\|\d+\.\d{3}\|502 b json\|$/,
         "$name: a refusal");
    is($lines[2], "|/other/logged|-|-|-|-|-|-|-|-|\n", "$name: another");

    my @traces = split /^/, read_file('logs/trace.log');

    like($traces[-1], qr/^\|$main::trace\S*, $main::trace\S*\|$/,
         "$name: the trace");
}],
['how long it took', sub {
    my ($name) = @_;

    my $res = http(%{ ask(a => { json => '{"x":1}', delay => 0.5 },
                          b => { json => 1 }) });

    cmp_ok($res->{header}{'x-a-time'}, '>=', 0.4, "$name: a");
    cmp_ok($res->{header}{'x-a-time'}, '<', 5, "$name: not much more");
}],



=== TEST 4: $gw_error of others
--- http_config
gw_jwt_key_file $TEST_NGINX_DATA/all.jwks;
--- config eval
$GwPart::PARTS . <<'_EOC_'
gw_jwt off;

location = /t {
    gw_jwt api;
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}
_EOC_
--- cases
['of a token', ask(a => { json => 1 }), 401, undef, error => '401 missing'],
['of a part', ask(a => { json => 'x' }, token => jwt()), 502, undef,
 error => '502 a json'],
['of none', ask(a => { json => 1 }, token => jwt()), 200, undef,
 error => undef],



=== TEST 5: variables of parts in later parts' locations
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part_set $token a /token;
    gw_part b /_later/b after=a;
}

location ^~ /_later/ {
    internal;
    proxy_set_header X-Token $token;
    proxy_set_header X-A $gw_part_a;
    proxy_set_header X-A-Status $gw_part_a_status;
    proxy_pass http://$TEST_NGINX_PART;
}
_EOC_
--- cases
['they are known', ask(a => { json => '{"token":"t1"}' }), 200, '',
 tells(b => 'x-token' => 't1', 'x-a' => '{"token":"t1"}',
       'x-a-status' => '200')],
['and not kept', ask(a => { json => '{"token":"t2"}' }), 200, '',
 tells(b => 'x-token' => 't2')],



=== TEST 6: names in upper case, as nginx takes them
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part b /_p/b?v=$GW_PART_A;
    gw_part c /_p/c?v=$Gw_Part_a_Status;
    gw_part d /_p/d?v=$PICKED;
    gw_part a /_p/a?$http_x_a select=/x;
    gw_part_set $Picked a /y;
}
_EOC_
--- cases
['they are parts too', ask(a => { json => '{"x":"&","y":"="}' }), 200, '',
 tells(b => uri => '/_p/b?v=%22%26%22'), tells(c => uri => '/_p/c?v=200'),
 tells(d => uri => '/_p/d?v=%3D')],
