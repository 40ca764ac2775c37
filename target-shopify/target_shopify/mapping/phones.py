"""Phone numbers in E.164, as Shopify wants a customer's own.

`phonenumbers` is loaded with the first number. Numbers of the North American plan, by far the most, skip its parser:
they are valid when any region of the plan has a pattern for them, which is what the library would find out slowly.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

_NANP_TEXT = re.compile(r"(?:\+?1[\s.-]*)?\(?([2-9]\d\d)\)?[\s./-]*([2-9]\d\d)[\s.-]*(\d{4})", re.ASCII)
_DIGIT = re.compile(r"\d")
_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def e164(text: str, region: str | None) -> str | None:
    """Return a phone number as E.164, None when it is not a number that can exist.

    Args:
        text: As a person typed it.
        region: ISO code of the country it is dialled in, for numbers without one of their own.
    """
    match = _NANP_TEXT.fullmatch(text)
    if match is not None and (region in nanp_regions() or text[0] == "+"):
        digits = "".join(match.groups())
        return "+1" + digits if nanp().fullmatch(digits) else None
    return _parsed(text, region) if _DIGIT.search(text) else None


@cache
def nanp_regions() -> frozenset[str]:
    """The countries that share the country code 1."""
    import phonenumbers  # noqa: PLC0415

    return frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])


@cache
def nanp() -> re.Pattern[str]:
    """What the ten digits of a valid number of the North American plan look like, in any of its regions."""
    from phonenumbers import PhoneMetadata  # noqa: PLC0415

    patterns = set()
    for region in nanp_regions():
        metadata = PhoneMetadata.metadata_for_region(region, None)
        descriptions = (getattr(metadata, kind) for kind in _KINDS)
        patterns |= {found.national_number_pattern for found in descriptions if found and found.national_number_pattern}
    return re.compile("|".join(f"(?:{pattern})" for pattern in sorted(patterns)))


@lru_cache(maxsize=4096)
def _parsed(text: str, region: str | None) -> str | None:
    import phonenumbers  # noqa: PLC0415

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
