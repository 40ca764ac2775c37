"""What a scan must come to, whatever the server does: every row that existed throughout, named holes, honest proof."""

from __future__ import annotations

import random

import pytest
from fakes import RESUMED, FakeCratejoy, scan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_cratejoy.errors import NotFound, Refused, Unhealed, Unreachable


def ids_of(number: int) -> list[int]:
    return [7_101_000_000 + 7 * place for place in range(number)]


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 95, 100])
def test_every_row_is_emitted_once_in_page_order(base: int, concurrency: int, rows: int) -> None:
    server = FakeCratejoy(ids_of(rows), base=base)
    scan, emitted = scan_of(server, concurrency=concurrency)
    assert emitted == ids_of(rows)
    assert scan.proven
    assert scan.outcomes[0].passes == 1


def test_the_first_page_is_asked_for_without_a_number() -> None:
    server = FakeCratejoy(ids_of(30), base=1)
    scan_of(server)
    assert server.pages_asked[0] is None
    assert server.pages_asked == [None, 3, 2, None]  # the last page early, the first once more: to notice what moves


def test_a_collection_of_one_page_takes_one_request() -> None:
    server = FakeCratejoy(ids_of(7))
    scan_of(server)
    assert server.pages_asked == [None]


def test_a_next_that_stays_on_after_the_last_page_ends_with_no_row_twice() -> None:
    def always_next(envelope: dict, params: dict) -> dict:
        return {**envelope, "next": f"?page={int(params.get('page', 0)) + 1}&limit=10"}

    scan, emitted = scan_of(FakeCratejoy(ids_of(30), answer=always_next))
    assert emitted == ids_of(30)
    assert scan.proven


@pytest.mark.parametrize("page", ["0", "3", "5"])
def test_a_next_that_is_null_too_early_hides_nothing(page: str) -> None:
    def null_on(envelope: dict, params: dict) -> dict:
        return {**envelope, "next": None} if params.get("page", "0") == page else envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(95), answer=null_on))
    assert emitted == ids_of(95)
    assert scan.proven


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("rows", [11, 20, 25, 95])
@pytest.mark.parametrize("pages", [{None, "0", "1"}, {None, "0", "1", "2", "3"}])
@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_first_next_that_is_null_hides_nothing(base: int, rows: int, pages: set, concurrency: int) -> None:
    """Without it pages are counted from 0; the second one asked for may be the first once more."""

    def null_on(envelope: dict, params: dict) -> dict:
        return {**envelope, "next": None} if params.get("page") in pages else envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(rows), base=base, answer=null_on), concurrency=concurrency)
    assert set(emitted) == set(ids_of(rows))
    assert scan.proven


def test_rows_seen_before_do_not_end_a_pass_that_has_not_seen_as_many_as_there_are() -> None:
    """Page 2 brings the rows of page 1 and a null next, once."""
    rows, asked = ids_of(60), []

    def repeat(envelope: dict, params: dict) -> dict:
        asked.append(params.get("page"))
        if asked.count("2") == 1 and params.get("page") == "2":
            return {**envelope, "next": None, "results": [{"id": row} for row in rows[10:20]]}
        return envelope

    scan, emitted = scan_of(FakeCratejoy(rows, answer=repeat), passes=0)
    assert set(emitted) == set(rows[:20] + rows[30:])
    assert not scan.proven


@pytest.mark.parametrize("base", [0, 1])
def test_without_a_count_a_first_next_that_is_null_hides_nothing(base: int) -> None:
    server = FakeCratejoy(ids_of(95), base=base, answer=lambda e, p: {**e, "next": None, "count": None})
    _, emitted = scan_of(server)
    assert set(emitted) == set(ids_of(95))


def test_a_next_that_loops_hides_nothing_and_ends() -> None:
    def loop(envelope: dict, params: dict) -> dict:
        return {**envelope, "next": "?page=1&limit=10"} if envelope["next"] else envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(60), answer=loop))
    assert emitted == ids_of(60)
    assert scan.proven


@pytest.mark.parametrize("following", ["garbage", "?limit=10", 17, {"page": 1}, "?page=-1", "?page=999"])
def test_a_next_that_cannot_be_used_hides_nothing(following: object) -> None:
    def mangle(envelope: dict, params: dict) -> dict:
        return {**envelope, "next": following} if envelope["next"] else envelope

    for base in (0, 1):
        _, emitted = scan_of(FakeCratejoy(ids_of(60), base=base, answer=mangle))
        assert set(emitted) == set(ids_of(60)), base


