"""Which plan a person's last full month would have fitted, and what that would have cost.

A month's price is only ever compared with a whole month of use. Allowances are published as rough
ranges and are shared with chat, which telemetry does not see: what cannot be known is said, and no
saving is claimed against a plan of today that is not known.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot import exp

from steelyard.errors import BadValue
from steelyard.metrics.dialects import render
from steelyard.metrics.period import next_bucket
from steelyard.metrics.plans import API, Plan, packaged_plans, valid
from steelyard.metrics.shape import between, column, literal
from steelyard.metrics.store import Store

ASSISTANT = "claude-code"
WINDOW = dt.timedelta(hours=5)
Fit = Literal["fits", "may not fit", "does not fit", "unknown"]

CAVEATS = (
    "Allowances are rough ranges of prompts in five hours: no vendor publishes them in tokens.",
    "The allowance is shared with chat and other products, which telemetry does not see.",
    "The weekly limit is not published as a number and is not looked at.",
    "Prompts of single sessions are known, not their minutes: the busiest window is a range.",
)
_NO_PLAN = "Telemetry names no plan."
_SEVERAL = "Telemetry names several plans in this month."
_AMBIGUOUS = "Telemetry says {plan!r}, which does not tell the plans of that name apart."
_STRANGE = "No price is known for the plan {plan!r}."
_UNPRICED = "Models without a list price were used: API billing cannot be compared."
_NOTHING_FITS = "No plan is known to fit."


@dataclass(frozen=True)
class Window:
    """Prompts in the busiest five hours: at least `least`, at most `most` (None: not known)."""

    least: int
    most: int | None


@dataclass(frozen=True)
class PlanFit:
    """One person's month. Money is in nano-dollars of one month; None is unknown.

    `today` is the plan telemetry named, '' when it named none. `saving_nanos` is today's price
    less the cheapest's; 0 where today's plan is the cheapest that is known to fit. `prices` are
    what each plan would have cost.
    """

    person: str
    month: dt.date
    window: Window
    list_nanos: int | None
    fits: Mapping[str, Fit]
    prices: Mapping[str, int | None]
    cheapest: str
    cheapest_nanos: int | None
    today: str
    today_nanos: int | None
    saving_nanos: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Totals:
    """Sums over people, with the numbers of those of whom it is not known."""

    people: int
    with_saving: int
    saving_nanos: int
    unknown_today: int
    unknown_cheapest: int
    cheapest: Mapping[str, int]


@dataclass(frozen=True)
class _Stretch:
    """One session's day."""

    first: dt.datetime
    last: dt.datetime
    prompts: int


def plan_fit(
    store: Store,
    month: dt.date,
    today: dt.date,
    people: Collection[str] = (),
    plans: Sequence[Plan] = (),
) -> tuple[PlanFit, ...]:
    """Each person with use of Claude Code in the month of `month`; all people when none are named.

    Raises BadValue for a month that is not over: a part of one cannot be set against its price.
    """
    start = month.replace(day=1)
    end = next_bucket(start, "month") - dt.timedelta(days=1)
    if end >= today:
        raise BadValue(
            f"{start:%B %Y} is not over: a plan is compared with a whole month.",
            "Ask for an earlier month.",
        )
    known = valid(plans or packaged_plans(), end)
    spent = _spent(store, start, end, people)
    sessions, named = _sessions(store, start, end, people)
    return tuple(
        _fit(person, start, sessions.get(person, ()), named[person], spent.get(person), known)
        for person in sorted(spent.keys() | sessions.keys())
    )


def totals(fits: Iterable[PlanFit]) -> Totals:
    """What the people's fits come to."""
    found = list(fits)
    savings = [fit.saving_nanos for fit in found if fit.saving_nanos]
    return Totals(
        len(found),
        len(savings),
        sum(savings),
        sum(fit.today_nanos is None for fit in found),
        sum(not fit.cheapest for fit in found),
        dict(Counter(fit.cheapest for fit in found if fit.cheapest)),
    )


def busiest(sessions: Sequence[_Stretch]) -> tuple[int, int]:
    """At least and at most how many prompts fell into any five hours.

    A session lies wholly within a window, or it only touches it: its prompts count for the most.
    """
    least = max(
        (
            sum(s.prompts for s in sessions if s.first >= t.first and s.last <= t.first + WINDOW)
            for t in sessions
        ),
        default=0,
    )
    most = max(
        (
            sum(s.prompts for s in sessions if s.first <= t.last + WINDOW and s.last >= t.last)
            for t in sessions
        ),
        default=0,
    )
    return least, most


