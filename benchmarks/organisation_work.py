"""What a simulated organisation's work looks like beside counts: pull requests, shares, tasks.

Only numbers and labels are made here; who is there and who starts when is `organisation.py`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.organisation import Flags, Floats, Organisation, Simulated, as_panel

from steelyard.impact.panel import Panel, Trial

if TYPE_CHECKING:
    import pandas as pd

FIRST_MONDAY = dt.date(2025, 1, 27)


TAIL = 1.3  # the Pareto tail's exponent: its mean exists, its variance does not


def pull_requests(made: Simulated, effect: float = 0.0) -> tuple[Floats, Floats]:
    """(m, 2) row and week of every pull request, and (m,) hours of its cycle.

    Hours are lognormal round the developer's own level, with a Pareto tail; `effect` is the true
    log ratio of hours in treated cells. The busier somebody is, the shorter the pieces.
    """
    return _drawn(made, _levels(made), effect)


def _levels(made: Simulated) -> Floats:
    """(n, T): log hours that each developer's pull requests lie round."""
    organisation = made.world.organisation
    own = organisation.hours_developer * made.rng.standard_normal(len(made.counts))
    return organisation.log_hours + own[:, None] - 0.2 * made.world.own_shock


def _drawn(made: Simulated, levels: Floats, effect: float) -> tuple[Floats, Floats]:
    organisation, rng = made.world.organisation, made.rng
    counts = np.where(made.world.present, made.counts, 0)
    row, week = np.repeat(np.argwhere(counts > 0), counts[counts > 0], axis=0).T
    logs = levels[row, week] + organisation.hours_spread * rng.standard_normal(len(row))
    tail = rng.random(len(row)) < organisation.pareto
    logs = logs + np.where(tail, rng.exponential(1 / TAIL, len(row)), 0.0)
    logs = logs + effect * (week >= made.start[row])
    return np.column_stack([row, week]).astype(float), np.exp(logs)


def duration_panel(made: Simulated, effect: float = 0.0) -> Panel:
    """Mean log hours of a developer's pull requests of a week, with how many there were."""
    cells, hours = pull_requests(made, effect)
    return _means(made, cells, np.log(hours))


def share_panel(made: Simulated, effect: float = 0.0) -> Panel:
    """Share of a week's pull requests that failed; `effect` is a true difference of shares."""
    organisation, rng = made.world.organisation, made.rng
    cells, _ = pull_requests(made)
    row, week = cells.T.astype(int)
    own = _failing(organisation, rng.standard_normal(len(made.counts)))
    chance = own[row] + effect * (week >= made.start[row])
    return _means(made, cells, (rng.random(len(row)) < chance).astype(float))


def _failing(organisation: Organisation, people: Floats) -> Floats:
    """The share of each developer's pull requests that fail, by a standard normal trait."""
    logit = np.log(organisation.failing / (1 - organisation.failing))
    return np.asarray(1 / (1 + np.exp(-logit - 0.6 * people)))


def mean_failing(organisation: Organisation) -> float:
    """The mean of that over all developers there could be."""
    people = np.linspace(-6, 6, 1201)
    weight = np.exp(-(people**2) / 2)
    return float(np.sum(weight * _failing(organisation, people)) / weight.sum())


def amount_panel(made: Simulated) -> tuple[Panel, Floats]:
    """Amounts with a heavy tail, such as money: a lognormal sum over a week's pull requests.

    The effect on counts is the effect on amounts. Beside it (n, T) what one is worth on average.
    """
    levels = _levels(made)
    cells, hours = _drawn(made, levels, 0.0)
    total = np.zeros(made.counts.shape)
    row, week = cells.T.astype(int)
    np.add.at(total, (row, week), 0.5 * hours)
    organisation = made.world.organisation
    tail = 1 + organisation.pareto * (TAIL / (TAIL - 1) - 1)
    worth = 0.5 * tail * np.exp(levels + organisation.hours_spread**2 / 2)
    return as_panel(made, np.where(made.world.present, total, np.nan)), worth


def _means(made: Simulated, cells: Floats, values: Floats) -> Panel:
    row, week = cells.T.astype(int)
    sums, items = np.zeros(made.counts.shape), np.zeros(made.counts.shape)
    np.add.at(sums, (row, week), values)
    np.add.at(items, (row, week), 1.0)
    mean = np.divide(sums, items, out=np.full(items.shape, np.nan), where=items > 0)
    kept = ~np.isnan(mean).all(axis=1)
    panel = as_panel(made, mean, items)
    assert panel.n == int(kept.sum())
    return panel


def tasks(
    organisation: Organisation, people: int, each: int, effect: float, rng: np.random.Generator
) -> Trial:
    """Tasks that a coin gave to treatment or control within each developer; hours of work.

    The forecast is made before the coin falls and knows half of what makes a task long.
    """
    m = people * each
    block = np.repeat(np.arange(people), each)
    own = organisation.hours_developer * rng.standard_normal(people)
    known = 0.8 * rng.standard_normal(m)
    noise = organisation.hours_spread * 0.7 * rng.standard_normal(m)
    tail = np.where(rng.random(m) < organisation.pareto, rng.exponential(1 / 1.3, m), 0.0)
    treated = rng.random(m) < 0.5
    forecast = np.exp(0.5 + 0.5 * own[block] + known + 0.3 * rng.standard_normal(m))
    hours = np.exp(0.6 + own[block] + known + noise + tail + effect * treated)
    return Trial(
        outcome=hours,
        treated=treated,
        block=block,
        cluster=np.arange(m),
        blocks=tuple(f"dev{i:03d}" for i in range(people)),
        clusters=tuple(str(i) for i in range(m)),
        blocked=True,
        covariates={"forecast": forecast},
    )


def used(made: Simulated) -> Flags:
    """(n, T): weeks in which the assistant was used: only after the start, rather in busy weeks."""
    leaning = 0.5 + 4 * made.world.own_shock + made.rng.standard_normal(made.counts.shape)
    found: Flags = made.treated & (leaning > 0)
    return found


def mondays(weeks: int) -> list[str]:
    """The weeks as dates."""
    return [(FIRST_MONDAY + dt.timedelta(weeks=week)).isoformat() for week in range(weeks)]


def table(made: Simulated, panel: Panel) -> pd.DataFrame:
    """A row a developer-week: developer, team, seniority, domain, week, outcome, adopted, used."""
    import pandas as pd

    names = {name: at for at, name in enumerate(f"dev{i:04d}" for i in range(len(made.start)))}
    person = np.array([names[unit] for unit in panel.units])
    row, week = np.nonzero(panel.seen)
    calendar = np.array([*mondays(panel.length), ""])
    return pd.DataFrame(
        {
            "developer": np.array(panel.units)[row],
            "team": [f"team{g:03d}" for g in made.world.team[person[row]]],
            "seniority": panel.traits["seniority"][row],
            "domain": panel.traits["domain"][row],
            "week": calendar[week],
            "outcome": panel.outcome[row, week],
            "adopted": calendar[panel.start[row]],
            "used": used(made)[person[row], week].astype(int),
        }
    )


def write(made: Simulated, panel: Panel, path: Path) -> Path:
    """The table as CSV."""
    table(made, panel).to_csv(path, index=False, float_format="%.6g")
    return path
