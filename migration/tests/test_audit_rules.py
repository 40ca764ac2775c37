"""The arithmetic of an audit: counts, what was accepted, which rows are wanted, how they are read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cratejoy_migration.audit import gate, plan
from cratejoy_migration.audit.lines import Line, beyond, by_counts, newcomers
from cratejoy_migration.audit.newer import at_collection
from cratejoy_migration.audit.scope import CHILDREN, COUNTABLE, Scope
from cratejoy_migration.audit.screen import notes
from cratejoy_migration.audit.streams import audited, chosen, uncountable
from cratejoy_migration.audit.verdict import left_over, next_step
from cratejoy_migration.errors import OperatorError
from hypothesis import given
from hypothesis import strategies as st

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def line(stream: str = "orders", missing: int | None = 0, **more: object) -> Line:
    return Line(stream, 100, 100 - (missing or 0), missing, **more)  # type: ignore[arg-type]


# Counts


def test_what_cratejoy_counts_and_is_not_staged_is_missing() -> None:
    assert by_counts("orders", 300, 298).missing == 2
    assert by_counts("orders", 300, 298).extra == 0


def test_what_is_staged_and_no_longer_counted_is_extra_and_not_missing() -> None:
    found = by_counts("orders", 298, 300)
    assert (found.missing, found.extra) == (0, 2)


def test_rows_that_came_after_the_collection_are_not_missing() -> None:
    found = by_counts("orders", 310, 300, 7)
    assert (found.missing, found.new) == (3, 7)


def test_more_new_rows_than_are_short_hide_nothing_else() -> None:
    found = by_counts("orders", 305, 302, 50)
    assert (found.missing, found.new) == (0, 3)


def test_without_a_count_nothing_is_claimed() -> None:
    assert by_counts("orders", None, 300).missing is None


def test_new_rows_are_told_by_the_counts_then_and_now() -> None:
    assert newcomers(310, 300) == 10
    assert newcomers(290, 300) == 0
    assert newcomers(310, None) == 0


MARK = {"complete": True, "count": 300, "scan_started_at": "2026-06-01T00:00:00Z"}


def test_the_count_of_a_finished_scan_of_the_whole_stream_is_gone_by() -> None:
    assert at_collection(MARK, None) == 300


@pytest.mark.parametrize("change", [{"complete": False}, {"filter": "placed_at"}, {"count": None}])
def test_the_count_of_half_a_scan_or_of_some_dates_is_not(change: dict[str, object]) -> None:
    assert at_collection({**MARK, **change}, None) is None


def test_rows_that_a_clean_audit_saw_after_the_scan_are_not_new_any_more() -> None:
    after = datetime(2026, 6, 2, tzinfo=UTC)
    assert at_collection(MARK, Line("orders", 305, 305, 0, checked_at=after)) == 305
    assert at_collection(MARK, Line("orders", 305, 302, 3, checked_at=after)) == 300
    assert at_collection(MARK, Line("orders", 305, 305, 0, checked_at=after - timedelta(days=9))) == 300


# What was accepted


def test_what_was_accepted_of_a_stream_covers_that_stream_only() -> None:
    lines = [line("orders", 12), line("customers", 12)]
    assert beyond(lines, {"orders": 12}) == {"customers": 12}
    assert beyond(lines, {"orders": 11}) == {"orders": 1, "customers": 12}


def test_what_was_accepted_of_all_covers_what_is_left_of_each() -> None:
    lines = [line("orders", 12), line("customers", 3)]
    assert beyond(lines, {"orders": 10, "all": 5}) == {}
    assert beyond(lines, {"orders": 10, "all": 4}) == {"customers": 1}


def test_no_number_covers_what_is_not_known() -> None:
    assert beyond([line("orders", None)], {"orders": 1_000_000, "all": 1_000_000}) == {"orders": 1}


def test_extra_rows_are_no_failure() -> None:
    assert beyond([line("orders", 0, extra=7)], {}) == {}


@given(st.lists(st.integers(0, 20), max_size=5), st.integers(0, 30))
def test_in_all_exactly_what_exceeds_the_amount_is_beyond(missing: list[int], amount: int) -> None:
    lines = [line(f"s{place}", count) for place, count in enumerate(missing)]
    assert sum(beyond(lines, {"all": amount}).values()) == max(0, sum(missing) - amount)


# What to do next


def test_the_last_line_says_what_to_do() -> None:
    assert next_step([line(missing=2, rows=98)], {}, deep=False) == "2 rows are missing. Next: migration backfill"
    assert next_step([line(missing=1, rows=99)], {}, deep=True) == "1 row is missing. Next: migration backfill"
    assert "as accepted" in next_step([line(missing=2, rows=98)], {"orders": 2}, deep=False)
    assert next_step([line(rows=9)], {}, deep=True) == (
        "Nothing is missing. Next: migration forecast, then meltano run migrate"
    )
    assert "meltano run collect" in next_step([line(missing=100)], {}, deep=False)
    uncounted, forbidden = "Cratejoy tells no count", "GET /orders/ is forbidden (403)"
    assert "--deep" in next_step([line(missing=None, rows=9, trouble=uncounted)], {}, deep=False)
    assert "--deep" not in next_step([line(missing=None, rows=9, trouble=uncounted)], {}, deep=True)
    assert "--deep" not in next_step([line(missing=None, rows=9, trouble=forbidden)], {}, deep=False)


def test_what_a_backfill_could_not_close_is_one_sentence() -> None:
    assert left_over([line()], {}) is None
    said = left_over([line(missing=3, rows=97)], {})
    assert said is not None
    assert "orders: 3" in said
    assert "migration accept missing --stream orders --count 3" in said


# The gate


def test_an_audit_holds_until_rows_come_or_go() -> None:
    lines = [line("customers", rows=100), line("orders", rows=50), line("carts")]
    both = ["customers", "orders"]
    assert gate.describes(lines, {"customers": 100, "orders": 50}, both)
    assert not gate.describes(lines, {"customers": 100, "orders": 51}, both)
    assert not gate.describes(lines, {"customers": 100}, both)
    assert not gate.describes(lines, {"customers": 100, "orders": 50, "carts": 1}, both)


def test_an_audit_without_a_line_for_a_stream_that_is_wanted_does_not_hold() -> None:
    assert not gate.describes([line("customers", rows=100)], {"customers": 100}, ["customers", "orders"])
    assert not gate.describes([], {}, ["customers"])
    assert not gate.describes([line("customers", None, rows=100)], {"customers": 100}, ["customers"])


def test_an_audit_of_before_is_set_right_by_what_was_stored_and_deleted_since() -> None:
    [found] = gate.recounted([line(missing=10, rows=90)], {"orders": 96})
    assert (found.missing, found.staged, found.rows) == (4, 96, 96)
    [found] = gate.recounted([line(missing=0, rows=100)], {"orders": 90})
    assert found.missing == 10
    [found] = gate.recounted([line(missing=0, rows=100)], {})
    assert found.missing == 100


def test_the_refusal_names_the_three_ways_on_and_the_rehearsal() -> None:
    said = gate.refusal([line("orders", 12), line("customers", 1)], {"customers": 1})
    assert said is not None
    for way in ("12 of orders", "meltano run collect", "migration backfill", "--count 12", "TAP_CRATEJOY_RECORD_LIMIT"):
        assert way in said
    assert "customers" not in said
    assert gate.refusal([line("orders", 12)], {"orders": 12}) is None


def test_the_age_of_an_audit_is_told_in_words() -> None:
    now = datetime(2026, 6, 2, 12, tzinfo=UTC)
    assert gate.age(line(checked_at=now), now) == "just now"
    assert gate.age(line(checked_at=now - timedelta(minutes=1)), now) == "1 minute ago"
    assert gate.age(line(checked_at=now - timedelta(hours=5, minutes=59)), now) == "5 hours ago"
    assert gate.age(line(checked_at=now - timedelta(days=3)), now) == "3 days ago"


# Which streams


def test_the_streams_of_the_project_and_those_with_a_table_are_audited() -> None:
    assert audited(["customers.*", "orders.*"], ["carts", "customer_addresses"]) == ["customers", "orders", "carts"]
    assert audited(["*.*"], []) == list(COUNTABLE)
    assert audited(["*.*", "!carts.*", "!orders.note"], []) == [name for name in COUNTABLE if name != "carts"]
    assert audited(["ship*.*"], []) == ["shipments", "shipment_batches"]


def test_streams_below_an_element_are_named_and_not_counted() -> None:
    assert uncountable(["customers", "customer_addresses"]) == ["customer_addresses"]
    assert set(CHILDREN) & set(COUNTABLE) == set()
    assert CHILDREN["subscription_coupons"] == "subscriptions"


def test_a_stream_that_is_not_audited_cannot_be_chosen() -> None:
    assert chosen([], ["customers", "orders"]) == ["customers", "orders"]
    assert chosen(["orders"], ["customers", "orders"]) == ["orders"]
    for name in ("order", "carts", "customer_addresses"):
        with pytest.raises(OperatorError, match=name):
            chosen([name], ["customers", "orders"])


# Which rows


def test_all_rows_are_wanted_by_default() -> None:
    scope = Scope("orders", "/orders/")
    assert scope.whole
    assert scope.queries == [{}]
    assert scope.takes({"id": 1, "is_test": True})
    assert scope.condition(frozenset({"id", "is_test"})) == ("true", [])


def test_test_rows_are_left_out_where_they_can_be_told() -> None:
    scope = Scope("orders", "/orders/", tests=False)
    assert not scope.takes({"id": 1, "is_test": True})
    assert scope.takes({"id": 1, "is_test": False})
    assert scope.takes({"id": 1, "is_test": None})
    assert scope.condition(frozenset({"id", "is_test"})) == ("t.is_test is not true", [])
    assert scope.condition(frozenset({"id"})) == ("true", [])
    assert Scope("customers", "/customers/", tests=False).whole


def test_rows_before_the_start_date_were_never_wanted() -> None:
    scope = Scope("orders", "/orders/", ("placed_at",), SINCE)
    assert scope.queries == [{"placed_at__ge": "2026-01-01T00:00:00Z"}]
    assert scope.takes({"placed_at": "2026-01-01T00:00:00Z"})
    assert not scope.takes({"placed_at": "2025-12-31T23:59:59Z"})
    assert not scope.takes({"placed_at": None})
    assert scope.condition(frozenset({"id", "placed_at"})) == ("(t.placed_at >= %s)", [SINCE])


def test_two_dates_make_two_queries_that_share_no_row() -> None:
    scope = Scope("shipments", "/shipments/", ("created_at", "shipped_at"), SINCE)
    assert scope.queries == [
        {"created_at__ge": "2026-01-01T00:00:00Z"},
        {"shipped_at__ge": "2026-01-01T00:00:00Z", "created_at__lt": "2026-01-01T00:00:00Z"},
    ]
    assert scope.takes({"created_at": "2025-10-01T00:00:00Z", "shipped_at": "2026-02-01T00:00:00Z"})
    assert not scope.takes({"created_at": "2025-10-01T00:00:00Z", "shipped_at": None})


# How they are read again


def test_whole_pages_are_read_by_page_and_single_rows_by_id() -> None:
    work = plan.cheapest("orders", {118: list(range(100)), 119: [1, 2, 3], 200: [7], 201: []}, 100)
    assert work == plan.Work("orders", [118, 119], [7], 100)
    assert work.requests == 4


def test_a_page_of_two_rows_is_not_worth_looking_up_the_first_page() -> None:
    assert plan.cheapest("orders", {5: [1, 2]}, 100) == plan.Work("orders", [], [1, 2], 100)
    assert plan.cheapest("orders", {5: [1, 2], 6: [3, 4]}, 100) == plan.Work("orders", [5, 6], [], 100)


def test_pages_that_cannot_be_read_go_by_id_and_elements_that_cannot_go_by_page() -> None:
    missing = {118: [1, 2, 3, 4], 200: [7]}
    assert plan.cheapest("orders", missing, 100, paged=False) == plan.Work("orders", [], [1, 2, 3, 4, 7], 100)
    assert plan.cheapest("orders", missing, 100, by_id=False) == plan.Work("orders", [118, 200], [], 100)


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 10), max_size=30))
def test_no_way_of_reading_the_same_rows_costs_less(holes: dict[int, int]) -> None:
    missing = {page: [page * 100 + place for place in range(count)] for page, count in holes.items()}
    work = plan.cheapest("orders", missing, 10)
    by_id = [number for page, ids in missing.items() if page not in work.pages for number in ids]
    assert sorted(by_id) == work.ids
    holey = sum(count > 0 for count in holes.values())
    assert work.requests <= min(sum(holes.values()), holey + 1)


def test_no_variable_gets_longer_than_linux_takes() -> None:
    ids = list(range(7_101_000_000, 7_101_060_000))
    parts = list(plan.portions(plan.Work("orders", list(range(0, 40_000, 2)), ids, 100)))
    assert sorted(number for part in parts for number in part.ids) == ids
    assert sorted(number for part in parts for number in part.pages) == list(range(0, 40_000, 2))
    for part in parts:
        for name, value in plan.variables(part, {}).items():
            assert len(f"{name}={value}") < 128 * 1024 - 1


def test_the_orders_to_the_tap_are_its_settings() -> None:
    found = plan.variables(plan.Work("customers", [118, 119, 205], [7], 100), {"orders": 50})
    assert {name: json.loads(value) for name, value in found.items()} == {
        "TAP_CRATEJOY__SELECT_FILTER": ["customers", "customer_addresses", "customer_metadata"],
        "TAP_CRATEJOY_PAGES": {"customers": "118-119,205"},
        "TAP_CRATEJOY_PAGE_SIZES": {"orders": 50, "customers": 100},
        "TAP_CRATEJOY_IDS": {"customers": [7]},
    }


def test_a_single_row_is_told_as_one() -> None:
    told = list(notes([line(rows=9, foreign=1, extra=1, new=1)]))
    assert told == [
        "orders: 1 staged row is not at Cratejoy (any more); it stays.",
        "orders: 1 row belongs to a customer that is not staged.",
        "orders: 1 row came after the last collection; the next one brings it.",
    ]
    assert list(notes([line(rows=9, foreign=2)])) == ["orders: 2 rows belong to a customer that is not staged."]
