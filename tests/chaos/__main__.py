"""Run chaos rounds, print each as it ends and a table of all, exit 1 when an invariant was violated.

python -m tests.chaos --rounds 200 --workers 2 --write-docs
python -m tests.chaos --only 1071          # replay a round by its seed
python -m tests.chaos --show 1071          # only print what it would do
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.chaos import report
from tests.chaos.plan import described, plan
from tests.chaos.round import Result, run

_STOPPING = threading.Event()


def main() -> int:
    """Read the command line and run."""
    options = _options()
    seeds = options.only or range(options.seed, options.seed + options.rounds)
    plans = [plan(seed, options.customers) for seed in seeds]
    if options.show is not None:
        print(described(plan(options.show, options.customers)))
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    folder = Path(options.folder or tempfile.mkdtemp(prefix="chaos-"))
    began = time.monotonic()
    results = []
    for result in _results(plans, folder, options):
        results.append(result)
        print(report.line(result, len(results), len(plans)), flush=True)
        if options.until and time.monotonic() - began > options.until:
            _STOPPING.set()
    text = report.document(results, time.monotonic() - began, options.workers)
    print(f"\n{text}")
    if (options.write_docs or options.append_docs) and results:
        report.write(text, append=options.append_docs)
    return 1 if not results or any(result.violations for result in results) else 0


def _stop(*_: object) -> None:
    """Begin no further round; those that run are finished, or the second signal ends everything."""
    if _STOPPING.is_set():
        os._exit(130)
    _STOPPING.set()
    print("stopping after the rounds that run", file=sys.stderr, flush=True)


def _results(plans: list, folder: Path, options: argparse.Namespace) -> Iterator[Result]:
    def one(number: int) -> Result | None:
        if _STOPPING.is_set():
            return None
        chosen = plans[number]
        return run(chosen, folder / f"round-{chosen.seed}", keep=options.keep)

    with ThreadPoolExecutor(options.workers) as pool:
        futures: list[Future[Result | None]] = [pool.submit(one, number) for number in range(len(plans))]
        for future in as_completed(futures):
            if result := future.result():
                yield result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="how many [10]")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round; the next ones follow [1]")
    parser.add_argument("--workers", type=int, default=1, help="rounds at a time [1]")
    parser.add_argument("--customers", type=int, default=60, help="customers of a store at most [60]")
    parser.add_argument("--only", type=int, nargs="+", metavar="SEED", help="replay these rounds")
    parser.add_argument("--show", type=int, metavar="SEED", help="print what this round would do, and do nothing")
    parser.add_argument("--until", type=float, metavar="SECONDS", help="begin no round after so long")
    parser.add_argument("--folder", help="where rounds run; the folder of a violated one stays [temporary]")
    parser.add_argument("--keep", action="store_true", help="keep the folders of all rounds")
    parser.add_argument("--write-docs", action="store_true", help="write docs/chaos.md")
    parser.add_argument("--append-docs", action="store_true", help="add a table to it: of further seeds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
