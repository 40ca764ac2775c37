"""Single values in every form they arrive in."""

from __future__ import annotations

from decimal import Decimal

import pytest
from target_shopify.mapping import values


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (7101000017, 7101000017),
        ("7101000017", 7101000017),
        (" 7101000017 ", 7101000017),
        (7101000017.0, 7101000017),
        (Decimal(7101000017), 7101000017),
        (0, None),
        (-3, None),
        (2**63, None),
        (True, None),
        ("12a", None),
        (None, None),
        ([7101000017], None),
        (Decimal("NaN"), None),
    ],
)
def test_an_id_is_a_whole_number_above_zero(given, read):
    assert values.identifier(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (3999, 3999),
        ("3999", 3999),
        ("3999.0", 3999),
        (3999.0, 3999),
        (3999.4, 3999),
        (Decimal("3999.00"), 3999),
        (-500, -500),
        ("39.99", None),
        (True, None),
        (float("inf"), None),
        (Decimal("sNaN"), None),
        (10**30, None),
    ],
)
def test_an_amount_is_whole_in_the_smallest_unit(given, read):
    assert values.cents(given) == read


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (3999, "USD", "39.99"),
        (5, "USD", "0.05"),
        (0, "USD", "0.00"),
        (-3999, "USD", "-39.99"),
        (-5, "EUR", "-0.05"),
        (3999, "JPY", "3999"),
        (3999, "KWD", "3.999"),
        (100_000_000, "USD", "1000000.00"),
    ],
)
def test_money_is_written_in_major_units_of_its_currency(amount, currency, text):
    assert values.money(amount, currency) == text
    assert values.cents_of(text, currency) == amount


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-03-14T16:16:06Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14T16:16:06+00:00", "2026-03-14T16:16:06Z"),
        ("2026-03-14 16:16:06+00", "2026-03-14T16:16:06Z"),
        ("2026-03-14 16:16:06", "2026-03-14T16:16:06Z"),
        ("2026-03-14T16:16:06.75-05:00", "2026-03-14T21:16:06Z"),
        ("2026-03-14", "2026-03-14T00:00:00Z"),
        ("2018-1-5 9:5:7Z", "2018-01-05T09:05:07Z"),
        (" 2026-03-14 ", "2026-03-14T00:00:00Z"),
        (1440478800000, "2015-08-25T05:00:00Z"),
        ("1440478800000", "2015-08-25T05:00:00Z"),
        ("2026-02-30T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        ("", None),
        (True, None),
        (1e300, None),
        ({}, None),
    ],
)
def test_a_date_is_rfc_3339_utc_in_whole_seconds(given, read):
    assert values.moment(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("  Ada\tMarsh\n", "Ada Marsh"),
        ("Ada\x00\x07 Marsh", "Ada Marsh"),
        ("\ud83dAda", "Ada"),
        ("Zoë\u00a0O'Dell", "Zoë\u00a0O'Dell"),
        (97201, "97201"),
        (97201.0, "97201"),
        ("", None),
        (" \n ", None),
        (True, None),
        ({"a": 1}, None),
    ],
)
def test_a_line_of_text_has_no_control_characters(given, read):
    assert values.line(given) == read


def test_paragraphs_keep_their_line_breaks():
    assert values.paragraphs(" Likes tea.\r\nNo\x00 coffee.\n") == "Likes tea.\nNo coffee."


@pytest.mark.parametrize(
    ("given", "read"),
    [(True, True), (0, False), ("true", True), ("f", False), ("1", True), ("maybe", None), (None, None), ([], None)],
)
def test_a_flag_may_be_a_number_or_text(given, read):
    assert values.flag(given) is read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ([{"id": 1}], [{"id": 1}]),
        ('[{"id": 1}]', [{"id": 1}]),
        ({"id": 1}, [{"id": 1}]),
        ([], []),
        (None, None),
        ("", None),
        ("[", None),
        (7, None),
    ],
)
def test_an_array_may_arrive_as_json_text_and_is_unknown_when_it_cannot_be_read(given, read):
    assert values.rows(given) == read
