"""What a directory said over time, as spans of days on which one thing was so.

A directory tells the present. What it said when it was first read is taken to have been so before,
back to the person's start; each change begins on the day it was seen. Rows with a validity of
their own say it themselves. A span whose person was not employed then has an end before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from steelyard.people.told import Entry, Version

ONE_DAY = dt.timedelta(days=1)
LONG_AGO = dt.date(1970, 1, 1)
OPEN_END = dt.date(9999, 12, 31)
# The last day of somebody of whom it is not known when they left, or who had not come yet: they
# are counted on no day.
NEVER = LONG_AGO


@dataclass(frozen=True, slots=True)
class Span:
    """From the day `start` to the day `end` the person was what `version` says."""

    start: dt.date
    end: dt.date
    entry: Entry
    version: Version
    started: dt.date | None
    ended: dt.date | None


def spans_of(entry: Entry, first_look: dt.date) -> list[Span]:
    """In the order of time, not overlapping. `first_look` is when its directory was first read."""
    if any(v.valid_from or v.valid_to for v in entry.versions):
        return _explicit(entry)
    found: list[Span] = []
    for episode in _episodes(entry.versions):
        _follow(found, _observed(entry, episode, found, first_look))
    return found


def _explicit(entry: Entry) -> list[Span]:
    """Of two rows about the same beginning the later seen is believed."""
    newest = entry.latest.seen_day
    left = (
        newest - ONE_DAY if any(v.gone and v.seen_day == newest for v in entry.versions) else None
    )
    latest = {v.valid_from: v for v in entry.versions}
    found: list[Span] = []
    for version in sorted(latest.values(), key=lambda v: v.valid_from or v.start_date or LONG_AGO):
        start = version.valid_from or version.start_date or LONG_AGO
        ended = version.end_date or (None if version.active else NEVER) or left
        span = Span(start, version.valid_to or OPEN_END, entry, version, version.start_date, ended)
        _follow(found, [span])
    return found


def _follow(found: list[Span], more: list[Span]) -> None:
    """Append spans; what they overlap ends the day before."""
    for span in more:
        if found and found[-1].end >= span.start:
            before = found.pop()
            if before.start < span.start:
                found.append(replace(before, end=span.start - ONE_DAY))
        if span.start <= span.end:
            found.append(span)


def _episodes(versions: tuple[Version, ...]) -> Iterator[list[Version]]:
    """Times of employment: each with what was seen after it had ended."""
    episode: list[Version] = []
    for version in versions:
        if episode and version.employed and not episode[-1].employed:
            yield episode
            episode = []
        episode.append(version)
    if episode:
        yield episode


def _observed(
    entry: Entry, episode: list[Version], before: list[Span], first_look: dt.date
) -> list[Span]:
    started = next((v.start_date for v in reversed(episode) if v.start_date), None)
    ended = _end(episode, started)
    starts = [_begin(episode[0], before, started), *(v.seen_day for v in episode[1:])]
    ends = [*(day - ONE_DAY for day in starts[1:]), OPEN_END]
    told = zip(starts, ends, episode, strict=True)
    spans = [Span(start, end, entry, v, started, ended) for start, end, v in told]
    if not before and started is None and episode[0].seen_day > first_look:
        spans = _appeared(spans, episode[0].seen_day)
    floor = started if started and not before else LONG_AGO
    return [replace(s, start=max(s.start, floor)) for s in spans if s.end >= floor]


def _begin(first: Version, before: list[Span], started: dt.date | None) -> dt.date:
    """The first day of an episode: long ago, or after the one before, on the day it was seen or
    the earlier day on which it is said to have started."""
    if not before:
        return LONG_AGO
    last = max(before[-1].start, before[-1].ended or LONG_AGO)
    if started and last < started < first.seen_day:
        return started
    return first.seen_day


def _end(episode: list[Version], started: dt.date | None) -> dt.date | None:
    """The last day of employment as the latest version knows it; before the day on which somebody
    was seen to be gone, where nothing says it."""
    last, left = episode[-1], next((v for v in episode if not v.employed), None)
    if left is None:
        is_old = last.end_date and started and last.end_date < started
        return None if is_old else last.end_date
    told = next((v.end_date for v in reversed(episode) if v.end_date), None)
    if told is not None:
        return told
    return left.seen_day - ONE_DAY if episode[0].employed else NEVER


def _appeared(spans: list[Span], day: dt.date) -> list[Span]:
    """Somebody new in a directory that was read before: not counted before that day."""
    first, *rest = spans
    before = replace(first, end=day - ONE_DAY, ended=NEVER)
    return [before, replace(first, start=day), *rest]
