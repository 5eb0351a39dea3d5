# Header fields: what parts get of the client's, and what the client gets of
# the parts'.

use GwTest;
use GwPart;


# Cases of Cache-Control: what a and b say (undef: nothing), and what comes of
# it.

sub cache {
    my ($what, $a, $b, $want) = @_;

    my @say = map {
        !defined $_ ? { json => 1 }
        : { json => 1, head => ref $_ ? $_ : ["Cache-Control: $_"] }
    } $a, $b;

    return ["$what", ask(a => $say[0], b => $say[1]), 200, '',
            'Cache-Control' => $want];
}

# Likewise of Vary; the third one is Cache-Control.

sub vary {
    my ($what, $a, $b, $want, $control, @more) = @_;

    my @say = map {
        { json => 1, head => [map { "Vary: $_" } ref $_ ? @$_ : $_ // ()] }
    } $a, $b;

    push @{ $say[1]{head} }, @more;

    return ["$what", ask(a => $say[0], b => $say[1]), 200, '', Vary => $want,
            'Cache-Control' => $control];
}

our @fields = (
    'User-Agent: ua/1', 'Cookie: a=b; c=d', 'Authorization: Basic eDp5',
    'Accept: text/x', 'Accept-Language: la', 'X-Twice: 1', 'X-Twice: 2',
    'X-Forwarded-For: 1.2.3.4', 'Referer: http://r/', 'DNT: 1',
    'X-Empty:', 'Cache-Control: no-cache', 'Pragma: no-cache',
    'Via: 1.1 x', 'Origin: http://o',
);

our @dropped = (
    'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT',
    'If-Unmodified-Since: Thu, 01 Jan 2099 00:00:00 GMT',
    'If-None-Match: "x"', 'If-Range: "x"', 'Range: bytes=0-1',
    'Accept-Encoding: br', 'Content-Type: text/x', 'Content-Encoding: br',
    'Content-Language: la', 'Content-Disposition: x', 'TE: trailers',
    'Keep-Alive: 5', 'Upgrade: websocket', 'Trailer: X',
);

our %gone = map { /^([^:]+)/; lc $1 => undef } @dropped;

delete $gone{'accept-encoding'};

run_tests();

__DATA__

=== TEST 1: what parts get
--- config eval
$GwPart::PARTS . <<'_EOC_'
underscores_in_headers on;

location = /t {
    gw_aggregate on;
    gw_part a /_p/a;
}

location = /two {
    gw_aggregate on;
    gw_part a /_p/a;
    gw_part b /_p/b;
    gw_part_header b X-Twice "";
    gw_part_header b X-New "$http_x_twice-$arg_x";
    gw_part_header b user-agent own;
    gw_part_header b Accept-Encoding "";
    gw_part_header b Authorization $http_x_no;
    gw_part_header b Cookie e=f;
    gw_part_header b X-Same one;
    gw_part_header b X-Same two;
    gw_part_header b x_under 1;
}

location = /body {
    gw_aggregate on;
    gw_part a /_p/a method=POST body=pass;
    gw_part b /_p/b;
    gw_part c /_p/c method=PUT body=x;
    gw_part d /_p/d method=PATCH;
    gw_part_body d '{}';
    gw_part e /_p/e method=POST body=pass;
    gw_part_header e Content-Type own/e;
    gw_part f /_p/f method=POST;
    gw_part_body f '{}';
    gw_part_header f content-type own/f;
}

location = /host {
    gw_aggregate on;
    gw_part a /_host/a;
    gw_part b /_host/b;
    gw_part_header b Host part.example;
}

location ^~ /_host/ {
    internal;
    proxy_set_header Host $http_host;
    proxy_set_header X-Host $host;
    proxy_set_header X-Cookie $cookie_a;
    proxy_set_header X-Real $remote_addr;
    proxy_pass http://$TEST_NGINX_PART;
}

location = /uses-content {
    gw_aggregate on;
    gw_part a /_p/a?$content_type&$http_range&$http_if_none_match;
}
_EOC_
--- cases
['most fields', { headers => [@main::fields] }, 200, '',
 tells(a => 'user-agent' => 'ua/1', cookie => 'a=b; c=d',
       authorization => 'Basic eDp5', accept => 'text/x',
       'accept-language' => 'la', 'x-twice' => ['1', '2'],
       'x-forwarded-for' => '1.2.3.4', referer => 'http://r/', dnt => '1',
       'cache-control' => 'no-cache', pragma => 'no-cache', via => '1.1 x',
       origin => 'http://o')],
['but not those', { headers => [@main::dropped] }, 200, '',
 tells(a => 'accept-encoding' => 'gzip', %main::gone)],
['all of them', { headers => [@main::fields, @main::dropped] }, 200, '',
 tells(a => 'accept-encoding' => 'gzip', accept => 'text/x', %main::gone)],
['nor that of a body', { method => 'POST', body => 'xyz',
                         headers => ['Content-Type: text/y'] }, 200, '',
 tells(a => 'content-length' => undef, 'content-type' => undef,
       'transfer-encoding' => undef, body => '', method => 'GET')],
['Expect', { method => 'POST', body => 'x',
             headers => ['Expect: 100-continue'] }, 200, '',
 tells(a => expect => undef)],
['conditions are not those of the answer',
 { headers => ['If-Match: "x"', 'If-Unmodified-Since: '
                                . 'Thu, 01 Jan 1970 00:00:00 GMT'] }, 200, ''],
['a range is not one of the answer', { headers => ['Range: bytes=0-1'] }, 200,
 '', 'Content-Range' => undef],
['own fields', { uri => '/two?x=y', headers => [@main::fields] }, 200, '',
 tells(a => 'x-twice' => ['1', '2'], 'x-new' => undef,
       'user-agent' => 'ua/1', 'accept-encoding' => 'gzip'),
 tells(b => 'x-twice' => undef, 'x-new' => qr/^(?:1|2|1, 2)-y$/,
       'user-agent' => 'own', 'accept-encoding' => undef,
       authorization => undef, cookie => 'e=f', accept => 'text/x',
       'x-same' => ['one', 'two'], x_under => '1')],
['bodies', { uri => '/body', method => 'POST', body => "a\0\xff",
             headers => ['Content-Type: text/y'] }, 200, '',
 tells(a => method => 'POST', 'content-type' => 'text/y',
       'content-length' => '3', body => "a\0\xff"),
 tells(b => method => 'GET', 'content-type' => undef,
       'content-length' => undef, body => ''),
 tells(c => method => 'PUT', 'content-length' => '1', body => 'x',
       'content-type' => undef),
 tells(d => method => 'PATCH', 'content-type' => 'application/json',
       'content-length' => '2', body => '{}'),
 tells(e => method => 'POST', 'content-type' => 'own/e',
       'content-length' => '3', body => "a\0\xff"),
 tells(f => 'content-type' => 'own/f', body => '{}')],
['no body of the client', { uri => '/body' }, 200, '',
 tells(a => method => 'POST', 'content-type' => undef,
       'content-length' => '0', body => '')],
['Host, as the service\'s location says', { uri => '/host', host => 'h.example',
                                            headers => ['Cookie: a=7'] },
 200, '', tells(a => host => 'h.example', 'x-host' => 'h.example',
                'x-cookie' => '7', 'x-real' => '127.0.0.1'),
 tells(b => host => 'part.example')],
['texts see the client\'s fields',
 { uri => '/uses-content', headers => ['Content-Type: c/t', 'Range: r',
                                       'If-None-Match: i'] }, 200, '',
 tells(a => uri => '/_p/a?c/t&r&i')],



=== TEST 2: what the client gets
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b cookies=pass;
    gw_part c /_p/c?$http_x_c cookies=pass optional;
}

location = /login {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a status_from=part;
    gw_part b /_p/b?$http_x_b;
}
_EOC_
--- cases
do {
    my @head = ('Set-Cookie: s=1', 'Set-Cookie: s=2; HttpOnly', 'X-Secret: 1',
                'ETag: "x"', 'Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT',
                'Location: /x', 'Content-Language: la', 'Server: part',
                'X-Accel-Buffering: no', 'Link: <x>', 'Retry-After: 5',
                'WWW-Authenticate: Basic', 'X-GW-Partial: evil');
    my @none = map { $_ => undef } 'X-Secret', 'ETag', 'Last-Modified',
                                   'Location', 'Content-Language', 'Link',
                                   'Retry-After', 'WWW-Authenticate';

    (
        ['no field of a part', ask(a => { json => 1, head => \@head },
                                   b => { json => 1 }, c => { json => 1 }),
         200, '', @none, 'Set-Cookie' => undef],
        ['but cookies, if told', ask(a => { json => 1, head => \@head },
                                     b => { json => 1, head => \@head },
                                     c => { json => 1,
                                            head => ['set-cookie: t=1'] }),
         200, '', @none, 'Set-Cookie' => ['s=1', 's=2; HttpOnly', 't=1']],
        ['not those of a part that failed',
         ask(a => { json => 1 }, b => { json => 1, head => ['Set-Cookie: s=1'] },
             c => { status => 500, json => 1, head => ['Set-Cookie: t=1'] }),
         200, 'c;reason=status', 'Set-Cookie' => ['s=1']],
        ['nor of one whose body is bad',
         ask(a => { json => 1 }, b => { json => 1, head => ['Set-Cookie: s=1'] },
             c => { json => '{', head => ['Set-Cookie: t=1'] }),
         200, 'c;reason=json', 'Set-Cookie' => ['s=1']],
        ['nor of a refused answer',
         ask(a => { json => '{', delay => 0.2 },
             b => { json => 1, head => ['Set-Cookie: s=1'] }),
         502, '', 'Set-Cookie' => undef],
        ['a status from a part brings its challenge',
         ask(uri => '/login',
             a => { status => 401, json => '{}',
                    head => ['WWW-Authenticate: Bearer', 'Set-Cookie: s=1',
                             'X-Secret: 1'] }, b => { json => 1 }),
         401, '', 'WWW-Authenticate' => 'Bearer', 'X-Secret' => undef,
         'Set-Cookie' => undef],
        ['and when to try again',
         ask(uri => '/login', a => { status => 429, json => '{}',
                                     head => ['Retry-After: 7'] },
             b => { json => 1 }),
         429, '', 'Retry-After' => '7'],
        ['not with a status of its own',
         ask(uri => '/login', a => { status => 503, json => '{}',
                                     head => ['Retry-After: 7'] },
             b => { json => 1 }),
         502, '', 'Retry-After' => undef],
        ['nor that of another part',
         ask(uri => '/login', a => { json => 1 },
             b => { status => 429, head => ['Retry-After: 7'] }),
         502, '', 'Retry-After' => undef],
    )
},



=== TEST 3: Cache-Control
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a if=$http_x_a;
    gw_part b /_p/b?$http_x_b optional default=1;
}
_EOC_
--- cases
main::cache('nothing', undef, undef, undef),
main::cache('the least max-age', 'max-age=60', 'max-age=30', 'max-age=30'),
main::cache('the same, the other way round', 'max-age=30', 'max-age=60',
            'max-age=30'),
