"""The row of figures at the top: value, change, what it means, a sparkline. Not a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from steelyard.metrics import CATALOGUE
from steelyard.web import words
from steelyard.web.answers import Line
from steelyard.web.formats import change, points, short, short_count, short_money, value
from steelyard.web.spark import Spark, spark
from steelyard.web.view import View

SHOWN = (
    ("spend_usd", 1),
    ("spend_reported_usd", 0),
    ("tokens", 4),
    ("cache_hit_share", 2),
    ("active_people", 3),
    ("cost_per_person", 5),
    ("cost_per_session", 5),
    ("cost_per_commit", 2),
)
# More of these is neither good nor bad, whichever way the catalogue would like it.
PLAIN = frozenset({"spend_usd", "spend_reported_usd", "tokens", "sessions"})


Sparks = Mapping[str, Sequence[float | None]]
Metrics = tuple[tuple[str, int], ...]  # names with the colours of their sparklines


@dataclass(frozen=True)
class Tile:
    """`exact` is the unrounded value; `verdict` colours the change: good, bad or nothing."""

    metric: str
    label: str
    text: str
    exact: str
    known: bool
    change: str
    verdict: str
    note: str
    spark: Spark | None
    tint: int


def tiles(
    view: View,
    totals: Line,
    series: Sparks,
    left_out: tuple[str, ...] = (),
    shown: Metrics = SHOWN,
) -> list[Tile]:
    """One tile a metric; a metric the filters do not apply to says so instead of a number."""
    return [
        _absent(name, tint, view) if name in left_out else _tile(name, tint, view, totals, series)
        for name, tint in shown
    ]


def _tile(name: str, tint: int, view: View, totals: Line, series: Sparks) -> Tile:
    now, before = totals.number(name), totals.earlier(name)
    unit = CATALOGUE[name].unit
    moved = points(now, before) if unit == "share" else change(now, before)
    return Tile(
        metric=name,
        label=words.metric(name),
        text=short(now, unit),
        exact=value(now, unit),
        known=now is not None,
        change=moved,
        verdict=verdict(name, moved),
        note=" · ".join(filter(None, (totals.uncompared(name), _note(name, totals, view)))),
        spark=spark(series.get(name, ())),
        tint=tint,
    )


def _absent(name: str, tint: int, view: View) -> Tile:
    dimensions = CATALOGUE[name].dimensions
    blocking = [words.dimension(each) for each in view.where if each not in dimensions]
    note = f"cannot be filtered by {' or '.join(blocking)}"
    return Tile(name, words.metric(name), "–", note, False, "", "", note, None, tint)


def verdict(name: str, moved: str) -> str:
    """good, bad or nothing: whether a change is in the direction the catalogue calls better."""
    direction = CATALOGUE[name].direction
    if name in PLAIN or direction == "neutral" or moved[:1] not in "↑↓" or not moved:
        return ""
    return "good" if (moved[0] == "↑") == (direction == "up") else "bad"


def _note(name: str, totals: Line, view: View) -> str:
    if name == "spend_usd" and totals.number(name):
        return "at list price"
    if name == "spend_reported_usd":
        return "own estimate" if totals.number(name) is not None else "no client said"
    if name == "cache_hit_share" and (saved := totals.number("cache_savings_usd")) is not None:
        return f"{'saved' if saved >= 0 else 'cost'} {short_money(abs(saved))}"
    if name == "active_people" and (staff := totals.number("headcount")):
        return f"{short(staff, 'count')} in the directory"
    if name == "cost_per_pr" and (merged := totals.number("prs_merged")):
        return f"{short(merged, 'count')} merged"
    if name in ("ai_pr_share", "ai_commit_share"):
        return "a floor: marks seen"
    if name == "active_people" and (sessions := totals.number("sessions")) is not None:
        return f"{short(sessions, 'count')} sessions"
    if name == "adoption_rate" and (staff := totals.number("headcount")):
        return f"of {short_count(staff)} employed"
    if name == "cost_per_person":
        return f"in {view.period.days} days" if view.period.days > 1 else "in one day"
    return "all four types" if name == "tokens" else ""
