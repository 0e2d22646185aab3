"""Running an estimator again on a changed panel, on fewer units where there are many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from steelyard.impact.panel import Flags, Panel
from steelyard.impact.result import CannotSay, Estimate

Run = Callable[[Panel], Estimate | CannotSay]

CELLS = 600_000  # a check's runs together; about a second


def value(found: Estimate | CannotSay) -> float | None:
    """The number that was found, or None."""
    return found.estimate if isinstance(found, Estimate) else None


def lighter(panel: Panel, runs: int, kept: Flags | None = None) -> tuple[Panel, int]:
    """Every k-th unit, so that so many runs stay within CELLS, and that k; `kept` ones stay.

    Units are taken by start, then by cluster, in the panel's own order: no draw is needed, and each
    start and cluster keeps its part.
    """
    every = -(-panel.n * panel.length * runs // CELLS)
    if every <= 1:
        return panel, 1
    order = np.lexsort((panel.cluster, panel.start))
    chosen = np.zeros(panel.n, dtype=bool) if kept is None else kept.copy()
    chosen[order[::every]] = True
    return panel.pick(chosen), int(every)


def words(every: int) -> str:
    """How a panel was made lighter, as the end of a sentence."""
    ordinal = {2: "2nd", 3: "3rd"}.get(every, f"{every}th")
    return "" if every == 1 else f" (on every {ordinal} unit, to stay fast)"


def collapsed(panel: Panel) -> Panel:
    """Units of one cluster and start added up to one: for ratios of complete panels the same sums,
    so the same estimates, at a fraction of the work."""
    pairs, code = np.unique(
        np.column_stack([panel.cluster, panel.start]), axis=0, return_inverse=True
    )
    code = code.ravel()
    outcome = np.zeros((len(pairs), panel.length))
    np.add.at(outcome, code, panel.outcome)
    names = tuple(panel.clusters[cluster] for cluster in pairs[:, 0])
    return replace(
        panel,
        outcome=outcome,
        start=pairs[:, 1],
        cluster=pairs[:, 0],
        units=names,
        clustered=True,
        weight=None,
        covariates={},
        traits={},
    )


def said(headline: Estimate, b: float) -> str:
    """A value of the headline's kind in words: "+12.3 %" or "-15.6"."""
    if headline.scale == "log":
        return f"{100 * np.expm1(b):+.1f} %"
    return f"{b:+.3g}"
