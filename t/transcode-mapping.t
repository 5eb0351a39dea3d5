# JSON in and out through the wire: what of each type is taken, what is written
# for it, and what is refused, with the path to it.

use GwTest;
use GwGrpc;

use JSON::PP ();

# Rows of JSON that is sent to the echo, and JSON that comes back (the same, if
# there is none).  A body as it is, to see how it is written.

sub echoes {
    my ($uri, @rows) = @_;

    return map {
        my ($in, $out) = ref $_ ? @$_ : ($_, $_);

        ["$uri $in" =~ s/[^ -~]/?/gr, call($uri, body => $in,
                                          type => 'application/json'),
         200, 0, body => $out];
    } @rows;
}


# rows of JSON and what the message says, a regular expression
sub refuses {
    my ($uri, @rows) = @_;

    return map {
        my ($in, $says) = @$_;

        refusal("refused: $in" =~ s/[^ -~]/?/gr, call($uri, body => $in,
                                            type => 'application/json'),
                400, 'body', $says);
    } @rows;
}


sub nested { return '{"self":' x $_[0] . '{}' . '}' x $_[0] }

our $k = '/v1/kitchen';

# a field of kitchen.v1.Scalars, and what is written for it
sub scalars {
    my ($field, @rows) = @_;

    return echoes($k, map {
        my ($in, $out) = ref $_ ? @$_ : ($_, $_);

        ["{\"scalars\":{\"$field\":$in}}",
         defined $out ? "{\"scalars\":{\"$field\":$out}}" : '{"scalars":{}}']
    } @rows);
}


sub bad_scalars {
    my ($field, @values) = @_;

    return refuses($k, map {
        ["{\"scalars\":{\"$field\":$_}}", qr/^\$\.scalars\.$field: /]
    } @values);
}

run_tests();

__DATA__

=== TEST 1: scalars
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
scalars('int32Value', 1, -1, 2147483647, -2147483648, [0, undef],
        ['"7"', 7], ['1.0', 1], ['1e2', 100], ['"1e2"', 100],
        ['-0', undef], ['1.5e1', 15], ['null', undef]),
bad_scalars('int32Value', 2147483648, -2147483649, 1.5, '"x"', '""', '" 1"',
            'true', '[]', '{}', '"1.5"', '1e10', '"0x1"', '"NaN"'),
scalars('uint32Value', 4294967295, ['"5"', 5]),
bad_scalars('uint32Value', -1, 4294967296, '"-1"'),
scalars('int64Value', ['9223372036854775807', '"9223372036854775807"'],
        ['"-9223372036854775808"', '"-9223372036854775808"'], ['5', '"5"'],
        ['1e18', '"1000000000000000000"'], ['0', undef]),
bad_scalars('int64Value', '9223372036854775808', '"-9223372036854775809"',
            '1e19', '0.5'),
scalars('uint64Value', ['18446744073709551615', '"18446744073709551615"'],
        ['"18446744073709551615"', '"18446744073709551615"']),
bad_scalars('uint64Value', '18446744073709551616', '-1', '"-0.5"'),
(map { scalars($_, -5, 2147483647) } qw(sint32Value sfixed32Value)),
(map { scalars($_, '"-5"', '"9223372036854775807"') }
     qw(sint64Value sfixed64Value)),
scalars('fixed32Value', 4294967295),
scalars('fixed64Value', '"18446744073709551615"'),
scalars('boolValue', 'true', ['false', undef]),
bad_scalars('boolValue', '"true"', 1, 0, '"x"'),
scalars('doubleValue', 1.5, -0.5, '1e300', ['1e+300', '1e300'],
        '"NaN"', '"Infinity"', '"-Infinity"', ['"1.5"', 1.5],
        ['0.1', '0.1'], ['1', '1'], ['100', '100'], ['0', undef],
        ['0.30000000000000004', '0.30000000000000004'],
        ['123456789012345678', '1.2345678901234568e17']),
bad_scalars('doubleValue', '"nan"', '"inf"', 'true', '1e400', '"1e400"',
            '"x"', '""', '" 1"'),
scalars('floatValue', 1.5, 0.1, ['0.1000000014901161', '0.1'], '"NaN"',
        '"Infinity"', '3.4028235e38'),
bad_scalars('floatValue', '1e39', '-1e39', '"x"'),
scalars('stringValue', '"x"', '"\""', '"\\\\"', ['"\/"', '"/"'],
        ['"\u00e4"', "\"\xc3\xa4\""], ['"\ud83d\ude00"', "\"\xf0\x9f\x98\x80\""],
        '"\u0000\u0001"', '"\b\f\n\r\t"', ['""', undef],
        "\"\xe2\x82\xac\"", ['null', undef]),
