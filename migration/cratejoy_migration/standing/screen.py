"""The status screen: a line a phase, what runs, and the next step. Fits 80 columns and 24 lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.table import Table

from cratejoy_migration.runs import Run
from cratejoy_migration.standing import live
from cratejoy_migration.standing.facts import Facts
from cratejoy_migration.standing.next_step import next_step

_NEVER = ("-", "", None)
Line = tuple[str, str, datetime | None]


def phases(facts: Facts) -> Table:
    """Return a line for each phase: state, figures, when."""
    screen = Table(box=None, pad_edge=False, header_style="bold")
    screen.add_column("phase", no_wrap=True)
    screen.add_column("state", no_wrap=True)
    screen.add_column("figures", overflow="fold")
    screen.add_column("when", no_wrap=True)
    for name, line in PHASES.items():
        state, figures, when = line(facts)
        screen.add_row(name, state, figures, _moment(when))
    return screen


def notes(facts: Facts) -> Iterator[str]:
    """Yield the ledger, what runs now, and last the next step."""
    if facts.ledger:
        yield "Ledger: " + ", ".join(f"{count:,} {status}" for status, count in facts.ledger.items())
    for run in facts.running:
        yield f"Now: {live.sentence(run)}"
    yield f"Next: {next_step(facts)[1]}"


def machine(facts: Facts) -> dict[str, Any]:
    """Return the same for machines."""
    name, sentence = next_step(facts)
    return {
        "phases": {
            phase: {"state": state, "figures": figures, "at": when.isoformat() if when else None}
            for phase, (state, figures, when) in ((phase, line(facts)) for phase, line in PHASES.items())
        },
        "ledger": dict(facts.ledger),
        "to_go": facts.to_go,
        "running": [{"command": run.command, "seconds": round(run.seconds), **run.figures} for run in facts.running],
        "situation": name,
        "next": sentence,
    }


def _collect(facts: Facts) -> Line:
    run = facts.last.get("collect")
    if not facts.rows:
        return _NEVER if run is None else (run.state, "", run.ended_at)
    total = sum(rows.count for rows in facts.rows.values())
    exact = all(rows.exact for rows in facts.rows.values())
    told = f"{f'{total:,}' if exact else about(total)} rows of {len(facts.rows)} streams"
    if facts.incomplete:
        told += f"; not complete: {', '.join(facts.incomplete)}"
    ended = "incomplete" if facts.incomplete else "tested" if facts.only_tested else "done"
    state = "running" if run and run.state == "running" else ended
    return state, told, run.ended_at if run else facts.stored_at


def _audit(facts: Facts) -> Line:
    audit = facts.audit
    if audit is None:
        return _NEVER
    if audit.unknown:
        return "open", f"not known of {', '.join(audit.unknown)}", audit.checked_at
    accepted = audit.missing - audit.beyond
    missing = f"{audit.missing:,} missing" + (f", {accepted:,} of them accepted" if accepted else "")
    told = missing if audit.missing else "nothing missing"
    return "missing" if audit.beyond else "done", told, audit.checked_at


def _documents(facts: Facts) -> Line:
    run = facts.last.get("documents")
    if run is None:
        return _NEVER
    told = run.figures
    names = ("new", "changed", "unchanged", "gone", *(("unfinished",) if told.get("unfinished") else ()))
    changes = ", ".join(f"{told[name]:,} {name}" for name in names if name in told)
    figures = changes or f"{told.get('to_go', 0):,} of {told.get('customers', 0):,} customers"
    outdated = facts.stored_at is not None and facts.stored_at > run.ended_at
    return "outdated" if outdated and run.state == "done" else run.state, figures, run.ended_at


def _forecast(facts: Facts) -> Line:
    run = facts.last.get("forecast")
    if run is None:
        return _NEVER
    points = run.figures.get("points")
    told = _counts(run.figures.get("counts"))
    figures = f"{told or 'nothing to go'}; {points:,} points" if isinstance(points, int) else told
    state = "does not hold" if run.figures.get("holds") is False else run.state
    return state, figures, run.ended_at


def _migrate(facts: Facts) -> Line:
    run = facts.last.get("migrate")
    if run is None:
        return ("done", "", None) if facts.ledger else _NEVER
    return run.state, _migrated(run), run.ended_at


def _migrated(run: Run) -> str:
    speed = live.rate(run)
    told = _counts(run.figures.get("outcomes")) or ("nothing to do" if run.state == "done" else "")
    return told + (f"; {speed:,.1f}/s" if speed and run.state == "done" else "")


def _verify(facts: Facts) -> Line:
    found = facts.verification
    if found is None:
        run = facts.last.get("verify")
        return _NEVER if run is None else (run.state, "", run.ended_at)
    customers = found.counts.get("customers")
    verdicts = dict(customers if isinstance(customers, Mapping) else found.counts)
    told = _counts({name: count for name, count in verdicts.items() if name not in ("staged", "read_back")})
    return "clean" if found.clean else "differs", told, found.verified_at


PHASES: Mapping[str, Callable[[Facts], Line]] = {
    "collect": _collect,
    "audit": _audit,
    "documents": _documents,
    "forecast": _forecast,
    "migrate": _migrate,
    "verify": _verify,
}
"""Each phase and how its line is made."""


def about(count: int) -> str:
    """Return a number that is known by three digits: `about 3,600,000`."""
    return f"about {int(float(f'{count:.2e}')):,}"


def _counts(counts: Any) -> str:
    found = counts if isinstance(counts, Mapping) else {}
    return ", ".join(f"{count:,} {name}" for name, count in found.items() if isinstance(count, int) and count)


def _moment(when: datetime | None) -> str:
    return f"{when.astimezone():%d %b %H:%M}" if when else ""
