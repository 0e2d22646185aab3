"""The frame around every page: rail, pulse, share link, footer. Built from the server's status."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from steelyard.metrics.answer import Answer
from steelyard.web import rights
from steelyard.web.formats import ago, count, day, moment, share
from steelyard.web.services import Status
from steelyard.web.viewer import Role

FRESH = dt.timedelta(minutes=30)


@dataclass(frozen=True)
class Link:
    key: str
    label: str
    url: str
    icon: str


@dataclass(frozen=True)
class Group:
    title: str
    links: tuple[Link, ...]


# Only pages that exist. A new page is one line here and one route.
NAV = (
    Group(
        "",
        (
            Link("overview", "Overview", "/", "home"),
            Link("spend", "Spend", "/spend", "spend"),
            Link("adoption", "Adoption", "/adoption", "adopt"),
            Link("roi", "ROI", "/roi", "scale"),
            Link("delivery", "Delivery", "/delivery", "ship"),
            Link("impact", "Impact", "/impact", "flask"),
            Link("sessions", "Sessions", "/sessions", "sessions"),
            Link("organisation", "Organisation", "/organisation", "people"),
        ),
    ),
    Group(
        "Set up",
        (
            Link("get-started", "Get started", "/get-started", "flag"),
            Link("sources", "Sources", "/sources", "plug"),
            Link("definitions", "Metric definitions", "/definitions", "book"),
            Link("settings", "Settings", "/settings", "sliders"),
        ),
    ),
)
# The parts of Settings, as tabs on each of them.
SETTINGS = (
    Link("settings", "All settings", "/settings", "sliders"),
    Link("accounts", "Accounts", "/settings/accounts", "key"),
    Link("tokens", "Tokens", "/settings/tokens", "key"),
    Link("prices", "Prices", "/settings/prices", "spend"),
    Link("plans", "Plans", "/settings/plans", "spend"),
    Link("privacy", "Privacy", "/settings/privacy", "key"),
)


def nav(role: Role) -> list[Group]:
    """The links a role may follow; Settings lead to the first part of them it may open."""
    parts = settings_tabs(role)
    found = []
    for group in NAV:
        links = [
            replace(link, url=parts[0].url) if link.key == "settings" and parts else link
            for link in group.links
        ]
        found.append(replace(group, links=tuple(x for x in links if rights.may(role, x.url))))
    return found


def settings_tabs(role: Role) -> list[Link]:
    return [tab for tab in SETTINGS if rights.may(role, tab.url)]


@dataclass(frozen=True)
class Pulse:
    """Is telemetry coming in? `state` is a class of the dot: on, wait, off or empty."""

    text: str
    state: str
    title: str = ""


@dataclass(frozen=True)
class Page:
    """What the frame needs. `address` is where the theme switch returns to."""

    key: str
    title: str
    version: str
    pulse: Pulse
    theme: str = ""
    share: str = ""
    address: str = "/"


def pulse(status: Status, now: dt.datetime) -> Pulse:
    """One line at the rail's foot."""
    last = status.last_received_at
    if last is None:
        return Pulse("No data yet", "") if not status.has_data else Pulse("Imported data", "on")
    if not status.has_data:
        return Pulse("Waiting for an event", "wait", moment(last))
    text = f"Receiving · {ago(last, now)}" if now - last < FRESH else f"Last data {ago(last, now)}"
    return Pulse(text, "on" if now - last < FRESH else "", moment(last))


def footer(answer: Answer, today: dt.date) -> list[str]:
    """Coverage and freshness of what is shown."""
    coverage = answer.coverage
    said = []
    if coverage.last_day:
        last = "today, not over yet" if coverage.last_day >= today else day(coverage.last_day, True)
        said.append(f"Data to {last}")
    if coverage.sessions is not None:
        said.append(f"{count(coverage.sessions)} sessions")
    if coverage.people_matched is None:
        said.append("no people imported")
    else:
        said.append(f"{share(coverage.people_matched)} of active people matched")
    if coverage.silent_people:
        noun = "person" if coverage.silent_people == 1 else "people"
        said.append(f"{count(coverage.silent_people)} {noun} without any use")
    return [*said, f"computed {moment(answer.as_of)}"]