main::cache('zero', 'max-age=0', 'max-age=60', 'max-age=0'),
main::cache('one says nothing', 'max-age=60', undef, undef),
main::cache('one says other things', 'max-age=60', 'public', undef),
main::cache('one is private', 'max-age=60', 'private, max-age=90',
            'private, max-age=60'),
main::cache('one is private, one says nothing', 'private, max-age=5', undef,
            'private'),
main::cache('one is no-cache', 'max-age=60', 'no-cache',
            qr/^no-cache$/),
main::cache('one is no-store', 'max-age=60', 'no-store, private', 'no-store'),
main::cache('one is no-store, one says nothing', undef, 'no-store',
            'no-store'),
main::cache('one must be revalidated', 'max-age=60, must-revalidate',
            'max-age=70', 'must-revalidate, max-age=60'),
main::cache('letters of any case', 'Max-Age=60', 'PRIVATE, mAx-aGe=61',
            'private, max-age=60'),
main::cache('white space and what is unknown', ' foo = "a,b" ,, max-age=60 ',
            'max-age=61,x', 'max-age=60'),
main::cache('quoted', 'max-age="60"', 'max-age=61', 'max-age=60'),
main::cache('no number is stale', 'max-age=x', 'max-age=61', 'max-age=0'),
main::cache('negative is stale', 'max-age=-5', 'max-age=61', 'max-age=0'),
main::cache('twice in one field', 'max-age=60, max-age=5', 'max-age=61',
            'max-age=5'),
