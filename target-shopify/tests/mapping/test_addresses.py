"""Addresses that Shopify takes whole."""

from __future__ import annotations

import pytest
from mapping_samples import address, member
from target_shopify.mapping import countries
from target_shopify.mapping.sync_state import address_fingerprint


def read(**changes):
    """The one address of a varied record, and what was repaired."""
    made = member(addresses=[address(**changes)])
    return (made.addresses or (None,))[0], made.repairs


def test_every_property_has_its_place():
    made, repairs = read(company="Marsh Ltd", phone_number="(503) 555-0123")
    assert made == {
        "firstName": "Ada",
        "lastName": "Marsh",
        "company": "Marsh Ltd",
        "address1": "12 Example Street",
        "address2": "4B",
        "city": "Portland",
        "provinceCode": "OR",
        "zip": "97201",
        "countryCode": "US",
        "phone": "(503) 555-0123",
    }
    assert repairs == ()


def test_an_address_to_nobody_is_the_customers_own():
    made, _ = read(to="")
    assert (made["firstName"], made["lastName"]) == ("Ada", "Marsh")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("US", "US"),
        ("usa", "US"),
        ("U.S.A.", "US"),
        ("United States", "US"),
        ("UK", "GB"),
        ("Scotland", "GB"),
        ("XK", "XK"),
        ("DEU", "DE"),
        ("Deutschland", "DE"),
        ("Côte d'Ivoire", "CI"),
        ("Korea, Republic of", "KR"),
        ("Viet Nam", "VN"),
    ],
)
def test_a_country_is_known_by_any_common_spelling(typed, code):
    assert countries.country(typed) == (code, None)


def test_a_territory_is_a_state_of_the_us():
    made, repairs = read(country="Puerto Rico", state="", city="San Juan", zip_code="00907")
    assert (made["countryCode"], made["provinceCode"], made["city"]) == ("US", "PR", "San Juan")
    assert repairs == ()


@pytest.mark.parametrize(
    ("country", "state", "code"),
    [
        ("US", "Oregon", "OR"),
        ("US", "oregon ", "OR"),
        ("US", "Mass.", "MA"),
        ("US", "Washington, D.C.", "DC"),
        ("US", "US-OR", "OR"),
        ("CA", "Québec", "QC"),
        ("CA", "PQ", "QC"),
        ("IE", "Co. Galway", "G"),
        ("IE", "Dublin 4", "D"),
        ("AU", "New South Wales", "NSW"),
        ("JP", "Tokyo", "JP-13"),
        ("MX", "CDMX", "DF"),
        ("BR", "Sao Paulo", "SP"),
        ("ES", "Barcelona", "B"),
    ],
)
def test_a_state_is_known_by_code_or_name(country, state, code):
    made, repairs = read(country=country, state=state)
    assert (made["provinceCode"], repairs) == (code, ())


def test_an_unknown_state_stays_beside_the_city():
    made, repairs = read(state="Cascadia")
    assert "provinceCode" not in made
    assert made["city"] == "Portland, Cascadia"
    assert repairs == ("province_unknown",)


def test_where_shopify_has_no_states_one_beside_the_city_is_no_repair():
    made, repairs = read(country="GB", city="Leeds", state="West Yorkshire", zip_code="LS6 1CD")
    assert made["city"] == "Leeds, West Yorkshire"
    assert repairs == ()


def test_a_state_that_is_the_city_is_not_said_twice():
    assert read(country="SG", city="Singapore", state="Singapore")[0]["city"] == "Singapore"


def test_a_state_that_is_only_within_a_word_of_the_city_is_not_lost():
    assert read(country="DE", city="Bernau", state="Bern")[0]["city"] == "Bernau, Bern"


def test_an_unknown_country_stays_beside_the_city():
    made, repairs = read(country="Atlantis", state="")
    assert "countryCode" not in made
    assert made["city"] == "Portland, Atlantis"
    assert repairs == ("country_unknown",)


def test_an_address_without_a_country_is_in_that_of_the_customer():
    made = member(country="CA", addresses=[address(country=None, state="ON")])
    assert (made.addresses[0]["countryCode"], made.addresses[0]["provinceCode"]) == ("CA", "ON")
    assert made.repairs == ("country_assumed",)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("12 <b>Example</b> Street", "12 Example Street"),
        ("12 Example Street https://example.com/map", "12 Example Street"),
        ("12 Example Street www.example.com", "12 Example Street"),
        ("12 Example Street 🏡", "12 Example Street"),
        ("12 Example Street ❤️", "12 Example Street"),
    ],
)
def test_html_web_addresses_and_emoji_are_removed(typed, kept):
    made, repairs = read(street=typed)
    assert (made["address1"], repairs) == (kept, ("address_cleaned",))


def test_accents_hashes_and_full_stops_are_no_reason_to_touch_an_address():
    made, repairs = read(street="St. Géry 4 / 2 #7, 日本橋")
    assert (made["address1"], repairs) == ("St. Géry 4 / 2 #7, 日本橋", ())


def test_a_long_field_is_cut_at_255_characters():
    made, repairs = read(street="s" * 300)
    assert (made["address1"], repairs) == ("s" * 255, ("address_cut",))


def test_an_address_with_nothing_but_a_name_is_dropped():
    made = member(addresses=[{"id": 1, "to": "Ada Marsh", "street": " ", "city": None}])
    assert (made.addresses, made.repairs) == ((), ())


def test_equal_addresses_go_once_and_the_first_stays_first():
    again = address(street="12  EXAMPLE street", id=9)
    made = member(addresses=[address(), again, address(street="1 Other Road"), address()])
    assert [one["address1"] for one in made.addresses] == ["12 Example Street", "1 Other Road"]


def test_more_than_250_addresses_are_cut():
    made = member(addresses=[address(street=f"{number} Example Street") for number in range(251)])
    assert (len(made.addresses), made.repairs) == (250, ("addresses_cut",))


@pytest.mark.parametrize(("given", "read_as"), [(None, None), ([], ()), ("nonsense", None), ([None, 7], ())])
def test_absent_addresses_are_unknown_and_an_empty_array_is_none(given, read_as):
    assert member(addresses=given).addresses == read_as


def test_a_fingerprint_does_not_see_case_white_space_or_phone_format():
    ours = {"address1": "12 Example Street", "city": "Portland", "phone": "(503) 555-0123"}
    theirs = {
        "id": "gid://shopify/MailingAddress/1",
        "address1": "12 example  street",
        "city": "PORTLAND ",
        "phone": "+15035550123",
    }
    assert address_fingerprint(ours) == address_fingerprint(theirs)
    assert address_fingerprint(ours) != address_fingerprint({**ours, "city": "Salem"})
    assert len(address_fingerprint(ours)) == 16


def test_the_joiner_of_indian_scripts_is_no_emoji():
    made, repairs = read(city="ශ්\u200dරී ජයවර්ධනපුර")
    assert (made["city"], repairs) == ("ශ්\u200dරී ජයවර්ධනපුර", ())


def test_an_emoji_of_several_signs_goes_whole():
    assert read(company="Marsh 👩🏽\u200d🌾 Farm")[0]["company"] == "Marsh Farm"