def test_a_first_next_that_skips_a_page_is_found_out() -> None:
    """`next` says page 2 on a zero-based collection: page 1 would never be read."""

    def skip(envelope: dict, params: dict) -> dict:
        return {**envelope, "next": "?page=2&limit=10"} if "page" not in params else envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(60), answer=skip))
    assert set(emitted) == set(ids_of(60))
    assert scan.proven


@pytest.mark.parametrize("off", [-20, -3, 3, 40])
def test_a_count_that_lies_is_never_called_proven_and_loses_nothing(off: int) -> None:
    def lie(envelope: dict, params: dict) -> dict:
        return {**envelope, "count": envelope["count"] + off}

    scan, emitted = scan_of(FakeCratejoy(ids_of(60), answer=lie))
    assert set(emitted) == set(ids_of(60))
    assert not scan.proven
    assert scan.outcomes[0].missing == max(0, off)
    assert scan.outcomes[0].passes == 3


@pytest.mark.parametrize("count", [None, "60", -1, 60.5])
def test_a_count_that_cannot_be_used_loses_nothing_and_proves_nothing(count: object) -> None:
    scan, emitted = scan_of(FakeCratejoy(ids_of(60), answer=lambda e, p: {**e, "count": count}))
    assert set(emitted) == set(ids_of(60))
    assert not scan.proven


def test_empty_pages_in_the_middle_do_not_end_the_scan() -> None:
    """The hole around pages 118 and 119: empty once, there the next time."""
    holes = {"118", "119"}

    def hole(envelope: dict, params: dict) -> dict:
        page = params.get("page")
        if page in holes:
            holes.remove(page)
            return {**envelope, "results": []}
        return envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(1300), answer=hole), concurrency=4)
    assert set(emitted) == set(ids_of(1300))
    assert scan.proven
    assert scan.outcomes[0].passes == 2


def test_a_hole_that_never_fills_is_reported_missing() -> None:
    def hole(envelope: dict, params: dict) -> dict:
        gone = set(ids_of(100)[50:60])
        return {**envelope, "results": [row for row in envelope["results"] if row["id"] not in gone]}

    scan, emitted = scan_of(FakeCratejoy(ids_of(100), answer=hole))
    assert len(set(emitted)) == 90
    assert scan.outcomes[0].missing == 10
    assert not scan.proven


def test_a_server_that_serves_fewer_rows_than_asked_keeps_its_page_size_for_the_scan() -> None:
    server = FakeCratejoy(ids_of(95), cap=7)
    scan, emitted = scan_of(server, size=50)
    assert emitted == ids_of(95)
    assert scan.bookmark.state["page_size"] == 7
    assert {request["limit"] for request in server.requests[1:]} == {"7"}


def test_a_server_that_refuses_large_pages_is_asked_for_smaller_ones() -> None:
    def refuse(envelope: dict, params: dict) -> dict:
        if int(params["limit"]) > 200:
            raise Refused("no", status=400, reasons=("limit must not exceed 200",))
        return envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(500), answer=refuse), size=1000)
    assert emitted == ids_of(500)
    assert scan.bookmark.state["page_size"] == 125


def test_a_400_about_something_else_is_final() -> None:
    def refuse(envelope: dict, params: dict) -> dict:
        raise Refused("no", status=400, reasons=("Unknown property 'x'",))

    server = FakeCratejoy(ids_of(5), answer=refuse)
    scan, _ = scan_of(server)
    assert scan.failed
    assert len(server.requests) == 1


@pytest.mark.parametrize("base", [0, 1])
def test_a_page_that_fails_at_100_rows_is_read_in_smaller_windows(base: int) -> None:
    def heavy(envelope: dict, params: dict) -> dict:
        index = int(params.get("page", base)) - base
        rows = range(index * int(params["limit"]), (index + 1) * int(params["limit"]))
        if int(params["limit"]) > 30 and rows.start <= 450 < rows.stop:
            raise Unhealed("too heavy")
        return envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(1000), base=base, answer=heavy), size=100, concurrency=3)
    assert emitted == ids_of(1000)
    assert scan.proven


@pytest.mark.parametrize("base", [0, 1])
def test_a_first_page_that_fails_at_its_size_is_read_in_smaller_windows(base: int) -> None:
    def heavy(envelope: dict, params: dict) -> dict:
        index = int(params.get("page", base)) - base
        if int(params["limit"]) > 10 and index * int(params["limit"]) < 40:
            raise Unhealed("too heavy")
        return envelope

    _, emitted = scan_of(FakeCratejoy(ids_of(200), base=base, answer=heavy), size=40)
    assert emitted == ids_of(200)


