"""Trials of single tasks, each given to treatment or control: the published analysis of such a
trial, and beside it the inference that few people and the drawing of lots call for.

Becker et al. 2025 (METR), arXiv:2507.09089. Only what was known before a task began is adjusted
for.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from steelyard.impact.ancova import Units, adjusted, arms_dof, standardised, too_few
from steelyard.impact.columns import bare
from steelyard.impact.inference import t_of
from steelyard.impact.inversion import not_rejected
from steelyard.impact.panel import Floats, Trial
from steelyard.impact.permutation import task_draws
from steelyard.impact.regression import (
    Fit,
    clustered,
    crv3,
    crv3_widened,
    fit,
    homoskedastic,
    independent,
    robust,
    told,
)
from steelyard.impact.result import UNKNOWN, CannotSay, Estimate, Note, level_estimate, log_estimate
from steelyard.impact.study import Study
from steelyard.impact.wild import wild

NORMAL_FROM = 200  # tasks; below it t and the normal differ in the second digit of an interval
WILD_UP_TO = 100  # people; the bootstrap is for few
WIDE = 10  # a duration whose largest is so many times its smallest is taken as a logarithm


def log_duration(trial: Trial, study: Study) -> Estimate | CannotSay:
    """Log time on treatment and what was known before: the ratio of times, with HC3.

    Normal from 200 tasks on (as published), else t(n - k); where treatment was assigned by
    cluster, a jackknife over clusters.
    """
    found = _fitted(trial, study)
    if isinstance(found, CannotSay):
        return found
    if trial.clustered:
        dof = arms_dof(trial.treated, trial.cluster)
        words = f"jackknife over {trial.groups} clusters, {t_of(dof)}"
        return told("log_duration", found, lambda each: crv3(each, trial.cluster), dof, words, True)
    dof, words = _reference(found)
    return told("log_duration", found, lambda each: robust(each, 2), dof, f"HC3, {words}", True)


def means(trial: Trial, study: Study) -> Estimate | CannotSay:
    """The difference of mean outcomes, adjusted within arms (Lin 2013), set against the mean
    there would have been without treatment."""
    return adjusted("task_means", _rows(trial, study), trial.clustered, study.kind == "duration")


def beside(trial: Trial, study: Study) -> list[Estimate]:
    """The same estimate under other inference: textbook, by person, and by drawing lots again.

    People are the clusters that were named, else the blocks.
    """
    found = _fitted(trial, study)
    if isinstance(found, CannotSay):
        return []
    name, without = _named(study, found)
    dof, words = _reference(found)
    others = [told(name, found, homoskedastic, dof, f"homoskedastic, {words}", without is None)]
    if trial.clustered or trial.blocked:
        others += _by_people(trial, study, name, found, without)
    lots = _by_lots(trial, study, name, found, without)
    return [*others, *([lots] if lots else [])]


def _by_people(
    trial: Trial, study: Study, name: str, found: Fit, without: float | None
) -> list[Estimate]:
    """CRV1, CRV3 and the wild bootstrap over those who did the tasks."""
    _, people = np.unique(trial.cluster if trial.clustered else trial.block, return_inverse=True)
    groups = int(people.max()) + 1
    if groups < 2:
        return []
    others = []
    for words, error in (("CRV1", clustered), ("CRV3", crv3_widened)):
        words += f" by {groups} clusters, {t_of(groups - 1)}"
        by_people = partial(error, cluster=people)
        others.append(told(name, found, by_people, groups - 1, words, without is None))
    if groups <= WILD_UP_TO:
        under, words = wild(found, people, study.seed)
        ci = not_rejected(under.p, found.b, clustered(found, people))
        others.append(_drawn(name, found.b, ci, under.p(), words, without))
    return others


def covariate_terms(trial: Trial, study: Study) -> tuple[Floats, tuple[str, ...], list[Note]]:
    """(m, p) columns known before, their names as used, and what was done to them.

    "log(x)" and "raw(x)" say it; else the covariates of a duration are taken as logarithms where
    they look like durations: all above 0, the largest over ten times the smallest, and no "log"
    in the name.
    """
    columns: list[Floats] = []
    names: list[str] = []
    notes: list[Note] = []
    for written in study.covariates:
        name = bare(written)
        values = trial.covariates.get(written, trial.covariates.get(name))
        if values is None or len(values) == 0:
            continue
        if written.startswith("log(") and float(values.min()) <= 0:
            notes.append(Note("covariate_not_logged", f"{name} has values of 0 or below."))
        elif written.startswith("log(") or _looks_like_duration(written, values, study):
            notes += [] if written.startswith("log(") else [_logged(name)]
            name, values = f"log({name})", np.log(values)
        columns.append(values)
        names.append(name)
    matrix = np.column_stack(columns) if columns else np.empty((trial.n, 0))
    return matrix, tuple(names), notes


def _logged(name: str) -> Note:
    words = f"{name} is positive and spans more than tenfold: its logarithm is used"
    return Note("covariate_logged", f"{words} (write raw({name}) to use it as it is).")


def _looks_like_duration(written: str, values: Floats, study: Study) -> bool:
    if study.kind != "duration" or written.startswith("raw(") or "log" in written.lower():
        return False
    low, high = float(values.min()), float(values.max())
    return low > 0 and high > WIDE * low


def _rows(trial: Trial, study: Study) -> Units:
    outcome = np.log(trial.outcome) if study.kind == "duration" else trial.outcome
    known = standardised(covariate_terms(trial, study)[0])
    return Units(outcome, known, trial.treated, trial.cluster, 0)


def _fitted(trial: Trial, study: Study) -> Fit | CannotSay:
    """Outcome (its logarithm where it is a duration) on 1, treatment and what was known."""
    if study.kind == "duration" and not bool(np.all(trial.outcome > 0)):
        return CannotSay("not_positive", "Some durations are 0 or below: they have no logarithm.")
    rows = _rows(trial, study)
    short = too_few(rows.treated, rows.cluster)
    if short:
        return short
    design = np.column_stack([np.ones(trial.n), rows.treated.astype(float), rows.known])
    found = fit(design[:, independent(design)], rows.after)
    if found.dof <= 0:
        return CannotSay("too_few_tasks", "There are no more tasks than covariates.")
    return found


def _named(study: Study, found: Fit) -> tuple[str, float | None]:
    """The estimator's name, and the mean without treatment where it is no ratio."""
    if study.kind == "duration":
        return "log_duration", None
    return "task_means", float(found.coefficients[0])


def _reference(found: Fit) -> tuple[float, str]:
    """Degrees of freedom, and the distribution in words."""
    if len(found.outcome) >= NORMAL_FROM:
        return float("inf"), "normal"
    return found.dof, t_of(found.dof)


def _by_lots(
    trial: Trial, study: Study, name: str, found: Fit, without: float | None
) -> Estimate | None:
    lots = task_draws(_rows(trial, study), trial.block, trial.clustered, study.seed)
    if isinstance(lots, CannotSay):
        return None
    under, words = lots
    ci = not_rejected(under.p, found.b, robust(found, 2))
    return _drawn(name, found.b, ci, under.p(), words, without)


def _drawn(
    name: str,
    b: float,
    ci: tuple[float | None, float | None],
    p: float,
    words: str,
    without: float | None,
) -> Estimate:
    if without is None:
        return log_estimate(name, b, None, ci, p, words)
    level = level_estimate(name, b, None, ci, p, words, without)
    return replace(level, ci_pct=UNKNOWN)  # the mean it is set against is uncertain too
