"""The ledger's lock, from our side: who writes to the shop by the ledger holds it alone, who reads it all shares it."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from target_shopify.ledger import LOCK

PATIENCE_SECONDS = 10.0
"""The session of a program that has just ended, or was killed, ends a moment after it."""
_PAUSE_SECONDS = 0.25
_TAKE = {True: "pg_try_advisory_lock_shared", False: "pg_try_advisory_lock"}


def take(connection: psycopg.Connection[Any], *, shared: bool = False) -> bool:
    """Take the ledger's lock for as long as the session lasts; return whether it could be had.

    Args:
        connection: Autocommit.
        shared: With others who only read.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        row = connection.execute(f"select {_TAKE[shared]}(hashtext(%s))", (LOCK,)).fetchone()
        if row and row[0]:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
