"""What brings an adopted customer back: what is still ours goes, what others changed stays and is named."""

from __future__ import annotations

from cratejoy_migration.rollback.undo import Undo, ours_of, strip, undo
from target_shopify.before import image_of, value_mark, writing_of
from target_shopify.mapping.sync_state import address_fingerprint
from target_shopify.planning import Found, Plan, mark

HOME = {"id": "gid://a/1", "address1": "1 Old Lane", "city": "Salem", "countryCodeV2": "US", "zip": "97301"}
NEW = {"id": "gid://a/2", "address1": "2 New Road", "city": "Salem", "countryCodeV2": "US", "zip": "97301"}


def found(email="a@example.com", note=None, tags=(), addresses=(), default=None, metafields=()):
    source = {
        "defaultEmailAddress": {"emailAddress": email}, "note": note, "tags": list(tags),
        "addressesV2": list(addresses), "defaultAddress": {"id": default} if default else None,
        "metafields": [dict(zip(("key", "type", "value"), one, strict=True)) for one in metafields],
    }  # fmt: skip
    return Found("gid://c/1", {"email": email, "note": note}, tuple(tags), (), {}, None, source)


def undone(before, now, **writing):
    return undo(image_of(before), ours_of([writing] if writing else [], now), now, "cj-")


def test_a_customer_that_is_as_before_needs_nothing():
    one = found(note="x", tags=("vip",), addresses=(HOME,), default="gid://a/1", metafields=(("k", "t", "v"),))
    assert undone(one, one) == Undo()


def test_a_field_is_put_back_only_while_it_is_what_we_wrote():
    ours = {"fields": {"note": mark("note", "ours")}}
    assert undone(found(), found(note="ours"), **ours).fields == {"note": None}
    changed = undone(found(), found(note="theirs"), **ours)
    assert (changed.fields, changed.stays) == ({}, ("note",))


def test_a_field_that_we_emptied_is_filled_again():
    assert undone(found(note="old"), found(), fields={"note": None}).fields == {"note": "old"}
    assert undone(found(note="old"), found()).stays == ("note",)


def test_tags_of_our_prefix_go_unless_they_were_there_before():
    change = undone(found(tags=("cj-vip", "a")), found(tags=("cj-vip", "CJ-migrated", "a", "b")))
    assert (change.remove_tags, change.add_tags, change.stays) == (("CJ-migrated",), (), ("tags",))


def test_a_tag_that_we_removed_comes_back_and_one_that_others_removed_does_not():
    change = undone(found(tags=("cj-test", "vip")), found(), removed_tags=["cj-test"])
    assert (change.add_tags, change.stays) == (("cj-test",), ("tags",))


def test_our_address_goes_and_the_default_is_set_before():
    ours = {"addresses": [address_fingerprint({"address1": "2 New Road", "city": "Salem", "countryCode": "US",
                                               "zip": "97301"})]}  # fmt: skip
    before = found(addresses=(HOME,), default="gid://a/1")
    change = undone(before, found(addresses=(HOME, NEW), default="gid://a/2"), **ours)
    assert (change.delete_addresses, change.default_address, change.stays) == (("gid://a/2",), "gid://a/1", ())
    theirs = undone(before, found(addresses=(HOME, NEW), default="gid://a/2"))
    assert (theirs.delete_addresses, theirs.default_address, theirs.stays) == ((), None, ("addresses",))


def test_our_address_goes_when_shopify_dropped_its_province():
    sent = {"address1": "3 Quay", "city": "Monaco", "countryCode": "MC", "provinceCode": "MC", "firstName": "Ada"}
    kept = {"id": "gid://a/3", "address1": "3 Quay", "city": "Monaco", "countryCodeV2": "MC", "firstName": "Ada"}
    before = found(addresses=(HOME,), default="gid://a/1")
    writing = writing_of(before, Plan(add_addresses=(sent,)))
    change = undone(before, found(addresses=(HOME, kept), default="gid://a/1"), **writing)
    assert (change.delete_addresses, change.stays) == (("gid://a/3",), ())


def test_an_address_that_we_removed_is_made_again_once():
    before = found(addresses=(HOME,), default="gid://a/1")
    ours = {"removed_addresses": ["gid://a/1"]}
    [made] = undone(before, found(), **ours).create_addresses
    assert made == {"address1": "1 Old Lane", "city": "Salem", "countryCode": "US", "zip": "97301"}
    again = {**HOME, "id": "gid://a/9"}
    assert undone(before, found(addresses=(again,), default="gid://a/9"), **ours).create_addresses == ()


def test_a_value_in_our_namespace_is_put_back_only_while_it_is_ours():
    before = found(metafields=(("source_email", "text", "theirs"),))
    now = found(metafields=(("source_email", "text", "x"), ("customer_id", "id", "7"), ("sync_state", "json", "{}")))
    change = undone(before, now, metafields={"source_email": value_mark("text", "x")})
    assert [one["value"] for one in change.set_metafields] == ["theirs"]
    assert change.delete_metafields == ("customer_id", "sync_state")
    assert undone(before, now, metafields={"source_email": value_mark("text", "y")}).stays == ("metafields",)


def test_a_customer_that_stays_loses_our_traces_and_nothing_else():
    values = (("customer_id", "id", "7"), ("order_history_002", "json", "{}"), ("loyalty", "text", "gold"))
    now = found(tags=("cj-migrated", "vip"), metafields=values)
    assert strip(now, "cj-") == Undo(
        remove_tags=("cj-migrated",), delete_metafields=("customer_id", "order_history_002")
    )
