"""PostgreSQL's start-up messages into one sentence that says what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cratejoy_migration.staging.unprivileged import REFUSED

if TYPE_CHECKING:
    from cratejoy_migration.staging.layout import Layout

_ELSE = "or set STAGING_DATABASE_URL to a PostgreSQL server of yours"
_ROOT = (
    "PostgreSQL does not run as root, and this root has not the rights to start it as an unprivileged user; "
    f"run as an ordinary user, {_ELSE}."
)
_REASONS = {
    r"No space left on device|Disk quota exceeded": "the disk is full; free some space in the project folder",
    r"Read-only file system|Permission denied": "the project folder cannot be written; run as its owner",
    r"shared memory|Cannot allocate memory|could not map anonymous": "memory is short; close other programs",
    r"could not bind|could not create any TCP/IP": "no TCP port of 127.0.0.1 could be had; try again",
}


def is_port_taken(output: str) -> bool:
    """Return True when the server did not start because another program was quicker to take the port."""
    return "could not bind" in output or "could not create any TCP/IP" in output


def complaint(layout: Layout, output: str, status: int) -> str:
    """Return why the embedded server did not start, and what to do.

    Args:
        layout: its files.
        output: what PostgreSQL wrote since it was started.
        status: its exit status.
    """
    if status == REFUSED:
        return _ROOT
    for pattern, reason in _REASONS.items():
        if re.search(pattern, output):
            return f"the embedded staging database did not start: {reason}, {_ELSE}."
    return (
        f"the embedded staging database did not start (the reason is at the end of {layout.log}); if its "
        f"files are damaged move {layout.folder} away and collect again, {_ELSE}."
    )
