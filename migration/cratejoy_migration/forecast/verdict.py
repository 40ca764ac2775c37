"""Whether a forecast holds: refused customers against what was accepted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCEPT = 'migration accept refused --count {count} --reason "..."'


@dataclass(frozen=True)
class Verdict:
    """What a forecast comes to.

    Attributes:
        holds: Phase 2 may start.
        sentence: Why, and what to do next.
    """

    holds: bool
    sentence: str


def judge(figures: Mapping[str, Any], accepted: int | None) -> Verdict:
    """Return whether a forecast holds.

    It does not when more are refused than somebody said is fine, nor when the run would be ended by its own
    `max_refusals`.

    Args:
        figures: Of `forecast.json`.
        accepted: So many refused customers are fine; None when nobody said.
    """
    refused = int(figures.get("counts", {}).get("refused", 0))
    documents, stops_at = int(figures.get("documents", 0)), figures.get("max_refusals_stops_at")
    if accepted is not None and refused > accepted:
        return Verdict(
            holds=False,
            sentence=f"{_refused(refused)}, and {accepted:,} {_is(accepted)} accepted. Next: {_ways(refused)}",
        )
    if stops_at:
        return Verdict(
            holds=False,
            sentence=f"{_refused(refused)}; max_refusals would end the run at document {stops_at:,} of {documents:,}. "
            f"Next: {_ways(refused, accept=False)}, or raise max_refusals",
        )
    if not documents:
        return Verdict(
            holds=True, sentence="There is nothing to migrate: every staged customer is in the shop as it is here."
        )
    if not refused:
        return Verdict(holds=True, sentence="Nobody would be refused. Next: meltano run migrate")
    if accepted is not None:
        return Verdict(holds=True, sentence=f"{_refused(refused)}, as accepted. Next: meltano run migrate")
    return Verdict(
        holds=True, sentence=f"{_refused(refused)}; the others go. Next: look at the fix list, then meltano run migrate"
    )


def _refused(count: int) -> str:
    return f"{count:,} customer{'' if count == 1 else 's'} would be refused"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _ways(count: int, *, accept: bool = True) -> str:
    ways = "correct them in Cratejoy (the fix list says how) and collect again"
    return f"{ways}, or {ACCEPT.format(count=count)}" if accept else ways
