"""Every operation this target can send: the files beside this one, and nothing else.

None of them can make Shopify mail a customer: no account invitation, no invoice, no receipt, no notification
(`OrderCreate` names its silent options itself). The client sends `Operation` objects only, and only this module
makes them, so what is not a file here cannot be sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_ROOT = re.compile(r"^(?:query|mutation)\s+\w+[^{]*\{\s*(?:\w+\s*:\s*)?(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Operation:
    """One GraphQL document of ours.

    Attributes:
        name: The file's and the operation's name.
        text: The document.
        root: Its first root field.
        writes: It is a mutation.
    """

    name: str
    text: str
    root: str
    writes: bool


def names() -> list[str]:
    """Return the names of all operations."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".graphql") for file in files if file.name.endswith(".graphql"))


@cache
def operation(name: str) -> Operation:
    """Return one of our operations.

    Raises:
        KeyError: There is no such file.
    """
    if name not in names():
        raise KeyError(name)
    text = (resources.files(__package__) / f"{name}.graphql").read_text("utf-8")
    found = _ROOT.search(text)
    if not found:
        raise KeyError(name)
    return Operation(name, text, found.group(1), "mutation" in text[: found.start() + 9])
