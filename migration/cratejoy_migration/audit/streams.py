"""Which streams an audit looks at: those that are selected in the project, and those that have a table. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from cratejoy_migration.audit.scope import CHILDREN, COUNTABLE
from cratejoy_migration.errors import OperatorError


def audited(patterns: Iterable[str], staged: Collection[str]) -> list[str]:
    """Return the countable streams to audit, in the order in which they are read.

    Args:
        patterns: Meltano's selection: `customers.*`, `!carts.*`.
        staged: Streams with a table.
    """
    rules = list(patterns)
    return [stream for stream in COUNTABLE if stream in staged or is_selected(stream, rules)]


def uncountable(staged: Collection[str]) -> list[str]:
    """Return the staged streams that hang below elements of another one: nobody tells how many rows they have."""
    return [stream for stream in CHILDREN if stream in staged]


def is_selected(stream: str, patterns: Iterable[str]) -> bool:
    """Whether Meltano's selection takes a stream: a rule names it, and none takes all of it away again."""
    taken = False
    for pattern in patterns:
        name, _, properties = pattern.removeprefix("!").partition(".")
        if fnmatchcase(stream, name):
            if not pattern.startswith("!"):
                taken = True
            elif properties in ("", "*"):
                return False
    return taken


def chosen(wanted: Collection[str], audited_streams: list[str]) -> list[str]:
    """Return the streams that a command line names, all of them when it names none.

    Raises:
        OperatorError: One of them is not audited.
    """
    for stream in wanted:
        if stream in CHILDREN:
            raise OperatorError(f"{stream} cannot be audited by itself: Cratejoy counts no rows below an element.")
        if stream not in audited_streams:
            raise OperatorError(
                f"There is no stream {stream} to audit; there are: {', '.join(audited_streams) or 'none'}."
            )
    return [stream for stream in audited_streams if stream in wanted] if wanted else audited_streams
