#!/usr/bin/python3 -B
"""The orders service: GET /orders[?user=ID], GET /orders/ID, POST /orders,
GET /products, GET /reports, GET /health."""

import jsonhttp
import table

PRODUCTS = [
    {"id": "tea", "name": "Green tea, 100 g", "price_cents": 890},
    {"id": "pot", "name": "Teapot, 1 l", "price_cents": 3490},
    {"id": "cup", "name": "Cup", "price_cents": 650},
]

PRICE = {product["id"]: product["price_cents"] for product in PRODUCTS}


def order(user, items, **fields):
    total = sum(PRICE[item["product"]] * item["quantity"] for item in items)
    return {**fields, "user": user, "items": items, "total_cents": total}


SEED = [
    order("alice", [{"product": "tea", "quantity": 2},
                    {"product": "pot", "quantity": 1}], id="1"),
    order("bob", [{"product": "cup", "quantity": 4}], id="2"),
    order("alice", [{"product": "cup", "quantity": 2}], id="3"),
]


class Orders:
    envelope = True

    def __init__(self, instance, path):
        self.instance = instance
        self.table = table.Table(path, SEED)
        self.routes = [
            ("GET", r"/health", self.health),
            ("GET", r"/products", self.products),
            ("GET", r"/orders", self.list),
            ("POST", r"/orders", self.create),
            ("GET", r"/orders/([^/]+)", self.get),
            ("GET", r"/reports", self.report),
        ]

    def health(self, request):
        return 200, {"status": "up"}

    def products(self, request):
        return 200, {"products": PRODUCTS}

    def list(self, request):
        orders = self.table.all()
        user = request.args.get("user")
        if user is not None:
            orders = [row for row in orders if row["user"] == user]
        return 200, {"orders": orders}

    def get(self, request, key):
        found = self.table.get(key)
        if found is None:
            raise jsonhttp.error(404, "no such order")
        return 200, {"order": found}

    def report(self, request):
        sold = {product["id"]: 0 for product in PRODUCTS}
        for row in self.table.all():
            for item in row["items"]:
                sold[item["product"]] += item["quantity"]
        return 200, {"sold": sold}

    def create(self, request):
        if not request.caller:
            raise jsonhttp.error(400, "no caller: X-User is missing")

        items = request.json().get("items")
        if not isinstance(items, list) or not 1 <= len(items) <= 20:
            raise jsonhttp.error(400, "items must be a list of 1 to 20")

        clean = []
        for item in items:
            if not isinstance(item, dict):
                raise jsonhttp.error(400, "an item must be an object")

            product = item.get("product")
            if not isinstance(product, str) or product not in PRICE:
                raise jsonhttp.error(400, "no such product")

            quantity = item.get("quantity", 1)
            if type(quantity) is not int or not 1 <= quantity <= 100:
                raise jsonhttp.error(400, "quantity must be 1 to 100")

            clean.append({"product": product, "quantity": quantity})

        try:
            new = self.table.add(order(request.caller, clean))
        except table.Full:
            raise jsonhttp.error(507, "the table is full") from None

        return 201, {"order": new}, [("Location", "/orders/" + new["id"])]


def main():
    parser = jsonhttp.arguments(__doc__)
    parser.add_argument("--db", required=True, help="SQLite file, shared by"
                        " all instances; made when it is missing")
    args = parser.parse_args()
    jsonhttp.serve(Orders(args.instance, args.db), args)


if __name__ == "__main__":
    main()