bad_scalars('stringValue', 1, 'true', '[]', '{}'),
scalars('bytesValue', '"AAEC"', '"+/+/"', ['"-_-_"', '"+/+/"'],
        ['"AA"', '"AA=="'], ['"AA=="', '"AA=="'], ['""', undef]),
bad_scalars('bytesValue', '"A"', '"*"', 1, '"AA=A"', '"A A="'),
scalars('enumValue', '"RED"', ['1', '"RED"'], ['"1"', '"RED"'], '77', '"ULTRAVIOLET"',
        ['-1', '"ULTRAVIOLET"'], ['0', undef], ['"COLOR_NONE"', undef]),
bad_scalars('enumValue', '"red"', '"1x"', 'true', '1.5', '2147483648', '""'),



=== TEST 2: fields
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
echoes($k,
    ['{"scalars":{"int32_value":5}}', '{"scalars":{"int32Value":5}}'],
    ['{"scalars":null}', '{}'],
    '{"scalars":{}}',
    '{"optionals":{"int32Value":0,"boolValue":false,"stringValue":""}}',
    ['{"optionals":{"int32Value":null}}', '{"optionals":{}}'],
    '{"repeateds":{"int32Values":[1,2,3],"stringValues":["","a"]}}',
    ['{"repeateds":{"int32Values":[]}}', '{"repeateds":{}}'],
    ['{"repeateds":{"int32Values":null}}', '{"repeateds":{}}'],
    '{"repeateds":{"messageValues":[{},{"int32Value":1}]}}',
    '{"repeateds":{"unpackedValues":[1,2],"packedValues":["1","-2"]}}',
    '{"maps":{"int32String":{"1":"a"}}}',
    '{"maps":{"boolBool":{"true":false}}}',
    '{"maps":{"stringMessage":{"":{}}}}',
    ['{"maps":{"int32String":{}}}', '{"maps":{}}'],
    ['{"maps":{"int32String":null}}', '{"maps":{}}'],
    '{"maps":{"stringMaps":{"a":{"stringMaps":{"b":{}}}}}}',
    '{"oneofs":{"text":""}}',
    '{"oneofs":{"number":"0"}}',
    '{"oneofs":{"nullValue":null}}',
    '{"oneofs":{"scalars":{}}}',
    '{"oneofs":{"value":null}}',
    ['{"oneofs":{"text":null,"number":"5"}}', '{"oneofs":{"number":"5"}}'],
    '{"names":{"Other":1,"@type":2,"":3}}',
    '{"aliases":["ALIAS_ZERO","ALIAS_ONE"]}',
    ['{"aliases":["ALIAS_NULL","ALIAS_UNO",1]}',
     '{"aliases":["ALIAS_ZERO","ALIAS_ONE","ALIAS_ONE"]}'],
    ['{"numbers":{"greatest":[1]},"name":"x"}',
     '{"name":"x","numbers":{"greatest":[1]}}'],
    '{"nested":{"inner":{"inmost":{"choice":"SOME"}}}}',
    '{"nested":' . nested(90) . '}',
),
refuses($k,
    ['{"no":1}', qr/\bno\b/],
    ['{"scalars":{"int32Value":1,"int32Value":2}}', qr/int32Value/],
    ['{"scalars":{"int32Value":1,"int32_value":2}}', qr/int32_value/],
    ['{"oneofs":{"text":"a","number":"5"}}', qr/number/],
    ['{"scalars":[]}', qr/^\$\.scalars: /],
    ['{"repeateds":{"int32Values":1}}', qr/^\$\.repeateds\.int32Values: /],
    ['{"repeateds":{"int32Values":[1,"x"]}}',
     qr/^\$\.repeateds\.int32Values\[1\]: /],
    ['{"repeateds":{"int32Values":[null]}}',
     qr/^\$\.repeateds\.int32Values\[0\]: /],
    ['{"repeateds":{"messageValues":[{},{"int32Value":""}]}}',
     qr/^\$\.repeateds\.messageValues\[1\]\.int32Value: /],
    ['{"maps":{"int32String":{"x":""}}}', qr/^\$\.maps\.int32String/],
    ['{"maps":{"int32String":{"1":1}}}', qr/^\$\.maps\.int32String/],
    ['{"maps":{"int32String":{"1":null}}}', qr/^\$\.maps\.int32String/],
    ['{"maps":{"boolBool":{"yes":true}}}', qr/^\$\.maps\.boolBool/],
    ['{"maps":{"int32String":[]}}', qr/^\$\.maps\.int32String: /],
    ['{"nested":' . nested(101) . '}', qr/./],
    ['{"mixed":[{"mixed":[{"scalars":{"boolValue":5}}]}]}',
     qr/^\$\.mixed\[0\]\.mixed\[0\]\.scalars\.boolValue: /],
),



