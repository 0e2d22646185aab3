"""The questions behind the Spend page, and which metrics a breakdown or a filter leaves standing.

A metric whose facts do not carry a dimension cannot be filtered by it: it is left out and named,
never shown unfiltered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.metrics import CATALOGUE, Answer, Question
from steelyard.metrics.sight import PERSONAL
from steelyard.web.answers import sums_by
from steelyard.web.services import Services
from steelyard.web.view import Filters, View

Names = tuple[str, ...]
Spend = dict[str, float | None]
Options = dict[str, Spend]
TILES: Names = (
    "spend_usd",
    "spend_reported_usd",
    "tokens",
    "cache_hit_share",
    "cache_savings_usd",
    "active_people",
    "cost_per_person",
    "sessions",
    "cost_per_session",
    "cost_per_commit",
)
SPARKED: Names = ("spend_usd", "spend_reported_usd", "tokens", "cache_hit_share", "active_people")
SPARKED += ("cost_per_person",)
COLUMNS: Names = ("spend_usd", "spend_reported_usd", "tokens", "cache_hit_share", "sessions")
COLUMNS += ("active_people",)
FILTERS: Names = ("team", "assistant", "model")
# Breakdowns offered as tabs, then behind "more": what the ledger's facts carry.
TABS: Names = ("model", "person", "team", "assistant", "repo")
MORE: Names = ("department", "role", "level", "manager", "rollup", "office", "country", "tenure")
MORE += ("segment", "plan", "provider", "query_source", "effort", "speed", "agent", "skill")
MORE += ("plugin", "mcp_server", "token_type", "app_version", "terminal")
MORE += ("session_size", "session_duration", "session", "day", "week", "month")
DIMENSIONS = CATALOGUE["spend_usd"].dimensions


@dataclass(frozen=True)
class Asked:
    """Every answer the page is made of. `options` are the values a filter offers."""

    totals: Answer
    series: Answer
    chart: Answer
    table: Answer
    tokens: Answer
    options: Options
    left_out: tuple[str, ...]
    tabs: Names = TABS
    more: Names = MORE

    def answers(self) -> dict[str, Answer]:
        """By name, as the page's .json gives them."""
        named = {"totals": self.totals, "series": self.series, "chart": self.chart}
        return named | {"table": self.table, "tokens": self.tokens}


def fitting(metrics: Iterable[str], dimensions: Iterable[str]) -> tuple[str, ...]:
    """Those of the metrics that carry all the dimensions."""
    wanted = set(dimensions)
    return tuple(name for name in metrics if wanted <= set(CATALOGUE[name].dimensions))


def shown_by(services: Services, view: View, names: Iterable[str]) -> Names:
    """Those of the dimensions by which this viewer may see figures under the page's filters; of
    single people where there are others to see than oneself."""
    sight = services.sight
    return tuple(
        name
        for name in names
        if (name not in PERSONAL or sight.names_people)
        and sight.allows_dimensions((name, *_others(view.where, name)))
    )


def _others(where: Filters, name: str) -> Iterable[str]:
    return (each for each in where if each != name)


def question(view: View, metrics: Iterable[str], by: tuple[str, ...] = (), **more: Any) -> Question:
    """A question of the page's period and filters; only what can be answered is asked."""
    return Question(
        metrics=fitting(metrics, (*by, *view.where)),
        start=view.period.start,
        end=view.period.end,
        by=by,
        where=dict(more.get("where", view.where)),
        compare="previous" if more.get("compare") else None,
    )


def ask_table(services: Services, view: View) -> Answer:
    """The breakdown alone: what the page's .csv and .parquet hold."""
    columns = [name for name in COLUMNS if (view.by, name) != ("person", "active_people")]
    return services.ask(question(view, columns, (view.by,), compare=view.compare))


def ask_spend(services: Services, view: View) -> Asked:
    """All the page's answers."""
    grain = view.period.grain()
    chart = services.ask(question(view, ("spend_usd",), (grain, "model")))
    table = ask_table(services, view)
    return Asked(
        totals=services.ask(question(view, TILES, compare=view.compare)),
        series=services.ask(question(view, SPARKED, (grain,))),
        chart=chart,
        table=table,
        tokens=services.ask(question(view, ("tokens", "spend_usd"), ("model", "token_type"))),
        options=ask_options(services, view, {"model": chart, view.by: table}),
        left_out=tuple(name for name in TILES if name not in fitting(TILES, view.where)),
        tabs=shown_by(services, view, TABS),
        more=shown_by(services, view, MORE),
    )


def ask_options(
    services: Services, view: View, known: Mapping[str, Answer], names: Names = FILTERS
) -> Options:
    """What each filter can be set to under the other filters, with the spend of each value.

    An answer that is `known` by the dimension serves as well, unless it is filtered by it.
    """
    found: Options = {}
    for name in shown_by(services, view, names):
        answer = known.get(name) if name not in view.where else None
        found[name] = spend_by(answer or services.ask(_options(view, name)), name)
    return found


def spend_by(answer: Answer, dimension: str) -> Spend:
    """Spend per value of one dimension of the answer; None where no price at all is known."""
    return sums_by(answer, "spend_usd", dimension)


def _options(view: View, dimension: str) -> Question:
    others = {name: values for name, values in view.where.items() if name != dimension}
    return question(view, ("spend_usd",), (dimension,), where=others)
