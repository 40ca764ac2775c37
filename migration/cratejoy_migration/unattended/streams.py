"""Which streams are collected, in which order, and what Meltano is told to read just one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cratejoy_migration.audit.scope import CHILDREN, COUNTABLE
from cratejoy_migration.audit.streams import is_selected

ONLY = "TAP_CRATEJOY__SELECT_FILTER"
"""Meltano's extra `select_filter` of the tap: of what is selected, only this."""


def collected(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the streams with a scan of their own that are read, in the tap's order: all customers first.

    Args:
        patterns: Meltano's `select` of the tap, such as "customers.*" or "!orders.*".
    """
    return tuple(
        stream for stream in COUNTABLE if any(is_selected(name, patterns) for name in (stream, *_below(stream)))
    )


def only(stream: str) -> Mapping[str, str]:
    """Return the variables with which `meltano run` reads one stream, and what hangs below its elements."""
    return {ONLY: json.dumps([stream, *_below(stream)])}


def _below(stream: str) -> list[str]:
    return [child for child, parent in CHILDREN.items() if parent == stream]
