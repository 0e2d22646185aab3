"""The top bar's period and filters: links of a page's view with one thing changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from steelyard.web import period as periods
from steelyard.web import words
from steelyard.web.asking import Options, Spend
from steelyard.web.formats import short_money, span
from steelyard.web.view import View

CHOICES_SHOWN = 40
_OF_PERIOD = ("period", "from", "to", "page")  # other days have other pages
Written = Callable[[float], str]


def shared(
    view: View, options: Options, today: dt.date, path: str, written: Written = short_money
) -> dict[str, Any]:
    """What every page's top bar prints. `options` are the values each filter offers, with a
    figure each that is `written` beside it."""
    return {
        "view": view,
        "path": path,
        "today": today,
        "dates": span(view.period.start, view.period.end),
        "period": _period(view, today, path),
        "filters": [_filter(view, name, values, path, written) for name, values in options.items()]
        + [_filter(view, name, {}, path) for name in view.where if name not in options],
        "clear": replace(view, where={}, page=1).url(path),
    }


def _period(view: View, today: dt.date, path: str) -> dict[str, Any]:
    later = view.period.later(today)
    rest = [pair for pair in view.parameters() if pair[0] not in _OF_PERIOD]
    return {
        "choices": [
            {
                "label": label,
                "url": view.at(periods.named(name, today)).url(path),
                "chosen": name == view.period.name,
            }
            for name, label in periods.NAMED.items()
        ],
        "earlier": view.at(view.period.earlier()).url(path),
        "later": view.at(later).url(path) if later else "",
        "hidden": rest,
    }


def comparison(view: View, path: str) -> dict[str, str]:
    """What the page compares with, and the link that changes it."""
    other = replace(view, compare=not view.compare).url(path)
    if view.compare:
        label = f"vs previous {view.period.days} days" if view.period.days > 1 else "vs day before"
        return {"label": label, "url": other, "title": "Do not compare"}
    return {"label": "not compared", "url": other, "title": "Compare with the period before"}


def offers(view: View, options: Options, path: str) -> list[dict[str, Any]]:
    """The filters of the top bar with their values, largest spend first."""
    return [_filter(view, name, values, path) for name, values in options.items()]


def _filter(
    view: View, name: str, values: Spend, path: str, written: Written = short_money
) -> dict[str, Any]:
    chosen = view.where.get(name, ())
    choices = []
    for value in sorted(values, key=lambda each: -(values[each] or 0.0))[:CHOICES_SHOWN]:
        figure = values[value]
        choices.append(
            {
                "label": words.value(name, value),
                "url": view.with_filter(name, value).url(path),
                "text": "" if figure is None else written(figure),
                "chosen": value in chosen,
            }
        )
    label = words.dimension(name)
    return {
        "label": label[:1].upper() + label[1:],
        "chosen": " or ".join(words.value(name, value) for value in chosen),
        "clear": view.with_filter(name, None).url(path),
        "choices": choices,
    }
