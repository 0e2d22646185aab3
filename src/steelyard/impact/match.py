"""Matching by itself: who is paired, how alike they are, what the pairs differ in, and how surely.

For a table of units at one time or a panel. Where the groups do not overlap nothing is estimated;
where they do, the estimate rests on an assumption nobody can test and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from steelyard.impact import verdict as verdicts
from steelyard.impact.balance import LONG, Balance
from steelyard.impact.candidates import Candidates, Choice, pair
from steelyard.impact.inference import interval
from steelyard.impact.likeness import overlap, regression_to_the_mean
from steelyard.impact.matched import effect, point, transformed
from steelyard.impact.panel import Floats, Panel
from steelyard.impact.partners import CALIPER, Paired, paired
from steelyard.impact.result import CannotSay, Check, Estimate, Note, Verdict, level_estimate
from steelyard.impact.round import rounded
from steelyard.impact.sensitivity import hidden_confounder, pair_differences
from steelyard.impact.study import Study

Distance = Literal["propensity", "mahalanobis", "standardised"]
DRAWS = 20  # ways in which ties are broken
LARGE = 400_000  # possible pairs from which on fewer draws have to do


@dataclass(frozen=True, eq=False)
class Matching:
    """What matching found. `estimate` is None where the groups do not overlap.

    n         units, treated, controls, pairs, unmatched_treated
    coverage  the share of treated units that found a partner
    pairs     rows of treated, control, cell, distance
    balance   one row a covariate (also the rows of a love plot)
    ties      low and high of the estimate over that many draws between equally good pairs
    """

    n: Mapping[str, int]
    coverage: float
    pairs: Sequence[Mapping[str, Any]]
    unmatched: Sequence[str]
    balance: Sequence[Balance]
    estimate: Estimate | None
    ties: Mapping[str, float | int | None]
    sensitivity: Mapping[str, Any]
    verdict: Verdict
    checks: Sequence[Check] = ()
    warnings: Sequence[Note] = ()
    design: str = field(default="matched")

    def to_json(self) -> dict[str, Any]:
        said = {
            "design": self.design,
            "n": dict(self.n),
            "coverage": self.coverage,
            "pairs": [dict(row) for row in self.pairs],
            "unmatched": list(self.unmatched),
            "balance": [row.to_json() for row in self.balance],
            "estimate": self.estimate.to_json() if self.estimate else None,
            "ties": dict(self.ties),
            "sensitivity": dict(self.sensitivity),
            "verdict": self.verdict.to_json(),
            "checks": [each.to_json() for each in self.checks],
            "warnings": [each.to_json() for each in self.warnings],
        }
        return dict(rounded(said))


def match(
    observed: Panel | Candidates,
    study: Study,
    caliper: float | None = CALIPER,
    distance: Distance | None = None,
) -> Matching:
    """Optimal 1:1 pairs without replacement, exact where asked, and what they say.

    Rosenbaum 1989 (optimal); Rosenbaum and Rubin 1985 (caliper); Stuart 2010. A panel is matched
    on its velocity before each start (see partners), a table on the propensity score by default,
    both with a caliper in SDs of the treated.
    """
    if isinstance(observed, Panel):
        return _of_panel(transformed(observed, study), study, caliper)
    return _of_table(observed, study, caliper, distance or "propensity")


def _of_table(
    units: Candidates, study: Study, caliper: float | None, distance: Distance
) -> Matching:
    choices = [pair(units, caliper, distance, study.seed + k) for k in _draws(units)]
    first = choices[0]
    differences = first.differences(units)
    estimate = None if first.refusal else matched_difference(units, first)
    check = _confounder(estimate, differences)
    return Matching(
        n=_n(len(units.treated), int(units.treated.sum()), len(first.treated)),
        coverage=first.coverage,
        pairs=_rows(units.units, first, [units.cells[c] for c in units.cell[first.treated]]),
        unmatched=sorted(np.array(units.units)[first.unmatched].tolist()),
        balance=first.balance,
        estimate=estimate,
        ties=_ties(
            [] if estimate is None else [_mean(each.differences(units)) for each in choices]
        ),
        sensitivity=check.figures,
        verdict=_verdict(estimate, first.refusal, study, len(units.treated)),
        checks=[overlap(first.refusal, first.coverage, first.balance), check],
        warnings=units.notes,
    )


def matched_difference(units: Candidates, found: Choice) -> Estimate | None:
    """The mean difference in the outcome inside pairs by a paired t; None without an outcome."""
    d = found.differences(units)
    known = ~np.isnan(d)
    if known.sum() < 2 or units.outcome is None:
        return None
    b, n = float(d[known].mean()), int(known.sum())
    se = float(d[known].std(ddof=1) / np.sqrt(n))
    ci, p = interval(b, se, n - 1)
    without = float(units.outcome[found.control][known].mean())
    told = None if np.isnan(p) else p
    return level_estimate(
        "matched_difference", b, se, ci, told, f"paired over {n} pairs, t({n - 1})", without
    )


def _of_panel(panel: Panel, study: Study, caliper: float | None) -> Matching:
    found = paired(panel, study, caliper)
    treated = int((~panel.never).sum())
    if isinstance(found, CannotSay) and found.code == "short_baseline":
        short, found = found, paired(panel, study, caliper, least=2)
        found = found if isinstance(found, CannotSay) else replace(found, refusal=short)
    if isinstance(found, CannotSay):
        return Matching(
            n=_n(panel.n, treated, 0), coverage=0.0, pairs=[], unmatched=[], balance=[],
            estimate=None, ties=_ties([]), sensitivity={}, checks=[], warnings=panel.notes,
            verdict=verdicts.refuse(found),
        )  # fmt: skip
    said = found.refusal or effect(panel, study, found)
    estimate = said if isinstance(said, Estimate) else None
    check = _confounder(estimate, pair_differences(panel, found))
    over = [] if estimate is None else _redrawn(panel, study, caliper)
    return Matching(
        n=_n(panel.n, treated, len(found.treated)),
        coverage=len(found.treated) / treated,
        pairs=_rows(panel.units, found, [found.cells[c] for c in found.cell[found.treated]]),
        unmatched=sorted({panel.units[i] for i in np.flatnonzero(~panel.never)}
                         - {panel.units[i] for i in found.treated}),
        balance=found.balance,
        estimate=estimate,
        ties=_ties(over),
        sensitivity=check.figures,
        verdict=_verdict(estimate, said if isinstance(said, CannotSay) else None, study, panel.n),
        checks=[overlap(_apart(found.refusal), found.coverage, found.balance),
                regression_to_the_mean(panel, study, found), check],
        warnings=[*panel.notes, *_left_out(panel, found)],
    )  # fmt: skip


def _apart(refusal: CannotSay | None) -> CannotSay | None:
    """A refusal for want of overlap, not of time."""
    return refusal if refusal and refusal.code == "no_overlap" else None


def _redrawn(panel: Panel, study: Study, caliper: float | None) -> list[float]:
    """The estimate under other draws between pairs that are equally good."""
    possible = int((~panel.never).sum()) * int(panel.never.sum())
    found = []
    for k in range(5 if possible > LARGE else DRAWS):
        pairs = paired(panel, study, caliper, k)
        said = point(panel, study, pairs) if isinstance(pairs, Paired) else None
        if said is not None:
            found.append(said)
    return found


def _left_out(panel: Panel, found: Paired) -> list[Note]:
    short = int((~panel.never).sum()) - len(found.asked)
    if not short or found.refusal:
        return []
    return [
        Note(
            "short_baseline",
            f"{short} treated units were seen in too few periods before their start ({LONG} are"
            " asked for) and are not matched: over fewer, a lucky month passes for ability.",
        )
    ]


def _confounder(estimate: Estimate | None, differences: Floats) -> Check:
    if estimate is None:
        return Check("hidden_confounder", "not_run", "Nothing is estimated.", {})
    return hidden_confounder(estimate, differences, max(len(differences) - 1, 1))


def _verdict(
    estimate: Estimate | None, refusal: CannotSay | None, study: Study, units: int
) -> Verdict:
    if refusal:
        return verdicts.refuse(refusal)
    if estimate is None:
        return verdicts.refuse(CannotSay("no_outcome", "No outcome was given: pairs only."))
    return verdicts.conclude("volunteers", estimate, study, {}, units)


def _n(units: int, treated: int, pairs: int) -> dict[str, int]:
    return {
        "units": units,
        "treated": treated,
        "controls": units - treated,
        "pairs": pairs,
        "unmatched_treated": treated - pairs,
    }


def _rows(
    units: Sequence[str], found: Paired | Choice, cells: Sequence[str]
) -> list[dict[str, Any]]:
    each = zip(found.treated, found.control, cells, found.distance, strict=True)
    rows: list[dict[str, Any]] = [
        {"treated": units[i], "control": units[j], "cell": cell, "distance": float(apart)}
        for i, j, cell, apart in each
    ]
    return sorted(rows, key=lambda row: str(row["treated"]))


def _ties(estimates: Sequence[float]) -> dict[str, float | int | None]:
    return {
        "low": min(estimates, default=None),
        "high": max(estimates, default=None),
        "draws": len(estimates),
    }


def _draws(units: Candidates) -> range:
    treated = int(units.treated.sum())
    return range(5 if treated * (len(units.treated) - treated) > LARGE else DRAWS)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
