"""The questions behind the page Organisation; what whoever asks may not see so is left out."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.metrics import Answer, Question
from steelyard.web.answers import Line, lines, single
from steelyard.web.asking import Names, fitting
from steelyard.web.people_view import PeopleView
from steelyard.web.services import Services

FIGURES: Names = ("headcount", "active_people", "adoption_rate", "spend_usd", "commits")
FIGURES += ("prs_merged",)
TOTALS: Names = (*FIGURES, "new_people", "lapsed_people", "sessions")
SPARKED: Names = ("headcount", "active_people", "adoption_rate", "spend_usd", "commits")
SPARKED += ("prs_merged",)
COVERED: Names = ("spend_matched_share", "sessions_matched_share", "commits_matched_share")
COVERED += ("people_matched_share",)
SCORES: Names = ("spend_usd", "active_minutes", "sessions", "commits", "prs_merged")
SCORES += ("lines_suggested", "issues_resolved", "story_points_resolved", "hours_logged")
SCORES += ("ai_time_share",)
MOST_PEOPLE = 1000  # single people are shown for a part of a larger organisation only


@dataclass(frozen=True)
class Asked:
    """What the page is made of; `scores` is None where single people are not shown."""

    totals: Line
    answer: Answer  # the totals with their warnings and coverage
    groups: list[Line]
    rollups: list[Line]
    below: tuple[list[Line], ...]  # the tree's levels below roll-ups
    covered: Line
    series: Answer
    scores: list[Line] | None


def ask_people(services: Services, view: PeopleView, most: float = MOST_PEOPLE) -> Asked:
    """All the page's answers; single people where they are no more than `most`."""
    answer = services.ask(_question(view, TOTALS, compare=view.compare))
    totals = single(answer)
    return Asked(
        totals,
        answer,
        ask_groups(services, view),
        _rows(services, view, ("rollup",)),
        ask_below(services, view),
        ask_covered(services, view),
        services.ask(_question(view, SPARKED, (view.period.grain(),))),
        ask_scores(services, view, totals, most),
    )


def ask_groups(services: Services, view: PeopleView) -> list[Line]:
    """By the page's breakdown, with the period before."""
    return _rows(services, view, (view.by,), view.compare)


def ask_below(services: Services, view: PeopleView) -> tuple[list[Line], ...]:
    """The managers of a roll-up where everybody may be seen; else its departments and teams."""
    places = ("rollup", "department"), ("rollup", "department", "team")
    levels = (("rollup", "manager"),) if services.sight.everything else places
    return tuple(_rows(services, view, by) for by in levels)


def ask_covered(services: Services, view: PeopleView) -> Line:
    """How much is matched, of everybody: a filter on people would only leave what is."""
    period = view.period
    return single(services.ask(Question(COVERED, period.start, period.end)))


def ask_scores(
    services: Services, view: PeopleView, totals: Line, most: float
) -> list[Line] | None:
    """Single people, where they may be shown and are not too many."""
    size = totals.number("headcount") or totals.number("active_people") or 0
    if not services.sight.names_people or size > most:
        return None
    asked = _question(view, SCORES, ("person",))
    return lines(services.ask(asked)) if services.sight.allows(asked) else None


def _rows(
    services: Services, view: PeopleView, by: tuple[str, ...], compare: bool = False
) -> list[Line]:
    asked = _question(view, FIGURES, by, compare)
    return lines(services.ask(asked)) if services.sight.allows(asked) else []


def _question(
    view: PeopleView, metrics: Names, by: tuple[str, ...] = (), compare: bool = False
) -> Question:
    return Question(
        fitting(metrics, (*by, *view.where)),
        view.period.start,
        view.period.end,
        by,
        dict(view.where),
        "previous" if compare else None,
    )
