"""Who left, by the directories' last word and without any work since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from steelyard.people.told import script

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


def leavers(query: Query, day: dt.date) -> list[str]:
    """People who left before a day and of whom nothing was seen since, the first to leave first."""
    return [row[0] for row in query(script("leavers"), [day])]
