"""Texts that are, and that are not, JSON of a message.

(message, text, accepted, of Python): Python does the same unless the last one
says why it does not.  A text of bytes is what it is; one that is a list is
joined.
"""

S = 'kitchen.v1.Scalars'
O = 'kitchen.v1.Optionals'
R = 'kitchen.v1.Repeateds'
M = 'kitchen.v1.Maps'
F = 'kitchen.v1.Oneofs'
K = 'kitchen.v1.Known'
N = 'kitchen.v1.Nested'
L = 'legacy.v1.Legacy'
P = 'google.protobuf.'

PYTHON_INT = 'int() of Python takes no fraction or exponent in a string'
PYTHON_INT_LENIENT = 'int() of Python takes more than JSON numbers'
PYTHON_FLOAT = 'float() of Python takes more than JSON numbers'
PYTHON_ROUND = 'Python reads integers with exponents as doubles'
PYTHON_BASE64 = 'Python passes over what is no base64'
PYTHON_JSON = 'the json module takes more than JSON'
PYTHON_STRUCT = 'Python takes infinity for a number'
PYTHON_TIME = 'Python takes more for a time'
PYTHON_MASK = 'Python takes more for a mask'
PYTHON_NULL = 'Python takes null for no value here, or the other way round'
PYTHON_TWICE = 'Python does not see that it is one field'
PYTHON_FLOAT_MAX = 'Python refuses what rounds to the largest float'
PYTHON_ENUM = 'Python makes a string or a fraction a number'
PYTHON_DEPTH = 'Python counts messages, here are objects and arrays'
PYTHON_ANY = 'Python takes any type'
PYTHON_EMPTY = 'Python takes what is empty for an object'
PYTHON_ZERO = 'Python takes -0 for the integer 0'
PYTHON_CRASH = 'Python fails in another way'


def one(message, name, accepted, refused, **reasons):
    for value in accepted:
        yield (message, '{"%s":%s}' % (name, value), 1, reasons.get('yes'))
    for value in refused:
        yield (message, '{"%s":%s}' % (name, value), 0, reasons.get('no'))


