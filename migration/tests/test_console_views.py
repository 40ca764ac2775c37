"""What the console shows, as data, and its pages as Streamlit would run them: with nothing there, and with rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import psycopg
import pytest
from cratejoy_migration import decisions, history
from cratejoy_migration.audit.lines import Line
from cratejoy_migration.audit.store import AuditStore, Hole
from cratejoy_migration.console import map_chart, place
from cratejoy_migration.console.access import gate, trail
from cratejoy_migration.console.pages import audit as audit_page
from cratejoy_migration.console.views import audit, certificate, forecast, reports, undo, wording
from cratejoy_migration.console.views.undo import Undoing
from cratejoy_migration.purge import proof
from cratejoy_migration.staging import StagingError
from cratejoy_migration.verify import store as verifications
from cratejoy_migration.verify.certificate import Certificate
from cratejoy_migration.verify.facts import Facts
from cratejoy_migration.verify.facts import Line as Row
from target_shopify.ledger_statements import TABLE as LEDGER

from .paging import shown, texts

MOMENT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(url):
    with psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of a project, which is the console's."""
    monkeypatch.setattr(place, "project", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def show(url, folder, monkeypatch):
    """Return a function that runs a page as Streamlit would."""
    monkeypatch.setattr(place, "url", lambda: url)
    monkeypatch.setattr(gate, "who", lambda: "Ana")
    return shown


def tables(page):
    return [table.value.to_dict("records") for table in page.dataframe]


def click(page, label):
    [button] = [one for one in page.button if one.label == label]
    return button.click().run()


def columns(page):
    return {metric.label: metric.value for metric in page.metric}


def line(stream, at_cratejoy, staged, missing, **more):
    return Line(stream, at_cratejoy, staged, missing, rows=staged, checked_at=MOMENT, **more)


def put_page(connection, stream, page, rows, missing=(), first=1):
    AuditStore(connection)
    connection.execute(
        "insert into migration.audit_pages (stream, page, page_size, rows, first_id, last_id, missing, run_id)"
        " values (%s, %s, 100, %s, %s, %s, %s, 'run-1')",
        (stream, page, rows, first, first + rows - 1, list(missing)),
    )


# Audit


def test_without_an_audit_there_is_nothing_to_show(connection):
    assert audit.read(connection) is None
    assert audit.cells(connection, "orders") == []
    assert audit.missing_ids(connection, "orders") == []


def test_streams_come_in_the_order_of_collection_each_with_its_state(connection):
    store = AuditStore(connection)
    for one in (line("orders", 30, 28, 2), line("customers", 10, 10, 0), line("products", None, 4, None)):
        store.save(one)
    found = audit.read(connection)
    assert [(one.stream, found.state(one)) for one in found.lines] == [
        ("customers", "complete"),
        ("orders", "missing"),
        ("products", "not known"),
    ]
    assert (found.missing, found.beyond, found.mapped) == (2, {"orders": 2, "products": 1}, ())
    assert found.checked_at == MOMENT


def test_missing_rows_that_a_person_accepted_are_shown_as_such(connection):
    AuditStore(connection).save(line("orders", 30, 28, 2))
    decisions.accept(connection, "missing", "orders", 2, "they are test orders")
    found = audit.read(connection)
    assert (found.state(found.lines[0]), found.beyond, found.accepted) == ("missing, as accepted", {}, {"orders": 2})


def test_a_short_stream_has_a_cell_for_each_page(connection):
    for page in (1, 2, 3):
        put_page(connection, "orders", page, 100, [207, 208] if page == 2 else (), first=page * 100)
    found = audit.cells(connection, "orders")
    assert [(cell.place, cell.named, cell.rows, cell.missing, cell.holey) for cell in found] == [
        (0, "page 1", 100, 0, 0),
        (1, "page 2", 100, 2, 1),
        (2, "page 3", 100, 0, 0),
    ]
    assert (found[1].first_id, found[1].last_id) == (200, 299)


def test_a_long_stream_has_a_cell_for_several_pages(connection):
    for page in range(1, 11):
        put_page(connection, "orders", page, 100, [page * 100] if page in (4, 5) else (), first=page * 100)
    found = audit.cells(connection, "orders", most=4)
    assert [(cell.named, cell.pages, cell.rows, cell.missing, cell.holey) for cell in found] == [
        ("pages 1 to 3", 3, 300, 0, 0),
        ("pages 4 to 6", 3, 300, 2, 2),
        ("pages 7 to 9", 3, 300, 0, 0),
        ("page 10", 1, 100, 0, 0),
    ]


def hole(page, *missing, rows=3, query=0):
    return Hole(query, page, 3, rows, 1, 9, list(missing))


def test_pages_that_are_missing_whole_and_follow_each_other_are_one_range():
    found = audit.ranges([hole(4, 11, 12, 13), hole(5, 21, 22, 23), hole(6, 31)])
    assert [(one.pages, one.ids, one.count) for one in found] == [("4 to 5", "11 to 23", 6), ("6", "31", 1)]


def test_pages_apart_or_of_another_query_are_ranges_of_their_own():
    found = audit.ranges([hole(4, 11, 12, 13), hole(6, 31, 32, 33), hole(7, 41, 42, 43, query=1)])
    assert [(one.pages, one.ids) for one in found] == [("4", "11 to 13"), ("6", "31 to 33"), ("7", "41 to 43")]


def test_missing_ids_are_read_from_the_pages(connection):
    put_page(connection, "orders", 3, 2, [7, 9], first=7)
    assert [(one.pages, one.ids, one.count) for one in audit.missing_ids(connection, "orders")] == [("3", "7 to 9", 2)]


def cell(place, rows, missing):
    return audit.Cell(place, place, place, 1, rows, missing, int(missing > 0), 1, 9, MOMENT)


def test_the_map_stands_in_rows_of_forty_and_marks_holes():
    cells = [cell(place, 100, {0: 0, 40: 12, 41: 90}.get(place, 0)) for place in range(42)]
    found = map_chart.rectangles(cells)
    assert [(one["row"], one["column"], one["state"]) for one in (found[0], found[39], found[40], found[41])] == [
        (0, 0, "complete"),
        (0, 39, "complete"),
        (1, 0, "rows missing"),
        (1, 1, "most rows missing"),
    ]
    drawn = map_chart.chart(cells).to_dict()
    assert drawn["encoding"]["color"]["scale"]["domain"] == ["complete", "rows missing", "most rows missing"]


def test_the_page_of_an_audit_that_never_was_offers_one(show):
    page = show("audit")
    assert any("Nothing was audited yet" in text for text in texts(page))
    assert [button.label for button in page.button] == ["Audit", "Start"]


def test_the_page_of_an_audit_shows_streams_holes_and_the_way_to_close_them(show, connection, monkeypatch):
    plans = []
    monkeypatch.setattr(audit_page, "start", plans.append)
    store = AuditStore(connection)
    store.save(line("customers", 10, 10, 0, pages=1))
    store.save(line("orders", 300, 298, 2, pages=3))
    for number in (1, 2, 3):
        put_page(connection, "orders", number, 100, [207, 208] if number == 2 else (), first=number * 100)
    page = show("audit")
    said = texts(page)
    assert any(text.startswith("2 rows are missing. Backfill reads just these") for text in said)
    assert "3 pages were read, 1 has holes." in said
    streams, missing = tables(page)
    assert [(row["Stream"], row["Missing"], row["State"]) for row in streams] == [
        ("customers", 0, "complete"),
        ("orders", 2, "missing"),
    ]
    assert missing == [{"Page": "2", "Missing": 2, "Ids": "207 to 208"}]
    assert columns(page)["Rows missing"] == "2"
    click(page, "Backfill")
    assert [step.words for plan in plans for step in plan.steps] == [("migration", "backfill")]


def test_accepting_needs_a_reason_and_is_written_down_with_the_name(show, connection):
    AuditStore(connection).save(line("orders", 300, 298, 2))
    page = show("audit")
    click(page, "Accept")
    assert "A decision needs its reason, for whoever reads it later." in texts(page)
    page.text_input[0].input("two test orders")
    click(page, "Accept")
    decision = decisions.accepted(connection, "missing")["orders"]
    assert (decision.amount, decision.reason) == (2, "two test orders")
    assert connection.execute("select who, what, subject from migration.trail").fetchall() == [
        ("Ana", "accepted up to 2 missing", "orders")
    ]
    assert tables(page)[0][0]["State"] == "missing, as accepted"


# Forecast

FIGURES = {
    "documents": 2000,
    "counts": {"created": 1950, "merged": 38, "refused": 12},
    "refusals": {"no_identity": 12},
    "repairs": {"phone_invalid": 20, "email_refused": 1},
    "points": 20_000,
    "plans": {"standard": {"restore_rate": 100.0, "hours": 0.056}},
    "live": {"shop": "demo.myshopify.com", "restore_rate": 50.0, "hours": 0.111},
    "direct": {"customers_per_second": None},
    "bulk": {},
    "calls": {"CustomerCreate": 1990},
    "fix_list": 2,
}
FIX_LIST = (
    "\ufeffoutcome,Cratejoy id,name,e-mail,what is wrong,value now,what we do,what you can do in Cratejoy\r\n"
    "refused,7001,Ada Lovelace,,no usable e-mail,Ada,The customer stays behind.,Give the customer an e-mail.\r\n"
    'repaired,7002,Bob,bob@shop.example,a phone number,"12, 34",It is kept,Correct the number.\r\n'
)


def put_forecast(folder, **changes):
    folder.mkdir(exist_ok=True)
    (folder / "forecast.json").write_text(json.dumps(FIGURES | changes))
    (folder / "fix-list.csv").write_text(FIX_LIST, encoding="utf-8", newline="")


def test_a_forecast_is_read_from_its_file_and_judged_by_what_was_accepted(connection, tmp_path):
    put_forecast(tmp_path)
    found = forecast.read(connection, tmp_path)
    assert (found.documents, found.refused, found.repaired, found.lines) == (2000, 12, 21, 2)
    assert found.outcomes() == [("created", 1950), ("merged", 38), ("refused", 12)]
    assert found.hours() == [("this shop now", 50.0, "7 min"), ("plan standard", 100.0, "3 min")]
    assert found.verdict.holds
    decisions.accept(connection, "refused", "all", 5, "a few")
    assert not forecast.read(connection, tmp_path).verdict.holds


@pytest.mark.parametrize("text", [None, "{ half", "[]"])
def test_without_a_readable_forecast_there_is_none(connection, tmp_path, text):
    if text:
        (tmp_path / "forecast.json").write_text(text)
    assert forecast.read(connection, tmp_path) is None
    assert forecast.fix_list(tmp_path) == []


def test_the_fix_list_is_read_up_to_a_number_of_lines(tmp_path):
    put_forecast(tmp_path)
    lines = forecast.fix_list(tmp_path)
    assert [(one["outcome"], one["Cratejoy id"], one["value now"]) for one in lines] == [
        ("refused", "7001", "Ada"),
        ("repaired", "7002", "12, 34"),
    ]
    assert len(forecast.fix_list(tmp_path, most=1)) == 1


def test_the_page_of_a_forecast_hides_who_people_are_until_asked_and_notes_who_asked(show, folder, connection):
    put_forecast(folder / "reports")
    page = show("forecast")
    texts(page)
    [hidden] = [table for table in tables(page) if "e-mail" in table[0]]
    assert [(row["name"], row["e-mail"], row["Cratejoy id"]) for row in hidden] == [
        ("A••• L•••", "", "7001"),
        ("B•••", "b•••@•••.example", "7002"),
    ]
    assert trail.latest(connection, 10) == []
    page.toggle[0].set_value(True).run()
    [clear] = [table for table in tables(page) if "e-mail" in table[0]]
    assert [(row["name"], row["e-mail"]) for row in clear] == [("Ada Lovelace", ""), ("Bob", "bob@shop.example")]
    assert [(one.who, one.what) for one in trail.latest(connection, 10)] == [("Ana", "asked to see personal data")]


def test_the_page_without_a_forecast_offers_one(show):
    page = show("forecast")
    assert any("There is no forecast yet" in text for text in texts(page))
    assert [button.label for button in page.button] == ["Forecast"]


_LOADER = "plugins: {{loaders: [{{name: target-shopify, {}}}]}}"
_PLAIN = _LOADER.format("settings: [{name: report_dir, value: plain}]")
_OF_DEV = (
    "default_environment: dev\nenvironments: [{name: dev, config: {plugins: {loaders:"
    " [{name: target-shopify, config: {report_dir: of-dev}}]}}}]\n"
)


@pytest.mark.parametrize(
    ("variable", "env_file", "project", "expected"),
    [
        (None, "", "plugins: {loaders: [{name: target-shopify}]}", "reports"),
        (None, "", _LOADER.format("config: {report_dir: mine}"), "mine"),
        (None, "", _PLAIN, "plain"),
        (None, "", _OF_DEV + _PLAIN, "of-dev"),
        (None, "TARGET_SHOPIFY_REPORT_DIR=of-env-file", _PLAIN, "of-env-file"),
        ("of-environment", "TARGET_SHOPIFY_REPORT_DIR=of-env-file", _PLAIN, "of-environment"),
        (None, "MELTANO_ENVIRONMENT=prod", _OF_DEV + _PLAIN, "plain"),
        (None, "", "{ broken", "reports"),
    ],
)
def test_the_folder_of_reports_is_found_as_meltano_would(tmp_path, monkeypatch, variable, env_file, project, expected):
    if variable:
        monkeypatch.setenv("TARGET_SHOPIFY_REPORT_DIR", variable)
    (tmp_path / ".env").write_text(env_file)
    (tmp_path / "meltano.yml").write_text(project)
    assert reports.folder(tmp_path) == tmp_path / expected


# Certificate


def put_verification(connection, folder, *, different=0, unexplained=(), differences=(), verification=None):
    """Keep a verification of ten customers, and write its certificate."""
    rows = [Row("customers", "loaded", None, 10 - different)]
    rows += [Row("customers", "different", None, different)] if different else []
    made = Certificate(
        facts=Facts(tuple(rows), {"customers": 10}, {}, differences=tuple(differences), shop_customers=12),
        unexplained=tuple(unexplained),
        decisions=(),
        runs=(),
        shop="demo.myshopify.com",
        run_id="run-1",
        began=MOMENT,
        ended=MOMENT,
        versions={"target-shopify": "0.1.0"},
        settings={"orders": "history"},
        hashes={"documents": "00"},
    )
    verifications.prepare(connection)
    number = verifications.keep(connection, made.line)
    made.numbered(verification or number).write(folder)
    return number


def test_without_a_verification_there_is_no_certificate(connection, tmp_path):
    assert certificate.read(connection, tmp_path) is None
    assert certificate.past(connection) == []


def test_a_clean_verification_is_shown_with_its_certificate(connection, tmp_path):
    put_verification(connection, tmp_path)
    found = certificate.read(connection, tmp_path)
    assert (found.line.clean, found.different, found.repairable, found.changed) == (True, 0, False, False)
    assert found.counts() == [{"Stream": "customers", "Staged": 10, "Loaded": 10}]
    assert "demo.myshopify.com" in found.html()
    assert found.holds("certificate.html")


def test_a_certificate_of_another_verification_is_not_shown_as_that_of_the_last(connection, tmp_path):
    put_verification(connection, tmp_path, verification=77)
    found = certificate.read(connection, tmp_path)
    assert (found.told, found.html(), found.holds("certificate.json")) == ({}, None, False)


@pytest.mark.parametrize(
    ("differences", "repairable", "changed"),
    [
        ([("tag", "removed_in_shop", 2, 2)], True, False),
        ([("email", "changed_in_shop", 2, 2)], False, True),
        ([("metafield", "changed_in_shop", 2, 2)], True, False),
        ([("customer", "doubled", 2, 2)], False, False),
    ],
)
def test_repair_is_offered_for_what_it_can_put_right(connection, tmp_path, differences, repairable, changed):
    put_verification(connection, tmp_path, different=2, unexplained=["2 different"], differences=differences)
    found = certificate.read(connection, tmp_path)
    assert (found.repairable, found.changed) == (repairable, changed)


def test_what_a_certificate_says_is_never_markup(connection, tmp_path):
    put_verification(connection, tmp_path, unexplained=["<script>alert(1)</script>"])
    html = certificate.read(connection, tmp_path).html()
    assert "<script>" not in html
    assert "default-src 'none'" in html


def test_verifications_on_record_come_newest_first(connection, tmp_path):
    put_verification(connection, tmp_path, different=3, unexplained=["3 different"])
    put_verification(connection, tmp_path)
    assert [(one.clean, one.customers["different"]) for one in certificate.past(connection)] == [(True, 0), (False, 3)]


def test_the_page_of_a_verification_that_is_not_clean_offers_repair_first(show, connection, folder):
    differences = [("tag", "removed_in_shop", 2, 2), ("email", "changed_in_shop", 1, 1)]
    put_verification(connection, folder / "reports", different=2, unexplained=["2 different"], differences=differences)
    page = show("certificate")
    said = texts(page)
    assert any("- 2 different" in text for text in said)
    assert [button.label for button in page.button][:3] == ["Repair", "Verify", "Repair and overwrite"]
    assert [row["How"] for row in tables(page)[1]] == ["removed in the shop", "changed in the shop"]


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("insert into migration.rollbacks (shop, began_at) values ('demo', now())", "was rolled back since"),
        (
            "insert into migration.runs (run_id, command, state, host, pid) values ('x', 'migrate', 'done', 'h', 1)",
            "Customers were sent to the shop since.",
        ),
    ],
)
def test_a_verification_says_nothing_of_what_was_done_to_the_shop_since(show, connection, folder, since, said):
    put_verification(connection, folder / "reports")
    history.prepare(connection)
    connection.execute(LEDGER)
    assert any("Clean" in one.value for one in show("certificate").metric)
    connection.execute(since)
    page = show("certificate")
    assert page.metric[0].value == "Out of date"
    assert page.success == []
    assert any(said in text and "was clean and says nothing of the shop as it is now" in text for text in texts(page))


