"""What becomes of a document in the shop: created, found again, brought up to date, united, adopted."""

from __future__ import annotations

import json
from typing import Any

import psycopg2
import pytest

from .harness import LocalShop, Runner, customer, metafields, order, subscription


def ledger(url: str) -> dict[str, dict[str, Any]]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select document_key, to_jsonb(l) from migration.ledger l")
        return dict(cursor.fetchall())


def test_a_new_customer_is_made_whole_in_one_call(shop: LocalShop, target: Runner) -> None:
    told = target.run([customer(1)])

    assert told.status == 0, told.stderr
    assert told.states[-1] == {"read": 1}
    assert shop.calls()["customerCreate"] == 1
    assert shop.calls().get("metafieldsSet", 0) == 0
    [made] = shop.customers()
    assert made["email"] == "c1@example.com"
    assert made["phone"] == "+15032000001"
    assert sorted(made["tags"]) == ["cj-id-7101000001", "cj-migrated", "cj-status-active", "cj-subscriber"]
    kept = metafields(made)
    assert kept["customer_id"] == "7101000001"
    assert [one["id"] for one in json.loads(kept["subscription_history"])["subscriptions"]] == [7301000001]
    assert [one["id"] for one in json.loads(kept["order_history"])["orders"]] == [7501000102, 7501000101]
    assert kept["order_count"] == "2"


def test_the_same_documents_again_write_nothing(shop: LocalShop, target: Runner) -> None:
    documents = [customer(number) for number in range(1, 6)]
    target.run(documents)
    before = shop.writes()

    told = target.run(documents)

    assert told.status == 0
    assert shop.writes() == before
    assert "5 unchanged" in told.stderr


def test_with_a_ledger_the_same_documents_again_ask_nothing(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    documents = [customer(number) for number in range(1, 6)]
    target.run(documents, ledger_url=ledger_url)
    before = shop.calls()

    target.run(documents, ledger_url=ledger_url)

    assert shop.calls()["customerCreate"] == before["customerCreate"]
    assert shop.calls().get("customerByIdentifier", 0) == before.get("customerByIdentifier", 0)
    assert {row["status"] for row in ledger(ledger_url).values()} == {"unchanged"}
    assert {row["origin"] for row in ledger(ledger_url).values()} == {"created"}


def test_a_changed_document_changes_its_customer(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(1)], ledger_url=ledger_url)
    changed = customer(1, orders=[order(1, 3), order(1, 2), order(1, 1)], num_orders=3, first_name="Adele",
                       subscriptions=[subscription(1, status="cancelled")])  # fmt: skip

    told = target.run([changed], ledger_url=ledger_url)

    assert told.status == 0, told.stderr
    [made] = shop.customers()
    assert made["firstName"] == "Adele"
    assert "cj-status-cancelled" in made["tags"]
    assert "cj-status-active" not in made["tags"]
    assert metafields(made)["order_count"] == "3"
    assert len(json.loads(metafields(made)["order_history"])["orders"]) == 3
    assert ledger(ledger_url)["7101000001"]["status"] == "updated"


def test_what_the_merchant_wrote_stays(shop: LocalShop, target: Runner) -> None:
    gid = shop.add_customer(
        email="C1@Example.com", firstName="Countess", lastName="Lovelace", note="Likes green.", tags=["vip"]
    )

    told = target.run([customer(1)])

    assert told.status == 0, told.stderr
    [made] = shop.customers()
    assert made["id"] == gid
    assert (made["firstName"], made["lastName"], made["note"]) == ("Countess", "Lovelace", "Likes green.")
    assert {"vip", "cj-migrated", "cj-id-7101000001"} <= set(made["tags"])
    assert metafields(made)["customer_id"] == "7101000001"
    assert "1 adopted" in told.stderr


def test_the_merchants_note_outlasts_ours(shop: LocalShop, target: Runner) -> None:
    shop.add_customer(email="c1@example.com", note="Likes green.")

    for note in ("Likes tea.", "Likes coffee.", "Likes cocoa."):
        told = target.run([customer(1, note=note)])
        assert told.status == 0, told.stderr

    [made] = shop.customers()
    assert made["note"] == "Likes green.\n\nLikes cocoa."


