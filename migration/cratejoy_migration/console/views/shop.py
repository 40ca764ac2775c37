"""One customer as the shop has it now: one live look, by id, with little patience."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from target_shopify.client import ShopifyClient
from target_shopify.customers import ShopReader
from target_shopify.errors import TargetError
from target_shopify.mapping.member import Member
from target_shopify.mapping.options import MappingOptions
from target_shopify.planning import Found
from target_shopify.run import mapping_options
from target_shopify.settings import Settings
from target_shopify.shop import Shop, ask

from cratejoy_migration import plugins
from cratejoy_migration.errors import OperatorError
from cratejoy_migration.verify.compare import Rules, compare
from cratejoy_migration.verify.differences import REMOVED, Compared, Difference

_LOGGER = logging.getLogger("console")
_PATIENCE_SECONDS = 15.0
_RETRIES = 1
_OF_A_RUN = re.compile(r"\. [^.]*; the same command goes on[^.]*\.$")
"""What an error says of the work so far: here nothing is written."""
_SCOPES = frozenset({"read_customers"})


@dataclass(frozen=True)
class Live:
    """What the shop answered.

    Attributes:
        found: The customer; None when there is none.
        rules: By which customers are written, with the shop's own currency.
    """

    found: Found | None
    rules: Rules


def settings(project: Path) -> Settings | str:
    """Return the settings of the target, or the sentence that says what is wrong with them; takes a second."""
    try:
        return plugins.target_settings(project, dry_run=False)
    except (OperatorError, TargetError) as error:
        return " ".join(str(error).split())


def options(chosen: Settings | str) -> MappingOptions:
    """Return what the mapping must know, without asking the shop for its currency."""
    if isinstance(chosen, str):
        return MappingOptions()
    return mapping_options(chosen, Shop(f"{chosen.shop}.myshopify.com", chosen.currency or MappingOptions().currency))


def read(chosen: Settings, number: int, gid: str | None) -> Live | str:
    """Return a customer as the shop has it, or the sentence that says why it cannot be read.

    Args:
        chosen: Of the target.
        number: Its Cratejoy id.
        gid: By the ledger; without one, or when that is gone, it is looked for by its Cratejoy id.
    """
    hasty = replace(
        chosen,
        max_retries=min(chosen.max_retries, _RETRIES),
        request_timeout=min(chosen.request_timeout, _PATIENCE_SECONDS),
    )
    client = ShopifyClient(hasty, _LOGGER)
    try:
        shop = ask(client, hasty, _SCOPES)
        reader = ShopReader(client, hasty.namespace)
        found = reader.read(gid) if gid else None
        if found is None and (seen := reader.by_cratejoy_id(number)) is not None:
            found = reader.read(seen.id)
    except TargetError as error:
        return _OF_A_RUN.sub(".", " ".join(str(error).split()))
    finally:
        client.stop()
    return Live(found, Rules(mapping_options(chosen, shop), chosen.replaces))


def compared(live: Live, members: Sequence[Member], origin: str | None, *, sent: bool) -> Compared:
    """Return what differs between the shop's customer and its documents.

    Args:
        live: What the shop answered.
        members: The documents; at least one.
        origin: How it came in, by the ledger.
        sent: Whether the ledger says that it is there.
    """
    if live.found is None:
        return Compared((Difference("customer", REMOVED),) if sent else ())
    return compare(live.found, members, live.rules, origin)
