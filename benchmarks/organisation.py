"""A simulated organisation with assistants: who is there, who starts when, what it truly does.

A developer's weekly log-rate is seniority + own level + team + season + growth + own drift + a
team's shock + an own shock; counts are negative binomial round it. Everything is drawn from one
generator, so an organisation is the same every time. The truth is the mean with treatment against
the mean without it on treated cells, which no real organisation ever shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from steelyard.impact.panel import Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Adoption = Literal["none", "all", "dev", "team", "waves", "voluntary"]
Form = Literal["constant", "ramp", "j_curve", "novelty"]
YEAR = 52
LEVELS = ("junior", "middle", "senior")
DOMAINS = ("backend", "frontend", "data")
HOLIDAYS = {0: 0.5, 13: 0.8, 17: 0.8, 21: 0.8, 47: 0.7, 51: 0.2}  # week of the year: share worked


@dataclass(frozen=True)
class Organisation:
    """What people there are like. Standard deviations are of log-rates, `rho` from week to week.

    `mean` merged pull requests a week; `size` the negative binomial's k; `summer` the share of work
    lost in the weeks of summer and `holidays` how far the holidays' shares apply; `leave` the share
    of weeks wholly on leave; `joining` and `leaving` shares of people a year.
    """

    name: str
    mean: float = 1.7
    size: float = 4.0
    seniority: float = 0.2
    developer: float = 0.5
    team: float = 0.15
    season: float = 0.05
    growth: float = 0.10
    drift: float = 0.10
    team_shock: float = 0.15
    team_rho: float = 0.8
    own_shock: float = 0.30
    own_rho: float = 0.6
    summer: float = 0.25
    holidays: float = 1.0
    leave: float = 0.03
    joining: float = 0.0
    leaving: float = 0.0
    log_hours: float = 2.0  # of a pull request's cycle
    hours_developer: float = 0.4
    hours_spread: float = 1.1
    pareto: float = 0.05  # share of pull requests in the tail
    failing: float = 0.15  # share of pull requests that fail

    @property
    def spread(self) -> float:
        """The variance of a log-rate over people and weeks."""
        parts = (self.developer, self.team, self.team_shock, self.own_shock, self.seniority * 0.8)
        return float(np.sum(np.square(parts)))


CALM = Organisation("calm")
SPARSE = Organisation(
    "sparse", mean=0.4, size=1.0, developer=1.3, team=0.1, own_shock=0.6, own_rho=0.7, drift=0.4,
    team_shock=0.05, summer=0.05, holidays=0.3, leave=0.1, hours_spread=1.8, pareto=0.1,
)  # fmt: skip
SMALL_TEAMS = Organisation(
    "small-teams", mean=2.5, developer=0.35, team=0.3, team_shock=0.3, team_rho=0.9, own_shock=0.25,
    drift=0.15,
)  # fmt: skip
SEASONAL = Organisation(
    "seasonal-growing", mean=3.0, size=2.5, season=0.3, summer=0.5, growth=0.3, joining=0.3,
    leaving=0.3, leave=0.06, failing=0.08, hours_spread=1.4,
)  # fmt: skip
SETS = {each.name: each for each in (CALM, SPARSE, SMALL_TEAMS, SEASONAL)}


@dataclass(frozen=True)
class Rollout:
    """Who starts when, and what it does to their log-rate.

    `at` are the weeks of the starts; `share` the treated part of units (of teams for "team"), the
    rest never start. `on_*` say how far volunteers are chosen by standardised ability, own trend
    and a slump in the weeks before the first start; 1 is as much as everything else together.
    `varies` is the effect's standard deviation between people; `spillover` the part of it that
    reaches untreated members of a team, by the treated share of the team.
    """

    adoption: Adoption = "dev"
    at: tuple[int, ...] = (12,)
    share: float = 0.5
    effect: float = 0.0
    form: Form = "constant"
    varies: float = 0.0
    spillover: float = 0.0
    on_ability: float = 0.0
    on_trend: float = 0.0
    on_slump: float = 0.0


@dataclass(frozen=True, eq=False)
class World:
    """People without treatment: log_rate (n, T) may be -inf (on leave), present (n, T)."""

    log_rate: Floats
    present: Flags
    team: Ints
    seniority: Ints
    domain: Ints
    ability: Floats
    trend: Floats
    own_shock: Floats
    organisation: Organisation
    first_week: int


@dataclass(frozen=True, eq=False)
class Simulated:
    """A world under a roll-out: means without and with treatment, and what was counted."""

    world: World
    start: Ints
    without: Floats
    with_it: Floats
    counts: Ints
    clustered: bool
    rng: np.random.Generator = field(repr=False)

    @property
    def treated(self) -> Flags:
        """(n, T): treated and there."""
        weeks = np.arange(self.counts.shape[1])
        found: Flags = (weeks >= self.start[:, None]) & self.world.present
        return found

    @property
    def log_truth(self) -> float:
        """Log of the treated cells' mean sum with treatment over that without it."""
        cells = self.treated
        return float(np.log(self.with_it[cells].sum() / self.without[cells].sum()))

    @property
    def level_truth(self) -> float:
        """Mean difference over the treated cells."""
        cells = self.treated
        return float((self.with_it - self.without)[cells].mean())


