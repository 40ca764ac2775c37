"""What PostgreSQL itself says about its running server: the file postmaster.pid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Postmaster:
    """One line of postmaster.pid each."""

    pid: int
    port: int
    ready: bool


def read(data: Path) -> Postmaster | None:
    """Return what the server of this data folder wrote, or None when there is no complete file.

    The file may be left over from a server that was killed: whether one runs, the server lock tells.
    """
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return Postmaster(pid=int(lines[0]), port=int(lines[3]), ready=lines[7].strip() == "ready")
    except (OSError, IndexError, ValueError):
        return None
