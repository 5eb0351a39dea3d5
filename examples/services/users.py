#!/usr/bin/python3 -B
"""The users service: GET /users, GET /users/ID, POST /users, GET /health."""

import re

import jsonhttp
import table

SEED = [
    {"id": "alice", "name": "Alice Ames", "email": "alice@example.com"},
    {"id": "bob", "name": "Bob Birch", "email": "bob@example.com"},
    {"id": "carol", "name": "Carol Cole", "email": "carol@example.com"},
]


class Users:
    envelope = True

    def __init__(self, instance, path):
        self.instance = instance
        self.table = table.Table(path, SEED)
        self.routes = [
            ("GET", r"/health", self.health),
            ("GET", r"/users", self.list),
            ("POST", r"/users", self.create),
            ("GET", r"/users/([^/]+)", self.get),
        ]

    def health(self, request):
        return 200, {"status": "up"}

    def list(self, request):
        return 200, {"users": self.table.all()}

    def get(self, request, key):
        user = self.table.get(key)
        if user is None:
            raise jsonhttp.error(404, "no such user")
        return 200, {"user": user}

    def create(self, request):
        body = request.json()
        user = {name: body.get(name) for name in ("id", "name", "email")}

        if not isinstance(user["id"], str) \
                or not re.fullmatch(r"[a-z0-9_-]{1,32}", user["id"]):
            raise jsonhttp.error(400, "id must match [a-z0-9_-]{1,32}")

        for name in ("name", "email"):
            if not isinstance(user[name], str) \
                    or not 1 <= len(user[name]) <= 200:
                raise jsonhttp.error(400, f"{name} must be a string of"
                                     " 1 to 200 characters")
        try:
            user = self.table.add(user)
        except table.Full:
            raise jsonhttp.error(507, "the table is full") from None
        if user is None:
            raise jsonhttp.error(409, "this id is taken")

        return 201, {"user": user}, [("Location", "/users/" + user["id"])]


def main():
    parser = jsonhttp.arguments(__doc__)
    parser.add_argument("--db", required=True, help="SQLite file, shared by"
                        " all instances; made when it is missing")
    args = parser.parse_args()
    jsonhttp.serve(Users(args.instance, args.db), args)


if __name__ == "__main__":
    main()
