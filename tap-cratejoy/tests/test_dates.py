"""The forms a date takes, and the one that is emitted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_cratejoy import dates


@pytest.mark.parametrize(
    ("raw", "emitted"),
    [
        ("2026-03-14T16:16:06Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14T16:16:06", "2026-03-14T16:16:06Z"),
        ("2026-03-14 16:16:06Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14 16:16:06", "2026-03-14T16:16:06Z"),
        ("2026-03-14T16:16:06+02:00", "2026-03-14T14:16:06Z"),
        ("2026-03-14T23:30:00-05:00", "2026-03-15T04:30:00Z"),
        ("2026-03-14T16:16:06+00:00", "2026-03-14T16:16:06Z"),
        ("2026-03-14T16:16:06.250Z", "2026-03-14T16:16:06.25Z"),
        ("2026-03-14T16:16:06.000Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14", "2026-03-14T00:00:00Z"),
        ("20260314", "2026-03-14T00:00:00Z"),
        ("2018-1-15T00:00:00Z", "2018-01-15T00:00:00Z"),
        ("2018-1-5 9:5:7", "2018-01-05T09:05:07Z"),
        ("2018-1-5 9:5", "2018-01-05T09:05:00Z"),
        ("2018-1-5", "2018-01-05T00:00:00Z"),
        ("2018-1-5T09:05:07.5Z", "2018-01-05T09:05:07.5Z"),
        ("2018-1-5T09:05:07.123456789Z", "2018-01-05T09:05:07.123456Z"),
    ],
)
def test_every_documented_text_becomes_rfc_3339_in_utc(raw: str, emitted: str) -> None:
    assert dates.normalize(raw) == emitted


@pytest.mark.parametrize(
    ("raw", "emitted"),
    [
        (1440478800000, "2015-08-25T05:00:00Z"),
        (1440478800000.0, "2015-08-25T05:00:00Z"),
        (Decimal(1440478800000), "2015-08-25T05:00:00Z"),
        ("1440478800000", "2015-08-25T05:00:00Z"),
        (1440478800250, "2015-08-25T05:00:00.25Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1000, "1969-12-31T23:59:59Z"),
        ("2026031451616", "2034-03-15T10:30:51.616Z"),  # 13 digits count milliseconds, whatever they look like
    ],
)
def test_epoch_milliseconds_become_rfc_3339_in_utc(raw: object, emitted: str) -> None:
    assert dates.normalize(raw) == emitted


@pytest.mark.parametrize(
    "raw",
    [
        "", " ", "soon", "0000-00-00 00:00:00", "2026-13-01", "2026-02-30", "2026-03-14T25:00:00Z", "14/03/2026",
        "2026-03-14T16:16:06Z ", "2026-03", "2026", "202603141616", "20260314161606", "1440478800", "²0260314",
        "2026-03-14T16:16:60Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
        True, False, None, [], {}, [2026], 1440478800000.5, float("nan"), float("inf"), 10**18, -(10**18), 2**70,
        Decimal("1E+999999999"), Decimal("NaN"), Decimal("0.5"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(raw: object) -> None:
    assert dates.normalize(raw) is None
    assert dates.parse(raw) is None


@pytest.mark.parametrize(
    ("raw", "emitted"),
    [
        ("2026-W11-6T16:16:06Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14T161606.0Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14x16:16:06Z", "2026-03-14T16:16:06Z"),
    ],
)
def test_text_as_long_as_the_emitted_form_is_still_brought_into_it(raw: str, emitted: str) -> None:
    assert dates.normalize(raw) == emitted


def test_render_takes_any_zone_and_shows_fractions_only_where_there_are_any() -> None:
    east = timezone(timedelta(hours=2))
    assert dates.render(datetime(2026, 3, 14, 18, 16, 6, tzinfo=east)) == "2026-03-14T16:16:06Z"
    assert dates.render(datetime(2026, 3, 14, 16, 16, 6, 500_000, tzinfo=UTC)) == "2026-03-14T16:16:06.5Z"
    assert dates.render(datetime(2026, 3, 14, 16, 16, 10, tzinfo=UTC)) == "2026-03-14T16:16:10Z"


@given(st.timedeltas(min_value=timedelta(days=-350_000), max_value=timedelta(days=2_900_000)))
def test_what_is_emitted_reads_as_the_same_moment_again(since_1970: timedelta) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + since_1970
    text = dates.render(moment)
    assert dates.parse(text) == moment
    assert dates.normalize(text) == text


@given(st.text() | st.integers() | st.floats() | st.decimals() | st.binary() | st.none())
def test_whatever_comes_is_a_date_or_none_and_never_an_error(raw: object) -> None:
    moment = dates.parse(raw)
    assert (dates.normalize(raw) is None) == (moment is None)
