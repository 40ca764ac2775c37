"""The page server: one collection, `/v1/customers/`, in the envelope of the Cratejoy API, on a port of its own.

It writes its URL as the first line and ends when its standard input does, so it never outlives who started it.
`GET /log` hands out what was asked since the last such request: `[[arrived, answered, rows], ...]` in seconds.

    python -m tests.bench.server 100000 --delay 0.5
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.bench import customers

_PATH = "/v1/customers/"
_LARGEST_PAGE = 1000
_DEFAULT_PAGE = 10
_KEPT_PAGES = 128


class PageServer:
    """Serves the first so many customers.

    Args:
        count: How many there are.
        delay: Seconds each page takes at least.
    """

    def __init__(self, count: int, delay: float) -> None:
        self._count = count
        self._delay = delay
        self._log: list[tuple[float, float, int]] = []
        self._results = lru_cache(_KEPT_PAGES)(customers.rows)

    async def serve(self) -> None:
        """Serve until standard input ends."""
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sys.stdout.write(f"http://127.0.0.1:{port}\n")
        sys.stdout.flush()
        await ended.wait()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                arrived = time.monotonic()
                status, body = await self._answer(head, arrived)
                writer.write(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n" % status)
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body))
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, arrived: float) -> tuple[bytes, bytes]:
        target = urlsplit(head.split(b" ", 2)[1].decode())
        if target.path == "/log":
            log, self._log = self._log, []
            return b"200 OK", json.dumps(log).encode()
        if target.path != _PATH:
            return b"404 Not Found", b'{"errors": ["not found"]}'
        if b"\r\nauthorization: basic " not in head.lower():
            return b"401 Unauthorized", b'{"errors": ["unauthorized"]}'
        asked = dict(parse_qsl(target.query))
        numbers, body = self._page(asked)
        await asyncio.sleep(max(0.0, arrived + self._delay - time.monotonic()))
        self._log.append((arrived, time.monotonic(), len(numbers)))
        return b"200 OK", body

    def _page(self, asked: dict[str, str]) -> tuple[range, bytes]:
        """Return a zero-based page: the numbers of its rows, and its body."""
        page = int(asked.get("page", 0))
        size = min(int(asked.get("limit", _DEFAULT_PAGE)), _LARGEST_PAGE)
        numbers = range(self._count)[page * size : (page + 1) * size]
        following = f"?{urlencode({**asked, 'page': page + 1})}" if (page + 1) * size < self._count else None
        previous = f"?{urlencode({**asked, 'page': page - 1})}" if page else None
        envelope = json.dumps({"count": self._count, "next": following, "prev": previous})[:-1].encode()
        return numbers, envelope + b', "results": [' + self._results(numbers) + b"]}"


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Serve customers page by page.")
    parser.add_argument("count", type=int, help="customers there are")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds a page takes at least")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(PageServer(options.count, options.delay).serve())


if __name__ == "__main__":
    main()
