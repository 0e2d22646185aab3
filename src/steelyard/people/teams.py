"""Which team somebody was on: every claim there is, and which of them wins on a day.

The setting `team_sources` orders where teams come from. Of several teams from equally good places
the one that began last is taken, then the first by name.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from steelyard.people.options import CSV, Options
from steelyard.people.spans import LONG_AGO, ONE_DAY, OPEN_END, Span
from steelyard.people.told import Member


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody was on a team from `start` to `end`; a lower `place` is believed first."""

    place: int
    start: dt.date
    end: dt.date
    team: str

    @property
    def order(self) -> tuple[int, int, str]:
        return self.place, -self.start.toordinal(), self.team


def team_on(claims: Iterable[Claim], day: dt.date) -> str:
    """The team of that day; '' where nothing tells."""
    valid = [claim for claim in claims if claim.start <= day <= claim.end]
    return min(valid, key=lambda claim: claim.order).team if valid else ""


def told_with_people(spans: Iterable[Span], options: Options) -> list[Claim]:
    """Teams and departments that directories give with the person."""
    found = []
    for span in spans:
        texts = span.version.texts
        place = _place(span.entry.source, "directory", options)
        if texts["team"] and place is not None:
            found.append(Claim(place, span.start, span.end, texts["team"]))
        if texts["department"] and "department" in options.team_sources:
            place = options.team_sources.index("department")
            found.append(Claim(place, span.start, span.end, texts["department"]))
    return found


def told_by_membership(
    members: Sequence[Member], person_of: Mapping[str, str], options: Options
) -> dict[str, list[Claim]]:
    """Claims of each person, from rows about memberships."""
    found: dict[str, list[Claim]] = defaultdict(list)
    for (source, _), group in groupby(members, key=lambda m: (m.source, m.key)):
        place = _place(source, "memberships", options)
        if place is not None:
            for member, start, end in _times(list(group)):
                if person := person_of.get(member.member, ""):
                    found[person].append(Claim(place, start, end, member.team))
    return dict(found)


def _times(versions: list[Member]) -> Iterable[tuple[Member, dt.date, dt.date]]:
    """When a membership held: as it says itself, or from and to the days it was seen."""
    by_start: dict[dt.date | None, list[Member]] = defaultdict(list)
    for version in versions:
        by_start[version.valid_from].append(version)
    left = versions[-1].seen_day - ONE_DAY if versions[-1].gone else OPEN_END
    for valid_from, group in by_start.items():
        if valid_from is not None:
            last = group[-1]
            yield last, valid_from, min(last.valid_to or OPEN_END, left)
        else:
            yield from _observed(group)


def _observed(versions: list[Member]) -> Iterable[tuple[Member, dt.date, dt.date]]:
    first = versions[0]
    start = LONG_AGO if first.seen_day == first.first_look else first.seen_day
    current: Member | None = None
    for version in versions:
        same = current and (current.team, current.member) == (version.team, version.member)
        if current and (version.gone or not same):
            yield current, start, version.seen_day - ONE_DAY
            current = None
        if current is None and not version.gone:
            start = version.seen_day if version is not first else start
            current = version
    if current:
        yield current, start, versions[-1].valid_to or OPEN_END


def _place(source: str, kind: str, options: Options) -> int | None:
    """Where a source stands among those that may tell of teams; None where it may not."""
    order = options.team_sources
    if source in order:
        return order.index(source)
    return order.index(kind) if kind in order and source != CSV else None
