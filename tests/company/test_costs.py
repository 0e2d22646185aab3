"""What assistants cost, and per what shipped: telemetry and the vendor's count beside all work."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from steelyard.app.house import House
from tests.company import telemetry
from tests.company.offices import FIRST_USED, TOKENS, seen
from tests.company.script import END
from tests.company.served import Served, house_settings, steelyard
from tests.company.truth import Truth, counts, medians, sums
from tests.recorded import asked as figures

pytestmark = pytest.mark.slow
# Published for Claude Opus 5, USD per million tokens: input, output, cache read, written for 5 min.
_USD = {"input": 5.0, "output": 25.0, "cache_read": 0.5, "cache_creation": 6.25}
SESSION_USD = sum(TOKENS[kind] * price / 1e6 for kind, price in _USD.items())
PERIOD = ("--from", str(FIRST_USED), "--to", str(END))


@pytest.fixture(scope="module")
def used(
    read_once: Path, systems: Served, recordings: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What all systems told, and every assistant session as telemetry."""
    data = Path(shutil.copytree(read_once, tmp_path_factory.mktemp("used") / "data"))
    with House(house_settings(data)) as house:
        house.inbox.put(list(telemetry.bodies(systems.script, recordings)))
        house.settle()
    return data


def spent(truth: Truth) -> pd.DataFrame:
    """A row a person and day, at list price: what we saw, and what the vendor saw beyond it.

    What we saw of people whom no directory knows may be anybody's: it is taken off what the
    vendor saw beyond it of each person, and once off all of it. The rest is nobody's.
    """
    frame = truth.sessions().assign(told=[seen(s) for s in truth.company.sessions])
    days = frame.groupby(["person", "team", "day"]).told.agg(["size", "sum"]).reset_index()
    rows = []
    for day, there in days.groupby("day"):
        strange = there.team == ""
        ours, theirs = there["size"][strange].sum(), there["sum"][strange].sum()
        beyond = (there["sum"] - there["size"]).where(~strange, 0)
        named = (beyond - ours).clip(lower=0)
        rest = max(beyond.sum() + theirs - ours, 0) - named.sum()
        rows += [
            (person, day, {"usd": times * SESSION_USD})
            for person, times in zip(there.person, there["size"] + named, strict=True)
        ]
        rows.append(("", day, {"usd": rest * SESSION_USD}))
    return truth.rows(rows)


def shipped(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame.day >= FIRST_USED) & (frame.day <= END)]


