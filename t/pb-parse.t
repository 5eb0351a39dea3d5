#!/usr/bin/python3
"""JSON to the wire format, against python3-protobuf's json_format.

Random messages are written as JSON in random forms, and must come to the same
message; texts that are accepted or refused must be so by both, but where it
says that Python differs from the specification, or is left behind by it.
"""

import json
import os
import random
import subprocess
import sys

from google.protobuf import (descriptor_pb2, descriptor_pool, json_format,
                             message_factory)

MESSAGES = int(os.environ.get('PB_MESSAGES', '3000'))
SEED = int(os.environ.get('PB_SEED', '1'))

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sets = ['t/data/proto/kitchen.pb', 't/data/proto/legacy.pb']

rand = random.Random(SEED)
tests = 0
failed = 0


def ok(good, name, *more):
    global tests, failed

    tests += 1
    print('%s %d - %s' % ('ok' if good else 'not ok', tests, name))

    if not good:
        failed += 1

        for line in more:
            print('# %s' % str(line)[:2000], file=sys.stderr)

    sys.stdout.flush()


# ours

class Ours:
    def __init__(self):
        self.process = subprocess.Popen(
            ['scripts/unit', 't/unit/pb_json.c'], cwd=root,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.write(' '.join(sets))

    def write(self, line):
        self.process.stdin.write(line.encode() + b'\n')

    def parse(self, name, text, field='-', flags='-', budget=1 << 30,
              bind=()):
        """(wire, mask) or an error text"""

        if text is not None and not isinstance(text, bytes):
            text = text.encode('utf-8', 'surrogatepass')

        words = [name, field, flags, str(budget),
                 '-' if text is None else text.hex() or '""']

        for kind, path, value in bind:
            words += [kind, path, value.encode().hex() or '""']

        self.write(' '.join(words))
        line = self.process.stdout.readline().decode('utf-8').rstrip('\n')

        if line.startswith('ok '):
            return tuple(bytes.fromhex(s) for s in line[3:].split(' '))

        if not line.startswith('no '):
            raise SystemExit('Bail out! pb_json gave up: %r' % line)

        return line[3:]


# theirs

pool = descriptor_pool.DescriptorPool()

for name in sets:
    descriptors = descriptor_pb2.FileDescriptorSet()

    with open(os.path.join(root, name), 'rb') as f:
        descriptors.ParseFromString(f.read())

    for file in descriptors.file:
        pool.Add(file)

factory = message_factory.MessageFactory(pool)


def new(name):
    return factory.GetPrototype(pool.FindMessageTypeByName(name))()


for name in sets:
    for file in descriptor_pb2.FileDescriptorSet.FromString(
            open(os.path.join(root, name), 'rb').read()).file:
        factory.GetMessages([file.name])


def theirs(name, text, **more):
    """the message, or an error"""

    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as e:
            return str(e)

    message = new(name)

    try:
        json_format.Parse(text, message, descriptor_pool=pool, **more)
    except Exception as e:
        return '%s: %s' % (type(e).__name__, e)

    if not message.IsInitialized():
        return 'not initialized'

    return message


# random messages

INTS = {
    'int32': (-2**31, 2**31 - 1), 'int64': (-2**63, 2**63 - 1),
    'uint32': (0, 2**32 - 1), 'uint64': (0, 2**64 - 1),
}


def random_int(low, high):
    kind = rand.randrange(6)

    if kind == 0:
        return rand.choice([low, high, 0])
    if kind < 4:
        return max(low, min(high, rand.randrange(-200, 200)))

    return rand.randint(low, high)


def random_double():
    kind = rand.randrange(9)

    if kind == 0:
        return rand.choice([0.0, -0.0, 5e-324, 1.7976931348623157e308,
                            2.2250738585072014e-308, float('inf'),
                            float('-inf'), float('nan')])
    if kind < 4:
        return rand.randrange(-100000, 100000) / 100

    if kind < 6:
        return rand.random() * 10 ** rand.randrange(-30, 30)

    while True:
        value = __import__('struct').unpack(
            '<d', rand.getrandbits(64).to_bytes(8, 'little'))[0]

        if value == value:
            return value


def random_float():
    kind = rand.randrange(5)

    if kind == 0:
        return rand.choice([0.0, -0.0, 1.17549435e-38, 1e-45, float('inf'),
                            float('nan')])
    if kind < 3:
        return rand.randrange(-10000, 10000) / 8

    while True:
        value = __import__('struct').unpack(
            '<f', rand.getrandbits(32).to_bytes(4, 'little'))[0]

        if value == value and abs(value) < 3e38:
            return value


ALPHABET = ('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789'
            '.,-_/\\"\b\f\n\r\t\0\x1f\x7fäöü€\u2028\U0001F600\U0010ffff')


def random_string():
    kind = rand.randrange(8)

    if kind == 0:
        return ''
    if kind < 5:
        return ''.join(rand.choice(ALPHABET[:60])
                       for _ in range(rand.randrange(24)))
    if kind == 5:
        return 'x' * rand.choice([15, 16, 17, 111, 112, 113, 127, 128, 129,
                                  16383, 16384])

    return ''.join(rand.choice(ALPHABET) for _ in range(rand.randrange(300)))


def random_scalar(field):
    kind = field.cpp_type

    if kind == field.CPPTYPE_INT32:
        return random_int(*INTS['int32'])
    if kind == field.CPPTYPE_INT64:
        return random_int(*INTS['int64'])
    if kind == field.CPPTYPE_UINT32:
        return random_int(*INTS['uint32'])
    if kind == field.CPPTYPE_UINT64:
        return random_int(*INTS['uint64'])
    if kind == field.CPPTYPE_DOUBLE:
        return random_double()
    if kind == field.CPPTYPE_FLOAT:
        return random_float()
    if kind == field.CPPTYPE_BOOL:
        return rand.random() < 0.5
    if kind == field.CPPTYPE_ENUM:
        if field.file.syntax == 'proto3' and rand.random() < 0.1 \
                and field.enum_type.name != 'NullValue':
            return rand.randrange(-1000, 1000)
        return rand.choice(field.enum_type.values).number
    if field.type == field.TYPE_BYTES:
        return rand.getrandbits(8 * 40).to_bytes(40, 'big')[
            :rand.randrange(41)]

    return random_string()


def fill_value(message, depth):
    kind = rand.randrange(6 if depth > 0 else 4)

    if kind == 0:
        message.null_value = 0
    elif kind == 1:
        while True:
            value = random_double()
            if value == value and abs(value) != float('inf'):
                break
        message.number_value = value
    elif kind == 2:
        message.string_value = random_string()
    elif kind == 3:
        message.bool_value = rand.random() < 0.5
    elif kind == 4:
        fill(message.struct_value, depth - 1)
        message.struct_value.SetInParent()
    else:
        fill(message.list_value, depth - 1)
        message.list_value.SetInParent()


def fill(message, depth):
    name = message.DESCRIPTOR.full_name

    if name == 'google.protobuf.Timestamp':
        message.seconds = rand.choice(
            [0, -62135596800, 253402300799,
             rand.randint(-62135596800, 253402300799)])
        message.nanos = random_nanos()
    elif name == 'google.protobuf.Duration':
        message.seconds = random_int(-315575999999, 315575999999)
        message.nanos = random_nanos() * (-1 if message.seconds < 0 else 1)
    elif name == 'google.protobuf.FieldMask':
        for _ in range(rand.randrange(4)):
            message.paths.append(rand.choice(
                ['a', 'foo_bar', 'a.b_c.d', 'x1.y', 'long_name_of_a_field']))
    elif name == 'google.protobuf.Value':
        fill_value(message, depth)
    elif name == 'google.protobuf.Struct':
        for _ in range(rand.randrange(6)):
            fill_value(message.fields[random_string()], depth - 1)
    elif name == 'google.protobuf.ListValue':
        for _ in range(rand.randrange(6)):
            fill_value(message.values.add(), depth - 1)
    elif name == 'google.protobuf.Any':
        if rand.random() < 0.9:
            inner = new(rand.choice(
                ['kitchen.v1.Scalars', 'kitchen.v1.Nested', 'kitchen.v1.Known',
                 'google.protobuf.Timestamp', 'google.protobuf.Int64Value',
                 'google.protobuf.Struct', 'google.protobuf.Any',
                 'google.protobuf.Value', 'google.protobuf.Duration',
                 'google.protobuf.FieldMask', 'google.protobuf.ListValue',
                 'google.protobuf.StringValue', 'kitchen.v1.Nothing']))
            fill(inner, depth - 1)
            message.Pack(inner)
    else:
        fill_fields(message, depth)


def random_nanos():
    return rand.choice([0, 0, 1, 999999999, 500000000, 120000, 123456000,
                        rand.randrange(10**9)])


def fill_fields(message, depth):
    descriptor = message.DESCRIPTOR
    fields = list(descriptor.fields)

    if descriptor.is_extendable:
        fields += pool.FindAllExtensions(descriptor)

    share = rand.choice([0.1, 0.3, 0.9])

    for field in fields:
        required = field.label == field.LABEL_REQUIRED

        # Python prints null, or names, that it refuses to read
        if (field.name == 'null_values'
                or (field.is_extension
                    and field.label == field.LABEL_REPEATED)):
            continue

        if not required and rand.random() > share:
            continue

        if field.message_type and depth <= 0 and not required:
            continue

        where = message.Extensions if field.is_extension else None

        if field.label == field.LABEL_REPEATED:
            fill_repeated(where[field] if where is not None
                          else getattr(message, field.name), field, depth)
        elif field.message_type:
            sub = (where[field] if where is not None
                   else getattr(message, field.name))
            sub.SetInParent()
            fill(sub, depth - 1)
        elif where is not None:
            where[field] = random_scalar(field)
        else:
            setattr(message, field.name, random_scalar(field))


def fill_repeated(container, field, depth):
    n = rand.choice([0, 1, 2, 3, 8, 30])

    if field.message_type and field.message_type.GetOptions().map_entry:
        key = field.message_type.fields_by_name['key']
        value = field.message_type.fields_by_name['value']

        for _ in range(n if not value.message_type else min(n, 3)):
            k = random_scalar(key)
            if value.message_type:
                fill(container[k], depth - 2)
            else:
                container[k] = random_scalar(value)

    elif field.message_type:
        for _ in range(min(n, 3)):
            fill(container.add(), depth - 1)
    else:
        for _ in range(n):
            container.append(random_scalar(field))


# JSON of a tree in one of its forms

def spaces():
    return rand.choice([' ', '\n', '\t', '\r\n', ' ' * rand.randrange(20)])


def write_string(s):
    if not escaping:
        return json.dumps(s, ensure_ascii=False)

    out = []

    for c in s:
        if rand.random() < 0.2:
            units = c.encode('utf-16-be')
            out.append(''.join(
                rand.choice(['\\u%02x%02x', '\\u%02X%02X'])
                % (units[i], units[i + 1]) for i in range(0, len(units), 2)))
        elif c == '/':
            out.append('\\/')
        else:
            out.append(json.dumps(c, ensure_ascii=False)[1:-1])

    return '"' + ''.join(out) + '"'


def write_number(n):
    if isinstance(n, float):
        return repr(n)

    if numbering and 0 < abs(n) < 2**53:
        return rand.choice(['%d', '%d.0', '%de0', '%d0e-1', '%d.000E+00']) % n

    return str(n)


def write(tree):
    pad = spaces if spacing else lambda: ''

    if tree is None:
        return 'null'
    if tree is True:
        return 'true'
    if tree is False:
        return 'false'
    if isinstance(tree, str):
        return write_string(tree)
    if isinstance(tree, (int, float)):
        return write_number(tree)

    if isinstance(tree, list):
        return '[' + pad() + ','.join(pad() + write(v) + pad()
                                      for v in tree) + ']'

    members = list(tree.items())

    if shuffling:
        rand.shuffle(members)

    return '{' + pad() + ','.join(
        pad() + write_string(k) + pad() + ':' + pad() + write(v) + pad()
        for k, v in members) + '}'


def same(a, b):
    if (a.SerializeToString(deterministic=True)
            == b.SerializeToString(deterministic=True)):
        return True

    # maps in an Any are in any order

    a, b = (json_format.MessageToDict(m, descriptor_pool=pool)
            for m in (a, b))

    return (json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
            and '@type' in json.dumps(a))


def has_extensions(message):
    for field, value in message.ListFields():
        if field.is_extension:
            return True
        if not field.message_type:
            continue
        if field.message_type.GetOptions().map_entry:
            values = [v for v in value.values() if hasattr(v, 'ListFields')]
        else:
            values = (value if field.label == field.LABEL_REPEATED
                      else [value])
        if any(has_extensions(v) for v in values):
            return True

    return False


ours = Ours()

names = ['kitchen.v1.' + s for s in (
    'Scalars', 'Optionals', 'Repeateds', 'Maps', 'Oneofs', 'Known', 'Numbers',
    'Nested', 'Mixed', 'Mixed', 'Names')]
names += ['legacy.v1.Legacy', 'legacy.v1.Defaults']
names += ['google.protobuf.' + s for s in (
    'Any', 'Struct', 'Value', 'ListValue', 'Timestamp', 'Duration',
    'FieldMask', 'Int64Value', 'StringValue', 'DoubleValue', 'Empty')]

bytes_in = 0
differ = []

for i in range(MESSAGES):
    name = names[i % len(names)]
    message = new(name)
    fill(message, 3)

    text = json_format.MessageToJson(
        message, descriptor_pool=pool,
        # for extensions it prints names that it does not know
        preserving_proto_field_name=(rand.random() < 0.3
                                     and not has_extensions(message)),
        use_integers_for_enums=rand.random() < 0.3,
        indent=rand.choice([None, 2, 2]),
        including_default_value_fields=rand.random() < 0.2)

    if rand.random() < 0.7:
        escaping, numbering, spacing, shuffling = (
            rand.random() < 0.5 for _ in range(4))
        text = write(json.loads(text))

    want = theirs(name, text)
    got = ours.parse(name, text,
                     budget=rand.choice([1, 7, 100, 1 << 30]))

    bytes_in += len(text)

    if isinstance(want, str):
        differ.append(('Python: ' + want, name, text))
        continue

    if isinstance(got, str):
        differ.append((got, name, text))
        continue

    back = new(name)

    try:
        back.ParseFromString(got[0])
    except Exception as e:
        differ.append(('not parsed: %s' % e, name, text))
        continue

    if not same(back, want):
        differ.append(('another message: %s' % got[0].hex(), name, text))

ok(not differ, '%d random messages come to the same (%d bytes of JSON)'
   % (MESSAGES, bytes_in), len(differ), *differ[:3])


# texts that are accepted or refused

sys.path.insert(0, os.path.join(root, 't/lib'))
import pb_cases                                     # noqa: E402


def check(case, **more):
    """what is wrong with it, or None"""

    name, text, accepted, python = case

    flags = 'i' if more else '-'
    got = [ours.parse(name, text, flags=flags, budget=budget)
           for budget in (1 << 30, 1, 5)]

    if any(g != got[0] for g in got):
        return 'another with another budget'

    got = got[0]
    want = theirs(name, text, **more)

    if isinstance(got, str) == bool(accepted):
        return 'accepted: %s' % got[0].hex() if not accepted else got

    if not python and isinstance(want, str) == bool(accepted):
        return 'Python: %s' % (want if isinstance(want, str) else 'accepted')

    if not accepted:
        return None

    if python == pb_cases.PYTHON_DEPTH:
        return None

    back = new(name)
    back.ParseFromString(got[0])

    if isinstance(want, str):
        if text not in pb_cases.DROPPED:
            return None

        want = theirs(name, pb_cases.DROPPED[text])

    elif python and text not in pb_cases.DROPPED:
        return None

    return None if same(back, want) else 'another message'


for what, cases, more in (
        ('texts are accepted or refused', list(pb_cases.cases()), {}),
        ('texts with what is unknown ignored', list(pb_cases.IGNORED),
         {'ignore_unknown_fields': True})):

    wrong = []
    refused = 0
    differs = 0

    for case in cases:
        reason = check(case, **more)
        refused += not case[2]
        differs += case[3] is not None

        if reason:
            wrong.append((reason, *case))

    ok(not wrong, '%d %s as they should be, %d refused; Python differs in %d'
       % (len(cases), what, refused, differs), len(wrong), *wrong[:60])

print('1..%d' % tests)
sys.exit(1 if failed else 0)
