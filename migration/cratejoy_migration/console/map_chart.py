"""The map of a stream's pages: a rectangle a page, those with holes in a strong color."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd  # type: ignore[import-untyped]

from cratejoy_migration.console.views.audit import Cell

COMPLETE, HOLES, LOST = "complete", "rows missing", "most rows missing"
_COLORS = {COMPLETE: "#8fb3a5", HOLES: "#e08a2e", LOST: "#c8323f"}
"""Seen well on light and dark, and told apart by people who do not tell red from green."""
LEGEND = f":green-badge[{COMPLETE}] :orange-badge[{HOLES}] :red-badge[{LOST}]"
"""Beside the map, not in it: a legend inside takes its room from the rectangles."""
_MOST_COLUMNS = 40
_LEAST_COLUMNS = 20
_ROW_HEIGHT = 22
_BORDER = 22
_LOST_SHARE = 0.5


def columns(cells: int) -> int:
    """Return how many cells stand in one row of a map."""
    return max(1, min(_MOST_COLUMNS, cells))


def rectangles(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return the cells as rows of data for the chart: where each stands, how it is shown, what is told of it."""
    wide = columns(len(cells))
    return [
        {
            "row": cell.place // wide,
            "column": cell.place % wide,
            "state": state(cell),
            "what": cell.named,
            "rows": cell.rows,
            "missing": cell.missing,
            "ids": f"{cell.first_id} to {cell.last_id}" if cell.first_id is not None else "",
        }
        for cell in cells
    ]


def state(cell: Cell) -> str:
    """Return how a cell is shown."""
    if not cell.missing:
        return COMPLETE
    return LOST if cell.missing > _LOST_SHARE * cell.rows else HOLES


def chart(cells: Sequence[Cell]) -> alt.Chart:
    """Return the map."""
    rows = rectangles(cells)
    wide = columns(len(cells))
    lines = math.ceil(len(cells) / wide) if cells else 1
    places = list(range(max(_LEAST_COLUMNS, wide)))
    shown = [name for name in _COLORS if any(row["state"] == name for row in rows)]
    drawn: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_rect(cornerRadius=2, stroke="transparent", strokeWidth=2)
        .encode(
            x=alt.X("column:O", axis=None, scale=alt.Scale(domain=places, paddingInner=0.12)),
            y=alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.12)),
            color=alt.Color(
                "state:N",
                scale=alt.Scale(domain=shown, range=[_COLORS[name] for name in shown]),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("rows:Q", title="Rows", format=","),
                alt.Tooltip("missing:Q", title="Missing", format=","),
                alt.Tooltip("ids:N", title="Ids"),
            ],
        )
        .properties(height=lines * _ROW_HEIGHT + _BORDER)
    )
    return drawn
