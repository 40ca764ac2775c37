"""How long somebody has to wait who got the password wrong too often."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

FREE = 5
"""So many wrong passwords from one address cost the first wait."""
FREE_OF_ALL = 50
"""So many from all addresses together do, for everybody."""
_FIRST_WAIT = 30.0
_LONGEST_WAIT = 15 * 60.0
_FORGOTTEN = 60 * 60.0
_MOST_ADDRESSES = 10_000


@dataclass
class _Failures:
    count: int = 0
    last: float = 0.0
    until: float = 0.0


class Lockout:
    """Counts wrong passwords by address and in all; kept in memory only.

    Args:
        clock: Seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_address: dict[str, _Failures] = {}
        self._all = _Failures()

    def wait(self, address: str) -> float:
        """Return how many seconds an address has to wait before its next try; 0 when it may try now."""
        own = self._by_address.get(_key(address), _Failures())
        return max(0.0, max(own.until, self._all.until) - self._clock())

    def failed(self, address: str) -> None:
        """Count a wrong password."""
        key = _key(address)
        # The one that failed last comes last, so that what is forgotten for want of room is the oldest.
        own = self._by_address.pop(key, None) or _Failures()
        self._by_address[key] = own
        if len(self._by_address) > _MOST_ADDRESSES:
            del self._by_address[next(iter(self._by_address))]
        self._count(own, FREE)
        self._count(self._all, FREE_OF_ALL)

    def succeeded(self, address: str) -> None:
        """Forget what an address did; what all did together stays."""
        self._by_address.pop(_key(address), None)

    def _count(self, failures: _Failures, free: int) -> None:
        now = self._clock()
        if now - failures.last > _FORGOTTEN:
            failures.count = 0
        failures.count += 1
        failures.last = now
        if failures.count >= free:
            failures.until = now + min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures.count - free, 10))


def _key(address: str) -> str:
    """Return what counts as one address: of IPv6 the network of 64 bits that one person commands."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped:
        return str(ip_network((parsed.packed[:8] + bytes(8), 64)))
    return str(parsed)
