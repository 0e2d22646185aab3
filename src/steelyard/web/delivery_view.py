"""What the page Delivery shows, as an address; never a single person.

Its course is drawn in whole weeks and reaches back a quarter, however short the period is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from steelyard.errors import BadValue, UnknownName
from steelyard.metrics.period import bucket_of, next_bucket
from steelyard.web import view as views
from steelyard.web.view import View

PATH = "/delivery"
TABS = ("team", "repo", "project", "department", "role")
MORE: tuple[str, ...] = (
    "rollup",
    "manager",
    "office",
    "country",
    "level",
    "tenure",
    "assistant",
    "assisted",
)
MORE += ("issue_type", "priority")
FILTERS = ("team", "repo", "project")
DIMENSIONS = (*TABS, *MORE)
LONGEST_IN_WEEKS = 600  # days; a longer period is drawn in months
SHORTEST = dt.timedelta(days=11 * 7)  # how far back the course reaches at least
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class DeliveryView(View):
    """The same as any page's, by team unless it says otherwise."""

    by: str = TABS[0]

    def parameters(self) -> list[tuple[str, str]]:
        return [pair for pair in super().parameters() if pair != ("by", TABS[0])]

    @property
    def grain(self) -> str:
        return "week" if self.period.days <= LONGEST_IN_WEEKS else "month"

    def course(self, today: dt.date) -> tuple[dt.date, dt.date]:
        """First and last day of the course: whole weeks or months, the last up to today."""
        first = min(self.period.start, self.period.end - SHORTEST)
        last = next_bucket(bucket_of(self.period.end, self.grain), self.grain) - _DAY
        return bucket_of(first, self.grain), max(self.period.end, min(last, today))


def read(params: QueryParams, today: dt.date) -> DeliveryView:
    """The view an address asks for. Raises UsageError naming what cannot be read."""
    by = params.get("by", TABS[0])
    if "person" in (by, *(name.removeprefix(views.PREFIX) for name in params)):
        raise BadValue(
            "Delivery is not shown by person.",
            "Choose a team, a repository or a project; the page Organisation says why.",
        )
    if by not in DIMENSIONS:
        raise UnknownName("breakdown", by, DIMENSIONS)
    kept = [pair for pair in params.multi_items() if pair[0] != "by"]
    found = views.read(QueryParams([*kept, ("by", by)]), today, ("model", *DIMENSIONS))
    return DeliveryView(found.period, by, found.compare, found.where, found.sort, found.whole)
