"""A certificate that cannot be verified: a matter for a person, not for another try."""

from __future__ import annotations

from target_shopify.errors import Unreachable

_WORDS = ("certificate verify failed", "certificate_verify_failed", "doesn't match")


def check(error: Exception, api_url: str) -> None:
    """Say so when a connection failed because of the other side's certificate.

    Raises:
        Unreachable: it did; nothing was sent.
    """
    text = str(error).lower()
    if any(words in text for words in _WORDS):
        raise Unreachable(
            f"The certificate of {api_url} could not be verified, and nothing was sent: check api_url and the clock; "
            "behind a company's proxy name its certificates in REQUESTS_CA_BUNDLE."
        ) from None
