"""`steelyard impact` on a data folder: plans, and studies of what was imported."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import Run
from .test_serve import ANY, server
from .weeks import write_rows

WEEKS = 28
TODAY = dt.datetime.now(dt.UTC).date()
END = TODAY - dt.timedelta(days=TODAY.weekday())  # this week's Monday
FIRST = END - dt.timedelta(weeks=WEEKS)
START = FIRST + dt.timedelta(weeks=16)
TEAMS = tuple(f"team-{n:02}" for n in range(10))
PILOT = TEAMS[::2]
PLAN = ("--metric", "prs_merged", "--assigned-by", "team", "--design", "rct", "--rule", "lots")
DATES = ("--start", str(START), "--treated", ",".join(PILOT), "--weeks-after", "12")


def people() -> list[dict[str, Any]]:
    return [
        {
            "email": f"{team}.{n}@acme.example",
            "name": f"{team} {n}",
            "team": team,
            "role": "Engineer",
            "level": f"L{n % 2}",
            "start_date": "2024-01-01",
            "valid_from": "2024-01-01",
        }
        for team in TEAMS
        for n in range(4)
    ]


def pulls(effect: float = 0.8) -> list[dict[str, Any]]:
    dice, found = np.random.default_rng(4), []
    for person in people():
        for week in range(WEEKS):
            monday = FIRST + dt.timedelta(weeks=week)
            more = 1 + effect if person["team"] in PILOT and monday >= START else 1
            for _ in range(dice.poisson(2.5 * more)):
                day = monday + dt.timedelta(days=int(dice.integers(0, 5)))
                found.append(_pull(len(found) + 1, person["email"], day))
    return found


def _pull(number: int, author: str, day: dt.date) -> dict[str, Any]:
    about = {"repo": "github.com/acme/app", "number": number, "author": author, "state": "merged"}
    made = {"created_at": f"{day}T08:00:00Z", "first_commit_at": f"{day}T07:00:00Z"}
    return about | made | {"merged_at": f"{day}T15:00:00Z", "closed_at": f"{day}T15:00:00Z"}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with people and merged pull requests. Not to be changed but for plans."""
    from steelyard.app import connect
    from steelyard.config import load_settings

    folder = tmp_path_factory.mktemp("studied")
    with connect(load_settings(folder / "data")) as house:
        house.import_people(Path(write_rows(folder / "people.csv", people())))
        house.import_csv("pull_requests", Path(write_rows(folder / "pulls.csv", pulls())), "csv")
    return folder / "data"


@pytest.fixture
def on(run: Run, imported: Path) -> Callable[..., Any]:
    """A command on that folder; its JSON where it prints some."""

    def command(*words: str) -> Any:
        done = run("impact", *words, "--data", str(imported))
        assert done.code == 0, done.err
        return json.loads(done.out) if "json" in words else done

    return command


def test_a_plan_is_kept_with_every_version(run: Run) -> None:
    assert "No study is planned yet." in run("impact", "plan").err
    first = run("impact", "plan", "pilot", *PLAN, *DATES, "--format", "json")
    said = json.loads(first.out)
    assert (said["version"], said["plan"]["design"]) == (1, "rct")
    assert len(said["digest"]) == 64
    same = json.loads(run("impact", "plan", "pilot", *PLAN, *DATES, "--format", "json").out)
    assert same["version"] == 1
    changed = run("impact", "plan", "pilot", "--weeks-after", "10")
    assert "Version 2 of pilot is kept" in changed.out
    assert "weeks after: 12 → 10" in changed.out
    shown = json.loads(run("impact", "plan", "pilot", "--format", "json").out)
    assert [each["version"] for each in shown["versions"]] == [2, 1]
    assert shown["plan"]["treated"] == list(PILOT)
    assert "registered_late" in [each["code"] for each in shown["warnings"]]
    assert "pilot" in run("impact", "plan").out
    assert [each["version"] for each in json.loads(run("impact", "plan", "--format", "json").out)]


def test_a_guided_plan_takes_every_metric_of_work(run: Run) -> None:
    done = run(
        *("impact", "plan", "first", "--guided", "--start", "2031-01-06", "--treated", "a,b"),
        *("--format", "json"),
    )
    plan = json.loads(done.out)["plan"]
    assert plan["baseline_weeks"] == 12
    assert plan["design"] == "volunteers"
    assert {"pr_cycle_hours_p50", "rework_share"} <= {g["metric"] for g in plan["guardrails"]}
    assert json.loads(done.out)["registered_before_start"] is True


