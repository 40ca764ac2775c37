"""One customer from first visit to today: the story that decides which rows there are."""

import json
from collections import deque

from cratejoy_sandbox.cratejoy.tables import Cart, Customer, CustomerMetadata
from cratejoy_sandbox.generator.catalogue import SHOP
from cratejoy_sandbox.generator.clock import DAY, moment
from cratejoy_sandbox.generator.orders import Buyer, Line, Sale, place_order
from cratejoy_sandbox.generator.people import Person, a_country, a_person, an_address, in_other_case, words
from cratejoy_sandbox.generator.shipping import Parcel
from cratejoy_sandbox.generator.subscriptions import give, subscribe
from cratejoy_sandbox.generator.world import World

LABELS = {"active": "Active", "past_due": "Past Due", "expired": "Expired", "cancelled": "Cancelled"}


class Customers:
    """Writes customers one after the other, in the order of their first visit."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.recent: deque[Person] = deque(maxlen=50)

    def write(self, number: int) -> None:
        """Emit the rows of customer `number` (from 0)."""
        world = self.world
        joined = self._joined(number)
        person = self._person(number)
        buyer = Buyer(world.ids.take(joined), None, None, world.happens(0.005), person.email)
        self._live(buyer, person, joined)
        self._write_customer(buyer, person, joined)
        if world.happens(0.1):
            self._write_metadata(buyer.id, joined)

    def _joined(self, number: int) -> int:
        share = (number + self.world.chance()) / self.world.customers
        return int(self.world.start + (self.world.today - self.world.start - DAY) * share**0.8)

    def _person(self, number: int) -> Person:
        world = self.world
        if self.recent and world.happens(0.01):
            twin = world.pick(self.recent)
            return Person(twin.first_name, twin.last_name, twin.country, in_other_case(world, twin.email or ""))
        person = a_person(world, a_country(world), number)
        if person.email and "@" in person.email:
            self.recent.append(person)
        return person

    def _give_address(self, buyer: Buyer, person: Person, joined: int) -> None:
        for _ in range(self.world.pick((1, 1, 1, 1, 1, 1, 1, 2, 3))):
            address = an_address(self.world, buyer.id, person, joined)
            self.world.emit("addresses", address)
            buyer.address_id, buyer.state = address.id, address.state

    def _live(self, buyer: Buyer, person: Person, joined: int) -> None:
        world = self.world
        fate = world.chance()
        if fate > 0.04:
            self._give_address(buyer, person, joined)
        at = joined + world.between(60, 3 * 3600)
        if fate < 0.07:
            self._abandon(buyer, at)
        elif fate < 0.27:
            self._shop(buyer, at)
        elif fate < 0.36:
            give(world, buyer, at, person)
        else:
            self._subscribe(buyer, at)
            if world.happens(0.12):
                self._shop(buyer, at + world.between(DAY, 300 * DAY))

    def _subscribe(self, buyer: Buyer, at: int) -> None:
        left = subscribe(self.world, buyer, at)
        if self.world.happens(0.04):
            subscribe(self.world, buyer, min(at + 40 * DAY, self.world.today - 3600))
        while left and self.world.happens(0.2):
            back = left + self.world.between(20 * DAY, 300 * DAY)
            if back > self.world.today:
                return
            left = subscribe(self.world, buyer, back)

    def _shop(self, buyer: Buyer, at: int) -> None:
        while at < self.world.today:
            bought = [self.world.pick(SHOP) for _ in range(self.world.pick((1, 1, 2)))]
            counts = [self.world.pick((1, 1, 1, 2, 5)) for _ in bought]
            lines = [Line(item, item.price * n, n) for item, n in zip(bought, counts, strict=True)]
            lines[0].parcel = Parcel(tuple(item.id for item in bought), buyer.address_id)
            place_order(self.world, buyer, Sale(at, lines))
            at += self.world.between(20 * DAY, 500 * DAY)

    def _abandon(self, buyer: Buyer, at: int) -> None:
        if self.world.happens(0.5):
            cart = Cart(
                self.world.ids.take(at),
                buyer.id,
                None,
                completed=False,
                is_test=buyer.is_test,
                ship_price=500,
                tax_price=0,
            )
            self.world.emit("carts", cart)

    def _write_customer(self, buyer: Buyer, person: Person, joined: int) -> None:
        world = self.world
        noted = world.happens(0.04)
        customer = Customer(
            id=buyer.id,
            country=person.country,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            location=f"{buyer.state}, {person.country}" if buyer.state else person.country,
            name=person.name,
            note=world.pick(words("phrases")["customer_notes"]) if noted else world.pick((None, "")),
            num_orders=buyer.orders,
            num_subscriptions=buyer.subscriptions,
            subscription_status=_roll_up(buyer, old=joined < world.start + 400 * DAY),
            total_revenue=buyer.revenue,
        )
        world.emit("customers", customer)

    def _write_metadata(self, customer_id: int, joined: int) -> None:
        world = self.world
        data = {
            "shoe": {"size": world.between(4, 14)},
            "referred_by": world.pick(words("phrases")["referrers"]),
        }
        updated = joined + int(world.chance() * (world.today - joined))
        row = CustomerMetadata(
            world.ids.take(joined + 60),
            customer_id,
            json.dumps(data),
            moment(joined + 60),
            moment(max(updated, joined + 60)),
        )
        world.emit("customer_metadata", row)


def _roll_up(buyer: Buyer, *, old: bool) -> str:
    """Customer label over all subscriptions; older customers carry the dashboard's capitals."""
    if not buyer.statuses:
        return "none"
    label = "mixed" if len(buyer.statuses) > 1 else next(iter(buyer.statuses))
    return LABELS.get(label, label.title()) if old else label
