"""The customer's own phone number, taken from the addresses."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import OPTIONS, address, customer, document, member
from target_shopify.mapping import phones
from target_shopify.mapping.member import read_member
from target_shopify.mapping.options import MappingOptions


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("(503) 555-0123", "US", "+15035550123"),
        ("503.555.0123", "US", "+15035550123"),
        ("1 503 555 0123", "CA", "+15035550123"),
        ("+1 (613) 450-5293", None, "+16134505293"),
        ("503-555-0123 x12", "US", "+15035550123"),
        ("787-555-0123", "PR", "+17875550123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("(02) 5550 1234", "AU", "+61255501234"),
        ("+44 20 7946 0958", "US", "+442079460958"),
    ],
)
def test_a_number_becomes_e164_by_the_country_it_is_dialled_in(typed, region, number):
    assert phones.e164(typed, region) == number


@pytest.mark.parametrize(
    ("typed", "region"),
    [("555-0100", "US"), ("000 000 0000", "US"), ("1234567890", "US"), ("call me", "US"), ("020 7946 0958", None)],
)
def test_a_number_that_cannot_exist_is_none(typed, region):
    assert phones.e164(typed, region) is None


@settings(max_examples=400)
@given(st.builds("{}{}".format, st.integers(200, 999), st.integers(2_000_000, 9_999_999)))
def test_the_quick_way_for_north_america_agrees_with_the_library(digits):
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(digits))
    assert (phones.e164(digits, "US") is not None) == phonenumbers.is_valid_number(number)


def test_the_first_usable_number_of_the_addresses_is_the_customers_own():
    made = member(addresses=[address(phone_number="555-0100"), address(phone_number="(503) 555-0123")])
    assert (made.phone, made.note, made.repairs) == ("+15035550123", None, ())


def test_an_unusable_number_stays_in_the_address_and_in_the_note():
    made = customer(note="Likes tea.", addresses=[address(phone_number="555-0100")])
    assert "phone" not in made.fields
    assert made.fields["note"] == "Likes tea.\nPhone in Cratejoy: 555-0100"
    assert made.addresses[0]["phone"] == "555-0100"
    assert made.repairs == ("phone_invalid",)


def test_an_address_without_a_country_is_dialled_in_the_default_one():
    sample = document(addresses=[address(country=None, phone_number="020 7946 0958")])
    assert read_member(sample, OPTIONS).phone is None
    assert read_member(sample, MappingOptions(default_country="GB")).phone == "+442079460958"
