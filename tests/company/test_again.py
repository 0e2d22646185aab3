"""Reading again, after being killed, and through trouble: the same rows as one clean reading."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.company.script import START
from tests.company.served import (
    AFTER,
    Served,
    add_sources,
    served,
    steelyard,
    surroundings,
    sync_at,
    tables,
    words,
)
from tests.server.running import until
from tests.standins.server import Answer, Request, StandIn

pytestmark = pytest.mark.slow
EARLY = dt.datetime.combine(START + dt.timedelta(weeks=7), dt.time(12), dt.UTC)
# Anthropic's reports are read day by day until today, whenever that is: not here.
KILLED = ("microsoft-graph", "github", "gitlab", "clone", "jira", "linear", "tempo", "pagerduty")


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The company after seven weeks."""
    with served(tmp_path_factory.mktemp("young"), EARLY) as found:
        yield found


def test_a_second_reading_changes_nothing(folder: Path) -> None:
    before = tables(folder)
    assert sum(map(len, before.values())) > 20_000
    reports = sync_at(folder, AFTER + dt.timedelta(hours=2))
    assert not [report for report in reports if report.failed]
    after = tables(folder)
    assert after.keys() == before.keys()
    for name, rows in before.items():
        assert after[name] == rows, name


def test_killed_again_and_again_it_ends_where_a_clean_reading_does(
    young: Served, tmp_path: Path
) -> None:
    clean, killed = tmp_path / "clean", tmp_path / "killed"
    add_sources(clean, young, *KILLED)
    add_sources(killed, young, *KILLED)
    done = steelyard(clean, "source", "sync")
    assert done.returncode == 0, done.stderr
    dice, requests = random.Random(11), young.seen
    for _ in range(3):
        _kill_after(young, killed, dice.randrange(1, requests // 3))
    done = steelyard(killed, "source", "sync")
    assert done.returncode == 0, done.stderr
    again = tables(killed)
    for name, rows in tables(clean).items():
        assert again[name] == rows, name


def _kill_after(systems: Served, data: Path, requests: int) -> None:
    """A real reading that ends with kill -9 when so many requests have come."""
    before = systems.seen
    process = subprocess.Popen(
        words(data, "source", "sync"),
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: systems.seen >= before + requests, f"{requests} requests", 60)
    finally:
        process.kill()
    assert process.wait(30) == -signal.SIGKILL


class Troubled:
    """A system of which every few requests meet some trouble instead."""

    def __init__(self, standin: StandIn, dice: random.Random) -> None:
        self.answer, self.dice, self.met = standin.answer, dice, 0
        self.kinds = itertools.cycle(
            (
                Answer({"message": "Slow down"}, 429, {"retry-after": "1"}),
                Answer(raw=b"<html>Bad gateway</html>", status=502),
                Answer({"message": "Unavailable"}, 503),
                Answer([{"half": "a page"}] * 40, cut=True),
            )
        )
        standin.answer = self

    def __call__(self, request: Request) -> Answer:
        if not self.met or self.dice.random() < 0.2:
            self.met += 1
            return next(self.kinds)
        return self.answer(request)


def test_trouble_in_every_system_changes_no_fact(young: Served, tmp_path: Path) -> None:
    clean, troubled = tmp_path / "clean", tmp_path / "troubled"
    add_sources(clean, young)
    assert not [report for report in sync_at(clean, EARLY) if report.failed]
    add_sources(troubled, young)
    dice = random.Random(3)
    trouble = {name: Troubled(standin, dice) for name, standin in young.standins.items()}
    reports = sync_at(troubled, EARLY)
    # What met trouble too often to be read at once is read by the next run, from its place.
    for _ in range(5):
        if not any(report.failed for report in reports):
            break
        reports = sync_at(troubled, EARLY)
    assert not [report for report in reports if report.failed]
    assert all(system.met for name, system in trouble.items()), trouble
    assert sum(system.met for system in trouble.values()) > 50
    again = tables(troubled)
    for name, rows in tables(clean).items():
        assert again[name] == rows, name
    for name, system in trouble.items():
        young.standins[name].answer = system.answer
