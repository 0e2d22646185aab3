"""What the page Organisation shows, as an address: filters that narrow each other, a branch.

Whose figures it shows is decided where they are asked for.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from steelyard.errors import UnknownName
from steelyard.web import view as views
from steelyard.web.view import View

PATH = "/organisation"
FORMER = "/people"
TABS = ("department", "team", "role", "level", "office", "country", "tenure")
CASCADE = ("rollup", "manager", "department", "team", "person")  # each narrows those after it
DIMENSIONS = tuple(dict.fromkeys((*TABS, *CASCADE)))
LOWEST_FIRST = "adoption_rate"
BY_NAME = "name"
TABLES = ("groups", "organisation", "people")


@dataclass(frozen=True)
class PeopleView(View):
    """`node` is the roll-up manager whose branch is open, `order` how single people are sorted."""

    by: str = TABS[0]
    sort: str = LOWEST_FIRST
    node: str | None = None
    order: str = BY_NAME

    def parameters(self) -> list[tuple[str, str]]:
        usual = {("by", TABS[0]), ("sort", LOWEST_FIRST)}
        pairs = [pair for pair in super().parameters() if pair not in usual]
        pairs += [] if self.node is None else [("node", self.node)]
        return pairs + ([("order", self.order)] if self.order != BY_NAME else [])

    def narrowed(self, dimension: str, value: str | None) -> PeopleView:
        """Held to one value; what was chosen below it is forgotten."""
        below = CASCADE[CASCADE.index(dimension) + 1 :] if dimension in CASCADE else ()
        where = {name: chosen for name, chosen in self.where.items() if name not in below}
        if value is None:
            where.pop(dimension, None)
        else:
            where[dimension] = (value,)
        return replace(self, where=where, node=None, whole=False)


def read(params: QueryParams, today: dt.date) -> PeopleView:
    """The view an address asks for. Raises UsageError naming what cannot be read."""
    by = params.get("by", TABS[0])
    if by not in TABS:
        raise UnknownName("breakdown", by, TABS)
    kept = [pair for pair in params.multi_items() if pair[0] != "by"]
    found = views.read(QueryParams([*kept, ("by", by)]), today, DIMENSIONS)
    return PeopleView(
        found.period,
        by,
        found.compare,
        found.where,
        found.sort or LOWEST_FIRST,
        found.whole,
        node=params.get("node"),
        order=params.get("order") or BY_NAME,
    )
