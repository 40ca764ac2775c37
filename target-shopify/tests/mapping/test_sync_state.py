"""The bookkeeping, and the members rebuilt from what Shopify holds."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_samples import OPTIONS, document, order, subscription, values
from target_shopify.mapping.customer import combine
from target_shopify.mapping.member import read_member
from target_shopify.mapping.options import MappingOptions
from target_shopify.mapping.sync_state import SyncState, decode, encode, figures, fingerprint, stored_members

STATE = SyncState(
    origin="adopted",
    hash="ab" * 32,
    fields={"email": "0123456789abcdef"},
    addresses=("fedcba9876543210",),
    keys=("customer_id",),
    members=({"id": 10, "subscriptions": [100], "orders": None, "order_count": 1, "lifetime_value": 500},),
)
ADA = document(
    id=20, num_orders=2, total_revenue=9000, subscriptions=[subscription(200)], orders=[order(2000), order(2001)]
)
BEA = document(
    id=10, num_orders=1, total_revenue=500, subscriptions=[subscription(100, status="cancelled")], orders=[order(1000)]
)


def again(state):
    """The bookkeeping as it is read back."""
    texts = encode(state)
    return decode(texts["sync_state"], texts)


def test_the_bookkeeping_comes_back_as_it_was():
    assert again(STATE) == STATE
    assert again(SyncState("created", "ab" * 32)) == SyncState("created", "ab" * 32)
    given_up = SyncState("created", "ab" * 32, repairs=("phone_taken",), given_up={"phone": "0123456789abcdef"})
    assert again(given_up) == given_up


def test_what_cannot_be_read_is_no_bookkeeping():
    for text in (
        None,
        "",
        "null",
        "[]",
        "{}",
        '{"origin": "created"}',
        encode(STATE)["sync_state"].replace("adopted", "bought"),
    ):
        assert decode(text) is None


def test_the_row_ids_of_many_rows_go_on_in_further_parts_and_the_first_part_comes_last():
    members = tuple(
        {"id": number, "subscriptions": [5], "orders": list(range(number * 10**9, number * 10**9 + 12_000))}
        for number in (7, 8)
    )
    state = SyncState("created", "ab" * 32, members=members)
    texts = encode(state)
    assert list(texts) == [*(f"sync_state_{number:03d}" for number in range(2, 10)), "sync_state"]
    assert all(len(text) <= 120_000 for text in texts.values())
    assert again(state) == state


def test_a_part_that_is_missing_is_noticed():
    rows = list(range(7_000_000_000, 7_000_020_000))
    texts = encode(SyncState("created", "ab" * 32, members=({"id": 10, "subscriptions": [], "orders": rows},)))
    del texts["sync_state_003"]
    assert decode(texts["sync_state"], texts).whole is False


def test_a_fingerprint_is_16_hex_digits_of_the_value():
    assert len(fingerprint("Ada")) == 16
    assert fingerprint("Ada") != fingerprint("ada")


def test_figures_tell_what_belongs_to_a_member():
    assert figures(read_member({**BEA, "email": "ada@example.com."}, OPTIONS)) == {
        "id": 10,
        "subscriptions": [100],
        "orders": [1000],
        "order_count": 1,
        "lifetime_value": 500,
        "check": True,
        "test": False,
    }


def held(*documents, options=OPTIONS):
    """What Shopify holds of some documents: bookkeeping, id and metafields."""
    members = [read_member(one, options) for one in documents]
    made = combine(members, options)
    state = SyncState("created", made.hash, members=tuple(figures(one) for one in members) if len(members) > 1 else ())
    return again(state), values(made)["customer_id"], values(made)


def later(*documents, options=OPTIONS):
    """All but the last document are held by Shopify; the last arrives alone."""
    stored = stored_members(*held(*documents[:-1], options=options), options)
    new = read_member(documents[-1], options)
    return combine([*(one for one in stored if one.cratejoy_id != new.cratejoy_id), new], options)


def told(made):
    """What a customer says apart from its fields."""
    return made.tags, values(made)


def test_a_member_that_arrives_alone_is_united_with_the_one_before():
    together = combine([read_member(one, OPTIONS) for one in (ADA, BEA)], OPTIONS)
    assert told(later(ADA, BEA)) == told(together)
    assert told(later(BEA, ADA)) == told(together)


def test_a_replay_replaces_only_its_own_rows():
    newer = {**BEA, "subscriptions": [subscription(101)], "orders": [], "num_orders": 5}
    made = later(ADA, BEA, newer)
    assert told(made) == told(combine([read_member(one, OPTIONS) for one in (ADA, newer)], OPTIONS))


def test_a_repair_of_a_member_stays_worth_a_look():
    made = later(ADA, {**BEA, "email": "ada.marsh@example.com."}, ADA)
    assert made.repairs == ("earlier_repair",)
    assert "cj-check" in made.tags


def test_without_bookkeeping_all_belongs_to_the_id_of_the_customer():
    _, number, metafields = held(BEA)
    (stored,) = stored_members(None, number, metafields, OPTIONS)
    assert (stored.cratejoy_id, stored.order_count, stored.lifetime_value, stored.stored) == (10, 1, 500, True)
    assert [row["id"] for row in stored.orders] == [1000]


def test_a_customer_of_nobody_has_no_members():
    assert stored_members(None, None, {}, OPTIONS) == []
    assert stored_members(None, "", {"order_count": "3"}, OPTIONS) == []


def test_without_an_order_history_first_and_last_order_are_kept():
    options = MappingOptions(orders="none")
    made = later(ADA, document(id=10), options=options)
    assert values(made)["last_order_at"] == "2026-10-15T06:01:44Z"
    assert "order_history" not in values(made)


def test_unknown_subscriptions_keep_the_status_told_before():
    made = later(document(id=20, subscription_status="Past Due"), document(id=10, num_subscriptions=0))
    assert "cj-status-past-due" in made.tags
    assert "cj-subscriber" in made.tags


def test_rows_that_lost_their_owner_belong_to_the_first():
    state, number, metafields = held(ADA, BEA)
    orphaned = SyncState("created", state.hash, members=tuple({**one, "orders": None} for one in state.members))
    first, second = stored_members(orphaned, number, metafields, OPTIONS)
    assert (sorted(row["id"] for row in first.orders), second.orders) == ([1000, 2000, 2001], None)


def test_a_history_that_somebody_spoilt_does_no_harm():
    metafields = {"subscription_history": '{"subscriptions": [{"id": "x", "started_at": 7, "status": {}}, 3]}'}
    made = combine(stored_members(None, "10", metafields, OPTIONS), OPTIONS)
    assert "cj-status-unknown" in made.tags


figure_names = ("subscriptions", "orders", "order_count", "lifetime_value", "check", "test", "status")
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["created", "adopted"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "orders"]), inner, max_size=3),
    max_leaves=6,
)


spoilt_states = st.fixed_dictionaries(
    {
        "origin": st.just("created") | json_like,
        "hash": st.just("ab") | json_like,
        "fields": st.just({}) | json_like,
        "addresses": st.just([]) | json_like,
        "keys": st.just([]) | json_like,
        "members": st.lists(st.fixed_dictionaries({"id": json_like}, optional=dict.fromkeys(figure_names, json_like)))
        | json_like,
    }
)


@settings(max_examples=300, deadline=None)
@given(spoilt_states)
def test_whatever_became_of_the_bookkeeping_reading_it_does_no_harm(spoilt):
    state = decode(json.dumps(spoilt))
    assert state is None or again(state) == state
    members = stored_members(state, "10", {"order_history": json.dumps({"orders": spoilt["members"]})}, OPTIONS)
    assert combine(members, OPTIONS).cratejoy_id > 0


row_sets = st.lists(st.integers(1, 9), unique=True, max_size=4)
people = st.lists(
    st.tuples(row_sets, row_sets, st.sampled_from(["active", "cancelled"]), st.booleans()), min_size=2, max_size=4
)


def person(number, subscriptions, orders, status, is_test):
    """A document whose rows are its own."""
    return document(
        id=number,
        subscriptions=[subscription(number * 100 + one, status=status, is_test=is_test) for one in subscriptions],
        orders=[order(number * 100 + 50 + one, is_test=is_test) for one in orders],
        num_orders=len(orders),
    )


@settings(max_examples=80, deadline=None)
@given(people, st.randoms())
def test_whoever_arrives_last_and_alone_nothing_is_lost(made, chance):
    documents = [person(number, *one) for number, one in enumerate(made, 1)]
    together = combine([read_member(one, OPTIONS) for one in documents], OPTIONS)
    chance.shuffle(documents)
    assert told(later(*documents)) == told(together)
    assert told(later(*documents, chance.choice(documents))) == told(together)
