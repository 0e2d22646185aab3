"""The questions behind the page Delivery. What a filter does not apply to is left out and named."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.metrics import Answer
from steelyard.web.answers import Line, lines, single
from steelyard.web.asking import Names, Options, fitting, question
from steelyard.web.delivery_view import FILTERS, DeliveryView
from steelyard.web.services import Services

TILED = (
    ("prs_merged", 1),
    ("prs_per_dev_week", 1),
    ("pr_cycle_hours_p50", 2),
    ("lead_time_hours_p50", 3),
    ("change_failure_share", 4),
    ("rework_share", 5),
    ("issues_resolved", 0),
    ("resolution_hours_p50", 0),
)
TILES: Names = tuple(name for name, _ in TILED)
DORA: Names = ("lead_time_hours_p50", "deployments_per_day", "recovery_hours_p50")
DORA += ("change_failure_share", "deployment_rework_share")
REVIEW: Names = ("reviews", "pr_first_review_hours_p50", "pr_review_hours_p50")
REVIEW += ("pr_review_rounds_avg", "pr_size_lines_p50", "reverts", "review_interventions_per_ai_pr")
WEEKLY: Names = ("prs_merged", "commits", "pr_cycle_hours_p50", "deployments", "issues_resolved")
GROUPED: Names = ("prs_merged", "prs_per_dev_week", "pr_cycle_hours_p50", "ai_pr_share")
GROUPED += ("rework_share", "issues_resolved", "resolution_hours_p50")
ASSISTED: Names = ("prs_merged", "pr_cycle_hours_p50", "pr_size_lines_p50", "pr_review_rounds_avg")
ASSISTED += ("rework_share", "issues_resolved", "resolution_hours_p50")


@dataclass(frozen=True)
class Asked:
    """What the page is made of. `total` holds every metric's figure for the period."""

    answer: Answer
    total: Line
    series: Answer
    groups: Answer
    buckets: dict[str, float | None]
    classes: dict[str, float | None]
    assisted: list[Line]
    options: Options
    left_out: Names

    def answers(self) -> dict[str, Answer]:
        return {"totals": self.answer, "series": self.series, "groups": self.groups}


def ask_delivery(services: Services, view: DeliveryView) -> Asked:
    """All the page's answers."""
    wanted = tuple(dict.fromkeys((*TILES, *DORA, *REVIEW, *WEEKLY, "ai_pr_share")))
    answer = services.ask(question(view, wanted, compare=view.compare))
    series = question(view, (*TILES, *WEEKLY), (view.grain,))
    return Asked(
        answer=answer,
        total=single(answer),
        series=services.ask(series),
        groups=ask_groups(services, view),
        buckets=_resolved(services, view, "resolution_bucket"),
        classes=_resolved(services, view, "resolution_class"),
        assisted=_assisted(services, view),
        options={name: _options(services, view, name) for name in FILTERS},
        left_out=tuple(name for name in wanted if name not in fitting(wanted, view.where)),
    )


def ask_groups(services: Services, view: DeliveryView) -> Answer:
    """The breakdown alone: what the page's .csv holds."""
    return services.ask(question(view, GROUPED, (view.by,)))


def _resolved(services: Services, view: DeliveryView, by: str) -> dict[str, float | None]:
    """Resolved issues by how long they took; nothing where the filters do not apply to issues."""
    if not fitting(("issues_resolved",), (by, *view.where)):
        return {}
    answer = services.ask(question(view, ("issues_resolved",), (by,)))
    return {line.names[by]: line.number("issues_resolved") for line in lines(answer)}


def _assisted(services: Services, view: DeliveryView) -> list[Line]:
    if not fitting(ASSISTED, ("assisted", *view.where)):
        return []
    return lines(services.ask(question(view, ASSISTED, ("assisted",))))


def _options(services: Services, view: DeliveryView, name: str) -> dict[str, float | None]:
    """What a filter can be set to under the others, the most work first."""
    metric = "issues_resolved" if name == "project" else "prs_merged"
    others = {key: values for key, values in view.where.items() if key != name}
    if not fitting((metric,), (name, *others)):
        return {}
    answer = services.ask(question(view, (metric,), (name,), where=others))
    found = {line.names[name]: line.number(metric) for line in lines(answer)}
    return {value: number for value, number in found.items() if number}
