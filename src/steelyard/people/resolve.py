"""Who is who, by rules alone: decisions first, then directories, accounts, commits.

Evidence spreads from what is known, the strongest first. What two people's evidence reaches at the
same distance is nobody's and is listed: nothing here guesses, and nothing is decided by the order
in which records came.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from steelyard.people.directories import Ownership, claim, person_node
from steelyard.people.groups import Groups
from steelyard.people.identity import (
    ACCOUNT,
    COMMITS,
    DECISION,
    DIRECTORY,
    NOREPLY,
    Contradiction,
    Evidence,
    Resolution,
)
from steelyard.people.names import number_of_noreply
from steelyard.people.options import Options
from steelyard.people.told import Told, Version
from steelyard.sources.marks import is_bot, login_of
from steelyard.state.decision import Decision

Name = tuple[dt.date, tuple[int, str], str, str]  # day seen, rank of the directory, key, name
Edge = tuple[str, str, Evidence]  # two references of one person; `via` is filled when used
Adjacency = dict[str, list[tuple[str, Evidence]]]


def resolve(told: Told, decisions: Sequence[Decision], options: Options) -> Resolution:
    """Whose every reference is that anything told names."""
    found = claim(told.entries, options, decisions)
    directory = dict(found.owner)
    named = _decide(found, decisions)
    bots = _bots(told) - found.owner.keys()
    edges = [edge for edge in _edges(told) if not {edge[0], edge[1]} & bots]
    links: Adjacency = defaultdict(list)
    for rank in (ACCOUNT, NOREPLY, COMMITS):
        _link(links, [edge for edge in edges if edge[2].rule == rank])
        _spread(found, links)
    ids = _person_ids(found, told, options, named)
    person_of = {ref: ids[person] for ref, person in found.owner.items()}
    person_of |= _strangers(found, links)
    for ref in found.different.keys() - person_of.keys():
        person_of[ref] = ref.removeprefix("email:")  # nobody's by decision: it stands for itself
    return Resolution(
        person_of={r: p for r, p in person_of.items() if _is_public(r)},
        evidence=found.evidence,
        contested={r: tuple(sorted(ids[p] for p in ps)) for r, ps in found.contested.items()},
        bots=frozenset(bots - person_of.keys()),
        entries={key: ids[person] for key, person in found.entries.items()},
        known=frozenset(ids[person] for person in found.entries.values()),
        contradictions=tuple(_contradictions(found, decisions, directory, links, ids)),
    )


def _decide(found: Ownership, decisions: Sequence[Decision]) -> dict[int, str]:
    """Put decisions above what directories say; people whom none knows are named by them."""
    named: dict[int, str] = {}
    for decision in decisions:
        if not decision.same:
            continue
        node = person_node(decision.person)
        if node not in found.owner:
            found.contested.pop(node, None)
            found.take(
                node, found.new_person(), Evidence(DECISION, "", decision.by, 0, decision.at)
            )
            named[found.owner[node]] = decision.person
        found.contested.pop(decision.reference, None)
        why = Evidence(DECISION, "", decision.by, 0, decision.at)
        found.take(decision.reference, found.owner[node], why)
    return named


def _bots(told: Told) -> set[str]:
    """References of programs, and the addresses that only they have."""
    bots = {a.account for a in told.accounts if a.bot}
    theirs = {f"email:{a.email}" for a in told.accounts if a.bot and a.email}
    theirs -= {f"email:{a.email}" for a in told.accounts if not a.bot}
    seen = {ref for edge in _edges(told) for ref in edge[:2]} | {a.login for a in told.authors}
    seen |= {f"email:{a.email}" for a in told.authors if a.email}
    return bots | theirs | {ref for ref in seen if is_bot(ref.partition(":")[2])}


def _edges(told: Told) -> Iterator[Edge]:
    emails = set()
    for account in told.accounts:
        if account.email:
            emails.add(account.email)
            why = Evidence(ACCOUNT, source=account.source)
            yield account.account, f"email:{account.email}", why
    for author in told.authors:
        emails.add(author.email)
        if author.login and author.email:
            yield author.login, f"email:{author.email}", Evidence(COMMITS, count=author.commits)
    emails |= {a.email for a in told.authors}
    for email in sorted(emails):
        if login := login_of(email):
            yield f"email:{email}", login, Evidence(NOREPLY)
        if number := number_of_noreply(email):
            yield f"email:{email}", f"number:{number}", Evidence(NOREPLY)


def _link(links: Adjacency, edges: Iterable[Edge]) -> None:
    for one, other, why in sorted(edges):
        if one != other:
            links[one].append((other, why))
            links[other].append((one, why))


def _spread(found: Ownership, links: Adjacency) -> None:
    """From everything owned to what is tied to it, step by step, until nothing new is reached."""
    frontier = [ref for ref in links if ref in found.owner]
    while frontier:
        reached: dict[str, dict[int, Evidence]] = defaultdict(dict)
        for ref in frontier:
            person = found.owner[ref]
            for other, why in links[ref]:
                if found.is_open(other) and not found.is_rejected(other, person):
                    via = Evidence(why.rule, ref, why.source, why.count)
                    best = reached[other].get(person, via)
                    reached[other][person] = min(best, via)
        frontier = []
        for ref, claims in reached.items():
            if len(claims) == 1:
                ((person, why),) = claims.items()
                found.take(ref, person, why)
                frontier.append(ref)
            else:
                found.contested[ref] |= claims.keys()


def _strangers(found: Ownership, links: Adjacency) -> dict[str, str]:
    """People whom no directory knows, under an address of theirs, or their account."""
    free = {ref for ref in links if found.is_open(ref)}
    groups: Groups[str] = Groups()
    for ref in free:
        for other, _ in links[ref]:
            if other in free:
                groups.join(ref, other)
    person_of: dict[str, str] = {}
    for members in groups.members(sorted(free)):
        person = _stranger(members)
        if person and len(members) > 1:
            person_of |= dict.fromkeys(members, person)
            _explain(found, members, links)
    return person_of


def _stranger(members: list[str]) -> str:
    emails = [m[6:] for m in members if m.startswith("email:") and not login_of(m[6:])]
    accounts = [m for m in members if not m.startswith(("email:", "number:"))]
    return min(emails) if emails else min(accounts, default="")


def _explain(found: Ownership, members: list[str], links: Adjacency) -> None:
    for ref in members:
        other, why = min(links[ref], key=lambda link: (link[1].rule, link[0]))
        found.evidence[ref] = Evidence(why.rule, other, why.source, why.count)


def _person_ids(
    found: Ownership, told: Told, options: Options, named: dict[int, str]
) -> dict[int, str]:
    """Each person's name for good: the main address as first seen, else the directory's id."""
    seen: dict[int, list[Name]] = defaultdict(list)
    for entry in told.entries:
        person = found.entries[entry.source, entry.key]
        rank = options.rank(entry.source)
        for version in entry.versions:
            own = (e for e in _addresses(version) if found.owner.get(f"email:{e}") == person)
            if email := next(own, ""):
                seen[person].append((version.seen_day, rank, entry.key, email))
        seen[person].append((dt.date.max, rank, entry.key, entry.node))
    ids = dict(named)
    taken = set(named.values())
    for person, names in sorted(seen.items(), key=lambda each: min(each[1])):
        ids[person] = _unique(names, taken)
        taken.add(ids[person])
    return ids


def _unique(names: list[Name], taken: set[str]) -> str:
    """The first name that nobody has; keys of two directories may be equal."""
    free = (name for *_, name in sorted(names) if name not in taken)
    _, (_, source), key, _ = min(names)
    return next(free, f"directory:{source}:{key}")


def _addresses(version: Version) -> Iterator[str]:
    if version.email:
        yield version.email
    yield from version.emails


def _is_public(ref: str) -> bool:
    return not ref.startswith("number:")


def _contradictions(
    found: Ownership,
    decisions: Sequence[Decision],
    directory: dict[str, int],
    links: Adjacency,
    ids: dict[int, str],
) -> Iterator[Contradiction]:
    """Decisions against which a directory, or an account of a known person, speaks."""
    for decision in decisions:
        ref, person = decision.reference, found.owner.get(person_node(decision.person))
        against: list[tuple[int, Evidence]] = []
        if ref in directory and directory[ref] != person:
            against.append((directory[ref], Evidence(DIRECTORY, source="a directory")))
        for other, why in links.get(ref, []):
            owner = found.owner.get(other)
            if why.rule == ACCOUNT and owner is not None and owner != person:
                against.append((owner, Evidence(ACCOUNT, other, why.source)))
        if decision.same and against:
            other_person, why = min(against, key=lambda each: (each[1], ids[each[0]]))
            yield Contradiction(ref, decision.person, ids[other_person], why.in_words())