def verdict(window: Window, plan: Plan) -> Fit:
    """Over the high figure for certain does not fit; possibly over the low one may not."""
    if plan.name == API:
        return "fits"
    if plan.prompts_low is None or plan.prompts_high is None:
        return "unknown"
    if window.least > plan.prompts_high:
        return "does not fit"
    if window.most is None:
        return "may not fit" if window.least > plan.prompts_low else "unknown"
    return "may not fit" if window.most > plan.prompts_low else "fits"


def _fit(
    person: str,
    month: dt.date,
    rows: Sequence[tuple[Any, ...]],
    named: set[str],
    spent: tuple[int | None, int] | None,
    plans: Sequence[Plan],
) -> PlanFit:
    window = _window(rows)
    nanos, unpriced = spent or (None, 0)
    whole = None if unpriced else nanos
    prices = {p.name: whole if p.name == API else p.month_nanos for p in plans}
    fits = {plan.name: verdict(window, plan) for plan in plans}
    open_to = [(prices[n] or 0, n) for n in fits if fits[n] == "fits" and prices[n] is not None]
    cost, cheapest = min(open_to, default=(None, ""))
    today, price, reason = _today(named, plans)
    reasons = (reason, _UNPRICED if unpriced else "", "" if cheapest else _NOTHING_FITS)
    saving = None if price is None or cost is None else max(price - cost, 0)
    told = tuple(reason for reason in reasons if reason)
    of_plans = (fits, prices, cheapest, cost)
    return PlanFit(person, month, window, whole, *of_plans, today, price, saving, told)


def _today(named: set[str], plans: Sequence[Plan]) -> tuple[str, int | None, str]:
    """Today's plan as telemetry names it, its price, and why that is unknown."""
    if len(named) != 1:
        return "", None, _SEVERAL if named else _NO_PLAN
    (plan,) = named
    found = [p for p in plans if p.reported_as == plan]
    if len({p.month_nanos for p in found}) == 1:
        return plan, found[0].month_nanos, ""
    return plan, None, (_AMBIGUOUS if found else _STRANGE).format(plan=plan)


def _window(rows: Sequence[tuple[Any, ...]]) -> Window:
    """Sessions whose prompts or times nothing tells leave the most unknown."""
    stretches = [_Stretch(first, last, int(n)) for first, last, n, _, _ in rows if n and first]
    silent = any(
        tokens and not prompts and not requests for _, _, prompts, requests, tokens in rows
    ) or any(prompts and not first for first, _, prompts, _, _ in rows)
    least, most = busiest(stretches)
    return Window(least, None if silent or not rows else most)


def _sessions(
    store: Store, start: dt.date, end: dt.date, people: Collection[str]
) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, set[str]]]:
    """Each person's sessions by day, and the plans they named."""
    names = ("person", "plan", "first_time", "last_time", "prompts", "requests", "tokens")
    query = exp.select(*(column(name) for name in names)).from_("session_days AS f")
    query = _scoped(query.where(column("worked")), start, end, people)
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    named: dict[str, set[str]] = defaultdict(set)
    for person, plan, *rest in store.query(render(query, store.dialect)):
        found[person].append(tuple(rest))
        named[person] |= {plan.lower()} - {""}
    return found, named


def _spent(
    store: Store, start: dt.date, end: dt.date, people: Collection[str]
) -> dict[str, tuple[int | None, int]]:
    """Each person's list price, and tokens that have none."""
    sums = (exp.Sum(this=column(name)) for name in ("list_nanos", "unpriced_tokens"))
    query = exp.select(column("person"), *sums).from_("usage_days AS f")
    query = _scoped(query, start, end, people).group_by(column("person"))
    rows = store.query(render(query, store.dialect))
    return {p: (None if nanos is None else int(nanos), int(n or 0)) for p, nanos, n in rows}


def _scoped(query: exp.Select, start: dt.date, end: dt.date, people: Collection[str]) -> exp.Select:
    query = query.where(between(column("day"), start, end))
    query = query.where(column("assistant").eq(literal(ASSISTANT)))
    query = query.where(column("person").neq(literal("")))
    if people:
        query = query.where(column("person").isin(*(literal(p) for p in sorted(people))))
    return query
