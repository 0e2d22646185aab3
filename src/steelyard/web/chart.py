"""Chart specifications: built once with Altair, drawn in the page by Vega from the table's data.

A chart's shape is static, so nothing here runs per request. Colours are the style sheet's
variables; the datasets `rows` and `hover` are filled in by the page's script.
"""

from __future__ import annotations

import functools
import json
from typing import Any

PALETTE = ("--c4", "--c1", "--c2", "--c3", "--c5", "--grey")
TICK_LABEL = "utcFormat(toDate(datum.value), '%-d %b')"
DOLLARS = (
    "datum.value == 0 ? '$0' : abs(datum.value) < 1 ? format(datum.value, '$.3~f')"
    " : format(datum.value, '$.3~s')"
)
# Vega measures labels with this font before the style sheet gives them the page's, which is alike.
FONT = "Inter, system-ui, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
_TEXT = {"labelFont": FONT, "labelFontSize": 11.5, "labelColor": "var(--ink-3)"}


@functools.cache
def stacked_days() -> str:
    """JSON of stacked bars per day (or week, or month): one colour a series, last day greyed."""
    import altair as alt

    x = alt.X(
        "day:O",
        axis=alt.Axis(labelExpr=TICK_LABEL, labelAngle=0, title=None, ticks=False, values=[]),
        scale=alt.Scale(paddingInner=0.18, paddingOuter=0.1),
    )
    bars = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar()
        .encode(
            x=x,
            y=_dollars(alt),
            color=alt.Color("order:O", legend=None, scale=_colours(alt)),
            order=alt.Order("order:O", sort="descending"),
            opacity=alt.condition("datum.partial", alt.value(0.4), alt.value(1)),
        )
    )
    hover = (
        alt.Chart(alt.NamedData("hover"))
        .mark_rect(fill="var(--ink)", opacity=0, tooltip=alt.ExprRef("datum.tip"))
        .encode(x="day:O")
    )
    chart = (
        alt.layer(bars, hover)
        .configure(**_config())
        .properties(width="container", height="container", padding=4)
    )
    return json.dumps(_plain(chart.to_dict()), separators=(",", ":"))


def _dollars(alt: Any) -> Any:
    return alt.Y(
        "value:Q",
        stack="zero",
        axis=alt.Axis(title=None, labelExpr=DOLLARS, tickCount=4, domain=False, ticks=False),
    )


def _colours(alt: Any) -> Any:
    return alt.Scale(domain=list(range(len(PALETTE))), range=[f"var({name})" for name in PALETTE])


def _config() -> dict[str, Any]:
    return {
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {**_TEXT, "gridColor": "var(--line-soft)", "domainColor": "var(--line)"},
        "axisX": {"grid": False, "labelPadding": 7},
        "axisY": {"labelPadding": 8},
        "autosize": {"type": "fit", "contains": "padding", "resize": True},
    }


def _plain(spec: dict[str, Any]) -> dict[str, Any]:
    """Without the schema's address: the page fetches nothing and needs no hint where it is."""
    spec.pop("$schema", None)
    return spec
