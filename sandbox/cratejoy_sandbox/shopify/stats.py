"""What was asked of the shop: calls a root field, points, and the last requests, without any value of theirs."""

import time
from collections import Counter, deque
from typing import Any

LOGGED = 5_000


class Stats:
    """Counts calls and keeps a bounded log."""

    def __init__(self) -> None:
        self._flying = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything but what is in flight."""
        self.calls: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.mails: Counter[str] = Counter()
        self.points = 0.0
        self.throttled = 0
        self.requests = 0
        self.most_in_flight = self._flying
        self.log: deque[dict[str, Any]] = deque(maxlen=LOGGED)

    def arrive(self, method: str, path: str) -> dict[str, Any]:
        """Note a request; the entry is completed as it goes on."""
        self._flying += 1
        self.requests += 1
        self.most_in_flight = max(self.most_in_flight, self._flying)
        entry = {"at": time.monotonic(), "method": method, "path": path, "operation": None, "roots": []}
        self.log.append(entry | {"status": None, "in_flight": self._flying, "seconds": None})
        return self.log[-1]

    def leave(self, entry: dict[str, Any]) -> None:
        """Note the end of a request; without a status the connection was closed."""
        self._flying -= 1
        self.statuses[entry["status"] or 0] += 1
        entry["seconds"] = round(time.monotonic() - entry["at"], 6)

    def called(self, roots: list[str]) -> None:
        """Note that root fields were run, for a request or for a line of a bulk operation."""
        self.calls.update(roots)

    def mailed(self, why: str) -> None:
        """Note something that would send mail to a customer."""
        self.mails[why] += 1

    def report(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "requests": self.requests,
            "in_flight": self._flying,
            "most_in_flight": self.most_in_flight,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "calls": dict(sorted(self.calls.items())),
            "points": self.points,
            "throttled": self.throttled,
            "mails": {"total": self.mails.total(), **dict(sorted(self.mails.items()))},
            "log": list(self.log),
        }
