"""How soon something ends (a merge, the life of a line) where some of it has not ended yet.

What has not ended by today is censored there: it is neither dropped nor taken as surviving. A task
without a word on whether it ended is never guessed to have.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from steelyard.impact.inference import interval, jackknife
from steelyard.impact.panel import Flags, Floats, Ints, Trial
from steelyard.impact.result import CannotSay, Estimate, log_estimate
from steelyard.impact.study import Study

if TYPE_CHECKING:
    import pandas as pd

NAME = "survival"
ENDED = ("event", "ended")  # the covariate or trait that says 1 = it ended, 0 = not yet
JACKKNIFE_MAX = 60  # clusters; with more, the sandwich is as good and the refits too many
DRAWS = 200
ROWS = 200  # of a curve, at most


def cox(trial: Trial, study: Study) -> Estimate | CannotSay:
    """The log hazard ratio of treatment; above 0: it ends sooner. Ties by Efron's method.

    Cox 1972, J. Royal Statistical Society B 34(2). Tasks assigned within blocks are compared within
    them (strata). Errors over few clusters by jackknife, else by the sandwich of Lin and Wei 1989,
    JASA 84, times G/(G-1); t(G-1) either way.
    """
    table = _table(trial)
    if isinstance(table, CannotSay):
        return table
    from lifelines.exceptions import ConvergenceError

    try:
        return _estimate(trial, table)
    except ConvergenceError:
        told = "The regression does not settle: treatment or a covariate decides all by itself."
        return CannotSay("no_convergence", f"{told} Leave covariates out, or wait for more ends.")


def _estimate(trial: Trial, table: pd.DataFrame) -> Estimate:
    codes = np.unique(table.pop("cluster"), return_inverse=True)[1]
    groups, whole = int(codes.max()) + 1, _fit(table, trial.blocked, codes)
    b, dof = float(whole.params_["treated"]), groups - 1
    if trial.clustered and groups <= JACKKNIFE_MAX:
        left_out = [_without(table, trial.blocked, codes != g, whole) for g in range(groups)]
        se, inference = jackknife(left_out, b), f"jackknife over {groups} clusters, t({dof})"
    else:
        robust = float(whole.standard_errors_["treated"])
        se = robust * float(np.sqrt(groups / dof))
        inference = f"robust (Lin-Wei) over {groups:,} {_whom(trial)}, t({dof})"
    ci, p = interval(b, se, dof)
    return log_estimate(NAME, b, se, ci, p, inference)


def _whom(trial: Trial) -> str:
    return "clusters" if trial.clustered else "tasks"


def _table(trial: Trial) -> pd.DataFrame | CannotSay:
    import pandas as pd

    ended = ended_flags(trial)
    if ended is None:
        told = "Nothing says which tasks had ended: those still open would be taken as done."
        return CannotSay("no_event", f"{told} A covariate called event (1 or 0) says it.")
    arms = [ended[trial.treated].sum(), ended[~trial.treated].sum()]
    if min(arms) < 1:
        return CannotSay("too_few_events", "On one side nothing has ended yet: no rate to compare.")
    for arm in (trial.treated, ~trial.treated):
        if len(np.unique(trial.cluster[arm])) < 2:
            return CannotSay("too_few_clusters", "Fewer than two clusters on one side.")
    columns: dict[str, Any] = {
        "duration": trial.outcome,
        "ended": ended.astype(int),
        "treated": trial.treated.astype(float),
        "block": trial.block,
    }
    known = {name: each for name, each in trial.covariates.items() if name not in ENDED}
    columns |= {f"known_{name}": known[name] for name in sorted(known)}
    # lifelines' robust error depends on the order of tied rows: one order, then
    order = np.lexsort((trial.cluster, *reversed(list(columns.values()))))
    return pd.DataFrame(columns | {"cluster": trial.cluster}).iloc[order].reset_index(drop=True)


def ended_flags(trial: Trial) -> Flags | None:
    """Which tasks had ended, from the covariate or trait that says so; None where none does."""
    for name in ENDED:
        if name in trial.covariates:
            return np.asarray(trial.covariates[name] > 0)
        if name in trial.traits:
            return np.isin(np.char.lower(trial.traits[name]), ["1", "1.0", "true", "yes"])
    return None


def _fit(table: pd.DataFrame, blocked: bool, codes: Ints | None, start: Any = None) -> Any:
    """lifelines' Cox regression; robust over `codes` where they are given."""
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    told = table if codes is None else table.assign(cluster=codes)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.filterwarnings("ignore", ".*very low variance", ConvergenceWarning)
        try:
            return CoxPHFitter().fit(
                told if blocked else told.drop(columns="block"),
                "duration",
                "ended",
                strata=["block"] if blocked else None,
                cluster_col=None if codes is None else "cluster",
                initial_point=start,
            )
        except ConvergenceWarning as warning:
            raise ConvergenceError(str(warning), warning) from warning


