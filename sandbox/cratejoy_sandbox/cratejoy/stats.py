"""What was asked of the server: counts a resource, and the last requests with their times."""

import threading
import time
from collections import defaultdict, deque
from typing import Any

LOGGED = 5_000


class Stats:
    """Counts requests and rows, and keeps a bounded log."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything but what is in flight."""
        with self._lock:
            self.resources: dict[str, dict[str, int]] = defaultdict(lambda: {"requests": 0, "rows": 0})
            self.log: deque[dict[str, Any]] = deque(maxlen=LOGGED)
            self.most_in_flight = self._flying

    def arrive(self, path: str, query: str) -> dict[str, Any]:
        """Note a request; the entry is completed by `leave`."""
        with self._lock:
            self._flying += 1
            self.most_in_flight = max(self.most_in_flight, self._flying)
            entry = {
                "at": time.monotonic(),
                "path": path,
                "query": query,
                "status": None,
                "in_flight": self._flying,
                "seconds": None,
            }
            self.log.append(entry)
            return entry

    def leave(self, entry: dict[str, Any]) -> None:
        """Note the end of a request."""
        with self._lock:
            self._flying -= 1
            entry["seconds"] = round(time.monotonic() - entry["at"], 6)

    def count(self, resource: str, rows: int = 0, requests: int = 0) -> None:
        """Add to the figures of a resource."""
        with self._lock:
            self.resources[resource]["requests"] += requests
            self.resources[resource]["rows"] += rows

    def report(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        with self._lock:
            return {
                "requests": sum(figures["requests"] for figures in self.resources.values()),
                "in_flight": self._flying,
                "most_in_flight": self.most_in_flight,
                "resources": {name: dict(figures) for name, figures in self.resources.items()},
                "log": [dict(entry) for entry in self.log],
            }
