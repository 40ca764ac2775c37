"""Page arithmetic: windows hold exactly the rows they must, and `next` is only believed where it makes sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_cratejoy.windows import Window, base_of, last_index, next_page, parse_pages

WINDOWS = st.builds(Window, index=st.integers(0, 10**6), size=st.integers(1, 1000))


def rows_of(windows: list[Window]) -> list[int]:
    return [row for window in windows for row in window.rows]


def test_a_window_knows_its_rows() -> None:
    assert list(Window(0, 3).rows) == [0, 1, 2]
    assert list(Window(2, 3).rows) == [6, 7, 8]


@pytest.mark.parametrize(
    ("window", "parts"),
    [
        (Window(5, 100), [Window(10, 50), Window(11, 50)]),
        (Window(2, 15), [Window(6, 5), Window(7, 5), Window(8, 5)]),
        (Window(1, 7), [Window(index, 1) for index in range(7, 14)]),
        (Window(0, 2), [Window(0, 1), Window(1, 1)]),
        (Window(3, 1), []),
    ],
)
def test_a_window_splits_by_its_smallest_factor(window: Window, parts: list[Window]) -> None:
    assert window.split() == parts


@given(WINDOWS)
def test_the_parts_of_a_window_are_smaller_and_hold_every_row_in_order(window: Window) -> None:
    parts = window.split()
    assert all(part.size < window.size for part in parts)
    if window.size > 1:
        assert set(window.rows) <= set(rows_of(parts))
        assert rows_of(parts) == sorted(set(rows_of(parts)))


@given(WINDOWS.filter(lambda window: any(window.size % factor == 0 for factor in range(2, 12))))
def test_the_parts_hold_no_other_row_where_the_size_has_a_small_factor(window: Window) -> None:
    assert rows_of(window.split()) == list(window.rows)


@given(WINDOWS)
def test_splitting_again_and_again_ends_at_single_rows(window: Window) -> None:
    steps, part = 0, window
    while parts := part.split():
        part, steps = parts[0], steps + 1
    assert part.size == 1
    assert steps <= 10


@given(WINDOWS, st.integers(1, 1000))
def test_windows_of_another_size_hold_every_row_and_touch_the_window_each(window: Window, size: int) -> None:
    parts = window.cut(size)
    assert set(window.rows) <= set(rows_of(parts))
    assert all(set(part.rows) & set(window.rows) for part in parts)
    assert {part.size for part in parts} == {size}


@pytest.mark.parametrize(
    ("following", "number"),
    [
        ("?page=1", 1),
        ("?page=2&limit=100&placed_at__ge=2026-01-01T00%3A00%3A00Z", 2),
        ("?limit=100&page=118", 118),
        ("page=3", 3),
        ("/v1/customers/?page=4", 4),
        ("https://api.cratejoy.com/v1/customers/?page=5&limit=1", 5),
        ("https://elsewhere.example.com/?page=5", 5),
        ("?page=5#part", 5),
        ("?page=1&page=2", 2),
        ("?page=0", 0),
        (None, None),
        ("", None),
        ("?", None),
        ("?limit=100", None),
        ("?page=", None),
        ("?page=-1", None),
        ("?page=two", None),
        ("?page=1.5", None),
        ("?page=²", None),
        ("?page=٣", None),
        ("?page=99999999999999999999", None),
        ("http://[bad?page=2", 2),
        ("garbage", None),
        (17, None),
        ({"page": 1}, None),
        (["?page=1"], None),
        (True, None),
    ],
)
def test_the_page_that_next_names(following: object, number: int | None) -> None:
    assert next_page(following) == number


@given(st.text())
def test_no_text_in_next_is_an_error(following: str) -> None:
    number = next_page(following)
    assert number is None or number >= 0


@pytest.mark.parametrize(
    ("first_next", "base"),
    [("?page=1&limit=10", 0), ("?page=2&limit=10", 1), ("?page=3", None), ("?page=0", None), (None, None), ("x", None)],
)
def test_the_first_next_reveals_the_base(first_next: object, base: int | None) -> None:
    assert base_of(first_next) == base


@pytest.mark.parametrize(
    ("count", "size", "index"),
    [(None, 10, -1), (0, 10, -1), (-5, 10, -1), (1, 10, 0), (10, 10, 0), (11, 10, 1), (118_955, 1000, 118)],
)
def test_the_last_page_a_count_promises(count: int | None, size: int, index: int) -> None:
    assert last_index(count, size) == index


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5", [5]),
        ("0", [0]),
        ("118-119,205", [118, 119, 205]),
        (" 3 - 5 , 1 ", [1, 3, 4, 5]),
        ("2,2,1-3", [1, 2, 3]),
        ("7-7", [7]),
    ],
)
def test_pages_are_numbers_and_ranges_each_once_ascending(text: str, numbers: list[int]) -> None:
    assert parse_pages(text) == numbers


@pytest.mark.parametrize(
    "text", ["", ",", "1,", "a", "5-3", "-1", "1-2-3", "1.5", "1;2", "0-99999999", "1234567890", "٣", "1 2"]
)
def test_anything_else_is_not_pages(text: str) -> None:
    with pytest.raises(ValueError, match=text.replace(".", "[.]") or "^$"):
        parse_pages(text)