def _without(table: pd.DataFrame, blocked: bool, kept: Flags, whole: Any) -> float:
    start = whole.params_.to_numpy()
    return float(_fit(table[kept], blocked, None, start).params_["treated"])


@dataclass(frozen=True, eq=False)
class _Tasks:
    """Tasks from the longest to the shortest, and where the distinct times end among them."""

    ended: Floats
    cluster: Ints
    times: Floats  # distinct, rising
    last: Ints  # index, among the falling durations, of the last task at or above each time


def kaplan_meier(
    durations: ArrayLike, ended: ArrayLike, cluster: ArrayLike, seed: int = 20261122
) -> list[dict[str, Any]]:
    """The share not yet ended by time: rows of time, at_risk, share, low, high (95 %, pointwise).

    Kaplan and Meier 1958, JASA 53. Bands by drawing whole clusters (developers) again, DRAWS times;
    None with fewer than two. Rows are thinned to ROWS; the last time is always among them.
    """
    tasks = _sorted(np.asarray(durations, float), np.asarray(ended, bool), np.asarray(cluster))
    if not len(tasks.times):
        return []
    share, at_risk = _curve(tasks, np.ones(len(tasks.ended)))
    groups = int(tasks.cluster.max()) + 1
    low, high = _bands(tasks, groups, seed) if groups > 1 else (None, None)
    return [
        {
            "time": float(tasks.times[i]),
            "at_risk": int(at_risk[i]),
            "share": float(share[i]),
            "low": None if low is None else float(low[i]),
            "high": None if high is None else float(high[i]),
        }
        for i in _thinned(len(tasks.times))
    ]


def _thinned(length: int) -> Sequence[int]:
    if length <= ROWS:
        return range(length)
    return [int(i) for i in np.unique(np.linspace(0, length - 1, ROWS).round())]


def _sorted(durations: Floats, ended: Flags, cluster: Any) -> _Tasks:
    codes = np.unique(cluster, return_inverse=True)[1]
    order = np.lexsort((codes, ended, -durations))
    falling = durations[order]
    times = np.unique(durations)
    last = np.searchsorted(-falling, -times, side="right") - 1
    return _Tasks(ended[order].astype(float), codes[order].astype(np.int64), times, last)


def _curve(tasks: _Tasks, weight: Floats) -> tuple[Floats, Floats]:
    """Share not ended after each time, and the weight at risk just before it."""
    at_risk = np.cumsum(weight)[tasks.last]
    died_from = np.cumsum(weight * tasks.ended)[tasks.last]  # at or after each time
    died = died_from - np.append(died_from[1:], 0.0)
    hazard = np.divide(died, at_risk, out=np.zeros_like(died), where=at_risk > 0)
    return np.cumprod(1 - np.minimum(hazard, 1)), at_risk


def _bands(tasks: _Tasks, groups: int, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(groups, np.full(groups, 1 / groups), DRAWS)
    curves = [_curve(tasks, times[tasks.cluster].astype(float))[0] for times in drawn]
    low, high = np.quantile(np.array(curves), [0.025, 0.975], axis=0)
    return low, high
