"""Measure everything, print one table, write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench import loading, memory, reading, report, waiting
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


QUICK = Sizes(10_000, 12, 3, (1_000, 10_000, 60_000))
"""About a tenth, for a smoke test: start-up weighs too much for the verdicts to mean anything."""


def main() -> int:
    """Run the benchmarks; non-zero only when something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, nothing written: a smoke test")
    quick = parser.parse_args().quick
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        rows = _measure(QUICK if quick else Sizes())
    except CannotMeasure as trouble:
        sys.stderr.write(f"could not measure: {trouble}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"{report.machine()}\n\n{report.table(rows)}")
    if not quick:
        notes = (reading.NOTES, waiting.NOTES, memory.NOTES, loading.NOTES)
        report.write(_DOCUMENT, report.document(rows, _COMMAND, notes))
    return 0


def _measure(sizes: Sizes) -> list[Row]:
    parts: dict[str, Callable[[Programs], list[Row]]] = {
        "processor time a record": lambda programs: reading.measure(programs, sizes.records),
        "requests at once": lambda programs: waiting.speed_up(programs, sizes.slow_pages),
        "the ceiling": lambda programs: waiting.ceiling(programs, sizes.ceiling_seconds),
        "peak memory": lambda programs: memory.measure(programs, sizes.collections),
        "the loader": lambda programs: loading.measure(programs, sizes.records),
    }
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        programs = Programs(Path(folder))
        for name, part in parts.items():
            sys.stderr.write(f"measuring {name} ...\n")
            rows += part(programs)
    return rows


if __name__ == "__main__":
    sys.exit(main())
