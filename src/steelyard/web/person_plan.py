"""Plan fit of one person: the last full month's use against monthly plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.errors import UsageError
from steelyard.metrics.catalogue.spend import NANOS_PER_USD
from steelyard.metrics.plan_fit import CAVEATS, PlanFit, Window
from steelyard.metrics.plans import API
from steelyard.web.files import Rows
from steelyard.web.formats import count, money
from steelyard.web.plan_settings import known
from steelyard.web.services import Services
from steelyard.web.table import Cell, Grid, Head, Row
from steelyard.web.view import View

NAME = "plan-fit"
TITLE = "Which plan would fit"
COLUMNS = ("month", "plan", "title", "usd", "fits", "cheapest", "today")


@dataclass(frozen=True)
class PlanPanel:
    """What the page prints: a finding with a table, or `why` there is none."""

    title: str = TITLE
    about: str = ""
    grid: Grid | None = None
    notes: tuple[str, ...] = ()
    why: str = ""


def panel(services: Services, view: View) -> PlanPanel:
    """Of the person the view is held to, whatever else it is filtered by."""
    try:
        fit = services.plan_fit(view.where["person"][0], view.period.end)
    except UsageError as error:  # who may be seen without a name may not be seen so
        return PlanPanel(why=f"{error.message} {error.hint}".strip())
    if fit is None:
        return PlanPanel(why="No use of Claude Code is recorded in the last full month.")
    titles = _titles(services)
    heads = (Head("Plan"), Head("What the month would have cost"), Head("Its use", left=True))
    grid = Grid("Plans", heads, tuple(_row(row) for row in _rows(fit, titles)))
    about = f"{fit.month:%B %Y}, a whole month, Claude Code · {_window(fit.window)}"
    return PlanPanel(_title(fit, titles), about, grid, (*fit.reasons, *CAVEATS))


def rows(services: Services, view: View) -> Rows:
    """The same as plain values."""
    fit = services.plan_fit(view.where["person"][0], view.period.end)
    return _rows(fit, _titles(services)) if fit else []


def _titles(services: Services) -> dict[str, str]:
    return {plan.name: plan.title for plan in known(services)}


def _rows(fit: PlanFit, titles: dict[str, str]) -> Rows:
    """A row a plan."""
    prices = fit.prices
    return [
        {
            "month": fit.month.isoformat(),
            "plan": name,
            "title": titles.get(name, name),
            "usd": None if prices[name] is None else (prices[name] or 0) / NANOS_PER_USD,
            "fits": fits,
            "cheapest": name == fit.cheapest,
            "today": fit.today,
        }
        for name, fits in fit.fits.items()
    ]


def _row(row: Mapping[str, Any]) -> Row:
    usd = row["usd"]
    cost = Cell("–", False) if usd is None else Cell(money(usd))
    verdict = f"{row['fits']}, and is the cheapest that does" if row["cheapest"] else row["fits"]
    return Row(row["title"], (cost, Cell(verdict, left=True)))


def _title(fit: PlanFit, titles: dict[str, str]) -> str:
    if not fit.cheapest or fit.cheapest_nanos is None:
        return "No plan is known to fit"
    cost = money(fit.cheapest_nanos / NANOS_PER_USD)
    name = "Billing by the token" if fit.cheapest == API else titles.get(fit.cheapest, fit.cheapest)
    said = f"{name} is the cheapest known to fit: {cost} in the month"
    if fit.saving_nanos:
        return f"{said}, {money(fit.saving_nanos / NANOS_PER_USD)} less than today's plan"
    return said if fit.saving_nanos is None else f"{said}; it is today's"


def _window(window: Window) -> str:
    """How many prompts fell into the busiest five hours."""
    if window.most is None:
        return f"at least {count(window.least)} prompts in the busiest five hours"
    if window.most == window.least:
        return f"{count(window.least)} prompts in the busiest five hours"
    return f"{count(window.least)} to {count(window.most)} prompts in the busiest five hours"
