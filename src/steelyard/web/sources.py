"""The page Sources: what is read, how far, and what stops it.

No secret can get here: none is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from steelyard.errors import UnknownName
from steelyard.state.sources import Finding, KnownSource, StreamState
from steelyard.web import arrivals
from steelyard.web.controls import shared
from steelyard.web.diagnosis import UNREAD
from steelyard.web.files import Kind, Rows, Table, add_files, table_file
from steelyard.web.formats import ago, count, moment
from steelyard.web.frame import Pages
from steelyard.web.panels import Panel
from steelyard.web.services import Services, SourceKind, Status
from steelyard.web.sheet import ShownSection, one_panel, read, show_section
from steelyard.web.view import View

PATH = "/sources"

STATES = {
    "ok": ("on", "Well"),
    "warn": ("wait", "Well, with a note"),
    "failing": ("off", "Needs help"),
    "late": ("wait", "Late"),
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


def add_sources(routes: APIRouter, pages: Pages) -> None:
    """The page, all of it as .json, and each table as .csv and .parquet (`panel`)."""
    services = pages.services

    @routes.get(PATH)
    def html(request: Request) -> Response:
        status, view = services.status(), read(request.query_params, services)
        page = pages.page(request, "sources", "Sources", status)
        values = shared(view, {}, services.today(), PATH)
        values |= context(services.sources(), services.source_kinds(), services.now())
        values |= told(services, status, view)
        return pages.render(request, "sources.html", page, **values)

    @routes.get(f"{PATH}.json")
    def data(request: Request) -> Response:
        view, status = read(request.query_params, services), services.status()
        sections = shown(services, view, status)
        panels = [panel for section in sections for panel in section.panels]
        found = {p.name: p.answer.to_json() if p.answer else {"why": p.why} for p in panels}
        names = ("sources", *_TABLES)
        tables = {name: _rows(name, services, status, sections) for name in names}
        summary = arrivals.summary(services.sources(), status, services.now())
        return JSONResponse({"summary": summary, **tables, **found})

    def file(request: Request, kind: Kind) -> Response:
        view, status = read(request.query_params, services), services.status()
        name = request.query_params.get("panel", "sources")
        form: Table = "csv" if kind == "csv" else "parquet"
        if name == "sources" or name in _TABLES:
            sections = shown(services, view, status) if name == "faults" else []
            rows = _rows(name, services, status, sections)
            return table_file(rows, _TABLES.get(name, FIELDS), form, name)
        return one_panel(services, view, _panel(name), form, "sources")

    add_files(routes, PATH, file, ("csv", "parquet"))


_TABLES = arrivals.TABLES


def _rows(name: str, services: Services, status: Status, sections: Sequence[ShownSection]) -> Rows:
    if name == "sources":
        return [asdict(line) for line in lines(services.sources())]
    if name == "faults":
        return arrivals.faults(sections)
    return arrivals.refused(status) if name == "refused" else arrivals.aside(status)


def _panel(name: str) -> Panel:
    """Raises UnknownName for one the page does not have."""
    found = {panel.name: panel for section in arrivals.SECTIONS for panel in section.panels}
    if name not in found:
        raise UnknownName("panel", name, ("sources", *_TABLES, *found))
    return found[name]


def shown(services: Services, view: View, status: Status) -> list[ShownSection]:
    """The panels with their figures; none before anything has come."""
    wanted = arrivals.SECTIONS if status.has_data else ()
    return [show_section(services, view, section, "") for section in wanted]


def told(services: Services, status: Status, view: View) -> dict[str, Any]:
    """What came in and what did not, for the template."""
    now, known = services.now(), services.sources()
    sections = shown(services, view, status)
    foot = [f"{len(known)} {'source' if len(known) == 1 else 'sources'}", f"seen {moment(now)}"]
    if status.refreshed_at:
        foot.insert(1, f"figures built {ago(status.refreshed_at, now)}")
    return {
        "status": status,
        "summary": arrivals.summary(known, status, now),
        "receiving": arrivals.receiving(status, now),
        "refused": arrivals.refused_grid(status, now),
        "aside": arrivals.aside_grid(status, now),
        "unread": UNREAD,
        "faults": arrivals.faults_grid(arrivals.faults(sections)),
        "sections": sections,
        "silent": next((s for s in map(_silent, sections) if s is not None), None),
        "data_url": view.url(f"{PATH}.json"),
        "foot": foot,
    }


def _silent(section: ShownSection) -> int | None:
    """People a directory knows of whom nothing came; None where that is not known."""
    answers = [panel.answer for panel in section.panels if panel.answer]
    return answers[0].coverage.silent_people if answers else None


def context(
    sources: Sequence[KnownSource], kinds: Sequence[SourceKind], now: dt.datetime
) -> dict[str, Any]:
    """The cards' values; those that need help come first."""
    ranked = sorted(sources, key=lambda s: (-_urgency(s), s.name))
    titles = {kind.name: kind.title for kind in kinds}
    cards = [_card(source, titles, now) for source in ranked]
    return {"cards": cards, "kinds": kinds, "finding": _finding(sources) if sources else ""}


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
    late = source.status in ("ok", "warn") and not arrivals.is_current(source, now)
    state, word = STATES["late" if late else source.status]
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
    yield "Read every", _span(source.every), ""
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


def _iso(moment: dt.datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
