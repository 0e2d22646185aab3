"""Adjustment for several metrics: published examples, and unknown ones."""

from __future__ import annotations

import numpy as np
import pytest

from steelyard.impact.multiple import Adjusted, false_discovery, holm

# Benjamini and Hochberg 1995, section 3.1: 15 endpoints of a trial of heart attacks.
ENDPOINTS = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)


def named(values: tuple[float, ...]) -> dict[str, float | None]:
    return {f"m{i}": p for i, p in enumerate(values)}


def test_benjamini_and_hochbergs_own_example() -> None:
    """Their procedure rejects the four smallest, Bonferroni's (and Holm's) the three smallest."""
    p = named(ENDPOINTS)
    assert [name for name, each in false_discovery(p).items() if each.stands] == [
        "m0",
        "m1",
        "m2",
        "m3",
    ]
    assert [name for name, each in holm(p).items() if each.stands] == ["m0", "m1", "m2"]


def test_holm_by_hand() -> None:
    found = holm({"reverts": 0.01, "defects": 0.04, "hours": 0.03})
    assert {name: each.adjusted for name, each in found.items()} == pytest.approx(
        {"reverts": 0.03, "defects": 0.06, "hours": 0.06}
    )
    assert found["reverts"].stands
    assert not found["hours"].stands


def test_what_is_unknown_stays_unknown_and_is_counted() -> None:
    found = holm({"reverts": 0.02, "defects": None, "hours": None})
    assert found["defects"] == Adjusted(None, None, False)
    assert found["reverts"].adjusted == pytest.approx(0.06)
    assert holm({}) == {}


def test_order_does_not_matter() -> None:
    p = named(ENDPOINTS)
    assert holm(dict(reversed(p.items()))) == holm(p)


def test_of_twenty_metrics_the_smallest_must_be_below_a_twentieth_of_alpha() -> None:
    """Without any effect that happens in 5 % of families; p < 0.05 somewhere in 64 %."""
    others = tuple(np.random.default_rng(1).uniform(0.06, 1, 19))
    for smallest, stands in ((0.0024, True), (0.0026, False)):
        found = holm(named((smallest, *others)))
        assert [each.stands for each in found.values()] == [stands] + 19 * [False]
