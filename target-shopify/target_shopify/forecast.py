"""The dry run: the very code that carries customers, before a shop that only imagines its writes.

What it tells: an outcome and a reason for each document as the run would have it, what all that costs in points, how
many hours that takes on each plan, and a list of what people can put right before.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from target_shopify.errors import room_in
from target_shopify.fix_list import FixList, codes_of
from target_shopify.mapping.definitions import CUSTOMER_DEFINITIONS, ORDER_DEFINITIONS, Definition
from target_shopify.past_orders import PastOrders
from target_shopify.progress import duration, outcomes
from target_shopify.rehearsal.people import People
from target_shopify.rehearsal.points import LISTED_OPERATIONS, MUTATION
from target_shopify.rehearsal.shop import ImaginedShop
from target_shopify.report import owner_only
from target_shopify.shop import definitions
from target_shopify.upsert import Upsert

if TYPE_CHECKING:
    from target_shopify.report import Report
    from target_shopify.run import Run
    from target_shopify.settings import RefusalLimit
    from target_shopify.work import Outcome, Unit

PLANS = {"standard": 100.0, "advanced": 200.0, "plus": 1000.0, "enterprise": 2000.0}
"""Points a second that a shop restores, by its plan (limits page)."""
UNMEASURED = "unknown until measured: migration pilot"
_HOUR = 3600.0


class Foresight:
    """Tells what would become of a unit; in the place of `Upsert` in a dry run.

    Args:
        run: Shop, ledger, mapping, settings.
        loaded: Customers of the shop that carry our id.
    """

    def __init__(self, run: Run, loaded: int) -> None:
        settings = run.settings
        self._folder = run.report.workspace()
        self._people = People(self._folder)
        preparing = _preparing(run)
        count = int(run.client.call("CustomersCount", {}).value.get("count") or 0)
        self.shop = ImaginedShop(run.client, self._people, settings.namespace, customers=count, has_ids=loaded > 0)
        self.shop.charge("prepare", preparing)
        # A run with `conflict: fail` stops at the first; a forecast tells how many there are.
        told = replace(settings, conflict="skip") if settings.conflict == "fail" else settings
        orders = PastOrders(self.shop, run.options, run.logger, run.ledger) if settings.orders == "create" else None  # type: ignore[arg-type]  # answers the same calls
        likely = loaded > 0 and not run.ledger.remembers
        self._upsert = Upsert(self.shop, run.options, told, run.ledger, orders, likely=likely)  # type: ignore[arg-type]  # as above
        self.expectation = self._upsert.expectation
        self.lines = 0
        """New customers that bulk operations could carry: made at the first try."""

    @property
    def folder(self) -> Path:
        """For files of this forecast, removed with it."""
        return self._folder

    def settle(self, unit: Unit) -> list[Outcome]:
        """Return what would become of a unit."""
        found = self._upsert.settle(unit)
        self.lines += any(outcome.status == "created" for outcome in found)
        return found

    def close(self) -> None:
        """Remove what was imagined."""
        self._people.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _preparing(run: Run) -> float:
    """Return what a run costs before its first customer, after what has been spent by now."""
    spent = run.client.budget.used + LISTED_OPERATIONS
    kinds: list[tuple[str, Sequence[Definition]]] = [("CUSTOMER", CUSTOMER_DEFINITIONS)]
    if run.settings.orders == "create":
        kinds.append(("ORDER", ORDER_DEFINITIONS))
    for owner, wanted in kinds:
        there = definitions(run.client, run.settings.namespace, owner)
        spent += MUTATION * sum(definition.key not in there for definition in wanted)
    return spent


class ForecastFiles:
    """`forecast.csv` and `fix-list.csv` as documents are looked at, `forecast.json` and the summary at the end.

    Args:
        report: Knows the folder.
        foresight: What it is a forecast of.
        limit: `max_refusals`.
    """

    def __init__(self, report: Report, foresight: Foresight, limit: RefusalLimit | None) -> None:
        self._foresight = foresight
        self._limit = limit
        self._paths = {name: report.path(name) for name in ("forecast.json", "forecast.csv", "pilot.json")}
        path, fixes = self._paths["forecast.csv"], report.path("fix-list.csv")
        self._file = owner_only(path) if path else None
        self._fixes = FixList(fixes, foresight.folder) if fixes else None
        self._counts: Counter[str] = Counter()
        self._repairs: Counter[str] = Counter()
        self._demoted: set[str] = set()
        self._refused = self._read = 0
        self._stops_at: int | None = None
        self._write([("cratejoy_id", "outcome", "reason")])

    def settled(self, found: Sequence[Outcome]) -> None:
        """Append one line a document."""
        self._write([(one.ticket.key, one.status, one.reason or "") for one in found])
        if self._fixes:
            self._fixes.settled(found)
        for one in found:
            self._count(one)
            self._demoted.update(one.demoted)

    def finish(self, run: Run) -> None:
        """Write the figures, and tell them."""
        with room_in("report_dir"):
            if self._file:
                self._file.close()
                self._demote()
        figures = figures_of(run, self._foresight, _measured(self._paths["pilot.json"]))
        figures |= {
            "counts": dict(+self._counts),
            "repairs": dict(self._repairs.most_common()),
            "max_refusals_stops_at": self._stops_at,
        }
        with room_in("report_dir"):
            if self._fixes:
                figures["fix_list"] = self._fixes.finish()
            path = self._paths["forecast.json"]
            if path:
                with owner_only(path) as file:
                    file.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
        self._foresight.close()
        for line in summary(figures):
            run.logger.info("%s", line)

    def _demote(self) -> None:
        """Correct the lines of documents that a later one with a lower id took the lead of: they end as merged."""
        path = self._paths["forecast.csv"]
        if not self._demoted or path is None:
            return
        new = path.with_suffix(".csv.new")
        with path.open(newline="", encoding="utf-8") as old, owner_only(new) as self._file:
            for key, outcome, reason in csv.reader(old):
                merged = key in self._demoted and outcome != "merged"
                if merged:
                    self._counts.subtract([outcome])
                    self._counts["merged"] += 1
                self._write([(key, "merged" if merged else outcome, reason)])
        new.replace(path)

    def _count(self, one: Outcome) -> None:
        self._read += 1
        self._counts[one.status] += 1
        self._demoted.discard(one.ticket.key)
        self._refused += one.status == "refused"
        if one.status != "refused" and one.reason:
            self._repairs.update(codes_of(one.reason, refused=False))
        limit = self._limit
        if limit and self._stops_at is None and self._refused and limit.reached(self._refused, self._read):
            self._stops_at = self._read

    def _write(self, rows: Sequence[tuple[str, str, str]]) -> None:
        if self._file:
            text = io.StringIO()
            csv.writer(text).writerows(rows)
            self._file.write(text.getvalue().encode())


def figures_of(run: Run, foresight: Foresight, measured: Mapping[str, float]) -> dict[str, Any]:
    """Return what `forecast.json` holds; points, points a second, hours."""
    spent, rate, lines = foresight.shop.points, run.client.budget.rate, foresight.lines
    left = max(0.0, spent - lines * MUTATION)
    return {
        "documents": run.settlement.counts.total(),
        "counts": dict(run.settlement.counts),
        "refusals": dict(run.settlement.reasons),
        "points": round(spent),
        "restore_rate": rate,
        "hours": _hours(spent, rate),
        "plans": {
            name: {"restore_rate": plan_rate, "hours": _hours(spent, plan_rate)} for name, plan_rate in PLANS.items()
        },
        "live": {"shop": run.shop.domain, "restore_rate": rate, "hours": _hours(spent, rate)},
        "direct": direct(lines, spent, rate, measured.get("direct_customers_per_second")),
        "bulk": bulk(lines, left, rate, measured.get("bulk_lines_per_second")),
        "calls": {name: count for name, count in foresight.shop.calls.most_common() if name != "prepare"},
    }


def direct(lines: int, spent: float, rate: float, measured: float | None) -> dict[str, Any]:
    """Return the direct lane's hours: by its points, and by what a pilot measured when that is slower."""
    by_points = _hours(spent, rate)
    found: dict[str, Any] = {"points": round(spent), "hours": by_points, "customers_per_second": measured}
    if measured:
        found["hours"] = max(by_points, round(lines / measured / _HOUR, 3))
    return found