def test_a_taken_email_can_be_passed_over(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.add_customer(email="c1@example.com", firstName="Countess")

    told = target.run([customer(1), customer(2)], conflict="skip", ledger_url=ledger_url)

    assert told.status == 0
    rows = ledger(ledger_url)
    assert (rows["7101000001"]["status"], rows["7101000001"]["reason"]) == ("refused", "email_taken")
    assert rows["7101000002"]["status"] == "created"
    assert not [one for one in shop.customers() if one["firstName"] == "Countess" and one["tags"]]


def test_a_taken_email_can_end_the_run(shop: LocalShop, target: Runner) -> None:
    shop.add_customer(email="c1@example.com", firstName="Countess")

    told = target.run([customer(1)], conflict="fail")

    assert told.status == 1
    assert "conflict" in told.stderr


def test_customers_of_one_email_become_one(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    told = target.run(
        [customer(2, email=" C1@example.com"), customer(1), customer(3, email="c1@EXAMPLE.com")], ledger_url=ledger_url
    )

    assert told.status == 0, told.stderr
    [made] = shop.customers()
    assert {"cj-id-7101000001", "cj-id-7101000002", "cj-id-7101000003"} <= set(made["tags"])
    kept = metafields(made)
    assert kept["customer_id"] == "7101000001"
    assert kept["order_count"] == "6"
    assert json.loads(kept["lifetime_value"])["amount"] in ("269.94", "269.940")
    assert len(json.loads(kept["order_history"])["orders"]) == 6
    rows = ledger(ledger_url)
    assert {key: row["status"] for key, row in rows.items()} == {
        "7101000001": "created", "7101000002": "merged", "7101000003": "merged",
    }  # fmt: skip
    assert {row["shopify_id"] for row in rows.values()} == {made["id"]}


def test_a_customer_of_a_known_email_that_comes_later_joins(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(1)], ledger_url=ledger_url)
    target.run([customer(2, email="c1@example.com")], ledger_url=ledger_url)
    target.run([customer(2, email="c1@example.com", num_orders=5)], ledger_url=ledger_url)

    [made] = shop.customers()
    kept = metafields(made)
    assert kept["order_count"] == "7"
    assert len(json.loads(kept["order_history"])["orders"]) == 4
    assert made["lastName"] == "Marsh1"
    rows = ledger(ledger_url)
    assert (rows["7101000001"]["status"], rows["7101000001"]["origin"]) == ("created", "created")
    assert (rows["7101000002"]["status"], rows["7101000002"]["origin"]) == ("updated", "merged")


def test_the_lowest_id_leads_even_when_it_comes_last(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(2, email="c1@example.com")], ledger_url=ledger_url)
    target.run([customer(1)], ledger_url=ledger_url)

    [made] = shop.customers()
    assert metafields(made)["customer_id"] == "7101000001"
    rows = ledger(ledger_url)
    assert (rows["7101000001"]["origin"], rows["7101000002"]["origin"]) == ("created", "merged")
    before = shop.writes()
    target.run([customer(1), customer(2, email="c1@example.com")])
    assert shop.writes() == before


def test_a_phone_that_another_customer_owns_is_left_off(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.add_customer(phone="+15032000001", firstName="Countess")

    target.run([customer(1)], ledger_url=ledger_url)

    made = next(one for one in shop.customers() if one["firstName"] == "Ada")
    assert made["phone"] is None
    assert "cj-check" in made["tags"]
    assert "phone_taken" in ledger(ledger_url)["7101000001"]["reason"]


def test_replace_makes_the_customer_equal_to_the_document(shop: LocalShop, target: Runner) -> None:
    shop.add_customer(email="c1@example.com", firstName="Countess", note="Likes green.", tags=["vip", "cj-old"])

    told = target.run([customer(1)], update_policy="replace")

    assert told.status == 0, told.stderr
    [made] = shop.customers()
    assert (made["firstName"], made["lastName"], made["note"] or None) == ("Ada", "Marsh1", None)
    assert "vip" in made["tags"]
    assert "cj-old" not in made["tags"]
    before = shop.writes()
    target.run([customer(1)], update_policy="replace")
    assert shop.writes() == before


@pytest.mark.parametrize("policy", ["merge", "replace"])
def test_a_twin_that_comes_alone_removes_nothing_of_the_other(shop: LocalShop, target: Runner, policy: str) -> None:
    twins = [customer(1, note="Likes green."), customer(2, email="c1@example.com")]
    for one in twins:
        one["addresses"][0]["phone_number"] = f"555-0{one['id'] % 10}"
    target.run(twins, update_policy=policy)
    [before] = shop.customers()

    told = target.run([{**twins[0], "first_name": "Adele"}], update_policy=policy)

    assert told.status == 0, told.stderr
    [made] = shop.customers()
    assert made["firstName"] == "Adele"
    assert (made["note"], len(made["addresses"])) == (before["note"], 2)
    assert "555-02" in made["note"]


def test_a_repair_of_the_first_stays_visible_when_another_joins(shop: LocalShop, target: Runner) -> None:
    odd = customer(1)
    odd["addresses"][0]["phone_number"] = "no phone at all"
    target.run([odd])
    target.run([customer(2, email="c1@example.com")])

    [made] = shop.customers()
    assert {"cj-check", "cj-id-7101000001", "cj-id-7101000002"} <= set(made["tags"])


@pytest.mark.parametrize("remembers", [True, False])
def test_customers_who_come_to_share_an_email_stay_apart(
    shop: LocalShop, target: Runner, ledger_url: str, remembers: bool
) -> None:
    settings = {"ledger_url": ledger_url} if remembers else {}
    target.run([customer(1), customer(2)], **settings)
    told = target.run([customer(1, num_orders=3), customer(2, email="c1@example.com")], **settings)

    assert told.status == 0, told.stderr
    made = {metafields(one)["customer_id"]: one for one in shop.customers()}
    assert sorted(made) == ["7101000001", "7101000002"]
    for number, one in made.items():
        assert [tag for tag in one["tags"] if tag.startswith("cj-id-")] == [f"cj-id-{number}"]
    assert "cj-check" in made["7101000002"]["tags"]


def test_changed_settings_reach_customers_that_did_not_change(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(1)], orders="none", ledger_url=ledger_url)
    target.run([customer(1)], orders="history", ledger_url=ledger_url)

    [made] = shop.customers()
    assert "order_history" in metafields(made)


