"""What a failure means, how long to wait, which streams there are: pure rules."""

from datetime import UTC, datetime, timedelta

import pytest
from cratejoy_migration.unattended.failures import Kind, kind_of, told
from cratejoy_migration.unattended.patience import duration, pause, readable
from cratejoy_migration.unattended.planner import Move
from cratejoy_migration.unattended.record import Trouble, after_failure
from cratejoy_migration.unattended.steps import came_to_its_end, command
from cratejoy_migration.unattended.streams import collected, only
from target_shopify.errors import DiskFull

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("GET /customers/ is refused (401): check client_id and client_secret.", Kind.FINAL),
        ("GET /customers/ is forbidden (403): these credentials may not read it.", Kind.FINAL),
        ("Shopify refused the access token (401): check TARGET_SHOPIFY_ACCESS_TOKEN.", Kind.FINAL),
        ("The app lacks the scope write_customers: grant it in the app's settings.", Kind.FINAL),
        ("The settings of tap-cratejoy cannot be used: client_secret is missing (set X).", Kind.FINAL),
        ("STAGING_DATABASE_URL is not a PostgreSQL URL; write postgresql://user@host/db.", Kind.FINAL),
        ("the staging database refuses the user or password; check STAGING_DATABASE_URL.", Kind.FINAL),
        ("page_size and page_sizes take 1 to 1000, not 5000.", Kind.FINAL),
        ("Shopify could not be reached: Shop failed with no answer (ConnectionError).", Kind.HEALS),
        ("GET /orders/ was tried 9 times without success, the last time: status 503.", Kind.HEALS),
        ("the staging database cannot be reached; check its server and STAGING_DATABASE_URL.", Kind.HEALS),
        ("the connection to the staging database was lost; run the same command again.", Kind.HEALS),
        ("Another 'dev:tap-cratejoy-to-target-postgres' pipeline is already running.", Kind.HEALS),
        ("another collection is running (since 12:00, process 5); wait for its end or end it.", Kind.HEALS),
        ("Another run of target-shopify writes to this ledger: wait for its end, or stop it.", Kind.HEALS),
        ("the disk of the staging database is full; free some space.", Kind.FULL),
        (str(DiskFull("the working folder")), Kind.FULL),
        ("5 of 100 customers were refused, which is as many as max_refusals allows: look.", Kind.DECISION),
        ("A customer ... that this migration did not make, and conflict is fail: set conflict.", Kind.DECISION),
        ("unexpected KeyError at rows.py:17; please report it with this line.", Kind.UNKNOWN),
    ],
)
def test_what_follows_from_a_sentence(sentence, kind):
    assert kind_of(sentence) is kind


def test_the_telling_line_is_the_plugin_s_own_and_not_meltano_s():
    lines = [
        "2026-11-25T17:24:31.5Z [error    ] tap-cratejoy customers failed: GET /customers/ is forbidden (403): check.",
        "2026Z [info     ] tap-cratejoy tap-cratejoy: Not all streams could be read: customers failed (reasons above).",
        "2026-11-25T17:24:31.9Z [info     ] target-postgres customers: 0 rows stored",
        "2026-11-25T17:24:32.1Z [error    ] meltano      Extractor failed",
        "2026-11-25T17:24:32.1Z [error    ] meltano      Block run completed",
    ]
    assert told(lines) == "customers failed: GET /customers/ is forbidden (403): check."


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("Error: the disk is full.", "the disk is full."),
        ("2026Z [info     ] target-shopify target-shopify: The shop is locked (423).", "The shop is locked (423)."),
        ("2026Z [error    ] target-postgres the staging database was lost.", "the staging database was lost."),
        ("\x1b[31mError: coloured.\x1b[0m", "coloured."),
        ("customers: 300 records, 300 distinct", ""),
    ],
)
def test_sentences_are_found_in_each_form(line, sentence):
    assert told(["before", line, "after"]) == sentence


