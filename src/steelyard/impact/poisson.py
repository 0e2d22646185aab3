"""Effects on counts and amounts as ratios: Poisson difference-in-differences and imputation.

The ratio is that of sums, so units are weighted by what they do; nothing is ever log(1 + y).
Inference is by leaving out one cluster at a time, with Student's t.
"""

from __future__ import annotations

import numpy as np

from steelyard.impact import ppml, staggered
from steelyard.impact.cells import Cells, everything
from steelyard.impact.inference import interval, jackknife, matched_dof, t_of
from steelyard.impact.information import dummy_dof
from steelyard.impact.panel import Floats, Panel
from steelyard.impact.result import CannotSay, Estimate, EventStudy, Note, log_estimate
from steelyard.impact.staggered import CARRIED, NOTHING, RATIOS
from steelyard.impact.study import Study


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
    b, each, dof = (_of_sums if cells.panel.seen.all() else _fitted)(cells)
    return _said("poisson_did", b, each, dof)


def imputation(panel: Panel, study: Study) -> Estimate | CannotSay:
    """Log of treated cells' sum over what untreated cells predict for them.

    Borusyak, Jaravel and Spiess 2024, Review of Economic Studies 91(6), with the Poisson mean of
    Wooldridge 2023: unit and period effects come from cells not (yet) treated only.
    """
    answer = staggered.overall(RATIOS, counted(panel))
    if isinstance(answer, CannotSay):
        return answer
    found, dof = answer
    return _said("poisson_imputation", float(found.b[0]), found.each[0], dof)


def event_study(panel: Panel, study: Study) -> EventStudy | CannotSay:
    """Log ratios by steps since the start, and by leads before it (see `staggered`)."""
    return staggered.event_study(RATIOS, counted(panel), "poisson_imputation", "log")


def notes(panel: Panel) -> tuple[Note, ...]:
    """What these ratios leave out, or rest on, that a careful reader must know."""
    seen_before = panel.seen & ~panel.treated
    before = np.where(seen_before, np.nan_to_num(panel.outcome), 0).sum(1)
    empty = ~(np.nansum(panel.outcome, axis=1) > 0)
    cases = (
        ("all_zero_units", empty, "have nothing at all and are left out of ratios"),
        ("never_untreated", ~seen_before.any(1) & ~empty, "are never seen untreated: left out"),
        (
            "zero_before",
            seen_before.any(1) & (before == 0) & ~empty & ~panel.never,
            "have only zeros before their start: whatever they do later counts as effect. Where"
            " somebody had not joined yet, leave the cell out instead of writing 0",
        ),
    )
    return tuple(
        Note(code, f"{int(which.sum())} of {panel.n} units {words}.")
        for code, which, words in cases
        if which.any()
    )


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


def _of_sums(cells: Cells) -> tuple[float, Floats, float]:
    """Estimate, (G,) estimates and degrees of freedom of a complete panel, from its four sums."""
    sums = four_sums(cells.panel)
    whole = sums.sum(0)
    ratios = _log_ratio(np.vstack([whole, whole - sums]))
    if cells.groups > ppml.EXACT or not np.isfinite(ratios).all():
        return float(ratios[0]), ratios[1:], cells.smaller_arm - 1
    fitted = np.vstack([whole, whole - sums])
    fitted[:, 1] = fitted[:, 0] * fitted[:, 3] / fitted[:, 2]  # as if nothing had happened
    weights = np.array([-1, 1, 1, -1]) / fitted
    sums[:, 1] = sums[:, 0] * whole[3] / whole[2]
    parts = sums[:, :, None] * np.eye(4)
    return float(ratios[0]), ratios[1:], matched_dof(parts, weights[1:], weights[0])


def _fitted(cells: Cells) -> tuple[float, Floats, float]:
    """The same where cells are missing, by Poisson regression."""
    with np.errstate(divide="ignore"):
        effects = ppml.fit(cells)
        each = ppml.left_out(cells, effects, lambda found: np.log(found.effects.dummy))
        b = float(np.log(effects.dummy[0, 0]))
    many = cells.groups > ppml.EXACT or not np.isfinite(np.append(each, b)).all()
    return b, each[0], cells.smaller_arm - 1 if many else dummy_dof(cells, effects)


def _said(name: str, b: float, each: Floats, dof: float) -> Estimate | CannotSay:
    if not np.isfinite(b):
        return NOTHING
    if not np.isfinite(each).all():
        return CARRIED
    se = jackknife(each, b)
    ci, p = interval(b, se, dof)
    return log_estimate(name, b, se, ci, p, f"jackknife over {len(each)} clusters, {t_of(dof)}")
