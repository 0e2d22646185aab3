"""The charts of Delivery as the tables they are drawn from, each titled with its finding.

Weeks are whole, so the first and the last can reach beyond the period.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from steelyard.metrics import CATALOGUE
from steelyard.metrics.answer import Answer
from steelyard.metrics.catalogue.issues import RESOLUTION_BUCKETS
from steelyard.metrics.period import next_bucket
from steelyard.web import chart as shapes
from steelyard.web import words
from steelyard.web.answers import Line, lines
from steelyard.web.delivery_asking import Asked
from steelyard.web.delivery_view import DeliveryView
from steelyard.web.formats import UNKNOWN, change, day, hours, in_shown, share, value
from steelyard.web.panels import Shape, downloads
from steelyard.web.series import Bucket, Chart, Point, Series

# The buckets' names as short as an axis needs them: days from the second on.
TIMES: tuple[str, ...] = (
    "<1h",
    "1–2h",
    "2–4h",
    "4–8h",
    "8–16h",
    "16–24h",
    "1–2d",
    "2–3d",
    "3–5d",
    "5–7d",
)
TIMES += ("7–14d", "14–30d", ">30d")
COUNTED = frozenset({"prs_merged", "issues_resolved", "issues_created"})
MARKED = {"yes": ("With an assistant's mark", 4), "no": ("Without", 0)}
FLOW = {"pr_cycle_hours_p50": 1, "lead_time_hours_p50": 2}
WAITING = {"pr_first_review_hours_p50": 3, "pr_review_hours_p50": 1}
STABILITY = {"change_failure_share": 5, "rework_share": 4}
Tinted = Mapping[str, int]
Found = Mapping[str, Line]


@dataclass(frozen=True)
class Drawn:
    """A panel with a chart. `kind` is what the page's script makes of it: "" stacks bars."""

    name: str
    title: str
    measure: str
    chart: Chart
    kind: str
    spec: str
    downloads: Mapping[str, str] = field(default_factory=dict)


def charts(view: DeliveryView, asked: Asked, today: dt.date) -> list[Drawn]:
    """Volume, flow, review and stability; those of which nothing is recorded are left out."""
    total, found = asked.total, []
    if asked.merged is not None:
        found.append(_volume(view, asked.merged, total, today))
    if asked.course is not None:
        median, part = f"Median hours per {view.grain}", f"Share per {view.grain}"
        for name, title, tinted, measure, labels in (
            ("flow", flow_title(view, total), FLOW, median, shapes.HOURS),
            ("waiting", waiting_title(total), WAITING, median, shapes.HOURS),
            ("stability", stability_title(total), STABILITY, part, shapes.SHARES),
        ):
            drawn = course(view, asked.course, tinted, today)
            files = _files(asked.course, "lines", tinted)
            found.append(Drawn(name, title, measure, drawn, "lines", shapes.lines(labels), files))
    return [drawn for drawn in found if drawn.chart.has_figures]


def course(view: DeliveryView, answer: Answer, tinted: Tinted, today: dt.date) -> Chart:
    """A line a metric that the filters apply to, over whole weeks or months."""
    tinted = {name: t for name, t in tinted.items() if name in answer.question.metrics}
    found = {line.names[view.grain]: line for line in lines(answer)}
    series = tuple(Series(words.metric(name), tint) for name, tint in tinted.items())
    buckets = tuple(
        _bucket(start, view.grain, today, tuple(_figure(found, start, n) for n in tinted))
        for start in _starts(view, today)
    )
    drawn = any(point.data for bucket in buckets for point in bucket.points)
    return Chart(view.grain, series, buckets, drawn)


def sparks(
    view: DeliveryView, answer: Answer | None, today: dt.date
) -> dict[str, list[float | None]]:
    """Each metric's course over weeks that are over."""
    if answer is None:
        return {}
    found = {line.names[view.grain]: line for line in lines(answer)}
    starts = [each for each in _starts(view, today) if next_bucket(each, view.grain) <= today]
    return {n: [_number(found, s, n) for s in starts] for n in answer.question.metrics}


def _volume(view: DeliveryView, answer: Answer, total: Line, today: dt.date) -> Drawn:
    """Merged pull requests, those with an assistant's mark apart."""
    name, found = "prs_merged", lines(answer)
    by_mark = {
        mark: {line.names[view.grain]: line for line in found if line.names["assisted"] == mark}
        for mark in MARKED
    }
    seen = {line.names[view.grain] for line in found}
    buckets = []
    for start in _starts(view, today):
        numbers = [_of_mark(by_mark[mark], start, name, seen) for mark in MARKED]
        known = [number for number in numbers if number is not None]
        both = _point(sum(known) if known else None, name)
        points = tuple(_point(number, name) for number in numbers)
        buckets.append(_bucket(start, view.grain, today, points, both))
    chart = Chart(
        view.grain,
        tuple(Series(label, tint) for label, tint in MARKED.values()),
        tuple(buckets),
        any(line.number(name) for line in found),
    )
    measure = f"Merged pull requests per {view.grain} · a floor: marks can be missing"
    files = _files(answer, "stack")
    spec = shapes.stacked(shapes.COUNTS)
    return Drawn("volume", volume_title(total), measure, chart, "", spec, files)