main::cache('several fields', ['Cache-Control: max-age=60',
                               'Cache-Control: private'], 'max-age=61',
            'private, max-age=60'),
main::cache('less its age', ['Cache-Control: max-age=60', 'Age: 20'],
            'max-age=61', 'max-age=40'),
main::cache('older than it may be', ['Cache-Control: max-age=60', 'Age: 90'],
            'max-age=61', 'max-age=0'),
main::cache('of both what is left', ['Cache-Control: max-age=60', 'Age: 5'],
            ['Age: 50', 'Cache-Control: max-age=100'], 'max-age=50'),
main::cache('an age that is none', ['Cache-Control: max-age=60', 'Age: x'],
            'max-age=61', 'max-age=60'),
main::cache('s-maxage of both', 'max-age=60, s-maxage=600',
            's-maxage=300, max-age=50', 'max-age=50, s-maxage=50'),
main::cache('s-maxage is less', 'max-age=60, s-maxage=6',
            'max-age=50, s-maxage=9', 'max-age=50, s-maxage=6'),
main::cache('very large', 'max-age=99999999999999999999', 'max-age=61',
            qr/^max-age=(?:0|61)$/),
['a part that was skipped says nothing about it',
 ask(b => { json => 1, head => ['Cache-Control: max-age=9'] }), 200, '',
 'Cache-Control' => 'max-age=9'],
