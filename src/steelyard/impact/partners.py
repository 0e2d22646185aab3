"""Partners for the treated units of a panel, from what was seen before each one's start.

Nothing from a start on may be looked at here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from steelyard.errors import UnknownName
from steelyard.impact.ancova import unit_mean
from steelyard.impact.balance import LONG, Balance, balance, refusal
from steelyard.impact.drift import Drift, drift
from steelyard.impact.pairing import Pairs, gaps, mahalanobis, pooled, presented, within
from steelyard.impact.panel import Floats, Ints, Panel
from steelyard.impact.result import CannotSay
from steelyard.impact.study import Study

SEEN = 0.75  # of 12 periods (or of all before the start) in which a unit must have been observed
CALIPER = 0.25  # SDs of velocity; S8 of the simulations was run with it


@dataclass(frozen=True, eq=False)
class Paired:
    """Pairs of one panel, each matched on the periods before its treated unit's start.

    treated, control  (P,) unit indices; date (P,) the start they are compared around
    cell              (n,) codes of what had to agree exactly, `cells` in words
    asked             (A,) all treated units with a long enough baseline
    eligible          (C,) all units that could be controls
    """

    treated: Ints
    control: Ints
    date: Ints
    distance: Floats
    asked: Ints
    eligible: Ints
    cell: Ints
    cells: tuple[str, ...]
    balance: tuple[Balance, ...]
    drift: Drift
    refusal: CannotSay | None

    @property
    def coverage(self) -> float:
        """The share of treated units that found a partner."""
        return len(self.treated) / len(self.asked) if len(self.asked) else 0.0


@lru_cache(maxsize=4)  # checks, pictures and bounds ask for the same pairs again
def paired(
    panel: Panel,
    study: Study,
    caliper: float | None = CALIPER,
    draw: int = 0,
    least: int = LONG,
) -> Paired | CannotSay:
    """Pairs by optimal matching without replacement on velocity, its trend and the covariates.

    Exact on `study.matched_on`; no pair is further apart than `caliper` SDs of the treated in
    velocity (mean outcome per period before the start). Treated units with fewer than `least`
    periods before their start are not asked. `draw` breaks ties otherwise.
    """
    asked = np.flatnonzero(~panel.never & (panel.start >= least))
    unfit = _unfit(panel, asked)
    if unfit:
        return unfit
    cell, cells = exact_cells(panel, study)
    known = {int(g): _known(panel, study, int(g)) for g in np.unique(panel.start[asked])}
    eligible = _eligible(panel, study, asked)
    asked = asked[~np.isnan(np.array([known[int(panel.start[i])][i] for i in asked])).any(1)]
    eligible = eligible[(~np.isnan([each[eligible, 0] for each in known.values()])).any(0)]
    if len(asked) == 0:
        return CannotSay("short_baseline", "Nobody who started was observed before.")
    if len(eligible) == 0:
        return CannotSay("no_overlap", "Nobody without treatment was observed at the same time.")
    apart = _distances(panel, known, asked, eligible, caliper)
    content = np.column_stack([cell, panel.start, np.nan_to_num(panel.outcome, nan=-1.0)])
    seeds = (study.seed + 2 * draw, study.seed + 2 * draw + 1)
    orders = (presented(content[asked], seeds[0]), presented(content[eligible], seeds[1]))
    pairs = within((cell[asked], cell[eligible]), apart, orders)
    return _paired(panel, study, known, (asked, eligible), pairs, (cell, cells))


def _unfit(panel: Panel, asked: Ints) -> CannotSay | None:
    if panel.never.all():
        return CannotSay("nobody_treated", "Nobody is treated within these periods.")
    if len(asked):
        return None
    most = int(panel.start[~panel.never].max())
    return CannotSay(
        "short_baseline",
        f"There are {most} periods before the start and {LONG} are needed: over fewer, who"
        " had a lucky month is paired with who is always that good, and luck does not last.",
    )


def exact_cells(panel: Panel, study: Study) -> tuple[Ints, tuple[str, ...]]:
    """(n,) codes of what must agree exactly, and each code in words."""
    for name in study.matched_on:
        if name not in panel.traits:
            raise UnknownName("column", name, panel.traits)
    told = [
        " x ".join(str(panel.traits[name][i]) for name in study.matched_on) for i in range(panel.n)
    ]
    cells, code = np.unique(told, return_inverse=True)
    return code.astype(np.int64), tuple(map(str, cells))


def covariate_names(panel: Panel, study: Study) -> list[str]:
    more = [name for name in study.covariates if name in panel.covariates]
    return ["velocity", "trend", *more]


def _known(panel: Panel, study: Study, date: int) -> Floats:
    """(n, k) velocity before that date, second half less first half, covariates.

    NaN, so never matched, for units seen in too few periods: a few weeks are luck.
    """
    half = date // 2
    velocity = unit_mean(panel, slice(0, date))
    velocity[panel.seen[:, :date].sum(1) < SEEN * min(date, LONG)] = np.nan
    trend = unit_mean(panel, slice(half, date)) - unit_mean(panel, slice(0, half))
    names = covariate_names(panel, study)[2:]
    return np.column_stack([velocity, trend, *(panel.covariates[name] for name in names)])


def _eligible(panel: Panel, study: Study, asked: Ints) -> Ints:
    """Units never treated; where they are fewer than the treated, also those who start later."""
    never = np.flatnonzero(panel.never)
    if study.control == "never" or len(never) >= len(asked):
        return never
    return np.flatnonzero(panel.start > panel.start[asked].min())


def _distances(
    panel: Panel, known: dict[int, Floats], asked: Ints, eligible: Ints, caliper: float | None
) -> Floats:
    """(asked, eligible) distances, each row on the periods before its own start; inf = never."""
    found = np.full((len(asked), len(eligible)), np.inf)
    for date, values in known.items():
        mine = panel.start[asked] == date
        usable = (panel.start[eligible] > date) & ~np.isnan(values[eligible]).any(1)
        treated, controls = values[asked[mine]], values[eligible[usable]]
        if not len(treated) or not len(controls):
            continue
        inside = mahalanobis(treated, controls, pooled(treated, controls))
        if caliper is not None:
            inside[gaps(treated[:, 0], controls[:, 0]) > caliper] = np.inf
        found[np.ix_(mine, usable)] = inside
    return found


def _paired(
    panel: Panel,
    study: Study,
    known: dict[int, Floats],
    who: tuple[Ints, Ints],
    pairs: Pairs,
    exact: tuple[Ints, tuple[str, ...]],
) -> Paired:
    """The pairs with their balance; each date weighs in the controls as its treated do."""
    asked, eligible = who
    cell, cells = exact
    date = panel.start[asked]
    own = np.array([known[int(g)][i] for i, g in zip(asked, date, strict=True)])
    theirs = [
        known[int(date[i])][eligible[j]] for i, j in zip(pairs.treated, pairs.control, strict=True)
    ]
    others = np.vstack([known[int(g)][eligible] for g in np.unique(date)])
    others = others[~np.isnan(others).any(1)]
    after = (own[pairs.treated], np.array(theirs).reshape(len(pairs), own.shape[1]))
    rows = balance(covariate_names(panel, study), (own, others), after)
    velocity = {g: values[:, 0] for g, values in known.items()}
    shared = len(np.intersect1d(cell[asked], cell[eligible]))
    return Paired(
        treated=asked[pairs.treated],
        control=eligible[pairs.control],
        date=date[pairs.treated],
        distance=pairs.distance,
        asked=asked,
        eligible=eligible,
        cell=cell,
        cells=cells,
        balance=rows,
        drift=drift(panel, asked, eligible, cell, asked[pairs.treated], velocity),
        refusal=refusal(len(pairs), len(asked), shared, rows),
    )
