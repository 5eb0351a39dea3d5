# Which field of the request message comes from where: path, query, body.

use GwTest;
use GwGrpc;

# GET with a query, and the message that the service is to get
sub query {
    my ($query, $request) = @_;

    return ["?$query", call("/v1/get?$query"), 200, 0,
            sent(request => $request)];
}


sub bad_query {
    my ($query, $says, $reason) = @_;

    return refusal("?$query", call("/v1/get?$query"), 400, $reason // 'query',
                   $says // qr/./);
}


# a body to a path, and the message
sub body {
    my ($uri, $json, $request, %arg) = @_;

    return ["$uri " . json($json), call($uri, json => $json, %arg), 200, 0,
            sent(request => $request)];
}


sub bad_body {
    my ($uri, $json, $says, %arg) = @_;

    return refusal("$uri " . json($json), call($uri, json => $json, %arg), 400,
                   'body', $says);
}


run_tests();

__DATA__

=== TEST 1: the path
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($path, $request) = @$_;

    [$path, call("/v1/$path"), 200, 0, sent(request => $request)]
} (
    ['items/-9223372036854775808', { id => '-9223372036854775808' }],
    ['items/0', {}],
    ['of/a/b', { filter => { text => 'a', filter => { text => 'b' } } }],
    ['color/RED', { color => 'RED' }],
    ['color/2', { color => 'GREEN' }],
    ['time/2020-01-02T03:04:05.5Z', { time => '2020-01-02T03:04:05.500Z' }],
    ['flag/true', { flag => JSON::PP::true }],
    ['flag/false', {}],
    ['wrapped/0', { wrapped => '0' }],
    ['data/AAE=', { data => 'AAE=' }],
    ['data/-_8', { data => '+/8=' }],
    ['name/%C3%A4', { name => "\x{e4}" }],
    ['a/x/b/y', { name => 'a/x/b', parentName => 'y' }],
)),
(map {
    my ($path, $says) = @$_;

    refusal($path, call("/v1/$path"), 400, 'path', $says)
} (
    ['items/x', qr/\bid\b.*"x"/],
    ['items/9223372036854775808', qr/\bid\b/],
    ['items/1.5', qr/\bid\b/],
    ['items/%201', qr/\bid\b/],
    ['color/BLUE', qr/\bcolor\b.*"BLUE"/],
    ['time/2020', qr/\btime\b/],
    ['flag/yes', qr/\bflag\b/],
    ['flag/TRUE', qr/\bflag\b/],
    ['data/%2A', qr/\bdata\b/],
    ['name/%FF', qr/\bname\b/],
)),



=== TEST 2: the query
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
query('', {}),
query('name=x', { name => 'x' }),
query('name=', {}),
query('name=a%20b+c%2Bd%26', { name => 'a b c+d&' }),
query('name=%C3%A4', { name => "\x{e4}" }),
query('na%6De=x', { name => 'x' }),
query('&&name=x&', { name => 'x' }),
query('name=a=b', { name => 'a=b' }),
query('tags=a&tags=b&tags=', { tags => ['a', 'b', ''] }),
query('ids=1&name=x&ids=-2', { name => 'x', ids => [1, -2] }),
query('filter.text=x&filter.numbers=1&filter.numbers=2&filter.flag=false',
      { filter => { text => 'x', numbers => [1, 2],
                    flag => JSON::PP::false } }),
query('filter.text=x&name=n&filter.filter.filter.text=y&filter.filter.text=z',
      { name => 'n', filter => { text => 'x', filter => { text => 'z',
        filter => { text => 'y' } } } }),
query('color=RED', { color => 'RED' }),
query('color=1', { color => 'RED' }),
query('color=77', { color => 77 }),
query('colors=RED&colors=2', { colors => ['RED', 'GREEN'] }),
query('wrapped=5&text=&maybe=false&blob=AAE',
      { wrapped => '5', text => '', maybe => JSON::PP::false,
        blob => 'AAE=' }),
query('time=2020-01-02T03:04:05%2B01:00&wait=1.5s&mask=name,itemIds.x',
      { time => '2020-01-02T02:04:05Z', wait => '1.500s',
        mask => 'name,itemIds.x' }),
query('times=2020-01-02T03:04:05Z&times=1970-01-01T00:00:00Z',
      { times => ['2020-01-02T03:04:05Z', '1970-01-01T00:00:00Z'] }),
