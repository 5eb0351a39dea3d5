#!/usr/bin/python3 -B
"""The gRPC service of the tests: a real one, made of grpcio, and a fake one
that sends what grpcio would not.  Both speak t/data/proto/test.proto.

grpc_server.py FOLDER DESCRIPTORS ADDRESS ... [fake=PORT]

The folder has the list of events, "events": a line for each, with its time,
what has happened ("came", "received" and "sent" with a number, "done",
"cancelled"), the method, and the tag of the call.

What the service does is in the metadata "do" of a call, JSON:

  tag        a word for its events
  delay      seconds before anything is sent
  hold       a word: nothing is sent before there is a file of it in the
             folder; with hold_after, so many messages are sent before
  count      messages of a stream (else the request's id)
  gap        seconds between them
  size       bytes of text in each
  answer     the message, or a list of them, in JSON
  wire       the message, or a list of them, in base64 of its bytes
  type, data of an HttpBody; data is base64, of a stream a list; or with
             large, so many bytes
  code       of the error, and message; with after, so many messages before
  details    a list of google.protobuf.Any in JSON, or [type, base64]
  raw_details  grpc-status-details-bin in base64
  initial    metadata before, a list of [name, value]; names with "-bin" have
             base64
  trailing   metadata behind
  gzip, deflate  1: compressed messages
  flush      1: metadata is sent at once, before any message
  reads      so many messages of the client are read, and no more
  digest     1: trailing metadata "digest", of the message that was sent
  die        1: the process ends when it is to answer
"""

import base64
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf import message_factory
from google.protobuf import (any_pb2, api_pb2, duration_pb2, empty_pb2,
                             field_mask_pb2, struct_pb2, timestamp_pb2,
                             type_pb2, wrappers_pb2)

POOL = descriptor_pool.Default()


def load(path):
    """Methods by path, from a FileDescriptorSet: input, output, streaming."""

    files = descriptor_pb2.FileDescriptorSet()

    with open(path, 'rb') as file:
        files.ParseFromString(file.read())

    methods = {}

    for file in files.file:
        try:
            POOL.FindFileByName(file.name)
        except KeyError:
            POOL.AddSerializedFile(file.SerializeToString())

        for service in file.service:
            for method in service.method:
                name = file.package + '.' + service.name
                methods['/%s/%s' % (name, method.name)] = (
                    type_of(method.input_type), type_of(method.output_type),
                    method.client_streaming, method.server_streaming)

    # extensions are known once all messages are

    message_factory.MessageFactory(POOL).GetMessages(
        [file.name for file in files.file])

    return methods


def type_of(name):
    return message_factory.MessageFactory(POOL).GetPrototype(
        POOL.FindMessageTypeByName(name.lstrip('.')))


def to_json(message):
    return json_format.MessageToJson(message, descriptor_pool=POOL,
                                     indent=None)


def from_json(value, kind):
    return json_format.ParseDict(value, kind(), descriptor_pool=POOL)


def digest(message, pool=POOL):
    """The same for all encodings of a message, those within Any as well."""

    return hashlib.sha256(json.dumps(
        json_format.MessageToDict(message, descriptor_pool=pool),
        sort_keys=True).encode()).hexdigest()


def metadata_of(pairs):
    return tuple((name, base64.b64decode(value) if name.endswith('-bin')
                  else value) for name, value in pairs)


def varint(n):
    out = b''

    while n >= 128:
        out += bytes((n & 127 | 128,))
        n >>= 7

    return out + bytes((n,))


def field(number, data):
    return bytes((number << 3 | 2,)) + varint(len(data)) + data


