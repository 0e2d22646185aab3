"""The questions behind the page Delivery. What a filter does not apply to is left out and named.

Figures of fewer than five people leave no answer here, whoever asks: page, JSON or CSV.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from steelyard.metrics import Answer, Question
from steelyard.metrics.answer import Coverage, Note
from steelyard.metrics.facts import PEOPLE_DIMENSIONS
from steelyard.web.answers import Line, lines, single
from steelyard.web.asking import Names, Options, fitting
from steelyard.web.delivery_view import FILTERS, DeliveryView
from steelyard.web.privacy import FEWEST, SIZES
from steelyard.web.services import Services

TILES: Names = ("prs_merged", "prs_per_dev_week", "pr_cycle_hours_p50")
TILES += ("lead_time_hours_p50", "change_failure_share", "rework_share")
THROUGHPUT: Names = ("lead_time_hours_p50", "deployments_per_day", "recovery_hours_p50")
INSTABILITY: Names = ("change_failure_share", "deployment_rework_share")
REVIEW: Names = ("reviews", "pr_first_review_hours_p50", "pr_review_hours_p50")
REVIEW += ("pr_review_rounds_avg", "pr_size_lines_p50", "review_interventions_per_ai_pr")
ISSUES: Names = ("issues_created", "issues_resolved", "resolution_hours_p50")
ISSUES += ("story_points_resolved",)
BESIDE: Names = ("commits", "deployments", "reverts", "ai_pr_share")
ALL: Names = tuple(dict.fromkeys((*TILES, *THROUGHPUT, *INSTABILITY, *REVIEW, *ISSUES, *BESIDE)))
COURSE: Names = (*TILES, "pr_first_review_hours_p50", "pr_review_hours_p50", *ISSUES)
ASSISTED: Names = ("prs_merged", "pr_cycle_hours_p50", "pr_first_review_hours_p50")
ASSISTED += ("pr_review_hours_p50", "pr_review_rounds_avg", "pr_size_lines_p50")
ASSISTED += ("lead_time_hours_p50", "rework_share", "issues_resolved", "resolution_hours_p50")
# The columns of a breakdown; those that carry it and the filters are shown, the first leads.
BY_ISSUE: Names = ("issues_resolved", "issues_created", "resolution_hours_p50")
BY_ISSUE += ("story_points_resolved", "hours_logged")
BY_REPO: Names = ("prs_merged", "pr_cycle_hours_p50", "pr_first_review_hours_p50")
BY_REPO += ("pr_review_rounds_avg", "ai_pr_share", "rework_share", "deployments")
BY_REPO += ("lead_time_hours_p50", "change_failure_share")
BY_WHOM: Names = ("prs_merged", "prs_per_dev_week", "pr_cycle_hours_p50")
BY_WHOM += ("pr_first_review_hours_p50", "reviews", "ai_pr_share", "rework_share")
BY_WHOM += ("issues_resolved",)
FIRST: Names = ("prs_merged", "issues_resolved", "commits", "deployments", "reviews")


@dataclass(frozen=True)
class Asked:
    """What the page is made of; None where the filters leave no metric to ask for.

    `hidden` says that the filters leave fewer than five people: then only `totals` is there,
    without figures. `few` names the groups of the breakdown that are too small.
    """

    totals: Answer | None
    course: Answer | None = None
    merged: Answer | None = None
    groups: Answer | None = None
    assisted: Answer | None = None
    buckets: Answer | None = None
    classes: Answer | None = None
    options: Options | None = None
    few: frozenset[str] = frozenset()
    hidden: bool = False

    @cached_property
    def total(self) -> Line:
        return single(self.totals) if self.totals and not self.hidden else Line()

    def answers(self) -> dict[str, Answer | None]:
        """By name, as the page's .json gives them."""
        names = ("totals", "course", "merged", "groups", "assisted", "buckets", "classes")
        return {name: getattr(self, name) for name in names}


def is_recorded(services: Services) -> bool:
    """Whether any source has told of work, ever."""
    found = services.ask(Question(FIRST)).rows
    return any(any(cell for cell in row) for row in found)


def ask_delivery(services: Services, view: DeliveryView, today: dt.date) -> Asked:
    """All the page's answers."""
    options = {name: _options(services, view, name) for name in FILTERS}
    totals = _ask(services, view, ALL, compare=view.compare)
    if _too_few(services, view):
        return Asked(_without_figures(totals), options=options, hidden=True)
    groups, few = ask_groups(services, view)
    course, merged = ask_course(services, view, today)
    resolved = ("issues_resolved",)
    return Asked(
        totals,
        course,
        merged,
        groups,
        assisted=_ask(services, view, ASSISTED, ("assisted",)),
        buckets=_ask(services, view, resolved, ("resolution_bucket",)),
        classes=_ask(services, view, resolved, ("resolution_class",), compare=view.compare),
        options=options,
        few=few,
    )