def _of_mark(found: Found, start: dt.date, name: str, seen: set[str]) -> float | None:
    """None of a kind is 0 between weeks that have some of either."""
    key = start.isoformat()
    if key in found:
        return found[key].number(name)
    return 0.0 if seen and min(seen) <= key <= max(seen) else None


def volume_title(total: Line) -> str:
    """How many carry a mark; a floor is called one."""
    part, merged = total.number("ai_pr_share"), total.number("prs_merged")
    if not merged or part is None:
        return "Merged pull requests"
    if not part:
        return "No merged pull request carries an assistant's mark"
    return f"At least {share(part)} of merged pull requests were assisted"


def flow_title(view: DeliveryView, total: Line) -> str:
    cycle, earlier = total.number("pr_cycle_hours_p50"), total.earlier("pr_cycle_hours_p50")
    lead = total.number("lead_time_hours_p50")
    if cycle is None:
        return f"A commit reaches production in {hours(lead)}" if lead else "From commit to merge"
    moved = change(cycle, earlier) if view.compare else ""
    if moved[:1] in ("↑", "↓"):
        way = "longer" if moved[0] == "↑" else "shorter"
        return f"A pull request takes {hours(cycle)}, {moved[1:].strip()} {way} than before"
    return f"A pull request takes {hours(cycle)} from first commit to merge"


def waiting_title(total: Line) -> str:
    wait, review = (total.number(name) for name in WAITING)
    if wait is None:
        return "Waiting for review, and in review"
    if review is None:
        return f"A pull request waits {hours(wait)} for its first review"
    return f"{hours(wait)} until somebody reviews, {hours(review)} from then to the merge"


def stability_title(total: Line) -> str:
    failed, again = (total.number(name) for name in STABILITY)
    said = [] if failed is None else [f"{share(failed)} of deployments needed help"]
    said += [] if again is None else [f"{share(again)} of new lines were rewritten"]
    return "; ".join(said) or "Failed deployments and rework"


def speed_title(total: Line) -> str:
    """How long half of the issues took."""
    median = total.number("resolution_hours_p50")
    if median is None:
        return "How long issues took"
    return f"Half of the issues were resolved within {days(median)}"


def days(number: float) -> str:
    """Hours, or days from three on."""
    return hours(number) if number < 72 else f"{number / 24:.1f} days"


def histogram(answer: Answer | None, total: Line) -> Drawn | None:
    """Resolved issues by how long they took: one bar a class, none left out; None without any."""
    if answer is None or not answer.rows:
        return None
    metric = "issues_resolved"
    found = {line.names["resolution_bucket"]: line.number(metric) for line in lines(answer)}
    buckets = tuple(
        Bucket(label, label, False, (_point(found.get(name, 0.0), metric),))
        for name, label in zip(RESOLUTION_BUCKETS, TIMES, strict=True)
    )
    chart = Chart("time", (Series("Issues", 1),), buckets, any(found.values()))
    measure = "Issues by time from creation to resolution, nights and weekends included"
    files = _files(answer, "ranking")
    return Drawn("times", speed_title(total), measure, chart, "classes", shapes.classes(), files)


def _files(answer: Answer, shape: Shape, metrics: Iterable[str] = ()) -> dict[str, str]:
    """The figures of a chart from the API, and its picture."""
    asked = answer.question
    kept = tuple(name for name in asked.metrics if name in set(metrics)) or asked.metrics
    return downloads(replace(asked, metrics=kept), shape)


def _starts(view: DeliveryView, today: dt.date) -> list[dt.date]:
    start, end = view.course(today)
    found = [start]
    while (after := next_bucket(found[-1], view.grain)) <= end:
        found.append(after)
    return found


def _number(found: Found, start: dt.date, name: str) -> float | None:
    """A bucket without a row between those that have one holds none of what is counted."""
    key = start.isoformat()
    if key in found:
        return found[key].number(name)
    return 0.0 if name in COUNTED and found and min(found) < key < max(found) else None


def _figure(found: Found, start: dt.date, name: str) -> Point:
    return _point(_number(found, start, name), name)


def _point(number: float | None, name: str) -> Point:
    if number is None:
        return Point("", UNKNOWN, False)
    unit = CATALOGUE[name].unit
    drawn = f"{in_shown(number, unit):.6f}".rstrip("0").rstrip(".")
    return Point(drawn, value(number, unit), True)


def _bucket(
    start: dt.date,
    grain: str,
    today: dt.date,
    points: tuple[Point, ...],
    total: Point | None = None,
) -> Bucket:
    label = f"week of {day(start)}" if grain == "week" else f"{start:%B %Y}"
    partial = start <= today < next_bucket(start, grain)
    return Bucket(start.isoformat(), label, partial, points, total)