def test_a_check_that_does_not_hold_is_no_failure_and_a_failure_is_no_check():
    assert came_to_its_end(Move("audit", "orders"), 1, ("orders 5 4 1", "1 row is missing."))
    assert not came_to_its_end(Move("audit", "orders"), 1, ("Error: Cratejoy cannot be reached.",))
    assert not came_to_its_end(Move("audit", "orders"), 1, ("Traceback (most recent call last):", "KeyError"))
    assert not came_to_its_end(Move("audit", "orders"), 2, ("Usage: migration audit",))
    assert not came_to_its_end(Move("migrate"), 1, ("Block run completed",))


def test_rows_that_stay_missing_are_a_verdict_unless_something_was_away_meanwhile():
    verdict = "Error: rows stay missing (orders: 3): run it again later, or migration accept missing --count 3."
    away = "2026Z [info     ] tap-cratejoy tap-cratejoy: GET /orders/ was tried 9 times without success."
    assert came_to_its_end(Move("backfill", "orders"), 1, ("reading", verdict))
    assert told(["reading", verdict]).startswith("rows stay missing")
    assert not came_to_its_end(Move("backfill", "orders"), 1, (away, verdict))
    assert told([away, verdict]) == "GET /orders/ was tried 9 times without success."
    refusal = "Error: Phase 2 does not start: 3 rows missing beyond what was accepted (3 of orders)."
    assert came_to_its_end(Move("ready", asks=True), 1, (refusal,))


def test_pauses_double_up_to_an_hour():
    first = timedelta(minutes=1)
    assert [pause(tries, first, 0.5) for tries in (1, 2, 3, 7, 8, 500)] == [
        timedelta(minutes=minutes) for minutes in (1, 2, 4, 60, 60, 60)
    ]
    assert pause(1, first, 0.0) == timedelta(seconds=48)
    assert pause(1, first, 1.0) == timedelta(seconds=72)


def test_failures_are_counted_anew_when_there_was_progress():
    first = after_failure(None, "page 3", NOON)
    second = after_failure(first, "page 3", NOON + timedelta(hours=1))
    third = after_failure(second, "page 4", NOON + timedelta(hours=2))
    assert (first, second) == (Trouble(1, NOON, "page 3"), Trouble(2, NOON, "page 3"))
    assert third == Trouble(1, NOON + timedelta(hours=2), "page 4")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("24h", 86_400), ("2d", 172_800), ("0.5h", 1800), (" 1 H ", 3600)]
)
def test_durations_are_read(text, seconds):
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "-1h", "1w", "9999999d", "nan"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="no duration"):
        duration(text)


def test_durations_are_said_as_people_say_them():
    spans = [timedelta(seconds=48), timedelta(minutes=12), timedelta(hours=3), timedelta(days=3)]
    assert [readable(span) for span in spans] == ["48 s", "12 min", "3 h", "3 days"]


def test_customers_come_first_and_what_is_not_selected_is_left_alone():
    assert collected(["orders.*", "customers.*", "subscriptions.id", "!products.*"]) == (
        "customers",
        "subscriptions",
        "orders",
    )
    assert collected(["*.*", "!carts.*", "!shipments.note"])[:3] == ("customers", "subscriptions", "orders")
    assert "carts" not in collected(["*.*", "!carts.*"])
    assert collected([]) == ()


def test_what_hangs_below_a_stream_is_read_with_it():
    assert only("customers") == {
        "TAP_CRATEJOY__SELECT_FILTER": '["customers", "customer_addresses", "customer_metadata"]'
    }


def test_a_move_is_a_command_of_this_project():
    todo = command(Move("collect", "orders"))
    assert todo.words[1:] == ("run", "migration:unlock", "tap-cratejoy", "target-postgres")
    assert todo.variables["TAP_CRATEJOY__SELECT_FILTER"] == '["orders"]'
    assert command(Move("audit", "orders")).words[1:] == ("audit", "--stream", "orders")
    assert command(Move("verify", asks=True)).words[1:] == ("verify",)
