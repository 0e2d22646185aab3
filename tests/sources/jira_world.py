"""A small company on Jira that the tests of both Jiras share."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.sources.passes import NOW
from tests.standins.jira import Row, World, stamp

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
START = NOW - 100 * DAY


def company(user: Any) -> World:
    """43 issues of two projects; six were imported within one second, three cycles are whole."""
    world = World(me=user("me"))
    for number in range(1, 44):
        project = "OPS" if number % 5 == 0 else "PAY"
        created = START + min(number, 20) * DAY if not 20 < number < 27 else START + 20 * DAY
        created += (number - 26) * HOUR if number > 26 else dt.timedelta()
        world.add(
            10000 + number,
            f"{project}-{number}",
            created,
            issuetype={"id": "1", "name": "Bug" if number % 3 else "Story"},
            priority={"id": "2", "name": "High"},
            reporter=user("ada"),
            assignee=user("bob") if number % 2 else None,
            customfield_10016=float(number % 8) if number % 4 else None,
        )
        if number % 4 == 0:
            world.transition(10000 + number, "3", created + HOUR, user("bob"))
            world.transition(10000 + number, "5", created + 3 * HOUR, user("eve"))
    return world


def cloud_user(name: str) -> Row:
    """E-mail addresses are hidden, as they are by default."""
    kind = "app" if name == "eve" else "atlassian"
    return {"accountId": f"5b10:{name}", "displayName": name.title(), "accountType": kind}


def server_user(name: str) -> Row:
    return {
        "key": f"JIRAUSER-{name}",
        "name": name,
        "displayName": name.title(),
        "emailAddress": f"{name}@acme.example",
    }


def worklog(id_: int, issue: int, user: Row, at: dt.datetime, seconds: int) -> Row:
    return {
        "id": str(id_),
        "issueId": str(issue),
        "author": user,
        "comment": "what I did",
        "started": stamp(at),
        "created": stamp(at),
        "updated": stamp(at),
        "timeSpentSeconds": seconds,
    }
