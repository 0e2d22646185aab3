"""Shapes of the charts of an analysis, as Vega-Lite built with Altair and kept.

Each draws the dataset `rows`; the keys it reads are in its docstring. None holds a figure, and
nobody may change what is returned: it is built once.
"""

from __future__ import annotations

import functools
from typing import Any

from steelyard.reports.look import FONT, config, plain

Spec = dict[str, Any]
ACCENT, QUIET, INK = "var(--c1)", "var(--grey)", "var(--ink-2)"
LIMITS = (-0.25, 0.25)  # differences beyond which no regression repairs them (Rubin 2001)
WITHOUT = "Without treatment"
LABEL_WIDTH = 230  # of entries; pages on phones take less
ROW_HEIGHT = 30  # of a chart with a row an entry
PERCENT = "(datum.value == 0 ? '0' : format(datum.value, '+,~g')) + ' %'"
STEPS = "datum.value == 0 ? '0' : format(datum.value, '+d')"
DATES = (  # days as short as an axis needs them, other names of periods as they are
    "test(/^\\d{4}-\\d\\d-\\d\\d$/, datum.value)"
    " ? utcFormat(toDate(datum.value), '%-d %b') : datum.value"
)
PLAIN = "format(datum.value, ',~g')"


@functools.cache
def counterfactual(band: bool = True, other: str = WITHOUT) -> Spec:
    """What was, and what would have been without treatment, with its band.

    Rows: period (words, in order), observed, expected, low, high (None: no band there), begins
    (True where treatment starts). Without a `band`, low and high are not read; `other` is what
    `expected` is called.
    """
    import altair as alt

    rows, x = alt.Chart(alt.NamedData("rows")), _periods(alt)
    scale = alt.Scale(zero=False, nice=True)
    y = alt.Axis(title=None, labelExpr=PLAIN, tickCount=5, domain=False, ticks=False)
    names = ["As it was", other]
    colour = _colour(alt, names, [ACCENT, QUIET])

    def level(name: str) -> Any:
        return alt.Y(f"{name}:Q", scale=scale, axis=y)

    area = rows.mark_area(opacity=0.22, color=QUIET).encode(x=x, y=level("low"), y2="high:Q")
    expected = (
        _called(rows, names[1])
        .mark_line(strokeWidth=1.8, strokeDash=[5, 4])
        .encode(x=x, y=level("expected"), color=colour)
    )
    observed = (
        _called(rows, names[0])
        .mark_line(strokeWidth=2.2, strokeJoin="round")
        .encode(x=x, y=level("observed"), color=colour)
    )
    start = (
        rows.transform_filter("datum.begins")
        .mark_rule(strokeDash=[2, 3], color=INK)
        .encode(x=x, tooltip=[alt.Tooltip("period:O", title="Start")])
    )
    dots = rows.mark_point(size=60, opacity=0).encode(
        x=x,
        y=level("observed"),
        tooltip=_said(alt, "period", "observed", "expected", *(("low", "high") if band else ())),
    )
    # The first layer orders the periods, so it must have them all: not the one with starts only.
    return _done(alt, *((area,) if band else ()), expected, start, observed, dots)


@functools.cache
def event_study(percent: bool = True) -> Spec:
    """Effects by periods since the start, with 95 % intervals; those before it in grey.

    Rows: time (0 is the first treated period), estimate, low, high.
    """
    import altair as alt

    rows = alt.Chart(alt.NamedData("rows"))
    x = alt.X(
        "time:Q",
        axis=alt.Axis(title=None, tickMinStep=1, ticks=False, labelExpr=STEPS),
        scale=alt.Scale(nice=False, padding=14),
    )
    y = _amount(alt, "estimate", PERCENT if percent else PLAIN)
    colour = alt.condition("datum.time < 0", alt.value(QUIET), alt.value(ACCENT))
    whisker = rows.mark_rule(strokeWidth=1.6).encode(
        x=x, y=_amount(alt, "low", PERCENT if percent else PLAIN), y2="high:Q", color=colour
    )
    dots = rows.mark_point(size=52, filled=True, opacity=1).encode(
        x=x, y=y, color=colour, tooltip=_said(alt, "time", "estimate", "low", "high")
    )
    zero = _once(alt).mark_rule(color="var(--ink-3)").encode(y=alt.datum(0))
    start = _once(alt).mark_rule(color=INK, strokeDash=[2, 3]).encode(x=alt.datum(-0.5))
    return _done(alt, zero, start, whisker, dots)


