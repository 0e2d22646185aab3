"""The panel of plans: which monthly plan people's last full month would have fitted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from steelyard.metrics.catalogue.spend import NANOS_PER_USD
from steelyard.metrics.facts import PEOPLE_DIMENSIONS
from steelyard.metrics.plan_fit import ASSISTANT, CAVEATS, PlanFit, plan_fit, totals
from steelyard.metrics.plans import packaged_plans
from steelyard.metrics.questions.asking import Asking
from steelyard.metrics.questions.compare import few_people, too_few
from steelyard.metrics.questions.panel import TOTAL, Panel, PanelColumn, Row
from steelyard.metrics.questions.wording import figure

_NOTHING = "no plan is known to fit"


def plans_panel(month: Asking, people: Collection[str]) -> Panel | None:
    """People by the cheapest plan known to fit; None where filters are not about people.

    `people` are those that the filters leave; everything they did in the month is looked at.
    """
    filters = dict(month.terms.where)
    if filters.pop("assistant", (ASSISTANT,)) != (ASSISTANT,):
        return None
    if not set(filters) <= {"person", *PEOPLE_DIMENSIONS}:
        return None
    today = month.now.date()
    asked = people if month.filtered else ()
    fits = plan_fit(month.store, month.days[0], today, asked, month.terms.plans) if people else ()
    if month.filtered and len(fits) < month.terms.min_people:
        return _panel(month, too_few(month.terms.min_people), ())
    return _panel(month, _title(fits, month.terms.min_people), fits)


def _panel(month: Asking, title: str, fits: Sequence[PlanFit]) -> Panel:
    groups: dict[str, list[PlanFit]] = defaultdict(list)
    for fit in fits:
        groups[fit.cheapest].append(fit)
    titles = {plan.name: plan.title for plan in packaged_plans()}
    few = month.terms.min_people
    rows = [_row(titles.get(n, n) or _NOTHING, groups[n], few) for n in sorted(groups, key=_last)]
    reasons: dict[str, int] = defaultdict(int)
    for fit in fits:
        for reason in fit.reasons:
            reasons[reason] += 1
    told = (f"{reason} {_people(n, few)}." for reason, n in sorted(reasons.items()))
    return Panel(
        "plan_fit",
        title,
        f"Cheapest plan known to fit the use of {month.days[0]:%B %Y} · Claude Code",
        (
            PanelColumn("plan", "cheapest plan known to fit", "group"),
            PanelColumn("people_on_it", "people", "value"),
            PanelColumn("cost_usd", "what it costs a month", "count", "USD"),
            PanelColumn("today_usd", "today, where known", "count", "USD"),
            PanelColumn("saving_usd", "saving, where known", "count", "USD"),
            PanelColumn("note", "", "note"),
        ),
        tuple(rows),
        len(fits) or None,
        _total(fits, any(len(group) < few for group in groups.values())) if fits else None,
        notes=(*told, *CAVEATS),
        hidden=title == too_few(few),
    )


def _last(name: str) -> tuple[bool, str]:
    return (not name, name)


def _people(count: int, few: int) -> str:
    return f"{few_people(few) if count < few else f'{count:,} people'}".capitalize()


def _row(label: str, fits: Sequence[PlanFit], few: int) -> Row:
    if len(fits) < few:
        return (label, None, None, None, None, few_people(few))
    costs = _usd([fit.cheapest_nanos for fit in fits])
    today = _usd([fit.today_nanos for fit in fits])
    return (label, len(fits), costs, today, _usd([fit.saving_nanos for fit in fits]), "")


def _total(fits: Sequence[PlanFit], has_hidden: bool) -> Row:
    """Everybody; without sums where they would tell those of a group that is not shown."""
    row = _row(TOTAL, fits, 0)
    return (TOTAL, len(fits), None, None, None, "") if has_hidden else row


def _usd(nanos: Sequence[int | None]) -> float | None:
    known = [each for each in nanos if each is not None]
    return sum(known) / NANOS_PER_USD if known else None


def _title(fits: Sequence[PlanFit], few: int) -> str:
    if not fits:
        return "Nobody's use tells which plan would fit"
    found = totals(fits)
    known = len(fits) - found.unknown_today
    if not known:
        return f"No saving can be claimed: today's plan is known of none of {len(fits):,} people"
    saving = figure(found.saving_nanos / NANOS_PER_USD, "USD")
    who = f"{known:,} people" if known >= few else few_people(few)
    return f"{saving} a month could be saved by {who} whose plan of today is known"
