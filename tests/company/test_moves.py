"""Who moves, comes and leaves: the past stays with the old team, the future is the new one's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from steelyard.app.house import House
from steelyard.metrics import Question
from tests.company.script import END, MOVE_DAY, Company
from tests.company.served import AFTER, IN_GIT, Served, add_sources, house_settings, served, sync_at
from tests.company.truth import Truth, counts, sums, then
from tests.recorded import asked as figures

pytestmark = pytest.mark.slow
DAY = dt.timedelta(days=1)
READ = ("microsoft-graph", "clone", "jira", "linear", "tempo")


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


def changes(company: Company) -> list[dt.date]:
    """The days on which the directory shows something new: moves, and who came or had left."""
    comings = {p.started for p in company.employees if p.started > MOVE_DAY}
    goings = {p.left + DAY for p in company.employees if p.left and p.left > MOVE_DAY}
    return sorted({MOVE_DAY} | comings | goings)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Served]]:
    """Read the day before the move, then the directory on each change, then all at the end."""
    folder = tmp_path_factory.mktemp("moved")
    with served(folder) as systems:
        add_sources(folder / "data", systems, *READ)
        _read(folder / "data", systems, noon(MOVE_DAY - DAY), *READ)
        for day in changes(systems.script):
            _read(folder / "data", systems, noon(day), "microsoft-graph")
        _read(folder / "data", systems, AFTER, *READ)
        with House(house_settings(folder / "data")) as house:
            yield house, systems


def _read(data: Path, systems: Served, moment: dt.datetime, *names: str) -> None:
    systems.tell(moment)
    assert not [report for report in sync_at(data, moment, *names) if report.failed]


@pytest.fixture
def truth(moved: tuple[House, Served]) -> Truth:
    return Truth(moved[1].script, then)


def test_work_counts_for_the_team_of_its_day(moved: tuple[House, Served], truth: Truth) -> None:
    house, _ = moved
    # Git alone does not say whose a noreply address is.
    plain = [p.email for p in truth.company.employees if p.git == [p.email]]
    commits = truth.commits()
    commits = commits[(commits.repo == IN_GIT) & commits.person.isin(plain)]
    wanted = counts(commits, "person", "team")
    found = figures(house, "commits", "person", "team")
    assert {key: count for key, count in found.items() if key[0] in plain} == wanted
    assert len(wanted) > 3
    movers = {p.email for p in truth.company.employees if len(p.teams) == 2}
    issues = counts(truth.issues("resolved"), "person", "team")
    assert len([key for key in issues if key[0] in movers]) > len(movers)
    for event in ("created", "resolved"):
        issues = truth.issues(event)
        assert figures(house, f"issues_{event}", "team", "month") == counts(issues, "team", "month")
        assert figures(house, f"issues_{event}", "person", "team") == counts(
            issues, "person", "team"
        )
    assert figures(house, "hours_logged", "team") == pytest.approx(
        sums(truth.worklogs(), "hours", "team")
    )


def test_somebody_who_moved_has_two_teams_one_after_the_other(
    moved: tuple[House, Served],
) -> None:
    house, systems = moved
    movers = [p for p in systems.script.employees if len(p.teams) == 2]
    assert len(movers) == 7
    for person in movers:
        rows = house.warehouse.query(
            "select team, min(valid_from), max(valid_to) from people where person = ?"
            " group by team order by 2",
            [person.email],
        )
        (before, _, last), (after, first, _) = rows
        assert (before, after) == (person.teams[0][1], person.teams[1][1])
        assert (last, first) == (MOVE_DAY - DAY, MOVE_DAY)


def test_headcount_of_every_week(moved: tuple[House, Served], truth: Truth) -> None:
    house, _ = moved
    day = MOVE_DAY - DAY
    while day <= END:
        question = Question(("headcount",), start=day, end=day, by=("team",))
        rows = house.ask(question).records()
        found = {(row["team"],): row["headcount"] for row in rows if row["headcount"]}
        assert found == truth.headcount(day), day
        day += dt.timedelta(weeks=1)
