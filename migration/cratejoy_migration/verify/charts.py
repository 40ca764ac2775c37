"""Bars of the certificate as inline SVG without text: the words beside them are HTML, so that they wrap and print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

_WIDTH = 1000.0
_LEAST = 4.0
"""So wide is a part that is there at all, however small its share."""


def stacked(parts: Sequence[tuple[str, int]], whole: int) -> str:
    """Return a bar of parts beside each other.

    Args:
        parts: Class of each part and its size, in order.
        whole: Size of the full width.
    """
    shown = [(name, size) for name, size in parts if size > 0]
    widths = _widths([size for _, size in shown], whole)
    place, rects = 0.0, []
    for (name, _), width in zip(shown, widths, strict=True):
        rects.append(_rect(place, width, f"v-{escape(name.replace(' ', '-'), quote=True)}"))
        place += width
    return _bar("".join(rects))


def single(size: int, largest: int, name: str) -> str:
    """Return a bar as long as its share of the largest."""
    return _bar(_rect(0, max(_LEAST, _WIDTH * size / max(largest, 1)), f"v-{escape(name, quote=True)}"))


def span(began: datetime, seconds: float, first: datetime, whole: float, name: str) -> str:
    """Return a bar at its place in time, between `first` and `whole` seconds later."""
    width = max(_LEAST * 2, _WIDTH * seconds / max(whole, 1.0))
    place = min(_WIDTH * (began - first).total_seconds() / max(whole, 1.0), _WIDTH - width)
    return _bar(_rect(max(place, 0.0), width, f"s-{escape(name, quote=True)}"))


def _widths(sizes: Sequence[int], whole: int) -> list[float]:
    wide = [max(_LEAST, _WIDTH * size / max(whole, 1)) for size in sizes]
    scale = min(1.0, _WIDTH / sum(wide)) if wide else 1.0
    return [width * scale for width in wide]


def _rect(place: float, width: float, name: str) -> str:
    return f'<rect x="{place:.1f}" y="0" width="{width:.1f}" height="10" class="{name}"/>'


def _bar(inside: str) -> str:
    return (
        f'<svg class="bar" viewBox="0 0 {_WIDTH:.0f} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect x="0" y="0" width="{_WIDTH:.0f}" height="10" class="track"/>{inside}</svg>'
    )
