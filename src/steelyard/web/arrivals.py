"""What reached the receiver, what did not get in and why, and how complete telemetry is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.metrics import Answer
from steelyard.receiver.body import ReceiverNode
from steelyard.state.sources import KnownSource
from steelyard.web import words
from steelyard.web.adoption_finding import newest
from steelyard.web.answers import sums_by
from steelyard.web.client_faults import met
from steelyard.web.diagnosis import UNREAD, fix_for
from steelyard.web.files import Rows
from steelyard.web.formats import ago, count, moment, share
from steelyard.web.layout import pulse
from steelyard.web.panels import Panel
from steelyard.web.services import Status
from steelyard.web.sheet import Section, ShownSection
from steelyard.web.table import Cell, Grid, Head
from steelyard.web.table import Row as GridRow

OTHERS = "Comes with a second witness: `steelyard import transcripts`, or a vendor's own counts."
PEOPLE = "Comes with imported people: `steelyard import csv people FILE`."
VERSIONS = "versions"
LATEST = 20  # bodies set aside, and receiver nodes, on the page


def missed(answer: Answer) -> str:
    """The witness that missed most of what the ledger counts: gaps are no parts of one whole."""
    gaps = sums_by(answer, "witness_gap_share", "witness")
    known = {name: gap for name, gap in gaps.items() if gap is not None}
    if not known:
        return ""
    name = max(known, key=lambda each: known[each])
    if not known[name]:
        return "No witness missed anything"
    named = words.value("witness", name)
    return f"{named[:1].upper()}{named[1:]} missed {share(known[name])} of the tokens counted"


SECTIONS = (
    Section(
        "arrivals",
        "What arrives",
        (
            Panel(
                "arriving", "stack", ("sessions",), "Sessions that arrived", "assistant", wide=True
            ),
            Panel(
                "witnesses",
                "ranking",
                ("witness_tokens", "witness_gap_tokens", "witness_gap_share"),
                "What each witness saw, and missed",
                "witness",
                about="Tokens: witnesses are compared, never added; a gap is what the ledger"
                " counts and this witness did not see",
                finding=missed,
                wide=True,
            ),
        ),
    ),
    Section(
        "complete",
        "How complete it is",
        (
            Panel(
                "coverage",
                "lines",
                ("telemetry_coverage",),
                "Use that telemetry saw, of what others saw",
                grain="week",
                advice=OTHERS,
            ),
            Panel(
                "matched",
                "lines",
                ("people_matched_share", "sessions_matched_share", "spend_matched_share"),
                "What belongs to people a directory knows",
                grain="week",
                advice=PEOPLE,
            ),
            Panel(
                VERSIONS,
                "ranking",
                ("sessions", "active_people"),
                "Claude Code versions in use",
                "app_version",
                where={"assistant": ("claude-code",)},
                advice="Clients say their version on events; on metrics only if"
                " `OTEL_METRICS_INCLUDE_VERSION` is true.",
                finding=newest,
                wide=True,
            ),
        ),
    ),
)
REFUSED = ("last", "count", "status", "reason", "protocol", "path", "agent", "peer", "fix")
ASIDE = ("number", "received", "signal", "encoding", "bytes", "error", "fix")
FAULTY = ("version", "sessions", "fault", "reported")
TABLES: Mapping[str, Sequence[str]] = {"refused": REFUSED, "set-aside": ASIDE, "faults": FAULTY}


def summary(sources: Sequence[KnownSource], status: Status, now: dt.datetime) -> str:
    """How many sources are current, when telemetry last came, what could not be read."""
    current = sum(is_current(source, now) for source in sources)
    last = status.last_received_at
    said = []
    if sources:
        verb = "is" if current == 1 else "are"
        said.append(f"{current} of {len(sources)} sources {verb} current")
    said.append(f"telemetry last came {ago(last, now)}" if last else "no telemetry has come")
    if aside := status.inbox.set_aside:
        said.append(f"{_requests(aside)} set aside")
    if refused := status.inbox.refused:
        said.append(f"{_requests(refused)} declined")
    sentence = "; ".join(said) + "."
    return sentence[:1].upper() + sentence[1:]


def receiving(status: Status, now: dt.datetime) -> dict[str, Any]:
    """The receiver's own state: a word with its mark, and facts (label, text, title)."""
    inbox, last, said = status.inbox, status.last_event, pulse(status, now)
    facts = [("Requests taken", count(inbox.received), "")]
    if at := status.last_received_at:
        facts.insert(0, ("Last request", ago(at, now), moment(at)))
    if last:
        facts.append(("Newest record", ago(last.time, now), f"{moment(last.time)}, the client's"))
    facts += [
        ("Waiting to be read", count(inbox.pending), ""),
        ("Sent again", count(inbox.repeated), "Told once more by a client, kept once"),
        ("Declined", count(inbox.refused), ""),
        ("Set aside", count(inbox.set_aside), ""),
    ]
    facts += [_node(node, now) for node in status.nodes[:LATEST]]
    if built := status.refreshed_at:
        facts.append(("Figures built", ago(built, now), moment(built)))
    return {"state": said.state, "word": said.text, "facts": facts}


