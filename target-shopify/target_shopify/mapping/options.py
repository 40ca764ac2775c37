"""What the mapping can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """Settings of the mapping, named as the target's own.

    Args:
        tag_prefix: What the name of each of our tags begins with.
        namespace: Metafield namespace that is ours.
        currency: ISO code of the currency of Cratejoy's amounts, which name none.
        orders: Whether orders become a history metafield, nothing, or orders.
        default_country: ISO code for phone numbers without a country of their own.
    """

    tag_prefix: str = "cj-"
    namespace: str = "cratejoy"
    currency: str = "USD"
    orders: Literal["history", "none", "create"] = "history"
    default_country: str | None = None
