"""Names, identity and notes."""

from __future__ import annotations

import pytest
from mapping_samples import address, customer, member
from target_shopify.rules import Refused, reason_text


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"first_name": "Ada", "last_name": "Marsh", "name": "Somebody Else"}, ("Ada", "Marsh")),
        ({"first_name": "Ada", "last_name": None, "name": "Ada Marsh"}, ("Ada", None)),
        ({"first_name": "", "last_name": None, "name": "Ada van der Marsh"}, ("Ada", "van der Marsh")),
        ({"first_name": None, "last_name": None, "name": "Ada"}, ("Ada", None)),
        ({"first_name": None, "last_name": None, "addresses": [address(to="Ada Marsh")]}, ("Ada", "Marsh")),
        ({"first_name": None, "last_name": None}, (None, None)),
        ({"first_name": "Ada 🌸", "last_name": "Marsh"}, ("Ada 🌸", "Marsh")),
    ],
)
def test_names_come_from_the_record_then_its_full_name_then_an_address(changes, names):
    made = member(**changes)
    assert (made.first_name, made.last_name) == names
    assert made.repairs == ()


def test_a_name_is_freed_of_what_shopify_refuses():
    made = member(first_name="<b>Ada</b>", last_name="Marsh https://example.com/x")
    assert (made.first_name, made.last_name, made.repairs) == ("Ada", "Marsh", ("name_cleaned",))


def test_a_long_name_is_cut_at_255_characters():
    made = member(first_name="A" * 300)
    assert made.first_name == "A" * 255
    assert made.repairs == ("name_cut",)


def test_a_long_note_is_cut_at_5000_characters():
    made = member(note="n" * 5_001)
    assert made.note == "n" * 5_000
    assert made.repairs == ("note_cut",)


@pytest.mark.parametrize("identity", [None, "", "abc", 0, -1, True, {}])
def test_a_record_without_id_is_refused(identity):
    with pytest.raises(Refused) as refused:
        member(id=identity)
    assert refused.value.reason == "no_id"


def test_a_record_without_email_name_and_phone_is_refused():
    with pytest.raises(Refused) as refused:
        member(email="not-an-address", first_name=None, last_name=None, addresses=[address(to="")])
    assert refused.value.reason == "no_identity"


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "ada@example.com", "first_name": None, "last_name": None},
        {"email": None, "first_name": "Ada", "last_name": None},
        {
            "email": None,
            "first_name": None,
            "last_name": None,
            "addresses": [address(to="", phone_number="(503) 555-0123")],
        },
    ],
)
def test_one_of_email_name_and_phone_is_enough(changes):
    assert customer(**changes).fields


def test_the_ledger_gets_each_repair_once_in_order():
    assert reason_text(["phone_invalid", "email_cleaned", "phone_invalid"]) == "email_cleaned, phone_invalid"
    assert reason_text(()) is None
