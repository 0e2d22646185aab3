"""Is it on the right price? What people used in the last full month, against monthly prices.

Always a whole calendar month, whatever the period: plans are paid by the month, and seven days set
against one would make everybody look cheap.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping

from steelyard.metrics.period import ONE_DAY, last_full_month
from steelyard.metrics.questions import intervals
from steelyard.metrics.questions.asking import Asking
from steelyard.metrics.questions.compare import Compared, mean_panel, too_few
from steelyard.metrics.questions.distribution import Spread, spread_panel
from steelyard.metrics.questions.panel import Panel
from steelyard.metrics.questions.plans import plans_panel
from steelyard.metrics.questions.wording import figure, within

METRICS = ("spend_usd",)
BY = "team"
TIERS = ("<$20", "$20–100", "$100–200", ">$200")
_NOTIONAL = "At list price: what a plan's use would have cost without the plan."


def answer(asking: Asking) -> tuple[str, list[Panel | None]]:
    """The sentence, and the panels."""
    start, end = last_full_month(min(asking.days[1], asking.now.date() - ONE_DAY))
    month = asking.over(start, end)
    if not month.carries("spend_usd", "person"):
        return "What people used in a month is not known.", []
    spent = {p.person: p.top for p in month.amounts("spend_usd") if p.person and p.top is not None}
    panels = [
        _tiers(month, spent),
        mean_panel(month, _per_team(start)),
        plans_panel(month, spent),
    ]
    return _sentence(month, spent, start), panels


def tier(usd: float) -> str:
    """The class of a month's spend; the upper limit belongs to the class below it."""
    limits = (20, 100, 200)
    return TIERS[sum(usd >= limits[0] if at == 0 else usd > n for at, n in enumerate(limits))]


def _tiers(month: Asking, spent: Mapping[str, float]) -> Panel:
    counts: dict[str, dict[str, float]] = defaultdict(dict)
    for person, usd in spent.items():
        counts[tier(usd)][person] = 1.0
    subtitle = f"Share of people by what they used in {_named(month.days[0])} · US dollars"
    notes: tuple[str, ...] = (_NOTIONAL, "People without any use in that month are not counted.")
    begun = min(month.first_days.values(), default=month.days[0])
    if begun > month.days[0]:
        notes += (f"Recorded from {begun} on: of that month only a part, so a floor.",)
    about = Spread("spend_tiers", "spend_usd", "tier", "people", TIERS, subtitle, "used", notes)
    return spread_panel(month, about, counts)


def _per_team(start: dt.date) -> Compared:
    what = f"spend per person in {_named(start)}"
    return Compared(
        *("spend_per_person_by_team", "spend_usd", "team", what),
        notes=(_NOTIONAL,),
        figure="spend_per_person_usd",
        total="spend",
    )


def _named(day: dt.date) -> str:
    return f"{day:%B %Y}"


def _sentence(month: Asking, spent: Mapping[str, float], start: dt.date) -> str:
    few = month.terms.min_people
    if not spent:
        return f"Nothing of a known price was used in {_named(start)}, the last full month."
    if month.filtered and len(spent) < few:
        return f"{too_few(few)}."
    average = within(intervals.mean(spent.values()), "USD")
    over = sum(usd > 200 for usd in spent.values())
    under = sum(usd < 20 for usd in spent.values())
    return (
        f"In {_named(start)} {len(spent):,} people used {average} each at list price: "
        f"under $20 {_share(under, spent, few)}, over $200 {_share(over, spent, few)}."
    )


def _share(count: int, spent: Mapping[str, float], few: int) -> str:
    if 0 < count < few:
        return f"fewer than {few} people"
    return figure(count / len(spent), "share") if count else "nobody"
