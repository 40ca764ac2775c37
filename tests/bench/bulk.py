"""The bulk lane against a shop where nothing takes time: processor time a customer, and peak memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.bench.database import database
from tests.bench.instant_shop import DOMAIN
from tests.bench.programs import CannotMeasure, Child, Programs, Took
from tests.bench.report import Row
from tests.bench.singer import STREAM, document

_ORDERS = (1, 5)
_LEAST = 4000
_LIMIT_MB = 300
_FLAT = 1.25
NOTES = f"""\
- The bulk lane runs from documents on standard input to the last outcome, against `tests/bench/instant_shop.py`: it
  swallows and counts what is uploaded, an operation has ended when it is first looked at, every line became a customer.
  So mapping, files, upload, download and outcomes are in it, and no waiting for Shopify. Customers a second on one core
  are customers by processor time (user and system, start-up included); a program of its own writes the documents,
  as the stream `{STREAM}`.
- With a ledger every document is looked up, intended and recorded in an embedded PostgreSQL, whose own processor time
  and memory are not counted.
- Peak memory of the bulk lane is the largest resident set of the target, with documents of five orders and no ledger;
  flat means at most {_FLAT} times that of the smallest load.
"""


def speed(programs: Programs, customers: int) -> list[Row]:
    """Carry so many customers, small and large, without a ledger and with one."""
    rows = []
    with database(programs.folder / "ledger") as ledger:
        for orders in _ORDERS:
            for url in (None, ledger):
                took = carry(programs, customers, orders, url)
                rows.append(_row(customers, orders, took, with_ledger=url is not None))
    return rows


def memory(programs: Programs, sizes: Sequence[int]) -> list[Row]:
    """Carry loads of these sizes, the smallest first."""
    rows: list[Row] = []
    smallest = 0.0
    for size in sizes:
        took = carry(programs, size, _ORDERS[-1], None)
        smallest = smallest or took.peak_mb
        rows.append(
            Row(
                f"bulk lane, peak memory, {size:,} customers",
                f"{took.peak_mb:.0f} MB",
                f"{took.seconds:.1f} s, {size / took.seconds:,.0f} customers/s; processor time {took.cpu:.1f} s",
                f"under {_LIMIT_MB} MB, flat",
                took.peak_mb < _LIMIT_MB and took.peak_mb <= _FLAT * smallest,
            )
        )
    return rows


def _row(customers: int, orders: int, took: Took, *, with_ledger: bool) -> Row:
    size = sum(map(_size, range(0, customers, customers // 100), [orders] * 100)) / 100_000
    ledger = "with a ledger" if with_ledger else "no ledger"
    rate = customers / took.cpu
    return Row(
        f"bulk lane, documents of {size:.1f} KB, {ledger}",
        f"{rate:,.0f} customers/s on one core",
        f"{customers:,} customers: {took.cpu:.1f} s of processor time; {took.seconds:.1f} s, "
        f"{customers / took.seconds:,.0f} customers/s; peak memory {took.peak_mb:.0f} MB",
        f"at least {_LEAST:,}/s",
        rate >= _LEAST,
    )


def _size(number: int, orders: int) -> int:
    return len(json.dumps(document(number, orders)))


def carry(programs: Programs, customers: int, orders: int, ledger: str | None, keep: Path | None = None) -> Took:
    """Run the target over new customers; the ledger is emptied before, and `keep` gets what is uploaded."""
    if ledger:
        _forget(ledger)
    reports = programs.folder / "reports"
    settings = {"lane": "bulk", "report_dir": str(reports), **({"ledger_url": ledger} if ledger else {})}
    feed = [sys.executable, "-m", "tests.bench.singer", str(customers), "--orders", str(orders)]
    with (
        _instant_shop(keep) as url,
        Child(feed, stdout=subprocess.PIPE) as source,
        Child(
            programs.target(url, shop=DOMAIN.partition(".")[0], **settings),
            stdin=source.process.stdout,
        ) as target,
    ):
        assert source.process.stdout is not None
        source.process.stdout.close()
        took = target.end()
        source.end()
    _check(programs, customers)
    shutil.rmtree(reports)
    return took


def _check(programs: Programs, customers: int) -> None:
    """See that the run reports every customer as created.

    Raises:
        CannotMeasure: It does not.
    """
    created = json.loads((programs.folder / "reports" / "run.json").read_text())["outcomes"]
    if created != {"created": customers}:
        raise CannotMeasure(f"{customers} customers ended as {created}")


@contextmanager
def _instant_shop(keep: Path | None) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.instant_shop", *([str(keep)] if keep else [])]
    with Child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.process.stdout is not None
        url = server.process.stdout.readline().decode().strip()
        if not url:
            server.end()
        yield url


def _forget(ledger: str) -> None:
    with psycopg.connect(ledger, autocommit=True) as connection:
        connection.execute("drop schema if exists migration cascade")
