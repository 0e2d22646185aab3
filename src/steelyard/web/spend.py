"""The Spend page put together: answers in, the template's values out."""

from __future__ import annotations

import datetime as dt
from typing import Any

from steelyard.web import asking, panels, words
from steelyard.web.answers import single
from steelyard.web.asking import Asked, Names, Options
from steelyard.web.breakdown import breakdown
from steelyard.web.chart import DOLLARS, stacked
from steelyard.web.controls import comparison, shared
from steelyard.web.finding import chart_title, spend_finding
from steelyard.web.notes import notes
from steelyard.web.series import sparks, spend_chart
from steelyard.web.tiles import tiles
from steelyard.web.tokens import token_types
from steelyard.web.view import View

PATH = "/spend"


def context(view: View, asked: Asked, today: dt.date) -> dict[str, Any]:
    """Everything the template prints."""
    totals, models = single(asked.totals), asking.spend_by(asked.chart, "model")
    grid = breakdown(view, asked.table, totals)
    return {
        **controls(view, asked.options, today, asked.tabs, asked.more),
        "finding": spend_finding(view, totals, models),
        "notes": notes([asked.totals, asked.table], view, asked.left_out),
        "tiles": tiles(view, totals, sparks(view, asked.series, today), asked.left_out),
        "chart_title": chart_title(models),
        "chart": spend_chart(view, asked.chart, today),
        "chart_spec": stacked(DOLLARS),
        "chart_downloads": panels.downloads(asked.chart.question, "stack"),
        "grid": grid,
        "row_count": len(asked.table.rows),
        "token_grid": token_types(asked.tokens),
        "downloads": panels.table_downloads(asked.table.question),
        "token_downloads": panels.table_downloads(asked.tokens.question),
    }


def controls(
    view: View,
    options: Options,
    today: dt.date,
    tabs: Names = asking.TABS,
    more: Names = asking.MORE,
) -> dict[str, Any]:
    """The top bar and the tabs: all of them links of this view with one thing changed."""
    return {
        **shared(view, options, today, PATH),
        "comparison": comparison(view, PATH),
        "by_label": words.dimension(view.by),
        **_tabs(view, tabs, more),
    }


def _tabs(view: View, tabs: Names, more: Names) -> dict[str, Any]:
    def tab(name: str) -> dict[str, Any]:
        label = words.dimension(name)
        return {
            "label": label[:1].upper() + label[1:],
            "url": view.broken_down(name).url(PATH),
            "chosen": name == view.by,
        }

    first = [*tabs, *([view.by] if view.by not in tabs else [])]
    return {
        "tabs": [tab(name) for name in first],
        "more_tabs": [tab(name) for name in more if name not in first],
    }
