"""Units on disk: what would not fit into memory while bulk operations run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from target_shopify.ledger import Known
from target_shopify.mapping.member import read_member
from target_shopify.mapping.options import MappingOptions
from target_shopify.report import owner_only
from target_shopify.rules import reason_text
from target_shopify.work import Entry, Ticket, Unit

_TAB = b"\t"
"""JSON has none outside of texts, where it is escaped."""


def packed(unit: Unit) -> bytes:
    """Return a unit as one line: what settles it, a tab, and its documents, which few ever need again."""
    heads = [
        [
            entry.ticket.key,
            entry.ticket.cratejoy_id,
            entry.ticket.document_hash,
            entry.ticket.epoch,
            _known(entry.known),
            reason_text(entry.member.repairs),
        ]
        for entry in unit.entries
    ]
    documents = [entry.ticket.document for entry in unit.entries]
    return orjson.dumps(heads) + _TAB + orjson.dumps(documents, default=str)


def tickets(line: bytes) -> list[tuple[Ticket, str]]:
    """Return the tickets of a packed unit, without their documents, each with the repairs that were made."""
    heads = orjson.loads(line.partition(_TAB)[0])
    return [(Ticket(key, number, mark, {}, epoch), reason) for key, number, mark, epoch, _, reason in heads]


def marked(line: bytes, status: str) -> bytes:
    """Return a packed unit with a note on what is known of it now: `unknown`, or `met` for one that was refused."""
    head, _, documents = line.rstrip(b"\n").partition(_TAB)
    heads = orjson.loads(head)
    for row in heads:
        row[4] = [None, row[4][1] if row[4] else None, status, None]
    return orjson.dumps(heads) + _TAB + documents


def unpacked(line: bytes, options: MappingOptions) -> Unit:
    """Return a packed unit; the options must be those it was packed with."""
    head, _, documents = line.partition(_TAB)
    entries = []
    for (key, number, mark, epoch, known, _), document in zip(orjson.loads(head), orjson.loads(documents), strict=True):
        ticket = Ticket(key, number, mark, document, epoch)
        entries.append(Entry(ticket, read_member(document, options), Known(*known) if known else None))
    return Unit(entries)


def _known(known: Known | None) -> Sequence[Any] | None:
    return [known.shopify_id, known.origin, known.status, known.document_hash] if known else None


class Spool:
    """A file of packed units, written by any thread and read when writing is over.

    Args:
        path: Of the file; readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file = owner_only(path)
        self._lock = threading.Lock()

    def add(self, line: bytes) -> None:
        """Append one packed unit."""
        with self._lock:
            self._file.write(line + b"\n")
            self.count += 1

    def drain(self) -> Iterator[bytes]:
        """Yield all lines; the spool is empty afterwards. Lines added meanwhile stay for the next time."""
        with self._lock:
            self._file.close()
            full = self.path.with_suffix(".reading")
            self.path.replace(full)
            self._file = owner_only(self.path)
            self.count = 0
        with full.open("rb") as file:
            yield from (line.rstrip(b"\n") for line in file)
        full.unlink()

    def close(self) -> None:
        """Remove the file; what is in it is not wanted any more, so a full disk does not matter."""
        with suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)
