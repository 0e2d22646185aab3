"""Every number there is, in a shape that two servers can be compared by."""

from __future__ import annotations

from typing import Any

import pytest
from tests.recorded import Key

from steelyard.metrics import CATALOGUE, Question

BREAKDOWNS: tuple[tuple[str, ...], ...] = (
    (),
    ("assistant",),
    ("person",),
    ("day", "model"),
    ("session",),
    ("tool", "decision"),
    ("token_type", "witness"),
)
Figures = dict[tuple[tuple[str, ...], Key, str], Any]


def figures(door: Any, **where: str) -> Figures:
    """All metrics by several breakdowns: (breakdown, its values, metric) → number."""
    found: Figures = {}
    for by in BREAKDOWNS:
        wanted = {*by, *where}
        names = tuple(
            name
            for name, metric in CATALOGUE.items()
            if wanted <= set(metric.dimensions) and set(metric.needs) <= wanted
        )
        answer = door.ask(Question(names, by=by, where={k: (v,) for k, v in where.items()}))
        for row in answer.records():
            key = tuple(str(row[dimension]) for dimension in by)
            found |= {(by, key, name): row[name] for name in names}
    return found


def same(left: Figures, right: Figures) -> None:
    """Equal figures; sums of fractions may differ in the last bit by their order."""
    assert left.keys() == right.keys()
    differ = {key: (left[key], right[key]) for key in left if not _equal(left[key], right[key])}
    assert not differ, dict(list(differ.items())[:5])


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None or isinstance(one, str):
        return bool(one == other)
    return bool(float(one) == pytest.approx(float(other), rel=1e-12, abs=1e-12))
