"""Before the first write: is this the shop, may we do what we are about to do, are the definitions there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_shopify.errors import CallRefused, ShopRefused
from target_shopify.ledger import NoLedger, ShopObject
from target_shopify.mapping.definitions import CUSTOMER_DEFINITIONS, ORDER_DEFINITIONS, Definition

if TYPE_CHECKING:
    import logging

    from target_shopify.client import ShopifyClient, UserError
    from target_shopify.ledger import Ledger
    from target_shopify.settings import Settings

_PIN_CODES = frozenset({"PINNED_LIMIT_REACHED", "UNSUPPORTED_PINNING", "LIMIT_EXCEEDED"})


@dataclass(frozen=True)
class Shop:
    """What the run must know of the shop.

    Attributes:
        domain: my-shop.myshopify.com.
        currency: ISO code of Cratejoy's cents.
    """

    domain: str
    currency: str


def needed_scopes(settings: Settings) -> frozenset[str]:
    """Return the scopes this run cannot do without."""
    needed = {"read_customers"}
    if not settings.dry_run:
        needed.add("write_customers")
    if settings.orders == "create" and not settings.dry_run:
        needed |= {"read_orders", "write_orders", "read_products"}
    return frozenset(needed)


def ask(client: ShopifyClient, settings: Settings, needed: frozenset[str] | None = None) -> Shop:
    """Ask the shop who it is and what we may do there; nothing is written.

    Args:
        client: Of the shop.
        settings: Which shop it should be.
        needed: Scopes; those of a run when absent.

    Raises:
        ShopRefused: Token, shop, scopes or version do not allow the run.
    """
    try:
        told = client.call("Shop", {}).value
        _check_domain(str(told.get("myshopifyDomain") or ""), settings)
        _check_scopes(client.call("AccessScopes", {}).value, needed or needed_scopes(settings))
    except CallRefused as refused:
        raise ShopRefused(f"The shop did not answer who it is: {refused}.") from None
    currency = settings.currency or str(told.get("currencyCode") or "USD")
    return Shop(str(told.get("myshopifyDomain") or f"{settings.shop}.myshopify.com"), currency)


def make_ready(client: ShopifyClient, settings: Settings, logger: logging.Logger, ledger: Ledger | None = None) -> int:
    """Make the shop ready for the first customer: create the metafield definitions that are missing.

    The ledger is told before and after each that is made here, so that a rollback takes away these and no others.

    Returns:
        How many customers carry our id metafield already; 0 in a new shop.

    Raises:
        ShopRefused: The definitions do not allow the run; no customer was written.
    """
    definitions = _Definitions(client, settings, logger, ledger or NoLedger())
    loaded = definitions.complete("CUSTOMER", CUSTOMER_DEFINITIONS)
    if settings.orders == "create":
        definitions.complete("ORDER", ORDER_DEFINITIONS)
    return loaded


def _check_domain(domain: str, settings: Settings) -> None:
    if domain and domain != f"{settings.shop}.myshopify.com":
        raise ShopRefused(
            f"This is the shop {domain}, not {settings.shop}.myshopify.com: check the setting shop "
            "(TARGET_SHOPIFY_SHOP). Nothing was written."
        )


def _check_scopes(installation: dict[str, Any], needed: frozenset[str]) -> None:
    scopes = installation.get("accessScopes")
    if not isinstance(scopes, list):
        return  # an app that may not see its scopes meets them call by call
    granted = {str(scope.get("handle")) for scope in scopes if isinstance(scope, dict)}
    # A write scope includes the read scope of the same name.
    granted |= {f"read_{name.removeprefix('write_')}" for name in granted if name.startswith("write_")}
    missing = sorted(needed - granted)
    if missing:
        raise ShopRefused(
            f"The app lacks the scope{'s' * (len(missing) > 1)} {', '.join(missing)}: grant it in the app's "
            "settings and install the app again. Nothing was written."
        )


def definition_key(owner: str, namespace: str, key: str) -> str:
    """Return the key of a definition in the ledger's record of what we made: `CUSTOMER cratejoy.customer_id`."""
    return f"{owner} {namespace}.{key}"


