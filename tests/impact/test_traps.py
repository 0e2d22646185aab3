"""What dashboards compare, on simulated organisations where the assistants do nothing at all.

Each comparison is shown to find an effect that is not there; then the product is asked for it,
by the library and by the command line, and must refuse or label it and say why.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks import organisation as org
from benchmarks.organisation import CALM, Rollout, Simulated
from benchmarks.organisation_work import pull_requests, table, write

from steelyard.errors import BadPanel, UsageError
from steelyard.impact.analyze import analyze
from steelyard.impact.methods import method
from steelyard.impact.panel import Panel, Trial
from steelyard.impact.read import Columns, read_panel, read_trial
from steelyard.impact.result import Analysis
from steelyard.impact.study import Study

PANEL = ("--unit", "developer", "--time", "week", "--outcome", "outcome")
ASKED = Study(unit="developer", outcome="merged pull requests")


@dataclass(frozen=True)
class Done:
    code: int
    said: dict[str, Any]
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`steelyard impact analyze` with what it printed as JSON."""
    from steelyard.cli.main import main

    def command(path: Path, *arguments: str) -> Done:
        code = main(["impact", "analyze", "--panel", str(path), *arguments, "--format", "json"])
        captured = capsys.readouterr()
        return Done(code, json.loads(captured.out) if captured.out else {}, captured.err)

    return command


def made(rollout: Rollout, weeks: int = 24, teams: int = 12, first_week: int = 40) -> Simulated:
    rng = np.random.default_rng(11)
    return org.simulate(org.world(CALM, teams, 8, weeks, rng, first_week), rollout, rng)


def rows(found: Simulated) -> pd.DataFrame:
    return table(found, org.count_panel(found))


def saved(found: pd.DataFrame, path: Path) -> Path:
    found.to_csv(path / "panel.csv", index=False)
    return path / "panel.csv"


def read(found: pd.DataFrame, **names: str) -> Panel:
    said = {"unit": "developer", "time": "week", "outcome": "outcome", **names}
    return read_panel(found.astype(str), Columns(**said), "count")  # type: ignore[arg-type]


def z_of(one: pd.Series[float], other: pd.Series[float]) -> float:
    """The t ratio of two piles of rows, as a dashboard would have it."""
    error = np.hypot(float(one.sem()), float(other.sem()))  # type: ignore[arg-type]
    return float((one.mean() - other.mean()) / error)


def codes(said: dict[str, Any] | Analysis) -> set[str]:
    told = said.to_json() if isinstance(said, Analysis) else said
    return {each["code"] for each in told["warnings"]}


# Before against after: the start falls into the weeks before the holidays.


def test_before_and_after_over_a_season_is_not_identified(tmp_path: Path, run: Run) -> None:
    found = made(Rollout("all", (12,)), first_week=32)
    panel, path = org.count_panel(found), write(found, org.count_panel(found), tmp_path / "p.csv")
    after = panel.outcome[:, 12:].mean() / panel.outcome[:, :12].mean()
    assert after < 0.9, "nothing was done, yet the difference is large"
    said = analyze(panel, ASKED)
    assert said.headline is None and said.verdict.code == "not_identified"
    assert "season" in said.verdict.sentence and said.verdict.evidence == "none"
    assert [each.estimator for each in said.diagnostics] == ["interrupted_time_series"]
    assert "interrupted_time_series_is_diagnostic" in codes(said)
    done = run(path, *PANEL, "--adopted", "adopted", "--design", "rct")
    assert done.code == 0 and done.said["headline"] is None
    assert done.said["design"] == "once" and "design_lowered" in codes(done.said)
    assert "Everybody started at once: season" in done.said["verdict"]["sentence"]


# Users against non-users: the able start, before anybody was counted.


def test_users_against_non_users_is_refused(tmp_path: Path, run: Run) -> None:
    everything = rows(made(Rollout("voluntary", (4,), 0.4, on_ability=2)))
    late = everything[everything["week"] >= "2025-02-24"].copy()
    late["user"] = (late["adopted"] != "").astype(int)
    assert z_of(*(late.loc[late["user"] == flag, "outcome"] for flag in (1, 0))) > 5
    said = analyze(read(late, treated="user"), ASKED)
    assert said.headline is None and said.verdict.code == "refused"
    assert "users against non-users" in said.verdict.sentence
    done = run(saved(late, tmp_path), *PANEL, "--treated", "user")
    assert done.said["headline"] is None and done.said["verdict"]["code"] == "refused"
    assert "compares different people" in done.said["verdict"]["sentence"]


# Weeks with the assistant against weeks without: it is used when there is much to do.


def test_ai_weeks_against_other_weeks_is_refused(tmp_path: Path, run: Run) -> None:
    everything = rows(made(Rollout("all", (4,))))
    late = everything[everything["week"] >= "2025-02-24"]
    assert z_of(*(late.loc[late["used"] == flag, "outcome"] for flag in (1, 0))) > 5
    with pytest.raises(BadPanel) as caught:
        read(everything, treated="used")
    assert "weeks with the assistant against weeks without" in str(caught.value)
    done = run(saved(everything, tmp_path), *PANEL, "--treated", "used")
    assert done.code != 0 and "chosen by who works how" in done.err


# Pull requests made with the assistant against others: it is taken for the quick ones.


def assisted_pull_requests() -> pd.DataFrame:
    found = made(Rollout("all", (0,)))
    cells, hours = pull_requests(found)
    leaning = -np.log(hours) + np.random.default_rng(5).standard_normal(len(hours))
    return pd.DataFrame(
        {
            "developer": [f"dev{int(row):04d}" for row in cells[:, 0]],
            "hours": hours,
            "assisted": (leaning > np.median(leaning)).astype(int),
        }
    )


