"""Where the migration stands: every situation and its sentence, and the screen that tells them."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner
from cratejoy_migration import decisions, history, one_run, runs
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.store import AuditStore
from cratejoy_migration.commands import standing as commands
from cratejoy_migration.runs import Run
from cratejoy_migration.standing import live, screen, throughput
from cratejoy_migration.standing.facts import Audit, Facts, Rollback, Rows, Verification, gather
from cratejoy_migration.standing.next_step import SITUATIONS, next_step
from rich.console import Console

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def at(minute):
    return NOON + timedelta(minutes=minute)


def run(command, minute=0, state="done", seconds=30.0, **figures):
    return Run("r", command, state, at(minute), seconds, timedelta(0), figures)


def facts(**changes):
    """Return what is known after a whole migration of two customers, all well, with changes."""
    last = {
        one.command: one
        for one in (
            run("collect", 0, rows={"customers": 2}),
            run("audit", 2),
            run("documents", 4, customers=2, to_go=2),
            run("forecast", 3, counts={"created": 2}, points=148, holds=True),
            run("migrate", 6, outcomes={"created": 2}, total=2),
        )
    }
    known = {
        "rows": {"customers": Rows(2)},
        "marks": {"customers": {"complete": True}},
        "last": {**last, **{one.command: one for one in changes.pop("runs", [])}},
        "stored_at": at(0.5),
        "audit": Audit(0, 0, (), at(2)),
        "ledger": {"created": 2},
        "settled": 2,
        "verification": Verification(at(8), clean=True, counts={"customers": {"staged": 2, "loaded": 2}}),
    }
    without = changes.pop("without", ())
    kept = {name: one for name, one in known["last"].items() if name not in without}
    return Facts(**{**known, "last": kept, **changes})


BEFORE_PHASE_2 = {"without": ("documents", "forecast", "migrate"), "ledger": {}, "settled": 0, "verification": None}
TESTED = {**BEFORE_PHASE_2, "ledger": {"created": 5}}
CASES = {
    "nothing staged": (Facts(), "meltano run collect"),
    "only tested": (
        facts(marks={}, rows={"customers": Rows(400)}, last={"quick-test": run("quick-test", 6)}),
        "only a quick test was made so far; read everything: meltano run collect",
    ),
    "running": (
        facts(running=(run("migrate", 6, "running", 100.0, outcomes={"created": 1000}, total=2000),)),
        "nothing now: migrate is running: 1,000 of 2,000 (50 %), 10.0/s, 2 min left, for 2 min",
    ),
    "incomplete": (
        facts(marks={"customers": {"complete": True}, "orders": {"complete": False}},
              rows={"customers": Rows(2), "orders": Rows(1)}),
        "the collection of orders is not complete: meltano run collect",
    ),
    "rolling back": (facts(rollback=Rollback(ended=False, at=at(9))), "migration rollback --confirm"),
    "rolled back": (facts(rollback=Rollback(ended=True, at=at(9))), "migration purge"),
    "decision": (facts(waiting="12 rows are missing."), "a person has to decide: 12 rows are missing. Then:"),
    "not audited": (facts(audit=None, **BEFORE_PHASE_2), "meltano run audit"),
    "missing": (facts(audit=Audit(3, 2, (), at(2)), **BEFORE_PHASE_2), "3 rows are missing: migration backfill"),
    "not foretold": (facts(**BEFORE_PHASE_2), "migration forecast"),
    "forecast does not hold": (
        facts(runs=[run("forecast", 5, counts={"refused": 7}, holds=False)], ledger={}, settled=0, verification=None,
              without=("migrate",)),
        "7 customers would be refused",
    ),
    "interrupted": (
        facts(runs=[run("migrate", 6, "killed")], settled=1, verification=None),
        "the last migration was killed before its end: meltano run migrate",
    ),
    "to go": (facts(settled=1), "1 customer is to go: meltano run migrate"),
    "not verified": (facts(verification=None), "meltano run verify"),
    "differences": (
        facts(verification=Verification(at(8), clean=False, counts={})),
        "was not clean (reports/certificate.html shows why): migration repair sends again what it can",
    ),
    "refused": (facts(ledger={"created": 1, "refused": 1}), "1 customer was refused"),
    "verified": (facts(), "all is in the shop and verified"),
}  # fmt: skip


@pytest.mark.parametrize("name", [situation.name for situation in SITUATIONS])
def test_every_situation_has_its_sentence(name):
    known, says = CASES[name]
    found, sentence = next_step(known)
    assert found == name
    assert says in sentence


@pytest.mark.parametrize(
    ("known", "name"),
    [
        (facts(stored_at=at(20), uncompared_at=at(20)), "not audited"),
        (facts(stored_at=at(5), uncompared_at=at(5)), "to go"),  # phase 2 went on: its gate had audited
        (facts(stored_at=at(5), uncompared_at=at(5), **BEFORE_PHASE_2), "not audited"),
        (facts(stored_at=at(5), **BEFORE_PHASE_2), "not foretold"),  # audited: all that rows came to, and no more
        (facts(audit=Audit(5, 0, (), at(2))), "verified"),  # missing as accepted
        (facts(audit=Audit(1, 1, ("orders",), at(2)), **BEFORE_PHASE_2), "missing"),
        (facts(runs=[run("documents", 10, customers=3, to_go=3, new=1, changed=0, unfinished=0)], settled=0), "to go"),
        (facts(runs=[run("documents", 10, customers=3, to_go=3, new=0, changed=0)], settled=0), "verified"),
        # stored later, and verified after that: what the verification left to go counts, not that documents are older
        (facts(stored_at=at(6.5), audit=Audit(0, 0, (), at(6.8)), runs=[run("verify", 7)]), "verified"),
        (facts(stored_at=at(7.5), audit=Audit(0, 0, (), at(7.8)), runs=[run("verify", 7)]), "to go"),
        (facts(stored_at=at(6.5), audit=Audit(0, 0, (), at(6.8)), runs=[run("verify", 7)],
               verification=Verification(at(8), clean=False, counts={"customers": {"staged": 2, "pending": 1}})),
         "to go"),
        (facts(runs=[run("repair", 10)]), "not verified"),
        (facts(runs=[run("migrate", 10)]), "not verified"),
        (facts(ledger={"created": 1, "refused": 1}, refused_accepted=1), "verified"),
        (facts(runs=[run("forecast", 9, counts={"refused": 7}, holds=False)], refused_accepted=7), "verified"),
        (facts(rollback=Rollback(ended=True, at=at(1))), "verified"),
        # what a quick test writes is no migration: nobody goes before audit and forecast
        (facts(audit=None, runs=[run("send", 1)], **TESTED), "not audited"),
        (facts(runs=[run("send", 9)], **TESTED), "not foretold"),
        (facts(runs=[run("send", 10)]), "not verified"),
        (facts(runs=[run("migrate", 6, "killed")]), "verified"),  # killed after its last customer
        (facts(marks={"carts": {"complete": False}, "customers": {"complete": True}}), "verified"),
    ],
)  # fmt: skip
def test_the_order_of_situations(known, name):
    assert next_step(known)[0] == name


def test_what_could_not_be_counted_is_counted_again_and_the_audit_says_what_helps():
    known = facts(audit=Audit(0, 2, ("customers", "orders"), at(2)), **BEFORE_PHASE_2)
    assert next_step(known)[1] == "it is not known whether all of customers, orders is staged: meltano run audit"


def test_a_migration_that_failed_at_once_is_not_said_to_have_had_nothing_to_do():
    found = screen.machine(facts(runs=[run("migrate", 6, "failed")]))["phases"]["migrate"]
    assert (found["state"], found["figures"]) == ("failed", "")
    found = screen.machine(facts(runs=[run("migrate", 6)]))["phases"]["migrate"]
    assert (found["state"], found["figures"]) == ("done", "nothing to do")


def shown(thing, width=80):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(thing)
    return console.export_text()


@pytest.mark.parametrize("name", CASES)
def test_every_situation_fits_80_columns_and_24_lines(name):
    known, _ = CASES[name]
    lines = shown(screen.phases(known)).splitlines()
    assert max(map(len, lines)) <= 80
    notes = list(screen.notes(known))
    assert notes[-1].startswith("Next: ")
    assert len(lines) + 4 + sum(len(note) // 80 + 1 for note in notes) <= 24
    json.dumps(screen.machine(known))


def test_the_screen_tells_each_phase():
    said = [" ".join(line.split()) for line in shown(screen.phases(facts()), 120).splitlines()]
    assert [line.rsplit(" ", 3)[0] for line in said[1:]] == [
        "collect done 2 rows of 1 streams", "audit done nothing missing", "documents done 2 of 2 customers",
        "forecast done 2 created; 148 points", "migrate done 2 created; 0.1/s", "verify clean 2 loaded",
    ]  # fmt: skip


def test_rows_that_were_not_counted_are_told_by_three_digits():
    known = facts(rows={"customers": Rows(599_975, exact=False), "orders": Rows(2_999_858, exact=False)})
    assert "about 3,600,000 rows of 2 streams" in shown(screen.phases(known), 120)


def test_changes_are_told_in_the_line_of_the_documents():
    known = facts(runs=[run("documents", 10, customers=9, to_go=3, new=1, changed=2, unchanged=6, gone=4)])
    assert "1 new, 2 changed, 6 unchanged, 4 gone" in shown(screen.phases(known), 120)


def test_documents_that_are_older_than_the_last_rows_are_outdated():
    assert "outdated" in shown(screen.phases(facts(stored_at=at(20))))


# The history with throughput


def test_throughput_is_rows_customers_and_points_a_second():
    migrate = throughput.measured(
        run("migrate", 0, "done", 100.0, outcomes={"created": 990, "refused": 10}, points=9900)
    )
    assert (migrate["count"], migrate["unit"], migrate["per_second"], migrate["points_per_second"]) == (
        1000, "customers", 10.0, 99.0)  # fmt: skip
    assert throughput.measured(run("collect", 0, "done", 10.0, rows={"orders": 40, "customers": 10}))["per_second"] == 5
    assert throughput.measured(run("audit"))["count"] is None


def test_runs_inside_others_count_once_in_the_time_of_all():
    assert (
        throughput.total([run("run", 0, seconds=600), run("collect", 1, seconds=60), run("audit", 30, seconds=5)])
        == 605
    )


def test_the_table_of_runs_fits_80_columns():
    many = [
        run("migrate", 0, "interrupted", 36_000, outcomes={"created": 600_000}, points=6_000_000),
        run("collect", 1),
    ]
    assert max(map(len, shown(throughput.table(many)).splitlines())) <= 80


def test_a_run_that_just_began_says_no_rate():
    assert live.sentence(run("migrate", 0, "running", 1.0, outcomes={"created": 5}, total=10)) == (
        "migrate is running: 5 of 10 (50 %), for 1 s")  # fmt: skip


# Against the database


@pytest.fixture
def known(url):
    """Return a function that gathers the facts."""

    def read(marks=None):
        with psycopg.connect(url, autocommit=True) as connection:
            return gather(connection, marks or {})

    return read


def test_an_empty_database_is_nothing_staged(known):
    assert next_step(known())[0] == "nothing staged"


def test_facts_come_from_whatever_tables_are_there(known, stage, ledger, url, query):
    stage("customers", {"id": 1}, {"id": 2})
    ledger((1, "created", "h"), (2, "refused", "h", "no_identity"))
    with history.recorded(url, "documents") as built:
        built.beat({"customers": 2, "to_go": 2})
    query(
        "create table migration.audit (stream text, api_count bigint, staged_count bigint, missing bigint,"
        " extra bigint, checked_at timestamptz)"
    )
    query("insert into migration.audit values ('customers', 5, 2, 3, 0, now()), ('orders', null, 0, null, 0, now())")
    query("create table migration.verifications (id int, verified_at timestamptz, clean boolean, counts jsonb)")
    query("""insert into migration.verifications values (1, now(), false, '{"customers": {"loaded": 1}}')""")
    query(
        "create table migration.rollbacks (id int, planned_at timestamptz, began_at timestamptz, ended_at timestamptz)"
    )
    query("insert into migration.rollbacks values (1, now(), now(), null), (2, now(), null, null)")  # begun; a plan
    with psycopg.connect(url) as connection:
        decisions.accept(connection, "refused", "all", 1, "known")
        decisions.accept(connection, "missing", "customers", 2, "known")
    found = known()
    assert found.rows == {"customers": Rows(2)}
    assert found.ledger == {"created": 1, "refused": 1}
    assert (found.audit.missing, found.audit.beyond, found.audit.unknown) == (3, 2, ("orders",))
    assert (found.verification.clean, found.refused_accepted) == (False, 1)
    assert found.rollback.ended is False
    assert found.last["documents"].figures["to_go"] == 2


@pytest.fixture
def stored(url):
    """Return a function that records a collection: when it last stored, and rows by stream."""

    def put(minute, state="done", **rows):
        with history.recorded(url, "collect") as collection:
            collection.beat({"rows": rows, "stored_at": at(minute).isoformat()})
            collection.figures["state"] = state

    return put


@pytest.fixture
def compared(url):
    """Return a function that keeps an audit: when each stream was looked at."""

    def put(**minutes):
        with psycopg.connect(url, autocommit=True) as connection:
            store = AuditStore(connection)
            for stream, minute in minutes.items():
                store.save(Line(stream, 1, 1, 0, rows=1, checked_at=at(minute)))

    return put


def test_rows_are_compared_when_their_own_stream_was_looked_at_since(known, stored, compared):
    stored(0, customers=1, customer_addresses=2, orders=1)
    compared(customers=1, orders=1)
    assert known().uncompared_at is None
    stored(5, orders=1, order_notes=3)  # a backfill; nobody counts what hangs below an order
    assert known().uncompared_at == at(5)
    compared(orders=6)
    assert known().uncompared_at is None
    stored(7, customers=1)
    stored(8, "failed", orders=1)
    compared(orders=9)
    assert known().uncompared_at == at(7)


def test_a_stream_that_was_never_compared_is_not_compared_by_what_came_before(known, stored, compared):
    stored(0, customers=1)
    compared(customers=1)
    stored(2, products=4)
    assert known().uncompared_at == at(2)
    compared(customers=3, products=3)
    assert known().uncompared_at is None


def test_a_collection_that_was_killed_may_have_stored_rows_of_any_stream(known, stored, compared, query):
    stored(0, orders=1)
    query(f"update migration.runs set state = 'running', ended_at = null, beat_at = '{at(3).isoformat()}'")
    compared(customers=2, orders=4)
    assert known().uncompared_at == at(3)
    compared(customers=4)
    assert known().uncompared_at is None


def test_a_history_without_an_audit_and_an_audit_without_a_history_tell_of_no_rows(known, stored, compared, query):
    compared(customers=1)
    assert known().uncompared_at is None
    query("drop table migration.audit")
    stored(2, customers=1)
    assert (known().audit, known().uncompared_at) == (None, None)


def test_what_was_settled_since_the_build_has_gone(known, stage, url, query):
    stage("customers", *({"id": n} for n in range(1, 6)))
    with history.recorded(url, "documents") as built:
        built.beat({"customers": 5, "to_go": 5})
    query("create table migration.ledger (document_key text, status text, updated_at timestamptz)")
    query(
        "insert into migration.ledger values ('1', 'created', now()), ('2', 'unknown', now()),"
        " ('3', 'created', now() - interval '1 day')"
    )
    assert known().to_go == 4


def test_what_the_walk_waits_for_is_the_next_step(known, stage, url, query):
    stage("customers", {"id": 1})
    query("create schema if not exists migration")
    query("create table migration.path (round int, step text, state text, sentence text, ended_at timestamptz)")
    query("insert into migration.path values (1, 'ready', 'waiting', 'Phase 2 does not start: 3 rows.', now())")
    assert known().waiting is None
    with history.recorded(url, "run") as walk:
        walk.figures["state"] = "waiting"
    assert next_step(known())[1].startswith("a person has to decide: Phase 2 does not start: 3 rows. Then:")


def test_large_tables_are_known_and_not_counted(known, url, query):
    query("create schema cratejoy")
    query("create table cratejoy.orders (id bigint, filler text) with (autovacuum_enabled = off)")
    query("insert into cratejoy.orders select n, repeat('x', 1000) from generate_series(1, 40000) n")
    assert known().rows["orders"] == Rows(40000, exact=True)
    query("analyze cratejoy.orders")
    began = time.monotonic()
    assert known().rows["orders"].count == pytest.approx(40000, rel=0.02)
    assert not known().rows["orders"].exact
    assert time.monotonic() - began < 2


# The commands


@pytest.fixture
def command(url, monkeypatch, tmp_path):
    """Return a function that calls a command on the shared database."""
    monkeypatch.setenv("STAGING_DATABASE_URL", url)
    monkeypatch.setenv("MELTANO_PROJECT_ROOT", str(tmp_path))

    def call(which, *arguments):
        return CliRunner(env={"COLUMNS": "100"}).invoke(which, list(arguments))

    return call


def test_status_ends_with_the_next_step(command, stage):
    said = command(commands.status).output
    assert said.splitlines()[-1] == "Next: nothing is staged yet (or all was purged): meltano run collect"
    stage("customers", {"id": 1})
    told = command(commands.status, "--tables").output
    assert "cratejoy.customers" in told
    assert told.splitlines()[-1].startswith("Next: compare what is staged")
    assert json.loads(command(commands.status, "--json").output)["situation"] == "not audited"


def test_report_tells_runs_and_all_of_it_to_machines(command, stage, ledger, url):
    stage("customers", {"id": 1}, {"id": 2})
    ledger((1, "created", "h"), (2, "refused", "h", "no_identity"))
    with history.recorded(url, "migrate") as made:
        made.beat({"outcomes": {"created": 1, "refused": 1}, "points": 20})
    said = command(commands.report, "--runs")
    assert said.exit_code == 0
    assert "refused: no_identity" in said.output
    assert "2 customers" in said.output
    told = json.loads(command(commands.report, "--json").output)
    assert told["adds_up"] is True
    assert told["lines"][1] == {"stream": "customers", "outcome": "refused", "reason": "no_identity", "count": 1}
    assert told["runs"][0]["count"] == 2


def test_whoever_has_the_store_is_told_before_its_first_program_says_anything(command, stage, url):
    """A run of the console that has just begun, or builds nothing yet: nobody is told to start another one."""
    stage("customers", {"id": 1})
    with psycopg.connect(url, autocommit=True) as leader:
        one_run.lead(leader, "run 7 of the console")
        said = command(commands.status).output.splitlines()[-1]
        assert said.startswith("Next: nothing now: run 7 of the console, process ")
        assert json.loads(command(commands.status, "--json").output)["situation"] == "running"
    assert not command(commands.status).output.splitlines()[-1].startswith("Next: nothing")


def test_a_killed_run_is_shown_as_killed(command, stage, url, query):
    stage("customers", {"id": 1})
    history.RunRecord(url, "migrate").begin()
    query(f"update migration.runs set pid = {2**22 + 1}")
    assert "killed" in command(commands.status).output
    with psycopg.connect(url) as connection:
        assert runs.running(connection) == []
