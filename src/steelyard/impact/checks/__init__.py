"""What could be wrong with a result, looked for beside every one of them: one module a check.

A check says what was found, never that an assumption holds. Checks re-run the headline's own
estimator on changed panels; where a panel is large, on fewer units, and then they say so.
"""

from __future__ import annotations

from steelyard.impact.checks.attrition import attrition
from steelyard.impact.checks.clusters import few_clusters
from steelyard.impact.checks.imbalance import imbalance
from steelyard.impact.checks.leave_one_out import leave_one_cluster_out
from steelyard.impact.checks.log1p import log1p
from steelyard.impact.checks.missing import missing_cells
from steelyard.impact.checks.outliers import outliers
from steelyard.impact.checks.periods import one_period_after
from steelyard.impact.checks.placebo import placebo_dates
from steelyard.impact.checks.pre_trend import pre_trend
from steelyard.impact.checks.rerun import Run
from steelyard.impact.checks.seasonality import seasonality
from steelyard.impact.checks.spillover import spillover
from steelyard.impact.checks.zeros import zero_units
from steelyard.impact.panel import Panel
from steelyard.impact.result import Check, Estimate, EventStudy
from steelyard.impact.study import Design, Study

__all__ = ["every", "imbalance", "without_headline"]


def every(
    panel: Panel,
    study: Study,
    design: Design,
    headline: Estimate,
    estimate: Run,
    event_study: EventStudy | None,
) -> list[Check]:
    """All checks of a headline, in a fixed order. `estimate` re-runs its method on a panel.

    The balance of a randomised study is not among them: it is checked before the design is settled.
    """
    return [
        pre_trend(panel, headline, event_study),
        placebo_dates(panel, headline, estimate),
        leave_one_cluster_out(panel, study, headline, estimate),
        outliers(panel, study, headline, estimate),
        log1p(panel, study, headline),
        attrition(panel),
        spillover(panel, study, estimate),
        seasonality(panel, design, headline.scale),
        *_counted(panel, study),
    ]


def without_headline(panel: Panel, study: Study, design: Design) -> list[Check]:
    """The checks that need no estimate, for what is not identified."""
    return [attrition(panel), seasonality(panel, design, None), *_counted(panel, study)]


def _counted(panel: Panel, study: Study) -> list[Check]:
    return [
        missing_cells(panel),
        zero_units(panel, study),
        few_clusters(panel, study),
        one_period_after(panel),
    ]
