"""What the suite prints and writes: a line a round, and one table of all."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.chaos.plan import described
from tests.chaos.round import Result
from tests.pipeline import ROOT

DOCUMENT = ROOT / "docs" / "chaos.md"
_HEAD = """# Chaos

Written by `python -m tests.chaos --write-docs`; what follows is what really ran.

A round builds a store, an own project folder, an own database and two local platforms from its seed, runs collect and
migrate under random faults and random kill -9, then in peace until they succeed, and looks whether everything holds.
`tests/chaos/menu.py` lists the faults, `tests/chaos/plan.py` who is killed when, `tests/chaos/invariants.py` what must
hold.

```sh
python -m tests.chaos --rounds 200 --workers 2     # the long one; seeds from 1 on
python -m tests.chaos --show 17                    # what round 17 does
python -m tests.chaos --only 17                    # does it again; its folder stays when something is violated
```

"""


def line(result: Result, number: int, of: int) -> str:
    """Return a round in a line, and below it what was violated and what the round was."""
    figures = result.figures
    killed = ", ".join(f"{who} {count}" for who, count in sorted(figures.killed.items()))
    met = sum(sum(met.values()) for met in result.met.values())
    ended = ", ".join(f"{count} {how}" for how, count in sorted(figures.runs.items()))
    mark = "VIOLATED" if result.violations else "holds"
    head = (
        f"[{number}/{of}] seed {result.plan.seed} {mark} in {result.seconds:.0f} s; runs: {ended}; "
        f"{met} faults; killed: {killed or 'nobody'}; {figures.unrest} failed in peace; "
        f"looked at: {', '.join(result.checked) or 'invariants'}"
    )
    if not result.violations:
        return head
    return "\n".join([head, *(f"  !! {one}" for one in result.violations), described(result.plan)])


def document(results: Sequence[Result], seconds: float, workers: int) -> str:
    """Return the figures of all rounds as Markdown."""
    violated = [result for result in results if result.violations]
    runs = _sum(result.figures.runs for result in results)
    rows = [
        ("rounds", f"{len(results)}"),
        ("seeds", _seeds(results)),
        ("rounds with a violated invariant", f"{len(violated)}"),
        ("commands run", f"{runs.total()}: {_listed(runs)}"),
        ("killed with kill -9", _counted(_sum(result.figures.killed for result in results))),
        ("kills whose victim had ended before", f"{sum(result.figures.missed for result in results)}"),
        ("tries in peace that failed before one succeeded", f"{sum(one.figures.unrest for one in results)}"),
        ("a platform away for a while", f"{sum(result.figures.away for result in results)}"),
        ("faults met at Cratejoy", _counted(_met(results, "cratejoy"))),
        ("faults met at Shopify", _counted(_met(results, "shopify"))),
        ("looked at besides the invariants", _counted(Counter(name for one in results for name in one.checked))),
        ("time", f"{seconds / 60:.0f} min, {workers} at a time, {_median(results):.0f} s a round (median)"),
        ("machine", f"{os.cpu_count()} cores"),
        ("code", _commit()),
    ]
    table = [f"| {name} | {value} |" for name, value in rows]
    told = [f"- seed {one.plan.seed}: {violation}" for one in violated for violation in one.violations]
    return "\n".join(["| | |", "| --- | --- |", *table, *(["", "Violated:", "", *told] if told else [])])


def write(text: str, path: Path = DOCUMENT, *, append: bool = False) -> None:
    """Write the document, or add a table to it."""
    head = f"{path.read_text(encoding='utf-8')}\n" if append else _HEAD
    path.write_text(f"{head}{text}\n", encoding="utf-8")


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def _seeds(results: Sequence[Result]) -> str:
    seeds = sorted(result.plan.seed for result in results)
    whole = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))


def _met(results: Iterable[Result], side: str) -> Counter[str]:
    return _sum(Counter(result.met.get(side, {})) for result in results)


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _counted(counter: Counter[str]) -> str:
    return f"{counter.total():,}: {_listed(counter)}" if counter else "0"


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())


def _median(results: Sequence[Result]) -> float:
    ordered = sorted(result.seconds for result in results)
    return ordered[len(ordered) // 2] if ordered else 0.0
