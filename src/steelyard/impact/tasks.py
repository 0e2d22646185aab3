"""The analysis of a trial of single tasks: each was given to treatment or control by lot."""

from __future__ import annotations

from steelyard.impact import verdict
from steelyard.impact.checks.tasks import every
from steelyard.impact.design import settle_trial
from steelyard.impact.methods import Method, method
from steelyard.impact.panel import Trial
from steelyard.impact.power import after
from steelyard.impact.result import Analysis, CannotSay, Estimate, Note
from steelyard.impact.study import Study
from steelyard.impact.survival import ENDED
from steelyard.impact.trial import beside as others
from steelyard.impact.trial import covariate_terms


def analyze_trial(trial: Trial, study: Study) -> Analysis:
    """Headline by least squares as in the published trial; other inference stands beside it."""
    lead = _lead(study)
    found: Estimate | CannotSay = _censored(trial, lead) or lead.run(trial, study)
    survives = lead.name == "survival"
    notes = [*trial.notes, *([] if survives else covariate_terms(trial, study)[2])]
    if (reason := settle_trial(trial, study)) is not None:
        return _without(trial, study, reason, found, notes)
    if isinstance(found, CannotSay):
        return _without(trial, study, found, found, notes)
    power = after(found)
    return Analysis(
        design="rct",
        estimand=_estimand(study, found),
        n=_counts(trial),
        headline=found,
        beside=[] if survives else others(trial, study),
        diagnostics=(),
        verdict=verdict.conclude("rct", found, study, power, trial.n),
        power=power,
        checks=every(trial, study, found),
        warnings=notes,
    )


def _censored(trial: Trial, lead: Method) -> CannotSay | None:
    """Tasks that have not ended are no finished ones: their time so far is a floor."""
    flag = next((name for name in ENDED if name in trial.covariates), None)
    if flag is None or lead.name == "survival":
        return None
    return CannotSay(
        "censored",
        f"{flag} says which tasks have ended; taking the others as finished would shorten them."
        " --estimator survival reads them as what they are.",
    )


def _lead(study: Study) -> Method:
    name = study.estimator or ("log_duration" if study.kind == "duration" else "task_means")
    found = method(name)
    found.check(for_tasks=True)
    return found


def _estimand(study: Study, found: Estimate) -> str:
    if found.scale == "log":
        return f"Ratio of {study.outcome} of tasks with treatment to the same tasks without it"
    return f"Difference of {study.outcome} of tasks with treatment from the same without it"


def _counts(trial: Trial) -> dict[str, int | None]:
    return {
        "units": trial.n,
        "clusters": len(trial.blocks) if trial.blocked else trial.groups,
        "periods": None,
        "treated": int(trial.treated.sum()),
    }


def _without(
    trial: Trial,
    study: Study,
    reason: CannotSay,
    found: Estimate | CannotSay,
    notes: list[Note],
) -> Analysis:
    """No headline: where only the lots are missing, the association is shown as a diagnostic."""
    association = reason.code == "association"
    conclude = verdict.not_identified if association else verdict.refuse
    shown = [found] if association and isinstance(found, Estimate) else []
    return Analysis(
        design="none",
        estimand=f"None: the effect on {study.outcome} is not identified.",
        n=_counts(trial),
        headline=None,
        beside=(),
        diagnostics=shown,
        verdict=conclude(reason),
        power={"mde_pct": None, "power_at": {}},
        checks=(),
        warnings=notes,
    )