def test_ai_pull_requests_against_others_is_an_association(tmp_path: Path, run: Run) -> None:
    tasks = assisted_pull_requests()
    logs = np.log(tasks["hours"])
    assert z_of(*(logs[tasks["assisted"] == flag] for flag in (1, 0))) < -20
    trial: Trial = read_trial(
        tasks.astype(str), Columns(outcome="hours", treated="assisted"), "duration"
    )
    said = analyze(trial, Study("duration", outcome="hours", unit="task"))
    assert said.headline is None and said.verdict.code == "not_identified"
    assert "association" in said.verdict.sentence
    arguments = ("--outcome", "hours", "--treated", "assisted", "--kind", "duration")
    done = run(saved(tasks, tmp_path), *arguments)
    assert done.said["headline"] is None and done.said["verdict"]["code"] == "not_identified"
    assert "Nobody drew lots over these tasks" in done.said["verdict"]["sentence"]


# Weeks as people: each developer's weeks are alike, so rows are not independent.


def test_developer_weeks_are_never_counted_as_people(tmp_path: Path, run: Run) -> None:
    found = made(Rollout("dev", (12,)))
    everything = rows(found)
    said = analyze(org.count_panel(found), Study(design="rct", unit="developer"))
    assert said.n["units"] == 96 and said.headline is not None
    assert "96 clusters" in said.headline.inference
    everything["row"] = [f"r{i}" for i in range(len(everything))]
    refused = analyze(read(everything, unit="row", adopted="adopted"), ASKED)
    assert refused.headline is None and refused.verdict.code == "refused"
    assert "Weeks of one developer are alike" in refused.verdict.sentence
    done = run(
        saved(everything, tmp_path), "--unit", "row", "--time", "week", "--outcome", "outcome",
        "--adopted", "adopted",
    )  # fmt: skip
    assert done.said["headline"] is None and done.said["verdict"]["code"] == "refused"
    assert "rows are not people" in done.said["verdict"]["sentence"]


# Matching on four weeks: who was lucky in them is paired with who is better.


def by_four_weeks(found: Simulated) -> float:
    """Log ratio after the start of volunteers to whoever was nearest to them in four weeks."""
    before, after = found.counts[:, :4].mean(axis=1), found.counts[:, 4:].mean(axis=1)
    joined = found.start < found.counts.shape[1]
    apart = np.abs(before[joined][:, None] - before[~joined])
    return float(np.log(after[joined].sum() / after[~joined][apart.argmin(axis=1)].sum()))


def test_matching_on_four_weeks_finds_an_effect_that_is_not_there() -> None:
    rng = np.random.default_rng(3)
    rollout = Rollout("voluntary", (4,), 0.35, on_ability=1)
    found = [
        by_four_weeks(org.simulate(org.world(CALM, 12, 8, 16, rng), rollout, rng))
        for _ in range(40)
    ]
    assert np.mean(found) > 0.15


def test_matching_on_four_weeks_is_refused_or_labelled(tmp_path: Path, run: Run) -> None:
    found = made(Rollout("voluntary", (4,), 0.35, on_ability=1), weeks=16)
    said = analyze(org.count_panel(found), Study(design="volunteers", matched_on=("seniority",)))
    path = write(found, org.count_panel(found), tmp_path / "p.csv")
    arguments = ("--adopted", "adopted", "--design", "volunteers", "--exact", "seniority")
    done = run(path, *PANEL, *arguments)
    for told in (said.to_json(), done.said):
        assert told["verdict"]["code"] == "refused"
        assert "12 weeks" in told["verdict"]["answerable"]


# Two-way fixed effects on waves: early starters become controls.


@pytest.mark.parametrize("name", ["twfe", "two-way-fixed-effects"])
def test_twfe_on_waves_is_a_diagnostic_only(tmp_path: Path, run: Run, name: str) -> None:
    found = made(Rollout("waves", (8, 12, 16), 0.75))
    study = Study(design="waves", cluster="team", estimator=name)
    said = analyze(org.count_panel(found), study)
    path = write(found, org.count_panel(found), tmp_path / "p.csv")
    arguments = ("--adopted", "adopted", "--cluster", "team", "--estimator", name)
    for told in (said.to_json(), run(path, *PANEL, *arguments).said):
        assert told["headline"]["estimator"] == "poisson_imputation"
        assert "twfe" in [each["estimator"] for each in told["diagnostics"]]
        (note,) = [each for each in told["warnings"] if each["code"] == "estimator_unsuited"]
        assert "diagnostic only" in note["message"] and "negative weights" in note["message"]


# Asked for by name.


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("before-after", "season"),
        ("users_vs_non_users", "different people"),
        ("treated_weeks_vs_others", "busy weeks"),
        ("rows_t_test", "every week of a developer as another developer"),
    ],
)
def test_a_naive_comparison_asked_for_by_name_is_refused(
    tmp_path: Path, run: Run, name: str, reason: str
) -> None:
    with pytest.raises(UsageError) as caught:
        method(name)
    assert reason in caught.value.message
    found = made(Rollout("dev", (12,)))
    path = write(found, org.count_panel(found), tmp_path / "p.csv")
    done = run(path, *PANEL, "--adopted", "adopted", "--estimator", name)
    assert done.code != 0 and not done.said.get("headline") and reason in done.err