def definitions(client: ShopifyClient, namespace: str, owner: str) -> dict[str, dict[str, Any]]:
    """Return the metafield definitions of a namespace by key: `id`, `type`, `count` of metafields.

    Raises:
        ShopRefused: They cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    after: str | None = None
    while True:
        variables = {"ownerType": owner, "namespace": namespace, "after": after}
        try:
            page = client.call("Definitions", variables).value
        except CallRefused as refused:
            raise ShopRefused(f"The metafield definitions cannot be read: {refused}.") from None
        for node in page.get("nodes") or ():
            kind = (node.get("type") or {}).get("name")
            found[str(node.get("key"))] = {"id": node.get("id"), "type": kind, "count": node.get("metafieldsCount")}
        info = page.get("pageInfo") or {}
        after = info.get("endCursor")
        if not info.get("hasNextPage") or not after:
            return found


class _Definitions:
    """The metafield definitions of our namespace."""

    def __init__(self, client: ShopifyClient, settings: Settings, logger: logging.Logger, ledger: Ledger) -> None:
        self._client = client
        self._dry = settings.dry_run
        self._namespace = settings.namespace
        self._logger = logger
        self._ledger = ledger

    def complete(self, owner: str, wanted: Iterable[Definition]) -> int:
        """Create the definitions that are missing; return how many customers carry the id already."""
        found = definitions(self._client, self._namespace, owner)
        for definition in wanted:
            there = found.get(definition.key)
            if there is None and not self._dry:
                self._create(owner, definition)
            elif there and there["type"] != definition.type:
                raise ShopRefused(_wrong_type(self._namespace, definition, str(there["type"])))
            elif there:
                self._claim(owner, definition, there["id"])
        return int(found.get("customer_id", {}).get("count") or 0)

    def _create(self, owner: str, definition: Definition) -> None:
        key = definition_key(owner, self._namespace, definition.key)
        self._ledger.intend_object("definition", key)
        made, errors = self._try_to_create(owner, definition, pin=definition.pinned)
        if definition.pinned and any(error.code in _PIN_CODES or "pin" in error.message.lower() for error in errors):
            self._logger.warning(
                "The shop has no room to pin the metafield %s.%s; it is not pinned.", self._namespace, definition.key
            )
            made, errors = self._try_to_create(owner, definition, pin=False)
        if any(error.code == "TAKEN" for error in errors):
            self._check_taken(owner, definition)
        elif errors:
            raise ShopRefused(_refused_definition(self._namespace, definition, errors))
        elif made:
            self._ledger.made([made])

    def _try_to_create(
        self, owner: str, definition: Definition, *, pin: bool
    ) -> tuple[ShopObject | None, tuple[UserError, ...]]:
        """Return what was made, and what Shopify refused."""
        wanted = {
            "namespace": self._namespace,
            "key": definition.key,
            "type": definition.type,
            "name": definition.name,
            "description": definition.description,
            "ownerType": owner,
            "pin": pin,
        }
        try:
            answer = self._client.call("DefinitionCreate", {"definition": wanted})
        except CallRefused as refused:
            raise ShopRefused(
                f"The metafield definition {self._namespace}.{definition.key} cannot be made: {refused}."
            ) from None
        made = answer.value.get("createdDefinition") or {}
        if not made.get("id"):
            return None, answer.errors
        key, count = definition_key(owner, self._namespace, definition.key), made.get("metafieldsCount")
        return ShopObject("definition", key, str(made["id"]), values_before=count), answer.errors

    def _check_taken(self, owner: str, definition: Definition) -> None:
        """A definition that appeared meanwhile, or whose creation was answered twice, is fine when its type is."""
        there = definitions(self._client, self._namespace, owner).get(definition.key)
        if there and there["type"] != definition.type:
            raise ShopRefused(_wrong_type(self._namespace, definition, str(there["type"])))
        if there:
            self._claim(owner, definition, there["id"])

    def _claim(self, owner: str, definition: Definition, gid: Any) -> None:
        """Note a definition that is there as ours, when we meant to make it: its answer was lost, or a run killed."""
        key = definition_key(owner, self._namespace, definition.key)
        if gid and not self._dry and key in self._ledger.intended("definition"):
            self._ledger.made([ShopObject("definition", key, str(gid))])


def _wrong_type(namespace: str, definition: Definition, there: str) -> str:
    return (
        f"The shop has a metafield definition {namespace}.{definition.key} of type {there}; this needs "
        f"{definition.type}. Delete that definition, or set another metafield_namespace. No customer was written."
    )


def _refused_definition(namespace: str, definition: Definition, errors: tuple[UserError, ...]) -> str:
    codes = ", ".join(error.code or error.message for error in errors)
    if any(error.code == "RESOURCE_TYPE_LIMIT_EXCEEDED" for error in errors):
        return (
            f"The shop has no room for another metafield definition ({codes}), and {namespace}.{definition.key} is "
            "needed: delete definitions that nobody uses (in the admin under Settings, Custom data), then run again. "
            "No customer was written."
        )
    return (
        f"Shopify refused the metafield definition {namespace}.{definition.key} ({codes}): the app needs "
        "write_customers and the right to manage metafield definitions, or set another metafield_namespace. "
        "No customer was written."
    )
