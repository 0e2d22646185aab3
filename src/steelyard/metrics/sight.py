"""What an asker may see: everything, single people, or only groups that are large enough.

The rules stand here; that groups are large enough is the work of `people.shown`, whose relations a
restricted question reads in place of the people's own (`metrics.shown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from steelyard.errors import UsageError
from steelyard.metrics.fact import PEOPLE_DIMENSIONS, SESSION_DIMENSIONS, TIME_DIMENSIONS
from steelyard.people.shown import SMALL

if TYPE_CHECKING:
    from steelyard.metrics.question import Question

__all__ = ["FREE", "OPEN", "PERSONAL", "SMALL", "NotShown", "Sight"]

PERSONAL = frozenset({"person", "session", "manager"})  # each value leads to a single person
PLACES = ("rollup", "department", "team")
_PEOPLE = frozenset({*PEOPLE_DIMENSIONS, "segment"}) - PERSONAL
# Dimensions of work so coarse that a value says nothing about who did it. All others show only
# values that enough people ever used: what is not named here is careful by default.
FREE = frozenset(
    (
        *(*TIME_DIMENSIONS, *SESSION_DIMENSIONS, "assistant", "provider", "model", "token_type"),
        *("model_reported", "cache_ttl", "plan", "witness", "query_source", "effort", "speed"),
        *("status", "error", "tool", "decision", "source", "language", "success", "type"),
        *("start_type", "assisted", "review_state", "environment", "failed_by", "issue_type"),
        *("priority", "resolution", "resolution_bucket", "resolution_class", "severity"),
        *("cost_type", "bill_source", "currency", "reported_by", "survey", "question"),
    )
)


class NotShown(UsageError):
    """The question is well formed, and its answer would show more than the asker may see."""

    code = "not_shown"


@dataclass(frozen=True)
class Sight:
    """`persons` are those whose own figures may be shown; None is everybody.

    `smallest` is how many people a group has at least. With `pseudonyms` single people have no
    name: they are told apart by what `key` makes of it. `own` is the asker, whose name is no
    secret. `places` are the dimensions that may be combined. `everything` lifts all of it: whoever
    holds the data folder can read it anyway.
    """

    everything: bool = False
    persons: frozenset[str] | None = frozenset()
    smallest: int = 5
    pseudonyms: bool = False
    own: str = ""
    key: bytes = field(default=b"", repr=False)
    places: tuple[str, ...] = PLACES

    @property
    def names_people(self) -> bool:
        """Whether figures of anybody other than the asker can be shown."""
        return self.everything or self.persons is None or bool(self.persons - {self.own})

    def sees(self, person: str) -> bool:
        """Whether the person's own figures may be shown."""
        return self.everything or self.persons is None or person in self.persons

    def check_named(self, person: str) -> None:
        """Raises NotShown where the person may not be seen under their own name."""
        if person != self.own and (self.pseudonyms or not self.sees(person)):
            raise NotShown("Figures of this person are not shown here.", self.hint)

    def allows(self, question: Question) -> bool:
        """Whether the question has an answer: pages leave out what has none."""
        try:
            self.on(question)
        except NotShown:
            return False
        return True

    def allows_dimensions(self, names: Iterable[str]) -> bool:
        """Whether figures may be told apart by these dimensions together."""
        try:
            self.over(frozenset(names), {})
        except NotShown:
            return False
        return True

    def on(self, question: Question) -> Sight:
        """What of the sight the answer rests on. Raises NotShown, which says what may be asked."""
        names = frozenset((*question.by, *question.where))
        found = self.over(names, question.where)
        if found.limits(names):
            for each in question.declared:
                if "person" not in each.dimensions:
                    raise NotShown(f"{each.name} is not known per person, so it is not shown so.")
        return found

    def limits(self, names: Iterable[str]) -> bool:
        """Whether a question with these dimensions speaks of single people."""
        return not self.everything and not PERSONAL.isdisjoint(names)

    def over(self, names: frozenset[str], where: Mapping[str, tuple[str, ...]]) -> Sight:
        """The same for dimensions and the filters among them, whatever the metric."""
        if self.everything:
            return OPEN
        people = names & _PEOPLE
        if names & PERSONAL:
            return self._of_persons(people, where)
        self._check_people(people)
        self._check_work(names - _PEOPLE - FREE, people)
        return Sight(smallest=self.smallest, places=self.places)

    def _of_persons(self, people: frozenset[str], where: Mapping[str, tuple[str, ...]]) -> Sight:
        asked = where.get("person", ())
        if self.own and set(asked) == {self.own}:
            return replace(self, persons=frozenset({self.own}), pseudonyms=False, key=b"")
        if self.persons is not None and not self.persons:
            raise NotShown("Figures of single people are not shown here.", self.hint)
        if self.pseudonyms:
            if people or "manager" in where:
                said = "Pseudonyms are not combined with other dimensions of people."
                raise NotShown(said, "Team, role and the like would tell who it is.")
        elif self.persons is not None and not set(asked) <= self.persons:
            raise NotShown("Figures of this person are not shown here.", self.hint)
        return self

    def _check_people(self, people: frozenset[str]) -> None:
        traits = sorted(people - set(self.places))
        places = sorted(people & set(self.places))
        if len(traits) > 1 or (traits and places):
            said = _and([*places, *traits])
            raise NotShown(
                f"Figures by {said} together are not shown: few people share all of it.", self.hint
            )

    def _check_work(self, work: frozenset[str], people: frozenset[str]) -> None:
        if work and (people or len(work) > 1):
            said = _and(sorted((*people, *work)))
            message = f"Figures by {said} together are not shown: one person may be all there is."
            raise NotShown(message, "Ask by one of them.")

    @property
    def hint(self) -> str:
        """What may be asked instead."""
        traits = sorted(_PEOPLE - set(self.places))
        return (
            f"Ask by {_and(self.places)} in any combination, or by one of "
            f"{', '.join(traits)} alone."
        )


def _and(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


OPEN = Sight(everything=True, persons=None, smallest=1)
