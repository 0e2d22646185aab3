"""DORA's five, in their present definitions, and what goes with them: incidents and builds."""

from __future__ import annotations

from steelyard.metrics.measures import Count, Days, Filter, Is, Known, Quantile, Ratio, Sum
from steelyard.metrics.metric import Metric

_CD = "code hosts and files of deployments"
_ALL = "code hosts, deployments and incidents"
_BY = "By team it is who deployed: what automation deploys has no team. Compare repositories."
_HOLDS = (
    "A deployment holds what had landed on the default branch when its own commit did; "
    "commits that did not reach production are left out."
)
_FAILED = (
    "Failed: it ended in failure, was rolled back or its content reverted, or an incident names "
    "it or began in its repository soon after."
)
_LATE = "A floor as long as incidents are not connected."


def _deployments(*filters: Filter) -> Count:
    return Count("work_deployments", filters)


METRICS = (
    Metric(
        "deployments",
        "Successful deployments to production.",
        "deployments",
        "up",
        _deployments(Is("succeeded", True)),
        _CD,
        (_BY,),
        "high",
    ),
    Metric(
        "deployments_per_day",
        "Successful deployments to production per day of the period, weekends included.",
        "per day",
        "up",
        Ratio(_deployments(Is("succeeded", True)), Days()),
        _CD,
        (_BY,),
        "high",
    ),
    Metric(
        "lead_time_hours_p50",
        "Median time from commit to the first successful production deployment that holds it.",
        "h",
        "down",
        Quantile("work_lead_times", "hours", 0.5),
        _CD,
        (
            _HOLDS,
            "Counted on the day it reached production, for the commit's author.",
            "A squash merge is committed when it is merged: see pr_cycle_hours_p50 for before.",
        ),
    ),
    Metric(
        "change_failure_share",
        "Share of finished production deployments that needed immediate help.",
        "share",
        "down",
        Ratio(_deployments(Is("failed", True)), _deployments()),
        _ALL,
        (_FAILED, _LATE, _BY),
        not_by=frozenset({"failed_by"}),
    ),
    Metric(
        "recovery_hours_p50",
        "Median time from a failed deployment's end to recovery.",
        "h",
        "down",
        Quantile("work_deployments", "recovery_hours", 0.5, (Is("failed", True),)),
        _ALL,
        (
            "Recovery is the deployment that mends it or the end of its incident, the earlier.",
            "Incidents that no deployment caused are not part of it.",
            _BY,
        ),
    ),
    Metric(
        "deployment_rework_share",
        "Share of production deployments that were unplanned and followed an incident.",
        "share",
        "down",
        Ratio(_deployments(Is("unplanned", True)), _deployments(Known("unplanned"))),
        _ALL,
        ("Unknown where neither the deployments say so nor incidents are connected.", _BY),
    ),
    Metric(
        "incidents",
        "Incidents that began.",
        "incidents",
        "down",
        Count("work_incidents"),
        "the incident system",
        ("By team it is the first responder's.",),
    ),
    Metric(
        "ci_success_share",
        "Share of finished builds that succeeded.",
        "share",
        "up",
        Ratio(Count("work_ci_runs", (Is("success", True),)), Count("work_ci_runs")),
        "runs of the code host's CI",
        ("Each attempt counts; a failing test can be good work.",),
    ),
    Metric(
        "ci_minutes",
        "Minutes finished builds ran.",
        "min",
        "down",
        Sum("work_ci_runs", "minutes"),
        "runs of the code host's CI",
        ("From start to end, jobs side by side counted once; not the minutes billed.",),
    ),
)
