"""Checks of a trial of single tasks: alike before, not resting on one block or on few tasks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from steelyard.impact.checks.disagreement import apart
from steelyard.impact.checks.imbalance import conclude, omnibus
from steelyard.impact.checks.rerun import said, value
from steelyard.impact.methods import method
from steelyard.impact.panel import Flags, Trial
from steelyard.impact.result import Check, Estimate
from steelyard.impact.study import Study
from steelyard.impact.survival import ENDED

BLOCKS_MAX = 60
TOP = 0.01
FEW = 10


def every(trial: Trial, study: Study, headline: Estimate) -> list[Check]:
    """All checks of a trial's headline, in a fixed order."""
    return [
        imbalance(trial, study),
        leave_one_block_out(trial, study, headline),
        outliers(trial, study, headline),
        few_blocks(trial),
    ]


def picked(trial: Trial, tasks: Flags) -> Trial:
    """Only these tasks."""
    return replace(
        trial,
        outcome=trial.outcome[tasks],
        treated=trial.treated[tasks],
        block=trial.block[tasks],
        cluster=trial.cluster[tasks],
        covariates={name: each[tasks] for name, each in trial.covariates.items()},
        traits={name: each[tasks] for name, each in trial.traits.items()},
    )


def imbalance(trial: Trial, study: Study) -> Check:
    """Covariates known before the tasks, by side, within blocks (Hansen and Bowers 2008)."""
    known = {
        name: each
        for name, each in trial.covariates.items()
        if name not in ENDED and np.isfinite(each).all() and each.std() > 0
    }
    if not known:
        return Check("imbalance", "not_run", "Nothing is known of the tasks from before.")
    columns = np.column_stack(list(known.values()))
    block = trial.block if trial.blocked else np.zeros(trial.n, dtype=np.int64)
    return conclude(omnibus(columns, trial.treated, block, list(known), study.seed))


def leave_one_block_out(trial: Trial, study: Study, headline: Estimate) -> Check:
    """The estimate without each block (a developer, say)."""
    name = "leave_one_block_out"
    blocks = np.unique(trial.block)
    if not trial.blocked or not 2 < len(blocks) <= BLOCKS_MAX or headline.estimate is None:
        return Check(name, "not_run", "There are no blocks, or too many, to leave out in turn.")
    run = method(headline.estimator).run
    found = [(b, value(run(picked(trial, trial.block != b), study))) for b in blocks]
    kept = [(trial.blocks[b], v) for b, v in found if v is not None]
    if not kept:
        return Check(name, "not_run", "The estimate cannot be formed again on fewer tasks.")
    low, high = min(kept, key=lambda row: row[1]), max(kept, key=lambda row: row[1])
    flips = low[1] * headline.estimate < 0 or high[1] * headline.estimate < 0
    told = f"Without one block the estimate is between {said(headline, low[1])} (without {low[0]})"
    told = f"{told} and {said(headline, high[1])} (without {high[0]})"
    told += "; its sign hangs on one." if flips else "."
    rows = [{"block": block, "estimate": v} for block, v in kept]
    figures = {"low": low[1], "high": high[1], "sign_hangs": flips, "rows": rows}
    return Check(name, "warn" if flips else "ok", told, figures)


def outliers(trial: Trial, study: Study, headline: Estimate) -> Check:
    """The estimate without the top 1 % of tasks on either end."""
    count = max(1, round(TOP * trial.n))
    order = np.lexsort((np.arange(trial.n), trial.outcome))
    kept = np.ones(trial.n, dtype=bool)
    kept[order[-count:]] = False
    kept[order[:count]] = False
    found = method(headline.estimator).run(picked(trial, kept), study)
    if not isinstance(found, Estimate) or found.estimate is None or headline.estimate is None:
        return Check("outliers", "not_run", "The estimate cannot be formed without extremes.")
    told = f"Without the {2 * count} most extreme tasks the estimate is"
    told = f"{told} {said(headline, found.estimate)} ({said(headline, headline.estimate)} with all)"
    moved = headline.se is not None and abs(found.estimate - headline.estimate) > headline.se
    rests = moved or apart(headline, found)
    figures = {"without_extremes": found.estimate}
    told += "; the answer rests on few." if rests else "."
    return Check("outliers", "warn" if rests else "ok", told, figures)


def few_blocks(trial: Trial) -> Check:
    """How many blocks there are, and in how many of them tasks of one side only."""
    if not trial.blocked:
        return Check("few_blocks", "not_run", "Tasks were not assigned within blocks.")
    codes = np.unique(trial.block, return_inverse=True)[1]
    share = np.bincount(codes, trial.treated) / np.bincount(codes)
    single = int(((share == 0) | (share == 1)).sum())
    told = f"{len(share):,} blocks"
    told += f", {single:,} of them with tasks of one side only" if single else ""
    few = len(share) < FEW
    told += ": few to speak for others than these." if few else "."
    figures = {"blocks": len(share), "one_sided": single}
    return Check("few_blocks", "warn" if few or single else "ok", told, figures)
