"""The company's trackers: Jira and Tempo for all teams but one, Linear for that, PagerDuty."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.company.script import (
    JIRA_PROJECTS,
    LINEAR_TEAMS,
    Company,
    Human,
    MadeIncident,
    MadeIssue,
)
from tests.standins import jira, linear, pagerduty
from tests.standins.tempo import TempoWorld

JIRA_EMAIL, JIRA_TOKEN = "reader@acme.example", "jira-company-token"
LINEAR_KEY = "lin_api_company"
TEMPO_TOKEN = "tempo-company-token"
PAGERDUTY_KEY = "pd-company-key"
POINTS = "customfield_10042"
_NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"
_FIRST_ID = 10_000


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def jira_ids(company: Company) -> dict[str, int]:
    """Jira's own id of each issue, by its key."""
    found = [issue.key for issue in company.issues if issue.project in JIRA_PROJECTS]
    return {key: _FIRST_ID + place for place, key in enumerate(found)}


def jira_cloud(company: Company) -> jira.Cloud:
    """Story points are in a custom field; addresses are shown."""
    world = jira.World(me={"accountId": "reader", "displayName": "Reader"}, clock=now)
    world.fields = [
        {
            "id": POINTS,
            "name": "Story Points",
            "custom": True,
            "schema": {"type": "number", "custom": _NUMBER},
        }
    ]
    for project in JIRA_PROJECTS:
        world.project(project)
    ids = jira_ids(company)
    for issue in company.issues:
        if issue.key in ids:
            _issue(company, issue, ids[issue.key], world)
    return jira.Cloud(world, email=JIRA_EMAIL, token=JIRA_TOKEN)


def _issue(company: Company, issue: MadeIssue, number: int, world: jira.World) -> None:
    assignee, reporter = (company.people[who] for who in (issue.assignee, issue.reporter))
    world.add(
        number,
        issue.key,
        issue.created,
        issuetype={"id": "1", "name": issue.type},
        priority={"id": "2", "name": issue.priority},
        assignee=_user(assignee),
        reporter=_user(reporter),
        **({POINTS: issue.points} if issue.points is not None else {}),
    )
    if issue.started:
        world.transition(number, "3", issue.started, _user(assignee))
    if issue.resolved:
        world.transition(number, "5", issue.resolved, _user(assignee))


def _user(person: Human) -> dict[str, Any]:
    return {
        "accountId": person.jira,
        "displayName": person.name,
        "accountType": "atlassian",
        "emailAddress": person.email,
    }


def tempo(company: Company) -> TempoWorld:
    world, ids = TempoWorld(token=TEMPO_TOKEN), jira_ids(company)
    for log in company.worklogs:
        updated = dt.datetime.combine(log.day, dt.time(18), dt.UTC)
        worker = company.people[log.worker].jira
        world.log(log.number, ids[log.issue], worker, log.day, log.seconds, updated)
    return world


def linear_world(company: Company) -> linear.LinearWorld:
    """One team's issues. Its types are no types of Linear, which has none."""
    users = {
        p.email: linear.user(f"lin-{place:03}", p.name, p.email)
        for place, p in enumerate(company.people.values())
    }
    world = linear.LinearWorld(
        users=list(users.values()), states=linear.states(), keys={LINEAR_KEY}
    )
    keys = [team[:3].upper() for team in LINEAR_TEAMS]
    for issue in company.issues:
        if issue.project in keys:
            _linear_issue(issue, users, world)
    members = [p.email for p in company.employees][:5]
    world.memberships = [
        linear.membership(f"m-{place}", keys[0], users[email])
        for place, email in enumerate(members)
    ]
    return world


def _linear_issue(issue: MadeIssue, users: dict[str, Any], world: linear.LinearWorld) -> None:
    number = int(issue.key.rpartition("-")[2])
    assignee = users[issue.assignee]
    more = {"creator": users[issue.reporter], "assignee": assignee, "estimate": issue.points}
    world.add(number, issue.created, issue.project, priorityLabel=issue.priority, **more)
    if issue.started:
        world.move(number, "In Progress", issue.started, assignee["id"])
    if issue.resolved:
        world.move(number, "Done", issue.resolved, assignee["id"])


def service(repo: str) -> str:
    return f"{repo.rpartition('/')[2].title()} in production"


def services(company: Company) -> str:
    """Which repository each service runs, as the option says it."""
    return ", ".join(f"{service(repo)}={repo}" for repo in company.repos)


def pagerduty_world(company: Company) -> pagerduty.PagerDutyWorld:
    ids = {email: f"P{place:03}" for place, email in enumerate(company.people)}
    world = pagerduty.PagerDutyWorld(
        users=[pagerduty.user(ids[p.email], p.name, p.email) for p in company.people.values()],
        services=[
            pagerduty.service(f"S{n}", service(repo)) for n, repo in enumerate(company.repos)
        ],
        keys={PAGERDUTY_KEY},
        now=now(),
    )
    for made in company.incidents:
        _incident(made, ids[made.responder], world)
    return world


def _incident(made: MadeIncident, user: str, world: pagerduty.PagerDutyWorld) -> None:
    key = f"Q{made.number:04}"
    world.trigger(key, made.opened, service(made.repo))
    world.acknowledge(key, made.opened + dt.timedelta(minutes=5), user)
    world.resolve(key, made.resolved, user)
