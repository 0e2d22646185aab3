"""The design chooses the estimator: which one leads, which stand beside, which only diagnose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.impact.methods import Method, method
from steelyard.impact.panel import Panel
from steelyard.impact.result import Note
from steelyard.impact.study import Design, Kind, Study

# Up to so many treated units, a synthetic control says more than their mean. Not of counts: able
# people's vary more than their placebos' do, and 25 of 100 such studies raise a false alarm.
FEW_TREATED = 4


@dataclass(frozen=True)
class Choice:
    """Names of methods by their place in the result."""

    headline: Method | None
    beside: tuple[Method, ...]
    diagnostics: tuple[Method, ...]
    notes: tuple[Note, ...] = ()


def choose(panel: Panel, study: Study, design: Design) -> Choice:
    """The methods of a design and kind.

    Where `study.estimator` names one, it leads if the design allows it, with the design's own lead
    beside it and nothing else; it is a diagnostic if not.
    """
    lead, beside, diagnostics = _by_design(panel, study.kind, design)
    if not study.estimator:
        return _choice(lead, beside, diagnostics)
    wanted = method(study.estimator)
    wanted.check(for_tasks=False)
    own = [lead] if lead and wanted.name != lead else []
    if design in wanted.designs and study.kind in wanted.kinds and design != "once":
        return _choice(wanted.name, own, [])
    return _choice(lead, [], [wanted.name], _unsuited(wanted, design, study.kind))


def _by_design(panel: Panel, kind: Kind, design: Design) -> tuple[str | None, list[str], list[str]]:
    ratio = kind == "count" or (kind == "amount" and _never_negative(panel))
    if design == "once":
        return None, [], ["interrupted_time_series"]
    if kind != "count" and _few_treated(panel):
        return "synthetic_did", [], []
    if design == "rct":
        return _randomised(kind, ratio)
    if design == "waves":
        lead, *beside = ["imputation", "callaway_santanna"]
        if ratio:
            beside = [*beside, "poisson_imputation"]
        if kind == "count":
            lead, beside = "poisson_imputation", ["imputation", "callaway_santanna"]
        return lead, beside, ["twfe"]
    several = len(panel.dates) > 1
    unmatched = ("poisson_imputation" if several else "poisson_did") if ratio else "imputation"
    return "matched_did", [unmatched], ["twfe"] if several else []


def _randomised(kind: Kind, ratio: bool) -> tuple[str, list[str], list[str]]:
    if kind == "count":
        return "poisson_did", ["ancova"], []
    if kind == "share":
        return "ratio", ["ancova"], []
    return "ancova", ["poisson_did"] if ratio else [], []


def _never_negative(panel: Panel) -> bool:
    return bool(np.nanmin(panel.outcome) >= 0)


def _few_treated(panel: Panel) -> bool:
    treated = int((~panel.never).sum())
    complete = bool(panel.seen.all())
    return treated <= FEW_TREATED < int(panel.never.sum()) and len(panel.dates) == 1 and complete


def _choice(
    lead: str | None,
    beside: list[str] | tuple[str, ...],
    diagnostics: list[str],
    notes: tuple[Note, ...] = (),
) -> Choice:
    return Choice(
        method(lead) if lead else None,
        tuple(map(method, beside)),
        tuple(map(method, diagnostics)),
        notes,
    )


def _unsuited(wanted: Method, design: Design, kind: Kind) -> tuple[Note, ...]:
    reason = wanted.warning or (
        f"{wanted.title} is not for outcomes of kind {kind}."
        if kind not in wanted.kinds
        else f"{wanted.title} rests on a design this is not ({', '.join(wanted.designs)};"
        f" this is {design})."
    )
    return (Note("estimator_unsuited", f"{wanted.name} is shown as a diagnostic only. {reason}"),)