@pytest.mark.parametrize("size", [10, 7, 97])
def test_a_row_that_always_fails_is_the_only_one_not_read_and_is_named(size: int) -> None:
    poison = 53

    def poisoned(envelope: dict, params: dict) -> dict:
        index, limit = int(params.get("page", 0)), int(params["limit"])
        if index * limit <= poison < (index + 1) * limit:
            raise Unhealed("poison")
        return envelope

    state: dict = {}
    scan, emitted = scan_of(FakeCratejoy(ids_of(200), answer=poisoned), size=size, state=state)
    rows = ids_of(200)
    assert set(emitted) == set(rows) - {rows[poison]}
    assert scan.failed == ["rows 53 to 53 (page 53 at 1 rows a page)"]
    assert state.get("page", -1) == poison // size - 1


def test_pages_that_all_fail_at_their_size_are_soon_asked_for_in_parts_only() -> None:
    tried: list[int] = []

    def heavy(envelope: dict, params: dict) -> dict:
        tried.append(int(params["limit"]))
        if int(params["limit"]) > 50:
            raise Unhealed("too heavy")
        return envelope

    _, emitted = scan_of(FakeCratejoy(ids_of(2000), answer=heavy), size=100)
    assert emitted == ids_of(2000)
    assert tried.count(100) <= 4


def test_a_server_that_goes_away_for_good_fails_the_stream_and_keeps_the_bookmark() -> None:
    def away(server: FakeCratejoy, number: int | None) -> None:
        if number is not None and number >= 4:
            raise Unreachable("gone")

    state: dict = {}
    scan, emitted = scan_of(FakeCratejoy(ids_of(100), before=away), state=state)
    assert emitted == ids_of(40)
    assert scan.failed == ["gone"]
    assert state["page"] == 3


def test_a_404_beyond_the_last_page_is_its_end() -> None:
    def strict(envelope: dict, params: dict) -> dict:
        if int(params.get("page", 0)) >= 3:
            raise NotFound("no such page")
        return {**envelope, "next": f"?page={int(params.get('page', 0)) + 1}"}

    scan, emitted = scan_of(FakeCratejoy(ids_of(30), answer=lambda e, p: strict({**e, "count": 31}, p)))
    assert set(emitted) == set(ids_of(30))
    assert not scan.proven


@pytest.mark.parametrize("concurrency", [1, 4])
def test_many_pages_in_a_row_that_fail_are_named_and_everything_else_is_read(concurrency: int) -> None:
    dead = range(200, 700)

    def hole(envelope: dict, params: dict) -> dict:
        start = int(params.get("page", 0)) * int(params["limit"])
        if start < dead.stop and dead.start < start + int(params["limit"]):
            raise Unhealed("always 500")
        return envelope

    state: dict = {}
    scan, emitted = scan_of(
        FakeCratejoy(ids_of(1000), answer=hole), size=50, state=state, passes=0, concurrency=concurrency
    )
    assert set(emitted) == set(ids_of(1000)[:200] + ids_of(1000)[700:])
    assert "page 4 at" in scan.failed[0] or "rows 200" in scan.failed[0]
    assert state["page"] == 3


def test_a_server_that_fails_from_some_page_on_is_soon_left_alone() -> None:
    def late(server: FakeCratejoy, number: int | None) -> None:
        if number is not None and number * int(server.requests[-1]["limit"]) >= 300:
            raise Unhealed("always 500")

    server = FakeCratejoy(ids_of(100_000), before=late)
    scan, emitted = scan_of(server, size=100)
    assert set(emitted) == set(ids_of(300))
    assert "pages in a row could not be read" in scan.failed[-1]
    assert len(server.requests) < 100


def test_a_collection_of_which_nothing_can_be_read_fails_soon() -> None:
    def dead(server: FakeCratejoy, number: int | None) -> None:
        raise Unhealed("always 500")

    server = FakeCratejoy(ids_of(1000), before=dead)
    scan, emitted = scan_of(server, size=100)
    assert not emitted
    assert "nothing of the first page" in scan.failed[0]
    assert len(server.requests) < 30


# Rows that come and go


def test_a_row_deleted_behind_the_read_position_is_healed_by_a_further_pass() -> None:
    rows = ids_of(60)

    def delete(server: FakeCratejoy, number: int | None) -> None:
        if number == 3 and len(server.ids) == 60:
            del server.ids[5]

    scan, emitted = scan_of(FakeCratejoy(list(rows), before=delete))
    assert set(rows) - {rows[5]} <= set(emitted)
    assert scan.proven
    assert scan.outcomes[0].passes == 2


