"""Every metric, declared once. Names are a contract of the command line and the API."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from steelyard.errors import UnknownName
from steelyard.metrics.catalogue import (
    calls,
    coverage,
    decisions,
    delivery,
    dora,
    issues,
    joined,
    people,
    sessions,
    spend,
)
from steelyard.metrics.metric import Metric, formula_text

_MODULES = (
    *(spend, people, sessions, calls, decisions),
    *(delivery, dora, issues, joined, coverage),
)


def _load() -> Mapping[str, Metric]:
    found: dict[str, Metric] = {}
    for module in _MODULES:
        for metric in module.METRICS:
            if metric.name in found:
                raise ValueError(f"metric {metric.name} is declared twice")
            found[metric.name] = metric
    return MappingProxyType(found)


CATALOGUE: Mapping[str, Metric] = _load()


def metric(name: str) -> Metric:
    """The metric called so; UnknownName suggests the nearest."""
    if name not in CATALOGUE:
        raise UnknownName("metric", name, CATALOGUE, "`steelyard metrics` lists them all.")
    return CATALOGUE[name]


def describe(name: str) -> dict[str, object]:
    """One metric's definition as plain data, for JSON, documentation and hover text."""
    found = metric(name)
    return {
        "name": found.name,
        "sentence": found.sentence,
        "unit": found.unit,
        "direction": found.direction,
        "formula": formula_text(found.formula),
        "evidence": found.evidence,
        "caveats": list(found.caveats),
        "reliability": found.grade,
        "facts": list(found.facts),
        "dimensions": list(found.dimensions),
        "needs": list(found.needs),
    }
