"""A finding: what was asked, what was found, what the reference assumed, and what follows."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

CRATEJOY, SHOPIFY = "Cratejoy", "Shopify"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/()+;=,-]{0,59}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")


class Verdict(StrEnum):
    """How a finding compares with the reference."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NEW = "not known before"
    UNKNOWN = "could not be told"


@dataclass(frozen=True)
class Finding:
    """One thing that was asked. No text of it holds personal data, secrets, or the name of the shop.

    Attributes:
        platform: `CRATEJOY` or `SHOPIFY`.
        topic: What it is about, in a few words.
        asked: How it was asked.
        found: What came back, in words.
        assumed: What the reference says.
        verdict: How the two compare.
        follows: What it means for the migration; empty when nothing does.
        prevents: It makes a migration impossible.
        figures: The same as numbers and names, for machines.
    """

    platform: str
    topic: str
    asked: str
    found: str
    assumed: str
    verdict: Verdict
    follows: str = ""
    prevents: bool = False
    figures: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the finding for the report."""
        return {**asdict(self), "verdict": str(self.verdict)}


def cratejoy(topic: str, asked: str, found: str, assumed: str, verdict: Verdict, **more: Any) -> Finding:
    """Return a finding about Cratejoy."""
    return Finding(CRATEJOY, topic, asked, found, assumed, verdict, **more)


def shopify(topic: str, asked: str, found: str, assumed: str, verdict: Verdict, **more: Any) -> Finding:
    """Return a finding about Shopify."""
    return Finding(SHOPIFY, topic, asked, found, assumed, verdict, **more)


def compared(found: Hashable, assumed: Iterable[Hashable]) -> Verdict:
    """Return whether what was found is among what was assumed; None is what could not be told."""
    if found is None:
        return Verdict.UNKNOWN
    return Verdict.AGREES if found in assumed else Verdict.DIFFERS


def grouped(values: Mapping[str, Any], *, by_name: bool = False) -> str:
    """Return names by their value, the most frequent first: `0: customers, orders; 1: shipments`.

    Args:
        values: Name to value.
        by_name: All names are told, also where there is one value only.
    """
    names: dict[str, list[str]] = {}
    for name, value in values.items():
        names.setdefault(str(value), []).append(name)
    ranked = sorted(names.items(), key=lambda pair: -len(pair[1]))
    if len(ranked) == 1 and not by_name:
        return f"{ranked[0][0]} in all {len(values)}" if len(values) > 1 else ranked[0][0]
    return "; ".join(f"{value}: {', '.join(found)}" for value, found in ranked)


def plain(text: object, otherwise: str = "something that is not repeated here") -> str:
    """Return a text of the server's when it is short, plain and no address of anybody; else other words."""
    return text if isinstance(text, str) and _PLAIN.fullmatch(text) else otherwise


def plain_names(names: Iterable[str]) -> list[str]:
    """Return names of properties, sorted; those that are no plain names are counted, not repeated."""
    found = sorted(set(names))
    good = [name for name in found if _NAME.fullmatch(name)]
    odd = len(found) - len(good)
    return [*good, f"({odd} more that are no plain names)"] if odd else good


def seconds(value: float) -> str:
    """Return a duration to two digits: `7 ms`, `0.31 s`, `12 s`."""
    if value < 0.1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
