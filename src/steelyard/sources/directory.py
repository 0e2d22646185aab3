"""What directories have in common: whose an address is, who the manager is, who is on which team.

A directory is settled as a whole, because an address that two people claim belongs to neither, and
a manager may come long after those who report to them. So people are held in memory (about a
kilobyte each) until all are read; pages before that are empty, and a broken pass starts anew.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from steelyard.model import Membership, Person
from steelyard.sources.contract import Page

LEVELS = 30  # of managers above somebody; what is deeper is a mistake in the directory
_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One user as the directory tells of them; addresses and manager of `person` are still empty.

    `addresses` in order of preference; `own` are those the directory gives to one user only, and
    the rest is what somebody typed in. `managers` are guesses, the best first: a key, a login or
    an address.
    """

    person: Person
    addresses: tuple[str, ...]
    own: frozenset[str]
    logins: tuple[str, ...] = ()  # names of theirs that are no addresses
    managers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    name: str


def address(text: str | None) -> str:
    """An e-mail address in the one spelling used for joins; '' for what is none."""
    found = (text or "").strip().lower()
    local, _, domain = found.rpartition("@")
    return found if local and domain and not any(c.isspace() for c in found) else ""


def settle(
    entries: Sequence[Entry], rivals: Iterable[Entry] = ()
) -> tuple[list[Person], tuple[str, ...]]:
    """Everybody with the addresses that are theirs alone and their manager's key, and notes.

    `rivals` are not told themselves, but may have a claim to an address.
    """
    owners, disputed = _owners([*entries, *rivals])
    by_name = _names(entries, owners)
    people, unknown = [], 0
    for entry in entries:
        emails = tuple(a for a in entry.addresses if owners.get(a) == entry.person.key)
        manager = _manager(entry, by_name)
        unknown += bool(entry.managers) and not manager
        main = emails[0] if emails else ""
        people.append(dataclasses.replace(entry.person, email=main, emails=emails, manager=manager))
    return people, tuple(_notes(disputed, unknown))


def _owners(entries: Iterable[Entry]) -> tuple[dict[str, str], list[str]]:
    """Who has each address, and the addresses that several have the same right to.

    An address the directory itself gave outweighs one typed in; somebody here, somebody gone.
    """
    claims: dict[str, dict[tuple[bool, bool], set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in entries:
        for each in entry.addresses:
            right = (each in entry.own, entry.person.active)
            claims[each][right].add(entry.person.key)
    best = {each: rights[max(rights)] for each, rights in claims.items()}
    owners = {each: next(iter(keys)) for each, keys in best.items() if len(keys) == 1}
    return owners, sorted(best.keys() - owners.keys())


def _names(entries: Iterable[Entry], owners: dict[str, str]) -> dict[str, str]:
    """Names that mean exactly one of the people: keys, logins and addresses → key."""
    keys = {entry.person.key for entry in entries}
    names = {each: key for each, key in owners.items() if key in keys}
    for entry in entries:
        names |= {login.lower(): entry.person.key for login in entry.logins}
    return names | {key: key for key in keys}


def _manager(entry: Entry, by_name: dict[str, str]) -> str:
    for guess in entry.managers:
        found = by_name.get(guess) or by_name.get(guess.strip().lower())
        if found and found != entry.person.key:
            return found
    return ""


def _notes(disputed: Sequence[str], unknown: int) -> Iterator[str]:
    if disputed:
        some = ", ".join(disputed[:3]) + (" …" if len(disputed) > 3 else "")
        yield f"Several people claim {some}: such addresses ({len(disputed)}) join nobody."
    if unknown:
        yield f"Managers who are not in the directory, or whom we may not see: {unknown} people's."


def with_managers(
    entries: Iterable[Entry], fetch: Callable[[Sequence[str]], Iterable[Entry]]
) -> list[Entry]:
    """The entries and everyone above them. Each name is asked for once, so that loops end."""
    known = {entry.person.key: entry for entry in entries}
    asked: set[str] = set()
    for _ in range(LEVELS):
        present = list(known.values())
        by_name = _names(present, _owners(present)[0])
        without = [entry for entry in present if not _manager(entry, by_name)]
        missing = sorted({name for entry in without for name in entry.managers} - asked)
        if not missing:
            break
        asked.update(missing)
        for entry in fetch(missing):
            known.setdefault(entry.person.key, entry)
    return list(known.values())


def looked_up(
    emails: Sequence[str],
    find: Callable[[Sequence[str]], Iterable[Entry]],
    fetch: Callable[[Sequence[str]], Iterable[Entry]],
) -> Iterator[Page]:
    """The people with these addresses and everyone above them.

    `find` gives all users with one of some addresses, `fetch` those of some managers' names. Who
    else claims an address of theirs is asked, too: it may not be theirs alone.
    """
    wanted = sorted(set(filter(None, map(address, emails))))
    found = {entry.person.key: entry for entry in find(wanted)} if wanted else {}
    told = with_managers(found.values(), fetch)
    typed_in = {each for entry in told for each in entry.addresses if each not in entry.own}
    doubtful = sorted(typed_in - set(wanted))
    keys = {entry.person.key for entry in told}
    rivals = [one for one in find(doubtful) if one.person.key not in keys] if doubtful else []
    yield from pages_of(*settle(told, rivals))


def pages_of(people: Sequence[Person], notes: tuple[str, ...] = ()) -> Iterator[Page]:
    """A settled directory. Its cursors are empty: a pass that breaks off starts anew."""
    for at in range(0, max(len(people), 1), _A_PAGE):
        some = people[at : at + _A_PAGE]
        yield Page(some, "", at + len(some), len(people), notes=notes if at == 0 else ())


def memberships(
    groups: Iterable[Group],
    patterns: str,
    members: Callable[[Group], Iterable[tuple[str, str]]],
    cursor: str | None,
) -> Iterator[Page]:
    """A page a group whose name matches: a team. `members` gives keys and references of people.

    The cursor is the last group read; the final, empty page ends the pass.
    """
    wanted = sorted((g for g in groups if matches(g.name, patterns)), key=lambda group: group.id)
    for done, group in enumerate(wanted, 1):
        if group.id <= (cursor or ""):
            continue
        records = [
            Membership(key=f"{group.id}/{key}", team=group.name, member=person)
            for key, person in members(group)
        ]
        yield Page(records, group.id, done, len(wanted))
    yield Page((), "")


def matches(name: str, patterns: str) -> bool:
    """Whether a name matches one of the patterns, as in `team-*, platform`; case does not count."""
    wanted = (pattern.strip().lower() for pattern in patterns.split(","))
    return any(pattern and fnmatch.fnmatchcase(name.lower(), pattern) for pattern in wanted)
