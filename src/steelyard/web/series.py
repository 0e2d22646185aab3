"""Metrics over time as the table below a chart; the chart is drawn from that table.

The five values with the most have a colour each; the rest share one. A bucket that is not over yet
is marked. A bucket without any use is a zero of what is counted, and a gap of what is not; before
the first and after the last record in scope nothing is known, so both are gaps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from steelyard.metrics import CATALOGUE
from steelyard.metrics.answer import Answer
from steelyard.metrics.facts import TIME_DIMENSIONS
from steelyard.metrics.period import bucket_of, next_bucket
from steelyard.web import words
from steelyard.web.answers import Line, Sums, lines, sums_by
from steelyard.web.formats import UNKNOWN, day, in_shown, value
from steelyard.web.view import View

OWN_COLUMN = 5
TINTS = (4, 1, 2, 3, 5, 0)  # classes of the style sheet; the chart has them in the same order
OTHERS = "\0others"  # no value is called so


@dataclass(frozen=True)
class Series:
    """One colour: `tint` is the class of the style sheet, `url` filters by it."""

    name: str
    tint: int
    url: str = ""


@dataclass(frozen=True)
class Point:
    """A cell: the number as data, and as text."""

    data: str
    text: str
    known: bool


@dataclass(frozen=True)
class Bucket:
    start: str
    label: str
    partial: bool
    points: tuple[Point, ...]
    total: Point | None = None  # of what adds up


@dataclass(frozen=True)
class Chart:
    grain: str
    series: tuple[Series, ...]
    buckets: tuple[Bucket, ...]
    has_figures: bool  # whether there is anything to draw; an empty chart has no scale

    @property
    def has_partial(self) -> bool:
        return any(bucket.partial for bucket in self.buckets)


def adds_up(metric: str) -> bool:
    """Whether sums of it mean something: counts and amounts do, ratios and medians do not."""
    return CATALOGUE[metric].whole or metric in ("spend_usd", "spend_reported_usd")


def stack(
    view: View, answer: Answer, metric: str, dimension: str, today: dt.date, path: str = ""
) -> Chart:
    """A colour a value of the dimension over the view's buckets; colours link to `path`."""
    grain = grain_of(answer)
    totals = sums_by(answer, metric, dimension)
    names = _columns(totals)
    values: dict[tuple[str, str], float | None] = {}
    for line in lines(answer):
        column = line.names[dimension] if line.names[dimension] in names else OTHERS
        at, number = (line.names[grain], column), line.number(metric)
        values[at] = number if values.get(at) is None else (values[at] or 0.0) + (number or 0.0)
    buckets = []
    for start in starts(view, answer):
        key, empty = start.isoformat(), _nothing(answer, start, grain, metric)
        row = [values.get((key, name), empty) for name in names]
        known = [number for number in row if number is not None]
        total = sum(known) if known or not row else None
        points = tuple(point(number, metric) for number in row)
        buckets.append(bucket(start, grain, today, points, point(total, metric)))
    series = []
    for tint, name in zip(TINTS, names, strict=False):
        unpriced = name != OTHERS and totals[name] is None
        label = _label(dimension, name) + (" (price unknown)" if unpriced else "")
        url = view.with_filter(dimension, name).url(path) if path and name != OTHERS else ""
        series.append(Series(label, 0 if unpriced else tint, url))
    return Chart(grain, tuple(series), tuple(buckets), any(values.values()))


def course(view: View, answer: Answer, today: dt.date, tints: Mapping[str, int]) -> Chart:
    """A line, or a bar, a metric over the view's buckets."""
    grain = grain_of(answer)
    found = {line.names[grain]: line for line in lines(answer)}
    names = answer.question.metrics
    buckets = []
    for start in starts(view, answer):
        row = found.get(start.isoformat())
        points = tuple(point(_figure(answer, row, start, name), name) for name in names)
        buckets.append(bucket(start, grain, today, points))
    series = tuple(Series(words.metric(name), tints.get(name, 1)) for name in names)
    drawn = any(line.number(name) for line in found.values() for name in names)
    return Chart(grain, series, tuple(buckets), drawn)


