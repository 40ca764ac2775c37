"""Requests at once where pages are slow, and how much of the ceiling is used; both as the server sees them."""

from __future__ import annotations

from bisect import bisect_left

from tests.bench.programs import Programs, Request, run, serving
from tests.bench.report import Row

_SLOW_PAGE = 0.5
_QUICK_PAGE = 0.02
_LANES = 8
_SPEED_UP = 7
_USE = 0.95
CEILINGS = (20, 50, 2)
NOTES = """\
- The reading phase of the throughput runs lasts from the arrival of the first request to the last answer, so start-up
  is left out; the first page, which is read alone, and the second look at it at the end are in it.
- Use of the ceiling is the requests a second between the first and the last arrival, as a share of the ceiling. The
  fullest second is looked for from every arrival on.
"""


def speed_up(programs: Programs, pages: int) -> list[Row]:
    """Read slow pages one at a time and eight at once."""
    rates = {}
    rows = []
    for lanes in (1, _LANES):
        with serving(pages * 100, _SLOW_PAGE) as server:
            run(programs.tap(server, page_size=100, concurrency=lanes))
            log = server.log()
        seconds = max(request.answered for request in log) - log[0].arrived
        rates[lanes] = pages * 100 / seconds
        rows.append(
            Row(
                f"pages of {_SLOW_PAGE * 1000:.0f} ms, concurrency {lanes}",
                f"{rates[lanes]:,.0f} records/s",
                f"{pages} pages of 100 rows, {len(log)} requests in {seconds:.1f} s",
            )
        )
    gain = rates[_LANES] / rates[1]
    verdict = Row(
        f"concurrency {_LANES} against 1",
        f"{gain:.1f} times",
        "records/s of the reading phase",
        f"at least {_SPEED_UP} times",
        gain >= _SPEED_UP,
    )
    return [*rows, verdict]


def ceiling(programs: Programs, seconds: float) -> list[Row]:
    """Read for about so long under each ceiling."""
    return [_under(programs, most, int(most * seconds)) for most in CEILINGS]


def _under(programs: Programs, most: int, pages: int) -> Row:
    with serving(pages * 10, _QUICK_PAGE) as server:
        run(programs.tap(server, page_size=10, requests_per_second=most))
        log = server.log()
    lasted = log[-1].arrived - log[0].arrived
    use = (len(log) - 1) / lasted / most
    densest = fullest_second(log)
    return Row(
        f"ceiling of {most} requests/s",
        f"{100 * use:.1f} % used",
        f"{len(log)} requests in {lasted:.1f} s; at most {densest} in any second",
        f"at least {100 * _USE:.0f} %, never above {most}",
        use >= _USE and densest <= most,
    )


def fullest_second(log: list[Request]) -> int:
    """Return the largest number of requests that arrived within one second."""
    arrivals = [request.arrived for request in log]
    return max(bisect_left(arrivals, arrived + 1) - place for place, arrived in enumerate(arrivals))
