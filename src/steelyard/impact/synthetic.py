"""Synthetic difference-in-differences: a weighted mix of others stands in for few treated units.

The weights and their regularisation are those of diff-diff, which follows the authors' package.
Nothing here fills missing cells: a weight on a gap would be a guess.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.impact.inference import interval
from steelyard.impact.panel import Flags, Floats, Ints, Panel
from steelyard.impact.result import CannotSay, Estimate, level_estimate, log_estimate
from steelyard.impact.study import Study

NAME = "synthetic_did"
BEFORE_MIN = 4  # periods before the start: fewer leave nothing to choose weights by
DONORS = 60  # beyond so many the nearest are taken: a mix of thousands fits by chance
DRAWS = 60
MOST_BEYOND = 0.9  # share of placebos that may have less than the treated before the start


@dataclass(frozen=True, eq=False)
class Block:
    """Complete outcomes (units, T), controls first; `treated` of the rows start at `start`."""

    outcome: Floats
    treated: int
    start: int
    names: tuple[str, ...]
    left_out: int  # controls that were further away than the DONORS nearest

    @property
    def controls(self) -> int:
        return len(self.outcome) - self.treated


def did(panel: Panel, study: Study) -> Estimate | CannotSay:
    """Mean effect on the treated, in units of the outcome (durations: a log ratio).

    Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, American Economic Review 111(12). The
    standard error is that of placebos (their algorithm 4): with one treated unit every control
    takes its place once, otherwise as many controls as were treated are drawn DRAWS times.
    """
    block = read_block(panel, study)
    if isinstance(block, CannotSay):
        return block
    fitted = _fit(block.outcome, block.treated, block.start)
    b = float(fitted.att)
    orders = _orders(block, study.seed)
    placebos = np.array([_placebo(block.outcome[order], block, fitted) for order in orders])
    level, own = _levels(block, orders)
    sized = _grows_with_size(panel, study, float(np.mean(level < own)))
    if sized:
        placebos = np.asarray(placebos[level > 0] / level[level > 0] * own)
    se, dof = float(np.std(placebos)), block.controls - 1
    ci, p = interval(b, se, dof)
    words = _inference(block, dof, sized)
    if study.kind == "duration" or study.transform == "log1p":
        return log_estimate(NAME, b, se, ci, p, words)
    without = float(block.outcome[block.controls :, block.start :].mean()) - b
    return level_estimate(NAME, b, se, ci, p, words, without)


def point(panel: Panel, study: Study) -> float | None:
    """The estimate alone, without placebos; None where it cannot be said."""
    block = read_block(panel, study)
    if isinstance(block, CannotSay):
        return None
    return float(_fit(block.outcome, block.treated, block.start).att)


def weights(panel: Panel, study: Study, most: int = 10) -> list[dict[str, Any]]:
    """The leading donors, largest first: name and weight; empty where nothing can be said."""
    block = read_block(panel, study)
    if isinstance(block, CannotSay):
        return []
    given = _fit(block.outcome, block.treated, block.start).unit_weights
    found = sorted((-float(given[i]), block.names[i]) for i in range(block.controls))
    return [{"unit": name, "weight": -less} for less, name in found[:most] if less < 0]


def read_block(panel: Panel, study: Study) -> Block | CannotSay:
    """The complete block of outcomes that the method asks for; clusters are units of their own."""
    if len(panel.dates) != 1:
        told = "Nobody starts." if not len(panel.dates) else "There are several starting dates."
        return CannotSay("not_one_date", f"Synthetic controls need one starting date. {told}")
    outcome, treated = _rows(panel)
    if outcome is None:
        told = "Treated and untreated share a cluster: there is nothing whole to put together."
        return CannotSay("mixed_clusters", told)
    missing = int(np.isnan(outcome).sum())
    if missing:
        told = f"{missing:,} cells are missing, and synthetic controls need every one."
        return CannotSay("missing_cells", told)
    start, few = int(panel.dates[0]), int(treated.sum())
    if start < BEFORE_MIN:
        told = (
            f"{start} periods before the start are too few to find weights: {BEFORE_MIN} at least."
        )
        return CannotSay("no_baseline", told)
    if (~treated).sum() < max(few + 2, 5):
        told = f"{int((~treated).sum())} controls are too few to stand in for {few} treated."
        return CannotSay("too_few_clusters", told)
    return _block(outcome, treated, start, panel.clusters if panel.clustered else panel.units)


def _rows(panel: Panel) -> tuple[Floats | None, Flags]:
    """Units as they are, or the means of clusters where those were assigned."""
    treated = ~panel.never
    if not panel.clustered:
        return panel.outcome, treated
    share = np.bincount(panel.cluster, treated) / np.bincount(panel.cluster)
    if ((share > 0) & (share < 1)).any():
        return None, treated
    means = np.full((len(share), panel.length), np.nan)
    for t in range(panel.length):
        seen = panel.seen[:, t]
        count = np.bincount(panel.cluster[seen], minlength=len(share))
        total = np.bincount(panel.cluster[seen], panel.outcome[seen, t], len(share))
        np.divide(total, count, out=means[:, t], where=count > 0)
    return means, share == 1


def _block(outcome: Floats, treated: Flags, start: int, names: tuple[str, ...]) -> Block:
    """Controls first, in an order of what was observed, so that draws do not follow labels."""
    before = outcome[:, :start] - outcome[:, :start].mean(axis=1, keepdims=True)
    distance = ((before - before[treated].mean(axis=0)) ** 2).sum(axis=1)
    others = np.flatnonzero(~treated)
    near = others[np.lexsort((*outcome[others].T[::-1], distance[others]))][:DONORS]
    rows = np.concatenate([near, np.flatnonzero(treated)])
    return Block(
        outcome[rows],
        int(treated.sum()),
        start,
        tuple(names[i] for i in rows),
        len(others) - len(near),
    )


def _fit(outcome: Floats, treated: int, start: int, like: Any = None) -> Any:
    """diff-diff's fit; `like` an earlier one whose regularisation is kept. Rows are numbered."""
    import pandas as pd
    from diff_diff import SyntheticDiD

    n, length = outcome.shape
    table = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(n), length),
            "time": np.tile(np.arange(length), n),
            "outcome": outcome.ravel(),
            "treated": np.repeat((np.arange(n) >= n - treated).astype(int), length),
        }
    )
    zeta = {} if like is None else {"zeta_omega": like.zeta_omega, "zeta_lambda": like.zeta_lambda}
    model = SyntheticDiD(variance_method="jackknife", n_bootstrap=0, seed=0, **zeta)
    with warnings.catch_warnings():  # of its own standard error, which is not used
        warnings.simplefilter("ignore")
        after = list(range(start, length))
        return model.fit(table, "outcome", "treated", "unit", "time", post_periods=after)


