"""The questions behind the page Delivery. What a filter does not apply to is left out and named.

What whoever asks may not see so is left out as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from steelyard.metrics import Answer, Question
from steelyard.web.answers import Line, lines, single
from steelyard.web.asking import Names, Options, fitting, shown_by
from steelyard.web.delivery_view import FILTERS, MORE, TABS, DeliveryView
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
    """What the page is made of; None where the filters leave no metric to ask for, or where its
    figures may not be shown. `tabs` and `more` are the breakdowns that may."""

    totals: Answer | None
    course: Answer | None = None
    merged: Answer | None = None
    groups: Answer | None = None
    assisted: Answer | None = None
    buckets: Answer | None = None
    classes: Answer | None = None
    options: Options | None = None
    tabs: Names = TABS
    more: Names = MORE

    @cached_property
    def total(self) -> Line:
        return single(self.totals) if self.totals else Line()

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
    filters = shown_by(services, view, FILTERS)
    options = {name: _options(services, view, name) for name in filters}
    totals = _ask(services, view, ALL, compare=view.compare)
    groups = ask_groups(services, view)
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
        tabs=shown_by(services, view, TABS),
        more=shown_by(services, view, MORE),
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


def ask_groups(services: Services, view: DeliveryView) -> Answer | None:
    """The breakdown; None where nothing carries it, or it may not be shown."""
    if not shown_by(services, view, (view.by,)):
        return None
    return _ask(services, view, columns(view), (view.by,), compare=view.compare)


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


def _options(services: Services, view: DeliveryView, name: str) -> dict[str, float | None]:
    """What a filter can be set to under the others, the most work first."""
    others = {key: values for key, values in view.where.items() if key != name}
    metric = next(iter(fitting(("prs_merged", "issues_resolved"), (name, *others))), None)
    if metric is None:
        return {}
    asked = Question((metric,), view.period.start, view.period.end, (name,), others)
    found = [(line.names[name], line.number(metric)) for line in lines(services.ask(asked))]
    return dict(sorted((pair for pair in found if pair[1]), key=lambda pair: -(pair[1] or 0.0)))