def test_a_plan_of_a_rollback_does_not_make_a_verification_old(connection, tmp_path):
    put_verification(connection, tmp_path)
    connection.execute(LEDGER)
    connection.execute("insert into migration.rollbacks (shop) values ('demo')")
    assert certificate.read(connection, tmp_path).outdated == ""


def test_the_page_without_a_verification_offers_one(show):
    page = show("certificate")
    assert any("Nothing was verified yet" in text for text in texts(page))
    assert [button.label for button in page.button] == ["Verify"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("2 rows are missing. Next: migration backfill", "2 rows are missing."),
        (
            "3 rows missing, as accepted (migration accept --list). Next: migration forecast, then meltano run migrate",
            "3 rows missing, as accepted.",
        ),
        ("12 customers would be refused; the others go. Next: look", "12 customers would be refused; the others go."),
        ("Nothing is missing", "Nothing is missing."),
    ],
)
def test_pages_say_what_commands_found_without_command_lines(sentence, expected):
    assert wording.without_commands(sentence) == expected


def planned(**changes):
    counts = (("customer", "delete", "planned", "", 10),)
    return Undoing("demo.myshopify.com", MOMENT, None, None, counts, **changes)


@pytest.mark.parametrize(
    ("found", "button", "said"),
    [
        (planned(), "Plan it again", "**The plan**"),
        (planned(outdated=True), "Show what a rollback would do now", "is out of date: customers were written since."),
        (planned(whole=False), "Show what a rollback would do now", "A plan was begun and not made to its end."),
    ],
)
def test_only_a_plan_that_still_holds_can_be_confirmed(show, monkeypatch, found, button, said):
    monkeypatch.setattr(undo, "read", lambda _: found)
    monkeypatch.setattr(undo, "shop", lambda _: "demo")
    page = show("undo")
    assert any(said in text for text in texts(page))
    assert button in [one.label for one in page.button]
    assert ("Roll back" in [one.label for one in page.button]) is found.holds


