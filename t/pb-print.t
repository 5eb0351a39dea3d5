#!/usr/bin/python3 -B
"""The wire format to JSON, against python3-protobuf's json_format.

Random messages are encoded as protobuf does it, and in other ways that are
legal: fields in any order, in pieces, several times.  What is printed must
come to the same as what Python prints of what it has read.  Floating point
numbers must have the digits that Python's repr() has, and not more.
"""

import json
import math
import os
import random
import re
import struct
import subprocess
import sys

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(root, 't/lib'))

from google.protobuf import json_format             # noqa: E402
from pb_messages import Messages                    # noqa: E402

MESSAGES = int(os.environ.get('PB_MESSAGES', '3000'))
NUMBERS = int(os.environ.get('PB_NUMBERS', '100000'))
SEED = int(os.environ.get('PB_SEED', '1'))
SET = 't/data/proto/kitchen.pb'

rand = random.Random(SEED)
tests = 0
failed = 0
program = ['scripts/unit', 't/unit/pb_print.c']


def ok(good, name, *more):
    global tests, failed

    tests += 1
    print('%s %d - %s' % ('ok' if good else 'not ok', tests, name))

    if not good:
        failed += 1

        for line in more:
            print('# %s' % str(line)[:2000], file=sys.stderr)

    sys.stdout.flush()


def ours(options, cases):
    """What is printed of [(type, bytes)]: [(whether it is, text)]."""

    # the first call compiles it
    text = b''.join(b'%s %d\n' % (name.encode(), len(data)) + data
                    for name, data in cases)
    head = b'%s %s\n' % ((options or '-').encode(), SET.encode())

    done = subprocess.run(program, cwd=root, input=head + text,
                          stdout=subprocess.PIPE)

    program[:] = [os.path.join(root, 'build/unit/pb_print')]

    if done.returncode != 0:
        print('Bail out! pb_print ended with %d' % done.returncode)
        sys.exit(1)

    out = done.stdout
    p = 0
    results = []

    for _ in cases:
        end = out.index(b'\n', p)
        word, n = out[p:end].split()
        p = end + 1 + int(n)
        results.append((word == b'ok', out[end + 1:p]))

    return results


# numbers

NUMBER = re.compile(r'-?(0|[1-9][0-9]*)(\.[0-9]+)?(e-?[0-9]+)?')


def digits(text):
    """digits without zeros around them, and the exponent"""

    mantissa, _, exponent = text.lstrip('-').partition('e')
    whole, _, fraction = mantissa.partition('.')
    exponent = int(exponent or 0) - len(fraction)
    all_digits = (whole + fraction).lstrip('0')
    short = all_digits.rstrip('0')

    return short, exponent + len(all_digits) - len(short) if short else 0


def special(value, text):
    if math.isnan(value):
        return text == '"NaN"'

    return text == ('"Infinity"' if value > 0 else '"-Infinity"')


def double_bits():
    kind = rand.randrange(8)

    if kind < 4:
        return rand.getrandbits(64)
    if kind == 4:
        return rand.getrandbits(52)

    if kind == 5:
        value = float(rand.randint(0, 10 ** rand.randint(1, 20)))
    elif kind == 6:
        value = rand.randint(0, 10 ** rand.randint(1, 17)) \
                / 10 ** rand.randint(0, 22)
    else:
        value = float('%de%d' % (rand.randint(1, 999),
                                 rand.randint(-330, 305)))

    return struct.unpack('<Q', struct.pack('<d', value))[0]


def doubles():
    bits = [0, 1, 2, 1 << 63, 0x7ff0000000000000, 0xfff0000000000000,
            0x7ff8000000000000, 0x7fefffffffffffff, 0x433fffffffffffff,
            0x4340000000000000, 0x4340000000000001]

    # powers of two, and what is next to them
    for exponent in range(1, 2047):
        power = exponent << 52
        bits += [power - 1, power, power + 1, power + 2]

    bits += [double_bits() for _ in range(NUMBERS)]

    data = struct.pack('<%dQ' % len(bits), *bits)
    lines = ours('', [('double', data)])[0][1].decode().split('\n')
    wrong = []

    for value, text in zip(struct.unpack('<%dd' % len(bits), data), lines):
        if math.isinf(value) or math.isnan(value):
            good = special(value, text)
        else:
            best = repr(value)
            good = (NUMBER.fullmatch(text)
                    and digits(text) == digits(best)
                    and len(text) <= len(best)
                    and float(text) == value
                    and text.startswith('-') == best.startswith('-'))

        if not good:
            wrong.append((repr(value), text))

    ok(len(lines) == len(bits) + 1 and not wrong,
       '%d doubles have the digits of repr()' % len(bits), *wrong[:20])


def float_of(text):
    try:
        return struct.pack('<f', float(text))
    except OverflowError:
        return None


