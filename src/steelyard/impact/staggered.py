"""Imputation for one starting date or several: what treated cells would have been without.

Borusyak, Jaravel and Spiess 2024, Review of Economic Studies 91(6). Effects of units and periods
come from cells not (yet) treated; everything is asked of sums by start and period, with every
cluster left out in turn. Ratios (Poisson) and levels (least squares) differ only in their family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steelyard.impact import least_squares, ppml
from steelyard.impact.cells import Cells, Sums, untreated
from steelyard.impact.inference import jackknife
from steelyard.impact.information import Effects, Outcome, Reading, imputed_dof
from steelyard.impact.panel import Floats, Ints, Panel
from steelyard.impact.result import CannotSay, EventStudy, Scale

MOST_LEADS = 12

CARRIED = CannotSay(
    "one_cluster_carries_it",
    "Without one of the clusters nothing can be estimated: the answer would rest on it alone.",
)
NOTHING = CannotSay(
    "no_counts", "Nothing was counted where it is needed: a ratio to nothing cannot be formed."
)


@dataclass(frozen=True)
class Family:
    """How effects are fitted, clusters left out, and observed sums set against imputed ones."""

    fit: Callable[[Cells], Effects]
    outcome: Callable[[Cells, Effects], Outcome]
    left_out: Callable[[Cells, Effects, Reading], Floats]
    expected: Callable[[Cells, Effects], Floats]  # (n, T) means of all cells
    weight: Callable[[Cells, Sums], Floats]
    effect: Callable[[Floats, Floats, Floats], Floats]  # (observed, imputed, cells)


def _ratio(observed: Floats, imputed: Floats, cells: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(observed / imputed))


def _difference(observed: Floats, imputed: Floats, cells: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((observed - imputed) / cells)


RATIOS = Family(
    ppml.fit,
    ppml.outcome,
    ppml.left_out,
    ppml.expected,
    lambda _, sums: sums.total,
    _ratio,
)
LEVELS = Family(
    least_squares.fit,
    least_squares.outcome,
    least_squares.left_out,
    least_squares.expected,
    least_squares.weight,
    _difference,
)


@dataclass(frozen=True, eq=False)
class Imputed:
    """Effects b (C,) by any grouping of cells, and each (C, G) with one cluster left out.

    dof is that of the overall effect; observed, imputed and cells (C,) are sums and numbers.
    """

    cells: Cells
    b: Floats
    each: Floats
    observed: Floats
    imputed: Floats
    count: Floats

    @property
    def groups(self) -> int:
        return len(self.each.T)

    @property
    def se(self) -> Floats:
        """(C,) by the jackknife; NaN where an effect rests on one cluster alone."""
        return np.array([jackknife(row, b) for row, b in zip(self.each, self.b, strict=True)])


def impute(
    family: Family, panel: Panel, cut: Callable[[Cells], Ints] | None = None
) -> Imputed | CannotSay:
    """Effects by groups of cells: `cut` gives (S, T) group numbers, all in one when None."""
    cells = untreated(panel)
    if isinstance(cells, CannotSay):
        return cells
    groups = np.zeros((len(cells.starts), panel.length), np.int64) if cut is None else cut(cells)
    member = (np.arange(groups.max() + 1)[:, None] == groups.ravel()).astype(float)

    def added(found: Outcome) -> tuple[Floats, Floats, Floats]:
        parts = (found.sums.after, found.imputed, found.sums.cells)
        after, imputed, count = (member @ part.reshape(member.shape[1], -1) for part in parts)
        return after, imputed, count

    effects = family.fit(cells)
    after, imputed, count = added(family.outcome(cells, effects))
    each = family.left_out(cells, effects, lambda found: family.effect(*added(found)))
    b = family.effect(after, imputed, count)[:, 0]
    return Imputed(cells, b, each, after[:, 0], imputed[:, 0], count[:, 0])


def overall(family: Family, panel: Panel) -> tuple[Imputed, float] | CannotSay:
    """The effect over all imputed cells, and its degrees of freedom."""
    found = impute(family, panel)
    if isinstance(found, CannotSay):
        return found
    if not np.isfinite(found.b).all():
        return NOTHING
    if not np.isfinite(found.each).all():
        return CARRIED
    return found, degrees(family, found.cells)


def degrees(family: Family, cells: Cells) -> float:
    """Matched to the clusters' weights; with many of them, the smaller arm's number less one."""
    if cells.groups > ppml.EXACT:
        return float(cells.smaller_arm - 1)
    effects = ppml.fit(cells) if family is RATIOS else least_squares.flat(cells)
    return imputed_dof(cells, effects, lambda sums: family.weight(cells, sums))


def event_study(family: Family, panel: Panel, name: str, scale: Scale) -> EventStudy | CannotSay:
    """Effects by steps since the start; before it, leads against still earlier untreated cells.

    Times before the start come from a fit of the untreated cells alone with dummies for the last
    steps before it, as Borusyak et al. propose: not residuals, and independent of the effects.
    """
    found = impute(family, panel, lambda cells: horizons(cells)[1])
    if isinstance(found, CannotSay):
        return found
    late, _ = horizons(found.cells)
    times, b, each = _leads(family, panel, found.groups)
    times, b = np.append(times, late), np.append(b, found.b)
    each = np.vstack([each, found.each])
    sound = np.isfinite(b) & np.isfinite(each).all(1)
    if not sound.any():
        return CARRIED
    away = (each - b[:, None])[sound]
    return EventStudy(
        name,
        scale,
        tuple(int(time) for time in times[sound]),
        b[sound],
        (found.groups - 1) / found.groups * away @ away.T,
        found.groups - 1,
        f"jackknife over {found.groups} clusters, t({found.groups - 1})",
    )


def horizons(cells: Cells) -> tuple[Ints, Ints]:
    """The distinct steps since the start (C,), and which of them each (S, T) is; 0 before it."""
    steps = cells.panel.steps
    first = steps[np.minimum(cells.starts, len(steps) - 1)]
    since = np.maximum(steps[None, :] - first[:, None], 0)
    times, place = np.unique(since, return_inverse=True)
    return times, place.reshape(since.shape)


def _leads(family: Family, panel: Panel, groups: int) -> tuple[Ints, Floats, Floats]:
    """Times, coefficients (L,) and (L, G) of leads; none where the time before is too short.

    Half of what the typical treated unit has before its start, so that the other half is what
    they are held against; at most 12, and a third of the clusters, so that they can be tested
    together.
    """
    none = np.array([], np.int64), np.array([]), np.zeros((0, groups))
    first = panel.steps[panel.start[~panel.never]] - panel.steps[0]
    leads = min(MOST_LEADS, int(np.median(first)) // 2, groups // 3)
    if leads < 1:
        return none
    cells = untreated(panel, leads)
    if isinstance(cells, CannotSay):
        return none

    def read(found: Outcome) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(
                np.log(found.effects.dummy) if family is RATIOS else found.effects.dummy
            )

    effects = family.fit(cells)
    b = read(family.outcome(cells, effects))[:, 0]
    each = family.left_out(cells, effects, read)
    return -np.arange(leads, 0, -1), b[::-1], each[::-1]
