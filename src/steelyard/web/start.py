"""What Get started shows: steps that the data themselves tick off, never a dismissed flag."""

from __future__ import annotations

import datetime as dt
from typing import Any

from steelyard.web import demo, snippets, words
from steelyard.web.diagnosis import diagnose
from steelyard.web.formats import ago, count, moment
from steelyard.web.services import Status
from steelyard.web.standing import Standing, previews

NAMES = {"otlp-http": "OTLP/HTTP", "otlp-grpc": "OTLP/gRPC"}


def change(status: Status) -> str:
    """Differs whenever the page would look different; open pages compare it."""
    inbox, last = status.inbox, status.last_event
    parts = (inbox.received, inbox.refused, inbox.set_aside, status.has_data, status.people)
    said = "-".join(str(int(part)) for part in parts) + ("-1" if last else "-0")
    return said + f"-{status.demo_stage}" if status.demo else said


def context(status: Status, known: Standing, now: dt.datetime) -> dict[str, Any]:
    """The template's values."""
    to = snippets.target(status.listeners)
    findings = diagnose(status, now)
    return {
        "status": status,
        "known": known,
        "monday": str(now.date() + dt.timedelta(days=28 - now.weekday())),
        "previews": previews(status, known),
        "listeners": [
            {"label": NAMES.get(each.name, each.name), "port": snippets.port(each.url)}
            for each in status.listeners
        ],
        "change": change(status),
        "target": to,
        "shells": snippets.shells(to) if to else [],
        "files": snippets.files(to) if to else [],
        "prompt": snippets.prompt(to) if to else "",
        "findings": findings,
        "demo": demo.context(status),
        "troubled": bool(status.refusals or status.set_aside) and not status.has_data,
        "arrived": _arrived(status, now),
    }


def _arrived(status: Status, now: dt.datetime) -> dict[str, Any]:
    last = status.last_event
    facts: list[tuple[str, str]] = []
    if last:
        session = f"session {last.session[:8]}" if last.session else ""
        facts = [
            ("Last event", " · ".join(filter(None, (last.name, session))) or "not named"),
            ("When", f"{moment(last.time)} ({ago(last.time, now)})"),
        ]
    assistants = [
        f"{words.value('assistant', name)} {count(number)}"
        for name, number in sorted(status.assistants.items(), key=lambda pair: -pair[1])
    ]
    if assistants:
        facts.append(("Sessions", " · ".join(assistants)))
    who = words.value("assistant", last.assistant) if last else "Data"
    return {"title": f"{who} is reporting." if last else "Data are here.", "facts": facts}


def steps(status: Status, known: Standing) -> list[dict[str, str]]:
    """The checklist as data, for the page's .json and .csv."""

    def state(done: bool) -> str:
        return "done" if done else "open"

    return [
        {"step": "server", "state": "done", "detail": f"Version {status.version}"},
        {
            "step": "telemetry",
            "state": state(status.has_data),
            "detail": f"{status.inbox.received} requests taken, {status.inbox.refused} declined",
        },
        {
            "step": "roll-out",
            "state": state(known.rolled_out),
            "detail": f"{_number(known.reporting)} people reported in the last 4 weeks",
        },
        {"step": "people", "state": state(status.people > 0), "detail": f"{status.people} people"},
        {
            "step": "git-host",
            "state": state(bool(known.shipped)),
            "detail": f"{_number(known.shipped)} commits and merged pull requests in a year",
        },
        {"step": "dates", "state": state(known.plans > 0), "detail": f"{known.plans} plans"},
        {
            "step": "transcripts",
            "state": state(bool(known.brought)),
            "detail": f"{_number(known.brought)} tokens in transcripts of a year",
        },
    ]


def _number(known: int | None) -> str:
    return "unknown" if known is None else str(known)
