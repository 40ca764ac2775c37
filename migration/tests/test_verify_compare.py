"""A customer of the shop against its documents: what differs is named by place and kind; what is explained is not."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from cratejoy_migration.verify import page, screen
from cratejoy_migration.verify.compare import Rules, compare
from cratejoy_migration.verify.differences import Difference
from cratejoy_migration.verify.facts import Facts
from cratejoy_migration.verify.orders import Placed, compare_orders
from target_shopify.creation import wish
from target_shopify.mapping.member import Member, read_member
from target_shopify.mapping.options import MappingOptions
from target_shopify.planning import Found, mark

OPTIONS = MappingOptions()
RULES = Rules(OPTIONS)
HOME = {"id": 1, "to": "Ada Marsh", "street": "1 Example Street", "city": "Portland", "state": "OR",
        "zip_code": "97201", "country": "US", "phone_number": "503 200 0001"}  # fmt: skip
WORK = {**HOME, "id": 2, "street": "2 Example Street"}


def document(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "email": "ada@example.com", "first_name": "Ada", "last_name": "Marsh", "note": "Likes tea.",
        "num_orders": 2, "total_revenue": 8998, "addresses": [HOME, WORK],
        "subscriptions": [{"id": 70 + number, "status": "active", "start_date": "2025-08-15T14:02:11+00:00"}],
        "orders": [{"id": 50 + number, "placed_at": "2026-02-15T06:01:44+00:00", "total": 4499}], **changes,
    }  # fmt: skip


def member(number: int = 1, **changes: Any) -> Member:
    return read_member(document(number, **changes), OPTIONS)


def in_the_shop(*members: Member, origin: str = "created", repairs: tuple[str, ...] = ()) -> Found:
    """Return the customer as Shopify has it right after it was made."""
    made = wish(list(members), OPTIONS)
    state = replace(made.state, origin=origin, repairs=repairs)
    return Found(
        id="gid://shopify/Customer/1",
        fields={"phone": None, "note": None, **made.customer.fields},
        tags=tuple(made.input["tags"]),
        addresses=tuple({**one, "id": f"A{place}"} for place, one in enumerate(made.customer.addresses or ())),
        metafields={key: value for key, (_, value) in made.customer.metafields.items()},
        state=state,
    )


def differs(found: Found, *members: Member, rules: Rules = RULES) -> list[Difference]:
    return list(compare(found, members or [member()], rules).differences)


def test_what_was_just_made_has_no_difference() -> None:
    assert compare(in_the_shop(member()), [member()], RULES).differences == ()


def test_what_shopify_normalises_is_no_difference() -> None:
    found = in_the_shop(member())
    history = json.dumps(json.loads(found.metafields["order_history"]), indent=2)
    value = json.dumps({"currency_code": "USD", "amount": "89.980"})
    metafields = {**found.metafields, "order_history": history, "lifetime_value": value,
                  "first_order_at": "2026-02-15T06:01:44+00:00"}  # fmt: skip
    shouted = [{**one, "city": "PORTLAND", "phone": "+1 (503) 200-0001"} for one in found.addresses]
    changed = replace(
        found,
        fields={**found.fields, "email": "Ada@Example.com", "phone": "+1 503-200-0001", "note": "Likes tea.\r\n"},
        tags=[tag.upper() for tag in found.tags],
        addresses=shouted,
        metafields=metafields,
    )

    assert differs(changed) == []


def test_what_others_added_is_no_difference() -> None:
    found = in_the_shop(member())
    more = replace(
        found,
        fields={**found.fields, "note": "VIP!\n\nLikes tea."},
        tags=(*found.tags, "vip"),
        addresses=(*found.addresses, {"id": "A9", "address1": "9 Other Street"}),
        metafields={**found.metafields, "something": "else"},
    )

    assert differs(more) == []


@pytest.mark.parametrize(
    ("name", "told", "value", "kind"),
    [
        ("email", "email", "else@example.com", "changed_in_shop"),
        ("firstName", "first_name", "Countess", "changed_in_shop"),
        ("lastName", "last_name", None, "removed_in_shop"),
        ("phone", "phone", None, "removed_in_shop"),
        ("note", "note", "Likes coffee.", "changed_in_shop"),
    ],
)
def test_a_field_that_was_changed_or_emptied_is_named(name: str, told: str, value: str | None, kind: str) -> None:
    found = in_the_shop(member())

    assert differs(replace(found, fields={**found.fields, name: value})) == [Difference(told, kind)]


def test_our_part_of_a_note_that_went_is_told() -> None:
    found = in_the_shop(member())
    assert found.state is not None
    beside = {**found.state.fields, "note": f"+{mark('note', 'Likes tea.')}"}
    found = replace(found, state=replace(found.state, fields=beside), fields={**found.fields, "note": "VIP!"})

    assert differs(found) == [Difference("note", "changed_in_shop")]


def test_a_field_that_was_never_written_is_missing() -> None:
    found = in_the_shop(member())
    marks = {name: one for name, one in found.state.fields.items() if name != "phone"}
    unwritten = replace(found, fields={**found.fields, "phone": None}, state=replace(found.state, fields=marks))

    assert differs(unwritten) == [Difference("phone", "missing")]


def test_a_field_that_shopify_refused_is_explained() -> None:
    found = in_the_shop(member())
    given_up = {"phone": mark("phone", found.fields["phone"])}
    without = replace(
        found, fields={**found.fields, "phone": None}, tags=(*found.tags, "cj-check"),
        state=replace(found.state, given_up=given_up, repairs=("phone_taken",)),
    )  # fmt: skip

    told = compare(without, [member()], RULES)

    assert told.differences == ()
    assert told.explained == ("phone: refused by Shopify, as recorded",)


def test_the_merchants_own_fields_of_an_adopted_customer_are_explained() -> None:
    found = in_the_shop(member(), origin="adopted")
    theirs = replace(
        found, fields={**found.fields, "firstName": "Countess"},
        state=replace(found.state, fields={"email": found.state.fields["email"]}),
    )  # fmt: skip

    told = compare(theirs, [member()], RULES)

    assert told.differences == ()
    assert told.explained == ("first_name: the merchant's own stays (update_policy: merge)",)


def test_under_replace_the_merchants_own_fields_differ() -> None:
    found = in_the_shop(member(), origin="adopted")
    theirs = replace(found, fields={**found.fields, "firstName": "Countess"}, state=replace(found.state, fields={}))

    assert differs(theirs, rules=Rules(OPTIONS, replaces=True)) == [Difference("first_name", "wrong")]


def test_a_removed_address_is_named_by_its_place() -> None:
    found = in_the_shop(member())

    assert differs(replace(found, addresses=found.addresses[:1])) == [Difference("address", "removed_in_shop", "2")]


def test_an_address_that_shopify_refused_is_explained() -> None:
    found = in_the_shop(member(), repairs=("address_refused",))
    told = compare(replace(found, addresses=found.addresses[:1], tags=(*found.tags, "cj-check")), [member()], RULES)

    assert told.differences == ()
    assert told.explained == ("address: refused by Shopify, as recorded",)


def test_another_default_address_is_a_difference() -> None:
    found = in_the_shop(member())

    assert differs(replace(found, addresses=found.addresses[::-1])) == [
        Difference("default_address", "changed_in_shop")
    ]


def test_a_default_address_that_is_gone_is_one_difference_not_two() -> None:
    found = in_the_shop(member())

    assert differs(replace(found, addresses=found.addresses[1:])) == [Difference("address", "removed_in_shop", "1")]


def test_the_default_address_of_an_adopted_customer_is_its_owners_choice() -> None:
    found = in_the_shop(member(), origin="adopted")

    assert differs(replace(found, addresses=found.addresses[::-1])) == []


def test_a_changed_tag_is_one_that_is_gone_and_one_too_many() -> None:
    found = in_the_shop(member())
    changed = tuple("cj-status-cancelled" if tag == "cj-status-active" else tag for tag in found.tags)

    assert differs(replace(found, tags=changed)) == [
        Difference("tag", "removed_in_shop", "cj-status-active"),
        Difference("tag", "extra", "cj-status-cancelled"),
    ]


def test_a_tag_that_somebody_made_up_is_not_repeated() -> None:
    found = in_the_shop(member())
    made_up = (*found.tags, "cj-status-<b>ada@example.com</b>")

    assert differs(replace(found, tags=made_up)) == [Difference("tag", "extra", "cj-...")]


@pytest.mark.parametrize("key", ["customer_id", "order_history", "subscription_status", "lifetime_value"])
def test_a_deleted_metafield_is_named(key: str) -> None:
    found = in_the_shop(member())
    left = {name: value for name, value in found.metafields.items() if name != key}

    assert differs(replace(found, metafields=left)) == [Difference("metafield", "removed_in_shop", key)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order_history", '{"version":1,"customer_id":1,"currency":"USD","part":1,"of":1,"orders":[]}'),
        ("order_history", "not json"),
        ("lifetime_value", '{"amount":"89.99","currency_code":"USD"}'),
        ("lifetime_value", '{"amount":"89.98","currency_code":"EUR"}'),
        ("order_count", "3"),
        ("first_order_at", "2026-02-15T06:01:45+00:00"),
    ],
)
def test_an_edited_metafield_is_named(key: str, value: str) -> None:
    found = in_the_shop(member())

    assert differs(replace(found, metafields={**found.metafields, key: value})) == [
        Difference("metafield", "changed_in_shop", key)
    ]


def test_a_history_of_several_parts_is_told_once() -> None:
    many = member(subscriptions=[{"id": number, "note": "x" * 2000} for number in range(1, 200)])
    found = in_the_shop(many)
    parts = [key for key in found.metafields if key.startswith("subscription_history")]
    assert len(parts) > 2
    left = {key: value for key, value in found.metafields.items() if key not in parts[1:]}

    assert differs(found, many) == []
    assert differs(replace(found, metafields=left), many) == [
        Difference("metafield", "removed_in_shop", "subscription_history")
    ]


def test_bookkeeping_that_is_gone_is_a_difference() -> None:
    found = replace(in_the_shop(member()), state=None)

    assert differs(found) == [Difference("metafield", "removed_in_shop", "sync_state")]


def test_members_that_are_not_staged_any_more_keep_their_rows() -> None:
    other = member(2, first_name="Bea", addresses=[])
    found = in_the_shop(member(), other)

    assert differs(found, member(), other) == []
    assert differs(found, member()) == []
    assert differs(found, other) == []


def test_a_document_that_the_shop_never_got_is_not_hidden_by_the_one_it_got() -> None:
    found = in_the_shop(member())

    names = {(one.field, one.key) for one in differs(found, member(), member(2, first_name="Bea"))}

    assert ("tag", "cj-id-2") in names
    assert ("metafield", "order_history") in names


def test_a_province_that_shopify_does_not_keep_is_no_difference() -> None:
    here = {**HOME, "country": "KR", "state": "전라북도"}
    lone = member(addresses=[here])
    found = in_the_shop(lone)
    assert found.addresses[0]["provinceCode"] == "KR-45"
    bare = {name: value for name, value in found.addresses[0].items() if name != "provinceCode"}

    assert differs(replace(found, addresses=(bare,)), lone) == []


# Orders


CREATE = MappingOptions(orders="create")
GID = "gid://shopify/Customer/1"
PLACED = Placed(GID, Decimal("44.990"), "USD", "2026-02-15T06:01:44Z")


def orders(there: dict[int, Placed], *reasons: str) -> list[Any]:
    return list(compare_orders([read_member(document(), CREATE)], there, GID, "USD", reasons))


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({51: PLACED}, []),
        ({}, [Difference("order", "missing", "51")]),
        ({51: replace(PLACED, amount=Decimal("44.98"))}, [Difference("order_total", "wrong", "51")]),
        ({51: replace(PLACED, currency="EUR")}, [Difference("order_total", "wrong", "51")]),
        ({51: replace(PLACED, processed_at="2026-02-15T06:01:45Z")}, [Difference("order_date", "wrong", "51")]),
        ({51: replace(PLACED, customer=None)}, [Difference("order_customer", "wrong", "51")]),
    ],
)
def test_orders_are_compared_by_total_date_and_customer(there: dict[int, Placed], told: list[Difference]) -> None:
    assert orders(there) == told


def test_an_order_of_the_future_was_placed_at_its_making() -> None:
    made = "2026-01-02T10:00:00Z"
    assert orders({51: replace(PLACED, processed_at=made, created_at=made)}) == [
        "order_date: in the future, so Shopify took the day it was made"
    ]


def test_an_order_that_shopify_refused_is_explained() -> None:
    assert orders({}, "phone_taken, order 51 refused (lineItems: INVALID)") == [
        "order: refused by Shopify, as recorded"
    ]


def test_an_example_says_what_differs_and_how():
    differing = [
        {"field": "first_name", "kind": "changed_in_shop", "key": ""},
        {"field": "tag", "kind": "removed_in_shop", "key": "cj-migrated"},
    ]
    one = {"cratejoy_id": 71, "shopify_id": "gid://shopify/Customer/99", "differences": differing}
    found = Facts((), {}, {}, samples={"different": [one]})
    assert list(screen.examples(found)) == [
        "  71 (Shopify 99): first name changed in the shop, tag cj-migrated removed in the shop"
    ]


@pytest.mark.parametrize(("pending", "tiles"), [(0, 4), (150, 5)])
def test_the_figures_on_the_certificate_add_up(pending, tiles):
    counts = {"staged": 3 + pending, "loaded": 1, "merged": 1, "refused": 1, "different": 0, "pending": pending}
    shown = page.figures({"counts": {"customers": counts}})
    assert shown.count("<div>") == tiles
    assert (f"<b>{pending:,}</b><span>still to go</span>" in shown) is (pending > 0)