['an answer that lacks something',
 ask(a => { json => 1, head => ['Cache-Control: max-age=9', 'Vary: X'] },
     b => { json => 'x', head => ['Cache-Control: max-age=9'] }), 200,
 'b;reason=json', 'Cache-Control' => 'no-store', Vary => undef],
main::vary('Vary of one', 'Cookie', undef, 'Cookie'),
main::vary('of both', 'Cookie', 'X-Client', 'Cookie, X-Client'),
main::vary('the same twice', 'Cookie, X-Client', 'x-client,COOKIE',
           'Cookie, X-Client'),
main::vary('several fields', ['A', 'B'], ['C, A'], 'A, B, C'),
main::vary('white space, and nothing', " ,A ,\t, B,", ',', 'A, B'),
main::vary('where the encoding alone matters', 'Accept-Encoding',
           'accept-encoding', undef),
main::vary('the encoding too', 'Accept-Encoding, A', 'B,Accept-Encoding',
           'A, B'),
main::vary('with Cache-Control', 'A', undef, 'A', 'no-cache',
           'Cache-Control: no-cache'),
main::vary('an answer that is not kept', 'A', 'B', undef, 'no-store',
           'Cache-Control: no-store'),
main::vary('by anything', 'A, *', 'B', undef, 'no-store',
           'Cache-Control: max-age=9'),
main::vary('by anything, and nothing else said', undef, '*', undef,
           'no-store'),
main::vary('64 names', (map { my $x = $_; join ',', map { "$x$_" } 1 .. 32 }
                            'a', 'b'),
           join(', ', (map { "a$_" } 1 .. 32), map { "b$_" } 1 .. 32)),
main::vary('65 names', join(',', 1 .. 60), join(',', 57 .. 65), undef,
           'no-store'),
['Vary of a part that was skipped',
 ask(b => { json => 1, head => ['Vary: A'] }), 200, '', Vary => 'A'],
