"""Access tokens: the one that is given at the start, and those of the client-credentials grant, which expire."""

import secrets
import time

from cratejoy_sandbox.shopify.clock import Clock
from cratejoy_sandbox.shopify.registry import tables
from cratejoy_sandbox.shopify.settings import Settings
from cratejoy_sandbox.shopify.store import Store

LIFETIME = 86_399
"""Seconds that a granted token lives (Shopify's page on the client credentials grant)."""
tables("CREATE TABLE IF NOT EXISTS granted_tokens (token TEXT PRIMARY KEY, ends REAL);")


class Tokens:
    """Which tokens are good; those granted are stored, so that a restart knows them."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock

    def grant(self, lifetime: float = LIFETIME) -> str:
        """A new token that lives so many seconds of shop time."""
        token = f"shpat_{secrets.token_hex(16)}"
        with self.store.transaction():
            ends = time.time() + self.clock.real(lifetime)
            self.store.execute("INSERT INTO granted_tokens VALUES (?, ?)", (token, ends))
        return token

    def good(self, token: str) -> bool:
        """Whether a token is accepted; without a token of its own a simulator takes any that looks like one."""
        row = self.store.execute("SELECT ends FROM granted_tokens WHERE token = ?", (token,)).fetchone()
        if row:
            return time.time() < float(row[0])
        if self.settings.token is None:
            return token.startswith("shpat_")
        return secrets.compare_digest(token.encode(), self.settings.token.encode())
