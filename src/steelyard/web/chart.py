"""Chart specifications: built once with Altair, drawn in the page by Vega from the table's data.

A chart's shape is static, so nothing here runs per request. Colours are the style sheet's
variables; the datasets `rows` and `hover` are filled in by the page's script.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from steelyard.reports.look import config, plain

# Colours by the style sheet's classes tint-0 to tint-5, which the table's columns name.
PALETTE = ("--grey", "--c1", "--c2", "--c3", "--c4", "--c5")
TICK_LABEL = "utcFormat(toDate(datum.value), '%-d %b')"
DOLLARS = (
    "datum.value == 0 ? '$0' : abs(datum.value) < 1 ? format(datum.value, '$.3~f')"
    " : format(datum.value, '$.3~s')"
)
TIME_LABEL = "utcFormat(toDate(datum.value), '%H:%M')"
COUNTS = "format(datum.value, datum.value < 10000 ? ',~f' : '.3~s')"
HOURS = "format(datum.value, ',~f') + ' h'"
SHARES = "format(datum.value, '~%')"


@functools.cache
def stacked(amounts: str) -> str:
    """JSON of stacked bars per day (or week, or month): one colour a series, last day greyed.

    `amounts` is the expression that writes the axis' labels.
    """
    import altair as alt

    bars = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar()
        .encode(
            x=_buckets(alt),
            y=_amounts(alt, amounts, stack="zero"),
            color=_colours(alt),
            order=alt.Order("order:O", sort="descending"),
            opacity=alt.condition("datum.partial", alt.value(0.4), alt.value(1)),
        )
    )
    return _json(alt, "day:O", bars)


@functools.cache
def lines(amounts: str, label: str = TICK_LABEL) -> str:
    """JSON of a line a series over days, weeks or months; a bucket without a figure is a gap.

    `label` is the expression that writes the labels of buckets.
    """
    import altair as alt

    x, y = _buckets(alt, label), _amounts(alt, amounts)
    drawn = alt.Chart(alt.NamedData("rows"))
    line = drawn.mark_line(strokeWidth=2, strokeJoin="round").encode(x=x, y=y, color=_colours(alt))
    opacity = alt.condition("datum.partial", alt.value(0.4), alt.value(1))
    dots = drawn.mark_point(size=26, filled=True).encode(
        x=x, y=y, color=_colours(alt), opacity=opacity
    )
    return _json(alt, "day:O", line, dots)


@functools.cache
def classes() -> str:
    """JSON of one bar a class, in the order of the table; its labels are the classes' names."""
    import altair as alt

    axis = alt.Axis(
        labelAngle=0, title=None, ticks=False, values=[], labelOverlap=True, labelSeparation=3
    )
    scale = alt.Scale(paddingInner=0.12, paddingOuter=0.1)
    bars = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar()
        .encode(
            x=alt.X("day:O", sort=None, axis=axis, scale=scale),
            y=_amounts(alt, COUNTS),
            color=_colours(alt),
        )
    )
    return _json(alt, alt.X("day:O", sort=None), bars)


@functools.cache
def ranked(amounts: str) -> str:
    """JSON of one horizontal bar a row, in the rows' order, with `low` to `high` across it."""
    import altair as alt

    bare: dict[str, Any] = {"title": None, "ticks": False, "domain": False}
    y = alt.Y("day:O", sort=None, axis=alt.Axis(labelLimit=230, **bare))
    x = alt.X("value:Q", axis=alt.Axis(labelExpr=amounts, tickCount=4, **bare))
    rows = alt.Chart(alt.NamedData("rows"))
    bars = rows.mark_bar(color="var(--c1)", height={"band": 0.7}).encode(x=x, y=y)
    whiskers = rows.mark_rule(color="var(--ink-2)").encode(x="low:Q", x2="high:Q", y=y)
    drawn = (
        alt.layer(bars, whiskers)
        .configure(**config())
        .properties(width="container", height={"step": 26}, padding=4)
    )
    return json.dumps(plain(drawn.to_dict()), separators=(",", ":"))


def warm() -> None:
    """Builds what pages draw, once."""
    for amounts in (DOLLARS, COUNTS):
        stacked(amounts)
    for amounts in (HOURS, SHARES):
        lines(amounts)
    classes()


def _json(alt: Any, x: Any, *layers: Any) -> str:
    """The layers, and one that shows a bucket's figures where the pointer is."""
    hover = (
        alt.Chart(alt.NamedData("hover"))
        .mark_rect(fill="var(--ink)", opacity=0, tooltip=alt.ExprRef("datum.tip"))
        .encode(x=x)
    )
    chart = (
        alt.layer(*layers, hover)
        .configure(**config())
        .properties(width="container", height="container", padding=4)
    )
    return json.dumps(plain(chart.to_dict()), separators=(",", ":"))


def _buckets(alt: Any, label: str = TICK_LABEL) -> Any:
    return alt.X(
        "day:O",
        axis=alt.Axis(labelExpr=label, labelAngle=0, title=None, ticks=False, values=[]),
        scale=alt.Scale(paddingInner=0.18, paddingOuter=0.1),
    )


def _amounts(alt: Any, labels: str, **more: Any) -> Any:
    axis = alt.Axis(title=None, labelExpr=labels, tickCount=4, domain=False, ticks=False)
    return alt.Y("value:Q", axis=axis, **more)


def _colours(alt: Any) -> Any:
    colours = [f"var({name})" for name in PALETTE]
    scale = alt.Scale(domain=list(range(len(PALETTE))), range=colours)
    return alt.Color("tint:O", legend=None, scale=scale)
