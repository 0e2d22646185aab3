"""The Spend page put together: answers in, the template's values out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from steelyard.metrics.answer import Answer
from steelyard.web import asking, words
from steelyard.web import period as periods
from steelyard.web.answers import single
from steelyard.web.asking import Asked, Options, Spend
from steelyard.web.breakdown import breakdown
from steelyard.web.chart import stacked_days
from steelyard.web.finding import chart_title, spend_finding
from steelyard.web.formats import short_money, span
from steelyard.web.notes import notes
from steelyard.web.series import sparks, spend_chart
from steelyard.web.tiles import tiles
from steelyard.web.tokens import token_types
from steelyard.web.view import View

PATH = "/spend"
CHOICES_SHOWN = 40


def context(view: View, asked: Asked, today: dt.date) -> dict[str, Any]:
    """Everything the template prints."""
    totals, models = single(asked.totals), asking.spend_by(asked.chart, "model")
    grid = breakdown(view, asked.table, totals)
    return {
        **controls(view, asked.options, today),
        "finding": spend_finding(view, totals, models),
        "notes": notes([asked.totals, asked.table], view, asked.left_out),
        "tiles": tiles(view, totals, sparks(view, asked.series, today), asked.left_out),
        "chart_title": chart_title(models),
        "chart": spend_chart(view, asked.chart, today),
        "chart_spec": stacked_days(),
        "grid": grid,
        "row_count": len(asked.table.rows),
        "token_grid": token_types(asked.tokens),
        "downloads": _downloads(asked.table),
        "token_downloads": _downloads(asked.tokens),
    }


def controls(view: View, options: Options, today: dt.date) -> dict[str, Any]:
    """The top bar and the tabs: all of them links of this view with one thing changed."""
    return {
        "view": view,
        "today": today,
        "dates": span(view.period.start, view.period.end),
        "period": _period(view, today),
        "filters": offers(view, options)
        + [_filter(view, name, {}) for name in view.where if name not in options],
        "clear": replace(view, where={}).url(PATH),
        "comparison": _comparison(view),
        "by_label": words.dimension(view.by),
        **_tabs(view),
    }


def _period(view: View, today: dt.date) -> dict[str, Any]:
    later = view.period.later(today)
    rest = [pair for pair in view.parameters() if pair[0] not in ("period", "from", "to")]
    return {
        "choices": [
            {
                "label": label,
                "url": view.at(periods.named(name, today)).url(PATH),
                "chosen": name == view.period.name,
            }
            for name, label in periods.NAMED.items()
        ],
        "earlier": view.at(view.period.earlier()).url(PATH),
        "later": view.at(later).url(PATH) if later else "",
        "hidden": rest,
    }


def offers(view: View, options: Options) -> list[dict[str, Any]]:
    """The filters of the top bar with their values, largest spend first."""
    return [_filter(view, name, values) for name, values in options.items()]


def _filter(view: View, name: str, values: Spend) -> dict[str, Any]:
    chosen = view.where.get(name, ())
    choices = []
    for value in sorted(values, key=lambda each: -(values[each] or 0.0))[:CHOICES_SHOWN]:
        spend = values[value]
        choices.append(
            {
                "label": words.value(name, value),
                "url": view.with_filter(name, value).url(PATH),
                "text": "" if spend is None else short_money(spend),
                "chosen": value in chosen,
            }
        )
    label = words.dimension(name)
    return {
        "label": label[:1].upper() + label[1:],
        "chosen": " or ".join(words.value(name, value) for value in chosen),
        "clear": view.with_filter(name, None).url(PATH),
        "choices": choices,
    }


def _comparison(view: View) -> dict[str, str]:
    other = replace(view, compare=not view.compare).url(PATH)
    if view.compare:
        label = f"vs previous {view.period.days} days" if view.period.days > 1 else "vs day before"
        return {"label": label, "url": other, "title": "Do not compare"}
    return {"label": "not compared", "url": other, "title": "Compare with the period before"}


def _tabs(view: View) -> dict[str, Any]:
    def tab(name: str) -> dict[str, Any]:
        label = words.dimension(name)
        return {
            "label": label[:1].upper() + label[1:],
            "url": view.broken_down(name).url(PATH),
            "chosen": name == view.by,
        }

    first = [*asking.TABS, *([view.by] if view.by not in asking.TABS else [])]
    return {
        "tabs": [tab(name) for name in first],
        "more_tabs": [tab(name) for name in asking.MORE if name not in first],
    }


def _downloads(answer: Answer) -> dict[str, str]:
    """Exactly this table, from the API."""
    query = answer.question.to_query()
    return {format: f"/api/v1/ask?{query}&format={format}" for format in ("csv", "parquet", "json")}
