"""Random messages, and other encodings of the same kind of message.

Types come from a set of descriptors; what protobuf makes of them is the oracle
of the tests of ngx_gw_pb.
"""

import random
import struct

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor as F

STRINGS = ["", "a", "hello world", "quote \" back \\ slash / \b\f\n\r\t",
           "\x00\x01\x1f\x7f", "gr\u00fc\u00df", "\u2028\u2029<>&'",
           "\U0001F600\u20ac", "x" * 15, "x" * 16, "x" * 17 + "\"",
           "\u043f\u0440\u0438\u0432\u0435\u0442 " * 5,
           "0123456789abcdef" * 20, "\\" * 40, ","]
INTS = [0, 1, -1, 9, 10, 99, 100, 127, 128, 16383, 16384, 99999, 2**31 - 1,
        -2**31]
LONGS = INTS + [2**32, 2**53 + 1, 2**63 - 1, -2**63, 10**18, 1700000000000]
DOUBLES = [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, 5e-324, 1e16, 123456.789,
           1 / 3, 2.0**53, float("inf"), float("-inf"), float("nan"), 1e-7]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e30, 1e-37, 16777216.0, 3.4028234e38,
          1 / 3, float("inf"), float("-inf"), float("nan")]

WKT = "google.protobuf."


class Messages:

    def __init__(self, path, seed):
        self.random = random.Random(seed)
        self.pool = descriptor_pool.DescriptorPool()

        files = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as f:
            files.ParseFromString(f.read())

        for file in files.file:
            self.pool.Add(file)

        self.factory = message_factory.MessageFactory(self.pool)

        # extensions are known once their files' messages have classes
        self.factory.GetMessages([file.name for file in files.file])

    def type(self, name):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))

    # values

    def scalar(self, field):
        r = self.random
        t = field.type

        if t == F.TYPE_BOOL:
            return r.random() < 0.5
        if t == F.TYPE_STRING:
            s = r.choice(STRINGS)
            return s + str(r.randint(0, 999)) if r.random() < 0.3 else s
        if t == F.TYPE_BYTES:
            return bytes(r.randint(0, 255) for _ in range(r.randint(0, 40)))
        if t == F.TYPE_ENUM:
            values = [v.number for v in field.enum_type.values]
            if field.enum_type.file.syntax == "proto3" and r.random() < 0.2:
                return r.choice([77, -77, 2**31 - 2])
            return r.choice(values)
        if t == F.TYPE_DOUBLE:
            if r.random() < 0.5:
                return r.choice(DOUBLES)
            return r.choice([r.random(), r.uniform(-1e9, 1e9),
                             round(r.uniform(0, 1000), 2),
                             struct.unpack("<d", r.randbytes(8))[0]])
        if t == F.TYPE_FLOAT:
            if r.random() < 0.5:
                return r.choice(FLOATS)
            return r.choice([r.random(), round(r.uniform(0, 1000), 2)])
        if t in (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64):
            return r.choice(LONGS + [r.randint(-2**63, 2**63 - 1)])
        if t in (F.TYPE_UINT64, F.TYPE_FIXED64):
            return abs(r.choice(LONGS + [r.randint(0, 2**64 - 1)]))
        if t in (F.TYPE_UINT32, F.TYPE_FIXED32):
            return abs(r.choice(INTS + [2**32 - 1, r.randint(0, 2**32 - 1)]))

        return r.choice(INTS + [r.randint(-2**31, 2**31 - 1)])

    def known(self, message, depth):
        """Fills a message that JSON has a form of its own for."""

        r = self.random
        name = message.DESCRIPTOR.full_name[len(WKT):]

        if name == "Timestamp":
            message.seconds = r.choice([0, -1, 253402300799, -62135596800,
                                        r.randint(-62135596800, 253402300799),
                                        1700000000])
            message.nanos = r.choice([0, 1, 1000, 120000000, 999999999,
                                      r.randint(0, 999999999)])
        elif name == "Duration":
            message.seconds = r.choice([0, 1, 315576000000,
                                        r.randint(0, 10**6)])
            message.nanos = r.choice([0, 1, 1000, 120000000, 999999999])
            if r.random() < 0.5:
                message.seconds = -message.seconds
                message.nanos = -message.nanos
        elif name == "FieldMask":
            for _ in range(r.randint(0, 3)):
                message.paths.append(r.choice(["a", "foo_bar", "a.b_c.d1",
                                               "x.y", "_lead"]))
        elif name == "Any":
            self.any(message, depth)
        elif name == "Struct":
            for _ in range(r.randint(0, 3)):
                self.value(message.fields[r.choice(STRINGS)], depth + 1)
        elif name == "ListValue":
            for _ in range(r.randint(0, 3)):
                self.value(message.values.add(), depth + 1)
        elif name == "Value":
            self.value(message, depth)
        else:
            return False

        return True

    def value(self, message, depth):
        r = self.random
        kind = r.randint(0, 4 if depth > 4 else 7)

        if kind == 0:
            message.null_value = 0
        elif kind == 1:
            message.number_value = r.choice([0.0, 1.0, -2.5, 1e100, r.random()])
        elif kind == 2:
            message.string_value = r.choice(STRINGS)
        elif kind == 3:
            message.bool_value = r.random() < 0.5
        elif kind == 5:
            message.struct_value.SetInParent()
            self.known(message.struct_value, depth + 1)
        elif kind >= 6:
            message.list_value.SetInParent()
            self.known(message.list_value, depth + 1)

    def any(self, message, depth):
        r = self.random

        if depth > 4 or r.random() < 0.1:
            return

        inner = self.type(r.choice([
            "kitchen.v1.Scalars", "kitchen.v1.Maps", "kitchen.v1.Nothing",
            WKT + "Duration", WKT + "Value", WKT + "Struct", WKT + "Any",
            WKT + "Int64Value", WKT + "StringValue", WKT + "Empty",
            WKT + "FieldMask", WKT + "ListValue", WKT + "Timestamp"]))()

        self.fill(inner, depth + 1)
        message.Pack(inner)

    def fill(self, message, depth=0):
        r = self.random

        if self.known(message, depth):
            return message

        fields = list(message.DESCRIPTOR.fields)
        fields += self.pool.FindAllExtensions(message.DESCRIPTOR)

        density = r.choice([0.05, 0.3, 0.6, 1.0]) / (1 + depth)

        for field in fields:
            if r.random() < density or field.label == F.LABEL_REQUIRED:
                self.set(message, field, depth)

        return message

    def set(self, message, field, depth):
        r = self.random
        deep = depth > 5

        if field.label == F.LABEL_REPEATED:

            if deep and field.message_type:
                return

            if field.is_extension:
                target = message.Extensions[field]
            else:
                target = getattr(message, field.name)

            n = r.choice([1, 2, 3, 20 if depth < 2 else 2])

            if field.message_type and field.message_type.GetOptions().map_entry:
                key, value = (field.message_type.fields_by_name[name]
                              for name in ("key", "value"))

                for _ in range(n):
                    if value.message_type:
                        self.fill(target[self.scalar(key)], depth + 1)
                    else:
                        target[self.scalar(key)] = self.scalar(value)

            elif field.message_type:
                for _ in range(min(n, 3)):
                    self.fill(target.add(), depth + 1)

            else:
                for _ in range(n):
                    target.append(self.scalar(field))

        elif field.message_type:
            if deep:
                return

            if field.is_extension:
                target = message.Extensions[field]
            else:
                target = getattr(message, field.name)

            target.SetInParent()
            self.fill(target, depth + 1)

        elif field.is_extension:
            message.Extensions[field] = self.scalar(field)

        else:
            setattr(message, field.name, self.scalar(field))

    # encodings

    def fields(self, wire):
        """The fields of a message as [(number, wire type, payload)]."""

        result = []
        p = 0

        while p < len(wire):
            tag, p = varint(wire, p)
            start = p
            kind = tag & 7

            if kind == 0:
                _, p = varint(wire, p)
            elif kind == 1:
                p += 8
            elif kind == 5:
                p += 4
            elif kind == 2:
                n, p = varint(wire, p)
                start = p
                p += n
            elif kind == 3:
                p = self.group_end(wire, p, tag >> 3)
                inner = wire[start:p - len(encode(tag + 1))]
                result.append((tag >> 3, kind, inner))
                continue

            result.append((tag >> 3, kind, wire[start:p]))

        return result

    def group_end(self, wire, p, number):
        while True:
            tag, p = varint(wire, p)
            kind = tag & 7

            if kind == 4:
                return p
            if kind == 0:
                _, p = varint(wire, p)
            elif kind == 1:
                p += 8
            elif kind == 5:
                p += 4
            elif kind == 2:
                n, p = varint(wire, p)
                p += n
            else:
                p = self.group_end(wire, p, tag >> 3)

    def join(self, fields):
        out = []

        for number, kind, payload in fields:
            out.append(encode(number << 3 | kind))

            if kind == 2:
                out.append(encode(len(payload)))

            out.append(payload)

            if kind == 3:
                out.append(encode(number << 3 | 4))

        return b"".join(out)

    def shuffle(self, wire, descriptor, depth=0):
        """Fields in another order, some again, some unknown, some unpacked;
        in messages that are fields as well."""

        r = self.random
        result = []

        for number, kind, payload in self.fields(wire):
            field = descriptor.fields_by_number.get(number)

            if field is None:
                field = next((e for e in self.pool.FindAllExtensions(descriptor)
                              if e.number == number), None)

            if field is None:
                result.append((number, kind, payload))
                continue

            if field.message_type:
                whole = payload
                payload = self.shuffle(payload, field.message_type, depth + 1)

                if field.label != F.LABEL_REPEATED and r.random() < 0.3:

                    # in two pieces, or once more with other values
                    parts = self.fields(whole)
                    cut = r.randint(0, len(parts))
                    result.append((number, kind, self.join(parts[:cut])))
                    payload = self.join(parts[cut:])

                elif r.random() < 0.1:
                    result.append((number, kind, payload))

            elif kind == 2 and field.type not in (F.TYPE_STRING, F.TYPE_BYTES):
                result += self.unpack(field, number, payload)
                continue

            elif (kind == 0 and field.label == F.LABEL_REPEATED
                  and r.random() < 0.3):
                kind = 2

            result.append((number, kind, payload))

            if r.random() < 0.1:
                result.append((number, kind, payload))
            if r.random() < 0.05:
                result.append((99999, r.choice([2, 3]), b""))

        if r.random() < 0.7:
            r.shuffle(result)

        return self.join(result)

    def unpack(self, field, number, payload):
        r = self.random
        values = []
        p = 0

        if field.type in (F.TYPE_DOUBLE, F.TYPE_FIXED64, F.TYPE_SFIXED64):
            kind, size = 1, 8
        elif field.type in (F.TYPE_FLOAT, F.TYPE_FIXED32, F.TYPE_SFIXED32):
            kind, size = 5, 4
        else:
            kind, size = 0, 0

        while p < len(payload):
            start = p
            p = p + size if size else varint(payload, p)[1]
            values.append(payload[start:p])

        if r.random() < 0.3:
            return [(number, kind, v) for v in values]

        cut = r.randint(0, len(values))

        return [(number, 2, b"".join(values[:cut])),
                (number, 2, b"".join(values[cut:]))]


def varint(data, p):
    n = shift = 0

    while True:
        b = data[p]
        p += 1
        n |= (b & 0x7f) << shift
        shift += 7

        if b < 0x80:
            return n, p


def encode(n):
    out = bytearray()

    while n >= 0x80:
        out.append(n & 0x7f | 0x80)
        n >>= 7

    out.append(n)

    return bytes(out)
