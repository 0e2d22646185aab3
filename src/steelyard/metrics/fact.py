"""What a fact is: a table, or a part of one, with its dimensions and numbers. No SQL here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TIME_DIMENSIONS = ("day", "week", "month")  # weeks begin on Monday
PEOPLE_COLUMNS = ("team", "department", "role", "level", "manager", "rollup", "office", "country")
PEOPLE_DIMENSIONS = (*PEOPLE_COLUMNS, "tenure")
SESSION_DIMENSIONS = ("session_size", "session_duration")


@dataclass(frozen=True)
class Fact:
    """`dimensions` maps a dimension to its column; `nullable` columns may say "unknown".

    `only` keeps the part of the table this fact is about. `fallback` names a fact that holds the
    same work in finer rows, used when this one lacks a dimension.
    """

    table: str
    dimensions: Mapping[str, str]
    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    nullable: frozenset[str] = field(default_factory=frozenset)
    only: tuple[tuple[str, str | bool], ...] = ()
    fallback: str = ""

    @property
    def columns(self) -> frozenset[str]:
        """Every column a measure over this fact may name."""
        return frozenset({"day", *self.dimensions.values(), *self.numbers, *self.flags})

    def carries(self, dimension: str) -> bool:
        """Whether rows of this fact can be told apart by the dimension, directly or by a join."""
        if dimension in TIME_DIMENSIONS or dimension in self.dimensions:
            return True
        if dimension in SESSION_DIMENSIONS:
            return "session" in self.dimensions
        return dimension in (*PEOPLE_DIMENSIONS, "segment") and "person" in self.dimensions


def same(*names: str) -> dict[str, str]:
    return {name: name for name in names}
