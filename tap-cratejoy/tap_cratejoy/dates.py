"""The forms a Cratejoy date takes, and the one we emit: RFC 3339, UTC, `Z`.

Documented and seen: `2026-03-14T16:16:06Z`, the same with a space or with one-digit months, a bare date, and epoch
milliseconds (Cratejoy docs: shipment, filtering; one public client).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOSE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?Z?)?", re.ASCII)
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_EPOCH_DIGITS = 13
"""Of epoch milliseconds since 2001; shorter and longer runs of digits are read as no date but `20260314`."""
_EPOCH_LIMIT = 10**15


def parse(value: Any) -> datetime | None:
    """Read a date-time in any of the platform's forms.

    Args:
        value: Text, or epoch milliseconds as a number.

    Returns:
        An aware UTC date-time, or None when the value cannot be read.
    """
    try:
        if isinstance(value, str):
            return _from_digits(value) if value.isdigit() else _from_text(value)
        if isinstance(value, bool) or abs(value) > _EPOCH_LIMIT or value != int(value):
            return None
        return _EPOCH + timedelta(milliseconds=int(value))
    except (ValueError, ArithmeticError, TypeError):
        return None


def render(moment: datetime) -> str:
    """Return an aware date-time as RFC 3339 UTC; fractions of a second only where there are any."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def normalize(value: Any) -> str | None:
    """Return any readable date as RFC 3339 UTC, None when it cannot be read."""
    moment = parse(value)
    if moment is None:
        return None
    if isinstance(value, str) and _CANONICAL.fullmatch(value):
        return value
    return render(moment)


def _from_digits(digits: str) -> datetime | None:
    if len(digits) == _EPOCH_DIGITS:
        return parse(int(digits))
    return _from_text(digits) if len(digits) == len("20260314") else None


def _from_text(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        match = _LOOSE.fullmatch(text)
        if match is None:
            raise
        *parts, fraction = match.groups()
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        moment = datetime(year, month, day, hour, minute, second, int((fraction or "")[:6].ljust(6, "0")), tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
