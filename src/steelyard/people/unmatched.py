"""Work that belongs to nobody a directory knows: by whom, how much, and what is known of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from steelyard.people.identity import Resolution
from steelyard.people.told import Query, Told, script
from steelyard.warehouse.words import texts

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse


@dataclass(frozen=True)
class Unmatched:
    """A reference no directory knows. `nanos` is its spend, None where nothing has a price;
    `items` are pull requests opened and issues assigned."""

    reference: str
    nanos: int | None
    sessions: int
    commits: int
    items: int
    names: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # other references of the same stranger
    seen_with: tuple[tuple[str, int], ...] = ()  # e-mail, sessions: of installs and accounts


def largest_unmatched(query: Query, limit: int) -> tuple[Unmatched, ...]:
    """The same in short, without what else is known of them: quick enough for a page."""
    return tuple(Unmatched(*row) for row in query(script("unmatched"))[:limit])


def unmatched(warehouse: Warehouse, told: Told, resolution: Resolution) -> list[Unmatched]:
    """Those with work, the most spend first."""
    rows = [Unmatched(*row) for row in warehouse.query(script("unmatched"))]
    full, seen = _machines(warehouse)
    strangers = resolution.owned()
    names = _names(told)
    found = []
    for row in rows:
        reference = full.get(row.reference, row.reference)
        person = reference.removeprefix("email:")
        also = [ref for ref in strangers.get(person, []) if ref != reference]
        called = {name for ref in (reference, *also) for name in names.get(ref, ())}
        found.append(
            replace(
                row,
                reference=reference,
                also=tuple(also),
                names=tuple(sorted(called)),
                seen_with=tuple(seen.get(reference, ())),
            )
        )
    return found


def _machines(warehouse: Warehouse) -> tuple[dict[str, str], dict[str, list[tuple[str, int]]]]:
    """The whole id of each install that a person was named after, and whom it was seen with."""
    full: dict[str, str] = {}
    seen: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for (reference, person, email), sessions in sorted(_sessions_of_nameless(warehouse).items()):
        full.setdefault(person if person.startswith("install:") else reference, reference)
        if email:
            seen[reference].append((email, len(sessions)))
    return full, seen


def _sessions_of_nameless(warehouse: Warehouse) -> Mapping[tuple[str, str, str], set[str]]:
    """The sessions of each install and account that names nobody: its whole reference, the name it
    goes by, and an address seen with it."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    nameless = {row[0] for row in warehouse.query(script("nameless"))}
    if not nameless:
        return found
    facts = warehouse.facts
    sql = script("machines").replace("{names}", texts(sorted(nameless), facts.dialect))
    for session, email, account, uuid, install in facts.query(sql):
        for name in nameless & {f"install:{install[:12]}", account, uuid}:
            is_install = name.startswith("install:")
            reference = f"install:{install}" if is_install else f"account:{name}"
            found[reference, name, email].add(session)
    return found


def _names(told: Told) -> Mapping[str, set[str]]:
    """What accounts and commits call the owner of a reference."""
    found: dict[str, set[str]] = defaultdict(set)
    for account in told.accounts:
        for ref in (account.account, f"email:{account.email}"):
            found[ref].add(account.name)
    for author in told.authors:
        for ref in (author.login, f"email:{author.email}"):
            found[ref].add(author.name)
    return {ref: {name for name in names if name} for ref, names in found.items()}


def unmatched_emails(query: Query) -> list[str]:
    """Addresses seen in telemetry that no directory names, the most spend first: to look up."""
    return [row[0] for row in query(script("unknown_emails"))]