def parts(view: View, answer: Answer, today: dt.date) -> Chart:
    """A colour a metric, of metrics that add up to a whole. What the catalogue would rather have
    less of stands below zero, in grey, and only once the bucket is over: nobody has gone before."""
    drawn = course(view, answer, today, {})
    below = [CATALOGUE[name].direction == "down" for name in answer.question.metrics]
    tints = iter(TINTS)
    series = tuple(
        replace(each, tint=0 if down else next(tints))
        for each, down in zip(drawn.series, below, strict=True)
    )
    whole = answer.question.metrics[below.index(False)]
    return replace(
        drawn, series=series, buckets=tuple(_stacked(each, below, whole) for each in drawn.buckets)
    )


def _stacked(found: Bucket, below: list[bool], whole: str) -> Bucket:
    pairs = list(zip(found.points, below, strict=True))
    above = [float(each.data) for each, down in pairs if not down and each.known]
    return replace(
        found,
        points=tuple(_under(each, found.partial) if down else each for each, down in pairs),
        total=point(sum(above) if above else None, whole),
    )


def _under(found: Point, partial: bool) -> Point:
    if partial:
        return Point("", UNKNOWN, False)
    return replace(found, data=f"-{found.data}" if float(found.data or 0) else found.data)


def spend_chart(view: View, answer: Answer, today: dt.date) -> Chart:
    """Spend by model: the chart of the page Spend."""
    return stack(view, answer, "spend_usd", "model", today, "/spend")


def sparks(view: View, answer: Answer, today: dt.date) -> dict[str, list[float | None]]:
    """Each metric's course over whole buckets; the one that is not over would look like a fall."""
    grain = grain_of(answer)
    found = {line.names[grain]: line for line in lines(answer)}
    whole = [each for each in starts(view, answer) if next_bucket(each, grain) <= today]
    return {
        name: [_figure(answer, found.get(start.isoformat()), start, name) for start in whole]
        for name in answer.question.metrics
    }


def grain_of(answer: Answer) -> str:
    """The time the answer is broken down by."""
    return next(name for name in answer.question.by if name in TIME_DIMENSIONS)


def starts(view: View, answer: Answer) -> Iterator[dt.date]:
    """Every bucket from the first with data (or the period's) to the period's last."""
    grain = grain_of(answer)
    first = view.period.start
    if recorded := answer.coverage.first_day:
        first = max(first, recorded) if view.period.days > 400 else first
    start = bucket_of(first, grain)
    while start <= view.period.end:
        yield start
        start = next_bucket(start, grain)


def bucket(
    start: dt.date,
    grain: str,
    today: dt.date,
    points: tuple[Point, ...],
    total: Point | None = None,
) -> Bucket:
    label = {"day": f"{start:%a} {day(start)}", "week": f"week of {day(start)}"}.get(
        grain, f"{start:%B %Y}"
    )
    partial = start <= today < next_bucket(start, grain)
    return Bucket(start.isoformat(), label, partial, points, total)


def point(number: float | None, metric: str) -> Point:
    if number is None:
        return Point("", UNKNOWN, False)
    unit = CATALOGUE[metric].unit
    text = value(number, unit) if number or not adds_up(metric) else "–"
    number = in_shown(number, unit)
    return Point(f"{number:.6f}".rstrip("0").rstrip("."), text, True)


def _figure(answer: Answer, line: Line | None, start: dt.date, metric: str) -> float | None:
    """A bucket's figure. A zero after the last record in scope is no zero: headcount alone made
    the row, and nobody can tell an idle team from telemetry that stopped."""
    if line is None:
        return _nothing(answer, start, grain_of(answer), metric)
    number, last = line.number(metric), answer.coverage.last_day
    return number if number or last is None or start <= last else None


def _nothing(answer: Answer, start: dt.date, grain: str, metric: str) -> float | None:
    """What a bucket without a row holds: 0 of what adds up, between the first and the last record
    in scope."""
    first, last = answer.coverage.first_day, answer.coverage.last_day
    if first is None or last is None or not adds_up(metric) or metric == "headcount":
        return None
    return 0.0 if next_bucket(start, grain) > first and start <= last else None


def _columns(totals: Sums) -> list[str]:
    """The largest first; those of which nothing is known come last, to keep a column if few."""
    ranked = sorted(totals, key=lambda name: (totals[name] is None, -(totals[name] or 0.0), name))
    if len(ranked) <= OWN_COLUMN + 1:
        return ranked
    return [*ranked[:OWN_COLUMN], OTHERS]


def _label(dimension: str, name: str) -> str:
    if name == OTHERS:
        return f"Other {words.plural(dimension)}"
    return words.value(dimension, name)
