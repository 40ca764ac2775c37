"""Customers that the pilot makes itself: made, read, and always removed again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from target_shopify.client import Payload, ShopifyClient, UserError
from target_shopify.errors import CallRefused
from target_shopify.operations import operation
from target_shopify.settings import Settings

from cratejoy_migration.errors import OperatorError

E_MAILS = tuple(f"cj-pilot-{number}@example.com" for number in (1, 2, 3))
"""example.com takes no mail, and looking up an e-mail is never behind: so leftovers are found with certainty."""
REMOVAL_SECONDS = 120.0
"""So long a customer may stay undeletable after its order went (seen live: refused in the next call)."""
LAG_SECONDS = 60.0
"""So long the search index is waited for."""
_POLL_SECONDS = 1.0
_E_MAIL, _GID = re.compile(r"\S+@\S+"), re.compile(r"gid://\S+")


class Workbench:
    """One shop, and the three customers that may be made there.

    Args:
        client: Sends the calls.
        settings: Namespace and tag prefix that are ours.
    """

    def __init__(self, client: ShopifyClient, settings: Settings) -> None:
        self.client = client
        self.namespace = settings.namespace
        self.tag = f"{settings.tag_prefix}pilot"
        self.removal_seconds = REMOVAL_SECONDS
        self.lag_seconds = LAG_SECONDS
        self.seconds: list[float] = []
        """How long each write took."""

    def send(self, name: str, variables: Mapping[str, Any]) -> Payload:
        """Send an operation; what Shopify refuses as a whole is a refusal like any other."""
        began = time.monotonic()
        try:
            answer = self.client.call(name, variables)
        except CallRefused as refused:
            return Payload({}, tuple(UserError(refused.places, "", code) for code in refused.codes))
        if operation(name).writes:
            self.seconds.append(time.monotonic() - began)
        return answer

    def create(self, number: int, key: str, **fields: Any) -> tuple[str | None, Payload]:
        """Make a customer with our id metafield; return its GID, None when it was refused."""
        mark = {"namespace": self.namespace, "key": "customer_id", "type": "id", "value": key}
        wanted = {"email": E_MAILS[number], "firstName": "Pilot", "tags": [self.tag], "metafields": [mark], **fields}
        answer = self.send("CustomerCreate", {"input": wanted})
        return (answer.value.get("customer") or {}).get("id"), answer

    def find(self, **identifier: Any) -> str | None:
        """Return the GID of the customer that an identifier names."""
        return self.send("CustomerFind", {"identifier": identifier, "namespace": self.namespace}).value.get("id")

    def find_by_key(self, key: str) -> str | None:
        """Return the GID of the customer with this id metafield."""
        return self.find(customId={"namespace": self.namespace, "key": "customer_id", "value": key})

    def read(self, gid: str) -> dict[str, Any]:
        """Return a customer as `PilotCustomer` reads it."""
        return self.send("PilotCustomer", {"id": gid, "namespace": self.namespace}).value

    def metafield(self, gid: str, key: str) -> dict[str, Any]:
        """Return one metafield of a customer, empty when it has none of that key."""
        nodes = (self.read(gid).get("metafields") or {}).get("nodes") or ()
        return next((dict(node) for node in nodes if node.get("key") == key), {})

    def write(self, gid: str, key: str, kind: str, value: str, **more: Any) -> Payload:
        """Set one metafield of a customer."""
        entry = {"ownerId": gid, "namespace": self.namespace, "key": key, "type": kind, "value": value, **more}
        return self.send("MetafieldsSet", {"metafields": [entry]})

    def clear(self) -> int:
        """Remove what this or an earlier pilot made; return how many customers went.

        Raises:
            OperatorError: One cannot be removed, or a pilot's e-mail belongs to somebody else's customer.
        """
        return sum(self._remove(gid) for email in E_MAILS if (gid := self.find(emailAddress=email)))

    def _remove(self, gid: str) -> bool:
        customer = self.read(gid)
        if self.tag not in (customer.get("tags") or ()):
            raise OperatorError(
                f"A customer with an e-mail of the pilot's ({E_MAILS[0]} to -3) is in the shop without the tag "
                f"{self.tag}: it is not the pilot's. Remove it, or its e-mail, by hand."
            )
        orders = [node["id"] for node in (customer.get("orders") or {}).get("nodes") or ()]
        for order in orders:
            self.send("OrderDelete", {"orderId": order})
        answer, _ = self.until(lambda: self.delete(gid), lambda one: not one.errors, self.removal_seconds)
        if answer.errors:
            raise OperatorError(
                f"A customer of the pilot's, tagged {self.tag}, cannot be deleted: {said(answer)}. Run the same "
                "command later; it removes it first."
            )
        return True

    def delete(self, gid: str) -> Payload:
        """Delete a customer of the pilot's."""
        return self.send("CustomerDelete", {"input": {"id": gid}})

    @staticmethod
    def until(ask: Callable[[], Any], holds: Callable[[Any], bool], seconds: float) -> tuple[Any, float]:
        """Ask again until an answer holds or the time is over; return the last one and the seconds it took."""
        began = time.monotonic()
        while True:
            answer = ask()
            waited = time.monotonic() - began
            if holds(answer) or waited >= seconds:
                return answer, waited
            time.sleep(min(_POLL_SECONDS, seconds / 10))


def said(answer: Payload) -> str:
    """Return what Shopify refused, in its words, without e-mails and ids."""
    return "; ".join(_words(one) for one in answer.errors) or "nothing"


def _words(error: UserError) -> str:
    place = ".".join(error.field)
    text = _GID.sub("(id)", _E_MAIL.sub("(e-mail)", error.message))
    text = "".join(sign for sign in text if sign.isprintable())[:120]
    code = f" [{error.code}]" if error.code else ""
    return f"{place}: {text}{code}" if place else f"{text}{code}".strip()
