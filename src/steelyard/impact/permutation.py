"""Randomisation inference: what the estimate would have been under the other assignments.

Right at any number of clusters, whatever outcomes look like, if assignment was random (Fisher
1935; Wu and Ding 2021, J. of the American Statistical Association 116, on why studentised). For
units that chose for themselves it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from steelyard.impact.ancova import Units, by_unit, is_log, items, single_start, too_few, unit_mean
from steelyard.impact.assignment import Assignment
from steelyard.impact.inversion import Draws, from_sums, joined, not_rejected, share_as_far
from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.ratio import ratio
from steelyard.impact.regression import fit
from steelyard.impact.result import UNKNOWN, CannotSay, Estimate, level_estimate, log_estimate
from steelyard.impact.study import Study
from steelyard.impact.sums import Sums, less_growth, less_points, log_growth, ratio_change

DRAWS = 999
TASK_DRAWS = 9_999


def panel_p(
    panel: Panel,
    study: Study,
    estimate: Callable[[Panel], Estimate | CannotSay],
    draws: int = DRAWS,
    stratum: Ints | None = None,
) -> float | None:
    """The p of no effect on anyone, by re-drawing which clusters start when; None: cannot say.

    `estimate` is any estimator of a panel; those of FAST with one date are computed for all draws
    at once. `stratum` (G,) are codes of clusters within which starts were assigned.
    """
    found = estimate(panel)
    if isinstance(found, CannotSay):
        return None
    if found.estimator in FAST and len(panel.dates) == 1:
        fast = randomised(panel, study, found.estimator, draws, stratum)
        return None if isinstance(fast, CannotSay) else fast.p
    starts = _starts(panel)
    if starts is None:
        return None
    rng = np.random.default_rng(study.seed)
    places = _strata(len(starts), stratum)
    observed = _size(found)
    ratios = [observed]
    for _ in range(draws):
        drawn = starts.copy()
        for code in np.unique(places):
            drawn[places == code] = rng.permutation(starts[places == code])
        ratios.append(_size(estimate(panel.starting(drawn[panel.cluster]))))
    return share_as_far(np.array(ratios), 0)


def randomised(
    panel: Panel,
    study: Study,
    estimator: str = "poisson_did",
    draws: int = DRAWS,
    stratum: Ints | None = None,
) -> Estimate | CannotSay:
    """The estimate of poisson_did, ancova or ratio with one date, interval and p by permutation.

    The interval holds every constant effect (a ratio, or a difference) that is not rejected.
    """
    date = single_start(panel)
    if isinstance(date, CannotSay):
        return date
    starts = _starts(panel)
    if starts is None:
        return CannotSay("not_by_cluster", "Units of one cluster start on different dates.")
    treated = starts < panel.length
    short = too_few(~panel.never, panel.cluster)
    if short:
        return short
    assigned = Assignment(treated, _strata(len(starts), stratum))
    if assigned.count < 2:
        return CannotSay("one_assignment", "The design could not have been assigned otherwise.")
    if estimator not in FAST:
        return CannotSay("not_drawn", f"{estimator} has no quick way of drawing lots again.")
    return FAST[estimator](panel, study, assigned, draws)


def _starts(panel: Panel) -> Ints | None:
    """(G,) the start of each cluster; None where its units differ."""
    groups = int(panel.cluster.max()) + 1
    starts = np.full(groups, panel.length, dtype=np.int64)
    first = np.minimum(panel.start, panel.length)
    np.minimum.at(starts, panel.cluster, first)
    return starts if np.array_equal(starts[panel.cluster], first) else None


def _strata(groups: int, stratum: Ints | None) -> Ints:
    return np.zeros(groups, dtype=np.int64) if stratum is None else stratum


def _size(answer: Estimate | CannotSay) -> float:
    """|t|, or |estimate| where no error is known; what cannot be estimated counts as far out."""
    if isinstance(answer, CannotSay) or answer.estimate is None:
        return float("inf")
    return abs(answer.estimate) / (answer.se or 1.0)


def _words(assigned: Assignment, panel: Panel, draws: int) -> str:
    things = "clusters" if panel.clustered else "units"
    return f"permutation of {len(assigned.treated):,} {things}, {assigned.words(draws)}"


def _ancova(panel: Panel, study: Study, assigned: Assignment, draws: int) -> Estimate | CannotSay:
    units = by_unit(panel, study)
    if isinstance(units, CannotSay):
        return units
    under = regression_draws(units, units.cluster, assigned, draws, study.seed)
    design = np.column_stack([np.ones(len(units.after)), units.treated, units.known])
    plain = fit(design.astype(float), units.after) if _full(design) else None
    ci = not_rejected(under.p, float(under.b0[0]), _spread(under))
    words = _words(assigned, panel, draws)
    b, p = float(under.b0[0]), under.p()
    if is_log(study):
        return log_estimate("ancova", b, None, ci, p, words)
    without = None if plain is None else float(plain.coefficients[0])
    return _unset(level_estimate("ancova", b, None, ci, p, words, without))


def _full(design: Floats) -> bool:
    return bool(np.linalg.matrix_rank(design.astype(float)) == design.shape[1])


def _spread(under: Draws) -> float:
    """The observed standard error: where to look for the ends of the interval."""
    return float(np.sqrt(under.q00[under.observed]))


def regression_draws(
    rows: Units, place: Ints, assigned: Assignment, draws: int, seed: int
) -> Draws:
    """Draws of the coefficient of treatment given `known`, studentised by `cluster`.

    `place` (n,) says which assigned thing a row belongs to. Frisch, Waugh and Lovell: outcome and
    treatment are both freed of what was known, then only sums are needed.
    """
    known = np.column_stack([np.ones(len(rows.after)), rows.known])
    basis = np.linalg.svd(known, full_matrices=False)
    kept = basis.U[:, 1e-10 * basis.S.max() < basis.S]
    outcome = rows.after - kept @ (kept.T @ rows.after)
    on = rows.treated.astype(float)
    happened = on - kept @ (kept.T @ on)
    _, cluster = np.unique(rows.cluster, return_inverse=True)
    pieces = []
    for piece in assigned.drawn(draws, seed):
        given = piece[:, place].astype(float)
        given -= (given @ kept) @ kept.T
        sums = [_by_cluster(given * each, cluster) for each in (outcome, happened, given)]
        pieces.append(_ratios(*sums))
    return joined(pieces)


def _by_cluster(values: Floats, cluster: Ints) -> Floats:
    """(draws, n) to (draws, G): sums per cluster."""
    if int(cluster.max()) + 1 == len(cluster):
        return values
    order = np.argsort(cluster, kind="stable")
    first = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    return np.asarray(np.add.reduceat(values[:, order], first, axis=1))


def _ratios(by_outcome: Floats, by_happened: Floats, by_itself: Floats) -> Draws:
    whole = by_itself.sum(axis=1)
    whole = np.where(whole > 1e-12, whole, np.nan)
    b0, b1 = by_outcome.sum(axis=1) / whole, by_happened.sum(axis=1) / whole
    u0 = (by_outcome - b0[:, None] * by_itself) / whole[:, None]
    u1 = (by_happened - b1[:, None] * by_itself) / whole[:, None]
    return from_sums(b0, b1, u0, u1)


def _poisson(panel: Panel, study: Study, assigned: Assignment, draws: int) -> Estimate | CannotSay:
    """Where cells are missing, a unit's own mean before or after stands for them: then this is
    not quite the coefficient of the Poisson regression, and its words say so."""
    date = int(panel.dates[0])
    after = unit_mean(panel, slice(date, None)) * (panel.length - date)
    before = unit_mean(panel, slice(0, date)) * date
    columns = _per_cluster(panel, (after, before), ~np.isnan(after) & ~np.isnan(before))
    found = Sums(columns, _all(assigned, draws, study.seed), log_growth, less_growth)
    if not np.isfinite(found.b):
        return CannotSay("no_events", "An arm has nothing before or nothing after the start.")
    words = _words(assigned, panel, draws)
    words += "" if panel.seen.all() else "; missing cells are a unit's mean"
    ci = not_rejected(found.p, found.b, found.se)
    return log_estimate("poisson_did", found.b, None, ci, found.p(), words)


def _ratio(panel: Panel, study: Study, assigned: Assignment, draws: int) -> Estimate | CannotSay:
    plain = ratio(panel, study)
    if isinstance(plain, CannotSay):
        return plain
    date = int(panel.dates[0])
    parts = (*items(panel, slice(date, None)), *items(panel, slice(0, date)))
    columns = _per_cluster(panel, parts, np.ones(panel.n, dtype=bool))
    found = Sums(columns, _all(assigned, draws, study.seed), ratio_change, less_points)
    ci, words = not_rejected(found.p, found.b, found.se), _words(assigned, panel, draws)
    if is_log(study):
        return log_estimate("ratio", found.b, None, ci, found.p(), words)
    share = None
    if plain.estimate and plain.effect_pct is not None:
        share = 100 * plain.estimate / plain.effect_pct
    return _unset(level_estimate("ratio", found.b, None, ci, found.p(), words, share))


def _unset(level: Estimate) -> Estimate:
    """Without an interval in percent: the mean it is set against is uncertain too, and lots say
    nothing of that."""
    return replace(level, ci_pct=UNKNOWN)


def _per_cluster(panel: Panel, parts: tuple[Floats, ...], kept: Flags) -> Floats:
    """(G, c) sums over the units kept."""
    groups = int(panel.cluster.max()) + 1
    sums = [np.bincount(panel.cluster[kept], part[kept], groups) for part in parts]
    return np.column_stack(sums).astype(np.float64)


def _all(assigned: Assignment, draws: int, seed: int) -> Flags:
    return np.vstack(list(assigned.drawn(draws, seed)))


FAST: dict[str, Callable[[Panel, Study, Assignment, int], Estimate | CannotSay]] = {
    "ancova": _ancova,
    "poisson_did": _poisson,
    "ratio": _ratio,
}


def task_draws(
    rows: Units, block: Ints, in_clusters: bool, seed: int, draws: int = TASK_DRAWS
) -> tuple[Draws, str] | CannotSay:
    """Draws of a trial of tasks, re-assigned within blocks (whole clusters of them together)."""
    cluster = rows.cluster if in_clusters else np.arange(len(rows.after))
    _, first, place = np.unique(cluster, return_index=True, return_inverse=True)
    treated = rows.treated[first]
    if not np.array_equal(treated[place], rows.treated):
        return CannotSay("not_by_cluster", "Tasks of one cluster are in both arms.")
    assigned = Assignment(treated, block[first])
    if assigned.count < 2:
        return CannotSay("one_assignment", "The design could not have been assigned otherwise.")
    under = regression_draws(rows, place, assigned, draws, seed)
    words = f"permutation {assigned.words(draws)}"
    return under, words.replace("permutation all", "permutation, all")
