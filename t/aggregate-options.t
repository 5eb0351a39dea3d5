# Options of a part: what is asked and what it is worth.

use GwTest;
use GwPart;

run_tests();

__DATA__

=== TEST 1: methods and bodies
--- config eval
$GwPart::PARTS . $GwPart::KEPT . <<'_EOC_'
client_body_buffer_size 1k;

location = /methods {
    gw_aggregate on;
    gw_part get /_p/get;
    gw_part post /_p/post method=POST;
    gw_part put /_p/put method=PUT;
    gw_part patch /_p/patch method=PATCH;
    gw_part delete /_p/delete method=DELETE;
    gw_part options /_p/options method=OPTIONS;
    gw_part purge /_p/purge method=PURGE;
}

location = /pass {
    gw_aggregate on;
    gw_part a /_p/a method=POST body=pass;
    gw_part b /_p/b body=pass;
    gw_part c /_k/c method=PUT body=pass;
    gw_part d /_p/d method=POST;
}

location = /pass-and-use {
    gw_aggregate on;
    gw_part a /_p/a?in=$request_body method=POST body=pass;
    gw_part b /_p/b method=POST body=<$request_body>;
}

location = /text {
    gw_aggregate on;
    gw_part a /_p/a method=POST body=x=$arg_x&y=$request_method;
    gw_part b /_p/b method=POST body=;
    gw_part c /_p/c method=POST body=$arg_none;
    gw_part d /_p/d method=POST 'body=$arg_x {}';
}

location = /template {
    gw_aggregate on;
    gw_part a /_p/a method=POST;
    gw_part_body a '{"x": "$arg_x", "y": [1, $arg_y]}';
    gw_part b /_p/b;
    gw_part_body b ' null ';
}

location = /too-large {
    client_max_body_size 10;
    gw_aggregate on;
    gw_part a /_p/a method=POST body=pass;
}
_EOC_
--- http_config eval: $GwPart::KEEP
--- cases
['methods', '/methods', 200, '',
 map { tells($_, method => uc, body => '', 'content-type' => undef) }
     qw(get post put patch delete options purge)],
['a body', { uri => '/pass', method => 'POST', body => '{"x":1}',
             headers => ['Content-Type: a/b'] }, 200, '',
 tells(a => body => '{"x":1}', 'content-type' => 'a/b',
       'content-length' => '7'),
 tells(b => method => 'GET', body => '{"x":1}'),
 tells(c => method => 'PUT', body => '{"x":1}', protocol => 'HTTP/1.1'),
 tells(d => method => 'POST', body => '')],
