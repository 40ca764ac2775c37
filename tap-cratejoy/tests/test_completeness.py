"""When a pass over a collection proves that nothing is missing, and when it must not claim so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_cratejoy.completeness import Tally


def tally_of(*pages: tuple[list[int], int | None], **more: int | None) -> Tally:
    tally = Tally(**more)
    for ids, count in pages:
        tally.add(ids, count)
    return tally


def test_as_many_distinct_ids_as_a_steady_count_are_proof() -> None:
    tally = tally_of(([1, 2], 3), ([3], 3))
    assert tally.proven
    assert (tally.distinct, tally.covered, tally.rows, tally.pages) == (3, 3, 3, 2)


def test_an_empty_collection_is_proven_by_its_one_page() -> None:
    assert tally_of(([], 0)).proven


@pytest.mark.parametrize(
    "pages",
    [
        [],
        [([1, 2], 3)],
        [([1, 2], 3), ([2, 1], 3)],
        [([1, 2, 3, 4], 3)],
        [([1, 2], 4), ([3], 3)],
        [([1, 2], 3), ([3], None)],
        [([1, 2], None), ([3], 3)],
        [([1, 2, 3], None)],
    ],
    ids=["nothing", "too few", "repeated", "too many", "count moved", "count gone", "count late", "no count"],
)
def test_anything_less_is_no_proof(pages: list) -> None:
    assert not tally_of(*pages).proven


def test_a_pass_that_took_over_from_an_interrupted_run_is_no_proof() -> None:
    tally = tally_of(([3, 4], 4), start_rows=2)
    assert tally.covered == 4
    assert tally.reached
    assert not tally.proven


def test_rows_seen_twice_count_once() -> None:
    tally = Tally()
    assert tally.add([1, 2, 2], 3) == 2
    assert tally.add([2, 3], 3) == 1
    assert (tally.distinct, tally.rows) == (3, 5)
    assert tally.proven


def test_a_count_counts_as_reached_once_as_many_were_seen() -> None:
    tally = tally_of(([1, 2], 3))
    assert not tally.reached
    tally.add([3], 3)
    assert tally.reached
    assert not tally_of(([1, 2], None)).reached


def test_a_page_without_count_leaves_the_last_one_known() -> None:
    assert tally_of(([1], 5), ([2], None)).count == 5


def test_what_was_seen_to_move_is_no_proof_though_the_numbers_agree() -> None:
    tally = tally_of(([1, 2], 3), ([3], 3))
    tally.steady = False
    assert not tally.proven


def test_ids_of_any_64_bit_size_are_told_apart() -> None:
    ids = [-(2**63), -1, 0, 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1]
    assert tally_of((ids, len(ids))).distinct == len(ids)
    assert tally_of((ids, len(ids))).proven


@given(st.lists(st.lists(st.integers(0, 60), max_size=8), max_size=8), st.integers(0, 60))
def test_distinct_ids_are_those_of_a_set_however_they_come_in_pages(pages: list[list[int]], count: int) -> None:
    tally = Tally()
    new = sum(tally.add(page, count) for page in pages)
    distinct = {value for page in pages for value in page}
    assert tally.distinct == new == len(distinct)
    assert tally.proven == (bool(pages) and len(distinct) == count)