@functools.cache
def power_curve() -> Spec:
    """The smallest effect that would be seen, over people, a line a length of study.

    Rows: people, weeks (words), mde (percent).
    """
    import altair as alt

    rows = alt.Chart(alt.NamedData("rows"))
    axis = alt.Axis(title=None, labelExpr=PLAIN, ticks=False, labelAngle=0, labelOverlap="greedy")
    x = alt.X("people:O", axis=axis, scale=alt.Scale(padding=0.2))
    y = _amount(alt, "mde", PERCENT, zero=True)
    tints = [f"var(--c{n})" for n in (1, 2, 3, 4, 5)]
    colour = alt.Color("weeks:N", sort=None, scale=alt.Scale(range=tints), legend=_top_legend(alt))
    line = rows.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
    dots = rows.mark_point(size=34, filled=True, opacity=1).encode(
        x=x, y=y, color=colour, tooltip=_said(alt, "people", "weeks", "mde")
    )
    return _done(alt, line, dots)


@functools.cache
def love_plot() -> Spec:
    """Standardised differences between the sides, before and after matching.

    Rows: name, side ("Before matching", "After matching"), smd.
    """
    import altair as alt

    rows = alt.Chart(alt.NamedData("rows"))
    axis = alt.Axis(title=None, labelExpr=PLAIN, tickCount=6, ticks=False)
    x = alt.X("smd:Q", axis=axis, scale=alt.Scale(padding=10))
    colour = _colour(alt, ["Before matching", "After matching"], [QUIET, ACCENT])
    dots = rows.mark_point(size=64, filled=True, opacity=1).encode(
        x=x, y=_entries(alt, "name"), color=colour, tooltip=_said(alt, "name", "side", "smd")
    )
    zero = _once(alt).mark_rule(color="var(--ink-3)").encode(x=alt.datum(0))
    bounds = [
        _once(alt).mark_rule(color=QUIET, strokeDash=[2, 3]).encode(x=alt.datum(at))
        for at in LIMITS
    ]
    return _done(alt, zero, *bounds, dots, rows=True)


ROLES = {"headline": ACCENT, "beside": INK, "diagnostic": QUIET, "study": INK, "prediction": QUIET}


@functools.cache
def forest(percent: bool = True) -> Spec:
    """Estimates below each other with 95 % intervals, the headline in colour.

    Rows: label, role (headline, beside, diagnostic, study, prediction), estimate, low, high,
    weight (0 to 1; how large its mark is).
    """
    import altair as alt

    rows, labels = alt.Chart(alt.NamedData("rows")), PERCENT if percent else PLAIN
    axis = alt.Axis(title=None, labelExpr=labels, tickCount=6, ticks=False, grid=True)
    y, scale = _entries(alt, "label"), alt.Scale(padding=10)
    colour = alt.Color(
        "role:N", scale=alt.Scale(domain=list(ROLES), range=list(ROLES.values())), legend=None
    )
    whisker = rows.mark_rule(strokeWidth=1.8).encode(
        x=alt.X("low:Q", axis=axis, scale=scale), x2="high:Q", y=y, color=colour
    )
    size = alt.Size("weight:Q", scale=alt.Scale(domain=[0, 1], range=[26, 190]), legend=None)
    dots = rows.mark_point(filled=True, opacity=1, shape="square").encode(
        x=alt.X("estimate:Q", axis=axis, scale=scale),
        y=y,
        size=size,
        color=colour,
        tooltip=_said(alt, "label", "estimate", "low", "high"),
    )
    zero = _once(alt).mark_rule(color="var(--ink-3)").encode(x=alt.datum(0))
    return _done(alt, zero, whisker, dots, rows=True)


