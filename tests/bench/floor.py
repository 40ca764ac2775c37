"""What no tap can beat: ask, parse, write, in one thread; no schema, no state, no errors."""

from __future__ import annotations

import sys

import orjson
import requests

_HEAD = b'{"type":"RECORD","stream":"customers","record":'


def read(url: str, page_size: int) -> None:
    """Write every customer as a RECORD message."""
    with requests.Session() as session:
        session.auth = ("client", "secret")
        params = {"limit": str(page_size), "with": "addresses,_md"}
        page = 0
        while True:
            body = orjson.loads(session.get(f"{url}/customers/", params={**params, "page": str(page)}).content)
            sys.stdout.buffer.write(b"".join(_HEAD + orjson.dumps(row) + b"}\n" for row in body["results"]))
            if not body["next"]:
                return
            page += 1


if __name__ == "__main__":
    read(sys.argv[1], int(sys.argv[2]))
