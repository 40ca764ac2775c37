"""What Shopify is asked: a dozen small queries, and no mutation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from target_shopify.client import Look, ShopifyClient
from target_shopify.settings import Settings

from cratejoy_migration.errors import OperatorError

_MOST_PAGES = 3
"""Pages of 250 definitions: more than all apps together may have made for one owner is not counted."""
OWNERS = ("CUSTOMER", "ORDER")


@dataclass
class Told:
    """All that the shop told.

    Attributes:
        shop: Who it is; `value` is the shop.
        scopes: Handles, None when the app may not see them.
        versions: API versions that are served, None when not told.
        customer: One customer, read for presence only.
        count: Of all customers.
        definitions: Nodes by owner, None when they cannot be read.
        tagged: Customers that an earlier run of ours left.
        bulk: Bulk operations that are running.
        maximum: Points that the bucket holds; None when no answer told.
        restore: Points a second.
        token_seconds: How long a fetched token is good for.
        calls: Calls in all.
        seconds: Of each call.
    """

    shop: Look
    scopes: frozenset[str] | None = None
    versions: list[str] | None = None
    customer: Look | None = None
    count: Look | None = None
    definitions: dict[str, list[Mapping[str, Any]] | None] = field(default_factory=dict)
    tagged: Look | None = None
    bulk: int | None = None
    maximum: float | None = None
    restore: float | None = None
    token_seconds: float | None = None
    calls: int = 0
    seconds: list[float] = field(default_factory=list)


class Inquiry:
    """Asks one shop, one question at a time.

    Args:
        client: Sends the queries.
        settings: Namespace and tag prefix that are ours.
        told: Called before each call with the number of those sent.
    """

    def __init__(self, client: ShopifyClient, settings: Settings, told: Callable[[int], None]) -> None:
        self._client = client
        self._settings = settings
        self._told = told
        self._calls = 0
        self._seconds: list[float] = []

    def ask(self) -> Told:
        """Ask everything.

        Raises:
            OperatorError: It is another shop, or the shop says nothing.
            ShopRefused: Token or shop are refused.
            Unreachable: Shopify does not answer.
        """
        found = Told(self._look("ProbeShop"))
        self._check(found.shop)
        found.scopes = self._scopes()
        found.versions = self._versions()
        found.customer = self._look("ProbeCustomers")
        found.count = self._look("ProbeCustomersCount")
        found.definitions = {owner: self._definitions(owner) for owner in OWNERS}
        found.tagged = self._look(
            "ProbeTagged", {"query": f"customer_tags CONTAINS '{self._settings.tag_prefix}migrated'"}
        )
        found.bulk = self._bulk()
        budget = self._client.budget
        if budget.known:
            found.maximum, found.restore = budget.maximum, budget.rate
        found.token_seconds, found.calls, found.seconds = self._client.token_seconds, self._calls, self._seconds
        return found

    def _look(self, name: str, variables: Mapping[str, Any] | None = None) -> Look:
        self._told(self._calls)
        look = self._client.look(name, variables or {})
        self._calls += 1
        self._seconds.append(look.seconds)
        return look

    def _check(self, shop: Look) -> None:
        domain = shop.value.get("myshopifyDomain") if isinstance(shop.value, dict) else None
        if not isinstance(domain, str):
            codes = ", ".join(code for _, code in shop.refused) or "no shop in the answer"
            raise OperatorError(f"Shopify did not say which shop this is ({codes}): check shop, api_version and token.")
        if domain != f"{self._settings.shop}.myshopify.com":
            raise OperatorError("This is another shop than the setting shop names: check TARGET_SHOPIFY_SHOP.")

    def _scopes(self) -> frozenset[str] | None:
        value = self._look("AccessScopes").value
        listed = value.get("accessScopes") if isinstance(value, dict) else None
        if not isinstance(listed, list):
            return None
        return frozenset(str(one.get("handle")) for one in listed if isinstance(one, dict))

    def _versions(self) -> list[str] | None:
        value = self._look("ProbeVersions").value
        if not isinstance(value, list):
            return None
        return sorted(str(one.get("handle")) for one in value if isinstance(one, dict) and one.get("supported"))

    def _definitions(self, owner: str) -> list[Mapping[str, Any]] | None:
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        for _ in range(_MOST_PAGES):
            page = self._look("ProbeDefinitions", {"ownerType": owner, "after": after}).value
            if not isinstance(page, dict):
                return None
            nodes = page.get("nodes")
            found += [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []
            info = page.get("pageInfo")
            info = info if isinstance(info, dict) else {}
            after = info.get("endCursor")
            if not info.get("hasNextPage") or not after:
                break
        return found

    def _bulk(self) -> int | None:
        value = self._look("BulkOperations", {"query": "status:running", "after": None}).value
        nodes = value.get("nodes") if isinstance(value, dict) else None
        return len(nodes) if isinstance(nodes, list) else None