['a large body', { uri => '/pass', method => 'POST', body => 'xyz' x 100000 },
 200, '', then => sub {
     my ($res, $name) = @_;

     ok((told($res, $_)->{body} // '') eq 'xyz' x 100000, "$name: $_")
         for 'a' .. 'c';
 }],
['a chunked body', sub {
    my ($name) = @_;

    my $res = http(raw => "POST /pass HTTP/1.1\r\nHost: x\r\n"
                          . "Connection: close\r\n"
                          . "Transfer-Encoding: chunked\r\n\r\n"
                          . "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");

    is(told($res, $_)->{body}, 'abcdefg', "$name: $_") for 'a' .. 'c';
    is_deeply(told($res, $_)->{headers}{'content-length'}, [7],
              "$name: its length: $_") for 'a' .. 'c';
    is(told($res, $_)->{headers}{'transfer-encoding'}, undef,
       "$name: not chunked: $_") for 'a' .. 'c';
}],
['a body that comes slowly', sub {
    my ($name) = @_;

    my $began = start(raw => "POST /pass HTTP/1.1\r\nHost: x\r\n"
                             . "Connection: close\r\nContent-Length: 6\r\n\r\n");

    for my $byte (1 .. 6) {
        Time::HiRes::sleep(0.01);
        GwTest::send_all($began->{conn}{socket}, $byte);
    }

    my $res = finish($began);

    is(told($res, $_)->{body}, '123456', "$name: $_") for 'a' .. 'c';
}],
['no body', { uri => '/pass' }, 200, '', tells(a => body => ''),
 tells(c => body => '', 'content-length' => '0')],
['an empty one', { uri => '/pass', method => 'POST', body => '' }, 200, '',
 tells(a => body => '', 'content-length' => '0')],
['a body in a text too', { uri => '/pass-and-use', method => 'POST',
                           body => 'abc' }, 200, '',
 tells(a => body => 'abc', uri => '/_p/a?in=abc'), tells(b => body => '<abc>')],
['texts', '/text?x=1&y=2', 200, '',
 tells(a => body => 'x=1&y=GET', 'content-length' => '9',
       'content-type' => undef),
 tells(b => body => '', 'content-length' => '0'), tells(c => body => ''),
 tells(d => body => '1 {}')],
['templates', '/template?x=%22&y=2', 200, '',
 tells(a => body => '{"x": "%22", "y": [1, 2]}',
       'content-type' => 'application/json'),
 tells(b => method => 'GET', body => ' null ')],
['a body that nginx refuses', { uri => '/too-large', method => 'POST',
                                body => 'x' x 11 }, 413, ''],



=== TEST 2: success, defaults
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional;
}

location = /some {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional status=2xx,404;
}

location = /one {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional status=201,5xx,302;
}

location = /string {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional as=string;
}

location = /merge {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a as=merge optional 'default={"x":[1],"o":{"y":2}}';
    gw_part b /_p/b?$http_x_b as=merge;
}

location = /defaults {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional 'default= {"n": 1} ' at=/x/a;
    gw_part b /_p/b?$http_x_b default=null if=$http_x_b;
    gw_part c /_p/c?$http_x_c default=[];
    gw_part d /_p/d?$http_x_d optional default=0 as=array at=/l;
}
_EOC_
--- cases
(map { ["status $_", ask(a => { json => 7, status => $_ }), 200, '',
        body => '{"a":7}'] } 200, 201, 202, 203, 206, 226, 299),
(map { ["status $_ is null", ask(a => { json => '', status => $_ }), 200, '',
        body => '{"a":null}'] } 204, 205),
['status 205 with a body', ask(a => { json => 5, status => 205 }), 200, '',
 body => '{"a":5}'],
(map { partial("status $_", ask(a => { json => 7, status => $_ }),
               'a;reason=status', '{}') } 300, 302, 400, 404, 499, 503, 599),
['a 404 that is a success', ask(uri => '/some', a => { json => 7,
                                                       status => 404 }),
 200, '', body => '{"a":7}', 'X-Trace' => qr/^a;status=404;reason=ok;/],
['a 204 among others', ask(uri => '/some', a => { status => 204 }), 200, '',
 body => '{"a":null}'],
partial('others are not', ask(uri => '/some', a => { json => 7,
                                                     status => 403 }),
        'a;reason=status', '{}'),
(map { ["of a list: $_", ask(uri => '/one', a => { json => 7, status => $_ }),
        200, '', body => '{"a":7}'] } 201, 302, 500, 503, 599),
(map { partial("not of a list: $_", ask(uri => '/one',
                                        a => { json => 7, status => $_ }),
               'a;reason=status', '{}') } 200, 204, 301, 404),
['a 204 as a string', ask(uri => '/string', a => { status => 204 }), 200, '',
 body => qr/^\{"a":(?:null|"")\}$/],
['merged', ask(uri => '/merge', a => { json => '{"z":1}' },
               b => { json => '{"x":[2]}' }), 200, '',
 body => '{"z":1,"x":[2]}'],
partial('a default is merged', ask(uri => '/merge', a => { json => 'x' },
                                   b => { json => '{"x":[2],"o":{"z":3}}' }),
        'a;reason=json', '{"x":[1,2],"o":{"y":2,"z":3}}'),
partial('defaults', ask(uri => '/defaults', a => { status => 500 },
                        c => { json => 3 }, d => { close => 'header' }),
        'a;reason=status, d;reason=connect',
        '{"x":{"a":{"n": 1}},"b":null,"c":3,"l":[0]}'),
['none is needed', ask(uri => '/defaults', map { $_ => { json => 1 } }
                                               'a' .. 'd'), 200, '',
 body => '{"x":{"a":1},"b":1,"c":1,"l":[1]}'],
fails('a required part has one', ask(uri => '/defaults', a => { json => 1 },
                                     b => { json => '!' }, c => { json => 1 },
                                     d => { json => 1 }), 502, 'b', 'json'),



=== TEST 3: timeouts
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a optional timeout=150ms;
    gw_part b /_p/b?$http_x_b optional timeout=20s;
}

location = /after {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b after=a timeout=400ms;
}

location = /whole {
    gw_aggregate on;
    gw_aggregate_timeout 150ms;
    gw_part a /_p/a?$http_x_a optional timeout=20s;
}
_EOC_
--- cases
['none', ask(a => { json => 1 }, b => { json => 2 }), 200, '',
 body => '{"a":1,"b":2}'],
partial('its own', ask(a => { never => 1 }, b => { json => 2, delay => 0.5 }),
        'a;reason=timeout', '{"b":2}'),
['it begins when the part is asked',
 ask(uri => '/after', a => { json => 1, delay => 0.6 }, b => { json => 2 }),
 200, '', body => '{"a":1,"b":2}'],
partial('the whole', ask(uri => '/whole', a => { never => 1 }),
        'a;reason=timeout', '{}', 'X-Trace' => qr/time=0\.1[5-9]|time=0\.[2-9]|time=[1-9]/),
