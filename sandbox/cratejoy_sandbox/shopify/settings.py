"""What kind of shop this is: plan, currency, country, speed of its clock."""

from dataclasses import dataclass

from cratejoy_sandbox.shopify.lists import words

SCOPES = frozenset(
    words("""
    read_customers write_customers read_customer_merge write_customer_merge write_customer_data_erasure
    read_orders write_orders read_all_orders read_draft_orders write_draft_orders read_products write_products
    read_locations read_metaobjects write_metaobjects read_content read_privacy_settings write_privacy_settings
    read_store_credit_accounts
    read_store_credit_account_transactions write_store_credit_account_transactions
    """)
)
"""Scopes of a token unless others are named: all that need no request to Shopify, and `read_all_orders`."""


@dataclass(frozen=True)
class Plan:
    """Points that come back in a second; the bucket is 20 seconds' worth (Shopify's limits page, and seen live)."""

    title: str
    restore: int
    plus: bool = False
    development: bool = False

    @property
    def bucket(self) -> int:
        """Points in a full bucket."""
        return 20 * self.restore


PLANS = {
    "standard": Plan("Basic", 100),
    "advanced": Plan("Advanced", 200),
    "plus": Plan("Shopify Plus", 1000, plus=True),
    "enterprise": Plan("Enterprise", 2000, plus=True),
    "dev": Plan("Development", 100, development=True),
}


@dataclass(frozen=True)
class Settings:
    """Everything that is decided when the simulator starts."""

    shop: str = "sandbox-shop"
    plan: Plan = PLANS["standard"]
    currency: str = "USD"
    country: str = "US"
    time_scale: float = 1.0
    token: str | None = None
    client_id: str = "sandbox"
    client_secret: str = "sandbox-secret"  # noqa: S105 - a simulator has nothing to protect
    scopes: frozenset[str] = SCOPES
    protected_data: int = 2
    legacy_accounts: bool = False
    bulk_rate: float = 0.0
    """Lines a second of shop time that one bulk operation runs; 0 is as fast as it can."""

    @property
    def domain(self) -> str:
        """The shop's own address."""
        return f"{self.shop}.myshopify.com"
