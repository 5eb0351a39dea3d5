#!/usr/bin/python3 -B
"""The shipping service, which speaks gRPC: shipping.proto says what it does.
The caller is the one that the gateway names in the metadatum x-user."""

import argparse
import concurrent.futures
import os
import pathlib
import signal
import threading
import time

import grpc
from google.protobuf import descriptor_pb2, message_factory

SERVICE = "shipping.v1.Shipping"

MAX_ROWS = 1000
PACE = 0.3              # seconds between two positions
STOP_TIMEOUT = 1        # seconds that calls have to end

PACKED = 1764000000     # a time, seconds

KG = {"tea": 0.1, "pot": 1.2, "cup": 0.25}

ROUTE = [("PACKED", "Porto"), ("SENT", "Lyon"), ("SENT", "Köln"),
         ("ARRIVED", "Gdańsk")]


class Shipping:
    def __init__(self, messages):
        self.messages = messages
        self.lock = threading.Lock()
        self.rows = []
        self.add("alice", "1", [("tea", 2), ("pot", 1)], "SENT")
        self.add("bob", "2", [("cup", 4)], "PACKED")
        self.add("alice", "3", [("cup", 2)], "PACKED")

    def make(self, name, **fields):
        return self.messages[f"shipping.v1.{name}"](**fields)

    def add(self, user, order_id, parcels, state):
        row = self.make("Shipment", user=user, order_id=order_id, state=state)
        for product, quantity in parcels:
            row.parcels.add(product=product, quantity=quantity)
            row.weight_kg += KG[product] * quantity
        row.weight_kg = round(row.weight_kg, 2)

        with self.lock:
            if len(self.rows) == MAX_ROWS:
                return None
            row.id = len(self.rows) + 1
            row.packed_at.seconds = PACKED + 3600 * row.id
            self.rows.append(row)
        return row

    def find(self, request, context):
        with self.lock:
            if 0 < request.id <= len(self.rows):
                return self.rows[request.id - 1]
        context.abort(grpc.StatusCode.NOT_FOUND, f"no shipment {request.id}")

    def ListShipments(self, request, context):
        user = caller(context)
        with self.lock:
            rows = [row for row in self.rows if row.user == user
                    and request.state in (0, row.state)]
        return self.make("ListShipmentsResponse", shipments=rows)

    def GetShipment(self, request, context):
        return self.find(request, context)

    def CreateShipment(self, request, context):
        parcels = [(parcel.product, parcel.quantity)
                   for parcel in request.parcels]
        if not 1 <= len(parcels) <= 20:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT,
                          "parcels must be 1 to 20")

        for product, quantity in parcels:
            if product not in KG:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT,
                              f'no product "{product[:40]}"')
            if not 1 <= quantity <= 100:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT,
                              "quantity must be 1 to 100")

        row = self.add(caller(context), request.order_id[:40], parcels,
                       "PACKED")
        if row is None:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED,
                          "the table is full")
        return row

    def TrackShipment(self, request, context):
        sent = self.find(request, context).packed_at.seconds

        for n, (state, place) in enumerate(ROUTE):
            if n:
                time.sleep(PACE)
            position = self.make("Position", state=state, place=place)
            position.time.seconds = sent + 86400 * n
            yield position


def caller(context):
    for name, value in context.invocation_metadata():
        if name == "x-user":
            return value
    context.abort(grpc.StatusCode.UNAUTHENTICATED, "no caller: x-user is missing")


def handlers(service, files, messages):
    """The methods of SERVICE, by what the descriptors say of them."""

    package, name = SERVICE.rsplit(".", 1)
    methods = {}

    for file in files:
        for found in file.service:
            if file.package != package or found.name != name:
                continue

            for method in found.method:
                make = (grpc.unary_stream_rpc_method_handler
                        if method.server_streaming
                        else grpc.unary_unary_rpc_method_handler)

                methods[method.name] = make(
                    getattr(service, method.name),
                    messages[method.input_type[1:]].FromString,
                    messages[method.output_type[1:]].SerializeToString)

    return grpc.method_handlers_generic_handler(SERVICE, methods)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True,
                        help="listen on 127.0.0.1:PORT")
    parser.add_argument("--descriptor", type=pathlib.Path, required=True,
                        help="what protoc has made of shipping.proto")
    args = parser.parse_args()

    files = descriptor_pb2.FileDescriptorSet.FromString(
        args.descriptor.read_bytes()).file
    messages = message_factory.GetMessages(files)

    # A handler would run amid whatever the main thread does, and threads of
    # gRPC's may hold on to the process: signals are waited for instead, by
    # this thread alone, and the end is not put off.
    ending = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)

    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(
        (handlers(Shipping(messages), files, messages),))
    server.add_insecure_port(f"127.0.0.1:{args.port}")

    server.start()
    signal.sigwait(ending)
    server.stop(STOP_TIMEOUT).wait(2 * STOP_TIMEOUT)
    os._exit(0)


if __name__ == "__main__":
    main()
