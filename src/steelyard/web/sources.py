"""The page Sources: what is read, how far, and what stops it.

No secret can get here: none is kept.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from steelyard.state.sources import Finding, KnownSource, StreamState
from steelyard.web.formats import ago, count, moment
from steelyard.web.services import SourceKind

STATES = {
    "ok": ("on", "Well"),
    "warn": ("wait", "Well, with a note"),
    "failing": ("off", "Needs help"),
    "new": ("", "Not read yet"),
}
FIELDS = (
    *("source", "kind", "stream", "status", "last_success", "newest_record", "records"),
    *("under_way_since", "problem", "hint", "notes"),
)


@dataclass(frozen=True)
class Line:
    """A stream of a source, as a row of the data and of the page."""

    source: str
    kind: str
    stream: str
    status: str
    last_success: str
    newest_record: str
    records: int
    under_way_since: str
    problem: str
    hint: str
    notes: str


@dataclass(frozen=True)
class Card:
    """A source on the page. `facts` are label, text and title."""

    name: str
    title: str
    state: str
    word: str
    facts: tuple[tuple[str, str, str], ...]
    findings: tuple[Finding, ...]
    options: tuple[tuple[str, str], ...]
    streams: tuple[dict[str, str], ...]


def context(
    sources: Sequence[KnownSource], kinds: Sequence[SourceKind], now: dt.datetime
) -> dict[str, Any]:
    """The template's values; those that need help come first."""
    ranked = sorted(sources, key=lambda s: (-_urgency(s), s.name))
    titles = {kind.name: kind.title for kind in kinds}
    cards = [_card(source, titles, now) for source in ranked]
    return {"cards": cards, "kinds": kinds, "finding": _finding(sources)}


def _urgency(source: KnownSource) -> int:
    return ("ok", "warn", "new", "failing").index(source.status)


def _finding(sources: Sequence[KnownSource]) -> str:
    failing = [source.name for source in sources if source.status == "failing"]
    new = [source.name for source in sources if source.status == "new"]
    if failing:
        verb = "needs" if len(failing) == 1 else "need"
        return f"{_listed(failing)} {verb} help; everything else is read."
    if new:
        return f"{_listed(new)} {'has' if len(new) == 1 else 'have'} not been read yet."
    noun = "source is" if len(sources) == 1 else "sources are"
    return f"{'The one' if len(sources) == 1 else f'All {len(sources)}'} {noun} read."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _card(source: KnownSource, titles: dict[str, str], now: dt.datetime) -> Card:
    state, word = STATES[source.status]
    return Card(
        name=source.name,
        title=titles.get(source.kind, source.kind),
        state=state,
        word=word,
        facts=tuple(_facts(source, now)),
        findings=tuple(source.findings),
        options=tuple(sorted(source.options.items())),
        streams=tuple(_stream(stream, now) for stream in source.streams),
    )


def _facts(source: KnownSource, now: dt.datetime) -> Iterator[tuple[str, str, str]]:
    last = source.last_success
    yield "Last read", ago(last, now) if last else "never", moment(last) if last else ""
    newest = max((s.newest for s in source.streams if s.newest), default=None)
    if newest:
        yield "Newest record", ago(newest, now), moment(newest)
    yield "Records", count(sum(stream.records for stream in source.streams)), ""
    began = max((s.started for s in source.streams if s.started), default=None)
    due = began + source.every if began else now
    yield "Next", "now" if due <= now else f"in {_span(due - now)}", moment(due)


def _stream(stream: StreamState, now: dt.datetime) -> dict[str, str]:
    under_way = stream.pass_began is not None and stream.problem is None
    return {
        "name": stream.stream,
        "state": "off" if stream.problem else "wait" if stream.notes or under_way else "on",
        "read": ago(stream.succeeded, now) if stream.succeeded else "never",
        "records": count(stream.records),
        "newest": ago(stream.newest, now) if stream.newest else "",
        "place": f"under way since {moment(stream.pass_began)}" if stream.pass_began else "",
    }


def _span(wait: dt.timedelta) -> str:
    minutes = round(wait.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def lines(sources: Sequence[KnownSource]) -> list[Line]:
    """Every stream of every source, for .json and .csv."""
    return [_line(source, stream) for source in sources for stream in source.streams or (None,)]


def _line(source: KnownSource, stream: StreamState | None) -> Line:
    known = stream or StreamState("")
    read = "ok" if known.succeeded else "new"
    return Line(
        source=source.name,
        kind=source.kind,
        stream=known.stream,
        status="failing" if known.problem else "warn" if known.notes else read,
        last_success=_iso(known.succeeded),
        newest_record=_iso(known.newest),
        records=known.records,
        under_way_since=_iso(known.pass_began),
        problem=known.problem.message if known.problem else "",
        hint=known.problem.hint if known.problem else "",
        notes=" ".join(known.notes),
    )


def as_csv(sources: Sequence[KnownSource]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(asdict(line) for line in lines(sources))
    return out.getvalue()


def _iso(moment: dt.datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
