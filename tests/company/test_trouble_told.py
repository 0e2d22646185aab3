"""What somebody sees when a system refuses, changes or lags: one clear line that says what to do,
in `source list` and `doctor`, and no secret anywhere.
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.company.script import START
from tests.company.served import (
    SECRETS,
    Served,
    add_sources,
    served,
    steelyard,
    surroundings,
    words,
)
from tests.server.running import until
from tests.standins.server import Answer, Request

pytestmark = pytest.mark.slow
EARLY = dt.datetime.combine(START + dt.timedelta(weeks=4), dt.time(12), dt.UTC)
READ = ("microsoft-graph", "github", "jira", "linear", "tempo", "pagerduty")


@dataclass(frozen=True)
class Said:
    """What a reading, `source list` and `doctor` printed, and the folder they worked on."""

    sync: str
    list: str
    doctor: str
    data: Path


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Said]:
    """Six systems, five of which have something wrong."""
    folder = tmp_path_factory.mktemp("wrong")
    with served(folder, EARLY) as systems:
        data = folder / "data"
        add_sources(data, systems, *READ)
        _break(systems)
        done = steelyard(data, "source", "sync", *READ, ACME_GITHUB_TOKEN="ghp_expired_company")
        assert done.returncode == 3, done.stderr
        listed, examined = steelyard(data, "source", "list"), steelyard(data, "doctor")
        yield Said(done.stdout + done.stderr, listed.stdout, examined.stdout, data)


def _break(systems: Served) -> None:
    systems.worlds["graph"].granted = {"GroupMember.Read.All"}
    _late_clock(systems, "pagerduty")
    jira = systems.worlds["jira"].world
    for row in jira.fields:
        row |= {"id": "customfield_10099", "name": "Effort in points"}
    jira.issues[120]["fields"]["status"] = "Done"  # was an object
    _break_after(systems, "linear", 3)


def _late_clock(systems: Served, name: str) -> None:
    speak = systems.standins[name].answer
    late = format_datetime(dt.datetime.now(dt.UTC) - dt.timedelta(hours=3), usegmt=True)

    def answer(request: Request) -> Answer:
        found = speak(request)
        return Answer(found.data, found.status, {**found.headers, "date": late}, found.raw)

    systems.standins[name].answer = answer


def _break_after(systems: Served, name: str, requests: int) -> None:
    """A system that goes silent for good in the middle of its list."""
    speak, seen = systems.standins[name].answer, systems.standins[name].seen

    def answer(request: Request) -> Answer:
        if len(seen) > requests:
            return Answer({"errors": [{"message": "no", "extensions": {"code": "FORBIDDEN"}}]}, 403)
        return speak(request)

    systems.standins[name].answer = answer


WANTED = {
    "github": r"does not accept the token.*make a new one",
    "microsoft-graph/people": r"Insufficient privileges.*permission User\.Read\.All",
    "jira/issues": r"issue DAT-\d+ is not as documented.*\$\.fields\.status.*upgrade of Steelyard",
    "linear/issues": r"does not allow.*permission",
    "pagerduty": r"clock is 180 minutes behind ours: one of the two is wrong",
}
RENAMED = r"no field for story points.*Effort in points.*story_points=ID"


@pytest.mark.parametrize("source", WANTED)
def test_each_trouble_is_one_line_that_says_what_to_do(said: Said, source: str) -> None:
    name, _, stream = source.partition("/")
    lines = [line for line in said.list.splitlines() if re.match(rf"(FAIL|note) {name}\b", line)]
    (line,) = [line for line in lines if re.search(WANTED[source], line)]
    assert line.split(": ")[0].endswith(f" {source}")
    found = [part for part in said.doctor.split("source ") if part.startswith(f"{name}: ")]
    (part,) = [part for part in found if re.search(WANTED[source], " ".join(part.split()))]
    assert not stream or part.startswith(f"{name}: {stream}: ")


def test_a_renamed_field_is_told_beside_what_stopped_the_reading(said: Said) -> None:
    lines = [line for line in said.list.splitlines() if line.startswith("note jira/issues:")]
    assert len(lines) == 1
    assert re.search(RENAMED, lines[0])
    assert re.search(RENAMED, " ".join(said.doctor.split()))


def test_what_works_goes_on_and_what_stopped_is_called_failing(said: Said) -> None:
    rows = [line.split() for line in said.list.splitlines() if line.split()]
    assert {row[0]: row[2] for row in rows if row[0] in READ} == {
        "microsoft-graph": "failing",
        "github": "failing",
        "jira": "failing",
        "linear": "failing",
        "tempo": "ok",
        "pagerduty": "warn",
    }


def test_a_back_fill_that_was_killed_says_how_far_it_came(tmp_path: Path) -> None:
    with served(tmp_path, EARLY) as systems:
        add_sources(tmp_path / "data", systems, "gitlab")
        stand_in, gate = systems.standins["gitlab"], threading.Event()
        usual = stand_in.answer

        def held(request: Request) -> Answer:
            """Nothing more is answered after the hundredth request until it was killed."""
            if len(stand_in.seen) > 100:
                gate.wait(60)
            return usual(request)

        stand_in.answer = held
        process = subprocess.Popen(
            words(tmp_path / "data", "source", "sync"), env=surroundings(), stderr=subprocess.PIPE
        )
        with process:
            until(lambda: systems.seen > 100, "a hundred requests", 60)
            process.kill()
        gate.set()
        listed = steelyard(tmp_path / "data", "source", "list").stdout
        wanted = r"note gitlab/merge requests: Reading began [-\d]+ [:\d]+ UTC and has not ended:"
        wanted += r" (\d+) records so far\..*`steelyard source sync gitlab` goes on there\."
        found = re.search(wanted, listed)
        assert found, listed
        assert int(found[1]) > 0
        done = steelyard(tmp_path / "data", "source", "sync")
        assert done.returncode == 0, done.stderr
        assert "has not ended" not in steelyard(tmp_path / "data", "source", "list").stdout


def test_no_secret_is_written_anywhere(said: Said) -> None:
    secrets = [*SECRETS.values(), "ghp_expired_company"]
    for text in (said.sync, said.list, said.doctor):
        assert not [secret for secret in secrets if secret in text]
    files = [path for path in said.data.rglob("*") if path.is_file()]
    assert {"state.db", "steelyard.duckdb", "inbox.db"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], path
        assert b"ecret message" not in content, path
        assert b"ecret title" not in content, path
