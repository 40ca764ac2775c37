"""Questions to Cratejoy: one at a time, below the tap's ceiling, and never more than a fixed number in all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tap_cratejoy.client import CratejoyClient, retry_after_seconds
from tap_cratejoy.errors import RateLimitExhausted, Unhealed

from cratejoy_migration.errors import OperatorError
from cratejoy_migration.probe.sightings import RESOURCES, Seen, seen

MOST_REQUESTS = 39
"""Requests in all, those that are asked again included."""
MOST_PAUSE_SECONDS = 120
"""A longer pause than this is not waited for; what is left is not asked."""
MOST_IN_A_ROW = 4
"""After so many 429 in a row nothing more is asked: each next pause would be longer."""
_ATTEMPTS = 2
_REST_SECONDS = 1.0


class Asker:
    """Asks for pages, and counts.

    Args:
        client: Sends the requests; its ceiling and its pauses hold.
        told: Called before each request with the number of those sent.
        most: Requests in all.
    """

    def __init__(self, client: CratejoyClient, told: Callable[[int], None], most: int = MOST_REQUESTS) -> None:
        self._client = client
        self._told = told
        self._most = most
        self._stopped = ""
        self._in_a_row = 0
        self.throttled: list[str | None] = []
        """Retry-After of each 429."""

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._client.requests

    def page(self, stream: str, params: Mapping[str, str] | None = None) -> Seen:
        """Ask for one page, once more when there was no answer that counts.

        Raises:
            OperatorError: The credentials are refused.
            Unreachable: Cratejoy has not answered anything yet.
        """
        found = Seen(trouble="not asked")
        for attempt in range(_ATTEMPTS):
            if self._stopped or self.requests >= self._most:
                why = self._stopped or f"the probe's {self._most} requests were used up"
                return found if attempt else Seen(trouble=f"not asked: {why}")
            self._told(self.requests)
            found = self._once(stream, params or {}, last=attempt + 1 == _ATTEMPTS)
            if found.page or (found.status != 429 and 0 < found.status < 500 and found.status != 200):
                break
        return found

    def _once(self, stream: str, params: Mapping[str, str], *, last: bool) -> Seen:
        try:
            look = self._client.look(RESOURCES[stream].path, params)
        except RateLimitExhausted:
            self.throttled.append(None)
            self._stopped = "Cratejoy asks for a pause of more than an hour"
            return Seen(trouble="answer 429", status=429)
        except Unhealed:
            if not self._client.was_there and last:
                raise
            self._rest(last=last)
            return Seen(trouble="no whole answer")
        if look.status == 401:
            raise OperatorError(
                "Cratejoy refused the credentials (401): check TAP_CRATEJOY_CLIENT_ID and TAP_CRATEJOY_CLIENT_SECRET."
            )
        self._in_a_row = self._in_a_row + 1 if look.status == 429 else 0
        if look.status == 429:
            self._note(look.headers.get("Retry-After"))
        elif look.status >= 500:
            self._rest(last=last)
        return seen(stream, look)

    def _note(self, retry_after: str | None) -> None:
        self.throttled.append(retry_after)
        pause = retry_after_seconds(retry_after) or 0
        if pause > MOST_PAUSE_SECONDS:
            self._stopped = f"Cratejoy asks for a pause of {pause:.0f} s"
        elif self._in_a_row >= MOST_IN_A_ROW:
            self._stopped = "Cratejoy answers 429 again and again"

    @staticmethod
    def _rest(*, last: bool) -> None:
        if not last:
            time.sleep(_REST_SECONDS)
