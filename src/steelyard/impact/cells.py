"""Cells of a panel to fit effects to and cells to impute, added up by unit pattern and cluster.

Units observed in the same cells enter estimates with unit effects only through their sums, so a
complete panel of thousands of units is a handful of rows. Nothing is estimated here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.result import CannotSay

CHUNK = 128  # clusters handled at once: bounds memory


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over units; the last axis B counts replicates (clusters left out, or 1 for all).

    total (P, B) outcome on the fitted cells of each pattern; units (P, B) how many units
    period (T, B) and dummy (K, B): outcome on fitted cells, by period and by dummy
    after (S, T, B) outcome and cells (S, T, B) number of imputed cells, by start and period
    """

    total: Floats
    units: Floats
    period: Floats
    dummy: Floats
    after: Floats
    cells: Floats

    def without(self, own: Sums) -> Sums:
        """These sums less those of single clusters; what rounding leaves becomes 0."""
        return Sums(*(_less(getattr(self, f), getattr(own, f)) for f in Sums.__annotations__))

    def column(self, at: int) -> Sums:
        """One replicate of them."""
        return Sums(*(getattr(self, f)[..., at : at + 1] for f in Sums.__annotations__))


def _less(whole: Floats, own: Floats) -> Floats:
    rest = whole - own
    rest[np.abs(rest) <= 1e-12 * np.abs(whole)] = 0
    return rest


@dataclass(frozen=True, eq=False)
class Cells:
    """P patterns of units over T periods, with K dummies beside unit and period effects.

    fit (P, T) cells that make the effects; asked (P, T) cells to impute; dummy (P, T) number of
    a dummy, -1 where none; begin (P,) index into `starts`; pattern (n,) of each unit of `panel`.
    """

    panel: Panel
    pattern: Ints
    fit: Flags
    asked: Flags
    dummy: Ints
    begin: Ints
    starts: Ints
    dummies: int = 0

    @property
    def groups(self) -> int:
        return self.panel.groups

    @property
    def smaller_arm(self) -> int:
        """The number of clusters in the smaller arm: with treated cells, or controls of them."""
        treated = self.asked | (self.fit & (self.dummy >= 0))
        compared = self.fit & (self.dummy < 0) & np.asarray(treated.any(0))
        arms = (np.asarray(arm.any(1))[self.pattern] for arm in (treated, compared))
        return min(np.unique(self.panel.cluster[arm]).size for arm in arms)

    def whole(self) -> Sums:
        return self._sums(np.zeros(self.panel.n, dtype=np.int64), 1)

    def each(self) -> Iterator[Sums]:
        """The sums of every single cluster in order, some clusters at a time."""
        for first in range(0, self.groups, CHUNK):
            width = min(CHUNK, self.groups - first)
            column = self.panel.cluster - first
            yield self._sums(column, width, (column >= 0) & (column < width))

    def _sums(self, column: Ints, width: int, inside: Flags | None = None) -> Sums:
        rows = np.arange(self.panel.n) if inside is None else np.nonzero(inside)[0]
        pattern, column = self.pattern[rows], column[rows]
        outcome = np.nan_to_num(self.panel.outcome[rows])
        fit, asked = self.fit[pattern], self.asked[pattern]
        begin = self.begin[pattern]
        shape = (len(self.fit), width)
        total, units = np.zeros(shape), np.zeros(shape)
        np.add.at(total, (pattern, column), (outcome * fit).sum(1))
        np.add.at(units, (pattern, column), 1.0)
        period = np.zeros((width, self.panel.length))
        np.add.at(period, column, outcome * fit)
        dummy = np.zeros((self.dummies, width))
        row, when = np.nonzero(fit & (self.dummy[pattern] >= 0))
        np.add.at(dummy, (self.dummy[pattern[row], when], column[row]), outcome[row, when])
        after = np.zeros((len(self.starts), width, self.panel.length))
        cells = np.zeros_like(after)
        np.add.at(after, (begin, column), outcome * asked)
        np.add.at(cells, (begin, column), asked.astype(float))
        swap = (0, 2, 1)
        return Sums(total, units, period.T, dummy, after.transpose(swap), cells.transpose(swap))


