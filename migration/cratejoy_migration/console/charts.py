"""Charts of a run's course, in the theme's own colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

_HEIGHT = 180
Chart = alt.Chart | alt.LayerChart | alt.FacetChart


def speed(rows: Sequence[dict[str, Any]], unit: str) -> Chart:
    """Return how many rows or customers a second, over time.

    Args:
        rows: With `at` and `rate`.
        unit: What is counted: rows, customers.
    """
    return _line(rows, "rate", f"{unit} a second")


def points(rows: Sequence[dict[str, Any]], allowed: float | None) -> Chart:
    """Return how many points a second were used, over time, under the line of what the shop allows.

    Args:
        rows: With `at` and `points`.
        allowed: Points a second that the shop gives back.
    """
    drawn = _line(rows, "points", "points a second")
    if not allowed:
        return drawn
    limit = alt.Chart(alt.InlineData(values=[{"allowed": allowed}])).mark_rule(strokeDash=[4, 4], opacity=0.7)
    return alt.layer(drawn, limit.encode(y=alt.Y("allowed:Q", title="points a second")))


def _line(rows: Sequence[dict[str, Any]], field: str, title: str) -> alt.Chart:
    values = [{"at": row["at"].isoformat(), field: row[field]} for row in rows if row[field] is not None]
    drawn: alt.Chart = alt.Chart(alt.InlineData(values=values), height=_HEIGHT).mark_line(
        interpolate="step-before", strokeWidth=2
    )
    return drawn.encode(
        x=alt.X("at:T", title=None, axis=alt.Axis(format="%H:%M:%S", labelOverlap=True, tickCount=6)),
        y=alt.Y(f"{field}:Q", title=title, scale=alt.Scale(zero=True)),
        tooltip=[alt.Tooltip("at:T", title="at", format="%H:%M:%S"), alt.Tooltip(f"{field}:Q", format=",.1f")],
    )
