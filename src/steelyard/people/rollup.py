"""The roll-up manager: the person on the way up whose manager is a chief officer.

Walked on the chain that was valid then, so that a row splits where anybody above changed manager
or title. A chain that is broken, too long, or runs in a circle has no roll-up manager: ''.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from steelyard.people.history import Row, merged
from steelyard.people.options import Options
from steelyard.people.spans import ONE_DAY

Stretch = tuple[dt.date, dt.date, str]  # first day, last day, roll-up manager


@dataclass(frozen=True, slots=True)
class _Step:
    """Somebody's manager for a while, and whether they themselves are a chief officer."""

    start: dt.date
    end: dt.date
    manager: str
    is_chief: bool


def roll_up(lives: Mapping[str, Sequence[Row]], options: Options) -> list[Row]:
    """All rows, with the roll-up manager where the organisation does not name one itself."""
    chief = re.compile(options.rollup_pattern, re.IGNORECASE)
    tree = _Tree({person: list(_steps(rows, chief)) for person, rows in lives.items()})
    found: list[Row] = []
    for rows in lives.values():
        found += merged(list(_filled(rows, tree, options.rollup_depth)))
    return found


def _steps(rows: Sequence[Row], chief: re.Pattern[str]) -> Iterator[_Step]:
    """The life of a person without what does not concern the chain."""
    step: _Step | None = None
    for row in rows:
        is_chief = bool(chief.search(row.role))
        follows = step and step.end + ONE_DAY == row.valid_from
        if step and follows and (step.manager, step.is_chief) == (row.manager, is_chief):
            step = replace(step, end=row.valid_to)
            continue
        if step:
            yield step
        step = _Step(row.valid_from, row.valid_to, row.manager, is_chief)
    if step:
        yield step


def _filled(rows: Sequence[Row], tree: _Tree, depth: int) -> Iterator[Row]:
    for row in rows:
        if row.rollup or not row.manager:
            yield row
            continue
        for start, end, rollup in tree.walk(row.person, row.valid_from, row.valid_to, depth):
            yield replace(row, valid_from=start, valid_to=end, rollup=rollup)


class _Tree:
    """Who reported to whom, when."""

    def __init__(self, steps: Mapping[str, list[_Step]]) -> None:
        self.steps = steps
        self._starts = {person: [step.start for step in found] for person, found in steps.items()}

    def walk(self, person: str, start: dt.date, end: dt.date, depth: int) -> Iterator[Stretch]:
        """The roll-up manager of somebody over a time, in stretches without gaps."""
        for low, high, step in self._on(person, start, end):
            if step is None or not step.manager or depth <= 0:
                yield low, high, ""
                continue
            for first, last, above in self._on(step.manager, low, high):
                if above is None:
                    yield first, last, ""
                elif above.is_chief:
                    yield first, last, person
                else:
                    yield from self.walk(step.manager, first, last, depth - 1)

    def _on(
        self, person: str, start: dt.date, end: dt.date
    ) -> Iterator[tuple[dt.date, dt.date, _Step | None]]:
        """The person's steps between two days; None where nothing is known of them."""
        starts = self._starts.get(person, [])
        low = start
        for step in self.steps.get(person, [])[max(bisect_right(starts, start) - 1, 0) :]:
            if step.start > end:
                break
            if step.end < low:
                continue
            if low < step.start:
                yield low, step.start - ONE_DAY, None
            high = min(end, step.end)
            yield max(low, step.start), high, step
            if high == end:
                return
            low = high + ONE_DAY
        yield low, end, None
