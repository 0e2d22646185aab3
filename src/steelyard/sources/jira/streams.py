"""The streams both Jiras have, and the options both understand."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field

from steelyard.sources.contract import Stream
from steelyard.sources.jira.issue_stream import IssueStream
from steelyard.sources.jira.presence import PresenceStream
from steelyard.sources.jira.site import Flavour, Scope
from steelyard.sources.jira.worklog_stream import WorklogStream

Projects = Annotated[
    str, Field(description="Keys of projects, with commas between. Default: all that are shown.")
]
Since = Annotated[
    dt.date | None,
    Field(description="Leave out issues and hours that were not updated since this day."),
]
StoryPoints = Annotated[
    str,
    Field(
        description="Id or name of the field with story points. Default: found by its type or by"
        ' the names "Story Points" and "Story point estimate".'
    ),
]
Worklogs = Annotated[
    bool, Field(description="Read time logged in Jira. Leave off where Tempo is a source.")
]
TimeZone = Annotated[
    str, Field(description="Time zone of the account's profile, where Jira does not say it.")
]
_ISSUE_KINDS = ("accounts", "issues", "transitions")


def streams(flavour: Flavour, scope: Scope, worklogs: bool) -> tuple[Stream, ...]:
    """Presence comes first: what is created while issues are read is new to it the next day."""
    issues = (
        Stream("presence", PresenceStream(flavour, scope).pages, _ISSUE_KINDS),
        Stream("issues", IssueStream(flavour, scope).pages, _ISSUE_KINDS),
    )
    logged = WorklogStream(flavour, scope)
    return issues if not worklogs else (
        *issues,
        Stream("worklogs", logged.changed, ("accounts", "worklogs")),
        Stream("deleted-worklogs", logged.deleted, ("worklogs",)),
    )  # fmt: skip


def scope_of(projects: str, since: dt.date | None, story_points: str, time_zone: str) -> Scope:
    keys = tuple(key for part in projects.split(",") if (key := part.strip()))
    return Scope(keys, since, story_points.strip(), time_zone.strip())


def site_url(said: str) -> str:
    """A bare name is taken as https."""
    return (said if "://" in said else f"https://{said}").rstrip("/")
