"""Goes through the days on which anything changes, and writes down how everybody is shown."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from steelyard.people.merge import Codes, Place, merge_traits, places
from steelyard.people.shown import MERGED, SMALL, STRANGER
from steelyard.people.spans import NEVER
from steelyard.people.stretches import COLUMNS, FOREVER, ONE_DAY, Stretches

_WEEK = dt.timedelta(days=7)
_TEXTS = ("person", "email", "name", "manager", *COLUMNS)
_DATES = ("start_date", "end_date", "valid_from", "valid_to")
_TYPES: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in _TEXTS]
_TYPES += [(name, pa.date32()) for name in _DATES]
_PEOPLE = pa.schema(_TYPES)
_WEEKLY: list[tuple[str, pa.DataType]] = [("person", pa.string()), ("week", pa.date32())]
_SEGMENTS = pa.schema([*_WEEKLY, ("segment", pa.string())])
_HIDDEN: list[tuple[str, pa.DataType]] = [("dimension", pa.string()), ("value", pa.string())]
_HIDDEN += [("valid_from", pa.date32()), ("valid_to", pa.date32())]
_MERGED = pa.schema(_HIDDEN)
_SMALL = 0  # the code of SMALL in every trait


class Names:
    """Values as small numbers, from 1 on; 0 is what is shown together."""

    def __init__(self) -> None:
        self.values: list[Any] = [SMALL]
        self._codes: dict[Any, int] = {SMALL: _SMALL}

    def code(self, value: Any) -> int:
        found = self._codes.get(value)
        if found is None:
            found = self._codes[value] = len(self.values)
            self.values.append(value)
        return found

    def find(self, value: Any) -> int:
        """Its number, or that of nobody."""
        return self._codes.get(value, _SMALL)


class Hidden:
    """Since when which values are not shown alone, and the times that are over."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], dt.date] = {}
        self._over: list[dict[str, Any]] = []

    def on(self, day: dt.date, values: set[tuple[str, str]]) -> None:
        """These (dimension, value), and no others, from this day on."""
        for key in self._since.keys() - values:
            last = day if day == FOREVER else day - ONE_DAY
            row = (*key, self._since.pop(key), last)
            self._over.append(dict(zip(_MERGED.names, row, strict=True)))
        for key in values - self._since.keys():
            self._since[key] = day

    def table(self) -> pa.Table:
        """The rows of `merged_days`."""
        return pa.Table.from_pylist(self._over, _MERGED)


def shown_days(stretches: Stretches, smallest: int) -> dict[str, pa.Table]:
    """The tables `people_shown` and `segments_shown`; empty where no directory knows anybody."""
    if not stretches.known:
        empty = {"people_shown": _PEOPLE, "segments_shown": _SEGMENTS, "merged_days": _MERGED}
        return {name: schema.empty_table() for name, schema in empty.items()}
    days = _Days(stretches, smallest)
    days.run()
    return {
        "people_shown": days.people(),
        "segments_shown": days.segments(),
        "merged_days": days.hidden.table(),
    }


