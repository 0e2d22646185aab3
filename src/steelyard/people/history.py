"""A person's life as rows of the table `people`: several directories and memberships made one.

On each day the directory that goes before is believed and fields it leaves empty are filled from
the next. Rows that say the same as the one before are one row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from steelyard.people.options import CSV, Options
from steelyard.people.spans import ONE_DAY, OPEN_END, Span
from steelyard.people.teams import Claim, team_on, told_with_people
from steelyard.people.told import TEXTS, Entry

# A manager or roll-up manager as an entry names them → the person.
Named = Callable[[Entry, str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of `people`: the person from one day to another."""

    person: str
    email: str
    name: str
    team: str
    department: str
    role: str
    level: str
    manager: str
    rollup: str
    office: str
    country: str
    start_date: dt.date | None
    end_date: dt.date | None
    valid_from: dt.date
    valid_to: dt.date


def life(
    person: str, spans: Sequence[Span], claims: Sequence[Claim], named: Named, options: Options
) -> list[Row]:
    """The rows of one person in the order of time. `spans` are those of all their entries."""
    claims = [*claims, *told_with_people(spans, options)]
    rows = (
        _row(person, start, end, _valid(spans, start, options), claims, named)
        for start, end in _stretches(spans, claims)
        if any(span.start <= start <= span.end for span in spans)
    )
    return merged(rows)


def _stretches(spans: Sequence[Span], claims: Sequence[Claim]) -> Iterator[tuple[dt.date, dt.date]]:
    """The time from the first span to the last, cut wherever anything may change."""
    first, last = min(s.start for s in spans), max(s.end for s in spans)
    begins = {span.start for span in spans} | {claim.start for claim in claims}
    ends = [span.end for span in spans] + [claim.end for claim in claims]
    if len({(span.entry.source, span.entry.key) for span in spans}) > 1:
        ends += [span.ended for span in spans if span.ended]
    begins |= {end + ONE_DAY for end in ends if end < OPEN_END}
    cuts = sorted(day for day in begins if first <= day <= last)
    yield from zip(cuts, [*(day - ONE_DAY for day in cuts[1:]), last], strict=True)


def _valid(spans: Sequence[Span], day: dt.date, options: Options) -> list[Span]:
    """The spans of a day, the one believed first at the front. Within one directory an entry that
    is employed goes before one that is not, and the newer before the older."""
    found = [span for span in spans if span.start <= day <= span.end]
    if len(found) > 1:
        found.sort(key=lambda s: (options.rank(s.entry.source), *_standing(s, day)))
    return found


def _standing(span: Span, day: dt.date) -> tuple[bool, int, str]:
    has_left = span.ended is not None and span.ended < day
    return has_left, -span.entry.versions[0].seen_day.toordinal(), span.entry.key


def _row(
    person: str,
    start: dt.date,
    end: dt.date,
    spans: Sequence[Span],
    claims: Sequence[Claim],
    named: Named,
) -> Row:
    texts = {name: _first(spans, name) for name in TEXTS if name not in ("manager", "rollup")}
    texts["team"] = team_on(claims, start)
    emails = (s.version.email for s in spans if s.version.email)
    return Row(
        person=person,
        email=next(emails, person if "@" in person else ""),
        manager=_other(spans, "manager", named, person),
        rollup=_other(spans, "rollup", named, ""),
        start_date=next((s.started for s in spans if s.started), None),
        end_date=_ended(spans),
        valid_from=start,
        valid_to=end,
        **texts,
    )


def _first(spans: Sequence[Span], name: str) -> str:
    return next((s.version.texts[name] for s in spans if s.version.texts[name]), "")


def _other(spans: Sequence[Span], name: str, named: Named, oneself: str) -> str:
    """Somebody an entry names; nobody is their own manager."""
    for span in spans:
        text = span.version.texts[name]
        if text and (found := named(span.entry, text)) and found != oneself:
            return found
    return ""


def _ended(spans: Sequence[Span]) -> dt.date | None:
    """A directory knows who has left; a file without an end only says nothing about it."""
    for span in spans:
        if span.ended or span.entry.source != CSV:
            return span.ended
    return None


def merged(rows: Iterator[Row] | Sequence[Row]) -> list[Row]:
    """Rows that follow each other and say the same, as one."""
    found: list[Row] = []
    for row in rows:
        before = found[-1] if found else None
        if (
            before
            and before.valid_to + ONE_DAY == row.valid_from
            and replace(before, valid_from=row.valid_from, valid_to=row.valid_to) == row
        ):
            found[-1] = replace(before, valid_to=row.valid_to)
        else:
            found.append(row)
    return found
