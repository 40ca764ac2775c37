"""Peak memory of the tap by size of the collection."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.programs import Programs, run, serving
from tests.bench.report import Row

_LIMIT_MB = 200
_FLAT = 1.25
NOTES = f"""\
- Peak memory is the largest resident set of the tap, at 1,000 rows a page (0.9 MB) and 4 requests at once; flat means
  at most {_FLAT} times that of the smallest collection.
"""


def measure(programs: Programs, sizes: Sequence[int]) -> list[Row]:
    """Read collections of these sizes, the smallest first."""
    peaks = {}
    rows = []
    for size in sizes:
        with serving(size) as pages:
            took = run(programs.tap(pages))
        peaks[size] = took.peak_mb
        flat = took.peak_mb <= _FLAT * peaks[sizes[0]]
        rows.append(
            Row(
                f"peak memory, {size:,} customers",
                f"{took.peak_mb:.0f} MB",
                f"{took.seconds:.1f} s, {size / took.seconds:,.0f} records/s",
                f"under {_LIMIT_MB} MB, flat",
                took.peak_mb < _LIMIT_MB and flat,
            )
        )
    return rows
