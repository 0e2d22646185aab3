"""Users of Entra ID as entries of a directory: which field means what, and which calls find them.

Addresses: `mail`, the UPN and `proxyAddresses` are unique in a tenant; `otherMails` are typed in by
anybody and may be anyone's. A guest's UPN (`…#EXT#…`) is no address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from steelyard.errors import SourceError
from steelyard.model import Person
from steelyard.sources.directory import Entry, address
from steelyard.sources.microsoft_graph.client import USERS, Graph
from steelyard.sources.shapes import read

# Graph leaves most of these out unless it is asked for them.
SELECT = (
    "id,displayName,mail,userPrincipalName,otherMails,proxyAddresses,department,jobTitle,"
    "companyName,officeLocation,city,country,employeeId,employeeType,employeeHireDate,userType,"
    "accountEnabled"
)
_EXPANSIONS = ("manager($select=id)", "manager")
_IDS_A_CALL = 15  # "Too many child clauses … Max allowed: 15"
_ADDRESSES_A_CALL = 3  # of four clauses each


class _Manager(msgspec.Struct):
    id: str


class _User(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None
    other_mails: list[str] | None = None
    proxy_addresses: list[str] | None = None
    department: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    office_location: str | None = None
    city: str | None = None
    country: str | None = None
    employee_id: str | None = None
    employee_type: str | None = None
    employee_hire_date: dt.datetime | None = None
    user_type: str | None = None
    account_enabled: bool | None = None
    manager: _Manager | None = None


class Users:
    """The users of one tenant, each with the id of their manager."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._expansions = list(_EXPANSIONS)

    def all(self, only: str = "") -> Iterator[list[Entry]]:
        """A list a page; `only` is a filter in OData."""
        for page in self._pages(only):
            yield [entry_of(user) for user in page]

    def with_addresses(self, addresses: Sequence[str]) -> Iterator[Entry]:
        """Everybody who has one of these addresses, in whatever field."""
        for some in _batches(addresses, _ADDRESSES_A_CALL):
            clauses = " or ".join(_has(_quoted(each)) for each in some)
            for entries in self.all(clauses):
                yield from entries

    def with_ids(self, ids: Sequence[str]) -> Iterator[Entry]:
        """Those of the ids who can be seen; contacts and deleted users cannot."""
        for some in _batches(ids, _IDS_A_CALL):
            for entries in self.all(f"id in ({','.join(f'{_quoted(each)}' for each in some)})"):
                yield from entries

    def _pages(self, only: str) -> Iterator[list[object]]:
        """With `$expand` a page has at most 100 users, whatever `$top` says.

        Some tenants refuse `$select` within `$expand`; they are asked for managers whole.
        """
        params = {"$select": SELECT, "$top": "999", "$expand": self._expansions[0]}
        if only:
            params["$filter"] = only
        pages = self._graph.pages("/users", USERS, params)
        try:
            first = next(pages)
        except SourceError as error:
            if getattr(error, "status", None) != 400 or len(self._expansions) == 1:
                raise
            self._expansions.pop(0)
            yield from self._pages(only)
            return
        yield first
        yield from pages


def entry_of(data: object) -> Entry:
    """A user in Graph's JSON. Raises SourceChanged for one without an id."""
    key = data.get("id") if isinstance(data, dict) else None
    user = read("Microsoft Graph", f"user {key or '(no id)'}", _User, data)
    proxies = [p[5:] for p in user.proxy_addresses or () if p[:5].lower() == "smtp:"]
    upn = user.user_principal_name or ""
    own = [address(user.mail), "" if "#ext#" in upn.lower() else address(upn)]
    own += [address(each) for each in proxies]
    every = [*own, *(address(each) for each in user.other_mails or ())]
    return Entry(
        person=_person(user),
        addresses=tuple(dict.fromkeys(filter(None, every))),
        own=frozenset(own) - {""},
        managers=(user.manager.id,) if user.manager else (),
    )


def _person(user: _User) -> Person:
    guest = (user.user_type or "").lower() == "guest"
    return Person(
        key=user.id,
        name=user.display_name or "",
        department=user.department or "",
        role=user.job_title or "",
        office=user.office_location or "",
        city=user.city or "",
        country=user.country or "",
        company=user.company_name or "",
        employee_id=user.employee_id or "",
        employee_type=user.employee_type or ("Guest" if guest else ""),
        start_date=user.employee_hire_date.date() if user.employee_hire_date else None,
        active=user.account_enabled is not False,
    )


def _has(quoted: str) -> str:
    proxy = f"'smtp:{quoted[1:]}"
    return (
        f"mail eq {quoted} or userPrincipalName eq {quoted} or otherMails/any(m:m eq {quoted})"
        f" or proxyAddresses/any(p:p eq {proxy})"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (items[at : at + size] for at in range(0, len(items), size))