class Service(grpc.GenericRpcHandler):
    def __init__(self, folder, methods):
        self.folder = folder
        self.methods = methods
        self.lock = threading.Lock()
        self.events = open(folder + '/events', 'a')

    def event(self, what, method, tag, n=''):
        with self.lock:
            self.events.write('%.3f %s %s %s %s\n' % (time.time(), what,
                                                      method, tag, n))
            self.events.flush()

    def service(self, details):
        if details.method not in self.methods:
            return None

        # any number of messages either way, whatever the method is

        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: self.call(details, requests, context))

    def call(self, details, requests, context):
        took, gives, streams_in, streams_out = self.methods[details.method]
        method = details.method.rsplit('/', 1)[1]
        do = {}

        for name, value in details.invocation_metadata:
            if name == 'do':
                do = json.loads(value)

        tag = do.get('tag', '-')
        finished = []

        context.add_callback(lambda: self.event(
            'done' if finished else 'cancelled', method, tag))

        self.event('came', method, tag)

        if do.get('gzip'):
            context.set_compression(grpc.Compression.Gzip)
        elif do.get('deflate'):
            context.set_compression(grpc.Compression.Deflate)

        context.set_trailing_metadata(self.trailing(do))

        if 'initial' in do:
            context.send_initial_metadata(metadata_of(do['initial']))
        elif do.get('flush'):
            context.send_initial_metadata(())

        if 'delay' in do:
            time.sleep(do['delay'])

        after = do.get('after', 0)

        if 'code' in do and not after:
            finished.append(1)
            self.fail(do, context)

        n = 0

        for message in self.messages(do, took, gives, streams_out, method,
                                     details, requests, context, tag):
            if 'hold' in do and n == do.get('hold_after', 0):
                self.hold(do['hold'], context)

            if not context.is_active():
                return

            if do.get('die'):
                os._exit(0)

            yield message if isinstance(message, bytes) \
                else message.SerializeToString()

            n += 1
            self.event('sent', method, tag, n)

            if 'gap' in do:
                time.sleep(do['gap'])

            if 'code' in do and n >= after:
                finished.append(1)
                self.fail(do, context)

        if n == 0 and 'hold' in do:
            self.hold(do['hold'], context)

        # a request that is cancelled seems to have ended at first

        if streams_in and tag != '-':
            time.sleep(0.1)

        if not context.is_active():
            return

        finished.append(1)

        if 'code' in do:
            self.fail(do, context)

    def hold(self, word, context):
        while context.is_active() \
                and not os.path.exists(self.folder + '/' + word):
            time.sleep(0.005)

    def trailing(self, do):
        pairs = list(metadata_of(do.get('trailing', ())))

        if 'raw_details' in do:
            pairs.append(('grpc-status-details-bin',
                          base64.b64decode(do['raw_details'])))

        elif 'details' in do:
            # google.rpc.Status, which the descriptors need not have

            status = bytes((8, do['code'])) \
                + field(2, do.get('message', '').encode())

            for detail in do['details']:
                if isinstance(detail, list):
                    any_ = any_pb2.Any(type_url=detail[0],
                                       value=base64.b64decode(detail[1]))
                else:
                    any_ = from_json(detail, any_pb2.Any)

                status += field(3, any_.SerializeToString())

            pairs.append(('grpc-status-details-bin', status))

        return tuple(pairs)

    def fail(self, do, context):
        code = [c for c in grpc.StatusCode if c.value[0] == do['code']][0]

        if do['code'] == 0:
            return

        context.abort(code, do.get('message', ''))

    def received(self, do, took, requests, context, method, tag):
        n = 0

        for wire in requests:
            message = took()
            message.ParseFromString(wire)
            n += 1
            self.event('received', method, tag, n)

            if do.get('digest'):
                context.set_trailing_metadata((('digest', digest(message)),))

            yield message

            if n == do.get('reads'):
                return

    def messages(self, do, took, gives, streams_out, method, details, requests,
                 context, tag):
        received = self.received(do, took, requests, context, method, tag)
        name = gives.DESCRIPTOR.full_name

        if 'wire' in do:
            for wire in do['wire'] if isinstance(do['wire'], list) \
                    else [do['wire']]:
                yield base64.b64decode(wire)

        elif 'answer' in do:
            for answer in do['answer'] if isinstance(do['answer'], list) \
                    else [do['answer']]:
                yield from_json(answer, gives)

        elif method == 'Relay' or (method == 'Chat' and 'count' not in do):
            yield from received

        elif name == 'test.v1.Told':
            left = context.time_remaining()
            messages = list(received)

            yield gives(method=details.method,
                        request=to_json(messages[0]) if messages else '',
                        requests=[to_json(m) for m in messages]
                        if len(messages) != 1 or method.startswith('Coll')
                        or method.endswith('Collect') else [],
                        metadata=json.dumps([
                            [k, base64.b64encode(v).decode()
                             if isinstance(v, bytes) else v]
                            for k, v in details.invocation_metadata]),
                        peer=context.peer(),
                        left=left if left and left < 1e9 else 0)

        elif name == 'google.api.HttpBody':
            data = do.get('data', 'aGVsbG8=')

            if 'large' in do:
                data = base64.b64encode(b'x' * do['large'])

            for i, piece in enumerate(data if isinstance(data, list)
                                      else [data]):
                yield gives(content_type=do.get('type', 'text/plain')
                            if i == 0 else '', data=base64.b64decode(piece))

        elif name == 'google.protobuf.Empty':
            list(received)
            yield gives()

        elif name == 'test.v1.Many' and not streams_out:
            for item in received:
                many = gives(items=[item, item], next='n', total=3, item=item,
                             counts={'a': 1}, tags=['x', 'y'], color=1)
                many.time.FromJsonString('2020-01-02T03:04:05Z')
                many.body.content_type = 'text/x-any'
                many.body.data = b'<raw>'
                yield many

        elif streams_out:
            request = next(received)
            item = type_of('test.v1.Item')

            for i in range(do.get('count', getattr(request, 'id', 0))):
                message = item(id=i + 1)

                if 'size' in do:
                    message.text = 'x' * do['size']

                yield gives(item=message) if name == 'test.v1.Many' \
                    else message

        elif 'size' in do:
            list(received)
            yield gives(text='x' * do['size'])

        else:
            yield from received


