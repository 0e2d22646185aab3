"""DORA's facts: what a deployment held, whether it failed, when it was mended."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.model import Commit, Deployment, Incident, PullRequest
from steelyard.work.build import Options

from .world import REPO, World, at, sha


def commit(name: str, when: str, **said: Any) -> Commit:
    fields = {"repo": REPO, "author_email": "ada@acme.example", "committed_at": at(when)}
    return Commit(key=sha(name), sha=sha(name), **(fields | said))


def deploy(name: str, when: str, **said: Any) -> Deployment:
    fields = {"repo": REPO, "sha": sha(name), "status": "success", "environment": "production"}
    times = {"created_at": at(when), "finished_at": at(when)}
    return Deployment(key=f"{name} {when}", **(fields | times | said))


def request(number: int, merged: str, *shas: str, **said: Any) -> PullRequest:
    return PullRequest(
        key=f"{REPO}#{number}",
        repo=REPO,
        number=number,
        author="github:ada",
        merged_at=at(merged),
        commit_shas=tuple(map(sha, shas)),
        **said,
    )


def incident(when: str, **said: Any) -> Incident:
    return Incident(key=when, **({"repo": REPO, "created_at": at(when)} | said))


def lead_times(world: World) -> dict[str, float]:
    names = {sha(name): name for name in "abcdefgh"}
    return {names[found]: hours for found, hours in world.rows("work_lead_times", "sha", "hours")}


def judged(world: World) -> list[tuple[Any, ...]]:
    return world.warehouse.query(
        "select deployment, failed_by, recovery_hours, unplanned from work_deployments"
        " order by split_part(deployment, chr(32), 2), split_part(deployment, chr(32), 3)"
    )


HISTORY = [
    commit("a", "10-05 08:00"),
    commit("b", "10-05 09:00"),
    commit("c", "10-05 13:00"),
    commit("d", "10-06 09:00"),
]


def test_each_commit_goes_with_the_first_deployment_that_holds_it(world: World) -> None:
    world.tell([*HISTORY, deploy("b", "10-05 10:00"), deploy("c", "10-05 15:00")])
    world.build()
    assert lead_times(world) == {"a": 2, "b": 1, "c": 2}
    assert [d.isoformat() for (d,) in world.rows("work_lead_times", "day")] == ["2026-10-05"] * 3


def test_an_older_commit_deployed_later_brings_nothing_new(world: World) -> None:
    again = [deploy("c", "10-05 15:00"), deploy("b", "10-05 16:00"), deploy("c", "10-05 17:00")]
    world.tell([*HISTORY, *again])
    world.build()
    assert lead_times(world) == {"a": 7, "b": 6, "c": 2}


def test_a_branch_merged_later_was_not_in_earlier_deployments(world: World) -> None:
    late = request(1, "10-05 11:00", "b", base="main")
    world.tell([*HISTORY, late, deploy("a", "10-05 10:00"), deploy("c", "10-05 15:00")])
    world.build()
    assert lead_times(world) == {"a": 2, "b": 6, "c": 2}


def test_only_success_in_production_brings_commits(world: World) -> None:
    early = [
        deploy("b", "10-05 10:00", status="failure"),
        deploy("b", "10-05 10:30", is_production=False),
        deploy("b", "10-05 11:00", status="running"),
        deploy("b", "10-05 11:30", repo="github.com/acme/other"),
        deploy("g", "10-05 12:00"),  # a commit nobody knows
    ]
    world.tell([*HISTORY, *early, deploy("b", "10-05 14:00")])
    world.build()
    assert lead_times(world) == {"a": 6, "b": 5}


def test_a_deployment_without_a_commit_holds_what_had_landed(world: World) -> None:
    world.tell([*HISTORY, deploy("", "10-05 10:00", sha="")])
    world.build()
    assert lead_times(world) == {"a": 2, "b": 1}


def test_a_history_before_the_first_known_deployment_does_not_look_slow(world: World) -> None:
    old = commit("e", "01-01 09:00")
    world.tell([old, *HISTORY, deploy("b", "10-05 10:00")])
    world.build()
    assert lead_times(world) == {"a": 2, "b": 1}
    world.build(Options(first_deployment_days=400))
    assert set(lead_times(world)) == {"a", "b", "e"}


def test_merges_and_bots_have_no_lead_time(world: World) -> None:
    merge = commit("e", "10-05 08:30", is_merge=True)
    bot = commit("f", "10-05 08:31", author="github:dependabot[bot]")
    world.tell([*HISTORY, merge, bot, deploy("e", "10-05 09:30")])
    world.build()
    assert lead_times(world) == {"a": 1.5}


def test_a_failed_attempt_is_mended_by_the_next_success(world: World) -> None:
    world.tell(
        [
            *HISTORY,
            deploy("a", "10-05 10:00"),
            deploy("b", "10-05 11:00", status="failure"),
            deploy("b", "10-05 11:30", status="failure"),
            deploy("b", "10-05 13:00"),
        ]
    )
    world.build()
    assert judged(world) == [
        ("a 10-05 10:00", "", None, None),
        ("b 10-05 11:00", "status", 2, None),
        ("b 10-05 11:30", "status", 1.5, None),
        ("b 10-05 13:00", "", None, None),
    ]


def test_going_back_is_a_failure_of_what_was_left(world: World) -> None:
    world.tell(
        [
            *HISTORY,
            deploy("a", "10-05 10:00"),
            deploy("b", "10-05 11:00"),
            deploy("a", "10-05 14:00"),
            deploy("c", "10-06 10:00"),
            deploy("c", "10-06 11:00"),  # again: no going back
        ]
    )
    world.build()
    assert [row[1:3] for row in judged(world)] == [
        ("", None),
        ("rollback", 3),
        ("", None),
        ("", None),
        ("", None),
    ]


def test_another_environment_is_no_rollback(world: World) -> None:
    eu = {"environment": "eu"}
    world.tell([*HISTORY, deploy("b", "10-05 10:00"), deploy("a", "10-05 11:00", **eu)])
    world.build()
    assert [row[1] for row in judged(world)] == ["", ""]


@pytest.mark.parametrize(("hours", "reason"), [(24, "revert"), (3, "")])
def test_a_revert_soon_after_is_a_failure(world: World, hours: int, reason: str) -> None:
    back = commit("c", "10-05 13:00", reverts=sha("b"))
    world.tell([commit("a", "10-05 08:00"), commit("b", "10-05 09:00"), back])
    deployed = [deploy("a", "10-05 08:30"), deploy("b", "10-05 10:00"), deploy("c", "10-05 14:00")]
    world.tell(deployed)
    world.build(Options(failure_hours=hours))
    recovery = 4 if reason else None
    assert [row[1:3] for row in judged(world)] == [("", None), (reason, recovery), ("", None)]


def test_a_pull_request_that_reverts_another_is_a_revert(world: World) -> None:
    first = request(1, "10-05 09:00", "b", merge_sha=sha("b"))
    second = request(2, "10-05 13:00", "c", merge_sha=sha("c"), reverts=f"{REPO}#1")
    deployed = [deploy("a", "10-05 08:30"), deploy("b", "10-05 10:00"), deploy("c", "10-05 14:00")]
    world.tell([*HISTORY, first, second, *deployed])
    world.build()
    assert [row[1] for row in judged(world)] == ["", "revert", ""]


def test_an_incident_is_the_fault_of_the_last_deployment_before_it(world: World) -> None:
    fine = [deploy("a", "10-05 10:00"), deploy("b", "10-05 11:00"), deploy("c", "10-05 14:00")]
    world.tell([*HISTORY, *fine, incident("10-05 12:00", resolved_at=at("10-05 14:30"))])
    world.build()
    # Mended by the deployment at 14:00 at the latest when the incident ended, 14:30.
    assert judged(world) == [
        ("a 10-05 10:00", "", None, False),
        ("b 10-05 11:00", "incident", 3.5, False),
        ("c 10-05 14:00", "", None, True),
    ]


def test_an_incident_names_its_deployment(world: World) -> None:
    fine = [deploy("a", "10-05 10:00"), deploy("b", "10-05 11:00")]
    named = {"deployment_sha": sha("a"), "repo": "", "resolved_at": at("10-05 13:00")}
    world.tell([*HISTORY, *fine, incident("10-05 12:00", **named)])
    world.build()
    assert [row[1:] for row in judged(world)] == [("incident", 3, False), ("", None, False)]


def test_incidents_long_after_or_elsewhere_are_nobody_s_fault(world: World) -> None:
    elsewhere = incident("10-05 12:00", repo="github.com/acme/other")
    nowhere = incident("10-05 12:30", repo="", service="mail")
    world.tell([*HISTORY, deploy("a", "10-05 10:00"), incident("10-06 10:01"), elsewhere, nowhere])
    world.build()
    assert [row[1] for row in judged(world)] == [""]
    assert len(world.rows("work_incidents", "incident")) == 3


def test_a_deployment_that_says_it_is_unplanned_is(world: World) -> None:
    said = [
        deploy("a", "10-05 10:00", unplanned=True),
        deploy("b", "10-05 11:00", unplanned=False),
        deploy("c", "10-05 14:00"),
    ]
    world.tell([*HISTORY, *said])
    world.build()
    assert [row[3] for row in judged(world)] == [True, False, None]


def test_two_sources_tell_of_one_deployment(world: World) -> None:
    world.tell([*HISTORY, deploy("a", "10-05 10:00")])
    world.tell([deploy("a", "10-05 10:00", deployer="email:ada@acme.example")], "file")
    world.build()
    assert world.rows("work_deployments", "person") == [("ada@acme.example",)]


def test_automation_is_nobody(world: World) -> None:
    world.tell([*HISTORY, deploy("a", "10-05 10:00", deployer="github:actions[bot]")])
    world.build()
    assert world.rows("work_deployments", "person", "failed") == [("", False)]
