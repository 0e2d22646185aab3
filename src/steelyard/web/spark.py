"""Sparklines as points of a small picture; no script, and colours come from the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 120.0, 30.0


@dataclass(frozen=True)
class Spark:
    """Points for SVG's polyline and polygon; `end` is the last whole day's point."""

    line: str
    area: str
    end: tuple[float, float]


def spark(values: Sequence[float | None]) -> Spark | None:
    """None when there is nothing to see. Unknown days are left out, not drawn as 0."""
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    if len(known) < 2 or not any(value for _, value in known):
        return None
    top = max(value for _, value in known)
    bottom = min(0.0, *(value for _, value in known))
    height = (top - bottom) or 1.0
    last = len(values) - 1
    points = [
        (round(WIDTH * index / last, 1), round(HEIGHT - (value - bottom) / height * HEIGHT, 1))
        for index, value in known
    ]
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    first_x, last_x = points[0][0], points[-1][0]
    area = f"{first_x:g},{HEIGHT:g} {line} {last_x:g},{HEIGHT:g}"
    return Spark(line, area, points[-1])