def cases():
    # texts

    for text, good in (
            ('{}', 1), (' {} ', 1), ('\t\r\n{\t\r\n}\t\r\n', 1), ('', 0),
            (' ', 0), ('\n', 0), ('{', 0), ('}', 0), ('{}}', 0), ('{},', 0),
            ('{}{}', 0), ('{} x', 0), ('[1]', 0), ('null', 0), ('1', 0),
            ('"x"', 0), ('true', 0), ('{,}', 0), ('{"stringValue"}', 0),
            ('{"stringValue":}', 0), ('{"stringValue" "x"}', 0),
            ('{"stringValue":"x",}', 0), ('{"stringValue":"x"', 0),
            ('{"stringValue":"x', 0), ('{"stringValue', 0), ('{"', 0),
            ('{stringValue:"x"}', 0), ("{'stringValue':'x'}", 0),
            ('{"stringValue":"x" "int32Value":1}', 0),
            ('{"stringValue":"x";"int32Value":1}', 0),
            ('{"stringValue":"x"]', 0), ('{"stringValue":"x"/**/}', 0),
            ('{"stringValue"\n:\n"x"\n,\n"int32Value"\n:\n1\n}', 1),
            ('{"string_value":"x"}', 1), ('{"StringValue":"x"}', 0),
            ('{"stringvalue":"x"}', 0), ('{"string\\u0056alue":"x"}', 1),
            ('{"nothing":1}', 0), ('{"":1}', 0), ('{"[a.b]":1}', 0),
            (b'\xef\xbb\xbf{}', 0), (b'{}\0', 0), (b'\0{}', 0),
            (b'{\x0b}', 0), (b'\xc2\xa0{}', 0), (b'{"\xff":1}', 0)):
        yield (S, text, good, None)

    for text in ('{"stringValue":"a","stringValue":"b"}',
                 '{"stringValue":"a","stringValue":"a"}',
                 '{"stringValue":null,"stringValue":"a"}'):
        yield (S, text, 0, None)

    yield (S, '{"stringValue":"a","string_value":"a"}', 0, PYTHON_TWICE)
    yield (S, '{"string_value":"a","stringValue":null}', 0, PYTHON_TWICE)

    # strings

    yield from one(S, 'stringValue', (
        '""', '"x"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\u0000"', '"\\u00e9"',
        '"\\ud83d\\ude00"', '"\\uDBFF\\uDFFF"', '"\x7f"', '"\ud7ff"',
        '"\U0010ffff"', 'null', '"%s"' % ('x' * 1000)), (
        '1', 'true', '{}', '[]', '[""]', '"\\x"', '"\\u12"', '"\\u12g4"',
        '"\\ud800x"', '"\\ud800\\u0041"', '"\\udc00"', '"\\ud800\\ud800"',
        '"', '"\\"', '"a\nb"', '"a\0b"', '"\x1f"', "'x'", '""x'))

    for bad in (b'\x80', b'\xc0\x80', b'\xc1\xbf', b'\xed\xa0\x80', b'\xff',
                b'\xf4\x90\x80\x80', b'\xe0\x80\x80', b'\xf0\x80\x80\x80',
                b'\xc3', b'\xe2\x82', b'\xf0\x9f\x98', b'ascii \xff'):
        for fill in (b'', b'x' * 15, b'x' * 200):
            yield (S, b'{"stringValue":"' + fill + bad + b'"}', 0, None)
            yield (S, b'{"stringValue":"' + fill + bad + b'x"}', 0, None)

    # integers

    for name, low, high in (('int32', -2**31, 2**31 - 1),
                            ('sint32', -2**31, 2**31 - 1),
                            ('sfixed32', -2**31, 2**31 - 1),
                            ('int64', -2**63, 2**63 - 1),
                            ('sint64', -2**63, 2**63 - 1),
                            ('sfixed64', -2**63, 2**63 - 1),
                            ('uint32', 0, 2**32 - 1),
                            ('fixed32', 0, 2**32 - 1),
                            ('uint64', 0, 2**64 - 1),
                            ('fixed64', 0, 2**64 - 1)):
        name += 'Value'

        yield from one(S, name, (
            '0', '-0', '1', '"0"', '"1"', '"-0"', '1.0', '1e0', '1E+2',
            '10e-1', '1.5e1', '0.0', '0e5', '-0.0', '0e-999999999',
            '100000.000', '0.000000000000000000000001e24', str(low), str(high), '"%d"' % low, '"%d"' % high,
            '"\\u0031\\u0032"', 'null', '120000000e-5'), (
            '0.5', '1.5', '1e-1', '15e-2', 'true', 'false', '{}', '[]', '""',
            '" 1"', '"1 "', '"a"', '"1a"', '"0x1"', '01', '-01', '00', '+1',
            '1.', '.1', '1e', '1e+', '--1', '-', '"-"', '"1.5"', '"NaN"',
            '"Infinity"', 'NaN', '1e400', '[1]', '"1,000"',
            str(low - 1), str(high + 1), '"%d"' % (low - 1),
            '"%d"' % (high + 1), '1e20', '1' + '0' * 30, '-1e20',
            '123456789012345678901234567890', '1.0000000001'))

        yield from one(S, name, ('"1.0"', '"1e2"', '"15e-1"'[:0] or '"10e-1"'),
                       (), yes=PYTHON_INT)
        yield from one(S, name, ('%d.0' % high,), (),
                       yes=PYTHON_ROUND if high > 2**53 else None)
        yield from one(S, name, (), ('"+1"', '"01"', '"-01"', '"1_0"',
                                     '"\\n1"', '"\\u0661"'),
                       no=PYTHON_INT_LENIENT)
        yield from one(S, name, (), ('1.00000000000000000000001',),
                       no=PYTHON_ROUND)

    yield from one(S, 'uint32Value', (), ('-1', '"-1"', '-1.0', '-1e0'))
    yield from one(S, 'int64Value', ('9223372036854775807.0', '1e18',
                                     '9223372036854775807000e-3'), (),
                   yes=PYTHON_ROUND)

    # doubles and floats

    for name in ('doubleValue', 'floatValue'):
        yield from one(S, name, (
            '0', '-0.0', '1', '1.5', '-1.5e-3', '1E5', '"1.5"', '"NaN"',
            '"Infinity"', '"-Infinity"', '1e-400', '"1e-400"', 'null',
            '5e-324', '0.1', '123456789012345678901234567890',
            '0.' + '0' * 400 + '1', '"1e5"', '"-0"', '3.4028234e38',
            '1' + '0' * 30 + '.' + '0' * 30), (
            '""', '"x"', '{}', '[]', 'NaN', 'Infinity', '-Infinity',
            '1.', '.5', '01', '1e', '"1x"', '"nan"', '1e400', '-1e400', '+1',
            '1e99999999999999999999', '"--1"'))
        yield from one(S, name, (), (
            '" 1"', '"1 "', '"inf"', '"+1"', '"01"', '"1."', '".5"', '"1_0"',
            '"infinity"', '"-inf"', '"1e400"', '"NAN"', '"+Infinity"'),
            no=PYTHON_FLOAT)
        yield from one(S, name, (), ('true', 'false'), no=PYTHON_FLOAT)
        yield from one(S, name, ('-0', '-0e5'), (), yes=PYTHON_ZERO)

    yield from one(S, 'doubleValue', ('1.7976931348623157e308',
                                      '1.7976931348623158e308'),
                   ('1.7976931348623159e308', '1.8e308'))
    yield from one(S, 'floatValue', (), ('3.5e38', '-3.5e38'))
    yield from one(S, 'floatValue', (), ('"1e39"',), no=PYTHON_FLOAT)
    yield from one(S, 'floatValue', ('3.4028235e38', '3.40282356e38'), (),
                   yes=PYTHON_FLOAT_MAX)
    yield from one(S, 'floatValue', (), ('3.4028236e38',))

    # bools, enums

    yield from one(S, 'boolValue', ('true', 'false', 'null'), (
        '"true"', '"false"', '0', '1', '"1"', 'True', 'TRUE', 'tru', 'truee',
        'fals', 't', '""', '{}', '[]'))

    yield from one(S, 'enumValue', (
        '"RED"', '"COLOR_NONE"', '0', '1', '5', '-1', '1000', '-1000',
        '2147483647', '-2147483648', '"\\u0052ED"', 'null', '1.0', '1e0',
        '"1"', '"1000"'), (
        '"red"', '"PINK"', '""', '" RED"', 'RED', '"kitchen.v1.RED"',
        '{}', '[]'))
    yield from one(S, 'enumValue', (), ('1.5', 'true', '2147483648',
                                        '-2147483649'), no=PYTHON_ENUM)
    yield from one('kitchen.v1.Mixed', 'alias',
                   ('"ALIAS_UNO"', '"ALIAS_ONE"', '"ALIAS_NULL"', '7'),
                   ('"ALIAS_OLD"',))

    # bytes

    yield from one(S, 'bytesValue', (
        '""', '"AA=="', '"AA"', '"AAA="', '"AAA"', '"AAAA"', '"-_-_"',
        '"+/+/"', '"\\/\\u002f\\/+"', '"YWJjZGVmZ2g="', '"YWJjZGVmZ2g"',
        'null'), ('1', 'true', '{}', '[]', '"A"', '"AAAAA"'))
    yield from one(S, 'bytesValue', (), (
        '"A==="', '"AA="', '"AAA=="', '"="', '"===="', '"AA==AA=="',
        '"A A="', '"AAAA\\n"', '"AA*A"', '"\u00e9A=="', '"AAAA="',
        '"AAAA===="', '"AA=A"'), no=PYTHON_BASE64)

    # null, and what is in lists

    for name in ('int32Values', 'stringValues', 'messageValues',
                 'enumValues', 'boolValues', 'bytesValues'):
        yield from one(R, name, ('null', '[]', '[ ]'), (
            '{}', '"x"', '[null]', '[[1]]', '[,]', '[', '[}', 'true'))

    yield from one(R, 'int32Values', ('[1]', '[1,2]', '["1",2.0]'),
                   ('1', '"1"', '[1,]', '[,1]', '[1 2]', '[1,null]',
                    '[1,"x"]', '[1}', '[01]', '[1', '[1,'))
    yield from one(R, 'messageValues', ('[{}]', '[{},{}]'),
                   ('[{},null]', '[1]', '["x"]', '[{}', '[{],}', '{}'))
    yield from one(R, 'messageValues', (), ('[[]]', '[""]'), no=PYTHON_EMPTY)
    yield from one(R, 'enumValues', ('["RED",1]',), ('["PINK"]',))
    yield from one(R, 'stringValues', ('["",""]',), ('[1]', '["]'))

    # maps

    yield from one(M, 'stringMessage', ('{}', '{"":{}}', 'null',
                                        '{"a":{"int32Value":1},"b":{}}'),
                   ('[]', '{"a":null}', '{"a":1}', '{"a"}', '{1:{}}', '""',
                    '{"a":{},"a":{}}', '{"a":{},"\\u0061":{}}', '{"a":{},}'))
    yield from one(M, 'int32String', ('{"1":"","2":""}', '{"-1":""}'),
                   ('{1:""}', '{"x":""}', '{"":""}', '{"2147483648":""}',
                    '{"1":null}', '{"1":1}', '{"1.5":""}', '{" 1":""}',
                    '{"1":"","1":""}'))
    yield from one(M, 'int32String', (), ('{"1":"","\\u0031":"","2":""}',))
    yield from one(M, 'int32String', (), ('{"+1":""}', '{"01":""}'),
                   no=PYTHON_INT_LENIENT)
    yield from one(M, 'int32String', ('{"1.0":""}',), (), yes=PYTHON_INT)
    yield from one(M, 'int32String', (), ('{"1":"","1.0":""}',))
    yield from one(M, 'uint32Float', (), ('{"-1":1}',))
    yield from one(M, 'boolBool', ('{"true":true,"false":false}',),
                   ('{"True":true}', '{"1":true}', '{"":true}', '{true:true}',
                    '{"true":"true"}', '{"true":null}',
                    '{"true":true,"true":false}'))
    yield from one(M, 'stringEnum', ('{"a":"RED","b":77}',),
                   ('{"a":"PINK"}', '{"a":null}'))
    yield from one(M, 'stringValue', ('{"a":null,"b":1,"c":{},"d":[]}',), ())
    yield from one(M, 'stringWrapper', ('{"a":"1"}',),
                   ('{"a":null}', '{"a":{}}', '{"a":{"value":1}}'))
    yield from one(M, 'int32Timestamp', ('{"1":"1970-01-01T00:00:00Z"}',),
                   ('{"1":null}', '{"1":0}', '{"1":{}}'))

    # oneofs

    for text, good in (
            ('{"text":"a"}', 1), ('{"text":""}', 1), ('{"number":"0"}', 1),
            ('{"text":null,"number":"1"}', 1),
            ('{"number":"1","text":null}', 1), ('{"scalars":{}}', 1),
            ('{"nullValue":null}', 1), ('{"nullValue":"NULL_VALUE"}', 1),
            ('{"nullValue":0}', 1), ('{"text":"a","yes":true}', 1),
            ('{"text":"a","between":"b"}', 1), ('{"value":null}', 1),
            ('{"text":"a","number":"1"}', 0), ('{"text":"a","color":"RED"}', 0),
            ('{"text":"","data":""}', 0), ('{"yes":true,"empty":{}}', 0),
            ('{"wrapper":"a","time":"1970-01-01T00:00:00Z"}', 0),
            ('{"text":"a","scalars":null}', 1),
            ('{"text":"a","scalars":{}}', 0)):
        yield (F, text, good, None)

    for text in ('{"text":"a","nullValue":null}', '{"yes":true,"value":null}'):
        yield (F, text, 0, PYTHON_NULL)

    # well-known types

    yield from one(K, 'timestamp', (
        '"1970-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"',
        '"9999-12-31T23:59:59.999999999Z"', '"2000-02-29T00:00:00Z"',
        '"2024-02-29T23:59:59Z"', '"1970-01-01T00:00:00.1Z"',
        '"1970-01-01T00:00:00.000000001Z"', '"1970-01-01T00:00:00+01:00"',
        '"1970-01-01T00:00:00-08:30"', '"1969-12-31T23:59:59.5Z"', 'null',
        '"1970-01-01T00:00:00.123456+00:00"', '"1\\u003970-01-01T00:00:00Z"'),
        ('""', '0', '{}', '[]', '"1970-01-01"', '"1970-01-01T00:00:00"',
         '"1970-01-01t00:00:00Z"', '"1970-01-01T00:00:00z"',
         '"1970-01-01 00:00:00Z"', '"1970-13-01T00:00:00Z"',
         '"1970-00-01T00:00:00Z"', '"1970-01-00T00:00:00Z"',
         '"1970-01-32T00:00:00Z"', '"1970-02-29T00:00:00Z"',
         '"1900-02-29T00:00:00Z"', '"1970-04-31T00:00:00Z"',
         '"1970-01-01T24:00:00Z"', '"1970-01-01T00:60:00Z"',
         '"1970-01-01T00:00:61Z"', '"0000-01-01T00:00:00Z"',
         '"10000-01-01T00:00:00Z"', '"1970-01-01T00:00:00Zx"',
         '"1970-01-01T00:00:00+0100"', '"1970-01-01T00:00:00+1"',
         '"1970-01-01T00:00:00.0000000001Z"', '"-970-01-01T00:00:00Z"',
         '"1970-01-01T00:00:00.-1Z"', '"1970/01/01T00:00:00Z"', '"now"'))
    yield from one(K, 'timestamp', (), (
        '"1970-1-1T0:0:0Z"', '"1970-01-01T00:00:00.Z"',
        '"1970-01-01T00:00:60Z"', '"1970-01-01T00:00:00+24:00"',
        '"1970-01-01T00:00:00+00:60"', '"9999-12-31T23:59:59-00:01"',
        '"0001-01-01T00:00:00+00:01"', '"1970-01-01T00:00:00+1:00"',
        '"1970-01-01T00:00:00+01:0"'), no=PYTHON_TIME)

    yield from one(K, 'duration', (
        '"0s"', '"1s"', '"-1s"', '"1.5s"', '"-1.5s"', '"-0.5s"',
        '"0.000000001s"', '"315576000000s"', '"-315576000000s"', 'null',
        '"1.123456789s"', '"315576000000.999999999s"',
        '"-315576000000.999999999s"', '"-0s"', '"00001s"'), (
        '""', '"s"', '"1"', '1', '"1m"', '"1s "', '" 1s"'[:0] or '"x"',
        '"1.s1"', '"1.5"', '"315576000001s"', '"-315576000001s"', '"1e3s"',
        '"--1s"', '{}', '[]', '"1.-5s"', '"."', '".s"', '"-s"', '"1S"'))
    yield from one(K, 'duration', (), (
        '"+1s"', '" 1s"', '"1 s"', '"1.s"', '"1.0000000001s"', '"1_0s"', '".5s"'),
        no=PYTHON_TIME)

    yield from one(K, 'fieldMask', (
        '""', '"a"', '"a,b"', '"fooBar.bazQux"', '"a.b.c,d1"', 'null'),
        ('1', '{}', '[]', '"foo_bar"', '["a"]'))
    yield from one(K, 'fieldMask', (), ('","', '"a,"', '",a"', '"a,,b"',
                                        '"a b"', '"a, b"', '"a\\nb"'),
                   no=PYTHON_MASK)

    yield from one(K, 'struct', ('{}', '{"a":1}', '{"":null}', 'null',
                                 '{"a":{"b":[{"c":[]}]},"d":"","e":false}'),
                   ('[]', '1', '""', '{"a"}', '{"a":1,"a":2}', '{"a":}',
                    '{a:1}', '{"a":1,}', '{"a":tru}', '{"a":nul}',
                    '{"a":{"b":1,"b":1}}', '{"a":01}', '{"a":-}', '{"a":+1}'))
    yield from one(K, 'struct', (), ('{"a":1e400}', '{"a":NaN}',
                                     '{"a":Infinity}'), no=PYTHON_STRUCT)
    yield from one(K, 'listValue', ('[]', '[1,"a",null,true,{},[]]', 'null'),
                   ('{}', '1', '[1,]', '[,]', '[1 2]', '"x"', '[}'))
    yield from one(K, 'value', ('null', '1', '1.5e3', '""', 'true', 'false',
                                '{}', '[]', '[null]', '"NaN"', '-0.0'),
                   ('', 'x', 'nul', 'truex', '"', '[', '1.', '\'\''))
    yield from one(K, 'values', ('[null,1,[],{}]',), ('1', '{}'))
    yield from one(K, 'values', ('null',), (), yes=PYTHON_NULL)
    yield from one(K, 'nullValue', ('null', '"NULL_VALUE"', '0'), (
        '"NULL"', '""', '{}', '[]'))
    yield from one(K, 'nullValue', (), ('1', '-1'), no=PYTHON_ENUM)
    yield from one(K, 'nullValues', ('[null,"NULL_VALUE",0]',), (),
                   yes=PYTHON_NULL)

    yield from one(K, 'int32Wrapper', ('1', '"1"', '0', 'null', '1.0'),
                   ('{}', '{"value":1}', '[]', 'true', '"x"', '2147483648'))
    yield from one(K, 'boolWrapper', ('true', 'false', 'null'),
                   ('"true"', '1', '{}'))
    yield from one(K, 'stringWrapper', ('""', '"x"', 'null'), ('1', '{}'))
    yield from one(K, 'bytesWrapper', ('""', '"AA=="', 'null'), ('1', '{}'))
    yield from one(K, 'doubleWrapper', ('"NaN"', '1', 'null'), ('"x"', '{}'))
    yield from one(K, 'int64Wrappers', ('[1,"2"]', '[]', 'null'),
                   ('[null]', '1', '{}'))
    yield from one(K, 'timestamps', ('["1970-01-01T00:00:00Z"]',), ('[null]',))
    yield from one(K, 'structs', ('[{}]',), ('[null]', '{}', '[[]]'))
    yield from one(K, 'empty', ('{}', 'null'), ('[1]', '1', '"x"', '{"a":1}'))
    yield from one(K, 'empty', (), ('[]', '""'), no=PYTHON_EMPTY)
    yield from one(K, 'httpBody', (
        '{"contentType":"a/b","data":"AA==","extensions":[]}', '{}'),
        ('"x"', '[1]'))

    # Any

    url = 'type.googleapis.com/'

    for value, good, python in (
            ('{}', 1, None), ('null', 1, None), ('1', 0, None),
            ('[]', 0, None), ('""', 0, None),
            ('{"@type":"%skitchen.v1.Scalars"}', 1, None),
            ('{"@type":"%skitchen.v1.Scalars","int32Value":1}', 1, None),
            ('{"int32Value":1,"@type":"%skitchen.v1.Scalars"}', 1, None),
            ('{"int32Value":1 , "\\u0040type" : "%skitchen.v1.Scalars"}', 1,
             None),
            ('{"stringValue":"{\\"@type\\":\\"x\\"}",'
             '"@type":"%skitchen.v1.Scalars"}', 1, None),
            ('{"@type":"%skitchen.v1.Scalars","nothing":1}', 0, None),
            ('{"int32Value":1}', 0, None), ('{"@type":1}', 0, None),
            ('{"@type":""}', 0, None), ('{"@type":"x/y"}', 0, None),
            ('{"@type":"/"}', 0, None), ('{"@type":null}', 0, None),
            ('{"a":1,"@type":1}', 0, None), ('{"a":1,"@type"', 0, None),
            ('{"a":1,"@type":', 0, None), ('{"a":1', 0, None),
            ('{"a":"', 0, None), ('{"a":[}', 0, None),
            ('{"@type":"%skitchen.v1.Scalars","@type":"x"}', 0, None),
            ('{"int32Value":1,"@type":"%skitchen.v1.Scalars",'
             '"@type":"x"}', 0, None),
            ('{"@type":"kitchen.v1.Scalars"}', 0, PYTHON_ANY),
            ('{"@type":"/kitchen.v1.Scalars"}', 1, None),
            ('{"@type":"a/b/kitchen.v1.Scalars"}', 1, None),
            ('{"@type":"%sgoogle.protobuf.Duration","value":"1s"}', 1, None),
            ('{"value":"1s","@type":"%sgoogle.protobuf.Duration"}', 1, None),
            ('{"@type":"%sgoogle.protobuf.Duration","value":"1"}', 0, None),
            ('{"@type":"%sgoogle.protobuf.Duration"}', 0, PYTHON_CRASH),
            ('{"@type":"%sgoogle.protobuf.Duration","value":"1s","value":'
             '"1s"}', 0, None),
            ('{"@type":"%sgoogle.protobuf.Duration","value":"1s","x":1}', 0,
             PYTHON_ANY),
            ('{"@type":"%sgoogle.protobuf.Int64Value","value":"5"}', 1, None),
            ('{"@type":"%sgoogle.protobuf.Value","value":null}', 1, None),
            ('{"@type":"%sgoogle.protobuf.Value","value":[{"@type":1}]}', 1,
             None),
            ('{"@type":"%sgoogle.protobuf.Struct","value":{"@type":"x"}}', 1,
             None),
            ('{"@type":"%sgoogle.protobuf.Empty"}', 1, None),
            ('{"@type":"%sgoogle.protobuf.Empty","value":{}}', 1, PYTHON_ANY),
            ('{"@type":"%sgoogle.protobuf.Any","value":{"@type":'
             '"%skitchen.v1.Scalars","int32Value":1}}', 1, None),
            ('{"value":{"int32Value":1,"@type":"%skitchen.v1.Scalars"},'
             '"@type":"%sgoogle.protobuf.Any"}', 1, None),
            ('{"@type":"%sgoogle.protobuf.Any","value":{}}', 1, None),
            ('{"any":{"any":{"value":{"any":{"struct":{"@type":"y"},'
             '"@type":"%skitchen.v1.Known"},"@type":"%skitchen.v1.Known"},'
             '"@type":"%sgoogle.protobuf.Any"},"@type":"%skitchen.v1.Known"},'
             '"@type":"%skitchen.v1.Known"}', 1, None),
            ('{"@type":"%skitchen.v1.Names","fooBar":1}', 1, None),
            ('{"@type":"%skitchen.v1.Names","gr\u00fc\u00df \U0001F600":1,'
             '"@type":5}', 0, None)):
        yield (K, '{"any":%s}' % value.replace('%s', url), good, python)

    # proto2: closed enums, required fields, groups, extensions

    for text, good in (
            ('{}', 0), ('{"name":"x"}', 1), ('{"name":null}', 0),
            ('{"name":"x","closed":"ONE"}', 1), ('{"name":"x","closed":2}', 1),
            ('{"name":"x","closed":7}', 0), ('{"name":"x","closed":"X"}', 0),
            ('{"name":"x","closed":-3}', 1), ('{"name":"x","list":[7]}', 0),
            ('{"name":"x","list":["ONE",2],"packedList":[-3]}', 1),
            ('{"name":"x","group":{"a":1,"inner":[{"b":"c"},{}]}}', 1),
            ('{"name":"x","many":[{"c":"1"}]}', 1),
            ('{"name":"x","many":[{}]}', 0), ('{"name":"x","self":{}}', 0),
            ('{"name":"x","group":null}', 1), ('{"name":"x","group":1}', 0),
            ('{"name":"x","self":{"name":"y"}}', 1),
            ('{"name":"x","picked":{"yes":true}}', 1),
            ('{"name":"x","picked":{},"text":""}', 0),
            ('{"name":"x","byName":{"a":"ELEVEN"}}', 1),
            ('{"name":"x","byName":{"a":7}}', 0),
            ('{"name":"x","[legacy.v1.note]":"y"}', 1),
            ('{"name":"x","[legacy.v1.kind]":"TWO"}', 1),
            ('{"name":"x","[legacy.v1.kind]":7}', 0),
            ('{"name":"x","[legacy.v1.Legacy.within]":{"name":"y"}}', 1),
            ('{"name":"x","[legacy.v1.Legacy.within]":{}}', 0),
            ('{"name":"x","[legacy.v1.added]":{"d":1}}', 1),
            ('{"name":"x","[legacy.v1.nothing]":1}', 0),
            ('{"name":"x","note":"y"}', 0)):
        yield (L, text, good, None)

    for text in ('{"name":"x","[legacy.v1.Legacy.deltas]":[1,-1]}',
                 '{"name":"x","[legacy.v1.more]":[{"name":"y"}]}'):
        yield (L, text, 1, PYTHON_CRASH)

    # depth: 100 objects and arrays

    def nested(n):
        return '{"self":' * (n - 1) + '{}' + '}' * (n - 1)

    yield (N, nested(100), 1, None)
    yield (N, nested(101), 0, None)
    yield (N, '{"selves":[' * 49 + '{}' + ']}' * 49, 1, None)
    yield (N, '{"selves":[' * 50 + '{}' + ']}' * 50, 0, PYTHON_DEPTH)
    yield (P + 'ListValue', '[' * 100 + ']' * 100, 1, PYTHON_DEPTH)
    yield (P + 'ListValue', '[' * 101 + ']' * 101, 0, PYTHON_DEPTH)
    yield (P + 'Struct', '{"a":' * 99 + '{}' + '}' * 99, 1, PYTHON_DEPTH)
    yield (P + 'Struct', '{"a":' * 100 + '{}' + '}' * 100, 0, PYTHON_DEPTH)

    # a value that is all of the text

    for name, accepted, refused in (
            ('Timestamp', ('"1970-01-01T00:00:00Z"',), ('{}', '0', '')),
            ('Duration', (' "1s" ',), ('{}', '"1s" x', '1')),
            ('FieldMask', ('"a"', '""'), ('{}', '[]')),
            ('Int64Value', ('"5"', '5'), ('{}', '"x"', 'null')),
            ('StringValue', ('"x"',), ('1', '{}', 'null')),
            ('BoolValue', ('true',), ('1', '{}', 'null')),
            ('Value', ('null', '1', '"x"', '[]', '{}', 'true'), ('', 'x')),
            ('ListValue', ('[]', '[1]'), ('{}', '1')),
            ('Struct', ('{}', '{"a":1}'), ('[]', '1')),
            ('Empty', ('{}',), ('[1]', '1', '{"a":1}')),
            ('Any', ('{}', '{"@type":"a/kitchen.v1.Scalars"}'), ('[]', '1'))):
        for text in accepted:
            yield (P + name, text, 1, None)
        for text in refused:
            yield (P + name, text, 0, None)


