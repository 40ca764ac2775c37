"""The direct lane: how much of a plan's points it uses, and how often it is told THROTTLED."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psutil

from tests.bench.programs import CannotMeasure, Child, Programs
from tests.bench.report import Row
from tests.bench.sandbox import Sandbox, Seen, cpu, sandbox

_RATES = {"standard": 100, "advanced": 200, "plus": 1000}
_LATENCIES = (0.1, 0.5)
_TOGETHER = (
    [(plan, latency) for plan in ("standard", "advanced") for latency in _LATENCIES],
    [("plus", _LATENCIES[0])],
    [("plus", _LATENCIES[1])],
)
"""What runs side by side: the small plans are all waiting."""
_POINTS_A_CUSTOMER = 10
_BUCKET_SECONDS = 20
_EMPTY_SECONDS = 1.0
_SETTLING_SECONDS = 5
_PATIENCE_SECONDS = 120
_USE = 0.95
_THROTTLED = 0.01
_NOTES = """\
- The direct lane carries new customers of one order into `sandbox shopify` at the speed of real time; every call waits
  {latencies} before it runs. The window of {seconds:.0f} s begins when the bucket has been empty (less than a second's
  worth left) for five seconds, and ends while documents are still to come. Points are those the sandbox charged in the
  window, as a share of those it restored; what the bucket held at either end is in it, at most {margin:.1f} %.
  THROTTLED is counted among all calls of the window. Standard and advanced run side by side at both latencies, plus
  alone.
"""


@dataclass(frozen=True)
class Moment:
    """Sandbox and target at one moment."""

    shop: Seen
    cpu: float


def notes(seconds: float) -> str:
    """Return what the figures are of, for windows of so many seconds."""
    latencies = " or ".join(f"{latency} s" for latency in _LATENCIES)
    return _NOTES.format(latencies=latencies, seconds=seconds, margin=100 * _EMPTY_SECONDS / seconds)


def measure(programs: Programs, seconds: float) -> list[Row]:
    """Load all plans at all latencies, in windows of so many seconds."""
    rows: list[Row] = []
    for group in _TOGETHER:
        with ThreadPoolExecutor(len(group)) as pool:
            rows += pool.map(lambda one: _load(programs, *one, seconds), group)
    return rows


def _load(programs: Programs, plan: str, latency: float, seconds: float) -> Row:
    rate = _RATES[plan]
    most = (_BUCKET_SECONDS + _PATIENCE_SECONDS + _SETTLING_SECONDS + seconds) * rate / _POINTS_A_CUSTOMER
    feed = [sys.executable, "-m", "tests.bench.singer", f"{most:.0f}"]
    with (
        sandbox(programs, "--plan", plan, "--fault", f"latency={latency}") as shop,
        Child(feed, stdout=subprocess.PIPE) as source,
        Child(programs.target(shop.url, lane="direct"), stdin=source.process.stdout) as target,
    ):
        assert source.process.stdout is not None
        source.process.stdout.close()
        emptied = _empty(shop, rate)
        process = psutil.Process(target.process.pid)
        first = Moment(shop.look(), cpu(process))
        time.sleep(seconds)
        last = Moment(shop.look(), cpu(process))
        if target.process.poll() is not None:
            target.end()
            raise CannotMeasure("the target ended within the window")
        target.process.kill()
    return _row(f"direct lane, {plan}, latency {latency} s", rate, first, last, "" if emptied else "never empty; ")


def _empty(shop: Sandbox, rate: float) -> bool:
    """Wait until the bucket has run empty; False when it does not."""
    level = full = rate * _BUCKET_SECONDS
    until = time.monotonic() + _PATIENCE_SECONDS
    before = shop.look()
    while level > _EMPTY_SECONDS * rate:
        if time.monotonic() > until:
            return False
        time.sleep(0.5)
        now = shop.look()
        level = min(full, level + (now.at - before.at) * rate) - (now.points - before.points)
        before = now
    time.sleep(_SETTLING_SECONDS)
    return True


def _row(what: str, rate: float, first: Moment, last: Moment, note: str) -> Row:
    seconds = last.shop.at - first.shop.at
    points = last.shop.points - first.shop.points
    calls = last.shop.requests - first.shop.requests
    use = points / seconds / rate
    throttled = (last.shop.throttled - first.shop.throttled) / max(calls, 1)
    return Row(
        what,
        f"{100 * use:.1f} % used",
        f"{note}{points:,.0f} points in {seconds:.1f} s at {rate:,} a second, {calls / seconds:,.1f} calls/s; "
        f"{100 * throttled:.1f} % of them THROTTLED; processor time of the target {last.cpu - first.cpu:.1f} s, "
        f"of the sandbox {last.shop.cpu - first.shop.cpu:.1f} s",
        f"at least {100 * _USE:.0f} %, under {100 * _THROTTLED:.0f} % THROTTLED",
        use >= _USE and throttled < _THROTTLED,
    )