def test_a_twin_that_comes_alone_removes_nothing_however_long_the_histories(shop: LocalShop, target: Runner) -> None:
    def many(number: int) -> list[dict[str, Any]]:
        return [order(number, 1, id=7_600_000_000 + number * 10_000 + one) for one in range(7_000)]

    first, second = customer(1, orders=many(1)), customer(2, email="c1@example.com", orders=many(2))
    target.run([first, second])
    told = target.run([customer(1, orders=many(1), last_name="Changed")])

    assert told.status == 0, told.stderr
    [made] = shop.customers()
    assert made["lastName"] == "Changed"
    parts = [json.loads(text) for key, text in metafields(made).items() if key.startswith("order_history")]
    ids = {one["id"] for part in parts for one in part["orders"]}
    assert ids == {one["id"] for document in (first, second) for one in document["orders"]}
    before = shop.writes()
    target.run([second])
    assert shop.writes() == before


def test_a_customer_with_hardly_room_for_tags_gets_those_that_matter_most(
    shop: LocalShop, target: Runner, ledger_url: str
) -> None:
    shop.add_customer(email="c1@example.com", tags=[f"tag-{number:03d}" for number in range(248)])

    target.run([customer(1)], ledger_url=ledger_url)

    [made] = shop.customers()
    assert {"cj-id-7101000001", "cj-migrated"} <= set(made["tags"])
    assert len(made["tags"]) == 250
    assert "tags_cut" in ledger(ledger_url)["7101000001"]["reason"]
    target.run([customer(1)])
    target.run([customer(1)], ledger_url=ledger_url, update_policy="replace")
    assert "tags_cut" in ledger(ledger_url)["7101000001"]["reason"]


def test_replace_comes_to_rest(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.add_customer(phone="+15032000001", firstName="Countess")
    one = customer(1)
    one["addresses"][0]["to"] = "Ann"
    settings = {"update_policy": "replace", "ledger_url": ledger_url}
    target.run([one], **settings)
    target.run([one], **settings)
    before = shop.writes()

    target.run([one], **settings)

    assert shop.writes() == before
    row = ledger(ledger_url)["7101000001"]
    assert (row["status"], row["reason"]) == ("unchanged", "phone_taken")
    made = next(one for one in shop.customers() if one["firstName"] == "Ada")
    assert "cj-check" in made["tags"]


def test_what_was_given_up_stays_in_the_ledger(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    shop.add_customer(phone="+15032000001", firstName="Countess")
    target.run([customer(1)])

    target.run([customer(1)], ledger_url=ledger_url)

    assert ledger(ledger_url)["7101000001"]["reason"] == "phone_taken"


def test_who_leads_is_put_right_in_the_ledger_after_a_kill(shop: LocalShop, target: Runner, ledger_url: str) -> None:
    target.run([customer(2, email="c1@example.com")], ledger_url=ledger_url)
    target.run([customer(1)])  # the lead changes in the shop, and nobody tells this ledger
    target.run([customer(1)], ledger_url=ledger_url)

    rows = ledger(ledger_url)
    assert (rows["7101000001"]["origin"], rows["7101000002"]["origin"]) == ("created", "merged")


def test_a_customer_of_whom_no_subscription_is_known_has_a_status_that_says_so(shop: LocalShop, target: Runner) -> None:
    bare = {"id": 7101000001, "email": "c1@example.com", "first_name": "Ada"}
    target.run([bare])
    assert "cj-status-unknown" in shop.customers()[0]["tags"]

    target.run([customer(1)])
    assert [tag for tag in shop.customers()[0]["tags"] if tag.startswith("cj-status-")] == ["cj-status-active"]
