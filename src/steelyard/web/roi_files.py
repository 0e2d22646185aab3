"""A panel of a named question as a file: its rows, or its bars with whiskers as a picture."""

from __future__ import annotations

import json
from typing import Any, Literal

from starlette.responses import Response

from steelyard.errors import BadValue, UnknownName
from steelyard.metrics.questions import Panel, QuestionAnswer
from steelyard.reports.draw import draw
from steelyard.web import chart
from steelyard.web.files import Kind, picture_file, table_file


def links(panel: Panel, path: str, query: str) -> dict[str, str]:
    """Where each kind of file is; none of a panel without figures."""
    if not panel.rows or panel.hidden:
        return {}
    said = "&".join(filter(None, (query, f"panel={panel.name}")))
    kinds = ("csv", "parquet", *(("svg", "png") if _can_be_drawn(panel) else ()))
    return {kind: f"{path}.{kind}?{said}" for kind in kinds}


def panel_file(answer: QuestionAnswer, name: str, kind: Kind) -> Response:
    """Raises UnknownName for a panel it does not have, BadValue for what cannot be drawn."""
    found = {panel.name: panel for panel in answer.panels}
    if name not in found:
        raise UnknownName("panel", name, found)
    panel, file = found[name], f"{answer.name}-{name}"
    if kind == "csv" or kind == "parquet":
        names = [column.name for column in panel.columns]
        rows = [dict(zip(names, row, strict=True)) for row in panel.rows]
        return table_file(rows, names, kind, file)
    if not _can_be_drawn(panel):
        raise BadValue("This panel is a table, not a picture.", "Take it as csv or parquet.")
    return picture_file(_drawn(panel, kind), kind, file)


def _can_be_drawn(panel: Panel) -> bool:
    at = panel.index("value")
    return at is not None and panel.index("unit") is None and any(row[at] for row in panel.rows)


def _drawn(panel: Panel, kind: Literal["svg", "png"]) -> bytes:
    at, low, high = (panel.index(each) for each in ("value", "low", "high"))
    groups = [n for n, column in enumerate(panel.columns) if column.kind == "group"]
    rows: list[dict[str, Any]] = [
        {
            "day": " · ".join(str(row[n]) for n in groups),
            "value": None if at is None else row[at],
            "low": None if low is None else row[low],
            "high": None if high is None else row[high],
        }
        for row in panel.rows
    ]
    unit = panel.columns[at].unit if at is not None else ""
    spec = json.loads(chart.ranked(chart.labels(unit)))
    return draw(spec, rows, panel.title, panel.subtitle, kind)