def answered(data: Path, *words: str) -> Any:
    done = steelyard(data, "ask", *words, *PERIOD, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def panel(answer: Any, name: str) -> dict[str, Any]:
    """A panel's rows by the group they are about, without groups too small to show."""
    (found,) = [each for each in answer["panels"] if each["name"] == name]
    group = found["columns"][0]["name"]
    return {row[group]: row for row in found["rows"] if "fewer than" not in row["note"]}


def test_the_script_says_what_was_recorded(recordings: Path) -> None:
    told = telemetry.tokens(recordings)
    assert list(told.values()) == list(TOKENS.values())


def test_spend_by_team_is_what_the_larger_witness_saw(used: Path, truth: Truth) -> None:
    with House(house_settings(used)) as house:
        frame = spent(truth)
        assert figures(house, "spend_usd", "team") == pytest.approx(sums(frame, "usd", "team"))
        months = sums(frame, "usd", "month")
        assert figures(house, "spend_usd", "month") == pytest.approx(months)
        assert figures(house, "sessions", "team") == counts(truth.sessions(), "team")
        people = figures(house, "spend_usd", "person")
        assert people == pytest.approx(sums(frame, "usd", "person"))


def test_cost_per_pull_request_of_teams_of_unequal_counts(used: Path, truth: Truth) -> None:
    answer = answered(used, "cost_per_pr,spend_usd,prs_merged", "--by", "team")
    pulls = counts(shipped(truth.pulls()), "team")
    usd = sums(spent(truth), "usd", "team")
    found = {(row["team"] or "",): row for row in answer["rows"]}
    assert len(set(pulls.values())) > 4
    assert {key: row["prs_merged"] for key, row in found.items()} == pulls
    wanted = {key: usd[key] / count for key, count in pulls.items()}
    assert {key: row["cost_per_pr"] for key, row in found.items()} == pytest.approx(wanted)


def test_roi(used: Path, truth: Truth) -> None:
    answer = answered(used, "--question", "roi")
    usd = spent(truth).usd.sum()
    frames = {
        "cost per commit": shipped(truth.commits()),
        "cost per merged pull request": shipped(truth.pulls()),
        "cost per resolved issue": shipped(truth.issues("resolved")),
    }
    units = panel(answer, "unit_costs")
    for figure, frame in frames.items():
        assert units[figure]["count"] == len(frame), figure
        assert units[figure]["cost_usd"] == pytest.approx(usd / len(frame)), figure
        assert units[figure]["low"] <= units[figure]["cost_usd"] <= units[figure]["high"]
    assert f"${usd:.2f}" in answer["sentence"]
    pulls = counts(shipped(truth.pulls()), "team")
    teams = sums(spent(truth), "usd", "team")
    rows = panel(answer, "cost_per_pr_by_team")
    assert len(rows) >= 6
    for team, row in rows.items():
        if (team,) in teams:
            assert row["pull_requests"] == pulls[(team,)]
            assert row["cost_per_pr"] == pytest.approx(teams[(team,)] / pulls[(team,)])


def test_experience(used: Path, truth: Truth) -> None:
    answer = answered(used, "--question", "experience")
    assert "No decisions" in answer["sentence"]  # the recorded session has none
    frame = spent(truth).query("team != ''")
    frame["role"] = [truth.company.people[person].title for person in frame.person]
    usd, people = sums(frame, "usd", "role"), frame.groupby("role").person.nunique()
    rows = panel(answer, "spend_by_role")
    assert len(rows) == 3
    for role, row in rows.items():
        assert row["people"] == people[role]
        assert row["spend_per_person_usd"] == pytest.approx(usd[(role,)] / people[role])


def test_pricing(used: Path, truth: Truth) -> None:
    answer = answered(used, "--question", "pricing")
    june = spent(truth).query("month == '2026-06-01' and person != ''")
    people = june.person.nunique()
    assert f"In June 2026 {people} people" in answer["sentence"]
    tiers = panel(answer, "spend_tiers")
    assert tiers["<$20"]["count"] == people
    assert sum(row["count"] for row in tiers.values()) == people


def test_stuck(used: Path, truth: Truth) -> None:
    answer = answered(used, "--question", "stuck")
    frame = spent(truth)
    sessions, usd = counts(truth.sessions(), "team"), sums(frame, "usd", "team")
    rows = panel(answer, "cost_per_session_by_team")
    assert rows
    for team, row in rows.items():
        assert row["sessions"] == sessions[(team,)]
        assert row["cost_per_session"] == pytest.approx(usd[(team,)] / sessions[(team,)])
    assert panel(answer, "session_sizes")["<100k"]["count"] == len(truth.sessions())


def test_bugs(used: Path, truth: Truth) -> None:
    answer = answered(used, "--question", "bugs")
    bugs = shipped(truth.issues("resolved")).query("issue_type == 'Bug'")
    number, median = counts(bugs, "assisted"), medians(bugs, "hours", "assisted")
    rows = panel(answer, "resolution_with_and_without")
    for name, assisted in (("with an assistant", "yes"), ("without a mark of one", "no")):
        assert rows[name]["bugs"] == number[(assisted,)]
        assert rows[name]["resolution_hours_p50"] == pytest.approx(median[(assisted,)], abs=1e-6)
    teams = medians(bugs, "hours", "team")
    for team, row in panel(answer, "resolution_by_team").items():
        if (team,) in teams:
            assert row["resolution_hours_p50"] == pytest.approx(teams[(team,)], abs=1e-6)