=== TEST 3: well-known types
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
echoes($k, map { ref $_ ? ["{\"known\":{$_->[0]}}", "{\"known\":{$_->[1]}}"]
                        : "{\"known\":{$_}}" }
    '"timestamp":"2020-01-02T03:04:05Z"',
    '"timestamp":"2020-01-02T03:04:05.500Z"',
    '"timestamp":"2020-01-02T03:04:05.000005Z"',
    '"timestamp":"2020-01-02T03:04:05.000000005Z"',
    '"timestamp":"0001-01-01T00:00:00Z"',
    '"timestamp":"9999-12-31T23:59:59.999999999Z"',
    ['"timestamp":"2020-01-02T03:04:05+02:00"',
     '"timestamp":"2020-01-02T01:04:05Z"'],
    ['"timestamp":null', ''],
    '"duration":"1s"', '"duration":"-1.500s"', '"duration":"0.000001s"',
    '"duration":"315576000000s"', ['"duration":"1.5s"', '"duration":"1.500s"'],
    '"fieldMask":"a,fooBar.baz"', '"fieldMask":""',
    '"struct":{"a":[1,"x",null,true,{"b":{}}]}', '"struct":{}',
    '"value":null', '"value":1.5', '"value":"x"', '"value":[[]]',
    '"listValue":[1,null,"x"]', '"listValue":[]',
    ['"nullValue":null', ''],
    '"int64Wrapper":"5"', ['"int64Wrapper":5', '"int64Wrapper":"5"'],
    '"int64Wrapper":"0"', ['"int64Wrapper":null', ''],
    '"stringWrapper":""', '"boolWrapper":false', '"bytesWrapper":"AA=="',
    '"doubleWrapper":"NaN"', '"empty":{}',
    '"any":{"@type":"type.googleapis.com/kitchen.v1.Scalars","int32Value":5}',
    ['"any":{"int32Value":5,"@type":"type.googleapis.com/kitchen.v1.Scalars"}',
     '"any":{"@type":"type.googleapis.com/kitchen.v1.Scalars","int32Value":5}'],
    '"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}',
    '"any":{"@type":"type.googleapis.com/google.protobuf.Any","value":'
        . '{"@type":"type.googleapis.com/kitchen.v1.Nothing"}}',
    '"any":{}',
    '"timestamps":["1970-01-01T00:00:00Z"]', '"int64Wrappers":["1","0"]',
    '"values":[null,1,"x",[],{}]', '"structs":[{},{"a":1}]',
),
refuses($k, map { ["{\"known\":{$_->[0]}}", $_->[1]] }
    (map { ["\"timestamp\":$_", qr/^\$\.known\.timestamp: /] }
         '"2020-01-02"', '"2020-13-02T03:04:05Z"', '"2020-02-30T03:04:05Z"',
         '"2020-01-02T03:04:05"', '"2020-01-02t03:04:05z"', '5', '""',
         '"10000-01-01T00:00:00Z"', '"2020-01-02T24:00:00Z"',
         '"0001-01-01T00:00:00+01:00"', '{}'),
    (map { ["\"duration\":$_", qr/^\$\.known\.duration: /] }
         '"1"', '"1m"', '"s"', '"315576000001s"', '"1.0000000001s"', '1',
         '"--1s"'),
    (map { ["\"fieldMask\":$_", qr/^\$\.known\.fieldMask: /] }
         '"foo_bar"', '5', '[]'),
    (map { ["\"any\":$_", qr/^\$\.known\.any/] }
         '{"@type":"type.googleapis.com/no.such.Type"}', '{"a":1}',
         '{"@type":5}', '{"@type":""}', '[]',
         '{"@type":"type.googleapis.com/kitchen.v1.Scalars","no":1}',
         '{"@type":"type.googleapis.com/google.protobuf.Duration"'
         . ',"value":"x"}'),
    ['"struct":[]', qr/^\$\.known\.struct: /],
    ['"listValue":{}', qr/^\$\.known\.listValue: /],
    ['"int64Wrapper":"x"', qr/^\$\.known\.int64Wrapper: /],
    ['"int64Wrapper":{"value":5}', qr/^\$\.known\.int64Wrapper: /],
    ['"empty":5', qr/^\$\.known\.empty: /],
    ['"int64Wrappers":[null]', qr/^\$\.known\.int64Wrappers\[0\]: /],
),