def test_waves_and_a_file_make_a_plan(run: Run, tmp_path: Path) -> None:
    waves = ("--waves", "search=2031-01-06,mobile=2031-01-20", "--design", "waves")
    done = run("impact", "plan", "waves", "--metric", "prs_merged", *waves, "--format", "json")
    plan = json.loads(done.out)["plan"]
    assert plan["waves"][0] == {"group": "search", "starts": "2031-01-06"}
    (tmp_path / "plan.json").write_text(done.out)
    again = run("impact", "plan", "copy", "--from-file", str(tmp_path / "plan.json"))
    assert again.code == 0, again.err
    back = run("impact", "plan", "waves", "--start", "2031-01-06", "--format", "json")
    assert json.loads(back.out)["plan"]["waves"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "x"), "no plan called"),
        (("plan", "x", "--rule", "lots"), "no plan called"),
        (("plan", "--metric", "prs_merged"), "no plan"),
        (("plan", "x", "--metric", "cost_per_pr"), "both of its sides move"),
        (("plan", "x", "--metric", "prs_merged,commits"), "Several primary metrics"),
        (("plan", "x", "--metric", "prs_merged", "--start", "soon"), "soon"),
        (("plan", "x", "--metric", "prs_merged", "--waves", "soon"), "are no waves"),
        (("plan", "X!", "--metric", "prs_merged"), "is no name for a plan"),
        (("plan", "x", "--guided"), "needs a start"),
        (("analyze", "--plan", "x"), "no plan called"),
        (("power", "--metric", "prs_merged"), "Nothing is recorded"),
        (("power", "--metric", "active_people"), "counts people"),
    ],
)
def test_what_cannot_be_planned_says_why(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run("impact", *words)
    assert done.code == 2
    assert said in done.err


def test_a_study_from_the_warehouse(on: Callable[..., Any], tmp_path: Path) -> None:
    guardrails = ("--guardrails", "pr_cycle_hours_p50,commits")
    on("plan", "pilot", *PLAN, *DATES, *guardrails)
    said = on("analyze", "--plan", "pilot", "--format", "json")
    assert said["verdict"]["code"] == "effect"
    assert said["design"] == "rct"
    assert said["n"] == {"units": 40, "clusters": 10, "periods": 24, "treated": 20}
    low, high = said["headline"]["ci_pct"]
    assert low < 80 < high
    assert said["plan"]["registered_before_start"] is False
    assert [each["metric"] for each in said["guardrails"]] == ["commits", "pr_cycle_hours_p50"]
    assert set(said["redo"]) >= {"a", "b", "c", "d"}
    text = on("analyze", "--plan", "pilot").out
    assert "guardrail" in text
    assert "Plan pilot, version" in text
    one = on("analyze", "--plan", "pilot", "--metric", "pr_cycle_hours_p50", "--format", "json")
    assert "not_primary" in [note["code"] for note in one["warnings"]]
    saved = tmp_path / "pilot.json"
    on("analyze", "--plan", "pilot", "-o", str(saved))
    costs = ("--people", "20", "--weeks", "12", "--hours", "20", "--rate", "90", "--spend", "9000")
    by_file = on("roi", "--analysis", str(saved), *costs[:-2], *costs[-2:])
    by_plan = on("roi", "--plan", "pilot", *costs)
    assert by_file.out == by_plan.out


def test_power_and_pairs_from_the_warehouse(on: Callable[..., Any]) -> None:
    sizes = ("--n-treated", "15", "--n-control", "15", "--weeks-before", "12")
    sizes += ("--weeks-after", "8", "--format", "json")
    said = on("power", "--metric", "prs_merged", "--unit", "person", *sizes)
    assert said["n"]["units"] == 40
    assert said["verdict"]["sentence"].startswith("15 treated and 15 control developers")
    teams = on("power", "--metric", "prs_merged", "--cluster", "team", *sizes)
    assert teams["asked"]["assigned_by"] == "cluster"
    on("plan", "pilot", *PLAN, *DATES)
    planned = on("power", "--plan", "pilot", "--format", "json")["asked"]
    assert (planned["n_treated"], planned["n_control"], planned["weeks_before"]) == (20, 20, 8)
    own = ",".join(row["email"] for row in people() if row["team"] in PILOT[:2])
    on("plan", "own", "--metric", "prs_merged", "--start", str(START), "--treated", own,
       "--design", "volunteers", "--match-on", "level")  # fmt: skip
    pairs = on("match", "--plan", "own", "--format", "json")
    assert pairs["n"]["treated"] == 8
    assert pairs["balance"]


def test_a_running_server_gives_the_figures(on: Callable[..., Any], imported: Path) -> None:
    on("plan", "pilot", *PLAN, *DATES)
    alone = on("analyze", "--plan", "pilot", "--format", "json")
    with server(imported, "--web", ANY, "--otlp-http", ANY, "--otlp-grpc", ""):
        beside = on("analyze", "--plan", "pilot", "--format", "json")
        on("plan", "later", *PLAN, *DATES)
    assert beside["headline"] == alone["headline"]
    assert beside["plan"] == alone["plan"]