@functools.cache
def tornado() -> Spec:
    """How far the return moves when one input goes from its 5th to its 95th percentile.

    Rows: label, low, high (return in percent at the input's ends), middle (with all at median).
    """
    import altair as alt

    rows, y = alt.Chart(alt.NamedData("rows")), _entries(alt, "label")
    axis = alt.Axis(title=None, labelExpr=PERCENT, tickCount=6, ticks=False, grid=True)
    sides = ["Input low", "Input high"]
    colour = _colour(alt, sides, ["var(--bar)", ACCENT])

    def side(end: str, name: str) -> Any:
        return (
            _called(rows, name)
            .mark_bar(height={"band": 0.56})
            .encode(
                x=alt.X(f"{end}:Q", axis=axis, scale=alt.Scale(padding=10)),
                x2="middle:Q",
                y=y,
                color=colour,
                tooltip=_said(alt, "label", "low", "high"),
            )
        )

    middle = rows.mark_rule(color="var(--ink-3)").encode(x="mean(middle):Q")
    zero = _once(alt).mark_rule(color=QUIET, strokeDash=[2, 3]).encode(x=alt.datum(0))
    return _done(alt, side("low", sides[0]), side("high", sides[1]), zero, middle, rows=True)


# Parts.


def _once(alt: Any) -> Any:
    """What is drawn once, however many rows there are."""
    return alt.Chart(alt.InlineData(values=[{}]))


def _periods(alt: Any) -> Any:
    axis = alt.Axis(
        labelAngle=0,
        title=None,
        ticks=False,
        labelExpr=DATES,
        labelOverlap="greedy",
        labelSeparation=16,
    )
    return alt.X("period:O", sort=None, axis=axis, scale=alt.Scale(padding=0.2))


def _entries(alt: Any, name: str) -> Any:
    axis = alt.Axis(title=None, domain=False, ticks=False, labelColor="var(--ink)", grid=False)
    return alt.Y(f"{name}:N", sort=None, axis=axis)


def _amount(alt: Any, name: str, labels: str, zero: bool = False) -> Any:
    axis = alt.Axis(title=None, labelExpr=labels, tickCount=5, domain=False, ticks=False)
    return alt.Y(f"{name}:Q", axis=axis, scale=alt.Scale(zero=zero))


def _top_legend(alt: Any) -> Any:
    return alt.Legend(
        title=None,
        orient="top",
        direction="horizontal",
        labelFont=FONT,
        labelFontSize=12,
        labelColor="var(--ink-2)",
        labelLimit=0,
        columnPadding=16,
        offset=6,
    )


def _called(rows: Any, name: str) -> Any:
    """A layer with a name of its own in the legend."""
    return rows.transform_calculate(side=f"'{name}'")


def _colour(alt: Any, names: list[str], colours: list[str]) -> Any:
    scale = alt.Scale(domain=names, range=colours)
    return alt.Color("side:N", scale=scale, legend=_top_legend(alt))


def _said(alt: Any, *names: str) -> list[Any]:
    """What the pointer shows: words as they are, numbers to three digits."""
    words = ("period", "label", "name", "side", "weeks")
    return [
        alt.Tooltip(f"{name}:N" if name in words else f"{name}:Q")
        if name in (*words, "time", "people")
        else alt.Tooltip(f"{name}:Q", format=",.3~g")
        for name in names
    ]


def height(entries: int) -> int:
    """Of a whole chart with so many entries, its axis and legend included."""
    return ROW_HEIGHT * entries + 76


def _done(alt: Any, *layers: Any, rows: bool = False) -> Spec:
    """The layers as one specification; `rows`: as high as it has entries, not as its place is."""
    chart = alt.layer(*layers).configure(**config())
    size = {"width": "container", "height": {"step": ROW_HEIGHT} if rows else "container"}
    spec = plain(chart.to_dict())
    spec["config"]["mark"] = {"aria": False}  # pages name the whole picture, and have its table
    if rows:
        spec["config"]["axisY"]["labelLimit"] = LABEL_WIDTH
    return {**spec, **size, "padding": {"left": 4, "right": 14, "top": 4, "bottom": 4}}
