"""What the warehouse holds about people, read into values. Decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import groupby
from typing import Any

from steelyard.model import reference

Query = Callable[[str], list[tuple[Any, ...]]]

# The texts of a person that the table `people` keeps as they are told.
TEXTS = ("name", "team", "department", "role", "level", "manager", "rollup", "office", "country")


@dataclass(frozen=True, slots=True)
class Version:
    """What a directory said about somebody on a day, or of the time from `valid_from`."""

    seen_day: dt.date
    gone: bool
    active: bool
    email: str
    emails: tuple[str, ...]
    account_ids: tuple[str, ...]
    install_ids: tuple[str, ...]
    employee_id: str
    texts: dict[str, str]
    start_date: dt.date | None
    end_date: dt.date | None
    valid_from: dt.date | None
    valid_to: dt.date | None

    @property
    def employed(self) -> bool:
        return self.active and not self.gone

    @property
    def references(self) -> Iterator[str]:
        """All that this version says to be this person, the main address first."""
        for email in (self.email, *self.emails):
            if email:
                yield f"email:{email}"
        yield from (reference("account", value) for value in self.account_ids)
        yield from (reference("install", value) for value in self.install_ids)


@dataclass(frozen=True)
class Entry:
    """One key of one directory, with all its versions, oldest first."""

    source: str
    key: str
    versions: tuple[Version, ...]

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    @cached_property
    def references(self) -> tuple[str, ...]:
        """Everything ever said to be this person; nobody else's by this directory's word."""
        return tuple(dict.fromkeys(r for v in self.versions for r in v.references))

    @cached_property
    def live(self) -> frozenset[str]:
        """What is this person's today; nothing of somebody who has left."""
        return frozenset(self.latest.references) if self.latest.employed else frozenset()

    @property
    def node(self) -> str:
        """The entry itself as a reference."""
        return reference("directory", self.key)


@dataclass(frozen=True, slots=True)
class Account:
    source: str
    account: str
    email: str
    name: str
    bot: bool


@dataclass(frozen=True, slots=True)
class Author:
    """A login and an e-mail that commits carry together; either may be ''."""

    login: str
    email: str
    name: str
    commits: int


@dataclass(frozen=True, slots=True)
class Member:
    """A row about a membership; `first_look` is the day on which its source was first read."""

    source: str
    key: str
    seen_day: dt.date
    gone: bool
    team: str
    member: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    first_look: dt.date


@dataclass(frozen=True)
class Told:
    """All that is known about who is who."""

    entries: tuple[Entry, ...]
    accounts: tuple[Account, ...] = ()
    authors: tuple[Author, ...] = ()
    members: tuple[Member, ...] = ()

    @cached_property
    def first_looks(self) -> dict[str, dt.date]:
        """The day on which each directory was first read."""
        found: dict[str, dt.date] = {}
        for entry in self.entries:
            day = entry.versions[0].seen_day
            found[entry.source] = min(found.get(entry.source, day), day)
        return found


def read_told(query: Query) -> Told:
    """Everything, through a warehouse's `query` or a transaction's own."""
    return Told(
        entries=tuple(_entries(query(script("entries")))),
        accounts=tuple(Account(*row) for row in query(script("accounts"))),
        authors=tuple(Author(*row) for row in query(script("commits"))),
        members=tuple(Member(*row) for row in query(script("memberships"))),
    )


def script(name: str) -> str:
    """The text of a question in `sql/`."""
    return resources.files("steelyard.people").joinpath("sql", f"{name}.sql").read_text()


def _entries(found: list[tuple[Any, ...]]) -> Iterator[Entry]:
    for (source, key), group in groupby(found, key=lambda row: row[:2]):
        yield Entry(source, key, tuple(_version(row) for row in group))


def _version(row: tuple[Any, ...]) -> Version:
    seen_day, gone, active, email, *lists, employee_id = row[2:10]
    emails, account_ids, install_ids = map(tuple, lists)
    texts = dict(zip(TEXTS, row[10:19], strict=True))
    return Version(
        *(seen_day, gone, active, email, emails, account_ids, install_ids, employee_id, texts),
        *row[19:],
    )