def ask_course(
    services: Services, view: DeliveryView, today: dt.date
) -> tuple[Answer | None, Answer | None]:
    """Week by week: the figures, and merged pull requests with and without a mark."""
    days = view.course(today)
    return (
        _ask(services, view, COURSE, (view.grain,), days=days),
        _ask(services, view, ("prs_merged",), (view.grain, "assisted"), days=days),
    )


def ask_groups(services: Services, view: DeliveryView) -> tuple[Answer | None, frozenset[str]]:
    """The breakdown, and the names of groups that are too small to have figures."""
    answer = _ask(services, view, columns(view), (view.by,), compare=view.compare)
    if answer is None or view.by not in PEOPLE_DIMENSIONS or services.scorecard:
        return answer, frozenset()
    if _too_few(services, view):
        return _without_figures(answer), frozenset()
    sizes = {line.names[view.by]: _size(line) for line in _sizes(services, view, (view.by,))}
    names = {line.names[view.by] for line in lines(answer)}
    few = frozenset(name for name in names if name and sizes.get(name, 0.0) < FEWEST)
    return _without_figures(answer, few) if few else answer, few


def columns(view: DeliveryView) -> Names:
    """What the breakdown shows, by what it is broken down by."""
    if view.by in ("project", "issue_type", "priority"):
        return BY_ISSUE
    return BY_REPO if view.by == "repo" else BY_WHOM


def left_out(view: DeliveryView, metrics: Names) -> Names:
    """Those of the metrics that the filters do not apply to."""
    kept = fitting(metrics, view.where)
    return tuple(name for name in metrics if name not in kept)


def _ask(
    services: Services,
    view: DeliveryView,
    metrics: Iterable[str],
    by: tuple[str, ...] = (),
    days: tuple[dt.date, dt.date] | None = None,
    compare: bool = False,
) -> Answer | None:
    """What can be answered under the page's filters; None where that is nothing."""
    fit = fitting(metrics, (*by, *view.where))
    start, end = days or (view.period.start, view.period.end)
    if not fit:
        return None
    before = "previous" if compare else None
    return services.ask(Question(fit, start, end, by, dict(view.where), before))


def _too_few(services: Services, view: DeliveryView) -> bool:
    """Whether the filters leave too few people for figures."""
    if services.scorecard or not view.narrows_people():
        return False
    named = any(v for n, vs in view.where.items() for v in vs if n in PEOPLE_DIMENSIONS)
    return named and all(_size(line) < FEWEST for line in _sizes(services, view, ()))


def _sizes(services: Services, view: DeliveryView, by: tuple[str, ...]) -> list[Line]:
    """How many people, employed or seen, under the filters on people."""
    where = {name: values for name, values in view.where.items() if name in PEOPLE_DIMENSIONS}
    return lines(services.ask(Question(SIZES, view.period.start, view.period.end, by, where)))


def _size(line: Line) -> float:
    return max(line.number(name) or 0.0 for name in SIZES)


def _without_figures(answer: Answer | None, few: frozenset[str] | None = None) -> Answer | None:
    """The answer without the figures of groups that are too small, or (None) without any."""
    if answer is None:
        return None
    keys = [at for at, column in enumerate(answer.columns) if column.kind == "dimension"]
    rows = tuple(
        row
        if few is not None and str(row[keys[0]] or "") not in few
        else tuple(cell if at in keys else None for at, cell in enumerate(row))
        for row in answer.rows
    )
    names = f": {', '.join(sorted(few))}" if few else ""
    message = f"Figures of fewer than {FEWEST} people are left out{names}."
    note = Note("few_people", message, answer.question.metrics)
    coverage = answer.coverage if few else Coverage()  # whose would be figures of them, too
    said = (*answer.warnings, note)
    return replace(answer, rows=rows, totals=None, warnings=said, coverage=coverage)


def _options(services: Services, view: DeliveryView, name: str) -> dict[str, float | None]:
    """What a filter can be set to under the others, the most work first; of people no figures."""
    others = {key: values for key, values in view.where.items() if key != name}
    metric = next(iter(fitting(("prs_merged", "issues_resolved"), (name, *others))), None)
    if metric is None:
        return {}
    asked = Question((metric,), view.period.start, view.period.end, (name,), others)
    found = [(line.names[name], line.number(metric)) for line in lines(services.ask(asked))]
    ranked = sorted((pair for pair in found if pair[1]), key=lambda pair: -(pair[1] or 0.0))
    shown = name not in PEOPLE_DIMENSIONS or services.scorecard
    return {value: number if shown else None for value, number in ranked}
