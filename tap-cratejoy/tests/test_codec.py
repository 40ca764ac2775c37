"""JSON in and out without a digit or a character changed, but for what Postgres cannot store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_cratejoy import codec

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | TEXTS
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "number",
    [
        "0", "-1", "39.99", "1e3", "0.1", "123456789012345", "9007199254740993", "-9007199254740993",
        "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
        "-9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
        "1234567890.123456789012345", "12345678901234567890123.45", "0.1234567890123456789012345",
        "-0.1234567890123456789012345", "1e400", "1.5E-7", "12345678901234567890e5", "0.30000000000000004",
    ],
)  # fmt: skip
@pytest.mark.parametrize("frame", ['{"a":%s}', '{"a": %s}', "[1,%s]", '{"a":[%s]}', '[{"b":{"c":\n%s}}]'])
def test_a_number_keeps_its_value_to_the_last_digit(number: str, frame: str) -> None:
    data, _ = codec.decode((frame % number).encode())
    again = json.loads(codec.encode(data), parse_float=Decimal, parse_int=Decimal)
    assert again == json.loads(frame % number, parse_float=Decimal, parse_int=Decimal)


def test_a_decimal_of_25_digits_is_written_as_it_came() -> None:
    body = b'{"a":1234567890123456789012.345,"b":[0.1234567890123456789012345]}'
    assert codec.encode(codec.decode(body)[0]) == body


def test_an_integer_of_5000_digits_is_written_as_it_came() -> None:
    body = b'{"a":' + b"7" * 5000 + b"}"
    assert codec.encode(codec.decode(body)[0]) == body


def test_integers_that_fit_64_bit_stay_integers() -> None:
    data, _ = codec.decode(b'{"id":7101000017,"big":9223372036854775807,"low":-9223372036854775807}')
    assert data == {"id": 7101000017, "big": 9223372036854775807, "low": -9223372036854775807}
    assert {type(value) for value in data.values()} == {int}


def test_digits_inside_texts_are_text() -> None:
    data, _ = codec.decode(b'{"tracking":"9400100000000000000000","note":"call: 12345678901234567890123"}')
    assert data == {"tracking": "9400100000000000000000", "note": "call: 12345678901234567890123"}


@given(JSON)
def test_what_is_written_reads_back_equal(value: object) -> None:
    body = json.dumps({"value": value}, ensure_ascii=False).encode()
    data, _ = codec.decode(body)
    assert codec.decode(codec.encode(data))[0] == data
    assert json.loads(codec.encode(data)) == {"value": value}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"   ", b"{", b'{"count": 12, "results": [{"id": 1', b"<html><body>502</body></html>", b"{'a': 1}",
        b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1}}', b'{"a": 01}', b"\xff\xfe{}", b'{"a": "\xe9"}',
        b'{"a": 1e99999999999999999999, "b": 12345678901234567890}', b"\n" + b"[" * 100_000, b"[" * 100_000,
        b'{"a": \xff}',
    ],
    ids=lambda body: repr(body[:30]),
)  # fmt: skip
def test_what_is_not_whole_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any of its kinds
        codec.decode(body)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert codec.decode(b'\xef\xbb\xbf{"a": 1}')[0] == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b'{"note": "a\\u0000b"}', b'{"note": "a\x00b"}', b'{"note": "a\\ud800b"}', b'{"note": "a\\uDFFFb"}',
        b'{"note": "a\xed\xa0\x80b"}', b'{"note": "a\\ud83d\\ud83db"}',
    ],
)  # fmt: skip
def test_nul_and_unpaired_surrogates_are_read_marked_and_removed(body: bytes) -> None:
    data, suspect = codec.decode(body)
    assert suspect
    clean, removed = codec.scrub(data)
    assert clean == {"note": "ab"}
    assert removed == len(data["note"]) - 2
    assert codec.encode(clean) == b'{"note":"ab"}'


def test_paired_surrogates_are_one_character_and_stay() -> None:
    clean, removed = codec.scrub(codec.decode(b'{"note": "tea \\ud83c\\udf75"}')[0])
    assert (clean, removed) == ({"note": "tea 🍵"}, 0)


def test_a_backslash_before_u0000_is_text_and_stays() -> None:
    clean, removed = codec.scrub(codec.decode(b'{"note": "\\\\u0000"}')[0])
    assert (clean, removed) == ({"note": "\\u0000"}, 0)


def test_an_honest_body_is_not_suspect() -> None:
    assert codec.decode('{"note": "Grüße, 12 Example Street 🍵"}'.encode()) == (
        {"note": "Grüße, 12 Example Street 🍵"},
        False,
    )


def test_control_characters_that_postgres_stores_stay() -> None:
    clean, removed = codec.scrub(codec.decode(b'{"note": "a\tb\x07c\nd"}')[0])
    assert (clean, removed) == ({"note": "a\tb\x07c\nd"}, 0)


def test_scrubbing_reaches_every_depth_and_keys_and_counts() -> None:
    raw = {"a\0": [{"b": ["x\0y", {"\ud800c": "\0\0"}]}], "n": 1, "t": True, "z": None}
    assert codec.scrub(raw) == ({"a": [{"b": ["xy", {"c": ""}]}], "n": 1, "t": True, "z": None}, 5)


def test_scrubbing_leaves_its_input_alone() -> None:
    raw = {"a\0": ["x\0"]}
    codec.scrub(raw)
    assert raw == {"a\0": ["x\0"]}


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ({"a": 1, "a\0": 2}, {"a": 1, "a_": 2}),
        ({"a\0": 2, "a": 1}, {"a_": 2, "a": 1}),
        ({"a\0": 1, "\0a": 2, "a_": 3}, {"a": 1, "a__": 2, "a_": 3}),
    ],
)
def test_keys_that_become_equal_are_told_apart_so_that_no_value_is_lost(raw: dict, clean: dict) -> None:
    assert codec.scrub(raw)[0] == clean


@given(st.dictionaries(st.text("ab_\0", max_size=3), st.integers(), max_size=8))
def test_scrubbing_keys_never_loses_a_value(raw: dict) -> None:
    clean, _ = codec.scrub(raw)
    assert sorted(clean.values()) == sorted(raw.values())
    assert all(clean[key] == value for key, value in raw.items() if "\0" not in key)


def test_only_json_is_written() -> None:
    with pytest.raises(TypeError):
        codec.encode({"a": object()})


def test_what_is_nested_deeper_than_usual_is_written_whole() -> None:
    body = b"[" * 400 + b'{"a":1.10,"\xc3\xa9":"\xc3\xa9"}' + b"]" * 400
    value, _ = codec.decode(body)
    assert codec.encode(value) == body.replace(b"1.10", b"1.1")


def test_a_message_with_a_moment_and_deep_nesting_is_written() -> None:
    deep: list = []
    for _ in range(300):
        deep = [deep]
    moment = datetime(2026, 3, 14, 16, 16, 6, 5, tzinfo=UTC)
    assert codec.encode({"a": deep, "t": moment}).endswith(b'],"t":"2026-03-14T16:16:06.000005+00:00"}')
