"""Placebo splits: studies that never took place, cut from weeks in which nobody was treated.

Who is called treated is drawn; what is observed keeps its serial correlation, its clusters and its
heavy tails, which formulas for power leave out. Windows, units and draws only; no power here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.result import CannotSay

Level = Literal["unit", "cluster"]
SEEN_SHARE = 0.75  # of the cells of each half, for a unit whose sums are scaled up to the whole
CELLS = 4_000_000  # random numbers at a time: bounds memory at thousands of units


@dataclass(frozen=True, eq=False)
class Halves:
    """Before and after (K, U) of every possible window and of every unit (or cluster)."""

    before: Floats
    after: Floats
    usable: Flags

    @property
    def most(self) -> int:
        """How many units the best window has."""
        return int(self.usable.sum(axis=1).max(initial=0))


@dataclass(frozen=True, eq=False)
class Splits:
    """Drawn studies (D, m): the first `treated` columns play treated, the others control."""

    before: Floats
    after: Floats
    treated: int
    replaced: bool  # drawn with replacement, because there are fewer units than asked


def halves(panel: Panel, before: int, after: int, means: bool, level: Level) -> Halves | CannotSay:
    """Sums (or means) per unit over every window of before + after periods without treatment.

    Sums of units with some cells missing are scaled up to the whole; units seen in less than
    three quarters of either half are left out, and so are means of nothing.
    """
    width = before + after
    if panel.length < width:
        return CannotSay(
            "baseline_too_short",
            f"The baseline has {panel.length} periods, a study of {before}+{after} needs"
            f" {width}: ask for fewer, or wait for {width - panel.length} more.",
        )
    seen = panel.seen & ~panel.treated
    weight = seen.astype(float)
    if means and panel.weight is not None:
        weight = np.where(seen, np.nan_to_num(panel.weight), 0.0)
    first = np.arange(panel.length - width + 1)
    cuts = (first, first + before, first + width)
    count = _sums(seen.astype(float), cuts)
    items = _sums(weight, cuts)
    total = _sums(np.where(seen, panel.outcome, 0.0) * weight, cuts)
    usable = _usable(panel, count, items, (before, after), means)
    sizes = (1.0, 1.0) if means else (float(before), float(after))
    each = [
        size * np.divide(t, n, out=np.zeros_like(t), where=n > 0)
        for t, n, size in zip(total, items, sizes, strict=True)
    ]
    found = Halves(each[0], each[1], usable)
    return _by_cluster(found, panel.cluster, means) if level == "cluster" else found


def _sums(values: Floats, cuts: tuple[Ints, Ints, Ints]) -> tuple[Floats, Floats]:
    """Sums over each half of each window, (K, n) twice."""
    run = np.zeros((values.shape[1] + 1, values.shape[0]))
    np.cumsum(values.T, axis=0, out=run[1:])
    first, middle, last = cuts
    return run[middle] - run[first], run[last] - run[middle]


def _usable(
    panel: Panel,
    count: tuple[Floats, Floats],
    items: tuple[Floats, Floats],
    width: tuple[int, int],
    means: bool,
) -> Flags:
    # Means of items (durations, shares) exist wherever there was one; sums need the weeks.
    least = (1, 1) if means and panel.weight is not None else tuple(SEEN_SHARE * w for w in width)
    enough = (count[0] >= least[0]) & (count[1] >= least[1])
    return np.asarray(enough & (items[0] > 0) & (items[1] > 0))


def _by_cluster(each: Halves, cluster: Ints, means: bool) -> Halves:
    """Clusters instead of units: sums of their units' sums, or means of their units' means."""
    member = np.zeros((len(cluster), int(cluster.max(initial=-1)) + 1))
    member[np.arange(len(cluster)), cluster] = 1.0
    size = each.usable @ member
    divisor = np.maximum(size, 1.0) if means else np.ones_like(size)
    sums = [(np.where(each.usable, half, 0.0) @ member) / divisor for half in _pair(each)]
    return Halves(sums[0], sums[1], size > 0)


def _pair(each: Halves) -> tuple[Floats, Floats]:
    return each.before, each.after


def draw(
    found: Halves, treated: int, control: int, draws: int, rng: np.random.Generator
) -> Splits | CannotSay:
    """So many studies: a window each, and in it units without replacement where they suffice."""
    asked = treated + control
    counts = found.usable.sum(axis=1)
    if found.most < 4:
        return CannotSay(
            "too_few_units",
            f"No window has four units without treatment (the best has {found.most}).",
        )
    replaced = found.most < asked
    windows = np.flatnonzero(counts >= min(asked, found.most))
    window = rng.choice(windows, size=draws)
    pick = _with_replacement if replaced else _without_replacement
    rows = max(1, CELLS // found.usable.shape[1])
    parts = [pick(found.usable, part, asked, rng) for part in _chunks(window, rows)]
    unit = np.concatenate(parts)
    at = window[:, None]
    return Splits(found.before[at, unit], found.after[at, unit], treated, replaced)


def _chunks(window: Ints, rows: int) -> list[Ints]:
    return [window[i : i + rows] for i in range(0, len(window), rows)]


def _without_replacement(usable: Flags, window: Ints, asked: int, rng: np.random.Generator) -> Ints:
    """(D, asked) units: those with the smallest random keys, in the order of their keys."""
    keys = rng.random((len(window), usable.shape[1]), dtype=np.float32)
    keys[~usable[window]] = np.inf
    best = np.argpartition(keys, asked - 1, axis=1)[:, :asked]
    order = np.argsort(np.take_along_axis(keys, best, axis=1), axis=1)
    return np.take_along_axis(best, order, axis=1)


def _with_replacement(usable: Flags, window: Ints, asked: int, rng: np.random.Generator) -> Ints:
    first = np.argsort(~usable, axis=1, kind="stable")  # usable units lead each row
    count = usable.sum(axis=1)[window]
    place = np.floor(rng.random((len(window), asked)) * count[:, None]).astype(np.int64)
    return np.asarray(first[window[:, None], place])
