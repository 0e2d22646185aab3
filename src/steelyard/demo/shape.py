"""How large the demo company is and which days it covers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from steelyard.errors import BadValue

MOST_PEOPLE, MOST_WEEKS = 20_000, 104
SEED, PEOPLE, WEEKS = 7, 120, 26
WEEKS_OF_MANY, MANY = 6, 1_000
_PERSON_WEEKS = 12_000  # beyond, everybody does proportionally less, so that loading stays bounded
WEEK = dt.timedelta(weeks=1)
Dice = np.random.Generator


@dataclass(frozen=True)
class Shape:
    """`end` is the last day. The first is a Monday, `weeks` weeks before the Monday after `end`.

    Raises BadValue for sizes that cannot be made.
    """

    people: int
    weeks: int
    end: dt.date
    seed: int = SEED

    def __post_init__(self) -> None:
        for name, most, least in (("people", MOST_PEOPLE, 10), ("weeks", MOST_WEEKS, 4)):
            if not least <= getattr(self, name) <= most:
                raise BadValue(
                    f"A demo company of {getattr(self, name)} {name} cannot be made.",
                    f"--{name} from {least} to {most}.",
                )

    @classmethod
    def of(cls, end: dt.date, people: int = PEOPLE, weeks: int = 0, seed: int = SEED) -> Shape:
        """With the usual number of weeks where none is said: fewer for very many people."""
        return cls(people, weeks or (WEEKS_OF_MANY if people > MANY else WEEKS), end, seed)

    @cached_property
    def first(self) -> dt.date:
        monday = self.end - dt.timedelta(days=self.end.weekday())
        return monday - (self.weeks - 1) * WEEK

    @cached_property
    def days(self) -> tuple[dt.date, ...]:
        count = (self.end - self.first).days + 1
        return tuple(self.first + dt.timedelta(days=n) for n in range(count))

    @property
    def thin(self) -> float:
        """How much each person does, of the usual."""
        return min(1.0, _PERSON_WEEKS / (self.people * self.weeks))

    def week(self, share: float) -> dt.date:
        """The Monday at a share of the whole time."""
        return self.first + round(share * self.weeks) * WEEK

    def dice(self, *stream: int) -> Dice:
        """Random numbers of their own for each part, so that changing one leaves the others."""
        return np.random.default_rng([self.seed, *stream])