def floats():
    bits = [0, 1, 2, 1 << 31, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f7fffff]

    for exponent in range(1, 255):
        power = exponent << 23
        bits += [power - 1, power, power + 1, power + 2]

    bits += [rand.getrandbits(32) for _ in range(NUMBERS)]

    data = struct.pack('<%dI' % len(bits), *bits)
    lines = ours('', [('float', data)])[0][1].decode().split('\n')
    wrong = []

    for value, text, n in zip(struct.unpack('<%df' % len(bits), data), lines,
                              bits):
        if math.isinf(value) or math.isnan(value):
            good = special(value, text)
        else:
            raw = struct.pack('<I', n)
            have = digits(text)
            good = NUMBER.fullmatch(text) and float_of(text) == raw

            # no shorter one, and none as short that is nearer

            for precision in range(1, len(have[0]) + 1):
                other = '%.*e' % (precision - 1, value)

                if value and float_of(other) == raw:
                    good = good and digits(other) == have
                    break

        if not good:
            wrong.append((repr(value), text))

    ok(len(lines) == len(bits) + 1 and not wrong,
       '%d floats have no more digits than it takes' % len(bits), *wrong[:20])


# messages

def members(pairs):
    result = dict(pairs)

    if len(result) != len(pairs):
        raise ValueError('a name comes twice')

    return result


def same(want, got, numbers):
    if isinstance(want, dict):
        return (isinstance(got, dict) and want.keys() == got.keys()
                and all(same(want[k], got[k], numbers) for k in want))

    if isinstance(want, list):
        return (isinstance(got, list) and len(want) == len(got)
                and all(same(w, g, numbers) for w, g in zip(want, got)))

    if type(want) in (int, float) and type(got) in (int, float):
        return want == got and math.copysign(1, want) == math.copysign(1, got)

    # the specification, and C++, have null for NullValue in any case
    if numbers and got is None:
        return want is None or type(want) is int

    return type(want) is type(got) and want == got


def extensions(tree):
    """Python forgets the brackets of repeated ones."""

    names = {'deltas': '[legacy.v1.Legacy.deltas]', 'more': '[legacy.v1.more]'}

    if isinstance(tree, dict):
        return {names.get(k, k): extensions(v) for k, v in tree.items()}
    if isinstance(tree, list):
        return [extensions(v) for v in tree]

    return tree


def encoded(messages, name, i):
    """A random message in one of the ways that it can be encoded."""

    descriptor = messages.type(name).DESCRIPTOR

    def wire():
        message = messages.fill(messages.type(name)())
        return message.SerializePartialToString(deterministic=True)

    if i % 4 == 0:
        return wire()
    if i % 4 == 1:
        return messages.shuffle(wire(), descriptor)
    if i % 4 == 2:
        return wire() + wire()

    return messages.shuffle(wire() + wire(), descriptor)


def compare(what, options, n, names):
    messages = Messages(os.path.join(root, SET), SEED + len(what))
    cases = []

    for i in range(n):
        name = names[i // 4 % len(names)]
        cases.append((name, encoded(messages, name, i)))

    results = ours(options, cases)
    wrong = []
    refused = 0
    total = 0

    for (name, wire), (done, text) in zip(cases, results):
        total += len(text)

        try:
            message = messages.type(name).FromString(wire)
            want = extensions(json_format.MessageToDict(
                message, descriptor_pool=messages.pool,
                including_default_value_fields='u' in options,
                preserving_proto_field_name='p' in options,
                use_integers_for_enums='e' in options))
        except Exception as e:
            refused += 1

            # it looks at strings as well that others replace

            if done and 'Error parsing' not in str(e):
                wrong.append((name, 'Python: %r' % e, text))

            continue

        if not done:
            wrong.append((name, text, want))
            continue

        try:
            got = json.loads(text, object_pairs_hook=members)
        except ValueError as e:
            wrong.append((name, e, text))
            continue

        if not same(want, got, 'e' in options):
            wrong.append((name, want, got))

    ok(not wrong and refused < n / 50 + 2,
       '%s: %d messages come to the same (%d bytes of JSON, %d refused)'
       % (what, n, total, refused), len(wrong), *wrong[:3])


K = ['kitchen.v1.' + name for name in (
    'Mixed', 'Scalars', 'Optionals', 'Repeateds', 'Maps', 'Oneofs', 'Known',
    'Names', 'Numbers', 'Nested', 'GetRequest', 'ListResponse', 'Mixed')]
L = ['legacy.v1.Legacy', 'legacy.v1.Defaults']
G = ['google.protobuf.' + name for name in (
    'Any', 'Struct', 'Value', 'ListValue', 'Timestamp', 'Duration',
    'FieldMask', 'Int64Value', 'StringValue', 'DoubleValue')]

# of proto2, Python prints defaults of fields that know whether they are set
P3 = ['kitchen.v1.' + name for name in (
    'Scalars', 'Optionals', 'Repeateds', 'Maps', 'Oneofs', 'Known', 'Names',
    'Numbers', 'Nested', 'GetRequest')]

doubles()
floats()
compare('as it is', '', MESSAGES, K + L + G)
compare('names of the file', 'p', MESSAGES // 6, K + L)
compare('numbers of enums', 'e', MESSAGES // 6, K + L)
compare('in lines', 'i', MESSAGES // 6, K + L + G)
compare('what is not set', 'u', MESSAGES // 6, P3)
compare('all of it', 'upei', MESSAGES // 6, P3)

print('1..%d' % tests)
sys.exit(1 if failed else 0)