def world(
    organisation: Organisation,
    teams: int,
    size: float,
    weeks: int,
    rng: np.random.Generator,
    first_week: int = 5,
) -> World:
    """`teams` of about `size` people over `weeks`, the first of them that week of a year."""
    n = round(teams * size)
    team = _teams(teams, n, rng)
    seniority, domain = rng.integers(0, 3, n), rng.integers(0, 3, teams)[team]
    ability = organisation.seniority * (seniority - 1) + organisation.developer * _normal(rng, n)
    trend = organisation.drift * _normal(rng, n)
    own = organisation.own_shock * ar1(organisation.own_rho, n, weeks, rng)
    shared = organisation.team * _normal(rng, teams)[:, None]
    shared = shared + organisation.team_shock * ar1(organisation.team_rho, teams, weeks, rng)
    years = (np.arange(weeks) - weeks / 2) / YEAR
    log_rate = np.log(organisation.mean) - organisation.spread / 2 + ability[:, None] + shared[team]
    log_rate = log_rate + own + np.outer(trend, years) + np.log1p(organisation.growth) * years
    log_rate = log_rate + season(organisation, first_week + np.arange(weeks))
    log_rate = np.where(rng.random((n, weeks)) < organisation.leave, -np.inf, log_rate)
    present = presence(organisation, n, weeks, rng)
    return World(
        log_rate, present, team, seniority, domain, ability, trend, own, organisation, first_week
    )


def _normal(rng: np.random.Generator, size: int) -> Floats:
    return rng.standard_normal(size)


