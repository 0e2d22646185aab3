"""The studies whose estimators are calibrated: who is drawn, who starts when, what is true.

A draw is a panel (or a trial) of a simulated organisation with the truth of each estimand; nothing
is estimated here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from benchmarks.organisation import (
    Floats,
    Organisation,
    Rollout,
    Simulated,
    count_panel,
    simulate,
    world,
)
from benchmarks.organisation_work import (
    amount_panel,
    duration_panel,
    mean_failing,
    share_panel,
    tasks,
)

from steelyard.impact.panel import Panel, Trial
from steelyard.impact.study import Study

SHARE_EFFECT = 0.3  # a share's difference for a log ratio: 0.0286 for the log of 1.1
GROWING = Rollout("waves", (12, 18, 24), 0.75, form="ramp")


@dataclass(frozen=True, eq=False)
class Draw:
    """What is observed, what is asked, and the true values.

    `log` on the log scale, `level` in units of the outcome for the treated, `everybody` for all
    units (what regression adjustment estimates), `base` the mean without treatment; `pct` the
    effect in percent of it, NaN where none is asked.
    """

    observed: Panel | Trial
    study: Study
    log: float
    level: float
    everybody: float
    base: float
    pct: float


@dataclass(frozen=True)
class Planned:
    """One design: `teams` of about `size` people over `weeks`, rolled out so.

    `holds` False: it breaks an assumption on purpose, to show what no estimator mends.
    """

    name: str
    title: str
    estimators: tuple[str, ...]
    teams: int
    size: float
    weeks: int
    rollout: Rollout
    outcome: str = "count"
    design: str = "rct"
    holds: bool = True

    def draw(self, organisation: Organisation, effect: float, rng: np.random.Generator) -> Draw:
        """One study at a true log ratio (for shares, `SHARE_EFFECT` times that in points)."""
        if self.outcome in ("task_hours", "task_logs"):
            return self._tasks(organisation, effect, rng)
        first = int(rng.integers(0, 52))
        people = world(organisation, self.teams, self.size, self.weeks, rng, first)
        on_rate = effect if self.outcome in ("count", "amount") else 0.0
        made = simulate(people, replace(self.rollout, effect=on_rate), rng)
        return _OUTCOMES[self.outcome](self, made, effect)

    def study(self, kind: str) -> Study:
        words = "team" if self.rollout.adoption in ("team", "waves") else ""
        exact = ("seniority",) if self.design == "volunteers" else ()
        return Study(kind, self.design, matched_on=exact, unit="developer", cluster=words)  # type: ignore[arg-type]

    def _tasks(self, organisation: Organisation, effect: float, rng: np.random.Generator) -> Draw:
        trial = tasks(organisation, self.teams, int(self.size), effect, rng)
        asked = Study("duration", "rct", covariates=("log(forecast)",), unit="task")
        if self.outcome == "task_hours":
            return Draw(trial, asked, effect, effect, effect, 1.0, 100 * np.expm1(effect))
        trial = replace(trial, outcome=np.log(trial.outcome))
        return Draw(trial, replace(asked, kind="amount"), effect, effect, effect, 1.0, np.nan)


def _counts(plan: Planned, made: Simulated, effect: float) -> Draw:
    return _rates(plan, made, count_panel(made), np.ones(made.counts.shape))


def _amounts(plan: Planned, made: Simulated, effect: float) -> Draw:
    return _rates(plan, made, *amount_panel(made))


def _rates(plan: Planned, made: Simulated, panel: Panel, worth: Floats) -> Draw:
    """The truths of what is counted, each counted thing being `worth` (n, T) so much on average."""
    cells, log = made.treated, made.log_truth
    base = float((made.without * worth)[cells].mean())
    levels = (base * float(np.expm1(log)), _everybody(made, worth) * float(np.expm1(log)), base)
    return Draw(panel, plan.study(plan.outcome), log, *levels, 100 * float(np.expm1(log)))


def _everybody(made: Simulated, worth: Floats) -> float:
    """The mean over all units of their means after the first start, had none been treated."""
    after = np.arange(made.counts.shape[1]) >= made.start.min()
    cells = made.world.present & after
    mean = np.where(cells, made.without * worth, 0).sum(1) / np.maximum(cells.sum(1), 1)
    return float(mean[cells.any(1)].mean())


def _durations(plan: Planned, made: Simulated, effect: float) -> Draw:
    panel = duration_panel(made, effect)
    pct = 100 * np.expm1(effect)
    return Draw(panel, plan.study("duration"), effect, effect, effect, 1.0, pct)


def _shares(plan: Planned, made: Simulated, effect: float) -> Draw:
    true = SHARE_EFFECT * effect
    base = mean_failing(made.world.organisation)
    panel = share_panel(made, true)
    return Draw(panel, plan.study("share"), np.nan, true, true, base, 100 * true / base)


_OUTCOMES: dict[str, Callable[[Planned, Simulated, float], Draw]] = {
    "count": _counts,
    "amount": _amounts,
    "duration": _durations,
    "share": _shares,
}
BY_DEVELOPER = Rollout("dev", (12,), 0.5)
VOLUNTEERS = Rollout("voluntary", (12, 16, 20, 24), 0.6, on_ability=1.0)
BOTH = ("poisson_did", "ancova")
LOTS = (*BOTH, "lots:poisson_did")
STAGGERED = ("poisson_imputation", "imputation", "callaway_santanna")

DESIGNS: tuple[Planned, ...] = (
    Planned("rct-50", "25 v 25 developers by lot, 12+12 weeks", LOTS, 10, 5, 24, BY_DEVELOPER),
    Planned("rct-300", "150 v 150 developers by lot, 12+12 weeks", BOTH, 50, 6, 24, BY_DEVELOPER),
    Planned(
        "teams-4-of-12", "4 of 12 teams by lot, 12+12 weeks", LOTS, 12, 8, 24,
        Rollout("team", (12,), 1 / 3),
    ),
    Planned(
        "teams-12-of-24", "12 of 24 teams by lot, 12+12 weeks", BOTH, 24, 8, 24,
        Rollout("team", (12,), 0.5),
    ),
    Planned(
        "waves-32", "32 teams, three waves and a rest, growing effect", STAGGERED, 32, 6, 36,
        GROWING, design="waves",
    ),
    Planned(
        "waves-12", "12 teams, three waves and a rest, growing effect", STAGGERED, 12, 8, 36,
        GROWING, design="waves",
    ),
    Planned(
        "volunteers-matched", "volunteers by ability, one date, 24+12 weeks",
        ("matched_did", "poisson_did"), 25, 6, 36,
        Rollout("voluntary", (24,), 0.35, on_ability=1.0), design="volunteers",
    ),
    Planned(
        "volunteers-staggered", "volunteers by ability, four dates, unmatched",
        ("poisson_imputation", "imputation"), 40, 6, 36, VOLUNTEERS, design="volunteers",
    ),
    Planned(
        "volunteers-improving", "volunteers by own trend, four dates: assumption broken",
        ("poisson_imputation",), 40, 6, 36, replace(VOLUNTEERS, on_ability=0.0, on_trend=1.0),
        design="volunteers", holds=False,
    ),
    Planned(
        "durations-100", "50 v 50 developers by lot, cycle time", ("ancova",), 20, 5, 24,
        BY_DEVELOPER, "duration",
    ),
    Planned(
        "waves-durations", "32 teams in waves, cycle time", ("imputation",), 32, 6, 36,
        replace(GROWING, form="constant"), "duration", "waves",
    ),
    Planned(
        "volunteers-durations", "volunteers by ability, one date, cycle time", ("matched_did",),
        25, 6, 36, Rollout("voluntary", (24,), 0.35, on_ability=1.0), "duration", "volunteers",
    ),
    Planned(
        "shares-100", "50 v 50 developers by lot, share that fails", ("ratio", "ancova"), 20, 5, 24,
        BY_DEVELOPER, "share",
    ),
    Planned(
        "amounts-100", "50 v 50 developers by lot, amounts with a heavy tail",
        ("ancova", "poisson_did"),
        20, 5, 24, BY_DEVELOPER, "amount",
    ),
    Planned(
        "tasks-240", "16 developers, 15 tasks each by lot, log hours", ("log_duration",),
        16, 15, 1, BY_DEVELOPER, "task_hours",
    ),
    Planned(
        "task-means-240", "16 developers, 15 tasks each by lot, means", ("task_means",),
        16, 15, 1, BY_DEVELOPER, "task_logs",
    ),
    Planned(
        "few-treated", "3 of 40 developers chosen by ability, amounts, 24+12 weeks",
        ("synthetic_did",), 8, 5, 36, Rollout("voluntary", (24,), 0.075, on_ability=1.0),
        "amount", "volunteers",
    ),
)  # fmt: skip
