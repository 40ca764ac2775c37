"""The pages of the console over a store of any size: how long each takes to be there.

Each page is run as Streamlit runs it, with its queries; the rows are made by `console.sql`. Shopify is not asked.
"""

from __future__ import annotations

import importlib
import json
import logging
import pkgutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from cratejoy_migration import history
from cratejoy_migration.audit.store import AuditStore
from cratejoy_migration.console import pages, place, search_indexes
from cratejoy_migration.console.access import gate
from cratejoy_migration.console.views import customer
from cratejoy_migration.rollback.journal import Journal
from cratejoy_migration.rollback.statements import TABLES as ROLLBACK
from cratejoy_migration.verify import store as verifications
from streamlit.testing.v1 import AppTest
from target_shopify.ledger_statements import TABLE as LEDGER

from tests.bench.database import database
from tests.bench.programs import CannotMeasure, Programs
from tests.bench.report import Row

_FILL = Path(__file__).with_name("console.sql")
_MORE = """
insert into migration.audit (stream, api_count, staged_count, missing, extra, checked_at, details)
select stream, rows, rows, case stream when 'orders' then 300 else 0 end, 0, now(),
    jsonb_build_object('rows', rows, 'pages', (rows + 99) / 100)
from (values ('customers', (select count(*) from cratejoy.customers)),
    ('orders', (select count(*) from cratejoy.orders))) s (stream, rows);
insert into migration.audit_pages (stream, page, page_size, rows, first_id, last_id, missing, run_id)
select a.stream, p, 100, 100, p * 100, p * 100 + 99,
    case when a.stream = 'orders' and p % 10000 = 7 then array(select p * 100 + n from generate_series(0, 99) n)
        else '{}'::bigint[] end, 'run-1'
from migration.audit a, generate_series(0, (a.staged_count - 1) / 100) p;
insert into migration.runs (run_id, command, state, ended_at, host, pid, figures)
select 'run-' || n, (array['collect', 'audit', 'migrate', 'verify', 'documents'])[n % 5 + 1], 'done', now(), 'here', 1,
    '{"rows": 10}' from generate_series(1, 2000) n;
insert into migration.verdicts (document_key, verdict, differences, explained, verification, checked_at)
select document_key, 'loaded', '[]', '[]', 1, now() from migration.ledger;
insert into migration.verifications (run_id, shop, verified_at, clean, counts, versions, hashes)
values ('run-1', 'demo.myshopify.com', now(), true, '{"customers": {"staged": 600000}}', '{}', '{}');
analyze;
"""
_HALF_UNDONE = """
insert into migration.rollbacks (shop, began_at) values ('demo.myshopify.com', now());
insert into migration.rollback (rollback_id, kind, key, action, state)
select 1, 'customer', id::text, 'delete', 'planned' from cratejoy.customers union all
select 1, 'order', id::text, 'delete', case when id % 2 = 0 then 'done' else 'planned' end from cratejoy.orders;
analyze migration.rollback;
"""
_SEARCHES = (
    "7101005456", "9101000003", "customer.777@example.com", "CUSTOMER.12@", "ada", "bob e", "ub", "nobody", "zz a",
)  # fmt: skip
"""By id, by an order's id, by e-mail, by its beginning, by a frequent name, by both, by a rare one, by none."""
_SWITCHES = ("home",)
"""Pages that show nothing of their own."""
_AGAIN = 3
_MOST_MS = 1000
NOTES = f"""\
- A page of the console counts as there when its script has ended, the slowest of {_AGAIN} runs after the first, which
  loads code. The search goes for {len(_SEARCHES)} texts: ids, e-mail addresses, frequent and rare names.
"""


