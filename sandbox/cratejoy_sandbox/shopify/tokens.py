"""Access tokens: the one that is given at the start, and those of the client-credentials grant, which expire."""

import secrets

from cratejoy_sandbox.shopify.clock import Clock
from cratejoy_sandbox.shopify.registry import tables
from cratejoy_sandbox.shopify.settings import Settings
from cratejoy_sandbox.shopify.store import Store

LIFETIME = 86_399
"""Seconds that a granted token lives (Shopify's page on the client credentials grant)."""
tables("CREATE TABLE IF NOT EXISTS granted_tokens (token TEXT PRIMARY KEY);")


class Tokens:
    """Which tokens are good."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self._ends: dict[str, float] = {}

    def grant(self, lifetime: float = LIFETIME) -> str:
        """A new token that lives so many seconds of shop time."""
        token = f"shpat_{secrets.token_hex(16)}"
        self._ends[token] = self.clock.seconds() + lifetime
        with self.store.transaction():
            self.store.execute("INSERT INTO granted_tokens VALUES (?)", (token,))
        return token

    def good(self, token: str) -> bool:
        """Whether a token is accepted; without a token of its own a simulator takes any that looks like one."""
        if token in self._ends:
            return self.clock.seconds() < self._ends[token]
        if self.settings.token is None:
            return token.startswith("shpat_")
        return secrets.compare_digest(token, self.settings.token) or self._granted_before(token)

    def _granted_before(self, token: str) -> bool:
        row = self.store.execute("SELECT 1 FROM granted_tokens WHERE token = ?", (token,)).fetchone()
        return row is not None
