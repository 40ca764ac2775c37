"""What the loads of a pilot say about speed, beside what the reference assumed, and the lane they support. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from cratejoy_migration.probe.advice import Advice
from cratejoy_migration.probe.findings import Finding, Verdict, compared, seconds, shopify

POINTS = 10
"""Points that a customer was assumed to cost in the direct lane: one customerCreate."""
FEW = 50
"""Customers below which a rate is a hint only: the start weighs too much in it."""


def judge(lanes: Mapping[str, Mapping[str, Any]], restore: float, writes: Sequence[float]) -> list[Finding]:
    """Return the findings about speed.

    Args:
        lanes: What `loading.load` measured, by lane.
        restore: Points a second of the shop.
        writes: Seconds of the pilot's own writes.
    """
    found = [_write(writes)]
    if "direct" in lanes:
        found += [_direct(lanes["direct"], restore), _points(lanes["direct"])]
    if "bulk" in lanes:
        found.append(_bulk(lanes["bulk"], restore))
    return [*found, *(_outcomes(lane, figures) for lane, figures in lanes.items()), _throttled(lanes)]


def advice(lanes: Mapping[str, Mapping[str, Any]], restore: float, lane: str) -> list[Advice]:
    """Return the lane that the measures support, where it is not the one that is set.

    `auto` takes files for what would take long one by one; that is wrong only where files are slower.
    """
    bulk = lanes.get("bulk", {}).get("lines_per_second")
    direct = lasting(lanes.get("direct", {}), restore)
    if not bulk or not direct or min(lanes[one]["customers"] for one in ("bulk", "direct")) < FEW:
        return []
    better = "direct" if bulk < direct else "auto"
    why = f"files: {bulk:,.1f} lines/s, one by one: {direct:,.1f} customers/s"
    return [] if lane == better else [Advice("TARGET_SHOPIFY_LANE", better, why)]


def lasting(direct: Mapping[str, Any], restore: float) -> float | None:
    """Return the customers a second that a long direct load comes to: a full bucket at the start does not last."""
    rate, points = direct.get("customers_per_second"), direct.get("points_per_customer")
    return round(min(rate, restore / points), 2) if rate and points else None


def _write(writes: Sequence[float]) -> Finding:
    middle = median(writes) if writes else None
    return shopify(
        "a write",
        f"{len(writes)} writes, one at a time",
        "none was made" if middle is None else f"{seconds(middle)} in the middle, {seconds(max(writes))} at most",
        "about 0.5 s",
        Verdict.UNKNOWN if middle is None else Verdict.AGREES if middle < 2 else Verdict.DIFFERS,
        figures={"median_seconds": None if middle is None else round(middle, 3)},
    )


def _direct(figures: Mapping[str, Any], restore: float) -> Finding:
    rate, long = figures["customers_per_second"], lasting(figures, restore)
    few = " (too few to tell more)" if figures["customers"] < FEW else ""
    return shopify(
        "direct lane",
        f"{figures['customers']:,} customers, in {figures['seconds']:,.1f} s",
        _untimed(figures) if not rate else f"{rate:,.1f} customers/s, {long or rate:,.1f} in a long load{few}",
        f"{restore / POINTS:,.0f} customers/s in a long load",
        Verdict.UNKNOWN if not rate or not long else compared(long >= 0.8 * restore / POINTS, [True]),
        figures=figures,
    )


def _untimed(figures: Mapping[str, Any]) -> str:
    why = ": a development store takes five orders a minute" if figures.get("with_orders") else ""
    return f"not measured{why}"


def _points(figures: Mapping[str, Any]) -> Finding:
    points = figures["points_per_customer"]
    if points is not None and figures.get("with_orders"):
        asked, found = "the cost blocks of the load", f"{points:,.1f}, orders included"
        return shopify("points a customer, direct lane", asked, found, f"{POINTS}, and as many an order", Verdict.NEW)
    return shopify(
        "points a customer, direct lane",
        "the cost blocks of the load",
        "not measured" if points is None else f"{points:,.1f}",
        f"{POINTS}; more with addresses or parts of histories to add",
        Verdict.UNKNOWN if points is None else compared(points <= 2.5 * POINTS, [True]),
        follows="the load takes longer than forecast in the same measure" if points and points > 2.5 * POINTS else "",
    )


def _bulk(figures: Mapping[str, Any], restore: float) -> Finding:
    rate = figures["lines_per_second"]
    few = " (too few to tell more)" if figures["lines"] < FEW else ""
    return shopify(
        "bulk lane",
        f"{figures['lines']:,} lines, by the operations' own times",
        "not measured" if not rate else f"{rate:,.1f} lines/s{few}",
        f"not known; faster than one by one above {restore / POINTS:,.0f} lines/s",
        Verdict.NEW if rate else Verdict.UNKNOWN,
        figures=figures,
    )


def _outcomes(lane: str, figures: Mapping[str, Any]) -> Finding:
    outcomes: Mapping[str, int] = figures["outcomes"]
    bad = outcomes.get("refused", 0) + outcomes.get("unknown", 0)
    return shopify(
        f"outcomes, {lane} lane",
        "the run's report",
        ", ".join(f"{count:,} {name}" for name, count in outcomes.items()) or "none",
        "none refused",
        Verdict.DIFFERS if bad else Verdict.AGREES,
        follows="see reports/refused.jsonl and migration report for the reasons" if bad else "",
        figures=dict(outcomes),
    )


def _throttled(lanes: Mapping[str, Mapping[str, Any]]) -> Finding:
    times = sum(figures["throttled"] for figures in lanes.values())
    return shopify(
        "THROTTLED",
        "answers of the loads",
        f"{times} times" if times else "never",
        "never: the target keeps below the limits",
        Verdict.DIFFERS if times else Verdict.AGREES,
        follows="nothing: it waits and goes on" if times else "",
        figures={"times": times},
    )