def _node(node: ReceiverNode, now: dt.datetime) -> tuple[str, str, str]:
    """A receiver with an inbox of its own: what of it is not here yet, and its last word."""
    lag = node.pending + node.handed
    said = f"{count(lag)} on the way" if lag else "nothing on the way"
    title = f"{count(node.pending)} wait there, {count(node.handed)} are handed over"
    told = f"{said} · {ago(node.told_at, now)}"
    return f"Receiver {node.name}".strip(), told, f"{title}; {moment(node.told_at)}"


def is_current(source: KnownSource, now: dt.datetime) -> bool:
    """Read without a problem, and no longer ago than two of its turns."""
    last = source.last_success
    return source.status != "failing" and last is not None and now - last <= 2 * source.every


def refused(status: Status) -> Rows:
    """What was declined, the latest first, a row a kind."""
    return [
        {
            "last": each.time.isoformat(timespec="seconds"),
            "count": each.count,
            "status": each.status,
            "reason": each.reason,
            "protocol": each.protocol,
            "path": each.path,
            "agent": each.agent,
            "peer": each.peer,
            "fix": fix_for(each),
        }
        for each in status.refusals
    ]


def aside(status: Status) -> Rows:
    """What was taken and could not be read, the latest first."""
    return [
        {
            "number": each.number,
            "received": each.received_at.isoformat(timespec="seconds"),
            "signal": each.signal,
            "encoding": each.encoding,
            "bytes": each.size_bytes,
            "error": each.error,
            "fix": UNREAD,
        }
        for each in reversed(status.set_aside)
    ]


def faults(sections: Sequence[ShownSection]) -> Rows:
    """The faults known of the versions in use, from the figures of their panel."""
    panels = (panel for section in sections for panel in section.panels)
    shown = next((panel for panel in panels if panel.name == VERSIONS), None)
    if shown is None or shown.answer is None:
        return []
    sessions = sums_by(shown.answer, "sessions", "app_version")
    return [
        {
            "version": version,
            "sessions": sessions[version],
            "fault": f"{fault.what} Versions {fault.versions}.",
            "reported": fault.url,
        }
        for version, fault in met(sessions)
    ]


def refused_grid(status: Status, now: dt.datetime) -> Grid:
    heads = ("What", "Times", "Last", "From", "What to do")
    rows = tuple(
        GridRow(
            f"{each.status} {each.reason}",
            (
                Cell(count(each.count)),
                Cell(ago(each.time, now)),
                _text(" · ".join((f"{each.protocol} {each.path}", each.agent, each.peer))),
                _text(fix_for(each)),
            ),
            hint=moment(each.time),
        )
        for each in status.refusals
    )
    return Grid("Requests that were declined", _heads(heads, 3), rows)


def aside_grid(status: Status, now: dt.datetime) -> Grid:
    """The latest; all of them are in the file."""
    rows = tuple(
        GridRow(
            f"Request {each.number}",
            (
                Cell(count(each.size_bytes)),
                Cell(ago(each.received_at, now)),
                _text(f"{each.signal}, {each.encoding}"),
                _text(each.error),
            ),
            hint=moment(each.received_at),
        )
        for each in status.set_aside[: -LATEST - 1 : -1]
    )
    heads = _heads(("What", "Bytes", "Came", "Kind", "Why"), 3)
    return Grid("Requests set aside", heads, rows, hidden=len(status.set_aside) - len(rows))


def faults_grid(rows: Rows) -> Grid:
    found = tuple(
        GridRow(row["version"], (_number(row["sessions"]), _text(row["fault"])), row["reported"])
        for row in rows
    )
    return Grid("Faults of versions in use", _heads(("Version", "Sessions", "Fault"), 2), found)


def _requests(number: int) -> str:
    return f"{count(number)} request was" if number == 1 else f"{count(number)} requests were"


def _heads(labels: Sequence[str], left: int) -> tuple[Head, ...]:
    """Text stands left from that column on."""
    return tuple(Head(label, left=at >= left) for at, label in enumerate(labels))


def _text(said: str) -> Cell:
    text = " ".join(said.split()).strip(" ·")
    return Cell(text or "–", bool(text), left=True)


def _number(known: float | None) -> Cell:
    return Cell("–", False) if known is None else Cell(count(known))
