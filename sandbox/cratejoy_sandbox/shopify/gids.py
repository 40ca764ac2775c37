"""Global ids such as `gid://shopify/Customer/7000000000001`."""

import re

ADDRESS = "MailingAddress"
PATTERN = re.compile(r"gid://[\w-]+/(\w+)/([^?]+)(?:\?.*)?")


def gid(kind: str, number: int) -> str:
    """Global id of a thing; an address of a customer says so, as Shopify's do."""
    suffix = "?model_name=CustomerAddress" if kind == ADDRESS else ""
    return f"gid://shopify/{kind}/{number}{suffix}"


def parts(text: str) -> tuple[str, str] | None:
    """Type and the rest of a global id; None when the text is not one."""
    match = PATTERN.fullmatch(text)
    return (match[1], match[2]) if match else None


def number_of(text: str, kind: str) -> int | None:
    """Number of a global id of this type; None for anything else."""
    found = parts(text)
    if not found or found[0] != kind or not found[1].isdecimal():
        return None
    number = int(found[1])
    return number if number < 2**63 else None
