"""What is given up for which refusal, by example; texts are those of recorded live answers."""

from __future__ import annotations

from typing import Any

import pytest
from target_shopify.client import UserError
from target_shopify.reactions import id_is_taken, is_taken, refusal_reason, relaxed

TAKEN = "Email has already been taken"


def error(*place: str, message: str = "is invalid", code: str | None = None) -> UserError:
    return UserError(place, message, code)


def wanted(**changes: Any) -> dict[str, Any]:
    return {
        "email": "ada@example.com", "phone": "+15032000001", "firstName": "Ada", "lastName": "Marsh", "note": "x" * 30,
        "tags": ["cj-migrated", "cj-id-1"],
        "addresses": [
            {"address1": "1 Example Street", "city": "Portland", "provinceCode": "OR", "countryCode": "US"},
            {"address1": "2 Example Street", "phone": "+15032000009"},
        ],
        "metafields": [{"key": "customer_id"}, {"key": "order_history"}],
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("place", "message", "gone", "repair"),
    [
        (("email",), TAKEN, "email", "email_taken"),
        (("email",), "Email is invalid", "email", "email_refused"),
        (("input", "phone"), "Phone has already been taken", "phone", "phone_taken"),
        (("phone",), "Phone is invalid", "phone", "phone_refused"),
        (("firstName",), "First name cannot contain HTML tags", "firstName", "firstName_refused"),
        (("input", "note"), "Note is odd", "note", "note_refused"),
    ],
)
def test_a_refused_field_is_left_off(place: tuple[str, ...], message: str, gone: str, repair: str) -> None:
    before = wanted()

    changed, repairs = relaxed(before, [error(*place, message=message)]) or ({}, [])

    assert repairs == [repair]
    assert changed == {name: value for name, value in wanted().items() if name != gone}
    assert before == wanted(), "the input itself stays as it is"


def test_a_text_that_is_too_long_is_cut() -> None:
    changed, repairs = relaxed(wanted(), [error("note", message="Note is too long (maximum is 20 characters)")]) or (
        {},
        [],
    )

    assert (changed["note"], repairs) == ("x" * 20, ["note_cut"])


def test_a_refused_state_leaves_the_address() -> None:
    changed, repairs = relaxed(wanted(), [error("addresses", "0", "province")]) or ({}, [])

    assert changed["addresses"][0] == {"address1": "1 Example Street", "city": "Portland", "countryCode": "US"}
    assert repairs == ["address_province_refused"]


def test_a_refused_country_takes_the_state_with_it() -> None:
    changed, repairs = relaxed(wanted(), [error("input", "addresses", "0", "country")]) or ({}, [])

    assert changed["addresses"][0] == {"address1": "1 Example Street", "city": "Portland"}
    assert repairs == ["address_country_refused"]


def test_an_address_refused_as_a_whole_is_left_off() -> None:
    changed, repairs = relaxed(wanted(), [error("addresses", "0", message="Customer address cannot be blank.")]) or (
        {},
        [],
    )

    assert [one["address1"] for one in changed["addresses"]] == ["2 Example Street"]
    assert repairs == ["address_refused"]


def test_several_addresses_are_left_off_by_their_positions() -> None:
    changed, repairs = relaxed(wanted(), [error("addresses", "0"), error("addresses", "1")]) or ({}, [])

    assert changed["addresses"] == []
    assert repairs == ["address_refused"]


def test_two_refusals_of_one_address_do_not_take_the_next_one() -> None:
    errors = [error("addresses", "0", "city"), error("addresses", "0", "address1")]

    changed, _ = relaxed(wanted(), errors) or ({}, [])

    assert {"address1": "2 Example Street", "phone": "+15032000009"} in changed["addresses"]


@pytest.mark.parametrize(
    ("place", "repair"),
    [(("tags", "1"), "tag_refused"), (("metafields", "1", "value"), "metafield_refused:order_history")],
)
def test_a_refused_tag_or_metafield_is_left_off(place: tuple[str, ...], repair: str) -> None:
    changed, repairs = relaxed(wanted(), [error(*place)]) or ({}, [])

    assert len(changed[place[0]]) == 1
    assert repairs == [repair]


@pytest.mark.parametrize(
    "place", [("metafields", "0", "value"), ("metafields", "7"), ("tags", "9"), ("addresses", "5"), ("taxExempt",), ()]
)
def test_what_cannot_be_given_up_is_not(place: tuple[str, ...]) -> None:
    assert relaxed(wanted(), [error(*place)]) is None


def test_a_field_that_is_not_there_cannot_be_given_up() -> None:
    assert relaxed({"email": "ada@example.com"}, [error("phone")]) is None


@pytest.mark.parametrize(
    ("place", "message", "name", "taken"),
    [
        (("email",), TAKEN, "email", True),
        (("input", "email"), TAKEN, "email", True),
        (("email",), "Email is invalid", "email", False),
        (("phone",), "Phone has already been taken", "email", False),
        (("phone",), "Phone has already been taken", "phone", True),
    ],
)
def test_a_taken_value_is_told_from_a_wrong_one(place: tuple[str, ...], message: str, name: str, taken: bool) -> None:
    assert is_taken(error(*place, message=message), name) is taken


@pytest.mark.parametrize(
    ("place", "message", "taken"),
    [
        (("metafields", "0", "value"), "Value is already in use and must be unique", True),
        ((), "metafield value has already been taken", True),
        (("email",), TAKEN, False),
        (("phone",), "Phone has already been taken", False),
        (("metafields", "0", "value"), "Value is invalid JSON", False),
    ],
)
def test_a_taken_id_is_known(place: tuple[str, ...], message: str, taken: bool) -> None:
    assert id_is_taken([error(*place, message=message)]) is taken


def test_a_reason_names_places_and_codes_once() -> None:
    errors = [
        error("input", "email", message=TAKEN),
        error("email", message=TAKEN),
        error(message="No", code="INVALID"),
    ]

    assert refusal_reason(errors) == f"refused by Shopify (email: {TAKEN}; customer: INVALID)"


@pytest.mark.parametrize(
    ("message", "gone", "repair"),
    [
        ("Phone has already been taken", "phone", "phone_taken"),
        ("Email has already been taken", "email", "email_taken"),
        ("First name is too long", "firstName", "firstName_refused"),
    ],
)
def test_a_refusal_that_points_nowhere_is_told_by_its_words(message: str, gone: str, repair: str) -> None:
    changed, repairs = relaxed(wanted(), [error(message=message)])
    assert gone not in changed
    assert repairs == [repair]
