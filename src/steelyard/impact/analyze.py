"""One analysis, whole: design, headline and what stands beside it, checks, power, verdict.

Nothing is computed here: this puts together what the other modules say, in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from steelyard.impact import verdict
from steelyard.impact.choose import Choice, choose
from steelyard.impact.design import Settled, arms, settle
from steelyard.impact.looks import at_this_look
from steelyard.impact.methods import Method, method
from steelyard.impact.panel import Panel, Trial
from steelyard.impact.result import (
    Analysis,
    CannotSay,
    Check,
    Estimate,
    EventStudy,
    Note,
    Verdict,
)
from steelyard.impact.series import CAUTION
from steelyard.impact.study import Design, Study

LOG1P = Note(
    "log1p",
    "A change of log(1 + y) is no percentage of y: it weighs units with little most, and can turn"
    " the sign. It stands beside the ratio, never in its place.",
)
Run = Callable[[Panel], Estimate | CannotSay]


def analyze(observed: Panel | Trial, study: Study, pictures: bool = True) -> Analysis:
    """Everything that can be said of a panel or a trial. Never raises for what cannot be said.

    Without `pictures`, the rows of charts are left out: they take a fourth of the time.
    """
    if isinstance(observed, Trial):
        from steelyard.impact.tasks import analyze_trial

        return analyze_trial(observed, study)
    settled = settle(observed, study)
    if isinstance(settled, CannotSay):
        return _refused(observed, study, settled)
    settled, imbalance = _balanced(settled, study)
    choice = choose(settled.panel, study, settled.design)
    return _analyze(settled, study, choice, imbalance, pictures)


def _balanced(settled: Settled, study: Study) -> tuple[Settled, list[Check]]:
    """A draw by lot whose sides differ beyond chance before the start is not taken for one."""
    from steelyard.impact.checks.imbalance import imbalance

    if settled.design != "rct":
        return settled, []
    check = imbalance(settled.panel, study)
    if check.status != "fail":
        return settled, [check]
    told = "Said was rct, but the sides differed before the start by more than a draw gives:"
    note = Note("design_lowered", f"{told} analysed as volunteers.")
    return replace(settled, design="volunteers", notes=(*settled.notes, note)), [check]


def _analyze(
    settled: Settled, study: Study, choice: Choice, first: list[Check], pictures: bool
) -> Analysis:
    panel, design = settled.panel, settled.design
    asked, study = study, replace(study, transform="none")
    notes = [*panel.notes, *settled.notes, *choice.notes]
    head = _headline(panel, study, choice)
    alpha = verdict.ALPHA
    power = _power(head)
    if isinstance(head, Estimate):
        head, alpha = at_this_look(head, study, panel)
    beside, unable = _run_all(choice.beside, panel, study)
    if asked.transform == "log1p" and design != "once":
        beside += _logged(panel, asked, design)
        notes.append(LOG1P)
    diagnostics, more = _run_all(choice.diagnostics, panel, study)
    notes += [*unable, *more, *_warned(choice.diagnostics)]
    if design == "once":
        notes.append(CAUTION)
    beside += _drawn(panel, study, design, choice)
    events = _event_study(panel, study, design)
    if isinstance(events, EventStudy):
        diagnostics += _points(events)
    answer = _verdict(settled, study, head, power, alpha)
    headline = head if isinstance(head, Estimate) else None
    checks = [*first, *_checks(settled, study, choice, headline, [*beside, *diagnostics], events)]
    return Analysis(
        design=design,
        estimand=estimand(study, headline),
        n=counts(panel),
        headline=headline,
        beside=beside,
        diagnostics=diagnostics,
        verdict=answer,
        power=power,
        checks=checks,
        warnings=_distinct(notes),
        pictures=_pictures(settled, study, events, headline) if pictures else {},
    )


def _headline(panel: Panel, study: Study, choice: Choice) -> Estimate | CannotSay | None:
    if choice.headline is None:
        return None
    treated, controls = arms(panel)
    if min(treated, controls) < 2 and choice.headline.name != "synthetic_did":
        return CannotSay(
            "too_few_clusters",
            f"Treatment starts in {treated} and is absent in {controls}"
            f" {study.cluster or study.unit}s that can be told apart: with one on a side, whatever"
            " else happened there cannot be told from the treatment.",
        )
    found: Estimate | CannotSay = choice.headline.run(panel, study)
    return found


def _run_all(
    methods: Iterable[Method], panel: Panel, study: Study
) -> tuple[list[Estimate], list[Note]]:
    """Estimates in their order; what cannot be said becomes a note."""
    estimates, notes = [], []
    for each in methods:
        found = each.run(panel, study)
        if isinstance(found, Estimate):
            estimates.append(found)
        else:
            notes.append(Note(f"{each.name}_unable", f"{each.title}: {found.message}"))
    return estimates, notes


def _logged(panel: Panel, study: Study, design: Design) -> list[Estimate]:
    """The mean of log(1 + y), beside the headline and never in its place."""
    found = method("ancova" if design == "rct" else "imputation").run(panel, study)
    if not isinstance(found, Estimate):
        return []
    return [replace(found, estimator=f"{found.estimator}_log1p")]


def _warned(methods: Iterable[Method]) -> list[Note]:
    return [Note(f"{each.name}_is_diagnostic", each.warning) for each in methods if each.warning]


def _drawn(panel: Panel, study: Study, design: Design, choice: Choice) -> list[Estimate]:
    """The same estimate with a p by drawing the lots again, where lots were drawn."""
    from steelyard.impact.permutation import randomised

    if design != "rct" or choice.headline is None:
        return []
    found = randomised(panel, study, choice.headline.name)
    return [found] if isinstance(found, Estimate) else []


def _event_study(panel: Panel, study: Study, design: Design) -> EventStudy | CannotSay:
    from steelyard.impact import callaway, imputation, poisson

    if design == "once":
        return CannotSay("all_at_once", "Without controls there is no event study.")
    if study.kind == "count":
        return poisson.event_study(panel, study)
    if len(panel.dates) > 1 and design == "waves":
        return callaway.event_study(panel, study)
    return imputation.event_study(panel, study)


def _points(events: EventStudy) -> list[Estimate]:
    """An event study as one estimate a step, e.g. "callaway_santanna[-2]"."""
    from steelyard.impact.events import points

    return points(events)


def _power(head: Estimate | CannotSay | None) -> dict[str, Any]:
    from steelyard.impact.power import after

    if not isinstance(head, Estimate):
        return {"mde_pct": None, "power_at": {}}
    return after(head)


def _verdict(
    settled: Settled,
    study: Study,
    head: Estimate | CannotSay | None,
    power: Mapping[str, Any],
    alpha: float,
) -> Verdict:
    if head is None:
        return verdict.not_identified(verdict.ALL_AT_ONCE)
    if isinstance(head, CannotSay):
        return verdict.refuse(head)
    return verdict.conclude(settled.design, head, study, power, settled.panel.n, alpha)


def _checks(
    settled: Settled,
    study: Study,
    choice: Choice,
    headline: Estimate | None,
    others: Sequence[Estimate],
    events: EventStudy | CannotSay,
) -> list[Check]:
    from steelyard.impact import checks
    from steelyard.impact.checks.disagreement import disagreement

    panel, design = settled.panel, settled.design
    lead = choice.headline
    if headline is None or lead is None:
        return checks.without_headline(panel, study, design)
    run: Run = lambda other: lead.run(other, study)  # noqa: E731
    found = events if isinstance(events, EventStudy) else None
    done = checks.every(panel, study, design, headline, run, found)
    done.append(disagreement(headline, [each for each in others if "[" not in each.estimator]))
    if design == "volunteers":
        from steelyard.impact.sensitivity import bound

        done += bound(panel, study, headline, found)
    return done


def _pictures(
    settled: Settled, study: Study, events: EventStudy | CannotSay, headline: Estimate | None
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    from steelyard.impact.pictures import pictures

    return pictures(settled, study, events, headline)


def unsure(
    panel: Panel, study: Study
) -> tuple[Estimate | CannotSay, EventStudy | CannotSay, list[Check]]:
    """The headline of an analysis, an event study whose last step before the start is at 0, and
    what would have to be wrong for the answer to change; without the rest of it."""
    from steelyard.impact.sensitivity import bound

    settled = settle(panel, study)
    if isinstance(settled, CannotSay):
        return settled, settled, []
    panel = settled.panel
    head = _headline(panel, study, choose(panel, study, settled.design))
    events = _from_reference(panel, study, settled.design)
    if not isinstance(head, Estimate):
        return head or verdict.ALL_AT_ONCE, events, []
    known = events if isinstance(events, EventStudy) else None
    return head, events, bound(panel, study, head, known)


def _from_reference(panel: Panel, study: Study, design: Design) -> EventStudy | CannotSay:
    """Bends need one step that all others are measured from; leads of imputation have none."""
    from steelyard.impact import callaway
    from steelyard.impact.blocks import blocks
    from steelyard.impact.matched import transformed
    from steelyard.impact.partners import paired

    if design == "volunteers":
        changed = transformed(panel, study)
        found = paired(changed, study)
        if isinstance(found, CannotSay) or found.refusal:
            return found if isinstance(found, CannotSay) else found.refusal or verdict.ALL_AT_ONCE
        over_time = blocks(changed, study, found)
        return over_time if isinstance(over_time, CannotSay) else over_time.events
    if design == "once":
        return verdict.ALL_AT_ONCE
    return callaway.event_study(panel, study)


def counts(panel: Panel) -> dict[str, int | None]:
    """How much was observed: units, clusters, periods, treated units."""
    return {
        "units": panel.n,
        "clusters": panel.groups,
        "periods": panel.length,
        "treated": int((~panel.never).sum()),
    }


def estimand(study: Study, headline: Estimate | None) -> str:
    """What the headline is an estimate of, in words."""
    if headline is None:
        return f"None: the effect on {study.outcome} is not identified."
    without = f"what the same treated {study.unit}s would have had without it in the same periods"
    if headline.scale == "log":
        return f"Ratio of {study.outcome} under treatment to {without}"
    return f"Difference of mean {study.outcome} under treatment from {without}"


def _refused(panel: Panel, study: Study, reason: CannotSay) -> Analysis:
    return Analysis(
        design=study.design or "none",
        estimand=estimand(study, None),
        n=counts(panel),
        headline=None,
        beside=(),
        diagnostics=(),
        verdict=verdict.refuse(reason),
        power={"mde_pct": None, "power_at": {}},
        checks=(),
        warnings=panel.notes,
    )


def _distinct(notes: Iterable[Note]) -> list[Note]:
    return list(dict.fromkeys(notes))
