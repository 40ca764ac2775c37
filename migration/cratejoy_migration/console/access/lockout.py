"""How long somebody has to wait who got the password wrong too often."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TypeVar

_Kept = TypeVar("_Kept")
_FIRST_COSTLY = 5
"""Which wrong password from one address costs the first wait."""
_FIRST_COSTLY_OF_ALL = 50
"""Which one of the last hour, from whatever address, makes all wait that never had the right one."""
_FIRST_WAIT = 30.0
_LONGEST_WAIT = 15 * 60.0
_WAIT_OF_ALL = 30.0
_FORGOTTEN = 60 * 60.0
_TRUSTED = 7 * 24 * 60 * 60.0
"""For how long an address that had the right password does not wait for what others do."""
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
        self._of_all: deque[float] = deque(maxlen=_FIRST_COSTLY_OF_ALL)
        self._all_until = 0.0
        self._trusted: dict[str, float] = {}

    def wait(self, address: str) -> float:
        """Return how many seconds an address has to wait before its next try; 0 when it may try now."""
        key, now = _key(address), self._clock()
        own = self._by_address.get(key, _Failures())
        is_trusted = key in self._trusted and now - self._trusted[key] <= _TRUSTED
        return max(0.0, own.until - now, 0.0 if is_trusted else self._all_until - now)

    def failed(self, address: str) -> None:
        """Count a wrong password."""
        key, now = _key(address), self._clock()
        own = self._by_address.get(key, _Failures())
        _keep(self._by_address, key, own)
        if now - own.last > _FORGOTTEN:
            own.count = 0
        own.count += 1
        own.last = now
        if own.count >= _FIRST_COSTLY:
            own.until = now + min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(own.count - _FIRST_COSTLY, 10))
        self._of_all.append(now)
        if len(self._of_all) == _FIRST_COSTLY_OF_ALL and now - self._of_all[0] <= _FORGOTTEN:
            self._all_until = now + _WAIT_OF_ALL

    def succeeded(self, address: str) -> None:
        """Forget what an address did, and trust it for some days; what all did together stays."""
        key = _key(address)
        self._by_address.pop(key, None)
        _keep(self._trusted, key, self._clock())


def _keep(addresses: dict[str, _Kept], key: str, value: _Kept) -> None:
    """Put an address last, and forget the first for want of room: nothing happened there for the longest time."""
    addresses.pop(key, None)
    addresses[key] = value
    if len(addresses) > _MOST_ADDRESSES:
        del addresses[next(iter(addresses))]


def _key(address: str) -> str:
    """Return what counts as one address: of IPv6 the network of 64 bits that one person commands."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.ipv4_mapped:
        return str(ip_network((parsed.packed[:8] + bytes(8), 64)))
    return str(parsed)
