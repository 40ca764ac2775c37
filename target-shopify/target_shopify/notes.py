"""A note that two share: which part of a customer's note is ours, and what becomes of it when ours changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from target_shopify.mapping.sync_state import fingerprint
from target_shopify.rules import NOTE_LENGTH

_GAP = "\n\n"
_BESIDE = "+"
"""Before the fingerprint of a part: somebody else's text stands beside it."""
_MOST_PARTS = 5_000


@dataclass(frozen=True, slots=True)
class Note:
    """A note to be written.

    Attributes:
        text: The whole of it.
        mark: What the bookkeeping says of it: the fingerprint of our part, and whether it is only a part.
    """

    text: str
    mark: str


def updated(now: str, new: str, before: str | None, *, keep: bool) -> Note | None:
    """Return a note that says what the documents say, with all that others wrote in it.

    Args:
        now: As the shop has it; not empty.
        new: As the documents want it.
        before: The mark of what we wrote last.
        keep: Whether our part of before stays, with the new text after it.

    Returns:
        The note; None when it says so already, or has no room for it.
    """
    now = now.replace("\r\n", "\n")
    if keep and new in now:
        return None
    if before == fingerprint(now):
        return _fitting(f"{now}{_GAP}{new}", None) if keep else _fitting(new, None)
    place = _place(now, before)
    if place is None:
        return None if new in now else _fitting(f"{now}{_GAP}{new}", new)
    part = now[place]
    ours = f"{part}{_GAP}{new}" if keep else new
    return None if ours == part else _fitting(f"{now[: place.start]}{ours}{now[place.stop :]}", ours)


def is_ours(now: str, mark: str) -> bool:
    """Whether what we wrote is still in a note: the whole of it, or our part."""
    now = now.replace("\r\n", "\n")
    return mark == fingerprint(now) or _place(now, mark) is not None


def kept(now: str, new: str | None, before: str) -> str | None:
    """Return the mark of what is ours in a note that is not written: as before, or as it was to become."""
    marks = [before, *([fingerprint(new), f"{_BESIDE}{fingerprint(new)}"] if new else [])]
    return next((mark for mark in marks if is_ours(now, mark)), None)


def says(mark: str | None, text: str) -> bool:
    """Whether a mark stands for this text of ours, alone or beside somebody else's."""
    return (mark or "").removeprefix(_BESIDE) == fingerprint(text)


def _fitting(text: str, part: str | None) -> Note | None:
    if len(text) > NOTE_LENGTH:
        return None
    return Note(text, fingerprint(text) if part is None else f"{_BESIDE}{fingerprint(part)}")


def _place(now: str, mark: str | None) -> slice | None:
    """Return where our part stands, between paragraphs of others."""
    if not mark or not mark.startswith(_BESIDE):
        return None
    looked_for = mark.removeprefix(_BESIDE)
    places = (slice(start, stop) for start in _starts(now) for stop in _stops(now, start))
    return next((place for place in islice(places, _MOST_PARTS) if fingerprint(now[place]) == looked_for), None)


def _starts(text: str) -> Iterator[int]:
    """Yield where paragraphs begin, the last first: ours are added at the end."""
    for place in range(len(text), 1, -1):
        if text[place - len(_GAP) : place] == _GAP:
            yield place
    yield 0


def _stops(text: str, start: int) -> Iterator[int]:
    """Yield where paragraphs end, the last first."""
    yield len(text)
    place = text.rfind(_GAP, start)
    while place > start:
        yield place
        place = text.rfind(_GAP, start, place + len(_GAP) - 1)
