"""How long to wait before the next try, and when to give up: pure."""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST_PAUSE = timedelta(hours=1)
BLIND_TRIES = 5
"""Tries of a failure nobody knows, before it counts as one that waiting does not heal."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Return what a person means by "90s", "10m", "24h" or "2d".

    Raises:
        ValueError: It is none of these.
    """
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])", text.strip().lower())
    if not found:
        raise ValueError(f'"{text}" is no duration: write 90s, 10m, 24h or 2d')
    return timedelta(**{_UNITS[found.group(2)]: float(found.group(1))})


def readable(span: timedelta) -> str:
    """Return a duration as people say it: 45 s, 12 min, 3 h, 2 days."""
    seconds = span.total_seconds()
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def pause(attempts: int, first: timedelta, chance: float) -> timedelta:
    """Return the pause after so many tries without progress: doubling up to an hour, a fifth more or less.

    Args:
        attempts: Tries without progress in between, from 1.
        first: The first pause.
        chance: A draw between 0 and 1.
    """
    doubled = first * (1 << min(max(attempts, 1) - 1, 12))
    return min(doubled, max(LONGEST_PAUSE, first)) * (0.8 + 0.4 * chance)
