"""The queue of suggestions, and what somebody decides about them.

Nothing is joined by being proposed. Decisions are kept in the state and win over every rule.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.errors import BadValue, UnknownName
from steelyard.model import REFERENCES, reference
from steelyard.people.identity import Contradiction, Resolution
from steelyard.people.options import Options
from steelyard.people.resolve import resolve
from steelyard.people.suggest import Candidate, Somebody, Suggester
from steelyard.people.told import Query, read_told
from steelyard.people.unmatched import Unmatched, unmatched
from steelyard.state.decision import Decision
from steelyard.state.identities import Identities

if TYPE_CHECKING:
    from steelyard.warehouse import Warehouse


@dataclass(frozen=True)
class Proposal:
    """An unknown reference and who it may be. The number stays this pair's for good."""

    number: int
    reference: str
    person: str
    name: str
    score: float
    reasons: tuple[str, ...]
    nanos: int | None
    sessions: int
    commits: int
    items: int


@dataclass(frozen=True)
class Claimed:
    """Something several people are said to have: nobody's, until somebody decides."""

    reference: str
    people: tuple[str, ...]


@dataclass(frozen=True)
class Review:
    """What waits for a decision, what cannot be proposed, and what was decided."""

    proposals: tuple[Proposal, ...]
    unknown: tuple[Unmatched, ...]  # those nobody can be proposed for
    claimed: tuple[Claimed, ...]
    decisions: tuple[Decision, ...]
    contradictions: tuple[Contradiction, ...]


@dataclass(frozen=True)
class Choice:
    """One of: accept or reject a proposal by number, link a reference to a person, unlink it."""

    accept: int | None = None
    reject: int | None = None
    link: tuple[str, str] | None = None
    unlink: str | None = None


def review(
    warehouse: Warehouse, identities: Identities, options: Options, limit: int = 100
) -> Review:
    """Proposals for the `limit` unmatched references with most work, the most spend first."""
    told, decisions = read_told(warehouse.query), identities.decisions()
    resolution = resolve(told, decisions, options)
    suggester = Suggester(_everybody(warehouse.query, resolution))
    rejected: dict[str, set[str]] = defaultdict(set)
    for decision in decisions:
        if not decision.same:
            rejected[decision.reference].add(decision.person)
    pairs: list[tuple[Unmatched, Candidate]] = []
    unknown: list[Unmatched] = []
    for each in unmatched(warehouse, told, resolution)[:limit]:
        found = suggester.candidates(each, rejected[each.reference])
        pairs += [(each, candidate) for candidate in found]
        unknown += [] if found else [each]
    return Review(
        proposals=_numbered(identities, pairs),
        unknown=tuple(unknown),
        claimed=tuple(Claimed(*each) for each in sorted(resolution.contested.items())),
        decisions=decisions,
        contradictions=resolution.contradictions,
    )


def decide(warehouse: Warehouse, identities: Identities, choice: Choice, by: str) -> Decision:
    """Keep a decision and mark people to be built again.

    Raises BadValue or UnknownName for a number, reference or person there is not.
    """
    ref, person, same = _meant(warehouse, identities, choice)
    decision = identities.decide(ref, person, same, by)
    with warehouse.transaction() as cursor:
        cursor.execute("delete from dirty_work where kind = 'people'")
        cursor.execute("insert into dirty_work values ('people')")
    return decision


def _meant(warehouse: Warehouse, identities: Identities, choice: Choice) -> tuple[str, str, bool]:
    if choice.accept is not None:
        return *identities.proposal(choice.accept), True
    if choice.reject is not None:
        return *identities.proposal(choice.reject), False
    if choice.link is not None:
        ref = read_reference(choice.link[0])
        return ref, find_person(warehouse, choice.link[1]), True
    if choice.unlink is None:
        raise BadValue("Nothing was decided.", "Say --accept, --reject, --link or --unlink.")
    ref = read_reference(choice.unlink)
    owner = owner_of(warehouse, ref)
    if not owner:
        raise BadValue(f"{ref} is nobody's.", "`steelyard people review` shows what is known.")
    return ref, owner, False


def read_reference(text: str) -> str:
    """`github:ada` or an e-mail as typed. Raises BadValue for anything else."""
    kind, _, value = text.strip().partition(":")
    if not value and "@" in kind:
        kind, value = "email", kind
    if kind not in REFERENCES or not value:
        raise BadValue(
            f"{text!r} is not a reference.",
            "A reference is kind:value, such as github:ada; kinds are "
            + ", ".join(REFERENCES)
            + ".",
        )
    return reference(kind, value)


def find_person(warehouse: Warehouse, text: str) -> str:
    """The person somebody means: by id, by any reference, or by a name that only one has.

    An e-mail that nobody knows is a person of its own. Raises UnknownName for anything else.
    """
    names: dict[str, set[str]] = defaultdict(set)
    for person, name in warehouse.query("select distinct person, name from people"):
        for key in (person, name):
            names[key.casefold()].add(person)
    meant = names.get(text.strip().casefold(), set())
    if len(meant) == 1:
        return next(iter(meant))
    if len(meant) > 1:
        raise BadValue(f"{len(meant)} people are called {text}.", ", ".join(sorted(meant)))
    if "@" in text or text.partition(":")[0] in REFERENCES:
        ref = read_reference(text)
        owner = owner_of(warehouse, ref)
        if owner or ref.startswith("email:"):
            return owner or ref.removeprefix("email:")
    raise UnknownName("person", text, names, "`steelyard people list` shows them.")


def owner_of(warehouse: Warehouse, ref: str) -> str:
    """Whom a reference belongs to, as the facts have it; '' where nobody is known to have it."""
    kind, _, value = ref.partition(":")
    sql = "select min(person) from identities where kind = ? and value = ?"
    return str(warehouse.query(sql, [kind, value])[0][0] or "")


def _everybody(query: Query, resolution: Resolution) -> list[Somebody]:
    """People of directories with their latest name."""
    rows = query("select person, arg_max(name, valid_to) from people group by person order by 1")
    owned = resolution.owned()
    return [Somebody(p, name or "", tuple(owned.get(p, ()))) for p, name in rows]


def _numbered(
    identities: Identities, pairs: list[tuple[Unmatched, Candidate]]
) -> tuple[Proposal, ...]:
    numbers = identities.number([(c.reference, c.person) for _, c in pairs])
    return tuple(
        Proposal(
            numbers[c.reference, c.person],
            *(c.reference, c.person, c.name, c.score, c.reasons),
            *(u.nanos, u.sessions, u.commits, u.items),
        )
        for u, c in pairs
    )
