"""Running an estimator again on a changed panel, on fewer units where there are many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from steelyard.impact.panel import Flags, Panel
from steelyard.impact.result import CannotSay, Estimate
from steelyard.impact.study import Study

Run = Callable[[Panel], Estimate | CannotSay]

OWN_CLUSTERS = ("matched_did",)  # what it estimates may follow clusters: they are kept
FEW = 4
CELLS = 600_000  # a check's runs together; about a second
CELLS_WITH_GAPS = 150_000  # units with gaps cannot be added up by estimators


def value(found: Estimate | CannotSay) -> float | None:
    """The number that was found, or None."""
    return found.estimate if isinstance(found, Estimate) else None


def most_cells(panel: Panel) -> int:
    """How many cells a check's runs may see together."""
    return CELLS if bool(panel.seen.all()) else CELLS_WITH_GAPS


def lighter(panel: Panel, runs: int, kept: Flags | None = None) -> tuple[Panel, int]:
    """Every k-th unit, so that so many runs stay within the limit, and that k; `kept` ones stay.

    Units are taken by start, then by cluster, in the panel's own order: no draw is needed, and each
    start and cluster keeps its part.
    """
    every = -(-panel.n * panel.length * runs // most_cells(panel))
    if every <= 1:
        return panel, 1
    order = np.lexsort((panel.cluster, panel.start))
    chosen = np.zeros(panel.n, dtype=bool) if kept is None else kept.copy()
    chosen[order[::every]] = True
    return panel.pick(chosen), int(every)


def point(headline: Estimate, study: Study, run: Run) -> Callable[[Panel], float | None]:
    """The headline's number alone, without its uncertainty: much less work.

    Estimates do not depend on clusters, only their errors do; so a few arbitrary ones will do.
    """
    if headline.estimator == "synthetic_did":
        from steelyard.impact import synthetic

        return lambda panel: synthetic.point(panel, study)
    if headline.estimator in OWN_CLUSTERS:
        return lambda panel: value(run(panel))
    return lambda panel: value(run(grouped(panel, FEW)))


def grouped(panel: Panel, most: int) -> Panel:
    """Clusters put together until there are so many at most: leaving out groups of clusters is
    a jackknife as well (delete-a-group), and the work no longer grows with their number."""
    if panel.groups <= most:
        return panel
    codes, first = np.unique(panel.cluster, return_index=True)
    order = np.lexsort((codes, panel.start[first]))
    group = np.empty(len(codes), dtype=np.int64)
    group[order] = np.arange(len(codes)) % most
    merged = group[np.searchsorted(codes, panel.cluster)]
    names = tuple(f"group {g + 1}" for g in range(most))
    return replace(panel, cluster=merged, clusters=names, clustered=True)


def collapsed(panel: Panel) -> Panel:
    """Units of one cluster and start that were seen in the same periods, added up to one: ratios of
    sums, and so Poisson estimates, stay exactly what they are, at a fraction of the work."""
    pattern = np.packbits(panel.seen, axis=1)
    key = np.column_stack([panel.cluster, panel.start, pattern])
    _, first, code = np.unique(key, axis=0, return_index=True, return_inverse=True)
    outcome = np.zeros((len(first), panel.length))
    np.add.at(outcome, code.ravel(), np.nan_to_num(panel.outcome))
    return replace(
        panel.pick(first), outcome=np.where(panel.seen[first], outcome, np.nan), clustered=True
    )


def words(every: int) -> str:
    """How a panel was made lighter, as the end of a sentence."""
    ordinal = {2: "2nd", 3: "3rd"}.get(every, f"{every}th")
    return "" if every == 1 else f" (on every {ordinal} unit, to stay fast)"


def said(headline: Estimate, b: float) -> str:
    """A value of the headline's kind in words: "+12.3 %" or "-15.6"."""
    if headline.scale == "log":
        return f"{100 * np.expm1(b):+.1f} %"
    return f"{b:+.3g}"