query('flag=true', { flag => JSON::PP::true }),
query('number=1e3&ratio=0.1&negative=-5&fixed=4294967295'
      . '&unsigned=18446744073709551615',
      { number => 1000, ratio => 0.1, negative => -5, fixed => 4294967295,
        unsigned => '18446744073709551615' }),
query('number=NaN&ratio=-Infinity', { number => 'NaN',
                                      ratio => '-Infinity' }),
query('data=AAEC', { data => 'AAEC' }),
query('parent_name=a', { parentName => 'a' }),
query('parentName=a', { parentName => 'a' }),
query('filter.from=a', { filter => { from => 'a' } }),
query('filter.parent_name=a', { filter => { from => 'a' } }),
query('item.inner.id=5&item.name=x', { item => { name => 'x',
                                                 inner => { id => 5 } } }),
query('item.left=a', { item => { left => 'a' } }),
query('left=', { left => '' }),
query('either.text=x&either.flag=true',
      { either => { text => 'x', flag => JSON::PP::true } }),
bad_query('name=x&name=y', qr/\bname\b/),
bad_query('filter.text=x&filter.text=y', qr/\btext\b/),
bad_query('filter.text=x&filter.text=', qr/\btext\b/),
bad_query('text=x&text=y', qr/\btext\b/),
bad_query('left=x&right=1'),
bad_query('left=x&either.text=y'),
bad_query('id=x', qr/\bid\b.*"x"/),
bad_query('id=', qr/\bid\b/),
bad_query('id=99999999999999999999', qr/\bid\b/),
bad_query('ids=1,2', qr/\bids\b/),
bad_query('ids=2147483648', qr/\bids\b/),
bad_query('unsigned=-1', qr/\bunsigned\b/),
bad_query('flag', qr/\bflag\b/),
bad_query('flag=1', qr/\bflag\b/),
bad_query('color=BLUE', qr/\bcolor\b.*"BLUE"/),
bad_query('time=x', qr/\btime\b/),
bad_query('wait=1', qr/\bwait\b/),
bad_query('data=%2A', qr/\bdata\b/),
bad_query('number=1x', qr/\bnumber\b/),
bad_query('ratio=1e39', qr/\bratio\b/),
bad_query('filter=x', qr/\bfilter\b/),
bad_query('item={}', qr/\bitem\b/),
bad_query('items.name=x', qr/\bitems\b/),
bad_query('labels=x', qr/\blabels\b/),
bad_query('labels.a=x', qr/\blabels\b/),
bad_query('free=x', qr/\bfree\b/),
bad_query('free.a=x', qr/"free\.a"/, 'parameter'),
bad_query('value=x', qr/\bvalue\b/),
bad_query('name=%FF', qr/\bname\b/),
bad_query('name=%', qr/escape/),
bad_query('name=%x0', qr/escape/),
bad_query('%=x', qr/escape/),
bad_query('nothing=x', qr/"nothing"/, 'parameter'),
bad_query('filter.nothing=x', qr/"filter\.nothing"/, 'parameter'),
bad_query('Name=x', qr/"Name"/, 'parameter'),
bad_query('=x', qr/""/, 'parameter'),
bad_query('x' x 500 . '=1', qr/^.{1,200}$/, 'parameter'),
bad_query('%22%0A=1', qr/"""|"\\?"|"/, 'parameter'),
refusal('what the path has given',
        call('/v1/items/5?id=5'), 400, 'query', qr/\bid\b/),
refusal('what the path has given, within',
        call('/v1/of/a/b?filter.text=a'), 400, 'query', qr/\btext\b/),
['beside what the path has given', call('/v1/of/a/b?filter.flag=true'), 200,
 0, sent(request => { filter => { text => 'a', flag => JSON::PP::true,
                                  filter => { text => 'b' } } })],



=== TEST 3: the body
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
body('/v1/items', { name => 'x' }, { name => 'x' }),
body('/v1/items/n', { id => 5 }, { name => 'n', id => '5' }, method => 'PUT'),
body('/v1/items/n/7', { inner => { inner => { id => 1 } } },
     { inner => { name => 'n', id => 7, inner => { id => 1 } } }),
body('/v1/in/n', { name => 'i' }, { name => 'n', item => { name => 'i' } }),
body('/v1/in/n', {}, { name => 'n', item => {} }),
body('/v1/in/n?id=5&tags=a&filter.text=t', { name => 'i' },
     { name => 'n', id => '5', tags => ['a'], filter => { text => 't' },
       item => { name => 'i' } }),
body('/v1/scalar/5', 'text', { id => '5', name => 'text' }),
body('/v1/tags/5', ['a', 'b'], { id => '5', tags => ['a', 'b'] }),
body('/v1/tags/5', [], { id => '5' }),
body('/v1/labels', { a => 'b' }, { labels => { a => 'b' } }),
body('/v1/time', '2020-01-02T03:04:05Z', { time => '2020-01-02T03:04:05Z' }),
body('/v1/wrapped', '5', { wrapped => '5' }),
body('/v1/value', undef, { value => undef }),
body('/v1/value', [1, { a => undef }], { value => [1, { a => undef }] }),
body('/v1/free', { a => [1] }, { free => { a => [1] } }),
body('/v1/list', [{ id => 1 }, {}], { items => [{ id => '1' }, {}] }),
body('/v1/colored', 'GREEN', { color => 'GREEN' }),
body('/v1/named/x', { id => 5 }, { item => { name => 'x', id => '5' } },
     method => 'PUT'),
body('/v1/deep/x', { id => 5, inner => { id => 6 } },
     { item => { id => '5', inner => { name => 'x', id => 6 } } },
     method => 'PUT'),
body('/v1/deep/x', {}, { item => { inner => { name => 'x' } } },
     method => 'PUT'),
['a field without a body', call('/v1/in/n', method => 'POST'), 200, 0,
 sent(request => { name => 'n' })],
['white space', call('/v1/items', body => " \r\n\t{ \"id\" : 5 }\n",
                     type => 'application/json'), 200, 0,
 sent(request => { id => '5' })],
bad_body('/v1/items/n', { name => 'n' }, qr/\bname\b/, method => 'PUT'),
bad_body('/v1/items/n', { name => 'm' }, qr/\bname\b/, method => 'PUT'),
bad_body('/v1/items/n/7', { inner => { name => 'm' } }, qr/\bname\b/),
bad_body('/v1/named/x', { name => 'y' }, qr/\bname\b/, method => 'PUT'),
bad_body('/v1/deep/x', { inner => { id => 1, name => 'y' } }, qr/\bname\b/,
         method => 'PUT'),
bad_body('/v1/items', { nothing => 1 }, qr/\$\.nothing\b|"nothing"/),
bad_body('/v1/items', { inner => { nothing => 1 } }, qr/\$\.inner.*nothing/),
bad_body('/v1/items', [], qr/./),
bad_body('/v1/items', 'x', qr/./),
bad_body('/v1/items', undef, qr/./),
bad_body('/v1/tags/5', 'a', qr/./),
bad_body('/v1/tags/5', { a => 1 }, qr/./),
bad_body('/v1/colored', 'BLUE', qr/BLUE/),
refusal('a query beside the whole', call('/v1/items?id=5', json => {}), 400,
        'parameter', qr/"id"/),
refusal('the body\'s field in the query', call('/v1/in/n?item.name=a',
                                               json => {}), 400,
        'parameter', qr/"item\.name"/),
refusal('a body where there is none', call('/v1/bare/n', json => {}), 400,
        'body', qr/body/),
['no body where there is none', call('/v1/bare/n?id=5', method => 'POST'), 200,
 0, sent(request => { name => 'n', id => '5' })],
refusal('a body of GET', call('/v1/get', method => 'GET', json => {}), 400,
        'body', qr/body/),
refusal('a body of DELETE', call('/v1/items/1', method => 'DELETE',
                                 json => {}), 400, 'body', qr/body/),
(map {
    refusal('no JSON: ' . s/[^ -~]/?/gr, call('/v1/items', body => $_,
                                type => 'application/json'), 400, 'body',
            qr/./)
} '{', '{"id":5', '{"id":5}x', '{"id":5}{}', '{"id":5,}', '{id:5}', "{'id':5}",
  '{"id":05}', '{"text":"\x"}', "{\"text\":\"\n\"}", "{\"text\":\"\xff\"}",
  '{"text":"\ud800"}', 'x', "\xef\xbb\xbf{}", '{"id":5}' . "\0", ' '),
refusal('an empty body of JSON', call('/v1/items', body => '',
                                      type => 'application/json'), 400,
        'body', qr/./),



=== TEST 4: update_mask
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
(map {
    my ($what, $uri, $json, $mask, $item, %more) = @$_;

    [$what, call("/v1/items/n$uri", method => 'PATCH', json => $json), 200, 0,
     sent(request => { item => { name => 'n', %$item },
                       defined $mask ? (updateMask => $mask) : (), %more })]
} (
    ['of the body', '', { id => 5, text => 'x' }, 'id,text',
     { id => '5', text => 'x' }],
    ['of what is within', '', { inner => { id => 5, inner => { name => '' } } },
     'inner.id,inner.inner.name', { inner => { id => 5, inner => {} } }],
    ['defaults', '', { id => 0, text => '' }, 'id,text', {}],
    ['repeated, maps, well-known types', '',
     { tags => ['a'], counts => { a => 1 }, time => '2020-01-02T03:04:05Z',
       wrapped => 5, free => { a => 1 }, inners => [{ id => 1 }] },
     'counts,free,inners,tags,time,wrapped',
     { tags => ['a'], counts => { a => 1 }, time => '2020-01-02T03:04:05Z',
       wrapped => 5, free => { a => 1 }, inners => [{ id => 1 }] }],
    ['an empty message', '', { inner => {} }, 'inner', { inner => {} }],
    ['an empty body', '', {}, '', {}],
    ['given', '?update_mask=text', { id => 5 }, 'text', { id => '5' }],
    ['given, the other name', '?updateMask=text,inner.id', { id => 5 },
     'text,inner.id', { id => '5' }],
    ['given, empty', '?updateMask=', { id => 5 }, '', { id => '5' }],
    ['beside other parameters', '?check_only=true', { id => 5 }, 'id',
     { id => '5' }, checkOnly => JSON::PP::true],
)),
['not of the whole', call('/v1/whole', method => 'PATCH',
                          json => { item => { id => 5 } }), 200, 0,
 sent(request => { item => { id => '5' } })],
['of the whole, given', call('/v1/whole', method => 'PATCH',
                             json => { item => { id => 5 },
                                       updateMask => 'a' }), 200, 0,
 sent(request => { item => { id => '5' }, updateMask => 'a' })],
['not of others', call('/v1/named/x', method => 'PUT', json => { id => 5 }),
 200, 0, sent(request => { item => { name => 'x', id => '5' } })],
['no body', call('/v1/bare', method => 'PATCH'), 200, 0,
 sent(request => { updateMask => '' })],



=== TEST 5: what is unknown
--- http_config eval: $GwGrpc::HTTP
--- config
location /v1/items {
    gw_transcode test.v1.Test;
    gw_transcode_unknown_fields ignore;
    grpc_pass grpc://service;
}

location /v1/get {
    gw_transcode test.v1.Test;
    gw_transcode_unknown_query ignore;
    grpc_pass grpc://service;
}

location /v1/time/ {
    gw_transcode test.v1.Test;
    gw_transcode_unknown_query key utm_source;
    grpc_pass grpc://service;
}
--- cases
['fields', call('/v1/items', json => { id => 5, nothing => { a => [1] },
                                       inner => { no => 1, id => 6 } }), 200,
 0, sent(request => { id => '5', inner => { id => 6 } })],
['names of enums', call('/v1/items', json => { id => 5, color => 'BLUE' }),
 200, 0, sent(request => { id => '5' })],
['what is known is looked at',
 call('/v1/items', json => { id => 'x', no => 1 }), 400, 3,
 error => '400 body'],
['what is ignored is JSON',
 call('/v1/items', body => '{"no":[}', type => 'application/json'), 400, 3,
 error => '400 body'],
['a query', call('/v1/get?no=1&name=x&filter.no=2&x.y=z&='), 200, 0,
 sent(request => { name => 'x' })],
refusal('a query that is known', call('/v1/get?no=1&id=x'), 400, 'query',
        qr/\bid\b/),
['names', call('/v1/time/2020-01-02T03:04:05Z?key=x&utm_source=y&key=z'), 200,
 0, sent(request => { time => '2020-01-02T03:04:05Z' })],
refusal('another name', call('/v1/time/2020-01-02T03:04:05Z?key=x&keys=y'),
        400, 'parameter', qr/"keys"/),
['fields of the others', call('/v1/get?no=1', json => { no => 1 },
                              method => 'GET'), 400, 3, error => '400 body'],