def test_an_insert_and_a_delete_that_cancel_out_in_count_are_found_out() -> None:
    """`count` stands still and as many distinct ids were seen as it says; one row was lost all the same."""
    rows = ids_of(60)
    done = []

    def swap(server: FakeCratejoy, number: int | None) -> None:
        if number == 3 and not done:
            done.append(True)
            del server.ids[5]
            server.ids.append(server.ids[-1] + 7)

    scan, emitted = scan_of(FakeCratejoy(list(rows), before=swap))
    assert set(rows) - {rows[5]} <= set(emitted)
    assert scan.outcomes[0].passes == 2


def test_a_count_that_was_another_one_for_a_moment_is_no_steady_count() -> None:
    """Only the early look at the last page sees it: by the next page an insert has made up for the delete."""
    rows = ids_of(60)

    def blink(server: FakeCratejoy, number: int | None) -> None:
        if len(server.requests) == 2:
            del server.ids[33]
        if len(server.requests) == 3:
            server.ids.append(server.ids[-1] + 7)
        if len(server.requests) == 5:  # a row goes behind the read position, another comes at the end
            del server.ids[15]
            server.ids.append(server.ids[-1] + 7)

    scan, emitted = scan_of(FakeCratejoy(list(rows), before=blink))
    assert set(rows) - {rows[33], rows[16], rows[15]} <= set(emitted)
    assert scan.outcomes[0].passes > 1


def test_rows_that_come_in_the_middle_while_others_go_from_the_front_are_found_out() -> None:
    rows = ids_of(520)
    done = []

    def swap(server: FakeCratejoy, number: int | None) -> None:
        if number == 5 and not done:
            done.append(True)
            del server.ids[:3]
            for place, after in ((400, 3), (300, 2), (200, 1)):
                server.ids.insert(place, server.ids[place - 1] + after)

    scan, emitted = scan_of(FakeCratejoy(list(rows), before=swap), size=25)
    assert set(rows[3:]) <= set(emitted)
    assert scan.outcomes[0].passes > 1


@pytest.mark.parametrize("size", [10, 25])
def test_rows_that_come_and_go_at_the_front_in_turn_cost_no_row_that_stays(size: int) -> None:
    rows = ids_of(200)
    turn = []

    def at_the_front(server: FakeCratejoy, number: int | None) -> None:
        turn.append(number)
        if len(turn) % 2:
            server.ids.insert(0, server.ids[0] - 1)
        else:
            del server.ids[0]

    _, emitted = scan_of(FakeCratejoy(list(rows), before=at_the_front), size=size)
    assert set(rows) <= set(emitted)


def test_a_count_that_lies_hugely_costs_few_requests() -> None:
    server = FakeCratejoy(ids_of(300), answer=lambda e, p: {**e, "count": 10**9})
    _, emitted = scan_of(server, size=10)
    assert set(emitted) == set(ids_of(300))
    assert len(server.requests) < 250


def test_a_last_page_that_comes_again_and_again_costs_few_requests() -> None:
    rows = ids_of(300)

    def repeat(envelope: dict, params: dict) -> dict:
        last = [{"id": row} for row in rows[-10:]]
        page = int(params.get("page", 0))
        return {**envelope, "count": 10**6, "next": f"?page={page + 1}", "results": envelope["results"] or last}

    server = FakeCratejoy(rows, answer=repeat)
    _, emitted = scan_of(server, size=10)
    assert set(emitted) == set(rows)
    assert len(server.requests) < 300


@pytest.mark.parametrize("count", [None, "300", 300.5])
def test_without_a_count_a_full_page_is_not_the_last_whatever_next_says(count: object) -> None:
    server = FakeCratejoy(ids_of(295), answer=lambda e, p: {**e, "next": None, "count": count})
    _, emitted = scan_of(server, size=25)
    assert set(emitted) == set(ids_of(295))


def test_ids_that_come_as_text_count_like_any_others() -> None:
    def as_text(envelope: dict, params: dict) -> dict:
        return {**envelope, "results": [{"id": str(row["id"])} for row in envelope["results"]]}

    scan, emitted = scan_of(FakeCratejoy(ids_of(60), answer=as_text))
    assert {int(row) for row in emitted} == set(ids_of(60))
    assert scan.proven


@pytest.mark.parametrize(
    "reasons", [(), ("per_page too large",), ("Too many results requested",), ("max 100 rows",), ("Bad request",)]
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_large_pages_refused_in_any_words_are_asked_for_smaller(reasons: tuple, status: int) -> None:
    def refuse(envelope: dict, params: dict) -> dict:
        if int(params["limit"]) > 100:
            raise Refused("no", status=status, reasons=reasons)
        return envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(500), answer=refuse), size=1000)
    assert emitted == ids_of(500)
    assert scan.proven


