"""Which metrics can be an outcome per unit and week, and of what kind; the others say why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steelyard.errors import UsageError
from steelyard.metrics.catalogue import CATALOGUE
from steelyard.metrics.measures import (
    Aggregate,
    Count,
    CountDistinct,
    FirstSeen,
    Formula,
    Lapsed,
    Logged,
    Matched,
    Max,
    Min,
    OfPeople,
    Quantile,
    Ratio,
    Scaled,
    Sum,
)
from steelyard.metrics.metric import Metric

OutcomeKind = Literal["count", "amount", "duration", "share"]
LOGGED_UNITS = ("h", "min", "ms", "lines")  # positive and skewed: compared as logarithms
_OF_PERSONS = (FirstSeen, Matched, Logged)


@dataclass(frozen=True)
class Outcome:
    """How a metric is measured for one unit and week.

    `top` is the figure itself, or a share's numerator; `bottom` its denominator, None otherwise.
    A duration's items are logarithms of the column of its quantile.
    """

    metric: Metric
    kind: OutcomeKind
    top: Formula
    bottom: Formula | None = None


def outcome(metric: Metric) -> Outcome:
    """The metric as an outcome. Raises UsageError where it cannot be one, with the reason."""
    why = _why_not(metric)
    if why:
        raise UsageError(
            f"{metric.name} cannot be the outcome of a study: {why}",
            f"Take one of {', '.join(each.name for each in _likely())}.",
        )
    formula = metric.formula
    if isinstance(formula, Ratio):
        return Outcome(metric, "share", formula.top, formula.bottom)
    if isinstance(formula, Quantile):
        return Outcome(metric, "duration", formula)
    whole = isinstance(formula, Count | CountDistinct)
    return Outcome(metric, "count" if whole else "amount", formula)


def kind_of(name: str) -> OutcomeKind | None:
    """The kind of a metric as an outcome; None where it cannot be one or does not exist."""
    metric = CATALOGUE.get(name)
    return None if metric is None or _why_not(metric) else outcome(metric).kind


def outcomes() -> tuple[str, ...]:
    """Every metric that can be an outcome."""
    return tuple(name for name, metric in CATALOGUE.items() if not _why_not(metric))


def _why_not(metric: Metric) -> str:
    if "person" not in metric.dimensions:
        return "it is never told by person."
    if metric.needs:
        return f"it does not add up across {metric.needs[0]}."
    measures = metric.measures
    if any(isinstance(m, OfPeople) for m in measures):
        return "it is divided by headcount; a panel by person and week counts people itself."
    if any(isinstance(m, Lapsed) or _is_of_persons(m) for m in measures):
        return "it counts people, and a person is one in every week."
    return _formula_why_not(metric)


def _formula_why_not(metric: Metric) -> str:
    formula = metric.formula
    if isinstance(formula, Ratio):
        facts = {getattr(measure, "fact", "") for measure in metric.measures}
        if metric.unit == "share" and len(facts) == 1:
            return ""
        return "both of its sides move, so its change has no one cause; take each side by itself."
    if isinstance(formula, Quantile):
        if formula.share != 0.5:
            return "a tail has too few items a week; take the median's metric."
        return "" if metric.unit in LOGGED_UNITS else "its items are neither times nor sizes."
    if isinstance(formula, Max | Min):
        return "one largest value says nothing of the others."
    inner = formula.of if isinstance(formula, Scaled) else formula
    return "" if isinstance(inner, Sum | Count | CountDistinct) else "it is no sum of anything."


def _is_of_persons(measure: object) -> bool:
    if isinstance(measure, CountDistinct) and measure.columns == ("person",):
        return True
    filters = measure.filters if isinstance(measure, Aggregate) else ()
    return any(isinstance(each, _OF_PERSONS) for each in filters)


def _likely() -> list[Metric]:
    """What a study is usually about: what shipped, best evidence first."""
    found = [CATALOGUE[name] for name in outcomes()]
    shipped = [m for m in found if any(fact.startswith("work_") for fact in m.facts)]
    return [m for m in shipped if m.grade == "high"][:6]