# with ignore_unknown; what is not known must be JSON all the same

IGNORED = (
    (S, '{"nothing":1,"int32Value":1}', 1, None),
    (S, '{"nothing":{"a":[1,{"b":null}],"c":"\\u0041"},"int32Value":1}', 1,
     None),
    (S, '{"nothing":[[],{},"",-1.5e3,true,false,null]}', 1, None),
    (S, '{"nothing":{"a":1}', 0, None), (S, '{"nothing":[1,]}', 0, None),
    (S, '{"nothing":{"a":1,}}', 0, None), (S, '{"nothing":01}', 0, None),
    (S, '{"nothing":"\\x"}', 0, None), (S, '{"nothing":tru}', 0, None),
    (S, '{"nothing":nul}', 0, None), (S, '{"nothing":fals}', 0, None),
    (S, '{"nothing":{1:2}}', 0, None), (S, '{"nothing":{"a" 1}}', 0, None),
    (S, '{"nothing":{"a"}}', 0, None), (S, '{"nothing":[}}', 0, None),
    (S, '{"nothing":}', 0, None), (S, '{"nothing"}', 0, None),
    (S, b'{"nothing":"\xff"}', 0, None), (S, b'{"\xff":1}', 0, None),
    (S, '{"nothing":%s1%s}' % ('[' * 99, ']' * 99), 1, None),
    (S, '{"nothing":%s1%s}' % ('[' * 100, ']' * 100), 0, PYTHON_DEPTH),
    (S, '{"int32Value":"x"}', 0, None),
    (S, '{"enumValue":"PINK","int32Value":1}', 1, PYTHON_ENUM),
    (R, '{"enumValues":["RED","PINK",5,"BLUE"],"int32Values":[1]}', 1,
     PYTHON_ENUM),
    (R, '{"enumValues":["PINK"],"unpackedEnums":["PINK"]}', 1, PYTHON_ENUM),
    (M, '{"stringEnum":{"a":"PINK","b":"RED","c":"PINK"}}', 1, PYTHON_ENUM),
    (M, '{"stringEnum":{"a":"PINK","a":"RED"}}', 1, PYTHON_ENUM),
    (M, '{"stringEnum":{"%s":"PINK","b":"RED"},"int32String":{"1":"x"}}'
     % ('a' * 300), 1, PYTHON_ENUM),
    (K, '{"any":{"x":1,"@type":"a/kitchen.v1.Scalars","int32Value":1}}', 1,
     None),
    (K, '{"any":{"x":{"@type":"y"},"@type":"a/google.protobuf.Duration",'
        '"value":"1s"}}', 1, None),
    (L, '{"name":"x","closed":7}', 0, None),
)

# what the ones above come to where Python does not say it

DROPPED = {
    '{"enumValue":"PINK","int32Value":1}': '{"int32Value":1}',
    '{"enumValues":["RED","PINK",5,"BLUE"],"int32Values":[1]}':
        '{"enumValues":["RED",5,"BLUE"],"int32Values":[1]}',
    '{"enumValues":["PINK"],"unpackedEnums":["PINK"]}': '{}',
    '{"stringEnum":{"a":"PINK","b":"RED","c":"PINK"}}':
        '{"stringEnum":{"b":"RED"}}',
    '{"stringEnum":{"a":"PINK","a":"RED"}}': '{"stringEnum":{"a":"RED"}}',
    '{"stringEnum":{"%s":"PINK","b":"RED"},"int32String":{"1":"x"}}'
    % ('a' * 300): '{"stringEnum":{"b":"RED"},"int32String":{"1":"x"}}',
}
