"""Text that Shopify takes in names and addresses: no HTML tags, no web addresses, no emoji, at most 255 characters."""

from __future__ import annotations

import re

from target_shopify.rules import TEXT_LENGTH

_EMOJI = (
    r"\u203c\u2049\u20e3\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    r"\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
_MARKED_UP = re.compile(r"<|://|www\.", re.IGNORECASE)
_REFUSED = re.compile(rf"<|://|www\.|[{_EMOJI}]", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>|[<>]")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S*", re.IGNORECASE)
_EMOJIS = re.compile(rf"[{_EMOJI}][{_EMOJI}\ufe0f\u200d]*")
"""Emoji with what joins and colours them; scripts of India use the same joiner, so it alone is none."""
_GAPS = re.compile(r"\s{2,}")


def refused(text: str) -> bool:
    """Tell whether a text, or several joined by line breaks, holds what Shopify refuses in an address."""
    return _REFUSED.search(text) is not None


def marked_up(text: str) -> bool:
    """Tell whether a text holds HTML or a web address."""
    return _MARKED_UP.search(text) is not None


def cleaned(text: str, *, emoji: bool = False) -> str:
    """Return text without HTML tags and web addresses, and without emoji unless they may stay."""
    text = _URL.sub("", _TAG.sub(" ", text))
    if not emoji:
        text = _EMOJIS.sub("", text)
    return _GAPS.sub(" ", text).strip()


def cut(text: str, limit: int = TEXT_LENGTH) -> str:
    """Return at most `limit` characters, counted as UTF-16 does, which is the stricter way to count."""
    if len(text) * 2 <= limit or len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    return text.encode("utf-16-le")[: limit * 2].decode("utf-16-le", "ignore").rstrip()


def split_name(name: str) -> tuple[str, str | None]:
    """Return first and last name of a full one: the first word, and all others."""
    first, _, last = name.partition(" ")
    return first, last.strip() or None
