"""Processor time a record of our tap, of our tap on the SDK's path, of a plain SDK tap, and of the floor."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from tests.bench.programs import CannotMeasure, Pages, Programs, Took, run, serving
from tests.bench.report import Row

_ROUNDS = 3
_SHARE = 1 / 4
_MICRO = 1e6
OURS = "tap-cratejoy"
SDK_PATH = "tap-cratejoy, one property deselected"
PLAIN = "plain SDK tap"
FLOOR = "floor: requests, orjson, one thread"
NOTES = f"""\
- Processor time is user and system of the whole process with all its threads, start-up included: medians of {_ROUNDS}
  rounds in which the programs take turns. Customers carry embedded addresses and `_md`; 1,000 rows a page, no delay, 4
  requests at once, no ceiling, output to /dev/null. Start-up is the same for a collection of one customer.
- "{PLAIN}" is `tests/bench/plain_tap.py`: the same schema file, one request after the other. It conforms types at the
  root only, since nested objects are of any shape; full conformance would make it slower.
- With a property deselected (or stream maps, or flattening) our tap hands its records to the SDK one by one.
"""


def measure(programs: Programs, records: int) -> list[Row]:
    """Measure all four by turns."""
    with serving(1) as one, serving(records) as many:
        alone = _by_turns(programs, one, 1)
        whole = _by_turns(programs, many, records)
    rows = [_row(name, took, alone[name].cpu, records) for name, took in whole.items()]
    return [*rows, *_ratios(whole, alone)]


def _by_turns(programs: Programs, pages: Pages, records: int) -> dict[str, Took]:
    contenders: dict[str, Callable[[], list[str]]] = {
        OURS: lambda: programs.tap(pages),
        SDK_PATH: lambda: programs.tap(pages, whole=False),
        PLAIN: lambda: programs.plain_tap(pages),
        FLOOR: lambda: programs.floor(pages),
    }
    runs: dict[str, list[Took]] = {name: [] for name in contenders}
    for _ in range(_ROUNDS):
        for name, command in contenders.items():
            runs[name].append(run(command()))
            if sum(request.rows for request in pages.log()) < records:
                raise CannotMeasure(f"{name} did not ask for all {records} records")
    return {name: _median(took) for name, took in runs.items()}


def _median(runs: list[Took]) -> Took:
    return Took(*(median(getattr(took, field) for took in runs) for field in ("seconds", "cpu", "peak_mb")))


def _row(name: str, took: Took, start: float, records: int) -> Row:
    return Row(
        name,
        f"{took.cpu / records * _MICRO:.1f} µs a record",
        f"{records:,} records: {took.cpu:.2f} s of processor time, {start:.2f} s of it start-up; "
        f"{took.seconds:.2f} s, {records / took.seconds:,.0f} records/s",
    )


def _ratios(whole: dict[str, Took], alone: dict[str, Took]) -> list[Row]:
    net = {name: whole[name].cpu - alone[name].cpu for name in whole}
    shares = {name: whole[name].cpu / whole[PLAIN].cpu for name in whole}
    return [
        Row(
            f"{OURS} against {PLAIN}",
            f"1/{1 / shares[OURS]:.1f}",
            f"processor time; 1/{net[PLAIN] / net[OURS]:.1f} without start-up",
            "at most 1/4",
            shares[OURS] <= _SHARE,
        ),
        Row(
            "its SDK path against the same",
            f"1/{1 / shares[SDK_PATH]:.1f}",
            f"processor time; 1/{net[PLAIN] / net[SDK_PATH]:.1f} without start-up",
        ),
        Row(
            f"{OURS} against the floor",
            f"{shares[OURS] / shares[FLOOR]:.1f} times",
            f"processor time; {net[OURS] / net[FLOOR]:.1f} times without start-up",
        ),
    ]
