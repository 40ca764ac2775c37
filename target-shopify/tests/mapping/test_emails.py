"""Which e-mails can go, which are mended, and which are one person's."""

from __future__ import annotations

import pytest
from mapping_samples import customer, member, values
from target_shopify.mapping.documents import group_key


@pytest.mark.parametrize(
    ("given", "email"),
    [
        ("ada.marsh@example.com", "ada.marsh@example.com"),
        (" Ada.Marsh@Example.com\n", "Ada.Marsh@Example.com"),
        ("ada marsh@example.com", "adamarsh@example.com"),
        ("o'neil+box@mail.example.com", "o'neil+box@mail.example.com"),
        ("ada@münchen.example.com", "ada@münchen.example.com"),
    ],
)
def test_a_good_email_goes_as_it_is_but_for_white_space(given, email):
    made = member(email=given)
    assert (made.email, made.source_email, made.repairs) == (email, None, ())


@pytest.mark.parametrize(
    "given",
    [
        "<ada@example.com>",
        "mailto:ada@example.com",
        "MAILTO:ada@example.com?subject=tea",
        "Ada Marsh <ada@example.com>",
        "ada@example.com.",
        "ada@example.com;",
        "(ada@example.com)",
    ],
)
def test_what_does_not_belong_to_an_email_is_taken_off(given):
    made = member(email=given)
    assert (made.email, made.repairs) == ("ada@example.com", ("email_cleaned",))


@pytest.mark.parametrize(
    "given",
    [
        "not-an-address",
        "ada@@example.com",
        "ada@example",
        "ada@example..com",
        "@example.com",
        "ada@example.com, bob@example.com",
        f"{'a' * 250}@example.com",
    ],
)
def test_an_unusable_email_is_left_off_and_kept_in_its_metafield(given):
    made = customer(email=given)
    assert "email" not in made.fields
    assert values(made)["source_email"] == given
    assert made.repairs == ("email_unusable",)


def test_no_email_is_nothing_to_repair():
    made = customer(email="")
    assert made.repairs == ()
    assert "source_email" not in values(made)


def test_case_and_white_space_do_not_make_two_people():
    assert group_key("Ada. Marsh@Example.COM ") == group_key("ada.marsh@example.com")
    assert group_key("ada@example.com") != group_key("adb@example.com")
