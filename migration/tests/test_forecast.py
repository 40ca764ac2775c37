"""The forecast as an operator gets it: whether it holds, what the screen says, what changed since the last time."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from cratejoy_migration.documents.build import Told, build
from cratejoy_migration.documents.summary import Changes, table
from cratejoy_migration.forecast import screen
from cratejoy_migration.forecast.verdict import judge
from rich.console import Console

FIGURES = {
    "documents": 2000,
    "counts": {"created": 1950, "merged": 38, "refused": 12},
    "refusals": {"no_identity": 10, "refused by Shopify (customer: A very long sentence of Shopify's)": 2},
    "repairs": {"phone_invalid": 20, "email_taken": 1, "phone_taken": 1, "email_refused": 1},
    "points": 20_128,
    "plans": {"standard": {"restore_rate": 100.0, "hours": 0.056}, "plus": {"restore_rate": 1000.0, "hours": 0.0056}},
    "live": {"shop": "demo.myshopify.com", "restore_rate": 100.0, "hours": 0.056},
    "direct": {"customers_per_second": None},
    "bulk": {"customers": 1950, "points_left": 628, "lines_per_second": None, "faster_than_direct_above": 10.0,
             "hours_by_lines_per_second": {"5": 0.108, "25": 0.023, "100": 0.007}},
    "calls": {"CustomerCreate": 1990, "CustomerFind": 40},
    "fix_list": 33,
}  # fmt: skip
QUIET = Told(step=lambda *_: None, warning=lambda _: None)


@pytest.mark.parametrize(
    ("refused", "accepted", "stops_at", "holds", "says"),
    [
        (0, None, None, True, "Nobody would be refused"),
        (12, None, None, True, "12 customers would be refused; the others go"),
        (12, 12, None, True, "as accepted"),
        (12, 11, None, False, "12 customers would be refused, and 11 are accepted"),
        (1, 0, None, False, 'migration accept refused --count 1 --reason "..."'),
        (12, None, 150, False, "max_refusals would end the run at document 150 of 2,000"),
        (12, 20, 150, False, "raise max_refusals"),
    ],
)
def test_a_forecast_holds_when_no_more_are_refused_than_was_accepted(refused, accepted, stops_at, holds, says):
    figures = {"documents": 2000, "counts": {"refused": refused}, "max_refusals_stops_at": stops_at}
    verdict = judge(figures, accepted)
    assert verdict.holds is holds
    assert says in verdict.sentence


def test_nothing_to_migrate_is_no_failure():
    assert judge({"documents": 0, "counts": {}}, 0).holds


def shown(*things, width=80):
    console = Console(width=width, record=True, file=io.StringIO())
    for thing in things:
        console.print(thing)
    return console.export_text()


def test_the_screen_tells_outcomes_reasons_and_times_within_80_columns():
    said = shown(screen.outcomes(FIGURES), screen.plans(FIGURES))
    assert max(map(len, said.splitlines())) <= 80
    for words in (
        "created      1,950",
        "refused         12",
        "  no_identity",
        "phone_invalid",
        "phone_taken 1 Another customer of the shop owns the number: left off.",
        "email_taken 1 Another customer of the shop owns the e-mail: left off.",
        "email_refused 1 Shopify may refuse the e-mail; then it is kept in source_email.",
        "this shop now",
        "3 min",
    ):
        assert " ".join(words.split()) in " ".join(said.split())


def test_files_are_hours_by_speed_until_a_pilot_measured_it():
    said = "\n".join(screen.notes(FIGURES, Path("reports")))
    assert "unknown until measured: migration pilot" in said
    assert "5/s 6 min" in said
    assert "reports/fix-list.csv (33 lines" in said
    measured = {**FIGURES, "bulk": {**FIGURES["bulk"], "lines_per_second": 25.0, "hours": 0.023},
                "direct": {"customers_per_second": 9.0, "hours": 0.06}}  # fmt: skip
    said = "\n".join(screen.notes(measured, Path("reports")))
    assert "25.0 lines a second that the pilot measured" in said
    assert "9.0 customers a second" in said


def changes(url):
    return build(url, QUIET).changes


def hashes(query):
    return dict(query("select id, document_hash from migration.customer_documents"))


def test_a_build_tells_new_changed_unchanged_unfinished_and_gone_customers(stage, ledger, url, query):
    stage("customers", *({"id": n, "first_name": f"n{n}"} for n in range(1, 7)))
    assert changes(url) is None
    before = hashes(query)
    ledger((1, "created", before[1]), (2, "merged", before[2]), (3, "created", "other"), (4, "refused", before[4]),
           (5, "unknown", before[5]), (99, "created", "h"))  # fmt: skip

    assert changes(url) == Changes(new=1, changed=1, unchanged=3, unfinished=1, gone=1)


def test_a_build_of_everything_tells_the_same(stage, ledger, url, query):
    stage("customers", {"id": 1}, {"id": 2}, {"id": 3})
    build(url, QUIET)
    before = hashes(query)
    ledger((1, "created", before[1]), (2, "created", "other"))
    assert build(url, QUIET, everything=True).changes == Changes(new=1, changed=1, unchanged=1, unfinished=0, gone=0)


def test_what_changed_is_in_the_table(stage, ledger, url):
    stage("customers", {"id": 1}, {"id": 2})
    ledger((2, "created", "other"), (3, "created", "h"))
    said = shown(table(build(url, QUIET)))
    for label in ("new", "changed since they were migrated", "gone from Cratejoy's side, still in the shop"):
        assert any(label in line and line.split()[-1] == "1" for line in said.splitlines())