class _Days:
    """Everybody's stretches as arrays, each person's of the day, and what comes out."""

    def __init__(self, stretches: Stretches, smallest: int) -> None:
        self.all, self.smallest = stretches, smallest
        self.persons, self.where, self.shown_where = Names(), Names(), Names()
        self.ways, self.spells = Names(), Names()
        self.traits = [Names() for _ in stretches.traits]
        depth, rows = len(stretches.places), stretches.rows
        self.who = _array(self.persons.code(row.person) for row in rows)
        self.place = _array(self.where.code(row.values[:depth]) for row in rows)
        self.trait = [
            _array(names.code(row.values[depth + at]) for row in rows)
            for at, names in enumerate(self.traits)
        ]
        self.dated = _array(self.spells.code((row.employed, row.started)) for row in rows)
        self.undated = _array(self.spells.code((row.employed, None)) for row in rows)
        size = len(self.persons.values)
        self.now = np.full(size, -1, np.int64)
        self.last = np.full((size, len(self.traits) + 2), -1, np.int64)
        self.open: dict[int, tuple[dt.date, list[int]]] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.weeks = {monday: self._week(known) for monday, known in stretches.segments.items()}
        self.merged: dict[dt.date, set[int]] = defaultdict(set)
        self.present: dict[dt.date, Codes] = {}
        self.hidden = Hidden()

    def run(self) -> None:
        begins: dict[dt.date, list[int]] = defaultdict(list)
        ends: dict[dt.date, list[int]] = defaultdict(list)
        for at, row in enumerate(self.all.rows):
            begins[row.begin].append(at)
            if row.end < FOREVER:
                ends[row.end + ONE_DAY].append(at)
        mondays = {monday + n * _WEEK for monday in self.weeks for n in (0, 1)}
        for day in sorted(begins.keys() | ends.keys() | mondays):
            for at in ends.get(day, ()):
                if self.now[self.who[at]] == at:
                    self.now[self.who[at]] = -1
            self.now[self.who[begins.get(day, [])]] = begins.get(day, [])
            self._day(day)
        self._change(FOREVER, np.full_like(self.last, -1))
        self.hidden.on(FOREVER, set())

    def _day(self, day: dt.date) -> None:
        """What holds from this day on, until the next."""
        present = np.flatnonzero(self.now >= 0)
        current = np.full_like(self.last, -1)
        hidden: set[tuple[str, str]] = set()
        if len(present):
            at = self.now[present]
            groups = self._groups(self.place[at])
            traits = [codes[at] for codes in self.trait]
            monday = day - dt.timedelta(days=day.weekday())
            ways = [self.weeks[monday][present]] if monday in self.weeks else []
            found = merge_traits(groups, [*traits, *ways], self.smallest)
            hidden = self._small_places(self.place[at]) | self._small_values(traits, ways, found)
            current[present, 0] = groups
            for column, (codes, merged) in enumerate(zip(traits, found, strict=False), 1):
                current[present, column] = np.where(np.isin(codes, list(merged)), _SMALL, codes)
            is_dated = current[present, -2] != _SMALL
            current[present, -1] = np.where(is_dated, self.dated[at], self.undated[at])
            if ways:
                self.merged[monday] |= found[-1]
                self.present[monday] = np.union1d(self.present.get(monday, present), present)
        self._change(day, current)
        self.hidden.on(day, hidden)

    def _small_places(self, codes: Codes) -> set[tuple[str, str]]:
        """The places with people that are not shown alone."""
        found = set()
        for name, shown in self._shown(codes).items():
            for dimension, value, said in zip(self.all.places, name, shown, strict=True):
                if said == SMALL:
                    found.add((dimension, value))
        return found

    def _small_values(
        self, traits: list[Codes], ways: list[Codes], merged: list[set[int]]
    ) -> set[tuple[str, str]]:
        """The same of traits and ways of working."""
        names = [*zip(self.all.traits, self.traits, strict=True), ("segment", self.ways)]
        return {
            (dimension, str(known.values[code]))
            for (dimension, known), codes, few in zip(names, [*traits, *ways], merged, strict=False)
            for code in few & set(map(int, np.unique(codes)))
        }

    def _change(self, day: dt.date, current: Codes) -> None:
        """Ends the rows of those who are shown otherwise from this day on, and begins others."""
        for person in map(int, np.flatnonzero((current != self.last).any(axis=1))):
            if person in self.open:
                begin, codes = self.open.pop(person)
                self.rows.append((person, begin, day if day == FOREVER else day - ONE_DAY, codes))
            if current[person, 0] >= 0:
                self.open[person] = day, current[person].tolist()
        self.last = current

    def _groups(self, codes: Codes) -> Codes:
        """How each place is shown."""
        found = np.unique(codes)
        shown = self._shown(codes)
        return _array(self.shown_where.code(shown[self.where.values[code]]) for code in found)[
            np.searchsorted(found, codes)
        ]

    def _shown(self, codes: Codes) -> dict[Place, Place]:
        found, counts = np.unique(codes, return_counts=True)
        names = [self.where.values[code] for code in found]
        return places(dict(zip(names, map(int, counts), strict=True)), self.smallest)

    def _week(self, known: Mapping[str, str]) -> Codes:
        """Everybody's way of working in a week; those without any share one, which is not said."""
        codes = np.full(len(self.persons.values), self.ways.code(""), np.int64)
        for person, way in known.items():
            codes[self.persons.find(person)] = self.ways.code(way)
        return codes

    def people(self) -> pa.Table:
        """The rows of `people_shown`."""
        return pa.Table.from_pylist([self._person(*row) for row in self.rows], _PEOPLE)

    def _person(
        self, person: int, begin: dt.date, end: dt.date, codes: list[int]
    ) -> dict[str, Any]:
        name = self.persons.values[person]
        employed, started = self.spells.values[codes[-1]]
        place = zip(self.all.places, self.shown_where.values[codes[0]], strict=True)
        traits = zip(self.all.traits, self.traits, codes[1:-1], strict=True)
        said = dict.fromkeys(_TEXTS, "") | {"person": name} | dict(place)
        said |= {trait: names.values[code] for trait, names, code in traits}
        tenure = said.pop("tenure")
        ended = None if employed else NEVER if name in self.all.known else STRANGER
        start = MERGED if tenure == SMALL else started
        return said | dict(zip(_DATES, (start, ended, begin, end), strict=True))

    def segments(self) -> pa.Table:
        """The rows of `segments_shown`: a value merged on one day of a week is so on all."""
        found: list[dict[str, Any]] = []
        for monday, present in self.present.items():
            codes, merged = self.weeks[monday][present], self.merged[monday]
            for person, code in zip(present.tolist(), codes.tolist(), strict=True):
                way = SMALL if code in merged else self.ways.values[code]
                if way:
                    name = self.persons.values[person]
                    found.append({"person": name, "week": monday, "segment": way})
        return pa.Table.from_pylist(found, _SEGMENTS)


def _array(codes: Iterable[int]) -> Codes:
    return np.fromiter(codes, np.int64)
