"""Which rows of a stream a collection takes, by its settings: rows that were never wanted are not missing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tap_cratejoy import dates
from tap_cratejoy.children import ChildStream
from tap_cratejoy.settings import Settings
from tap_cratejoy.stream import CratejoyStream
from tap_cratejoy.streams import STREAMS


def _name(kind: type[CratejoyStream]) -> str:
    return str(vars(kind)["name"])  # annotated as an attribute of instances in the SDK


COUNTABLE: dict[str, type[CratejoyStream]] = {
    _name(kind): kind for kind in STREAMS if not issubclass(kind, ChildStream)
}
"""The streams that are a collection of their own, so that Cratejoy can be asked for their number of rows."""
CHILDREN: dict[str, str] = {
    _name(kind): _name(vars(kind)["parent_stream_type"]) for kind in STREAMS if issubclass(kind, ChildStream)
}
"""The streams below an element of another, which nobody counts, and the name of that other."""
_TESTABLE = frozenset({"subscriptions", "orders", "transactions", "shipments", "carts"})


@dataclass(frozen=True)
class Scope:
    """The rows of one stream that a collection takes.

    Attributes:
        stream: Its name.
        path: Its collection.
        keys: Date properties that `since` looks at; a row counts when one of them is late enough.
        since: Inclusive lower bound, None for all rows.
        tests: Whether test rows are taken.
    """

    stream: str
    path: str
    keys: tuple[str, ...] = ()
    since: datetime | None = None
    tests: bool = True

    @property
    def whole(self) -> bool:
        """Whether every row is taken."""
        return self.since is None and not self.drops_tests

    @property
    def drops_tests(self) -> bool:
        """Whether there are rows that are left out for being test rows (customers carry no such mark)."""
        return not self.tests and self.stream in _TESTABLE

    @property
    def queries(self) -> list[dict[str, str]]:
        """URL parameters of queries that hold every row late enough, each row in one of them."""
        if self.since is None:
            return [{}]
        bound = dates.render(self.since.replace(microsecond=0))
        return [
            {f"{key}__ge": bound, **{f"{earlier}__lt": bound for earlier in self.keys[:place]}}
            for place, key in enumerate(self.keys)
        ]

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Return whether a raw row is taken."""
        if self.drops_tests and row.get("is_test") is True:
            return False
        return self.late(row)

    def late(self, row: Mapping[str, Any]) -> bool:
        """Return whether a raw row is not older than what was asked for."""
        return self.since is None or any(self._late(row.get(key)) for key in self.keys)

    def condition(self, columns: frozenset[str]) -> tuple[str, list[Any]]:
        """Return the SQL that picks the taken rows of the staging table, and its parameters.

        Args:
            columns: Those the table has; what it lacks is not looked at.
        """
        parts, values = [], []
        keys = [key for key in self.keys if key in columns]
        if self.since is not None and keys:
            parts.append(f"({' or '.join(f't.{key} >= %s' for key in keys)})")
            values += [self.since.replace(microsecond=0)] * len(keys)
        if self.drops_tests and "is_test" in columns:
            parts.append("t.is_test is not true")
        return " and ".join(parts) or "true", values

    def _late(self, value: Any) -> bool:
        moment = dates.parse(value)
        return moment is not None and self.since is not None and moment >= self.since.replace(microsecond=0)


def scope_of(stream: str, settings: Settings) -> Scope:
    """Return what a collection with these settings takes of a countable stream."""
    kind = COUNTABLE[stream]
    keys = tuple(key for key in (kind.incremental_key, *kind.changed_keys) if key)
    return Scope(stream, kind.path, keys, settings.start_date if keys else None, settings.include_test)
