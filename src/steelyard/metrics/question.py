"""A question as plain frozen data: pages, commands and digests all parse to the same value.

A Question that exists can be asked: names, dimensions and dates are checked when it is made,
before any SQL. It prints back to the URL query it came from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote

from steelyard.errors import BadValue, UnknownName, UsageError
from steelyard.metrics.catalogue import metric
from steelyard.metrics.facts import DIMENSIONS, TIME_DIMENSIONS
from steelyard.metrics.metric import Metric
from steelyard.metrics.period import parse_day, parse_period, previous

Where = Mapping[str, tuple[str, ...]]
_KEYS = ("metrics", "by", "from", "to", "period", "compare")


@dataclass(frozen=True)
class Question:
    """Which metrics, over which UTC days (both included), broken down and narrowed how.

    `start` or `end` None means from the first, or to the last, recorded day. `where` maps a
    dimension to accepted values: any of them, in all dimensions; "" stands for "not said".
    `compare` is None or "previous".
    """

    metrics: tuple[str, ...]
    start: dt.date | None = None
    end: dt.date | None = None
    by: tuple[str, ...] = ()
    where: Where = field(default_factory=dict)
    compare: str | None = None

    def __post_init__(self) -> None:
        """Bring every part into its one form, then check it."""
        set_ = object.__setattr__
        set_(self, "metrics", _names(self.metrics))
        set_(self, "by", _names(self.by))
        set_(self, "where", MappingProxyType({d: _values(v) for d, v in self.where.items()}))
        set_(self, "compare", self.compare or None)
        _check(self)

    def __hash__(self) -> int:
        where = tuple(sorted(self.where.items()))
        return hash((self.metrics, self.start, self.end, self.by, where, self.compare))

    def __reduce__(self) -> tuple[type[Question], tuple[Any, ...]]:
        """Questions travel between a command and the server that holds its data folder."""
        where = dict(self.where)
        return Question, (self.metrics, self.start, self.end, self.by, where, self.compare)

    @property
    def declared(self) -> tuple[Metric, ...]:
        """The definitions of the metrics asked for."""
        return tuple(map(metric, self.metrics))

    def within(self, start: dt.date, end: dt.date) -> Question:
        """The same question over given days."""
        return replace(self, start=start, end=end)

    def earlier(self) -> Question:
        """The same question one period before; both days must be known."""
        if self.start is None or self.end is None:
            raise BadValue("A comparison needs a first and a last day.", "Give --from and --to.")
        try:
            start, end = previous(self.start, self.end)
        except OverflowError:
            raise BadValue(
                f"There is no period as long as this one before {self.start}.",
                "Choose a shorter period, or ask without a comparison.",
            ) from None
        return replace(self.within(start, end), compare=None)

    def to_json(self) -> dict[str, Any]:
        """The question as the answer prints it; `compare` only when set."""
        said = {
            "metrics": list(self.metrics),
            "by": list(self.by),
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
            "where": {name: list(values) for name, values in self.where.items()},
        }
        return said | ({"compare": self.compare} if self.compare else {})

    def to_query(self) -> str:
        """The URL query; `parse_query` reads it back to an equal Question."""
        pairs = [("metrics", ",".join(self.metrics))]
        pairs += [("by", ",".join(self.by))] if self.by else []
        pairs += [("from", self.start.isoformat())] if self.start else []
        pairs += [("to", self.end.isoformat())] if self.end else []
        pairs += [(f"where.{name}", v) for name, values in self.where.items() for v in values]
        pairs += [("compare", self.compare)] if self.compare else []
        return "&".join(f"{key}={quote(value, safe=',')}" for key, value in pairs)


def parse_query(query: str, today: dt.date) -> Question:
    """Read a URL query such as `metrics=spend_usd&by=team&period=4w&where.team=payments`."""
    return parse_pairs(parse_qsl(query.removeprefix("?"), keep_blank_values=True), today)


def parse_pairs(pairs: Iterable[tuple[str, str]], today: dt.date) -> Question:
    """The same from decoded (key, value) pairs; unknown keys are refused with the nearest."""
    said: dict[str, str] = {}
    where: list[tuple[str, str]] = []
    for key, value in pairs:
        if key.startswith("where."):
            where.append((key.removeprefix("where."), value))
        elif key in _KEYS:
            said[key] = value
        else:
            raise UnknownName("parameter", key, _KEYS, "Filters are written where.team=payments.")
    return _question(said, where, today)


def parse_arguments(
    metrics: str,
    today: dt.date,
    *,
    by: str = "",
    start: str = "",
    end: str = "",
    period: str = "",
    where: Sequence[str] = (),
    compare: str = "",
) -> Question:
    """Read a command's arguments: comma-separated names, dates or a period, `DIM=VALUE` filters."""
    said = {"metrics": metrics, "by": by, "from": start, "to": end, "period": period}
    return _question(said | {"compare": compare}, [_filter(text) for text in where], today)


def _filter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadValue(f"{text!r} is not a filter.", "Write --where team=payments.")
    return name.strip(), value


def _question(
    said: Mapping[str, str], where: Iterable[tuple[str, str]], today: dt.date
) -> Question:
    start = parse_day(said["from"]) if said.get("from") else None
    end = parse_day(said["to"]) if said.get("to") else None
    if said.get("period"):
        if start or end:
            raise BadValue("A period and dates were both given.", "Give one of the two.")
        start, end = parse_period(said["period"], today)
    filters: dict[str, tuple[str, ...]] = {}
    for name, value in where:
        filters[name] = (*filters.get(name, ()), value)
    metrics, by = _split(said.get("metrics", "")), _split(said.get("by", ""))
    return Question(metrics, start, end, by, filters, said.get("compare") or None)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _names(names: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([names] if isinstance(names, str) else names))


def _values(values: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(_names(values))))


def _check(question: Question) -> None:
    if not question.metrics:
        raise UsageError("No metric was asked for.", "`steelyard metrics` lists them all.")
    declared = question.declared
    for name in (*question.by, *question.where):
        if name not in DIMENSIONS:
            raise UnknownName("dimension", name, DIMENSIONS)
    for asked in declared:
        _check_dimensions(asked, question)
    _check_values(question)
    if question.start and question.end and question.start > question.end:
        raise BadValue(
            f"The first day, {question.start}, is after the last day, {question.end}.",
            "Both days are included; swap them.",
        )
    if question.compare not in (None, "previous"):
        raise BadValue(f"Cannot compare with {question.compare!r}.", "Write compare=previous.")


def _check_dimensions(asked: Metric, question: Question) -> None:
    for name in (*question.by, *question.where):
        if name not in asked.dimensions:
            raise UsageError(
                f"{asked.name} cannot be broken down or filtered by {name}.",
                f"It has {', '.join(asked.dimensions)}.",
            )
    for name in asked.needs:
        if name not in question.by and len(question.where.get(name, ())) != 1:
            raise UsageError(
                f"{asked.name} does not add up across {name}.",
                f"Break it down with by {name}, or hold {name} to one value with where.",
            )


def _check_values(question: Question) -> None:
    for name, values in question.where.items():
        if not values:
            raise BadValue(f"The filter on {name} has no value.", f"Write {name}=VALUE.")
        if any("\0" in value for value in values):
            raise BadValue(f"The filter on {name} holds a NUL character.", "Remove it.")
        if name in TIME_DIMENSIONS:
            raise UsageError(f"Answers are not filtered by {name}.", "Give --from and --to.")
