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
        rows: With `since`, `at` and `rate`.
        unit: What is counted: rows, customers.
    """
    return _line(rows, "rate", f"{unit} a second")


def points(rows: Sequence[dict[str, Any]], allowed: float | None) -> Chart:
    """Return how many points a second were used, over time, under the line of what the shop allows.

    Args:
        rows: With `since`, `at` and `points`.
        allowed: Points a second that the shop gives back.
    """
    drawn = _line(rows, "points", "points a second", allowed or 1)
    if not allowed:
        return drawn
    limit = alt.Chart(alt.InlineData(values=[{"allowed": allowed}])).mark_rule(strokeDash=[4, 4], opacity=0.7)
    return alt.layer(drawn, limit.encode(y=alt.Y("allowed:Q", title="points a second")))


def _line(rows: Sequence[dict[str, Any]], field: str, title: str, top: float = 1) -> alt.Chart:
    """Return the line of one figure over time.

    Args:
        rows: With `since`, `at` and the figure, which is that of the time between the two.
        field: Name of the figure.
        title: Of its axis.
        top: Of the axis when there are only zeros, which have no scale of their own.
    """
    known = [row for row in rows if row[field] is not None]
    values = [{"at": row["at"].isoformat(), field: row[field]} for row in known]
    if known:
        values.insert(0, {"at": known[0]["since"].isoformat(), field: known[0][field]})
    scale = alt.Scale(zero=True) if any(row[field] for row in known) else alt.Scale(zero=True, domain=[0, top])
    drawn: alt.Chart = alt.Chart(alt.InlineData(values=values), height=_HEIGHT).mark_line(
        interpolate="step-before", strokeWidth=2
    )
    return drawn.encode(
        x=alt.X("at:T", title=None, axis=alt.Axis(format="%H:%M:%S", labelOverlap=True, tickCount=6)),
        y=alt.Y(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(format=",~f")),
        tooltip=[alt.Tooltip("at:T", title="at", format="%H:%M:%S"), alt.Tooltip(f"{field}:Q", format=",.1f")],
    )
