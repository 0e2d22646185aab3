"""Estimates with intervals, for figures that rest on people.

People are the unit: what one person does on many days is one observation, else intervals come out
far too narrow. Where nothing honest can be said the interval is None. No questions, no SQL here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEVEL = 0.95
Pair = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval; `n` is the number of observations (people, or issues).

    None means that it cannot be said: no figure, or too few observations for an interval.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0

    @property
    def known(self) -> bool:
        """Whether there is a figure with an interval."""
        return None not in (self.value, self.low, self.high)


def ratio(pairs: Iterable[Pair], level: float = LEVEL, highest: float = math.inf) -> Estimate:
    """The sum of the first over the sum of the second, one pair a person; never below 0.

    Linearised (delta method) variance between people with t quantiles: Cochran, Sampling
    Techniques, ch. 6. With equal figures for everybody nothing varies: no interval.
    """
    found = [pair for pair in pairs if pair[0] or pair[1]]
    return _linearised(found, level, highest)


def _linearised(pairs: Sequence[Pair], level: float, highest: float = math.inf) -> Estimate:
    n, bottom = len(pairs), sum(x for _, x in pairs)
    if not bottom:
        return Estimate(n=n)
    value = sum(y for y, _ in pairs) / bottom
    if n < 2:
        return Estimate(value, n=n)
    squares = sum((y - value * x) ** 2 for y, x in pairs)
    half = student(n - 1, level) * math.sqrt(n / (n - 1) * squares) / bottom
    if half <= abs(value) * 1e-12:
        return Estimate(value, n=n)
    return Estimate(value, max(0.0, value - half), min(highest, value + half), n)


def share(pairs: Iterable[Pair], level: float = LEVEL) -> Estimate:
    """A ratio whose tops are parts of their bottoms: between 0 and 1.

    Where nobody, or everybody, did it, nothing varies between people, yet the true share need
    not be 0 or 1: then the exact binomial bound for that many people.
    """
    found = [pair for pair in pairs if pair[1]]
    said = ratio(found, level, highest=1.0)
    if said.value is None or said.value not in (0, 1):
        return said
    bound = 1 - ((1 - level) / 2) ** (1 / said.n)
    low, high = (0.0, bound) if said.value == 0 else (1 - bound, 1.0)
    return Estimate(said.value, low, high, said.n)


def mean(values: Iterable[float], level: float = LEVEL) -> Estimate:
    """The mean of one value a person, zeros included, with Student's interval; never below 0."""
    return _linearised([(value, 1.0) for value in values], level)


def median(values: Iterable[float], level: float = LEVEL) -> Estimate:
    """The median between two of the values, chosen by the binomial distribution of their ranks.

    Holds for any distribution (Conover, Practical Nonparametric Statistics, ch. 3); needs six
    values for 95 %. Values are taken as independent of each other.
    """
    ranked = sorted(values)
    n = len(ranked)
    if not n:
        return Estimate()
    middle = (ranked[(n - 1) // 2] + ranked[n // 2]) / 2
    rank = _rank(n, level)
    if rank is None:
        return Estimate(middle, n=n)
    return Estimate(middle, ranked[rank - 1], ranked[n - rank], n)


def _rank(n: int, level: float) -> int | None:
    """The largest rank whose interval to its mirror image holds the median often enough."""
    from scipy.special import bdtr

    low, high = 0, n // 2  # ranks 1…high; bisect on P(Binomial(n, 1/2) < rank)
    while low < high:
        rank = (low + high + 1) // 2
        if bdtr(rank - 1, n, 0.5) <= (1 - level) / 2:
            low = rank
        else:
            high = rank - 1
    return low or None


def difference(one: Estimate, other: Estimate) -> Estimate:
    """One minus the other, of two groups with nobody in common.

    From the two intervals (MOVER; Zou and Donner, Statistics in Medicine 27, 2008), so it also
    holds for medians, whose intervals are not symmetric.
    """
    if one.value is None or other.value is None:
        return Estimate()
    value = one.value - other.value
    if None in (one.low, one.high, other.low, other.high):
        return Estimate(value, n=one.n + other.n)
    down = math.hypot(one.value - (one.low or 0), (other.high or 0) - other.value)
    up = math.hypot((one.high or 0) - one.value, other.value - (other.low or 0))
    return Estimate(value, value - down, value + up, one.n + other.n)


def paired_difference(
    later: Sequence[Pair], earlier: Sequence[Pair], level: float = LEVEL
) -> Estimate:
    """The difference of two ratios over the same people, in the same order: later minus earlier."""
    n = len(later)
    after, before = sum(x for _, x in later), sum(x for _, x in earlier)
    if not after or not before:
        return Estimate(n=n)
    now, then = sum(y for y, _ in later) / after, sum(y for y, _ in earlier) / before
    if n < 2:
        return Estimate(now - then, n=n)
    moved = [
        (y - now * x) / after - (b - then * a) / before
        for (y, x), (b, a) in zip(later, earlier, strict=True)
    ]
    half = student(n - 1, level) * math.sqrt(n / (n - 1) * sum(each**2 for each in moved))
    return Estimate(now - then, now - then - half, now - then + half, n)


def student(degrees: int, level: float) -> float:
    """Student's quantile between whose negative and itself lies the share `level`."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 1 - (1 - level) / 2))
