"""Who an unknown reference may be: candidates with a score and the reasons in words.

Suggestions only. Nothing here joins anything; somebody has to accept it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from steelyard.people.names import compact, local_part, normal, patterns, words
from steelyard.people.unmatched import Unmatched

ENOUGH = 0.5  # a candidate with less is not shown
MOST = 3  # candidates a reference
_LEAST_LETTERS = 3  # of a login that is compared
_ALIKE_NAME, _ALIKE_LOGIN = 88, 85  # percent


@dataclass(frozen=True)
class Somebody:
    """A person of a directory, as far as names go."""

    person: str
    name: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    reference: str
    person: str
    name: str
    score: float  # 0 to 1: how much the reasons say together
    reasons: tuple[str, ...]


class Suggester:
    """Everybody of the directories, so that those who may be meant are found quickly."""

    def __init__(self, people: Sequence[Somebody]) -> None:
        self.people = {each.person: each for each in people}
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_pattern: dict[str, dict[str, float]] = defaultdict(dict)
        self._by_handle: dict[str, dict[str, str]] = defaultdict(dict)
        self._by_start: dict[str, set[str]] = defaultdict(set)
        self._owner: dict[str, str] = {}
        for each in people:
            self._add(each)

    def _add(self, each: Somebody) -> None:
        self._by_name[normal(each.name)].add(each.person)
        for pattern, score in patterns(each.name):
            known = self._by_pattern[pattern].get(each.person, 0.0)
            self._by_pattern[pattern][each.person] = max(known, score)
        for ref in each.references:
            self._owner[ref] = each.person
            self._by_handle[handle(ref)].setdefault(each.person, ref)
        for word in (*words(each.name), *map(handle, each.references)):
            self._by_start[word[:3]].add(each.person)

    def candidates(self, unknown: Unmatched, rejected: Iterable[str] = ()) -> list[Candidate]:
        """The best candidates, first the likeliest; none that was rejected."""
        reasons: dict[str, dict[str, float]] = defaultdict(dict)
        for person, reason, score in (*self._by_names(unknown), *self._by_logins(unknown)):
            reasons[person][reason] = max(score, reasons[person].get(reason, 0.0))
        for person, reason, score in self._by_sessions(unknown):
            reasons[person][reason] = score
        found = [
            self._candidate(unknown, p, why) for p, why in reasons.items() if p not in rejected
        ]
        found.sort(key=lambda c: (-c.score, c.person))
        return [c for c in found if c.score >= ENOUGH][:MOST]

    def _candidate(self, unknown: Unmatched, person: str, why: dict[str, float]) -> Candidate:
        doubt = 1.0
        for score in why.values():
            doubt *= 1 - score
        ordered = sorted(why, key=lambda reason: (-why[reason], reason))
        name = self.people[person].name
        score = round(min(1 - doubt, 0.99), 2)
        return Candidate(unknown.reference, person, name, score, tuple(ordered))

    def _by_names(self, unknown: Unmatched) -> Iterator[tuple[str, str, float]]:
        for name in unknown.names:
            key = normal(name)
            same = self._by_name.get(key, set()) if key else set()
            for person in same:
                if len(same) == 1 and " " in key:
                    yield person, f"the same name, {name}", 0.95
                else:
                    yield person, f"the same name, {name}, which says little", 0.55
            for person in self._near(words(name)) - same:
                alike = fuzz.ratio(key, normal(self.people[person].name))
                if alike >= _ALIKE_NAME:
                    yield person, f"a similar name, {name} ({alike:.0f} %)", 0.7 * alike / 100

    def _by_logins(self, unknown: Unmatched) -> Iterator[tuple[str, str, float]]:
        for ref in (unknown.reference, *unknown.also):
            login = handle(ref)
            if len(login) < _LEAST_LETTERS:
                continue
            made = self._by_pattern.get(login, {})
            for person, score in made.items():
                name = self.people[person].name
                share = 1.0 if len(made) == 1 else 0.65
                yield person, f"{login} is how a login is made of {name}", score * share
            same = self._by_handle.get(login, {})
            for person, other in same.items():
                yield person, f"the same login as {other}", 0.8 if len(same) == 1 else 0.5
            yield from self._alike(login, made.keys() | same.keys())

    def _alike(self, login: str, but: set[str]) -> Iterator[tuple[str, str, float]]:
        for person in self._near([login]) - but:
            refs = self.people[person].references
            alike, ref = max(((fuzz.ratio(login, handle(r)), r) for r in refs), default=(0.0, ""))
            if alike >= _ALIKE_LOGIN:
                yield person, f"{login} is like {ref} ({alike:.0f} %)", 0.65 * alike / 100

    def _by_sessions(self, unknown: Unmatched) -> Iterator[tuple[str, str, float]]:
        """Installs and accounts that were seen in sessions of somebody who is known."""
        known = [(email, n) for email, n in unknown.seen_with if f"email:{email}" in self._owner]
        for email, sessions in known:
            count = "1 session" if sessions == 1 else f"{sessions:,} sessions"
            score = 0.9 if len(unknown.seen_with) == 1 else 0.5
            yield self._owner[f"email:{email}"], f"{count} of {email} came from it", score

    def _near(self, texts: Iterable[str]) -> set[str]:
        """People with a word that begins like one of these."""
        return {p for text in texts for p in self._by_start.get(text[:3], ()) if len(text) > 2}


def handle(ref: str) -> str:
    """The part of a reference that may be made of a name; '' of ids."""
    kind, _, value = ref.partition(":")
    if kind == "email":
        return compact(local_part(value))
    return compact(value) if kind in ("github", "gitlab", "linear", "jira") else ""