class Fake:
    """Reads a request and does what its field "script" says, a list in JSON:

    ["headers", [[name, value], ...], flags]   flags: 4, or 5 with END_STREAM
    ["message", {...}, flags]      a DATA frame of an Item, or a Told's
    ["data", base64, flags]        a DATA frame of any bytes
    ["frame", type, flags, base64]
    ["bytes", base64]
    ["rst", code], ["goaway", code]
    ["sleep", seconds]
    ["slowly", seconds]            what follows is sent a byte at a time
    ["at once"]                    what follows is sent with one write
    ["close"], ["abort"]           the latter with a reset of TCP
    """

    def __init__(self, service, port):
        self.service = service
        self.local = threading.local()
        self.listen = socket.socket()
        self.listen.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listen.bind(('127.0.0.1', port))
        self.listen.listen(64)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn, _ = self.listen.accept()
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(conn,),
                             daemon=True).start()

    def serve(self, conn):
        try:
            self.talk(conn)
        except (OSError, EOFError):
            pass
        finally:
            conn.close()

    def talk(self, conn):
        self.local.gap = 0
        self.local.whole = None
        read(conn, 24)
        conn.sendall(frame(4, 0, 0, b''))

        requests = {}

        while True:
            head = read(conn, 9)
            length = int.from_bytes(head[:3], 'big')
            kind, flags = head[3], head[4]
            stream = int.from_bytes(head[5:], 'big')
            payload = read(conn, length)

            if kind == 4 and not flags & 1:
                conn.sendall(frame(4, 1, 0, b''))

            elif kind == 6 and not flags & 1:
                conn.sendall(frame(6, 1, 0, payload))

            elif kind == 1:
                requests[stream] = b''
                self.service.event('came', 'fake', stream)

            elif kind == 0:
                requests[stream] += payload

                if flags & 1:
                    request = type_of('test.v1.Request')()
                    request.ParseFromString(requests[stream][5:])

                    for step in json.loads(request.script):
                        self.step(conn, stream, *step)

                    self.flush(conn)

            elif kind == 3:
                self.service.event('reset', 'fake', stream,
                                   int.from_bytes(payload, 'big'))

    def step(self, conn, stream, what, *args):
        if what == 'headers':
            block = b''.join(b'\0' + string(name) + string(str(value))
                             for name, value in args[0])
            self.send(conn, frame(1, args[1] if len(args) > 1 else 4, stream,
                                  block))

        elif what == 'message':
            wire = from_json(args[0],
                             type_of('test.v1.Item')).SerializeToString()
            self.send(conn, frame(0, args[1] if len(args) > 1 else 0, stream,
                                  struct.pack('>BI', 0, len(wire)) + wire))

        elif what == 'data':
            self.send(conn, frame(0, args[1] if len(args) > 1 else 0, stream,
                                  base64.b64decode(args[0])))

        elif what == 'frame':
            self.send(conn, frame(args[0], args[1], stream,
                                  base64.b64decode(args[2])))

        elif what == 'bytes':
            self.send(conn, base64.b64decode(args[0]))

        elif what == 'rst':
            self.send(conn, frame(3, 0, stream, struct.pack('>I', args[0])))

        elif what == 'goaway':
            self.send(conn, frame(7, 0, 0, struct.pack('>II', stream,
                                                       args[0])))

        elif what == 'sleep':
            time.sleep(args[0])

        elif what == 'slowly':
            self.local.gap = args[0]

        elif what == 'at once':
            self.local.whole = b''

        elif what == 'abort':
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack('ii', 1, 0))
            raise EOFError

        elif what == 'close':
            self.flush(conn)
            raise EOFError

        else:
            raise ValueError(what)

    def flush(self, conn):
        if self.local.whole:
            conn.sendall(self.local.whole)

        self.local.whole = None

    def send(self, conn, data):
        if self.local.whole is not None:
            self.local.whole += data
            return

        if not self.local.gap:
            conn.sendall(data)
            return

        for byte in data:
            conn.sendall(bytes((byte,)))
            time.sleep(self.local.gap)


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, 'big') + bytes((kind, flags)) \
        + stream.to_bytes(4, 'big') + payload


def string(text):
    """A literal of HPACK, as it is."""

    data = text.encode('latin-1')
    n = len(data)

    if n < 127:
        return bytes((n,)) + data

    return b'\x7f' + varint(n - 127) + data


def read(conn, n):
    data = b''

    while len(data) < n:
        piece = conn.recv(n - len(data))

        if not piece:
            raise EOFError

        data += piece

    return data


def main(folder, descriptors, *addresses):
    service = Service(folder, load(descriptors))
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=64), handlers=(service,),
        options=(('grpc.max_receive_message_length', -1),
                 ('grpc.max_send_message_length', -1),
                 ('grpc.max_metadata_size', 65536),
                 ('grpc.so_reuseport', 0)))

    for address in addresses:
        if address.startswith('fake='):
            Fake(service, int(address[5:]))
        elif not server.add_insecure_port(address):
            sys.exit('cannot listen on ' + address)

    server.start()
    open(folder + '/ready', 'w').close()
    server.wait_for_termination()


if __name__ == '__main__':
    main(*sys.argv[1:])
