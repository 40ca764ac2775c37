"""The dry run: the same rules and read-only look-ups, and not one write.

What it tells: an outcome for each document as the run would have it, the points all that costs, and the hours those
take at this shop's limits.
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from target_shopify.errors import CallRefused
from target_shopify.mapping.customer import combine
from target_shopify.progress import duration, outcomes
from target_shopify.report import owner_only
from target_shopify.rules import reason_text
from target_shopify.work import Entry, Outcome, Unit

if TYPE_CHECKING:
    import logging

    from target_shopify.client import ShopifyClient
    from target_shopify.customers import Seen
    from target_shopify.mapping.options import MappingOptions
    from target_shopify.report import Report
    from target_shopify.settings import Settings
    from target_shopify.upsert import Upsert

POINTS = {"created": 10.0, "updated": 30.0, "adopted": 50.0, "unchanged": 3.0, "refused": 0.0}
"""What a customer costs in the direct lane (recorded live answers): creating is one call; updating reads it and writes
what differs; adopting adds tags and a second write."""
POINTS_AN_ORDER = 10.0


class Foresight:
    """Tells what would become of a unit; in the place of `Upsert` in a dry run.

    Args:
        client: Of the shop.
        upsert: Looks and compares; never writes here.
        options: Of the mapping.
        settings: Conflict policy and orders.
    """

    def __init__(self, client: ShopifyClient, upsert: Upsert, options: MappingOptions, settings: Settings) -> None:
        self._upsert = upsert
        self.expectation = upsert.expectation
        self._options = options
        self._settings = settings
        self._lock = threading.Lock()
        self._emails: set[int] = set()
        self._phones: set[int] = set()
        count = client.call("CustomersCount", {}).value.get("count")
        self._empty = count == 0
        self._has_ids = True
        self.points = 0.0
        """Points the documents so far would cost."""
        self.customers = 0
        """New customers among them: what bulk operations could carry."""

    def settle(self, unit: Unit) -> list[Outcome]:
        """Return what would become of a unit."""
        seen = self._look(unit)
        with self._lock:
            first = self._is_first(unit)
            reasons = self._phone_reasons(unit)
        kind = self._kind(unit, seen, first=first)
        with self._lock:
            self._charge(unit, kind)
        return [self._outcome(entry, unit, kind, seen, reasons) for entry in unit.entries]

    def _look(self, unit: Unit) -> Seen | None:
        if self._empty:
            return None
        if self._has_ids:
            try:
                return self._upsert.look(unit)
            except CallRefused as refused:
                if "NOT_FOUND" not in refused.codes:
                    raise
                self._has_ids = False  # no definition yet, which a dry run does not make: nobody carries our id
        return self._upsert.by_email(unit)

    def _is_first(self, unit: Unit) -> bool:
        """Whether no earlier document has this e-mail."""
        emails = {hash(entry.member.email.casefold()) for entry in unit.entries if entry.member.email}
        first = not emails & self._emails
        self._emails |= emails
        return first

    def _phone_reasons(self, unit: Unit) -> list[str]:
        phone = combine([entry.member for entry in unit.entries], self._options).fields.get("phone")
        if phone is None:
            return []
        taken = hash(phone) in self._phones
        self._phones.add(hash(phone))
        return ["phone_taken"] if taken else []

    def _kind(self, unit: Unit, seen: Seen | None, *, first: bool) -> str:
        if seen is None:
            return "created" if first else "merged"
        if seen.customer_id is None:
            return "adopted" if self._settings.conflict == "adopt" else "refused"
        return "unchanged" if self._upsert.carried(unit, seen) and not self._settings.replaces else "updated"

    def _charge(self, unit: Unit, kind: str) -> None:
        self.points += POINTS["updated" if kind == "merged" else kind]
        self.customers += kind == "created"
        if self._settings.orders == "create" and kind != "refused":
            self.points += POINTS_AN_ORDER * sum(len(entry.member.source_orders) for entry in unit.entries)

    def _outcome(self, entry: Entry, unit: Unit, kind: str, seen: Seen | None, reasons: Sequence[str]) -> Outcome:
        if kind == "refused":
            return Outcome(entry.ticket, "refused", reason="email_taken")
        joins = kind in ("created", "adopted") and entry is not unit.leader
        if kind == "updated" and seen:
            joins = not self._upsert.knows(seen, entry)
        status = "merged" if joins else kind
        reason = reason_text([*entry.member.repairs, *(reasons if entry is unit.leader else ())])
        return Outcome(entry.ticket, status, shopify_id=seen.id if seen else None, reason=reason or None)


class ForecastFiles:
    """`forecast.csv` as documents are looked at, `forecast.json` and the summary at the end.

    Args:
        report: Knows the folder.
    """

    def __init__(self, report: Report) -> None:
        self._json = report.path("forecast.json")
        path = report.path("forecast.csv")
        self._file = owner_only(path) if path else None
        self._write([("cratejoy_id", "outcome", "reason")])

    def settled(self, found: Sequence[Outcome]) -> None:
        """Append one line a document."""
        self._write([(one.ticket.key, one.status, one.reason or "") for one in found])

    def finish(
        self,
        counts: Mapping[str, int],
        reasons: Mapping[str, int],
        foresight: Foresight,
        rate: float,
        logger: logging.Logger,
    ) -> None:
        """Write the figures, and tell them in one line."""
        figures = figures_of(counts, reasons, foresight, rate)
        if self._file:
            self._file.close()
        if self._json:
            with owner_only(self._json) as file:
                file.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
        logger.info(
            "Forecast, nothing was written: %s; %s points, %s at %s points a second.",
            outcomes(counts), f"{foresight.points:,.0f}", duration(foresight.points / rate), f"{rate:,.0f}",
        )  # fmt: skip

    def _write(self, rows: Sequence[tuple[str, str, str]]) -> None:
        if self._file:
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            self._file.write(text.getvalue().encode())


def figures_of(
    counts: Mapping[str, int], reasons: Mapping[str, int], foresight: Foresight, rate: float
) -> dict[str, Any]:
    """Return what `forecast.json` holds; points, points a second, hours."""
    return {
        "documents": sum(counts.values()),
        "counts": dict(counts),
        "refusals": dict(reasons),
        "points": round(foresight.points),
        "restore_rate": rate,
        "hours": round(foresight.points / rate / 3600, 3),
        "bulk": {
            "customers": foresight.customers,
            "points_left": round(foresight.points - foresight.customers * POINTS["created"]),
        },
    }
