"""What is kept of one person, as their own page shows it: plain facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from steelyard.people.listing import Time
from steelyard.state.looks import Look


@dataclass(frozen=True)
class KeptOf:
    """How many rows of a table name the person, and between which days where rows have one."""

    table: str
    meaning: str
    rows: int
    first: dt.date | None
    last: dt.date | None


@dataclass(frozen=True)
class OwnData:
    """`marks` are the addresses and accounts they are known by; `looks` the latest ones at them."""

    person: str
    name: str
    marks: tuple[str, ...]
    kept: tuple[KeptOf, ...]
    looks: Sequence[Look]
    history: Sequence[Time]
