"""What an update changes, by example: under merge nothing of others is removed or overwritten, under replace it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from target_shopify.mapping.customer import Metafield, ShopifyCustomer
from target_shopify.mapping.sync_state import SyncState, address_fingerprint, fingerprint
from target_shopify.planning import Found, Plan, plan, same

HOME = {"firstName": "Ada", "lastName": "Marsh", "address1": "1 Example Street", "city": "Portland",
        "provinceCode": "OR", "countryCode": "US", "zip": "97201"}  # fmt: skip
WORK = {**HOME, "address1": "2 Example Street"}
FIELDS = {"email": "ada@example.com", "firstName": "Ada", "lastName": "Marsh", "phone": "+15032000001"}
TAGS = ("cj-migrated", "cj-id-1", "cj-status-active", "cj-subscriber")


def wanted(**changes: Any) -> ShopifyCustomer:
    given: dict[str, Any] = {
        "cratejoy_id": 1, "fields": dict(FIELDS), "addresses": (HOME,), "tags": TAGS,
        "metafields": {"customer_id": Metafield("id", "1"), "order_count": Metafield("number_integer", "2")},
        "repairs": (), "hash": "h", "member_ids": (1,),
    }  # fmt: skip
    return ShopifyCustomer(**{**given, **changes})


def state(fields: dict[str, str], *addresses: dict[str, str]) -> SyncState:
    """Return the bookkeeping of a run that wrote these."""
    marks = {name: fingerprint(value) for name, value in fields.items()}
    return SyncState(
        origin="created", hash="h0", fields=marks, addresses=tuple(map(address_fingerprint, addresses)), keys=(),
        members=(),
    )  # fmt: skip


def found(**changes: Any) -> Found:
    given: dict[str, Any] = {
        "id": "gid://shopify/Customer/1", "fields": {**FIELDS, "note": None}, "tags": TAGS,
        "addresses": ({**HOME, "id": "A1"},), "metafields": {"customer_id": "1", "order_count": "2"},
        "state": state(FIELDS, HOME),
    }  # fmt: skip
    return Found(**{**given, **changes})


def change(
    there: Found, want: ShopifyCustomer, *, replace: bool = False, fill_only: bool = False, repair: str | None = None
) -> Plan:
    return plan(there, want, replace=replace, fill_only=fill_only, prefix="cj-", repair=repair)


@pytest.mark.parametrize("replace", [True, False])
def test_a_customer_that_is_as_wanted_needs_nothing(replace: bool) -> None:
    assert change(found(), wanted(), replace=replace).empty


@pytest.mark.parametrize(
    ("name", "now", "new", "equal"),
    [
        ("email", "Ada@Example.com", "ada@example.com", True),
        ("phone", "+1 (503) 200-0001", "+15032000001", True),
        ("phone", "+15032000002", "+15032000001", False),
        ("note", "One.\r\nTwo.", "One.\nTwo.", True),
        ("note", "", None, True),
        ("firstName", "ada", "Ada", False),
    ],
)
def test_values_are_compared_as_shopify_normalises_them(
    name: str, now: str | None, new: str | None, equal: bool
) -> None:
    assert same(name, now, new) is equal


# merge


def test_what_we_wrote_is_brought_up_to_date() -> None:
    assert change(found(), wanted(fields={**FIELDS, "firstName": "Adele"})).fields == {"firstName": "Adele"}


def test_what_somebody_changed_stays() -> None:
    there = found(fields={**FIELDS, "firstName": "Countess", "email": "new@example.com", "note": None})

    assert change(there, wanted()).fields == {}


def test_what_is_empty_is_filled() -> None:
    there = found(fields={**FIELDS, "phone": None, "note": None}, state=None)

    assert change(there, wanted(fields={**FIELDS, "note": "Likes tea."})).fields == {
        "phone": "+15032000001", "note": "Likes tea.",
    }  # fmt: skip


def test_what_the_document_lacks_is_not_emptied() -> None:
    assert change(found(), wanted(fields={"email": "ada@example.com"})).empty


def test_half_a_name_is_not_put_beside_half_a_name_of_somebody_else() -> None:
    there = found(fields={"email": "ada@example.com", "firstName": "Countess", "lastName": None}, state=None)

    assert "lastName" not in change(there, wanted()).fields


def test_a_note_is_added_to_a_note() -> None:
    there = found(fields={**FIELDS, "note": "Likes green."})

    assert change(there, wanted(fields={**FIELDS, "note": "Likes tea."})).fields == {
        "note": "Likes green.\n\nLikes tea."
    }


@pytest.mark.parametrize("note", ["Likes tea.", "Old. Likes tea. New.", "x" * 4_995])
def test_a_note_that_is_there_or_does_not_fit_is_not_added(note: str) -> None:
    there = found(fields={**FIELDS, "note": note})

    assert change(there, wanted(fields={**FIELDS, "note": "Likes tea."})).fields == {}


def after(there: Found, planned: Plan) -> Found:
    """Return the customer after a plan was carried out, as far as fields go."""
    assert there.state is not None
    fields = {**there.fields, **planned.fields}
    return replace(there, fields=fields, state=replace(there.state, fields=planned.written))


@pytest.mark.parametrize("theirs", ["Likes green.", "Likes green.\n\nCalls on Mondays.", "Likes green.\n"])
def test_our_part_of_a_note_changes_and_the_rest_stays(theirs: str) -> None:
    there = found(fields={**FIELDS, "note": theirs})
    want = wanted(fields={**FIELDS, "note": "Likes tea.\n\nNo nuts."})
    there = after(there, change(there, want))

    planned = change(there, wanted(fields={**FIELDS, "note": "Likes coffee."}))

    assert planned.fields == {"note": f"{theirs}\n\nLikes coffee."}
    again = change(after(there, planned), wanted(fields={**FIELDS, "note": "Likes cocoa.\n\nNo nuts."}))
    assert again.fields == {"note": f"{theirs}\n\nLikes cocoa.\n\nNo nuts."}


def killed_before_bookkeeping(there: Found, planned: Plan) -> Found:
    return replace(there, fields={**there.fields, **planned.fields})


def test_what_a_killed_run_wrote_last_is_still_ours() -> None:
    there = found(fields={**FIELDS, "note": None})
    second = wanted(fields={**FIELDS, "firstName": "Adele"})
    there = killed_before_bookkeeping(there, change(there, second))
    there = after(there, change(there, second))

    assert change(there, wanted(fields={**FIELDS, "firstName": "Joan"})).fields == {"firstName": "Joan"}


def test_our_part_of_a_note_that_a_killed_run_wrote_last_is_still_ours() -> None:
    there = found(fields={**FIELDS, "note": "Likes green."})
    there = after(there, change(there, wanted(fields={**FIELDS, "note": "Likes tea."})))
    second = wanted(fields={**FIELDS, "note": "Likes coffee."})
    there = killed_before_bookkeeping(there, change(there, second))
    there = after(there, change(there, second))

    planned = change(there, wanted(fields={**FIELDS, "note": "Likes cocoa."}))

    assert planned.fields == {"note": "Likes green.\n\nLikes cocoa."}


def test_our_part_of_a_note_is_known_between_what_others_wrote() -> None:
    there = found(fields={**FIELDS, "note": "Likes green."})
    there = after(there, change(there, wanted(fields={**FIELDS, "note": "Likes tea."})))
    there = replace(there, fields={**there.fields, "note": f"{there.fields['note']}\r\n\r\nPaid in cash."})

    planned = change(there, wanted(fields={**FIELDS, "note": "Likes coffee."}))

    assert planned.fields == {"note": "Likes green.\n\nLikes coffee.\n\nPaid in cash."}


@pytest.mark.parametrize("repair", [None, "missing", "all"])
def test_our_part_of_a_note_that_somebody_rewrote_is_theirs(repair: str | None) -> None:
    there = found(fields={**FIELDS, "note": "Likes green."})
    there = after(there, change(there, wanted(fields={**FIELDS, "note": "Likes tea."})))
    there = replace(there, fields={**there.fields, "note": "Likes green.\n\nLikes oolong tea."})

    planned = change(there, wanted(fields={**FIELDS, "note": "Likes tea."}), repair=repair)

    assert planned.fields == {"note": "Likes green.\n\nLikes oolong tea.\n\nLikes tea."}


def test_what_one_of_several_adds_to_a_note_goes_to_our_part() -> None:
    there = found(fields={**FIELDS, "note": "Likes green."})
    there = after(there, change(there, wanted(fields={**FIELDS, "note": "Likes tea."})))

    planned = plan(
        there, wanted(fields={**FIELDS, "note": "No nuts."}), replace=False, fill_only=True, prefix="cj-", partial=True
    )

    assert planned.fields == {"note": "Likes green.\n\nLikes tea.\n\nNo nuts."}
    both = change(after(there, planned), wanted(fields={**FIELDS, "note": "Likes coffee.\n\nNo nuts."}))
    assert both.fields == {"note": "Likes green.\n\nLikes coffee.\n\nNo nuts."}


def test_a_note_without_room_for_our_new_part_stays() -> None:
    there = found(fields={**FIELDS, "note": "Likes green."})
    there = after(there, change(there, wanted(fields={**FIELDS, "note": "Likes tea."})))

    planned = change(there, wanted(fields={**FIELDS, "note": "x" * 4_990}))

    assert planned.fields == {}
    assert planned.written == there.state.fields if there.state else False


def test_a_leader_that_is_not_at_hand_keeps_its_fields() -> None:
    there = found(fields={**FIELDS, "phone": None, "note": None})

    planned = change(there, wanted(fields={**FIELDS, "firstName": "Joan"}), fill_only=True)

    assert planned.fields == {"phone": "+15032000001"}


def test_tags_of_others_stay_and_ours_that_no_longer_hold_go() -> None:
    there = found(tags=("vip", *TAGS, "cj-check", "CJ-Test", "cj-something", "cj-id-9"))

    planned = change(there, wanted(tags=("cj-migrated", "cj-id-1", "cj-status-cancelled", "cj-subscriber")))

    assert planned.add_tags == ("cj-status-cancelled",)
    assert sorted(planned.remove_tags) == ["CJ-Test", "cj-check", "cj-status-active"]


def test_a_status_that_is_unknown_leaves_the_old_one() -> None:
    planned = change(found(), wanted(tags=("cj-migrated", "cj-id-1")))

    assert (planned.add_tags, planned.remove_tags) == ((), ())


def test_tags_differ_in_more_than_case() -> None:
    assert change(found(tags=tuple(tag.upper() for tag in TAGS)), wanted()).add_tags == ()


def test_a_new_address_is_added() -> None:
    assert change(found(), wanted(addresses=(HOME, WORK))).add_addresses == (WORK,)


def test_an_address_that_somebody_removed_does_not_come_back() -> None:
    assert change(found(addresses=()), wanted()).add_addresses == ()


def test_addresses_that_are_unknown_change_nothing() -> None:
    assert change(found(), wanted(addresses=None)).empty
    assert change(found(), wanted(addresses=None), replace=True).set_addresses is None


@pytest.mark.parametrize(
    ("kind", "now", "new", "changes"),
    [
        ("money", '{"amount":"20.0","currency_code":"USD"}', '{"amount":"20.00","currency_code":"USD"}', False),
        ("money", '{"amount":"20.0","currency_code":"CAD"}', '{"amount":"20.00","currency_code":"USD"}', True),
        ("money", '{"amount":"20.01","currency_code":"USD"}', '{"amount":"20.00","currency_code":"USD"}', True),
        ("json", '{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}', False),
        ("json", '{"b":[2,1]}', '{"b":[1,2]}', True),
        ("json", "not JSON", '{"b":1}', True),
        ("date_time", "2026-01-15T06:01:44+00:00", "2026-01-15T06:01:44Z", False),
        ("number_integer", "2", "3", True),
        ("single_line_text_field", "1.0", "1", True),
    ],
)
def test_metafields_are_written_when_they_differ_in_meaning(kind: str, now: str, new: str, changes: bool) -> None:
    planned = change(found(metafields={"one": now}), wanted(metafields={"one": Metafield(kind, new)}))

    assert bool(planned.metafields) is changes


def test_parts_that_are_no_longer_needed_go_and_nothing_else() -> None:
    history = Metafield("json", "{}")
    kept = {
        "customer_id": "1", "order_history": "{}", "order_history_002": "{}", "order_history_003": "{}",
        "subscription_history_002": "{}", "order_history_final": "x", "birthday": "1815-12-10",
    }  # fmt: skip

    planned = change(
        found(metafields=kept), wanted(metafields={"order_history": history, "order_history_002": history})
    )

    assert planned.delete_metafields == ("order_history_003",)


def test_what_is_ours_after_an_update_is_what_we_wrote_and_nobody_changed() -> None:
    there = found(fields={**FIELDS, "firstName": "Countess", "phone": None, "note": None})

    planned = change(there, wanted(fields={**FIELDS, "phone": "+15032000009"}))

    assert planned.written == {
        "email": fingerprint("ada@example.com"), "lastName": fingerprint("Marsh"),
        "phone": fingerprint("15032000009"),
    }  # fmt: skip


# replace


def test_replace_makes_fields_equal() -> None:
    there = found(fields={**FIELDS, "firstName": "Countess", "note": "Likes green."})

    planned = change(there, wanted(fields={"email": "ada@example.com", "firstName": "Ada"}), replace=True)

    assert planned.fields == {"firstName": "Ada", "lastName": None, "phone": None, "note": None}


def test_replace_removes_all_of_our_tags_that_do_not_hold_and_none_of_others() -> None:
    planned = change(found(tags=("vip", *TAGS, "cj-old", "cj-id-9")), wanted(), replace=True)

    assert sorted(planned.remove_tags) == ["cj-id-9", "cj-old"]


def test_replace_sets_the_addresses_and_keeps_those_that_stay() -> None:
    there = found(addresses=({**WORK, "id": "A2"}, {**HOME, "id": "A1"}))

    planned = change(there, wanted(addresses=(HOME,)), replace=True)

    assert planned.set_addresses == ({**HOME, "id": "A1"},)


def test_replace_with_no_addresses_removes_all() -> None:
    assert change(found(), wanted(addresses=()), replace=True).set_addresses == ()


def test_replace_leaves_a_leader_that_is_not_at_hand_alone() -> None:
    there = found(fields={**FIELDS, "firstName": "Countess"}, tags=("cj-old", *TAGS))

    planned = change(there, wanted(), replace=True, fill_only=True)

    assert (planned.fields, planned.remove_tags, planned.set_addresses) == ({}, (), None)


# repair


@pytest.mark.parametrize("repair", ["missing", "all"])
def test_repair_of_a_customer_that_is_as_wanted_changes_nothing(repair: str) -> None:
    assert change(found(), wanted(), repair=repair).empty


def test_repair_puts_back_an_address_that_was_removed() -> None:
    there = found(addresses=({**WORK, "id": "A2"},), state=state(FIELDS, WORK, HOME))
    both = wanted(addresses=(WORK, HOME))

    assert change(there, both).add_addresses == ()
    assert change(there, both, repair="missing").add_addresses == (HOME,)
    assert change(there, both, repair="missing").default is None


def test_repair_makes_the_default_address_the_default_again_when_it_was_removed() -> None:
    there = found(addresses=({**WORK, "id": "A2"},), state=state(FIELDS, HOME, WORK))

    planned = change(there, wanted(addresses=(HOME, WORK)), repair="missing")

    assert (planned.add_addresses, planned.default) == ((HOME,), 0)


def test_another_default_address_that_somebody_chose_is_undone_only_when_asked() -> None:
    there = found(addresses=({**WORK, "id": "A2"}, {**HOME, "id": "A1"}), state=state(FIELDS, HOME, WORK))
    both = wanted(addresses=(HOME, WORK))

    assert change(there, both, repair="missing").empty
    assert change(there, both, repair="all").default == "A1"


def test_a_default_address_of_a_customer_we_did_not_make_is_its_owners_choice() -> None:
    bookkeeping = replace(state(FIELDS, HOME, WORK), origin="adopted")
    there = found(addresses=({**WORK, "id": "A2"}, {**HOME, "id": "A1"}), state=bookkeeping)

    assert change(there, wanted(addresses=(HOME, WORK)), repair="all").default is None


def test_a_field_that_somebody_changed_is_undone_only_when_asked() -> None:
    there = found(fields={**FIELDS, "firstName": "Countess", "note": None})

    assert change(there, wanted(), repair="missing").fields == {}
    assert change(there, wanted(), repair="all").fields == {"firstName": "Ada"}


def test_a_field_that_was_never_ours_stays_under_every_repair() -> None:
    theirs = {**FIELDS, "firstName": "Countess", "note": None}
    there = found(fields=theirs, state=state({"email": FIELDS["email"]}, HOME))

    assert change(there, wanted(), repair="all").fields == {}


@pytest.mark.parametrize("policy", [{}, {"replace": True}, {"repair": "all"}])
def test_a_province_that_shopify_drops_is_no_change(policy: dict[str, Any]) -> None:
    here = {**HOME, "countryCode": "KR", "provinceCode": "KR-45"}
    kept = {name: value for name, value in here.items() if name != "provinceCode"}
    there = found(addresses=({**kept, "id": "A1"},), state=state(FIELDS, here))

    assert change(there, wanted(addresses=(here,)), **policy).empty
