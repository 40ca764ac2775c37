"""The record table of the contract, row by row, and what holds for every record: nothing lost, schema kept."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tap_cratejoy
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tap_cratejoy import codec, dates
from tap_cratejoy.records import RecordCleaner
from tap_cratejoy.streams import STREAMS, CratejoyStream

SCHEMAS = Path(tap_cratejoy.__file__).parent / "schemas"
CLASSES = {stream.name: stream for stream in STREAMS}
every_stream = pytest.mark.parametrize("stream", sorted(CLASSES))


@cache
def schema_of(stream: str) -> dict[str, Any]:
    return json.loads((SCHEMAS / f"{stream}.json").read_text())


@cache
def cleaner_of(stream: str) -> RecordCleaner:
    kind: type[CratejoyStream] = CLASSES[stream]
    return RecordCleaner(schema_of(stream), relations=kind.relations, enums=kind.enums, aliases=kind.aliases)


def clean(stream: str, **raw: Any) -> dict[str, Any]:
    return cleaner_of(stream).clean({"id": 7101000017, **raw})


def told(stream: str, **raw: Any) -> dict[str, Any]:
    """What is not null in the clean record, its id left out."""
    record = clean(stream, **raw)
    return {name: value for name, value in record.items() if value is not None and name != "id"}


# Every record


def test_a_customer_comes_out_as_it_went_in() -> None:
    raw = {
        "country": "US", "email": "ada.marsh@example.com", "first_name": "Ada", "id": 7101000017, "last_name": "Marsh",
        "location": "OR, US", "name": "Ada Marsh", "note": None, "num_orders": 4, "num_subscriptions": 1,
        "subscription_status": "active", "total_revenue": 15996, "type": "customer", "url": "/v1/customers/7101000017/",
    }  # fmt: skip
    unset = {"status": None, "store_settings": None, "addresses": None, "_md": None, "_md_id": None, "_extra": None}
    assert cleaner_of("customers").clean(raw) == {**raw, **unset}


@every_stream
def test_every_property_of_the_schema_is_in_every_record_in_order(stream: str) -> None:
    assert list(clean(stream)) == list(schema_of(stream)["properties"])


@every_stream
def test_every_schema_ends_in_extra_and_allows_null_for_all_but_the_keys(stream: str) -> None:
    properties = schema_of(stream)["properties"]
    assert list(properties)[-1] == "_extra"
    assert {name for name, spec in properties.items() if "null" not in spec["type"]} == set(
        CLASSES[stream].primary_keys
    )


@every_stream
def test_every_property_has_one_type(stream: str) -> None:
    for name, spec in schema_of(stream)["properties"].items():
        assert len([kind for kind in spec["type"] if kind != "null"]) == 1, name


@every_stream
def test_every_relation_has_an_id_beside_it(stream: str) -> None:
    properties = schema_of(stream)["properties"]
    for relation in CLASSES[stream].relations:
        assert "object" in properties[relation]["type"]
        assert "integer" in properties[f"{relation}_id"]["type"]


@every_stream
def test_enumerations_and_aliases_name_properties_that_exist(stream: str) -> None:
    properties = schema_of(stream)["properties"]
    assert set(CLASSES[stream].enums) <= set(properties)
    assert set(CLASSES[stream].aliases.values()) <= set(properties)
    assert not set(CLASSES[stream].aliases) & set(properties)


def test_absent_and_null_are_both_null_and_empty_text_stays_empty() -> None:
    assert clean("customers")["note"] is None
    assert clean("customers", note=None)["note"] is None
    assert clean("customers", note="")["note"] == ""


# date-time text, epoch milliseconds, date only


@pytest.mark.parametrize(
    ("raw", "emitted"),
    [
        ("2026-03-14T16:16:06Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14T18:16:06+02:00", "2026-03-14T16:16:06Z"),
        ("2026-3-14 16:16:06Z", "2026-03-14T16:16:06Z"),
        ("2026-03-14", "2026-03-14T00:00:00Z"),
        (1440478800000, "2015-08-25T05:00:00Z"),
    ],
)
@pytest.mark.parametrize(("stream", "name"), [("orders", "placed_at"), ("shipments", "target_at")])
def test_dates_are_rfc_3339_in_utc(stream: str, name: str, raw: object, emitted: str) -> None:
    assert told(stream, **{name: raw}) == {name: emitted}


@pytest.mark.parametrize("raw", ["", "soon", "0000-00-00 00:00:00", True, [], {"at": "2026-03-14"}, 0.5, 10**18])
def test_a_date_that_cannot_be_read_is_null_with_the_original_in_extra(raw: object) -> None:
    assert told("orders", placed_at=raw) == {"_extra": {"placed_at": raw}}


def test_dates_inside_nested_objects_are_untouched() -> None:
    assert told("customers", _md={"id": 9, "created_at": 1440478800000})["_md"] == {
        "id": 9,
        "created_at": 1440478800000,
    }


# relation as object, one-element array, URL, null


ADA = {"id": 7101000017, "name": "Ada Marsh", "type": "customer"}


@pytest.mark.parametrize(
    ("raw", "emitted"),
    [
        (ADA, {"customer": ADA, "customer_id": 7101000017}),
        ([ADA], {"customer": ADA, "customer_id": 7101000017}),
        ("/v1/customers/75561862", {"customer": {"id": 75561862, "url": "/v1/customers/75561862"},
                                    "customer_id": 75561862}),
        ("/v1/customers/75561862/", {"customer": {"id": 75561862, "url": "/v1/customers/75561862/"},
                                     "customer_id": 75561862}),
        (["/v1/customers/9/"], {"customer": {"id": 9, "url": "/v1/customers/9/"}, "customer_id": 9}),
        ("https://api.cratejoy.com/v1/customers/9/?x=1",
         {"customer": {"id": 9, "url": "https://api.cratejoy.com/v1/customers/9/?x=1"}, "customer_id": 9}),
        ("/v1/me/", {"customer": {"id": None, "url": "/v1/me/"}}),
        (None, {}),
        ({}, {"customer": {}}),
        ({"id": "9"}, {"customer": {"id": "9"}}),
        ({"name": "Ada Marsh"}, {"customer": {"name": "Ada Marsh"}}),
    ],
)  # fmt: skip
def test_a_relation_is_an_object_with_its_id_beside_it(raw: object, emitted: dict) -> None:
    assert told("orders", customer=raw) == emitted


@pytest.mark.parametrize("raw", [[], [ADA, ADA], [None], [[ADA]], 7101000017, True, "", "Ada Marsh", "v1/customers/9"])
def test_a_relation_in_any_other_form_is_null_with_the_original_in_extra(raw: object) -> None:
    assert told("orders", customer=raw) == {"_extra": {"customer": raw}}


def test_an_id_that_was_sent_is_not_replaced_by_the_derived_one() -> None:
    assert clean("orders", customer={"id": 1}, customer_id=2)["customer_id"] == 2
    assert clean("orders", customer={"id": 1}, customer_id=None)["customer_id"] == 1


@pytest.mark.parametrize("digits", ["9223372036854775808", "9" * 30, "9" * 5000])
def test_an_id_in_a_url_that_no_column_holds_is_not_derived(digits: str) -> None:
    url = f"/v1/customers/{digits}/"
    assert told("orders", customer=url) == {"customer": {"id": None, "url": url}}


# relation that is a list


TEA = {"id": 55000010, "name": "Tea Box"}


@pytest.mark.parametrize(
    ("raw", "emitted"),
    [
        ([TEA, TEA], [TEA, TEA]),
        ([], []),
        (TEA, [TEA]),
        ("/v1/orders/9/products/", [{"id": None, "url": "/v1/orders/9/products/"}]),
        (["/v1/products/5/", TEA], [{"id": 5, "url": "/v1/products/5/"}, TEA]),
    ],
)
def test_a_relation_that_is_a_list_is_an_array_of_objects(raw: object, emitted: list) -> None:
    assert told("orders", products=raw) == {"products": emitted}


@pytest.mark.parametrize("raw", [[1, 2], [TEA, None], [[TEA]], ["tea"], 5, "", False])
def test_a_list_in_any_other_form_is_null_with_the_original_in_extra(raw: object) -> None:
    assert told("orders", products=raw) == {"_extra": {"products": raw}}


def test_an_array_of_free_json_is_untouched() -> None:
    assert told("carts", tax_rates=[0.1, "x", None]) == {"tax_rates": [0.1, "x", None]}


# enumerations


@pytest.mark.parametrize(
    ("stream", "name", "raw", "emitted"),
    [
        ("subscriptions", "status", "active", "active"),
        ("subscriptions", "status", "some new status", "some new status"),
        ("subscriptions", "status", 1, "unpaid"),
        ("subscriptions", "status", 2, "active"),
        ("subscriptions", "status", 3, "cancelled"),
        ("subscriptions", "status", 8, "renewing"),
        ("subscriptions", "status", 99, "99"),
        ("subscriptions", "status", -1, "-1"),
        ("orders", "financial_status", 5, "5"),
        ("transactions", "result", 2, "captured"),
        ("shipments", "status", 1, "unshipped"),
        ("products", "ship_option", 1, "1"),
        ("products", "ship_option", "flat", "flat"),
    ],
)
def test_an_enumeration_is_text_an_integer_its_name_or_its_digits(
    stream: str, name: str, raw: object, emitted: str
) -> None:
    assert told(stream, **{name: raw}) == {name: emitted}


@pytest.mark.parametrize("raw", [True, False, 2.0, ["active"], {"name": "active"}])
def test_an_enumeration_in_any_other_form_goes_to_extra(raw: object) -> None:
    assert told("subscriptions", status=raw) == {"_extra": {"status": raw}}


# property the schema does not know; value that does not fit its type


def test_unknown_properties_are_kept_under_their_names_in_extra() -> None:
    assert told("customers", favourite="green tea", points=[1, {"x": None}], nothing=None) == {
        "_extra": {"favourite": "green tea", "points": [1, {"x": None}], "nothing": None}
    }


def test_a_property_named_extra_is_an_unknown_property_like_any_other() -> None:
    assert told("customers", _extra={"a": 1}) == {"_extra": {"_extra": {"a": 1}}}


@pytest.mark.parametrize(
    ("stream", "name", "raw"),
    [
        ("customers", "num_orders", "4"),
        ("customers", "num_orders", 4.5),
        ("customers", "num_orders", True),
        ("customers", "num_orders", Decimal(2**63)),
        ("customers", "name", 17),
        ("customers", "name", ["Ada"]),
        ("customers", "store_settings", "x"),
        ("customers", "store_settings", []),
        ("orders", "is_test", "true"),
        ("orders", "is_test", 1),
        ("products", "ship_weight", "1.5"),
        ("products", "ship_weight", True),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_null_with_the_original_in_extra(
    stream: str, name: str, raw: object
) -> None:
    assert told(stream, **{name: raw}) == {"_extra": {name: raw}}


def test_whole_numbers_written_as_fractions_are_whole_numbers() -> None:
    assert clean("customers", total_revenue=15996.0)["total_revenue"] == 15996
    assert type(clean("customers", total_revenue=15996.0)["total_revenue"]) is int


@pytest.mark.parametrize(("documented", "live"), [("transaction_fes", "transaction_fee"), ("note", "note")])
def test_a_documented_misspelling_fills_the_live_property_and_is_kept(documented: str, live: str) -> None:
    value: Any = 120 if live == "transaction_fee" else "x"
    record = clean("orders", **{documented: value})
    assert record[live] == value
    assert (record["_extra"] or {}).get(documented) == (value if documented != live else None)


def test_a_misspelling_never_replaces_the_live_property() -> None:
    record = clean("orders", transaction_fes=1, transaction_fee=2)
    assert record["transaction_fee"] == 2
    assert record["_extra"] == {"transaction_fes": 1}


def test_a_misspelt_relation_fills_the_live_one_and_its_id() -> None:
    record = clean("subscriptions", instance={"id": 55000020, "sku": "TEA-GREEN"})
    assert record["product_instance"] == {"id": 55000020, "sku": "TEA-GREEN"}
    assert record["product_instance_id"] == 55000020


# ids


@pytest.mark.parametrize(("raw", "emitted"), [(1, 1), (7_101_000_017, 7_101_000_017), ("7101000017", 7_101_000_017),
                                              (17.0, 17), (2**63 - 1, 2**63 - 1), (0, 0)])  # fmt: skip
def test_an_id_is_a_64_bit_integer(raw: object, emitted: int) -> None:
    record = cleaner_of("customers").clean({"id": raw})
    assert record["id"] == emitted
    assert type(record["id"]) is int
    assert record["_extra"] is None


@pytest.mark.parametrize(
    "raw", [None, "", "abc", "-1", "1.0", "٣", " 7", "007", 1.5, True, [], {}, "9" * 19, "9" * 5000, Decimal(2**63)]
)
def test_an_id_that_cannot_be_used_is_none(raw: object) -> None:
    record = cleaner_of("customers").clean({"id": raw})
    assert record["id"] is None
    assert record["_extra"] == (None if raw is None else {"id": raw})


# money, numbers, all other text; NUL and surrogates


@pytest.mark.parametrize("cents", [0, 1, -500, 3999, 2**53 + 1, 2**63 - 1])
def test_money_is_untouched(cents: int) -> None:
    assert told("orders", total=cents) == {"total": cents}


@pytest.mark.parametrize("number", [0, 500, 1.5, 0.1, -0.25, Decimal("0.1234567890123456789012345")])
def test_numbers_are_untouched(number: object) -> None:
    record = clean("products", ship_weight=number)
    assert record["ship_weight"] == number
    assert type(record["ship_weight"]) is type(number)


@pytest.mark.parametrize(
    "text", ["", " ", "  two  blanks ", "Grüße 🍵", "line\nline\ttab\x07", "\\u0000", "null", "12"]
)
def test_text_is_untouched(text: str) -> None:
    assert told("customers", note=text) == {"note": text}


def through_the_wire(stream: str, body: bytes) -> bytes:
    """What is emitted for a body, as the stream does it: decode, scrub where needed, clean, encode."""
    data, suspect = codec.decode(body)
    rows = codec.scrub(data)[0] if suspect else data
    record = cleaner_of(stream).clean(rows)
    return codec.encode({name: value for name, value in record.items() if value is not None})


def test_a_decimal_of_25_digits_reaches_the_output_as_it_came() -> None:
    body = b'{"id":1,"ship_weight":1234567890123456789012.345}'
    assert through_the_wire("products", body) == body


def test_an_integer_beyond_64_bit_is_kept_digit_by_digit_in_extra() -> None:
    assert (
        through_the_wire("orders", b'{"id":1,"total":123456789012345678901234567890}')
        == b'{"id":1,"_extra":{"total":123456789012345678901234567890}}'
    )


def test_numbers_inside_nested_objects_keep_their_digits() -> None:
    body = b'{"id":1,"_md":{"data":{"a":[0.1234567890123456789012345,18446744073709551616]}}}'
    assert through_the_wire("customers", body) == body


def test_nul_and_surrogates_are_removed_at_any_depth_and_from_keys() -> None:
    body = rb'{"id":1,"no\u0000te":"a\u0000b\ud800","_md":{"data":{"k\udfffey":["x\u0000",{"y":"\ud83c\udf75"}]}}}'
    assert json.loads(through_the_wire("customers", body)) == {
        "id": 1,
        "note": "ab",
        "_md": {"data": {"key": ["x", {"y": "🍵"}]}},
    }


# What holds for whatever comes


VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["2026-03-14", "2026-3-1 1:1", "/v1/customers/9/", "/v1/x/", 1440478800000, 2, "7101000017"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "url", "x"]), inner),
    max_leaves=5,
)  # fmt: skip


@st.composite
def streams_and_records(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    stream = draw(st.sampled_from(sorted(CLASSES)))
    names = [*schema_of(stream)["properties"], *CLASSES[stream].aliases, "unknown", "Name", ""]
    return stream, draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=12))


@given(streams_and_records())
def test_nothing_is_ever_lost(case: tuple[str, dict[str, Any]]) -> None:
    """Every raw value is found as sent in `_extra`, or in its property, as sent or in the one form the table gives."""
    stream, raw = case
    record = cleaner_of(stream).clean(raw)
    extra = record["_extra"] or {}
    enums = CLASSES[stream].enums
    for name, value in raw.items():
        if name in extra:
            assert extra[name] is value
            continue
        assert name in record, name
        kept = record[name]
        forms = [value, [value], value[0] if isinstance(value, list) and len(value) == 1 else value]
        if isinstance(value, (str, int, float, Decimal)) and not isinstance(value, bool):
            forms += [dates.normalize(value), str(value), int(value) if name == "id" else value]
            forms += [enums.get(name, {}).get(value)] if isinstance(value, int) else []
        unfolded = kept if isinstance(kept, list) else [kept]
        sent = value if isinstance(value, list) else [value]
        from_urls = len(unfolded) == len(sent) and all(
            item in (one, {"id": item.get("id"), "url": one}) if isinstance(item, dict) else item == one
            for item, one in zip(unfolded, sent, strict=True)
        )
        derived = value is None and name.endswith("_id")
        assert kept in forms or from_urls or derived, (name, value, kept)


@given(streams_and_records())
def test_the_output_always_fits_the_schema(case: tuple[str, dict[str, Any]]) -> None:
    stream, raw = case
    record = cleaner_of(stream).clean(raw)
    written = json.loads(codec.encode(record))
    for error in Draft202012Validator(schema_of(stream)).iter_errors(written):
        name = error.path[0]  # a row without id is not emitted but named; its parent's id is put in beforehand
        assert name in CLASSES[stream].primary_keys
        assert record[name] is None


@given(streams_and_records())
def test_every_date_that_is_emitted_is_rfc_3339_in_utc(case: tuple[str, dict[str, Any]]) -> None:
    stream, raw = case
    record = cleaner_of(stream).clean(raw)
    for name, spec in schema_of(stream)["properties"].items():
        if spec.get("format") == "date-time" and record[name] is not None:
            assert record[name][10] == "T"
            assert record[name][-1] == "Z"
            assert dates.normalize(record[name]) == record[name]


@given(streams_and_records())
def test_the_raw_record_is_not_changed(case: tuple[str, dict[str, Any]]) -> None:
    stream, raw = case
    before = copy.deepcopy(raw)
    cleaner_of(stream).clean(raw)
    assert raw == before
