"""Measure everything, print one table, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import bulk, console, direct, documents, loading, memory, reading, report, sandbox, waiting
from tests.bench.programs import ROOT, CannotMeasure, Programs
from tests.bench.report import Row

_DOCUMENT = ROOT / "docs" / "benchmarks.md"
_COMMAND = "make bench"


@dataclass(frozen=True)
class Sizes:
    """How much is measured."""

    records: int = 100_000
    slow_pages: int = 120
    ceiling_seconds: float = 10
    collections: tuple[int, ...] = (10_000, 100_000, 600_000)
    window_seconds: float = 60
    created: int = 5_000


QUICK = Sizes(10_000, 12, 3, (1_000, 10_000, 60_000), 6, 500)
"""About a tenth, for a smoke test: start-up weighs too much for the verdicts to mean anything."""


SECTIONS: dict[str, tuple[str, Callable[[Programs, Sizes], list[Row]]]] = {
    "reading": ("processor time a record", lambda programs, sizes: reading.measure(programs, sizes.records)),
    "waiting": ("requests at once", lambda programs, sizes: waiting.speed_up(programs, sizes.slow_pages)),
    "ceiling": ("the ceiling", lambda programs, sizes: waiting.ceiling(programs, sizes.ceiling_seconds)),
    "memory": ("peak memory", lambda programs, sizes: memory.measure(programs, sizes.collections)),
    "loading": ("the loader", lambda programs, sizes: loading.measure(programs, sizes.records)),
    "documents": ("the documents", lambda programs, sizes: documents.measure(programs, sizes.collections[-1])),
    "console": ("the console", lambda programs, sizes: console.measure(programs, sizes.collections[-1])),
    "direct": ("the direct lane", lambda programs, sizes: direct.measure(programs, sizes.window_seconds)),
    "bulk": ("the bulk lane", lambda programs, sizes: bulk.speed(programs, sizes.records)),
    "bulk-memory": ("peak memory of the bulk lane", lambda programs, sizes: bulk.memory(programs, sizes.collections)),
    "sandbox": ("the sandbox", lambda programs, sizes: sandbox.measure(programs, sizes.created)),
}
"""What can be measured: name, what it is about, how. The sandbox comes last: its load makes this process large."""


def main() -> int:
    """Run the benchmarks; non-zero only when something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, nothing written: a smoke test")
    parser.add_argument("sections", nargs="*", help=f"only these, nothing written: {', '.join(SECTIONS)}")
    options = parser.parse_args()
    unknown = set(options.sections) - SECTIONS.keys()
    if unknown:
        parser.error(f"there is no section {min(unknown)}; there are {', '.join(SECTIONS)}")
    sizes = QUICK if options.quick else Sizes()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    looks: list[float] = []
    try:
        rows = _measure(sizes, options.sections or list(SECTIONS), looks)
    except CannotMeasure as trouble:
        sys.stderr.write(f"could not measure: {trouble}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    conditions = [report.machine(), report.load(looks), f"measured in {(time.monotonic() - began) / 60:.0f} minutes"]
    print(f"{', '.join(conditions)}\n\n{report.table(rows)}")
    if not options.quick and not options.sections:
        told = (direct.notes(sizes.window_seconds), bulk.NOTES)
        notes = (
            reading.NOTES,
            waiting.NOTES,
            memory.NOTES,
            loading.NOTES,
            documents.NOTES,
            console.NOTES,
            *told,
            sandbox.NOTES,
        )
        report.write(_DOCUMENT, report.document(rows, _COMMAND, conditions[1:], notes))
    return 0


def _measure(sizes: Sizes, names: Sequence[str], looks: list[float]) -> list[Row]:
    """Measure sections; after each, tell its rows and look at the load."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        programs = Programs(Path(folder))
        for name in names:
            about, measure = SECTIONS[name]
            began = time.monotonic()
            sys.stderr.write(f"measuring {about} ...\n")
            found = measure(programs, sizes)
            seconds = time.monotonic() - began
            looks.append(os.getloadavg()[0])
            sys.stderr.write(f"{report.table(found)}\n{seconds:.0f} s, load average {looks[-1]:.1f}\n\n")
            rows += found
    return rows


if __name__ == "__main__":
    sys.exit(main())
