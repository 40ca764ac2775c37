"""Lines a person can read for hours: not too many, and each says how far the stream is."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tap_cratejoy import progress as module
from tap_cratejoy.progress import StreamProgress, duration

LOGGER = logging.getLogger("progress")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.INFO, logger="progress")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "progress"]


def progress_of(*, retries: int = 0, pauses: int = 0, paused_seconds: float = 0.0) -> StreamProgress:
    ceiling = SimpleNamespace(pauses=pauses, paused_seconds=paused_seconds)
    client: Any = SimpleNamespace(retries=retries, ceiling=ceiling)
    return StreamProgress("customers", client, LOGGER, bar=False)


def test_a_stream_that_is_done_in_five_seconds_writes_no_line(clock: SimpleNamespace, lines: Any) -> None:
    progress = progress_of()
    for number in range(40):
        clock.now += 0.1
        progress.page(number, 100, 100 * number, 4000)
    progress.close()
    assert lines() == []


def test_the_first_line_comes_after_five_seconds_and_then_one_every_half_minute(
    clock: SimpleNamespace, lines: Any
) -> None:
    progress = progress_of()
    written = []
    for number in range(1, 1201):
        clock.now += 0.1
        before = len(lines())
        progress.page(number, 100, 100 * number, 120_000)
        if len(lines()) > before:
            written.append(round(clock.now - 1000))
    assert written == [5, 35, 65, 95]


def test_ten_hours_are_at_most_twelve_hundred_lines(clock: SimpleNamespace, lines: Any) -> None:
    progress = progress_of()
    for number in range(36_000):
        clock.now += 1
        progress.page(number, 100, 100 * number, 3_600_000)
    assert 1150 <= len(lines()) <= 1201


def test_a_line_says_page_rows_share_rate_and_time_left(clock: SimpleNamespace, lines: Any) -> None:
    progress = progress_of()
    clock.now += 10
    progress.page(12, 1000, 1000, 13_000)
    assert lines() == ["customers: page 12, 1,000 of 13,000 (7 %) rows, 100 records/s, 2 min left"]


@pytest.mark.parametrize(
    ("rows", "count", "text"),
    [
        (1000, None, "customers: page 3, 1,000 rows, 100 records/s"),
        (1000, 0, "customers: page 3, 1,000 rows, 100 records/s"),
        (1000, 1000, "customers: page 3, 1,000 of 1,000 (100 %) rows, 100 records/s"),
        (1200, 1000, "customers: page 3, 1,200 of 1,000 (100 %) rows, 100 records/s"),
        (1999, 2000, "customers: page 3, 1,999 of 2,000 (99 %) rows, 100 records/s, 0 s left"),
        (1000, 1_201_000, "customers: page 3, 1,000 of 1,201,000 (0 %) rows, 100 records/s, 3 h 20 min left"),
    ],
)
def test_what_is_not_known_is_not_said(
    clock: SimpleNamespace, lines: Any, rows: int, count: int | None, text: str
) -> None:
    progress = progress_of()
    clock.now += 10
    progress.page(3, 1000, rows, count)
    assert lines() == [text]


def test_further_passes_are_named(clock: SimpleNamespace, lines: Any) -> None:
    progress = progress_of()
    clock.now += 10
    progress.page(3, 1000, 1000, None, pass_number=2)
    assert lines() == ["customers: page 3 of pass 2, 1,000 rows, 100 records/s"]


def test_retries_and_rate_limit_waits_are_told_where_there_are_any(clock: SimpleNamespace, lines: Any) -> None:
    progress = progress_of(retries=3, pauses=2, paused_seconds=120.4)
    clock.now += 10
    progress.page(3, 1000, 1000, None)
    assert lines() == ["customers: page 3, 1,000 rows, 100 records/s, 3 retries, 2 rate-limit waits (2 min)"]


def test_the_rate_is_that_of_the_last_minute(clock: SimpleNamespace, lines: Any) -> None:
    progress = progress_of()
    for number in range(100):
        clock.now += 10
        progress.page(number, 1000 if number < 50 else 10, 0, None)
    assert "100 records/s" in lines()[5]
    assert lines()[-1].endswith(" 1 records/s")


def test_pages_without_records_are_no_division_by_zero(clock: SimpleNamespace, lines: Any) -> None:
    progress = progress_of()
    progress.page(0, 0, 0, 100)
    clock.now += 10
    progress.page(1, 0, 0, 100)
    assert lines() == ["customers: page 1, 0 of 100 (0 %) rows, 0 records/s"]


def test_a_bar_writes_no_lines_and_gives_the_terminal_back(lines: Any) -> None:
    handler = logging.StreamHandler(sys.__stderr__)
    logging.getLogger().addHandler(handler)
    client: Any = SimpleNamespace(retries=0, ceiling=SimpleNamespace(pauses=0, paused_seconds=0.0))
    try:
        progress = StreamProgress("customers", client, LOGGER, bar=True)
        for number in range(100):
            progress.page(number, 100, 100 * number, 10_000)
        progress.close()
        progress.close()
        assert handler.stream is sys.__stderr__
    finally:
        logging.getLogger().removeHandler(handler)
    assert lines() == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.4, "0 s"), (47, "47 s"), (89, "89 s"), (90, "2 min"), (120, "2 min"), (720, "12 min"),
     (3600, "60 min"), (5399, "1 h 30 min"), (5400, "1 h 30 min"), (12_000, "3 h 20 min"), (7200, "2 h 00 min"),
     (360_000, "100 h 00 min")],
)  # fmt: skip
def test_lengths_of_time_are_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
