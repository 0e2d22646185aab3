"""What the page Delivery shows, as an address; filters and breakdowns that work's facts carry."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from steelyard.errors import UnknownName
from steelyard.web import view as views
from steelyard.web.view import View

PATH = "/delivery"
TABS = ("team", "repo", "project", "department", "role", "tenure", "issue_type", "priority")
FILTERS = ("team", "repo", "project")
DIMENSIONS = (*TABS, "rollup", "manager", "assisted")
LARGEST_FIRST = "-prs_merged"
_DAYS_SHOWN = 21


@dataclass(frozen=True)
class DeliveryView(View):
    """The same as any page's, by team unless it says otherwise."""

    by: str = TABS[0]
    sort: str = LARGEST_FIRST

    @property
    def grain(self) -> str:
        """Weeks where days would be many: work has a rhythm of weeks."""
        grain = self.period.grain()
        return "week" if grain == "day" and self.period.days > _DAYS_SHOWN else grain

    def parameters(self) -> list[tuple[str, str]]:
        usual = {("by", TABS[0]), ("sort", LARGEST_FIRST)}
        return [pair for pair in super().parameters() if pair not in usual]


def read(params: QueryParams, today: dt.date) -> DeliveryView:
    """The view an address asks for. Raises UsageError naming what cannot be read."""
    by = params.get("by", TABS[0])
    if by not in TABS:
        raise UnknownName("breakdown", by, TABS)
    kept = [pair for pair in params.multi_items() if pair[0] != "by"]
    found = views.read(QueryParams([*kept, ("by", by)]), today, DIMENSIONS)
    sort = found.sort or LARGEST_FIRST
    return DeliveryView(found.period, by, found.compare, found.where, sort, found.whole)
