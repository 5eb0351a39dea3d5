"""What the demo services share: a small threaded JSON server.

A service is a table of routes.  Each answer names the instance that gave it
(field "instance", header X-Instance) and the caller the gateway vouched for
(field "caller", from X-User).  Every path understands two knobs:

    ?delay=MS       answer MS milliseconds later, at most 10000
    ?status=CODE    answer with that status, 200 to 599, and do nothing else
"""

import argparse
import http.server
import json
import re
import signal
import socket
import socketserver
import sys
import threading
import time
import urllib.parse

MAX_BODY = 16384        # bytes
MAX_DELAY = 10000       # milliseconds
MAX_FIELDS = 32         # members of a query string

NO_BODY = (204, 205, 304)


class Reply(Exception):
    """Ends a request from any depth of a route."""

    def __init__(self, status, body, headers=()):
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


def error(status, text, headers=()):
    return Reply(status, {"error": text}, headers)


class Request:
    def __init__(self, args, caller, body, path):
        self.args = args            # first value of each query argument
        self.caller = caller        # X-User, or None
        self.body = body            # bytes
        self.path = path

    def number(self, name, default, low, high):
        text = self.args.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,9}", text) \
                or not low <= int(text) <= high:
            raise error(400, f"{name} must be {low} to {high}")
        return int(text)

    def json(self):
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise error(400, "the body is not JSON") from None
        if not isinstance(value, dict):
            raise error(400, "the body is not a JSON object")
        return value


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, sock, service):
        super().__init__(sock.getsockname(), Handler,
                         bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        self.service = service

    def handle_error(self, request, client_address):
        # a client that hangs up is not worth a traceback
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""
    timeout = 75                    # longer than nginx keeps its side idle
    disable_nagle_algorithm = True
    wbufsize = -1                   # header and body leave in one write

    def handle_expect_100(self):
        ready = super().handle_expect_100()
        self.wfile.flush()
        return ready

    def do_GET(self):
        try:
            reply = self.route()
        except Reply as r:
            reply = r
        self.send(reply)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def route(self):
        body = self.read_body()
        url = urllib.parse.urlsplit("http://x" + self.path
                                    if self.path.startswith("/") else "")
        path = urllib.parse.unquote(url.path)

        try:
            pairs = urllib.parse.parse_qsl(url.query, keep_blank_values=True,
                                           max_num_fields=MAX_FIELDS)
        except ValueError:
            raise error(400, "too many arguments") from None

        request = Request(dict(reversed(pairs)), self.caller(), body, path)

        time.sleep(request.number("delay", 0, 0, MAX_DELAY) / 1000)

        status = request.number("status", None, 200, 599)
        if status is not None:
            raise Reply(status, {"status": status})

        method = "GET" if self.command == "HEAD" else self.command
        allowed = []

        for name, pattern, function in self.server.service.routes:
            match = re.fullmatch(pattern, path)
            if match is None:
                continue
            if name == method:
                return Reply(*function(request, *match.groups()))
            allowed.append(name)

        if allowed:
            raise error(405, "method not allowed",
                        [("Allow", ", ".join(allowed))])

        raise error(404, "not found")

    def read_body(self):
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise error(411, "a body needs a Content-Length")

        text = self.headers.get("Content-Length", "0")
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > MAX_BODY:
            self.close_connection = True
            raise error(413, f"the body may have {MAX_BODY} bytes")

        body = self.rfile.read(int(text))
        if len(body) < int(text):
            raise ConnectionAbortedError("body cut short")
        return body

    def caller(self):
        value = self.headers.get("X-User")
        if value is None:
            return None
        return value.encode("latin-1", "replace").decode("utf-8", "replace")

    def send(self, reply):
        service = self.server.service
        data = reply.body

        if service.envelope:
            data = {"instance": service.instance, "caller": self.caller(),
                    **data}

        if isinstance(data, str):
            kind = "text/plain; charset=utf-8"
            content = data.encode()
        else:
            kind = "application/json"
            content = json.dumps(data, ensure_ascii=False).encode() + b"\n"

        self.send_response(reply.status)
        self.send_header("X-Instance", service.instance)
        for name, value in reply.headers:
            self.send_header(name, value)

        if reply.status in NO_BODY:
            content = b""
        else:
            self.send_header("Content-Type", kind)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

        if self.command != "HEAD":
            self.wfile.write(content)


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--instance", required=True,
                        help="the name this process answers with")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="listen on 127.0.0.1:PORT")
    where.add_argument("--fd", type=int,
                       help="serve this inherited listening socket")
    return parser


def serve(service, args):
    """Serves until TERM or INT; service has instance, routes, envelope."""

    if args.fd is not None:
        sock = socket.socket(fileno=args.fd)
    else:
        sock = socket.create_server(("127.0.0.1", args.port), backlog=128)

    server = Server(sock, service)

    def stop(signum, frame):
        # shutdown() waits for the loop that this handler interrupts
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
