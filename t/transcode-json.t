# Random messages there and back, through nginx and a service that echoes them:
# what it was sent, and what comes back, is what Python's protobuf makes of the
# same JSON.  (Many more of them are compared in pb-parse.t and pb-print.t.)

use GwTest;
use GwGrpc;

our $DRIVER = <<'_EOC_';
import http.client, json, random, re, struct, sys
import grpc_server as g
from google.protobuf import json_format
from pb_messages import Messages

path, port, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
messages = Messages(path, seed)
conn = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
result = {'sent': 0, 'bad': []}


def same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        # of a float other digits may stand for the same value
        try:
            return a == b or struct.pack('<f', a) == struct.pack('<f', b)
        except OverflowError:
            return False
    return a == b


def digest(message):
    return g.digest(message, messages.pool)


def parsed(text, kind):
    return json_format.Parse(text, kind(), descriptor_pool=messages.pool)


for uri, name, n in (('/v1/kitchen', 'kitchen.v1.Mixed', 250),
                     ('/v1/echo', 'test.v1.Item', 150),
                     ('/v1/legacy', 'legacy.v1.Legacy', 100),
                     ('/v1/defaults', 'legacy.v1.Defaults', 50)):
    kind = messages.type(name)
    left = n

    while left:
        try:
            text = json_format.MessageToJson(
                messages.fill(kind()), descriptor_pool=messages.pool,
                preserving_proto_field_name=left % 3 == 0,
                use_integers_for_enums=left % 5 == 0,
                indent=None if left % 2 else 2,
                including_default_value_fields=left % 7 == 0)
            want = parsed(text, kind)

            # which Python writes and does not read, and numbers that are
            # no NullValue
            if 'nullValues' in text or 'null_values' in text or re.search(
                    r'(?:nullValue|optionalNull|null_value|optional_null)'
                    r'": -?[1-9]', text):
                continue
        except Exception:
            # what Python cannot write or read
            continue

        left -= 1
        body = text.encode()
        conn.request('POST', uri, body, {
            'Content-Type': 'application/json',
            'Grpc-Metadata-Do': '{"digest":1}'})
        response = conn.getresponse()
        answer = response.read().decode()
        result['sent'] += 1

        try:
            assert response.status == 200, 'status %d' % response.status
            assert response.headers['Grpc-Trailer-digest'] \
                == digest(want), 'what was sent'
            assert digest(parsed(answer, kind)) == digest(want), \
                'what came back'
            assert same(json.loads(answer), json.loads(
                json_format.MessageToJson(
                    want, descriptor_pool=messages.pool))), 'its JSON'
        except Exception as e:
            result['bad'].append([name, str(e), text[:3000], answer[:3000]])

print(json.dumps(result))
_EOC_

run_tests();

__DATA__

=== TEST 1: there and back
--- http_config eval: $GwGrpc::HTTP
--- config
location /v1/ {
    gw_transcode test.v1.Test;
    client_max_body_size 10m;
    grpc_pass grpc://service;
}
--- timeout: 60
--- cases
['random messages', sub {
    my ($name, $round) = @_;

    my $seed = $ENV{PB_SEED} // 1 + ($round // 0);
    my $out = python($main::DRIVER, "$ENV{TEST_NGINX_DATA}/proto/test.pb",
                     Test::Nginx::Util::server_port(), $seed);
    my $result = eval { unjson($out) } // {};

    is($result->{sent}, 550, "$name: sent, seed $seed");
    is(scalar @{ $result->{bad} // [0] }, 0, "$name: as Python has them")
        or diag(map { json($_) . "\n" } @{ $result->{bad} }[0 .. 2]);
}],