def _orders(block: Block, seed: int) -> list[Ints]:
    """Orders of the controls whose last stand in the place of the treated, without any effect."""
    rows = np.arange(block.controls)
    if block.treated == 1:
        return [np.append(np.delete(rows, i), i) for i in rows]
    rng = np.random.default_rng(seed)
    return [rng.permutation(block.controls) for _ in range(DRAWS)]


def _levels(block: Block, orders: list[Ints]) -> tuple[Floats, float]:
    """Mean before the start of those in the treated's place, by placebo, and of the treated."""
    mean = block.outcome[:, : block.start].mean(axis=1)
    found = np.array([mean[order[-block.treated :]].mean() for order in orders])
    return found, float(mean[block.controls :].mean())


def _grows_with_size(panel: Panel, study: Study, beyond: float) -> bool:
    """Whether placebos must count in proportion to who stands in the treated's place.

    They must for numbers of things, whose chance grows with them, and for amounts where the treated
    had more before than nearly all placebos: judged by placebos as they are, 3 people chosen by
    ability had an effect in 25 % of simulated studies without any; in proportion, in 3 to 8 %.
    """
    seen = panel.outcome[panel.seen]
    if study.transform != "none" or np.any(seen < 0):
        return False
    if study.kind == "count":
        return bool(np.all(seen == np.round(seen)))
    return study.kind == "amount" and beyond > MOST_BEYOND


def _placebo(controls: Floats, block: Block, fitted: Any) -> float:
    return float(_fit(controls, block.treated, block.start, like=fitted).att)


def _inference(block: Block, dof: int, in_proportion: bool) -> str:
    how = f"{block.controls} placebos" if block.treated == 1 else f"{DRAWS} placebo draws"
    whom = f"the {block.controls} controls nearest before the start, of"
    whom = f"{whom} {block.controls + block.left_out:,}" if block.left_out else "all controls"
    how += " in proportion to what was counted before" if in_proportion else ""
    return f"{how} among {whom}, t({dof})"
