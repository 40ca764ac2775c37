"""What reading a page concedes, and what it must not take for the end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from datetime import UTC, datetime

import pytest
from fakes import LOGGER, RESUMED, FakeCratejoy, scan_of
from tap_cratejoy.errors import NotFound, Refused, StreamFailed, Unhealed
from tap_cratejoy.pages import PageReader
from tap_cratejoy.pagination import Lanes
from tap_cratejoy.scan import Query

IDS = [7_101_000_000 + 7 * place for place in range(100)]
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def refused(*reasons: str, status: int = 400) -> Refused:
    return Refused("refused", status=status, reasons=reasons)


def reader_of(server: FakeCratejoy, *, size: int = 10, base: int | None = None, **params: str) -> PageReader:
    return PageReader(server, "/customers/", params, size=size, base=base, logger=LOGGER)  # type: ignore[arg-type]


def refusing(name: str, reason: str) -> Callable[[dict, dict], dict]:
    def answer(envelope: dict, params: dict) -> dict:
        if name in params:
            raise refused(reason)
        return envelope

    return answer


@pytest.mark.parametrize("name", ["with", "placed_at__ge"])
def test_a_parameter_that_is_refused_is_left_off(name: str) -> None:
    reader = reader_of(FakeCratejoy(IDS, answer=refusing(name, "Unknown property")), **{name: "x"})
    assert len(reader.open().rows) == 10
    assert reader.params == {}


def test_a_scan_that_goes_on_leaves_it_off_again() -> None:
    """Else the refusal would fail the stream on every further run, which all go on at the same page."""
    server = FakeCratejoy(IDS, answer=refusing("placed_at__ge", "Unknown property 'placed_at'"))
    state = {
        "run_id": "run-1", "scan_started_at": "2026-01-02T00:00:00Z", "page": 5, "page_size": 10, "first_page": 0,
        "records": 60, "count": 100, "filter": "placed_at", "since": "2026-01-01T00:00:00Z", "pass": 1,
    }  # fmt: skip
    scan, emitted = scan_of(
        server, state=state, run=RESUMED, passes=0, concurrency=4, queries=[Query("placed_at", SINCE)]
    )
    assert scan.failed == []
    assert emitted == IDS[40:]


def test_a_scan_that_goes_on_reads_in_parts_what_the_server_now_finds_too_large() -> None:
    def answer(envelope: dict, params: dict) -> dict:
        if int(params["limit"]) > 3:
            raise refused("limit must not exceed 3")
        return envelope

    reader = reader_of(FakeCratejoy(IDS, answer=answer), base=0)
    assert [row["id"] for row in reader.read(4).rows] == IDS[40:50]
    assert reader.size == 10


def test_what_was_accepted_once_is_never_given_up() -> None:
    """A server that refuses the page behind the last one must not make us drop what we embed."""

    def answer(envelope: dict, params: dict) -> dict:
        if int(params.get("page", 0)) > 9:
            raise refused()
        return envelope

    reader = reader_of(FakeCratejoy(IDS, answer=answer), **{"with": "addresses"})
    reader.open()
    with pytest.raises(Refused):
        reader.read(10)
    assert reader.params == {"with": "addresses"}


@pytest.mark.parametrize("refusal", [NotFound("none"), refused("no such page")])
def test_the_last_page_read_in_parts_keeps_its_rows_when_parts_behind_the_end_are_refused(
    refusal: StreamFailed,
) -> None:
    ids = IDS[:95]

    def answer(envelope: dict, params: dict) -> dict:
        limit, page = int(params["limit"]), int(params.get("page", 0))
        if limit > 2:
            raise Unhealed("too heavy")
        if page * limit >= len(ids):
            raise refusal
        return envelope

    scan, emitted = scan_of(FakeCratejoy(ids, answer=answer), size=10)
    assert emitted == ids
    assert scan.failed == []
    assert scan.proven


def test_a_part_in_the_middle_that_is_refused_fails_the_page() -> None:
    def answer(envelope: dict, params: dict) -> dict:
        if int(params["limit"]) > 5:
            raise Unhealed("too heavy")
        if int(params["page"]) == 3:
            raise refused("no")
        return envelope

    reader = reader_of(FakeCratejoy(IDS, answer=answer), base=0)
    with pytest.raises(Refused):
        reader.read(1)


@pytest.mark.parametrize("state", [{"filter": None}, {"filter": "created_at", "since": "2025-01-01T00:00:00Z"}])
def test_the_page_of_another_query_is_not_gone_on_with(state: dict) -> None:
    """A start_date set meanwhile, another replication key: page 5 of the one is not page 5 of the other."""
    server = FakeCratejoy(IDS)
    known = {
        "run_id": "run-1", "scan_started_at": "2026-01-02T00:00:00Z", "page": 5, "page_size": 10, "first_page": 0,
        "records": 60, "count": 100, "pass": 1,
    }  # fmt: skip
    _, emitted = scan_of(server, state={**known, **state}, run=RESUMED, passes=0, queries=[Query("placed_at", SINCE)])
    assert emitted == IDS


class _LateFuture(Future):
    """Becomes done in the moment after waiting for it was given up."""

    def result(self, timeout: float | None = None) -> int:
        if not self.done():
            self.set_result(7)
            raise NotYet
        return super().result(timeout)


def test_a_result_that_arrives_just_as_waiting_ends_is_taken() -> None:
    lanes = Lanes(1, lambda: None)
    assert lanes.result(_LateFuture()) == 7
    lanes.close()


def test_an_error_of_the_work_itself_reaches_the_caller() -> None:
    lanes = Lanes(1, lambda: None)

    def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        lanes.result(lanes.submit(fail))
    lanes.close()
