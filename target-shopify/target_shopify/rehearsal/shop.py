"""A shop that answers as the real one would after every write so far, though none was sent.

Looks go to the real shop, and what the rehearsal made or changed is laid over them; writes change only the memory of
the rehearsal. So the very code that carries customers tells what would become of each, and what that costs.

Platform facts (recorded live answers): a taken e-mail or phone is a userError at its field; an order's shipping address
becomes the customer's default address, and names a nameless customer.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from target_shopify.client import Payload, UserError
from target_shopify.errors import CallRefused, ShopRefused
from target_shopify.mapping.sync_state import address_fingerprint
from target_shopify.planning import inherited
from target_shopify.rehearsal import points
from target_shopify.rehearsal.people import People, Person, email_key, id_key, phone_key
from target_shopify.rehearsal.real import RealShop, remember
from target_shopify.rehearsal.shapes import NAMES, at_a_glance, from_pages, identities, key_of, nodes, number_of, whole
from target_shopify.rules import email_may_be_refused

if TYPE_CHECKING:
    from target_shopify.client import ShopifyClient

Variables = Mapping[str, Any]
_NOTHING = Payload({}, ())
_FIELDS = ("email", "firstName", "lastName", "phone", "note")


class ImaginedShop:
    """In the place of `ShopifyClient` in a rehearsal; safe to share between threads.

    Args:
        client: Of the real shop, for looks.
        people: Who the rehearsal made or changed.
        namespace: Of our metafields.
        customers: In the real shop; where there are none, nobody is looked for.
        has_ids: The real shop has the definition of our id metafield.
    """

    def __init__(self, client: ShopifyClient, people: People, namespace: str, *, customers: int, has_ids: bool) -> None:
        self._client = client
        self._people = people
        self._namespace = namespace
        self._lock = threading.RLock()
        self._real_shop = RealShop(client, people, self._lock, namespace, customers=customers, has_ids=has_ids)
        self._reads_orders = customers > 0
        self._orders = itertools.count(1)
        self._recent: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()
        self._own = 0
        self.calls: Counter[str] = Counter()
        """Calls the run would make, by operation."""
        self.points = 0.0
        """Points they would cost."""
        self._answers: dict[str, Callable[[Variables], Payload]] = {
            "CustomerFind": self._find,
            "CustomerRead": self._read,
            "OrderFind": self._order,
            "VariantsBySku": self._variants,
            "CustomerCreate": self._create,
            "CustomerUpdate": self._update,
            "CustomerAddressCreate": self._add_address,
            "CustomerUpdateDefaultAddress": self._set_default,
            "TagsAdd": self._add_tags,
            "TagsRemove": self._remove_tags,
            "MetafieldsSet": self._set_metafields,
            "MetafieldsDelete": self._delete_metafields,
            "OrderCreate": self._create_order,
        }

    @property
    def empty(self) -> bool:
        """Whether the real shop has no customers."""
        return self._real_shop.empty

    @property
    def stopping(self) -> bool:
        """Whether the run is ending."""
        return self._client.stopping

    def rest(self, seconds: float) -> None:
        """Do not wait: nothing is under way."""

    def call(self, name: str, variables: Variables, *, once: bool = False) -> Payload:
        """Answer one of our operations.

        Raises:
            RunStopped: The real shop cannot be asked.
        """
        del once
        return self._answers[name](variables)

    def charge(self, name: str, cost: float, calls: int = 1) -> None:
        """Count what a call would cost."""
        with self._lock:
            self.calls[name] += calls
            self.points += cost

    # Looking

    def _find(self, variables: Variables) -> Payload:
        identifier = variables["identifier"]
        value = self._glance(identifier)
        self.charge("CustomerFind", points.found(there=bool(value)))
        return Payload(value, ())

    def _glance(self, identifier: Mapping[str, Any]) -> dict[str, Any]:
        """Return a customer at a glance, as it would be; empty when nobody is it."""
        key = key_of(identifier)
        with self._lock:
            number = number_of(identifier["id"]) if "id" in identifier else self._people.owner(key or "")
            person = self._people.get(number) if number else None
        if person:
            return at_a_glance(person)
        value = self._real_shop.find(key, identifier)
        with self._lock:
            person = self._people.get(number_of(value["id"])) if value else None
        if person is None:
            return value
        return at_a_glance(person) if key is None or key in person.keys else {}

    def _read(self, variables: Variables) -> Payload:
        with self._lock:
            person = self._people.get(number_of(variables["id"]))
        if person:
            costs = points.read_whole(len(person.addresses), len(person.metafields))
            self.charge("CustomerRead", sum(costs), len(costs))
            return Payload(whole(person), ())
        answer = self._real_shop.read(variables)
        if not answer.value:
            self.charge("CustomerRead", 1.0)
            return answer
        self.charge("CustomerRead", points.read(*map(len, nodes(answer.value))))
        with self._lock:
            first = not (variables.get("addressesAfter") or variables.get("metafieldsAfter"))
            pages = [] if first else self._recent.get(variables["id"], [])
            remember(self._recent, variables["id"], [*pages, answer.value])
        return answer

    def _order(self, variables: Variables) -> Payload:
        self.charge("OrderFind", points.ORDER_FOUND)
        if not self._reads_orders:
            return _NOTHING
        try:
            return self._client.call("OrderFind", variables)
        except (CallRefused, ShopRefused):
            self._reads_orders = False  # a dry run needs no right to read orders; then none is there
            return _NOTHING

    def _variants(self, _: Variables) -> Payload:
        self.charge("VariantsBySku", points.VARIANTS_A_CALL)
        return _NOTHING

    # Writing

    def _create(self, variables: Variables) -> Payload:
        wanted = variables["input"]
        self.charge("CustomerCreate", points.MUTATION)
        number = next((one["value"] for one in wanted["metafields"] if one["key"] == "customer_id"), None)
        errors = _unfit(wanted) or self._taken({**wanted, "customer_id": number}, None)
        if errors:
            return Payload({}, errors)
        named = (email_key(wanted.get("email")), phone_key(wanted.get("phone")), id_key(number))
        with self._lock:
            place = self._people.number()
            self._people.make(place, wanted, iter([key for key in named if key]))
        return Payload({"customer": {"id": f"gid://shopify/Customer/{place}"}}, ())

    def _taken(self, wanted: Mapping[str, Any], gid: str | None) -> tuple[UserError, ...]:
        """Return what another customer has already."""
        return tuple(
            UserError(place, f"{told} has already been taken", None)
            for identifier, place, told in identities(wanted, self._namespace)
            if (owner := self._glance(identifier)) and owner["id"] != gid
        )

    def _update(self, variables: Variables) -> Payload:
        wanted = variables["input"]
        self.charge("CustomerUpdate", points.MUTATION)
        errors = _unfit(wanted) or self._taken({name: wanted.get(name) for name in ("email", "phone")}, wanted["id"])
        if errors:
            return Payload({}, errors)

        def change(person: Person) -> None:
            for name in _FIELDS:
                if name in wanted:
                    person.fields.pop(name, None)
                    person.fields.update({name: wanted[name]} if wanted[name] else {})
            if wanted.get("addresses") is not None:
                person.addresses = [self._named(address) for address in wanted["addresses"]]
                person.default = person.addresses[0]["id"] if person.addresses else None

        return self._changed(wanted["id"], change)

    def _add_address(self, variables: Variables) -> Payload:
        self.charge("CustomerAddressCreate", points.MUTATION)

        def change(person: Person) -> None:
            self._move_in(person, variables["address"], default=bool(variables.get("setAsDefault")))

        return self._changed(variables["customerId"], change)

    def _add_tags(self, variables: Variables) -> Payload:
        self.charge("TagsAdd", points.MUTATION)

        def change(person: Person) -> None:
            there = {tag.casefold() for tag in person.tags}
            person.tags += [tag for tag in variables["tags"] if tag.casefold() not in there]

        return self._changed(variables["id"], change)

    def _remove_tags(self, variables: Variables) -> Payload:
        self.charge("TagsRemove", points.MUTATION)
        gone = {tag.casefold() for tag in variables["tags"]}

        def change(person: Person) -> None:
            person.tags = [tag for tag in person.tags if tag.casefold() not in gone]

        return self._changed(variables["id"], change)

    def _set_metafields(self, variables: Variables) -> Payload:
        self.charge("MetafieldsSet", points.MUTATION)
        entries = variables["metafields"]

        def change(person: Person) -> None:
            person.metafields.update({one["key"]: (one["type"], one["value"]) for one in entries})

        return self._changed(entries[0]["ownerId"], change)

    def _delete_metafields(self, variables: Variables) -> Payload:
        self.charge("MetafieldsDelete", points.MUTATION)
        entries = variables["metafields"]

        def change(person: Person) -> None:
            for one in entries:
                person.metafields.pop(one["key"], None)

        return self._changed(entries[0]["ownerId"], change)

    def _set_default(self, variables: Variables) -> Payload:
        self.charge("CustomerUpdateDefaultAddress", points.MUTATION)

        def change(person: Person) -> None:
            person.default = variables["addressId"]

        return self._changed(variables["customerId"], change)

    def _create_order(self, variables: Variables) -> Payload:
        self.charge("OrderCreate", points.MUTATION)
        order = variables["order"]
        address = order.get("shippingAddress")

        def change(person: Person) -> None:
            self._move_in(person, address, default=True)
            if not any(person.fields.get(name) for name in NAMES):
                person.fields.update({name: address[name] for name in NAMES if address.get(name)})

        if address:
            self._changed(order["customer"]["toAssociate"]["id"], change)
        return Payload({"order": {"id": f"gid://shopify/Order/{next(self._orders)}"}}, ())

    def _move_in(self, person: Person, address: Mapping[str, Any], *, default: bool) -> None:
        """Give a customer an address, unless it has one that is equal."""
        whole = inherited(address, person.fields)
        mark = address_fingerprint(whole)
        known = next(
            (one for one in person.addresses if address_fingerprint(inherited(one, person.fields)) == mark), None
        )
        if known is None:
            known = self._named(address)
            person.addresses.append(known)
        if default or person.default is None:
            person.default = known["id"]

    def _named(self, address: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._own += 1
            return {"id": f"gid://shopify/MailingAddress/{10**18 + self._own}", **address}

    def _changed(self, gid: str, change: Callable[[Person], None]) -> Payload:
        with self._lock:
            person = self._people.get(number_of(gid))
        person = person or self._real(gid)
        before = person.keys
        with self._lock:
            change(person)
            self._people.put(person, before)
        return _NOTHING

    def _real(self, gid: str) -> Person:
        """Return a customer of the real shop, as it was just read, else read now."""
        with self._lock:
            pages = self._recent.get(gid)
        return from_pages(number_of(gid), pages or list(self._real_shop.pages(gid)))


def _unfit(wanted: Mapping[str, Any]) -> tuple[UserError, ...]:
    """Return what Shopify may call invalid."""
    email = wanted.get("email")
    return (UserError(("email",), "Email is invalid", None),) if email and email_may_be_refused(email) else ()