def bulk(lines: int, left: float, rate: float, measured: float | None) -> dict[str, Any]:
    """Return the bulk lane's hours: a function of lines a second, which nobody knows before a pilot.

    Args:
        lines: New customers, a line each.
        left: Points of what files cannot carry.
        rate: Points a second of the shop.
        measured: Lines a second.
    """
    rest = _hours(left, rate)
    even = round(rate / MUTATION, 1)
    return {
        "customers": lines,
        "points_left": round(left),
        "hours_by_lines_per_second": {
            str(speed): round(lines / speed / _HOUR + rest, 3) for speed in (1, 5, 10, 25, 50, 100)
        },
        "faster_than_direct_above": even,
        "lines_per_second": measured,
        "hours": round(lines / measured / _HOUR + rest, 3) if measured else UNMEASURED,
    }


def summary(figures: Mapping[str, Any]) -> list[str]:
    """Return the forecast in a few lines for the log."""
    rate = figures["restore_rate"]
    plans = ", ".join(
        f"{name} {duration(figures['points'] / one['restore_rate'])}" for name, one in figures["plans"].items()
    )
    counted = (
        f"Forecast, nothing was written: {outcomes(Counter(figures['counts']))}; {figures['points']:,} points, "
        f"{duration(figures['points'] / rate)} at this shop's {rate:,.0f} points a second ({plans})."
    )
    lines = [counted, _bulk_line(figures["bulk"])]
    if figures["refusals"]:
        reasons = sorted(figures["refusals"].items(), key=lambda pair: -pair[1])[:5]
        lines.append("Refused: " + ", ".join(f"{reason} {count:,}" for reason, count in reasons) + ".")
    if figures.get("max_refusals_stops_at"):
        stops_at = figures["max_refusals_stops_at"]
        lines.append(f"max_refusals would end the run at document {stops_at:,} of {figures['documents']:,}.")
    return lines


def _bulk_line(figures: Mapping[str, Any]) -> str:
    speed = figures["lines_per_second"]
    told = f"{duration(figures['hours'] * _HOUR)} at the measured {speed:,.1f} lines a second" if speed else UNMEASURED
    return (
        f"By file: {figures['customers']:,} of them cost no points ({told}; faster than one by one above "
        f"{figures['faster_than_direct_above']:,.0f} lines a second), {figures['points_left']:,} points are left."
    )


def _hours(spent: float, rate: float) -> float:
    return round(spent / max(rate, 0.1) / _HOUR, 3)


def _measured(path: Path | None) -> dict[str, float]:
    """Return what `migration pilot` measured in this shop; empty before that."""
    try:
        found = orjson.loads(path.read_bytes()) if path else {}
    except (OSError, orjson.JSONDecodeError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, int | float) and value > 0}
