"""What the console decides without a database or a browser: plans, turns, words, verdicts, speeds."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cratejoy_migration import meltano_runs
from cratejoy_migration.console import charts, layout
from cratejoy_migration.console.views import path, progress, wording
from cratejoy_migration.console.views.progress import Point, Program, StreamLine
from cratejoy_migration.console.work import log, tiers
from cratejoy_migration.console.work.talk import Said, plain
from cratejoy_migration.console.work.tiers import Collection, Migration
from cratejoy_migration.console.work.verdict import judge
from cratejoy_migration.runs import Run
from cratejoy_migration.standing.facts import Audit, Facts, Rows
from cratejoy_migration.standing.next_step import SITUATIONS
from cratejoy_migration.unattended.child import Ended

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Error: no customers are staged yet", Said("error", "no customers are staged yet")),
        ("customers  1,000", Said("note", "customers  1,000")),
        (
            "2026-11-29T23:02:39.597350Z [info     ] tap-cratejoy customers: 2,000 records, missing 0",
            Said("note", "customers: 2,000 records, missing 0"),
        ),
        (
            "2026-11-29T23:02:39.597350Z [error    ] target-shopify target-shopify: The shop cannot be reached.",
            Said("error", "The shop cannot be reached."),
        ),
        ("\x1b[2m2026-11-29T23:02:39Z\x1b[0m [warning  ] tap-cratejoy Waiting 5 s", Said("warning", "Waiting 5 s")),
        ("2026-11-29T23:02:36.234719Z [info     ] meltano      Environment 'dev' is active", None),
        ("2026-11-29T23:02:36.234719Z [error    ] meltano      Run failed", Said("error", "Run failed")),
        ("2026-11-29T23:02:36Z [info     ] tap-cratejoy Running job with name x", None),
        ("   ", None),
    ],
)
def test_lines_in_plain_words(line, said):
    assert plain(line) == said


def test_a_line_full_of_settings_is_read_at_once():
    """What stands in quotes can be read in one way only: else each of them doubled the time, and held up the run."""
    began = time.monotonic()
    text = "rows" + " a='b'" * 24 + " at the end"
    line = f"2026-11-29T23:02:39Z [info     ] tap-cratejoy {text}"
    assert plain(line) == Said("note", text)
    assert plain(f"{line} run_id=7 stdio='std err'") == Said("note", text)
    assert time.monotonic() - began < 10  # it took half a minute


@pytest.mark.parametrize(
    ("name", "ended", "stopped", "state"),
    [
        ("collect", Ended(0), False, "done"),
        ("collect", Ended(0), True, "done"),  # it came to its end before it heard
        ("collect", Ended(143), False, "stopped"),
        ("collect", Ended(1, ("Error: too bad",)), True, "stopped"),
        ("run", Ended(3, ("Error: a decision",)), False, "waiting"),
        ("audit", Ended(1, ("12 rows are missing: migration backfill",)), False, "unheld"),
        ("audit", Ended(1, ("Error: Cratejoy cannot be reached",)), False, "failed"),
        ("audit", Ended(1, ("Traceback (most recent call last):",)), False, "failed"),
        ("collect", Ended(1, ("12 rows are missing",)), False, "failed"),
        ("audit", Ended(2, ("No such option",)), False, "failed"),
        ("migrate", Ended(137), False, "failed"),  # by the machine, for want of memory
        ("migrate", Ended(137), True, "stopped"),  # it was asked to end, and had its time
    ],
)
def test_what_the_end_of_a_step_means(name, ended, stopped, state):
    assert judge(name, ended, stopped=stopped)[0] == state


def test_a_silent_failure_is_told_too():
    assert judge("collect", Ended(9), stopped=False) == (
        "failed", "It ended with exit status 9 without saying why; its log has the lines.")  # fmt: skip


def test_a_log_is_read_back_and_half_a_line_at_its_beginning_is_left_out(tmp_path):
    file = tmp_path / "console" / "run-1.log"
    written = log.Log(file)
    written.note("audit", "warning", "one\ttwo\nthree")
    written.line("audit", "Error: bad")
    [first, second] = log.read(file)
    assert (first.step, first.level, first.text) == ("audit", "warning", "one  two three")
    assert (second.level, second.text) == ("error", "bad")
    file.write_text("half a line\n" + file.read_text())
    assert len(log.read(file)) == 2
    assert log.read(file, 1)[0].text == "bad"
    assert log.read(tmp_path / "nothing") == []


def test_a_line_of_a_log_ends_where_its_line_ends(tmp_path):
    """A name may hold what Unicode, and a terminal, take for the end of a line: it forges no other, and hides none."""
    file = tmp_path / "run-1.log"
    forged = "2026-06-30T12:00:00+00:00  audit  error  All is lost"
    log.Log(file).note("audit", "note", f"Ann\u2028Lee\x85\x0c\x1c\x1b\x07\r{forged}")
    [entry] = log.read(file)
    assert (entry.level, entry.text) == ("note", f"Ann Lee {forged}")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Ann Lee, run 7 (12 %)", "Ann Lee, run 7 (12 %)"),
        ("set TAP_CRATEJOY_PAGE_SIZE.", "set TAP_CRATEJOY_PAGE_SIZE."),
        ("*a* _b_ `c` ~d~", r"\*a\* \_b\_ \`c\` \~d\~"),
        ("$5 & $6 <b>", r"\$5 \& \$6 \<b>"),
        ("![x](y) :red[z]", "!\\[x\\](y) :\u2060red\\[z\\]"),
        (":material/lock: :joy: http://a", ":\u2060material/lock: :\u2060joy: http:\u2060//a"),
        ("at 12:30:45 for: you", "at 12:30:45 for: you"),
        ("# one\n\n- two\\", r"\# one - two\\"),
        ("1. one", r"1\. one"),
        ("- one", r"\- one"),
    ],
)
def test_words_from_elsewhere_are_no_markup(text, escaped):
    assert layout.literal(text) == escaped


def test_a_quick_test_is_dry_unless_asked():
    assert tiers.quick_test(5, send=False).steps[0].words == ("migration", "quick-test", "--customers", "5")
    assert tiers.quick_test(5, send=True).steps[0].words[-1] == "--send"


def test_a_collection_takes_over_what_was_chosen():
    [step] = tiers.collect(Collection(("orders",), 500, "3-5,9", None)).steps  # no whole stream: nothing to count
    assert step.words == ("meltano", "run", "collect")
    assert json.loads(step.variables["TAP_CRATEJOY_PAGES"]) == {"orders": "3-5,9"}
    assert json.loads(step.variables["TAP_CRATEJOY__SELECT_FILTER"]) == ["orders"]
    assert step.variables["TAP_CRATEJOY_PAGE_SIZE"] == "500"
    whole = tiers.collect(Collection(("customers", "orders"), None, "", None))
    assert [step.words for step in whole.steps] == [
        ("meltano", "run", "collect"),
        ("migration", "audit", "--stream", "customers", "--stream", "orders"),
    ]
    assert "TAP_CRATEJOY_PAGE_SIZE" not in whole.steps[0].variables
    assert tiers.collect().steps[0].variables == {}


def test_a_migration_writes_only_when_told_to():
    dry, wet = tiers.migrate(Migration(25, "direct", "create")), tiers.migrate(Migration(dry_run=False))
    assert dry.steps[0].variables == {
        "TARGET_SHOPIFY_DRY_RUN": "true", "TARGET_SHOPIFY_LANE": "direct", "TARGET_SHOPIFY_ORDERS": "create",
        "TAP_POSTGRES_MAX_RECORD_COUNT": "25", "TARGET_SHOPIFY_REPORT_DIR": "reports/rehearsal",
    }  # fmt: skip
    assert "migration:ready" in dry.steps[0].words
    assert wet.steps[0].variables == {"TARGET_SHOPIFY_DRY_RUN": "false"}
    assert tiers.migrate().steps[0].words == ("meltano", "run", "migrate")


def test_every_situation_but_a_run_has_its_turn():
    assert {one.name for one in SITUATIONS} - {"running"} == set(path.TURNS)
    for turn in path.TURNS.values():
        assert bool(turn.plan) == bool(turn.button)
        assert turn.plan or turn.page
        sends = turn.plan is not None and turn.plan.kind in ("migrate", "repair")
        assert turn.writes == sends


def test_the_steps_before_the_one_whose_turn_it_is_are_done():
    facts = Facts(
        rows={"customers": Rows(2)}, marks={"customers": {"complete": True}}, stored_at=NOON,
        audit=Audit(3, 3, (), NOON + timedelta(minutes=1)),
    )  # fmt: skip
    assert [stage.state for stage in path.stages(facts)] == ["done", "now", "later", "later", "later"]
    assert path.turn(facts).button == "Backfill"
    assert [stage.state for stage in path.stages(Facts())] == ["now", "later", "later", "later", "later"]


def test_a_run_that_has_not_said_what_it_does_leaves_the_path_as_it_stood():
    facts = Facts(rows={"customers": Rows(2)}, marks={"customers": {"complete": True}}, stored_at=NOON)
    held = replace(facts, holder="run 7 of the console, since noon")
    building = replace(facts, running=(Run("r", "documents", "running", NOON, 1.0, timedelta(0), {}),))
    for one in (facts, held, building):
        assert [stage.state for stage in path.stages(one)] == ["done", "now", "later", "later", "later"]
    assert (path.turn(facts).button, path.turn(held), path.turn(building)) == ("Audit", None, None)


def course(*points):
    return tuple(Point(NOON + timedelta(seconds=seconds), done, used) for seconds, done, used in points)


def program(state, *points, total=None):
    return Program(Run("r", "migrate", state, NOON, 100.0, timedelta(0), {"total": total}), course(*points))


def test_the_rate_is_that_of_the_last_minute_and_so_is_the_time_left():
    found = program("running", (0, 0, 0), (60, 6000, 60), (120, 6600, 120), total=7200)
    assert found.rate == 10
    assert found.points_rate == 1
    assert found.seconds_left == 60
    assert program("done", (0, 0, 0), (10, 10, 10), total=7200).seconds_left is None
    assert program("running", (0, 0, 0)).rate is None
    assert program("running").done == 0


@pytest.mark.parametrize(("used", "allowed"), [(60 * 99, 100), (60 * 140, 100), (60 * 1756, None)])
def test_what_a_shop_gives_back_measures_only_what_can_come_from_it(used, allowed):
    run = Run("r", "migrate", "running", NOON, 60.0, timedelta(0), {"rate": 100})
    assert Program(run, course((0, 0, 0), (60, 10, used))).allowed == allowed
    assert Program(run, ()).allowed == 100
    assert Program(replace(run, figures={}), course((0, 0, 0), (60, 10, used))).allowed is None


def test_a_run_shows_no_scan_of_a_later_one(monkeypatch, tmp_path):
    def mark(minutes, *, complete):
        return {"scan_started_at": (NOON + timedelta(minutes=minutes)).isoformat(), "complete": complete}

    marks = {"customers": mark(-5, complete=True), "orders": mark(-5, complete=False),
             "products": mark(5, complete=True), "carts": mark(15, complete=False)}  # fmt: skip
    monkeypatch.setattr(meltano_runs, "open_database", lambda _: "there")
    monkeypatch.setattr(meltano_runs, "bookmarks", lambda _: marks)
    until = NOON + timedelta(minutes=10)
    assert [one.stream for one in progress.streams(tmp_path)] == ["customers", "orders", "products", "carts"]
    assert [one.stream for one in progress.streams(tmp_path, NOON)] == ["orders", "products", "carts"]
    assert [one.stream for one in progress.streams(tmp_path, NOON, until)] == ["orders", "products"]


def test_speeds_are_drawn_between_points_that_are_far_enough_apart():
    rows = progress.speeds(course((0, 0, None), (0.1, 500, None), (3, 600, 30), (5, 700, 50)))
    assert [(row["rate"], row["points"]) for row in rows] == [(200.0, None), (50.0, 10.0)]
    many = course(*((3 * number, number, None) for number in range(1000)))
    thin = progress.thinned(many, 100)
    assert (len(thin), thin[0], thin[-1]) == (100, many[0], many[-1])


def test_what_lands_at_the_end_is_drawn():
    """A collection stores most of its rows at its end, a moment after its last beat."""
    rows = progress.speeds(course((0, 0, None), (3, 0, None), (6, 0, None), (9, 0, None), (9.8, 2452, None)))
    assert [row["rate"] for row in rows] == [0.0, 0.0, pytest.approx(2452 / 3.8)]
    assert rows[-1]["at"] == NOON + timedelta(seconds=9.8)
    assert [row["since"] for row in rows] == [NOON, *(row["at"] for row in rows[:-1])]
    short = progress.speeds(course((0, 0, None), (1, 50, None), (1.5, 60, None)))
    assert [row["rate"] for row in short] == [40.0]


def test_a_course_begins_with_its_run():
    """What was done before the first beat is part of it."""
    rows = progress.speeds(progress.from_start(course((4, 400, 40), (8, 800, 80)), NOON))
    assert [(row["rate"], row["points"]) for row in rows] == [(100.0, 10.0), (100.0, 10.0)]
    assert progress.from_start(course((4, 400, None)), NOON)[0] == Point(NOON, 0, None)
    assert progress.from_start((), NOON) == ()


def drawn(*rates):
    rows = [
        {"since": NOON + timedelta(seconds=n), "at": NOON + timedelta(seconds=n + 1), "rate": rate, "points": rate}
        for n, rate in enumerate(rates)
    ]
    return rows, charts.speed(rows, "rows").to_dict()


def test_a_chart_counts_in_whole_numbers_and_short_decimals():
    rows, chart = drawn(0.0, 250.0)
    assert chart["encoding"]["y"]["axis"]["format"] == ",~f"
    assert "domain" not in chart["encoding"]["y"]["scale"]
    [first, second, _] = next(iter(chart["datasets"].values()))
    assert (first["at"], first["rate"], second["at"]) == (NOON.isoformat(), 0.0, rows[0]["at"].isoformat())


def test_a_chart_of_nothing_but_zeros_has_its_line_at_the_bottom():
    rows, chart = drawn(0.0, 0.0)
    assert chart["encoding"]["y"]["scale"]["domain"] == [0, 1]
    [line, _] = charts.points(rows, 100.0).to_dict()["layer"]
    assert line["encoding"]["y"]["scale"]["domain"] == [0, 100.0]  # what is allowed stands at the top


@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        ("Nothing is collected yet", ". Next: meltano run collect"),
        ("Not clean: 2 differ. Somebody changed them in the shop", ". Next: migration repair --overwrite undoes that"),
        ("no customers are staged yet", "; run first: meltano run collect"),
        ("there are no customer documents yet", "; run first: meltano invoke migration documents"),
        ("rows stay missing (orders: 3): run it again later", ', or migration accept missing --count 3 --reason "..."'),
        (
            "5 rows missing beyond what was accepted (5 of orders)",
            '. Three ways on: meltano run collect; or migration accept missing --reason "...". For a rehearsal, set X.',
        ),
        ("it is not known whether all of orders is staged", ": migration audit --deep tells."),
        ("it is not finished, so nothing can be verified; finish it first", ": migration rollback --confirm a.b.com"),
        ("Nothing was changed", ". To carry it out: migration rollback --confirm a"),
        (
            "Another run is going on (migration backfill, process 7 on host, since 10:00): wait for its end, or end it",
            "; `migration status` shows how far it is.",
        ),
        # Nothing to type
        ("Rolled back: the shop holds nothing of the migration but what is listed", "."),
        ("A migration or another rollback works by this ledger right now: wait for its end, or stop it", "."),
        ("use another database (ledger_url), or purge the old migration first", "."),
        ("Since the migration before: 12 new, 3 changed", "."),
    ],
)
def test_the_end_of_a_run_is_told_without_command_lines(kept, typed):
    assert wording.without_commands(f"{kept}{typed}") == f"{kept}."


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Next: meltano run collect", ""),
        ("", ""),
        ("finish it first, with migration rollback --confirm a. Nothing was written.",
         "finish it first. Nothing was written."),
        ("look at the reasons (migration report, or refused.jsonl in report_dir), then run again.",
         "look at the reasons, then run again."),
        ("another `migration documents` is running; wait for its end.",
         "another build of the documents is running; wait for its end."),
    ],
)  # fmt: skip
def test_command_lines_are_taken_out_of_the_middle_of_a_sentence_too(sentence, expected):
    assert wording.without_commands(sentence) == expected


def test_every_state_of_a_run_has_its_words():
    assert [wording.state(name) for name in ("done", "unheld")] == ["Done", "Done, and what it checks does not hold"]
    assert wording.state_in_short("unheld") == "Done, does not hold"
    assert wording.state_in_short("failed") == "Failed"


@pytest.mark.parametrize(
    ("line", "share", "word"),
    [
        (StreamLine("orders", 3, 300, 1000, complete=False, proven=False), 0.3, "reading"),
        (StreamLine("orders", None, 0, None, complete=False, proven=False), 0.0, "waiting"),
        (StreamLine("orders", 9, 990, 1000, complete=True, proven=False), 1.0, "complete"),
        (StreamLine("orders", 9, 1000, 1000, complete=True, proven=True), 1.0, "complete, proven"),
    ],
)
def test_how_far_a_stream_is(line, share, word):
    assert (line.share, line.word) == (share, word)
