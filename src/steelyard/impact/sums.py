"""Estimates that need only sums per cluster, under every draw of which clusters were treated.

The ratio of after to before and the change of a ratio of sums are both functions of an arm's
totals, so that all draws are a few products of matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steelyard.impact.inversion import share_as_far
from steelyard.impact.panel import Flags, Floats

Value = Callable[[Floats], tuple[Floats, Floats]]
Shift = Callable[[Floats, float], Floats]


@dataclass(frozen=True, eq=False)
class Sums:
    """columns (G, c): totals of clusters; drawn (draws, G): which were treated, as it happened
    first; value: an arm's (draws, c) totals to its (draws,) value and (draws, c) gradient; shift:
    columns as they would have been with an effect taken away."""

    columns: Floats
    drawn: Flags
    value: Value
    shift: Shift

    @property
    def b(self) -> float:
        return float(self._draws(self.columns, self.drawn[:1])[0][0])

    @property
    def se(self) -> float:
        """By the delta method: where to look for the ends of the interval."""
        return float(np.sqrt(max(self._draws(self.columns, self.drawn[:1])[1][0], 0.0)))

    def p(self, null: float = 0.0) -> float:
        """The p of the effect `null` on everyone: treated clusters lose it, then are re-drawn."""
        without = np.where(self.drawn[0][:, None], self.shift(self.columns, null), self.columns)
        b, variance = self._draws(without, self.drawn)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.nan_to_num(np.abs(b) / np.sqrt(variance), nan=np.inf, posinf=np.inf)
        return share_as_far(ratio, 0)

    def _draws(self, columns: Floats, drawn: Flags) -> tuple[Floats, Floats]:
        """(draws,) differences of the arms' values, and their variances over clusters."""
        width = columns.shape[1]
        products = (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), -1)
        both = np.hstack([columns, products])
        treated = drawn.astype(float) @ both
        b, variance = np.zeros(len(drawn)), np.zeros(len(drawn))
        for totals, sign in ((treated, 1), (both.sum(axis=0) - treated, -1)):
            with np.errstate(divide="ignore", invalid="ignore"):
                value, gradient = self.value(totals[:, :width])
                crossed = totals[:, width:].reshape(-1, width, width)
                b += sign * value
                variance += np.einsum("di,dij,dj->d", gradient, crossed, gradient)
        return b, variance


def log_growth(totals: Floats) -> tuple[Floats, Floats]:
    """The logarithm of after (0) over before (1)."""
    after, before = totals.T
    return np.log(after / before), np.column_stack([1 / after, -1 / before])


def less_growth(columns: Floats, null: float) -> Floats:
    return np.asarray(columns * np.array([np.exp(-null), 1.0]))


def ratio_change(totals: Floats) -> tuple[Floats, Floats]:
    """Having over items after (0, 1) less the same before (2, 3), which counts as 0 of nothing."""
    having, items, had, were = totals.T
    some = np.where(were > 0, were, 1.0)
    old = np.where(were > 0, had / some, 0.0)
    gradient = (1 / items, -having / items**2, -np.sign(were) / some, old / some)
    return having / items - old, np.column_stack(gradient)


def less_points(columns: Floats, null: float) -> Floats:
    lost = np.zeros_like(columns)
    lost[:, 0] = null * columns[:, 1]
    return np.asarray(columns - lost)
