"""The people of a day as an organisation: names, lines of managers, and what a filter can be.

Built from the directory alone; no figure of use or work comes in here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter

from steelyard.errors import UnknownName
from steelyard.metrics.sight import SMALL
from steelyard.people.listing import Listed
from steelyard.web import words
from steelyard.web.people_view import CASCADE
from steelyard.web.view import Filters

PEOPLE = ("rollup", "manager", "person")  # dimensions whose values are people
NOBODY = {"rollup": "No manager known", "manager": "No manager known"}
TITLES = {"rollup": "Roll-up", "manager": "Manager", "department": "Department", "team": "Team"}
TITLES["person"] = "Person"


class Organisation:
    """Everybody a directory knows on a day. Leavers keep their name and count nowhere."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self.people: Mapping[str, Listed] = {each.person: each for each in listed}
        self.staff = [each for each in listed if each.employed]

    @cached_property
    def _named_alike(self) -> Counter[str]:
        return Counter(each.name for each in self.people.values())

    def name(self, person: str) -> str:
        """Somebody's name; with the address where others have the same."""
        known = self.people.get(person)
        if known is None or not known.name:
            return person
        return known.name if self._named_alike[known.name] == 1 else f"{known.name} · {person}"

    def label(self, dimension: str, value: str) -> str:
        """A value of any dimension, as a reader knows it."""
        if dimension in PEOPLE and value and value != SMALL:
            return self.name(value)
        return (not value and NOBODY.get(dimension)) or words.value(dimension, value)

    def manager_of(self, person: str) -> str:
        known = self.people.get(person)
        return known.manager if known else ""

    def choices(self, dimension: str, where: Filters) -> Counter[str]:
        """Values of a dimension with their headcount, under what is chosen above it."""
        below = CASCADE[CASCADE.index(dimension) :]
        left = self.staff
        for name, values in where.items():
            if name not in below and name != "tenure":  # which no directory says
                left = [each for each in left if getattr(each, name) in values]
        return Counter(map(attrgetter(dimension), left))

    def nested(self, managers: Iterable[str]) -> list[tuple[str, int]]:
        """Managers in the order of a tree, each with its depth; the given order among siblings.

        A circle begins anew at the first of them that comes along, so nobody is lost.
        """
        given = list(dict.fromkeys(managers))
        among, below = set(given), dict[str, list[str]]()
        for each in given:
            above = self.manager_of(each)
            below.setdefault(above if above in among and above != each else "", []).append(each)
        found: dict[str, int] = {}
        for start in [*below.get("", []), *given]:
            waiting = [(start, 0)]
            while waiting:
                manager, depth = waiting.pop()
                if manager not in found:
                    found[manager] = depth
                    waiting += [(each, depth + 1) for each in reversed(below.get(manager, []))]
        return list(found.items())

    def settled(self, where: Filters) -> dict[str, tuple[str, ...]]:
        """Filters with people named as they are kept. Raises UnknownName where nobody is meant."""
        return {
            name: tuple(self._meant(name, value) for value in values) if name in PEOPLE else values
            for name, values in where.items()
        }

    def _meant(self, dimension: str, text: str) -> str:
        if not text or text in self.people or text in self._values(dimension):
            return text
        wanted = text.strip().casefold()
        exact = [
            person
            for person, each in self.people.items()
            if wanted in (person.casefold(), each.name.casefold())
        ]
        if len(exact) == 1:
            return exact[0]
        names = [each.name for each in self.people.values()]
        raise UnknownName(TITLES[dimension].lower(), text, exact or names)

    def _values(self, dimension: str) -> set[str]:
        return {getattr(each, dimension) for each in self.people.values()}
