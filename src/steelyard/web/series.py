"""Spend over time by model, as the table below the chart; the chart is drawn from that table.

The five models with the most spend have a column each; the rest share one. A bucket that is not
over yet is marked, and a bucket without any use is a zero, not a gap.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from steelyard.metrics.answer import Answer
from steelyard.metrics.facts import TIME_DIMENSIONS
from steelyard.metrics.period import bucket_of, next_bucket
from steelyard.web import words
from steelyard.web.answers import Line, lines
from steelyard.web.asking import spend_by
from steelyard.web.formats import UNKNOWN, day, money
from steelyard.web.view import View

OWN_COLUMN = 5
TINTS = (4, 1, 2, 3, 5, 0)  # classes of the style sheet; the chart has them in the same order
OTHERS = "\0others"  # no model is called so
COUNTED = frozenset({"spend_usd", "spend_reported_usd", "tokens", "active_people"})
ByDay = dict[tuple[str, str], float | None]


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


def spend_chart(view: View, answer: Answer, today: dt.date) -> Chart:
    """The chart's table for the period of the page."""
    grain = view.period.grain()
    totals = spend_by(answer, "model")
    names = _columns(totals)
    values: ByDay = {}
    for line in lines(answer):
        column = line.names["model"] if line.names["model"] in names else OTHERS
        at = (line.names[grain], column)
        number = line.number("spend_usd")
        values[at] = number if values.get(at) is None else (values[at] or 0.0) + (number or 0.0)
    buckets = [_bucket(start, grain, names, values, today) for start in _starts(view, answer)]
    series = tuple(_series(view, names, totals))
    return Chart(grain, series, tuple(buckets), has_figures=any(values.values()))


def sparks(view: View, answer: Answer, today: dt.date) -> dict[str, list[float | None]]:
    """Each metric's course over whole buckets; the one that is not over would look like a fall."""
    grain = answer.question.by[0]
    found = {line.names[grain]: line for line in lines(answer)}
    starts = [each for each in _starts(view, answer) if next_bucket(each, grain) <= today]
    return {
        name: [_course(found.get(start.isoformat()), name) for start in starts]
        for name in answer.question.metrics
    }


def _course(line: Line | None, metric: str) -> float | None:
    """A bucket without any use is 0 for what is counted, and nothing for a ratio."""
    return line.number(metric) if line else 0.0 if metric in COUNTED else None


def _columns(totals: dict[str, float | None]) -> list[str]:
    """Models by spend; those without a price come last, so that they keep a column if few."""
    ranked = sorted(totals, key=lambda name: (totals[name] is None, -(totals[name] or 0.0), name))
    if len(ranked) <= OWN_COLUMN + 1:
        return ranked
    return [*ranked[:OWN_COLUMN], OTHERS]


def _series(view: View, names: list[str], totals: dict[str, float | None]) -> Iterator[Series]:
    for index, name in enumerate(names):
        if name == OTHERS:
            yield Series("Other models", TINTS[index])
            continue
        url = view.with_filter("model", name).url("/spend")
        if totals[name] is None:
            yield Series(f"{words.value('model', name)} (price unknown)", 0, url)
        else:
            yield Series(words.value("model", name), TINTS[index], url)


def _starts(view: View, answer: Answer) -> Iterator[dt.date]:
    """Every bucket from the first with data (or the period's) to the period's last."""
    grain = next(name for name in answer.question.by if name in TIME_DIMENSIONS)
    first = view.period.start
    if recorded := answer.coverage.first_day:
        first = max(first, recorded) if view.period.days > 400 else first
    start = bucket_of(first, grain)
    while start <= view.period.end:
        yield start
        start = next_bucket(start, grain)


def _bucket(start: dt.date, grain: str, names: list[str], values: ByDay, today: dt.date) -> Bucket:
    key = start.isoformat()
    present = [values[key, name] for name in names if (key, name) in values]
    known = [value for value in present if value is not None]
    total = None if present and not known else sum(known)
    points = tuple(_point(values.get((key, name), 0.0)) for name in names)
    over = next_bucket(start, grain)
    label = {"day": f"{start:%a} {day(start)}", "week": f"week of {day(start)}"}.get(
        grain, f"{start:%B %Y}"
    )
    return Bucket(key, label, start <= today < over, points, _point(total))


def _point(number: float | None) -> Point:
    if number is None:
        return Point("", UNKNOWN, False)
    return Point(f"{number:.6f}".rstrip("0").rstrip("."), money(number) if number else "–", True)
