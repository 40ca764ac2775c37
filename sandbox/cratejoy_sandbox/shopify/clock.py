"""The shop's time: timestamps are of today; waiting, restoring and expiring go by the time scale."""

import time
from datetime import UTC, datetime


class Clock:
    """Real time for timestamps, scaled time for durations."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def seconds(self) -> float:
        """Seconds of shop time since some moment that never changes in a run."""
        return time.monotonic() * self.scale

    def real(self, seconds: float) -> float:
        """How long so many seconds of shop time take."""
        return seconds / self.scale

    def now(self) -> str:
        """The time as Shopify writes it, to the second."""
        return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """A moment as `2026-11-01T10:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime | None:
    """A moment from ISO 8601 text; without an offset it is taken for UTC. None when it is not one."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
