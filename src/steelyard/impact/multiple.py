"""Several metrics at once: Holm for guardrails, Benjamini and Hochberg for exploration.

One metric is primary and needs neither. What could not be computed stays unknown but counts as one
of the questions asked: leaving it out would make the others look surer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Adjusted:
    """A metric's own p, its p after adjustment, and whether that says something."""

    p: float | None
    adjusted: float | None
    stands: bool


def holm(p: Mapping[str, float | None], alpha: float = 0.05) -> dict[str, Adjusted]:
    """The chance of even one false alarm among all is at most alpha.

    Holm 1979, Scandinavian Journal of Statistics 6.
    """
    return _adjusted(p, alpha, "holm")


def false_discovery(p: Mapping[str, float | None], alpha: float = 0.05) -> dict[str, Adjusted]:
    """Of the metrics that stand, at most a share alpha is expected to be false.

    Benjamini and Hochberg 1995, J. of the Royal Statistical Society B 57.
    """
    return _adjusted(p, alpha, "fdr_bh")


def _adjusted(p: Mapping[str, float | None], alpha: float, how: str) -> dict[str, Adjusted]:
    from statsmodels.stats.multitest import multipletests

    if not p:
        return {}
    asked = [1.0 if each is None else each for each in p.values()]
    stands, adjusted, _, _ = multipletests(asked, alpha=alpha, method=how)
    found = zip(p.items(), adjusted.tolist(), stands.tolist(), strict=True)
    return {
        name: Adjusted(own, None if own is None else each, own is not None and yes)
        for (name, own), each, yes in found
    }
