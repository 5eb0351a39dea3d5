#!/usr/bin/python3 -B
"""A small identity provider for the demo; whoever asks gets a token.

    GET  /jwks.json     the public keys
    GET  /token         a token; arguments below
    POST /rotate        new keys become current; the old ones stay published
                        for a while
    GET  /health

/token takes sub=alice, scope=..., aud=shop (several: separated by spaces),
ttl=SECONDS (3600; negative: already expired), alg=RS256|ES256|EdDSA,
format=json|text.

Keys are made by the openssl program at start and live in memory only.
"""

import base64
import json
import os
import re
import secrets
import subprocess
import threading
import time

import jsonhttp

ALGORITHMS = {
    "RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "EdDSA": ["-algorithm", "ED25519"],
}

MAX_TTL = 30 * 86400    # seconds
MAX_OLD = 4             # retired generations that stay published


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*command, files=(), stdin=b""):
    """Runs openssl.  Each of files is bytes that the program finds behind
    the argument {0}, {1}, ...: a nameless file that never meets a disk."""

    fds = []
    try:
        for content in files:
            fd = os.memfd_create("openssl")
            fds.append(fd)
            os.write(fd, content)
        names = [f"/proc/self/fd/{fd}" for fd in fds]
        return subprocess.run(["openssl"] + [c.format(*names)
                                             for c in command],
                              input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, pass_fds=fds,
                              timeout=30, check=True).stdout
    finally:
        for fd in fds:
            os.close(fd)


def der(data, pos=0):
    """The content of the DER element at pos, and where the next begins."""

    length = data[pos + 1]
    pos += 2
    if length > 127:
        size = length & 127
        length = int.from_bytes(data[pos:pos + size], "big")
        pos += size
    return data[pos:pos + length], pos + length


def der_integers(data):
    """The two INTEGERs of a SEQUENCE: an ECDSA signature, an RSA key."""

    content, _ = der(data)
    first, pos = der(content)
    second, _ = der(content, pos)
    return first.lstrip(b"\0"), second.lstrip(b"\0")


class Key:
    def __init__(self, alg):
        self.alg = alg
        self.kid = f"{alg.lower()}-{secrets.token_hex(4)}"
        self.pem = openssl("genpkey", *ALGORITHMS[alg])

        # SubjectPublicKeyInfo: SEQUENCE { algorithm, BIT STRING }
        content, _ = der(openssl("pkey", "-pubout", "-outform", "DER",
                                 stdin=self.pem))
        _, pos = der(content)
        public = der(content, pos)[0][1:]

        if alg == "RS256":
            n, e = der_integers(public)
            jwk = {"kty": "RSA", "n": b64(n), "e": b64(e)}
        elif alg == "ES256":
            jwk = {"kty": "EC", "crv": "P-256", "x": b64(public[1:33]),
                   "y": b64(public[33:])}
        else:
            jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(public)}

        self.jwk = {**jwk, "kid": self.kid, "alg": alg, "use": "sig"}

    def sign(self, data):
        digest = [] if self.alg == "EdDSA" else ["-digest", "sha256"]
        signature = openssl("pkeyutl", "-sign", "-rawin", *digest,
                            "-inkey", "{0}", "-in", "{1}",
                            files=(self.pem, data))
        if self.alg == "ES256":
            r, s = der_integers(signature)
            signature = r.rjust(32, b"\0") + s.rjust(32, b"\0")
        return signature


class Provider:
    envelope = False

    def __init__(self, instance, issuer, overlap):
        self.instance = instance
        self.issuer = issuer
        self.overlap = overlap
        self.lock = threading.Lock()        # of current and old
        self.current = self.generate()
        self.old = []                       # (published until, keys)
        self.routes = [
            ("GET", r"/health", self.health),
            ("GET", r"/jwks\.json", self.jwks),
            ("GET", r"/token", self.token),
            ("POST", r"/rotate", self.rotate),
        ]

    @staticmethod
    def generate():
        return {alg: Key(alg) for alg in ALGORITHMS}

    def health(self, request):
        return 200, {"status": "up"}

    def jwks(self, request):
        now = time.monotonic()
        with self.lock:
            sets = [self.current] + [keys for until, keys in self.old
                                     if until > now]
        return (200, {"keys": [key.jwk for keys in sets
                               for key in keys.values()]},
                [("Cache-Control", "max-age=60")])

    def rotate(self, request):
        new = self.generate()
        with self.lock:
            until = time.monotonic() + self.overlap
            self.old = [(until, self.current)] + self.old[:MAX_OLD - 1]
            self.current = new
        return 200, {"current": [key.kid for key in new.values()]}

    def token(self, request):
        alg = request.args.get("alg", "ES256")
        if alg not in ALGORITHMS:
            raise jsonhttp.error(400, "alg must be one of "
                                 + ", ".join(ALGORITHMS))

        ttl = request.number("ttl", 3600, -MAX_TTL, MAX_TTL)
        audience = request.args.get("aud", "shop").split()
        now = int(time.time())

        header = {"alg": alg, "typ": "JWT"}
        claims = {
            "iss": self.issuer,
            "sub": request.args.get("sub", "alice"),
            "aud": audience[0] if len(audience) == 1 else audience,
            "scope": request.args.get("scope", "users:read orders:read"),
            "iat": now + min(ttl - 1, 0),
            "exp": now + ttl,
            "jti": secrets.token_hex(8),
        }

        for name in ("sub", "scope", "aud"):
            if len(claims[name]) > 512 or re.search(r"[\0-\x1f\x7f]",
                                                    str(claims[name])):
                raise jsonhttp.error(400, f"{name} is not acceptable")

        with self.lock:
            key = self.current[alg]
        header["kid"] = key.kid

        signed = ".".join(b64(json.dumps(part, separators=(",", ":")).encode())
                          for part in (header, claims))
        token = signed + "." + b64(key.sign(signed.encode()))

        if request.args.get("format") == "text":
            return 200, token + "\n"
        return 200, {"access_token": token, "token_type": "Bearer",
                     "expires_in": max(ttl, 0)}


def main():
    parser = jsonhttp.arguments(__doc__.partition("\n")[0])
    parser.add_argument("--issuer", default="https://idp.example")
    parser.add_argument("--overlap", type=float, default=600, metavar="S",
                        help="seconds a retired key stays published")
    args = parser.parse_args()
    jsonhttp.serve(Provider(args.instance, args.issuer, args.overlap), args)


if __name__ == "__main__":
    main()