def _teams(teams: int, n: int, rng: np.random.Generator) -> Ints:
    """Teams of unequal size, two people at least where there are that many."""
    weight = np.exp(0.3 * rng.standard_normal(teams))
    least = np.repeat(np.arange(teams), min(2, n // teams))
    rest = rng.choice(teams, n - len(least), p=weight / weight.sum())
    return np.sort(np.concatenate([least, rest])).astype(np.int64)


def ar1(rho: float, rows: int, weeks: int, rng: np.random.Generator) -> Floats:
    """(rows, weeks) stationary series with variance 1 and that correlation between weeks."""
    noise = rng.standard_normal((weeks, rows))
    for week in range(1, weeks):
        noise[week] = rho * noise[week - 1] + np.sqrt(1 - rho**2) * noise[week]
    return np.asarray(noise.T)


def season(organisation: Organisation, week: Ints) -> Floats:
    """Log of what the season leaves of a week's work."""
    of_year = week % YEAR
    found: Floats = organisation.season * np.cos(2 * np.pi * of_year / YEAR)
    summer = np.exp(-(((of_year - 30) / 3) ** 2))
    found = found + np.log1p(-organisation.summer * summer)
    for day, share in HOLIDAYS.items():
        found = found + organisation.holidays * np.log(share) * (of_year == day)
    return found


def presence(organisation: Organisation, n: int, weeks: int, rng: np.random.Generator) -> Flags:
    """(n, T): on the payroll. Some join after the first week, some leave before the last."""
    length = weeks / YEAR
    joins = rng.random(n) < organisation.joining * length
    leaves = rng.random(n) < organisation.leaving * length
    first = np.where(joins, rng.integers(1, weeks, n), 0)
    last = np.where(leaves, rng.integers(1, weeks, n), weeks)
    last = np.where(last <= first + 1, weeks, last)
    week = np.arange(weeks)
    found: Flags = (week >= first[:, None]) & (week < last[:, None])
    return found


def starts(people: World, rollout: Rollout, rng: np.random.Generator) -> Ints:
    """(n,) the week each developer starts; T for never."""
    n, weeks = people.log_rate.shape
    if rollout.adoption == "none":
        return np.full(n, weeks)
    if rollout.adoption == "all":
        return np.full(n, rollout.at[0])
    if rollout.adoption == "voluntary":
        return _volunteers(people, rollout, rng)
    groups = np.arange(n) if rollout.adoption == "dev" else people.team
    count = int(groups.max()) + 1
    drawn = rng.permutation(count)
    many = round(rollout.share * count)
    begin = np.full(count, weeks)
    begin[drawn[:many]] = np.array(rollout.at)[np.arange(many) % len(rollout.at)]
    return begin[groups]


def _volunteers(people: World, rollout: Rollout, rng: np.random.Generator) -> Ints:
    n, weeks = people.log_rate.shape
    first = rollout.at[0]
    recent = people.own_shock[:, max(first - 4, 0) : first].mean(axis=1)
    leaning = (
        rollout.on_ability * _standard(people.ability)
        + rollout.on_trend * _standard(people.trend)
        - rollout.on_slump * _standard(recent)
        + rng.standard_normal(n)
    )
    order = np.argsort(-leaning)[: round(rollout.share * n)]
    begin = np.full(n, weeks)
    begin[order] = rng.choice(np.array(rollout.at), len(order))
    return begin


def _standard(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-12))


def course(form: Form, since: Floats) -> Floats:
    """The share of the full effect so many weeks after the start: 1 at once, growing, dipping."""
    if form == "ramp":
        return np.asarray(np.clip((since + 1) / 8, 0, 1))
    if form == "j_curve":
        return np.asarray(np.clip((since - 3) / 6, -0.5, 1))
    if form == "novelty":
        return np.asarray(0.3 + 1.4 * np.exp(-since / 4))
    return np.ones_like(since)


def simulate(people: World, rollout: Rollout, rng: np.random.Generator) -> Simulated:
    """What is counted when these people start so; `rollout.effect` is a log ratio."""
    n, weeks = people.log_rate.shape
    start = starts(people, rollout, rng)
    since = np.arange(weeks) - start[:, None].astype(float)
    own = rollout.effect + rollout.varies * _normal(rng, n)[:, None]
    gained = np.where(since >= 0, own * course(rollout.form, np.maximum(since, 0)), 0.0)
    gained = np.where(since >= 0, gained, _spilled(people, rollout, since >= 0))
    without = np.exp(people.log_rate)
    with_it = without * np.exp(gained)
    k = people.organisation.size
    counts = rng.poisson(with_it * rng.gamma(k, 1 / k, with_it.shape))
    clustered = rollout.adoption in ("team", "waves")
    return Simulated(people, start, without, with_it, counts, clustered, rng)


def _spilled(people: World, rollout: Rollout, treated: Flags) -> Floats:
    """(n, T): what treated colleagues in the team pass on."""
    if rollout.spillover == 0:
        return np.zeros(treated.shape)
    members = np.bincount(people.team)
    share = np.zeros((len(members), treated.shape[1]))
    np.add.at(share, people.team, treated.astype(float))
    share /= members[:, None]
    return rollout.spillover * rollout.effect * share[people.team]


def count_panel(made: Simulated) -> Panel:
    """Merged pull requests a week; weeks outside somebody's employment are not observed."""
    return as_panel(made, np.where(made.world.present, made.counts.astype(float), np.nan))


def as_panel(made: Simulated, outcome: Floats, weight: Floats | None = None) -> Panel:
    """Any outcome (n, T) of these people as a panel, in clusters where teams were assigned."""
    n, weeks = outcome.shape
    cluster = made.world.team if made.clustered else np.arange(n)
    panel = Panel(
        outcome=outcome,
        start=made.start,
        cluster=cluster,
        steps=np.arange(weeks),
        units=tuple(f"dev{i:04d}" for i in range(n)),
        periods=tuple(str(t + 1) for t in range(weeks)),
        clusters=tuple(f"team{g:03d}" for g in range(int(cluster.max()) + 1)),
        clustered=made.clustered,
        weight=weight,
        traits={
            "seniority": np.array(LEVELS)[made.world.seniority],
            "domain": np.array(DOMAINS)[made.world.domain],
        },
    )
    return panel.pick(np.flatnonzero(~np.isnan(outcome).all(axis=1)))


def with_effect(rollout: Rollout, effect: float) -> Rollout:
    """The same roll-out with another true log ratio."""
    return replace(rollout, effect=effect)
