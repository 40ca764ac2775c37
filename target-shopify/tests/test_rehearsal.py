"""The shop of a forecast: what it remembers, what it costs, and when it reads the roll of the real one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from target_shopify.client import Payload
from target_shopify.errors import ShopRefused
from target_shopify.rehearsal import points
from target_shopify.rehearsal.people import People, Person, email_key, id_key, phone_key
from target_shopify.rehearsal.real import RealShop

GID = "gid://shopify/Customer/"


@pytest.mark.parametrize(
    ("addresses", "metafields", "costs"),
    [
        (0, 0, [3 + 6 + 7]),  # an empty page costs what was asked for
        (1, 5, [3 + 3 + 5]),
        (10, 20, [3 + 6 + 7]),
        (11, 5, [3 + 6 + 5, 3 + 3 + 5]),
        (1, 41, [3 + 3 + 7, 3 + 3 + 7, 3 + 3 + 3]),
    ],
)
def test_reading_a_customer_costs_by_what_is_on_each_page(addresses: int, metafields: int, costs: list[int]) -> None:
    assert points.read_whole(addresses, metafields) == costs


def customer(number: int) -> dict[str, Any]:
    return {
        "email": f"c{number}@example.com",
        "metafields": [{"key": "customer_id", "type": "id", "value": str(number)}],
    }


def test_customers_are_found_again_from_disk(tmp_path: Path) -> None:
    people = People(tmp_path)
    for number in range(1, 1700):
        keys = [email_key(f"C{number}@Example.com") or "", id_key(str(number)) or ""]
        people.make(number, customer(number), iter(keys))
    assert people.owner("ec7@example.com") == people.owner("i7") == 7
    assert people.owner("ec1701@example.com") is None
    found = people.get(7)
    assert found is not None
    assert (found.fields, found.customer_id) == ({"email": "c7@example.com"}, "7")
    assert people.get(1701) is None


def test_what_a_customer_gave_up_is_free_for_others(tmp_path: Path) -> None:
    people = People(tmp_path)
    person = Person(5, {"email": "old@example.com", "phone": "+15032000001"})
    people.put(person)
    before = person.keys
    person.fields = {"email": "new@example.com"}
    people.put(person, before)
    assert people.owner(email_key("old@example.com") or "") is None
    assert people.owner(phone_key("+15032000001") or "") is None
    assert people.owner(email_key("New@example.com") or "") == 5


def test_the_roll_overwrites_nothing_that_was_imagined(tmp_path: Path) -> None:
    people = People(tmp_path)
    person = Person(5, {"email": "a@example.com"})
    people.put(person)
    people.put(Person(5, {"email": "b@example.com"}), person.keys)
    people.note(5, ["ea@example.com", "p15032000001"])
    assert (people.owner("ea@example.com"), people.owner("p15032000001")) == (None, 5)


class Shop:
    """Answers looks with nobody and the roll with its pages, again and again when it ignores the filter."""

    def __init__(self, *pages: list[int], refuses: bool = False, ignores: bool = False) -> None:
        self.pages = pages
        self.refuses = refuses
        self.ignores = ignores
        self.asked: list[str] = []

    def call(self, name: str, variables: dict[str, Any]) -> Payload:
        self.asked.append(name)
        if name == "CustomerFind":
            return Payload({}, ())
        if self.refuses:
            raise ShopRefused("no right")
        last = int(variables["query"].removeprefix("id:>"))
        page = self.pages[0] if self.ignores else next((one for one in self.pages if one[0] > last), [])
        return Payload({"nodes": [{"id": f"{GID}{number}"} for number in page]}, ())


def looks(shop: Shop, folder: Path, count: int, customers: int) -> int:
    """Look for so many; return how many looks the real shop saw."""
    real = RealShop(shop, People(folder), threading.RLock(), "cratejoy", customers=customers, has_ids=True)  # type: ignore[arg-type]  # answers the same calls
    for number in range(count):
        assert real.find(f"e{number}@x.example", {"emailAddress": f"{number}@x.example"}) == {}
    return shop.asked.count("CustomerFind")


def test_the_roll_ends_looking_one_by_one(tmp_path: Path) -> None:
    shop = Shop([1, 2], [3])
    assert looks(shop, tmp_path, 100, customers=3) == 25
    assert shop.asked.count("CustomersRoll") == 3


def test_an_empty_shop_is_never_asked(tmp_path: Path) -> None:
    assert looks(Shop(), tmp_path, 100, customers=0) == 0


@pytest.mark.parametrize(
    "shop",
    [Shop([1, 2]), Shop([1, 2, 3], ignores=True, refuses=True), Shop([1, 2], ignores=True)],
    ids=["shows not everybody", "may not be read", "ignores the filter"],
)
def test_a_roll_that_cannot_be_trusted_is_not_used(shop: Shop, tmp_path: Path) -> None:
    assert looks(shop, tmp_path, 100, customers=3) == 100
    assert shop.asked.count("CustomersRoll") <= 2
