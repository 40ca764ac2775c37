"""The forms a Cratejoy date takes, and the one we emit: RFC 3339, UTC, `Z`.

Documented and seen: `2026-03-14T16:16:06Z`, the same with a space or with one-digit months, a bare date, and epoch
milliseconds (Cratejoy docs: shipment, filtering; one public client).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOSE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:\.\d+)?Z?)?")
_CANONICAL_LENGTH = len("2026-03-14T16:16:06Z")


def parse(value: Any) -> datetime | None:
    """Read a date-time in any of the platform's forms.

    Args:
        value: Text, or epoch milliseconds as a number.

    Returns:
        An aware UTC date-time, or None when the value cannot be read.
    """
    try:
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, bool) or value != int(value):
            return None
        return _EPOCH + timedelta(milliseconds=int(value))
    except (ValueError, OverflowError, TypeError):
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
    if isinstance(value, str) and len(value) == _CANONICAL_LENGTH and value[19] == "Z" and value[10] == "T":
        return value
    return render(moment)


def _from_text(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        match = _LOOSE.fullmatch(text)
        if match is None:
            raise
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
