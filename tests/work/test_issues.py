"""Issues, their classes and marks; time logged on them; builds; surveys."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from steelyard.metrics.catalogue.issues import RESOLUTION_BUCKETS, RESOLUTION_CLASSES
from steelyard.model import CiRun, Commit, Issue, PullRequest, SurveyAnswer, Worklog

from .world import REPO, World, at, sha

MONDAY = dt.date(2026, 10, 5)


def issue(number: int, **said: Any) -> Issue:
    fields: dict[str, Any] = {
        "id": f"{10_000 + number}",
        "name": f"PAY-{number}",
        "project": "PAY",
        "type": "Bug",
        "priority": "High",
        "reporter": "jira:r",
        "assignee": "jira:a",
        "created_at": at("10-01 09:00"),
    }
    return Issue(key=f"{10_000 + number}", **(fields | said))


def test_created_and_resolved_are_facts_of_their_own(world: World) -> None:
    world.tell([issue(1, resolved_at=at("10-05 09:00"), story_points=3, resolution="Done")])
    world.tell([issue(2)])
    world.build()
    columns = ("event", "day", "person", "issue", "resolution", "story_points", "resolution_hours")
    first = dt.date(2026, 10, 1)
    assert world.rows("work_issues", *columns) == [
        ("created", first, "jira:r", "PAY-1", "", None, None),
        ("created", first, "jira:r", "PAY-2", "", None, None),
        ("resolved", MONDAY, "jira:a", "PAY-1", "Done", 3, 96),
    ]


@pytest.mark.parametrize(
    ("hours", "bucket", "speed"),
    [
        (0, "<1h", "<1d"),
        (0.999, "<1h", "<1d"),
        (1, "1-2h", "<1d"),
        (7.99, "4-8h", "<1d"),
        (8, "8-16h", "<1d"),
        (24, "24-48h", "1-3d"),
        (71.99, "48-72h", "1-3d"),
        (72, "72-120h", "3-7d"),
        (168, "168-336h", "1-2w"),
        (336, "336-720h", ">2w"),
        (720, ">720h", ">2w"),
    ],
)
def test_each_class_begins_at_its_edge(world: World, hours: float, bucket: str, speed: str) -> None:
    done = at("10-01 09:00") + dt.timedelta(hours=hours)
    world.tell([issue(1, resolved_at=done)])
    world.build()
    rows = world.rows("work_issues", "event", "resolution_bucket", "resolution_class")
    assert rows[1] == ("resolved", bucket, speed)
    assert bucket in RESOLUTION_BUCKETS
    assert speed in RESOLUTION_CLASSES


def test_no_class_without_a_beginning(world: World) -> None:
    world.tell([issue(1, created_at=None, resolved_at=at("10-05 09:00"))])
    world.build()
    rows = world.rows("work_issues", "resolution_bucket", "resolution_class", "resolution_hours")
    assert rows == [("", "", None)]


def test_an_issue_is_assisted_when_what_names_it_is(world: World) -> None:
    branch = Commit(
        key=sha("a"),
        sha=sha("a"),
        repo=REPO,
        on_default=False,
        assistants=("codex",),
        issues=("pay-1", "PAY-2"),
    )
    plain = Commit(key=sha("b"), sha=sha("b"), repo=REPO, issues=("PAY-3",))
    request = PullRequest(
        key=f"{REPO}#1",
        repo=REPO,
        number=1,
        assistants=("claude-code",),
        issues=("PAY-2",),
    )
    world.tell([branch, plain, request])
    world.tell([issue(1), issue(2), issue(3)], "jira")
    world.build()
    assert world.rows("work_issues", "issue", "assisted", "assistant") == [
        ("PAY-1", "yes", "codex"),
        ("PAY-2", "yes", "claude-code+codex"),
        ("PAY-3", "no", ""),
    ]


def test_a_tracker_and_a_file_tell_of_one_issue(world: World) -> None:
    world.tell([issue(1, priority="High")], "jira")
    world.tell([issue(1, id="", priority="")], "file")
    other = issue(1, created_at=at("09-01 09:00"), priority="Low")  # another tracker's PAY-1
    world.tell([other], "linear")
    world.build()
    assert world.rows("work_issues", "priority") == [("High",), ("Low",)]


def log(key: str, seconds: int, **said: Any) -> Worklog:
    fields = {"issue": "10001", "worker": "jira:a", "day": MONDAY}
    return Worklog(key=key, seconds=seconds, **(fields | said))


def test_time_counts_from_the_source_with_more_of_it(world: World) -> None:
    world.tell([issue(1), log("1", 3600), log("2", 1800)], "jira")
    world.tell([log("t1", 3600, issue="PAY-1")], "tempo")
    world.tell([log("t2", 60, issue="PAY-1", day=dt.date(2026, 10, 6))], "tempo")
    world.build()
    rows = world.rows("work_worklogs", "day", "person", "project", "issue_type", "issue", "seconds")
    tuesday = dt.date(2026, 10, 6)
    assert rows == [
        (MONDAY, "jira:a", "PAY", "Bug", "PAY-1", 5400),
        (tuesday, "jira:a", "PAY", "Bug", "PAY-1", 60),
    ]


def test_time_on_an_unknown_issue_counts(world: World) -> None:
    world.tell([log("1", 600, issue="OPS-9"), log("2", 0)], "tempo")
    world.build()
    assert world.rows("work_worklogs", "issue", "project", "seconds") == [("OPS-9", "", 600)]


def test_builds_that_ended_count_once(world: World) -> None:
    def run(key: str, status: str, **said: Any) -> CiRun:
        times = {"started_at": at("10-05 09:00"), "finished_at": at("10-05 09:30")}
        return CiRun(key=key, repo=REPO, sha="s", workflow="t", status=status, **(times | said))

    runs = [run("1", "success"), run("2", "failure", attempt=2), run("3", "cancelled")]
    world.tell([*runs, run("4", "failure", attempt=3, started_at=None)])
    world.tell([run("9", "success")], "file")
    world.build()
    assert world.rows("work_ci_runs", "success", "minutes") == [
        (False, 30),
        (False, None),
        (True, 30),
    ]


def test_surveys_keep_their_scale(world: World) -> None:
    answer = SurveyAnswer(
        key="1",
        survey="q3",
        question="flow",
        day=MONDAY,
        respondent="email:ada@acme.example",
        score=4,
        scale_max=5,
    )
    world.tell([answer], "file")
    world.build()
    rows = world.rows("work_surveys", "person", "question", "score", "scale_max")
    assert rows == [("ada@acme.example", "flow", 4, 5)]
