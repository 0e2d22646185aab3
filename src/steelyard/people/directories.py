"""Which entries of directories are one person, and what is theirs by the directories' word.

Directories are taken in their order of precedence. Inside one directory two entries are two
people, even when they share an address: it is then nobody's. Only somebody who left and came back
under a new key is one. Between directories an address joins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from steelyard.people.groups import Groups
from steelyard.people.identity import DIRECTORY, Evidence
from steelyard.people.names import normal
from steelyard.people.options import Options
from steelyard.people.told import Entry
from steelyard.state.decision import Decision

Key = tuple[str, str]


@dataclass
class Ownership:
    """Whose each reference is, as far as is known; people are numbers until they get a name."""

    same: Mapping[str, str] = field(default_factory=dict)  # decided: a reference → a person's node
    different: Mapping[str, set[str]] = field(default_factory=dict)
    owner: dict[str, int] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    contested: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    entries: dict[Key, int] = field(default_factory=dict)
    people: int = 0

    def new_person(self) -> int:
        self.people += 1
        return self.people - 1

    def take(self, ref: str, person: int, why: Evidence) -> None:
        self.owner[ref], self.evidence[ref] = person, why

    def twin(self, ref: str) -> str:
        """What somebody decided to be the same person's as this: a reference, or ''."""
        return self.same.get(ref) or self._back.get(ref, "")

    @cached_property
    def _back(self) -> dict[str, str]:
        return {node: ref for ref, node in sorted(self.same.items()) if ref.startswith("email:")}

    def is_open(self, ref: str) -> bool:
        return ref not in self.owner and ref not in self.contested

    def is_rejected(self, ref: str, person: int, own: Iterable[str] = ()) -> bool:
        """Whether somebody decided that the reference is not this person's."""
        told = self.different.get(ref, set()) - {ref}
        return any(self.owner.get(node) == person or node in own for node in told)


def person_node(person: str) -> str:
    """The reference that is a person's by definition: the main address, or the directory's id."""
    return person if ":" in person else f"email:{person}"


def claim(entries: Sequence[Entry], options: Options, decisions: Sequence[Decision]) -> Ownership:
    """Everything directories say, in their order of precedence."""
    different: dict[str, set[str]] = defaultdict(set)
    for decision in decisions:
        if not decision.same:
            different[decision.reference].add(person_node(decision.person))
    same = {d.reference: person_node(d.person) for d in decisions if d.same}
    found = Ownership(same, dict(different))
    ranked = sorted(entries, key=lambda e: (options.rank(e.source), e.key))
    for source, group in groupby(ranked, key=lambda e: e.source):
        _claim_one(found, source, list(group))
    return found


def _claim_one(found: Ownership, source: str, entries: list[Entry]) -> None:
    claimants: dict[str, list[int]] = defaultdict(list)
    for n, entry in enumerate(entries):
        for ref in entry.references:
            claimants[ref].append(n)
    groups = _same_people(entries, claimants, found.same)
    shared = {ref for ref, ns in claimants.items() if len({groups.find(n) for n in ns}) > 1}
    for members in groups.members(range(len(entries))):
        _claim_person(found, source, [entries[n] for n in members], shared)
    for ref in sorted(shared):
        if ref not in found.owner:
            found.contested[ref] |= {found.entries[_key(entries[n])] for n in claimants[ref]}


def _same_people(
    entries: list[Entry], claimants: dict[str, list[int]], decided: Mapping[str, str]
) -> Groups[int]:
    """Entries of one directory that are one person."""
    groups: Groups[int] = Groups()
    for ref, ns in claimants.items():
        if len(ns) > 1:
            _join_returned(groups, entries, ref, ns)
    for ref, node in decided.items():
        one, other = claimants.get(ref, []), claimants.get(node, [])
        if len(one) == len(other) == 1:
            groups.join(*one, *other)
    return groups


def _join_returned(groups: Groups[int], entries: list[Entry], ref: str, ns: list[int]) -> None:
    """Of the entries that claim a reference, those are one person to whom the directory gives one
    personnel number, or one name while at most one of them has the reference today."""
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n in ns:
        latest = entries[n].latest
        alike["number", latest.employee_id].append(n)
        alike["name", normal(latest.texts["name"])].append(n)
    for (what, value), same in alike.items():
        live = sum(ref in entries[n].live for n in same)
        if value and (what == "number" or live <= 1):
            for n in same[1:]:
                groups.join(same[0], n)


def _claim_person(found: Ownership, source: str, entries: list[Entry], shared: set[str]) -> None:
    refs = list(dict.fromkeys(r for e in entries for r in e.references))
    person = _known_person(found, entries, [r for r in refs if r not in shared])
    for entry in entries:
        found.entries[_key(entry)] = person
        if "@" not in entry.key and found.is_open(entry.node):
            found.take(entry.node, person, Evidence(DIRECTORY, source=source))
    for ref in refs:
        rejected = ref in shared or found.is_rejected(ref, person, refs)
        if found.is_open(ref) and not rejected:
            found.take(ref, person, Evidence(DIRECTORY, source=source))


def _known_person(found: Ownership, entries: list[Entry], refs: list[str]) -> int:
    """The person of a directory that goes before, or a new one.

    Where the addresses belong to several people already, the main address decides.
    """
    emails = [r for r in refs if r.startswith("email:")]
    for ref in emails:
        decided = found.owner.get(found.twin(ref))
        if decided is not None and ref not in found.contested:
            return decided
    hits = {r: found.owner[r] for r in emails if r in found.owner}
    hits = {r: p for r, p in hits.items() if not found.is_rejected(r, p)}
    if len(set(hits.values())) == 1:
        return next(iter(hits.values()))
    newest = max(entries, key=lambda e: (e.latest.employed, e.versions[0].seen_day, e.key))
    main = f"email:{newest.latest.email}"
    return hits[main] if main in hits else found.new_person()


def _key(entry: Entry) -> Key:
    return entry.source, entry.key
