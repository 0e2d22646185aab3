"""Looking before the end: boundaries under which looking often raises no more false alarms.

Either any number of looks (an always-valid mixture boundary) or a planned number (alpha spent as
by O'Brien and Fleming). Looking every week at p < 0.05 calls one null study in five an effect.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from steelyard.errors import UsageError
from steelyard.impact.result import UNKNOWN, Estimate, Interval, as_pct

ALPHA = 0.05
NODES = 160  # of Gauss and Legendre's rule: boundaries of up to 60 looks to five digits
BISECTIONS = 60


def mixture_rho(se: float, alpha: float = ALPHA) -> float:
    """The mixture's precision that makes the boundary narrowest when the error will be `se`.

    Howard, Ramdas, McAuliffe and Sekhon 2021, Annals of Statistics 49, section 3.5. Choose it from
    the plan (the error expected at its end), never from the data being looked at.
    """
    from scipy.special import lambertw

    return float(1 / (se**2 * (-lambertw(-(alpha**2) / np.e, -1).real - 1)))


def always_valid(
    estimate: float, se: float, rho: float, dof: float = np.inf, alpha: float = ALPHA
) -> tuple[Interval, float]:
    """Interval and p that hold at every look, however often and whenever one looks.

    The normal mixture of Robbins 1970 (mSPRT, GAVI): Howard et al. 2021, equation 14, on the
    information 1 / se^2; asymptotic (Waudby-Smith et al. 2024, Annals of Statistics 52). With few
    clusters the boundary is moved to the t of the same tail (`dof`).
    """
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    if not np.isfinite(se) or se <= 0:
        return UNKNOWN, float("nan")
    if not np.isfinite(rho) or rho <= 0:
        raise UsageError("The mixture needs a precision above 0.", "mixture_rho() of the plan.")
    ratio = rho * se**2
    bound = float(np.sqrt((1 + ratio) * (np.log1p(1 / ratio) - 2 * np.log(alpha))))
    z = abs(estimate) / se
    if np.isfinite(dof):
        bound = float(-stdtrit(dof, ndtr(-bound)))
        z = float(-ndtri(stdtr(dof, -z)))
    half = bound * se
    wealth = 0.5 * (np.log(ratio / (1 + ratio)) + z**2 / (1 + ratio))
    return (estimate - half, estimate + half), float(np.exp(min(0.0, -wealth)))


def look_level(planned: int, this: int, alpha: float = ALPHA) -> float:
    """The two-sided level for look `this` (from 1) of `planned` looks at equal steps.

    Lan and DeMets 1983, Biometrika 70, spending alpha as O'Brien and Fleming would: hardly any
    early, nearly all at the end.
    """
    from scipy.special import ndtr

    if planned < 1 or not 1 <= this <= planned:
        raise UsageError(f"Look {this} of {planned}: looks are counted from 1 to the last planned.")
    return float(2 * ndtr(-look_bounds(planned, alpha)[this - 1]))


@lru_cache(maxsize=64)
def look_bounds(planned: int, alpha: float = ALPHA) -> tuple[float, ...]:
    """|z| to exceed at each of so many looks, by the recursion of Armitage, McPherson and Rowe
    1969, J. of the Royal Statistical Society A 132."""
    from scipy.special import ndtr

    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    times = np.arange(1, planned + 1) / planned
    spent = np.diff(_spent(times, alpha), prepend=0.0)
    step = 1 / np.sqrt(planned)
    places, masses = np.zeros(1), np.ones(1)
    bounds = []
    for time, share in zip(times, spent, strict=True):
        low, high = 0.0, 12.0
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            beyond = float(masses @ ndtr((places - middle) / step))
            low, high = (middle, high) if beyond > share else (low, middle)
        bounds.append(high / float(np.sqrt(time)))
        ahead = high * nodes
        reach = np.exp(-0.5 * ((ahead[:, None] - places) / step) ** 2) / (step * np.sqrt(2 * np.pi))
        places, masses = ahead, (reach @ masses) * weights * high
    return tuple(bounds)


def _spent(times: np.ndarray, alpha: float) -> np.ndarray:
    """The share of alpha spent on each side by these shares of the information."""
    from scipy.special import ndtr, ndtri

    return np.asarray(2 * ndtr(ndtri(alpha / 4) / np.sqrt(times)))


def at_look(estimate: Estimate, planned: int, this: int) -> Estimate:
    """The same estimate with the interval that its look allows; p stays what it was, and is to be
    set against `look_level`."""
    from scipy.special import stdtrit

    level = look_level(planned, this)
    words = f"{estimate.inference}; look {this} of {planned}, level {level:.2g}"
    if estimate.se is None or estimate.estimate is None:
        return replace(estimate, ci=UNKNOWN, ci_pct=UNKNOWN, inference=words)
    half = float(-stdtrit(_dof(estimate), level / 2)) * estimate.se
    return _with_interval(estimate, half, estimate.p, words)


def monitored(estimate: Estimate, rho: float) -> Estimate:
    """The same estimate with an interval and p that hold however often one looks."""
    words = f"{estimate.inference}; always valid"
    if estimate.se is None or estimate.estimate is None:
        return replace(estimate, ci=UNKNOWN, ci_pct=UNKNOWN, p=None, inference=words)
    (low, high), p = always_valid(estimate.estimate, estimate.se, rho, _dof(estimate))
    if low is None or high is None:
        return replace(estimate, ci=UNKNOWN, ci_pct=UNKNOWN, p=None, inference=words)
    return _with_interval(estimate, (high - low) / 2, p, words)


def _dof(estimate: Estimate) -> float:
    """The degrees of freedom by which an estimate's 95 % interval was made."""
    from scipy.special import stdtridf

    low, high = estimate.ci
    if low is None or high is None or not estimate.se:
        return float("inf")
    dof = float(stdtridf(0.975, (high - low) / 2 / estimate.se))
    return dof if 0 < dof < 1e6 else float("inf")


def _with_interval(estimate: Estimate, half: float, p: float | None, words: str) -> Estimate:
    """The interval of that half width; in percent it stretches as much on either side."""
    b = estimate.estimate or 0.0
    ci = (b - half, b + half)
    pct: Interval = (as_pct(ci[0]), as_pct(ci[1]))
    if estimate.scale == "level":
        pct = _stretched(estimate, half)
    return replace(estimate, ci=ci, ci_pct=pct, p=p, inference=words)


def _stretched(estimate: Estimate, half: float) -> Interval:
    (low, high), (left, right) = estimate.ci, estimate.ci_pct
    middle = estimate.effect_pct
    if low is None or high is None or left is None or right is None or middle is None:
        return UNKNOWN
    wider = 2 * half / (high - low)
    return middle - wider * (middle - left), middle + wider * (right - middle)
