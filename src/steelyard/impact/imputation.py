"""Effects in levels by imputation, for one starting date or several.

Borusyak, Jaravel and Spiess 2024. The standard error is a jackknife over clusters; with very many
of them the paper's own (through diff-diff), which is too narrow with few.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from steelyard.impact import ppml, staggered
from steelyard.impact.cells import Cells
from steelyard.impact.inference import interval, t_of
from steelyard.impact.panel import Panel
from steelyard.impact.result import (
    CannotSay,
    Estimate,
    EventStudy,
    Scale,
    level_estimate,
    log_estimate,
)
from steelyard.impact.staggered import LEVELS, Imputed
from steelyard.impact.study import Study


def overall(panel: Panel, study: Study) -> Estimate | CannotSay:
    """Mean of treated cells less what untreated cells predict for them, over all such cells."""
    answer = staggered.overall(LEVELS, transformed(panel, study))
    if isinstance(answer, CannotSay):
        return answer
    found, dof = answer
    se, words = float(found.se[0]), f"jackknife over {found.groups} clusters"
    if found.groups > ppml.EXACT:
        se, words = _published_se(found.cells), f"imputation, {found.groups} clusters"
    return said("imputation", float(found.b[0]), se, dof, words, study, _without(found))


def event_study(panel: Panel, study: Study) -> EventStudy | CannotSay:
    """Effects by steps since the start, and by leads before it (see `staggered`)."""
    return staggered.event_study(LEVELS, transformed(panel, study), "imputation", scale_of(study))


def transformed(panel: Panel, study: Study) -> Panel:
    """The panel on the scale that the study asks for: log(1 + y), or as it is."""
    if study.transform == "none":
        return panel
    return replace(panel, outcome=np.log1p(panel.outcome))


def scale_of(study: Study) -> Scale:
    """Durations are means of logs already; log(1 + y) is read as a log, which it nearly is not."""
    return "log" if study.transform == "log1p" or study.kind == "duration" else "level"


def said(
    name: str, b: float, se: float, dof: float, words: str, study: Study, without: float | None
) -> Estimate:
    """An estimate on the study's scale, with Student's t."""
    ci, p = interval(b, se, dof)
    inference = f"{words}, {t_of(dof)}"
    if scale_of(study) == "log":
        return log_estimate(name, b, se, ci, p, inference)
    return level_estimate(name, b, se, ci, p, inference, without)


def _without(found: Imputed) -> float:
    return float(found.imputed[0] / found.count[0])


def _published_se(cells: Cells) -> float:
    """The conservative clustered standard error of the paper's theorem 3, for the same cells."""
    from diff_diff import ImputationDiD

    used = (cells.fit | cells.asked)[cells.pattern]
    panel = cells.panel
    table = replace(panel, outcome=np.where(used, panel.outcome, np.nan)).long()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ImputationDiD(cluster="cluster").fit(table, "outcome", "unit", "time", "start")
    return float(fitted.se)
