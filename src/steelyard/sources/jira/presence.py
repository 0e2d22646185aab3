"""Which issues are there at all, once a day: Jira says nothing when one is deleted.

Ids alone are cheap (5,000 a call on Cloud). Those that are gone and that Jira does not know any
more are replaced by an empty record; those that are new here, because a permission was given, an
issue came from elsewhere or the index was late, are read. A project that vanishes whole may only be
hidden: its issues stay as history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from steelyard.errors import SourceError
from steelyard.model import Record
from steelyard.sources.contract import Page
from steelyard.sources.jira.issues import HistorySource, deleted, records_of
from steelyard.sources.jira.search import PAGE, Search
from steelyard.sources.jira.site import ORDER, Flavour, Scope, Site, read_site
from steelyard.sources.known_ids import pack, too_many, unpack
from steelyard.sources.network import Http


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cursor: the day of the last whole list, and the list."""

    scope: str = ""
    day: str = ""
    projects: list[str] = []
    ids: str = ""

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True)
class PresenceStream:
    flavour: Flavour
    scope: Scope

    def pages(self, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
        before = msgspec.json.decode(cursor, type=Seen) if cursor else Seen()
        if before.scope != self.scope.text:
            before = Seen()
        if before.day == str(now.date()):
            yield Page((), before.text)
            return
        with self.flavour.open() as http:
            yield from self._compared(http, before, now)

    def _compared(self, http: Http, before: Seen, now: dt.datetime) -> Iterator[Page]:
        site = read_site(http, self.flavour.api, self.scope)
        search, known = self.flavour.search(http), unpack(before.ids)
        there = set(search.ids(site.jql(self.scope)))
        projects = self.flavour.project_ids(http)
        after = Seen(self.scope.text, str(now.date()), sorted(projects), pack(there))
        if not before.day:
            yield Page((), after.text)
            return
        gone, notes = known - there, tuple[str, ...]()
        if doubt := _doubt(site, before, projects, len(gone), len(known)):
            gone, notes = set(), (doubt,)
        lost = {issue for issue in gone if not self._exists(http, issue)}
        changes = self.flavour.histories(http)
        wanted = sorted((there - known) | (gone - lost))
        for start in range(0, len(wanted), PAGE):
            records = _read(search, changes, site, wanted[start : start + PAGE])
            yield Page(records, before.text)
        yield Page([deleted(issue) for issue in sorted(lost)], after.text, notes=notes)

    def _exists(self, http: Http, issue: int) -> bool:
        """Asked of the database, not of the search index, which may be late."""
        try:
            http.get(f"{self.flavour.api}/issue/{issue}", {"fields": "created"})
        except SourceError as error:
            if getattr(error, "status", 0) == 404:
                return False
            raise
        return True


def _doubt(site: Site, before: Seen, projects: set[str], gone: int, known: int) -> str:
    """Why what vanished is not taken for deleted; '' when it is."""
    if not gone:
        return ""
    if site.hidden or set(before.projects) - projects:
        return (
            f"{gone} issues are not shown any more, and neither is a project: deleted or hidden,"
            " Jira does not tell. They stay in the figures as they were."
        )
    if too_many(gone, known):
        return (
            f"{gone} of {known} issues are not shown any more, too many at once to be deletions."
            " They stay in the figures as they were. Check the account's permissions."
        )
    return ""


def _read(search: Search, changes: HistorySource, site: Site, ids: list[int]) -> list[Record]:
    jql, token, records = f"id in ({', '.join(map(str, ids))}){ORDER}", "", list[Record]()
    while True:
        found = search.find(jql, token, site.custom.names)
        records += records_of(found.issues, changes, site.custom, site.categories)
        if not (token := found.token):
            return records
