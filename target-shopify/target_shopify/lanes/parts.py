"""Part files of the bulk lane: JSONL lines for Shopify, and beside them the units that the lines carry."""

from __future__ import annotations

from array import array
from contextlib import suppress
from pathlib import Path

from target_shopify.report import owner_only

MOST_BYTES = 100_000_000
"""A file over 104,857,600 bytes is refused (recorded live answers)."""
_BUFFER_BYTES = 1 << 18
"""Written at once: documents are about as long as a file's buffer is by itself."""


class Part:
    """One input file of a bulk operation.

    Args:
        folder: Where its files go.
        number: Tells part files apart.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.lines_path = folder / f"part-{number}.jsonl"
        self.units_path = folder / f"part-{number}.units"
        self.number = number
        self.cratejoy_ids = array("Q")
        self.bytes = 0
        self._lines = owner_only(self.lines_path, buffer=_BUFFER_BYTES)
        self._units = owner_only(self.units_path, buffer=_BUFFER_BYTES)

    def has_room(self, line: bytes) -> bool:
        """Whether a line still fits."""
        return self.bytes + len(line) + 1 <= MOST_BYTES

    @property
    def lines(self) -> int:
        """How many there are."""
        return len(self.cratejoy_ids)

    def add(self, line: bytes, unit: bytes, cratejoy_id: int) -> None:
        """Append a line, the packed unit it carries, and the id by which its customer will be known in the shop."""
        self._lines.write(line + b"\n")
        self._units.write(unit + b"\n")
        self.cratejoy_ids.append(cratejoy_id)
        self.bytes += len(line) + 1

    def close(self) -> None:
        """End writing."""
        self._lines.close()
        self._units.close()

    def remove(self) -> None:
        """Remove the files; what is in them is not wanted any more, so a full disk does not matter."""
        for file in (self._lines, self._units):
            with suppress(OSError):
                file.close()
        self.lines_path.unlink(missing_ok=True)
        self.units_path.unlink(missing_ok=True)
