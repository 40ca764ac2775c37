"""Seconds since 1970 into Cratejoy's date-times, and arithmetic by months."""

import calendar
from datetime import UTC, date, datetime
from functools import lru_cache

DAY = 86_400
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def moment(seconds: int) -> str:
    """Write seconds since 1970 as `2026-03-14T16:16:06Z`."""
    day, rest = divmod(seconds, DAY)
    return f"{_date_text(day)}T{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}Z"


def midnight(seconds: int) -> int:
    """Start of the day, in seconds since 1970."""
    return seconds - seconds % DAY


def start_of(day: date) -> int:
    """Seconds since 1970 of the first second of a day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


@lru_cache(maxsize=65_536)
def _day_months_later(day: int, months: int, on_day: int | None) -> int:
    start = date.fromordinal(day + EPOCH_ORDINAL)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(on_day or start.day, last)).toordinal() - EPOCH_ORDINAL


def months_later(seconds: int, months: int, on_day: int | None = None) -> int:
    """The midnight some months later, on the same day of the month or on a given one."""
    return _day_months_later(seconds // DAY, months, on_day) * DAY


def before(seconds: int, on_day: int) -> bool:
    """Whether the moment lies before this day of its month."""
    return _day(seconds).day < on_day


def months_between(start: int, seconds: int, on_day: int) -> int:
    """How many times a month has turned (on this day of the month) from one moment to the other."""
    first, last = _day(start), _day(seconds)
    turns = (last.year - first.year) * 12 + last.month - first.month
    return turns + (first.day < on_day) - (last.day < on_day)


def _day(seconds: int) -> date:
    return date.fromordinal(seconds // DAY + EPOCH_ORDINAL)


@lru_cache(maxsize=16_384)
def _date_text(day: int) -> str:
    return date.fromordinal(day + EPOCH_ORDINAL).isoformat()
