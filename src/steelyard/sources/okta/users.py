"""Users of Okta as entries of a directory: which field means what, and which calls find them.

Only `login` is one user's alone; `email` and `secondEmail` are not kept apart by Okta. `managerId`
and `manager` are text that somebody's mapping put there: an id, a login, an address, or a name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from steelyard.model import Person
from steelyard.sources.directory import Entry, address
from steelyard.sources.okta.client import USERS, Org
from steelyard.sources.shapes import read, utc

_A_PAGE = "200"
_A_CALL = 10  # addresses or names; Okta refuses searches that are too long
_GONE = "DEPROVISIONED"
# Not yet here, or not any more. Those locked out or with an expired password work here.
_INACTIVE = frozenset({"STAGED", "SUSPENDED", _GONE})


class _Profile(msgspec.Struct, rename="camel"):
    login: str | None = None
    email: str | None = None
    second_email: str | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    department: str | None = None
    division: str | None = None
    organization: str | None = None
    city: str | None = None
    country_code: str | None = None
    employee_number: str | None = None
    user_type: str | None = None
    manager: str | None = None
    manager_id: str | None = None


class _User(msgspec.Struct, rename="camel"):
    id: str
    profile: _Profile
    status: str | None = None
    status_changed: dt.datetime | None = None


class Users:
    """The users of one org."""

    def __init__(self, org: Org, search: str = "") -> None:
        self._org, self._only = org, search

    def all(self) -> Iterator[list[Entry]]:
        """A list a page: who is here, then who has left. Nobody comes twice."""
        seen: set[str] = set()
        gone = f'status eq "{_GONE}"'
        for search in (self._only, f"{gone} and ({self._only})" if self._only else gone):
            for entries in self._searched(search):
                fresh = [entry for entry in entries if entry.person.key not in seen]
                seen.update(entry.person.key for entry in fresh)
                yield fresh

    def with_addresses(self, addresses: Sequence[str]) -> Iterator[Entry]:
        """Everybody who has one of these addresses, in whatever field."""
        return self._with(addresses, ("profile.login", "profile.email", "profile.secondEmail"))

    def with_names(self, names: Sequence[str]) -> Iterator[Entry]:
        """Those whose id, login or e-mail is among what people gave as their manager."""
        plain = [name for name in names if not any(c.isspace() for c in name.strip())]
        return self._with(plain, ("id", "profile.login", "profile.email"))

    def _with(self, values: Sequence[str], fields: Sequence[str]) -> Iterator[Entry]:
        for at in range(0, len(values), _A_CALL):
            some = values[at : at + _A_CALL]
            clauses = [f"{field} eq {_quoted(value)}" for value in some for field in fields]
            for entries in self._searched(" or ".join(clauses)):
                yield from entries

    def _searched(self, search: str) -> Iterator[list[Entry]]:
        """Without a search the list is read from Okta itself, with one from an index that may be
        some seconds old."""
        params = {"limit": _A_PAGE, **({"search": search} if search else {})}
        for page in self._org.lists("/api/v1/users", USERS, params):
            yield [entry_of(user) for user in page]


def entry_of(data: object) -> Entry:
    """A user in Okta's JSON. Raises SourceChanged for one without id or profile."""
    key = data.get("id") if isinstance(data, dict) else None
    user = read("Okta", f"user {key or '(no id)'}", _User, data)
    profile = user.profile
    login = (profile.login or "").strip()
    every = [address(each) for each in (profile.email, login, profile.second_email)]
    managers = [(each or "").strip() for each in (profile.manager_id, profile.manager)]
    return Entry(
        person=_person(user),
        addresses=tuple(dict.fromkeys(filter(None, every))),
        own=frozenset({address(login)}) - {""},
        logins=(login,) if login and not address(login) else (),
        managers=tuple(dict.fromkeys(filter(None, managers))),
    )


def _person(user: _User) -> Person:
    profile = user.profile
    full = f"{profile.first_name or ''} {profile.last_name or ''}".strip()
    left = utc(user.status_changed) if user.status == _GONE else None
    return Person(
        key=user.id,
        name=profile.display_name or full,
        department=profile.department or profile.division or "",
        role=profile.title or "",
        city=profile.city or "",
        country=profile.country_code or "",
        company=profile.organization or "",
        employee_id=profile.employee_number or "",
        employee_type=profile.user_type or "",
        end_date=left.date() if left else None,
        active=user.status not in _INACTIVE,
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