def test_everything_can_be_erased_when_the_database_cannot_be_opened(show, monkeypatch):
    def away():
        raise StagingError("The staging database is of another version.")

    monkeypatch.setattr(place, "connection", away)
    page = show("undo")
    assert "The staging database is of another version." in texts(page)
    assert "Show what would be removed" in [one.label for one in page.button]


@pytest.mark.parametrize(
    ("last", "title"),
    [("Nothing is left.\n", "The proof of the purge of "), ("Killed here", "The purge, which was not finished, of ")],
)
def test_what_the_last_purge_said_can_be_read_later(show, last, title):
    file = proof.begin(place.project(), "demo", MOMENT, "The list\n")
    proof.end(file, MOMENT, last)
    page = show("undo")
    assert any(one.label.startswith(title) for one in page.expander)
    assert any(last.strip() in one.value for one in page.code)


def test_a_rollback_whose_last_customers_are_gone_can_still_be_finished(show, monkeypatch):
    """What is undone leaves the ledger: then nothing there names the shop any more."""
    counts = (("customer", "delete", "done", "", 10), ("definition", "delete", "planned", "", 8))
    found = Undoing("demo.myshopify.com", MOMENT, MOMENT, None, counts)
    monkeypatch.setattr(undo, "read", lambda _: found)
    monkeypatch.setattr(undo, "shop", lambda _: None)
    page = show("undo")
    assert "A rollback has begun and is not finished; it goes on where it stood." in texts(page)
    assert "Finish the rollback" in [one.label for one in page.button]
    assert [one.label for one in page.text_input] == ["Type the shop's name to confirm: demo"]
