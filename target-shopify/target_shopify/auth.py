"""The access token: given, or fetched with the client-credentials grant and renewed before it ends.

Platform facts (client-credentials page): form-encoded POST to `/admin/oauth/access_token`; the answer holds
`access_token` and `expires_in` (seconds, 86399); there is no refresh token; app and shop must belong together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import requests

from target_shopify import certificates
from target_shopify.errors import ShopRefused, Unreachable

if TYPE_CHECKING:
    import logging

    from target_shopify.settings import Settings

_RENEW_SHARE = 0.9
_ATTEMPTS = 6


class Token:
    """The token of the moment; safe to share between threads.

    Args:
        settings: Credentials and address.
        session: Sends the grant's request.
        rest: Waits so many seconds between attempts; raises when the run is stopping.
        logger: Where failed attempts are told.
    """

    def __init__(
        self, settings: Settings, session: requests.Session, rest: Callable[[float], object], logger: logging.Logger
    ) -> None:
        self._settings = settings
        self._session = session
        self._rest = rest
        self._logger = logger
        self._lock = threading.Lock()
        self._value = settings.access_token
        self._renew_at: float | None = None
        self.renewable = not settings.access_token
        self.seconds: float | None = None
        """How long the latest fetched token is good for."""

    def value(self) -> str:
        """Return a token that is not about to end.

        Raises:
            ShopRefused: The grant was refused.
            Unreachable: No grant after all attempts.
            Interrupted: The run is stopping.
        """
        with self._lock:
            if self.renewable and (self._value is None or time.monotonic() >= (self._renew_at or 0)):
                self._fetch()
            return self._value or ""

    def renew(self, refused: str) -> bool:
        """Replace a token that Shopify refused, unless another thread has done so already.

        Returns:
            False when there is nothing to renew with.
        """
        with self._lock:
            if not self.renewable:
                return False
            if self._value == refused:
                self._fetch()
            return True

    def _fetch(self) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            answer = self._ask()
            if isinstance(answer, requests.Response):
                self._take(answer)
                return
            self._logger.info("Shopify gave no access token: %s (attempt %d of %d).", answer, attempt, _ATTEMPTS)
            if attempt < _ATTEMPTS:
                self._rest(min(2.0 ** (attempt - 1), 30.0))
        raise Unreachable(
            f"Shopify gave no access token in {_ATTEMPTS} attempts, at last with {answer}; "
            "the same command goes on later."
        )

    def _ask(self) -> requests.Response | str:
        """Return an answer that counts, or in words why there is none yet."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        url = f"{self._settings.api_url}/admin/oauth/access_token"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}  # the session's own is that of GraphQL
        timeout = self._settings.request_timeout
        try:
            answer = self._session.post(url, data=form, headers=headers, timeout=timeout, allow_redirects=False)
        except requests.RequestException as error:
            certificates.check(error, self._settings.api_url)
            return f"no answer ({type(error).__name__})"
        status = answer.status_code
        return f"status {status}" if status == 429 or status >= 500 else answer

    def _take(self, answer: requests.Response) -> None:
        try:
            body = answer.json()
        except ValueError:
            body = {}
        token = body.get("access_token") if isinstance(body, dict) else None
        if answer.status_code != 200 or not isinstance(token, str) or not token:
            raise ShopRefused(_refusal(answer.status_code, body))
        self._value = token
        seconds = body.get("expires_in")
        life = float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 86_399.0
        self.seconds = life
        self._renew_at = time.monotonic() + life * _RENEW_SHARE


def _refusal(status: int, body: object) -> str:
    code = body.get("error") if isinstance(body, dict) else None
    if code == "shop_not_permitted":
        return "The app may not work in this shop (shop_not_permitted): app and shop must belong to one organisation."
    if status == 404:
        return "There is no such shop: check the setting shop (TARGET_SHOPIFY_SHOP)."
    known = f" ({code})" if code in {"invalid_client", "invalid_request", "app_not_installed"} else ""
    return (
        f"Shopify refused client_id and client_secret with status {status}{known}: check "
        "TARGET_SHOPIFY_CLIENT_ID, TARGET_SHOPIFY_CLIENT_SECRET, and that the app is installed in the shop."
    )
