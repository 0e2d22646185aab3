"""What is found out about who is who: for each reference a person, and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

# How a reference was found to be somebody's, the strongest first.
DECISION, DIRECTORY, ACCOUNT, NOREPLY, COMMITS = range(5)


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """Why a reference is a person's: the rule, who says so, and what it was reached from."""

    rule: int
    via: str = ""
    source: str = ""
    count: int = 0
    at: dt.datetime | None = field(default=None, compare=False)

    def in_words(self) -> str:
        if self.rule == DECISION:
            return f"decided by {self.source} on {self.at:%Y-%m-%d}"
        if self.rule == DIRECTORY:
            return f"told by {self.source}"
        if self.rule == ACCOUNT:
            return f"{self.source} has an account with this and {self.via}"
        if self.rule == NOREPLY:
            return f"GitHub's or GitLab's no-reply address of {self.via}"
        commits = "1 commit carries" if self.count == 1 else f"{self.count:,} commits carry"
        return f"{commits} it together with {self.via}"


@dataclass(frozen=True)
class Contradiction:
    """A decision that something a system says speaks against. The decision holds."""

    reference: str
    person: str
    other: str  # whose it would be
    reason: str


@dataclass(frozen=True)
class Resolution:
    """Who is who. `person_of` also names people whom no directory knows; `known` are the others."""

    person_of: dict[str, str]
    evidence: dict[str, Evidence]
    contested: dict[str, tuple[str, ...]]  # claimed by several, so nobody's
    bots: frozenset[str]
    entries: dict[tuple[str, str], str]  # (source, key) of a directory → person
    known: frozenset[str]
    contradictions: tuple[Contradiction, ...] = ()

    def identities(self) -> list[tuple[str, str, str]]:
        """(kind, value, person) in order; bots are nobody's, with the person ''."""
        named = {**dict.fromkeys(self.bots, ""), **self.person_of}
        return sorted((*ref.split(":", 1), person) for ref, person in named.items())  # type: ignore[misc]

    def owned(self) -> dict[str, list[str]]:
        """The references of each person."""
        found: dict[str, list[str]] = {}
        for ref, person in sorted(self.person_of.items()):
            found.setdefault(person, []).append(ref)
        return found
