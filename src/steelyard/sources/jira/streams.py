"""What both Jiras are: their streams, and the options both understand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from steelyard.sources.contract import Check, Source, Stream
from steelyard.sources.jira.checks import checks
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


class Jira(Source):
    """What Cloud and Data Center have in common; they differ in their `flavour`."""

    is_cloud: ClassVar[bool]
    options: Any
    flavour: Flavour

    @property
    def scope(self) -> Scope:
        said = self.options
        keys = tuple(key for part in said.projects.split(",") if (key := part.strip()))
        return Scope(keys, said.since, said.story_points.strip(), said.time_zone.strip())

    def streams(self) -> Sequence[Stream]:
        """Presence comes first: what is created while issues are read is new to it the next day."""
        issues = (
            Stream("presence", PresenceStream(self.flavour, self.scope).pages, _ISSUE_KINDS),
            Stream("issues", IssueStream(self.flavour, self.scope).pages, _ISSUE_KINDS),
        )
        return (*issues, *self._hours()) if self.options.worklogs else issues

    def check(self) -> Iterator[Check]:
        return checks(self.flavour, self.scope, self.is_cloud, self.options.worklogs)

    def _hours(self) -> Iterator[Stream]:
        logged = WorklogStream(self.flavour, self.scope)
        yield Stream("worklogs", logged.changed, ("accounts", "worklogs"))
        yield Stream("deleted-worklogs", logged.deleted, ("worklogs",))


def site_url(said: str) -> str:
    """A bare name is taken as https."""
    return (said if "://" in said else f"https://{said}").rstrip("/")
