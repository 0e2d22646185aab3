"""What a pass must know of a Jira before it asks for issues: zone, fields, statuses, projects."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from steelyard.errors import SourceDenied, SourceError
from steelyard.sources.jira.changelog import Categories
from steelyard.sources.jira.fields import CustomFields, find
from steelyard.sources.jira.issues import HistorySource
from steelyard.sources.jira.search import Search
from steelyard.sources.jira.shapes import Field, Named, Status, User
from steelyard.sources.jira.times import clause_time, zone_of
from steelyard.sources.network import Http
from steelyard.sources.shapes import read

ORDER = " ORDER BY created ASC, key ASC"
_ALL = 'created >= "1970/01/01 00:00"'  # a search without any restriction is refused


@dataclass(frozen=True)
class Scope:
    """What somebody wants read."""

    projects: tuple[str, ...] = ()
    since: dt.date | None = None
    story_points: str = ""
    time_zone: str = ""

    @property
    def text(self) -> str:
        """Changes when what was read before is not enough any more."""
        return f"{','.join(sorted(self.projects))}|{self.since or ''}"


@dataclass(frozen=True)
class Flavour:
    """How Cloud and Data Center differ."""

    api: str
    open: Callable[[], Http]
    search: Callable[[Http], Search]
    histories: Callable[[Http], HistorySource]
    project_ids: Callable[[Http], set[str]]


@dataclass(frozen=True)
class Site:
    zone: zoneinfo.ZoneInfo
    custom: CustomFields
    categories: Categories
    shown: Mapping[str, str]  # project as it was asked for → its key now
    hidden: tuple[str, ...]

    def jql(
        self,
        scope: Scope,
        updated: dt.datetime | None = None,
        created: dt.datetime | None = None,
    ) -> str:
        """The issues of the scope that changed since, oldest first."""
        parts = []
        if self.shown:
            parts.append(f"project in ({', '.join(map(_quoted, sorted(self.shown.values())))})")
        if updated:
            parts.append(f'updated >= "{clause_time(updated, self.zone)}"')
        elif scope.since:
            parts.append(f'updated >= "{scope.since:%Y/%m/%d} 00:00"')
        if created:
            parts.append(f'created >= "{clause_time(created, self.zone)}"')
        return " AND ".join(parts or [_ALL]) + ORDER

    @property
    def notes(self) -> tuple[str, ...]:
        hidden = (
            f"Jira shows no project {name}: the key is wrong, or the account lacks the permission"
            " Browse projects there. Its issues are missing."
            for name in self.hidden
        )
        return (*self.custom.notes, *hidden)


def read_site(http: Http, api: str, scope: Scope, before: Sequence[str] = ()) -> Site:
    """Raises SourceDenied for a bad token, and when none of the projects is shown.

    The account comes first: where Jira may be read anonymously, a search with an expired token
    succeeds and finds nothing.
    """
    zone = zone_of(myself(http, api).time_zone or "", scope.time_zone)
    fields = read("Jira", "list of fields", list[Field], http.get(f"{api}/field").data)
    categories = Categories()
    for status in read("Jira", "list of statuses", list[Status], http.get(f"{api}/status").data):
        categories.learn(status)
    shown = {name: key for name in scope.projects if (key := project_key(http, api, name))}
    hidden = tuple(name for name in scope.projects if name not in shown)
    if hidden and not shown:
        raise SourceDenied(
            f"Jira shows none of the projects {', '.join(hidden)} to this account.",
            "Check the keys, or give the account the permission Browse projects there.",
            "Browse projects",
        )
    return Site(zone, find(fields, scope.story_points, before), categories, shown, hidden)


def myself(http: Http, api: str) -> User:
    return read("Jira", "account", User, http.get(f"{api}/myself").data)


def project_key(http: Http, api: str, name: str) -> str:
    """The key a project has now, which an old key finds too; '' where it is not shown."""
    try:
        data = http.get(f"{api}/project/{name}").data
    except SourceError as error:
        if getattr(error, "status", 0) == 404:
            return ""
        raise
    return read("Jira", f"project {name}", Named, data).key or name


def _quoted(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
