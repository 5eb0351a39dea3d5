#!/usr/bin/python3 -B
"""The recommendations service: GET /recommendations[?user=ID], GET /health.
It thinks for a quarter of a second about each answer."""

import time

import jsonhttp

THINKING = 0.25         # seconds

BESTSELLERS = ["tea", "pot"]

FOR = {
    "alice": ["cup", "tea"],
    "bob": ["pot"],
}


class Recommendations:
    envelope = True

    def __init__(self, instance):
        self.instance = instance
        self.routes = [
            ("GET", r"/health", self.health),
            ("GET", r"/recommendations", self.list),
        ]

    def health(self, request):
        return 200, {"status": "up"}

    def list(self, request):
        time.sleep(THINKING)
        products = FOR.get(request.args.get("user"), BESTSELLERS)
        return 200, {"recommendations": [{"product": product, "rank": rank}
                                         for rank, product
                                         in enumerate(products, 1)]}


def main():
    args = jsonhttp.arguments(__doc__).parse_args()
    jsonhttp.serve(Recommendations(args.instance), args)


if __name__ == "__main__":
    main()
