"""Teams and who is on them from when to when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from steelyard.model import Membership
from steelyard.sources.contract import Page
from steelyard.sources.network import Http
from steelyard.sources.shapes import read
from steelyard.sources.tempo import shapes
from steelyard.sources.tempo.worklogs import reference_of

_PAGE = 100


def memberships(http: Http, cursor: str | None, now: dt.datetime) -> Iterator[Page]:
    """A snapshot, a page a team; the cursor is the last team's id: teams may come and go."""
    done = int(cursor) if cursor else 0
    left = sorted((t for t in teams(http) if t.id > done), key=lambda team: team.id)
    if not left:
        yield Page((), "")
    for place, team in enumerate(left, 1):
        last = place == len(left)
        yield Page(_members(http, team), "" if last else str(team.id))


def teams(http: Http) -> list[shapes.Named]:
    """All teams, from pages that overlap by half, since a team that goes moves the offsets."""
    found: dict[int, shapes.Named] = {}
    offset = 0
    while True:
        data = http.get("teams", {"offset": offset, "limit": _PAGE}).data
        page = read("Tempo", "page of teams", shapes.Teams, data)
        found |= {team.id: team for team in page.results}
        if page.metadata.next is None or not page.results:
            return list(found.values())
        offset += max(1, len(page.results) // 2)


def _members(http: Http, team: shapes.Named) -> list[Membership]:
    data = http.get(f"team-memberships/team/{team.id}").data
    page = read("Tempo", f"memberships of team {team.id}", shapes.Memberships, data)
    name = team.name or str(team.id)
    return [
        Membership(
            key=f"{team.id}:{found.id or member}",
            team=name,
            member=member,
            role=(found.role.name or "") if found.role else "",
            valid_from=found.from_,
            valid_to=found.to,
        )
        for found in page.results
        if (member := reference_of(found.member))
    ]