['a refused one', ask(a => { json => 'x',
                             head => ['Cache-Control: max-age=9'] }), 502, '',
 'Cache-Control' => undef],



=== TEST 4: ETag
--- config eval
$GwPart::PARTS . <<'_EOC_'
location = /t {
    gw_aggregate on;
    gw_aggregate_etag on;
    gw_part a /_p/a?$http_x_a;
    gw_part b /_p/b?$http_x_b optional;
}

location = /off {
    gw_aggregate on;
    gw_part a /_p/a?$http_x_a;
}

location = /gzip {
    gzip on;
    gzip_min_length 1;
    gzip_types application/json;
    gw_aggregate on;
    gw_aggregate_etag on;
    gw_part a /_p/a?$http_x_a;
}
_EOC_
--- cases
['off', ask(uri => '/off', a => { json => 1 },
            headers => ['If-None-Match: *']), 200, '', ETag => undef],
['a tag of the bytes', sub {
    my ($name) = @_;

    my $say = sub { return http(%{ ask(a => { json => $_[0] },
                                       b => { json => $_[1] // 1 },
                                       @_[2 .. $#_]) }) };
    my $one = $say->('1');
    my $tag = $one->{header}{etag};

    like($tag, qr/^"[0-9a-f]{32}"$/, "$name: its form");
    is($say->('1')->{header}{etag}, $tag, "$name: the same again");
    isnt($say->('2')->{header}{etag}, $tag, "$name: other bytes");
    isnt($say->('1', 2)->{header}{etag}, $tag, "$name: of another part");

    my $same = $say->('1', 1, headers => ["If-None-Match: $tag"]);

    is($same->{code}, 304, "$name: 304");
    is($same->{body}, '', "$name: 304 has no body");
    is($same->{header}{etag}, $tag, "$name: 304 has the tag");

    is($say->('2', 1, headers => ["If-None-Match: $tag"])->{code}, 200,
       "$name: not of other bytes");
    is($say->('1', 1, headers => ["If-None-Match: \"x\", $tag"])->{code}, 304,
       "$name: one of a list");
    is($say->('1', 1, headers => ["If-None-Match: W/$tag"])->{code}, 304,
       "$name: a weak one");
    is($say->('1', 1, headers => ['If-None-Match: *'])->{code}, 304,
       "$name: any");
    is($say->('1', 1, method => 'HEAD')->{header}{etag}, $tag,
       "$name: of HEAD");
    is($say->('1', 1, method => 'HEAD',
              headers => ["If-None-Match: $tag"])->{code}, 304,
       "$name: HEAD, 304");
}],
['a 304 says how long it holds', sub {
    my ($name) = @_;

    my %say = (a => { json => 1, head => ['Cache-Control: max-age=9'] },
               b => { json => 1, head => ['Cache-Control: max-age=8'] });
    my $tag = http(%{ ask(%say) })->{header}{etag};
    my $res = http(%{ ask(%say, headers => ["If-None-Match: $tag"]) });

    is($res->{code}, 304, "$name: code");
    is($res->{header}{'cache-control'}, 'max-age=8', "$name: Cache-Control");
}],
['none if something is lacking', ask(a => { json => 1 }, b => { json => 'x' },
                                     headers => ['If-None-Match: *']), 200,
 'b;reason=json', ETag => undef, body => '{"a":1}'],
['none of an answer to POST', ask(method => 'POST', body => 'x',
                                  a => { json => 1 }, b => { json => 1 },
                                  headers => ['If-None-Match: *']), 200, '',
 ETag => undef, body => '{"a":1,"b":1}'],
['none of a refused answer', ask(a => { json => 'x' },
                                 headers => ['If-None-Match: *']), 502, '',
 ETag => undef],
['a weak one with gzip', ask(uri => '/gzip', a => { large => 3000 },
                             headers => ['Accept-Encoding: gzip']), 200, '',
 ETag => qr{^W/"[0-9a-f]{32}"$}, 'Content-Encoding' => 'gzip'],