def untreated(panel: Panel, leads: int = 0) -> Cells | CannotSay:
    """Fit on cells not (yet) treated, impute the treated ones.

    All of them, as in Borusyak et al. 2024: no choice of controls.
    Units never seen untreated and periods with fewer than two clusters of controls are left out.
    `leads` > 0 adds dummies for that many steps before the start (number k - 1 for step -k).
    """
    seen = panel.seen
    free = seen & ~panel.treated
    kept = np.asarray(free.any(1))
    asked = seen & panel.treated & (_clusters(free, panel.cluster) >= 2)
    lead = _leads(panel, leads)
    short = _too_few(panel.pick(kept), asked[kept], free[kept])
    if short:
        return short
    return _grouped(panel.pick(kept), free[kept], asked[kept], lead[kept], leads)


def everything(panel: Panel, dummies: int = 1) -> Cells | CannotSay:
    """Fit on every observed cell, with a dummy for treatment (or none); nothing is imputed."""
    seen = panel.seen
    kept = np.asarray(seen.any(1))
    short = _too_few(panel.pick(kept), (seen & panel.treated)[kept], (seen & ~panel.treated)[kept])
    if short:
        return short
    dummy = np.where(panel.treated & (dummies > 0), 0, -1)
    none = np.zeros_like(seen)
    return _grouped(panel.pick(kept), seen[kept], none[kept], dummy[kept], dummies)


def _clusters(cells: Flags, cluster: Ints) -> Ints:
    """(T,): how many clusters have such a cell in each period."""
    some = np.zeros((int(cluster.max(initial=-1)) + 1, cells.shape[1]), dtype=bool)
    np.logical_or.at(some, cluster, cells)
    return np.asarray(some.sum(0), dtype=np.int64)


def _leads(panel: Panel, leads: int) -> Ints:
    """(n, T): k - 1 for the cells k = 1 … `leads` steps before the start, -1 elsewhere."""
    ahead = np.where(panel.never[:, None], 0, -panel.event_time)
    return np.where((ahead >= 1) & (ahead <= leads), ahead - 1, -1).astype(np.int64)


def _too_few(panel: Panel, asked: Flags, controls: Flags) -> CannotSay | None:
    """What is said with fewer than two treated clusters, or two of controls."""
    if not asked.any():
        return CannotSay(
            "no_overlap", "No treated cell has controls at the same time and a time before."
        )
    treated = len(np.unique(panel.cluster[asked.any(1)]))
    compared = controls[:, asked.any(0)].any(1)
    others = len(np.unique(panel.cluster[compared]))
    if treated < 2 or others < 2:
        return CannotSay(
            "too_few_clusters",
            f"{treated} treated and {others} control clusters: at least two of each are needed"
            " to tell an effect from what is particular to one.",
        )
    return None


def _grouped(
    panel: Panel, fit: Flags, asked: Flags, dummy: Ints, dummies: int
) -> Cells | CannotSay:
    starts, begin = np.unique(np.minimum(panel.start, panel.length), return_inverse=True)
    key = np.column_stack([begin, np.packbits(np.hstack([fit, asked]), axis=1)])
    _, first, pattern = np.unique(key, axis=0, return_index=True, return_inverse=True)
    found = Cells(
        panel,
        pattern.ravel(),
        fit[first],
        asked[first],
        dummy[first],
        begin[first],
        starts,
        dummies,
    )
    if not _connected(found.fit):
        return CannotSay(
            "not_connected",
            "Some periods share no untreated unit with the others: they cannot be compared.",
        )
    return found


def _connected(fit: Flags) -> bool:
    """Whether units link all fitted periods, so that period effects can be told from units'."""
    inside = fit.any(0)
    reached = np.zeros_like(inside)
    reached[np.argmax(inside)] = True
    while True:
        wider = fit[(fit & reached).any(1)].any(0) | reached
        if (wider == reached).all():
            return bool((reached == inside).all())
        reached = wider