def measure(programs: Programs, customers: int) -> list[Row]:
    """Run every page over so many customers."""
    folder = programs.folder / "console"
    with database(folder) as url, _console_at(folder, url):
        orders = _fill(url, customers)
        (folder / "reports").mkdir()
        (folder / "reports" / "forecast.json").write_text(json.dumps({"documents": customers, "counts": {}}))
        began = time.monotonic()
        with psycopg.connect(url, autocommit=True) as connection:
            there = customer.staged(connection)
            if there is None or not search_indexes.make(connection, there):
                raise CannotMeasure("the indexes of the search could not be made")
        rows = [
            Row(
                f"console, its search prepared once, {customers:,} customers",
                f"{time.monotonic() - began:.0f} s",
                f"{orders:,} orders; in the background",
            )
        ]
        rows += [_page(name) for name in _names()]
        rows.append(_search())
        _undo_half(url)
        return [*rows, _page("undo", ", half-way through a rollback")]


def _page(name: str, when: str = "") -> Row:
    times = [_milliseconds(app) for app in [_app(name)] for _ in range(_AGAIN + 1)]
    return _row(f"console, page {name}{when}", times[1:], f"first {times[0]:,.0f} ms")


def _undo_half(url: str) -> None:
    """Leave the database as a rollback does that was killed: all customers and orders listed, half of these undone."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(LEDGER)
        connection.execute(ROLLBACK)
        connection.execute(_HALF_UNDONE)
    journal = Journal(url, "demo.myshopify.com", "")
    journal.begin()
    journal.close()


def _search() -> Row:
    app = _app("customer")
    app.run()
    slowest: dict[str, float] = {}
    for text in _SEARCHES:
        app.text_input[0].input(text)
        slowest[text] = _milliseconds(app)
    # The first customer that is shown waits for Meltano, which tells the settings; they are kept for a while.
    app.text_input[0].input(_SEARCHES[0])
    slowest[_SEARCHES[0]] = _milliseconds(app)
    worst = max(slowest, key=lambda text: slowest[text])
    return _row("console, one customer found and shown", list(slowest.values()), f"slowest for {worst!r}")


def _row(what: str, times: Sequence[float], more: str) -> Row:
    slowest = max(times)
    return Row(what, f"{slowest:,.0f} ms", more, f"under {_MOST_MS:,} ms", holds=slowest < _MOST_MS)


def _milliseconds(app: AppTest) -> float:
    began = time.monotonic()
    app.run()
    took = (time.monotonic() - began) * 1000
    if app.exception:
        raise CannotMeasure(f"a page failed: {app.exception[0].message}")
    return took


def _app(name: str) -> AppTest:
    def script(module: str) -> None:
        import importlib  # a script of Streamlit has only what it imports

        importlib.import_module(module).page()

    app = AppTest.from_function(script, args=(f"{pages.__name__}.{name}",), default_timeout=120)
    app.session_state["pages"] = _Links()
    return app


def _names() -> list[str]:
    """Return the pages that have a function `page`."""
    found = sorted(module.name for module in pkgutil.iter_modules(pages.__path__))
    return [
        name
        for name in found
        if name not in _SWITCHES and hasattr(importlib.import_module(f"{pages.__name__}.{name}"), "page")
    ]


class _Links(dict[str, str]):
    """Where links to other pages lead; here it does not matter."""

    def __missing__(self, name: str) -> str:
        return f"http://127.0.0.1/{name}"


@contextmanager
def _console_at(folder: Path, url: str) -> Iterator[None]:
    """Let the pages look at this project, for somebody who is signed in."""
    kept = place.project, place.url, gate.who
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    place.project, place.url, gate.who = lambda: folder, lambda: url, lambda: "bench"
    try:
        yield
    finally:
        place.project, place.url, gate.who = kept


def _fill(url: str, customers: int) -> int:
    """Make the staged rows and what the migration knows of them; return how many orders there are."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create schema cratejoy")
        connection.execute("create table cratejoy.size as select %s::bigint as customers", (customers,))
        connection.execute(_FILL.read_text())
        AuditStore(connection)
        history.prepare(connection)
        verifications.prepare(connection)
        connection.execute(_MORE)
        found = connection.execute("select count(*) from cratejoy.orders").fetchone()
    return int(found[0]) if found else 0
