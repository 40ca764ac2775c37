"""E-mail addresses: what Shopify takes, what can be mended, and what makes two of them one person.

Shopify removes white space, wants one @ and a dotted domain, at most 255 characters (recorded).
"""

from __future__ import annotations

import re
from typing import Any

from target_shopify.mapping.values import line
from target_shopify.rules import TEXT_LENGTH

_SPACE = re.compile(r"\s+")
_USABLE = re.compile(r"[^\s@<>()\[\],;:\\\"]+@(?:\w(?:[\w-]*\w)?\.)+\w(?:[\w-]*\w)?")
_ENCLOSED = re.compile(r"<([^<>]+)>[^@]*$")
_TRAILING = ".,;:!?)>]}'\"/\\"
_LEADING = "<([{'\""


def read_email(value: Any) -> tuple[str | None, str | None, bool]:
    """Read an e-mail address.

    Args:
        value: As Cratejoy holds it.

    Returns:
        The address as Shopify takes it, or None; an unusable one as it was, or None; and whether more than white
        space had to be removed.
    """
    source = line(value)
    if source is None:
        return None, None, False
    bare = _SPACE.sub("", source)
    if _fits(bare):
        return bare, None, False
    mended = _mended(source)
    return (mended, None, True) if _fits(mended) else (None, source, False)


def group_key(email: str) -> str:
    """Return what two e-mails of one person have in common: letter case and white space do not count."""
    return _SPACE.sub("", email).casefold()


def _fits(email: str) -> bool:
    return len(email) <= TEXT_LENGTH and _USABLE.fullmatch(email) is not None


def _mended(source: str) -> str:
    enclosed = _ENCLOSED.search(source)
    email = _SPACE.sub("", enclosed[1] if enclosed else source).strip(_LEADING)
    if email[:7].lower() == "mailto:":
        email = email[7:].partition("?")[0]
    return email.lstrip(_LEADING).rstrip(_TRAILING)
