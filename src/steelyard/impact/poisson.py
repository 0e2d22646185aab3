"""Effects on counts and amounts as ratios: Poisson difference-in-differences and imputation.

The ratio is that of sums, so units are weighted by what they do; nothing is ever log(1 + y).
Inference is by leaving out one cluster at a time, with Student's t.
"""

from __future__ import annotations

import numpy as np

from steelyard.impact import ppml
from steelyard.impact.cells import everything, untreated
from steelyard.impact.inference import interval, jackknife
from steelyard.impact.panel import Floats, Panel
from steelyard.impact.result import CannotSay, Estimate, log_estimate
from steelyard.impact.study import Study

NO_COUNTS = CannotSay(
    "no_counts", "Nothing was counted where it is needed: a ratio to nothing cannot be formed."
)


def did(panel: Panel, study: Study) -> Estimate | CannotSay:
    """Log of (B/A) / (D/C): treated after over before, over the others' (PPML, one start date).

    Wooldridge 2023, The Econometrics Journal 26(3). With missing cells it is the coefficient of
    the Poisson regression with unit and period effects over the observed cells.
    """
    if len(panel.dates) > 1:
        return CannotSay(
            "several_dates",
            f"{len(panel.dates)} starting dates: one ratio of before and after is not defined;"
            " use poisson_imputation.",
        )
    cells = everything(counted(panel))
    if isinstance(cells, CannotSay):
        return cells
    if cells.panel.seen.all():
        sums = four_sums(cells.panel)
        whole = sums.sum(0)
        ratios = _log_ratio(np.vstack([whole, whole - sums]))
    else:
        effects = ppml.fit(cells)
        each = ppml.left_out(cells, effects, lambda found: np.log(found.effects.dummy))
        ratios = np.append(np.log(effects.dummy[0]), each[0])
    return _said("poisson_did", float(ratios[0]), ratios[1:], cells.panel)


def imputation(panel: Panel, study: Study) -> Estimate | CannotSay:
    """Log of treated cells' sum over what untreated cells predict for them.

    Borusyak, Jaravel and Spiess 2024, Review of Economic Studies 91(6), with the Poisson mean of
    Wooldridge 2023: unit and period effects come from cells not (yet) treated only.
    """
    cells = untreated(counted(panel), study.control)
    if isinstance(cells, CannotSay):
        return cells
    effects = ppml.fit(cells)
    whole = _overall(ppml.outcome(cells, effects))
    each = ppml.left_out(cells, effects, _overall)
    return _said("poisson_imputation", float(whole[0, 0]), each[0], cells.panel)


def counted(panel: Panel) -> Panel:
    """Without units that never have anything: they say nothing about a ratio."""
    return panel.pick(np.nansum(panel.outcome, axis=1) > 0)


def four_sums(panel: Panel) -> Floats:
    """(G, 4) by cluster: A, B of the treated before and after, C, D of the others.

    Only for complete panels with one starting date.
    """
    after = np.arange(panel.length) >= panel.dates[0]
    sums = np.column_stack([panel.outcome[:, ~after].sum(1), panel.outcome[:, after].sum(1)])
    treated = ~panel.never[:, None]
    found = np.zeros((panel.groups, 4))
    np.add.at(found, panel.cluster, np.hstack([sums * treated, sums * ~treated]))
    return found


def _log_ratio(sums: Floats) -> Floats:
    a, b, c, d = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.log(b / a) - np.log(d / c)
    return found


def _overall(found: ppml.Outcome) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = np.log(found.sums.after.sum((0, 1)) / found.imputed.sum((0, 1)))
    return ratio[None]


def _said(name: str, b: float, each: Floats, panel: Panel) -> Estimate | CannotSay:
    if not np.isfinite(b):
        return NO_COUNTS
    if not np.isfinite(each).all():
        return CannotSay(
            "one_cluster_carries_it",
            "Without one of the clusters nothing can be estimated: the answer would rest on it.",
        )
    groups = len(each)
    se = jackknife(each, b)
    ci, p = interval(b, se, groups - 1)
    return log_estimate(name, b, se, ci, p, f"jackknife over {groups} clusters, t({groups - 1})")