=== TEST 4: proto2
--- http_config eval: $GwGrpc::HTTP
--- config eval: $GwGrpc::ALL
--- cases
echoes('/v1/legacy',
    '{"name":"x"}',
    '{"name":"x","closed":"TWO","list":["ONE","MINUS"]}',
    '{"name":"x","group":{"a":1,"inner":[{"b":"y"}]}}',
    '{"name":"x","many":[{"c":"1"}]}',
    '{"name":"x","picked":{"yes":false}}',
    '{"name":"x","[legacy.v1.note]":"n"}',
    '{"name":"x","self":{"name":""}}',
),
refuses('/v1/legacy',
    ['{"name":"x","closed":7}', qr/^\$\.closed: /],
    ['{"name":"x","closed":"NONE"}', qr/^\$\.closed: /],
    ['{}', qr/\bname\b/],
    ['{"name":"x","self":{}}', qr/\bname\b/],
    ['{"name":"x","[legacy.v1.none]":"n"}', qr/legacy\.v1\.none/],
),
echoes('/v1/defaults', '{}', '{"int32Value":0}'),



=== TEST 5: how it is written
--- http_config eval: $GwGrpc::HTTP
--- config eval
CORE::join "", map { <<"_EOC_" } ('unpopulated', 'proto_names', 'enum_numbers', 'indent');
location /$_/ {
    rewrite ^/$_(/.*) \$1 break;
    gw_transcode test.v1.Test;
    gw_transcode_print $_;
    grpc_pass grpc://service;

    location /$_/off/ {
        rewrite ^/$_/off(/.*) \$1 break;
        gw_transcode_print off;
        grpc_pass grpc://service;
    }
}
_EOC_
--- cases
echoes('/proto_names/v1/kitchen', '{"scalars":{"int32_value":5}}'),
echoes('/proto_names/off/v1/kitchen', '{"scalars":{"int32Value":5}}'),
echoes('/enum_numbers/v1/kitchen', ['{"scalars":{"enumValue":"RED"}}',
                                    '{"scalars":{"enumValue":1}}']),
echoes('/indent/v1/echo', ['{"id":"5","tags":["a","b"],"inner":{"ids":[1]}}',
    "{\n  \"id\": \"5\",\n  \"tags\": [\n    \"a\",\n    \"b\"\n  ],\n"
    . "  \"inner\": {\n    \"ids\": [\n      1\n    ]\n  }\n}"], '{}'),
['unpopulated', call('/unpopulated/v1/echo', json => { id => 5 }), 200, 0,
 json => { name => '', id => '5', text => '', tags => [], color => 'NONE',
           counts => {}, data => '', inners => [], number => 0 },
 then => sub {
     my ($res, $name) = @_;

     my $got = unjson($res->{body});

     is_deeply([grep { exists $got->{$_} } qw(flag left right)], [],
               "$name: not those that know whether they are set");
 }],
echoes('/unpopulated/off/v1/echo', '{"id":"5"}'),



=== TEST 6: methods without annotations
--- http_config eval: $GwGrpc::HTTP
--- config
location /test.v1.Test/ {
    gw_transcode test.v1.Test;
    gw_transcode_auto on;
    grpc_pass grpc://service;
}

location = /test.v1.Test/Plain {
    gw_transcode test.v1.Test;
    grpc_pass grpc://service;
}
--- cases
['on', call('/test.v1.Test/PlainWatch', json => { id => 2 }), 200, undef,
 body => '[{"id":"1"},{"id":"2"}]'],
['on, a client stream', call('/test.v1.Test/PlainCollect',
                             body => '[{"id":1},{"id":2}]'), 200, 0,
 sent(requests => [{ id => '1' }, { id => '2' }])],
['on, another method', call('/test.v1.Test/PlainWatch'), 405, 12,
 Allow => 'POST', error => '405 method'],
['on, one that has annotations', call('/test.v1.Test/Get', json => {}), 404,
 5, error => '404 route'],
['off', call('/test.v1.Test/Plain', json => {}), 404, 5,
 error => '404 route'],
