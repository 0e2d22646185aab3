"""What a page shows, as one value that an address parses to and that prints back to an address.

Filters are written where.team=payments, once per value. Parameters of others (utm_…) are ignored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from steelyard.errors import BadValue, UnknownName
from steelyard.web import period as periods
from steelyard.web.period import Period

PREFIX = "where."
DEFAULT_BY = "model"
MOST_PAGES = 10_000
Filters = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class View:
    """A page's state. `sort` is a column, with a leading minus for the largest first; `page` is
    the one of a long list that shows a page at a time."""

    period: Period
    by: str = DEFAULT_BY
    compare: bool = True
    where: Filters = field(default_factory=dict)
    sort: str = ""
    whole: bool = False
    page: int = 1

    def parameters(self) -> list[tuple[str, str]]:
        """Only what differs from the defaults, in a fixed order."""
        pairs = list(self.period.parameters().items())
        pairs += [("by", self.by)] if self.by != DEFAULT_BY else []
        pairs += [] if self.compare else [("compare", "none")]
        for dimension in sorted(self.where):
            pairs += [(PREFIX + dimension, value) for value in self.where[dimension]]
        pairs += [("sort", self.sort)] if self.sort else []
        pairs += [("show", "all")] if self.whole else []
        return pairs + ([("page", str(self.page))] if self.page > 1 else [])

    def url(self, path: str) -> str:
        pairs = self.parameters()
        return f"{path}?{urlencode(pairs, quote_via=quote, safe=':')}" if pairs else path

    def with_filter(self, dimension: str, value: str | None) -> View:
        """The same view held to one value of the dimension; None takes the filter away."""
        rest = {name: values for name, values in self.where.items() if name != dimension}
        chosen = rest if value is None else rest | {dimension: (value,)}
        return replace(self, where=chosen, whole=False, page=1)

    def at(self, period: Period) -> View:
        return replace(self, period=period, page=1)

    def broken_down(self, by: str) -> View:
        return replace(self, by=by, sort="", whole=False, page=1)

    def sorted_by(self, column: str) -> View:
        """The largest first, and the other way round when that is shown already."""
        sort = column if self.sort == f"-{column}" else f"-{column}"
        return replace(self, sort=sort, page=1)


def read(params: QueryParams, today: dt.date, dimensions: tuple[str, ...]) -> View:
    """The view an address asks for. Raises UsageError naming what cannot be read."""
    get = params.get
    by = get("by", DEFAULT_BY)
    if by not in dimensions:
        raise UnknownName("dimension", by, dimensions)
    return View(
        period=periods.read(get("period", ""), get("from", ""), get("to", ""), today),
        by=by,
        compare=_compare(get("compare", "previous")),
        where=_filters(params, dimensions),
        sort=get("sort", ""),
        whole=get("show", "") == "all",
        page=_page(get("page", "1")),
    )


def _page(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) <= MOST_PAGES):
        raise BadValue(f"There is no page {text!r}.", f"Pages are 1 to {MOST_PAGES:,}.")
    return int(text)


def _compare(text: str) -> bool:
    if text not in ("previous", "none"):
        raise BadValue(f"Nothing can be compared with {text!r}.", "Use previous or none.")
    return text == "previous"


def _filters(params: QueryParams, dimensions: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in params.multi_items():
        if not name.startswith(PREFIX):
            continue
        dimension = name.removeprefix(PREFIX)
        if dimension not in dimensions:
            raise UnknownName("dimension", dimension, dimensions)
        found[dimension] = (*found.get(dimension, ()), value)
    return found