def test_a_limit_that_sinks_in_mid_scan_loses_nothing() -> None:
    server = FakeCratejoy(ids_of(1000))

    def refuse(envelope: dict, params: dict) -> dict:
        if len(server.requests) > 5 and int(params["limit"]) > 30:
            raise Refused("no", status=400, reasons=("limit must be <= 30",))
        return envelope

    server.answer = refuse
    scan, emitted = scan_of(server, size=100)
    assert set(emitted) == set(ids_of(1000))
    assert not scan.failed


def test_a_page_that_is_empty_at_its_size_is_read_in_smaller_windows_by_a_further_pass() -> None:
    def hole(envelope: dict, params: dict) -> dict:
        return {**envelope, "results": []} if params.get("page") == "4" and params["limit"] == "25" else envelope

    scan, emitted = scan_of(FakeCratejoy(ids_of(300), answer=hole), size=25)
    assert set(emitted) == set(ids_of(300))
    assert scan.proven


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    rows=st.integers(1, 150),
    size=st.integers(1, 12),
    concurrency=st.integers(1, 4),
    churn=st.integers(1, 3),
)
def test_rows_that_exist_throughout_are_all_there_however_others_come_and_go(
    seed: int, rows: int, size: int, concurrency: int, churn: int
) -> None:
    dice = random.Random(seed)
    server = FakeCratejoy(ids_of(rows))
    throughout = set(server.ids)

    def drift(fake: FakeCratejoy, number: int | None) -> None:
        for _ in range(churn):
            if dice.random() < 0.5 and len(fake.ids) > 1:
                gone = fake.ids.pop(dice.randrange(len(fake.ids)))
                throughout.discard(gone)
            if dice.random() < 0.5:
                fake.ids.append(max(fake.ids) + 7)

    server.before = drift
    scan, emitted = scan_of(server, size=size, concurrency=concurrency)
    missing = throughout - set(emitted)
    assert not missing or concurrency > 1  # several pages asked for at once may slip past each other ...
    assert not (missing and scan.proven)  # ... but that is never called proven


# Going on after an interruption


def interrupted(rows: int, page: int, **extra: object) -> dict:
    return {
        "run_id": "run-1", "scan_started_at": "2026-01-01T00:00:00Z", "page": page, "page_size": 10,
        "records": 0, "count": rows, "complete": False, "proven": False, **extra,
    }  # fmt: skip


@pytest.mark.parametrize(("base", "page", "first"), [(0, 5, 4), (1, 5, 4), (1, 3, 2)])
def test_a_killed_scan_goes_on_one_page_before_its_bookmark(base: int, page: int, first: int) -> None:
    server = FakeCratejoy(ids_of(100), base=base)
    _, emitted = scan_of(server, state=interrupted(100, page, first_page=base), run=RESUMED, passes=0)
    assert server.pages_asked[0] == first
    assert emitted == ids_of(100)[(first - base) * 10 :]


@pytest.mark.parametrize(("base", "page"), [(0, 0), (0, 1), (1, 1), (1, 2)])
def test_a_scan_killed_on_its_first_pages_starts_at_the_unnumbered_first_page(base: int, page: int) -> None:
    server = FakeCratejoy(ids_of(100), base=base)
    _, emitted = scan_of(server, state=interrupted(100, page, first_page=base), run=RESUMED, passes=0)
    assert server.pages_asked[0] is None
    assert emitted == ids_of(100)


def test_a_scan_that_goes_on_keeps_the_page_size_it_began_with() -> None:
    server = FakeCratejoy(ids_of(100))
    state = interrupted(100, 5, first_page=0)
    scan_of(server, size=50, state=state, run=RESUMED, passes=0)
    assert {request["limit"] for request in server.requests} == {"10"}
    assert state["page_size"] == 10


def test_an_interrupted_scan_is_only_proven_by_a_further_uninterrupted_pass() -> None:
    for passes, proven in ((0, False), (1, True)):
        scan, _ = scan_of(
            FakeCratejoy(ids_of(100)), state=interrupted(100, 5, first_page=0), run=RESUMED, passes=passes
        )
        assert scan.proven is proven


def test_a_bookmark_without_the_base_still_leads_to_every_row() -> None:
    for base in (0, 1):
        server = FakeCratejoy(ids_of(100), base=base)
        _, emitted = scan_of(server, state=interrupted(100, 5), run=RESUMED, passes=0)
        assert emitted == ids_of(100)[(4 - base) * 10 :]
